"""The kinds of documents that we read, and how each becomes entries. Parsing is pure; only web.py touches the network.

A new source type is one file with `parse` and one line in TYPES.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

from monitor.items import Fetched, Parsed, Source
from monitor.sources import federal_register, feed, listing
from monitor.sources.decode import to_text

Parser = Callable[[Source, Fetched], Parsed]
"""Entries of a document of the source. Raises ParseError: not what the type promises."""

TYPES: Mapping[str, Parser] = {
    "feed": feed.parse,
    "federal_register": federal_register.parse,
    "listing": listing.parse,
}


def guess_type(fetched: Fetched) -> str:
    """The type to read a document as when nobody says: federal_register if it answers like that API, else feed."""
    if fetched.body.lstrip()[:1] == b"{":
        try:
            if federal_register.is_answer(json.loads(to_text(fetched.body, fetched.content_type))):
                return "federal_register"
        except (ValueError, RecursionError):
            pass
    return "feed"
