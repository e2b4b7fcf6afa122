"""Links of documents made whole."""

from __future__ import annotations

from urllib.parse import urljoin


def absolute(base: str, link: str | None) -> str | None:
    """The link, seen from the base (RFC 3986, section 5); None if there is none or it is no address. Never raises."""
    if not link or not link.strip():
        return None
    try:
        return urljoin(base, link.strip())
    except ValueError:  # such as http://[broken/1
        return None
