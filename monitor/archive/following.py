"""What was judged since one looked last, for those who follow an archive while the service writes it. Reads only."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from monitor.archive import search as searching
from monitor.archive.values import read_surely, written
from monitor.items import Filed
from monitor.query import Node

_CHUNK = 400


@dataclass(frozen=True, slots=True)
class Heard:
    """An item and when it was judged first."""

    at: datetime
    filed: Filed


class Following:
    """Remembers which items wait for their judgement, and so finds each that was judged exactly once.

    It goes by what waited and what arrived, never by a time of judgement: those have whole seconds, are taken before they are written,
    and go back when a clock is set. The memory holds one number for every item that waits.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._version: int | None = None  # of the file when it was last read; None: never
        self._arrived = 0  # items.n of the last that had arrived
        self._waiting: set[int] = set()  # items.n of those that had arrived and were never judged

    def begin(self, tree: Node, now: datetime, *, since: datetime | None, limit: int | None) -> list[Heard]:
        """Follow from now on.

        Args:
            tree: only items that match are told; And(()) for all.
            since: those judged before it are left out; None: none is.
            limit: at most so many, the last; None for all.

        Returns those judged so far, in order of judgement.
        """
        where, values = searching.condition(tree, now)
        with _snapshot(self._connection):
            self._note(*self._read())
            rows = self._connection.execute(
                f"""
                select items.* from items where items.filed_at is not null and items.filed_at >= ? and ({where})
                order by items.filed_at desc, items.n desc limit ?
                """,
                ["" if since is None else written(since), *values, -1 if limit is None else limit],
            ).fetchall()
            return [self._heard(row) for row in reversed(rows)]

    def look(self, tree: Node, now: datetime) -> list[Heard]:
        """What was judged for the first time since the last look and matches, in order of arrival; [] if nothing was written."""
        version = self._connection.execute("pragma data_version").fetchone()[0]
        if version == self._version:
            return []
        with _snapshot(self._connection):
            arrived, waiting, _ = found = self._read()
            judged = (self._waiting | set(range(self._arrived + 1, arrived + 1))) - waiting
            rows = self._matching(sorted(judged), tree, now)
            heard = [self._heard(row) for row in rows]
            self._note(*found)  # last: whoever is interrupted before looks again
        return heard

    def _read(self) -> tuple[int, set[int], int]:
        """Number of the last item, numbers of those never judged, version of the file; all of one moment."""
        ask = self._connection.execute
        arrived = ask("select coalesce(max(n), 0) from items").fetchone()[0]
        waiting = {row["n"] for row in ask("select n from items where judged_at is null and filed_at is null")}
        return arrived, waiting, ask("pragma data_version").fetchone()[0]

    def _note(self, arrived: int, waiting: set[int], version: int) -> None:
        # what was judged and waits again, because it was judged without a classifier, was told
        self._waiting = {n for n in waiting if n > self._arrived or n in self._waiting}
        self._arrived, self._version = arrived, version

    def _matching(self, numbers: list[int], tree: Node, now: datetime) -> list[sqlite3.Row]:
        where, values = searching.condition(tree, now)
        found: list[sqlite3.Row] = []
        for start in range(0, len(numbers), _CHUNK):
            found += self._connection.execute(
                f"""
                select items.* from items where items.n in (select value from json_each(?)) and items.filed_at is not null and ({where})
                order by items.n
                """,
                [json.dumps(numbers[start : start + _CHUNK]), *values],
            )
        return found

    def _heard(self, row: sqlite3.Row) -> Heard:
        return Heard(read_surely(row["filed_at"]), searching.filed(self._connection, row))


@contextlib.contextmanager
def _snapshot(connection: sqlite3.Connection) -> Iterator[None]:
    """All that is read in the block is of one moment."""
    connection.execute("begin")
    try:
        yield
    finally:
        connection.execute("rollback")
