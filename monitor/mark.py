"""Makes marks of items: what of an item is compared with events. Knows the stream so far; decides nothing.

Words without those of function and of dates, weighed by how rare they are; names that read the same in every language; what the text
means, without what texts of its language always mean.
"""

from __future__ import annotations

import math
import re
import zlib
from array import array
from collections.abc import Iterable, Iterator, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import islice
from operator import add, mul
from typing import Any

import numpy as np
import numpy.typing as npt

from monitor.items import Findings, Item
from monitor.likeness import BUCKETS, KINDS, Floats, Joining, Mark
from monitor.segment import HIRAGANA, STOP_WORDS, pieces

USUAL = 100
"""Items that the usual meaning of a language counts for beside those of the stream."""
NAMED = 100_000
"""Names of which it is known in how many items they stand: a year's figures, dates and entities. 150 bytes each."""
MAX_TEXT = 1_500
"""Characters of a summary that are compared."""
_TAIL = re.compile(r"\s+[-–—|]\s+[^-–—|]{2,40}$")
_YEAR = re.compile(r"(?:19|20)\d\d")
_OF_DATES = re.compile(
    r"(?:19|20)\d\d|\d{1,2}|(?:jan|febr)uary|march|april|may|june|july|august|(?:sept|nov|dec)ember|october|(?:mon|tues|wednes|thurs|fri|satur|sun)day|年|月|日"
)
"""Two items of one day have the day in common, and nothing else; key dates are compared as names."""

_CACHED = 1 << 15
"""Words remembered with what was made of them: of a news stream 19 in 20. 200 bytes each."""


@dataclass(slots=True)
class Marker:
    """Makes marks; knows how rare words are, and what texts of a language always mean, in the stream so far."""

    joining: Joining
    _seen: int = 0
    _seen_in: array[int] = field(init=False)  # by bucket: items in which its terms stand, of the usual stream and of this one
    _named_in: dict[str, int] = field(default_factory=dict)  # the one last named last
    _meant: dict[str, tuple[Floats, int]] = field(default_factory=dict)
    _places: dict[str, tuple[int, float]] = field(default_factory=dict)  # the bucket of a word, and its plainness

    def __post_init__(self) -> None:
        self._seen_in = array("I", self.joining.counts.astype("I").tobytes())

    def mark(self, item: Item, findings: Findings, vector: Floats | None) -> Mark:
        """The item as it is compared, weighed by what came before it; and remembered.

        Args:
            vector: (size,) what its text means, of length 1.
        """
        log = math.log
        title, summary = _TAIL.sub("", item.title), item.summary[:MAX_TEXT]
        counts: dict[str, int] = {}
        runs: list[str] = []
        for text, times in ((title, 2), (summary, 1)) if summary else ((title, 2),):
            cut = list(pieces(text))
            runs += [run for run, is_cjk in cut if not is_cjk]
            shorter = _TAIL.sub("", text)
            for term in _words(cut if shorter == text else pieces(shorter)):
                counts[term] = counts.get(term, 0) + times
        known = self._places.get
        places = [known(term) or self._place(term) for term in counts]
        rarities = self._rarities(counts, places)
        named = _named(runs, findings)
        seen, named_in = self._seen + 200, self._named_in
        names = {
            name: (1 + log(count)) * log(1 + seen / (1 + named_in.get(name, 0))) * _plainness(name)
            for name, count in named.items()
        }
        found = Mark(
            lang=findings.lang,
            words=_unit({term: (1 + log(count)) * rarities[term] for term, count in counts.items()}),
            rarities=rarities,
            names=_unit(names) if names else names,
            kinds=_kinds(named) if named else {},
            vector=None if vector is None else self._centred(findings.lang, vector),
            # an undated item that a source had when it was first read may be of any time
            day=None if item.published is None and item.is_backlog else item.moment.timestamp() / 86_400,
            length=log(1 + len(counts)),
        )
        self._seen += 1
        seen_in = self._seen_in
        for bucket, _ in places:
            seen_in[bucket] += 1
        for name in named:
            named_in[name] = named_in.pop(name, 0) + 1
        keep_latest(named_in, NAMED)
        return found

    def _place(self, term: str) -> tuple[int, float]:
        keep_latest(self._places, _CACHED)
        found = self._places[term] = _bucket(term), _plainness(term)
        return found

    def _rarities(self, terms: Iterable[str], places: Iterable[tuple[int, float]]) -> dict[str, float]:
        """How rare each word is: 0 to about 1. Source: inverse document frequency, Spärck Jones 1972, smoothed."""
        seen_in, log = self._seen_in, math.log
        total = self._seen + self.joining.total + 50
        scale = log(1 + self.joining.total + 50)
        return {
            term: log(1 + total / (1 + seen_in[bucket])) / scale * plainness
            for term, (bucket, plainness) in zip(terms, places, strict=True)
        }

    def _centred(self, lang: str, vector: Floats) -> Floats:
        usual = self.joining.usual
        start = usual.get(lang, usual.get("", np.zeros_like(vector)))
        total, count = self._meant.get(lang, (start * USUAL, USUAL))
        found = vector - total / count
        self._meant[lang] = (total + vector, count + 1)
        length = float(np.linalg.norm(found))
        return (found / length if length > 1e-6 else found).astype(np.float32)


def words(text: str) -> list[str]:
    """Words without those of function and of dates, plurals off; pairs of characters in scripts without spaces."""
    return _words(pieces(_TAIL.sub("", text)))


def usual_counts(texts: Sequence[str]) -> npt.NDArray[np.uint16]:
    """In how many of the texts a term of each bucket stands: (BUCKETS,)."""
    found = np.zeros(BUCKETS, np.int64)
    for text in texts:
        for term in set(words(text)):
            found[_bucket(term)] += 1
    return np.minimum(found, np.iinfo(np.uint16).max).astype(np.uint16)


def keep_latest(known: MutableMapping[Any, Any], most: int) -> None:
    """Let go of the first half of what is known, once it is more than so much.

    Half, since a dict finds its first key the more slowly the more keys went from there.
    """
    if len(known) > most:
        for key in list(islice(known, most // 2)):
            del known[key]


def _words(cut: Iterable[tuple[str, bool]]) -> list[str]:
    found: list[str] = []
    for run, is_cjk in cut:
        if is_cjk and run not in ("年", "月", "日"):
            found += map(add, run, run[1:]) if len(run) > 1 else (run,)
        elif word := _word(run):
            found.append(word)
    return found


@lru_cache(_CACHED)
def _word(run: str) -> str:
    """What is compared of a word; nothing of those of function and of dates."""
    return "" if run in STOP_WORDS or _OF_DATES.fullmatch(run) else _stem(run)


def _bucket(term: str) -> int:
    return zlib.crc32(term.encode("utf-8", "replace")) & (BUCKETS - 1)


def _unit(weights: Mapping[str, float]) -> dict[str, float]:
    length = math.sqrt(sum(map(mul, weights.values(), weights.values())))
    return {term: weight / length for term, weight in weights.items() if weight} if length else {}


def _stem(word: str) -> str:
    """Plural and possessive endings off; enough for headlines, wrong for no language that we read."""
    if len(word) > 4 and word.isascii():
        for ending in ("ies", "es", "s"):
            if word.endswith(ending) and not word.endswith("ss"):
                return word[: -len(ending)] + ("y" if ending == "ies" else "")
    return word


def _named(runs: Iterable[str], findings: Findings) -> dict[str, int]:
    """What an item names that reads the same in every language: how often."""
    found: dict[str, int] = {}
    for name in _names(runs, findings):
        found[name] = found.get(name, 0) + 1
    return found


def _names(runs: Iterable[str], findings: Findings) -> Iterator[str]:
    for entity in findings.entities:
        yield f"@{entity.type}:{entity.id}"
    for identifier in findings.identifiers:
        yield f"#{identifier.type}:{identifier.value.split('.')[0]}"
    for date in findings.dates:
        yield f"%{date.date.isoformat()}"
    for run in runs:
        # model numbers and figures: h800, 23, 3a090; not years, not single digits
        if not run.isalpha() and len(run) > 1 and any(map(str.isdigit, run)) and not _YEAR.fullmatch(run):
            yield f"={run}"


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
