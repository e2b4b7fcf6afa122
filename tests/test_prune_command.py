"""The command prune: what it says before, while and after it takes something out; and giving room back to the disk."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from conftest import Run
from test_pruning import NEW, a_notice, file

from monitor.archive import Archive


@pytest.fixture
def filled(archive_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The URL of an archive with two old events, of two items and of one."""
    monkeypatch.setenv("MONITOR_NOW", "2026-05-01T08:00:00Z")
    with Archive.open(archive_url) as archive:
        file(archive, a_notice(1), a_notice(2))
        file(archive, a_notice(3), event=NEW)
    return archive_url


def bytes_of(url: str) -> str:
    return hashlib.sha256(Path(url.removeprefix("sqlite:///")).read_bytes()).hexdigest()


@pytest.mark.parametrize("before", [(), ("--before", "1y")])
def test_a_dry_run_of_shrinking_only_looks(run: Run, filled: str, before: tuple[str, ...]) -> None:
    """It says what would be given back, and not a byte of the file changes; also while the service works."""
    with Archive.open(filled) as archive:
        file(archive, a_notice(9, body="長い本文" * 50_000), event="E-cccccccccc")
    run("prune", "--before", "1y", "--query", "告示第9号", "--yes", "--archive", filled)
    with Archive.open(filled) as service, service.working():
        was = bytes_of(filled)
        code, out, err = run("prune", *before, "--shrink", "--dry-run", "--archive", filled)
        assert (code, err, bytes_of(filled)) == (0, "", was)
    said = out.splitlines()[-1]
    assert said.startswith("shrink     about ")
    assert said.endswith(" would be given back to the disk")
    assert not said.startswith("shrink     about 0 bytes")


@pytest.mark.parametrize(
    "more", [("--theme", "export_control"), ("--no-theme",), ("--query", "lang:ja"), ("--also", "told"), ("--json",)]
)
def test_shrinking_alone_takes_no_option_of_pruning(run: Run, filled: str, more: tuple[str, ...]) -> None:
    """It names the option instead of swallowing it, and nothing is written."""
    was = bytes_of(filled)
    code, out, err = run("prune", "--shrink", *more, "--archive", filled)
    assert (code, out, bytes_of(filled)) == (2, "", was)
    assert f"{more[0]} needs --before" in err


def test_shrinking_asks_nothing(run: Run, filled: str) -> None:
    """--yes is no slip there."""
    code, out, err = run("prune", "--shrink", "--yes", "--archive", filled)
    assert (code, out) == (0, "")
    assert " before, " in err


@pytest.mark.parametrize(("options", "word"), [(("--dry-run",), "would go "), (("--yes",), "goes "), ((), "would go ")])
def test_what_goes_is_not_told_as_if_it_might(run: Run, filled: str, options: tuple[str, ...], word: str) -> None:
    """ "goes" if nobody is asked any more, "would go" as long as it is only looked at."""
    out = run("prune", "--before", "1y", *options, "--archive", filled)[1]
    assert out.splitlines()[1].startswith(f"{word:<11}2 events with 3 items; about ")


def test_who_breaks_it_off_is_told_how_far_it_came(run: Run, filled: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C between two steps: what is gone is said, the rest is whole, and the same command goes on."""

    def ctrl_c(_seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("monitor.archive.pruning._STEP", 1)
    with monkeypatch.context() as patched:
        patched.setattr("monitor.cli.keeping.time.sleep", ctrl_c)
        code, _, err = run("prune", "--before", "1y", "--yes", "--archive", filled)
    assert (code, err.splitlines()[0]) == (130, "monitor: 2 of 3 items are gone; the same command goes on.")
    code, _, err = run("prune", "--before", "1y", "--yes", "--archive", filled)
    assert (code, "1 items are gone" in err) == (0, True)
