"""How lists are shown: what a narrow terminal leaves out, what --limit cuts, and lists without rows."""

from __future__ import annotations

from pathlib import Path

import pytest
from builders import a_shown
from conftest import Run
from demo_events import CHIPS, Capture, a_notice, add, event_like
from rich.cells import cell_len
from terminal import on_a_terminal


def table(folder: Path, *arguments: str, columns: int) -> tuple[list[str], list[str], str]:
    """The names of the columns shown, the lines, and the note on what was left out."""
    code, out = on_a_terminal(folder, *arguments, "--no-pager", columns=columns)
    assert code == 0
    lines = out.splitlines()
    note = next((line for line in lines if line.startswith("Left out: ")), "")
    assert [line for line in lines if cell_len(line) > columns and line != note] == []
    return lines[0].split(), lines, note


@pytest.mark.parametrize(
    ("arguments", "leads_on", "without"),
    [
        (["alerts", "--since", "30d", "--limit", "4"], "item", "id, rule, channel, reason, event"),
        (["deadlines", "--within", "60d"], "event", "days"),
        (["events", "--limit", "4"], "id", "moved, langs, themes, next"),
        (["sources", "list"], "id", "country, lang, tier"),
        (["rules", "list"], "id", "version, limits"),
    ],
)
def test_a_narrow_table_keeps_the_id_that_leads_on(demo_folder: Path, arguments: list[str], leads_on: str, without: str) -> None:
    """And names the columns that it leaves out, but none in which nothing stands."""
    names, _, note = table(demo_folder, *arguments, columns=80)
    assert leads_on in names
    assert note == f"Left out: {without}. --format csv has all columns."
    _, _, note = table(demo_folder, *arguments, columns=250)
    assert note == ""


def test_alerts_and_deadlines_as_ids_lead_on(demo_folder: Path, run: Run) -> None:
    """Each once, and each is taken by the command that shows it."""
    items = run("alerts", "--since", "30d", "--format", "ids")[1].split()
    assert len(items) == len(set(items)) > 3
    assert run("why", items[0])[0] == 0
    events = run("deadlines", "--within", "60d", "--format", "ids")[1].split()
    assert len(events) == len(set(events)) > 1
    assert run("event", events[0])[0] == 0


@pytest.mark.parametrize(("columns", "is_beside"), [(80, False), (200, True)])
def test_a_withdrawn_date_is_marked_on_any_terminal(demo_folder: Path, capsys: Capture, columns: int, is_beside: bool) -> None:
    """In a column of its own if there is room, else behind the title."""
    event = event_like(capsys, CHIPS)
    add(a_notice("9", title="Advanced computing rule withdrawn"), event, shown=a_shown("withdrawn"))
    names, lines, note = table(demo_folder, "deadlines", columns=columns)
    assert ("change" in names) is is_beside
    text = " ".join(" ".join(lines).split())
    assert ("and Corrections (withdrawn)" in text.replace(event, "")) is not is_beside
    assert "withdrawn" in text
    assert "change" not in note


def test_a_query_breaks_at_spaces_and_commas(demo_folder: Path) -> None:
    """So that its words can be read and copied."""
    _, lines, _ = table(demo_folder, "rules", "list", columns=80)
    assert [line[14:].split()[0] for line in lines[2:5]] == [
        "theme:export_control,",
        "investment_screening,",
        "critical_minerals,telecom_5g",
    ]


EMPTY = [
    (["alerts", "--state", "dead"], "No dead alerts since 2023-10-18 13:00."),
    (
        ["alerts", "--rule", "econsec-now", "--since", "2023-10-25", "--state", "dead"],
        "No dead alerts of the rule econsec-now since 2023-10-25 00:00.",
    ),
    (["deadlines", "--overdue"], "No expected step is overdue."),
    (["deadlines", "--within", "1d"], "No such date from 2023-10-25 to 2023-10-26."),
    (["events", "--since", "2024-01-01"], "No event with a theme moved since 2024-01-01 00:00."),
    (["sources", "list", "--failing"], "No source is failing."),
    (["sources", "list", "--stale", "--silent"], "No source is stale and silent."),
    (["silence", "list"], "Nothing is silenced."),
    (["searches"], "None yet."),
]


@pytest.mark.parametrize(("arguments", "said"), EMPTY)
def test_a_list_without_rows_says_so(demo_folder: Path, run: Run, arguments: list[str], said: str) -> None:
    """In a line for people and nothing for programs, but for the names of columns; not with -q."""
    code, out, err = run(*arguments)
    assert (code, out) == (0, "")
    assert said in err
    assert err.count("\n") == 1
    assert run(*arguments, "-q") == (0, "", "")
    assert run(*arguments, "--format", "json")[1] == "[]\n"
    assert run(*arguments, "--format", "csv")[1].count("\n") == 1


def test_a_table_without_rows_has_no_header(demo_folder: Path) -> None:
    """Which would look like a list that was cut."""
    assert on_a_terminal(demo_folder, "alerts", "--state", "dead") == (0, "No dead alerts since 2023-10-18 13:00.\n")


MORE = "There are more than these {}: --limit\n"


@pytest.mark.parametrize(("arguments", "limit"), [(["search", "since:1900"], 50), (["queue"], 20)])
def test_what_the_usual_limit_cuts_is_said(demo_folder: Path, run: Run, arguments: list[str], limit: int) -> None:
    """Nobody asked for it, so a log and a pipe hear of it, too."""
    _, out, err = run(*arguments)
    assert (out.count("\n"), err) == (limit, MORE.format(limit))
    assert run(*arguments, "--limit", "500")[2] == ""


@pytest.mark.parametrize(
    "arguments",
    [
        ["search", "since:1900", "-x"],
        ["alerts", "--since", "30d"],
        ["events", "--since", "1900"],
        ["queue"],
        ["export", "since:1900"],
        ["rules", "test", "econsec-now", "--since", "30d", "--format", "csv"],
    ],
)
def test_what_a_limit_cuts_that_was_asked_for_is_said_to_a_person(demo_folder: Path, run: Run, arguments: list[str]) -> None:
    """At a terminal; a job that asks for two rows gets them."""
    assert on_a_terminal(demo_folder, *arguments, "--limit", "2", columns=200)[1].endswith(MORE.format(2))
    assert "more than these" not in run(*arguments, "--limit", "2")[2]
