"""What Slack says that somebody pressed or typed, as requests. Pure; takes any JSON, and makes nothing of what is not ours."""

from __future__ import annotations

from typing import Any

from monitor.channels import actions
from monitor.messages import Request, Verb


def requests(kind: object, payload: object) -> list[Request]:
    """What an envelope asks; [] if it is nothing of ours."""
    if not isinstance(payload, dict):
        return []
    if kind == "slash_commands":
        return _typed(payload)
    if kind == "interactive" and payload.get("type") == "block_actions":
        return _pressed(payload)
    return []


def _typed(payload: dict[str, Any]) -> list[Request]:
    user, place = _text(payload, "user_id"), _text(payload, "channel_id")
    if not user or not place or not _text(payload, "command"):
        return []
    return [
        Request(
            verb=Verb.COMMAND,
            user=user,
            name=_text(payload, "user_name"),
            place=place,
            address=f"slack:#{_text(payload, 'channel_name')}",
            value=_unescaped(_text(payload, "text")),
        )
    ]


def _pressed(payload: dict[str, Any]) -> list[Request]:
    user = _text(payload, "user", "id")
    place = _text(payload, "channel", "id") or _text(payload, "container", "channel_id")
    pressed = payload.get("actions")
    if not user or not place or not isinstance(pressed, list):
        return []
    thread = (
        _text(payload, "message", "thread_ts")
        or _text(payload, "container", "thread_ts")
        or _text(payload, "message", "ts")
        or _text(payload, "container", "message_ts")
    )
    found = []
    for each in pressed[:1]:  # Slack sends one at a time
        value = _text(each, "selected_option", "value") or _text(each, "value")
        meant = actions.parse(_text(each, "action_id"), value)
        if meant is not None:
            found.append(
                Request(
                    verb=meant.verb,
                    user=user,
                    name=_text(payload, "user", "name") or _text(payload, "user", "username"),
                    place=place,
                    address=f"slack:#{_text(payload, 'channel', 'name')}",
                    item=meant.item,
                    event=meant.event,
                    value=meant.value,
                    thread=thread or None,
                )
            )
    return found


def _text(found: object, *names: str) -> str:
    """The text at a place of a payload; "" if there is none."""
    for name in names:
        found = found.get(name) if isinstance(found, dict) else None
    return found if isinstance(found, str) else ""


def _unescaped(text: str) -> str:
    """What was typed: Slack hands it on with these three escaped."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
