"""The service at a reload and at its end: the jobs go on by what works, and leave nothing open."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest
from conftest import Clock

from monitor import bundled, house, schedule
from monitor.errors import ModelError
from monitor.schedule import Service

FEEDS = """version: 1
sources: []
alerts: []
"""


@pytest.fixture
def service(tmp_path: Path, archive_url: str, clock: Clock) -> Service:
    path = tmp_path / "feeds.yaml"
    path.write_text(FEEDS)
    return Service(archive_url, path, bundled.classifiers_in_use(), clock)


def handles() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.mark.parametrize("job", ["judge", "send"])
def test_a_job_that_cannot_be_built_leaves_no_file_open(service: Service, monkeypatch: pytest.MonkeyPatch, job: str) -> None:
    """It is tried at every tick, for as long as it takes to mend the classifiers."""

    def broken(*_: object, **__: object) -> object:
        raise ModelError("the lexicon cannot be read")

    monkeypatch.setattr(house, {"judge": "judge", "send": "deliverer"}[job], broken)
    tick = {"judge": service._judge, "send": service._send}[job]
    counts = []
    for _ in range(3):
        with pytest.raises(ModelError):
            tick()
        counts.append(handles())
    assert len(set(counts)) == 1


@pytest.mark.parametrize("job", ["judge", "send"])
def test_a_reload_that_cannot_be_followed_leaves_the_job_as_it_was(
    service: Service, monkeypatch: pytest.MonkeyPatch, job: str
) -> None:
    """A wrong lexicon is reported once, and the old one stays."""
    tick = {"judge": service._judge, "send": service._send}[job]
    tick()
    before = {"judge": lambda: service._judging, "send": lambda: service._sending}[job]

    def broken(*_: object, **__: object) -> object:
        raise ModelError("the lexicon cannot be read")

    was = before()
    with monkeypatch.context() as wrong:
        wrong.setattr(house, {"judge": "judge", "send": "deliverer"}[job], broken)
        service._load_again()
        with pytest.raises(ModelError):
            tick()
        tick()
    assert before() is was


def test_a_reload_goes_on_with_what_is_on_its_way(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is waited for, given up or begun a second time."""
    service._send()
    assert service._sending is not None
    before = service._sending[1]
    taken = threading.Event()
    take_over = type(before).take_over

    def seen(self: object, other: object) -> None:
        assert other is before
        taken.set()
        take_over(self, other)  # type: ignore[arg-type]

    monkeypatch.setattr(type(before), "take_over", seen)
    service._load_again()
    service._send()
    assert taken.is_set()
    assert service._sending[1] is not before


def test_the_end_waits_for_all_jobs_together(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many of them are busy: SIGTERM is answered within its time."""
    monkeypatch.setattr(schedule, "DRAIN", 0.1)
    free = threading.Event()
    busy = [threading.Thread(target=free.wait, name=f"ThreadPoolExecutor-{number}", daemon=True) for number in range(40)]
    for each in busy:
        each.start()
    began = time.monotonic()
    service._drain()
    took = time.monotonic() - began
    free.set()
    for each in busy:
        each.join(10)
    assert took < 2
