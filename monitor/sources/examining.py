"""What a document shows of its source, and a verdict: is it well, and if not, what is to be done. Pure; it runs in a worker."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from monitor.dates import is_future
from monitor.errors import FetchError, FetchKind, MonitorError, ParseError
from monitor.items import Fetched, Parsed, Source
from monitor.sources import TYPES, discover, propose
from monitor.sources.discover import Candidate
from monitor.sources.propose import Finds, Proposal

SILENT_DAYS = 90
"""A source whose newest entry is older deserves a word."""
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


def examined(source: Source, fetched: Fetched, now: datetime, is_proposing: bool = False) -> Checked:
    """A document of a source, read and judged; a source of type "" is read as what it is."""
    found = Checked(source=source, verdict="ok", why="", next="", fetched=fetched)
    if is_proposing or source.type == "listing":
        found = _with_selectors(found, fetched, is_proposing=is_proposing)
    try:
        if source.type:
            parsed = TYPES[source.type].parse(source, fetched)
        else:
            read = discover.recognised(fetched, source.id)
            source, parsed = replace(source, type=read.type, name=read.title or source.name), read.parsed
    except MonitorError as error:
        feeds = discover.feeds_in(fetched) if source.type != "listing" and discover.is_page(fetched) else ()
        proposals = found.proposals or (() if source.type not in ("", "listing") else propose.selectors(fetched))
        step = error.hint or _step(source, proposals, feeds, error)
        return replace(found, verdict="fail", why=cause_of(error), next=step, feeds=feeds, proposals=proposals)
    guids = Counter(each.guid for each in parsed.entries if each.guid)
    found = replace(
        found,
        source=source,
        parsed=parsed,
        future=sum(1 for each in parsed.entries if each.published and is_future(each.published, now + timedelta(hours=1))),
        duplicates=sum(guids.values()) - len(guids),
    )
    verdict, why, step = _judged(found, now)
    return replace(found, verdict=verdict, why=why, next=step)


def _with_selectors(found: Checked, fetched: Fetched, *, is_proposing: bool) -> Checked:
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


def cause_of(error: MonitorError) -> str:
    """An error in the words of a verdict."""
    return f"{error.kind}: {error.cause}" if isinstance(error, FetchError) else error.cause
