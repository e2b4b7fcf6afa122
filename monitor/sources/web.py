"""The one way to the network: what the product fetches goes through Web.fetch, what it posts through Web.post and Web.send.

Bounded in time, bytes and redirects; connects only to addresses that addresses.is_allowed permits, and tests the address it
really connects to; takes turns per host. Never parses.
"""

from __future__ import annotations

import asyncio
import contextlib
import email.utils
import re
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Self
from urllib.parse import urlencode

import httpx

from monitor import __version__
from monitor.errors import FetchError, FetchKind
from monitor.items import Fetched, Validators
from monitor.sources.addresses import Network
from monitor.sources.inflate import ACCEPTED, Inflater
from monitor.sources.transport import Blocked, GuardedTransport, UnknownHost

MAX_REDIRECTS = 10
MAX_HOSTS = 4_096
"""Hosts whose turns are remembered; beyond them the idle ones are forgotten."""
MAX_RETRY_AFTER = timedelta(hours=24)
MAX_FRESH = timedelta(hours=24)
_PERMANENT = (301, 308)
_REDIRECTS = (*_PERMANENT, 302, 303, 307)
_UNSAFE = re.compile(r"[\x00-\x20\x7f\\]")
_FIELD_VALUE = re.compile(rb"[\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?")
"""What a header may hold. Source: RFC 9110, section 5.5."""
_LINK = re.compile(r"<([^<>]{1,2000})>\s*((?:;[^,<]{0,400})*)")
_REL = re.compile(r';\s*rel\s*=\s*"?([^";]+)"?', re.I)
_MAX_AGE = re.compile(r"(?:^|[,\s])max-age\s*=\s*\"?(\d{1,9})", re.I)
USER_AGENT = f"econsec-monitor/{__version__} (news monitor; +https://econsec-monitor.example/; set network.user_agent)"


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkRules:
    """How to behave on the network."""

    user_agent: str = USER_AGENT
    timeout: float = 30.0  # seconds for the whole exchange: names, connections, redirects, body
    max_bytes: int = 15 << 20  # after decoding
    host_concurrency: int = 2
    host_delay: float = 1.0  # seconds between two starts at one host
    allow_private: tuple[Network, ...] = ()
    concurrency: int = 64  # fetches at one time, all hosts together


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What came back of a body that was sent."""

    status: int
    retry_after: float | None  # seconds that the server asked to be left alone; None if it did not


@dataclass(frozen=True, slots=True)
class _Hop:
    """A redirect."""

    url: str
    is_permanent: bool


class Web:
    """A polite, guarded client; use it as an async context manager, within one event loop."""

    def __init__(self, rules: NetworkRules, clock: Callable[[], datetime]) -> None:
        self._rules = rules
        self._clock = clock
        self._turns: dict[str, _Turns] = {}
        self._all = asyncio.Semaphore(rules.concurrency)
        # httpx's client above the transport would keep cookies, follow redirects and read bodies as it likes: we do not
        self._transports = {
            is_verified: GuardedTransport(rules.allow_private, is_tls_verified=is_verified) for is_verified in (True, False)
        }

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for transport in self._transports.values():
            await transport.aclose()

    async def fetch(
        self,
        url: str,
        *,
        subject: str,
        validators: Validators | None = None,
        headers: tuple[tuple[str, str], ...] = (),
        is_tls_verified: bool = True,
    ) -> Fetched:
        """Read a document.

        Args:
            subject: the source's id, for errors.
            validators: from the last time; None asks unconditionally.
            headers: sent to the origin of `url` (scheme, host, port) and to no other.
            is_tls_verified: False lets any certificate pass, at that origin only.

        Raises:
            FetchError: with its kind; nothing of a broken answer is returned.
        """
        asked = validators or Validators()
        start = checked(url, subject)
        target, seen = start, {str(start)}
        left = self._rules.timeout
        moved_to, is_permanent, last_host = None, True, ""
        for _ in range(MAX_REDIRECTS + 1):
            is_home = _origin(target) == _origin(start)
            async with self._turn(target.host, is_spaced=target.host != last_host), self._all:
                began = time.monotonic()
                try:
                    async with asyncio.timeout(left):
                        answer = await self._once(
                            target, subject, asked, headers if is_home else (), is_tls_verified=is_tls_verified or not is_home
                        )
                except TimeoutError as error:
                    cause = f"no complete answer within {self._rules.timeout:g} s"
                    raise FetchError(cause, kind=FetchKind.TIMEOUT, subject=subject) from error
                left = max(0.001, left - (time.monotonic() - began))
            if isinstance(answer, Fetched):
                return replace(answer, moved_to=moved_to)
            last_host, target = target.host, checked(answer.url, subject)
            is_permanent &= answer.is_permanent and not (start.scheme == "https" and target.scheme == "http")
            moved_to = str(target) if is_permanent else moved_to
            if str(target) in seen:
                raise FetchError("redirects in a circle", kind=FetchKind.REDIRECT, subject=subject)
            seen.add(str(target))
        raise FetchError(f"more than {MAX_REDIRECTS} redirects", kind=FetchKind.REDIRECT, subject=subject)

    async def post(self, url: str, form: Sequence[tuple[str, str]], *, subject: str) -> int:
        """Send a form, under the same guards; redirects are not followed, and the answer's body is not read.

        Args:
            form: names and values, in order.
            subject: the source's id, for errors.

        Returns:
            The status, whatever it is.

        Raises:
            FetchError: with its kind; no status came.
        """
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        return (await self.send(url, urlencode(form).encode("ascii"), headers=headers, subject=subject)).status

    async def send(self, url: str, body: bytes, *, headers: Mapping[str, str], subject: str) -> Answered:
        """Post a body, under the same guards; redirects are not followed, and the answer's body is not read.

        Args:
            headers: with its Content-Type.
            subject: whom it is for, for errors.

        Raises:
            FetchError: no status came. Of the kinds timeout and protocol the body may have arrived all the same; of every
                other it did not.
        """
        target = checked(url, subject)
        own = {"User-Agent": self._rules.user_agent.encode("ascii", "replace"), "Accept": b"*/*"}
        raw = own | {name: value.encode("utf-8") for name, value in headers.items()}
        async with self._turn(target.host, is_spaced=True), self._all:
            try:
                async with asyncio.timeout(self._rules.timeout):
                    with _translated(subject):
                        request = httpx.Request("POST", target, headers=_listed(raw), content=body)
                        answer = await self._transports[True].handle_async_request(request)
                        await answer.aclose()
            except TimeoutError as error:
                cause = f"no answer within {self._rules.timeout:g} s"
                raise FetchError(cause, kind=FetchKind.TIMEOUT, subject=subject) from error
            except FetchError as error:
                if error.kind is FetchKind.CONNECT and not isinstance(error.__cause__, httpx.ConnectError):
                    raise FetchError(error.cause, kind=FetchKind.PROTOCOL, subject=subject) from error  # it was connected
                raise
        now = self._clock()
        until = retry_after(answer.headers.get("retry-after"), answer.headers.get("date"), now)
        return Answered(status=answer.status_code, retry_after=None if until is None else (until - now).total_seconds())

    @contextlib.asynccontextmanager
    async def _turn(self, host: str, *, is_spaced: bool) -> AsyncIterator[None]:
        if len(self._turns) > MAX_HOSTS:
            self._turns = {name: turns for name, turns in self._turns.items() if turns.is_busy}
        turns = self._turns.setdefault(host, _Turns(self._rules.host_concurrency, self._rules.host_delay))
        async with turns.next(is_spaced=is_spaced):
            yield

    async def _once(
        self,
        target: httpx.URL,
        subject: str,
        validators: Validators,
        extra: tuple[tuple[str, str], ...],
        *,
        is_tls_verified: bool,
    ) -> Fetched | _Hop:
        """One request: the answer, or the place to go on with."""
        headers = {
            "User-Agent": self._rules.user_agent.encode("ascii", "replace"),
            "Accept": b"*/*",
            "Accept-Encoding": ACCEPTED.encode("ascii"),
        }
        for name, validator in (("If-None-Match", validators.etag), ("If-Modified-Since", validators.last_modified)):
            raw = (validator or "").encode("latin-1", "ignore")
            if _FIELD_VALUE.fullmatch(raw):  # byte for byte, or not at all
                headers[name] = raw
        is_conditional = len(headers) > 3
        for name, value in extra:
            headers[next((each for each in headers if each.lower() == name.lower()), name)] = value.encode("utf-8")
        with _translated(subject):
            request = httpx.Request("GET", target, headers=_listed(headers))
            answer = await self._transports[is_tls_verified].handle_async_request(request)
            try:
                if answer.status_code in _REDIRECTS:
                    return _Hop(_location(answer, target, subject), answer.status_code in _PERMANENT)
                self._refuse_status(answer, subject, is_conditional=is_conditional)
                body = b"" if answer.status_code == 304 else await self._body(answer, subject)
            finally:
                await answer.aclose()
        sent = Validators(etag=_raw(answer, b"etag"), last_modified=_raw(answer, b"last-modified"))
        is_unmodified = answer.status_code == 304
        if not is_unmodified and not body.strip():
            raise FetchError("the answer is empty", kind=FetchKind.EMPTY, subject=subject)
        links = _links(answer.headers.get("link"), target)
        return Fetched(
            url=str(target),
            body=body,
            content_type=answer.headers.get("content-type", ""),
            validators=validators if is_unmodified else sent,
            is_unmodified=is_unmodified,
            at=self._clock(),
            fresh_for=fresh_for(answer.headers),
            hub=links.get("hub"),
            topic=links.get("self"),
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
            raise FetchError("HTTP 410: gone for good", kind=FetchKind.GONE, subject=subject, status=status)
        if answer.headers.get("cf-mitigated") == "challenge":
            raise FetchError(f"HTTP {status}: the server wants a browser (bot block)", kind=FetchKind.BOT_BLOCK, subject=subject)
        raise FetchError(f"HTTP {status}", kind=FetchKind.STATUS, subject=subject, status=status)


class _Turns:
    """Lets at most `concurrency` users in, `delay` seconds apart."""

    def __init__(self, concurrency: int, delay: float) -> None:
        self._slots = asyncio.Semaphore(concurrency)
        self._delay = delay
        self._free_at = 0.0
        self._users = 0

    @property
    def is_busy(self) -> bool:
        """True if somebody is in or waits, or the next start is not free yet."""
        return self._users > 0 or time.monotonic() < self._free_at

    @contextlib.asynccontextmanager
    async def next(self, *, is_spaced: bool) -> AsyncIterator[None]:
        """A turn; `is_spaced` False for what goes on with an exchange that had its own."""
        self._users += 1
        try:
            async with self._slots:
                now = time.monotonic()
                if is_spaced:
                    start = max(now, self._free_at)
                    self._free_at = start + self._delay
                    if start > now:
                        await asyncio.sleep(start - now)
                yield
        finally:
            self._users -= 1


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


def fresh_for(headers: httpx.Headers) -> timedelta:
    """How long an answer stays fresh by its own word, 0 to MAX_FRESH; 0 if it does not say or makes no sense.

    Source: RFC 9111, sections 4.2 and 5.2.2; Expires counts from the server's own Date.
    """
    control = headers.get("cache-control", "").lower()
    if "no-cache" in control or "no-store" in control:
        return timedelta()
    match = _MAX_AGE.search(control)
    if match is not None:
        age = headers.get("age", "").strip()
        spent = int(age[:9]) if age.isascii() and age.isdigit() else 0
        return min(max(timedelta(seconds=int(match[1]) - spent), timedelta()), MAX_FRESH)
    expires, date = _http_date(headers.get("expires", "")), _http_date(headers.get("date", ""))
    if expires is None or date is None:
        return timedelta()
    return min(max(expires - date, timedelta()), MAX_FRESH)


def _links(header: str | None, base: httpx.URL) -> dict[str, str]:
    """Addresses of Link headers by relation, absolute, the first of each. Source: RFC 8288, section 3."""
    found: dict[str, str] = {}
    for address, parameters in _LINK.findall((header or "")[:8000]):
        relation = _REL.search(parameters)
        for name in relation[1].lower().split() if relation else ():
            found.setdefault(name, address.strip())
    return {
        name: address if address.startswith(("http://", "https://")) else _joined(base, address)
        for name, address in found.items()
    }


def _joined(base: httpx.URL, address: str) -> str:
    """A relative address made absolute; as it is where it is none."""
    try:
        return str(base.join(address))
    except (httpx.InvalidURL, ValueError, UnicodeError):
        return address


def _listed(headers: Mapping[str, bytes]) -> list[tuple[bytes, bytes]]:
    return [(name.encode("ascii"), value) for name, value in headers.items()]


def is_same_origin(one: str, other: str) -> bool:
    """True if two addresses have scheme, host and port in common; False if one of them is no address. Source: RFC 6454."""
    try:
        return _origin(httpx.URL(one)) == _origin(httpx.URL(other))
    except (httpx.InvalidURL, ValueError, UnicodeError):
        return False


def _origin(url: httpx.URL) -> tuple[str, str, int]:
    """Scheme, host and port. Source: RFC 6454."""
    return url.scheme, url.host, url.port or (443 if url.scheme == "https" else 80)


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


@contextlib.contextmanager
def _translated(subject: str) -> Iterator[None]:
    """Turns the client's exceptions into ours."""
    try:
        yield
    except Blocked as error:
        raise FetchError(
            f"the host is at {error}, which is not a public address",
            kind=FetchKind.ADDRESS,
            subject=subject,
            hint="If that is meant, name its network in network.allow_private",
        ) from error
    except UnknownHost as error:
        raise FetchError("the host name does not resolve", kind=FetchKind.DNS, subject=subject) from error
    except httpx.ConnectError as error:
        text = str(error)
        if "certificate" in text.lower() or "ssl" in text.lower():
            raise FetchError(f"no trustworthy TLS connection ({text[:120]})", kind=FetchKind.TLS, subject=subject) from error
        raise FetchError(f"cannot connect ({text[:120]})", kind=FetchKind.CONNECT, subject=subject) from error
    except (httpx.RemoteProtocolError, httpx.LocalProtocolError) as error:
        raise FetchError(f"broken HTTP ({str(error)[:120]})", kind=FetchKind.PROTOCOL, subject=subject) from error
    except httpx.TransportError as error:
        raise FetchError(f"the connection broke ({type(error).__name__})", kind=FetchKind.CONNECT, subject=subject) from error
    except (httpx.InvalidURL, UnicodeError, ValueError) as error:
        raise FetchError(f"broken answer ({type(error).__name__})", kind=FetchKind.PROTOCOL, subject=subject) from error
