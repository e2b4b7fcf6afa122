"""Long tables go through a pager, on a terminal, and only there."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import Run
from filling import fill, numbered
from terminal import on_a_terminal

from monitor.archive import Archive

MARK = "sed s/^/|/"
"""A pager that marks each line that goes through it."""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with an archive of thirty items."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MONITOR_NOW", "2026-05-01T08:00:00Z")
    with Archive.open("sqlite:///data/monitor.db") as archive:
        fill(archive, *(numbered(key, source=f"source-{key:02}") for key in range(30)))
    return tmp_path


def paged(here: Path, *arguments: str, lines: int = 24, **environment: str) -> tuple[int, int]:
    """Lines with items that went through the pager, and that did not."""
    code, out = on_a_terminal(here, *(arguments or ("search", "since:7d")), lines=lines, **{"PAGER": MARK} | environment)
    assert code == 0
    rows = [line for line in out.splitlines() if "黒鉛" in line]
    marked = sum(row.startswith("|") for row in rows)
    return marked, len(rows) - marked


def test_a_table_longer_than_the_screen_goes_through_the_pager(here: Path) -> None:
    """MONITOR_PAGER before PAGER; a shorter one goes straight to the terminal."""
    assert paged(here) == (30, 0)
    assert paged(here, lines=60) == (0, 30)
    assert paged(here, PAGER="cat", MONITOR_PAGER=MARK) == (30, 0)


@pytest.mark.parametrize(
    "environment",
    [
        {"MONITOR_PAGER": "cat"},
        {"MONITOR_PAGER": ""},
        {"NO_PAGER": "1"},
        {"CI": "true"},
        {"TERM": "dumb"},
        {"PAGER": "no-such-pager-anywhere"},
        {"PAGER": "'"},
    ],
)
def test_it_can_be_turned_off_and_never_costs_the_table(here: Path, environment: dict[str, str]) -> None:
    """By variables, in CI, on a terminal that can do nothing, and where there is no such program."""
    assert paged(here, **environment) == (0, 30)


def test_an_option_turns_it_off(here: Path) -> None:
    """Before or after the command."""
    assert paged(here, "--no-pager", "search", "since:7d") == (0, 30)
    assert paged(here, "search", "since:7d", "--no-pager") == (0, 30)


def test_what_is_no_table_and_what_is_piped_is_not_paged(here: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """JSON on a terminal is for a program; a pipe has its own reader."""
    assert paged(here, "search", "since:7d", "--format", "tsv") == (0, 30)
    monkeypatch.setenv("PAGER", MARK)
    monkeypatch.setenv("TERM", "xterm")
    assert "|" not in run("search", "since:7d", "--format", "table")[1]


def test_a_pager_that_is_left_early_is_no_error(here: Path) -> None:
    """Whoever leaves it has seen enough."""
    assert on_a_terminal(here, "search", "since:7d", PAGER="true")[0] == 0


def test_less_is_asked_to_leave_short_things_and_colours_alone(here: Path) -> None:
    """As git does, unless LESS says otherwise."""
    for environment, expected in (({}, "FRX"), ({"LESS": "S"}, "S")):
        _, out = on_a_terminal(here, "search", "since:7d", PAGER="sh -c 'cat >/dev/null; echo LESS=$LESS'", **environment)
        assert f"LESS={expected}" in out


def test_tables_that_belong_together_are_one_page(here: Path) -> None:
    """Themes and sources of stats: the pager starts once."""
    _, out = on_a_terminal(here, "stats", "--limit", "30", PAGER="sh -c 'echo PAGE; cat'")
    assert out.count("PAGE") == 1
    assert "(no theme)" in out
    assert "source-29" in out
