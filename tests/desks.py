"""A desk that answers analysts, and an archive in which something was told, for tests."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from builders import NOW
from conftest import Clock

from monitor.answers import Desk
from monitor.archive import Archive
from monitor.archive.intake import Change
from monitor.dedupe import sort_out
from monitor.items import (
    Alert,
    AlertState,
    Findings,
    Item,
    Judged,
    KeyDate,
    Link,
    Rule,
    Shown,
    SourceState,
    Subscription,
    Tag,
    event_id,
)
from monitor.messages import Request, Verb

HERE = "slack:#econsec"
THEMES = {
    "export_control": "Export control",
    "critical_minerals": "Critical minerals",
    "telecom_5g": "Telecom and 5G",
}
RULES = (Rule(id="now", when="theme:export_control", to=(HERE, "mori@x.example")),)
DIGESTS = (Subscription(id="morning", to=("slack:#digests",), at="08:00", tz="Asia/Tokyo", when=""),)


def a_desk(archive: Archive, clock: Clock, **changes: Any) -> Desk:
    base: dict[str, Any] = {"archive": archive, "rules": RULES, "subscriptions": DIGESTS, "theme_names": THEMES, "clock": clock}
    return Desk(**base | changes)


def a_request(verb: Verb, **changes: Any) -> Request:
    """From the channel that the rule tells."""
    return Request(**{"verb": verb, "user": "U1", "name": "mori", "place": "C1", "address": HERE} | changes)


def order(
    archive: Archive,
    *items: Item,
    channel: str = HERE,
    event: str | None = None,
    themes: Sequence[str] = ("export_control",),
    dates: Sequence[KeyDate] = (),
    shown: Shown | None = None,
    at: datetime = NOW,
) -> None:
    """Items that were judged, and ordered for a channel."""
    for item in items:
        found = sort_out(archive.intake.known(item.source, [item]), [item])
        archive.intake.store(Change(found=found, state=SourceState(id=item.source), at=at))
        link = Link(event=event or event_id(item.id), is_new=True)
        findings = Findings(
            lang=item.lang, dates=tuple(dates), **({} if shown is None else {"shown": shown, "stage": shown.stage})
        )
        tags = tuple(Tag(theme=theme, score=0.9 if theme in themes else 0.1, is_given=theme in themes) for theme in THEMES)
        judged = Judged(item=item, findings=findings, tags=tags, link=link, model="m")
        alert = Alert(
            rule="now",
            item=item.id,
            event=link.event,
            channel=channel,
            state=AlertState.WAITING,
            reason="rule now",
            decided_at=at,
            not_before=at,
        )
        archive.judging.write([judged], [alert], at)


def tell(
    archive: Archive, *items: Item, channel: str = HERE, place: str | None = "C1", state: str = "sent", **changes: Any
) -> None:
    """Items ordered for a channel, with what became of the orders.

    Args:
        place: the channel's own id, as the receipt told it; None: unknown.
        changes: as of order().
    """
    order(archive, *items, channel=channel, **changes)
    ask = archive._connection.execute
    ask("update outbox set state = ?, remote_id = '1700000000.000001' where channel = ?", [state, channel])
    ask("insert into channels (id, place) values (?, ?) on conflict (id) do update set place = excluded.place", [channel, place])
