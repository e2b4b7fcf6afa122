"""The whole job as processes of their own, against servers that check what they are sent; killed in the worst moments.

The same flow runs against our own fakes and, where it is there, against the stricter kit beside the project.
"""

from __future__ import annotations

import email
import email.policy
import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from builders import rss
from fakes import Answer, MailFake, Site, SlackFake

CONFIG = """\
version: 1
network: {{allow_private: ["127.0.0.0/8"], per_host: {{delay: 0s}}, timeout: 5s}}
defaults: {{every: 1s, min: 1s}}
sources:
  - {{id: jp-meti, name: 経済産業省, type: feed, url: "{base}/meti", country: JP, lang: ja, kind: government, tier: official}}
  - {{id: wire, name: Wire <&>, type: feed, url: "{base}/wire", country: US, lang: en, kind: news_agency, tier: wire}}
slack: {{api_url: "{slack}", rate: 20/s}}
mail: {{host: 127.0.0.1, port: {port}, security: none, from: "Monitor <monitor@x.example>"}}
alerts:
  - {{id: now, when: 'theme:export_control', to: ["slack:#alerts"]}}
digests:
  - {{id: morning, to: [mori@x.example, sato@x.example], at: "08:00", tz: Asia/Tokyo}}
"""
JA = (
    "j1",
    "輸出貿易管理令の改正、半導体製造装置を許可対象に",
    "経済産業省は輸出管理を強化する省令を公布した。2026年7月1日から施行する。",
)
EN = (
    "e1",
    "BIS adds 12 Chinese chip firms to the Entity List &lt;!channel&gt; &amp; more",
    "A license is required to export items to the listed entities.",
)


@dataclass
class World:
    """Servers and a folder; what arrived, whichever fakes are used."""

    folder: Path
    site: Site
    posts: Callable[[], list[dict]]  # accepted Slack messages
    mails: Callable[[], list[tuple[str, bytes]]]
    complaints: Callable[[], list[object]]

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """A command to its end."""
        return subprocess.run(
            [sys.executable, "-m", "monitor", *arguments],
            cwd=self.folder,
            env=self.environment(),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def environment(self) -> dict[str, str]:
        return {**os.environ, "SLACK_BOT_TOKEN": "xoxb-marked-secret", "MONITOR_NOW": "2026-05-01T08:00:00Z"}

    def rows(self, sql: str) -> list[tuple]:
        with sqlite3.connect(f"file:{self.folder / 'data' / 'monitor.db'}?mode=ro", uri=True, timeout=10) as connection:
            found = connection.execute(sql).fetchall()
        connection.close()
        return found


def _ours(folder: Path) -> Iterator[World]:
    site, slack, mail = Site(), SlackFake(), MailFake()
    _write(folder, site, slack.api_url, mail.port)
    yield World(folder, site, lambda: slack.messages, lambda: mail.mails, list)
    for server in (site, slack, mail):
        server.close()


def _theirs(folder: Path) -> Iterator[World]:
    from fake_slack import FakeSlack
    from fake_smtp import FakeSMTP

    site = Site()
    with FakeSlack(rate=50, burst=50, strict=True) as slack, FakeSMTP(dir=str(folder / "mail")) as mail:
        _write(folder, site, slack.base_url, mail.port)

        def mails() -> list[tuple[str, bytes]]:
            return [(rec["rcpt"][0], (folder / "mail" / f"{rec['n']:04d}.eml").read_bytes()) for rec in mail.accepted]

        def complaints() -> list[object]:
            wrong = [event for event in slack.events if event["kind"] == "rejected" or event.get("warnings")]
            return wrong + [rec["warnings"] for rec in mail.accepted if rec["warnings"]]

        yield World(folder, site, slack.accepted, mails, complaints)
    mail.loop.close()  # the kit leaves that to the end of its process
    site.close()


def _write(folder: Path, site: Site, slack: str, port: int) -> None:
    site.pages["/meti"] = Answer(rss(JA, ("j2", "省内見学会の参加者を募集します", "")), headers={"ETag": '"1"'})
    site.pages["/wire"] = Answer(rss(EN), headers={"ETag": '"1"'})
    (folder / "feeds.yaml").write_text(CONFIG.format(base=site.base, slack=slack, port=port), encoding="utf-8")


@pytest.fixture(params=["ours", pytest.param("shared", marks=pytest.mark.shared)])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    """A world of our own fakes, and one of the stricter kit."""
    yield from (_ours if request.param == "ours" else _theirs)(tmp_path)


@pytest.fixture
def small_world(tmp_path: Path) -> Iterator[World]:
    """A world of our own fakes alone, for what does not depend on them."""
    yield from _ours(tmp_path)


def keys_of(posts: list[dict]) -> list[str]:
    return [post["metadata"]["event_payload"]["key"] for post in posts]


def test_poll_deliver_digest_search(world: World) -> None:
    """Real documents over real HTTP, to Slack, to two mailboxes, to a search; nothing that the servers object to."""
    polled = world.run("poll", "--json")
    assert polled.returncode == 0, polled.stderr
    assert json.loads(polled.stdout)["new"] == 3
    assert json.loads(world.run("deliver", "--json").stdout)["sent"] == 2
    assert len(world.posts()) == 2
    sent = world.run("digest", "morning", "--send")
    assert sent.returncode == 0, sent.stderr
    assert sorted(to for to, _ in world.mails()) == ["mori@x.example", "sato@x.example"]
    mail = email.message_from_bytes(world.mails()[0][1], policy=email.policy.default)
    assert JA[1] in mail.get_body(("html",)).get_content()
    assert "12 Chinese chip firms" in mail.get_body(("plain",)).get_content()
    found = json.loads(world.run("search", "-x", "輸出", "--format", "json").stdout)
    assert [each["title"] for each in found] == [JA[1]]
    assert world.complaints() == []
    again = [world.run("poll").returncode, world.run("deliver").returncode, world.run("digest", "morning", "--send").returncode]
    assert again == [0, 0, 0]
    assert (len(world.posts()), len(world.mails())) == (2, 2)


CRASH = """
import os, signal, sys
from monitor.archive.{module} import {cls}
original = {cls}.{method}
def dying(self, *arguments, **settings):
    {before}
    original(self, *arguments, **settings)
    os.kill(os.getpid(), signal.SIGKILL)
{cls}.{method} = dying
from monitor.cli import main
sys.exit(main(sys.argv[1:]))
"""


def crash(world: World, command: str, module: str, cls: str, method: str, *, is_before: bool) -> None:
    """Run a command that is killed with -9 right before or right after one of its commits."""
    script = CRASH.format(
        module=module, cls=cls, method=method, before="os.kill(os.getpid(), signal.SIGKILL)" if is_before else "pass"
    )
    died = subprocess.run(
        [sys.executable, "-c", script, command],
        cwd=world.folder,
        env=world.environment(),
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert died.returncode == -signal.SIGKILL, died.stderr.decode()


@pytest.mark.parametrize(
    ("command", "module", "cls", "method", "is_before"),
    [
        ("poll", "intake", "IntakeTables", "store", False),  # items are stored, nothing is judged
        ("poll", "judging", "JudgingTables", "write", True),  # between the two commits
        ("poll", "judging", "JudgingTables", "write", False),  # alerts are ordered, nobody was told
        ("deliver", "outbox", "OutboxTables", "begin", False),  # a try was begun
        ("deliver", "outbox", "OutboxTables", "sent", True),  # the message went, the receipt is not kept
        ("deliver", "outbox", "OutboxTables", "sent", False),
    ],
)
def test_a_kill_between_two_commits_loses_no_item_and_doubles_no_alert(
    small_world: World, command: str, module: str, cls: str, method: str, is_before: bool
) -> None:
    """kill -9, then the ordinary commands again: every item once, every alert once, the archive sound."""
    _kill_and_go_on(small_world, command, module, cls, method, is_before=is_before)


@pytest.mark.shared
def test_the_stricter_kit_sees_no_double_after_a_kill_either(tmp_path: Path) -> None:
    """Killed between Slack's answer and the receipt: the message is found in the channel, not repeated."""
    for world in _theirs(tmp_path):
        _kill_and_go_on(world, "deliver", "outbox", "OutboxTables", "sent", is_before=True)
        assert world.complaints() == []


def _kill_and_go_on(world: World, command: str, module: str, cls: str, method: str, *, is_before: bool) -> None:
    if command == "deliver":
        world.run("poll")
    crash(world, command, module, cls, method, is_before=is_before)
    world.run("poll")
    world.run("deliver")
    assert [row[0] for row in world.rows("select title from v_items order by title")] == sorted(
        [JA[1], "省内見学会の参加者を募集します", "BIS adds 12 Chinese chip firms to the Entity List & more"]
    )
    assert sorted(keys_of(world.posts())) == sorted(set(keys_of(world.posts())))
    assert len(world.posts()) == 2
    assert world.rows("pragma integrity_check") == [("ok",)]
    assert {row[0] for row in world.rows("select state from v_alerts")} == {"sent"}


def test_the_service_runs_the_whole_job_and_ends_on_sigterm(world: World) -> None:
    """`monitor run`: alerts within seconds of their publication, a digest, a clean end with status 0."""
    environment = world.environment() | {"MONITOR_NOW": _before_the_digest()}
    log = (world.folder / "run.log").open("w")
    process = subprocess.Popen(
        [sys.executable, "-m", "monitor", "run"], cwd=world.folder, env=environment, stdout=log, stderr=log
    )
    try:
        _until(lambda: len(world.posts()) == 2 and len(world.mails()) == 2)
        second = world.run("poll")
        assert second.returncode == 7
        assert f"process {process.pid}" in second.stderr
    finally:
        process.send_signal(signal.SIGTERM)
        status = process.wait(15)
        log.close()
    text = (world.folder / "run.log").read_text()
    assert status == 0, text
    assert "Traceback" not in text
    assert "xoxb-marked-secret" not in text
    assert "stopped" in text
    assert world.complaints() == []


def test_the_service_ends_while_a_server_keeps_it_waiting(small_world: World) -> None:
    """SIGTERM does not wait for a source that never answers."""
    gate = threading.Event()

    def never(headers: dict[str, str]) -> Answer:
        gate.wait(20)
        return Answer(b"")

    small_world.site.pages["/meti"] = never
    text = (small_world.folder / "feeds.yaml").read_text().replace("timeout: 5s", "timeout: 30s")
    (small_world.folder / "feeds.yaml").write_text(text)
    process = subprocess.Popen(
        [sys.executable, "-m", "monitor", "run"],
        cwd=small_world.folder,
        env=small_world.environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    _until(lambda: any(path == "/meti" for path, _ in small_world.site.requests))
    began = time.monotonic()
    process.send_signal(signal.SIGTERM)
    try:
        assert process.wait(15) == 0
    finally:
        gate.set()
        process.communicate()
    assert time.monotonic() - began < 15


def _before_the_digest() -> str:
    """A clock setting that lets the day's digest be due at once, while time goes on."""
    from datetime import UTC, datetime

    target = datetime(2026, 5, 1, 8, 0, tzinfo=UTC)  # 17:00 in Tokyo: the digest of 08:00 is nine hours late, still the day's
    seconds = int((target - datetime.now(UTC)).total_seconds())
    return f"{'+' if seconds >= 0 else '-'}{abs(seconds)}s"


def _until(is_so: Callable[[], bool], seconds: float = 40) -> None:
    """Wait for what a process of its own does, as long as it takes, at most `seconds`."""
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end, "it did not happen in time"
        threading.Event().wait(0.05)
