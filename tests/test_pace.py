"""The pace of fetching: intervals, back-off, due and stale sources."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.errors import FetchKind
from monitor.items import Source, SourceState
from monitor.pace import Pace, backoff, due, interval, is_stale, jittered

NOW = datetime(2026, 2, 10, 12, tzinfo=UTC)
PACE = Pace()
HOUR = timedelta(hours=1)


def a_source(name: str = "jp-meti", every: timedelta | None = None) -> Source:
    seconds = None if every is None else every.total_seconds()
    return Source(id=name, name="経済産業省", type="feed", url="https://meti.example/rss", every=seconds)


@pytest.mark.parametrize(
    ("every", "pace", "span"),
    [
        (None, PACE, timedelta(minutes=15)),
        (timedelta(seconds=1), PACE, timedelta(seconds=1)),
        (timedelta(days=7), PACE, timedelta(days=7)),
        (None, Pace(usual=timedelta(minutes=2)), timedelta(minutes=10)),
        (None, Pace(usual=timedelta(days=3)), timedelta(hours=24)),
        (None, Pace(usual=timedelta(minutes=2), shortest=timedelta(minutes=1)), timedelta(minutes=2)),
    ],
)
def test_a_source_has_its_own_interval_or_the_usual_one_within_bounds(
    every: timedelta | None, pace: Pace, span: timedelta
) -> None:
    """What the operator wrote at the source stands; the default is bounded."""
    assert interval(a_source(every=every), pace) == span


@pytest.mark.parametrize(
    ("failures", "span"),
    [
        (1, timedelta(minutes=15)),
        (2, timedelta(minutes=30)),
        (3, HOUR),
        (7, timedelta(hours=16)),
        (8, timedelta(days=1)),
        (10**6, timedelta(days=1)),
    ],
)
def test_a_failing_source_is_left_alone_twice_as_long_each_time(failures: int, span: timedelta) -> None:
    """Doubled up to a day, however often it fails; never dropped."""
    assert backoff(a_source(), FetchKind.STATUS, failures, PACE) == span


@given(st.floats(1, 86_400), st.integers(1, 200))
def test_back_off_grows_and_is_bounded(every: float, failures: int) -> None:
    """Never shorter than the interval, never shorter than before, never longer than a day."""
    source = a_source(every=timedelta(seconds=every))
    span = backoff(source, FetchKind.STATUS, failures, PACE)
    assert interval(source, PACE) <= span <= backoff(source, FetchKind.STATUS, failures + 1, PACE) <= timedelta(days=1)


@given(st.timedeltas(timedelta(0), timedelta(days=2)), st.floats(0, 1))
def test_jitter_only_lengthens_and_by_its_share_at_most(span: timedelta, share: float) -> None:
    """A source is never read earlier than its interval, nor later than the share allows."""
    longest = span * (1 + share) + timedelta(microseconds=1)
    assert span <= jittered(span, Pace(jitter=share)) <= longest


def test_jitter_differs_from_time_to_time() -> None:
    """Sources of one host do not march in step."""
    assert len({jittered(HOUR, PACE) for _ in range(20)}) > 1
    assert jittered(HOUR, Pace(jitter=0)) == HOUR


@pytest.mark.parametrize(
    ("state", "is_due"),
    [
        (None, True),
        (SourceState(id="jp-meti"), True),
        (SourceState(id="jp-meti", next_poll=NOW), True),
        (SourceState(id="jp-meti", next_poll=NOW - HOUR), True),
        (SourceState(id="jp-meti", next_poll=NOW + timedelta(seconds=1)), False),
        (SourceState(id="jp-meti", next_poll=NOW + timedelta(hours=26)), False),  # a day's back-off, with jitter
        (SourceState(id="jp-meti", next_poll=NOW + timedelta(days=400)), True),
        (SourceState(id="jp-meti", next_poll=NOW + HOUR, last_attempt=NOW - HOUR), False),
        (
            SourceState(id="jp-meti", next_poll=NOW + HOUR, last_attempt=NOW + timedelta(seconds=2)),
            False,
        ),  # set right by a little
        (SourceState(id="jp-meti", next_poll=NOW + timedelta(days=3), last_attempt=NOW + timedelta(days=3)), True),
    ],
)
def test_a_source_is_due_when_its_time_has_come(state: SourceState | None, is_due: bool) -> None:
    """A new source at once; a time further ahead than any pace allows, or set in the future, was written by a wrong clock."""
    source = a_source()
    states = {} if state is None else {source.id: state}
    assert due([source], states, NOW, PACE) == ([source] if is_due else [])


def test_a_weekly_source_is_not_due_an_hour_after_its_fetch() -> None:
    """An interval that the operator wrote at the source is a pace that is allowed."""
    source = a_source(every=timedelta(days=7))
    state = SourceState(id=source.id, last_success=NOW - HOUR, next_poll=NOW - HOUR + jittered(timedelta(days=7), PACE))
    assert due([source], {source.id: state}, NOW, PACE) == []


def test_due_sources_keep_their_order() -> None:
    """The order of feeds.yaml is the order of fetching; other sources' states do not matter."""
    one, two, three = a_source("one"), a_source("two"), a_source("three")
    states = {"two": SourceState(id="two", next_poll=NOW + HOUR), "gone": SourceState(id="gone")}
    assert due([three, two, one], states, NOW, PACE) == [three, one]


@pytest.mark.parametrize(
    ("state", "is_silent"),
    [
        (None, False),
        (SourceState(id="jp-meti"), False),
        (SourceState(id="jp-meti", error_count=1), True),
        (SourceState(id="jp-meti", last_success=NOW - timedelta(minutes=50)), False),  # three intervals and five minutes
        (SourceState(id="jp-meti", last_success=NOW - timedelta(minutes=50, seconds=1)), True),
        (SourceState(id="jp-meti", last_success=NOW - timedelta(minutes=20), error_count=4), False),
    ],
)
def test_a_source_is_stale_after_three_intervals_or_when_it_never_answered(state: SourceState | None, is_silent: bool) -> None:
    """Silence is visible; one failure of a source that was read lately is none."""
    assert is_stale(a_source(), state, NOW, PACE) is is_silent


def test_a_slow_source_is_measured_by_its_own_interval() -> None:
    """A weekly source that was read ten days ago is not stale."""
    state = SourceState(id="jp-meti", last_success=NOW - timedelta(days=10))
    assert not is_stale(a_source(every=timedelta(days=7)), state, NOW, PACE)
    assert is_stale(a_source(every=timedelta(days=3)), state, NOW, PACE)
