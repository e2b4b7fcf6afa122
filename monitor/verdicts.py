"""What the rules decide on a batch: what each event has come to with the batch's own items, and what was told of it before.

Reads the archive, writes nothing.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta

from monitor.archive import Archive
from monitor.decide import Remembered, advanced, decide, furthest, shown_first
from monitor.errors import MonitorError, QueryError
from monitor.events import Part, in_time, part_of, reached, said_by, standpoint
from monitor.items import Alert, Judged, Rule, Standpoint
from monitor.match import Subject
from monitor.stage import Transition
from monitor.standing import Standing

log = logging.getLogger(__name__)


def text_of(rule: Rule) -> str:
    """What a rule says, in one form: another text is another version."""

    def plain(value: object) -> object:
        return (
            sorted(value)
            if isinstance(value, frozenset)
            else value.total_seconds()
            if isinstance(value, timedelta)
            else str(value)
        )

    return json.dumps(asdict(rule), default=plain, ensure_ascii=False, sort_keys=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Come:
    """How far an event has come."""

    way: tuple[Transition, ...]
    dates: tuple[Standing, ...]
    at: Standpoint


class Verdicts:
    """The rules over a batch of items.

    Args:
        versions: of the rules, by id.
        items: ids of the batch's items.
        storylines: by event; read when a rule decides, so it may still grow.
    """

    def __init__(
        self,
        archive: Archive,
        rules: Sequence[Rule],
        *,
        versions: Mapping[str, int],
        now: datetime,
        items: Iterable[str] = (),
        storylines: Mapping[str, str],
    ) -> None:
        self.versions = versions
        self._archive = archive
        self._rules = rules
        self._now = now
        self._storylines = storylines
        self._arrivals = archive.events.arrivals(items)
        self._parts: dict[str, dict[str, Part]] = {}  # by event and item
        self._gone: dict[str, set[str]] = {}  # by event: those that went into it in this batch
        self._into: dict[str, str] = {}  # by event that went into another one in this batch
        self._former: dict[str, tuple[str, ...]] = {}
        self._come: dict[str, _Come] = {}  # by event, those that were asked for
        self._past = _Past(archive, now, self._standing)

    def of_all(self, batch: Sequence[Judged]) -> list[Alert]:
        """The alerts that follow from a batch. It is taken in as a whole first: what its items show together is so, and no state
        between two of them is told.
        """
        for judged in batch:
            self._take(judged)
        shows = {self._come_to(self._into.get(each.link.event, each.link.event)).way[-1].item for each in batch}
        return [alert for judged in shown_first(batch, shows) for alert in self._of_item(judged)]

    def _of_item(self, judged: Judged) -> list[Alert]:
        event = self._into.get(judged.link.event)
        if event is not None:  # a later item of the batch showed that it is another one's
            judged = replace(judged, link=replace(judged.link, event=event))
        subject = self._subject(judged)
        return self._asked(lambda rule: decide(rule, subject, self._past, self._now, self.versions.get(rule.id)))

    def of_date(self, event: str) -> list[Alert]:
        """The alerts on an event that a stated date took further; none if the item that stated it is gone."""
        subject = self._subject_of_date(event)
        if subject is None:
            return []
        return self._asked(lambda rule: advanced(rule, subject, self._past, self._now, self.versions.get(rule.id)))

    def ways(self) -> dict[str, Transition]:
        """The stage that each event of the batch has reached."""
        return {event: each.way[-1] for event, each in self._come.items()}

    def _asked(self, verdict: Callable[[Rule], Sequence[Alert]]) -> list[Alert]:
        found: list[Alert] = []
        for rule in self._rules:
            try:
                with self._archive.errors():
                    alerts = verdict(rule)
            except QueryError as error:  # one broken rule never stops the others
                log.error("rule=%s cannot be read: %s", rule.id, error)
                continue
            except MonitorError:  # the archive's
                raise
            except Exception:
                log.exception("rule=%s cannot decide", rule.id)
                continue
            self._past.take(alerts)
            found += alerts
        return found

    def _take(self, judged: Judged) -> None:
        event, item = judged.link.event, judged.item
        for other in judged.link.merged:
            self._into |= {each: event for each, into in self._into.items() if into == other} | {other: event}
            self._of(event).update(self._of(other))
            self._gone.setdefault(event, set()).update({other, *self._gone.pop(other, ())})
        self._of(event)[item.id] = part_of(judged, self._arrivals.get(item.id, 0))

    def _come_to(self, event: str) -> _Come:
        if event not in self._come:
            parts = in_time(self._of(event).values())
            way, dates = reached(parts, self._now.date())
            at = standpoint(parts, way, dates, self._now, storyline=self._storylines.get(event))
            self._come[event] = _Come(way=way, dates=dates, at=at)
        return self._come[event]

    def _subject_of_date(self, event: str) -> Subject | None:
        come = self._come_to(event)
        said = said_by(come.way, come.dates)
        judged = None if said is None else self._archive.judging.judged(said)
        return None if judged is None else self._subject(judged)

    def _subject(self, judged: Judged) -> Subject:
        event = judged.link.event
        return Subject(judged=judged, at=self._come_to(event).at, former=self._all_former(event))

    def _of(self, event: str) -> dict[str, Part]:
        if event not in self._parts:
            self._parts[event] = {part.filed.item.id: part for part in self._archive.events.parts(event, is_whole=False)}
        return self._parts[event]

    def _all_former(self, event: str) -> tuple[str, ...]:
        if event not in self._former:
            self._former[event] = self._archive.events.former(event)
        return (*self._former[event], *sorted(self._gone.get(event, ())))

    def _standing(self, event: str) -> Iterator[str]:
        """The ids under which the archive may know an event: its own, and those that this batch put into it."""
        yield event
        yield from sorted(self._gone.get(event, ()))


class _Past(Remembered):
    """What the archive and this batch say was told."""

    def __init__(self, archive: Archive, now: datetime, ids: Callable[[str], Iterable[str]]) -> None:
        super().__init__(archive.silences.active(now), ids)
        self._archive = archive
        self._now = now
        self._speakers: dict[str, set[tuple[str, str]]] = {}

    def has_verdict(self, rule: str, item: str, channel: str) -> bool:
        return super().has_verdict(rule, item, channel) or self._archive.alerts.has_verdict(rule, item, channel)

    def is_told(self, item: str, channel: str) -> bool:
        return super().is_told(item, channel) or self._archive.alerts.is_told(item, channel)

    def count(self, channel: str, since: datetime, event: str | None) -> int:
        names = None if event is None else tuple(self._ids(event))
        return super().count(channel, since, event) + self._archive.alerts.count(channel, since, names, until=self._now)

    def told(self, channel: str, event: str) -> Standpoint | None:
        before = self._archive.alerts.told(channel, tuple(self._ids(event)))
        return furthest([*(before | self.lasts(channel, event)).values()], of=list(before.values()))

    def has_spoken(self, rule: str, channel: str, event: str) -> bool:
        return super().has_spoken(rule, channel, event) or any(
            (rule, channel) in self._speaking(each) for each in self._ids(event)
        )

    def bigger(self, channel: str, event: str, at: Standpoint, since: datetime) -> str | None:
        if at.storyline is None:
            return None
        here = self._biggest(channel, event, at, since)
        least = at.importance if here is None else here.standpoint.importance
        before = self._archive.alerts.bigger(channel, at.storyline, tuple(self._ids(event)), least, since, until=self._now)
        return before[0] if before is not None else None if here is None else here.event

    def _speaking(self, event: str) -> set[tuple[str, str]]:
        if event not in self._speakers:
            self._speakers[event] = self._archive.alerts.speakers(event)
        return self._speakers[event]
