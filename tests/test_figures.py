"""Counts of the archive: by day and group, by cell; each walks the index of moments and no more."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from tempfile import TemporaryDirectory

import pytest
from builders import NOW
from filling import came, fill, numbered
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor import query
from monitor.archive import Archive
from monitor.archive.pruning import Wish
from monitor.query import And

START, END = NOW - timedelta(days=30), NOW + timedelta(seconds=1)
ALL = And(())


def by_day(archive: Archive, by: str, wanted: str = "") -> list[tuple[date, str | None, int]]:
    found = archive.figures.by_day(by, START, END, query.parse(wanted), NOW)
    return [(each.day, each.group, each.items) for each in found]


def test_items_are_counted_by_day_and_group(archive: Archive) -> None:
    """By publication; an item of two themes in both, one of none, or not judged yet, in None."""
    yesterday = NOW - timedelta(days=1)
    fill(archive, numbered(1), themes=("export_control", "telecom_5g"))
    fill(archive, numbered(2, published=yesterday, country=None))
    came(archive, numbered(3, published=NOW - timedelta(days=31)), numbered(4, published=yesterday, source="bis"))
    first, last = yesterday.date(), NOW.date()
    assert by_day(archive, "theme") == [(first, None, 2), (last, "export_control", 1), (last, "telecom_5g", 1)]
    assert by_day(archive, "source") == [(first, "bis", 1), (first, "meti", 1), (last, "meti", 1)]
    assert by_day(archive, "country") == [(first, None, 1), (first, "JP", 1), (last, "JP", 1)]
    assert by_day(archive, "lang", "theme:telecom_5g") == [(last, "ja", 1)]
    assert archive.figures.count(START, END, ALL, NOW) == 3
    assert archive.figures.count(START, END, query.parse("source:bis"), NOW) == 1


def test_cells_are_theme_country_language_tier_and_kind(archive: Archive) -> None:
    """With the moment of the last item of each."""
    fill(archive, numbered(1), numbered(2, published=NOW - timedelta(hours=1)), themes=("export_control",))
    fill(archive, numbered(3, lang="en", kind="regulator"))
    found = archive.figures.cells(START, END)
    assert [(each.theme, each.country, each.lang, each.tier, each.kind, each.items, each.last) for each in found] == [
        (None, "JP", "en", "official", "regulator", 1, NOW),
        ("export_control", "JP", "ja", "official", None, 2, NOW),
    ]


def test_the_beginning_of_an_archive_is_its_first_sight_of_an_item(archive: Archive) -> None:
    """Not what was published first, and not what came in first: an older archive may be imported. None while it is empty."""
    assert archive.figures.began() is None
    came(archive, numbered(1, published=NOW - timedelta(days=900), first_seen=NOW))
    assert archive.figures.began() == NOW
    earlier = NOW - timedelta(days=300)
    came(archive, numbered(2, published=earlier - timedelta(days=9), first_seen=earlier), numbered(3, published=None))
    assert archive.figures.began() == earlier


def test_what_its_source_dates_today_may_be_ahead_of_the_beginning(archive: Archive) -> None:
    """The day has begun in Tokyo, not in UTC: what was seen before and is dated later counts as seen."""
    seen = datetime(2026, 4, 30, 20, tzinfo=UTC)
    came(archive, numbered(1, published=None, first_seen=seen + timedelta(hours=2)))
    came(archive, numbered(2, published=datetime(2026, 5, 1, tzinfo=UTC), first_seen=seen))
    assert archive.figures.began() == seen


def test_an_archive_that_was_pruned_begins_where_it_is_whole_again(archive: Archive) -> None:
    """Though an old item stayed; a pruning that took nothing out changes nothing."""
    old, year, later = (NOW - timedelta(days=days) for days in (800, 365, 100))
    fill(archive, numbered(1, published=old, first_seen=old), themes=("telecom_5g",), at=old)
    fill(archive, numbered(2, published=old, first_seen=old), at=old)
    for before, gone in ((year, 1), (later, 0)):
        wish = Wish(before=before, is_themeless=True)
        archive.pruning.look(wish, NOW)
        assert sum(archive.pruning.prune(wish, NOW, "me")) == gone
    assert archive.figures.began() == year


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), min_size=1, max_size=12))
def test_the_beginning_is_the_least_of_all_sights(ago: list[tuple[int, int]]) -> None:
    """Whatever the order in which items come, and however old they were."""
    with TemporaryDirectory() as folder, Archive.open(f"sqlite:///{folder}/monitor.db") as archive:
        for key, (seen, age) in enumerate(ago):
            at = NOW - timedelta(days=seen)
            came(archive, numbered(key, published=at - timedelta(days=age), first_seen=at))
        assert archive.figures.began() == NOW - timedelta(days=max(seen for seen, _ in ago))


@pytest.mark.parametrize("what", ["theme", "source", "country", "lang", "tier", "count", "cells"])
def test_a_span_costs_what_the_span_holds(archive: Archive, what: str) -> None:
    """No question reads all items or all tags: items by the index of moments, tags by their item."""
    asked: list[str] = []
    archive._connection.set_trace_callback(asked.append)
    figures = archive.figures
    if what == "count":
        figures.count(START, END, ALL, NOW)
    elif what == "cells":
        figures.cells(START, END)
    else:
        figures.by_day(what, START, END, ALL, NOW)
    archive._connection.set_trace_callback(None)
    plan = [row["detail"] for sql in asked for row in archive._connection.execute(f"explain query plan {sql}")]
    read = [each for each in plan if each.startswith(("SCAN", "SEARCH"))]
    assert read[0].startswith("SEARCH items USING ")
    assert "INDEX items_moment (moment>? AND moment<?)" in read[0]
    assert [each for each in read[1:] if "(item=?" not in each] == []
