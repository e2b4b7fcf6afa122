"""The words of WebSub: a hub's question, a push's signature, the links that announce a hub, our form to it."""

from __future__ import annotations

import asyncio
import hmac
from datetime import timedelta

import pytest
from fakes import Answer, Site
from hub_fake import NETWORK
from hypothesis import given
from hypothesis import strategies as st

from monitor.clock import now
from monitor.errors import FetchError, FetchKind
from monitor.sources import websub
from monitor.sources.web import NetworkRules, Web
from monitor.sources.websub import Mode, Proof, Question


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
        async with Web(NETWORK, now) as web:
            fetched = await web.fetch(f"{site.base}/feed", subject="meti")
            return fetched.hub, fetched.topic

    assert asyncio.run(once()) == (f"{site.base}/hub", f"{site.base}/feed")


def test_a_form_goes_only_where_a_fetch_may_go() -> None:
    """A hub at a private address, or on no web at all, is not asked."""

    async def refused(url: str) -> FetchKind:
        async with Web(NetworkRules(host_delay=0), now) as web:
            with pytest.raises(FetchError) as caught:
                await web.post(url, [("a", "b")], subject="meti")
        return caught.value.kind

    assert asyncio.run(refused("http://127.0.0.1/")) is FetchKind.ADDRESS
    assert asyncio.run(refused("http://169.254.169.254/latest")) is FetchKind.ADDRESS
    assert asyncio.run(refused("file:///etc/passwd")) is FetchKind.REDIRECT
