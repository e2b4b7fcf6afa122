"""The tolerant reader takes what is broken, and refuses what is built to cost."""

from __future__ import annotations

import pytest

from monitor.sources import tolerant
from monitor.sources.raw import RawEntry
from monitor.sources.tolerant import Refused


def rss(inside: str, before: str = "") -> str:
    return f'{before}<rss version="2.0"><channel><title>Press</title>{inside}</channel></rss>'


def entries(document: str) -> tuple[RawEntry, ...]:
    feed, _ = tolerant.read(document)
    assert feed is not None
    return feed.entries


def test_a_sound_document_has_nothing_wrong_with_it() -> None:
    """The words come as written, and no problem is told."""
    item = "<title>輸出許可</title><link>/7</link><guid isPermaLink='false'>7</guid><pubDate>2026-05-01</pubDate>"
    feed, problem = tolerant.read(rss(f"<item>{item}<description>半導体</description></item>"))
    assert problem is None
    assert feed is not None
    assert feed.entries == (RawEntry(guid="7", link="/7", title="輸出許可", summary="半導体", dates=("2026-05-01",)),)


@pytest.mark.parametrize(
    ("document", "titles"),
    [
        pytest.param(rss("<item><title>A & B</title></item>"), ["A & B"], id="bare-ampersand"),
        pytest.param(rss("<item><title>A</title></item><item><title>B")[:-30], ["A"], id="cut"),
        pytest.param(rss("<item><title>A</title></itm><item><title>B</title></item>"), ["A", "B"], id="wrong-end"),
        pytest.param(rss("<item><title>A&eacute;</title></item>"), ["Aé"], id="entity-of-html"),
    ],
)
def test_a_damaged_document_gives_what_it_has_and_says_so(document: str, titles: list[str]) -> None:
    """One slip costs no entry that stands before it, and is named."""
    feed, problem = tolerant.read(document)
    assert feed is not None
    assert [each.title for each in feed.entries][: len(titles)] == titles
    assert str(problem).startswith("not well-formed")


@pytest.mark.parametrize("document", ["", "words", "<html><body>Maintenance</body></html>", "<a><b/></a>", '{"items": []}'])
def test_what_is_no_feed_is_none(document: str) -> None:
    """Nothing is made of a page, of other XML or of words."""
    assert tolerant.read(document) == (None, None)


def test_an_update_is_no_publication() -> None:
    """An entry that states only when it was updated has that one date, once."""
    atom = "<feed xmlns='http://www.w3.org/2005/Atom'><entry><title>A</title><updated>2026-05-01</updated></entry></feed>"
    assert entries(atom)[0].dates == ("2026-05-01",)


def test_the_dates_come_in_the_order_in_which_they_are_believed() -> None:
    """Published, then updated, then created, wherever they stand."""
    dcterms = "xmlns:d='http://purl.org/dc/terms/'"
    item = f"<d:created {dcterms}>3</d:created><d:modified {dcterms}>2</d:modified><pubDate>1</pubDate>"
    assert entries(rss(f"<item><title>A</title>{item}</item>"))[0].dates == ("1", "2", "3")


def test_an_element_that_says_nothing_is_no_entry() -> None:
    """Such as the empty ones that a broken document leaves behind."""
    assert [each.title for each in entries(rss("<item/><item><title>A</title><item/></item>"))] == ["A"]


HARMLESS = [
    "<!DOCTYPE rss>",
    '<!DOCTYPE rss PUBLIC "-//Netscape Communications//DTD RSS 0.91//EN" "http://my.netscape.example/rss.dtd">',
    '<!DOCTYPE rss [<!ENTITY meti "経済産業省">]>',
    "<!DOCTYPE rss [<!ENTITY amp2 '&#38;'>]>",
    '<!DOCTYPE rss [%HTMLlat1; <!ENTITY nbsp "&#160;">]>',
]


@pytest.mark.parametrize("before", HARMLESS)
def test_a_harmless_document_type_costs_nothing(before: str) -> None:
    """Old feeds carry one; a short entity of their own harms nobody."""
    assert [each.title for each in entries(rss("<item><title>A</title></item>", before))] == ["A"]


BOMBS = {
    "nested": "<!DOCTYPE r [<!ENTITY a 'ha'><!ENTITY b '&a;&a;'>]>",
    "long": f"<!DOCTYPE r [<!ENTITY a '{'x' * 1_001}'>]>",
    "parameter": "<!DOCTYPE r [<!ENTITY % a 'x'>]>",
    "countless": f"<!DOCTYPE r [{''.join(f'<!ENTITY e{n} {chr(39)}x{chr(39)}>' for n in range(301))}]>",
    "a file": '<!DOCTYPE r [<!ENTITY a SYSTEM "file:///etc/hostname">]>',
    "another server": '<!DOCTYPE r [<!ENTITY a PUBLIC "x" "http://canary.example/">]>',
    "lower case": "<!doctype r [<!entity a 'ha'><!entity b '&a;&a;'>]>",
    "over lines": "<!DOCTYPE r [<!ENTITY\n a\n 'ha'><!ENTITY\n b\n '&a;&a;'>]>",
}


@pytest.mark.parametrize("name", BOMBS)
def test_entities_that_grow_or_reach_outside_are_refused(name: str) -> None:
    """Before anything is parsed."""
    with pytest.raises(Refused):
        tolerant.read(rss("<item><title>&b;</title></item>", BOMBS[name]))
