"""What reading events costs when much has moved: the list by importance, deadlines, what is under way.

python -m bench.events [--events N]

An archive in a temporary folder, filled with events of one to eight items that moved within a week; medians of five.
"""

from __future__ import annotations

import argparse
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from monitor.archive import Archive
from monitor.archive.intake import Change
from monitor.dedupe import sort_out
from monitor.items import DateKind, Findings, Item, Judged, KeyDate, Link, Shown, SourceState, Stage, Tag, Tier, event_id

NOW = datetime(2026, 5, 1, tzinfo=UTC)
BATCH = 1_000
PROPOSED = Shown(jurisdiction="US", step="NPRM", stage=Stage.PROPOSED, sentence="The bureau proposes a rule.")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=20_000)
    count = parser.parse_args().events
    with tempfile.TemporaryDirectory() as folder, Archive.open(f"sqlite:///{Path(folder) / 'monitor.db'}") as archive:
        items = _fill(archive, count)
        print(f"{count:,} events that moved within a week, {items:,} items")
        today = NOW.date()
        rows: tuple[tuple[str, Callable[[], list[object]]], ...] = (
            ("monitor events (50 most important)", lambda: list(archive.events.moved(NOW - timedelta(days=7), NOW))),
            ("monitor deadlines --within 30d", lambda: list(archive.events.deadlines(today, today + timedelta(days=30), NOW))),
            ("monitor deadlines --overdue (5,000 looked at)", lambda: list(archive.events.under_way(NOW, 5_000))),
        )
        for name, ask in rows:
            times = []
            for _ in range(5):
                began = time.perf_counter()
                found = len(ask())
                times.append(time.perf_counter() - began)
            print(f"{name:<48}{statistics.median(times):>8.2f} s  {found:,} rows", flush=True)


def _fill(archive: Archive, count: int) -> int:
    """Store and judge the items; how many."""
    draw = random.Random(0)
    judged: list[Judged] = []
    for number in range(count):
        event = ""
        moment = NOW - timedelta(hours=draw.random() * 160)
        for place in range(draw.choice((1, 1, 1, 2, 3, 8))):
            name = f"{number}-{place}"
            item = Item(
                id=f"I-{name}",
                source=f"s{draw.randrange(300)}",
                key=name,
                url=None,
                title=f"Export control title {name} about chips {draw.random():.6f}",
                summary="",
                published=moment,
                first_seen=moment,
                lang="en",
                country="US",
                tier=draw.choice((Tier.OFFICIAL, Tier.WIRE, Tier.PRESS)),
            )
            event = event or event_id(item.id)
            day = NOW.date() + timedelta(days=draw.randrange(90))
            dates = (KeyDate(kind=DateKind.EFFECTIVE, date=day, sentence="It takes effect then."),) if draw.random() < 0.2 else ()
            tags = (Tag(theme="export_control", score=draw.random(), is_given=draw.random() < 0.5),)
            findings = Findings(lang="en", dates=dates, shown=None if place or draw.random() < 0.5 else PROPOSED)
            judged.append(
                Judged(item=item, findings=findings, tags=tags, link=Link(event=event, is_new=not place), model="bench")
            )
    for start in range(0, len(judged), BATCH):
        batch = judged[start : start + BATCH]
        fresh = [each.item for each in batch]
        found = sort_out(archive.intake.known("bench", fresh), fresh)
        archive.intake.store(Change(found=found, state=SourceState(id="bench", polls=2), at=NOW))
        archive.judging.write(batch, [], NOW)
    return len(judged)


if __name__ == "__main__":
    main()
