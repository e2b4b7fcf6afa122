"""A WebSub hub on loopback that verifies and pushes as a test says, and our end of it over an archive."""

from __future__ import annotations

import asyncio
import hmac
import http.client
import http.server
import ipaddress
import queue
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from builders import a_source
from conftest import NOW, Clock

from monitor.archive import Archive
from monitor.archive.hubs import HubSubscription
from monitor.archive.intake import Change
from monitor.hubs import Hubs
from monitor.items import SourceState
from monitor.sources.web import NetworkRules
from monitor.sources.websub import Callback

NETWORK = NetworkRules(allow_private=(ipaddress.ip_network("127.0.0.0/8"),), host_delay=0, timeout=5, max_bytes=100_000)
PUBLIC = "https://monitor.example.org/hub"
CALLBACK = Callback(PUBLIC, "127.0.0.1", 0)
TOPIC = "http://meti.example/feed"


class HubFake:
    """A hub. It verifies what it is asked and pushes what it is told to; a public callback is reached through `port`, as by a proxy.

    `moods` holds what the next requests meet: a status, or "silent" (accepted, never verified).
    """

    def __init__(self) -> None:
        self.forms: list[dict[str, str]] = []
        self.moods: list[int | str] = []
        self.lease = 864_000
        self.port = 0
        self.verified: queue.Queue[tuple[int, bytes]] = queue.Queue()  # what each verification was answered
        fake = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                assert self.headers["Content-Type"] == "application/x-www-form-urlencoded"
                form = dict(parse_qsl(self.rfile.read(int(self.headers["Content-Length"])).decode(), strict_parsing=True))
                fake.forms.append(form)
                mood = fake.moods.pop(0) if fake.moods else 202
                self.send_response(mood if isinstance(mood, int) else 202)
                self.send_header("Content-Length", "0")
                self.end_headers()
                if mood == 202:
                    fake.verified.put(fake.ask(form["hub.callback"], mode=form["hub.mode"], topic=form["hub.topic"])[:2])

            def log_message(self, *arguments: object) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def ask(self, callback: str, *, mode: str, topic: str, challenge: str = "Zm9v+/=") -> tuple[int, bytes, str]:
        """A verification: status, body and media type of the answer."""
        asked = {"hub.mode": mode, "hub.topic": topic, "hub.challenge": challenge, "hub.lease_seconds": str(self.lease)}
        return self.call("GET", f"{urlsplit(callback).path}?{urlencode(asked)}")

    def push(self, body: bytes, *, secret: str | None = None, method: str = "sha256", callback: str | None = None) -> int:
        """Deliver content, signed as the first subscription asked for: the status of the answer."""
        form = self.forms[0]
        key = (form["hub.secret"] if secret is None else secret).encode()
        signature = f"{method}={hmac.new(key, body, method).hexdigest()}"
        return self.call("POST", urlsplit(callback or form["hub.callback"]).path, body, {"X-Hub-Signature": signature})[0]

    def call(self, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None) -> tuple[int, bytes, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            return answer.status, answer.read(), answer.headers["Content-Type"]
        finally:
            connection.close()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class Stage:
    """Hubs at work over an archive, with a source that announces the hub."""

    def __init__(self, archive: Archive, clock: Clock, hub: HubFake) -> None:
        self.archive, self.clock, self.hub = archive, clock, hub
        self.source = a_source(url=TOPIC)
        self.asked: list[str] = []
        self.announce()

    def announce(self, **changes: Any) -> None:
        """What the last fetch of the source said."""
        said = SourceState(id="meti", url=TOPIC, hub=self.hub.url, topic=TOPIC, last_success=NOW, polls=1)
        self.archive.intake.store(Change(state=replace(said, **changes), at=NOW))

    def play(self, scene: Callable[[Hubs], Awaitable[None]]) -> None:
        """Run a scene with the server up."""

        async def run() -> None:
            found = Hubs(self.archive, CALLBACK, network=NETWORK, clock=self.clock, ask=self.asked.append)
            async with found:
                self.hub.port = found.port
                await scene(found)

        asyncio.run(run())

    async def subscribe(self, found: Hubs) -> tuple[int, bytes]:
        """One upkeep, and the verification that follows it."""
        await found.keep_up([self.source])
        return await asyncio.to_thread(self.hub.verified.get, timeout=5)

    @property
    def held(self) -> HubSubscription:
        return self.archive.hubs.all()["meti"]


@pytest.fixture(name="hub")
def fixture_hub() -> Iterator[HubFake]:
    with closing(HubFake()) as found:
        yield found


@pytest.fixture(name="stage")
def fixture_stage(archive: Archive, clock: Clock, hub: HubFake) -> Stage:
    return Stage(archive, clock, hub)
