"""Tells documents that would cost an XML parser more than their size says, before one sees them. Pure."""

from __future__ import annotations

import re

MAX_ATTRIBUTES = 2_000
"""Of one element; libxml2 compares each with all before it: 100,000 take 43 s, 2,000 hardly 0.1 s."""
_REST_OF_TAG = re.compile(r"[^\"'>]*(?:\"[^\"]*\"[^\"'>]*|'[^']*'[^\"'>]*)*")


def has_many_attributes(text: str) -> bool:
    """True if an element has more attributes than any feed's."""
    if text.count("=") <= MAX_ATTRIBUTES:
        return False
    # "<" stands in no attribute, so each part holds one tag and the text behind it
    for part in text.split("<"):
        if part.count("=") > MAX_ATTRIBUTES:
            tag = _REST_OF_TAG.match(part)
            if tag is not None and tag.group().count("=") > MAX_ATTRIBUTES:
                return True
    return False
