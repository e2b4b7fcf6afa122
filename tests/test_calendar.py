"""Key dates as a calendar file that other programs read back: whole days, stable ids, three alarms, any text."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import icalendar
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.calendar import ALARM_DAYS, calendar
from monitor.items import DateKind, Deadline, KeyDate

NOW = datetime(2026, 5, 1, 8, 0, tzinfo=UTC)


def a_deadline(**changes: Any) -> Deadline:
    base: dict[str, Any] = {
        "date": KeyDate(kind=DateKind.COMMENTS_CLOSE, date=date(2026, 6, 30), sentence="Comments close on June 30, 2026."),
        "event": "E-abcdefghij",
        "title": "Graphite controls",
        "item": "I-1",
        "source": "bis",
        "url": "https://bis.example/1?a=1&b=2",
        "themes": ("critical_minerals", "export_control"),
    }
    return Deadline(**base | changes)


def read_back(*deadlines: Deadline, now: datetime = NOW) -> list[icalendar.Event]:
    found = icalendar.Calendar.from_ical(calendar(deadlines, now))
    return [each for each in found.walk("VEVENT") if isinstance(each, icalendar.Event)]


def uid(deadline: Deadline, now: datetime = NOW) -> str:
    return str(read_back(deadline, now=now)[0]["UID"])


def test_a_deadline_is_a_whole_day_with_its_words() -> None:
    """Summary, day, sentence, address and themes come back as they went in; the day blocks no time."""
    (event,) = read_back(a_deadline())
    assert str(event["SUMMARY"]) == "Comments close: Graphite controls"
    assert (event["DTSTART"].dt, event["DTEND"].dt) == (date(2026, 6, 30), date(2026, 7, 1))
    assert event["DTSTAMP"].dt == NOW
    assert str(event["DESCRIPTION"]) == "Comments close on June 30, 2026.\n\nbis, event E-abcdefghij, item I-1"
    assert str(event["URL"]) == "https://bis.example/1?a=1&b=2"
    assert [str(each) for each in event["CATEGORIES"].cats] == ["critical_minerals", "export_control"]
    assert str(event["TRANSP"]) == "TRANSPARENT"


def test_a_deadline_warns_fourteen_three_and_one_days_ahead() -> None:
    """Three alarms that show the title, in that order."""
    alarms = read_back(a_deadline())[0].walk("VALARM")
    assert [each["TRIGGER"].dt for each in alarms] == [timedelta(days=-days) for days in (14, 3, 1)]
    assert [str(each["ACTION"]) for each in alarms] == ["DISPLAY"] * len(ALARM_DAYS)
    assert all("Graphite controls" in str(each["DESCRIPTION"]) for each in alarms)


@pytest.mark.parametrize(
    "changes",
    [
        {"title": "黒鉛の輸出許可"},
        {"item": "I-2", "source": "federal_register", "url": None},
        {"themes": ()},
        {"date": KeyDate(kind=DateKind.COMMENTS_CLOSE, date=date(2026, 6, 30), sentence="意見の締め切り", confidence=0.5)},
    ],
    ids=["title", "where-it-is-stated", "themes", "sentence"],
)
def test_the_same_deadline_keeps_its_uid(changes: dict[str, Any]) -> None:
    """Another wording, source or day of writing updates the entry in a reader's calendar and makes no second one."""
    assert uid(a_deadline(**changes), NOW + timedelta(days=9)) == uid(a_deadline())


def test_different_deadlines_have_different_uids() -> None:
    """Another event, kind or day is another entry."""
    base = a_deadline()
    others = [
        base,
        replace(base, event="E-klmnopqrst"),
        replace(base, date=replace(base.date, kind=DateKind.EFFECTIVE)),
        replace(base, date=replace(base.date, date=date(2026, 7, 1))),
    ]
    assert len({str(event["UID"]) for event in read_back(*others)}) == len(others)


def test_the_dates_come_in_the_order_given() -> None:
    """A calendar of several deadlines has them all."""
    days = [date(2026, 6, 30), date(2026, 12, 31), date(2028, 2, 29)]
    deadlines = [a_deadline(date=KeyDate(kind=DateKind.HEARING, date=day, sentence="…")) for day in days]
    assert [event["DTSTART"].dt for event in read_back(*deadlines)] == days
    assert [event["DTEND"].dt for event in read_back(*deadlines)] == [date(2026, 7, 1), date(2027, 1, 1), date(2028, 3, 1)]


@pytest.mark.parametrize(
    "title",
    [
        "输出管制清单，第三批；生效日期",
        "흑연 수출 허가제 — 의견 제출 마감",
        "Rules, parts; and: colons = \"quoted\" 'text'",
        "Notice\nEND:VEVENT\nBEGIN:VEVENT\nSUMMARY:Fake",
        "<b>bold</b> & <script>alert(1)</script>",
        "輸出管理" * 500,
    ],
    ids=["zh", "ko", "punctuation", "injection", "markup", "long"],
)
def test_any_title_stays_inside_its_property(title: str) -> None:
    """Separators, line ends and length neither change a title nor open a second entry."""
    events = read_back(a_deadline(title=title))
    assert [str(event["SUMMARY"]) for event in events] == [f"Comments close: {title}"]


# icalendar 7 writes a backslash before N as a line end
@given(st.text(st.characters(exclude_categories=("Cc", "Cs"), exclude_characters="\\\ufffe\uffff"), min_size=1, max_size=120))
@settings(deadline=None)
def test_a_plain_title_is_read_back_as_it_was(title: str) -> None:
    """What the archive holds is what the calendar shows."""
    assert [str(event["SUMMARY"]) for event in read_back(a_deadline(title=title))] == [f"Comments close: {title}"]


def test_lines_are_folded_and_end_as_the_standard_asks() -> None:
    """CRLF after at most 75 octets, never inside a character (RFC 5545, section 3.1)."""
    text = calendar([a_deadline(title="輸出管理と重要鉱物" * 40)], NOW)
    lines = text.split("\r\n")
    assert lines[-1] == ""
    assert all("\n" not in line and "\r" not in line for line in lines)
    assert max(len(line.encode()) for line in lines) <= 75


def test_a_deadline_without_an_address_has_none() -> None:
    """No empty property is written."""
    assert "URL" not in read_back(a_deadline(url=None))[0]


def test_no_deadlines_are_a_calendar_all_the_same() -> None:
    """A subscribed calendar that has nothing ahead is empty, not broken."""
    found = icalendar.Calendar.from_ical(calendar([], NOW))
    assert (str(found["VERSION"]), found.walk("VEVENT")) == ("2.0", [])
    assert "econsec-monitor" in str(found["PRODID"])
