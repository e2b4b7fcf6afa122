"""Charts with words: legible on light and dark, inert, on axes that say what they count."""

from __future__ import annotations

import io
import re
from datetime import date, timedelta
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageFont
from test_chart import contrast

from monitor.plot import (
    DARK,
    GROUNDS,
    LIGHT,
    SCALE,
    WIDTH,
    Drawing,
    Panel,
    Words,
    as_png,
    as_svg,
    fitted,
    is_drawn,
    small_multiples,
)

DAYS = tuple(date(2026, 4, 1) + timedelta(days=day) for day in range(30))


def drawing(*panels: Panel, bars: tuple[date, ...] = DAYS, **changes: str) -> Drawing:
    panels = panels or (Panel("export_control", "46", tuple(range(30))), Panel("telecom_5g", "0", (0,) * 30))
    return small_multiples(panels, bars, **{"heading": "Items per day", "below": "2026-04-01 to 2026-04-30"} | changes)


def rgb(colour: str) -> tuple[int, ...]:
    return tuple(int(colour[place : place + 2], 16) for place in (1, 3, 5))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_words_and_bars_stand_out_on_their_ground(scheme: str) -> None:
    """WCAG 2.1: 4.5 for text, 3 for graphics."""
    colours, ground = {"light": LIGHT, "dark": DARK}[scheme], rgb(GROUNDS[scheme])
    assert all(contrast(rgb(colours[role]), ground) >= 4.5 for role in ("text", "faint"))
    assert all(contrast(rgb(colours[role]), ground) >= 3 for role in ("bar", "last", "axis"))


def test_the_svg_names_groups_sums_figures_and_days() -> None:
    """In both schemes; nothing is loaded, nothing runs."""
    text = as_svg(drawing())
    root = ElementTree.fromstring(text)
    words = [each.text for each in root.iter("{http://www.w3.org/2000/svg}text")]
    assert {"Items per day", "export_control", "46", "30", "15", "0", "04-01"} <= set(words)
    assert "prefers-color-scheme: dark" in text
    assert {each.tag.rpartition("}")[2] for each in root.iter()} == {"svg", "title", "style", "rect", "text"}


def test_names_from_outside_stay_text() -> None:
    """No markup, no control character, no bidi override of a name."""
    text = as_svg(drawing(Panel("<script>x</script>\x1b\u202e&", '"', (1,) * 30), heading="<b>", below="輸出"))
    ElementTree.fromstring(text)
    assert "<script" not in text
    assert "<b>" not in text
    assert "輸出" in text
    assert not re.search("[\x00-\x08\x0b-\x1f\u202a-\u202e]", text)


def test_the_png_is_opaque_and_of_its_size() -> None:
    """Its own light ground, so that it reads on a dark page; other scripts than Latin do not stop it."""
    found = drawing(below="輸出 ↑ 3 %")
    picture = Image.open(io.BytesIO(as_png(found)))
    assert (picture.format, picture.mode, picture.size) == ("PNG", "RGB", (found.width * SCALE, found.height * SCALE))
    assert picture.getpixel((1, 1)) == rgb(GROUNDS["light"])
    assert {rgb(LIGHT["bar"]), rgb(LIGHT["last"])} <= {colour for _, colour in picture.getcolors(1 << 20) or ()}


@pytest.mark.parametrize("text", ["a very long phrase " * 20, "W" * 200, "輸出管理" * 60, "\u1100" * 300])
def test_what_is_too_long_is_cut_within_the_picture(text: str) -> None:
    """With an ellipsis, in both; in a PNG nothing is drawn on its edge."""
    found = drawing(Panel(text, "1,234 · 987 before · ↑ 25 %", (1,) * 30), heading=text, below=text)
    root = ElementTree.fromstring(as_svg(found))
    cut = [each.text or "" for each in root.iter("{http://www.w3.org/2000/svg}text") if (each.text or "").endswith("…")]
    assert len(cut) == 3
    assert all(len(each) > 10 for each in cut)
    picture = Image.open(io.BytesIO(as_png(found)))
    edge = picture.crop(((WIDTH - 12) * SCALE, 0, WIDTH * SCALE, 64 * SCALE))
    assert edge.getcolors() == [(edge.width * edge.height, rgb(GROUNDS["light"]))]


@given(st.text(st.characters(max_codepoint=0xFF, exclude_categories=["C"]), max_size=300))
def test_latin_text_ends_before_the_edge(text: str) -> None:
    """Measured in the font of the PNG; what fits is not cut."""
    font = ImageFont.load_default(12 * SCALE)
    [line] = [each for each in drawing(below=text).shapes if isinstance(each, Words) and each.size == 12 and each.y == 52]
    assert font.getlength(fitted(line.text, line)) <= (line.room or 0) * SCALE
    assert fitted(line.text[:60], line) == line.text[:60]


def test_two_queries_never_look_alike_in_a_png() -> None:
    """What its font lacks is written by its numbers, and can be told."""
    assert as_png(drawing(below="半導体")) != as_png(drawing(below="黒鉛"))
    assert as_png(drawing(below="黒鉛")) == as_png(drawing(below="\\u9ed2\\u925b"))
    assert [is_drawn(text) for text in ("Été 2026 · ↑ 3 %", "黒鉛", "가", "кг")] == [True, False, False, False]


def test_months_and_years_are_written_where_they_are_needed() -> None:
    """01-31 says nothing where the years change."""
    months = tuple(date(2025 + month // 12, month % 12 + 1, 1) for month in range(14))
    assert ">2025-01<" in as_svg(drawing(Panel("a", "", (1,) * 14), bars=months))
    weeks = tuple(date(2025, 12, 1) + timedelta(days=7 * week) for week in range(8))
    assert ">2025-12-01<" in as_svg(drawing(Panel("a", "", (1,) * 8), bars=weeks))


@given(st.lists(st.integers(0, 5_000_000), min_size=1, max_size=30))
def test_no_bar_is_higher_than_its_axis(counts: list[int]) -> None:
    """Whatever the counts; every figure of an axis has at most five characters."""
    found = drawing(Panel("a", "", tuple(counts)), bars=DAYS[: len(counts)])
    svg = ElementTree.fromstring(as_svg(found))
    bars = [each for each in svg.iter() if each.get("class") in ("bar", "last")]
    assert all(2 <= float(each.get("height", 0)) <= 56 for each in bars)
    assert len(bars) == sum(count > 0 for count in counts)
    figures = [each.text or "" for each in svg.iter() if each.get("text-anchor") == "end" and each.get("font-size") == "11"]
    assert all(len(each) <= 5 for each in figures)
