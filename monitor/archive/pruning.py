"""Takes old events out of the archive with all that hangs on them, and remembers what went so that it does not come back as news.

An event goes whole or stays whole: half of one would tell another story than the sources told. Each step is a short transaction in
which all is looked at once more, so that the service goes on, and what an analyst labels meanwhile stays. docs/decisions/0022.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from monitor.archive import search as searching
from monitor.archive import textindex
from monitor.archive.connection import transaction
from monitor.archive.events import MACHINE
from monitor.archive.outbox import KEPT_UP
from monitor.archive.values import item_of, read_surely, written
from monitor.dedupe import Sorted, marks
from monitor.query import Node

YOUNGEST = timedelta(days=60)
"""What is younger never goes: items of a month are still joined to events, and messages of a month looked after."""
_STEP = 100
"""Items that go in one transaction, or the first event if it has more."""
_BELONGINGS = ("revisions", "tags", "identifiers", "entities", "key_dates", "articles", "steps", "vectors", "labels", "alerts")
"""Tables that say something of an item; they go with it. Orders and messages stay: they are the record of what was sent."""


class Kept(StrEnum):
    """Why an event stays although it is old; of several reasons the first counts."""

    WAITING = "waiting"  # an item waits to be judged, an order to be sent, or its message is still looked after
    YOUNG = "young"  # it, or an item of it, is younger than YOUNGEST
    LABELLED = "labelled"  # an analyst gave a verdict on an item of it
    MERGED = "merged"  # an analyst merged or split it: linking learns from that
    TOLD = "told"  # a rule told it, or would have but for a limit
    MOVED = "moved"  # it, or an item of it, changed since
    DEADLINE = "deadline"  # it states a date that is still to come


_STAYS = {
    Kept.WAITING: """
        exists (select 1 from items i where i.event = e.id and (i.judged_at is null or i.id in (
            select item from outbox where state in ('waiting', 'doubtful') and item is not null)))
        or exists (select 1 from posts p where p.event = e.id and p.gone_at is null and p.posted_at > :looked_after)""",
    Kept.YOUNG: """
        e.moved_at >= :young
        or exists (select 1 from items i where i.event = e.id and (i.moment >= :young or i.changed_at >= :young))""",
    Kept.LABELLED: "exists (select 1 from items i join labels l on l.item = i.id where i.event = e.id)",
    Kept.MERGED: """
        e.id in (select coalesce(x.into_event, x.id) from decisions d join events x on x.id in (d.event, d.other)
                 where d.who <> :machine)""",
    Kept.TOLD: "exists (select 1 from items i join alerts a on a.item = i.id where i.event = e.id and a.state <> 'suppressed')",
    Kept.MOVED: """
        e.moved_at >= :before
        or exists (select 1 from items i where i.event = e.id and (i.moment >= :before or i.changed_at >= :before))""",
    Kept.DEADLINE: "exists (select 1 from items i join key_dates d on d.item = i.id where i.event = e.id and d.date >= :today)",
}
ALWAYS = (Kept.WAITING, Kept.YOUNG)
"""Reasons that no wish overrides."""
_OLD = "e.into_event is null and exists (select 1 from items i where i.event = e.id and i.moment < :before)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is to go."""

    before: datetime  # events that did not move since then
    tree: Node | None = None  # of which an item matches; None: any
    is_themeless: bool = False  # only events of which no item has a theme
    despite: tuple[Kept, ...] = ()  # reasons to stay that do not count this time; those of ALWAYS do


@dataclass(frozen=True, slots=True, kw_only=True)
class Prospect:
    """What would go, and what would stay although it is as old."""

    events: int
    items: int
    revisions: int
    bytes: int  # of the file that become free, about
    kept: tuple[tuple[Kept, int], ...]  # items that stay, by reason


class PruningTables:
    """Pruning's side of the archive."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def look(self, wish: Wish, now: datetime) -> Prospect:
        """What would go. It is noted in temporary tables, which prune() goes by; nothing of the archive is written."""
        ask = self._connection.execute
        chosen, values = _chosen(wish, now)
        for table in ("going", "matching"):
            ask(f"drop table if exists temp.{table}")
        ask("create temp table matching (event text primary key) without rowid")
        if wish.tree is not None:
            where, bound = searching.condition(wish.tree, now)
            ask(f"insert into temp.matching select distinct event from items where event is not null and ({where})", bound)
        ask("create temp table going (event text primary key, items integer not null, stays text) without rowid")
        reasons = " ".join(f"when {_STAYS[each]} then '{each.value}'" for each in _counting(wish))
        ask(
            f"""
            insert into temp.going select e.id, (select count(*) from items i where i.event = e.id), case {reasons} end
            from events e where {_OLD} and {chosen}
            """,
            values,
        )
        of_going = "in (select id from items where event in (select event from temp.going where stays is null))"
        events, items = ask("select count(*), coalesce(sum(items), 0) from temp.going where stays is null").fetchone()
        kept = dict(ask("select stays, sum(items) from temp.going where stays is not null group by stays").fetchall())
        return Prospect(
            events=events,
            items=items,
            revisions=ask(f"select count(*) from revisions where item {of_going}").fetchone()[0],
            bytes=self._share(of_going) if items else 0,
            kept=tuple((each, kept[each.value]) for each in Kept if each.value in kept),
        )

    def prune(self, wish: Wish, now: datetime, who: str, narrowed: str = "") -> Iterator[int]:
        """Take out what look() found and still may go, in short transactions; the number of items of each step.

        Args:
            narrowed: how the wish was narrowed, as it was typed; for the record.
        """
        ask = self._connection.execute
        rows = ask("select event, items from temp.going where stays is null order by event").fetchall()
        pruning: int | None = None
        for events in _steps(rows):
            with transaction(self._connection):
                going = self._still(events, wish, now)
                if going and pruning is None:
                    pruning = ask(
                        "insert into prunings (at, who, before, narrowed, items) values (?, ?, ?, ?, 0)",
                        [written(now), who, written(wish.before), narrowed],
                    ).lastrowid
                gone = self._take_out(going, pruning) if going else 0
                ask("update prunings set items = items + ? where id = ?", [gone, pruning])
            yield gone

    def new_only(self, source: str, found: Sorted) -> Sorted:
        """What a document holds, without what was pruned: such an entry is known, though no longer kept.

        An entry that gives a later day than the pruning went back to, or, without a day, another title, is news.
        """
        ask = self._connection.execute
        if not found.new or ask("select 1 from pruned where source = ? limit 1", [source]).fetchone() is None:
            return found
        new = []
        for item in found.new:
            shared = marks(item)[0 if item.published else 1 :]
            row = ask(
                f"""
                select max(r.before) as before from pruned p join prunings r on r.id = p.pruning
                where p.source = ? and p.mark in ({",".join("?" * len(shared))})
                """,
                [source, *shared],
            ).fetchone()
            if row["before"] is None or (item.published is not None and item.published >= read_surely(row["before"])):
                new.append(item)
        return replace(found, new=tuple(new), unchanged=found.unchanged + len(found.new) - len(new))

    def shrink(self) -> None:
        """Give the room of what went back to the disk: the file is written anew, which holds up every writer meanwhile."""
        textindex.compact(self._connection)
        self._connection.execute("vacuum")
        self._connection.execute("pragma wal_checkpoint(truncate)")

    def size(self) -> tuple[int, int]:
        """Bytes of the file, and those of them that nothing uses."""
        page, count, free = (
            self._connection.execute(f"pragma {name}").fetchone()[0] for name in ("page_size", "page_count", "freelist_count")
        )
        return page * count, page * free

    def _share(self, of_going: str) -> int:
        """Bytes of the file that come free, by the share of the texts that go."""
        text = "sum(length(i.title) + length(i.summary) + coalesce(length(a.body), 0) + 500)"  # 500: tags and keys, about
        query = f"select {text} from items i left join articles a on a.item = i.id"
        total = self._connection.execute(query).fetchone()[0]
        gone = self._connection.execute(f"{query} where i.id {of_going}").fetchone()[0]
        size, free = self.size()
        return int((size - free) * gone / total) if total else 0

    def _still(self, events: Sequence[str], wish: Wish, now: datetime) -> list[str]:
        """Those of the events that may go at this moment."""
        chosen, values = _chosen(wish, now)
        stays = " or ".join(f"({_STAYS[each]})" for each in _counting(wish))
        rows = self._connection.execute(
            f"select e.id from events e where e.id in (select value from json_each(:events)) and {_OLD} and {chosen} and not ({stays})",
            {**values, "events": json.dumps(list(events))},
        )
        return [row["id"] for row in rows]

    def _take_out(self, events: Sequence[str], pruning: int | None) -> int:
        """Delete events with their items and all that hangs on these; how many items."""
        ask = self._connection.execute
        wanted = json.dumps(list(events))
        rows = ask("select * from items where event in (select value from json_each(?))", [wanted]).fetchall()
        ids = [row["id"] for row in rows]
        items = json.dumps(ids)
        textindex.forget(self._connection, ids)
        self._connection.executemany(
            "insert or replace into pruned (source, mark, pruning) values (?, ?, ?)",
            [(row["source"], mark, pruning) for row in rows for mark in marks(item_of(row))],
        )
        for table in _BELONGINGS:
            ask(f"delete from {table} where item in (select value from json_each(?))", [items])
        # a copy in another event, as after a split, now speaks for itself
        ask("update items set copy_of = null where copy_of in (select value from json_each(?))", [items])
        ask("delete from items where id in (select value from json_each(?))", [items])
        within = "in (select value from json_each(?1))"
        ask(f"delete from events where id {within} or into_event {within}", [wanted])
        return len(ids)


def _counting(wish: Wish) -> Collection[Kept]:
    """Reasons to stay that count, in order."""
    return [each for each in Kept if each in ALWAYS or each not in wish.despite]


def _chosen(wish: Wish, now: datetime) -> tuple[str, dict[str, object]]:
    """The condition on an event e that narrows what goes, and the values of all conditions."""
    values: dict[str, object] = {
        "before": written(wish.before),
        "young": written(now - YOUNGEST),
        "today": now.date().isoformat(),
        "machine": MACHINE,
        "looked_after": written(now - KEPT_UP - timedelta(days=1)),
    }
    chosen = ["1"]
    if wish.is_themeless:
        chosen.append("not exists (select 1 from items i join tags t on t.item = i.id and t.is_given where i.event = e.id)")
    if wish.tree is not None:
        chosen.append("e.id in (select event from temp.matching)")
    return " and ".join(chosen), values


def _steps(rows: Sequence[sqlite3.Row]) -> Iterator[list[str]]:
    """Events in groups of about _STEP items."""
    group: list[str] = []
    count = 0
    for row in rows:
        if group and count + row["items"] > _STEP:
            yield group
            group, count = [], 0
        group.append(row["event"])
        count += row["items"]
    if group:
        yield group
