"""Selectors are proposed for the pages that ministries and newsrooms really make, and what selectors find is shown."""

from __future__ import annotations

import time
from datetime import date

import pytest
from builders import a_source, fetched
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.errors import ConfigError
from monitor.items import Fetched, Selectors
from monitor.sources import propose
from monitor.sources.classnames import is_lasting as lasts

JA = (
    "輸出貿易管理令の一部改正について",
    "キャッチオール規制の見直し案",
    "包括許可取扱要領の改正",
    "外国ユーザーリストの改訂",
    "特定類型該当性の説明会",
)
ZH = (
    "关于对镓、锗实施出口管制的公告",
    "不可靠实体清单工作机制公告",
    "关于公布两用物项清单的公告",
    "稀土相关技术出口管制公告",
    "无人机部件公告",
)
EN = (
    "New licence exception for allied semiconductor fabs",
    "Entity list: twelve additions",
    "Public hearing on submarine cable landing rights",
    "Gallium and germanium, a year later",
    "Outbound investment rule takes effect",
)
CHROME = """<header><ul class="gnav"><li><a href="/about">大臣官房のご案内</a></li><li><a href="/toukei">統計情報一覧ページ</a></li>
<li><a href="/shinsei">申請・お問合せ窓口</a></li><li><a href="/en">English top page</a></li></ul></header>"""
FOOT = """<div class="footer-links"><ul><li><a href="/privacy">プライバシーポリシー</a></li><li><a href="/copy">著作権について</a></li>
<li><a href="/access">アクセシビリティについて</a></li><li><a href="/map">サイトマップはこちら</a></li></ul></div>"""


def page(*parts: str, url: str = "https://www.ministry.go.jp/news/", charset: str = "utf-8", codec: str = "utf-8") -> Fetched:
    """A page with what every page of the site has around its text."""
    head = f'<!DOCTYPE html><html><head><meta charset="{charset}"><title>新着</title></head><body>'
    text = f'{head}{CHROME}<div id="contents">{"".join(parts)}</div>{FOOT}</body></html>'
    return fetched(text.encode(codec), url=url, content_type="text/html")


def rows(form: str, titles: tuple[str, ...]) -> str:
    """One row a title; the row's number is n, its month m."""
    return "".join(form.format(title=title, n=place, m=place + 1) for place, title in enumerate(titles))


TABLE = page(
    '<table class="whatsnew"><tr><th>日付</th><th>内容</th></tr>',
    rows('<tr><td>令和８年{m}月1{n}日</td><td><a href="r{n}.html">{title}</a>（<a href="r{n}.pdf">PDF形式</a>）</td></tr>', JA),
    "</table>",
    charset="Shift_JIS",
    codec="cp932",
)
DEFINITIONS = page(
    '<dl class="newsList">', rows('<dt>2026年{m}月1{n}日</dt><dd><a href="r{n}.html">{title}</a></dd>', JA), "</dl>"
)
CHINESE = page(
    '<ul class="txtList_01">',
    rows('<li><a href="/art/2026/{n}.html">{title}</a><span>[2026-0{m}-1{n}]</span></li>', ZH),
    '</ul><ul class="links"><li><a href="http://one.example/">国务院办公厅网站</a></li><li><a href="http://two.example/">海关总署网站首页</a>'
    '</li><li><a href="http://three.example/">国家税务总局网站</a></li></ul>',
    url="https://www.mofcom.gov.cn/zcfb/index.html",
    charset="gb2312",
    codec="gb18030",
)
CARDS = page(
    '<div class="grid">',
    rows(
        '<div class="css-1x{n}a Card_root__x8Kq2 news-card mt-4"><a class="img" href="/n/{n}"><img src="{n}.png" alt=""></a>'
        '<h3 class="news-card__title"><a href="/n/{n}">{title}</a></h3><time datetime="2026-0{m}-1{n}">a while ago</time>'
        '<p>What it says in short. <a href="/n/{n}">Read more about this</a></p><a class="tag" href="/tag/{n}">Export controls</a></div>',
        EN,
    ),
    "</div>",
    url="https://institute.example/news/",
)
WRAPPED = page(
    '<ul class="news-list">',
    rows(
        '<li class="news-list__item"><a href="/n/{n}"><span class="date">2026.0{m}.1{n}</span><span class="cat">お知らせ</span>'
        '<p class="ttl">{title}</p></a></li>',
        JA,
    ),
    "</ul>",
)
LINKS = page(
    '<div class="news">',
    rows('<a class="entry" href="/n/{n}"><time datetime="2026-0{m}-1{n}">x</time><h3>{title}</h3></a>', JA),
    "</div>",
)
PARAGRAPHS = page(rows('<p>2026年{m}月1{n}日　<a href="/n/{n}.html">{title}</a></p>', JA))
RESULTS = page(
    '<div class="view-content">',
    rows(
        '<div class="margin-bottom-4 search-result views-row"><div class="font-sans-lg"><a href="/actions/{n}">{title}</a></div>'
        '<div class="margin-top-1 search-result__date">2026-0{m}-1{n} - <a href="/category">Sanctions list updates</a></div></div>',
        EN,
    ),
    "</div>",
    url="https://agency.gov/actions",
)
PAIRS = page(
    '<div class="left txt_box">',
    rows(
        '<dl class="date_sp b-solid"><dt>2026年{m}月1{n}日</dt><dd class="b-solid"><a href="/press/{n}.html">{title}</a></dd></dl>',
        JA,
    ),
    "</div>",
)
PLAIN = page("<ul>", rows('<li><a href="/n/{n}">{title}</a></li>', JA), "</ul>")


@pytest.mark.parametrize(
    ("listed", "select", "titles"),
    [
        pytest.param(TABLE, Selectors(item="table.whatsnew tr", date="td"), JA, id="ja: a table in Shift_JIS with era dates"),
        pytest.param(DEFINITIONS, Selectors(item="dl.newsList dt", link="dt + dd a", date="dt"), JA, id="ja: dt beside dd"),
        pytest.param(CHINESE, Selectors(item="ul.txtList_01 li", date="span"), ZH, id="zh: ul, li, span with brackets"),
        pytest.param(CARDS, Selectors(item="div.news-card", link="h3 a", date="time"), EN, id="en: cards with generated classes"),
        pytest.param(
            WRAPPED, Selectors(item="li.news-list__item", title=".ttl", date=".date"), JA, id="ja: the link holds everything"
        ),
        pytest.param(LINKS, Selectors(item="a.entry", title="h3", link="", date="time"), JA, id="ja: the item is the link"),
        pytest.param(PARAGRAPHS, Selectors(item="#contents p", date="p"), JA, id="ja: the date is part of the entry's own text"),
        pytest.param(
            RESULTS, Selectors(item="div.views-row", date=".search-result__date"), EN, id="en: date and category on a line"
        ),
        pytest.param(PAIRS, Selectors(item="dl.date_sp", date="dt"), JA, id="ja: a dl for each entry"),
    ],
)
def test_a_page_of_entries_gets_short_selectors_that_read_it(listed: Fetched, select: Selectors, titles: tuple[str, ...]) -> None:
    """All titles, all dates, nothing of the navigation; classes that are words, no generated ones."""
    best = propose.selectors(listed)[0]
    assert best.select == select
    assert [each.title for each in best.entries] == list(titles)
    days = [each.published.date() for each in best.entries if each.published is not None]
    assert days == [date(2026, place + 1, 10 + place) for place in range(len(titles))]
    assert best.dated == len(titles)


def test_a_page_without_dates_gets_what_is_most_like_a_list() -> None:
    """Longer titles win over the menu; there is no selector for a date that is not there."""
    best = propose.selectors(PLAIN)[0]
    assert (best.select, best.dated) == (Selectors(item="#contents li"), 0)
    assert [each.title for each in best.entries] == list(JA)


def test_the_best_list_of_several_comes_first() -> None:
    """A list with dates before one of links to other sites; no more than asked for, and none twice."""
    found = propose.selectors(CHINESE)
    assert [each.entries[0].title for each in found][:1] == [ZH[0]]
    assert len(propose.selectors(CHINESE, 1)) == 1
    assert len({each.select.item for each in found}) == len(found)


@pytest.mark.parametrize(
    "body", ["", "<html></html>", "only words", "<p><a href='/1'>One link of some length</a></p>", CHROME, "<a>" * 300]
)
def test_a_page_that_lists_nothing_gets_no_proposal_worth_taking(body: str) -> None:
    """Fewer than three entries are no list; a menu is none either."""
    found = propose.selectors(fetched(body.encode(), url="https://a.example/"))
    assert [each for each in found if each.score > 0.3] == []


@pytest.mark.parametrize(
    ("name", "is_lasting"),
    [
        ("news-card__title", True),
        ("whatsNewList", True),
        ("txtList_01", True),
        ("views-row", True),
        ("c-card", True),
        ("css-1x2ab3", False),
        ("Card_root__x8Kq2", False),
        ("sc-bdVaJa", False),
        ("mt-4", False),
        ("col-md-6", False),
        ("md:flex", False),
        ("odd", False),
        ("is-active", False),
        ("post-1234", False),
        ("jss17", False),
        ("xkqtzr", False),
    ],
)
def test_only_words_are_trusted_to_be_there_tomorrow(name: str, is_lasting: bool) -> None:
    """Generated names, states and matters of looks change with the next build of the site."""
    assert lasts(name) is is_lasting


def test_what_each_selector_finds_is_counted() -> None:
    """So that a person sees which one is wrong, and what stands where no date can be read."""
    source = a_source(
        type="listing", country="JP", select=Selectors(item="table.whatsnew tr", title="td b", link="td a", date="td + td")
    )
    found = propose.finds(TABLE, source)
    assert (found.items, found.with_title, found.with_link, found.with_date) == (6, 5, 5, 0)
    assert found.unread[:2] == ("", "輸出貿易管理令の一部改正について（PDF形式）")
    good = propose.finds(TABLE, a_source(type="listing", country="JP", select=Selectors(item="table.whatsnew tr", date="td")))
    assert (good.items, good.with_title, good.with_link, good.with_date, good.unread) == (6, 5, 5, 5, ("",))


def test_a_selector_that_cannot_be_read_is_named() -> None:
    """As when the source is read."""
    with pytest.raises(ConfigError, match=r"tr\["):
        propose.finds(TABLE, a_source(type="listing", select=Selectors(item="tr[")))


def test_a_page_of_thousands_of_links_costs_seconds_at_most() -> None:
    """Links, shapes and tries are bounded."""
    form = '<div class="a{n}"><p><a href="/x/{n}">Something of length {n}</a><span>2026-01-0{m}</span></p></div>'
    many = "".join(form.format(n=n, m=n % 9 + 1) for n in range(20_000))
    start = time.process_time()
    propose.selectors(page(many))
    assert time.process_time() - start < 15


@settings(deadline=None, max_examples=60)
@given(
    st.lists(
        st.sampled_from(
            ["<ul>", "<li>", "</li>", "<a href=/1>", "</a>", "関税に関する公告", "<dt>", "<dd class='x y'>", "2026-01-02", "<td>"]
        ),
        max_size=60,
    )
)
def test_any_page_gets_proposals_or_none(parts: list[str]) -> None:
    """However its elements lie; each proposal finds at least three entries."""
    found = propose.selectors(fetched("".join(parts).encode(), url="https://a.example/"))
    assert all(len(each.entries) >= 3 for each in found)
