"""An event's record: put together from its items in any order, in order of time, weighed by a formula that says what it is."""

from __future__ import annotations

import dataclasses
import math
import re
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from builders import NOW, a_date, a_part, a_shown, an_event, an_item
from hypothesis import given
from hypothesis import strategies as st

from monitor.cli import main
from monitor.events import (
    AHEAD,
    ENTITIES,
    FORMULA,
    HALF_LIFE,
    IDENTIFIERS,
    STAGE_WEIGHTS,
    SUSPENSIONS,
    TIER_WEIGHTS,
    UNTHEMED,
    WEIGHTS,
    Event,
    Part,
    Titled,
    importance,
    in_time,
    momentum,
    record,
    titles,
)
from monitor.items import DateKind, Entity, Identifier, Stage, Tier
from monitor.steps import MACHINES

JUNE, JULY, AUGUST = date(2026, 6, 30), date(2026, 7, 30), date(2026, 8, 31)


def at(**span: float) -> datetime:
    return NOW + timedelta(**span)


def recorded(*parts: Part, now: datetime = NOW, **changes: Any) -> Event:
    return record("E-abcdefghij", parts, now, **{"opened_at": NOW, "moved_at": NOW} | changes)


def official(item: str, days: float = 0, *, arrival: int | None = None, of: dict[str, Any] | None = None, **changes: Any) -> Part:
    """A notice of an agency of the United States, so many days on."""
    base = {"id": item, "country": "US", "lang": "en", "source": "bis", "published": at(days=days), "first_seen": at(days=days)}
    return a_part(an_item(**base | (of or {})), arrival=arrival if arrival is not None else int(days * 10) + 1, **changes)


def ids(parts: list[Part]) -> list[str]:
    return [each.filed.item.id for each in parts]


# the timeline


def test_a_timeline_is_in_order_of_the_time_that_items_state() -> None:
    """What was published earlier stands earlier, though it came later."""
    late = a_part(an_item(id="I-2", published=at(days=-3), first_seen=at(hours=1)), arrival=2)
    first = a_part(an_item(id="I-1", published=at(days=-1), first_seen=NOW), arrival=1)
    assert ids(in_time([first, late])) == ["I-2", "I-1"]


@pytest.mark.parametrize("published", ["not stated", "cut to the arrival"])
def test_a_clock_that_was_set_back_reorders_nothing(published: str) -> None:
    """Items whose time is only that of their arrival stay in the order in which they came."""
    seen = [NOW, at(hours=-5), at(hours=-4), at(hours=1)]
    parts = [
        a_part(an_item(id=f"I-{place}", first_seen=when, published=None if published == "not stated" else when), arrival=place)
        for place, when in enumerate(seen)
    ]
    assert ids(in_time(reversed(parts))) == ["I-0", "I-1", "I-2", "I-3"]


def test_a_stated_time_is_believed_while_the_clock_is_set_back() -> None:
    """It is the source's, not ours: it takes its place among those before."""
    parts = [
        a_part(an_item(id="I-1", published=None, first_seen=NOW), arrival=1),
        a_part(an_item(id="I-2", published=None, first_seen=at(hours=-5)), arrival=2),
        a_part(an_item(id="I-3", published=at(hours=-9), first_seen=at(hours=-4)), arrival=3),
    ]
    assert ids(in_time(parts)) == ["I-3", "I-1", "I-2"]


def test_a_way_is_in_order_of_time_though_the_clock_was_set_back() -> None:
    """No stage is dated before the one that it follows."""
    seen = {"I-1": NOW, "I-2": at(hours=-5)}
    parts = [
        official(item, arrival=place, of={"published": None, "first_seen": when}, shown=a_shown(step))
        for place, ((item, when), step) in enumerate(zip(seen.items(), ("NPRM", "final rule"), strict=True))
    ]
    found = recorded(*parts)
    assert [each.step for each in found.way] == ["NPRM", "final rule"]
    assert [each.at for each in found.way] == sorted(each.at for each in found.way)


def test_an_extension_moves_a_date_though_the_clock_was_set_back() -> None:
    """What arrived later was said later, where neither item states a time."""
    title = "Extension of comment period"
    found = recorded(
        official("I-1", arrival=1, of={"published": None, "first_seen": NOW}, dates=(a_date(JUNE),)),
        official("I-2", arrival=2, of={"published": None, "first_seen": at(hours=-5), "title": title}, dates=(a_date(JULY),)),
    )
    assert [(each.date, each.was) for each in found.dates] == [(JULY, (JUNE,))]


def test_of_one_moment_the_first_to_arrive_is_first() -> None:
    """Sources that state a day alone share a moment."""
    parts = [a_part(an_item(id=f"I-{place}", published=at(days=-1)), arrival=place) for place in (3, 1, 2)]
    assert ids(in_time(parts)) == ["I-1", "I-2", "I-3"]


@st.composite
def any_parts(draw: st.DrawFn) -> list[Part]:
    """Items in the order of arrival, published or not, under a clock that may be set back."""
    shown = st.none() | st.sampled_from([a_shown(step.name, of) for of in ("US", "CN") for step in MACHINES[of]])
    found = []
    for arrival in range(draw(st.integers(0, 7))):
        seen = at(hours=draw(st.integers(-200, 0)))
        item = an_item(
            id=f"I-{arrival}",
            first_seen=seen,
            published=draw(st.sampled_from([None, seen, seen - timedelta(days=1), seen - timedelta(days=30)])),
            source=draw(st.sampled_from(["bis", "meti", "mofcom"])),
            lang=draw(st.sampled_from(["en", "ja", "zh"])),
            tier=draw(st.sampled_from(Tier)),
            country=draw(st.sampled_from(["US", "CN", None])),
            title=draw(st.sampled_from(["Gallium rule", "Gallium rule; delay", "ガリウム規制", "镓 出口管制", "Prices"])),
        )
        days = draw(st.sets(st.sampled_from([date(2026, 4, 20), JUNE, JULY]), max_size=2))
        found.append(
            a_part(
                item,
                arrival=arrival,
                shown=draw(shown),
                dates=tuple(a_date(day, DateKind.EFFECTIVE) for day in sorted(days)),
                themes=draw(
                    st.sampled_from([(), (("export_control", 0.7),), (("export_control", 0.9), ("critical_minerals", 0.6))])
                ),
                copy_of=draw(st.sampled_from([None, None, "I-0"])),
                entities=draw(st.sampled_from([(), (Entity(id="cty-cn", type="country", surface="China"),)])),
                identifiers=draw(st.sampled_from([(), (Identifier(type="rin", value="0694-AI94"),)])),
            )
        )
    return found


@given(any_parts())
def test_a_timeline_holds_every_item_once(parts: list[Part]) -> None:
    """Those that state no time keep their order of arrival among each other."""
    found = in_time(parts)
    assert sorted(ids(found)) == sorted(ids(parts))
    unstated = [each.arrival for each in found if (item := each.filed.item).published in (None, item.first_seen)]
    assert unstated == sorted(unstated)


@given(any_parts().flatmap(lambda parts: st.tuples(st.just(parts), st.permutations(parts))))
def test_the_order_of_the_parts_does_not_matter(both: tuple[list[Part], list[Part]]) -> None:
    """The record is a function of what the items are."""
    parts, shuffled = both
    assert recorded(*shuffled) == recorded(*parts)


@given(any_parts())
def test_a_record_is_in_order_whatever_its_items_are(parts: list[Part]) -> None:
    """Dates the earliest first, importance within its range, the stage the last of its way."""
    found = recorded(*parts)
    assert [each.date for each in found.dates] == sorted(each.date for each in found.dates)
    assert 0 <= found.importance <= 100
    assert found.stage is (found.way[-1].stage if found.way else Stage.REPORTED)


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


# momentum


def test_momentum_halves_in_three_days() -> None:
    """Of one item and of many; an item of this moment, or of a clock ahead of ours, counts one."""
    assert timedelta(days=3) == HALF_LIFE
    assert momentum([NOW], NOW) == 1.0
    assert momentum([at(days=5)], NOW) == 1.0
    assert momentum([at(days=-3)], NOW) == 0.5
    assert momentum([], NOW) == 0.0
    moments = [at(hours=-hours) for hours in (0, 5, 80)]
    assert momentum(moments, at(days=3)) == pytest.approx(momentum(moments, NOW) / 2)


@given(st.lists(st.integers(0, 10_000).map(lambda hours: at(hours=-hours)), max_size=20), st.integers(0, 1_000))
def test_momentum_only_falls_while_nothing_is_said(moments: list[datetime], hours: int) -> None:
    """And rises by one with each item."""
    assert 0 <= momentum(moments, at(hours=hours)) <= momentum(moments, NOW) <= len(moments)
    assert momentum([*moments, NOW], NOW) == pytest.approx(momentum(moments, NOW) + 1)


def test_copies_make_no_momentum_and_are_no_sources() -> None:
    """What is only passed on adds nothing to how much an event matters."""
    own = a_part(an_item(id="I-1", source="bis"), arrival=1)
    copies = [a_part(an_item(id=f"I-{n}", source=f"paper-{n}"), arrival=n, copy_of="I-1") for n in range(2, 30)]
    alone, passed_on = recorded(own), recorded(own, *copies)
    assert (passed_on.momentum, passed_on.importance) == (alone.momentum, alone.importance)
    assert passed_on.items == 29


# importance


def weighed(**changes: Any) -> float:
    base: dict[str, Any] = {
        "theme": 0.8,
        "stage": Stage.PROPOSED,
        "tier": Tier.PRESS,
        "sources": 3,
        "momentum": 2.0,
        "days_ahead": 20,
    }
    return importance(**base | changes)


def test_importance_is_what_the_formula_says() -> None:
    """One case, by hand."""
    by_hand = 100 * 0.8 * (0.30 * 0.7 + 0.25 * math.log2(4) / 4 + 0.20 * 0.5 + 0.15 * (1 - 2**-0.5) + 0.10 * 40 / 60)
    assert weighed() == round(by_hand, 1)


def test_importance_is_a_hundred_at_most_and_reaches_nearly_all_of_it() -> None:
    """The most that can be: a final rule, everybody's news, due today."""
    most = weighed(theme=1.0, stage=Stage.FINAL, tier=Tier.OFFICIAL, sources=99, momentum=1e6, days_ahead=0)
    assert most == 100.0
    assert weighed(theme=0.0) == 0.0


@given(
    st.none() | st.floats(0, 1),
    st.sampled_from(Stage),
    st.sampled_from(Tier),
    st.integers(0, 10_000),
    st.floats(0, 1e6),
    st.none() | st.integers(0, 40_000),
)
def test_importance_is_between_nothing_and_a_hundred(
    theme: float | None, stage: Stage, tier: Tier, sources: int, speed: float, days_ahead: int | None
) -> None:
    """For any event."""
    found = importance(theme=theme, stage=stage, tier=tier, sources=sources, momentum=speed, days_ahead=days_ahead)
    assert 0 <= found <= 100


@pytest.mark.parametrize(
    ("name", "rising"),
    [
        ("theme", [None, UNTHEMED, 0.5, 0.9, 1.0]),
        ("stage", sorted(Stage, key=STAGE_WEIGHTS.__getitem__)),
        ("tier", [Tier.ANALYSIS, Tier.PRESS, Tier.WIRE, Tier.OFFICIAL]),
        ("sources", [0, 1, 2, 5, 15, 16, 100]),
        ("momentum", [0.0, 0.1, 1.0, 4.0, 50.0]),
        ("days_ahead", [None, 400, AHEAD, AHEAD - 1, 14, 1, 0]),
    ],
)
def test_importance_never_falls_when_one_thing_rises(name: str, rising: list[Any]) -> None:
    """A stronger theme, a weightier stage, a better source, more of them, more talk, a nearer date."""
    found = [weighed(**{name: each}) for each in rising]
    assert found == sorted(found)
    assert found[0] < found[-1]


def test_weights_add_up_and_every_stage_and_tier_has_one() -> None:
    """So that importance is a share of a hundred."""
    assert sum(WEIGHTS.values()) == pytest.approx(1)
    assert set(STAGE_WEIGHTS) == set(Stage)
    assert set(TIER_WEIGHTS) == set(Tier)
    assert all(0 < each <= 1 for each in (*STAGE_WEIGHTS.values(), *TIER_WEIGHTS.values(), *WEIGHTS.values()))


NUMBER = r"(?<![\w.])(\d*\.?\d+)"


def told_by(text: str) -> dict[str, Any]:
    """The numbers that a description of the formula names."""
    text = " ".join(text.split())
    weights = re.findall(rf"{NUMBER} (stage|sources|tier|momentum|date)\b", text)
    names = "|".join(each.value.replace("_", " ") for each in Stage)
    stages: dict[Stage, float] = {}
    for value, first, second in re.findall(rf"{NUMBER} ({names})(?: or ({names}))?\b", text):
        stages |= {Stage(name.replace(" ", "_")): float(value) for name in (first, second) if name}
    tiers = {Tier(name): float(value) for value, name in re.findall(rf"{NUMBER} ({'|'.join(Tier)})\b", text)}
    return {
        "weights": {name: float(value) for value, name in weights},
        "stages": stages,
        "tiers": tiers,
        "unthemed": float(*re.findall(rf"{NUMBER} if (?:it has )?none", text)),
        "half life": timedelta(days=float(*re.findall(r"halving in (\d+) days", text))),
        "ahead": int(*re.findall(r"0 in (\d+) days", text)),
        "sources": re.findall(r"log2\(1 \+ [^)]*\) / (\d+)", text),
        "momentum": re.findall(r"1 - 2\^\(-m/(\d+)\)", text),
    }


IN_THE_CODE = {
    "weights": WEIGHTS,
    "stages": STAGE_WEIGHTS,
    "tiers": TIER_WEIGHTS,
    "unthemed": UNTHEMED,
    "half life": HALF_LIFE,
    "ahead": AHEAD,
    "sources": ["4"],
    "momentum": ["4"],
}


def test_the_formula_tells_the_numbers_of_the_code() -> None:
    """Each weight by its name; a number that is changed in one place fails here."""
    assert told_by(FORMULA) == IN_THE_CODE


def test_the_help_of_monitor_events_tells_the_numbers_of_the_code(capsys: pytest.CaptureFixture[str]) -> None:
    """An analyst can do the sum by hand from what --help says."""
    assert main(["events", "--help"]) == 0
    assert told_by(capsys.readouterr().out) == IN_THE_CODE


def test_the_next_date_that_stands_counts() -> None:
    """Not one that is past, nor one that was withdrawn with its measure."""
    base = official("I-1", -50, arrival=1, shown=a_shown("NPRM"), themes=(("x", 1.0),))
    soon, past = (dataclasses.replace(base, dates=(a_date(day),)) for day in (at(days=2).date(), at(days=-2).date()))
    withdrawn = [soon, official("I-2", -1, arrival=2, shown=a_shown("withdrawn"))]
    without = [base, withdrawn[1]]
    assert recorded(soon).importance > recorded(past).importance == recorded(base).importance
    assert recorded(*withdrawn).importance == recorded(*without).importance
