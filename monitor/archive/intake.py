"""What intake reads and writes: known items of a source, new items and revisions, the state of sources."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from monitor.archive import textindex
from monitor.archive.connection import transaction
from monitor.archive.values import read, stated_of, written, written_after
from monitor.dedupe import Index, Known, Sorted, address_key, fingerprint, second_key
from monitor.items import Item, SourceState, Validators

_CHUNK = 400
ITEM_COLUMNS = (
    "id, source, key, url, title, summary, published, first_seen, moment, lang, country, tier, kind, step, stated, is_backlog,"
    " address, fingerprint"
)
_INSERT = f"insert into items (place, {ITEM_COLUMNS}) values (?{', ?' * len(ITEM_COLUMNS.split(','))})"
_STATE_COLUMNS = (
    "id, url, address, moved_to, moved_count, gone_count, etag, last_modified, polls, had_entries, entries, seen, reader, notes,"
    " rhythm, hub, topic, error_kind, error_text, error_count, not_before, next_poll"
)
_MOMENTS = ("last_new", "last_attempt", "last_success", "last_full", "error_at")

_REPLACE_STATE = (
    f"insert or replace into sources ({_STATE_COLUMNS}, {', '.join(_MOMENTS)})"
    f" values (?{', ?' * (len(_STATE_COLUMNS.split(',')) + len(_MOMENTS) - 1)})"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What one fetch of a source leaves behind."""

    state: SourceState
    found: Sorted | None = None  # None: no document was read
    at: datetime
    page: str | None = None  # the page of a backfill that was read with it
    older: tuple[str, ...] = ()  # pages that it leads to
    since: date | None = None  # how far back the backfill goes; None: no backfill


class IntakeTables:
    """Intake's side of the archive."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def state(self, source: str) -> SourceState:
        """What we remember of a source; a fresh state if it is new."""
        row = self._connection.execute("select * from sources where id = ?", [source]).fetchone()
        return SourceState(id=source) if row is None else _state(row)

    def states(self) -> dict[str, SourceState]:
        """All remembered sources by id."""
        return {row["id"]: _state(row) for row in self._connection.execute("select * from sources order by id")}

    def known(self, source: str, items: Sequence[Item]) -> Index:
        """Everything of the source that one of the items may be: same key, address or text."""
        index = Index()
        if self._connection.execute("select 1 from items where source = ? limit 1", [source]).fetchone() is None:
            return index
        wanted = {
            "key": {key for item in items for key in (item.key, second_key(item))},
            "address": {address for item in items if (address := address_key(item.url))},
            "fingerprint": {fingerprint(item.title, item.summary) for item in items},
        }
        for column, values in wanted.items():
            ordered = sorted(values)
            for start in range(0, len(ordered), _CHUNK):
                chunk = ordered[start : start + _CHUNK]
                marks = ",".join("?" * len(chunk))
                query = f"select id, key, title, summary, url from items where source = ? and {column} in ({marks}) order by n"
                for row in self._connection.execute(query, [source, *chunk]):
                    index.add(Known(**dict(row)))
        return index

    def store(self, *changes: Change) -> None:
        """Keep what fetches brought, and the sources' new states with their validators, all in one transaction."""
        with transaction(self._connection):
            for change in changes:
                if change.found is not None:
                    self.insert(change.found.new)
                    for known, item in change.found.revised:
                        self._revise(known, item, change.at)
                if change.since is not None:
                    self._advance(change)
            self._write_states([change.state for change in changes])

    def pending(self, source: str, since: date) -> list[str]:
        """Pages of a backfill still to be read, in order; empty if none was begun, or all is done."""
        rows = self._connection.execute(
            "select address from backfills where source = ? and since = ? and read_at is null order by place",
            [source, since.isoformat()],
        )
        return [row["address"] for row in rows]

    def begin_backfill(self, source: str, since: date, addresses: Sequence[str]) -> None:
        """Note the pages that a backfill starts from; older ones of the same source and day are forgotten."""
        with transaction(self._connection):
            self._connection.execute("delete from backfills where source = ? and since = ?", [source, since.isoformat()])
            self._add_pages(source, since, addresses, first=1)

    def _advance(self, change: Change) -> None:
        """Mark a page as read and put those that it leads to before the rest: newest first, all of a span together."""
        assert change.since is not None
        key = [change.state.id, change.since.isoformat()]
        self._connection.execute(
            "update backfills set read_at = ? where source = ? and since = ? and address = ?",
            [written(change.at), *key, change.page],
        )
        least = self._connection.execute(
            "select coalesce(min(place), 1) from backfills where source = ? and since = ?", key
        ).fetchone()[0]
        self._add_pages(change.state.id, change.since, change.older, first=least - len(change.older))

    def _add_pages(self, source: str, since: date, addresses: Sequence[str], *, first: int) -> None:
        self._connection.executemany(
            "insert or ignore into backfills (source, since, address, place) values (?, ?, ?, ?)",
            [(source, since.isoformat(), address, first + place) for place, address in enumerate(addresses)],
        )

    def insert(self, items: Sequence[Item]) -> None:
        """Write items that are not there yet, with their places in the search index; within the caller's transaction."""
        if not items:
            return
        places = textindex.new_places(self._connection, [item.moment for item in items])
        # measured: executemany takes a third of what a row object for each costs
        self._connection.executemany(_INSERT, [(place, *row_of(item)) for place, item in zip(places, items, strict=True)])
        self._index(places, items)
        bodies = [(item.id, item.page, written(item.first_seen)) for item in items if item.page]
        self._connection.executemany("insert into articles (item, body, read_at) values (?, ?, ?)", bodies)

    def _index(self, places: Sequence[int], items: Sequence[Item]) -> None:
        texts = [(place, item.title, f"{item.summary} {item.page}") for place, item in zip(places, items, strict=True)]
        textindex.put(self._connection, texts)

    def _revise(self, known: Known, item: Item, now: datetime) -> None:
        textindex.forget(self._connection, [known.id])
        self._connection.execute(
            "insert into revisions (item, at, title, summary, url) values (?, ?, ?, ?, ?)",
            [known.id, written(now), known.title, known.summary, known.url],
        )
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
        # of the text before: it would speak for this one
        self._connection.execute("delete from articles where item = ?", [known.id])
        if item.page:
            self._connection.execute(
                "insert into articles (item, body, read_at) values (?, ?, ?)", [known.id, item.page, written(now)]
            )
        textindex.put_items(self._connection, [known.id])

    def _write_states(self, states: Sequence[SourceState]) -> None:
        self._connection.executemany(
            _REPLACE_STATE,
            [
                (
                    state.id,
                    state.url,
                    state.address,
                    state.moved_to,
                    state.moved_count,
                    state.gone_count,
                    state.validators.etag,
                    state.validators.last_modified,
                    state.polls,
                    int(state.had_entries),
                    state.entries,
                    state.seen or None,
                    state.reader,
                    json.dumps(state.notes, ensure_ascii=False),
                    state.rhythm,
                    state.hub,
                    state.topic,
                    state.error_kind,
                    state.error_text,
                    state.error_count,
                    *(None if each is None else written_after(each) for each in (state.not_before, state.next_poll)),
                    *(None if (value := getattr(state, name)) is None else written(value) for name in _MOMENTS),
                )
                for state in states
            ],
        )


def row_of(item: Item) -> tuple[str | int | None, ...]:
    """An item as ITEM_COLUMNS has it."""
    published = None if item.published is None else written(item.published)
    first_seen = written(item.first_seen)
    return (
        item.id,
        item.source,
        item.key,
        item.url,
        item.title,
        item.summary,
        published,
        first_seen,
        published or first_seen,
        item.lang,
        item.country,
        item.tier.value,
        item.kind,
        item.step,
        stated_of(item),
        int(item.is_backlog),
        address_key(item.url),
        fingerprint(item.title, item.summary),
    )


def _state(row: sqlite3.Row) -> SourceState:
    return SourceState(
        id=row["id"],
        url=row["url"],
        address=row["address"],
        moved_to=row["moved_to"],
        moved_count=row["moved_count"],
        gone_count=row["gone_count"],
        validators=Validators(etag=row["etag"], last_modified=row["last_modified"]),
        polls=row["polls"],
        had_entries=bool(row["had_entries"]),
        entries=row["entries"],
        seen=row["seen"] or b"",
        reader=row["reader"],
        notes=tuple(json.loads(row["notes"])),
        rhythm=row["rhythm"],
        last_new=read(row["last_new"]),
        hub=row["hub"],
        topic=row["topic"],
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
