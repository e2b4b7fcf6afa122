"""The first job: sources to stored, untagged items. One bad source never stops the others; nothing here judges.

Per source: fetch, parse, normalise, compare with what is known, and one transaction that keeps the items together with the
validators - so that a server is told "I have it" only after we have it.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import partial
from types import TracebackType
from typing import Any, Self

from monitor import health
from monitor.archive import Archive
from monitor.archive.groups import GroupWriter
from monitor.archive.intake import Change
from monitor.dedupe import Sorted, sort_out
from monitor.errors import ArchiveBusy, ArchiveError, FetchError, FetchKind, MonitorError, ParseError
from monitor.items import Fetched, Item, Reading, Source, SourceState
from monitor.pace import Pace, backoff, due
from monitor.sources import history
from monitor.sources.article import text_of
from monitor.sources.web import NetworkRules, Web, is_same_origin
from monitor.sources.workers import DEFAULT, Limits, Readers
from monitor.sources.zones import zone_of

log = logging.getLogger(__name__)

MAX_ARTICLES = 20
"""Articles read for one document; the first fetch of a source reads none, because its items are no news."""
ARTICLES_SECONDS = 60.0
"""What the articles of one document may take together; the others are left out."""
MAX_PAGES = 2_000
"""Pages of one backfill that are read before it stops and says so."""
MAX_EMPTY_PAGES = 20
"""Pages without a date and without a new entry, one after the other, after which a backfill looks no further."""
MAX_CATCH_UP = 5
"""Pages of older entries read when a document has no known entry, so that what came and went between two fetches is not lost."""
_HELD = "asked not to be called before {:%Y-%m-%d %H:%MZ}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one source in a round."""

    source: str
    status: str  # fetched, unchanged, failed, held (under Retry-After)
    new: int = 0
    revised: int = 0
    error: str | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """What became of a round of intake."""

    outcomes: tuple[Outcome, ...]
    seconds: float

    def count(self, status: str) -> int:
        """How many sources ended so."""
        return sum(1 for each in self.outcomes if each.status == status)

    @property
    def new(self) -> int:
        """Items that were not known before."""
        return sum(each.new for each in self.outcomes)

    @property
    def revised(self) -> int:
        """Items whose source changed them."""
        return sum(each.revised for each in self.outcomes)

    @property
    def failures(self) -> tuple[Outcome, ...]:
        """Sources that could not be read."""
        return tuple(each for each in self.outcomes if each.status == "failed")


def poll(
    archive: Archive,
    sources: Sequence[Source],
    *,
    network: NetworkRules,
    pace: Pace,
    clock: Callable[[], datetime],
    limits: Limits = DEFAULT,
    on_done: Callable[[Outcome], None] = lambda _: None,
    is_stopped: Callable[[], bool] = lambda: False,
) -> Round:
    """Read sources once, all of those given but for those under Retry-After.

    Args:
        limits: what reading one document may cost.
        on_done: told of each source as it ends, for progress.
        is_stopped: asked now and then; once true, sources still being read are given up and keep their state.
    """

    async def once() -> Round:
        async with Intake(archive, network=network, pace=pace, clock=clock, limits=limits) as intake:
            return await intake.round(sources, on_done=on_done, is_stopped=is_stopped)

    return asyncio.run(once())


def backfill(
    archive: Archive,
    source: Source,
    since: date,
    *,
    network: NetworkRules,
    pace: Pace,
    clock: Callable[[], datetime],
    limits: Limits = DEFAULT,
    on_page: Callable[[int, int, int], None] = lambda _read, _left, _new: None,
) -> Outcome:
    """Read a source back to a day, page by page; begun again, it goes on where it stopped.

    Args:
        on_page: told after each page: pages read now, pages still known to be read, new items so far.
    """

    async def once() -> Outcome:
        async with Intake(archive, network=network, pace=pace, clock=clock, limits=limits) as intake:
            return await intake.backfill(source, since, on_page)

    return asyncio.run(once())


class Intake:
    """Intake over an archive: a client, its workers and what is remembered of the sources; within one event loop.

    The archive belongs to it while it runs: states are read once and kept in memory.
    """

    def __init__(
        self, archive: Archive, *, network: NetworkRules, pace: Pace, clock: Callable[[], datetime], limits: Limits
    ) -> None:
        self._archive = archive
        self._pace = pace
        self._clock = clock
        self._web = Web(network, clock)
        self._readers = Readers(limits)
        self._writer = GroupWriter(archive)
        self._states = archive.intake.states()
        self._busy: dict[str, asyncio.Task[None]] = {}
        self._again: set[str] = set()  # busy, and to be read once more

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await _given_up(self._busy.values())
        self._writer.flush()
        await self._readers.__aexit__(kind, error, trace)
        await self._web.__aexit__(kind, error, trace)

    async def round(
        self,
        sources: Sequence[Source],
        *,
        on_done: Callable[[Outcome], None] = lambda _: None,
        is_stopped: Callable[[], bool] = lambda: False,
    ) -> Round:
        """Read sources once, as poll does."""
        started = time.monotonic()
        outcomes: list[Outcome] = []

        async def one(source: Source) -> None:
            outcome = await self.read(source)
            outcomes.append(outcome)
            on_done(outcome)

        sources = list({source.id: source for source in sources}.values())
        reading = {asyncio.create_task(one(source)) for source in sources}
        try:
            while reading and not is_stopped():
                done, reading = await asyncio.wait(reading, timeout=0.2)
                for task in done:
                    task.result()  # an archive that cannot be written ends the round
        finally:
            await _given_up(reading)
        order = {source.id: place for place, source in enumerate(sources)}
        return Round(
            outcomes=tuple(sorted(outcomes, key=lambda each: order[each.source])), seconds=round(time.monotonic() - started, 3)
        )

    def look(self, sources: Sequence[Source], pace: Pace) -> None:
        """Start reading every source whose time has come and that is not being read: a slow one holds no other."""
        self._pace = pace
        for source in due(sources, self._states, self._clock(), pace):
            if source.id not in self._busy:
                task = asyncio.create_task(self._alone(source))
                self._busy[source.id] = task
                task.add_done_callback(partial(self._done, source.id))

    def _done(self, source: str, _: asyncio.Task[None]) -> None:
        self._busy.pop(source, None)
        if source in self._again:
            self._again.discard(source)
            self.ask_now(source)

    def ask_now(self, source: str) -> None:
        """Make a source due: its hub says that it has something new."""
        if source in self._busy:
            self._again.add(source)
        state = self._states.get(source)
        if state is not None:
            self._states[source] = replace(state, next_poll=state.not_before)

    async def _alone(self, source: Source) -> None:
        try:
            await self.read(source)
        except (ArchiveBusy, ArchiveError) as error:
            log.error("%s", error)
            # what holds a failing source back could not be kept; without it every tick would ask again
            state = self._states.get(source.id, SourceState(id=source.id, url=source.url))
            later = self._clock() + backoff(source, FetchKind.INTERNAL, 1, self._pace)
            self._states[source.id] = replace(state, next_poll=later)

    async def read(self, source: Source) -> Outcome:
        """Read one source; every failure of its own becomes an outcome.

        Raises:
            ArchiveBusy, ArchiveError: nothing could be kept; no fault of the source.
        """
        began = time.monotonic()
        state = health.current(source, self._states.get(source.id, SourceState(id=source.id)))
        now = self._clock()
        held_until = health.held_until(state, now)
        if held_until is not None:
            return Outcome(source=source.id, status="held", notes=(_HELD.format(held_until),))
        try:
            fetched = await self._fetch(source, health.address(source, state), state, now)
            outcome = await self._kept(source, state, fetched)
        except (ArchiveBusy, ArchiveError):
            raise
        except MonitorError as error:
            outcome = await self._failed(source, state, error)
        except Exception as error:
            log.exception("failed source=%s", source.id)
            own = FetchError(f"internal error ({type(error).__name__})", kind=FetchKind.INTERNAL, subject=source.id)
            outcome = await self._failed(source, state, own)
        log.log(
            logging.WARNING if outcome.status == "failed" else logging.INFO,
            "read source=%s status=%s new=%d revised=%d ms=%d%s",
            source.id,
            outcome.status,
            outcome.new,
            outcome.revised,
            (time.monotonic() - began) * 1000,
            f" error={outcome.error!r}" if outcome.error else "",
        )
        return outcome

    async def backfill(self, source: Source, since: date, on_page: Callable[[int, int, int], None]) -> Outcome:
        """Read a source back to a day, as the function backfill does."""
        tables = self._archive.intake
        with self._archive.errors():
            pages = tables.pending(source.id, since)
            if not pages:
                pages = list(history(source, since, self._clock().date()))
                tables.begin_backfill(source.id, since, pages)
        read = new = empty = 0
        error = None if pages else "it has no older entries to ask for"
        while pages and read < MAX_PAGES:
            try:
                reading = await self._page(source, pages[0], is_first=read == 0)
            except (ArchiveBusy, ArchiveError):
                raise
            except MonitorError as failure:
                kind = failure.kind if isinstance(failure, FetchError) else FetchKind.NOT_A_FEED
                error = f"{kind.value}: {failure.cause}"
                break
            now = self._clock()
            with self._archive.errors():
                # asked for by name: what was pruned comes back, too
                found = sort_out(tables.known(source.id, reading.items), reading.items)
                empty = 0 if found.new else empty + 1
                dated = [item.moment.date() for item in reading.items if item.published is not None]
                is_far_enough = max(dated) < since if dated else empty >= MAX_EMPTY_PAGES
                # an archive keeps entries as they were: what it says of a known one is no revision
                change = Change(
                    state=self._states.get(source.id, SourceState(id=source.id)),
                    found=replace(found, revised=()),
                    at=now,
                    page=pages[0],
                    older=() if is_far_enough else reading.older,
                    since=since,
                )
                tables.store(change)
                pages = tables.pending(source.id, since)
            read, new = read + 1, new + len(found.new)
            on_page(read, len(pages), new)
        if pages and error is None:
            error = f"{MAX_PAGES} pages were read; the same command goes on"
        return Outcome(source=source.id, status="failed" if error else "fetched", new=new, error=error, notes=(f"{read} pages",))

    async def _page(self, source: Source, address: str, *, is_first: bool) -> Reading:
        """A page of a backfill; past the last one, some servers say that there is none.

        Raises:
            FetchError, ParseError, ConfigError: it cannot be read.
        """
        now = self._clock()
        state = self._states.get(source.id, SourceState(id=source.id))
        held_until = health.held_until(state, now)
        if held_until is not None:
            raise FetchError(_HELD.format(held_until), kind=FetchKind.RATE_LIMITED, subject=source.id)
        try:
            fetched = await self._fetch(source, address, None, now)
        except FetchError as error:
            if error.retry_after is not None:
                await self._failed(source, state, error)
            if is_first or error.status not in (404, 410):
                raise
            return Reading(
                items=(), entries=0, seen=b"", notes=(), reader="", older=(), hub=None, topic=None, fresh_for=timedelta()
            )
        return await self._readers.read(source, fetched, seen=b"", now=now, is_backlog=True)

    async def _fetch(self, source: Source, url: str, state: SourceState | None, now: datetime) -> Fetched:
        """A document of the source, wherever it is: its secrets, and the trust in its certificate, are for its own origin."""
        is_home = is_same_origin(url, source.url)
        return await self._web.fetch(
            url,
            subject=source.id,
            validators=None if state is None else health.validators(state, now),
            headers=source.headers if is_home else (),
            is_tls_verified=source.is_tls_verified or not is_home,
        )

    async def _kept(self, source: Source, state: SourceState, fetched: Fetched) -> Outcome:
        """Keep what an answer brought, with the state that it leaves behind."""
        if fetched.is_unmodified:
            await self._store(source, state, fetched)
            return Outcome(source=source.id, status="unchanged")
        now = self._clock()
        is_backlog = state.polls == 0
        reading = await self._readers.read(source, fetched, seen=state.seen, now=now, is_backlog=is_backlog)
        if not reading.entries and reading.older:  # an index of documents: the newest of them is the news
            reading = await self._caught_up(source, reading, now, is_backlog=is_backlog, pages=1, is_needed=True)
        if not reading.entries and state.had_entries:
            raise ParseError("no entries, though it had some before", subject=source.id)
        with self._archive.errors():
            found = self._sorted(source, reading.items)
        notes: list[str] = []
        if health.is_late(reading, state, len(found.new)):
            reading = await self._caught_up(source, reading, now, is_backlog=False, pages=MAX_CATCH_UP)
            with self._archive.errors():
                found = self._sorted(source, reading.items)
            if health.is_late(reading, state, len(found.new)):
                notes.append("no entry of the last fetch is left: the source moves faster than it is read; shorten every:")
        if source.is_full_text and not is_backlog:
            # an edit is read anew: its old page would speak for it
            whole = await self._with_articles(source, [*found.new, *(item for _, item in found.revised)])
            found = replace(
                found,
                new=tuple(whole.get(item.id, item) for item in found.new),
                revised=tuple((known, whole.get(item.id, item)) for known, item in found.revised),
            )
        new = [item.moment for item in found.new]
        await self._store(source, state, fetched, reading, Change(state=state, found=found, at=now), new=new, notes=notes)
        return Outcome(
            source=source.id,
            status="fetched",
            new=len(found.new),
            revised=len(found.revised),
            notes=(*reading.notes, *notes),
        )

    async def _store(
        self,
        source: Source,
        state: SourceState,
        fetched: Fetched,
        reading: Reading | None = None,
        change: Change | None = None,
        *,
        new: Sequence[datetime] = (),
        notes: Sequence[str] = (),
    ) -> None:
        now = self._clock()
        healthy = health.after_success(
            source, state, fetched, reading, new=new, notes=notes, zone=zone_of(source), pace=self._pace, now=now
        )
        await self._writer.write(replace(change, state=healthy) if change else Change(state=healthy, at=now))
        self._states[source.id] = healthy
        if healthy.address != state.address:
            log.warning("source=%s moved for good to=%s; change its address in feeds.yaml", source.id, healthy.address)

    def _sorted(self, source: Source, items: Sequence[Item]) -> Sorted:
        """The items of a document by what is to be done with them; what was pruned is known."""
        return self._archive.pruning.new_only(source.id, sort_out(self._archive.intake.known(source.id, items), items))

    async def _failed(self, source: Source, state: SourceState, error: MonitorError) -> Outcome:
        now = self._clock()
        failed = health.after_failure(source, state, error, pace=self._pace, now=now)
        await self._writer.write(Change(state=failed, at=now))
        self._states[source.id] = failed
        return Outcome(source=source.id, status="failed", error=f"{failed.error_kind}: {failed.error_text}")

    async def _caught_up(
        self, source: Source, reading: Reading, now: datetime, *, is_backlog: bool, pages: int, is_needed: bool = False
    ) -> Reading:
        """The reading with what is new in pages of older entries added, until one has an entry that is known.

        Raises:
            FetchError, ParseError: such a page cannot be read, and `is_needed`.
        """
        items, entries, seen, older = list(reading.items), reading.entries, reading.seen, list(reading.older)
        asked: set[str] = set()
        while older and len(asked) < pages and older[0] not in asked:
            asked.add(older[0])
            try:
                page = await self._fetch(source, older.pop(0), None, now)
                more = await self._readers.read(source, page, seen=b"", now=now, is_backlog=is_backlog)
            except MonitorError as error:
                if is_needed:
                    raise
                log.warning("source=%s older entries not read: %s", source.id, error)
                break
            with self._archive.errors():
                found = self._sorted(source, more.items)
            met = {item.id for item in items}
            # of an index all that its newest document says counts; an older page says nothing new of a known entry
            items += [item for item in (more.items if is_needed else found.new) if item.id not in met]
            entries, seen, older = entries + more.entries, seen + more.seen, list(more.older)
            if len(found.new) < more.entries:
                break
        return replace(reading, items=tuple(items), entries=entries, seen=seen)

    async def _with_articles(self, source: Source, items: Sequence[Item]) -> dict[str, Item]:
        """Items with the text of their pages, by id; where a page fails, the feed's own text stands.

        Bounded in number and time, because the document's news waits for it; the first page that costs too much, or a host
        that asks for patience, ends it.
        """
        is_over = False

        async def one(item: Item) -> Item:
            nonlocal is_over
            if is_over:
                return item
            try:
                page = await self._fetch(replace(source, headers=()), item.url or "", None, self._clock())
                return replace(item, body=await self._readers.call(source.id, text_of, page))
            except MonitorError as error:
                is_over |= isinstance(error, FetchError) and error.kind in (FetchKind.TOO_COSTLY, FetchKind.RATE_LIMITED)
                log.info("article item=%s not read: %s", item.id, error)
                return item

        tasks = [asyncio.create_task(one(item)) for item in [item for item in items if item.url is not None][:MAX_ARTICLES]]
        if not tasks:
            return {}
        done, late = await asyncio.wait(tasks, timeout=ARTICLES_SECONDS)
        await _given_up(late)
        return {task.result().id: task.result() for task in done}


async def _given_up(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """End tasks and wait until they have."""
    ending = list(tasks)
    for task in ending:
        task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await asyncio.gather(*ending, return_exceptions=True)
