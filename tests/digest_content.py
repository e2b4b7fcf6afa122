"""A digest's content that has something under every heading, in five languages, for tests that render it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from builders import a_deadline, a_standing, an_event, an_item

from monitor.changes import DateChange
from monitor.digest_content import Content, Dated, ThemeDays, Told
from monitor.events import Deadline, Event
from monitor.items import DateKind, Filed, Identifier, Item, Stage, Standpoint, Tier
from monitor.stage import Expected

UNTIL = datetime(2026, 4, 30, 23, 0, tzinfo=UTC)  # 1 May, 8 in the morning, in Tokyo
SOURCES = {
    "meti": "経済産業省",
    "mofcom": "商务部",
    "bis": "Bureau of Industry and Security",
    "motie": "산업통상자원부",
    "wire": "Pacific Wire",
    "eu": "European Commission",
}
THEMES = {
    "en": {
        "export_control": "Export control",
        "critical_minerals": "Critical minerals",
        "investment_screening": "Investment screening",
        "telecom_5g": "Telecom and 5G",
    },
    "ja": {
        "export_control": "輸出管理",
        "critical_minerals": "重要鉱物",
        "investment_screening": "投資審査",
        "telecom_5g": "通信・5G",
    },
}


def graphite(**changes: Any) -> Event:
    base: dict[str, Any] = {
        "title": "Graphite",
        "step": "Rule",
        "first_seen": UNTIL,
        "last_seen": UNTIL,
        "themes": (("export_control", 0.934),),
    }
    return an_event(**base | changes)


def an_entry(*items: Item | Filed, sources: int = 1, was: Standpoint | None = None, is_known: bool = False, **event: Any) -> Told:
    """An event with these items; the rest goes to the event."""
    filed = tuple(each if isinstance(each, Filed) else Filed(item=each) for each in items or (an_item(),))
    return Told(event=graphite(**event), items=filed, sources=sources, was=was, is_known=is_known)


def closing(**changes: Any) -> Deadline:
    base: dict[str, Any] = {
        "date": date(2026, 5, 4),
        "sentence": "Comments close on 4 May.",
        "title": "意見募集",
        "source": "meti",
        "url": "https://meti.example/7",
        "themes": ("export_control",),
    }
    return a_deadline(**base | changes)


def a_dated(
    item: Item | None = None,
    *,
    change: DateChange | None = None,
    was: date | None = None,
    of_date_was: tuple[date, ...] = (),
    **of_date: Any,
) -> Dated:
    """A date of a digest as its own item tells it; `was` is the day before the change, `of_date_was` all days before."""
    found = closing(was=of_date_was, **of_date)
    own = an_item(id="I-7", title=found.date.title, url=found.date.url, source=found.date.source)
    return Dated(deadline=found, item=item or own, change=change, was=was)


def a_content(**changes: Any) -> Content:
    """An empty digest of everything; a test states what is in it."""
    base: dict[str, Any] = {
        "name": "morning",
        "when": "",
        "wants": "",
        "lang": "en",
        "tz": "Asia/Tokyo",
        "since": UNTIL - timedelta(days=1),
        "until": UNTIL,
        "sources": 12,
        "read": 12,
        "last_reading": UNTIL - timedelta(minutes=2),
        "came": 312,
        "source_names": SOURCES,
        "theme_names": THEMES[changes.get("lang", "en")],
    }
    return Content(**base | changes)


def a_rich_content(lang: str = "en") -> Content:
    """Something under every heading."""
    chips = an_entry(
        an_item(
            id="I-11",
            source="bis",
            lang="en",
            title="Implementation of Additional Export Controls: Certain Advanced Computing Items; Interim Final Rule",
            summary=(
                "In this interim final rule, the Bureau of Industry and Security amends the Export Administration Regulations to"
                " revise controls on certain advanced computing items, and asks for comments by 30 June 2026."
            ),
            url="https://bis.example/rule/2026-08812",
            country="US",
        ),
        an_item(
            id="I-12", source="meti", lang="ja", title="米国による先端半導体の輸出管理措置について", url="https://meti.example/12"
        ),
        an_item(
            id="I-13",
            source="mofcom",
            lang="zh",
            tier=Tier.OFFICIAL,
            title="商务部新闻发言人就美国半导体出口管制最新措施答记者问",
            url="https://mofcom.example/13",
        ),
        Filed(item=an_item(id="I-14", source="wire", lang="en", title="US tightens chip rules"), copy_of="I-11"),
        id="E-chipsrule2",
        stage=Stage.FINAL,
        step="interim final rule",
        countries=("US", "JP", "CN"),
        themes=(("export_control", 0.97), ("critical_minerals", 0.41)),
        identifiers=(Identifier(type="rin", value="0694-AJ23"), Identifier(type="cfr", value="15 CFR 744")),
        dates=(a_standing(kind=DateKind.EFFECTIVE, date=date(2026, 5, 16)),),
        sources=6,
        was=Standpoint(stage=Stage.ON_FILE, step="on public inspection", sources=4),
        is_known=True,
    )
    graphite_ = an_entry(
        an_item(
            id="I-21",
            source="meti",
            lang="ja",
            title="黒鉛の輸出許可に係る省令の一部を改正する省令案に対する意見公募手続の実施について",
            summary="経済産業省は、黒鉛関連品目の輸出許可に係る省令の一部を改正する省令案について、意見公募手続を開始した。",
            url="https://meti.example/21",
        ),
        an_item(
            id="I-22",
            source="motie",
            lang="ko",
            title="일본 흑연 수출허가 개정안, 국내 음극재 업계 영향 점검",
            tier=Tier.OFFICIAL,
            url="https://motie.example/22",
        ),
        id="E-graphite22",
        stage=Stage.CONSULTATION,
        step="意見公募",
        countries=("JP", "KR"),
        themes=(("critical_minerals", 0.95), ("export_control", 0.88)),
        dates=(a_standing(kind=DateKind.COMMENTS_CLOSE, date=date(2026, 5, 4)),),
        sources=2,
    )
    screening = an_entry(
        an_item(
            id="I-31",
            source="eu",
            lang="en",
            title="Council and Parliament reach a provisional deal on the revised foreign investment screening regulation",
            summary="Screening becomes mandatory in all Member States for investments in semiconductors and critical raw materials.",
            url="https://eu.example/31",
            country="EU",
        ),
        id="E-screening3",
        stage=Stage.PROPOSED,
        step="provisional agreement",
        countries=("EU",),
        themes=(("investment_screening", 0.99),),
        sources=3,
        was=Standpoint(stage=Stage.PROPOSED, step="proposal", sources=3),
        is_known=True,
    )
    cables = an_entry(
        an_item(
            id="I-41", source="wire", lang="en", tier=Tier.WIRE, title="Baltic states plan joint repair ship for subsea cables"
        ),
        id="E-subseacab4",
        stage=Stage.CONSULTATION,
        step="comments asked for",
        themes=(("telecom_5g", 0.91),),
        last_seen=UNTIL - timedelta(days=7, hours=3),
        expected=Expected(step="proposed rule", due=date(2026, 4, 12), basis="as others went", is_overdue=True),
        is_known=True,
    )
    single = [
        an_entry(
            Filed(
                item=an_item(id=f"I-5{n}", source=source, lang=of, tier=Tier.PRESS, title=title, url=f"https://x.example/5{n}"),
                themes=((theme, 0.8),),
            ),
            id=f"E-single{n:04}",
        )
        for n, (source, of, theme, title) in enumerate(
            [
                ("wire", "en", "critical_minerals", "Gallium prices rise as traders wait for licences"),
                ("mofcom", "zh", "critical_minerals", "稀土企业一季度出口数据公布"),
                ("wire", "en", "telecom_5g", "Operators finish removing high-risk kit from core networks"),
            ]
        )
    ]
    days = [7, 3, 0, 0, 5, 6, 8, 2, 4, 0, 1, 9, 12, 6, 4, 3, 0, 0, 6, 8, 5, 7, 3, 1, 0, 4, 9, 14, 11, 5]
    moved_from = date(2026, 5, 8)
    dates = (
        a_dated(
            graphite_.items[0].item, change=DateChange.NEW, themes=("critical_minerals", "export_control"), event="E-graphite22"
        ),
        a_dated(
            chips.items[0].item,
            kind=DateKind.EFFECTIVE,
            date=date(2026, 5, 14),
            change=DateChange.MOVED,
            was=moved_from,
            uid="I-11-effective",
        ),
        a_dated(
            screening.items[0].item,
            kind=DateKind.HEARING,
            date=date(2026, 5, 12),
            change=DateChange.WITHDRAWN,
            was=date(2026, 5, 12),
            is_withdrawn=True,
            themes=("investment_screening",),
            uid="I-31-hearing",
        ),
    )
    return a_content(
        lang=lang,
        when="theme:export_control,critical_minerals,investment_screening,telecom_5g",
        wants=("、" if lang == "ja" else " or ").join(THEMES[lang].values()),
        dates=tuple(sorted(dates, key=lambda each: each.deadline.date.date)),
        changed=tuple(each.deadline for each in dates),
        new=(graphite_,),
        escalated=(chips,),
        moved=(screening,),
        quiet=(cables,),
        singles=tuple(single),
        left_out=7,
        days=tuple(
            ThemeDays(theme=theme, counts=tuple(max(0, each - 2 * n) for each in days[n:] + days[:n]))
            for n, theme in enumerate(THEMES["en"])
        ),
        notes=(
            "商务部 (mofcom): last read 2026-04-28 07:00Z: timeout",
            "slack:#econsec does not take messages since 2026-04-30T06:10:00Z: HTTP 503",
        ),
        read=11,
        stop="https://monitor.example.org/unsubscribe/abc",
    )
