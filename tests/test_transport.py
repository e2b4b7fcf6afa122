"""One exchange over one connection, to an address that was tested; names, addresses and sockets as they really are."""

from __future__ import annotations

import asyncio
import gc
import ipaddress
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from fakes import Answer, Site
from fetches import LOOPBACK, QUICK, Raw, failure, fetch

from monitor.clock import now
from monitor.errors import FetchError, FetchKind
from monitor.sources import transport
from monitor.sources.web import NetworkRules, Web

Answers = dict[str, list[str] | threading.Event]


@pytest.fixture
def raw() -> Iterator[list[Raw]]:
    servers: list[Raw] = []
    yield servers
    for each in servers:
        each.close()


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Answers, list[str]]]:
    """A resolver of ours: names to addresses, or to an event that the answer waits for; and what it was asked."""
    answers: Answers = {}
    asked: list[str] = []
    real = socket.getaddrinfo

    def resolve(host: str, port: int, *arguments: Any, **options: Any) -> Any:
        if host not in answers:
            return real(host, port, *arguments, **options)
        asked.append(host)
        answer = answers[host]
        if isinstance(answer, threading.Event):
            answer.wait(20)
            raise socket.gaierror("no answer")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port)) for each in answer]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    yield answers, asked
    for each in answers.values():
        if isinstance(each, threading.Event):
            each.set()


def named(site: Site, host: str) -> str:
    return site.base.replace("127.0.0.1", host) + "/feed"


def test_a_name_is_asked_once_and_what_was_tested_is_connected_to(site: Site, names: tuple[Answers, list[str]]) -> None:
    """Between the test and the connection no name can be given another address."""
    answers, asked = names
    answers["meti.example"] = ["127.0.0.1"]
    site.pages["/feed"] = Answer(b"x")
    assert fetch(named(site, "meti.example")).body == b"x"
    assert asked == ["meti.example"]
    assert site.requests[0][1]["host"].startswith("meti.example:")


def test_an_address_that_does_not_answer_gives_way_to_the_next(site: Site, names: tuple[Answers, list[str]]) -> None:
    """A host of two machines is reached while one of them lives."""
    answers, _ = names
    answers["meti.example"] = ["127.0.0.77", "127.0.0.1"]  # nobody listens at the first
    site.pages["/feed"] = Answer(b"x")
    assert fetch(named(site, "meti.example")).body == b"x"


def test_an_address_that_swallows_everything_gives_way_in_time(
    site: Site, names: tuple[Answers, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full queue answers nothing, neither yes nor no."""
    monkeypatch.setattr(transport, "_ONE_OF_SEVERAL", 0.2)
    answers, _ = names
    answers["meti.example"] = ["127.0.0.78", "127.0.0.1"]
    site.pages["/feed"] = Answer(b"x")
    port = int(site.base.rpartition(":")[2])
    with socket.socket() as full, socket.socket() as one, socket.socket() as two:
        full.bind(("127.0.0.78", port))
        full.listen(0)
        for each in (one, two):
            each.setblocking(False)
            each.connect_ex(("127.0.0.78", port))
        assert fetch(named(site, "meti.example")).body == b"x"


def test_only_addresses_that_may_be_connected_to_are_tried(site: Site, names: tuple[Answers, list[str]]) -> None:
    """A name with a private address among others leads to the others; with private ones alone, nowhere."""
    answers, _ = names
    answers["meti.example"] = ["10.0.0.1", "169.254.169.254", "127.0.0.1"]
    answers["inside.example"] = ["10.0.0.1", "192.168.0.1"]
    site.pages["/feed"] = Answer(b"x")
    assert fetch(named(site, "meti.example")).body == b"x"
    assert failure(named(site, "inside.example")).kind is FetchKind.ADDRESS


def test_a_name_that_nobody_knows_is_a_failure_of_its_kind(names: tuple[Answers, list[str]]) -> None:
    """It is told apart from a server that is down."""
    answers, _ = names
    answers["nowhere.example"] = gone = threading.Event()
    gone.set()
    assert failure("http://nowhere.example/").kind is FetchKind.DNS


def test_a_resolver_that_never_answers_holds_nobody_else(site: Site, names: tuple[Answers, list[str]]) -> None:
    """Twenty such names meet their deadline, and a name that answers is read meanwhile."""
    answers, _ = names
    never = threading.Event()
    answers |= {f"slow{number}.example": never for number in range(20)}
    answers["meti.example"] = ["127.0.0.1"]
    site.pages["/feed"] = Answer(b"x")
    rules = NetworkRules(allow_private=LOOPBACK, host_delay=0, timeout=1)

    async def all_of_them() -> tuple[float, list[Any]]:
        async with Web(rules, now) as web:
            slow = [asyncio.create_task(web.fetch(f"http://slow{n}.example/", subject="slow")) for n in range(20)]
            await asyncio.sleep(0)
            began = time.monotonic()
            await web.fetch(named(site, "meti.example"), subject="meti")
            return time.monotonic() - began, await asyncio.gather(*slow, return_exceptions=True)

    seconds, failures = asyncio.run(all_of_them())
    assert seconds < 1
    assert {each.kind for each in failures if isinstance(each, FetchError)} == {FetchKind.TIMEOUT}


def test_an_ipv6_literal_is_connected_to() -> None:
    """The address in brackets, with its port; and only if it is allowed."""
    if not socket.has_ipv6:
        pytest.skip("no IPv6 here")
    try:
        server = socket.create_server(("::1", 0), family=socket.AF_INET6)
    except OSError:
        pytest.skip("no IPv6 here")
    with server:
        url = f"http://[::1]:{server.getsockname()[1]}/"

        def answer() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx")

        assert failure(url).kind is FetchKind.ADDRESS
        thread = threading.Thread(target=answer)
        thread.start()
        allowed = NetworkRules(allow_private=(ipaddress.ip_network("::1/128"),), host_delay=0, timeout=5)
        assert fetch(url, allowed).body == b"x"
        thread.join()


def test_what_a_server_says_before_its_answer_is_skipped(raw: list[Raw]) -> None:
    """Early hints and their like are no answer."""
    hints = b"HTTP/1.1 103 Early Hints\r\nLink: </s.css>; rel=preload\r\n\r\n" * 3
    raw.append(Raw(hints + b'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nETag: "1"\r\n\r\nx'))
    found = fetch(raw[0].url)
    assert (found.body, found.validators.etag) == (b"x", '"1"')


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(b"HTTP/1.1 103 Early Hints\r\n\r\n", id="hints alone"),
        pytest.param(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000, id="a header without end"),
        pytest.param(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 60_000 + b"\r\n", id="headers without end"),
        pytest.param(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", id="another protocol"),
        pytest.param(b"\x16\x03\x01\x02\x00", id="TLS"),
    ],
)
def test_what_is_no_answer_is_a_failure(raw: list[Raw], answer: bytes) -> None:
    """Bounded, and of its kind."""
    raw.append(Raw(answer))
    assert failure(raw[0].url).kind in (FetchKind.PROTOCOL, FetchKind.CONNECT)


def test_hints_that_never_end_meet_the_deadline() -> None:
    """A server may not say "soon" for ever."""
    server = socket.create_server(("127.0.0.1", 0))
    stopped = threading.Event()

    def talk() -> None:
        connection, _ = server.accept()
        with connection:
            connection.recv(65536)
            try:
                while not stopped.wait(0.01):
                    connection.sendall(b"HTTP/1.1 102 Processing\r\n\r\n")
            except OSError:
                stopped.set()

    thread = threading.Thread(target=talk)
    thread.start()
    with server:
        rules = NetworkRules(allow_private=LOOPBACK, host_delay=0, timeout=0.5)
        assert failure(f"http://127.0.0.1:{server.getsockname()[1]}/", rules).kind is FetchKind.TIMEOUT
        stopped.wait(5)  # the connection was ended by us
        assert stopped.is_set()
        thread.join()


def test_a_body_without_end_is_hung_up_on_at_the_limit() -> None:
    """The server is told by the end of the connection; not a megabyte more is listened to."""
    server = socket.create_server(("127.0.0.1", 0))
    sent = 0

    def pour() -> None:
        nonlocal sent
        connection, _ = server.accept()
        with connection:
            connection.recv(65536)
            try:
                connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
                while sent < 1 << 30:
                    sent += connection.send(b"x" * 65536)
            except OSError:
                pass

    thread = threading.Thread(target=pour)
    thread.start()
    with server:
        rules = NetworkRules(allow_private=LOOPBACK, host_delay=0, timeout=10, max_bytes=1 << 20)
        assert failure(f"http://127.0.0.1:{server.getsockname()[1]}/", rules).kind is FetchKind.TOO_LARGE
        thread.join(10)
    assert sent < 64 << 20


def test_no_connection_stays_open(site: Site, raw: list[Raw]) -> None:
    """Whatever the end of an exchange was; a socket that is left behind warns, and a warning is an error."""
    site.pages["/feed"] = Answer(b"x")
    site.pages["/gone"] = Answer(status=410)
    site.pages["/moved"] = Answer(status=301, headers={"Location": "/feed"})
    raw += [Raw(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx"), Raw(b"", is_patient=True)]

    async def given_up(web: Web) -> None:
        task = asyncio.create_task(web.fetch(raw[1].url, subject="x"))
        await asyncio.sleep(0.05)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    async def many() -> None:
        async with Web(QUICK, now) as web:
            urls = (*(f"{site.base}/{path}" for path in ("feed", "gone", "moved", "absent")), raw[0].url, "http://127.0.0.1:9/")
            await asyncio.gather(*(web.fetch(url, subject="x") for url in urls), return_exceptions=True)
            await given_up(web)

    asyncio.run(many())
    gc.collect()
