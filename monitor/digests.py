"""The digests: when each reader's is due, what it covers and what it tells. Orders go to the outbox; delivery sends them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from monitor import digest, gathering, match
from monitor.archive import Archive
from monitor.channels import split
from monitor.compose import moment_text
from monitor.digest_content import Content
from monitor.digest_words import WORDS, in_words
from monitor.errors import MessageRefused
from monitor.health import is_silent
from monitor.items import Source, SourceState, Subscription
from monitor.messages import MailParts, Message, Order
from monitor.pace import Pace, is_stale
from monitor.sources.zones import zone_of

CATCH_UP = timedelta(hours=12)
"""How late a digest may still go out; later it belongs to the next day's."""
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
    local_names: Mapping[str, Mapping[str, str]] = field(default_factory=dict)  # theme names by language of the frame
    address: str | None = None  # where readers reach us, no slash at its end; None: nowhere

    def order_due(self) -> int:
        """Put the digests in the outbox whose time has come; how many."""
        now = self.clock()
        ordered = 0
        for subscription in self.subscriptions:
            day = due_day(subscription, now)
            if day is None:
                continue
            has = self.archive.readers.ordered(subscription.id, day) | self.archive.readers.stopped(subscription.id)
            ordered += sum(self.order(subscription, day, channel, now) for channel in subscription.to if channel not in has)
        return ordered

    def order(self, subscription: Subscription, day: str, channel: str, now: datetime) -> bool:
        """Put one reader's digest of a local day in the outbox; False if it is there already, or the reader has ended it."""
        with self.archive.errors():
            if self.archive.readers.known(subscription.id, channel).stopped_at is not None:
                return False
            until = now + SECOND  # the end is exclusive, and what came in this very second belongs to it
            since = self.archive.readers.last_until(subscription.id, channel, until) or now - FIRST_DIGEST
            return self.archive.outbox.put_digest(subscription.id, day, channel, since, until, now)

    def message_of(self, order: Order) -> Message:
        """The mail that an order asks for, of what the archive had when it was ordered.

        Raises:
            MessageRefused: the digest is no longer in feeds.yaml, or its reader has ended it.
        """
        kind, target = split(order.channel)
        subscription = next((each for each in self.subscriptions if each.id == order.rule), None)
        if subscription is None:
            raise MessageRefused(f"the digest {order.rule} is no longer in feeds.yaml", subject=order.channel)
        with self.archive.errors():
            reader = self.archive.readers.known(subscription.id, order.channel)
        if reader.stopped_at is not None:
            raise MessageRefused(f"its reader has ended the digest {order.rule}", subject=order.channel)
        assert order.since is not None
        assert order.until is not None
        # its token is for the reader alone: what is printed may end in a log
        stop = None if self.address is None or kind != "mail" else f"{self.address}/unsubscribe/{reader.token}"
        content = self.content(subscription, order.since, order.until, channel=order.channel)
        rendered = digest.render(replace(content, stop=stop))
        return Message(
            key=order.key,
            address=target,
            headline=rendered.subject,
            title=rendered.subject,
            url=None,
            extract="" if kind == "mail" else rendered.text,
            fields=(),
            why=f"digest {subscription.id}",
            hint=f"monitor digest {subscription.id} --preview",
            text=rendered.subject,
            mail=MailParts(
                text=rendered.text,
                html=rendered.html,
                files=rendered.files,
                list_id=subscription.id,
                unsubscribe=stop if stop is not None and stop.startswith("https://") else None,
            ),
        )

    def content(self, subscription: Subscription, since: datetime, until: datetime, *, channel: str | None = None) -> Content:
        """What a digest of a span tells.

        Args:
            channel: the reader, who is told what fell quiet only of what he was told before; None: of anything.
        """
        names = {**self.theme_names, **self.local_names.get(subscription.lang, {})}
        source_names = {source.id: source.name for source in self.sources}
        tree = match.compiled(subscription.when)
        told_since = None if channel is None else self.archive.readers.first_since(subscription.id, channel)
        found = gathering.gathered(
            self.archive,
            gathering.Wanted(tree=tree, is_themed=not subscription.when),
            since=since,
            until=until,
            zone=ZoneInfo(subscription.tz),
            told_since=told_since,
            lang=subscription.lang,
        )
        states = self.archive.intake.states()
        return Content(
            name=subscription.id,
            when=subscription.when,
            wants=in_words(tree, subscription.lang, names, source_names) if subscription.when else "",
            lang=subscription.lang,
            tz=subscription.tz,
            since=since,
            until=until,
            dates=found.dates,
            dates_left_out=found.dates_left_out,
            changed=found.changed,
            new=found.new,
            escalated=found.escalated,
            moved=found.moved,
            quiet=found.quiet,
            singles=found.singles,
            left_out=found.left_out,
            days=found.days,
            notes=tuple(self._notes(subscription, until, states)),
            sources=len(self.sources),
            read=sum(self._is_read(each, states.get(each.id), until) for each in self.sources),
            last_reading=max((each.last_success for each in states.values() if each.last_success), default=None),
            came=self.archive.readers.came(since, until),
            source_names=source_names,
            theme_names=names,
        )

    def _is_read(self, source: Source, state: SourceState | None, now: datetime) -> bool:
        is_ever = state is not None and state.last_success is not None
        return is_ever and not is_stale(source, state, now, self.pace)

    def _notes(self, subscription: Subscription, now: datetime, states: Mapping[str, SourceState]) -> list[str]:
        """What a reader should know about what he was not told, in the words and the zone of his digest."""
        words, zone = WORDS.get(subscription.lang, WORDS["en"]), ZoneInfo(subscription.tz)
        found = []
        for source in self.sources:
            state = states.get(source.id)
            if is_stale(source, state, now, self.pace):
                read = None if state is None else state.last_success
                last = words.never_read if read is None else words.last_read.format(moment=moment_text(read.astimezone(zone)))
                problem = f": {state.error_text}" if state is not None and state.error_text else ""
                found.append(f"{source.name} ({source.id}): {last}{problem}")
            elif state is not None and state.last_new is not None and is_silent(state, zone=zone_of(source), now=now):
                silent = words.silent.format(day=state.last_new.astimezone(zone).date().isoformat())
                found.append(f"{source.name} ({source.id}): {silent}")
        found += [
            f"{words.failing.format(channel=channel, moment=moment_text(since.astimezone(zone)))}: {error}"
            for channel, since, error in self.archive.reading.failing_channels()
        ]
        return found


def due_day(subscription: Subscription, now: datetime) -> str | None:
    """The local day whose digest should have gone out by now; None if none is due.

    A day's digest is due from its local time on (where the clock skips that time: from the moment after the gap), until CATCH_UP
    later.
    """
    zone = ZoneInfo(subscription.tz)
    local = now.astimezone(zone)
    hour, minute = (int(part) for part in subscription.at.split(":"))
    for day in (local.date(), local.date() - timedelta(days=1)):
        # fold=0: the first of two equal times; a time that does not exist maps to the moment after the gap
        due_at = datetime(day.year, day.month, day.day, hour, minute, tzinfo=zone)
        late = now - due_at.astimezone(ZoneInfo("UTC"))
        if timedelta(0) <= late <= CATCH_UP:
            return day.isoformat()
    return None
