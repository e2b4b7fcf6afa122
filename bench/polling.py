"""What adaptive polling saves: requests against delay over sixty days, for sixteen kinds of sources.

python -m bench.polling

The profiles are written from what is publicly known of such sources (office hours, filing times, briefings, public holidays of spring
2026); the moments are drawn from a seed. Learning starts from nothing but the entries that the first document shows.
"""

from __future__ import annotations

import math
import random
import statistics
import time
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from monitor import rhythm
from monitor.rhythm import Rhythm

START = datetime(2026, 3, 16, tzinfo=UTC)
DAYS = 60
END = START + timedelta(days=DAYS)
BACKLOG_DAYS = 240
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

JAPAN = {date(2026, 3, 20), date(2026, 4, 29), date(2026, 5, 4), date(2026, 5, 5), date(2026, 5, 6)}
CHINA = {date(2026, 4, 6), date(2026, 5, 1), date(2026, 5, 4), date(2026, 5, 5)}
UNION = {date(2026, 4, 2), date(2026, 4, 3), date(2026, 4, 6), date(2026, 5, 1), date(2026, 5, 14), date(2026, 5, 15)}
BRITAIN = {date(2026, 4, 3), date(2026, 4, 6), date(2026, 5, 4)}

Day = Callable[[random.Random, date], list[float]]
"""Local hours of a day, 0..24, at which a source publishes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A source as it publishes."""

    name: str
    zone: str
    day: Day
    entries: int = 20  # that its document shows
    is_dated: bool = True  # False: it states the day only, as listings do
    until: datetime | None = None  # when it died; None: it lives
    holidays: frozenset[date] | set[date] = frozenset()  # nothing appears on these days
    lag: float = 2  # minutes at most between the moment stated and the moment at which it can be read


@dataclass(frozen=True, slots=True)
class Moment:
    """An item's time."""

    visible: datetime  # from then on a fetch brings it
    stated: datetime  # what it says itself


def poisson(chance: random.Random, mean: float) -> int:
    """A Poisson number. Source: Knuth, The Art of Computer Programming 2, 3.4.1."""
    count, product, floor = 0, chance.random(), 2.718281828459045**-mean
    while product > floor:
        count += 1
        product *= chance.random()
    return count


def drawn(chance: random.Random, mean: float, profile: dict[float, float], spread: float = 0.5) -> list[float]:
    """So many moments around the hours of a profile."""
    hours = chance.choices(list(profile), list(profile.values()), k=poisson(chance, mean))
    return [hour + chance.uniform(0, 2 * spread) for hour in hours]


def weekdays(inner: Day) -> Day:
    return lambda chance, day: inner(chance, day) if day.weekday() < 5 else []


def flat(first: int, last: int, weight: float = 1) -> dict[float, float]:
    return {float(hour): weight for hour in range(first, last)}


def batch(chance: random.Random, at: float, mean: float, minutes: float) -> list[float]:
    """Documents put on line together, within so many minutes."""
    return [at + chance.uniform(0, minutes) / 60 for _ in range(poisson(chance, mean))]


def public_inspection(chance: random.Random, _: date) -> list[float]:
    special = batch(chance, 16.25, 1.5, 4) if chance.random() < 0.45 else []
    return batch(chance, 8.75, 3, 3) + special + drawn(chance, 0.15, flat(10, 17))


def us_agency(chance: random.Random, day: date) -> list[float]:
    late = drawn(chance, 0.15, flat(17, 20)) if day.weekday() == 4 else []
    return drawn(chance, 1.6, flat(9, 17) | {10: 2.5, 11: 2, 14: 2, 15: 2}) + late


def wire(chance: random.Random, day: date) -> list[float]:
    profile = flat(0, 24, 0.35) | flat(6, 9, 0.8) | flat(9, 19, 1.5) | flat(19, 23, 0.8)
    return drawn(chance, 100 if day.weekday() < 5 else 40, profile)


def newspaper(chance: random.Random, day: date) -> list[float]:
    edition = batch(chance, 5, 8, 12)
    return edition + drawn(chance, 26 if day.weekday() < 5 else 10, flat(7, 23) | {8: 2, 12: 1.6, 17: 2, 18: 2})


def chinese_ministry(chance: random.Random, _: date) -> list[float]:
    surprise = drawn(chance, 1.5, {19.5: 1, 20: 1, 21: 1}) if chance.random() < 0.08 else []
    return drawn(chance, 3.5, flat(9, 18) | {10: 2, 12: 0.3, 13: 0.3, 15: 2, 16: 2, 17: 1.5}) + surprise


def press_corner(chance: random.Random, day: date) -> list[float]:
    college = batch(chance, 13.5 + chance.uniform(0, 1.5), 6, 20) if day.weekday() == 2 else []
    return batch(chance, 12.0, 4, 15) + drawn(chance, 8, flat(9, 19)) + college


def gov_uk(chance: random.Random, _: date) -> list[float]:
    return batch(chance, 9.5, 2, 1) + drawn(chance, 7, flat(9, 18)) + drawn(chance, 0.7, {0.0: 1}, 0.02)


def japanese_ministry(chance: random.Random, _: date) -> list[float]:
    return drawn(chance, 7, flat(10, 18) | {11: 3, 12: 0.3, 14: 3, 17: 3})


KINDS = (
    Kind(
        name="Federal Register, one agency",
        zone="America/New_York",
        day=weekdays(lambda chance, _: batch(chance, 8.75, 2.5, 6)),
        is_dated=False,
    ),
    Kind(name="public inspection", zone="America/New_York", day=weekdays(public_inspection)),
    Kind(name="US agency, press room", zone="America/New_York", day=weekdays(us_agency)),
    Kind(name="Japanese ministry", zone="Asia/Tokyo", day=weekdays(japanese_ministry), holidays=JAPAN, lag=10),
    Kind(
        name="press conferences, Tue and Fri",
        zone="Asia/Tokyo",
        day=lambda chance, day: batch(chance, 14 + chance.uniform(0, 3), 1.5, 15) if day.weekday() in {1, 4} else [],
        holidays=JAPAN,
        is_dated=False,
    ),
    Kind(name="Chinese ministry", zone="Asia/Shanghai", day=weekdays(chinese_ministry), holidays=CHINA, is_dated=False),
    Kind(name="EU press corner", zone="Europe/Brussels", day=weekdays(press_corner), holidays=UNION),
    Kind(
        name="official journal",
        zone="Europe/Brussels",
        day=weekdays(lambda chance, _: batch(chance, 7 + chance.uniform(0, 0.4), 12, 10)),
        holidays=UNION,
        entries=40,
        is_dated=False,
    ),
    Kind(name="gov.uk department", zone="Europe/London", day=weekdays(gov_uk), holidays=BRITAIN),
    Kind(name="wire agency", zone="Europe/London", day=wire, entries=50),
    Kind(name="newspaper", zone="Asia/Tokyo", day=newspaper, entries=50),
    Kind(
        name="trade press, on the hour",
        zone="America/New_York",
        day=weekdays(lambda chance, _: [float(hour) for hour in range(7, 18) if chance.random() < 0.6]),
        lag=4,
    ),
    Kind(
        name="think tank, Thursdays",
        zone="America/New_York",
        day=lambda chance, day: (
            [chance.gauss(10.5, 0.7)] if day.weekday() == 3 and chance.random() < 0.85 else drawn(chance, 0.04, flat(9, 17))
        ),
    ),
    Kind(name="quiet regulator, one a month", zone="Europe/Berlin", day=weekdays(lambda c, _: drawn(c, 1 / 21, flat(9, 17)))),
    Kind(name="blog at any hour", zone="Europe/Paris", day=lambda chance, _: drawn(chance, 0.45, flat(0, 24))),
    Kind(
        name="dead since last year",
        zone="Europe/Rome",
        day=weekdays(lambda chance, _: drawn(chance, 0.5, flat(9, 17))),
        until=datetime(2025, 12, 1, tzinfo=UTC),
    ),
)


def moments(kind: Kind, seed: int) -> list[Moment]:
    """When the items of a source can be read, and what they say about it; oldest first."""
    chance = random.Random(f"{kind.name} {seed}")
    zone = ZoneInfo(kind.zone)
    found = []
    first = (START - timedelta(days=BACKLOG_DAYS)).date()
    for number in range(BACKLOG_DAYS + DAYS + 2):
        day = first + timedelta(days=number)
        if day in kind.holidays or (kind.until and day >= kind.until.date()):
            continue
        midnight = datetime(day.year, day.month, day.day, tzinfo=zone)
        for hour in kind.day(chance, day):
            at = (midnight + timedelta(hours=hour)).astimezone(UTC)  # on the wall clock: 08:45 is 08:45 in summer, too
            visible = at + timedelta(minutes=chance.uniform(0, kind.lag))
            found.append(Moment(visible, at if kind.is_dated else midnight.astimezone(UTC)))
    return sorted(found, key=lambda each: each.visible)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What reading one source for sixty days took and gave."""

    requests: int
    delays: list[float]  # minutes from visible to read


@dataclass(frozen=True, slots=True)
class Seen:
    """What a fetch has shown."""

    news: Sequence[datetime]  # the stated times of items that are new
    since: datetime | None  # when the source was read before
    now: datetime
    zone: ZoneInfo
    entries: int


class Fixed:
    """Every so often."""

    def __init__(self, every: timedelta) -> None:
        self.every = every

    def next(self, _: Seen) -> timedelta:
        return self.every


class Doubling:
    """Sooner when something was new, later when all was known: the rule of most readers. Knows no hours."""

    def __init__(self, usual: timedelta, shortest: timedelta, longest: timedelta) -> None:
        self.span, self.shortest, self.longest = usual, shortest, longest

    def next(self, seen: Seen) -> timedelta:
        self.span = min(max(self.span * (0.5 if seen.news else 1.25), self.shortest), self.longest)
        return self.span


class Learned:
    """The product's rule."""

    def __init__(self, usual: timedelta, shortest: timedelta, longest: timedelta) -> None:
        self.usual, self.shortest, self.longest = usual, shortest, longest
        self.rhythm: Rhythm | None = None

    def next(self, seen: Seen) -> timedelta:
        self.rhythm = rhythm.learn(self.rhythm, seen.news, since=seen.since, now=seen.now, zone=seen.zone, entries=seen.entries)
        return rhythm.wait(
            self.rhythm, now=seen.now, zone=seen.zone, shortest=self.shortest, longest=self.longest, usual=self.usual
        )


Rule = Fixed | Doubling | Learned


def simulate(kind: Kind, found: list[Moment], rule: Rule) -> Run:
    """Reads one source from START to END, and goes on until it has all that was published by then."""
    zone = ZoneInfo(kind.zone)
    visible = [each.visible for each in found]
    now = START + timedelta(seconds=random.Random(kind.name).uniform(0, 900))  # no rule may gain by standing on the quarters
    first, last = bisect_right(visible, now), bisect_left(visible, END)
    seen, since, requests = max(first - kind.entries, 0), None, 0
    delays: list[float] = []
    while now < END or len(delays) < last - first:
        end = bisect_right(visible, now)
        requests += now < END
        news = [each.stated for each in found[max(seen, end - kind.entries) : end]]
        delays += [(now - at) / MINUTE for at in visible[max(seen, first) : min(end, last)]]
        seen, since, now = end, now, now + rule.next(Seen(news, since, now, zone, kind.entries))
    return Run(requests=requests, delays=delays)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What a rule took and gave over all sources; delays in minutes."""

    requests: int
    median: float  # over all items
    alike: float  # median over all items, each source weighing the same
    of_medians: float  # mean of the sources' medians
    p90: float
    after_1h: float  # share of items
    after_4h: float


def figures(runs: Sequence[Run]) -> Figures:
    delays = sorted(delay for run in runs for delay in run.delays)
    weighed = sorted((delay, 1 / len(run.delays)) for run in runs for delay in run.delays)
    total, passed, alike = sum(weight for _, weight in weighed), 0.0, 0.0
    for alike, weight in weighed:  # noqa: B007 - the delay at which half is passed is what we want
        passed += weight
        if passed >= total / 2:
            break
    return Figures(
        requests=sum(run.requests for run in runs),
        median=statistics.median(delays),
        alike=alike,
        of_medians=statistics.mean(statistics.median(run.delays) for run in runs if run.delays),
        p90=quantile(delays, 0.9),
        after_1h=sum(delay > 60 for delay in delays) / len(delays),
        after_4h=sum(delay > 240 for delay in delays) / len(delays),
    )


def quantile(ordered: Sequence[float], share: float) -> float:
    return ordered[int(share * (len(ordered) - 1))]


def run(rule: Callable[[], Rule], found: Sequence[list[Moment]]) -> list[Run]:
    return [simulate(kind, moments, rule()) for kind, moments in zip(KINDS, found, strict=True)]


def line(name: str, got: Figures) -> str:
    return (
        f"{name:<34}{got.requests / DAYS / len(KINDS):>9.1f}{got.median:>9.1f}{got.alike:>9.1f}{got.of_medians:>10.1f}"
        f"{got.p90:>8.1f}{got.after_1h:>8.2%}{got.after_4h:>8.2%}"
    )


def equal(rule: Callable[[float], Figures], wanted: float, figure: Callable[[Figures], float]) -> tuple[float, Figures]:
    """The slowest setting (minutes), of 8 to 30, whose figure is no worse than wanted."""
    fast, slow = 8.0, 30.0
    for _ in range(5):
        middle = round(math.sqrt(fast * slow), 1)
        if figure(rule(middle)) <= wanted:
            fast = middle
        else:
            slow = middle
    return fast, rule(fast)


def cost() -> tuple[float, float, int]:
    """Median CPU time in microseconds of learning from a fetch, and of finding the wait; the longest text written."""
    spent: tuple[list[float], list[float]] = ([], [])
    longest = 0
    for kind in KINDS:
        rule = Learned(15 * MINUTE, 10 * MINUTE, DAY)
        simulate(kind, moments(kind, 1), rule)
        assert rule.rhythm
        zone, now = ZoneInfo(kind.zone), rule.rhythm.at
        longest = max(longest, len(rhythm.written(rule.rhythm)))
        for number in range(200):
            since, now = now, now + 10 * MINUTE
            start = time.process_time()
            known = rhythm.learn(rule.rhythm, [since + MINUTE] * (number % 2), since=since, now=now, zone=zone, entries=20)
            between = time.process_time()
            rhythm.wait(known, now=now, zone=zone, shortest=10 * MINUTE, longest=DAY, usual=15 * MINUTE)
            spent[0].append(between - start)
            spent[1].append(time.process_time() - between)
    return statistics.median(spent[0]) * 1e6, statistics.median(spent[1]) * 1e6, longest


def main(seed: int = 1) -> None:
    """Prints the kinds, the curves, and how many requests are saved at the same median delay."""
    found = [moments(kind, seed) for kind in KINDS]
    known: dict[tuple[float, float, float], list[Run]] = {}

    def learned(usual: float, shortest: float = 10, longest: float = 1440) -> list[Run]:
        key = (usual, shortest, longest)
        if key not in known:
            known[key] = run(lambda: Learned(usual * MINUTE, shortest * MINUTE, longest * MINUTE), found)
        return known[key]

    fixed = run(lambda: Fixed(15 * MINUTE), found)
    print(
        f"{len(KINDS)} sources, {DAYS} days, {sum(len(each.delays) for each in fixed):,} items; delays in minutes, seed {seed}\n"
    )
    print(
        f"{'usual 15 min, 10 min to 24 h':<34}{'items':>9}{'requests a day':>16}{'median':>9}{'p90':>9}{'fixed: 96':>12}{'median':>9}"
    )
    for kind, ours, theirs in zip(KINDS, learned(15), fixed, strict=True):
        delays = sorted(ours.delays)
        row = f"{kind.name:<34}{len(delays):>9}{ours.requests / DAYS:>16.1f}"
        if delays:
            row += (
                f"{statistics.median(delays):>9.1f}{quantile(delays, 0.9):>9.1f}{'':>12}{statistics.median(theirs.delays):>9.1f}"
            )
        print(row)

    print(f"\n{'requests a day and source':>43}{'median':>9}{'alike':>9}{'of med.':>10}{'p90':>8}{'> 1 h':>8}{'> 4 h':>8}")
    for every in (5, 10, 15, 30, 45, 60, 120):
        print(line(f"fixed, {every} min", figures(run(lambda every=every: Fixed(every * MINUTE), found))))  # type: ignore[misc]
    for shortest in (2, 5, 10):
        got = figures(run(lambda shortest=shortest: Doubling(15 * MINUTE, shortest * MINUTE, DAY), found))  # type: ignore[misc]
        print(line(f"halve or lengthen, from {shortest} min", got))
    for usual in (7.5, 10, 15, 20, 30, 60):
        print(line(f"learned, usual {usual:g} min", figures(learned(usual))))
    print(line("learned, usual 15, shortest 2 min", figures(learned(15, shortest=2))))
    print(line("learned, usual 15, longest 4 h", figures(learned(15, longest=240))))
    print("\nalike: each source weighs the same; of med.: the mean of the sources' medians\n")

    base = figures(fixed)
    for name, figure in (
        ("over all items", lambda each: each.median),
        ("each source weighing the same", lambda each: each.alike),
    ):
        usual, got = equal(lambda usual: figures(learned(usual)), figure(base), figure)
        print(
            f"{base.requests / got.requests:.1f} times fewer requests than every 15 minutes at the same median delay {name}: "
            f"{figure(got):.1f} against {figure(base):.1f} min, usual {usual:g} min, "
            f"later than 1 h {got.after_1h:.2%}, 4 h {got.after_4h:.2%}"
        )
    learning, waiting, size = cost()
    print(f"\nlearn {learning:.0f} us, wait {waiting:.0f} us a fetch; {size} bytes written")


if __name__ == "__main__":
    main()
