"""The text of an article's page, without menus, banners and footers. Never fetches."""

from __future__ import annotations

from monitor.items import Fetched
from monitor.normalise import clean
from monitor.sources.decode import xml_text

MAX_PAGE = 3_000_000
"""Characters of a page that are looked at."""
MAX_TEXT = 20_000
"""Characters of its text that are kept; judgement reads them in the program's own process."""
_SHORT = "80"
"""Characters from which on a text counts as found: a notice in Japanese or Chinese says all in so few."""


def text_of(fetched: Fetched) -> str:
    """The main text, a line a paragraph; "" if the page has none. Raises nothing of its own: what cannot be read has no text."""
    import trafilatura
    from trafilatura.settings import use_config

    config = use_config()
    for name in ("MIN_EXTRACTED_SIZE", "MIN_OUTPUT_SIZE"):
        config.set("DEFAULT", name, _SHORT)
    page = xml_text(fetched.body, fetched.content_type)[:MAX_PAGE]
    found = trafilatura.extract(page, url=fetched.url, include_comments=False, include_tables=True, fast=True, config=config)
    lines = (clean(line) for line in (found or "").splitlines())
    return "\n".join(line for line in lines if line)[:MAX_TEXT]
