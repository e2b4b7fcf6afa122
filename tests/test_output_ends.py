"""What becomes of standard output: a reader who leaves, a disk without room, a narrow terminal, and -q."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import click
import pytest
from conftest import ROOT, Run
from rich.cells import cell_len

from monitor.cli import _COMMANDS, commands

READING = [
    ["search", "since:2020"],
    ["search", "since:2020", "--format", "json"],
    ["show", "I-ia6ptmvsmoke"],
    ["export", "since:2020"],
    ["stats", "--since", "2020"],
    ["coverage", "--matrix", "--since", "2020"],
    ["tail", "--no-follow", "-n", "1000"],
    ["events", "--since", "2020"],
    ["doctor"],
]


def start(*arguments: str, stdout: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "monitor", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )


@pytest.mark.parametrize("arguments", READING, ids=" ".join)
def test_a_reader_who_leaves_is_no_failure(demo_folder: Path, arguments: list[str]) -> None:
    """As in `monitor show … | head -1`, also where the shell looks at every part of a pipe."""
    reading, writing = os.pipe()
    os.close(reading)
    process = start(*arguments, stdout=writing)
    os.close(writing)
    _, err = process.communicate()
    assert process.returncode in ((0, 3) if arguments == ["doctor"] else (0,)), err
    assert "Traceback" not in err
    assert "Broken" not in err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("arguments", READING, ids=" ".join)
def test_a_disk_without_room_is_one_clear_line(demo_folder: Path, arguments: list[str]) -> None:
    """As in `monitor export … > file`: not an internal error."""
    with Path("/dev/full").open("w") as full:
        process = start(*arguments, stdout=full.fileno())
    _, err = process.communicate()
    assert process.returncode == 2, err
    assert err.splitlines()[-1].startswith("monitor: the output cannot be written (No space left on device). Free space")
    assert "Exception ignored" not in err


@pytest.mark.parametrize(
    "arguments",
    [
        ["backup", "copy.db"],
        ["export", "since:2020", "--out", "all.csv"],
        ["search", "nosuchword"],
        ["search", "--save", "a", "黒鉛"],
        ["prune", "--before", "2020", "--yes"],
    ],
    ids=" ".join,
)
def test_quiet_says_only_errors(demo_folder: Path, run: Run, arguments: list[str]) -> None:
    """Nothing for cron to mail every night; what is wrong is still said."""
    code, _, err = run(*arguments, "-q")
    assert (code, err) == (0, "")
    assert run("search", "nosuchfield:x", "-q")[2].startswith("monitor: unknown field")


def pages(command: click.Command, *names: str) -> list[tuple[str, ...]]:
    """A command and those below it, by their names."""
    below = command.commands if isinstance(command, click.Group) else {}
    return [names, *(each for name, sub in below.items() for each in pages(sub, *names, name))]


@pytest.mark.parametrize(
    "names",
    [
        (),
        *(
            page
            for name in _COMMANDS
            if (command := commands.get_command(click.Context(commands), name)) is not None
            for page in pages(command, name)
        ),
    ],
    ids=" ".join,
)
def test_help_fits_eighty_columns(run: Run, monkeypatch: pytest.MonkeyPatch, names: tuple[str, ...]) -> None:
    """Nothing is broken by the terminal; examples may be longer, so that they can be copied."""
    monkeypatch.setenv("COLUMNS", "80")
    text = run(*names, "--help")[1].partition("Example:")[0]
    assert [line for line in text.splitlines() if cell_len(line) > 80] == []
