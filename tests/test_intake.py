"""Intake: sources to stored items, each failure its own."""

from __future__ import annotations

import asyncio
import ipaddress
import itertools
import threading
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta

import pytest
from builders import a_source, rss
from conftest import NOW, Clock
from fakes import Answer, Site

from monitor import intake, query
from monitor.archive import Archive
from monitor.intake import MAX_ARTICLES, Intake, Round
from monitor.items import Source
from monitor.pace import Pace
from monitor.sources.web import NetworkRules
from monitor.sources.workers import DEFAULT, Limits

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
    gate = threading.Event()

    def slow(headers: dict[str, str]) -> Answer:
        gate.wait(5)
        return Answer(rss())

    site.pages["/feed"] = slow
    found = intake.poll(archive, [source], network=NETWORK, pace=Pace(), clock=clock, is_stopped=lambda: True)
    gate.set()
    assert found.outcomes == ()
    assert archive.intake.states() == {}


def numbered(*numbers: int, older: str | None = None) -> Answer:
    """A feed of notices with these numbers, and where older ones are."""
    entries = "".join(f"<entry><id>{n}</id><title>Notice {n} on licences</title></entry>" for n in numbers)
    link = f"<link rel='next' href='{older}'/>" if older else ""
    return Answer(f"<feed xmlns='http://www.w3.org/2005/Atom'><title>Press</title>{link}{entries}</feed>".encode())


def keys(archive: Archive) -> list[str]:
    return sorted((each.key for each in archive.judging.unjudged(99)), key=int)


def test_entries_that_came_and_went_between_two_fetches_are_caught_up_with(
    archive: Archive, clock: Clock, site: Site, source: Source
) -> None:
    """A document without a single known entry is followed to its older pages, until one has a known entry; no page beyond it."""
    site.pages["/feed"] = numbered(1, 2, 3)
    poll(archive, clock, source)
    site.pages |= {
        "/feed": numbered(*range(14, 19), older="/p2"),
        "/p2": numbered(*range(9, 14), older="/p3"),
        "/p3": numbered(*range(3, 9), older="/p4"),
        "/p4": numbered(1, 2),
    }
    found = poll(archive, clock, source)
    assert (found.new, found.outcomes[0].notes) == (15, ())
    assert keys(archive) == [str(number) for number in range(1, 19)]
    assert [path for path, _ in site.requests] == ["/feed", "/feed", "/p2", "/p3"]
    assert {each.is_backlog for each in archive.judging.unjudged(99) if int(each.key) > 3} == {False}


def test_an_older_page_that_cannot_be_read_costs_nothing_of_the_newest(
    archive: Archive, clock: Clock, site: Site, source: Source
) -> None:
    """What is there is kept, and the gap is told."""
    site.pages["/feed"] = numbered(1, 2, 3)
    poll(archive, clock, source)
    site.pages["/feed"] = numbered(*range(14, 19), older="/absent")
    found = poll(archive, clock, source)
    assert (found.new, found.failures) == (5, ())
    assert ["moves faster" in note for note in found.outcomes[0].notes] == [True]


def test_a_feed_that_moves_faster_than_it_is_read_says_so(archive: Archive, clock: Clock, site: Site, source: Source) -> None:
    """Until a document has an entry again that was there before."""
    site.pages["/feed"] = numbered(1, 2, 3, 4, 5)
    poll(archive, clock, source)
    site.pages["/feed"] = numbered(*range(11, 16))
    [note] = poll(archive, clock, source).outcomes[0].notes
    assert "moves faster than it is read" in note
    assert archive.intake.state("meti").notes == (note,)
    site.pages["/feed"] = numbered(*range(15, 20))
    assert poll(archive, clock, source).outcomes[0].notes == ()


def test_what_cannot_be_kept_of_one_source_takes_nothing_of_the_others(archive: Archive, clock: Clock, site: Site) -> None:
    """Fetches that end together are kept together; when that fails, each is kept alone."""
    archive._connection.execute(
        "create trigger refuse before insert on items when new.source = 'bad' begin select raise(abort, 'planted'); end"
    )
    names = ("one", "bad", "two", "three")
    for name in names:
        site.pages[f"/{name}"] = Answer(rss((name, f"Notice {name}", "")))
    found = poll(archive, clock, *(a_source(id=name, url=f"{site.base}/{name}") for name in names))
    assert found.new == 3
    assert [(each.source, str(each.error).split(":")[0]) for each in found.failures] == [("bad", "internal")]
    assert archive.intake.state("bad").validators.etag is None
    assert {each.source for each in archive.judging.unjudged(9)} == {"one", "two", "three"}


def test_a_source_that_says_that_nothing_changed_costs_no_worker(
    archive: Archive, clock: Clock, site: Site, source: Source
) -> None:
    """With no worker to be had, 304 is answered all the same."""

    def answer(headers: dict[str, str]) -> Answer:
        return Answer(status=304) if "if-none-match" in headers else Answer(rss(("1", "one", "")), headers={"ETag": '"1"'})

    site.pages["/feed"] = answer
    poll(archive, clock, source)
    found = intake.poll(archive, [source], network=NETWORK, pace=Pace(), clock=clock, limits=Limits(workers=0))
    assert found.count("unchanged") == 1


def test_entries_that_the_last_document_had_are_not_looked_up_again(
    archive: Archive, clock: Clock, site: Site, source: Source
) -> None:
    """Only what is new, or says something else, is compared with the archive."""
    site.pages["/feed"] = Answer(rss(("1", "one", ""), ("2", "two", "")))
    poll(archive, clock, source)
    statements: list[str] = []
    archive._connection.set_trace_callback(statements.append)
    poll(archive, clock, source)
    assert [each for each in statements if "fingerprint in" in each or "into items" in each] == []
    site.pages["/feed"] = Answer(rss(("1", "one, corrected", ""), ("2", "two", "")))
    assert poll(archive, clock, source).revised == 1
    [looked_up] = [each for each in statements if "fingerprint in" in each]
    assert looked_up.count("'") == 2 * 2  # the source and one text


def test_an_entry_that_comes_and_goes_is_one_item(archive: Archive, clock: Clock, site: Site, source: Source) -> None:
    """Servers behind one name do not always agree."""
    found = []
    for numbers in ((1, 2), (1,), (1, 2), (2,), (1, 2)):
        site.pages["/feed"] = numbered(*numbers)
        found.append(poll(archive, clock, source))
    assert [(each.new, each.revised) for each in found] == [(2, 0), *[(0, 0)] * 4]


def test_an_edit_that_could_not_be_kept_is_met_again(archive: Archive, clock: Clock, site: Site, source: Source) -> None:
    """What the last document had is remembered with what was kept of it, never before."""
    site.pages["/feed"] = Answer(rss(("1", "one", "")))
    poll(archive, clock, source)
    archive._connection.execute("create trigger refuse before insert on revisions begin select raise(abort, 'planted'); end")
    site.pages["/feed"] = Answer(rss(("1", "one, corrected", "")))
    assert poll(archive, clock, source).count("failed") == 1
    archive._connection.execute("drop trigger refuse")
    assert poll(archive, clock, source).revised == 1


def looking(archive: Archive, clock: Clock, work: Callable[[Intake], Awaitable[None]]) -> None:
    """Intake as the service has it, on a loop of its own."""

    async def run() -> None:
        async with Intake(archive, network=NETWORK, pace=Pace(), clock=clock, limits=DEFAULT) as running, asyncio.timeout(20):
            await work(running)

    asyncio.run(run())


async def until(is_so: Callable[[], bool]) -> None:
    while not is_so():
        await asyncio.sleep(0.005)


def test_a_slow_source_holds_no_other_and_is_not_started_twice(archive: Archive, clock: Clock, site: Site) -> None:
    """The service looks every second; what is being read goes on."""
    gate = threading.Event()

    def slow(headers: dict[str, str]) -> Answer:
        gate.wait(10)
        return Answer(rss(("s", "slow", "")))

    site.pages |= {"/slow": slow, "/quick": Answer(rss(("q", "quick", "")))}
    sources = [a_source(id=name, url=f"{site.base}/{name}") for name in ("slow", "quick")]

    async def work(running: Intake) -> None:
        running.look(sources, Pace())
        await until(lambda: set(running._busy) == {"slow"})
        for _ in range(3):
            running.look(sources, Pace())
        clock.move(hours=25)
        running.look(sources, Pace())
        await until(lambda: [path for path, _ in site.requests].count("/quick") == 2)
        gate.set()
        await until(lambda: not running._busy)

    looking(archive, clock, work)
    assert sorted(path for path, _ in site.requests) == ["/quick", "/quick", "/slow"]


def test_a_source_that_its_hub_calls_for_is_read_at_once_and_again_if_it_was_being_read(
    archive: Archive, clock: Clock, site: Site, source: Source
) -> None:
    """What was published while the answer was on its way is not missed."""
    gate = threading.Event()

    def slow(headers: dict[str, str]) -> Answer:
        gate.wait(10)
        return Answer(rss(("1", "one", "")))

    site.pages["/feed"] = slow

    async def work(running: Intake) -> None:
        running.look([source], Pace())
        await until(lambda: len(site.requests) == 1)
        running.ask_now("meti")
        gate.set()
        for polls in (1, 2):
            await until(lambda: not running._busy)
            assert archive.intake.state("meti").polls == polls
            running.look([source], Pace())
        assert len(running._busy) == 0

    looking(archive, clock, work)


def test_a_service_that_stops_gives_up_what_is_being_read(archive: Archive, clock: Clock, site: Site, source: Source) -> None:
    """Without waiting for it, and without a trace in the archive."""
    gate = threading.Event()

    def slow(headers: dict[str, str]) -> Answer:
        gate.wait(10)
        return Answer(rss())

    site.pages["/feed"] = slow

    async def work(running: Intake) -> None:
        running.look([source], Pace())
        await until(lambda: len(site.requests) == 1)

    looking(archive, clock, work)
    gate.set()
    assert archive.intake.states() == {}


def test_a_source_whose_address_was_corrected_is_asked_at_once(
    archive: Archive, clock: Clock, site: Site, source: Source
) -> None:
    """What the old address was left alone for, a week perhaps, is no matter of the new one."""
    site.pages["/feed"] = Answer(status=410)
    for _ in range(2):
        poll(archive, clock, source)
    site.pages["/new"] = Answer(rss(("1", "one", "")))

    async def work(running: Intake) -> None:
        running.look([replace(source, url=f"{site.base}/new")], Pace())
        await until(lambda: not running._busy)

    looking(archive, clock, work)
    assert archive.intake.state("meti").polls == 1


def test_an_archive_that_cannot_be_written_makes_no_source_be_asked_every_second(
    archive: Archive, clock: Clock, site: Site, source: Source
) -> None:
    """A full disk is no reason to be impolite."""
    site.pages["/feed"] = Answer(rss(("1", "one", "")))
    archive._connection.execute("pragma query_only = 1")

    async def work(running: Intake) -> None:
        for _ in range(3):
            running.look([source], Pace())
            await until(lambda: not running._busy)

    looking(archive, clock, work)
    archive._connection.execute("pragma query_only = 0")
    assert len(site.requests) == 1


SECRET = (("Authorization", "Bearer marked"),)


@pytest.fixture
def stranger() -> Iterator[Site]:
    """Another origin, which logs what it is sent."""
    found = Site()
    yield found
    found.close()


@pytest.mark.parametrize("way", ["catch-up", "backfill"])
def test_credentials_do_not_follow_a_document_to_its_older_pages_elsewhere(
    archive: Archive, clock: Clock, site: Site, stranger: Site, source: Source, way: str
) -> None:
    """A document may name any address as its next page."""
    source = replace(source, headers=SECRET)
    stranger.pages["/p2"] = numbered(1, 2)
    if way == "catch-up":
        site.pages["/feed"] = numbered(1, 2, 3)
        poll(archive, clock, source)
        site.pages["/feed"] = numbered(*range(11, 16), older=f"{stranger.base}/p2")
        poll(archive, clock, source)
    else:
        site.pages["/feed"] = numbered(3, older=f"{stranger.base}/p2")
        intake.backfill(archive, source, date(2020, 1, 1), network=NETWORK, pace=Pace(), clock=clock)
    assert ["authorization" in headers for _, headers in stranger.requests] == [False]


def test_credentials_do_not_follow_a_source_that_moved_for_good(
    archive: Archive, clock: Clock, site: Site, stranger: Site, source: Source
) -> None:
    """They were given for the origin in feeds.yaml; the operator hears of the move, and decides."""
    source = replace(source, headers=SECRET)
    site.pages["/feed"] = Answer(status=301, headers={"Location": f"{stranger.base}/feed"})
    stranger.pages["/feed"] = numbered(1)
    for _ in range(3):
        poll(archive, clock, source)
    assert archive.intake.state("meti").address == f"{stranger.base}/feed"
    assert ["authorization" in headers for _, headers in stranger.requests] == [False] * 3


def test_no_article_is_asked_for_that_nobody_waits_for(archive: Archive, clock: Clock, site: Site, source: Source) -> None:
    """In the service, too, where what was begun would go on behind the next look."""
    source = replace(source, is_full_text=True)
    site.pages["/feed"] = Answer(rss(("old", "old", "")))
    poll(archive, clock, source)
    names = [f"n{number}" for number in range(MAX_ARTICLES + 5)]
    site.pages |= {f"/{name}": Answer(b"<html><body><p>Licences for gallium</p></body></html>") for name in names}
    body = rss(*((name, f"Notice {name}", "") for name in names)).replace(b"http://news.example", site.base.encode())
    site.pages["/feed"] = Answer(body)
    clock.move(hours=25)

    async def work(running: Intake) -> None:
        running.look([source], Pace())
        await until(lambda: not running._busy)
        await until(lambda: len(asyncio.all_tasks()) == 1)

    looking(archive, clock, work)
    assert sum(path != "/feed" for path, _ in site.requests) == MAX_ARTICLES
