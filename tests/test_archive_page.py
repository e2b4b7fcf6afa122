"""docs/archive.md tells those who read the file itself what is in it, and every query of it runs."""

from __future__ import annotations

import re
import shlex
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from enum import StrEnum
from pathlib import Path
from typing import Any

import pytest
import yaml
from archive_page import PAGE, SECTION, columns, rewritten, tables
from click.testing import CliRunner
from conftest import ROOT, Run
from sqlite_utils.cli import cli

from monitor.archive import Archive
from monitor.messages import OrderKind, OrderState

TEXT = PAGE.read_text(encoding="utf-8")
QUERIES = re.findall(r"^```sql\n(.*?)^```", TEXT, re.M | re.S)
LINES = [line for block in re.findall(r"^```sqlite-utils\n(.*?)^```", TEXT, re.M | re.S) for line in block.splitlines()]
DATASETTE: dict[str, Any] = yaml.safe_load((ROOT / "docs" / "datasette.yaml").read_text(encoding="utf-8"))["databases"]["monitor"]
ASKED = {
    "words": '"輸出" OR "entity list"',
    "theme": "export_control",
    "from": "2023-10-25",
    "beginning": "15 CFR 744",
    "rule": "econsec-now",
}
"""Values for the fields of the ready queries."""
EMPTY = {"sources_failing"}
"""Queries that find nothing in the demo, where all is well."""


@pytest.fixture
def fresh(archive: Archive) -> Iterator[sqlite3.Connection]:
    """A fresh archive, opened as an outsider does."""
    with closing(sqlite3.connect(f"file:{archive.path}?mode=ro", uri=True)) as opened:
        yield opened


@pytest.fixture
def filled(demo_folder: Path) -> Iterator[sqlite3.Connection]:
    """The demo's archive, opened as an outsider does."""
    with closing(sqlite3.connect("file:data/monitor.db?mode=ro", uri=True)) as opened:
        yield opened


def test_every_table_and_column_is_described_as_the_schema_has_it(fresh: sqlite3.Connection) -> None:
    """Written anew by tests/archive_page.py; no column is without a meaning."""
    assert sorted(name for name, _ in SECTION.findall(TEXT)) == tables(fresh)
    assert rewritten(TEXT, fresh) == TEXT
    assert [f"{table}.{name}" for table in tables(fresh) for name, _, said in columns(fresh, table) if not said] == []


@pytest.mark.parametrize(("name", "kind"), [("kind", OrderKind), ("state", OrderState)])
def test_what_an_order_can_be_is_named(fresh: sqlite3.Connection, name: str, kind: type[StrEnum]) -> None:
    """Every kind and every state: outsiders count by these."""
    [said] = [said for column, _, said in columns(fresh, "outbox") if column == name]
    assert [each.value for each in kind if not re.search(rf"\b{each.value}\b", said)] == []


def test_the_two_views_have_the_columns_that_the_page_names(fresh: sqlite3.Connection) -> None:
    """In their order; they are for outsiders and stay."""
    for view in ("v_items", "v_alerts"):
        line = next(line for line in TEXT.splitlines() if line.startswith(f"| `{view}` |"))
        named = re.findall(r"`(\w+)`", re.sub(r"\([^)]*\)", "", line.split("|")[3]))
        assert named == [row[1] for row in fresh.execute("select * from pragma_table_info(?)", [view])]


def test_there_are_ten_questions() -> None:
    """And two on the search index."""
    assert len(QUERIES) == 12


@pytest.mark.parametrize("sql", QUERIES)
def test_every_query_of_the_page_has_an_answer(filled: sqlite3.Connection, sql: str) -> None:
    """In the demo's archive; on a connection that cannot write."""
    assert filled.execute(sql).fetchall()


@pytest.mark.parametrize("name", sorted(DATASETTE["queries"]))
def test_every_ready_query_of_datasette_has_an_answer(filled: sqlite3.Connection, name: str) -> None:
    """With its fields filled in."""
    [event] = filled.execute("select event from items group by event order by count(*) desc limit 1").fetchone()
    cursor = filled.execute(DATASETTE["queries"][name]["sql"], ASKED | {"event": event})
    assert bool(cursor.fetchall()) == (name not in EMPTY)


def test_datasette_is_told_of_tables_and_columns_that_are_there(fresh: sqlite3.Connection) -> None:
    """Facets and orders name columns; what holds secrets is hidden."""
    names = {row[0] for row in fresh.execute("select name from sqlite_master")}
    assert [name for name in DATASETTE["tables"] if name not in names] == []
    for table, settings in DATASETTE["tables"].items():
        there = {row[1] for row in fresh.execute("select * from pragma_table_info(?)", [table])}
        named = {*settings.get("facets", ()), *(settings[key] for key in ("sort_desc", "label_column") if key in settings)}
        assert named <= there
    secret = {table for table in tables(fresh) for name, _, _ in columns(fresh, table) if name in ("token", "secret")}
    assert {table for table, settings in DATASETTE["tables"].items() if settings.get("allow") is False} == secret


@pytest.mark.parametrize("line", LINES)
def test_every_line_with_sqlite_utils_runs(demo_folder: Path, line: str) -> None:
    """And the archive is as it was."""
    Path("names.csv").write_text("id,name\nco-nvidia,Nvidia\nmin-graphite,Graphite\n")
    before = dump()
    done = CliRunner().invoke(cli, shlex.split(line)[1:])
    assert (done.exit_code, done.exception) == (0, None)
    assert done.output.strip()
    assert dump() == before


def dump() -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect("file:data/monitor.db?mode=ro", uri=True)) as opened:
        return [
            *opened.execute("select * from sqlite_master"),
            *opened.execute("select id, title, event from items"),
            *opened.execute("pragma integrity_check"),
        ]


def test_a_copy_is_whole_without_its_companions(demo_folder: Path, run: Run) -> None:
    """It opens as immutable, as Datasette opens it, and has what the live one has."""
    Path("copy").mkdir()
    assert run("backup", "copy/monitor.db")[0] == 0
    with closing(sqlite3.connect("file:copy/monitor.db?immutable=1", uri=True)) as opened:
        [count] = opened.execute("select count(*) from v_items").fetchone()
    assert count > 50
