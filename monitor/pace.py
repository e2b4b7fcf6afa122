"""When a source is read next. Pure but for the chance in the jitter."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from monitor import rhythm
from monitor.errors import FetchKind
from monitor.items import Source, SourceState
from monitor.rhythm import Rhythm

MAX_BACKOFF = timedelta(hours=24)
"""The longest that a failing source is left alone; none is ever dropped in silence."""
_FURTHEST = timedelta(days=7)
"""The longest that any source waits: health.GONE_EVERY."""

_STEP_BACK = timedelta(minutes=1)
"""How far a clock may be set back before what was stored ahead of it is doubted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How often sources are read when they do not say so themselves."""

    usual: timedelta = timedelta(minutes=15)
    shortest: timedelta = timedelta(minutes=10)
    longest: timedelta = timedelta(hours=24)
    jitter: float = 0.1  # share of the interval added by chance, so that sources of one host do not march in step


_NETWORK = (FetchKind.TIMEOUT, FetchKind.DNS, FetchKind.CONNECT)
_PATIENT = (FetchKind.TOO_LARGE, FetchKind.TOO_COSTLY)
_MAX_NETWORK_BACKOFF = timedelta(hours=2)
"""When the network was down for a day, every source is back two hours after it."""


def interval(source: Source, pace: Pace) -> timedelta:
    """Time between two fetches of a healthy source of which no rhythm is known."""
    if source.every is not None:
        return timedelta(seconds=source.every)
    return min(max(pace.usual, pace.shortest), pace.longest)


def wait(source: Source, learned: Rhythm | None, pace: Pace, *, now: datetime, zone: ZoneInfo, fresh_for: timedelta) -> timedelta:
    """Time until the next fetch of a healthy source: what feeds.yaml says, else its rhythm.

    Args:
        fresh_for: how long the server says that asking is of no use; it counts where feeds.yaml leaves the interval open.
    """
    if source.every is not None:
        return interval(source, pace)
    found = rhythm.wait(learned, now=now, zone=zone, shortest=pace.shortest, longest=pace.longest, usual=interval(source, pace))
    return min(max(found, fresh_for), pace.longest)


def backoff(source: Source, kind: FetchKind, failures: int, pace: Pace) -> timedelta:
    """Time until the next try after so many failures in a row (1 and more), doubled each time.

    Trouble of the network heals by itself and is capped early; a document beyond the limits is asked for twice as rarely.
    """
    first = interval(source, pace) * (2 if kind in _PATIENT else 1)
    longest = _MAX_NETWORK_BACKOFF if kind in _NETWORK else MAX_BACKOFF
    return max(min(first * int(2 ** min(failures - 1, 20)), longest), interval(source, pace))


def jittered(span: timedelta, pace: Pace) -> timedelta:
    """The span, made longer by chance."""
    return span * (1 + random.random() * pace.jitter)


def due(sources: Iterable[Source], states: Mapping[str, SourceState], now: datetime, pace: Pace) -> list[Source]:
    """Sources whose time has come. What a clock that was ahead stored, or a time further ahead than any pace allows, is not believed."""
    found = []
    for source in sources:
        furthest = max(pace.longest, _FURTHEST, interval(source, pace)) * (1 + pace.jitter)
        state = states.get(source.id)
        is_waiting = (
            state is not None
            and state.url in (None, source.url)  # of a corrected address nothing is known yet
            and state.next_poll is not None
            and now < state.next_poll <= now + furthest
            and not is_ahead(state, now)
        )
        if not is_waiting:
            found.append(source)
    return found


def is_ahead(state: SourceState, now: datetime) -> bool:
    """True if the last attempt lies in the future: the clock was wrong then, and so are the times that were worked out from it."""
    return state.last_attempt is not None and state.last_attempt > now + _STEP_BACK


def is_stale(source: Source, state: SourceState | None, now: datetime, pace: Pace) -> bool:
    """True if a source has not been read for three of its intervals, or was tried and never read.

    A healthy source that waits for its next hour is not stale, however long the wait.
    """
    if state is None or state.last_success is None:
        return state is not None and state.error_count > 0
    grace = timedelta(minutes=5)
    is_waiting = state.error_count == 0 and state.next_poll is not None and now <= state.next_poll + grace
    return not is_waiting and now - state.last_success > 3 * interval(source, pace) + grace
