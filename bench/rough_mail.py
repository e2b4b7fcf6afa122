"""A mail server on loopback that fails now and then; logs every mail that it took, whether or not it could say so."""

from __future__ import annotations

import email
import email.policy
import random
import socketserver
import threading
import time
from dataclasses import dataclass
from typing import Any

FAULTS = ("421 greeting", "450 recipient", "451 data", "dropped", "lost")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """One mail that was accepted."""

    at: float  # unix time
    recipient: str
    message_id: str
    list_id: str
    subject: str
    is_answered: bool  # False: the sender never learned of it


class RoughMail:
    """The server, in a thread of its own.

    Args:
        faults: share of conversations that fail.
    """

    def __init__(self, *, seed: int = 0, faults: float = 0.1) -> None:
        self.faults = faults
        self.mails: list[Mail] = []
        self._rng = random.Random(f"mail:{seed}")
        self._lock = threading.Lock()
        fake = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                fake._converse(self)

        self._server = _Server(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def close(self) -> None:
        """End the server."""
        self._server.shutdown()
        self._server.server_close()

    def _converse(self, line: socketserver.StreamRequestHandler) -> None:
        with self._lock:
            fault = self._rng.choice(FAULTS) if self._rng.random() < self.faults else ""

        def say(text: str) -> None:
            line.wfile.write(text.encode() + b"\r\n")

        if fault.startswith("421"):
            say("421 4.3.2 later")
            return
        say("220 rough ESMTP")
        recipients: list[str] = []
        while heard := line.rfile.readline():
            word = heard.decode("utf-8", "replace").strip()
            match word.upper().replace(":", " ").split(" ")[0]:
                case "RCPT" if fault.startswith("450"):
                    say("450 4.2.1 mailbox busy")
                case "RCPT":
                    recipients.append(word.partition("<")[2].partition(">")[0])
                    say("250 ok")
                case "MAIL" | "RSET":
                    recipients = []
                    say("250 ok")
                case "DATA" if not recipients:
                    say("503 5.5.1 no recipient")
                case "DATA":
                    if fault == "dropped":
                        return
                    say("354 go on")
                    body = _body(line)
                    if body is None:
                        return
                    if fault.startswith("451"):
                        say("451 4.3.0 later")
                        continue
                    self._take(recipients, body, is_answered=fault != "lost")
                    if fault == "lost":
                        return
                    say("250 2.0.0 accepted")
                case "QUIT":
                    say("221 bye")
                    return
                case _:
                    say("250 ok")

    def _take(self, recipients: list[str], body: bytes, *, is_answered: bool) -> None:
        found = email.message_from_bytes(body, policy=email.policy.default)
        with self._lock:
            self.mails += [
                Mail(
                    at=time.time(),
                    recipient=recipient,
                    message_id=str(found["Message-ID"]),
                    list_id=str(found["List-Id"] or ""),
                    subject=str(found["Subject"]),
                    is_answered=is_answered,
                )
                for recipient in recipients
            ]


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def handle_error(self, *arguments: Any) -> None:
        pass


def _body(line: socketserver.StreamRequestHandler) -> bytes | None:
    """The mail after DATA; None if the sender went away before its end."""
    body = b""
    while True:
        piece = line.rfile.readline()
        if not piece:
            return None
        if piece == b".\r\n":
            return body
        body += piece.removeprefix(b".")
