"""Entry to item: plain, bounded, inert text; addresses that may be clicked; no date in the future."""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime, timedelta

import pytest
from builders import NOW, a_source, an_entry
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.items import DateKind, Entry, Identifier, Item, KeyDate, Tier, item_id
from monitor.normalise import MAX_SUMMARY, MAX_TITLE, MAX_URL, address, clean, inert, normalise, plain

WORDS = st.text(alphabet=st.sampled_from("abé 輸出か\u3099ｶ수\t\n\u00a0\x00\u200b\u202e\ud800</;!-…0"), max_size=60)
"""Texts with marks, spaces and controls, but no whole tag and no entity."""


def _again(item: Item) -> Entry:
    """The entry that says what the item says."""
    return an_entry(guid=item.key, url=item.url, title=item.title, summary=item.summary, published=item.published)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("  Export \n\t controls  ", "Export controls"),
        ("輸出　管理", "輸出 管理"),
        ("Semi\u200bcon\u00adductor", "Semicon\u00adductor"),
        ("\u202egro.elpmaxe\u202c", "gro.elpmaxe"),
        ("bell\x07 esc\x1b[31m nul\x00", "bell esc[31m nul"),
        ("か\u3099い為法", "がい為法"),
        (unicodedata.normalize("NFD", "수출통제"), "수출통제"),
        ("ＡＩ ①", "ＡＩ ①"),
        ("one\u2028two\u2029three", "one two three"),
        ("\ufeff商务部\ufffd", "商务部"),
        ("\x00 \u200b", ""),
    ],
)
def test_clean_text_is_composed_single_spaced_and_inert(text: str, expected: str) -> None:
    """Controls go, spaces become one, accents are composed, and width is left to the reader."""
    assert clean(text) == expected


@settings(deadline=None)
@given(st.text())
def test_cleaning_twice_is_cleaning_once(text: str) -> None:
    """A clean text is its own cleaning, and holds no control and no surrogate."""
    found = clean(text)
    assert clean(found) == found
    assert [character for character in found if unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp")] == []


def test_inert_text_keeps_its_spaces() -> None:
    """Only what can do harm goes; tabs, line ends and double spaces stay."""
    assert inert("a  b\tc\nd\x1b\u202e\u2066e") == "a  b\tc\nde"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<p>半導体の<b>輸出</b>管理</p>", "半導体の輸出管理"),
        ("<p>One</p><p>Two</p>", "One Two"),
        ("One<br/>Two<li>Three", "One Two Three"),
        ("re<em>exp</em>ort", "reexport"),
        ("R&amp;D &#8211; AT&#38;T &yen;5", "R&D – AT&T ¥5"),
        ("&lt;p&gt;수출&lt;/p&gt; 통제", "수출 통제"),
        ("before<script>alert('x')</script>after", "before after"),
        ("text<style>p{color:red}", "text"),
        ("a<!-- <b>no</b> -->b", "a b"),
        ("<![CDATA[稀土]]>", "稀土"),
        ("<header>Notice</header>", "Notice"),
        ("5 < 6 and 7 > 2", "5 < 6 and 7 > 2"),
        ("x &lt; y", "x < y"),
        ('<a href="http://e.example/?a=1&b=2" title="t">link</a>', "link"),
        ("", ""),
    ],
)
def test_markup_goes_and_its_text_stays(text: str, expected: str) -> None:
    """Tags, comments and scripts go, blocks part words, entities are read, comparisons stay."""
    assert plain(text, 1000) == expected


@pytest.mark.parametrize(
    "text",
    [
        "<<b>b>x",
        "<scr<b></b>ipt>x</script>",
        "<\u200bb>x</b>",
        "<b\x00r>x",
        "&lt;<i></i>b&gt;x",
        "&amp;lt;b&amp;gt;x",
        "AT&amp;amp;T",
        "<&#x200b;b>x",
    ],
)
def test_nothing_that_reads_as_markup_is_left(text: str) -> None:
    """What stays is plain for good: tags hidden in tags, by controls or by escapes are found, so plain twice is plain once."""
    found = plain(text, 1000)
    assert found == plain(found, 1000)


@pytest.mark.parametrize(
    ("text", "limit", "expected"),
    [
        ("exactly ten", 11, "exactly ten"),
        ("one two three four", 15, "one two three…"),
        ("a verylongwordwithoutspace", 12, "a verylongw…"),
        ("経済産業省が公布した", 5, "経済産業…"),
    ],
)
def test_a_cut_is_marked_and_falls_between_words_if_one_ends_near(text: str, limit: int, expected: str) -> None:
    """At most `limit` characters, with … in place of the rest."""
    assert plain(text, limit) == expected


@settings(deadline=None)
@given(st.text(st.characters()), st.integers(1, 50))
def test_plain_text_is_within_its_limit(text: str, limit: int) -> None:
    """Any text, of any length, ends within the limit."""
    assert len(plain(text, limit)) <= limit


@settings(deadline=None)
@given(WORDS, WORDS)
def test_normalising_twice_is_normalising_once(title: str, summary: str) -> None:
    """An item read again as an entry is the same item."""
    once = normalise(a_source(), an_entry(title=title, summary=summary), "k", NOW)
    assert normalise(a_source(), _again(once), "k", NOW) == once


@settings(deadline=None)
@given(st.text(max_size=50), st.text(max_size=50), st.one_of(st.none(), st.text(max_size=30)), st.text(max_size=5))
def test_an_item_is_titled_and_bounded_whatever_the_entry_says(title: str, summary: str, url: str | None, key: str) -> None:
    """Normalising never raises, and a title is never empty."""
    item = normalise(a_source(), an_entry(title=title * 20, summary=summary * 200, url=url), key, NOW)
    assert 1 <= len(item.title) <= MAX_TITLE
    assert len(item.summary) <= MAX_SUMMARY


@pytest.mark.parametrize(
    ("changes", "title", "summary"),
    [
        ({"title": "<b>Rule</b>", "summary": "<p>Text</p>"}, "Rule", "Text"),
        ({"title": "Rule", "summary": "<p>Rule</p>"}, "Rule", ""),
        ({"title": "<br>", "summary": "稀土出口管制公告"}, "稀土出口管制公告", ""),
        ({"title": "", "summary": "word " * 50}, ("word " * 23).rstrip() + "…", ("word " * 50).rstrip()),
        ({"title": "", "summary": "", "url": "http://meti.example/1"}, "http://meti.example/1", ""),
        ({"title": "", "summary": "", "url": None}, "the-key", ""),
    ],
)
def test_an_untitled_entry_is_titled_from_what_it_has(changes: dict[str, str | None], title: str, summary: str) -> None:
    """From its text, else its address, else its key; a summary that only repeats the title is dropped."""
    item = normalise(a_source(), an_entry(**changes), "the-key", NOW)
    assert (item.title, item.summary) == (title, summary)


def test_an_entry_of_nothing_is_untitled() -> None:
    """Even an entry whose key shows nothing has a title."""
    assert normalise(a_source(), an_entry(title="", summary="", url=None), "\u200b", NOW).title == "(untitled)"


def test_an_item_carries_its_sources_and_its_entrys_facts() -> None:
    """Country, tier and kind come from the source; key, fields and step from the entry; the id from both."""
    source = a_source(country="JP", tier=Tier.WIRE, kind="agency")
    facts = {
        "identifiers": (Identifier(type="rin", value="0694-AK01"),),
        "dates": (KeyDate(kind=DateKind.EFFECTIVE, date=NOW.date(), sentence="effective today"),),
        "step": "Final Rule",
    }
    item = normalise(source, an_entry(**facts), "k", NOW, is_backlog=True)
    assert (item.id, item.source, item.key, item.first_seen) == (item_id("meti", "k"), "meti", "k", NOW)
    assert (item.country, item.tier, item.kind) == ("JP", Tier.WIRE, "agency")
    assert (item.identifiers, item.dates, item.step) == (facts["identifiers"], facts["dates"], "Final Rule")
    assert (item.is_backlog, item.changed_at) == (True, None)


@pytest.mark.parametrize(
    ("hours", "expected"),
    [(-5, NOW - timedelta(hours=5)), (0, NOW), (1, NOW), (24 * 365, NOW)],
    ids=["past", "now", "soon", "far"],
)
def test_no_item_is_published_after_it_was_seen(hours: int, expected: object) -> None:
    """A date in the future becomes the moment of reading, one in the past stays."""
    assert normalise(a_source(), an_entry(published=NOW + timedelta(hours=hours)), "k", NOW).published == expected


@pytest.mark.parametrize(("hour", "is_kept"), [(23, True), (10, True), (9, False)])
def test_a_day_that_has_begun_somewhere_stays_that_day(hour: int, is_kept: bool) -> None:
    """At eight in the morning in Tokyo the day there is ahead in UTC: it becomes neither the day before nor unknown."""
    stated, seen = datetime(2026, 5, 2, tzinfo=UTC), datetime(2026, 5, 1, hour, tzinfo=UTC)
    item = normalise(a_source(), an_entry(published=stated), "k", seen)
    assert (item.published, item.first_seen) == (stated if is_kept else seen, seen)


def test_an_undated_entry_stays_undated() -> None:
    """No date is made up, and it is no backlog unless the caller says so."""
    item = normalise(a_source(), an_entry(published=None), "k", NOW)
    assert (item.published, item.is_backlog) == (None, False)


@pytest.mark.parametrize(("lang", "expected"), [("ja", "ja"), ("zh", "zh"), ("mul", "zh"), (None, "zh")])
def test_the_sources_language_is_a_hint_unless_it_has_many(lang: str | None, expected: str) -> None:
    """Han that Japanese and Chinese share goes to the source's language; mul and None hint at nothing."""
    assert normalise(a_source(lang=lang), an_entry(title="輸出管理"), "k", NOW).lang == expected


def test_the_language_is_read_from_title_and_summary() -> None:
    """A title that could be either is told by its summary."""
    assert normalise(a_source(), an_entry(title="輸出管理", summary="制度の見直しについて"), "k", NOW).lang == "ja"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://www.meti.example/a?b=1#c", "https://www.meti.example/a?b=1#c"),
        ("HTTP://MOFCOM.example/", "HTTP://MOFCOM.example/"),
        ("  https://bis.example/x\n", "https://bis.example/x"),
        ("https://経産省.example/規制", "https://経産省.example/規制"),
        ("https://bis.example/\u202egpj.exe", "https://bis.example/gpj.exe"),
        ("https://[2001:db8::1]/x", "https://[2001:db8::1]/x"),
        ("javascript:alert(1)", None),
        ("java\x00script:alert(1)", None),
        ("data:text/html,x", None),
        ("ftp://bis.example/x", None),
        ("//bis.example/x", None),
        ("/relative", None),
        ("https:///no-host", None),
        ("https://user@bis.example/", None),
        ("https://user:secret@bis.example/", None),
        ("https://:secret@bis.example/", None),
        ("https://bis.example/a b", None),
        ("https://bis.example/<script>", None),
        ('https://bis.example/"onclick="', None),
        ("https://bis.example\\@evil.example/", None),
        ("http://[::1", None),
        ("https://bis.example/" + "a" * (MAX_URL - 20), "https://bis.example/" + "a" * (MAX_URL - 20)),
        ("https://bis.example/" + "a" * (MAX_URL - 19), None),
        ("", None),
        (None, None),
    ],
    ids=lambda value: str(value)[:40].encode("ascii", "replace").decode(),
)
def test_only_an_address_that_may_be_clicked_is_kept(url: str | None, expected: str | None) -> None:
    """http or https with a host and without a password, unaltered but for what is invisible."""
    assert address(url) == expected


@settings(deadline=None)
@given(st.one_of(st.text(), st.text(alphabet="htps:/@.?#[]\\ \u202ea", max_size=30).map("http://".__add__)))
def test_an_address_kept_once_is_kept(url: str) -> None:
    """Any text is refused, or becomes an address that stays as it is."""
    found = address(url)
    assert found is None or address(found) == found


def test_text_in_an_escaped_cdata_section_is_kept() -> None:
    """Some systems escape the markers with the text."""
    assert plain("&lt;![CDATA[<p>輸出管理の<b>強化</b></p>]]&gt; 2026", 100) == "輸出管理の強化 2026"
