"""What rules decide: told, folded or suppressed, each with its reason; what goes on is told to those who were told of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from builders import an_item
from conftest import NOW as START
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor.archive import Archive
from monitor.decide import Past, Remembered, advanced, decide, limit_text, quiet_until
from monitor.items import (
    Alert,
    AlertKind,
    AlertState,
    Findings,
    Judged,
    Limit,
    Link,
    Quiet,
    Rule,
    Stage,
    Standpoint,
    Tag,
    Tier,
)
from monitor.match import Subject
from monitor.messages import Silence
from monitor.reasons import why
from monitor.verdicts import Verdicts

NOW = datetime(2026, 2, 10, 12, tzinfo=UTC)
EVENT, OTHER, STORY = "E-qwertyuiop", "E-asdfghjklz", "S-qwertyuiop"
SLACK, MAIL, HOOK = "slack:#econsec", "mail:desk@example", "webhook:tracker"
WAITING, FOLDED, SUPPRESSED = AlertState.WAITING, AlertState.FOLDED, AlertState.SUPPRESSED
RULE = Rule(id="now", when="theme:export_control", to=(SLACK,))
ITEM = an_item(published=NOW - timedelta(hours=3), first_seen=NOW - timedelta(hours=1))
TAGS = (
    Tag(theme="critical_minerals", score=0.55, is_given=True),
    Tag(theme="export_control", score=0.91, is_given=True),
    Tag(theme="telecom_5g", score=0.3, is_given=False),
)


def a_subject(
    link: Link | None = None,
    at: Standpoint | None = None,
    former: tuple[str, ...] = (),
    tags: tuple[Tag, ...] = TAGS,
    **changes: Any,
) -> Subject:
    judged = Judged(
        item=replace(ITEM, **changes),
        findings=Findings(lang="ja"),
        tags=tags,
        link=link or Link(event=EVENT, is_new=True),
        model="m1",
    )
    return Subject(judged=judged, at=at or Standpoint(stage=Stage.FINAL), former=former)


def an_alert(**changes: Any) -> Alert:
    base: dict[str, Any] = {
        "rule": "now",
        "item": "I-first",
        "event": EVENT,
        "channel": SLACK,
        "state": WAITING,
        "reason": "rule now",
        "decided_at": NOW - timedelta(hours=1),
        "not_before": NOW,
        "standpoint": Standpoint(stage=Stage.PROPOSED, sources=1),
    }
    return Alert(**base | changes)


def a_silence(query: str, **changes: Any) -> Silence:
    base: dict[str, Any] = {
        "id": 3,
        "query": query,
        "channel": None,
        "begins_at": NOW - timedelta(days=1),
        "ends_at": NOW + timedelta(days=6),
        "who": "sato",
        "via": "cli",
        "reason": "",
    }
    return Silence(**base | changes)


def told(*alerts: Alert, silences: Iterable[Silence] = (), merged: dict[str, tuple[str, ...]] | None = None) -> Remembered:
    """A past in which these alerts were decided, in this order."""
    past = Remembered(tuple(silences), ids=lambda event: (event, *(merged or {}).get(event, ())))
    past.take(alerts)
    return past


OFF_THEME = (Tag(theme="export_control", score=0.1, is_given=False),)
"""Of an item that no rule here fires on."""


def fates(rule: Rule, subject: Subject, past: Past) -> list[tuple[str, AlertState]]:
    return [(alert.channel, alert.state) for alert in decide(rule, subject, past, NOW)]


def a_past(
    verdicts: Iterable[tuple[str, str, str]] = (),
    told: Iterable[tuple[str, str]] = (),
    sent: Iterable[tuple[str, timedelta, str]] = (),
) -> Past:
    """A past of verdicts (rule, item, channel), of items told (item, channel) and of alerts sent (channel, ago, event)."""
    past = Remembered()
    past.has_verdict = lambda rule, item, channel: (rule, item, channel) in set(verdicts)  # type: ignore[method-assign]
    past.is_told = lambda item, channel: (item, channel) in set(told)  # type: ignore[method-assign]
    past.count = lambda channel, since, event: sum(  # type: ignore[method-assign]
        1 for to, ago, about in sent if to == channel and NOW - ago >= since and event in (None, about)
    )
    return past


def test_a_rule_that_fires_gives_one_alert_a_channel() -> None:
    """Each channel gets its own alert, to be sent at once, about the item and its event."""
    alerts = decide(replace(RULE, to=(SLACK, MAIL)), a_subject(), a_past(), NOW)
    assert [(each.channel, each.state, each.rule, each.item, each.event) for each in alerts] == [
        (SLACK, WAITING, "now", ITEM.id, EVENT),
        (MAIL, WAITING, "now", ITEM.id, EVENT),
    ]
    assert {(each.decided_at, each.not_before, each.reason) for each in alerts} == {(NOW, NOW, why(RULE, a_subject()))}


def test_a_rule_that_does_not_fire_gives_nothing() -> None:
    """No match, no verdict, not even a suppressed one."""
    assert decide(replace(RULE, when="theme:telecom_5g"), a_subject(is_backlog=True, published=None), a_past(), NOW) == ()


def test_a_verdict_stands() -> None:
    """A channel that has a verdict of the rule on the item gets no second; another rule's verdict does not count."""
    past = a_past(verdicts=[("now", ITEM.id, SLACK), ("other", ITEM.id, MAIL)])
    assert fates(replace(RULE, to=(SLACK, MAIL)), a_subject(), past) == [(MAIL, WAITING)]


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({"published": NOW - timedelta(hours=48)}, WAITING),
        ({"published": NOW - timedelta(hours=48, seconds=1)}, SUPPRESSED),
        ({"published": NOW - timedelta(days=30), "changed_at": NOW - timedelta(hours=1)}, WAITING),
        ({"published": NOW - timedelta(days=30), "changed_at": NOW - timedelta(days=3)}, SUPPRESSED),
        ({"published": None}, WAITING),
        ({"published": None, "first_seen": NOW - timedelta(days=3)}, SUPPRESSED),
        ({"published": None, "is_backlog": True}, SUPPRESSED),
        ({"published": None, "is_backlog": True, "changed_at": NOW}, WAITING),
        ({"is_backlog": True}, WAITING),
        ({"is_backlog": True, "published": NOW - timedelta(days=3)}, SUPPRESSED),
    ],
)
def test_the_past_is_not_alerted(changes: dict[str, object], state: AlertState) -> None:
    """What is older than the window, or undated and there from the start, is kept silent unless its source changed it."""
    assert fates(RULE, a_subject(**changes), a_past()) == [(SLACK, state)]


def test_a_copy_of_a_judged_item_is_suppressed_where_the_first_one_went() -> None:
    """A copy is news to a channel that this rule never gave the first one."""
    copy = a_subject(Link(event=EVENT, is_new=False, copy_of="I-first"))
    past = a_past(verdicts=[("now", "I-first", SLACK), ("other", "I-first", MAIL)])
    alerts = decide(replace(RULE, to=(SLACK, MAIL)), copy, past, NOW)
    assert [(each.channel, each.state) for each in alerts] == [(SLACK, SUPPRESSED), (MAIL, WAITING)]
    assert "I-first" in alerts[0].reason


def test_an_item_that_another_rule_told_is_folded() -> None:
    """A channel hears of an item once."""
    past = a_past(told=[(ITEM.id, SLACK), ("I-other", MAIL)])
    assert fates(replace(RULE, to=(SLACK, MAIL)), a_subject(), past) == [(SLACK, FOLDED), (MAIL, WAITING)]


@pytest.mark.parametrize(
    ("sent", "state"),
    [
        ([(SLACK, timedelta(hours=1), EVENT)], WAITING),
        ([(SLACK, timedelta(hours=1), EVENT), (SLACK, timedelta(hours=6), EVENT)], FOLDED),
        ([(SLACK, timedelta(hours=1), EVENT), (SLACK, timedelta(hours=7), EVENT)], WAITING),
        ([(SLACK, timedelta(hours=1), EVENT), (MAIL, timedelta(hours=1), EVENT)], WAITING),
        ([(SLACK, timedelta(minutes=5), "E-other")] * 2, WAITING),
        ([(SLACK, timedelta(minutes=5), "E-other")] * 3, FOLDED),
        ([(SLACK, timedelta(minutes=61), "E-other")] * 3, WAITING),
    ],
)
def test_alerts_over_a_limit_are_folded(sent: list[tuple[str, timedelta, str]], state: AlertState) -> None:
    """Two an event in six hours, three a channel in one hour; other events, channels and hours do not count."""
    rule = replace(
        RULE, per_event=Limit(count=2, window=timedelta(hours=6)), per_channel=Limit(count=3, window=timedelta(hours=1))
    )
    assert fates(rule, a_subject(), a_past(sent=sent)) == [(SLACK, state)]


def test_a_folded_alert_names_the_limit_it_is_over() -> None:
    """The digest tells whether an event or a channel was too loud."""
    limit = Limit(count=0, window=timedelta(hours=6))
    told = (decide(replace(RULE, **{name: limit}), a_subject(), a_past(), NOW) for name in ("per_event", "per_channel"))
    assert [alert.reason for (alert,) in told] == [
        "over the limit of 0/6h for one event",
        "over the limit of 0/6h for the channel",
    ]


def test_an_old_item_is_suppressed_rather_than_folded() -> None:
    """Age goes before limits, so that the digest does not count what nobody missed."""
    rule = replace(RULE, per_event=Limit(count=0, window=timedelta(hours=6)))
    assert fates(rule, a_subject(published=NOW - timedelta(days=9)), a_past(told=[(ITEM.id, SLACK)])) == [(SLACK, SUPPRESSED)]


def test_an_alert_in_quiet_hours_is_decided_now_and_sent_later() -> None:
    """The verdict has its own moment."""
    rule = replace(RULE, quiet=Quiet(tz="Asia/Tokyo", start="20:00", end="07:00"))
    (alert,) = decide(rule, a_subject(), a_past(), NOW)
    assert (alert.decided_at, alert.not_before) == (NOW, datetime(2026, 2, 10, 22, tzinfo=UTC))


@pytest.mark.parametrize(("count", "window", "text"), [(4, timedelta(hours=6), "4/6h"), (20, timedelta(days=7), "20/7d")])
def test_a_limit_is_written_as_in_the_configuration(count: int, window: timedelta, text: str) -> None:
    """Hours up to three days, then days."""
    assert limit_text(Limit(count=count, window=window)) == text


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


# Silences


@pytest.mark.parametrize(
    ("silence", "state"),
    [
        (a_silence(f"event:{EVENT}"), SUPPRESSED),
        (a_silence("event:E-merged"), SUPPRESSED),
        (a_silence("event:E-another"), WAITING),
        (a_silence("source:meti"), SUPPRESSED),
        (a_silence("source:wire"), WAITING),
        (a_silence("theme:export_control -country:US"), SUPPRESSED),
        (a_silence("stage:final", channel=SLACK), SUPPRESSED),
        (a_silence("stage:final", channel=MAIL), WAITING),
        (a_silence(""), SUPPRESSED),
        (a_silence("no:such"), WAITING),
    ],
)
def test_what_a_silence_finds_is_suppressed(silence: Silence, state: AlertState) -> None:
    """An event, by any id it ever had, a source, any query, in a channel or everywhere; a broken one is passed over."""
    [alert] = decide(RULE, a_subject(former=("E-merged",)), told(silences=[silence]), NOW)
    assert (alert.state, alert.silence) == (state, 3 if state is SUPPRESSED else None)
    if state is SUPPRESSED:
        assert alert.reason.startswith("silence 3 until 2026-02-16 12:00Z by sato")


def test_a_silence_goes_before_everything_else() -> None:
    """What is silenced is told as such, not as old, folded or an echo."""
    rule = replace(RULE, per_event=Limit(count=0, window=timedelta(hours=6)))
    past = told(silences=[a_silence("source:meti")])
    [alert] = decide(rule, a_subject(published=NOW - timedelta(days=9)), past, NOW)
    assert alert.silence == 3


def test_two_rules_tell_a_channel_once_whatever_their_order() -> None:
    """The first that fires tells, the second is folded as said and stands in no list."""
    past = told()
    first, second = RULE, replace(RULE, id="second", when="tier:official")
    past.take(decide(first, a_subject(), past, NOW))
    [alert] = decide(second, a_subject(), past, NOW)
    assert (alert.state, alert.is_said, alert.is_listed) == (FOLDED, True, False)


def test_quiet_hours_end_when_the_clock_says_so_also_where_it_goes_back() -> None:
    """02:30 comes twice in Berlin on 2026-10-25: the second one ends what began after the first."""
    quiet = Quiet(tz="Europe/Berlin", start="22:00", end="02:30")
    first = datetime(2026, 10, 25, 0, 10, tzinfo=UTC)  # 02:10, the first time
    assert quiet_until(quiet, first) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    again = datetime(2026, 10, 25, 1, 10, tzinfo=UTC)  # 02:10, the second time
    assert quiet_until(quiet, again) == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)


# One past, two memories

EVENTS = (EVENT, OTHER, "E-third", "E-fourth")
_alerts = st.lists(
    st.builds(
        lambda rule, item, event, channel, state, kind, stage, sources, importance, storyline, minutes: an_alert(
            rule=rule,
            item=item,
            event=event,
            channel=channel,
            state=state,
            kind=kind,
            news="" if kind is AlertKind.MATCH else f"{sources} sources",
            standpoint=Standpoint(stage=stage, sources=sources, importance=float(importance), storyline=storyline),
            decided_at=START + timedelta(minutes=minutes),
        ),
        st.sampled_from(("now", "other")),
        st.sampled_from(("I-1", "I-2", "I-3")),
        st.sampled_from(EVENTS),
        st.sampled_from((SLACK, MAIL)),
        st.sampled_from((WAITING, FOLDED, SUPPRESSED)),
        st.sampled_from(tuple(AlertKind)),
        st.sampled_from((Stage.REPORTED, Stage.FINAL)),
        st.integers(1, 9),
        st.integers(0, 3),
        st.sampled_from((None, STORY, "S-another")),
        st.integers(0, 300),
    ),
    max_size=14,
)


def unique(alerts: Iterable[Alert]) -> list[Alert]:
    """As judgement gives them: one verdict for a rule, item, channel and kind, in order of time."""
    found = {(each.rule, each.item, each.channel, each.kind): each for each in alerts}
    return sorted(found.values(), key=lambda each: each.decided_at)


def answers(past: Past, ids: tuple[str, ...] = EVENTS) -> list[object]:
    """What a past says to every question that a rule may ask."""
    found: list[object] = []
    for channel in (SLACK, MAIL):
        for rule in ("now", "other"):
            found += [past.has_verdict(rule, item, channel) for item in ("I-1", "I-2", "I-3")]
            found += [past.has_spoken(rule, channel, event) for event in ids]
        found += [past.is_told(item, channel) for item in ("I-1", "I-2", "I-3")]
        for minutes in (0, 60, 150):
            since = START + timedelta(minutes=minutes)
            found += [past.count(channel, since, event) for event in (None, *ids)]
            for importance in (0.0, 1.0):
                for storyline in (None, STORY):
                    at = Standpoint(importance=importance, storyline=storyline)
                    found += [past.bigger(channel, event, at, since) for event in ids]
        found += [past.told(channel, event) for event in ids]
    return found


LATER = START + timedelta(days=1)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(alerts=_alerts, cut=st.integers(0, 14), is_merged=st.booleans())
def test_the_archive_and_the_memory_say_the_same_of_the_past(
    tmp_path_factory: pytest.TempPathFactory, alerts: list[Alert], cut: int, is_merged: bool
) -> None:
    """Whatever was decided, and however much of it in this batch: two memories of one past, also of an event that went into another."""
    history = unique(alerts)
    merged = {EVENT: (OTHER,)} if is_merged else {}
    memory = told(*history, merged=merged)
    with Archive.open(f"sqlite:///{tmp_path_factory.mktemp('past') / 'monitor.db'}") as archive:
        connection = archive._connection
        connection.execute("pragma synchronous = off")
        put_items(archive)
        for each in history[:cut]:
            archive.alerts.write(each, 1)
        verdicts = Verdicts(archive, [], versions={}, now=LATER, storylines={})
        if is_merged:  # by the linker, in the batch that is under way
            verdicts._gone[EVENT] = {OTHER}
        past = verdicts._past
        past.take(history[cut:])
        ids = tuple(each for each in EVENTS if not (is_merged and each == OTHER))
        assert answers(past, ids) == answers(memory, ids)
        if is_merged:  # and afterwards, when the archive knows of it
            for each in history[cut:]:
                archive.alerts.write(each, 1)
            connection.execute("update events set into_event = ? where id = ?", [EVENT, OTHER])
            assert answers(Verdicts(archive, [], versions={}, now=LATER, storylines={})._past, ids) == answers(memory, ids)


def put_items(archive: Archive) -> None:
    """The items and events that the alerts speak of."""
    from monitor.archive.intake import Change
    from monitor.dedupe import sort_out
    from monitor.items import SourceState

    items = [an_item(id=f"I-{n}", key=str(n), url=f"http://meti.example/{n}", title=f"告示 第{n}号") for n in (1, 2, 3)]
    archive.intake.store(
        Change(found=sort_out(archive.intake.known("meti", items), items), state=SourceState(id="meti"), at=START)
    )
    archive._connection.executemany(
        "insert into events (id, opened_at, moved_at, stage) values (?, '2026', '2026', 'reported')", [(each,) for each in EVENTS]
    )
