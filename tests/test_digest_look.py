"""The digest as a real browser shows it: nothing runs over the side, everything can be read, in the light and in the dark."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable
from itertools import groupby
from pathlib import Path

import pytest
from builders import an_item
from digest_content import a_content, a_dated, a_rich_content, an_entry
from PIL import Image
from test_chart import contrast

from monitor.digest import render, standalone
from monitor.digest_content import Content

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
needs_browser = pytest.mark.skipif(BROWSER is None, reason="needs Chromium to look at the mail (apt install chromium)")
TEMPLATE = Path(__file__).parent.parent / "monitor" / "templates" / "digest.html.j2"
MARGIN = 12
"""Pixels at either side that stay empty; the page leaves 16."""
LIGHT, DARK = (255, 255, 255), (22, 24, 28)
MODES = {
    "light": ("--blink-settings=preferredColorScheme=1",),
    "dark": ("--blink-settings=preferredColorScheme=0",),
    "turned": ("--enable-features=WebContentsForceDark", "--blink-settings=forceDarkModeEnabled=true"),
}
Look = Callable[..., Image.Image]


@pytest.fixture
def look(tmp_path: Path) -> Look:
    """A picture of a digest as the browser shows it."""

    def looked(content: Content, mode: str, width: int, *, height: int = 2600) -> Image.Image:
        html = standalone(render(content))
        if mode == "turned":  # as programs do that drop the styles and turn the colours themselves
            html = re.sub(r"<style>.*?</style>|<meta name=\"[a-z-]*color-schemes?\"[^>]*>", "", html, flags=re.S)
        page, shot = tmp_path / "digest.html", tmp_path / f"{mode}-{width}.png"
        page.write_text(html, encoding="utf-8")
        assert BROWSER is not None
        subprocess.run(
            [
                BROWSER,
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--hide-scrollbars",
                "--force-device-scale-factor=1",
                f"--user-data-dir={tmp_path / 'profile'}",
                f"--window-size={width},{height}",
                f"--screenshot={shot}",
                *MODES[mode],
                page.as_uri(),
            ],
            check=True,
            capture_output=True,
            timeout=120,
        )
        with Image.open(shot) as found:
            return found.convert("RGB")

    return looked


def ground_of(shot: Image.Image) -> tuple[int, int, int]:
    """The colour that most of a picture has."""
    [(colour, _)] = Counter(shot.get_flattened_data() if hasattr(shot, "get_flattened_data") else shot.getdata()).most_common(1)
    return colour


def strips(shot: Image.Image) -> list[tuple[int, int]]:
    """Rows of a picture from which to which something is drawn."""
    ground = ground_of(shot)
    rows = [
        row
        for row in range(shot.height)
        if shot.crop((0, row, shot.width, row + 1)).getcolors(shot.width) != [(shot.width, ground)]
    ]
    found = []
    for _, run in groupby(enumerate(rows), lambda pair: pair[1] - pair[0]):
        places = [row for _, row in run]
        found.append((places[0], places[-1] + 1))
    return found


def is_empty_beside(shot: Image.Image) -> bool:
    ground = ground_of(shot)
    sides = ((0, 0, MARGIN, shot.height), (shot.width - MARGIN, 0, shot.width, shot.height))
    return all(shot.crop(side).getcolors() == [(MARGIN * shot.height, ground)] for side in sides)


@needs_browser
@pytest.mark.parametrize("width", [600, 400])
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("lang", ["en", "ja"])
def test_a_digest_can_be_read_whole(look: Look, lang: str, mode: str, width: int) -> None:
    """At the width of a desk and of a telephone: empty sides, the right ground, and every line of it in a colour that stands out."""
    shot = look(a_rich_content(lang), mode, width)
    ground = ground_of(shot)
    assert is_empty_beside(shot)
    assert ground == {"light": LIGHT, "dark": DARK}.get(mode, ground)
    assert (sum(ground) < 200) == (mode != "light")
    lines = [(top, bottom) for top, bottom in strips(shot) if bottom - top >= 7]  # rules and borders are thinner than a letter
    assert len(lines) > 25
    weak = []
    for top, bottom in lines:
        colours = shot.crop((0, top, shot.width, bottom)).getcolors(100_000) or ()
        if max(contrast(colour, ground) for _, colour in colours) < 4.5:
            weak.append((top, bottom))
    assert weak == []


@needs_browser
@pytest.mark.parametrize("width", [600, 400])
def test_a_word_without_end_does_not_widen_the_page(look: Look, width: int) -> None:
    """An address as a title, a docket of a hundred letters, CJK without a space."""
    texts = ["https://x.example/" + "a" * 300, "X" * 200, "輸出管理" * 60, "<b>" + "&amp;" * 60]
    items = [an_item(id=f"I-{n}", title=text, summary=text) for n, text in enumerate(texts)]
    content = a_content(
        when="theme:" + ",".join(["export_control"] * 12),
        wants="W" * 200,
        name="n" * 120,
        dates=tuple(a_dated(item, themes=("t" * 90,)) for item in items),
        new=tuple(an_entry(item, id=f"E-{item.id}", step="s" * 90, themes=(("t" * 90, 0.5),)) for item in items),
        singles=tuple(an_entry(item) for item in items),
        notes=tuple(texts),
        left_out=3,
        source_names={"meti": "M" * 120},
    )
    assert is_empty_beside(look(content, "light", width, height=6000))


@needs_browser
def test_an_empty_digest_is_a_short_page(look: Look) -> None:
    """What was watched, and that silence is silence."""
    shot = look(a_content(), "light", 600, height=900)
    assert is_empty_beside(shot)
    assert strips(shot)[-1][1] < 500


def test_every_pair_of_colours_can_be_read() -> None:
    """Text on its own ground 4.5 and more, in both looks (WCAG 2.1, 1.4.3)."""
    source = TEMPLATE.read_text(encoding="utf-8")
    dark = re.search(r"prefers-color-scheme: dark\) \{(.*?)\n\}", source, re.S)
    assert dark is not None

    def colour(text: str) -> tuple[int, int, int]:
        return int(text[1:3], 16), int(text[3:5], 16), int(text[5:7], 16)

    pair = re.compile(r"(?:background: ?(#\w{6})(?: !important)?; ?)?(?<![-\w])color: ?(#\w{6})")
    found = [
        (text, own, contrast(colour(text), colour(own) if own else ground))
        for rules, ground in ((source.replace(dark[1], ""), LIGHT), (dark[1], DARK))
        for own, text in pair.findall(rules)
    ]
    assert len(found) > 14
    assert [each for each in found if each[2] < 4.5] == []
