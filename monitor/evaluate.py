"""Figures of a classifier: precision, recall and F1 a theme, false alarms, calibration. Pure.

Sources: macro F1 is the mean of the themes' F1; calibration error is the expected calibration error over ten bins (Naeini et al. 2015).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """One labelled item and what the classifier said of it."""

    labels: frozenset[str]
    given: frozenset[str]
    scores: Mapping[str, float]
    lang: str
    is_near_miss: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """All shares are 0..1; 0 where there is nothing to count."""

    items: int
    precision: Mapping[str, float]
    recall: Mapping[str, float]
    f1: Mapping[str, float]
    macro_f1: float
    micro_f1: Mapping[str, float]  # by language
    near_miss_alarms: float  # share of near-misses that got any theme
    plain_alarms: float  # share of other unlabelled items that got any theme
    two_themes_found: float  # share of two-theme items that got both
    calibration_error: float


def figures(judged: Sequence[Judgement], themes: Sequence[str]) -> Figures:
    """The figures over labelled items."""
    counted = {theme: _counts((theme in each.labels, theme in each.given) for each in judged) for theme in themes}
    langs = sorted({each.lang for each in judged})
    micro = {
        lang: _f1(
            *_counts((theme in each.labels, theme in each.given) for each in judged if each.lang == lang for theme in themes)
        )
        for lang in langs
    }
    none = [each for each in judged if not each.labels]
    two = [each for each in judged if len(each.labels) > 1]
    f1 = {theme: _f1(*counted[theme]) for theme in themes}
    return Figures(
        items=len(judged),
        precision={theme: _share(hit, hit + extra) for theme, (hit, extra, _) in counted.items()},
        recall={theme: _share(hit, hit + missed) for theme, (hit, _, missed) in counted.items()},
        f1=f1,
        macro_f1=sum(f1.values()) / len(f1) if f1 else 0.0,
        micro_f1=micro,
        near_miss_alarms=_share(
            sum(1 for each in none if each.is_near_miss and each.given), sum(1 for each in none if each.is_near_miss)
        ),
        plain_alarms=_share(
            sum(1 for each in none if not each.is_near_miss and each.given),
            sum(1 for each in none if not each.is_near_miss),
        ),
        two_themes_found=_share(sum(1 for each in two if each.labels <= each.given), len(two)),
        calibration_error=_calibration_error(
            [(each.scores.get(theme, 0.0), theme in each.labels) for each in judged for theme in themes]
        ),
    )


MIN_FOUND = 0.5
"""Share of a theme's items that a threshold finds at least."""


def best_threshold(pairs: Iterable[tuple[float, bool]], precision: float) -> float:
    """The score from which on a theme is given: the best F1 among those that reach `precision` and find a share MIN_FOUND of its items.

    If none does both, the most precise of those that find so many: a theme of which next to nothing is found is of no use, however right.

    Args:
        pairs: (score, is labelled) of items that were not learned from.
    """
    ranked = sorted(pairs, key=lambda pair: -pair[0])
    positives = sum(1 for _, is_labelled in ranked if is_labelled)
    best: tuple[bool, float, float, float] = (False, -1.0, -1.0, 0.5)
    hits = 0
    for taken, (score, is_labelled) in enumerate(ranked, start=1):
        hits += is_labelled
        is_last_of_score = taken == len(ranked) or ranked[taken][0] < score
        if not is_last_of_score:
            continue
        f1 = 2 * hits / (taken + positives) if positives else 0.0
        best = max(best, (hits >= MIN_FOUND * positives, min(hits / taken, precision), f1, score))
    return best[3]


@dataclass(frozen=True, slots=True)
class Pairs:
    """Pairs of items that are of one event, in truth (wanted) and by a linker (given); `hit` are both. Across: in two languages."""

    hit: int
    given: int
    wanted: int
    across_hit: int = 0
    across_given: int = 0
    across_wanted: int = 0

    def __add__(self, other: Pairs) -> Pairs:
        return Pairs(*(getattr(self, each.name) + getattr(other, each.name) for each in fields(self)))

    @property
    def f1(self) -> float:
        """Of all pairs, 0..1. Source: pairwise F1, Miranda et al. 2018, Multilingual clustering of streaming news."""
        return 2 * self.hit / (self.given + self.wanted) if self.given + self.wanted else 0.0

    @property
    def across_f1(self) -> float:
        """Of the pairs in two languages."""
        both = self.across_given + self.across_wanted
        return 2 * self.across_hit / both if both else 0.0


def pairs(truth: Sequence[str], given: Sequence[str], langs: Sequence[str]) -> Pairs:
    """Pairs of items, counted by event; all three of the same length."""

    def count(keys: Iterable[object]) -> int:
        return sum(n * (n - 1) // 2 for n in Counter(keys).values())

    both = list(zip(truth, given, strict=True))
    all_of = [count(both), count(given), count(truth)]
    of_lang = [count(zip(keys, langs, strict=True)) for keys in (both, given, truth)]
    return Pairs(*all_of, *(whole - same for whole, same in zip(all_of, of_lang, strict=True)))


def _counts(pairs: Iterable[tuple[bool, bool]]) -> tuple[int, int, int]:
    """(hits, false alarms, misses) of (is labelled, is given) pairs."""
    hit = extra = missed = 0
    for is_labelled, is_given in pairs:
        hit += is_labelled and is_given
        extra += is_given and not is_labelled
        missed += is_labelled and not is_given
    return hit, extra, missed


def _f1(hit: int, extra: int, missed: int) -> float:
    return _share(2 * hit, 2 * hit + extra + missed)


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


def _calibration_error(pairs: Sequence[tuple[float, bool]], bins: int = 10) -> float:
    if not pairs:
        return 0.0
    error = 0.0
    for place in range(bins):
        low, high = place / bins, (place + 1) / bins
        inside = [(score, hit) for score, hit in pairs if low <= score < high or (high == 1.0 and score == 1.0)]
        if inside:
            mean = sum(score for score, _ in inside) / len(inside)
            rate = sum(hit for _, hit in inside) / len(inside)
            error += len(inside) / len(pairs) * abs(mean - rate)
    return error
