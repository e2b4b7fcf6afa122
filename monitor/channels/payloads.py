"""What Slack says that somebody pressed or typed, as requests. Pure; takes any JSON, and makes nothing of what is not ours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from monitor.channels import actions
from monitor.messages import Request, Verb


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request as it came."""

    request: Request
    is_in_thread: bool = False  # the message has answers: Slack shows what is said to one person only in a thread that there is


def asked(kind: object, payload: object) -> Asked | None:
    """What an envelope asks; None if it is nothing of ours."""
    if not isinstance(payload, dict):
        return None
    if kind == "slash_commands":
        return _typed(payload)
    if kind == "interactive" and payload.get("type") == "block_actions":
        return _pressed(payload)
    return None


def _typed(payload: dict[str, Any]) -> Asked | None:
    user, place = _text(payload, "user_id"), _text(payload, "channel_id")
    if not user or not place or not _text(payload, "command"):
        return None
    return Asked(
        request=Request(
            verb=Verb.COMMAND,
            user=user,
            name=_text(payload, "user_name"),
            place=place,
            address=f"slack:#{_text(payload, 'channel_name')}",
            value=_unescaped(_text(payload, "text")),
        )
    )


def _pressed(payload: dict[str, Any]) -> Asked | None:
    user = _text(payload, "user", "id")
    place = _text(payload, "channel", "id") or _text(payload, "container", "channel_id")
    pressed = payload.get("actions")
    if not user or not place or not isinstance(pressed, list) or not pressed:
        return None
    each = pressed[0]  # Slack sends one at a time
    meant = actions.parse(_text(each, "action_id"), _text(each, "selected_option", "value") or _text(each, "value"))
    if meant is None:
        return None
    thread = _text(payload, "message", "thread_ts") or _text(payload, "container", "thread_ts")
    return Asked(
        request=Request(
            verb=meant.verb,
            user=user,
            name=_text(payload, "user", "name") or _text(payload, "user", "username"),
            place=place,
            address=f"slack:#{_text(payload, 'channel', 'name')}",
            item=meant.item,
            event=meant.event,
            value=meant.value,
            thread=thread or _text(payload, "message", "ts") or _text(payload, "container", "message_ts") or None,
        ),
        is_in_thread=bool(thread),
    )


def _text(found: object, *names: str) -> str:
    """The text at a place of a payload; "" if there is none."""
    for name in names:
        found = found.get(name) if isinstance(found, dict) else None
    return found if isinstance(found, str) else ""


def _unescaped(text: str) -> str:
    """What was typed: Slack hands it on with these three escaped."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
