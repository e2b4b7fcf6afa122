"""A copy to show: what sources said is in it, and nothing of who reads, who judges and where messages go."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from archive_page import tables
from conftest import Run
from test_pruning import NEW, OLD, a_notice, file

from monitor.archive import Archive
from monitor.archive.publishing import _SAID
from monitor.items import AlertState

NAME, ADDRESS = "Sentinella Gheorghe", "slack:#sentinel-desk"
STAYS = {
    "labels": "item theme at",
    "decisions": "at kind event other items",
    "prunings": "at before",
    "sources": "id last_new last_attempt last_success last_full error_kind error_at not_before next_poll reader rhythm",
}
"""Columns of text that a copy to show has, of the tables of which it has a part."""


@pytest.fixture
def marked(archive_url: str) -> str:
    """An archive with the name and the address in every text that is not a source's, and in what commands write."""
    with Archive.open(archive_url) as archive:
        file(archive, a_notice(1), a_notice(2))
        file(archive, a_notice(3), event=NEW, state=AlertState.FOLDED, channel=ADDRESS)
        archive.events.merge(OLD, NEW, who=NAME, now=a_notice(1).first_seen, reason=f"{NAME} says so")
        archive.searches.put("mine", f"graphite {NAME}", who=NAME, now=a_notice(1).first_seen)
        ask = archive._connection.execute
        ask("pragma foreign_keys = off")
        for table in sorted(set(tables(archive._connection)) - _SAID):
            columns = ask("select * from pragma_table_info(?)", [table]).fetchall()
            plain = STAYS.get(table, "").split()
            values = {
                row["name"]: a_notice(2).id
                if row["name"] == "item"
                else "2026-05-01T00:00:00Z"
                if row["name"] in plain
                else {"TEXT": f"{NAME} {ADDRESS}", "BLOB": f"{NAME} {ADDRESS}".encode(), "REAL": 0.5}.get(
                    row["type"].upper(), 7777
                )
                for row in columns
            }
            ask(f"insert into {table} ({', '.join(values)}) values ({', '.join('?' * len(values))})", list(values.values()))
        for who, verdict in (("ann", 0), (NAME, 1)):  # two on one item
            at = f"2026-05-0{verdict + 1}T00:00:00Z"
            ask("insert into labels values (?, 'export_control', ?, ?, ?, 'cli')", [a_notice(1).id, verdict, at, who])
    return archive_url


def test_neither_name_nor_address_is_in_its_bytes(run: Run, marked: str, tmp_path: Path) -> None:
    """Whichever table had them, those of a later version included: they are in the archive, and not in the copy."""
    code, out, err = run("backup", "--public", str(tmp_path / "show.db"), "--archive", marked)
    assert (code, out) == (0, "")
    assert "3 items, without addresses, tokens and names, sound" in err
    here, shown = Path(marked.removeprefix("sqlite:///")).read_bytes(), (tmp_path / "show.db").read_bytes()
    assert [text for text in (NAME, ADDRESS) if text.encode() not in here] == []
    assert [text for text in (NAME, ADDRESS, "Sentinella", "sentinel", "ann\x00") if text.encode() in shown] == []
    assert [each.name for each in tmp_path.iterdir() if ".part" in each.name or ".whole" in each.name] == []


def test_it_has_all_that_sources_said(run: Run, marked: str, tmp_path: Path) -> None:
    """Item by item; it is searched like any archive, and keeps one verdict an item and theme, and what was merged."""
    assert run("backup", "--public", str(tmp_path / "show.db"), "--archive", marked)[0] == 0
    with (
        closing(sqlite3.connect(marked.removeprefix("sqlite:///"))) as here,
        closing(sqlite3.connect(tmp_path / "show.db")) as shown,
    ):
        for table in sorted(_SAID):
            query = f"select * from {table} order by 1, 2, 3"
            assert shown.execute(query).fetchall() == here.execute(query).fetchall(), table
        labels = shown.execute("select item, verdict, who, via from labels where theme = 'export_control'").fetchall()
        assert labels == [(a_notice(1).id, 1, "", "")]
        assert ("merge", OLD, "", "") in shown.execute("select kind, event, who, reason from decisions").fetchall()
        emptied = sorted(set(tables(shown)) - _SAID - set(STAYS))
        assert [table for table in emptied if shown.execute(f"select count(*) from {table}").fetchone()[0]] == []
        assert {"readers", "subscriptions", "outbox", "alerts", "silences", "searches", "posts", "rules"} <= set(emptied)
    found = run("search", "告示", "--format", "ids", "--archive", f"sqlite:///{tmp_path}/show.db")[1]
    assert sorted(found.split()) == sorted(a_notice(number).id for number in (1, 2, 3))


def test_it_is_told_from_a_backup(run: Run, marked: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a folder it has a name of its own, which --keep leaves alone; the two options do not go together."""
    monkeypatch.setenv("MONITOR_NOW", "2026-05-01T08:00:00Z")
    folder = tmp_path / "copies"
    assert run("backup", "--public", f"{folder}/", "--archive", marked)[0] == 0
    assert run("backup", "--keep", "1", str(folder), "--archive", marked)[0] == 0
    names = ["monitor-20260501T080000Z.db", "monitor-public-20260501T080000Z.db"]
    assert sorted(each.name for each in folder.iterdir()) == names
    code, _, err = run("backup", "--public", "--keep", "1", str(folder), "--archive", marked)
    assert (code, "do not go together" in err) == (2, True)


def test_an_older_archive_is_not_shown(run: Run, marked: str, tmp_path: Path) -> None:
    """What is to go is known of the tables of this version; nothing is written."""
    with closing(sqlite3.connect(marked.removeprefix("sqlite:///"))) as connection, connection:
        connection.execute("delete from _sqlite_migrations where name = 'm007_search'")
    code, _, err = run("backup", "--public", str(tmp_path / "show.db"), "--archive", marked)
    assert (code, "older version" in err, (tmp_path / "show.db").exists()) == (7, True, False)


def test_the_archive_itself_is_as_it_was(run: Run, marked: str, tmp_path: Path) -> None:
    """Every table, row by row."""

    def dump() -> list[tuple[object, ...]]:
        with closing(sqlite3.connect(f"file:{marked.removeprefix('sqlite:///')}?mode=ro", uri=True)) as opened:
            return [row for table in tables(opened) for row in opened.execute(f"select * from {table}")]

    before = dump()
    assert run("backup", "--public", str(tmp_path / "show.db"), "--archive", marked)[0] == 0
    assert dump() == before


@pytest.mark.parametrize(("first", "second"), [(["--public"], []), ([], ["--public"])])
def test_one_kind_of_copy_does_not_replace_the_other(
    run: Run, marked: str, tmp_path: Path, first: list[str], second: list[str]
) -> None:
    """A flag that was forgotten shows nobody the tokens, and one too many costs no backup; of the same kind it is made anew."""
    target = tmp_path / "copy.db"
    assert run("backup", *first, str(target), "--archive", marked)[0] == 0
    before = target.read_bytes()
    code, _, err = run("backup", *second, str(target), "--archive", marked)
    assert code == 2
    assert "--force" in err
    assert target.read_bytes() == before
    assert run("backup", *first, str(target), "--archive", marked)[0] == 0
    assert run("backup", *second, "--force", str(target), "--archive", marked)[0] == 0
