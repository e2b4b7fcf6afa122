"""What the rules decided, what they told before, and the orders that follow: judgement's memory of itself."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from monitor.archive.connection import transaction
from monitor.archive.values import reasons_text, written
from monitor.items import Alert, AlertState, Stage, Standpoint

FOLD_WAIT = timedelta(minutes=1)
"""A list of what was folded waits so long for more of it."""
FOLD_SPAN = timedelta(hours=1)
"""What is folded within it is one list."""
_END = datetime.max.replace(tzinfo=UTC)
_SAME = "(select value from json_each(?1) union select id from events where into_event in (select value from json_each(?1)))"
"""All ids under which events (a JSON list of them) were ever told."""


class AlertTables:
    """The rules' side of the archive."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def versions(self, texts: Mapping[str, str], now: datetime) -> dict[str, int]:
        """The version of each rule; one whose text is not that of its last version gets a new one.

        Args:
            texts: what each rule says, by id.
        """
        found: dict[str, int] = {}
        with transaction(self._connection):
            for rule, text in texts.items():
                row = self._connection.execute(
                    "select version, text from rules where id = ? order by version desc limit 1", [rule]
                ).fetchone()
                found[rule] = 1 if row is None else row["version"] + (row["text"] != text)
                if row is None or row["text"] != text:
                    self._connection.execute(
                        "insert into rules (id, version, text, since) values (?, ?, ?, ?)",
                        [rule, found[rule], text, written(now)],
                    )
        return found

    def has_verdict(self, rule: str, item: str, channel: str) -> bool:
        """True if the rule's verdict on the item for the channel is on record, whatever it was."""
        query = "select 1 from alerts where rule = ? and item = ? and channel = ? and kind = 'match'"
        return self._connection.execute(query, [rule, item, channel]).fetchone() is not None

    def is_told(self, item: str, channel: str) -> bool:
        """True if some rule has already ordered the item to be told to the channel."""
        query = "select 1 from alerts where item = ? and channel = ? and state = 'waiting'"
        return self._connection.execute(query, [item, channel]).fetchone() is not None

    def count(self, channel: str, since: datetime, events: Sequence[str] | None = None, *, until: datetime = _END) -> int:
        """Alerts ordered for a channel (about some events, if given) since a moment; folded and suppressed ones do not count.

        Args:
            until: inclusive; a clock that was ahead has left some that are yet to come.
        """
        query = "select count(*) from alerts where channel = ?2 and state = 'waiting' and decided_at between ?3 and ?4"
        if events is not None:
            query += f" and event in {_SAME}"
        values = [json.dumps(events), channel, written(since), written(until)]
        return int(self._connection.execute(query, values).fetchone()[0])

    def told(self, channel: str, events: Sequence[str]) -> dict[str, Standpoint]:
        """What the channel was last told that each of the events had come to, by every id of it, with the most sources ever told."""
        rows = self._connection.execute(
            f"""
            select event, stage, step, sources, importance, storyline from alerts
            where channel = ?2 and state = 'waiting' and event in {_SAME} order by id
            """,
            [json.dumps(events), channel],
        )
        found: dict[str, Standpoint] = {}
        for row in rows:
            before = found.get(row["event"])
            found[row["event"]] = Standpoint(
                stage=Stage(row["stage"]),
                step=row["step"],
                sources=row["sources"] if before is None else max(before.sources, row["sources"]),
                importance=row["importance"],
                storyline=row["storyline"],
            )
        return found

    def speakers(self, event: str) -> set[tuple[str, str]]:
        """Rules that found an event worth telling, each with its channel; also if it was only folded."""
        rows = self._connection.execute(
            f"select distinct rule, channel from alerts where state in ('waiting', 'folded') and event in {_SAME}",
            [json.dumps([event])],
        )
        return {(row["rule"], row["channel"]) for row in rows}

    def bigger(
        self,
        channel: str,
        storyline: str,
        events: Sequence[str],
        importance: float,
        since: datetime,
        *,
        until: datetime = _END,
    ) -> tuple[str, float] | None:
        """The most important other event of a storyline that the channel was told of since a moment, if it was more important than that;
        of equals the last.

        Args:
            events: that do not count, because they are the one in question.
            until: as of count().
        """
        row = self._connection.execute(
            f"""
            select event, importance from alerts where channel = ?2 and storyline = ?3 and state = 'waiting'
              and decided_at between ?4 and ?6 and importance > ?5 and event not in {_SAME} order by importance desc, id desc limit 1
            """,
            [json.dumps(events), channel, storyline, written(since), importance, written(until)],
        ).fetchone()
        return None if row is None else (row["event"], row["importance"])

    def write(self, alert: Alert, version: int | None) -> None:
        """Keep an alert and order what follows from it, inside a transaction of the caller's. A verdict once given stands."""
        at = alert.standpoint
        kept = self._connection.execute(
            """
            insert into alerts (kind, rule, rule_version, item, event, channel, state, reason, news, stage, step, sources, importance,
                                storyline, model, scores, terms, silence, echo_of, key, decided_at)
            values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict do nothing
            """,
            [
                alert.kind.value,
                alert.rule,
                version,
                alert.item,
                alert.event,
                alert.channel,
                alert.state.value,
                alert.reason,
                alert.news,
                at.stage.value,
                at.step,
                at.sources,
                at.importance,
                at.storyline,
                alert.model,
                json.dumps(alert.scores),
                reasons_text(alert.terms),
                alert.silence,
                alert.echo_of,
                alert.key,
                written(alert.decided_at),
            ],
        )
        if kept.rowcount == 0:
            return
        if alert.state is AlertState.WAITING:
            self._order(alert)
        elif alert.is_listed:
            self._list(alert)

    def _order(self, alert: Alert) -> None:
        """Order that an alert is told, unless it is ordered already; one that a silence dropped, and is decided anew, may go."""
        self._connection.execute(
            """
            insert into outbox (key, kind, channel, rule, event, item, note, state, created_at, not_before)
            values (?, 'alert', ?, ?, ?, ?, ?, 'waiting', ?, ?) on conflict (key) do update set
                rule = excluded.rule, event = excluded.event, item = excluded.item, note = excluded.note, state = 'waiting',
                attempts = 0, last_error = null, created_at = excluded.created_at, not_before = excluded.not_before
            where outbox.state = 'dropped' -- by a silence that has ended: told now
            """,
            [
                alert.key,
                alert.channel,
                alert.rule,
                alert.event,
                alert.item,
                alert.news,
                written(alert.decided_at),
                written(alert.not_before),
            ],
        )

    def _list(self, alert: Alert) -> None:
        """Order a list of what was folded, unless there is one that can still take this: not yet sent, or one that can be edited."""
        at = written(alert.decided_at)
        open_list = self._connection.execute(
            """
            select 1 from outbox o where kind = 'folded' and channel = ?1 and since > ?2 and since <= ?3
              and (state = 'waiting' or (state = 'doubtful' and ?1 like 'slack:%')
                   or exists (select 1 from posts p where p.channel = ?1 and p.remote_id = o.remote_id and p.gone_at is null))
            """,
            [alert.channel, written(alert.decided_at - FOLD_SPAN), at],
        ).fetchone()
        if open_list is not None:
            return
        last = self._connection.execute(
            "select max(since) as since from outbox where kind = 'folded' and channel = ? and since <= ?", [alert.channel, at]
        ).fetchone()["since"]
        soon = alert.not_before + FOLD_WAIT
        if last is not None:
            soon = max(soon, datetime.fromisoformat(last) + FOLD_SPAN)
        self._connection.execute(
            """
            insert into outbox (key, kind, channel, rule, since, until, state, created_at, not_before)
            values (?, 'folded', ?, ?, ?, ?, 'waiting', ?, ?) on conflict (key) do nothing
            """,
            [
                f"folded:{alert.channel}:{at}",
                alert.channel,
                alert.rule,
                at,
                written(alert.decided_at + FOLD_SPAN),
                at,
                written(soon),
            ],
        )
