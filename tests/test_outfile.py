"""Files that commands write: whole or not there, and never in the place of what is no output."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from conftest import Run
from disks import disk_of

PICTURES = [["stats", "--out", "out.svg"], ["stats", "--out", "out.png"]]


def asked(run: Run, what: str) -> list[str]:
    """A command that writes a file: items in each form, an event's pack, a picture."""
    if what == "event":
        return ["export", json.loads(run("events", "--since", "30d", "--format", "json")[1])[0]["id"], "--format", "md"]
    return ["export", "since:1900", "--format", what]


@pytest.mark.parametrize("what", ["csv", "jsonl", "parquet", "event"])
@pytest.mark.parametrize(
    ("place", "word"),
    [
        ("data/monitor.db", "the archive itself"),
        ("link.csv", "the archive itself"),
        ("data/monitor.db-wal", "the archive itself"),
        ("hard.csv", "a database"),
        ("other.csv", "a database"),
        ("feeds.yaml", "the configuration"),
    ],
)
def test_what_is_no_output_is_not_replaced(demo_folder: Path, run: Run, what: str, place: str, word: str) -> None:
    """The archive by any of its names, any database whatever it is called, the configuration: refused before anything is written."""
    Path("link.csv").symlink_to("data/monitor.db")
    Path("hard.csv").hardlink_to("data/monitor.db")
    with closing(sqlite3.connect("other.csv")) as other:
        other.execute("create table kept (a)")
    before = {path: path.read_bytes() for path in (Path("data/monitor.db"), Path("other.csv"), Path("feeds.yaml"))}
    code, out, err = run(*asked(run, what), "--out", place)
    assert (code, out) == (2, "")
    assert word in err
    assert {path: path.read_bytes() for path in before} == before
    assert [path.name for path in Path().rglob("*.part")] == []


@pytest.mark.parametrize("arguments", PICTURES)
def test_a_picture_is_whole_or_not_there(demo_folder: Path, run: Run, arguments: list[str]) -> None:
    """A database of its name stays; a link is written through; no part is left."""
    out = Path(arguments[-1])
    sqlite3.connect(out).execute("create table kept (a)").connection.close()
    before = out.read_bytes()
    assert run(*arguments)[0] == 2
    assert out.read_bytes() == before
    Path("real").write_bytes(b"old")
    out.unlink()
    out.symlink_to("real")
    assert run(*arguments)[0] == 0
    assert out.is_symlink()
    assert len(Path("real").read_bytes()) > 1_000
    assert [path.name for path in Path().iterdir() if path.name.endswith(".part")] == []


@pytest.mark.parametrize("arguments", PICTURES)
def test_on_a_full_disk_the_earlier_file_stays(demo_folder: Path, run: Run, arguments: list[str]) -> None:
    """Whole, and nothing beside it."""
    with disk_of(Path("full"), "64k") as full:
        out = full / arguments[-1]
        out.write_bytes(b"old")
        (full / "rest").write_bytes(b"x" * 56_000)
        code, _, err = run(*arguments[:-1], str(out))
        assert (code, "cannot be written" in err, "free space" in err) == (2, True, True)
        assert out.read_bytes() == b"old"
        assert {path.name for path in full.iterdir()} == {out.name, "rest"}
