"""The third job: orders in the outbox to messages in channels. Sends, retries, keeps the receipt; decides nothing else.

Before a try the order is marked doubtful, after it sent, waiting or dead. So a process that dies in between leaves a doubtful
order, and a doubtful order is looked up in the channel before it is sent again. No transaction is open while a channel is spoken
to, and each address is spoken to in a thread of its own: one that does not answer holds no other.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from monitor import compose
from monitor.announce import Announcer
from monitor.archive import Archive
from monitor.bucket import Bucket
from monitor.channels import Channel
from monitor.digests import Digests
from monitor.errors import ArchiveBusy, ArchiveError, ChannelError, MessageGone, MessageRefused, MonitorError, RetryLater
from monitor.messages import Message, Order, OrderKind, OrderState, Post, Receipt

log = logging.getLogger(__name__)

FIRST_RETRY = timedelta(seconds=2)
"""What a channel is waited for after its first failure; then as long again as it has failed already."""
FIRST_FAULT = timedelta(seconds=30)
"""What an order is left alone for that fails by a fault of its own; then twice as long each time."""
LONGEST_RETRY = timedelta(hours=1)
LONGEST_PATIENCE = timedelta(days=1)
"""A channel that asks for more is asked again after so long."""
FAULTS = 12
"""Tries, over some five hours, of an order that fails by a fault of its own or of ours; then it is dead."""
LOOKS = 20
"""Messages that are compared with the archive in one step."""
LOOK_BACK = timedelta(minutes=2)
OUTAGE = timedelta(hours=1)
"""A channel that takes nothing for so long is told of in the others."""
BURST = 3
"""Messages that an address takes at once after a pause. Source: Slack, Rate limits: one a second, short bursts are tolerated."""
AT_ONCE = 16
"""Addresses that are spoken to at the same time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """What a run of delivery did."""

    sent: int
    found: int  # doubtful orders whose message was in the channel already
    failed: int  # to be tried again
    dead: int
    errors: tuple[str, ...]


@dataclass(slots=True, kw_only=True)
class _Try:
    """One thing that is being said to an address."""

    address: str
    channel: Channel
    began: datetime
    order: Order | None  # None: only the post is brought up to date
    message: Message | None  # of the order
    post: Post | None  # to bring up to date first
    update: Message | None  # what the post says now; None: it is right as it is
    future: Future[Receipt | None] = field(default_factory=Future)
    is_edited: bool = False
    is_send_begun: bool = False
    is_found: bool = False


@dataclass(slots=True, kw_only=True)
class Deliverer:
    """Delivery with its open channels; make one, and run it, or take a step at a time.

    Args:
        open_channel: makes the channel of an address; raises MonitorError if it is not configured.
        pause: waits between two messages to one channel, in `run`; `step` waits for nobody.
    """

    archive: Archive
    announcer: Announcer
    digests: Digests
    open_channel: Callable[[str], Channel]
    clock: Callable[[], datetime]
    pause: Callable[[float], None] = time.sleep
    monotonic: Callable[[], float] = time.monotonic
    is_stopped: Callable[[], bool] = lambda: False
    _channels: dict[str, Channel] = field(default_factory=dict, init=False)  # by address, those that were opened
    _buckets: dict[str, Bucket] = field(default_factory=dict, init=False)  # by address
    _tries: dict[str, _Try] = field(default_factory=dict, init=False)  # by address
    _counts: dict[str, int] = field(default_factory=dict, init=False)
    _errors: dict[str, None] = field(default_factory=dict, init=False)  # each once, in order: nobody may ask for them for months

    def run(self, *, digest: str | None = None) -> Delivered:
        """Say everything that is due, and wait for its end.

        Args:
            digest: only orders of this digest; None for everything.
        """
        try:
            while not self.is_stopped():
                soonest = self.step(digest=digest)
                if self._tries:
                    wait([each.future for each in self._tries.values()], timeout=soonest, return_when=FIRST_COMPLETED)
                elif soonest is not None:
                    self.pause(soonest)
                else:
                    break
        finally:
            self.finish(0.0)
        return self.taken()

    def taken(self) -> Delivered:
        """What was done since it was last asked."""
        counts, errors = self._counts, tuple(self._errors)
        self._counts, self._errors = {}, {}
        names = ("sent", "found", "failed", "dead")
        return Delivered(errors=errors, **{name: counts.get(name, 0) for name in names})

    def step(self, *, digest: str | None = None) -> float | None:
        """Note what has ended and begin what is due, one thing an address; never waits for a channel.

        Returns seconds until an address may be spoken to again that has something waiting; None if there is none.
        """
        self._collect()
        soonest: float | None = None
        for address in self.archive.outbox.channels_due(self.clock()):
            if address in self._tries or len(self._tries) >= AT_ONCE or self.is_stopped():
                continue
            rest = self._begin(address, digest)
            if rest is not None:
                soonest = rest if soonest is None else min(soonest, rest)
        return soonest

    def finish(self, seconds: float) -> None:
        """Begin nothing more, and note what ends within some seconds; what does not stays doubtful."""
        if self._tries:
            wait([each.future for each in self._tries.values()], timeout=seconds)
        self._collect()
        self._tries.clear()

    def take_over(self, before: Deliverer) -> None:
        """Wait for what another deliverer has begun, such as one by the settings of before; so nothing is begun a second time."""
        self._tries, before._tries = before._tries, {}
        self._buckets = before._buckets

    def order_notices(self) -> int:
        """Order that the other channels are told of one that takes nothing since OUTAGE; how many."""
        now = self.clock()
        known = self.archive.reading.failing_channels()
        failing = [each for each in known if now - each[1] >= OUTAGE]
        if not failing:
            return 0
        down = {channel for channel, _, _ in known}
        ordered = 0
        for to in self.announcer.people() - down:
            for channel, since, error in failing:
                with self.archive.errors():
                    ordered += self.archive.outbox.put_notice(to, channel, since, error, now)
        return ordered

    def _collect(self) -> None:
        for each in [each for each in self._tries.values() if each.future.done()]:
            is_noted = True
            try:
                self._end(each)
            except (ArchiveBusy, ArchiveError):  # its end is known, and noted at a later step
                is_noted = False
                raise
            finally:
                if is_noted:
                    del self._tries[each.address]

    def _bucket(self, address: str, channel: Channel) -> Bucket:
        """How fast an address may be spoken to; what was said before the program began counts, too."""
        if address not in self._buckets:
            last = self.archive.outbox.last_sent(address)
            idle = (self.clock() - last).total_seconds() if last else channel.min_gap * BURST
            self._buckets[address] = Bucket(gap=channel.min_gap, burst=BURST, idle=idle, monotonic=self.monotonic)
        return self._buckets[address]

    def _begin(self, address: str, digest: str | None) -> float | None:
        """Begin the oldest thing that is due for an address.

        Returns seconds until there may be more to begin; None if there was nothing, or it has begun.
        """
        now = self.clock()
        order = self.archive.outbox.next(address, now, digest)
        if order is None and digest is not None:
            return None
        channel = self._opened(address, order, now)
        if channel is None:
            return None if order is None else 0.0
        bucket = self._bucket(address, channel)
        # news goes before what is only brought up to date
        rest = bucket.rest(2 if order is None else 1)
        if rest > 0:
            return rest
        if order is None:
            found = self._looked_after(address, channel, now)
        else:
            may_edit = not bucket.rest(2) and not self.archive.outbox.has_more(order, now)
            found = self._asked(order, channel, now, may_edit=may_edit)
        if found is None:
            return 0.0 if order is not None or self.archive.outbox.stale(address, now) is not None else None
        bucket.take((found.update is not None) + (found.message is not None))
        self._tries[address] = found
        try:
            # a thread that nobody waits for at the end of the process: a channel may take minutes to give up
            threading.Thread(target=self._attempt, args=(found,), name=f"deliver {address}", daemon=True).start()
        except RuntimeError as error:  # no more threads
            found.future.set_exception(error)
        return None

    def _attempt(self, this: _Try) -> None:
        try:
            this.future.set_result(self._speak(this))
        except BaseException as error:  # noqa: BLE001 (it is met again where the try ends; without an end its address would wait for ever)
            this.future.set_exception(error)

    def _opened(self, address: str, order: Order | None, now: datetime) -> Channel | None:
        """The channel of an address; None, and it is noted, if it cannot be had now: what it is to say waits, and the others go on."""
        if address not in self._channels:
            try:
                self._channels[address] = self.open_channel(address)
            except Exception as error:  # noqa: BLE001 (not configured, or a fault of ours: it is noted, and shown)
                if order is not None:
                    self._failed(order, error, OrderState.DEAD if isinstance(error, MessageRefused) else order.state)
                    return None
                log.warning("cannot look after the messages of channel=%s error=%r", address, _cause(error))
                with self.archive.errors():
                    self.archive.outbox.fail(address, _cause(error), retry_at=now + LONGEST_RETRY, now=now)
        return self._channels.get(address)

    def _asked(self, order: Order, channel: Channel, now: datetime, *, may_edit: bool) -> _Try | None:
        """What an order asks to be said; None if it has nothing to say any more, or cannot be told now.

        Args:
            may_edit: the message that it answers is brought up to date first; else that is done when there is time.
        """
        # marked before it is read: what is folded from here on comes in another list, and no silence comes too late unseen
        with self.archive.errors():
            if not self.archive.outbox.begin(order):
                return None
        try:
            with self.archive.errors():
                found = self._composed(order, channel, now, may_edit=may_edit)
        except (ArchiveBusy, ArchiveError):
            with self.archive.errors():
                self.archive.outbox.give_back(order)
            raise
        except Exception as error:  # noqa: BLE001 (of this order alone: it is noted, and the others go on)
            self._failed(order, error, OrderState.DEAD if isinstance(error, MessageRefused) else order.state, is_of_channel=False)
            return None
        if found is None:
            with self.archive.errors():
                self.archive.outbox.drop(order, "nothing to say any more")
        return found

    def _composed(self, order: Order, channel: Channel, now: datetime, *, may_edit: bool) -> _Try | None:
        post: Post | None = None
        thread: str | None = None
        if self.announcer.is_threaded(order) and order.event is not None:
            if channel.can_edit:
                post = self.archive.outbox.post_of(order.channel, order.event)
                thread = post.remote_id if post else None
            else:
                thread = self.archive.outbox.thread_of(order.channel, order.event)
        message = (
            self.digests.message_of(order) if order.kind is OrderKind.DIGEST else self.announcer.message_of(order, post, thread)
        )
        if message is None:
            return None
        return _Try(
            address=order.channel,
            channel=channel,
            began=now,
            order=order,
            message=message,
            post=post,
            update=self._update(post) if may_edit else None,
        )

    def _looked_after(self, address: str, channel: Channel, now: datetime) -> _Try | None:
        """A message of the address that is to be brought up to date; None if there was none among the next ones."""
        for _ in range(LOOKS):
            post = self.archive.outbox.stale(address, now)
            if post is None:
                break
            update = self._update(post) if channel.can_edit else None
            if update is not None:
                return _Try(address=address, channel=channel, began=now, order=None, message=None, post=post, update=update)
            with self.archive.errors():
                self.archive.outbox.checked(post, now)
        return None

    def _update(self, post: Post | None) -> Message | None:
        """What a message should say instead; None if it is right, or nobody can tell: then it stays as it is."""
        if post is None:
            return None
        try:
            with self.archive.errors():
                message = self.announcer.update_of(post)
        except (ArchiveBusy, ArchiveError):
            raise
        except Exception:
            log.exception("cannot compose channel=%s message=%s anew; it stays as it is", post.channel, post.remote_id)
            return None
        return None if message is None or compose.fingerprint_of(message) == post.digest else message

    def _speak(self, this: _Try) -> Receipt | None:
        """Speak to the channel, in a thread of the address; touches no archive."""
        if (
            this.order is not None
            and this.message is not None
            and this.order.state is OrderState.DOUBTFUL
            and this.channel.can_look
        ):
            receipt = self._found(this.channel, this.message, this.order)
            if receipt is not None:
                this.is_found = True
                return receipt
        if this.post is not None and this.update is not None:
            # also tells whether the thread is still there
            try:
                this.channel.edit(this.update, this.post.remote_id)
                this.is_edited = True
            except MessageGone:
                raise
            except MessageRefused as error:  # the thread is there all the same
                log.warning("may not edit channel=%s message=%s error=%r", this.address, this.post.remote_id, str(error))
        if this.message is None:
            return None
        this.is_send_begun = True
        return this.channel.send(this.message)

    def _found(self, channel: Channel, message: Message, order: Order) -> Receipt | None:
        """The receipt of a message that went before; None also if the channel does not let us look: rather twice than never."""
        try:
            return channel.find(message, (order.created_at - LOOK_BACK).timestamp())
        except MessageRefused as error:
            log.warning("cannot look key=%s error=%r", order.key, str(error))
            return None

    def _end(self, this: _Try) -> None:
        """Note how a try ended."""
        now = self.clock()
        error = this.future.exception()
        if this.post is not None and this.update is not None and (this.is_edited or (error is None and this.order is None)):
            with self.archive.errors():
                self.archive.outbox.checked(
                    this.post, this.began, compose.fingerprint_of(this.update) if this.is_edited else None
                )
        if error is None:
            if this.order is not None:
                receipt = this.future.result()
                assert receipt is not None
                self._sent(this, this.order, receipt, now)
        elif this.post is not None and isinstance(error, MessageGone):
            log.info("cannot go on with channel=%s message=%s: %s", this.address, this.post.remote_id, error)
            with self.archive.errors():
                self.archive.outbox.gone(this.post, now)
                if this.order is not None:  # it opens a new thread
                    self.archive.outbox.give_back(this.order)
        elif this.order is None:
            self._update_failed(this, error, now)
        else:
            self._failed(
                this.order,
                error,
                self._state_after(this, this.order, error),
                is_of_channel=isinstance(error, RetryLater | MessageRefused),
            )

    def _state_after(self, this: _Try, order: Order, error: BaseException) -> OrderState:
        if isinstance(error, MessageRefused):
            return OrderState.DEAD
        if not this.is_send_begun:  # a failure before the post, such as of the look-up, leaves a doubt as it was
            return order.state
        is_ambiguous = error.is_ambiguous if isinstance(error, ChannelError) else True
        return OrderState.DOUBTFUL if is_ambiguous else OrderState.WAITING

    def _sent(self, this: _Try, order: Order, receipt: Receipt, now: datetime) -> None:
        assert this.message is not None
        is_kept_up = this.channel.can_edit and (
            order.kind is OrderKind.FOLDED or (this.message.thread is None and self.announcer.is_threaded(order))
        )
        with self.archive.errors():
            self.archive.outbox.sent(
                order,
                receipt,
                this.message.thread,
                now,
                title=this.message.title,
                # what was found was said at an earlier try
                digest=None if not is_kept_up else "" if this.is_found else compose.fingerprint_of(this.message),
            )
        self._count("found" if this.is_found else "sent")
        log.info("sent key=%s channel=%s tries=%d", order.key, order.channel, order.attempts + 1)

    def _failed(self, order: Order, error: BaseException, state: OrderState, *, is_of_channel: bool = True) -> None:
        """Note that an order could not be told.

        Args:
            is_of_channel: False if it is no fault of the channel: it goes on, and this order is given up after FAULTS tries.
        """
        now = self.clock()
        if not isinstance(error, MonitorError):
            log.error("failed key=%s", order.key, exc_info=error)
        if not is_of_channel and order.attempts + 1 >= FAULTS:
            state = OrderState.DEAD
        text = str(error) if isinstance(error, MonitorError) else f"{order.channel}: {_cause(error)}"
        own = min(FIRST_FAULT * 2 ** min(order.attempts, 10), LONGEST_RETRY)
        retry_at = now + (_asked_for(error) or (self._patience(order.channel, now) if is_of_channel else own))
        with self.archive.errors():
            self.archive.outbox.failed(order, text, state=state, retry_at=retry_at, now=now, is_of_channel=is_of_channel)
        level = logging.ERROR if state is OrderState.DEAD else logging.WARNING
        log.log(level, "not sent key=%s state=%s error=%r", order.key, state.value, text)
        self._count("dead" if state is OrderState.DEAD else "failed")
        self._errors[text] = None

    def _patience(self, address: str, now: datetime) -> timedelta:
        """How long a channel that fails is left alone: so that the waits double, whatever a kill did to the count of tries."""
        since = self.archive.outbox.failing_since(address) or now
        return min(max(FIRST_RETRY, now - since), LONGEST_RETRY)

    def _update_failed(self, this: _Try, error: BaseException, now: datetime) -> None:
        """A message could not be brought up to date: another time; nothing is lost."""
        assert this.post is not None
        log.warning("not edited channel=%s message=%s error=%r", this.address, this.post.remote_id, str(error))
        with self.archive.errors():
            if isinstance(error, RetryLater):
                self.archive.outbox.put_off(this.post, now)
                self.archive.outbox.fail(
                    this.address, str(error), retry_at=now + (_asked_for(error) or self._patience(this.address, now)), now=now
                )
            else:
                self.archive.outbox.checked(this.post, this.began)

    def _count(self, outcome: str) -> None:
        self._counts[outcome] = self._counts.get(outcome, 0) + 1


def _asked_for(error: BaseException) -> timedelta | None:
    """How long a channel asked to be left alone, at most LONGEST_PATIENCE; None if it did not."""
    asked = error.retry_after if isinstance(error, ChannelError) else None
    return None if asked is None else timedelta(seconds=min(asked, LONGEST_PATIENCE.total_seconds()))


def _cause(error: BaseException) -> str:
    """What an operator may read of an error: of one that is not ours only its kind, since its text may hold a secret."""
    return str(error) if isinstance(error, MonitorError) else f"internal error ({type(error).__name__})"
