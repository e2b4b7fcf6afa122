"""The command line: what a person or a script meets."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from builders import ITEM_KEYS, rss
from fakes import Answer, Site
from icalendar import Calendar

from monitor.cli import _COMMANDS, main

CONFIG = """\
version: 1
network: {{allow_private: ["127.0.0.0/8"], per_host: {{delay: 0s}}, timeout: 5s}}
sources:
  - {{id: jp-meti, name: 経済産業省, type: feed, url: "{base}/meti", country: JP, lang: ja, kind: government, tier: official}}
  - {{id: wire, name: Wire, type: feed, url: "{base}/wire", country: US, lang: en, kind: news_agency, tier: wire}}
alerts:
  - {{id: now, when: 'theme:export_control', to: [console]}}
digests:
  - {{id: morning, to: [console], at: "08:00", tz: Asia/Tokyo}}
"""
ON_THEME = (
    "1",
    "輸出貿易管理令の改正、半導体製造装置を許可対象に",
    "経済産業省は輸出管理を強化する省令を公布した。2026年7月1日から施行する。",
)
OFF_THEME = ("2", "省内見学会の参加者を募集します", "")


@pytest.fixture
def here(tmp_path: Path, site: Site, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a configuration over two sources; commands run in it."""
    site.pages["/meti"] = Answer(rss(ON_THEME, OFF_THEME, language="ja"))
    site.pages["/wire"] = Answer(rss(("9", "City museum opens a new wing", "")))
    (tmp_path / "feeds.yaml").write_text(CONFIG.format(base=site.base), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MONITOR_NOW", "2026-05-01T08:00:00Z")
    return tmp_path


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    capsys.readouterr()
    code = main(arguments)
    found = capsys.readouterr()
    return code, found.out, found.err


@pytest.mark.parametrize(
    "arguments",
    [
        "label I-a export_control yes",
        "alerts retry",
        "silence add E-a",
        "silence end 1",
        "search --save mine graphite",
        "searches --forget x",
        "event merge E-a E-b",
        "prune --before 1y --yes",
        "prune --shrink",
        "digest morning --send",
        "deliver",
    ],
)
def test_what_changes_an_archive_makes_none(here: Path, capsys: pytest.CaptureFixture[str], arguments: str) -> None:
    """A wrong path stays one that every command complains of."""
    code, out, err = run(capsys, *arguments.split())
    assert (code, out) == (7, "")
    assert "there is no archive yet" in err
    assert not (here / "data").exists()


def test_a_round_from_poll_to_search(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """poll, deliver, search, show, why, events, event, deadlines, alerts, status and backup on one archive."""
    code, out, _ = run(capsys, "poll", "--json")
    report = json.loads(out)
    assert code == 0
    assert {name: report[name] for name in ("sources", "fetched", "unchanged", "failed", "new", "revised", "failures")} == {
        "sources": 2,
        "fetched": 2,
        "unchanged": 0,
        "failed": 0,
        "new": 3,
        "revised": 0,
        "failures": [],
    }
    code, out, err = run(capsys, "deliver")
    assert code == 0
    assert ON_THEME[1] in out
    assert "1 sent" in err
    code, out, _ = run(capsys, "search", "輸出", "--format", "json")
    [item] = json.loads(out)
    assert set(ITEM_KEYS) <= set(item)
    assert (item["title"], item["lang"], item["published"]) == (ON_THEME[1], "ja", "2026-05-01T07:00:00Z")
    assert run(capsys, "show", item["id"])[1].startswith(ON_THEME[1])
    _, out, _ = run(capsys, "why", item["id"], "--json")
    why = json.loads(out)
    assert why["rules"][0]["matches"] is True
    assert why["rules"][0]["alerts"][0]["state"] == "sent"
    assert next(tag for tag in why["tags"] if tag["theme"] == "export_control")["why"]
    _, out, _ = run(capsys, "events", "--format", "ids")
    assert out.split() == [item["event"]]
    _, out, _ = run(capsys, "event", item["event"])
    assert "jp-meti (official)" in out
    _, out, _ = run(capsys, "deadlines", "--within", "90d", "--format", "json")
    assert [(each["date"], each["kind"]) for each in json.loads(out)] == [("2026-07-01", "effective")]
    _, out, _ = run(capsys, "deadlines", "--within", "90d", "--format", "ics")
    assert len(Calendar.from_ical(out).walk("VEVENT")) == 1
    _, out, _ = run(capsys, "alerts", "--format", "json")
    assert [each["state"] for each in json.loads(out)] == ["sent"]
    _, out, _ = run(capsys, "status", "--json")
    status = json.loads(out)
    assert set(status) >= {"sources", "outbox", "model", "archive"}
    assert set(status["sources"][0]) >= {"id", "last_success", "last_error", "next_poll", "stale"}
    assert status["outbox"]["waiting"] == 0
    assert run(capsys, "backup", "copy.db")[0] == 0
    code, out, _ = run(capsys, "search", "輸出", "--archive", "sqlite:///copy.db", "--format", "ids")
    assert out.strip() == item["id"]


def test_digests_are_shown_written_and_sent_once(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """--preview, --preview --out, --send and --send again."""
    run(capsys, "poll")
    code, out, _ = run(capsys, "digest", "morning", "--preview")
    assert code == 0
    assert out.startswith("Subject: [Monitor] 1 May: 1 new")
    assert ON_THEME[1] in out
    code, out, _ = run(capsys, "digest", "morning", "--preview", "--out", "previews")
    assert sorted(path.suffix for path in Path("previews").iterdir()) == [".eml", ".html", ".txt"]
    assert out.count("digest ") == 3
    assert "1 sent" in run(capsys, "digest", "morning", "--send")[2]
    again = run(capsys, "digest", "morning", "--send")
    assert "ordered before" in again[2]
    assert "0 sent" in again[2]


@pytest.mark.parametrize(
    ("arguments", "code", "word"),
    [
        (["serach", "x"], 2, "Did you mean search?"),
        (["search"], 2, "the query is empty"),
        (["search", "them:x"], 2, "Did you mean theme:?"),
        (["search", "(a"], 2, "^"),
        (["search", "x"], 7, "monitor poll"),
        (["poll", "jp-metti"], 2, "Did you mean jp-meti?"),
        (["poll", "--config", "absent.yaml"], 3, "monitor init"),
        (["digest", "evening", "--send"], 2, "Digests there: morning"),
        (["digest", "morning"], 2, "--preview or --send"),
        (["show", "I-x", "--archive", "postgres://x"], 2, "sqlite:///data/monitor.db"),
        (["parse", "absent.xml"], 2, "No such file"),
        (["poll", "--archive", "sqlite:////proc/nowhere/a.db"], 7, "/proc/nowhere/a.db"),
        (["deadlines", "--within", "soon"], 2, "30d"),
        (["digest", "morning", "--preview", "--date", "9999-12-31"], 2, "--date"),
        (["evaluate", "bad.jsonl"], 2, "bad.jsonl:1: is no JSON"),
        (["label", "I-x", "export_contrl", "yes"], 2, "Did you mean export_control?"),
    ],
)
def test_what_goes_wrong_gives_one_clear_line_and_its_code(
    here: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], code: int, word: str
) -> None:
    """No traceback, nothing on standard output, the next step named."""
    Path("bad.jsonl").write_bytes(b"\xff\xfe\x00 no lines")
    found, out, err = run(capsys, *arguments)
    assert (found, out) == (code, "")
    assert word in err
    assert "Traceback" not in err


def test_exit_codes_tell_how_many_sources_failed(here: Path, capsys: pytest.CaptureFixture[str], site: Site) -> None:
    """4: some, 5: all."""
    del site.pages["/wire"]
    code, out, _ = run(capsys, "poll", "--json")
    assert code == 4
    assert json.loads(out)["failures"] == [{"source": "wire", "error": "status: HTTP 404"}]
    del site.pages["/meti"]
    assert run(capsys, "poll")[0] == 5
    _, out, _ = run(capsys, "sources", "list", "--failing", "--format", "json")
    assert sorted(each["id"] for each in json.loads(out)) == ["jp-meti", "wire"]


def test_finding_nothing_is_no_error_unless_asked(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """--exit-code, as grep's users expect."""
    run(capsys, "poll")
    assert run(capsys, "search", "no-such-word")[0] == 0
    assert run(capsys, "search", "no-such-word", "--exit-code")[0] == 1


def test_a_search_may_begin_with_a_minus(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """-word leaves out; an option that is none is still named."""
    run(capsys, "poll")
    code, out, _ = run(capsys, "search", "-輸出", "--format", "ids")
    assert (code, len(out.split())) == (0, 2)
    code, _, err = run(capsys, "search", "輸出", "--frmat=ids")
    assert (code, "--format" in err) == (2, True)


def test_a_backup_never_goes_onto_the_archive(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Refused, and the archive is whole."""
    run(capsys, "poll")
    code, out, err = run(capsys, "backup", "data/monitor.db")
    assert (code, out) == (2, "")
    assert "data/monitor.db" in err
    assert run(capsys, "search", "輸出", "--format", "ids")[1]


def test_global_options_stand_before_or_after_the_command(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Both give the same."""
    run(capsys, "poll")
    before = run(capsys, "--archive", "sqlite:///data/monitor.db", "search", "since:7d", "--format", "ids")
    after = run(capsys, "search", "since:7d", "--format", "ids", "--archive", "sqlite:///data/monitor.db")
    assert before == after
    assert before[1]


def test_search_without_the_archive_of_a_live_writer_needs_no_writing(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A reader never waits for, nor blocks, the service."""
    from monitor.archive import Archive

    run(capsys, "poll")
    with Archive.open("sqlite:///data/monitor.db") as writer, writer.working():
        assert run(capsys, "search", "輸出", "--format", "ids")[0] == 0
        assert run(capsys, "poll")[0] == 7


def test_parse_gives_lines_in_document_order(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """guid, url, title, summary, published; no archive needed."""
    Path("feed.xml").write_bytes(rss(ON_THEME, OFF_THEME))
    _, out, _ = run(capsys, "parse", "feed.xml")
    lines = [json.loads(line) for line in out.splitlines()]
    assert [line["title"] for line in lines] == [ON_THEME[1], OFF_THEME[1]]
    assert list(lines[0]) == ["guid", "url", "title", "summary", "published"]
    assert lines[0]["published"] == "2026-05-01T07:00:00Z"


STREAM = (
    json.dumps({"id": 7, "title": "BIS adds 12 firms to the Entity List under 15 CFR 744", "extra": 1})
    + "\nnot json\n"
    + json.dumps({"id": "b", "title": "輸出貿易管理令の改正、7月1日から施行", "lang": "ja", "published": "2026-05-01T00:00:00Z"})
    + '\n{"title": "no id"}\n\n'
)


@pytest.mark.parametrize(
    ("command", "keys"),
    [
        ("tag", ["id", "labels", "scores", "why"]),
        ("link", ["id", "event", "why"]),
        ("identify", ["id", "lang", "identifiers", "entities", "dates"]),
    ],
)
def test_streams_keep_order_and_name_bad_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], command: str, keys: list[str]
) -> None:
    """One line out per good line in, ids as they came; a bad line is named and skipped; neither configuration nor archive is needed."""
    monkeypatch.chdir(tmp_path)
    Path("items.jsonl").write_text(STREAM, encoding="utf-8")
    code, out, err = run(capsys, command, "items.jsonl")
    lines = [json.loads(line) for line in out.splitlines()]
    assert code == 0
    assert [line["id"] for line in lines] == [7, "b"]
    assert list(lines[0]) == keys
    assert "line 2: is no JSON" in err
    assert "2 lines could not be used" in err


@pytest.mark.parametrize("command", ["tag", "link", "identify"])
def test_half_a_character_in_an_id_comes_back_as_it_went(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    """JSON may hold a lone surrogate; UTF-8 may not."""
    monkeypatch.chdir(tmp_path)
    Path("items.jsonl").write_text('{"id": "\\ud800", "title": "輸出 \\udfff"}\n', encoding="utf-8")
    code, out, _ = run(capsys, command, "items.jsonl")
    assert (code, json.loads(out)["id"]) == (0, "\ud800")
    assert "\\ud800" in out


def test_identify_finds_the_law_in_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Identifier, entity and date of a known kind."""
    monkeypatch.chdir(tmp_path)
    Path("items.jsonl").write_text(STREAM, encoding="utf-8")
    _, out, _ = run(capsys, "identify", "items.jsonl")
    first, second = (json.loads(line) for line in out.splitlines())
    assert {"type": "cfr", "value": "15 CFR 744"} in first["identifiers"]
    assert "list-el" in {each["id"] for each in first["entities"]}
    assert [(each["kind"], each["date"]) for each in second["dates"]] == [("effective", "2026-07-01")]


def test_the_queue_asks_about_what_nobody_has_judged(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each item once, in doubt first; what was labelled is asked no more."""
    run(capsys, "poll")
    _, out, _ = run(capsys, "queue", "--days", "3000", "--format", "json")
    rows = json.loads(out)
    assert rows
    assert len({row["id"] for row in rows}) == len(rows)
    first = rows[0]
    run(capsys, "label", first["id"], first["theme"], "no")
    _, out, _ = run(capsys, "queue", "--days", "3000", "--theme", first["theme"], "--format", "json")
    assert first["id"] not in {row["id"] for row in json.loads(out)}


def test_stats_tell_how_the_classifier_scored(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """By week and theme; and how much of the vocabulary it does not know."""
    run(capsys, "poll")
    code, out, err = run(capsys, "model", "stats", "--weeks", "500", "--format", "json")
    assert code == 0
    rows = json.loads(out)
    assert {row["theme"] for row in rows} == {
        "critical_minerals",
        "export_control",
        "investment_screening",
        "telecom_5g",
    }
    for row in rows:
        assert f"{row['given_share']:.1%} {row['doubtful_share']:.1%}" == f"{row['given']} {row['in doubt']}"
        assert f"{row['mean_score']:.2f}" == f"{float(row['mean score']):.2f}"
    assert "vocabulary that the model does not know: " in err


def test_models_have_a_history(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The one in use is told; where there is no earlier one, none is taken back."""
    monkeypatch.chdir(tmp_path)
    run(capsys, "init", ".", "--with-classifiers")
    [row] = json.loads(run(capsys, "model", "history", "--json")[1])
    assert (row["kept"], len(row["themes"])) == ("in use", 4)
    assert row["version"] in run(capsys, "model", "history")[1]
    code, _, err = run(capsys, "model", "rollback")
    assert code == 2
    assert "there is no earlier model" in err


def test_init_writes_what_doctor_accepts_and_overwrites_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The way of a newcomer: init, doctor."""
    monkeypatch.chdir(tmp_path)
    code, out, err = run(capsys, "init", "watch")
    assert code == 0
    assert "feeds.yaml" in out
    assert "monitor doctor && monitor poll" in err
    monkeypatch.chdir(tmp_path / "watch")
    code, out, _ = run(capsys, "doctor")
    assert code == 0
    assert "fail" not in out
    Path("feeds.yaml").write_text("version: 1\n")
    run(capsys, "init", ".")
    assert Path("feeds.yaml").read_text() == "version: 1\n"


def test_a_shell_reads_each_line_of_the_example_environment(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Uncommented and as it stands: a variable whose value is no more than that, and nothing on standard error."""
    run(capsys, "init", str(tmp_path))
    lines = [line.removeprefix("# ") for line in (tmp_path / ".env.example").read_text(encoding="utf-8").splitlines()]
    used = [line for line in lines if re.match("[A-Z_]+=", line)]
    (tmp_path / "env").write_text("\n".join(used), encoding="utf-8")
    done = subprocess.run(["sh", "-c", "set -a; . ./env; env"], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert (done.stderr, [line for line in used if line not in done.stdout.splitlines()]) == ("", [])
    assert len(used) > 5


def test_doctor_names_what_is_wrong(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each line ok, warn or fail; the exit code is that of the first failure."""
    Path("feeds.yaml").write_text("version: 1\nsorces: []\n")
    code, out, _ = run(capsys, "doctor")
    assert code == 3
    assert "did you mean 'sources'?" in out


@pytest.mark.parametrize("name", sorted(_COMMANDS))
def test_every_command_explains_itself_with_an_example(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """--help ends with a line to copy."""
    code, out, _ = run(capsys, name, "--help")
    assert code == 0
    assert "Example:" in out
    assert f"monitor {name}" in out


def test_csv_cells_cannot_be_formulas(here: Path, capsys: pytest.CaptureFixture[str], site: Site) -> None:
    """OWASP: a cell that a spreadsheet would calculate gets a leading quote."""
    site.pages["/wire"] = Answer(rss(("1", "=HYPERLINK(1)", ""), ("2", "＝ＳＵＭ(A1)", "")))
    run(capsys, "poll")
    _, out, _ = run(capsys, "search", "source:wire", "--format", "csv")
    assert out.count(",'=HYPERLINK(1),") == 1
    assert out.count(",'＝ＳＵＭ(A1),") == 1


def test_terminal_output_is_inert(here: Path, capsys: pytest.CaptureFixture[str], site: Site) -> None:
    """No escape sequence and no bidi override of a feed reaches the terminal, in no format."""
    title = "Rule &#x1b;]0;owned&#x07; \u202eevil\u202c \x9b31m end"
    site.pages["/wire"] = Answer(rss(("1", title, title)))
    run(capsys, "poll")
    for form in ("table", "json", "jsonl", "csv", "tsv", "md"):
        _, out, _ = run(capsys, "search", "source:wire", "--format", form)
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]", out)


def test_the_demo_shows_the_whole_job(tmp_path: Path) -> None:
    """Themes, an event in several languages from report to rule, dates, no noise in the alerts, and the paths; as a process of its own."""
    keep = tmp_path / "デモ output"
    done = subprocess.run(
        [sys.executable, "-m", "monitor", "demo", "--keep", str(keep)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    out = done.stdout
    assert out.splitlines()[0].split() == ["themes", "critical_minerals", "export_control", "investment_screening", "telecom_5g"]
    grown = re.search(r"(E-\w+)  .*\n    (.*) · (\d+) items, .* · reported → on file → final", out)
    assert grown is not None
    assert {"en", "ja", "zh"} <= set(grown[2].split(", "))
    assert re.search(r"2023-12-18  Comments close", out)
    assert re.search(r"2023-12-01  Effective", out)
    assert "1 revised" in out
    alerts = out.split("### Events")[0]
    for noise in ("Rugby", "ラグビー", "5G plan", "Gold", "Lithium", "rice", "Wyndham", "GDP", "Pixel", "Venezuela"):
        assert noise not in alerts
    assert "Harbour Courier\n      US widens" not in alerts  # the near-duplicate
    paths = dict(line.split("\t") for line in out.splitlines() if "\t" in line and not line.startswith("themes"))
    assert all(Path(path).exists() for path in paths.values())
    assert {"digest .txt", "digest .html", "digest .eml", "archive"} == set(paths)
