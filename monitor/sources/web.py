"""The one way to the network: every fetch of the product goes through Web.fetch.

Bounded in time, bytes and redirects; connects only to addresses that addresses.is_allowed permits, and tests the address it
really connects to; takes turns per host. Never parses.
"""

from __future__ import annotations

import asyncio
import contextlib
import email.utils
import ipaddress
import re
import socket
import ssl
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import httpcore
import httpx

from monitor import __version__
from monitor.errors import FetchError, FetchKind
from monitor.items import Fetched, Validators
from monitor.sources.addresses import Network, is_allowed
from monitor.sources.inflate import ACCEPTED, Inflater

MAX_REDIRECTS = 10
MAX_RETRY_AFTER = timedelta(hours=24)
_REDIRECTS = (301, 302, 303, 307, 308)
_UNSAFE = re.compile(r"[\x00-\x20\x7f\\]")
USER_AGENT = f"econsec-monitor/{__version__} (news monitor; +https://econsec-monitor.example/; set network.user_agent)"


class _Blocked(Exception):
    """The host has no address that may be connected to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkRules:
    """How to behave on the network."""

    user_agent: str = USER_AGENT
    timeout: float = 30.0  # seconds for the whole exchange: names, connections, redirects, body
    max_bytes: int = 15 << 20  # after decoding
    host_concurrency: int = 2
    host_delay: float = 1.0  # seconds between two starts at one host
    allow_private: tuple[Network, ...] = ()
    concurrency: int = 40  # fetches at one time, all hosts together


class _GuardedBackend(httpcore.AsyncNetworkBackend):
    """Opens connections by address, after testing it: what was tested is what is connected to, so no name can rebind."""

    def __init__(self, allowed: tuple[Network, ...]) -> None:
        self._allowed = allowed
        self._inner = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        loop = asyncio.get_running_loop()
        try:
            found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise httpcore.ConnectError(f"name: {error}") from error
        addresses = dict.fromkeys(str(info[4][0]).split("%")[0] for info in found)
        open_ones = [each for each in addresses if is_allowed(ipaddress.ip_address(each), self._allowed)]
        if not open_ones:
            raise _Blocked(next(iter(addresses), host))
        last: Exception = _Blocked(host)
        for each in open_ones:
            try:
                return await self._inner.connect_tcp(each, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                last = error
        raise last

    async def sleep(self, seconds: float) -> None:
        await self._inner.sleep(seconds)


class Web:
    """A polite, guarded client; use it as an async context manager, within one event loop."""

    def __init__(self, rules: NetworkRules, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._rules = rules
        self._clock = clock
        self._turns: dict[str, _Turns] = {}
        self._all = asyncio.Semaphore(rules.concurrency)
        transport = httpx.AsyncHTTPTransport(trust_env=False)
        # httpx has no public way to choose the network backend; this one attribute is all that we reach for.
        transport._pool = httpcore.AsyncConnectionPool(
            ssl_context=ssl.create_default_context(),
            max_connections=rules.concurrency * 2,
            max_keepalive_connections=10,  # httpcore looks at every idle connection at each request
            keepalive_expiry=5.0,
            network_backend=_GuardedBackend(rules.allow_private),
        )
        self._client = httpx.AsyncClient(
            transport=transport,
            trust_env=False,
            follow_redirects=False,
            timeout=httpx.Timeout(rules.timeout),
            headers={"User-Agent": rules.user_agent, "Accept-Encoding": ACCEPTED, "Accept": "*/*"},
        )

    async def __aenter__(self) -> Self:
        await self._client.__aenter__()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self._client.__aexit__(kind, error, trace)

    async def fetch(self, url: str, *, subject: str, validators: Validators | None = None) -> Fetched:
        """Read a document.

        Args:
            subject: the source's id, for errors.
            validators: from the last time; None asks unconditionally.

        Raises:
            FetchError: with its kind; nothing of a broken answer is returned.
        """
        async with self._all, self._turn(url):
            try:
                async with asyncio.timeout(self._rules.timeout):
                    return await self._follow(url, subject, validators or Validators())
            except TimeoutError as error:
                raise FetchError(
                    f"no complete answer within {self._rules.timeout:g} s", kind=FetchKind.TIMEOUT, subject=subject
                ) from error

    @contextlib.asynccontextmanager
    async def _turn(self, url: str) -> AsyncIterator[None]:
        host = urlsplit(url).hostname or ""
        turns = self._turns.setdefault(host, _Turns(self._rules.host_concurrency, self._rules.host_delay))
        async with turns.next():
            yield

    async def _follow(self, url: str, subject: str, validators: Validators) -> Fetched:
        seen: set[str] = set()
        for _ in range(MAX_REDIRECTS + 1):
            target = checked(url, subject)
            if url in seen:
                raise FetchError("redirects in a circle", kind=FetchKind.REDIRECT, subject=subject)
            seen.add(url)
            answer = await self._once(target, subject, validators)
            if isinstance(answer, Fetched):
                return answer
            url = answer
        raise FetchError(f"more than {MAX_REDIRECTS} redirects", kind=FetchKind.REDIRECT, subject=subject)

    async def _once(self, target: httpx.URL, subject: str, validators: Validators) -> Fetched | str:
        """One request: the answer, or the address to go on with."""
        headers: list[tuple[bytes, bytes]] = []
        if validators.etag:
            headers.append((b"If-None-Match", validators.etag.encode("latin-1", "ignore")))
        if validators.last_modified:
            headers.append((b"If-Modified-Since", validators.last_modified.encode("latin-1", "ignore")))
        with _translated(subject):
            async with self._client.stream("GET", target, headers=headers) as answer:
                if answer.status_code in _REDIRECTS:
                    return _location(answer, target, subject)
                self._refuse_status(answer, subject, is_conditional=bool(headers))
                body = b"" if answer.status_code == 304 else await self._body(answer, subject)
        sent = Validators(etag=_raw(answer, b"etag"), last_modified=_raw(answer, b"last-modified"))
        is_unmodified = answer.status_code == 304
        if not is_unmodified and not body.strip():
            raise FetchError("the answer is empty", kind=FetchKind.EMPTY, subject=subject)
        return Fetched(
            url=str(target),
            body=body,
            content_type=answer.headers.get("content-type", ""),
            validators=validators if is_unmodified else sent,
            is_unmodified=is_unmodified,
            at=self._clock(),
        )

    async def _body(self, answer: httpx.Response, subject: str) -> bytes:
        limit = self._rules.max_bytes
        inflater = Inflater(answer.headers.get("content-encoding", ""), max_bytes=limit, subject=subject)
        wire = 0
        async for piece in answer.aiter_raw():
            wire += len(piece)
            if wire > limit:
                raise FetchError(f"the answer is larger than {limit} bytes", kind=FetchKind.TOO_LARGE, subject=subject)
            inflater.feed(piece)
        return inflater.finish()

    def _refuse_status(self, answer: httpx.Response, subject: str, *, is_conditional: bool) -> None:
        status = answer.status_code
        if status == 200 or (status == 304 and is_conditional):
            return
        if status == 304:
            raise FetchError(
                "HTTP 304 though nothing was asked to compare with",
                kind=FetchKind.NOT_MODIFIED_UNASKED,
                subject=subject,
            )
        wait = retry_after(answer.headers.get("retry-after"), answer.headers.get("date"), self._clock())
        if status == 429 or (status == 503 and wait is not None):
            until = "" if wait is None else f"; not before {wait:%Y-%m-%d %H:%M:%SZ}"
            raise FetchError(
                f"HTTP {status}: too many requests{until}",
                kind=FetchKind.RATE_LIMITED,
                subject=subject,
                retry_after=wait,
            )
        if status == 410:
            raise FetchError("HTTP 410: gone for good", kind=FetchKind.GONE, subject=subject)
        if answer.headers.get("cf-mitigated") == "challenge":
            raise FetchError(f"HTTP {status}: the server wants a browser (bot block)", kind=FetchKind.BOT_BLOCK, subject=subject)
        raise FetchError(f"HTTP {status}", kind=FetchKind.STATUS, subject=subject)


class _Turns:
    """Lets at most `concurrency` users in, `delay` seconds apart."""

    def __init__(self, concurrency: int, delay: float) -> None:
        self._slots = asyncio.Semaphore(concurrency)
        self._delay = delay
        self._free_at = 0.0

    @contextlib.asynccontextmanager
    async def next(self) -> AsyncIterator[None]:
        async with self._slots:
            now = time.monotonic()
            start = max(now, self._free_at)
            self._free_at = start + self._delay
            if start > now:
                await asyncio.sleep(start - now)
            yield


def checked(url: str, subject: str) -> httpx.URL:
    """The address as httpx reads it, if it may be fetched at all.

    Raises:
        FetchError: kind redirect: not http or https, no host, or characters on which parsers disagree.
    """

    def refused(cause: str) -> FetchError:
        return FetchError(f"{cause}: {_without_password(url)[:200]!r}", kind=FetchKind.REDIRECT, subject=subject)

    if _UNSAFE.search(url):
        raise refused("an address with spaces, control characters or backslashes")
    try:
        parsed = httpx.URL(url)
        host, scheme = parsed.host, parsed.scheme
    except (httpx.InvalidURL, ValueError, UnicodeError) as error:
        raise refused("not an address") from error
    if scheme not in ("http", "https"):
        raise refused("only http and https are fetched")
    if not host:
        raise refused("an address without a host")
    if parsed.userinfo:
        raise refused("an address with a user name in it")
    return parsed


def _without_password(url: str) -> str:
    """The address as it may be told: whatever stands before an @ in its host part is left out."""
    return re.sub(r"(?<=//)[^/?#]*@", "", url)


def retry_after(value: str | None, server_date: str | None, now: datetime) -> datetime | None:
    """When to come back, aware UTC, at most 24 h ahead; None if the header is absent or makes no sense.

    A date counts from the server's own Date header, because server clocks are wrong. Source: RFC 9110 section 10.2.3.
    """
    if value is None:
        return None
    text = value.strip()
    if text.isascii() and text.isdigit():
        wait = timedelta(seconds=min(int(text[:9]), MAX_RETRY_AFTER.total_seconds()))
    else:
        target, base = _http_date(text), _http_date(server_date or "")
        if target is None:
            return None
        wait = target - (base or now)
    return now + min(max(wait, timedelta()), MAX_RETRY_AFTER)


def _http_date(text: str) -> datetime | None:
    try:
        moment = email.utils.parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _location(answer: httpx.Response, target: httpx.URL, subject: str) -> str:
    location = (_raw(answer, b"location") or "").strip()
    if not location:
        raise FetchError(f"HTTP {answer.status_code} without a place to go to", kind=FetchKind.REDIRECT, subject=subject)
    if _UNSAFE.search(location):
        return location  # refused by checked, with its own words
    try:
        return str(target.join(location))
    except (httpx.InvalidURL, ValueError, UnicodeError) as error:
        raise FetchError("redirects to what is no address", kind=FetchKind.REDIRECT, subject=subject) from error


def _raw(answer: httpx.Response, name: bytes) -> str | None:
    """A header byte for byte (latin-1 keeps every byte); None if absent."""
    for key, value in answer.headers.raw:
        if key.lower() == name:
            return value.decode("latin-1")
    return None


def _protocol_kind(error: httpx.TransportError | httpx.DecodingError) -> FetchKind:
    """httpx reads a Location header before we do; what it cannot read is a matter of redirects, not of the protocol."""
    return FetchKind.REDIRECT if "location" in str(error).lower() else FetchKind.PROTOCOL


@contextlib.contextmanager
def _translated(subject: str) -> Iterator[None]:
    """Turns the client's exceptions into ours."""
    try:
        yield
    except _Blocked as error:
        raise FetchError(
            f"the host is at {error}, which is not a public address",
            kind=FetchKind.ADDRESS,
            subject=subject,
            hint="If that is meant, name its network in network.allow_private",
        ) from error
    except httpx.TimeoutException as error:
        raise FetchError("no answer in time", kind=FetchKind.TIMEOUT, subject=subject) from error
    except httpx.ConnectError as error:
        text = str(error)
        if text.startswith("name:"):
            raise FetchError("the host name does not resolve", kind=FetchKind.DNS, subject=subject) from error
        if "certificate" in text.lower() or "ssl" in text.lower():
            raise FetchError(f"no trustworthy TLS connection ({text[:120]})", kind=FetchKind.TLS, subject=subject) from error
        raise FetchError(f"cannot connect ({text[:120]})", kind=FetchKind.CONNECT, subject=subject) from error
    except httpx.InvalidURL as error:
        raise FetchError("redirects to what is no address", kind=FetchKind.REDIRECT, subject=subject) from error
    except (httpx.RemoteProtocolError, httpx.LocalProtocolError, httpx.DecodingError) as error:
        raise FetchError(f"broken HTTP ({str(error)[:120]})", kind=_protocol_kind(error), subject=subject) from error
    except httpx.TransportError as error:
        raise FetchError(f"the connection broke ({type(error).__name__})", kind=FetchKind.CONNECT, subject=subject) from error
    except (httpx.HTTPError, UnicodeError, ValueError) as error:
        raise FetchError(f"broken answer ({type(error).__name__})", kind=FetchKind.PROTOCOL, subject=subject) from error
