"""How `monitor sources check` shows what a look at a source found."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from monitor.cli.output import stamp
from monitor.dates import day_in
from monitor.items import Selectors, Source
from monitor.normalise import clean

if TYPE_CHECKING:
    from monitor.sources.examining import Checked

_SHOWN = 5


def day(moment: datetime, source: Source) -> str:
    """The day of a moment where the source is: that of Washington's evening is its own."""
    from monitor.sources.zones import zone_of

    return day_in(moment, zone_of(source)).isoformat()


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


def _say(head: str, *texts: str) -> None:
    click.echo(f"{head:<9} " + ", ".join(clean(text) for text in texts if text))
