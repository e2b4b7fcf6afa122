"""How much an item is like an event, feature by feature, and what a learned decision makes of it. Pure; arrays in, numbers out.

Three decisions, each a weighted sum (see WAYS). An event is compared as the mean over its items, so that a large one is no easier to be
like than a small one; a storyline as their sum, of length 1, since two of its items may have little in common but the whole. That a
large one is likelier to be joined is told by its size.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from operator import mul
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

BUCKETS = 1 << 17
"""Of the table that counts in how many items a term stands; terms that share one are both a little less rare."""
KINDS = ("mineral", "country", "figure", "company", "other")
"""What speaks against an event if an item names some and the event names others."""
FEATURES = (
    "words",
    "meaning",
    "names",
    "days",
    "length",
    "meaning_by_length",
    "words_by_length",
    *KINDS,
    "rarest",
    "second",
)
"""In this order everywhere."""
WAYS = ("same", "bare", "across")
"""Decided apart: in a language that the event has; there, but with no word and no name in common; across languages."""
_KIND = {kind: place for place, kind in enumerate(KINDS)}
_NOTHING = (0.0,) * len(KINDS)
_LENGTH = 2.3
"""ln of the ten different words that a headline has; lengths are told from there."""
HORIZON = timedelta(days=30)
"""An event that has been quiet for so long takes new items by identifier only."""
_QUIET = HORIZON / timedelta(days=1)
_QUIET_DAYS = 3.0
"""Days that an event may be quiet without any doubt; of a storyline, which lives from day to day, none."""
_ROUNDING = 1e-9
_QUIET_LOG = math.log1p(_QUIET_DAYS)

Floats = npt.NDArray[np.float32]


class Compared(NamedTuple):
    """An item beside an event."""

    way: str  # one of WAYS
    values: tuple[float, ...]  # as FEATURES


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """An item as it is compared."""

    lang: str
    words: Mapping[str, float]  # unit length
    rarities: Mapping[str, float]  # 0 for a word of every text, about 1 for one that was never seen
    names: Mapping[str, float]  # what reads the same in every language: entities, identifiers, figures, dates; unit length
    kinds: Mapping[str, frozenset[str]]
    vector: Floats | None  # (size,) of length 1, without what its language always means; None: no encoder
    day: float | None  # since 1970, UTC; None: not known
    length: float  # ln(1 + different words)


@dataclass(frozen=True, kw_only=True)
class Joining:
    """The learned decision."""

    version: str
    weights: Mapping[str, tuple[float, ...]]  # by way: 1 + n_features; the first is added to all
    size: float  # what ln(items of the event) adds
    counts: npt.NDArray[np.uint16]  # (BUCKETS,) items of the usual stream in which a term of a bucket stands
    total: int  # items of the usual stream
    usual: Mapping[str, Floats]  # by language, "" for others: (size,) what a text means on the average; empty: no vectors
    vectors: str | None = None  # id of their encoder
    is_central: bool = (
        False  # True: words and meaning are compared with the sum of the items, of length 1; False: as means over the items
    )

    @cached_property
    def reach(self) -> Mapping[str, tuple[float, ...]]:
        """By way: the most that all but words, meaning, names, length and size can add; and the weights of these."""
        found = {}
        for way, (first, *others) in self.weights.items():
            of = dict(zip(FEATURES, others, strict=True))
            unknown = max(0.0, of["days"]) * math.log1p(_QUIET), *(max(0.0, of[kind]) for kind in KINDS)
            told = (of[name] for name in FEATURES if name not in ("days", *KINDS))
            found[way] = (first + sum(unknown) + _ROUNDING, *told)
        return found

    def log_odds(self, found: Compared, items: int) -> float:
        """That the item belongs to the event of so many items: from 0 on it does."""
        weights = self.weights[found.way]
        return weights[0] + sum(map(mul, weights[1:], found.values), 0.0) + (self.size * math.log(items) if items > 1 else 0.0)

    def shares(self, found: Compared) -> dict[str, float]:
        """What each feature adds, by its name."""
        return dict(zip(FEATURES, map(mul, self.weights[found.way][1:], found.values), strict=True))


@dataclass(slots=True)
class Gathered:
    """What the items of an event have in common, as sums."""

    first: float | None = None  # day of its first item; None: of none is it known
    last: float | None = None
    items: int = 0
    by_lang: dict[str, int] = field(default_factory=dict)  # items
    words: dict[str, dict[str, float]] = field(default_factory=dict)  # by language and word: sum of weights
    squares: dict[str, float] = field(default_factory=dict)  # by language: of the length of the sum of words
    meant: float = 0.0  # square of the length of the sum of vectors
    standing: dict[str, int] | None = None  # by word of any language: items in which it stands; None: of one item
    names: dict[str, float] = field(default_factory=dict)  # sum of weights
    square: float = 0.0  # of the length of the sum of names
    length: float = 0.0  # sum
    kinds: dict[str, dict[str, int]] = field(default_factory=dict)  # by kind and name: items; "": those that name any

    def add(self, mark: Mark) -> None:
        """Take an item in."""
        if mark.day is not None:
            self.first = mark.day if self.first is None else min(self.first, mark.day)
            self.last = mark.day if self.last is None else max(self.last, mark.day)
        if self.items:
            if self.standing is None:
                self.standing = self._standings()
            _count(self.standing, mark.words)
        own = self.words.get(mark.lang)
        if own is None:
            self.words[mark.lang] = dict(mark.words)
            self.squares[mark.lang] = 1.0
        else:
            square = self.squares[mark.lang]
            for term, weight in mark.words.items():
                before = own.get(term, 0.0)
                after = own[term] = before + weight
                square += after**2 - before**2
            self.squares[mark.lang] = square
        for name, weight in mark.names.items():
            before = self.names.get(name, 0.0)
            after = self.names[name] = before + weight
            self.square += after**2 - before**2
        self.items += 1
        self.by_lang[mark.lang] = self.by_lang.get(mark.lang, 0) + 1
        self.length += mark.length
        for kind, names in mark.kinds.items():
            _count(self.kinds.setdefault(kind, {}), ("", *names))

    def merge(self, other: Gathered) -> None:
        """Take in what the items of another event have in common."""
        days = [day for day in (self.first, self.last, other.first, other.last) if day is not None]
        self.first, self.last = (min(days), max(days)) if days else (None, None)
        standing = Counter(self._standings())
        standing.update(other._standings())
        self.standing = dict(standing)
        for lang, words in other.words.items():
            own = self.words.setdefault(lang, {})
            for term, weight in words.items():
                own[term] = own.get(term, 0.0) + weight
            self.squares[lang] = sum(weight**2 for weight in own.values())
        for name, weight in other.names.items():
            self.names[name] = self.names.get(name, 0.0) + weight
        self.square = sum(weight**2 for weight in self.names.values())
        self.items += other.items
        self.length += other.length
        for lang, items in other.by_lang.items():
            self.by_lang[lang] = self.by_lang.get(lang, 0) + items
        for kind, names in other.kinds.items():
            of_kind = self.kinds.setdefault(kind, {})
            for name, items in names.items():
                of_kind[name] = of_kind.get(name, 0) + items

    def _standings(self) -> dict[str, int]:
        return self.standing if self.standing is not None else {term: 1 for words in self.words.values() for term in words}


def compared(
    mark: Mark, events: Iterable[tuple[str, Gathered, float]], joining: Joining, *, only_joinable: bool = False
) -> Iterator[tuple[str, Compared, int]]:
    """An item beside events: the event, how it compares, and its items. Those that were quiet for HORIZON are left out.

    Args:
        events: the name, what its items have in common, and the product of the item's vector with the sum of theirs.
        only_joinable: those that would not be joined are left out, too, most of them before they are compared in full.
    """
    # one loop without calls, which took a third of its time; nine of ten events are let go of before they are compared in full
    lang, day, rarities, weights, of_names, of_kinds = mark.lang, mark.day, mark.rarities, mark.words, mark.names, mark.kinds
    half = mark.length / 2 - _LENGTH
    free, quiet = (0.0, 0.0) if joining.is_central else (_QUIET_DAYS, _QUIET_LOG)
    reach, by_size, is_central = joining.reach if only_joinable else None, joining.size, joining.is_central
    for name, event, product in events:
        days = 0.0
        if day is not None and event.last is not None and event.first is not None:
            days = day - event.last if day > event.last else event.first - day if day < event.first else 0.0
            if days > _QUIET:
                continue
        items, standing, sums = event.items, event.standing, event.words.get(lang)
        words_ = first = second = names = 0.0
        # few words are shared: a filter takes half the time of asking one by one
        for term in filter((standing or sums or next(iter(event.words.values()))).__contains__, rarities):
            rarity = rarities[term]
            if standing is not None and (often := 2 * standing[term]) < items:
                rarity *= often / items
            if rarity > first:
                first, second = rarity, first
            elif rarity > second:
                second = rarity
            if sums is not None and term in sums:
                words_ += weights[term] * sums[term]
        if words_ and items > 1:
            words_ /= math.sqrt(event.squares[lang]) if is_central else event.by_lang[lang]
        if of_names and event.names:
            for each in filter(event.names.__contains__, of_names):
                names += of_names[each] * event.names[each]
            if names:
                names /= math.sqrt(event.square)
        length = half + event.length / items / 2
        meaning = product / (math.sqrt(event.meant) if is_central and event.meant > 0 else items)
        way = "across" if sums is None else "same" if words_ or names or first else "bare"
        if reach is not None:
            most, by_words, by_meaning, by_names, by_length, both_meaning, both_words, by_first, by_second = reach[way]
            most += by_first * first + by_second * second + by_words * words_ + (by_length + both_words * words_) * length
            if names:
                most += by_names * names
            if meaning:
                most += (by_meaning + both_meaning * length) * meaning
            if most < 0 and (items == 1 or most + by_size * math.log(items) < 0):
                continue
        yield (
            name,
            Compared(
                way,
                (
                    words_,
                    meaning,
                    names,
                    math.log1p(days) - quiet if days > free else 0.0,
                    length,
                    meaning * length,
                    words_ * length,
                    *(_strangeness(of_kinds, event.kinds) if of_kinds and event.kinds else _NOTHING),
                    first,
                    second,
                ),
            ),
            items,
        )


def _count(counts: dict[str, int], terms: Iterable[str]) -> None:
    for term in terms:
        counts[term] = counts.get(term, 0) + 1


def _strangeness(mine: Mapping[str, frozenset[str]], theirs: Mapping[str, Mapping[str, int]]) -> tuple[float, ...]:
    """Of each kind: 1 if an item and an event name some and none in common, 0 if half of the event's items that name any name
    one of the item's."""
    found = [0.0] * len(KINDS)
    for kind, names in mine.items():
        if items := theirs.get(kind):
            share = 0.0 if names.isdisjoint(items) else max([items.get(name, 0) for name in names]) / items[""]
            found[_KIND[kind]] = 1.0 - min(1.0, 2 * share)
    return tuple(found)
