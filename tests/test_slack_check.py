"""`monitor slack`: what is wrong in Slack is said in a line each, with what to do, and never a token."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from socket_fake import SocketFake
from test_json import check as check_shape

from monitor.channels import actions
from monitor.channels.slack_check import SCOPES, Finding, check, manifest
from monitor.cli import main

ALL = ", ".join(SCOPES)
FEEDS = """
version: 1
slack: {api_url: "%s"}
alerts:
  - {id: now, when: "theme:export_control", to: ["slack:#econsec", "console", "mori@x.example"]}
  - {id: again, when: "theme:telecom_5g", to: ["slack:#econsec"]}
digests:
  - {id: morning, to: ["slack:#digests"], at: "08:00", tz: Asia/Tokyo, when: ""}
"""


@pytest.fixture
def fake() -> Iterator[SocketFake]:
    found = SocketFake()
    found.channels = [a_channel("C1", "econsec"), a_channel("C2", "digests")]
    yield found
    found.close()


@pytest.fixture
def look(fake: SocketFake) -> Callable[..., list[Finding]]:
    def look(**changes: Any) -> list[Finding]:
        base: dict[str, Any] = {"bot_token": fake.bot_token, "app_token": fake.app_token, "addresses": ("#econsec",)}
        return list(check(**base | {"api_url": fake.api_url, "timeout": 5} | changes))

    return look


@pytest.fixture
def run(
    fake: SocketFake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    """The command, with the tokens in the environment."""
    (tmp_path / "feeds.yaml").write_text(FEEDS % fake.api_url, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SLACK_BOT_TOKEN", fake.bot_token)
    monkeypatch.setenv("SLACK_APP_TOKEN", fake.app_token)

    def run(*arguments: str) -> tuple[int, str, str]:
        code = main(["slack", *arguments])
        return code, *capsys.readouterr()

    return run


def a_channel(place: str, name: str, **changes: Any) -> dict[str, Any]:
    return {"id": place, "name": name, "is_archived": False, "is_member": True} | changes


def told(found: list[Finding]) -> list[tuple[str, str]]:
    return [(each.level.value, each.what) for each in found]


def test_all_is_well(run: Callable[..., tuple[int, str, str]], fake: SocketFake) -> None:
    """A line each, exit 0, nothing posted."""
    fake.scopes = ALL
    code, out, _ = run("check")
    assert code == 0
    assert [line.split()[0] for line in out.splitlines()] == ["ok"] * 5
    assert "works as monitor in Ministry" in out
    wanted = {"auth.test", "conversations.list", "apps.connections.open"}
    assert fake.wait(lambda: {method for method, _ in fake.calls} == wanted)  # a call is noted after its answer
    assert fake.connections == 0


def test_json_says_the_same(run: Callable[..., tuple[int, str, str]]) -> None:
    """One object; a Slack that does not tell scopes is not blamed."""
    code, out, _ = run("check", "--json")
    found = json.loads(out)
    check_shape("slack_check", found)
    assert (code, found["ok"]) == (0, True)
    assert [each["what"] for each in found["checks"]] == ["bot token", "slack:#econsec", "slack:#digests", "app token"]


def test_without_a_bot_token_there_is_nothing_to_look_at(
    run: Callable[..., tuple[int, str, str]], fake: SocketFake, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit 3, as for any missing secret."""
    monkeypatch.delenv("SLACK_BOT_TOKEN")
    code, out, err = run("check")
    assert (code, out) == (3, "")
    assert "SLACK_BOT_TOKEN is not set" in err
    assert fake.calls == []


def test_without_an_app_token_buttons_are_off(run: Callable[..., tuple[int, str, str]], monkeypatch: pytest.MonkeyPatch) -> None:
    """A warning: alerts go all the same."""
    monkeypatch.delenv("SLACK_APP_TOKEN")
    code, out, _ = run("check")
    assert code == 0
    assert "warn  app token" in out


def test_a_failure_ends_with_6(run: Callable[..., tuple[int, str, str]], fake: SocketFake) -> None:
    """As a delivery that failed."""
    fake.channels[1]["is_archived"] = True
    code, out, _ = run("check")
    assert code == 6
    assert "fail  slack:#digests" in out
    assert run("check", "--json")[0] == 6


@pytest.mark.parametrize(
    ("channel", "expected"),
    [
        (None, "is not there, or it is private and the bot was not invited"),
        (a_channel("C1", "econsec", is_archived=True), "is archived"),
        (a_channel("C1", "econsec", is_member=False), "/invite @monitor"),
    ],
)
@pytest.mark.parametrize("address", ["#econsec", "C1"])
def test_a_channel_that_takes_nothing_fails(
    look: Callable[..., list[Finding]], fake: SocketFake, channel: dict[str, Any] | None, expected: str, address: str
) -> None:
    """By its name or by its id, with what to do."""
    fake.channels = [] if channel is None else [channel]
    [_, found, _] = look(addresses=(address,))
    assert (found.level, found.what) == ("fail", f"slack:{address}")
    assert expected in found.text


def test_channels_are_found_on_any_page(look: Callable[..., list[Finding]], fake: SocketFake) -> None:
    """And no page is read that need not be."""
    fake.page = 2
    fake.channels = [a_channel(f"C{n}", f"channel-{n}") for n in range(20)]
    found = look(addresses=("#channel-1", "#channel-7"))
    assert told(found)[1:3] == [("ok", "slack:#channel-1"), ("ok", "slack:#channel-7")]
    assert [method for method, _ in fake.calls].count("conversations.list") == 4


def test_an_archived_namesake_hides_no_channel(look: Callable[..., list[Finding]], fake: SocketFake) -> None:
    """The name was given anew."""
    fake.channels = [a_channel("C0", "econsec", is_archived=True), a_channel("C1", "econsec")]
    assert told(look())[1] == ("ok", "slack:#econsec")


def test_a_person_is_no_channel(look: Callable[..., list[Finding]]) -> None:
    """It is said that nothing was looked at."""
    assert told(look(addresses=("U012345",)))[1] == ("warn", "slack:U012345")


@pytest.mark.parametrize(
    ("missing", "level"), [("chat:write", "fail"), ("files:write", "warn"), ("commands", "warn"), ("channels:history", "warn")]
)
def test_a_missing_scope_is_named_with_what_it_costs(
    look: Callable[..., list[Finding]], fake: SocketFake, missing: str, level: str
) -> None:
    """Only what alerts need is a failure."""
    fake.scopes = ",".join(scope for scope in SCOPES if scope != missing)
    found = look()[1]
    assert (found.level, found.what) == (level, "scopes")
    assert f"{missing} ({SCOPES[missing]})" in found.text


@pytest.mark.parametrize(
    ("method", "mood", "expected"),
    [
        ("auth.test", "token_revoked", "Slack says token_revoked. Install the app again"),
        ("auth.test", "ratelimit", "Slack asks for patience. Try again in 1 s"),
        ("auth.test", "http500", "does not work: Slack says HTTP 500"),
        ("auth.test", "drop", "Slack cannot be reached"),
        ("auth.test", "garbage", "Slack cannot be reached"),
        ("conversations.list", "missing_scope", "channels cannot be listed: Slack says missing_scope. Add the scopes"),
        ("conversations.list", "drop", "channels cannot be listed"),
        ("apps.connections.open", "not_allowed_token_type", "Bot tokens begin with xoxb-, app tokens with xapp-"),
        ("apps.connections.open", "garbage", "Slack cannot be reached"),
    ],
)
def test_what_slack_refuses_is_told(
    look: Callable[..., list[Finding]], fake: SocketFake, method: str, mood: str, expected: str
) -> None:
    """With the next step; the rest is looked at as far as it can be."""
    fake.moods[method] = [mood]
    found = look()
    assert [each for each in found if each.level == "fail" and expected in each.text]
    assert found[-1].what == "app token"


@pytest.mark.parametrize("bot", ["xoxb-SECRET-1", "xoxb-SECRET 1", "xoxb-SECRET\r\nx: y", "xoxb-SECRET-鍵"])
@pytest.mark.parametrize("app", ["xapp-SECRET-2", "xapp-SECRET\n2", "xapp-SECRET-鍵"])
@pytest.mark.parametrize("mood", ["", "drop", "garbage", "http500", "ratelimit", "invalid_auth"])
def test_no_token_is_said_whatever_fails(
    run: Callable[..., tuple[int, str, str]],
    fake: SocketFake,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    bot: str,
    app: str,
    mood: str,
) -> None:
    """Neither in the output nor in a log, however much is logged."""
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("SLACK_BOT_TOKEN", bot)
    monkeypatch.setenv("SLACK_APP_TOKEN", app)
    fake.bot_token, fake.app_token = "xoxb-SECRET-1", "xapp-SECRET-2"
    for method in ("auth.test", "conversations.list", "apps.connections.open"):
        fake.moods[method] = ["", mood] if method == "auth.test" else [mood]
    for _ in range(2):
        _, out, err = run("check", "--json", "-vv")
        assert "SECRET" not in out + err
    assert "SECRET" not in caplog.text


def test_nobody_there_is_told_in_a_line(look: Callable[..., list[Finding]]) -> None:
    """Not a traceback."""
    found = look(api_url="http://127.0.0.1:9/api/")
    assert told(found) == [("fail", "bot token"), ("warn", "channels"), ("fail", "app token")]


def test_the_manifest_asks_for_what_is_checked(run: Callable[..., tuple[int, str, str]]) -> None:
    """Scopes, Socket Mode, interactivity and the command."""
    code, out, _ = run("manifest")
    assert (code, out) == (0, manifest())
    found = yaml.safe_load(out)
    assert found["oauth_config"]["scopes"]["bot"] == list(SCOPES)
    assert found["settings"]["socket_mode_enabled"] is True
    assert found["settings"]["interactivity"]["is_enabled"] is True
    assert [each["command"] for each in found["features"]["slash_commands"]] == ["/monitor"]
    # Source: Slack's app manifest reference
    assert len(found["display_information"]["name"]) <= 35
    assert len(found["display_information"]["description"]) <= 140
    assert found["features"]["bot_user"]["display_name"] == actions.ACTION


@pytest.mark.shared
def test_a_strict_slack_is_looked_over(shared: Path, look: Callable[..., list[Finding]]) -> None:
    """Channels, one archived, one private, of another fake than ours."""
    from fake_slack import FakeSlack

    with FakeSlack() as other:
        named = {name: place for place, name in other.channels.items()}
        addresses = tuple(f"#{name}" for name in named)
        found = look(bot_token="xoxb-test", app_token=None, api_url=other.base_url, addresses=addresses)
    levels = {each.what: each.level.value for each in found}
    assert levels["bot token"] == "ok"
    assert levels["app token"] == "warn"
    assert {name: levels[f"slack:#{name}"] for name in named} == {
        name: "fail" if name in ("archived", "private") else "ok" for name in named
    }
