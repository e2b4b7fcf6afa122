"""Which of some matches say most of what was asked for: BM25 with the title weighing more, and what is newer preferred. Pure.

How rare a word is, is judged among the matches at hand, not in the archive: that costs nothing, and is about what is new.

Source: Robertson and Zaragoza 2009, The Probabilistic Relevance Framework: BM25 and Beyond (BM25F for the title).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.query import Word
from monitor.tokens import count, normal

TITLE = 4.0
"""A word in the title counts as so many in the rest."""
_K1, _B = 1.2, 0.75
FRESH = timedelta(days=90)
"""After so long, half of the advantage of what is new is gone; all of it is a factor of two."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A match to be weighed."""

    key: int
    title: str
    rest: str
    moment: datetime


def ranked(candidates: Iterable[Candidate], words: Sequence[Word], now: datetime) -> list[int]:
    """Keys of the candidates, the best first; of equals the newest. Without words, the newest first."""
    found = sorted(candidates, key=lambda each: (each.moment, each.key), reverse=True)
    counts = [[_weight(each, word) for word in words] for each in _normal(found)]
    lengths = [len(each.title) + len(each.rest) for each in found]
    average = max(1.0, sum(lengths) / max(1, len(lengths)))
    rarity = [_rarity(sum(row[place] > 0 for row in counts), len(found)) for place in range(len(words))]

    def score(place: int) -> float:
        norm = _K1 * (1 - _B + _B * lengths[place] / average)
        said = sum(weight * (_K1 + 1) * times / (times + norm) for weight, times in zip(rarity, counts[place], strict=True))
        return said * freshness(found[place].moment, now)

    return [found[place].key for place in sorted(range(len(found)), key=score, reverse=True)]


def freshness(moment: datetime, now: datetime) -> float:
    """1 for what is new, falling to 0.5 with age."""
    return 0.5 + 0.5 * math.exp2(-(max(timedelta(), now - moment) / FRESH))


def _normal(candidates: Iterable[Candidate]) -> Iterable[tuple[str, str]]:
    return ((normal(each.title), normal(each.rest)) for each in candidates)


def _weight(text: tuple[str, str], word: Word) -> float:
    """How often a text has a word, its title counting more."""
    title, rest = text
    return TITLE * count(title, word.text, is_prefix=word.is_prefix) + count(rest, word.text, is_prefix=word.is_prefix)


def _rarity(having: int, total: int) -> float:
    return math.log(1 + (total - having + 0.5) / (having + 0.5))
