"""Reads sitemaps: plain ones, Google News sitemaps, and indexes of sitemaps. Never fetches.

Source: sitemaps.org protocol 0.9; Google's news, image and video extensions of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import unquote, urlsplit

from lxml import etree

from monitor.errors import FetchError, ParseError
from monitor.items import Entry, Fetched, Parsed, Source
from monitor.sources.decode import xml_text
from monitor.sources.inflate import Inflater
from monitor.sources.links import absolute
from monitor.sources.zones import moment_of

MAX_ENTRIES = 5_000
"""Entries given of one sitemap, the newest; the protocol allows 50,000."""
MAX_CHILDREN = 50
"""Sitemaps of an index that are named, the newest."""
MAX_BYTES = 15 * 1024 * 1024
"""Bytes that a sitemap sent as .xml.gz may have when it is unpacked."""

_GZIP = b"\x1f\x8b"
_LONG_AGO = datetime(1, 1, 1, tzinfo=UTC)
_ENDING = re.compile(r"\.(?:s?html?|php|aspx?|jsp|pdf|do|cfm)$", re.I)
_JOINT = re.compile(r"[\s_+~.-]+")
_INDEX_PAGE = re.compile(r"(?:index|default|home)(?:\.\w+)?$", re.I)
_LETTER = re.compile(r"[^\W\d_]{2}")


@dataclass(frozen=True, slots=True)
class _Page:
    """A place of a sitemap, read as far as sorting needs."""

    address: str
    published: datetime | None
    parts: dict[str, etree._Element]  # its children by name, the first of each


def parse(source: Source, fetched: Fetched) -> Parsed:
    """Entries of a sitemap, newest first, undated ones last; of an index of sitemaps none, but where its sitemaps are.

    An entry is titled by its news:title, else by the title of its video or image, else by the last words of its address:
    /2026/04/new-entity-list.html is "New entity list". It is dated by news:publication_date, else by its video, else by lastmod,
    which moves when the page changes. Its summary is the video's description or the news keywords. Languages (news:language,
    xhtml:link) are not read: the language of an item is found in its words.

    Raises:
        ParseError: no sitemap, or one that unpacks to more than MAX_BYTES.
    """
    body = _unpacked(source, fetched.body)
    root, notes = _root(source, xml_text(body, fetched.content_type))
    reader = "tolerant" if notes else "xml"
    if _name(root) == "sitemapindex":
        return _index(source, fetched, root, notes, reader)
    found = [_read(place, source, fetched.url) for place in root if _name(place) == "url"]
    pages = sorted((page for page in found if page is not None), key=lambda page: page.published or _LONG_AGO, reverse=True)
    if len(pages) < len(found):
        notes.append(f"{len(found) - len(pages)} of {len(found)} places have no address; skipped")
    if len(pages) > MAX_ENTRIES:
        notes.append(f"{len(pages)} entries; the newest {MAX_ENTRIES} were read")
    return Parsed(entries=tuple(_entry(page) for page in pages[:MAX_ENTRIES]), notes=tuple(notes), reader=reader)


def _unpacked(source: Source, body: bytes) -> bytes:
    if not body.startswith(_GZIP):
        return body
    inflater = Inflater("gzip", max_bytes=MAX_BYTES, subject=source.id)
    try:
        inflater.feed(body)
        return inflater.finish()
    except FetchError as error:
        raise ParseError(f"the packed sitemap cannot be read: {error.cause}", subject=source.id) from error


def _root(source: Source, text: str) -> tuple[etree._Element, list[str]]:
    if not text.strip():
        raise ParseError("the document is empty", subject=source.id)
    notes: list[str] = []
    raw = text.encode("utf-8", "replace")
    try:
        root = etree.fromstring(raw, _parser(is_tolerant=False))
    except etree.XMLSyntaxError as error:
        notes.append(f"not well-formed ({str(error.msg)[:100]}); read as far as possible")
        try:
            root = etree.fromstring(raw, _parser(is_tolerant=True))
        except etree.XMLSyntaxError:
            root = None
    if root is None:
        raise ParseError("not XML", subject=source.id)
    if _name(root) not in ("urlset", "sitemapindex"):
        raise ParseError(_what_it_is(_name(root)), subject=source.id)
    return root, notes


def _parser(*, is_tolerant: bool) -> etree.XMLParser:
    return etree.XMLParser(recover=is_tolerant, resolve_entities=False, no_network=True, huge_tree=False, remove_comments=True)


def _what_it_is(name: str) -> str:
    if name.lower() == "html":
        return "an HTML page, not a sitemap"
    if name in ("rss", "RDF", "feed"):
        return f"a feed (<{name}>), not a sitemap; its type is feed"
    return f"XML, but no sitemap: it begins with <{name[:40]}>, not with <urlset> or <sitemapindex>"


def _index(source: Source, fetched: Fetched, root: etree._Element, notes: list[str], reader: str) -> Parsed:
    places = (_parts(place) for place in root if _name(place) == "sitemap")
    located = ((absolute(fetched.url, _text(parts, "loc")), parts) for parts in places)
    dated = {
        address: moment_of(_text(parts, "lastmod"), source) or _LONG_AGO
        for address, parts in located
        if address is not None and address.startswith(("http://", "https://"))
    }
    newest = sorted(dated, key=lambda address: dated[address], reverse=True)
    cut = f"; the newest {MAX_CHILDREN} are named" if len(newest) > MAX_CHILDREN else ""
    notes.append(f"an index of {len(newest)} sitemaps{cut}")
    return Parsed(entries=(), notes=tuple(notes), reader=reader, older=tuple(newest[:MAX_CHILDREN]))


def _read(place: etree._Element, source: Source, base: str) -> _Page | None:
    parts = _parts(place)
    address = absolute(base, _text(parts, "loc"))
    if address is None:
        return None
    stated = (
        _text(_parts(parts.get("news")), "publication_date"),
        _text(_parts(parts.get("video")), "publication_date"),
        _text(parts, "lastmod"),
    )
    published = next((moment for text in stated if (moment := moment_of(text, source)) is not None), None)
    return _Page(address, published, parts)


def _entry(page: _Page) -> Entry:
    news, video, image = (_parts(page.parts.get(name)) for name in ("news", "video", "image"))
    title = _text(news, "title") or _text(video, "title") or _text(image, "title") or _text(image, "caption")
    return Entry(
        guid=None,
        url=page.address,
        title=title or _title_of(page.address),
        summary=_text(video, "description") or _text(news, "keywords"),
        published=page.published,
    )


def _title_of(address: str) -> str:
    """The last words of an address made readable: the last segment of its path that has any, else the address."""
    try:
        path = unquote(urlsplit(address).path, errors="replace")
    except ValueError:  # such as http://[broken/1
        return address
    for segment in reversed(path.split("/")):
        words = _JOINT.sub(" ", _ENDING.sub("", segment)).strip()
        if _LETTER.search(words) and not _INDEX_PAGE.match(segment):
            return words[0].upper() + words[1:]
    return address


def _parts(place: etree._Element | None) -> dict[str, etree._Element]:
    """The children of an element by name, the first of each."""
    parts: dict[str, etree._Element] = {}
    for child in place if place is not None else ():
        parts.setdefault(_name(child), child)
    return parts


def _text(parts: dict[str, etree._Element], name: str) -> str:
    """The words of the part of that name; "" if there is none."""
    return " ".join("".join(_words(parts[name])).split()) if name in parts else ""


def _words(place: etree._Element) -> Iterator[str]:
    yield place.text or ""
    for inner in place:  # an entity that is not resolved, or markup
        yield inner.tail or ""


def _name(place: etree._Element) -> str:
    """The name without its namespace, which sitemaps often get wrong; "" of what is no element."""
    return place.tag.rpartition("}")[2] if isinstance(place.tag, str) else ""
