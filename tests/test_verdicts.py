"""What the rules decide on a batch, on a real archive: told once whatever dies in between, and on record with all that decided it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from builders import a_date, a_shown, an_item
from conftest import NOW, Clock

from monitor.archive import Archive
from monitor.archive.alerts import AlertTables
from monitor.archive.intake import Change
from monitor.dedupe import sort_out
from monitor.errors import ArchiveError
from monitor.items import (
    Alert,
    DateKind,
    Findings,
    Judged,
    KeyDate,
    Limit,
    Link,
    Quiet,
    Reason,
    Rule,
    Shown,
    SourceState,
    Stage,
    Tag,
    Tier,
)
from monitor.judgement import Judge
from monitor.lexicon import Lexicon
from monitor.likeness import Joining
from monitor.messages import Receipt
from monitor.verdicts import Verdicts, text_of

SLACK, MAIL = "slack:#econsec", "mail:desk@x.example"
A, B = "E-aaaaaaaaaa", "E-bbbbbbbbbb"
RULE = Rule(id="now", when="theme:export_control tier:official", to=(SLACK,))
FINAL = a_shown("final rule")
REASONS = (Reason("gallium", 2.5), Reason("export", 1.0))


def judged(
    number: int,
    event: str = A,
    *,
    shown: Shown | None = None,
    dates: tuple[KeyDate, ...] = (),
    score: float = 0.9,
    merged: tuple[str, ...] = (),
    **changes: Any,
) -> Judged:
    """The item of a number, with the judgement that a test is about."""
    base = {"id": f"I-{number}", "key": str(number), "url": f"http://x.example/{number}", "title": f"Notice {number}"}
    item = an_item(**base | {"country": "US", "lang": "en", "source": "bis"} | changes)
    tags = (
        Tag(theme="export_control", score=score, is_given=score >= 0.5, reasons=REASONS),
        Tag(theme="telecom_5g", score=0.2, is_given=False),
    )
    findings = Findings(lang="en", shown=shown, dates=dates)
    return Judged(item=item, findings=findings, tags=tags, link=Link(event=event, is_new=True, merged=merged), model="m7")


def decide(archive: Archive, *batch: Judged, rules: Sequence[Rule] = (RULE,), now: datetime = NOW) -> list[Alert]:
    """Judge a batch as judgement does, but for what it thinks of the items."""
    for each in batch:
        found = sort_out(archive.intake.known(each.item.source, [each.item]), [each.item])
        archive.intake.store(Change(found=found, state=SourceState(id=each.item.source, polls=2), at=now))
    versions = archive.alerts.versions({rule.id: text_of(rule) for rule in rules}, now)
    lines = archive.events.storylines()
    verdicts = Verdicts(archive, rules, versions=versions, now=now, items=[each.item.id for each in batch], storylines=lines)
    alerts = verdicts.of_all(batch)
    archive.judging.write(batch, alerts, now, None, verdicts.ways(), versions)
    return alerts


def a_judge(archive: Archive, lexicon: Lexicon, joining: Joining, clock: Clock) -> Judge:
    """One that has only dates to look at."""
    return Judge(archive=archive, rules=[RULE], lexicon=lexicon, model=None, encoder=None, joining=joining, clock=clock)


def orders(archive: Archive, kind: str = "alert") -> list[tuple[str, str]]:
    rows = archive._connection.execute("select key, note from outbox where kind = ? order by id", [kind])
    return [(row["key"], row["note"]) for row in rows]


# What goes on


IN_FORCE = (f"stage:{SLACK}:{A}:in_force:I-1", "final → in force (effective)")


def test_what_a_date_puts_in_force_is_told_once(archive: Archive, lexicon: Lexicon, joining: Joining, clock: Clock) -> None:
    """The event was told when it was final; on the day that its notice states it is told again, by the date alone."""
    day = a_date(NOW.date() + timedelta(days=20), DateKind.EFFECTIVE)
    decide(archive, judged(1, shown=FINAL, dates=(day,)))
    judge = a_judge(archive, lexicon, joining, clock)
    clock.move(days=19)
    assert judge.run().alerts == 0
    clock.move(days=1)
    assert judge.run().alerts == 1
    clock.move(days=1)
    assert judge.run().alerts == 0
    assert orders(archive) == [(f"alert:{SLACK}:I-1", ""), IN_FORCE]
    latest = archive.reading.alerts()[0]
    assert (latest.kind, latest.state, latest.item, latest.stage, latest.rule_version) == (
        "stage",
        "waiting",
        "I-1",
        "in_force",
        1,
    )


def test_what_a_date_puts_in_force_is_told_once_although_the_process_dies(
    archive: Archive, lexicon: Lexicon, joining: Joining, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stage and order are kept together or not at all."""
    day = a_date(NOW.date() + timedelta(days=20), DateKind.EFFECTIVE)
    decide(archive, judged(1, shown=FINAL, dates=(day,)))
    clock.move(days=20)
    monkeypatch.setattr(AlertTables, "write", _fail)
    with pytest.raises(ArchiveError, match="disk is full"):
        a_judge(archive, lexicon, joining, clock).run()
    monkeypatch.undo()
    assert archive.events.has_advanced(A, clock.now)
    assert a_judge(archive, lexicon, joining, clock).run().alerts == 1
    assert a_judge(archive, lexicon, joining, clock).run().alerts == 0
    assert orders(archive)[1:] == [IN_FORCE]


def _fail(*arguments: object) -> None:
    raise sqlite3.OperationalError("database or disk is full")


def test_one_item_may_take_its_event_further_twice(archive: Archive, lexicon: Lexicon, joining: Joining, clock: Clock) -> None:
    """By what it shows, although the rule does not fire on it, and on the day that it states."""
    day = a_date(NOW.date() + timedelta(days=20), DateKind.EFFECTIVE)
    decide(archive, judged(1))
    decide(archive, judged(2, shown=FINAL, dates=(day,), score=0.1))
    clock.move(days=20)
    assert a_judge(archive, lexicon, joining, clock).run().alerts == 1
    assert orders(archive) == [
        (f"alert:{SLACK}:I-1", ""),
        (f"stage:{SLACK}:{A}:final:I-2", "announced → final (final rule)"),
        (f"stage:{SLACK}:{A}:in_force:I-2", IN_FORCE[1]),
    ]


def test_a_measure_that_comes_back_to_a_stage_is_told_again(archive: Archive) -> None:
    """Suspended and in force once more: each turn is news, although its stage was told before."""
    decide(archive, judged(1, shown=FINAL))
    for number, step in enumerate(("effective", "stayed", "effective"), 2):
        alerts = decide(archive, judged(number, shown=a_shown(step), score=0.1), now=NOW + timedelta(hours=number))
        assert [each.kind.value for each in alerts] == ["stage"]
    assert [note for _, note in orders(archive)][1:] == [
        "final → in force (effective)",
        "in force → amended (stayed)",
        "amended → in force (effective)",
    ]


def test_an_event_nobody_was_told_of_is_put_in_force_silently(
    archive: Archive, lexicon: Lexicon, joining: Joining, clock: Clock
) -> None:
    """Its stage moves, and that is all."""
    decide(archive, judged(1, shown=FINAL, dates=(a_date(NOW.date() + timedelta(days=2), DateKind.EFFECTIVE),), score=0.1))
    clock.move(days=2)
    assert a_judge(archive, lexicon, joining, clock).run().alerts == 0
    assert archive.events.record(A, clock.now).stage is Stage.IN_FORCE
    assert orders(archive) == []


def test_an_event_grows_by_sources_that_the_rule_does_not_ask_for(archive: Archive) -> None:
    """The rule wants officials; that five tell it in their own words is news of the event all the same, once."""
    decide(archive, judged(1))
    press = {"tier": Tier.PRESS, "country": "JP"}
    for number in range(2, 8):
        decide(archive, judged(number, source=f"press{number}", **press), now=NOW + timedelta(hours=number))
    assert orders(archive) == [(f"alert:{SLACK}:I-1", ""), (f"growth:{SLACK}:{A}:5 sources", "5 sources")]


def test_a_batch_is_taken_in_as_a_whole_before_it_is_told(archive: Archive) -> None:
    """Limits count within a transaction that nobody has seen yet; no state that only half of the batch showed is told."""
    rule = replace(RULE, per_event=Limit(count=1, window=timedelta(hours=6)))
    alerts = decide(archive, judged(1), judged(2), judged(3, shown=FINAL), rules=[rule])
    assert [(each.state.value, each.news) for each in alerts] == [("waiting", ""), ("folded", ""), ("folded", "")]
    assert {each.standpoint.stage for each in alerts} == {Stage.FINAL}
    [later] = decide(archive, judged(4, shown=a_shown("withdrawn")), rules=[rule], now=NOW + timedelta(hours=1))
    assert (later.state.value, later.news) == ("waiting", "final → withdrawn (withdrawn)")


@pytest.mark.parametrize("order", [(1, 2, 3), (3, 2, 1)])
def test_a_story_that_came_with_its_copies_is_told_once(archive: Archive, order: tuple[int, ...]) -> None:
    """Also where it is the copy that brings the event to its stage: 3 and 1 repeat 2, and all of them show it."""
    batch = {number: judged(number, shown=FINAL) for number in order}
    for copy in (1, 3):
        batch[copy] = replace(batch[copy], link=replace(batch[copy].link, copy_of="I-2"))
    alerts = decide(archive, *(batch[number] for number in order))
    assert sorted((each.item, each.state.value) for each in alerts) == [
        ("I-1", "suppressed"),
        ("I-2", "waiting"),
        ("I-3", "suppressed"),
    ]


def test_an_event_goes_on_under_the_id_of_the_one_that_it_went_into(archive: Archive) -> None:
    """An item shows two events to be one: what was told of either is the past of both, at once and in later batches."""
    decide(archive, judged(1, B))
    decide(archive, judged(2, A, score=0.1))
    [alert] = decide(archive, judged(3, A, score=0.1, shown=FINAL, merged=(B,)))
    assert (alert.event, alert.kind.value, alert.news) == (A, "stage", "announced → final (final rule)")
    assert archive.events.standing(B) == A
    assert decide(archive, judged(4, A, score=0.1, shown=FINAL)) == []


# Lists of what was folded


def test_what_is_folded_orders_one_list_an_hour_and_channel(archive: Archive) -> None:
    """However much is folded; what another rule told stands in no list."""
    rule = replace(RULE, to=(SLACK, MAIL), per_event=Limit(count=1, window=timedelta(days=1)))
    second = replace(rule, id="second")
    for number in range(1, 6):
        decide(archive, judged(number), rules=[rule, second], now=NOW + timedelta(minutes=10 * number))
    at = NOW + timedelta(minutes=20)
    made = [key for key, _ in orders(archive, "folded")]
    assert made == [f"folded:{channel}:{at:%Y-%m-%dT%H:%M:%SZ}" for channel in (SLACK, MAIL)]
    for channel in (SLACK, MAIL):
        order = archive.outbox.order(f"folded:{channel}:{at:%Y-%m-%dT%H:%M:%SZ}")
        assert order is not None
        archive.outbox.begin(order)
        archive.outbox.sent(order, Receipt(remote_id="1"), None, at, digest="d" if channel == SLACK else None)
    decide(archive, judged(6), rules=[rule, second], now=NOW + timedelta(minutes=75))
    assert [key for key, _ in orders(archive, "folded")][2:] == [f"folded:{MAIL}:2026-05-01T09:15:00Z"]  # a mail cannot be edited
    decide(archive, judged(7), rules=[rule, second], now=NOW + timedelta(minutes=85))
    assert [key for key, _ in orders(archive, "folded")][3:] == [f"folded:{SLACK}:2026-05-01T09:25:00Z"]
    waits = archive._connection.execute(
        "select channel, not_before from outbox where kind = 'folded' and state = 'waiting' order by id"
    )
    assert [tuple(row) for row in waits] == [(MAIL, "2026-05-01T09:20:00Z"), (SLACK, "2026-05-01T09:26:00Z")]


def test_a_list_waits_for_the_end_of_the_quiet_hours(archive: Archive) -> None:
    """As the alerts would have that it lists."""
    rule = replace(RULE, per_event=Limit(count=1, window=timedelta(days=1)), quiet=Quiet(tz="UTC", start="07:00", end="12:00"))
    decide(archive, judged(1), judged(2), rules=[rule])
    rows = archive._connection.execute("select kind, not_before from outbox order by id")
    assert [tuple(row) for row in rows] == [("alert", "2026-05-01T12:00:00Z"), ("folded", "2026-05-01T12:01:00Z")]


# Records


def test_the_version_of_a_rule_rises_when_it_says_something_else(archive: Archive) -> None:
    """The first is 1; the order of its stages is no other text; one that comes back to what it said is a new version."""
    other = replace(RULE, per_event=Limit(count=2, window=timedelta(hours=6)))

    def version(rule: Rule) -> int:
        return archive.alerts.versions({rule.id: text_of(rule)}, NOW)["now"]

    assert [version(each) for each in (RULE, RULE, other, other, RULE)] == [1, 1, 2, 2, 3]
    assert text_of(replace(RULE, stages=frozenset(sorted(RULE.stages)))) == text_of(RULE)
    assert archive.alerts.versions({"another": text_of(RULE)}, NOW) == {"another": 1}
    assert json.loads(text_of(other))["per_event"] == {"count": 2, "window": 21600.0}


@pytest.mark.parametrize(
    "changes",
    [
        {"when": "theme:export_control"},
        {"to": (SLACK, MAIL)},
        {"window": timedelta(hours=24)},
        {"echo": None},
        {"growth": (3,)},
        {"stages": frozenset({Stage.FINAL})},
        {"quiet": Quiet(tz="UTC", start="22:00", end="07:00")},
        {"is_threaded": False},
        {"machines": frozenset({SLACK})},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_every_key_of_a_rule_is_part_of_its_text(changes: dict[str, Any]) -> None:
    """Whatever changes, it is another version."""
    assert text_of(replace(RULE, **changes)) != text_of(RULE)


def test_an_alert_keeps_all_that_decided_it(archive: Archive) -> None:
    """Rule and version, model, every score, the terms of the theme asked for, and what the event had come to."""
    decide(archive, judged(1, shown=FINAL), rules=[RULE])
    changed = replace(RULE, when="theme:export_control score:>=0.8 tier:official")
    decide(archive, judged(2, shown=FINAL, score=0.87654), rules=[changed], now=NOW + timedelta(hours=1))
    [alert] = archive.reading.alerts_of("I-2")
    assert (alert.rule, alert.rule_version, alert.model, alert.kind, alert.state) == ("now", 2, "m7", "match", "waiting")
    assert alert.scores == (("export_control", 0.87654), ("telecom_5g", 0.2))
    assert alert.terms == REASONS
    assert (alert.event, alert.stage, alert.sources, alert.importance > 40) == (A, "final", 1, True)
    assert alert.reason == 'rule now v2 · export_control 0.88 ≥ 0.80 ("gallium", "export")'
    row = archive._connection.execute("select * from alerts where item = 'I-2'").fetchone()
    assert (row["step"], row["key"], row["decided_at"]) == ("final rule", f"alert:{SLACK}:I-2", "2026-05-01T09:00:00Z")


def test_what_was_suppressed_and_folded_is_on_record_as_well(archive: Archive) -> None:
    """With the silence, or the event of which it is an echo."""
    number = archive.silences.put("source:wire", until=NOW + timedelta(days=1), now=NOW, who="sato", via="cli").id
    rules = [replace(RULE, when="theme:export_control")]
    decide(archive, judged(1, shown=FINAL), judged(2, B, source="wire", tier=Tier.PRESS), rules=rules)
    archive._connection.execute("update events set storyline = 'S-aaaaaaaaaa'")
    archive._connection.execute("update alerts set storyline = 'S-aaaaaaaaaa'")
    decide(archive, judged(3, B, tier=Tier.PRESS), rules=rules, now=NOW + timedelta(hours=1))
    found = {each.item: each for each in archive.reading.alerts()}
    assert (found["I-2"].state, found["I-2"].silence) == ("suppressed", number)
    assert (found["I-3"].state, found["I-3"].echo_of) == ("folded", A)
    assert found["I-3"].scores == found["I-1"].scores
