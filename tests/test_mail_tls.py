"""Mail over TLS: the server's certificate is checked before anything of ours is said, and a login goes only where nobody can read it."""

from __future__ import annotations

import base64
import contextlib
import socket
import socketserver
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from builders import a_message

from monitor.channels.mail import Mail
from monitor.clock import now
from monitor.errors import ChannelError

CERTIFICATE = Path(__file__).with_name("data") / "self-signed.pem"


class _Server(socketserver.ThreadingTCPServer):
    """An SMTP server over TLS from the first byte, or from STARTTLS on; notes what it was told, and whether that was in the clear."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, *, is_implicit: bool) -> None:
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(CERTIFICATE)
        self.is_implicit = is_implicit
        self.said: list[tuple[str, bool]] = []  # (line, over TLS)
        self.mails: list[bytes] = []
        super().__init__(("127.0.0.1", 0), _Handler)

    def handle_error(self, *arguments: object) -> None:
        pass


class _Handler(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        with contextlib.ExitStack() as open_ones:
            self.converse(open_ones)

    def converse(self, open_ones: contextlib.ExitStack) -> None:
        server: _Server = self.server  # type: ignore[assignment]

        def stream_of(connection: socket.socket, *, is_safe: bool) -> socket.SocketIO:
            if is_safe:
                connection = open_ones.enter_context(server.context.wrap_socket(connection, server_side=True))
            return open_ones.enter_context(connection.makefile("rwb", buffering=0))

        is_safe = server.is_implicit
        stream = stream_of(self.request, is_safe=is_safe)
        stream.write(b"220 fake\r\n")
        while line := stream.readline():
            text = line.decode().strip()
            server.said.append((text, is_safe))
            verb = text.upper().split(" ")[0].split(":")[0]
            if verb == "EHLO":
                stream.write(b"250-fake\r\n" + (b"" if is_safe else b"250-STARTTLS\r\n") + b"250 AUTH PLAIN\r\n")
            elif verb == "STARTTLS":
                stream.write(b"220 go\r\n")
                is_safe = True
                stream = stream_of(self.request, is_safe=True)
            elif verb == "AUTH":
                stream.write(b"235 ok\r\n")
            elif verb == "DATA":
                stream.write(b"354 go\r\n")
                body = b""
                while (piece := stream.readline()) not in (b".\r\n", b""):
                    body += piece
                server.mails.append(body)
                stream.write(b"250 ok\r\n")
            elif verb == "QUIT":
                stream.write(b"221 bye\r\n")
                return
            else:
                stream.write(b"250 ok\r\n")


@pytest.fixture
def serve() -> Iterator[Callable[[str], _Server]]:
    """Servers of a kind of security, ended with the test."""
    running: list[_Server] = []

    def start(security: str) -> _Server:
        server = _Server(is_implicit=security == "tls")
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        running.append(server)
        return server

    yield start
    for server in running:
        server.shutdown()
        server.server_close()


def a_mail(server: _Server, security: str) -> Mail:
    return Mail(
        host="localhost",
        port=server.server_address[1],
        security=security,
        sender="Monitor <m@x.example>",
        user="monitor",
        password="m4rk3d",
        timeout=5,
        clock=now,
    )


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_mail_and_its_login_go_over_tls(
    serve: Callable[[str], _Server], security: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To a server whose certificate is trusted; only the greeting of STARTTLS is in the clear."""
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    server = serve(security)
    assert a_mail(server, security).send(a_message(address="mori@x.example")).remote_id
    assert len(server.mails) == 1
    login = base64.b64encode(b"\0monitor\0m4rk3d").decode()
    assert (f"AUTH PLAIN {login}", True) in server.said
    assert {line.split()[0].upper() for line, is_safe in server.said if not is_safe} <= {"EHLO", "STARTTLS"}


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_server_that_is_not_who_it_says_gets_nothing(serve: Callable[[str], _Server], security: str) -> None:
    """Neither login nor mail, and the mail waits: it surely did not arrive."""
    server = serve(security)
    with pytest.raises(ChannelError) as caught:
        a_mail(server, security).send(a_message(address="mori@x.example"))
    assert not caught.value.is_ambiguous
    assert "m4rk3d" not in str(caught.value)
    assert server.mails == []
    assert [line for line, _ in server.said if not line.upper().startswith(("EHLO", "STARTTLS"))] == []
