"""Opens the SQLite file and gives transactions. One writer at a time, many readers (WAL)."""

from __future__ import annotations

import contextlib
import fcntl
import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from monitor.archive import copying, fields
from monitor.archive.failures import translated
from monitor.errors import ArchiveBusy, ArchiveError, UsageError

STEPS = ("m001_first", "m002_intake", "m003_events", "m004_measures", "m005_delivery", "m006_house", "m007_search")
"""Names of the steps in schema/, known here so that reading need not import what writing needs."""
_CACHE = 32 << 20
"""Bytes of pages that a writer keeps: eight indexes of ids and hashes are written at random places."""
WAIT = 30.0
"""Seconds that a writer waits for another before it gives up."""
_PATIENCE = 1.0
"""Seconds that a writer waits before it says so; between two tries of that length Ctrl-C is heard."""
_LOOKS, _LOOK = 3, 0.05
"""Times, and seconds between them, that an impatient lock is tried: doctor holds it for an instant to see whether it is free."""


class _Writer(sqlite3.Connection):
    """A connection that can say that it waits for another writer."""

    on_wait: Callable[[], None] | None = None  # called at the first wait that takes long; None: it waits in silence


def path_of(url: str) -> Path:
    """The file of an archive URL such as sqlite:///data/monitor.db (four slashes for an absolute path).

    Raises:
        UsageError: another kind of URL.
    """
    prefix = "sqlite:///"
    if not url.startswith(prefix) or len(url) == len(prefix):
        raise UsageError(f"cannot use the archive {url!r}", hint="An archive is named like sqlite:///data/monitor.db")
    return Path(url.removeprefix(prefix)).expanduser()


def open_for_writing(path: Path, on_wait: Callable[[], None] | None = None, *, may_make: bool = True) -> sqlite3.Connection:
    """A connection that may write; the file and its folder are made where they are missing.

    Args:
        on_wait: called once, when another writer has been waited for for a second; None: it waits in silence.
        may_make: if not, an archive has to be there already.

    Raises:
        UsageError: it is a folder.
        ArchiveError: absent and not to be made, cannot be made, opened or written, or is no archive.
        ArchiveBusy: another process holds it.
    """
    _refuse_folder(path)
    if not may_make:
        _refuse_absent(path)
    with translated(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        connection = _connect(path)
        try:
            if isinstance(connection, _Writer):
                connection.on_wait = on_wait
            _refuse_strangers(connection, path)
            if not may_make:
                _refuse_empty(connection, path)
            connection.execute("pragma journal_mode = wal")
            # FULL: once Slack has an alert, or a server an acknowledged ETag, a power cut must not take the commit back
            connection.execute("pragma synchronous = full")
            connection.execute(f"pragma cache_size = -{_CACHE >> 10}")
            with _lock(path, "migrate", on_wait=on_wait):
                if lacking(connection):
                    from monitor.archive import schema  # it imports sqlite-utils, which takes longer than all the rest

                    _keep_copy(connection, path)
                    with transaction(connection):  # killed half way, it is as old as it was
                        schema.migrate(connection)
            with transaction(connection):  # a read-only file shows itself here, not at the first item
                connection.execute("pragma user_version = 1")
        except BaseException:
            connection.close()
            raise
    return connection


def open_for_reading(
    path: Path, *, wait: float | None = None, is_any_age: bool = False, is_anothers: bool = False
) -> sqlite3.Connection:
    """A connection that cannot write; works on a read-only file.

    Args:
        wait: seconds that it waits for others before it gives up; None: WAIT.
        is_any_age: archives of older versions are opened, too.
        is_anothers: not even what readers share is made beside it, unless somebody has it open.

    Raises:
        UsageError: it is a folder.
        ArchiveError: absent, no archive, or older than this program and so in need of a writer first.
    """
    _refuse_folder(path)
    _refuse_absent(path)
    with translated(path):
        connection = _connect(path, is_readonly=True, wait=wait, is_anothers=is_anothers)
        try:
            _refuse_strangers(connection, path)
            _refuse_empty(connection, path)
            if lacking(connection) and not is_any_age:
                raise ArchiveError(
                    "was written by an older version of this program", subject=str(path), hint="Bring it here with: monitor poll"
                )
        except BaseException:
            connection.close()
            raise
    return connection


@contextlib.contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """All or nothing; takes the write lock at once, so that two writers queue instead of failing half way."""
    _begin(connection)
    try:
        yield
    except BaseException:
        with contextlib.suppress(sqlite3.Error):
            connection.execute("rollback")
        raise
    connection.execute("commit")


def _begin(connection: sqlite3.Connection) -> None:
    """Take the write lock; a writer that can say that it waits does so."""
    if not isinstance(connection, _Writer) or connection.on_wait is None:
        connection.execute("begin immediate")
        return
    until = time.monotonic() + WAIT
    connection.execute(f"pragma busy_timeout = {1000 * _PATIENCE:.0f}")
    try:
        while True:
            try:
                connection.execute("begin immediate")
                return
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() >= until:
                    raise
            if connection.on_wait is not None:
                connection.on_wait()
                connection.on_wait = None
    finally:
        connection.execute(f"pragma busy_timeout = {1000 * WAIT:.0f}")


@contextlib.contextmanager
def sole_worker(path: Path) -> Iterator[None]:
    """Holds the archive for the jobs: intake, judgement and delivery of two processes would tell things twice.

    The lock is the kernel's and goes with the process, so a killed one never blocks the next.

    Raises:
        ArchiveBusy: another process has it.
    """
    with _lock(path, "worker", is_patient=False):
        yield


@contextlib.contextmanager
def sole_importer(path: Path) -> Iterator[None]:
    """Holds the place beside the archive where another one is copied to.

    Raises:
        ArchiveBusy: another process has it.
    """
    with _lock(path, "import", is_patient=False):
        yield


def worker(path: Path) -> str | None:
    """The process that holds the archive for the jobs, "unknown" if it does not say; None: nobody does.

    Raises:
        ArchiveError: the lock cannot be looked at.
    """
    place = path.with_name(f"{path.name}.worker.lock")
    if not place.exists():
        return None
    with translated(place), place.open("rb") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)  # let go at once; who takes it just then tries again (_lock)
        except BlockingIOError:
            return lock.read(32).decode("ascii", "replace").strip() or "unknown"
    return None


def _connect(
    path: Path, *, is_readonly: bool = False, wait: float | None = None, is_anothers: bool = False
) -> sqlite3.Connection:
    timeout = WAIT if wait is None else wait
    if is_readonly:
        # immutable only where the WAL cannot, or is not to be, shared, and without a live writer
        is_immutable = (is_anothers or not os.access(path.parent, os.W_OK)) and not path.with_name(path.name + "-wal").exists()
        mode = "mode=ro&immutable=1" if is_immutable else "mode=ro"
        connection = sqlite3.connect(f"{path.resolve().as_uri()}?{mode}", uri=True, timeout=timeout, isolation_level=None)
    else:
        connection = sqlite3.connect(path, timeout=timeout, isolation_level=None, factory=_Writer)
    connection.row_factory = sqlite3.Row
    connection.execute("pragma foreign_keys = on")
    connection.create_function("holds", 5, _holds, deterministic=True)
    fields.equip(connection)
    return connection


def _holds(title: str, summary: str, body: str | None, text: str, is_prefix: int) -> bool:
    """For what the index alone cannot be sure of (monitor.tokens)."""
    from monitor.tokens import contains, normal

    return any(contains(normal(each), text, is_prefix=bool(is_prefix)) for each in (title, f"{summary} {body or ''}"))


def _refuse_folder(path: Path) -> None:
    if path.is_dir():
        raise UsageError("is a folder, not an archive", subject=str(path), hint=f"Name a file: sqlite:///{path / 'monitor.db'}")


def _refuse_absent(path: Path) -> None:
    if not path.exists():
        raise ArchiveError("there is no archive yet", subject=str(path), hint="Fill it with: monitor poll (or try: monitor demo)")


def _refuse_empty(connection: sqlite3.Connection, path: Path) -> None:
    if _is_empty(connection):
        raise ArchiveError("is empty", subject=str(path), hint="Fill it with: monitor poll")


def _refuse_strangers(connection: sqlite3.Connection, path: Path) -> None:
    """Leave a file alone that another program wrote, or a newer version of this one."""
    if _is_empty(connection):
        return
    steps = _steps(connection)
    if steps is None:
        raise ArchiveError("is a database, but not an archive of this program", subject=str(path))
    if steps - set(STEPS):
        raise ArchiveError(
            f"was written by a newer version of this program (step {min(steps - set(STEPS))})",
            subject=str(path),
            hint="Install the newer version, or use another archive",
        )


def _steps(connection: sqlite3.Connection) -> set[str] | None:
    """The steps that the archive has been through; None if it is none of ours."""
    query = "select name from sqlite_master where type = 'table' and name = '_sqlite_migrations'"
    if connection.execute(query).fetchone() is None:
        return None
    rows = connection.execute("select name from _sqlite_migrations where migration_set = 'archive'")
    return {row["name"] for row in rows}


def lacking(connection: sqlite3.Connection) -> list[str]:
    """Steps that the archive has not been through yet, in order."""
    done = _steps(connection) or set()
    return [step for step in STEPS if step not in done]


def _is_empty(connection: sqlite3.Connection) -> bool:
    return connection.execute("select 1 from sqlite_master limit 1").fetchone() is None


def _keep_copy(connection: sqlite3.Connection, path: Path) -> None:
    """Before the tables of a filled archive change, what was there is kept beside it: whole, or as the last change left it."""
    if _is_empty(connection):
        return
    part = path.with_name(path.name + ".before-migration.part")
    copying.remove(part)  # of one that was killed
    copying.copy(connection, part)
    part.replace(part.with_suffix(""))


@contextlib.contextmanager
def _lock(path: Path, name: str, *, is_patient: bool = True, on_wait: Callable[[], None] | None = None) -> Iterator[None]:
    place = path.with_name(f"{path.name}.{name}.lock")
    try:
        handle = os.open(place, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise ArchiveError(
            f"cannot be locked ({error.strerror})", subject=str(path), hint="The folder must be writable"
        ) from error
    try:
        try:
            _take(handle, is_patient=is_patient, on_wait=on_wait)
        except BlockingIOError as error:
            holder = os.pread(handle, 32, 0).decode("ascii", "replace").strip()
            raise ArchiveBusy(
                f"another monitor (process {holder or 'unknown'}) is working on this archive",
                subject=str(path),
                hint="Stop it first, or let it do the work",
            ) from error
        if not is_patient:
            os.truncate(handle, 0)
            os.pwrite(handle, str(os.getpid()).encode("ascii"), 0)
        yield
    finally:
        os.close(handle)


def _take(handle: int, *, is_patient: bool, on_wait: Callable[[], None] | None) -> None:
    """Lock an open file.

    Args:
        on_wait: called when a patient lock has been waited for for a second; None: nobody is told.

    Raises:
        BlockingIOError: another process has it, and not just to look who does.
    """
    looks = _LOOKS if not is_patient else 0 if on_wait is None else round(_PATIENCE / _LOOK)
    for _ in range(looks):
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        time.sleep(_LOOK)
    if is_patient and on_wait is not None:
        on_wait()
    fcntl.flock(handle, fcntl.LOCK_EX if is_patient else fcntl.LOCK_EX | fcntl.LOCK_NB)
