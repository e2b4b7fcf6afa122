"""The bars of a digest: a day each, no words, to be seen on white and on black."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from monitor.chart import BAR, GROUND, LAST, SCALE, bar, bars, spark, step


def picture(counts: list[int], width: int = 60, height: int = 20, **changes: int) -> Image.Image:
    found = Image.open(io.BytesIO(bars(counts, width=width, height=height, **changes)))
    assert (found.format, found.mode, found.size) == ("PNG", "RGBA", (width * SCALE, height * SCALE))
    return found


def rise(found: Image.Image, place: int, of: int) -> int:
    """How high the bar of a day is, in pixels above the ground."""
    column = place * found.width // of
    pixels = [found.getpixel((column, row)) for row in range(found.height - SCALE)]
    return sum(1 for pixel in pixels if isinstance(pixel, tuple) and pixel[3])


def test_a_bar_is_as_high_as_its_count() -> None:
    """The highest fills the picture, half of it is half as high, none is none."""
    found = picture([4, 2, 0])
    full = found.height - SCALE
    assert [rise(found, place, 3) for place in range(3)] == [full, full // 2, 0]
    assert rise(picture([4], highest=8), 0, 1) == full // 2


def test_one_item_can_be_seen_beside_a_thousand() -> None:
    """A day with little is not a day with nothing."""
    assert rise(picture([1000, 1]), 1, 2) == 2 * SCALE


def test_the_last_day_has_its_own_colour_and_the_rest_is_clear() -> None:
    """Three colours, and nothing behind them."""
    found = picture([3, 1, 2])
    colours = {colour for _, colour in found.getcolors() or ()}
    assert colours == {(*BAR, 255), (*LAST, 255), (*GROUND, 255), (0, 0, 0, 0)}


@pytest.mark.parametrize("colour", [BAR, LAST, GROUND])
@pytest.mark.parametrize("ground", [(255, 255, 255), (0, 0, 0), (22, 24, 28)])
def test_each_colour_stands_out_on_light_and_on_dark(colour: tuple[int, int, int], ground: tuple[int, int, int]) -> None:
    """A contrast of 3 and more, which WCAG 2.1 asks of graphics (1.4.11)."""
    assert contrast(colour, ground) >= 3


def contrast(one: tuple[int, ...], other: tuple[int, ...]) -> float:
    """Source: WCAG 2.1, relative luminance and contrast ratio."""

    def luminance(colour: tuple[int, ...]) -> float:
        parts = [each / 255 for each in colour[:3]]
        red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@given(st.lists(st.integers(0, 10_000), min_size=1, max_size=60))
def test_any_counts_make_a_small_picture(counts: list[int]) -> None:
    """Within its size, and of few bytes: a mail carries four."""
    raw = bars(counts, width=240, height=24)
    assert Image.open(io.BytesIO(raw)).size == (240 * SCALE, 24 * SCALE)
    assert len(raw) < 4_000


def test_bars_of_characters_show_none_little_and_most() -> None:
    """A dot, the lowest, the full one; neighbours are added up where there is no room for each."""
    assert spark([0, 1, 1000], 3) == "·▁█"
    assert spark([1, 1, 3, 4, 4], 3) == "▁▄█"
    assert spark([], 3) == ""


def test_a_bar_of_characters_is_as_long_as_its_share() -> None:
    """To an eighth of a cell; a share above nothing can be seen."""
    assert [bar(share, 4) for share in (0, 0.0001, 0.5, 1)] == ["", "▏", "██", "████"]
    assert bar(0.53, 4) == "██▏"


def test_the_last_character_stands_for_as_many_as_the_others() -> None:
    """What is left over is at the beginning: the last days are what one looks at."""
    assert [step(count, 31) for count in (0, 1, 31, 32, 91)] == [1, 1, 1, 2, 3]
    assert spark([9, 0, 0, 0, 0, 0, 1, 1, 1], 3) == "█·▃"
    assert spark([8, 1, 1, 1, 1, 1, 1], 3) == "█▃▃"


@given(st.lists(st.integers(0, 10_000), max_size=400), st.integers(1, 100))
def test_bars_of_characters_fit(counts: list[int], width: int) -> None:
    """Never wider than the room."""
    assert len(spark(counts, width)) == -(-len(counts) // step(len(counts), width)) <= width
