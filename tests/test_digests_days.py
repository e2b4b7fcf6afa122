"""When a digest is due: once per local day, whatever the clock does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from conftest import Clock
from costs import calls, steps
from digest_desk import MORNING, Desk
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.archive import Archive
from monitor.digests import due_day
from monitor.items import Subscription
from monitor.messages import Order

ZONES = ("Asia/Tokyo", "America/New_York", "Europe/Berlin")
NIGHTS = (date(2026, 3, 8), date(2026, 3, 29), date(2026, 10, 25), date(2026, 11, 1))
HOURS = ("00:30", "01:30", "02:30", "07:00")


def ticks(subscription: Subscription, moments: list[datetime]) -> list[tuple[str, datetime]]:
    """The days whose digest is due, each with the first of the moments at which it is."""
    found: dict[str, datetime] = {}
    for moment in moments:
        day = due_day(subscription, moment)
        if day is not None:
            found.setdefault(day, moment)
    return list(found.items())


def minutes(zone: str, night: date) -> list[datetime]:
    """Every minute from noon of the day before a night to noon of the day after."""
    start = datetime(night.year, night.month, night.day, 12, tzinfo=ZoneInfo(zone)).astimezone(UTC) - timedelta(days=1)
    return [start + timedelta(minutes=n) for n in range(2 * 24 * 60)]


@pytest.mark.parametrize("at", HOURS)
@pytest.mark.parametrize("night", NIGHTS, ids=str)
@pytest.mark.parametrize("zone", ZONES)
def test_a_night_of_any_clock_has_one_digest_a_day(zone: str, night: date, at: str) -> None:
    """Minute by minute through the night and the day after: one for each local day, within a minute of its time."""
    subscription = replace(MORNING, at=at, tz=zone)
    found = ticks(subscription, minutes(zone, night))
    # the first tick may still catch up with the day on which it falls
    days = [day for day, _ in found if day >= night.isoformat()]
    assert days == [night.isoformat(), (night + timedelta(days=1)).isoformat()]
    hour, minute = map(int, at.split(":"))
    for day, moment in found:
        if day >= night.isoformat():
            local = moment.astimezone(ZoneInfo(zone))
            is_skipped = local.hour * 60 + local.minute == hour * 60 + minute + 60
            assert (local.hour, local.minute) == (hour, minute) or is_skipped


@pytest.mark.parametrize("hours", [1, 6, 11.9])
@pytest.mark.parametrize("at", HOURS)
@pytest.mark.parametrize("night", NIGHTS, ids=str)
@pytest.mark.parametrize("zone", ZONES)
def test_a_program_that_was_down_at_the_hour_sends_late(zone: str, night: date, at: str, hours: float) -> None:
    """Up to twelve hours, and still one a day."""
    subscription = replace(MORNING, at=at, tz=zone)
    hour, minute = map(int, at.split(":"))
    due = datetime(night.year, night.month, night.day, hour, minute, tzinfo=ZoneInfo(zone)).astimezone(UTC)
    moments = [each for each in minutes(zone, night) if not due <= each < due + timedelta(hours=hours)]
    days = [day for day, _ in ticks(subscription, moments) if day >= night.isoformat()]
    assert days == [night.isoformat(), (night + timedelta(days=1)).isoformat()]


def test_a_program_that_was_down_for_longer_leaves_the_day_to_the_next() -> None:
    """Whose digest then covers both."""
    subscription = replace(MORNING, at="07:00", tz="Europe/Berlin")
    moments = minutes("Europe/Berlin", date(2026, 5, 1))
    due = datetime(2026, 5, 1, 5, 0, tzinfo=UTC)
    found = ticks(subscription, [each for each in moments if not due <= each <= due + timedelta(hours=12, minutes=1)])
    assert [day for day, _ in found if day >= "2026-05-01"] == ["2026-05-02"]


@given(
    zone=st.sampled_from(ZONES),
    night=st.sampled_from(NIGHTS),
    at=st.sampled_from(HOURS),
    steps=st.lists(st.integers(-90, 400), min_size=20, max_size=120),
)
@settings(deadline=None, max_examples=60)
def test_whatever_the_clock_does_no_day_is_early_or_late(zone: str, night: date, at: str, steps: list[int]) -> None:
    """A clock that jumps to and fro finds a day due from its time on, for twelve hours."""
    subscription = replace(MORNING, at=at, tz=zone)
    moment = minutes(zone, night)[0]
    moments = [moment := moment + timedelta(minutes=step) for step in steps]
    for day, when in ticks(subscription, moments):
        hour, minute = map(int, at.split(":"))
        due = datetime.fromisoformat(day).replace(hour=hour, minute=minute, tzinfo=ZoneInfo(zone)).astimezone(UTC)
        assert timedelta(0) <= when - due <= timedelta(hours=12)


@pytest.fixture
def desk(archive: Archive, clock: Clock) -> Desk:
    return Desk(archive, clock)


def days_of(desk: Desk, moves: list[Callable[[Clock], None]]) -> list[Order]:
    """Digests ordered over a real archive, with a tick after each move of the clock."""
    digests = desk.digests()
    for move in moves:
        move(desk.clock)
        digests.order_due()
    return desk.orders()


def test_a_clock_that_goes_back_after_sending_sends_no_second(desk: Desk) -> None:
    """An hour back, the hour again: the day has its digest; the next goes on where it ended."""
    desk.clock.now = datetime(2026, 4, 30, 23, 0, tzinfo=UTC)
    hour = timedelta(hours=1)
    orders = days_of(
        desk,
        [
            lambda clock: None,
            lambda clock: setattr(clock, "now", clock.now - hour),
            lambda clock: setattr(clock, "now", clock.now + hour),
            lambda clock: setattr(clock, "now", clock.now + 24 * hour),
        ],
    )
    assert [order.key.split(":")[2] for order in orders] == ["2026-05-01", "2026-05-02"]
    assert orders[1].since == orders[0].until


def test_a_clock_that_jumps_days_ahead_and_back_loses_nothing(desk: Desk) -> None:
    """One digest a day, and every moment of the true time is within one that was sent after it."""
    start = datetime(2026, 4, 30, 23, 0, tzinfo=UTC)
    desk.clock.now = start
    days = [timedelta(days=n) for n in (0, 3, 1, 2, 3, 4)]
    orders = days_of(desk, [lambda clock, day=day: setattr(clock, "now", start + day) for day in days])  # type: ignore[misc]
    assert [order.key.split(":")[2] for order in orders] == [
        "2026-05-01",
        "2026-05-04",  # the clock was ahead
        "2026-05-02",
        "2026-05-03",
        "2026-05-05",
    ]
    # the fourth's was sent before its time: what came since the third's is in the fifth's
    assert (orders[2].since, orders[3].since, orders[4].since) == (orders[0].until, orders[2].until, orders[3].until)


def test_a_tick_costs_no_more_after_many_days(desk: Desk) -> None:
    """The service asks ten times a second what is due."""
    desk.clock.now = datetime(2026, 4, 30, 23, 0, tzinfo=UTC)
    digests, asked = desk.digests(), []
    for count in range(40):
        assert digests.order_due() == 1
        if count in (1, 39):
            connection = desk.archive._connection
            asked.append((calls(digests.order_due), steps(connection, digests.order_due)))
        desk.clock.move(days=1)
    assert asked[0] == asked[1]
