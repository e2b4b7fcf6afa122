"""Dossiers: laws, controls, programmes and forums that are followed for years, and what the archive knows of each. Pure."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from monitor.dates import stamp
from monitor.events import Event
from monitor.items import Filed
from monitor.lexicon import SHORT
from monitor.query import Field, Node, Or, Word
from monitor.segment import fold
from monitor.stage import Transition
from monitor.standing import Standing

MONTHS = 12
"""Months of which the items are counted."""
RELATED = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Dossier:
    """Something to be followed: an entry of the lexicon."""

    id: str  # of the entity
    key: str  # short name for the command line
    names: tuple[tuple[str, str], ...]  # (language, name)
    note: str = ""  # what it is, in a sentence
    sources: tuple[str, ...] = ()  # ids of sources that would carry it
    query: Node | None = None  # what speaks of it without naming it: identifiers, mostly
    asked: tuple[str, ...] = ()  # words by which it may be asked for, and which in a text mean other things, too

    def name(self, lang: str) -> str | None:
        """Its first name in a language; None if it has none."""
        return next((name for tongue, name in self.names if tongue == lang), None)

    @property
    def tree(self) -> Node:
        """The query that finds its items: those that name it, also under names that were added later, and what its own query finds."""
        words = (Word(name, False) for _, name in self.names if not name.isascii() or len(name) > SHORT)
        return Or((Field("entity", (self.id,)), *words, *([self.query] if self.query is not None else [])))


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """A stage that an event of the dossier reached, or a key date that changed."""

    event: Event
    transitions: tuple[Transition, ...]
    dates: tuple[Standing, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """The standing file of a dossier."""

    dossier: Dossier
    items: int
    first: datetime | None  # of its first item; None: nothing was heard
    last: datetime | None
    langs: tuple[tuple[str, int], ...]  # (language, items), the most first
    months: tuple[
        tuple[str, int | None], ...
    ]  # (YYYY-MM, items), the last MONTHS, oldest first; None: nothing was collected then
    events: tuple[Event, ...]  # what moved last first
    dates: tuple[tuple[Event, Standing], ...]  # ahead, earliest first
    identifiers: tuple[tuple[str, int], ...]  # (identifier, events that name it)
    entities: tuple[tuple[str, int], ...]  # (name, events)
    new: tuple[Filed, ...]  # items since the date asked for, newest first
    moved: tuple[Moved, ...]  # since then


def find(dossiers: Sequence[Dossier], text: str) -> Dossier | None:
    """The dossier that has this key, id or name, in any language and width; None if there is none."""
    wanted = fold(text).strip()
    for each in dossiers:
        if wanted in map(fold, (each.key, each.id, *each.asked)):
            return each
    return next((each for each in dossiers if any(fold(name) == wanted for _, name in each.names)), None)


def like(dossiers: Iterable[Dossier], text: str) -> list[str]:
    """Keys of dossiers with a name like this text, the nearest first, for an error message."""
    names = {fold(name): each.key for each in dossiers for name in (each.key, *(name for _, name in each.names))}
    within = [key for name, key in names.items() if len(text) > 1 and fold(text) in name]
    return list(dict.fromkeys([*within, *(names[name] for name in difflib.get_close_matches(fold(text), names, 5, 0.6))]))[:5]


def standing_file(
    dossier: Dossier,
    items: Sequence[Filed],
    events: Sequence[Event],
    since: date | None,
    now: datetime,
    *,
    began: datetime | None = None,
) -> File:
    """What the archive knows of a dossier.

    Args:
        items: that speak of it, in any order.
        events: of these items, in any order; perhaps not all of them.
        since: what changed since then is told apart; None: nothing is.
        began: since when the archive is complete: a month that had begun before and has no item is not known to have none; None: each is.
    """
    moments = sorted(each.item.moment for each in items)
    by_month = Counter(moment.strftime("%Y-%m") for moment in moments)
    since_when = "" if began is None else stamp(began)
    ordered = tuple(sorted(events, key=lambda each: (each.last_seen, each.id), reverse=True))
    today = now.date()
    ahead = [(event, stands) for event in ordered for stands in event.dates if stands.date >= today and not stands.is_withdrawn]
    own = {fold(name) for _, name in dossier.names}
    return File(
        dossier=dossier,
        items=len(items),
        first=moments[0] if moments else None,
        last=moments[-1] if moments else None,
        langs=tuple(Counter(each.item.lang for each in items).most_common()),
        months=tuple(
            (month, by_month[month] or (0 if f"{month}-01T00:00:00Z" >= since_when else None)) for month in _months(today)
        ),
        events=ordered,
        dates=tuple(sorted(ahead, key=lambda pair: (pair[1].date, pair[0].id))),
        identifiers=tuple(
            Counter(f"{each.type} {each.value}" for event in ordered for each in event.identifiers).most_common(RELATED)
        ),
        entities=tuple(
            Counter(
                name for event in ordered for entity, name, _ in event.entities if entity != dossier.id and fold(name) not in own
            ).most_common(RELATED)
        ),
        new=()
        if since is None
        else tuple(
            sorted(
                (each for each in items if each.item.first_seen.date() >= since), key=lambda each: each.item.moment, reverse=True
            )
        ),
        moved=() if since is None else tuple(_moved(ordered, since)),
    )


def _moved(events: Iterable[Event], since: date) -> Iterable[Moved]:
    for event in events:
        transitions = tuple(each for each in event.way if each.at.date() >= since)
        dates = tuple(each for each in event.dates if _changed_at(each).date() >= since and (each.was or each.lapses))
        if transitions or dates:
            yield Moved(event=event, transitions=transitions, dates=dates)


def _changed_at(each: Standing) -> datetime:
    return each.since if each.lapsed_at is None else max(each.since, each.lapsed_at)


def _months(today: date) -> list[str]:
    """The last MONTHS as YYYY-MM, oldest first."""
    last = today.year * 12 + today.month - 1
    return [f"{month // 12:04}-{month % 12 + 1:02}" for month in range(last - MONTHS + 1, last + 1)]
