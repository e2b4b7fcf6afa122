"""What `monitor sources check` finds out about a source, and how it shows it. Stores nothing."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

from monitor.cli.output import stamp
from monitor.errors import FetchError, FetchKind, MonitorError, ParseError
from monitor.items import Fetched, Parsed, Selectors, Source
from monitor.normalise import clean

if TYPE_CHECKING:
    from monitor.sources.discover import Candidate
    from monitor.sources.propose import Finds, Proposal
    from monitor.sources.web import NetworkRules, Web

SILENT_DAYS = 90
_SHOWN = 5
NEXT_STEPS: Mapping[FetchKind, str] = {
    FetchKind.TIMEOUT: "Wait; if it lasts, raise network.timeout or set a longer every",
    FetchKind.DNS: "Check the address, then the machine's resolver",
    FetchKind.CONNECT: "Check the address, the network and the firewall",
    FetchKind.TLS: "Open the address in a browser; update the system's certificates",
    FetchKind.PROTOCOL: "Wait; then tell the site's operator",
    FetchKind.STATUS: "404: look for the new address. 403: set network.user_agent with a contact. 5xx: wait",
    FetchKind.RATE_LIMITED: "Wait: it is obeyed. If it comes back, set a longer every",
    FetchKind.GONE: "Look for the new address with monitor sources add, or set enabled: false",
    FetchKind.BOT_BLOCK: "Look for a feed, a sitemap or another address of the source",
    FetchKind.REDIRECT: "Open it in a browser and write the final address into url",
    FetchKind.ADDRESS: "If that is meant, name its network in network.allow_private",
    FetchKind.TOO_LARGE: "Raise network.max_bytes, or take a narrower feed",
    FetchKind.ENCODING: "Wait; then tell the site's operator",
    FetchKind.EMPTY: "Wait; then check the address",
    FetchKind.TOO_COSTLY: "Take a narrower feed",
    FetchKind.NOT_A_FEED: "Correct url or type; monitor sources add finds the feeds of a page",
    FetchKind.NOT_MODIFIED_UNASKED: "Wait; the server is misconfigured",
    FetchKind.INTERNAL: "Report it, with the log of -vv",
}
"""What to do about a failure, by its kind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What one look at a source showed."""

    source: Source
    verdict: str  # ok, warn or fail
    why: str  # "" if ok
    next: str  # what to do; "" if nothing
    fetched: Fetched | None = None  # None: no answer
    parsed: Parsed | None = None  # None: not readable
    future: int = 0  # entries dated later than an hour from now
    duplicates: int = 0  # entries whose guid stood before
    finds: Finds | None = None  # listings only
    proposals: tuple[Proposal, ...] = ()
    feeds: tuple[Candidate, ...] = ()  # that the page names, if it is a page where a feed should be

    @property
    def newest(self) -> datetime | None:
        """The latest date of its entries; None: none is dated."""
        return max(self._moments, default=None)

    @property
    def undated(self) -> int:
        """Entries without a date that can be read."""
        return (len(self.parsed.entries) if self.parsed else 0) - len(self._moments)

    @property
    def _moments(self) -> list[datetime]:
        return [each.published for each in self.parsed.entries if each.published is not None] if self.parsed else []


def look(sources: Sequence[Source], rules: NetworkRules, now: datetime, *, is_proposing: bool = False) -> list[Checked]:
    """Each source fetched and read once, in the order given. Never raises for what a source does."""
    from monitor.sources.web import Web
    from monitor.sources.workers import Readers

    async def everything() -> list[Checked]:
        async with Web(rules) as web, Readers() as readers:

            async def read(source: Source, fetched: Fetched, is_proposing: bool) -> Checked:
                public = replace(source, headers=())  # secrets stay here
                found = await readers.call(source.id, examined, public, fetched, now, is_proposing)
                return replace(found, source=replace(found.source, headers=source.headers))

            async def one(source: Source) -> Checked:
                try:
                    found = await read(source, await fetched_from(web, source), is_proposing)
                    older = found.parsed.older if found.parsed is not None and not found.parsed.entries else ()
                    if not older:
                        return found
                    # an index of documents: the newest of them is what the source has to say
                    newest = await read(found.source, await fetched_from(web, found.source, older[0]), False)
                    notes = (*(found.parsed.notes if found.parsed else ()), f"the newest was read: {older[0]}")
                    parsed = replace(newest.parsed or Parsed(entries=()), notes=notes)
                    return replace(newest, fetched=found.fetched, parsed=parsed, proposals=found.proposals)
                except MonitorError as error:
                    step = NEXT_STEPS[error.kind] if isinstance(error, FetchError) else ""
                    return Checked(source=source, verdict="fail", why=_cause(error), next=error.hint or step)

            return list(await asyncio.gather(*(one(source) for source in sources)))

    return asyncio.run(everything())


async def fetched_from(web: Web, source: Source, url: str | None = None) -> Fetched:
    """The document of a source, or another one of it, asked for as the source wants it.

    Raises:
        FetchError: no answer that can be used.
    """
    return await web.fetch(url or source.url, subject=source.id, headers=source.headers, is_tls_verified=source.is_tls_verified)


def examined(source: Source, fetched: Fetched, now: datetime, is_proposing: bool = False) -> Checked:
    """A document of a source, read and judged; a source of type "" is read as what it is."""
    from monitor.sources import TYPES, discover, propose

    found = Checked(source=source, verdict="ok", why="", next="", fetched=fetched)
    if is_proposing or source.type == "listing":
        found = _with_selectors(found, fetched, is_proposing=is_proposing)
    try:
        if source.type:
            parsed = TYPES[source.type](source, fetched)
        else:
            read = discover.recognised(fetched, source.id)
            source, parsed = replace(source, type=read.type, name=read.title or source.name), read.parsed
    except MonitorError as error:
        feeds = discover.feeds_in(fetched) if source.type != "listing" and discover.is_page(fetched) else ()
        proposals = found.proposals or (() if source.type not in ("", "listing") else propose.selectors(fetched))
        step = error.hint or _step(source, proposals, feeds, error)
        return replace(found, verdict="fail", why=_cause(error), next=step, feeds=feeds, proposals=proposals)
    guids = Counter(each.guid for each in parsed.entries if each.guid)
    found = replace(
        found,
        source=source,
        parsed=parsed,
        future=sum(1 for each in parsed.entries if each.published and each.published > now + timedelta(hours=1)),
        duplicates=sum(guids.values()) - len(guids),
    )
    verdict, why, step = _judged(found, now)
    return replace(found, verdict=verdict, why=why, next=step)


def _with_selectors(found: Checked, fetched: Fetched, *, is_proposing: bool) -> Checked:
    from monitor.sources import propose

    finds = None
    if found.source.select is not None:
        try:
            finds = propose.finds(fetched, found.source)
        except MonitorError:
            pass  # told by the reader itself
    return replace(found, finds=finds, proposals=propose.selectors(fetched) if is_proposing else ())


def _judged(found: Checked, now: datetime) -> tuple[str, str, str]:
    """Verdict, cause and next step of a source that was read."""
    entries = len(found.parsed.entries) if found.parsed else 0
    newest, fetched = found.newest, found.fetched
    if not entries:
        return "fail", "no entries", "Wait if it is new or quiet; else check the address"
    if fetched is not None and fetched.moved_to:
        return "warn", f"moved for good to {fetched.moved_to}", "Write that address into url"
    if newest is not None and (now - newest).days > SILENT_DAYS:
        return "warn", f"silent for more than {SILENT_DAYS} days", "See whether the site publishes elsewhere by now"
    if found.future * 2 > entries:
        return (
            "warn",
            f"{found.future} of {entries} dates are in the future",
            "Check tz, and that date finds the date of publication",
        )
    if found.source.type == "listing" and found.source.select is not None and found.source.select.date and newest is None:
        return "warn", "no date can be read", "Correct select.date; --propose shows selectors that would do"
    if found.undated * 2 > entries:
        step = "Name the date's place in select.date; --propose shows it" if found.source.type == "listing" else ""
        return "warn", f"{found.undated} of {entries} entries have no date", step or "Their first sight is taken for it"
    if found.duplicates * 10 > entries:
        return (
            "warn",
            f"{found.duplicates} of {entries} guids are repeated",
            "Tell the site's operator; its entries may replace each other",
        )
    return "ok", "", ""


def _step(source: Source, proposals: Sequence[Proposal], feeds: Sequence[Candidate], error: MonitorError) -> str:
    if feeds or (proposals and source.type != "listing"):
        return f"The page has what can be read: monitor sources add {source.url}"
    if source.type == "listing":
        return "Take the proposed select" if proposals else "Open the page in a browser; it may be made by scripts, or a notice"
    return NEXT_STEPS[FetchKind.NOT_A_FEED] if isinstance(error, ParseError) else ""


def day(moment: datetime, source: Source) -> str:
    """The day of a moment where the source is: a ministry's midnight is its own."""
    from monitor.sources.zones import zone_of

    return moment.astimezone(zone_of(source)).strftime("%Y-%m-%d")


def row(found: Checked) -> dict[str, Any]:
    """One line of the table."""
    first = found.parsed.entries[0].title if found.parsed and found.parsed.entries else ""
    newest = found.newest
    return {
        "id": found.source.id,
        "verdict": found.verdict,
        "entries": len(found.parsed.entries) if found.parsed else 0,
        "newest": None if newest is None else day(newest, found.source),
        "undated": found.undated if found.parsed else None,
        "says": f"{found.why}. {found.next}" if found.why else first,
    }


def as_json(found: Checked) -> dict[str, Any]:
    """Everything that a look showed."""
    fetched, parsed, finds = found.fetched, found.parsed, found.finds
    entries = parsed.entries if parsed else ()
    return {
        "id": found.source.id,
        "type": found.source.type or None,
        "url": found.source.url,
        "verdict": found.verdict,
        "why": found.why or None,
        "next": found.next or None,
        "entries": len(entries),
        "newest": stamp(found.newest),
        "undated": found.undated if parsed else None,
        "future": found.future,
        "duplicates": found.duplicates,
        "reader": (parsed.reader or None) if parsed else None,
        "content_type": fetched.content_type if fetched else None,
        "bytes": len(fetched.body) if fetched else None,
        "final_url": fetched.url if fetched else None,
        "moved_to": fetched.moved_to if fetched else None,
        "hub": _hub(found),
        "notes": list(parsed.notes) if parsed else [],
        "first": [{"published": stamp(each.published), "title": clean(each.title), "url": each.url} for each in entries[:_SHOWN]],
        "selectors": None
        if finds is None
        else {
            "items": finds.items,
            "with_title": finds.with_title,
            "with_link": finds.with_link,
            "with_date": finds.with_date,
            "unread_dates": list(finds.unread),
        },
        "proposals": [
            {"select": select_of(each.select), "entries": len(each.entries), "dated": each.dated} for each in found.proposals
        ],
        "feeds": [each.url for each in found.feeds],
    }


def tell(found: Checked) -> None:
    """Everything that a look showed, for a person, on standard output."""
    source, fetched, parsed, finds = found.source, found.fetched, found.parsed, found.finds
    _say(source.id, found.verdict + (f": {found.why}" if found.why else ""))
    _say("address", source.url + (f" -> {fetched.url}" if fetched is not None and fetched.url != source.url else ""))
    if fetched is not None:
        _say("answer", f"{fetched.content_type or 'no content type'}, {len(fetched.body)} bytes")
    if parsed is not None:
        _say("read as", source.type + (f" by the {parsed.reader} reader" if parsed.reader else ""))
        newest = found.newest
        _say(
            "entries",
            f"{len(parsed.entries)}, newest {day(newest, source)}" if newest else f"{len(parsed.entries)}",
            f"{found.undated} undated, {found.future} in the future, {found.duplicates} with a repeated guid",
        )
        for text in parsed.notes:
            _say("note", text)
    if _hub(found):
        _say("hub", str(_hub(found)))
    if finds is not None and source.select is not None:
        _say("item", f"{source.select.item!r} finds {finds.items}")
        _say("title", f"{source.select.title or 'text of the link'!r} in {finds.with_title} of them")
        _say("link", f"{source.select.link!r} in {finds.with_link}")
        unread = "; not readable: " + ", ".join(repr(each) for each in finds.unread) if finds.unread else ""
        _say("date", f"{source.select.date!r} in {finds.with_date}{unread}" if source.select.date else "no selector")
    for entry in parsed.entries[:_SHOWN] if parsed else ():
        when = "no date" if entry.published is None else day(entry.published, source)
        _say("", f"{when} {clean(entry.title)[:90]}", entry.url or "no address")
    for each in found.feeds[:_SHOWN]:
        _say("feed", each.url, each.title)
    for proposal in found.proposals:
        _say(
            "proposed",
            f"select: {inline(select_of(proposal.select))}",
            f"{len(proposal.entries)} entries, {proposal.dated} dated",
        )
    if found.next:
        _say("next", found.next)


def select_of(select: Selectors) -> dict[str, str]:
    """Selectors as feeds.yaml has them, without what goes without saying."""
    parts = {"item": select.item, "title": select.title, "link": select.link, "date": select.date}
    return {key: value for key, value in parts.items() if value is not None and (key, value) != ("link", "a")}


def inline(value: Mapping[str, object]) -> str:
    """A mapping as feeds.yaml writes it on one line."""
    from monitor import feedsfile

    return feedsfile.line_of({"select": value}).removeprefix("{select: ").removesuffix("}")


def _hub(found: Checked) -> str | None:
    return (found.parsed.hub if found.parsed else None) or (found.fetched.hub if found.fetched else None)


def _cause(error: MonitorError) -> str:
    return f"{error.kind}: {error.cause}" if isinstance(error, FetchError) else error.cause


def _say(head: str, *texts: str) -> None:
    click.echo(f"{head:<9} " + ", ".join(clean(text) for text in texts if text))
