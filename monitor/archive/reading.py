"""What people ask the archive: items, events, deadlines, alerts, figures. Reads only; works on a read-only file."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import date, datetime

from monitor.archive import search as searching
from monitor.archive.values import read_surely, reasons_of, written
from monitor.errors import UsageError
from monitor.items import DateKind, Deadline, Event, Filed, Identifier, Item, KeyDate, Reason, Revision, Stage
from monitor.query import Node

_EVENT_IDENTIFIERS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRow:
    """One row of v_alerts, with the reason."""

    id: int
    rule: str
    event: str
    item: str
    title: str
    decided_at: datetime
    state: str
    channel: str
    remote_id: str | None
    reason: str


class ReadingTables:
    """The readers' side of the archive."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def search(self, tree: Node, now: datetime, *, limit: int | None = 50, by_rank: bool = False) -> list[Filed]:
        """Items that match a query (see archive.search)."""
        return searching.search(self._connection, tree, now, limit=limit, by_rank=by_rank)

    def item(self, item: str) -> Filed:
        """The item of an id, or of the only id that begins so.

        Raises:
            UsageError: none, or several.
        """
        row = self._one("items", item, "item", "monitor search")
        return searching.filed(self._connection, row)

    def revisions(self, item: str) -> list[Revision]:
        """Earlier states of an item, the oldest first."""
        rows = self._connection.execute("select * from revisions where item = ? order by at, rowid", [item])
        return [
            Revision(item=row["item"], at=read_surely(row["at"]), title=row["title"], summary=row["summary"], url=row["url"])
            for row in rows
        ]

    def event_id(self, event: str) -> str:
        """The id that is `event` or begins so.

        Raises:
            UsageError: none, or several.
        """
        return str(self._one("events", event, "event", "monitor events")["id"])

    def event(self, event: str) -> Event:
        """The record of an event, put together from its items."""
        row = self._connection.execute("select * from events where id = ?", [event]).fetchone()
        items = self.items_of(event)
        themes: dict[str, float] = {}
        for each in items:
            for theme, score in each.themes:
                themes[theme] = max(score, themes.get(theme, 0.0))
        first = items[0].item if items else None
        return Event(
            id=event,
            title=_title(items),
            stage=Stage(row["stage"]),
            step=row["step"],
            first_seen=read_surely(row["opened_at"]) if first is None else first.first_seen,
            last_seen=read_surely(row["moved_at"]),
            items=len(items),
            sources=tuple(dict.fromkeys(each.item.source for each in items)),
            langs=tuple(dict.fromkeys(each.item.lang for each in items)),
            countries=tuple(dict.fromkeys(each.item.country for each in items if each.item.country)),
            themes=tuple(sorted(themes.items(), key=lambda pair: (-pair[1], pair[0]))),
            identifiers=self._identifiers_of(event),
            dates=self.dates_of(event),
        )

    def items_of(self, event: str) -> list[Filed]:
        """Items of an event in order of time."""
        rows = self._connection.execute("select * from items where event = ? order by moment, n", [event]).fetchall()
        return [searching.filed(self._connection, row) for row in rows]

    def linked_by(self, item: str) -> tuple[Reason, ...]:
        """What joined an item to its event; none if it opened it or was not judged yet."""
        row = self._connection.execute("select linked_by from items where id = ?", [item]).fetchone()
        return () if row is None else reasons_of(row["linked_by"])

    def stage_of_item(self, item: str) -> Stage:
        """The stage that an item shows; reported if it was not judged yet."""
        row = self._connection.execute("select stage from items where id = ?", [item]).fetchone()
        return Stage.REPORTED if row is None or row["stage"] is None else Stage(row["stage"])

    def events(
        self, since: datetime, *, theme: str | None = None, limit: int = 50, is_themed: bool = True, until: datetime | None = None
    ) -> list[Event]:
        """Events that moved since a moment, the latest first.

        Args:
            theme: only events with an item of the theme.
            is_themed: leave out events without any theme (ignored if theme is given).
        """
        condition, values = "e.moved_at >= ?", [written(since)]
        if until is not None:
            condition += " and e.moved_at < ?"
            values.append(written(until))
        if theme is not None or is_themed:
            condition += " and exists (select 1 from items i join tags t on t.item = i.id and t.is_given where i.event = e.id"
            condition += " and t.theme = ?)" if theme is not None else ")"
            values += [theme] if theme is not None else []
        rows = self._connection.execute(
            f"select e.id from events e where {condition} order by e.moved_at desc, e.id limit ?", [*values, limit]
        ).fetchall()
        return [self.event(row["id"]) for row in rows]

    def dates_of(self, event: str) -> tuple[KeyDate, ...]:
        """Key dates of an event, each (kind, date) once, the surest wording, in order of date."""
        rows = self._connection.execute(
            """
            select d.* from key_dates d join items i on i.id = d.item where i.event = ?
            order by d.date, d.kind, d.confidence desc
            """,
            [event],
        )
        found: dict[tuple[str, str], KeyDate] = {}
        for row in rows:
            found.setdefault((row["kind"], row["date"]), _key_date(row))
        return tuple(found.values())

    def deadlines(self, first: date, last: date) -> list[Deadline]:
        """Key dates of themed events from one day to another, in order; each event's (kind, date) once."""
        rows = self._connection.execute(
            """
            select d.*, i.event, i.title, i.source, i.url,
                   (select group_concat(distinct t.theme) from tags t join items x on x.id = t.item
                    where x.event = i.event and t.is_given) as themes
            from key_dates d join items i on i.id = d.item
            where d.date between ? and ? and d.kind <> 'published'
            order by d.date, i.event, d.kind, d.confidence desc, i.n
            """,
            [first.isoformat(), last.isoformat()],
        )
        found: dict[tuple[str, str, str], Deadline] = {}
        for row in rows:
            if row["themes"]:
                deadline = Deadline(
                    date=_key_date(row),
                    event=row["event"],
                    title=row["title"],
                    item=row["item"],
                    source=row["source"],
                    url=row["url"],
                    themes=tuple(sorted(row["themes"].split(","))),
                )
                found.setdefault((row["event"], row["kind"], row["date"]), deadline)
        return list(found.values())

    def alerts(self, *, since: datetime | None = None, state: str | None = None, limit: int = 50) -> list[AlertRow]:
        """Alerts, the latest first."""
        conditions, values = ["1"], []
        if since is not None:
            conditions.append("v.decided_at >= ?")
            values.append(written(since))
        if state is not None:
            conditions.append("v.state = ?")
            values.append(state)
        rows = self._connection.execute(
            f"""
            select v.*, (select a.reason from alerts a where a.id = v.id) as reason from v_alerts v
            where {" and ".join(conditions)} order by v.id desc limit ?
            """,
            [*values, limit],
        )
        return [_alert_row(row) for row in rows]

    def alerts_of(self, item: str) -> list[AlertRow]:
        """Verdicts of the rules on an item."""
        rows = self._connection.execute(
            "select v.*, (select a.reason from alerts a where a.id = v.id) as reason from v_alerts v where v.item = ?", [item]
        )
        return [_alert_row(row) for row in rows]

    def new_items(self, tree: Node, since: datetime, until: datetime, now: datetime, limit: int) -> list[Filed]:
        """Items that match and were judged first in a span, the newest first; for digests."""
        where, values = searching.condition(tree, now)
        rows = self._connection.execute(
            f"""
            select items.* from items
            where items.filed_at >= ? and items.filed_at < ? and ({where})
            order by items.moment desc, items.n desc limit ?
            """,
            [written(since), written(until), *values, limit],
        ).fetchall()
        return [searching.filed(self._connection, row) for row in rows]

    def counts(self) -> dict[str, int]:
        """How much there is: items, unjudged, events, alerts, labels."""
        ask = self._connection.execute
        return {
            "items": ask("select count(*) from items").fetchone()[0],
            "unjudged": ask("select count(*) from items where judged_at is null").fetchone()[0],
            "events": ask("select count(*) from events").fetchone()[0],
            "alerts": ask("select count(*) from alerts").fetchone()[0],
            "labels": ask("select count(*) from labels").fetchone()[0],
        }

    def integrity(self) -> list[str]:
        """What SQLite finds wrong with the file; [] if nothing."""
        found = [row[0] for row in self._connection.execute("pragma integrity_check")]
        broken = [f"row {row[1]} of {row[0]} points nowhere" for row in self._connection.execute("pragma foreign_key_check")]
        return [each for each in found if each != "ok"] + broken

    def failing_channels(self) -> list[tuple[str, str, str]]:
        """Channels that do not take messages now: address, since when, why."""
        rows = self._connection.execute("select * from channels where failing_since is not null order by id")
        return [(row["id"], row["failing_since"], row["last_error"]) for row in rows]

    def _one(self, table: str, wanted: str, what: str, list_command: str) -> sqlite3.Row:
        prefix, _, rest = wanted.partition("-")
        normal = f"{prefix.upper()}-{rest.lower()}"
        rows = self._connection.execute(
            f"select * from {table} where id >= ? and id < ? order by id limit 3", [normal, normal + "\uffff"]
        ).fetchall()
        exact = [row for row in rows if row["id"] == normal]
        if len(exact or rows) == 1:
            found: sqlite3.Row = (exact or rows)[0]
            return found
        cause = f"there is no {what} {wanted!r}" if not rows else f"{wanted!r} is the beginning of several ids"
        raise UsageError(cause, hint=f"Ids are listed by: {list_command}")

    def _identifiers_of(self, event: str) -> tuple[Identifier, ...]:
        rows = self._connection.execute(
            """
            select k.type, k.value, count(*) as n from identifiers k join items i on i.id = k.item
            where i.event = ? group by k.type, k.value order by n desc, k.type, k.value limit ?
            """,
            [event, _EVENT_IDENTIFIERS],
        )
        return tuple(Identifier(type=row["type"], value=row["value"]) for row in rows)


def _title(items: list[Filed]) -> str:
    """The title that stands for an event: of the best tier, then with most themes, then the first."""
    if not items:
        return ""
    tiers = ["official", "wire", "press", "analysis"]
    best: Item = min(items, key=lambda each: (not each.themes, tiers.index(each.item.tier), each.item.moment)).item
    return best.title


def _alert_row(row: sqlite3.Row) -> AlertRow:
    return AlertRow(
        id=row["id"],
        rule=row["rule"],
        event=row["event"],
        item=row["item"],
        title=row["title"],
        decided_at=read_surely(row["decided_at"]),
        state=row["state"],
        channel=row["channel"],
        remote_id=row["remote_id"],
        reason=row["reason"],
    )


def _key_date(row: sqlite3.Row) -> KeyDate:
    return KeyDate(
        kind=DateKind(row["kind"]),
        date=date.fromisoformat(row["date"]),
        sentence=row["sentence"],
        confidence=row["confidence"],
    )
