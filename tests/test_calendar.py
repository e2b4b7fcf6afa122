"""Key dates as a calendar file that other programs read back: whole days, stable ids, three alarms, any text."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import icalendar
import pytest
from builders import a_deadline, a_statement
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.calendar import ALARM_DAYS, calendar
from monitor.events import Deadline
from monitor.items import DateKind
from monitor.standing import Ending, Standing, standing

NOW = datetime(2026, 5, 1, 8, 0, tzinfo=UTC)
JUNE, JULY, AUGUST = date(2026, 6, 30), date(2026, 7, 30), date(2026, 8, 31)


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
        {"sentence": "意見の締め切り", "confidence": 0.5},
        {"event": "E-klmnopqrst"},
        {"date": date(2026, 7, 30), "was": (date(2026, 6, 30),)},
        {"is_withdrawn": True},
    ],
    ids=["title", "where-it-is-stated", "themes", "sentence", "merged-event", "moved", "withdrawn"],
)
def test_the_same_deadline_keeps_its_uid(changes: dict[str, Any]) -> None:
    """Another wording, source, event, day or day of writing updates the entry in a reader's calendar and makes no second one."""
    assert uid(a_deadline(**changes), NOW + timedelta(days=9)) == uid(a_deadline())


def test_different_deadlines_have_different_uids() -> None:
    """The UID is that of the standing date, and nothing else's."""
    uids = [
        "I-1-comments_close-2026-06-30",
        "I-2-comments_close-2026-06-30",
        "I-1-effective-2026-06-30",
        "I-1-hearing-2026-07-01",
    ]
    events = read_back(*(a_deadline(uid=each) for each in uids))
    assert [str(event["UID"]) for event in events] == [f"{each}@econsec-monitor" for each in uids]


def entry(*stands: Standing) -> tuple[str, int, str, date, int]:
    """UID, SEQUENCE, STATUS, day and number of alarms of the only date."""
    (only,) = stands
    (event,) = read_back(Deadline(date=only, event="E-abcdefghij", themes=()))
    alarms = len(event.walk("VALARM"))
    return str(event["UID"]), int(event["SEQUENCE"]), str(event["STATUS"]), event["DTSTART"].dt, alarms


def test_a_date_that_moves_keeps_its_uid_and_raises_its_sequence() -> None:
    """A calendar moves its entry with each extension (RFC 5545, section 3.8.7.4)."""
    told = [
        a_statement(JUNE),
        a_statement(JULY, item="I-2", title="Extension of comment period", at=NOW + timedelta(days=1)),
        a_statement(AUGUST, item="I-3", title="Second extension of comment period", at=NOW + timedelta(days=2)),
    ]
    entries = [entry(*standing(told[:count])) for count in (1, 2, 3)]
    assert {each[0] for each in entries} == {"I-1-comments_close-2026-06-30@econsec-monitor"}
    assert [each[1:] for each in entries] == [(0, "CONFIRMED", JUNE, 3), (2, "CONFIRMED", JULY, 3), (4, "CONFIRMED", AUGUST, 3)]


def test_a_date_that_is_taken_back_is_cancelled_without_alarms() -> None:
    """Same entry, raised SEQUENCE, and nobody is woken for it."""
    told = [a_statement(JUNE)]
    (before, after) = (
        entry(*standing(told)),
        entry(*standing(told, [Ending(at=NOW + timedelta(days=3), until=None, is_whole=True)])),
    )
    assert before[:2] == (after[0], 0)
    assert after[1:] == (1, "CANCELLED", JUNE, 0)


def test_the_days_that_a_date_moved_from_are_told() -> None:
    """Each earlier day stands in the description, the first one first."""
    (event,) = read_back(a_deadline(date=AUGUST, was=(JUNE, JULY)))
    assert str(event["DESCRIPTION"]) == (
        "Comments close on June 30, 2026.\nWas 2026-06-30.\nWas 2026-07-30.\n\nbis, event E-abcdefghij, item I-1"
    )


def test_the_dates_come_in_the_order_given() -> None:
    """A calendar of several deadlines has them all."""
    days = [date(2026, 6, 30), date(2026, 12, 31), date(2028, 2, 29)]
    deadlines = [a_deadline(kind=DateKind.HEARING, date=day) for day in days]
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
