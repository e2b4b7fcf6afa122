"""What a row of the hostile catalogue is tried with: a feeds.yaml, an archive of its own, the three jobs, servers that check what
they are sent, and a clock that is moved instead of waited for, except where the server itself counts seconds.
"""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import logging
import os
import re
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

from monitor import bundled, config, house
from monitor.archive import Archive
from monitor.intake import Intake, Outcome, Round
from monitor.items import SourceState
from monitor.sources.workers import DEFAULT

TOKEN = re.compile(r"HX[0-9A-F]{10}")
log = logging.getLogger(__name__)

THEMES = "export_control,investment_screening,critical_minerals,telecom_5g"
WANTED = f'theme:{THEMES} OR "export controls on semiconductors"'
"""What the rule asks for: by theme, and by the words of the items that carry payloads, whatever the classifier thinks of them."""
INERT = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""What no terminal may get from a text of a source."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a row's trial gave."""

    path: str
    wanted: str  # the catalogue's verdict
    outcome: str  # a few words: what was archived, which error
    complaints: tuple[str, ...]  # what the verdict forbids; () if it is met
    seconds: float  # the longest poll
    megabytes: float  # growth of resident memory, children included


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A row of the catalogue, as the server tells it."""

    path: str
    verdict: str
    max_s: float
    max_mb: float

    @property
    def name(self) -> str:
        """The path as the id of a source."""
        return self.path.strip("/").replace("/", "-")


class Kit:
    """The server beside the project, in a process of its own: what it says of itself."""

    def __init__(self, host: str) -> None:
        self.host = host

    def ask(self, what: str) -> Any:
        connection = http.client.HTTPConnection(self.host, timeout=30)
        try:
            connection.request("GET", f"/_control/{what}")
            return json.loads(connection.getresponse().read())
        finally:
            connection.close()

    def rows(self) -> list[Row]:
        """The public rows, in the catalogue's order; helpers are none."""
        return [
            Row(path=each["path"], verdict=each["verdict"], max_s=each["max_s"], max_mb=each["max_mb"])
            for each in self.ask("catalogue.json")
            if not each["hidden"] and not each["summary"].startswith("helper:")
        ]

    def events(self, kind: str) -> list[dict[str, Any]]:
        """Its log: request, canary, impolite, parallel."""
        return [each for each in self.ask("log") if each["kind"] == kind]

    def trespasses(self) -> list[dict[str, Any]]:
        """Requests that reached the machine that must never be reached."""
        return [each for each in self.events("canary") if each["which"] == "internal"]


class Memory:
    """Resident memory of a process and its children, sampled while the block runs."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._done = threading.Event()
        self.peak = self.start = resident_mb(pid)

    def __enter__(self) -> Memory:
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._done.wait(0.02):
            self.peak = max(self.peak, resident_mb(self._pid))

    @property
    def growth(self) -> float:
        return round(self.peak - self.start, 1)


def resident_mb(pid: int) -> float:
    """Resident memory of a process and all below it, in MB; 0 if it is gone.

    A child that still has its parent's command line is between fork and exec: all that it has is its parent's, and counts once.
    """
    total = 0
    waiting = [(pid, b"")]
    while waiting:
        number, parents = waiting.pop()
        here = Path(f"/proc/{number}")
        try:
            command = (here / "cmdline").read_bytes()
            if command == parents:
                continue
            total += int((here / "statm").read_text().split()[1])
            for task in (here / "task").iterdir():
                waiting += [(int(child), command) for child in (task / "children").read_text().split()]
        except (OSError, ValueError, IndexError):
            continue
    return total * os.sysconf("SC_PAGE_SIZE") / 1e6


class Trial:
    """One row with its configuration, archive and clock. `want` notes what is not as it should be."""

    def __init__(self, row: Row, kit: Kit, folder: Path) -> None:
        self.row, self.kit, self.folder = row, kit, folder
        self.name = row.name
        self.now = datetime.now(UTC)
        self.is_real_time = False
        self.outcomes: list[Outcome] = []
        self.complaints: list[str] = []
        self.seconds = 0.0
        self.extra: dict[str, Any] = {}  # more keys of the source
        self.sections: dict[str, Any] = {}  # more sections of feeds.yaml
        self.asked = f"{row.path}?i={self.name}"
        self._open: tuple[config.Config, Archive, Callable[[], Round]] | None = None
        self._jobs: tuple[Any, Any] | None = None
        self._closing = contextlib.ExitStack()
        self.slack: Any = None
        self.mail: Any = None

    def clock(self) -> datetime:
        return datetime.now(UTC) if self.is_real_time else self.now

    def want(self, is_so: object, what: str) -> None:
        if not is_so:
            self.complaints.append(what)

    # ---- what the row is tried with

    def listen(self) -> None:
        """A Slack and a mail server that check what they are sent, and a rule and a digest for every theme."""
        from fake_slack import FakeSlack
        from fake_smtp import FakeSMTP

        self.slack = self._closing.enter_context(FakeSlack(rate=5000, burst=5000, strict=True))
        self.mail = FakeSMTP()
        self._closing.callback(self.mail.loop.close)
        self._closing.enter_context(self.mail)
        self.sections |= {
            "slack": {"api_url": self.slack.base_url, "rate": "1000/s"},
            "mail": {"host": "127.0.0.1", "port": self.mail.port, "security": "none", "from": "m@x.example"},
            "alerts": [
                {
                    "id": "now",
                    "when": f"({WANTED}) -source:control",
                    "to": ["slack:#alerts"],
                }
            ],
            "digests": [{"id": "day", "to": ["mori@x.example"], "at": "08:00", "when": "-source:control"}],
        }

    @property
    def settings(self) -> config.Config:
        return self._opened()[0]

    @property
    def archive(self) -> Archive:
        return self._opened()[1]

    def _opened(self) -> tuple[config.Config, Archive, Callable[[], Round]]:
        """The configuration, the archive, and a round of intake; made at first use."""
        if self._open is None:
            base = f"http://{self.kit.host}"
            source = {"id": self.name, "type": "feed", "url": base + self.asked} | self.extra
            control = {"id": "control", "type": "feed", "url": f"{base}/ok/rss?i=control-{self.name}"}
            network = {"allow_private": ["127.0.0.1/32", "127.0.0.3/32"], "per_host": {"delay": "0s"}}
            written = {"version": 1, "network": network, "sources": [source, control]} | self.sections
            self.folder.mkdir(parents=True)
            (self.folder / "feeds.yaml").write_text(json.dumps(written), encoding="utf-8")
            archive = self._closing.enter_context(Archive.open(self.url))
            settings = config.load(self.folder / "feeds.yaml")
            loop = self._closing.enter_context(asyncio.Runner())
            # kept open as the service keeps it: a worker that reads documents is started once a row, not once a poll
            intake = Intake(archive, network=settings.network, pace=settings.pace, clock=self.clock, limits=DEFAULT)
            self._closing.callback(lambda: loop.run(intake.__aexit__(None, None, None)))
            self._open = settings, archive, lambda: loop.run(intake.round(settings.sources))
        return self._open

    @property
    def url(self) -> str:
        return f"sqlite:///{self.folder / 'monitor.db'}"

    def close(self) -> None:
        self._closing.close()

    # ---- the jobs

    def poll(self, times: int = 1) -> Outcome:
        """Read the row and the control, each time when the service would; the row's last outcome."""
        for _ in range(times):
            if self.outcomes and not self.is_real_time:
                self.now = max(self.now, self.state.next_poll or self.now) + timedelta(seconds=1)
            began = time.monotonic()
            found = self._opened()[2]()
            self.seconds = max(self.seconds, time.monotonic() - began)
            self.outcomes += [each for each in found.outcomes if each.source != "control"]
            if self.slack is not None:
                self.tell()
        return self.outcomes[-1]

    def live(self, **span: float) -> None:
        """As the service would for so long, on the row's clock."""
        end = self.clock() + timedelta(**span)
        while self.is_real_time and self.clock() < end:
            if (self.state.next_poll or self.clock()) <= self.clock():
                self.poll()
            threading.Event().wait(0.1)
        while not self.is_real_time and (self.state.next_poll or self.now) + timedelta(seconds=1) < end:
            self.poll()
        self.now = max(self.now, end)

    def tell(self) -> None:
        """Judge what came in and send what is to be told."""
        if self._jobs is None:
            folder = bundled.classifiers_in_use()
            self._jobs = (
                house.judge(self.archive, self.settings, folder, self.clock),
                house.deliverer(self.archive, self.settings, folder, self.clock, pause=lambda _: None),
            )
        for job in self._jobs:
            job.run()

    def digest(self) -> None:
        """Send today's digest."""
        self.tell()
        assert self._jobs is not None
        deliverer = self._jobs[1]
        deliverer.digests.order(self.settings.subscriptions[0], self.now.date().isoformat(), "mail:mori@x.example", self.now)
        deliverer.run()

    def run(self, *arguments: str) -> str:
        """What a command writes to a pipe."""
        done = subprocess.run(
            [sys.executable, "-m", "monitor", "--config", self.folder / "feeds.yaml", "--archive", self.url, *arguments],
            capture_output=True,
            timeout=60,
            check=False,
        )
        self.want(done.returncode == 0, f"{arguments[0]} ends with {done.returncode}")
        self.want(b"Traceback" not in done.stderr, f"{arguments[0]} shows a traceback")
        return done.stdout.decode("utf-8")

    # ---- what came of it

    @property
    def state(self) -> SourceState:
        return self.archive.intake.state(self.settings.sources[0].id)

    @property
    def wait(self) -> timedelta:
        """From now to the next poll."""
        return (self.state.next_poll or self.now) - self.now

    @property
    def notes(self) -> list[str]:
        """What an operator is told of the last document."""
        return list(self.state.notes)

    def rows(self, what: str) -> list[sqlite3.Row]:
        """What a query of an outsider gives."""
        with contextlib.closing(sqlite3.connect(self.folder / "monitor.db")) as connection:
            connection.row_factory = sqlite3.Row
            return connection.execute(what).fetchall()

    def items(self) -> list[sqlite3.Row]:
        return self.rows("select * from v_items where source != 'control' order by id")

    def count(self, source: str) -> int:
        return len([each for each in self.rows("select source from v_items") if each["source"] == source])

    def texts(self) -> str:
        """Everything that the archive says of the row's items."""
        return "\n".join(
            f"{title}\n{summary}" for title, summary in self.rows("select title, summary from items where source != 'control'")
        )

    def truth(self, *, is_all: bool = False) -> dict[str, dict[str, Any]]:
        """Items that the server has served whole, by token; without those that may be refused or that say nothing at all."""
        prefix = "/r/" if self.row.path.startswith("/r/") else self.row.path
        served = self.kit.ask(f"truth?prefix={quote(prefix)}")
        return {
            token: each
            for token, each in served.items()
            if each["inst"] == self.name
            and (each["title"] or each["guid"])
            and (is_all or not (each["expect"] or {}).get("optional"))
        }

    def requests(self, path: str | None = None) -> list[dict[str, Any]]:
        """What the server was asked for this row, in order; of a path only, or wherever redirects led."""
        wanted = [each for each in self.kit.events("request") if each["query"].split("i=")[-1] == self.name]
        return [each for each in wanted if path in (None, each["path"])]

    def impolite(self) -> int:
        """Requests that the server had asked to wait with."""
        return len([each for each in self.kit.events("impolite") if each["path"] == self.row.path])

    def messages(self) -> list[dict[str, Any]]:
        """Messages that Slack took; an edit tells nothing twice."""
        return [each for each in self.slack.accepted() if each["method"] != "chat.update"]

    # ---- the verdicts

    def accepted(self, count: int | None = None) -> None:
        """Everything served is archived, once, and the source is healthy."""
        told = TOKEN.findall(self.texts())
        missing = set(self.truth()) - set(told)
        self.want(not missing, f"lost {len(missing)} of {len(self.truth())} items")
        found = len(self.items())
        expected = len(self.truth(is_all=True)) if count is None else count
        self.want(found == expected, f"{found} items, not {expected}")
        self.want(expected or self.row.path == "/x/empty-feed", "nothing was ever served")
        self.want(self.state.error_kind is None, f"error {self.state.error_kind}: {self.state.error_text}")

    def rejected(self, *kinds: str, is_empty: bool = True) -> None:
        """Nothing archived, and an error of one of the kinds shown."""
        found = len(self.items())
        self.want(not found or not is_empty, f"{found} items of what had to be refused")
        self.want(self.state.error_kind is not None, "no error shown")
        self.want(self.state.error_text, "an error without words")
        known = self.state.error_kind in kinds or not kinds or self.state.error_kind is None
        self.want(known, f"error {self.state.error_kind}, not {' or '.join(kinds)}")

    def limited(self, *kinds: str) -> None:
        """An error of one of the kinds, or a notice."""
        if self.state.error_kind is None:
            self.want(self.notes, "neither error nor notice")
        else:
            self.rejected(*kinds)

    def clean(self) -> None:
        """Accepted or refused, but never bytes taken for text."""
        self.want(all(TOKEN.match(item["title"]) for item in self.items()), "titles that nobody wrote")

    def told_once(self) -> None:
        """No item in two messages, and nothing that the channel objects to."""
        tokens = [token for each in self.messages() for token in set(TOKEN.findall(each["text"]))]
        self.want(len(tokens) == len(set(tokens)), f"{len(tokens) - len(set(tokens))} items alerted twice")
        wrong = [each for each in self.slack.events if each["kind"] == "rejected" or each.get("warnings")]
        self.want(not wrong, f"Slack objects: {[each.get('warnings') or each.get('error') for each in wrong][:3]}")
        objected = [each["warnings"] for each in self.mail.accepted if each["warnings"]]
        self.want(not objected, f"the mail server objects: {objected[:3]}")

    def summary(self) -> str:
        """What came of it, in a few words."""
        error = f"{self.state.error_kind}: {self.state.error_text}" if self.state.error_kind else ""
        items = f"{len(self.items())} items" if self.items() else ""
        told = f"{len(self.messages())} messages" if self.slack is not None else ""
        notes = f"notice: {self.notes[-1]}" if self.notes else ""
        return "; ".join(part for part in (items, told, error, notes) if part) or "nothing"


class _Complaints(logging.Handler):
    """Log records that an operator should never see."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.found: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info or record.levelno >= logging.ERROR:
            error = record.exc_info[1] if record.exc_info else None
            self.found.append(
                f"log: {record.getMessage()[:120]}" + (f" ({type(error).__name__}: {error})"[:200] if error else "")
            )


def judge(row: Row, kit: Kit, folder: Path, way: Callable[[Trial], None]) -> Finding:
    """Try a row in its way, and hold it against the rules of every row."""
    trial, logged = Trial(row, kit, folder), _Complaints()
    logging.getLogger().addHandler(logged)
    try:
        with Memory(os.getpid()) as memory:
            way(trial)
        trial.want(trial.count("control") == 3 or "sources" in trial.sections, "the control was not read")
        trial.want(trial.state.error_kind != "internal", f"internal error: {trial.state.error_text}")
        outcome = trial.summary()
    except Exception:
        log.exception("the trial itself broke")
        outcome = "broken"
    finally:
        trial.close()
        logging.getLogger().removeHandler(logged)
    trial.want(trial.seconds <= row.max_s, f"{trial.seconds:.1f} s, over {row.max_s:g}")
    trial.want(memory.growth <= row.max_mb, f"{memory.growth:.0f} MB, over {row.max_mb:g}")
    return Finding(
        path=row.path,
        wanted=row.verdict,
        outcome=outcome,
        complaints=(*trial.complaints, *dict.fromkeys(logged.found)),
        seconds=round(trial.seconds, 1),
        megabytes=memory.growth,
    )
