"""Intake: sources to stored items, each failure its own."""

from __future__ import annotations

import ipaddress
import itertools
from datetime import timedelta

import pytest
from builders import a_source, rss
from conftest import NOW, Clock
from fakes import Answer, Site

from monitor import intake, query
from monitor.archive import Archive
from monitor.intake import Round
from monitor.items import Source
from monitor.pace import Pace
from monitor.sources.web import NetworkRules

NETWORK = NetworkRules(allow_private=(ipaddress.ip_network("127.0.0.0/8"),), host_delay=0, timeout=5)


def poll(archive: Archive, clock: Clock, *sources: Source) -> Round:
    return intake.poll(archive, sources, network=NETWORK, pace=Pace(), clock=clock)


@pytest.fixture
def source(site: Site) -> Source:
    return a_source(url=f"{site.base}/feed")


def test_items_arrive_once_over_many_polls(archive: Archive, clock: Clock, site: Site, source: Source) -> None:
    """The second poll asks conditionally; a server that ignores that changes nothing either."""
    site.pages["/feed"] = Answer(rss(("1", "規則の改正", "許可制"), ("2", "告示", "改正")), headers={"ETag": '"1"'})
    assert [poll(archive, clock, source).new for _ in range(3)] == [2, 0, 0]
    assert [headers.get("if-none-match") for _, headers in site.requests] == [None, '"1"', '"1"']


def test_a_body_is_read_even_if_its_etag_is_the_old_one(archive: Archive, clock: Clock, site: Site, source: Source) -> None:
    """A 200 is always parsed: servers repeat old ETags."""
    site.pages["/feed"] = Answer(rss(("1", "one", "first text")), headers={"ETag": '"same"'})
    poll(archive, clock, source)
    site.pages["/feed"] = Answer(rss(("2", "two", "second text"), ("1", "one", "first text")), headers={"ETag": '"same"'})
    assert poll(archive, clock, source).new == 1


def test_a_server_that_says_304_for_ever_is_questioned_once_a_day(
    archive: Archive, clock: Clock, site: Site, source: Source
) -> None:
    """After a day the question comes without validators."""

    def stuck(headers: dict[str, str]) -> Answer:
        return Answer(status=304) if "if-none-match" in headers else Answer(rss(("1", "one", "")), headers={"ETag": '"1"'})

    site.pages["/feed"] = stuck
    assert poll(archive, clock, source).new == 1
    assert poll(archive, clock, source).count("unchanged") == 1
    clock.move(hours=25)
    assert poll(archive, clock, source).count("fetched") == 1


def test_one_bad_source_stops_no_other(archive: Archive, clock: Clock, site: Site) -> None:
    """Each failure has its kind; the good source gets its items."""
    site.pages["/good"] = Answer(rss(("1", "one", "")))
    site.pages["/html"] = Answer(b"<!DOCTYPE html><html><body>Maintenance</body></html>")
    site.pages["/gone"] = Answer(status=410)
    sources = [a_source(id=name, url=f"{site.base}/{name}") for name in ("good", "html", "gone", "absent")]
    sources.append(a_source(id="refused", url="http://127.0.0.1:9/"))
    found = poll(archive, clock, *sources)
    assert found.new == 1
    kinds = {each.source: each.error.split(":")[0] for each in found.failures if each.error}
    assert kinds == {"html": "not_a_feed", "gone": "gone", "absent": "status", "refused": "connect"}
    state = archive.intake.state("html")
    assert (state.error_kind, state.error_count, state.error_at) == ("not_a_feed", 1, NOW)


def test_failures_are_tried_less_and_less_and_heal_by_themselves(
    archive: Archive, clock: Clock, site: Site, source: Source
) -> None:
    """Back-off doubles; one success forgets it."""
    waits = []
    for _ in range(4):
        poll(archive, clock, source)
        waits.append(archive.intake.state("meti").next_poll - clock.now)  # type: ignore[operator]
    assert all(later > earlier * 1.5 for earlier, later in itertools.pairwise(waits))
    site.pages["/feed"] = Answer(rss(("1", "one", "")))
    assert poll(archive, clock, source).new == 1
    assert archive.intake.state("meti").error_count == 0


def test_retry_after_holds_the_source_and_no_other(archive: Archive, clock: Clock, site: Site, source: Source) -> None:
    """A poll by hand keeps it, too; another source of the host is read."""
    site.pages["/feed"] = Answer(status=429, headers={"Retry-After": "600"})
    site.pages["/other"] = Answer(rss(("1", "one", "")))
    other = a_source(id="other", url=f"{site.base}/other")
    poll(archive, clock, source)
    asked = len(site.requests)
    assert poll(archive, clock, source, other).count("held") == 1
    assert len(site.requests) == asked + 1
    clock.move(minutes=11)
    site.pages["/feed"] = Answer(rss(("1", "one", "")))
    assert poll(archive, clock, source).new == 1


def test_a_feed_that_empties_itself_is_a_failure(archive: Archive, clock: Clock, site: Site, source: Source) -> None:
    """No entries where there were some is no news, it is a fault; what is known stays."""
    site.pages["/feed"] = Answer(rss(("1", "one", "")))
    poll(archive, clock, source)
    site.pages["/feed"] = Answer(rss())
    assert poll(archive, clock, source).count("failed") == 1
    assert archive.reading.counts()["items"] == 1


def test_an_edit_is_a_revision_not_an_item(archive: Archive, clock: Clock, site: Site, source: Source) -> None:
    """Same guid, other words."""
    site.pages["/feed"] = Answer(rss(("1", "Rule starts on November 16", "The rule takes effect.")))
    poll(archive, clock, source)
    site.pages["/feed"] = Answer(rss(("1", "CORRECTED: Rule starts on November 17", "The rule takes effect.")))
    found = poll(archive, clock, source)
    assert (found.new, found.revised) == (0, 1)
    assert [each.item.title for each in archive.reading.search(query.parse("november"), NOW)] == [
        "CORRECTED: Rule starts on November 17"
    ]


def test_the_first_poll_marks_what_it_finds_as_backlog(archive: Archive, clock: Clock, site: Site, source: Source) -> None:
    """So that a new subscription alerts nothing undated of the past."""
    site.pages["/feed"] = Answer(rss(("1", "one", "")))
    poll(archive, clock, source)
    site.pages["/feed"] = Answer(rss(("2", "two", ""), ("1", "one", "")))
    poll(archive, clock, source)
    assert [(each.title, each.is_backlog) for each in archive.judging.unjudged(9)] == [("one", True), ("two", False)]


def test_a_date_in_the_future_is_brought_back_to_now(archive: Archive, clock: Clock, site: Site, source: Source) -> None:
    """Nothing sorts after the moment it was seen."""
    clock.now = NOW - timedelta(days=3)
    site.pages["/feed"] = Answer(rss(("1", "one", "")))
    poll(archive, clock, source)
    [item] = archive.judging.unjudged(9)
    assert item.published == clock.now


def test_what_no_database_takes_costs_no_item(archive: Archive, clock: Clock, site: Site, source: Source) -> None:
    """Lone surrogates and NUL in any field of a JSON Feed."""
    bad = rb'{"id": "a\ud800", "url": "http://x.example/?q=\ud800", "title": "T\ud800\u0000itle"}'
    body = rb'{"version": "x", "items": [' + bad + rb', {"id": "b", "title": "ok"}]}'
    site.pages["/feed"] = Answer(body)
    assert poll(archive, clock, source).new == 2
    assert {each.title for each in archive.judging.unjudged(9)} == {"Title", "ok"}


def test_a_round_can_be_given_up(archive: Archive, clock: Clock, site: Site, source: Source) -> None:
    """What is still being read when the service stops keeps its state."""
    import threading

    gate = threading.Event()

    def slow(headers: dict[str, str]) -> Answer:
        gate.wait(5)
        return Answer(rss())

    site.pages["/feed"] = slow
    found = intake.poll(archive, [source], network=NETWORK, pace=Pace(), clock=clock, is_stopped=lambda: True)
    gate.set()
    assert found.outcomes == ()
    assert archive.intake.states() == {}
