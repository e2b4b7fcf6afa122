"""What is remembered of a source after a fetch: validators, moves, failures, rhythm, and when it is asked again. Pure.

Nothing is believed at once: a move for good, and 410, count only when the next answer says the same.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from monitor import rhythm
from monitor.errors import FetchError, FetchKind, MonitorError
from monitor.items import Fetched, Reading, Source, SourceState, Validators
from monitor.normalise import clean
from monitor.pace import MAX_BACKOFF, Pace, backoff, is_ahead, jittered, wait

FULL_EVERY = timedelta(days=1)
"""How often a source that says "not modified" is asked without validators, because some servers say so for ever."""
LEARN_EVERY = timedelta(hours=6)
"""How often the rhythm learns that nothing came; what came it learns at once."""
CONFIRMED = 2
"""Answers in a row that say the same thing before it is believed."""
GONE_EVERY = timedelta(days=7)
"""How often a source is asked that said 410 and meant it: some come back."""
LOST_AFTER = 3
"""Failures in a row at the address a source moved to, after which the old one is asked again."""
SILENT_AFTER = timedelta(days=1)
_SURELY_SOMETHING = -math.log(0.01)
"""Moments to be expected from which on silence has a chance below 1 % (Poisson)."""
MIN_WINDOW = 5
"""Entries from which on a document without a single known one says that we come too late."""


def current(source: Source, state: SourceState) -> SourceState:
    """The state, as far as it was learned from the address that feeds.yaml has now."""
    if state.url in (None, source.url):
        return state
    return SourceState(
        id=source.id, had_entries=False, polls=state.polls, last_new=state.last_new, last_success=state.last_success
    )


def address(source: Source, state: SourceState) -> str:
    """Where the source is to be asked."""
    return state.address or source.url


def validators(state: SourceState, now: datetime) -> Validators | None:
    """What to ask "anything new?" with; None: ask for the whole document."""
    is_time_for_full = state.last_full is None or not state.last_full <= now < state.last_full + FULL_EVERY
    return None if is_time_for_full or state.error_count else state.validators


def held_until(state: SourceState, now: datetime) -> datetime | None:
    """When the source may be asked again, if its server asked for patience (Retry-After); None if it may be asked now.

    What a clock that was ahead stored, or a moment further ahead than any server is granted, is not believed.
    """
    is_held = state.not_before is not None and now < state.not_before <= now + MAX_BACKOFF * 1.2 and not is_ahead(state, now)
    return state.not_before if is_held else None


def after_success(
    source: Source,
    state: SourceState,
    fetched: Fetched,
    reading: Reading | None,
    *,
    new: Sequence[datetime],
    notes: Sequence[str],
    zone: ZoneInfo,
    pace: Pace,
    now: datetime,
) -> SourceState:
    """The state after an answer that was kept.

    Args:
        reading: None if the server said that nothing changed.
        new: moments of the items that were not known before.
        notes: what intake found odd, besides the reading's own.
    """
    known = learned = rhythm.read(state.rhythm)
    is_fresh = learned is not None and timedelta() <= now - learned.at < LEARN_EVERY
    if new or not is_fresh:
        learned = rhythm.learn(
            learned,
            new,
            since=state.last_success if state.polls else None,
            now=now,
            zone=zone,
            entries=reading.entries if reading else 0,
        )
    fresh_for = max(fetched.fresh_for, reading.fresh_for if reading else timedelta())
    healthy = replace(
        state,
        url=source.url,
        validators=fetched.validators,
        polls=state.polls + 1,
        gone_count=0,
        rhythm=state.rhythm if learned is None or learned is known else rhythm.written(learned),
        last_attempt=now,
        last_success=now,
        error_kind=None,
        error_text=None,
        error_at=None,
        error_count=0,
        not_before=None,
        next_poll=now + jittered(wait(source, learned, pace, now=now, zone=zone, fresh_for=fresh_for), pace),
    )
    if reading is not None:
        # one place names both: the header's hub knows nothing of the document's topic
        hub, topic = (fetched.hub, fetched.topic) if fetched.hub and fetched.topic else (reading.hub, reading.topic)
        healthy = replace(
            healthy,
            last_full=now,
            had_entries=state.had_entries or reading.entries > 0,
            entries=reading.entries,
            seen=reading.seen,
            reader=reading.reader,
            notes=tuple(clean(note)[:300] for note in (*reading.notes, *notes))[:20],
            last_new=now if new else state.last_new,
            hub=hub,
            topic=topic,
        )
    return _moved(healthy, fetched.moved_to)


def after_failure(source: Source, state: SourceState, error: MonitorError, *, pace: Pace, now: datetime) -> SourceState:
    """The state after a fetch that failed; what was learned before stays."""
    kind = error.kind if isinstance(error, FetchError) else FetchKind.NOT_A_FEED
    asked = error.retry_after if isinstance(error, FetchError) else None
    count = state.error_count + 1
    text = clean(error.cause if error.hint is None else f"{error.cause}. {error.hint}")[:300]
    gone_count = state.gone_count + 1 if kind is FetchKind.GONE else 0
    span = backoff(source, kind, count, pace)
    if gone_count >= CONFIRMED:
        text, span = f"{text}, said {gone_count} times; asked once a week from now on", GONE_EVERY
    failed = replace(
        state,
        url=source.url,
        gone_count=gone_count,
        last_attempt=now,
        error_kind=kind.value,
        error_text=text,
        error_at=now,
        error_count=count,
        not_before=asked,
        next_poll=max(asked or now, now + jittered(span, pace)),
    )
    if state.address is not None and count >= LOST_AFTER:
        return replace(failed, address=None, moved_to=None, moved_count=0, validators=Validators())
    return failed


def is_late(reading: Reading, state: SourceState, new: int) -> bool:
    """True if a document of a source that was read before has no entry that is known: others may have come and gone unseen."""
    return state.had_entries and reading.entries >= MIN_WINDOW and new == reading.entries


def is_silent(state: SourceState, *, zone: ZoneInfo, now: datetime) -> bool:
    """True if a source that is read without an error has brought nothing new for so long that, publishing as it does, it would
    be so by chance less than once in a hundred times.
    """
    learned = rhythm.read(state.rhythm)
    if learned is None or state.last_new is None or state.error_count or now - state.last_new < SILENT_AFTER:
        return False
    return rhythm.expected(learned, since=state.last_new, until=now, zone=zone) > _SURELY_SOMETHING


def _moved(state: SourceState, moved_to: str | None) -> SourceState:
    """The state with a move counted, and made when it is confirmed."""
    if moved_to is None:
        return replace(state, moved_to=None, moved_count=0)
    count = state.moved_count + 1 if moved_to == state.moved_to else 1
    if count < CONFIRMED:
        return replace(state, moved_to=moved_to, moved_count=count)
    return replace(state, address=moved_to, moved_to=None, moved_count=0)
