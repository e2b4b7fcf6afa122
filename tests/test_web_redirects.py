"""Redirects of a guarded fetch: followed so far, tested at every hop; credentials and cookies stay at home."""

from __future__ import annotations

import asyncio

import pytest
from fakes import Answer, Site
from fetches import QUICK, at_once, failure, fetch

from monitor.clock import now
from monitor.errors import FetchKind
from monitor.items import Fetched
from monitor.sources.web import Web


def test_redirects_are_followed_to_their_end(site: Site) -> None:
    """Relative and absolute ones, up to the limit."""
    site.pages["/a/b"] = Answer(status=302, headers={"Location": "../c"})
    site.pages["/c"] = Answer(status=301, headers={"Location": f"{site.base}/d"})
    site.pages["/d"] = Answer(b"here")
    found = fetch(f"{site.base}/a/b")
    assert (found.body, found.url) == (b"here", f"{site.base}/d")


@pytest.mark.parametrize(
    "location", ["", "file:///etc/passwd", "gopher://x/", "javascript:alert(1)", "http://u:p@127.0.0.1/", "http://a\\@b/"]
)
def test_a_redirect_to_what_may_not_be_fetched_is_refused(site: Site, location: str) -> None:
    """Only http and https, without credentials, without characters that parsers disagree on."""
    site.pages["/feed"] = Answer(status=302, headers={"Location": location})
    assert failure(f"{site.base}/feed").kind is FetchKind.REDIRECT


def test_a_circle_of_redirects_ends(site: Site) -> None:
    """No address is asked twice in one fetch."""
    site.pages["/feed"] = Answer(status=302, headers={"Location": "/feed"})
    assert failure(f"{site.base}/feed").kind is FetchKind.REDIRECT
    assert len(site.requests) == 1


def test_a_redirect_to_a_private_address_is_refused_at_the_hop(site: Site) -> None:
    """Every hop is tested, not only the first."""
    site.pages["/feed"] = Answer(status=302, headers={"Location": "http://169.254.169.254/latest/meta-data/"})
    assert failure(f"{site.base}/feed").kind is FetchKind.ADDRESS


@pytest.mark.parametrize(
    ("statuses", "moved_to"),
    [
        ((), None),
        ((301,), "/1"),
        ((308, 301), "/2"),
        ((302,), None),
        ((307, 301), None),
        ((301, 302), "/1"),
        ((301, 303, 301), "/1"),
    ],
)
def test_a_source_has_moved_as_far_as_permanent_redirects_lead(
    site: Site, statuses: tuple[int, ...], moved_to: str | None
) -> None:
    """What stands behind a temporary one may be elsewhere tomorrow."""
    for place, status in enumerate(statuses):
        site.pages[f"/{place}"] = Answer(status=status, headers={"Location": f"/{place + 1}"})
    site.pages[f"/{len(statuses)}"] = Answer(b"x")
    assert fetch(f"{site.base}/0").moved_to == (None if moved_to is None else site.base + moved_to)


@pytest.mark.parametrize("length", [10, 11])
def test_ten_redirects_are_followed_and_no_more(site: Site, length: int) -> None:
    """Eleven requests at most in one fetch."""
    for place in range(length):
        site.pages[f"/{place}"] = Answer(status=302, headers={"Location": f"/{place + 1}"})
    site.pages[f"/{length}"] = Answer(b"x")
    if length == 10:
        assert fetch(f"{site.base}/0").body == b"x"
    else:
        assert failure(f"{site.base}/0").kind is FetchKind.REDIRECT
    assert len(site.requests) == 11


# credentials and cookies

HEADERS = (("Authorization", "Bearer marked"), ("X-Key", "marked"))


def fetch_with_credentials(url: str) -> Fetched:
    async def once() -> Fetched:
        async with Web(QUICK, now) as web:
            return await web.fetch(url, subject="test", headers=HEADERS)

    return asyncio.run(once())


def test_credentials_go_to_their_origin_and_stay_there_over_redirects(site: Site) -> None:
    """Same scheme, host and port: the configured headers are sent at every hop."""
    site.pages["/feed"] = Answer(status=302, headers={"Location": "/there"})
    site.pages["/there"] = Answer(b"x")
    fetch_with_credentials(f"{site.base}/feed")
    assert [(headers.get("authorization"), headers.get("x-key")) for _, headers in site.requests] == [
        ("Bearer marked", "marked")
    ] * 2


@pytest.mark.parametrize("elsewhere", ["host", "port"])
def test_credentials_are_dropped_at_another_origin_and_come_back_at_their_own(site: Site, elsewhere: str) -> None:
    """Another host name or another port is another origin, even of the same machine."""
    other = Site()
    base = site.base.replace("127.0.0.1", "localhost") if elsewhere == "host" else other.base
    site.pages["/feed"] = Answer(status=302, headers={"Location": f"{base}/away"})
    away = site if elsewhere == "host" else other
    away.pages["/away"] = Answer(status=302, headers={"Location": f"{site.base}/home"})
    site.pages["/home"] = Answer(b"x")
    try:
        fetch_with_credentials(f"{site.base}/feed")
    finally:
        other.close()
    sent = {path: "marked" in str(headers) for path, headers in (*site.requests, *other.requests)}
    assert sent == {"/feed": True, "/away": False, "/home": True}


def test_no_cookie_outlives_an_answer(site: Site) -> None:
    """Neither the next hop nor the next fetch brings it back."""
    site.pages["/feed"] = Answer(status=302, headers={"Location": "/there", "Set-Cookie": "id=7"})
    site.pages["/there"] = Answer(b"x", headers={"Set-Cookie": "id=8"})
    at_once(QUICK, *[f"{site.base}/feed"] * 2)
    assert [headers.get("cookie") for _, headers in site.requests] == [None] * 4
