"""An hour of `monitor run` at 24 polls a second: does memory stay flat, do files stay closed, is every source read on time?

python -m bench.soak [--minutes 60] [--sources 240]
"""

from __future__ import annotations

import argparse
import asyncio
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
from itertools import pairwise
from pathlib import Path

from bench.tree import resident_and_files

EVERY = 10  # seconds between two polls of a source
NEWS = 7.0  # seconds between two new entries, all sources together
FLAT = 1.2  # the memory of the end against that of the first tenth
LATE = 60.0
_TROUBLES = ("slow", "gone", "broken", "html", "reset")


class Web:
    """Feeds that mostly say 304, a few that misbehave, in a thread of its own."""

    def __init__(self) -> None:
        self.port = 0
        self.read_at: dict[str, list[float]] = {}
        self.statuses: Counter[int] = Counter()
        self._news: Counter[str] = Counter()
        self._is_ready = threading.Event()
        threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True).start()
        self._is_ready.wait()

    def tell(self, name: str) -> None:
        """A new entry in a feed."""
        self._news[name] += 1

    async def _serve(self) -> None:
        server = await asyncio.start_server(self._answer, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        self._is_ready.set()
        await server.serve_forever()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            name = head.split(" ", 2)[1].strip("/")
            self.read_at.setdefault(name, []).append(time.monotonic())
            status, headers, body = self._of(name, head)
            if name.startswith("slow"):
                await asyncio.sleep(4)
            if name.startswith("reset"):
                writer.transport.abort()
                return
            self.statuses[status] += 1
            lines = [f"HTTP/1.1 {status} X", *headers, f"Content-Length: {len(body)}", "Connection: close", "", ""]
            writer.write("\r\n".join(lines).encode() + body)
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass
        finally:
            writer.close()

    def _of(self, name: str, head: str) -> tuple[int, list[str], bytes]:
        if name.startswith("gone"):
            return 404, [], b"gone"
        if name.startswith("html"):
            return 200, [], b"<!DOCTYPE html><html><body>Maintenance</body></html>"
        news = self._news[name]
        tag = f'ETag: "{news}"'
        if f'if-none-match: "{news}"' in head.lower():
            return 304, [tag], b""
        entries = "".join(
            f"<item><guid>{name}-{n}</guid><title>Notice {n} of the ministry {name} &amp; others</title>"
            f"<link>http://127.0.0.1:{self.port}/{name}/{n}</link><description>第{n}号の告示、輸出の許可について。</description></item>"
            for n in range(news, max(news - 30, -1), -1)
        )
        end = "" if name.startswith("broken") else "</channel></rss>"
        return 200, [tag], f"<?xml version='1.0'?><rss version='2.0'><channel><title>{name}</title>{entries}{end}".encode()


def main() -> None:
    """Run the service and print how it fares."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--sources", type=int, default=240)
    options = parser.parse_args()
    web = Web()
    troubled = [f"{kind}{n}" for kind in _TROUBLES for n in range(2)]
    names = [f"f{n}" for n in range(options.sources - len(troubled))] + troubled
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        (place / "feeds.yaml").write_text(
            "version: 1\nnetwork: {allow_private: [127.0.0.0/8], per_host: {concurrency: 16, delay: 0s}}\nsources:\n"
            + "".join(
                f"  - {{id: {name}, type: feed, url: 'http://127.0.0.1:{web.port}/{name}', every: {EVERY}s}}\n" for name in names
            )
        )
        with (place / "log").open("wb") as log:
            service = subprocess.Popen(
                [sys.executable, "-m", "monitor", "run", "--archive", f"sqlite:///{place}/a.db", "-q"],
                cwd=place,
                env={**os.environ, "PYTHONPATH": str(Path.cwd())},
                stderr=log,
            )
            try:
                samples = _watch(service, web, names, options.minutes * 60)
            finally:
                service.send_signal(signal.SIGTERM)
                began = time.monotonic()
                status = service.wait(timeout=60)
        items = sqlite3.connect(place / "a.db").execute("select count(*) from items").fetchone()[0]
        complaints = (place / "log").read_text(encoding="utf-8", errors="replace")
    print(f"ended by SIGTERM with {status} in {time.monotonic() - began:.1f} s; {items} items; answers {dict(web.statuses)}")
    _judge(samples, web, complaints)


def _watch(service: subprocess.Popen[bytes], web: Web, names: list[str], seconds: float) -> list[tuple[float, int]]:
    """Samples of (MB, open files) every ten seconds; a line a minute."""
    samples: list[tuple[float, int]] = []
    began = time.monotonic()
    told = 0
    while time.monotonic() - began < seconds and service.poll() is None:
        time.sleep(1)
        spent = time.monotonic() - began
        while told * NEWS < spent:
            web.tell(names[told * 37 % len(names)])
            told += 1
        if len(samples) * 10 < spent:
            resident, files = resident_and_files(service.pid)
            samples.append((resident / 1e6, files))
            if len(samples) % 6 == 0:
                polls = sum(map(len, web.read_at.values()))
                print(
                    f"{spent / 60:5.0f} min  {samples[-1][0]:6.1f} MB  {files:4d} files  {polls / spent:5.1f} polls/s", flush=True
                )
    return samples


def _judge(samples: list[tuple[float, int]], web: Web, complaints: str) -> None:
    tenth = max(len(samples) // 10, 3)
    first, last = samples[tenth : 2 * tenth], samples[-tenth:]
    memory = [statistics.median(mb for mb, _ in part) for part in (first, last)]
    files = [statistics.median(count for _, count in part) for part in (first, last)]
    gaps = [later - earlier for name, times in web.read_at.items() if name[0] == "f" for earlier, later in pairwise(times)]
    print(f"memory   {memory[0]:.1f} -> {memory[1]:.1f} MB: {'flat' if memory[1] < memory[0] * FLAT else 'GROWS'}")
    print(f"files    {files[0]:.0f} -> {files[1]:.0f}: {'flat' if files[1] <= files[0] + 5 else 'GROWS'}")
    print(
        f"longest  {max(gaps):.1f} s between two polls of a source (every {EVERY} s): {'holds' if max(gaps) < EVERY + LATE else 'LATE'}"
    )
    print(f"tracebacks in the log: {complaints.count('Traceback')}")


if __name__ == "__main__":
    main()
