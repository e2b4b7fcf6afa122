"""The daily mail: complete as text, inert as HTML, in the frame's language, and honest about what was not read."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import Any

import lxml.html
import pytest
from builders import a_deadline, a_standing, an_event, an_item
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.digest import Content, Digest, Entry, render
from monitor.events import Deadline, Event
from monitor.items import DateKind, Filed, Identifier, Item, Tier

UNTIL = datetime(2026, 4, 30, 23, 0, tzinfo=UTC)  # 1 May, 8 in the morning, in Tokyo
HOSTILE = [
    "<script>alert('x')</script>",
    "<img src=x onerror=alert(1)>",
    "\"><a href='javascript:alert(1)'>click</a>",
    "</title></style></p></td></table><h1>Fake</h1>",
    "{{ page.words }} {% for x in y %} {# note #} ${x} %s {0}",
    "&lt;b&gt; &amp; &#60;script&#62; <!-- comment",
    "'; drop table items; --",
    "輸出" * 4_000,
]


def graphite(**changes: Any) -> Event:
    base: dict[str, Any] = {
        "title": "Graphite",
        "step": "Rule",
        "first_seen": UNTIL,
        "last_seen": UNTIL,
        "themes": (("export_control", 0.934),),
    }
    return an_event(**base | changes)


def an_entry(*items: Item | Filed, **changes: Any) -> Entry:
    filed = tuple(each if isinstance(each, Filed) else Filed(item=each) for each in items or (an_item(),))
    return Entry(event=graphite(**changes), items=filed)


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


def rendered(**changes: Any) -> Digest:
    base: dict[str, Any] = {
        "name": "morning",
        "when": "",
        "lang": "en",
        "tz": "Asia/Tokyo",
        "since": UNTIL - timedelta(days=1),
        "until": UNTIL,
        "deadlines": (),
        "new": (),
        "moved": (),
        "left_out": 0,
        "notes": (),
        "sources": 12,
        "source_names": {"meti": "経済産業省", "mofcom": "商务部", "bis": "BIS"},
        "theme_names": {"export_control": "Export control", "critical_minerals": "Critical minerals"},
    }
    return render(Content(**base | changes))


def page(digest: Digest) -> lxml.html.HtmlElement:
    return lxml.html.document_fromstring(digest.html)


def words(digest: Digest) -> str:
    return " ".join(page(digest).text_content().split())


def test_the_text_part_says_everything_by_itself() -> None:
    """Dates, events with their sources, what was left out, what was not read, and why it came."""
    rule = an_item(id="I-1", title="黒鉛の輸出許可", summary="省令を改正する。", url="https://meti.example/1")
    report = an_item(id="I-2", title="石墨出口管制", source="mofcom", lang="zh", tier=Tier.PRESS, url="https://mofcom.example/2")
    entry = an_entry(
        report,
        rule,
        identifiers=(Identifier(type="rin", value="0694-AI94"),),
        dates=(a_standing(kind=DateKind.EFFECTIVE, date=date(2026, 7, 1)),),
    )
    digest = rendered(
        when="theme:export_control",
        deadlines=(closing(),),
        new=(entry,),
        left_out=4,
        notes=("BIS (bis): last read 2026-04-28 07:00Z: timeout",),
    )
    assert digest.subject == "[Monitor] 1 May: 1 new, 0 moved, 1 dates ahead (Export control)"
    assert digest.text.rstrip("\n") == (
        """Monitor digest · 2026-05-01 08:00 JST

Dates in the next 14 days
  2026-05-04 (in 3 days)  Comments close: 意見募集
      Export control · E-abcdefghij · https://meti.example/7

New events

* 黒鉛の輸出許可
  Export control 0.93 · final (Rule) · JP
  RIN 0694-AI94
  Effective 2026-07-01
  - [ja] 経済産業省 (official)
    省令を改正する。
    https://meti.example/1
  - [zh] 商务部 (press): 石墨出口管制
    https://mofcom.example/2
  monitor event E-abcdefghij

and 4 more: monitor search 'theme:export_control since:2026-04-29'

Coverage notes
  - BIS (bis): last read 2026-04-28 07:00Z: timeout

--
You get this because your address is in the digest morning of feeds.yaml. Filter: theme:export_control.
To change or stop it, answer this mail or edit feeds.yaml."""
    )


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"was": (date(2026, 4, 20),)}, "2026-05-04 (was 2026-04-20)"),
        ({"is_withdrawn": True}, "2026-05-04 withdrawn"),
    ],
    ids=["moved", "withdrawn"],
)
def test_a_date_that_changed_says_so_in_both_parts(changes: dict[str, Any], expected: str) -> None:
    """Among the dates ahead and beside its event, as text and as HTML."""
    dates = (a_standing(date=date(2026, 5, 4), **changes),)
    digest = rendered(deadlines=(closing(**changes),), new=(an_entry(dates=dates),))
    assert f"  {expected} (in 3 days)  Comments close: 意見募集" in digest.text
    assert f"  Comments close {expected}\n" in digest.text
    assert words(digest).count(expected) == 2


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_text_is_only_ever_read(text: str) -> None:
    """Wherever a source or an operator may put words, they appear as words and make no element."""
    item = an_item(title=text, summary=text[:200])
    harmless = an_item(title="x", summary="x")

    def with_text(text: str, item: Item) -> Digest:
        return rendered(
            name=text,
            when=text,
            new=(an_entry(item, step=text, identifiers=(Identifier(type="docket", value=text),)),),
            moved=(an_entry(Filed(item=item), Filed(item=item, copy_of="I-9"), themes=((text, 0.5),)),),
            deadlines=(closing(title=text, themes=(text,)),),
            notes=(text,),
            left_out=1,
            source_names={"meti": text},
        )

    digest, plain = with_text(text, item), with_text("x", harmless)
    assert [each.tag for each in page(digest).iter()] == [each.tag for each in page(plain).iter()]
    assert [sorted(each.attrib) for each in page(digest).iter()] == [sorted(each.attrib) for each in page(plain).iter()]
    assert text in [each.text_content() for each in page(digest).iter("a")]
    assert text in digest.text


@pytest.mark.parametrize(
    "url", ['https://x.example/?a="><script>alert(1)</script>', "https://x.example/' onclick='x()", "x&amp;y=1"]
)
def test_an_address_cannot_leave_its_attribute(url: str) -> None:
    """Quotes and brackets in an address stay part of the address."""
    digest = rendered(new=(an_entry(an_item(url=url)),), deadlines=(closing(url=url),))
    assert [(each.get("href"), sorted(each.attrib)) for each in page(digest).iter("a")] == [
        (url, ["href", "rel", "style"]),
        (url, ["href", "rel", "style"]),
    ]


@given(st.text(st.characters(exclude_categories=("Cc", "Cs"), exclude_characters="\ufffe\uffff"), min_size=1, max_size=80))
@settings(deadline=None)
def test_any_title_is_read_back_from_the_html_as_it_was(title: str) -> None:
    """Nothing is lost, doubled or interpreted on the way."""
    assert page(rendered(new=(an_entry(an_item(title=title)),))).xpath("//p/a")[0].text_content() == title


def test_the_html_fetches_nothing_and_runs_nothing() -> None:
    """No script, form, image, frame, remote style or event handler, in either language."""
    for lang in ("en", "ja"):
        digest = rendered(lang=lang, new=(an_entry(),), moved=(an_entry(),), deadlines=(closing(),), notes=("BIS: timeout",))
        tags = {each.tag for each in page(digest).iter()}
        assert tags.isdisjoint({"script", "img", "iframe", "link", "form", "object", "embed", "svg", "base", "input"})
        assert re.search(r"url\(|@import|\bsrc=|\bon\w+=|http-equiv", digest.html) is None


def test_a_long_summary_is_cut() -> None:
    """A mail is skimmed: 240 characters an item, with a mark."""
    digest = rendered(new=(an_entry(an_item(summary="黒鉛 " * 2_000)),))
    line = next(line for line in digest.text.splitlines() if line.startswith("    黒鉛"))
    assert (len(line.strip()) <= 240, line.endswith("…"), line.strip() in words(digest)) == (True, True, True)


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_an_event_leads_with_the_readers_language_then_the_nearest_source(lang: str) -> None:
    """The first line is in the frame's language if there is one, the most official before the rest."""
    items = [
        an_item(id="I-1", lang="ja", tier=Tier.PRESS, title="新聞の記事"),
        an_item(id="I-2", lang="en", tier=Tier.PRESS, title="Paper"),
        an_item(id="I-3", lang="ja", tier=Tier.OFFICIAL, title="告示"),
        an_item(id="I-4", lang="en", tier=Tier.OFFICIAL, title="Rule"),
    ]
    expected = {"en": ["Rule", "Paper", "告示", "新聞の記事"], "ja": ["告示", "新聞の記事", "Rule", "Paper"]}
    digest = rendered(lang=lang, new=(an_entry(*items),))
    assert [each.text_content() for each in page(digest).iter("a")] == expected[lang]
    assert f"* {expected[lang][0]}\n" in digest.text


def test_each_text_carries_its_own_language() -> None:
    """A mail program picks the right glyphs for Chinese inside a Japanese frame."""
    digest = rendered(lang="ja", new=(an_entry(an_item(lang="zh", title="镓", summary="公告")),))
    assert page(digest).get("lang") == "ja"
    assert [(each.get("lang"), each.text_content()) for each in page(digest).xpath("//p[@lang]")] == [
        ("zh", "镓"),
        ("zh", "公告"),
    ]


def test_a_copy_is_named_and_not_repeated() -> None:
    """Of two items that say the same the reader gets one, and who else had it."""
    copy = Filed(item=an_item(id="I-2", source="bis", title="Same words"), copy_of="I-1")
    digest = rendered(new=(an_entry(an_item(id="I-1", title="Words"), copy),))
    assert "also BIS" in digest.text
    assert "Same words" not in digest.text + digest.html


def test_an_event_of_copies_alone_still_gets_a_line() -> None:
    """If every new item repeats an older one, the first stands for all."""
    copies = [
        Filed(item=an_item(id=f"I-{n}", source=source, title=source), copy_of="I-0") for n, source in [(1, "bis"), (2, "mofcom")]
    ]
    digest = rendered(moved=(an_entry(*copies),))
    assert [each.text_content() for each in page(digest).iter("a")] == ["bis"]
    assert "also 商务部" in digest.text


@pytest.mark.parametrize(
    ("lang", "subject", "left"),
    [
        ("en", "[Monitor] 1 May: 1 new, 1 moved, 2 dates ahead (Export control)", ["(today)", "(in 3 days)"]),
        ("ja", "[Monitor] 5月1日: 新規1件・進展1件・期日2件 (Export control)", ["(本日)", "(あと3日)"]),
    ],
)
def test_the_frame_speaks_the_readers_language_and_counts_in_his_zone(lang: str, subject: str, left: list[str]) -> None:
    """The day of the mail and the days left are those of the reader's clock; 30 April in UTC is 1 May in Tokyo."""
    ahead = tuple(closing(kind=DateKind.HEARING, date=date(2026, 5, day)) for day in (1, 4))
    digest = rendered(lang=lang, new=(an_entry(),), moved=(an_entry(),), deadlines=ahead)
    assert digest.subject == subject
    assert re.findall(r"\([^()]*(?:days|today|日)\)", digest.text) == left
    assert page(digest).get("lang") == lang


@pytest.mark.parametrize(("lang", "claim"), [("en", "All 12 sources were read"), ("ja", "12件の情報源はすべて確認済み")])
def test_an_empty_digest_says_that_silence_is_real(lang: str, claim: str) -> None:
    """Nothing new is told as such in both parts; a digest with news makes no such claim."""
    digest = rendered(lang=lang)
    assert (claim in digest.text, claim in words(digest)) == (True, True)
    assert claim not in rendered(lang=lang, new=(an_entry(),)).text


@pytest.mark.parametrize(("lang", "claim"), [("en", "All 12 sources were read"), ("ja", "すべて確認済み")])
def test_an_empty_digest_does_not_claim_to_have_read_what_failed(lang: str, claim: str) -> None:
    """Where a source could not be read, silence is not called silence."""
    digest = rendered(lang=lang, notes=("BIS (bis): never read: timeout",))
    assert (claim in digest.text, claim in words(digest)) == (False, False)
    assert "never read: timeout" in digest.text
