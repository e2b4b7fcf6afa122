"""Commands that keep the archive: backup, prune."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from monitor.cli import completion
from monitor.cli.options import Here, command, known_theme, moment_since, user
from monitor.cli.output import in_sum, json_line, json_option, note, progress, size_text, stamp, warn
from monitor.cli.room import room_for
from monitor.errors import ArchiveError, UsageError

if TYPE_CHECKING:
    from monitor.archive import Archive
    from monitor.archive.pruning import Prospect, Wish

_DATED = re.compile(r"monitor-\d{8}T\d{6}Z\.db")
BREATH = 0.02
"""Seconds between two steps of a long work on the archive, in which the service may write."""
_REASONS = {
    "waiting": "of which something waits to be judged or sent",
    "young": "that moved in the last 60 days",
    "labelled": "labelled by an analyst",
    "merged": "merged or split by an analyst",
    "told": "told by a rule",
    "moved": "moved since then",
    "deadline": "with a date to come",
}
"""monitor.archive.pruning.Kept, in words."""
_ALWAYS = ("waiting", "young")
"""Reasons that --also does not know: monitor.archive.pruning.ALWAYS, which --help need not import."""


@command(
    "backup",
    example="monitor backup monitor-2026-05-01.db\nmonitor backup /backup/monitor --keep 14\nmonitor backup --public copy.db",
)
@click.argument("target", type=click.Path())
@click.option("--keep", type=click.IntRange(1), metavar="N", help="TARGET is a folder: write a dated copy, keep the newest N.")
@click.option("--force", is_flag=True, help="Replace TARGET whatever it is, and copy an empty archive, too.")
@click.option("--public", "is_public", is_flag=True, help="A copy to show: without addresses, tokens and names of analysts.")
@click.pass_obj
def backup(here: Here, target: str, keep: int | None, force: bool, is_public: bool) -> None:
    """Copy the archive, also while the service runs, and check the copy.

    The copy is written beside TARGET and gets its name when it is whole and checked, so an earlier backup of that name stays until then.
    A TARGET that is a folder, or ends in /, gets a dated copy. A copy to show is not replaced by a backup, nor the reverse, and a copy
    with items not by one of an archive without any, unless --force says so.
    """
    from monitor.archive import Archive

    if is_public and keep is not None:
        raise UsageError("--public and --keep do not go together", hint="A copy to show is no backup")
    file = Path(target)
    if keep is not None or target.endswith(os.sep) or file.is_dir():
        file /= f"monitor-{'public-' if is_public else ''}{here.now():%Y%m%dT%H%M%SZ}.db"
    file = file.resolve()
    # what is to go is known of the tables of this version alone
    with Archive.open(here.url(), is_readonly=is_public, is_any_age=not is_public) as archive, archive.errors():
        _refuse(file, archive.path, force=force, is_public=is_public)
        if not force:
            _refuse_empty(archive, _latest(file) if keep is not None else file)
        items = _copy(archive, file, is_public=is_public)
    bared = "without addresses, tokens and names, " if is_public else ""
    note(f"{file}: {items}{bared}sound, {size_text(file.stat().st_size)}")
    if keep is not None:
        _rotate(file, keep)


@command(
    "prune",
    example="""monitor prune --before 2y --dry-run
monitor prune --before 2y --no-theme --yes
monitor prune --before 2024-01-01 --query 'tier:wire -theme:export_control'
monitor prune --shrink""",
)
@click.option("--before", metavar="WHEN", help="Events that did not move since: 2y, 18m, 2024-01, 2024-01-31.")
@click.option("--theme", shell_complete=completion.themes, help="Only events with an item of this theme.")
@click.option("--no-theme", "is_themeless", is_flag=True, help="Only events of which no item has a theme.")
@click.option(
    "--query", "--when", "words", metavar="QUERY", shell_complete=completion.queries, help="Only events of which an item matches."
)
@click.option(
    "--also",
    type=click.Choice([each for each in _REASONS if each not in _ALWAYS]),
    multiple=True,
    help="Take these, too; may be repeated.",
)
@click.option("--dry-run", is_flag=True, help="Say what would go, and stop.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--shrink", is_flag=True, help="Give the free room back to the disk; the service must be stopped.")
@json_option()
@click.pass_obj
def prune(
    here: Here,
    before: str | None,
    theme: str | None,
    is_themeless: bool,
    words: str | None,
    also: tuple[str, ...],
    dry_run: bool,
    yes: bool,
    shrink: bool,
    is_json: bool,
) -> None:
    """Take old events out of the archive, with all their items.

    \b
    An event goes whole or stays whole. It stays, unless --also says otherwise, if
      labelled  an analyst gave a verdict on an item of it
      merged    an analyst merged or split it
      told      a rule told it: what was told keeps its evidence
      moved     it, or an item of it, changed since
      deadline  it states a date that is still to come
    and always if something of it waits to be judged or sent, or moved in the
    last 60 days. What went does not come back as new, though a feed still
    carries it. The service may go on meanwhile.
    """
    if before is None:
        if not shrink:
            raise UsageError("--before is missing", hint="Say how old, for example: monitor prune --before 2y --dry-run")
        given = {"--theme": theme, "--no-theme": is_themeless or None, "--query": words, "--also": also or None}
        unfit = [name for name, value in {**given, "--json": is_json or None}.items() if value is not None]
        if unfit:
            raise UsageError(f"{unfit[0]} needs --before", hint="--shrink alone takes nothing out, and gives back what is free")
        _shrink(here, is_dry=dry_run)
        return
    if sum((theme is not None, is_themeless, words is not None)) > 1:
        raise UsageError("--theme, --no-theme and --query do not go together", hint="A query can say it: 'theme:x source:y'")
    wish, narrowed = _wish(here, before, theme, is_themeless, words, also)
    with here.archive(is_readonly=dry_run) as archive, archive.errors():
        found = archive.pruning.look(wish, here.now())
        if not is_json:
            _tell(found, wish, is_going=yes and not dry_run)
            if shrink and dry_run:
                _tell_shrinking(archive, found.bytes)
        if found.items and not dry_run and not _may_go(found, yes=yes):
            note("Nothing was taken out.")
            return
        gone = 0
        with progress("Pruning", found.items) as step:
            try:
                for count in () if dry_run else archive.pruning.prune(wish, here.now(), user(), narrowed):
                    gone += count
                    step(count)
                    time.sleep(BREATH)
            except BaseException:  # Ctrl-C, a full disk: each step is whole, and the rest is as it was
                warn(f"{gone} of {found.items} items are gone; the same command goes on.")
                raise
    if gone:
        room = "" if shrink else " Their room is used for what comes; --shrink gives it back to the disk."
        note(f"{gone} items are gone.{room}")
    if is_json:
        click.echo(json_line(_json(found, wish, gone, is_dry=dry_run)))
    if shrink and not dry_run:
        _shrink(here, is_dry=False)


def _refuse(target: Path, archive: Path, *, force: bool, is_public: bool) -> None:
    """Refuse a target that must not be replaced.

    Raises:
        UsageError: the archive itself, one in use, a file that is none of ours, or a copy to show where a backup is made, and the reverse.
    """
    from monitor.archive import Archive
    from monitor.archive.connection import worker

    if not target.exists():
        return
    if target.samefile(archive):
        raise UsageError("that is the archive itself", subject=str(target), hint="Name another file")
    process = worker(target)
    if process:
        raise UsageError(f"is the archive of another monitor (process {process})", subject=str(target), hint="Name another file")
    wal = target.with_name(target.name + "-wal")
    if wal.exists() and wal.stat().st_size:
        raise UsageError(f"is an archive in use: {wal.name} is beside it", subject=str(target), hint="Name another file")
    if force:
        return
    try:
        with Archive.open_anothers(target) as other:
            was_public = other.is_public()
    except ArchiveError as error:
        raise UsageError("is there, and is no backup of ours", subject=str(target), hint="--force replaces it") from error
    if was_public and not is_public:
        raise UsageError(
            "is a copy to show, and this would be a whole backup with addresses, tokens and names",
            subject=str(target),
            hint="Say --public to make it anew, or --force to replace it",
        )
    if is_public and not was_public:
        raise UsageError(
            "is a whole backup, and a copy to show has less in it",
            subject=str(target),
            hint="Name another file, or say --force to replace it",
        )


def _refuse_empty(archive: Archive, earlier: Path | None) -> None:
    """Refuse to copy an archive without items where the earlier copy has some: something else is in the archive's place.

    Raises:
        ArchiveError: it is so.
    """
    from monitor.archive import Archive

    if earlier is None or not earlier.exists() or archive.reading.has_items():
        return
    try:
        with Archive.open_anothers(earlier) as copy:
            is_loss = copy.reading.has_items()
    except ArchiveError:  # there is nothing to lose in it
        return
    if is_loss:
        raise ArchiveError(
            f"has no items, and the earlier copy {earlier} has",
            subject=str(archive.path),
            hint="See whether it is the right archive, and its disk is there; --force copies it all the same",
        )


def _latest(made: Path) -> Path | None:
    """The newest dated copy beside one that is to be made; None: there is none."""
    folder = made.parent
    return max((each for each in folder.glob("*.db") if _DATED.fullmatch(each.name)), default=None) if folder.is_dir() else None


def _copy(archive: Archive, target: Path, *, is_public: bool) -> str:
    """Make the copy, check it, and give it its name; how many items it has, in words.

    Raises:
        ArchiveError: no room, not to be written, or not sound; nothing is left of the copy then.
    """
    from monitor.archive import Archive

    with contextlib.ExitStack() as parts:
        part = parts.enter_context(_part(target))
        whole = parts.enter_context(_part(target.with_name(f"{target.name}.whole"))) if is_public else part
        room_for(target.parent, (2 if is_public else 1) * archive.pruning.size()[0], "the copy")
        with progress("Copying", None) as step:
            archive.backup(whole, in_sum(step))
        if is_public:
            from monitor.archive.publishing import publish

            with progress("Taking out", None):
                publish(whole, part)
        with progress("Checking", None), Archive.open(f"sqlite:///{part}", is_any_age=True) as copy, copy.errors():
            wrong = copy.reading.integrity()
            items = "" if copy.lacking() else f"{copy.reading.counts()['items']} items, "
        if wrong:
            raise ArchiveError(
                f"the copy is not sound: {wrong[0]}", subject=str(target), hint="Look over the archive: monitor doctor"
            )
        shutil.copymode(archive.path, part)
        part.replace(target)
    return items


@contextlib.contextmanager
def _part(target: Path) -> Iterator[Path]:
    """A name beside the target for what is not whole yet; nothing is there afterwards, not even a folder made for it.

    What killed ones left goes, too.
    """
    from monitor.archive.copying import remove

    is_new = not target.parent.exists()
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ArchiveError(
            f"cannot be made ({error.strerror})", subject=str(target.parent), hint="Name another folder"
        ) from error
    for left in target.parent.glob(".*.part"):
        match = re.fullmatch(rf"\.{re.escape(target.name)}\.(\d+)\.part", left.name)
        if match and not _is_alive(int(match[1])):
            remove(left)
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        yield part
    except ArchiveError as error:
        if error.subject != str(part):
            raise
        raise ArchiveError(error.cause, subject=str(target), hint=error.hint) from error  # by the name that the reader gave
    finally:
        remove(part)
        if is_new:
            with contextlib.suppress(OSError):  # the copy is in it
                target.parent.rmdir()


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return process != os.getpid()


def _rotate(made: Path, keep: int) -> None:
    """Of the dated copies keep the one just made and the newest before it, `keep` in all.

    Those that bear a later time, made when a clock was ahead, neither count nor go: they would push out the good ones.

    Raises:
        ArchiveError: a copy cannot be removed.
    """
    try:
        dated = sorted(each for each in made.parent.iterdir() if _DATED.fullmatch(each.name) and each.is_file())
        for old in [each for each in dated if each.name <= made.name][:-keep]:
            old.unlink()
            note(f"removed {old}")
    except OSError as error:
        raise ArchiveError(
            f"older copies cannot be removed ({error.strerror})", subject=str(made.parent), hint="The new copy is made"
        ) from error
    for late in (each for each in dated if each.name > made.name):
        warn(f"{late}: bears a later time than now, and is left alone. Look at the clock, or remove it by hand")


def _wish(
    here: Here, before: str, theme: str | None, is_themeless: bool, words: str | None, also: tuple[str, ...]
) -> tuple[Wish, str]:
    """What is to go, and how it was narrowed.

    Raises:
        UsageError: no moment, one that is too near, or no query.
    """
    from monitor import query
    from monitor.archive.pruning import YOUNGEST, Kept, Wish
    from monitor.cli.asking import written_out

    known_theme(theme)
    moment = moment_since(before, here, option="--before")
    if moment > here.now() - YOUNGEST:
        raise UsageError(
            f"--before {before} is too near", hint=f"Items of the last {YOUNGEST.days} days are still joined to events and told"
        )
    narrowed = f"theme:{theme}" if theme else written_out(here, words or "")
    tree = None if theme is None and words is None else query.parse(narrowed)
    if tree == query.And(()):
        raise UsageError("--query is empty", hint="Leave it out to take all that is old")
    wish = Wish(before=moment, tree=tree, is_themeless=is_themeless, despite=tuple(Kept(each) for each in also))
    return wish, "no theme" if is_themeless else narrowed


def _tell(found: Prospect, wish: Wish, *, is_going: bool) -> None:
    click.echo(f"before     {wish.before:%Y-%m-%d %H:%MZ}")
    revisions = f", {found.revisions} revisions" if found.revisions else ""
    click.echo(
        f"{'goes' if is_going else 'would go':<11}{found.events} events with {found.items} items{revisions}; about {size_text(found.bytes)}"
    )
    for reason, items in found.kept:
        how = "" if reason in _ALWAYS else f" (--also {reason})"
        click.echo(f"stays      {items} items of events {_REASONS[reason]}{how}")


def _may_go(found: Prospect, *, yes: bool) -> bool:
    """True if it was asked for; at a terminal it is asked, elsewhere --yes has to be said.

    Raises:
        UsageError: there is nobody to ask.
    """
    if yes:
        return True
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise UsageError("nothing is taken out without being asked for", hint="Say --yes, or --dry-run to only look")
    return click.confirm(f"Take {found.items} items out for good?", err=True)


def _json(found: Prospect, wish: Wish, gone: int, *, is_dry: bool) -> dict[str, Any]:
    return {
        "before": stamp(wish.before),
        "events": found.events,
        "items": found.items,
        "revisions": found.revisions,
        "bytes": found.bytes,
        "kept": {reason.value: items for reason, items in found.kept},
        "dry_run": is_dry,
        "pruned": gone,
    }


def _tell_shrinking(archive: Archive, more: int = 0) -> None:
    """Say what shrinking would give back, after so many more bytes have come free."""
    size, unused = archive.pruning.size()
    click.echo(f"shrink     about {size_text(min(size, unused + more))} of {size_text(size)} would be given back to the disk")


def _shrink(here: Here, *, is_dry: bool) -> None:
    """Write the archive's file anew without its free room; only say what that would give back if it is dry.

    Raises:
        ArchiveBusy: the service works on it.
        ArchiveError: no room for that.
    """
    if is_dry:
        with here.archive(is_readonly=True) as archive, archive.errors():
            _tell_shrinking(archive)
        return
    with here.archive() as archive, archive.errors(), archive.working():
        before, unused = archive.pruning.size()
        room_for(archive.path.parent, 2 * (before - unused), "shrinking")
        with progress("Shrinking", None):
            archive.pruning.shrink()
        note(f"{archive.path}: {size_text(before)} before, {size_text(archive.pruning.size()[0])} now")
