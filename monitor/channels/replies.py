"""Answers to analysts as Slack takes them, within every limit; text of others can neither mention nor mask a link. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from monitor.channels.blocks import escaped
from monitor.messages import Line

# Source: Slack's Block Kit reference; the sum is enforced though undocumented (slackapi/bolt-js#2509).
MAX_BLOCKS = 50
MAX_SECTION = 3000
MAX_ALL = 12_500
MAX_TEXT = 3500
MAX_URL = 2000
_TITLE = 300
_NOTE = 400


def ephemeral(text: str, lines: Sequence[Line] = ()) -> dict[str, Any]:
    """An answer as `text`, for notifications, and `blocks`."""
    sections = _pieces(escaped(text), MAX_SECTION)
    for line in map(_shown, lines):
        if len(sections) > 1 and len(sections[-1]) + len(line) < MAX_SECTION:
            sections[-1] += f"\n{line}"
        else:
            sections.append(line)
    blocks: list[dict[str, Any]] = []
    room = MAX_ALL
    for section in sections[: MAX_BLOCKS - 1]:
        if len(section) > room:
            blocks.append(_section("…"))
            break
        room -= len(section)
        blocks.append(_section(section))
    return {"text": _fitted(text, MAX_TEXT), "blocks": blocks}


def short(text: str) -> dict[str, Any]:
    """An answer without a list, as the payload of an acknowledgement."""
    return {"response_type": "ephemeral", "text": _fitted(text, MAX_TEXT), "unfurl_links": False, "unfurl_media": False}


def _shown(line: Line) -> str:
    """A title, what is to know of it, and a link that is called so: a title of others never covers an address."""
    note = f" — {_fitted(line.note, _NOTE)}" if line.note else ""
    return f"• {_fitted(line.title, _TITLE)}{note}{_link(line.url)}"


def _link(url: str | None) -> str:
    if not url or len(url) > MAX_URL or any(sign in url for sign in "<>|") or not url.startswith(("http://", "https://")):
        return ""
    return f" · <{url.replace('&', '&amp;')}|open>"


def _section(text: str) -> dict[str, Any]:
    # verbatim: Slack looks for no address, channel or name in it
    return {"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True}}


def _pieces(text: str, limit: int) -> list[str]:
    """Escaped text in pieces of at most `limit` characters, no escape cut in two; at least one piece, none empty."""
    found = []
    while len(text) > limit:
        at = limit
        amp = text.rfind("&", limit - 5, limit)
        if amp > 0 and ";" not in text[amp:limit]:
            at = amp
        found.append(text[:at])
        text = text[at:]
    return [*found, text or "…"]


def _fitted(text: str, limit: int) -> str:
    """Escaped, and at most `limit` characters long after that."""
    shown = escaped(text)
    return shown if len(shown) <= limit else _pieces(shown, limit - 1)[0] + "…"
