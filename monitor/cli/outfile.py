"""Files that a command writes: whole or not at all, and never in the place of the archive, the configuration or another database."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from monitor.cli.options import Here
from monitor.errors import UsageError

_DATABASES = (b"SQLite format 3\0", b"\x37\x7f\x06\x82", b"\x37\x7f\x06\x83")
"""How files of SQLite begin: a database, and its log of either byte order. Source: https://www.sqlite.org/fileformat.html"""

_COMPANIONS = ("-wal", "-shm", "-journal")
"""Ends of the names of files that are part of a database."""


@contextlib.contextmanager
def beside(out: str, here: Here) -> Iterator[Path]:
    """A path beside a file, which takes the file's place if the block ends well and is gone if it does not.

    Raises:
        UsageError: it cannot be written, or would replace what is no output.
    """
    target = Path(out).resolve()  # a link stays what it is
    if target.exists() and not target.is_file():
        raise UsageError(f"{out} is no ordinary file", hint="Name a file, or leave --out away for standard output")
    path = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        _refuse(out, target, here)
        yield path
        if target.exists():
            shutil.copymode(target, path)  # what only its owner could read stays so
        path.replace(target)
    except OSError as error:
        if isinstance(error, BrokenPipeError):
            raise
        raise UsageError(
            f"{out} cannot be written ({error.strerror or error})", hint="Check the folder and its free space"
        ) from error
    finally:
        path.unlink(missing_ok=True)


def _refuse(out: str, target: Path, here: Here) -> None:
    """Refuse what must not be replaced.

    Raises:
        UsageError: the archive, what belongs to it, another database, or the configuration.
    """
    from monitor.archive.connection import path_of

    archive = path_of(here.url()).resolve()
    if target in (archive, *(archive.with_name(archive.name + each) for each in _COMPANIONS)):
        raise UsageError(f"{out} is the archive itself", hint="Name another file")
    if not target.exists():
        return
    if here.path().exists() and target.samefile(here.path()):
        raise UsageError(f"{out} is the configuration", hint="Name another file")
    with target.open("rb") as stream:
        if stream.read(16).startswith(_DATABASES):
            raise UsageError(f"{out} is a database", hint="Name another file, or take that one away first")
