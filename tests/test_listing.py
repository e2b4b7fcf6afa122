"""Pages that list links become entries by selectors, in page order, or an error that says why not."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from builders import a_source, fetched
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.errors import ConfigError, ParseError
from monitor.items import Entry, Parsed, Selectors
from monitor.sources import listing

JAPANESE = """<!DOCTYPE html><html><head><meta charset="{charset}"><title>新着情報</title></head><body>
<div class="menu"><ul><li><a href="/">トップ</a></li></ul></div>
<dl class="news"><div><dt>令和5年10月17日</dt><dd><a href="press/1017.html">輸出貿易管理令の
  改正について</a></dd></div>
<div><dt>２０２３年１０月６日</dt><dd><a href="https://other.example/a?b=1&amp;c=2">㈱髙田商事①への処分</a></dd></div></dl></body></html>"""
CHINESE = """<html><body><table><tr><td><a href="../art/2023-41.html" title="x">关于石墨物项的公告</a></td>
<td>2023-10-20</td></tr>
<tr><td><a href="../art/2023-23.html">关于镓、锗的公告</a></td><td>2023/07/03</td></tr></table></body></html>"""
KOREAN = """<html><body><ol><li><a href="view?no=2"><strong>전략물자 고시 개정</strong> <em>새글</em></a>
<time datetime="2023-10-18T09:00:00+09:00">
어제</time></li><li><a href="view?no=1"><strong>수출통제 안내</strong></a><time>2023.10.17</time></li></ol></body></html>"""


def parsed(page: str | bytes, content_type: str = "text/html", **select: str | None) -> Parsed:
    source = a_source(id="ministry", type="listing", select=Selectors(**{"item": "li"} | select))
    body = page if isinstance(page, bytes) else page.encode()
    return listing.parse(source, fetched(body, url="https://ministry.example/news/list/index.html", content_type=content_type))


def an_entry(url: str, title: str, published: datetime | None = None) -> Entry:
    return Entry(guid=None, url=url, title=title, summary="", published=published)


@pytest.mark.parametrize(("charset", "codec"), [("utf-8", "utf-8"), ("Shift_JIS", "cp932"), ("x-sjis", "cp932")])
def test_a_japanese_list_gives_its_links_with_era_dates(charset: str, codec: str) -> None:
    """Era and full-width dates are read in Japanese time, whatever the charset; spaces inside a title are one."""
    page = JAPANESE.format(charset=charset).encode(codec)
    assert parsed(page, item="dl.news > div", date="dt").entries == (
        an_entry(
            "https://ministry.example/news/list/press/1017.html",
            "輸出貿易管理令の 改正について",
            datetime(2023, 10, 16, 15, tzinfo=UTC),
        ),
        an_entry("https://other.example/a?b=1&c=2", "㈱髙田商事①への処分", datetime(2023, 10, 5, 15, tzinfo=UTC)),
    )


@pytest.mark.parametrize("codec", ["gb18030", "utf-8", "utf-16"])
def test_a_chinese_table_gives_its_rows(codec: str) -> None:
    """Addresses are absolute, undeclared charsets are found out."""
    assert parsed(CHINESE.encode(codec), item="tr", date="td + td").entries == (
        an_entry("https://ministry.example/news/art/2023-41.html", "关于石墨物项的公告", datetime(2023, 10, 20, tzinfo=UTC)),
        an_entry("https://ministry.example/news/art/2023-23.html", "关于镓、锗的公告", datetime(2023, 7, 3, tzinfo=UTC)),
    )


def test_a_korean_list_gives_the_title_that_the_selector_names() -> None:
    """The badge beside a title is left out; the machine-readable date wins over its words."""
    assert parsed(KOREAN.encode("cp949"), "text/html; charset=euc-kr", title="strong", date="time").entries == (
        an_entry("https://ministry.example/news/list/view?no=2", "전략물자 고시 개정", datetime(2023, 10, 18, tzinfo=UTC)),
        an_entry("https://ministry.example/news/list/view?no=1", "수출통제 안내", datetime(2023, 10, 17, tzinfo=UTC)),
    )


def test_the_item_may_be_the_link_itself() -> None:
    """An empty link selector means the element that item found."""
    page = '<p><a class="n" href="1">One</a> <a class="n" href="2">Two</a> <a href="3">Three</a></p>'
    found = parsed(page, item="a.n", link="")
    assert [(each.url, each.title) for each in found.entries] == [
        ("https://ministry.example/news/list/1", "One"),
        ("https://ministry.example/news/list/2", "Two"),
    ]


@pytest.mark.parametrize(
    "element",
    [
        "<li>Not a link</li>",
        "<li><a name='anchor'>No address</a></li>",
        "<li><a href='/x'></a></li>",
        "<li><a href='/x'><img src='x.png' alt=''></a></li>",
        "<li><a href='/x'> \n </a></li>",
    ],
)
def test_an_element_without_a_link_or_a_title_is_no_entry(element: str) -> None:
    """The elements around it still are."""
    assert [each.title for each in parsed(f"<ul>{element}<li><a href='/1'>Notice</a></li></ul>").entries] == ["Notice"]


def test_the_first_link_that_leads_somewhere_is_taken() -> None:
    """An anchor before the link does not hide it."""
    page = "<ul><li><a id='n7'>7</a> <a href=' /7 '>Notice 7</a></li></ul>"
    assert parsed(page).entries == (an_entry("https://ministry.example/7", "Notice 7"),)


def test_an_unreadable_date_leaves_the_entry_undated() -> None:
    """No date is guessed, and the next element that has one is asked."""
    page = "<li><a href='/1'>A</a><i>new</i></li><li><a href='/2'>B</a><i>new</i><i>17 October 2023</i></li>"
    assert [each.published for each in parsed(f"<ul>{page}</ul>", date="i").entries] == [None, datetime(2023, 10, 17, tzinfo=UTC)]


def test_a_day_without_a_zone_is_the_same_moment_in_an_attribute_as_in_words() -> None:
    """A page that is redone with time elements does not move its entries to the day before."""
    page = "<li><a href='/1'>A</a><time datetime='2023-10-17'></time></li><li><a href='/2'>B</a><time>2023-10-17</time></li>"
    first, second = parsed(f"<ul>{page}</ul>", date="time").entries
    assert first.published == second.published


def test_a_base_element_moves_relative_addresses() -> None:
    """Links lead where a browser would go (HTML, section 4.2.3)."""
    page = "<html><head><base href='https://cdn.example/archive/'></head><ul><li><a href='1.html'>A</a></li></ul></html>"
    assert [each.url for each in parsed(page).entries] == ["https://cdn.example/archive/1.html"]


def test_an_address_that_cannot_be_read_costs_no_other_entry() -> None:
    """One broken link on a page leaves the others."""
    page = "<ul><li><a href='http://[broken/1'>A</a></li><li><a href='/2'>B</a></li></ul>"
    assert "https://ministry.example/2" in [each.url for each in parsed(page).entries]


@pytest.mark.parametrize(
    ("page", "cause"),
    [
        ("", "the page is empty"),
        (" \n\x00", "the page is empty"),
        ("<!-- nothing -->", "not readable as HTML"),
        ("<html><body>只今メンテナンス中です</body></html>", "the selector 'li' finds no entry; the page may have been rebuilt"),
        ("<ul><li>no link</li></ul>", "the selector 'li' finds no entry; the page may have been rebuilt"),
    ],
)
def test_a_page_without_entries_is_an_error(page: str, cause: str) -> None:
    """A rebuilt page is told to the operator, never taken for silence."""
    with pytest.raises(ParseError) as caught:
        parsed(page)
    assert (caught.value.cause, caught.value.subject) == (cause, "ministry")


@pytest.mark.parametrize("place", ["item", "title", "link", "date"])
@pytest.mark.parametrize("selector", ["li[", "li::text", "> ", "svg|a"])
def test_a_selector_that_cannot_be_read_is_a_slip_in_the_configuration(place: str, selector: str) -> None:
    """The operator reads which selector of which source is wrong."""
    with pytest.raises(ConfigError, match="cannot be read") as caught:
        parsed("<ul><li><a href='/1'>A</a></li></ul>", **{place: selector})
    assert caught.value.subject == "ministry"
    assert repr(selector) in str(caught.value)


def test_a_listing_without_selectors_is_a_slip_in_the_configuration() -> None:
    """It cannot be read at all, and says what is missing."""
    with pytest.raises(ConfigError, match="needs select"):
        listing.parse(a_source(id="ministry", type="listing"), fetched(b"<ul></ul>"))


def test_a_page_of_thousands_of_links_is_cut() -> None:
    """The first entries in page order are read, no more than the limit."""
    page = "".join(f"<li><a href='/{place}'>No. {place}</a></li>" for place in range(listing.MAX_ENTRIES + 5))
    found = parsed(f"<ul>{page}</ul>")
    assert [each.title for each in found.entries] == [f"No. {place}" for place in range(listing.MAX_ENTRIES)]


@given(st.text(max_size=30), st.text(max_size=30))
@settings(max_examples=100, deadline=None)
def test_any_address_and_title_are_parsed_or_refused(href: str, title: str) -> None:
    """Whatever a page says, the outcome is entries or a ParseError."""
    page = f'<ul><li><a href="{href}">{title}</a></li></ul>'.encode("utf-8", "surrogatepass")
    try:
        outcome: object = parsed(page)
    except ParseError as error:
        outcome = error
    assert isinstance(outcome, Parsed | ParseError)
