"""Copies an archive while others write to it, and never writes to the original. A copy is one file, whole or not there."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

from monitor.archive.failures import translated

_PAGES = 4096
"""Pages that are copied between two looks at progress and interrupts: 16 MiB."""
_BESIDE = ("", "-journal", "-wal", "-shm")
"""What SQLite keeps under the name of a file."""

_PUBLIC = 0x4D6F5075
"""The application id, in the header of the file, of a copy to show."""


def copy(source: sqlite3.Connection, target: Path, on_pages: Callable[[int, int], None] = lambda _done, _total: None) -> None:
    """A copy of the archive as it is at this moment, in a file that is not there yet; as private as the original.

    Raises:
        ArchiveError: the target cannot be written; nothing is left of it.
    """
    with translated(target), _whole(target), contextlib.closing(sqlite3.connect(target)) as made:
        # no journal: what is half written is thrown away, not rolled back
        made.execute("pragma journal_mode = off")
        with _held(source):
            source.backup(
                made, pages=_PAGES, progress=lambda _status, remaining, total: on_pages(total - remaining, total), sleep=0
            )
        # a copy in WAL mode needs a folder that can be written even to be read
        made.execute("pragma journal_mode = delete")
        flush(target)


def mark(connection: sqlite3.Connection) -> None:
    """Say in the file itself that it is a copy to show."""
    connection.execute(f"pragma application_id = {_PUBLIC}")


def is_marked(connection: sqlite3.Connection) -> bool:
    """True if the file says that it is a copy to show."""
    return bool(connection.execute("pragma application_id").fetchone()[0] == _PUBLIC)


def remove(path: Path) -> None:
    """Remove a database file with what SQLite keeps beside it, as far as it is there."""
    for end in _BESIDE:
        path.with_name(path.name + end).unlink(missing_ok=True)


@contextlib.contextmanager
def _whole(target: Path) -> Iterator[None]:
    """Leaves nothing of the target behind unless the block ends well."""
    os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    try:
        yield
    except BaseException:
        remove(target)
        raise


@contextlib.contextmanager
def _held(source: sqlite3.Connection) -> Iterator[None]:
    """Holds what is read as it is now: without that, a copy in steps begins anew whenever somebody writes."""
    source.execute("begin")
    try:
        source.execute("select 1 from sqlite_master limit 1").fetchone()
        yield
    finally:
        source.execute("rollback")


def flush(path: Path) -> None:
    """Have the disk take a file in before it is given its name."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
