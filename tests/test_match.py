"""Queries: which items they hold for, which part fails, and why a rule fired."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from types import FrameType

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from monitor import query, tokens
from monitor.errors import QueryError
from monitor.items import (
    DateKind,
    Entity,
    Findings,
    Identifier,
    Item,
    Judged,
    KeyDate,
    Link,
    Reason,
    Rule,
    Stage,
    Standpoint,
    Tag,
    Tier,
)
from monitor.match import Clause, Subject, clauses, compiled, matches, phrase
from monitor.query import And, Field, Node, Not, Or, Word
from monitor.reasons import is_telling, why

PARTS = (
    *("chip", "chip*", "dual-use", '"export control*"', '" a "', "黒鉛、輸出", "U.S.", "ไทย"),
    *(
        "theme:a,b",
        'source:"a b"',
        'docket:"a,b",c',
        'entity:"(x"',
        'entity:"<x",">=y"',
        'notice:"海、関"',
        "score:>=.5",
        "score:1",
        "since:7d",
    ),
)
QUERIES = st.recursive(
    st.sampled_from(PARTS),
    lambda inner: st.one_of(
        st.builds("-({})".format, inner),
        st.builds("({} {})".format, inner, inner),
        st.builds("({} OR {} OR {})".format, inner, inner, inner),
        st.builds("({} {} OR {})".format, inner, inner, inner),
    ),
    max_leaves=8,
)
NOW = datetime(2026, 2, 10, 12, tzinfo=UTC)
EVENT = "E-qwertyuiop"
SLACK = "slack:#econsec"
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
        Clause('("gall*" OR "rare metal")', True),
        Clause("tier:wire,press", False, "official"),
    )
    assert clauses(compiled("lang:ja"), a_subject(), NOW) == (Clause("lang:ja", False, "zh"),)


@pytest.mark.parametrize("when", ["theme:a", "-theme:export_control", "lang:zh gallium", "(lang:ja OR stage:final) score:>=0.6"])
def test_a_query_matches_if_all_its_clauses_hold(when: str) -> None:
    """The explanation and the verdict cannot disagree."""
    node = compiled(when)
    assert matches(node, a_subject(), NOW) == all(each.holds for each in clauses(node, a_subject(), NOW))


@given(QUERIES)
@example("(a b) (c OR d)")
@example("a (b OR (c d)) -(e f)")
def test_a_query_is_told_in_its_own_language(text: str) -> None:
    """What is told of a query can be asked again, as a whole and clause by clause, and means the same."""
    tree = query.parse(text)
    assert placeless(query.parse(phrase(tree))) == placeless(tree)
    told = " ".join(each.text for each in clauses(tree, a_subject(), NOW))
    assert placeless(query.parse(told)) == placeless(tree)


def placeless(node: Node) -> Node:
    match node:
        case Field():
            return replace(node, position=0)
        case Not(inner):
            return Not(placeless(inner))
        case And(nodes) | Or(nodes):
            return replace(node, nodes=tuple(placeless(each) for each in nodes))
        case _:
            return node


def test_words_are_looked_for_where_search_looks() -> None:
    """In the title, and in the summary with the article behind it; no phrase runs from the one into the other."""
    subject = a_subject(title="US tightens export", summary="controls on chips", body="The rule names gallium")
    found = {text: matches(Word(text), subject, NOW) for text in ("export", "controls", "gallium", "chips the rule")}
    assert found == dict.fromkeys(found, True)
    assert not matches(Word("export controls"), subject, NOW)


def test_a_text_is_made_ready_once_for_all_rules() -> None:
    """However many rules ask about an item, and however many words each."""
    subject = a_subject(title="商务部公告：二十号")
    made = 0

    def note(frame: FrameType, event: str, _argument: object) -> None:
        nonlocal made
        made += event == "call" and frame.f_code is tokens.normal.__code__ and frame.f_locals["text"] == subject.judged.item.title

    sys.setprofile(note)
    try:
        for rule in range(50):
            matches(Or(tuple(Word(f"word{rule}x{place}") for place in range(20))), subject, NOW)
    finally:
        sys.setprofile(None)
    assert made == 1


def test_a_query_that_cannot_be_read_is_the_operators_slip() -> None:
    """compiled() passes the parser's error on."""
    with pytest.raises(QueryError):
        compiled("thema:export_control")


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


def test_a_rule_about_an_event_goes_on_when_it_is_merged() -> None:
    """The ids that lead to an event stand for it."""
    subject = replace(a_subject(), former=("E-oldoldoldo",))
    assert matches(query.parse("event:E-oldold"), subject, NOW)
    assert matches(query.parse(f"event:{EVENT}"), subject, NOW)
    assert not matches(query.parse("event:E-neverwas"), subject, NOW)
