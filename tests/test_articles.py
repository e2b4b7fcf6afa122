"""The page behind an entry, where a source asks for it: kept, searched and judged; where it fails, the entry stands by itself."""

from __future__ import annotations

import contextlib
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest
from builders import a_source, fetched, rss
from conftest import NOW, Clock
from fakes import Answer, Site
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_intake import NETWORK, poll

from monitor import intake, query
from monitor.archive import Archive
from monitor.items import Item, Source
from monitor.judgement import Judge
from monitor.lexicon import Lexicon
from monitor.likeness import Joining
from monitor.pace import Pace
from monitor.sources.article import text_of
from monitor.sources.web import NetworkRules
from monitor.sources.workers import Limits
from monitor.tag import Model

ENGLISH = (
    "The bureau adds gallium arsenide wafers to the list of controlled goods.",
    "A licence is required for every destination from 1 July 2026, and applications are reviewed with a presumption of denial.",
    "Shipments that were on their way when the rule was published may go on to their destination.",
)
JAPANESE = (
    "経済産業省は、窒化ガリウムの基板を輸出許可の対象に加える省令を公布した。",
    "施行は二〇二六年七月一日で、それより前に結ばれた契約にも適用される。",
    "事業者は用途と需要者を確かめ、必要な書類をそろえて申請しなければならない。",
)
CHINESE = (
    "商务部公告，对氧化镓相关物项实施出口管制，自二〇二六年七月一日起施行。",
    "出口经营者应当按照规定向省级商务主管部门提出申请，取得许可后方可出口。",
    "未经许可出口的，由有关部门依照法律予以处罚，构成犯罪的追究刑事责任。",
)
LANGUAGES = [("en", ENGLISH, "presumption"), ("ja", JAPANESE, "需要者"), ("zh", CHINESE, "刑事责任")]


def page(*paragraphs: str, charset: str = "utf-8") -> Answer:
    """A page of a news site: a menu, a heading, paragraphs and a footer."""
    text = "".join(f"<p>{each}</p>" for each in paragraphs)
    html = (
        "<!DOCTYPE html><html><head><title>News</title><style>p {color: red}</style></head><body>"
        "<nav><ul><li><a href='/'>Frontpage</a></li><li><a href='/sport'>Rugby</a></li></ul></nav>"
        f"<main><article><h1>Notice</h1>{text}</article></main><script>track('visit')</script>"
        "<footer><p>Copyright and imprint</p></footer></body></html>"
    )
    return Answer(html.encode(charset), headers={"Content-Type": f"text/html; charset={charset}"})


def feed(site: Site, *entries: tuple[str, str, str]) -> Answer:
    """A feed whose entries lead to pages of the site, with an old entry at its end."""
    return Answer(rss(*entries, ("0", "An entry of long ago", "")).replace(b"http://news.example/", f"{site.base}/".encode()))


@pytest.fixture
def source(archive: Archive, clock: Clock, site: Site) -> Source:
    """A source that asks for articles and was read before."""
    source = a_source(url=f"{site.base}/feed", is_full_text=True)
    site.pages["/feed"] = feed(site)
    poll(archive, clock, source)
    site.requests.clear()
    return source


def arrived(archive: Archive) -> list[Item]:
    """What waits for judgement and was not there at the first fetch, in order of arrival."""
    return [item for item in archive.judging.unjudged(99) if not item.is_backlog]


def titles(archive: Archive, words: str) -> list[str]:
    return [each.item.title for each in archive.reading.search(query.parse(words), NOW)]


@pytest.mark.parametrize(("lang", "paragraphs", "word"), LANGUAGES)
def test_the_text_of_a_page_is_what_stands_between_menu_and_footer(lang: str, paragraphs: tuple[str, ...], word: str) -> None:
    """Every paragraph, in order, in each language alike."""
    del lang, word
    text = text_of(fetched(page(*paragraphs * 3).body, content_type="text/html; charset=utf-8"))
    places = [text.index(each) for each in paragraphs]
    assert places == sorted(places)
    assert not any(each in text for each in ("Rugby", "imprint", "track", "color", "<p>"))


@pytest.mark.parametrize(
    ("charset", "paragraphs"), [("shift_jis", JAPANESE), ("euc_jp", JAPANESE), ("gb18030", CHINESE), ("utf-16", JAPANESE)]
)
def test_a_page_is_read_in_its_charset(charset: str, paragraphs: tuple[str, ...]) -> None:
    """As its header says."""
    found = page(*paragraphs, charset=charset)
    assert paragraphs[0] in text_of(fetched(found.body, content_type=found.headers["Content-Type"]))


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\nstream\n" + bytes(range(256)) * 99 + b"endstream", "application/pdf"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 99, "image/png"),
        (b'{"text": "An answer for programs, not for people."}', "application/json"),
        (b"<html></html>", "text/html"),
        (b"<?xml version='1.0'?><rss><channel/></rss>", "text/html"),
        (b"\0" * 999, ""),
    ],
    ids=["pdf", "image", "json", "empty page", "feed", "zeros"],
)
def test_what_is_no_page_has_no_text(body: bytes, content_type: str) -> None:
    """An entry may lead to anything."""
    assert text_of(fetched(body, content_type=content_type)) == ""


@given(st.binary(max_size=400) | st.text(max_size=400).map(lambda text: f"<p>{text}<p".encode("utf-8", "surrogatepass")))
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_bytes_have_a_text_that_can_be_kept(body: bytes) -> None:
    """It may be empty; it can be written down."""
    assert "\0" not in text_of(fetched(body)).encode("utf-8").decode()


@pytest.mark.parametrize(("lang", "paragraphs", "word"), LANGUAGES)
def test_an_article_is_kept_and_searched(
    archive: Archive, clock: Clock, site: Site, source: Source, lang: str, paragraphs: tuple[str, ...], word: str
) -> None:
    """Under a title and a summary that do not name the word; the summary stays as the feed gave it."""
    del lang
    site.pages["/1"] = page(*paragraphs)
    site.pages["/feed"] = feed(site, ("1", "Notice 7 of 2026", "In short"))
    assert poll(archive, clock, source).new == 1
    [item] = arrived(archive)
    assert all(each in item.body for each in paragraphs)
    assert (item.summary, titles(archive, word)) == ("In short", ["Notice 7 of 2026"])


def test_an_article_is_judged(
    archive: Archive, clock: Clock, site: Site, source: Source, lexicon: Lexicon, model: Model, joining: Joining
) -> None:
    """Its theme is in the page alone."""
    site.pages["/1"] = page(*ENGLISH, *JAPANESE)
    site.pages["/feed"] = feed(site, ("1", "Notice 7 of 2026", ""))
    poll(archive, clock, source)
    [item] = arrived(archive)
    Judge(archive=archive, rules=[], lexicon=lexicon, model=model, encoder=None, joining=joining, clock=clock).run()
    assert "export_control" in dict(archive.reading.item(item.id).themes)


def test_the_first_fetch_reads_no_article(archive: Archive, clock: Clock, site: Site) -> None:
    """What is there then is no news, and may be hundreds."""
    site.pages["/1"] = page(*ENGLISH)
    site.pages["/feed"] = feed(site, ("1", "Notice 7 of 2026", ""))
    poll(archive, clock, a_source(url=f"{site.base}/feed", is_full_text=True))
    assert [path for path, _ in site.requests] == ["/feed"]


def test_a_source_that_does_not_ask_gets_no_article(archive: Archive, clock: Clock, site: Site) -> None:
    """One fetch, as for every source."""
    source = a_source(url=f"{site.base}/feed")
    for entries in ([], [("1", "Notice 7 of 2026", "")]):
        site.pages["/feed"] = feed(site, *entries)
        poll(archive, clock, source)
    assert {path for path, _ in site.requests} == {"/feed"}


def test_an_article_is_read_once(archive: Archive, clock: Clock, site: Site, source: Source) -> None:
    """Entries that are known are not looked up again, whatever else the feed brings."""
    for number in ("1", "2"):
        site.pages[f"/{number}"] = page(*ENGLISH)
        site.pages["/feed"] = feed(site, *((each, f"Notice {each} of 2026", "") for each in ("1", "2")[: int(number)]))
        poll(archive, clock, source)
    assert sorted(path for path, _ in site.requests if path != "/feed") == ["/1", "/2"]


def test_at_most_so_many_articles_are_read_for_one_document(archive: Archive, clock: Clock, site: Site, source: Source) -> None:
    """The first of the document, which are its newest; the rest is kept as the feed has it."""
    many = intake.MAX_ARTICLES + 5
    for number in range(1, many + 1):
        site.pages[f"/{number}"] = page(*ENGLISH)
    site.pages["/feed"] = feed(site, *((str(number), f"Notice {number} of 2026", "") for number in range(1, many + 1)))
    assert poll(archive, clock, source).new == many
    assert [bool(item.body) for item in arrived(archive)] == [True] * intake.MAX_ARTICLES + [False] * 5


@pytest.mark.parametrize(
    "answer",
    [
        Answer(status=403),
        Answer(status=500),
        Answer(status=429, headers={"Retry-After": "600"}),
        Answer(status=302, headers={"Location": "http://169.254.169.254/latest"}),
        Answer(b"x" * 2_000_000, headers={"Content-Type": "text/html"}),
        Answer(b"\x1f\x8b broken", headers={"Content-Type": "text/html", "Content-Encoding": "gzip"}),
        Answer(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3", headers={"Content-Type": "application/pdf"}),
        Answer(b"", headers={"Content-Type": "text/html"}),
        Answer(b"<html><body><nav><a href='/'>Frontpage</a></nav></body></html>", headers={"Content-Type": "text/html"}),
    ],
    ids=["refused", "error", "too many requests", "private", "too large", "broken", "pdf", "empty", "menu only"],
)
def test_an_article_that_cannot_be_read_costs_nothing_else(
    archive: Archive, clock: Clock, site: Site, source: Source, answer: Answer
) -> None:
    """The entry stays with its summary, the one beside it has its article, and the source is healthy."""
    site.pages |= {"/1": answer, "/2": page(*ENGLISH)}
    site.pages["/feed"] = feed(site, ("1", "Notice 1 of 2026", "Wafers are controlled"), ("2", "Notice 2 of 2026", ""))
    small = NetworkRules(allow_private=NETWORK.allow_private, host_delay=0, timeout=5, max_bytes=1_000_000)
    found = intake.poll(archive, [source], network=small, pace=Pace(), clock=clock)
    assert (found.new, found.failures) == (2, ())
    one, other = arrived(archive)
    assert (len(one.body) < 20, ENGLISH[1] in other.body) == (True, True)
    assert sorted(titles(archive, "wafers")) == ["Notice 1 of 2026", "Notice 2 of 2026"]
    state = archive.intake.state("meti")
    assert (state.error_kind, state.not_before) == (None, None)


def test_a_page_that_takes_too_long_to_read_costs_its_own_text_only(
    archive: Archive, clock: Clock, site: Site, source: Source
) -> None:
    """An element with a hundred thousand attributes holds a parser for half a minute; its process is ended."""
    attributes = " ".join(f"a{number}=''" for number in range(150_000))
    hostile = Answer(f"<html><body><p {attributes}>x</p></body></html>".encode(), headers={"Content-Type": "text/html"})
    site.pages |= {"/1": hostile, "/2": page(*ENGLISH)}
    site.pages["/feed"] = feed(site, ("1", "Notice 1 of 2026", ""), ("2", "Notice 2 of 2026", ""))
    found = intake.poll(archive, [source], network=NETWORK, pace=Pace(), clock=clock, limits=Limits(workers=1, seconds=4))
    assert (found.new, found.failures) == (2, ())
    one, other = arrived(archive)
    assert (one.body, ENGLISH[1] in other.body) == ("", True)


def test_an_entry_without_an_address_has_no_article(archive: Archive, clock: Clock, site: Site, source: Source) -> None:
    """It says what it says."""
    document = feed(site, ("1", "Notice 7 of 2026", "Text")).body.replace(f"<link>{site.base}/1</link>".encode(), b"")
    site.pages["/feed"] = Answer(document)
    poll(archive, clock, source)
    assert [(item.title, item.body) for item in arrived(archive)] == [("Notice 7 of 2026", "")]
    assert [path for path, _ in site.requests] == ["/feed"]


def test_the_sources_own_headers_are_not_sent_to_its_articles(archive: Archive, clock: Clock, site: Site, source: Source) -> None:
    """A key is for the feed; whoever writes an entry chooses where its address leads."""
    site.pages["/1"] = page(*ENGLISH)
    site.pages["/feed"] = feed(site, ("1", "Notice 7 of 2026", ""))
    poll(archive, clock, replace(source, headers=(("X-Key", "secret"),)))
    assert [(path, headers.get("x-key")) for path, headers in site.requests] == [("/feed", "secret"), ("/1", None)]


def test_an_edit_of_the_entry_keeps_its_article_and_the_index_true(
    archive: Archive, clock: Clock, site: Site, source: Source
) -> None:
    """What the entry said no longer is not found; what it says now, and the article, are, over several edits."""
    site.pages["/1"] = page(*ENGLISH)
    for summary in ("Antimony first", "ガリウムの次", "最后是镓"):
        site.pages["/feed"] = feed(site, ("1", "Notice 7 of 2026", summary))
        poll(archive, clock, source)
    [item] = arrived(archive)
    assert ENGLISH[1] in item.body
    assert [revision.summary for revision in archive.reading.revisions(item.id)] == ["Antimony first", "ガリウムの次"]
    found = {words: len(titles(archive, words)) for words in ("antimony", "ガリウム", "最后", "presumption", "notice")}
    assert found == {"antimony": 0, "ガリウム": 0, "最后": 1, "presumption": 1, "notice": 1}


def test_an_index_after_edits_is_that_of_the_last_state(
    archive: Archive, clock: Clock, site: Site, source: Source, tmp_path: Path
) -> None:
    """The same words, and the same lengths, by which hits are ranked, as if nothing had stood there before."""
    site.pages["/1"] = page(*ENGLISH, *JAPANESE)
    with Archive.open(f"sqlite:///{tmp_path / 'fresh.db'}") as fresh:
        poll(fresh, clock, source)
        for summary in ("Antimony first", "ガリウムの次", "最后是镓"):
            site.pages["/feed"] = feed(site, ("1", "Notice 7 of 2026", summary))
            poll(archive, clock, source)
        poll(fresh, clock, source)
        assert index_of(archive) == index_of(fresh)


def index_of(archive: Archive) -> tuple[list[tuple[object, ...]], bytes]:
    """Words of the search index with their counts, and its record of lengths. Source: SQLite, ext/fts5/fts5_index.c."""
    with contextlib.closing(sqlite3.connect(archive.path)) as connection:
        connection.execute("create virtual table temp.words using fts5vocab(main, item_search, col)")
        words = connection.execute("select * from words").fetchall()
        return words, connection.execute("select block from item_search_data where id = 1").fetchone()[0]


def test_an_edited_entry_is_judged_by_its_page_of_now(archive: Archive, clock: Clock, site: Site, source: Source) -> None:
    """Its page is read again with it."""
    for place, paragraphs in enumerate((ENGLISH, CHINESE)):
        site.pages["/1"] = page(*paragraphs)
        site.pages["/feed"] = feed(site, ("1", "Notice 7 of 2026", f"State {place}"))
        poll(archive, clock, source)
    [item] = arrived(archive)
    assert (CHINESE[0] in item.text, ENGLISH[0] in item.text) == (True, False)


@pytest.mark.parametrize("is_asked", [True, False], ids=["page not to be had", "no longer asked for"])
def test_an_edited_entry_without_a_page_of_now_stands_by_itself(
    archive: Archive, clock: Clock, site: Site, source: Source, is_asked: bool
) -> None:
    """Its old page speaks for it neither in judgement nor in search."""
    site.pages["/1"] = page(*ENGLISH)
    site.pages["/feed"] = feed(site, ("1", "Notice 7 of 2026", "The rule is proposed."))
    poll(archive, clock, source)
    site.pages["/1"] = Answer(b"", 503)
    site.pages["/feed"] = feed(site, ("1", "Notice 7 of 2026 withdrawn", "The rule is taken back."))
    poll(archive, clock, replace(source, is_full_text=is_asked))
    [item] = arrived(archive)
    assert (item.text, item.body) == ("Notice 7 of 2026 withdrawn\nThe rule is taken back.", "")
    assert (titles(archive, "presumption"), len(titles(archive, "taken"))) == ([], 1)
    assert archive.reading.index_faults() == []
