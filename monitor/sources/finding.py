"""What can be read at an address of which nobody says what it is: a feed, the feeds of a page, or the page itself as a listing.

It fetches and has workers read; what becomes of the finding is the caller's business.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeAlias

from monitor.errors import MonitorError
from monitor.items import Fetched, Parsed, Selectors
from monitor.sources import discover, propose
from monitor.sources.discover import Candidate, Read
from monitor.sources.web import NetworkRules, Web
from monitor.sources.workers import Limits, Readers

TRIED = 8
"""Feeds that a page names, of which so many are tried."""

Progress: TypeAlias = Callable[[int], AbstractContextManager[Callable[[int], None]]]
"""Given how many are to be tried: what is told of each that was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Readable:
    """The best of what can be read at an address."""

    url: str | None = None  # where it is read from now on; None: nothing was found
    type: str = ""  # a key of TYPES
    title: str = ""  # what it calls itself; "" if it does not
    parsed: Parsed = field(default_factory=lambda: Parsed(entries=()))
    select: Selectors | None = None  # of a listing
    how: str = ""  # how it was found, in words
    others: tuple[Candidate, ...] = ()  # what the page names besides
    tried: tuple[str, ...] = ()  # if nothing was found: what was wrong with each


def find(
    url: str, wanted: str | None, rules: NetworkRules, limits: Limits, clock: Callable[[], datetime], progress: Progress
) -> Readable:
    """The best of what can be read at an address: the address itself, what its page names, the usual places, the page as a listing.

    Args:
        wanted: a key of TYPES, and nothing else is taken; None: any.

    Raises:
        FetchError: the address itself gives no answer.
    """

    async def search() -> Readable:
        async with Web(rules, clock) as web, Readers(limits) as readers:
            return await _Search(web, readers, wanted, progress).at(url)

    return asyncio.run(search())


class _Search:
    """One search; it remembers what was tried."""

    def __init__(self, web: Web, readers: Readers, wanted: str | None, progress: Progress) -> None:
        self._web, self._readers, self._wanted, self._progress = web, readers, wanted, progress
        self._tried: list[str] = []

    async def at(self, url: str) -> Readable:
        """See find."""
        page = await self._web.fetch(url, subject=url)
        address = page.moved_to or url
        read = await self._read(url, page)
        if read is not None:
            return Readable(url=address, type=read.type, title=read.title, parsed=read.parsed, how="the address itself")
        title = await self._readers.call(url, discover.title_of, page)
        named = await self._readers.call(url, discover.feeds_in, page)
        if self._wanted != "listing":
            for candidates in (named[:TRIED], discover.guesses(page.url)):
                found = await self._first_of(candidates, title, named)
                if found is not None:
                    return found
        if self._wanted in (None, "listing"):
            proposals = await self._readers.call(url, propose.selectors, page, 1)
            if proposals:
                return Readable(
                    url=address,
                    type="listing",
                    title=title,
                    parsed=Parsed(entries=proposals[0].entries),
                    select=proposals[0].select,
                    how="the page itself, by the selectors proposed",
                    others=named,
                )
        found = None if self._wanted == "listing" else await self._first_of(discover.last_resort(page.url), title, named)
        return found or Readable(tried=tuple(self._tried))

    async def _first_of(self, candidates: tuple[Candidate, ...], title: str, named: tuple[Candidate, ...]) -> Readable | None:
        """The first that has entries, beside the others that are named; None if none has.

        Args:
            title: what the page calls itself, for a feed without a title.
        """
        with self._progress(len(candidates)) as advance:
            for each in candidates:
                try:
                    fetched = await self._web.fetch(each.url, subject=each.url)
                except MonitorError as error:
                    self._tried.append(str(error))
                    continue
                finally:
                    advance(1)
                read = await self._read(each.url, fetched)
                if read is None:
                    continue
                if read.parsed.entries:
                    return Readable(
                        url=fetched.moved_to or each.url,
                        type=read.type,
                        title=read.title or each.title or title,
                        parsed=read.parsed,
                        how=each.how,
                        others=tuple(other for other in named if other.url != each.url),
                    )
                self._tried.append(f"{each.url}: has no entries")
        return None

    async def _read(self, url: str, fetched: Fetched) -> Read | None:
        """What an answer is; None if it is not what is wanted. Of an index of documents, the newest is read."""
        try:
            read = await self._readers.call(url, discover.recognised, fetched, url)
            if read.parsed.older and not read.parsed.entries:
                newest = await self._web.fetch(read.parsed.older[0], subject=url)
                read = replace(read, parsed=(await self._readers.call(url, discover.recognised, newest, url)).parsed)
        except MonitorError as error:
            self._tried.append(str(error))
            return None
        if self._wanted not in (None, read.type):
            self._tried.append(f"{url}: is a {read.type}")
            return None
        return read
