"""A writer that has to wait for another one says so after a second, and goes on as soon as it can."""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from conftest import ROOT
from test_pruning import a_notice, file

from monitor.archive import Archive, connection
from monitor.archive.connection import transaction
from monitor.errors import ArchiveBusy

BUSY = "The archive is busy; waiting for it.\n"
LINE = '{"source": "meti", "url": "http://x.example/1", "title": "輸出令の改正"}'
WRITERS = (
    ("prune", "--before", "1y", "--query", "告示第1号", "--yes"),
    ("import", "items.jsonl"),
    ("label", a_notice(2).id, "export_control", "no"),
    ("search", "--save", "japan", "lang:ja"),
)


@pytest.fixture
def filled(archive_url: str, tmp_path: Path) -> str:
    with Archive.open(archive_url) as archive:
        file(archive, a_notice(1))
        file(archive, a_notice(2), event="E-bbbbbbbbbb")
    (tmp_path / "items.jsonl").write_text(LINE, encoding="utf-8")
    return archive_url


@contextlib.contextmanager
def held(url: str) -> Iterator[Callable[[], None]]:
    """The archive as another writer holds it; yields what lets it go."""
    with contextlib.closing(sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)) as other:
        other.execute("begin exclusive")
        yield other.rollback


def started(url: str, folder: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "monitor", *arguments, "--archive", url],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "MONITOR_NOW": "2026-05-01T08:00:00Z"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_commands_that_write_say_that_they_wait(filled: str, tmp_path: Path) -> None:
    """Once, in one line on standard error; when the other is done they do their work."""
    with held(filled) as let_go:
        waiting = [started(filled, tmp_path, *arguments) for arguments in WRITERS]
        assert [process.stderr.readline() for process in waiting if process.stderr] == [BUSY] * len(WRITERS)
        let_go()
    ended = [(process.communicate(timeout=60)[1].count(BUSY), process.returncode) for process in waiting]
    assert ended == [(0, 0)] * len(WRITERS)


def test_who_waits_can_be_interrupted(filled: str, tmp_path: Path) -> None:
    """Ctrl-C is heard between two tries, not when all waiting is over."""
    with held(filled), started(filled, tmp_path, *WRITERS[0]) as process:
        assert process.stderr is not None
        assert process.stderr.readline() == BUSY
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 130
        assert process.stderr.read().strip() == "monitor: interrupted"


def test_it_is_told_once_and_waited_for_to_the_end(filled: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who is told may be the one who ends the wait; if nobody does, the archive is busy."""
    monkeypatch.setattr(connection, "_PATIENCE", 0.05)
    monkeypatch.setattr(connection, "WAIT", 0.1)
    told: list[str] = []
    with held(filled) as let_go:
        with pytest.raises(ArchiveBusy):
            Archive.open(filled, on_wait=lambda: told.append("first"))

        def end() -> None:
            told.append("second")
            let_go()

        with Archive.open(filled, on_wait=end) as archive, archive.errors(), transaction(archive._connection):
            assert told == ["first", "second"]


def test_a_change_of_tables_is_waited_for_aloud(filled: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever opens an archive that another process brings to this version is told that it waits."""
    monkeypatch.setattr(connection, "_PATIENCE", 0.1)
    place = Path(filled.removeprefix("sqlite:///") + ".migrate.lock")
    told: list[str] = []
    with place.open("rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)

        def end() -> None:
            told.append("busy")
            fcntl.flock(lock, fcntl.LOCK_UN)

        Archive.open(filled, on_wait=end).close()
    assert told == ["busy"]
