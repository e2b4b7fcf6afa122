"""Reads HTML pages that list links - ministries that publish no feed - by CSS selectors. Never fetches."""

from __future__ import annotations

from datetime import UTC

import lxml.html
from cssselect import SelectorError
from lxml import etree
from lxml.cssselect import CSSSelector

from monitor import dates
from monitor.errors import ConfigError, ParseError
from monitor.items import Entry, Fetched, Parsed, Selectors, Source
from monitor.sources.decode import to_text
from monitor.sources.links import absolute

MAX_ENTRIES = 1_000


def parse(source: Source, fetched: Fetched) -> Parsed:
    """Entries of a page in page order; without a title or a link an element is no entry.

    Raises:
        ParseError: no HTML, or the selector finds nothing (the page was rebuilt, or it is a notice of maintenance).
        ConfigError: a selector that cannot be read.
    """
    select = source.select
    if select is None:
        raise ConfigError("a listing needs select: with at least item:", subject=source.id)
    text = to_text(fetched.body, fetched.content_type)
    if not text.strip():
        raise ParseError("the page is empty", subject=source.id)
    try:
        page = lxml.html.document_fromstring(text.encode("utf-8"), parser=lxml.html.HTMLParser(encoding="utf-8"))
    except (etree.ParserError, etree.XMLSyntaxError) as error:
        raise ParseError("not readable as HTML", subject=source.id) from error
    base = absolute(fetched.url, next(iter(page.xpath("//base/@href")), None)) or fetched.url
    entries = []
    for element in _find(page, select.item, source.id)[:MAX_ENTRIES]:
        entry = _entry(element, select, source, base)
        if entry is not None:
            entries.append(entry)
    if not entries:
        raise ParseError(f"the selector {select.item!r} finds no entry; the page may have been rebuilt", subject=source.id)
    return Parsed(entries=tuple(entries))


def _entry(element: lxml.html.HtmlElement, select: Selectors, source: Source, base: str) -> Entry | None:
    subject = source.id
    links = [element] if not select.link else _find(element, select.link, subject)
    link = next((each for each in links if each.get("href")), None)
    titles = _find(element, select.title, subject) if select.title else []
    title = _text(titles[0]) if titles else _text(link) if link is not None else ""
    if link is None or not title:
        return None
    zone = dates.JST if source.country == "JP" else UTC  # of a day that names no zone
    places = _find(element, select.date, subject) if select.date else []
    stated = (dates.read_moment(text, zone=zone) for place in places for text in (place.get("datetime") or "", _text(place)))
    when = next((moment for moment in stated if moment is not None), None)
    url = absolute(base, link.get("href"))
    if url is None:
        return None
    return Entry(guid=None, url=url, title=title, summary="", published=when)


def _find(element: lxml.html.HtmlElement, selector: str, subject: str) -> list[lxml.html.HtmlElement]:
    try:
        return list(CSSSelector(selector)(element))
    except (SelectorError, etree.XPathError) as error:
        raise ConfigError(f"the selector {selector!r} cannot be read ({error})", subject=subject) from error


def _text(element: lxml.html.HtmlElement) -> str:
    return " ".join(element.text_content().split())
