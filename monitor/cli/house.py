"""Commands about the house: sources, status, doctor, backup."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from monitor.cli.options import GlobalOptions, Here, command
from monitor.cli.output import emit, format_option, note, stamp
from monitor.errors import ArchiveError, MonitorError, UsageError
from monitor.items import Source, SourceState
from monitor.normalise import clean


@click.group(
    "sources",
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="\b\nExample:\n  monitor sources list\n  monitor sources check jp-meti-press",
)
@GlobalOptions
def sources() -> None:
    """What is watched, and how it fares."""


@sources.command("list", epilog="\b\nExample:\n  monitor sources list --failing\n  monitor sources list --format json")
@click.option("--failing", is_flag=True, help="Only sources whose last fetch failed.")
@format_option()
@GlobalOptions
@click.pass_obj
def list_(here: Here, failing: bool, form: str | None) -> None:
    """The sources of feeds.yaml with their state."""
    settings = here.config()
    states = _states(here)
    rows = [_source_row(each, states.get(each.id), settings) for each in settings.sources]
    rows = [row for row in rows if row["error"] or not failing]
    emit(
        rows,
        ("id", "country", "lang", "tier", "last_success", "error", "name"),
        form,
        wide="name",
        optional=("lang", "country", "tier"),
        json_rows=[
            {**row, "last_success": stamp(states[row["id"]].last_success) if row["id"] in states else None} for row in rows
        ],
    )


@sources.command("check", epilog="\b\nExample:\n  monitor sources check jp-anpo\n  monitor sources check --format json")
@click.argument("names", metavar="[SOURCE]...", nargs=-1)
@format_option("table", "json", "tsv")
@GlobalOptions
@click.pass_obj
def check(here: Here, names: tuple[str, ...], form: str | None) -> None:
    """Fetch and read sources without storing anything: what they hold, how fresh it is, what is odd."""
    from monitor.cli.working import chosen

    here.start_log()
    settings = here.config()
    rows = asyncio.run(_checked(chosen(settings.sources, names), settings, here.now()))
    emit(rows, ("id", "entries", "newest", "undated", "verdict", "first"), form, wide="first", optional=("undated", "newest"))
    bad = sum(1 for row in rows if row["verdict"] != "ok")
    if bad:
        here.exit_code = 5 if bad == len(rows) else 4


@command("status", example="monitor status\nmonitor status --json | jq .outbox")
@click.option("--json", "is_json", is_flag=True, help="One JSON object on standard output.")
@click.pass_obj
def status(here: Here, is_json: bool) -> None:
    """The state of sources, outbox, model and archive."""
    settings = here.config()
    states = _states(here)
    now = here.now()
    shown: dict[str, Any] = {
        "sources": [_source_json(each, states.get(each.id), settings, now) for each in settings.sources],
        "outbox": {"waiting": 0, "sent": 0, "dead": 0},
        "channels": [],
        "model": _model(),
        "archive": {"url": here.url(), "exists": False},
    }
    try:
        with here.archive(is_readonly=True) as archive, archive.errors():
            shown["outbox"] = archive.outbox.counts()
            shown["channels"] = [
                {"channel": channel, "failing_since": since, "error": error}
                for channel, since, error in archive.reading.failing_channels()
            ]
            shown["archive"] = {
                "url": here.url(),
                "exists": True,
                "bytes": archive.path.stat().st_size,
                **archive.reading.counts(),
            }
    except ArchiveError as error:
        if archive_exists(here):
            raise
        shown["archive"] = {"url": here.url(), "exists": False, "note": str(error)}
    if is_json:
        click.echo(json.dumps(shown, ensure_ascii=False))
        return
    _print_status(shown)


@command("doctor", example="monitor doctor")
@click.pass_obj
def doctor(here: Here) -> None:
    """Looks the installation over: each line ok, warn or fail, and what to do. Exits with the code of the first failure."""
    from monitor import classifiers, config, house

    def look(what: str, check: Callable[[], tuple[str, str]]) -> int:
        """Print one line; the exit code it asks for."""
        code = 0
        try:
            level, text = check()
        except MonitorError as error:
            level, text, code = "fail", str(error), error.exit_code
        click.echo(f"{level:<5} {what:<14} {clean(text)}")
        return code

    def configuration() -> tuple[str, str]:
        settings = here.config()
        return (
            "ok",
            f"{settings.path}: {len(settings.sources)} sources, {len(settings.rules)} rules, {len(settings.subscriptions)} digests",
        )

    def archive() -> tuple[str, str]:
        if not archive_exists(here):
            return "warn", f"{here.url()}: there is none yet. Make it with: monitor poll"
        with here.archive(is_readonly=True) as opened, opened.errors():
            wrong = opened.reading.integrity()
            counts = opened.reading.counts()
        if wrong:
            raise ArchiveError(wrong[0], subject=str(opened.path), hint="Restore a backup")
        return (
            "ok",
            f"{opened.path}: sound; {counts['items']} items, {counts['events']} events, {counts['unjudged']} to be judged",
        )

    def disk() -> tuple[str, str]:
        from monitor.archive.connection import path_of

        folder = next(
            (each for each in (path_of(here.url()).absolute().parent, *path_of(here.url()).absolute().parents) if each.exists()),
            Path.cwd(),
        )
        free = shutil.disk_usage(folder).free
        writable = os.access(folder, os.W_OK)
        if not writable:
            raise ArchiveError("cannot be written", subject=str(folder), hint="Check its permissions")
        return ("ok" if free > 1 << 30 else "warn"), f"{folder}: {free / (1 << 30):.1f} GiB free"

    def model() -> tuple[str, str]:
        folder = house.classifiers_folder()
        found = classifiers.load_model(folder)
        return "ok", f"{folder}: model {found.version}, themes {', '.join(found.themes)}"

    def channels() -> tuple[str, str]:
        from monitor.channels import split

        settings = here.config()
        kinds = {split(address)[0] for rule in settings.rules for address in rule.to}
        kinds |= {split(address)[0] for each in settings.subscriptions for address in each.to}
        for kind in sorted(kinds):
            house.open_channel(kind, settings, here.now)
        return "ok", f"configured: {', '.join(sorted(kinds)) or 'none in use'}"

    def clock() -> tuple[str, str]:
        moved = os.environ.get("MONITOR_NOW")
        return ("warn" if moved else "ok"), f"{config.now():%Y-%m-%d %H:%M:%SZ}" + (f" (MONITOR_NOW={moved})" if moved else "")

    checks = {
        "configuration": configuration,
        "archive": archive,
        "disk": disk,
        "model": model,
        "channels": channels,
        "clock": clock,
    }
    codes = [look(what, each) for what, each in checks.items()]
    here.exit_code = next((code for code in codes if code), 0)


@command("backup", example="monitor backup monitor-2026-05-01.db")
@click.argument("target", type=click.Path(dir_okay=False, path_type=Path))
@click.pass_obj
def backup(here: Here, target: Path) -> None:
    """Copy the archive, also while the service runs, and check the copy."""
    from monitor.archive import Archive

    with here.archive(is_readonly=True) as archive:
        if target.exists() and target.samefile(archive.path):
            raise UsageError("that is the archive itself", subject=str(target), hint="Name another file")
        archive.backup(target)
    with Archive.open(f"sqlite:///{target}", is_readonly=True) as copy, copy.errors():
        wrong = copy.reading.integrity()
        items = copy.reading.counts()["items"]
    if wrong:
        raise ArchiveError(f"the copy is not sound: {wrong[0]}", subject=str(target))
    note(f"{target}: {items} items, sound")


def archive_exists(here: Here) -> bool:
    """True if there is a file at the archive's place."""
    from monitor.archive.connection import path_of

    return path_of(here.url()).exists()


def _states(here: Here) -> dict[str, SourceState]:
    if not archive_exists(here):
        return {}
    with here.archive(is_readonly=True) as archive, archive.errors():
        return archive.intake.states()


def _source_row(source: Source, state: SourceState | None, settings: Any) -> dict[str, Any]:
    del settings
    error = "" if state is None or state.error_kind is None else f"{state.error_kind} ×{state.error_count}"
    return {
        "id": source.id,
        "type": source.type,
        "country": source.country,
        "lang": source.lang,
        "tier": source.tier.value,
        "last_success": None if state is None or state.last_success is None else state.last_success.strftime("%Y-%m-%d %H:%M"),
        "error": error,
        "error_text": None if state is None else state.error_text,
        "name": source.name,
        "url": source.url,
    }


def _source_json(source: Source, state: SourceState | None, settings: Any, now: datetime) -> dict[str, Any]:
    from monitor.pace import is_stale

    error = None
    if state is not None and state.error_kind is not None:
        error = {"kind": state.error_kind, "text": state.error_text, "at": stamp(state.error_at), "count": state.error_count}
    return {
        "id": source.id,
        "last_success": None if state is None else stamp(state.last_success),
        "last_error": error,
        "next_poll": None if state is None else stamp(state.next_poll),
        "stale": is_stale(source, state, now, settings.pace),
    }


def _model() -> dict[str, Any]:
    """The model as its manifest tells, without loading the weights; the reason if there is none."""
    from monitor import classifiers, house

    try:
        manifest = classifiers.read_manifest(house.classifiers_folder())
    except MonitorError as error:
        return {"version": None, "error": str(error)}
    return {
        "version": manifest.get("version"),
        "themes": manifest.get("themes"),
        "examples": manifest.get("examples"),
        "macro_f1": (manifest.get("figures") or {}).get("macro_f1"),
    }


def _print_status(shown: dict[str, Any]) -> None:
    listed = shown["sources"]
    failing = [each for each in listed if each["last_error"]]
    click.echo(f"sources  {len(listed)} watched, {len(failing)} failing, {sum(1 for each in listed if each['stale'])} stale")
    for each in failing:
        error = each["last_error"]
        click.echo(f"  {each['id']}: {error['kind']} ×{error['count']}: {error['text']} (next try {each['next_poll']})")
    outbox = shown["outbox"]
    click.echo(f"outbox   {outbox['waiting']} waiting, {outbox['sent']} sent, {outbox['dead']} dead")
    for each in shown["channels"]:
        click.echo(f"  {each['channel']} fails since {each['failing_since']}: {each['error']}")
    model = shown["model"]
    click.echo(f"model    {model['version'] or 'none: ' + model['error']}")
    archive = shown["archive"]
    if archive["exists"]:
        click.echo(
            f"archive  {archive['url']}: {archive['items']} items, {archive['events']} events, {archive['unjudged']} to be judged"
        )
    else:
        click.echo(f"archive  {archive['url']}: there is none yet. Make it with: monitor poll")


async def _checked(chosen: list[Source], settings: Any, now: datetime) -> list[dict[str, Any]]:
    from monitor.sources import TYPES
    from monitor.sources.web import Web

    async with Web(settings.network) as web:

        async def one(source: Source) -> dict[str, Any]:
            row: dict[str, Any] = {
                "id": source.id,
                "entries": 0,
                "newest": None,
                "undated": None,
                "first": "",
                "verdict": "ok",
                "notes": [],
            }
            try:
                fetched = await web.fetch(source.url, subject=source.id)
                parsed = TYPES[source.type](source, fetched)
            except MonitorError as error:
                row["verdict"] = str(error)
                return row
            moments = [entry.published for entry in parsed.entries if entry.published is not None]
            row["entries"] = len(parsed.entries)
            row["newest"] = max(moments).strftime("%Y-%m-%d") if moments else None
            row["undated"] = len(parsed.entries) - len(moments)
            row["first"] = parsed.entries[0].title if parsed.entries else ""
            row["notes"] = list(parsed.notes)
            if not parsed.entries:
                row["verdict"] = "no entries"
            elif moments and (now - max(moments)).days > 90:
                row["verdict"] = "silent for more than 90 days"
            return row

        return list(await asyncio.gather(*(one(source) for source in chosen)))
