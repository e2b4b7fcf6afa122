"""The benchmarks: `make bench` runs each, and their page names each."""

from __future__ import annotations

import re
import runpy
import subprocess
import sys

import pytest
from conftest import ROOT

from bench import __main__ as bench
from bench.__main__ import LOOKS


def test_every_benchmark_is_run_and_described() -> None:
    """A script with a main of its own is one; but for `ours`, which is a process of bench.intake."""
    scripts = {
        path.stem
        for path in (ROOT / "bench").glob("[!_]*.py")
        if re.search(r'^def main\(.*^if __name__ == "__main__":', path.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    } - {"ours"}
    page = (ROOT / "bench" / "README.md").read_text(encoding="utf-8")
    assert set(LOOKS) == scripts
    assert set(re.findall(r"^\| `python -m bench\.(\w+)`", page, re.MULTILINE)) == scripts


@pytest.mark.parametrize("name", [name for name, arguments in LOOKS.items() if arguments])
def test_a_look_asks_what_the_benchmark_takes(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its options are known; nothing is measured here."""
    monkeypatch.setattr(sys, "argv", [name, *LOOKS[name], "--help"])
    monkeypatch.delitem(sys.modules, f"bench.{name}", raising=False)  # another test may have it
    with pytest.raises(SystemExit) as ended:
        runpy.run_module(f"bench.{name}", run_name="__main__")
    assert ended.value.code == 0
    said = capsys.readouterr().out
    assert all(option in said for option in LOOKS[name] if option.startswith("--"))


def test_one_that_breaks_stops_no_other(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """All are run; the status tells, and the last line names it."""
    run: list[str] = []

    def ran(command: list[str], *, check: bool) -> subprocess.CompletedProcess[str]:
        run.append(command[2].removeprefix("bench."))
        return subprocess.CompletedProcess(command, 1 if run[-1] == "copies" else 0)

    monkeypatch.setattr(subprocess, "run", ran)
    assert bench.main() == 1
    assert run == list(LOOKS)
    assert capsys.readouterr().err == "\nbroken: copies\n"
