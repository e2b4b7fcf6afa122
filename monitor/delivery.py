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

from monitor import compose
from monitor.archive import Archive
from monitor.channels import Channel, split
from monitor.digests import Digests
from monitor.errors import ArchiveBusy, ArchiveError, ChannelError, MessageRefused, MonitorError
from monitor.items import Rule, Source
from monitor.messages import Message, Order, OrderState, Receipt

log = logging.getLogger(__name__)

FIRST_RETRY = timedelta(seconds=30)
LONGEST_RETRY = timedelta(hours=1)
LOOK_BACK = timedelta(minutes=2)


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
    digests: Digests
    theme_names: Mapping[str, str]
    open_channel: Callable[[str], Channel]
    clock: Callable[[], datetime]
    pause: Callable[[float], None] = time.sleep
    is_stopped: Callable[[], bool] = lambda: False

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
            return self.digests.message_of(order)
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

    def _folded(self, channel: str) -> int:
        last = self.archive.outbox.last_sent(channel)
        return self.archive.outbox.folded_since(channel, last) if last else 0

    def _source_name(self, source: str) -> str:
        return next((each.name for each in self.sources if each.id == source), source)
