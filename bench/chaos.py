"""Is anything lost, or told twice, if the service dies at the worst moments and everything around it fails now and then?

python -m bench.chaos [--seeds 10] [--kills 20] [--faults 0.1] [--keep DIR] [--json FILE]

A round starts `monitor run` over feeds that grow, a Slack and a mail server of ours, kills it with -9 again and again, lets it run
undisturbed until nothing is left to do, ends it with SIGTERM and judges the logs and the archive. Status 0: all that must be zero is.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bench.headlines import MARK
from bench.rough_feeds import RoughFeeds
from bench.rough_mail import RoughMail
from bench.rough_slack import RoughSlack
from bench.verdict import TOKEN, Logs, Verdict, judge

ROOT = Path(__file__).resolve().parent.parent
CONFIG = """\
version: 1
network: {{allow_private: ["127.0.0.0/8"], per_host: {{delay: 0s, concurrency: 8}}, timeout: 5s}}
defaults: {{every: 1s, min: 1s}}
sources:
{sources}
slack: {{api_url: "{slack}", rate: 20/s}}
mail: {{host: 127.0.0.1, port: {port}, security: none, from: "Monitor <monitor@x.example>"}}
alerts:
{rules}
digests:
  - {{id: early, to: [mori@x.example, sato@x.example], at: "{early}", tz: UTC}}
  - {{id: amid, to: [mori@x.example], at: "{amid}", tz: UTC}}
"""
READERS = (("early", "mori@x.example"), ("early", "sato@x.example"), ("amid", "mori@x.example"))
FEEDS = {"grow/a": "alerts", "grow/b": "letters", "grow/c": "rumours", "ack/k": "orders"}
"""By feed, the channel of its rule: a channel that is held back after a fault blinds no other."""
RULE = """\
  - id: {name}
    when: 'source:{name} ({mark} OR theme:export_control)'
    to: ["slack:#{channel}"]
    limit: {{per_event: "1000/1h", per_channel: "1000/1h"}}"""
SERVICE = (sys.executable, "-m", "monitor", "run", "--config", "{config}", "--archive", "sqlite:///{archive}")
STOP_SECONDS = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How a round goes.

    Args:
        command: of the service; {config}, {archive}, {base}, {slack}, {port} are filled in.
        longest: seconds that a life lasts at most.
        faults: share of answers of every server that fail.
        rate, burst: messages that a channel takes a second, and at once.
        calm: seconds that the last life runs before the feeds stop growing.
        patience: seconds that it then gets to finish.
        readers: who gets which digest once.
    """

    seed: int = 1
    kills: int = 20
    longest: float = 5.0
    faults: float = 0.1
    rate: float = 20.0
    burst: int = 20
    most: int = 60
    every: float = 0.4
    calm: float = 5.0
    patience: float = 240.0
    command: Sequence[str] = SERVICE
    readers: tuple[tuple[str, str], ...] = READERS


@dataclass(slots=True, kw_only=True)
class _Life:
    """One start of the service, in a process group of its own: only that is ever signalled."""

    process: subprocess.Popen[bytes]
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def kill(self) -> bool:
        """kill -9, once; False if it had ended before."""
        with self._lock:
            if self.process.poll() is not None:
                return False
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            return True


class Round:
    """One round over servers of its own, in a folder that is left as it is."""

    def __init__(self, plan: Plan, folder: Path) -> None:
        self._plan = plan
        self._folder = folder
        self._rng = random.Random(plan.seed)
        self._kills: list[float] = []
        self._ended = 0

    def run(self) -> Verdict:
        """Kill, let it finish, judge."""
        plan = self._plan
        self._folder.mkdir(parents=True, exist_ok=True)
        with contextlib.ExitStack() as stack:
            self._feeds = RoughFeeds(seed=plan.seed, faults=plan.faults, most=plan.most, every=plan.every)
            self._slack = RoughSlack(seed=plan.seed, faults=plan.faults, rate=plan.rate, burst=plan.burst)
            self._mail = RoughMail(seed=plan.seed, faults=plan.faults)
            for server in (self._feeds, self._slack, self._mail):
                stack.callback(server.close)
            self._write()
            for _ in range(plan.kills):
                self._live_and_die()
            self._slack.faults = self._mail.faults = 0.0
            stop = self._finish()
        logs = self._logs(stop)
        for name, told in (("posts", logs.posts), ("mails", logs.mails), ("must", logs.must)):
            (self._folder / f"{name}.jsonl").write_text(
                "".join(f"{json.dumps(asdict(each), ensure_ascii=False)}\n" for each in told)
            )
        return judge(logs)

    @property
    def archive(self) -> Path:
        """The archive of the round."""
        return self._folder / "archive.db"

    def _write(self) -> None:
        now = datetime.now(UTC)
        sources = "\n".join(
            f"  - {{id: {path.replace('/', '-')}, type: feed, url: '{self._feeds.base}/{path}', tier: official, country: US, lang: en}}"
            for path in FEEDS
        )
        rules = (RULE.format(name=path.replace("/", "-"), mark=MARK, channel=channel) for path, channel in FEEDS.items())
        text = CONFIG.format(
            sources=sources,
            slack=self._slack.api_url,
            port=self._mail.port,
            rules="\n".join(rules),
            early=f"{now - timedelta(minutes=1):%H:%M}",
            amid=f"{now + timedelta(minutes=1):%H:%M}",
        )
        (self._folder / "feeds.yaml").write_text(text, encoding="utf-8")

    def _start(self) -> _Life:
        places = {
            "config": str(self._folder / "feeds.yaml"),
            "archive": str(self.archive),
            "base": self._feeds.base,
            "slack": self._slack.api_url,
            "port": str(self._mail.port),
        }
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("MONITOR_", "SLACK_", "SMTP_"))}
        with (self._folder / "service.log").open("ab") as log:
            process = subprocess.Popen(
                [part.format(**places) for part in self._plan.command],
                cwd=self._folder,
                env={**clean, "PYTHONPATH": str(ROOT), "SLACK_BOT_TOKEN": "xoxb-of-a-trial"},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        return _Life(process=process)

    def _live_and_die(self) -> None:
        """A life that ends by a kill: while it starts, while it opens, at a request, at an accepted message, or at any time."""
        kind = self._rng.choice(("starting", "opening", "reading", "telling", "telling", "any"))
        longest = self._plan.longest
        after = {"starting": self._rng.uniform(0.0, 0.3), "opening": self._rng.uniform(0.3, 1.5)}.get(
            kind, self._rng.uniform(0.3, longest)
        )
        is_time = threading.Event()
        life = self._start()

        def die() -> None:
            if not is_time.is_set() and life.kill():
                self._kills.append(time.time())
            is_time.set()

        # the server's thread kills, so that it happens between what was asked and its answer
        if kind == "reading":
            skipped = iter(range(self._rng.randint(1, 8)))
            self._feeds.on_request = lambda: None if next(skipped, None) is not None else die()
        if kind == "telling":
            self._slack.on_accept = die
        is_time.wait(longest if kind in ("reading", "telling") else after)
        if not is_time.is_set():
            die()
        self._feeds.on_request = self._slack.on_accept = lambda: None
        is_own_end = life.process.wait() != -signal.SIGKILL
        self._ended += is_own_end

    def _finish(self) -> int | None:
        """The last life, undisturbed until all is done; its exit status after SIGTERM, None if it did not stop."""
        life = self._start()
        _until(lambda: life.process.poll() is not None, self._plan.calm)
        self._feeds.freeze()
        _until(lambda: life.process.poll() is not None or self._is_done(), self._plan.patience)
        _until(lambda: life.process.poll() is not None, 2.0)  # a late repeat would come now
        if life.process.poll() is not None:
            self._ended += 1
            return life.process.returncode
        os.killpg(life.process.pid, signal.SIGTERM)
        try:
            return life.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            life.kill()
            return None

    def _is_done(self) -> bool:
        """True if all is in the archive and told, as far as the servers and the archive can tell."""
        try:
            with self._opened() as rows:
                known = {token for title in _titles(rows) for token in TOKEN.findall(title)}
                waiting = rows.execute("select count(*) from v_alerts where state = 'waiting'").fetchone()[0]
                decided = {token for title, _ in _alerts(rows) for token in TOKEN.findall(title)}
        except sqlite3.Error:
            return False
        must = self._feeds.must()
        has_mail = {
            (digest, mail.recipient) for mail in self._mail.mails for digest, _ in self._plan.readers if digest in mail.list_id
        }
        return (
            not waiting
            and all(entry.token in known for entry in must)
            and all(entry.token in decided for entry in must if entry.is_wanted)
            and set(self._plan.readers) <= has_mail
        )

    def _logs(self, stop: int | None) -> Logs:
        with self._opened() as rows:
            items, alerts = _titles(rows), _alerts(rows)
            wrong = [str(row) for (row,) in rows.execute("pragma integrity_check") if row != "ok"]
            wrong += [f"foreign key {row}" for row in rows.execute("pragma foreign_key_check")]
        return Logs(
            must=self._feeds.must(),
            posts=tuple(self._slack.posts),
            mails=tuple(self._mail.mails),
            readers=self._plan.readers,
            kills=tuple(self._kills),
            items=items,
            alerts=alerts,
            integrity=tuple(wrong),
            ended_by_itself=self._ended,
            stop=stop,
        )

    @contextlib.contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        with contextlib.closing(sqlite3.connect(f"file:{self.archive}?mode=ro", uri=True, timeout=10)) as rows:
            yield rows


def _titles(rows: sqlite3.Connection) -> tuple[str, ...]:
    return tuple(title for (title,) in rows.execute("select title from v_items"))


def _alerts(rows: sqlite3.Connection) -> tuple[tuple[str, str], ...]:
    return tuple(rows.execute("select title, state from v_alerts order by state in ('folded', 'suppressed') desc"))


def _until(is_so: Callable[[], bool], seconds: float) -> None:
    """Wait until something is so, at most `seconds`."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and not is_so():
        threading.Event().wait(0.2)


def table(verdicts: dict[str, Verdict]) -> str:
    """The verdicts side by side."""
    names = list(asdict(next(iter(verdicts.values()))))
    width = max(map(len, names)) + 2
    head = " " * width + "".join(f"{name:>8}" for name in verdicts)
    rows = [f"{name:<{width}}" + "".join(f"{getattr(each, name):>8}" for each in verdicts.values()) for name in names]
    last = f"{'':<{width}}" + "".join(f"{'holds' if each.holds else 'FAILS':>8}" for each in verdicts.values())
    return "\n".join((head, *rows, last))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the rounds, print what they show; 0 if all hold.

    Args:
        arguments: of the command line; None for the program's own.
    """
    parser = argparse.ArgumentParser(
        prog="python -m bench.chaos", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=10, help="rounds, with the seeds 1, 2, ...")
    parser.add_argument("--first", type=int, default=1, help="the seed to begin with")
    parser.add_argument("--kills", type=int, default=20, help="kills a round")
    parser.add_argument("--longest", type=float, default=5.0, help="seconds of a life at most")
    parser.add_argument("--faults", type=float, default=0.1, help="share of answers that fail, of every server")
    parser.add_argument("--slack-rate", type=float, default=20.0, help="messages a second that the channel takes")
    parser.add_argument("--keep", type=Path, help="leave logs and archives in this folder")
    parser.add_argument("--json", type=Path, dest="report", help="write the verdicts to this file, too")
    asked = parser.parse_args(arguments)
    verdicts: dict[str, Verdict] = {}
    with tempfile.TemporaryDirectory(prefix="chaos-") as name:
        for seed in range(asked.first, asked.first + asked.seeds):
            plan = Plan(seed=seed, kills=asked.kills, longest=asked.longest, faults=asked.faults, rate=asked.slack_rate)
            began = time.monotonic()
            verdicts[str(seed)] = found = Round(plan, (asked.keep or Path(name)) / f"seed-{seed}").run()
            told = "holds" if found.holds else "FAILS"
            print(f"seed {seed}: {told} after {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    total = sum(list(verdicts.values())[1:], next(iter(verdicts.values())))
    print(table({**verdicts, "all": total}))
    report = {"rounds": {seed: asdict(each) for seed, each in verdicts.items()}, "all": asdict(total)}
    print(json.dumps(report["all"]))
    if asked.report is not None:
        asked.report.write_text(json.dumps(report, indent=1), encoding="utf-8")
    return 0 if all(each.holds for each in verdicts.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
