"""The rhythm of sources: what is learned from their times, and when they are asked again."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.rhythm import HALF_LIFE, Rhythm, expected, learn, read, wait, written

TOKYO = ZoneInfo("Asia/Tokyo")
NEW_YORK = ZoneInfo("America/New_York")
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
MONDAY = datetime(2026, 2, 9, tzinfo=TOKYO)

moments = st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))
zones = st.sampled_from(["Asia/Tokyo", "America/New_York", "Europe/Brussels", "Asia/Kolkata", "Australia/Lord_Howe", "UTC"]).map(
    ZoneInfo
)


def asked(rhythm: Rhythm | None, now: datetime, zone: ZoneInfo = TOKYO, **kept: timedelta) -> timedelta:
    """The wait with the settings of the product, but for those given."""
    bounds = {"shortest": 10 * MINUTE, "longest": DAY, "usual": 15 * MINUTE}
    return wait(rhythm, now=now, zone=zone, **{**bounds, **kept})


def seen(published: Sequence[datetime], now: datetime = MONDAY, zone: ZoneInfo = TOKYO) -> Rhythm:
    """What the first fetch teaches."""
    return learn(None, published, since=None, now=now, zone=zone, entries=len(published))


def followed(
    rhythm: Rhythm | None, published: Sequence[datetime], since: datetime, until: datetime, zone: ZoneInfo = TOKYO
) -> Rhythm:
    """What is known after reading the source every hour."""
    before = since
    while before < until:
        now = before + HOUR
        news = [each for each in published if before < each <= now]
        rhythm = learn(rhythm, news, since=before, now=now, zone=zone, entries=20)
        before = now
    assert rhythm is not None
    return rhythm


def office_days(until: datetime, hours: Sequence[float], weeks: int = 8, days: Sequence[int] = range(5)) -> list[datetime]:
    """Moments at these local hours of the weekdays before `until`, itself a local midnight."""
    return [
        day + timedelta(hours=hour)
        for day in (until - number * DAY for number in range(1, 7 * weeks + 1))
        if day.weekday() in days
        for hour in hours
    ]


OFFICE = seen(office_days(MONDAY, [9.2, 10.4, 11.3, 13.6, 14.1, 15.7, 16.5, 17.4]))
FILING = seen(office_days(MONDAY.replace(tzinfo=NEW_YORK), [8.75]), MONDAY.replace(tzinfo=NEW_YORK), NEW_YORK)


def polls(rhythm: Rhythm, since: datetime, until: datetime, zone: ZoneInfo = TOKYO) -> list[datetime]:
    """When a source is read that shows nothing new, with what is known at the beginning."""
    found, now = [], since
    while (now := now + asked(rhythm, now, zone)) < until:
        found.append(now)
    return found


# --- bounds -----------------------------------------------------------------------------------------------------------------------


def test_a_source_unknown_waits_the_usual_time() -> None:
    """Nothing is known before the first fetch; the bounds hold all the same."""
    assert asked(None, MONDAY) == 15 * MINUTE
    assert asked(None, MONDAY, usual=MINUTE) == 10 * MINUTE
    assert asked(None, MONDAY, usual=3 * DAY) == DAY


@given(
    st.lists(moments, max_size=40),
    moments,
    zones,
    st.timedeltas(timedelta(seconds=1), DAY),
    st.timedeltas(timedelta(0), timedelta(days=30)),
    st.timedeltas(timedelta(seconds=1), timedelta(days=7)),
    st.timedeltas(timedelta(0), timedelta(days=400)),
)
@settings(deadline=None)
def test_the_wait_is_within_its_bounds(
    published: list[datetime],
    now: datetime,
    zone: ZoneInfo,
    shortest: timedelta,
    more: timedelta,
    usual: timedelta,
    later: timedelta,
) -> None:
    """Whatever a source says of its times, and whenever it is asked next: never sooner than polite, never starved."""
    rhythm = learn(seen(published, now, zone), published, since=now - DAY, now=now, zone=zone, entries=5)
    longest = shortest + more
    assert shortest <= wait(rhythm, now=now + later, zone=zone, shortest=shortest, longest=longest, usual=usual) <= longest


@given(st.lists(moments, max_size=30), moments, moments, zones)
@settings(deadline=None)
def test_a_clock_that_jumps_ruins_nothing(published: list[datetime], one: datetime, other: datetime, zone: ZoneInfo) -> None:
    """Decades ahead or back: rates stay above nought and finite, and there is a wait."""
    rhythm = learn(seen(published, one, zone), published, since=one, now=other, zone=zone, entries=0)
    rhythm = learn(rhythm, published, since=other, now=one, zone=zone, entries=0)
    assert all(0 < rate < math.inf for rate in rhythm.rates)
    assert 10 * MINUTE <= asked(rhythm, one, zone) <= DAY


def test_a_clock_that_ran_ahead_and_was_put_right_is_learned_from_again() -> None:
    """A year ahead for an hour: what is published afterwards is counted."""
    ahead = MONDAY + 365 * DAY
    rhythm = learn(OFFICE, [], since=ahead - HOUR, now=ahead, zone=TOKYO, entries=20)
    again = followed(
        rhythm, [day + timedelta(hours=3) for day in (MONDAY + n * DAY for n in range(14))], MONDAY, MONDAY + 14 * DAY
    )
    assert again.rates[3] > 10 * again.rates[5]


# --- what is learned ----------------------------------------------------------------------------------------------------------------


def test_the_first_document_teaches_the_office_hours() -> None:
    """The dates of the backlog are enough: by day every quarter of an hour or so, hardly ever by night."""
    day, night = asked(OFFICE, MONDAY + 14 * HOUR), asked(OFFICE, MONDAY + 22 * HOUR)
    assert day <= 25 * MINUTE
    assert night >= 2 * HOUR


def test_it_looks_ahead_to_the_morning() -> None:
    """However long the wait of the night: the first fetch of the day is near the beginning of the office."""
    for late in (18, 20, 22, 26, 30):
        now = MONDAY + late * HOUR
        morning = next(each for each in polls(OFFICE, now, MONDAY + 2 * DAY) if each >= MONDAY + DAY + 9 * HOUR)
        assert morning <= MONDAY + DAY + 9 * HOUR + 30 * MINUTE


def test_a_filing_time_is_met_to_the_minute() -> None:
    """A source that files at 08:45 is read within fifteen minutes after, and not much besides."""
    day = MONDAY.replace(tzinfo=NEW_YORK)
    found = polls(FILING, day, day + DAY, NEW_YORK)
    assert any(day + 8.75 * HOUR <= each <= day + 9 * HOUR for each in found)
    assert len(found) <= 12


def test_the_wall_clock_counts_on_both_nights_of_the_change() -> None:
    """08:45 is 08:45 in summer and in winter; the hour that is missing or twice there does no harm."""
    for year, month, number in ((2026, 3, 8), (2026, 11, 1)):
        sunday = datetime(year, month, number, tzinfo=NEW_YORK)
        found = polls(FILING, sunday, sunday + 2 * DAY, NEW_YORK)
        assert any((8, 45) <= (local.hour, local.minute) <= (9, 0) for local in (each.astimezone(NEW_YORK) for each in found[1:]))
        assert expected(FILING, since=sunday, until=sunday + DAY, zone=NEW_YORK) > 0


def test_days_of_the_week_differ() -> None:
    """A source that publishes on Thursdays is read often on Thursdays."""
    rhythm = seen(office_days(MONDAY, [10.5], weeks=16, days=[3]))
    tuesday, thursday = MONDAY + DAY, MONDAY + 3 * DAY
    assert 3 * asked(rhythm, thursday + 10 * HOUR) <= asked(rhythm, tuesday + 10 * HOUR)
    assert len(polls(rhythm, thursday, thursday + DAY)) > len(polls(rhythm, tuesday, tuesday + DAY))


def test_days_teach_each_other() -> None:
    """Seen on Mondays to Thursdays only, at ten: Friday at ten is thought likelier than Friday at sixteen."""
    rhythm = seen(office_days(MONDAY, [10.5], weeks=3, days=range(4)))
    assert rhythm.rates[4 * 24 + 10] > rhythm.rates[4 * 24 + 16]


def test_a_source_of_which_nothing_is_dated_is_thought_to_keep_office_hours() -> None:
    """One empty document: more often on a weekday's morning than in the night or on Sunday."""
    rhythm = seen([])
    morning = asked(rhythm, MONDAY + 10 * HOUR)
    assert morning < asked(rhythm, MONDAY + 21 * HOUR)
    assert morning < asked(rhythm, MONDAY - 14 * HOUR)


def test_the_unusual_hours_are_still_visited() -> None:
    """A weekend of an office is read a few times, should it surprise; so are the working days of a source known to speak on Wednesdays."""
    wednesdays = seen(office_days(MONDAY, [11.0], weeks=16, days=[2]))
    assert 2 <= len(polls(OFFICE, MONDAY + 5 * DAY, MONDAY + 7 * DAY)) <= 20
    assert len(polls(wednesdays, MONDAY, MONDAY + DAY)) >= 3


def test_undated_items_teach_when_they_were_found() -> None:
    """A source without times that is always new at ten is learned by when it was read."""
    found = office_days(MONDAY + 28 * DAY, [10.0], weeks=4)
    rhythm = None
    before = MONDAY
    while before < MONDAY + 28 * DAY:
        now = before + 30 * MINUTE
        news = [now for each in found if before <= each < now]
        rhythm = learn(rhythm, news, since=None if before == MONDAY else before, now=now, zone=TOKYO, entries=20)
        before = now
    assert rhythm is not None
    assert max(range(168), key=rhythm.rates.__getitem__) % 24 == 10


def test_dates_without_a_time_are_no_midnights() -> None:
    """A list of days teaches the days, not that the ministry works at midnight - whether midnight is meant here or in UTC."""
    for zone in (TOKYO, ZoneInfo("UTC"), NEW_YORK):
        days = [each.replace(tzinfo=UTC) for each in office_days(MONDAY, [0.0], days=[3])]
        rhythm = seen(days, MONDAY, zone)
        assert rhythm.rates[3 * 24 + 11] > 5 * rhythm.rates[3 * 24]
        assert rhythm.rates[3 * 24 + 11] > rhythm.rates[1 * 24 + 11]
    here = seen(office_days(MONDAY, [0.0], days=[3]))
    assert here.rates[3 * 24 + 11] > 5 * here.rates[3 * 24]


def test_an_item_dated_before_the_last_fetch_came_after_it() -> None:
    """What is backdated by a week was not there an hour ago: it counts in that hour."""
    now = MONDAY + 14 * HOUR
    rhythm = learn(seen([]), [now - 7 * DAY - 3 * HOUR], since=now - HOUR, now=now, zone=TOKYO, entries=20)
    unlearned = learn(seen([]), [], since=now - HOUR, now=now, zone=TOKYO, entries=20)
    assert rhythm.moments[13] > unlearned.moments[13]
    assert sum(rhythm.moments) == rhythm.moments[13]


def test_a_flood_is_one_moment() -> None:
    """A move to another content system that shows two thousand items at once changes next to nothing."""
    now = MONDAY + 14 * HOUR
    one = learn(OFFICE, [now - 5 * MINUTE], since=now - HOUR, now=now, zone=TOKYO, entries=2000)
    flood = learn(OFFICE, [now - 5 * MINUTE] * 2000, since=now - HOUR, now=now, zone=TOKYO, entries=2000)
    assert flood.rates == one.rates
    backdated = [now - number * HOUR for number in range(2000)]
    old = learn(OFFICE, backdated[1:], since=now - HOUR, now=now, zone=TOKYO, entries=2000)
    for hour in (10, 22, 30, 5 * 24 + 12):
        assert (
            abs(asked(old, MONDAY + hour * HOUR) - asked(OFFICE, MONDAY + hour * HOUR)) <= asked(OFFICE, MONDAY + hour * HOUR) / 2
        )


def test_a_pinned_old_entry_hides_nothing() -> None:
    """One entry of years ago among fresh ones does not make a busy source look quiet."""
    fresh = office_days(MONDAY, [9.3, 11.5, 14.2, 16.6], weeks=1)
    pinned = seen([*fresh, MONDAY - 900 * DAY])
    assert pinned.typical > 0.5 * seen(fresh).typical


def test_old_habits_fade() -> None:
    """A source that moves from the morning to the night is followed within two months."""
    until = MONDAY + 56 * DAY
    rhythm = followed(seen(office_days(MONDAY, [9.5, 10.5])), office_days(until, [21.5, 22.5]), MONDAY, until)
    assert rhythm.rates[22] > 3 * rhythm.rates[10]
    assert asked(rhythm, until + 21 * HOUR) < asked(rhythm, until + 13 * HOUR)


def test_reading_more_often_teaches_the_same() -> None:
    """What is learned depends on the source, not on how often we looked."""
    until = MONDAY + 14 * DAY
    news = office_days(until, [9.4, 13.1, 16.8], weeks=2)
    hourly = followed(seen([]), news, MONDAY, until)
    often: Rhythm | None = seen([])
    before = MONDAY
    while before < until:
        now = before + 4 * MINUTE
        often = learn(often, [each for each in news if before < each <= now], since=before, now=now, zone=TOKYO, entries=20)
        before = now
    assert often is not None
    for hour in (9, 13, 22, 5 * 24 + 12):
        assert often.rates[hour] == pytest.approx(hourly.rates[hour], rel=0.1)


def test_fetches_without_news_may_be_left_out() -> None:
    """The time since the last lesson was watched, whether or not each fetch of it was told."""
    until = MONDAY + 14 * DAY
    news = office_days(until, [9.4, 13.1, 16.8], weeks=2)
    told = followed(seen([]), news, MONDAY, until)
    rhythm = seen([])
    for number in range(1, 14 * 24 + 1):
        now = MONDAY + number * HOUR
        new = [each for each in news if now - HOUR < each <= now]
        if new or now == until:
            rhythm = learn(rhythm, new, since=now - HOUR, now=now, zone=TOKYO, entries=20)
    assert rhythm.rates == pytest.approx(told.rates, rel=0.05)


@given(st.randoms(use_true_random=False))
@settings(deadline=None, max_examples=25)
def test_the_order_of_items_does_not_matter(chance: random.Random) -> None:
    """Documents are sorted by date, by importance or not at all."""
    news = office_days(MONDAY, [9.4, 13.1, 16.8], weeks=3)
    mixed = chance.sample(news, len(news))
    assert seen(mixed) == seen(news)


def test_the_document_is_read_before_it_forgets() -> None:
    """A document that shows four entries is read twice while four appear, however long its waits might be."""
    busy = office_days(MONDAY, [hour / 3 for hour in range(27, 54)], weeks=4)
    short = replace(seen(busy), entries=4, batch=2.0)
    assert asked(short, MONDAY + 12 * HOUR, usual=6 * HOUR) <= 30 * MINUTE
    assert asked(replace(short, entries=400), MONDAY + 12 * HOUR, usual=6 * HOUR) > HOUR


# --- silence ------------------------------------------------------------------------------------------------------------------------


def test_a_busy_source_is_read_more_often_than_a_quiet_one() -> None:
    """Of two offices, the one that says more comes first; a dead one costs a few requests a day."""
    week = (MONDAY, MONDAY + 7 * DAY)
    quiet = seen([MONDAY - number * 3 * DAY - (12 - number % 5) * HOUR for number in range(1, 20)])
    dead = seen([MONDAY - 400 * DAY - number * DAY for number in range(20)])
    assert len(polls(OFFICE, *week)) > 2 * len(polls(quiet, *week))
    assert len(polls(quiet, *week)) > len(polls(dead, *week))
    assert 7 <= len(polls(dead, *week)) <= 7 * 8


def test_the_expected_number_is_what_the_source_publishes() -> None:
    """Eight moments on each of five days, and hardly any on the weekend."""
    week = expected(OFFICE, since=MONDAY, until=MONDAY + 7 * DAY, zone=TOKYO)
    assert week == pytest.approx(40, rel=0.15)
    assert expected(OFFICE, since=MONDAY + 5 * DAY, until=MONDAY + 7 * DAY, zone=TOKYO) < 2


@given(st.timedeltas(timedelta(0), timedelta(days=40)), st.timedeltas(timedelta(0), timedelta(days=40)), zones)
@settings(deadline=None)
def test_expectations_add_up(one: timedelta, other: timedelta, zone: ZoneInfo) -> None:
    """Of two spans after one another: the sum, but for the hours of a change of clocks."""
    start = MONDAY.astimezone(UTC)
    whole = expected(OFFICE, since=start, until=start + one + other, zone=zone)
    parts = expected(OFFICE, since=start, until=start + one, zone=zone)
    parts += expected(OFFICE, since=start + one, until=start + one + other, zone=zone)
    assert whole == pytest.approx(parts, abs=2.5)


def test_nothing_is_expected_of_no_time() -> None:
    """Nor of a span that ends before it begins."""
    assert expected(OFFICE, since=MONDAY, until=MONDAY, zone=TOKYO) == 0
    assert expected(OFFICE, since=MONDAY, until=MONDAY - DAY, zone=TOKYO) == 0


def test_a_source_that_falls_silent_is_noticed_while_it_is_forgotten() -> None:
    """Ten days of silence of a daily source are beyond chance, though the silence was learned from meanwhile."""
    rhythm = followed(OFFICE, [], MONDAY, MONDAY + 10 * DAY)
    assert math.exp(-expected(rhythm, since=MONDAY, until=MONDAY + 10 * DAY, zone=TOKYO)) < 1e-6


# --- written ------------------------------------------------------------------------------------------------------------------------


@given(st.lists(moments, max_size=40), moments, zones)
@settings(deadline=None)
def test_what_is_written_is_read_again(published: list[datetime], now: datetime, zone: ZoneInfo) -> None:
    """Equal in every field, and small."""
    rhythm = learn(seen(published, now, zone), published, since=now - DAY, now=now, zone=zone, entries=20)
    assert read(written(rhythm)) == rhythm
    assert len(written(rhythm)) < 2000


def test_the_busiest_source_is_small_too() -> None:
    """Something in every ten minutes for half a year: below 2 kB."""
    rhythm: Rhythm | None = None
    for number in range(26 * 7):
        before = MONDAY + number * DAY
        news = [before + slot * 10 * MINUTE + MINUTE for slot in range(144)]
        rhythm = learn(rhythm, news, since=before, now=before + DAY, zone=TOKYO, entries=200)
    assert rhythm is not None
    assert rhythm.typical == pytest.approx(6, rel=0.1)
    assert len(written(rhythm)) < 2000


@given(st.one_of(st.none(), st.text(), st.recursive(st.none() | st.floats() | st.text(), st.lists).map(json.dumps)))
def test_an_unreadable_text_is_none(text: str | None) -> None:
    """Whatever the column holds: learned anew, never an error."""
    assert read(text) is None


@pytest.mark.parametrize(
    ("key", "told"),
    [
        ("version", 0),
        ("version", None),
        ("epoch", "2026-02-09T00:00:00"),
        ("epoch", "0001-01-01T00:00:00+14:00"),
        ("at", 5),
        ("moments", [1] * 167),
        ("moments", [-1] * 168),
        ("moments", [float("inf")] * 168),
        ("watched", "x"),
        ("minutes", None),
        ("batch", 0),
        ("batch", float("nan")),
        ("latest", []),
    ],
)
def test_a_damaged_field_is_none(key: str, told: object) -> None:
    """One field of another shape is enough."""
    assert read(json.dumps({**json.loads(written(OFFICE)), key: told})) is None
    assert read(json.dumps({name: value for name, value in json.loads(written(OFFICE)).items() if name != key})) is None


def test_evidence_is_halved_in_place() -> None:
    """Over a half-life the numbers kept are halved once, what they mean goes on falling smoothly."""
    rhythm = seen(office_days(MONDAY, [9.2, 14.1]))
    before = learn(rhythm, [], since=MONDAY, now=MONDAY + HALF_LIFE - HOUR, zone=TOKYO, entries=0)
    after = learn(before, [], since=before.at, now=MONDAY + HALF_LIFE + HOUR, zone=TOKYO, entries=0)
    assert sum(after.moments) == pytest.approx(sum(before.moments) / 2, rel=0.05)
    assert after.typical == pytest.approx(before.typical, rel=0.05)
