"""When a source publishes, learned from when it did, and how long to wait before it is read again.

Never reads a clock, never draws by chance, never decides about failures: that is `pace`. What is counted are *moments*: items that
appear within the same ten minutes are one, since one fetch brings them all; so a flood of two thousand is one moment, too.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import cached_property
from operator import mul
from zoneinfo import ZoneInfo

from monitor.dates import is_future

HALF_LIFE = timedelta(days=28)
"""Evidence counts half after so long; a source that changes its habits is followed within weeks."""
HORIZON = timedelta(days=120)
"""The part of a first document's backlog that is looked at."""
MOMENT = timedelta(minutes=10)

WITHIN = 0.75
"""How strongly an hour in which more appears is preferred to other hours of the same source.

Among polls of intensity p(t) and items of rate l(t), p ~ l^(1/(1+g)) makes the mean of delay^g smallest at a given number of polls:
1/2 for the mean delay, 1 for the mean of its logarithm; for the median alone, polling the densest half of the items only would be
best, and ruin the others. 3/4 stands between; the figures are in docs/decisions/0010.
Source: for g = 1 and each source's own rate, Sia, Cho & Cho 2007, Efficient Monitoring Algorithm for Fast News Alerts (IEEE TKDE 19);
the rest by the same Lagrangian: p^-g falls by g * p^(-g-1) with each poll, and that times l(t) must be the same everywhere.
"""
ACROSS = 0.25
"""How strongly a source that publishes more is preferred to others: 0 all sources alike, 1/2 all items alike."""
MIDDLING = 0.4
"""Moments an hour, in its typical hours, of a source that is read every `usual` then."""

_FEW = 1.0
"""Weeks of watching at which an hour's own count weighs as much as what it is drawn to; and so for all its days together."""
_CURIOUS = 0.1
"""Polls spent on the office hours that others keep, whatever is known: every two and a half hours if `usual` is fifteen minutes."""
_NIGHT, _WEEKEND = 0.06, 0.25  # of the rate of an office hour; what a source unknown is thought to do
_OFFICE = (_NIGHT,) * 7 + (0.3, 0.7) + (1.0,) * 9 + (0.5, 0.3, 0.2, 0.15) + (_NIGHT,) * 2
_PRIOR = tuple(share * (1 if day < 5 else _WEEKEND) for day in range(7) for share in _OFFICE)
_PRIOR_MOMENTS, _PRIOR_HOURS = 0.5, 5.0  # so many in so many office hours: what is thought before anything is known
_PRIOR_MINUTES = 6  # moments at which the minutes of the hour are believed half
_DELAY = (0.5, 0.3, 0.2)  # an item can be read in the five minutes that it is dated in, the next ones, or those after
_FARTHEST = timedelta(days=14)  # looked ahead; beyond, `longest` is the answer

_COUNTS = 100  # moments are kept in hundredths,
_WATCHES = 360  # hours watched in tens of seconds: whole numbers are short in JSON, and come back as they were
_WEEK_GROWTH: float = 2 ** (timedelta(weeks=1) / HALF_LIFE)
_VERSION = 1


@dataclass(frozen=True, kw_only=True)  # without slots: what is derived is kept once it is asked for
class Rhythm:
    """What is known of a source's habits.

    Evidence is not weakened as time goes by; that of later is counted higher, by the growth since `epoch`, and all of it is halved when a
    half-life is over. So small numbers are not lost by rounding, however often a source is read.
    """

    epoch: datetime  # evidence of this moment counts one
    at: datetime  # of the latest lesson
    moments: tuple[int, ...]  # hundredths, by hour of the local week, Monday 00:00 first
    watched: tuple[int, ...]  # tens of seconds in which we would have learned of a moment, likewise
    minutes: tuple[int, ...]  # hundredths, by five minutes of the hour, of moments whose time was stated
    latest: int = 0  # number of the latest moment counted, since 1970; 0: none
    entries: int = 0  # that the document shows; 0: unknown
    batch: float = 1.0  # items a moment, 1 and more

    @cached_property
    def rates(self) -> tuple[float, ...]:
        """Moments an hour, by hour of the local week; all above 0."""
        return _rates(self.moments, self.watched, self.growth)

    @cached_property
    def typical(self) -> float:
        """The rate that the middling item sees, moments an hour."""
        return float(sum(map(mul, self.rates, self.rates)) / sum(self.rates))

    @property
    def growth(self) -> float:
        """How much a moment of today counts, against one of the epoch."""
        return _growth(self.at - self.epoch)


def learn(
    rhythm: Rhythm | None, published: Sequence[datetime], *, since: datetime | None, now: datetime, zone: ZoneInfo, entries: int
) -> Rhythm:
    """The rhythm, with what a fetch has shown added. Fetches that brought nothing new need not be told one by one.

    Args:
        published: of each new item the time that it states, or `now` if it states none; any order. In the first fetch, of all items.
        since: when the source was read before; None: this is the first fetch.
        zone: the source's own.
        entries: in the document; 0 if there was none (304).
    """
    now = now.astimezone(UTC)
    if rhythm is None:
        rhythm = Rhythm(epoch=now, at=now, moments=(0,) * 168, watched=(0,) * 168, minutes=(0,) * 12)
    lesson = _Lesson(rhythm, now, zone)
    stated = sorted(now if is_future(each, now) else each.astimezone(UTC) for each in published)
    if since is None:
        lesson.backlog(stated)
    elif since < now:
        lesson.news(stated, since.astimezone(UTC))
    return lesson.learned(entries)


def wait(
    rhythm: Rhythm | None, *, now: datetime, zone: ZoneInfo, shortest: timedelta, longest: timedelta, usual: timedelta
) -> timedelta:
    """Time from `now`, when the source was just read, to its next fetch: never outside `shortest` and `longest`.

    Looks ahead: the polls that each coming hour deserves are added up until they make one. So the night's long wait ends when the
    office opens, and a source that publishes at a quarter to nine is read right after.

    Args:
        usual: what a middling source waits in the hours in which it typically publishes; also the wait when nothing is known.
    """
    if rhythm is None:
        return min(max(usual, shortest), longest)
    cap = timedelta(hours=1) / max(shortest, timedelta(seconds=1))
    scale = timedelta(hours=1) / max(usual, timedelta(seconds=1))
    curious = _CURIOUS * scale
    scale *= (rhythm.typical / MIDDLING) ** ACROSS / rhythm.typical**WITHIN
    shares = [share**WITHIN for share in _minutes(rhythm)]
    most, mean = max(shares), sum(shares) / len(shares)
    lacking = 1.0  # of a poll
    room = rhythm.entries / 2 / rhythm.batch if rhythm.entries else math.inf  # moments until the document may have dropped one
    seconds = 0.0
    for hour, into, span in _hours(now, now + min(longest, _FARTHEST), zone):
        rate = rhythm.rates[hour]
        deserved = scale * rate**WITHIN + curious * _PRIOR[hour]
        if span == 3600 and deserved * most <= cap and deserved * mean < lacking and rate < room:  # nothing ends within it
            lacking -= deserved * mean
            room -= rate
            seconds += span
            continue
        place, end = into, into + span
        while place < end:
            five = int(place // 300)
            step = min((five + 1) * 300, end) - place
            polls = min(deserved * shares[five], cap) * step / 3600
            if polls >= lacking or rate * step / 3600 >= room:
                share = min(lacking / polls, room * 3600 / (rate * step), 1)
                return min(max(timedelta(seconds=seconds + step * share), shortest), longest)
            lacking -= polls
            room -= rate * step / 3600
            seconds += step
            place += step
    return longest


def expected(rhythm: Rhythm, *, since: datetime, until: datetime, zone: ZoneInfo) -> float:
    """Moments to be expected in a span; a source that publishes as it does is silent so long with probability exp(-expected).

    Items that come together count once: forty documents at a quarter to nine are no forty reasons to wonder about a holiday.
    """
    weeks = max((until - since) // timedelta(weeks=1), 0)
    rest = _hours(since + timedelta(weeks=weeks), until, zone)
    return weeks * sum(rhythm.rates) + sum(rhythm.rates[hour] * span / 3600 for hour, _, span in rest)


def written(rhythm: Rhythm) -> str:
    """The rhythm as JSON, below 2 kB; `read` makes the same of it."""
    return json.dumps(
        {
            "version": _VERSION,
            "epoch": rhythm.epoch.isoformat(),
            "at": rhythm.at.isoformat(),
            "moments": rhythm.moments,
            "watched": rhythm.watched,
            "minutes": rhythm.minutes,
            "latest": rhythm.latest,
            "entries": rhythm.entries,
            "batch": rhythm.batch,
        },
        separators=(",", ":"),
    )


def read(text: str | None) -> Rhythm | None:
    """The rhythm that was written, or None if the text is none of ours or of an older version: then it is learned anew."""
    try:
        told = json.loads(text or "null")
        if told is None or told["version"] != _VERSION:
            return None
        latest, entries = _counts((told["latest"], told["entries"]), 2)
        batch = float(told["batch"])
        if not 1 <= batch < 1e6:
            return None
        return Rhythm(
            epoch=_moment(told["epoch"]),
            at=_moment(told["at"]),
            moments=_counts(told["moments"], 168),
            watched=_counts(told["watched"], 168),
            minutes=_counts(told["minutes"], 12),
            latest=latest,
            entries=entries,
            batch=batch,
        )
    except (ValueError, TypeError, KeyError, ArithmeticError, RecursionError):
        return None


class _Lesson:
    """What one fetch adds to a rhythm. Lives for one call of `learn`."""

    def __init__(self, rhythm: Rhythm, now: datetime, zone: ZoneInfo) -> None:
        self.before, self.now, self.zone = rhythm, now, zone
        halvings = (now - rhythm.epoch) // HALF_LIFE if now > rhythm.epoch else 0
        self.epoch = rhythm.epoch + halvings * HALF_LIFE if now > rhythm.epoch else now  # a clock that ran ahead is not followed
        self.moments, self.watched, self.minutes = (
            [each >> min(halvings, 62) for each in counts] if halvings else list(counts)
            for counts in (rhythm.moments, rhythm.watched, rhythm.minutes)
        )
        self.latest = min(rhythm.latest, int(now.timestamp() // MOMENT.total_seconds()))
        self.batch = rhythm.batch

    def backlog(self, stated: list[datetime]) -> None:
        """The dates of a first document, oldest first. Its oldest tenth may be pinned or strays, and is left out."""
        start = max(stated[len(stated) // 10], self.now - HORIZON) if stated else self.now
        stated = [each for each in stated if each >= start]
        self._watch(start)
        if self._are_days(stated):
            count = sum(self._day(each, items) for each, items in Counter(stated).items())
        else:
            count = self._count(each for each in stated if each < self.now)
        if count:
            self.batch = max(len(stated) / count, 1.0)

    def news(self, stated: list[datetime], since: datetime) -> None:
        """What is new since the source was read before. An item dated before that time came between, nobody knows when."""
        earliest = self.now - HALF_LIFE
        untaught = self.before.at if self.before.at < self.now else since  # fetches that brought nothing may have been left out
        self._watch(max(untaught, earliest))
        since = max(since, earliest)
        dated = [] if self._are_days(stated) else [each for each in stated if since < each < self.now]
        count: float = self._count(dated)
        if stated and not dated:
            count = self._spread(len(stated), since)
        if count:
            self.batch = max(self.batch + (min(len(stated) / count, 4 * self.batch + 10) - self.batch) / 10, 1.0)

    def learned(self, entries: int) -> Rhythm:
        return Rhythm(
            epoch=self.epoch,
            at=self.now,
            moments=tuple(self.moments),
            watched=tuple(self.watched),
            minutes=tuple(self.minutes),
            latest=self.latest,
            entries=entries or self.before.entries,
            batch=round(self.batch, 3),
        )

    def _watch(self, since: datetime) -> None:
        """Counts the time since then as watched, each day by its own weight; a day of a clock change counts as any other."""
        if since >= self.now:
            return
        day = since.astimezone(self.zone).date() + timedelta(days=1)
        last = self.now.astimezone(self.zone).date()
        if day >= last:
            self._watch_hours(since, self.now)
            return
        self._watch_hours(since, datetime.combine(day, time(), self.zone))
        whole = (last - day).days
        for place in range(min(whole, 7)):  # the same weekday of n weeks, each by its end: the sum of a geometric series
            began = day + timedelta(days=place)
            weeks = (whole - place + 6) // 7
            first = _growth(datetime.combine(began + timedelta(days=1), time(), UTC) - self.epoch)
            weight = round(_WATCHES * first * (_WEEK_GROWTH**weeks - 1) / (_WEEK_GROWTH - 1))
            for hour in range(began.weekday() * 24, began.weekday() * 24 + 24):
                self.watched[hour] += weight
        self._watch_hours(datetime.combine(last, time(), self.zone), self.now)

    def _watch_hours(self, since: datetime, until: datetime) -> None:
        weight = _WATCHES * _growth(until - self.epoch) / 3600
        for hour, _, span in _hours(since, until, self.zone):
            self.watched[hour] += round(weight * span)

    def _count(self, stated: Iterable[datetime]) -> int:
        """Counts the moments, oldest first, that were not counted before."""
        count = 0
        for at in stated:
            number = int(at.timestamp() // MOMENT.total_seconds())
            if number > self.latest:
                self.latest = number
                local = at.astimezone(self.zone)
                weight = round(_COUNTS * _growth(at - self.epoch))
                self.moments[local.weekday() * 24 + local.hour] += weight
                self.minutes[local.minute // 5] += weight
                count += 1
        return count

    def _spread(self, items: int, since: datetime) -> float:
        """Counts items that appeared at times unknown since then, evenly over that time."""
        span = self.now - since
        count = min(1 + math.log(items), max(span / MOMENT, 1.0))  # mostly they came together
        weight = _COUNTS * _growth(self.now - self.epoch) * count / span.total_seconds()
        for hour, _, seconds in _hours(since, self.now, self.zone):
            self.moments[hour] += round(weight * seconds)
        self.latest = int(self.now.timestamp() // MOMENT.total_seconds())
        return count

    def _day(self, midnight: datetime, items: int) -> float:
        """Counts items of which only the day is known, over its office hours."""
        local = midnight if midnight.hour == 0 else midnight.astimezone(self.zone)  # a midnight in UTC is a day there
        first = local.weekday() * 24
        count = 1 + math.log(items)
        weight = _COUNTS * _growth(midnight - self.epoch) * count / sum(_PRIOR[first : first + 24])
        for hour in range(first, first + 24):
            self.moments[hour] += round(weight * _PRIOR[hour])
        return count

    def _are_days(self, stated: Sequence[datetime]) -> bool:
        """True if all times are midnights, here or in UTC: a day without a time."""
        return all(
            each.minute == each.second == each.microsecond == 0 and (each.hour == 0 or each.astimezone(self.zone).hour == 0)
            for each in stated
        )


def _growth(span: timedelta) -> float:
    return float(2 ** min(max(span / HALF_LIFE, -60), 60))


def _hours(since: datetime, until: datetime, zone: ZoneInfo) -> Iterator[tuple[int, float, float]]:
    """A span, cut at the full hours of the wall clock: hour of the week (0..167), seconds into it, seconds of the piece."""
    at, until = since.astimezone(UTC), until.astimezone(UTC)
    while at < until:
        local = at.astimezone(zone)
        into = local.minute * 60 + local.second + local.microsecond / 1e6
        end = min(at + timedelta(seconds=3600 - into), until)
        yield local.weekday() * 24 + local.hour, into, (end - at).total_seconds()
        at = end


def _rates(moments: Sequence[int], watched: Sequence[int], growth: float) -> tuple[float, ...]:
    """Moments an hour, for each hour of the week: what was counted, drawn to the same and the neighbouring hours of all working
    days (or of the weekend), and these to the office hours that sources keep. The less is known, the more it is drawn.

    Source: the mean of a Gamma-Poisson posterior, (count + k * prior mean) / (time + k), three times over.
    """
    few = _FEW * _WATCHES * growth  # in the units of what was watched
    unit = _WATCHES / _COUNTS  # of a rate, from theirs to moments an hour
    office = sum(map(mul, _PRIOR, watched)) + _PRIOR_HOURS * _WATCHES * growth
    level = (sum(moments) + _PRIOR_MOMENTS * _COUNTS * growth) / office
    rates: list[float] = []
    for first, last in ((0, 120), (120, 168)):
        days = range(first, last, 24)
        alike = list(map(sum, zip(*(moments[day : day + 24] for day in days), strict=True)))
        spent = list(map(sum, zip(*(watched[day : day + 24] for day in days), strict=True)))
        drawn = [
            few
            * (alike[at] / 2 + (alike[at - 1] + alike[at - 23]) / 4 + few * level * _PRIOR[first + at])
            / (spent[at] / 2 + (spent[at - 1] + spent[at - 23]) / 4 + few)
            for at in range(24)
        ] * len(days)
        rates += [
            unit * (count + pool) / (span + few)
            for count, span, pool in zip(moments[first:last], watched[first:last], drawn, strict=True)
        ]
    return tuple(rates)


def _minutes(rhythm: Rhythm) -> list[float]:
    """How much more than on average appears in each five minutes of an hour; moved a little later, as sources do."""
    few = _PRIOR_MINUTES * _COUNTS * rhythm.growth
    total = sum(rhythm.minutes) + few
    later = [sum(share * rhythm.minutes[five - late] for late, share in enumerate(_DELAY)) for five in range(12)]
    return [(12 * count + few) / total for count in later]


def _moment(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError("a moment without a zone")
    return found.astimezone(UTC)


def _counts(told: Iterable[int], length: int) -> tuple[int, ...]:
    found = tuple(told)
    if len(found) != length or set(map(type, found)) != {int} or not 0 <= min(found) <= max(found) < 1e12:
        raise ValueError("not so many counts")
    return found
