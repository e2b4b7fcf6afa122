"""What rules decide over time, and the orders that follow: nothing that goes on is swallowed, nothing is told for a clock's sake."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from builders import a_date, a_shown, an_item
from conftest import NOW, Clock

from monitor.archive import Archive
from monitor.archive.intake import Change
from monitor.dedupe import sort_out
from monitor.errors import ArchiveBusy
from monitor.items import (
    Alert,
    AlertState,
    DateKind,
    Findings,
    Item,
    Judged,
    KeyDate,
    Limit,
    Link,
    Rule,
    Shown,
    SourceState,
    Stage,
    Tag,
)
from monitor.judgement import Judge
from monitor.lexicon import Lexicon
from monitor.likeness import Joining
from monitor.verdicts import Verdicts

SLACK = "slack:#econsec"
RULE = Rule(id="now", when="theme:export_control", to=(SLACK,))
A, B = "E-aaaaaaaaaa", "E-bbbbbbbbbb"


def a_notice(number: int, **changes: Any) -> Item:
    base = {
        "source": "bis",
        "key": str(number),
        "url": f"https://bis.example/{number}",
        "title": f"BIS notice {number}",
        "lang": "en",
        "country": "US",
    }
    return an_item(**base | changes)


def judged(
    item: Item,
    event: str = A,
    *,
    shown: Shown | None = None,
    dates: Sequence[KeyDate] = (),
    themes: Sequence[str] = ("export_control",),
) -> Judged:
    return Judged(
        item=item,
        findings=Findings(
            lang=item.lang, shown=shown, dates=tuple(dates), stage=Stage.ANNOUNCED if shown is None else shown.stage
        ),
        tags=tuple(Tag(theme=theme, score=0.9, is_given=True) for theme in themes),
        link=Link(event=event, is_new=True),
        model="m",
    )


def store(archive: Archive, *items: Item, at: datetime = NOW) -> None:
    for item in items:
        found = sort_out(archive.intake.known(item.source, [item]), [item])
        archive.intake.store(Change(found=found, state=SourceState(id=item.source), at=at))


def verdicts(archive: Archive, now: datetime, *rules: Rule, items: Sequence[str] = ()) -> Verdicts:
    return Verdicts(archive, rules or [RULE], versions={}, now=now, items=items, storylines={})


def rule_on(archive: Archive, *batch: Judged, at: datetime = NOW, rules: Sequence[Rule] = (RULE,)) -> list[Alert]:
    """What the rules decide on a batch, kept with it."""
    store(archive, *(each.item for each in batch), at=at)
    found = verdicts(archive, at, *rules, items=[each.item.id for each in batch])
    alerts = found.of_all(batch)
    archive.judging.write(batch, alerts, at, reached=found.ways())
    return alerts


def fates(alerts: Sequence[Alert]) -> list[tuple[str, str, str]]:
    return [(each.kind.value, each.state.value, each.news) for each in alerts]


def waiting(archive: Archive) -> list[str]:
    rows = archive._connection.execute("select key from outbox where state = 'waiting' order by id")
    return [row["key"] for row in rows]


def sent_all(archive: Archive) -> None:
    archive._connection.execute("update outbox set state = 'sent', sent_at = created_at, remote_id = key")


def advanced(archive: Archive, now: datetime) -> list[Alert]:
    """What a date took further, told."""
    found = []
    for event in archive.events.due(now.date()):
        if archive.events.has_advanced(event, now):
            alerts = verdicts(archive, now).of_date(event)
            archive.judging.advance(event, alerts, {}, now)
            found += alerts
    return found


EFFECTIVE = a_date(date(2026, 5, 20), DateKind.EFFECTIVE, sentence="The rule is effective May 20, 2026.")


def test_a_rule_that_was_told_is_told_again_on_the_day_it_takes_effect(archive: Archive) -> None:
    """The notice that stated the day was told itself: that holds nothing back."""
    rule_on(archive, judged(a_notice(1), shown=a_shown("final rule"), dates=[EFFECTIVE]))
    assert fates(advanced(archive, NOW + timedelta(days=20))) == [("stage", "waiting", "final → in force (effective)")]
    assert len(waiting(archive)) == 2


def test_an_edit_that_takes_its_event_further_is_told(archive: Archive) -> None:
    """The item was told as a proposal; its source made the final rule of it."""
    rule_on(archive, judged(a_notice(1), shown=a_shown("NPRM")))
    later = NOW + timedelta(hours=1)
    edited = replace(a_notice(1), title="BIS notice 1: final rule", changed_at=later)
    alerts = rule_on(archive, judged(edited, shown=a_shown("final rule")), at=later)
    assert fates(alerts) == [("stage", "waiting", "proposed → final (final rule)")]
    assert len(waiting(archive)) == 2


def test_what_takes_an_event_further_twice_is_told_twice(archive: Archive) -> None:
    """An item without the theme makes it final, and by the day that it states it takes effect: two alerts of a rule on one item."""
    rule_on(archive, judged(a_notice(1), shown=a_shown("NPRM")))
    later = NOW + timedelta(hours=1)
    rule_on(archive, judged(a_notice(2), shown=a_shown("final rule"), dates=[EFFECTIVE], themes=()), at=later)
    assert fates(advanced(archive, NOW + timedelta(days=20))) == [("stage", "waiting", "final → in force (effective)")]
    assert len(waiting(archive)) == 3


def test_a_stage_that_comes_again_is_told_again(archive: Archive) -> None:
    """In force, suspended, in force again."""
    for number, step in enumerate(("final rule", "effective", "stayed", "effective")):
        at = NOW + timedelta(hours=number)
        themes = () if number else ("export_control",)  # only the first satisfies the rule
        rule_on(archive, judged(a_notice(number, published=at, first_seen=at), shown=a_shown(step), themes=themes), at=at)
    rows = archive._connection.execute("select note from outbox order by id").fetchall()
    assert [row["note"].split(" → ")[-1] for row in rows] == [
        "",
        "in force (effective)",
        "amended (stayed)",
        "in force (effective)",
    ]


def test_what_a_silence_dropped_can_be_told_after_it(archive: Archive) -> None:
    """A stage that waited when its event was muted is told by the first item after the silence."""
    rule_on(archive, judged(a_notice(1), shown=a_shown("NPRM")))
    sent_all(archive)
    final = a_notice(2, published=NOW)
    rule_on(archive, judged(final, shown=a_shown("final rule"), themes=()), at=NOW + timedelta(hours=1))
    muted = archive.silences.put(f"event:{A}", until=NOW + timedelta(days=7), now=NOW + timedelta(hours=1), who="U1", via="slack")
    assert waiting(archive) == []
    archive.silences.end(muted.id, NOW + timedelta(hours=2))
    edited = replace(final, title="BIS notice 2, corrected", changed_at=NOW + timedelta(hours=3))
    alerts = rule_on(archive, judged(edited, shown=a_shown("final rule"), themes=()), at=NOW + timedelta(hours=3))
    assert [each.state.value for each in alerts] == ["waiting"]
    assert len(waiting(archive)) == 1


def test_an_item_that_a_silence_dropped_can_be_told_by_another_rule_after_it(archive: Archive) -> None:
    """One order stands for the item in the channel, whichever rule asks for it."""
    rule_on(archive, judged(a_notice(1)))
    muted = archive.silences.put(f"event:{A}", until=NOW + timedelta(days=7), now=NOW, who="U1", via="slack")
    archive.silences.end(muted.id, NOW + timedelta(hours=1))
    rule_on(archive, judged(a_notice(1)), at=NOW + timedelta(hours=2), rules=[replace(RULE, id="new")])
    assert waiting(archive) == [f"alert:{SLACK}:{a_notice(1).id}"]


def test_of_merged_events_the_furthest_that_was_told_counts(archive: Archive) -> None:
    """The channel knows that one is final; that the other was told as a proposal later makes that no news."""
    rule_on(archive, judged(a_notice(1), A, shown=a_shown("final rule")))
    rule_on(archive, judged(a_notice(2), B, shown=a_shown("NPRM")), at=NOW + timedelta(minutes=1))
    archive.events.merge(A, B, who="sato", now=NOW + timedelta(minutes=2))
    later = NOW + timedelta(hours=1)
    alerts = rule_on(archive, judged(a_notice(3, published=later, first_seen=later), A), at=later)
    assert fates(alerts) == [("match", "waiting", "")]


def test_of_events_that_a_batch_merges_the_furthest_that_was_told_counts(archive: Archive) -> None:
    """So it is when the linker finds that they are one."""
    rule_on(archive, judged(a_notice(1), A, shown=a_shown("final rule")))
    rule_on(archive, judged(a_notice(2), B, shown=a_shown("NPRM")), at=NOW + timedelta(minutes=1))
    later = NOW + timedelta(hours=1)
    both = judged(a_notice(3, published=later, first_seen=later), B)
    alerts = rule_on(archive, replace(both, link=replace(both.link, merged=(A,))), at=later)
    assert fates(alerts) == [("match", "waiting", "")]


LIMITED = replace(RULE, per_channel=Limit(count=1, window=timedelta(hours=1)))


def test_a_clock_that_was_set_back_fills_no_limit(archive: Archive) -> None:
    """What was told at a time that has yet to come counts for nothing now."""
    ahead = NOW + timedelta(days=2)
    rule_on(archive, judged(a_notice(1, published=ahead, first_seen=ahead), A), at=ahead)
    assert fates(rule_on(archive, judged(a_notice(2), B), rules=[LIMITED])) == [("match", "waiting", "")]


def fold(archive: Archive, number: int, at: datetime = NOW) -> None:
    """An item that is over the limit."""
    item = a_notice(number, published=at, first_seen=at)
    store(archive, item, at=at)
    event = f"E-fold{number:06d}"
    alert = Alert(
        rule="now", item=item.id, event=event, channel=SLACK, state=AlertState.FOLDED, reason="over", decided_at=at, not_before=at
    )
    archive.judging.write([judged(item, event)], [alert], at)


def lists(archive: Archive) -> list[str]:
    return [row["since"] for row in archive._connection.execute("select since from outbox where kind = 'folded' order by id")]


def test_a_clock_that_was_set_back_hides_nothing_in_a_list_of_the_future(archive: Archive) -> None:
    """What is folded now comes in a list of now, and soon."""
    fold(archive, 1, NOW + timedelta(minutes=30))
    fold(archive, 2)
    assert lists(archive) == ["2026-05-01T08:30:00Z", "2026-05-01T08:00:00Z"]
    [row] = archive._connection.execute("select not_before from outbox where since = '2026-05-01T08:00:00Z'").fetchall()
    assert row["not_before"] == "2026-05-01T08:01:00Z"


def test_a_list_that_was_deleted_takes_nothing_more(archive: Archive) -> None:
    """What is folded after that is told in a list of its own."""
    fold(archive, 1)
    order = archive.outbox.next(SLACK, NOW + timedelta(minutes=2))
    assert order is not None
    from monitor.messages import Receipt

    archive.outbox.sent(order, Receipt(remote_id="1.0"), None, NOW + timedelta(minutes=2), digest="d")
    fold(archive, 2, NOW + timedelta(minutes=5))
    assert len(lists(archive)) == 1
    archive._connection.execute("update posts set gone_at = ?", ["2026-05-01T08:10:00Z"])
    fold(archive, 3, NOW + timedelta(minutes=20))
    assert len(lists(archive)) == 2


def test_a_rule_that_fails_stops_no_other(
    archive: Archive, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever it fails by: else its batch would be met for ever, and nothing told any more."""
    from monitor import decide

    def matches(node: object, *rest: Any) -> bool:
        if node is decide.compiled("broken"):
            raise OverflowError
        return true_matches(node, *rest)  # type: ignore[arg-type]

    true_matches = decide.matches
    monkeypatch.setattr(decide, "matches", matches)
    alerts = rule_on(archive, judged(a_notice(1)), rules=[replace(RULE, id="broken", when="broken"), RULE])
    assert [each.rule for each in alerts] == ["now"]
    assert "rule=broken" in caplog.text


def test_a_silence_that_fails_silences_nothing(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rather told than lost."""
    from monitor import decide

    def matches(node: object, *rest: Any) -> bool:
        if node is decide.compiled("broken"):
            raise OverflowError
        return true_matches(node, *rest)  # type: ignore[arg-type]

    true_matches = decide.matches
    monkeypatch.setattr(decide, "matches", matches)
    archive.silences.put("broken", until=NOW + timedelta(days=1), now=NOW, who="U1", via="cli")
    assert fates(rule_on(archive, judged(a_notice(1)))) == [("match", "waiting", "")]


def test_an_archive_that_is_busy_decides_nothing(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is no fault of a rule: the batch is met again, and no alert is lost."""

    def busy(*_: object) -> bool:
        raise sqlite3.OperationalError("database is locked")

    monkeypatch.setattr(type(archive.alerts), "has_verdict", busy)
    with pytest.raises(ArchiveBusy):
        rule_on(archive, judged(a_notice(1)))


def test_an_event_whose_day_cannot_be_told_stops_no_judgement(
    archive: Archive, lexicon: Lexicon, joining: Joining, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is named in the log; items are judged, and the other events of the day go on."""
    for number, event in ((1, A), (2, B)):
        rule_on(archive, judged(a_notice(number), event, shown=a_shown("final rule"), dates=[EFFECTIVE]))
    of_date = Verdicts.of_date

    def faulty(self: Verdicts, event: str) -> list[Alert]:
        if event == A:
            raise RuntimeError("a bug")
        return of_date(self, event)

    monkeypatch.setattr(Verdicts, "of_date", faulty)
    clock.move(days=20)
    judge = Judge(archive=archive, rules=[RULE], lexicon=lexicon, model=None, encoder=None, joining=joining, clock=clock)
    assert judge.run().alerts == 1


def test_official_notices_come_first_in_a_list(archive: Archive) -> None:
    """A list shows fifteen: a flood of press hides none of them."""
    from monitor import compose
    from monitor.items import Filed, Tier

    press = [(Filed(item=a_notice(number, tier=Tier.PRESS)), "Press") for number in range(20)]
    official = (Filed(item=a_notice(99, title="Entity List: twelve additions")), "BIS")
    message = compose.folded_message(
        key="k", address="#econsec", items=[*press, official], reasons=["over"] * 21, since=NOW, hint=""
    )
    assert [line.title for line in message.lines][:2] == ["Entity List: twelve additions", "BIS notice 0"]
    assert "Entity List" in message.text


def test_what_is_asked_at_every_tick_is_an_index_look_up(archive: Archive) -> None:
    """No table is walked through, however large it grows: measured on a million alerts, each takes less than a millisecond."""
    asked: list[str] = []
    archive._connection.set_trace_callback(asked.append)
    archive.outbox.channels_due(NOW)
    archive.outbox.next(SLACK, NOW)
    archive.outbox.stale(SLACK, NOW)
    archive.outbox.post_of(SLACK, A)
    archive.outbox.thread_of(SLACK, A)
    archive.outbox.last_sent(SLACK)
    archive.alerts.has_verdict("now", "I-1", SLACK)
    archive.alerts.is_told("I-1", SLACK)
    archive.alerts.count(SLACK, NOW)
    archive.alerts.count(SLACK, NOW, (A,))
    archive.alerts.told(SLACK, (A,))
    archive.alerts.speakers(A)
    archive.alerts.bigger(SLACK, "S-1", (A,), 0.0, NOW)
    archive.reading.alert_of("alert:1")
    archive.reading.folded(SLACK, NOW, NOW)
    archive.judging.untagged(1)
    archive.judging.unjudged(1)
    archive._connection.set_trace_callback(None)
    steps = [row["detail"] for query in asked for row in archive._connection.execute(f"explain query plan {query}").fetchall()]
    small = ("posts_stale", "outbox_open", "items_unclassified", "items_unjudged")  # these hold only what is still to be done
    walks = [step for step in steps if step.startswith("SCAN ") and not step.endswith(small)]
    assert [
        step for step in walks if step.split()[1] in ("alerts", "a", "b", "outbox", "o", "posts", "items", "i", "events")
    ] == []


def test_a_silence_drops_what_is_of_its_event_now(archive: Archive) -> None:
    """An item that was split off while its alert waited is no longer of the event that is muted, but of the other one."""
    rule_on(archive, judged(a_notice(1)))
    rule_on(archive, judged(a_notice(2)), at=NOW + timedelta(minutes=1))
    made = archive.events.split(A, [a_notice(2).id], who="sato", now=NOW)
    until = NOW + timedelta(days=7)
    archive.silences.put(f"event:{made}", until=until, now=NOW, who="U1", via="slack")
    assert waiting(archive) == [f"alert:{SLACK}:{a_notice(1).id}"]
    archive.silences.put(f"event:{A}", until=until, now=NOW, who="U1", via="slack")
    assert waiting(archive) == []
