"""Items counted over a span, group by group: how many, how many in the span before, and how they lie over the days.

Pure. A span begins with a whole day, week or month (UTC), so that its first bar can be compared with the next ones; its last bar ends now
and is seldom whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum

_DAYS_IN_DAYS = 92
"""The longest span, in days, that is shown by the day, unless asked otherwise; the longest by the week is seven times this."""
_MOST_BARS = 3_660
"""Ten years by the day. More tell nobody anything, and a chart of them would be refused by every viewer."""


class Per(StrEnum):
    """What one bar stands for."""

    DAY = "day"
    WEEK = "week"  # from Monday on
    MONTH = "month"


@dataclass(frozen=True, slots=True)
class DayCount:
    """Items of one group on one day."""

    day: date  # UTC, of publication, else of the first sight
    group: str | None  # None: no theme, or the source's country is unknown
    items: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """A span cut into bars, and the span of the same length before it."""

    per: Per
    before: datetime  # beginning of the span before
    start: datetime  # beginning of the span, midnight UTC
    until: datetime  # its end: now
    bars: tuple[date, ...]  # first day of each, the oldest first; at least one
    has_before: bool  # False: the archive is complete only from later than `before` on, so nothing can be compared with it


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """What one group came to."""

    group: str | None  # None as in DayCount
    items: int
    before: int | None  # in the span before; None: the archive does not reach back so far
    counts: tuple[int, ...]  # one a bar

    @property
    def trend(self) -> float | None:
        """Growth against the span before, 0.5 for half as many again; None where there is nothing to compare with."""
        return None if not self.before else self.items / self.before - 1


def frame(since: datetime, now: datetime, *, per: Per | None, began: datetime | None) -> Frame:
    """The frame that begins with the day, week or month of a moment and ends now.

    Args:
        since: not after `now`.
        per: None: days up to three months, weeks up to two years, then months.
        began: since when the archive is complete; None if it is empty.

    Raises:
        ValueError: more than ten years by the day, or as many bars.
    """
    if per is None:
        days = (now - since).days
        per = Per.DAY if days <= _DAYS_IN_DAYS else Per.WEEK if days <= 7 * _DAYS_IN_DAYS else Per.MONTH
    first = _first_of(since.date(), per)
    bars: list[date] = [first]
    while (following := _after(bars[-1], per)) <= now.date():
        bars.append(following)
        if len(bars) > _MOST_BARS:
            raise ValueError(per)
    start = datetime.combine(first, time(), UTC)
    before = start - (now - start)
    return Frame(
        per=per, before=before, start=start, until=now, bars=tuple(bars), has_before=began is not None and began <= before
    )


def tallies(counts: Iterable[DayCount], of: Frame) -> list[Tally]:
    """The groups that have items, in the span or in the one before: those with the most first, what has no group last."""
    place = _places(of)
    found: dict[str | None, list[int]] = {}
    earlier: dict[str | None, int] = {}
    for each in counts:
        row = found.setdefault(each.group, [0] * len(of.bars))
        if each.day >= of.bars[0]:
            row[place[each.day]] += each.items
        else:
            earlier[each.group] = earlier.get(each.group, 0) + each.items
    rows = [
        Tally(group=group, items=sum(row), before=earlier.get(group, 0) if of.has_before else None, counts=tuple(row))
        for group, row in found.items()
    ]
    seen = [row for row in rows if row.items or row.before]
    return sorted(seen, key=lambda row: (row.group is None, -row.items, -(row.before or 0), row.group or ""))


def shortened(rows: Sequence[Tally], limit: int) -> tuple[list[Tally], int]:
    """The first `limit` rows and how many others there are; the group without a name does not count and stays."""
    named = [row for row in rows if row.group is not None]
    return named[:limit] + [row for row in rows if row.group is None], max(0, len(named) - limit)


def _places(of: Frame) -> dict[date, int]:
    """In which bar each day of a frame is."""
    ends = (*of.bars[1:], of.until.date() + timedelta(days=1))
    return {
        first + timedelta(days=day): place
        for place, (first, end) in enumerate(zip(of.bars, ends, strict=True))
        for day in range((end - first).days)
    }


def _first_of(day: date, per: Per) -> date:
    if per is Per.MONTH:
        return day.replace(day=1)
    return day - timedelta(days=day.weekday()) if per is Per.WEEK else day


def _after(first: date, per: Per) -> date:
    if per is Per.MONTH:
        return date(first.year + first.month // 12, first.month % 12 + 1, 1)
    return first + timedelta(days=7 if per is Per.WEEK else 1)
