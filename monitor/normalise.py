"""Entry to item: plain, bounded, inert text; http addresses only; no time in the future. Pure; normalising twice is once."""

from __future__ import annotations

import html
import re
import unicodedata
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import urlsplit

from monitor import language
from monitor.dates import is_future
from monitor.items import Entry, Item, Source, item_id

MAX_TITLE = 500
MAX_SUMMARY = 8_000
MAX_URL = 2_000
_MAX_RAW = 400_000  # characters of markup looked at; more adds nothing to 8,000 of text

_LAYERS = 5
_FIRST = datetime(1990, 1, 1, tzinfo=UTC)
"""No feed is older than the web: 1970-01-01 and the like are dates that a program failed to set."""

# each begins with a plain "<", so that the search jumps from one to the next
_DROPPED = re.compile(r"<(?:(script|style|head|template|svg|iframe|noscript)\b.*?(?:</\1\s*>|$)|!--.*?(?:-->|$))", re.I | re.S)
_BLOCK = re.compile(r"</?(?:p|div|br|li|ul|ol|tr|td|th|table|h[1-6]|blockquote|section|article|dd|dt|hr|pre)\b[^<>]*>", re.I)
_MARKUP = re.compile("<[A-Za-z/!?]|&[#A-Za-z]")
_TAG = re.compile(r"<(?:/?[A-Za-z]|[!?])[^<>]*>")
_PLAIN_ADDRESS = re.compile(r"https?://[a-z0-9-][a-z0-9.-]*(?:/[!-~]*)?", re.I)
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_NO_ADDRESS = re.compile(r"[\s<>\"\\`]")
_INERT = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f"  # C0 and C1 controls
    "\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff"  # zero width, bidi overrides and isolates
    "\ud800-\udfff\ufff9-\uffff]"  # lone surrogates, specials
)


def normalise(source: Source, entry: Entry, key: str, now: datetime, *, is_backlog: bool = False) -> Item:
    """The item that an entry becomes.

    Args:
        key: what makes it this entry within its source (see dedupe.entry_keys).
        now: when it was seen, aware UTC.
        is_backlog: True at the first fetch of the source.
    """
    summary = plain(entry.summary, MAX_SUMMARY)
    title = plain(entry.title, MAX_TITLE) or _shortened(summary, 120) or clean(entry.url or key)[:MAX_TITLE] or "(untitled)"
    if summary == title:
        summary = ""
    hint = None if source.lang in (None, "mul") else source.lang
    published = entry.published
    if published is not None and published < _FIRST:
        published = None
    elif published is not None and is_future(published, now):
        published = now
    return Item(
        id=item_id(source.id, key),
        source=source.id,
        key=key,
        url=address(entry.url),
        title=title,
        summary=summary,
        published=published,
        first_seen=now,
        lang=language.detect(f"{title}\n{summary}", hint),
        country=source.country,
        tier=source.tier,
        kind=source.kind,
        identifiers=entry.identifiers,
        dates=tuple(replace(each, sentence=plain(each.sentence, MAX_SUMMARY)) for each in entry.dates),
        step=entry.step,
        is_backlog=is_backlog,
    )


def plain(text: str, limit: int) -> str:
    """Text without markup, entities resolved, cleaned, at most `limit` characters (… marks a cut)."""
    raw = inert(text[:_MAX_RAW])
    for _ in range(_LAYERS):  # feeds escape markup once, twice and more
        if not _MARKUP.search(raw):
            break
        if "<![CDATA[" in raw:  # escaped once too often; what stands in it is text
            raw = raw.replace("<![CDATA[", " ").replace("]]>", " ")
        bare = _TAG.sub("", _BLOCK.sub(" ", _DROPPED.sub(" ", raw)))
        if "&" in bare:
            bare = inert(html.unescape(bare))
        if bare == raw:
            break
        raw = bare
    return _shortened(_spaced(raw), limit)


def clean(text: str) -> str:
    """Text that can do no harm on a terminal, in a mail header or in a database: NFC, no controls, single spaces."""
    return _spaced(inert(text))


def inert(text: str) -> str:
    """Text without control characters and bidi overrides; spaces stay as they are."""
    return text if text.isascii() and text.isprintable() else _INERT.sub("", text)


def harmless(cell: str) -> str:
    """A cell of a table that no spreadsheet takes for a formula. Source: OWASP, CSV Injection."""
    return "'" + cell if cell.startswith(_FORMULA) else cell


def address(url: str | None) -> str | None:
    """The address if it is one that a reader may click: http or https, with a host, without a password; else None."""
    if not url:
        return None
    found = inert(url).strip()
    if len(found) > MAX_URL or _NO_ADDRESS.search(found):
        return None
    if _PLAIN_ADDRESS.fullmatch(found):
        return found
    try:
        parts = urlsplit(found)
        host = parts.hostname
    except ValueError:
        return None
    if parts.scheme.lower() not in ("http", "https") or not host or parts.username or parts.password:
        return None
    return found


def _spaced(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).split())


def _shortened(text: str, limit: int) -> str:
    if len(text) <= limit:
        return text
    cut = text[: limit - 1]
    space = cut.rfind(" ")
    return (cut[:space] if space > limit * 0.8 else cut).rstrip() + "…"
