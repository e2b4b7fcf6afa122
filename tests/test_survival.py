"""What is kept survives: a kill in the middle of a migration, a full disk, a foreign hand on the file; and any search whatever.

What the service does when its archive is locked, read-only or without room is in test_rounds.py; kills at work are in
test_end_to_end.py and test_chaos.py.
"""

from __future__ import annotations

import contextlib
import os
import random
import sqlite3
import string
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from builders import NOW, an_item, rss
from conftest import ROOT, Run
from disks import disk_of
from fakes import Answer, Site
from test_pruning import a_notice, file
from test_rounds import NO_ROOT

from monitor.archive import Archive, schema
from monitor.archive.connection import STEPS
from monitor.tokens import index_texts

OPENER = """
import sys
from monitor.archive import Archive, schema  # what takes its time is loaded before it counts
print("ready", flush=True)
sys.stdin.readline()
Archive.open(sys.argv[1]).close()
print("done", flush=True)
"""
ITEMS = 4000
CONFIG = """\
version: 1
network: {{allow_private: ["127.0.0.0/8"], per_host: {{delay: 0s}}, timeout: 5s}}
sources:
  - {{id: wire, type: feed, url: "{base}/wire", country: US, lang: en, tier: wire}}
"""


@pytest.fixture(scope="module")
def first_archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive of the first version with so many items that bringing it here takes a while."""
    path = tmp_path_factory.mktemp("old") / "old.db"
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as old:
        old.execute("pragma journal_mode = wal")
        schema.migrate(old, before=STEPS[1])
        old.execute("begin")
        for number in range(1, ITEMS + 1):
            item = an_item(key=str(number), title=f"輸出管理の告示 {number}")
            event = f"E-{item.id[2:12]}"
            old.execute(
                "insert into items (n, id, source, key, title, summary, first_seen, moment, lang, tier, stated, is_backlog, fingerprint,"
                " judged_at, filed_at, event, stage, linked_by, country, step, model) values (?, ?, ?, ?, ?, '', '2024-01-01T00:00:00Z',"
                " '2024-01-01T00:00:00Z', 'ja', 'official', '{}', 0, 'x', '2024-01-01T00:00:00Z', '2024-01-01T00:00:00Z', ?, 'final',"
                " '[]', 'JP', '公布', 'old')",
                [number, item.id, item.source, item.key, item.title, event],
            )
            old.execute("insert into item_search (rowid, title, summary) values (?, ?, '')", [number, index_texts(item.title)[0]])
            old.execute("insert into events values (?, '2024-01-01T00:00:00Z', '2024-01-01T00:00:00Z', 'final', '公布')", [event])
            old.execute(
                "insert into alerts (rule, item, event, channel, state, reason, decided_at)"
                " values ('now', ?, ?, 'console', 'waiting', '', '2024-01-01T00:00:00Z')",
                [item.id, event],
            )
            old.execute("insert into labels values (?, 'export_control', 1, '2024-01-01T00:00:00Z', 'ann', 'cli')", [item.id])
        old.execute("commit")
        old.execute("pragma wal_checkpoint(truncate)")
    return path


def opening(url: str) -> subprocess.Popen[str]:
    """A process that is about to open an archive, when a line is sent to it."""
    process = subprocess.Popen(
        [sys.executable, "-c", OPENER, url],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert process.stdout is not None
    process.stdout.readline()
    return process


def go(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def test_a_kill_in_the_middle_of_a_migration_loses_nothing(first_archive: Path, tmp_path: Path) -> None:
    """Ten kills at moments spread over it: the archive is as it was or as it shall be, then opens and has everything; the copy is whole."""
    chance = random.Random(5)
    whole = tmp_path / "whole.db"
    whole.write_bytes(first_archive.read_bytes())
    with opening(f"sqlite:///{whole}") as process:
        began = time.monotonic()
        go(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "done\n"
        took = time.monotonic() - began
    outcomes = []
    for number in range(10):
        path = tmp_path / f"killed-{number}.db"
        path.write_bytes(first_archive.read_bytes())
        with opening(f"sqlite:///{path}") as process:
            go(process)
            time.sleep(took * (number + chance.random()) / 10)  # the moment of the kill is what is tried
            process.kill()
        outcomes.append(state_of(path))
        with Archive.open(f"sqlite:///{path}") as archive:
            assert archive.lacking() == []
            counts = archive.reading.counts()
            assert {name: counts[name] for name in ("items", "events", "alerts", "labels")} == dict.fromkeys(
                ("items", "events", "alerts", "labels"), ITEMS
            )
            assert archive.reading.integrity() == archive.reading.index_faults() == []
        assert state_of(Path(f"{path}.before-migration")) == "before"
        assert not Path(f"{path}.before-migration.part").exists()
    assert set(outcomes) <= {"before", "after"}
    assert "before" in outcomes


def killed(chance: random.Random, folder: Path, url: str, *arguments: str) -> None:
    """A command that is killed at some moment, most likely at work."""
    with subprocess.Popen(
        [sys.executable, "-m", "monitor", *arguments, "--archive", url],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        time.sleep(0.5 + 2 * chance.random())
        process.kill()


def test_an_import_and_a_pruning_that_are_killed_go_on(run: Run, first_archive: Path, archive_url: str, tmp_path: Path) -> None:
    """Five kills each: after every one the archive is sound and its index agrees; in the end all came, and all went, once."""
    chance = random.Random(11)
    wish = ["prune", "--before", "1y", "--also", "told", "--also", "labelled", "--yes"]
    for arguments, left in ((["import", str(first_archive)], ITEMS), (wish, 0)):
        counts = []
        for _ in range(5):
            killed(chance, tmp_path, archive_url, *arguments)
            with Archive.open(archive_url) as archive:
                counts.append(archive.reading.counts()["items"])
                assert archive.reading.integrity() == archive.reading.index_faults() == []
        assert counts == sorted(counts, reverse=left == 0)
        assert run(*arguments, "--archive", archive_url)[0] == 0
        with Archive.open(archive_url) as archive:
            counted = archive.reading.counts()
            assert (counted["items"], counted["events"], counted["labels"]) == (left, left, left)
            assert archive.reading.integrity() == archive.reading.index_faults() == []
    assert list(tmp_path.glob("*.import")) == []


def state_of(path: Path) -> str:
    """before, after, or between, by the steps that an archive has been through; it is sound."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        assert connection.execute("pragma integrity_check").fetchall() == [("ok",)]
        done = {row[0] for row in connection.execute("select name from _sqlite_migrations")}
        assert connection.execute("select count(*) from items").fetchone() == (ITEMS,)
    return {1: "before", len(STEPS): "after"}.get(len(done), "between")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk with room for little."""
    with disk_of(tmp_path / "disk", "2m") as folder:
        yield folder


def test_a_full_disk_is_one_clear_line_and_nothing_is_lost(
    run: Run, small_disk: Path, site: Site, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Each command says so with code 7; reading goes on; when there is room again, all that the source tells arrives once."""
    (tmp_path / "feeds.yaml").write_text(CONFIG.format(base=site.base), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MONITOR_ARCHIVE", f"sqlite:///{small_disk / 'a.db'}")
    site.pages["/wire"] = Answer(rss(("0", "Gallium works of Dunmere to close", "")))
    assert run("poll")[0] == 0
    text = " ".join(f"word{number} of a long story" for number in range(400))
    site.pages["/wire"] = Answer(rss(*((str(n), f"Gallium works number {n} to close", f"{n} {text}") for n in range(200))))
    free = os.statvfs(small_disk)
    (small_disk / "ballast").write_bytes(b"x" * (free.f_bavail * free.f_frsize - 64 * 1024))
    for arguments in (["poll"], ["prune", "--shrink"], ["import", str(lines(tmp_path))]):
        code, out, err = run(*arguments)
        assert (code, out) == (7, ""), err
        assert "the disk is full" in err
        assert "Traceback" not in err
        assert len([line for line in err.splitlines() if line.startswith("monitor:")]) == 1
    assert run("search", "Dunmere", "--format", "ids")[1].count("\n") == 1
    assert '"items": 1' in run("status", "--json")[1]
    assert "warn  disk" in run("doctor")[1]
    (small_disk / "ballast").unlink()
    subprocess.run(["mount", "-o", "remount,size=64m", str(small_disk)], check=True)
    assert run("poll")[0] == 0
    assert run("search", "number", "--limit", "999", "--format", "ids")[1].count("\n") == 200
    with Archive.open(f"sqlite:///{small_disk / 'a.db'}", is_readonly=True) as archive:
        assert archive.reading.integrity() == archive.reading.index_faults() == []


def lines(folder: Path) -> Path:
    path = folder / "items.jsonl"
    line = '{{"source": "x", "title": "Story {0}", "url": "http://x.example/{0}", "summary": "{1}"}}\n'
    path.write_text("".join(line.format(n, f"long text {n} " * 400) for n in range(400)))
    return path


def test_without_room_for_the_copy_an_old_archive_stays_as_it_is(first_archive: Path, small_disk: Path) -> None:
    """One clear error, nothing half beside it; with room it is brought here."""
    path = small_disk / "old.db"
    subprocess.run(["mount", "-o", f"remount,size={first_archive.stat().st_size * 3 // 2 >> 10}k", str(small_disk)], check=True)
    path.write_bytes(first_archive.read_bytes())
    with pytest.raises(Exception, match="the disk is full"):
        Archive.open(f"sqlite:///{path}")
    assert [each.name for each in small_disk.iterdir() if "before" in each.name] == []
    assert state_of(path) == "before"
    subprocess.run(["mount", "-o", "remount,size=200m", str(small_disk)], check=True)
    with Archive.open(f"sqlite:///{path}") as archive:
        assert archive.reading.counts()["items"] == ITEMS


@pytest.mark.parametrize("is_folder_closed", [False, True])
def test_a_read_only_archive_can_be_read_by_every_command_that_reads(
    archive_url: str, tmp_path: Path, is_folder_closed: bool
) -> None:
    """Those that write say so in one line with code 7, and nothing of it changes; doctor names it; a backup is made elsewhere."""
    path = Path(archive_url.removeprefix("sqlite:///"))
    folder = tmp_path / "kept"
    folder.mkdir()
    with Archive.open(archive_url) as archive:
        file(archive, a_notice(1))
    with Archive.open_anothers(path) as archive:
        archive.backup(folder / path.name)
    before = (folder / path.name).read_bytes()
    (tmp_path / "feeds.yaml").write_text("version: 1\n")
    (folder / path.name).chmod(0o444)
    folder.chmod(0o555 if is_folder_closed else 0o755)

    def run(*arguments: str) -> tuple[int, str]:
        done = subprocess.run(
            [sys.executable, "-c", NO_ROOT, "-m", "monitor", *arguments, "--archive", f"sqlite:///{folder / path.name}"],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert "Traceback" not in done.stderr
        return done.returncode, done.stdout + done.stderr

    try:
        for arguments in (["search", "告示"], ["show", a_notice(1).id], ["status"], ["prune", "--before", "1y", "--dry-run"]):
            assert run(*arguments)[0] == 0, arguments
        assert run("backup", str(tmp_path / "copy.db"))[0] == 0
        code, said = run("doctor")
        assert code == 7
        assert "fail  disk" in said
        for arguments in (
            ["poll"],
            ["deliver"],
            ["prune", "--before", "1y", "--yes"],
            ["prune", "--shrink"],
            ["import", str(lines(tmp_path))],
            ["label", a_notice(1).id, "export_control", "yes"],
        ):
            code, said = run(*arguments)
            assert (code, len(said.splitlines())) == (7, 1), (arguments, said)
            assert path.name in said
    finally:
        folder.chmod(0o755)
    assert (folder / path.name).read_bytes() == before


def test_a_locked_archive_is_waited_for_and_then_named(
    run: Run, archive_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While another process holds it, what writes ends with 7 and a clear word; what reads goes on; nothing is half done."""
    monkeypatch.setattr("monitor.archive.connection.WAIT", 0.05)
    (tmp_path / "feeds.yaml").write_text("version: 1\n")
    monkeypatch.chdir(tmp_path)
    with Archive.open(archive_url) as archive:
        file(archive, a_notice(1))
        archive._connection.execute("begin exclusive")
        for arguments in (["prune", "--before", "1y", "--yes"], ["import", str(lines(tmp_path))], ["poll"], ["deliver"]):
            code, out, err = run(*arguments, "--archive", archive_url)
            assert (code, out) == (7, ""), arguments
            assert "another process holds the archive" in err
        for arguments in (["search", "告示", "--format", "ids"], ["backup", str(tmp_path / "copy.db")], ["status"]):
            assert run(*arguments, "--archive", archive_url)[0] == 0, arguments
        archive._connection.execute("rollback")
        assert archive.reading.counts()["items"] == 1


def test_locks_that_the_dead_left_hold_up_nobody(archive_url: str) -> None:
    """A lock is the kernel's, not the file's: files with the numbers of dead or foreign processes mean nothing."""
    path = Path(archive_url.removeprefix("sqlite:///"))
    for name in ("worker", "migrate", "import"):
        path.with_name(f"{path.name}.{name}.lock").write_text("1")
    with Archive.open(archive_url) as archive, archive.working(), archive.importing():
        assert archive.worker() == str(os.getpid())
    with Archive.open(archive_url) as archive:
        assert archive.worker() is None


HARD = [
    "", " ", '"', '""', "*", "a*b", "NEAR(a b)", "NEAR/5", "a NEAR b", "AND", "OR", "NOT", "a AND", "^a", "a:b", "title:x",
    "{a b}:c", "+a", "(", "()", ")", "-", "--", "-a", "a -", "'", "'; drop table items; --", "\0", "a\0b", "輸", "輸出", "、",
    "。", "ー", "a" * 10_000, "輸" * 10_000, "(" * 500, "a OR " * 2000, "\u202e", "\x1b[31m", "\ud800", "item_search",
    "rowid:1", "theme:", "score:>=", "since:99999999d", "since:0000", "deadline:-1d", "%", "_", "?", "?1", ":q", "$x", "@x",
    "\\", "\n", "\t", "🇯🇵", "ﬁ", "ｆｕｌｌ", "İ", "ß", "cfr:15/744*", "a*", "*a", '"a', 'a"', '"a" "b', "E-", "event:*",
]  # fmt: skip


def test_every_search_is_answered_or_is_a_clear_error(run: Run, archive_url: str) -> None:
    """What is hard for a full-text engine, and a thousand strings of its own alphabet: 0 or 2, never a word of the engine."""
    with Archive.open(archive_url) as archive:
        file(archive, a_notice(1), a_notice(2))
    chance = random.Random(7)
    alphabet = string.ascii_letters[:6] + ' "*^():-+{}^NEARORANDNOT\t輸出管理令、。\0\u200b' + "theme:score:since:7d"
    wild = ["".join(chance.choice(alphabet) for _ in range(chance.randint(1, 24))) for _ in range(1000)]
    for text in HARD + wild:
        code, _, err = run("search", "--archive", archive_url, "--format", "ids", "--", text)
        assert code in (0, 2), (text, err)
        for word in ("fts5", "sqlite", "Traceback", "internal error", "malformed", "no such"):
            assert word not in err, (text, err)
        assert "\0" not in err
        assert "\x1b" not in err
    with Archive.open(archive_url) as archive:
        assert archive.reading.counts()["items"] == 2
        assert archive.reading.integrity() == []
        assert archive.reading.newest() is not None
        assert archive.reading.newest() <= NOW
