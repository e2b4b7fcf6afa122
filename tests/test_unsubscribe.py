"""Where a reader ends a digest: one POST without login, a page that asks, and nothing for anybody else. Real HTTP on loopback."""

from __future__ import annotations

import asyncio
import http.client
import logging
import sqlite3
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

import lxml.html
import pytest
from conftest import NOW, Clock

from monitor.archive import Archive
from monitor.sources.websub import Callback
from monitor.web.unsubscribe import Unsubscribing

PUBLIC = Callback("https://monitor.example.org/news", "127.0.0.1", 0)
HOST = "monitor.example.org"
ONE_CLICK = b"List-Unsubscribe=One-Click"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
Answer = tuple[int, dict[str, str], str]


class Door:
    """The server in a thread of its own, as the service has it, over an archive of its own."""

    def __init__(self, url: str, callback: Callback = PUBLIC) -> None:
        self._url, self._callback = url, callback
        self._begun: Future[int] = Future()
        self._loop = asyncio.new_event_loop()
        self._end = asyncio.Event()
        self._thread = Thread(target=self._loop.run_until_complete, args=(self._serve(),))

    async def _serve(self) -> None:
        try:
            with Archive.open(self._url) as archive:
                archive._connection.execute("pragma busy_timeout = 50")  # a test waits for no other writer
                async with Unsubscribing(archive, self._callback, clock=Clock()) as door:
                    self._begun.set_result(door.port)
                    await self._end.wait()
        except BaseException as error:
            if not self._begun.done():
                self._begun.set_exception(error)
            raise

    def call(
        self, method: str, path: str, body: bytes | None = None, *, host: str = HOST, headers: dict[str, str] | None = None
    ) -> Answer:
        """Status, headers in lower case and text of an answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request(method, path, body, {"Host": host} | (FORM if body is not None else {}) | (headers or {}))
            answer = connection.getresponse()
            return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read().decode()
        finally:
            connection.close()

    @property
    def port(self) -> int:
        return self._begun.result(timeout=10)


@contextmanager
def opened(url: str, callback: Callback = PUBLIC) -> Iterator[Door]:
    door = Door(url, callback)
    door._thread.start()
    try:
        assert door.port
        yield door
    finally:
        door._loop.call_soon_threadsafe(door._end.set)
        door._thread.join(timeout=10)
        door._loop.close()


@pytest.fixture
def door(archive: Archive, archive_url: str) -> Iterator[Door]:
    with opened(archive_url) as found:
        yield found


@pytest.fixture
def path(archive: Archive) -> str:
    """The address of a reader, without its host."""
    return f"/news/unsubscribe/{archive.readers.known('morning', 'mori@x.example').token}"


def test_one_post_ends_it(archive: Archive, door: Door, path: str) -> None:
    """As mail programs send it: without login, question or cookie; once and for all, however often."""
    archive.readers.known("morning", "sato@x.example")
    status, headers, text = door.call("POST", path, ONE_CLICK)
    assert (status, "set-cookie" in headers, "will not get this digest any more" in text) == (200, False, True)
    assert archive.readers.stopped("morning") == {"mori@x.example"}
    assert door.call("POST", path, ONE_CLICK)[0] == 200
    [mori, _] = archive.readers.of_digest("morning")
    assert mori.stopped_at == NOW


def test_a_form_of_several_parts_ends_it_too(archive: Archive, door: Door, path: str) -> None:
    """RFC 8058, section 3.2 lets programs send either."""
    body = b'--b\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--b--\r\n'
    assert door.call("POST", path, body, headers={"Content-Type": "multipart/form-data; boundary=b"})[0] == 200
    assert archive.readers.stopped("morning") == {"mori@x.example"}


def test_looking_changes_nothing_and_shows_a_form(archive: Archive, door: Door, path: str) -> None:
    """Scanners follow every link of a mail; a person presses the button, which sends just what a program sends."""
    for _ in range(3):
        status, headers, text = door.call("GET", path)
        assert (status, headers["content-type"]) == (200, "text/html; charset=utf-8")
    page = lxml.html.document_fromstring(text)
    [form] = page.forms
    assert (form.method, form.action, dict(form.fields)) == ("POST", None, {"List-Unsubscribe": "One-Click"})
    assert archive.readers.stopped("morning") == set()
    assert "mori" not in text
    door.call("POST", path, ONE_CLICK)
    assert lxml.html.document_fromstring(door.call("GET", path)[2]).forms == []


def test_a_page_runs_and_loads_nothing(door: Door, path: str) -> None:
    """And its address, which is the key, goes nowhere."""
    _, headers, text = door.call("GET", path)
    assert headers["content-security-policy"].startswith("default-src 'none'; form-action 'self'; frame-ancestors 'none'")
    assert (headers["referrer-policy"], headers["cache-control"], headers["x-content-type-options"]) == (
        "no-referrer",
        "no-store",
        "nosniff",
    )
    assert {each.tag for each in lxml.html.document_fromstring(text).iter()}.isdisjoint({"script", "style", "link", "img"})


@pytest.mark.parametrize(
    "other",
    [
        "/",
        "",
        "/news",
        "/unsubscribe",
        "/unsubscribe/",
        "/news/unsubscribe/nobody",
        "/news/other/{token}",
        "/{token}",
        "/unsubscribe/%00",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_whoever_has_no_key_finds_nothing(archive: Archive, door: Door, path: str, other: str, method: str) -> None:
    """404 for all the same."""
    token = path.rpartition("/")[2]
    status, _, text = door.call(method, other.format(token=token) or "/", ONE_CLICK if method == "POST" else None)
    assert (status, text, archive.readers.stopped("morning")) == (404, "", set())


@pytest.mark.parametrize("body", [b"", b"x=1", b"List-Unsubscribe=No", b"One-Click"])
def test_a_post_that_does_not_ask_for_it_is_refused(archive: Archive, door: Door, path: str, body: bytes) -> None:
    """Whatever sends it."""
    assert door.call("POST", path, body)[0] == 400
    assert archive.readers.stopped("morning") == set()


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS"])
def test_no_other_method_is_known(archive: Archive, door: Door, path: str, method: str) -> None:
    """405, and which there are."""
    status, headers, _ = door.call(method, path)
    assert (status, headers["allow"], archive.readers.stopped("morning")) == (405, "GET, POST", set())


def test_a_body_has_its_limit(archive: Archive, door: Door, path: str) -> None:
    """However it begins."""
    assert door.call("POST", path, ONE_CLICK + b"&" * 5000)[0] == 413
    assert archive.readers.stopped("morning") == set()


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("monitor.example.org", 200),
        ("MONITOR.example.org", 200),
        ("monitor.example.org:443", 200),
        ("127.0.0.1:{port}", 200),
        ("localhost:{port}", 200),
        ("evil.example", 421),
        ("monitor.example.org.evil.example", 421),
        ("monitor.example.org:8080", 421),
        ("", 421),
    ],
)
def test_only_its_own_names_are_answered(archive: Archive, door: Door, path: str, host: str, status: int) -> None:
    """A page of others that a browser was led to under another name gets nothing."""
    assert door.call("POST", path, ONE_CLICK, host=host.format(port=door.port))[0] == status
    assert bool(archive.readers.stopped("morning")) == (status == 200)


def test_an_archive_that_is_busy_says_later(archive_url: str, archive: Archive, door: Door, path: str, tmp_path: Path) -> None:
    """And the next try ends it."""
    other = sqlite3.connect(tmp_path / "monitor.db", isolation_level=None)
    try:
        other.execute("begin immediate")
        status, headers, _ = door.call("POST", path, ONE_CLICK)
        assert (status, headers["retry-after"]) == (503, "10")
        other.execute("rollback")
    finally:
        other.close()
    assert door.call("POST", path, ONE_CLICK)[0] == 200


def test_neither_key_nor_address_is_logged(door: Door, path: str, caplog: pytest.LogCaptureFixture) -> None:
    """Only which digest was ended, once."""
    with caplog.at_level(logging.DEBUG):
        door.call("GET", path)
        door.call("POST", path, ONE_CLICK)
        door.call("POST", path, ONE_CLICK)
    assert caplog.text.count("ended by its reader digest=morning") == 1
    assert path.rpartition("/")[2] not in caplog.text
    assert "mori" not in caplog.text


def test_a_place_that_is_taken_is_said_and_stops_nothing(archive: Archive, door: Door, caplog: pytest.LogCaptureFixture) -> None:
    """The service goes on without it; mail still ends a digest."""

    async def tried() -> None:
        async with Unsubscribing(archive, Callback(PUBLIC.url, "127.0.0.1", door.port), clock=Clock()):
            pass

    asyncio.run(tried())
    assert f"cannot listen at 127.0.0.1:{door.port} for readers" in caplog.text
