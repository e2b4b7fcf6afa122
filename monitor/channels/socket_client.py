"""The library's Socket Mode client, with its edges taken off: it never sleeps, spins or speaks in the clear, and says no secret."""

from __future__ import annotations

import contextlib
import http.client
import json
import logging
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.socket_mode.builtin import SocketModeClient
from slack_sdk.socket_mode.client import BaseSocketModeClient

from monitor.channels.mute import mute
from monitor.channels.retry_after import retry_after

log = logging.getLogger(__name__)

FAILURES = (SlackClientError, OSError, http.client.HTTPException, ValueError, TypeError, LookupError, AttributeError)
"""What a call to Slack may raise; the last four where the answer is not Slack's, or a token holds what no header may."""
_FINAL = frozenset(
    "invalid_auth not_authed account_inactive token_revoked token_expired not_allowed_token_type missing_scope no_permission"
    " org_login_required ekm_access_denied access_denied invalid_token team_access_not_granted".split()
)
"""Answers to a token that no repetition changes."""

Listener = Callable[[BaseSocketModeClient, dict[str, Any], str | None], None]


class Client(SocketModeClient):
    """The library's client: it moves when Slack asks it to, and leaves what breaks to the one above."""

    def __init__(
        self,
        app_token: str,
        web: WebClient,
        received: Listener,
    ) -> None:
        super().__init__(
            app_token=app_token,
            logger=mute,
            web_client=web,
            auto_reconnect_enabled=False,
            receive_buffer_size=1 << 16,  # the library recurs for each piece of a message
            concurrency=1,
        )
        self.message_workers = ThreadPoolExecutor(max_workers=1, thread_name_prefix="slack-received")
        self.message_listeners.append(received)
        self._wire: _Wire | None = None

    def try_to_connect(self) -> tuple[str, bool, float]:
        """Connect; "" or why not, whether that is for good, and the seconds that Slack asked to wait."""
        try:
            self.connect_to_new_endpoint()
        except FAILURES as error:
            cause, asked = cause_of(error)
            return cause, isinstance(error, SlackApiError) and cause in _FINAL, asked or 0.0
        return ("" if self.is_connected() else "no connection where Slack said"), False, 0.0

    def issue_new_wss_url(self) -> str:
        """Where to connect. Unlike the library's it never sleeps, and trusts no address that would be spoken to in the clear."""
        url = str(self.web_client.apps_connections_open(app_token=self.app_token)["url"])
        parts = urlsplit(url)
        # the library encrypts on port 443 alone, whatever the scheme
        if not (parts.scheme == "wss" and parts.port in (None, 443)) and parts.hostname not in ("127.0.0.1", "::1", "localhost"):
            raise ValueError("not an encrypted address")
        return url

    def connect(self) -> None:
        """Connect, with a socket that tells when it has ended."""
        super().connect()
        session = self.current_session
        if session is not None and session.sock is not None:
            self._wire = _Wire(session.sock)
            session.sock = self._wire  # type: ignore[assignment]
            # the library holds this while it waits for a byte, so that moving took three seconds in which nothing was heard
            session.sock_receive_lock = contextlib.nullcontext()  # type: ignore[assignment]

    def enqueue_message(self, message: str) -> None:
        """Pass on what is a JSON object."""
        try:
            is_object = isinstance(json.loads(message), dict)
        except (ValueError, RecursionError):
            is_object = False
        if is_object:
            super().enqueue_message(message)
        else:
            log.warning("ignored slack cause=%r characters=%d", "no JSON object", len(message))

    def disconnect(self) -> None:
        """Leave the connection; the library falls over its own feet if the other side leaves at the same moment."""
        with contextlib.suppress(AttributeError):
            super().disconnect()

    def close(self) -> None:
        """End at once; for good."""
        self.closed = True
        self.message_queue.put(None)
        super().close()

    def wake(self) -> None:
        """Let nobody wait for a byte on the connection any more."""
        if self._wire is not None:
            self._wire.end()


class _Wire:
    """A socket whose end is an error, and which sends all or fails. The library takes an empty read for patience, and spins on it."""

    def __init__(self, inner: socket.socket) -> None:
        self._inner = inner

    def recv(self, size: int) -> bytes:
        """Some bytes, at least one."""
        found = self._inner.recv(size)
        if not found:
            raise ConnectionResetError("the connection has ended")
        return found

    def send(self, data: bytes) -> int:
        """All of the bytes."""
        self._inner.sendall(data)
        return len(data)

    def end(self) -> None:
        """Nothing more is received or sent; who waits for a byte learns it."""
        with contextlib.suppress(OSError):
            self._inner.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Give the socket back, also from under somebody who waits for a byte."""
        self.end()
        self._inner.close()


def is_token(text: str) -> bool:
    """True if a text may stand in a header: Python's own refusal of another one repeats it, and so would tell a secret."""
    return bool(text) and text.isascii() and text.isprintable() and " " not in text


def cause_of(error: Exception) -> tuple[str, float | None]:
    """Why a call failed, in a word that holds no secret, and the seconds that Slack asked to wait; None if it did not."""
    if isinstance(error, SlackApiError):
        answer = error.response
        data = answer.data if isinstance(answer.data, dict) else {}
        name = str(data.get("error") or f"HTTP {answer.status_code}")[:60]
        if answer.status_code == 429 or name in ("ratelimited", "rate_limited"):
            return name, retry_after(answer.headers)
        return name, None
    if isinstance(error, OSError | http.client.HTTPException | SlackClientError):
        return f"no answer ({type(error).__name__})", None
    return f"no usable answer ({type(error).__name__})", None
