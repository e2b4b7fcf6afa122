"""What the benchmark of intake runs of ours, each in a process of its own; prints one JSON object. Decides nothing.

python -m bench.ours poll CONFIG ARCHIVE TIME    one round of intake, as `monitor poll` does it, without the judging
python -m bench.ours bare CONFIG ARCHIVE TIME    the same round without the search index, so that its cost can be told apart
python -m bench.ours judge CONFIG ARCHIVE TIME   judgement of everything that waits
"""

from __future__ import annotations

import json
import logging
import sys
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path


def main() -> None:
    """Do what the arguments ask."""
    logging.basicConfig(level=logging.ERROR)
    work, *rest = sys.argv[1:]
    print(json.dumps({"poll": poll, "bare": bare, "judge": judge}[work](*rest)))


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


def bare(config_path: str, archive_path: str, at: str) -> dict[str, float]:
    """As poll, but nothing is put into the search index."""
    from monitor.archive.intake import IntakeTables

    IntakeTables._index = lambda *_: None  # type: ignore[method-assign]
    return poll(config_path, archive_path, at)


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
