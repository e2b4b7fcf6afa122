"""Events: their records, what moved, deadlines; merges and splits, which leave a redirect or a history and are never lost."""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from monitor.archive.connection import transaction
from monitor.archive.values import findings_of, item_of, one, read_surely, written
from monitor.errors import UsageError
from monitor.events import Deadline, Event, Part, importance, in_time, momentum, reached, record, superseded
from monitor.items import Filed, Item, Stage, Tier, event_id
from monitor.stage import SUSPENSIONS

MACHINE = "machine"
"""Who decides where no analyst did."""
BOTH_FIT = "both fit "
"""Why the machine merges: this, and the item."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """A merge or a split, kept for ever."""

    at: datetime
    who: str  # the analyst, or MACHINE
    kind: str  # merge or split
    event: str  # goes on
    other: str  # went into it, or was split off
    items: tuple[str, ...]  # that moved
    reason: str


class EventTables:
    """The events' side of the archive."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def find(self, event: str) -> str:
        """The id of the event that has this id, or is the only one whose id begins so; of a merged one, where its items are now.

        Raises:
            UsageError: none, or several.
        """
        row = one(self._connection, "events", event, "event", "monitor events")
        return str(row["into_event"] or row["id"])

    def record(self, event: str, now: datetime) -> Event:
        """The record of an event that stands, put together from its items."""
        return self.records([event], now)[0]

    def records(self, events: Sequence[str], now: datetime) -> list[Event]:
        """The records of events that stand, in the order asked for; one query a table for all of them."""
        parts = self._parts(events)
        query = "select * from events where id in (select value from json_each(?))"
        rows = {row["id"]: row for row in self._connection.execute(query, [json.dumps(list(events))])}
        return [
            record(
                event,
                parts.get(event, []),
                now,
                opened_at=read_surely(rows[event]["opened_at"]),
                moved_at=read_surely(rows[event]["moved_at"]),
                storyline=rows[event]["storyline"],
            )
            for event in events
        ]

    def timeline(self, event: str) -> list[Filed]:
        """Items of an event in order of time."""
        return [each.filed for each in in_time(self._parts([event]).get(event, []))]

    def parts(self, event: str, *, is_whole: bool = True) -> list[Part]:
        """Items of an event with what judgement found in them, in order of time.

        Args:
            is_whole: with identifiers and entities; its way and its dates need none of them.
        """
        return in_time(self._parts([event], is_whole=is_whole).get(event, []))

    def former(self, event: str) -> tuple[str, ...]:
        """Ids of events that were merged into this one."""
        return tuple(row["id"] for row in self._connection.execute("select id from events where into_event = ?", [event]))

    def arrivals(self, items: Iterable[str]) -> dict[str, int]:
        """The order in which items came to the archive, by id."""
        query = "select id, n from items where id in (select value from json_each(?))"
        return dict(self._connection.execute(query, [json.dumps(list(items))]).fetchall())

    def of_storyline(self, storyline: str) -> list[str]:
        """Events of a storyline, the first first."""
        query = "select id from events where storyline = ? and into_event is null order by opened_at, id"
        return [row["id"] for row in self._connection.execute(query, [storyline])]

    def storylines(self) -> dict[str, str]:
        """Storylines by event, of those that stand."""
        query = "select id, storyline from events where storyline is not null and into_event is null"
        return dict(self._connection.execute(query).fetchall())

    def moved(
        self,
        since: datetime,
        now: datetime,
        *,
        theme: str | None = None,
        is_themed: bool = True,
        limit: int = 50,
        by_time: bool = False,
    ) -> list[Event]:
        """Events that moved since a moment, the most important first.

        Args:
            by_time: the latest first.
            theme: only events with an item of the theme.
            is_themed: leave out events without any theme (ignored if theme is given).
        """
        rows = self._connection.execute(
            """
            select e.id, e.stage, e.moved_at, i.source, i.tier, i.moment, i.copy_of,
                   (select max(t.score) from tags t where t.item = i.id and t.is_given) as score,
                   (select group_concat(t.theme) from tags t where t.item = i.id and t.is_given) as themes,
                   (select min(d.date) from key_dates d where d.item = i.id and d.date >= ?) as ahead
            from events e join items i on i.event = e.id where e.moved_at >= ? and e.into_event is null
            """,
            [now.date().isoformat(), written(since)],
        )
        facts: dict[str, list[sqlite3.Row]] = {}
        for row in rows:
            facts.setdefault(row["id"], []).append(row)
        ranked = sorted(
            (
                ("" if not by_time else of_event[0]["moved_at"], 0.0 if by_time else _rank(of_event, now), event)
                for event, of_event in facts.items()
                if _is_wanted(of_event, theme, is_themed=is_themed)
            ),
            reverse=True,
        )
        # ranked by what one query tells, then, those that may be shown, by their whole record
        found = self.records([event for _, _, event in ranked[: limit if by_time else limit + 20]], now)
        return found if by_time else sorted(found, key=lambda each: (-each.importance, each.id))[:limit]

    def deadlines(self, first: date, last: date, now: datetime) -> list[Deadline]:
        """Key dates of themed events from one day to another, in order; those that were moved out of the span or withdrawn, too, so that
        calendars learn of it."""
        rows = self._connection.execute(
            """
            select distinct i.event from key_dates d join items i on i.id = d.item
            where d.date between ? and ? and i.event is not null
            """,
            [first.isoformat(), last.isoformat()],
        ).fetchall()
        found = [
            Deadline(date=each, event=event.id, themes=tuple(sorted(theme for theme, _ in event.themes)))
            for event in self.records([row["event"] for row in rows], now)
            if event.themes
            for each in event.dates
            if any(first <= day <= last for day in (each.date, *each.was)) and each.kind != "published"
        ]
        return sorted(found, key=lambda each: (each.date.date, each.event, each.date.kind))

    def superseded(self, first: date, last: date, now: datetime) -> list[Deadline]:
        """Key dates in a span that events had before they were merged, under a uid that is no longer written: for calendars to cancel."""
        rows = self._connection.execute(
            """
            select distinct c.event, c.other, c.items from decisions c join json_each(c.items) m join key_dates d on d.item = m.value
            where c.kind = 'merge' and d.date between ? and ?
            """,
            [first.isoformat(), last.isoformat()],
        ).fetchall()
        found: dict[str, Deadline] = {}
        for row in rows:
            event = self.standing(row["other"])
            whole = self.parts(event)
            brought = set(json.loads(row["items"]))
            themes = tuple(sorted({theme for part in whole for theme, _ in part.filed.themes}))
            for each in superseded(whole, [part for part in whole if part.filed.item.id in brought], now.date()):
                if themes and first <= each.date <= last and each.kind != "published":
                    found[each.uid] = Deadline(date=each, event=event, themes=themes)
        return sorted(found.values(), key=lambda each: (each.date.date, each.event, each.date.kind))

    def under_way(self, now: datetime, limit: int) -> list[Event]:
        """Events on whose next step somebody may wait, those that moved longest ago first."""
        rows = self._connection.execute(
            """
            select id from events e where into_event is null
              and stage in ('consultation', 'proposed', 'on_file', 'final', 'in_force', 'amended')
              and exists (select 1 from items i join tags t on t.item = i.id and t.is_given where i.event = e.id)
            order by moved_at, id limit ?
            """,
            [limit],
        ).fetchall()
        return self.records([row["id"] for row in rows], now)

    def due(self, today: date) -> list[str]:
        """Events that a stated date of effect of the last months may have put in force by itself."""
        rows = self._connection.execute(
            """
            select distinct e.id from events e join items i on i.event = e.id join key_dates d on d.item = i.id
            where d.kind = 'effective' and d.date between date(?, '-90 days') and ? and (e.stage in ('final', 'on_file')
                or (e.stage = 'amended' and e.step in (select value from json_each(?))))
              and e.into_event is null
            """,
            [today.isoformat(), today.isoformat(), json.dumps(sorted(SUSPENSIONS))],
        )
        return [row["id"] for row in rows]

    def settle(self, event: str, now: datetime) -> bool:
        """Note the stage that an event has reached, inside a transaction of the caller's; True if it is another one than was noted."""
        way, _ = reached(self.parts(event, is_whole=False), now.date())
        last = way[-1] if way else None
        stage, step = (Stage.REPORTED, None) if last is None else (last.stage, last.step)
        changed = self._connection.execute(
            """
            update events set moved_at = case when stage = ?1 then moved_at else ?2 end, stage = ?1, step = ?3
            where id = ?4 and (stage <> ?1 or step is not ?3)
            """,
            [stage.value, written(now), step, event],
        )
        return changed.rowcount > 0

    def has_advanced(self, event: str, now: datetime) -> bool:
        """True if an event has reached another stage than is noted, as a stated date may take it there by itself."""
        way, _ = reached(self.parts(event, is_whole=False), now.date())
        row = self._connection.execute("select stage from events where id = ?", [event]).fetchone()
        return bool(way) and row is not None and row["stage"] != way[-1].stage

    def merge(self, into: str, *others: str, who: str, now: datetime, reason: str = "") -> None:
        """Move the items of events into another, all or none; the ids of those that end lead to the one that goes on.

        Raises:
            UsageError: there is no such event, or two are one already.
        """
        into, gone = self.find(into), [self.find(other) for other in others]
        if len({into, *gone}) <= len(gone):
            raise UsageError(f"{' and '.join((into, *gone))} are one event already")
        with transaction(self._connection):
            for other in gone:
                self.put_into(into, other, who=who, now=now, reason=reason)

    def put_into(self, into: str, other: str, *, who: str, now: datetime, reason: str = "") -> bool:
        """As merge(), inside a transaction of the caller's; False, and nothing happens, if they are one already."""
        into, other = self.standing(into), self.standing(other)
        if into == other:
            return False
        ask = self._connection.execute
        items = [row["id"] for row in ask("select id from items where event = ? order by n", [other])]
        ask("update items set event = ? where event = ?", [into, other])
        ask("update events set into_event = ? where id = ? or into_event = ?", [into, other, other])
        ask(
            """
            update events set moved_at = max(moved_at, (select moved_at from events where id = ?)),
                              opened_at = min(opened_at, (select opened_at from events where id = ?)),
                              storyline = coalesce(storyline, (select storyline from events where id = ?)) where id = ?
            """,
            [other, other, other, into],
        )
        self._decided("merge", into, other, items, who=who, now=now, reason=reason)
        self.settle(into, now)
        return True

    def split(self, event: str, items: Sequence[str], *, who: str, now: datetime, reason: str = "") -> str:
        """Move items out of an event into one of their own, or back into the one that was merged with just them; its id.

        Raises:
            UsageError: an item is not in the event, or none would be left.
        """
        event = self.find(event)
        held = [row["id"] for row in self._connection.execute("select id from items where event = ? order by n", [event])]
        strangers = [item for item in items if item not in held]
        if strangers:
            raise UsageError(f"{strangers[0]} is not an item of {event}", hint=f"Its items are listed by: monitor event {event}")
        if len(set(items)) == len(held):
            raise UsageError(f"{event} would have no items left", hint="Name those that belong to another development")
        moved = [item for item in held if item in set(items)]
        with transaction(self._connection):
            other = self._id_for(event, moved)
            row = self._connection.execute("select storyline from events where id = ?", [event]).fetchone()
            self._connection.execute(
                """
                insert into events (id, opened_at, moved_at, stage, storyline) values (?, ?, ?, 'reported', ?)
                on conflict (id) do update set into_event = null
                """,
                [other, written(now), written(now), row["storyline"]],
            )
            self._connection.execute(
                "update items set event = ? where id in (select value from json_each(?))", [other, json.dumps(moved)]
            )
            self._lead_back(event, other)
            self._decided("split", event, other, moved, who=who, now=now, reason=reason)
            self.settle(event, now)
            self.settle(other, now)
        return other

    def decisions(self, event: str | None = None, *, by_analysts: bool = False) -> list[Decision]:
        """Merges and splits in the order in which they were made; of one event, or of all."""
        rows = self._connection.execute(
            "select * from decisions where (? is null or ? in (event, other)) and (not ? or who <> ?) order by id",
            [event, event, by_analysts, MACHINE],
        )
        return [
            Decision(
                at=read_surely(row["at"]),
                who=row["who"],
                kind=row["kind"],
                event=row["event"],
                other=row["other"],
                items=tuple(json.loads(row["items"])),
                reason=row["reason"],
            )
            for row in rows
        ]

    def apart(self) -> set[frozenset[str]]:
        """Pairs of events that analysts split and did not join again: the machine never does."""
        found: set[frozenset[str]] = set()
        for each in self.decisions(by_analysts=True):
            pair = frozenset((self.standing(each.event), self.standing(each.other)))
            if len(pair) == 2:
                (found.add if each.kind == "split" else found.discard)(pair)
        return found

    def last_decision(self) -> int:
        """Number of the last merge or split; 0 if there was none."""
        return int(self._connection.execute("select coalesce(max(id), 0) from decisions").fetchone()[0])

    def taught(self) -> Iterator[tuple[Item, str, str]]:
        """Items of events that analysts merged or split, with event and storyline, in order of time: what linking learns from them."""
        touched = {self.standing(name) for each in self.decisions(by_analysts=True) for name in (each.event, each.other)}
        rows = self._connection.execute(
            """
            select items.*, articles.body, events.storyline as of_storyline from items join events on events.id = items.event
            left join articles on articles.item = items.id
            where items.event in (select value from json_each(?)) order by items.moment, items.n
            """,
            [json.dumps(sorted(touched))],
        )
        for row in rows:
            yield item_of(row, is_whole=True), row["event"], row["of_storyline"] or row["event"]

    def standing(self, event: str) -> str:
        """Where an event's items are now: the event itself, or the one that it was merged into."""
        row = self._connection.execute("select into_event from events where id = ?", [event]).fetchone()
        return event if row is None or row["into_event"] is None else str(row["into_event"])

    def _id_for(self, event: str, items: list[str]) -> str:
        """An id for what is split off: of the event that just these items came from, else a new one."""
        for each in reversed(self.decisions()):
            is_its = each.kind == "merge" and each.other != event and self.standing(each.other) == event
            if is_its and set(each.items) == set(items):
                return each.other
        ids = (event_id(items[0] if not count else f"{items[0]}+{count}") for count in range(1000))
        taken = "select 1 from events where id = ?"
        return next(each for each in ids if self._connection.execute(taken, [each]).fetchone() is None)

    def _lead_back(self, event: str, other: str) -> None:
        """Ids that led to an event lead to the one that was split off, if their items are there now."""
        merged = {each.other: each.items for each in self.decisions() if each.kind == "merge"}
        ask = self._connection.execute
        there = {row["id"] for row in ask("select id from items where event = ?", [other])}
        for row in ask("select id from events where into_event = ?", [event]).fetchall():
            if row["id"] in merged and merged[row["id"]] and there.issuperset(merged[row["id"]]):
                ask("update events set into_event = ? where id = ?", [other, row["id"]])

    def _decided(self, kind: str, event: str, other: str, items: Sequence[str], *, who: str, now: datetime, reason: str) -> None:
        self._connection.execute(
            "insert into decisions (at, who, kind, event, other, items, reason) values (?, ?, ?, ?, ?, ?, ?)",
            [written(now), who, kind, event, other, json.dumps(list(items)), reason],
        )

    def _parts(self, events: Sequence[str], *, is_whole: bool = True) -> dict[str, list[Part]]:
        """Items of events with what judgement found in them; one query a table for all of them."""
        wanted = json.dumps(list(events))
        ask = self._connection.execute
        rows = ask("select * from items where event in (select value from json_each(?))", [wanted]).fetchall()
        findings = findings_of(self._connection, rows, with_names=is_whole)
        themes: dict[str, list[tuple[str, float]]] = defaultdict(list)
        given = """
        select x.item, x.theme, x.score from tags x join items i on i.id = x.item
        where i.event in (select value from json_each(?)) and x.is_given order by x.score desc, x.theme
        """
        for row in ask(given, [wanted]):
            themes[row["item"]].append((row["theme"], row["score"]))
        found: dict[str, list[Part]] = defaultdict(list)
        for row in rows:
            item, said = row["id"], findings[row["id"]]
            found[row["event"]].append(
                Part(
                    filed=Filed(item=item_of(row), themes=tuple(themes[item]), event=row["event"], copy_of=row["copy_of"]),
                    arrival=row["n"],
                    shown=said.shown,
                    dates=said.dates,
                    identifiers=said.identifiers,
                    entities=said.entities,
                )
            )
        return found


def _rank(rows: Sequence[sqlite3.Row], now: datetime) -> float:
    told = [row for row in rows if row["copy_of"] is None]
    ahead = min((date.fromisoformat(row["ahead"]) for row in rows if row["ahead"]), default=None)
    return importance(
        theme=max((row["score"] for row in rows if row["score"] is not None), default=None),
        stage=Stage(rows[0]["stage"]),
        tier=min((Tier(row["tier"]) for row in rows), key=list(Tier).index),
        sources=len({row["source"] for row in told}),
        momentum=momentum((read_surely(row["moment"]) for row in told), now),
        days_ahead=None if ahead is None else (ahead - now.date()).days,
    )


def _is_wanted(rows: Sequence[sqlite3.Row], theme: str | None, *, is_themed: bool) -> bool:
    themes = {name for row in rows for name in (row["themes"] or "").split(",") if name}
    return theme in themes if theme is not None else bool(themes) or not is_themed
