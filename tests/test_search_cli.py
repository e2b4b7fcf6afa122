"""The commands search and searches on the demo's archive: other languages, saved queries, neighbours, and how a query was answered."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from conftest import Run


@pytest.fixture(autouse=True)
def here(demo_folder: Path) -> Path:
    return demo_folder


def found(run: Run, *arguments: str) -> list[dict[str, Any]]:
    code, out, err = run("search", *arguments, "--format", "json")
    assert code == 0, err
    return list(json.loads(out))


def test_a_term_finds_other_languages_and_marks_them(run: Run) -> None:
    """輸出管理 finds "export controls"; what its own words find is not marked, and -x leaves the rest out."""
    items = found(run, "輸出管理")
    marked = [each for each in items if each["by"]]
    own = [each for each in items if not each["by"]]
    assert {"en", "zh", "ko"} <= {each["lang"] for each in marked}
    assert all("輸出管理" in f"{each['title']}{each['summary']}" for each in own)
    assert any("export control" in each["by"] for each in marked if each["lang"] == "en")
    assert [each["id"] for each in found(run, "-x", "輸出管理")] == [each["id"] for each in own]
    [row] = run("search", f"輸出管理 source:{marked[0]['source']}", "--limit", "1", "--format", "tsv")[1].splitlines()
    assert row.split("\t")[-1].startswith("≈ ")


@pytest.mark.parametrize("text", ["輸出管理*", "-輸出管理", "lang:ja", '"no such phrase at all"'])
def test_what_is_no_term_stays_as_it_is(run: Run, text: str) -> None:
    """Beginnings of words, words that are not wanted, fields."""
    assert found(run, text) == found(run, "--exact", text)


def test_how_a_query_was_answered_is_explained(run: Run) -> None:
    """Its tree, what was added, what was ranked, and the plan; on standard error."""
    code, out, err = run("search", "graphite", "--sort", "rank", "--explain", "--format", "ids")
    assert code == 0
    assert out.split()
    lines = err.splitlines()
    assert lines[0] == 'word "graphite"'
    assert "in other languages, too: " in lines[1]
    assert "黒鉛 (ja)" in lines[1]
    assert lines[2].startswith("ranked: ")
    assert lines[2].endswith("all matches")
    assert any(line.startswith("plan: SCAN item_search") for line in lines)


def test_the_best_is_first_where_asked(run: Run) -> None:
    """Items with the word in their titles, before those that mention it."""
    best = found(run, "-x", "export", "--sort", "rank")
    newest = found(run, "-x", "export")
    assert "export" in best[0]["title"].casefold()
    assert best != newest
    assert {each["id"] for each in best} == {each["id"] for each in newest}


@pytest.mark.parametrize("word", ["quota", "vessel", "xylitol", "help", "x-ray"])
def test_a_word_that_is_not_wanted_is_no_row_of_options(run: Run, word: str) -> None:
    """-quota is a query, not -q and the rest."""
    assert found(run, f"-{word}", "lang:en") == found(run, f"NOT {word} lang:en")


def test_a_saved_search_stands_for_its_query(run: Run) -> None:
    """Whole, as if in brackets; under any case and width of its name, which may be changed and forgotten."""
    assert run("search", "--save", "Graphite", "黒鉛 OR graphite")[2].startswith("Saved: @graphite\n")
    both = {each["id"] for each in found(run, "-x", "黒鉛 OR graphite")}
    official = {each["id"] for each in found(run, "-x", "＠graphite tier:official")}
    assert official < both
    assert {each["id"] for each in found(run, "-x", "(@graphite)")} == both
    assert {each["id"] for each in found(run, "-@graphite")}.isdisjoint(both)
    assert run("search", "--save", "@graphite", "石墨")[2].startswith("Changed: @graphite\n")
    _, out, _ = run("searches")
    assert out.split("\t")[:2] == ["graphite", "石墨"]
    assert run("searches", "--forget", "graphite")[::2] == (0, "@graphite is gone.\n")
    assert run("searches")[1:] == ("", "None yet. Save one with: monitor search --save NAME QUERY\n")


def test_a_saved_search_is_kept_as_what_it_stood_for(run: Run) -> None:
    """One that was made of another goes on without it."""
    run("search", "--save", "a", "黒鉛")
    run("search", "--save", "b", "@a OR 石墨")
    run("searches", "--forget", "a")
    assert run("searches")[1].split("\t")[:2] == ["b", "(黒鉛) OR 石墨"]
    assert found(run, "@b") == found(run, "黒鉛 OR 石墨")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["search", "輸出 @chisp"], "there is no saved search 'chisp'. Did you mean @chips?"),
        (["search", "@nothing-like-it"], "monitor searches"),
        (["search", "--save", "a b", "輸出"], "is no name"),
        (["search", "--save", "chips"], "the query is empty"),
        (["search"], "the query is empty"),
        (["search", "--like", "I-none"], "there is no item 'I-none'"),
        (["searches", "--forget", "none"], "there is no saved search 'none'"),
    ],
)
def test_wrong_use_is_one_clear_line(run: Run, arguments: list[str], said: str) -> None:
    """With the exit code of wrong use; a slip in a query shows its place."""
    run("search", "--save", "chips", "半導体")
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert said in err


@pytest.mark.parametrize("text", ['"@nobody"', "a@b.example", "'@'"])
def test_an_at_that_names_nothing_is_text(run: Run, text: str) -> None:
    """In quotation marks, or inside a word."""
    code, _, err = run("search", text)
    assert "saved search" not in err
    assert code in (0, 2)


def test_neighbours_narrowed_by_a_query(run: Run) -> None:
    """--like finds the same measure in other languages; QUERY narrows it."""
    [first] = run("search", "-x", "黒鉛 source:jp-meti", "--limit", "1", "--format", "ids")[1].split()
    near = found(run, "--like", first)
    assert {"zh", "en"} <= {each["lang"] for each in near}
    assert first not in {each["id"] for each in near}
    assert {each["lang"] for each in found(run, "--like", first, "lang:zh")} == {"zh"}
    assert [each["similarity"] for each in near] == sorted((each["similarity"] for each in near), reverse=True)


def test_nothing_found_can_be_an_exit_code(run: Run) -> None:
    """For scripts."""
    assert run("search", "no-such-word", "--exit-code")[0] == 1
    assert run("search", "no-such-word")[::2] == (0, "Nothing found.\n")
