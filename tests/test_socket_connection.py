"""The connection to Slack: it mends itself, ends at once when told to, gives up a wrong token, and keeps secrets out of logs."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

import pytest
from socket_desk import RELEVANT, VALUE, Desk, fixture_desk, fixture_fake, fixture_listen, wait_for  # noqa: F401 (fixtures)
from socket_fake import SocketFake

from monitor.channels import retry_after, socket_mode
from monitor.channels.socket_client import Client
from monitor.channels.socket_mode import SocketMode
from monitor.messages import Answer


def test_slack_moves_the_connection_and_nothing_is_lost(fake: SocketFake, desk: Desk, listen: Callable[..., SocketMode]) -> None:
    """As it does every few hours: refresh_requested."""
    listen()
    assert fake.wait_connected()
    fake.refresh()
    assert fake.wait_connected(2)
    fake.press(RELEVANT, VALUE)
    fake.wait_said(1)


def test_a_cut_connection_is_opened_again(
    fake: SocketFake, listen: Callable[..., SocketMode], caplog: pytest.LogCaptureFixture
) -> None:
    """Soon, without a traceback, and without a processor that spins."""
    caplog.set_level(logging.INFO)
    listen()
    assert fake.wait_connected()
    began, used = time.monotonic(), time.process_time()
    fake.drop()
    assert fake.wait_connected(2)
    assert time.monotonic() - began < 3
    assert time.process_time() - used < 1
    fake.press(RELEVANT, VALUE)
    fake.wait_said(1)
    assert [each for each in caplog.records if each.exc_info] == []


def test_it_starts_while_slack_is_down(
    fake: SocketFake, listen: Callable[..., SocketMode], caplog: pytest.LogCaptureFixture
) -> None:
    """At once; it is connected when Slack is back, and one line told of the wait."""
    fake.moods["apps.connections.open"] = ["http500", "http500", "http500", "garbage", "drop"]
    began = time.monotonic()
    listen()
    assert time.monotonic() - began < 1
    assert fake.wait_connected()
    told = [each.message for each in caplog.records if "HTTP 500" in each.message]
    assert told == ["not connected to slack cause='HTTP 500'; trying again"]


def test_it_starts_without_any_slack(listen: Callable[..., SocketMode], caplog: pytest.LogCaptureFixture) -> None:
    """Nobody listens at that address: the start returns, the stop is quick."""
    found = listen(api_url="http://127.0.0.1:9/api/")
    began = time.monotonic()
    found.stop()
    assert time.monotonic() - began < 2


@pytest.mark.parametrize("asked", ["99999999999", "9" * 400, "²", "soon", ""])
def test_no_wait_that_slack_asks_for_ends_the_connection(
    fake: SocketFake, listen: Callable[..., SocketMode], monkeypatch: pytest.MonkeyPatch, asked: str
) -> None:
    """One that is too long is cut, one that is no number is guessed."""
    monkeypatch.setattr(socket_mode, "LONGEST_ASKED", 0.1)
    monkeypatch.setattr(retry_after, "UNSAID", 0.1)
    fake.retry_after = asked
    fake.moods["apps.connections.open"] = ["ratelimit"]
    listen()
    assert fake.wait_connected()


def test_a_fault_of_ours_is_a_failed_try(
    fake: SocketFake, listen: Callable[..., SocketMode], caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is told once, and the connection is tried again."""
    true, faults = Client.issue_new_wss_url, [OverflowError(), OverflowError(), OverflowError()]

    def issue(client: Client) -> str:
        if faults:
            raise faults.pop()
        return true(client)

    monkeypatch.setattr(Client, "issue_new_wss_url", issue)
    listen()
    assert fake.wait_connected()
    assert [each.message for each in caplog.records if each.exc_info] == ["slack: internal error; trying again"]


@pytest.mark.parametrize("token", ["xapp-SECRET-wrong", "xapp-SECRET\nwrong", "xapp-SECRET-日本"])
def test_a_wrong_app_token_gives_one_line_and_no_loop(
    fake: SocketFake, listen: Callable[..., SocketMode], caplog: pytest.LogCaptureFixture, token: str
) -> None:
    """It is not asked again, and the token stands nowhere."""
    caplog.set_level(logging.DEBUG)
    found = listen(app_token=token)
    assert wait_for(lambda: any("not connected" in each.message for each in caplog.records))
    assert not fake.wait(lambda: len(fake.calls) > 1, 0.5)
    found.stop()
    lines = [each for each in caplog.records if each.levelno >= logging.WARNING]
    assert len(lines) == 1
    assert "SECRET" not in caplog.text
    assert "Traceback" not in caplog.text


def test_a_token_that_is_revoked_later_ends_it_with_one_line(
    fake: SocketFake, listen: Callable[..., SocketMode], caplog: pytest.LogCaptureFixture
) -> None:
    """The connection breaks, and Slack does not take the token any more."""
    listen()
    assert fake.wait_connected()
    fake.moods["apps.connections.open"] = ["token_revoked"] * 5
    fake.drop()
    assert wait_for(lambda: "token_revoked" in caplog.text)
    assert not fake.wait(lambda: len(fake.moods["apps.connections.open"]) < 4, 0.5)
    assert caplog.text.count("Check SLACK_APP_TOKEN") == 1


@pytest.mark.parametrize(
    "url", ["ws://slack.example/link", "wss://slack.example:8443/link", "http://slack.example", "", "wss://[x"]
)
def test_a_ticket_is_never_sent_in_the_clear(
    fake: SocketFake, listen: Callable[..., SocketMode], caplog: pytest.LogCaptureFixture, url: str
) -> None:
    """The library would speak plainly to any port but 443."""
    fake.wss_url = url or " "
    listen()
    assert wait_for(lambda: "not connected" in caplog.text)
    assert "slack.example" not in caplog.text


def test_it_ends_within_two_seconds(fake: SocketFake, desk: Desk, listen: Callable[..., SocketMode]) -> None:
    """Also while an answer waits for the archive; the thread that waits ends when it can."""
    free = threading.Event()
    ended = threading.Event()
    desk.reply = lambda _: Answer(text=str(free.wait(timeout=20)))
    found = listen(on_end=ended.set)
    assert fake.wait_connected()
    fake.wait_acknowledged(fake.press(RELEVANT, VALUE))
    began = time.monotonic()
    found.stop()
    assert time.monotonic() - began < 2
    free.set()
    assert ended.wait(timeout=10)


def test_it_ends_within_two_seconds_while_slack_is_silent(fake: SocketFake, listen: Callable[..., SocketMode]) -> None:
    """A call that hangs is left behind."""
    fake.moods["apps.connections.open"] = ["slow"]
    found = listen()
    began = time.monotonic()
    found.stop()
    assert time.monotonic() - began < 2


def test_no_secret_is_in_any_log(
    fake: SocketFake, desk: Desk, listen: Callable[..., SocketMode], caplog: pytest.LogCaptureFixture
) -> None:
    """Tokens, tickets, response addresses and what was typed stay out, however much is logged."""
    caplog.set_level(logging.DEBUG)
    fake.app_token, fake.bot_token = "xapp-SECRET-app", "xoxb-SECRET-bot"
    fake.moods = {"chat.postEphemeral": ["drop", "http500", "garbage", "invalid_auth"], "apps.connections.open": ["http500"]}
    found = listen()
    assert "SECRET" not in repr(found)
    assert fake.wait_connected()
    fake.press(RELEVANT, VALUE)
    fake.wait_acknowledged(fake.type("search SECRET-QUERY"))
    fake.press(RELEVANT, VALUE)
    fake.wait_said(4)
    fake.refresh()
    assert fake.wait_connected(2)
    fake.drop()
    assert fake.wait_connected(3)
    found.stop()
    assert caplog.records
    assert "SECRET" not in caplog.text
