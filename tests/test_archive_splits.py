"""Splits of events in the archive: ids old and new, what is refused; after any merges and splits nothing is lost."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from builders import NOW, a_date, a_shown
from filed_events import LATER, A, B, C, a_notice, file, items_of, judged, stage_of, two
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.archive import Archive
from monitor.errors import UsageError
from monitor.items import DateKind, Tier, event_id


def test_splitting_makes_an_event_of_its_own(archive: Archive) -> None:
    """With a new id; both have the stage of their own items, and both are told."""
    report = a_notice(1, tier=Tier.PRESS, published=NOW - timedelta(days=2))
    rule = a_notice(2, published=NOW - timedelta(days=1))
    file(archive, judged(report, A), judged(rule, A, shown=a_shown("final rule")))
    made = archive.events.split(A, [rule.id], who="sato", now=LATER)
    assert made.startswith("E-")
    assert made != A
    assert (items_of(archive, A), items_of(archive, made)) == ([report.id], [rule.id])
    assert (stage_of(archive, A), stage_of(archive, made)) == ("reported", "final")
    assert archive.events.find(made) == made
    assert {each.id for each in archive.events.moved(LATER, LATER)} == {A, made}


def test_splitting_off_the_item_that_opened_the_event_gives_a_new_id(archive: Archive) -> None:
    """Ids are made from the first item; the event keeps its own."""
    first, second = a_notice(1), a_notice(2)
    opened = event_id(first.id)
    file(archive, judged(first, opened), judged(second, opened))
    made = archive.events.split(opened, [first.id], who="sato", now=NOW)
    assert made != opened
    assert (items_of(archive, opened), items_of(archive, made)) == ([second.id], [first.id])


def test_just_what_was_merged_splits_back_into_its_old_id(archive: Archive) -> None:
    """In any order of the items; what pointed to it is right again."""
    of_a, of_b = two(archive)
    archive.events.merge(A, B, who="sato", now=NOW)
    assert archive.events.split(A, of_b[::-1], who="sato", now=LATER) == B
    assert (items_of(archive, A), items_of(archive, B), archive.events.find(B)) == (of_a, of_b, B)


def test_another_share_of_what_was_merged_gets_an_id_of_its_own(archive: Archive) -> None:
    """The old id still leads to the event it went into."""
    of_a, of_b = two(archive)
    archive.events.merge(A, B, who="sato", now=NOW)
    made = archive.events.split(A, of_b[:1], who="sato", now=LATER)
    assert made not in (A, B)
    assert (archive.events.find(B), items_of(archive, A)) == (A, [of_a[0], of_a[1], of_b[1]])


def test_a_split_of_what_stands_under_its_own_id_is_a_split(archive: Archive) -> None:
    """Though just these items were once merged away under the very id that is split now."""
    _, of_b = two(archive)
    archive.events.merge(A, B, who="sato", now=NOW)
    archive.events.split(A, of_b, who="sato", now=NOW)  # B stands again
    other = a_notice(9)
    file(archive, judged(other, B))
    made = archive.events.split(B, of_b, who="sato", now=LATER)
    assert made != B
    assert (items_of(archive, B), items_of(archive, made)) == ([other.id], of_b)


def test_undoing_the_last_merge_of_a_chain_gives_back_what_went_into_it(archive: Archive) -> None:
    """A went into B, B into C; when B leaves C again, A's id leads to B, where A's items are."""
    one, other, third = (a_notice(number) for number in range(3))
    file(archive, judged(one, A), judged(other, B), judged(third, C))
    archive.events.merge(B, A, who="sato", now=NOW)
    archive.events.merge(C, B, who="sato", now=NOW)
    assert archive.events.split(C, [one.id, other.id], who="sato", now=LATER) == B
    assert archive.events.find(A) == B == archive.reading.item(one.id).event


def test_what_was_merged_first_in_a_chain_splits_back_into_its_old_id(archive: Archive) -> None:
    """A went into B, B into C; just A's items leave C: it is A that they are."""
    one, other, third = (a_notice(number) for number in range(3))
    file(archive, judged(one, A), judged(other, B), judged(third, C))
    archive.events.merge(B, A, who="sato", now=NOW)
    archive.events.merge(C, B, who="sato", now=NOW)
    made = archive.events.split(C, [one.id], who="sato", now=LATER)
    assert archive.events.find(A) == made


def test_an_item_of_another_event_is_not_split_off(archive: Archive) -> None:
    """It is named, with where the right ones are listed; nothing changes."""
    of_a, of_b = two(archive)
    with pytest.raises(UsageError, match=f"{of_b[0]} is not an item of {A}") as slip:
        archive.events.split(A, [of_a[0], of_b[0]], who="sato", now=NOW)
    assert f"monitor event {A}" in str(slip.value)
    assert (items_of(archive, A), archive.events.decisions()) == (of_a, [])


def test_an_event_keeps_at_least_one_item(archive: Archive) -> None:
    """Also if one of them is named twice."""
    of_a, _ = two(archive)
    for named in (of_a, [*of_a, of_a[0]]):
        with pytest.raises(UsageError, match="no items left"):
            archive.events.split(A, named, who="sato", now=NOW)
    assert items_of(archive, A) == of_a


def test_an_item_named_twice_moves_once(archive: Archive) -> None:
    """And is noted once."""
    of_a, _ = two(archive)
    made = archive.events.split(A, [of_a[0], of_a[0]], who="sato", now=NOW)
    assert items_of(archive, made) == [of_a[0]]
    assert archive.events.decisions()[0].items == (of_a[0],)


def test_a_split_is_made_under_an_old_id_too(archive: Archive) -> None:
    """Of the event that it leads to."""
    of_a, _ = two(archive)
    archive.events.merge(B, A, who="sato", now=NOW)
    assert archive.events.split(A, of_a, who="sato", now=LATER) == A


def test_what_is_split_off_stays_in_the_storyline(archive: Archive) -> None:
    """It is the same wider matter; merged events are none of it any more."""
    of_a, _ = two(archive)
    archive._connection.execute("update events set storyline = 'S-graphite'")
    made = archive.events.split(A, of_a[:1], who="sato", now=LATER)
    assert archive.events.record(made, LATER).storyline == "S-graphite"
    assert archive.events.of_storyline("S-graphite") == [A, B, made]
    archive.events.merge(A, B, who="sato", now=LATER)
    assert archive.events.of_storyline("S-graphite") == [A, made]


# Properties of merges and splits

CHOICES = st.lists(st.tuples(st.booleans(), st.integers(0, 50), st.integers(0, 50), st.integers(1, 62)), max_size=14)


def standing(archive: Archive) -> dict[str, set[str]]:
    """Items by event that stands, as the tables have them."""
    found: dict[str, set[str]] = {
        row["id"]: set() for row in archive._connection.execute("select id from events where into_event is null")
    }
    for row in archive._connection.execute("select id, event from items"):
        found[row["event"]].add(row["id"])  # an item of an event that does not stand is a KeyError
    return found


@settings(max_examples=60, deadline=None)
@given(choices=CHOICES)
def test_no_merge_and_no_split_loses_an_item_or_an_id(
    tmp_path_factory: pytest.TempPathFactory, choices: list[tuple[bool, int, int, int]]
) -> None:
    """After any sequence every item is in exactly one standing event, none is empty, and every id ever given leads to a standing one."""
    with Archive.open(f"sqlite:///{tmp_path_factory.mktemp('a') / 'a.db'}") as archive:
        notices = [a_notice(number) for number in range(6)]
        events = [f"E-{letter * 10}" for letter in "abcdab"]
        file(archive, *(judged(item, event) for item, event in zip(notices, events, strict=True)))
        expected = standing(archive)
        given_out = set(expected)
        for is_merge, one, other, bits in choices:
            names = sorted(expected)
            event = names[one % len(names)]
            if is_merge:
                into = names[other % len(names)]
                if into != event:
                    archive.events.merge(into, event, who="sato", now=NOW)
                    expected[into] |= expected.pop(event)
            else:
                leaving = {item for place, item in enumerate(sorted(expected[event])) if bits >> place & 1}
                if leaving and leaving != expected[event]:
                    made = archive.events.split(event, sorted(leaving), who="sato", now=NOW)
                    given_out.add(made)
                    assert made not in expected
                    expected[event] -= leaving
                    expected[made] = leaving
            assert standing(archive) == expected
            assert {archive.events.find(each) for each in given_out} == set(expected)
            assert {each.id for each in archive.events.moved(NOW, NOW)} == set(expected)
        assert len(archive.events.decisions()) == archive.events.last_decision()


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_a_merge_and_its_undoing_leave_two_events_as_they_were(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """Whatever items, steps and dates they have: the same records, but for the moment at which they moved."""
    steps = st.sampled_from([None, "NPRM", "final rule", "withdrawn"])
    days = st.sampled_from([(), (a_date(date(2026, 6, 20)),), (a_date(date(2026, 4, 1), DateKind.EFFECTIVE),)])
    with Archive.open(f"sqlite:///{tmp_path_factory.mktemp('a') / 'a.db'}") as archive:
        for number in range(data.draw(st.integers(2, 5))):
            step = data.draw(steps)
            item = a_notice(number, published=NOW - timedelta(hours=data.draw(st.integers(0, 99))))
            event = (A, B)[number] if number < 2 else data.draw(st.sampled_from([A, B]))
            file(archive, judged(item, event, shown=None if step is None else a_shown(step), dates=data.draw(days)))
        before = archive.events.records([A, B], LATER)
        items = items_of(archive, B)
        archive.events.merge(A, B, who="sato", now=LATER)
        assert archive.events.split(A, items, who="sato", now=LATER) == B
        after = archive.events.records([A, B], LATER)
        assert [replace(each, last_seen=NOW) for each in after] == [replace(each, last_seen=NOW) for each in before]
