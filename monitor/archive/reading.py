"""What people ask the archive: items, alerts, figures. Reads only; works on a read-only file."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from monitor import tokens
from monitor.archive import search as searching
from monitor.archive import textindex
from monitor.archive.search import Found
from monitor.archive.values import one, read, read_surely, reasons_of, written
from monitor.errors import UsageError
from monitor.items import Filed, Reason, Revision
from monitor.query import Node, Word

if TYPE_CHECKING:
    from monitor.thesaurus import Added


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRow:
    """One verdict of a rule for one channel, with all that decided it and what became of it."""

    id: int
    kind: str
    rule: str
    rule_version: int | None  # None: from before versions were kept
    event: str
    item: str
    title: str  # the item's
    decided_at: datetime
    state: str  # AlertState
    channel: str
    remote_id: str | None  # None: not sent
    reason: str
    news: str
    stage: str
    sources: int
    importance: float
    model: str | None
    scores: tuple[tuple[str, float], ...]
    terms: tuple[Reason, ...]
    silence: int | None
    echo_of: str | None
    sent_at: datetime | None
    error: str | None  # what the last try met


_ALERTS = """
select a.*, i.title, o.remote_id, o.sent_at, o.last_error as error,
       case when o.state is null or o.state = 'dropped' then a.state when o.state = 'doubtful' then 'waiting' else o.state end as fate
from alerts a join items i on i.id = a.item left join outbox o on o.key = a.key and o.rule = a.rule and a.state = 'waiting'
"""


class ReadingTables:
    """The readers' side of the archive."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def search(self, tree: Node, now: datetime, *, limit: int | None = 50, by_rank: bool = False) -> list[Filed]:
        """Items that match a query, newest first or best first."""
        return list(self.find(tree, now, limit=limit, by_rank=by_rank).items)

    def find(self, tree: Node, now: datetime, *, limit: int | None = 50, by_rank: bool = False) -> Found:
        """Items that match a query, and what was weighed (see archive.search)."""
        return searching.search(self._connection, tree, now, limit=limit, by_rank=by_rank)

    def matching(self, tree: Node, now: datetime, items: Sequence[str]) -> set[str]:
        """Those of some items (ids) that match a query."""
        return searching.matching(self._connection, tree, now, items)

    def plans(self, tree: Node, now: datetime) -> list[str]:
        """How the archive goes about a query, a line a step."""
        return searching.plans(self._connection, tree, now)

    def item(self, item: str) -> Filed:
        """The item of an id, or of the only id that begins so, with the text of its page.

        Raises:
            UsageError: none, or several.
        """
        row = one(self._connection, "items", item, "item", "monitor search")
        page = self._connection.execute("select body from articles where item = ?", [row["id"]]).fetchone()
        found = searching.filed(self._connection, row)
        return replace(found, item=replace(found.item, body="" if page is None else page["body"]))

    def found_by(self, tree: Node, added: Sequence[Added], items: Sequence[Filed], now: datetime) -> dict[str, tuple[str, ...]]:
        """By item the added words that found it; () where the words of the query did.

        Args:
            tree: the query as it was asked.
            added: what it was given besides (thesaurus.expanded).
            items: what was found.
        """
        if not added:
            return {each.item.id: () for each in items}
        own = self.matching(tree, now, [each.item.id for each in items])
        found: dict[str, tuple[str, ...]] = dict.fromkeys((each.item.id for each in items), ())
        for each in items:
            if each.item.id not in own:
                parts = [tokens.normal(part) for part in (each.item.title, each.item.summary)]
                found[each.item.id] = tuple(
                    word.text for word in added if any(tokens.contains(part, word.text) for part in parts)
                )
        if elsewhere := [item for item, words in found.items() if not words and item not in own]:  # in the page that was read
            having = {word.text: self.matching(Word(word.text), now, elsewhere) for word in added}
            found |= {item: tuple(text for text, them in having.items() if item in them) for item in elsewhere}
        return found

    def item_at(self, address: str, shown: str) -> str:
        """The id of the item of an address (dedupe.address_key), the original before copies.

        Args:
            shown: the address as it was asked for.

        Raises:
            UsageError: there is none.
        """
        row = self._connection.execute(
            "select id from items where address = ? order by copy_of is not null, n limit 1", [address]
        ).fetchone()
        if row is None:
            raise UsageError(f"there is no item of {shown}", hint="Look for words of its title: monitor search")
        return str(row["id"])

    def items_like(self, beginning: str, limit: int) -> list[tuple[str, str]]:
        """Ids that begin so, with titles, the last that came first."""
        rows = self._connection.execute(
            "select id, title from items where id >= ? and id < ? order by n desc limit ?",
            [beginning, beginning + "\uffff", limit],
        )
        return [tuple(row) for row in rows]

    def events_like(self, beginning: str, limit: int) -> list[tuple[str, str]]:
        """Ids of events that begin so, with the title of their first item, the last that moved first."""
        rows = self._connection.execute(
            """
            select id, coalesce((select title from items i where i.event = e.id order by n limit 1), '')
            from events e where into_event is null and id >= ? and id < ? order by moved_at desc limit ?
            """,
            [beginning, beginning + "\uffff", limit],
        )
        return [tuple(row) for row in rows]

    def revisions(self, item: str) -> list[Revision]:
        """Earlier states of an item, the oldest first."""
        rows = self._connection.execute("select * from revisions where item = ? order by at, rowid", [item])
        return [
            Revision(item=row["item"], at=read_surely(row["at"]), title=row["title"], summary=row["summary"], url=row["url"])
            for row in rows
        ]

    def copies(self, item: str, event: str | None) -> list[Filed]:
        """Items of an event that repeat an item, the first first.

        Args:
            event: the item's; None gives none. Copies join the event of what they repeat, and by events items are found fast.
        """
        rows = self._connection.execute("select * from items where event = ? and copy_of = ? order by moment, n", [event, item])
        return searching.all_filed(self._connection, rows.fetchall())

    def called(self, item: str) -> dict[str, str]:
        """How an item calls its entities, by "@" and the entity's id, as reasons name them."""
        rows = self._connection.execute("select entity, surface from entities where item = ?", [item])
        return {f"@{row['entity']}": row["surface"] for row in rows}

    def linked_by(self, item: str) -> tuple[Reason, ...]:
        """What joined an item to its event; none if it opened it or was not judged yet."""
        row = self._connection.execute("select linked_by from items where id = ?", [item]).fetchone()
        return () if row is None else reasons_of(row["linked_by"])

    def alerts(
        self,
        *,
        since: datetime | None = None,
        state: str | None = None,
        rule: str | None = None,
        channel: str | None = None,
        limit: int = 50,
    ) -> list[AlertRow]:
        """Alerts, the latest first."""
        conditions, values = ["1"], []
        for column, value in (("decided_at >=", None if since is None else written(since)), ("fate =", state), ("rule =", rule)):
            if value is not None:
                conditions.append(f"{column} ?")
                values.append(value)
        if channel is not None:
            conditions.append("channel = ?")
            values.append(channel)
        rows = self._connection.execute(
            f"select * from ({_ALERTS}) where {' and '.join(conditions)} order by id desc limit ?", [*values, limit]
        )
        return [_alert_row(row) for row in rows]

    def rules_and_channels(self) -> tuple[set[str], set[str]]:
        """Rules that decided something, and channels for which something was decided or ordered."""
        ask = self._connection.execute
        channels = ask("select channel from alerts union select channel from outbox")
        return {row[0] for row in ask("select distinct rule from alerts")}, {row[0] for row in channels}

    def alerts_of(self, item: str) -> list[AlertRow]:
        """Verdicts of the rules on an item, the first first."""
        return [_alert_row(row) for row in self._connection.execute(f"{_ALERTS} where a.item = ? order by a.id", [item])]

    def alert_of(self, key: str) -> AlertRow | None:
        """The alert from which an order came; None if there is none."""
        row = self._connection.execute(
            f"{_ALERTS} where a.key = ? and a.state = 'waiting' order by a.id limit 1", [key]
        ).fetchone()
        return None if row is None else _alert_row(row)

    def folded(self, channel: str, since: datetime, until: datetime) -> list[AlertRow]:
        """What was folded for a channel in a span and no rule has told it, the first first."""
        rows = self._connection.execute(
            f"""
            {_ALERTS} where a.channel = ? and a.state = 'folded' and a.decided_at >= ? and a.decided_at < ?
              and not exists (select 1 from alerts b where b.item = a.item and b.channel = a.channel and b.state = 'waiting')
            order by a.id
            """,
            [channel, written(since), written(until)],
        )
        return list({row["item"]: _alert_row(row) for row in rows}.values())

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

    def codes(self, field: str) -> list[str]:
        """What items have of a field.

        Args:
            field: lang, country or kind.
        """
        assert field in ("lang", "country", "kind")
        rows = self._connection.execute(f"select distinct {field} from items where {field} is not null")
        return [row[0] for row in rows if row[0]]

    def has_items(self) -> bool:
        """True if there is an item; an archive of any age can say so."""
        return bool(self._connection.execute("select exists (select 1 from items)").fetchone()[0])

    def integrity(self) -> list[str]:
        """What SQLite finds wrong with the file; [] if nothing."""
        found = [row[0] for row in self._connection.execute("pragma integrity_check")]
        broken = [f"row {row[1]} of {row[0]} points nowhere" for row in self._connection.execute("pragma foreign_key_check")]
        return [each for each in found if each != "ok"] + broken

    def index_faults(self) -> list[str]:
        """What is wrong with the search index; [] if nothing."""
        return textindex.faults(self._connection)

    def newest(self) -> datetime | None:
        """The latest moment at which something happened here: an item was seen or judged, a source read; None: nothing did."""
        row = self._connection.execute(
            """
            select max(at) as at from (select max(first_seen) as at from (select first_seen from items order by n desc limit 1000)
              union all select max(filed_at) from items union all select max(last_attempt) from sources)
            """
        ).fetchone()
        return read(row["at"])

    def failing_channels(self) -> list[tuple[str, datetime, str]]:
        """Channels that do not take messages now: address, since when, why."""
        rows = self._connection.execute("select * from channels where failing_since is not null order by id")
        return [(row["id"], read_surely(row["failing_since"]), row["last_error"]) for row in rows]


def _alert_row(row: sqlite3.Row) -> AlertRow:
    return AlertRow(
        id=row["id"],
        kind=row["kind"],
        rule=row["rule"],
        rule_version=row["rule_version"],
        event=row["event"],
        item=row["item"],
        title=row["title"],
        decided_at=read_surely(row["decided_at"]),
        state=row["fate"],
        channel=row["channel"],
        remote_id=row["remote_id"],
        reason=row["reason"],
        news=row["news"],
        stage=row["stage"],
        sources=row["sources"],
        importance=row["importance"],
        model=row["model"],
        scores=tuple((theme, score) for theme, score in json.loads(row["scores"])),
        terms=reasons_of(row["terms"]),
        silence=row["silence"],
        echo_of=row["echo_of"],
        sent_at=read(row["sent_at"]),
        error=row["error"],
    )
