"""Where lines break: never beyond the terminal, nothing lost, nothing a reader would not break."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from monitor.cli.paragraphs import breaks

PARTS = [
    "rule ",
    "Rules",
    "https://x.example/a/b?c=d",
    "輸出",
    "管理",
    "。",
    "「",
    "」",
    "、",
    " ",
    "  ",
    "수출 ",
    "(",
    ")",
    "5G",
    "a,bc,",
    "é",
]
TEXTS = st.lists(st.sampled_from(PARTS), max_size=30).map("".join)


def lines(text: str, width: int, indent: int = 0) -> list[str]:
    places = [0, *breaks(text, width, indent), len(text)]
    return [text[start:end] for start, end in pairwise(places)]


@given(TEXTS, st.integers(10, 60), st.integers(0, 6))
@settings(max_examples=300, deadline=None)
def test_no_line_is_wider_than_the_terminal_and_none_is_empty(text: str, width: int, indent: int) -> None:
    """But for spaces at its end, which nobody sees."""
    found = lines(text, width, indent)
    assert "".join(found) == text
    assert all(cell_len(line.rstrip()) + (indent if number else 0) <= width for number, line in enumerate(found))
    assert all(found[1:])


@pytest.mark.parametrize(
    ("text", "width", "shown"),
    [
        ("The rule takes effect soon", 10, ["The rule ", "takes ", "effect ", "soon"]),
        ("輸出管理令を改正する。", 8, ["輸出管理", "令を改正", "する。"]),
        ("輸出管理。令を改正", 8, ["輸出管", "理。令を", "改正"]),
        ("輸出管「理」", 8, ["輸出管", "「理」"]),
        ("BIS は 5G基地局の輸出を規制", 10, ["BIS は 5G", "基地局の輸", "出を規制"]),
        ("수출 통제를 강화한다", 12, ["수출 통제를 ", "강화한다"]),
        ("see https://x.example/abcdefgh", 10, ["see ", "https://x.", "example/ab", "cdefgh"]),
        ("theme:chips,cables tier:press", 14, ["theme:chips,", "cables ", "tier:press"]),
        ("", 10, [""]),
    ],
)
def test_lines_break_where_a_typesetter_breaks_them(text: str, width: int, shown: list[str]) -> None:
    """At spaces; in Chinese and Japanese anywhere, but no mark begins a line that may not; a long address by the character."""
    assert lines(text, width) == shown
