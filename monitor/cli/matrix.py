"""The matrix of `monitor coverage`: what an archive received, theme by country, language and tier; and its blind spots in words."""

from __future__ import annotations

import shutil
import sys
import textwrap
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

from monitor import bundled
from monitor.cli import pager
from monitor.cli.options import Here, moment_since
from monitor.cli.output import emit, json_line, note, stamp
from monitor.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from monitor.blindspots import BlindSpot, Cell, Line, Watched

_NAMED = 12
"""Countries that a line on a terminal names before it says how many more there are."""
_WIDE = 116
"""Cells from which on themes are written in full."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """What came in a span, beside what is watched."""

    since: datetime
    until: datetime
    themes: tuple[str, ...]
    cells: tuple[Cell, ...]
    earlier: tuple[Cell, ...] | None  # of the span before; None: the archive does not reach back so far
    watched: tuple[Watched, ...]

    @property
    def days(self) -> int:
        """Length of the span, at least 1."""
        return max(1, round((self.until - self.since) / timedelta(days=1)))


def show(here: Here, by: tuple[str, ...] | None, since: str, form: str | None) -> None:
    """The matrix; on a terminal and in JSON the blind spots as well."""
    from monitor.blindspots import KEYS, matrix

    found = received(here, since)
    keys = by or KEYS
    lines = matrix(found.cells, found.earlier, found.watched, found.themes, keys)
    form = form or ("table" if sys.stdout.isatty() else "tsv")
    if form == "json":
        cells = [_line_json(each, keys, found.themes) for each in lines]
        whole = {"by": list(keys), "cells": cells, **spots_json(found)}
        click.echo(json_line(whole))
        return
    if form == "table":
        with pager.together():
            _table(lines, keys, found)
            tell(found)
        return
    rows = [_line_row(each, keys, found.themes) for each in lines]
    columns = [name for theme in found.themes for name in (theme, f"{theme}_before")]
    emit(rows, (*keys, "sources", *columns, "no_theme"), form)


def received(here: Here, since: str) -> Received:
    """What the archive received since a moment.

    Raises:
        UsageError: the moment is none, or in the future.
        ArchiveError: there is no archive.
    """
    from monitor import classifiers
    from monitor.blindspots import Watched

    now = here.now()
    start = moment_since(since, here)
    if start >= now:
        raise UsageError(f"--since {since!r} is not in the past", hint="Write 30d, 2026-05 or 2026-05-01")
    watched = tuple(
        Watched(country=each.country, lang=each.lang, tier=each.tier.value, kind=each.kind) for each in here.config().sources
    )
    themes = tuple(each.id for each in classifiers.load_themes(bundled.classifiers_in_use()))
    with here.archive(is_readonly=True) as archive, archive.errors():
        figures = archive.figures
        began = figures.began()
        before = start - (now - start)
        return Received(
            since=start,
            until=now,
            themes=themes,
            cells=tuple(figures.cells(start, now + timedelta(seconds=1))),
            earlier=tuple(figures.cells(before, start)) if began is not None and began <= before else None,
            watched=watched,
        )


def spots_json(found: Received) -> dict[str, Any]:
    """The span, and its blind spots, each with its words."""
    from monitor.blindspots import says

    return {
        "since": stamp(found.since),
        "until": stamp(found.until),
        "blind_spots": [
            {
                "sort": spot.sort.value,
                "theme": spot.theme,
                "country": spot.country,
                "lang": spot.lang,
                "tier": spot.tier,
                "sources": spot.sources,
                "before": spot.before,
                "last": stamp(spot.last),
                "says": words,
            }
            for spot, words in says(_spots(found), found.days)
        ],
    }


def tell(found: Received) -> None:
    """The blind spots on a terminal, those that differ by country alone in one paragraph."""
    from monitor.blindspots import told

    spots = _spots(found)
    pager.show(f"\nBlind spots, {found.since:%Y-%m-%d} to {found.until:%Y-%m-%d}; in brackets: sources that are on\n")
    for line in told(spots, found.days, _NAMED):
        _say(line)
    if not spots:
        _say("none")
    if found.earlier is None:
        _say("what has gone quiet cannot be told yet: the archive does not reach back over the span before")


def _say(text: str) -> None:
    wide = shutil.get_terminal_size().columns
    pager.show(textwrap.fill(text, wide - 1, initial_indent="  ", subsequent_indent="    ") + "\n")


def _spots(found: Received) -> list[BlindSpot]:
    from monitor.blindspots import blind_spots

    return blind_spots(found.cells, found.earlier, found.watched, found.themes)


def _table(lines: Sequence[Line], keys: Sequence[str], found: Received) -> None:
    """A column a theme; a dot where nothing came, "0/7" where it used to."""
    has_before = found.earlier is not None
    note(
        f"Items received, {found.since:%Y-%m-%d} to {found.until:%Y-%m-%d}"
        + (", after the stroke in the span before" if has_before else "")
        + '; "on" counts sources.'
    )
    is_wide = shutil.get_terminal_size().columns >= _WIDE
    names = {theme: theme if is_wide else theme.partition("_")[0] for theme in found.themes}
    place = " ".join(keys)
    rows = [
        {
            place: " ".join(value or "?" for value in line.place),
            "on": line.sources or "-",
            **{names[theme]: _figure(now, was) for theme, now, was in zip(found.themes, line.themes, line.before, strict=True)},
            "no theme": line.rest or "·",
        }
        for line in lines
    ]
    figures = ("on", *names.values(), "no theme")
    emit(rows, (place, *figures), "table", wide="", right=figures)


def _figure(now: int, before: int | None) -> str:
    if not now and not before:
        return "·"
    return str(now) if before is None else f"{now}/{before}"


def _line_row(line: Line, keys: Sequence[str], themes: Sequence[str]) -> dict[str, Any]:
    row: dict[str, Any] = {key: value or "?" for key, value in zip(keys, line.place, strict=True)}
    row["sources"] = line.sources
    for theme, now, before in zip(themes, line.themes, line.before, strict=True):
        row |= {theme: now, f"{theme}_before": before}
    return {**row, "no_theme": line.rest}


def _line_json(line: Line, keys: Sequence[str], themes: Sequence[str]) -> dict[str, Any]:
    return {
        **dict(zip(keys, line.place, strict=True)),
        "sources": line.sources,
        "themes": {
            theme: {"items": now, "before": before} for theme, now, before in zip(themes, line.themes, line.before, strict=True)
        },
        "no_theme": line.rest,
    }
