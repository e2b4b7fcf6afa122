"""Counts of the archive: by day and group, by cell; each walks the index of moments and no more."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from builders import NOW
from filling import came, fill, numbered

from monitor import query
from monitor.archive import Archive
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


def test_the_beginning_of_an_archive_is_its_first_item(archive: Archive) -> None:
    """None while it is empty."""
    assert archive.figures.began() is None
    came(archive, numbered(1, published=NOW - timedelta(days=900)))
    assert archive.figures.began() == NOW


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
