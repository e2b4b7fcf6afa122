"""Items counted over a span: its bars, the span before, groups in order."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from builders import NOW
from hypothesis import given
from hypothesis import strategies as st

from monitor.tally import DayCount, Frame, Per, frame, shortened, tallies

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


def of(days: float, **changes: object) -> Frame:
    return frame(NOW - timedelta(days=days), NOW, **{"per": None, "began": LONG_AGO} | changes)  # type: ignore[arg-type]


def test_a_span_begins_with_a_whole_day_and_the_one_before_is_as_long() -> None:
    """From midnight on, up to now; the two meet."""
    found = of(2)
    assert found.start == datetime(2026, 4, 29, tzinfo=UTC)
    assert found.bars == (date(2026, 4, 29), date(2026, 4, 30), date(2026, 5, 1))
    assert found.start - found.before == NOW - found.start


@pytest.mark.parametrize(("days", "per"), [(0, "day"), (92, "day"), (93, "week"), (600, "week"), (700, "month")])
def test_long_spans_have_long_bars(days: int, per: str) -> None:
    """Days up to three months, weeks up to two years, then months; never more than a screen takes."""
    found = of(days)
    assert found.per == per
    assert 1 <= len(found.bars) <= 93


def test_weeks_begin_on_monday_and_months_on_the_first() -> None:
    """So that bars of two spans can be compared."""
    assert {day.weekday() for day in of(100, per=Per.WEEK).bars} == {0}
    assert {day.day for day in of(100, per=Per.MONTH).bars} == {1}
    assert of(100, per=Per.MONTH).bars[-1] == date(2026, 5, 1)


def test_more_bars_than_anybody_can_look_at_are_refused() -> None:
    """Ten years by the day are enough."""
    with pytest.raises(ValueError):
        of(4_000, per=Per.DAY)


def test_groups_come_with_the_most_first_and_what_has_none_last() -> None:
    """Each with its sum, the sum before, and a count for each bar."""
    counts = [
        DayCount(date(2026, 4, 28), "a", 4),
        DayCount(date(2026, 4, 29), "a", 1),
        DayCount(date(2026, 5, 1), "b", 2),
        DayCount(date(2026, 5, 1), None, 9),
        DayCount(date(2026, 4, 27), "c", 3),
    ]
    found = tallies(counts, of(2))
    assert [(each.group, each.items, each.before, each.counts) for each in found] == [
        ("b", 2, 0, (0, 0, 2)),
        ("a", 1, 4, (1, 0, 0)),
        ("c", 0, 3, (0, 0, 0)),
        (None, 9, 0, (0, 0, 9)),
    ]
    assert [each.trend for each in found] == [None, -0.75, -1, None]
    assert shortened(found, 1) == ([found[0], found[3]], 2)


def test_nothing_is_compared_with_a_time_before_the_archive() -> None:
    """What was not collected is not "none"."""
    found = of(2, began=NOW - timedelta(days=3))
    assert not found.has_before
    [row] = tallies([DayCount(date(2026, 5, 1), "a", 2), DayCount(date(2026, 4, 28), "a", 1)], found)
    assert (row.before, row.trend) == (None, None)


@given(st.integers(0, 3_000), st.sampled_from([None, *Per]), st.lists(st.integers(0, 3_000), max_size=20))
def test_every_item_of_the_span_is_in_one_bar(days: int, per: Per | None, ago: list[int]) -> None:
    """Whatever the span and the bars."""
    found = of(days, per=per)
    counts = [DayCount((NOW - timedelta(days=each)).date(), "a", 1) for each in ago]
    inside = sum(each.day >= found.bars[0] for each in counts)
    assert sum(sum(row.counts) for row in tallies(counts, found)) == inside
