"""Pushes of a hub of ours over real sockets: a push is a hint, and a forged, foreign or oversized one does nothing."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import http.client
import http.server
import logging
import signal
import socket
import subprocess
import sys
import threading
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from builders import a_source, rss
from conftest import NOW, Clock
from fakes import Answer, Site
from hub_fake import CALLBACK, NETWORK, PUBLIC, TOPIC, HubFake, Stage, fixture_hub, fixture_stage  # noqa: F401 (fixtures)

from monitor.archive import Archive
from monitor.hubs import Hubs
from monitor.intake import Intake
from monitor.pace import Pace, due
from monitor.sources import websub
from monitor.sources.workers import DEFAULT


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


# the service


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
