"""Guarded fetches over loopback, how they fail, and a server that sends the bytes that a test gives it."""

from __future__ import annotations

import asyncio
import ipaddress
import socketserver
import threading

import pytest

from monitor.clock import now
from monitor.errors import FetchError
from monitor.items import Fetched, Validators
from monitor.sources.web import NetworkRules, Web

LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"),)
QUICK = NetworkRules(allow_private=LOOPBACK, host_delay=0, timeout=3)


def fetch(url: str, rules: NetworkRules = QUICK, validators: Validators | None = None) -> Fetched:
    async def once() -> Fetched:
        async with Web(rules, now) as web:
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


def at_once(rules: NetworkRules, *urls: str) -> None:
    async def all_of_them() -> None:
        async with Web(rules, now) as web:
            await asyncio.gather(*(web.fetch(url, subject="x") for url in urls))

    asyncio.run(all_of_them())
