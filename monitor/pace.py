"""When a source is read next. Pure but for the chance in the jitter."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.items import Source, SourceState

MAX_BACKOFF = timedelta(hours=24)
"""The longest that a failing source is left alone; none is ever dropped in silence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How often sources are read when they do not say so themselves."""

    usual: timedelta = timedelta(minutes=15)
    shortest: timedelta = timedelta(minutes=10)
    longest: timedelta = timedelta(hours=24)
    jitter: float = 0.1  # share of the interval added by chance, so that sources of one host do not march in step


def interval(source: Source, pace: Pace) -> timedelta:
    """Time between two fetches of a healthy source."""
    if source.every is not None:
        return timedelta(seconds=source.every)
    return min(max(pace.usual, pace.shortest), pace.longest)


def backoff(source: Source, pace: Pace, failures: int) -> timedelta:
    """Time until the next try after so many failures in a row (1 and more): doubled each time, up to MAX_BACKOFF."""
    return min(interval(source, pace) * int(2 ** min(failures - 1, 20)), MAX_BACKOFF)


def jittered(span: timedelta, pace: Pace) -> timedelta:
    """The span, made longer by chance."""
    return span * (1 + random.random() * pace.jitter)


def due(sources: Iterable[Source], states: Mapping[str, SourceState], now: datetime, pace: Pace) -> list[Source]:
    """Sources whose time has come. A stored time further ahead than any pace allows is not believed: the clock was wrong then."""
    found = []
    for source in sources:
        furthest = max(pace.longest, MAX_BACKOFF, interval(source, pace)) * (1 + pace.jitter)
        state = states.get(source.id)
        is_waiting = state is not None and state.next_poll is not None and now < state.next_poll <= now + furthest
        if not is_waiting:
            found.append(source)
    return found


def is_stale(source: Source, state: SourceState | None, now: datetime, pace: Pace) -> bool:
    """True if a source has not been read for three of its intervals, or was tried and never read."""
    if state is None or state.last_success is None:
        return state is not None and state.error_count > 0
    return now - state.last_success > 3 * interval(source, pace) + timedelta(minutes=5)
