"""How fast an address may be spoken to: short bursts, never more than one a gap in the long run."""

from __future__ import annotations

import pytest
from conftest import Ticks
from hypothesis import given
from hypothesis import strategies as st

from monitor.bucket import Bucket


def test_a_burst_goes_at_once_and_what_follows_at_the_pace() -> None:
    """Three, then one a second."""
    ticks = Ticks()
    bucket = Bucket(gap=1.0, burst=3, idle=60, monotonic=ticks)
    rests = []
    for _ in range(5):
        rests.append(bucket.rest())
        ticks.pause(bucket.rest())
        bucket.take()
    assert rests == pytest.approx([0, 0, 0, 1, 1])


def test_without_a_gap_there_is_no_limit() -> None:
    """The console never waits."""
    bucket = Bucket(gap=0.0, burst=3, idle=0, monotonic=Ticks())
    for _ in range(100):
        assert bucket.rest(2) == 0
        bucket.take(2)


@given(
    pauses=st.lists(st.floats(0, 5), max_size=60),
    gap=st.floats(0.1, 3),
    burst=st.integers(1, 5),
    idle=st.floats(-5, 100),
)
def test_no_span_holds_more_than_its_burst_and_its_share(pauses: list[float], gap: float, burst: int, idle: float) -> None:
    """Whatever the pauses, and whenever the last run spoke: in any span of t seconds at most burst + t / gap are taken."""
    ticks = Ticks()
    bucket = Bucket(gap=gap, burst=burst, idle=idle, monotonic=ticks)
    taken: list[float] = []
    for pause in pauses:
        ticks.pause(pause)
        if bucket.rest() == 0:
            bucket.take()
            taken.append(ticks())
    for first in range(len(taken)):
        for last in range(first, len(taken)):
            assert last - first + 1 <= burst + (taken[last] - taken[first]) / gap + 1e-6
