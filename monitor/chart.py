"""A row of bars as a small picture or as characters: one bar a day. Pure; writes no words, so that any language can stand beside it.

The ground is transparent and the colours are of middle brightness: they keep a contrast of 3 and more on white and on black.
"""

from __future__ import annotations

import io
from collections.abc import Sequence

SCALE = 2
"""Pixels of the picture to one of the page, for screens of high resolution."""
BAR = (74, 127, 191)
LAST = (201, 104, 34)
GROUND = (138, 143, 150)
_RISES = "▁▂▃▄▅▆▇█"
_PARTS = ("", "▏", "▎", "▍", "▌", "▋", "▊", "▉")


def bars(counts: Sequence[int], *, width: int, height: int, highest: int | None = None) -> bytes:
    """The counts as bars from left to right, the last one in a colour of its own; a PNG of SCALE times the size.

    Args:
        width, height: on the page.
        highest: the count that is as high as the picture; None: the highest of these.
    """
    from PIL import Image, ImageDraw  # used once a day: whoever only fetches does not carry it

    across, up = width * SCALE, height * SCALE
    picture = Image.new("RGBA", (across, up), (0, 0, 0, 0))
    pen = ImageDraw.Draw(picture)
    base = up - SCALE
    top = max(highest or 0, *counts, 1)
    for place, count in enumerate(counts):
        left = place * across // len(counts)
        right = (place + 1) * across // len(counts) - SCALE - 1
        colour = LAST if place == len(counts) - 1 else BAR
        if count:
            rise = max(2 * SCALE, round(base * count / top))
            pen.rectangle((left, base - rise, right, base - 1), fill=(*colour, 255))
        pen.rectangle((left, base, right, up - 1), fill=(*GROUND, 255))
    written = io.BytesIO()
    picture.save(written, "PNG", optimize=True)
    return written.getvalue()


def spark(counts: Sequence[int], width: int) -> str:
    """The counts as characters, each as high as its count, the highest full; none is a dot, one beside a thousand can still be seen.

    Args:
        width: cells that there are, 1 or more; where there are fewer than counts, neighbours are added up (see `step`), from the last one
            backwards, so that only the first character may stand for fewer than the others.
    """
    size = step(len(counts), width)
    joined = [sum(counts[max(0, end - size) : end]) for end in range(len(counts), 0, -size)][::-1]
    top = max(joined, default=0)
    return "".join(_RISES[-(-count * len(_RISES) // top) - 1] if count else "·" for count in joined)


def step(count: int, width: int) -> int:
    """How many counts a character of `spark` stands for, 1 or more."""
    return max(1, -(-count // width))


def bar(share: float, width: int) -> str:
    """A bar from left to right, to an eighth of a cell; at least an eighth for any share above 0.

    Args:
        share: 0..1 of the width.
        width: cells.
    """
    eighths = max(round(share * width * 8), 1 if share > 0 else 0)
    return "█" * (eighths // 8) + _PARTS[eighths % 8]
