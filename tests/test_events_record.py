"""An event's record: stage, dates, claims and titles, put together from its items."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from builders import a_date, a_part, a_shown, an_event, an_item
from event_parts import AUGUST, JULY, JUNE, at, official, recorded
from hypothesis import given
from hypothesis import strategies as st

from monitor.events import ENTITIES, IDENTIFIERS, SUSPENSIONS, Titled, importance, titles
from monitor.items import DateKind, Entity, Identifier, Stage, Tier
from monitor.steps import MACHINES

# the record


def test_a_record_tells_what_its_items_say() -> None:
    """Sources, languages and countries in order of time, themes by their best score, what is named most first."""
    rin, docket = Identifier(type="rin", value="0694-AI94"), Identifier(type="docket", value="231013-0248")
    bis, china = Entity(id="us-bis", type="agency", surface="BIS"), Entity(id="cty-cn", type="country", surface="China")
    report = a_part(
        an_item(
            id="I-1", source="nikkei", lang="ja", tier=Tier.PRESS, title="新聞", published=at(days=-2), first_seen=at(days=-2)
        ),
        themes=(("critical_minerals", 0.6), ("export_control", 0.5)),
        entities=(china,),
        identifiers=(docket,),
    )
    rule = official(
        "I-2",
        -1,
        arrival=2,
        of={"title": "Gallium rule"},
        shown=a_shown("final rule", sentence="It is final."),
        themes=(("export_control", 0.9),),
        entities=(bis, dataclasses.replace(china, surface="PRC")),
        identifiers=(rin, docket),
    )
    found = recorded(rule, report, moved_at=at(hours=-3), storyline="S-1")
    assert (found.id, found.title, found.storyline) == ("E-abcdefghij", "Gallium rule", "S-1")
    assert (found.stage, found.step, found.jurisdiction) == (Stage.FINAL, "final rule", "US")
    assert (found.first_seen, found.last_seen, found.items) == (at(days=-2), at(hours=-3), 2)
    assert (found.sources, found.langs, found.countries) == (("nikkei", "bis"), ("ja", "en"), ("JP", "US"))
    assert found.themes == (("export_control", 0.9), ("critical_minerals", 0.6))
    assert found.identifiers == (docket, rin)
    assert found.entities == (("cty-cn", "China", 2), ("us-bis", "BIS", 1))
    assert [(each.stage, each.item) for each in found.way] == [(Stage.REPORTED, "I-1"), (Stage.FINAL, "I-2")]
    assert found.momentum == round(2 ** (-2 / 3) + 2 ** (-1 / 3), 2)
    assert found.expected is not None
    assert (found.expected.step, found.expected.due) == ("effective", at(days=29).date())


def test_an_event_without_items_is_a_report_of_nothing() -> None:
    """Its last item may have been split off: nothing raises, nothing is claimed."""
    found = recorded(opened_at=at(days=-9), moved_at=at(days=-1))
    assert (found.items, found.title, found.stage, found.step, found.way) == (0, "", Stage.REPORTED, None, ())
    assert (found.first_seen, found.last_seen) == (at(days=-9), at(days=-1))
    assert (found.titles, found.dates, found.claim, found.expected, found.momentum) == ((), (), None, None, 0.0)
    assert found.importance == importance(
        theme=None, stage=Stage.REPORTED, tier=Tier.ANALYSIS, sources=0, momentum=0, days_ahead=None
    )


def test_a_record_names_a_bounded_number_of_names() -> None:
    """However much an item names."""
    part = a_part(
        identifiers=tuple(Identifier(type="hs", value=str(number)) for number in range(99)),
        entities=tuple(Entity(id=f"cty-{number}", type="country", surface=str(number)) for number in range(99)),
    )
    found = recorded(part)
    assert (len(found.identifiers), len(found.entities)) == (IDENTIFIERS, ENTITIES)


@pytest.mark.parametrize(
    ("titled", "expected"),
    [
        ({"themes": (("x", 0.9),), "tier": Tier.PRESS}, "second"),
        ({"tier": Tier.OFFICIAL}, "first"),
    ],
    ids=["a theme goes before a tier", "the first of equals"],
)
def test_the_title_is_that_of_the_best_item(titled: dict[str, Any], expected: str) -> None:
    """With a theme before without, the most official, then the first."""
    first = a_part(an_item(id="I-1", title="first", tier=Tier.OFFICIAL), arrival=1)
    tier = titled.pop("tier")
    second = a_part(an_item(id="I-2", title="second", tier=tier, published=at(hours=1)), arrival=2, **titled)
    assert recorded(first, second).title == expected


def test_an_extension_moves_the_date_of_a_record() -> None:
    """The statements of the items, in the order in which they came, make one date that was another."""
    found = recorded(
        official("I-1", 0, dates=(a_date(JUNE),)),
        official("I-2", 1, of={"title": "Extension of comment period"}, dates=(a_date(JULY),)),
    )
    assert [(each.date, each.was, each.item, each.source) for each in found.dates] == [(JULY, (JUNE,), "I-2", "bis")]


def test_a_structured_step_that_extends_moves_the_date_of_a_record() -> None:
    """The word of the agency is enough, whatever its title says."""
    step = "Proposed rule; extension of comment period"
    found = recorded(official("I-1", 0, dates=(a_date(JUNE),)), official("I-2", 1, of={"step": step}, dates=(a_date(JULY),)))
    assert [(each.date, each.was) for each in found.dates] == [(JULY, (JUNE,))]


def test_a_final_measure_comes_into_force_when_its_day_comes() -> None:
    """Without another item; until then it is awaited for that day."""
    rule = official("I-1", 0, shown=a_shown("final rule"), dates=(a_date(JUNE, DateKind.EFFECTIVE),))
    before, after = recorded(rule, now=at(days=30)), recorded(rule, now=at(days=90))
    assert (before.stage, after.stage) == (Stage.FINAL, Stage.IN_FORCE)
    assert before.expected is not None
    assert (before.expected.step, before.expected.due) == ("effective", JUNE)
    assert (after.expected, after.way[-1].item, after.way[-1].at.date()) == (None, None, JUNE)


def test_a_correction_does_not_keep_a_measure_from_coming_into_force() -> None:
    """A rule whose text was corrected while it waited for its day applies from that day all the same."""
    rule = official("I-1", 0, shown=a_shown("final rule"), dates=(a_date(JUNE, DateKind.EFFECTIVE),))
    correction = official("I-2", 1, of={"step": "Final rule; correction"}, shown=a_shown("amended"))
    assert recorded(rule, correction, now=at(days=2)).stage is Stage.AMENDED
    assert recorded(rule, correction, now=at(days=90)).stage is Stage.IN_FORCE


def test_a_date_is_quoted_from_the_government_whose_measure_it_is() -> None:
    """A Korean ministry told of the American rule before it was read at home."""
    korea = {"country": "KR", "lang": "ko", "source": "kr-sanup", "published": at(hours=-1)}
    told = official("I-kr", of=korea, arrival=1, dates=(a_date(JULY, DateKind.EFFECTIVE),))
    rule = official("I-us", arrival=2, shown=a_shown("final rule"), dates=(a_date(JULY, DateKind.EFFECTIVE),))
    (found,) = recorded(told, rule).dates
    assert (found.item, found.source, found.officials) == ("I-us", "bis", frozenset({"US", "KR"}))


def test_only_its_own_officials_put_a_measure_in_force_by_a_date() -> None:
    """What a newspaper or another country's ministry expects is no date on which it happens."""
    rule = official("I-1", shown=a_shown("final rule"))
    expected_day = (a_date(JULY, DateKind.EFFECTIVE, sentence="Expected to take effect July 30, a lobbyist said."),)
    for told in ({"tier": Tier.PRESS}, {"country": "JP", "source": "meti"}):
        report = official("I-2", 1, of=told, dates=expected_day)
        assert recorded(rule, report, now=at(days=200)).stage is Stage.FINAL
    assert recorded(rule, official("I-2", 1, dates=expected_day), now=at(days=200)).stage is Stage.IN_FORCE


def test_a_day_of_effect_counts_whoever_of_the_officials_told_it_first() -> None:
    """A Japanese ministry was read before the Chinese one: the order of arrival changes nothing."""
    day = (a_date(JULY, DateKind.EFFECTIVE, sentence="Effective July 30."),)
    for order in ((1, 2), (2, 1)):
        notice = official("I-1", of={"country": "CN"}, arrival=order[0], shown=a_shown("公告", "CN"), dates=day)
        echo = official("I-2", of={"country": "JP"}, arrival=order[1], dates=day)
        assert recorded(notice, echo, now=at(days=200)).stage is Stage.IN_FORCE


def test_each_amendment_is_told() -> None:
    """One before the day of effect, one months after it."""
    rule = official("I-1", shown=a_shown("final rule"), dates=(a_date(JULY, DateKind.EFFECTIVE, sentence="Effective July 30."),))
    first, second = (official(item, days, shown=a_shown("amended")) for item, days in (("I-2", 5), ("I-3", 300)))
    found = recorded(rule, first, second, now=at(days=301))
    assert [each.step for each in found.way] == ["final rule", "amended", "effective", "amended"]


def test_a_withdrawn_measure_awaits_nothing_and_comes_into_force_never() -> None:
    """Its dates ahead are kept as withdrawn, and count for nothing."""
    proposal = official("I-1", 0, shown=a_shown("NPRM"), dates=(a_date(JULY, DateKind.EFFECTIVE),))
    withdrawal = official("I-2", 1, shown=a_shown("withdrawn"))
    for now in (at(days=2), at(days=200)):
        found = recorded(proposal, withdrawal, now=now)
        assert (found.stage, found.expected) == (Stage.WITHDRAWN, None)
        assert [(each.date, each.is_withdrawn) for each in found.dates] == [(JULY, True)]


@pytest.mark.parametrize(("of", "final", "held"), [("US", "final rule", "stayed"), ("CN", "公告", "暂停")])
def test_a_suspended_measure_has_no_date_of_effect_ahead(of: str, final: str, held: str) -> None:
    """It comes into force on none of them, comments may still close; when the stay names a new day, that day stands."""
    rule = official(
        "I-1", 0, of={"country": of}, shown=a_shown(final, of), dates=(a_date(JULY, DateKind.EFFECTIVE), a_date(AUGUST))
    )
    stay = official("I-2", 1, of={"country": of}, shown=a_shown(held, of))
    found = recorded(rule, stay, now=at(days=2))
    assert [(each.kind, each.is_withdrawn) for each in found.dates] == [
        (DateKind.EFFECTIVE, True),
        (DateKind.COMMENTS_CLOSE, False),
    ]
    assert recorded(rule, stay, now=at(days=200)).stage is Stage.AMENDED
    until = dataclasses.replace(stay, dates=(a_date(AUGUST, DateKind.EFFECTIVE, sentence="延期 stay until"),))
    moved = [each for each in recorded(rule, until, now=at(days=2)).dates if each.kind is DateKind.EFFECTIVE]
    assert [(each.date, each.was, each.is_withdrawn) for each in moved] == [(AUGUST, (JULY,), False)]
    assert {each.name for machine in MACHINES.values() for each in machine} >= SUSPENSIONS


def test_what_the_press_claims_is_beside_the_stage() -> None:
    """The record's stage is proven; the claim says what is told beyond it."""
    claim = a_shown("effective", sentence="The rule took effect, traders say.")
    press = official("I-2", 1, of={"tier": Tier.PRESS}, shown=claim)
    found = recorded(official("I-1", 0, shown=a_shown("final rule")), press)
    assert (found.stage, found.claim) == (Stage.FINAL, claim)


def test_a_jurisdiction_is_that_of_the_last_step() -> None:
    """None while nobody official has taken one."""
    assert an_event().jurisdiction is None
    assert recorded(official("I-1", shown=None)).jurisdiction is None
    assert recorded(official("I-1", shown=a_shown("NPRM"))).jurisdiction == "US"


# titles


def test_the_title_of_a_language_is_of_the_item_most_like_the_others() -> None:
    """One for each language, that with the most items first."""
    parts = [
        a_part(an_item(id=f"I-{place}", lang=lang, title=title), arrival=place)
        for place, (lang, title) in enumerate(
            [
                ("ja", "黒鉛の輸出許可制"),
                ("en", "Markets fall as traders worry about many other things"),
                ("en", "China imposes graphite export permits"),
                ("en", "China graphite export permits rattle battery makers"),
                ("zh", "石墨出口管制公告"),
                ("zh", "商务部：石墨出口管制"),
            ]
        )
    ]
    assert titles(parts) == (
        Titled(lang="en", title="China imposes graphite export permits", item="I-2"),
        Titled(lang="zh", title="石墨出口管制公告", item="I-4"),
        Titled(lang="ja", title="黒鉛の輸出許可制", item="I-0"),
    )


def test_of_equal_titles_the_best_source_gives_it_then_the_first() -> None:
    """The notice before the newspaper that has the same words."""
    tiers = [Tier.PRESS, Tier.OFFICIAL, Tier.OFFICIAL]
    parts = [a_part(an_item(id=f"I-{place}", tier=tier), arrival=place) for place, tier in enumerate(tiers)]
    assert [each.item for each in titles(parts)] == ["I-1"]


@given(st.lists(st.tuples(st.sampled_from(["en", "ja", "zh"]), st.text(max_size=20)), max_size=8))
def test_each_language_has_one_title_of_an_item_of_its_own(drawn: list[tuple[str, str]]) -> None:
    """Whatever the titles are, be they empty or without a word."""
    parts = [a_part(an_item(id=f"I-{place}", lang=lang, title=title)) for place, (lang, title) in enumerate(drawn)]
    found = titles(parts)
    assert sorted(each.lang for each in found) == sorted({lang for lang, _ in drawn})
    assert all(drawn[int(each.item.removeprefix("I-"))] == (each.lang, each.title) for each in found)
