"""A Slack on loopback that keeps to Slack's limits and fails now and then; logs every post, told or not.

A message counts from the moment it is accepted, whether or not its answer arrives. Reading the channel back is served, too.
"""

from __future__ import annotations

import http.server
import json
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from bench.slack_rules import refused, texts, unwise

CHANNELS = {f"C0{name.upper()}": name for name in ("alerts", "letters", "rumours", "orders")}
POST_FAULTS = ("limited", "http500", "http503", "dropped", "lost", "garbled", "internal_error")
READ_FAULTS = ("limited", "http500", "dropped")
RETRY_AFTER = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """One attempt to post or to edit, and what Slack made of it."""

    at: float  # unix time
    kind: str  # accepted, limited, fault, refused
    method: str  # chat.postMessage or chat.update
    channel: str
    key: str  # of the message's metadata; its text if it has none
    text: str = field(repr=False)  # all that a reader sees
    is_answered: bool = True  # False: the sender never learned of it
    is_early: bool = False  # the channel had asked for patience
    wrong: tuple[str, ...] = ()  # objections: of a refused one why, of an accepted one what was unwise


class RoughSlack:
    """The server, in a thread of its own.

    Args:
        rate: messages a second that a channel takes in the long run.
        burst: messages that it takes at once.
        faults: share of calls that fail.
        on_accept: called when a message was accepted, before its answer.
    """

    def __init__(self, *, seed: int = 0, rate: float = 20.0, burst: int = 20, faults: float = 0.1) -> None:
        self.rate, self.burst, self.faults = rate, burst, faults
        self.on_accept: Callable[[], None] = lambda: None
        self.posts: list[Post] = []
        self._rng = random.Random(f"slack:{seed}")
        self._lock = threading.RLock()
        self._messages: dict[tuple[str, str], dict[str, Any]] = {}  # by channel and ts
        self._levels: dict[str, tuple[float, float]] = {}  # by channel: what may still come at once, and when that was so
        self._closed_until: dict[str, float] = {}
        self._last = 0.0
        slack = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                slack._call(self)

            do_GET = do_POST  # noqa: N815

            def log_message(self, *arguments: object) -> None:
                pass

        self._server = _Server(("127.0.0.1", 0), Handler)
        self.api_url = f"http://127.0.0.1:{self._server.server_address[1]}/api/"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def accepted(self, method: str = "chat.postMessage") -> list[Post]:
        """Messages that arrived, in order."""
        with self._lock:
            return [post for post in self.posts if post.kind == "accepted" and post.method == method]

    def close(self) -> None:
        """End the server."""
        self._server.shutdown()
        self._server.server_close()

    def _call(self, request: http.server.BaseHTTPRequestHandler) -> None:
        method = urlsplit(request.path).path.removeprefix("/api/")
        raw = request.rfile.read(int(request.headers.get("Content-Length") or 0))
        try:
            sent = _sent(request.headers.get("Content-Type") or "", raw, urlsplit(request.path).query)
        except ValueError:
            self._note("refused", method, {}, wrong=("cannot be read",))
            _reply(request, {"ok": False, "error": "invalid_json"})
            return
        if not (request.headers.get("Authorization") or "").startswith("Bearer xoxb-"):
            _reply(request, {"ok": False, "error": "not_authed"})
        elif method in ("chat.postMessage", "chat.update"):
            self._post(request, method, sent)
        else:
            self._read(request, method, sent)

    def _post(self, request: http.server.BaseHTTPRequestHandler, method: str, sent: dict[str, Any]) -> None:
        with self._lock:
            channel = _id_of(sent.get("channel"))
            fault = self._rng.choice(POST_FAULTS) if self._rng.random() < self.faults else None
            is_early = time.time() < self._closed_until.get(channel, 0.0)
            wait = self._wait(channel, is_fault=fault == "limited")
            if wait is not None:
                if not is_early:
                    self._closed_until[channel] = time.time() + wait
                self._note("limited", method, sent, is_early=is_early)
                _reply(request, {"ok": False, "error": "ratelimited"}, 429, {"Retry-After": str(wait)})
                return
            if fault in ("http500", "http503", "dropped", "internal_error"):
                self._note("fault", method, sent)
                _fail(request, fault)
                return
            wrong = refused(sent) or self._unknown(method, channel, sent)
            if wrong:
                self._note("refused", method, sent, wrong=tuple(wrong))
                _reply(request, {"ok": False, "error": "invalid_blocks" if channel in CHANNELS else "channel_not_found"})
                return
            self._last = max(time.time(), self._last + 0.000001)
            ts = str(sent["ts"]) if method == "chat.update" else f"{self._last:.6f}"
            message = {name: sent[name] for name in ("text", "blocks", "metadata", "thread_ts") if sent.get(name)} | {"ts": ts}
            self._messages[channel, ts] = message
            self._note("accepted", method, sent, is_answered=fault is None, wrong=tuple(unwise(sent)))
        self.on_accept()
        if fault == "lost":
            request.close_connection = True
        elif fault == "garbled":
            _reply(request, b"<html><body>Something went wrong</body></html>")
        else:
            _reply(request, {"ok": True, "channel": channel, "ts": ts, "message": message})

    def _unknown(self, method: str, channel: str, sent: dict[str, Any]) -> list[str]:
        if channel not in CHANNELS:
            return ["channel_not_found"]
        if method == "chat.update" and (channel, str(sent.get("ts"))) not in self._messages:
            return ["message_not_found"]
        if sent.get("thread_ts") and (channel, str(sent["thread_ts"])) not in self._messages:
            return ["thread_not_found"]
        return []

    def _wait(self, channel: str, *, is_fault: bool) -> int | None:
        """Seconds that the channel asks for; None if it takes the message."""
        now = time.time()
        closed = self._closed_until.get(channel, 0.0)
        if now < closed:
            return int(closed - now) + 1
        if is_fault:
            return RETRY_AFTER
        level, since = self._levels.get(channel, (float(self.burst), now))
        level = min(float(self.burst), level + (now - since) * self.rate)
        self._levels[channel] = (level - 1 if level >= 1 else level, now)
        return None if level >= 1 else int((1 - level) / self.rate) + 1

    def _read(self, request: http.server.BaseHTTPRequestHandler, method: str, sent: dict[str, Any]) -> None:
        with self._lock:
            fault = self._rng.choice(READ_FAULTS) if self._rng.random() < self.faults else None
        if fault is not None:
            _fail(request, fault)
            return
        channel = _id_of(sent.get("channel"))
        match method:
            case "auth.test":
                _reply(request, {"ok": True, "user_id": "U0BOT", "bot_id": "B0BOT", "team_id": "T0"})
            case "conversations.list":
                _reply(request, {"ok": True, "channels": [{"id": key, "name": name} for key, name in CHANNELS.items()]})
            case "conversations.info":
                _reply(request, {"ok": True, "channel": {"id": channel, "name": CHANNELS.get(channel, "")}})
            case "conversations.history" | "conversations.replies":
                _reply(request, self._page(method, channel, sent))
            case _:
                _reply(request, {"ok": False, "error": "unknown_method"})

    def _page(self, method: str, channel: str, sent: dict[str, Any]) -> dict[str, Any]:
        """A page of a channel, newest first, or of a thread, oldest first."""
        thread = str(sent.get("ts") or "")
        with self._lock:
            every = [dict(message) for (place, _), message in self._messages.items() if place == channel]
        if method == "conversations.replies":
            found = sorted((each for each in every if thread in (each["ts"], each.get("thread_ts"))), key=lambda each: each["ts"])
        else:
            oldest = float(sent.get("oldest") or 0)
            found = [each for each in every if "thread_ts" not in each and float(each["ts"]) >= oldest]
            found.sort(key=lambda each: each["ts"], reverse=True)
        if str(sent.get("include_all_metadata")).lower() not in ("1", "true"):
            for each in found:
                each.pop("metadata", None)
        start, size = int(sent.get("cursor") or 0), int(sent.get("limit") or 100)
        is_more = start + size < len(found)
        return {
            "ok": True,
            "messages": found[start : start + size],
            "has_more": is_more,
            "response_metadata": {"next_cursor": str(start + size) if is_more else ""},
        }

    def _note(self, kind: str, method: str, sent: dict[str, Any], **more: Any) -> None:
        payload = (sent.get("metadata") or {}).get("event_payload") or {}
        text = " ".join(texts(sent))
        post = Post(
            at=time.time(),
            kind=kind,
            method=method,
            channel=_id_of(sent.get("channel")),
            key=str(payload.get("key") or text),
            text=text,
            **more,
        )
        with self._lock:
            self.posts.append(post)


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, *arguments: Any) -> None:
        pass


def _sent(kind: str, raw: bytes, query: str) -> dict[str, Any]:
    """What a call says, whichever way it is written.

    Raises:
        ValueError: it cannot be read.
    """
    found: dict[str, Any] = {name: values[0] for name, values in parse_qs(query).items()}
    if "json" in kind:
        found |= json.loads(raw or b"{}")
    else:
        found |= {name: values[0] for name, values in parse_qs(raw.decode(), keep_blank_values=True).items()}
    for name in ("blocks", "metadata"):
        if isinstance(found.get(name), str):
            found[name] = json.loads(found[name])
    return found


def _id_of(channel: object) -> str:
    name = str(channel or "").removeprefix("#")
    return next((key for key, each in CHANNELS.items() if each == name), name)


def _fail(request: http.server.BaseHTTPRequestHandler, fault: str) -> None:
    match fault:
        case "dropped":
            request.close_connection = True
        case "limited":
            _reply(request, {"ok": False, "error": "ratelimited"}, 429, {"Retry-After": str(RETRY_AFTER)})
        case "internal_error":
            _reply(request, {"ok": False, "error": "internal_error"})
        case _:
            _reply(request, b"Server Error", int(fault.removeprefix("http")))


def _reply(
    request: http.server.BaseHTTPRequestHandler, value: object, status: int = 200, headers: dict[str, str] | None = None
) -> None:
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    request.send_response(status)
    request.send_header("Content-Type", "text/html" if isinstance(value, bytes) else "application/json")
    request.send_header("Content-Length", str(len(body)))
    for name, text in (headers or {}).items():
        request.send_header(name, text)
    request.end_headers()
    request.wfile.write(body)
