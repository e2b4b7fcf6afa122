"""An archive that a test fills item by item, and the digests over it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from builders import a_source, an_item
from conftest import NOW, Clock

from monitor.archive import Archive
from monitor.archive.intake import Change
from monitor.dedupe import sort_out
from monitor.digest_content import Content
from monitor.digests import Digests
from monitor.items import Findings, Item, Judged, KeyDate, Link, Shown, SourceState, Stage, Subscription, Tag, Tier
from monitor.messages import Order, Receipt
from monitor.pace import Pace

MORNING = Subscription(id="morning", to=("mori@x.example",), at="08:00", tz="Asia/Tokyo", when="theme:export_control")
YESTERDAY = NOW - timedelta(days=1)


class Desk:
    """An archive that is filled item by item, and the digests over it."""

    def __init__(self, archive: Archive, clock: Clock) -> None:
        self.archive = archive
        self.clock = clock
        self._count = 0

    def file(
        self,
        event: str,
        at: datetime = NOW - timedelta(hours=1),
        *,
        theme: str | None = "export_control",
        score: float = 0.9,
        shown: Shown | None = None,
        dates: tuple[KeyDate, ...] = (),
        copy_of: str | None = None,
        merged: tuple[str, ...] = (),
        **changes: Any,
    ) -> Item:
        """Judge an item into an event at a moment; by default a report of the press."""
        self._count += 1
        base: dict[str, Any] = {
            "key": str(self._count),
            "url": f"http://x.example/{self._count}",
            "title": f"Report {self._count}",
            "tier": Tier.PRESS,
            "lang": "en",
            "source": "wire",
            "country": "US",
            "published": at,
            "first_seen": at,
        }
        item = an_item(**base | changes)
        found = sort_out(self.archive.intake.known(item.source, [item]), [item])
        self.archive.intake.store(Change(found=found, state=SourceState(id=item.source), at=at))
        stage = shown.stage if shown is not None and item.tier is Tier.OFFICIAL else Stage.REPORTED
        judged = Judged(
            item=item,
            findings=Findings(lang=item.lang, dates=dates, shown=shown, stage=stage),
            tags=() if theme is None else (Tag(theme=theme, score=score, is_given=True),),
            link=Link(event=event, is_new=False, copy_of=copy_of, merged=merged),
            model="m",
        )
        self.archive.judging.write([judged], [], at)
        return item

    def official(self, event: str, at: datetime = NOW - timedelta(hours=1), **changes: Any) -> Item:
        return self.file(event, at, **{"tier": Tier.OFFICIAL, "source": "bis"} | changes)

    def digests(self, *subscriptions: Subscription, **changes: Any) -> Digests:
        base: dict[str, Any] = {
            "archive": self.archive,
            "sources": [a_source(id="wire", name="Wire"), a_source(id="bis", name="BIS")],
            "subscriptions": subscriptions or (MORNING,),
            "theme_names": {"export_control": "Export control"},
            "pace": Pace(),
            "clock": self.clock,
        }
        return Digests(**base | changes)

    def content(
        self, since: datetime = YESTERDAY, until: datetime = NOW, *, channel: str | None = None, **changes: Any
    ) -> Content:
        return self.digests().content(replace(MORNING, **changes), since, until, channel=channel)

    def orders(self, channel: str = "mori@x.example") -> list[Order]:
        found = []
        while (order := self.archive.outbox.next(channel, self.clock() + timedelta(days=400))) is not None:
            found.append(order)
            self.archive.outbox.begin(order)
            self.archive.outbox.sent(order, Receipt(remote_id=f"<{order.id}@x>"), None, self.clock())
        return found


def headings(content: Content) -> dict[str, list[str]]:
    """Events by heading."""
    names = ("new", "escalated", "moved", "quiet", "singles")
    return {name: [each.event.id for each in getattr(content, name)] for name in names if getattr(content, name)}
