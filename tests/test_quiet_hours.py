"""Quiet hours: local clock times, over midnight and over a change of the clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from monitor.decide import quiet_until
from monitor.items import Quiet


@pytest.mark.parametrize(
    ("zone", "start", "end", "now", "until"),
    [
        ("Asia/Tokyo", "22:00", "07:00", "2026-02-10T12:59", "2026-02-10T12:59"),  # 21:59 in Tokyo
        ("Asia/Tokyo", "22:00", "07:00", "2026-02-10T13:00", "2026-02-10T22:00"),
        ("Asia/Tokyo", "22:00", "07:00", "2026-02-10T21:59", "2026-02-10T22:00"),  # 06:59 the next day
        ("Asia/Tokyo", "22:00", "07:00", "2026-02-10T22:00", "2026-02-10T22:00"),
        ("UTC", "12:00", "13:30", "2026-02-10T12:00", "2026-02-10T13:30"),
        ("UTC", "12:00", "13:30", "2026-02-10T13:30", "2026-02-10T13:30"),
        ("UTC", "12:00", "13:30", "2026-02-10T11:59", "2026-02-10T11:59"),
        ("Europe/Berlin", "22:00", "07:00", "2026-03-28T21:30", "2026-03-29T05:00"),  # the night of summer time
        ("Europe/Berlin", "22:00", "07:00", "2026-10-24T20:30", "2026-10-25T06:00"),  # the night of winter time
        ("America/New_York", "22:00", "01:30", "2026-11-01T05:15", "2026-11-01T05:30"),  # 01:15, the first time
    ],
)
def test_an_alert_of_quiet_hours_waits_for_their_end(zone: str, start: str, end: str, now: str, until: str) -> None:
    """Local clock times, also over midnight and over a change of the clock; start included, end not."""
    moment, expected = (datetime.fromisoformat(each).replace(tzinfo=UTC) for each in (now, until))
    assert quiet_until(Quiet(tz=zone, start=start, end=end), moment) == expected


@given(
    st.datetimes(datetime(2025, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC)),
    st.sampled_from(("UTC", "Asia/Tokyo", "Europe/Berlin", "America/New_York", "Asia/Kolkata")),
    st.sampled_from(("12:00", "13:15", "20:00", "22:00", "23:59")),
    st.sampled_from(("00:00", "01:30", "02:30", "07:00", "13:30")),
)
@example(datetime(2026, 11, 1, 6, 15, tzinfo=UTC), "America/New_York", "22:00", "01:30")  # 01:15, the second time
@example(datetime(2026, 3, 8, 6, 59, tzinfo=UTC), "America/New_York", "22:00", "02:30")  # an end that the night lacks
@settings(deadline=None)
def test_the_end_of_quiet_hours_is_ahead_and_not_quiet(now: datetime, zone: str, start: str, end: str) -> None:
    """Nothing waits for a moment that has passed, for more than a day, or for another quiet moment."""
    quiet = Quiet(tz=zone, start=start, end=end)
    until = quiet_until(quiet, now)
    assert now <= until <= now + timedelta(hours=25)
    assert until == now or until.astimezone(ZoneInfo(zone)).strftime("%M") == end[3:]
    assert quiet_until(quiet, until) == until
