"""The feeds.yaml that ships: enough real sources, each described, none twice, the regulators of the four themes among them."""

from __future__ import annotations

import json
from collections import Counter
from datetime import date, timedelta

import pytest
import yaml
from builders import fetched

from monitor import bundled, config
from monitor.items import Tier
from monitor.sections import File, SourceSection
from monitor.sources import TYPES

SOURCES = config.load(bundled.feeds(), {}).sources
BY_ID = {source.id: source for source in SOURCES}


def sections() -> list[SourceSection]:
    """All sources as written, those that are off too."""
    return File.model_validate(yaml.safe_load(bundled.feeds().read_text(encoding="utf-8"))).sources


def bare(url: str) -> str:
    """An address without what makes no other page of it."""
    return url.split("://", 1)[1].removeprefix("www.").rstrip("/")


def test_a_hundred_and_fifty_sources_are_watched() -> None:
    """What is switched off does not count."""
    assert len(SOURCES) >= 150


def test_each_source_says_what_it_is() -> None:
    """Country, language and kind are there, the tier is written down, and the name is one."""
    lacking = [
        each.id
        for each in sections()
        if not (
            each.name and each.name != each.id and each.country and each.lang and each.kind and "tier" in each.model_fields_set
        )
    ]
    assert lacking == []


def test_kinds_and_tiers_agree() -> None:
    """Only public bodies are official, only agencies wires; a query for a tier means what it says."""
    tiers = {
        "government": {Tier.OFFICIAL},
        "regulator": {Tier.OFFICIAL},
        "legislature": {Tier.OFFICIAL},
        "news_agency": {Tier.WIRE, Tier.PRESS},  # press: the nets, which collect others' news
        "newspaper": {Tier.PRESS},
        "trade_press": {Tier.PRESS},
        "think_tank": {Tier.ANALYSIS},
        "industry": {Tier.ANALYSIS},
    }
    assert [each.id for each in sections() if each.tier not in tiers[each.kind or ""]] == []


def test_no_source_stands_twice() -> None:
    """Neither an id nor an address, be it written with another scheme, with www or with a slash at its end."""
    assert [id for id, count in Counter(each.id for each in sections()).items() if count > 1] == []
    assert [url for url, count in Counter(bare(source.url) for source in SOURCES).items() if count > 1] == []


def test_offices_without_a_feed_are_listed() -> None:
    """At least twenty pages of links are watched, each with a selector for its entries."""
    listings = [source for source in SOURCES if source.type == "listing"]
    assert len(listings) >= 20
    assert all(source.select is not None and source.select.item for source in listings)


def test_the_languages_of_the_mission_are_read() -> None:
    """English, Japanese, Chinese and Korean, the first three in number."""
    count = Counter(source.lang for source in SOURCES)
    assert count["en"] >= 100
    assert count["ja"] >= 30
    assert count["zh"] >= 10
    assert count["ko"] >= 4


@pytest.mark.parametrize(
    ("country", "least"),
    [
        ("US", 30),
        ("JP", 15),
        ("EU", 8),
        ("GB", 8),
        ("CN", 6),
        ("KR", 3),
        ("TW", 3),
        ("AU", 3),
        ("DE", 3),
        ("CA", 3),
        ("IN", 3),
        ("INT", 3),
    ],
)
def test_each_country_of_the_mission_speaks_for_itself(country: str, least: int) -> None:
    """What a state says is read from its own offices."""
    assert sum(source.country == country and source.tier is Tier.OFFICIAL for source in SOURCES) >= least


@pytest.mark.parametrize(
    ("theme", "ids"),
    [
        ("export_control", "us-fr-pi-bis us-fr-bis us-bis-press us-fr-state jp-meti-press jp-meti-anpo jp-cistec"),
        ("export_control", "cn-mofcom-zcfb eu-dgtrade uk-ecju de-bafa kr-motir tw-trade in-dgft us-ofac-recent-actions"),
        ("investment_screening", "us-fr-ois us-treasury-press jp-mof-fdi jp-mof-news jp-cao-keizai-anpo"),
        ("investment_screening", "uk-cabinet-office au-firb cn-ndrc de-bmwe-aussen"),
        ("critical_minerals", "us-fr-usgs us-fr-term-critical-minerals ca-nrcan au-industry cn-mofcom-zcfb us-fr-term-uflpa"),
        ("telecom_5g", "us-fr-fcc us-fcc-edocs us-fr-ntia jp-mic-press jp-mic-news eu-berec uk-dsit in-trai ca-crtc"),
    ],
)
def test_the_regulators_of_the_themes_are_watched(theme: str, ids: str) -> None:
    """Whoever makes the rules of a theme is read at first hand, by the names that rules and labels know."""
    assert [id for id in ids.split() if id not in BY_ID] == [], theme


def test_dead_and_forbidden_addresses_are_not_asked() -> None:
    """Feeds known to be gone, and those whose terms or walls forbid reading, are absent or off."""
    gone = (
        "ofac.treasury.gov/media",
        "bis.gov/rss.xml",
        "feeds.rijksoverheid.nl",
        "justice.gov/feeds/opa",
        "whitehouse.gov/feed/",
        "uscc.gov/rss.xml",
        "ml_index_release.rdf",
        "federalregister.gov/documents/search",
        "jiji.com",
        "asahi.com",
        "cao.go.jp/rss",
        "asia.nikkei.com",
        "news.google.com",
    )
    assert [source.id for source in SOURCES if any(each in source.url for each in gone)] == []


def test_no_more_than_three_searches_of_a_news_aggregator_ship() -> None:
    """They are off, and each line stands under the reason."""
    nets = [each for each in sections() if each.url and "news.google.com" in each.url]
    assert len(nets) <= 3
    assert not any(each.enabled for each in nets)


def test_whatever_is_off_says_why() -> None:
    """At its own line, or in the comment above it and its neighbours that are off."""
    unexplained = []
    reason = ""
    for line in bundled.feeds().read_text(encoding="utf-8").splitlines():
        if line.startswith("  #"):
            reason += line
        elif "enabled: false" not in line:
            reason = ""
        elif "# off: " not in line and " off" not in reason.lower():
            unexplained.append(line.split(",")[0])
    assert unexplained == []


def test_a_fixed_pace_is_an_exception() -> None:
    """Hardly any source sets its own; the others are read at the pace that they publish at."""
    assert sum(source.every is not None for source in SOURCES) <= 5
    assert BY_ID["eu-presscorner"].every == timedelta(minutes=15).total_seconds()


@pytest.mark.parametrize(
    ("id", "page", "expected"),
    [
        (
            "us-bis-enforcement",
            '<table><tr><th>Case</th><th>Name</th><th>Order date</th></tr><tr><td><a href="/media/documents/e3001">'
            "E3001</a></td><td>Example Freight LLC</td><td>12/30/2026</td></tr></table>",
            ("https://www.bis.gov/media/documents/e3001", "Example Freight LLC", date(2026, 12, 30)),
        ),
        (
            "us-ofac-recent-actions",
            '<div class="view-content"><div class="search-result"><a href="/recent-actions/20260701">'
            'Counter Terrorism Designations</a><div class="margin-top-1">'
            'July 01, 2026 - <a href="/recent-actions/sanctions-list-updates"> Sanctions List Updates</a></div></div>'
            "</div>",
            ("https://ofac.treasury.gov/recent-actions/20260701", "Counter Terrorism Designations", date(2026, 7, 1)),
        ),
        (
            "us-treasury-press",
            '<nav><a href="/news/press-releases/readouts">Readouts</a></nav><p><time datetime="2026-08-04">'
            ' August 4, 2026</time><a href="/news/press-releases/sb0999">Treasury Tightens Outbound Rules</a></p>',
            ("https://home.treasury.gov/news/press-releases/sb0999", "Treasury Tightens Outbound Rules", None),
        ),
        (
            "jp-meti-anpo",
            "<h2>新着情報</h2><table><tr><th>日付</th><th>種別</th><th>内容</th></tr><tr><td>2026年4月3日</td><td>"
            '制度</td><td><a href="/policy/anpo/law_document/20260403.html">輸出貿易管理令の改正について</a></td>'
            "</tr></table>",
            ("https://www.meti.go.jp/policy/anpo/law_document/20260403.html", "輸出貿易管理令の改正について", date(2026, 4, 3)),
        ),
        (
            "jp-cistec",
            '<table><tr class="tableWhatNew"><td>26/04/03</td><td><a href="/news/1.html">最近の法令改正</a></td></tr></table>',
            ("https://www.cistec.or.jp/news/1.html", "最近の法令改正", date(2026, 4, 3)),
        ),
        (
            "jp-mic-press",
            '<table class="tableList"><tr><th>発表日</th><th>内容</th></tr><tr><td>2026年4月3日</td><td>'
            '<a href="/menu_news/s-news/01kiban1.html">海底ケーブルの防護に関する報告</a></td><td>総合通信基盤局</td>'
            "</tr></table>",
            ("https://www.soumu.go.jp/menu_news/s-news/01kiban1.html", "海底ケーブルの防護に関する報告", date(2026, 4, 3)),
        ),
        (
            "jp-spf-iina",
            '<div class="article-list"><div class="row"><div class="col"><div class="date">2026/04/03</div>'
            '<h3 class="title"><a href="/iina/articles/a_1.html">重要鉱物と海洋</a></h3></div></div></div>',
            ("https://www.spf.org/iina/articles/a_1.html", "重要鉱物と海洋", date(2026, 4, 3)),
        ),
        (
            "cn-mofcom-zcfb",
            '<ul><li><a href="/zcfb/index.html">政策发布</a></li><li>'
            '<a href="/zcfb/zc/art/2026/art_1.html" title="公告2026年第1号">公告2026年第1号</a><span>'
            "2026-04-03</span></li></ul>",
            ("https://www.mofcom.gov.cn/zcfb/zc/art/2026/art_1.html", "公告2026年第1号", date(2026, 4, 3)),
        ),
        (
            "cn-ndrc",
            '<ul><li><a href="/web/iteminfo.jsp?id=1">外商投资安全审查办法的决定</a><span>2026-04-03</span></li></ul>',
            ("https://zfxxgk.ndrc.gov.cn/web/iteminfo.jsp?id=1", "外商投资安全审查办法的决定", date(2026, 4, 3)),
        ),
        (
            "cn-cac",
            '<ul id="loadingInfoPage"><li><h5><a href="//www.cac.gov.cn/2026-04/03/c_1.htm">网络数据管理办法</a></h5>'
            '<div class="times">2026-04-03</div></li></ul>',
            ("https://www.cac.gov.cn/2026-04/03/c_1.htm", "网络数据管理办法", date(2026, 4, 3)),
        ),
        (
            "cn-statecouncil",
            '<div><h4><a href="./202604/content_1.htm">关于稀土管理的通知</a><span class="date">2026-04-03</span>'
            '</h4><h4><a href="/zhengce/">政策</a></h4></div>',
            ("https://www.gov.cn/zhengce/zuixin/202604/content_1.htm", "关于稀土管理的通知", date(2026, 4, 3)),
        ),
        (
            "in-dgft",
            '<table id="metaTable"><tr><th>No</th></tr><tr><td>1</td><td>22/2026-27</td><td>2026-27</td><td>'
            'Amendment in the SCOMET list</td><td>24/08/2026</td><td><a href="https://content.dgft.gov.in/x/n22.pdf">'
            "Download</a></td></tr></table>",
            ("https://content.dgft.gov.in/x/n22.pdf", "Amendment in the SCOMET list", date(2026, 8, 24)),
        ),
        (
            "au-firb",
            '<a href="/news-and-reports/news/new-guidance">New guidance on data centres</a><a href="/about">About</a>',
            ("https://foreigninvestment.gov.au/news-and-reports/news/new-guidance", "New guidance on data centres", None),
        ),
    ],
)
def test_a_listing_reads_the_page_that_its_selectors_were_written_for(
    id: str, page: str, expected: tuple[str, str, date | None]
) -> None:
    """One entry with its title and its day, and none of the site's own links. The pages have the shape of the real ones."""
    assert read(id, f"<html><body>{page}</body></html>", "text/html; charset=utf-8") == [expected]


@pytest.mark.parametrize(
    ("id", "answer", "expected"),
    [
        (
            "jp-egov-law",
            {
                "total_count": 1,
                "laws": [
                    {
                        "law_info": {
                            "law_id": "508CO0000000123",
                            "law_num": "令和八年政令第百二十三号",
                            "promulgation_date": "2026-04-03",
                        },
                        "revision_info": {
                            "law_revision_id": "508CO0000000123_1",
                            "law_title": "輸出貿易管理令の一部を改正する政令",
                        },
                    }
                ],
            },
            ("https://laws.e-gov.go.jp/law/508CO0000000123", "輸出貿易管理令の一部を改正する政令", date(2026, 4, 3)),
        ),
        (
            "jp-kokkai",
            {
                "numberOfRecords": 1,
                "speechRecord": [
                    {
                        "speechID": "122104601X00120260403_003",
                        "nameOfMeeting": "経済産業委員会",
                        "date": "2026-04-03",
                        "speech": "経済安全保障について伺います。",
                        "speechURL": "https://kokkai.ndl.go.jp/txt/122104601X00120260403/3",
                    }
                ],
            },
            ("https://kokkai.ndl.go.jp/txt/122104601X00120260403/3", "経済産業委員会", date(2026, 4, 3)),
        ),
        (
            "cn-miit",
            {
                "data": {
                    "searchResult": {
                        "dataResults": [
                            {
                                "groupData": [
                                    {
                                        "data": {
                                            "title": "关于稀土的通知",
                                            "url": "/zwgk/art/art_1.html",
                                            "jsearch_date": "2026-04-03",
                                        }
                                    }
                                ]
                            }
                        ]
                    }
                }
            },
            ("https://www.miit.gov.cn/zwgk/art/art_1.html", "关于稀土的通知", date(2026, 4, 3)),
        ),
        (
            "uk-search-nsi",
            {
                "results": [{"title": "Final order", "link": "/government/x", "public_timestamp": "2026-04-03T09:30:00Z"}],
                "total": 1,
            },
            ("https://www.gov.uk/government/x", "Final order", date(2026, 4, 3)),
        ),
        (
            "tp-capacity",
            [
                {
                    "id": 7,
                    "date_gmt": "2026-04-03T09:30:00",
                    "link": "https://capacityglobal.com/news/cable/",
                    "title": {"rendered": "New Pacific cable"},
                    "excerpt": {"rendered": "<p>Ready in 2028.</p>"},
                }
            ],
            ("https://capacityglobal.com/news/cable/", "New Pacific cable", date(2026, 4, 3)),
        ),
    ],
)
def test_an_api_answers_where_its_paths_look(id: str, answer: object, expected: tuple[str, str, date | None]) -> None:
    """Title, absolute address and day of the entry, from an answer in the shape of the real one."""
    assert read(id, json.dumps(answer), "application/json") == [expected]


def read(id: str, body: str, content_type: str) -> list[tuple[str | None, str, date | None]]:
    """Address, title and day of what the source of that id reads in a document."""
    source = BY_ID[id]
    noon = timedelta(hours=12)  # the day is the same at noon, whichever zone midnight was taken in
    parsed = TYPES[source.type].parse(source, fetched(body.encode(), url=source.url, content_type=content_type))
    return [(each.url, each.title, None if each.published is None else (each.published + noon).date()) for each in parsed.entries]
