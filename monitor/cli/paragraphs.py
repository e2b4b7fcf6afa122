"""Text on a terminal: wrapped by the cells that it takes, East Asian characters two, with changes marked. Text of sources is inert."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable, Iterator

from rich.cells import cell_len
from rich.console import Console, JustifyMethod, OverflowMethod
from rich.containers import Lines
from rich.text import Text

from monitor.cli import pager
from monitor.normalise import inert
from monitor.redline import Change, Fate, marked, tokens

_PIPED = 100
"""Cells of a line where there is no terminal to ask."""
WHOLE = 1_000_000
"""The same, for lines that are to stay whole there: each is a fact for grep."""
_NAME = 18
"""Cells of the names of facts."""
_NOT_FIRST = "、。，．！？：；）」』】〕》〉”’)]}.,!?:;…ー々ゃゅょっャュョッ%％"
"""Marks that begin no line. Source: JIS X 4051, the most usual."""
_NOT_LAST = "（「『【〔《〈“‘([{"
"""Marks that end no line. Source: the same."""
_STYLES = {Fate.SAME: "", Fate.REMOVED: "red strike", Fate.ADDED: "green"}


class Paper:
    """Standard output, as wide as it is, with or without colours (NO_COLOR).

    Args:
        piped: cells of a line where it is no terminal.
    """

    def __init__(self, *, piped: int = _PIPED) -> None:
        self._console = Console(highlight=False, soft_wrap=True, emoji=False, markup=False)
        self._width = max(20, shutil.get_terminal_size((piped, 24)).columns)
        self._is_coloured = self._console.color_system is not None and not self._console.no_color

    def text(self, text: str, *, style: str = "") -> None:
        """A text, its line ends kept."""
        for line in inert(text).split("\n"):
            self._lines(Text(line, style=style if self._is_coloured else ""), 0)

    def fact(self, name: str, value: str) -> None:
        """A name and its value, which hangs beside it; without a name the value of the line above goes on."""
        head = f"  {f'{name}:' if name else '':<{_NAME - 2}}"
        if len(head) > _NAME:
            head = f"  {name}: "
        self._lines(Text(head + inert(value).replace("\n", " ")), _NAME)

    def hanging(self, text: str, indent: int) -> None:
        """A text in one line, or in several, those after the first set in by so many cells."""
        self._lines(Text(inert(text).replace("\n", " ")), indent)

    def change(self, name: str, changes: Iterable[Change]) -> None:
        """What became of a text."""
        found = Text(f"  {f'{name}:':<{_NAME - 2}}")
        for each in changes:
            shown = Change(each.fate, inert(each.text).replace("\n", " "))
            if self._is_coloured:
                found.append(shown.text, _STYLES[shown.fate])
            else:
                found.append(marked((shown,)))
        self._lines(found, _NAME)

    def _lines(self, text: Text, indent: int) -> None:
        places = breaks(text.plain, self._width, indent)
        for number, line in enumerate(text.divide(places)):
            line.rstrip()  # in place
            with self._console.capture() as shown:  # what rich writes itself ends the program where nobody reads any more
                self._console.print(Text(" " * indent if number else "") + line)
            pager.show(shown.get())


class Wrapped(Text):
    """Text in a cell of a table, its lines broken as here."""

    def wrap(
        self,
        console: Console,
        width: int,
        *,
        justify: JustifyMethod | None = None,
        overflow: OverflowMethod | None = None,
        tab_size: int = 8,
        no_wrap: bool | None = None,
    ) -> Lines:
        """The lines that fit a width; how a column would have them broken is not asked."""
        del console, justify, overflow, tab_size, no_wrap
        lines = self.divide(breaks(self.plain, width))
        for line in lines:
            line.rstrip()
        return lines


def breaks(text: str, width: int, indent: int = 0) -> list[int]:
    """Where a line breaks: the places at which the second line, the third and so on begin.

    Args:
        width: cells of a line; a word that is wider has its lines broken inside.
        indent: cells that the second line and those after it lose.

    Lines break at spaces, and in Chinese and Japanese anywhere but before a closing and after an opening mark; what is wider than a
    line, after commas. Spaces at a break stay at the end of the line above and may reach beyond it.
    """
    found: list[int] = []
    place = used = start = 0
    for unit in _units(text):
        size = cell_len(unit.rstrip())
        if used > start and used + size > width:
            found.append(place)
            used = start = indent
        for piece in (unit,) if used + size <= width else _pieces(unit, width - start):
            if used > start and used + cell_len(piece.rstrip()) > width:
                found.append(place)
                used = start = indent
            used += cell_len(piece)
            place += len(piece)
    return found


def _pieces(unit: str, room: int) -> Iterator[str]:
    """A unit that is wider than a line: its parts, each with its comma, or the characters of those that are too wide as well."""
    for part in re.findall(r"[^,]*,|[^,]+", unit):
        yield from (part,) if cell_len(part.rstrip()) <= room else part


def _units(text: str) -> list[str]:
    """The text in pieces that stay on one line."""
    found: list[str] = []
    for token in re.findall(r"\s+|\S+", text):
        if token.isspace():
            if found:
                found[-1] += token
            else:
                found.append(token)
            continue
        for place, piece in enumerate(tokens(token)):
            is_bound = place and (
                piece[0] in _NOT_FIRST or found[-1][-1] in _NOT_LAST or not (_is_wide(piece) or _is_wide(found[-1]))
            )
            if is_bound:
                found[-1] += piece
            else:
                found.append(piece)
    return found


def _is_wide(piece: str) -> bool:
    """True if a line may break beside the piece."""
    return cell_len(piece[-1]) == 2
