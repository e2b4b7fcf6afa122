"""How fast items are joined to events, how that grows with what went before, and how much memory live events take.

python -m bench.linking [--archived N]

One core, CPU seconds, medians. Items are the training corpus's, one event each unless the linker finds otherwise, their titles cut
and joined anew so that no two are alike; a month has as many as the live events asked for.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}  # one core, as the figures say

import numpy as np

from monitor import bundled, classifiers, encoders, joinings
from monitor.identify import identify
from monitor.items import Findings, Item, Tier
from monitor.likeness import HORIZON, Floats
from monitor.link import Linker

BATCH = 64
MEASURED = 2_048
"""Items whose cost is taken, in parts of which the median is told."""
START = datetime(2026, 1, 1, tzinfo=UTC)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--archived", type=int, default=100_000, help="items linked before the last measurement")
    archived = parser.parse_args().archived
    folder = bundled.classifiers()
    lexicon = classifiers.load_lexicon(folder)
    encoder = encoders.load(encoders.SHIPPED)
    texts = [(each.title, each.summary, each.lang) for each in classifiers.load_examples(folder)]
    vectors = encoders.encode(encoder, [f"{title}\n{summary}" for title, summary, _ in texts[:MEASURED]])

    print(f"{'what':<58}{'items a CPU second':>20}{'asked':>8}")
    for name, has_vectors, live, asked in (
        ("without meaning, 5,000 live events", False, 5_000, 3_000),
        ("with meaning (vectors made before), 5,000 live events", True, 5_000, None),
        ("with meaning, 20,000 live events", True, 20_000, None),
    ):
        linker = Linker(joinings.load(folder, vectors=encoder.id if has_vectors else None))
        stream = _stream(texts, live)
        _feed(linker, stream, live, lexicon, vectors if has_vectors else None)
        speed = _feed(linker, stream, MEASURED, lexicon, vectors if has_vectors else None)
        verdict = "" if asked is None else f"{asked:>8,}  {'holds' if speed >= asked else 'missed'}"
        print(f"{name:<58}{speed:>20,.0f}{verdict}", flush=True)
        if live == 20_000:
            print(f"{'memory of this process at its highest, corpus included':<58}{_highest():>17.0f} MB{500:>8}", flush=True)
    linker = Linker(joinings.load(folder, vectors=None))
    stream = _stream(texts, 5_000)
    _feed(linker, stream, 10_000 - MEASURED, lexicon, None)
    before = _feed(linker, stream, MEASURED, lexicon, None)
    _feed(linker, stream, archived - 10_000, lexicon, None)
    after = _feed(linker, stream, MEASURED, lexicon, None)
    print(f"\ncost per item after {archived:,} items: {before / after:.2f} times that after 10,000 (asked 1.3 at most)")


def _stream(texts: list[tuple[str, str, str]], live: int) -> Iterator[tuple[Item, str]]:
    """Items without end, `live` in a month: halves of titles of one language, joined by chance."""
    draw = random.Random(0)
    by_lang: dict[str, list[str]] = {}
    for title, _, lang in texts:
        by_lang.setdefault(lang, []).append(title)
    gap = HORIZON / live
    number = 0
    while True:
        lang = draw.choices(list(by_lang), [len(titles) for titles in by_lang.values()])[0]
        one, other = draw.sample(by_lang[lang], 2)
        title = one[: len(one) // 2] + other[len(other) // 2 :]
        moment = START + number * gap
        yield (
            Item(
                id=f"I-{number}",
                source=f"s{number % 97}",
                key=str(number),
                url=None,
                title=title,
                summary="",
                published=moment,
                first_seen=moment + timedelta(minutes=1),
                lang=lang,
                country=None,
                tier=Tier.PRESS,
            ),
            lang,
        )
        number += 1


def _feed(linker: Linker, stream: Iterator[tuple[Item, str]], count: int, lexicon: object, vectors: Floats | None) -> float:
    """Link so many items; items a CPU second, the median of the batches. What identify costs is not counted."""
    times: list[float] = []
    for _ in range(0, count, BATCH):
        items = [next(stream)[0] for _ in range(BATCH)]
        pairs: list[tuple[Item, Findings]] = [(item, identify(item, lexicon)) for item in items]  # type: ignore[arg-type]
        rows = None if vectors is None else vectors[np.arange(BATCH) + (len(times) * BATCH) % (len(vectors) - BATCH)]
        began = time.process_time()
        for _ in linker.link_all(pairs, rows):
            pass
        times.append(time.process_time() - began)
    return BATCH / statistics.median(times)


def _highest() -> float:
    """Megabytes that this process had in memory at most."""
    return int(Path("/proc/self/status").read_text(encoding="ascii").partition("VmHWM:")[2].split()[0]) / 1024


if __name__ == "__main__":
    main()
