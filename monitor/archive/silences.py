"""What is not told for a time, by whose word and until when."""

from __future__ import annotations

import sqlite3
from datetime import datetime

from monitor.archive.connection import transaction
from monitor.archive.search import condition
from monitor.archive.values import read_surely, written
from monitor.errors import UsageError
from monitor.messages import Silence
from monitor.query import Node, parse


class SilenceTables:
    """The silences' side of the archive."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def put(
        self, query: str, *, until: datetime, now: datetime, who: str, via: str, channel: str | None = None, reason: str = ""
    ) -> Silence:
        """Begin a silence; orders that wait to tell what it finds are dropped, and their alerts suppressed.

        Raises:
            QueryError: the query cannot be read.
        """
        tree = parse(query)
        with transaction(self._connection):
            row = self._connection.execute(
                "insert into silences (query, channel, begins_at, ends_at, who, via, reason) values (?, ?, ?, ?, ?, ?, ?) returning *",
                [query, channel, written(now), written(until), who, via, reason],
            ).fetchone()
            silence = _silence(row)
            self._drop(silence, tree, now)
        return silence

    def dropped(self, silence: int) -> int:
        """How many orders a silence dropped that waited when it was made."""
        query = "select count(*) from outbox where state = 'dropped' and last_error = ?"
        return int(self._connection.execute(query, [f"silence {silence}"]).fetchone()[0])

    def active(self, now: datetime) -> list[Silence]:
        """Silences that hold at a moment, the oldest first."""
        rows = self._connection.execute(
            "select * from silences where begins_at <= ? and ends_at > ? order by id", [written(now), written(now)]
        )
        return [_silence(row) for row in rows]

    def all(self, limit: int = 100) -> list[Silence]:
        """Silences, ended ones too, the latest first."""
        rows = self._connection.execute("select * from silences order by id desc limit ?", [limit])
        return [_silence(row) for row in rows]

    def end(self, silence: int, now: datetime) -> Silence:
        """End a silence now.

        Raises:
            UsageError: there is none of this number, or it has ended.
        """
        with transaction(self._connection):
            row = self._connection.execute(
                "update silences set ends_at = ? where id = ? and ends_at > ? returning *", [written(now), silence, written(now)]
            ).fetchone()
        if row is None:
            raise UsageError(f"there is no silence {silence} that holds", hint="Those that hold: monitor silence list")
        return _silence(row)

    def _drop(self, silence: Silence, tree: Node, now: datetime) -> None:
        """What waits to be told is not told any more; what may have gone already is left to delivery."""
        where, values = condition(tree, now)
        rows = self._connection.execute(
            f"""
            update outbox set state = 'dropped', last_error = ? where kind = 'alert' and state = 'waiting'
              and (? is null or channel = ?) and item in (select items.id from items where {where}) returning key
            """,
            [f"silence {silence.id}", silence.channel, silence.channel, *values],
        ).fetchall()
        self._connection.executemany(
            "update alerts set state = 'suppressed', silence = ?, reason = ? where key = ? and state = 'waiting'",
            [(silence.id, f"silence {silence.id}, made while it waited", row["key"]) for row in rows],
        )


def _silence(row: sqlite3.Row) -> Silence:
    return Silence(
        id=row["id"],
        query=row["query"],
        channel=row["channel"],
        begins_at=read_surely(row["begins_at"]),
        ends_at=read_surely(row["ends_at"]),
        who=row["who"],
        via=row["via"],
        reason=row["reason"],
    )
