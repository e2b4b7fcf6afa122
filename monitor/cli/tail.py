"""Follows an archive: new items, one line each, as they are judged. Reads only; never holds up the service that writes."""

from __future__ import annotations

import io
import select
import shutil
import sys
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

import click

from monitor.cli import completion
from monitor.cli.asking import expanded, tree_of
from monitor.cli.options import BUSY, Here, command, moment_since
from monitor.cli.output import cell, format_option, item_json, json_line, note, stamp
from monitor.errors import ArchiveBusy

if TYPE_CHECKING:
    from datetime import datetime

    from monitor.archive.following import Heard

T = TypeVar("T")

_PAUSE = 0.5
"""Seconds between two looks. A look that finds nothing costs one pragma, 5 us."""
_WAIT = 1.0
"""Seconds that a look waits for a busy archive; then Ctrl-C is heard, and it looks again."""
_SHOWN = 10


@command(
    "tail",
    example="""monitor tail
monitor tail --query 'theme:export_control tier:official' --since 1h
monitor tail --format jsonl | jq -r .url""",
)
@click.option(
    "--query",
    "--when",
    "wanted",
    metavar="QUERY",
    shell_complete=completion.queries,
    help="Only items that match, as in monitor search.",
)
@click.option("-x", "--exact", is_flag=True, help="Only the words as they are, not the same in other languages.")
@click.option("--since", metavar="SPAN|DATE", help="Begin with those judged since then, for example 1h.")
@click.option(
    "-n",
    "--lines",
    "--limit",
    "limit",
    type=click.IntRange(0),
    help=f"Begin with at most so many.  [default: {_SHOWN}; with --since: all]",
)
@click.option("--no-follow", "is_once", is_flag=True, help="Show these, and end.")
@format_option("table", "jsonl", "tsv")
@click.pass_obj
def tail(
    here: Here, wanted: str | None, exact: bool, since: str | None, limit: int | None, is_once: bool, form: str | None
) -> None:
    """New items, one line each, as they are judged, until Ctrl-C.

    Each item comes once, when it is judged first, with its themes. Times are UTC, with the day if it is not today. Tab-separated: id,
    time, language, source, themes, title, event.
    """
    tree = expanded(here.path(), tree_of(here, wanted or ""), is_exact=exact).tree
    start = None if since is None else moment_since(since, here)
    if limit is None and since is None:
        limit = _SHOWN
    write = {"jsonl": _jsonl, "tsv": _tsv, "table": _table}[form or ("table" if sys.stdout.isatty() else "tsv")]
    with _patiently(lambda: here.archive(is_readonly=True, wait=_WAIT)) as archive:
        following = archive.following

        def look(ask: Callable[[], list[Heard]]) -> list[Heard]:
            with archive.errors():
                return ask()

        write(_patiently(lambda: look(lambda: following.begin(tree, here.now(), since=start, limit=limit))), here.now())
        pause = _pause_on(sys.stdout)
        while not is_once:
            pause(_PAUSE)
            write(_patiently(lambda: look(lambda: following.look(tree, here.now()))), here.now())


def _patiently(ask: Callable[[], T]) -> T:
    """What is asked of the archive, asked again as long as that is busy; what was written meanwhile is found then."""
    is_told = False
    while True:
        try:
            return ask()
        except ArchiveBusy:
            if not is_told:
                note(BUSY)
            is_told = True
            time.sleep(_PAUSE)


def _pause_on(stream: object) -> Callable[[float], None]:
    """A pause that ends with BrokenPipeError as soon as nobody reads the stream any more, and not only at the next line."""
    poller = select.poll()
    try:
        poller.register(stream, 0)  # type: ignore[arg-type]  # asks for nothing: errors are told in any case
    except (io.UnsupportedOperation, OSError, TypeError, ValueError):  # no file of the system's behind it
        return time.sleep

    def pause(seconds: float) -> None:
        if poller.poll(seconds * 1000):
            raise BrokenPipeError

    return pause


def _jsonl(heard: Sequence[Heard], _now: datetime) -> None:
    for each in heard:
        print(json_line({**item_json(each.filed), "filed_at": stamp(each.at)}))
    sys.stdout.flush()


def _tsv(heard: Sequence[Heard], _now: datetime) -> None:
    for each in heard:
        item = each.filed.item
        values = (item.id, stamp(each.at), item.lang, item.source, _themes(each), item.title, each.filed.event)
        print("\t".join(cell(value) for value in values))
    sys.stdout.flush()


def _table(heard: Sequence[Heard], now: datetime) -> None:
    """Lines that fit the terminal as it is now, and cells of one width, so that they stand below each other."""
    from rich.cells import set_cell_size

    width = shutil.get_terminal_size().columns
    wide = width >= 100
    for each in heard:
        item = each.filed.item
        themes = [theme for theme, _ in each.filed.themes]
        more = f" +{len(themes) - 1}" if len(themes) > 1 else ""
        theme = _fitted(themes[0] if themes else "-", (23 if wide else 17) - len(more)) + more
        head = [
            f"{_when(each.at, now):<11}",
            f"{item.lang:<2}",
            set_cell_size(_fitted(cell(item.source), 18 if wide else 14), 18 if wide else 14),
            set_cell_size(theme, 23 if wide else 17),
        ]
        line = "  ".join(head)
        print(f"{line}  {_fitted(cell(item.title), width - len(line) - 2)}")
    sys.stdout.flush()


def _when(at: datetime, now: datetime) -> str:
    """The time of what was judged today, with its day if it was another one, the day alone if it was another year; at most 11 cells."""
    if at.date() == now.date():
        return at.strftime("%H:%M:%S")
    return at.strftime("%m-%d %H:%M" if at.year == now.year else "%Y-%m-%d")


def _fitted(text: str, cells: int) -> str:
    """Text in at most so many cells of the terminal, with an ellipsis where it is cut."""
    from rich.cells import cell_len, set_cell_size

    return text if cell_len(text) <= cells else set_cell_size(text, max(1, cells - 1)).rstrip() + "…"


def _themes(each: Heard) -> str:
    return ",".join(theme for theme, _ in each.filed.themes)
