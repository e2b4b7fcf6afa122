"""Where nothing was heard: what has gone, what never came, what is not watched."""

from __future__ import annotations

from typing import Any

from builders import NOW

from monitor.blindspots import BlindSpot, Cell, Sort, Watched, blind_spots, matrix, says, told

THEMES = ("critical_minerals", "export_control")


def cell(theme: str | None = "export_control", **changes: Any) -> Cell:
    base = {"country": "JP", "lang": "ja", "tier": "official", "kind": None, "items": 3, "last": NOW}
    return Cell(theme=theme, **base | changes)


def watched(country: str | None = "JP", **changes: Any) -> Watched:
    return Watched(**{"country": country, "lang": "ja", "tier": "official", "kind": None} | changes)


def spots(now: list[Cell], before: list[Cell] | None, on: list[Watched]) -> list[tuple[str, str | None, str | None, int]]:
    return [
        (each.sort.value, each.theme, each.country or each.lang, each.sources) for each in blind_spots(now, before, on, THEMES)
    ]


def test_a_theme_of_which_a_country_spoke_and_now_does_not_has_gone() -> None:
    """From three items on: one or two are chance."""
    before = [cell("critical_minerals"), cell("critical_minerals", country="CN", items=2)]
    assert spots([cell()], before, [watched()]) == [
        ("gone", "critical_minerals", "JP", 1),
        ("nothing", "critical_minerals", "JP", 1),
    ]


def test_without_a_span_before_nothing_has_gone() -> None:
    """A young archive accuses nobody."""
    assert [sort for sort, *_ in spots([cell()], None, [watched()])] == ["nothing"]


def test_official_sources_that_speak_of_other_things_are_told_by_theme() -> None:
    """Of a theme or of none; the country with the most sources first."""
    now = [cell(None), cell(None, country="KR", lang="ko"), cell(country="KR", lang="ko")]
    on = [watched(), watched(), watched("KR", lang="ko")]
    assert spots(now, None, on) == [
        ("nothing", "critical_minerals", "JP", 2),
        ("nothing", "critical_minerals", "KR", 1),
        ("nothing", "export_control", "JP", 2),
    ]


def test_sources_that_bring_nothing_at_all_are_told_once_and_not_by_theme() -> None:
    """By country and tier, and by language."""
    assert spots([], None, [watched(), watched()]) == [("unheard", None, "JP", 2), ("unheard", None, "ja", 2)]


def test_a_country_that_is_seen_through_others_eyes_alone_is_told() -> None:
    """Press without an official source."""
    assert spots([cell(tier="press")], None, [watched(tier="press")]) == [("unofficial", None, "JP", 1)]


def test_all_is_well_where_everything_came() -> None:
    """No blind spot for its own sake."""
    assert spots([cell(), cell("critical_minerals")], [cell()], [watched()]) == []


def test_the_words_name_place_span_and_sources() -> None:
    """Each sort in one line that an analyst understands."""
    found = [
        BlindSpot(sort=Sort.GONE, theme="export_control", country="JP", sources=0, before=7, last=NOW),
        BlindSpot(sort=Sort.UNHEARD, country="KR", tier="official", sources=1),
        BlindSpot(sort=Sort.UNHEARD, lang="ko", sources=2),
        BlindSpot(sort=Sort.NOTHING, theme="critical_minerals", country="JP", tier="official", sources=4),
        BlindSpot(sort=Sort.UNOFFICIAL, country="TW", tier="official", sources=3),
    ]
    assert [words for _, words in says(found, 30)] == [
        "export_control: nothing from JP in 30 d; in the 30 d before there were 7, the last on 2026-05-01;"
        " no source of it is on any more",
        "nothing official from KR, of any theme, in 30 d although 1 source is on",
        "nothing in ko in 30 d although 2 sources are on",
        "critical_minerals: nothing official from JP in 30 d although 4 sources are on",
        "TW: no official source is on; what is heard comes of 3 others",
    ]


def test_a_person_reads_places_of_one_kind_in_one_line() -> None:
    """With the sources that are on; many places are cut."""
    on = [watched(country, lang=lang, tier=tier) for country, lang, tier in _PLACES]
    found = blind_spots([cell(None, items=1), cell(None, country="KR", lang="ko")], [cell(country="CN")], on, THEMES)
    assert told(found, 30, 2) == [
        "export_control: nothing from CN in 30 d; in the 30 d before there were 3, the last on 2026-05-01",
        "of any theme: nothing official in 30 d from CN (2), GB (1) and 1 more",
        "of any theme: nothing of the press in 30 d from TW (1)",
        "of any theme: nothing in 30 d in zh (3), en (2)",
        "critical_minerals: nothing official in 30 d from JP (1), KR (1)",
        "export_control: nothing official in 30 d from JP (1), KR (1)",
        "no official source is on, only others, for TW (1)",
    ]


_PLACES = (
    ("JP", "ja", "official"),
    ("KR", "ko", "official"),
    ("CN", "zh", "official"),
    ("CN", "zh", "official"),
    ("GB", "en", "official"),
    ("US", "en", "official"),
    ("TW", "zh", "press"),
)


def test_the_matrix_has_a_line_for_all_that_is_on_or_came() -> None:
    """What is unknown last; counts by theme, now and before."""
    now = [cell(), cell("critical_minerals", items=1), cell(None, items=5), cell(country=None)]
    lines = matrix(now, [cell(items=9)], [watched(), watched("KR", lang="ko")], THEMES, ("country", "lang"))
    assert [(each.place, each.sources, each.themes, each.before, each.rest) for each in lines] == [
        (("JP", "ja"), 1, (1, 3), (0, 9), 5),
        (("KR", "ko"), 1, (0, 0), (0, 0), 0),
        ((None, "ja"), 0, (0, 3), (0, 0), 0),
    ]
    assert matrix(now, None, [], THEMES, ("tier",))[0].before == (None, None)
