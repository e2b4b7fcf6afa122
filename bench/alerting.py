"""How fast is an alert? From the moment that a feed first serves an item to the moment that Slack accepts the message.

python -m bench.alerting [--seconds 180] [--rate 100] [--feeds 20] [--profile FILE]

The real service as a process, on loopback: feeds that are read every second, so many items a second over all of them, one in 200 about
export control. The archive's columns hold whole seconds, so how far an item has come is watched from outside, 20 times a second.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import hashlib
import os
import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from email.utils import formatdate
from html import escape
from pathlib import Path

from bench.headlines import compose
from bench.rough_slack import RoughSlack
from bench.tree import cpu_of
from bench.verdict import TOKEN

ROOT = Path(__file__).resolve().parent.parent
AIM = 2.0
"""Seconds within which 95 of 100 alerts should be there."""
WANTED = 200
"""One item in so many is about export control."""
WARM = 10.0
"""Seconds in which the service starts and reads what is there; nothing wanted is born before."""
SHOWN = 40
"""Entries that a feed shows: the newest."""
LOOK = 0.05
STAGES = (("born", "served"), ("served", "stored"), ("stored", "judged"), ("judged", "posted"))
CONFIG = """\
version: 1
network: {{allow_private: ["127.0.0.0/8"], per_host: {{delay: 0s, concurrency: 16}}, timeout: 10s}}
defaults: {{every: 1s, min: 1s}}
sources:
{sources}
slack: {{api_url: "{slack}"}}
alerts:
  - {{id: now, when: 'theme:export_control', to: ["slack:#alerts"], limit: {{per_event: "100000/1h", per_channel: "100000/1h"}}}}
"""


@dataclass(slots=True, kw_only=True)
class Way:
    """When a wanted item came where, by the clock of this program; None: not yet."""

    born: float
    served: float | None = None
    stored: float | None = None
    judged: float | None = None
    posted: float | None = None


class Load:
    """Feeds that gain items at a steady rate, on a server in a thread of its own.

    Args:
        rate: items a second, all feeds together.
    """

    def __init__(self, *, feeds: int, rate: float) -> None:
        self.port = 0
        self.polls: Counter[str] = Counter()
        self.ways: dict[str, Way] = {}  # of wanted items, by token
        self._feeds, self._rate = feeds, rate
        self._began = time.time()
        self._made = 0
        self._end = float("inf")
        self._entries: dict[int, list[tuple[str, str]]] = {feed: [] for feed in range(feeds)}  # (token if wanted, RSS)
        self._is_ready = threading.Event()
        threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True).start()
        self._is_ready.wait()

    @property
    def made(self) -> int:
        """Items so far."""
        return self._made

    def end(self) -> None:
        """No more items from now on."""
        self._end = time.time()

    async def _serve(self) -> None:
        server = await asyncio.start_server(self._answer, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        self._is_ready.set()
        await server.serve_forever()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                feed = int(head.split(" ", 2)[1].removeprefix("/f"))
                self.polls[str(feed)] += 1
                self._grow()
                shown = self._entries[feed]
                etag = f'"{hashlib.sha256(shown[-1][1].encode()).hexdigest()[:12] if shown else 0}"'
                if f"if-none-match: {etag}" in head.lower():
                    writer.write(f"HTTP/1.1 304 Not Modified\r\nETag: {etag}\r\n\r\n".encode())
                    continue
                body = _rss(feed, [text for _, text in shown])
                lines = f"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nETag: {etag}\r\nContent-Length: {len(body)}\r\n\r\n"
                writer.write(lines.encode() + body)
                now = time.time()
                for token, _ in shown:
                    if token and self.ways[token].served is None:
                        self.ways[token].served = now
        writer.close()

    def _grow(self) -> None:
        """Make the items that were born since the last look."""
        until = min(time.time(), self._end)
        while self._began + self._made / self._rate <= until:
            number, born = self._made, self._began + self._made / self._rate
            self._made += 1
            is_wanted = number % WANTED == WANTED // 2 and born > self._began + WARM
            # scattered, so that no feed has all the wanted ones
            feed = int(hashlib.sha256(str(number).encode()).hexdigest(), 16) % self._feeds
            token = "ZQ" + hashlib.sha256(f"load {number}".encode()).hexdigest()[:10].upper()
            told = compose(number, is_wanted=is_wanted)
            text = (
                f"<item><title>{escape(told.title)} {token}</title><link>http://news.example/{feed}/{number}</link>"
                f"<guid isPermaLink='false'>{number}</guid><description>{escape(told.summary)}</description>"
                f"<pubDate>{formatdate(born)}</pubDate></item>"
            )
            if is_wanted:
                self.ways[token] = Way(born=born)
            self._entries[feed] = [*self._entries[feed][-SHOWN + 1 :], (token if is_wanted else "", text)]


@dataclass(slots=True, kw_only=True)
class Watch:
    """Follows the wanted items through the archive, in a thread of its own."""

    archive: Path
    load: Load
    judged: list[tuple[float, int]] = field(default_factory=list)  # (time, items judged so far)
    backlog: int = 0  # items that waited for judgement at the last look
    _last: int = 0  # items.n up to which was looked
    _waiting: dict[int, str] = field(default_factory=dict)  # wanted and not judged: token by items.n
    _stop: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """Look until stopped."""
        while not self.archive.exists():
            if self._stop.wait(LOOK):
                return
        with contextlib.closing(sqlite3.connect(f"file:{self.archive}?mode=ro", uri=True, timeout=10)) as rows:
            while not self._stop.wait(LOOK):
                with contextlib.suppress(sqlite3.OperationalError):  # the tables are not there yet
                    self._look(rows)

    def stop(self) -> None:
        """End after this look."""
        self._stop.set()

    def _look(self, rows: sqlite3.Connection) -> None:
        now = time.time()
        for number, title in rows.execute("select n, title from items where n > ? order by n", [self._last]):
            self._last = number
            for token in TOKEN.findall(title):
                if token in self.load.ways:
                    self.load.ways[token].stored = now
                    self._waiting[number] = token
        self.backlog = rows.execute("select count(*) from items where judged_at is null").fetchone()[0]
        self.judged.append((now, self._last - self.backlog))
        for number, token in list(self._waiting.items()):
            if rows.execute("select judged_at is not null from items where n = ?", [number]).fetchone()[0]:
                self.load.ways[token].judged = now
                del self._waiting[number]


def measure(*, seconds: float, rate: float, feeds: int, slack_rate: float, profile: Path | None) -> None:
    """Run the service under load and print how long alerts took, and where."""
    before = os.getloadavg()[0]
    load, slack = Load(feeds=feeds, rate=rate), RoughSlack(faults=0.0, rate=slack_rate, burst=3)
    with tempfile.TemporaryDirectory(prefix="alerting-") as name:
        folder = Path(name)
        sources = "\n".join(
            f"  - {{id: f{feed}, type: feed, url: 'http://127.0.0.1:{load.port}/f{feed}', tier: wire}}" for feed in range(feeds)
        )
        (folder / "feeds.yaml").write_text(CONFIG.format(sources=sources, slack=slack.api_url), encoding="utf-8")
        watch = Watch(archive=folder / "archive.db", load=load)
        watcher = threading.Thread(target=watch.run)
        watcher.start()
        with (folder / "log").open("wb") as log:
            began = time.time()
            service = subprocess.Popen(
                [*_python(profile), "-m", "monitor", "run", "--archive", f"sqlite:///{watch.archive}"],
                cwd=folder,
                env={**os.environ, "PYTHONPATH": str(ROOT), "SLACK_BOT_TOKEN": "xoxb-of-a-trial"},
                stderr=log,
            )
            try:
                _until(lambda: service.poll() is not None, seconds)
                load.end()
                cpu = cpu_of(service.pid)
                spent = time.time() - began
                backlog = watch.backlog
                _until(lambda: all(post is not None for post in _posted(load, slack)), 60)
            finally:
                watch.stop()
                watcher.join()
                service.send_signal(signal.SIGTERM)
                service.wait(timeout=60)
                slack.close()
        complaints = [line for line in (folder / "log").read_text(errors="replace").splitlines() if " INFO " not in line]
    if not watch.judged or service.returncode:
        raise SystemExit("\n".join([f"bench: the service ended with {service.returncode}", *complaints[-10:]]))
    print(f"load of this machine before: {before:.1f}, after: {os.getloadavg()[0]:.1f}")
    _print(load, watch, slack, spent=spent, cpu=cpu, backlog=backlog)
    for line in complaints[:10]:
        print(f"log: {line[:200]}")


def _python(profile: Path | None) -> list[str]:
    return [sys.executable] if profile is None else [sys.executable, "-m", "cProfile", "-o", str(profile.resolve())]


def _posted(load: Load, slack: RoughSlack) -> list[float | None]:
    """When each wanted item was accepted, in order of birth."""
    for post in slack.accepted():
        for token in TOKEN.findall(post.text):
            way = load.ways.get(token)
            if way is not None and way.posted is None:
                way.posted = post.at
    return [way.posted for way in list(load.ways.values()) if way.served is not None]


def _print(load: Load, watch: Watch, slack: RoughSlack, *, spent: float, cpu: float, backlog: int) -> None:
    done = [way for way in load.ways.values() if way.posted is not None and way.served is not None]
    first, last = watch.judged[0], watch.judged[-1]
    polls = sum(load.polls.values()) / spent / len(load.polls)
    pace = (last[1] - first[1]) / (last[0] - first[0])
    served = sum(1 for way in load.ways.values() if way.served is not None)
    limited = sum(1 for post in slack.posts if post.kind == "limited")
    print(f"{load.made:,} items in {spent:.0f} s over {len(load.polls)} feeds, each read {polls:.2f} times a second")
    print(f"judged {pace:.0f} items a second, {backlog} waiting at the end; CPU of the service {cpu / spent:.0%}")
    print(f"{served} wanted items, {len(done)} told, {len(slack.accepted())} messages, {limited} times asked for patience")
    if not done:
        return
    late = _spans(done, "served", "posted")
    p95 = _share(late, 0.95)
    print(f"served to accepted: p50 {statistics.median(late):.2f} s, p95 {p95:.2f} s, max {late[-1]:.2f} s", end="")
    print(f"   (aim: p95 < {AIM:.0f} s: {'holds' if p95 < AIM else 'missed'})\n")
    print(f"{'stage':<20}{'mean':>8}{'p50':>8}{'p95':>8}{'max':>8}")
    for start, end in STAGES:
        spans = _spans(done, start, end)
        if spans:
            mean = statistics.mean(spans)
            figures = "".join(f"{each:>8.2f}" for each in (mean, statistics.median(spans), _share(spans, 0.95), spans[-1]))
            share = "before it" if start == "born" else f"{mean / statistics.mean(late):.0%} of the mean"
            print(f"{start + ' to ' + end:<20}{figures}   {share}")


def _spans(ways: Sequence[Way], start: str, end: str) -> list[float]:
    """Seconds between two moments of those that had both, the shortest first."""
    pairs = [(getattr(way, start), getattr(way, end)) for way in ways]
    return sorted(last - first for first, last in pairs if first is not None and last is not None)


def _share(ordered: Sequence[float], share: float) -> float:
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)]


def _until(is_so: Callable[[], bool], seconds: float) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end and not is_so():
        time.sleep(0.1)


def _rss(feed: int, entries: list[str]) -> bytes:
    return (
        f"<?xml version='1.0' encoding='utf-8'?><rss version='2.0'><channel><title>Feed {feed}</title>"
        f"<link>http://news.example/{feed}</link><description>News</description>{''.join(reversed(entries))}</channel></rss>"
    ).encode()


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print.

    Args:
        arguments: of the command line; None for the program's own.
    """
    parser = argparse.ArgumentParser(
        prog="python -m bench.alerting", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=180.0, help="how long items come")
    parser.add_argument("--rate", type=float, default=100.0, help="items a second, all feeds together")
    parser.add_argument("--feeds", type=int, default=20)
    parser.add_argument("--slack-rate", type=float, default=1.0, help="messages a second that the channel takes")
    parser.add_argument("--profile", type=Path, help="run the service under cProfile and leave its figures in this file")
    asked = parser.parse_args(arguments)
    measure(seconds=asked.seconds, rate=asked.rate, feeds=asked.feeds, slack_rate=asked.slack_rate, profile=asked.profile)


if __name__ == "__main__":
    main()
