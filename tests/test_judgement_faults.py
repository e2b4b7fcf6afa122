"""Judgement where our own code fails on an item: that one is set aside, every other one is judged and told once."""

from __future__ import annotations

import gc
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, timedelta

import pytest
from builders import an_item
from conftest import NOW, Clock
from test_judgement import RULE, TITLE, on_theme, put

from monitor import events, judgement, verdicts
from monitor.archive import Archive
from monitor.archive import events as stored_events
from monitor.archive.alerts import AlertTables
from monitor.archive.intake import Change
from monitor.archive.judging import SET_ASIDE, JudgingTables
from monitor.dedupe import sort_out
from monitor.errors import ArchiveError
from monitor.events import Part
from monitor.items import Alert, DateKind, Findings, Item, Judged, KeyDate, SourceState
from monitor.judgement import Judge
from monitor.lexicon import Lexicon
from monitor.likeness import Joining
from monitor.link import Linker
from monitor.tag import Model


@pytest.fixture
def judge(archive: Archive, lexicon: Lexicon, model: Model, clock: Clock, joining: Joining) -> Judge:
    return Judge(archive=archive, rules=[RULE], lexicon=lexicon, model=model, encoder=None, joining=joining, clock=clock)


def poison(number: int = 0, **changes: object) -> Item:
    fields = {"key": f"p{number}", "url": f"http://x.example/p{number}", "title": f"poison {number}", "lang": "en"}
    return an_item(**fields | changes)


def is_poison(item: Item) -> bool:
    return item.title.startswith("poison")


def others(count: int) -> list[Item]:
    """Items on theme."""
    return [on_theme(key=str(number), url=f"http://x.example/{number}", title=f"{TITLE} 第{number}号") for number in range(count)]


Fault = Callable[[pytest.MonkeyPatch], None]


def no_stage(patch: pytest.MonkeyPatch) -> None:
    """How far the event has come cannot be worked out, wherever it is tried."""

    def reached(parts: Sequence[Part], today: date) -> object:
        if any(is_poison(part.filed.item) for part in parts):
            raise ValueError("a fault of ours")
        return true_reached(parts, today)

    true_reached = events.reached
    for place in (verdicts, stored_events):
        patch.setattr(place, "reached", reached)


def no_row(patch: pytest.MonkeyPatch) -> None:
    """What was found cannot be written."""

    def write(self: JudgingTables, judged: Sequence[Judged], alerts: Sequence[Alert], *rest: object, **more: object) -> int:
        if any(is_poison(each.item) and each.tags for each in judged):
            raise sqlite3.IntegrityError("CHECK constraint failed")
        return true_write(self, judged, alerts, *rest, **more)  # type: ignore[arg-type]

    true_write = JudgingTables.write
    patch.setattr(JudgingTables, "write", write)


def no_comparison(patch: pytest.MonkeyPatch) -> None:
    """Neither now nor when it is read back can it be compared with others."""

    def wrong(name: str) -> None:
        true = getattr(Linker, name)

        def tried(self: Linker, item: Item, findings: Findings, *rest: object) -> object:
            if is_poison(item):
                raise IndexError("a fault of ours")
            return true(self, item, findings, *rest)

        patch.setattr(Linker, name, tried)

    wrong("link")
    wrong("remember")
    no_stage(patch)


@pytest.mark.parametrize("fault", [no_stage, no_row, no_comparison])
@pytest.mark.parametrize("count", [1, 40])
def test_an_item_on_which_our_code_fails_is_set_aside_and_the_others_are_told_once(
    archive: Archive, judge: Judge, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, fault: Fault, count: int
) -> None:
    """It is judged with nothing found and named in the log once; nothing waits, and the next run has nothing to do."""
    fault(monkeypatch)
    news = others(count)
    put(archive, *news[: count // 2], poison(), *news[count // 2 :])
    done: list[int] = []
    found = judge.run(on_done=done.append)
    assert found.judged == sum(done) == count + 1
    assert archive.reading.counts()["unjudged"] == 0
    verdicts_of = {each.id: [alert.state for alert in archive.reading.alerts_of(each.id)] for each in news}
    assert all(len(states) == 1 for states in verdicts_of.values()), verdicts_of
    assert found.alerts == sum(states == ["waiting"] for states in verdicts_of.values()) >= 1
    assert archive.reading.alerts_of(poison().id) == []
    assert [each.term for each in archive.reading.linked_by(poison().id)] == [SET_ASIDE]
    assert archive.reading.item(poison().id).event is not None
    assert len([each for each in caplog.messages if f"cannot judge item={poison().id}" in each]) == 1
    assert archive.judging.set_aside(NOW - timedelta(days=1)) == [poison().id]
    caplog.clear()
    assert judge.run().judged == 0
    put(archive, an_item(key="later", url="http://x.example/later"))
    assert judge.run().judged == 1
    assert "cannot judge" not in caplog.text


def test_many_items_that_fail_are_all_found(archive: Archive, judge: Judge, monkeypatch: pytest.MonkeyPatch) -> None:
    """However they lie in the batch."""
    no_stage(monkeypatch)
    wrong = [poison(number) for number in range(5)]
    put(archive, *wrong[:2], *others(20), *wrong[2:])
    assert judge.run().judged == 25
    assert sorted(archive.judging.set_aside(NOW)) == sorted(each.id for each in wrong)


def test_an_edit_on_which_our_code_fails_keeps_its_event_and_stage(
    archive: Archive, judge: Judge, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once it is edited into something that can be judged it is judged as usual."""
    item = on_theme()
    put(archive, item)
    judge.run()
    before = archive.reading.item(item.id).event

    def edit(title: str) -> None:
        clock.move(hours=1)
        edited = replace(item, title=title)
        found = sort_out(archive.intake.known(item.source, [edited]), [edited])
        archive.intake.store(Change(found=found, state=SourceState(id=item.source), at=clock.now))
        judge.run()

    no_stage(monkeypatch)
    edit("poison")
    assert archive.reading.item(item.id).event == before
    assert archive.judging.set_aside(NOW) == [item.id]
    monkeypatch.undo()
    edit("輸出許可制の見直し")
    assert archive.reading.item(item.id).event == before
    assert archive.judging.set_aside(NOW) == []


@pytest.mark.parametrize("place", [(AlertTables, "write"), (stored_events.EventTables, "parts"), (JudgingTables, "live")])
def test_no_item_is_blamed_for_what_the_archive_does(
    archive: Archive, judge: Judge, monkeypatch: pytest.MonkeyPatch, place: tuple[type, str], caplog: pytest.LogCaptureFixture
) -> None:
    """A full disk or a busy file leaves all of them waiting."""
    put(archive, *others(3))

    def full(*_: object, **__: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    with monkeypatch.context() as wrong:
        wrong.setattr(*place, full)
        with pytest.raises(ArchiveError, match="disk is full"):
            judge.run()
    assert archive.reading.counts()["unjudged"] == 3
    assert "cannot judge" not in caplog.text
    assert judge.run().judged == 3


def test_no_item_is_blamed_for_what_fails_for_all(archive: Archive, judge: Judge, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where not even a batch can be begun they wait."""
    put(archive, *others(3))

    def broken(*_: object, **__: object) -> None:
        raise ValueError("a fault of ours")

    with monkeypatch.context() as wrong:
        wrong.setattr(judgement, "text_of", broken)
        with pytest.raises(ValueError, match="of ours"):
            judge.run()
    assert archive.judging.set_aside(NOW) == []
    assert judge.run().judged == 3


def test_an_event_whose_date_cannot_be_worked_out_holds_nothing(
    archive: Archive, judge: Judge, clock: Clock, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It is named in the log, and what waits is judged."""
    day = KeyDate(kind=DateKind.EFFECTIVE, date=NOW.date() + timedelta(days=1), sentence="Effective on 2026-05-02.")
    rule = poison(country="US", step="Final rule", dates=(day,), source="us-fr")
    put(archive, rule)
    judge.run()
    clock.move(days=2)
    put(archive, *others(1))
    with monkeypatch.context() as wrong:
        no_stage(wrong)
        assert judge.run().judged == 1
    assert f"event={archive.reading.item(rule.id).event} cannot be put in force" in caplog.text


def test_a_long_run_keeps_no_judged_item_in_memory(archive: Archive, judge: Judge, monkeypatch: pytest.MonkeyPatch) -> None:
    """It counts them; after an import or with a first model the whole archive is judged in one run."""
    monkeypatch.setattr(judgement, "BATCH", 4)
    put(archive, *others(24))
    held: list[int] = []
    found = judge.run(on_done=lambda _: held.append(sum(isinstance(each, Judged) for each in gc.get_objects())))
    assert (found.judged, found.tagged, len(held)) == (24, 24, 6)
    assert max(held) <= 2 * 4
