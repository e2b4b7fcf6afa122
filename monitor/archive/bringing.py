"""Brings items of another archive, or of lines of JSON, into this one. What is here already stays as it is; nothing brought is told.

Each step is one transaction; an item is known by its id, and by its key within its source, so that a second time brings nothing.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from monitor.archive.connection import transaction
from monitor.archive.events import MACHINE, EventTables
from monitor.archive.intake import IntakeTables
from monitor.archive.values import item_of, written
from monitor.dedupe import find
from monitor.items import Item

_STEP = 200
"""Items of one transaction."""
_BELONGINGS = ("tags", "identifiers", "entities", "key_dates", "steps", "revisions", "vectors")
"""Tables that say something of an item; they come with it."""
_JUDGED = "changed_at, judged_at, filed_at, model, stage, copy_of, linked_by"


@dataclass(frozen=True, slots=True, kw_only=True)
class Brought:
    """What a step did."""

    imported: int
    known: int  # were here already


class BringingTables:
    """The side of the archive that takes things in from elsewhere."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._intake = IntakeTables(connection)
        self._events = EventTables(connection)

    @contextlib.contextmanager
    def beside(self, other: Path) -> Iterator[int]:
        """Have another archive, of this version, at hand while the block runs; yields how many items it has."""
        self._connection.execute("attach database ? as other", [str(other)])
        try:
            yield int(self._connection.execute("select count(*) from other.items").fetchone()[0])
        finally:
            self._connection.execute("detach database other")

    def take(self, now: datetime) -> Iterator[Brought]:
        """Bring the items of the archive that is beside, in order of arrival, with what was judged of them."""
        last = 0
        while True:
            rows = self._connection.execute(
                """
                select i.*, a.body from other.items i left join other.articles a on a.item = i.id where i.n > ? order by i.n limit ?
                """,
                [last, _STEP],
            ).fetchall()
            if not rows:
                return
            last = rows[-1]["n"]
            with transaction(self._connection):
                known = self._known([(row["id"], row["source"], row["key"]) for row in rows])
                fresh = [row for row in rows if row["id"] not in known]
                self._take_items(fresh, now)
                self._take_events(fresh, now)
            yield Brought(imported=len(fresh), known=len(rows) - len(fresh))

    def take_verdicts(self) -> int:
        """Bring what analysts decided in the archive beside: labels, merges and splits; how many labels."""
        with transaction(self._connection):
            labels = self._connection.execute(
                """
                insert or ignore into main.labels (item, theme, verdict, at, who, via)
                select item, theme, verdict, at, who, via from other.labels where item in (select id from main.items)
                """
            ).rowcount
            self._connection.execute(
                """
                insert into main.decisions (at, who, kind, event, other, items, reason)
                select d.at, d.who, d.kind, d.event, d.other, d.items, d.reason from other.decisions d
                where d.who <> ? and not exists (select 1 from main.decisions m where m.at = d.at and m.who = d.who
                                                 and m.kind = d.kind and m.event = d.event and m.other = d.other) order by d.id
                """,
                [MACHINE],
            )
        return labels

    def put(self, items: Sequence[tuple[Item, str | None]], now: datetime) -> Brought:
        """Bring items with the events that they were in, if any; they wait to be judged."""
        with transaction(self._connection):
            known = self._known([(item.id, item.source, item.key) for item, _ in items])
            fresh = {item.id: (item, event) for item, event in items if item.id not in known}
            for source in sorted({item.source for item, _ in fresh.values()}):
                of_source = [item for item, _ in fresh.values() if item.source == source]
                index = self._intake.known(source, of_source)
                for item in of_source:
                    if find(index, item) is not None:
                        del fresh[item.id]
            self._insert([item for item, _ in fresh.values()], now)
            for item, event in fresh.values():
                self._put_event(item, event)
        return Brought(imported=len(fresh), known=len(items) - len(fresh))

    def _known(self, items: Sequence[tuple[str, str, str]]) -> set[str]:
        """Those ids that are here already, as they are or under the same key of the same source."""
        rows = self._connection.execute(
            """
            select json_extract(value, '$[0]') as id from json_each(?)
            where exists (select 1 from main.items i where i.id = json_extract(value, '$[0]'))
              or exists (select 1 from main.items i where i.source = json_extract(value, '$[1]') and i.key = json_extract(value, '$[2]'))
            """,
            [json.dumps(items)],
        )
        return {row["id"] for row in rows}

    def _insert(self, items: Sequence[Item], now: datetime) -> None:
        """New rows with their index, marked as imported."""
        self._intake.insert(items)  # the one place that knows how an item is written
        self._connection.execute(
            "update main.items set imported_at = ? where id in (select value from json_each(?))",
            [written(now), json.dumps([item.id for item in items])],
        )

    def _take_items(self, rows: Sequence[sqlite3.Row], now: datetime) -> None:
        self._insert([replace(item_of(row, is_whole=True), is_backlog=True) for row in rows], now)
        ids = json.dumps([row["id"] for row in rows])
        # what no classifier has seen there is judged here; when it was filed stays, so that no digest takes it for new
        self._connection.execute(
            f"""
            update main.items set ({_JUDGED}) = (
                select changed_at, case when model is null then null else judged_at end, coalesce(filed_at, first_seen), model, stage,
                       copy_of, linked_by from other.items o where o.id = main.items.id)
            where id in (select value from json_each(?))
            """,
            [ids],
        )
        for table in _BELONGINGS:
            self._connection.execute(
                f"insert or ignore into main.{table} select * from other.{table} where item in (select value from json_each(?))",
                [ids],
            )

    def _take_events(self, rows: Sequence[sqlite3.Row], now: datetime) -> None:
        """Give new items their events: under the ids that these had, unless their other items are in another one here."""
        of_event: dict[str, list[str]] = {}
        for row in rows:
            if row["event"] is not None:
                of_event.setdefault(row["event"], []).append(row["id"])
        for event, items in of_event.items():
            place = self._place_of(event)
            self._take_event(event, place)
            ids = json.dumps(items)
            self._connection.execute("update main.items set event = ? where id in (select value from json_each(?))", [place, ids])
            if self._is_of_here(place):  # one that came whole stands where it stood
                self._events.settle(place, now)

    def _is_of_here(self, event: str) -> bool:
        """True if an item of the event was not imported."""
        query = "select 1 from main.items where event = ? and imported_at is null limit 1"
        return self._connection.execute(query, [event]).fetchone() is not None

    def _place_of(self, event: str) -> str:
        """Where the items of an event of the archive beside belong here."""
        row = self._connection.execute(
            """
            select i.event from main.items i where i.event is not null and i.id in (select id from other.items where event = ?)
            group by i.event order by count(*) desc, i.event limit 1
            """,
            [event],
        ).fetchone()
        return self._events.standing(event if row is None else row["event"])

    def _take_event(self, event: str, place: str) -> None:
        """Have the event here, and the ids that lead to it."""
        ask = self._connection.execute
        columns = "opened_at, moved_at, stage, step, storyline"
        if ask("select 1 from main.events where id = ?", [place]).fetchone() is None:
            ask(f"insert into main.events (id, {columns}) select ?, {columns} from other.events where id = ?", [place, event])
        else:
            ask(
                """
                update main.events set opened_at = min(opened_at, (select opened_at from other.events where id = ?1)) where id = ?2
                """,
                [event, place],
            )
        ask(
            f"""
            insert or ignore into main.events (id, {columns}, into_event)
            select id, {columns}, ?1 from other.events where (id = ?2 or into_event = ?2) and id <> ?1
            """,
            [place, event],
        )

    def _put_event(self, item: Item, event: str | None) -> None:
        """Give an item of a line its event, and note when it was filed."""
        ask = self._connection.execute
        place = None if event is None else self._events.standing(event)
        if place is not None:
            ask(
                "insert or ignore into main.events (id, opened_at, moved_at, stage) values (?, ?, ?, 'reported')",
                [place, written(item.first_seen), written(item.first_seen)],
            )
        ask("update main.items set event = ?, filed_at = first_seen where id = ?", [place, item.id])
