"""Messages to Slack through an incoming webhook: one address, one channel, no bot. Tells and forgets; nothing can be looked up.

The address is a secret: it stands in no error, no log and no repr. slack-sdk's own retries are off, and so is its log, which
would write the address.
"""

from __future__ import annotations

import http.client
import ipaddress
import re
import socket
import ssl
import urllib.error
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from slack_sdk.errors import SlackClientError
from slack_sdk.webhook import WebhookClient, WebhookResponse

from monitor.channels.blocks import MAX_TEXT, blocks, cut, escaped
from monitor.channels.mute import mute
from monitor.channels.retry_after import retry_after
from monitor.errors import ChannelError, ConfigError, MessageRefused
from monitor.messages import Message, Receipt

_HINTS = {
    "no_service": "The webhook was removed; make a new one and set its address",
    "no_active_hooks": "The webhook was switched off; make a new one and set its address",
    "no_team": "The workspace is gone; make a new webhook and set its address",
    "team_disabled": "The workspace is switched off",
    "invalid_token": "Check the webhook's address",
    "channel_not_found": "Its channel is gone; make a new webhook and set its address",
    "channel_is_archived": "Its channel is archived; make a webhook for another one",
    "action_prohibited": "An administrator forbids it; ask for the right to post",
    "posting_to_general_channel_denied": "An administrator forbids posts to this channel",
    "user_not_found": "Who made the webhook has left; make a new one and set its address",
}
_WORD = re.compile(r"[a-z][a-z_]{2,59}")
"""How Slack answers: one word of plain text. Anything else comes from something in between."""


class SlackWebhook:
    """Posts to the channel of one incoming webhook.

    Args:
        url: the webhook's address, all of it secret; https, but for this machine.
        name: as feeds.yaml calls it, for errors.
        min_gap: seconds between two messages.

    Raises:
        ConfigError: the address is none.
    """

    can_look = False
    can_edit = False

    def __init__(self, url: str, *, name: str, min_gap: float, timeout: int = 30) -> None:
        self.min_gap = min_gap
        self._subject = f"slack-webhook:{name}"
        if not _is_safe(url):
            raise ConfigError(
                "its address is not https", subject=self._subject, hint="Set what Slack shows: https://hooks.slack.com/services/…"
            )
        self._client = WebhookClient(url, timeout=timeout, retry_handlers=[], logger=mute)

    def send(self, message: Message) -> Receipt:
        """Post the message (see Channel); Slack gives a webhook no id, so that the receipt's is made of the key."""
        problem = self._problem(self._posted(message))
        if problem is not None:
            raise problem  # here, where no error hangs on it that could quote the address
        return Receipt(remote_id=f"{self._subject}:{message.key}")

    def find(self, message: Message, since: float) -> Receipt | None:
        """None: a webhook can only post."""
        del message, since
        return None

    def edit(self, message: Message, remote_id: str) -> None:
        """Never asked for: a webhook can only post."""
        raise NotImplementedError

    def _posted(self, message: Message) -> WebhookResponse | Exception:
        try:
            return self._client.send_dict(_payload(message))
        except (OSError, http.client.HTTPException, SlackClientError, ValueError, LookupError) as error:
            return error

    def _problem(self, answer: WebhookResponse | Exception) -> ChannelError | MessageRefused | None:
        """What an answer, or its failure, means; None if the message was taken."""
        if isinstance(answer, Exception):
            cause = answer.reason if isinstance(answer, urllib.error.URLError) else answer
            if isinstance(cause, ConnectionRefusedError | socket.gaierror | ssl.SSLCertVerificationError):
                return ChannelError(f"Slack cannot be reached ({type(cause).__name__})", subject=self._subject)
            return ChannelError(f"no answer from Slack ({type(cause).__name__})", subject=self._subject, is_ambiguous=True)
        status, word = answer.status_code, answer.body.strip()
        if status == 200 and word == "ok":
            return None
        if status == 429:
            wait = retry_after(answer.headers)
            return ChannelError("Slack asks for patience (429)", subject=self._subject, retry_after=wait)
        if 400 <= status < 500 and status not in (408, 425) and _WORD.fullmatch(word):
            return MessageRefused(f"Slack says {word}", subject=self._subject, hint=_HINTS.get(word))
        # a server error, or an answer that is not Slack's: where it is no refusal the message may be there all the same
        is_refusal = 300 <= status < 500
        return ChannelError(f"no answer of Slack's (HTTP {status})", subject=self._subject, is_ambiguous=not is_refusal)


def _payload(message: Message) -> dict[str, Any]:
    """The message as Slack takes it: without what needs a bot, that is threads and buttons."""
    alone = replace(message, thread=None, is_broadcast=False, themes=(), has_dates=False)
    return {
        "text": cut(escaped(alone.text), MAX_TEXT - 1),
        "blocks": blocks(alone),
        "unfurl_links": False,
        "unfurl_media": False,
    }


def _is_safe(url: str) -> bool:
    """True if nobody on the way can read the address: https, or http on this machine."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        has_port = parts.port != 0
    except ValueError:
        return False
    if not host or not has_port or not url.isascii() or not url.isprintable() or " " in url or parts.username is not None:
        return False
    if parts.scheme == "https":
        return True
    try:
        return parts.scheme == "http" and (host == "localhost" or ipaddress.ip_address(host).is_loopback)
    except ValueError:
        return False
