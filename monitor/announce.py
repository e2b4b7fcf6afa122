"""From an order to the message that it stands for, out of the archive as it is at this moment. Reads, writes nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from monitor import compose
from monitor.archive import AlertRow, Archive
from monitor.channels import split
from monitor.compose import Telling
from monitor.dates import stamp
from monitor.items import Filed, Rule, Source
from monitor.messages import Message, Order, OrderKind, Post


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcer:
    """The messages of a configuration over an archive.

    Args:
        can_answer: kinds of channel in which analysts can press buttons.
    """

    archive: Archive
    sources: Sequence[Source]
    rules: Sequence[Rule]
    theme_names: Mapping[str, str]
    clock: Callable[[], datetime]
    can_answer: frozenset[str] = frozenset()

    def message_of(self, order: Order, post: Post | None, thread: str | None) -> Message | None:
        """What an order says; None if there is nothing to say any more.

        Args:
            post: the message whose thread it answers, where such are kept up to date.
            thread: remote id of the message that it answers; None: it stands alone.
        """
        match order.kind:
            case OrderKind.FOLDED:
                return self._folded(order)
            case OrderKind.NOTICE:
                return self._notice(order)
        return self._alert(order, thread=thread, thread_title="" if post is None else post.title)

    def update_of(self, post: Post) -> Message | None:
        """What a message that is kept up to date says now; None if nobody can tell any more."""
        order = self.archive.outbox.order(post.key)
        if order is None:
            return None
        if post.kind is OrderKind.FOLDED:
            return self._folded(order)
        if not self.is_threaded(order):
            return None
        return self._alert(order, thread=None, thread_title="")

    def people(self) -> set[str]:
        """Addresses at which people are told of alerts."""
        return {address for rule in self.rules for address in rule.to if address not in rule.machines}

    def is_threaded(self, order: Order) -> bool:
        """True if an order belongs into the thread of its event."""
        rule = next((each for each in self.rules if each.id == order.rule), None)
        return order.kind is OrderKind.ALERT and (rule is None or rule.is_threaded)

    def _alert(self, order: Order, *, thread: str | None, thread_title: str) -> Message:
        assert order.event is not None
        assert order.item is not None
        kind, target = split(order.channel)
        alert = self.archive.reading.alert_of(order.key)
        filed = self.archive.reading.item(order.item)
        event = self.archive.events.record(self.archive.events.find(order.event), self.clock())
        name = self._source_name(filed.item.source)
        return compose.alert_message(
            Telling(
                key=order.key,
                address=target,
                event=event,
                filed=filed,
                source_name=name,
                why=f"{alert.reason if alert else f'rule {order.rule}'} · first seen {filed.item.first_seen:%Y-%m-%d %H:%MZ}",
                theme_names=self.theme_names,
                today=self.clock().date(),
                news=order.note,
                thread=thread,
                thread_title=thread_title,
                can_answer=kind in self.can_answer,
                record={} if alert is None else _record(alert),
            )
        )

    def _folded(self, order: Order) -> Message | None:
        assert order.since is not None
        assert order.until is not None
        _, target = split(order.channel)
        found = self.archive.reading.folded(order.channel, order.since, order.until)
        if not found:
            return None
        items: list[tuple[Filed, str]] = []
        for each in found:
            filed = self.archive.reading.item(each.item)
            items.append((filed, self._source_name(filed.item.source)))
        return compose.folded_message(
            key=order.key,
            address=target,
            items=items,
            reasons=[each.reason for each in found],
            since=order.since,
            hint=f"monitor alerts --state folded --channel '{order.channel}' --since {order.since:%Y-%m-%d}",
        )

    def _notice(self, order: Order) -> Message:
        _, target = split(order.channel)
        failing = {channel: (since, error) for channel, since, error in self.archive.reading.failing_channels()}
        since, error = failing.get(order.rule, (order.since or order.created_at, order.note))
        return compose.notice_message(
            key=order.key,
            address=target,
            channel=order.rule,
            since=since,
            error=error,
            waiting=self.archive.outbox.waiting(order.rule),
        )

    def _source_name(self, source: str) -> str:
        return next((each.name for each in self.sources if each.id == source), source)


def _record(alert: AlertRow) -> dict[str, object]:
    """An alert for a machine (docs/webhooks.md)."""
    return {
        "kind": alert.kind,
        "rule": alert.rule,
        "rule_version": alert.rule_version,
        "reason": alert.reason,
        "news": alert.news,
        "model": alert.model,
        "scores": dict(alert.scores),
        "terms": [[term.term, term.weight] for term in alert.terms],
        "decided_at": stamp(alert.decided_at),
    }
