"""Carries one HTTP/1.1 exchange over one connection of its own: an httpx transport that tests the address it connects to.

Sources live on as many hosts as there are sources, so there is nothing to keep alive, and a pool that looks at every idle
connection costs more than the exchange (docs/decisions/0011). h11 reads the protocol, strictly; nothing here parses it.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket
import ssl
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import h11
import httpx

from monitor.sources.addresses import Address, Network, is_allowed

MAX_HEADER_BYTES = 64 << 10
_PIECE = 64 << 10
_RESOLVERS = 32
_GOODBYE = 0.2  # seconds
_ONE_OF_SEVERAL = 8.0  # seconds that an address may take while there is another to try


class Blocked(Exception):
    """The host has no address that may be connected to."""


class UnknownHost(Exception):
    """The name does not resolve."""


class GuardedTransport(httpx.AsyncBaseTransport):
    """What was tested is what is connected to, so no name can rebind between the two.

    Args:
        allowed: networks that may be reached although they are not public.
        is_tls_verified: False lets any certificate pass.
    """

    def __init__(self, allowed: tuple[Network, ...], *, is_tls_verified: bool = True) -> None:
        self._allowed = allowed
        self._is_tls_verified = is_tls_verified
        self._context: ssl.SSLContext | None = None
        # names that do not answer must not hold the others: the loop's own pool has six threads on two cores
        self._resolvers = ThreadPoolExecutor(_RESOLVERS, thread_name_prefix="resolve")

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request, whose body is in memory, and read the head of its answer.

        Raises:
            Blocked, UnknownHost: before anything was connected to.
            httpx.TransportError: as httpx's own transports.
        """
        reader, writer = await self._connect(request.url)
        try:
            return await self._exchange(request, reader, writer)
        except BaseException as error:
            writer.transport.abort()
            if isinstance(error, h11.RemoteProtocolError):
                raise httpx.RemoteProtocolError(str(error)) from error
            if isinstance(error, h11.LocalProtocolError):
                raise httpx.LocalProtocolError(str(error)) from error
            if isinstance(error, OSError) and not isinstance(error, TimeoutError):
                raise httpx.ReadError(str(error)) from error
            raise

    async def aclose(self) -> None:
        """Let go of the resolver's threads, without waiting for names that do not answer."""
        self._resolvers.shutdown(wait=False, cancel_futures=True)

    async def _exchange(
        self, request: httpx.Request, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> httpx.Response:
        protocol = h11.Connection(h11.CLIENT, max_incomplete_event_size=MAX_HEADER_BYTES)
        head = h11.Request(
            method=request.method, target=request.url.raw_path, headers=[*request.headers.raw, (b"Connection", b"close")]
        )
        events = (head, *([h11.Data(data=request.content)] if request.content else []), h11.EndOfMessage())
        writer.write(b"".join(protocol.send(each) or b"" for each in events))
        await writer.drain()
        protocol.receive_data(first := await reader.read(_PIECE))
        if not first:
            raise h11.RemoteProtocolError("the server closed the connection without an answer")
        while not isinstance(event := await _next(protocol, reader), h11.Response):
            if not isinstance(event, h11.InformationalResponse):
                raise h11.RemoteProtocolError("the server closed the connection before it answered")
        return httpx.Response(
            event.status_code,
            headers=event.headers.raw_items(),
            stream=_Body(protocol, reader, writer),
            extensions={"http_version": b"HTTP/" + event.http_version},
        )

    async def _connect(self, url: httpx.URL) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        host, is_tls = url.host, url.scheme == "https"
        port = url.port or (443 if is_tls else 80)
        open_ones = await self._addresses(host, port)
        for place, address in enumerate(open_ones, start=1):
            try:
                async with asyncio.timeout(None if place == len(open_ones) else _ONE_OF_SEVERAL):
                    return await asyncio.open_connection(
                        address,
                        port,
                        limit=_PIECE,
                        ssl=self._tls() if is_tls else None,
                        server_hostname=host if is_tls else None,
                    )
            except (OSError, ssl.CertificateError) as error:  # TimeoutError is one
                if place == len(open_ones):
                    raise httpx.ConnectError(str(error)) from error
        raise Blocked(host)

    async def _addresses(self, host: str, port: int) -> Sequence[str]:
        """Addresses of a host that may be connected to, in the resolver's order, at least one."""
        try:
            found: Sequence[Address] = [ipaddress.ip_address(host)]
        except ValueError:
            try:
                answers = await asyncio.get_running_loop().run_in_executor(
                    self._resolvers, lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
                )
            except (OSError, UnicodeError) as error:
                raise UnknownHost(str(error)) from error
            # every spelling of an address that the system understands comes back as the address itself
            found = [ipaddress.ip_address(str(each[4][0]).split("%")[0]) for each in answers]
        open_ones = list(dict.fromkeys(str(each) for each in found if is_allowed(each, self._allowed)))
        if not open_ones:
            raise Blocked(str(next(iter(found), host)))
        return open_ones

    def _tls(self) -> ssl.SSLContext:
        if self._context is None:
            self._context = ssl.create_default_context()
            if not self._is_tls_verified:
                self._context.check_hostname = False
                self._context.verify_mode = ssl.CERT_NONE
        return self._context


class _Body(httpx.AsyncByteStream):
    """The body of an answer, piece by piece; a body that ends before its end is an error."""

    def __init__(self, protocol: h11.Connection, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._protocol = protocol
        self._reader = reader
        self._writer = writer

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            while isinstance(event := await _next(self._protocol, self._reader), h11.Data):
                yield bytes(event.data)
        except h11.RemoteProtocolError as error:
            raise httpx.RemoteProtocolError(str(error)) from error
        except TimeoutError:
            raise
        except OSError as error:
            raise httpx.ReadError(str(error)) from error

    async def aclose(self) -> None:
        try:
            if self._protocol.their_state is h11.DONE and not self._reader.at_eof():
                # a moment for the server to see its end of the exchange before the host is asked for the next
                with contextlib.suppress(TimeoutError, OSError):
                    async with asyncio.timeout(_GOODBYE):
                        await self._reader.read(1)
        finally:
            # abort, not close: a server that still sends would be listened to until its end
            self._writer.transport.abort()


async def _next(protocol: h11.Connection, reader: asyncio.StreamReader) -> object:
    """The next event of the protocol that needs no more data."""
    while True:
        event = protocol.next_event()
        if event is not h11.NEED_DATA:
            return event
        protocol.receive_data(await reader.read(_PIECE))
