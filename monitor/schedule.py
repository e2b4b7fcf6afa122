"""`monitor run`: the three jobs on a clock, until stopped.

APScheduler only gives short ticks, in UTC; what is due is read from the archive at each tick. Its own cron trigger fires twice,
or at times that do not exist, in the nights of a clock change, and drops runs that it was late for (docs/decisions/0008).
"""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Any

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from monitor import config, house, intake
from monitor.archive import Archive
from monitor.delivery import Deliverer
from monitor.errors import ArchiveBusy, MonitorError
from monitor.judgement import Judge
from monitor.pace import due

log = logging.getLogger(__name__)

TICK = 1.0
"""Seconds between two looks at what is due."""


class Service:
    """The running service. `run` returns when a signal, or `stop`, ends it."""

    def __init__(self, url: str, path: Path, folder: Path, clock: Callable[[], datetime]) -> None:
        self._url = url
        self._path = path
        self._folder = folder
        self._clock = clock
        self._settings = config.load(path)
        self._stop = threading.Event()
        self._reload = threading.Event()
        self._speaking: tuple[Archive, Judge, Deliverer] | None = None
        self._is_outdated = False

    def run(self) -> None:
        """Work until stopped.

        Raises:
            ArchiveBusy: another process works on the archive.
            ArchiveError: the archive cannot be used.
        """
        with Archive.open(self._url) as archive, archive.working():
            previous = self._listen()
            # a thread for each job: a slow source holds no alert, and each job's archive stays in its thread
            scheduler = BackgroundScheduler(
                timezone=UTC, executors={name: ThreadPoolExecutor(1) for name in ("default", "read", "tell")}
            )
            for name, job in (("read", self._read), ("tell", self._tell)):
                scheduler.add_job(
                    self._guarded(job),
                    "interval",
                    seconds=TICK,
                    next_run_time=datetime.now(UTC),
                    executor=name,
                    max_instances=1,
                    coalesce=True,
                    misfire_grace_time=None,
                )
            scheduler.start()
            log.info(
                "started sources=%d rules=%d digests=%d archive=%s",
                len(self._settings.sources),
                len(self._settings.rules),
                len(self._settings.subscriptions),
                archive.path,
            )
            try:
                while not self._stop.wait(0.2):
                    if self._reload.is_set():
                        self._reload.clear()
                        self._load_again()
            finally:
                # no waiting for a slow server: what is not committed was not promised
                scheduler.shutdown(wait=False)
                self._drain()
                for number, handler in previous:
                    signal.signal(number, handler)
                log.info("stopped")

    def stop(self) -> None:
        """End the service soon."""
        self._stop.set()

    def _read(self) -> None:
        """One look at the sources that are due."""
        settings = self._settings
        with Archive.open(self._url) as archive:
            ready = due(settings.sources, archive.intake.states(), self._clock(), settings.pace)
            if ready and not self._stop.is_set():
                intake.poll(
                    archive,
                    ready,
                    network=settings.network,
                    pace=settings.pace,
                    clock=self._clock,
                    is_stopped=self._stop.is_set,
                )

    def _tell(self) -> None:
        """Judge what came in, order the digests that are due, send what waits."""
        if self._speaking is not None and self._is_outdated:
            self._speaking[0].close()
            self._speaking = None
        if self._speaking is None:
            # opened in the thread that uses them, and kept: the judge remembers the live events
            self._is_outdated = False
            archive = Archive.open(self._url)
            self._speaking = (
                archive,
                house.judge(archive, self._settings, self._folder, self._clock),
                house.deliverer(
                    archive, self._settings, self._folder, self._clock, pause=self._pause, is_stopped=self._stop.is_set
                ),
            )
        _, judge, deliverer = self._speaking
        # each on its own: what cannot be judged now holds no message that is ready
        for step in (judge.run, deliverer.order_digests, deliverer.run):
            self._guarded(step)()

    def _guarded(self, job: Callable[[], object]) -> Callable[[], None]:
        """The job, with its errors logged: the next tick tries again."""

        def guarded() -> None:
            if self._stop.is_set():
                return
            try:
                job()
            except ArchiveBusy as error:
                log.warning("waiting: %s", error)
            except MonitorError as error:
                log.error("%s", error)
            except Exception:
                log.exception("internal error in %s; going on", job.__name__)

        guarded.__name__ = job.__name__
        return guarded

    def _load_again(self) -> None:
        """Take over a changed configuration; a wrong one is reported and the old one stays."""
        try:
            self._settings = config.load(self._path)
        except MonitorError as error:
            log.error("configuration not reloaded: %s", error)
            return
        self._is_outdated = True
        log.info("reloaded sources=%d rules=%d", len(self._settings.sources), len(self._settings.rules))

    def _pause(self, seconds: float) -> None:
        self._stop.wait(seconds)

    def _drain(self) -> None:
        """A moment for a job that is about to end; the process goes all the same."""
        for thread in threading.enumerate():
            if thread.name.startswith("ThreadPoolExecutor") and thread is not threading.current_thread():
                thread.join(timeout=5.0)

    def _listen(self) -> list[tuple[signal.Signals, Any]]:
        """Take the signals over; what was there before, to be put back."""
        if threading.current_thread() is not threading.main_thread():
            return []

        def end(number: int, frame: FrameType | None) -> None:
            del number, frame
            self._stop.set()

        def again(number: int, frame: FrameType | None) -> None:
            del number, frame
            self._reload.set()

        return [
            (signal.SIGTERM, signal.signal(signal.SIGTERM, end)),
            (signal.SIGINT, signal.signal(signal.SIGINT, end)),
            (signal.SIGHUP, signal.signal(signal.SIGHUP, again)),
        ]
