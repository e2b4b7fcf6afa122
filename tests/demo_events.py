"""The events of the archive that the demo leaves behind: how tests ask the commands about them and file more under them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from builders import an_item

from monitor.archive import Archive
from monitor.archive.intake import Change
from monitor.cli import main
from monitor.dedupe import sort_out
from monitor.events import Part, in_time, reached
from monitor.items import Filed, Findings, Item, Judged, KeyDate, Link, Shown, SourceState, Tag

END = datetime(2023, 10, 25, 13, 0, tzinfo=UTC)
"""The moment at which the demo ends."""
EVENT_KEYS = [
    "id",
    "title",
    "stage",
    "step",
    "first_seen",
    "last_seen",
    "items",
    "sources",
    "langs",
    "countries",
    "themes",
    "identifiers",
    "dates",
    "storyline",
    "titles",
    "entities",
    "jurisdiction",
    "way",
    "claim",
    "expected",
    "momentum",
    "importance",
]
Capture = pytest.CaptureFixture[str]


def run(capsys: Capture, *arguments: str) -> tuple[int, str, str]:
    capsys.readouterr()
    code = main(arguments)
    found = capsys.readouterr()
    return code, found.out, found.err


def asked(capsys: Capture, *arguments: str) -> Any:
    """The JSON that a command writes."""
    code, out, err = run(capsys, *arguments)
    assert code == 0, err
    return json.loads(out)


def all_events(capsys: Capture, *arguments: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = asked(capsys, "events", "--since", "30d", "--format", "json", *arguments)
    return found


def event_like(capsys: Capture, title: str) -> str:
    """Id of the most important event with these words in its title."""
    return next(str(each["id"]) for each in all_events(capsys) if title in each["title"])


def add(item: Item, event: str, *, shown: Shown | None = None, dates: tuple[KeyDate, ...] = (), at: datetime = END) -> None:
    """Store an item in the archive of the folder, and file it under an event, as judgement does."""
    with Archive.open("sqlite:///data/monitor.db") as archive:
        found = sort_out(archive.intake.known(item.source, [item]), [item])
        archive.intake.store(Change(found=found, state=SourceState(id=item.source, polls=2), at=at))
        judged = Judged(
            item=item,
            findings=Findings(lang=item.lang, shown=shown, dates=dates),
            tags=(Tag(theme="export_control", score=0.9, is_given=True),),
            link=Link(event=event, is_new=False),
            model="test",
        )
        parts = [*archive.events.parts(event), Part(filed=Filed(item=item), arrival=1_000_000, shown=shown, dates=dates)]
        archive.judging.write([judged], [], at, None, {event: reached(in_time(parts), at.date())[0][-1]})


def a_notice(key: str, **changes: object) -> Item:
    base: dict[str, object] = {
        "source": "us-fr-bis",
        "key": key,
        "url": f"http://fr.example/{key}",
        "title": f"Proposed rule {key}",
        "lang": "en",
        "country": "US",
        "published": END,
        "first_seen": END,
    }
    return an_item(**base | changes)


CHIPS, GRAPHITE = "advanced computing chips", "公告2023年第39号"
CABLE, REPORT = "Finland-Estonia cable damaged", "annual report on the screening"
