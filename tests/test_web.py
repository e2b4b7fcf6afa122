"""The guarded fetch, over real sockets."""

from __future__ import annotations

import asyncio
import gzip
import ipaddress
import itertools
import socketserver
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from fakes import Answer, HookFake, Site

from monitor.errors import FetchError, FetchKind
from monitor.items import Fetched, Validators
from monitor.sources.web import Answered, NetworkRules, Web, checked, fresh_for, retry_after

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


HEADERS = (("Authorization", "Bearer marked"), ("X-Key", "marked"))


def fetch_with_credentials(url: str) -> Fetched:
    async def once() -> Fetched:
        async with Web(QUICK) as web:
            return await web.fetch(url, subject="test", headers=HEADERS)

    return asyncio.run(once())


def test_credentials_go_to_their_origin_and_stay_there_over_redirects(site: Site) -> None:
    """Same scheme, host and port: the configured headers are sent at every hop."""
    site.pages["/feed"] = Answer(status=302, headers={"Location": "/there"})
    site.pages["/there"] = Answer(b"x")
    fetch_with_credentials(f"{site.base}/feed")
    assert [(headers.get("authorization"), headers.get("x-key")) for _, headers in site.requests] == [
        ("Bearer marked", "marked")
    ] * 2


@pytest.mark.parametrize("elsewhere", ["host", "port"])
def test_credentials_are_dropped_at_another_origin_and_come_back_at_their_own(site: Site, elsewhere: str) -> None:
    """Another host name or another port is another origin, even of the same machine."""
    other = Site()
    base = site.base.replace("127.0.0.1", "localhost") if elsewhere == "host" else other.base
    site.pages["/feed"] = Answer(status=302, headers={"Location": f"{base}/away"})
    away = site if elsewhere == "host" else other
    away.pages["/away"] = Answer(status=302, headers={"Location": f"{site.base}/home"})
    site.pages["/home"] = Answer(b"x")
    try:
        fetch_with_credentials(f"{site.base}/feed")
    finally:
        other.close()
    sent = {path: "marked" in str(headers) for path, headers in (*site.requests, *other.requests)}
    assert sent == {"/feed": True, "/away": False, "/home": True}


@pytest.mark.parametrize("etag", ['"a\r\nX-Evil: 1"', '"a\0b"', "", " ", '"a\n"', "\x7f"])
def test_a_validator_that_no_header_may_hold_is_not_sent(site: Site, etag: str) -> None:
    """Byte for byte, or not at all: the request goes without it, and unconditionally."""
    site.pages["/feed"] = Answer(b"x")
    fetch(f"{site.base}/feed", validators=Validators(etag=etag, last_modified=etag))
    [(_, headers)] = site.requests
    assert {"if-none-match", "if-modified-since", "x-evil"} & set(headers) == set()


@pytest.mark.parametrize(
    ("statuses", "moved_to"),
    [
        ((), None),
        ((301,), "/1"),
        ((308, 301), "/2"),
        ((302,), None),
        ((307, 301), None),
        ((301, 302), "/1"),
        ((301, 303, 301), "/1"),
    ],
)
def test_a_source_has_moved_as_far_as_permanent_redirects_lead(
    site: Site, statuses: tuple[int, ...], moved_to: str | None
) -> None:
    """What stands behind a temporary one may be elsewhere tomorrow."""
    for place, status in enumerate(statuses):
        site.pages[f"/{place}"] = Answer(status=status, headers={"Location": f"/{place + 1}"})
    site.pages[f"/{len(statuses)}"] = Answer(b"x")
    assert fetch(f"{site.base}/0").moved_to == (None if moved_to is None else site.base + moved_to)


@pytest.mark.parametrize("length", [10, 11])
def test_ten_redirects_are_followed_and_no_more(site: Site, length: int) -> None:
    """Eleven requests at most in one fetch."""
    for place in range(length):
        site.pages[f"/{place}"] = Answer(status=302, headers={"Location": f"/{place + 1}"})
    site.pages[f"/{length}"] = Answer(b"x")
    if length == 10:
        assert fetch(f"{site.base}/0").body == b"x"
    else:
        assert failure(f"{site.base}/0").kind is FetchKind.REDIRECT
    assert len(site.requests) == 11


DATE = "Fri, 01 May 2026 08:00:00 GMT"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, 0),
        ({"Cache-Control": "max-age=600"}, 600),
        ({"Cache-Control": 'public, max-age="600"'}, 600),
        ({"Cache-Control": "max-age=600", "Age": "200"}, 400),
        ({"Cache-Control": "max-age=600", "Age": "900"}, 0),
        ({"Cache-Control": "max-age=600", "Age": "soon"}, 600),
        ({"Cache-Control": "max-age=600, no-store"}, 0),
        ({"Cache-Control": "max-age=600, no-cache"}, 0),
        ({"Cache-Control": "s-maxage=600"}, 0),
        ({"Cache-Control": "max-age=99999999"}, 86_400),
        ({"Cache-Control": "max-age=-5"}, 0),
        ({"Cache-Control": "max-age=soon"}, 0),
        ({"Expires": "Fri, 01 May 2026 09:00:00 GMT", "Date": DATE}, 3600),
        ({"Expires": "Fri, 01 May 2026 07:00:00 GMT", "Date": DATE}, 0),
        ({"Expires": "Fri, 01 May 2026 09:00:00 GMT"}, 0),
        ({"Expires": "0", "Date": DATE}, 0),
        ({"Expires": "Sat, 01 May 2027 08:00:00 GMT", "Date": DATE}, 86_400),
        ({"Cache-Control": "max-age=60", "Expires": "Fri, 01 May 2026 09:00:00 GMT", "Date": DATE}, 60),
    ],
)
def test_an_answer_is_fresh_for_as_long_as_it_says(headers: dict[str, str], seconds: int) -> None:
    """Up to a day; what makes no sense says nothing."""
    assert fresh_for(httpx.Headers(headers)) == timedelta(seconds=seconds)


def test_an_answer_tells_its_hub_its_topic_and_how_long_it_stays(site: Site) -> None:
    """Link headers may be several, or one with commas; addresses are made whole."""
    link = '<https://hub.example/?a=1,2>; rel="hub", </rss>; title="x"; rel=self, <https://second.example/>; rel=hub'
    site.pages["/feed"] = Answer(b"x", headers={"Link": link, "Cache-Control": "max-age=300"})
    found = fetch(f"{site.base}/feed")
    assert (found.hub, found.topic) == ("https://hub.example/?a=1,2", f"{site.base}/rss")
    assert found.fresh_for == timedelta(minutes=5)


@pytest.mark.parametrize(
    "link", ["", "<", "<>; rel=hub", "https://hub.example/; rel=hub", "<https://hub.example/>", "<a" * 5_000]
)
def test_a_link_header_that_makes_no_sense_says_nothing(site: Site, link: str) -> None:
    """Bounded, and no failure."""
    site.pages["/feed"] = Answer(b"x", headers={"Link": link})
    found = fetch(f"{site.base}/feed")
    assert (found.hub or None, found.topic) == (None, None)


def at_once(rules: NetworkRules, *urls: str) -> None:
    async def all_of_them() -> None:
        async with Web(rules) as web:
            await asyncio.gather(*(web.fetch(url, subject="x") for url in urls))

    asyncio.run(all_of_them())


def test_requests_to_one_host_are_spaced(site: Site) -> None:
    """However many places the host has; the first goes at once."""
    starts: list[float] = []

    def answer(headers: dict[str, str]) -> Answer:
        starts.append(time.monotonic())
        return Answer(b"x")

    site.pages["/feed"] = answer
    at_once(NetworkRules(allow_private=LOOPBACK, host_delay=0.2, timeout=5), *[f"{site.base}/feed"] * 4)
    assert all(later - earlier > 0.15 for earlier, later in itertools.pairwise(starts))


def test_waiting_for_a_host_takes_no_place_from_the_others(site: Site) -> None:
    """Ten sources of a slow host leave room for one of another, though there are but two places in all."""
    open_gate, order = threading.Event(), []

    def slow(headers: dict[str, str]) -> Answer:
        open_gate.wait(10)
        order.append("slow")
        return Answer(b"x")

    def quick(headers: dict[str, str]) -> Answer:
        order.append("quick")
        open_gate.set()
        return Answer(b"x")

    site.pages |= {"/slow": slow, "/quick": quick}
    elsewhere = site.base.replace("127.0.0.1", "localhost")
    rules = NetworkRules(allow_private=LOOPBACK, host_delay=0, host_concurrency=1, concurrency=2, timeout=20)
    at_once(rules, *[f"{site.base}/slow"] * 10, f"{elsewhere}/quick")
    assert order[0] == "quick"


def test_a_redirect_to_another_host_waits_for_its_turn_there(site: Site) -> None:
    """A host that many redirect to sees no more requests at once than any other."""
    running, most, lock = 0, 0, threading.Lock()

    def answer(headers: dict[str, str]) -> Answer:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        threading.Event().wait(0.05)
        with lock:
            running -= 1
        return Answer(b"x")

    there = site.base.replace("127.0.0.1", "localhost")
    site.pages |= {"/feed": Answer(status=302, headers={"Location": f"{there}/end"}), "/end": answer}
    rules = NetworkRules(allow_private=LOOPBACK, host_delay=0, host_concurrency=2, timeout=20)
    at_once(rules, *[f"{site.base}/feed", f"{there}/end"] * 4)
    assert most == 2


def test_no_cookie_outlives_an_answer(site: Site) -> None:
    """Neither the next hop nor the next fetch brings it back."""
    site.pages["/feed"] = Answer(status=302, headers={"Location": "/there", "Set-Cookie": "id=7"})
    site.pages["/there"] = Answer(b"x", headers={"Set-Cookie": "id=8"})
    at_once(QUICK, *[f"{site.base}/feed"] * 2)
    assert [headers.get("cookie") for _, headers in site.requests] == [None] * 4


def send(url: str, rules: NetworkRules = QUICK) -> Answered:
    async def once() -> Answered:
        async with Web(rules) as web:
            return await web.send(url, b'{"a": 1}', headers={"Content-Type": "application/json", "X-Own": "ü"}, subject="test")

    return asyncio.run(once())


def failure_of_send(url: str, rules: NetworkRules = QUICK) -> FetchError:
    with pytest.raises(FetchError) as caught:
        send(url, rules)
    return caught.value


@pytest.fixture
def hook() -> Iterator[HookFake]:
    found = HookFake()
    yield found
    found.close()


def test_a_body_is_posted_as_it_is(hook: HookFake) -> None:
    """Byte for byte, with the headers given and our own name."""
    assert send(f"{hook.base}/a?b=c") == Answered(status=200, retry_after=None)
    [(path, headers, body)] = hook.calls
    assert (path, body) == ("/a?b=c", b'{"a": 1}')
    assert (headers["content-type"], headers["content-length"]) == ("application/json", "8")
    assert headers["x-own"].encode("latin-1").decode("utf-8") == "ü"
    assert "monitor" in headers["user-agent"]


def test_the_status_of_a_post_comes_back_with_the_wait_that_was_asked_for(hook: HookFake) -> None:
    """Whatever it is; a redirect is not followed."""
    hook.moods = [
        Answer(status=302, headers={"Location": "/other"}),
        Answer(status=429, headers={"Retry-After": "7"}),
        Answer(status=503, headers={"Retry-After": "Fri, 01 May 2020 00:01:00 GMT", "Date": "Fri, 01 May 2020 00:00:00 GMT"}),
    ]
    found = [send(hook.base) for _ in range(3)]
    assert [each.status for each in found] == [302, 429, 503]
    assert found[0].retry_after is None
    assert [round(each.retry_after or 0) for each in found[1:]] == [7, 60]
    assert len(hook.calls) == 3


@pytest.mark.parametrize(
    ("mood", "kind"),
    [
        ("drop", FetchKind.PROTOCOL),
        ("drop_after", FetchKind.PROTOCOL),
        ("reset_after", FetchKind.PROTOCOL),
        ("hang", FetchKind.TIMEOUT),
    ],
)
def test_a_post_that_may_have_arrived_is_told_from_one_that_did_not(hook: HookFake, mood: str, kind: FetchKind) -> None:
    """By the kind of the failure: once connected, it is open what the server has."""
    hook.moods = [mood]
    assert failure_of_send(hook.base, replace(QUICK, timeout=0.5)).kind is kind
    assert failure_of_send("http://127.0.0.1:9/").kind is FetchKind.CONNECT
    assert failure_of_send("http://nowhere.invalid/").kind is FetchKind.DNS
    assert failure_of_send(hook.base, NetworkRules()).kind is FetchKind.ADDRESS
