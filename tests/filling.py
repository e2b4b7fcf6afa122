"""Archives for tests of what reads them: items, judged or not, without the jobs that would judge them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from builders import NOW, an_item

from monitor.archive import Archive
from monitor.archive.intake import Change
from monitor.dedupe import sort_out
from monitor.items import Findings, Item, Judged, Link, SourceState, Tag


def came(archive: Archive, *items: Item, at: datetime = NOW) -> None:
    """Items arrive, and wait for their judgement."""
    for item in items:
        found = sort_out(archive.intake.known(item.source, [item]), [item])
        archive.intake.store(Change(found=found, state=SourceState(id=item.source, polls=2), at=at))


def judge(archive: Archive, *items: Item, themes: tuple[str, ...] = (), at: datetime = NOW) -> None:
    """Items that came are judged, in one transaction."""
    tags = tuple(Tag(theme=theme, score=0.9, is_given=True) for theme in themes) or (
        Tag(theme="telecom_5g", score=0.1, is_given=False),
    )
    archive.judging.write(
        [
            Judged(
                item=item,
                findings=Findings(lang=item.lang),
                tags=tags,
                link=Link(event=f"E-{item.id[2:]}", is_new=True),
                model="test",
            )
            for item in items
        ],
        [],
        at,
    )


def fill(archive: Archive, *items: Item, themes: tuple[str, ...] = (), at: datetime = NOW) -> None:
    """Items come and are judged."""
    came(archive, *items, at=at)
    judge(archive, *items, themes=themes, at=at)


def numbered(key: int, **changes: Any) -> Item:
    """An item that differs from the others by its number."""
    return an_item(**{"key": str(key), "url": f"http://meti.example/{key}", "title": f"黒鉛の輸出許可 その{key}"} | changes)
