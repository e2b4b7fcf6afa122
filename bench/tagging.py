"""How fast the classifier is: the plain head alone, sentence vectors, a stream as it comes, and the way to the first tag.

python -m bench.tagging [--million]

One core, CPU seconds, medians. The stream has the shares of a day of general and ministry feeds: of ten items seven without any sign of a
theme, one and a half near-misses, one and a half with a theme. --million streams a million of them, among them a hundred bad lines,
through `monitor tag -` instead, and samples its memory as it goes.
"""

from __future__ import annotations

import json
import os
import random
import resource
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}  # one core, as the figures say

from bench.stages import ROUNDS, measure
from monitor import bundled, classifiers, encoders, models, train
from monitor.identify import identify
from monitor.items import Findings, Item
from monitor.tag import encode, evidence, tag

ITEMS = 2000
LINES, BAD = 1_000_000, 100
SHARES = (("plain", 0.7), ("near-miss", 0.15), ("theme", 0.15))
FIRST = """
import sys, time
from monitor import classifiers, bundled, encoders, models
from monitor.identify import identify
from monitor.tag import tag
from monitor.train import as_item
"""


def main() -> None:
    """Print the table, or with --million the course of a long stream."""
    if sys.argv[1:] == ["--million"]:
        _million()
        return
    folder = bundled.classifiers()
    lexicon, model = classifiers.load_lexicon(folder), models.load(folder)
    encoder = encoders.load(encoders.SHIPPED)
    encoder.encode(["warm"])
    stream, titles = _stream(list(classifiers.load_examples(folder)))
    pairs = [(item, identify(item, lexicon)) for item in stream]
    headlines = [(item, identify(item, lexicon)) for item in titles]

    def sparse(items: list[tuple[Item, Findings]]) -> None:
        for item, findings in items:
            encode(evidence(item.text, findings, model.cues), model.cues)

    rows: list[tuple[str, int, Callable[[], object], float | None]] = [
        ("identify", len(pairs), lambda: [identify(item, lexicon) for item in stream], None),
        ("sparse part: evidence and encoding", len(pairs), lambda: sparse(pairs), 5000),
        ("plain head alone, with reasons", len(pairs), lambda: tag(model, pairs), None),
        ("sentence vectors, headlines", len(headlines), lambda: encoders.encode(encoder, [item.text for item in titles]), 200),
        ("every headline with its vector", len(headlines), lambda: _all(model, headlines, encoder), 200),
        ("stream, vectors where in doubt", len(pairs), lambda: _batches(model, pairs, encoder), 1000),
    ]
    print(f"{ITEMS} items; one core; medians of {ROUNDS}; load {os.getloadavg()[0]:.1f}\n")
    print(f"{'what':<40}{'items a CPU second':>20}{'asked':>8}")
    for name, count, work, asked in rows:
        speed = count / measure(work)
        verdict = "" if asked is None else f"{asked:>8.0f}  {'holds' if speed >= asked else 'missed'}"
        print(f"{name:<40}{speed:>20,.0f}{verdict}")
    print(f"\n{'start to first tag':<40}{'wall s':>20}{'asked':>8}")
    for name, with_encoder, most in (("without the encoder", "", 3.0), ("with it", "1", 6.0)):
        wall, resident = _first(with_encoder)
        print(f"{name:<40}{wall:>20.2f}{most:>8.1f}  {'holds' if wall < most else 'missed'}; {resident:.0f} MB")
    print(f"memory of this process at its highest: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


def _million() -> None:
    """A million lines through the command: speed and resident memory as it goes, and how bad lines are told."""
    stream, _ = _stream(list(classifiers.load_examples(bundled.classifiers())))
    lines = [json.dumps({"id": item.id, "title": item.title, "summary": item.summary, "lang": item.lang}) for item in stream]
    # single-threaded, like the service; -q: progress is for people
    command = subprocess.Popen(
        [sys.executable, "-m", "monitor", "tag", "-", "-q"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert command.stdin is not None
    assert command.stdout is not None
    assert command.stderr is not None
    into, errors = command.stdin, command.stderr

    def feed() -> None:
        for number in range(LINES):
            line = '{"id": broken' if number % (LINES // BAD) == 7 else lines[number % len(lines)]
            into.write(line.encode() + b"\n")
        into.close()

    told: list[bytes] = []
    threads = [threading.Thread(target=feed), threading.Thread(target=lambda: told.extend(errors))]
    for each in threads:
        each.start()
    began, answered = time.monotonic(), 0
    print(f"{'lines answered':>16}{'lines a second':>16}{'resident MB':>14}")
    for answered, _ in enumerate(command.stdout, start=1):
        if answered % (LINES // 10) == 0 or answered == 10_000:
            print(f"{answered:>16,}{answered / (time.monotonic() - began):>16,.0f}{_resident(command.pid):>14.0f}", flush=True)
    for each in threads:
        each.join()
    print(
        f"{answered:,} answers and {len(told):,} lines on standard error; exit code {command.wait()}; the last: {told[-1].decode().strip()}"
    )


def _resident(process: int) -> float:
    """Megabytes that a process has in memory."""
    pages = Path(f"/proc/{process}/statm").read_text(encoding="ascii").split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE") / (1 << 20)


def _stream(examples: list[classifiers.Example]) -> tuple[list[Item], list[Item]]:
    """ITEMS items in the shares of a day, and as many headlines."""
    draw = random.Random(0)
    kinds = {"plain": [], "near-miss": [], "theme": []}  # type: dict[str, list[classifiers.Example]]
    for each in examples:
        kinds["theme" if each.labels else "near-miss" if each.near_miss else "plain"].append(each)
    chosen = [each for kind, share in SHARES for each in draw.choices(kinds[kind], k=round(ITEMS * share))]
    draw.shuffle(chosen)
    titles = [each for each in chosen if not each.summary]
    return [train.as_item(each) for each in chosen], [train.as_item(each) for each in titles]


def _batches(model: object, pairs: list[tuple[Item, Findings]], encoder: encoders.Encoder) -> None:
    for start in range(0, len(pairs), 64):
        tag(model, pairs[start : start + 64], encoder)  # type: ignore[arg-type]


def _all(model: object, pairs: list[tuple[Item, Findings]], encoder: encoders.Encoder) -> None:
    import dataclasses

    import numpy as np

    always = dataclasses.replace(model, doubt=np.zeros_like(model.doubt))  # type: ignore[type-var, attr-defined]
    _batches(always, pairs, encoder)


def _first(with_encoder: str) -> tuple[float, float]:
    """Wall seconds from the start of a process to its first tags, and its resident megabytes; median of three."""
    code = (
        FIRST
        + f"""
folder = bundled.classifiers()
lexicon, model = classifiers.load_lexicon(folder), models.load(folder)
encoder = encoders.load(model.vectors) if {with_encoder!r} else None
item = as_item(classifiers.load_examples(folder)[0])
tag(model, [(item, identify(item, lexicon))], encoder)
from pathlib import Path
# not getrusage: its peak is inherited from the process that started this one
status = Path("/proc/self/status").read_text()
print(int(status.partition("VmHWM:")[2].split()[0]) / 1024)
"""
    )
    walls, resident = [], 0.0
    for _ in range(3):
        began = time.monotonic()
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        walls.append(time.monotonic() - began)
        resident = float(done.stdout.split()[-1])
    return statistics.median(walls), resident


if __name__ == "__main__":
    main()
