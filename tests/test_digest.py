"""The daily mail: complete as text, inert as HTML, in the frame's language, and honest about what was not read."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import lxml.html
import pytest
from builders import a_standing, an_item
from digest_content import UNTIL, a_content, a_dated, a_rich_content, an_entry, closing
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.changes import DateChange
from monitor.digest import Digest, render, standalone
from monitor.digest_content import MAX_EVENTS, MAX_SINGLES, ThemeDays
from monitor.digest_words import in_words, stage_name
from monitor.items import DateKind, Filed, Identifier, Item, Stage, Standpoint, Tier
from monitor.normalise import clean
from monitor.query import parse
from monitor.stage import Expected

HOSTILE = [
    "<script>alert('x')</script>",
    "<img src=x onerror=alert(1)>",
    "\"><a href='javascript:alert(1)'>click</a>",
    "</title></style></p></td></table><h1>Fake</h1>",
    "{{ page.words }} {% for x in y %} {# note #} ${x} %s {0}",
    "&lt;b&gt; &amp; &#60;script&#62; <!-- comment",
    "'; drop table items; --",
    "Subject: x\r\nBcc: evil@x.example\r\n\r\n<b>body</b>",
    "=?utf-8?q?=0D=0ABcc:_evil=40x.example?=",
    "\u202egnp.exe\u2066 nul \x00 bell \x07",
    "輸出" * 4_000,
]


def rendered(**changes: Any) -> Digest:
    return render(a_content(**changes))


def page(digest: Digest) -> lxml.html.HtmlElement:
    return lxml.html.document_fromstring(digest.html)


def words(digest: Digest) -> str:
    return " ".join(page(digest).text_content().split())


def links(digest: Digest) -> list[str]:
    return [each.text_content() for each in page(digest).iter("a")]


def test_the_text_part_says_everything_by_itself() -> None:
    """Dates, events with their sources, what was left out, what was not read, and why it came."""
    rule = an_item(id="I-1", title="黒鉛の輸出許可", summary="省令を改正する。", url="https://meti.example/1")
    report = an_item(id="I-2", title="石墨出口管制", source="mofcom", lang="zh", tier=Tier.PRESS, url="https://mofcom.example/2")
    entry = an_entry(
        report,
        rule,
        identifiers=(Identifier(type="rin", value="0694-AI94"),),
        dates=(a_standing(kind=DateKind.EFFECTIVE, date=date(2026, 7, 1)),),
        sources=2,
    )
    digest = rendered(
        when="theme:export_control",
        wants="Export control",
        dates=(a_dated(change=DateChange.NEW),),
        changed=(closing(),),
        new=(entry,),
        left_out=4,
        days=(ThemeDays(theme="export_control", counts=(0, 3, 2)),),
        notes=("BIS (bis): last read 2026-04-28 07:00Z: timeout",),
        read=11,
        stop="https://monitor.example.org/unsubscribe/abc",
    )
    assert digest.subject == "[Monitor] 1 May: 1 new event, 1 deadline this week (export control)"
    assert digest.text.rstrip("\n") == (
        """Monitor digest morning · 2026-05-01 08:00 JST
What changed since 2026-04-30 08:00 JST
1 date ahead · 1 new event

Dates in the next 14 days
  2026-05-04 (in 3 days)  Comments close: 意見募集 [new]
      経済産業省 · Export control · E-abcdefghij · https://meti.example/7
  Attached for your calendar: 1 new, moved or withdrawn.

New events

* 黒鉛の輸出許可
  final (Rule) · JP · 2 sources
  Export control 0.93
  RIN 0694-AI94
  Effective 2026-07-01
  - [ja] 経済産業省 (official)
    省令を改正する。
    https://meti.example/1
  - [zh] 商务部 (press): 石墨出口管制
    https://mofcom.example/2
  monitor event E-abcdefghij

and 4 more: monitor search 'theme:export_control since:2026-04-29'

Your themes, items a day in the last 3 days
  Export control: 5 in all, 2 today

Coverage notes
  12 sources watched, 11 read as planned; 312 items came in. Last reading 2026-05-01 07:58 JST.
  - BIS (bis): last read 2026-04-28 07:00Z: timeout

--
You get this because your address is in the digest morning of feeds.yaml. It tells of: Export control.
To change it, edit feeds.yaml or answer this mail.
Stop this digest (one click, no login): https://monitor.example.org/unsubscribe/abc"""
    )


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_the_parts_come_in_the_order_in_which_they_matter(lang: str) -> None:
    """Dates, new, escalated, moved, quiet, single items, the chart, coverage, why: in both parts the same."""
    content = a_rich_content(lang)
    digest = render(content)
    headings = [each.text_content() for each in page(digest).iter("h2")]
    places = [digest.text.index(f"\n{heading}\n") for heading in headings]
    assert (len(headings), places) == (8, sorted(places))
    for each in (*content.new, *content.escalated, *content.moved, *content.quiet, *content.singles):
        assert digest.text.count(f"monitor event {each.event.id}") == (each not in content.singles)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"change": DateChange.NEW}, "new"),
        ({"change": DateChange.MOVED, "was": date(2026, 4, 20)}, "moved from Mon 20 Apr"),
        ({"change": DateChange.WITHDRAWN, "was": date(2026, 5, 4), "is_withdrawn": True}, "withdrawn"),
        ({"change": DateChange.RESTORED, "was": date(2026, 5, 4)}, "stands again"),
    ],
)
def test_a_date_that_changed_since_the_last_digest_is_marked(changes: dict[str, Any], said: str) -> None:
    """In both parts, beside what it is the date of."""
    of_date = {name: changes.pop(name) for name in ("is_withdrawn",) if name in changes}
    digest = rendered(dates=(a_dated(**changes, **of_date),))
    assert f"  2026-05-04 (in 3 days)  Comments close: 意見募集 [{said}]" in digest.text
    assert f"Comments close {said} 意見募集" in words(digest)


def test_a_date_that_moved_earlier_says_only_where_it_was() -> None:
    """What was told yesterday is no news, and still worth knowing."""
    moved = a_dated(of_date_was=(date(2026, 4, 20),))
    digest = rendered(dates=(moved,), new=(an_entry(dates=(a_standing(was=(date(2026, 4, 20),)),)),))
    assert "Comments close: 意見募集 (was Mon 20 Apr)" in digest.text
    assert "Comments close was Mon 20 Apr 意見募集" in words(digest)
    assert "Comments close 2026-06-30 (was 2026-04-20)" in digest.text
    assert "Comments close Tue 30 Jun, was Mon 20 Apr" in words(digest)


def test_an_event_that_went_further_says_from_where_to_where() -> None:
    """The stage before and now, and the sources before and now."""
    was = Standpoint(stage=Stage.PROPOSED, step="NPRM", sources=4)
    digest = rendered(escalated=(an_entry(was=was, is_known=True, sources=6, step="final rule"),))
    assert "  proposed (NPRM) → final (final rule) · JP · 4 → 6 sources" in digest.text
    assert "proposed (NPRM) → final (final rule)" in words(digest)


def test_an_event_that_is_new_to_the_reader_alone_says_since_when_it_goes() -> None:
    """What others were told before is not sold as new."""
    entry = an_entry(was=Standpoint(stage=Stage.FINAL, sources=1), first_seen=UNTIL - timedelta(days=40))
    assert "under way since 22 Mar" in rendered(new=(entry,)).text


@pytest.mark.parametrize(
    ("due", "is_overdue", "expected"),
    [
        (date(2026, 4, 12), True, "Expected next: final rule, overdue since 12 Apr"),
        (date(2026, 6, 12), False, "Expected next: final rule by 12 Jun"),
        (None, False, "Expected next: final rule"),
    ],
)
def test_an_event_gone_quiet_says_what_should_come_next(due: date | None, is_overdue: bool, expected: str) -> None:
    """With its day, or since when it is overdue."""
    step = Expected(step="final rule", due=due, basis="as others", is_overdue=is_overdue)
    digest = rendered(quiet=(an_entry(expected=step, last_seen=UNTIL - timedelta(days=7), is_known=True),))
    assert f"  Last item 24 Apr. {expected}\n" in digest.text
    assert expected in words(digest)


def test_single_items_stand_under_their_themes() -> None:
    """A theme is named once, with its items below."""
    entries = [
        an_entry(
            Filed(item=an_item(id=f"I-{n}", title=f"Title {n}", source="wire", lang="en"), themes=((theme, 0.9),)), id=f"E-{n}"
        )
        for n, theme in enumerate(["critical_minerals", "export_control", "critical_minerals"])
    ]
    digest = rendered(singles=tuple(entries))
    assert re.findall(r"^(?:Critical minerals|Export control)$|Title \d", digest.text, re.M) == [
        "Critical minerals",
        "Title 0",
        "Title 2",
        "Export control",
        "Title 1",
    ]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_text_is_only_ever_read(text: str) -> None:
    """Wherever a source or an operator may put words, they appear as words and make no element, address or line."""
    item = an_item(title=text, summary=text[:200])
    harmless = an_item(title="x", summary="x")

    def with_text(text: str, item: Item) -> Digest:
        return rendered(
            name=text,
            when=text,
            wants=text,
            new=(an_entry(item, step=text, identifiers=(Identifier(type="docket", value=text),)),),
            moved=(an_entry(Filed(item=item), Filed(item=item, copy_of="I-9"), themes=((text, 0.5),)),),
            singles=(an_entry(Filed(item=item, themes=((text, 0.5),))),),
            dates=(a_dated(item, themes=(text,)),),
            days=(ThemeDays(theme=text, counts=(1, 2)),),
            notes=(text,),
            left_out=1,
            source_names={"meti": text},
        )

    digest, plain = with_text(text, item), with_text("x", harmless)
    assert [each.tag for each in page(digest).iter()] == [each.tag for each in page(plain).iter()]
    assert [sorted(each.attrib) for each in page(digest).iter()] == [sorted(each.attrib) for each in page(plain).iter()]
    assert clean(text) in links(digest)
    assert clean(text) in digest.text
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]", digest.subject)


@pytest.mark.parametrize(
    "url",
    ['https://x.example/?a="><script>alert(1)</script>', "https://x.example/' onclick='x()", "https://x.example/?x&amp;y=1"],
)
def test_an_address_cannot_leave_its_attribute(url: str) -> None:
    """Quotes and brackets in an address stay part of the address."""
    digest = rendered(new=(an_entry(an_item(url=url)),), dates=(a_dated(an_item(url=url)),))
    assert [(each.get("href"), sorted(each.attrib)) for each in page(digest).iter("a")] == [
        (url, ["href", "rel", "style"]),
        (url, ["href", "rel", "style"]),
    ]


@pytest.mark.parametrize("url", ["javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", None])
def test_what_is_no_web_address_is_no_link(url: str | None) -> None:
    """However it came into the archive."""
    digest = rendered(new=(an_entry(an_item(url=url)),), singles=(an_entry(an_item(url=url)),))
    assert links(digest) == []


@given(st.text(st.characters(exclude_categories=("Cc", "Cs"), exclude_characters="\ufffe\uffff"), min_size=1, max_size=80))
@settings(deadline=None)
def test_any_title_is_read_back_from_the_html_as_it_was(title: str) -> None:
    """Nothing is lost, doubled or interpreted on the way; what could do harm on a screen is gone."""
    assert page(rendered(new=(an_entry(an_item(title=title)),))).xpath("//p/a")[0].text_content() == clean(title)


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_the_html_fetches_nothing_and_runs_nothing(lang: str) -> None:
    """No script, form, frame, remote style or event handler; pictures only from the mail itself."""
    digest = render(a_rich_content(lang))
    tags = {each.tag for each in page(digest).iter()}
    assert tags.isdisjoint({"script", "iframe", "link", "form", "object", "embed", "svg", "base", "input"})
    assert re.search(r"url\(|@import|\bon\w+=|http-equiv", digest.html) is None
    pictures = [each.get("src") for each in page(digest).iter("img")]
    assert pictures == [f"cid:{each.cid}" for each in digest.files if each.cid]
    assert len(pictures) == 4


def test_as_a_file_the_html_shows_its_pictures_by_itself() -> None:
    """Every picture is within the page, and nothing else differs."""
    digest = render(a_rich_content())
    html = standalone(digest)
    sources = [each.get("src") for each in lxml.html.document_fromstring(html).iter("img")]
    assert all(each.startswith("data:image/png;base64,") for each in sources)
    assert re.sub(r'src="[^"]*"', "", html) == re.sub(r'src="[^"]*"', "", digest.html)


def test_a_picture_says_its_figures_in_words() -> None:
    """For those who do not see it, or whose program does not show it."""
    digest = rendered(new=(an_entry(),), days=(ThemeDays(theme="export_control", counts=(0, 9, 2)),))
    [picture] = page(digest).iter("img")
    assert picture.get("alt") == "Export control: 11 items in 3 days, at most 9 a day, 2 today"


def test_the_calendar_goes_only_with_dates_that_changed() -> None:
    """As a published file with the date's own id; without a change there is none."""
    assert [each.name for each in rendered(dates=(a_dated(),)).files] == []
    [file] = rendered(changed=(closing(uid="I-1-x", was=(date(2026, 4, 20),)),)).files
    text = file.content.decode()
    assert (file.name, file.media_type) == ("deadlines.ics", "text/calendar")
    assert all(
        line in text for line in ("METHOD:PUBLISH", "UID:I-1-x@econsec-monitor", "SEQUENCE:2", "DTSTART;VALUE=DATE:20260504")
    )


def test_dates_that_found_no_room_are_counted() -> None:
    """With the command that lists them all."""
    digest = rendered(dates=(a_dated(),), dates_left_out=3)
    expected = "and 3 more: monitor deadlines --within 14d"
    assert (expected in digest.text, expected in words(digest)) == (True, True)


def test_a_full_digest_stays_whole_where_programs_cut() -> None:
    """The most that a mail holds is under 102 kB of HTML."""
    lines = tuple(an_item(id=f"I-{n}", title="Export controls on graphite " * 5, summary="Word " * 100) for n in range(9))
    events = tuple(an_entry(*lines, id=f"E-{n:010}", sources=9) for n in range(MAX_EVENTS))
    singles = tuple(an_entry(lines[0], id=f"E-s{n:09}") for n in range(MAX_SINGLES))
    digest = rendered(new=events, singles=singles, dates=tuple(a_dated() for _ in range(20)))
    assert len(digest.html.encode()) < 102_000


def test_a_long_summary_is_cut() -> None:
    """A mail is skimmed: 240 characters an item, with a mark."""
    digest = rendered(new=(an_entry(an_item(summary="黒鉛 " * 2_000)),))
    line = next(line for line in digest.text.splitlines() if line.startswith("    黒鉛"))
    assert (len(line.strip()) <= 240, line.endswith("…"), line.strip() in words(digest)) == (True, True, True)


def test_an_event_shows_its_first_items_and_counts_the_rest() -> None:
    """Four lines an event."""
    entry = an_entry(*(an_item(id=f"I-{n}", title=f"Title {n}") for n in range(7)))
    digest = rendered(moved=(entry,))
    assert (len(links(digest)), "and 3 more of this event" in digest.text) == (4, True)


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
    assert links(digest) == expected[lang]
    assert f"* {expected[lang][0]}\n" in digest.text


def test_a_title_known_before_leads_what_is_new() -> None:
    """Once, with the new items below it."""
    known = an_item(id="I-9", lang="en", title="Rule", source="bis")
    digest = rendered(moved=(replace(an_entry(an_item(id="I-1", title="続報")), lead=known),))
    assert links(digest) == ["Rule", "続報"]
    assert "* Rule\n" in digest.text
    itself = replace(an_entry(Filed(item=known, copy_of="I-0")), lead=known)
    assert links(rendered(moved=(itself,))) == ["Rule"]


def test_a_date_that_is_over_is_not_told_with_its_event() -> None:
    """What is ahead is."""
    dates = tuple(a_standing(date=date(2026, month, 1), kind=DateKind.EFFECTIVE) for month in (4, 5, 6))
    digest = rendered(new=(an_entry(dates=dates),))
    assert "  Effective 2026-05-01 · Effective 2026-06-01\n" in digest.text
    assert "Effective Fri 1 May · Effective Mon 1 Jun" in words(digest)


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
    copy = Filed(item=an_item(id="I-2", source="wire", title="Same words"), copy_of="I-1")
    digest = rendered(new=(an_entry(an_item(id="I-1", title="Words"), copy),))
    assert "also Pacific Wire" in digest.text
    assert "Same words" not in digest.text + digest.html


def test_an_event_of_copies_alone_still_gets_a_line() -> None:
    """If every new item repeats an older one, the first stands for all."""
    copies = [
        Filed(item=an_item(id=f"I-{n}", source=source, title=source), copy_of="I-0") for n, source in [(1, "wire"), (2, "mofcom")]
    ]
    digest = rendered(moved=(an_entry(*copies),))
    assert links(digest) == ["wire"]
    assert "also 商务部" in digest.text


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "nothing new"),
        ({"new": 3, "dates": 2, "moved": 4}, "3 new events, 2 deadlines this week (export control)"),
        ({"escalated": 1}, "1 escalated (export control)"),
        ({"moved": 1, "singles": 2}, "1 moved, 2 single items (export control)"),
        ({"quiet": 2}, "2 gone quiet"),
        ({"new": 1, "lang": "ja", "dates": 1}, "新規イベント1件・今週の期日1件(輸出管理)"),
        ({"lang": "ja"}, "新着なし"),
    ],
)
def test_the_subject_says_what_matters_and_of_which_themes(changes: dict[str, Any], expected: str) -> None:
    """The rest only if nothing matters more."""
    made = {name: tuple(an_entry(id=f"E-{name}{n}") for n in range(count)) for name, count in changes.items() if name != "lang"}
    dates = tuple(a_dated(date=date(2026, 5, 4 + n)) for n in range(changes.get("dates", 0)))
    digest = rendered(**{**made, "dates": dates, "lang": changes.get("lang", "en")})
    day = "5月1日" if changes.get("lang") == "ja" else "1 May"
    assert digest.subject == f"[Monitor] {day}: {expected}"


@pytest.mark.parametrize(("lang", "left"), [("en", ["(today)", "(in 3 days)"]), ("ja", ["(本日)", "(あと3日)"])])
def test_the_frame_speaks_the_readers_language_and_counts_in_his_zone(lang: str, left: list[str]) -> None:
    """The day of the mail and the days left are those of the reader's clock; 30 April in UTC is 1 May in Tokyo."""
    ahead = tuple(a_dated(kind=DateKind.HEARING, date=date(2026, 5, day)) for day in (1, 4))
    digest = rendered(lang=lang, new=(an_entry(),), dates=ahead)
    assert re.findall(r"\([^()]*(?:days|today|日)\)", digest.text.split("\n\n")[1]) == left
    assert page(digest).get("lang") == lang


@pytest.mark.parametrize(("lang", "claim"), [("en", "All 12 sources were read"), ("ja", "12件の情報源はすべて確認済み")])
def test_an_empty_digest_says_that_silence_is_real(lang: str, claim: str) -> None:
    """Nothing new is told as such in both parts; a digest with news makes no such claim."""
    digest = rendered(lang=lang)
    assert (claim in digest.text, claim in words(digest)) == (True, True)
    assert claim not in rendered(lang=lang, new=(an_entry(),)).text


@pytest.mark.parametrize(("lang", "claim"), [("en", "All 12 sources were read"), ("ja", "すべて確認済み")])
@pytest.mark.parametrize("changes", [{"notes": ("BIS (bis): never read: timeout",)}, {"read": 11}], ids=["failed", "never tried"])
def test_an_empty_digest_does_not_claim_to_have_read_what_failed(lang: str, claim: str, changes: dict[str, Any]) -> None:
    """Where a source could not be read, or was not yet, silence is not called silence."""
    digest = rendered(lang=lang, **changes)
    assert (claim in digest.text, claim in words(digest)) == (False, False)
    assert all(note in digest.text for note in changes.get("notes", ()))


@pytest.mark.parametrize("content", [{}, {"notes": ("x",)}, {"new": "some"}])
def test_every_digest_says_what_was_watched(content: dict[str, Any]) -> None:
    """How many sources, how many as planned, when the last: a heartbeat."""
    digest = rendered(**{name: (an_entry(),) if value == "some" else value for name, value in content.items()})
    expected = "12 sources watched, 12 read as planned; 312 items came in. Last reading 2026-05-01 07:58 JST."
    assert (expected in digest.text, expected in words(digest)) == (True, True)
    assert "Last reading" not in rendered(last_reading=None).text


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ("", "monitor events --since 2026-04-29"),
        ("theme:export_control", "monitor search 'theme:export_control since:2026-04-29'"),
        ("graphite OR 黒鉛", "monitor search '(graphite OR 黒鉛) since:2026-04-29'"),
        ("o'neill", "monitor search 'o'\"'\"'neill since:2026-04-29'"),
    ],
)
def test_what_was_left_out_is_found_by_a_command_that_a_shell_takes(when: str, expected: str) -> None:
    """Quoted, and the day bound to all of the filter."""
    assert f"and 3 more: {expected}\n" in rendered(when=when, left_out=3).text


@pytest.mark.parametrize(
    ("when", "lang", "expected"),
    [
        ("theme:a,b", "en", "Alpha or b"),
        ("theme:a tier:official,wire", "en", "Alpha and tier official or wire"),
        ("theme:a,b -lang:zh", "en", "(Alpha or b) and not lang zh"),
        ('graphite OR "rare earth" OR 輸出*', "en", "“graphite” or “rare earth” or “輸出…”"),
        ("score:>=0.7 source:meti", "en", "score >= 0.7 and 経済産業省"),
        ("theme:a -黒鉛", "ja", "Alpha かつ 「黒鉛」を除く"),
        ("theme:a,b", "ja", "Alpha または b"),
        ("輸出*", "ja", "「輸出…」"),
    ],
)
def test_a_filter_is_told_in_words(when: str, lang: str, expected: str) -> None:
    """For a reader who does not know the query language."""
    assert in_words(parse(when), lang, {"a": "Alpha"}, {"meti": "経済産業省"}) == expected


@pytest.mark.parametrize(
    ("step", "expected"),
    [("interim final rule", "確定 (暫定最終規則)"), ("審議会", "検討・意見募集 (審議会)"), (None, "確定")],
)
def test_a_step_has_its_japanese_name(step: str | None, expected: str) -> None:
    """Who reads Japanese has not asked for the American word."""
    stage = Stage.CONSULTATION if step == "審議会" else Stage.FINAL
    assert stage_name("ja", stage, step) == expected
