"""Every command that prints JSON: what it prints is the shape that docs/json.md names, and that page names every one of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from conftest import ROOT, Run
from fakes import Answer, Site
from test_json import check

from monitor.cli import _COMMANDS, commands

EVENT, ITEM = "E-5un2gyjmk7", "I-hh4hrqho7o5a"
LISTS = ("json", "jsonl")
CASES: list[tuple[str, str, tuple[str, ...]]] = [
    ("poll --json", "poll", ()),
    ("deliver --json", "delivery", ()),
    ("search 黒鉛", "found_item", LISTS),
    (f"search --like {ITEM}", "like_item", LISTS),
    ("searches", "saved_search", LISTS),
    ("tail --no-follow", "tailed_item", ("jsonl",)),
    (f"show {ITEM} --json", "shown_item", ()),
    ("events", "event", LISTS),
    (f"event {EVENT} --json", "whole_event", ()),
    ("event merge E-5un2gyjmk7 E-6kqtguou5p --json", "decided_event", ()),
    ("dossier cn-graphite --json", "dossier", ()),
    ("dossier cn-graphite --since 30d", "dossier", ("json",)),
    ("dossier --list", "heard_dossier", ("json",)),
    ("dossier --list --json", "heard_dossier", ()),
    ("deadlines", "deadline", ("json",)),
    ("export 黒鉛", "exported_item", ("jsonl",)),
    (f"export {EVENT}", "evidence", ("json",)),
    (f"why {ITEM} --json", "why", ()),
    ("alerts --since 30d", "alert", LISTS),
    ("stats", "stats", ("json",)),
    ("stats", "stats_line", ("jsonl",)),
    ("rules list", "rule", LISTS),
    ("rules test econsec-now", "rule_test", ("json",)),
    ("rules test --when graphite", "rule_test", ("json",)),
    ("rules test econsec-now", "tried_alert", ("jsonl",)),
    ("silence list --all", "silence", LISTS),
    ("queue", "question", LISTS),
    ("evaluate labelled.jsonl --json", "evaluation", ()),
    ("model history --json", "model", ()),
    ("model stats", "model_week", LISTS),
    ("sources list", "source", LISTS),
    ("sources check", "checked_source", ("json",)),
    ("sources check --propose --url BASE/list --type listing", "checked_source", ("json",)),
    ("sources check --url BASE/page", "checked_source", ("json",)),
    ("coverage", "coverage", ("json",)),
    ("coverage --troubled", "coverage", ("json",)),
    ("coverage --matrix", "matrix", ("json",)),
    ("coverage --watchlist", "watched_dossier", ("json",)),
    ("status --json", "status", ()),
    ("doctor --json", "doctor", ()),
    ("prune --before 2023-01 --dry-run --json", "pruning", ()),
    ("import lines.jsonl --json", "import", ()),
]
"""A command, the shape of what it prints, or of each thing in a list, and the values of --format to ask for."""
ELSEWHERE = {
    ("train", "--json"),  # tests/test_teaching.py
    ("slack check", "--json"),  # tests/test_slack_check.py
}
"""What needs more than the demo's archive; the shape is checked where that is."""
LABELLED = {"id": "a", "title": "Graphite needs a licence", "lang": "en", "labels": ["export_control"]}


@pytest.fixture
def here(demo_folder: Path, site: Site, run: Run) -> Path:
    """The demo's archive with a saved search, a silence, and files for what reads some; a page to look at."""
    site.pages["/list"] = Answer(b"<ul>" + b"<li><a href='/a'>A notice on export</a> 2023-10-01</li>" * 5 + b"</ul>")
    site.pages["/page"] = Answer(b"<html><head><link rel='alternate' type='application/rss+xml' href='/feed'></head></html>")
    Path("labelled.jsonl").write_text(json.dumps(LABELLED) + "\n", encoding="utf-8")
    Path("lines.jsonl").write_text('{"source": "meti", "title": "t", "url": "http://x.example/1"}\n{\n', encoding="utf-8")
    run("search", "--save", "chips", "半導体")
    run("silence", "add", "source:jp-meti")
    return demo_folder


@pytest.mark.parametrize(("line", "shape", "forms"), CASES, ids=[f"{line} {' '.join(forms)}" for line, _, forms in CASES])
def test_every_command_prints_its_shape(here: Path, run: Run, site: Site, line: str, shape: str, forms: tuple[str, ...]) -> None:
    """Something, each key of it described, none missing."""
    for form in forms or ("",):
        arguments = line.replace("BASE", site.base).split()
        _, out, err = run(*arguments, *(["--format", form] if form else []))
        found = [json.loads(each) for each in out.splitlines()] if form == "jsonl" else json.loads(out)
        assert found, err
        for each in found if isinstance(found, list) else [found]:
            check(shape, each)


def offers(command: click.Command, path: str) -> Iterator[tuple[str, str]]:
    """Each way in which a command, or one below it, prints JSON: --json, or a value of --format."""
    if isinstance(command, click.Group):
        for name, each in command.commands.items():
            yield from offers(each, f"{path} {name}")
    for option in command.params:
        if getattr(option, "hidden", False):  # the other way to say it
            continue
        if "--json" in option.opts:
            yield path, "--json"
        if "--format" in option.opts and isinstance(option.type, click.Choice):
            yield from ((path, form) for form in option.type.choices if form in LISTS)


def offered() -> set[tuple[str, str]]:
    context = click.Context(commands)
    found = {name: commands.get_command(context, name) for name in _COMMANDS}
    return {each for name, command in found.items() if command is not None for each in offers(command, name)}


def is_of(line: str, path: str) -> bool:
    return f"{line} ".startswith(f"{path} ")


def spoken(command: click.Command, path: str) -> Iterator[tuple[str, set[str]]]:
    """The options of a command, and of those below it, hidden ones with them."""
    if isinstance(command, click.Group):
        for name, each in command.commands.items():
            yield from spoken(each, f"{path} {name}")
    else:
        yield path, {name for option in command.params for name in option.opts}


def test_json_is_asked_for_in_one_of_two_ways_everywhere() -> None:
    """A command that knows --json knows --format json, and the reverse."""
    context = click.Context(commands)
    known = [each for name in _COMMANDS for each in spoken(commands.get_command(context, name) or commands, name)]
    assert [path for path, names in known if ("--json" in names) != ("--format" in names)] == []
    assert len([path for path, names in known if "--json" in names]) > 25


@pytest.mark.parametrize(
    ("line", "form"),
    [
        ("events", "json"),
        ("search 黒鉛", "json"),
        ("rules test econsec-now", "json"),
        ("tail --no-follow", "jsonl"),
        (f"export {EVENT}", "json"),
        (f"show {ITEM}", "json"),
        (f"why {ITEM}", "json"),
    ],
)
def test_both_ways_print_the_same(here: Path, run: Run, line: str, form: str) -> None:
    """Of what goes on as it comes, lines; beside another form --json is refused, not passed over."""
    code, out, _ = run(*line.split(), "--json")
    assert (code, out) == run(*line.split(), "--format", form)[:2]
    assert out
    code, out, err = run(*line.split(), "--json", "--format", "tsv")
    assert (code, out, "--format" in err) == (2, "", True)


@pytest.mark.parametrize(
    ("line", "other"),
    [
        ("queue --since 300d", "queue --days 300"),
        ("model stats --since 50w", "model stats --weeks 50"),
        ("tail --no-follow --query 黒鉛 --lines 2", "tail --no-follow --when 黒鉛 --limit 2"),
        ("stats --query 黒鉛", "stats --when 黒鉛"),
        ("rules test --when 黒鉛", "rules test --query 黒鉛"),
    ],
)
def test_an_option_goes_by_its_name_in_other_commands(here: Path, run: Run, line: str, other: str) -> None:
    """A span, where a bare number counts what its own name says, a query, a number of lines."""
    code, out, _ = run(*line.split())
    assert code == 0
    assert out
    assert run(*other.split())[:2] == (code, out)


def test_every_way_to_print_json_is_tried() -> None:
    """A command that learns to print JSON has a case here."""
    tried = {
        (path, form)
        for path, form in offered()
        if any(is_of(line, path) and (form in forms or form in line.split()) for line, _, forms in CASES)
    }
    assert offered() - tried == ELSEWHERE


def test_every_way_to_print_json_is_in_the_page() -> None:
    """With its shape."""
    page = (ROOT / "docs" / "json.md").read_text(encoding="utf-8")
    rows = [line for line in page.splitlines() if line.startswith("| `monitor ")]
    named = {
        (path, form)
        for path, form in offered()
        if any(is_of(row.removeprefix("| `monitor ").replace("`", " "), path) and form in words(row) for row in rows)
    }
    assert offered() - named == set()
    for line, shape, _ in CASES:
        assert any(f"`{shape}`" in row and row.startswith(f"| `monitor {line.split()[0]}") for row in rows), line


def words(row: str) -> set[str]:
    """The words of a row of a table."""
    return set("".join(" " if sign in "`|\\;:," else sign for sign in row).split())
