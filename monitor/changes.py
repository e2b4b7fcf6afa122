"""What became of an event since a moment: how it stood before, and which of its dates are new, moved or gone. Pure.

No table remembers how an event stood: its record is made twice, of the items that were judged before the moment and of all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from monitor.events import Event, Part, record, tellers
from monitor.items import GROWTH, DateKind, Filed, Standpoint
from monitor.standing import Standing

_Day = date
MATTERS = 30.0
"""Importance from which an event of one item is more than that item: an official act with a theme, not a report of the press."""


class DateChange(StrEnum):
    """What became of a key date."""

    NEW = "new"
    MOVED = "moved"  # to another day
    WITHDRAWN = "withdrawn"
    RESTORED = "restored"  # stands again


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedDate:
    """A key date that is not what it was."""

    date: Standing
    change: DateChange
    was: _Day | None  # the day before the change; None: new


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """An event as it stands, and as it stood."""

    event: Event
    sources: int  # that tell it in their own words
    was: Standpoint | None  # None: it was not there
    had: tuple[Filed, ...]  # items of the reader's before, in order of time
    new: tuple[Filed, ...]  # items of the reader's since, in order of time
    told: int  # items without copies, now
    dates: tuple[ChangedDate, ...]  # that changed since

    @property
    def is_further(self) -> bool:
        """True if it reached another stage, or has grown past a number of sources."""
        return self.was is not None and (self.has_stage_changed or self.has_grown)

    @property
    def has_stage_changed(self) -> bool:
        """True if its stage is another one."""
        return self.was is not None and self.was.stage is not self.event.stage

    @property
    def has_grown(self) -> bool:
        """True if it passed 5 or 15 sources."""
        return self.was is not None and any(self.was.sources < mark <= self.sources for mark in GROWTH)

    @property
    def is_of_weight(self) -> bool:
        """True if it is more than one item: several tell it, or it matters by itself."""
        return self.told > 1 or self.event.importance >= MATTERS


def progress(
    event: str, parts: Sequence[Part], filed: Mapping[str, datetime], wanted: set[str], since: datetime, until: datetime
) -> Progress:
    """What became of an event in a span.

    Args:
        parts: its items, in order of time.
        filed: when each was judged first; those that never were do not count.
        wanted: items that the reader wants.
        until: exclusive.
    """
    now = [each for each in parts if each.filed.item.id in filed and filed[each.filed.item.id] < until]
    before = [each for each in now if filed[each.filed.item.id] < since]
    last = max((filed[each.filed.item.id] for each in now), default=until)
    stands = record(event, now, until, opened_at=until, moved_at=last)
    stood = record(event, before, since, opened_at=since, moved_at=since) if before else None
    is_before = {each.filed.item.id for each in before}
    own = [each.filed for each in now if each.filed.item.id in wanted]
    return Progress(
        event=stands,
        sources=tellers(now),
        was=None
        if stood is None
        else Standpoint(stage=stood.stage, step=stood.step, sources=tellers(before), importance=stood.importance),
        had=tuple(each for each in own if each.item.id in is_before),
        new=tuple(each for each in own if each.item.id not in is_before),
        told=sum(each.filed.copy_of is None for each in now),
        dates=changed_dates(() if stood is None else stood.dates, stands.dates),
    )


def changed_dates(before: Iterable[Standing], now: Iterable[Standing]) -> tuple[ChangedDate, ...]:
    """Dates that are new, moved, withdrawn or stand again, in the order of `now`. A date that came and went meanwhile is none."""
    stood = {each.uid: each for each in before}
    found = []
    for each in now:
        was = stood.get(each.uid)
        change = _change(was, each)
        if change is not None and each.kind is not DateKind.PUBLISHED:
            found.append(ChangedDate(date=each, change=change, was=None if was is None else was.date))
    return tuple(found)


def _change(was: Standing | None, now: Standing) -> DateChange | None:
    if was is None:
        return None if now.is_withdrawn else DateChange.NEW
    if was.is_withdrawn != now.is_withdrawn:
        return DateChange.WITHDRAWN if now.is_withdrawn else DateChange.RESTORED
    return DateChange.MOVED if was.date != now.date and not now.is_withdrawn else None
