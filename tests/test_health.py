"""What is remembered of a source: nothing is believed at once, and nothing for ever."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from builders import NOW, a_source
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor import health
from monitor.errors import FetchError, FetchKind, MonitorError, ParseError
from monitor.items import Fetched, Reading, SourceState, Validators
from monitor.pace import Pace

SOURCE = a_source()
TOKYO = ZoneInfo("Asia/Tokyo")
PACE = Pace(jitter=0)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
FRESH = SourceState(id="meti")
ETAG = Validators(etag='"1"')
THERE, ELSEWHERE = "https://there.example/feed", "https://elsewhere.example/feed"


def answered(**changes: object) -> Fetched:
    base = {"url": SOURCE.url, "body": b"x", "content_type": "", "validators": ETAG, "is_unmodified": False, "at": NOW}
    return Fetched(**base | changes)  # type: ignore[arg-type]


def a_reading(**changes: object) -> Reading:
    base = {
        "items": (),
        "entries": 3,
        "seen": b"12345678",
        "notes": (),
        "reader": "fast",
        "older": (),
        "hub": None,
        "topic": None,
    }
    return Reading(**base | {"fresh_for": timedelta()} | changes)  # type: ignore[arg-type]


def success(
    state: SourceState = FRESH,
    fetched: Fetched | None = None,
    reading: Reading | None = None,
    *,
    after: timedelta = HOUR,
    new: int = 0,
    notes: tuple[str, ...] = (),
    is_unmodified: bool = False,
) -> SourceState:
    """The state after a fetch an hour after the last one, or after another span."""
    now = (state.last_attempt or NOW) + after
    return health.after_success(
        SOURCE,
        state,
        fetched or answered(),
        None if is_unmodified else reading or a_reading(),
        new=[now] * new,
        notes=notes,
        zone=TOKYO,
        pace=PACE,
        now=now,
    )


def failure(
    state: SourceState = FRESH, error: MonitorError | FetchKind = FetchKind.STATUS, after: timedelta = HOUR
) -> SourceState:
    now = (state.last_attempt or NOW) + after
    raised = FetchError("HTTP 500", kind=error) if isinstance(error, FetchKind) else error
    return health.after_failure(SOURCE, state, raised, pace=PACE, now=now)


def test_a_success_keeps_what_the_answer_said_and_forgets_what_failed() -> None:
    """The next poll is ahead; the failures are counted anew."""
    found = success(failure(failure()), reading=a_reading(hub="https://hub.example/", topic=SOURCE.url))
    assert (found.error_kind, found.error_text, found.error_at, found.error_count, found.not_before) == (
        None,
        None,
        None,
        0,
        None,
    )
    assert (found.validators, found.seen, found.entries, found.had_entries, found.reader) == (ETAG, b"12345678", 3, True, "fast")
    assert (found.hub, found.topic) == ("https://hub.example/", SOURCE.url)
    assert found.last_success == found.last_full == found.last_attempt
    assert found.next_poll is not None
    assert found.next_poll > found.last_attempt  # type: ignore[operator]


def test_an_answer_of_nothing_new_keeps_what_the_last_document_left() -> None:
    """304 says nothing of entries, notes and hubs; they stay."""
    before = success(reading=a_reading(notes=("cut",), hub="https://hub.example/", topic="t"), new=2)
    found = success(before, answered(is_unmodified=True), is_unmodified=True)
    kept = ("seen", "entries", "had_entries", "notes", "hub", "topic", "last_full", "last_new", "reader")
    assert {name: getattr(found, name) for name in kept} == {name: getattr(before, name) for name in kept}
    assert found.last_success == before.last_success + HOUR  # type: ignore[operator]


def test_a_move_for_good_is_made_when_the_next_answer_says_the_same() -> None:
    """Once is chance, twice is a move; `monitor status` says so as long as feeds.yaml has the old address."""
    once = success(fetched=answered(moved_to=THERE))
    assert (once.address, once.moved_to, once.moved_count, once.notes) == (None, THERE, 1, ())
    twice = success(once, answered(moved_to=THERE))
    assert (twice.address, twice.moved_to, twice.moved_count) == (THERE, None, 0)
    assert health.address(SOURCE, twice) == THERE


def test_a_move_to_another_place_is_counted_anew() -> None:
    """Two answers that disagree confirm nothing."""
    found = success(success(fetched=answered(moved_to=THERE)), answered(moved_to=ELSEWHERE))
    assert (found.address, found.moved_to, found.moved_count) == (None, ELSEWHERE, 1)


def test_a_move_that_is_taken_back_is_forgotten() -> None:
    """An answer from the old place in between makes the next one the first again."""
    found = success(success(success(fetched=answered(moved_to=THERE))), answered(moved_to=THERE))
    assert (found.address, found.moved_count) == (None, 1)


def test_a_failure_in_between_does_not_confirm_a_move() -> None:
    """It says nothing of it, either way."""
    found = failure(success(fetched=answered(moved_to=THERE)))
    assert (found.address, found.moved_to, found.moved_count) == (None, THERE, 1)


def test_a_place_that_is_lost_gives_way_to_the_one_of_feeds_yaml() -> None:
    """After three failures in a row at the new address the old one is asked again, for the whole document."""
    moved = success(success(fetched=answered(moved_to=THERE)), answered(moved_to=THERE))
    once = failure(moved)
    assert health.address(SOURCE, failure(once)) == THERE
    lost = failure(failure(once))
    assert (health.address(SOURCE, lost), lost.validators, lost.error_count) == (SOURCE.url, Validators(), 3)


def test_a_source_that_is_gone_twice_is_asked_once_a_week() -> None:
    """One 410 is an error like others; it is never dropped, and comes back as if nothing had been."""
    once = failure(error=FetchKind.GONE)
    assert once.next_poll - once.last_attempt < DAY  # type: ignore[operator]
    twice = failure(once, FetchKind.GONE)
    assert twice.next_poll - twice.last_attempt == health.GONE_EVERY  # type: ignore[operator]
    assert "asked once a week" in str(twice.error_text)
    back = success(twice)
    assert (back.gone_count, back.error_kind) == (0, None)


def test_another_failure_between_two_410_counts_them_anew() -> None:
    """Only what is said twice in a row is believed."""
    found = failure(failure(failure(error=FetchKind.GONE), FetchKind.TIMEOUT), FetchKind.GONE)
    assert found.gone_count == 1


def test_an_address_changed_in_feeds_yaml_forgets_what_was_learned_from_the_other() -> None:
    """The new one is asked for a whole document, at once; how often the source was read stays known."""
    moved = success(success(fetched=answered(moved_to=THERE)), answered(moved_to=THERE))
    state = failure(failure(moved, FetchKind.GONE), FetchKind.GONE)
    found = health.current(replace(SOURCE, url="https://new.example/feed"), state)
    assert found == SourceState(id="meti", polls=2, last_new=state.last_new, last_success=state.last_success)
    assert health.current(SOURCE, state) == state
    assert health.current(SOURCE, FRESH) == FRESH


@pytest.mark.parametrize(
    ("age", "is_asked"),
    [
        (timedelta(), True),
        (HOUR, True),
        (DAY - timedelta(seconds=1), True),
        (DAY, False),
        (DAY * 30, False),
        (-HOUR, False),
    ],
    ids=["now", "an hour", "nearly a day", "a day", "a month", "the clock ran back"],
)
def test_validators_are_sent_for_a_day_after_a_whole_document(age: timedelta, is_asked: bool) -> None:
    """Some servers say "not modified" for ever; once a day they are asked for everything."""
    state = replace(FRESH, validators=ETAG, last_full=NOW - age)
    assert health.validators(state, NOW) == (ETAG if is_asked else None)


def test_validators_are_withheld_before_a_first_document_and_after_a_failure() -> None:
    """A 304 would turn a failure into a success that brings nothing."""
    assert health.validators(replace(FRESH, validators=ETAG), NOW) is None
    assert health.validators(replace(FRESH, validators=ETAG, last_full=NOW, error_count=1), NOW) is None


def test_retry_after_is_kept_and_the_next_poll_waits_for_it() -> None:
    """The longer of the two waits counts; a success forgets it."""
    asked = NOW + timedelta(hours=9)
    found = failure(error=FetchError("HTTP 429", kind=FetchKind.RATE_LIMITED, retry_after=asked))
    assert (found.not_before, found.next_poll) == (asked, asked)
    soon = failure(error=FetchError("HTTP 429", kind=FetchKind.RATE_LIMITED, retry_after=NOW))
    assert soon.next_poll > NOW + HOUR  # type: ignore[operator]
    assert success(found).not_before is None


def test_a_failure_is_told_in_one_bounded_line_without_control_characters() -> None:
    """It is shown in a terminal and in a table."""
    found = failure(error=ParseError(f"bad\x1b[31m\n{'x' * 1000}", hint="Look"))
    assert found.error_kind == "not_a_feed"
    assert len(str(found.error_text)) == 300
    assert not {"\x1b", "\n"} & set(str(found.error_text))


def test_notes_are_clean_bounded_and_of_the_last_document_only() -> None:
    """At most twenty, each a line."""
    many = tuple(f"note {number}\n\x07{'x' * 400}" for number in range(30))
    found = success(reading=a_reading(notes=many), notes=("moves fast",))
    assert len(found.notes) == 20
    assert {len(note) for note in found.notes} == {300}
    assert success(found, reading=a_reading(notes=("repaired",)), notes=("moves fast",)).notes == ("repaired", "moves fast")


@pytest.mark.parametrize(
    ("had_entries", "entries", "new", "is_late"),
    [
        (True, 5, 5, True),
        (True, 5, 4, False),
        (True, 4, 4, False),
        (False, 50, 50, False),
        (True, 50, 50, True),
        (True, 0, 0, False),
    ],
)
def test_a_document_without_a_known_entry_came_too_late(had_entries: bool, entries: int, new: int, is_late: bool) -> None:
    """Unless it is the first one, or too short to say."""
    assert health.is_late(a_reading(entries=entries), replace(FRESH, had_entries=had_entries), new) is is_late


def test_a_hub_and_its_topic_come_from_one_place() -> None:
    """The header's pair goes before the document's; half a pair is none."""
    document = a_reading(hub="https://hub.example/d", topic="d")
    header = answered(hub="https://hub.example/h", topic="h")
    assert success(fetched=header, reading=document).topic == "h"
    assert success(fetched=replace(header, topic=None), reading=document).hub == "https://hub.example/d"


def test_a_source_that_publishes_daily_is_silent_after_some_days_and_one_that_fails_is_not() -> None:
    """A failing source says so itself."""
    state = FRESH
    for _ in range(60):
        state = success(state, new=1, after=DAY)
    later = state.last_attempt + DAY * 14  # type: ignore[operator]
    assert health.is_silent(state, zone=TOKYO, now=later)
    assert not health.is_silent(state, zone=TOKYO, now=state.last_attempt + HOUR)  # type: ignore[operator]
    assert not health.is_silent(replace(state, error_count=1), zone=TOKYO, now=later)
    assert not health.is_silent(FRESH, zone=TOKYO, now=later)


SPANS = st.timedeltas(-timedelta(days=40), timedelta(days=40))
EVENTS = st.lists(
    st.one_of(
        st.tuples(st.just("failed"), SPANS, st.sampled_from(FetchKind)),
        st.tuples(st.just("unmodified"), SPANS, st.sampled_from([None, THERE, ELSEWHERE])),
        st.tuples(st.just("read"), SPANS, st.sampled_from([None, THERE, ELSEWHERE])),
    ),
    max_size=12,
)


@given(EVENTS)
@settings(max_examples=150, deadline=None)
def test_whatever_happens_the_state_makes_sense(events: list[tuple]) -> None:
    """The next poll lies ahead, but no further than a week; a move was said twice; counts are of what came last."""
    state = FRESH
    said: list[str | None] = []
    for what, after, detail in events:
        before = state
        if what == "failed":
            state = failure(state, detail, after)
            assert (state.error_count, state.polls) == (before.error_count + 1, before.polls)
        else:
            state = success(state, answered(moved_to=detail), after=after, is_unmodified=what == "unmodified")
            said.append(detail)
            assert (state.error_count, state.polls) == (0, before.polls + 1)
            if state.address not in (None, before.address):
                assert said[-2:] == [state.address] * 2
        assert state.last_attempt is not None
        assert state.next_poll is not None
        assert timedelta() < state.next_poll - state.last_attempt <= health.GONE_EVERY
        assert health.address(SOURCE, state) in (SOURCE.url, THERE, ELSEWHERE)
        if health.validators(state, state.last_attempt) is not None:
            assert state.error_count == 0
