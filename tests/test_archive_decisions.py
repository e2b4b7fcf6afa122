"""What analysts decide about events: kept with who, when and why; taught to the linker; left standing by judgement that goes on."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from builders import NOW, a_shown, a_transition, an_item
from conftest import Clock
from filed_events import LATER, RULE, TITLE, A, B, C, a_notice, file, items_of, judged, on_gallium, put, stage_of, two

from monitor import judgement
from monitor.archive import Archive
from monitor.archive.events import MACHINE
from monitor.items import Findings, Item
from monitor.judgement import Judge
from monitor.lexicon import Lexicon
from monitor.likeness import Joining
from monitor.tag import Model


def test_a_decision_is_kept_with_who_when_why_and_what(archive: Archive) -> None:
    """Merges and splits in their order, of each event that they touched."""
    of_a, of_b = two(archive)
    archive.events.merge(A, B, who="佐藤", now=NOW, reason="同じ告示")
    made = archive.events.split(A, of_a[:1], who="tanaka", now=LATER)
    first, second = archive.events.decisions()
    assert (first.kind, first.event, first.other, first.items) == ("merge", A, B, tuple(of_b))
    assert (first.who, first.at, first.reason) == ("佐藤", NOW, "同じ告示")
    assert (second.kind, second.event, second.other, second.items) == ("split", A, made, tuple(of_a[:1]))
    assert (second.who, second.at, second.reason) == ("tanaka", LATER, "")
    assert archive.events.decisions(B) == [first]
    assert archive.events.decisions(made) == [second]
    assert archive.events.last_decision() == 2


def test_the_machines_decisions_are_told_apart(archive: Archive) -> None:
    """They are kept as well, but nobody learns from them."""
    two(archive)
    assert archive.events.last_decision() == 0
    archive.events.merge(A, B, who=MACHINE, now=NOW)
    assert [each.who for each in archive.events.decisions()] == [MACHINE]
    assert archive.events.decisions(by_analysts=True) == []
    assert list(archive.events.taught()) == []


# What the machine and training learn of it


def test_what_analysts_split_stays_apart_until_they_join_it(archive: Archive) -> None:
    """Split, joined, split again."""
    of_a, _ = two(archive)
    assert archive.events.apart() == set()
    made = archive.events.split(A, of_a[:1], who="sato", now=NOW)
    assert archive.events.apart() == {frozenset((A, made))}
    archive.events.merge(A, made, who="tanaka", now=NOW)
    assert archive.events.apart() == set()
    assert archive.events.split(A, of_a[:1], who="sato", now=NOW) == made
    assert archive.events.apart() == {frozenset((A, made))}


def test_a_merge_that_was_taken_back_leaves_its_events_apart(archive: Archive) -> None:
    """The analyst has said that they are two."""
    _, of_b = two(archive)
    archive.events.merge(A, B, who="sato", now=NOW)
    assert archive.events.apart() == set()
    archive.events.split(A, of_b, who="sato", now=NOW)
    assert archive.events.apart() == {frozenset((A, B))}


def test_apart_goes_on_with_the_event_that_goes_on(archive: Archive) -> None:
    """If what was split off is merged into a third, that one is apart as well."""
    of_a, _ = two(archive)
    made = archive.events.split(A, of_a[:1], who="sato", now=NOW)
    archive.events.merge(B, made, who="sato", now=NOW)
    assert archive.events.apart() == {frozenset((A, B))}


def test_items_of_what_analysts_decided_are_taught_in_order_of_time(archive: Archive) -> None:
    """With event and storyline; events that nobody touched are not."""
    notices = [a_notice(number, published=NOW - timedelta(hours=number)) for number in range(5)]
    file(archive, *(judged(each, event) for each, event in zip(notices, (A, A, B, C, C), strict=True)))
    archive._connection.execute("update events set storyline = 'S-graphite' where id = ?", [A])
    made = archive.events.split(A, [notices[0].id], who="sato", now=NOW)
    archive.events.merge(A, B, who="sato", now=NOW)
    assert [(item.id, event, storyline) for item, event, storyline in archive.events.taught()] == [
        (notices[2].id, A, "S-graphite"),
        (notices[1].id, A, "S-graphite"),
        (notices[0].id, made, "S-graphite"),
    ]


def test_without_a_storyline_an_event_is_its_own(archive: Archive) -> None:
    """Nothing is taught to belong together that nobody said so."""
    two(archive)
    archive.events.merge(A, B, who="sato", now=NOW)
    assert {(event, storyline) for _, event, storyline in archive.events.taught()} == {(A, A)}


# Judgement that goes on after an analyst has decided


@pytest.fixture(params=["the service that runs", "one that was started since"])
def judges(
    request: pytest.FixtureRequest, archive: Archive, lexicon: Lexicon, model: Model, joining: Joining, clock: Clock
) -> tuple[Judge, Judge]:
    """Who judges before, and who after, an analyst decides in another process."""

    def one() -> Judge:
        return Judge(archive=archive, rules=[RULE], lexicon=lexicon, model=model, encoder=None, joining=joining, clock=clock)

    before = one()
    return (before, before) if request.param == "the service that runs" else (before, one())


def event_of(archive: Archive, item: Item) -> str:
    found = archive.reading.item(item.id).event
    assert found is not None
    return found


def test_the_next_item_of_a_merged_event_joins_the_one_that_goes_on(
    archive: Archive, judges: tuple[Judge, Judge], clock: Clock
) -> None:
    """No item is ever put into an event that stands no more."""
    cable = an_item(key="9", url="http://meti.example/9", title="海底ケーブルの陸揚局で障害、復旧急ぐ", summary="通信に影響。")
    put(archive, on_gallium(), cable)
    judges[0].run()
    old, goes_on = event_of(archive, on_gallium()), event_of(archive, cable)
    assert old != goes_on
    with Archive.open(f"sqlite:///{archive.path}") as elsewhere:
        elsewhere.events.merge(goes_on, old, who="sato", now=clock.now)
    clock.move(hours=3)
    echo = on_gallium(source="mirror", url="http://mirror.example/1", published=clock.now, first_seen=clock.now)
    put(archive, echo)
    judges[1].run()
    assert event_of(archive, echo) == goes_on
    assert echo.id in items_of(archive, archive.events.find(old))


def test_the_next_item_of_what_was_split_off_joins_it(archive: Archive, judges: tuple[Judge, Judge], clock: Clock) -> None:
    """A word for word copy goes where the item is that it repeats."""
    later = on_gallium(
        source="wire", key="2", url="http://wire.example/2", title="ガリウムの輸出、許可制に　中国商務省の規制に産業界が懸念"
    )
    put(archive, on_gallium(), later)
    judges[0].run()
    event = event_of(archive, later)
    assert event == event_of(archive, on_gallium())
    with Archive.open(f"sqlite:///{archive.path}") as elsewhere:
        made = elsewhere.events.split(event, [later.id], who="sato", now=clock.now)
    clock.move(hours=3)
    echo = replace(later, id="I-echo", source="mirror", url="http://mirror.example/2", published=clock.now, first_seen=clock.now)
    put(archive, echo)
    judges[1].run()
    assert event_of(archive, echo) == made


def test_a_split_that_is_made_while_a_batch_is_judged_is_known_to_the_next(
    archive: Archive, judges: tuple[Judge, Judge], clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Judging takes seconds, and analysts do not wait."""
    later = on_gallium(
        source="wire", key="2", url="http://wire.example/2", title="ガリウムの輸出、許可制に　中国商務省の規制に産業界が懸念"
    )
    put(archive, on_gallium(), later)
    judges[0].run()
    event, made = event_of(archive, later), []

    def identify(item: Item, lexicon: Lexicon) -> Findings:
        with Archive.open(f"sqlite:///{archive.path}") as elsewhere:
            made.append(elsewhere.events.split(event, [later.id], who="sato", now=clock.now))
        return true_identify(item, lexicon)

    true_identify = judgement.identify
    monkeypatch.setattr(judgement, "identify", identify)
    put(
        archive,
        an_item(key="9", url="http://meti.example/9", title="海底ケーブルの陸揚局で障害、復旧急ぐ", summary="通信に影響。"),
    )
    assert judges[0].run().judged == 1
    monkeypatch.undo()
    echo = replace(later, id="I-echo", source="mirror", url="http://mirror.example/2")
    put(archive, echo)
    judges[1].run()
    assert [event_of(archive, echo)] == made == [event_of(archive, later)]


def test_an_edit_of_a_moved_item_leaves_it_where_the_analyst_put_it(
    archive: Archive, judges: tuple[Judge, Judge], clock: Clock
) -> None:
    """Judged again, it keeps its event."""
    item = on_gallium()
    other = an_item(key="9", url="http://meti.example/9", title="海底ケーブルの陸揚局で障害、復旧急ぐ", summary="通信に影響。")
    put(archive, item, other)
    judges[0].run()
    goes_on = event_of(archive, other)
    with Archive.open(f"sqlite:///{archive.path}") as elsewhere:
        elsewhere.events.merge(goes_on, event_of(archive, item), who="sato", now=clock.now)
    clock.move(hours=1)
    put(archive, replace(item, title=TITLE + "（更新）"))
    assert judges[1].run().judged == 1
    assert event_of(archive, item) == goes_on


def test_an_item_keeps_the_event_that_an_analyst_gave_it_while_it_was_judged(archive: Archive) -> None:
    """What judging thought before it began does not undo what was decided meanwhile; both events are settled."""
    first, second = a_notice(1), a_notice(2)
    before = judged(second, A, shown=a_shown("final rule"))
    file(archive, judged(first, A, shown=a_shown("NPRM")), before)
    made = archive.events.split(A, [second.id], who="sato", now=NOW)
    archive.judging.write([before], [], NOW + timedelta(hours=1), None, {A: a_transition("final rule")})
    assert (items_of(archive, A), items_of(archive, made)) == ([first.id], [second.id])
    assert (stage_of(archive, A), stage_of(archive, made)) == ("proposed", "final")
