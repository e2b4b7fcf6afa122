"""Events as the archive tells them: whole records, what moved and how much it matters, deadlines, in force by the clock."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from builders import NOW, a_date, a_shown, an_item
from filed_events import LATER, A, B, C, D, a_notice, file, items_of, judged, stage_of, two

from monitor.archive import Archive
from monitor.errors import UsageError
from monitor.items import DateKind, Entity, Identifier, Stage, Tier

# Records


def test_a_record_tells_what_its_items_say(archive: Archive) -> None:
    """Stage and way, dates, themes with the best score, sources, languages, identifiers, names; a copy is no source of its own."""
    rule = a_notice(1, title="Interim rule on gallium", published=NOW - timedelta(hours=3))
    echo = an_item(
        source="wire", key="w", url="http://wire.example/w", title="米国、ガリウムの規則", country="JP", tier=Tier.WIRE
    )
    cfr, gallium = Identifier(type="cfr", value="15 CFR 744"), Entity(id="min-gallium", type="mineral", surface="gallium")
    file(
        archive,
        judged(
            rule,
            A,
            shown=a_shown("interim final rule"),
            dates=[a_date(date(2026, 6, 30))],
            identifiers=[cfr],
            entities=[gallium],
            themes={"export_control": 0.7},
        ),
        judged(echo, A, themes={"export_control": 0.8, "critical_minerals": 0.95}, identifiers=[cfr]),
    )
    found = archive.events.record(A, NOW)
    assert (found.id, found.title, found.items) == (A, "Interim rule on gallium", 2)
    assert (found.stage, found.step, found.jurisdiction) == (Stage.FINAL, "interim final rule", "US")
    assert [(each.item, each.tier) for each in found.way] == [(rule.id, Tier.OFFICIAL)]
    assert (found.sources, found.langs, found.countries) == (("bis", "wire"), ("en", "ja"), ("US", "JP"))
    assert found.themes == (("critical_minerals", 0.95), ("export_control", 0.8))
    assert (found.identifiers, found.entities) == ((cfr,), (("min-gallium", "gallium", 1),))
    assert [(each.kind, each.date) for each in found.dates] == [(DateKind.COMMENTS_CLOSE, date(2026, 6, 30))]
    assert {each.lang: each.item for each in found.titles} == {"en": rule.id, "ja": echo.id}


def test_records_come_in_the_order_asked_for(archive: Archive) -> None:
    """However the archive has them."""
    two(archive)
    assert [each.id for each in archive.events.records([B, A], NOW)] == [B, A]
    assert [each.id for each in archive.events.records([A, B], NOW)] == [A, B]


def test_the_timeline_is_in_order_of_time_not_of_arrival(archive: Archive) -> None:
    """What was published before stands before, though it came later."""
    late, early = a_notice(1, published=NOW), a_notice(2, published=NOW - timedelta(days=2))
    file(archive, judged(late, A), judged(early, A))
    assert items_of(archive, A) == [early.id, late.id]
    assert [each.filed.item.id for each in archive.events.parts(A)] == [early.id, late.id]


def test_an_event_is_found_by_the_beginning_of_its_id(archive: Archive) -> None:
    """In any case; what begins several, or none, is named."""
    two(archive)
    assert archive.events.find("e-AAA") == A
    assert archive.events.find(B) == B
    with pytest.raises(UsageError, match="beginning of several"):
        archive.events.find("E-")
    with pytest.raises(UsageError, match="there is no event 'E-zzz'"):
        archive.events.find("E-zzz")


# What moved


def test_what_moved_comes_by_importance(archive: Archive) -> None:
    """A final measure before a report, whichever moved last; each with its whole record."""
    file(archive, judged(a_notice(1), A, themes={"export_control": 0.9}, shown=a_shown("final rule")))
    file(archive, judged(a_notice(2, tier=Tier.PRESS), B, themes={"export_control": 0.9}), at=LATER)
    file(archive, judged(a_notice(3), C, themes={"export_control": 0.9}, shown=a_shown("NPRM")), at=LATER)
    found = archive.events.moved(NOW, LATER)
    assert [each.id for each in found] == [A, C, B]
    assert found == archive.events.records([A, C, B], LATER)
    assert [each.id for each in archive.events.moved(NOW, LATER, limit=2)] == [A, C]


def test_only_what_moved_since_is_told(archive: Archive) -> None:
    """By the moment of the last judgement, not of publication."""
    file(archive, judged(a_notice(1, published=NOW), A), at=NOW)
    file(archive, judged(a_notice(2, published=NOW - timedelta(days=30)), B), at=LATER)
    assert [each.id for each in archive.events.moved(LATER, LATER)] == [B]


def test_what_moved_can_be_of_one_theme(archive: Archive) -> None:
    """An event has the themes of all its items; the whole name counts."""
    file(archive, judged(a_notice(1), A, themes={"export_control": 0.9}), judged(a_notice(2), A, themes={"telecom_5g": 0.6}))
    file(archive, judged(a_notice(3), B, themes={"export_control": 0.9}))
    assert [each.id for each in archive.events.moved(NOW, NOW, theme="telecom_5g")] == [A]
    assert {each.id for each in archive.events.moved(NOW, NOW, theme="export_control")} == {A, B}
    assert archive.events.moved(NOW, NOW, theme="telecom") == []


def test_an_event_without_a_theme_is_told_only_if_asked_for(archive: Archive) -> None:
    """Noise has events, too."""
    file(archive, judged(a_notice(1), A), judged(a_notice(2), B, themes={}))
    assert [each.id for each in archive.events.moved(NOW, NOW)] == [A]
    assert [each.id for each in archive.events.moved(NOW, NOW, is_themed=False)] == [A, B]


def test_a_merged_event_moves_no_more(archive: Archive) -> None:
    """It is counted and listed once, as the event that goes on."""
    two(archive)
    archive.events.merge(A, B, who="sato", now=LATER)
    assert [each.id for each in archive.events.moved(NOW, LATER)] == [A]
    assert archive.reading.counts()["events"] == 1


def test_what_moved_last_can_come_first(archive: Archive) -> None:
    """Whatever its importance, and not only among the most important."""
    file(archive, judged(a_notice(1), A, shown=a_shown("final rule")))
    later = NOW + timedelta(hours=1)
    file(archive, judged(a_notice(2, tier=Tier.PRESS), B), at=later)
    assert [each.id for each in archive.events.moved(NOW, later, limit=1)] == [A]
    assert [each.id for each in archive.events.moved(NOW, later, limit=1, by_time=True)] == [B]


# Deadlines


def test_a_moved_date_is_listed_once_on_its_new_day(archive: Archive) -> None:
    """With the day that it was and the same uid; also where only the old day lies in the span, so that a calendar's entry goes."""
    first = a_notice(1, published=NOW - timedelta(days=3))
    second = a_notice(2, title="Extension of comment period", published=NOW)
    file(archive, judged(first, A, dates=[a_date(date(2026, 5, 20))]))
    [before] = archive.events.deadlines(NOW.date(), date(2026, 12, 31), NOW)
    file(archive, judged(second, A, dates=[a_date(date(2026, 6, 20))]))
    [found] = archive.events.deadlines(NOW.date(), date(2026, 12, 31), NOW)
    assert (found.date.date, found.date.was, found.date.item) == (date(2026, 6, 20), (date(2026, 5, 20),), second.id)
    assert (found.date.uid, found.date.sequence) == (before.date.uid, before.date.sequence + 2)
    assert archive.events.deadlines(date(2026, 5, 1), date(2026, 5, 31), NOW) == [found]
    assert archive.events.deadlines(date(2026, 7, 1), date(2026, 12, 31), NOW) == []
    assert found.themes == ("export_control",)


def test_a_withdrawn_measures_dates_are_marked(archive: Archive) -> None:
    """They stay in the list, so that a calendar can cancel them."""
    file(
        archive,
        judged(a_notice(1, published=NOW - timedelta(days=3)), A, shown=a_shown("NPRM"), dates=[a_date(date(2026, 6, 20))]),
    )
    assert [each.date.is_withdrawn for each in archive.events.deadlines(NOW.date(), date(2026, 12, 31), NOW)] == [False]
    file(archive, judged(a_notice(2, published=NOW), A, shown=a_shown("withdrawn")))
    [found] = archive.events.deadlines(NOW.date(), date(2026, 12, 31), NOW)
    assert (found.date.date, found.date.is_withdrawn, found.date.sequence) == (date(2026, 6, 20), True, 1)


def test_deadlines_are_those_of_the_span_in_order_of_day(archive: Archive) -> None:
    """First and last day count; events without a theme and days of publication do not."""
    file(
        archive,
        judged(a_notice(1), B, dates=[a_date(date(2026, 6, 30)), a_date(date(2026, 7, 1))]),
        judged(a_notice(2), A, dates=[a_date(date(2026, 6, 30), DateKind.EFFECTIVE), a_date(date(2026, 6, 1), DateKind.HEARING)]),
        judged(a_notice(3), C, dates=[a_date(date(2026, 6, 15))], themes={}),
        judged(a_notice(4), D, dates=[a_date(date(2026, 6, 15), DateKind.PUBLISHED)]),
    )
    found = archive.events.deadlines(date(2026, 6, 1), date(2026, 6, 30), NOW)
    assert [(each.date.date.day, each.event, each.date.kind) for each in found] == [
        (1, A, DateKind.HEARING),
        (30, A, DateKind.EFFECTIVE),
        (30, B, DateKind.COMMENTS_CLOSE),
    ]


def test_one_date_of_two_events_is_one_after_their_merge(archive: Archive) -> None:
    """The calendar has it once, with the uid of the item that came first."""
    file(
        archive,
        judged(a_notice(1), A, dates=[a_date(date(2026, 6, 20))]),
        judged(a_notice(2), B, dates=[a_date(date(2026, 6, 20))]),
    )
    uid = archive.events.record(A, NOW).dates[0].uid
    archive.events.merge(B, A, who="sato", now=NOW)
    [found] = archive.events.deadlines(NOW.date(), date(2026, 12, 31), NOW)
    assert (found.event, found.date.uid) == (B, uid)


def test_the_entry_that_a_merge_makes_needless_is_told_to_calendars(archive: Archive) -> None:
    """Both events had an entry for the day; one goes on, the other is cancelled, and only for calendars."""
    day = a_date(date(2026, 6, 20))
    for number, event in ((1, A), (2, B)):
        file(archive, judged(a_notice(number), event, dates=[day]))
    span = (NOW.date(), date(2026, 12, 31), NOW)
    before = {each.date.uid for each in archive.events.deadlines(*span)}
    assert (len(before), archive.events.superseded(*span)) == (2, [])
    archive.events.merge(A, B, who="sato", now=NOW)
    [kept], [gone] = archive.events.deadlines(*span), archive.events.superseded(*span)
    assert {kept.date.uid, gone.date.uid} == before
    assert (gone.event, gone.date.is_withdrawn, gone.date.sequence, kept.date.is_withdrawn) == (A, True, 1, False)
    [back] = archive.events.decisions(A)
    archive.events.split(A, back.items, who="sato", now=NOW)
    assert archive.events.superseded(*span) == []
    assert {each.date.uid for each in archive.events.deadlines(*span)} == before


# In force by the clock


def advance(archive: Archive, now: datetime) -> int:
    """Put in force what is due by its date, as judgement does; how many events."""
    due = [event for event in archive.events.due(now.date()) if archive.events.has_advanced(event, now)]
    for event in due:
        archive.judging.advance(event, [], {}, now)
    return len(due)


def test_a_final_measure_is_in_force_when_its_date_comes_once(archive: Archive) -> None:
    """By the clock alone; the day before and the second time nothing happens."""
    rule = judged(a_notice(1), A, shown=a_shown("final rule"), dates=[a_date(date(2026, 5, 10), DateKind.EFFECTIVE)])
    file(archive, rule)
    eve, day = datetime.fromisoformat("2026-05-09T23:00Z"), datetime.fromisoformat("2026-05-10T06:00Z")
    assert (advance(archive, eve), stage_of(archive, A)) == (0, "final")
    assert (advance(archive, day), stage_of(archive, A)) == (1, "in_force")
    found = archive.events.record(A, day)
    assert (found.stage, found.last_seen, found.way[-1].item) == (Stage.IN_FORCE, day, None)
    assert advance(archive, day + timedelta(days=1)) == 0
    assert archive.events.record(A, day).last_seen == day


@pytest.mark.parametrize("step", ["NPRM", "withdrawn", "stayed", "effective"])
def test_nothing_else_comes_into_force_by_the_clock(archive: Archive, step: str) -> None:
    """Neither what is proposed nor what is withdrawn, held or in force already."""
    file(archive, judged(a_notice(1), A, shown=a_shown(step), dates=[a_date(date(2026, 5, 10), DateKind.EFFECTIVE)]))
    before = archive.events.record(A, NOW).stage
    assert advance(archive, NOW + timedelta(days=20)) == 0
    assert archive.events.record(A, NOW + timedelta(days=20)).stage is before


def test_the_report_of_a_newspaper_comes_into_force_by_no_date(archive: Archive) -> None:
    """It has proven no final measure."""
    press = a_notice(1, tier=Tier.PRESS)
    file(archive, judged(press, A, shown=a_shown("final rule"), dates=[a_date(date(2026, 5, 10), DateKind.EFFECTIVE)]))
    assert advance(archive, NOW + timedelta(days=20)) == 0
    assert stage_of(archive, A) == "reported"


def test_a_stayed_measure_comes_into_force_on_its_new_day(archive: Archive) -> None:
    """By the clock alone, in searches and rules as in its record."""
    day = a_date(date(2026, 6, 20), DateKind.EFFECTIVE, sentence="The rule is delayed until June 20, 2026.")
    file(archive, judged(a_notice(1), A, shown=a_shown("final rule")))
    file(archive, judged(a_notice(2, published=NOW + timedelta(days=1)), A, shown=a_shown("stayed"), dates=[day]))
    assert (advance(archive, NOW + timedelta(days=40)), stage_of(archive, A)) == (0, "amended")
    assert (advance(archive, NOW + timedelta(days=60)), stage_of(archive, A)) == (1, "in_force")
    assert advance(archive, NOW + timedelta(days=61)) == 0
