"""Feeds that grow while they are read, on a server that fails now and then; knows what a careful reader must have.

/grow/NAME keeps all its entries and gains one every so often; /ack/NAME shows three entries until a reader says, by their ETag, that
it has them, and then three others. A validator stored before its entries loses the entries for ever.
"""

from __future__ import annotations

import hashlib
import http.server
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from email.utils import formatdate
from html import escape
from typing import Any

from bench.headlines import compose

BATCH = 3
"""Entries of /ack/NAME that are shown together."""
_LOUD = ("", "", " <!channel>", " & *others*", " <@U0123ABCD>", " <https://bank.example|here>")
"""What some titles end with: text that must never speak Slack."""
_FAULTS = ("busy", "reset", "cut", "slow")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry that a feed showed."""

    token: str  # stands in the title, and nowhere else
    is_wanted: bool
    text: str = field(repr=False)  # as RSS
    born: float  # unix time


@dataclass(slots=True)
class _Feed:
    born: float
    generation: int = 0
    entries: list[Entry] = field(default_factory=list)


class RoughFeeds:
    """The server, in a thread of its own. Make it once; `close` ends it.

    Args:
        every: seconds between two new entries of a growing feed.
        most: entries of a growing feed, at most.
        faults: share of answers that are broken.
        on_request: called at each request for a feed, before it is answered.
    """

    def __init__(self, *, seed: int = 0, every: float = 0.4, most: int = 60, faults: float = 0.1) -> None:
        self.every, self.most, self.faults = every, most, faults
        self.on_request: Callable[[], None] = lambda: None
        self._seed = seed
        self._rng = random.Random(f"feeds:{seed}")
        self._lock = threading.RLock()
        self._feeds: dict[str, _Feed] = {}
        self._acknowledged: list[Entry] = []
        self._is_frozen = False
        feeds = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                feeds.on_request()
                feeds._answer(self)

            def log_message(self, *arguments: object) -> None:
                pass

        self._server = _Server(("127.0.0.1", 0), Handler)
        self.base = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def freeze(self) -> None:
        """From now on nothing grows and nothing fails."""
        with self._lock:
            for path, feed in self._feeds.items():
                self._grow(path, feed)
            self._is_frozen = True

    def must(self) -> tuple[Entry, ...]:
        """Entries that whoever read every feed since `freeze` has to have: those still shown, and those that were acknowledged."""
        with self._lock:
            shown = [entry for path, feed in self._feeds.items() if path.startswith("/grow/") for entry in feed.entries]
            return (*shown, *self._acknowledged)

    def close(self) -> None:
        """End the server."""
        self._server.shutdown()
        self._server.server_close()

    def _answer(self, request: http.server.BaseHTTPRequestHandler) -> None:
        asked = request.headers.get("If-None-Match") or ""
        with self._lock:
            if not request.path.startswith(("/grow/", "/ack/")):
                _reply(request, 404, b"")
                return
            feed = self._feeds.setdefault(request.path, _Feed(born=time.time()))
            etag = self._now(request.path, feed, asked)
            body = _rss(request.path, feed.entries)
            is_broken = not self._is_frozen and self._rng.random() < self.faults
            fault = self._rng.choice(_FAULTS) if is_broken else None
        match fault:
            case "busy":
                _reply(request, 503, b"", {"Retry-After": "1"})
            case "reset":
                request.close_connection = True
            case "cut":
                _reply(request, 200, body, {"ETag": etag}, sent=len(body) // 2)
            case _ if asked == etag:
                _reply(request, 304, b"", {"ETag": etag})
            case _:
                if fault == "slow":
                    threading.Event().wait(1.0)
                _reply(request, 200, body, {"ETag": etag})

    def _now(self, path: str, feed: _Feed, asked: str) -> str:
        """Bring a feed up to date; its ETag."""
        if path.startswith("/grow/"):
            self._grow(path, feed)
            return f'"{path[1:]}-{len(feed.entries)}"'
        if feed.entries and asked == f'"{path[1:]}-{feed.generation}"' and not self._is_frozen:
            self._acknowledged += feed.entries
            feed.entries = []
            feed.generation += 1
        elif feed.entries and asked == f'"{path[1:]}-{feed.generation}"':
            known = {entry.token for entry in self._acknowledged}
            self._acknowledged += [entry for entry in feed.entries if entry.token not in known]
        if not feed.entries:
            feed.entries = [self._entry(path, feed.generation * BATCH + place) for place in range(BATCH)]
        return f'"{path[1:]}-{feed.generation}"'

    def _grow(self, path: str, feed: _Feed) -> None:
        if self._is_frozen or not path.startswith("/grow/"):
            return
        wanted = min(self.most, int((time.time() - feed.born) / self.every) + 1)
        feed.entries += [self._entry(path, place) for place in range(len(feed.entries), wanted)]

    def _entry(self, path: str, place: int) -> Entry:
        token = "ZQ" + hashlib.sha256(f"{self._seed}{path}#{place}".encode()).hexdigest()[:10].upper()
        is_wanted = place % 3 == 0
        number = int(token[2:], 16)
        told = compose(number, is_wanted=is_wanted, seed=self._seed)
        born = time.time()
        text = (
            f"<item><title>{escape(f'{told.title} {token}{_LOUD[number % len(_LOUD)]}')}</title>"
            f"<link>http://news.example{path}/{place}</link><guid isPermaLink='false'>{path}#{place}</guid>"
            f"<description>{escape(told.summary)}</description><pubDate>{formatdate(born)}</pubDate></item>"
        )
        return Entry(token=token, is_wanted=is_wanted, text=text, born=born)


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, *arguments: Any) -> None:
        pass


def _rss(path: str, entries: list[Entry]) -> bytes:
    items = "".join(entry.text for entry in reversed(entries))
    return (
        f"<?xml version='1.0' encoding='utf-8'?><rss version='2.0'><channel><title>{path}</title>"
        f"<link>http://news.example{path}</link><description>A feed that grows</description>{items}</channel></rss>"
    ).encode()


def _reply(
    request: http.server.BaseHTTPRequestHandler,
    status: int,
    body: bytes,
    headers: dict[str, str] | None = None,
    *,
    sent: int | None = None,
) -> None:
    """Answer; if `sent` is given, only so many bytes of the body, and then no more."""
    request.send_response(status)
    request.send_header("Content-Type", "application/rss+xml; charset=utf-8")
    if status != 304:
        request.send_header("Content-Length", str(len(body)))
    for name, text in (headers or {}).items():
        request.send_header(name, text)
    request.end_headers()
    request.wfile.write(body[:sent])
    request.close_connection = request.close_connection or sent is not None
