"""How many items came, day by day: by theme, source, country, language or tier; as bars, as figures, as a picture."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from monitor.cli import completion, pager
from monitor.cli.asking import expanded, tree_of
from monitor.cli.house import known_names, unknown_names
from monitor.cli.options import Here, command, moment_since
from monitor.cli.outfile import beside
from monitor.cli.output import FORMATS, emit, format_option, json_line, note, stamp
from monitor.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from monitor.query import Node
    from monitor.tally import Frame, Tally

_GROUPS = ("theme", "source", "country", "lang", "tier")
_SHOWN = 20
"""Groups of a kind that bars and pictures show, unless asked otherwise."""
_BAR = 12
"""Cells of the bar that compares the groups; left out where the terminal is too narrow for it and a month of days."""
_FEWEST = 31
_NONE = {"theme": "(no theme)", "country": "(unknown)"}


@command(
    "stats",
    example="""monitor stats
monitor stats --since 90d --by country
monitor stats --by source --query 'theme:export_control tier:official' --format csv
monitor stats --since 1y --by theme --out themes.svg""",
)
@click.option("--since", default="30d", show_default=True, metavar="SPAN|DATE", help="Items since then, by their own time (UTC).")
@click.option("--by", type=click.Choice(_GROUPS), multiple=True, help="Count by this; may be repeated.  [default: theme, source]")
@click.option(
    "--query",
    "--when",
    "wanted",
    metavar="QUERY",
    shell_complete=completion.queries,
    help="Only items that match, as in monitor search.",
)
@click.option("-x", "--exact", is_flag=True, help="Only the words as they are, not the same in other languages.")
@click.option(
    "--per", type=click.Choice(["day", "week", "month"]), help="What a bar stands for; default: by the length of the span."
)
@click.option(
    "--limit", type=click.IntRange(1), help=f"At most so many groups of each kind.  [default: {_SHOWN} as bars, else all]"
)
@click.option("--out", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path), help="Draw them: FILE.svg or FILE.png.")
@format_option(*(each for each in FORMATS if each != "ids"))
@click.option("--header", "has_header", is_flag=True, help="tsv: a line of names first.")
@click.pass_obj
def stats(
    here: Here,
    since: str,
    by: tuple[str, ...],
    wanted: str | None,
    exact: bool,
    per: str | None,
    limit: int | None,
    out: Path | None,
    form: str | None,
    has_header: bool,
) -> None:
    """How many items came, day by day, and whether there were more than in the span before.

    An item of two themes counts in both. Copies count: they were received. Each row of bars has a scale of its own. The last day (week,
    month) is not over. On a narrow terminal a bar stands for several days, as the head of its column says; the first for what is left.
    CSV, TSV and Markdown have the columns by, group, items, before, then one a day, the oldest first; JSON names the days in "bars",
    JSON lines in "since" and "per".
    """
    form = _form(form, out, has_header=has_header)
    drawn_as = _kind_of(out)
    asked = expanded(here.path(), tree_of(here, wanted or ""), is_exact=exact).tree
    of, found = _read(here, since, dict.fromkeys(by or ("theme", "source")), asked, per)
    is_table = form == "table"
    shown = {each: _cut(rows, limit or (_SHOWN if is_table or out else None)) for each, rows in found["groups"].items()}
    if not any(found["groups"].values()) and form != "json" and out is None:
        _say_nothing(here, of, found, is_headed=is_table)
    if out is not None:
        _draw(here, out, drawn_as, of, shown, wanted)
    elif is_table:
        _tables(of, shown, found)
    else:
        _figures(of, shown, found, form, has_header=has_header)


def _form(form: str | None, out: Path | None, *, has_header: bool) -> str:
    """How the figures are written.

    Raises:
        UsageError: options that do not go together.
    """
    if out is not None and (form is not None or has_header):
        raise UsageError(
            f"--out draws a picture, and {'--format' if form else '--header'} is for figures", hint="Say one of them"
        )
    found = form or ("table" if sys.stdout.isatty() else "tsv")
    if has_header and found != "tsv":
        raise UsageError("--header is for tsv", hint="csv and md have their names anyway: --format csv")
    return found


def _read(here: Here, since: str, kinds: Any, tree: Node, per: str | None) -> tuple[Frame, dict[str, Any]]:
    """The frame, and what was counted: items, before (None: cannot be told), groups by kind."""
    from datetime import timedelta

    from monitor import tally

    now = here.now()
    start = moment_since(since, here)
    if start > now:
        raise UsageError(f"--since {since!r} is in the future", hint="Write 30d, 2026-05 or 2026-05-01")
    with here.archive(is_readonly=True) as archive, archive.errors():
        began = archive.figures.began()
        try:
            of = tally.frame(start, now, per=None if per is None else tally.Per(per), began=began)
        except ValueError as error:
            raise UsageError("so many bars are too many", hint="Write --per month, or a later --since") from error
        end = now + timedelta(seconds=1)  # moments are kept to the second, and the end is exclusive
        groups = {each: tally.tallies(archive.figures.by_day(each, of.before, end, tree, now), of) for each in kinds}
        items = archive.figures.count(of.start, end, tree, now)
        before = archive.figures.count(of.before, of.start, tree, now) if of.has_before else None
    return of, {"items": items, "before": before, "groups": groups, "began": began, "tree": tree}


def _cut(rows: list[Tally], limit: int | None) -> tuple[list[Tally], int]:
    from monitor.tally import shortened

    return (rows, 0) if limit is None else shortened(rows, limit)


def _say_nothing(here: Here, of: Frame, found: dict[str, Any], *, is_headed: bool) -> None:
    """That nothing came; and what was asked for that there is not."""
    if is_headed:
        note(_headline(of, found))
    note(" ".join(["Nothing came.", *unknown_names(found["tree"], known_names(here, found["tree"]))]))


def _tables(of: Frame, shown: dict[str, tuple[list[Tally], int]], found: dict[str, Any]) -> None:
    if not any(rows for rows, _ in shown.values()):
        return
    note(_headline(of, found))
    with pager.together():
        for kind, (rows, others) in shown.items():
            _table(of, kind, rows)
            if others:
                pager.show(f"and {others} more: --limit {len(rows) + others}\n")
            pager.show("\n")


def _table(of: Frame, kind: str, rows: Sequence[Tally]) -> None:
    """One row of bars a group, as wide as the terminal allows."""
    from monitor import chart

    names = [_name(kind, row) for row in rows]
    figures = ("items", "before", "trend") if of.has_before else ("items",)
    # what stands beside the bars: the name, columns of figures of at most 7 cells, two or three cells between columns
    room = shutil.get_terminal_size().columns - min(max(map(len, [*names, kind])), 34) - 10 * len(figures) - 2
    is_wide = room >= _FEWEST + _BAR + 2
    width = max(8, room - (_BAR + 2) * is_wide)
    most = max([row.items for row in rows], default=0) or 1
    step = chart.step(len(of.bars), width)
    days = f"per {of.per.value}" if step == 1 else f"per {step} {of.per.value}s"
    lines = [
        {
            kind: name,
            "items": row.items,
            "before": "-" if row.before is None else row.before,
            "trend": _trend(row),
            "": chart.bar(row.items / most, _BAR),
            days: chart.spark(row.counts, width),
        }
        for name, row in zip(names, rows, strict=True)
    ]
    columns = (kind, *figures, *([""] if is_wide else []), days)
    emit(lines, columns, "table", wide=days, right=figures, nothing="")


def _figures(of: Frame, shown: dict[str, tuple[list[Tally], int]], found: dict[str, Any], form: str, *, has_header: bool) -> None:
    groups = [_group_json(kind, row) for kind, (rows, _) in shown.items() for row in rows]
    bars = [each.isoformat() for each in of.bars]
    if form == "json":
        whole = {
            "since": stamp(of.start),
            "until": stamp(of.until),
            "before_since": stamp(of.before) if of.has_before else None,
            "per": of.per.value,
            "bars": bars,
            "items": found["items"],
            "before": found["before"],
            "groups": groups,
        }
        click.echo(json_line(whole, indent=1))
    elif form == "jsonl":
        for group in groups:
            click.echo(json_line({**group, "since": stamp(of.start), "per": of.per.value}))
    else:
        columns = ("by", "group", "items", "before", *bars)
        rows = [
            {**group, "group": group["group"] or _NONE[group["by"]], **dict(zip(bars, group["counts"], strict=True))}
            for group in groups
        ]
        if has_header:
            click.echo("\t".join(columns))
        emit(rows, columns, form, wide="group", nothing="")


def _group_json(kind: str, row: Tally) -> dict[str, Any]:
    trend = None if row.trend is None else round(row.trend, 3)
    return {"by": kind, "group": row.group, "items": row.items, "before": row.before, "trend": trend, "counts": list(row.counts)}


def _draw(here: Here, out: Path, drawn_as: str, of: Frame, shown: dict[str, tuple[list[Tally], int]], wanted: str | None) -> None:
    """Write the picture.

    Raises:
        UsageError: the file cannot be written.
    """
    from monitor import plot

    panels = [
        plot.Panel(
            name=_name(kind, row),
            says=f"{row.items:,}" + ("" if row.before is None else f" · {row.before:,} before · {_trend(row)}"),
            counts=row.counts,
        )
        for kind, (rows, _) in shown.items()
        for row in rows
    ]
    if not panels:
        raise UsageError("there is nothing to draw", hint="Nothing came in this span: --since says how far back to look")
    heading = f"Items per {of.per.value} by {' and '.join(shown)}"
    below = f"{of.start:%Y-%m-%d} to {of.until:%Y-%m-%d}, UTC; the last bar is not over" + (f" · {wanted}" if wanted else "")
    drawing = plot.small_multiples(panels, of.bars, heading=heading, below=below)
    raw = plot.as_svg(drawing).encode() if drawn_as == ".svg" else plot.as_png(drawing)
    with beside(str(out), here) as path:
        path.write_bytes(raw)
    note(f"wrote {out}: {len(panels)} charts")
    if drawn_as == ".png" and not plot.is_drawn(below):
        note("A PNG has Latin letters alone: others of the query stand in it by their numbers. An SVG shows them.")


def _kind_of(out: Path | None) -> str:
    """How a picture is written, by the end of its name; "" for none.

    Raises:
        UsageError: neither SVG nor PNG.
    """
    if out is None:
        return ""
    if out.suffix.lower() not in (".svg", ".png"):
        raise UsageError(f"--out {out} is neither an SVG nor a PNG", hint="End the name in .svg or .png")
    return out.suffix.lower()


def _name(kind: str, row: Tally) -> str:
    return row.group if row.group is not None else _NONE.get(kind, "(unknown)")


def _trend(row: Tally) -> str:
    """The change against the span before in a few cells; no sign that a spreadsheet would take for a formula."""
    if row.before is None:
        return "-"
    if row.trend is None:
        return "new"
    if not row.items:
        return "gone"
    percent = round(100 * row.trend)
    if percent > 999:
        return f"×{row.items / row.before:.0f}"
    return "=" if percent == 0 else f"{'↑' if percent > 0 else '↓'} {abs(percent)} %"


def _headline(of: Frame, found: dict[str, Any]) -> str:
    """What came in all, in one line."""
    days = (of.until - of.start).total_seconds() / 86_400
    span = f"{of.start:%Y-%m-%d} to {of.until:%Y-%m-%d %H:%MZ}"
    said = f"{found['items']:,} items, {span}, {found['items'] / max(days, 1):,.1f} a day"
    if found["before"] is not None:
        return f"{said}; {found['before']:,} in the {days:.0f} days before"
    if found["began"] is None:
        return f"{said}; the archive is empty"
    return f"{said}; nothing to compare with: the archive is complete from {found['began']:%Y-%m-%d} on"
