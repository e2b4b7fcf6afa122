"""Feeds of every kind give the same entries, and damage costs as little as it can."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from builders import a_source, fetched
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.errors import ParseError
from monitor.items import Entry, Parsed
from monitor.sources import TYPES, feed, guess_type

SOURCE = a_source()
TITLE, SUMMARY, LINK = "輸出管理 – 새 규정 – 新规", "Licences for graphite", "https://meti.example/press/7"

RSS_091 = f"""<?xml version="1.0"?>
<!DOCTYPE rss PUBLIC "-//Netscape Communications//DTD RSS 0.91//EN" "http://my.netscape.example/rss-0.91.dtd">
<rss version="0.91"><channel><title>Press</title><link>https://meti.example/</link><language>ja</language>
<item><title>{TITLE}</title><link>{LINK}</link><description>{SUMMARY}</description></item></channel></rss>"""
RSS_10 = f"""<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"
 xmlns:dc="http://purl.org/dc/elements/1.1/"><channel rdf:about="https://meti.example/rss"><title>Press</title>
<link>https://meti.example/</link><items><rdf:Seq><rdf:li rdf:resource="{LINK}"/></rdf:Seq></items></channel>
<item rdf:about="{LINK}"><title>{TITLE}</title><link>{LINK}</link><description>{SUMMARY}</description>
<dc:date>2023-10-17T18:00:00+09:00</dc:date></item></rdf:RDF>"""
RSS_20 = f"""<rss version="2.0"><channel><title>Press</title><link>https://meti.example/</link>
<item><title>{TITLE}</title><link>/press/7</link><guid isPermaLink="false">meti-7</guid><description>{SUMMARY}</description>
<pubDate>Tue, 17 Oct 2023 18:00:00 JST</pubDate></item></channel></rss>"""
ATOM = f"""<feed xmlns="http://www.w3.org/2005/Atom" xml:base="https://meti.example/press/"><title>Press</title><id>urn:p</id>
<entry><id>tag:meti.example,2023:7</id><title>{TITLE}</title><link rel="self" href="7.atom"/><link rel="alternate" href="7"/>
<updated>2023-10-20T00:00:00Z</updated><published>2023-10-17T09:00:00Z</published><summary>{SUMMARY}</summary></entry></feed>"""
ITEM_JSON = {
    "id": "meti-7",
    "url": LINK,
    "title": TITLE,
    "content_text": SUMMARY,
    "date_published": "2023-10-17T09:00:00Z",
}
JSON_FEED = json.dumps({"version": "https://jsonfeed.org/version/1.1", "title": "Press", "items": [ITEM_JSON]})
AT = datetime(2023, 10, 17, 9, tzinfo=UTC)


def parsed(document: str | bytes, content_type: str = "") -> Parsed:
    body = document if isinstance(document, bytes) else document.encode()
    return feed.parse(SOURCE, fetched(body, url="https://meti.example/rss", content_type=content_type))


def rss(inside: str) -> str:
    return f'<rss version="2.0"><channel><title>Press</title><link>https://meti.example/</link>{inside}</channel></rss>'


def json_feed(*items: object) -> str:
    return json.dumps({"version": "https://jsonfeed.org/version/1.1", "items": items})


@pytest.mark.parametrize(
    ("document", "guid", "published"),
    [
        pytest.param(RSS_091, None, None, id="rss-0.91"),
        pytest.param(RSS_10, LINK, AT, id="rss-1.0"),
        pytest.param(RSS_20, "meti-7", AT, id="rss-2.0"),
        pytest.param(ATOM, "tag:meti.example,2023:7", AT, id="atom"),
        pytest.param(JSON_FEED, "meti-7", AT, id="json-feed"),
    ],
)
def test_every_format_gives_the_same_entry(document: str, guid: str | None, published: datetime | None) -> None:
    """One press release is one entry in whichever format it comes, its address absolute, its date in UTC."""
    expected = Entry(guid=guid, url=LINK, title=TITLE, summary=SUMMARY, published=published)
    found = parsed(document)
    assert (found.entries, found.notes) == ((expected,), ())
    assert guess_type(fetched(document.encode())) == "feed"


@pytest.mark.parametrize("codec", ["utf-8-sig", "utf-16", "utf-32"])
@pytest.mark.parametrize("document", [RSS_20, ATOM], ids=["rss", "atom"])
def test_a_feed_with_a_byte_order_mark_is_read(document: str, codec: str) -> None:
    """Unicode in any of its forms, told by the mark."""
    assert parsed(document.encode(codec)) == parsed(document)


def test_a_shift_jis_feed_with_characters_of_windows_is_read_whole() -> None:
    """One circled number does not turn a Japanese feed into mojibake."""
    titles = ("①半導体製造装置の輸出許可", "㈱髙田商事への警告～第Ⅲ報")
    body = "".join(f"<item><title>{title}</title></item>" for title in titles)
    document = f'<?xml version="1.0" encoding="Shift_JIS"?>{rss(body)}'.encode("cp932")
    assert [each.title for each in parsed(document).entries] == [titles[0], titles[1].replace("～", "〜")]


@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        ("<pubDate>令和5年10月17日</pubDate>", datetime(2023, 10, 17, tzinfo=UTC)),
        ("<pubDate>Tue, 17 Oct 2023 09:00:00 +0900</pubDate>", datetime(2023, 10, 17, tzinfo=UTC)),
        ("<pubDate>soon</pubDate>", None),
        ("<pubDate>2023-02-30</pubDate>", None),
        ("", None),
        (
            '<pubDate>soon</pubDate><a:updated xmlns:a="http://www.w3.org/2005/Atom">2023-10-17T00:00:00Z</a:updated>',
            AT.replace(hour=0),
        ),
    ],
)
def test_a_date_is_read_strictly(stated: str, expected: datetime | None) -> None:
    """What is not surely a date is none, and the next field is asked."""
    assert parsed(rss(f"<item><title>Notice</title>{stated}</item>")).entries[0].published == expected


def test_the_summary_is_preferred_and_the_content_stands_in_for_it() -> None:
    """An entry with the full text alone still says something."""
    full = '<content:encoded xmlns:content="http://purl.org/rss/1.0/modules/content/">Full text</content:encoded>'
    items = f"<item><title>A</title>{full}</item><item><title>B</title><description>Short</description>{full}</item>"
    assert [each.summary for each in parsed(rss(items)).entries] == ["Full text", "Short"]


def test_a_permalink_guid_is_the_address_where_there_is_no_link() -> None:
    """RSS 2.0: a guid is a link unless it says that it is not."""
    items = f"<item><title>A</title><guid>{LINK}</guid></item><item><title>B</title><guid isPermaLink='false'>7</guid></item>"
    assert [(each.guid, each.url) for each in parsed(rss(items)).entries] == [(LINK, LINK), ("7", None)]


def test_a_guid_stays_as_it_is_served() -> None:
    """An Atom id such as 7 is no relative address; made one, it would change with the address of the feed."""
    entry = "<entry><id>7</id><title>A</title><link href='/press/7'/></entry>"
    [found] = parsed(f'<feed xmlns="http://www.w3.org/2005/Atom">{entry}</feed>').entries
    assert (found.guid, found.url) == ("7", "https://meti.example/press/7")


def test_an_empty_item_inside_an_item_is_no_entry() -> None:
    """What says nothing is not counted."""
    assert [each.title for each in parsed(rss("<item><title>A</title><item/></item>")).entries] == ["A"]


@pytest.mark.parametrize(
    ("document", "titles"),
    [
        pytest.param(rss("<item><title>Mining & trade</title></item>"), ["Mining & trade"], id="bare-ampersand"),
        pytest.param(rss("<item><title>A</title></item><item><title>B</ti")[:-16], ["A"], id="cut-in-the-middle"),
        pytest.param(rss("<item><title>A<br>B</title></item>"), ["A<br />B"], id="unclosed-markup"),
    ],
)
def test_a_broken_feed_is_read_as_far_as_it_goes_and_says_so(document: str, titles: list[str]) -> None:
    """The entries before the damage come, with a note for the operator."""
    found = parsed(document)
    assert [each.title for each in found.entries][: len(titles)] == titles
    assert [note for note in found.notes if note.startswith("not well-formed")]


@pytest.mark.parametrize("before", ["\n\n ", "Warning: cache is stale\n", "<!-- cached 09:00 -->\n", "\ufeff\ufeff"])
def test_what_stands_before_the_feed_does_not_hide_it(before: str) -> None:
    """Blank lines, a warning of the server or a comment come first in many feeds; nothing is lost and nothing complained of."""
    assert parsed(before + '<?xml version="1.0"?>' + RSS_20) == parsed(RSS_20)


@pytest.mark.parametrize(
    "reference", ["&#0;", "&#x1F;", "&#xD800;", "&#55296;", "&#65535;", "&#x110000;", "&#1114112;", "&#99999999999;"]
)
def test_a_reference_to_no_character_costs_no_entry(reference: str) -> None:
    """One impossible reference stops neither its own entry nor the next one."""
    found = parsed(rss(f"<item><title>Gallium {reference}</title></item><item><title>Germanium</title></item>"))
    assert [each.title.split()[0] for each in found.entries] == ["Gallium", "Germanium"]


def test_an_address_that_cannot_be_read_costs_no_entry() -> None:
    """A broken link leaves an entry without a usable address, not a feed without entries."""
    items = "<item><title>A</title><link>http://[broken/1</link></item><item><title>B</title><link>/2</link></item>"
    assert [(each.title, each.url) for each in parsed(rss(items)).entries] == [("A", None), ("B", "https://meti.example/2")]


def test_an_entity_never_reads_a_file() -> None:
    """A document that points at a file of ours is refused; nothing is opened."""
    document = '<!DOCTYPE rss [<!ENTITY x SYSTEM "file:///etc/hostname">]>' + rss("<item><title>Notice &x;</title></item>")
    with pytest.raises(ParseError, match="entities that stand outside"):
        parsed(document)


@pytest.mark.parametrize("kind", ["rss", "opml"])
def test_entities_that_multiply_stay_small(kind: str) -> None:
    """The billion laughs are not told: parsed or refused, the text stays short."""
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 9))
    inside = {
        "rss": rss("<item><title>&l8;</title></item>"),
        "opml": "<opml><body><outline xmlUrl='u' text='&l8;'/></body></opml>",
    }
    try:
        size = sum(len(each.title) for each in parsed(f'<!DOCTYPE x [<!ENTITY l0 "ha">{laughs}]>{inside[kind]}').entries)
    except ParseError:
        size = 0
    assert size < 1_000


@pytest.mark.parametrize(
    ("item", "changed"),
    [
        ({"id": 7, "title": "A"}, {"guid": "7", "title": "A"}),
        ({"id": True, "title": None, "url": ["x"]}, {}),
        ({"external_url": "https://x.example/"}, {"url": "https://x.example/"}),
        ({"url": "", "external_url": "https://x.example/"}, {"url": "https://x.example/"}),
        ({"summary": "", "content_html": "<p>본문</p>"}, {"summary": "<p>본문</p>"}),
        ({"date_published": "soon", "date_modified": "2023-10-17T09:00:00Z"}, {"published": AT}),
    ],
    ids=["number-as-id", "wrong-types", "external", "empty-address", "empty-summary", "unreadable-date"],
)
def test_an_item_of_a_json_feed_gives_what_it_has(item: dict[str, object], changed: dict[str, Any]) -> None:
    """Fields that are missing, empty, of another type or unreadable give way to the next best."""
    nothing = Entry(guid=None, url=None, title="", summary="", published=None)
    assert parsed(json_feed(item)).entries == (replace(nothing, **changed),)


def test_a_json_item_that_is_no_object_is_skipped_with_a_note() -> None:
    """The others still come."""
    found = parsed(json_feed("text", ITEM_JSON, None))
    assert [each.title for each in found.entries] == [TITLE]
    assert found.notes == ("item 1 is not an object; skipped", "item 3 is not an object; skipped")


def test_more_entries_than_the_limit_are_cut_with_a_note() -> None:
    """The first entries are read, in the order of the document, and the operator learns how many there were."""
    found = parsed(json_feed(*({"title": f"No. {place}"} for place in range(feed.MAX_ENTRIES + 2))))
    assert [each.title for each in found.entries] == [f"No. {place}" for place in range(feed.MAX_ENTRIES)]
    assert found.notes == (f"{feed.MAX_ENTRIES + 2} entries; the first {feed.MAX_ENTRIES} were read",)


def test_a_list_of_feeds_gives_its_feeds_and_says_what_it_is() -> None:
    """OPML with folders: every outline with an address, in order."""
    document = """<?xml version="1.0"?><!-- exported --><opml version="2.0"><body><outline text="官庁">
    <outline type="rss" text="経産省" title="経済産業省" xmlUrl="https://meti.example/rss" htmlUrl="https://meti.example/"/></outline>
    <outline text="BIS" xmlUrl="https://bis.example/rss"/></body></opml>"""
    found = parsed(document)
    assert [(each.title, each.url) for each in found.entries] == [
        ("経済産業省", "https://meti.example/rss"),
        ("BIS", "https://bis.example/rss"),
    ]
    assert found.notes == ("a list of feeds (OPML), not a feed",)


@pytest.mark.parametrize(
    ("document", "cause"),
    [
        ("", "the document is empty"),
        (" \n", "the document is empty"),
        ("<!DOCTYPE html><html><body>メンテナンス中</body></html>", "an HTML page, not a feed"),
        ("<urlset><url/></urlset>", "XML, but no feed that we know"),
        ("403 Forbidden", "neither XML nor JSON"),
        ('{"error": "quota"}', "JSON, but not a JSON Feed: it has no list of items"),
        ('{"items": {}}', "JSON, but not a JSON Feed: it has no list of items"),
        ('{"items": [', "not readable as JSON (it breaks off or has a slip, line 1, column 12)"),
        ('{"items":' + "[" * 100_000, "not readable as JSON (nested too deep)"),
        ('{"items": [{"id": ' + "9" * 5_000 + "}]}", "not readable as JSON (a number beyond reason)"),
    ],
    ids=["empty", "blank", "html", "sitemap", "text", "json", "json-items", "json-cut", "json-deep", "json-number"],
)
def test_what_is_no_feed_is_named_for_what_it_is(document: str, cause: str) -> None:
    """The error says what came instead, and from which source."""
    with pytest.raises(ParseError) as caught:
        parsed(document)
    assert (caught.value.cause, caught.value.subject) == (cause, "meti")


@given(st.text(max_size=60), st.sampled_from(["title", "link", "guid", "pubDate", "description"]))
@settings(max_examples=100, deadline=None)
def test_any_text_in_a_field_is_parsed_or_refused(text: str, field: str) -> None:
    """Whatever a source writes, the outcome is entries or a ParseError."""
    document = rss(f"<item><{field}>{text}</{field}></item>").encode("utf-8", "surrogatepass")
    try:
        outcome: object = TYPES["feed"].parse(SOURCE, fetched(document))
    except ParseError as error:
        outcome = error
    assert isinstance(outcome, Parsed | ParseError)
