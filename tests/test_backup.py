"""Backup: whole or not there, while others write, without harm to any other file; and the way back."""

from __future__ import annotations

import contextlib
import os
import re
import resource
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import ROOT, Run
from disks import disk_of
from test_pruning import a_notice, file

from monitor.archive import Archive

WRITER = """
import itertools, sys
sys.path[:0] = [{tests!r}, {root!r}]
from test_pruning import a_notice, file
from monitor.archive import Archive
with Archive.open(sys.argv[1]) as archive:
    print("begun", flush=True)
    for number in itertools.count(100):
        file(archive, a_notice(2 * number), a_notice(2 * number + 1))
"""
"""Stores items in pairs, without end."""


@pytest.fixture
def filled(archive_url: str) -> str:
    with Archive.open(archive_url) as archive:
        file(archive, a_notice(1), a_notice(2))
    return archive_url


def is_sound(path: Path) -> bool:
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as copy:
        return (
            copy.execute("pragma integrity_check").fetchall() == [("ok",)]
            and not copy.execute("pragma foreign_key_check").fetchall()
        )


def left(folder: Path) -> list[str]:
    """Files that a backup must not leave behind."""
    return [each.name for each in folder.iterdir() if ".part" in each.name or "-journal" in each.name]


def test_ten_backups_while_another_process_writes_are_whole(run: Run, filled: str, tmp_path: Path) -> None:
    """Each passes the integrity check, holds pairs whole, and no less than the one before."""
    code = WRITER.format(tests=str(ROOT / "tests"), root=str(ROOT))
    with subprocess.Popen([sys.executable, "-c", code, filled], stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        writer.stdout.readline()
        counts = []
        for number in range(10):
            target = tmp_path / f"copy-{number}.db"
            assert run("backup", str(target), "--archive", filled)[0] == 0
            assert is_sound(target)
            with Archive.open(f"sqlite:///{target}", is_readonly=True) as copy:
                counts.append(copy.reading.counts()["items"])
                assert copy.reading.index_faults() == []
        assert writer.poll() is None
        writer.kill()
    assert counts == sorted(counts)
    assert counts[-1] > counts[0]
    assert [count % 2 for count in counts] == [0] * 10
    assert left(tmp_path) == []


def test_a_copy_is_one_file_that_needs_no_writing_to_be_read(run: Run, filled: str, tmp_path: Path) -> None:
    """No log beside it, no more readable than the archive, and its items are counted."""
    Path(filled.removeprefix("sqlite:///")).chmod(0o640)
    folder = tmp_path / "copies"
    folder.mkdir()
    code, out, err = run("backup", str(folder / "a.db"), "--archive", filled)
    assert (code, out) == (0, "")
    assert re.search(r"a\.db: 2 items, sound, \d+\.\d kB$", err)
    assert [each.name for each in folder.iterdir()] == ["a.db"]
    assert (folder / "a.db").stat().st_mode & 0o777 == 0o640
    with contextlib.closing(sqlite3.connect(folder / "a.db")) as copy:
        assert copy.execute("pragma journal_mode").fetchone()[0] == "delete"


def test_only_what_is_ours_is_replaced(run: Run, filled: str, tmp_path: Path) -> None:
    """An earlier backup is; another file only with --force; the archive, or one in use, never."""
    target = tmp_path / "copy.db"
    assert run("backup", str(target), "--archive", filled)[0] == 0
    assert run("backup", str(target), "--archive", filled)[0] == 0
    letter = tmp_path / "letter.txt"
    letter.write_text("Dear Ann")
    code, _, err = run("backup", str(letter), "--archive", filled)
    assert (code, letter.read_text()) == (2, "Dear Ann")
    assert "--force" in err
    assert run("backup", str(letter), "--force", "--archive", filled)[0] == 0
    assert is_sound(letter)
    for link in (tmp_path / "link.db", tmp_path / "hard.db"):
        (link.symlink_to if link.stem == "link" else link.hardlink_to)(filled.removeprefix("sqlite:///"))
        code, _, err = run("backup", str(link), "--force", "--archive", filled)
        assert (code, "that is the archive itself" in err) == (2, True)
    with Archive.open(f"sqlite:///{target}") as live:
        with live.working():
            code, _, err = run("backup", str(target), "--archive", filled)
            assert code == 2
            assert str(os.getpid()) in err
        file(live, a_notice(5))
        code, _, err = run("backup", str(target), "--force", "--archive", filled)
        assert (code, "copy.db-wal is beside it" in err) == (2, True)


def test_dated_copies_rotate(run: Run, filled: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The newest N stay; files with other names are left alone."""
    folder = tmp_path / "copies"
    for day in (1, 2, 3, 4):
        monkeypatch.setenv("MONITOR_NOW", f"2026-05-0{day}T08:00:00Z")
        assert run("backup", str(folder), "--keep", "2", "--archive", filled)[0] == 0
        (folder / "monitor-notes.db").write_text("mine")
    assert sorted(each.name for each in folder.iterdir()) == [
        "monitor-20260503T080000Z.db",
        "monitor-20260504T080000Z.db",
        "monitor-notes.db",
    ]
    assert run("backup", str(folder), "--archive", filled)[0] == 0
    assert len(list(folder.iterdir())) == 3


def test_the_copy_just_made_is_never_removed(run: Run, filled: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Copies of a clock that was ahead are named and left alone; they do not push out those of the right time."""
    folder = tmp_path / "copies"
    for moment in ("2031-01-01T08:00:00Z", *(f"2026-05-0{day}T08:00:00Z" for day in (1, 2, 3))):
        monkeypatch.setenv("MONITOR_NOW", moment)
        code, _, err = run("backup", str(folder), "--keep", "2", "--archive", filled)
        assert code == 0
    ahead = "monitor-20310101T080000Z.db"
    assert f"{ahead}: bears a later time than now" in err
    kept = sorted(each.name for each in folder.iterdir())
    assert kept == ["monitor-20260502T080000Z.db", "monitor-20260503T080000Z.db", ahead]


def test_a_slash_says_folder(run: Run, filled: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Though it is not there yet; without one the name is that of a file."""
    monkeypatch.setenv("MONITOR_NOW", "2026-05-01T08:00:00Z")
    assert run("backup", f"{tmp_path}/new/", "--archive", filled)[0] == 0
    assert run("backup", f"{tmp_path}/file", "--archive", filled)[0] == 0
    assert (tmp_path / "new" / "monitor-20260501T080000Z.db").is_file()
    assert (tmp_path / "file").is_file()


@pytest.mark.parametrize(
    ("arguments", "code", "word"),
    [
        ([], 2, "Missing argument"),
        (["/proc/none/copy.db"], 7, "/proc/none"),
        (["copy.db", "--keep", "0"], 2, "--keep"),
        (["copy.db", "--archive", "sqlite:///none.db"], 7, "there is no archive yet"),
    ],
)
def test_wrong_use_is_one_clear_line(
    run: Run, filled: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], code: int, word: str
) -> None:
    monkeypatch.chdir(tmp_path)
    found, out, err = run("backup", *(arguments if "--archive" in arguments else [*arguments, "--archive", filled]))
    assert (found, out) == (code, "")
    assert word in err
    assert "Traceback" not in err


def test_an_empty_archive_and_an_older_one_can_be_copied(run: Run, archive_url: str, tmp_path: Path) -> None:
    """So that there is a backup before an upgrade, with whichever version it is made."""
    Archive.open(archive_url).close()
    assert run("backup", str(tmp_path / "empty.db"), "--archive", archive_url)[0] == 0
    with contextlib.closing(sqlite3.connect(archive_url.removeprefix("sqlite:///"))) as connection, connection:
        connection.execute("delete from _sqlite_migrations where name = 'm006_house'")
    code, _, err = run("backup", str(tmp_path / "older.db"), "--archive", archive_url)
    assert (code, "older.db: sound" in err) == (0, True)


def limited(limit: int, *arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """A command whose files may not grow beyond `limit` bytes."""
    return subprocess.run(
        [sys.executable, "-m", "monitor", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
    )


def test_a_copy_that_may_not_grow_leaves_nothing(filled: str, tmp_path: Path) -> None:
    """One clear line with code 7; the earlier copy of that name is as it was."""
    folder = tmp_path / "copies"
    folder.mkdir()
    target = folder / "copy.db"
    shutil.copy(filled.removeprefix("sqlite:///"), target)
    before = target.read_bytes()
    done = limited(65536, "backup", str(target), "--archive", filled, folder=tmp_path)
    assert done.returncode == 7
    assert len(done.stderr.splitlines()) == 1
    assert str(target) in done.stderr
    assert [each.name for each in folder.iterdir()] == ["copy.db"]
    assert target.read_bytes() == before


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk with room for little."""
    with disk_of(tmp_path / "disk", "1400k") as folder:
        yield folder


def test_a_full_disk_is_told_before_and_during(run: Run, filled: str, tmp_path: Path, small_disk: Path) -> None:
    """Too little room is seen before a page is copied; if it fills up meanwhile, nothing is left of the copy."""
    target = small_disk / "copy.db"
    (small_disk / "ballast").write_bytes(b"x" * (1400 * 1024 - 200_000))
    code, out, err = run("backup", str(target), "--archive", filled)
    assert (code, out) == (7, "")
    assert "the disk is full: the copy needs" in err
    assert run("backup", str(small_disk / "new"), "--keep", "3", "--archive", filled)[0] == 7  # nor is a folder left
    with Archive.open(filled, is_readonly=True) as archive, pytest.raises(Exception, match="the disk is full"):
        archive.backup(small_disk / "half.db")
    assert [each.name for each in small_disk.iterdir()] == ["ballast"]
    (small_disk / "ballast").unlink()
    assert run("backup", str(target), "--archive", filled)[0] == 0
    assert is_sound(target)


def test_what_a_killed_backup_left_goes_with_the_next(run: Run, filled: str, tmp_path: Path) -> None:
    """Parts of processes that are gone are removed; those of others at work are not."""
    gone = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, text=True, check=True)
    dead = tmp_path / f".copy.db.{gone.stdout.strip()}.part"
    alive = tmp_path / f".copy.db.{os.getppid()}.part"
    for part in (dead, alive):
        part.write_text("half")
    assert run("backup", str(tmp_path / "copy.db"), "--archive", filled)[0] == 0
    assert (dead.exists(), alive.exists()) == (False, True)


def test_a_backup_restores_what_there_was(run: Run, filled: str, tmp_path: Path) -> None:
    """As docs/operate.md says: put in the place of a lost archive, it is found sound, searched and written."""
    path = Path(filled.removeprefix("sqlite:///"))
    run("backup", str(tmp_path / "backup.db"), "--archive", filled)
    for each in tmp_path.glob("monitor.db*"):
        each.rename(each.with_name("broken-" + each.name))
    shutil.copy(tmp_path / "backup.db", path)
    assert run("search", "告示", "--format", "ids", "--archive", filled)[1].count("\n") == 2
    with Archive.open(filled) as archive:
        file(archive, a_notice(3))
        assert archive.reading.integrity() == archive.reading.index_faults() == []
        assert archive.reading.counts()["items"] == 3


def emptied(url: str) -> str:
    """The archive's place with an archive without items in it, as after a poll into a disk that was not mounted."""
    path = Path(url.removeprefix("sqlite:///"))
    for each in path.parent.glob(path.name + "*"):
        each.unlink()
    Archive.open(url).close()
    return url


def test_an_empty_archive_pushes_no_copy_out(run: Run, filled: str, tmp_path: Path) -> None:
    """Neither a dated one nor one of the same name; with --force it does."""
    folder = tmp_path / "copies"
    assert run("backup", str(folder), "--keep", "1", "--archive", filled)[0] == 0
    assert run("backup", str(tmp_path / "copy.db"), "--archive", filled)[0] == 0
    kept = [each.name for each in folder.iterdir()]
    emptied(filled)
    for target in ([str(folder), "--keep", "1"], [str(tmp_path / "copy.db")]):
        code, _, err = run("backup", *target, "--archive", filled)
        assert code == 7
        assert "has no items, and the earlier copy" in err
    assert [each.name for each in folder.iterdir()] == kept
    assert run("backup", str(tmp_path / "copy.db"), "--force", "--archive", filled)[0] == 0
    assert run("backup", str(tmp_path / "copy.db"), "--archive", filled)[0] == 0  # there is nothing more to lose
