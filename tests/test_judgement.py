"""Judgement: stored items to tags, events and orders, in one transaction, once."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from datetime import timedelta

import pytest
from builders import an_item
from conftest import NOW, Clock

from monitor import bundled, joinings
from monitor.archive import Archive
from monitor.archive.alerts import AlertTables
from monitor.archive.intake import Change
from monitor.dedupe import sort_out
from monitor.encoders import Encoder
from monitor.errors import ArchiveError
from monitor.items import DateKind, Findings, Identifier, Item, KeyDate, Rule, SourceState, Stage, item_id
from monitor.judgement import Judge
from monitor.lexicon import Lexicon
from monitor.likeness import Joining
from monitor.tag import Model

RULE = Rule(id="now", when="theme:export_control", to=("slack:#econsec",))
TITLE = "中国、ガリウムの輸出を許可制に　商務省が規制を発表"
SUMMARY = "中国商務省は半導体材料のガリウムについて輸出管理を強化し、輸出には許可が必要になると発表した。"


def on_theme(**changes: object) -> Item:
    return an_item(**{"title": TITLE, "summary": SUMMARY} | changes)


def put(archive: Archive, *items: Item) -> None:
    for item in items:
        found = sort_out(archive.intake.known(item.source, [item]), [item])
        archive.intake.store(Change(found=found, state=SourceState(id=item.source, polls=2), at=NOW))


@pytest.fixture
def judge(archive: Archive, lexicon: Lexicon, model: Model, clock: Clock, joining: Joining) -> Judge:
    return Judge(archive=archive, rules=[RULE], lexicon=lexicon, model=model, encoder=None, joining=joining, clock=clock)


def states(archive: Archive) -> list[tuple[str, str]]:
    return sorted((each.item, each.state) for each in archive.reading.alerts())


def test_a_matching_item_is_tagged_linked_and_ordered_once(archive: Archive, judge: Judge) -> None:
    """Judging again changes nothing."""
    put(archive, on_theme())
    first = judge.run()
    assert (first.judged, first.tagged, first.alerts) == (1, 1, 1)
    assert judge.run().judged == 0
    filed = archive.reading.item(on_theme().id)
    assert "export_control" in dict(filed.themes)
    assert filed.event is not None
    assert filed.event.startswith("E-")
    assert archive.outbox.counts() == {"waiting": 1, "sent": 0, "dead": 0}


def test_an_item_off_theme_is_kept_and_not_told(archive: Archive, judge: Judge) -> None:
    """Noise stays in the archive."""
    put(archive, an_item(title="ラグビーＷ杯、準決勝の組み合わせ決まる"))
    assert judge.run().alerts == 0
    assert archive.reading.counts()["items"] == 1


def test_an_item_that_a_verb_cannot_take_holds_no_other(
    archive: Archive, judge: Judge, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It is kept without tags and named in the log; the next one is told."""
    from monitor import judgement

    def identify(item: Item, lexicon: Lexicon) -> Findings:
        if item.title == "poison":
            raise RecursionError
        return true_identify(item, lexicon)

    true_identify = judgement.identify
    monkeypatch.setattr(judgement, "identify", identify)
    poison = an_item(key="0", url="http://x.example/0", title="poison")
    put(archive, poison, on_theme())
    found = judge.run()
    assert (found.judged, found.alerts) == (2, 1)
    assert poison.id in caplog.text
    assert archive.reading.item(poison.id).themes == ()


def test_an_old_item_is_not_told(archive: Archive, judge: Judge) -> None:
    """The first poll of a source alerts nothing older than the window; the verdict is on record."""
    old = on_theme(published=NOW - timedelta(days=3))
    put(archive, old)
    assert judge.run().alerts == 0
    assert states(archive) == [(old.id, "suppressed")]


def test_an_undated_item_of_the_first_poll_is_not_told(archive: Archive, judge: Judge) -> None:
    """It was there before we looked."""
    item = on_theme(published=None, is_backlog=True)
    put(archive, item)
    judge.run()
    assert states(archive) == [(item.id, "suppressed")]


def test_an_edit_into_the_theme_is_told_exactly_once(archive: Archive, judge: Judge, clock: Clock, joining: Joining) -> None:
    """Off theme at first, on theme after the edit, then edited again."""
    item = an_item(title="省内会議の開催について", summary="日程のお知らせ。", published=NOW - timedelta(days=10))
    put(archive, item)
    judge.run()
    clock.move(hours=1)
    edited = replace(item, title=TITLE, summary=SUMMARY)
    archive.intake.store(
        Change(found=sort_out(archive.intake.known("meti", [edited]), [edited]), state=SourceState(id="meti"), at=clock.now)
    )
    assert judge.run().alerts == 1
    again = replace(edited, title=TITLE + "（更新）")
    archive.intake.store(
        Change(found=sort_out(archive.intake.known("meti", [again]), [again]), state=SourceState(id="meti"), at=clock.now)
    )
    assert judge.run().alerts == 0
    assert states(archive) == [(item.id, "waiting")]


def test_a_copy_from_another_source_is_not_told_again(archive: Archive, judge: Judge) -> None:
    """The same story from a second outlet joins the event and is marked."""
    later = NOW + timedelta(minutes=5)
    put(archive, on_theme(), on_theme(source="mirror", url="http://mirror.example/1", published=later, first_seen=later))
    found = judge.run()
    assert (found.alerts, found.suppressed) == (1, 1)
    copy = archive.reading.item(on_theme(source="mirror").id)
    assert copy.copy_of == on_theme().id


def test_a_document_on_file_and_its_publication_are_one_event_two_entries_and_one_alert(
    archive: Archive, judge: Judge, clock: Clock
) -> None:
    """Told when it is filed, with the day on which it publishes; the publication the next day moves the stage and tells nothing twice."""
    number = (Identifier(type="fr_doc", value="2026-08812"),)
    text = "The Bureau of Industry and Security adds export controls on chip-making equipment; a license is required for export to China."
    filed = on_theme(
        source="us-fr-inspection",
        title="Export Controls on Semiconductor Manufacturing Items",
        summary=text,
        lang="en",
        country="US",
        step="Rule on public inspection",
        identifiers=number,
        dates=(
            KeyDate(
                kind=DateKind.PUBLISHED,
                date=NOW.date() + timedelta(days=1),
                sentence="On public inspection; publishes on 2026-05-02.",
            ),
        ),
    )
    put(archive, filed)
    assert judge.run().alerts == 1
    event = archive.reading.item(filed.id).event
    assert event is not None
    on_file = archive.events.record(event, NOW)
    assert (on_file.stage, on_file.step) == (Stage.ON_FILE, "on public inspection")
    assert [(each.kind, each.date) for each in on_file.dates] == [(DateKind.PUBLISHED, NOW.date() + timedelta(days=1))]
    clock.now = NOW + timedelta(days=1)
    published = replace(
        filed, id="I-published", key="p", source="us-fr", step="Final rule", published=clock.now, first_seen=clock.now, dates=()
    )
    put(archive, published)
    found = judge.run()
    assert (found.alerts, found.suppressed) == (0, 1)
    record = archive.events.record(event, clock.now)
    assert [each.item.id for each in archive.events.timeline(event)] == [filed.id, published.id]
    assert [each.stage for each in record.way] == [Stage.ON_FILE, Stage.FINAL]


def test_an_event_that_an_analyst_merged_takes_new_items_of_both(archive: Archive, judge: Judge) -> None:
    """A decision made beside the running service is known to it at its next item."""
    other = on_theme(
        source="cable", key="2", title="Anchor drag cuts the Baltic data cable", summary="Two cables failed on Sunday.", lang="en"
    )
    put(archive, on_theme(), other)
    judge.run()
    first, second = (archive.reading.item(each.id).event for each in (on_theme(), other))
    assert first is not None
    assert second is not None
    archive.events.merge(first, second, who="sato", now=NOW)
    again = replace(other, id="I-again", key="3", source="wire", title="Anchor drag cuts Baltic data cable, say two operators")
    put(archive, again)
    judge.run()
    assert archive.reading.item(again.id).event == first


def test_events_of_one_matter_are_one_storyline(
    archive: Archive, lexicon: Lexicon, model: Model, clock: Clock, joining: Joining, encoder: Encoder
) -> None:
    """An event lies in one storyline, before and after a restart; another matter has another."""

    def judge() -> Judge:
        joinings_ = {level: joinings.load(bundled.classifiers(), level=level, vectors=encoder.id) for level in joinings.LEVELS}
        return Judge(
            archive=archive,
            rules=[],
            lexicon=lexicon,
            model=None,
            encoder=encoder,
            joining=joinings_["event"],
            storylines=joinings_["storyline"],
            clock=clock,
        )

    titles = (
        "China puts gallium and germanium exports under licence",
        "China's gallium and germanium exports fall to zero in the first month under licences",
        "Anchor drag cuts the Baltic data cable",
    )
    for number, title in enumerate(titles):
        moment = NOW + timedelta(days=3 * number)
        clock.now = moment
        put(
            archive,
            an_item(
                key=str(number), url=f"http://wire.example/{number}", title=title, lang="en", published=moment, first_seen=moment
            ),
        )
        judge().run()
    lines = [archive.events.storylines()[archive.reading.item(item_id("meti", str(number))).event or ""] for number in range(3)]
    assert all(each.startswith("S-") for each in lines)
    assert lines[0] == lines[1] != lines[2]


def test_two_rules_tell_a_channel_once(archive: Archive, lexicon: Lexicon, model: Model, clock: Clock, joining: Joining) -> None:
    """The second verdict is folded, not sent."""
    rules = [RULE, replace(RULE, id="second", when="輸出")]
    put(archive, on_theme())
    found = Judge(archive=archive, rules=rules, lexicon=lexicon, model=model, encoder=None, joining=joining, clock=clock).run()
    assert (found.alerts, found.folded) == (1, 1)
    assert archive.outbox.counts()["waiting"] == 1


def test_a_broken_rule_stops_no_other(
    archive: Archive, lexicon: Lexicon, model: Model, clock: Clock, joining: Joining, caplog: pytest.LogCaptureFixture
) -> None:
    """It is named in the log."""
    rules = [replace(RULE, id="broken", when="them:x"), RULE]
    put(archive, on_theme())
    assert (
        Judge(archive=archive, rules=rules, lexicon=lexicon, model=model, encoder=None, joining=joining, clock=clock).run().alerts
        == 1
    )
    assert "rule=broken" in caplog.text


def test_without_a_model_items_are_linked_and_tagged_later(
    archive: Archive, lexicon: Lexicon, model: Model, clock: Clock, joining: Joining
) -> None:
    """A missing classifier costs no item; when it is back, what waited is tagged and told."""
    put(archive, on_theme())
    blind = Judge(archive=archive, rules=[RULE], lexicon=lexicon, model=None, encoder=None, joining=joining, clock=clock).run()
    assert (blind.judged, blind.tagged, blind.alerts) == (1, 0, 0)
    seeing = Judge(archive=archive, rules=[RULE], lexicon=lexicon, model=model, encoder=None, joining=joining, clock=clock).run()
    assert (seeing.judged, seeing.tagged, seeing.alerts) == (1, 1, 1)


def test_a_restart_goes_on_with_the_same_events(
    archive: Archive, lexicon: Lexicon, model: Model, clock: Clock, joining: Joining
) -> None:
    """The linker is rebuilt from the archive: the next item of a development joins its event."""
    put(archive, on_theme())
    Judge(archive=archive, rules=[], lexicon=lexicon, model=model, encoder=None, joining=joining, clock=clock).run()
    clock.move(hours=3)
    later = on_theme(
        source="wire", key="2", url="http://wire.example/2", title="ガリウムの輸出、許可制に　中国商務省の規制に産業界が懸念"
    )
    put(archive, later)
    Judge(archive=archive, rules=[], lexicon=lexicon, model=model, encoder=None, joining=joining, clock=clock).run()
    assert archive.reading.item(later.id).event == archive.reading.item(on_theme().id).event


def test_a_failed_write_leaves_the_items_waiting(archive: Archive, judge: Judge, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing half judged; the next run does it all."""
    put(archive, on_theme())
    monkeypatch.setattr(AlertTables, "write", _fail)
    with pytest.raises(ArchiveError, match="disk is full"):
        judge.run()
    assert archive.reading.counts()["unjudged"] == 1
    monkeypatch.undo()
    assert judge.run().alerts == 1


def _fail(*arguments: object) -> None:
    raise sqlite3.OperationalError("database or disk is full")
