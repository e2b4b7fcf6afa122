"""Momentum and importance of an event: weighed by a formula that says what it is."""

from __future__ import annotations

import dataclasses
import math
import re
from datetime import datetime, timedelta
from typing import Any

import pytest
from builders import NOW, a_date, a_part, a_shown, an_item
from event_parts import at, official, recorded
from hypothesis import given
from hypothesis import strategies as st

from monitor.cli import main
from monitor.events import AHEAD, HALF_LIFE, STAGE_WEIGHTS, TIER_WEIGHTS, UNTHEMED, WEIGHTS, importance, momentum
from monitor.items import Stage, Tier

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


def test_the_help_of_monitor_events_tells_the_numbers_of_the_code(capsys: pytest.CaptureFixture[str]) -> None:
    """An analyst can do the sum by hand from what --help says; a number that is changed in one place fails here."""
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
