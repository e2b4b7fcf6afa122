"""Slack's incoming webhooks: what arrives, what an answer means, and that the address is never told."""

from __future__ import annotations

import json
import logging
import traceback
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from builders import a_message
from fakes import Answer, HookFake
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor import config, house
from monitor.channels.slack_webhook import SlackWebhook, _payload
from monitor.errors import ChannelError, ConfigError, MessageRefused, MonitorError, SecretMissing
from monitor.messages import Message

MARK = "T0m4rk3d"
MESSAGE = a_message(address="econsec")


@pytest.fixture
def hook() -> Iterator[HookFake]:
    found = HookFake()
    yield found
    found.close()


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.delenv(name, raising=False)


def a_slack_webhook(url: str, timeout: int = 5) -> SlackWebhook:
    return SlackWebhook(url, name="econsec", min_gap=0.0, timeout=timeout)


def failure(channel: SlackWebhook, message: Message = MESSAGE) -> MonitorError:
    with pytest.raises(MonitorError) as caught:
        channel.send(message)
    return caught.value


def test_a_message_arrives_as_the_bots_does(hook: HookFake) -> None:
    """Text and blocks in one post, without links being unfolded."""
    receipt = a_slack_webhook(f"{hook.base}/services/T/B/x").send(MESSAGE)
    [(path, headers, body)] = hook.calls
    sent = json.loads(body)
    assert path == "/services/T/B/x"
    assert headers["content-type"].startswith("application/json")
    assert sent["text"] == "Export control: New list"
    assert sent["blocks"][0]["text"]["text"] == "Export control · New list"
    assert (sent["unfurl_links"], sent["unfurl_media"]) == (False, False)
    assert receipt.remote_id


def test_a_webhook_knows_neither_threads_nor_buttons() -> None:
    """What needs a bot is left out; a reply says what it is about by itself."""
    reply = a_message(thread="slack-webhook:econsec:k1", is_broadcast=True, themes=(("a", "A"),), has_dates=True)
    assert _payload(reply) == _payload(a_message())
    assert not {"thread_ts", "reply_broadcast", "metadata"} & set(_payload(reply))
    assert "actions" not in {block["type"] for block in _payload(reply)["blocks"]}


@pytest.mark.parametrize(
    ("mood", "is_ambiguous", "retry_after"),
    [
        (Answer(b"rate_limited", status=429, headers={"Retry-After": "7"}), False, 7.0),
        (Answer(b"rate_limited", status=429), False, 30.0),
        (Answer(b"rate_limited", status=429, headers={"Retry-After": "-1"}), False, 30.0),
        (Answer(b"Internal Server Error", status=500), True, None),
        (Answer(b"rollup_error", status=500), True, None),
        (Answer(b"", status=503), True, None),
        (Answer(b"<html>Something is wrong</html>"), True, None),
        (Answer(b'{"ok": false, "error": "internal_error"}'), True, None),
        (Answer(b"\xff\xfe", headers={"Content-Type": "text/plain; charset=no-such"}), True, None),
        (Answer(b"ok", headers={"Content-Length": "99"}), True, None),
        (Answer(b"<html>Log in to the proxy</html>", status=403), False, None),
        (Answer(b"request_timeout", status=408), False, None),
        (Answer(b"", status=302, headers={"Location": "/login"}), True, None),
        (Answer(b"", status=307, headers={"Location": "/login"}), False, None),
        ("drop", True, None),
        ("drop_after", True, None),
        ("reset_after", True, None),
        ("hang", True, None),
    ],
)
def test_what_may_pass_is_tried_again_and_says_whether_it_may_have_arrived(
    hook: HookFake, mood: Answer | str, is_ambiguous: bool, retry_after: float | None
) -> None:
    """A wait that Slack asks for is kept; nothing is posted twice by itself."""
    hook.moods = [mood]
    found = failure(a_slack_webhook(hook.base, timeout=1))
    assert isinstance(found, ChannelError)
    assert (found.is_ambiguous, found.retry_after) == (is_ambiguous, retry_after)
    assert len([body for _, _, body in hook.calls if body]) == (0 if mood == "drop" else 1)


@pytest.mark.parametrize(
    ("status", "word"),
    [
        (400, "invalid_payload"),
        (400, "invalid_blocks"),
        (400, "no_text"),
        (403, "action_prohibited"),
        (403, "invalid_token"),
        (404, "channel_not_found"),
        (404, "no_service"),
        (404, "no_active_hooks"),
        (410, "channel_is_archived"),
        (404, "some_new_word"),
    ],
)
def test_slacks_refusals_are_final(hook: HookFake, status: int, word: str) -> None:
    """Told in Slack's word."""
    hook.moods = [Answer(word.encode(), status=status)]
    found = failure(a_slack_webhook(hook.base))
    assert isinstance(found, MessageRefused)
    assert word in str(found)


def test_a_refusal_that_a_person_can_mend_says_how(hook: HookFake) -> None:
    """The next step stands beside the word."""
    hook.moods = [Answer(b"no_service", status=404)]
    assert failure(a_slack_webhook(hook.base)).hint


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/x", "https://nowhere.invalid/x"])
def test_slack_that_cannot_be_reached_has_not_taken_the_message(url: str) -> None:
    """Nobody there, or no such name."""
    found = failure(a_slack_webhook(url))
    assert isinstance(found, ChannelError)
    assert not found.is_ambiguous


MOODS: list[Answer | str] = [
    Answer(MARK.encode()),
    Answer(b"no_service", status=404),
    Answer(b"channel_is_archived", status=410),
    Answer(f"https://hooks.slack.com/services/{MARK}".encode(), status=403),
    Answer(b"rate_limited", status=429),
    Answer(b"", status=302, headers={"Location": f"/{MARK}"}),
    Answer(b"", status=302, headers={"Location": f"ftp://{MARK}.example/"}),
    Answer(b"", status=500),
    Answer(b"ok", headers={"Content-Length": "99"}),
    Answer(b"x", headers={"Content-Type": f"text/plain; charset={MARK}"}),
    "drop",
    "drop_after",
    "reset_after",
    "hang",
]


@pytest.mark.parametrize("mood", MOODS)
def test_the_address_is_never_told(hook: HookFake, caplog: pytest.LogCaptureFixture, mood: Answer | str) -> None:
    """Not in an error, what hangs on it, a log of any level, a repr or a receipt."""
    caplog.set_level(logging.DEBUG)
    hook.moods = [mood]
    channel = a_slack_webhook(f"{hook.base}/services/{MARK}/B/x", timeout=1)
    _is_silent(channel, failure(channel), caplog)
    assert MARK not in repr(channel.send(MESSAGE))
    assert MARK not in caplog.text


@pytest.mark.parametrize("url", [f"http://127.0.0.1:9/{MARK}", f"https://{MARK}.invalid/"])
def test_the_address_of_nobody_is_not_told_either(url: str, caplog: pytest.LogCaptureFixture) -> None:
    """Nor its host."""
    caplog.set_level(logging.DEBUG)
    channel = a_slack_webhook(url)
    _is_silent(channel, failure(channel), caplog)


@pytest.mark.parametrize(
    "url",
    [
        "",
        MARK,
        f"http://hooks.slack.com/services/{MARK}",
        f"http://10.0.0.1/{MARK}",
        f"https:///{MARK}",
        f"https://hooks.slack.com/{MARK} x",
        f"https://hooks.slack.com/{MARK}\r\nHost: x",
        f"https://user:{MARK}@hooks.slack.com/",
        f"https://hooks.slack.com:99999/{MARK}",
        f"https://[{MARK}/",
        f"file:///{MARK}",
        f"https://hooks.slack.com/ä{MARK}",
    ],
)
def test_an_address_that_others_could_read_is_refused(url: str, caplog: pytest.LogCaptureFixture) -> None:
    """Only https, but for this machine; the error does not quote it."""
    with pytest.raises(ConfigError) as caught:
        a_slack_webhook(url)
    assert MARK not in "".join(traceback.format_exception(caught.value)) + caplog.text


@pytest.mark.parametrize("url", ["https://hooks.slack.com/services/T/B/x", "http://localhost:9/x", "http://[::1]:9/x"])
def test_https_and_this_machine_are_right(url: str) -> None:
    """Nothing is spoken to yet."""
    assert a_slack_webhook(url).can_look is False


def _is_silent(channel: SlackWebhook, error: MonitorError, caplog: pytest.LogCaptureFixture) -> None:
    told = "".join(traceback.format_exception(error)) + str(error) + repr(error) + repr(channel) + caplog.text
    each: BaseException | None = error
    while each is not None:
        told += str(each) + repr(each)
        each = each.__context__
    assert MARK.lower() not in told.lower()


TEXT = st.text(max_size=300) | st.sampled_from(["<!channel> & <@U1>", "&" * 5000, "あ" * 5000, "\x00\ud800"])


@settings(max_examples=60, deadline=None)
@given(title=TEXT, text=TEXT)
def test_any_text_is_within_slacks_limits_and_mentions_nobody(title: str, text: str) -> None:
    """The line for notifications, too; what is sent is JSON."""
    found = _payload(a_message(title=title, headline=title, text=text))
    assert len(found["text"]) <= 4000
    assert "<" not in found["text"]
    json.dumps(found)


def test_the_house_opens_a_webhook_by_its_name(
    hook: HookFake, tmp_path: Path, clock: Callable[[], datetime], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The address stands in the environment under the name in capitals, or in a file that a variable names."""
    path = tmp_path / "feeds.yaml"
    path.write_text("version: 1\nslack: {rate: 2/s}\n", encoding="utf-8")
    read = config.load(path)
    monkeypatch.delenv("SLACK_WEBHOOK_ECON_SEC", raising=False)
    with pytest.raises(SecretMissing, match="SLACK_WEBHOOK_ECON_SEC"):
        house.open_channel("slack-webhook:econ-sec", read, clock)
    secret = tmp_path / "secret"
    secret.write_text(f"{hook.base}/services/T/B/x\n", encoding="utf-8")
    monkeypatch.setenv("SLACK_WEBHOOK_ECON_SEC_FILE", str(secret))
    channel = house.open_channel("slack-webhook:econ-sec", read, clock)
    assert channel.min_gap == 0.5
    channel.send(MESSAGE)
    assert hook.calls[0][0] == "/services/T/B/x"


@pytest.fixture
def strict() -> Iterator[Any]:
    """A Slack that checks what it is sent."""
    fake_slack = pytest.importorskip("fake_slack")
    with fake_slack.FakeSlack(rate=0, burst=1000, strict=True) as found:
        yield found


@pytest.mark.shared
def test_the_stricter_slack_has_nothing_to_say_against_a_message(strict: Any) -> None:
    """No limit passed, no mention, no masked link, a text for notifications."""
    for extract in ("Twelve entities were added.", "<!channel> " * 3000, "経済" * 20_000):
        a_slack_webhook(strict.webhook("general")).send(
            a_message(extract=extract, fields=(("Stage", extract),) * 12, why=extract)
        )
    assert [each["warnings"] for each in strict.accepted()] == [[], [], []]


@pytest.mark.shared
@pytest.mark.parametrize(
    ("mode", "is_ambiguous"),
    [
        ("ratelimit", False),
        ("http500", True),
        ("http503", True),
        ("timeout", True),
        ("drop_before_accept", True),
        ("drop_after_accept", True),
        ("timeout_after_accept", True),
        ("reset_after_accept", True),
        ("garbage", True),
        ("internal_error", True),
        ("fatal_error", True),
    ],
)
def test_every_failure_of_the_stricter_slack_is_told_for_what_it_is(
    strict: Any, mode: str, is_ambiguous: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """And none takes a message twice by itself."""
    caplog.set_level(logging.DEBUG)
    strict.mode(mode)
    url = strict.webhook("general")
    found = failure(a_slack_webhook(url, timeout=1))
    assert isinstance(found, ChannelError)
    assert found.is_ambiguous == is_ambiguous
    assert (found.retry_after is not None) == (mode == "ratelimit")
    assert len(strict.accepted()) <= 1
    assert len(strict.events) == 1
    assert "/services/" not in caplog.text + str(found)


@pytest.mark.shared
@pytest.mark.parametrize("channel", ["no_service", "archived", "private", "nowhere"])
def test_every_refusal_of_the_stricter_slack_is_final(strict: Any, channel: str) -> None:
    """Removed, archived, forbidden, gone."""
    assert isinstance(failure(a_slack_webhook(strict.webhook(channel))), MessageRefused)


@pytest.mark.shared
def test_a_slow_slack_is_waited_for(strict: Any) -> None:
    """An answer within the timeout is an answer."""
    strict.mode("slow")
    assert a_slack_webhook(strict.webhook("general"), timeout=20).send(MESSAGE).remote_id
