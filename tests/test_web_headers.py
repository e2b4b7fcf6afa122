"""What an answer says of itself: when to ask again, how long it is fresh, its hub and topic."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import httpx
import pytest
from fakes import Answer, Site
from fetches import fetch

from monitor.sources.web import fresh_for, retry_after

NOW = datetime(2026, 5, 1, 8, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "date", "seconds"),
    [
        ("20", None, 20),
        ("0", None, 0),
        ("Fri, 01 May 2026 10:00:30 GMT", "Fri, 01 May 2026 10:00:00 GMT", 30),
        ("315360000", None, 86400),
        ("99999999999999999999", None, 86400),
    ],
)
def test_retry_after_counts_from_the_servers_own_clock_and_is_capped(value: str, date: str | None, seconds: int) -> None:
    """Seconds or a date; at most a day."""
    assert retry_after(value, date, NOW) == NOW + timedelta(seconds=seconds)


@pytest.mark.parametrize("value", [None, "", "soon", "-1", "1e9"])
def test_a_senseless_retry_after_is_none(value: str | None) -> None:
    """Then the usual back-off counts."""
    assert retry_after(value, None, NOW) is None


DATE = "Fri, 01 May 2026 08:00:00 GMT"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, 0),
        ({"Cache-Control": "max-age=600"}, 600),
        ({"Cache-Control": 'public, max-age="600"'}, 600),
        ({"Cache-Control": "max-age=600", "Age": "200"}, 400),
        ({"Cache-Control": "max-age=600", "Age": "900"}, 0),
        ({"Cache-Control": "max-age=600", "Age": "soon"}, 600),
        ({"Cache-Control": "max-age=600, no-store"}, 0),
        ({"Cache-Control": "max-age=600, no-cache"}, 0),
        ({"Cache-Control": "s-maxage=600"}, 0),
        ({"Cache-Control": "max-age=99999999"}, 86_400),
        ({"Cache-Control": "max-age=-5"}, 0),
        ({"Cache-Control": "max-age=soon"}, 0),
        ({"Expires": "Fri, 01 May 2026 09:00:00 GMT", "Date": DATE}, 3600),
        ({"Expires": "Fri, 01 May 2026 07:00:00 GMT", "Date": DATE}, 0),
        ({"Expires": "Fri, 01 May 2026 09:00:00 GMT"}, 0),
        ({"Expires": "0", "Date": DATE}, 0),
        ({"Expires": "Sat, 01 May 2027 08:00:00 GMT", "Date": DATE}, 86_400),
        ({"Cache-Control": "max-age=60", "Expires": "Fri, 01 May 2026 09:00:00 GMT", "Date": DATE}, 60),
    ],
)
def test_an_answer_is_fresh_for_as_long_as_it_says(headers: dict[str, str], seconds: int) -> None:
    """Up to a day; what makes no sense says nothing."""
    assert fresh_for(httpx.Headers(headers)) == timedelta(seconds=seconds)


def test_an_answer_tells_its_hub_its_topic_and_how_long_it_stays(site: Site) -> None:
    """Link headers may be several, or one with commas; addresses are made whole."""
    link = '<https://hub.example/?a=1,2>; rel="hub", </rss>; title="x"; rel=self, <https://second.example/>; rel=hub'
    site.pages["/feed"] = Answer(b"x", headers={"Link": link, "Cache-Control": "max-age=300"})
    found = fetch(f"{site.base}/feed")
    assert (found.hub, found.topic) == ("https://hub.example/?a=1,2", f"{site.base}/rss")
    assert found.fresh_for == timedelta(minutes=5)


@pytest.mark.parametrize(
    "link", ["", "<", "<>; rel=hub", "https://hub.example/; rel=hub", "<https://hub.example/>", "<a" * 5_000]
)
def test_a_link_header_that_makes_no_sense_says_nothing(site: Site, link: str) -> None:
    """Bounded, and no failure."""
    site.pages["/feed"] = Answer(b"x", headers={"Link": link})
    found = fetch(f"{site.base}/feed")
    assert (found.hub or None, found.topic) == (None, None)
