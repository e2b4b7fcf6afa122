"""Reads RSS 0.9x, 1.0 and 2.0, Atom, JSON Feed and OPML documents. Never fetches; a document that is none of these is a ParseError."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Container, Iterator
from datetime import datetime, timedelta
from typing import Any

from lxml import etree

from monitor import dates
from monitor.errors import ParseError
from monitor.items import Entry, Fetched, Parsed, Source
from monitor.sources import fast, tolerant
from monitor.sources.decode import to_text, xml_text
from monitor.sources.links import absolute
from monitor.sources.raw import RawEntry, RawFeed
from monitor.sources.zones import moment_of

log = logging.getLogger(__name__)

MAX_ENTRIES = 20_000
"""Entries read of one document; more are cut with a notice."""

_OPML = re.compile(r"^\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*<opml[\s>]", re.S | re.I)
_ZONED = re.compile(r"(?:Z|GMT|UTC?|[+-]\d\d:?\d\d)\s*$")
_LEADING = re.compile(r"^(?:\s|<!--.*?-->)*(?=<\?xml)|^[^<]{1,400}(?=<)", re.S)


def parse(source: Source, fetched: Fetched, known: Container[bytes] = frozenset()) -> Parsed:
    """Entries of a feed document, in document order.

    Args:
        known: digests of entries that the last document had; the fast reader leaves such out.

    Raises:
        ParseError: not a feed of any known kind.
    """
    start = fetched.body.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    if start == b"{":
        return _json_feed(source, fetched)
    text = xml_text(fetched.body, fetched.content_type)
    if _OPML.match(text):
        return _opml(text)
    return _xml_feed(source, fetched, text, known)


def _xml_feed(source: Source, fetched: Fetched, text: str, known: Container[bytes]) -> Parsed:
    text = _LEADING.sub("", text, count=1)
    notes: list[str] = []
    try:
        feed, reader = fast.read(text, known), "fast"
    except fast.Costly as error:
        raise ParseError(str(error), subject=source.id) from error
    except fast.Unsure as doubt:
        feed, reader = _tolerant(source, text, notes), "tolerant"
        log.debug("tolerant source=%s because=%s", source.id, doubt)
    if len(feed.entries) > MAX_ENTRIES:
        notes.append(f"{len(feed.entries)} entries; the first {MAX_ENTRIES} were read")
    page = absolute(fetched.url, feed.link) or ""
    base = page if page.startswith(("http://", "https://")) else fetched.url
    links = {relation: absolute(fetched.url, address) for relation, address in reversed(feed.links)}
    # RFC 5005, sections 3 and 4: the page of older entries of a paged or archived feed
    older = tuple(each for each in (links.get("prev-archive"), links.get("next")) if each)
    return Parsed(
        entries=tuple(_entry(source, each, base) for each in feed.entries[:MAX_ENTRIES]),
        digests=feed.digests,
        left_out=feed.left_out,
        notes=tuple(notes),
        reader=reader,
        older=older[:1],
        hub=links.get("hub"),
        topic=links.get("self"),
        fresh_for=timedelta(minutes=int(feed.ttl)) if feed.ttl.isdecimal() and len(feed.ttl) < 5 else timedelta(),
    )


def _tolerant(source: Source, text: str, notes: list[str]) -> RawFeed:
    try:
        feed, problem = tolerant.read(text)
    except tolerant.Refused as error:
        raise ParseError(str(error), subject=source.id) from error
    if feed is None:
        raise ParseError(_what_it_is(text), subject=source.id)
    if problem is not None:
        notes.append(f"{problem}; read by the tolerant parser")
    return feed


def _entry(source: Source, found: RawEntry, base: str) -> Entry:
    moments = (_moment(source, each) for each in found.dates)
    return Entry(
        guid=found.guid,
        url=absolute(base, found.link),
        title=found.title,
        summary=found.summary,
        published=next((moment for moment in moments if moment is not None), None),
    )


def _moment(source: Source, text: str) -> datetime | None:
    """The moment; a time that names no zone is meant in the source's own."""
    return dates.read_moment(text) if _ZONED.search(text) else moment_of(text, source)


def _json_feed(source: Source, fetched: Fetched) -> Parsed:
    document = read_json(source.id, fetched)
    items = document.get("items") if isinstance(document, dict) else None
    if not isinstance(items, list):
        raise ParseError("JSON, but not a JSON Feed: it has no list of items", subject=source.id)
    notes: list[str] = []
    entries = []
    for place, item in enumerate(items[:MAX_ENTRIES]):
        if not isinstance(item, dict):
            notes.append(f"item {place + 1} is not an object; skipped")
            continue
        stated = (_moment(source, _first(item, name) or "") for name in ("date_published", "date_modified"))
        entries.append(
            Entry(
                guid=_first(item, "id"),
                url=absolute(fetched.url, _first(item, "url", "external_url")),
                title=_first(item, "title") or "",
                summary=_first(item, "summary", "content_text", "content_html") or "",
                published=next((moment for moment in stated if moment is not None), None),
            )
        )
    if len(items) > MAX_ENTRIES:
        notes.append(f"{len(items)} entries; the first {MAX_ENTRIES} were read")
    return Parsed(entries=tuple(entries), notes=tuple(notes), reader="json")


def _first(item: dict[str, Any], *names: str) -> str | None:
    for name in names:
        value = item.get(name)
        if isinstance(value, bool) or value is None:
            continue
        if isinstance(value, str | int | float) and str(value).strip():
            return str(value)
    return None


def read_json(subject: str, fetched: Fetched) -> Any:
    """The JSON value of a document.

    Raises:
        ParseError: not JSON, nested too deep, or a number beyond reason.
    """
    try:
        return json.loads(to_text(fetched.body, fetched.content_type), parse_constant=lambda _: None)
    except (ValueError, RecursionError) as error:
        raise ParseError(f"not readable as JSON ({_slip(error)})", subject=subject) from error


def _slip(error: ValueError | RecursionError) -> str:
    """What is wrong with a document that is no JSON, and where."""
    if isinstance(error, RecursionError):
        return "nested too deep"
    if not isinstance(error, json.JSONDecodeError):
        return "a number beyond reason"
    place = f"line {error.lineno}, column {error.colno}"
    return f"more follows after its end, {place}" if error.msg == "Extra data" else f"it breaks off or has a slip, {place}"


def _opml(text: str) -> Parsed:
    parser = etree.XMLParser(recover=True, resolve_entities=False, no_network=True, huge_tree=False)
    root = etree.fromstring(text.encode("utf-8", "replace"), parser)
    entries = tuple(_outlines(root))
    return Parsed(entries=entries, notes=("a list of feeds (OPML), not a feed",), reader="opml")


def _outlines(root: Any) -> Iterator[Entry]:
    for outline in root.iter("outline"):
        address = outline.get("xmlUrl") or outline.get("xmlurl")
        if address:
            title = outline.get("title") or outline.get("text") or ""
            yield Entry(guid=None, url=address, title=title, summary=outline.get("htmlUrl") or "", published=None)


def _what_it_is(text: str) -> str:
    start = text.lstrip()[:300].lower()
    if not start:
        return "the document is empty"
    if start.startswith("<!doctype html") or "<html" in start:
        return "an HTML page, not a feed"
    if start.startswith("<"):
        return "XML, but no feed that we know"
    return "neither XML nor JSON"
