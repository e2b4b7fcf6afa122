"""Which items an analyst's verdict would teach most: those in doubt, and not the same doubt twice. Pure.

Source: uncertainty sampling, Lewis and Gale 1994; the penalty for likeness is maximal marginal relevance, Carbonell and Goldstein 1998.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from monitor.segment import terms

LIKENESS = 0.7
"""What likeness to an item already chosen takes from its worth: a twin is worth next to nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """An item without a verdict on a theme."""

    item: str
    event: str | None
    title: str
    theme: str
    score: float  # of the theme, 0..1
    threshold: float  # from which on it would be given

    @property
    def doubt(self) -> float:
        """1 at the threshold, 0 where the score is certain."""
        room = self.threshold if self.score < self.threshold else 1 - self.threshold
        return max(0.0, 1 - abs(self.score - self.threshold) / max(room, 1e-6))


def most_informative(candidates: Sequence[Candidate], count: int) -> list[Candidate]:
    """At most `count` candidates, the most telling first: in doubt, of different events, and unlike each other in words.

    An item that is in doubt for several themes is asked about once, for the one in most doubt.
    """
    best: dict[str, Candidate] = {}
    for each in candidates:
        if each.item not in best or each.doubt > best[each.item].doubt:
            best[each.item] = each
    left = sorted(best.values(), key=lambda each: (-each.doubt, each.item))
    words = {each.item: frozenset(terms(each.title)) for each in left}
    likeness = dict.fromkeys(words, 0.0)
    chosen: list[Candidate] = []
    while left and len(chosen) < count:
        taken = max(left, key=lambda each: each.doubt - LIKENESS * likeness[each.item])
        left.remove(taken)
        chosen.append(taken)
        for each in left:
            same_event = taken.event is not None and each.event == taken.event
            likeness[each.item] = max(likeness[each.item], 1.0 if same_event else _alike(words[taken.item], words[each.item]))
    return chosen


def _alike(one: frozenset[str], other: frozenset[str]) -> float:
    """Jaccard's coefficient, 0..1."""
    union = len(one | other)
    return len(one & other) / union if union else 0.0
