"""monitor stats: what came, day by day, on a terminal, for a program, as a picture."""

from __future__ import annotations

import csv
import io
import json
from datetime import timedelta
from pathlib import Path

import pytest
from builders import NOW
from conftest import Run
from filling import fill, numbered
from PIL import Image
from terminal import on_a_terminal

from monitor.archive import Archive


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with an archive of sixty days: two sources, one that has doubled and one that is gone."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MONITOR_NOW", "2026-05-01T08:00:00Z")
    with Archive.open("sqlite:///data/monitor.db") as archive:
        for key, (source, ago, theme) in enumerate(
            [
                ("meti", 80, "export_control"),
                ("meti", 40, "export_control"),
                ("gone", 40, "telecom_5g"),
                ("meti", 2, "export_control"),
                ("meti", 0, "export_control"),
                ("bis", 0, ""),
            ]
        ):
            at = NOW - timedelta(days=ago)
            item = numbered(key, source=source, published=at, first_seen=at)
            fill(archive, item, themes=(theme,) if theme else (), at=at)
    return tmp_path


def test_json_has_span_bars_sums_and_groups(here: Path, run: Run) -> None:
    """By theme and by source, unless asked otherwise; the bars are days."""
    code, out, err = run("stats", "--format", "json")
    found = json.loads(out)
    assert (code, err) == (0, "")
    assert {name: found[name] for name in ("since", "until", "per", "items", "before")} == {
        "since": "2026-04-01T00:00:00Z",
        "until": "2026-05-01T08:00:00Z",
        "per": "day",
        "items": 3,
        "before": 2,
    }
    assert (found["bars"][0], found["bars"][-1], len(found["bars"])) == ("2026-04-01", "2026-05-01", 31)
    groups = {(each["by"], each["group"]): each for each in found["groups"]}
    assert list(groups) == [
        ("theme", "export_control"),
        ("theme", "telecom_5g"),
        ("theme", None),
        ("source", "meti"),
        ("source", "bis"),
        ("source", "gone"),
    ]
    meti = groups["source", "meti"]
    assert (meti["items"], meti["before"], meti["trend"], meti["counts"][-3:]) == (2, 1, 1.0, [1, 0, 1])


def test_a_query_a_span_and_a_group_narrow_it(here: Path, run: Run) -> None:
    """As in search; --by may be repeated."""
    found = json.loads(
        run("stats", "--query", "source:meti", "--since", "2026-04-29", "--by", "lang", "--by", "tier", "--format", "json")[1]
    )
    assert [(each["by"], each["group"], each["counts"]) for each in found["groups"]] == [
        ("lang", "ja", [1, 0, 1]),
        ("tier", "official", [1, 0, 1]),
    ]


def test_tables_for_programs_have_a_column_a_bar(here: Path, run: Run) -> None:
    """CSV and Markdown with their names, TSV without; jsonl a group a line."""
    rows = list(csv.reader(io.StringIO(run("stats", "--since", "1d", "--by", "source", "--format", "csv")[1])))
    assert rows == [
        ["by", "group", "items", "before", "2026-04-30", "2026-05-01"],
        ["source", "meti", "1", "1", "0", "1"],
        ["source", "bis", "1", "0", "0", "1"],
    ]
    assert run("stats", "--since", "1d", "--by", "source")[1].splitlines()[0] == "source\tmeti\t1\t1\t0\t1"
    assert run("stats", "--since", "1d", "--by", "source", "--format", "md")[1].startswith("| by | group | items | before |")
    lines = [json.loads(line) for line in run("stats", "--since", "1d", "--by", "source", "--format", "jsonl")[1].splitlines()]
    assert [(line["group"], line["since"], line["per"]) for line in lines] == [
        ("meti", "2026-04-30T00:00:00Z", "day"),
        ("bis", "2026-04-30T00:00:00Z", "day"),
    ]
    named = run("stats", "--since", "1d", "--by", "source", "--header")[1].splitlines()
    assert [line.split("\t") for line in named] == rows


@pytest.mark.parametrize("columns", [60, 80, 120])
def test_on_a_terminal_each_group_is_a_row_of_bars_that_fits(here: Path, columns: int) -> None:
    """Name, items, before, trend, bars; the sum in one line; nothing wider than the terminal."""
    code, out = on_a_terminal(here, "stats", columns=columns, lines=60)
    assert code == 0
    assert out.startswith("3 items, 2026-04-01 to 2026-05-01 08:00Z, 0.1 a day; 2 in the 30 days before")
    assert all(len(line) <= columns for line in out.splitlines()[2:])
    [meti] = [line for line in out.splitlines() if line.startswith("meti")]
    assert meti.split()[1:5] == ["2", "1", "↑", "100"]
    assert meti.rstrip().endswith("█")
    assert any("gone" in line and line.startswith("gone ") for line in out.splitlines())
    assert "(no theme)" in out


@pytest.mark.parametrize(("columns", "per"), [(60, "per 3 days"), (80, "per 2 days"), (200, "per day")])
def test_a_bar_says_what_it_stands_for(here: Path, columns: int, per: str) -> None:
    """Where there is no room for a bar a day, several days are one; the last bar has as many as the others."""
    _, out = on_a_terminal(here, "stats", "--since", "91d", "--by", "source", columns=columns)
    [head] = [line for line in out.splitlines() if line.startswith("source ")]
    assert head.rstrip().endswith(f" {per}")


@pytest.mark.parametrize("form", ["jsonl", "csv", "tsv", "md"])
def test_a_program_that_gets_nothing_is_told_so(here: Path, run: Run, form: str) -> None:
    """On standard error; JSON says it by its figures."""
    said = "Nothing came. There is nothing of lang zh here.\n"
    assert run("stats", "--query", "source:meti lang:zh", "--format", form)[::2] == (0, said)
    code, out, err = run("stats", "--query", "source:nosuch", "--format", "json")
    assert (code, json.loads(out)["items"], err) == (0, 0, "")


@pytest.mark.parametrize("form", ["table", "tsv"])
def test_a_name_that_there_is_not_is_told(here: Path, run: Run, form: str) -> None:
    """With the nearest one; what is excluded may be missing."""
    Path("feeds.yaml").write_text('version: 1\nsources: [{id: mofcom, type: feed, url: "http://x.example/"}]\n')
    for wanted, said in (
        ("source:mofcon", "Nothing came. There is no source 'mofcon'; did you mean mofcom?"),
        (
            "source:METI,bsi lang:zh",
            "Nothing came. There is no source 'bsi'; did you mean bis? There is nothing of lang zh here.",
        ),
        ("theme:export_controls", "Nothing came. There is no theme 'export_controls'; did you mean export_control?"),
        ("source:zzzzzz", "Nothing came. There is no source 'zzzzzz'."),
        ("-theme:zzzzzz lang:ko", "Nothing came. There is nothing of lang ko here."),
        ("lang:jp", "Nothing came. There is nothing of lang jp here; did you mean ja?"),
        ("source:mofcom", "Nothing came."),
    ):
        assert run("stats", "--query", wanted, "--format", form)[2].splitlines()[-1] == said


def test_what_is_left_out_on_a_terminal_is_told(here: Path) -> None:
    """With the way to see it."""
    _, out = on_a_terminal(here, "stats", "--by", "source", "--limit", "1", lines=60)
    assert "and 2 more: --limit 3" in out


def test_a_young_archive_is_compared_with_nothing(here: Path, run: Run) -> None:
    """And says why."""
    _, out, err = run("stats", "--since", "70d", "--format", "table")
    assert "nothing to compare with: the archive is complete from 2026-02-10 on" in err
    assert "before" not in out
    assert json.loads(run("stats", "--since", "70d", "--format", "json")[1])["before"] is None


def test_what_is_imported_later_counts_as_if_it_had_come_first(here: Path, run: Run) -> None:
    """The older half brought in afterwards: the same figures, in stats and in the matrix."""
    run("export", "since:1900", "--columns", "source,url,title,published,first_seen", "--out", "items.jsonl")
    lines = Path("items.jsonl").read_text(encoding="utf-8").splitlines()
    found = []
    for name, order in (("newest", lines), ("oldest", lines[::-1])):
        for half in (order[:3], order[3:]):
            Path("half.jsonl").write_text("\n".join(half), encoding="utf-8")
            assert run("import", "half.jsonl", "--archive", f"sqlite:///{name}.db")[0] == 0
        found.append(run("stats", "--by", "source", "--format", "json", "--archive", f"sqlite:///{name}.db")[1])
    assert found[0] == found[1]
    assert json.loads(found[0])["before"] == 2


@pytest.mark.parametrize("name", ["chart.svg", "chart.PNG"])
def test_a_picture_is_written_where_it_is_asked(here: Path, run: Run, name: str) -> None:
    """SVG or PNG by the end of its name; nothing on standard output."""
    code, out, err = run("stats", "--out", name, "--query", "'黒鉛'")
    assert (code, out) == (0, "")
    assert f"wrote {name}: 6 charts" in err
    if name.endswith("svg"):
        assert "黒鉛" in Path(name).read_text(encoding="utf-8")
    else:
        assert Image.open(io.BytesIO(Path(name).read_bytes())).format == "PNG"
    assert ("An SVG shows them" in err) == name.endswith("PNG")


def test_an_empty_archive_has_no_figures(here: Path, run: Run) -> None:
    """No error, in no format; no picture of nothing."""
    Archive.open("sqlite:///empty.db").close()
    for form in ("table", "json", "jsonl", "csv", "tsv", "md"):
        assert run("stats", "--archive", "sqlite:///empty.db", "--format", form)[0] == 0
    assert "the archive is empty" in run("stats", "--archive", "sqlite:///empty.db", "--format", "table")[2]
    assert run("stats", "--archive", "sqlite:///empty.db", "--out", "a.svg")[0] == 2
    assert not Path("a.svg").exists()


@pytest.mark.parametrize(
    ("arguments", "code", "word"),
    [
        (["--archive", "sqlite:///absent.db"], 7, "monitor poll"),
        (["--since", "soon"], 2, "7d, 2026-05"),
        (["--since", "2027"], 2, "in the future"),
        (["--since", "30y", "--per", "day"], 2, "--per month"),
        (["--by", "colour"], 2, "'theme', 'source'"),
        (["--query", "them:x"], 2, "Did you mean theme:?"),
        (["--out", "a.gif"], 2, ".svg or .png"),
        (["--out", "nowhere/a.svg"], 2, "cannot be written"),
        (["--format", "ids"], 2, "--format"),
        (["--out", "a.svg", "--format", "json"], 2, "--format is for figures"),
        (["--out", "a.svg", "--header"], 2, "--header is for figures"),
        (["--header", "--format", "csv"], 2, "--header is for tsv"),
    ],
)
def test_wrong_use_is_one_clear_line(here: Path, run: Run, arguments: list[str], code: int, word: str) -> None:
    """No traceback, nothing on standard output, the next step named."""
    found, out, err = run("stats", *arguments)
    assert (found, out) == (code, "")
    assert word in err
    assert "Traceback" not in err
