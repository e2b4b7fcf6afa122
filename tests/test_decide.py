"""What rules decide: told, folded or suppressed, each with its reason; silences go before everything else."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from deciding import EVENT, FOLDED, ITEM, MAIL, NOW, RULE, SLACK, SUPPRESSED, WAITING, a_silence, a_subject, told

from monitor.decide import Past, Remembered, decide, limit_text, quiet_until
from monitor.items import AlertState, Limit, Link, Quiet, Rule
from monitor.match import Subject
from monitor.messages import Silence
from monitor.reasons import why


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


@pytest.mark.parametrize(("hours", "state"), [(36, WAITING), (36.01, SUPPRESSED), (-9, WAITING)])
def test_a_day_is_the_past_when_it_is_so_in_the_farthest_west(hours: float, state: AlertState) -> None:
    """What is stated without a time may be of the evening in America: a window of a day still tells it that evening."""
    day = datetime(2026, 5, 1, tzinfo=UTC)
    rule = replace(RULE, window=timedelta(days=1))
    found = decide(rule, a_subject(published=day), a_past(), day + timedelta(hours=hours))
    assert [each.state for each in found] == [state]


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
