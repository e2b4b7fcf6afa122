"""The guarded fetch, over real sockets: a whole document, or a failure of its kind; conditional, bounded, and only where it may go."""

from __future__ import annotations

import gzip
from collections.abc import Iterator

import pytest
from fakes import Answer, Site
from fetches import LOOPBACK, Raw, failure, fetch

from monitor.errors import FetchError, FetchKind
from monitor.items import Validators
from monitor.sources.web import NetworkRules, checked


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


@pytest.mark.parametrize("etag", ['"a\r\nX-Evil: 1"', '"a\0b"', "", " ", '"a\n"', "\x7f"])
def test_a_validator_that_no_header_may_hold_is_not_sent(site: Site, etag: str) -> None:
    """Byte for byte, or not at all: the request goes without it, and unconditionally."""
    site.pages["/feed"] = Answer(b"x")
    fetch(f"{site.base}/feed", validators=Validators(etag=etag, last_modified=etag))
    [(_, headers)] = site.requests
    assert {"if-none-match", "if-modified-since", "x-evil"} & set(headers) == set()


def test_a_private_address_is_not_connected_to(site: Site) -> None:
    """Without network.allow_private the request never leaves."""
    site.pages["/feed"] = Answer(b"secret")
    assert failure(f"{site.base}/feed", NetworkRules(host_delay=0)).kind is FetchKind.ADDRESS
    assert failure(site.base.replace("127.0.0.1", "localhost"), NetworkRules(host_delay=0)).kind is FetchKind.ADDRESS
    assert site.requests == []


@pytest.mark.parametrize(
    "url", ["ftp://a.example/", "http:///x", "//a.example/x", "http://a b/", "http://a.example\\@b/", "x", ""]
)
def test_what_is_no_web_address_is_refused(url: str) -> None:
    """Before any connection."""
    with pytest.raises(FetchError):
        checked(url, "test")


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


def test_the_program_says_who_it_is(site: Site) -> None:
    """The User-Agent names the program and a contact."""
    site.pages["/feed"] = Answer(b"x")
    fetch(f"{site.base}/feed")
    agent = site.requests[0][1]["user-agent"]
    assert agent.startswith("econsec-monitor/")
    assert "+https://" in agent
