"""What state the house is in: status, and what other commands ask of it."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from monitor import bundled, query
from monitor.cli.options import Here, command
from monitor.cli.output import json_line, json_option, stamp
from monitor.errors import ArchiveError, MonitorError
from monitor.items import Source, SourceState

if TYPE_CHECKING:
    from monitor.config import Config
    from monitor.pace import Pace


@command("status", example="monitor status\nmonitor status --json | jq .outbox")
@json_option()
@click.pass_obj
def status(here: Here, is_json: bool) -> None:
    """The state of sources, outbox, model and archive."""
    settings = here.config()
    states = states_of(here)
    now = here.now()
    shown: dict[str, Any] = {
        "sources": [_source_json(each, states.get(each.id), settings, now) for each in settings.sources],
        "outbox": {"waiting": 0, "sent": 0, "dead": 0, "refused": []},
        "channels": [],
        "model": _model(),
        "archive": {"url": here.url(), "exists": False},
    }
    try:
        with here.archive(is_readonly=True) as archive, archive.errors():
            shown["outbox"] = {**archive.outbox.counts(), "refused": archive.outbox.refused()}
            shown["channels"] = [
                {"channel": channel, "failing_since": stamp(since), "error": error}
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
        click.echo(json_line(shown))
        return
    _print_status(shown)


def archive_exists(here: Here) -> bool:
    """True if there is a file at the archive's place."""
    from monitor.archive.connection import path_of

    return path_of(here.url()).exists()


def states_of(here: Here) -> dict[str, SourceState]:
    """What the archive remembers of each source; {} if there is no archive yet."""
    if not archive_exists(here):
        return {}
    with here.archive(is_readonly=True) as archive, archive.errors():
        return archive.intake.states()


def fares(source: Source, state: SourceState | None, pace: Pace, now: datetime) -> str:
    """How a source fares, in a word: unread, failing, stale, silent or read; the first that is so."""
    from monitor.health import is_silent
    from monitor.pace import is_stale
    from monitor.sources.zones import zone_of

    if state is None:
        return "unread"
    if state.error_kind is not None:
        return "failing"
    if is_stale(source, state, now, pace):
        return "stale"
    return "silent" if is_silent(state, zone=zone_of(source), now=now) else "read"


@dataclass(frozen=True, slots=True)
class Known:
    """What queries can ask for by name."""

    names: Mapping[str, tuple[str, ...]]  # by field; one of which nothing is known is absent
    off: tuple[str, ...] = ()  # themes among them that are off


_CODES = ("lang", "country", "kind")
"""Fields of which a name is only known by what has it."""
_MISTAKEN = {
    "lang": "jp:ja jpn:ja cn:zh chi:zh zho:zh tw:zh hk:zh kr:ko kor:ko gb:en us:en eng:en ger:de deu:de at:de fre:fr fra:fr"
    " spa:es ua:uk cz:cs dk:da se:sv gr:el",
    "country": "uk:GB en:GB ja:JP ko:KR zh:CN ue:EU el:GR cs:CZ da:DK sv:SE",
}
"""What is written, and what is meant: the code of a country for that of its language, the reverse, and other codes for either."""


def known_names(here: Here, *trees: query.Node) -> Known:
    """What there is of the fields that some queries ask for, as far as archive, configuration and classifiers can be read."""
    from monitor import classifiers

    wanted = [field for field in ("source", "theme", *_CODES) if any(query.asked(tree, field) for tree in trees)]
    found: dict[str, list[str]] = {}
    off: list[str] = []
    # each by itself: whoever asks for names has other things to do than to complain of a file
    with contextlib.suppress(MonitorError):
        if "theme" in wanted:
            themes = classifiers.load_themes(bundled.classifiers_in_use(), with_off=True)
            found["theme"] = [each.id for each in themes]
            off = [each.id for each in themes if not each.is_on]
    with contextlib.suppress(MonitorError):
        if "source" in wanted:
            found["source"] = list(states_of(here))
    with contextlib.suppress(MonitorError):
        if codes := [field for field in _CODES if field in wanted]:
            with here.archive(is_readonly=True) as archive, archive.errors():
                for field in codes:
                    found[field] = archive.reading.codes(field)
    with contextlib.suppress(MonitorError):
        if wanted and wanted != ["theme"]:
            for source in here.config().sources:
                of_source = {"source": source.id, "lang": source.lang, "country": source.country, "kind": source.kind}
                for field, value in of_source.items():
                    if field in wanted and value:
                        found.setdefault(field, []).append(value)
    return Known(names={field: tuple(dict.fromkeys(names)) for field, names in found.items()}, off=tuple(off))


def unknown_names(tree: query.Node, known: Known) -> list[str]:
    """Names that a query asks for and that there are not, a sentence each with the nearest one; themes that are off."""
    import difflib

    found = [f"The theme {theme} is off." for theme in query.asked(tree, "theme") if theme in known.off]
    for field, names in known.names.items():
        by_name = {name.casefold(): name for name in names}
        for value in query.asked(tree, field):
            if not names or value in by_name:
                continue
            meant = dict(each.split(":") for each in _MISTAKEN.get(field, "").split()).get(value)
            near = [meant] if meant in names else [by_name[each] for each in difflib.get_close_matches(value, by_name, 1)]
            shown = value.upper() if field == "country" else value
            said = f"There is nothing of {field} {shown} here" if field in _CODES else f"There is no {field} {value!r}"
            found.append(said + (f"; did you mean {near[0]}?" if near else "."))
    return found


def _source_json(source: Source, state: SourceState | None, settings: Config, now: datetime) -> dict[str, Any]:
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
        "reader": None if state is None else state.reader,
        "notes": [] if state is None else [*state.notes, *_moved(source, state)],
        "moved_to": None if state is None else state.address,
        "tls_verified": source.is_tls_verified,
    }


def _moved(source: Source, state: SourceState) -> list[str]:
    """What to do about a source that moved for good, as long as feeds.yaml has its old address."""
    if state.address is None or state.url not in (None, source.url):
        return []
    return [f"moved for good to {state.address}; it is read there. Change its address in feeds.yaml"]


def _model() -> dict[str, Any]:
    """The model as its manifest tells, without loading the weights; the reason if there is none."""
    from monitor import models

    try:
        manifest = models.manifest(bundled.classifiers_in_use())
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
    for each in listed:
        for text in [*each["notes"], *([] if each["tls_verified"] else ["any certificate is accepted (insecure_tls)"])]:
            click.echo(f"  {each['id']}: {text}")
    outbox = shown["outbox"]
    click.echo(f"outbox   {outbox['waiting']} waiting, {outbox['sent']} sent, {outbox['dead']} dead")
    for each in outbox["refused"]:
        click.echo(f"  refused: {each['kind']} to {each['channel']}: {each['error']}")
    if outbox["refused"]:
        click.echo("  When it is mended, put them back with: monitor alerts retry")
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
