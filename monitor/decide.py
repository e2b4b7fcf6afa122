"""What becomes of an item that a rule fires on, and of an event that goes on: told, folded or suppressed, each with its reason.

Pure: rule, judged item, what was told before, now - to alerts. A verdict once given stands.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from monitor.dates import WEST, is_day
from monitor.items import Alert, AlertKind, AlertState, Judged, Limit, Quiet, Rule, Stage, Standpoint, Tier
from monitor.match import Subject, compiled, matches
from monitor.messages import Silence
from monitor.reasons import wanted, why

log = logging.getLogger(__name__)


class Past(Protocol):
    """What was told before. Alerts that were folded or suppressed were not told."""

    silences: Sequence[Silence]
    """Those that hold."""

    def has_verdict(self, rule: str, item: str, channel: str) -> bool:
        """True if the rule's verdict on the item for the channel is known, whatever it was."""
        ...

    def is_told(self, item: str, channel: str) -> bool:
        """True if some rule has told the item to the channel."""
        ...

    def count(self, channel: str, since: datetime, event: str | None) -> int:
        """Alerts to a channel since a moment and until now, of one event or of all."""
        ...

    def told(self, channel: str, event: str) -> Standpoint | None:
        """What the channel was last told that the event had come to, with the most sources ever told; None if it was told nothing.

        Of events that are one now it is what was told of the one that had come furthest.
        """
        ...

    def has_spoken(self, rule: str, channel: str, event: str) -> bool:
        """True if the rule found the event worth telling to the channel, though it may have been folded."""
        ...

    def bigger(self, channel: str, event: str, at: Standpoint, since: datetime) -> str | None:
        """The most important other event of the storyline that the channel was told of since a moment, if it is more important."""
        ...


class Remembered:
    """A past that is kept in memory.

    Args:
        ids: all ids that stand for an event; itself, and those that went into it.
    """

    def __init__(self, silences: Sequence[Silence] = (), ids: Callable[[str], Iterable[str]] = lambda event: (event,)) -> None:
        self.silences = silences
        self._ids = ids
        self._verdicts: set[tuple[str, str, str]] = set()
        self._items: set[tuple[str, str]] = set()
        self._spoken: set[tuple[str, str, str]] = set()
        self._told: dict[str, list[Alert]] = {}  # by channel, in order of decision
        self._last: dict[tuple[str, str], Standpoint] = {}  # by channel and event

    def take(self, alerts: Iterable[Alert]) -> None:
        """Remember alerts, in the order in which they were decided."""
        for each in alerts:
            if each.kind is AlertKind.MATCH:
                self._verdicts.add((each.rule, each.item, each.channel))
            if each.state in (AlertState.WAITING, AlertState.FOLDED):
                self._spoken.add((each.rule, each.channel, each.event))
            if each.state is AlertState.WAITING:
                self._items.add((each.item, each.channel))
                self._told.setdefault(each.channel, []).append(each)
                before = self._last.get((each.channel, each.event), each.standpoint)
                most = max(before.sources, each.standpoint.sources)
                self._last[each.channel, each.event] = replace(each.standpoint, sources=most)

    def has_verdict(self, rule: str, item: str, channel: str) -> bool:
        """As Past has it, and so the rest."""
        return (rule, item, channel) in self._verdicts

    def is_told(self, item: str, channel: str) -> bool:
        return (item, channel) in self._items

    def count(self, channel: str, since: datetime, event: str | None) -> int:
        ids = None if event is None else set(self._ids(event))
        found = 0
        for each in reversed(self._told.get(channel, [])):
            if each.decided_at < since:
                break
            found += ids is None or each.event in ids
        return found

    def told(self, channel: str, event: str) -> Standpoint | None:
        return furthest(list(self.lasts(channel, event).values()))

    def lasts(self, channel: str, event: str) -> dict[str, Standpoint]:
        """What was last told of an event, by each id that stands for it."""
        return {each: self._last[channel, each] for each in self._ids(event) if (channel, each) in self._last}

    def has_spoken(self, rule: str, channel: str, event: str) -> bool:
        return any((rule, channel, each) in self._spoken for each in self._ids(event))

    def bigger(self, channel: str, event: str, at: Standpoint, since: datetime) -> str | None:
        found = self._biggest(channel, event, at, since)
        return None if found is None else found.event

    def _biggest(self, channel: str, event: str, at: Standpoint, since: datetime) -> Alert | None:
        """The alert that bigger() speaks of; of equals the last."""
        if at.storyline is None:
            return None
        ids = set(self._ids(event))
        found: Alert | None = None
        for each in reversed(self._told.get(channel, [])):
            if each.decided_at < since:
                break
            is_other = each.standpoint.storyline == at.storyline and each.event not in ids
            if is_other and each.standpoint.importance > (at if found is None else found.standpoint).importance:
                found = each
        return found


def furthest(told: Sequence[Standpoint], of: Sequence[Standpoint] = ()) -> Standpoint | None:
    """Of what was told of events that are one now: where the furthest stands, with the most sources; None of nothing.

    Args:
        of: further ones, of which only the sources count.
    """
    if not told:
        return None
    order = list(Stage)
    found = max(told, key=lambda each: (order.index(each.stage), each.importance, each.step or "", each.storyline or ""))
    return replace(found, sources=max(each.sources for each in (*told, *of)))


def decide(rule: Rule, subject: Subject, past: Past, now: datetime, version: int | None = None) -> tuple[Alert, ...]:
    """The alerts of a rule on an item, one a channel. () if it does not fire, and its event brings nothing new to who was told of it.

    Args:
        version: of the rule, for its record.
    """
    item, event = subject.judged.item, subject.judged.link.event
    is_match = matches(compiled(rule.when), subject, now)
    found = []
    for channel in rule.to:
        is_first = is_match and not past.has_verdict(rule.id, item.id, channel)
        if not is_first and not past.has_spoken(rule.id, channel, event):
            continue
        kind, news = risen(rule, subject.at, past.told(channel, event))
        if is_first and not (news and past.is_told(item.id, channel)):  # an item that was told tells what is new of its event
            kind = AlertKind.MATCH
        if is_first or news:
            found.append(_alert(rule, subject, channel, past, now, kind, news, version))
    return tuple(found)


def advanced(rule: Rule, subject: Subject, past: Past, now: datetime, version: int | None = None) -> tuple[Alert, ...]:
    """The alerts of a rule on an event that a date took further, one for each channel that was told of it.

    Args:
        subject: the item that stated the date, however old it is.
    """
    event = subject.judged.link.event
    found = []
    for channel in rule.to:
        if not past.has_spoken(rule.id, channel, event):
            continue
        kind, news = risen(rule, subject.at, past.told(channel, event))
        if news:
            found.append(_alert(rule, subject, channel, past, now, kind, news, version, is_by_date=True))
    return tuple(found)


def risen(rule: Rule, at: Standpoint, told: Standpoint | None) -> tuple[AlertKind, str]:
    """What is new of an event as a whole to a channel that was told of it; "" if nothing is."""
    if told is None:
        return AlertKind.MATCH, ""
    # what is on file is published as it is, on the day that was told with it: the first message says so in place
    is_printed = told.stage is Stage.ON_FILE and at.stage is Stage.FINAL
    if at.stage is not told.stage and at.stage in rule.stages and not is_printed:
        step = f" ({at.step})" if at.step else ""
        return AlertKind.STAGE, f"{_plain(told.stage)} → {_plain(at.stage)}{step}"
    passed = [count for count in rule.growth if told.sources < count <= at.sources]
    return (AlertKind.GROWTH, f"{passed[-1]} sources") if passed else (AlertKind.MATCH, "")


def shown_first(batch: Sequence[Judged], shows: AbstractSet[str | None]) -> list[Judged]:
    """A batch in the order in which it is decided on: what brings an event to its stage tells it, unless it repeats an item of the
    batch, which then goes before it; the rest follows as it came.

    Args:
        shows: ids of the items that bring their events to their stage; None of one that a date brought there.
    """
    first = {each.link.copy_of or each.item.id for each in batch if each.item.id in shows}
    return sorted(batch, key=lambda each: (each.item.id not in first, each.item.id not in shows))


def _plain(word: str) -> str:
    return word.replace("_", " ")


def _alert(
    rule: Rule,
    subject: Subject,
    channel: str,
    past: Past,
    now: datetime,
    kind: AlertKind,
    news: str,
    version: int | None,
    *,
    is_by_date: bool = False,
) -> Alert:
    judged = subject.judged
    best = wanted(rule, subject)
    is_read_by_people = channel not in rule.machines
    waiting = Alert(
        rule=rule.id,
        item=judged.item.id,
        event=judged.link.event,
        channel=channel,
        state=AlertState.WAITING,
        reason=f"{why(rule, subject, version)}{f' · {news}' if news else ''}",
        decided_at=now,
        not_before=quiet_until(rule.quiet, now) if rule.quiet and is_read_by_people else now,
        kind=kind,
        news=news,
        standpoint=subject.at,
        model=judged.model,
        scores=tuple((tag.theme, tag.score) for tag in sorted(judged.tags, key=lambda each: -each.score)),
        terms=best[0].reasons if best else (),
    )
    silence = next((each for each in past.silences if _is_silenced(each, subject, channel, now)), None)
    if silence is not None:
        reason = f"silence {silence.id} until {silence.ends_at:%Y-%m-%d %H:%MZ} by {silence.who}: {silence.query}"
        return replace(waiting, state=AlertState.SUPPRESSED, reason=reason, silence=silence.id)
    if not is_by_date and (reason := _too_late(rule, subject, channel, past, now, is_news=bool(news))):
        return replace(waiting, state=AlertState.SUPPRESSED, reason=reason)
    if kind is AlertKind.MATCH and past.is_told(judged.item.id, channel):
        return replace(waiting, state=AlertState.FOLDED, reason="another rule has told it to this channel", is_said=True)
    if news or not is_read_by_people:  # what goes on is never held back, and programs get everything
        return waiting
    return _within_limits(rule, waiting, past, may_echo=judged.item.tier is not Tier.OFFICIAL)


def _within_limits(rule: Rule, alert: Alert, past: Past, *, may_echo: bool) -> Alert:
    """The alert, folded if it is an echo or one too many.

    Args:
        may_echo: False for an official source: what it says is a measure of its own, however much is said of another one.
    """
    now, at = alert.decided_at, alert.standpoint
    is_mere_report = may_echo and at.stage is Stage.REPORTED and at.storyline is not None
    if rule.echo is not None and is_mere_report and past.told(alert.channel, alert.event) is None:
        bigger = past.bigger(alert.channel, alert.event, at, now - rule.echo)
        if bigger is not None:
            return replace(alert, state=AlertState.FOLDED, reason=f"an echo of {bigger}, which was told", echo_of=bigger)
    for limit, event in ((rule.per_event, alert.event), (rule.per_channel, None)):
        if limit is not None and past.count(alert.channel, now - limit.window, event) >= limit.count:
            what = "for one event" if event else "for the channel"
            return replace(alert, state=AlertState.FOLDED, reason=f"over the limit of {limit_text(limit)} {what}")
    return alert


def _too_late(rule: Rule, subject: Subject, channel: str, past: Past, now: datetime, *, is_news: bool) -> str:
    """Why an item is no news any more; "" if it is.

    Args:
        is_news: its event has come further, so that even a document that repeats another one word for word has to be told.
    """
    item, link = subject.judged.item, subject.judged.link
    if item.is_imported:
        return "imported: it was news elsewhere"
    if item.is_backlog and item.published is None and item.changed_at is None:
        return "undated, and there when its source was first read"
    begun = (
        item.moment + WEST if is_day(item.moment) else item.moment
    )  # of a day, not the hours that were not yet of it in America
    if now - max(begun, item.changed_at or begun) > rule.window:
        return f"older than the rule's window ({_hours(rule.window)})"
    if not is_news and link.copy_of and past.has_verdict(rule.id, link.copy_of, channel):
        return f"repeats {link.copy_of}"
    return ""


def _is_silenced(silence: Silence, subject: Subject, channel: str, now: datetime) -> bool:
    if silence.channel not in (None, channel):
        return False
    try:
        return matches(compiled(silence.query), subject, now)
    except Exception as error:  # noqa: BLE001 (such as a query of an older version of the language: rather told than lost)
        log.warning("silence=%d cannot be read and is passed over error=%s", silence.id, type(error).__name__)
        return False


def quiet_until(quiet: Quiet, now: datetime) -> datetime:
    """When an alert of this moment may be sent: now, or the end of the quiet hours."""
    zone = ZoneInfo(quiet.tz)
    local = now.astimezone(zone)
    start, end = time.fromisoformat(quiet.start), time.fromisoformat(quiet.end)
    clock = local.time()
    is_over_midnight = end <= start
    is_quiet = (clock >= start or clock < end) if is_over_midnight else start <= clock < end
    if not is_quiet:
        return now
    day = local.date() + timedelta(days=1) if is_over_midnight and clock >= start else local.date()
    ends = datetime.combine(day, end, zone).astimezone(UTC)
    # in the night when the clock goes back a time comes twice: the second one is meant if the first is over
    return ends if ends > now else datetime.combine(day, end.replace(fold=1), zone).astimezone(UTC)


def limit_text(limit: Limit) -> str:
    """A limit as feeds.yaml writes it: 4/6h."""
    return f"{limit.count}/{_hours(limit.window)}"


def _hours(span: timedelta) -> str:
    hours = span.total_seconds() / 3600
    return f"{hours:g}h" if hours < 72 else f"{hours / 24:g}d"
