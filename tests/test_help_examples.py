"""The examples at the end of --help of the commands that keep the archive: they run on the demo, and find something there."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import pytest
from conftest import Run

from monitor.cli import commands

COMMANDS = ("backup", "prune", "doctor", "import")


def examples(name: str) -> list[str]:
    command = commands.get_command(None, name)  # type: ignore[arg-type]
    assert command is not None
    return [line.strip() for line in (command.epilog or "").partition("Example:\n")[2].splitlines()]


LINES = [pytest.param(line, id=line) for name in COMMANDS for line in examples(name)]


def test_each_command_has_examples() -> None:
    """So that none of them is left out by a slip of this page."""
    assert [name for name in COMMANDS if not examples(name)] == []


@pytest.mark.parametrize("line", LINES)
def test_the_example_runs_and_finds_something(
    run: Run, demo_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str
) -> None:
    """As it is written, years after the demo's items; a folder of the example is one of the test's own, and pruning only looks."""
    monkeypatch.setenv("MONITOR_NOW", "2026-05-01T08:00:00Z")
    (tmp_path / "older").mkdir()
    shutil.copy("data/monitor.db", "older/monitor.db")
    with Path("feeds.yaml").open("a", encoding="utf-8") as settings:
        settings.write("mail: {host: mail.example, from: monitor@mail.example}\n")
    words = shlex.split(re.sub(r"\s(?:\||>).*$", "", line).replace(" /backup/", f" {tmp_path}/backup/"))
    if "items.jsonl" in words:
        Path("items.jsonl").write_text(run("search", "theme:export_control", "--format", "jsonl")[1], encoding="utf-8")
    is_look = words[1] == "prune" and "--shrink" not in words
    code, out, err = run(*words[1:], *(["--dry-run"] if is_look else []))
    assert code == 0, err
    assert out or err
    assert "Nothing found" not in err
    if is_look:
        assert re.search(r"^would go +[1-9]", out, re.M), out
    if words[1] == "import":
        assert re.search(r"[1-9]\d* (items|were here)", out), out
