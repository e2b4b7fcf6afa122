"""Messages to Slack with a bot token. Keeps Slack's limits before sending; text of sources can neither mention nor mask a link.

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

from monitor.errors import ChannelError, MessageRefused
from monitor.messages import Message, Receipt

# Source: Slack's Block Kit reference; the sum is enforced though undocumented (slackapi/bolt-js#2509).
MAX_HEADER = 150
MAX_SECTION = 3000
MAX_FIELDS = 10
MAX_FIELD = 2000
MAX_TEXT = 4000
MAX_ALL = 8000
MAX_URL = 3000
EVENT_TYPE = "monitor_message"
_HOST = re.compile(r"\.[^\W\d_]")
"""A dot before a letter of any script: part of every host, whatever stands around it."""

_FATAL = frozenset(
    "channel_not_found not_in_channel is_archived channel_is_archived invalid_auth not_authed account_inactive token_revoked token_expired"
    " missing_scope no_permission restricted_action ekm_access_denied org_login_required invalid_blocks invalid_blocks_format"
    " invalid_arguments no_text msg_too_long msg_blocks_too_long invalid_metadata_format metadata_too_large user_is_bot"
    " not_allowed_token_type as_user_not_supported thread_locked messages_tab_disabled cannot_reply_to_message".split()
)
"""Answers that no repetition changes."""
_HINTS = {
    "channel_not_found": "Check the name in feeds.yaml",
    "not_in_channel": "Invite the bot: /invite @monitor",
    "is_archived": "Choose another channel in feeds.yaml",
    "invalid_auth": "Check SLACK_BOT_TOKEN",
    "token_revoked": "Make a new token and set SLACK_BOT_TOKEN",
    "missing_scope": "The bot needs chat:write, channels:read and channels:history",
}


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
        self._client = WebClient(token=token, base_url=api_url, timeout=timeout, retry_handlers=[])
        self._ids: dict[str, str] = {}

    def send(self, message: Message) -> Receipt:
        """Post the message (see Channel)."""
        with _Translated(message.address):
            answer = self._client.chat_postMessage(
                channel=message.address,
                text=escaped(message.text)[:MAX_TEXT],
                blocks=blocks(message),
                thread_ts=message.thread,
                unfurl_links=False,
                unfurl_media=False,
                link_names=False,
                metadata={"event_type": EVENT_TYPE, "event_payload": {"key": message.key}},
            )
        self._ids[message.address] = str(answer.get("channel") or message.address)
        return Receipt(remote_id=str(answer["ts"]))

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
                        return Receipt(remote_id=str(found["ts"]))
                cursor = (page.get("response_metadata") or {}).get("next_cursor") or None
                if cursor is None:
                    return None
        return None

    def edit(self, message: Message, remote_id: str) -> None:
        """Bring a message up to date (see Channel)."""
        raise NotImplementedError

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


def escaped(text: str) -> str:
    """Text that Slack shows as it is: & < > escaped, so neither a link nor a mention. Source: Slack, Formatting text."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def blocks(message: Message) -> list[dict[str, Any]]:
    """The message in Block Kit, within every limit."""
    found: list[dict[str, Any]] = []
    title = _fitted(message.title, 500)
    if message.thread is None:
        found.append(
            {"type": "header", "text": {"type": "plain_text", "text": _cut(message.headline, MAX_HEADER), "emoji": False}}
        )
        found.append(_section(f"{_linked(title, message.url)}\n{_fitted(message.extract, 1500)}".strip()))
    else:
        found.append(
            _section(
                f"*{_fitted(message.headline, 200)}*\n{_linked(title, message.url)}\n{_fitted(message.extract, 800)}".strip()
            )
        )
    if message.fields:
        fields = [
            {"type": "mrkdwn", "text": _cut(f"*{_fitted(name, 100)}*\n{_fitted(value, 400)}", MAX_FIELD)}
            for name, value in message.fields[:MAX_FIELDS]
        ]
        found.append({"type": "section", "fields": fields})
    context = [message.why, message.hint] if message.thread is None else [message.why]
    elements = [
        {"type": "mrkdwn", "text": _fitted(f"Why: {text}" if place == 0 else text, 600)}
        for place, text in enumerate(context)
        if text
    ]
    if elements:
        found.append({"type": "context", "elements": elements})
    return found


def _section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": _cut(text, MAX_SECTION)}}


def _linked(title: str, url: str | None) -> str:
    """The title (escaped already) as a link; the plain title, with the address beside it, if it reads like another address."""
    if not url or len(url) > MAX_URL or "|" in url or ">" in url or "<" in url:
        return title
    address = url.replace("&", "&amp;")
    if "://" in title or _looks_like_host(title):
        return f"{title}\n<{address}>"
    return f"<{address}|{title.replace('|', '¦')}>"


def _looks_like_host(text: str) -> bool:
    """True if a reader could take a part of the text for an address: a.example/login, x@a.example."""
    return _HOST.search(text) is not None


def _fitted(text: str, limit: int) -> str:
    """Escaped, and at most `limit` characters long after that, without a cut in the middle of an escape."""
    shorter = escaped(text)
    keep = min(len(text), limit)
    while len(shorter) > limit:
        keep = keep * 9 // 10
        shorter = escaped(text[:keep]) + "…"
    return shorter


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"


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
        if status == 429 or name in ("ratelimited", "rate_limited"):
            raw = {key.lower(): value for key, value in (answer.headers or {}).items()}.get("retry-after", "")
            wait = float(raw) if str(raw).isdigit() else 30.0
            return ChannelError("Slack asks for patience (429)", subject=self._subject, retry_after=wait)
        if name in _FATAL:
            return MessageRefused(f"Slack says {name}", subject=self._subject, hint=_HINTS.get(name))
        # A server error, a catastrophic one or an answer that is not Slack's: the message may be there all the same.
        return ChannelError(f"Slack says {name or f'HTTP {status}'}", subject=self._subject, is_ambiguous=True)
