"""Finds key dates in a text - deadlines, dates of effect - with the sentence that says so. Pure; never raises.

Careful rather than complete: a date without a cue word beside it is no key date.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from datetime import date, timedelta

from monitor.dates import day_of, era_year, is_before_era, month_of
from monitor.items import DateKind, KeyDate

MAX_TEXT = 50_000

_MONTH = (
    "January|February|March|April|May|June|July|August|September|October|November|December"
    r"|Jan\.?|Feb\.?|Mar\.?|Apr\.?|Jun\.?|Jul\.?|Aug\.?|Sept?\.?|Oct\.?|Nov\.?|Dec\.?"
)
_EN = rf"(?:(?:{_MONTH})\s\d{{1,2}}(?:,?\s\d{{4}})?|\d{{1,2}}\s(?:{_MONTH})(?:\s\d{{4}})?|\d{{4}}-\d{{2}}-\d{{2}})"
_CJK = r"(?:(?:令和\s?(?:\d{1,2}|元)|\d{4})年)?\d{1,2}月\d{1,2}日"
_RULES: tuple[tuple[DateKind, re.Pattern[str]], ...] = (
    (
        DateKind.COMMENTS_CLOSE,
        re.compile(
            r"\b(?:comments?|submissions?|responses?|rebuttals?)\b(?:[ap]\.m\.|[^.;]){0,90}?"
            r"\b(?:by|before|until|no later than|on or before|due(?:\son)?|close[sd]?\son)\s(?:(?:[ap]\.m\.|[^.;]){0,40}?\b)?"
            rf"(?P<d>{_EN})",
            re.I,
        ),
    ),
    (
        DateKind.EFFECTIVE,
        re.compile(
            r"\b(?:(?:is|are|becomes?|will be|shall be|was|takes?|take|took)\s(?:effective|effect)|(?:comes?|came|enters?|entered)\sinto"
            rf"\s(?:force|effect)|effective(?:\sdate)?:?)\s?(?:on|from|as of|beginning)?\s?(?P<d>{_EN})",
            re.I,
        ),
    ),
    (DateKind.APPLIES_FROM, re.compile(rf"\b(?:appl(?:y|ies)|applicable)\s(?:from|as of)\s(?P<d>{_EN})", re.I)),
    (
        DateKind.COMMENTS_CLOSE,
        re.compile(
            rf"意見(?:募集|公募|提出)?(?:の)?(?:締切|期限|期間|受付)[^。]{{0,50}}?(?P<d>{_CJK})"
            r"(?=\s?(?:\([日月火水木金土]\))?\s?(?:まで|必着|締切|\d{1,2}時|正午|$|。))"
            rf"|(?P<d2>{_CJK})(?:\([日月火水木金土]\))?(?:まで|締切)(?:に|、)?[^。]{{0,20}}?意見"
        ),
    ),
    (
        DateKind.EFFECTIVE,
        re.compile(
            rf"(?P<d>{_CJK})(?:\([日月火水木金土]\))?(?:に|から|より|付で)?(?:、)?(?:施行|発効|効力を生)"
            rf"|施行(?:期)?日(?:は|:)?\s?(?P<d2>{_CJK})"
        ),
    ),
    (DateKind.APPLIES_FROM, re.compile(rf"(?P<d>{_CJK})(?:\([日月火水木金土]\))?(?:に|から|より)(?:、)?適用")),
    (
        DateKind.EFFECTIVE,
        re.compile(
            rf"自(?P<d>{_CJK})起(?:正式)?(?:施行|实施|實施|执行|執行|生效)|(?P<d2>{_CJK})起?(?:正式)?(?:施行|实施|實施|生效)"
        ),
    ),
    (
        DateKind.COMMENTS_CLOSE,
        re.compile(
            rf"(?:意见(?:反馈)?截止(?:时间|日期)?(?:为|是|:)?|截止(?:到|至)?)\s?(?P<d>{_CJK})"
            rf"|(?:于|在)?(?P<d2>{_CJK})前(?:将|反馈|提交|以)[^。]{{0,30}}?意见"
        ),
    ),
    (DateKind.EFFECTIVE, re.compile(r"(?P<d>(?:\d{4}년\s?)?\d{1,2}월\s?\d{1,2}일)(?:부터|에)?\s?(?:시행|발효)")),
)
_ON_PUBLICATION = re.compile(r"自(?:公布|发布|印发|公告)之日起(?:正式)?(?:施行|实施|实行|生效)|公布の日から施行")
_END = re.compile(r"[。!?！？;；\n]|\.(?=\s|$)")
_ABBREVIATION = re.compile(
    r"\b(?:Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec|Nos?|Inc|Ltd|Co|Corp|v|art|para|[ap]\.m|U\.S|[A-Z])\.$", re.I
)
_ANY_DATE = re.compile(f"{_EN}|{_CJK}")
_EXTENDED = re.compile(r"\bexten(?:d|ded|ds|ding|sion)\b|\b(?:originally|previously|initially)\b|延長|延长|当初|原定", re.I)
"""Words by which a sentence tells of an earlier end, too; then only the latest end counts."""
_WESTERN = re.compile(r"(\d{4})-(\d{2})-(\d{2})")
_ENGLISH = re.compile(r"(?:([A-Za-z]+)\.?\s(\d{1,2})|(\d{1,2})\s([A-Za-z]+)\.?)(?:,?\s(\d{4}))?")
_EASTERN = re.compile(r"(?:(?:令和\s?(\d{1,2}|元)|(\d{4}))[年년]\s?)?(\d{1,2})[月월]\s?(\d{1,2})[日일]")


def find(text: str, published: date) -> tuple[KeyDate, ...]:
    """Key dates of a text, each (kind, date) once, in the order of the kinds' patterns.

    Args:
        published: the day that a date without a year counts from: it is the next such day.
    """
    folded = unicodedata.normalize("NFKC", text[:MAX_TEXT])
    found: dict[tuple[DateKind, date], KeyDate] = {}
    for kind, start, stated, is_dated in _matches(folded, published):
        day = stated
        sentence = _sentence(folded, start)
        if kind is DateKind.COMMENTS_CLOSE and _EXTENDED.search(sentence) is not None:
            day = _latest(sentence, published) or day  # an old end, too, is named: the new one counts
        if kind is DateKind.COMMENTS_CLOSE and day < published:
            continue  # the recital of an earlier period
        confidence = 0.9 if is_dated else 0.7
        found.setdefault((kind, day), KeyDate(kind=kind, date=day, sentence=sentence, confidence=confidence))
    return tuple(found.values())


def _latest(sentence: str, published: date) -> date | None:
    """The latest day that a sentence names; None if none can be read."""
    days = (_read(match.group(), published)[0] for match in _ANY_DATE.finditer(sentence))
    return max((day for day in days if day is not None), default=None)


def _matches(text: str, published: date) -> Iterator[tuple[DateKind, int, date, bool]]:
    for kind, pattern in _RULES:
        for match in pattern.finditer(text):
            groups = match.groupdict()
            raw = groups.get("d") or groups.get("d2") or ""
            day, is_dated = _read(raw, published)
            if day is not None:
                yield kind, match.start(), day, is_dated
    for match in _ON_PUBLICATION.finditer(text):
        yield DateKind.EFFECTIVE, match.start(), published, False


def _read(raw: str, published: date) -> tuple[date | None, bool]:
    """The day that a matched date means, and whether it states its year."""
    western = _WESTERN.fullmatch(raw)
    if western is not None:
        return day_of(int(western[1]), int(western[2]), int(western[3])), True
    eastern = _EASTERN.fullmatch(raw)
    if eastern is not None:
        year = era_year("令和", eastern[1]) if eastern[1] else int(eastern[2]) if eastern[2] else None
        is_dated = bool(eastern[1] or eastern[2])
        if is_dated and year is None:
            return None, True
        day = _resolved(year, int(eastern[3]), int(eastern[4]), published)
        return None if day is not None and eastern[1] and is_before_era("令和", day) else day, is_dated
    english = _ENGLISH.fullmatch(raw)
    if english is None:
        return None, False
    month = month_of(english[1] or english[4] or "")
    if month is None:
        return None, False
    year = int(english[5]) if english[5] else None
    return _resolved(year, month, int(english[2] or english[3]), published), year is not None


def _resolved(year: int | None, month: int, day: int, published: date) -> date | None:
    if year is not None:
        return day_of(year, month, day)
    this_year = day_of(published.year, month, day)
    # a report of what happened in the last weeks names its day without a year, too
    if this_year is not None and this_year >= published - timedelta(days=60):
        return this_year
    return day_of(published.year + 1, month, day)


def _sentence(text: str, place: int) -> str:
    """The sentence that holds a place; the point of an abbreviation ends none."""
    start = 0
    for end in _END.finditer(text):
        if end.group() == "." and _ABBREVIATION.search(text, max(0, end.start() - 12), end.end()):
            continue
        if end.end() > place:
            return text[start : end.end()].strip()[:400]
        start = end.end()
    return text[start:].strip()[:400]
