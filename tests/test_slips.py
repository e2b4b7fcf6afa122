"""What is asked for and is not there: every command says so, with the nearest that is, and in the words of the house."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from conftest import Run


@pytest.fixture(autouse=True)
def here(demo_folder: Path) -> Path:
    return demo_folder


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("lang:jp", "There is nothing of lang jp here; did you mean ja?"),
        ("lang:cn tier:official", "There is nothing of lang cn here; did you mean zh?"),
        ("country:uk", "There is nothing of country UK here; did you mean GB?"),
        (
            "country:JA,KO",
            "There is nothing of country JA here; did you mean JP? There is nothing of country KO here; did you mean KR?",
        ),
        ("country:ZZ", "There is nothing of country ZZ here.\n"),
        ("kind:nosuch", "There is nothing of kind nosuch here.\n"),
        ("theme:semiconductors", "The theme semiconductors is off.\n"),
    ],
)
def test_a_code_of_which_there_is_nothing_is_named(run: Run, words: str, said: str) -> None:
    """With the one that is meant, where it is one of the usual slips."""
    code, out, err = run("search", *words.split())
    assert (code, out) == (0, "")
    assert said in err


def test_a_code_is_not_complained_of_where_it_is_right(run: Run) -> None:
    """Though nothing is found; in capitals or not."""
    assert run("search", "nosuchword", "lang:JA", "country:gb")[2] == "Nothing found.\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ["events", "--theme"],
        ["deadlines", "--theme"],
        ["queue", "--theme"],
        ["prune", "--before", "2020", "--dry-run", "--theme"],
    ],
)
def test_a_theme_that_there_is_not_is_refused(run: Run, arguments: list[str]) -> None:
    """By each command in the same words."""
    assert run(*arguments, "exportcontrol")[::2] == (
        2,
        "monitor: there is no theme 'exportcontrol'. Did you mean export_control?\n",
    )
    listed = run(*arguments, "nosuch")[2]
    assert "Themes there: " in listed
    assert "semiconductors" not in listed


def test_a_theme_that_is_off_is_said_to_be(run: Run) -> None:
    """What was given it before can be read; nothing is asked or taught of it."""
    code, _, err = run("events", "--theme", "semiconductors")
    assert code == 0
    assert "The theme semiconductors is off" in err
    item = run("search", "黒鉛", "--format", "ids", "--limit", "1")[1].strip()
    for arguments in (["queue", "--theme", "semiconductors"], ["label", item, "semiconductors", "yes"]):
        code, out, err = run(*arguments)
        assert (code, out) == (2, "")
        assert "the theme semiconductors is off" in err


@pytest.mark.parametrize("arguments", [["alerts", "--rule"], ["why", "ITEM", "--rule"], ["rules", "test"]])
def test_a_rule_that_there_is_not_is_refused(run: Run, here: Path, arguments: list[str]) -> None:
    """With the nearest one."""
    item = run("search", "黒鉛", "--format", "ids", "--limit", "1")[1].strip()
    code, out, err = run(*[item if each == "ITEM" else each for each in arguments], "econsec-nwo")
    assert (code, out) == (2, "")
    assert "there is no rule 'econsec-nwo' in" in err
    assert "Did you mean econsec-now?" in err


def test_a_channel_that_there_is_not_is_refused(run: Run, here: Path) -> None:
    """Nor is anything put back for it; without a configuration nothing can be said of it."""
    for arguments in (["alerts"], ["alerts", "retry"]):
        code, out, err = run(*arguments, "--channel", "slack:#nosuch")
        assert (code, out) == (2, "")
        assert "there is no channel 'slack:#nosuch' in" in err
        assert "put back" not in err
    (here / "feeds.yaml").unlink()
    assert run("alerts", "--channel", "slack:#nosuch")[0] == 0


def test_an_id_of_the_other_kind_is_named_for_what_it_is(run: Run) -> None:
    """With the command that shows it."""
    assert run("why", "E-5un2gyjmk7")[2] == (
        "monitor: E-5un2gyjmk7 is an event, not an item. It is shown by: monitor event E-5un2gyjmk7\n"
    )
    assert run("event", "I-7oeusauw5sk3")[2] == (
        "monitor: I-7oeusauw5sk3 is an item, not an event. It is shown by: monitor show I-7oeusauw5sk3\n"
    )
    assert "is an event, not an item" in run("show", "e-5un2gyjmk7")[2]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "is no JSON"),
        ("[1]", "is no labelled item"),
        ('{"id": 1, "title": "x"}', "has no labels"),
        ('{"labels": []}', "has no id, no title"),
        ('{"id": 1, "title": 2, "labels": []}', "labels that are no list of texts"),
        ('{"id": 1, "title": "x", "labels": "export_control"}', "labels that are no list of texts"),
    ],
)
def test_a_line_that_cannot_be_evaluated_is_named(run: Run, here: Path, line: str, said: str) -> None:
    """In words, with its number and what a line looks like."""
    good = json.dumps({"id": 1, "title": "x", "labels": []})
    (here / "it.jsonl").write_text(f"{good}\n{line}\n", encoding="utf-8")
    code, out, err = run("evaluate", "it.jsonl")
    assert (code, out) == (2, "")
    assert err.startswith("monitor: it.jsonl:2: ")
    assert said in err
    assert 'A line is like: {"id"' in err
    assert "Error" not in err


def test_a_file_that_cannot_be_read_is_named(run: Run, here: Path) -> None:
    """Not by what Python calls it."""
    assert run("parse", "nosuch.xml")[2].startswith("monitor: nosuch.xml: cannot be read (No such file or directory). Name ")
    (here / "it.jsonl").write_text('{"id": 1}\n{"id": 2}\n', encoding="utf-8")
    assert "it.jsonl: not readable as JSON (more follows after its end, line 2, column 1)" in run("parse", "it.jsonl")[2]
    assert run("status", "--config", str(here))[2] == (
        f"monitor: {here}: cannot be read (Is a directory). Name a file: --config PATH\n"
    )
    (here / "feeds.yaml").write_bytes(b"\xff\xfe")
    assert "feeds.yaml: cannot be read (it is no UTF-8). Save it as UTF-8" in run("status")[2]


def test_a_rule_for_what_there_is_not_is_named(run: Run, here: Path) -> None:
    """One sentence each, with one mark at its end."""
    text = (here / "feeds.yaml").read_text(encoding="utf-8")
    rule = "alerts:\n  - {id: x, when: 'theme:semiconductors source:zzz country:UK', to: [console]}\n"
    (here / "feeds.yaml").write_text(text.replace("alerts:\n", rule, 1), encoding="utf-8")
    [line] = [each for each in run("doctor")[1].splitlines() if " configuration " in each]
    assert (
        "; x: The theme semiconductors is off; x: There is no source 'zzz'; "
        "x: There is nothing of country UK here; did you mean GB? What asks for nothing else never fires: mend its when"
    ) in line
