"""The commands about rules, on the archive that the demo leaves behind."""

from __future__ import annotations

import json
import re
import shutil
from contextlib import redirect_stderr, redirect_stdout
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from conftest import Run

from monitor import bundled
from monitor.cli import main

END = datetime(2023, 10, 25, 13, 0, tzinfo=UTC)
"""The moment at which the demo ends."""
REPORT_KEYS = (
    "rule version when since until days zone items fired messages folded suppressed"
    " reasons per_day by_day events sources alerts really"
)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `monitor demo --keep` makes; nobody writes to it."""
    folder = tmp_path_factory.mktemp("demo") / "kept"
    with redirect_stdout(StringIO()), redirect_stderr(StringIO()):
        assert main(["demo", "--keep", str(folder)]) == 0
    return folder


@pytest.fixture(autouse=True)
def here(kept: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of its own with the demo's archive and configuration, at the moment at which the demo ends."""
    (tmp_path / "data").mkdir()
    shutil.copy(kept / "monitor.db", tmp_path / "data" / "monitor.db")
    text = (bundled.demo() / "feeds.yaml").read_text(encoding="utf-8").replace("${DEMO_BASE}", "http://127.0.0.1:9")
    (tmp_path / "feeds.yaml").write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MONITOR_NOW", END.isoformat())
    return tmp_path


def asked(run: Run, *arguments: str) -> Any:
    code, out, err = run(*arguments, "--format", "json")
    assert code == 0, err
    return json.loads(out)


def test_rules_are_listed_with_what_they_told(run: Run, here: Path) -> None:
    """Version, limits and a week's figures; a rule that was changed since has a version that has not decided anything."""
    [row] = asked(run, "rules", "list")
    assert (row["id"], row["version"], row["is_used"], row["to"]) == ("econsec-now", 1, True, ["console"])
    assert row["limits"] == {"per_event": "8/24h", "per_channel": "60/1h"}
    assert row["told_7d"] > 10
    path = here / "feeds.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("60/h", "70/h"), encoding="utf-8")
    [row] = asked(run, "rules", "list")
    assert (row["version"], row["is_used"]) == (2, False)
    assert "\t(2)\t" in run("rules", "list")[1]


def test_rules_are_listed_before_there_is_an_archive(run: Run, here: Path) -> None:
    """They have told nothing."""
    shutil.rmtree(here / "data")
    [row] = asked(run, "rules", "list")
    assert (row["version"], row["is_used"], row["told_7d"]) == (1, False, 0)
    assert not (here / "data").exists()


def test_an_unchanged_rule_would_have_told_what_it_told(run: Run) -> None:
    """Nothing more, nothing fewer: merges, limits, echoes and all."""
    found = asked(run, "rules", "test", "econsec-now", "--since", "30d", "--limit", "1000")
    assert list(found) == REPORT_KEYS.split()
    really = found["really"]
    assert (really["more"], really["fewer"]) == ([], [])
    assert really["messages"] == found["messages"] > 20
    assert found["version"] == 1
    assert found["fired"] == found["messages"] + found["folded"] == sum(day["fired"] for day in found["by_day"])
    assert sum(found["reasons"]["folded"].values()) == found["folded"]
    assert sum(found["reasons"]["suppressed"].values()) == found["suppressed"]
    assert len(found["alerts"]) == found["fired"] + found["suppressed"]
    assert found["since"] == "2023-10-16T23:00:00Z"  # the archive is no older
    assert found["per_day"]["busiest"]["fired"] == max(day["fired"] for day in found["by_day"])


def test_an_event_has_the_title_that_it_has_everywhere_today(run: Run) -> None:
    """In the report and in JSON; one that was merged since, that of the event which goes on."""
    found = asked(run, "rules", "test", "econsec-now", "--since", "30d")
    assert {each["id"]: each["title"] for each in found["events"]} == {
        each["id"]: asked_event(run, each["id"])["title"] for each in found["events"]
    }
    first, second = (each["id"] for each in found["events"][:2])
    run("event", "merge", second, first)
    title = asked_event(run, second)["title"]
    report = run("rules", "test", "econsec-now", "--since", "30d")[1]
    assert re.search(rf"{first}  {re.escape(title)}$", report, re.M)
    assert {each["title"] for each in found["sources"]} == {None}


def asked_event(run: Run, event: str) -> Any:
    return json.loads(run("event", event, "--json")[1])


def test_another_query_is_tried_beside_what_was_told(run: Run) -> None:
    """More and fewer are named, each with its item."""
    found = asked(run, "rules", "test", "econsec-now", "--when", "tier:official graphite OR cricket OR 台风", "--limit", "500")
    assert (found["rule"], found["version"], found["when"]) == ("econsec-now", None, "tier:official graphite OR cricket OR 台风")
    really = found["really"]
    assert len(really["fewer"]) > 20
    assert really["messages"] + len(really["more"]) - len(really["fewer"]) == found["messages"]
    assert all(each["title"] and each["item"].startswith("I-") for each in (*really["more"], *really["fewer"]))
    assert asked(run, "rules", "test", "econsec-now", "--when", "tier:official", "--limit", "1")["events"][1:] == []


def test_a_query_alone_is_tried_to_a_channel_of_its_own(run: Run) -> None:
    """What other rules told does not fold it, and there is nothing to compare it with."""
    found = asked(run, "rules", "test", "--when", "theme:critical_minerals")
    assert (found["rule"], found["really"]) == (None, None)
    assert found["messages"] > 5
    assert {each["channel"] for each in found["alerts"]} == {"trial"}


def test_stages_and_spans_are_those_of_the_moment(run: Run) -> None:
    """An event that became final fires from then on; since: counts from each item's own day."""
    found = asked(run, "rules", "test", "--when", "stage:final theme:critical_minerals", "--limit", "100")
    assert 0 < found["fired"] < asked(run, "rules", "test", "--when", "theme:critical_minerals")["fired"]
    everything = asked(run, "rules", "test", "--when", "theme:critical_minerals since:3d")
    assert everything["fired"] > 5


def test_the_report_shows_how_loud_a_rule_is(run: Run) -> None:
    """Figures, a bar a day, events, sources, and the difference; inert text."""
    code, out, _ = run("rules", "test", "econsec-now", "--since", "30d", "--limit", "3")
    assert code == 0
    assert out.startswith("Rule econsec-now v1: theme:export_control")
    for part in ("a day, median", "█ messages  ░ folded", "2023-10-20  ██", "Events, with messages", "Sources, with messages"):
        assert part in out
    assert "0 more, 0 fewer" in out
    assert "... and" in out


def test_a_long_span_is_shown_by_week(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bar a week, of Mondays."""
    monkeypatch.setenv("MONITOR_NOW", "2023-12-25T13:00:00Z")
    out = run("rules", "test", "econsec-now")[1]
    assert "week of" in out
    assert "2023-10-16  █" in out
    assert "2023-12-18   ·" in out


@pytest.mark.parametrize("form", ["csv", "tsv", "md", "jsonl", "ids"])
def test_alerts_are_written_one_a_line(run: Run, form: str) -> None:
    """For a spreadsheet or a script."""
    lines = run("rules", "test", "econsec-now", "--format", form, "--limit", "4")[1].splitlines()
    assert len(lines) == 4 + {"csv": 1, "md": 2}.get(form, 0)
    assert "I-" in lines[-1]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ([], 2, "nothing to test"),
        (["econsec-nw"], 2, "Did you mean econsec-now?"),
        (["--when", "lang:ja them:x"], 2, "Did you mean theme:?"),
        (["econsec-now", "--when", '"open'], 2, "without its partner"),
        (["econsec-now", "--since", "tomorrow"], 2, "neither a span nor a date"),
        (["econsec-now", "--since", "2030"], 2, "not in the past"),
    ],
)
def test_a_slip_is_named(run: Run, arguments: list[str], code: int, said: str) -> None:
    """With what to do about it, and in a query with a mark under the place."""
    found, _, err = run("rules", "test", *arguments)
    assert (found, said in err) == (code, True), err
    assert "--when" not in arguments or err.splitlines()[-1].strip() == "^"


def test_a_rule_that_never_fires_is_told_by_the_exit_code(run: Run) -> None:
    """Only if it is asked for."""
    never = ["rules", "test", "--when", "cricket zebra"]
    assert run(*never)[0] == 0
    assert run(*never, "--exit-code")[0] == 1
    assert run("rules", "test", "econsec-now", "--exit-code")[0] == 0
    found = asked(run, *never)
    assert (found["fired"], found["per_day"]) == (0, {"mean": 0, "median": 0, "busiest": None})


def test_trying_a_rule_writes_nothing(run: Run, here: Path) -> None:
    """The archive is opened for reading, and may be read-only."""
    archive = here / "data" / "monitor.db"
    before = archive.read_bytes()
    run("rules", "test", "econsec-now")
    assert archive.read_bytes() == before
