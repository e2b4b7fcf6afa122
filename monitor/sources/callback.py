"""The one place where others may call us: a small HTTP/1.1 server for hubs, one request a connection.

Bounded in connections, time, head and body; it knows nothing of hubs, keeps no body and runs within an event loop. h11 reads
the protocol, strictly.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from http import HTTPStatus

import h11

log = logging.getLogger(__name__)

MAX_CONNECTIONS = 64
MAX_HEAD_BYTES = 16 << 10
MAX_SECONDS = 20.0
"""For a whole request: who has not sent it by then is cut off."""
_PIECE = 64 << 10
_PARTING_SECONDS = 2.0


class BodyTooLarge(Exception):
    """The body has more bytes than it may."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request."""

    method: str
    path: str
    query: str  # "" if none
    signature: str | None  # X-Hub-Signature; None: not sent
    host: str = ""  # Host as sent, in lower case
    pieces: AsyncIterator[bytes] = field(repr=False)  # the body, once; raises BodyTooLarge


@dataclass(frozen=True, slots=True)
class Reply:
    """What is answered."""

    status: HTTPStatus
    body: bytes = b""
    media_type: str = "text/plain; charset=utf-8"
    headers: tuple[tuple[str, str], ...] = ()  # beside those that every reply has


class Listener:
    """Hands each request to `answer`.

    Args:
        max_bytes: limit of a body.
        max_seconds: limit of a request.
    """

    def __init__(self, answer: Callable[[Call], Awaitable[Reply]], *, max_bytes: int, max_seconds: float = MAX_SECONDS) -> None:
        self._answer = answer
        self._max_bytes = max_bytes
        self._max_seconds = max_seconds
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def port(self) -> int:
        """Where it listens."""
        assert self._server is not None
        return int(self._server.sockets[0].getsockname()[1])

    async def open(self, host: str, port: int) -> None:
        """Begin to listen.

        Raises:
            OSError: the address is taken, or not ours.
        """
        self._server = await asyncio.start_server(self._connected, host, port, limit=_PIECE)

    async def close(self) -> None:
        """Stop, and cut off who is being answered."""
        if self._server is None:
            return
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._tasks) >= MAX_CONNECTIONS:
            writer.transport.abort()
            return
        task = asyncio.create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(self._max_seconds):
                await self._exchange(reader, writer)
        except (h11.ProtocolError, OSError) as error:  # TimeoutError is one
            log.debug("call broken off: %s", type(error).__name__)
        except Exception:
            log.exception("internal error in a call")
        finally:
            writer.transport.abort()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        protocol = h11.Connection(h11.SERVER, max_incomplete_event_size=MAX_HEAD_BYTES)
        try:
            head = await _next(protocol, reader)
            if not isinstance(head, h11.Request):
                return
            reply = await self._replied(head, protocol, reader, writer)
        except h11.RemoteProtocolError as error:
            reply = Reply(HTTPStatus(error.error_status_hint))
        headers = [
            ("Content-Type", reply.media_type),
            ("X-Content-Type-Options", "nosniff"),
            ("Content-Length", str(len(reply.body))),
            ("Connection", "close"),
            *reply.headers,
        ]
        events = (
            h11.Response(status_code=reply.status, reason=reply.status.phrase, headers=headers),
            h11.Data(data=reply.body),
            h11.EndOfMessage(),
        )
        writer.write(b"".join(protocol.send(each) or b"" for each in events))
        await writer.drain()
        await _part(reader, writer)

    async def _replied(
        self, head: h11.Request, protocol: h11.Connection, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> Reply:
        headers = dict(head.headers)
        length = headers.get(b"content-length", b"0")
        if len(length) > len(str(self._max_bytes)) or int(length) > self._max_bytes:
            return Reply(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        path, _, query = head.target.decode("latin-1").partition("?")
        signature = headers.get(b"x-hub-signature")
        call = Call(
            method=head.method.decode("ascii"),
            path=path,
            query=query,
            signature=None if signature is None else signature.decode("latin-1"),
            host=headers.get(b"host", b"").decode("latin-1").lower(),
            pieces=self._pieces(protocol, reader, writer),
        )
        try:
            return await self._answer(call)
        except BodyTooLarge:
            return Reply(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)

    async def _pieces(
        self, protocol: h11.Connection, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> AsyncIterator[bytes]:
        if protocol.they_are_waiting_for_100_continue:
            writer.write(protocol.send(h11.InformationalResponse(status_code=100, headers=[])) or b"")
        size = 0
        while isinstance(event := await _next(protocol, reader), h11.Data):
            size += len(event.data)
            if size > self._max_bytes:
                raise BodyTooLarge
            yield bytes(event.data)


async def _next(protocol: h11.Connection, reader: asyncio.StreamReader) -> object:
    """The next event of the protocol that needs no more data."""
    while True:
        event = protocol.next_event()
        if event is not h11.NEED_DATA:
            return event
        protocol.receive_data(await reader.read(_PIECE))


async def _part(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Let the other side read the reply: closing on a body that still comes would take the reply away with it."""
    with contextlib.suppress(OSError):  # TimeoutError is one
        writer.write_eof()
        async with asyncio.timeout(_PARTING_SECONDS):
            while await reader.read(_PIECE):
                pass
