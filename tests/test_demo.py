"""What the demo leaves behind: an archive, a digest, and a configuration to try the other commands on."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT, Run


def test_what_the_demo_names_can_be_tried_on_what_it_kept(tmp_path: Path) -> None:
    """Its last lines, run in a shell as they stand: an analyst sees bars, a matrix, and the state of the house."""
    keep = tmp_path / "it's デモ"
    demo = subprocess.run(
        [sys.executable, "-m", "monitor", "demo", "--keep", str(keep)],
        capture_output=True,
        text=True,
        timeout=120,
        cwd=tmp_path,
        check=False,
    )
    assert demo.returncode == 0, demo.stderr
    lines = [line.strip() for line in demo.stderr.splitlines() if line.startswith("  ")]
    named = [line for line in lines if line.startswith("monitor ")]
    assert named == ["monitor events", "monitor stats", "monitor coverage --matrix", "monitor doctor", "monitor init"]
    program = tmp_path / "monitor"
    program.write_text(f'#!/bin/sh\nPYTHONPATH="{ROOT}" exec "{sys.executable}" -m monitor "$@"\n')
    program.chmod(0o755)
    script = "\n".join([f'PATH="{tmp_path}:$PATH"', lines[0], *(f"{line} || exit 9" for line in named[:-1])])
    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, timeout=120, cwd=tmp_path, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "source\tcn-mofcom\t" in done.stdout
    assert "JP\tja\tofficial\t2\t" in done.stdout
    assert "17 sources" in done.stdout
    assert "17 watched, 0 failing" in done.stdout
    assert "fail " not in done.stdout


@pytest.mark.parametrize("name", ["monitor.db", "feeds.yaml"])
def test_the_demo_replaces_nothing(tmp_path: Path, run: Run, name: str) -> None:
    """Least of all one's own configuration."""
    (tmp_path / name).write_text("mine")
    code, _, err = run("demo", "--keep", str(tmp_path))
    assert (code, f"{name} is there already" in err) == (2, True)
    assert [path.read_text() for path in tmp_path.iterdir()] == ["mine"]


def test_the_kept_configuration_needs_no_variable(demo: tuple[Path, str], tmp_path: Path, run: Run) -> None:
    """And names no address where somebody answers."""
    folder = shutil.copytree(demo[0] / "data", tmp_path / "copy")
    code, out, _ = run("sources", "list", "--config", str(folder / "feeds.yaml"), "--archive", f"sqlite:///{folder}/monitor.db")
    assert (code, len(out.splitlines())) == (0, 17)
    assert "$" not in (folder / "feeds.yaml").read_text(encoding="utf-8")
