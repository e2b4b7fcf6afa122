"""monitor coverage: what is watched, what came of it theme by theme, and where nothing came."""

from __future__ import annotations

import csv
import io
import json
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from builders import NOW
from conftest import Run
from filling import fill, numbered
from terminal import on_a_terminal

from monitor import rhythm
from monitor.archive import Archive
from monitor.archive.intake import Change
from monitor.dedupe import sort_out
from monitor.items import SourceState, Tier

CONFIG = """\
version: 1
sources:
  - {id: meti, name: 経済産業省, type: feed, url: "http://meti.example/a", country: JP, lang: ja, tier: official}
  - {id: mof, name: 財務省, type: feed, url: "http://mof.example/a", country: JP, lang: ja, tier: official}
  - {id: motie, name: 산업통상자원부, type: feed, url: "http://motie.example/a", country: KR, lang: ko, tier: official}
  - {id: paper, name: Paper, type: feed, url: "http://paper.example/a", country: TW, lang: zh, tier: press}
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Four sources. Japan spoke of minerals in the month before and of export control since; Korea never spoke."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MONITOR_NOW", "2026-05-01T08:00:00Z")
    (tmp_path / "feeds.yaml").write_text(CONFIG, encoding="utf-8")
    with Archive.open("sqlite:///data/monitor.db") as archive:
        fill(archive, numbered(0, first_seen=NOW - timedelta(days=90)), at=NOW - timedelta(days=90))
        for key in (1, 2, 3):
            fill(archive, numbered(key, published=NOW - timedelta(days=40)), themes=("critical_minerals",))
        fill(archive, numbered(4), themes=("export_control",))
        fill(archive, numbered(5, source="paper", lang="zh", country="TW", tier=Tier.PRESS))
    return tmp_path


def spots(out: str) -> list[tuple[str, str | None, str | None, int, int | None]]:
    return [
        (each["sort"], each["theme"], each["country"] or each["lang"], each["sources"], each["before"])
        for each in json.loads(out)["blind_spots"]
    ]


EXPECTED = [
    ("gone", "critical_minerals", "JP", 2, 3),
    ("unheard", None, "KR", 1, None),
    ("unheard", None, "ko", 1, None),
    ("nothing", "critical_minerals", "JP", 2, None),
    ("nothing", "investment_screening", "JP", 2, None),
    ("nothing", "telecom_5g", "JP", 2, None),
    ("unofficial", None, "TW", 1, None),
]


def test_the_matrix_in_json_has_every_cell_and_the_blind_spots(here: Path, run: Run) -> None:
    """By country, language and tier; each theme with the span before; each blind spot with its words."""
    code, out, _ = run("coverage", "--matrix", "--format", "json")
    found = json.loads(out)
    assert code == 0
    assert (found["by"], found["since"], found["until"]) == (
        ["country", "lang", "tier"],
        "2026-04-01T08:00:00Z",
        "2026-05-01T08:00:00Z",
    )
    assert [(each["country"], each["lang"], each["tier"], each["sources"]) for each in found["cells"]] == [
        ("JP", "ja", "official", 2),
        ("KR", "ko", "official", 1),
        ("TW", "zh", "press", 1),
    ]
    assert found["cells"][0]["themes"] == {
        "critical_minerals": {"items": 0, "before": 3},
        "export_control": {"items": 1, "before": 0},
        "investment_screening": {"items": 0, "before": 0},
        "telecom_5g": {"items": 0, "before": 0},
    }
    assert found["cells"][2]["no_theme"] == 1
    assert spots(out) == EXPECTED
    assert (
        found["blind_spots"][0]["says"]
        == "critical_minerals: nothing from JP in 30 d; in the 30 d before there were 3, the last on 2026-03-22"
    )


def test_the_plain_command_names_the_blind_spots_too(here: Path, run: Run) -> None:
    """In JSON beside what it had; on a terminal below the table; a program that reads columns gets the one table."""
    _, out, _ = run("coverage", "--format", "json")
    assert {"by", "counts", "troubled", "since", "until", "blind_spots"} == set(json.loads(out))
    assert spots(out) == EXPECTED
    _, shown = on_a_terminal(here, "coverage", columns=100, lines=60)
    assert "Blind spots, 2026-04-01 to 2026-05-01" in shown
    assert "  critical_minerals: nothing official in 30 d from JP (2)\n" in shown
    assert len(run("coverage")[1].splitlines()) == 3


@pytest.mark.parametrize("columns", [80, 120])
def test_the_matrix_fits_the_terminal(here: Path, columns: int) -> None:
    """Counts now and before, a dot for none, blind spots in words below."""
    code, out = on_a_terminal(here, "coverage", "--matrix", columns=columns, lines=60)
    assert code == 0
    assert all(len(line) <= columns for line in out.splitlines()[1:])
    [japan] = [line for line in out.splitlines() if line.startswith("JP ja official")]
    assert japan.split()[3:] == ["2", "0/3", "1/0", "·", "·", "1"]
    assert "KR ko official" in out
    assert "no official source is on, only others, for TW (1)" in " ".join(out.split())


def test_the_matrix_as_columns(here: Path, run: Run) -> None:
    """CSV with names, by one key if asked; TSV and Markdown the same."""
    rows = list(csv.DictReader(io.StringIO(run("coverage", "--matrix", "--by", "country", "--format", "csv")[1])))
    assert [(row["country"], row["sources"], row["critical_minerals"], row["critical_minerals_before"]) for row in rows] == [
        ("JP", "2", "0", "3"),
        ("KR", "1", "0", "0"),
        ("TW", "1", "0", "0"),
    ]
    assert run("coverage", "--matrix")[1].splitlines()[0].split("\t")[:4] == ["JP", "ja", "official", "2"]
    assert run("coverage", "--matrix", "--format", "md")[1].startswith("| country | lang | tier | sources |")


def test_a_young_archive_does_not_say_what_has_gone(here: Path, run: Run) -> None:
    """It cannot know."""
    _, out, _ = run("coverage", "--matrix", "--since", "80d", "--format", "json")
    assert "gone" not in {sort for sort, *_ in spots(out)}
    assert json.loads(out)["cells"][0]["themes"]["export_control"]["before"] is None
    assert "cannot be told yet" in " ".join(run("coverage", "--matrix", "--since", "80d", "--format", "table")[1].split())


def test_without_items_everything_that_is_on_is_unheard(here: Path, run: Run) -> None:
    """An empty archive is no error."""
    Archive.open("sqlite:///empty.db").close()
    for form in ("table", "json", "csv", "tsv", "md"):
        code, out, _ = run("coverage", "--matrix", "--archive", "sqlite:///empty.db", "--format", form)
        assert (code, bool(out)) == (0, True)
    assert spots(run("coverage", "--matrix", "--archive", "sqlite:///empty.db", "--format", "json")[1])[0][:3] == (
        "unheard",
        None,
        "JP",
    )


def test_no_trouble_is_said(here: Path, run: Run) -> None:
    """A person reads one line, a program gets its empty table; the same note for both."""
    with Archive.open("sqlite:///data/monitor.db") as archive:
        for source in ("meti", "mof", "motie", "paper"):
            state = SourceState(id=source, polls=1, last_success=NOW)
            archive.intake.store(Change(found=sort_out({}, []), state=state, at=NOW))
    said = "No source fails, is stale or silent.\n"
    assert on_a_terminal(here, "coverage", "--troubled") == (0, said)
    assert run("coverage", "--troubled") == (0, "", said)
    assert run("coverage", "--troubled", "--format", "csv") == (0, "id,state,last_new,says,name\n", said)


def test_a_source_that_is_silent_is_read_and_brings_nothing(here: Path, run: Run) -> None:
    """`sources list` and coverage mean the same by it; a source that fails is stale as well in the list, and counted once here."""
    days = [NOW - timedelta(days=each) for each in range(20, 80)]
    daily = rhythm.written(rhythm.learn(None, days, since=None, now=days[0], zone=ZoneInfo("Asia/Tokyo"), entries=60))
    states = [
        SourceState(id="meti", polls=9, last_success=NOW, last_attempt=NOW, last_new=days[0], rhythm=daily),
        SourceState(id="mof", polls=9, error_kind="timeout", error_text="no answer", error_at=NOW, error_count=3),
        SourceState(id="motie", polls=9, last_success=days[0], last_attempt=days[0], next_poll=days[0]),
        SourceState(id="paper", polls=9, last_success=NOW, last_attempt=NOW, last_new=NOW, rhythm=daily),
    ]
    with Archive.open("sqlite:///data/monitor.db") as archive:
        for state in states:
            archive.intake.store(Change(found=sort_out({}, []), state=state, at=NOW))
    for option, expected in (("--silent", ["meti"]), ("--stale", ["mof", "motie"]), ("--failing", ["mof"])):
        assert run("sources", "list", option, "--format", "ids")[1].split() == expected
    rows = json.loads(run("sources", "list", "--format", "json")[1])
    assert [(row["id"], row["stale"], row["silent"]) for row in rows] == [
        ("meti", False, True),
        ("mof", True, False),
        ("motie", True, False),
        ("paper", False, False),
    ]
    troubled = json.loads(run("coverage", "--format", "json")[1])["troubled"]
    assert [(row["id"], row["state"]) for row in troubled] == [("meti", "silent"), ("mof", "failing"), ("motie", "stale")]


def test_without_an_archive_the_sources_are_told_all_the_same(here: Path, run: Run) -> None:
    """Only the matrix needs one."""
    code, out, _ = run("coverage", "--archive", "sqlite:///absent.db", "--format", "json")
    assert (code, "blind_spots" in json.loads(out)) == (0, False)


@pytest.mark.parametrize(
    ("arguments", "code", "word"),
    [
        (["--matrix", "--archive", "sqlite:///absent.db"], 7, "monitor poll"),
        (["--matrix", "--since", "soon"], 2, "7d, 2026-05"),
        (["--matrix", "--since", "2027"], 2, "not in the past"),
        (["--matrix", "--troubled"], 2, "Ask one at a time"),
        (["--watchlist", "--since", "30d"], 2, "--since does not go with --watchlist"),
        (["--watchlist", "--by", "lang"], 2, "--by does not go with --watchlist"),
        (["--troubled", "--since", "30d"], 2, "--since does not go with --troubled"),
        (["--by", "colour"], 2, "'country'"),
        (["--matrix", "--config", "absent.yaml"], 3, "monitor init"),
    ],
)
def test_wrong_use_is_one_clear_line(here: Path, run: Run, arguments: list[str], code: int, word: str) -> None:
    """No traceback, nothing on standard output, the next step named."""
    found, out, err = run("coverage", *arguments)
    assert (found, out) == (code, "")
    assert word in err
    assert "Traceback" not in err
