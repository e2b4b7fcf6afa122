"""What a digest tells, before it is a mail: its dates, its events, its figures. Nouns only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from monitor.changes import DateChange
from monitor.events import Deadline, Event
from monitor.items import Filed, Item, Standpoint

MAX_EVENTS = 24
"""Events that a mail holds; so that with MAX_SINGLES it mostly stays under the 102 kB from which some mail programs cut."""
MAX_SINGLES = 20
MAX_DATES = 20
DEADLINE_DAYS = 14
"""Days ahead whose dates are listed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dated:
    """A key date of a digest."""

    deadline: Deadline
    item: Item  # of the reader's: that states it, or the nearest to it
    change: DateChange | None = None  # since the reader's last digest; None: as it was
    was: date | None = None  # the day before the change


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One event of a digest with the reader's items."""

    event: Event
    items: tuple[Filed, ...]  # new ones; if there are none, the last that were told
    lead: Item | None = None  # of the reader's and in his language, where none of the new ones is; None: there is none either
    sources: int = 1  # that tell it in their own words
    was: Standpoint | None = None  # before the span; None: it was not there
    is_known: bool = False  # True: this reader may have been told of it before


@dataclass(frozen=True, slots=True, kw_only=True)
class ThemeDays:
    """How many items a theme had on each day, the last day last."""

    theme: str
    counts: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """Everything that a digest tells."""

    name: str
    when: str  # the filter as a query, "" for everything
    wants: str  # the filter in words, "" for everything
    lang: str  # of the frame: en or ja
    tz: str
    since: datetime
    until: datetime
    dates: tuple[Dated, ...] = ()  # of the next days, in order
    dates_left_out: int = 0  # of the same days, beyond what a mail can hold
    changed: tuple[Deadline, ...] = ()  # for the calendar: new, moved or withdrawn since, however far ahead
    new: tuple[Told, ...] = ()
    escalated: tuple[Told, ...] = ()
    moved: tuple[Told, ...] = ()
    quiet: tuple[Told, ...] = ()
    singles: tuple[Told, ...] = ()  # events of one item that does not matter by itself
    left_out: int = 0  # events beyond what a mail can hold
    days: tuple[ThemeDays, ...] = ()  # the most items first
    notes: tuple[str, ...] = ()  # sources that could not be read, channels that are down
    sources: int = 0  # how many are watched
    read: int = 0  # of those, read as planned
    last_reading: datetime | None = None  # None: never
    came: int = 0  # items that came in, whoever wants them
    source_names: Mapping[str, str] = field(default_factory=dict)
    theme_names: Mapping[str, str] = field(default_factory=dict)
    stop: str | None = field(default=None, repr=False)  # address at which the reader ends it; None: by mail only
