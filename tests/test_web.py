"""The guarded fetch, over real sockets."""

from __future__ import annotations

import asyncio
import gzip
import ipaddress
import socketserver
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from fakes import Answer, Site

from monitor.errors import FetchError, FetchKind
from monitor.items import Fetched, Validators
from monitor.sources.web import NetworkRules, Web, checked, retry_after

LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"),)
QUICK = NetworkRules(allow_private=LOOPBACK, host_delay=0, timeout=3)


def fetch(url: str, rules: NetworkRules = QUICK, validators: Validators | None = None) -> Fetched:
    async def once() -> Fetched:
        async with Web(rules) as web:
            return await web.fetch(url, subject="test", validators=validators)

    return asyncio.run(once())


def failure(url: str, rules: NetworkRules = QUICK) -> FetchError:
    with pytest.raises(FetchError) as caught:
        fetch(url, rules)
    return caught.value


class Raw:
    """A server that sends given bytes and then waits or closes."""

    def __init__(self, answer: bytes, *, is_patient: bool = False) -> None:
        done = self.done = threading.Event()

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                self.request.recv(65536)
                self.request.sendall(answer)
                if is_patient:
                    done.wait(20)

        self.server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def close(self) -> None:
        self.done.set()
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def raw() -> Iterator[list[Raw]]:
    servers: list[Raw] = []
    yield servers
    for each in servers:
        each.close()


def test_a_document_comes_with_its_validators_byte_for_byte(site: Site) -> None:
    """ETag and Last-Modified are kept as sent, quotes and odd bytes included."""
    site.pages["/feed"] = Answer(
        b"<rss/>", headers={"ETag": 'W/"a,b\xe9"', "Last-Modified": "yesterday", "Content-Type": "text/xml"}
    )
    found = fetch(f"{site.base}/feed")
    assert found.body == b"<rss/>"
    assert found.validators == Validators(etag='W/"a,b\xe9"', last_modified="yesterday")
    assert not found.is_unmodified


def test_validators_are_sent_back_and_304_means_unmodified(site: Site) -> None:
    """A conditional request carries what was stored; 304 keeps it."""

    def answer(headers: dict[str, str]) -> Answer:
        return Answer(status=304) if headers.get("if-none-match") == '"1"' else Answer(b"x", headers={"ETag": '"1"'})

    site.pages["/feed"] = answer
    found = fetch(f"{site.base}/feed", validators=Validators(etag='"1"'))
    assert found.is_unmodified
    assert found.validators.etag == '"1"'


def test_304_without_a_question_is_an_error(site: Site) -> None:
    """A server that says "not modified" to an unconditional request has not answered."""
    site.pages["/feed"] = Answer(status=304)
    assert failure(f"{site.base}/feed").kind is FetchKind.NOT_MODIFIED_UNASKED


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (404, FetchKind.STATUS),
        (410, FetchKind.GONE),
        (500, FetchKind.STATUS),
        (204, FetchKind.STATUS),
        (206, FetchKind.STATUS),
        (429, FetchKind.RATE_LIMITED),
    ],
)
def test_a_status_other_than_200_is_a_failure_of_its_kind(site: Site, status: int, kind: FetchKind) -> None:
    """Whatever the body says, the status wins."""
    site.pages["/feed"] = Answer(b"<rss/>" if status != 204 else b"", status=status)
    assert failure(f"{site.base}/feed").kind is kind


def test_an_empty_body_is_a_failure(site: Site) -> None:
    """Success without a document is no success."""
    site.pages["/feed"] = Answer(b"  \n")
    assert failure(f"{site.base}/feed").kind is FetchKind.EMPTY


def test_redirects_are_followed_to_their_end(site: Site) -> None:
    """Relative and absolute ones, up to the limit."""
    site.pages["/a/b"] = Answer(status=302, headers={"Location": "../c"})
    site.pages["/c"] = Answer(status=301, headers={"Location": f"{site.base}/d"})
    site.pages["/d"] = Answer(b"here")
    found = fetch(f"{site.base}/a/b")
    assert (found.body, found.url) == (b"here", f"{site.base}/d")


@pytest.mark.parametrize(
    "location", ["", "file:///etc/passwd", "gopher://x/", "javascript:alert(1)", "http://u:p@127.0.0.1/", "http://a\\@b/"]
)
def test_a_redirect_to_what_may_not_be_fetched_is_refused(site: Site, location: str) -> None:
    """Only http and https, without credentials, without characters that parsers disagree on."""
    site.pages["/feed"] = Answer(status=302, headers={"Location": location})
    assert failure(f"{site.base}/feed").kind is FetchKind.REDIRECT


def test_a_circle_of_redirects_ends(site: Site) -> None:
    """No address is asked twice in one fetch."""
    site.pages["/feed"] = Answer(status=302, headers={"Location": "/feed"})
    assert failure(f"{site.base}/feed").kind is FetchKind.REDIRECT
    assert len(site.requests) == 1


def test_a_private_address_is_not_connected_to(site: Site) -> None:
    """Without network.allow_private the request never leaves."""
    site.pages["/feed"] = Answer(b"secret")
    assert failure(f"{site.base}/feed", NetworkRules(host_delay=0)).kind is FetchKind.ADDRESS
    assert failure(site.base.replace("127.0.0.1", "localhost"), NetworkRules(host_delay=0)).kind is FetchKind.ADDRESS
    assert site.requests == []


def test_a_redirect_to_a_private_address_is_refused_at_the_hop(site: Site) -> None:
    """Every hop is tested, not only the first."""
    site.pages["/feed"] = Answer(status=302, headers={"Location": "http://169.254.169.254/latest/meta-data/"})
    assert failure(f"{site.base}/feed").kind is FetchKind.ADDRESS


def test_a_slow_body_meets_the_total_deadline(raw: list[Raw]) -> None:
    """The limit is on the whole exchange, not on each read."""
    server = Raw(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n<rss", is_patient=True)
    raw.append(server)
    rules = NetworkRules(allow_private=LOOPBACK, host_delay=0, timeout=0.3)
    assert failure(server.url, rules).kind is FetchKind.TIMEOUT


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n<rss>",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n<rss>\r\n",
        b"HTTP/1.1 banana OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n<rss>",
        b"<rss/>",
        b"",
    ],
)
def test_incomplete_or_broken_http_is_a_failure(raw: list[Raw], answer: bytes) -> None:
    """Half a document is never taken for the whole."""
    server = Raw(answer)
    raw.append(server)
    assert failure(server.url).kind in (FetchKind.PROTOCOL, FetchKind.CONNECT)


def test_a_bomb_stops_at_the_limit_after_decoding(site: Site) -> None:
    """Decoded bytes count, however few came over the wire."""
    bomb = gzip.compress(b" " * (8 << 20))
    site.pages["/feed"] = Answer(bomb, headers={"Content-Encoding": "gzip"})
    rules = NetworkRules(allow_private=LOOPBACK, host_delay=0, max_bytes=1 << 20)
    assert failure(f"{site.base}/feed", rules).kind is FetchKind.TOO_LARGE


def test_an_unreachable_server_says_so() -> None:
    """A refused connection has its own kind."""
    assert failure("http://127.0.0.1:9/").kind is FetchKind.CONNECT


def test_no_more_than_two_requests_run_at_one_host(site: Site) -> None:
    """Politeness holds also when many sources share a host."""
    running, most, lock = [0], [0], threading.Lock()
    gate = threading.Barrier(2, timeout=5)

    def answer(headers: dict[str, str]) -> Answer:
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
        try:
            gate.wait()
        except threading.BrokenBarrierError:
            pass
        with lock:
            running[0] -= 1
        return Answer(b"x")

    site.pages["/feed"] = answer

    async def many() -> None:
        async with Web(NetworkRules(allow_private=LOOPBACK, host_delay=0, host_concurrency=2, timeout=20)) as web:
            await asyncio.gather(*(web.fetch(f"{site.base}/feed", subject="x") for _ in range(8)))

    asyncio.run(many())
    assert most[0] == 2


def test_the_program_says_who_it_is(site: Site) -> None:
    """The User-Agent names the program and a contact."""
    site.pages["/feed"] = Answer(b"x")
    fetch(f"{site.base}/feed")
    agent = site.requests[0][1]["user-agent"]
    assert agent.startswith("econsec-monitor/")
    assert "+https://" in agent


NOW = datetime(2026, 5, 1, 8, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "date", "seconds"),
    [
        ("20", None, 20),
        ("0", None, 0),
        ("Fri, 01 May 2026 10:00:30 GMT", "Fri, 01 May 2026 10:00:00 GMT", 30),
        ("315360000", None, 86400),
        ("99999999999999999999", None, 86400),
    ],
)
def test_retry_after_counts_from_the_servers_own_clock_and_is_capped(value: str, date: str | None, seconds: int) -> None:
    """Seconds or a date; at most a day."""
    assert retry_after(value, date, NOW) == NOW + timedelta(seconds=seconds)


@pytest.mark.parametrize("value", [None, "", "soon", "-1", "1e9"])
def test_a_senseless_retry_after_is_none(value: str | None) -> None:
    """Then the usual back-off counts."""
    assert retry_after(value, None, NOW) is None


@pytest.mark.parametrize(
    "url", ["ftp://a.example/", "http:///x", "//a.example/x", "http://a b/", "http://a.example\\@b/", "x", ""]
)
def test_what_is_no_web_address_is_refused(url: str) -> None:
    """Before any connection."""
    with pytest.raises(FetchError):
        checked(url, "test")
