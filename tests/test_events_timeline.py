"""An event's timeline: in order of the time that items state, whatever their order and whatever our clock did."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from builders import NOW, a_date, a_part, a_shown, an_item
from event_parts import JULY, JUNE, at, official, recorded
from hypothesis import given
from hypothesis import strategies as st

from monitor.events import Part, in_time
from monitor.items import DateKind, Entity, Identifier, Stage, Tier
from monitor.steps import MACHINES


def ids(parts: list[Part]) -> list[str]:
    return [each.filed.item.id for each in parts]


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


def test_a_day_that_is_stated_is_that_day_in_the_timeline_and_on_the_way() -> None:
    """A notice of today that is read in a Japanese morning, when it is still yesterday in UTC, is not of yesterday."""
    stated, seen = datetime(2026, 5, 2, tzinfo=UTC), datetime(2026, 5, 1, 23, tzinfo=UTC)
    notice = official("I-1", of={"published": stated, "first_seen": seen}, shown=a_shown("final rule"))
    assert [each.at for each in in_time([notice])] == [stated]
    assert [each.at for each in recorded(notice).way] == [stated]


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
