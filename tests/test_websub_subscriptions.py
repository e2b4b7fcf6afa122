"""Subscriptions at a hub of ours: begun as announced, renewed in time, asked for again after a day, ended when left."""

from __future__ import annotations

import asyncio
import socket
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
from builders import a_source
from conftest import NOW
from hub_fake import NETWORK, PUBLIC, TOPIC, HubFake, Stage, fixture_hub, fixture_stage  # noqa: F401 (fixtures)

from monitor.archive.hubs import Announced, HubSubscription
from monitor.hubs import Hubs, Plan, is_time_to_ask, planned
from monitor.sources import websub
from monitor.sources.websub import Callback


@pytest.mark.parametrize("mood", [500, 403, 307, "silent"])
def test_a_hub_that_refuses_or_never_verifies_is_asked_again_after_a_day(stage: Stage, mood: int | str) -> None:
    """Not before; and it may call on the same address then. A redirect is not followed."""
    stage.hub.moods = [mood]

    async def scene(found: Hubs) -> None:
        await found.keep_up([stage.source])
        stage.clock.move(hours=23)
        await found.keep_up([stage.source])
        assert len(stage.hub.forms) == 1
        stage.clock.move(hours=1)
        assert await stage.subscribe(found) == (200, b"Zm9v+/=")

    stage.play(scene)
    first, second = stage.hub.forms
    assert first == second
    assert stage.held.confirmed_at == NOW + timedelta(days=1)


def test_a_hub_that_cannot_be_reached_holds_nothing_up(stage: Stage, hub: HubFake) -> None:
    """Its source waits a day; another hub is asked in the same upkeep."""
    gone = "http://127.0.0.1:9/"
    stage.announce(id="gone", url="http://gone.example/", hub=gone, topic="http://gone.example/")
    stage.announce(id="inner", url="http://inner.example/", hub="http://10.0.0.1/", topic="http://inner.example/")

    async def scene(found: Hubs) -> None:
        sources = [a_source(id=name, url=f"http://{name}.example/") for name in ("gone", "inner")]
        await found.keep_up([*sources, stage.source])
        assert (await asyncio.to_thread(hub.verified.get, timeout=5))[0] == 200

    stage.play(scene)
    assert {name: each.is_pending for name, each in stage.archive.hubs.all().items()} == {
        "gone": True,
        "inner": True,
        "meti": False,
    }


def test_a_lease_is_renewed_at_two_thirds(stage: Stage) -> None:
    """As the hub granted it, not as we asked; with the same address and key, so that no push falls between two."""
    stage.hub.lease = 3 * 86_400

    async def scene(found: Hubs) -> None:
        await stage.subscribe(found)
        stage.clock.move(hours=47)
        await found.keep_up([stage.source])
        assert len(stage.hub.forms) == 1
        stage.clock.move(hours=1)
        assert await stage.subscribe(found) == (200, b"Zm9v+/=")

    stage.play(scene)
    first, second = stage.hub.forms
    assert first == second
    assert stage.held.expires_at == NOW + timedelta(days=5)


def test_a_restart_asks_for_nothing_that_it_has(stage: Stage) -> None:
    """What was confirmed is in the archive, and a push after the restart is known."""

    async def before(found: Hubs) -> None:
        await stage.subscribe(found)

    async def after(found: Hubs) -> None:
        await found.keep_up([stage.source])
        assert await asyncio.to_thread(stage.hub.push, b"<rss/>") == 202

    stage.clock.move(milliseconds=700)
    stage.play(before)
    stage.play(after)
    assert len(stage.hub.forms) == 1
    assert stage.asked == ["meti"]


def test_a_denied_subscription_ends_and_is_asked_for_after_a_day(stage: Stage) -> None:
    """A hub may change its mind at any time."""

    async def scene(found: Hubs) -> None:
        await stage.subscribe(found)
        callback = stage.hub.forms[0]["hub.callback"]
        stage.clock.move(days=2)
        query = urlencode({"hub.mode": "denied", "hub.topic": TOPIC, "hub.reason": "closed\nx=1"})
        assert (await asyncio.to_thread(stage.hub.call, "GET", f"{urlsplit(callback).path}?{query}"))[0] == 200
        assert stage.held.expires_at is None
        stage.clock.move(hours=23)
        await found.keep_up([stage.source])
        assert len(stage.hub.forms) == 1
        stage.clock.move(hours=1)
        await stage.subscribe(found)

    stage.play(scene)
    assert stage.held.expires_at == NOW + timedelta(days=13)


def test_a_source_that_left_is_unsubscribed(stage: Stage) -> None:
    """The hub is told, its question is answered, later pushes are told that it is over."""

    async def scene(found: Hubs) -> None:
        await stage.subscribe(found)
        await found.keep_up([])
        assert await asyncio.to_thread(stage.hub.verified.get, timeout=5) == (200, b"Zm9v+/=")
        assert await asyncio.to_thread(stage.hub.push, b"<rss/>") == 410

    stage.play(scene)
    assert [form["hub.mode"] for form in stage.hub.forms] == ["subscribe", "unsubscribe"]
    assert stage.hub.forms[1]["hub.callback"] == stage.hub.forms[0]["hub.callback"]
    assert "hub.secret" not in stage.hub.forms[1]
    assert stage.archive.hubs.all() == {}
    assert stage.asked == []


def test_a_source_that_changes_its_hub_or_topic_is_subscribed_anew(stage: Stage) -> None:
    """Under another address and with another key."""

    async def scene(found: Hubs) -> None:
        await stage.subscribe(found)
        stage.announce(topic="http://meti.example/new")
        await stage.subscribe(found)
        await asyncio.to_thread(stage.hub.verified.get, timeout=5)

    stage.play(scene)
    first, left, second = stage.hub.forms
    assert [form["hub.mode"] for form in (first, left, second)] == ["subscribe", "unsubscribe", "subscribe"]
    assert (left["hub.topic"], second["hub.topic"]) == (TOPIC, "http://meti.example/new")
    assert not {first["hub.callback"], first["hub.secret"]} & {second["hub.callback"], second["hub.secret"]}


def test_a_source_that_names_no_hub_any_more_is_unsubscribed(stage: Stage) -> None:
    """Its word counts as soon as it is read in health."""

    async def scene(found: Hubs) -> None:
        await stage.subscribe(found)
        stage.announce(hub=None, topic=None, error_kind="timeout")
        await found.keep_up([stage.source])
        assert len(stage.hub.forms) == 1
        stage.announce(hub=None, topic=None)
        await stage.subscribe(found)

    stage.play(scene)
    assert [form["hub.mode"] for form in stage.hub.forms] == ["subscribe", "unsubscribe"]
    assert stage.archive.hubs.all() == {}


def test_a_place_that_is_taken_stops_nothing_and_is_told_once(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    """No hub is asked that could not call back; when the place is free, all goes on."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]

        async def scene() -> None:
            callback = Callback(PUBLIC, "127.0.0.1", port)
            async with Hubs(stage.archive, callback, network=NETWORK, clock=stage.clock, ask=stage.asked.append) as found:
                await found.keep_up([stage.source])
                assert stage.hub.forms == []
                other.close()
                stage.hub.port = port
                assert (await stage.subscribe(found))[0] == 200

        asyncio.run(scene())
    assert [record.levelname for record in caplog.records if "cannot listen" in record.message] == ["ERROR"]


# what is said when, without a network


def announced(**changes: Any) -> Announced:
    base = {"source": "meti", "url": TOPIC, "hub": "https://hub.example/", "topic": TOPIC, "is_healthy": True}
    return Announced(**base | changes)


def held(**changes: Any) -> HubSubscription:
    base = {
        "source": "meti",
        "hub": "https://hub.example/",
        "topic": TOPIC,
        "token": websub.new_token(PUBLIC),
        "secret": "s",
        "asked_at": NOW,
        "confirmed_at": NOW,
        "expires_at": NOW + timedelta(days=9),
    }
    return HubSubscription(**base | changes)


def plan(said: Announced | None, has: HubSubscription | None, *, callback: str = PUBLIC, **later: float) -> Plan:
    known = {} if said is None else {"meti": said}
    kept = {} if has is None else {"meti": has}
    return planned([a_source(url=TOPIC)], known, kept, callback=callback, now=NOW + timedelta(**later))


@pytest.mark.parametrize(
    "said",
    [
        None,
        announced(hub=None),
        announced(topic=None),
        announced(is_healthy=False),
        announced(url="http://meti.example/old"),
    ],
)
def test_only_what_a_healthy_source_announces_is_subscribed(said: Announced | None) -> None:
    """Hub and topic, both, of the address that feeds.yaml has now."""
    assert plan(said, None) == Plan()


@pytest.mark.parametrize(
    "said", [None, announced(is_healthy=False, hub=None), announced(url="http://meti.example/old", hub=None)]
)
def test_a_source_in_trouble_keeps_its_subscription(said: Announced | None) -> None:
    """One bad fetch is no farewell."""
    assert plan(said, held(), days=30) == Plan()


def test_a_source_that_announces_no_hub_any_more_is_left() -> None:
    """It is polled, as ever."""
    has = held()
    assert plan(announced(hub=None, topic=None), has) == Plan(leave=(has,))


def test_another_callback_is_told_to_the_hubs() -> None:
    """A subscription is good for the address that it was made for."""
    has, said = held(), announced()
    assert plan(said, has) == Plan()
    assert plan(said, has, callback="https://elsewhere.example/hub") == Plan(leave=(has,), begin=(said,))


def test_a_lease_of_seconds_is_not_renewed_every_few_seconds() -> None:
    """Once an hour at most; and a time that lies ahead is not believed."""
    brief = held(expires_at=NOW + timedelta(seconds=3))
    assert not is_time_to_ask(brief, NOW + timedelta(minutes=59))
    assert is_time_to_ask(brief, NOW + timedelta(hours=1))
    assert is_time_to_ask(held(asked_at=NOW + timedelta(days=400), confirmed_at=None), NOW)
