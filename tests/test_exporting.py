"""Items that match a query, as a file: all of them, once, newest first, whatever the form; nothing half written."""

from __future__ import annotations

import csv
import io
import json
import sys
import tracemalloc
from datetime import date, timedelta
from pathlib import Path

import pytest
from builders import ITEM_KEYS, NOW, an_item
from conftest import Run
from pyarrow import parquet

from monitor import query
from monitor.archive import Archive
from monitor.archive.intake import Change
from monitor.cli.output import write_csv
from monitor.dedupe import sort_out
from monitor.items import Filed, Item, SourceState

KEYS = [*ITEM_KEYS, "stage", "identifiers", "entities", "dates"]
EVERYTHING = "since:1900"
QUERIES = [
    EVERYTHING,
    "輸出",
    "export OR 出口",
    "-lang:en",
    "theme:export_control,critical_minerals score:>=0.9",
    "cfr:15/744",
    "entity:co-nvidia",
    "nosuchword",
    "deadline:60d tier:official",
]


def store(archive: Archive, *items: Item) -> None:
    found = sort_out(archive.intake.known(items[0].source, items), items)
    archive.intake.store(Change(found=found, state=SourceState(id=items[0].source, polls=1), at=NOW))


def exported(archive: Archive, text: str, **settings: int | None) -> list[Filed]:
    return [each.filed for each in archive.exports.items(query.parse(text), NOW, **settings)]


@pytest.mark.parametrize("chunk", [1, 2, 7, 1_000])
@pytest.mark.parametrize("text", QUERIES)
def test_an_export_is_the_search_without_its_limit(demo_folder: Path, text: str, chunk: int) -> None:
    """The same items in the same order, however many are fetched at once."""
    with Archive.open("sqlite:///data/monitor.db", is_readonly=True) as archive:
        assert exported(archive, text, chunk=chunk) == archive.reading.search(query.parse(text), NOW, limit=None)


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 5, 99])
def test_a_limit_keeps_the_newest(archive: Archive, limit: int) -> None:
    """At the border of a chunk, within one, and beyond the end; items of one moment are told apart."""
    items = [an_item(key=str(n), title=f"Notice {n}", published=NOW - timedelta(hours=n // 2)) for n in range(5)]
    store(archive, *items)
    assert exported(archive, EVERYTHING, limit=limit, chunk=2) == exported(archive, EVERYTHING)[:limit]
    assert {each.item.id for each in exported(archive, EVERYTHING, chunk=2)} == {each.id for each in items}


def test_a_hundred_times_the_items_need_hardly_more_memory(archive: Archive) -> None:
    """The peak is that of a chunk, and a number for each match: an item has a hundred times more."""
    store(archive, *(an_item(key=str(n), title=f"Notice {n}", summary="輸出管理 " * 100) for n in range(4_000)))

    def peak(limit: int) -> int:
        tracemalloc.start()
        for _ in archive.exports.items(query.parse(EVERYTHING), NOW, limit=limit, chunk=40):
            pass
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    peak(40)  # what is loaded once
    assert peak(4_000) - peak(40) < 4_000 * 50


def test_json_lines_have_the_keys_of_an_item_and_what_was_found_in_it(demo_folder: Path, run: Run) -> None:
    """As search and show print them; the form is that of --out's name, too."""
    code, out, err = run("export", "theme:export_control")
    rows = [json.loads(line) for line in out.splitlines()]
    assert (code, err) == (0, "")
    assert [list(row) for row in rows] == [KEYS] * len(rows)
    assert [row["id"] for row in rows] == run("search", "theme:export_control", "--limit", "1000", "--format", "ids")[1].split()
    for row in rows:
        shown = json.loads(run("show", row["id"], "--json")[1])
        assert row == {name: shown[name] for name in KEYS}
    assert run("export", "theme:export_control", "--out", "items.jsonl")[::2] == (0, f"wrote items.jsonl: {len(rows)} items\n")
    assert Path("items.jsonl").read_text(encoding="utf-8") == out
    assert sorted(path.name for path in Path().iterdir()) == ["data", "feeds.yaml", "items.jsonl"]


def test_csv_has_one_line_an_item(demo_folder: Path, run: Run) -> None:
    """Lists and scores in one cell each; the columns that are asked for, in their order."""
    _, out, _ = run("export", EVERYTHING, "--format", "csv")
    rows = {row["id"]: row for row in csv.DictReader(io.StringIO(out, newline=""))}
    _, lines, _ = run("export", EVERYTHING)
    items = [json.loads(line) for line in lines.splitlines()]
    assert list(rows) == [item["id"] for item in items]
    for item in items:
        row = rows[item["id"]]
        assert row["themes"] == "; ".join(f"{theme} {score:.2f}" for theme, score in item["themes"].items())
        assert row["identifiers"] == "; ".join(f"{each['type']}: {each['value']}" for each in item["identifiers"])
        assert row["entities"] == "; ".join(each["id"] for each in item["entities"])
        assert row["dates"] == "; ".join(f"{each['kind']} {each['date']}" for each in item["dates"])
    _, out, _ = run("export", "輸出", "--format", "csv", "--columns", "title, published,title")
    assert out.splitlines()[0] == "title,published"


def test_every_csv_is_written_alike() -> None:
    """Lists joined by semicolons, null an empty cell, no cell a formula, whichever command writes it."""
    stream = io.StringIO()
    assert write_csv([{"to": ["a", "b"], "at": None, "title": "=1"}], ("to", "at", "title"), stream) == 1
    assert stream.getvalue() == "to,at,title\na; b,,'=1\n"


def test_excel_gets_the_mark_that_it_needs_and_no_formula(demo_folder: Path, run: Run) -> None:
    """UTF-8 with a byte order mark; only csv."""
    with Archive.open("sqlite:///data/monitor.db") as archive:
        store(archive, an_item(title="=HYPERLINK(1)", summary="＝ＳＵＭ(A1)"))
    assert run("export", "source:meti", "--excel", "--out", "for_excel.csv")[0] == 0
    raw = Path("for_excel.csv").read_bytes()
    assert raw.startswith(b"\xef\xbb\xbfid,source,")
    [row] = csv.DictReader(io.StringIO(raw.decode("utf-8-sig"), newline=""))
    assert (row["title"], row["summary"]) == ("'=HYPERLINK(1)", "'＝ＳＵＭ(A1)")
    code, _, err = run("export", "source:meti", "--excel")
    assert (code, "--format csv" in err) == (2, True)


def test_parquet_has_the_types_of_the_json(demo_folder: Path, run: Run) -> None:
    """Moments are moments, days are days, themes a map; in row groups, none of them lost."""
    assert run("export", EVERYTHING, "--out", "items.parquet")[0] == 0
    rows = parquet.read_table("items.parquet").to_pylist()
    items = [json.loads(line) for line in run("export", EVERYTHING)[1].splitlines()]
    assert [list(row) for row in rows] == [KEYS] * len(items)
    for row, item in zip(rows, items, strict=True):
        assert row["first_seen"].strftime("%Y-%m-%dT%H:%M:%SZ") == item["first_seen"]
        assert [dict(row["themes"]), row["identifiers"]] == [item["themes"], item["identifiers"]]
        assert [each["date"] for each in row["dates"]] == [date.fromisoformat(each["date"]) for each in item["dates"]]
        assert {name: row[name] for name in ("id", "title", "url", "event", "stage")} == {
            name: item[name] for name in ("id", "title", "url", "event", "stage")
        }


def test_parquet_without_its_package_says_what_to_install(demo_folder: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """One line, no file, no part of one."""
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    code, out, err = run("export", EVERYTHING, "--out", "items.parquet")
    assert (code, out) == (2, "")
    assert "pip install 'econsec-monitor[parquet]'" in err
    assert sorted(path.name for path in Path().iterdir()) == ["data", "feeds.yaml"]


def test_bodies_come_only_where_they_are_asked_for(demo_folder: Path, run: Run) -> None:
    """null where no page was read; in every form."""
    with Archive.open("sqlite:///data/monitor.db") as archive:
        store(archive, an_item(title="Whole text", body="The text\nof the page"))
    line = json.loads(run("export", "source:meti", "--body")[1])
    assert (list(line), line["body"]) == ([*KEYS, "body"], "The text\nof the page")
    assert "body" not in json.loads(run("export", "source:meti")[1])
    assert run("export", "source:meti", "--columns", "body", "--format", "csv")[1] == "body\nThe text of the page\n"
    run("export", EVERYTHING, "--body", "--out", "whole.parquet")
    assert parquet.read_table("whole.parquet")["body"].to_pylist().count(None) == parquet.read_table("whole.parquet").num_rows - 1


def test_an_item_that_waits_for_judgement_is_exported_as_it_is(archive: Archive, run: Run, archive_url: str) -> None:
    """Evidence is not held back because a model failed."""
    store(archive, an_item())
    found = json.loads(run("export", EVERYTHING, "--archive", archive_url)[1])
    assert [found[name] for name in ("event", "stage", "themes", "identifiers", "entities", "dates")] == [
        None,
        None,
        {},
        [],
        [],
        [],
    ]


@pytest.mark.parametrize(("form", "empty"), [("jsonl", ""), ("csv", ",".join(KEYS) + "\n")])
def test_an_empty_archive_gives_an_empty_file(archive: Archive, run: Run, archive_url: str, form: str, empty: str) -> None:
    """Which is no error, unless asked; and a program that reads it finds its columns."""
    assert run("export", EVERYTHING, "--archive", archive_url, "--format", form) == (0, empty, "Nothing found.\n")
    assert run("export", EVERYTHING, "--archive", archive_url, "--exit-code")[0] == 1


def test_an_empty_parquet_file_has_its_columns(archive: Archive, run: Run, archive_url: str, tmp_path: Path) -> None:
    """It opens."""
    run("export", EVERYTHING, "--archive", archive_url, "--out", str(tmp_path / "none.parquet"))
    assert parquet.read_table(tmp_path / "none.parquet").column_names == KEYS


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["export"], 2, "Missing argument"),
        (["export", ""], 2, "the query is empty"),
        (["export", "them:x"], 2, "Did you mean theme:?"),
        (["export", "(a"], 2, "^"),
        (["export", "x", "--colums", "id"], 2, "--columns"),
        (["export", "x", "--columns", "titel"], 2, "Did you mean title?"),
        (["export", "x", "--columns", ","], 2, "Columns: id, source"),
        (["export", "x", "--format", "bibtex"], 2, "Forms: jsonl, csv, parquet"),
        (["export", "x", "--out", "items.xlsx"], 2, "--format"),
        (["export", "x", "--format", "parquet"], 2, "--out items.parquet"),
        (["export", "x", "--out", "absent/items.csv"], 2, "absent/items.csv cannot be written"),
        (["export", "x", "--out", "data", "--format", "csv"], 2, "no ordinary file"),
        (["export", "x", "--out", "/dev/null", "--format", "csv"], 2, "no ordinary file"),
        (["export", "x", "--limit", "0"], 2, "--limit"),
        (["export", "x", "--archive", "sqlite:///absent.db"], 7, "monitor poll"),
        (["export", "E-5un2gyjmk7", "--limit", "3"], 2, "--limit is for items"),
        (["export", "E-5un2gyjmk7", "--format", "parquet"], 2, "Forms: md, html, csv, json, bibtex"),
        (["export", "I-7oeusauw5sk3"], 2, "monitor show I-7oeusauw5sk3 --json"),
    ],
)
def test_what_goes_wrong_gives_one_clear_line(demo_folder: Path, run: Run, arguments: list[str], code: int, said: str) -> None:
    """And nothing on standard output, and no file."""
    found, out, err = run(*arguments)
    assert (found, out) == (code, "")
    assert said in err
    assert sorted(path.name for path in Path().iterdir()) == ["data", "feeds.yaml"]


def test_what_was_there_stays_if_an_export_fails(demo_folder: Path, run: Run) -> None:
    """The file is the old one or the new one, never a part."""
    Path("items.csv").write_text("before")
    Path("data/monitor.db").write_bytes(Path("data/monitor.db").read_bytes()[:300_000])
    code, _, _ = run("export", EVERYTHING, "--out", "items.csv")
    assert code == 7
    assert Path("items.csv").read_text() == "before"
    assert not [path for path in Path().iterdir() if path.name.endswith(".part")]


def test_a_link_is_written_through(demo_folder: Path, run: Run) -> None:
    """What it leads to is replaced, not the link."""
    Path("real.csv").write_text("before")
    Path("items.csv").symlink_to("real.csv")
    run("export", "輸出", "--out", "items.csv", "--columns", "id")
    assert Path("items.csv").is_symlink()
    assert Path("real.csv").read_text().startswith("id\n")


def test_a_file_that_only_its_owner_reads_stays_so(demo_folder: Path, run: Run) -> None:
    """A new one is as the user's other files."""
    Path("items.csv").touch(0o600)
    run("export", "輸出", "--out", "items.csv")
    run("export", "輸出", "--out", "new.csv")
    Path("plain").touch()
    assert Path("items.csv").stat().st_mode & 0o777 == 0o600
    assert Path("new.csv").stat().st_mode == Path("plain").stat().st_mode


def test_an_evidence_pack_takes_its_form_from_its_name(demo_folder: Path, run: Run) -> None:
    """evidence.html is a page; without a name that says something it is Markdown, as before."""
    event = json.loads(run("events", "--since", "30d", "--format", "json")[1])[0]["id"]
    run("export", event, "--out", "evidence.html")
    assert Path("evidence.html").read_text(encoding="utf-8").lstrip().lower().startswith("<!doctype html>")
    run("export", event, "--out", "evidence")
    assert Path("evidence").read_text(encoding="utf-8").startswith("# ")


def test_words_that_look_like_events_are_words(demo_folder: Path, run: Run) -> None:
    """An event's id begins with a capital E, or is whole."""
    assert run("export", "e-commerce")[::2] == (0, "Nothing found.\n")
    assert run("export", "i-beams")[::2] == (0, "Nothing found.\n")
    assert run("export", "E-nosuch")[0] == 2


@pytest.mark.parametrize("name", ["I-7oeusauw5sk3", "i-7oeusauw5sk3", "I-7OEUSAUW5SK3", "I-7oe"])
def test_an_item_is_known_by_whatever_show_takes(demo_folder: Path, run: Run, name: str) -> None:
    """In either case, and by its beginning: never a word that finds nothing."""
    code, out, err = run("export", name)
    assert (code, out) == (2, "")
    assert f"monitor show {name} --json" in err
