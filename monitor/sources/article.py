"""The text of an article's page, without menus, banners and footers. Never fetches."""

from __future__ import annotations

from monitor.items import Fetched
from monitor.sources.decode import to_text

MAX_PAGE = 3_000_000
"""Characters of a page that are looked at."""


def text_of(fetched: Fetched) -> str:
    """The main text; "" if the page has none. Raises nothing of its own: what cannot be read has no text."""
    import trafilatura

    page = to_text(fetched.body, fetched.content_type)[:MAX_PAGE]
    return trafilatura.extract(page, url=fetched.url, include_comments=False, include_tables=True, fast=True) or ""
