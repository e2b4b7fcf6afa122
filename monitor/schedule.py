"""`monitor run`: the three jobs on a clock, until stopped.

APScheduler only gives short ticks, in UTC; what is due is read from the archive at each tick. Its own cron trigger fires twice,
or at times that do not exist, in the nights of a clock change, and drops runs that it was late for (docs/decisions/0008).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from monitor import config, house
from monitor.archive import Archive
from monitor.delivery import Deliverer
from monitor.errors import ArchiveBusy, MonitorError, TellOperator
from monitor.hubs import Hubs
from monitor.intake import Intake
from monitor.judgement import Judge
from monitor.web.unsubscribe import Unsubscribing

if TYPE_CHECKING:
    from monitor.channels.socket_mode import SocketMode

log = logging.getLogger(__name__)

FAREWELL = 5.0
"""Seconds that a message which is on its way is waited for at the end."""
DRAIN = 3.0
"""Seconds that jobs have to come to an end after that."""
TICK = 0.1
"""Seconds between two looks at what is due; an alert waits for three of them at most."""
FIRST_WAIT, LONGEST_WAIT = 1.0, 60.0
"""Seconds that what failed is left alone: at first, then twice as long each time, and at most."""


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
        self._parted = threading.Event()
        self._answers: SocketMode | None = None
        self._judging: tuple[Archive, Judge, config.Config] | None = None  # with the settings by which it works
        self._sending: tuple[Archive, Deliverer, config.Config] | None = None
        self._tries: dict[str, _Try] = {}  # by name of what is tried; each in one job's thread
        self._ended_by: TellOperator | None = None  # why the service cannot begin; None: it works
        self._listening: _Listening | None = None

    def run(self) -> None:
        """Work until stopped.

        Raises:
            ArchiveBusy: another process works on the archive.
            ArchiveError: the archive cannot be used.
            ModelError, ConfigError: a job cannot begin; one that worked before a reload goes on as it was.
        """
        with Archive.open(self._url) as archive, archive.working():
            previous = self._listen()
            # a thread for each job: a slow source holds no alert, and each job's archive stays in its thread
            scheduler = BackgroundScheduler(
                timezone=UTC, executors={name: ThreadPoolExecutor(1) for name in ("default", "read", "judge", "send")}
            )
            for name, job in (("read", self._read), ("judge", self._judge), ("send", self._send)):
                scheduler.add_job(
                    job,
                    "interval",
                    seconds=TICK,
                    next_run_time=datetime.now(UTC),
                    executor=name,
                    max_instances=1,
                    coalesce=True,
                    misfire_grace_time=None,
                )
            scheduler.start()
            self._answer_anew()
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
                if self._answers is not None:
                    self._answers.stop()
                scheduler.add_job(self._part, executor="send", misfire_grace_time=None)
                self._parted.wait(FAREWELL + 1.0)
                scheduler.shutdown(wait=False)
                if self._listening is not None:
                    self._listening.stop()
                self._drain()
                for number, handler in previous:
                    signal.signal(number, handler)
                log.info("stopped")
            if self._ended_by is not None:
                raise self._ended_by

    def stop(self) -> None:
        """End the service soon."""
        self._stop.set()

    def _read(self) -> None:
        """One look at the sources that are due."""
        self._try("reading", self._look)

    def _look(self) -> None:
        if self._listening is None or not self._listening.is_alive(self._settings):
            self._listen_anew()
        assert self._listening is not None
        self._listening.look(self._settings)

    def _listen_anew(self) -> None:
        """Intake with the settings of now; the one before, if there is one, is given up."""
        if self._listening is not None:
            self._listening.stop()
        self._listening = _Listening(self._url, self._settings, self._clock)
        self._listening.start()

    def _judge(self) -> None:
        """Judge what came in."""
        if self._judging is None or self._judging[2] is not self._settings:
            self._try("judgement by the settings of now", self._build_judge, is_first=self._judging is None)
        if self._judging is not None:  # kept from tick to tick: the judge remembers the live events
            self._try("judging", self._judging[1].run)

    def _build_judge(self) -> None:
        settings = self._settings  # a reload meanwhile makes others
        with self._archive_of(self._judging) as archive:
            self._judging = (archive, house.judge(archive, settings, self._folder, self._clock), settings)

    def _send(self) -> None:
        """Order the digests and notices that are due, and say what waits; never waits for a channel."""
        if self._sending is None or self._sending[2] is not self._settings:
            self._try("delivery by the settings of now", self._build_deliverer, is_first=self._sending is None)
        if self._sending is not None:
            deliverer = self._sending[1]
            # each on its own: a digest that cannot be ordered now holds no message that is ready
            self._try("ordering digests", deliverer.digests.order_due)
            self._try("ordering notices", deliverer.order_notices)
            self._try("sending", deliverer.step)

    def _build_deliverer(self) -> None:
        settings = self._settings
        with self._archive_of(self._sending) as archive:
            deliverer = house.deliverer(archive, settings, self._folder, self._clock, is_stopped=self._stop.is_set)
        if self._sending is not None:
            deliverer.take_over(self._sending[1])
        self._sending = (archive, deliverer, settings)

    @contextlib.contextmanager
    def _archive_of(self, job: tuple[Archive, object, object] | None) -> Iterator[Archive]:
        """The archive of a job that is built anew, opened in the thread that uses it; a job that cannot be built leaves none open."""
        archive = Archive.open(self._url) if job is None else job[0]
        try:
            yield archive
        except BaseException:
            if job is None:
                archive.close()
            raise

    def _part(self) -> None:
        """Note the receipts of what is on its way, in the thread that sent it."""
        try:
            if self._sending is not None:
                archive, deliverer, _ = self._sending
                deliverer.finish(FAREWELL)
                archive.close()
        except MonitorError as error:
            log.error("%s", error)
        finally:
            self._parted.set()

    def _try(self, name: str, work: Callable[[], object], *, is_first: bool = False) -> None:
        """Do some work, unless it failed a short while ago; its errors are logged, once until they change.

        Args:
            is_first: True if there is nothing yet that could go on in its place: what only a person can mend ends the service.
        """
        this = self._tries.setdefault(name, _Try(name))
        if self._stop.is_set() or time.monotonic() < this.not_before:
            return
        try:
            work()
        except Exception as error:  # noqa: BLE001 (logged there)
            if is_first and isinstance(error, TellOperator):
                self._ended_by = error
                self._stop.set()
                return
            this.failed(error)
        else:
            this.worked()

    def _load_again(self) -> None:
        """Take over a changed configuration; a wrong one is reported and the old one stays."""
        try:
            self._settings = config.load(self._path)
        except MonitorError as error:
            log.error("configuration not reloaded: %s", error)
            return
        for each in list(self._tries.values()):  # what was mended
            each.at_once()
        self._answer_anew()
        log.info("reloaded sources=%d rules=%d", len(self._settings.sources), len(self._settings.rules))

    def _answer_anew(self) -> None:
        """Listen to what analysts press and type in Slack, by the settings of now."""
        if self._answers is not None:
            self._answers.stop()
        try:
            self._answers = house.slack_answers(self._url, self._settings, self._folder, self._clock)
        except MonitorError as error:
            self._answers = None
            log.error("no answers from Slack: %s", error)
        if self._answers is not None:
            self._answers.start()

    def _drain(self) -> None:
        """A moment for the jobs that are about to end, all together; the process goes all the same."""
        end = time.monotonic() + DRAIN
        for thread in threading.enumerate():
            if thread.name.startswith("ThreadPoolExecutor") and thread is not threading.current_thread():
                thread.join(timeout=max(0.0, end - time.monotonic()))

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


@dataclass(slots=True)
class _Try:
    """What became of something that is tried at every tick."""

    name: str
    not_before: float = 0.0  # on the monotonic clock
    _wait: float = 0.0  # seconds that it was last left alone; 0.0: it was not
    _said: str = ""  # the error that was logged last; "": it works

    def at_once(self) -> None:
        """Wait no longer."""
        self.not_before = self._wait = 0.0

    def worked(self) -> None:
        """Go on at the next tick."""
        if self._said:
            log.info("works again: %s", self.name)
            self._wait, self._said = 0.0, ""

    def failed(self, error: Exception) -> None:
        """Leave it alone for a while. The archive is waited for where it is asked: one that is busy is asked again soon."""
        is_busy = isinstance(error, ArchiveBusy)
        self._wait = FIRST_WAIT if is_busy else min(max(FIRST_WAIT, 2 * self._wait), LONGEST_WAIT)
        self.not_before = time.monotonic() + self._wait
        said = f"{type(error).__name__}: {error}"
        if said == self._said:
            return
        self._said = said
        if is_busy:
            log.warning("waiting: %s", error)
        elif isinstance(error, MonitorError):
            log.error("%s: %s", self.name, error)
        else:
            log.error("internal error in %s; going on", self.name, exc_info=error)


class _Listening:
    """Intake, and what hubs push, on an event loop in a thread of its own: what is slow goes on between two ticks, and holds
    nothing else.
    """

    def __init__(self, url: str, settings: config.Config, clock: Callable[[], datetime]) -> None:
        self._url = url
        self._settings = settings
        self._clock = clock
        self._thread = threading.Thread(target=lambda: asyncio.run(self._live()), name="intake", daemon=True)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._intake: Intake | None = None
        self._hubs: Hubs | None = None
        self._end: asyncio.Event | None = None
        self._is_ready = threading.Event()
        self._error: Exception | None = None  # what ended it; None: nothing did

    def start(self) -> None:
        """Begin; returns when sources can be looked at.

        Raises:
            MonitorError: it cannot begin.
        """
        self._thread.start()
        self._is_ready.wait()
        if self._error is not None:
            self._thread.join()
            raise self._error

    def is_alive(self, settings: config.Config) -> bool:
        """True if it works, and by the rules of these settings."""
        rules = (self._settings.network, self._settings.limits, self._settings.websub, self._settings.web)
        return self._thread.is_alive() and rules == (settings.network, settings.limits, settings.websub, settings.web)

    def look(self, settings: config.Config) -> None:
        """Start reading what is due."""

        def work(intake: Intake) -> None:
            if self._hubs is not None:
                self._hubs.look(settings.sources)
            intake.look(settings.sources, settings.pace)

        self._soon(work)

    def stop(self) -> None:
        """Give up what is being read; a moment for what is about to be kept."""
        if self._loop is not None and self._end is not None:
            with contextlib.suppress(RuntimeError):  # it has ended by itself
                self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join(timeout=5.0)

    def _soon(self, work: Callable[[Intake], None]) -> None:
        if self._loop is not None and self._intake is not None:
            self._loop.call_soon_threadsafe(work, self._intake)

    async def _live(self) -> None:
        self._loop, self._end = asyncio.get_running_loop(), asyncio.Event()
        settings = self._settings
        try:
            with Archive.open(self._url) as archive:
                async with contextlib.AsyncExitStack() as stack:
                    network = settings.network
                    intake = Intake(archive, network=network, pace=settings.pace, clock=self._clock, limits=settings.limits)
                    self._intake = await stack.enter_async_context(intake)
                    if settings.websub is not None:
                        hubs = Hubs(archive, settings.websub, network=network, clock=self._clock, ask=intake.ask_now)
                        self._hubs = await stack.enter_async_context(hubs)
                    if settings.web is not None:
                        await stack.enter_async_context(Unsubscribing(archive, settings.web, clock=self._clock))
                    self._is_ready.set()
                    await self._end.wait()
        except Exception as error:
            self._error = error
            if self._is_ready.is_set():  # otherwise who waits for its beginning says so
                log.exception("internal error in intake; beginning anew")
        finally:
            self._is_ready.set()
