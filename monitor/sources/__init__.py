"""The kinds of documents that we read, and how each becomes entries. Parsing is pure; only web.py touches the network.

A new source type is one file with `parse` and one line in TYPES. Settings of its own are keys of `sections.py` and fields of
`items.Source`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass
from datetime import date

from monitor.items import Fetched, Parsed, Source
from monitor.sources import federal_register, feed, listing, sitemap
from monitor.sources.decode import to_text

_ROOT = re.compile(r"<(?![?!])(?:[\w.-]+:)?([A-Za-z][\w.-]*)")
"""The first element of a document."""

Parser = Callable[[Source, Fetched], Parsed]
"""Entries of a document of the source. Raises ParseError: not what the type promises."""


def _json_api(source: Source, fetched: Fetched) -> Parsed:
    from monitor.sources import json_api  # its library takes a tenth of a second to import; few sources need it

    return json_api.parse(source, fetched)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """What holds for every source of a type."""

    parse: Parser
    parse_anew: Callable[[Source, Fetched, Container[bytes]], Parsed] | None = None
    """As parse, without entries whose digests the last document had; None: it reads them all."""
    history: Callable[[Source, date, date], tuple[str, ...]] | None = None
    """Addresses that show a span of days, newest first; None: it cannot be asked for one."""
    is_read_alone: bool = True  # False: a document is nothing without settings of its source


TYPES: Mapping[str, Kind] = {
    "feed": Kind(parse=feed.parse, parse_anew=feed.parse),
    "federal_register": Kind(parse=federal_register.parse, history=federal_register.history),
    "listing": Kind(parse=listing.parse, is_read_alone=False),
    "json_api": Kind(parse=_json_api, is_read_alone=False),
    "sitemap": Kind(parse=sitemap.parse),
}


def history(source: Source, since: date, until: date) -> tuple[str, ...]:
    """Addresses that a backfill begins with, newest first; from each it goes on to Parsed.older. Empty: it cannot page back."""
    asked = TYPES[source.type].history
    return (source.url,) if asked is None else asked(source, since, until)


def guess_type(fetched: Fetched) -> str:
    """The type to read a document as when nobody says: federal_register, sitemap, or else feed."""
    if fetched.body.lstrip()[:1] == b"{":
        try:
            if federal_register.is_answer(json.loads(to_text(fetched.body, fetched.content_type))):
                return "federal_register"
        except (ValueError, RecursionError):
            pass
    root = _ROOT.search(to_text(fetched.body[:4096], fetched.content_type))
    return "sitemap" if root is not None and root[1].lower() in ("urlset", "sitemapindex") else "feed"


def parse(fetched: Fetched, name: str, type_: str | None = None) -> Parsed:
    """Entries of a document that belongs to no source.

    Args:
        name: what to call it in errors.
        type_: a key of TYPES that is read alone; None: by its content.

    Raises:
        ParseError: nothing that can be read by itself.
    """
    found = type_ or guess_type(fetched)
    return TYPES[found].parse(Source(id=name, name=name, type=found, url=fetched.url), fetched)
