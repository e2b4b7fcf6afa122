"""Stages: structured steps decide, cues follow, the press alone moves nothing."""

from __future__ import annotations

import itertools
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.items import DateKind, KeyDate, Stage, Tier
from monitor.stage import furthest_so_far, is_further, of_item

DAY = date(2026, 2, 10)


def stage_of(text: str, *, tier: Tier = Tier.OFFICIAL, step: str | None = None, dates: tuple[KeyDate, ...] = ()) -> Stage:
    return of_item(text, tier=tier, step=step, dates=dates, on=DAY)


def effective(day: date, kind: DateKind = DateKind.EFFECTIVE) -> tuple[KeyDate, ...]:
    return (KeyDate(kind=kind, date=day, sentence="自公布之日起施行"),)


@pytest.mark.parametrize("tier", [Tier.WIRE, Tier.PRESS, Tier.ANALYSIS])
def test_the_press_alone_reports(tier: Tier) -> None:
    """No wording and no step of an unofficial source is more than a report."""
    text = "改正政令が公布され、施行された。 The rule took effect."
    assert stage_of(text, tier=tier, step="Final rule", dates=effective(DAY)) is Stage.REPORTED


@pytest.mark.parametrize(
    ("step", "stage"),
    [
        ("Rule", Stage.FINAL),
        ("Final rule", Stage.FINAL),
        ("Interim final rule; request for comments", Stage.FINAL),
        ("Presidential Document", Stage.FINAL),
        ("Proposed Rule", Stage.PROPOSED),
        ("Notice of proposed rulemaking", Stage.PROPOSED),
        ("Advance notice of proposed rulemaking", Stage.CONSULTATION),
        ("Notice of inquiry", Stage.CONSULTATION),
        ("Request for information", Stage.CONSULTATION),
        ("Rule on public inspection", Stage.ON_FILE),
        ("Interim final rule on public inspection", Stage.ON_FILE),
        ("Notice", Stage.ANNOUNCED),
        ("Notice of withdrawal", Stage.WITHDRAWN),
        ("Proposed rule; withdrawal", Stage.WITHDRAWN),
        ("Withdrawal of proposed rule", Stage.WITHDRAWN),
    ],
)
def test_a_structured_step_decides(step: str, stage: Stage) -> None:
    """The jurisdiction's own word goes before anything that the text says."""
    assert stage_of("The agency proposes to amend its list.", step=step) is stage


def test_an_unknown_step_leaves_it_to_the_text() -> None:
    """A step that nobody knows is no verdict."""
    assert stage_of("BIS proposes new limits on etchers", step="Circular") is Stage.PROPOSED


@pytest.mark.parametrize(
    ("text", "stage"),
    [
        ("The minister visits a gallium refinery", Stage.ANNOUNCED),
        ("Call for evidence on the security of subsea cables", Stage.CONSULTATION),
        ("経済安全保障の制度設計に関する意見募集", Stage.CONSULTATION),
        ("商务部就稀土管理公开征求意见", Stage.CONSULTATION),
        ("외국인투자 심사 제도에 대한 의견 수렴", Stage.CONSULTATION),
        ("BIS proposes new limits on etchers", Stage.PROPOSED),
        ("輸出令の改正案に関する意見公募", Stage.PROPOSED),
        ("산업기술보호법 개정안 입법예고", Stage.PROPOSED),
        ("外国為替令の一部を改正する政令が公布された。", Stage.FINAL),
        ("商务部发布公告，对镓实施出口管制", Stage.FINAL),
        ("산업부, 전략물자 수출입고시 공포", Stage.FINAL),
        ("改正外為法が施行されました。", Stage.IN_FORCE),
        ("The dual-use regulation came into force on Monday", Stage.IN_FORCE),
        ("Gallium Licence Rule Took Effect On Monday", Stage.IN_FORCE),
        ("輸出令の一部を改正する政令を公布\n経済産業省は関係者に周知する。", Stage.FINAL),
    ],
)
def test_an_official_text_tells_its_stage(text: str, stage: Stage) -> None:
    """The cue words of each language, the furthest of them; without one it is an announcement."""
    assert stage_of(text) is stage


@pytest.mark.parametrize(
    ("dates", "stage"),
    [
        (effective(DAY), Stage.IN_FORCE),
        (effective(DAY - timedelta(days=400)), Stage.IN_FORCE),
        (effective(DAY + timedelta(days=1)), Stage.FINAL),
        (effective(DAY, DateKind.COMMENTS_CLOSE), Stage.FINAL),
        ((), Stage.FINAL),
    ],
)
def test_a_published_measure_is_in_force_from_its_date_of_effect(dates: tuple[KeyDate, ...], stage: Stage) -> None:
    """Only a date of effect, and only when it has come."""
    assert stage_of("特此公告，现予以公布。", dates=dates) is stage


def test_a_date_of_effect_alone_puts_nothing_in_force() -> None:
    """A draft that names a past date of effect is still a draft."""
    assert stage_of("The office proposes changes", dates=effective(DAY)) is Stage.PROPOSED


def test_stages_are_ordered_as_measures_go() -> None:
    """The order of the glossary is the order of the way."""
    way = (
        Stage.REPORTED,
        Stage.ANNOUNCED,
        Stage.CONSULTATION,
        Stage.PROPOSED,
        Stage.ON_FILE,
        Stage.FINAL,
        Stage.IN_FORCE,
        Stage.AMENDED,
        Stage.WITHDRAWN,
    )
    assert all(is_further(later, earlier) for earlier, later in itertools.pairwise(way))
    assert set(way) == set(Stage)


def test_the_way_of_an_event_keeps_each_step_forward() -> None:
    """A later item that is less far takes nothing back and adds nothing."""
    seen = [Stage.REPORTED, Stage.PROPOSED, Stage.ANNOUNCED, Stage.PROPOSED, Stage.FINAL, Stage.REPORTED]
    assert furthest_so_far(seen) == (Stage.REPORTED, Stage.PROPOSED, Stage.FINAL)
    assert furthest_so_far(()) == ()


@given(st.lists(st.sampled_from(Stage)))
def test_a_way_only_goes_forward_and_ends_at_the_furthest(stages: list[Stage]) -> None:
    """The way begins with the first stage, climbs strictly and is its own way."""
    way = furthest_so_far(stages)
    assert way[:1] == tuple(stages[:1])
    assert all(is_further(later, earlier) for earlier, later in itertools.pairwise(way))
    assert not any(is_further(each, way[-1]) for each in stages)
    assert furthest_so_far(way) == way


@given(st.sampled_from(Stage), st.sampled_from(Stage))
def test_of_two_stages_exactly_one_is_further_or_they_are_one(one: Stage, other: Stage) -> None:
    """The order is total and strict."""
    assert [is_further(one, other), is_further(other, one), one is other].count(True) == 1


@given(st.text(max_size=200), st.sampled_from(Tier), st.none() | st.text(max_size=30))
def test_any_text_and_step_have_a_stage(text: str, tier: Tier, step: str | None) -> None:
    """Nothing raises, and only an official source gets past a report."""
    stage = stage_of(text, tier=tier, step=step)
    assert (stage is Stage.REPORTED) == (tier is not Tier.OFFICIAL)
