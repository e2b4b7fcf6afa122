"""Where a reader ends a digest: a page that asks, and the one POST of RFC 8058 that does it, without login.

Whoever has the address may end it and nothing else; no page names a reader. A GET changes nothing, because mail scanners follow links.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from monitor.archive import Archive
from monitor.archive.readers import Reader
from monitor.errors import ArchiveBusy, ArchiveError
from monitor.sources.callback import Call, Listener, Reply
from monitor.sources.websub import Callback

log = logging.getLogger(__name__)

MAX_BYTES = 4096
"""Of a request's body; what mail programs send has 26."""
_HTML = "text/html; charset=utf-8"
_GUARD = (
    ("Content-Security-Policy", "default-src 'none'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"),
    ("Referrer-Policy", "no-referrer"),
    ("Cache-Control", "no-store"),
    ("X-Robots-Tag", "noindex"),
)
_PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><title>Monitor digest</title></head>
<body><h1>Monitor digest</h1>
{body}
</body></html>
"""
_ASK = """<p>Do you want to stop getting this digest?</p>
<p lang="ja">このダイジェストの配信を停止しますか。</p>
<form method="post"><input type="hidden" name="List-Unsubscribe" value="One-Click">
<button type="submit">Stop it / 停止する</button></form>"""
_ENDED = """<p>You will not get this digest any more. Whoever runs the monitor can start it again.</p>
<p lang="ja">このダイジェストの配信を停止しました。再開は管理者にご依頼ください。</p>"""


class Unsubscribing:
    """The server that readers reach; an async context manager.

    Args:
        callback: the address as readers are told it, and where this process listens.
    """

    def __init__(self, archive: Archive, callback: Callback, *, clock: Callable[[], datetime]) -> None:
        self._archive = archive
        self._callback = callback
        self._clock = clock
        self._listener = Listener(self.answer, max_bytes=MAX_BYTES)
        self._is_listening = False

    async def __aenter__(self) -> Self:
        try:
            await self._listener.open(self._callback.host, self._callback.port)
        except OSError as error:
            log.error("cannot listen at %s:%d for readers: %s", self._callback.host, self._callback.port, error.strerror)
            return self
        self._is_listening = True
        log.info("listening for readers at %s:%d", self._callback.host, self.port)
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self._listener.close()

    @property
    def port(self) -> int:
        """Where readers are listened to."""
        return self._listener.port

    async def answer(self, call: Call) -> Reply:
        """Answer a reader, or a mail program for him.

        Raises:
            BodyTooLarge: more than such a request has.
        """
        if not self._is_ours(call.host):
            return Reply(HTTPStatus.MISDIRECTED_REQUEST, headers=_GUARD)
        place, token = call.path.rsplit("/", 2)[-2:] if call.path.count("/") >= 2 else ("", "")
        if place != "unsubscribe" or not token:
            return Reply(HTTPStatus.NOT_FOUND, headers=_GUARD)
        if call.method not in ("GET", "POST"):
            return Reply(HTTPStatus.METHOD_NOT_ALLOWED, headers=(*_GUARD, ("Allow", "GET, POST")))
        body = b""
        async for piece in call.pieces:
            body += piece
        try:
            return self._answered(call.method, token, body)
        except (ArchiveBusy, ArchiveError) as error:
            log.error("%s", error)
            return Reply(HTTPStatus.SERVICE_UNAVAILABLE, headers=(*_GUARD, ("Retry-After", "10")))

    def _answered(self, method: str, token: str, body: bytes) -> Reply:
        with self._archive.errors():
            reader = self._archive.readers.by_token(token)
            if reader is None:
                return Reply(HTTPStatus.NOT_FOUND, headers=_GUARD)
            if method == "GET":
                return _page(_ENDED if reader.stopped_at is not None else _ASK)
            # as a form of either kind: what is asked for is the field, not its coding
            if b"List-Unsubscribe" not in body or b"One-Click" not in body:
                return Reply(HTTPStatus.BAD_REQUEST, headers=_GUARD)
            self._end(reader)
        return _page(_ENDED)

    def _end(self, reader: Reader) -> None:
        self._archive.readers.stop(reader.token, self._clock())
        if reader.stopped_at is None:
            log.info("ended by its reader digest=%s", reader.digest)

    def _is_ours(self, host: str) -> bool:
        """True for the public name, and for the place where we listen, which a proxy may name instead."""
        public = urlsplit(self._callback.url)
        port = self.port if self._is_listening else self._callback.port
        names = {public.netloc.lower(), f"{self._callback.host}:{port}", f"[{self._callback.host}]:{port}", f"localhost:{port}"}
        default = {"https": 443, "http": 80}.get(public.scheme)
        if public.port is None and public.hostname is not None:
            names.add(f"{public.hostname}:{default}")
        return host in names


def _page(body: str) -> Reply:
    return Reply(HTTPStatus.OK, _PAGE.format(body=body).encode(), media_type=_HTML, headers=_GUARD)
