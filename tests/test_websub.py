"""WebSub: the whole dance with a hub of ours over real sockets; a push is a hint, and a forged or broken one does nothing."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import http.client
import http.server
import ipaddress
import logging
import queue
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from builders import a_source, rss
from conftest import NOW, Clock
from fakes import Answer, Site
from hypothesis import given
from hypothesis import strategies as st

from monitor import config
from monitor.archive import Archive
from monitor.archive.hubs import Announced, HubSubscription
from monitor.archive.intake import Change
from monitor.errors import ConfigError, FetchError, FetchKind
from monitor.hubs import Hubs, Plan, is_time_to_ask, planned
from monitor.intake import Intake
from monitor.items import SourceState
from monitor.pace import Pace, due
from monitor.sources import callback, websub
from monitor.sources.callback import Call, Listener, Reply
from monitor.sources.web import NetworkRules, Web
from monitor.sources.websub import Callback, Mode, Proof, Question
from monitor.sources.workers import DEFAULT

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


@pytest.fixture
def hub() -> Iterator[HubFake]:
    found = HubFake()
    yield found
    found.close()


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


@pytest.fixture
def stage(archive: Archive, clock: Clock, hub: HubFake) -> Stage:
    return Stage(archive, clock, hub)


def test_a_push_makes_the_source_be_asked_within_a_second(archive: Archive, clock: Clock, hub: HubFake, site: Site) -> None:
    """Announced, subscribed, verified, pushed with a signature: and the source is read, hours before its time."""
    source, was_read = a_source(url=f"{site.base}/feed", every=36_000), threading.Event()

    def feed(headers: dict[str, str]) -> Answer:
        was_read.set()
        links = {"Link": f'<{hub.url}>; rel="hub", </feed>; rel="self"'}
        return Answer(rss(("1", "規則の改正", "許可制")), headers=links)

    site.pages["/feed"] = feed

    async def dance() -> None:
        async with (
            Intake(archive, network=NETWORK, pace=Pace(), clock=clock, limits=DEFAULT) as intake,
            Hubs(archive, CALLBACK, network=NETWORK, clock=clock, ask=intake.ask_now) as found,
        ):
            hub.port = found.port
            await intake.round([source])
            was_read.clear()
            found.look([source])
            assert await asyncio.to_thread(hub.verified.get, timeout=5) == (200, b"Zm9v+/=")
            assert archive.hubs.all()["meti"].expires_at == NOW + timedelta(days=10)
            assert due([source], archive.intake.states(), clock(), Pace()) == []
            assert await asyncio.to_thread(hub.push, b"<rss>new</rss>") == 202
            clock.move(seconds=1)
            found.look([source])
            intake.look([source], Pace())
            assert await asyncio.to_thread(was_read.wait, 5)

    asyncio.run(dance())
    [form] = hub.forms
    assert {name: form[name] for name in ("hub.mode", "hub.topic", "hub.lease_seconds")} == {
        "hub.mode": "subscribe",
        "hub.topic": f"{site.base}/feed",
        "hub.lease_seconds": "864000",
    }
    assert form["hub.callback"].startswith(f"{PUBLIC}/")
    assert len(form["hub.secret"]) < 200


@pytest.mark.parametrize("method", ["sha1", "sha256", "sha384", "sha512"])
def test_every_registered_algorithm_is_taken(stage: Stage, method: str) -> None:
    """SHA-1 as well: most hubs still sign with it."""

    async def scene(found: Hubs) -> None:
        await stage.subscribe(found)
        assert await asyncio.to_thread(stage.hub.push, "<rss>輸出</rss>".encode(), method=method) == 202

    stage.play(scene)
    assert stage.asked == ["meti"]


def test_a_push_with_a_wrong_signature_is_accepted_and_ignored(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    """Wrong secret, unknown algorithm, no signature: the answer tells nothing, the log does, without token or secret."""

    async def scene(found: Hubs) -> None:
        await stage.subscribe(found)
        path = urlsplit(stage.hub.forms[0]["hub.callback"]).path
        signed = {"X-Hub-Signature": f"md5={hashlib.md5(b'<rss/>').hexdigest()}"}
        assert await asyncio.to_thread(stage.hub.push, b"<rss/>", secret="guessed") == 202
        assert (await asyncio.to_thread(stage.hub.call, "POST", path, b"<rss/>", signed))[0] == 202
        assert (await asyncio.to_thread(stage.hub.call, "POST", path, b"<rss/>"))[0] == 202

    with caplog.at_level(logging.DEBUG, logger="monitor"):
        stage.play(scene)
    assert stage.asked == []
    told = [record.message for record in caplog.records if record.levelno == logging.WARNING]
    assert told == [f"push ignored source=meti: its signature is {word}" for word in ("wrong", "wrong", "missing")]
    assert stage.held.token not in caplog.text
    assert stage.held.secret not in caplog.text


def test_a_changed_body_is_ignored(stage: Stage) -> None:
    """The signature is that of the body, to the last byte."""

    async def scene(found: Hubs) -> None:
        await stage.subscribe(found)
        form = stage.hub.forms[0]
        signature = hmac.new(form["hub.secret"].encode(), b"<rss>1</rss>", "sha256").hexdigest()
        headers = {"X-Hub-Signature": f"sha256={signature}"}
        path = urlsplit(form["hub.callback"]).path
        assert (await asyncio.to_thread(stage.hub.call, "POST", path, b"<rss>2</rss>", headers))[0] == 202
        assert stage.asked == []
        assert (await asyncio.to_thread(stage.hub.call, "POST", path, b"<rss>1</rss>", headers))[0] == 202

    stage.play(scene)
    assert stage.asked == ["meti"]


def test_an_unknown_token_is_not_found(stage: Stage) -> None:
    """Neither for a push, however signed, nor for a question; other methods are not for us."""

    async def scene(found: Hubs) -> None:
        await stage.subscribe(found)
        stranger = f"{PUBLIC}/{websub.new_token(PUBLIC)}"
        assert await asyncio.to_thread(stage.hub.push, b"<rss/>", callback=stranger) == 404
        assert (await asyncio.to_thread(stage.hub.ask, stranger, mode="subscribe", topic=TOPIC))[0] == 404
        assert (await asyncio.to_thread(stage.hub.call, "GET", "/"))[0] == 404
        assert (await asyncio.to_thread(stage.hub.call, "PUT", "/hub/x"))[0] == 405

    stage.play(scene)
    assert stage.asked == []


def test_a_question_about_another_topic_is_refused(stage: Stage) -> None:
    """Nobody subscribes us to what we did not ask for, nor ends what we want."""
    stage.hub.moods = ["silent"]

    async def scene(found: Hubs) -> None:
        await found.keep_up([stage.source])
        callback = stage.hub.forms[0]["hub.callback"]
        for mode, topic in (("subscribe", "http://other.example/"), ("unsubscribe", TOPIC), ("publish", TOPIC), ("", "")):
            assert (await asyncio.to_thread(stage.hub.ask, callback, mode=mode, topic=topic))[0] == 404
        assert stage.held.confirmed_at is None
        answer = await asyncio.to_thread(stage.hub.ask, callback, mode="subscribe", topic=TOPIC, challenge="<b>&é")
        assert answer == (200, "<b>&é".encode(), "text/plain; charset=utf-8")

    stage.play(scene)
    assert stage.held.confirmed_at == NOW


def test_a_replayed_question_moves_nothing(stage: Stage) -> None:
    """What was confirmed once is not pending: the lease stays as it was granted."""

    async def scene(found: Hubs) -> None:
        await stage.subscribe(found)
        stage.clock.move(days=3)
        callback = stage.hub.forms[0]["hub.callback"]
        assert (await asyncio.to_thread(stage.hub.ask, callback, mode="subscribe", topic=TOPIC))[0] == 404

    stage.play(scene)
    assert stage.held.expires_at == NOW + timedelta(days=10)


def test_an_oversized_push_is_refused(stage: Stage) -> None:
    """By what it says of its length, and by what comes if it says nothing."""

    async def scene(found: Hubs) -> None:
        await stage.subscribe(found)
        assert await asyncio.to_thread(stage.hub.push, b"x" * (NETWORK.max_bytes + 1)) == 413
        assert await asyncio.to_thread(stage.hub.push, b"x" * (20 << 20)) == 413  # more than fits on the way
        assert await asyncio.to_thread(_chunked, found.port, urlsplit(stage.hub.forms[0]["hub.callback"]).path) == 413
        assert await asyncio.to_thread(stage.hub.push, b"x" * NETWORK.max_bytes) == 202

    stage.play(scene)
    assert stage.asked == ["meti"]


def _chunked(port: int, path: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("POST", path, iter([b"x" * 50_000] * 3), encode_chunked=True)
        return connection.getresponse().status
    finally:
        connection.close()


def test_many_pushes_ask_once_a_minute_and_the_last_is_not_lost(stage: Stage) -> None:
    """The first asks at once, those that follow wait together for the end of the minute."""

    async def scene(found: Hubs) -> None:
        await stage.subscribe(found)
        for _ in range(3):
            await asyncio.to_thread(stage.hub.push, b"<rss/>")
        assert stage.asked == ["meti"]
        stage.clock.move(seconds=59)
        found.look([stage.source])
        assert stage.asked == ["meti"]
        stage.clock.move(seconds=1)
        found.look([stage.source])
        assert stage.asked == ["meti", "meti"]
        stage.clock.move(minutes=5)
        found.look([stage.source])

    stage.play(scene)
    assert stage.asked == ["meti", "meti"]


@pytest.mark.parametrize("mood", [500, 403, 307, "silent"])
def test_a_hub_that_refuses_or_never_verifies_is_asked_again_after_a_day(stage: Stage, mood: int | str) -> None:
    """Not before; and it may call on the same address then. A redirect is not followed."""
    stage.hub.moods = [mood]

    async def scene(found: Hubs) -> None:
        await found.keep_up([stage.source])
        stage.clock.move(hours=23)
        await found.keep_up([stage.source])
        assert len(stage.hub.forms) == 1
        stage.clock.move(hours=1)
        assert await stage.subscribe(found) == (200, b"Zm9v+/=")

    stage.play(scene)
    first, second = stage.hub.forms
    assert first == second
    assert stage.held.confirmed_at == NOW + timedelta(days=1)


def test_a_hub_that_cannot_be_reached_holds_nothing_up(stage: Stage, hub: HubFake) -> None:
    """Its source waits a day; another hub is asked in the same upkeep."""
    gone = "http://127.0.0.1:9/"
    stage.announce(id="gone", url="http://gone.example/", hub=gone, topic="http://gone.example/")
    stage.announce(id="inner", url="http://inner.example/", hub="http://10.0.0.1/", topic="http://inner.example/")

    async def scene(found: Hubs) -> None:
        sources = [a_source(id=name, url=f"http://{name}.example/") for name in ("gone", "inner")]
        await found.keep_up([*sources, stage.source])
        assert (await asyncio.to_thread(hub.verified.get, timeout=5))[0] == 200

    stage.play(scene)
    assert {name: each.is_pending for name, each in stage.archive.hubs.all().items()} == {
        "gone": True,
        "inner": True,
        "meti": False,
    }


def test_a_lease_is_renewed_at_two_thirds(stage: Stage) -> None:
    """As the hub granted it, not as we asked; with the same address and key, so that no push falls between two."""
    stage.hub.lease = 3 * 86_400

    async def scene(found: Hubs) -> None:
        await stage.subscribe(found)
        stage.clock.move(hours=47)
        await found.keep_up([stage.source])
        assert len(stage.hub.forms) == 1
        stage.clock.move(hours=1)
        assert await stage.subscribe(found) == (200, b"Zm9v+/=")

    stage.play(scene)
    first, second = stage.hub.forms
    assert first == second
    assert stage.held.expires_at == NOW + timedelta(days=5)


def test_a_restart_asks_for_nothing_that_it_has(stage: Stage) -> None:
    """What was confirmed is in the archive, and a push after the restart is known."""

    async def before(found: Hubs) -> None:
        await stage.subscribe(found)

    async def after(found: Hubs) -> None:
        await found.keep_up([stage.source])
        assert await asyncio.to_thread(stage.hub.push, b"<rss/>") == 202

    stage.clock.move(milliseconds=700)
    stage.play(before)
    stage.play(after)
    assert len(stage.hub.forms) == 1
    assert stage.asked == ["meti"]


def test_a_denied_subscription_ends_and_is_asked_for_after_a_day(stage: Stage) -> None:
    """A hub may change its mind at any time."""

    async def scene(found: Hubs) -> None:
        await stage.subscribe(found)
        callback = stage.hub.forms[0]["hub.callback"]
        stage.clock.move(days=2)
        query = urlencode({"hub.mode": "denied", "hub.topic": TOPIC, "hub.reason": "closed\nx=1"})
        assert (await asyncio.to_thread(stage.hub.call, "GET", f"{urlsplit(callback).path}?{query}"))[0] == 200
        assert stage.held.expires_at is None
        stage.clock.move(hours=23)
        await found.keep_up([stage.source])
        assert len(stage.hub.forms) == 1
        stage.clock.move(hours=1)
        await stage.subscribe(found)

    stage.play(scene)
    assert stage.held.expires_at == NOW + timedelta(days=13)


def test_a_source_that_left_is_unsubscribed(stage: Stage) -> None:
    """The hub is told, its question is answered, later pushes are told that it is over."""

    async def scene(found: Hubs) -> None:
        await stage.subscribe(found)
        await found.keep_up([])
        assert await asyncio.to_thread(stage.hub.verified.get, timeout=5) == (200, b"Zm9v+/=")
        assert await asyncio.to_thread(stage.hub.push, b"<rss/>") == 410

    stage.play(scene)
    assert [form["hub.mode"] for form in stage.hub.forms] == ["subscribe", "unsubscribe"]
    assert stage.hub.forms[1]["hub.callback"] == stage.hub.forms[0]["hub.callback"]
    assert "hub.secret" not in stage.hub.forms[1]
    assert stage.archive.hubs.all() == {}
    assert stage.asked == []


def test_a_source_that_changes_its_hub_or_topic_is_subscribed_anew(stage: Stage) -> None:
    """Under another address and with another key."""

    async def scene(found: Hubs) -> None:
        await stage.subscribe(found)
        stage.announce(topic="http://meti.example/new")
        await stage.subscribe(found)
        await asyncio.to_thread(stage.hub.verified.get, timeout=5)

    stage.play(scene)
    first, left, second = stage.hub.forms
    assert [form["hub.mode"] for form in (first, left, second)] == ["subscribe", "unsubscribe", "subscribe"]
    assert (left["hub.topic"], second["hub.topic"]) == (TOPIC, "http://meti.example/new")
    assert not {first["hub.callback"], first["hub.secret"]} & {second["hub.callback"], second["hub.secret"]}


def test_a_source_that_names_no_hub_any_more_is_unsubscribed(stage: Stage) -> None:
    """Its word counts as soon as it is read in health."""

    async def scene(found: Hubs) -> None:
        await stage.subscribe(found)
        stage.announce(hub=None, topic=None, error_kind="timeout")
        await found.keep_up([stage.source])
        assert len(stage.hub.forms) == 1
        stage.announce(hub=None, topic=None)
        await stage.subscribe(found)

    stage.play(scene)
    assert [form["hub.mode"] for form in stage.hub.forms] == ["subscribe", "unsubscribe"]
    assert stage.archive.hubs.all() == {}


def test_a_place_that_is_taken_stops_nothing_and_is_told_once(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    """No hub is asked that could not call back; when the place is free, all goes on."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]

        async def scene() -> None:
            callback = Callback(PUBLIC, "127.0.0.1", port)
            async with Hubs(stage.archive, callback, network=NETWORK, clock=stage.clock, ask=stage.asked.append) as found:
                await found.keep_up([stage.source])
                assert stage.hub.forms == []
                other.close()
                stage.hub.port = port
                assert (await stage.subscribe(found))[0] == 200

        asyncio.run(scene())
    assert [record.levelname for record in caplog.records if "cannot listen" in record.message] == ["ERROR"]


def test_the_service_reads_a_source_when_its_hub_pushes(hub: HubFake, site: Site, tmp_path: Path) -> None:
    """`monitor run` with a callback: subscribed by itself, read at the push, a clean end; token and secret are in no log."""
    was_read = threading.Semaphore(0)

    def feed(headers: dict[str, str]) -> Answer:
        was_read.release()
        return Answer(rss(("1", "規則の改正", "許可制")), headers={"Link": f'<{hub.url}>; rel="hub", </feed>; rel="self"'})

    site.pages["/feed"] = feed
    hub.port = _free_port()
    (tmp_path / "feeds.yaml").write_text(
        f"""\
version: 1
network: {{allow_private: ["127.0.0.0/8"], per_host: {{delay: 0s}}, timeout: 5s}}
sources: [{{id: meti, type: feed, url: "{site.base}/feed", every: 10h}}]
websub: {{callback: "http://127.0.0.1:{hub.port}/hub", listen: "127.0.0.1:{hub.port}"}}
""",
        encoding="utf-8",
    )
    with (tmp_path / "run.log").open("w") as log:
        process = subprocess.Popen([sys.executable, "-m", "monitor", "run"], cwd=tmp_path, stdout=log, stderr=log)
        try:
            assert hub.verified.get(timeout=60) == (200, b"Zm9v+/=")
            assert was_read.acquire(timeout=5)
            assert hub.push(b"<rss/>") == 202
            assert was_read.acquire(timeout=15)
        finally:
            process.send_signal(signal.SIGTERM)
            status = process.wait(15)
    told = (tmp_path / "run.log").read_text(encoding="utf-8")
    assert status == 0, told
    assert "pushed source=meti" in told
    assert "Traceback" not in told
    assert hub.forms[0]["hub.secret"] not in told
    assert hub.forms[0]["hub.callback"].rpartition("/")[2] not in told


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


# what is said when, without a network


def announced(**changes: Any) -> Announced:
    base = {"source": "meti", "url": TOPIC, "hub": "https://hub.example/", "topic": TOPIC, "is_healthy": True}
    return Announced(**base | changes)


def held(**changes: Any) -> HubSubscription:
    base = {
        "source": "meti",
        "hub": "https://hub.example/",
        "topic": TOPIC,
        "token": websub.new_token(PUBLIC),
        "secret": "s",
        "asked_at": NOW,
        "confirmed_at": NOW,
        "expires_at": NOW + timedelta(days=9),
    }
    return HubSubscription(**base | changes)


def plan(said: Announced | None, has: HubSubscription | None, *, callback: str = PUBLIC, **later: float) -> Plan:
    known = {} if said is None else {"meti": said}
    kept = {} if has is None else {"meti": has}
    return planned([a_source(url=TOPIC)], known, kept, callback=callback, now=NOW + timedelta(**later))


@pytest.mark.parametrize(
    "said",
    [
        None,
        announced(hub=None),
        announced(topic=None),
        announced(is_healthy=False),
        announced(url="http://meti.example/old"),
    ],
)
def test_only_what_a_healthy_source_announces_is_subscribed(said: Announced | None) -> None:
    """Hub and topic, both, of the address that feeds.yaml has now."""
    assert plan(said, None) == Plan()


@pytest.mark.parametrize(
    "said", [None, announced(is_healthy=False, hub=None), announced(url="http://meti.example/old", hub=None)]
)
def test_a_source_in_trouble_keeps_its_subscription(said: Announced | None) -> None:
    """One bad fetch is no farewell."""
    assert plan(said, held(), days=30) == Plan()


def test_a_source_that_announces_no_hub_any_more_is_left() -> None:
    """It is polled, as ever."""
    has = held()
    assert plan(announced(hub=None, topic=None), has) == Plan(leave=(has,))


def test_another_callback_is_told_to_the_hubs() -> None:
    """A subscription is good for the address that it was made for."""
    has, said = held(), announced()
    assert plan(said, has) == Plan()
    assert plan(said, has, callback="https://elsewhere.example/hub") == Plan(leave=(has,), begin=(said,))


def test_a_lease_of_seconds_is_not_renewed_every_few_seconds() -> None:
    """Once an hour at most; and a time that lies ahead is not believed."""
    brief = held(expires_at=NOW + timedelta(seconds=3))
    assert not is_time_to_ask(brief, NOW + timedelta(minutes=59))
    assert is_time_to_ask(brief, NOW + timedelta(hours=1))
    assert is_time_to_ask(held(asked_at=NOW + timedelta(days=400), confirmed_at=None), NOW)


# the words


def test_a_hubs_question_is_read_whole_or_not_at_all() -> None:
    """Without topic or challenge there is nothing to answer; a lease that makes no sense is what we asked for."""
    assert websub.question("hub.mode=subscribe&hub.topic=http%3A%2F%2Fa%2F&hub.challenge=x&hub.lease_seconds=60") == Question(
        mode=Mode.SUBSCRIBE, topic="http://a/", challenge=b"x", lease=timedelta(minutes=1)
    )
    assert websub.question("hub.mode=subscribe&hub.topic=a&hub.challenge=x&hub.lease_seconds=-5") == Question(
        mode=Mode.SUBSCRIBE, topic="a", challenge=b"x", lease=websub.LEASE
    )
    assert websub.question("hub.mode=subscribe&hub.topic=a&hub.challenge=%ff%00x") == Question(
        mode=Mode.SUBSCRIBE, topic="a", challenge=b"\xff\x00x"
    )
    assert websub.question("hub.mode=denied&hub.topic=a") == Question(mode=Mode.DENIED, topic="a")
    for query in ("", "x", "hub.mode=subscribe&hub.topic=a", "hub.mode=subscribe&hub.challenge=a", "&".join(["a=b"] * 40)):
        assert websub.question(query) is None


@given(st.text())
def test_any_query_is_a_question_or_none(query: str) -> None:
    """Never an error."""
    found = websub.question(query)
    assert found is None or found.topic


@given(st.lists(st.binary(max_size=50), max_size=5), st.sampled_from(["sha1", "sha256", "sha384", "sha512"]), st.booleans())
def test_a_signature_holds_for_its_body_alone(pieces: list[bytes], method: str, is_upper: bool) -> None:
    """In whatever pieces it comes; not with another key, nor with a byte more."""
    body = b"".join(pieces)
    signature = hmac.new(b"key", body, method).hexdigest()
    signature = f"{method}={signature.upper() if is_upper else signature}"

    def holds(secret: str, *parts: bytes) -> bool:
        proof = Proof(signature, secret)
        for each in parts:
            proof.add(each)
        return proof.holds()

    assert holds("key", *pieces)
    assert not holds("other", *pieces)
    assert not holds("key", *pieces, b"x")


@given(st.none() | st.text())
def test_any_other_signature_does_not_hold(signature: str | None) -> None:
    """Never an error."""
    assert not Proof(signature, "key").holds()


# the server, and the client's form


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


def test_a_form_goes_only_where_a_fetch_may_go() -> None:
    """A hub at a private address, or on no web at all, is not asked."""

    async def refused(url: str) -> FetchKind:
        async with Web(NetworkRules(host_delay=0)) as web:
            with pytest.raises(FetchError) as caught:
                await web.post(url, [("a", "b")], subject="meti")
        return caught.value.kind

    assert asyncio.run(refused("http://127.0.0.1/")) is FetchKind.ADDRESS
    assert asyncio.run(refused("http://169.254.169.254/latest")) is FetchKind.ADDRESS
    assert asyncio.run(refused("file:///etc/passwd")) is FetchKind.REDIRECT


def test_links_of_several_headers_count_and_relative_ones_are_joined(site: Site) -> None:
    """WordPress sends other links first; the Recommendation's own example has a relative topic."""
    site.pages["/feed"] = Answer(
        b"<rss/>",
        headers={
            "Link": '<https://a.example/wp-json/>; rel="https://api.w.org/"',
            "link": '</hub>; rel="hub", </feed>; rel="self"',
        },
    )

    async def once() -> tuple[str | None, str | None]:
        async with Web(NETWORK) as web:
            fetched = await web.fetch(f"{site.base}/feed", subject="meti")
            return fetched.hub, fetched.topic

    assert asyncio.run(once()) == (f"{site.base}/hub", f"{site.base}/feed")


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
