"""Key dates as a calendar file. Pure. Source: RFC 5545; whole-day events, a stable UID, alarms 14, 3 and 1 days ahead."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from icalendar import Alarm, Calendar
from icalendar import Event as CalendarEvent

from monitor.compose import date_name
from monitor.items import Deadline

ALARM_DAYS = (14, 3, 1)


def calendar(deadlines: Iterable[Deadline], now: datetime) -> str:
    """The dates as iCalendar text, with CRLF line ends.

    Args:
        now: the stamp of this writing.
    """
    found = Calendar()
    found.add("prodid", "-//econsec-monitor//deadlines//EN")
    found.add("version", "2.0")
    found.add("name", "Monitor deadlines")
    for each in deadlines:
        found.add_component(_event(each, now))
    text: str = found.to_ical().decode("utf-8")
    return text


def _event(deadline: Deadline, now: datetime) -> CalendarEvent:
    day = deadline.date.date
    event = CalendarEvent()
    event.add("uid", f"{deadline.event}-{deadline.date.kind.value}-{day.isoformat()}@econsec-monitor")
    event.add("dtstamp", now)
    event.add("dtstart", day)
    event.add("dtend", day + timedelta(days=1))
    event.add("summary", f"{date_name(deadline.date.kind)}: {deadline.title}")
    event.add("description", f"{deadline.date.sentence}\n\n{deadline.source}, event {deadline.event}, item {deadline.item}")
    event.add("categories", list(deadline.themes))
    event.add("transp", "TRANSPARENT")
    if deadline.url:
        event.add("url", deadline.url)
    for days in ALARM_DAYS:
        alarm = Alarm()
        alarm.add("action", "DISPLAY")
        alarm.add("description", f"In {days} days: {deadline.title}")
        alarm.add("trigger", timedelta(days=-days))
        event.add_component(alarm)
    return event
