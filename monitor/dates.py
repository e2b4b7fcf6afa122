"""Reads dates as feeds and official texts write them: RFC 822, ISO 8601, Japanese eras, full width, dotted, month names. And writes a
moment in the one form that files and programs get.

Strict: what is not surely a date is None, never a guess (feedparser reads 2025年11月3日 as the 1st). Pure; never raises.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo

JST = timezone(timedelta(hours=9))
EAST, WEST = timedelta(hours=14), timedelta(hours=12)
"""A day begins so long before its midnight in UTC in the farthest east (UTC+14), and so long after it in the farthest west (UTC-12)."""

_ERAS = {"明治": (1868, 45), "大正": (1912, 15), "昭和": (1926, 64), "平成": (1989, 31), "令和": (2019, 40)}
"""Era: first year (Gregorian) and its number of years; the running era is given 40 so that nonsense such as 令和99年 is none."""
_REIWA = date(2019, 5, 1)
_ERA_LETTERS = {"M": "明治", "T": "大正", "S": "昭和", "H": "平成", "R": "令和"}

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "jan january januar januari janvier enero ene gennaio gen janeiro",
            "feb february februar februari février fevrier fév febrero febbraio fevereiro fev",
            "mar march märz maerz mär mars marzo março marco maart mrt",
            "apr april avril avr abril abr aprile",
            "may mai mayo maggio mag maio mei maj",
            "jun june juni juin junio giugno giu junho",
            "jul july juli juillet juil julio luglio lug julho",
            "aug august août aout agosto ago augustus augusti",
            "sep sept september septembre septiembre settembre set setembro",
            "oct october oktober okt octobre octubre ottobre ott outubro out",
            "nov november novembre noviembre novembro",
            "dec december dezember dez décembre decembre déc diciembre dic dicembre dezembro",
        ),
        start=1,
    )
    for name in names.split()
}
_ZONES = {
    name: hours
    for hours, names in {
        0: "UT GMT UTC Z WET",
        1: "CET BST MEZ WEST",
        2: "CEST EET MESZ SAST",
        3: "MSK EEST",
        5.5: "IST",
        8: "HKT SGT AWST",
        9: "JST KST",
        10: "AEST",
        11: "AEDT",
        12: "NZST",
        13: "NZDT",
        -3: "ADT",
        -4: "EDT AST",
        -5: "EST CDT",
        -6: "CST MDT",
        -7: "MST PDT",
        -8: "PST AKDT",
        -9: "AKST",
        -10: "HST",
    }.items()
    for name in names.split()
}
"""Hours east of UTC of the zone names seen in feeds. Source: RFC 822 section 5.1 and common use; CST is read as US Central."""

_FIRST_YEAR, _LAST_YEAR = 1868, 2100
_ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:Z|[+-]\d\d:[0-5]\d)", re.ASCII)
_RFC = re.compile(
    r"(?:[A-Z][a-z]{2}, )?(\d{1,2}) ([A-Z][a-z]{2}) (\d{4}) (\d\d):(\d\d):(\d\d) (?:GMT|([+-])(\d\d)([0-5]\d))", re.ASCII
)
"""RFC 3339, section 5.6, and RFC 822, section 5, as they are usually written; the other forms are below."""
_TIME = r"(?P<hour>\d{1,2}):(?P<minute>\d{1,2})(?::(?P<second>\d{1,2}))?(?:[.,]\d+)?\s*(?P<half>[ap]\.?m\.?)?"
_ZONE = r"(?P<zone>(?:GMT|UTC)?\s?[+-]\d{1,2}:?(?:\d{2})?|[A-Z]{1,5})?(?:\s*\([^)]*\))?"
_TAIL = rf"(?:[\s,T-]+(?:at\s+)?{_TIME}\s*{_ZONE})?\s*$"
_FORMS = tuple(
    re.compile(form, re.IGNORECASE)
    for form in (
        rf"(?P<year>\d{{4}})-(?P<month>\d{{1,2}})-(?P<day>\d{{1,2}}){_TAIL}",
        rf"(?P<year>\d{{4}})[/.]\s?(?P<month>\d{{1,2}})[/.]\s?(?P<day>\d{{1,2}})\.?{_TAIL}",
        r"(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})(?:T(?P<hour>\d{2})(?P<minute>\d{2})(?P<second>\d{2})"
        r"(?P<half>)(?P<zone>Z|[+-]\d{4})?)?\s*$",
        rf"(?:[^\W\d]+\.?,?\s*)?(?P<day>\d{{1,2}})(?:st|nd|rd|th|er)?[\s.-]+(?:de\s+)?(?P<name>[^\W\d]{{3,10}})\.?[\s,.-]+"
        rf"(?:de\s+)?(?P<year>\d{{4}}|\d{{2}}){_TAIL}",
        rf"(?:[^\W\d]+\.?,?\s+)?(?P<name>[^\W\d]{{3,10}})\.?\s+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?,?\s+(?P<year>\d{{4}}){_TAIL}",
        rf"(?:[^\W\d]+\.?,?\s+)?(?P<name>[^\W\d]{{3,10}})\s+(?P<day>\d{{1,2}})\s+{_TIME}\s+(?P<zone>[A-Z]{{3,5}})?\s*"
        r"(?P<year>\d{4})\s*$",
        rf"(?P<day>\d{{1,2}})\.(?P<month>\d{{1,2}})\.(?P<year>\d{{4}}){_TAIL}",
        r"(?:(?P<era>明治|大正|昭和|平成|令和|[MTSHR])\s?(?P<eranum>\d{1,2}|元)|(?P<year>\d{4}))\s?[年./]\s?(?P<month>\d{1,2})"
        r"\s?[月./]\s?(?P<day>\d{1,2})\s?日?(?:\s?\([^)]*\))?(?:\s*(?P<hour>\d{1,2})[時时:](?P<minute>\d{1,2})"
        r"?(?:[分:](?P<second>\d{1,2})?秒?)?)?(?P<half>)\s*(?P<zone>JST|[+-]\d{4})?\s*$",
    )
)


_DIGITS = {character: value for value, character in enumerate("〇一二三四五六七八九")}
_UNITS = {"十": 10, "百": 100, "千": 1000}


def read_moment(text: str, *, zone: timezone = UTC) -> datetime | None:
    """The moment that a feed's date string means, aware UTC; None if it is not surely one.

    A day without a time is 00:00 UTC of that day wherever it is stated, so that everything that shows it shows the day that was stated.

    Args:
        zone: what a time without a zone is in; Japanese forms without one are JST.
    """
    usual = _usual(text)
    if usual is not None:
        return usual
    # Long strings are no dates; the cap also bounds the time of the patterns.
    folded = unicodedata.normalize("NFKC", text[:120]).strip()
    for form in _FORMS:
        match = form.match(folded)
        if match is None:
            continue
        parts = match.groupdict()
        day = _day_of(parts)
        if day is None:
            continue
        own_zone = JST if parts.get("era") or "年" in folded else zone
        found = _moment_of(day, parts, own_zone)
        if found is not None:
            return found
    return None


def _usual(text: str) -> datetime | None:
    """The moment of a date as nearly all feeds write it, with its zone; None if it is written, or meant, in any other way."""
    try:
        if _ISO.fullmatch(text):
            found = datetime.fromisoformat(text)
        elif (match := _RFC.fullmatch(text)) is not None:
            day, name, year, hour, minute, second, sign, hours, minutes = match.groups()
            offset = timedelta(hours=int(hours), minutes=int(minutes)) if sign else timedelta()
            zone = timezone(-offset if sign == "-" else offset) if sign else UTC
            month = _MONTHS[name.lower()]
            found = datetime(int(year), month, int(day), int(hour), int(minute), int(second), tzinfo=zone)
        else:
            return None
    except (ValueError, KeyError):  # 30 February, 24:00, a month of another language
        return None
    is_plausible = _FIRST_YEAR <= found.year <= _LAST_YEAR and abs(found.utcoffset() or timedelta()) <= timedelta(hours=14)
    return found.astimezone(UTC) if is_plausible else None


def is_day(moment: datetime) -> bool:
    """True if a moment is what stands for a day that was stated without a time: midnight in UTC."""
    return moment.astimezone(UTC).timetz() == time(tzinfo=UTC)


def is_future(moment: datetime, now: datetime) -> bool:
    """True if nothing can have been published then. A day has come as soon as it has anywhere: in Japan it begins at 15:00 UTC before."""
    return moment > (now + EAST if is_day(moment) else now)


def day_in(moment: datetime, zone: tzinfo) -> date:
    """The day of a moment in a zone; a day that was stated without a time is that day everywhere."""
    return (moment if is_day(moment) else moment.astimezone(zone)).date()


def day_of(year: int, month: int, day: int) -> date | None:
    """That day if the calendar has it and the year is within 1868-2100, else None."""
    if not _FIRST_YEAR <= year <= _LAST_YEAR:
        return None
    try:
        return date(year, month, day)
    except (ValueError, OverflowError):
        return None


def kanji_number(text: str) -> int:
    """Value of a number in kanji or digits, 元 being 1; positional kanji (二〇二六) are read digit by digit."""
    if text == "元":
        return 1
    if text.isascii() and text.isdigit():
        return int(text[:9])
    if not any(character in _UNITS for character in text):
        digits = "".join(str(_DIGITS.get(character, "")) for character in text)
        return int(digits[:9] or 0)
    total = current = 0
    for character in text:
        if character in _UNITS:
            total += (current or 1) * _UNITS[character]
            current = 0
        else:
            current = _DIGITS.get(character, 0)
    return total + current


def era_year(era: str, number: str) -> int | None:
    """Gregorian year of a Japanese era year such as 令和 7 or R 元; None if the era is unknown or never had that year."""
    first, length = _ERAS.get(_ERA_LETTERS.get(era.upper(), era), (0, 0))
    count = 1 if number == "元" else int(number) if number.isascii() and number.isdigit() else 0
    return first + count - 1 if 1 <= count <= length else None


def is_before_era(era: str, day: date) -> bool:
    """True if a day of 令和 lies before the era began, which nobody writes."""
    return _ERA_LETTERS.get(era.upper(), era) == "令和" and day < _REIWA


def month_of(name: str) -> int | None:
    """Number of a month's name or abbreviation in English, German, French, Spanish, Italian or Portuguese; None if unknown."""
    return _MONTHS.get(name.casefold().rstrip("."))


def _day_of(parts: dict[str, str | None]) -> date | None:
    if parts.get("era"):
        year = era_year(parts["era"] or "", parts["eranum"] or "")
    else:
        digits = parts["year"] or ""
        year = int(digits)
        if len(digits) == 2:  # RFC 2822 section 4.3
            year += 2000 if year < 50 else 1900
    month = month_of(parts["name"] or "") if parts.get("name") else int(parts["month"] or 0)
    if year is None or month is None:
        return None
    day = day_of(year, month, int(parts["day"] or 0))
    return None if day is not None and parts.get("era") and is_before_era(parts["era"] or "", day) else day


def _moment_of(day: date, parts: dict[str, str | None], zone: timezone) -> datetime | None:
    hour, minute, second = (int(parts.get(name) or 0) for name in ("hour", "minute", "second"))
    half = (parts.get("half") or "").casefold().replace(".", "")
    if half and 1 <= hour <= 12:
        hour = hour % 12 + (12 if half == "pm" else 0)
    offset = _offset(parts.get("zone"), zone)
    if offset is None or hour > 24 or minute > 59 or second > 60 or (hour == 24 and (minute or second)):
        return None
    start = datetime(day.year, day.month, day.day, tzinfo=UTC)
    if not parts.get("hour"):
        return start
    return start + timedelta(hours=hour, minutes=minute, seconds=min(second, 59)) - offset


def _offset(name: str | None, default: timezone) -> timedelta | None:
    if not name or not name.strip():
        return default.utcoffset(None)
    folded = name.upper().replace(" ", "")
    match = re.fullmatch(r"(?:GMT|UTC)?([+-])(\d{1,2}):?(\d{2})?", folded)
    if match is not None:
        offset = timedelta(hours=int(match[2]), minutes=int(match[3] or 0))
        if offset > timedelta(hours=14) or int(match[3] or 0) > 59:
            return None
        return offset if match[1] == "+" else -offset
    hours = _ZONES.get(folded)
    return None if hours is None else timedelta(hours=hours)


def stamp(moment: datetime) -> str:
    """An aware moment for a file or a program: ISO 8601 in UTC, to the second, 2026-05-01T08:00:00Z."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
