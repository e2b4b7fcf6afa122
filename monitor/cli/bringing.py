"""Command that brings items in: import."""

from __future__ import annotations

import contextlib
import itertools
import re
import shutil
import sys
import time
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, NoReturn

import click

from monitor.cli.keeping import BREATH
from monitor.cli.options import Here, command
from monitor.cli.output import Step, in_sum, json_line, json_option, note, progress, warn
from monitor.cli.room import room_for
from monitor.errors import BadLine, ConfigError, UsageError
from monitor.normalise import clean

if TYPE_CHECKING:
    from monitor.archive import Archive
    from monitor.items import Item, Source

_SQLITE, _GZIP, _PARQUET = b"SQLite format 3\0", b"\x1f\x8b", b"PAR1"
_BLANK = b"\xef\xbb\xbf \t\r\n"
"""What may stand before the first character that counts."""
_TABLE = re.compile(rb'(?=[^{]*\bid\b)(?=[^{]*\btitle\b)|"?I-[a-z2-7]{12}"?[\t,;|]')
"""How a table of ours begins: with the names of its columns, or with an item's id."""
_HEAD = 512
"""Bytes that tell what a file is."""
_WANTED, _WRITE = "but an item a line is wanted", "Write it with: monitor search ... --format jsonl"
_STEP = 200
"""Lines that are kept in one transaction."""
_MAX_LINE = 1 << 20
"""Bytes of a line; an item that we write has a hundredth of that."""
_NAMED = 20
"""Lines refused that are named; more are counted."""


class _Tally:
    """What an import has done so far."""

    def __init__(self) -> None:
        self.imported = self.known = self.labels = self.refused = 0
        self.reasons: list[tuple[int, str]] = []  # the first refusals: line and reason
        self.head = b""  # the first line that is not blank

    def refuse(self, number: int, error: BadLine) -> None:
        self.refused += 1
        if len(self.reasons) < _NAMED:
            self.reasons.append((number, error.cause))


@command(
    "import",
    example="""monitor import older/monitor.db
monitor search 'theme:export_control' --format jsonl --limit 100000 > items.jsonl
monitor import items.jsonl --archive sqlite:///other.db""",
)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path))
@json_option()
@click.pass_obj
def import_(here: Here, file: Path, is_json: bool) -> None:
    """Bring items of another archive, or of JSON lines, into this one. (Sources come in with: monitor sources import.)

    FILE is an archive of this program, of this version or an older one, or JSON lines as `monitor search --format jsonl` writes them;
    - reads lines from standard input. Items keep their ids, times and events; those of an archive their tags, labels and revisions, too,
    and lines are judged at the next `monitor poll`; tier, country, kind and language that a line leaves open are those of its source
    in feeds.yaml, else press of nowhere in the language of its text. What is here already is left as it is, so the same command goes
    on where it stopped. No rule tells what was imported. FILE is never written.
    """
    tally = _Tally()
    # a slip must not make an archive: it is opened when there is something to bring
    if _is_database(file):
        _from_archive(here, file, tally)
    else:
        _from_lines(here, file, tally)
    if tally.refused and not tally.imported:
        here.exit_code = UsageError.exit_code  # nothing came of it
    for number, reason in tally.reasons:
        warn(f"line {number}: {clean(reason)}")
    if tally.refused > len(tally.reasons):
        warn(f"and {tally.refused - len(tally.reasons)} lines more")
    if is_json:
        found = {"imported": tally.imported, "known": tally.known, "labels": tally.labels, "refused": tally.refused}
        refusals = [{"line": number, "reason": reason} for number, reason in tally.reasons]
        click.echo(json_line({**found, "reasons": refusals}))
    else:
        labels = f", {tally.labels} labels" if tally.labels else ""
        click.echo(f"imported {tally.imported} items{labels}; {tally.known} were here already; {tally.refused} refused")


def _is_database(file: Path) -> bool:
    """True for a SQLite file.

    Raises:
        UsageError: it cannot be read, or is a list of sources.
    """
    if str(file) == "-":
        return False
    try:
        with file.open("rb") as stream:
            head = stream.read(_HEAD)
    except OSError as error:
        raise UsageError(f"cannot be read ({error.strerror})", subject=str(file)) from error
    if head.lstrip(_BLANK).startswith(b"<"):
        raise UsageError(
            "is XML, not items", subject=str(file), hint="Sources of an OPML file come in with: monitor sources import"
        )
    return head.startswith(_SQLITE)


def _from_archive(here: Here, file: Path, tally: _Tally) -> None:
    from monitor.archive import Archive
    from monitor.archive.connection import path_of

    path = path_of(here.url())
    if path.exists() and file.samefile(path):
        raise UsageError("that is the archive itself", subject=str(file), hint="Name another file")
    Archive.open_anothers(file.resolve()).close()
    with (
        here.archive(may_make=True) as archive,
        archive.errors(),
        _own_copy(archive, file) as copy,
        archive.bringing.beside(copy) as total,
    ):
        with progress("Importing", total) as step:
            for each in archive.bringing.take(here.now()):
                tally.imported += each.imported
                tally.known += each.known
                step(each.imported + each.known)
                time.sleep(BREATH)
        tally.labels = archive.bringing.take_verdicts()


@contextlib.contextmanager
def _own_copy(archive: Archive, file: Path) -> Iterator[Path]:
    """A copy of another archive, brought to this version, in a folder beside ours that goes with the block.

    Raises:
        ArchiveError: no archive, a newer one, or no room.
        ArchiveBusy: another import is at work.
    """
    from monitor.archive import Archive

    folder = archive.path.with_name(archive.path.name + ".import")
    with archive.importing():
        shutil.rmtree(folder, ignore_errors=True)  # of one that was killed
        try:
            folder.mkdir()
            copy = folder / "archive.db"
            with Archive.open_anothers(file.resolve()) as other, progress("Copying", None) as step:
                # the copy, and another one with its new tables if they change
                room_for(folder.parent, other.pruning.size()[0] * (3 if other.lacking() else 1), "the import")
                other.backup(copy, in_sum(step))
            Archive.open(f"sqlite:///{copy}").close()
            yield copy
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _from_lines(here: Here, file: Path, tally: _Tally) -> None:
    size = None if str(file) == "-" else file.stat().st_size
    now = here.now()
    with _lines(file) as stream, progress("Importing", size) as step:
        items = _items(stream, now, _sources(here), tally, step)
        first = next(items, None)
        if first is None:
            if tally.refused:
                _refuse(file, tally)
            return
        items = itertools.chain([first], items)
        with here.archive(may_make=True) as archive, archive.errors():
            while some := list(itertools.islice(items, _STEP)):
                found = archive.bringing.put(some, now)
                tally.imported += found.imported
                tally.known += found.known
                time.sleep(BREATH)
    if tally.imported:
        note("They are judged at the next round of the service, or now with: monitor poll")


def _sources(here: Here) -> dict[str, Source]:
    """The sources of feeds.yaml by id; none if there is no configuration, or a wrong one."""
    with contextlib.suppress(ConfigError):
        return {each.id: each for each in here.config().sources}
    return {}


def _items(
    stream: IO[bytes], now: datetime, sources: Mapping[str, Source], tally: _Tally, step: Step
) -> Iterator[tuple[Item, str | None]]:
    """The items of the lines, each with its event; lines that are none are refused."""
    from monitor.records import item_of_line

    for number, line in _numbered(stream):
        step(len(line))
        if not line.strip():
            continue
        tally.head = tally.head or line
        try:
            yield item_of_line(_text(line), now, sources)
        except BadLine as error:
            tally.refuse(number, error)


def _refuse(file: Path, tally: _Tally) -> NoReturn:
    """Say what a file is of which no line is an item.

    Raises:
        UsageError: always.
    """
    if tally.head.startswith(_GZIP):
        raise UsageError("is compressed", subject=str(file), hint="Unpack it on the way: gunzip -c FILE | monitor import -")
    if tally.head.lstrip(_BLANK).startswith(b"["):
        raise UsageError(f"is one JSON array, {_WANTED}", subject=str(file), hint=f"{_WRITE}, or: jq -c '.[]' FILE")
    if tally.head.startswith(_PARQUET) or _TABLE.match(tally.head[:_HEAD].lstrip(_BLANK)):
        raise UsageError(f"is a table, {_WANTED}", subject=str(file), hint=_WRITE)
    number, reason = tally.reasons[0]
    raise UsageError(
        f"line {number} {clean(reason)}, and no other line is an item", subject=str(file), hint="See: monitor import --help"
    )


@contextlib.contextmanager
def _lines(file: Path) -> Iterator[IO[bytes]]:
    if str(file) == "-":
        yield sys.stdin.buffer
        return
    with file.open("rb") as stream:
        yield stream


def _numbered(stream: IO[bytes]) -> Iterator[tuple[int, bytes]]:
    """Lines with their numbers, from 1; of one that is too long only the beginning is read into memory at a time."""
    number = 0
    while line := stream.readline(_MAX_LINE + 1):
        number += 1
        whole = line
        while line and not line.endswith(b"\n") and len(line) > _MAX_LINE:
            line = stream.readline(_MAX_LINE + 1)
        yield number, whole


def _text(line: bytes) -> str:
    """The text of a line.

    Raises:
        BadLine: too long, or no UTF-8.
    """
    if len(line) > _MAX_LINE:
        raise BadLine(f"is longer than {_MAX_LINE} bytes")
    try:
        return line.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadLine("is no UTF-8") from error
