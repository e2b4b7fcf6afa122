"""The record of an event, put together from its items: titles, stage, dates, momentum, importance. Pure functions of (items, now)."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import zip_longest

from monitor.items import Entity, Filed, Identifier, Judged, KeyDate, Shown, Stage, Standpoint, Tier
from monitor.segment import terms
from monitor.stage import SUSPENSIONS, Expected, Sighting, Transition, claimed, expected, put_in_force, way
from monitor.standing import Ending, Standing, Statement, standing

IDENTIFIERS = 30
ENTITIES = 20
HALF_LIFE = timedelta(days=3)
"""In which an item's share of its event's momentum halves."""
AHEAD = 60
"""Days from which on a key date that is ahead makes an event more important."""
WEIGHTS = {"stage": 0.30, "sources": 0.25, "tier": 0.20, "momentum": 0.15, "date": 0.10}
STAGE_WEIGHTS = {
    Stage.REPORTED: 0.2,
    Stage.ANNOUNCED: 0.4,
    Stage.CONSULTATION: 0.6,
    Stage.PROPOSED: 0.7,
    Stage.ON_FILE: 0.9,
    Stage.FINAL: 1.0,
    Stage.IN_FORCE: 0.9,
    Stage.AMENDED: 0.8,
    Stage.WITHDRAWN: 0.8,
}
TIER_WEIGHTS = {Tier.OFFICIAL: 1.0, Tier.WIRE: 0.7, Tier.PRESS: 0.5, Tier.ANALYSIS: 0.3}
UNTHEMED = 0.2
"""Best theme's score of an event that has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One item of an event with what judgement found in it."""

    filed: Filed
    arrival: int  # order in which items came to the archive
    shown: Shown | None = None
    dates: tuple[KeyDate, ...] = ()
    identifiers: tuple[Identifier, ...] = ()
    entities: tuple[Entity, ...] = ()
    placed: datetime | None = None  # its moment in the timeline, where that is not the item's own (see in_time)

    @property
    def at(self) -> datetime:
        """Its moment in the timeline."""
        return self.placed or self.filed.item.moment


@dataclass(frozen=True, slots=True, kw_only=True)
class Titled:
    """The title that stands for an event in a language: of the item that is most like the others."""

    lang: str
    title: str
    item: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """The items, of any language and source, about one development."""

    id: str
    title: str  # of the best source, then with a theme, then the first
    stage: Stage
    step: str | None  # the jurisdiction's own word; None: reported or announced
    first_seen: datetime
    last_seen: datetime
    items: int
    sources: tuple[str, ...]
    langs: tuple[str, ...]
    countries: tuple[str, ...]
    themes: tuple[tuple[str, float], ...]  # theme, best score; best first
    identifiers: tuple[Identifier, ...]  # the most named first
    dates: tuple[Standing, ...]  # earliest first
    storyline: str | None = None  # begins with S-; None: not judged
    titles: tuple[Titled, ...] = ()  # by language, the most frequent first
    entities: tuple[tuple[str, str, int], ...] = ()  # (id, name in the text, items), the most named first
    way: tuple[Transition, ...] = ()  # stages reached, in order of time
    claim: Shown | None = None  # what unofficial sources say beyond that
    expected: Expected | None = None  # None: the way has ended, or nobody can say
    momentum: float = 0.0  # items without copies, each halving in HALF_LIFE
    importance: float = 0.0  # 0..100, see importance()

    @property
    def jurisdiction(self) -> str | None:
        """Whose way it goes; None while nobody official has taken a step."""
        return next((each.jurisdiction for each in reversed(self.way) if each.jurisdiction), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadline:
    """A key date of an event."""

    date: Standing
    event: str
    themes: tuple[str, ...]  # of the event, sorted


def part_of(judged: Judged, arrival: int) -> Part:
    """What an item adds to the way of its event, from its judgement; without identifiers and entities.

    Args:
        arrival: its place in the order in which items came to the archive.
    """
    themes = tuple((tag.theme, tag.score) for tag in judged.tags if tag.is_given)
    return Part(
        filed=Filed(item=judged.item, themes=themes, event=judged.link.event, copy_of=judged.link.copy_of),
        arrival=arrival,
        shown=judged.findings.shown,
        dates=judged.findings.dates,
    )


def said_by(way: Sequence[Transition], dates: Sequence[Standing]) -> str | None:
    """The item by whose word an event has come where it is: the one that states the date, else the last that showed a step."""
    if not way:
        return None
    day = way[-1].at.date()
    stated = next((each.item for each in dates if each.date == day), None)
    return stated or next((each.item for each in reversed(way) if each.item), None)


def in_time(parts: Iterable[Part]) -> list[Part]:
    """The timeline: by the time of each item; where that is only the time of its arrival, a clock that was set back reorders nothing."""
    found: list[Part] = []
    latest: datetime | None = None
    for each in sorted(parts, key=lambda part: part.arrival):
        item = each.filed.item
        if item.published in (None, item.first_seen):  # not stated, or cut to the arrival
            latest = item.first_seen if latest is None else max(latest, item.first_seen)
            found.append(each if latest == item.moment else replace(each, placed=latest))
        else:
            found.append(each)
    return sorted(found, key=lambda part: (part.at, part.arrival))


def reached(parts: Sequence[Part], today: date) -> tuple[tuple[Transition, ...], tuple[Standing, ...]]:
    """The way of an event and the key dates that stand, from its items in order of time."""
    proven = way(_sightings(parts))
    leads = next((each.jurisdiction for each in reversed(proven) if each.jurisdiction), None)
    stands = standing(_statements(parts), _endings(proven), jurisdiction=leads)
    own = [each for each in stands if not each.is_withdrawn and leads in each.officials]
    return put_in_force(proven, own, today), stands


def superseded(whole: Sequence[Part], merged: Sequence[Part], today: date) -> tuple[Standing, ...]:
    """Key dates that an event had before it was merged and whose uid the whole no longer has: calendars are told that they are gone.

    Args:
        whole: items of the event that it went into, merged: those that it brought, both in order of time.
    """
    kept = {each.uid for each in reached(whole, today)[1]}
    return tuple(
        replace(each, is_withdrawn=True, lapses=each.lapses + 1) for each in reached(merged, today)[1] if each.uid not in kept
    )


def _endings(proven: Sequence[Transition]) -> list[Ending]:
    """Spans in which the measure was taken back, or its effect suspended."""
    return [
        Ending(at=each.at, until=None if after is None else after.at, is_whole=each.stage is Stage.WITHDRAWN)
        for each, after in zip_longest(proven, proven[1:])
        if each.stage is Stage.WITHDRAWN or each.step in SUSPENSIONS
    ]


def record(
    event: str, parts: Sequence[Part], now: datetime, *, opened_at: datetime, moved_at: datetime, storyline: str | None = None
) -> Event:
    """The record of an event.

    Args:
        parts: its items, in any order.
        opened_at: when its first item was judged, moved_at: its last one.
    """
    ordered = in_time(parts)
    items = [each.filed.item for each in ordered]
    transitions, stands = reached(ordered, now.date())
    themes: dict[str, float] = {}
    for each in ordered:
        for theme, score in each.filed.themes:
            themes[theme] = max(score, themes.get(theme, 0.0))
    given = tuple(sorted(themes.items(), key=lambda pair: (-pair[1], pair[0])))
    at = standpoint(ordered, transitions, stands, now, storyline=storyline)
    speed = momentum((each.filed.item.moment for each in ordered if each.filed.copy_of is None), now)
    return Event(
        id=event,
        title=_title(ordered),
        stage=at.stage,
        step=at.step,
        first_seen=min((item.first_seen for item in items), default=opened_at),
        last_seen=moved_at,
        items=len(items),
        sources=tuple(dict.fromkeys(item.source for item in items)),
        langs=tuple(dict.fromkeys(item.lang for item in items)),
        countries=tuple(dict.fromkeys(item.country for item in items if item.country)),
        themes=given,
        identifiers=tuple(
            each for each, _ in Counter(key for part in ordered for key in part.identifiers).most_common(IDENTIFIERS)
        ),
        dates=stands,
        storyline=storyline,
        titles=titles(ordered),
        entities=_entities(ordered),
        way=transitions,
        claim=claimed(_sightings(ordered), transitions),
        expected=expected(transitions, [each for each in stands if not each.is_withdrawn], now.date()),
        momentum=round(speed, 2),
        importance=at.importance,
    )


def standpoint(
    parts: Sequence[Part], transitions: Sequence[Transition], stands: Iterable[Standing], now: datetime, *, storyline: str | None
) -> Standpoint:
    """What an event has come to, as rules see it.

    Args:
        parts: its items, in order of time; themes are enough beside what its way needs.
        transitions, stands: what they reached() by now.
    """
    ahead = [each.date for each in stands if not each.is_withdrawn and each.date >= now.date()]
    stage = transitions[-1].stage if transitions else Stage.REPORTED
    sources = tellers(parts)
    return Standpoint(
        stage=stage,
        step=transitions[-1].step if transitions else None,
        sources=sources,
        importance=importance(
            theme=max((score for each in parts for _, score in each.filed.themes), default=None),
            stage=stage,
            tier=min((each.filed.item.tier for each in parts), key=list(Tier).index, default=Tier.ANALYSIS),
            sources=sources,
            momentum=momentum((each.filed.item.moment for each in parts if each.filed.copy_of is None), now),
            days_ahead=(min(ahead) - now.date()).days if ahead else None,
        ),
        storyline=storyline,
    )


def tellers(parts: Iterable[Part]) -> int:
    """How many sources tell an event in their own words."""
    return len({each.filed.item.source for each in parts if each.filed.copy_of is None})


def momentum(moments: Iterable[datetime], now: datetime) -> float:
    """How much is being said of an event: its items, each halving in HALF_LIFE. A moment that is ahead counts as now."""
    return sum(math.exp2(-(max(timedelta(), now - moment) / HALF_LIFE)) for moment in moments)


def importance(*, theme: float | None, stage: Stage, tier: Tier, sources: int, momentum: float, days_ahead: int | None) -> float:
    """How much an event matters, 0..100; `monitor events --help` tells the formula.

    Args:
        theme: best score of a theme; None if it has none.
        tier: of its best source.
        sources: that tell it in their own words.
        days_ahead: days to its next key date; None if there is none ahead.
    """
    parts = {
        "stage": STAGE_WEIGHTS[stage],
        "sources": min(1.0, math.log2(1 + sources) / 4),
        "tier": TIER_WEIGHTS[tier],
        "momentum": 1 - 2 ** (-momentum / 4),
        "date": 0.0 if days_ahead is None else max(0.0, 1 - days_ahead / AHEAD),
    }
    return round(100 * (UNTHEMED if theme is None else theme) * sum(WEIGHTS[name] * part for name, part in parts.items()), 1)


def titles(parts: Iterable[Part]) -> tuple[Titled, ...]:
    """The title of the medoid item of each language: the one that has most in common with the others; of equals the best source's."""
    by_lang: dict[str, list[Part]] = {}
    for each in parts:
        by_lang.setdefault(each.filed.item.lang, []).append(each)
    found = []
    for lang, own in sorted(by_lang.items(), key=lambda pair: -len(pair[1])):
        words = [frozenset(terms(each.filed.item.title)) for each in own]
        common = Counter(word for each in words for word in each)
        place = max(
            range(len(own)),
            key=lambda at: (
                sum(common[word] - 1 for word in words[at]) / math.sqrt(len(words[at]) or 1),
                -list(Tier).index(own[at].filed.item.tier),
                -at,
            ),
        )
        found.append(Titled(lang=lang, title=own[place].filed.item.title, item=own[place].filed.item.id))
    return tuple(found)


def _title(parts: Sequence[Part]) -> str:
    """The title that stands for an event: of the best tier, then with a theme, then the first."""
    if not parts:
        return ""
    tiers = list(Tier)
    return min(
        parts, key=lambda each: (not each.filed.themes, tiers.index(each.filed.item.tier), each.filed.item.moment)
    ).filed.item.title


def _entities(parts: Iterable[Part]) -> tuple[tuple[str, str, int], ...]:
    counts: Counter[str] = Counter()
    names: dict[str, str] = {}
    for part in parts:
        for each in part.entities:
            counts[each.id] += 1
            names.setdefault(each.id, each.surface)
    return tuple((entity, names[entity], count) for entity, count in counts.most_common(ENTITIES))


def _sightings(parts: Iterable[Part]) -> list[Sighting]:
    return [
        Sighting(
            item=each.filed.item.id,
            at=each.at,
            tier=each.filed.item.tier,
            country=each.filed.item.country,
            shown=each.shown,
        )
        for each in parts
    ]


def _statements(parts: Iterable[Part]) -> list[Statement]:
    return [
        Statement(
            date=stated,
            item=each.filed.item.id,
            title=each.filed.item.title,
            step=each.filed.item.step or "",
            source=each.filed.item.source,
            url=each.filed.item.url,
            tier=each.filed.item.tier,
            country=each.filed.item.country,
            at=each.at,
        )
        for each in sorted(parts, key=lambda part: part.arrival)
        for stated in each.dates
    ]
