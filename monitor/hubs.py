"""Push instead of poll: keeps subscriptions at the hubs that sources announce (WebSub), and takes their calls.

A push is only a hint. What it brings is tested against its signature and thrown away; the source is then asked in the usual
way. So a forged push does nothing, a true one that is lost costs nothing but time, and polling goes on beside it as it was.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from http import HTTPStatus
from types import TracebackType
from typing import Self

from monitor.archive import Archive
from monitor.archive.hubs import Announced, HubSubscription
from monitor.errors import ArchiveBusy, ArchiveError, FetchError, MonitorError
from monitor.items import Source
from monitor.sources import websub
from monitor.sources.callback import Call, Listener, Reply
from monitor.sources.web import NetworkRules, Web
from monitor.sources.websub import Callback, Mode, Question

log = logging.getLogger(__name__)

PUSH_GAP = timedelta(minutes=1)
"""A source is asked at most so often because of pushes; the last of several is not lost, it waits."""
ASK_AGAIN = timedelta(days=1)
"""When a hub is asked again that refused, or did not confirm."""
SHORTEST = timedelta(hours=1)
"""A lease is not renewed more often, however short the hub makes it."""
UPKEEP = timedelta(seconds=5)
"""Time between two looks at what the sources announce."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is to be said to hubs now."""

    leave: tuple[HubSubscription, ...] = ()  # no longer of use
    begin: tuple[Announced, ...] = ()  # with hub and topic
    renew: tuple[HubSubscription, ...] = ()  # never confirmed, or near the end of the lease


def planned(
    sources: Sequence[Source],
    announced: Mapping[str, Announced],
    held: Mapping[str, HubSubscription],
    *,
    callback: str,
    now: datetime,
) -> Plan:
    """What is to be said to hubs, in the order of the sources.

    What a source that fails at the moment, or was not read at its new address yet, had announced stays as it is.
    """
    wanted = {source.id for source in sources}
    leave = [each for each in held.values() if each.source not in wanted]
    begin, renew = [], []
    for source in sources:
        said, has = announced.get(source.id), held.get(source.id)
        if said is None or not said.is_healthy or said.url != source.url:
            continue
        if has is not None and ((has.hub, has.topic) != (said.hub, said.topic) or not websub.is_made_for(callback, has.token)):
            leave.append(has)
            has = None
        if has is None and said.hub and said.topic:
            begin.append(said)
        elif has is not None and is_time_to_ask(has, now):
            renew.append(has)
    return Plan(leave=tuple(leave), begin=tuple(begin), renew=tuple(renew))


def is_time_to_ask(subscription: HubSubscription, now: datetime) -> bool:
    """True at two thirds of a confirmed lease, or a day after a request without an end. Times ahead are not believed."""
    since, wait = subscription.asked_at, ASK_AGAIN
    if not subscription.is_pending and subscription.confirmed_at is not None and subscription.expires_at is not None:
        since = subscription.confirmed_at
        wait = max((subscription.expires_at - since) * 2 / 3, SHORTEST)
    return not since <= now < since + wait


class Hubs:
    """The subscriptions of an archive and the server that hubs call; an async context manager, within intake's event loop.

    Args:
        ask: makes a source due.
    """

    def __init__(
        self,
        archive: Archive,
        callback: Callback,
        *,
        network: NetworkRules,
        clock: Callable[[], datetime],
        ask: Callable[[str], None],
    ) -> None:
        self._archive = archive
        self._callback = callback
        self._clock = clock
        self._ask = ask
        self._web = Web(network, clock)
        self._listener = Listener(self.answer, max_bytes=network.max_bytes)
        self._is_listening = False
        self._is_refused = False
        self._held = archive.hubs.all()
        self._left: dict[str, str] = {}  # token to topic, since the start
        self._asked: dict[str, datetime] = {}
        self._hinted: set[str] = set()
        self._kept_up_at: datetime | None = None
        self._upkeep: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        await self._listen()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self._listener.close()
        if self._upkeep is not None:
            self._upkeep.cancel()
            await asyncio.gather(self._upkeep, return_exceptions=True)
        await self._web.__aexit__(kind, error, trace)

    @property
    def port(self) -> int:
        """Where hubs are listened to."""
        return self._listener.port

    def look(self, sources: Sequence[Source]) -> None:
        """Ask the sources whose pushes had to wait, and now and then look after the subscriptions; returns at once."""
        now = self._clock()
        for source in sorted(self._hinted):
            self._hint(source, now)
        is_fresh = self._kept_up_at is not None and self._kept_up_at <= now < self._kept_up_at + UPKEEP
        if not is_fresh and (self._upkeep is None or self._upkeep.done()):
            self._kept_up_at = now
            self._upkeep = asyncio.create_task(self._keep_up_surely(sources))

    async def keep_up(self, sources: Sequence[Source]) -> None:
        """Leave, begin and renew subscriptions; hubs beside each other, the requests to one hub in turn.

        Raises:
            ArchiveBusy, ArchiveError: what was asked could not be kept.
        """
        if not self._is_listening:
            await self._listen()
        if not self._is_listening:
            return  # a hub that gets no answer refuses
        with self._archive.errors():
            announced = self._archive.hubs.announced()
            plan = planned(sources, announced, self._held, callback=self._callback.url, now=self._clock())
            for each in plan.leave:
                self._archive.hubs.forget(each.source)
                del self._held[each.source]
                self._left[each.token] = each.topic
        turns: dict[str, list[tuple[Mode, HubSubscription]]] = defaultdict(list)
        for mode, subscriptions in (
            (Mode.UNSUBSCRIBE, [each for each in plan.leave if websub.is_made_for(self._callback.url, each.token)]),
            (Mode.SUBSCRIBE, [self._new(each) for each in plan.begin]),
            (Mode.SUBSCRIBE, plan.renew),
        ):
            for each in subscriptions:
                turns[each.hub].append((mode, each))
        ends = await asyncio.gather(*(self._in_turn(each) for each in turns.values()), return_exceptions=True)
        for error in ends:
            if error is not None:
                raise error

    async def answer(self, call: Call) -> Reply:
        """Answer a hub.

        Raises:
            BodyTooLarge: a push of more bytes than a document may have.
        """
        token = call.path.rpartition("/")[2]
        subscription = next((each for each in self._held.values() if each.token == token), None)
        try:
            if call.method == "GET":
                asked = websub.question(call.query)
                return Reply(HTTPStatus.NOT_FOUND) if asked is None else self._verified(asked, token, subscription)
            if call.method == "POST":
                return await self._pushed(call, token, subscription)
        except (ArchiveBusy, ArchiveError) as error:
            log.error("%s", error)
            return Reply(HTTPStatus.SERVICE_UNAVAILABLE)
        return Reply(HTTPStatus.METHOD_NOT_ALLOWED)

    def _verified(self, asked: Question, token: str, subscription: HubSubscription | None) -> Reply:
        """Whether we want what the hub was asked for. A request is confirmed once, so a repeated question moves nothing."""
        if asked.mode is Mode.UNSUBSCRIBE and self._left.get(token) == asked.topic:
            return Reply(HTTPStatus.OK, asked.challenge)
        if subscription is None or subscription.topic != asked.topic:
            return Reply(HTTPStatus.NOT_FOUND)
        now = self._clock()
        if asked.mode is Mode.DENIED:
            self._keep(replace(subscription, asked_at=now, confirmed_at=None, expires_at=None))
            log.info("hub denied source=%s", subscription.source)
            return Reply(HTTPStatus.OK)
        if asked.mode is Mode.UNSUBSCRIBE or not subscription.is_pending:
            return Reply(HTTPStatus.NOT_FOUND)
        confirmed = max(now, subscription.asked_at)
        self._keep(replace(subscription, confirmed_at=confirmed, expires_at=confirmed + asked.lease))
        log.info("subscribed source=%s lease_s=%d", subscription.source, asked.lease.total_seconds())
        return Reply(HTTPStatus.OK, asked.challenge)

    async def _pushed(self, call: Call, token: str, subscription: HubSubscription | None) -> Reply:
        """Take a push as a hint, if it is signed. Signed or not, the answer is the same: nobody learns by trying."""
        if subscription is None:
            return Reply(HTTPStatus.GONE if token in self._left else HTTPStatus.NOT_FOUND)
        proof = websub.Proof(call.signature, subscription.secret)
        async for piece in call.pieces:
            proof.add(piece)
        if proof.holds():
            log.info("pushed source=%s", subscription.source)
            self._hint(subscription.source, self._clock())
        else:
            log.warning(
                "push ignored source=%s: its signature is %s", subscription.source, "wrong" if call.signature else "missing"
            )
        return Reply(HTTPStatus.ACCEPTED)

    def _hint(self, source: str, now: datetime) -> None:
        last = self._asked.get(source)
        if last is not None and last <= now < last + PUSH_GAP:
            self._hinted.add(source)
            return
        self._hinted.discard(source)
        self._asked[source] = now
        self._ask(source)

    def _new(self, said: Announced) -> HubSubscription:
        assert said.hub is not None
        assert said.topic is not None
        return HubSubscription(
            source=said.source,
            hub=said.hub,
            topic=said.topic,
            token=websub.new_token(self._callback.url),
            secret=websub.new_secret(),
            asked_at=self._clock(),
        )

    async def _in_turn(self, requests: Sequence[tuple[Mode, HubSubscription]]) -> None:
        for mode, subscription in requests:
            if mode is Mode.SUBSCRIBE:
                # kept before the hub hears of it, because it may verify before it answers
                self._keep(replace(self._held.get(subscription.source, subscription), asked_at=self._clock()))
            await self._request(mode, subscription)

    async def _request(self, mode: Mode, subscription: HubSubscription) -> None:
        form = websub.form(
            mode,
            topic=subscription.topic,
            callback=websub.address(self._callback.url, subscription.token),
            secret=subscription.secret,
        )
        try:
            status = await self._web.post(subscription.hub, form, subject=subscription.source)
            outcome = "accepted" if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES else f"refused with HTTP {status}"
        except FetchError as error:
            outcome = f"failed: {error.kind}"
        log.info("hub asked source=%s mode=%s outcome=%r", subscription.source, mode, outcome)

    def _keep(self, subscription: HubSubscription) -> None:
        with self._archive.errors():
            self._archive.hubs.put(subscription)
        self._held[subscription.source] = subscription

    async def _listen(self) -> None:
        try:
            await self._listener.open(self._callback.host, self._callback.port)
        except OSError as error:
            level = logging.DEBUG if self._is_refused else logging.ERROR  # tried again and again, told once
            log.log(level, "cannot listen at %s:%d for hubs: %s", self._callback.host, self._callback.port, error.strerror)
            self._is_refused = True
            return
        self._is_listening = True
        log.info("listening for hubs at %s:%d", self._callback.host, self.port)

    async def _keep_up_surely(self, sources: Sequence[Source]) -> None:
        try:
            await self.keep_up(sources)
        except MonitorError as error:
            log.error("%s", error)
        except Exception:
            log.exception("internal error in the upkeep of hubs; going on")
