"""What judgement takes from the archive when it starts: live events whole, of quiet ones the law that they are about."""

from __future__ import annotations

from datetime import timedelta

import pytest
from builders import an_item
from conftest import NOW, Clock
from costs import calls

from monitor import bundled, joinings
from monitor.archive import Archive
from monitor.archive.intake import Change
from monitor.dedupe import sort_out
from monitor.identifiers import RARE
from monitor.items import Findings, Identifier, Item, Judged, Link, SourceState
from monitor.judgement import Judge
from monitor.lexicon import Lexicon
from monitor.likeness import HORIZON, Joining


def put(archive: Archive, item: Item) -> None:
    found = sort_out(archive.intake.known(item.source, [item]), [item])
    archive.intake.store(Change(found=found, state=SourceState(id=item.source, polls=2), at=NOW))


def file(
    archive: Archive, number: int, event: str, *, days: float = 3 * HORIZON.days, kind: str = "docket", line: str | None = None
) -> Item:
    """An item of so many days ago, judged into an event, that names an identifier of its own."""
    at = NOW - timedelta(days=days)
    item = an_item(key=str(number), url=f"http://x.example/{number}", title=f"Notice {number}", published=at, first_seen=at)
    put(archive, item)
    findings = Findings(lang="en", identifiers=(Identifier(type=kind, value=f"X-{number}"),))
    link = Link(event=event, is_new=True, storyline=line)
    archive.judging.write([Judged(item=item, findings=findings, tags=(), link=link, model="m")], [], at)
    return item


@pytest.fixture
def judge(archive: Archive, lexicon: Lexicon, clock: Clock, joining: Joining) -> Judge:
    return Judge(archive=archive, rules=[], lexicon=lexicon, model=None, encoder=None, joining=joining, clock=clock)


@pytest.mark.parametrize("kind", sorted(RARE))
def test_an_event_that_was_quiet_for_long_takes_an_item_of_its_measure(archive: Archive, judge: Judge, kind: str) -> None:
    """By the identifier alone, whatever its kind."""
    file(archive, 1, "E-old", kind=kind)
    file(archive, 2, "E-other", kind=kind)
    late = an_item(source="wire", key="late", title="Something else", identifiers=(Identifier(type=kind, value="X-1"),))
    put(archive, late)
    judge.run()
    assert archive.reading.item(late.id).event == "E-old"


def test_of_quiet_events_nothing_but_their_measures_is_read(archive: Archive, judge: Judge, clock: Clock) -> None:
    """Not their texts: years of a register cost little when judgement starts."""
    cost = []
    for number in range(120):
        file(archive, number, f"E-{number}")
        if number in (19, 119):
            judge._linker = None
            cost.append(calls(lambda: judge._live(clock())))
    assert (cost[1] - cost[0]) / 100 < 60
    assert list(archive.judging.live(NOW - HORIZON, None)) == []


def test_a_live_event_keeps_the_measures_of_its_older_items(archive: Archive) -> None:
    """They tell it from the next rule of the series."""
    older, quiet, latest = (
        file(archive, number, event, days=days) for number, event, days in ((1, "E-1", 400), (2, "E-2", 400), (3, "E-1", 3))
    )
    since = NOW - HORIZON
    assert [(item.id, event) for item, _, event, _ in archive.judging.live(since, None)] == [
        (older.id, "E-1"),
        (latest.id, "E-1"),
    ]
    docket = Identifier(type="docket", value="X-2")
    assert list(archive.judging.quiet(since, 99)) == [(quiet.title, (docket,), "E-2")]


def test_of_too_many_quiet_measures_the_last_are_known(archive: Archive) -> None:
    """In the order in which they were judged."""
    for number in range(5):
        file(archive, number, f"E-{number}", days=400 - number)
    assert [event for _, _, event in archive.judging.quiet(NOW - HORIZON, 2)] == ["E-3", "E-4"]


def test_a_quiet_storyline_takes_an_event_of_its_measure(archive: Archive, judge: Judge) -> None:
    """An event that lies in none yet, when an item of it names the measure of one that does."""
    judge.storylines = joinings.load(bundled.classifiers(), level="storyline", vectors=None)
    file(archive, 1, "E-old")
    file(archive, 2, "E-placed", line="S-placed")
    named = tuple(Identifier(type="docket", value=value) for value in ("X-1", "X-2"))
    late = an_item(source="wire", key="late", title="Something else", identifiers=named)
    put(archive, late)
    judge.run()
    event = archive.reading.item(late.id).event
    assert (event, archive.events.storylines()["E-old"]) == ("E-old", "S-placed")
