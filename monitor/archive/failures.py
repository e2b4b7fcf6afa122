"""Turns what SQLite and the file system fail at into our errors. The one place that reads their words."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from monitor.errors import ArchiveBusy, ArchiveError, MonitorError


@contextlib.contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turns errors of SQLite and the file system into ours, naming the file and the next step."""
    try:
        yield
    except (MonitorError, sqlite3.IntegrityError, sqlite3.ProgrammingError):
        raise  # ours already, or a fault of this program that must not be blamed on the file
    except sqlite3.OperationalError as error:
        text = str(error)
        if "locked" in text or "busy" in text:
            raise ArchiveBusy("another process holds the archive", subject=str(path), hint="Try again later") from error
        if "readonly" in text:
            raise ArchiveError("cannot be written: it is read-only", subject=str(path), hint="Check its permissions") from error
        if "full" in text:
            raise ArchiveError("the disk is full", subject=str(path), hint="Free space; nothing committed is lost") from error
        if "I/O" in text:
            raise ArchiveError(
                f"the disk does not do what is asked ({text})",
                subject=str(path),
                hint="Check its room, its health and the limits of this user; nothing committed is lost",
            ) from error
        if "unable to open" in text:
            raise ArchiveError("cannot be opened or made", subject=str(path), hint="Check the folder and permissions") from error
        raise ArchiveError(f"cannot be used ({text})", subject=str(path), hint="Check it with: monitor doctor") from error
    except sqlite3.DatabaseError as error:
        raise ArchiveError(
            f"is damaged or no archive ({error})", subject=str(path), hint="Restore a backup, or move it away"
        ) from error
    except OSError as error:
        raise ArchiveError(
            f"cannot be made or opened ({error.strerror})", subject=str(path), hint="Check the folder and its permissions"
        ) from error
