"""Places of items in the index when a week has more items than there is room for: none is taken twice, and search stays in order."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest
from builders import NOW, an_item
from search_oracle import Known, expected, fill, store

from monitor.archive import Archive, textindex
from monitor.query import parse

QUERIES = [
    "export",
    "米",
    "-輸出",
    "e*",
    "since:90d",
    "until:2025-11",
    "輸出 since:2025-11 until:2026-02",
    "lang:ja",
    "米 OR lang:en",
]


@pytest.fixture
def small(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> Archive:
    """Room for four items of a week in each part of the index."""
    monkeypatch.setattr("monitor.archive.textindex.ROOM", 2)
    return archive


def places(archive: Archive) -> list[int]:
    return [row["place"] for row in archive._connection.execute("select place from items order by n")]


def week_of(place: int) -> int:
    """The week of a place, whatever part of the index it is in."""
    for part in range(64):
        least, beyond = textindex.bounds(part)
        if least <= place < beyond:
            return (place - textindex.origin(part)) >> textindex.ROOM
    raise AssertionError(place)


def test_no_place_is_taken_twice(small: Archive) -> None:
    """In one commit, in several, and for weeks side by side; each item stays in its week."""
    rng = random.Random(3)
    moments = [NOW - timedelta(days=7 * rng.randrange(3)) for _ in range(60)]
    items = [an_item(key=str(n), url=f"http://x.example/{n}", title=f"item {n}", published=at) for n, at in enumerate(moments)]
    for start, end in ((0, 2), (2, 8), (8, 9), (9, 60)):
        store(small, *items[start:end])
    found = places(small)
    assert len(set(found)) == 60
    assert [week_of(place) for place in found] == [textindex.week(moment) for moment in moments]
    assert small.reading.index_faults() == []
    for item in items:
        assert [each.item.id for each in small.reading.search(parse(f'"{item.title}"'), NOW)] == [item.id]


def test_weeks_before_1970_have_their_places(small: Archive) -> None:
    """And those long after: what a source says is kept as it says it."""
    moments = [NOW.replace(year=year) for year in (1, 1801, 1969, 2300, 9999) for _ in range(6)]
    found = textindex.new_places(small._connection, moments)
    assert len(set(found)) == len(moments)
    assert [week_of(place) for place in found] == [textindex.week(moment) for moment in moments]


@pytest.mark.parametrize("limit", [1, 7, 60, None])
def test_the_newest_come_first_whatever_the_room(small: Archive, limit: int | None) -> None:
    """Also after the index was made anew, and with spans that begin or end in a full week."""
    known: list[Known] = fill(small, 900)
    assert textindex.last_part(small._connection) > 0
    for _ in range(2):
        for text in QUERIES:
            tree = parse(text)
            wanted = expected(tree, known)
            assert [each.item.id for each in small.reading.search(tree, NOW, limit=limit)] == wanted[:limit], text
            assert small.reading.matching(tree, NOW, wanted[:20]) == set(wanted[:20])
        textindex.rebuild(small._connection)


def test_a_full_week_is_gone_on_with_where_it_was_left(small: Archive) -> None:
    """The room of items that were forgotten in between is no trap."""
    items = [an_item(key=str(n), url=f"http://x.example/{n}") for n in range(10)]
    store(small, *items[:7])
    textindex.forget(small._connection, [items[3].id])
    small._connection.execute("delete from items where id = ?", [items[3].id])
    store(small, *items[7:])
    assert len(set(places(small))) == 9
    assert small.reading.index_faults() == []
