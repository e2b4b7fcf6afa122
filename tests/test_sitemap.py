"""Sitemaps become entries, newest first; indexes say where their sitemaps are; anything else is an error that says what it is."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime

import pytest
from builders import a_source, fetched
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.errors import ParseError
from monitor.items import Entry, Parsed
from monitor.sources import sitemap

BASE = "https://news.example/sitemaps/news.xml"
NS = (
    'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:news="http://www.google.com/schemas/sitemap-news/0.9" '
    'xmlns:image="http://www.google.com/schemas/sitemap-image/1.1" xmlns:video="http://www.google.com/schemas/sitemap-video/1.1" '
    'xmlns:xhtml="http://www.w3.org/1999/xhtml"'
)
ENGLISH = f"""<?xml version="1.0" encoding="UTF-8"?>
<urlset {NS}>
  <url><loc>https://news.example/2026/04/02/gallium</loc><lastmod>2026-04-05</lastmod>
    <news:news><news:publication><news:name>The Example</news:name><news:language>en</news:language></news:publication>
      <news:publication_date>2026-04-02T06:00:00Z</news:publication_date>
      <news:title>Beijing  loosens licences for gallium &amp; germanium</news:title>
      <news:keywords>gallium, licences</news:keywords></news:news>
    <xhtml:link rel="alternate" hreflang="ja" href="https://news.example/ja/gallium"/></url>
  <url><loc>https://news.example/2026/04/03/cable</loc>
    <news:news><news:publication_date>2026-04-03T09:00:00+02:00</news:publication_date>
      <news:title><![CDATA[Baltic cable: <b>two</b> ships searched]]></news:title></news:news></url>
</urlset>"""
JAPANESE = f"""<?xml version="1.0" encoding="Shift_JIS"?>
<urlset {NS}><url><loc>https://shimbun.example/a/1</loc><news:news><news:publication><news:name>例新聞</news:name>
<news:language>ja</news:language></news:publication><news:publication_date>2026-04-03</news:publication_date>
<news:title>㈱髙田商事、輸出許可を取得</news:title></news:news></url></urlset>"""


def parsed(document: str | bytes, **source: object) -> Parsed:
    body = document if isinstance(document, bytes) else document.encode()
    return sitemap.parse(a_source(id="news", type="sitemap", **source), fetched(body, url=BASE, content_type="application/xml"))


def urlset(*places: str) -> str:
    return f"<urlset {NS}>" + "".join(f"<url>{place}</url>" for place in places) + "</urlset>"


def test_a_news_sitemap_becomes_entries_newest_first() -> None:
    """Title, date and keywords come from the news, not from lastmod; alternates in other languages are no entries."""
    assert parsed(ENGLISH) == Parsed(
        entries=(
            Entry(
                guid=None,
                url="https://news.example/2026/04/03/cable",
                title="Baltic cable: <b>two</b> ships searched",
                summary="",
                published=datetime(2026, 4, 3, 7, tzinfo=UTC),
            ),
            Entry(
                guid=None,
                url="https://news.example/2026/04/02/gallium",
                title="Beijing loosens licences for gallium & germanium",
                summary="gallium, licences",
                published=datetime(2026, 4, 2, 6, tzinfo=UTC),
            ),
        ),
        reader="xml",
    )


def test_a_japanese_news_sitemap_is_read_in_its_charset() -> None:
    """A day without an hour is that day."""
    found = parsed(JAPANESE.encode("cp932"), country="JP").entries
    assert [(each.title, each.published) for each in found] == [("㈱髙田商事、輸出許可を取得", datetime(2026, 4, 3, tzinfo=UTC))]


@pytest.mark.parametrize(
    ("place", "title"),
    [
        ("<loc>https://x.example/2026/04/new-entity-list_update.html</loc>", "New entity list update"),
        ("<loc>https://x.example/zh/%E5%87%BA%E5%8F%A3%E7%AE%A1%E5%88%B6.html</loc>", "出口管制"),
        ("<loc>https://x.example/critical-minerals/2026/0403/index.html</loc>", "Critical minerals"),
        ("<loc>https://x.example/critical-minerals/</loc>", "Critical minerals"),
        ("<loc>https://x.example/</loc>", "https://x.example/"),
        ("<loc>https://x.example/1</loc><image:image><image:title>A cable ship</image:title></image:image>", "A cable ship"),
        ("<loc>https://x.example/1</loc><image:image><image:caption>A mine</image:caption></image:image>", "A mine"),
        ("<loc>https://x.example/1</loc><video:video><video:title>The hearing</video:title></video:video>", "The hearing"),
        ("<loc>https://x.example/the-vote</loc><news:news><news:title> </news:title></news:news>", "The vote"),
    ],
)
def test_a_place_without_news_is_titled_from_its_media_or_its_address(place: str, title: str) -> None:
    """The last words of the address are made readable; an address without words stands for itself."""
    assert [each.title for each in parsed(urlset(place)).entries] == [title]


def test_lastmod_dates_what_has_no_other_date_and_the_undated_come_last() -> None:
    """Among equals the order of the document stays; a year alone is no date."""
    places = [
        "a</loc>",
        "b</loc><lastmod>2026-04-01</lastmod>",
        "c</loc><lastmod>2026</lastmod>",
        "d</loc><lastmod>2026-04-02</lastmod>",
    ]
    found = parsed(urlset(*(f"<loc>https://x.example/page-{place}" for place in places))).entries
    assert [(each.title, each.published) for each in found] == [
        ("Page d", datetime(2026, 4, 2, tzinfo=UTC)),
        ("Page b", datetime(2026, 4, 1, tzinfo=UTC)),
        ("Page a", None),
        ("Page c", None),
    ]


@pytest.mark.parametrize("namespace", ["", 'xmlns="http://www.google.com/schemas/sitemap/0.84"'])
def test_the_namespace_does_not_matter(namespace: str) -> None:
    """Many sites write an old one or none."""
    found = parsed(f"<urlset {namespace}><url><loc>/the-notice</loc></url></urlset>").entries
    assert [(each.url, each.title) for each in found] == [("https://news.example/the-notice", "The notice")]


def test_places_without_an_address_are_counted() -> None:
    """One note tells of them all."""
    found = parsed(urlset("<lastmod>2026-04-01</lastmod>", "<loc> </loc>", "<loc>https://x.example/the-rule</loc>"))
    assert ([each.title for each in found.entries], found.notes) == (["The rule"], ("2 of 3 places have no address; skipped",))


def test_only_the_newest_entries_of_a_long_sitemap_are_read() -> None:
    """The cut is told."""
    many = sitemap.MAX_ENTRIES + 5
    places = (
        f"<loc>https://x.example/page-{place}</loc><lastmod>{1900 + place // 28:04}-01-{place % 28 + 1:02}</lastmod>"
        for place in range(many)
    )
    found = parsed(urlset(*places))
    assert (len(found.entries), found.entries[0].title, found.notes) == (
        sitemap.MAX_ENTRIES,
        f"Page {many - 1}",
        (f"{many} entries; the newest {sitemap.MAX_ENTRIES} were read",),
    )


def test_a_packed_sitemap_is_unpacked() -> None:
    """Files named .xml.gz come packed whatever their headers say."""
    assert parsed(gzip.compress(ENGLISH.encode())) == parsed(ENGLISH)


def test_a_packed_sitemap_has_a_limit() -> None:
    """A bomb is refused before it is whole."""
    with pytest.raises(ParseError, match="larger than"):
        parsed(gzip.compress(b"<urlset>" + b" " * (sitemap.MAX_BYTES + 1)))


@pytest.mark.parametrize("damage", [slice(0, 60), slice(0, 2)])
def test_a_damaged_packed_sitemap_is_an_error(damage: slice) -> None:
    """Half a document is not taken for the whole."""
    with pytest.raises(ParseError, match="the packed sitemap cannot be read"):
        parsed(gzip.compress(ENGLISH.encode())[damage])


def test_an_index_says_where_its_sitemaps_are_newest_first() -> None:
    """It has no entries; undated sitemaps come last, one that repeats counts once, what is no address does not count."""
    children = [
        ("a", ""),
        ("b", "2026-04-01"),
        ("c", "2026-04-03T10:00:00Z"),
        ("b", "2026-04-01"),
        ("javascript:d", "2026-04-04"),
    ]
    places = "".join(f"<sitemap><loc>{name}</loc><lastmod>{day}</lastmod></sitemap>" for name, day in children)
    assert parsed(f"<sitemapindex {NS}>{places}</sitemapindex>") == Parsed(
        entries=(),
        notes=("an index of 3 sitemaps",),
        reader="xml",
        older=tuple(f"https://news.example/sitemaps/{name}" for name in "cba"),
    )


def test_a_long_index_names_its_newest_sitemaps() -> None:
    """How many there are is told."""
    places = "".join(f"<sitemap><loc>/{place}.xml</loc><lastmod>20{place:02}-01-01</lastmod></sitemap>" for place in range(60))
    found = parsed(f"<sitemapindex>{places}</sitemapindex>")
    assert (len(found.older), found.older[0]) == (sitemap.MAX_CHILDREN, "https://news.example/59.xml")
    assert found.notes == (f"an index of 60 sitemaps; the newest {sitemap.MAX_CHILDREN} are named",)


@pytest.mark.parametrize(
    ("document", "cause"),
    [
        ("", "the document is empty"),
        (" \n\0", "the document is empty"),
        ("plain words", "not XML"),
        ("<!DOCTYPE html><html><body>Moved</body></html>", "an HTML page, not a sitemap"),
        ("<rss version='2.0'><channel/></rss>", "a feed (<rss>), not a sitemap; its type is feed"),
        ("<feed xmlns='http://www.w3.org/2005/Atom'/>", "a feed (<feed>), not a sitemap; its type is feed"),
        ("<opml/>", "XML, but no sitemap: it begins with <opml>, not with <urlset> or <sitemapindex>"),
    ],
)
def test_what_is_no_sitemap_is_refused(document: str, cause: str) -> None:
    """The error names the source and says what came."""
    with pytest.raises(ParseError) as caught:
        parsed(document)
    assert (caught.value.cause, caught.value.subject) == (cause, "news")


def test_an_empty_sitemap_has_no_entries() -> None:
    """A news sitemap covers two days and may be empty on the third."""
    assert parsed(f"<urlset {NS}/>") == Parsed(entries=(), reader="xml")


def test_a_broken_sitemap_is_read_as_far_as_possible() -> None:
    """A bare ampersand costs no entry, and the operator is told."""
    found = parsed(
        "<urlset><url><loc>https://x.example/the-act?a=1&b=2</loc></url><url><loc>https://x.example/the-rule</loc></url>"
    )
    assert ([each.title for each in found.entries], found.reader) == (["The act", "The rule"], "tolerant")
    assert [note.split(" (")[0] for note in found.notes] == ["not well-formed"]


def test_entities_of_the_document_are_not_resolved() -> None:
    """Neither a file of this machine nor a million letters come in by an entity."""
    laughs = "".join(f'<!ENTITY l{place + 1} "{f"&l{place};" * 10}">' for place in range(9))
    document = (
        f'<!DOCTYPE urlset [<!ENTITY f SYSTEM "file:///etc/passwd"><!ENTITY l0 "ha">{laughs}]>'
        "<urlset><url><loc>https://x.example/the-act</loc><news><title>A&f;B&l9;C</title></news></url></urlset>"
    )
    (found,) = parsed(document).entries
    assert set(found.title) <= set("ABC")


@given(st.binary(max_size=200) | st.text(alphabet="<>/&;url sitemapindex loc=\"'!?[]-gz", max_size=120).map(str.encode))
@settings(max_examples=300, deadline=None)
def test_any_bytes_are_parsed_or_refused(body: bytes) -> None:
    """Whatever a server sends, the outcome is entries or a ParseError."""
    for document in (body, b"<urlset><url><loc>/a</loc><lastmod>" + body, gzip.compress(body), b"\x1f\x8b" + body):
        try:
            outcome: object = parsed(document)
        except ParseError as error:
            outcome = error
        assert isinstance(outcome, Parsed | ParseError)


@given(st.text(max_size=60))
@settings(max_examples=200, deadline=None)
def test_any_address_gets_a_title(address: str) -> None:
    """An entry of a sitemap is never untitled."""
    escaped = address.replace("&", "&amp;").replace("<", "&lt;")
    assert all(each.title and each.url for each in parsed(urlset(f"<loc>{escaped}</loc>").encode("utf-8", "replace")).entries)
