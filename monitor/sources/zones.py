"""Reads dates as a source means them: times in its own zone when they name none, and inside other words. Strict; never guesses.

A ministry writes "2026-04-03" and means its own day: that is kept as 00:00 UTC of the day, not as the hour at which it began there,
which is of the day before east of Greenwich.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from monitor import dates
from monitor.errors import ConfigError
from monitor.items import Source

MAX_TEXT = 300
"""Characters in which a date is looked for; the element that a selector names for the date is short."""

_OF_COUNTRY = {
    country: zone
    for zone, countries in {
        "Asia/Tokyo": "JP",
        "Asia/Seoul": "KR",
        "Asia/Shanghai": "CN",
        "Asia/Taipei": "TW",
        "Asia/Hong_Kong": "HK",
        "Asia/Singapore": "SG",
        "Asia/Kolkata": "IN",
        "Australia/Sydney": "AU",
        "Pacific/Auckland": "NZ",
        "Europe/London": "GB UK",
        "Europe/Dublin": "IE",
        "Europe/Brussels": "BE EU",
        "Europe/Berlin": "DE",
        "Europe/Paris": "FR",
        "Europe/Amsterdam": "NL",
        "Europe/Stockholm": "SE",
        "Europe/Helsinki": "FI",
        "Europe/Zurich": "CH",
        "Europe/Vienna": "AT",
        "Europe/Rome": "IT",
        "Europe/Madrid": "ES",
        "Europe/Warsaw": "PL",
        "Europe/Copenhagen": "DK",
        "Europe/Oslo": "NO",
        "America/New_York": "US",
        "America/Toronto": "CA",
        "UTC": "INT",
    }.items()
    for country in countries.split()
}
"""Where the government sits, for countries of several zones."""

_TOKYO = ZoneInfo("Asia/Tokyo")
_FAR_EAST = timezone(timedelta(hours=14))
_HALF_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20, 0xA0: 0x20}
"""Full-width forms one for one, so that a place in the folded text is the same place in the text."""
_AFTER = r"(?!\d|[./-]\d)"
_BEFORE = r"(?<![\d./-])"
_GLOSS = r"\s?年\s?(?:\([^()]{2,12}\)\s?)?"  # 2026年（令和8年）4月3日
_ERA = re.compile(
    rf"(?P<era>明治|大正|昭和|平成|令和)\s?(?P<year>\d{{1,2}}|元)(?:{_GLOSS}|\s?[./-]\s?)(?P<month>\d{{1,2}})\s?[月./-]\s?(?P<day>\d{{1,2}}){_AFTER}日?"
)
_ERA_LETTER = re.compile(
    rf"(?<![A-Za-z0-9])(?P<era>[HRS])\s?(?P<year>\d{{1,2}}|元)\s?[年./-]\s?(?P<month>\d{{1,2}})\s?[月./-]\s?(?P<day>\d{{1,2}}){_AFTER}日?"
)
_YEAR_FIRST = re.compile(
    rf"{_BEFORE}(?P<year>\d{{4}})(?:{_GLOSS}|\s?[년./-]\s?)(?P<month>\d{{1,2}})\s?[月월./-]\s?(?P<day>\d{{1,2}}){_AFTER}[日號号일]?"
)
_REPUBLIC = re.compile(
    r"(?P<era>(?:中華)?民國)?\s?(?<!\d)(?P<year>\d{2,3})\s?年\s?(?P<month>\d{1,2})\s?月\s?(?P<day>\d{1,2})(?!\d)日?"
)
_REPUBLIC_DIGITS = re.compile(rf"{_BEFORE}(?P<year>1\d\d)([./-])(?P<month>\d{{1,2}})\2(?P<day>\d{{1,2}}){_AFTER}")
_SHORT_YEAR = re.compile(rf"{_BEFORE}(?P<year>\d\d)([./-])(?P<month>\d\d)\2(?P<day>\d\d){_AFTER}")
_YEAR_LAST = re.compile(rf"{_BEFORE}(?P<first>\d{{1,2}})\s?([./-])\s?(?P<second>\d{{1,2}})\s?\2\s?(?P<year>\d{{4}}){_AFTER}")
_DAY_NAME = re.compile(
    rf"{_BEFORE}(?P<day>\d{{1,2}})(?:st|nd|rd|th|er|\.)?[\s-]+(?:de\s+|of\s+)?(?P<name>[^\W\d_]{{3,10}})\.?,?[\s-]+(?:de\s+)?(?P<year>\d{{4}})(?!\d)",
    re.I,
)
_NAME_DAY = re.compile(
    r"(?<![^\W_])(?P<name>[^\W\d_]{3,10})\.?\s+(?P<day>\d{1,2})(?:st|nd|rd|th)?,?\s+(?P<year>\d{4})(?!\d)", re.I
)
_WEEKDAY = re.compile(r"\.?\s?\([^()]{1,6}\)")
_CLOCK = re.compile(
    r"(?:[T,\s]|at\s){0,4}(?P<hour>\d{1,2})\s?(?::(?P<minute>\d{2})(?::(?P<second>\d{2})(?:\.\d+)?)?|[时時点點시](?:\s?(?P<minutes>\d{1,2})\s?[分분]?)?)"
    r"(?P<half>\s?[aApP]\.?[mM]\b\.?)?(?P<zone>\s*(?:Z\b|(?:GMT|UTC)?\s?[+-]\d{2}:?\d{2}\b|[A-Z]{2,5}\b))?",
)
_ISO = re.compile(
    r"\d{4}-\d\d-\d\d(?:[T ](?:[01]\d|2[0-3]):\d\d(?::\d\d(?:\.\d{1,6})?)?(?:Z|[+-](?:0\d|1[0-4]):?\d\d)?)?", re.ASCII
)
_EDGES = " \t\u3000\xa0[](){}【】（）〔〕［］<>＜＞:：;；|｜,，、-–—・·"


@dataclass(frozen=True, slots=True)
class _Place:
    """A date in a text, with its weekday; `day` None: it has the shape of one and is none, or nobody can tell which."""

    start: int
    end: int
    day: date | None
    is_japanese: bool


def zone_of(source: Source) -> ZoneInfo:
    """The zone of a source's times without one: its own, else its country's, else UTC.

    Raises:
        ConfigError: the source names a zone that does not exist.
    """
    if source.tz is None:
        return ZoneInfo(_OF_COUNTRY.get(source.country or "", "UTC"))
    try:
        return ZoneInfo(source.tz)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ConfigError(f"tz: there is no time zone {source.tz[:40]!r}", subject=source.id) from error


def moment_of(text: str, source: Source) -> datetime | None:
    """The moment of a text that is a date, or has one in it, aware UTC; None if it is not surely one.

    The first date counts, and if that is impossible, none does: 2月31日. Of 03/04/2026 the day comes first but in the US; nobody
    can tell in Canada or where the source's country is unknown. Japan, Korea and China may shorten the year (26/04/03), Taiwan may
    count it from 1912 (115-04-03). A day without a time is 00:00 UTC of that day. The time beside an era year is Japanese whoever
    writes it, as is that beside a plain year with 年 if the source does not say where it is.
    """
    folded = _folded(text).strip()
    if not folded:
        return None
    if _ISO.fullmatch(folded):  # 50,000 of a sitemap; the way below takes ten times as long
        return _read_iso(folded, zone_of(source))
    place = _first(folded, source)
    if place is None:
        return _read(folded, zone_of(source))
    if place.day is None:
        return None
    zone = _TOKYO if place.is_japanese else zone_of(source)
    stated = place.day.isoformat()
    clock = _CLOCK.match(folded, place.end)
    if clock is not None:
        hours = f"{clock['hour']}:{clock['minute'] or clock['minutes'] or '00'}:{clock['second'] or '00'}{clock['half'] or ''}"
        moment = _read(f"{stated} {hours} {clock['zone'] or ''}", zone) or _read(f"{stated} {hours}", zone)
        if moment is not None:
            return moment
    return _read(stated, zone)


def without_date(text: str, source: Source) -> str:
    """The text without a date that stands apart at its beginning or end, and without brackets and the like there."""
    folded = _folded(text)
    place = _first(folded, source)
    if place is not None:
        clock = _CLOCK.match(folded, place.end)
        before, after = text[: place.start], text[place.end if clock is None else clock.end() :]
        if not before.strip(_EDGES) and after[:1] in _EDGES:  # not 2026年4月3日に施行する政令
            return after.strip(_EDGES)
        if not after.strip(_EDGES) and before[-1:] in _EDGES:
            return before.strip(_EDGES)
    return text.strip(_EDGES)


def _folded(text: str) -> str:
    cut = text[:MAX_TEXT].translate(_HALF_WIDTH)
    return cut if len(text) <= MAX_TEXT else cut.rstrip("0123456789")  # the cut may not make the 1st of the 12th


def _first(text: str, source: Source) -> _Place | None:
    """The first thing in a text that has the shape of a date."""
    places = [place for place in _places(text, source) if place is not None]
    return min(places, key=lambda place: (place.start, -place.end), default=None)


def _places(text: str, source: Source) -> Iterator[_Place | None]:
    country = source.country
    is_placed = source.tz is not None or country in _OF_COUNTRY
    yield _place(_ERA, text, _era_day, lambda _: True)
    yield _place(_YEAR_FIRST, text, _plain_day, lambda found: "年" in found[0] and not is_placed)
    yield _place(_DAY_NAME, text, _named_day)
    yield _place(_NAME_DAY, text, _named_day)
    yield _place(_YEAR_LAST, text, lambda found: _turned_day(found, country))
    if country in (None, "JP"):
        yield _place(_ERA_LETTER, text, _era_day, lambda _: True)
    if country in ("JP", "KR", "CN"):
        yield _place(_SHORT_YEAR, text, lambda found: _plain_day(found, 2000))
    if country == "TW":
        yield _place(_REPUBLIC_DIGITS, text, lambda found: _plain_day(found, 1911))
    if country == "TW" or "民國" in text:
        yield _place(_REPUBLIC, text, lambda found: _plain_day(found, 1911))


def _place(
    pattern: re.Pattern[str],
    text: str,
    day_of: Callable[[re.Match[str]], date | None],
    is_japanese: Callable[[re.Match[str]], bool] = lambda _: False,
) -> _Place | None:
    for found in pattern.finditer(text):
        if "name" in pattern.groupindex and dates.month_of(found["name"]) is None:
            continue  # "page 3, 2026"
        weekday = _WEEKDAY.match(text, found.end())
        return _Place(found.start(), found.end() if weekday is None else weekday.end(), day_of(found), is_japanese(found))
    return None


def _plain_day(found: re.Match[str], epoch: int = 0) -> date | None:
    return dates.day_of(epoch + int(found["year"]), int(found["month"]), int(found["day"]))


def _named_day(found: re.Match[str]) -> date | None:
    return dates.day_of(int(found["year"]), dates.month_of(found["name"]) or 0, int(found["day"]))


def _era_day(found: re.Match[str]) -> date | None:
    year = dates.era_year(found["era"], found["year"])
    day = None if year is None else dates.day_of(year, int(found["month"]), int(found["day"]))
    return None if day is None or dates.is_before_era(found["era"], day) else day


def _turned_day(found: re.Match[str], country: str | None) -> date | None:
    """The day of 03/04/2026 and the like: by the calendar if only one reading is possible, else by the country."""
    year, first, second = int(found["year"]), int(found["first"]), int(found["second"])
    day_first, month_first = dates.day_of(year, second, first), dates.day_of(year, first, second)
    if day_first is None or month_first is None or day_first == month_first:
        return day_first or month_first
    if country == "US":
        return month_first
    return None if country in (None, "CA", "INT") and "." not in found[0] else day_first


def _read_iso(text: str, zone: tzinfo) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:  # 31 February
        return None
    if dates.day_of(found.year, found.month, found.day) is None:
        return None
    if len(text) == len("2026-04-03"):
        return found.replace(tzinfo=UTC)
    return (found if found.tzinfo is not None else found.replace(tzinfo=zone)).astimezone(UTC)


def _read(text: str, zone: tzinfo) -> datetime | None:
    """As dates.read_moment, but a time that names no zone is meant in `zone`, summer time and all."""
    found = dates.read_moment(text, zone=UTC)
    if found is None or found == dates.read_moment(text, zone=_FAR_EAST):
        return found  # the same moment wherever it is read: the text names its zone, or no time
    return found.replace(tzinfo=zone).astimezone(UTC)
