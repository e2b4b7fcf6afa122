"""The fast reader says what the tolerant one says, document by document, or leaves the document to it."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from xml.sax.saxutils import escape

import pytest
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st

from monitor.normalise import MAX_SUMMARY, MAX_TITLE, plain
from monitor.sources import fast, tolerant
from monitor.sources.decode import xml_text
from monitor.sources.raw import RawFeed

READ_FAST = 0.8
"""Share of the real documents that the fast reader must be sure of: below it, it is not worth its lines."""


def told(feed: RawFeed) -> dict[str, object]:
    """What is made of a document: texts as items will have them, everything else as it stands."""
    return {
        "entries": [
            (each.guid, each.link, each.dates, plain(each.title, MAX_TITLE), plain(each.summary, MAX_SUMMARY))
            for each in feed.entries
        ],
        "link": feed.link,
        "links": [each for each in feed.links if each[0] in ("hub", "self", "next", "prev-archive")],  # what feed.py asks for
        "ttl": feed.ttl,
    }


def sure(text: str) -> RawFeed | None:
    """What the fast reader makes of it; None if it leaves the document to the tolerant one."""
    try:
        return fast.read(text)
    except (fast.Unsure, fast.Costly):
        return None


@pytest.mark.shared
def test_real_documents_read_the_same_both_ways(shared: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """No recorded RSS or Atom document differs, and four of five are read fast."""
    count: Counter[str] = Counter()
    differing = []
    for path in sorted((shared / "data" / "feeds" / "visible").iterdir()):
        text = xml_text(path.read_bytes())
        if path.suffix in (".jsonl", ".opml") or text.startswith("{"):
            continue
        found = sure(text)
        count["fast" if found else "tolerant"] += 1
        if found is not None:
            expected, _ = tolerant.read(text)
            if expected is None or told(found) != told(expected):
                differing.append(path.name)
    with capsys.disabled():
        sys.stdout.write(
            f"\n{count['fast']} read fast, {count['tolerant']} left to the tolerant reader, {len(differing)} differ\n"
        )
    assert differing == []
    assert count["fast"] >= READ_FAST * count.total()


WORDS = st.sampled_from(
    [
        "",
        " ",
        "Gallium",
        "7",
        "輸出管理の見直し",
        "镓和锗的出口许可",
        "수출통제 강화",
        "R&D",
        "a < b",
        "AT&amp;T",
        "&lt;b&gt;quota&lt;/b&gt;",
        "<p>Notice of <b>inquiry</b></p>",
        "<a href='/p/1'>Annex</a>",
        "line one\n  line two",
        "Ã©lite",
        "caf\xe9",
        "\x93quoted\x94",
        "許可\u3000制",
        "\u200bzero width",
        "]]&gt;",
        "&nbsp;",
        "&copy; 2026",
        "&#169;",
        "x" * 600,
        "<div>one</div><div>two</div>",
        "<img src='a.png'>",
        "<!-- <b>not said</b> -->said",
        "<p title='a < b'>note</p>",
        "<?php echo 1 ?>page",
        "<![CDATA[inner]]>",
        "<script>x < y</script>z",
        "<br/>two<br>lines</br>",
        "< p>spaced</ p>",
        "<meti@meti.example> wrote",
        "https://meti.example/7?a=1&b=2",
    ]
)
ADDRESSES = st.sampled_from(
    [
        "",
        " ",
        "https://meti.example/press/7",
        "/press/7",
        "press/7.html",
        "?a=1&b=2",
        "https://meti.example/?a=1&amp;b;=2&c;",
        "https://meti.example/ 7",
        "  https://meti.example/7\n",
        "//cdn.example/7",
        "https://meti.example/輸出",
        "http://[broken/1",
        "javascript:alert(1)",
        "tag:meti.example,2026:7",
        "7",
        "meti-7",
        "#7",
    ]
)
DATES = st.sampled_from(
    [
        "",
        " ",
        "Fri, 01 May 2026 07:00:00 GMT",
        "Fri, 01 May 2026 16:00:00 +0900",
        "2026-05-01T07:00:00Z",
        "2026-05-01T16:00:00.123+09:00",
        "2026-05-01",
        "20260501",
        "令和8年5月1日",
        "2026年5月1日",
        "1 mai 2026",
        "soon",
        "0",
    ]
)
ELEMENTS = {
    "text": """title description summary content:encoded content dc:title dc:description media:title media:description
        itunes:summary itunes:subtitle itunes:title subtitle tagline info rights copyright dc:rights abstract body xhtml:body
        fullitem xhtml:p xhtml:div category keywords tags dc:subject dc:creator dc:author dc:publisher dc:contributor dc:language
        dc:type dc:source author managingEditor webMaster itunes:author itunes:keywords itunes:explicit itunes:block itunes:name
        itunes:email comments name email language generator slash:comments feedburner:origLink x:title x:description y:title
        z:summary itunes:category media:keywords media:credit media:rating media:text media:copyright source width height
        feedburner:browserFriendly georss:point geo:lat cc:license creativeCommons:license dcterms:abstract dcterms:title
        a:title a:summary a:content thr:total newlocation Title DESCRIPTION Content:Encoded svg div p""".split(),
    "address": """link guid id link guid id url uri homepage comments wfw:commentRss feedburner:origLink a:id a:link dc:identifier
        itunes:link x:link y:id docs icon logo Link GUID ID""".split(),
    "date": """pubDate pubdate published updated modified issued created date dc:date dcterms:modified dcterms:created
        dcterms:issued dcterms:valid lastBuildDate expirationDate a:updated a:published prism:publicationDate x:date
        PubDate""".split(),
}
MEANT = {
    "text": "title description summary content:encoded content dc:title dc:description media:title media:description".split(),
    "address": "link guid id a:link".split(),
    "date": "pubDate published updated dc:date dcterms:modified created issued a:updated lastBuildDate".split(),
}
VALUES = {"text": WORDS, "address": ADDRESSES, "date": DATES}
ATTRIBUTES = st.sampled_from(
    [
        *([""] * 80),
        " isPermaLink='false'",
        " isPermaLink='true'",
        " isPermaLink='False'",
        " ispermalink='false'",
        " type='text'",
        " type='html'",
        " type='HTML'",
        " type='xhtml'",
        " type='text/html'",
        " type='text/plain'",
        " type='plain'",
        " type='application/xml'",
        " type=''",
        " type='html' mode='escaped'",
        " type='text/html' mode='base64'",
        " mode='xml'",
        " xml:lang='ja'",
        " xml:lang=''",
        " xml:base='https://base.example/d/'",
        " xml:base='sub/'",
        " xml:base=''",
        " rel='alternate'",
        " rel='self'",
        " rel='hub'",
        " src='https://meti.example/full'",
        " url='https://meti.example/u'",
        " href='https://meti.example/h'",
        " href='/h' rel='alternate' type='text/html'",
        " uri='u'",
        " domain='x'",
        " base='https://other.example/'",
        " x:href='/foreign'",
        " rdf:about='https://meti.example/about'",
        " lang='ja'",
    ]
)
LINKS = st.builds(
    "<{} {}{}{}/>".format,
    st.sampled_from(["link", "a:link", "link", "Link"]),
    st.sampled_from(
        ["", "href='/h/7'", "href='https://meti.example/h?a=1&amp;b=2'", "href=' '", "href=''", "url='/u'", "uri='u'"]
    ),
    st.sampled_from(
        ["", *(f" rel='{each}'" for each in ("alternate", "ALTERNATE", "self", "related", "enclosure", "", "hub", "next", "via"))]
    ),
    st.sampled_from(
        ["", " type='text/html'", " type='TEXT/HTML'", " type='html'", " type='application/xml'", " type='audio/mpeg'"]
    ),
)


def written(value: str, how: int) -> str:
    """A value as a document may have it: in CDATA, escaped, twice escaped, in pieces, or as references."""
    cdata = f"<![CDATA[{value.replace(']]>', '')}]]>"
    ways = (
        escape(value),
        escape(value),
        cdata,
        escape(escape(value)),
        f"\n    {escape(value)}\n  ",
        f"{escape(value[:3])}<!-- a comment -->{escape(value[3:])}",
        f"{cdata} {escape(value)}",
        f"{escape(value[:2])}<?php echo ?>{cdata}",
        "".join(f"&#{ord(each)};" for each in value),
    )
    return ways[how % len(ways)]


def one_of_kind(names: dict[str, list[str]]) -> st.SearchStrategy[str]:
    """An element with a text of the kind that belongs to it."""

    def element(kind: str) -> st.SearchStrategy[str]:
        return st.builds(
            lambda name, attributes, value, how: f"<{name}{attributes}>{written(value, how)}</{name}>",
            st.sampled_from(names[kind]),
            ATTRIBUTES,
            VALUES[kind],
            st.integers(0, 8),
        )

    return st.sampled_from(["text", "text", "address", "date"]).flatmap(element)


PLAIN = one_of_kind(MEANT)
ODD = one_of_kind(ELEMENTS)
BARE = st.sampled_from(
    [
        "<!-- <title>commented out</title> -->",
        "<?xml-stylesheet href='x'?>",
        "stray text",
        "&amp;",
        "<title/>",
        "<link/>",
        "<description></description>",
        "<guid/>",
        "<image/>",
        "<item/>",
        "<source/>",
        "<content src='/x' type='image/png'/>",
        "<enclosure url='https://meti.example/a.pdf' type='application/pdf' length='1'/>",
        "<media:content url='https://meti.example/a.jpg' medium='image'/>",
        "<media:thumbnail url='https://meti.example/t.jpg'/>",
        "<itunes:image href='https://meti.example/i.jpg'/>",
        "<category term='export' scheme='s' label='Export'/>",
        "<cloud domain='rpc.example' port='80'/>",
        "<summary type='xhtml'><div xmlns='http://www.w3.org/1999/xhtml'>Notice <b>of</b> inquiry &amp; more</div></summary>",
        "<content type='xhtml'><xhtml:div><xhtml:p>Annex</xhtml:p> &lt;1&gt;</xhtml:div></content>",
        "<content type='xhtml' xml:base='/b/'><div xmlns='http://www.w3.org/1999/xhtml'><a href='c'>c</a></div><p>two</p></content>",
        "<title type='xhtml'><div xmlns='http://www.w3.org/1999/xhtml'>輸出<i>許可</i></div></title>",
        "<description>Not <b>escaped</b> markup</description>",
        "<title>Old<br/>form</title>",
        "<description>&undefined;</description>",
        "<feedburner:origLink>https://meti.example/orig</feedburner:origLink>",
        "<geo:Point><geo:lat>35</geo:lat></geo:Point>",
        "<rdf:li rdf:resource='https://meti.example/1'/>",
        "<svg xmlns='http://www.w3.org/2000/svg'><title>drawing</title></svg>",
        "<unknown with='attributes'>and text</unknown>",
        "<x:unknown>text</x:unknown>",
        "<itunes:owner><itunes:name>N</itunes:name><itunes:email>n@meti.example</itunes:email></itunes:owner>",
        "<ttl>60</ttl>",
        "<ttl> 15 </ttl>",
        "<ttl>soon</ttl>",
    ]
)
WRAPPERS = st.sampled_from(
    """media:group media:content source author contributor image textInput x:box og category media:credit dc:creator generator
    items rdf:Seq itunes:owner link description content item entry""".split()
)
NESTED = st.builds(
    lambda name, attributes, inside: f"<{name}{attributes}>{''.join(inside)}</{name}>",
    WRAPPERS,
    ATTRIBUTES,
    st.lists(st.one_of(PLAIN, LINKS, ODD), max_size=3),
)
PARTS = st.one_of(*([PLAIN] * 9), LINKS, LINKS, ODD, ODD, BARE, BARE, NESTED)
HEADER = st.lists(
    st.sampled_from(
        [
            "<title>Press</title>",
            "<link>https://meti.example/</link>",
            "<link>/jp/?a=1&amp;b=2</link>",
            "<link href='https://meti.example/'/>",
            "<link rel='hub' href='https://hub.example/'/>",
            "<a:link rel='self' href='https://meti.example/rss'/>",
            "<link rel='next' href='/rss?page=2'/>",
            "<description>All releases</description>",
            "<itunes:summary>All releases</itunes:summary>",
            "<subtitle>All releases</subtitle>",
            "<language>ja</language>",
            "<lastBuildDate>Fri, 01 May 2026 07:00:00 GMT</lastBuildDate>",
            "<updated>2026-05-01T07:00:00Z</updated>",
            "<id>urn:press</id>",
            "<guid isPermaLink='false'>press</guid>",
            "<dc:date>2026-05-01</dc:date>",
            "<image><title>Logo</title><url>https://meti.example/l.png</url><link>https://meti.example/l</link></image>",
            "<author><name>METI</name><uri>https://meti.example/</uri></author>",
            "<ttl>60</ttl>",
            "<category>Trade</category>",
            "<items><rdf:Seq><rdf:li rdf:resource='https://meti.example/1'/></rdf:Seq></items>",
            "<textInput><title>Search</title><link>https://meti.example/s</link></textInput>",
        ]
    ),
    max_size=6,
).map("".join)
SPACES = st.sampled_from(["", "", "\n  ", " "])
INSIDE = st.lists(st.builds("{}{}".format, SPACES, PARTS), max_size=8).map("".join)
TAME = st.lists(st.builds("{}{}".format, SPACES, st.one_of(PLAIN, PLAIN, PLAIN, PLAIN, LINKS)), min_size=1, max_size=9).map(
    "".join
)
ABOUT = st.sampled_from(
    [*([""] * 60), " rdf:about='https://meti.example/a'", " rdf:about=''", " href='/cdf'", " xml:base='/deep/'", " lastmod='x'"]
)
NAMESPACES = {
    "content": ["http://purl.org/rss/1.0/modules/content/"],
    "dc": ["http://purl.org/dc/elements/1.1/", "http://purl.org/dc/elements/1.0/", "http://purl.org/dc/terms/", "urn:other"],
    "dcterms": ["http://purl.org/dc/terms/"],
    "media": ["http://search.yahoo.com/mrss/", "http://search.yahoo.com/mrss", "http://www.rssboard.org/media-rss"],
    "itunes": ["http://www.itunes.com/dtds/podcast-1.0.dtd", "http://www.itunes.com/DTDs/Podcast-1.0.dtd"],
    "a": ["http://www.w3.org/2005/Atom", "http://purl.org/atom/ns#", "urn:other"],
    "x": ["urn:other", "http://purl.org/dc/elements/1.1/", "http://purl.org/dc/elements/1.0/", "http://search.yahoo.com/mrss/"],
    "y": ["urn:y", "http://purl.org/rss/1.0/", "http://backend.userland.com/rss2"],
    "z": ["urn:z", "http://purl.org/rss/1.0/modules/content/"],
    "xhtml": ["http://www.w3.org/1999/xhtml"],
    "feedburner": ["http://rssnamespace.org/feedburner/ext/1.0"],
    "slash": ["http://purl.org/rss/1.0/modules/slash/"],
    "wfw": ["http://wellformedweb.org/CommentAPI/"],
    "geo": ["http://www.w3.org/2003/01/geo/wgs84_pos#"],
    "georss": ["http://www.georss.org/georss"],
    "cc": ["http://web.resource.org/cc/"],
    "creativeCommons": ["http://backend.userland.com/creativeCommonsRssModule"],
    "prism": ["http://prismstandard.org/namespaces/1.2/basic/"],
    "thr": ["http://purl.org/syndication/thread/1.0"],
    "rdf": ["http://www.w3.org/1999/02/22-rdf-syntax-ns#"],
}
DEFAULTS = {
    "rss": ["", "", "", "", "http://backend.userland.com/rss2", "http://blogs.law.harvard.edu/tech/rss", "urn:other"],
    "rdf": ["http://purl.org/rss/1.0/", "http://purl.org/rss/1.0/", "http://my.netscape.com/rdf/simple/0.9/", ""],
    "atom": ["http://www.w3.org/2005/Atom", "http://www.w3.org/2005/Atom", "http://purl.org/atom/ns#", "", "urn:other"],
}


@st.composite
def documents(draw: st.DrawFn) -> str:
    """A feed of any kind, rarely quite in order."""
    kind = draw(st.sampled_from(["rss", "rss", "rdf", "atom"]))
    usual = draw(st.integers(0, 3)) < 3  # one odd address of a namespace makes the whole document unsure, and so does one base
    chosen = {prefix: uris[0] if usual else draw(st.sampled_from(uris)) for prefix, uris in NAMESPACES.items()}
    default = DEFAULTS[kind][0] if usual else draw(st.sampled_from(DEFAULTS[kind]))
    spaces = "".join(f' xmlns:{prefix}="{uri}"' for prefix, uri in chosen.items()) + (f' xmlns="{default}"' if default else "")
    item = "entry" if kind == "atom" else "item"
    inside = draw(st.sampled_from([TAME, TAME, TAME, INSIDE]))
    items = "".join(f"<{item}{draw(ABOUT)}>{draw(inside)}</{item}>" for _ in range(draw(st.integers(1, 3))))
    before = draw(st.one_of(HEADER, HEADER, HEADER, HEADER, INSIDE))
    after = draw(st.one_of(*([st.just("")] * 8), HEADER, INSIDE))
    head = draw(st.sampled_from(["", '<?xml version="1.0"?>', '<?xml version="1.0" encoding="utf-8"?>\n', "<!DOCTYPE rss>"]))
    spaces += draw(st.sampled_from(["", "", " xml:lang='ja'"]))
    if kind == "rss":
        version = draw(st.sampled_from([' version="2.0"', ' version="2.0"', ' version="0.91"', ""]))
        outside = draw(st.integers(0, 15)) == 7
        body = f"<channel>{before}{'' if outside else items}{after}</channel>{items if outside else ''}"
        found = f"{head}<rss{version}{spaces}>{body}</rss>"
    elif kind == "rdf":
        found = f"{head}<rdf:RDF{spaces}><channel{draw(ABOUT)}>{before}</channel>{items}{after}</rdf:RDF>"
    else:
        found = f"{head}<feed{spaces}>{before}{items}{after}</feed>"
    base = draw(st.sampled_from([*([None] * 12), "", "https://meti.example/b/", "rel/"]))
    if base is None:
        return found.replace("base='", "lang='")
    return found.replace(spaces, f"{spaces} xml:base='{base}'", 1)


@given(documents())
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
def test_whatever_is_read_fast_reads_the_same_both_ways(document: str) -> None:
    """Where two readings exist the fast reader takes none of them."""
    found = sure(document)
    if found is not None:
        try:
            expected, _ = tolerant.read(document)
        except KeyError:  # feedparser itself falls over a stray creativeCommons:license
            reject()
        assert expected is not None
        assert told(found) == told(expected)


RSS = "<rss version='2.0' xmlns:media='http://search.yahoo.com/mrss/' xmlns:itunes='http://www.itunes.com/dtds/podcast-1.0.dtd'>"
ATOM = "<feed xmlns='http://www.w3.org/2005/Atom'>"


def rss(item: str, channel: str = "") -> str:
    return f"{RSS}<channel><title>Press</title>{channel}<item>{item}</item></channel></rss>"


@pytest.mark.parametrize(
    "document",
    [
        pytest.param(rss("<title>A</title><source><title>B</title></source><title>C</title>"), id="two-titles"),
        pytest.param(rss("<title>A <b>bold</b> one</title>"), id="markup-not-escaped"),
        pytest.param(rss("<title>A</title><description>&lt;p&lt;b&gt;two&lt;/b&gt;</description>"), id="tag-without-end"),
        pytest.param(rss("<title>A</title><description>&lt;![CDATA[two]]&gt;</description>"), id="cdata-in-escapes"),
        pytest.param(rss("<media:group><media:title>A</media:title></media:group>"), id="words-only-in-media"),
        pytest.param(rss("<media:content><title>A</title></media:content><title>B</title>"), id="title-deeper-down"),
        pytest.param(rss("<title>A</title><author><description>B</description></author>"), id="summary-of-an-author"),
        pytest.param(rss("<title>A</title><itunes:summary>B</itunes:summary>"), id="itunes-summary"),
        pytest.param(rss("<title>A</title><item><title>B</title></item>"), id="item-in-item"),
        pytest.param(rss("<title>A</title><image><title>Logo</title></image>"), id="image-of-an-entry"),
        pytest.param(rss("<title type='text/html' mode='base64'>QQ==</title>"), id="base64"),
        pytest.param(rss("<title type='CDATA'>A</title>"), id="unknown-type"),
        pytest.param(rss("<title type=''>A</title>"), id="empty-type"),
        pytest.param(rss("<title>A</title><date zone='JST'>2026-05-01</date>"), id="date-with-attributes"),
        pytest.param(rss("<title>A</title><link rel='self'>/a</link>").replace("<item>", "<item href='/b'>"), id="cdf"),
        pytest.param(rss("<title xml:base='/b/'>A</title><link>c</link>"), id="base-below-the-root"),
        pytest.param(rss("<title base='/b/'>A</title><link>c</link>"), id="base-without-xml"),
        pytest.param(rss("<link x:href='/b' xmlns:x='urn:x'/><title>A</title>"), id="foreign-attribute"),
        pytest.param(
            rss("<title>A</title>", "<itunes:summary>B</itunes:summary><description>C</description>"), id="two-summaries"
        ),
        pytest.param(rss("<title>A</title>", "<cloud><link>/b</link></cloud>"), id="link-deeper-down"),
        pytest.param(rss("<title>A</title>").replace("</channel>", "</channel><link href='/b'/>"), id="link-beside-the-channel"),
        pytest.param(rss("<title>&amp;&euro;</title>"), id="entity-of-html"),
        pytest.param("<!DOCTYPE rss [<!ENTITY me 'METI'>]>" + rss("<title>&me;</title>"), id="entity-of-its-own"),
        pytest.param(rss("<title>A</title>").replace("</rss>", ""), id="cut"),
        pytest.param(rss("<dc:title xmlns:dc='urn:other'>A</dc:title>"), id="known-prefix-other-namespace"),
        pytest.param(ATOM + "<entry><title type='image/png'>QQ==</title></entry></feed>", id="atom-unknown-type"),
        pytest.param(ATOM + "<entry><content src='/full'/><title>A</title></entry></feed>", id="atom-content-elsewhere"),
        pytest.param(
            "<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'><channel/></rdf:RDF>", id="rdf-of-no-feed"
        ),
        pytest.param("<rss xmlns='urn:other'><channel/></rss>", id="rss-of-another-world"),
        pytest.param("<html><body><p>Maintenance</p></body></html>", id="page"),
    ],
)
def test_what_has_two_readings_is_left_to_the_tolerant_reader(document: str) -> None:
    """Each of these reads otherwise in feedparser than it looks."""
    with pytest.raises(fast.Unsure):
        fast.read(document)
