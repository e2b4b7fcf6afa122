"""Events in an archive for tests: items stored and filed under them, as judgement does it, and what the tables then say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from builders import NOW, an_item

from monitor.archive import Archive
from monitor.archive.intake import Change
from monitor.dedupe import sort_out
from monitor.events import Part, in_time, reached
from monitor.items import Alert, Entity, Filed, Findings, Identifier, Item, Judged, KeyDate, Link, Rule, Shown, SourceState, Tag

A, B, C, D = (f"E-{letter * 10}" for letter in "abcd")
LATER = NOW + timedelta(hours=5)
SLACK = "slack:#econsec"
RULE = Rule(id="now", when="theme:export_control", to=(SLACK,))
TITLE = "中国、ガリウムの輸出を許可制に　商務省が規制を発表"
SUMMARY = "中国商務省は半導体材料のガリウムについて輸出管理を強化し、輸出には許可が必要になると発表した。"


def a_notice(number: int, **changes: object) -> Item:
    """An item of an American regulator; each number is another one."""
    base: dict[str, object] = {
        "source": "bis",
        "key": str(number),
        "url": f"http://bis.example/{number}",
        "title": f"Notice number {number} on licence requirements",
        "lang": "en",
        "country": "US",
    }
    return an_item(**base | changes)


def on_gallium(**changes: object) -> Item:
    return an_item(**{"title": TITLE, "summary": SUMMARY} | changes)


def judged(
    item: Item,
    event: str,
    *,
    themes: Mapping[str, float] | None = None,
    shown: Shown | None = None,
    dates: Sequence[KeyDate] = (),
    identifiers: Sequence[Identifier] = (),
    entities: Sequence[Entity] = (),
    copy_of: str | None = None,
) -> Judged:
    """What judgement says of an item; by default it has a theme and shows no step."""
    given = {"export_control": 0.9} if themes is None else themes
    return Judged(
        item=item,
        findings=Findings(
            lang=item.lang, shown=shown, dates=tuple(dates), identifiers=tuple(identifiers), entities=tuple(entities)
        ),
        tags=tuple(Tag(theme=theme, score=score, is_given=True) for theme, score in given.items()),
        link=Link(event=event, is_new=False, copy_of=copy_of),
        model="test",
    )


def put(archive: Archive, *items: Item) -> None:
    for item in items:
        found = sort_out(archive.intake.known(item.source, [item]), [item])
        archive.intake.store(Change(found=found, state=SourceState(id=item.source, polls=2), at=NOW))


def file(archive: Archive, *them: Judged, at: datetime = NOW, alerts: Sequence[Alert] = ()) -> None:
    """Store items and what was judged of them, as judgement does."""
    put(archive, *(each.item for each in them))
    parts: dict[str, list[Part]] = {}
    for each in them:
        event = each.link.event
        parts.setdefault(event, archive.events.parts(event, is_whole=False)).append(
            Part(
                filed=Filed(item=each.item, copy_of=each.link.copy_of),
                arrival=1_000_000 + len(parts[event]) if event in parts else 1_000_000,
                shown=each.findings.shown,
                dates=each.findings.dates,
            )
        )
    ways = {event: reached(in_time(of_event), at.date())[0][-1] for event, of_event in parts.items()}
    archive.judging.write(them, alerts, at, None, ways)


def items_of(archive: Archive, event: str) -> list[str]:
    return [each.item.id for each in archive.events.timeline(event)]


def times(archive: Archive, event: str) -> tuple[str, str]:
    return tuple(archive._connection.execute("select opened_at, moved_at from events where id = ?", [event]).fetchone())


def stage_of(archive: Archive, event: str) -> str:
    """The stage as searches and digests read it, not as it is told now."""
    found: str = archive._connection.execute("select stage from events where id = ?", [event]).fetchone()[0]
    return found


def two(archive: Archive) -> tuple[list[str], list[str]]:
    """A and B with two items each, in turn; their ids."""
    notices = [a_notice(number, published=NOW - timedelta(hours=10 - number)) for number in range(1, 5)]
    file(archive, *(judged(each, A if number % 2 == 0 else B) for number, each in enumerate(notices)))
    return [notices[0].id, notices[2].id], [notices[1].id, notices[3].id]
