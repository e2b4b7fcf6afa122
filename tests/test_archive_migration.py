"""An archive of an older schema: once opened, its events, stages and items are those from before, and nothing is told twice."""

from __future__ import annotations

import json
import sqlite3
from datetime import timedelta
from pathlib import Path

from builders import NOW, an_item
from conftest import Clock
from filed_events import RULE, SLACK, A, items_of, on_gallium, stage_of, times

from monitor.archive import Archive, intake, schema
from monitor.archive.connection import STEPS
from monitor.archive.intake import Change
from monitor.items import Item, SourceState, Stage, Tier
from monitor.judgement import Judge
from monitor.lexicon import Lexicon
from monitor.likeness import Joining
from monitor.tag import Model


def an_old_archive(path: Path) -> tuple[Item, Item]:
    """An archive as the step m003 left it, with an event of a report and a final rule, about which an alert was told."""
    with sqlite3.connect(path, isolation_level=None) as connection:
        connection.row_factory = sqlite3.Row
        schema.migrate(connection, before="m004_measures")
        report = on_gallium(tier=Tier.PRESS, country="JP", published=NOW - timedelta(hours=2))
        rule = an_item(
            key="2",
            url="http://meti.example/2",
            title="輸出貿易管理令の一部を改正する政令を公布",
            summary="ガリウムの輸出管理を強化する政令が公布された。",
            published=NOW - timedelta(hours=1),
        )
        for item in (report, rule):
            columns = intake.ITEM_COLUMNS
            marks = ", ".join("?" * len(columns.split(",")))
            connection.execute(f"insert into items ({columns}) values ({marks})", intake.row_of(item))
            intake.IntakeTables(connection).store(Change(state=SourceState(id=item.source, polls=2), at=NOW))
        stamp = NOW.strftime("%Y-%m-%dT%H:%M:%SZ")
        connection.execute(
            "insert into events (id, opened_at, moved_at, stage, step) values (?, '2026-04-30T00:00:00Z', ?, 'final', '公布')",
            [A, stamp],
        )
        for item, stage in ((report, "reported"), (rule, "final")):
            connection.execute(
                "update items set judged_at = ?, filed_at = ?, model = 'old', stage = ?, event = ?, linked_by = '[]' where id = ?",
                [stamp, stamp, stage, A, item.id],
            )
            connection.execute(
                "insert into alerts (rule, item, event, channel, state, reason, decided_at) values ('now', ?, ?, ?, 'waiting', '', ?)",
                [item.id, A, SLACK, stamp],
            )
    connection.close()
    return report, rule


def test_an_archive_of_the_version_before_keeps_its_events(tmp_path: Path) -> None:
    """Times, stage and items are those from before; what was there is kept beside it; all that is new works on it."""
    path = tmp_path / "monitor.db"
    report, rule = an_old_archive(path)
    with Archive.open(f"sqlite:///{path}") as archive:
        assert items_of(archive, A) == [report.id, rule.id]
        assert times(archive, A) == ("2026-04-30T00:00:00Z", "2026-05-01T08:00:00Z")
        assert (stage_of(archive, A), archive.events.find(A), archive.reading.counts()["events"]) == ("final", A, 1)
        assert archive.judging.unjudged(10) == []
        assert [each.step for each in archive.events.record(A, NOW).way] == [None, "公布"]
        made = archive.events.split(A, [report.id], who="sato", now=NOW)
        archive.events.merge(A, made, who="sato", now=NOW)
        assert items_of(archive, A) == [report.id, rule.id]
        assert archive.reading.integrity() == []
    assert path.with_name("monitor.db.before-migration").exists()


def test_after_migration_judgement_tells_nothing_twice(
    tmp_path: Path, lexicon: Lexicon, model: Model, joining: Joining, clock: Clock
) -> None:
    """Nothing is judged again for it; what is, since its source changed it, keeps its event and its digest, and is no second alert."""
    path = tmp_path / "monitor.db"
    report, rule = an_old_archive(path)
    clock.move(days=1)
    with Archive.open(f"sqlite:///{path}") as archive:
        judge = Judge(archive=archive, rules=[RULE], lexicon=lexicon, model=model, encoder=None, joining=joining, clock=clock)
        assert judge.run().judged == 0
        archive._connection.execute("update items set judged_at = null where id = ?", [rule.id])
        done = judge.run()
        assert (done.judged, done.alerts) == (1, 0)
        found = archive.events.record(A, clock.now)
        assert items_of(archive, A) == [report.id, rule.id]
        assert (found.stage, found.step, found.way[-1].item) == (Stage.FINAL, "公布", rule.id)
        [filed_at] = archive._connection.execute("select filed_at from items where id = ?", [rule.id]).fetchone()
        assert filed_at == NOW.strftime("%Y-%m-%dT%H:%M:%SZ")


def test_after_migration_what_an_event_has_come_to_is_no_news(tmp_path: Path) -> None:
    """The stage and the sources of an event that was told by the version before count as told."""
    path = tmp_path / "monitor.db"
    an_old_archive(path)
    with Archive.open(f"sqlite:///{path}") as archive:
        [told] = archive.alerts.told(SLACK, (A,)).values()
    assert (told.stage, told.step, told.sources) == (Stage.FINAL, "公布", 1)


def test_a_migrated_archive_has_the_tables_of_a_new_one(tmp_path: Path, archive: Archive) -> None:
    """Column by column and index by index."""
    path = tmp_path / "old.db"
    an_old_archive(path)

    def tables(of: Archive) -> dict[str, list[tuple[object, ...]]]:
        names = [
            row[0] for row in of._connection.execute("select name from sqlite_master where type in ('table', 'index', 'view')")
        ]
        return {name: [tuple(row) for row in of._connection.execute(f"pragma table_xinfo('{name}')")] for name in sorted(names)}

    with Archive.open(f"sqlite:///{path}") as migrated:
        assert tables(migrated) == tables(archive)
        kept = json.loads(migrated._connection.execute("select json_group_array(name) from _sqlite_migrations").fetchone()[0])
    assert kept == list(STEPS)
