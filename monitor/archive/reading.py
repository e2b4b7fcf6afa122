"""What people ask the archive: items, alerts, figures. Reads only; works on a read-only file."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import datetime

from monitor.archive import search as searching
from monitor.archive.values import one, read_surely, reasons_of, written
from monitor.items import Filed, Reason, Revision
from monitor.query import Node


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
        row = one(self._connection, "items", item, "item", "monitor search")
        return searching.filed(self._connection, row)

    def revisions(self, item: str) -> list[Revision]:
        """Earlier states of an item, the oldest first."""
        rows = self._connection.execute("select * from revisions where item = ? order by at, rowid", [item])
        return [
            Revision(item=row["item"], at=read_surely(row["at"]), title=row["title"], summary=row["summary"], url=row["url"])
            for row in rows
        ]

    def linked_by(self, item: str) -> tuple[Reason, ...]:
        """What joined an item to its event; none if it opened it or was not judged yet."""
        row = self._connection.execute("select linked_by from items where id = ?", [item]).fetchone()
        return () if row is None else reasons_of(row["linked_by"])

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

    def heard(self, tree: Node, since: datetime, now: datetime) -> tuple[int, datetime | None, int]:
        """Items that match a query: how many, the moment of the last one, and how many since a moment."""
        where, values = searching.condition(tree, now)
        row = self._connection.execute(
            f"select count(*) as n, max(moment) as last, sum(moment >= ?) as recent from items where {where}",
            [written(since), *values],
        ).fetchone()
        return row["n"], None if row["last"] is None else read_surely(row["last"]), row["recent"] or 0

    def counts(self) -> dict[str, int]:
        """How much there is: items, unjudged, events, alerts, labels."""
        ask = self._connection.execute
        return {
            "items": ask("select count(*) from items").fetchone()[0],
            "unjudged": ask("select count(*) from items where judged_at is null").fetchone()[0],
            "events": ask("select count(*) from events where into_event is null").fetchone()[0],
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
