"""The first job: sources to stored, untagged items. One bad source never stops the others; nothing here judges.

Per source: fetch, parse, normalise, compare with what is known, and one transaction that keeps the items together with the
validators - so that a server is told "I have it" only after we have it.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from monitor.archive import Archive
from monitor.dedupe import entry_keys, sort_out
from monitor.errors import ArchiveBusy, ArchiveError, FetchError, FetchKind, MonitorError, ParseError
from monitor.items import Fetched, Source, SourceState, Validators
from monitor.normalise import clean, normalise
from monitor.pace import MAX_BACKOFF, Pace, backoff, interval, jittered
from monitor.sources import TYPES
from monitor.sources.web import NetworkRules, Web

log = logging.getLogger(__name__)

FULL_EVERY = timedelta(days=1)
"""How often a source that says "not modified" is asked without validators, because some servers say so for ever."""


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
    is_stopped: Callable[[], bool] = lambda: False,
) -> Round:
    """Read sources once, all of those given but for those under Retry-After.

    Args:
        on_done: told of each source as it ends, for progress.
        is_stopped: asked now and then; once true, sources still being read are given up and keep their state.
    """
    return asyncio.run(_poll(archive, sources, network=network, pace=pace, clock=clock, on_done=on_done, is_stopped=is_stopped))


async def _poll(
    archive: Archive,
    sources: Sequence[Source],
    *,
    network: NetworkRules,
    pace: Pace,
    clock: Callable[[], datetime],
    on_done: Callable[[Outcome], None],
    is_stopped: Callable[[], bool],
) -> Round:
    started = time.monotonic()
    states = archive.intake.states()
    outcomes: list[Outcome] = []
    async with Web(network, clock) as web:

        async def one(source: Source) -> None:
            outcome = await _read(archive, web, source, states.get(source.id, SourceState(id=source.id)), pace, clock)
            outcomes.append(outcome)
            on_done(outcome)

        reading = {asyncio.create_task(one(source)) for source in sources}
        while reading:
            done, reading = await asyncio.wait(reading, timeout=0.2)
            for task in done:
                task.result()  # an archive that cannot be written ends the round
            if is_stopped():
                for task in reading:
                    task.cancel()
                await asyncio.gather(*reading, return_exceptions=True)
                break
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
    except (ArchiveBusy, ArchiveError):
        raise  # no fault of the source
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
        next_poll=now + jittered(interval(source, pace), pace),
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
    text = clean(error.cause if error.hint is None else f"{error.cause}. {error.hint}")[:300]
    failed = replace(
        state,
        last_attempt=now,
        error_kind=kind.value,
        error_text=text,
        error_at=now,
        error_count=count,
        not_before=asked,
        next_poll=max(asked or now, now + jittered(backoff(source, pace, count), pace)),
    )
    with archive.errors():
        archive.intake.store_state(failed)
    return Outcome(source=source.id, status="failed", error=f"{kind.value}: {text}")
