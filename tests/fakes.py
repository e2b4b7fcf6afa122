"""Servers of ours that tests talk to over real sockets on loopback: a site, a Slack, a mail server."""

from __future__ import annotations

import http.server
import json
import socket
import socketserver
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass
class Answer:
    """What a site answers."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


class Site:
    """A web site: paths to answers, or to functions of the request's headers."""

    def __init__(self) -> None:
        self.pages: dict[str, Answer | Callable[[dict[str, str]], Answer]] = {}
        self.requests: list[tuple[str, dict[str, str]]] = []
        site = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                path = urlsplit(self.path).path
                headers = {name.lower(): value for name, value in self.headers.items()}
                site.requests.append((path, headers))
                page = site.pages.get(path, Answer(status=404))
                answer = page(headers) if callable(page) else page
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                if "Content-Length" not in answer.headers:
                    self.send_header("Content-Length", str(len(answer.body)))
                self.end_headers()
                if answer.status != 304:
                    self.wfile.write(answer.body)

            def log_message(self, *arguments: object) -> None:
                pass

        self._server = _QuietServer(("127.0.0.1", 0), Handler)
        self.base = f"http://127.0.0.1:{self._server.server_address[1]}"
        _start(self._server)

    def close(self) -> None:
        _stop(self._server)


class SlackFake:
    """Slack's Web API as far as we use it. `moods` holds what the next posts meet: drop, drop_after, ratelimit, http500 or
    an error; `is_busy` limits every other call.
    """

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []
        self.moods: list[str] = []
        self.is_busy = False
        self.calls: list[str] = []
        self._posted = 0
        self.edits: list[str] = []  # ts of messages that were edited
        slack = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                method = urlsplit(self.path).path.removeprefix("/api/")
                raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                if "json" in (self.headers.get("Content-Type") or ""):
                    sent = json.loads(raw or b"{}")
                else:
                    sent = {name: values[0] for name, values in parse_qs(raw.decode()).items()}
                slack.calls.append(method)
                slack.answer(self, method, sent)

            do_GET = do_POST  # noqa: N815

            def log_message(self, *arguments: object) -> None:
                pass

        self._server = _QuietServer(("127.0.0.1", 0), Handler)
        self.api_url = f"http://127.0.0.1:{self._server.server_address[1]}/api/"
        _start(self._server)

    def answer(self, request: http.server.BaseHTTPRequestHandler, method: str, sent: dict[str, Any]) -> None:
        """Answer one call."""
        mood = self.moods.pop(0) if method == "chat.postMessage" and self.moods else ""
        if mood == "drop":
            request.close_connection = True
            return
        if mood == "ratelimit" or (self.is_busy and method != "chat.postMessage"):
            _reply(request, {"ok": False, "error": "ratelimited"}, 429, {"Retry-After": "7"})
        elif mood == "http500":
            _reply(request, {"ok": False}, 500)
        elif mood and mood != "drop_after":
            _reply(request, {"ok": False, "error": mood})
        elif method == "chat.postMessage":
            for name in ("blocks", "metadata"):
                if isinstance(sent.get(name), str):
                    sent[name] = json.loads(sent[name])
            self._posted += 1
            sent["ts"] = f"1700000000.{self._posted:06d}"
            self.messages.append(sent)
            if mood == "drop_after":
                request.close_connection = True
                return
            _reply(request, {"ok": True, "ts": sent["ts"], "channel": "C1", "message": {}})
        elif method == "chat.update":
            found = next((each for each in self.messages if each["ts"] == sent.get("ts")), None)
            if found is None:
                _reply(request, {"ok": False, "error": "message_not_found"})
                return
            self.edits.append(sent["ts"])
            blocks = sent["blocks"]
            found["text"], found["blocks"] = sent["text"], json.loads(blocks) if isinstance(blocks, str) else blocks
            _reply(request, {"ok": True, "ts": sent["ts"], "channel": "C1", "text": sent["text"]})
        elif method == "conversations.list":
            _reply(request, {"ok": True, "channels": [{"id": "C1", "name": "econsec"}]})
        elif method == "conversations.history":
            _reply(request, {"ok": True, "messages": [each for each in self.messages if not each.get("thread_ts")]})
        elif method == "conversations.replies":
            _reply(request, {"ok": True, "messages": self.messages})
        else:
            _reply(request, {"ok": False, "error": "unknown_method"})

    def keys(self) -> list[str]:
        """Keys of the messages that arrived, in order."""
        return [each["metadata"]["event_payload"]["key"] for each in self.messages]

    def close(self) -> None:
        _stop(self._server)


class MailFake:
    """An SMTP server. `moods` holds what the next mails meet: 451, 550 (at RCPT), 554, drop_after, 421 (at QUIT)."""

    def __init__(self) -> None:
        self.mails: list[tuple[str, bytes]] = []
        self.moods: list[str] = []
        fake = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                fake.converse(self)

        self._server = _QuietThreads(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]
        _start(self._server)

    def converse(self, connection: socketserver.StreamRequestHandler) -> None:
        """One conversation."""
        mood = self.moods.pop(0) if self.moods else ""

        def say(line: str) -> None:
            connection.wfile.write(line.encode() + b"\r\n")

        say("220 fake")
        recipient = ""
        while line := connection.rfile.readline():
            word = line.decode("utf-8", "replace").strip()
            verb = word.upper().split(" ")[0].split(":")[0]
            if verb == "RCPT":
                recipient = word.split("<")[1].split(">")[0]
                say("550 no such user" if mood == "550" else "250 ok")
            elif verb == "DATA":
                say("354 go")
                body = b""
                while (piece := connection.rfile.readline()) not in (b".\r\n", b""):
                    body += piece[1:] if piece.startswith(b".") else piece
                if mood in ("451", "554"):
                    say(f"{mood} not this")
                    continue
                self.mails.append((recipient, body))
                if mood == "drop_after":
                    return
                say("250 accepted")
            elif verb == "QUIT":
                say("421 too busy to part" if mood == "421" else "221 bye")
                return
            else:
                say("250 ok")

    def close(self) -> None:
        _stop(self._server)


class _QuietServer(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *arguments: object) -> None:
        pass


class _QuietThreads(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def handle_error(self, *arguments: object) -> None:
        pass


def _reply(
    request: http.server.BaseHTTPRequestHandler, value: object, status: int = 200, headers: dict[str, str] | None = None
) -> None:
    body = json.dumps(value).encode()
    request.send_response(status)
    request.send_header("Content-Type", "application/json")
    request.send_header("Content-Length", str(len(body)))
    for name, text in (headers or {}).items():
        request.send_header(name, text)
    request.end_headers()
    request.wfile.write(body)


def _start(server: socketserver.BaseServer) -> None:
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()


def _stop(server: socketserver.BaseServer) -> None:
    server.shutdown()
    server.server_close()


class HookFake:
    """A program that is called at one address, and says ok. `moods` holds what the next calls meet: an answer, drop (before it
    was read), drop_after, reset_after or hang (until it is closed).
    """

    def __init__(self) -> None:
        self.calls: list[tuple[str, dict[str, str], bytes]] = []
        self.moods: list[str | Answer] = []
        self._is_closed = threading.Event()
        fake = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                mood = fake.moods.pop(0) if fake.moods else Answer(b"ok")
                self.close_connection = True
                if mood == "drop":
                    return
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                fake.calls.append((self.path, {name.lower(): value for name, value in self.headers.items()}, body))
                if mood == "hang":
                    fake._is_closed.wait(30)
                if mood == "reset_after":
                    self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    self.connection.close()
                if not isinstance(mood, Answer):
                    return
                self.send_response_only(mood.status)
                for name, value in mood.headers.items():
                    self.send_header(name, value)
                if "Content-Length" not in mood.headers:
                    self.send_header("Content-Length", str(len(mood.body)))
                self.end_headers()
                self.wfile.write(mood.body)

            def do_GET(self) -> None:
                """Where a redirect would lead."""
                fake.calls.append((self.path, {}, b""))
                _reply(self, "followed")

            def log_message(self, *arguments: object) -> None:
                pass

        self._server = _QuietServer(("127.0.0.1", 0), Handler)
        self.base = f"http://127.0.0.1:{self._server.server_address[1]}"
        _start(self._server)

    def close(self) -> None:
        self._is_closed.set()
        _stop(self._server)
