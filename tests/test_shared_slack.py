"""Delivery against a Slack that checks what it is sent, in every failure that it knows."""

from __future__ import annotations

import importlib.util
import logging
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from builders import a_source
from conftest import NOW, SHARED, Clock
from relays import a_deliverer
from test_threads import an_english, tell

from monitor.archive import Archive
from monitor.channels.slack import Slack
from monitor.delivery import Deliverer
from monitor.items import AlertState, Rule

pytestmark = pytest.mark.shared
SECRET = "xoxb-m4rk3d-token"
RULE = Rule(id="now", when="theme:export_control", to=("slack:#alerts", "slack:#general"))
HOSTILE = [
    "<!channel> look at <@U0ANALYST> & <!subteam^S1>",
    "Visit www.bank.example now <https://evil.example|www.bank.example>",
    "*bold* _x_ ~y~ `code` ```block``` > quote :smile: #general @here",
    "{{ 7*7 }} ${HOME} %s {0}",
    "x" * 200_000,
    "\x1b[31mred\x1b[0m \u202eevil\u202c \u0000 \ufeff",
    "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "[click](https://evil.example) javascript:alert(1)",
    "&amp;&lt;&gt;" * 2000,
]


@pytest.fixture(scope="module")
def kit() -> Any:
    """The shared fake's module."""
    spec = importlib.util.spec_from_file_location("shared_fake_slack", SHARED / "hostile" / "fake_slack.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def strict(kit: Any) -> Iterator[Any]:
    """It accepts as fast as we post, and rejects what real Slack rejects."""
    with kit.FakeSlack(rate=1000, burst=1000, strict=True, retry_after=1) as found:
        yield found


@pytest.fixture
def deliver(archive: Archive, clock: Clock) -> Callable[..., Deliverer]:
    """A deliverer to a Slack; pauses cost no time unless a test asks for real ones."""

    def build(slack: Any, *, token: str = SECRET, **changes: Any) -> Deliverer:
        base: dict[str, Any] = {
            "rules": [RULE],
            "sources": [a_source(id="bis", name="BIS <!here>")],
            "open_channel": lambda address: Slack(token, api_url=slack.base_url, timeout=2),
        }
        return a_deliverer(archive, clock, **base | changes)

    return build


def settle(deliver: Callable[..., Deliverer], slack: Any, clock: Clock, rounds: int = 8) -> None:
    for _ in range(rounds):
        deliver(slack).run()
        clock.move(hours=2)
        slack.blocked_until.clear()  # it waits by its own clock


def posts(slack: Any) -> list[dict[str, Any]]:
    return [each for each in slack.accepted() if each["method"] == "chat.postMessage"]


FAULTS = [
    "ratelimit",
    "http500",
    "http503",
    "timeout",
    "drop_before_accept",
    "drop_after_accept",
    "timeout_after_accept",
    "garbage",
    "internal_error",
    "fatal_error",
    "reset_after_accept",
    "slow",
]


@pytest.mark.parametrize("fault", FAULTS)
def test_every_failure_ends_with_each_alert_told_once(
    archive: Archive, deliver: Callable[..., Deliverer], clock: Clock, strict: Any, fault: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing lost, nothing twice, nothing rejected, no secret in the log; in a thread as for a first message."""
    clock.now = datetime.now(UTC).replace(microsecond=0)  # the fake looks messages up by its own clock
    with caplog.at_level(logging.DEBUG):
        strict.mode(fault, 1)
        tell(archive, an_english(1), channel="slack:#alerts", at=clock.now)
        settle(deliver, strict, clock, 3)
        strict.mode(fault, 1)
        tell(archive, an_english(2), channel="slack:#alerts", at=clock.now)
        settle(deliver, strict, clock, 4)
    keys = [each["metadata"]["event_payload"]["key"] for each in posts(strict)]
    assert len(keys) == len(set(keys)) == 2
    assert [each for each in strict.events if each["kind"] == "rejected"] == []
    assert {each.state for each in archive.reading.alerts()} == {"sent"}
    assert SECRET not in caplog.text


def test_twenty_lost_answers_in_a_row_tell_nothing_twice(
    archive: Archive, deliver: Callable[..., Deliverer], clock: Clock, strict: Any
) -> None:
    """Each message is looked for before it would be repeated."""
    clock.now = datetime.now(UTC).replace(microsecond=0)
    for number in range(20):
        tell(archive, an_english(number), channel="slack:#alerts", event=f"E-{number}", at=clock.now)
    strict.mode("drop_after_accept", 20)
    settle(deliver, strict, clock, 25)
    assert len(posts(strict)) == 20
    assert {each.state for each in archive.reading.alerts()} == {"sent"}


@pytest.mark.parametrize(
    ("channel", "token", "error"),
    [
        ("slack:#archived", SECRET, "is_archived"),
        ("slack:#private", SECRET, "not_in_channel"),
        ("slack:#nowhere", SECRET, "channel_not_found"),
        ("slack:#alerts", "xoxb-invalid", "invalid_auth"),
        ("slack:#alerts", "xoxb-invalid-revoked", "token_revoked"),
    ],
)
def test_a_refusal_is_dead_at_once_and_says_why(
    archive: Archive, deliver: Callable[..., Deliverer], clock: Clock, strict: Any, channel: str, token: str, error: str
) -> None:
    """It is asked once, not for ever; the other channel is told."""
    tell(archive, an_english(1), channel=channel)
    tell(archive, an_english(2), channel="slack:#general")
    ok = deliver(strict)
    bad = deliver(strict, token=token).open_channel
    ok.open_channel = lambda address, good=ok.open_channel: bad(address) if address == channel else good(address)
    found = ok.run()
    assert (found.sent, found.dead) == (1, 1)
    assert error in found.errors[0]
    clock.move(days=1)
    assert deliver(strict).run().sent == 0


def test_slacks_rate_is_kept(archive: Archive, deliver: Callable[..., Deliverer], clock: Clock, kit: Any) -> None:
    """A backlog goes at the pace that Slack allows, in order: never a post inside a Retry-After."""
    with kit.FakeSlack(rate=20, burst=3, retry_after=1) as slack:
        for number in range(40):
            tell(archive, an_english(number), channel="slack:#alerts", event=f"E-{number}")
        import time

        channel = Slack(SECRET, api_url=slack.base_url, min_gap=0.06, timeout=5)
        deliverer = deliver(slack, open_channel=lambda address: channel, pause=time.sleep, monotonic=time.monotonic)
        assert deliverer.run().sent == 40
        assert [each for each in slack.events if each["kind"] == "ratelimited"] == []
        numbers = [int(each["text"].split("BIS notice ")[1].split(" ")[0]) for each in posts(slack)]
        assert numbers == list(range(40))


def test_hostile_texts_are_inert(archive: Archive, deliver: Callable[..., Deliverer], clock: Clock, strict: Any) -> None:
    """No mention, no masked link, nothing rejected, no warning of any kind; first messages, answers, edits and lists."""
    from monitor.items import item_id
    from monitor.normalise import clean

    for number, text in enumerate(HOSTILE):
        said = clean(text) or "x"
        for place, event in enumerate((f"E-{number}", f"E-{number}", f"F-{number}")):
            key = f"{number}-{place}"
            item = an_english(
                number,
                id=item_id("bis", key),
                key=key,
                title=f"{said[:900]} {place}",
                summary=said,
                url=f"https://bis.example/{key}?a=1&b=<>|\"'" if place else f"https://bis.example/{'y' * 4000}{key}",
            )
            state = AlertState.FOLDED if place == 2 else AlertState.WAITING
            tell(archive, item, channel="slack:#alerts", event=event, at=clock.now, state=state, reason=said[:500])
            deliver(strict).run()
            clock.move(minutes=5)
    settle(deliver, strict, clock, 3)
    assert len(posts(strict)) >= 2 * len(HOSTILE) + 1
    assert [each for each in strict.events if each["kind"] == "rejected"] == []
    assert [each["warnings"] for each in strict.accepted() if each["warnings"]] == []


def test_a_slack_that_is_down_for_an_hour_is_told_of_elsewhere_and_catches_up(
    archive: Archive, deliver: Callable[..., Deliverer], clock: Clock, strict: Any
) -> None:
    """The outage is in the digest's notes; when it is over everything is told."""
    tell(archive, an_english(1), channel="slack:#alerts")
    strict.mode("http503", 4)
    for _ in range(4):
        deliver(strict).run()
        clock.move(minutes=20)
    [(channel, since, _)] = archive.reading.failing_channels()
    assert (channel, since) == ("slack:#alerts", NOW)
    strict.mode("ok")
    clock.move(hours=1)
    assert deliver(strict).run().sent == 1
    assert archive.reading.failing_channels() == []
