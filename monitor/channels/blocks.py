"""Messages as Slack's Block Kit, within every limit; text of sources can neither mention nor mask a link. Pure.

Source of the limits: Slack's Block Kit reference; the sum is enforced though undocumented (slackapi/bolt-js#2509).
"""

from __future__ import annotations

import re
from typing import Any

from monitor.messages import Line, Message

MAX_BLOCKS = 50
MAX_HEADER = 150
MAX_SECTION = 3000
MAX_FIELDS = 10
MAX_FIELD = 2000
MAX_TEXT = 4000
MAX_ALL = 8000
MAX_URL = 1500
"""Addresses that are longer, once escaped, are not linked: they would take the room of the text."""
_LIST_SECTION = 2400
_HOST = re.compile(r"\.[^\W\d_]")
"""A dot before a letter of any script: part of every host, whatever stands around it."""


def escaped(text: str) -> str:
    """Text that Slack shows as it is: & < > escaped, so neither a link nor a mention. Source: Slack, Formatting text."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def blocks(message: Message, actions: dict[str, Any] | None = None) -> list[dict[str, Any]]:
    """The message in Block Kit.

    Args:
        actions: the block with its buttons; None: analysts cannot answer.
    """
    found = _opening(message) if message.thread is None else _answer(message)
    found += _list(message.lines)
    if message.fields:
        fields = [
            {"type": "mrkdwn", "text": cut(f"*{fitted(name, 100)}*\n{fitted(value, 400)}", MAX_FIELD)}
            for name, value in message.fields[:MAX_FIELDS]
        ]
        found.append({"type": "section", "fields": fields})
    # who can press a button need not be told what to type
    context = [f"Why: {message.why}" if message.why else "", message.hint if message.thread is None and actions is None else ""]
    elements = [{"type": "mrkdwn", "text": fitted(text, 600)} for text in context if text]
    if elements:
        found.append({"type": "context", "elements": elements})
    if actions is not None:
        found.append(actions)
    return found[:MAX_BLOCKS]


def _opening(message: Message) -> list[dict[str, Any]]:
    """A message of its own; the title is not said twice where the header holds all of it."""
    header = {"type": "header", "text": {"type": "plain_text", "text": cut(message.headline, MAX_HEADER), "emoji": False}}
    is_said = bool(message.byline) and len(message.headline) <= MAX_HEADER and message.title in message.headline
    byline = fitted(message.byline, 200)
    head = [linked(byline, message.url)] if is_said else [_title(message), byline]
    body = _body(message, 1500, head)
    return [header, section(body)] if body else [header]


def _answer(message: Message) -> list[dict[str, Any]]:
    """An answer in a thread: who reports, what is new, the title if it says something else than the first."""
    return [section(_body(message, 800, [_headline(message), _title(message)]))]


def _headline(message: Message) -> str:
    """Who reports; linked where there is no title to carry the link."""
    who = fitted(message.headline, 200)
    return f"*{who}*" if message.title or not message.url else linked(who, message.url)


def _title(message: Message) -> str:
    return linked(fitted(message.title, 500), message.url) if message.title else ""


def _body(message: Message, limit: int, head: list[str]) -> str:
    """What is new, who says so under which title, and how the text begins."""
    head = [*([f"*{fitted(message.news, 200)}*"] if message.news else []), *head]
    room = MAX_SECTION - sum(map(len, head)) - 10
    return "\n".join(part for part in (*head, fitted(message.extract, min(limit, room))) if part)


def _list(lines: tuple[Line, ...]) -> list[dict[str, Any]]:
    """Titles of a list, as few sections as hold them."""
    found: list[str] = []
    for each in lines:
        note = f" — {fitted(each.note, 150)}" if each.note else ""
        text = f"• {linked(fitted(each.title, 300), each.url)}{note}"
        if found and len(found[-1]) + len(text) < _LIST_SECTION:
            found[-1] += "\n" + text
        elif sum(map(len, found)) + len(text) < MAX_ALL - 1000:
            found.append(text)
    return [section(each) for each in found]


def section(text: str) -> dict[str, Any]:
    """A section of marked-up text."""
    return {"type": "section", "text": {"type": "mrkdwn", "text": cut(text, MAX_SECTION)}}


def linked(title: str, url: str | None) -> str:
    """The title (escaped already) as a link; the plain title, with the address beside it, if it reads like another address."""
    address = (url or "").replace("&", "&amp;")
    if not address or len(address) > MAX_URL or "|" in address or ">" in address or "<" in address:
        return title
    if "://" in title or _looks_like_host(title):
        return f"{title}\n<{address}>"
    return f"<{address}|{title.replace('|', '¦')}>"


def _looks_like_host(text: str) -> bool:
    """True if a reader could take a part of the text for an address: a.example/login, x@a.example."""
    return _HOST.search(text) is not None


def fitted(text: str, limit: int) -> str:
    """Escaped, and at most `limit` characters long after that, without a cut in the middle of an escape."""
    if limit < 1:
        return ""
    shorter = escaped(text)
    keep = min(len(text), limit)
    while len(shorter) > limit:
        keep = keep * 9 // 10
        shorter = escaped(text[:keep]) + "…"
    return shorter


def cut(text: str, limit: int) -> str:
    """At most `limit` characters; … marks a cut."""
    return text if len(text) <= limit else text[: limit - 1] + "…"
