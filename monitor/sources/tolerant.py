"""Reads what is not well-formed, or has two readings, through feedparser: slow, and forgiving like nothing else."""

from __future__ import annotations

import re
from typing import Any

from monitor.sources.raw import RawEntry, RawFeed

_ENTITY = re.compile(r"<!ENTITY\s+(%?)\s*\S+\s+(?:\"([^\"]*)\"|'([^']*)')", re.I)
_ODD_TYPE = re.compile(
    r"(<(?:[\w.-]+:)?(?:title|description|summary|content|subtitle|tagline)\b[^<>]{0,200}?)\s+type\s*=\s*(?:\"(?!text\"|html\"|xhtml\")[^\"/]*\"|'(?!text'|html'|xhtml')[^'/]*')",
    re.I,
)
_OUTSIDE = re.compile(r"<!ENTITY\s+(?:%\s*)?\S+\s+(?:SYSTEM|PUBLIC)\b", re.I)
_MAX_ENTITY = 1_000
_MAX_ENTITIES = 300


class Refused(Exception):
    """The document is built to cost more than it says, or beyond what feedparser can read."""


def read(text: str) -> tuple[RawFeed | None, str | None]:
    """The feed - None if it is none - and what is wrong with it, None if nothing.

    Raises:
        Refused: its entities would expand beyond measure, or stand in other files; or feedparser fails at it.
    """
    import feedparser

    _refuse_bombs(text)
    try:
        document = feedparser.parse(
            # it takes a type that it does not know for base64, and Japanese text in it becomes nothing
            _ODD_TYPE.sub(r"\1", text).encode("utf-8", "replace"),
            # no address of the document: feedparser would make links of guids such as 7; links are made whole below
            response_headers={"content-type": "application/xml; charset=utf-8"},
            sanitize_html=False,  # texts become plain in normalise; measured: 37 -> 23 ms a feed
        )
    except Exception as error:  # it raises by itself, such as KeyError at a licence after the channel
        raise Refused(f"feedparser cannot read it ({type(error).__name__})") from error
    if not document.get("version"):
        return None, None
    problem = document.get("bozo_exception")
    is_damaged = document.get("bozo") and not isinstance(problem, feedparser.exceptions.CharacterEncodingOverride)
    feed = RawFeed(
        link=document.feed.get("link"),
        links=tuple((each.get("rel", ""), each.get("href", "")) for each in document.feed.get("links", ())),
        ttl=str(document.feed.get("ttl", "")),
        # an empty <item/> inside an item counts as an entry for feedparser
        entries=tuple(entry for each in document.entries if (entry := _entry(each)).says_something),
    )
    return feed, f"not well-formed ({problem})" if is_damaged else None


def _entry(found: Any) -> RawEntry:
    content = " ".join(part.get("value", "") for part in found.get("content", ()))
    # not found.get, which answers for "updated" with "published"
    dates = (dict.get(found, name) for name in ("published", "updated", "created"))
    return RawEntry(
        guid=found.get("id") or None,
        link=found.get("link"),
        title=found.get("title", ""),
        summary=found.get("summary", "") or content,
        dates=tuple(each for each in dates if isinstance(each, str) and each.strip()),
    )


def _refuse_bombs(text: str) -> None:
    """A harmless DOCTYPE with short entities passes; long, nested or countless ones do not.

    Source: the two attacks are "billion laughs" and "quadratic blowup" of defusedxml's documentation.
    """
    if "<!ENTITY" not in text[:200_000].upper():
        return
    if _OUTSIDE.search(text[:200_000]):
        raise Refused("declares entities that stand outside of it")
    entities = _ENTITY.findall(text[:200_000])
    for is_parameter, one, other in entities:
        value = one or other
        if is_parameter or len(value) > _MAX_ENTITY or re.search(r"&(?!#|amp;|lt;|gt;|quot;|apos;)", value):
            raise Refused("declares entities that expand")
    if len(entities) > _MAX_ENTITIES:
        raise Refused("declares too many entities")
