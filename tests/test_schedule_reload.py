"""The service at a reload and at its end: the jobs go on by what works, and leave nothing open."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import pytest
from conftest import Clock, Run

from monitor import bundled, house, schedule
from monitor.errors import ArchiveBusy, ArchiveError, ModelError
from monitor.judgement import Judge
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


def broken(*_: object, **__: object) -> object:
    raise ModelError("the lexicon cannot be read")


BUILDS = {"judge": "judge", "send": "deliverer"}


@pytest.mark.parametrize("job", BUILDS)
def test_a_job_that_cannot_be_built_leaves_no_file_open(service: Service, monkeypatch: pytest.MonkeyPatch, job: str) -> None:
    """It may be tried for as long as it takes to mend the classifiers."""
    monkeypatch.setattr(house, BUILDS[job], broken)
    build = {"judge": service._build_judge, "send": service._build_deliverer}[job]
    counts = []
    for _ in range(3):
        with pytest.raises(ModelError):
            build()
        counts.append(handles())
    assert len(set(counts)) == 1


@pytest.mark.parametrize("job", BUILDS)
def test_a_reload_that_cannot_be_followed_leaves_the_job_as_it_was_until_it_can(
    service: Service, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, job: str
) -> None:
    """A wrong lexicon is reported once, and the old one stays; when it is mended the new settings are taken up without another signal."""
    monkeypatch.setattr(schedule, "FIRST_WAIT", 0.01)
    monkeypatch.setattr(schedule, "LONGEST_WAIT", 0.02)
    tick = {"judge": service._judge, "send": service._send}[job]
    tick()
    before = {"judge": lambda: service._judging, "send": lambda: service._sending}[job]
    was = before()
    assert was is not None
    with monkeypatch.context() as wrong:
        wrong.setattr(house, BUILDS[job], broken)
        service._load_again()
        for _ in range(5):
            tick()
            time.sleep(0.03)
    assert before() is was
    assert caplog.text.count("the lexicon cannot be read") == 1
    tick()
    now = before()
    assert now is not None
    assert now[1] is not was[1]
    assert now[2] is service._settings
    assert now[0] is was[0]


def test_a_reload_while_a_job_is_built_is_not_forgotten(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is built by settings that are old when it is done is built again."""
    true = house.judge

    def slow(*arguments: Any) -> Judge:
        found = true(*arguments)
        service._load_again()
        return found

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(house, "judge", slow)
        service._judge()
    service._judge()
    assert service._judging is not None
    assert service._judging[2] is service._settings


@pytest.mark.parametrize("job", BUILDS)
def test_a_service_that_cannot_begin_ends_with_the_reason(service: Service, monkeypatch: pytest.MonkeyPatch, job: str) -> None:
    """What only a person can mend is said at once, not at every tick."""
    monkeypatch.setattr(house, BUILDS[job], broken)
    with pytest.raises(ModelError, match="the lexicon cannot be read"):
        service.run()


def test_a_broken_lexicon_ends_the_command_with_one_line(
    tmp_path: Path, run: Run, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It names the file and the line; exit code 3."""
    monkeypatch.chdir(tmp_path)
    Path("feeds.yaml").write_text(FEEDS)
    Path("lexicon.jsonl").write_text("{nonsense\n")
    code, out, err = run("run")
    assert (code, out) == (3, "")
    assert err.count("lexicon.jsonl") == 1
    assert "Traceback" not in err


def test_work_that_fails_is_left_alone_for_longer_each_time(
    service: Service, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Its error is logged once until it changes; a reload tries at once, and success is said."""
    now = [100.0]
    monkeypatch.setattr(schedule.time, "monotonic", lambda: now[0])
    tried: list[float] = []
    error: list[Exception | None] = [ValueError("a fault of ours")]

    def work() -> None:
        tried.append(now[0] - 100)
        if error[0] is not None:
            raise error[0]

    def pass_time(seconds: int) -> None:
        for _ in range(seconds):
            service._try("judging", work)
            now[0] += 1

    caplog.set_level("INFO")
    pass_time(200)
    assert tried == [0, 1, 3, 7, 15, 31, 63, 123, 183]
    assert len(caplog.records) == 1
    assert caplog.records[0].exc_info is not None
    error[0] = ArchiveError("the disk is full")
    pass_time(60)
    assert caplog.messages[1:] == ["judging: the disk is full"]
    error[0] = None
    before = len(tried)
    service._load_again()
    pass_time(2)
    assert len(tried) == before + 2
    assert [each for each in caplog.messages if "judging" in each][2:] == ["works again: judging"]


def test_an_archive_that_is_busy_is_asked_again_soon(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a minute was waited for it already."""
    now = [0.0]
    monkeypatch.setattr(schedule.time, "monotonic", lambda: now[0])
    tried: list[float] = []

    def work() -> None:
        tried.append(now[0])
        raise ArchiveBusy("another process holds the archive")

    for second in range(10):
        now[0] = float(second)
        service._try("judging", work)
    assert len(tried) == 10


def test_intake_that_cannot_begin_begins_when_it_can(
    service: Service, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It says so once, and what it left is given up without an error."""
    monkeypatch.setattr(schedule, "FIRST_WAIT", 0.01)

    async def full(_: object) -> None:
        raise ArchiveError("the disk is full")

    with monkeypatch.context() as wrong:
        wrong.setattr(schedule.Intake, "__aenter__", full)
        for _ in range(4):
            service._read()
            time.sleep(0.05)
    assert [each.getMessage() for each in caplog.records if each.levelname == "ERROR"] == ["reading: the disk is full"]
    time.sleep(0.2)
    service._read()
    try:
        assert service._listening is not None
        assert service._listening.is_alive(service._settings)
    finally:
        service._listening.stop()


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
