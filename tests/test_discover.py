"""The feeds of a page are found where pages put them, best first; a document is read as what it is."""

from __future__ import annotations

import json

import pytest
from builders import fetched, rss
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.errors import ParseError
from monitor.items import Fetched
from monitor.normalise import address
from monitor.sources import discover

PAGE = """<!DOCTYPE html><html lang="ja"><head><meta charset="utf-8"><title>新着情報 | 経済省</title>
<base href="https://www.ministry.example/news/">
<link rel="stylesheet" href="a.css"><link rel="alternate" hreflang="en" href="/en/">
<link rel="alternate" type="application/rss+xml" title="コメントのフィード" href="comments/feed/">
<link rel="alternate" type="application/rss+xml" title="新着情報" href="feed/">
<link rel="alternate" type="application/json" href="https://www.ministry.example/wp-json/wp/v2/pages/7">
<link rel="alternate" type="application/feed+json" title="JSON" href="/feed.json"></head><body>
<a href="/feedback/">ご意見</a> <a href="/atomic-energy/">Atomic energy</a> <a href="mailto:rss@ministry.example">RSS</a>
<a href="https://feedly.com/i/subscription/feed/https://www.ministry.example/feed/">Feedly</a>
<a href="/press.rdf"><img src="rss.png" alt="RSS"></a> <a href="/?feed=rss2&amp;cat=3">安全保障</a>
<a href="javascript:rss()">RSS</a> <a href="data.xml">統計データ</a> <a href="/rss/press.xml">報道</a></body></html>"""


def page(body: str, url: str = "https://www.ministry.example/news/index.html", content_type: str = "text/html") -> Fetched:
    return fetched(body.encode(), url=url, content_type=content_type)


def test_announced_feeds_come_first_then_links_that_look_like_feeds() -> None:
    """Feeds of comments last; what only sounds like a feed, other programs and other schemes not at all."""
    found = discover.feeds_in(page(PAGE))
    assert [(each.url, each.title, each.how) for each in found] == [
        ("https://www.ministry.example/news/feed/", "新着情報", "link element"),
        ("https://www.ministry.example/feed.json", "JSON", "link element"),
        ("https://www.ministry.example/press.rdf", "RSS", "link in the page"),
        ("https://www.ministry.example/?feed=rss2&cat=3", "安全保障", "link in the page"),
        ("https://www.ministry.example/rss/press.xml", "報道", "link in the page"),
        ("https://www.ministry.example/news/comments/feed/", "コメントのフィード", "link element"),
    ]


@pytest.mark.parametrize(
    ("href", "text", "is_feed"),
    [
        ("/rss.xml", "", True),
        ("/news/index.rdf", "", True),
        ("/rss_news.xml", "", True),
        ("/feeds/all.atom.xml", "", True),
        ("/spip.php?page=backend", "", False),
        ("/?format=feed&type=rss", "", True),
        ("/RssMain.aspx?ModId=6", "RSS", False),
        ("/rss/123456", "RSS", True),
        ("/news-sitemap.xml", "", True),
        ("/sitemap.xml", "", False),
        ("/feed-the-future/", "Feed the Future", False),
        ("/atom", "", True),
        ("ftp://ministry.example/rss.xml", "", False),
        ("http://[broken/rss.xml", "", False),
    ],
)
def test_a_link_looks_like_a_feed_by_its_address(href: str, text: str, is_feed: bool) -> None:
    """File name, last folder or question; the words alone are not enough."""
    assert bool(discover.feeds_in(page(f'<a href="{href}">{text}</a>'))) is is_feed


def test_a_page_that_names_no_feed_names_none() -> None:
    """Nor does what is no page."""
    assert discover.feeds_in(page("<html><body><a href='/about'>About</a></body></html>")) == ()
    assert discover.feeds_in(fetched(b"\x00\xff", url="https://a.example/")) == ()


def test_the_usual_places_are_below_the_folder_and_at_the_top() -> None:
    """Each once, the nearest first; the sitemap of the whole site is a last resort."""
    found = [each.url for each in discover.guesses("https://a.example/news/index.html")]
    assert found[:2] == ["https://a.example/news/feed/", "https://a.example/news/rss.xml"]
    assert "https://a.example/news-sitemap.xml" in found
    assert len(found) == len(set(found)) == 2 * len(discover.guesses("https://a.example/"))
    assert [each.url for each in discover.last_resort("https://a.example/news/")] == ["https://a.example/sitemap.xml"]
    assert {each.type for each in discover.guesses("https://a.example/")} == {"feed", "sitemap"}


REGISTER = {"count": 1, "results": [{"document_number": "2026-1", "title": "Rule", "html_url": "https://a.example/"}]}
JSON_FEED = {
    "version": "https://jsonfeed.org/version/1.1",
    "title": 'Mines \u2013 "daily"',
    "items": [{"id": "1", "title": "Gallium"}],
}


@pytest.mark.parametrize(
    ("body", "content_type", "type_", "title"),
    [
        (rss(("1", "A", "")), "text/html", "feed", "Feed"),
        (b"\n" + rss(("1", "A", ""), title="\xe7\xb5\x8c".encode("latin-1").decode()), "", "feed", "経"),
        (
            '<?xml version="1.0"?><!-- x --><feed xmlns="http://www.w3.org/2005/Atom"><title>公告</title><entry><id>1</id>'
            "<title>关于镓</title></entry></feed>".encode(),
            "application/xml",
            "feed",
            "公告",
        ),
        (json.dumps(JSON_FEED).encode(), "application/json", "feed", 'Mines – "daily"'),
        (json.dumps(REGISTER).encode(), "", "federal_register", ""),
    ],
)
def test_a_document_is_read_as_what_it_is(body: bytes, content_type: str, type_: str, title: str) -> None:
    """Whatever the server calls it; with the name that it gives itself."""
    found = discover.recognised(fetched(body, content_type=content_type), "it")
    assert (found.type, found.title, len(found.parsed.entries)) == (type_, title, 1)


@pytest.mark.parametrize(
    ("body", "cause"),
    [
        (PAGE.encode(), "an HTML page, not a feed"),
        (
            b'<?xml version="1.0"?>\n<!DOCTYPE html PUBLIC "x"><html xmlns="http://www.w3.org/1999/xhtml"/>',
            "an HTML page, not a feed",
        ),
        (b'<?xml version="1.0"?><opml version="2.0"><body/></opml>', "a list of feeds"),
    ],
)
def test_a_page_or_a_list_of_feeds_is_no_source_by_itself(body: bytes, cause: str) -> None:
    """It is said what it is."""
    with pytest.raises(ParseError) as caught:
        discover.recognised(fetched(body), "it")
    assert caught.value.cause == cause


def test_every_type_but_those_that_must_be_told_how_is_tried() -> None:
    """A sitemap is recognised where the program reads sitemaps."""
    body = (
        '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:n="http://www.google.com/schemas/sitemap-news/0.9">'
        "<url><loc>https://a.example/1</loc><n:news><n:title>Gallium</n:title><n:publication_date>2026-05-01</n:publication_date>"
        "</n:news></url></urlset>"
    )
    assert discover.recognised(fetched(body.encode(), url="https://a.example/s.xml"), "it").type == "sitemap"


@pytest.mark.parametrize(
    ("url", "country", "is_official"),
    [
        ("https://www.meti.go.jp/policy/", "JP", True),
        ("https://www.mofcom.gov.cn/", "CN", True),
        ("https://www.bis.gov/", "US", True),
        ("https://www.gov.uk/feed", "GB", True),
        ("https://policy.trade.ec.europa.eu/", "EU", True),
        ("https://www.diplomatie.gouv.fr/", "FR", True),
        ("https://www.itu.int/", "INT", True),
        ("https://www.canada.gc.ca/", "CA", True),
        ("https://www.nikkei.co.jp/", "JP", False),
        ("https://chips.ai/", None, False),
        ("https://rhg.com/feed/", None, False),
        ("https://go.jp.evil.com/", None, False),
        ("https://10.0.0.1/", None, False),
        ("http://[broken", None, False),
    ],
)
def test_a_domain_says_the_country_and_whether_it_is_a_government(url: str, country: str | None, is_official: bool) -> None:
    """Domains that are sold to everybody say nothing."""
    assert (discover.country_of(url), discover.is_official(url)) == (country, is_official)


@settings(deadline=None, max_examples=60)
@given(st.text(max_size=60), st.text(max_size=30))
def test_any_page_has_some_feeds_or_none(href: str, text: str) -> None:
    """Whatever stands in it: candidates are addresses of the web."""
    body = f'<html><base href="{text}"><link rel=alternate type=application/rss+xml href="{href}"><a href="{href}/rss">{text}</a>'
    found = discover.feeds_in(fetched(body.encode("utf-8", "ignore"), url="https://a.example/"))
    assert [each.url for each in found] == [address(each.url) for each in found]
