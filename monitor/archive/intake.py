"""What intake reads and writes: known items of a source, new items and revisions, the state of sources."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING

from monitor.archive.connection import transaction
from monitor.archive.values import read, stated_of, written, written_after
from monitor.dedupe import Index, Known, Sorted, address_key, fingerprint
from monitor.items import Item, SourceState, Validators
from monitor.segment import index_text

if TYPE_CHECKING:
    from sqlite_utils import Database

_CHUNK = 400


class IntakeTables:
    """Intake's side of the archive."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    @cached_property
    def _db(self) -> Database:
        from sqlite_utils import Database

        return Database(self._connection, execute_plugins=False)

    def state(self, source: str) -> SourceState:
        """What we remember of a source; a fresh state if it is new."""
        row = self._connection.execute("select * from sources where id = ?", [source]).fetchone()
        return SourceState(id=source) if row is None else _state(row)

    def states(self) -> dict[str, SourceState]:
        """All remembered sources by id."""
        return {row["id"]: _state(row) for row in self._connection.execute("select * from sources order by id")}

    def known(self, source: str, items: Sequence[Item]) -> Index:
        """Everything of the source that one of the items may be: same key, address or text."""
        wanted = {
            "key": {item.key for item in items} | {f"{item.key}|{fingerprint(item.title, '')}" for item in items},
            "address": {address for item in items if (address := address_key(item.url))},
            "fingerprint": {fingerprint(item.title, item.summary) for item in items},
        }
        index = Index()
        for column, values in wanted.items():
            ordered = sorted(values)
            for start in range(0, len(ordered), _CHUNK):
                chunk = ordered[start : start + _CHUNK]
                marks = ",".join("?" * len(chunk))
                query = f"select id, key, title, summary, url from items where source = ? and {column} in ({marks}) order by n"
                for row in self._connection.execute(query, [source, *chunk]):
                    index.add(Known(**dict(row)))
        return index

    def store(self, found: Sorted, state: SourceState, now: datetime) -> None:
        """Keep what a document brought, and the source's new state with its validators, in one transaction."""
        with transaction(self._connection):
            if found.new:
                self._insert(found.new)
            for known, item in found.revised:
                self._revise(known, item, now)
            self._write_state(state)

    def store_state(self, state: SourceState) -> None:
        """Keep a source's state alone: nothing new, or a failure."""
        with transaction(self._connection):
            self._write_state(state)

    def _insert(self, items: Iterable[Item]) -> None:
        rows = [
            {
                "id": item.id,
                "source": item.source,
                "key": item.key,
                "url": item.url,
                "title": item.title,
                "summary": item.summary,
                "published": None if item.published is None else written(item.published),
                "first_seen": written(item.first_seen),
                "moment": written(item.moment),
                "lang": item.lang,
                "country": item.country,
                "tier": item.tier.value,
                "kind": item.kind,
                "step": item.step,
                "stated": stated_of(item),
                "is_backlog": int(item.is_backlog),
                "address": address_key(item.url),
                "fingerprint": fingerprint(item.title, item.summary),
            }
            for item in items
        ]
        # ignore: the same id may have come through a second process since we looked
        self._db.table("items").insert_all(rows, ignore=True)
        for item in items:
            self._index(item.id, item.title, item.summary)

    def _revise(self, known: Known, item: Item, now: datetime) -> None:
        self._db.table("revisions").insert(
            {"item": known.id, "at": written(now), "title": known.title, "summary": known.summary, "url": known.url}
        )
        self._unindex(known)
        # judged_at null: it will be judged again; its first_seen, published and id stay
        self._connection.execute(
            """
            update items set title = ?, summary = ?, url = ?, lang = ?, step = ?, stated = ?, address = ?, fingerprint = ?,
                             changed_at = ?, judged_at = null where id = ?
            """,
            [
                item.title,
                item.summary,
                item.url,
                item.lang,
                item.step,
                stated_of(item),
                address_key(item.url),
                fingerprint(item.title, item.summary),
                written(now),
                known.id,
            ],
        )
        self._index(known.id, item.title, item.summary)

    def _index(self, item: str, title: str, summary: str) -> None:
        self._connection.execute(
            "insert into item_search (rowid, title, summary) select n, ?, ? from items where id = ?",
            [index_text(title), index_text(summary), item],
        )

    def _unindex(self, known: Known) -> None:
        # a contentless index forgets a row only when it is told what the row said
        self._connection.execute(
            """
            insert into item_search (item_search, rowid, title, summary)
            select 'delete', n, ?, ? from items where id = ?
            """,
            [index_text(known.title), index_text(known.summary), known.id],
        )

    def _write_state(self, state: SourceState) -> None:
        moments = {
            name: None if (value := getattr(state, name)) is None else written(value)
            for name in ("last_attempt", "last_success", "last_full", "error_at", "next_poll")
        }
        moments["not_before"] = None if state.not_before is None else written_after(state.not_before)
        self._db.table("sources").insert(
            {
                "id": state.id,
                "etag": state.validators.etag,
                "last_modified": state.validators.last_modified,
                "polls": state.polls,
                "had_entries": int(state.had_entries),
                "error_kind": state.error_kind,
                "error_text": state.error_text,
                "error_count": state.error_count,
                **moments,
            },
            pk="id",
            replace=True,
        )


def _state(row: sqlite3.Row) -> SourceState:
    return SourceState(
        id=row["id"],
        validators=Validators(etag=row["etag"], last_modified=row["last_modified"]),
        polls=row["polls"],
        had_entries=bool(row["had_entries"]),
        last_attempt=read(row["last_attempt"]),
        last_success=read(row["last_success"]),
        last_full=read(row["last_full"]),
        error_kind=row["error_kind"],
        error_text=row["error_text"],
        error_at=read(row["error_at"]),
        error_count=row["error_count"],
        not_before=read(row["not_before"]),
        next_poll=read(row["next_poll"]),
    )
