"""The command deadlines: what lies ahead, as a calendar whose entries follow their dates, and what is overdue."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from builders import a_date, a_shown
from demo_events import CHIPS, Capture, a_notice, add, asked, event_like, run
from icalendar import Calendar

from monitor.items import DateKind

DEADLINE_KEYS = [
    "date",
    "days",
    "kind",
    "change",
    "event",
    "title",
    "themes",
    "sentence",
    "confidence",
    "item",
    "url",
    "uid",
    "sequence",
    "was",
    "withdrawn",
]


def test_deadlines_are_those_ahead_in_order_of_day(demo_folder: Path, capsys: Capture) -> None:
    """From today on, within the span, with the words that say so; the keys of JSON are stable."""
    found = asked(capsys, "deadlines", "--within", "90d", "--format", "json")
    assert [list(each) for each in found] == [DEADLINE_KEYS] * len(found)
    days = [each["date"] for each in found]
    assert days == sorted(days)
    assert {"2023-11-17", "2023-12-01", "2023-12-18"} <= set(days)
    first = next(each for each in found if each["kind"] == "comments_close")
    assert (first["date"], first["days"], first["change"], first["withdrawn"]) == ("2023-12-18", 54, "", False)
    assert "December 18, 2023" in first["sentence"]
    assert [each["date"] for each in asked(capsys, "deadlines", "--within", "40d", "--format", "json")] == [
        day for day in days if day <= "2023-12-04"
    ]


def test_deadlines_can_be_of_one_theme(demo_folder: Path, capsys: Capture) -> None:
    """Of the event, not of the item."""
    found = asked(capsys, "deadlines", "--within", "90d", "--theme", "critical_minerals", "--format", "json")
    assert found
    assert all("critical_minerals" in each["themes"] for each in found)
    assert asked(capsys, "deadlines", "--within", "90d", "--theme", "telecom_5g", "--format", "json") == []


@pytest.mark.parametrize("form", ["csv", "tsv", "md", "table"])
def test_deadlines_are_written_in_each_form(demo_folder: Path, capsys: Capture, form: str) -> None:
    """One line a date at least; on a narrow terminal without the days."""
    code, out, _ = run(capsys, "deadlines", "--within", "90d", "--format", form)
    assert code == 0
    assert re.search(r"2023-12-18\W+(?:54\W+)?comments_close", out)


def calendar_of(capsys: Capture) -> dict[str, Any]:
    """The calendar's entries by UID."""
    code, out, _ = run(capsys, "deadlines", "--within", "P1Y", "--format", "ics")
    assert code == 0
    entries = Calendar.from_ical(out).walk("VEVENT")
    found = {str(each["UID"]): each for each in entries}
    assert len(found) == len(entries)
    return found


def test_a_calendar_entry_keeps_its_uid_when_its_day_moves(demo_folder: Path, capsys: Capture) -> None:
    """An official extension raises SEQUENCE, and the entry is on the new day; all others stay as they are."""
    before = calendar_of(capsys)
    event = event_like(capsys, CHIPS)
    [uid] = [uid for uid, each in before.items() if event in each["DESCRIPTION"] and "Comments close" in each["SUMMARY"]]
    assert (before[uid]["DTSTART"].dt, before[uid]["SEQUENCE"]) == (date(2023, 12, 18), 0)
    extension = a_notice("9", title="Advanced computing rule: extension of comment period", step="Extension of comment period")
    add(extension, event, dates=(a_date(date(2024, 1, 17), sentence="The comment period is extended to January 17, 2024."),))
    after = calendar_of(capsys)
    assert set(after) == set(before)
    assert (after[uid]["DTSTART"].dt, after[uid]["STATUS"]) == (date(2024, 1, 17), "CONFIRMED")
    assert after[uid]["SEQUENCE"] > before[uid]["SEQUENCE"]
    assert "Was 2023-12-18." in after[uid]["DESCRIPTION"]
    assert {each: (before[each]["SEQUENCE"], before[each]["DTSTART"].dt) for each in before if each != uid} == {
        each: (after[each]["SEQUENCE"], after[each]["DTSTART"].dt) for each in after if each != uid
    }
    row = next(each for each in asked(capsys, "deadlines", "--within", "P1Y", "--format", "json") if each["item"] == extension.id)
    assert (row["change"], row["was"], row["sequence"]) == ("was 2023-12-18", ["2023-12-18"], after[uid]["SEQUENCE"])
    assert f"{row['uid']}@econsec-monitor" == uid


def test_a_withdrawn_measures_entries_are_cancelled(demo_folder: Path, capsys: Capture) -> None:
    """With their UIDs, a SEQUENCE that is raised, and no alarm."""
    event = event_like(capsys, CHIPS)
    before = calendar_of(capsys)
    add(a_notice("9", title="Advanced computing rule withdrawn"), event, shown=a_shown("withdrawn"))
    after = calendar_of(capsys)
    assert set(after) == set(before)
    stood = {uid for uid, each in before.items() if each["STATUS"] == "CONFIRMED"}  # the others are what merges made needless
    cancelled = {uid for uid, each in after.items() if each["STATUS"] == "CANCELLED"} & stood
    assert cancelled == {uid for uid, each in before.items() if event in each["DESCRIPTION"]} & stood
    for uid in cancelled:
        assert after[uid]["SEQUENCE"] > before[uid]["SEQUENCE"]
        assert (len(before[uid].walk("VALARM")), after[uid].walk("VALARM")) == (3, [])
    rows = asked(capsys, "deadlines", "--within", "P1Y", "--format", "json")
    assert {each["change"] for each in rows if each["event"] == event} == {"withdrawn"}


def test_what_should_have_come_is_overdue(demo_folder: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    """A step that usually follows, with its day and on what that rests; not before its day, and not once it was seen."""
    event = "E-overdue222"
    comments = a_date(date(2023, 12, 1), DateKind.COMMENTS_CLOSE)
    add(a_notice("8", title="Proposed rule on drone parts"), event, shown=a_shown("NPRM"), dates=(comments,))
    assert asked(capsys, "deadlines", "--overdue", "--format", "json") == []
    monkeypatch.setenv("MONITOR_NOW", "2025-01-15T08:00:00Z")
    [found] = asked(capsys, "deadlines", "--overdue", "--format", "json")
    assert found == {
        "due": "2024-11-30",
        "step": "final rule",
        "stage": "proposed",
        "event": event,
        "title": "Proposed rule on drone parts",
        "basis": found["basis"],
    }
    assert "a year after comments close" in found["basis"]
    assert f"final rule overdue since 2024-11-30: {found['basis']}" in run(capsys, "event", event)[1]
    assert asked(capsys, "deadlines", "--overdue", "--theme", "telecom_5g", "--format", "json") == []
    assert "2024-11-30" in run(capsys, "deadlines", "--overdue")[1]
    seen = datetime(2025, 1, 10, tzinfo=UTC)
    final = a_notice("7", title="Final rule on drone parts", published=seen, first_seen=seen)
    add(final, event, shown=a_shown("final rule"), dates=(a_date(date(2025, 3, 1), DateKind.EFFECTIVE),), at=seen)
    assert asked(capsys, "deadlines", "--overdue", "--format", "json") == []
