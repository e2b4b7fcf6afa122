"""Events in the archive: records, what moved, deadlines; merges and splits, after which nothing is lost and every id still leads there."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from builders import NOW, a_date, a_shown, a_transition, an_item
from conftest import Clock
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlite_utils import Database

from monitor import judgement, query
from monitor.archive import Archive, intake, schema
from monitor.archive.connection import STEPS
from monitor.archive.events import MACHINE
from monitor.archive.intake import Change
from monitor.dedupe import sort_out
from monitor.errors import UsageError
from monitor.events import Part, in_time, reached
from monitor.items import (
    Alert,
    AlertState,
    DateKind,
    Entity,
    Filed,
    Findings,
    Identifier,
    Item,
    Judged,
    KeyDate,
    Link,
    Rule,
    Shown,
    SourceState,
    Stage,
    Tag,
    Tier,
    event_id,
)
from monitor.judgement import Judge
from monitor.lexicon import Lexicon
from monitor.likeness import Joining
from monitor.messages import Receipt
from monitor.tag import Model

A, B, C, D = (f"E-{letter * 10}" for letter in "abcd")
LATER = NOW + timedelta(hours=5)
SLACK = "slack:#econsec"


def a_notice(number: int, **changes: object) -> Item:
    """An item of an American regulator; each number is another one."""
    base: dict[str, object] = {
        "source": "bis",
        "key": str(number),
        "url": f"http://bis.example/{number}",
        "title": f"Notice number {number} on licence requirements",
        "lang": "en",
        "country": "US",
    }
    return an_item(**base | changes)


def judged(
    item: Item,
    event: str,
    *,
    themes: Mapping[str, float] | None = None,
    shown: Shown | None = None,
    dates: Sequence[KeyDate] = (),
    identifiers: Sequence[Identifier] = (),
    entities: Sequence[Entity] = (),
    copy_of: str | None = None,
) -> Judged:
    """What judgement says of an item; by default it has a theme and shows no step."""
    given = {"export_control": 0.9} if themes is None else themes
    return Judged(
        item=item,
        findings=Findings(
            lang=item.lang, shown=shown, dates=tuple(dates), identifiers=tuple(identifiers), entities=tuple(entities)
        ),
        tags=tuple(Tag(theme=theme, score=score, is_given=True) for theme, score in given.items()),
        link=Link(event=event, is_new=False, copy_of=copy_of),
        model="test",
    )


def put(archive: Archive, *items: Item) -> None:
    for item in items:
        found = sort_out(archive.intake.known(item.source, [item]), [item])
        archive.intake.store(Change(found=found, state=SourceState(id=item.source, polls=2), at=NOW))


def file(archive: Archive, *them: Judged, at: datetime = NOW, alerts: Sequence[Alert] = ()) -> None:
    """Store items and what was judged of them, as judgement does."""
    put(archive, *(each.item for each in them))
    parts: dict[str, list[Part]] = {}
    for each in them:
        event = each.link.event
        parts.setdefault(event, archive.events.parts(event, is_whole=False)).append(
            Part(
                filed=Filed(item=each.item, copy_of=each.link.copy_of),
                arrival=1_000_000 + len(parts[event]) if event in parts else 1_000_000,
                shown=each.findings.shown,
                dates=each.findings.dates,
            )
        )
    ways = {event: reached(in_time(of_event), at.date())[0][-1] for event, of_event in parts.items()}
    archive.judging.write(them, alerts, at, None, ways)


def items_of(archive: Archive, event: str) -> list[str]:
    return [each.item.id for each in archive.events.timeline(event)]


def times(archive: Archive, event: str) -> tuple[str, str]:
    return tuple(archive._connection.execute("select opened_at, moved_at from events where id = ?", [event]).fetchone())


def stage_of(archive: Archive, event: str) -> str:
    """The stage as searches and digests read it, not as it is told now."""
    found: str = archive._connection.execute("select stage from events where id = ?", [event]).fetchone()[0]
    return found


def two(archive: Archive) -> tuple[list[str], list[str]]:
    """A and B with two items each, in turn; their ids."""
    notices = [a_notice(number, published=NOW - timedelta(hours=10 - number)) for number in range(1, 5)]
    file(archive, *(judged(each, A if number % 2 == 0 else B) for number, each in enumerate(notices)))
    return [notices[0].id, notices[2].id], [notices[1].id, notices[3].id]


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


# Merges


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


def test_merging_moves_the_items_and_leaves_a_redirect(archive: Archive) -> None:
    """All items are in the one that goes on, in order of time; the old id and its beginning lead there."""
    of_a, of_b = two(archive)
    archive.events.merge(A, B, who="sato", now=LATER)
    assert items_of(archive, A) == [of_a[0], of_b[0], of_a[1], of_b[1]]
    assert [archive.reading.item(item).event for item in of_b] == [A, A]
    assert archive.events.find(B) == archive.events.find("E-bbb") == archive.events.find(A) == A


def test_a_chain_of_merges_leads_to_its_end(archive: Archive) -> None:
    """However long, and whichever id is asked for."""
    file(archive, *(judged(a_notice(number), event) for number, event in enumerate((A, B, C, D))))
    archive.events.merge(B, A, who="sato", now=NOW)
    archive.events.merge(C, B, who="sato", now=NOW)
    archive.events.merge(D, C, who="sato", now=NOW)
    assert [archive.events.find(each) for each in (A, B, C, D)] == [D] * 4
    assert len(items_of(archive, D)) == 4


def test_merging_under_an_old_id_merges_what_it_leads_to(archive: Archive) -> None:
    """An analyst may have noted the id before it was merged."""
    file(archive, *(judged(a_notice(number), event) for number, event in enumerate((A, B, C))))
    archive.events.merge(A, B, who="sato", now=NOW)
    archive.events.merge(C, B, who="sato", now=NOW)
    assert [archive.events.find(each) for each in (A, B, C)] == [C] * 3
    assert len(items_of(archive, C)) == 3


def test_what_is_one_already_cannot_be_merged(archive: Archive) -> None:
    """Neither with itself nor with what went into it; nothing changes."""
    two(archive)
    archive.events.merge(A, B, who="sato", now=NOW)
    for pair in ((A, A), (A, B), (B, A)):
        with pytest.raises(UsageError, match="one event already"):
            archive.events.merge(*pair, who="sato", now=LATER)
    assert len(archive.events.decisions()) == 1


def test_a_decision_is_kept_with_who_when_why_and_what(archive: Archive) -> None:
    """Merges and splits in their order, of each event that they touched."""
    of_a, of_b = two(archive)
    archive.events.merge(A, B, who="佐藤", now=NOW, reason="同じ告示")
    made = archive.events.split(A, of_a[:1], who="tanaka", now=LATER)
    first, second = archive.events.decisions()
    assert (first.kind, first.event, first.other, first.items) == ("merge", A, B, tuple(of_b))
    assert (first.who, first.at, first.reason) == ("佐藤", NOW, "同じ告示")
    assert (second.kind, second.event, second.other, second.items) == ("split", A, made, tuple(of_a[:1]))
    assert (second.who, second.at, second.reason) == ("tanaka", LATER, "")
    assert archive.events.decisions(B) == [first]
    assert archive.events.decisions(made) == [second]
    assert archive.events.last_decision() == 2


def test_the_machines_decisions_are_told_apart(archive: Archive) -> None:
    """They are kept as well, but nobody learns from them."""
    two(archive)
    assert archive.events.last_decision() == 0
    archive.events.merge(A, B, who=MACHINE, now=NOW)
    assert [each.who for each in archive.events.decisions()] == [MACHINE]
    assert archive.events.decisions(by_analysts=True) == []
    assert list(archive.events.taught()) == []


def test_merging_settles_the_stage_anew(archive: Archive) -> None:
    """From all items together; searches for the stage find it at once."""
    file(archive, judged(a_notice(1, tier=Tier.PRESS, published=NOW - timedelta(days=2)), A))
    file(archive, judged(a_notice(2), B, shown=a_shown("final rule")))
    assert (stage_of(archive, A), stage_of(archive, B)) == ("reported", "final")
    archive.events.merge(A, B, who="sato", now=LATER)
    assert (stage_of(archive, A), archive.events.record(A, LATER).stage) == ("final", Stage.FINAL)
    assert len(archive.reading.search(query.parse("stage:final"), LATER)) == 2


def test_a_merged_event_began_with_the_first_and_moved_with_the_last(archive: Archive) -> None:
    """Merging itself moves nothing that keeps its stage."""
    file(archive, judged(a_notice(1), A), at=NOW)
    file(archive, judged(a_notice(2), B), at=LATER)
    later, much_later = LATER.strftime("%Y-%m-%dT%H:%M:%SZ"), LATER + timedelta(days=1)
    archive.events.merge(B, A, who="sato", now=much_later)
    assert times(archive, B) == (NOW.strftime("%Y-%m-%dT%H:%M:%SZ"), later)


def test_a_stage_that_changes_by_a_merge_moves_the_event(archive: Archive) -> None:
    """Then readers hear of it."""
    file(archive, judged(a_notice(1, tier=Tier.PRESS, published=NOW - timedelta(days=2)), A))
    file(archive, judged(a_notice(2), B, shown=a_shown("final rule")))
    archive.events.merge(A, B, who="sato", now=LATER)
    assert archive.events.record(A, LATER).last_seen == LATER


def test_a_failed_merge_leaves_both_as_they_were(archive: Archive) -> None:
    """All or nothing."""
    of_a, of_b = two(archive)
    archive._connection.execute("create trigger full before insert on decisions begin select raise(abort, 'no room'); end")
    with pytest.raises(sqlite3.IntegrityError, match="no room"):
        archive.events.merge(A, B, who="sato", now=LATER)
    assert (items_of(archive, A), items_of(archive, B), archive.events.find(B)) == (of_a, of_b, B)


# Splits


def test_splitting_makes_an_event_of_its_own(archive: Archive) -> None:
    """With a new id; both have the stage of their own items, and both are told."""
    report = a_notice(1, tier=Tier.PRESS, published=NOW - timedelta(days=2))
    rule = a_notice(2, published=NOW - timedelta(days=1))
    file(archive, judged(report, A), judged(rule, A, shown=a_shown("final rule")))
    made = archive.events.split(A, [rule.id], who="sato", now=LATER)
    assert made.startswith("E-")
    assert made != A
    assert (items_of(archive, A), items_of(archive, made)) == ([report.id], [rule.id])
    assert (stage_of(archive, A), stage_of(archive, made)) == ("reported", "final")
    assert archive.events.find(made) == made
    assert {each.id for each in archive.events.moved(LATER, LATER)} == {A, made}


def test_splitting_off_the_item_that_opened_the_event_gives_a_new_id(archive: Archive) -> None:
    """Ids are made from the first item; the event keeps its own."""
    first, second = a_notice(1), a_notice(2)
    opened = event_id(first.id)
    file(archive, judged(first, opened), judged(second, opened))
    made = archive.events.split(opened, [first.id], who="sato", now=NOW)
    assert made != opened
    assert (items_of(archive, opened), items_of(archive, made)) == ([second.id], [first.id])


def test_just_what_was_merged_splits_back_into_its_old_id(archive: Archive) -> None:
    """In any order of the items; what pointed to it is right again."""
    of_a, of_b = two(archive)
    archive.events.merge(A, B, who="sato", now=NOW)
    assert archive.events.split(A, of_b[::-1], who="sato", now=LATER) == B
    assert (items_of(archive, A), items_of(archive, B), archive.events.find(B)) == (of_a, of_b, B)


def test_another_share_of_what_was_merged_gets_an_id_of_its_own(archive: Archive) -> None:
    """The old id still leads to the event it went into."""
    of_a, of_b = two(archive)
    archive.events.merge(A, B, who="sato", now=NOW)
    made = archive.events.split(A, of_b[:1], who="sato", now=LATER)
    assert made not in (A, B)
    assert (archive.events.find(B), items_of(archive, A)) == (A, [of_a[0], of_a[1], of_b[1]])


def test_a_split_of_what_stands_under_its_own_id_is_a_split(archive: Archive) -> None:
    """Though just these items were once merged away under the very id that is split now."""
    _, of_b = two(archive)
    archive.events.merge(A, B, who="sato", now=NOW)
    archive.events.split(A, of_b, who="sato", now=NOW)  # B stands again
    other = a_notice(9)
    file(archive, judged(other, B))
    made = archive.events.split(B, of_b, who="sato", now=LATER)
    assert made != B
    assert (items_of(archive, B), items_of(archive, made)) == ([other.id], of_b)


def test_undoing_the_last_merge_of_a_chain_gives_back_what_went_into_it(archive: Archive) -> None:
    """A went into B, B into C; when B leaves C again, A's id leads to B, where A's items are."""
    one, other, third = (a_notice(number) for number in range(3))
    file(archive, judged(one, A), judged(other, B), judged(third, C))
    archive.events.merge(B, A, who="sato", now=NOW)
    archive.events.merge(C, B, who="sato", now=NOW)
    assert archive.events.split(C, [one.id, other.id], who="sato", now=LATER) == B
    assert archive.events.find(A) == B == archive.reading.item(one.id).event


def test_what_was_merged_first_in_a_chain_splits_back_into_its_old_id(archive: Archive) -> None:
    """A went into B, B into C; just A's items leave C: it is A that they are."""
    one, other, third = (a_notice(number) for number in range(3))
    file(archive, judged(one, A), judged(other, B), judged(third, C))
    archive.events.merge(B, A, who="sato", now=NOW)
    archive.events.merge(C, B, who="sato", now=NOW)
    made = archive.events.split(C, [one.id], who="sato", now=LATER)
    assert archive.events.find(A) == made


def test_an_item_of_another_event_is_not_split_off(archive: Archive) -> None:
    """It is named, with where the right ones are listed; nothing changes."""
    of_a, of_b = two(archive)
    with pytest.raises(UsageError, match=f"{of_b[0]} is not an item of {A}") as slip:
        archive.events.split(A, [of_a[0], of_b[0]], who="sato", now=NOW)
    assert f"monitor event {A}" in str(slip.value)
    assert (items_of(archive, A), archive.events.decisions()) == (of_a, [])


def test_an_event_keeps_at_least_one_item(archive: Archive) -> None:
    """Also if one of them is named twice."""
    of_a, _ = two(archive)
    for named in (of_a, [*of_a, of_a[0]]):
        with pytest.raises(UsageError, match="no items left"):
            archive.events.split(A, named, who="sato", now=NOW)
    assert items_of(archive, A) == of_a


def test_an_item_named_twice_moves_once(archive: Archive) -> None:
    """And is noted once."""
    of_a, _ = two(archive)
    made = archive.events.split(A, [of_a[0], of_a[0]], who="sato", now=NOW)
    assert items_of(archive, made) == [of_a[0]]
    assert archive.events.decisions()[0].items == (of_a[0],)


def test_a_split_is_made_under_an_old_id_too(archive: Archive) -> None:
    """Of the event that it leads to."""
    of_a, _ = two(archive)
    archive.events.merge(B, A, who="sato", now=NOW)
    assert archive.events.split(A, of_a, who="sato", now=LATER) == A


def test_what_is_split_off_stays_in_the_storyline(archive: Archive) -> None:
    """It is the same wider matter; merged events are none of it any more."""
    of_a, _ = two(archive)
    archive._connection.execute("update events set storyline = 'S-graphite'")
    made = archive.events.split(A, of_a[:1], who="sato", now=LATER)
    assert archive.events.record(made, LATER).storyline == "S-graphite"
    assert archive.events.of_storyline("S-graphite") == [A, B, made]
    archive.events.merge(A, B, who="sato", now=LATER)
    assert archive.events.of_storyline("S-graphite") == [A, made]


# What the machine and training learn of it


def test_what_analysts_split_stays_apart_until_they_join_it(archive: Archive) -> None:
    """Split, joined, split again."""
    of_a, _ = two(archive)
    assert archive.events.apart() == set()
    made = archive.events.split(A, of_a[:1], who="sato", now=NOW)
    assert archive.events.apart() == {frozenset((A, made))}
    archive.events.merge(A, made, who="tanaka", now=NOW)
    assert archive.events.apart() == set()
    assert archive.events.split(A, of_a[:1], who="sato", now=NOW) == made
    assert archive.events.apart() == {frozenset((A, made))}


def test_a_merge_that_was_taken_back_leaves_its_events_apart(archive: Archive) -> None:
    """The analyst has said that they are two."""
    _, of_b = two(archive)
    archive.events.merge(A, B, who="sato", now=NOW)
    assert archive.events.apart() == set()
    archive.events.split(A, of_b, who="sato", now=NOW)
    assert archive.events.apart() == {frozenset((A, B))}


def test_apart_goes_on_with_the_event_that_goes_on(archive: Archive) -> None:
    """If what was split off is merged into a third, that one is apart as well."""
    of_a, _ = two(archive)
    made = archive.events.split(A, of_a[:1], who="sato", now=NOW)
    archive.events.merge(B, made, who="sato", now=NOW)
    assert archive.events.apart() == {frozenset((A, B))}


def test_items_of_what_analysts_decided_are_taught_in_order_of_time(archive: Archive) -> None:
    """With event and storyline; events that nobody touched are not."""
    notices = [a_notice(number, published=NOW - timedelta(hours=number)) for number in range(5)]
    file(archive, *(judged(each, event) for each, event in zip(notices, (A, A, B, C, C), strict=True)))
    archive._connection.execute("update events set storyline = 'S-graphite' where id = ?", [A])
    made = archive.events.split(A, [notices[0].id], who="sato", now=NOW)
    archive.events.merge(A, B, who="sato", now=NOW)
    assert [(item.id, event, storyline) for item, event, storyline in archive.events.taught()] == [
        (notices[2].id, A, "S-graphite"),
        (notices[1].id, A, "S-graphite"),
        (notices[0].id, made, "S-graphite"),
    ]


def test_without_a_storyline_an_event_is_its_own(archive: Archive) -> None:
    """Nothing is taught to belong together that nobody said so."""
    two(archive)
    archive.events.merge(A, B, who="sato", now=NOW)
    assert {(event, storyline) for _, event, storyline in archive.events.taught()} == {(A, A)}


def test_what_the_linker_made_one_is_one_in_the_archive(archive: Archive) -> None:
    """With the item that showed it; as any merge it is kept, leads on, and can be taken back."""
    of_a, of_b = two(archive)
    third = a_notice(9, published=NOW)
    one = judged(third, A)
    file(archive, replace(one, link=replace(one.link, merged=(B,))), at=LATER)
    assert items_of(archive, A) == [of_a[0], of_b[0], of_a[1], of_b[1], third.id]
    [decision] = archive.events.decisions()
    assert (decision.who, decision.kind, decision.event, decision.other, decision.items) == (MACHINE, "merge", A, B, tuple(of_b))
    assert third.id in decision.reason
    assert archive.events.find(B) == A
    assert archive.events.split(A, of_b, who="sato", now=LATER) == B
    assert archive.events.apart() == {frozenset((A, B))}


# In force by the clock


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


# Old ids elsewhere


def test_a_search_under_an_old_id_finds_the_items_where_they_are(archive: Archive) -> None:
    """Through a chain, by the beginning of the id, and together with others."""
    file(archive, *(judged(a_notice(number), event) for number, event in enumerate((A, B, C, D))))
    archive.events.merge(B, A, who="sato", now=NOW)
    archive.events.merge(C, B, who="sato", now=NOW)

    def found(text: str) -> set[str]:
        return {each.item.key for each in archive.reading.search(query.parse(text), NOW)}

    assert found(f"event:{A}") == found(f"event:{B}") == found(f"event:{C}") == found("event:e-aaaa") == {"0", "1", "2"}
    assert found(f"event:{A},{D}") == {"0", "1", "2", "3"}
    assert found(f"-event:{A}") == {"3"}


def an_alert(item: Item, event: str, **changes: object) -> Alert:
    base: dict[str, object] = {
        "rule": "now",
        "item": item.id,
        "event": event,
        "channel": SLACK,
        "state": AlertState.WAITING,
        "reason": "theme:export_control",
        "decided_at": NOW,
        "not_before": NOW,
    }
    return Alert(**base | changes)  # type: ignore[arg-type]


def send(archive: Archive, remote_id: str, at: datetime = NOW) -> None:
    """Tell the channel what is next, as the opening of a thread."""
    order = archive.outbox.next(SLACK, at)
    assert order is not None
    archive.outbox.begin(order)
    archive.outbox.sent(order, Receipt(remote_id=remote_id), None, at)


def test_a_thread_opened_under_the_old_id_is_answered(archive: Archive) -> None:
    """By alerts of the event that goes on, through a chain; of two threads in the one that was opened first."""
    notices = [a_notice(number) for number in range(3)]
    alerts = [an_alert(each, event) for each, event in zip(notices, (A, B, C), strict=True)]
    file(archive, *(judged(each, event) for each, event in zip(notices, (A, B, C), strict=True)), alerts=alerts[:2])
    send(archive, "100.1")
    send(archive, "100.2")
    archive.events.merge(B, A, who="sato", now=NOW)
    assert archive.outbox.thread_of(SLACK, B) == "100.1"
    archive.events.merge(C, B, who="sato", now=NOW)
    assert archive.outbox.thread_of(SLACK, C) == "100.1"
    assert archive.outbox.thread_of("slack:#other", C) is None


def test_a_thread_is_not_answered_by_what_was_split_off(archive: Archive) -> None:
    """It opens one of its own; the event that kept its id keeps its thread."""
    one, other = a_notice(1), a_notice(2)
    file(archive, judged(one, A), judged(other, A), alerts=[an_alert(one, A)])
    send(archive, "100.1")
    made = archive.events.split(A, [other.id], who="sato", now=NOW)
    assert (archive.outbox.thread_of(SLACK, A), archive.outbox.thread_of(SLACK, made)) == ("100.1", None)


def test_alerts_of_merged_events_count_as_one_events(archive: Archive) -> None:
    """A limit per event holds for what was told before the merge as well; what was not told does not count."""
    notices = [a_notice(number) for number in range(4)]
    alerts = [
        an_alert(notices[0], A),
        an_alert(notices[1], B),
        an_alert(notices[2], B, state=AlertState.FOLDED),
        an_alert(notices[3], C),
    ]
    file(archive, *(judged(each, alert.event) for each, alert in zip(notices, alerts, strict=True)), alerts=alerts)
    count = archive.alerts.count
    assert (count(SLACK, NOW, A), count(SLACK, NOW, B)) == (1, 1)
    archive.events.merge(A, B, who="sato", now=LATER)
    assert (count(SLACK, NOW, A), count(SLACK, NOW, C), count(SLACK, NOW)) == (2, 1, 3)
    assert count(SLACK, NOW + timedelta(seconds=1), A) == 0


# Judgement that goes on after an analyst has decided

TITLE = "中国、ガリウムの輸出を許可制に　商務省が規制を発表"
SUMMARY = "中国商務省は半導体材料のガリウムについて輸出管理を強化し、輸出には許可が必要になると発表した。"
RULE = Rule(id="now", when="theme:export_control", to=(SLACK,))


def advance(archive: Archive, now: datetime) -> int:
    """Put in force what is due by its date, as judgement does; how many events."""
    due = [event for event in archive.events.due(now.date()) if archive.events.has_advanced(event, now)]
    for event in due:
        archive.judging.advance(event, [], {}, now)
    return len(due)


def on_gallium(**changes: object) -> Item:
    return an_item(**{"title": TITLE, "summary": SUMMARY} | changes)


@pytest.fixture(params=["the service that runs", "one that was started since"])
def judges(
    request: pytest.FixtureRequest, archive: Archive, lexicon: Lexicon, model: Model, joining: Joining, clock: Clock
) -> tuple[Judge, Judge]:
    """Who judges before, and who after, an analyst decides in another process."""

    def one() -> Judge:
        return Judge(archive=archive, rules=[RULE], lexicon=lexicon, model=model, encoder=None, joining=joining, clock=clock)

    before = one()
    return (before, before) if request.param == "the service that runs" else (before, one())


def event_of(archive: Archive, item: Item) -> str:
    found = archive.reading.item(item.id).event
    assert found is not None
    return found


def test_the_next_item_of_a_merged_event_joins_the_one_that_goes_on(
    archive: Archive, judges: tuple[Judge, Judge], clock: Clock
) -> None:
    """No item is ever put into an event that stands no more."""
    cable = an_item(key="9", url="http://meti.example/9", title="海底ケーブルの陸揚局で障害、復旧急ぐ", summary="通信に影響。")
    put(archive, on_gallium(), cable)
    judges[0].run()
    old, goes_on = event_of(archive, on_gallium()), event_of(archive, cable)
    assert old != goes_on
    with Archive.open(f"sqlite:///{archive.path}") as elsewhere:
        elsewhere.events.merge(goes_on, old, who="sato", now=clock.now)
    clock.move(hours=3)
    echo = on_gallium(source="mirror", url="http://mirror.example/1", published=clock.now, first_seen=clock.now)
    put(archive, echo)
    judges[1].run()
    assert event_of(archive, echo) == goes_on
    assert echo.id in items_of(archive, archive.events.find(old))


def test_the_next_item_of_what_was_split_off_joins_it(archive: Archive, judges: tuple[Judge, Judge], clock: Clock) -> None:
    """A word for word copy goes where the item is that it repeats."""
    later = on_gallium(
        source="wire", key="2", url="http://wire.example/2", title="ガリウムの輸出、許可制に　中国商務省の規制に産業界が懸念"
    )
    put(archive, on_gallium(), later)
    judges[0].run()
    event = event_of(archive, later)
    assert event == event_of(archive, on_gallium())
    with Archive.open(f"sqlite:///{archive.path}") as elsewhere:
        made = elsewhere.events.split(event, [later.id], who="sato", now=clock.now)
    clock.move(hours=3)
    echo = replace(later, id="I-echo", source="mirror", url="http://mirror.example/2", published=clock.now, first_seen=clock.now)
    put(archive, echo)
    judges[1].run()
    assert event_of(archive, echo) == made


def test_a_split_that_is_made_while_a_batch_is_judged_is_known_to_the_next(
    archive: Archive, judges: tuple[Judge, Judge], clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Judging takes seconds, and analysts do not wait."""
    later = on_gallium(
        source="wire", key="2", url="http://wire.example/2", title="ガリウムの輸出、許可制に　中国商務省の規制に産業界が懸念"
    )
    put(archive, on_gallium(), later)
    judges[0].run()
    event, made = event_of(archive, later), []

    def identify(item: Item, lexicon: Lexicon) -> Findings:
        with Archive.open(f"sqlite:///{archive.path}") as elsewhere:
            made.append(elsewhere.events.split(event, [later.id], who="sato", now=clock.now))
        return true_identify(item, lexicon)

    true_identify = judgement.identify
    monkeypatch.setattr(judgement, "identify", identify)
    put(
        archive,
        an_item(key="9", url="http://meti.example/9", title="海底ケーブルの陸揚局で障害、復旧急ぐ", summary="通信に影響。"),
    )
    assert judges[0].run().judged == 1
    monkeypatch.undo()
    echo = replace(later, id="I-echo", source="mirror", url="http://mirror.example/2")
    put(archive, echo)
    judges[1].run()
    assert [event_of(archive, echo)] == made == [event_of(archive, later)]


def test_an_edit_of_a_moved_item_leaves_it_where_the_analyst_put_it(
    archive: Archive, judges: tuple[Judge, Judge], clock: Clock
) -> None:
    """Judged again, it keeps its event."""
    item = on_gallium()
    other = an_item(key="9", url="http://meti.example/9", title="海底ケーブルの陸揚局で障害、復旧急ぐ", summary="通信に影響。")
    put(archive, item, other)
    judges[0].run()
    goes_on = event_of(archive, other)
    with Archive.open(f"sqlite:///{archive.path}") as elsewhere:
        elsewhere.events.merge(goes_on, event_of(archive, item), who="sato", now=clock.now)
    clock.move(hours=1)
    put(archive, replace(item, title=TITLE + "（更新）"))
    assert judges[1].run().judged == 1
    assert event_of(archive, item) == goes_on


# Properties

CHOICES = st.lists(st.tuples(st.booleans(), st.integers(0, 50), st.integers(0, 50), st.integers(1, 62)), max_size=14)


def standing(archive: Archive) -> dict[str, set[str]]:
    """Items by event that stands, as the tables have them."""
    found: dict[str, set[str]] = {
        row["id"]: set() for row in archive._connection.execute("select id from events where into_event is null")
    }
    for row in archive._connection.execute("select id, event from items"):
        found[row["event"]].add(row["id"])  # an item of an event that does not stand is a KeyError
    return found


@settings(max_examples=60, deadline=None)
@given(choices=CHOICES)
def test_no_merge_and_no_split_loses_an_item_or_an_id(
    tmp_path_factory: pytest.TempPathFactory, choices: list[tuple[bool, int, int, int]]
) -> None:
    """After any sequence every item is in exactly one standing event, none is empty, and every id ever given leads to a standing one."""
    with Archive.open(f"sqlite:///{tmp_path_factory.mktemp('a') / 'a.db'}") as archive:
        notices = [a_notice(number) for number in range(6)]
        events = [f"E-{letter * 10}" for letter in "abcdab"]
        file(archive, *(judged(item, event) for item, event in zip(notices, events, strict=True)))
        expected = standing(archive)
        given_out = set(expected)
        for is_merge, one, other, bits in choices:
            names = sorted(expected)
            event = names[one % len(names)]
            if is_merge:
                into = names[other % len(names)]
                if into != event:
                    archive.events.merge(into, event, who="sato", now=NOW)
                    expected[into] |= expected.pop(event)
            else:
                leaving = {item for place, item in enumerate(sorted(expected[event])) if bits >> place & 1}
                if leaving and leaving != expected[event]:
                    made = archive.events.split(event, sorted(leaving), who="sato", now=NOW)
                    given_out.add(made)
                    assert made not in expected
                    expected[event] -= leaving
                    expected[made] = leaving
            assert standing(archive) == expected
            assert {archive.events.find(each) for each in given_out} == set(expected)
            assert {each.id for each in archive.events.moved(NOW, NOW)} == set(expected)
        assert len(archive.events.decisions()) == archive.events.last_decision()


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_a_merge_and_its_undoing_leave_two_events_as_they_were(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """Whatever items, steps and dates they have: the same records, but for the moment at which they moved."""
    steps = st.sampled_from([None, "NPRM", "final rule", "withdrawn"])
    days = st.sampled_from([(), (a_date(date(2026, 6, 20)),), (a_date(date(2026, 4, 1), DateKind.EFFECTIVE),)])
    with Archive.open(f"sqlite:///{tmp_path_factory.mktemp('a') / 'a.db'}") as archive:
        for number in range(data.draw(st.integers(2, 5))):
            step = data.draw(steps)
            item = a_notice(number, published=NOW - timedelta(hours=data.draw(st.integers(0, 99))))
            event = (A, B)[number] if number < 2 else data.draw(st.sampled_from([A, B]))
            file(archive, judged(item, event, shown=None if step is None else a_shown(step), dates=data.draw(days)))
        before = archive.events.records([A, B], LATER)
        items = items_of(archive, B)
        archive.events.merge(A, B, who="sato", now=LATER)
        assert archive.events.split(A, items, who="sato", now=LATER) == B
        after = archive.events.records([A, B], LATER)
        assert [replace(each, last_seen=NOW) for each in after] == [replace(each, last_seen=NOW) for each in before]


# An archive of the version before


def an_old_archive(path: Path) -> tuple[Item, Item]:
    """An archive as the step m003 left it, with an event of a report and a final rule, about which an alert was told."""
    with sqlite3.connect(path, isolation_level=None) as connection:
        connection.row_factory = sqlite3.Row
        schema._STEPS.apply(Database(connection, execute_plugins=False), stop_before="m004_measures")
        report = on_gallium(tier=Tier.PRESS, country="JP", published=NOW - timedelta(hours=2))
        rule = an_item(
            key="2",
            url="http://meti.example/2",
            title="輸出貿易管理令の一部を改正する政令を公布",
            summary="ガリウムの輸出管理を強化する政令が公布された。",
            published=NOW - timedelta(hours=1),
        )
        for item in (report, rule):
            columns = intake.ITEM_COLUMNS
            marks = ", ".join("?" * len(columns.split(",")))
            connection.execute(f"insert into items ({columns}) values ({marks})", intake.row_of(item))
            intake.IntakeTables(connection).store(Change(state=SourceState(id=item.source, polls=2), at=NOW))
        stamp = NOW.strftime("%Y-%m-%dT%H:%M:%SZ")
        connection.execute(
            "insert into events (id, opened_at, moved_at, stage, step) values (?, '2026-04-30T00:00:00Z', ?, 'final', '公布')",
            [A, stamp],
        )
        for item, stage in ((report, "reported"), (rule, "final")):
            connection.execute(
                "update items set judged_at = ?, filed_at = ?, model = 'old', stage = ?, event = ?, linked_by = '[]' where id = ?",
                [stamp, stamp, stage, A, item.id],
            )
            connection.execute(
                "insert into alerts (rule, item, event, channel, state, reason, decided_at) values ('now', ?, ?, ?, 'waiting', '', ?)",
                [item.id, A, SLACK, stamp],
            )
    connection.close()
    return report, rule


def test_an_archive_of_the_version_before_keeps_its_events(tmp_path: Path) -> None:
    """Times, stage and items are those from before; what was there is kept beside it; all that is new works on it."""
    path = tmp_path / "monitor.db"
    report, rule = an_old_archive(path)
    with Archive.open(f"sqlite:///{path}") as archive:
        assert items_of(archive, A) == [report.id, rule.id]
        assert times(archive, A) == ("2026-04-30T00:00:00Z", "2026-05-01T08:00:00Z")
        assert (stage_of(archive, A), archive.events.find(A), archive.reading.counts()["events"]) == ("final", A, 1)
        assert archive.judging.unjudged(10) == []
        assert [each.step for each in archive.events.record(A, NOW).way] == [None, "公布"]
        made = archive.events.split(A, [report.id], who="sato", now=NOW)
        archive.events.merge(A, made, who="sato", now=NOW)
        assert items_of(archive, A) == [report.id, rule.id]
        assert archive.reading.integrity() == []
    assert path.with_name("monitor.db.before-migration").exists()


def test_after_migration_judgement_tells_nothing_twice(
    tmp_path: Path, lexicon: Lexicon, model: Model, joining: Joining, clock: Clock
) -> None:
    """Nothing is judged again for it; what is, since its source changed it, keeps its event and its digest, and is no second alert."""
    path = tmp_path / "monitor.db"
    report, rule = an_old_archive(path)
    clock.move(days=1)
    with Archive.open(f"sqlite:///{path}") as archive:
        judge = Judge(archive=archive, rules=[RULE], lexicon=lexicon, model=model, encoder=None, joining=joining, clock=clock)
        assert judge.run().judged == 0
        archive._connection.execute("update items set judged_at = null where id = ?", [rule.id])
        done = judge.run()
        assert (done.judged, done.alerts) == (1, 0)
        found = archive.events.record(A, clock.now)
        assert items_of(archive, A) == [report.id, rule.id]
        assert (found.stage, found.step, found.way[-1].item) == (Stage.FINAL, "公布", rule.id)
        [filed_at] = archive._connection.execute("select filed_at from items where id = ?", [rule.id]).fetchone()
        assert filed_at == NOW.strftime("%Y-%m-%dT%H:%M:%SZ")


def test_after_migration_what_an_event_has_come_to_is_no_news(tmp_path: Path) -> None:
    """The stage and the sources of an event that was told by the version before count as told."""
    path = tmp_path / "monitor.db"
    an_old_archive(path)
    with Archive.open(f"sqlite:///{path}") as archive:
        [told] = archive.alerts.told(SLACK, (A,)).values()
    assert (told.stage, told.step, told.sources) == (Stage.FINAL, "公布", 1)


def test_a_migrated_archive_has_the_tables_of_a_new_one(tmp_path: Path, archive: Archive) -> None:
    """Column by column and index by index."""
    path = tmp_path / "old.db"
    an_old_archive(path)

    def tables(of: Archive) -> dict[str, list[tuple[object, ...]]]:
        names = [
            row[0] for row in of._connection.execute("select name from sqlite_master where type in ('table', 'index', 'view')")
        ]
        return {name: [tuple(row) for row in of._connection.execute(f"pragma table_xinfo('{name}')")] for name in sorted(names)}

    with Archive.open(f"sqlite:///{path}") as migrated:
        assert tables(migrated) == tables(archive)
        kept = json.loads(migrated._connection.execute("select json_group_array(name) from _sqlite_migrations").fetchone()[0])
    assert kept == list(STEPS)


def test_an_item_keeps_the_event_that_an_analyst_gave_it_while_it_was_judged(archive: Archive) -> None:
    """What judging thought before it began does not undo what was decided meanwhile; both events are settled."""
    first, second = a_notice(1), a_notice(2)
    before = judged(second, A, shown=a_shown("final rule"))
    file(archive, judged(first, A, shown=a_shown("NPRM")), before)
    made = archive.events.split(A, [second.id], who="sato", now=NOW)
    archive.judging.write([before], [], NOW + timedelta(hours=1), None, {A: a_transition("final rule")})
    assert (items_of(archive, A), items_of(archive, made)) == ([first.id], [second.id])
    assert (stage_of(archive, A), stage_of(archive, made)) == ("proposed", "final")


def test_a_stayed_measure_comes_into_force_on_its_new_day(archive: Archive) -> None:
    """By the clock alone, in searches and rules as in its record."""
    day = a_date(date(2026, 6, 20), DateKind.EFFECTIVE, sentence="The rule is delayed until June 20, 2026.")
    file(archive, judged(a_notice(1), A, shown=a_shown("final rule")))
    file(archive, judged(a_notice(2, published=NOW + timedelta(days=1)), A, shown=a_shown("stayed"), dates=[day]))
    assert (advance(archive, NOW + timedelta(days=40)), stage_of(archive, A)) == (0, "amended")
    assert (advance(archive, NOW + timedelta(days=60)), stage_of(archive, A)) == (1, "in_force")
    assert advance(archive, NOW + timedelta(days=61)) == 0


def test_what_moved_last_can_come_first(archive: Archive) -> None:
    """Whatever its importance, and not only among the most important."""
    file(archive, judged(a_notice(1), A, shown=a_shown("final rule")))
    later = NOW + timedelta(hours=1)
    file(archive, judged(a_notice(2, tier=Tier.PRESS), B), at=later)
    assert [each.id for each in archive.events.moved(NOW, later, limit=1)] == [A]
    assert [each.id for each in archive.events.moved(NOW, later, limit=1, by_time=True)] == [B]
