"""What goes on is told to those who were told of it; an echo of a bigger event is folded."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from deciding import (
    EVENT,
    FOLDED,
    HOOK,
    ITEM,
    MAIL,
    NOW,
    OTHER,
    RULE,
    SLACK,
    STORY,
    SUPPRESSED,
    TAGS,
    WAITING,
    a_silence,
    a_subject,
    an_alert,
    told,
)

from monitor.decide import advanced, decide
from monitor.items import Alert, AlertKind, Limit, Quiet, Stage, Standpoint, Tag, Tier
from monitor.match import Subject

OFF_THEME = (Tag(theme="export_control", score=0.1, is_given=False),)
"""Of an item that no rule here fires on."""


# What goes on


def test_an_event_that_was_told_is_told_again_at_a_further_stage() -> None:
    """By an item that the rule does not fire on, once, as an alert of its own kind that says what is new."""
    past = told(an_alert())
    subject = a_subject(at=Standpoint(stage=Stage.FINAL, step="final rule", sources=2), tags=OFF_THEME)
    alerts = decide(RULE, subject, past, NOW, 4)
    assert [(each.kind, each.state, each.news, each.key) for each in alerts] == [
        (AlertKind.STAGE, WAITING, "proposed → final (final rule)", f"stage:{SLACK}:{EVENT}:final:{ITEM.id}")
    ]
    assert alerts[0].reason == "rule now v4 · proposed → final (final rule)"
    past.take(alerts)
    assert decide(RULE, a_subject(at=subject.at, tags=OFF_THEME, id="I-next"), past, NOW) == ()


def test_a_match_that_brings_a_further_stage_is_one_alert() -> None:
    """It is the item's own alert, and says what is new besides."""
    [alert] = decide(RULE, a_subject(), told(an_alert()), NOW)
    assert (alert.kind, alert.news, alert.key) == (AlertKind.MATCH, "proposed → final", f"alert:{SLACK}:{ITEM.id}")


def test_an_event_that_was_told_is_told_again_when_it_grows() -> None:
    """At five sources and at fifteen, once each; where it leaps over both, of the last alone."""

    def news(sources: int, *before: int) -> list[tuple[AlertKind, str]]:
        past = told(*(an_alert(standpoint=Standpoint(stage=Stage.FINAL, sources=count)) for count in before))
        subject = a_subject(at=Standpoint(stage=Stage.FINAL, sources=sources), tags=OFF_THEME)
        return [(each.kind, each.news) for each in decide(RULE, subject, past, NOW)]

    assert news(4, 1) == []
    assert news(5, 1) == [(AlertKind.GROWTH, "5 sources")]
    assert news(6, 5) == []
    assert news(17, 1) == [(AlertKind.GROWTH, "15 sources")]
    assert news(5, 1, 7, 2) == []  # the most that was ever told counts


def test_what_goes_on_is_told_to_those_only_who_were_told_of_the_event() -> None:
    """Not where the rule never spoke of it, not where all it said was folded and nobody told it; each rule asks for its own stages."""
    subject = a_subject(tags=OFF_THEME)
    both = replace(RULE, to=(SLACK, MAIL))
    assert [each.channel for each in decide(both, subject, told(an_alert()), NOW)] == [SLACK]
    assert decide(RULE, subject, told(an_alert(rule="other")), NOW) == ()
    assert decide(RULE, subject, told(an_alert(state=FOLDED)), NOW) == ()
    assert decide(RULE, subject, told(an_alert(state=SUPPRESSED)), NOW) == ()
    [alert] = decide(RULE, subject, told(an_alert(state=FOLDED), an_alert(rule="other")), NOW)
    assert alert.kind is AlertKind.STAGE
    assert decide(replace(RULE, stages=frozenset({Stage.IN_FORCE})), subject, told(an_alert()), NOW) == ()


def test_two_rules_tell_a_further_stage_once() -> None:
    """The channel hears it from the first; to the second it is nothing new."""
    past = told(an_alert(), an_alert(rule="second", item="I-2"))
    subject = a_subject(tags=OFF_THEME)
    past.take(decide(RULE, subject, past, NOW))
    assert decide(replace(RULE, id="second"), subject, past, NOW) == ()


def test_no_limit_and_no_echo_holds_back_what_goes_on() -> None:
    """Limits are against noise; a further stage is why the analyst listens."""
    none = Limit(count=0, window=timedelta(hours=6))
    rule = replace(RULE, per_event=none, per_channel=none)
    past = told(an_alert(), an_alert(event=OTHER, standpoint=Standpoint(importance=99, storyline=STORY)))
    for tags in (TAGS, OFF_THEME):
        [alert] = decide(rule, a_subject(at=Standpoint(stage=Stage.FINAL, storyline=STORY), tags=tags), past, NOW)
        assert (alert.state, alert.news) == (WAITING, "proposed → final")


def test_silences_and_the_window_hold_back_what_goes_on() -> None:
    """An item of last month is no news, whatever it shows; and it comes when the next one is fresh, or the silence has ended."""
    subject = a_subject(tags=OFF_THEME)
    [silent] = decide(RULE, subject, told(an_alert(), silences=[a_silence(f"event:{EVENT}")]), NOW)
    assert (silent.state, silent.silence) == (SUPPRESSED, 3)
    past = told(an_alert())
    [old] = decide(RULE, a_subject(tags=OFF_THEME, published=NOW - timedelta(days=30)), past, NOW)
    assert (old.state, old.reason) == (SUPPRESSED, "older than the rule's window (48h)")
    past.take([silent, old])
    assert [each.state for each in decide(RULE, a_subject(tags=OFF_THEME, id="I-next"), past, NOW)] == [WAITING]


def test_a_date_takes_an_event_further_by_itself() -> None:
    """However old the item is that stated it, also if that is the one that was told; quiet hours wait, limits do not count."""
    subject = a_subject(at=Standpoint(stage=Stage.IN_FORCE, step="effective"), published=NOW - timedelta(days=60))
    rule = replace(
        RULE,
        to=(SLACK, MAIL),
        per_event=Limit(count=0, window=timedelta(hours=6)),
        quiet=Quiet(tz="UTC", start="10:00", end="14:00"),
    )
    past = told(an_alert(item=ITEM.id, standpoint=Standpoint(stage=Stage.FINAL)))
    [alert] = advanced(rule, subject, past, NOW, 2)
    assert (alert.channel, alert.kind, alert.state) == (SLACK, AlertKind.STAGE, WAITING)
    assert alert.news == "final → in force (effective)"
    assert alert.not_before == NOW + timedelta(hours=2)
    past.take([alert])
    assert advanced(rule, subject, past, NOW) == ()


def test_a_date_tells_nothing_to_those_who_were_told_nothing_or_are_silenced() -> None:
    """A silence holds for what comes by its date as well."""
    subject = a_subject(at=Standpoint(stage=Stage.IN_FORCE))
    assert advanced(RULE, subject, told(), NOW) == ()
    past = told(an_alert(), silences=[a_silence(f"event:{EVENT}")])
    assert [each.state for each in advanced(RULE, subject, past, NOW)] == [SUPPRESSED]


# Echoes


def an_echo(**changes: Any) -> Subject:
    """An item of a small event of a storyline."""
    base = {"at": Standpoint(stage=Stage.REPORTED, importance=20, storyline=STORY), "tier": Tier.PRESS}
    return a_subject(**base | changes)


BIG = Standpoint(stage=Stage.FINAL, importance=70, storyline=STORY)


def test_an_echo_of_a_bigger_event_is_folded() -> None:
    """It names the event, is in the list of what was folded, and is not suppressed."""
    [alert] = decide(RULE, an_echo(), told(an_alert(event=OTHER, standpoint=BIG)), NOW)
    assert (alert.state, alert.echo_of, alert.is_listed) == (FOLDED, OTHER, True)
    assert alert.reason == f"an echo of {OTHER}, which was told"


def test_an_official_notice_is_no_echo() -> None:
    """What an official source says is a measure of its own; and so is an event that has come further than a report."""
    past = told(an_alert(event=OTHER, standpoint=BIG))
    assert [each.state for each in decide(RULE, an_echo(tier=Tier.OFFICIAL), past, NOW)] == [WAITING]
    announced = Standpoint(stage=Stage.ANNOUNCED, importance=20, storyline=STORY)
    assert [each.state for each in decide(RULE, an_echo(at=announced), past, NOW)] == [WAITING]


@pytest.mark.parametrize(
    "before",
    [
        an_alert(event=OTHER, standpoint=replace(BIG, importance=20)),  # as important, not more
        an_alert(event=OTHER, standpoint=replace(BIG, storyline="S-another")),
        an_alert(event=OTHER, standpoint=replace(BIG, storyline=None)),
        an_alert(event=OTHER, standpoint=BIG, channel=MAIL),
        an_alert(event=OTHER, standpoint=BIG, state=FOLDED),
        an_alert(event=OTHER, standpoint=BIG, decided_at=NOW - timedelta(hours=6, seconds=1)),
    ],
    ids=["small", "another storyline", "no storyline", "another channel", "not told", "too long ago"],
)
def test_what_is_no_echo_is_told(before: Alert) -> None:
    """Only of a bigger event of its storyline of which this channel was told within the span."""
    assert [each.state for each in decide(RULE, an_echo(), told(before), NOW)] == [WAITING]


def test_an_event_of_which_the_channel_was_told_already_is_no_echo() -> None:
    """Who follows it goes on hearing of it; also if it was told under the id of an event that went into it."""
    big = an_alert(event=OTHER, standpoint=BIG)
    small = an_alert(standpoint=Standpoint(importance=20, storyline=STORY), decided_at=NOW - timedelta(days=3))
    assert [each.state for each in decide(RULE, an_echo(), told(small, big), NOW)] == [WAITING]
    merged = {EVENT: ("E-old",)}
    assert [each.state for each in decide(RULE, an_echo(), told(replace(small, event="E-old"), big, merged=merged), NOW)] == [
        WAITING
    ]
    assert [each.state for each in decide(RULE, an_echo(), told(replace(big, event="E-old"), merged=merged), NOW)] == [WAITING]


def test_an_event_without_a_storyline_is_no_echo_and_echoes_can_be_let_through() -> None:
    """Two events that were not placed have nothing in common; a rule may ask for everything."""
    loose = a_subject(at=Standpoint(importance=20))
    before = an_alert(event=OTHER, standpoint=replace(BIG, storyline=None))
    assert [each.state for each in decide(RULE, loose, told(before), NOW)] == [WAITING]
    big = an_alert(event=OTHER, standpoint=BIG)
    assert [each.state for each in decide(replace(RULE, echo=None), an_echo(), told(big), NOW)] == [WAITING]


def test_programs_get_everything_at_once() -> None:
    """No limit, no echo, no quiet hours for an address that a program reads; people keep theirs."""
    none = Limit(count=0, window=timedelta(hours=6))
    rule = replace(
        RULE,
        to=(SLACK, HOOK),
        machines=frozenset({HOOK}),
        per_event=none,
        per_channel=none,
        quiet=Quiet(tz="UTC", start="10:00", end="14:00"),
    )
    past = told(*(an_alert(event=OTHER, standpoint=BIG, channel=channel) for channel in (SLACK, HOOK)))
    people, program = decide(rule, an_echo(), past, NOW)
    assert (people.state, people.not_before) == (FOLDED, NOW + timedelta(hours=2))
    assert (program.state, program.not_before) == (WAITING, NOW)
