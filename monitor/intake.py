"""The first job: sources to stored, untagged items. One bad source never stops the others; nothing here judges.

Per source: fetch, parse, normalise, compare with what is known, and one transaction that keeps the items together with the
validators - so that a server is told "I have it" only after we have it.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from monitor.archive import Archive
from monitor.dedupe import entry_keys, sort_out
from monitor.errors import FetchError, FetchKind, MonitorError, ParseError
from monitor.items import Fetched, Source, SourceState, Validators
from monitor.normalise import clean, normalise
from monitor.sources import TYPES
from monitor.sources.web import NetworkRules, Web

log = logging.getLogger(__name__)

FULL_EVERY = timedelta(days=1)
"""How often a source that says "not modified" is asked without validators, because some servers say so for ever."""
MAX_BACKOFF = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How often sources are read when they do not say so themselves."""

    usual: timedelta = timedelta(minutes=15)
    shortest: timedelta = timedelta(minutes=10)
    longest: timedelta = timedelta(hours=24)
    jitter: float = 0.1  # share of the interval added by chance, so that sources of one host do not march in step


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one source in a round."""

    source: str
    status: str  # fetched, unchanged, failed, held (under Retry-After)
    new: int = 0
    revised: int = 0
    error: str | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """What became of a round of intake."""

    outcomes: tuple[Outcome, ...]
    seconds: float

    def count(self, status: str) -> int:
        """How many sources ended so."""
        return sum(1 for each in self.outcomes if each.status == status)

    @property
    def new(self) -> int:
        """Items that were not known before."""
        return sum(each.new for each in self.outcomes)

    @property
    def revised(self) -> int:
        """Items whose source changed them."""
        return sum(each.revised for each in self.outcomes)

    @property
    def failures(self) -> tuple[Outcome, ...]:
        """Sources that could not be read."""
        return tuple(each for each in self.outcomes if each.status == "failed")


def poll(
    archive: Archive,
    sources: Sequence[Source],
    *,
    network: NetworkRules,
    pace: Pace,
    clock: Callable[[], datetime],
    on_done: Callable[[Outcome], None] = lambda _: None,
) -> Round:
    """Read sources once, all of those given but for those under Retry-After.

    Args:
        on_done: told of each source as it ends, for progress.
    """
    return asyncio.run(_poll(archive, sources, network=network, pace=pace, clock=clock, on_done=on_done))


def due(sources: Iterable[Source], states: dict[str, SourceState], now: datetime, pace: Pace) -> list[Source]:
    """Sources whose time has come. A stored time further ahead than the longest pace is not believed: the clock was wrong then."""
    found = []
    for source in sources:
        state = states.get(source.id)
        longest = max(pace.longest, MAX_BACKOFF)
        is_waiting = state is not None and state.next_poll is not None and now < state.next_poll <= now + longest * 1.2
        if not is_waiting:
            found.append(source)
    return found


def is_stale(source: Source, state: SourceState | None, now: datetime, pace: Pace) -> bool:
    """True if a source has not been read for three of its intervals, or used to have entries and now fails."""
    if state is None or state.last_success is None:
        return state is not None and state.error_count > 0
    return now - state.last_success > 3 * _interval(source, pace) + timedelta(minutes=5)


async def _poll(
    archive: Archive,
    sources: Sequence[Source],
    *,
    network: NetworkRules,
    pace: Pace,
    clock: Callable[[], datetime],
    on_done: Callable[[Outcome], None],
) -> Round:
    started = time.monotonic()
    states = archive.intake.states()
    outcomes: list[Outcome] = []
    async with Web(network, clock) as web:

        async def one(source: Source) -> None:
            outcome = await _read(archive, web, source, states.get(source.id, SourceState(id=source.id)), pace, clock)
            outcomes.append(outcome)
            on_done(outcome)

        async with asyncio.TaskGroup() as group:
            for source in sources:
                group.create_task(one(source))
    order = {source.id: place for place, source in enumerate(sources)}
    return Round(
        outcomes=tuple(sorted(outcomes, key=lambda each: order[each.source])), seconds=round(time.monotonic() - started, 3)
    )


async def _read(
    archive: Archive, web: Web, source: Source, state: SourceState, pace: Pace, clock: Callable[[], datetime]
) -> Outcome:
    """Read one source; every failure becomes an outcome."""
    began = time.monotonic()
    now = clock()
    if state.not_before is not None and now < state.not_before <= now + MAX_BACKOFF * 1.2:
        return Outcome(
            source=source.id, status="held", notes=(f"asked not to be called before {state.not_before:%Y-%m-%d %H:%MZ}",)
        )
    try:
        fetched = await web.fetch(source.url, subject=source.id, validators=_validators(state, now))
        outcome = _kept(archive, source, state, fetched, pace, clock())
    except MonitorError as error:
        outcome = _failed(archive, source, state, error, pace, clock())
    except Exception as error:
        log.exception("failed source=%s", source.id)
        own = FetchError(f"internal error ({type(error).__name__})", kind=FetchKind.INTERNAL, subject=source.id)
        outcome = _failed(archive, source, state, own, pace, clock())
    level = logging.WARNING if outcome.status == "failed" else logging.INFO
    log.log(
        level,
        "read source=%s status=%s new=%d revised=%d ms=%d%s",
        source.id,
        outcome.status,
        outcome.new,
        outcome.revised,
        (time.monotonic() - began) * 1000,
        f" error={outcome.error!r}" if outcome.error else "",
    )
    return outcome


def _validators(state: SourceState, now: datetime) -> Validators | None:
    is_time_for_full = state.last_full is None or now - state.last_full >= FULL_EVERY
    return None if is_time_for_full or state.error_count else state.validators


def _kept(archive: Archive, source: Source, state: SourceState, fetched: Fetched, pace: Pace, now: datetime) -> Outcome:
    healthy = replace(
        state,
        validators=fetched.validators,
        polls=state.polls + 1,
        last_attempt=now,
        last_success=now,
        error_kind=None,
        error_text=None,
        error_at=None,
        error_count=0,
        not_before=None,
        next_poll=now + _jittered(_interval(source, pace), pace),
    )
    if fetched.is_unmodified:
        with archive.errors():
            archive.intake.store_state(healthy)
        return Outcome(source=source.id, status="unchanged")
    parsed = TYPES[source.type](source, fetched)
    if not parsed.entries and state.had_entries:
        raise ParseError("no entries, though it had some before", subject=source.id)
    keys = entry_keys(parsed.entries)
    items = [
        normalise(source, entry, key, now, is_backlog=state.polls == 0) for entry, key in zip(parsed.entries, keys, strict=True)
    ]
    with archive.errors():
        found = sort_out(archive.intake.known(source.id, items), items)
        archive.intake.store(found, replace(healthy, last_full=now, had_entries=state.had_entries or bool(items)), now)
    return Outcome(source=source.id, status="fetched", new=len(found.new), revised=len(found.revised), notes=parsed.notes)


def _failed(archive: Archive, source: Source, state: SourceState, error: MonitorError, pace: Pace, now: datetime) -> Outcome:
    kind = error.kind if isinstance(error, FetchError) else FetchKind.NOT_A_FEED
    asked = error.retry_after if isinstance(error, FetchError) else None
    count = state.error_count + 1
    backoff = min(_interval(source, pace) * 2 ** min(count - 1, 10), MAX_BACKOFF)
    text = clean(error.cause if error.hint is None else f"{error.cause}. {error.hint}")[:300]
    failed = replace(
        state,
        last_attempt=now,
        error_kind=kind.value,
        error_text=text,
        error_at=now,
        error_count=count,
        not_before=asked,
        next_poll=max(asked or now, now + _jittered(backoff, pace)),
    )
    with archive.errors():
        archive.intake.store_state(failed)
    return Outcome(source=source.id, status="failed", error=f"{kind.value}: {text}")


def _interval(source: Source, pace: Pace) -> timedelta:
    if source.every is not None:
        return timedelta(seconds=source.every)
    return min(max(pace.usual, pace.shortest), pace.longest)


def _jittered(interval: timedelta, pace: Pace) -> timedelta:
    return interval * (1 + random.random() * pace.jitter)
