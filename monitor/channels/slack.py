"""Messages to Slack with a bot token: posts, looks for what it posted, brings it up to date (what they say: channels.blocks).

slack-sdk's own retries are off: by default it repeats a post whose answer was lost, and so tells it twice (docs/decisions/0007).
"""

from __future__ import annotations

import http.client
import re
import socket
import urllib.error
from typing import Any

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError

from monitor.channels.actions import actions
from monitor.channels.blocks import MAX_TEXT, blocks, cut, escaped
from monitor.channels.mute import mute
from monitor.channels.retry_after import retry_after
from monitor.errors import ChannelError, MessageGone, MessageRefused
from monitor.messages import Message, Receipt

EVENT_TYPE = "monitor_message"

_TEMPORARY = frozenset(
    "internal_error fatal_error service_unavailable request_timeout team_added_to_org accesslimited message_limit_exceeded".split()
)
"""Answers that Slack itself calls temporary. Every other name is a refusal that no repetition changes: one that we have never heard of
would hold its channel for ever. Source: Slack, chat.postMessage, errors."""
_GONE = frozenset({"message_not_found", "thread_not_found", "cannot_reply_to_message"})
"""The message to edit, or to answer, was deleted."""
_HINTS = {
    "channel_not_found": "Check the name in feeds.yaml",
    "not_in_channel": "Invite the bot: /invite @monitor",
    "is_archived": "Choose another channel in feeds.yaml",
    "invalid_auth": "Check SLACK_BOT_TOKEN",
    "token_revoked": "Make a new token and set SLACK_BOT_TOKEN",
    "missing_scope": "The bot needs chat:write, channels:read and channels:history",
}
_NAME = re.compile(r"^[a-z0-9_.-]{1,60}$")
"""How Slack names an error; anything else is the page of somebody on the way."""


class Slack:
    """Posts through the Web API.

    Args:
        api_url: https://slack.com/api/ or another installation's; ends with a slash.
        min_gap: seconds between two messages to one channel.
    """

    can_look = True
    can_edit = True

    def __init__(self, token: str, *, api_url: str = "https://slack.com/api/", min_gap: float = 1.0, timeout: int = 30) -> None:
        self.min_gap = min_gap
        self._client = WebClient(token=token, base_url=api_url, timeout=timeout, retry_handlers=[], logger=mute)
        self._ids: dict[str, str] = {}

    def send(self, message: Message) -> Receipt:
        """Post the message (see Channel)."""
        with _Translated(message.address):
            answer = self._client.chat_postMessage(
                channel=message.address,
                thread_ts=message.thread,
                reply_broadcast=message.is_broadcast and message.thread is not None,
                link_names=False,
                **self._said(message),
            )
        place = str(answer.get("channel") or "") or None
        if place:
            self._ids[message.address] = place
        return Receipt(remote_id=str(answer["ts"]), place=place)

    def edit(self, message: Message, remote_id: str) -> None:
        """Make a message say what it says now (see Channel)."""
        with _Translated(message.address):
            self._client.chat_update(channel=self._id_of(message.address), ts=remote_id, **self._said(message))

    def _said(self, message: Message) -> dict[str, Any]:
        return {
            "text": cut(escaped(message.text), MAX_TEXT - 1),
            "blocks": blocks(message, actions(message)),
            "unfurl_links": False,
            "unfurl_media": False,
            "metadata": {"event_type": EVENT_TYPE, "event_payload": {"key": message.key}},
        }

    def find(self, message: Message, since: float) -> Receipt | None:
        """Look for a message of the same key in the channel, or in its thread (see Channel)."""
        with _Translated(message.address):
            channel = self._id_of(message.address)
            cursor: str | None = None
            for _ in range(10):
                if message.thread is None:
                    page = self._client.conversations_history(
                        channel=channel, oldest=f"{since:.6f}", include_all_metadata=True, limit=200, cursor=cursor
                    )
                else:
                    page = self._client.conversations_replies(
                        channel=channel, ts=message.thread, include_all_metadata=True, limit=200, cursor=cursor
                    )
                for found in page.get("messages") or ():
                    payload = (found.get("metadata") or {}).get("event_payload") or {}
                    if payload.get("key") == message.key:
                        return Receipt(remote_id=str(found["ts"]), place=channel)
                cursor = (page.get("response_metadata") or {}).get("next_cursor") or None
                if cursor is None:
                    return None
        return None

    def _id_of(self, address: str) -> str:
        """Reading a channel takes its id where posting takes its name."""
        if address in self._ids or not address.startswith("#"):
            return self._ids.get(address, address)
        cursor: str | None = None
        while True:
            page = self._client.conversations_list(
                limit=500, cursor=cursor, exclude_archived=True, types="public_channel,private_channel"
            )
            for channel in page.get("channels") or ():
                self._ids["#" + str(channel.get("name"))] = str(channel.get("id"))
            cursor = (page.get("response_metadata") or {}).get("next_cursor") or None
            if address in self._ids or cursor is None:
                return self._ids.get(address, address)


class _Translated:
    """Turns slack-sdk's and the network's errors into ours."""

    def __init__(self, address: str) -> None:
        self._subject = f"slack:{address}"

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if isinstance(error, SlackApiError):
            raise self._of_answer(error) from error
        if isinstance(error, urllib.error.URLError) and isinstance(error.reason, ConnectionRefusedError | socket.gaierror):
            raise ChannelError("Slack cannot be reached", subject=self._subject) from error
        if isinstance(error, OSError | http.client.HTTPException | SlackClientError | ValueError):
            raise ChannelError(
                f"no answer from Slack ({type(error).__name__})", subject=self._subject, is_ambiguous=True
            ) from error

    def _of_answer(self, error: SlackApiError) -> ChannelError | MessageRefused:
        answer = error.response
        status = getattr(answer, "status_code", 0)
        data = answer.data if isinstance(getattr(answer, "data", None), dict) else {}
        name = str(data.get("error") or "")
        name = name if _NAME.match(name) else ""
        if status == 429 or name in ("ratelimited", "rate_limited"):
            wait = retry_after(answer.headers)
            return ChannelError("Slack asks for patience (429)", subject=self._subject, retry_after=wait)
        if name in _GONE:
            return MessageGone(f"Slack says {name}", subject=self._subject)
        if status == 200 and name and name not in _TEMPORARY:
            return MessageRefused(f"Slack says {name}", subject=self._subject, hint=_HINTS.get(name))
        # A server error, a catastrophic one or an answer that is not Slack's: the message may be there all the same.
        return ChannelError(
            f"Slack says {name or f'HTTP {status}, and nothing of its own'}", subject=self._subject, is_ambiguous=True
        )
