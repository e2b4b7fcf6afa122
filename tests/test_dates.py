"""Dates as feeds and official texts write them, and what is not surely a date."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from email.utils import format_datetime

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from monitor import dates
from monitor.dates import JST, day_in, day_of, era_year, is_future, month_of, read_moment

NOVEMBER_3 = datetime(2025, 11, 3, tzinfo=UTC)
MORNING = datetime(2025, 11, 3, 10, 15, tzinfo=UTC)
ZONES = st.integers(-14 * 4, 14 * 4).map(lambda quarters: timezone(timedelta(minutes=15 * quarters)))
MOMENTS = st.datetimes(datetime(1868, 1, 2), datetime(2100, 12, 30), timezones=ZONES).map(
    lambda each: each.replace(microsecond=0)
)
DAYS = st.dates(date(1868, 1, 1), date(2100, 12, 31))


@pytest.mark.parametrize(
    "text",
    [
        "Mon, 03 Nov 2025 10:15:00 GMT",
        "Mon, 03 Nov 2025 05:15:00 EST",
        "3 Nov 2025 10:15 +0000",
        "Monday, 03-Nov-25 10:15:00 GMT",
        "Mon Nov  3 10:15:00 2025",
        "Mon Nov  3 19:15:00 JST 2025",
        "2025-11-03T10:15:00Z",
        "2025-11-03t10:15:00.250z",
        "2025-11-03T19:15:00+09:00",
        "20251103T101500Z",
        "2025年11月3日 19時15分",
        "２０２５年１１月３日　１９時１５分",
        "令和7年11月3日 19時15分00秒",
        "November 3, 2025 at 5:15 a.m. EST",
        "Nov. 3, 2025, 10:15 am",
        "03.11.2025, 11:15 MEZ",
        "  2025-11-03T10:15:00Z\n",
        "Mon, 03 Nov 2025 10:15:00 +0000 (UTC)",
    ],
)
def test_one_moment_in_many_writings_is_one_moment(text: str) -> None:
    """RFC 822, ISO 8601, asctime, Japanese and English prose: the same instant in UTC."""
    assert read_moment(text) == MORNING


@pytest.mark.parametrize(
    "text",
    [
        "2025-11-03",
        "2025.11.3.",
        "2025. 11. 3.",
        "20251103",
        "03.11.2025",
        "November 3rd, 2025",
        "3. November 2025",
        "3 de noviembre de 2025",
        "3 Nov 2025",
    ],
)
def test_a_day_without_a_time_is_that_day_in_utc(text: str) -> None:
    """Wherever it is stated: read as midnight in Tokyo it would be shown as the day before."""
    assert read_moment(text) == NOVEMBER_3
    assert read_moment(text, zone=JST) == NOVEMBER_3
    assert read_moment(text, zone=timezone(timedelta(hours=-5))) == NOVEMBER_3


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("令和元年5月1日", date(2019, 5, 1)),
        ("R7.11.3", date(2025, 11, 3)),
        ("平成31年4月30日", date(2019, 4, 30)),
        ("昭和64年1月7日", date(1989, 1, 7)),
        ("S63/12/31", date(1988, 12, 31)),
    ],
)
def test_a_japanese_day_is_that_day_in_utc(text: str, day: date) -> None:
    """Eras and 年月日 as any other form, whatever the caller's zone."""
    assert read_moment(text, zone=timezone(timedelta(hours=-5))) == datetime(day.year, day.month, day.day, tzinfo=UTC)


@pytest.mark.parametrize("text", ["令和7年11月3日 0時00分", "2025年11月3日 00:00"])
def test_a_japanese_time_is_a_time_in_japan(text: str) -> None:
    """Eras and 年月日 with a time and without a zone are JST, at midnight, too."""
    assert read_moment(text, zone=timezone(timedelta(hours=-5))) == NOVEMBER_3.replace(tzinfo=JST)


@pytest.mark.parametrize(
    ("moment", "now", "expected"),
    [
        ("2025-11-03T00:00:00Z", "2025-11-02T23:00:00Z", False),  # eight in the morning in Tokyo
        ("2025-11-03T00:00:00Z", "2025-11-02T10:00:00Z", False),  # it begins on Kiritimati
        ("2025-11-03T00:00:00Z", "2025-11-02T09:59:59Z", True),
        ("2025-11-03T00:00:01Z", "2025-11-03T00:00:00Z", True),
        ("2025-11-03T00:00:01Z", "2025-11-03T00:00:01Z", False),
    ],
)
def test_a_day_has_come_as_soon_as_it_has_anywhere(moment: str, now: str, expected: bool) -> None:
    """A stated time is in the future by the second, a stated day only where no place on earth has it yet."""
    assert is_future(datetime.fromisoformat(moment), datetime.fromisoformat(now)) is expected


@given(DAYS, ZONES)
def test_a_stated_day_is_that_day_in_every_zone(day: date, zone: timezone) -> None:
    """And a time is of the day that it is there."""
    stated = datetime(day.year, day.month, day.day, tzinfo=UTC)
    assert day_in(stated, zone) == day
    assert day_in(stated + timedelta(hours=12, seconds=1), JST) == day
    assert day_in(stated + timedelta(hours=15, seconds=1), JST) == day + timedelta(days=1)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "tomorrow",
        "2025-11",
        "Nov 2025",
        "11/03/2025",
        "2025-13-01",
        "2025-11-03T24:01:00Z",
        "2025-11-03T10:60:00Z",
        "2025-11-03T10:15:00+19:00",
        "2025-11-03T10:15:00+05:75",
        "Mon, 03 Nov 2025 10:15:00 XYZ",
        "0025-11-03",
        "令和99年1月1日",
        "令和0年1月1日",
        "令和元年4月30日",
        "from 2025-11-03 to 2025-11-07",
        "締切 2025年11月3日",
    ],
)
def test_what_is_not_surely_a_date_is_none(text: str) -> None:
    """Half dates, ambiguous orders, impossible times and dates within a sentence are no guess."""
    assert read_moment(text) is None


@pytest.mark.parametrize("text", ["2025-02-29", "30 Feb 2024", "2025年4月31日", "令和7年2月29日", "31.06.2025", "1900-02-29"])
def test_a_date_that_the_calendar_lacks_is_none(text: str) -> None:
    """A day is never moved to the next that there is."""
    assert read_moment(text) is None


def test_a_leap_day_is_a_day() -> None:
    """The calendar has 29 February in leap years."""
    assert read_moment("2024-02-29") == datetime(2024, 2, 29, tzinfo=UTC)


@pytest.mark.parametrize(("text", "year"), [("03 Nov 25", 2025), ("03 Nov 49", 2049), ("03 Nov 94", 1994), ("03 Nov 50", 1950)])
def test_a_year_of_two_digits_is_in_the_century_of_the_mail_standard(text: str, year: int) -> None:
    """00 to 49 is 2000 and on, 50 to 99 is 1900 and on (RFC 5322 section 4.3)."""
    assert read_moment(text) == datetime(year, 11, 3, tzinfo=UTC)


@pytest.mark.parametrize(
    ("time", "hour", "minute"),
    [("12:30 am", 0, 30), ("12:30 pm", 12, 30), ("1:05 p.m.", 13, 5), ("11:59 PM", 23, 59), ("00:00", 0, 0), ("9:05", 9, 5)],
)
def test_halves_of_the_day_are_counted_from_noon(time: str, hour: int, minute: int) -> None:
    """12 am is midnight and 12 pm is noon."""
    assert read_moment(f"2025-11-03 {time}") == datetime(2025, 11, 3, hour, minute, tzinfo=UTC)


def test_the_ends_of_the_clock_are_kept() -> None:
    """24:00 is the next midnight (ISO 8601), and a leap second is the last second that there is."""
    assert read_moment("2025-11-03T24:00:00Z") == datetime(2025, 11, 4, tzinfo=UTC)
    assert read_moment("2016-12-31T23:59:60Z") == datetime(2016, 12, 31, 23, 59, 59, tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "minutes"),
    [
        ("EDT", -240),
        ("PST", -480),
        ("CET", 60),
        ("CEST", 120),
        ("KST", 540),
        ("IST", 330),
        ("+0530", 330),
        ("-03:30", -210),
        ("UTC+9", 540),
    ],
)
def test_a_stated_zone_wins_over_the_callers(zone: str, minutes: int) -> None:
    """The zone in the text is the one that counts."""
    assert read_moment(f"3 Nov 2025 10:15 {zone}", zone=JST) == MORNING - timedelta(minutes=minutes)


@settings(deadline=None)
@given(MOMENTS)
def test_a_written_moment_is_read_back(moment: datetime) -> None:
    """What the standard library writes as ISO 8601 or RFC 822 comes back as the same instant, in UTC."""
    assert read_moment(moment.isoformat()) == moment
    assert read_moment(format_datetime(moment)) == moment


@settings(deadline=None)
@given(DAYS)
def test_a_japanese_day_is_read_back(day: date) -> None:
    """Each day of the calendar in 年月日 is that day."""
    assert read_moment(f"{day.year}年{day.month}月{day.day}日") == datetime(day.year, day.month, day.day, tzinfo=UTC)


@settings(deadline=None)
@given(st.one_of(st.text(), st.text(alphabet="0123456789-/.: 年月日時令和元RTZ+novpm,()", max_size=40)))
def test_reading_never_raises_and_gives_utc(text: str) -> None:
    """Whatever a feed puts there is a moment in UTC or none."""
    found = read_moment(text)
    assert found is None or found.tzinfo is UTC


@settings(deadline=None)
@given(st.integers(1800, 2200), st.integers(), st.integers())
@example(2025, 10**20, 1)
def test_a_day_is_within_its_years_or_none(year: int, month: int, day: int) -> None:
    """Any three numbers are a day of 1868-2100 or none."""
    found = day_of(year, month, day)
    assert found is None or (1868 <= found.year <= 2100 and (found.year, found.month, found.day) == (year, month, day))


@pytest.mark.parametrize(
    ("year", "month", "day", "is_day"),
    [
        (1867, 12, 31, False),
        (1868, 1, 1, True),
        (2100, 12, 31, True),
        (2101, 1, 1, False),
        (2024, 2, 29, True),
        (2025, 2, 29, False),
    ],
)
def test_the_years_have_ends(year: int, month: int, day: int, is_day: bool) -> None:
    """The first and the last year count, and leap days only in leap years."""
    assert day_of(year, month, day) == (date(year, month, day) if is_day else None)


@pytest.mark.parametrize(
    ("era", "number", "expected"),
    [
        ("令和", "元", 2019),
        ("令和", "7", 2025),
        ("R", "7", 2025),
        ("平成", "31", 2019),
        ("昭和", "64", 1989),
        ("大正", "15", 1926),
        ("明治", "45", 1912),
        ("M", "1", 1868),
    ],
)
def test_an_era_counts_from_its_first_year(era: str, number: str, expected: int) -> None:
    """The first year is 元 or 1, and eras have letters, too."""
    assert era_year(era, number) == expected


@pytest.mark.parametrize(
    "year", ["平成 32", "昭和 65", "大正 16", "明治 46", "令和 0", "令和 -1", "令和 七", "令和 ", "慶応 3", "X 3"]
)
def test_a_year_that_no_era_had_is_none(year: str) -> None:
    """Each era ends with its last year; others are unknown."""
    assert era_year(*year.split(" ")) is None


@settings(deadline=None)
@given(st.text(max_size=3), st.text(max_size=5))
@example("令和", "②")
@example("令和", "²")
def test_an_era_year_never_raises(era: str, number: str) -> None:
    """Any two texts, digits in a circle too, are a year since 1868 or none."""
    found = era_year(era, number)
    assert found is None or 1868 <= found <= 2100


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("September", 9),
        ("Sept.", 9),
        ("MÄRZ", 3),
        ("août", 8),
        ("Dez", 12),
        ("gennaio", 1),
        ("fevereiro", 2),
        ("Maio", 5),
        ("Brumaire", None),
        ("Septem", None),
        ("", None),
    ],
)
def test_a_month_is_known_by_its_names_only(name: str, expected: int | None) -> None:
    """Names and usual abbreviations in six languages, in any case; nothing is completed."""
    assert month_of(name) == expected


@given(
    st.tuples(*(st.integers(0, top) for top in (2101, 13, 32, 25, 60, 61))),
    st.sampled_from(["Z", "+09:00", "-05:30", "+14:00", "+14:30", "+09:60", "+0900", "GMT", "-1400"]),
    st.sampled_from(["Jan", "Feb", "Mai", "Xyz", "Dec"]),
)
def test_the_quick_way_reads_nothing_else_than_the_thorough_one(parts: tuple[int, ...], zone: str, month: str) -> None:
    """Nearly all feeds write one of two forms, which have a way of their own; what it gives, the patterns give, too."""
    year, number, day, hour, minute, second = parts
    for text in (
        f"{year:04}-{number:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{zone}",
        f"Mon, {day} {month} {year:04} {hour:02}:{minute:02}:{second:02} {zone}",
    ):
        quick = dates._usual(text)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(dates, "_usual", lambda _: None)
            assert quick is None or quick == dates.read_moment(text)
