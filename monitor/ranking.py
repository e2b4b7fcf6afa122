"""Which of some matches say most of what was asked for: BM25 with the title weighing more, and what is newer preferred. Pure.

How rare a word is, is judged among the matches at hand, not in the archive: that costs nothing, and is about what is new. Words for
one thing in several languages are one word, as common as all of them together; else the language that is rare here would lead.

Source: Robertson and Zaragoza 2009, The Probabilistic Relevance Framework: BM25 and Beyond (BM25F for the title).
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.query import And, Node, Or, Word
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


def ranked(candidates: Iterable[Candidate], tree: Node, now: datetime) -> list[int]:
    """Keys of the candidates, the best first; of equals the newest. For a query without words, the newest first."""
    found = sorted(candidates, key=lambda each: (each.moment, each.key), reverse=True)
    terms = _terms(tree)
    counts = [[_weight(each, term) for term in terms] for each in _normal(found)]
    lengths = [
        len(each.title.encode()) + len(each.rest.encode()) for each in found
    ]  # a Chinese character says as much as 3 letters
    average = max(1.0, sum(lengths) / max(1, len(lengths)))
    rarity = [_rarity(sum(row[place] > 0 for row in counts), len(found)) for place in range(len(terms))]

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


def _terms(tree: Node) -> tuple[Node, ...]:
    """What is weighed by itself: words, and words for one thing. Not what a match must not hold."""
    match tree:
        case Word() | Or(is_one_thing=True):
            return (tree,)
        case And(nodes) | Or(nodes):
            return tuple(term for node in nodes for term in _terms(node))
        case _:
            return ()


def _weight(text: tuple[str, str], term: Node) -> float:
    """How often a text has a term, its title counting more. Of words that only together are the term, the one it has least often."""
    match term:
        case Word(word, is_prefix):
            title, rest = (count(each, word, is_prefix=is_prefix) for each in text)
            return TITLE * title + rest
        case And(nodes):
            return min(_weight(text, node) for node in nodes)
        case Or(nodes):
            return sum(_weight(text, node) for node in nodes)
        case _:
            return 0


def _rarity(having: int, total: int) -> float:
    return math.log(1 + (total - having + 0.5) / (having + 0.5))
