"""Key dates as a calendar file. Pure. Source: RFC 5545; whole-day events, alarms 14, 3 and 1 days ahead.

A date keeps its UID when it moves to another day, with SEQUENCE raised; one that no longer stands is cancelled, without alarms.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from icalendar import Alarm, Calendar
from icalendar import Event as CalendarEvent

from monitor.compose import date_name
from monitor.events import Deadline

ALARM_DAYS = (14, 3, 1)


def calendar(deadlines: Iterable[Deadline], now: datetime, *, is_published: bool = False) -> str:
    """The dates as iCalendar text, with CRLF line ends.

    Args:
        now: the stamp of this writing.
        is_published: it goes by mail (METHOD:PUBLISH, RFC 5546 section 3.2.1), where programs ask what it is meant for.
    """
    found = Calendar()
    found.add("prodid", "-//econsec-monitor//deadlines//EN")
    found.add("version", "2.0")
    if is_published:
        found.add("method", "PUBLISH")
    found.add("name", "Monitor deadlines")
    for each in deadlines:
        found.add_component(_event(each, now))
    text: str = found.to_ical().decode("utf-8")
    return text


def _event(deadline: Deadline, now: datetime) -> CalendarEvent:
    stands = deadline.date
    event = CalendarEvent()
    event.add("uid", f"{stands.uid}@econsec-monitor")
    event.add("sequence", stands.sequence)
    event.add("status", "CANCELLED" if stands.is_withdrawn else "CONFIRMED")
    event.add("dtstamp", now)
    event.add("dtstart", stands.date)
    event.add("dtend", stands.date + timedelta(days=1))
    event.add("summary", f"{date_name(stands.kind)}: {stands.title}")
    moved = "".join(f"\nWas {day.isoformat()}." for day in stands.was)
    event.add("description", f"{stands.sentence}{moved}\n\n{stands.source}, event {deadline.event}, item {stands.item}")
    event.add("categories", list(deadline.themes))
    event.add("transp", "TRANSPARENT")
    if stands.url:
        event.add("url", stands.url)
    for days in () if stands.is_withdrawn else ALARM_DAYS:
        alarm = Alarm()
        alarm.add("action", "DISPLAY")
        alarm.add("description", f"In {days} days: {stands.title}")
        alarm.add("trigger", timedelta(days=-days))
        event.add_component(alarm)
    return event
