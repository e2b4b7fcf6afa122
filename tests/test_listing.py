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


def parsed(page: str | bytes, content_type: str = "text/html", country: str | None = None, **select: str | None) -> Parsed:
    source = a_source(id="ministry", type="listing", country=country, select=Selectors(**{"item": "li"} | select))
    body = page if isinstance(page, bytes) else page.encode()
    return listing.parse(source, fetched(body, url="https://ministry.example/news/list/index.html", content_type=content_type))


def an_entry(url: str, title: str, published: datetime | None = None) -> Entry:
    return Entry(guid=None, url=url, title=title, summary="", published=published)


@pytest.mark.parametrize(("charset", "codec"), [("utf-8", "utf-8"), ("Shift_JIS", "cp932"), ("x-sjis", "cp932")])
def test_a_japanese_list_gives_its_links_with_era_dates(charset: str, codec: str) -> None:
    """Era and full-width dates are the days that they state, whatever the charset; spaces inside a title are one."""
    page = JAPANESE.format(charset=charset).encode(codec)
    assert parsed(page, item="dl.news > div", date="dt").entries == (
        an_entry(
            "https://ministry.example/news/list/press/1017.html",
            "輸出貿易管理令の 改正について",
            datetime(2023, 10, 17, tzinfo=UTC),
        ),
        an_entry("https://other.example/a?b=1&c=2", "㈱髙田商事①への処分", datetime(2023, 10, 6, tzinfo=UTC)),
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


@pytest.mark.parametrize("place", ["item", "title", "link", "date", "summary", "next"])
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
    assert found.notes == (f"{listing.MAX_ENTRIES + 5} elements; the first {listing.MAX_ENTRIES} were read",)


def test_the_times_of_a_chinese_ministry_are_told_in_peking() -> None:
    """The hour is that of there, a day alone is the day that is stated; brackets around it do not matter."""
    page = """<ul class="txtList"><li><a href="/art/2026/18.html">关于中重稀土出口管制的公告</a><span>[2026-04-03]</span></li>
    <li><a href="/art/2026/17.html">关于石墨物项的通知</a><span>发布时间：2026年04月02日 18:30</span></li></ul>"""
    found = parsed(page, country="CN", item="ul.txtList li", date="span").entries
    assert [each.published for each in found] == [datetime(2026, 4, 3, tzinfo=UTC), datetime(2026, 4, 2, 10, 30, tzinfo=UTC)]


@pytest.mark.parametrize(
    ("country", "stated"),
    [
        ("JP", "2026年4月3日 更新"),
        ("JP", "令和８年４月３日（金）"),
        ("JP", "R8.4.3"),
        ("JP", "[2026.04.03]"),
        ("JP", "26/04/03"),
        ("KR", "2026. 4. 3."),
    ],
)
def test_a_date_is_found_among_other_words(country: str, stated: str) -> None:
    """What is not a date in the element does not hide the date."""
    (found,) = parsed(f"<li><a href='/1'>A</a><i>{stated}</i></li>", country=country, date="i").entries
    assert found.published == datetime(2026, 4, 3, tzinfo=UTC)


@pytest.mark.parametrize(
    ("country", "day"), [("US", datetime(2026, 3, 4, tzinfo=UTC)), ("GB", datetime(2026, 4, 3, tzinfo=UTC)), (None, None)]
)
def test_figures_are_read_in_the_order_of_the_country(country: str | None, day: datetime | None) -> None:
    """Where nobody knows the country, nobody guesses."""
    (found,) = parsed("<li><a href='/1'>A</a><i>03/04/2026</i></li>", country=country, date="i").entries
    assert found.published == day


def test_without_a_selector_the_date_is_that_of_a_time_element() -> None:
    """Only its machine-readable part is trusted; words elsewhere may be a deadline."""
    page = "<li><a href='/1'>A</a><time>3 April 2026</time></li><li><a href='/2'>B</a><p><time datetime='2026-04-03'>today</time></p></li>"
    assert [each.published for each in parsed(f"<ul>{page}<li><a href='/3'>C</a>2026-04-03</li></ul>").entries] == [
        None,
        datetime(2026, 4, 3, tzinfo=UTC),
        None,
    ]


def test_a_selected_date_that_is_missing_is_not_taken_from_elsewhere() -> None:
    """The operator said where dates are."""
    page = "<li><a href='/1'>A</a><time datetime='2026-04-03'></time></li>"
    assert [each.published for each in parsed(page, date="i").entries] == [None]


@pytest.mark.parametrize(
    ("element", "title"),
    [
        ("<p>輸出貿易管理令の改正</p><a href='/1'>詳細はこちら</a>", "輸出貿易管理令の改正"),
        ("2026年4月3日 輸出貿易管理令の改正 <a href='/1'>［PDF形式：123KB］</a>", "輸出貿易管理令の改正"),
        ("<i>R8.4.3</i>輸出貿易管理令の改正<a href='/1'>PDF</a>", "輸出貿易管理令の改正"),
        ("<b>Entity List:</b> additions <a href='/1'>Read more »</a>", "Entity List: additions"),
        ("<b>Entity List: additions</b><a href='/1'>&gt;&gt;</a>", "Entity List: additions"),
        ("<h3>关于石墨物项的公告</h3><a href='/1'>查看详情</a>", "关于石墨物项的公告"),
        ("<h3>전략물자 고시 개정</h3><a href='/1'>자세히 보기</a>", "전략물자 고시 개정"),
        ("<a href='/1' title='关于石墨物项的公告'>更多</a>", "关于石墨物项的公告"),
        ("<a href='/1'>PDF</a>", "PDF"),
        ("<h3>Other words</h3><a href='/1'>More licences for gallium</a>", "More licences for gallium"),
        ("<h3>Other words</h3><a href='/1'>資料2 審査基準</a>", "資料2 審査基準"),
    ],
)
def test_a_link_that_says_nothing_is_titled_by_the_words_around_it(element: str, title: str) -> None:
    """Without the date; if there are no words around it, its own stay."""
    assert [each.title for each in parsed(f"<ul><li>{element}</li></ul>", country="JP", date="i").entries] == [title]


def test_a_title_cut_by_the_page_is_whole_in_its_attribute() -> None:
    """The attribute counts only if it goes on where the words stop."""
    page = (
        "<li><a href='/1' title='商务部关于对石墨物项实施出口管制的公告'>商务部关于对石墨…</a></li>"
        "<li><a href='/2' title='Opens in a new window'>Notice on gallium...</a></li>"
    )
    assert [each.title for each in parsed(page).entries] == ["商务部关于对石墨物项实施出口管制的公告", "Notice on gallium..."]


def test_an_image_is_titled_by_the_words_that_stand_for_it() -> None:
    """Banners link to the notices that matter most."""
    page = "<li><a href='/1'><img src='b.png' alt=' 経済安全保障\n推進法 '></a></li>"
    assert [each.title for each in parsed(page).entries] == ["経済安全保障 推進法"]


def test_a_link_that_comes_twice_counts_once() -> None:
    """Its first place on the page says what it is, however its address is written there."""
    links = [("/1", "A"), ("/2", "B"), ("https://ministry.example/1", "C"), ("/1", "D")]
    page = "".join(f"<li><a href='{address}'>{title}</a></li>" for address, title in links)
    assert [each.title for each in parsed(page).entries] == ["A", "B"]


def test_a_summary_is_what_its_selector_finds() -> None:
    """Several elements are one text; an element without any has none."""
    page = "<li><a href='/1'>A</a><p>First\n line.</p><p>Second.</p></li><li><a href='/2'>B</a></li>"
    assert [each.summary for each in parsed(page, summary="p").entries] == ["First line. Second.", ""]


@pytest.mark.parametrize(
    ("link", "older"),
    [
        ("<a class='next' href='?page=1'>Next</a>", ("https://ministry.example/news/list/index.html?page=1",)),
        ("<a class='next' href='/archive/2025.html'>2025</a>", ("https://ministry.example/archive/2025.html",)),
        ("<a class='next'>Next</a><a class='next' href='2.html'>2</a>", ("https://ministry.example/news/list/2.html",)),
        ("<a class='next' href='#'>Next</a>", ()),
        ("<a class='next' href='javascript:go(2)'>Next</a>", ()),
        ("", ()),
    ],
)
def test_the_link_to_older_entries_is_followed_if_it_leads_elsewhere(link: str, older: tuple[str, ...]) -> None:
    """The last page has none."""
    found = parsed(f"<ul><li><a href='/1'>A</a></li></ul>{link}", next="a.next")
    assert (found.older, found.reader) == (older, "html")


@pytest.mark.parametrize("depth", [200, 100_000])
def test_a_page_of_bottomless_depth_is_parsed_or_refused(depth: int) -> None:
    """The parser stops at a depth that no real page has."""
    try:
        outcome: object = parsed("<div>" * depth + "<ul><li><a href='/1'>A</a></li></ul>")
    except ParseError as error:
        outcome = error
    assert isinstance(outcome, Parsed if depth == 200 else Parsed | ParseError)


@given(st.binary(max_size=200))
@settings(max_examples=100, deadline=None)
def test_any_bytes_are_parsed_or_refused(body: bytes) -> None:
    """Whatever a server sends, the outcome is entries or a ParseError."""
    for page in (
        body,
        b"<base href='" + body,
        b"<ul><li><i>" + body + b"</i><a href='/1'>PDF</a>" + body + b"<a class=n href='" + body,
    ):
        try:
            outcome: object = parsed(page, country="JP", date="i", summary="i", next="a.n")
        except ParseError as error:
            outcome = error
        assert isinstance(outcome, Parsed | ParseError)


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
