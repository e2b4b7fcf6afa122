"""The buttons under a message of ours in Slack: what they are called, what they carry, and how that is read back. Pure.

What comes back is checked: a value that this file did not write is none.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from typing import Any

from monitor.messages import Message, Verb

ACTION = "monitor"
"""What every action id and block id of ours begins with."""
# Source: Slack's Block Kit reference (actions, button, option objects).
MAX_VALUE = 2000
MAX_OPTION = 150
MAX_OPTIONS = 100
MAX_LABEL = 75

_ITEM = re.compile(r"I-[0-9A-Za-z]{1,40}")
_EVENT = re.compile(r"E-[0-9A-Za-z]{1,40}")
_THEME = re.compile(r"[0-9A-Za-z_-]{0,60}")
_OF_ITEM = {Verb.RELEVANT: "Relevant", Verb.NOT_RELEVANT: "Not relevant"}
_OF_EVENT = {Verb.MUTE: "Mute event 7 d", Verb.TIMELINE: "Timeline", Verb.CALENDAR: "Add to calendar"}
_PRESSED = {action.value: action for action in Verb if action is not Verb.COMMAND}


@dataclass(frozen=True, slots=True, kw_only=True)
class Pressed:
    """What an analyst pressed or chose."""

    verb: Verb
    item: str | None
    event: str | None
    value: str = ""  # of the menu: a theme's id, or "" for none of them


def actions(message: Message) -> dict[str, Any] | None:
    """The block with a message's buttons; None if analysts cannot answer it."""
    if not message.themes or not (message.item or message.event):
        return None
    value = value_of(message.item, message.event)
    elements: list[dict[str, Any]] = []
    if message.item:
        elements += [_button(verb, label, value) for verb, label in _OF_ITEM.items()]
        elements.append(_menu(message))
    if message.event:
        elements += [
            _button(verb, label, value) for verb, label in _OF_EVENT.items() if verb is not Verb.CALENDAR or message.has_dates
        ]
    return {"type": "actions", "block_id": block_id(message.key), "elements": elements}


def action_id(verb: Verb) -> str:
    """The id of a verb's button."""
    return f"{ACTION}:{verb.value}"


def block_id(key: str) -> str:
    """The id of the block under the message of a key: the same for ever, and no other message's."""
    return f"{ACTION}:{hashlib.sha256(key.encode('utf-8', 'surrogatepass')).hexdigest()[:32]}"


def value_of(item: str | None, event: str | None) -> str:
    """What a button carries."""
    return json.dumps({"i": item, "e": event}, separators=(",", ":"))


def option_of(theme: str, item: str | None, event: str | None) -> str:
    """What a choice of the menu carries, which may be far shorter than a button's value.

    Args:
        theme: its id; "": none of them.
    """
    return "|".join((theme, item or "", event or ""))


def parse(action: object, value: object) -> Pressed | None:
    """What was pressed; None if it is nothing of ours.

    Args:
        action: an action id, value: of the button or of the chosen option, as they come from outside.
    """
    if not isinstance(action, str) or not isinstance(value, str) or len(value) > MAX_VALUE:
        return None
    head, _, name = action.partition(":")
    verb = _PRESSED.get(name)
    if head != ACTION or verb is None:
        return None
    theme = ""
    item: object
    event: object
    if verb is Verb.THEME:
        parts = value.split("|")
        if len(parts) != 3 or not _THEME.fullmatch(parts[0]):
            return None
        theme, item, event = parts[0], parts[1] or None, parts[2] or None
    else:
        try:
            found = json.loads(value)
        except (ValueError, RecursionError):
            return None
        if not isinstance(found, dict):
            return None
        item, event = found.get("i"), found.get("e")
    if not _is_id(item, _ITEM) or not _is_id(event, _EVENT):
        return None
    return Pressed(
        verb=verb, item=item if isinstance(item, str) else None, event=event if isinstance(event, str) else None, value=theme
    )


def _is_id(found: object, form: re.Pattern[str]) -> bool:
    """True for an id of the form, and for none."""
    return found is None or (isinstance(found, str) and form.fullmatch(found) is not None)


def _button(verb: Verb, label: str, value: str) -> dict[str, Any]:
    return {"type": "button", "action_id": action_id(verb), "text": _plain(label), "value": value}


def _menu(message: Message) -> dict[str, Any]:
    chosen = [(theme, name) for theme, name in message.themes if len(option_of(theme, message.item, message.event)) <= MAX_OPTION]
    return {
        "type": "static_select",
        "action_id": action_id(Verb.THEME),
        "placeholder": _plain("Wrong theme"),
        "options": [
            {"text": _plain(name or theme), "value": option_of(theme, message.item, message.event)}
            for theme, name in (*chosen[: MAX_OPTIONS - 1], ("", "None of them"))
        ],
    }


def _plain(text: str) -> dict[str, Any]:
    short = text if len(text) <= MAX_LABEL else text[: MAX_LABEL - 1] + "…"
    return {"type": "plain_text", "text": short, "emoji": False}
