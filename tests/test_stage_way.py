"""The way of an event: proven step by step on the machine of one jurisdiction; what others say is a claim beside it."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from datetime import datetime, timedelta

import pytest
from builders import NOW, a_shown, a_sighting
from hypothesis import given
from hypothesis import strategies as st
from stage_nouns import DAY, effective

from monitor.items import Stage, Tier
from monitor.stage import Sighting, claimed, is_further, is_next, proven, shown, way
from monitor.steps import BACK, MACHINES, STATED


def at(days: int) -> datetime:
    return NOW + timedelta(days=days)


def steps(sightings: Iterable[Sighting]) -> list[tuple[Stage, str | None]]:
    return [(each.stage, each.step) for each in way(sightings)]


# what an item proves


@pytest.mark.parametrize("tier", [Tier.WIRE, Tier.PRESS, Tier.ANALYSIS])
def test_the_press_alone_reports(tier: Tier) -> None:
    """No wording and no step of an unofficial source is more than a report."""
    text = "改正政令が公布され、施行された。 The rule took effect."
    found = shown(text, of="JP", step="Final rule", dates=effective(DAY), on=DAY)
    assert found is not None
    assert found.stage is Stage.IN_FORCE
    assert proven(found, tier=tier, country="JP") is Stage.REPORTED
    assert proven(None, tier=tier, country="JP") is Stage.REPORTED


def test_an_official_source_proves_what_its_own_jurisdiction_did() -> None:
    """Of another country's measure, and where it shows no step, it proves that it speaks of it."""
    found = a_shown("施行", "JP")
    assert proven(found, tier=Tier.OFFICIAL, country="JP") is Stage.IN_FORCE
    assert proven(found, tier=Tier.OFFICIAL, country="US") is Stage.ANNOUNCED
    assert proven(found, tier=Tier.OFFICIAL, country=None) is Stage.ANNOUNCED
    assert proven(None, tier=Tier.OFFICIAL, country="JP") is Stage.ANNOUNCED


def test_stages_are_ordered_as_measures_go() -> None:
    """The order of the glossary is the order of the way."""
    order = (
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
    assert all(is_further(later, earlier) for earlier, later in itertools.pairwise(order))
    assert set(order) == set(Stage)


@given(st.sampled_from(Stage), st.sampled_from(Stage))
def test_of_two_stages_exactly_one_is_further_or_they_are_one(one: Stage, other: Stage) -> None:
    """The order is total and strict."""
    assert [is_further(one, other), is_further(other, one), one is other].count(True) == 1


# the machines


@pytest.mark.parametrize("of", list(MACHINES))
def test_a_machine_goes_forward(of: str) -> None:
    """Its steps never fall back to an earlier stage, bear different names, and end somewhere."""
    machine = MACHINES[of]
    assert not any(is_further(one.stage, other.stage) for one, other in itertools.pairwise(machine))
    assert len({each.name for each in machine}) == len(machine)
    assert {Stage.PROPOSED, Stage.FINAL, Stage.IN_FORCE} <= {each.stage for each in machine}


@pytest.mark.parametrize("of", list(MACHINES))
def test_a_step_expects_one_of_its_own_machine_that_may_follow_it(of: str) -> None:
    """What usually comes next exists, can come next, and says where its span is from."""
    for each in MACHINES[of]:
        if each.next is not None:
            assert each.next in [other.name for other in MACHINES[of]]
            assert is_next(of, each.name, each.next)
            assert each.basis
            assert each.days is not None or each.by is not None


def test_structured_words_and_ways_back_name_steps_that_exist() -> None:
    """No table points at a step that no machine has."""
    for of, stated in STATED.items():
        assert {name for _, name in stated if name} <= {each.name for each in MACHINES[of]}
    machines = [{each.name for each in machine} for machine in MACHINES.values()]
    assert all(any({before, after} <= names for names in machines) for before, after in BACK)


@given(st.sampled_from(list(MACHINES)), st.data())
def test_a_measure_goes_onwards_or_one_of_the_ways_back(of: str, data: st.DataObject) -> None:
    """The first step may be any; no step follows itself; of two steps the later follows, the earlier only where a way leads back."""
    names = [each.name for each in MACHINES[of]]
    one, other = data.draw(st.integers(0, len(names) - 1)), data.draw(st.integers(0, len(names) - 1))
    assert is_next(of, None, names[one])
    assert is_next(of, names[one], names[other]) == (other > one or (names[one], names[other]) in BACK)


# the way of an event


def test_an_event_goes_from_report_to_announcement_to_the_steps_of_its_jurisdiction() -> None:
    """Each stage once, with the item, the moment and the sentence that prove it."""
    found = way(
        [
            a_sighting(None, item="I-1", tier=Tier.PRESS, at=at(0)),
            a_sighting(None, item="I-2", at=at(1)),
            a_sighting(a_shown("NPRM", sentence="BIS proposes it."), item="I-3", at=at(2)),
            a_sighting(a_shown("NPRM"), item="I-4", at=at(3)),
            a_sighting(None, item="I-5", at=at(4)),
            a_sighting(a_shown("final rule"), item="I-6", at=at(5)),
            a_sighting(a_shown("ANPRM"), item="I-7", at=at(6)),
        ]
    )
    assert [(each.stage, each.step, each.item, each.at) for each in found] == [
        (Stage.REPORTED, None, "I-1", at(0)),
        (Stage.ANNOUNCED, None, "I-2", at(1)),
        (Stage.PROPOSED, "NPRM", "I-3", at(2)),
        (Stage.FINAL, "final rule", "I-6", at(5)),
    ]
    assert [(each.jurisdiction, each.tier, each.sentence) for each in found] == [
        (None, Tier.PRESS, ""),
        (None, Tier.OFFICIAL, ""),
        ("US", Tier.OFFICIAL, "BIS proposes it."),
        ("US", Tier.OFFICIAL, "It was done."),
    ]
    assert way([]) == ()


@pytest.mark.parametrize("tier", [Tier.WIRE, Tier.PRESS, Tier.ANALYSIS])
def test_the_press_moves_nothing(tier: Tier) -> None:
    """Any number of unofficial claims opens an event as reported and takes it no further."""
    claims = [a_sighting(a_shown(step), tier=tier, at=at(day)) for day, step in enumerate(("NPRM", "final rule", "effective"))]
    assert steps(claims) == [(Stage.REPORTED, None)]
    assert steps([a_sighting(a_shown("NPRM")), *claims]) == [(Stage.PROPOSED, "NPRM")]


def test_an_official_source_proves_nothing_of_another_country() -> None:
    """Japan's ministry that reports a rule of the United States announces it; the rule's own agency proves it."""
    passed_on = a_sighting(a_shown("final rule", "US"), country="JP")
    assert steps([passed_on]) == [(Stage.ANNOUNCED, None)]
    assert steps([passed_on, a_sighting(a_shown("NPRM", "US"))]) == [(Stage.ANNOUNCED, None), (Stage.PROPOSED, "NPRM")]


def test_another_jurisdiction_moves_nothing_once_one_leads() -> None:
    """What others do about a measure is no step of it, however far they went."""
    told = [
        a_sighting(a_shown("公告", "CN"), at=at(0)),
        a_sighting(a_shown("effective", "US"), at=at(1)),
        a_sighting(a_shown("廃止", "JP"), at=at(2)),
        a_sighting(a_shown("施行", "CN"), at=at(3)),
    ]
    assert steps(told) == [(Stage.FINAL, "公告"), (Stage.IN_FORCE, "施行")]
    assert {each.jurisdiction for each in way(told)} == {"CN"}


@pytest.mark.parametrize(
    ("of", "held", "in_force"),
    [
        ("US", "stayed", "effective"),
        ("JP", "改正", "施行"),
        ("CN", "暂停", "施行"),
        ("EU", "amended", "application"),  # a postponed regulation that applies at last
    ],
)
def test_a_stay_can_be_lifted(of: str, held: str, in_force: str) -> None:
    """A measure whose effect was held goes back into force, and can be held again."""
    final = next(each.name for each in MACHINES[of] if each.stage is Stage.FINAL)
    names = (final, held, in_force, held)
    told = [a_sighting(a_shown(name, of), at=at(day)) for day, name in enumerate(names)]
    assert tuple(each.step for each in way(told)) == names


def test_a_withdrawn_proposal_can_be_tried_again() -> None:
    """The way goes on from the new proposal."""
    told = [a_sighting(a_shown(name), at=at(day)) for day, name in enumerate(("NPRM", "withdrawn", "NPRM", "final rule"))]
    assert [each.step for each in way(told)] == ["NPRM", "withdrawn", "NPRM", "final rule"]


def test_an_earlier_step_takes_nothing_back() -> None:
    """A rule that is final stays final when a page of its proposal turns up."""
    told = [a_sighting(a_shown(name), at=at(day)) for day, name in enumerate(("final rule", "NPRM", "on public inspection"))]
    assert [each.step for each in way(told)] == ["final rule"]


@st.composite
def any_sightings(draw: st.DrawFn) -> list[Sighting]:
    kinds = [None, *(a_shown(step.name, of) for of in ("US", "CN", "EU") for step in MACHINES[of])]
    drawn = draw(
        st.lists(st.tuples(st.sampled_from(kinds), st.sampled_from(Tier), st.sampled_from(["US", "CN", "EU", None])), max_size=12)
    )
    return [
        a_sighting(found, item=f"I-{place}", tier=tier, country=country, at=at(place))
        for place, (found, tier, country) in enumerate(drawn)
    ]


@given(any_sightings())
def test_a_way_is_proven_step_by_step(sightings: list[Sighting]) -> None:
    """Every step has an official item of its own jurisdiction, one jurisdiction leads, and each step may follow the one before."""
    found = way(sightings)
    by_item = {each.item: each for each in sightings}
    taken = [each for each in found if each.step is not None]
    assert bool(found) == bool(sightings)
    assert all(by_item[str(each.item)].is_proof for each in taken)
    assert len({each.jurisdiction for each in taken}) <= 1
    assert all(is_next(str(one.jurisdiction), one.step, str(other.step)) for one, other in itertools.pairwise(taken))
    assert [each.at for each in found] == sorted(each.at for each in found)
    assert all(each.stage in (Stage.REPORTED, Stage.ANNOUNCED) for each in found if each.step is None)


@given(any_sightings())
def test_a_way_never_rewrites_its_past(sightings: list[Sighting]) -> None:
    """What more items add comes after what was already there."""
    assert way(sightings[:-1]) == way(sightings)[: len(way(sightings[:-1]))]


# claims


def test_a_claim_of_the_press_is_kept_beside_the_way() -> None:
    """The furthest step that is claimed beyond the proven one, with its sentence."""
    final = a_shown("final rule", sentence="Commerce has issued the rule, people say.")
    told = [a_sighting(a_shown("NPRM")), a_sighting(final, tier=Tier.PRESS), a_sighting(a_shown("ANPRM"), tier=Tier.WIRE)]
    assert claimed(told, way(told)) == final
    assert [each.step for each in way(told)] == ["NPRM"]


def test_a_claim_that_is_proven_is_no_claim_any_more() -> None:
    """The official step overtakes it, at the same step or beyond."""
    claim = a_sighting(a_shown("final rule"), tier=Tier.PRESS)
    for proof in ("final rule", "effective"):
        told = [claim, a_sighting(a_shown(proof), at=at(1))]
        assert claimed(told, way(told)) is None


def test_a_claim_about_another_jurisdiction_is_none_of_this_event() -> None:
    """Once one leads; before that the first one claimed counts."""
    abroad, here = a_sighting(a_shown("公告", "CN"), tier=Tier.PRESS), a_sighting(a_shown("effective"), tier=Tier.PRESS)
    told = [a_sighting(a_shown("NPRM")), abroad]
    assert claimed(told, way(told)) is None
    assert claimed([abroad, here], way([abroad, here])) == abroad.shown


def test_what_an_official_source_says_of_others_is_a_claim() -> None:
    """It is not proof of the other's step, and not lost."""
    told = [a_sighting(a_shown("final rule", "US"), country="JP")]
    assert claimed(told, way(told)) == told[0].shown


@given(any_sightings())
def test_a_claim_is_always_beyond_what_is_proven(sightings: list[Sighting]) -> None:
    """It is somebody's words, in the leading jurisdiction, further along its machine; proof alone makes no claim."""
    reached = way(sightings)
    claim = claimed(sightings, reached)
    last = next((each for each in reversed(reached) if each.step is not None), None)
    assert claimed([each for each in sightings if each.is_proof], reached) is None
    if claim is not None:
        assert claim in [each.shown for each in sightings if not each.is_proof]
        names = [each.name for each in MACHINES[claim.jurisdiction]]
        assert last is None or (last.jurisdiction == claim.jurisdiction and names.index(claim.step) > names.index(str(last.step)))
