"""The place where hubs call back: a strict and bounded server, at an address of feeds.yaml that hubs can use."""

from __future__ import annotations

import asyncio
import http.client
import http.server
import socket
from pathlib import Path

import pytest

from monitor import config
from monitor.errors import ConfigError
from monitor.sources import callback
from monitor.sources.callback import Call, Listener, Reply
from monitor.sources.websub import Callback

# the server


def test_the_listener_is_strict_and_bounded() -> None:
    """What is no HTTP, has too long a head or never ends is cut off; the others are answered."""
    held_open: list[socket.socket] = []

    async def answer(call: Call) -> Reply:
        return Reply(http.HTTPStatus.OK, call.path.encode())

    async def scene() -> None:
        listener = Listener(answer, max_bytes=1000, max_seconds=0.2)
        await listener.open("127.0.0.1", 0)
        try:
            for sent, expected in (
                (b"nonsense\r\n\r\n", b"HTTP/1.1 400"),
                (b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 40_000, b"HTTP/1.1 431"),
                (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n", b"HTTP/1.1 413"),
                (b"GET /slow HTTP/1.1\r\n", b""),
                (b"", b""),
                (b"GET /in?x=1 HTTP/1.1\r\nHost: a\r\n\r\n", b"HTTP/1.1 200"),
            ):
                assert (await asyncio.to_thread(_raw, listener.port, sent))[: len(expected) or 1] == expected
            held_open.append(socket.create_connection(("127.0.0.1", listener.port)))
        finally:
            await listener.close()

    asyncio.run(scene())
    for each in held_open:
        each.close()


def _raw(port: int, sent: bytes) -> bytes:
    """All that comes back."""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        found = b""
        try:
            connection.sendall(sent)
            while piece := connection.recv(65536):
                found += piece
                if b"\r\n\r\n" in found:
                    connection.shutdown(socket.SHUT_WR)
        except ConnectionError:
            pass
        return found


def test_the_listener_takes_so_many_connections_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who comes when all places are taken is cut off at once; when one is free again, all is well."""
    monkeypatch.setattr(callback, "MAX_CONNECTIONS", 1)
    request = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"

    async def answer(call: Call) -> Reply:
        return Reply(http.HTTPStatus.OK)

    async def scene() -> None:
        listener = Listener(answer, max_bytes=1000, max_seconds=30)
        await listener.open("127.0.0.1", 0)
        try:
            first, second = await asyncio.to_thread(_two, listener.port, request)
        finally:
            await listener.close()
        assert first.startswith(b"HTTP/1.1 200")
        assert second == b""

    asyncio.run(scene())


def _two(port: int, request: bytes) -> tuple[bytes, bytes]:
    """What comes back on a connection, and on one made while it is open."""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as first:
        second = _raw(port, request)
        first.sendall(request)
        return first.recv(65536), second


# feeds.yaml


def load(tmp_path: Path, section: str) -> config.Config:
    path = tmp_path / "feeds.yaml"
    path.write_text(f"version: 1\nwebsub: {section}\n", encoding="utf-8")
    return config.load(path, {})


def test_the_callback_is_read_from_the_configuration(tmp_path: Path) -> None:
    """With a place to listen at; without the section there is no push."""
    assert load(tmp_path, '{callback: "https://m.example/hub/"}').websub == Callback("https://m.example/hub", "127.0.0.1", 8765)
    assert load(tmp_path, '{callback: "http://127.0.0.1:80/hub", listen: "[::1]:9000"}').websub == Callback(
        "http://127.0.0.1:80/hub", "::1", 9000
    )
    assert load(tmp_path, "null").websub is None


@pytest.mark.parametrize(
    "section",
    [
        '{callback: "http://m.example/hub"}',
        '{callback: "https://user:pw@m.example/hub"}',
        '{callback: "https://m.example/hub?x=1"}',
        '{callback: "https:///hub"}',
        '{callback: "https://m.example:99999/hub"}',
        '{callback: "ftp://m.example/hub"}',
        '{callback: "https://m.example/hub", listen: "8765"}',
        '{callback: "https://m.example/hub", listen: "127.0.0.1:99999"}',
        "{listen: '127.0.0.1:8765'}",
    ],
)
def test_a_callback_that_hubs_could_not_use_is_a_slip(tmp_path: Path, section: str) -> None:
    """https, but for this machine; no name, password, query or fragment in it; host and port to listen at."""
    with pytest.raises(ConfigError, match=r"feeds\.yaml:2: websub"):
        load(tmp_path, section)
