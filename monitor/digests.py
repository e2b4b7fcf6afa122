"""The digests: when each reader's is due, what it covers and what it tells. Orders go to the outbox; delivery sends them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from monitor import digest, match, query
from monitor.archive import Archive
from monitor.channels import split
from monitor.errors import MessageRefused
from monitor.health import is_silent
from monitor.items import Filed, Source, Subscription
from monitor.messages import MailParts, Message, Order
from monitor.pace import Pace, is_stale
from monitor.sources.zones import zone_of

CATCH_UP = timedelta(hours=12)
"""How late a digest may still go out; later it belongs to the next day's."""
DEADLINE_DAYS = 14
SECOND = timedelta(seconds=1)
FIRST_DIGEST = timedelta(days=1)
"""What a recipient's first digest covers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Digests:
    """The digests of a configuration over an archive."""

    archive: Archive
    sources: Sequence[Source]
    subscriptions: Sequence[Subscription]
    theme_names: Mapping[str, str]
    pace: Pace
    clock: Callable[[], datetime]

    def order_due(self) -> int:
        """Put the digests in the outbox whose time has come; how many."""
        now = self.clock()
        ordered = 0
        for subscription in self.subscriptions:
            for channel in subscription.to:
                day = due_day(subscription, now, self.archive.outbox.digest_days(subscription.id, channel))
                if day is not None:
                    ordered += self.order(subscription, day, channel, now)
        return ordered

    def order(self, subscription: Subscription, day: str, channel: str, now: datetime) -> bool:
        """Put one recipient's digest of a local day in the outbox; False if it is there already."""
        until = now + SECOND  # the end is exclusive, and what came in this very second belongs to it
        since = self.archive.outbox.digest_until(subscription.id, channel, until) or now - FIRST_DIGEST
        with self.archive.errors():
            return self.archive.outbox.put_digest(subscription.id, day, channel, since, until, now)

    def message_of(self, order: Order) -> Message:
        """The mail that an order asks for, from the archive as it is now.

        Raises:
            MessageRefused: the digest is no longer in feeds.yaml.
        """
        _, target = split(order.channel)
        subscription = next((each for each in self.subscriptions if each.id == order.rule), None)
        if subscription is None:
            raise MessageRefused(f"the digest {order.rule} is no longer in feeds.yaml", subject=order.channel)
        assert order.since is not None
        assert order.until is not None
        rendered = digest.render(self.content(subscription, order.since, order.until))
        return Message(
            key=order.key,
            address=target,
            headline=rendered.subject,
            title=rendered.subject,
            url=None,
            extract=rendered.text,
            fields=(),
            why=f"digest {subscription.id}",
            hint=f"monitor digest {subscription.id} --preview",
            text=rendered.subject,
            mail=MailParts(text=rendered.text, html=rendered.html, list_id=subscription.id),
        )

    def content(self, subscription: Subscription, since: datetime, until: datetime) -> digest.Content:
        """What a digest of a span tells."""
        reading = self.archive.reading
        tree = match.compiled(subscription.when)
        items = reading.new_items(tree, since, until, until, digest.MAX_ITEMS * 5)
        by_event: dict[str, list[Filed]] = {}
        for each in items:
            # a digest of everything means everything that has a theme, not the whole news
            if each.event is not None and (each.themes or subscription.when):
                by_event.setdefault(each.event, []).append(each)
        entries = [
            digest.Entry(event=self.archive.events.record(event, until), items=tuple(found)) for event, found in by_event.items()
        ]
        entries.sort(key=lambda each: (-each.event.importance, each.event.id))
        new = [each for each in entries if each.event.first_seen >= since]
        moved = [each for each in entries if each.event.first_seen < since]
        today = until.astimezone(ZoneInfo(subscription.tz)).date()
        wanted = set(query.themes(tree))
        deadlines = [
            each
            for each in self.archive.events.deadlines(today, today + timedelta(days=DEADLINE_DAYS), until)
            if not each.date.is_withdrawn and (not wanted or wanted & set(each.themes))
        ]
        kept_new, kept_moved = new[: digest.MAX_EVENTS], moved[: digest.MAX_EVENTS]
        return digest.Content(
            name=subscription.id,
            when=subscription.when,
            lang=subscription.lang,
            tz=subscription.tz,
            since=since,
            until=until,
            deadlines=tuple(deadlines),
            new=tuple(kept_new),
            moved=tuple(kept_moved),
            left_out=len(new) + len(moved) - len(kept_new) - len(kept_moved),
            notes=tuple(self._notes(until)),
            sources=len(self.sources),
            source_names={source.id: source.name for source in self.sources},
            theme_names=self.theme_names,
        )

    def _notes(self, now: datetime) -> list[str]:
        """What a reader should know about what he was not told."""
        states = self.archive.intake.states()
        found = []
        for source in self.sources:
            state = states.get(source.id)
            if is_stale(source, state, now, self.pace):
                last = (
                    "never read"
                    if state is None or state.last_success is None
                    else f"last read {state.last_success:%Y-%m-%d %H:%MZ}"
                )
                problem = f": {state.error_text}" if state is not None and state.error_text else ""
                found.append(f"{source.name} ({source.id}): {last}{problem}")
            elif state is not None and state.last_new is not None and is_silent(state, zone=zone_of(source), now=now):
                found.append(f"{source.name} ({source.id}): is read, but brought nothing new since {state.last_new:%Y-%m-%d}")
        found += [
            f"{channel} does not take messages since {since:%Y-%m-%d %H:%MZ}: {error}"
            for channel, since, error in self.archive.reading.failing_channels()
        ]
        return found


def due_day(subscription: Subscription, now: datetime, done: set[str]) -> str | None:
    """The local day whose digest should go out now; None if none is due.

    A day's digest is due from its local time on (where the clock skips that time: from the moment after the gap), until CATCH_UP
    later, once whatever the clock does.
    """
    zone = ZoneInfo(subscription.tz)
    local = now.astimezone(zone)
    hour, minute = (int(part) for part in subscription.at.split(":"))
    for day in (local.date(), local.date() - timedelta(days=1)):
        # fold=0: the first of two equal times; a time that does not exist maps to the moment after the gap
        due_at = datetime(day.year, day.month, day.day, hour, minute, tzinfo=zone)
        late = now - due_at.astimezone(ZoneInfo("UTC"))
        if timedelta(0) <= late <= CATCH_UP and day.isoformat() not in done:
            return day.isoformat()
    return None
