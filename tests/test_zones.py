"""Dates are read as their source means them, inside other words too; what is not surely a date is none."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from builders import a_source
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.errors import ConfigError
from monitor.sources.zones import MAX_TEXT, moment_of, without_date, zone_of

COUNTRIES = ["JP", "KR", "CN", "TW", "US", "CA", "GB", "DE", "EU", "AU", "INT", "XX", None]


def read(text: str, country: str | None = None, tz: str | None = None) -> str | None:
    moment = moment_of(text, a_source(country=country, tz=tz))
    return None if moment is None else moment.strftime("%Y-%m-%d %H:%M")


@pytest.mark.parametrize(
    ("country", "summer", "winter"),
    [
        ("JP", "2026-07-02 23:30", "2026-01-02 23:30"),
        ("KR", "2026-07-02 23:30", "2026-01-02 23:30"),
        ("CN", "2026-07-03 00:30", "2026-01-03 00:30"),
        ("IN", "2026-07-03 03:00", "2026-01-03 03:00"),
        ("AU", "2026-07-02 22:30", "2026-01-02 21:30"),
        ("GB", "2026-07-03 07:30", "2026-01-03 08:30"),
        ("DE", "2026-07-03 06:30", "2026-01-03 07:30"),
        ("EU", "2026-07-03 06:30", "2026-01-03 07:30"),
        ("US", "2026-07-03 12:30", "2026-01-03 13:30"),
        ("INT", "2026-07-03 08:30", "2026-01-03 08:30"),
        ("XX", "2026-07-03 08:30", "2026-01-03 08:30"),
        (None, "2026-07-03 08:30", "2026-01-03 08:30"),
    ],
)
def test_a_time_is_that_of_where_the_source_is(country: str | None, summer: str, winter: str) -> None:
    """Summer time counts, and a source of unknown place is read in UTC."""
    assert (read("2026-07-03 08:30", country), read("3 January 2026 08:30", country)) == (summer, winter)


@pytest.mark.parametrize(
    "text", ["2026-07-03", "3 July 2026", "2026年7月3日", "令和8年7月3日", "2026. 7. 3.", "20260703", "Date: 2026-07-03"]
)
@pytest.mark.parametrize("country", COUNTRIES)
def test_a_day_is_the_day_that_is_stated(text: str, country: str | None) -> None:
    """Without a time it is 00:00 UTC of that day, whoever states it and however, so that nothing shows the day before."""
    assert read(text, country) == "2026-07-03 00:00"


@pytest.mark.parametrize(("country", "expected"), [("JP", "2026-07-02 15:00"), ("US", "2026-07-03 04:00")])
def test_a_midnight_that_is_stated_is_a_time(country: str, expected: str) -> None:
    """Where an hour stands beside the day it is believed."""
    assert read("2026-07-03 00:00", country) == read("2026-07-03T00:00:00", country) == expected


def test_a_source_may_name_its_own_zone() -> None:
    """It wins over the country's: Hawaii is not Washington."""
    assert read("2026-07-03 08:00", "US", tz="Pacific/Honolulu") == "2026-07-03 18:00"


@pytest.mark.parametrize("tz", ["Asia/Edo", "../etc/passwd", "\0", ""])
def test_a_zone_that_does_not_exist_is_a_slip_in_the_configuration(tz: str) -> None:
    """The operator reads which source names it."""
    with pytest.raises(ConfigError) as caught:
        zone_of(a_source(id="meti", tz=tz))
    assert caught.value.subject == "meti"


@pytest.mark.parametrize(
    "text",
    [
        "2026-07-03T10:00:00+09:00",
        "2026-07-03T01:00:00Z",
        "Fri, 03 Jul 2026 01:00:00 GMT",
        "Published 3 July 2026 01:00 UTC",
        "July 2, 2026, 9:00 p.m. EDT",
        "July 2, 2026 9:00 PM EDT",
    ],
)
@pytest.mark.parametrize("country", COUNTRIES)
def test_a_zone_in_the_text_wins(text: str, country: str | None) -> None:
    """Such a moment is the same wherever it is read."""
    assert read(text, country) == "2026-07-03 01:00"


@pytest.mark.parametrize(
    ("text", "country"),
    [
        ("2026年4月3日 更新", "JP"),
        ("更新日：２０２６年４月３日", "JP"),
        ("令和８年４月３日（金）", "JP"),
        ("令和８年４月３日（金）", None),
        ("R8.4.3", "JP"),
        ("Ｒ８．４．３", "JP"),
        ("[2026.04.03]", "JP"),
        ("26/04/03", "JP"),
        ("2026年（令和8年）4月3日", "JP"),
        ("令和8年（2026年）4月3日", "JP"),
        ("2026. 4. 3.(금)", "KR"),
        ("등록일 2026년 4월 3일", "KR"),
        ("2026年4月3日", None),
    ],
)
def test_a_day_in_japan_or_korea_is_found_among_other_words(text: str, country: str | None) -> None:
    """Eras, full width, weekdays and short years are read, and 年 without a country is likeliest Japanese."""
    assert read(text, country) == "2026-04-03 00:00"


@pytest.mark.parametrize(
    ("text", "country", "expected"),
    [
        ("发布时间：2026-04-03 09:30", "CN", "2026-04-03 01:30"),
        ("2026年04月03日 09时30分", "CN", "2026-04-03 01:30"),
        ("（2026年4月3日）", "CN", "2026-04-03 00:00"),
        ("115-04-03", "TW", "2026-04-03 00:00"),
        ("115年4月3日", "TW", "2026-04-03 00:00"),
        ("中華民國115年4月3日", None, "2026-04-03 00:00"),
        ("2026年4月3日 15時30分", "JP", "2026-04-03 06:30"),
        ("Posted: April 3, 2026", "US", "2026-04-03 00:00"),
        ("Apr. 3, 2026 | Press release", "US", "2026-04-03 00:00"),
        ("April 3, 2026 3:30 PM", "US", "2026-04-03 19:30"),
        ("Friday 3rd April 2026", "GB", "2026-04-03 00:00"),
        ("3. April 2026, 10:00 Uhr", "DE", "2026-04-03 08:00"),
        ("Publié le 1er avril 2026", "FR", "2026-04-01 00:00"),
        ("3 de abril de 2026", "ES", "2026-04-03 00:00"),
        ("03.04.2026", "DE", "2026-04-03 00:00"),
        ("20260403", "CN", "2026-04-03 00:00"),
        ("April 3, 2026 5: Notice", "US", "2026-04-03 00:00"),
        ("2026.4.3～2026.5.1", "JP", "2026-04-03 00:00"),
    ],
)
def test_a_date_is_found_in_the_way_of_its_country(text: str, country: str | None, expected: str) -> None:
    """With the hour, if one stands behind it; of two dates the first."""
    assert read(text, country) == expected


@pytest.mark.parametrize(
    ("text", "country", "expected"),
    [
        ("03/04/2026", "US", "2026-03-04 00:00"),
        ("03/04/2026", "GB", "2026-04-03 00:00"),
        ("03/04/2026", "CA", None),
        ("03/04/2026", "INT", None),
        ("03/04/2026", None, None),
        ("13/04/2026", None, "2026-04-13 00:00"),
        ("04/13/2026", None, "2026-04-13 00:00"),
        ("04/13/2026", "GB", "2026-04-13 00:00"),
        ("04/04/2026", None, "2026-04-04 00:00"),
        ("13/14/2026", "US", None),
        ("26/04/03", "US", None),
        ("26/04/03", None, None),
    ],
)
def test_figures_alone_are_a_date_only_if_day_and_month_are_sure(text: str, country: str | None, expected: str | None) -> None:
    """The calendar decides if it can, else the country, else nobody."""
    assert read(text, country) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "新着",
        "昨日",
        "3 days ago",
        "2026年2月31日",
        "2026-02-31",
        "令和99年1月1日",
        "令和元年4月30日",
        "平成32年1月1日",
        "31 April 2026",
        "page 3, 2026",
        "version 1.2026.4.3.5",
        "2026-04-0312",
        "4月3日",
        "July 3-5, 2026",
        "9999-01-01",
        "x" * MAX_TEXT + "2026-04-03",
    ],
)
@pytest.mark.parametrize("country", ["JP", "US", None])
def test_what_is_not_surely_a_date_is_none(text: str, country: str | None) -> None:
    """Impossible days, half dates and numbers that look like one are not guessed at."""
    assert read(text, country) is None


def test_an_impossible_hour_leaves_the_day() -> None:
    """The day is sure, the hour is not."""
    assert read("2026-04-03T25:00:00", "JP") == "2026-04-03 00:00"


def test_an_impossible_first_date_is_not_replaced_by_a_later_one() -> None:
    """The later one may be a deadline."""
    assert read("2026年2月31日（意見募集の締切は2026年5月1日）", "JP") is None


def test_a_cut_text_never_shortens_a_day() -> None:
    """A date at the end of what is looked at is whole or none."""
    text = "x" * (MAX_TEXT - 9) + " 2026-04-12"
    assert read(text, "US") is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026年4月3日 関税告示の改正", "関税告示の改正"),
        ("［2026.04.03］関税告示の改正", "関税告示の改正"),
        ("関税告示の改正（令和8年4月3日）", "関税告示の改正"),
        ("令和8年4月3日（金） 10時00分　関税告示の改正", "関税告示の改正"),
        ("2026年4月3日に施行する政令", "2026年4月3日に施行する政令"),
        ("政令（2026年4月3日公布）の解説", "政令（2026年4月3日公布）の解説"),
        ("関税告示の改正", "関税告示の改正"),
        ("2026-04-03", ""),
        ("", ""),
    ],
)
def test_a_date_that_stands_apart_is_taken_off_a_text(text: str, expected: str) -> None:
    """A date that the words need stays."""
    assert without_date(text, a_source(country="JP")) == expected


@given(st.datetimes(datetime(1950, 1, 1), datetime(2099, 12, 31)), st.sampled_from(COUNTRIES))
@settings(max_examples=200, deadline=None)
def test_a_written_minute_is_read_back(moment: datetime, country: str | None) -> None:
    """Whatever the country, its local time is told in UTC."""
    source = a_source(country=country)
    minute = moment.replace(second=0, microsecond=0)
    stated = moment_of(f"on {minute:%Y-%m-%d %H:%M}", source)
    assert stated == minute.replace(tzinfo=zone_of(source)).astimezone(UTC)
    assert stated is not None
    assert stated.utcoffset() == timedelta(0)


@given(
    st.text(alphabet="0123456789年月日令和RH./-: Tapr,()（）２民國ZJMay\0", max_size=40) | st.text(max_size=40),
    st.sampled_from(COUNTRIES),
)
@settings(max_examples=400, deadline=None)
def test_any_text_is_a_moment_or_none(text: str, country: str | None) -> None:
    """No text makes an error, and a moment is always aware UTC in a sane century."""
    source = a_source(country=country)
    without_date(text, source)
    moment = moment_of(text, source)
    assert moment is None or (moment.utcoffset() == timedelta(0) and 1867 <= moment.year <= 2101)
