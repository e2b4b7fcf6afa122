"""Rules: which items they fire on, and what becomes of each alert."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from monitor import query
from monitor.decide import Past, Remembered, decide, limit_text
from monitor.errors import QueryError
from monitor.items import (
    AlertState,
    DateKind,
    Entity,
    Findings,
    Identifier,
    Item,
    Judged,
    KeyDate,
    Limit,
    Link,
    Quiet,
    Reason,
    Rule,
    Stage,
    Standpoint,
    Tag,
    Tier,
)
from monitor.match import Clause, Subject, clauses, compiled, matches
from monitor.reasons import is_telling, why

NOW = datetime(2026, 2, 10, 12, tzinfo=UTC)
EVENT = "E-qwertyuiop"
SLACK, MAIL = "slack:#econsec", "mail:desk@example"
WAITING, FOLDED, SUPPRESSED = AlertState.WAITING, AlertState.FOLDED, AlertState.SUPPRESSED
RULE = Rule(id="now", when="theme:export_control", to=(SLACK,))
ITEM = Item(
    id="I-aaaaaaaaaaaa",
    source="cn-mofcom",
    key="61",
    url=None,
    title="商务部公告：镓、锗出口管制",
    summary="Beijing adds gallium and rare earths to its list; ガリウム輸出は許可制に。",
    published=NOW - timedelta(hours=3),
    first_seen=NOW - timedelta(hours=1),
    lang="zh",
    country="CN",
    tier=Tier.OFFICIAL,
    kind="government",
)
TAGS = (
    Tag(theme="critical_minerals", score=0.55, is_given=True),
    Tag(
        theme="export_control",
        score=0.91,
        is_given=True,
        reasons=(
            Reason("@min-ga", 2.0),
            Reason("of the", 1.5),
            Reason("出口", 1.2),
            Reason("#cfr 15 CFR 744", 1),
            Reason("wine", -0.4),
        ),
    ),
    Tag(theme="telecom_5g", score=0.3, is_given=False),
)
FINDINGS = Findings(
    lang="zh",
    identifiers=(
        Identifier(type="cfr", value="15 CFR 744.23"),
        Identifier(type="cn_docno", value="商务部公告 2026-25"),
        Identifier(type="us_act", value="EO 14105"),
    ),
    entities=(Entity(id="min-ga", type="mineral", surface="Gallium"), Entity(id="co-hynix", type="company", surface="SK hynix")),
    dates=(
        KeyDate(kind=DateKind.EFFECTIVE, date=date(2026, 2, 9), sentence="in force"),
        KeyDate(kind=DateKind.COMMENTS_CLOSE, date=date(2026, 3, 12), sentence="close"),
    ),
)


def a_subject(link: Link | None = None, **changes: object) -> Subject:
    item = replace(ITEM, **changes)  # type: ignore[arg-type]
    link = link or Link(event=EVENT, is_new=True)
    return Subject(
        judged=Judged(item=item, findings=FINDINGS, tags=TAGS, link=link, model="m1"), at=Standpoint(stage=Stage.FINAL)
    )


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


def fates(rule: Rule, subject: Subject, past: Past) -> list[tuple[str, AlertState]]:
    return [(alert.channel, alert.state) for alert in decide(rule, subject, past, NOW)]


@pytest.mark.parametrize(
    ("when", "is_match"),
    [
        ("", True),
        ("theme:export_control score:>=0.9", True),
        ("theme:Export_Control,telecom_5g", True),
        ("theme:telecom_5g", False),  # scored, but not given
        ("theme:critical_minerals score:>=0.9", False),  # the other theme's score does not count
        ("score:>=0.9", True),
        ("score:<0.5", False),
        ("score:>0.91 OR score:<0.55", False),
        ("score:0.55 score:<=0.55 -score:0.6", True),
        ("tier:wire,official lang:ZH country:cn kind:government source:cn-mofcom", True),
        ("-tier:official OR lang:ja", False),
        ("NOT (lang:ja OR country:us)", True),
        ("stage:final", True),
        ("stage:proposed", False),
        ("event:E-QWERT", True),
        ("event:E-wert", False),
        ('entity:"sk HYNIX" entity:min-ga entity:gallium', True),
        ("entity:hynix", False),
        ("cfr:15/744 notice:商务部公告2026-25 eo:14105", True),
        ("cfr:15/74", False),
        ("rin:14105", False),
        ("ガリウム 出口 镓", True),
        ('"rare earths" gall*', True),
        ("gall", False),
        ('"earths rare"', False),
        ("ｇａｌｌｉｕｍ", True),
        ("since:4h", True),
        ("since:2h", False),
        ("until:2026-02-10 since:2026-02-10", True),
        ("until:2026-02-09", False),
        ("deadline:30d", True),
        ("deadline:29d", False),  # the date of yesterday does not count either
    ],
)
def test_a_query_holds_or_not(when: str, is_match: bool) -> None:
    """Every field, word and operator of the language, on one Chinese notice."""
    assert matches(compiled(when), a_subject(), NOW) is is_match


def test_the_clauses_of_a_query_tell_which_part_fails() -> None:
    """One answer a part, in the order of the query; score is about the themes asked for."""
    node = compiled('theme:critical_minerals score:>=0.9 -lang:ja (gall* OR "rare metal") tier:wire,press')
    assert clauses(node, a_subject(), NOW) == (
        Clause("theme:critical_minerals", True),
        Clause("score:>=0.9", False, "critical_minerals 0.55"),
        Clause("-lang:ja", True),
        Clause('("gall"* OR "rare metal")', True),
        Clause("tier:wire,press", False, "official"),
    )
    assert clauses(compiled("lang:ja"), a_subject(), NOW) == (Clause("lang:ja", False, "zh"),)


@pytest.mark.parametrize("when", ["theme:a", "-theme:export_control", "lang:zh gallium", "(lang:ja OR stage:final) score:>=0.6"])
def test_a_query_matches_if_all_its_clauses_hold(when: str) -> None:
    """The explanation and the verdict cannot disagree."""
    node = compiled(when)
    assert matches(node, a_subject(), NOW) == all(each.holds for each in clauses(node, a_subject(), NOW))


def test_a_query_that_cannot_be_read_is_the_operators_slip() -> None:
    """compiled() passes the parser's error on."""
    with pytest.raises(QueryError):
        compiled("thema:export_control")


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


def test_the_reason_names_the_rule_the_scores_and_the_evidence() -> None:
    """Entities by the words of the text; words of function and counter-evidence are left out; unasked themes too."""
    assert why(RULE, a_subject()) == 'rule now · export_control 0.91 ("Gallium", "出口", "15 CFR 744")'
    assert (
        why(replace(RULE, when="gallium"), a_subject())
        == 'rule now · export_control 0.91 ("Gallium", "出口", "15 CFR 744") · critical_minerals 0.55'
    )
    unread = a_subject()
    assert why(RULE, replace(unread, judged=replace(unread.judged, tags=(), model=None))) == "rule now · not classified"


@pytest.mark.parametrize(
    ("term", "is_kept"), [("の", False), ("of the", False), ("x", False), ("entity list", True), ("輸出", True), ("镓", True)]
)
def test_a_term_tells_something_unless_it_is_all_function(term: str, is_kept: bool) -> None:
    """Particles, stop words and single letters explain nothing; a single Han character does."""
    assert is_telling(term) is is_kept


def test_an_alert_in_quiet_hours_is_decided_now_and_sent_later() -> None:
    """The verdict has its own moment."""
    rule = replace(RULE, quiet=Quiet(tz="Asia/Tokyo", start="20:00", end="07:00"))
    (alert,) = decide(rule, a_subject(), a_past(), NOW)
    assert (alert.decided_at, alert.not_before) == (NOW, datetime(2026, 2, 10, 22, tzinfo=UTC))


@pytest.mark.parametrize(("count", "window", "text"), [(4, timedelta(hours=6), "4/6h"), (20, timedelta(days=7), "20/7d")])
def test_a_limit_is_written_as_in_the_configuration(count: int, window: timedelta, text: str) -> None:
    """Hours up to three days, then days."""
    assert limit_text(Limit(count=count, window=window)) == text


def test_a_rule_about_an_event_goes_on_when_it_is_merged() -> None:
    """The ids that lead to an event stand for it."""
    subject = replace(a_subject(), former=("E-oldoldoldo",))
    assert matches(query.parse("event:E-oldold"), subject, NOW)
    assert matches(query.parse(f"event:{EVENT}"), subject, NOW)
    assert not matches(query.parse("event:E-neverwas"), subject, NOW)
