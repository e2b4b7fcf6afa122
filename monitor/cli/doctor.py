"""Command that looks the installation over: doctor. It only looks: nothing is written, nothing is sent, no network is asked."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from monitor import bundled, query
from monitor.cli.house import archive_exists, known_names, states_of, unknown_names
from monitor.cli.options import Here, command
from monitor.cli.output import json_line, json_option, progress, size_text
from monitor.errors import ArchiveError, ConfigError, ModelError, MonitorError, SecretMissing
from monitor.normalise import clean

if TYPE_CHECKING:
    from monitor.archive import Archive
    from monitor.config import Config

_ROOM = 1 << 30
"""Bytes that should be free, whatever the archive's size."""
_AHEAD = timedelta(minutes=5)
"""How far times in the archive may lie in the future before a clock is suspected."""
_LATELY = timedelta(days=30)
"""For how long it is said that an item could not be judged."""
_NAMED = 5
"""Sources, orders and faults that a line names."""
_TEXT_AT = 21
"""Cells before the text of a line."""
_LEVELS = ("ok", "warn", "fail")


@dataclass(frozen=True, slots=True)
class Seen:
    """What one look found; the worst level of its parts, and all that they say."""

    level: str  # of _LEVELS
    text: str
    todo: str = ""  # what to do; "" if nothing


@dataclass(slots=True)
class _Body:
    """What is looked over; the archive is opened once."""

    here: Here
    open_files: contextlib.ExitStack
    settings: Config | None = None  # None: they cannot be read
    archive: Archive | None = None  # None: there is none, or it cannot be opened
    lacks: list[str] = field(default_factory=list)  # steps that the archive has not been through


@command("doctor", example="monitor doctor\nmonitor doctor --json | jq '.checks[] | select(.level != \"ok\")'")
@json_option()
@click.pass_obj
def doctor(here: Here, is_json: bool) -> None:
    """Looks the installation over: each line ok, warn or fail, and what to do. Exits with the code of the first failure.

    It only looks, also while the service runs. It sends nothing: `monitor slack check` and `monitor sources check` do.
    """
    found: list[tuple[str, Seen, int]] = []
    with contextlib.ExitStack() as open_files:
        body = _Body(here, open_files)
        for name, look in _LOOKS.items():
            seen, code = _looked(look, body)
            if seen is not None:
                found.append((name, seen, code))
                if not is_json:
                    click.echo(_line(name, seen))
    here.exit_code = next((code for _, _, code in found if code), 0)
    if is_json:
        checks = [{"name": name, "level": seen.level, "text": seen.text, "todo": seen.todo or None} for name, seen, _ in found]
        worst = max((seen.level for _, seen, _ in found), key=_LEVELS.index)
        click.echo(json_line({"level": worst, "exit_code": here.exit_code, "checks": checks}))


def _line(name: str, seen: Seen) -> str:
    """A look in words: one line, but on a terminal as many as it needs, below each other."""
    text = clean(f"{seen.text}{'' if seen.text.endswith(('.', '?')) else '.'} {seen.todo}" if seen.todo else seen.text)
    if sys.stdout.isatty():
        width = max(40, shutil.get_terminal_size().columns - _TEXT_AT - 1)
        text = textwrap.fill(text, width, break_long_words=False, break_on_hyphens=False).replace("\n", "\n" + " " * _TEXT_AT)
    return f"{seen.level:<5} {name:<14} {text}"


def _looked(look: Callable[[_Body], Seen | None], body: _Body) -> tuple[Seen | None, int]:
    """What a look found, and the exit code that it asks for."""
    try:
        seen = look(body)
    except MonitorError as error:
        subject = "" if error.subject is None else f"{error.subject}: "
        return Seen("fail", f"{subject}{error.cause}", error.hint or ""), error.exit_code
    except OSError as error:
        return Seen("fail", f"cannot be looked at ({error.strerror})", "Check the permissions"), 1
    return seen, 1 if seen is not None and seen.level == "fail" else 0


def _configuration(body: _Body) -> Seen:
    settings = body.settings = body.here.config()
    text = f"{settings.path}: {len(settings.sources)} sources, {len(settings.rules)} rules, {len(settings.subscriptions)} digests"
    asked = [(each.id, query.parse(each.when)) for each in settings.rules]
    asked += [(each.id, query.parse(each.when)) for each in settings.subscriptions]
    known = known_names(body.here, *(tree for _, tree in asked))
    wrong = [f"{id}: {said.removesuffix('.')}" for id, tree in asked for said in unknown_names(tree, known)]
    if wrong:
        return Seen("warn", f"{text}; {_some(wrong)}", "What asks for nothing else never fires: mend its when")
    return Seen("ok", text)


def _archive(body: _Body) -> Seen:
    from monitor.archive import Archive

    if not archive_exists(body.here):
        return Seen("warn", f"{body.here.url()}: there is none yet", "Make it with: monitor poll")
    archive = body.open_files.enter_context(Archive.open(body.here.url(), is_any_age=True))
    with archive.errors(), progress("Reading the archive", None):
        wrong = archive.reading.integrity()
    if wrong:
        raise ArchiveError(
            _some(wrong), subject=str(archive.path), hint="Stop the service and restore a backup (docs/operate.md)"
        )
    body.lacks = archive.lacking()
    body.archive = archive
    size = size_text(archive.path.stat().st_size)
    if body.lacks:
        return Seen("ok", f"{archive.path}: sound; {size}")
    counts = archive.reading.counts()
    said = f"{counts['items']} items, {counts['events']} events, {counts['unjudged']} to be judged"
    text = f"{archive.path}: sound; {said}; {size}"
    faulty = archive.judging.set_aside(body.here.now() - _LATELY)
    if faulty:
        todo = "It was told to nobody: read it with: monitor show ITEM; and report the fault with its lines of the log"
        return Seen("warn", f"{text}; could not be judged: {_some(faulty)}", todo)
    return Seen("ok", text)


def _schema(body: _Body) -> Seen | None:
    if body.archive is None:
        return None
    from monitor.archive.connection import STEPS

    if not body.lacks:
        return Seen("ok", f"at {STEPS[-1]}, as this version has it")
    todo = "The next command that writes brings it here and keeps a copy beside it; make a backup first: monitor backup"
    return Seen("warn", f"of an older version: lacks {', '.join(body.lacks)}", todo)


def _index(body: _Body) -> Seen | None:
    with _current(body) as archive:
        if archive is None:
            return None
        wrong = archive.reading.index_faults()
    if wrong:
        raise ArchiveError(
            f"the search index differs from the items: {_some(wrong)}", subject=str(archive.path), hint="Restore a backup"
        )
    return Seen("ok", "search finds what the items say")


def _disk(body: _Body) -> Seen:
    from monitor.archive.connection import path_of

    path = path_of(body.here.url()).absolute()
    folder = next((each for each in path.parents if each.exists()), Path.cwd())
    if not os.access(folder, os.W_OK) or (path.exists() and not os.access(path, os.W_OK)):
        raise ArchiveError(
            "cannot be written",
            subject=str(path if path.exists() else folder),
            hint="Searching works; the service needs to write",
        )
    free, size = shutil.disk_usage(folder).free, path.stat().st_size if path.exists() else 0
    text = f"{folder}: {size_text(free)} free, the archive has {size_text(size)}"
    if free < size:
        return Seen("warn", text, "A backup here, or a change of tables, needs as much again: free space, or: monitor prune")
    return Seen("ok", text) if free >= _ROOM else Seen("warn", text, "Free space, or: monitor prune --before 2y --dry-run")


def _model(_body: _Body) -> Seen:
    from monitor import encoders, models

    folder = bundled.classifiers_in_use()
    model = models.load(folder)
    text = f"{folder}: model {model.version}, its checksum is right; themes {', '.join(model.themes)}"
    if model.vectors is None:
        return Seen("ok", f"{text}; without sentence vectors")
    try:
        encoder = encoders.load(model.vectors)
    except ModelError as error:
        return Seen("warn", f"{text}; without sentence vectors: {error.cause}", error.hint or "")
    if encoder.id != model.vectors:
        return Seen(
            "warn", f"{text}; it was trained with {model.vectors}, here is {encoder.id}", "Install that one, or: monitor train"
        )
    return Seen("ok", f"{text}; encoder {encoder.id}")


def _channels(body: _Body) -> Seen:
    """Every address can be opened, with its secrets: their names are said, never what they are."""
    from monitor import config, house

    settings = body.settings
    if settings is None:
        return _unseen(body)
    addresses = {address for rule in settings.rules for address in rule.to}
    addresses |= {address for each in settings.subscriptions for address in each.to}
    wrong: list[MonitorError] = []
    for address in sorted(addresses):
        try:
            house.open_channel(address, settings, body.here.now)
        except (SecretMissing, ConfigError) as error:
            wrong.append(error)
    if config.secret("SMTP_USER") and not config.secret("SMTP_PASSWORD"):
        wrong.append(SecretMissing("SMTP_USER is set, but SMTP_PASSWORD is not", subject="mail", hint="Set it, too"))
    if wrong:
        causes = list(dict.fromkeys(f"{each.subject}: {each.cause}" for each in wrong))
        hints = list(dict.fromkeys(each.hint for each in wrong if each.hint))
        raise SecretMissing("; ".join(causes), hint=". ".join(hints))
    return Seen("ok", f"configured: {', '.join(sorted(addresses)) or 'none in use'}")


def _clock(body: _Body) -> Seen:
    now = body.here.now()
    text = f"{now:%Y-%m-%d %H:%M:%SZ}"
    moved = os.environ.get("MONITOR_NOW")
    if moved:
        return Seen("warn", f"{text} (MONITOR_NOW={moved})", "Unset it, unless this is a trial")
    installed = datetime.fromtimestamp(Path(__file__).stat().st_mtime, UTC)
    with _current(body) as archive:
        newest = None if archive is None else archive.reading.newest()
    if newest is not None and newest > now + _AHEAD:
        todo = "Set the machine's clock; if it is right now, it was ahead then, and nothing needs to be done"
        return Seen("warn", f"{text}, but the archive knows of {newest:%Y-%m-%d %H:%M:%SZ}", todo)
    if installed > now + timedelta(days=1):
        return Seen("warn", f"{text}, before this program was installed ({installed:%Y-%m-%d})", "Set the machine's clock")
    return Seen("ok", text)


def _time_zones(_body: _Body) -> Seen:
    """Zones of the configuration are known; two whose rules everybody knows are right."""
    from importlib.metadata import PackageNotFoundError, version
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    known = {("Asia/Tokyo", 1): 9, ("America/New_York", 1): -5, ("America/New_York", 7): -4}
    try:
        wrong = [
            zone
            for (zone, month), hours in known.items()
            if datetime(2026, month, 15, tzinfo=ZoneInfo(zone)).utcoffset() != timedelta(hours=hours)
        ]
    except (ZoneInfoNotFoundError, OSError, ValueError) as error:
        raise MonitorError(f"the time zones cannot be read ({error})", hint="Install tzdata") from error
    if wrong:
        raise MonitorError(f"{wrong[0]} has another time than it has", hint="Update tzdata")
    try:
        return Seen("ok", f"tzdata {version('tzdata')}")
    except PackageNotFoundError:
        return Seen("ok", "those of the system")


def _lock(body: _Body) -> Seen | None:
    if body.archive is None:
        return None
    worker = body.archive.worker()
    return Seen("ok", "nobody works on the archive now" if worker is None else f"process {worker} works on the archive")


def _orders(body: _Body) -> Seen | None:
    with _current(body) as archive:
        if archive is None:
            return None
        counts, refused, failing = archive.outbox.counts(), archive.outbox.refused(_NAMED), archive.reading.failing_channels()
    text = f"{counts['waiting']} waiting, {counts['sent']} sent, {counts['dead']} dead"
    if counts["dead"]:
        named = _some([f"{each['kind']} to {each['channel']}: {each['error']}" for each in refused])
        return Seen("warn", f"{text}; refused: {named}", "Mend it, then: monitor alerts retry")
    if failing:
        named = _some([f"{channel} since {since:%Y-%m-%d %H:%MZ}: {error}" for channel, since, error in failing])
        return Seen("warn", f"{text}; not taken now: {named}", "It is tried again by itself; see docs/operate.md")
    return Seen("ok", text)


def _sources(body: _Body) -> Seen | None:
    from monitor.pace import is_stale

    settings = body.settings
    if settings is None:
        return _unseen(body)
    if body.archive is None or body.lacks:
        return None
    states, now = states_of(body.here), body.here.now()
    failing = [
        f"{each.id} ({state.error_kind})" for each in settings.sources if (state := states.get(each.id)) and state.error_kind
    ]
    stale = [each.id for each in settings.sources if is_stale(each, states.get(each.id), now, settings.pace)]
    text = f"{len(settings.sources)} watched, {len(failing)} failing, {len(stale)} stale"
    if failing or stale:
        return Seen("warn", f"{text}: {_some(failing or stale)}", "See: monitor status, monitor sources check NAME")
    return Seen("ok", text)


def _unseen(body: _Body) -> Seen:
    """What is said of that which only the configuration names."""
    return Seen("warn", f"not looked at, since {body.here.path()} cannot be read", "Mend the configuration first")


@contextlib.contextmanager
def _current(body: _Body) -> Iterator[Archive | None]:
    """The archive if it can be asked everything; None if there is none, or it is older."""
    if body.archive is None or body.lacks:
        yield None
        return
    with body.archive.errors():
        yield body.archive


def _some(said: list[str]) -> str:
    """The first of several, and how many more."""
    more = len(said) - _NAMED
    return "; ".join(said[:_NAMED]) + (f" and {more} more" if more > 0 else "")


_LOOKS: dict[str, Callable[[_Body], Seen | None]] = {
    "configuration": _configuration,
    "archive": _archive,
    "schema": _schema,
    "index": _index,
    "disk": _disk,
    "model": _model,
    "channels": _channels,
    "clock": _clock,
    "time zones": _time_zones,
    "lock": _lock,
    "orders": _orders,
    "sources": _sources,
}
"""The looks, in order; one that has nothing to look at gives None. The archive comes before those that ask it."""
