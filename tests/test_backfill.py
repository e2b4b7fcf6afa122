"""A source read back to a day: page by page, nothing twice, nothing lost when it is broken off."""

from __future__ import annotations

import http.server
import json
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest
from builders import a_source
from conftest import NOW, Clock
from fakes import Answer, Site, _QuietServer, _start, _stop
from test_intake import NETWORK, poll

from monitor import intake, query
from monitor.archive import Archive
from monitor.cli import main
from monitor.intake import Outcome
from monitor.items import Paths, Rule, Source
from monitor.judgement import Judge
from monitor.lexicon import Lexicon
from monitor.likeness import Joining
from monitor.pace import Pace
from monitor.sources import federal_register
from monitor.tag import Model

LONG_AGO = date(2020, 1, 1)
TITLES = (
    "Gallium licences are opened to applicants",
    "镓相关物项出口管制公告",
    "輸出貿易管理令の一部を改正する政令",
    "A quota for antimony",
)


def atom(*days: date, older: str | None = None, relation: str = "next") -> bytes:
    """An Atom page with one entry for each day, and the address of the page of older entries."""
    link = "" if older is None else f"<link rel='{relation}' href='{older}'/>"
    entries = "".join(
        f"<entry><id>tag:news.example,{day}</id><title>{TITLES[day.toordinal() % 4]} ({day})</title>"
        f"<link href='http://news.example/{day}'/><updated>{day}T06:00:00Z</updated></entry>"
        for day in days
    )
    return f"<feed xmlns='http://www.w3.org/2005/Atom'><title>News</title>{link}{entries}</feed>".encode()


def a_week(last: date) -> list[date]:
    return [last - timedelta(days=ago) for ago in range(7)]


@pytest.fixture
def source(site: Site) -> Source:
    """A feed of four pages, a week on each; the newest entry is of the day before NOW."""
    for number in range(4):
        older = f"/page/{number + 1}" if number < 3 else None
        site.pages[f"/page/{number}"] = Answer(atom(*a_week(date(2026, 4, 30) - timedelta(weeks=number)), older=older))
    return a_source(url=f"{site.base}/page/0")


def backfill(
    archive: Archive, clock: Clock, source: Source, since: date = LONG_AGO
) -> tuple[Outcome, list[tuple[int, int, int]]]:
    """What came of it, and what was told of each page."""
    told: list[tuple[int, int, int]] = []
    found = intake.backfill(
        archive,
        source,
        since,
        network=NETWORK,
        pace=Pace(),
        clock=clock,
        on_page=lambda read, left, new: told.append((read, left, new)),
    )
    return found, told


def asked(site: Site) -> list[str]:
    """Paths in the order in which they were asked for."""
    return [path for path, _ in site.requests]


def test_a_feed_is_read_back_page_by_page(archive: Archive, clock: Clock, site: Site, source: Source) -> None:
    """Each page that names an older one leads to it; progress is told after every page."""
    found, told = backfill(archive, clock, source)
    assert asked(site) == ["/page/0", "/page/1", "/page/2", "/page/3"]
    assert told == [(1, 1, 7), (2, 1, 14), (3, 1, 21), (4, 0, 28)]
    assert (found.new, found.revised, found.status, found.notes) == (28, 0, "fetched", ("4 pages",))
    assert len(archive.reading.search(query.parse("lang:zh"), NOW)) == 7


@pytest.mark.parametrize("relation", ["next", "prev-archive"])
def test_pages_and_archives_are_followed_alike(archive: Archive, clock: Clock, site: Site, source: Source, relation: str) -> None:
    """Source: RFC 5005, sections 3 and 4."""
    site.pages["/page/0"] = Answer(atom(*a_week(date(2026, 4, 30)), older="/page/3", relation=relation))
    found, _ = backfill(archive, clock, source)
    assert (asked(site), found.new) == (["/page/0", "/page/3"], 14)


def test_it_stops_at_the_page_that_lies_before_the_day(archive: Archive, clock: Clock, site: Site, source: Source) -> None:
    """A page is far enough when everything on it is; a page on which the day lies is not."""
    since = date(2026, 4, 20)
    backfill(archive, clock, source, since)
    assert asked(site) == ["/page/0", "/page/1", "/page/2"]
    moments = [each.item.moment.date() for each in archive.reading.search(query.parse(""), NOW, limit=None)]
    assert {since + timedelta(days=ahead) for ahead in range(11)} <= set(moments)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (Answer(status=503), "status: HTTP 503"),
        (Answer(b"<!DOCTYPE html><p>Maintenance</p>"), "not_a_feed: an HTML page, not a feed"),
    ],
    ids=["no answer", "no feed"],
)
def test_what_was_broken_off_goes_on_at_the_page_that_failed(
    archive: Archive, clock: Clock, site: Site, source: Source, answer: Answer, error: str
) -> None:
    """The pages before it are kept and not asked for again."""
    whole, site.pages["/page/2"] = site.pages["/page/2"], answer
    found, _ = backfill(archive, clock, source)
    assert (found.status, found.new, found.error) == ("failed", 14, error)
    assert archive.reading.counts()["items"] == 14
    assert archive.intake.pending("meti", LONG_AGO) == [f"{site.base}/page/2"]
    site.pages["/page/2"] = whole
    site.requests.clear()
    found, told = backfill(archive, clock, source)
    assert asked(site) == ["/page/2", "/page/3"]
    assert (found.new, told) == (14, [(1, 1, 7), (2, 0, 14)])
    assert archive.reading.counts()["items"] == 28


def test_what_was_killed_goes_on_where_it_was(archive: Archive, clock: Clock, site: Site, source: Source) -> None:
    """A page and its place are one transaction: whoever is told of a page will not read it again."""

    def interrupted(_read: int, _left: int, _new: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        intake.backfill(archive, source, LONG_AGO, network=NETWORK, pace=Pace(), clock=clock, on_page=interrupted)
    found, _ = backfill(archive, clock, source)
    assert asked(site) == ["/page/0", "/page/1", "/page/2", "/page/3"]
    assert found.new == 21


def test_a_backfill_that_came_to_its_end_begins_anew_and_finds_nothing(
    archive: Archive, clock: Clock, site: Site, source: Source
) -> None:
    """Asked for again, every page is read again, for what may have come in between; known items stay as they are."""
    backfill(archive, clock, source)
    site.requests.clear()
    found, told = backfill(archive, clock, source)
    assert (len(site.requests), found.new, found.revised, len(told)) == (4, 0, 0, 4)


def test_two_days_are_two_backfills(archive: Archive, clock: Clock, site: Site, source: Source) -> None:
    """One that was broken off is not taken for another that goes less far back."""
    site.pages["/page/2"] = Answer(status=503)
    assert backfill(archive, clock, source)[0].status == "failed"
    backfill(archive, clock, source, date(2026, 4, 25))
    assert archive.intake.pending("meti", LONG_AGO) == [f"{site.base}/page/2"]
    assert archive.intake.pending("meti", date(2026, 4, 25)) == []


def test_pages_that_lead_in_a_circle_are_read_once(archive: Archive, clock: Clock, site: Site, source: Source) -> None:
    """A last page may name itself, or the first, as older."""
    site.pages["/page/3"] = Answer(atom(*a_week(date(2026, 4, 9)), older="/page/0"))
    found, _ = backfill(archive, clock, source)
    assert (asked(site), found.new) == (["/page/0", "/page/1", "/page/2", "/page/3"], 28)


def test_a_source_that_names_nothing_older_gives_its_one_page(archive: Archive, clock: Clock, site: Site) -> None:
    """It is read once, whatever the day; that is as far as it goes."""
    site.pages["/feed"] = Answer(atom(date(2026, 4, 30)))
    found, told = backfill(archive, clock, a_source(url=f"{site.base}/feed"))
    assert (asked(site), found.new, told) == (["/feed"], 1, [(1, 0, 1)])


def test_a_source_without_a_past_is_not_asked(archive: Archive, clock: Clock, site: Site) -> None:
    """Public inspection knows current documents only."""
    url = f"{site.base}/api/v1/public-inspection-documents.json"
    found, told = backfill(archive, clock, a_source(type="federal_register", url=url))
    assert (asked(site), found.new, told) == ([], 0, [])


def test_a_json_api_is_read_back_by_the_pages_it_names(archive: Archive, clock: Clock, site: Site) -> None:
    """As a feed, by the address under `next`."""
    for number, older in (("1", "/api/2"), ("2", None)):
        rows = [{"id": number, "name": f"公告第{number}号"}]
        site.pages[f"/api/{number}"] = Answer(json.dumps({"rows": rows, "older": older}).encode())
    paths = Paths(items="$.rows[*]", title="$.name", id="$.id", next="$.older")
    found, _ = backfill(archive, clock, a_source(type="json_api", url=f"{site.base}/api/1", paths=paths))
    assert (asked(site), found.new) == (["/api/1", "/api/2"], 2)


def test_what_a_poll_remembers_is_left_alone(archive: Archive, clock: Clock, site: Site, source: Source) -> None:
    """Validators, rhythm and health are of the document that is polled; after a backfill the next poll finds nothing new."""
    site.pages["/page/0"] = Answer(atom(*a_week(date(2026, 4, 30)), older="/page/1"), headers={"ETag": '"1"'})
    poll(archive, clock, source)
    before = archive.intake.state("meti")
    backfill(archive, clock, source)
    assert archive.intake.state("meti") == before
    assert poll(archive, clock, source).new == 0


def test_a_source_that_was_never_polled_keeps_its_first_poll(archive: Archive, clock: Clock, site: Site, source: Source) -> None:
    """The backfill makes no state of its own; the first poll is still the first."""
    backfill(archive, clock, source)
    assert (archive.intake.state("meti").polls, archive.intake.state("meti").had_entries) == (0, False)
    assert poll(archive, clock, source).new == 0
    assert archive.intake.state("meti").polls == 1


def test_the_past_is_judged_and_not_told(
    archive: Archive, clock: Clock, site: Site, lexicon: Lexicon, model: Model, joining: Joining
) -> None:
    """Old items and undated ones are suppressed, each with its reason; an item of this morning is told, however it was met."""
    undated = "<entry><id>u</id><title>镓出口管制 许可 公告</title></entry>"
    dated = "".join(
        f"<entry><id>{number}</id><title>镓出口管制 许可 {number}</title><updated>{day}T06:00:00Z</updated></entry>"
        for number, day in (("old", "2026-03-01"), ("now", "2026-05-01"))
    )
    site.pages["/feed"] = Answer(f"<feed xmlns='http://www.w3.org/2005/Atom'><title>t</title>{dated}{undated}</feed>".encode())
    backfill(archive, clock, a_source(url=f"{site.base}/feed"))
    rule = Rule(id="now", when="source:meti", to=("console",))
    assert (
        Judge(archive=archive, rules=[rule], lexicon=lexicon, model=model, encoder=None, joining=joining, clock=clock)
        .run()
        .judged
        == 3
    )
    assert sorted((each.title.split()[-1], each.state) for each in archive.reading.alerts()) == [
        ("now", "waiting"),
        ("old", "suppressed"),
        ("公告", "suppressed"),
    ]


class Register:
    """The Federal Register as far as a backfill asks it: a document a day around a new year, pages of `size`; of a query with
    more than `cap` documents it tells no more than these, and that they are as many as it ever tells.
    """

    def __init__(self) -> None:
        self.size = self.cap = 1_000
        self.asked: list[tuple[str, str, int]] = []  # first day, last day, page
        self._days = [date(2026, 1, 15) - timedelta(days=ago) for ago in range(30)]
        register = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = json.dumps(register.answer(self.path)).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *arguments: object) -> None:
                pass

        self._server = _QuietServer(("127.0.0.1", 0), Handler)
        self._base = f"http://127.0.0.1:{self._server.server_address[1]}"
        query = federal_register.address(agencies=["industry-and-security-bureau"]).removeprefix(
            "https://www.federalregister.gov"
        )
        self.source = a_source(type="federal_register", url=f"{self._base}{query}")
        _start(self._server)

    def answer(self, address: str) -> dict[str, object]:
        """The answer to a query, by its span of days and its page."""
        asked = dict(parse_qsl(urlsplit(address).query))
        first, last = (asked[f"conditions[publication_date][{end}]"] for end in ("gte", "lte"))
        page = int(asked.get("page", "1"))
        self.asked.append((first, last, page))
        hits = [day for day in self._days if date.fromisoformat(first) <= day <= date.fromisoformat(last)]
        told = hits[: self.cap]
        answer: dict[str, object] = {"count": len(hits) if told == hits else federal_register.CAP}
        if told:  # the real one has no list at all where there is no hit
            answer["results"] = [document(day) for day in told[(page - 1) * self.size : page * self.size]]
        if page * self.size < len(told):
            answer["next_page_url"] = f"{self._base}{address.partition('&page=')[0]}&page={page + 1}"
        return answer

    def close(self) -> None:
        _stop(self._server)


def document(day: date) -> dict[str, object]:
    return {"document_number": f"F-{day}", "title": f"Additions to the Entity List of {day}", "publication_date": day.isoformat()}


@pytest.fixture
def register() -> Iterator[Register]:
    found = Register()
    yield found
    found.close()


def test_the_federal_register_is_read_back_by_years(archive: Archive, clock: Clock, register: Register) -> None:
    """A slice for each calendar year, the newest first, from today to the day asked for and no further."""
    found, told = backfill(archive, clock, register.source, date(2025, 12, 20))
    assert register.asked == [("2026-01-01", "2026-05-01", 1), ("2025-12-20", "2025-12-31", 1)]
    assert (found.new, told) == (27, [(1, 1, 15), (2, 0, 27)])


def test_the_pages_of_a_slice_come_before_the_next_slice(archive: Archive, clock: Clock, register: Register) -> None:
    """So that what is broken off has a whole recent past."""
    register.size = 10
    backfill(archive, clock, register.source, date(2025, 12, 20))
    assert register.asked == [
        ("2026-01-01", "2026-05-01", 1),
        ("2026-01-01", "2026-05-01", 2),
        ("2025-12-20", "2025-12-31", 1),
        ("2025-12-20", "2025-12-31", 2),
    ]
    assert archive.reading.counts()["items"] == 27


def test_days_with_more_documents_than_the_register_tells_of_are_halved(
    archive: Archive, clock: Clock, register: Register
) -> None:
    """Until each span holds few enough; every document arrives, the newest first."""
    register.cap = 5
    found, _ = backfill(archive, clock, register.source, date(2025, 12, 20))
    assert register.asked[:3] == [
        ("2026-01-01", "2026-05-01", 1),
        ("2026-03-03", "2026-05-01", 1),
        ("2026-01-01", "2026-03-02", 1),
    ]
    moments = [item.moment for item in archive.judging.unjudged(99)]
    assert (found.new, moments) == (27, sorted(moments, reverse=True))


CONFIG = """\
version: 1
network: {{allow_private: ["127.0.0.0/8"], per_host: {{delay: 0s}}, timeout: 5s}}
sources:
  - {{id: meti, name: 経済産業省, type: feed, url: "{base}/page/0", country: JP, tier: official}}
  - {{id: wire, name: Wire, type: feed, url: "{base}/wire", country: US, tier: wire}}
"""


@pytest.fixture
def here(tmp_path: Path, site: Site, source: Source, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a configuration over the feed of four pages and another of one; commands run in it."""
    del source  # its pages are what is wanted
    site.pages["/wire"] = Answer(atom(date(2026, 4, 30)))
    (tmp_path / "feeds.yaml").write_text(CONFIG.format(base=site.base), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MONITOR_NOW", "2026-05-01T08:00:00Z")
    return tmp_path


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    capsys.readouterr()
    code = main(arguments)
    found = capsys.readouterr()
    return code, found.out, found.err


def test_poll_reads_the_sources_named_back_to_a_day(here: Path, capsys: pytest.CaptureFixture[str], site: Site) -> None:
    """And judges what it found; sources that are not named are not asked."""
    code, out, _ = run(capsys, "poll", "meti", "--since", "2026-04-20", "--json")
    report = json.loads(out)
    assert code == 0
    assert {name: report[name] for name in ("sources", "fetched", "failed", "new", "judged", "alerts")} == {
        "sources": 1,
        "fetched": 1,
        "failed": 0,
        "new": 21,
        "judged": 21,
        "alerts": 0,
    }
    assert asked(site) == ["/page/0", "/page/1", "/page/2"]


def test_poll_says_where_it_stopped_and_goes_on_there(here: Path, capsys: pytest.CaptureFixture[str], site: Site) -> None:
    """One source that fails stops no other, and what came before is judged."""
    whole, site.pages["/page/2"] = site.pages["/page/2"], Answer(status=503)
    code, out, err = run(capsys, "poll", "meti", "wire", "--since", "2020-01-01", "--json")
    report = json.loads(out)
    assert (code, report["failed"], report["fetched"], report["judged"]) == (4, 1, 1, 15)
    assert report["failures"] == [{"source": "meti", "error": "status: HTTP 503"}]
    assert "monitor: meti: 2 pages, 14 new; stopped (status: HTTP 503), the same command goes on there" in err
    site.pages["/page/2"] = whole
    site.requests.clear()
    assert run(capsys, "poll", "meti", "--since", "2020-01-01")[0] == 0
    assert asked(site) == ["/page/2", "/page/3"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--since", "2026-04-20"), "--since needs the names of sources. For example: monitor poll"),
        (("meti", "--since", "yesterday"), "--since 'yesterday' is no day. Write YYYY-MM-DD"),
        (("meti", "--since", "2026-02-30"), "--since '2026-02-30' is no day"),
        (("meti", "--since", "2026-05-02"), "--since '2026-05-02' lies ahead"),
        (("meti", "--since", "0001-01-01"), "--since '0001-01-01' is out of reach"),
        (("mety", "--since", "2026-04-20"), "there is no source 'mety' in the configuration. Did you mean meti?"),
    ],
)
def test_a_slip_is_told_in_one_line_and_nothing_is_asked(
    here: Path, capsys: pytest.CaptureFixture[str], site: Site, arguments: tuple[str, ...], said: str
) -> None:
    """Exit 2, as for every wrong use."""
    code, out, err = run(capsys, "poll", *arguments)
    assert (code, out) == (2, "")
    assert said in err
    assert err.count("\n") == 1
    assert site.requests == []


def test_a_page_at_another_origin_gets_no_header_of_the_source(archive: Archive, clock: Clock, site: Site) -> None:
    """Where older entries are is said by the document; what a source's headers hold is for its own origin."""
    other = Site()
    other.pages["/old"] = Answer(atom(date(2026, 4, 1)))
    site.pages["/feed"] = Answer(atom(date(2026, 4, 30), older=f"{other.base}/old"))
    found, _ = backfill(archive, clock, a_source(url=f"{site.base}/feed", headers=(("X-Key", "secret"),)))
    other.close()
    assert (found.new, [headers.get("x-key") for _, headers in other.requests]) == (2, [None])


def test_an_older_page_never_takes_an_edit_back(archive: Archive, clock: Clock, site: Site) -> None:
    """An archive keeps entries as they were; the newest document counts. Source: RFC 5005, section 4."""
    entry = (
        "<entry><id>1</id><title>{}</title><link href='http://news.example/1'/><updated>2026-04-30T06:00:00Z</updated></entry>"
    )
    page = "<feed xmlns='http://www.w3.org/2005/Atom'><title>t</title>{}{}</feed>"
    new, old = entry.format("CORRECTED: rule starts on 17 November"), entry.format("Rule starts on 16 November")
    site.pages["/feed"] = Answer(page.format("<link rel='prev-archive' href='/old'/>", new).encode())
    site.pages["/old"] = Answer(page.format("", old).encode())
    source = a_source(url=f"{site.base}/feed")
    poll(archive, clock, source)
    backfill(archive, clock, source)
    poll(archive, clock, source)
    [filed] = archive.reading.search(query.parse(""), NOW)
    assert filed.item.title == "CORRECTED: rule starts on 17 November"
