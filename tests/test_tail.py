"""monitor tail: follows the service's archive, one line an item, until it is told to end."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from conftest import ROOT, Run
from filling import fill, numbered
from terminal import on_a_terminal

from monitor.archive import Archive


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MONITOR_NOW", "2026-05-01T08:00:00Z")
    with Archive.open("sqlite:///data/monitor.db") as archive:
        fill(archive, numbered(1), themes=("export_control", "telecom_5g"))
        fill(archive, numbered(2, title="Graphite \x1b[31mrule", lang="en"))
    return tmp_path


@contextmanager
def tail(folder: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """The command as a process of its own."""
    process = subprocess.Popen(
        [sys.executable, "-m", "monitor", "tail", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 (a shell's background ignores it; no threads here)
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def test_what_there_is_comes_first_in_each_form(here: Path, run: Run) -> None:
    """Tab-separated in a pipe; jsonl has the item as everywhere, and when it was judged."""
    code, out, err = run("tail", "--no-follow")
    assert (code, err) == (0, "")
    assert out.splitlines()[0].split("\t")[1:6] == [
        "2026-05-01T08:00:00Z",
        "ja",
        "meti",
        "export_control,telecom_5g",
        "黒鉛の輸出許可 その1",
    ]
    lines = [json.loads(line) for line in run("tail", "--no-follow", "--format", "jsonl")[1].splitlines()]
    assert [(each["lang"], each["filed_at"], list(each["themes"])) for each in lines] == [
        ("ja", "2026-05-01T08:00:00Z", ["export_control", "telecom_5g"]),
        ("en", "2026-05-01T08:00:00Z", []),
    ]
    assert len(run("tail", "--no-follow", "-n", "1")[1].splitlines()) == 1
    assert run("tail", "--no-follow", "--query", "lang:en")[1].count("\n") == 1
    assert run("tail", "--no-follow", "--since", "2026-05-02")[1] == ""


@pytest.mark.parametrize("columns", [60, 80, 120])
def test_on_a_terminal_a_line_is_a_line(here: Path, columns: int) -> None:
    """Of the terminal's width, East Asian letters counted as two; what a feed says is inert."""
    with Archive.open("sqlite:///data/monitor.db") as archive:
        fill(archive, numbered(3, title="輸出貿易管理令の一部を改正する政令について" * 5))
    code, out = on_a_terminal(here, "tail", "--no-follow", columns=columns)
    from rich.cells import cell_len

    assert code == 0
    assert [cell_len(line) <= columns for line in out.splitlines()] == [True] * 3
    assert out.splitlines()[2].endswith("…")
    assert "export_control +1" in out
    assert "\x1b" not in out


@pytest.mark.parametrize("columns", [60, 80, 120])
@pytest.mark.parametrize(
    ("now", "when"),
    [
        ("2026-05-01T23:00:00Z", "08:00:00"),
        ("2026-05-02T07:00:00Z", "05-01 08:00"),
        ("2026-12-31T23:00:00Z", "05-01 08:00"),
        ("2027-01-01T00:00:00Z", "2026-05-01"),
    ],
)
def test_a_day_that_is_not_today_is_named(here: Path, columns: int, now: str, when: str) -> None:
    """On any terminal: nobody takes what is days old for what just came."""
    _, out = on_a_terminal(here, "tail", "--no-follow", columns=columns, MONITOR_NOW=now)
    assert [line[:13] for line in out.splitlines()] == [f"{when:<11}  "] * 2


def test_it_follows_until_it_is_interrupted(here: Path) -> None:
    """An item comes as it is judged, also while another process holds the archive; Ctrl-C ends with 130."""
    with (
        tail(here, "--format", "jsonl", "-n", "1", "--query", "lang:ja") as process,
        Archive.open("sqlite:///data/monitor.db") as archive,
    ):
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["title"] == "黒鉛の輸出許可 その1"  # from here on it follows
        for key in (3, 4):
            fill(archive, numbered(key))
            fill(archive, numbered(key + 10, lang="en"))
            assert json.loads(process.stdout.readline())["title"] == f"黒鉛の輸出許可 その{key}"
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
        assert (process.returncode, out, err.strip()) == (130, "", "monitor: interrupted")


def test_it_ends_when_nobody_reads_any_more(here: Path) -> None:
    """At once, not at the next item."""
    with tail(here) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.wait(20) == 0
        assert process.stderr is not None
        assert process.stderr.read() == ""


def test_a_busy_archive_is_waited_for(here: Path) -> None:
    """Said once on standard error; what there is comes when it is free."""
    holder = sqlite3.connect("data/monitor.db", isolation_level=None)
    holder.execute("pragma locking_mode = exclusive")
    holder.execute("pragma journal_mode = delete")
    holder.execute("begin exclusive")
    with tail(here, "--no-follow") as process:
        assert process.stderr is not None
        assert process.stderr.readline() == "The archive is busy; waiting for it.\n"
        holder.execute("commit")
        holder.close()
        out, err = process.communicate(timeout=20)
    assert (process.returncode, err) == (0, "")
    assert len(out.splitlines()) == 2


def test_an_empty_archive_has_nothing_yet(here: Path, run: Run) -> None:
    """No error, in any form."""
    Archive.open("sqlite:///empty.db").close()
    for form in ("table", "jsonl", "tsv"):
        assert run("tail", "--no-follow", "--archive", "sqlite:///empty.db", "--format", form) == (0, "", "")


@pytest.mark.parametrize(
    ("arguments", "code", "word"),
    [
        (["--archive", "sqlite:///absent.db"], 7, "monitor poll"),
        (["--since", "soon"], 2, "7d, 2026-05"),
        (["--query", "(a"], 2, "^"),
        (["-n", "-1"], 2, "x>=0"),
        (["--format", "csv"], 2, "--format"),
    ],
)
def test_wrong_use_is_one_clear_line(here: Path, run: Run, arguments: list[str], code: int, word: str) -> None:
    """No traceback, nothing on standard output, the next step named."""
    found, out, err = run("tail", *arguments)
    assert (found, out) == (code, "")
    assert word in err
    assert "Traceback" not in err
