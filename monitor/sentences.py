"""Cuts a text into sentences, of any script; the point of an abbreviation ends none. Pure; never raises."""

from __future__ import annotations

import re
from collections.abc import Iterator

LONGEST = 400
"""Characters of a sentence that are kept."""

_END = re.compile(r"[。!?！？;；\n]|\.(?=\s|$)")
_ABBREVIATION = re.compile(
    r"\b(?:Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec|Nos?|Inc|Ltd|Co|Corp|v|art|para|[ap]\.m|U\.S|[A-Z])\.$", re.I
)


def sentences(text: str) -> Iterator[tuple[int, str]]:
    """Each sentence with its place, in order; its length is as in the text."""
    start = 0
    for end in _END.finditer(text):
        if end.group() == "." and _ABBREVIATION.search(text, max(0, end.start() - 12), end.end()):
            continue
        yield start, text[start : end.end()]
        start = end.end()
    yield start, text[start:]


def sentence_at(text: str, place: int) -> str:
    """The sentence that holds a place, at most LONGEST characters of it."""
    found = ""
    for start, sentence in sentences(text):
        found = sentence
        if start + len(sentence) > place:
            break
    return found.strip()[:LONGEST]
