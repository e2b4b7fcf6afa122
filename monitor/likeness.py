"""How much an item is like an event, feature by feature, and what a learned decision makes of it. Pure; arrays in, numbers out.

Three decisions, each a weighted sum (see WAYS). Features are means over the event's items, so that a large event is no easier to be like
than a small one; that it is likelier to be joined is told by its size.
"""

from __future__ import annotations

import math
import re
import zlib
from array import array
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from operator import mul
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from monitor.items import Findings, Item
from monitor.segment import HIRAGANA, STOP_WORDS, pieces

BUCKETS = 1 << 17
"""Of the table that counts in how many items a term stands; terms that share one are both a little less rare."""
USUAL = 100
"""Items that the usual meaning of a language counts for beside those of the stream."""
MAX_TEXT = 1_500
"""Characters of a summary that are compared."""
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
_NOTHING = [0.0] * len(KINDS)
_LENGTH = 2.3
"""ln of the ten different words that a headline has; lengths are told from there."""
_QUIET_DAYS = 3.0
"""Days that an event may be quiet without any doubt."""

_TAIL = re.compile(r"\s+[-–—|]\s+[^-–—|]{2,40}$")
_YEAR = re.compile(r"(?:19|20)\d\d")
_OF_DATES = re.compile(
    r"(?:19|20)\d\d|\d{1,2}|(?:jan|febr)uary|march|april|may|june|july|august|(?:sept|nov|dec)ember|october|(?:mon|tues|wednes|thurs|fri|satur|sun)day|年|月|日"
)
"""Two items of one day have the day in common, and nothing else; key dates are compared as names."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Joining:
    """The learned decision."""

    version: str
    weights: Mapping[str, tuple[float, ...]]  # by way: 1 + n_features; the first is added to all
    size: float  # what ln(items of the event) adds
    counts: npt.NDArray[np.uint16]  # (BUCKETS,) items of the usual stream in which a term of a bucket stands
    total: int  # items of the usual stream
    usual: Mapping[str, Floats]  # by language, "" for others: (size,) what a text means on the average; empty: no vectors
    vectors: str | None = None  # id of their encoder

    def log_odds(self, found: Compared, items: int) -> float:
        """That the item belongs to the event of so many items: from 0 on it does."""
        first, *others = self.weights[found.way]
        return float(first + sum(map(mul, others, found.values)) + self.size * math.log(items))

    def shares(self, found: Compared) -> dict[str, float]:
        """What each feature adds, by its name."""
        return dict(zip(FEATURES, map(mul, self.weights[found.way][1:], found.values), strict=True))


@dataclass(slots=True)
class Marker:
    """Makes marks; knows how rare words are, and what texts of a language always mean, in the stream so far."""

    joining: Joining
    _seen: int = 0
    _seen_in: array[int] = field(default_factory=lambda: array("I", bytes(4 * BUCKETS)))
    _named_in: Counter[str] = field(default_factory=Counter)
    _meant: dict[str, tuple[Floats, int]] = field(default_factory=dict)

    def mark(self, item: Item, findings: Findings, vector: Floats | None) -> Mark:
        """The item as it is compared, weighed by what came before it; and remembered.

        Args:
            vector: (size,) what its text means, of length 1.
        """
        title, summary = _TAIL.sub("", item.title), item.summary[:MAX_TEXT]
        in_title = words(title)
        counts = Counter([*in_title, *in_title, *words(summary)])
        rarities = self._rarities(counts)
        named = _named(f"{title}\n{summary}", findings)
        names = {
            name: (1 + math.log(count)) * math.log(1 + (self._seen + 200) / (1 + self._named_in[name])) * _plainness(name)
            for name, count in named.items()
        }
        found = Mark(
            lang=findings.lang,
            words=_unit({term: (1 + math.log(count)) * rarities[term] for term, count in counts.items()}),
            rarities=rarities,
            names=_unit(names),
            kinds=_kinds(named),
            vector=None if vector is None else self._centred(findings.lang, vector),
            # an undated item that a source had when it was first read may be of any time
            day=None if item.published is None and item.is_backlog else item.moment.timestamp() / 86_400,
            length=math.log(1 + len(counts)),
        )
        self._seen += 1
        for term in counts:
            self._seen_in[_bucket(term)] += 1
        self._named_in.update(named.keys())
        return found

    def _rarities(self, counts: Mapping[str, int]) -> dict[str, float]:
        """How rare each word is: 0 to about 1. Source: inverse document frequency, Spärck Jones 1972, smoothed."""
        usual, here = self.joining.counts, self._seen_in
        total = self._seen + self.joining.total + 50
        scale = math.log(1 + self.joining.total + 50)
        found = {}
        for term in counts:
            bucket = _bucket(term)
            found[term] = math.log(1 + total / (1 + int(usual[bucket]) + here[bucket])) / scale * _plainness(term)
        return found

    def _centred(self, lang: str, vector: Floats) -> Floats:
        usual = self.joining.usual
        start = usual.get(lang, usual.get("", np.zeros_like(vector)))
        total, count = self._meant.get(lang, (start * USUAL, USUAL))
        found = vector - total / count
        self._meant[lang] = (total + vector, count + 1)
        length = float(np.linalg.norm(found))
        return (found / length if length > 1e-6 else found).astype(np.float32)


@dataclass(slots=True)
class Gathered:
    """What the items of an event have in common, as sums; the words themselves are in the linker's index."""

    first: float | None = None  # day of its first item; None: of none is it known
    last: float | None = None
    items: int = 0
    by_lang: Counter[str] = field(default_factory=Counter)
    length: float = 0.0
    square: float = 0.0  # of the length of the sum of names
    kinds: dict[str, Counter[str]] = field(default_factory=dict)

    def add(self, mark: Mark) -> None:
        """Take an item in."""
        if mark.day is not None:
            self.first = mark.day if self.first is None else min(self.first, mark.day)
            self.last = mark.day if self.last is None else max(self.last, mark.day)
        self.items += 1
        self.by_lang[mark.lang] += 1
        self.length += mark.length
        for kind, names in mark.kinds.items():
            counter = self.kinds.setdefault(kind, Counter())
            counter.update(names)
            counter[""] += 1


def gap(mark: Mark, event: Gathered) -> float:
    """Days between an item and the time that an event spans; 0 if one of them is not known."""
    if mark.day is None or event.first is None or event.last is None:
        return 0.0
    return max(0.0, mark.day - event.last, event.first - mark.day)


def compared(mark: Mark, event: Gathered, shared: tuple[float, float, float], rarest: Sequence[float]) -> Compared:
    """An item beside an event.

    Args:
        shared: products of the item with the sums of the event: of words, of meaning, of names.
        rarest: of the two rarest words that the event has, too: rarity times the share of its items, the greater first.
    """
    of_lang = event.by_lang[mark.lang]
    words_ = shared[0] / of_lang if of_lang else 0.0
    meaning = shared[1] / event.items
    names = shared[2] / math.sqrt(event.square) if event.square > 0 else 0.0
    length = (mark.length + event.length / event.items) / 2 - _LENGTH
    against = [_strangeness(mark.kinds.get(kind), event.kinds.get(kind)) for kind in KINDS] if mark.kinds else _NOTHING
    is_bare = not (words_ or names or rarest[0])
    return Compared(
        "across" if not of_lang else "bare" if is_bare else "same",
        (
            words_,
            meaning,
            names,
            max(0.0, math.log1p(gap(mark, event)) - math.log1p(_QUIET_DAYS)),
            length,
            meaning * length,
            words_ * length,
            *against,
            *rarest,
        ),
    )


def words(text: str) -> list[str]:
    """Words without those of function and of dates, plurals off; pairs of characters in scripts without spaces."""
    found: list[str] = []
    for run, is_cjk in pieces(_TAIL.sub("", text)):
        if is_cjk and run not in ("年", "月", "日"):
            found += [run[i : i + 2] for i in range(max(1, len(run) - 1))]
        elif run not in STOP_WORDS and not _OF_DATES.fullmatch(run):
            found.append(_stem(run))
    return found


def usual_counts(texts: Sequence[str]) -> npt.NDArray[np.uint16]:
    """In how many of the texts a term of each bucket stands: (BUCKETS,)."""
    found = np.zeros(BUCKETS, np.int64)
    for text in texts:
        for term in set(words(text)):
            found[_bucket(term)] += 1
    return np.minimum(found, np.iinfo(np.uint16).max).astype(np.uint16)


def _strangeness(mine: frozenset[str] | None, theirs: Counter[str] | None) -> float:
    """1 if both name some of a kind and none in common, 0 if half of the event's items name one of the item's."""
    if not mine or not theirs:
        return 0.0
    share = max(theirs[name] for name in mine) / theirs[""]
    return 1.0 - min(1.0, 2 * share)


def _bucket(term: str) -> int:
    return zlib.crc32(term.encode("utf-8", "replace")) & (BUCKETS - 1)


def _unit(weights: Mapping[str, float]) -> dict[str, float]:
    length = math.sqrt(sum(weight * weight for weight in weights.values()))
    return {term: weight / length for term, weight in weights.items() if weight} if length else {}


def _stem(word: str) -> str:
    """Plural and possessive endings off; enough for headlines, wrong for no language that we read."""
    if len(word) > 4 and word.isascii():
        for ending in ("ies", "es", "s"):
            if word.endswith(ending) and not word.endswith("ss"):
                return word[: -len(ending)] + ("y" if ending == "ies" else "")
    return word


def _named(text: str, findings: Findings) -> Counter[str]:
    """What an item names that reads the same in every language."""
    found: Counter[str] = Counter()
    for entity in findings.entities:
        found[f"@{entity.type}:{entity.id}"] += 1
    for identifier in findings.identifiers:
        found[f"#{identifier.type}:{identifier.value.split('.')[0]}"] += 1
    for date in findings.dates:
        found[f"%{date.date.isoformat()}"] += 1
    for run, is_cjk in pieces(text):
        # model numbers and figures: h800, 23, 3a090; not years, not single digits
        if not is_cjk and any(each.isdigit() for each in run) and len(run) > 1 and not _YEAR.fullmatch(run):
            found[f"={run}"] += 1
    return found


def _kinds(named: Mapping[str, int]) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for name in named:
        if name[0] == "=":
            found.setdefault("figure", set()).add(name)
        elif name[0] == "@":
            kind = name[1:].partition(":")[0]
            found.setdefault(kind if kind in KINDS else "other", set()).add(name)
    return {kind: frozenset(names) for kind, names in found.items()}


def _plainness(term: str) -> float:
    """Less weight for what says little: figures alone, particles written in hiragana, countries."""
    if term.startswith("@country") or HIRAGANA.match(term):
        return 0.4
    if term.isdigit():
        return 0.5
    return 1.0
