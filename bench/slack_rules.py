"""What Slack refuses, and what a careful sender never sends: a list of objections to a message. Pure.

Source: Slack's reference of Block Kit and of chat.postMessage; limits as published.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

_MENTION = re.compile(r"<!(?:channel|here|everyone|subteam\^)|<@[UW][A-Z0-9]+")
_LINK = re.compile(r"<([^<>|\s]+)\|([^<>]*)>")
_HOST = re.compile(r"(?:[\w-]+\.)+[a-z]{2,}", re.IGNORECASE)
_BLOCKS = frozenset("section header context actions divider image rich_text markdown".split())
MAX_BLOCKS = 50
MAX_TEXT = 4000
MAX_ALL = 13_000


def refused(payload: Mapping[str, Any]) -> list[str]:
    """Why Slack would not take a message; empty if it would."""
    blocks = payload.get("blocks") or []
    if not isinstance(blocks, list) or len(blocks) > MAX_BLOCKS:
        return ["blocks: not a list of at most 50"]
    found = [wrong for place, block in enumerate(blocks) for wrong in _of_block(block, f"blocks/{place}")]
    if not str(payload.get("text") or "").strip() and not blocks:
        found.append("no_text")
    if len(str(payload.get("text") or "")) > 40_000:
        found.append("msg_too_long")
    if "\x00" in "".join(texts(payload)):
        found.append("NUL in a text")
    return found


def unwise(payload: Mapping[str, Any]) -> list[str]:
    """What Slack takes, but nobody should send: mentions, links under another's name, unfurling, no plain text."""
    found = []
    marked = list(_marked(payload))
    if any(_MENTION.search(text) for text in marked):
        found.append("mention")
    for address, label in (pair for text in marked for pair in _LINK.findall(text)):
        shown = _HOST.search(label)
        if not address.startswith(("http://", "https://", "mailto:", "slack:")):
            found.append("link of another kind")
        elif shown is not None and shown.group().lower() not in address.lower():
            found.append("masked link")
    if not str(payload.get("text") or "").strip():
        found.append("no plain text")
    if len(str(payload.get("text") or "")) > MAX_TEXT or sum(map(len, texts(payload.get("blocks") or []))) > MAX_ALL:
        found.append("longer than is safe")
    if any(_is_on(payload.get(name, True)) for name in ("unfurl_links", "unfurl_media")) or _is_on(payload.get("link_names")):
        found.append("unfurling or names")
    return sorted(set(found))


def texts(value: object) -> Iterator[str]:
    """Every text of a message that a reader sees."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            if name not in ("type", "block_id", "action_id", "style", "url", "image_url", "value", "metadata", "ts", "channel"):
                yield from texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from texts(inner)


def _marked(payload: Mapping[str, Any]) -> Iterator[str]:
    """Texts that Slack reads as markup."""
    yield str(payload.get("text") or "")
    waiting: list[Any] = list(payload.get("blocks") or [])
    while waiting:
        part = waiting.pop()
        if isinstance(part, list):
            waiting += part
        elif isinstance(part, Mapping):
            if part.get("type") == "mrkdwn":
                yield str(part.get("text") or "")
            if part.get("type") in ("user", "usergroup", "broadcast"):
                yield "<!channel>"
            waiting += part.values()


def _of_block(block: object, where: str) -> Iterator[str]:
    if not isinstance(block, Mapping) or block.get("type") not in _BLOCKS:
        yield f"{where}: no block that Slack knows"
        return
    if len(str(block.get("block_id") or "")) > 255:
        yield f"{where}: block_id too long"
    match block["type"]:
        case "header":
            yield from _text(block.get("text"), 150, where, is_plain=True)
        case "section":
            if "text" not in block and "fields" not in block:
                yield f"{where}: neither text nor fields"
            if "text" in block:
                yield from _text(block["text"], 3000, where)
            yield from _some(block.get("fields"), 10, where, is_needed=False)
            for each in block.get("fields") or []:
                yield from _text(each, 2000, where)
            if "accessory" in block:
                yield from _element(block["accessory"], where)
        case "context":
            yield from _some(block.get("elements"), 10, where)
            for each in block.get("elements") or []:
                yield from _element(each, where)
        case "actions":
            yield from _some(block.get("elements"), 25, where)
            for each in block.get("elements") or []:
                yield from _element(each, where)
        case "image":
            yield from _image(block, where)


def _element(element: object, where: str) -> Iterator[str]:
    if not isinstance(element, Mapping):
        yield f"{where}: an element is no object"
        return
    match element.get("type"):
        case "button":
            yield from _text(element.get("text"), 75, where, is_plain=True)
            if len(str(element.get("url") or "")) > 3000 or len(str(element.get("value") or "")) > 2000:
                yield f"{where}: button too long"
        case "image":
            yield from _image(element, where)
        case "mrkdwn" | "plain_text":
            yield from _text(element, 3000, where)


def _image(part: Mapping[str, Any], where: str) -> Iterator[str]:
    if not (part.get("image_url") or part.get("slack_file")) or not isinstance(part.get("alt_text"), str):
        yield f"{where}: image without address or alt_text"
    elif len(str(part.get("image_url") or "")) > 3000 or len(part["alt_text"]) > 2000:
        yield f"{where}: image too long"


def _text(part: object, most: int, where: str, *, is_plain: bool = False) -> Iterator[str]:
    if not isinstance(part, Mapping) or part.get("type") not in (("plain_text",) if is_plain else ("plain_text", "mrkdwn")):
        yield f"{where}: no text object"
    elif not 1 <= len(str(part.get("text") or "")) <= most:
        yield f"{where}: text not of 1 to {most} characters"


def _some(parts: object, most: int, where: str, *, is_needed: bool = True) -> Iterator[str]:
    if parts is None and not is_needed:
        return
    if not isinstance(parts, list) or not 1 <= len(parts) <= most:
        yield f"{where}: not 1 to {most} parts"


def _is_on(value: object) -> bool:
    return str(value).lower() not in ("none", "0", "false", "")
