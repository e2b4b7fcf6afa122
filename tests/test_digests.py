"""What a digest covers: each event once, under the heading that says most; dates, the chart, what was watched."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from builders import a_date, a_shown
from conftest import NOW, Clock
from digest_desk import MORNING, Desk, headings

from monitor.archive import Archive
from monitor.archive.intake import Change
from monitor.changes import DateChange
from monitor.digest_content import MAX_EVENTS
from monitor.items import DateKind, SourceState, Stage


@pytest.fixture
def desk(archive: Archive, clock: Clock) -> Desk:
    return Desk(archive, clock)


# ---- what is told, and where


def test_each_event_stands_once_under_the_heading_that_says_most(desk: Desk) -> None:
    """New of weight, a single item, gone further, moved."""
    before = NOW - timedelta(days=3)
    desk.official("E-new")
    desk.file("E-several", source="wire")
    desk.file("E-several", source="other")
    desk.file("E-single")
    desk.official("E-further", before, shown=a_shown("NPRM"))
    desk.official("E-further", shown=a_shown("final rule"))
    desk.file("E-moved", before)
    desk.file("E-moved")
    assert {name: sorted(ids) for name, ids in headings(desk.content()).items()} == {
        "new": ["E-new", "E-several"],
        "escalated": ["E-further"],
        "moved": ["E-moved"],
        "singles": ["E-single"],
    }


def test_a_further_stage_is_told_with_the_one_before(desk: Desk) -> None:
    """As it stood of the items that were judged before the span, without any record of it."""
    desk.official("E-1", NOW - timedelta(days=3), shown=a_shown("NPRM"))
    desk.official("E-1", shown=a_shown("final rule"))
    [entry] = desk.content().escalated
    assert entry.was is not None
    assert (entry.was.stage, entry.was.step, entry.event.stage, entry.event.step) == (
        Stage.PROPOSED,
        "NPRM",
        Stage.FINAL,
        "final rule",
    )


@pytest.mark.parametrize(("before", "now", "is_told"), [(4, 5, True), (3, 4, False), (5, 6, False), (14, 16, True)])
def test_passing_five_or_fifteen_sources_is_going_further(desk: Desk, before: int, now: int, is_told: bool) -> None:
    """Those that tell it in their own words; copies do not count."""
    first = None
    for number in range(now):
        at = NOW - (timedelta(days=3) if number < before else timedelta(hours=1))
        first = (
            desk.file("E-1", at, source=f"s{number}") if first is None else (desk.file("E-1", at, source=f"s{number}") and first)
        )
    assert first is not None
    desk.file("E-1", source="echo", copy_of=first.id)
    content = desk.content()
    assert headings(content) == {"escalated" if is_told else "moved": ["E-1"]}
    [entry] = content.escalated or content.moved
    assert entry.was is not None
    assert (entry.was.sources, entry.sources) == (before, now)


def test_a_stage_that_a_day_brought_is_told_without_an_item(desk: Desk) -> None:
    """A stated date of effect puts in force by itself."""
    effective = a_date(NOW.date(), DateKind.EFFECTIVE, sentence="Effective May 1, 2026.")
    desk.official("E-1", NOW - timedelta(days=30), shown=a_shown("final rule"), dates=(effective,))
    came = NOW - timedelta(hours=2)
    [event] = [each for each in desk.archive.events.due(came.date()) if desk.archive.events.has_advanced(each, came)]
    desk.archive.judging.advance(event, [], {}, came)
    [entry] = desk.content().escalated
    assert (entry.event.stage, [each.item.title for each in entry.items]) == (Stage.IN_FORCE, ["Report 1"])


def test_an_item_outside_the_filter_is_never_shown(desk: Desk) -> None:
    """Not as news, not as a date, not as the title of an event that it took further."""
    day = (NOW + timedelta(days=5)).date()
    mine = desk.file("E-1", NOW - timedelta(days=3), lang="en")
    desk.official("E-1", shown=a_shown("final rule"), lang="ja", title="よその言葉", dates=(a_date(day),))
    desk.file("E-2", lang="ja", title="よその言葉", dates=(a_date(day),))
    content = desk.content(when="lang:en")
    assert headings(content) == {"escalated": ["E-1"]}
    assert [each.item.id for each in content.escalated[0].items] == [mine.id]
    assert [(each.deadline.event, each.item.id) for each in content.dates] == [("E-1", mine.id)]


def test_without_a_filter_everything_with_a_theme_is_told(desk: Desk) -> None:
    """Not the whole news."""
    desk.file("E-1")
    desk.file("E-2", theme=None)
    assert headings(desk.content(when="")) == {"singles": ["E-1"]}


def test_an_event_goes_by_a_title_that_its_reader_can_read(desk: Desk) -> None:
    """Where the new items are in other languages, an earlier one in his own leads, the nearest to the source first."""
    before = NOW - timedelta(days=3)
    desk.file("E-1", before, lang="en", title="Report")
    desk.official("E-1", before, lang="en", title="Rule")
    desk.file("E-1", lang="ja", title="続報")
    desk.file("E-2", lang="en", title="News")
    desk.file("E-2", lang="ja", title="記事")
    found = {each.event.id: each.lead and each.lead.title for each in (*desk.content().moved, *desk.content().new)}
    assert found == {"E-1": "Rule", "E-2": None}
    assert desk.content(lang="ko").moved[0].lead is None


def test_an_event_is_new_to_the_reader_whose_first_item_it_has(desk: Desk) -> None:
    """Though it goes on for long: told so, and not as if he had known it."""
    desk.file("E-1", NOW - timedelta(days=20), theme="telecom_5g")
    desk.official("E-1")
    [entry] = desk.content().new
    assert (entry.was is None, entry.is_known) == (False, False)


def test_what_fell_quiet_is_told_once_when_a_week_is_over(desk: Desk) -> None:
    """Neither a day before nor a day after, and only what was more than one item."""
    last = NOW - timedelta(days=7, hours=2)
    desk.official("E-1", NOW - timedelta(days=9), shown=a_shown("NPRM"))
    desk.file("E-1", last)
    desk.file("E-single", last)
    days = [NOW + timedelta(days=shift) for shift in (-1, 0, 1)]
    found = [headings(desk.content(day - timedelta(days=1), day)).get("quiet") for day in days]
    assert found == [None, ["E-1"], None]
    assert desk.content().quiet[0].event.expected is not None


def test_a_reader_hears_of_quiet_only_where_he_heard_of_noise(desk: Desk) -> None:
    """A new reader is not told what ended before he came."""
    desk.file("E-1", NOW - timedelta(days=9))
    desk.file("E-1", NOW - timedelta(days=7, hours=2))
    digests = desk.digests()
    digests.order(MORNING, "2026-05-01", "mori@x.example", NOW)
    assert headings(desk.content(channel="mori@x.example")) == {}
    old = replace(MORNING, to=("sato@x.example",))
    digests.order(old, "2026-04-22", "sato@x.example", NOW - timedelta(days=8.5))
    assert headings(desk.content(channel="sato@x.example")) == {"quiet": ["E-1"]}


def test_an_event_that_was_heard_again_did_not_fall_quiet(desk: Desk) -> None:
    """An item of today makes it one that moved."""
    desk.file("E-1", NOW - timedelta(days=9))
    desk.file("E-1", NOW - timedelta(days=7, hours=2))
    desk.file("E-1")
    assert headings(desk.content()) == {"moved": ["E-1"]}


def test_at_most_so_many_events_are_told_and_the_rest_counted(desk: Desk) -> None:
    """The most important first, and every heading keeps some room."""
    for number in range(MAX_EVENTS + 4):
        desk.official(f"E-new{number}", score=0.99 - number / 1000)
    for number in range(3):
        desk.file(f"E-old{number}", NOW - timedelta(days=2))
        desk.file(f"E-old{number}")
    content = desk.content()
    assert (len(content.new), len(content.moved), content.left_out) == (MAX_EVENTS - 3, 3, 7)
    assert [each.event.id for each in content.new[:2]] == ["E-new0", "E-new1"]


# ---- dates


def test_dates_are_marked_by_what_became_of_them_since(desk: Desk) -> None:
    """New, moved and withdrawn since the last digest; an old one stands unmarked."""
    before, day = NOW - timedelta(days=3), NOW.date()
    ahead = [day + timedelta(days=n) for n in (4, 5, 6, 20)]
    desk.official("E-old", before, shown=a_shown("NPRM"), dates=(a_date(ahead[0]),))
    desk.official("E-new", shown=a_shown("NPRM"), dates=(a_date(ahead[1]),))
    desk.official("E-moved", before, shown=a_shown("NPRM"), dates=(a_date(ahead[2]),))
    desk.official(
        "E-moved", title="Extension of comment period", dates=(a_date(ahead[3], sentence="The comment period is extended."),)
    )
    desk.official("E-gone", before, shown=a_shown("final rule"), dates=(a_date(ahead[1], DateKind.EFFECTIVE),))
    desk.official("E-gone", shown=a_shown("withdrawn"), title="Withdrawal")
    content = desk.content()
    assert {(each.deadline.event, each.change, each.was) for each in content.dates} == {
        ("E-old", None, None),
        ("E-new", DateChange.NEW, None),
        ("E-moved", DateChange.MOVED, ahead[2]),
        ("E-gone", DateChange.WITHDRAWN, ahead[1]),
    }
    assert {each.event for each in content.changed} == {"E-new", "E-moved", "E-gone"}
    later = desk.content(NOW, NOW + timedelta(hours=1))
    assert {(each.deadline.event, each.change) for each in later.dates} == {("E-old", None), ("E-new", None)}
    assert later.changed == ()


def test_a_new_date_far_ahead_goes_to_the_calendar_alone(desk: Desk) -> None:
    """The list shows two weeks, the calendar all that is ahead."""
    desk.official("E-1", dates=(a_date(NOW.date() + timedelta(days=90)),))
    desk.official("E-2", dates=(a_date(NOW.date() - timedelta(days=90)),))
    content = desk.content()
    assert (content.dates, [each.event for each in content.changed]) == ((), ["E-1"])


def test_a_date_that_a_merge_ended_is_cancelled_in_the_calendar(desk: Desk) -> None:
    """Its entry would stay for ever otherwise."""
    day = NOW.date() + timedelta(days=5)
    one = desk.official("E-1", NOW - timedelta(days=4), dates=(a_date(day),))
    two = desk.official("E-2", NOW - timedelta(days=3), dates=(a_date(day),), source="other")
    desk.archive.events.merge("E-1", "E-2", who="analyst", now=NOW - timedelta(hours=2))
    assert {each.date.uid.split("-comments")[0]: each.date.is_withdrawn for each in desk.content().changed} == {two.id: True}
    assert one.id not in {each.date.item for each in desk.content().changed}
    assert desk.content(NOW, NOW + timedelta(days=1)).changed == ()


# ---- the chart, the heartbeat


def test_the_chart_counts_items_a_day_of_the_readers_themes(desk: Desk) -> None:
    """By his own days, without copies, for thirty days."""
    tokyo = ZoneInfo("Asia/Tokyo")
    until = datetime(2026, 5, 1, 8, 0, tzinfo=tokyo)
    first = desk.file("E-1", datetime(2026, 5, 1, 0, 30, tzinfo=tokyo))
    desk.file("E-1", datetime(2026, 4, 30, 23, 30, tzinfo=tokyo))
    desk.file("E-1", datetime(2026, 4, 30, 23, 40, tzinfo=tokyo), copy_of=first.id)
    desk.file("E-2", datetime(2026, 4, 2, 0, 30, tzinfo=tokyo))
    desk.file("E-3", datetime(2026, 4, 1, 23, 30, tzinfo=tokyo))
    desk.file("E-4", datetime(2026, 4, 30, 12, 0, tzinfo=tokyo), theme="telecom_5g")
    [row] = desk.content(until=until).days
    assert (row.theme, len(row.counts), row.counts[0], row.counts[-2:], sum(row.counts)) == ("export_control", 30, 1, (1, 1), 3)


@pytest.mark.parametrize("tz", ["Asia/Tokyo", "America/New_York"])
def test_a_day_that_is_stated_is_that_day_in_the_chart_of_every_reader(desk: Desk, tz: str) -> None:
    """Neither the evening before in New York, nor still to come on a morning in Tokyo."""
    today = date(2026, 5, 1)
    until = datetime(2026, 5, 1, 8, 0, tzinfo=ZoneInfo(tz))
    for number, ago in enumerate((0, 1, 29)):
        stated = datetime.combine(today - timedelta(days=ago), time(), UTC)
        desk.file(f"E-{number}", min(stated, until - timedelta(hours=1)), published=stated)
    [row] = desk.content(until=until, tz=tz).days
    assert (row.counts[0], row.counts[-2:], sum(row.counts)) == (1, (1, 1), 3)


def test_a_digest_says_what_was_watched(desk: Desk) -> None:
    """Sources that were read as planned, the last reading, and what came in, whoever wants it."""
    desk.file("E-1", theme=None)
    state = SourceState(id="bis", polls=1, last_success=NOW - timedelta(minutes=3), last_attempt=NOW, next_poll=NOW)
    desk.archive.intake.store(Change(state=state, at=NOW))
    content = desk.content()
    assert (content.sources, content.read, content.last_reading, content.came) == (2, 1, NOW - timedelta(minutes=3), 1)


def test_a_digest_repeated_later_says_the_same(desk: Desk) -> None:
    """What came meanwhile belongs to the next one."""
    desk.official("E-1", shown=a_shown("NPRM"))
    first = desk.content()
    desk.official("E-1", NOW + timedelta(minutes=5), shown=a_shown("final rule"))
    desk.file("E-2", NOW + timedelta(minutes=5))
    assert desk.content() == first
    assert headings(desk.content(NOW, NOW + timedelta(hours=1))) == {"escalated": ["E-1"], "singles": ["E-2"]}
