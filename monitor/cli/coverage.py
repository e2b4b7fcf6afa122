"""What is watched and what is not: sources by country, and those that fail, are not read or have fallen silent."""

from __future__ import annotations

from collections import Counter
from typing import Any

import click

from monitor.cli import pager
from monitor.cli.house import archive_exists, fares, states_of
from monitor.cli.options import Here, command
from monitor.cli.output import emit, format_option, is_table, json_line, stamp
from monitor.errors import UsageError

_TROUBLES = ("failing", "stale", "silent")


@command(
    "coverage",
    example="""monitor coverage
monitor coverage --by lang
monitor coverage --matrix --since 90d
monitor coverage --matrix --by country --format csv
monitor coverage --troubled --format tsv
monitor coverage --watchlist""",
)
@click.option("--by", type=click.Choice(["country", "lang", "tier", "kind"]), help="What to count by.  [default: country]")
@click.option(
    "--matrix", is_flag=True, help="What came, by country, language and tier (or --by), theme by theme; and what did not."
)
@click.option("--since", metavar="SPAN|DATE", help="What came since then; for blind spots, too.  [default: 30d]")
@click.option("--troubled", is_flag=True, help="Only the sources that fail, are not read any more or have fallen silent.")
@click.option("--watchlist", is_flag=True, help="Instead: the dossiers, and for how long nothing has been heard of each.")
@format_option("table", "json", "csv", "tsv", "md")
@click.pass_obj
def coverage(
    here: Here, by: str | None, matrix: bool, since: str | None, troubled: bool, watchlist: bool, form: str | None
) -> None:
    """What is watched, what came of it, and where nothing came: sources by country, language, tier or kind; every one that fails, is
    not read any more, or has fallen silent; blind spots.

    Silent is a source that is read without an error and, publishing as it usually does, would have brought something new
    by now with a chance of 99 in 100. Each source is counted once: one that fails is not counted as stale again (monitor status counts
    it as both). A blind spot is a theme and country that had 3 items and more in the span before and has none
    now; sources that are on and brought nothing; official sources that spoke, but not of a theme; a country without any.
    In the matrix, 2/7 is two items now and seven in the span before.
    """
    if sum((matrix, troubled, watchlist)) > 1:
        raise UsageError("--matrix, --troubled and --watchlist are three questions", hint="Ask one at a time")
    if since is not None and (watchlist or troubled):
        raise UsageError(f"--since does not go with {'--watchlist' if watchlist else '--troubled'}", hint="Leave one of them out")
    since = since or "30d"
    if watchlist:
        if by is not None:
            raise UsageError("--by does not go with --watchlist", hint="Leave one of them out")
        _watchlist(here, form)
        return
    if matrix:
        from monitor.cli.matrix import show

        show(here, (by,) if by else None, since, form)
        return
    _sources(here, by or "country", since, troubled, form)


def _sources(here: Here, by: str, since: str, troubled: bool, form: str | None) -> None:
    """The sources counted, and those in trouble; on a terminal and in JSON the blind spots as well."""
    from monitor.cli.matrix import received, spots_json, tell

    rows = _rows(here)
    counts = _counted(rows, by)
    listed = [row for row in rows if row["state"] in _TROUBLES]
    is_shown = is_table(form)
    # one table is enough for a program that reads columns
    spots = received(here, since) if (is_shown or form == "json") and not troubled and archive_exists(here) else None
    if form == "json":
        shown = {"by": by, "counts": counts, "troubled": listed}
        click.echo(json_line(shown | ({} if spots is None else spots_json(spots))))
        return
    with pager.together():
        if not troubled:
            emit(counts, (by, "sources", "official", "read", "unread", *_TROUBLES), form, wide=by)
        if troubled or (is_shown and listed):
            columns = ("id", "state", "last_new", "says", "name")
            nothing = "No source fails, is stale or silent."
            emit(listed, columns, form, wide="says", optional=("name",), nothing=nothing)
        if spots is not None:
            tell(spots)


def _watchlist(here: Here, form: str | None) -> None:
    """Every dossier, those of which nothing was heard first, with the configured sources that would carry it."""
    from monitor.cli.dossiers import heard, load, named_once

    configured = {source.id: source for source in here.config().sources}
    states = states_of(here)
    rows = []
    dossiers = load(here)
    for row in heard(here, dossiers):
        carried = [name for name in row["sources"] if name in configured]
        failing = [name for name in carried if (state := states.get(name)) is not None and state.error_kind is not None]
        rows.append(
            {
                **row,
                "sources": carried,
                "silent_for": "never heard" if row["days"] is None else f"{row['days']} d",
                "read_by": f"{len(carried)}" + (f", {len(failing)} failing" if failing else ""),
                "failing": failing,
            }
        )
    emit(
        named_once(rows, dossiers) if is_table(form) else rows,
        ("dossier", "silent_for", "last_heard", "items_30d", "items", "read_by", "name"),
        form,
        wide="name",
        optional=("items_30d", "last_heard", "items", "read_by"),
        json_rows=rows,
    )


def _rows(here: Here) -> list[dict[str, Any]]:
    """One row a source of feeds.yaml, in its order."""
    settings, states, now = here.config(), states_of(here), here.now()
    rows = []
    for source in settings.sources:
        state = states.get(source.id)
        condition, says = fares(source, state, settings.pace, now), ""
        if state is not None and condition == "failing":
            says = f"{state.error_kind} ×{state.error_count}: {state.error_text}"
        elif state is not None and condition == "stale":
            says = f"last read {stamp(state.last_success)}"
        elif condition == "silent":
            says = "nothing new for longer than it ever is; look whether its page has moved"
        rows.append(
            {
                "id": source.id,
                "name": source.name,
                "country": source.country,
                "lang": source.lang,
                "tier": source.tier.value,
                "kind": source.kind,
                "state": condition,
                "last_new": None if state is None else stamp(state.last_new),
                "says": says,
            }
        )
    return rows


def _counted(rows: list[dict[str, Any]], by: str) -> list[dict[str, Any]]:
    """Counts by a key, the most sources first."""
    groups: dict[str, Counter[str]] = {}
    for row in rows:
        group = groups.setdefault(row[by] or "?", Counter())
        group["sources"] += 1
        group["official"] += row["tier"] == "official"
        group[row["state"]] += 1
    ordered = sorted(groups.items(), key=lambda pair: (-pair[1]["sources"], pair[0]))
    return [
        {by: name, **{each: group[each] for each in ("sources", "official", "read", "unread", *_TROUBLES)}}
        for name, group in ordered
    ]
