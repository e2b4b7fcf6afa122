"""Links of documents made whole."""

from __future__ import annotations

import re
from urllib.parse import urljoin

_WHOLE = re.compile(r"https?://[A-Za-z0-9.-]+(?::\d+)?/[\w!$&'()*+,;=:@/?%~.-]*\Z", re.ASCII)
"""An address that joining would leave as it is."""


def absolute(base: str, link: str | None) -> str | None:
    """The link, seen from the base (RFC 3986, section 5); None if there is none or it is no address. Never raises."""
    if not link or not link.strip():
        return None
    if _WHOLE.match(link):
        return link
    try:
        return urljoin(base, link.strip())
    except ValueError:  # such as http://[broken/1
        return None
