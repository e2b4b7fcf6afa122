"""Near-duplicates: which way finds the copies of a text among 10,000 live ones, and leaves the look-alikes alone.

python -m bench.copies [--misses]

The pairs (`copies_pairs.py`) are made from the training items and from texts of our own (`copies_words.py`), by rules that say how
publishers change what they copy and how notices of a series differ. Half of the training items (by a hash of the event) set the
thresholds: figures are of the other half, while the rules and our own texts are the same for both.
"""

from __future__ import annotations

import argparse
import hashlib
import random
import re
import sys
import time
import tracemalloc
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass

from bench.copies_pairs import LANGS, Pair, Told, fillers, pairs
from bench.copies_ways import LIVE, NOW, ROOT, Way, ways
from monitor.classifiers import Example, load_examples
from monitor.copies import Copies
from monitor.segment import fold


@dataclass(frozen=True, slots=True)
class Scores:
    """What a way made of the pairs."""

    name: str
    right: Counter[tuple[str, str]]  # copies found, by kind and language
    wrong: Counter[tuple[str, str]]  # look-alikes found
    strays: list[tuple[Told, Told]]  # questions answered with a text that has nothing to do with it
    add: float  # microseconds of CPU an item
    find: float
    misses: list[Pair]


def run(make: Callable[[], Way], live: list[Told], asked: list[Pair]) -> Scores:
    """Fill, then ask for the second text of each pair."""
    way = make()
    began = time.process_time()
    for id, told in enumerate(live):
        way.add(id, told)
    add = (time.process_time() - began) / len(live)
    place = {told: id for id, told in enumerate(live)}
    same = defaultdict(set)  # texts of the items that are copies of each other as they are
    for told, id in place.items():
        same[_letters(told)].add(id)
    right: Counter[tuple[str, str]] = Counter()
    wrong: Counter[tuple[str, str]] = Counter()
    misses, strays = [], []
    began = time.process_time()
    answers = [set(way.find(pair.second)) for pair in asked]
    find = (time.process_time() - began) / len(asked)
    for pair, answer in zip(asked, answers, strict=True):
        is_found = place[pair.first] in answer
        if is_found:
            (right if pair.is_copy else wrong)[pair.kind, pair.lang] += 1
        if is_found != pair.is_copy:
            misses.append(pair)
        for id in answer - {place[pair.first]} - same[_letters(pair.first)] - same[_letters(pair.second)]:
            strays.append((pair.second, live[id]))
    return Scores(way.name, right, wrong, strays, add * 1e6, find * 1e6, misses)


def _letters(told: Told) -> str:
    return re.sub(r"[\W_]+", "", fold(told[1] or told[0]))


def main() -> None:
    """Print the tables."""
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument(
        "--misses", action="store_true", help="print what our verb got wrong, of the half that set the thresholds"
    )
    options.add_argument("--only", help="ways whose name holds this")
    chosen = options.parse_args()
    examples = load_examples(ROOT / "classifiers")
    half = [each for each in examples if (hashlib.sha256(each.event.encode()).digest()[0] % 2 == 0) == chosen.misses]
    chance = random.Random(20260501)
    asked = pairs(half, chance)
    live = list(dict.fromkeys([pair.first for pair in asked] + [(each.title, each.summary) for each in examples]))
    live += list(fillers(examples, LIVE - len(live), chance))
    live = list(dict.fromkeys(live))
    print(f"{len(asked):,} pairs, {sum(pair.is_copy for pair in asked):,} of them copies, against {len(live):,} live texts\n")
    found = []
    for make in ways():
        name = make().name
        if chosen.only and chosen.only not in name:
            continue
        found.append(run(make, live, asked))
        print(f"done: {name}", file=sys.stderr)
    report(found, asked)
    if chosen.misses:
        for pair in found[-1].misses:
            print(f"\n{'MISSED' if pair.is_copy else 'WRONG'} {pair.kind} {pair.lang}\n  {pair.first}\n  {pair.second}")
        for second, stray in found[-1].strays:
            print(f"\nSTRAY\n  {second}\n  {stray}")
    print("\n| live texts | find a new text, us | add, us | kB a text |\n|---|---|---|---|")
    for size in (2_500, LIVE, 4 * LIVE):
        print(growth(size, examples))


def growth(size: int, examples: list[Example]) -> str:
    """What a text costs that nobody told before, by the number of texts remembered: a row of a table."""
    texts = list(fillers(examples, size + 1_000, random.Random(7)))
    ours = Copies(capacity=size)
    for id, told in enumerate(texts[:size]):
        ours.add(str(id), *told, NOW)
    costs = []
    for verb in (ours.find, lambda *told: ours.add(str(told), *told)):
        began = time.process_time()
        for told in texts[size:]:
            verb(*told, NOW)
        costs.append((time.process_time() - began) * 1_000)
    tracemalloc.start()
    held = Copies(capacity=size)
    for id, told in enumerate(texts[:size]):
        held.add(str(id), *told, NOW)
    kilobytes = tracemalloc.get_traced_memory()[0] / size / 1_000
    tracemalloc.stop()
    return f"| {size:,} | {costs[0]:.0f} | {costs[1]:.0f} | {kilobytes:.1f} |"


def report(found: list[Scores], asked: list[Pair]) -> None:
    """Precision and recall by language and cost; then the shares by kind."""
    print("| way | precision | recall | " + " | ".join(f"{lang} P / R" for lang in LANGS) + " | strays | add us | find us |")
    print("|---" * (6 + len(LANGS)) + "|")
    for each in found:
        cells = [_share(each, asked, None)] + [_share(each, asked, lang) for lang in LANGS]
        (precision, recall), *rest = cells
        by_lang = " | ".join(f"{p:.3f} / {r:.3f}" for p, r in rest)
        print(
            f"| {each.name} | {precision:.3f} | {recall:.3f} | {by_lang} | {len(each.strays)} | {each.add:.0f} | {each.find:.0f} |"
        )
    total = Counter((pair.kind, pair.is_copy) for pair in asked)
    print("\n| kind | pairs | " + " | ".join(each.name for each in found) + " |\n" + "|---" * (2 + len(found)) + "|")
    for (kind, is_copy), count in total.items():
        shares = [sum(n for (k, _), n in (each.right if is_copy else each.wrong).items() if k == kind) / count for each in found]
        print(f"| {'' if is_copy else 'not: '}{kind} | {count} | " + " | ".join(f"{share:.3f}" for share in shares) + " |")


def _share(scores: Scores, asked: list[Pair], lang: str | None) -> tuple[float, float]:
    right = sum(n for (_, each), n in scores.right.items() if lang in (None, each))
    wrong = sum(n for (_, each), n in scores.wrong.items() if lang in (None, each))
    copies = sum(pair.is_copy and lang in (None, pair.lang) for pair in asked)
    return (right / (right + wrong) if right + wrong else 1.0), right / copies


if __name__ == "__main__":
    main()
