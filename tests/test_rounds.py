"""The service when what is under it fails: a second service, a locked or unwritable archive, no room, a slow Slack, a wrong clock.

Every test runs `monitor run` as a process of its own, over servers on loopback that log what they see.
"""

from __future__ import annotations

import contextlib
import os
import re
import resource
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from builders import rss
from conftest import ROOT
from fakes import Answer, Site

from bench.rough_mail import RoughMail
from bench.rough_slack import RoughSlack

CONFIG = """\
version: 1
network: {{allow_private: ["127.0.0.0/8"], per_host: {{delay: 0s}}, timeout: 5s}}
defaults: {{every: 1s, min: 1s}}
sources:
  - {{id: wire, type: feed, url: "{base}/wire", country: US, lang: en, tier: wire}}
slack: {{api_url: "{slack}", rate: {rate}}}
mail: {{host: 127.0.0.1, port: {port}, security: none, from: "Monitor <monitor@x.example>"}}
alerts:
  - {{id: now, when: gallium, to: ["slack:#alerts"], limit: {{per_event: "100/1h", per_channel: "100/1h"}}}}
{digests}"""
DIGESTS = """\
digests:
  - {id: morning, to: [mori@x.example], at: "00:00", tz: UTC}
"""
PLACES = "Aldermoor Brackwater Castleford Dunmere Eastholm Farrow Glenmarsh Harrowgate".split()
HASTY = "import monitor.archive.connection as c, sys; c.WAIT = 0.2; from monitor.cli import main; sys.exit(main(sys.argv[1:]))"
"""The service, but it waits for another writer only a moment."""
NO_ROOT = (
    "import ctypes, os, sys; ctypes.CDLL(None).prctl(24, 1, 0, 0, 0); os.execv(sys.executable, [sys.executable, *sys.argv[1:]])"
)
"""Runs Python without what lets root write where nobody may (PR_CAPBSET_DROP, CAP_DAC_OVERRIDE)."""


class Service:
    """A running `monitor run`, and what it wrote on standard error."""

    def __init__(self, house: House, *before: str, moved: str = "", environment: dict[str, str] | None = None) -> None:
        self.lines: list[str] = []
        self.process = subprocess.Popen(
            [sys.executable, *(before or ("-m", "monitor")), "run"],
            cwd=house.folder,
            env=house.environment(moved) | (environment or {}),
            stderr=subprocess.PIPE,
            text=True,
        )
        # a pipe, because a log file would be under the same limits as the archive
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    @property
    def log(self) -> str:
        return "".join(self.lines)

    def has_said(self, *words: str) -> bool:
        """True if one line holds all of these."""
        return any(all(word in line for word in words) for line in list(self.lines))

    def end(self, number: int = signal.SIGTERM) -> int:
        """Signal it, if it still runs; its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        status = self.process.wait(30)
        self._reader.join(10)
        return status

    def _read(self) -> None:
        assert self.process.stderr is not None
        with self.process.stderr as stream:
            self.lines.extend(stream)


class House:
    """A folder, a feed, a Slack and a mail server; services are started in it."""

    def __init__(self, folder: Path, site: Site, slack: RoughSlack, mail: RoughMail, running: contextlib.ExitStack) -> None:
        self.folder, self.site, self.slack, self.mail = folder, site, slack, mail
        self._running = running
        self._entries: list[tuple[str, str, str]] = []
        self.publish()
        self.write()

    def write(self, *, rate: str = "20/s", digests: str = "") -> None:
        text = CONFIG.format(base=self.site.base, slack=self.slack.api_url, port=self.mail.port, rate=rate, digests=digests)
        (self.folder / "feeds.yaml").write_text(text, encoding="utf-8")

    def publish(self, *names: str) -> None:
        """Put news of gallium into the feed, one a name."""
        for name in names:
            place = PLACES[len(self._entries) % len(PLACES)]
            self._entries.insert(
                0, (name, f"{name}: gallium works of {place} to close", f"The {name} of {place} ends this year.")
            )
        body = rss(*self._entries).decode()
        # undated, so that no clock makes them old
        body = re.sub("<pubDate>.*?</pubDate>", "", body)
        self.site.pages["/wire"] = Answer(body.encode(), headers={"ETag": f'"{len(self._entries)}"'})

    def start(self, *before: str, moved: str = "") -> Service:
        service = Service(self, *before, moved=moved)
        self._running.callback(service.end, signal.SIGKILL)
        return service

    def run(self, *arguments: str, before: tuple[str, ...] = (), moved: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *before, "-m", "monitor", *arguments],
            cwd=self.folder,
            env=self.environment(moved),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def environment(self, moved: str = "") -> dict[str, str]:
        found = {**os.environ, "SLACK_BOT_TOKEN": "xoxb-of-a-trial", "PYTHONPATH": str(ROOT)}
        return found | {"MONITOR_NOW": moved} if moved else found

    @property
    def archive(self) -> Path:
        return self.folder / "data" / "monitor.db"

    def rows(self, sql: str) -> list[tuple]:
        with contextlib.closing(sqlite3.connect(f"file:{self.archive}?mode=ro", uri=True, timeout=20)) as rows:
            return rows.execute(sql).fetchall()

    def told(self) -> list[str]:
        """Names of the news that Slack accepted, in order."""
        return [name for post in self.slack.accepted() for name in re.findall(r"([\w-]+): gallium", post.text)[:1]]

    def is_sound(self) -> bool:
        return self.rows("pragma integrity_check") == [("ok",)] and self.rows("pragma foreign_key_check") == []


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with contextlib.ExitStack() as stack:
        site, slack, mail = Site(), RoughSlack(faults=0.0), RoughMail(faults=0.0)
        for server in (site, slack, mail):
            stack.callback(server.close)
        yield House(tmp_path, site, slack, mail, stack.enter_context(contextlib.ExitStack()))


def until(is_so: Callable[[], object], service: Service | None = None, seconds: float = 60) -> None:
    """Wait for what a process does, as long as it takes, at most `seconds`."""
    end = time.monotonic() + seconds
    while not is_so():
        assert service is None or service.process.poll() is None, service.log
        assert time.monotonic() < end, "it did not happen in time" if service is None else service.log[-4000:]
        threading.Event().wait(0.05)


def test_a_second_service_leaves_at_once_and_a_killed_one_blocks_nobody(house: House) -> None:
    """The second names the first and ends with 7; after kill -9 the next one works, and tells nothing again."""
    first = house.start()
    until(lambda: first.has_said("read source=wire"), first)  # what is there at the first reading, undated, is no news
    house.publish("one")
    until(lambda: house.told() == ["one"], first)
    second = house.start()
    assert second.process.wait(30) == 7
    second.end()
    assert f"process {first.process.pid}" in second.log
    assert "Traceback" not in second.log
    first.end(signal.SIGKILL)
    third = house.start()
    house.publish("two")
    until(lambda: len(house.told()) == 2, third)
    assert third.end() == 0
    assert house.told() == ["one", "two"]


def test_an_archive_that_another_process_holds_is_waited_for(house: House) -> None:
    """Longer than anybody waits: every job says so, none dies, and all that came meanwhile is kept and told once."""
    service = house.start("-c", HASTY)
    until(lambda: house.site.requests, service)
    until(lambda: house.archive.exists() and house.rows("select 1 from sqlite_master where name = 'v_items'"), service)
    house.publish("one")
    until(lambda: house.told() == ["one"], service)
    with contextlib.closing(sqlite3.connect(house.archive, timeout=30, isolation_level=None)) as other:
        other.execute("begin exclusive")
        house.publish("two")
        until(lambda: service.has_said("another process holds the archive"), service)
        other.execute("rollback")
    until(lambda: house.told() == ["one", "two"], service)
    assert service.end() == 0
    assert "Traceback" not in service.log
    assert house.is_sound()


def test_without_room_it_says_so_and_goes_on_when_there_is_some(house: House) -> None:
    """No file may grow: the archive says so in one line, nothing half is kept, and afterwards all arrives once."""
    service = house.start()
    until(lambda: service.has_said("read source=wire"), service)
    house.publish("one")
    until(lambda: house.told() == ["one"], service)
    before = resource.prlimit(service.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(service.process.pid, resource.RLIMIT_FSIZE, (0, before[1]))
    house.publish("two")
    until(lambda: service.has_said("ERROR", "monitor.db"), service)
    assert house.told() == ["one"]
    resource.prlimit(service.process.pid, resource.RLIMIT_FSIZE, before)
    until(lambda: house.told() == ["one", "two"], service, seconds=90)
    assert service.end() == 0
    assert "Traceback" not in service.log
    assert house.is_sound()


def test_a_read_only_archive_is_named_at_start_and_can_be_searched(house: House) -> None:
    """In a folder that nobody may write, with a file that nobody may write."""
    house.publish("one")
    assert house.run("poll").returncode == 0
    house.archive.chmod(0o444)
    for lock in house.archive.parent.glob("*.lock"):
        lock.chmod(0o444)
    house.archive.parent.chmod(0o555)
    try:
        found = house.run("search", "gallium", before=("-c", NO_ROOT))
        started = house.run("run", before=("-c", NO_ROOT))
    finally:
        house.archive.parent.chmod(0o755)
    assert found.returncode == 0, found.stderr
    assert "one: gallium works" in found.stdout
    assert started.returncode == 7, started.stderr
    assert "monitor.db" in started.stderr
    assert "Traceback" not in started.stderr


def test_a_slack_that_is_slower_than_the_alerts_gets_them_all_in_order(house: House) -> None:
    """Patience is kept to the letter, and the backlog drains as it was decided."""
    house.slack.rate, house.slack.burst = 1.0, 1
    service = house.start()
    until(lambda: service.has_said("started"), service)
    until(lambda: house.rows("select 1 from sources where last_success is not null"), service)
    names = [f"no-{number}" for number in range(6)]
    house.publish(*names)
    until(lambda: len(house.told()) == len(names), service, seconds=120)
    assert service.end() == 0
    decided = [title.split(":")[0] for (title,) in house.rows("select title from v_alerts order by id")]
    assert house.told() == decided
    assert sorted(decided) == names
    assert [post for post in house.slack.posts if post.is_early] == []


def test_a_clock_that_was_days_ahead_holds_nothing_once_it_is_right(house: House) -> None:
    """Polling goes on at once, alerts are told at once, and no local day gets a second digest."""
    house.write(digests=DIGESTS)
    ahead = house.start(moved=f"+{3 * 86_400 + _since_midnight() * -1 + 3600}s")  # three days on, at one in the morning
    until(lambda: len(house.mail.mails) == 1, ahead)
    house.publish("one")
    until(lambda: house.told() == ["one"], ahead)
    assert ahead.end() == 0
    right = house.start(moved=f"-{_since_midnight() - 3600}s" if _since_midnight() > 3600 else f"+{3600 - _since_midnight()}s")
    until(lambda: len(house.mail.mails) == 2, right)  # the digest of today
    house.publish("two")
    until(lambda: house.told() == ["one", "two"], right)
    assert right.end() == 0
    again = house.start(moved=f"+{3 * 86_400 + _since_midnight() * -1 + 7200}s")
    house.publish("three")
    until(lambda: house.told() == ["one", "two", "three"], again)
    assert again.end() == 0
    assert len(house.mail.mails) == 2
    assert len({mail.message_id for mail in house.mail.mails}) == 2


def test_what_failed_while_the_clock_was_ahead_is_tried_again_once_it_is_right(house: House) -> None:
    """Neither the order nor its channel waits for a time that was worked out from a wrong one."""
    house.run("poll")
    house.publish("one")
    house.slack.faults = 1.0
    house.run("poll", moved="+3d")
    house.run("deliver", moved="+3d")
    house.slack.faults = 0.0
    house.run("deliver")
    assert house.told() == ["one"]


def _since_midnight() -> int:
    return int(time.time()) % 86_400
