"""The command dossier: the standing file of a law, a control, a programme or a forum."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import click

from monitor import bundled, lexiconfile, query
from monitor.cli import pager
from monitor.cli.events import event_json
from monitor.cli.options import Here, command, moment_since
from monitor.cli.output import emit, format_option, is_table, item_json, json_line, note, stamp
from monitor.errors import ConfigError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from monitor.cli.paragraphs import Paper
    from monitor.dossiers import Dossier, File

_ITEMS = 20_000
"""Items of a dossier that are read at most, the newest."""
_EVENTS = 40
_BAR = 40


@command(
    "dossier",
    example="""monitor dossier k-program
monitor dossier 外為法 --since 30d
monitor dossier 'gallium and germanium export controls' --json
monitor dossier --list""",
)
@click.argument("name", required=False)
@click.option("--since", metavar="SPAN|DATE", help="Tell apart what changed since.")
@click.option("--list", "is_list", is_flag=True, help="Instead: all dossiers, and when each was last heard of.")
@format_option("table", "json", "tsv", "csv", "md")
@click.pass_obj
def dossier(here: Here, name: str | None, since: str | None, is_list: bool, form: str | None) -> None:
    """The standing file of a dossier: items over time, events with stages, key dates, related identifiers and names.

    NAME is its short name, or any of its names in any language; other entries of the lexicon have a file as well. Dossiers of
    your own: a line in lexicon.jsonl beside feeds.yaml (docs/events.md).
    """
    _fit(name, since, form, is_list=is_list)
    dossiers = load(here)
    if name is None:
        _list(here, dossiers, form)
        return
    from monitor.dossiers import find, like, standing_file

    found = find(dossiers, name) or find(_others(here), name)
    if found is None:
        near = ", ".join(like(dossiers, name))
        hint = f"Did you mean: {near}?" if near else "They are listed by: monitor dossier --list"
        raise UsageError(f"there is no dossier {name!r}", hint=hint)
    start = None if since is None else moment_since(since, here).date()
    now = here.now()
    with here.archive(is_readonly=True) as archive, archive.errors():
        items = archive.reading.search(found.tree, now, limit=_ITEMS)
        last = list(dict.fromkeys(each.event for each in items if each.event))[:_EVENTS]
        events = archive.events.records(last, now)
        file = standing_file(found, items, events, start, now, began=archive.figures.began())
    if form == "json":
        click.echo(json_line(_json(file), indent=1))
        return
    from monitor.cli.paragraphs import WHOLE, Paper

    with pager.together():
        _show(Paper(piped=WHOLE), file, start, now.date(), _watched(here))


def _list(here: Here, dossiers: tuple[Dossier, ...], form: str | None) -> None:
    """Every dossier, the last heard of first."""
    rows = sorted(heard(here, dossiers), key=lambda row: (row["days"] is None, row["days"] or 0, row["dossier"]))
    emit(
        named_once(rows, dossiers) if is_table(form) else rows,
        ("dossier", "last_heard", "days", "items_30d", "items", "name"),
        form,
        wide="name",
        optional=("days", "items_30d", "items"),
        json_rows=rows,
    )


def _fit(name: str | None, since: str | None, form: str | None, *, is_list: bool) -> None:
    """Refuse options that do not go together.

    Raises:
        UsageError: options that do not go together.
    """
    if is_list and name is not None:
        raise UsageError("--list is of all dossiers", hint=f"Leave it out, or {name!r}")
    if name is None and since is not None:
        raise UsageError("--since is for one dossier", hint="Name it: monitor dossier NAME --since 30d")
    if name is not None and form not in (None, "json", "table"):
        raise UsageError(
            f"one dossier is not written as {form}", hint="Forms: table, json; of all dossiers: --list --format " + form
        )


def load(here: Here) -> tuple[Dossier, ...]:
    """The dossiers that ship and the user's own."""
    from monitor import classifiers

    return classifiers.load_dossiers(bundled.classifiers_in_use(), _own(here))


def heard(here: Here, dossiers: tuple[Dossier, ...]) -> list[dict[str, Any]]:
    """A row a dossier: when it was last heard of and how much, those that were silent longest first."""
    now = here.now()
    rows: list[dict[str, Any]] = []
    with here.archive(is_readonly=True) as archive, archive.errors():
        for each in dossiers:
            items, last, recent = archive.reading.heard(each.tree, query.moment("30d", now), now)
            rows.append(
                {
                    "dossier": each.key,
                    "last_heard": None if last is None else last.strftime("%Y-%m-%d"),
                    "days": None
                    if last is None
                    else max(0, (now - last).days),  # what its source dates today may be ahead in UTC
                    "items": items,
                    "items_30d": recent,
                    "sources": list(each.sources),
                    "name": " · ".join(filter(None, (each.name("en"), each.name("ja")))),
                }
            )
    return sorted(rows, key=lambda row: (row["days"] is not None, -(row["days"] or 0), row["dossier"]))


def named_once(rows: list[dict[str, Any]], dossiers: tuple[Dossier, ...]) -> list[dict[str, Any]]:
    """Rows of heard() for a table, which has room for one name: the first of each dossier."""
    firsts = {each.key: each.names[0][1] for each in dossiers}
    return [{**row, "name": firsts[row["dossier"]]} for row in rows]


def _own(here: Here) -> Path | None:

    try:
        return lexiconfile.own_lexicon(here.config().path)
    except ConfigError:  # what ships needs no configuration
        return None


def _others(here: Here) -> tuple[Dossier, ...]:
    """Every entry of the lexicon as a dossier."""
    from monitor import classifiers
    from monitor.dossiers import Dossier

    lexicon = classifiers.load_lexicon(bundled.classifiers_in_use(), _own(here))
    return tuple(Dossier(id=each.id, key=each.id, names=each.surfaces) for each in lexicon.names)


def _watched(here: Here) -> frozenset[str] | None:
    """Ids of the sources that are read; None without a configuration."""
    try:
        return frozenset(each.id for each in here.config().sources)
    except ConfigError:
        return None


def _carriers(names: tuple[str, ...], watched: frozenset[str] | None) -> str:
    """Sources that would carry a dossier, those that nobody reads marked."""
    return ", ".join(name if watched is None or name in watched else f"{name} (not watched)" for name in names)


def _show(paper: Paper, file: File, since: date | None, today: date, watched: frozenset[str] | None) -> None:
    from monitor.compose import date_name, date_text, stage_text

    kept = file.dossier
    names = dict.fromkeys(filter(None, (kept.name(lang) for lang in ("en", "ja", "zh", "ko"))))
    paper.hanging(" · ".join(names), 14)
    if kept.note:
        paper.text(kept.note)
    if file.last is None or file.first is None:
        paper.text("\nNothing was heard of it.")
        if kept.sources:
            note(f"Sources that would carry it: {_carriers(kept.sources, watched)}")
        return
    langs = ", ".join(f"{lang} {count}" for lang, count in file.langs)
    ago = max(0, (today - file.last.date()).days)
    paper.text(f"\n{file.items} items ({langs}) from {file.first:%Y-%m-%d} to {file.last:%Y-%m-%d}, {ago} days ago")
    most = max((count for _, count in file.months if count), default=0)
    for month, count in file.months:
        if count is None:
            paper.text(f"  {month}  -")
            continue
        bar = "█" * (round(count * min(1.0, _BAR / most)) or (1 if count else 0)) if most else ""
        paper.hanging(f"  {month}  {bar}{' ' if bar else ''}{count}", 14)
    if file.dates:
        paper.text("\nDates ahead:")
        for event, stands in file.dates:
            paper.hanging(f"  {date_text(stands)}  {date_name(stands.kind)}: {stands.title}  ({event.id})", 14)
    paper.text("\nEvents:")
    for event in file.events:
        paper.hanging(f"  {event.id}  {event.last_seen:%Y-%m-%d}  {stage_text(event.stage, event.step)}  {event.title}", 14)
        if event.expected is not None:
            due = f" by {event.expected.due}" if event.expected.due else ""
            paper.hanging(f"      next: {event.expected.step}{due}{', overdue' if event.expected.is_overdue else ''}", 14)
    if file.identifiers:
        paper.text("")
        paper.hanging("Identifiers:  " + " · ".join(name for name, _ in file.identifiers), 14)
    if file.entities:
        paper.hanging("Names:        " + " · ".join(name for name, _ in file.entities), 14)
    if kept.sources:
        paper.hanging("Carried by:   " + _carriers(kept.sources, watched), 14)
    if since is not None:
        paper.text(f"\nSince {since}: {len(file.new)} items")
        for each in file.moved:
            for step in each.transitions:
                paper.hanging(f"  {step.at:%Y-%m-%d}  {each.event.id}  reached {stage_text(step.stage, step.step)}", 14)
            for stands in each.dates:
                paper.hanging(f"  {stands.at:%Y-%m-%d}  {each.event.id}  {date_name(stands.kind)} {date_text(stands)}", 14)
        for filed in file.new[:20]:
            item = filed.item
            paper.hanging(f"  {item.moment:%Y-%m-%d}  [{item.lang}] {item.source} ({item.tier.value}) {item.title}", 14)
        if len(file.new) > 20:
            paper.hanging(f"  and {len(file.new) - 20} more: monitor search 'entity:{kept.id} since:{since}'", 14)


def _json(file: File) -> dict[str, Any]:
    kept = file.dossier
    return {
        "dossier": kept.key,
        "entity": kept.id,
        "names": [{"lang": lang, "name": name} for lang, name in kept.names],
        "note": kept.note,
        "sources": list(kept.sources),
        "items": file.items,
        "first": stamp(file.first),
        "last": stamp(file.last),
        "langs": dict(file.langs),
        "months": dict(file.months),
        "events": [event_json(each) for each in file.events],
        "dates": [
            {"event": event.id, "kind": stands.kind.value, "date": stands.date.isoformat(), "sentence": stands.sentence}
            for event, stands in file.dates
        ],
        "identifiers": dict(file.identifiers),
        "entities": dict(file.entities),
        "new": [item_json(each) for each in file.new],
        "moved": [
            {
                "event": each.event.id,
                "transitions": [
                    {"at": stamp(step.at), "stage": step.stage.value, "step": step.step, "sentence": step.sentence}
                    for step in each.transitions
                ],
                "dates": [
                    {
                        "kind": stands.kind.value,
                        "date": stands.date.isoformat(),
                        "was": [day.isoformat() for day in stands.was],
                        "withdrawn": stands.is_withdrawn,
                    }
                    for stands in each.dates
                ],
            }
            for each in file.moved
        ],
    }
