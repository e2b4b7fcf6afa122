"""The kinds of documents that we read, and how each becomes entries. Parsing is pure; only web.py touches the network.

A new source type is one file with `parse` and one line in TYPES.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
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


TYPES: Mapping[str, Parser] = {
    "feed": feed.parse,
    "federal_register": federal_register.parse,
    "listing": listing.parse,
    "json_api": _json_api,
    "sitemap": sitemap.parse,
}

_HISTORIES: Mapping[str, Callable[[Source, date, date], tuple[str, ...]]] = {"federal_register": federal_register.history}
"""Types that can be asked for a span of days."""


def history(source: Source, since: date, until: date) -> tuple[str, ...]:
    """Addresses that a backfill begins with, newest first; from each it goes on to Parsed.older. Empty: it cannot page back."""
    asked = _HISTORIES.get(source.type)
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
        type_: a key of TYPES; None: by its content.

    Raises:
        ParseError: nothing that can be read by itself.
    """
    found = type_ or guess_type(fetched)
    return TYPES[found](Source(id=name, name=name, type=found, url=fetched.url), fetched)
