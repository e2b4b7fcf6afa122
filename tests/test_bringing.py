"""Import: items of another archive, or of JSON lines, come in once, as they were there, and are told to nobody."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import io
import json
import random
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest
from builders import NOW, an_item
from conftest import Clock, Run
from test_pruning import THEN, a_notice, file, prune

from monitor.archive import Archive, schema
from monitor.archive.connection import STEPS
from monitor.archive.intake import Change
from monitor.dates import stamp
from monitor.dedupe import sort_out
from monitor.errors import BadLine
from monitor.items import Label, Rule, SourceState
from monitor.judgement import Judge
from monitor.lexicon import Lexicon
from monitor.likeness import Joining
from monitor.records import item_of_line
from monitor.tag import Model

A, B, C = (f"E-{letter * 10}" for letter in "abc")
OF_ITEMS = "tags identifiers entities key_dates steps revisions vectors articles".split()


@pytest.fixture
def other(tmp_path: Path) -> Path:
    """Another archive: two events, a revision, a label, a merge by an analyst."""
    path = tmp_path / "other.db"
    with Archive.open(f"sqlite:///{path}") as archive:
        file(archive, a_notice(1), a_notice(2), event=A)
        file(archive, replace(a_notice(2), title="第2号の訂正について"), event=A)
        file(archive, a_notice(3), event=B)
        file(archive, a_notice(4), event=C)
        archive.events.merge(B, C, who="ann", now=THEN)
        archive.labels.put(Label(item=a_notice(1).id, theme="export_control", verdict=True, at=THEN, who="ann", via="cli"))
    return path


def rows(path: Path | str, sql: str) -> list[tuple]:
    with contextlib.closing(sqlite3.connect(str(path).removeprefix("sqlite:///"))) as connection:
        return connection.execute(sql).fetchall()


def test_items_come_as_they_were(run: Run, other: Path, archive_url: str) -> None:
    """Ids, times, tags, revisions, labels, events and the ids that lead to them; the original is not written."""
    before = hashlib.sha256(other.read_bytes()).hexdigest()
    beside = sorted(other.parent.glob("other*"))
    code, out, err = run("import", str(other), "--archive", archive_url)
    assert (code, out) == (0, "imported 4 items, 1 labels; 0 were here already; 0 refused\n"), err
    same = "id, source, key, url, title, summary, published, first_seen, changed_at, moment, judged_at, filed_at, model, stage, event"
    for sql in (
        f"select {same}, copy_of, linked_by from items order by id",
        *(f"select * from {table} order by 1, 2" for table in OF_ITEMS if table != "articles"),
        "select item, body from articles order by 1",
        "select item, theme, verdict, at, who, via from labels",
        "select at, who, kind, event, other, items, reason from decisions",
        "select * from events order by id",
    ):
        assert rows(archive_url, sql) == rows(other, sql), sql
    assert run("search", "訂正", "--format", "ids", "--archive", archive_url)[1].split() == [a_notice(2).id]
    assert C in rows(other, "select id from events where into_event is not null")[0]
    assert run("event", C, "--archive", archive_url)[0] == 0
    assert hashlib.sha256(other.read_bytes()).hexdigest() == before
    assert sorted(other.parent.glob("other*")) == beside
    assert list(other.parent.glob("*.import")) == []


def test_the_second_time_brings_nothing(run: Run, other: Path, archive_url: str) -> None:
    """Run twice, it is the same archive; what changed here meanwhile stays."""
    run("import", str(other), "--archive", archive_url)
    with contextlib.closing(sqlite3.connect(archive_url.removeprefix("sqlite:///"))) as connection, connection:
        connection.execute("update tags set score = 0.1")
    first = {table: rows(archive_url, f"select * from {table}") for table in ("items", "labels", "decisions", *OF_ITEMS)}
    assert run("import", str(other), "--archive", archive_url)[1] == "imported 0 items; 4 were here already; 0 refused\n"
    assert {table: rows(archive_url, f"select * from {table}") for table in first} == first
    with Archive.open(archive_url) as archive:
        assert archive.reading.integrity() == archive.reading.index_faults() == []


@pytest.mark.parametrize("seed", range(8))
def test_wherever_it_is_broken_off_it_goes_on(other: Path, archive_url: str, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Steps of one to three items, left after any of them: in the end the archives have the same items in the same events."""
    chance = random.Random(seed)
    monkeypatch.setattr("monitor.archive.bringing._STEP", chance.randint(1, 3))
    with Archive.open(archive_url) as archive:
        file(archive, *chance.sample([a_notice(1), a_notice(2), a_notice(3), a_notice(9)], 2), event="E-dddddddddd")
        with archive.bringing.beside(other):
            steps = archive.bringing.take(NOW)
            for _ in range(chance.randint(0, 2)):
                next(steps, None)
            steps.close()
            list(archive.bringing.take(NOW))
            archive.bringing.take_verdicts()
        there = {row[0] for row in rows(other, "select id from items")}
        here = dict(rows(archive_url, "select id, event from items"))
        assert there <= set(here)
        assert archive.reading.integrity() == archive.reading.index_faults() == []
        # who was in one event there is in one event here, wherever that is
        for event in ("event = 'E-aaaaaaaaaa'", "event <> 'E-aaaaaaaaaa'"):
            fresh = rows(archive_url, "select id from items where imported_at is not null")
            places = {here[item] for (item,) in rows(other, f"select id from items where {event}") if (item,) in fresh}
            assert len(places) <= 1
        known = {row[0] for row in rows(archive_url, "select id from events")}
        assert set(here.values()) <= known


def test_events_that_are_here_take_the_items(run: Run, other: Path, archive_url: str) -> None:
    """An event of which an item is here already is the one here; its old id leads there."""
    with Archive.open(archive_url) as archive:
        file(archive, a_notice(1), event=B)
    run("import", str(other), "--archive", archive_url)
    assert rows(archive_url, "select id, event from items order by id") == sorted((a_notice(n).id, B) for n in range(1, 5))
    assert run("event", A, "--json", "--archive", archive_url)[0] == 0


@pytest.mark.parametrize("step", STEPS[1:-1])
def test_older_archives_are_brought_to_this_version_first(run: Run, tmp_path: Path, archive_url: str, step: str) -> None:
    """In a copy: the original stays as old as it was."""
    path = tmp_path / "old.db"
    item = an_item(title="輸出令の改正")
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as old:
        schema.migrate(old, before=step)
        old.execute(
            "insert into items (id, source, key, title, summary, first_seen, moment, lang, tier, stated, is_backlog, fingerprint)"
            " values (?, ?, ?, ?, '', '2024-01-01T00:00:00Z', '2024-01-01T00:00:00Z', 'ja', 'official', '{}', 0, 'x')",
            [item.id, item.source, item.key, item.title],
        )
    before = path.read_bytes()
    code, out, err = run("import", str(path), "--archive", archive_url)
    assert (code, out) == (0, "imported 1 items; 0 were here already; 0 refused\n"), err
    assert path.read_bytes() == before
    assert not Path(f"{path}.before-migration").exists()
    assert run("search", "輸出", "--format", "ids", "--archive", archive_url)[1].split() == [item.id]


def test_what_a_line_leaves_open_its_source_says(run: Run, tmp_path: Path, archive_url: str) -> None:
    """Tier, country and kind of feeds.yaml, and its language where the text has none of its own; without it, press of nowhere."""
    lines = tmp_path / "items.jsonl"
    lines.write_text(
        '{"source": "jp-meti", "url": "http://x.example/1", "title": "輸出管理", "tier": null}\n'
        '{"source": "jp-meti", "url": "http://x.example/2", "title": "Export control", "tier": "wire", "country": "US"}\n'
        '{"source": "other", "url": "http://x.example/3", "title": "輸出管理"}\n',
        encoding="utf-8",
    )
    config = tmp_path / "feeds.yaml"
    config.write_text(
        "version: 1\nsources:\n  - {id: jp-meti, name: METI, type: feed, url: 'http://m.example/', tier: official, country: JP,"
        " lang: ja, kind: government}\n",
        encoding="utf-8",
    )
    assert run("import", str(lines), "--archive", archive_url, "--config", str(config))[0] == 0
    found = rows(archive_url, "select tier, country, kind, lang from items order by url")
    assert found == [("official", "JP", "government", "ja"), ("wire", "US", "government", "en"), ("press", None, None, "zh")]


def test_what_a_killed_import_left_goes_with_the_next(run: Run, other: Path, archive_url: str) -> None:
    """The copy beside the archive is made anew; while one import is at work, another is told so."""
    left = Path(archive_url.removeprefix("sqlite:///") + ".import")
    left.mkdir()
    (left / "archive.db").write_bytes(b"half a copy")
    with Archive.open(archive_url) as archive, archive.importing():
        code, _, err = run("import", str(other), "--archive", archive_url)
        assert (code, "is working on this archive" in err, left.exists()) == (7, True, True)
    assert run("import", str(other), "--archive", archive_url)[0] == 0
    assert not left.exists()


def test_a_live_archive_can_be_imported(run: Run, other: Path, archive_url: str) -> None:
    """What its writer has committed comes, though it is still in the log beside the file."""
    with Archive.open(f"sqlite:///{other}") as live:
        file(live, a_notice(7), event="E-gggggggggg")
        assert Path(f"{other}-wal").stat().st_size > 0
        assert "imported 5 items" in run("import", str(other), "--archive", archive_url)[1]


def test_lines_come_back_as_the_items_they_were(run: Run, other: Path, archive_url: str, tmp_path: Path) -> None:
    """search --format jsonl, then import: ids, times, events and texts; they wait to be judged."""
    out = run("search", "告示", "--format", "jsonl", "--archive", f"sqlite:///{other}")[1]
    (tmp_path / "items.jsonl").write_text(out, encoding="utf-8")
    code, said, err = run("import", str(tmp_path / "items.jsonl"), "--archive", archive_url)
    assert (code, said) == (0, "imported 4 items; 0 were here already; 0 refused\n")
    assert "monitor poll" in err
    same = "id, source, url, title, summary, published, first_seen, lang, country, tier, event"
    assert rows(archive_url, f"select {same} from items order by id") == rows(other, f"select {same} from items order by id")
    with Archive.open(archive_url) as archive:
        assert len(archive.judging.unjudged(10)) == 4
        assert archive.reading.integrity() == archive.reading.index_faults() == []
    assert run("import", str(tmp_path / "items.jsonl"), "--archive", archive_url)[1].startswith("imported 0 items; 4 were")
    run("import", str(other), "--archive", archive_url)
    assert rows(archive_url, "select count(*) from items") == [(4,)]


def test_what_came_as_a_line_is_known_when_its_source_tells_it(archive: Archive) -> None:
    """Lines have no keys; the item is known by its address and its text."""
    item = a_notice(1)
    record = {"id": item.id, "source": "meti", "url": item.url, "title": item.title, "summary": item.summary}
    archive.bringing.put([item_of_line(json.dumps(record), NOW)], NOW)
    found = sort_out(archive.intake.known("meti", [item]), [item])
    assert (len(found.new), found.unchanged) == (0, 1)


LINE = {"source": "meti", "url": "http://x.example/1", "title": "輸出令の改正"}


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("not json", "is no JSON"),
        ("[1]", "is no JSON object"),
        (json.dumps(LINE | {"source": None}), "needs a source"),
        (json.dumps(LINE | {"source": "../x"}), "source"),
        (json.dumps(LINE | {"title": " \u202e\x1b "}), "needs a title"),
        (json.dumps(LINE | {"title": 7}), "title is no text"),
        (json.dumps(LINE | {"url": "file:///etc/passwd"}), "needs an id or a url"),
        (json.dumps(LINE | {"id": "I-x"}), "id 'I-x'"),
        (json.dumps(LINE | {"event": "E-1"}), "event"),
        (json.dumps(LINE | {"tier": "boss"}), "tier"),
        (json.dumps(LINE | {"published": "yesterday"}), "published"),
        (json.dumps(LINE | {"first_seen": "0001-01-01T00:00:00+14:00"}), "first_seen"),
        ("[" * 100_000, "is no JSON"),
    ],
)
def test_a_line_that_is_no_item_is_refused_with_its_reason(line: str, reason: str) -> None:
    """In one line, whatever it holds."""
    with pytest.raises(BadLine) as error:
        item_of_line(line, NOW)
    assert reason in str(error.value)


def test_text_of_lines_is_inert() -> None:
    """Controls, bidi overrides and markup are gone before the archive has them."""
    item, _ = item_of_line(json.dumps(LINE | {"title": "\x1b[31m<b>輸出\u202e令</b>", "summary": "\x9b<script>x</script>y"}), NOW)
    assert (item.title, item.summary) == ("[31m輸出令", "y")


def test_nothing_is_seen_before_it_is(archive: Archive) -> None:
    """Times of the future are taken for now."""
    item, _ = item_of_line(json.dumps(LINE | {"published": "2999-01-01T00:00:00Z", "first_seen": "2999-01-01"}), NOW)
    assert (item.published, item.first_seen) == (NOW, NOW)


def test_a_day_that_was_ahead_when_it_was_seen_stays_that_day() -> None:
    """As it was kept on a Japanese morning, so it comes back."""
    times = {"published": "2026-04-02T00:00:00Z", "first_seen": "2026-04-01T23:00:00Z"}
    item, _ = item_of_line(json.dumps(LINE | times), NOW)
    assert {"published": stamp(item.published or NOW), "first_seen": stamp(item.first_seen)} == times


def test_refused_lines_are_named_and_the_others_come(run: Run, archive_url: str, tmp_path: Path) -> None:
    """With number and reason, on standard error; as JSON, too."""
    lines = [
        "no json",
        json.dumps(LINE),
        "",
        '{"title": "x"}',
        "x" * (1 << 20) * 2,
        "\udcff",
        json.dumps(LINE | {"url": "http://x.example/2"}),
    ]
    path = tmp_path / "items.jsonl"
    path.write_bytes("\n".join(lines).encode("utf-8", "surrogateescape"))
    code, out, err = run("import", str(path), "--archive", archive_url)
    assert (code, out) == (0, "imported 2 items; 0 were here already; 4 refused\n")
    for said in ("line 1: is no JSON", "line 4: needs a source", "line 5: is longer than", "line 6: is no UTF-8"):
        assert said in err
    code, out, _ = run("import", str(path), "--json", "--archive", archive_url)
    assert code == 2  # nothing came of it: the good ones are here already
    found = json.loads(out)
    assert (found["imported"], found["known"], found["refused"]) == (0, 2, 4)
    assert found["reasons"][0] == {"line": 1, "reason": "is no JSON"}


def test_lines_may_come_on_standard_input(run: Run, archive_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """From a pipe, as `monitor search --format jsonl | monitor import -`; what is none is named there, too."""
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(json.dumps([LINE]).encode())))
    code, _, err = run("import", "-", "--archive", archive_url)
    assert (code, "-: is one JSON array" in err, Path(archive_url.removeprefix("sqlite:///")).exists()) == (2, True, False)
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(json.dumps(LINE).encode())))
    assert run("import", "-", "--archive", archive_url)[1] == "imported 1 items; 0 were here already; 0 refused\n"


def test_what_was_pruned_comes_back_if_it_is_imported(other: Path, archive: Archive) -> None:
    """Who asks for it by name gets it."""
    file(archive, a_notice(1), event=A)
    prune(archive)
    with archive.bringing.beside(other):
        assert sum(each.imported for each in archive.bringing.take(NOW)) == 4


def test_what_is_imported_is_told_by_no_rule(
    archive: Archive, clock: Clock, lexicon: Lexicon, model: Model, joining: Joining
) -> None:
    """Not even what was published an hour ago; the verdict says why. What its source tells afterwards is news."""
    rule = Rule(id="now", when="輸出", to=("console",))
    judge = Judge(archive=archive, rules=[rule], lexicon=lexicon, model=None, encoder=None, joining=joining, clock=clock)
    fresh = {**LINE, "published": "2026-05-01T07:00:00Z"}
    archive.bringing.put([item_of_line(json.dumps(fresh), NOW)], NOW)
    found = judge.run()
    assert (found.judged, found.alerts, found.suppressed) == (1, 0, 1)
    assert [each.reason for each in archive.reading.alerts()] == ["imported: it was news elsewhere"]
    item = an_item(key="9", url="http://meti.example/9", title="輸出管理の新しい告示")
    found_new = sort_out(archive.intake.known("meti", [item]), [item])
    archive.intake.store(Change(found=found_new, state=SourceState(id="meti", polls=2), at=NOW))
    assert judge.run().alerts == 1


def test_what_its_source_changes_afterwards_is_news(archive: Archive, clock: Clock, lexicon: Lexicon, joining: Joining) -> None:
    """An edit that was seen here is told, as of any other item."""
    rule = Rule(id="now", when="輸出", to=("console",))
    judge = Judge(archive=archive, rules=[rule], lexicon=lexicon, model=None, encoder=None, joining=joining, clock=clock)
    item = an_item(key="http://meti.example/1", published=NOW, title="輸出管理の告示について")  # its id shows its key
    record = {"id": item.id, "source": "meti", "url": item.url, "title": "輸出管理の告示", "published": "2024-01-01T00:00:00Z"}
    archive.bringing.put([item_of_line(json.dumps(record), NOW)], NOW)
    clock.move(days=1)
    found = sort_out(archive.intake.known("meti", [item]), [item])
    assert len(found.revised) == 1
    archive.intake.store(Change(found=found, state=SourceState(id="meti", polls=2), at=clock.now))
    assert judge.run().alerts == 1


def test_no_digest_takes_it_for_new(archive: Archive, clock: Clock, lexicon: Lexicon, joining: Joining) -> None:
    """It was filed when it was first seen."""
    old = {**LINE, "first_seen": "2024-01-01T00:00:00Z"}
    archive.bringing.put([item_of_line(json.dumps(old), NOW)], NOW)
    Judge(archive=archive, rules=[], lexicon=lexicon, model=None, encoder=None, joining=joining, clock=clock).run()
    assert archive._connection.execute("select filed_at from items").fetchone()[0] == "2024-01-01T00:00:00Z"


@pytest.mark.parametrize(
    ("name", "content", "code", "word"),
    [
        ("list.opml", b"<?xml version='1.0'?><opml/>", 2, "monitor sources import"),
        ("junk.jsonl", b"no\nlines\n", 2, "line 1 is no JSON, and no other line is an item"),
        (
            "array.json",
            b'\xef\xbb\xbf[{"id": "I-aaaaaaaaaaaa",\n"title": "x"}]',
            2,
            "is one JSON array, but an item a line is wanted",
        ),
        ("array.json", b"[\n {\n", 2, "--format jsonl, or: jq"),
        ("items.csv", b"id,date,lang,title\nI-aaaaaaaaaaaa,2024-01-01,en,x\n", 2, "is a table, but an item a line is wanted"),
        ("items.tsv", b"I-aaaaaaaaaaaa\t2024-01-01\ten\tx\n", 2, "is a table"),
        ("items.parquet", b"PAR1\x15\x04\x15", 2, "is a table"),
        ("items.jsonl.gz", gzip.compress(json.dumps({"source": "meti"}).encode(), mtime=0), 2, "is compressed. Unpack it"),
        ("broken.db", b"SQLite format 3\0" + b"x" * 4000, 7, "broken.db"),
        ("absent.db", None, 2, "absent.db"),
    ],
)
def test_wrong_files_are_named_in_one_clear_line(
    run: Run, tmp_path: Path, name: str, content: bytes | None, code: int, word: str
) -> None:
    """And no archive is made, nor its folder."""
    if content is not None:
        (tmp_path / name).write_bytes(content)
    found, out, err = run("import", str(tmp_path / name), "--archive", f"sqlite:///{tmp_path}/new/monitor.db")
    assert (found, out) == (code, "")
    assert word in err
    assert "Traceback" not in err
    assert [each.name for each in tmp_path.iterdir()] == ([] if content is None else [name])


def test_foreign_newer_and_own_archives_are_refused(run: Run, other: Path, tmp_path: Path, archive_url: str) -> None:
    """Another program's database, one of a newer version, and the archive itself."""
    foreign = tmp_path / "foreign.db"
    with contextlib.closing(sqlite3.connect(foreign)) as connection, connection:
        connection.execute("create table mine (x)")
    code, _, err = run("import", str(foreign), "--archive", archive_url)
    assert (code, "not an archive of this program" in err) == (7, True)
    with contextlib.closing(sqlite3.connect(other)) as connection, connection:
        connection.execute(
            "insert into _sqlite_migrations (migration_set, name, applied_at) values ('archive', 'm999_later', '2030')"
        )
    code, _, err = run("import", str(other), "--archive", archive_url)
    assert (code, "newer version" in err) == (7, True)
    Archive.open(archive_url).close()
    code, _, err = run("import", archive_url.removeprefix("sqlite:///"), "--archive", archive_url)
    assert (code, "that is the archive itself" in err) == (2, True)


def test_an_empty_file_brings_nothing(run: Run, tmp_path: Path, archive_url: str) -> None:
    """That is no error."""
    (tmp_path / "empty.jsonl").write_text("")
    assert run("import", str(tmp_path / "empty.jsonl"), "--archive", archive_url)[:2] == (
        0,
        "imported 0 items; 0 were here already; 0 refused\n",
    )
