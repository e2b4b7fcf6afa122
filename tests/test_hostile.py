"""The whole catalogue of misbehaviours against the product: every row gets its verdict, and all of them at once harm nobody."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import itertools
import json
import os
import queue
import signal
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from builders import a_source, rss
from conftest import Clock
from fakes import Answer, Site
from hostile_rows import HEADERS, LISTINGS, SECRETS, kinds_of
from hostile_trial import Finding, Kit, Memory, Row

from monitor import intake
from monitor.archive import Archive
from monitor.clock import now
from monitor.errors import FetchError
from monitor.items import Source
from monitor.pace import Pace
from monitor.sources.web import NetworkRules, Web

PATIENT = (
    "/t/slow-headers /t/slow-body /t/stall-after-headers /t/stall-accept /h/slow-host /h/retry-after /h/strict-limiter /chaos/grow"
).split()
"""Rows that mostly wait; each in a lane of its own, beside the others."""
SELF_SIGNED = Path(__file__).with_name("data") / "self-signed.pem"
LOOPBACK = NetworkRules(allow_private=(ipaddress.ip_network("127.0.0.1/32"),), host_delay=0, timeout=5)
EVERY, ALLOWANCE = 10.0, 30.0
"""Seconds between two polls when all rows are watched at once, and how much later a poll of a control may be: half of what is
promised, for 131 sources every ten seconds are more than anybody watches with two cores."""
GRACE = 90.0
"""Seconds over its own limit after which a row's process is stopped."""


@pytest.fixture
def kit(shared: Path) -> Iterator[Kit]:
    """The server beside the project, as a process that has its own memory and its own share of the processor."""
    process = subprocess.Popen(
        [sys.executable, "-B", shared / "hostile" / "hostile_server.py", "--port", "0"], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    yield Kit(json.loads(process.stdout.readline())["base"].removeprefix("http://"))
    process.kill()
    process.communicate()


class Lane:
    """A process that judges rows one after the other; a row that kills it, or holds it too long, fails alone."""

    def __init__(self, kit: Kit, folder: Path, more: Path) -> None:
        self._command = [sys.executable, "-B", str(Path(__file__).with_name("hostile_rows.py")), kit.host, str(folder), str(more)]
        self._process: subprocess.Popen[str] | None = None

    def judge(self, row: Row) -> Finding:
        if self._process is None:
            self._process = subprocess.Popen(
                self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
            )
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        began = time.monotonic()
        limit = threading.Timer(row.max_s + GRACE, process.kill)
        limit.start()
        with contextlib.suppress(BrokenPipeError):
            process.stdin.write(row.path + "\n")
            process.stdin.flush()
        line = process.stdout.readline()
        limit.cancel()
        if line:
            return Finding(**{**json.loads(line), "complaints": tuple(json.loads(line)["complaints"])})
        self._process = None
        _, told = process.communicate()
        return Finding(
            path=row.path,
            wanted=row.verdict,
            outcome="the process did not survive",
            complaints=(f"status {process.returncode}: {told[-300:]}",),
            seconds=round(time.monotonic() - began, 1),
            megabytes=0,
        )

    def close(self) -> None:
        if self._process is not None:
            self._process.communicate()


def judged(rows: Sequence[Row], lanes: Sequence[Lane]) -> list[Finding]:
    """Every row judged in whichever lane is free, in the order of the rows."""
    free: queue.SimpleQueue[Lane] = queue.SimpleQueue()
    for lane in lanes:
        free.put(lane)

    def one(row: Row) -> Finding:
        lane = free.get()
        try:
            return lane.judge(row)
        finally:
            free.put(lane)

    with ThreadPoolExecutor(len(lanes)) as pool:
        found = list(pool.map(one, rows))
    for lane in lanes:
        lane.close()
    return found


def table(findings: Sequence[Finding]) -> str:
    """Row, verdict wanted, met or not, seconds, MB, outcome; the complaints below each row."""
    lines = [f"{'row':<24}{'wanted':<10}{'':<6}{'s':>6}{'MB':>7}  outcome"]
    for each in findings:
        mark = "FAIL" if each.complaints else "ok"
        lines.append(f"{each.path:<24}{each.wanted:<10}{mark:<6}{each.seconds:>6.1f}{each.megabytes:>7.0f}  {each.outcome[:100]}")
        lines += [f"{'':<28}{complaint}" for complaint in each.complaints]
    return "\n".join(lines)


@pytest.mark.shared
def test_every_row_of_the_catalogue_gets_its_verdict(
    kit: Kit, shared: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Accepted, refused or cut off as the catalogue says, in time, in little memory, with a word for each failure."""
    rows = kit.rows()
    patient = [row for row in rows if row.path in PATIENT]
    others = [row for row in rows if row.path not in PATIENT]
    with ThreadPoolExecutor(2) as both:
        waiting = both.submit(judged, patient, [Lane(kit, tmp_path, shared / "hostile") for _ in patient])
        working = both.submit(judged, others, [Lane(kit, tmp_path, shared / "hostile") for _ in range(2)])
        by_path = {each.path: each for each in (*waiting.result(), *working.result())}
    findings = [by_path[row.path] for row in rows]
    with capsys.disabled():
        sys.stdout.write(f"\n{table(findings)}\n")
    assert len(findings) == 131
    assert kit.trespasses() == []
    assert [(each.path, *each.complaints) for each in findings if each.complaints] == []


@pytest.mark.shared
def test_all_rows_at_once_leave_the_controls_on_time(kit: Kit, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The service watches the whole catalogue: controls on time, little memory, every failure named, an end when asked for."""
    rows = kit.rows()
    (tmp_path / "feeds.yaml").write_text(json.dumps(_all_of(rows, kit)), encoding="utf-8")
    with (tmp_path / "run.log").open("w") as log:
        service = subprocess.Popen(
            [sys.executable, "-m", "monitor", "run"], cwd=tmp_path, env=os.environ | SECRETS, stdout=log, stderr=log
        )
        try:
            with Memory(service.pid) as memory:
                began = time.time()
                shown = _when_all_failed(rows, tmp_path)
                listed = _told(tmp_path, "sources", "list", "--format", "json")
                ended = time.time()
        finally:
            service.send_signal(signal.SIGTERM)
            asked = time.monotonic()
            try:
                status = service.wait(15)
            finally:
                service.kill()
            took = time.monotonic() - asked
    gaps = {path: _longest_gap(kit, path, began, ended) for path in ("/ok/rss", "/ok/atom", "/ok/jsonfeed")}
    found = {each["id"]: each["last_error"] for each in shown["sources"]}
    wrong = {
        row.path: found[row.name]
        for row in rows
        if kinds_of(row.path) and (found[row.name] or {}).get("kind") not in kinds_of(row.path)
    }
    with capsys.disabled():
        sys.stdout.write(
            f"\n{len(rows)} sources for {ended - began:.0f} s: {memory.peak:.0f} MB at most; longest wait of a control"
            f" {max(gaps.values()):.1f} s; {sum(1 for each in found.values() if each)} failing; stopped in {took:.1f} s\n"
        )
    text = (tmp_path / "run.log").read_text()
    assert wrong == {}
    assert [name for name, each in found.items() if each and each["kind"] == "internal"] == []
    kinds = {each["id"]: (each["error"] or "").split(" ")[0] for each in listed}
    assert [row.path for row in rows if kinds_of(row.path) and kinds[row.name] not in kinds_of(row.path)] == []
    assert memory.peak < 600
    assert max(gaps.values()) < EVERY * 1.1 + ALLOWANCE
    assert kit.trespasses() == []
    assert "Traceback" not in text
    assert not any(secret in text for secret in SECRETS.values())
    assert status == 0


def _all_of(rows: Sequence[Row], kit: Kit) -> dict[str, Any]:
    """A feeds.yaml that watches every row."""
    sources = []
    for row in rows:
        source: dict[str, Any] = {"id": row.name, "type": "feed", "url": f"http://{kit.host}{row.path}", "every": f"{EVERY}s"}
        if row.path in LISTINGS:
            source |= {"type": "listing", "select": LISTINGS[row.path]}
        if row.path == "/r/credentials":
            source["headers"] = HEADERS
        sources.append(source)
    network = {"allow_private": ["127.0.0.1/32", "127.0.0.3/32"], "per_host": {"concurrency": 16, "delay": "0s"}}
    return {"version": 1, "network": network, "defaults": {"min": "1s"}, "sources": sources}


def _told(folder: Path, *arguments: str) -> Any:
    """What a command says, as JSON."""
    command = [sys.executable, "-m", "monitor", *arguments]
    done = subprocess.run(command, cwd=folder, env=os.environ | SECRETS, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def _when_all_failed(rows: Sequence[Row], folder: Path) -> Any:
    """The status after 40 s, or later when every row that must fail has failed; at most after 100 s, whatever it says then."""
    began = time.monotonic()
    while True:
        threading.Event().wait(5)
        lasted = time.monotonic() - began
        shown = _told(folder, "status", "--json")
        failed = {each["id"] for each in shown["sources"] if each["last_error"]}
        if (lasted > 40 and failed >= {row.name for row in rows if kinds_of(row.path)}) or lasted > 100:
            return shown


def _longest_gap(kit: Kit, path: str, began: float, ended: float) -> float:
    """The longest time that a path was not asked for, the start of the process not counted."""
    asked = [each["t"] for each in kit.events("request") if each["path"] == path]
    return max((later - earlier for earlier, later in itertools.pairwise([*asked, ended])), default=ended - began)


@pytest.mark.shared
def test_a_name_that_points_elsewhere_at_the_second_look_leads_nowhere(kit: Kit) -> None:
    """What was tested is what is connected to: a resolver that first names an allowed host, then a forbidden one."""
    import rebind

    internal = kit.ask("ports")["internal"].rsplit(":", 1)[1]
    rules = replace(LOOPBACK, allow_private=(ipaddress.ip_network("127.0.0.3/32"),))
    kinds = []

    async def fetch() -> None:
        async with Web(rules, now) as web:
            with pytest.raises(FetchError) as caught:
                await web.fetch(f"http://rebind.test:{internal}/feed", subject="rebind")
            kinds.append(caught.value.kind.value)

    with rebind.names({"rebind.test": ["127.0.0.3", "127.0.0.2"]}) as looked_up:
        for _ in range(3):
            asyncio.run(fetch())
    assert kinds == ["connect", "address", "address"]
    assert [address for _, address in looked_up] == ["127.0.0.3", "127.0.0.2", "127.0.0.2"]
    assert kit.trespasses() == []


@pytest.fixture
def secure_site() -> Iterator[Site]:
    """A site over TLS whose certificate nobody vouches for."""
    site = Site()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(SELF_SIGNED)
    site._server.socket = context.wrap_socket(site._server.socket, server_side=True)
    site.base = site.base.replace("http:", "https:")
    site.pages["/feed"] = Answer(rss(("1", "one", "")))
    yield site
    site.close()


def errors_of(archive: Archive, clock: Clock, *sources: Source) -> dict[str, str | None]:
    """The kind of error of each source after a poll; None if it was read."""
    intake.poll(archive, sources, network=LOOPBACK, pace=Pace(), clock=clock)
    return {source.id: archive.intake.state(source.id).error_kind for source in sources}


def test_a_certificate_that_nobody_vouches_for_is_refused_but_where_the_operator_says_so(
    archive: Archive, clock: Clock, secure_site: Site
) -> None:
    """The exception is one source's; another source of the same host, in the same round, is refused."""
    strict = a_source(id="strict", url=f"{secure_site.base}/feed")
    assert errors_of(archive, clock, strict, replace(strict, id="lenient", is_tls_verified=False)) == {
        "strict": "tls",
        "lenient": None,
    }


def test_the_exception_for_a_certificate_ends_at_the_source_s_origin(
    archive: Archive, clock: Clock, site: Site, secure_site: Site
) -> None:
    """A redirect to another origin meets a client that verifies."""
    site.pages["/moved"] = Answer(status=302, headers={"Location": f"{secure_site.base}/feed"})
    moved = a_source(url=f"{site.base}/moved", is_tls_verified=False)
    assert errors_of(archive, clock, moved) == {"meti": "tls"}


def test_a_source_s_headers_reach_its_origin_and_no_other(archive: Archive, clock: Clock, site: Site, secure_site: Site) -> None:
    """Another port of the same host is another origin; what comes back to the first gets them again only there."""
    other = Site()
    other.pages["/feed"] = Answer(rss(("1", "one", "")))
    site.pages["/moved"] = Answer(status=302, headers={"Location": f"{other.base}/feed", "Set-Cookie": "session=SECRET"})
    headers = (("Authorization", "Bearer SECRET-TOKEN"), ("X-Api-Key", "SECRET-KEY"))
    assert errors_of(archive, clock, a_source(url=f"{site.base}/moved", headers=headers)) == {"meti": None}
    other.close()
    [(_, first)], [(_, second)] = site.requests, other.requests
    assert [first.get(name.lower()) for name, _ in headers] == [value for _, value in headers]
    assert {name: second[name] for name in second if "secret" in second[name].lower()} == {}
