"""What judgement reads and writes: unjudged items, live events, past alerts; tags, links, alerts and orders in one transaction."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from itertools import groupby
from typing import TYPE_CHECKING

from monitor.archive.alerts import AlertTables
from monitor.archive.connection import transaction
from monitor.archive.events import BOTH_FIT, MACHINE, EventTables
from monitor.archive.values import findings_of, item_of, reasons_of, reasons_text, written
from monitor.identifiers import RARE, loose
from monitor.items import Alert, Findings, Identifier, Item, Judged, Link, Reason, Tag
from monitor.stage import Transition

if TYPE_CHECKING:
    from sqlite_utils import Database

_CHUNK = 500
_RARE = json.dumps(sorted(RARE))
_LIVE = "live as materialized (select event from items where moment >= ?1 and event is not null)"
"""Events to which something came since a moment."""
_WHOLE = "select items.*, articles.body from items left join articles on articles.item = items.id"

SET_ASIDE = "a fault of this program: it could not be judged"
"""What stands as the reason of its event at an item that is kept with nothing found."""


class JudgingTables:
    """Judgement's side of the archive."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    @cached_property
    def _events(self) -> EventTables:
        return EventTables(self._connection)

    @cached_property
    def _alerts(self) -> AlertTables:
        return AlertTables(self._connection)

    @cached_property
    def _db(self) -> Database:
        from sqlite_utils import Database

        return Database(self._connection, execute_plugins=False)

    def unjudged(self, limit: int) -> list[Item]:
        """Items that wait for judgement, in order of arrival, at most `limit`."""
        rows = self._connection.execute(f"{_WHOLE} where judged_at is null order by n limit ?", [limit])
        return [item_of(row, is_whole=True) for row in rows]

    def untagged(self, limit: int) -> int:
        """How many judged items no classifier has seen, counted up to `limit`."""
        query = "select count(*) from (select 1 from items where judged_at is not null and model is null limit ?)"
        return int(self._connection.execute(query, [limit]).fetchone()[0])

    def set_aside(self, since: datetime) -> list[str]:
        """Items that since a moment could not be judged by a fault of this program, the latest first."""
        query = "select id from items where linked_by = ? and judged_at >= ? order by judged_at desc, n desc"
        return [row["id"] for row in self._connection.execute(query, [reasons_text([Reason(SET_ASIDE, 1.0)]), written(since)])]

    def forget_unclassified(self) -> int:
        """Put items that were judged without a classifier back in the queue; how many."""
        with transaction(self._connection):
            return self._connection.execute(
                "update items set judged_at = null, filed_at = null where judged_at is not null and model is null"
            ).rowcount

    def live(self, since: datetime, encoder: str | None) -> Iterator[tuple[Item, Findings, str, bytes | None]]:
        """Judged items since a moment with findings, events and vectors, in order of judgement: what the linker has to know.

        Args:
            encoder: whose vectors are wanted; None where there is none.

        Items of pages without the text of the page; an item of before the moment only if something came to its event since, and if
        it names a rare identifier, which tells one measure from another.
        """
        rows = self._connection.execute(
            f"""
            with {_LIVE}
            select items.*, vectors.vector from items left join vectors on vectors.item = items.id and vectors.encoder = ?2
            where judged_at is not null and event is not null and (moment >= ?1 or event in (select event from live) and exists (
                select 1 from identifiers x where x.item = items.id and x.type in (select value from json_each(?3))))
            order by judged_at, n
            """,
            [written(since), encoder, _RARE],
        ).fetchall()
        for start in range(0, len(rows), _CHUNK):
            chunk = rows[start : start + _CHUNK]
            findings = findings_of(self._connection, chunk)
            for row in chunk:
                yield item_of(row), findings[row["id"]], row["event"], row["vector"]

    def quiet(self, since: datetime, limit: int) -> Iterator[tuple[str, tuple[Identifier, ...], str]]:
        """Items that name a rare identifier, of events to which nothing came since a moment: title, those identifiers and the event,
        in order of judgement.

        Args:
            limit: at most so many identifiers, the last ones.
        """
        rows = self._connection.execute(
            f"""
            with {_LIVE}, named as (
                select judged_at, n, title, event, type, value from identifiers x join items on items.id = x.item
                where type in (select value from json_each(?2)) and judged_at is not null and event is not null
                  and event not in (select event from live)
                order by judged_at desc, n desc limit ?3
            )
            select * from named order by judged_at, n, type, value
            """,
            [written(since), _RARE, limit],
        )
        for (_, title, event), group in groupby(rows, key=lambda row: (row["n"], row["title"], row["event"])):
            yield title, tuple(Identifier(type=row["type"], value=row["value"]) for row in group), event

    def events_of(self, items: Sequence[str]) -> dict[str, str]:
        """Events that items were given before, by item."""
        query = "select id, event from items where event is not null and id in (select value from json_each(?))"
        return dict(self._connection.execute(query, [json.dumps(list(items))]).fetchall())

    def judged(self, item: str) -> Judged | None:
        """An item with what judgement said of it; None if there is no such item or it was not judged yet."""
        row = self._connection.execute(f"{_WHOLE} where id = ? and judged_at is not null", [item]).fetchone()
        if row is None:
            return None
        tags = tuple(
            Tag(theme=each["theme"], score=each["score"], is_given=bool(each["is_given"]), reasons=reasons_of(each["why"]))
            for each in self._connection.execute("select * from tags where item = ? order by theme", [item])
        )
        findings = findings_of(self._connection, [row])[item]
        link = Link(event=row["event"], is_new=False, reasons=reasons_of(row["linked_by"]), copy_of=row["copy_of"])
        return Judged(item=item_of(row, is_whole=True), findings=findings, tags=tags, link=link, model=row["model"])

    def write(
        self,
        judged: Sequence[Judged],
        alerts: Sequence[Alert],
        now: datetime,
        vectors: Mapping[str, tuple[str, bytes]] | None = None,
        reached: Mapping[str, Transition | None] | None = None,
        versions: Mapping[str, int] | None = None,
    ) -> int:
        """Keep judgements and the orders that follow from them, all or nothing. Merges that the linker made are made here, too; an event
        that an analyst merged in the meantime is where its items are now.

        Args:
            vectors: by item, the encoder and what the item means, float16.
            reached: by event, the stage that it has come to; None: it stays at the one that is noted. Of others it is worked out here.
            versions: by rule, the version that decided.

        Returns how many events were merged.
        """
        stages = reached or {}
        with transaction(self._connection):
            # an item that has its event keeps it, whatever was thought when its judging began: an analyst may have moved it since
            has = self.events_of([each.item.id for each in judged])
            given = {each.item.id: has.get(each.item.id) or self._events.standing(each.link.event) for each in judged}
            fresh = self._unfiled(given)
            lines = {each.link.event: each.link.storyline for each in judged if each.link.storyline}
            grown = {event for item, event in given.items() if item in fresh}
            thought = {each.link.event for each in judged if given[each.item.id] == each.link.event}
            for each in judged:
                self._write_item(each, given[each.item.id], now)
            for event in dict.fromkeys(given.values()):
                is_known = event in stages and event in thought
                way = stages[event] if is_known else None
                self._write_event(event, way, lines.get(event), now, has_grown=event in grown)
                if not is_known:
                    self._events.settle(event, now)
            merged = [
                self._events.put_into(each.link.event, other, who=MACHINE, now=now, reason=f"{BOTH_FIT}{each.item.id}")
                for each in judged
                for other in each.link.merged
            ]
            for alert in alerts:
                self._alerts.write(alert, (versions or {}).get(alert.rule))
            self._connection.executemany(
                "insert or replace into vectors (item, encoder, vector, at) values (?, ?, ?, ?)",
                [(item, encoder, vector, written(now)) for item, (encoder, vector) in (vectors or {}).items()],
            )
        return sum(merged)

    def advance(self, event: str, alerts: Sequence[Alert], versions: Mapping[str, int], now: datetime) -> None:
        """Note that a date took an event further, and order what follows from it, all or nothing."""
        with transaction(self._connection):
            self._events.settle(event, now)
            for alert in alerts:
                self._alerts.write(alert, versions.get(alert.rule))

    def forget_vectors(self, before: datetime) -> None:
        """Let go of vectors of items that were judged before a moment."""
        with transaction(self._connection):
            self._connection.execute("delete from vectors where at < ?", [written(before)])

    def _write_item(self, judged: Judged, event: str, now: datetime) -> None:
        item, findings, link = judged.item.id, judged.findings, judged.link
        self._connection.execute(
            """
            update items set judged_at = ?, filed_at = coalesce(filed_at, ?), model = ?, stage = ?,
                event = ?, copy_of = ?, linked_by = ?
            where id = ?
            """,
            [
                written(now),
                written(now),
                judged.model,
                findings.stage.value,
                event,
                link.copy_of,
                reasons_text(link.reasons),
                item,
            ],
        )
        for table in ("tags", "identifiers", "entities", "key_dates", "steps"):
            self._connection.execute(f"delete from {table} where item = ?", [item])
        self._db.table("tags").insert_all(
            {
                "item": item,
                "theme": tag.theme,
                "score": tag.score,
                "is_given": int(tag.is_given),
                "why": reasons_text(tag.reasons),
            }
            for tag in judged.tags
        )
        self._db.table("identifiers").insert_all(
            {"item": item, "type": each.type, "value": each.value, "folded": loose(each.value)} for each in findings.identifiers
        )
        self._db.table("entities").insert_all(
            {"item": item, "entity": each.id, "type": each.type, "surface": each.surface} for each in findings.entities
        )
        self._db.table("key_dates").insert_all(
            {
                "item": item,
                "kind": each.kind.value,
                "date": each.date.isoformat(),
                "sentence": each.sentence,
                "confidence": each.confidence,
            }
            for each in findings.dates
        )
        if findings.shown is not None:
            self._connection.execute(
                "insert into steps (item, jurisdiction, step, stage, sentence) values (?, ?, ?, ?, ?)",
                [
                    item,
                    findings.shown.jurisdiction,
                    findings.shown.step,
                    findings.shown.stage.value,
                    findings.shown.sentence,
                ],
            )

    def _unfiled(self, items: Iterable[str]) -> set[str]:
        """Those of the items that are judged for the first time."""
        query = "select id from items where filed_at is null and id in (select value from json_each(?))"
        return {row["id"] for row in self._connection.execute(query, [json.dumps(list(items))])}

    def _write_event(
        self, event: str, reached: Transition | None, storyline: str | None, now: datetime, *, has_grown: bool
    ) -> None:
        """Note where an event has come to; it moved if it has a new item or another stage, not because an item was judged again."""
        stage, step = (None, None) if reached is None else (reached.stage.value, reached.step)
        self._connection.execute(
            """
            insert into events (id, opened_at, moved_at, stage, step, storyline) values (?1, ?2, ?2, coalesce(?3, 'reported'), ?4, ?5)
            on conflict (id) do update set stage = coalesce(?3, stage), step = case when ?3 is null then step else ?4 end,
                storyline = coalesce(storyline, excluded.storyline),
                moved_at = case when ?6 or stage <> coalesce(?3, stage) then ?2 else moved_at end
            """,
            [event, written(now), stage, step, storyline, has_grown],
        )
