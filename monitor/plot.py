"""Charts with words, for a page or a slide: small multiples of bars over time, as SVG or PNG. Pure; the text of sources is inert in both.

One layout, two writers. An SVG follows the reader's light or dark scheme; a PNG carries its own light ground, so that it reads on both.
"""

from __future__ import annotations

import html
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from monitor.normalise import clean

SCALE = 2
"""Pixels of a PNG to one of the page."""
WIDTH = 920
_MARGIN = 16
_COLUMNS = 2
_GAP = 28
_HEAD = 64  # heading and what stands below it
_PANEL = 108  # with its name and its dates
_BARS = 56  # height of the bars of a panel
_AXIS = 34  # room for the figures of the axis
_DATES = 4
"""At most so many dates below a panel."""
Role = Literal["bar", "last", "axis", "grid", "text", "faint"]
LIGHT: dict[Role, str] = {
    "bar": "#3f6fae",
    "last": "#b4551a",
    "axis": "#6b7280",
    "grid": "#e3e6ea",
    "text": "#16181c",
    "faint": "#565d68",
}
DARK: dict[Role, str] = {
    "bar": "#7fb0ee",
    "last": "#f0a060",
    "axis": "#9aa3af",
    "grid": "#33383f",
    "text": "#eef0f3",
    "faint": "#aab2bd",
}
_NOT_LATIN = re.compile("[^\x00-\xff…]+")
_LATIN = "\xff"
"""The last letter of which the fonts' breadths are known."""
_BREADTHS = {letter: share for letters, share in (("fijlrstI.,:;'!|()[]{}/- ·", 0.5), ("mwMWOQ@%©®…", 1.0)) for letter in letters}
"""Of letters that are not as broad as the rest of their case, in heights."""
GROUNDS = {"light": "#ffffff", "dark": "#16181c"}


@dataclass(frozen=True, slots=True)
class Panel:
    """One row of bars."""

    name: str
    says: str  # beside the name: the sum, for example
    counts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle."""

    role: Role
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Words:
    """A line of text; y is its base line."""

    role: Role
    x: float
    y: float
    text: str
    size: int
    anchor: Literal["start", "middle", "end"] = "start"
    is_bold: bool = False
    room: float | None = None  # where it is cut; None: nothing is in its way


@dataclass(frozen=True, slots=True)
class Drawing:
    """What stands where, in pixels of the page."""

    width: int
    height: int
    title: str
    shapes: tuple[Box | Words, ...]


def small_multiples(panels: Sequence[Panel], bars: Sequence[date], *, heading: str, below: str) -> Drawing:
    """One panel a group, two beside each other, each with a scale of its own that its axis names, all over the same days.

    Args:
        panels: at least one, each with one count a bar.
        bars: the first day that each bar stands for, the oldest first.
        heading, below: the title, and the line under it.
    """
    shapes: list[Box | Words] = [
        Words("text", _MARGIN, _MARGIN + 16, clean(heading), 18, is_bold=True, room=WIDTH - 2 * _MARGIN),
        Words("faint", _MARGIN, _MARGIN + 36, clean(below), 12, room=WIDTH - 2 * _MARGIN),
    ]
    wide = (WIDTH - 2 * _MARGIN - _GAP * (_COLUMNS - 1)) / _COLUMNS
    for place, panel in enumerate(panels):
        across, down = place % _COLUMNS, place // _COLUMNS
        shapes += _panel(panel, bars, _MARGIN + across * (wide + _GAP), _HEAD + _MARGIN + down * _PANEL, wide)
    rows = -(-len(panels) // _COLUMNS)
    return Drawing(WIDTH, _HEAD + _MARGIN + rows * _PANEL + _MARGIN // 2, clean(heading), tuple(shapes))


def _panel(panel: Panel, bars: Sequence[date], left: float, top: float, wide: float) -> list[Box | Words]:
    highest = _round_up(max(panel.counts, default=0))
    start, base = left + _AXIS, top + 20 + _BARS
    room = wide - _AXIS
    says = clean(panel.says)
    shapes: list[Box | Words] = [
        Words("text", left, top + 10, clean(panel.name), 13, is_bold=True, room=wide - _breadth(says, 12) - _GAP / 2),
        Words("faint", left + wide, top + 10, says, 12, "end"),
    ]
    for share in (1.0, 0.5):
        level = highest * share
        if level == int(level):
            shapes.append(Box("grid", start, base - _BARS * share, room, 1))
            shapes.append(Words("faint", start - 6, base - _BARS * share + 4, _short(int(level)), 11, "end"))
    step = room / len(panel.counts)
    for place, count in enumerate(panel.counts):
        if count:
            rise = max(2.0, _BARS * count / highest)
            role: Role = "last" if place == len(panel.counts) - 1 else "bar"
            shapes.append(Box(role, start + place * step, base - rise, max(0.5, step - min(2, step / 4)), rise))
    shapes.append(Box("axis", start, base, room, 1))
    shapes.append(Words("faint", start - 6, base + 4, "0", 11, "end"))
    return shapes + _dates(bars, start, base + 15, step)


def _dates(bars: Sequence[date], start: float, y: float, step: float) -> list[Box | Words]:
    """Dates below some of the bars: the first, and others at even steps."""
    every = -(-len(bars) // _DATES)
    are_months = len(bars) > 1 and all(each.day == 1 for each in bars)
    form = "%Y-%m" if are_months else "%m-%d" if bars[0].year == bars[-1].year else "%Y-%m-%d"
    return [Words("faint", start + place * step, y, bars[place].strftime(form), 11) for place in range(0, len(bars), every)]


def _short(count: int) -> str:
    """A round figure in at most five characters."""
    return f"{count:,}" if count < 10_000 else f"{count / 1000:g}k" if count < 1_000_000 else f"{count / 1_000_000:g}M"


def _round_up(count: int) -> int:
    """The next figure of one digit and noughts that an axis can have."""
    if count <= 2:
        return max(count, 1)
    power = 1
    while True:
        for factor in (1, 2, 3, 4, 5, 6, 8):
            if factor * power >= count:
                return factor * power
        power *= 10


def as_svg(drawing: Drawing) -> str:
    """The drawing as an SVG document that runs nothing and loads nothing."""
    styles = "".join(f".{role}{{fill:{colour}}}" for role, colour in LIGHT.items())
    dark = "".join(f".{role}{{fill:{colour}}}" for role, colour in DARK.items())
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {drawing.width} {drawing.height}" width="{drawing.width}"'
        f' height="{drawing.height}" role="img" font-family="system-ui, sans-serif">',
        f"<title>{html.escape(drawing.title)}</title>",
        f"<style>.ground{{fill:{GROUNDS['light']}}}{styles}"
        f"@media (prefers-color-scheme: dark){{.ground{{fill:{GROUNDS['dark']}}}{dark}}}</style>",
        '<rect class="ground" width="100%" height="100%"/>',
    ]
    for each in drawing.shapes:
        if isinstance(each, Box):
            lines.append(
                f'<rect class="{each.role}" x="{each.x:.1f}" y="{each.y:.1f}" width="{each.width:.1f}" height="{each.height:.1f}"/>'
            )
        else:
            weight = ' font-weight="600"' if each.is_bold else ""
            lines.append(
                f'<text class="{each.role}" x="{each.x:.1f}" y="{each.y:.1f}" font-size="{each.size}" text-anchor="{each.anchor}"'
                f"{weight}>{html.escape(fitted(each.text, each))}</text>"
            )
    return "\n".join([*lines, "</svg>\n"])


def as_png(drawing: Drawing) -> bytes:
    """The drawing as a PNG of SCALE times its size. Its font has Latin letters alone: others are written by their numbers, \\u9ed2."""
    from PIL import Image, ImageDraw, ImageFont

    picture = Image.new("RGB", (drawing.width * SCALE, drawing.height * SCALE), GROUNDS["light"])
    pen = ImageDraw.Draw(picture)
    for each in drawing.shapes:
        if isinstance(each, Box):
            right, bottom = each.x + each.width, each.y + each.height
            corners = [round(side * SCALE) for side in (each.x, each.y, right, bottom)]
            corners[2:] = [max(corners[0], corners[2] - 1), max(corners[1], corners[3] - 1)]
            pen.rectangle(corners, fill=LIGHT[each.role])
        else:
            font = ImageFont.load_default(each.size * SCALE)
            text = fitted(_NOT_LATIN.sub(_numbers, _arrows(each.text)), each)
            where = (each.x * SCALE, each.y * SCALE)
            anchor = {"start": "ls", "middle": "ms", "end": "rs"}[each.anchor]
            stroke = 1 if each.is_bold else 0
            pen.text(where, text, fill=LIGHT[each.role], font=font, anchor=anchor, stroke_width=stroke / 2)
    written = io.BytesIO()
    picture.save(written, "PNG", optimize=True)
    return written.getvalue()


def is_drawn(text: str) -> bool:
    """True if a PNG shows the text as it is."""
    return _NOT_LATIN.search(_arrows(clean(text))) is None


def _numbers(match: re.Match[str]) -> str:
    """Letters by their numbers: two words that cannot be drawn still differ."""
    return match[0].encode("ascii", "backslashreplace").decode()


def fitted(text: str, words: Words) -> str:
    """Text that stays within its room, with an ellipsis where it is cut."""
    if words.room is None or _breadth(text, words.size) <= words.room:
        return text
    while text and _breadth(text + "…", words.size) > words.room:
        text = text[:-1]
    return text.rstrip() + "…"


def _breadth(text: str, size: int) -> float:
    """How broad text is at most, in pixels: the fonts of readers differ, and a letter too few is better than one beyond the edge."""
    return size * sum(_BREADTHS.get(letter, 0.65 if letter.islower() else 0.75 if letter <= _LATIN else 1.0) for letter in text)


def _arrows(text: str) -> str:
    """Text without the signs of a trend that the built-in font lacks."""
    return text.replace("↑ ", "+").replace("↓ ", "-")
