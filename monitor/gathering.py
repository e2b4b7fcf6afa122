"""What of the archive belongs into one reader's digest, each event once and under the heading that says most. Reads only.

An event is new, has gone further, moved, or fell quiet; one that is a single item of no weight by itself is told as that item.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from monitor import query
from monitor.archive import Archive
from monitor.changes import ChangedDate, Progress, progress
from monitor.digest_content import DEADLINE_DAYS, MAX_DATES, MAX_EVENTS, MAX_SINGLES, Dated, ThemeDays, Told
from monitor.events import Deadline
from monitor.items import Filed, Tier

QUIET = timedelta(days=7)
"""After so long without an item an event that was told has gone quiet."""
CHART_DAYS = 30
AHEAD_DAYS = 366
"""How far ahead a date may lie that a merge ended and a calendar is told of."""
MAX_EVENTS_READ = 1000
"""Events that are looked at for one digest, those with the most items first."""
_TIERS = tuple(Tier)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a reader wants."""

    tree: query.Node
    is_themed: bool  # a digest of everything means everything that has a theme, not the whole news


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """What a digest has to tell, in order; see digest_content.Content."""

    dates: tuple[Dated, ...]
    dates_left_out: int
    changed: tuple[Deadline, ...]
    new: tuple[Told, ...]
    escalated: tuple[Told, ...]
    moved: tuple[Told, ...]
    quiet: tuple[Told, ...]
    singles: tuple[Told, ...]
    left_out: int
    days: tuple[ThemeDays, ...]


def gathered(
    archive: Archive,
    wanted: Wanted,
    *,
    since: datetime,
    until: datetime,
    zone: ZoneInfo,
    told_since: datetime | None,
    lang: str,
) -> Gathered:
    """What a digest of a span has to tell.

    Args:
        until: exclusive.
        told_since: where the reader's first digest began; None: as if there had always been one.
        lang: of the reader: whose titles stand for a date.
    """
    touched = archive.readers.touched(wanted.tree, since, until, is_themed=wanted.is_themed, limit=MAX_EVENTS_READ)
    found = _Reading(archive, wanted, since, until, lang)
    came = found.progress(touched.events)
    headings: dict[str, list[Progress]] = {"new": [], "escalated": [], "moved": [], "singles": []}
    for each in came:
        heading = _heading(each)
        if heading is not None:
            headings[heading].append(each)
    ids = {each.event.id for each in came if _heading(each)}
    ended = archive.readers.fallen_quiet(wanted.tree, since - QUIET, until - QUIET, until, is_themed=wanted.is_themed)
    quiet = found.progress(event for event in ended if event not in ids)
    headings["quiet"] = [
        each
        for each in quiet
        if (each.is_of_weight or each.event.expected is not None) and _was_told(each, found.filed, told_since)
    ]
    today = until.astimezone(zone).date()
    dates = found.dates(today)
    kept, left_out = _kept(headings)
    return Gathered(
        dates=tuple(dates[:MAX_DATES]),
        dates_left_out=max(0, len(dates) - MAX_DATES),
        changed=found.changed(came, dates, today),
        left_out=left_out + touched.left_out,
        days=_days(archive, wanted, until, zone, today),
        **{name: tuple(_told(each, lang) for each in events) for name, events in kept.items()},
    )


class _Reading:
    """The events of one reader, each made once."""

    def __init__(self, archive: Archive, wanted: Wanted, since: datetime, until: datetime, lang: str) -> None:
        self._archive = archive
        self._wanted = wanted
        self._since, self._until = since, until
        self._lang = lang
        self._made: dict[str, Progress] = {}
        self._mine: set[str] = set()
        self.filed: dict[str, datetime] = {}

    def progress(self, events: Iterable[str]) -> list[Progress]:
        """What became of events, in their order."""
        events = list(events)
        missing = [event for event in dict.fromkeys(events) if event not in self._made]
        if missing:
            self._mine |= self._archive.readers.wanted(self._wanted.tree, missing, self._until, is_themed=self._wanted.is_themed)
            self.filed |= self._archive.readers.filed(missing)
        for event in missing:
            parts = self._archive.events.parts(event)
            self._made[event] = progress(event, parts, self.filed, self._mine, self._since, self._until)
        return [self._made[event] for event in events]

    def dates(self, today: date) -> list[Dated]:
        """Dates of the next days of events with an item of the reader's; those that were moved out of them or withdrawn since, too."""
        found = []
        ahead = self._archive.events.deadlines(today, today + timedelta(days=DEADLINE_DAYS), self._until)
        for each, became in zip(ahead, self.progress(each.event for each in ahead), strict=True):
            own = (*became.had, *became.new)
            # what an item says that was judged after the end belongs to the next digest
            stands = next((one for one in became.event.dates if one.uid == each.date.uid), None)
            if not own or stands is None:
                continue
            change = next((one for one in became.dates if one.date.uid == stands.uid), None)
            is_ahead = today <= stands.date <= today + timedelta(days=DEADLINE_DAYS)
            if change is None and (stands.is_withdrawn or not is_ahead):
                continue
            item = next((one.item for one in own if one.item.id == stands.item), None) or self._nearest(own).item
            found.append(
                Dated(
                    deadline=Deadline(date=stands, event=each.event, themes=each.themes),
                    item=item,
                    change=None if change is None else change.change,
                    was=None if change is None else change.was,
                )
            )
        return sorted(found, key=lambda each: (each.deadline.date.date, each.deadline.event, each.deadline.date.kind))

    def changed(self, came: Iterable[Progress], dates: Iterable[Dated], today: date) -> tuple[Deadline, ...]:
        """Dates that a calendar should learn of: new, moved or withdrawn since, ahead or gone from ahead; and those that a merge ended."""
        found = {each.deadline.date.uid: each.deadline for each in dates if each.change is not None}
        for each in came:
            for change in each.dates:
                if _is_for_calendars(change, today) and (each.had or each.new):
                    themes = tuple(sorted(theme for theme, _ in each.event.themes))
                    found[change.date.uid] = Deadline(date=change.date, event=each.event.id, themes=themes)
        merged = self._archive.readers.merged(self._since, self._until)
        if merged:
            mine = {each.event.id for each in self.progress(sorted(merged)) if each.had or each.new}
            gone = self._archive.events.superseded(today, today + timedelta(days=AHEAD_DAYS), self._until)
            found |= {each.date.uid: each for each in gone if each.event in mine}
        return tuple(sorted(found.values(), key=lambda each: (each.date.date, each.event, each.date.uid)))

    def _nearest(self, items: Sequence[Filed]) -> Filed:
        return min(items, key=lambda each: (each.item.lang != self._lang, _TIERS.index(each.item.tier), each.item.moment))


def _is_for_calendars(change: ChangedDate, today: date) -> bool:
    days = [change.date.date] if change.was is None else [change.date.date, change.was]
    return any(day >= today for day in days)


def _heading(each: Progress) -> str | None:
    """The section in which an event is told; None if it has nothing for this reader."""
    if each.is_further and each.had:
        return "escalated"
    if not each.new:
        return None
    if each.had:
        return "moved"
    return "new" if each.is_of_weight else "singles"


def _was_told(each: Progress, filed: dict[str, datetime], told_since: datetime | None) -> bool:
    return any(told_since is None or filed[one.item.id] >= told_since for one in each.had)


def _kept(headings: dict[str, list[Progress]]) -> tuple[dict[str, list[Progress]], int]:
    """What a mail holds: of each section its most important events, a fair share at least; and how many are left out."""
    room = MAX_EVENTS
    kept: dict[str, list[Progress]] = {}
    left_out = 0
    names = ("new", "escalated", "moved", "quiet")
    ranked = {name: sorted(found, key=lambda each: (-each.event.importance, each.event.id)) for name, found in headings.items()}
    for place, name in enumerate(names):
        # the sections after it keep up to five places each
        reserved = sum(min(5, len(ranked[other])) for other in names[place + 1 :])
        kept[name] = ranked[name][: max(room - reserved, 0)]
        room -= len(kept[name])
        left_out += len(ranked[name]) - len(kept[name])
    kept["singles"] = ranked["singles"][:MAX_SINGLES]
    return kept, left_out + len(ranked["singles"]) - len(kept["singles"])


def _told(each: Progress, lang: str) -> Told:
    items = each.new or each.had[-1:]
    lead = None
    if not any(one.item.lang == lang and one.copy_of is None for one in items):
        known = [one.item for one in (*each.new, *each.had) if one.item.lang == lang]
        lead = min(known, key=lambda item: (_TIERS.index(item.tier), item.moment), default=None)
    return Told(
        event=each.event,
        items=items,
        lead=lead,
        sources=each.sources,
        was=each.was,
        is_known=bool(each.had),
    )


def _days(archive: Archive, wanted: Wanted, until: datetime, zone: ZoneInfo, today: date) -> tuple[ThemeDays, ...]:
    """Items a day of the themes that the reader asks for, or of all; the most items first."""
    first = today - timedelta(days=CHART_DAYS - 1)
    asked = set(query.themes(wanted.tree))
    found = archive.readers.daily(wanted.tree, first, until, zone)
    rows = [
        ThemeDays(theme=theme, counts=tuple(days.get(first + timedelta(days=n), 0) for n in range(CHART_DAYS)))
        for theme, days in found.items()
        if not asked or theme in asked
    ]
    return tuple(sorted(rows, key=lambda each: (-sum(each.counts), each.theme)))
