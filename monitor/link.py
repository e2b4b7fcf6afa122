"""Joins an item to the event that it speaks of, or opens one. Streaming: decided from the item and earlier ones, never by a clock.

First by a rare identifier that both name (docket, Federal Register number, announcement number); else by a learned decision over words,
meaning, names, figures and time (monitor.likeness). Cost per item depends on the live events that are anything like it, not on the
archive: an event that was quiet for HORIZON leaves the memory, and takes new items by identifier alone.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from operator import truediv

import numpy as np

from monitor.copies import Copies, are_of_one_form
from monitor.identifiers import RARE
from monitor.items import Findings, Identifier, Item, Link, Reason, Tier, event_id
from monitor.likeness import FEATURES, HORIZON, Compared, Floats, Gathered, Joining, Mark, compared
from monitor.mark import Marker, keep_latest
from monitor.segment import fold

CANDIDATES = 10
"""Events compared in full with an item, of those that share most words, of those that share most names, and of those nearest in meaning."""
SOUGHT = 14
"""Words, and names, of an item by which events are sought: the rarest."""
COMMON = 200
"""Live events in which a word stands from which on it finds none."""
SWEEP = 512
"""Items after which quiet events are looked for: those that ended HORIZON before the oldest of so many items, since dates may run back."""
IDENTIFIERS = 200_000
"""Rare identifiers whose event is known, 250 bytes each: those of a register of 40,000 measures a year, two a measure, of two years."""
LIVE = 20_000
"""Live events at most; beyond, those go that were longest without an item."""

MERGE = 2.0
"""Log-odds from which on an item that fits two events makes them one, if one of them has but one item; docs/decisions/0020."""
NOTICES = 6
"""Official titles of an event beside which a new one of the same source is laid."""
DOCUMENTS = 50_000
"""Documents of registers of which it is known which item told them, 200 bytes each: a year of the Federal Register and half another."""

_QUIET = HORIZON / timedelta(days=1)

_ROUND_UP = re.compile(
    r"\b(?:(?:week|month|year) in (?:review|brief)|weekly (?:review|digest|update|round-?up|briefing)|this week in|week ahead"
    r"|(?:morning|evening|daily|news) (?:brief|briefing|bid|digest|round-?up|wrap)|round-?up|news in brief|presseschau"
    r"|wochenrückblick|revue de presse|resumen semanal)\b"
    r"|今週の(?:まとめ|動き|ニュース)|週間まとめ|ニュースまとめ|主要ニュース|朝刊一覧"
    r"|一周(?:要闻|回顾|综述)|周报|早报|晚报|每日要闻|一週回顧|주간 (?:동향|브리핑)|뉴스 브리핑"
)

Key = tuple[str, str]
_Index = dict[str, dict[str, float]]


@dataclass(slots=True)
class _Event(Gathered):
    place: int = 0  # row of the sums of vectors
    number: int = 0  # items before it opened
    ids: list[str] = field(default_factory=list)  # of its items
    notices: list[tuple[str, str]] = field(default_factory=list)  # source and title of the last NOTICES of its official items
    acts: set[str] = field(default_factory=set)  # jurisdictions whose measure its official items take a step of


class Linker:
    """The live events. `link` decides and remembers; `remember` rebuilds the state from decisions of earlier runs.

    Args:
        joining: the learned decision.
    """

    def __init__(self, joining: Joining) -> None:
        self._joining = joining
        self.apart: set[frozenset[str]] = set()  # pairs of events that are never made one
        self._marker = Marker(joining)
        self._events: dict[str, _Event] = {}
        self._sizes: dict[str, float] = {}  # what votes are divided by
        self._order: dict[
            str, int
        ] = {}  # events that a rare identifier names, live or not, the first first; the earliest may be gone
        self._next = count()
        self._event_of_identifier: dict[Key, str] = {}  # the one last named last
        self._event_of_item: dict[str, str] = {}
        self._source_of_item: dict[str, str] = {}
        self._item_of_document: dict[str, str] = {}  # first told by
        self._copies = Copies()
        self._words: dict[str, _Index] = defaultdict(lambda: defaultdict(dict))  # language, word, event: sum of weights
        self._names: _Index = defaultdict(dict)
        self._sums = np.zeros((64, 0), np.float32)  # (rows, size) sums of vectors
        self._counts = np.ones(64, np.float32)
        self._at: list[str | None] = []  # event of each row
        self._free: list[int] = []
        self._touched: dict[int, None] = {}  # rows that changed since the batch began
        self._recent: deque[float] = deque(maxlen=SWEEP)  # days of the latest items
        self._done = 0

    def link(self, item: Item, findings: Findings, vector: Floats | None = None) -> Link:
        """The item's event, with the evidence; the same for an item that was linked before."""
        return next(self.link_all([(item, findings)], None if vector is None else vector[None]))

    def link_all(self, items: Sequence[tuple[Item, Findings]], vectors: Floats | None = None) -> Iterator[Link]:
        """The events of items, one after the other, as link() does; the nearest in meaning are sought for all of them at once.

        Args:
            vectors: (n_items, size) of length 1; None: without meaning.
        """
        known = [self._event_of_item.get(item.id) for item, _ in items]
        marks = [
            self._marker.mark(item, findings, None if vectors is None else vectors[place])
            for place, (item, findings) in enumerate(items)
        ]
        rows = self.near(marks)
        for place, (item, findings) in enumerate(items):
            mark, keys = marks[place], rare(findings)
            event = known[place] or self._event_of_item.get(item.id)
            if event is not None:
                self._name(keys, event)
                yield linked_before(event)
                continue
            if is_round_up(item.title):
                yield Link(event=event_id(item.id), is_new=True, reasons=(Reason("a round-up tells of many events", 1.0),))
                continue
            act = _act(item, findings)
            fitting, reasons = self._decide(item, mark, keys, act, None if rows is None else rows[place])
            event, merged = self._merged(fitting)
            copy_of = self._copied(item, event) if event and not self._joining.is_central else None
            link = Link(event=event or event_id(item.id), is_new=event is None, reasons=reasons, copy_of=copy_of, merged=merged)
            self.add(item, mark, keys, link.event, act)
            yield link

    def remember(self, item: Item, findings: Findings, event: str, vector: Floats | None = None) -> None:
        """Take an item and the event that it was given before."""
        if is_round_up(item.title):
            return
        if self._event_of_item.get(item.id) == event:
            self._name(rare(findings), event)  # a revision adds no second item
            return
        self.add(item, self._marker.mark(item, findings, vector), rare(findings), event, _act(item, findings))

    def recall(self, title: str, identifiers: Iterable[Identifier], event: str) -> None:
        """Take the rare identifiers of an item whose event has been quiet for HORIZON: by them alone it takes new items."""
        if not is_round_up(title):
            self._name(((each.type, each.value) for each in identifiers), event)

    def read(self, item: Item, findings: Findings, vector: Floats | None) -> tuple[Mark, Floats | None]:
        """An item as it is compared, and how near in meaning it is to each event: (rows,)."""
        mark = self._marker.mark(item, findings, vector)
        rows = self.near([mark])
        return mark, None if rows is None else rows[0]

    def compared(
        self, mark: Mark, row: Floats | None = None, *, also: str | None = None, only_joinable: bool = False
    ) -> Iterator[tuple[str, Compared, int]]:
        """The live events that are anything like an item: the event, how it compares, and its items.

        Args:
            row: (rows,) nearness in meaning to each event; None: none is sought by meaning.
            also: an event that is compared even if it is nothing like the item.
            only_joinable: events that would surely not be joined are left out.
        """
        found = self._candidates(mark, row)
        if also in self._events and also not in found:
            found.append(also)
        events, vector, sums = self._events, mark.vector, self._sums
        if vector is None or not sums.shape[1]:
            return compared(mark, [(event, events[event], 0.0) for event in found], self._joining, only_joinable=only_joinable)
        beside = [(each, (known := events[each]), float(sums[known.place] @ vector)) for each in found]
        return compared(mark, beside, self._joining, only_joinable=only_joinable)

    def _decide(
        self, item: Item, mark: Mark, keys: Iterable[Key], act: str | None, row: Floats | None
    ) -> tuple[list[str], tuple[Reason, ...]]:
        """Events that the item fits, the best first, and what speaks for the best; of others only those that it surely fits."""
        named = {self._event_of_identifier[key]: key for key in sorted(keys, reverse=True) if key in self._event_of_identifier}
        if named:
            oldest = min(named, key=lambda event: self._order.get(event, -1))
            return [oldest], (Reason(" ".join(named[oldest]), 1.0),)
        mine = {kind for kind, _ in keys}
        fitting: list[tuple[float, str, Compared]] = []
        for event, found, items in self.compared(mark, row, only_joinable=True):
            if (mine and self._is_other_measure(event, mine)) or self._is_of_others(event, act):
                continue
            odds = self._joining.log_odds(found, items)
            if odds >= 0 and not self._is_next_of_series(item, event):
                fitting.append((odds, event, found))
        if not fitting:
            return [], ()
        # of equals the last one compared, as ever
        best = max(reversed(fitting), key=lambda each: each[0])
        others = [event for odds, event, _ in fitting if odds >= MERGE and event != best[1]] if best[0] >= MERGE else []
        return [best[1], *others], self._reasons(mark, best[1], best[2])

    def _merged(self, fitting: list[str]) -> tuple[str | None, tuple[str, ...]]:
        """The event that an item goes to, and those that it showed to be the same: they go into it. The oldest goes on. Storylines stay.

        One of each two has but one item: what opened apart is mended, grown events are not made one on the word of one item.
        """
        if len(fitting) < 2 or self._joining.is_central:
            return (fitting[0] if fitting else None), ()
        same = [fitting[0]]
        for event in fitting[1:]:
            if all(self._may_be_one(event, other) for other in same):
                same.append(event)
        oldest, *others = sorted(same, key=lambda event: self._events[event].number)
        for other in others:
            self.merge(oldest, other)
        return oldest, tuple(others)

    def _may_be_one(self, one: str, other: str) -> bool:
        """False if both have grown, an analyst set them apart, they are measures of two jurisdictions, or each has a rare identifier of
        one kind: two measures of one series."""
        acts = self._events[one].acts
        if acts and self._events[other].acts and acts.isdisjoint(self._events[other].acts):
            return False
        if min(self._events[one].items, self._events[other].items) > 1 or frozenset((one, other)) in self.apart:
            return False
        mine, yours = (_rare_names(self._events[event].names) for event in (one, other))
        return all(mine[kind] & yours[kind] for kind in mine.keys() & yours.keys())

    def merge(self, into: str, other: str) -> None:
        """Make two live events one."""
        event, gone = self._events[into], self._events.pop(other)
        self.apart |= {(pair - {other}) | {into} for pair in self.apart if other in pair}
        event.merge(gone)
        event.ids += gone.ids
        event.notices = [*event.notices, *gone.notices][-NOTICES:]
        event.acts |= gone.acts
        self._unlist(other, gone)
        for lang, words in gone.words.items():
            for term in words:
                self._words[lang][term][into] = event.words[lang][term]
        for name in gone.names:
            self._names[name][into] = event.names[name]
        if self._sums.shape[1]:
            event.meant += 2.0 * float(self._sums[event.place] @ self._sums[gone.place]) + gone.meant
            self._sums[event.place] += self._sums[gone.place]
        self._measure(into, event)
        for item in gone.ids:
            self._event_of_item[item] = into
        for name in gone.names:
            kind, _, value = name.removeprefix("#").partition(":")
            if name.startswith("#") and self._event_of_identifier.get((kind, value)) == other:
                self._event_of_identifier[kind, value] = into
        if other in self._order:
            self._order[into] = min(self._order.pop(other), self._order.get(into, next(self._next)))

    def _is_other_measure(self, event: str, kinds: set[str]) -> bool:
        """True if the event has a rare identifier of a kind of which the item has another: two rules of one series."""
        return any(name.startswith("#") and name[1:].partition(":")[0] in kinds for name in self._events[event].names)

    def _is_of_others(self, event: str, act: str | None) -> bool:
        """True if the event is about another jurisdiction's measure than the item: laws of two countries read alike."""
        acts = self._events[event].acts
        return act is not None and bool(acts) and act not in acts and not self._joining.is_central

    def _is_next_of_series(self, item: Item, event: str) -> bool:
        """True if the same official source has told, in the event, a notice of the same form with another name or number."""
        return item.tier is Tier.OFFICIAL and any(
            source == item.source and are_of_one_form(item.title, title) for source, title in self._events[event].notices
        )

    def _candidates(self, mark: Mark, row: Floats | None) -> list[str]:
        """Events that share rare words or names with the item, or are near in meaning."""
        found: dict[str, None] = {}
        for weights, postings in ((mark.words, self._words.get(mark.lang, {})), (mark.names, self._names)):
            found |= dict.fromkeys(self._voted(weights, postings))
        if row is not None and mark.vector is not None and self._sums.shape[1]:
            near = (
                row.copy()
                if len(row) == len(self._at)
                else np.concatenate([row, np.full(len(self._at) - len(row), -1, np.float32)])
            )
            touched = list(self._touched)
            near[touched] = (self._sums[touched] @ mark.vector) / self._counts[touched]
            near[self._free] = -1.0
            nearest = np.argpartition(-near, CANDIDATES)[:CANDIDATES] if len(near) > CANDIDATES else np.arange(len(near))
            found |= dict.fromkeys(event for place in nearest.tolist() if (event := self._at[place]) is not None)
        return list(found)

    def _voted(self, weights: Mapping[str, float], postings: _Index) -> list[str]:
        """The events that share most of the weightiest terms, the best first."""
        votes: dict[str, float] = {}
        get = votes.get
        if len(weights) > SOUGHT:
            sought = sorted([(weight, term) for term, weight in weights.items() if term in postings], reverse=True)
            weights = {term: weight for weight, term in sought[:SOUGHT]}
        for term, weight in weights.items():
            events = postings.get(term)
            if events is not None and len(events) <= COMMON:
                for event, of_event in events.items():
                    votes[event] = get(event, 0.0) + weight * of_event
        means = list(map(truediv, votes.values(), map(self._sizes.__getitem__, votes)))
        # numbers sort five times as fast as pairs: of 160 events few are left for that
        least = sorted(means, reverse=True)[:CANDIDATES][-1] if means else 0.0
        best = sorted([(mean, event) for mean, event in zip(means, votes, strict=True) if mean >= least], reverse=True)
        return [event for _, event in best[:CANDIDATES]]

    def near(self, marks: Sequence[Mark]) -> Floats | None:
        """How near in meaning each item is to each event so far: (n_items, rows); None without vectors. Begins a batch."""
        self._touched.clear()
        vectors = [mark.vector for mark in marks if mark.vector is not None]
        if not vectors or len(vectors) < len(marks):
            return None
        if not self._sums.shape[1]:
            return np.zeros((len(marks), len(self._at)), np.float32)
        asked = np.stack(vectors)
        rows = len(self._at)
        found: Floats = (asked @ self._sums[:rows].T) / self._counts[:rows]
        return found

    def _reasons(self, mark: Mark, event: str, found: Compared) -> tuple[Reason, ...]:
        """What decided: each feature with what it added, words and names with those that were shared."""
        known = self._events[event]
        of_lang = known.words.get(mark.lang, {})
        words = {term: mark.words[term] * of_lang[term] for term in filter(of_lang.__contains__, mark.words)}
        names = {name: mark.names[name] * known.names[name] for name in filter(known.names.__contains__, mark.names)}
        told = {
            "words": ", ".join(sorted(words, key=words.__getitem__, reverse=True)[:4]),
            "names": ", ".join(sorted(names, key=names.__getitem__, reverse=True)[:3]),
        }
        shares = self._joining.shares(found)
        strongest = sorted(FEATURES, key=lambda name: (-abs(shares[name]), name))[:5]
        return tuple(
            Reason(f"{name.replace('_', ' ')}{': ' + told[name] if told.get(name) else ''}", round(shares[name], 3))
            for name in strongest
            if round(shares[name], 3)
        )

    def _copied(self, item: Item, event: str) -> str | None:
        """The item of the event that told the same document of a register, or nearly the same words in another source. One source does not
        repeat itself: notices of a series differ in a number or a name alone."""
        document = _document(item)
        told = None if document is None else self._item_of_document.get(document)
        if told is not None and told != item.id and self._event_of_item.get(told) == event:
            return told
        for copy in self._copies.find(item.title, item.summary, item.moment):
            if self._event_of_item.get(copy.id) == event and self._source_of_item[copy.id] != item.source:
                return copy.id
        return None

    def add(self, item: Item, mark: Mark, keys: Iterable[Key], name: str, act: str | None = None) -> None:
        """Take an item into an event.

        Args:
            act: the jurisdiction whose measure it takes a step of; None: none that is known.
        """
        event = self._events.get(name)
        if event is None:
            event = self._events[name] = _Event(place=self._row(name), number=self._done)
        event.add(mark)
        event.ids.append(item.id)
        if item.tier is Tier.OFFICIAL:
            event.notices = [*event.notices, (item.source, item.title)][-NOTICES:]
        if act is not None and item.tier is Tier.OFFICIAL:
            event.acts.add(act)
        index, own = self._words[mark.lang], event.words[mark.lang]
        for term in mark.words:
            index[term][name] = own[term]
        for term in mark.names:
            self._names[term][name] = event.names[term]
        if mark.vector is not None:
            if not self._sums.shape[1]:
                self._sums = np.zeros((len(self._sums), len(mark.vector)), np.float32)
            if self._joining.is_central:
                event.meant += 2.0 * float(self._sums[event.place] @ mark.vector) + float(mark.vector @ mark.vector)
            self._sums[event.place] += mark.vector
        self._measure(name, event)
        self._event_of_item[item.id] = name
        self._source_of_item[item.id] = item.source
        if not self._joining.is_central:  # who asks for a storyline asks for no copies, and 20,000 texts are 74 MB
            self._copies.add(item.id, item.title, item.summary, item.moment)
        document = _document(item)
        if document is not None:
            self._item_of_document.setdefault(document, item.id)
            keep_latest(self._item_of_document, DOCUMENTS)
        self._name(keys, name)
        self._events[name] = self._events.pop(name)  # the last one is the one that was touched last
        if mark.day is not None:
            self._recent.append(mark.day)
        self._done += 1
        if self._done % SWEEP == 0:
            self._sweep()

    def _measure(self, name: str, event: _Event) -> None:
        """Note what the sums of an event are divided by when the nearest are sought: as likeness compares."""
        if self._joining.is_central:
            self._counts[event.place] = math.sqrt(max(event.meant, 1e-9))
            self._sizes[name] = math.sqrt(sum(event.squares.values()))
        else:
            self._counts[event.place] = self._sizes[name] = event.items
        self._touched[event.place] = None

    def _name(self, keys: Iterable[Key], event: str) -> None:
        """The event of rare identifiers, unless another was named first."""
        for key in keys:
            if event not in self._order:
                self._order[event] = next(self._next)
            self._event_of_identifier[key] = self._event_of_identifier.pop(key, event)
        keep_latest(self._event_of_identifier, IDENTIFIERS)
        keep_latest(self._order, IDENTIFIERS)

    def _row(self, name: str) -> int:
        """A row for an event's vectors: one that was given back, or a new one."""
        if self._free:
            place = self._free.pop()
            self._sums[place] = 0
            self._at[place] = name
            return place
        self._at.append(name)
        if len(self._at) > len(self._sums):
            more = np.zeros_like(self._sums)
            self._sums = np.concatenate([self._sums, more])
            self._counts = np.concatenate([self._counts, np.ones(len(more), np.float32)])
        return len(self._at) - 1

    def _sweep(self) -> None:
        """Let go of events that have been quiet for HORIZON, and of those beyond LIVE; what a rare identifier names is still found."""
        oldest = min(self._recent, default=float("-inf")) - _QUIET
        names = list(self._events)
        beyond = set(names[: max(0, len(names) - LIVE)])
        for name in [name for name in names if name in beyond or (self._events[name].last or oldest) < oldest]:
            event = self._events.pop(name)
            self._unlist(name, event)
            for item in event.ids:
                self._event_of_item.pop(item, None)
                self._source_of_item.pop(item, None)

    def _unlist(self, name: str, event: _Event) -> None:
        """Take an event out of the indexes."""
        self._sizes.pop(name, None)
        for lang, words in event.words.items():
            for term in words:
                _drop(self._words[lang], term, name)
        for term in event.names:
            _drop(self._names, term, name)
        self._at[event.place] = None
        self._free.append(event.place)


def linked_before(event: str) -> Link:
    """The link of an item that has its event already."""
    return Link(event=event, is_new=False, reasons=(Reason("what it said before its text changed", 1.0),))


def is_round_up(title: str) -> bool:
    """True if an item tells of many events by its title: it gets an event of its own, which nothing joins."""
    return _ROUND_UP.search(fold(title)) is not None


def rare(findings: Findings) -> frozenset[Key]:
    """The identifiers of an item that name one measure each."""
    return frozenset((each.type, each.value) for each in findings.identifiers if each.type in RARE)


def _act(item: Item, findings: Findings) -> str | None:
    """The jurisdiction whose measure an item takes a step of; None if it takes none, or is the press's word on another country's."""
    if findings.shown is None or (item.tier is not Tier.OFFICIAL and item.country != findings.shown.jurisdiction):
        return None
    return findings.shown.jurisdiction


def _document(item: Item) -> str | None:
    """Number of the one document of the Federal Register that an item is, on file or published; None if it is none."""
    numbers = [each.value for each in item.identifiers if each.type == "fr_doc"]
    return numbers[0] if len(numbers) == 1 else None


def _rare_names(names: Iterable[str]) -> dict[str, set[str]]:
    """Rare identifiers among the names of an event, by type."""
    found: dict[str, set[str]] = {}
    for name in names:
        if name.startswith("#") and (kind := name[1:].partition(":")[0]) in RARE:
            found.setdefault(kind, set()).add(name)
    return found


def _drop(index: _Index, term: str, event: str) -> None:
    events = index.get(term)
    if events is not None and events.pop(event, None) is not None and not events:
        del index[term]
