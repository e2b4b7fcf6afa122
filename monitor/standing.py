"""Which key dates of an event stand, and how each came to be what it is: set, moved, taken back. Pure.

A date that an extension, a postponement or a correction moves is the same date with another day, so that a calendar's entry moves with it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import lru_cache

from monitor.items import DateKind, KeyDate, Tier
from monitor.segment import fold

_DATE = r"(?:period|deadlines?|dates?|hearings?|comments?|effect(?:iveness)?|application|enforcement|entry into force|compliance|consultation|term)\b"
_VERB = r"\b(?:exten(?:d|ds|ded|ding|sion)|brought forward|bring\w* forward|reopen\w*|chang(?:es?|ed|ing)|new|moved)\b"
_MOVES = re.compile(
    r"\b(?:postpon\w+|delay(?:s|ed|ing)?|defer(?:s|red|ring|ral)?|reschedul\w+|push(?:es|ed)? back|adjourn\w*|correction|corrects|corrected)\b"
    r"|延期|延至|延后|延後|展延|繰り下げ|繰り上げ|前倒し|推迟|訂正|正誤|更正|연기|늦춰|늦추|앞당|정정"
    # these move other things as well: they need the date beside them
    rf"|{_VERB}[^.;]{{0,40}}?\b{_DATE}|\b{_DATE}[^.;]{{0,40}}?{_VERB}|\b(?:moved|extended) (?:to|until|till)\b"
    r"|(?:期間|期限|締切|締め切り|期日|施行|適用|発効|公聴会|日程|募集|提出)[^。]{0,30}?(?:延長|延ば)|延長[^。]{0,20}?(?:期間|期限|締切|締め切り|期日|公聴会|日程)"
    r"|(?:期間|期限|締切|期日|日程|施行日)[をのが][^。]{0,10}?変更|(?:期限|时间|日期|截止|实施|施行|生效|听证会)[^。]{0,30}?(?:延长|提前|调整为|改至|改为)"
    r"|(?:延长|提前)[^。]{0,20}?(?:期限|时间|日期|截止|实施|施行|生效|听证会|意见|至)|(?:期限|時間|期間|日期|截止|實施|施行|生效)[^。]{0,30}?(?:延長|提前|改為|改於)"
    r"|(?:기간|기한|시행일?|공청회|마감)[^.]{0,30}?(?:연장|변경)"
)
"""Says that a date, and not the reach of a measure, is moved."""
_TITLE_MOVES = re.compile(
    rf"\b(?:postponed|rescheduled|adjourned|postponement|correction|corrected)\b|\b(?:delay(?:s|ed|ing)?|defer\w*|postpon\w+|push(?:es|ed)? back)\b[^.;]{{0,40}}?\b{_DATE}"
    rf"|{_VERB}[^.;]{{0,40}}?\b{_DATE}|\b{_DATE}[^.;]{{0,40}}?(?:{_VERB}|\b(?:postponed|delayed|deferred)\b)"
    r"|延期|延至|延后|延後|展延|繰り下げ|繰り上げ|前倒し|推迟|訂正|正誤|更正|연기|늦춰|늦추|앞당|정정|期間[^。]{0,12}延長|期限[^。]{0,12}延長|延長[^。]{0,12}(?:期間|期限)"
    r"|延长[^。]{0,16}(?:期限|时间)|(?:期限|时间)[^。]{0,12}延长|(?:기간|기한)[^.]{0,12}연장"
)
"""As _MOVES, for a title, which may speak of much else."""
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
    country: str | None  # of the source
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
    country: str | None  # of that source
    at: datetime  # of that item
    since: datetime  # when the day was set to what it is
    is_moved: bool  # True: the words that set it say that they move a date
    officials: frozenset[str] = frozenset()  # countries whose official sources state this day
    uid: str  # the same for ever, whatever day it moves to
    was: tuple[_Day, ...] = ()  # earlier days, the first one first
    is_withdrawn: bool = False  # it no longer stands
    lapses: int = 0  # how often it stood no longer, for good or for a time
    lapsed_at: datetime | None = None  # when it last ceased to stand; None: it always stood

    @property
    def sequence(self) -> int:
        """Rises with each change. Source: RFC 5545, section 3.8.7.4 (SEQUENCE)."""
        return 2 * len(self.was) + 2 * self.lapses - self.is_withdrawn


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """A span in which a measure, or its effect, did not stand."""

    at: datetime
    until: datetime | None  # None: still
    is_whole: bool  # True: the measure was taken back; False: its effect was suspended


def standing(
    statements: Iterable[Statement], endings: Sequence[Ending] = (), *, jurisdiction: str | None = None
) -> tuple[Standing, ...]:
    """The key dates of an event, in order of day and kind, each in the words of the best that states it.

    Args:
        statements: in the order in which the items came, so that a date keeps its uid.
        endings: what was set before and still ahead at one of these no longer stands: all dates, or those of effect.
        jurisdiction: whose measure it is: its own official sources say best when it takes effect; None: nobody knows.
    """
    found: list[Standing] = []
    for each in statements:
        _take(found, each, jurisdiction)
    done = [_ended(each, endings) for each in found]
    return tuple(sorted(done, key=lambda each: (each.date, each.kind, each.uid)))


def _take(found: list[Standing], said: Statement, jurisdiction: str | None) -> None:
    """Take a statement into the dates so far: it repeats one, moves one, is an old day of one, or is a new one."""
    stated, is_move = said.date, _moves(said)
    same = [place for place, each in enumerate(found) if each.kind is stated.kind and not each.lapses]
    if is_move and (moved := _moved(found, same, said)) is not None:
        before = found[moved]
        for place in same:  # who told it first, unofficially, told of this one
            if place != moved and found[place].date == stated.date:
                found[place] = replace(found[place], is_withdrawn=True, lapses=1, lapsed_at=said.at)
        found[moved] = replace(
            _told_by(before, said),
            date=stated.date,
            was=(*before.was, before.date),
            since=said.at,
            is_moved=True,
            officials=_officials(said),
        )
        return
    for place in same:
        if found[place].date == stated.date:
            found[place] = replace(found[place], officials=found[place].officials | _officials(said))
            if _is_better(said, found[place], jurisdiction):
                found[place] = _told_by(found[place], said)
            return
        if stated.date in found[place].was:
            return
    for place in same:
        # told late: the day that stood before a move that we know already
        if found[place].is_moved and said.at < found[place].since and not is_move:
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
            country=said.country,
            at=said.at,
            since=said.at,
            is_moved=is_move,
            officials=_officials(said),
            uid=f"{said.item}-{stated.kind.value}-{stated.date.isoformat()}",
        )
    )


def _moved(found: Sequence[Standing], same: Iterable[int], said: Statement) -> int | None:
    """The place of the date that a statement moves; None if it moves none, or says again what was moved."""
    stated = said.date
    same = list(same)
    told = next((found[place] for place in same if found[place].date == stated.date), None)
    if told is not None and (told.is_moved or told.tier is Tier.OFFICIAL) and (told.was or told.tier is Tier.OFFICIAL):
        return None
    movable = [place for place in same if found[place].date != stated.date and _may_move(found[place], said)]
    if not movable:
        return None
    # what is moved is mostly put off: the last of the days before the new one, else the nearest
    return min(movable, key=lambda place: (found[place].date > stated.date, abs((found[place].date - stated.date).days)))


def _is_better(said: Statement, one: Standing, jurisdiction: str | None) -> bool:
    """True if a statement of the same day is to be quoted instead: of the measure's own government, then of a better source, then surer; of
    equals the earliest, but not what was said before the day was moved there."""
    ranks = [
        (each.tier is Tier.OFFICIAL and each.country is not None and each.country == jurisdiction, _rank(each.tier), confidence)
        for each, confidence in ((said, said.date.confidence), (one, one.confidence))
    ]
    return ranks[0] > ranks[1] or (ranks[0] == ranks[1] and said.at < one.at and not one.is_moved)


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
        country=said.country,
        at=said.at,
    )


def _officials(said: Statement) -> frozenset[str]:
    return frozenset({said.country}) if said.tier is Tier.OFFICIAL and said.country is not None else frozenset()


def _moves(said: Statement) -> bool:
    """True if an item says that it moves a date: the sentence in any such words, the title only if it names a date, too."""
    return _is_move(said.date.sentence) or _is_move_of_date(said.title) or _is_move_of_date(said.step)


@lru_cache(4096)
def _is_move(sentence: str) -> bool:
    return _MOVES.search(fold(sentence)) is not None


@lru_cache(4096)
def _is_move_of_date(title: str) -> bool:
    return _TITLE_MOVES.search(fold(title)) is not None


def _may_move(one: Standing, said: Statement) -> bool:
    """Later words move earlier ones; what an official source stated only official ones of its country; and nobody a day of effect that has
    passed."""
    is_over = one.kind in _EFFECTS and one.date < said.at.date()
    is_unofficial = one.tier is not Tier.OFFICIAL
    return said.at >= one.at and not is_over and (is_unofficial or bool(_officials(said) & one.officials))


def _ended(one: Standing, endings: Iterable[Ending]) -> Standing:
    lapsed = [
        each for each in endings if (each.is_whole or one.kind in _EFFECTS) and one.date >= each.at.date() and one.since < each.at
    ]
    if not lapsed:
        return one
    return replace(
        one,
        lapses=one.lapses + len(lapsed),
        is_withdrawn=any(each.until is None for each in lapsed),
        lapsed_at=max(each.at for each in lapsed),
    )


def _rank(tier: Tier) -> int:
    return -list(Tier).index(tier)
