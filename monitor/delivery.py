"""The third job: orders in the outbox to messages in channels. Sends, retries, keeps the receipt; decides nothing else.

Before a try the order is marked doubtful, after it sent, waiting or dead. So a process that dies in between leaves a doubtful
order, and a doubtful order is looked up in the channel before it is sent again. No transaction is open while a channel is spoken to.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from monitor import compose, digest, match, query
from monitor.archive import Archive
from monitor.channels import Channel, split
from monitor.errors import ArchiveBusy, ArchiveError, ChannelError, MessageRefused, MonitorError
from monitor.health import is_silent
from monitor.items import Filed, Message, Order, OrderState, Receipt, Rule, Source, Subscription
from monitor.pace import Pace, is_stale
from monitor.sources.zones import zone_of

log = logging.getLogger(__name__)

FIRST_RETRY = timedelta(seconds=30)
LONGEST_RETRY = timedelta(hours=1)
CATCH_UP = timedelta(hours=12)
"""How late a digest may still go out; later it belongs to the next day's."""
LOOK_BACK = timedelta(minutes=2)
DEADLINE_DAYS = 14
SECOND = timedelta(seconds=1)
FIRST_DIGEST = timedelta(days=1)
"""What a recipient's first digest covers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """What a run of delivery did."""

    sent: int
    found: int  # doubtful orders whose message was in the channel already
    failed: int  # to be tried again
    dead: int
    errors: tuple[str, ...]


@dataclass(slots=True, kw_only=True)
class Deliverer:
    """Delivery with its open channels.

    Args:
        open_channel: makes the channel of a kind; raises MonitorError if it is not configured.
        pause: waits between two messages to one channel.
    """

    archive: Archive
    sources: Sequence[Source]
    rules: Sequence[Rule]
    subscriptions: Sequence[Subscription]
    theme_names: Mapping[str, str]
    pace: Pace
    open_channel: Callable[[str], Channel]
    clock: Callable[[], datetime]
    pause: Callable[[float], None] = time.sleep
    is_stopped: Callable[[], bool] = lambda: False

    def order_digests(self) -> int:
        """Put the digests in the outbox whose time has come; how many."""
        now = self.clock()
        ordered = 0
        for subscription in self.subscriptions:
            for channel in subscription.to:
                day = due_day(subscription, now, self.archive.outbox.digest_days(subscription.id, channel))
                if day is not None:
                    ordered += self.order_digest(subscription, day, channel, now)
        return ordered

    def order_digest(self, subscription: Subscription, day: str, channel: str, now: datetime) -> bool:
        """Put one recipient's digest of a local day in the outbox; False if it is there already."""
        until = now + SECOND  # the end is exclusive, and what came in this very second belongs to it
        since = self.archive.outbox.digest_until(subscription.id, channel, until) or now - FIRST_DIGEST
        with self.archive.errors():
            return self.archive.outbox.put_digest(subscription.id, day, channel, since, until, now)

    def run(self, *, digest: str | None = None) -> Delivered:
        """Send what is due, channel by channel; a channel that fails never holds another.

        Args:
            digest: only orders of this digest; None for everything.
        """
        counts = {"sent": 0, "found": 0, "failed": 0, "dead": 0}
        errors: list[str] = []
        open_channels: dict[str, Channel] = {}
        for address in self.archive.outbox.channels_due(self.clock()):
            is_first = True
            while not self.is_stopped():
                order = self.archive.outbox.next(address, self.clock(), digest)
                if order is None:
                    break
                outcome, error = self._try(order, open_channels, is_first=is_first)
                is_first = False
                counts[outcome] += 1
                if error:
                    errors.append(error)
                if outcome == "failed":
                    break  # order within a channel is kept: what comes after waits, too
        return Delivered(errors=tuple(dict.fromkeys(errors)), **counts)

    def message_of(self, order: Order) -> Message:
        """What an order says, from the archive as it is now."""
        _, target = split(order.channel)
        if order.kind == "digest":
            return self._digest_message(order, target)
        assert order.event is not None
        assert order.item is not None
        filed = self.archive.reading.item(order.item)
        rule = next((each for each in self.rules if each.id == order.rule), None)
        thread = (
            self.archive.outbox.thread_of(order.channel, self.archive.events.find(order.event))
            if rule is None or rule.is_threaded
            else None
        )
        alerts = [each for each in self.archive.reading.alerts_of(order.item) if each.rule == order.rule]
        return compose.alert_message(
            key=order.key,
            address=target,
            event=self.archive.events.record(self.archive.events.find(order.event), self.clock()),
            filed=filed,
            source_name=self._source_name(filed.item.source),
            why=alerts[0].reason if alerts else f"rule {order.rule}",
            theme_names=self.theme_names,
            folded=self._folded(order.channel),
            thread=thread,
            today=self.clock().date(),
        )

    def digest_content(self, subscription: Subscription, since: datetime, until: datetime) -> digest.Content:
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

    def _try(self, order: Order, open_channels: dict[str, Channel], *, is_first: bool) -> tuple[str, str | None]:
        """One attempt at an order: how it ended (a key of the counts), and the error if it did not go."""
        kind, _ = split(order.channel)
        now = self.clock()
        has_begun = False
        try:
            channel = open_channels.get(kind) or open_channels.setdefault(kind, self.open_channel(kind))
            message = self.message_of(order)
            if order.state is OrderState.DOUBTFUL and channel.can_look:
                receipt = self._found(channel, message, order)
                if receipt is not None:
                    self._note_sent(order, receipt, message)
                    return "found", None
            if not is_first and channel.min_gap:
                self.pause(channel.min_gap)
            with self.archive.errors():
                self.archive.outbox.begin(order)
            has_begun = True
            receipt = channel.send(message)
        except MessageRefused as error:
            return self._note_failure(order, error, OrderState.DEAD, now)
        except ChannelError as error:
            # a failure before the post, such as of the look-up, leaves a doubt as it was
            after = OrderState.DOUBTFUL if error.is_ambiguous else OrderState.WAITING
            return self._note_failure(order, error, after if has_begun else order.state, now)
        except (ArchiveBusy, ArchiveError):
            raise
        except MonitorError as error:  # not configured: it waits until it is
            return self._note_failure(order, error, order.state, now)
        except Exception as error:  # a fault of ours with this order: the others go on
            log.exception("failed key=%s", order.key)
            own = ChannelError(f"internal error ({type(error).__name__})", subject=order.channel)
            return self._note_failure(order, own, OrderState.DOUBTFUL if has_begun else order.state, now)
        self._note_sent(order, receipt, message)
        return "sent", None

    def _found(self, channel: Channel, message: Message, order: Order) -> Receipt | None:
        """The receipt of a message that went before; None also if the channel does not let us look: rather twice than never."""
        try:
            return channel.find(message, (order.created_at - LOOK_BACK).timestamp())
        except MessageRefused as error:
            log.warning("cannot look key=%s error=%r", order.key, str(error))
            return None

    def _note_sent(self, order: Order, receipt: Receipt, message: Message) -> None:
        now = self.clock()
        with self.archive.errors():
            self.archive.outbox.sent(order, receipt.remote_id, message.thread, now)
        log.info("sent key=%s channel=%s tries=%d", order.key, order.channel, order.attempts + 1)

    def _note_failure(self, order: Order, error: MonitorError, state: OrderState, now: datetime) -> tuple[str, str]:
        asked = error.retry_after if isinstance(error, ChannelError) else None
        wait = timedelta(seconds=asked) if asked is not None else min(FIRST_RETRY * 2 ** min(order.attempts, 10), LONGEST_RETRY)
        text = str(error)
        with self.archive.errors():
            self.archive.outbox.failed(order, text, state=state, retry_at=self.clock() + wait, now=now)
        level = logging.ERROR if state is OrderState.DEAD else logging.WARNING
        log.log(level, "not sent key=%s state=%s error=%r", order.key, state.value, text)
        return ("dead" if state is OrderState.DEAD else "failed"), text

    def _digest_message(self, order: Order, target: str) -> Message:
        subscription = next((each for each in self.subscriptions if each.id == order.rule), None)
        if subscription is None:
            raise MessageRefused(f"the digest {order.rule} is no longer in feeds.yaml", subject=order.channel)
        assert order.since is not None
        assert order.until is not None
        rendered = digest.render(self.digest_content(subscription, order.since, order.until))
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
            html=rendered.html,
            body=rendered.text,
        )

    def _folded(self, channel: str) -> int:
        last = self.archive.outbox.last_sent(channel)
        return self.archive.outbox.folded_since(channel, last) if last else 0

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
            f"{channel} does not take messages since {since}: {error}"
            for channel, since, error in self.archive.reading.failing_channels()
        ]
        return found

    def _source_name(self, source: str) -> str:
        return next((each.name for each in self.sources if each.id == source), source)


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
