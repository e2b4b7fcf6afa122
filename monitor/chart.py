"""A row of bars as a small picture: one bar a day. Pure; draws no text, so that any language and any colours can stand beside it.

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
