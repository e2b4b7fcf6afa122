"""Reads RSS 0.9x, 1.0 and 2.0, Atom, JSON Feed and OPML documents. Never fetches; a document that is none of these is a ParseError."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import feedparser
from lxml import etree

from monitor import dates
from monitor.errors import ParseError
from monitor.items import Entry, Fetched, Parsed, Source
from monitor.sources.decode import to_text, xml_text
from monitor.sources.links import absolute

MAX_ENTRIES = 20_000
"""Entries read of one document; more are cut with a notice."""

_SAYING = ("title", "summary", "content", "link", "id", "published", "updated")
_OPML = re.compile(r"^\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*<opml[\s>]", re.S | re.I)
_LEADING = re.compile(r"^(?:\s|<!--.*?-->)*(?=<\?xml)|^[^<]{1,400}(?=<)", re.S)


def parse(source: Source, fetched: Fetched) -> Parsed:
    """Entries of a feed document, in document order.

    Raises:
        ParseError: not a feed of any known kind.
    """
    start = fetched.body.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    if start == b"{":
        return _json_feed(source, fetched)
    text = xml_text(fetched.body, fetched.content_type)
    if _OPML.match(text):
        return _opml(text)
    return _xml_feed(source, fetched, text)


def _xml_feed(source: Source, fetched: Fetched, text: str) -> Parsed:
    document = feedparser.parse(
        _LEADING.sub("", text, count=1).encode("utf-8", "replace"),
        # no address of the document: feedparser would make links of guids such as 7; links are made whole below
        response_headers={"content-type": "application/xml; charset=utf-8"},
        sanitize_html=False,  # texts become plain in normalise; measured: 37 -> 23 ms a feed
    )
    if not document.get("version"):
        raise ParseError(_what_it_is(text), subject=source.id)
    notes: list[str] = []
    if document.get("bozo") and not isinstance(document.get("bozo_exception"), feedparser.exceptions.CharacterEncodingOverride):
        notes.append(f"not well-formed ({document.get('bozo_exception')}); read by the tolerant parser")
    # An empty <item/> inside an item counts as an entry for feedparser; it says nothing, so it is none.
    found = [each for each in document.entries if any(dict.get(each, name) for name in _SAYING)]
    if len(found) > MAX_ENTRIES:
        notes.append(f"{len(found)} entries; the first {MAX_ENTRIES} were read")
    base = absolute(fetched.url, document.feed.get("link")) or fetched.url
    return Parsed(entries=tuple(_entry(each, base) for each in found[:MAX_ENTRIES]), notes=tuple(notes))


def _entry(found: Any, base: str) -> Entry:
    content = " ".join(part.get("value", "") for part in found.get("content", ()))
    return Entry(
        guid=found.get("id") or None,
        url=absolute(base, found.get("link")),
        title=found.get("title", ""),
        summary=found.get("summary", "") or content,
        published=_moment(found),
    )


def _moment(found: Any) -> datetime | None:
    for name in ("published", "updated", "created"):
        raw = dict.get(found, name)  # not found.get, which answers for "updated" with "published"
        if not isinstance(raw, str) or not raw.strip():
            continue
        moment = dates.read_moment(raw)
        if moment is not None:
            return moment
    return None


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
        stated = (dates.read_moment(_first(item, name) or "") for name in ("date_published", "date_modified"))
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
    return Parsed(entries=tuple(entries), notes=tuple(notes))


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
        raise ParseError(f"not readable as JSON ({type(error).__name__})", subject=subject) from error


def _opml(text: str) -> Parsed:
    parser = etree.XMLParser(recover=True, resolve_entities=False, no_network=True, huge_tree=False)
    root = etree.fromstring(text.encode("utf-8", "replace"), parser)
    entries = tuple(_outlines(root))
    return Parsed(entries=entries, notes=("a list of feeds (OPML), not a feed",))


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
