"""What the benchmark of intake runs of ours, each in a process of its own; prints one JSON object. Decides nothing.

python -m bench.ours poll CONFIG ARCHIVE TIME    one round of intake, as `monitor poll` does it, without the judging
python -m bench.ours index ARCHIVE NEW           the search index of an archive's items alone, written into the file NEW
python -m bench.ours judge CONFIG ARCHIVE TIME   judgement of everything that waits
"""

from __future__ import annotations

import contextlib
import json
import logging
import sqlite3
import sys
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

_GROUP = 400
"""Items that intake keeps in one transaction while it is filled, about."""


def main() -> None:
    """Do what the arguments ask."""
    logging.basicConfig(level=logging.ERROR)
    work, *rest = sys.argv[1:]
    print(json.dumps({"poll": poll, "index": index, "judge": judge}[work](*rest)))


def poll(config_path: str, archive_path: str, at: str) -> dict[str, float]:
    """A round over all sources of a configuration; says what became of them and what start and configuration cost."""
    from monitor import config, intake
    from monitor.archive import Archive

    settings = config.load(Path(config_path))
    with Archive.open(f"sqlite:///{archive_path}") as archive, archive.working():
        ready = time.process_time()
        found = intake.poll(archive, settings.sources, network=settings.network, pace=settings.pace, clock=_clock(at))
    for each in found.failures[:3]:
        print(f"{each.source}: {each.error}", file=sys.stderr)
    return {
        "fetched": found.count("fetched"),
        "unchanged": found.count("unchanged"),
        "failed": len(found.failures),
        "new": found.new,
        "ready": ready,
    }


def index(archive_path: str, new_path: str) -> dict[str, float]:
    """The index entries of every item once more, source by source as intake commits them; CPU seconds of that alone."""
    from monitor.segment import index_text

    with contextlib.closing(sqlite3.connect(archive_path)) as archive, contextlib.closing(sqlite3.connect(new_path)) as new:
        new.isolation_level = None
        new.execute("pragma journal_mode = wal")
        for (statement,) in archive.execute("select sql from sqlite_master where name = 'item_search'"):
            new.execute(statement)
        rows = archive.execute("select source, n, title, summary from items order by source, n").fetchall()
        began = time.process_time()
        for start in range(0, len(rows), _GROUP):
            entries = [
                (place, index_text(title), index_text(summary)) for _, place, title, summary in rows[start : start + _GROUP]
            ]
            new.execute("begin")
            new.executemany("insert into item_search (rowid, title, summary) values (?, ?, ?)", entries)
            new.execute("commit")
        return {"items": len(rows), "cpu": time.process_time() - began}


def judge(config_path: str, archive_path: str, at: str) -> dict[str, float]:
    """Judgement of all that waits, with the classifier that ships; CPU seconds without start and model."""
    from monitor import bundled, config, house
    from monitor.archive import Archive

    settings = config.load(Path(config_path))
    with Archive.open(f"sqlite:///{archive_path}") as archive, archive.working():
        work = house.judge(archive, settings, bundled.classifiers(), _clock(at))
        began = time.process_time()
        found = work.run()
        return {"items": found.judged, "cpu": time.process_time() - began}


def _clock(at: str) -> Callable[[], datetime]:
    """A clock that starts at a moment near the feeds' dates and goes on from there."""
    start, began = datetime.fromisoformat(at), time.monotonic()
    return lambda: start + timedelta(seconds=time.monotonic() - began)


if __name__ == "__main__":
    main()
