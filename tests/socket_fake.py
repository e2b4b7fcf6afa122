"""Slack's end of Socket Mode, on real sockets on loopback: a socket that hands out envelopes, and the Web API beside it."""

from __future__ import annotations

import http.server
import json
import logging
import socket
import threading
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

from fakes import _QuietServer, _reply, _start, _stop
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection, serve

APP_TOKEN = "xapp-test"
BOT_TOKEN = "xoxb-test"


class SocketFake:
    """Slack as a bot with buttons sees it.

    `moods` holds, by method, what its next calls meet: drop, ratelimit, http500, garbage, slow (until `release`), or an error.
    `retry_after` is what a ratelimit asks for.
    """

    def __init__(self) -> None:
        self.app_token = APP_TOKEN
        self.bot_token = BOT_TOKEN
        self.scopes: str | None = None  # of the bot token; None: Slack does not say
        self.channels: list[dict[str, Any]] = [{"id": "C1", "name": "econsec", "is_archived": False, "is_member": True}]
        self.page = 100  # channels on a page
        self.moods: dict[str, list[str]] = {}
        self.retry_after = "1"
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.acknowledged: dict[str, tuple[float, dict[str, Any] | None]] = {}  # by envelope: seconds it took, payload
        self.files: list[bytes] = []
        self.connections = 0  # ever opened
        self.release = threading.Event()
        self.wss_url: str | None = None  # said instead of the true one
        self._sent: dict[str, float] = {}
        self._open: list[ServerConnection] = []
        self._changed = threading.Condition()
        fake = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                path = urlsplit(self.path).path
                raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                if path.startswith("/upload/"):
                    fake.files.append(raw)
                    _reply(self, "OK")
                    return
                if "json" in (self.headers.get("Content-Type") or ""):
                    sent = json.loads(raw or b"{}")
                else:
                    query = urlsplit(self.path).query
                    sent = {name: values[0] for name, values in parse_qs(raw.decode() or query).items()}
                fake._call(self, path.removeprefix("/api/"), sent)

            do_GET = do_POST  # noqa: N815

            def log_message(self, *arguments: object) -> None:
                pass

        self._http = _QuietServer(("127.0.0.1", 0), Handler)
        self._base = f"http://127.0.0.1:{self._http.server_address[1]}"
        self.api_url = f"{self._base}/api/"
        _start(self._http)
        silent = logging.getLogger("socket_fake")
        silent.disabled = True
        self._socket = serve(self._converse, "127.0.0.1", 0, logger=silent)
        self._url = f"ws://127.0.0.1:{self._socket.socket.getsockname()[1]}/link/?ticket=SECRET-TICKET"
        threading.Thread(target=self._socket.serve_forever, daemon=True).start()

    # -- what a test does

    def wait(self, until: Callable[[], bool], seconds: float = 10.0) -> bool:
        """True as soon as something holds; False if it does not in time."""
        with self._changed:
            return self._changed.wait_for(until, timeout=seconds)

    def wait_connected(self, count: int = 1) -> bool:
        """True once so many connections were opened, and one is open."""
        return self.wait(lambda: self.connections >= count and bool(self._open))

    def envelope(self, kind: str, payload: object, envelope: str | None = None) -> str:
        """Hand out an envelope; its id."""
        name = envelope or f"envelope-{len(self._sent)}"
        self._sent[name] = time.monotonic()
        self.text(json.dumps({"type": kind, "envelope_id": name, "payload": payload, "accepts_response_payload": True}))
        return name

    def text(self, text: str) -> None:
        """Send any text."""
        self._open[-1].send(text)

    def press(self, action: str, value: str, *, envelope: str | None = None, **changes: object) -> str:
        """An analyst presses a button, or chooses from the menu."""
        chosen = {"selected_option": {"value": value}} if action.endswith(":theme") else {"value": value}
        payload = {
            "type": "block_actions",
            "user": {"id": "U1", "username": "mori", "name": "mori"},
            "channel": {"id": "C1", "name": "econsec"},
            "container": {"type": "message", "message_ts": "1700000000.000001", "channel_id": "C1"},
            "message": {"ts": "1700000000.000001"},
            "response_url": f"{self._base}/response/SECRET-URL",
            "actions": [{"action_id": action, "block_id": "monitor:x", **chosen}],
        }
        return self.envelope("interactive", payload | changes, envelope)

    def type(self, text: str, **changes: object) -> str:
        """An analyst types a slash command."""
        payload = {
            "command": "/monitor",
            "text": text,
            "user_id": "U1",
            "user_name": "mori",
            "channel_id": "C1",
            "channel_name": "econsec",
            "response_url": f"{self._base}/response/SECRET-URL",
        }
        return self.envelope("slash_commands", payload | changes)

    def refresh(self) -> None:
        """Ask the client to move to a new connection, as Slack does every few hours."""
        self.text(json.dumps({"type": "disconnect", "reason": "refresh_requested"}))

    def drop(self) -> None:
        """Cut the connection without a word."""
        self._open[-1].socket.shutdown(socket.SHUT_RDWR)

    def said(self) -> list[dict[str, Any]]:
        """What was said to analysts alone, in order."""
        return [sent for method, sent in self.calls if method == "chat.postEphemeral"]

    def wait_said(self, count: int) -> list[dict[str, Any]]:
        """What was said, once it is so much."""
        assert self.wait(lambda: len(self.said()) >= count), self.calls
        return self.said()

    def wait_acknowledged(self, envelope: str) -> tuple[float, dict[str, Any] | None]:
        """How soon an envelope was acknowledged, and with what."""
        assert self.wait(lambda: envelope in self.acknowledged)
        return self.acknowledged[envelope]

    def close(self) -> None:
        self.release.set()
        self._socket.shutdown()
        _stop(self._http)

    # -- what Slack does

    def _note(self, change: Callable[[], object]) -> None:
        with self._changed:
            change()
            self._changed.notify_all()

    def _converse(self, connection: ServerConnection) -> None:
        try:
            connection.send(json.dumps({"type": "hello", "num_connections": 1, "connection_info": {"app_id": "A1"}}))

            def opened() -> None:
                self.connections += 1
                self._open.append(connection)

            self._note(opened)
            for text in connection:
                answer = json.loads(text)
                name = answer["envelope_id"]
                took = time.monotonic() - self._sent.get(name, time.monotonic())
                self._note(
                    lambda name=name, took=took, answer=answer: self.acknowledged.update({name: (took, answer.get("payload"))})
                )
        except (ConnectionClosed, OSError):
            pass
        finally:
            self._note(lambda: connection in self._open and self._open.remove(connection))

    def _call(self, request: http.server.BaseHTTPRequestHandler, method: str, sent: dict[str, Any]) -> None:
        """Answer one call of the Web API."""
        queue = self.moods.get(method) or []
        mood = queue.pop(0) if queue else ""
        if mood == "slow":
            self.release.wait(timeout=20)
        token = (request.headers.get("Authorization") or "").removeprefix("Bearer ")
        expected = self.app_token if method == "apps.connections.open" else self.bot_token
        try:
            if mood == "drop":
                request.close_connection = True
            elif mood == "ratelimit":
                _reply(request, {"ok": False, "error": "ratelimited"}, 429, {"Retry-After": self.retry_after})
            elif mood == "http500":
                _reply(request, {"ok": False}, 500)
            elif mood == "garbage":
                _reply(request, "<html>Something is wrong</html>")
            elif mood and mood != "slow":
                _reply(request, {"ok": False, "error": mood})
            elif token != expected:
                _reply(request, {"ok": False, "error": "invalid_auth"})
            else:
                headers = {} if self.scopes is None else {"X-OAuth-Scopes": self.scopes}
                _reply(request, self._answer(method, sent), 200, headers)
        finally:
            self._note(lambda: self.calls.append((method, sent)))

    def _answer(self, method: str, sent: dict[str, Any]) -> dict[str, Any]:
        if method == "apps.connections.open":
            return {"ok": True, "url": self.wss_url or self._url}
        if method == "auth.test":
            return {"ok": True, "team": "Ministry", "user": "monitor", "user_id": "U0", "bot_id": "B0"}
        if method == "chat.postEphemeral":
            for name in ("blocks",):
                if isinstance(sent.get(name), str):
                    sent[name] = json.loads(sent[name])
            return {"ok": True, "message_ts": "1700000001.000001"}
        if method == "files.getUploadURLExternal":
            return {"ok": True, "upload_url": f"{self._base}/upload/1", "file_id": "F1"}
        if method == "files.completeUploadExternal":
            return {"ok": True, "files": [{"id": "F1"}]}
        if method == "conversations.list":
            at = int(sent.get("cursor") or 0)
            after = str(at + self.page) if at + self.page < len(self.channels) else ""
            shown = self.channels[at : at + self.page]
            return {"ok": True, "channels": shown, "response_metadata": {"next_cursor": after}}
        if method == "conversations.info":
            found = next((each for each in self.channels if each["id"] == sent.get("channel")), None)
            return {"ok": True, "channel": found} if found else {"ok": False, "error": "channel_not_found"}
        return {"ok": False, "error": "unknown_method"}
