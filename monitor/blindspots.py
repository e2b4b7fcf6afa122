"""What an archive received in a span, cell by cell of theme, country, language and tier, and where nothing came although it might. Pure.

A blind spot is a question to an analyst, not a fault: a ministry may have had nothing to say.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import groupby
from typing import TypeVar

T = TypeVar("T")

_USED_TO = 3
"""Items in the span before from which on a cell counts as one that used to have some: at that rate none at all has a chance of 1 in 20."""
_OFFICIAL = "official"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """Items of one theme and of one sort of source in a span."""

    theme: str | None  # None: items without a theme
    country: str | None  # None: unknown
    lang: str
    tier: str
    kind: str | None  # None: unknown
    items: int
    last: datetime  # moment of the last of them


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """A source that is on."""

    country: str | None
    lang: str | None
    tier: str
    kind: str | None


class Sort(StrEnum):
    """Why a place is blind, the most telling first."""

    GONE = "gone"  # theme and country had items in the span before, and have none now
    UNHEARD = "unheard"  # sources are on, and nothing at all came of them
    NOTHING = "nothing"  # official sources of the country speak, but not of the theme
    UNOFFICIAL = "unofficial"  # sources of the country are on, none of them official


@dataclass(frozen=True, slots=True, kw_only=True)
class BlindSpot:
    """A place of which nothing was heard."""

    sort: Sort
    theme: str | None = None  # None: whatever the theme
    country: str | None = None  # None: whatever the country
    lang: str | None = None  # None: whatever the language
    tier: str | None = None  # None: whatever the tier
    sources: int  # that are on there
    before: int | None = None  # items of the span before; None: not asked
    last: datetime | None = None  # moment of the last of these; None as before


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One row of the matrix: what came of one sort of source, theme by theme."""

    place: tuple[str | None, ...]  # values of the keys that the rows are made by
    sources: int  # that are on there
    themes: tuple[int, ...]  # items of each theme, in the order asked; an item of two themes counts in both
    before: tuple[int | None, ...]  # the same in the span before; None: the archive does not reach back so far
    rest: int  # items without a theme


KEYS = ("country", "lang", "tier")
"""What the rows of a matrix are made by, unless asked otherwise."""


def matrix(
    cells: Iterable[Cell], earlier: Iterable[Cell] | None, watched: Iterable[Watched], themes: Sequence[str], by: Sequence[str]
) -> list[Line]:
    """One line for every sort of source that is on or brought something, by the keys, what is unknown last.

    Args:
        earlier: of the span before; None: it cannot be told.
        by: of country, lang, tier, kind.
    """
    now, past = _counted(cells, by), _counted(earlier or (), by)
    sources = Counter(_place(each, by) for each in watched)
    lines = []
    for place in sorted({*now, *past, *sources}, key=lambda each: [(value is None, value or "") for value in each]):
        counts, counts_before = now.get(place, Counter()), past.get(place, Counter())
        lines.append(
            Line(
                place=place,
                sources=sources[place],
                themes=tuple(counts[theme] for theme in themes),
                before=tuple(None if earlier is None else counts_before[theme] for theme in themes),
                rest=counts[None],
            )
        )
    return lines


def blind_spots(
    cells: Sequence[Cell], earlier: Sequence[Cell] | None, watched: Sequence[Watched], themes: Sequence[str]
) -> list[BlindSpot]:
    """Where nothing came, the most telling first.

    Args:
        earlier: of the span before; None: it cannot be told what is gone.
    """
    return [
        *_gone(cells, earlier or (), watched, themes),
        *_unheard(cells, watched),
        *_nothing(cells, watched, themes),
        *_unofficial(watched),
    ]


def _gone(cells: Sequence[Cell], earlier: Sequence[Cell], watched: Sequence[Watched], themes: Sequence[str]) -> list[BlindSpot]:
    """Cells of theme and country that used to have items, the fullest first."""
    now = {(each.theme, each.country) for each in cells}
    before: Counter[tuple[str | None, str | None]] = Counter()
    last: dict[tuple[str | None, str | None], datetime] = {}
    for each in earlier:
        if each.theme in themes and (each.theme, each.country) not in now:
            key = (each.theme, each.country)
            before[key] += each.items
            last[key] = max(last.get(key, each.last), each.last)
    sources = Counter(each.country for each in watched)
    return [
        BlindSpot(sort=Sort.GONE, theme=theme, country=country, sources=sources[country], before=count, last=last[theme, country])
        for (theme, country), count in sorted(before.items(), key=lambda pair: (-pair[1], pair[0][0] or "", pair[0][1] or ""))
        if count >= _USED_TO
    ]


def _unheard(cells: Sequence[Cell], watched: Sequence[Watched]) -> list[BlindSpot]:
    """Countries and tiers, then languages, whose sources are on and brought nothing at all; tier by tier, the most sources first."""
    heard = {(each.country, each.tier) for each in cells}
    langs = {each.lang for each in cells}
    places = Counter((each.country, each.tier) for each in watched if each.country)
    tongues = Counter(each.lang for each in watched if each.lang)
    of_places = [
        BlindSpot(sort=Sort.UNHEARD, country=country, tier=tier, sources=count)
        for manner in _MANNER
        for (country, tier), count in _most(places)
        if tier == manner and (country, tier) not in heard
    ]
    return of_places + [
        BlindSpot(sort=Sort.UNHEARD, lang=lang, sources=count) for lang, count in _most(tongues) if lang not in langs
    ]


def _nothing(cells: Sequence[Cell], watched: Sequence[Watched], themes: Sequence[str]) -> list[BlindSpot]:
    """Themes of which official sources of a country did not speak, although they spoke; by theme, the most sources first."""
    official = {(each.theme, each.country) for each in cells if each.tier == _OFFICIAL}
    speaking = {country for _, country in official}
    sources = Counter(each.country for each in watched if each.tier == _OFFICIAL and each.country)
    return [
        BlindSpot(sort=Sort.NOTHING, theme=theme, country=country, tier=_OFFICIAL, sources=count)
        for theme in themes
        for country, count in _most(sources)
        if country in speaking and (theme, country) not in official
    ]


def _unofficial(watched: Sequence[Watched]) -> list[BlindSpot]:
    """Countries that are watched through others' eyes alone, the most sources first."""
    official = {each.country for each in watched if each.tier == _OFFICIAL}
    others = Counter(each.country for each in watched if each.country and each.country not in official)
    return [BlindSpot(sort=Sort.UNOFFICIAL, country=country, tier=_OFFICIAL, sources=count) for country, count in _most(others)]


def says(spots: Sequence[BlindSpot], days: int) -> list[tuple[BlindSpot, str]]:
    """The blind spots in words, one line each.

    Args:
        days: length of the span, rounded.
    """
    return [(each, _WORDS[each.sort](each, days)) for each in spots]


def told(spots: Sequence[BlindSpot], days: int, most: int) -> list[str]:
    """The blind spots in words for a person: in one line those that differ by country or language alone, in brackets the sources on.

    Args:
        days: length of the span, rounded.
        most: places that a line names before it says how many more there are.
    """
    lines: list[str] = []
    for _, some in groupby(spots, key=lambda each: (each.sort, each.theme, each.tier, each.lang is None)):
        group = list(some)
        if group[0].sort is Sort.GONE:
            lines += [_says_gone(each, days) for each in group]
            continue
        named = ", ".join(f"{each.country or each.lang} ({each.sources})" for each in group[:most])
        lines.append(f"{_beginning(group[0], days)} {named}" + (f" and {len(group) - most} more" if len(group) > most else ""))
    return lines


def _beginning(spot: BlindSpot, days: int) -> str:
    """What a line says before it names its places."""
    if spot.sort is Sort.UNOFFICIAL:
        return "no official source is on, only others, for"
    if spot.sort is Sort.NOTHING:
        return f"{spot.theme}: nothing official in {days} d from"
    if spot.lang:
        return f"of any theme: nothing in {days} d in"
    return f"of any theme: nothing {_MANNER[spot.tier or '']} in {days} d from"


def _says_gone(spot: BlindSpot, days: int) -> str:
    assert spot.last is not None
    tail = "" if spot.sources else "; no source of it is on any more"
    return (
        f"{spot.theme}: nothing from {spot.country or '?'} in {days} d; in the {days} d before there were {spot.before},"
        f" the last on {spot.last:%Y-%m-%d}{tail}"
    )


def _says_unheard(spot: BlindSpot, days: int) -> str:
    what = f"nothing in {spot.lang}" if spot.lang else f"nothing {_MANNER[spot.tier or '']} from {spot.country}, of any theme,"
    return f"{what} in {days} d although {_on(spot.sources)}"


def _says_nothing(spot: BlindSpot, days: int) -> str:
    return f"{spot.theme}: nothing official from {spot.country} in {days} d although {_on(spot.sources)}"


def _says_unofficial(spot: BlindSpot, _days: int) -> str:
    return f"{spot.country}: no official source is on; what is heard comes of {spot.sources} other{'s' * (spot.sources > 1)}"


_WORDS = {
    Sort.GONE: _says_gone,
    Sort.UNHEARD: _says_unheard,
    Sort.NOTHING: _says_nothing,
    Sort.UNOFFICIAL: _says_unofficial,
}
_MANNER = {"official": "official", "wire": "of a wire", "press": "of the press", "analysis": "of analysts"}


def _on(count: int) -> str:
    return "1 source is on" if count == 1 else f"{count} sources are on"


def _place(each: Cell | Watched, by: Sequence[str]) -> tuple[str | None, ...]:
    return tuple(getattr(each, key) for key in by)


def _counted(cells: Iterable[Cell], by: Sequence[str]) -> dict[tuple[str | None, ...], Counter[str | None]]:
    found: dict[tuple[str | None, ...], Counter[str | None]] = {}
    for each in cells:
        found.setdefault(_place(each, by), Counter())[each.theme] += each.items
    return found


def _most(counts: Counter[T]) -> list[tuple[T, int]]:
    return sorted(counts.items(), key=lambda pair: (-pair[1], str(pair[0])))
