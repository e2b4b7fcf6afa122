"""How results are written: tables that fit the terminal, tab-separated when piped, JSON, CSV, Markdown. Text of sources is inert."""

from __future__ import annotations

import contextlib
import csv
import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import IO, Any, Literal, Protocol

import click
from click.core import ParameterSource

from monitor import dates
from monitor.cli import pager
from monitor.errors import UsageError
from monitor.items import Entity, Filed, Identifier, KeyDate
from monitor.normalise import clean, harmless, inert
from monitor.records import item_record

FORMATS = ("table", "json", "jsonl", "csv", "tsv", "md", "ids")
_ESCAPED = re.compile("[\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ud800-\udfff\ufff9-\uffff]")
"""What json.dumps leaves as it is, and normalise.inert takes out."""
_WIDEST = 34
"""Cells that a column other than the wide one may take."""
_ROOM = 36
"""Cells that the wide column should have."""
Row = Mapping[str, Any]


class _Format(click.Option):
    """--format, which --json gives as well."""

    def consume_value(self, ctx: click.Context, opts: Mapping[str, Any]) -> Any:
        if opts.get(_AS_JSON) and isinstance(self.type, click.Choice):
            # what is written as it comes is no one value: its JSON is lines
            meant = "json" if "json" in self.type.choices else "jsonl"
            if opts.get(str(self.name), meant) != meant and not ctx.resilient_parsing:
                raise UsageError(f"--json does not go with --format {opts[str(self.name)]}", hint="Leave one of them out")
            opts = {**opts, str(self.name): meant}
        return super().consume_value(ctx, opts)


_AS_JSON = "as_json"


def format_option(*formats: str, said: str = "Output; default: table on a terminal, tsv when piped.") -> Callable[[Any], Any]:
    """--format with the formats that a command knows; --json stands for its json.

    Args:
        said: its help.
    """
    form = click.option("--format", "form", cls=_Format, type=click.Choice(formats or FORMATS), default=None, help=said)
    as_json = click.option("--json", _AS_JSON, is_flag=True, hidden=True, expose_value=False)
    return lambda command: form(as_json(command))


def json_option(said: str = "One JSON object on standard output.") -> Callable[[Any], Any]:
    """--json of a command that prints for people else; --format json is the same.

    Args:
        said: its help.
    """

    def is_given(_ctx: click.Context, _parameter: click.Parameter, value: str | None) -> bool:
        return value is not None

    flag = click.option(
        "--json", "is_json", is_flag=True, flag_value="json", type=str, default=None, callback=is_given, help=said
    )
    form = click.option("--format", "is_json", type=click.Choice(["json"]), default=None, callback=is_given, hidden=True)
    return lambda command: flag(form(command))


def emit(
    rows: Sequence[Row],
    columns: Sequence[str],
    form: str | None,
    *,
    wide: str = "title",
    optional: Sequence[str] = (),
    right: Sequence[str] = (),
    ids: str | None = None,
    within: tuple[str, str] | None = None,
    nothing: str = "Nothing found.",
    json_rows: Sequence[Row] | None = None,
) -> None:
    """Write rows to standard output; a table that is longer than the terminal goes through a pager (monitor.cli.pager).

    What a table has no room for is noted, and so is that there are no rows: a table then has no header either.

    Args:
        columns: keys shown in tables, CSV, TSV and Markdown, in order.
        wide: the column that takes the room that is left.
        optional: columns that a table leaves out where the terminal is narrow, the least needed first.
        right: columns of figures, which a table sets flush right.
        ids: the key that --format ids writes, each value once; None: that of the first column.
        within: a column, and the one in which its text stands in brackets if it is left out itself.
        nothing: the note if there are no rows; "": the command says it.
        json_rows: what JSON shows, if it is more than the columns.
    """
    form = "table" if is_table(form) else form or "tsv"
    full = json_rows if json_rows is not None else rows
    if form == "json":
        print(json_line(list(full), indent=1))
    elif form == "jsonl":
        for row in full:
            print(json_line(row))
    elif form == "ids":
        for value in dict.fromkeys(row[ids or columns[0]] for row in rows):
            print(value)
    elif form == "csv":
        write_csv(rows, columns, sys.stdout)
    elif form == "md":
        print("| " + " | ".join(columns) + " |\n|" + "---|" * len(columns))
        for row in rows:
            print("| " + " | ".join(cell(row[name]).replace("|", "\\|") for name in columns) + " |")
    elif form == "tsv":
        for row in rows:
            print("\t".join(cell(row[name]) for name in columns))
    elif rows:
        text, left_out = _table(rows, columns, wide, optional, right, within)
        pager.show(text)
        if left_out:
            note(f"Left out: {', '.join(left_out)}. --format csv has all columns.")
    if not rows and nothing:
        note(nothing)


def is_table(form: str | None) -> bool:
    """True if --format, given or not, means a table."""
    return form == "table" or (form is None and sys.stdout.isatty())


def note_cut(found: int, limit: int) -> None:
    """Say that there is more than --limit lets through; where that was asked for, only to a person at a terminal.

    Args:
        found: of those asked for, which are one more than are shown.
    """
    context = click.get_current_context(silent=True)
    is_asked = context is not None and context.get_parameter_source("limit") is ParameterSource.COMMANDLINE
    if found > limit and (not is_asked or sys.stderr.isatty()):
        note(f"There are more than these {limit}: --limit")


def json_line(value: object, *, indent: int | None = None) -> str:
    """A value as JSON, on one line unless indented; text stays readable, but for what a terminal could take for an order and what no
    output takes: that is escaped, and so comes back as it was."""
    return _ESCAPED.sub(lambda match: f"\\u{ord(match[0]):04x}", json.dumps(value, ensure_ascii=False, indent=indent))


def cell(value: Any) -> str:
    """A value in one line of inert text."""
    if value is None:
        return ""
    if isinstance(value, Mapping):
        return clean(" ".join(f"{name} {score:.2f}" for name, score in value.items()))
    if isinstance(value, list | tuple):
        return clean(", ".join(str(each) for each in value))
    if isinstance(value, float):
        return f"{value:.2f}"
    return clean(str(value))


def write_csv(rows: Iterable[Row], columns: Sequence[str], stream: IO[str], flat: Callable[[str, Any], str] | None = None) -> int:
    """A line of names and one line a row, no cell a formula; how many rows.

    Args:
        flat: a column's name and a value to one cell; None: lists are joined by semicolons.
    """
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(columns)
    count = 0
    for row in rows:
        writer.writerow([harmless((flat or _flat)(name, row[name])) for name in columns])
        count += 1
    return count


def _flat(_name: str, value: Any) -> str:
    return cell("; ".join(str(each) for each in value) if isinstance(value, list | tuple) else value)


def item_json(filed: Filed) -> dict[str, Any]:
    """An item as JSON has it everywhere."""
    return {**item_record(filed), "copy_of": filed.copy_of}


def findings_json(
    identifiers: Sequence[Identifier], entities: Sequence[Entity], key_dates: Sequence[KeyDate]
) -> dict[str, list[dict[str, Any]]]:
    """What was found in an item, as JSON has it everywhere."""
    return {
        "identifiers": [{"type": each.type, "value": each.value} for each in identifiers],
        "entities": [{"id": each.id, "type": each.type, "surface": each.surface} for each in entities],
        "dates": [{"kind": each.kind.value, "date": each.date.isoformat(), "sentence": each.sentence} for each in key_dates],
    }


def stamp(moment: datetime | None) -> str | None:
    """A moment as ISO 8601 in UTC; None for None."""
    return None if moment is None else dates.stamp(moment)


def size_text(count: int) -> str:
    """Bytes for people: 1.2 GB."""
    size = float(count)
    for unit in ("bytes", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"


def note(text: str) -> None:
    """A line, or several, for the person at the terminal, on standard error; inert. Not with -q: what has to be known is no note."""
    context = click.get_current_context(silent=True)
    if context is None or getattr(context.find_root().obj, "verbosity", 0) >= 0:  # of options.Here, which stands above
        _say(text)


def warn(text: str) -> None:
    """What has to be known, on standard error; inert. Said with -q, too."""
    _say(f"monitor: {text}")


def _say(text: str) -> None:
    for line in text.splitlines() or [""]:
        click.echo(inert(line), err=True)


class Step(Protocol):
    """Told of progress."""

    def __call__(self, done: int, total: int | None = None) -> None:
        """So many steps more are done; the total, if it has become known or has changed."""


def in_sum(step: Step) -> Callable[[int, int], None]:
    """A step for what tells how much is done in all, not how much more."""
    before = 0

    def tell(done: int, total: int) -> None:
        nonlocal before
        step(done - before, total)
        before = done

    return tell


@contextlib.contextmanager
def progress(what: str, total: int | None) -> Iterator[Step]:
    """A progress bar on a terminal, after one second; elsewhere nothing.

    Yields what is to be told of progress.
    """
    import threading

    if not sys.stderr.isatty():
        yield lambda _done, _total=None: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
    )
    task = bar.add_task(what, total=total)
    timer = threading.Timer(1.0, bar.start)
    timer.daemon = True
    timer.start()
    try:
        yield lambda done, total=None: bar.update(task, advance=done, total=total)
    finally:
        timer.cancel()
        bar.stop()


def _table(
    rows: Sequence[Row],
    columns: Sequence[str],
    wide: str,
    optional: Sequence[str],
    right: Sequence[str],
    within: tuple[str, str] | None,
) -> tuple[str, list[str]]:
    """A table that fits the terminal: columns of `optional` go, one by one, until the wide one has room for a line; and those of them
    in which something stands that is not shown."""
    from rich.box import SIMPLE_HEAD
    from rich.cells import cell_len
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from monitor.cli.paragraphs import Wrapped

    console = Console(soft_wrap=False)
    cells = [{name: cell(row[name]) for name in columns} for row in rows]
    needed = {name: min(max([cell_len(name), *(cell_len(row[name]) for row in cells)]), _WIDEST) + 2 for name in columns}
    kept = list(columns)
    for name in optional:
        if sum(needed[each] for each in kept if each != wide) + _ROOM <= console.width:
            break
        kept.remove(name)
    left_out = [name for name in columns if name not in kept and any(row[name] for row in cells)]
    if within is not None and within[0] in left_out:
        name, other = within
        left_out.remove(name)
        cells = [{**row, other: f"{row[other]} ({row[name]})" if row[name] else row[other]} for row in cells]
    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for name in kept:
        if name == wide:
            table.add_column(name, overflow="fold", ratio=1)
        else:
            justify: Literal["left", "right"] = "right" if name in right else "left"
            table.add_column(name, no_wrap=True, overflow="ellipsis", max_width=_WIDEST, justify=justify)
    for row in cells:
        table.add_row(*[Wrapped(row[name]) if name == wide else Text(row[name]) for name in kept])
    with console.capture() as written:
        console.print(table)
    return written.get(), left_out
