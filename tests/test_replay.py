"""A rule on the past: the same verdicts as at the time, each with its event as it had come then."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from builders import a_date, an_item
from conftest import NOW
from deciding import FINAL, FOLDED, MAIL, RULE, SLACK, SUPPRESSED, WAITING

from monitor.items import (
    Alert,
    AlertKind,
    AlertState,
    DateKind,
    Findings,
    Judged,
    KeyDate,
    Limit,
    Link,
    Quiet,
    Rule,
    Shown,
    Stage,
    Standpoint,
    Tag,
    Tier,
)
from monitor.messages import Silence
from monitor.replay import Difference, Move, Replay, Turn, difference, replay

END = NOW + timedelta(days=10)


def a_turn(
    number: int,
    *,
    at: datetime | None = None,
    event: str = "E-a",
    is_on_theme: bool = True,
    shown: Shown | None = None,
    dates: tuple[KeyDate, ...] = (),
    storyline: str | None = None,
    copy_of: str | None = None,
    **changes: Any,
) -> Turn:
    """The item of a number, an hour after the one before it, judged when it was published."""
    at = at or NOW + timedelta(hours=number)
    base = {"id": f"I-{number}", "country": "US", "source": "bis", "title": f"Notice {number}", "published": at, "first_seen": at}
    judged = Judged(
        item=an_item(**base | changes),
        findings=Findings(lang="en", shown=shown, dates=dates),
        tags=(Tag(theme="export_control", score=0.9 if is_on_theme else 0.1, is_given=is_on_theme),),
        link=Link(event=event, is_new=False, copy_of=copy_of),
        model="m",
    )
    return Turn(judged=judged, at=at, arrival=number, storyline=storyline, may_match=is_on_theme)


def replayed(*past: Turn | Move, rule: Rule = RULE, **changes: Any) -> Replay:
    return replay(rule, past, **{"since": NOW, "until": END} | changes)


def told(found: Replay) -> list[tuple[str, AlertKind, AlertState, str]]:
    return [(each.alert.item, each.alert.kind, each.alert.state, each.alert.news) for each in found.verdicts]


MATCH, STAGE, GROWTH = AlertKind.MATCH, AlertKind.STAGE, AlertKind.GROWTH


def test_a_rule_is_asked_about_each_item_at_the_moment_of_its_judgement() -> None:
    """The alert window, spans and deadlines of the query count from then, not from today."""
    day = NOW.date() + timedelta(days=20)
    turns = (a_turn(1, dates=(a_date(day),)), a_turn(2, published=NOW - timedelta(days=9)))
    assert told(replayed(*turns)) == [("I-1", MATCH, WAITING, ""), ("I-2", MATCH, SUPPRESSED, "")]
    late = END + timedelta(days=80)
    assert [each[0] for each in told(replayed(*turns, rule=replace(RULE, when="since:2h"), until=late))] == ["I-1"]
    assert [each[0] for each in told(replayed(*turns, rule=replace(RULE, when="deadline:30d"), until=late))] == ["I-1"]


def test_an_event_is_seen_as_it_had_come_then() -> None:
    """Stage, sources and importance are those of the items before, whatever came after."""
    turns = (a_turn(1), a_turn(2, source="wire", shown=None), a_turn(3, shown=FINAL))
    found = replayed(*turns).verdicts
    at = [each.alert.standpoint for each in found]
    assert [each.stage for each in at] == [Stage.ANNOUNCED, Stage.ANNOUNCED, Stage.FINAL]
    assert [each.sources for each in at] == [1, 2, 2]
    assert at[0].importance < at[2].importance
    assert [each.alert.item for each in replayed(*turns, rule=replace(RULE, when="stage:final")).verdicts] == ["I-3"]


def test_items_before_the_span_count_for_their_event_alone() -> None:
    """They are not decided on."""
    before = a_turn(0, at=NOW - timedelta(days=1), shown=FINAL)
    found = replayed(before, a_turn(1))
    assert [each.alert.item for each in found.verdicts] == ["I-1"]
    assert found.verdicts[0].alert.standpoint.stage is Stage.FINAL


def test_what_took_a_told_event_further_is_told_although_it_does_not_match() -> None:
    """Only of events that were told."""
    further = {"is_on_theme": False, "shown": FINAL}
    assert told(replayed(a_turn(1), a_turn(2, **further))) == [
        ("I-1", MATCH, WAITING, ""),
        ("I-2", STAGE, WAITING, "announced → final (final rule)"),
    ]
    assert told(replayed(a_turn(1, is_on_theme=False), a_turn(2, **further))) == []
    grown = [a_turn(number, is_on_theme=number == 1, source=f"wire{number}") for number in range(1, 6)]
    assert told(replayed(*grown))[1:] == [("I-5", GROWTH, WAITING, "5 sources")]


def test_a_stated_date_takes_a_told_event_further_by_itself() -> None:
    """On its day, by the item that stated it; a date after the end tells nothing."""
    day = NOW.date() + timedelta(days=5)
    turn = a_turn(1, shown=FINAL, dates=(a_date(day, DateKind.EFFECTIVE),))
    second = replayed(turn).verdicts[1]
    assert (second.alert.kind, second.alert.item, second.alert.state) == (STAGE, "I-1", WAITING)
    assert second.alert.news.startswith("final → in force")
    assert second.alert.decided_at == datetime(day.year, day.month, day.day, tzinfo=UTC)
    assert len(replayed(turn, until=NOW + timedelta(days=3)).verdicts) == 1
    assert len(replayed(replace(turn, may_match=False, judged=replace(turn.judged, tags=()))).verdicts) == 0


def test_limits_and_echoes_hold_as_they_would_have() -> None:
    """What would have been told is the past of what comes after it."""
    rule = replace(RULE, per_event=Limit(count=2, window=timedelta(hours=6)))
    found = replayed(*(a_turn(number) for number in range(1, 5)), rule=rule)
    assert [each.alert.state for each in found.verdicts] == [WAITING, WAITING, FOLDED, FOLDED]
    assert found.reasons(FOLDED) == (("over the limit of 2/6h for one event", 2),)
    big = a_turn(1, shown=FINAL, storyline="S-a")
    small = a_turn(2, event="E-b", storyline="S-a", tier=Tier.PRESS)
    echo = replayed(big, small).verdicts[1].alert
    assert (echo.state, echo.echo_of) == (FOLDED, "E-a")
    assert replayed(big, small).reasons(FOLDED) == (("an echo of a bigger event, which was told", 1),)


def test_a_copy_is_suppressed() -> None:
    """And counted with the others, whatever it repeats."""
    found = replayed(a_turn(1), a_turn(2), a_turn(3, copy_of="I-1"), a_turn(4, copy_of="I-2"))
    assert found.reasons(SUPPRESSED) == (("repeats an item that was decided on", 2),)


def an_alert(item: str, *, hours: float, **changes: Any) -> Alert:
    base: dict[str, Any] = {
        "rule": "other",
        "item": item,
        "event": "E-a",
        "channel": SLACK,
        "state": WAITING,
        "reason": "rule other",
        "decided_at": NOW + timedelta(hours=hours),
        "not_before": NOW,
    }
    return Alert(**base | changes)


def test_what_other_rules_told_counts() -> None:
    """An item that another rule told is folded, and limits count what is told by all; what was told later does not."""
    history = [an_alert("I-0", hours=0.5), an_alert("I-2", hours=2), an_alert("I-9", hours=9)]
    found = replayed(a_turn(1), a_turn(2), history=history)
    assert [each.alert.state for each in found.verdicts] == [WAITING, FOLDED]
    assert found.verdicts[1].alert.is_said
    strict = replace(RULE, per_channel=Limit(count=1, window=timedelta(hours=1)))
    assert replayed(a_turn(1), history=history, rule=strict).verdicts[0].alert.state is FOLDED


def test_what_another_rule_told_by_a_date_is_not_told_again() -> None:
    """Whichever comes first in the configuration told it, some hours after the day began."""
    day = NOW.date() + timedelta(days=5)
    turn = a_turn(1, shown=FINAL, dates=(a_date(day, DateKind.EFFECTIVE),))
    at = {"kind": STAGE, "standpoint": Standpoint(stage=Stage.IN_FORCE)}
    assert len(replayed(turn, history=[an_alert("I-1", hours=24 * 5 - 3, **at)]).verdicts) == 1
    assert len(replayed(turn, history=[an_alert("I-1", hours=24 * 5 - 3, event="E-b", **at)]).verdicts) == 2


def test_what_the_rule_itself_told_counts_only_before_the_span() -> None:
    """An event that it told before goes on in the span; what it told in the span is what is tried anew."""
    before = an_alert("I-0", hours=-30, rule="now", standpoint=Standpoint(stage=Stage.ANNOUNCED))
    found = replayed(a_turn(1, is_on_theme=False, shown=FINAL), history=[before])
    assert told(found) == [("I-1", STAGE, WAITING, "announced → final (final rule)")]
    during = an_alert("I-1", hours=1, rule="now")
    assert told(replayed(a_turn(1), history=[during])) == [("I-1", MATCH, WAITING, "")]


def test_silences_hold_while_they_held() -> None:
    """A silence of Tuesday suppresses nothing on Wednesday."""
    silence = Silence(
        id=7,
        query="source:bis",
        channel=None,
        begins_at=NOW + timedelta(hours=2),
        ends_at=NOW + timedelta(hours=3),
        who="sato",
        via="cli",
        reason="",
    )
    found = replayed(*(a_turn(number) for number in (1, 2, 3)), silences=[silence])
    assert [each.alert.state for each in found.verdicts] == [WAITING, SUPPRESSED, WAITING]
    assert found.reasons(SUPPRESSED) == (("silence 7", 1),)


def test_events_are_those_of_the_moment_until_they_merge() -> None:
    """Two events are told apart before, and are one afterwards, under either id; so with its stated dates."""
    day = NOW.date() + timedelta(days=5)
    move = Move(event="E-b", into="E-a", items=frozenset({"I-2"}), is_merge=True)
    turns = (
        a_turn(1, source="one"),
        a_turn(2, event="E-b", shown=FINAL, dates=(a_date(day, DateKind.EFFECTIVE),)),
        move,
        a_turn(3, is_on_theme=False),
    )
    assert told(replayed(*turns)) == [
        ("I-1", MATCH, WAITING, ""),
        ("I-2", MATCH, WAITING, ""),
        ("I-2", STAGE, WAITING, "final → in force (effective)"),
    ]
    assert [each.alert.event for each in replayed(*turns).verdicts] == ["E-a", "E-b", "E-a"]
    rule = replace(RULE, when="event:E-b")
    assert [each.alert.item for each in replayed(a_turn(1), move, a_turn(2), rule=rule).verdicts] == ["I-2"]


def test_items_that_were_split_off_are_an_event_of_their_own_afterwards() -> None:
    """What they showed counts there."""
    move = Move(event="E-a", into="E-b", items=frozenset({"I-1"}), is_merge=False)
    found = replayed(a_turn(1, shown=FINAL), a_turn(2, source="wire"), move, a_turn(3, source="press"), a_turn(4, event="E-b"))
    assert [each.alert.standpoint.stage for each in found.verdicts] == [Stage.FINAL, Stage.FINAL, Stage.ANNOUNCED, Stage.FINAL]


def test_days_are_those_of_the_rules_zone_and_none_is_left_out() -> None:
    """An alert of 23:00 UTC belongs to the next day in Tokyo."""
    turn = a_turn(15)  # 23:00 UTC on May 1
    found = replayed(turn, a_turn(16), a_turn(17, event="E-b"), until=NOW + timedelta(days=3))
    assert [(each.date.day, each.fired) for each in found.days] == [(1, 1), (2, 2), (3, 0), (4, 0)]
    assert (found.zone, found.median, found.mean) == ("UTC", 0.5, 1.0)
    assert found.busiest is not None
    assert found.busiest.date == date(2026, 5, 2)
    tokyo = replace(RULE, quiet=Quiet(tz="Asia/Tokyo", start="22:00", end="07:00"))
    found = replayed(turn, rule=tokyo, until=NOW + timedelta(days=1))
    assert (found.zone, [(each.date.day, each.fired) for each in found.days]) == ("Asia/Tokyo", [(1, 0), (2, 1)])


def test_events_and_sources_are_ranked_by_how_loud_they_were() -> None:
    """With what of it went as messages; what was suppressed is not loud."""
    rule = replace(RULE, per_event=Limit(count=1, window=timedelta(hours=6)))
    turns = (
        a_turn(1),
        a_turn(2, event="E-b", source="wire"),
        a_turn(3, event="E-b"),
        a_turn(4, event="E-c", published=NOW - timedelta(days=9)),
    )
    found = replayed(*turns, rule=rule)
    assert [(each.id, each.fired, each.messages) for each in found.events] == [("E-b", 2, 1), ("E-a", 1, 1)]
    assert [(each.id, each.fired, each.messages) for each in found.sources] == [("bis", 2, 1), ("wire", 1, 1)]
    assert (len(found.fired), len(found.messages), len(found.folded), len(found.suppressed), found.items) == (3, 2, 1, 1, 4)


def test_a_rule_that_never_fires_has_no_busiest_day() -> None:
    """All its figures are none, and none of them fails."""
    found = replayed()
    assert (found.mean, found.median, found.busiest, found.events, found.verdicts) == (0, 0, None, (), ())


def test_the_difference_to_what_was_told_is_named() -> None:
    """By item, and by what is new of an event; what was told outside the span does not count."""
    found = replayed(a_turn(1), a_turn(2), a_turn(3, is_on_theme=False, shown=FINAL))
    stage = an_alert("I-3", hours=4, kind=STAGE, standpoint=Standpoint(stage=Stage.FINAL))
    went = [
        an_alert("I-2", hours=2),
        an_alert("I-8", hours=3),
        stage,
        an_alert("I-9", hours=-3),
        an_alert("I-1", hours=1, channel=MAIL),
    ]
    unlike = difference(found, went)
    assert isinstance(unlike, Difference)
    assert [each.alert.item for each in unlike.more] == ["I-1"]
    assert [(each.item, each.channel) for each in unlike.fewer] == [("I-8", SLACK), ("I-1", MAIL)]
