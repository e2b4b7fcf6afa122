"""Joins an item to the event that it speaks of, or opens one. Streaming: decided from the item and earlier ones, never by a clock.

Order of evidence: a rare identifier that both name (docket, Federal Register number, announcement number); words, within a language;
known entities, identifiers and figures, across languages. The weights of words come from the stream itself.
Cost per item depends on the live events that share a rare word with it, not on the archive.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict, deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.copies import Copies
from monitor.identifiers import RARE
from monitor.items import Findings, Item, Link, Reason, event_id
from monitor.segment import HIRAGANA, STOP_WORDS, pieces

HORIZON = timedelta(days=30)
"""An event that has been quiet for so long takes new items by identifier only."""
SAME_LANGUAGE = 0.30
ACROSS_LANGUAGES = 0.50
TOGETHER = 0.58
MIN_WORDS = 0.15
"""Thresholds of similarity (0..1), set on the project's own events; see docs/decisions/0006."""
ACROSS_DAYS = 5
MIN_SHARED_CONCEPTS = 3
MEMBERS = 12
"""Items of an event that new ones are compared with; the latest."""
CANDIDATES = 40
"""Events compared in full with an item."""
_RARE_TERMS = 14
_MAX_TEXT = 1_500

_TAIL = re.compile(r"\s+[-–—|]\s+[^-–—|]{2,40}$")


@dataclass(frozen=True, slots=True)
class _Member:
    id: str
    lang: str
    words: Mapping[str, float]  # unit length
    concepts: Mapping[str, float]  # unit length
    keys: frozenset[tuple[str, str]]  # rare identifiers
    moment: datetime


class Linker:
    """The live events. `link` decides and remembers; `remember` rebuilds the state from decisions of earlier runs."""

    def __init__(self) -> None:
        self._count = 0
        self._seen_in: Counter[str] = Counter()
        self._members: dict[str, deque[_Member]] = {}
        self._events_of_term: dict[str, dict[str, None]] = defaultdict(dict)
        self._event_of_identifier: dict[tuple[str, str], str] = {}
        self._event_of_item: dict[str, str] = {}
        self._order: dict[str, int] = {}
        self._copies = Copies()
        self._source_of_item: dict[str, str] = {}

    def link(self, item: Item, findings: Findings) -> Link:
        """The item's event, with the evidence; the same for an item that was linked before."""
        known = self._event_of_item.get(item.id)
        if known is not None:
            self._forget_item(item.id, known)
            self._add(item, self._member(item, findings), known)
            return Link(event=known, is_new=False, reasons=(Reason("the item was linked before", 1.0),))
        member = self._member(item, findings)
        event, reasons = self._decide(member)
        copy_of = self._copied(item, event) if event else None
        link = Link(event=event or event_id(item.id), is_new=event is None, reasons=reasons, copy_of=copy_of)
        self._add(item, member, link.event)
        return link

    def remember(self, item: Item, findings: Findings, event: str) -> None:
        """Take an item and the event that it was given before."""
        self._add(item, self._member(item, findings), event)

    def _decide(self, member: _Member) -> tuple[str | None, tuple[Reason, ...]]:
        named = {
            self._event_of_identifier[key]: key for key in sorted(member.keys, reverse=True) if key in self._event_of_identifier
        }
        if named:
            oldest = min(named, key=self._order.__getitem__)
            return oldest, (Reason(" ".join(named[oldest]), 1.0),)
        best: tuple[float, str, tuple[Reason, ...]] = (0.0, "", ())
        for event in self._candidates(member):
            for other in self._members[event]:
                score, reasons = _compare(member, other)
                if score > best[0]:
                    best = (score, event, reasons)
        return (best[1], best[2]) if best[0] >= 1.0 else (None, ())

    def _candidates(self, member: _Member) -> list[str]:
        """Events that share rare words or concepts with the item, the most such first."""
        votes: Counter[str] = Counter()
        for weights in (member.words, member.concepts):
            rarest = sorted(weights, key=lambda term: (-weights[term], term))[:_RARE_TERMS]
            for term in rarest:
                events = self._events_of_term.get(term, {})
                if len(events) <= 400:
                    for event in events:
                        votes[event] += weights[term]  # type: ignore[assignment]
        return [event for event, _ in sorted(votes.items(), key=lambda pair: (-pair[1], pair[0]))[:CANDIDATES]]

    def _copied(self, item: Item, event: str) -> str | None:
        """The item of the event that another source has told in nearly the same words. One source does not repeat itself:
        notices of a series differ in a number or a name alone."""
        for copy in self._copies.find(item.title, item.summary, item.moment):
            if self._event_of_item[copy.id] == event and self._source_of_item[copy.id] != item.source:
                return copy.id
        return None

    def _member(self, item: Item, findings: Findings) -> _Member:
        text = _TAIL.sub("", item.title) + "\n" + item.summary[:_MAX_TEXT]
        words = Counter(_words(item.title)) + Counter(_words(item.title)) + Counter(_words(item.summary[:_MAX_TEXT]))
        concepts = _concepts(text, findings)
        return _Member(
            id=item.id,
            lang=findings.lang,
            words=self._weighed(words),
            concepts=self._weighed(concepts),
            keys=frozenset((each.type, each.value) for each in findings.identifiers if each.type in RARE),
            moment=item.moment,
        )

    def _weighed(self, counts: Counter[str]) -> dict[str, float]:
        """tf-idf of unit length. Source: Manning, Raghavan, Schütze 2008, section 6.2 (smoothed, at least 50 items assumed)."""
        total = max(self._count, 50)
        weights = {
            term: (1.0 + math.log(count)) * math.log(1.0 + total / (1 + self._seen_in[term])) * _plainness(term)
            for term, count in counts.items()
        }
        length = math.sqrt(sum(weight * weight for weight in weights.values()))
        return {term: weight / length for term, weight in weights.items()} if length else {}

    def _add(self, item: Item, member: _Member, event: str) -> None:
        self._count += 1
        self._order.setdefault(event, self._count)
        for terms in (member.words, member.concepts):
            for term in terms:
                self._seen_in[term] += 1
                self._events_of_term[term][event] = None
        self._members.setdefault(event, deque(maxlen=MEMBERS)).append(member)
        self._event_of_item[member.id] = event
        self._source_of_item[member.id] = item.source
        self._copies.add(item.id, item.title, item.summary, item.moment)
        for key in member.keys:
            self._event_of_identifier.setdefault(key, event)

    def _forget_item(self, item: str, event: str) -> None:
        members = self._members.get(event, deque())
        kept = [each for each in members if each.id != item]
        self._members[event] = deque(kept, maxlen=MEMBERS)


def _compare(one: _Member, other: _Member) -> tuple[float, tuple[Reason, ...]]:
    """How much two items speak of one development: from 1.0 on they do."""
    gap = abs(one.moment - other.moment)
    if gap > HORIZON:
        return 0.0, ()
    if _are_two_measures(one, other):
        return 0.0, ()
    days = gap.total_seconds() / 86_400
    if one.lang == other.lang:
        words, concepts = _cosine(one.words, other.words), _cosine(one.concepts, other.concepts)
        easing = 0.01 * days
        alone, together = words / (SAME_LANGUAGE + easing), (words + concepts) / (TOGETHER + easing)
        if alone >= together or words < MIN_WORDS:
            return alone, _shared(one.words, other.words, alone)
        return together, _shared({**one.words, **one.concepts}, {**other.words, **other.concepts}, together)
    if days > ACROSS_DAYS:
        return 0.0, ()
    shared = one.concepts.keys() & other.concepts.keys()
    if sum(1 for term in shared if not term.startswith("@country")) < MIN_SHARED_CONCEPTS:
        return 0.0, ()
    score = _cosine(one.concepts, other.concepts) / (ACROSS_LANGUAGES + 0.02 * days)
    return score, _shared(one.concepts, other.concepts, score)


def _are_two_measures(one: _Member, other: _Member) -> bool:
    """True if both name a key of one type and none in common: two rules of one series, however alike their texts."""
    types = {name for name, _ in one.keys} & {name for name, _ in other.keys}
    return bool(types) and not one.keys & other.keys


def _shared(one: Mapping[str, float], other: Mapping[str, float], score: float) -> tuple[Reason, ...]:
    added = {term: one[term] * other[term] for term in one.keys() & other.keys()}
    strongest = sorted(added, key=lambda term: (-added[term], term))[:6]
    return tuple(Reason(term, round(added[term], 4)) for term in strongest) if score >= 1.0 else ()


def _cosine(one: Mapping[str, float], other: Mapping[str, float]) -> float:
    if len(one) > len(other):
        one, other = other, one
    return sum(weight * other[term] for term, weight in one.items() if term in other)


def _words(text: str) -> list[str]:
    found: list[str] = []
    for run, is_cjk in pieces(_TAIL.sub("", text)):
        if is_cjk:
            found += [run[i : i + 2] for i in range(max(1, len(run) - 1))]
        elif run not in STOP_WORDS:
            found.append(_stem(run))
    return found


def _stem(word: str) -> str:
    """Plural and possessive endings off; enough for headlines, wrong for no language that we read."""
    if len(word) > 4 and word.isascii():
        for ending in ("ies", "es", "s"):
            if word.endswith(ending) and not word.endswith("ss"):
                return word[: -len(ending)] + ("y" if ending == "ies" else "")
    return word


def _concepts(text: str, findings: Findings) -> Counter[str]:
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
        if not is_cjk and any(each.isdigit() for each in run) and len(run) > 1 and not re.fullmatch(r"(?:19|20)\d\d", run):
            found[f"={run}"] += 1
    return found


def _plainness(term: str) -> float:
    """Less weight for what says little: figures alone, particles written in hiragana, countries."""
    if term.startswith("@country") or HIRAGANA.match(term):
        return 0.4
    if term.isdigit():
        return 0.5
    return 1.0
