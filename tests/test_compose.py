"""What an alert says: the facts of an event in a fixed order, bounded, and free of any channel's markup."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from builders import a_standing, an_event, an_item
from hypothesis import given
from hypothesis import strategies as st

from monitor.compose import (
    EXTRACT,
    Telling,
    alert_message,
    date_name,
    date_text,
    fields,
    identifier_text,
    moment_text,
    shortened,
    stage_text,
)
from monitor.events import Event
from monitor.items import DateKind, Filed, Identifier, Stage, Tier
from monitor.messages import Message
from monitor.standing import Standing

TODAY = date(2026, 5, 1)
THEMES = {"export_control": "Export control", "critical_minerals": "Critical minerals"}
HOSTILE = "<script>alert('x')</script> & <!channel> *bold* \"quoted\" `code` <https://evil.example|click>"


def dated(kind: DateKind, day: date, **changes: Any) -> Standing:
    return a_standing(kind=kind, date=day, sentence="…", **changes)


def message(event: Event | None = None, filed: Filed | None = None, **changes: Any) -> Message:
    base: dict[str, Any] = {
        "key": "alert:now:E-abcdefghij:slack:#econsec",
        "address": "#econsec",
        "event": event or an_event(),
        "filed": filed or Filed(item=an_item(id="I-1"), themes=(("export_control", 0.9),)),
        "source_name": "経済産業省",
        "why": "rule now · export_control 0.90",
        "theme_names": THEMES,
        "thread": None,
        "today": TODAY,
    }
    return alert_message(Telling(**base | changes))


def test_the_first_message_of_an_event_tells_everything() -> None:
    """Theme and title lead, the facts follow, the hint says how to read on."""
    filed = Filed(item=an_item(id="I-1", summary="黒鉛を許可制にする。"), themes=(("export_control", 0.9),))
    found = message(filed=filed)
    assert found == Message(
        key="alert:now:E-abcdefghij:slack:#econsec",
        address="#econsec",
        headline="Export control · 輸出貿易管理令の一部を改正する政令",
        title="輸出貿易管理令の一部を改正する政令",
        url="http://meti.example/1",
        extract="黒鉛を許可制にする。",
        fields=(("Stage", "final (公布)"), ("Sources", "経済産業省 (official)")),
        why="rule now · export_control 0.90",
        hint="monitor show I-1 · monitor event E-abcdefghij",
        text="Export control: 輸出貿易管理令の一部を改正する政令 (経済産業省)",
        event="E-abcdefghij",
        byline="🇯🇵 経済産業省 (official) · 日本語",
        item="I-1",
        lang="ja",
        record=found.record,
    )


def test_an_answer_in_a_thread_says_who_reports_and_repeats_no_facts() -> None:
    """A further item of a known event is short: language, source, tier."""
    filed = Filed(item=an_item(lang="ko", tier=Tier.PRESS, title="흑연 수출 허가제"))
    found = message(filed=filed, thread="171.42", source_name="무역일보")
    assert (found.headline, found.fields, found.thread) == ("🇯🇵 무역일보 (press) · 한국어", (), "171.42")
    assert found.title == "흑연 수출 허가제"


@pytest.mark.parametrize(("lang", "name"), [("en", "English"), ("ja", "日本語"), ("zh", "中文"), ("ko", "한국어"), ("nl", "nl")])
def test_a_language_is_named_in_itself_and_by_its_code_if_we_have_no_name(lang: str, name: str) -> None:
    """The reader sees at a glance what he can read."""
    assert message(filed=Filed(item=an_item(lang=lang)), thread="1").headline.endswith(f" · {name}")


@pytest.mark.parametrize(
    ("of_item", "of_event", "name"),
    [
        ((("critical_minerals", 0.8),), (("export_control", 0.9),), "Critical minerals"),
        ((), (("export_control", 0.9),), "Export control"),
        ((), (), "Unclassified"),
        ((("new_theme", 0.7),), (), "new_theme"),
    ],
)
def test_the_headline_names_the_theme_of_the_item_before_that_of_the_event(
    of_item: tuple[tuple[str, float], ...], of_event: tuple[tuple[str, float], ...], name: str
) -> None:
    """There is always a theme, if only by its id or its absence."""
    found = message(an_event(themes=of_event), Filed(item=an_item(title="Notice"), themes=of_item))
    assert (found.headline, found.text) == (f"{name} · Notice", f"{name}: Notice (経済産業省)")


@pytest.mark.parametrize("thread", [None, "171.42"])
def test_a_text_of_a_source_goes_on_as_it_is(thread: str | None) -> None:
    """Escaping is the channel's work: nothing is interpreted, doubled or dropped before it."""
    found = message(filed=Filed(item=an_item(title=HOSTILE, summary=HOSTILE)), thread=thread)
    assert (found.title, found.extract) == (HOSTILE, HOSTILE)
    assert HOSTILE in found.text


@given(st.text(min_size=1, max_size=9_000), st.text(max_size=9_000))
def test_an_alert_is_bounded_however_long_its_item_is(title: str, summary: str) -> None:
    """Extract and notification line keep their limits and are the beginning of what the source says."""
    found = message(filed=Filed(item=an_item(title=title, summary=summary)))
    assert len(found.extract) <= EXTRACT
    assert len(found.text) <= 300
    assert summary.startswith(found.extract.removesuffix("…"))


def test_facts_come_in_a_fixed_order_the_most_useful_first() -> None:
    """Stage, place, dates ahead, identifiers, sources, further themes."""
    event = an_event(
        stage=Stage.ON_FILE,
        step="Rule on public inspection",
        sources=("bis", "meti", "yonhap"),
        langs=("en", "ja", "ko"),
        countries=("US", "JP", "KR"),
        identifiers=(Identifier(type="rin", value="0694-AI94"),),
        dates=(dated(DateKind.COMMENTS_CLOSE, date(2026, 6, 1)), dated(DateKind.EFFECTIVE, date(2026, 7, 1))),
    )
    assert fields(event, "BIS", Tier.OFFICIAL, ["Export control", "Critical minerals"], TODAY) == [
        ("Stage", "on file (Rule on public inspection)"),
        ("Comments close", "2026-06-01"),
        ("Effective", "2026-07-01"),
        ("IDs", "RIN 0694-AI94"),
        ("Sources", "3 (US, JP, KR)"),
        ("Themes", "Export control, Critical minerals"),
    ]


def test_only_dates_that_are_still_ahead_are_told_the_next_three() -> None:
    """Today counts as ahead, yesterday does not."""
    days = [date(2026, 4, 30), TODAY, date(2026, 5, 2), date(2026, 6, 1), date(2027, 1, 1)]
    event = an_event(dates=tuple(dated(DateKind.HEARING, day) for day in days))
    told = [value for name, value in fields(event, "METI", Tier.OFFICIAL, ["Export control"], TODAY) if name == "Hearing"]
    assert told == ["2026-05-01", "2026-05-02", "2026-06-01"]


def test_a_date_that_moved_says_from_where_and_one_that_was_withdrawn_is_not_told() -> None:
    """The reader of an alert sees the change beside the day, and no day that no longer stands."""
    event = an_event(
        dates=(
            dated(DateKind.COMMENTS_CLOSE, date(2026, 7, 30), was=(date(2026, 6, 1), date(2026, 6, 30))),
            dated(DateKind.EFFECTIVE, date(2026, 9, 1), is_withdrawn=True),
        )
    )
    told = fields(event, "METI", Tier.OFFICIAL, ["Export control"], TODAY)
    assert [pair for pair in told if pair[0] in ("Comments close", "Effective")] == [
        ("Comments close", "2026-07-30 (was 2026-06-30)")
    ]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "2026-07-30"),
        ({"was": (date(2026, 6, 30),)}, "2026-07-30 (was 2026-06-30)"),
        ({"is_withdrawn": True}, "2026-07-30 withdrawn"),
        ({"was": (date(2026, 6, 30),), "is_withdrawn": True}, "2026-07-30 withdrawn"),
    ],
)
def test_a_date_is_told_as_it_stands(changes: dict[str, Any], expected: str) -> None:
    """The day, the day it was last, or that it is no more."""
    assert date_text(dated(DateKind.EFFECTIVE, date(2026, 7, 30), **changes)) == expected


def test_the_identifiers_that_name_an_event_best_come_first() -> None:
    """Document before docket before code part; a page citation is not shown; unknown kinds come last."""
    event = an_event(
        identifiers=tuple(
            Identifier(type=kind, value=value)
            for kind, value in [
                ("hs", "2504.10"),
                ("cfr", "15 CFR 774"),
                ("fr_citation", "88 FR 73458"),
                ("docket", "231013-0248"),
                ("fr_doc", "2023-23055"),
            ]
        )
    )
    assert identifier_text(event) == "FR Doc. 2023-23055 · Docket 231013-0248 · 15 CFR 774 · HS 2504.10"
    assert identifier_text(event, 2) == "FR Doc. 2023-23055 · Docket 231013-0248"
    assert identifier_text(replace(event, identifiers=())) == ""


@pytest.mark.parametrize(
    ("stage", "step", "expected"),
    [(Stage.IN_FORCE, None, "in force"), (Stage.PROPOSED, "征求意见稿", "proposed (征求意见稿)"), (Stage.FINAL, "", "final")],
)
def test_a_stage_carries_the_words_of_its_jurisdiction(stage: Stage, step: str | None, expected: str) -> None:
    """The general word, and the particular one if there is one."""
    assert stage_text(stage, step) == expected


def test_every_kind_of_date_has_a_name_of_its_own() -> None:
    """No kind is without words, and no two look the same."""
    assert len({date_name(kind) for kind in DateKind}) == len(DateKind)


@given(st.text(), st.integers(1, 50))
def test_a_shortened_text_fits_and_says_that_it_was_cut(text: str, limit: int) -> None:
    """Never longer than the limit; the mark stands exactly where something is missing."""
    found = shortened(text, limit)
    assert len(found) <= limit
    assert found == text if len(text) <= limit else (found.endswith("…") and text.startswith(found[:-1]))


def test_a_moment_is_told_to_the_minute_in_its_own_zone() -> None:
    """The zone is named beside it."""
    moment = datetime(2026, 4, 30, 23, 0, 59, tzinfo=UTC)
    assert moment_text(moment) == "2026-04-30 23:00 UTC"
    assert moment_text(moment.astimezone(ZoneInfo("Asia/Tokyo"))) == "2026-05-01 08:00 JST"
