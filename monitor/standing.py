"""Which key dates of an event stand, and how each came to be what it is: set, moved, taken back. Pure.

A date that an extension, a postponement or a correction moves is the same date with another day, so that a calendar's entry moves with it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime

from monitor.items import DateKind, KeyDate, Tier
from monitor.segment import fold

_MOVES = re.compile(
    r"\b(?:exten(?:d|ds|ded|ding|sion)|postpon\w+|delay\w*|defer\w*|reschedul\w+|push(?:es|ed)? back|brought forward|bring\w* forward|adjourn\w*|reopen\w*"
    r"|correct(?:s|ed|ion|ing)|chang(?:es|ed|ing) (?:the )?(?:effective )?date|new (?:deadline|date)|moved (?:to|from)|instead of)\b"
    r"|延長|延期|繰り下げ|繰り上げ|前倒し|変更|訂正|延长|推迟|提前|调整为|改至|改为|改於|更正|延後|展延|연장|연기|변경|정정"
)
_Day = date
_EFFECTS = (DateKind.EFFECTIVE, DateKind.APPLIES_FROM)


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """A key date as one item states it."""

    date: KeyDate
    item: str
    title: str
    step: str  # the structured word of the item's step; "" if none
    source: str
    url: str | None
    tier: Tier
    at: datetime  # of the item


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A key date of an event as it stands now."""

    kind: DateKind
    date: date
    sentence: str  # that says so
    confidence: float  # 0..1; 1 for a structured field
    item: str  # that states it as it stands
    title: str
    source: str
    url: str | None
    tier: Tier
    at: datetime  # of that item
    uid: str  # the same for ever, whatever day it moves to
    was: tuple[_Day, ...] = ()  # earlier days, the first one first
    is_withdrawn: bool = False  # the measure was taken back or its effect suspended before the day came

    @property
    def sequence(self) -> int:
        """How often it changed. Source: RFC 5545, section 3.8.7.4 (SEQUENCE)."""
        return len(self.was) + self.is_withdrawn


def standing(
    statements: Iterable[Statement], *, withdrawn: datetime | None = None, suspended: datetime | None = None
) -> tuple[Standing, ...]:
    """The key dates of an event, in order of day and kind.

    Args:
        statements: in the order in which the items came, so that a date keeps its uid.
        withdrawn: when the measure was taken back; what was still ahead then no longer stands.
        suspended: when its effect was suspended; dates of effect that were ahead no longer stand, unless stated since.
    """
    found: list[Standing] = []
    for each in statements:
        _take(found, each)
    done = [_ended(each, withdrawn, suspended) for each in found]
    return tuple(sorted(done, key=lambda each: (each.date, each.kind, each.uid)))


def _take(found: list[Standing], said: Statement) -> None:
    """Take a statement into the dates so far: it repeats one, moves one, is an old day of one, or is a new one."""
    stated = said.date
    same = [place for place, each in enumerate(found) if each.kind is stated.kind]
    for place in same:
        if found[place].date == stated.date:
            if (_rank(said.tier), stated.confidence) > (_rank(found[place].tier), found[place].confidence):
                found[place] = _told_by(found[place], said)
            return
        if stated.date in found[place].was and not (_moves(said) and said.at > found[place].at):
            return
    if _moves(said):
        movable = [place for place in same if _may_move(found[place], said)]
        if movable:
            # what is moved is mostly put off: the last of the days before the new one, else the nearest
            place = min(movable, key=lambda place: (found[place].date > stated.date, abs((found[place].date - stated.date).days)))
            before = found[place]
            found[place] = replace(_told_by(before, said), date=stated.date, was=(*before.was, before.date))
            return
    for place in same:
        # told late: the day that stood before the move that we know already
        if found[place].was and said.at < found[place].at and not _moves(said):
            found[place] = replace(found[place], was=tuple(dict.fromkeys((stated.date, *found[place].was))))
            return
    found.append(
        Standing(
            kind=stated.kind,
            date=stated.date,
            sentence=stated.sentence,
            confidence=stated.confidence,
            item=said.item,
            title=said.title,
            source=said.source,
            url=said.url,
            tier=said.tier,
            at=said.at,
            uid=f"{said.item}-{stated.kind.value}-{stated.date.isoformat()}",
        )
    )


def _told_by(one: Standing, said: Statement) -> Standing:
    return replace(
        one,
        sentence=said.date.sentence,
        confidence=said.date.confidence,
        item=said.item,
        title=said.title,
        source=said.source,
        url=said.url,
        tier=said.tier,
        at=said.at,
    )


def _moves(said: Statement) -> bool:
    """True if an item says that it moves a date."""
    return _MOVES.search(fold(f"{said.title}\n{said.step}\n{said.date.sentence}")) is not None


def _may_move(one: Standing, said: Statement) -> bool:
    """Only an official source moves what an official source stated, and only later words move earlier ones."""
    return said.at >= one.at and (one.tier is not Tier.OFFICIAL or said.tier is Tier.OFFICIAL)


def _ended(one: Standing, withdrawn: datetime | None, suspended: datetime | None) -> Standing:
    is_over = withdrawn is not None and one.date >= withdrawn.date()
    is_held = suspended is not None and one.kind in _EFFECTS and one.date >= suspended.date() and one.at < suspended
    return replace(one, is_withdrawn=True) if is_over or is_held else one


def _rank(tier: Tier) -> int:
    return -list(Tier).index(tier)
