"""What is posted, byte for byte, and whether it may have arrived."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace

import pytest
from fakes import Answer, HookFake
from fetches import QUICK

from monitor.clock import now
from monitor.errors import FetchError, FetchKind
from monitor.sources.web import Answered, NetworkRules, Web


def send(url: str, rules: NetworkRules = QUICK) -> Answered:
    async def once() -> Answered:
        async with Web(rules, now) as web:
            return await web.send(url, b'{"a": 1}', headers={"Content-Type": "application/json", "X-Own": "ü"}, subject="test")

    return asyncio.run(once())


def failure_of_send(url: str, rules: NetworkRules = QUICK) -> FetchError:
    with pytest.raises(FetchError) as caught:
        send(url, rules)
    return caught.value


@pytest.fixture
def hook() -> Iterator[HookFake]:
    found = HookFake()
    yield found
    found.close()


def test_a_body_is_posted_as_it_is(hook: HookFake) -> None:
    """Byte for byte, with the headers given and our own name."""
    assert send(f"{hook.base}/a?b=c") == Answered(status=200, retry_after=None)
    [(path, headers, body)] = hook.calls
    assert (path, body) == ("/a?b=c", b'{"a": 1}')
    assert (headers["content-type"], headers["content-length"]) == ("application/json", "8")
    assert headers["x-own"].encode("latin-1").decode("utf-8") == "ü"
    assert "monitor" in headers["user-agent"]


def test_the_status_of_a_post_comes_back_with_the_wait_that_was_asked_for(hook: HookFake) -> None:
    """Whatever it is; a redirect is not followed."""
    hook.moods = [
        Answer(status=302, headers={"Location": "/other"}),
        Answer(status=429, headers={"Retry-After": "7"}),
        Answer(status=503, headers={"Retry-After": "Fri, 01 May 2020 00:01:00 GMT", "Date": "Fri, 01 May 2020 00:00:00 GMT"}),
    ]
    found = [send(hook.base) for _ in range(3)]
    assert [each.status for each in found] == [302, 429, 503]
    assert found[0].retry_after is None
    assert [round(each.retry_after or 0) for each in found[1:]] == [7, 60]
    assert len(hook.calls) == 3


@pytest.mark.parametrize(
    ("mood", "kind"),
    [
        ("drop", FetchKind.PROTOCOL),
        ("drop_after", FetchKind.PROTOCOL),
        ("reset_after", FetchKind.PROTOCOL),
        ("hang", FetchKind.TIMEOUT),
    ],
)
def test_a_post_that_may_have_arrived_is_told_from_one_that_did_not(hook: HookFake, mood: str, kind: FetchKind) -> None:
    """By the kind of the failure: once connected, it is open what the server has."""
    hook.moods = [mood]
    assert failure_of_send(hook.base, replace(QUICK, timeout=0.5)).kind is kind
    assert failure_of_send("http://127.0.0.1:9/").kind is FetchKind.CONNECT
    assert failure_of_send("http://nowhere.invalid/").kind is FetchKind.DNS
    assert failure_of_send(hook.base, NetworkRules()).kind is FetchKind.ADDRESS
