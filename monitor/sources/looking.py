"""One look, outside polling: at sources, or at a document that belongs to none. Stores nothing, and shows nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from monitor.errors import FetchError, MonitorError
from monitor.items import Fetched, Parsed, Source
from monitor.sources.examining import NEXT_STEPS, Checked, cause_of, examined
from monitor.sources.web import NetworkRules, Web
from monitor.sources.workers import Readers

UNCONFIGURED = NetworkRules()
"""How to behave where no feeds.yaml says it."""


def look(
    sources: Sequence[Source], rules: NetworkRules, clock: Callable[[], datetime], *, is_proposing: bool = False
) -> list[Checked]:
    """Each source fetched and read once, in the order given. Never raises for what a source does."""
    now = clock()

    async def everything() -> list[Checked]:
        async with Web(rules, clock) as web, Readers() as readers:

            async def read(source: Source, fetched: Fetched, is_proposing: bool) -> Checked:
                public = replace(source, headers=())  # secrets stay here
                found = await readers.call(source.id, examined, public, fetched, now, is_proposing)
                return replace(found, source=replace(found.source, headers=source.headers))

            async def one(source: Source) -> Checked:
                try:
                    found = await read(source, await _fetched(web, source), is_proposing)
                    older = found.parsed.older if found.parsed is not None and not found.parsed.entries else ()
                    if not older:
                        return found
                    # an index of documents: the newest of them is what the source has to say
                    newest = await read(found.source, await _fetched(web, found.source, older[0]), False)
                    notes = (*(found.parsed.notes if found.parsed else ()), f"the newest was read: {older[0]}")
                    parsed = replace(newest.parsed or Parsed(entries=()), notes=notes)
                    return replace(newest, fetched=found.fetched, parsed=parsed, proposals=found.proposals)
                except MonitorError as error:
                    step = NEXT_STEPS[error.kind] if isinstance(error, FetchError) else ""
                    return Checked(source=source, verdict="fail", why=cause_of(error), next=error.hint or step)

            return list(await asyncio.gather(*(one(source) for source in sources)))

    return asyncio.run(everything())


def document(url: str, clock: Callable[[], datetime], rules: NetworkRules = UNCONFIGURED) -> Fetched:
    """The document at an address that is no source's.

    Raises:
        FetchError: no answer that can be used.
    """

    async def fetch() -> Fetched:
        async with Web(rules, clock) as web:
            return await web.fetch(url, subject=url)

    return asyncio.run(fetch())


async def _fetched(web: Web, source: Source, url: str | None = None) -> Fetched:
    """The document of a source, or another one of it, asked for as the source wants it."""
    return await web.fetch(url or source.url, subject=source.id, headers=source.headers, is_tls_verified=source.is_tls_verified)
