"""Finds the feeds of a page, and what a document is read as when nobody says. Pure: it names addresses and fetches none."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import lxml.html
from lxml import etree

from monitor.errors import MonitorError, ParseError
from monitor.items import Fetched, Parsed, Source
from monitor.normalise import address, plain
from monitor.sources import TYPES, guess_type, opml
from monitor.sources.decode import to_text, xml_text
from monitor.sources.links import absolute

MAX_CANDIDATES = 20
_MAX_LINKS = 20_000
_LONGEST_TITLE = 200

_ROOT = re.compile(
    r"\s*(?:<\?[^>]*>\s*|<!--.*?-->\s*)*(?:<!doctype html\b|<(?!!)([A-Za-z:]+)|<!DOCTYPE[^>]*>\s*<([A-Za-z:]+))", re.S | re.I
)
_DOCUMENTS = ("rss", "rdf:rdf", "feed", "opml", "urlset", "sitemapindex", "channel")
_JSON_TITLE = re.compile(r'"title"\s*:\s*("(?:[^"\\\x00-\x1f]|\\.){1,300}")')
_FEED_TYPES = re.compile(
    r"^\s*(?:application/(?:rss|atom|rdf|feed)\+(?:xml|json)|(?:application|text)/xml|application/json)\s*(?:;|$)", re.I
)
_SURE_TYPES = re.compile(r"^\s*application/(?:rss|atom|rdf|feed)\+", re.I)
_WORD = re.compile(r"^(?:rss|atom|feeds?|rdf|rss2|rss1|rss20|atom1|rss[_.-]\w{1,20}|\w{1,20}[_.-](?:rss2?|atom|feed))$", re.I)
_EXTENSION = re.compile(r"\.(rss|rdf|atom|xml|json)$", re.I)
_SITEMAP = re.compile(r"sitemap[^/]*\.xml$", re.I)
_QUERY = re.compile(r"(?:^|&)(?:feed|format|type|_format|output)=(?:rss2?|atom|feed|rdf|xml)\b", re.I)
_SAYS_FEED = re.compile(r"\b(?:rss|atom|feed)\b|フィード|配信|订阅|訂閱|구독", re.I)
_COMMENTS = re.compile(r"comment|コメント|评论|評論|댓글", re.I)
_READERS = ("feedly.com", "inoreader.com", "newsblur.com", "netvibes.com", "theoldreader.com", "add.my.yahoo.com", "google.com")
"""Hosts of programs that read feeds: a link to them is no feed."""

_USUAL_FEEDS = ("feed/", "rss.xml", "atom.xml", "feed.xml", "index.xml", "rss", "index.rdf", "feed.json", "news-sitemap.xml")
"""WordPress; Drupal; Jekyll, Hexo; Eleventy; Hugo; many; Movable Type (common in Japan); JSON Feed; sitemaps of news."""
_LAST_RESORT = "sitemap.xml"

_OF_ANYBODY = frozenset(
    "ac ad ag ai am as bz cc cd co dj fm gg gl hn im in io is la li ly me ms mu nu pw re sc sh st su tk to tv vc vg ws".split()
)
"""Country domains that are sold to everybody; they say nothing of the country."""
_RENAMED = {"UK": "GB", "GOV": "US", "MIL": "US", "INT": "INT", "EU": "EU"}
_OFFICIAL = re.compile(
    r"(?:^|\.)(?:gov|mil|gob|gouv|govt|gc)(?:\.[a-z]{2})?$|\.(?:go|gv|admin|bund)\.[a-z]{2}$|\.europa\.eu$|\.int$", re.I
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """An address that may be a feed."""

    url: str  # absolute, http or https
    title: str  # "" if nothing names it
    type: str  # a key of TYPES, as it looks from outside
    how: str  # how it was found, in words


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """A document, and what it is."""

    type: str  # a key of TYPES
    title: str  # what it calls itself, plain; "" if it does not
    parsed: Parsed


def is_page(fetched: Fetched) -> bool:
    """True if the document is an HTML page."""
    root = _ROOT.match(to_text(fetched.body[:8192], fetched.content_type))
    name = "" if root is None else (root[1] or root[2] or "").lower()
    if name in ("html", "head", "body") or (root is not None and root.group().lower().rstrip().endswith("<!doctype html")):
        return True
    return "html" in fetched.content_type.lower() and name not in _DOCUMENTS and fetched.body.lstrip()[:1] == b"<"


def recognised(fetched: Fetched, subject: str) -> Read:
    """The document as the type that reads it; one with entries before one without.

    Raises:
        ParseError: no type reads it by itself.
    """
    if is_page(fetched):
        raise ParseError("an HTML page, not a feed", subject=subject)
    if opml.is_opml(xml_text(fetched.body[:4096], fetched.content_type)):
        raise ParseError("a list of feeds", subject=subject, hint="Take all of it with: monitor sources import FILE")
    guessed = guess_type(fetched)
    empty: Read | None = None
    first: ParseError | None = None
    for name in dict.fromkeys((guessed, *TYPES)):
        if not TYPES[name].is_read_alone:
            continue
        source = Source(id=subject, name=subject, type=name, url=fetched.url, country=country_of(fetched.url))
        try:
            parsed = TYPES[name].parse(source, fetched)
        except ParseError as error:
            first = first or error
            continue
        except MonitorError:
            continue
        found = Read(type=name, title=title_of(fetched), parsed=parsed)
        if parsed.entries:
            return found
        empty = empty or found
    if empty is None:
        raise first or ParseError("neither a feed nor a sitemap", subject=subject)
    return empty


def feeds_in(page: Fetched) -> tuple[Candidate, ...]:
    """Feeds that a page names, best first: what it announces in its head, then links that look like feeds. Never raises.

    Feeds of comments come last; at most MAX_CANDIDATES.
    """
    root = page_tree(page)
    if root is None:
        return ()
    base = absolute(page.url, next(iter(root.xpath("//base/@href")), None)) or page.url
    found = [*_announced(root, base), *_linked(root, base, page.url)]
    own = urlsplit(page.url)._replace(fragment="").geturl()
    found = [(score, each) for score, each in found if each.url != own]
    found.sort(key=lambda pair: -pair[0])  # stable: in page order where they are alike
    unique: dict[str, Candidate] = {}
    for _, each in found:
        unique.setdefault(each.url, each)
    return tuple(unique.values())[:MAX_CANDIDATES]


def guesses(url: str) -> tuple[Candidate, ...]:
    """Where the usual programs put feeds: below the page's folder, then at the top of the site; best first.

    sitemap.xml is left out: nearly every site has one, of all its pages. last_resort names it.
    """
    folder = absolute(url, ".") or url
    top = absolute(url, "/") or url
    places = [folder, top] if folder != top else [top]
    found = [absolute(place, each) for place in places for each in _USUAL_FEEDS]
    return tuple(_candidate(each, "usual place") for each in dict.fromkeys(found) if each is not None and address(each))


def last_resort(url: str) -> tuple[Candidate, ...]:
    """The sitemap of the whole site."""
    found = address(absolute(url, f"/{_LAST_RESORT}"))
    return () if found is None else (_candidate(found, "usual place"),)


def title_of(fetched: Fetched) -> str:
    """What a page, feed or JSON Feed calls itself, plain; "" if it does not say."""
    if fetched.body.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"{":
        start = to_text(fetched.body[:20_000], fetched.content_type)
        match = _JSON_TITLE.search(start) if "jsonfeed.org" in start or '"items"' in start else None
        try:
            return "" if match is None else plain(json.loads(match[1]), _LONGEST_TITLE)
        except ValueError:
            return ""
    root = page_tree(fetched) if is_page(fetched) else _xml_tree(fetched)
    if root is None:
        return ""
    # of the document itself, not of its pictures and entries
    paths = ("/*/*[local-name()='channel']/*[local-name()='title']", "/*/*[local-name()='title']", "//head/title")
    found = next((each for path in paths for each in root.xpath(path)), None)
    return "" if found is None else plain(" ".join("".join(found.itertext()).split()), _LONGEST_TITLE)


def country_of(url: str) -> str | None:
    """The country that an address's domain stands for: US for .gov, EU, INT; None if it says nothing."""
    last = _host(url).rpartition(".")[2].upper()
    if last in _RENAMED:
        return _RENAMED[last]
    if len(last) != 2 or not last.isalpha() or not last.isascii():
        return None
    return None if last.lower() in _OF_ANYBODY and not is_official(url) else last


def is_official(url: str) -> bool:
    """True if an address is in a domain that only governments and their bodies have."""
    return _OFFICIAL.search(_host(url)) is not None


def _announced(root: Any, base: str) -> Iterator[tuple[float, Candidate]]:
    for link in root.iter("link"):
        rels = (link.get("rel") or "").lower().split()
        kind = link.get("type") or ""
        if "alternate" not in rels or not _FEED_TYPES.match(kind):
            continue
        url = address(absolute(base, link.get("href")))
        if url is None or (not _SURE_TYPES.match(kind) and _likeness(url, "") < 2):
            continue  # such as WordPress's application/json, which is the page once more
        title = plain(link.get("title") or "", _LONGEST_TITLE)
        yield (1 if _COMMENTS.search(f"{title} {urlsplit(url).path}") else 10), _candidate(url, "link element", title)


def _linked(root: Any, base: str, page: str) -> Iterator[tuple[float, Candidate]]:
    for count, link in enumerate(root.iter("a")):
        if count >= _MAX_LINKS:
            return
        href = link.get("href")
        if not href or len(href) > 2_000:
            continue
        url = address(absolute(base, href))
        if url is None or any(_host(url) == each or _host(url).endswith("." + each) for each in _READERS):
            continue
        title = plain(" ".join([link.text_content(), *link.xpath(".//img/@alt"), link.get("title") or ""]), _LONGEST_TITLE)
        score = _likeness(url, title)
        if score >= 2:
            is_near = _host(url).split(".")[-2:] == _host(page).split(".")[-2:]
            is_of_comments = _COMMENTS.search(urlsplit(url).path) is not None
            yield (0.5 if is_of_comments else score + is_near), _candidate(url, "link in the page", title)


def _likeness(url: str, title: str) -> float:
    """How much an address looks like that of a feed, 0..5; from 2 on it is worth a look."""
    parts = urlsplit(url)
    segments = [each for each in parts.path.split("/") if each]
    last = segments[-1] if segments else ""
    extension = _EXTENSION.search(last)
    kind = extension[1].lower() if extension else ""
    stem = last[: extension.start()] if extension else last
    score = 0.0
    is_json = kind == "json" and stem.lower() in ("feed", "feeds")
    if kind in ("rss", "rdf", "atom") or is_json or (_WORD.match(stem) and kind != "json") or _QUERY.search(parts.query):
        score = 3
    elif kind == "xml":
        score = 2 if any(_WORD.match(each) for each in segments[:-1]) or _SAYS_FEED.search(title) else 1.5
        score = 2.5 if _SITEMAP.search(last) and "news" in last.lower() else score
    elif segments[:-1] and _WORD.match(segments[-2]) and kind == "" and _SAYS_FEED.search(title):
        score = 2
    return score + (0.5 if score and _SAYS_FEED.search(title) else 0)


def _candidate(url: str, how: str, title: str = "") -> Candidate:
    return Candidate(url=url, title=title, type="sitemap" if _SITEMAP.search(urlsplit(url).path) else "feed", how=how)


def _host(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").rstrip(".")
    except ValueError:
        return ""


def page_tree(page: Fetched) -> Any:
    """The tree of an HTML page; None if it has none."""
    text = to_text(page.body, page.content_type)
    try:
        return lxml.html.document_fromstring(text.encode("utf-8"), parser=lxml.html.HTMLParser(encoding="utf-8"))
    except (etree.ParserError, etree.XMLSyntaxError, ValueError):
        return None


def _xml_tree(fetched: Fetched) -> Any:
    parser = etree.XMLParser(recover=True, resolve_entities=False, no_network=True, huge_tree=False)
    try:
        return etree.fromstring(xml_text(fetched.body, fetched.content_type).encode("utf-8"), parser)
    except (etree.XMLSyntaxError, ValueError):
        return None
