"""A QUERY means the same to every command that takes one: saved searches, other languages, slips."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from conftest import Run


@pytest.fixture(autouse=True)
def here(demo_folder: Path) -> Path:
    return demo_folder


def searched(run: Run, *arguments: str) -> set[str]:
    return set(run("search", *arguments, "--format", "ids", "--limit", "1000")[1].split())


def exported(run: Run, *arguments: str) -> set[str]:
    return {json.loads(line)["id"] for line in run("export", *arguments)[1].splitlines()}


def followed(run: Run, *arguments: str) -> set[str]:
    return {line.split("\t")[0] for line in run("tail", "--no-follow", "-n", "1000", *arguments)[1].splitlines()}


def counted(run: Run, *arguments: str) -> int:
    return int(json.loads(run("stats", "--since", "2020", "--format", "json", *arguments)[1])["items"])


@pytest.mark.parametrize("words", [["黒鉛"], ["-x", "黒鉛"], ["@china"], ["-x", "@china"]])
def test_what_is_found_is_what_is_exported_followed_and_counted(run: Run, words: list[str]) -> None:
    """With the same in other languages, or without; a saved search stands for what it is everywhere."""
    run("search", "--save", "china", "lang:zh tier:press OR 石墨")
    found = searched(run, *words)
    assert found
    assert exported(run, *words) == found
    exact, text = words[:-1], words[-1]
    assert followed(run, *exact, "--query", text) == found
    assert counted(run, *exact, "--query", text) == len(found)


def test_what_is_pruned_is_what_the_saved_search_stands_for(run: Run) -> None:
    """Nothing else goes; other languages are not looked for, because what goes is gone."""
    run("search", "--save", "china", "lang:zh tier:press")
    old = ["prune", "--before", "2024-01", "--dry-run", "--also", "told", "--also", "moved", "--also", "deadline"]

    def said(query: str) -> str:
        code, out, err = run(*old, "--query", query, "--archive", "sqlite:///data/monitor.db")
        assert code == 0, err
        return out

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MONITOR_NOW", "2024-06-01T00:00:00Z")
        assert said("@china") == said("lang:zh tier:press")


@pytest.mark.parametrize(
    "arguments",
    [
        ["search", "@nobody"],
        ["export", "@nobody"],
        ["stats", "--query", "@nobody"],
        ["tail", "--no-follow", "--query", "@nobody"],
        ["silence", "add", "@nobody"],
        ["prune", "--before", "2020", "--query", "@nobody"],
    ],
)
def test_a_saved_search_that_is_not_there_is_said(run: Run, arguments: list[str]) -> None:
    """By every command, with its place."""
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    lines = err.splitlines()
    assert lines[0].startswith("monitor: there is no saved search 'nobody'")
    assert lines[1][lines[2].index("^")] == "@"


def test_a_rule_names_no_saved_search(run: Run, here: Path) -> None:
    """It would change under the rule's feet; it is refused, not taken for a word."""
    text = (here / "feeds.yaml").read_text(encoding="utf-8")
    (here / "feeds.yaml").write_text(text.replace("alerts:\n", "alerts:\n  - {id: x, when: '@china', to: [console]}\n", 1))
    code, _, err = run("rules", "list")
    assert code == 3
    assert "@china would be a saved search" in err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["chips or nosuchword"], "'or' is a word here; in capitals, OR joins parts of a query"),
        (["黒鉛OR石墨"], "OR needs a space on both sides"),
        (["nosuchword"], "Nothing found.\n"),
        (["theme:exprot_control"], "There is no theme 'exprot_control'; did you mean export_control?"),
        (["黒鉛 source:jp-metti"], "There is no source 'jp-metti'; did you mean jp-meti?"),
    ],
)
def test_where_nothing_is_found_a_likely_slip_is_named(run: Run, words: list[str], said: str) -> None:
    """The commonest: operators in small letters, or without their spaces."""
    code, out, err = run("search", "-x", *words)
    assert (code, out) == (0, "")
    assert said in err


def test_what_was_ranked_is_said_where_it_is_not_all(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Older matches are there, and how to have them ranked is told."""
    monkeypatch.setattr("monitor.archive.search.RANKED", 5)
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    err = run("search", "-x", "export", "--sort", "rank")[2]
    assert "Ranked are the newest 5 matches, back to 2023-10-" in err


@pytest.mark.parametrize("option", [["--explain"], ["--sort", "rank"], ["--save", "near"]])
def test_what_means_nothing_beside_an_item_is_refused(run: Run, option: list[str]) -> None:
    """Not passed over."""
    [item, *_] = searched(run, "-x", "黒鉛")
    code, out, err = run("search", "--like", item, *option)
    assert (code, out) == (2, "")
    assert f"--like takes no {option[0]}" in err


@pytest.mark.parametrize("typed", ["ＡＢＣ", "@Abc"])
def test_a_name_is_found_again_however_it_is_typed(run: Run, typed: str) -> None:
    """Saved, asked for and forgotten."""
    assert run("search", "--save", typed, "黒鉛")[0] == 0
    assert searched(run, "@abc") == searched(run, "黒鉛")
    assert run("searches", "--forget", typed)[2] == "@abc is gone.\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ["search", "--save", "x", "graphite \udcff"],
        ["search", "--like", "\udcff"],
        ["searches", "--forget", "\udcff"],
        ["export", "\udcff"],
        ["show", "\udcff"],
    ],
)
def test_a_stray_byte_is_no_internal_error(run: Run, arguments: list[str]) -> None:
    """A terminal gives what is no UTF-8 as half characters."""
    code, _, err = run(*arguments)
    assert code in (0, 2)
    assert "internal" not in err


def test_an_item_is_shown_by_its_address(run: Run) -> None:
    """It is what an analyst has in hand; without www and tracking it is the same. An event's id names the command for events."""
    [item] = run("search", "-x", "黒鉛 source:jp-meti", "--limit", "1", "--format", "json")[1:2]
    [found] = json.loads(item)
    shown = run("show", found["id"], "--json")[1]
    assert run("show", f"{found['url']}?utm_source=mail", "--json")[1] == shown
    code, _, err = run("show", "https://nowhere.example/at-all")
    assert code == 2
    assert "there is no item of https://nowhere.example/at-all" in err
    assert "monitor event E-5un2" in run("show", "E-5un2")[2]
