"""What a rule would have decided on a past: the same verdicts, item by item, each with the event as it had come then.

Pure: a rule, the past in its order, what was told beside it - to figures and alerts. Nothing is ordered, nothing is written.
"""

from __future__ import annotations

import heapq
import statistics
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from monitor.decide import Remembered, advanced, decide, shown_first
from monitor.events import Part, in_time, part_of, reached, said_by, standpoint
from monitor.items import Alert, AlertKind, AlertState, DateKind, Judged, Rule, Stage
from monitor.match import Subject
from monitor.messages import Silence
from monitor.stage import Transition
from monitor.standing import Standing

_DAY = timedelta(days=1)
_Come = tuple[tuple[Transition, ...], tuple[Standing, ...]]
"""How far an event has come: its way and its dates, as events.reached() has them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """An item of the past when it was judged first, in the event that it was given then."""

    judged: Judged
    at: datetime  # when it was judged first
    arrival: int  # order in which items came to the archive
    may_match: bool = True  # False: it does not satisfy the rule's query for sure, and only takes its event further
    storyline: str | None = None  # of its event


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """Items of the past that went from one event into another: a merge or a split."""

    event: str  # that they left
    into: str
    items: frozenset[str]
    is_merge: bool  # True: all that were there, and the id that they had goes on leading to them


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """An alert as it would have been, with what a reader knows its item by."""

    alert: Alert
    title: str
    source: str

    @property
    def is_fired(self) -> bool:
        """True if it was worth telling: a message, or folded."""
        return self.alert.state is not AlertState.SUPPRESSED


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """What a rule would have said on a day."""

    date: date  # local
    fired: int  # messages and folded
    messages: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """What of it was about one event, or came from one source."""

    id: str
    fired: int
    messages: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """What a rule would have decided on a past."""

    rule: Rule
    since: datetime
    until: datetime
    items: int  # that were asked about
    verdicts: tuple[Verdict, ...]  # in order of decision, one for each channel

    @property
    def zone(self) -> str:
        """Where its days begin and end: the zone of the rule's quiet hours, else UTC."""
        return self.rule.quiet.tz if self.rule.quiet else "UTC"

    @property
    def fired(self) -> tuple[Verdict, ...]:
        """What was worth telling."""
        return tuple(each for each in self.verdicts if each.is_fired)

    @property
    def messages(self) -> tuple[Verdict, ...]:
        """What would have gone."""
        return self._of(AlertState.WAITING)

    @property
    def folded(self) -> tuple[Verdict, ...]:
        """What would have been folded."""
        return self._of(AlertState.FOLDED)

    @property
    def suppressed(self) -> tuple[Verdict, ...]:
        """What would have been suppressed."""
        return self._of(AlertState.SUPPRESSED)

    @property
    def days(self) -> tuple[Day, ...]:
        """Every day of the span, also those without an alert, in order."""
        zone = ZoneInfo(self.zone)
        fired = Counter(each.alert.decided_at.astimezone(zone).date() for each in self.fired)
        gone = Counter(each.alert.decided_at.astimezone(zone).date() for each in self.messages)
        first, last = self.since.astimezone(zone).date(), self.until.astimezone(zone).date()
        all_days = (first + timedelta(days=count) for count in range((last - first).days + 1))
        return tuple(Day(date=day, fired=fired[day], messages=gone[day]) for day in all_days)

    @property
    def mean(self) -> float:
        """How often it would have fired in 24 hours."""
        return len(self.fired) / max((self.until - self.since) / _DAY, 1.0)

    @property
    def median(self) -> float:
        """How often it would have fired on a usual day."""
        return statistics.median(each.fired for each in self.days)

    @property
    def busiest(self) -> Day | None:
        """The day on which it would have fired most, the first of equals; None if it never would."""
        found = max(self.days, key=lambda each: each.fired)
        return found if found.fired else None

    @property
    def events(self) -> tuple[Share, ...]:
        """By event, the loudest first."""
        return self._shares(lambda each: each.alert.event)

    @property
    def sources(self) -> tuple[Share, ...]:
        """By source, the loudest first."""
        return self._shares(lambda each: each.source)

    def reasons(self, state: AlertState) -> tuple[tuple[str, int], ...]:
        """Why alerts were folded or suppressed, each with how many, the most frequent first."""
        return tuple(Counter(cause(each.alert) for each in self._of(state)).most_common())

    def _of(self, state: AlertState) -> tuple[Verdict, ...]:
        return tuple(each for each in self.verdicts if each.alert.state is state)

    def _shares(self, key: Callable[[Verdict], str]) -> tuple[Share, ...]:
        gone = Counter(key(each) for each in self.messages)
        counted = Counter(key(each) for each in self.fired)
        return tuple(Share(id=name, fired=n, messages=gone[name]) for name, n in counted.most_common())


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A replay beside what was really told in its span."""

    more: tuple[Verdict, ...]  # would have gone, and did not
    fewer: tuple[Alert, ...]  # went, and would not have gone


def cause(alert: Alert) -> str:
    """Why an alert was folded or suppressed, without the names that make each of them another."""
    if alert.silence is not None:
        return f"silence {alert.silence}"
    if alert.echo_of is not None:
        return "an echo of a bigger event, which was told"
    return "repeats an item that was decided on" if alert.reason.startswith("repeats ") else alert.reason


def difference(found: Replay, told: Iterable[Alert]) -> Difference:
    """What a replay would have told more and fewer than was told, in order of decision.

    Args:
        told: alerts that went, with the ids of events as they are now.
    """
    went = {_news(each): each for each in told if found.since <= each.decided_at <= found.until}
    would = {_news(each.alert): each for each in found.messages}
    return Difference(
        more=tuple(each for key, each in would.items() if key not in went),
        fewer=tuple(each for key, each in went.items() if key not in would),
    )


def _news(alert: Alert) -> tuple[str, ...]:
    """What a channel learns by an alert."""
    if alert.kind is AlertKind.MATCH:
        return alert.channel, alert.item
    return alert.channel, alert.event, alert.standpoint.stage.value if alert.kind is AlertKind.STAGE else alert.news


def replay(
    rule: Rule,
    past: Iterable[Turn | Move],
    *,
    since: datetime,
    until: datetime,
    history: Iterable[Alert] = (),
    silences: Sequence[Silence] = (),
    version: int | None = None,
) -> Replay:
    """What a rule would have decided.

    Args:
        past: items in the order in which they were judged, and between them what moved them; of those before `since` only what they
            add to their events counts.
        history: alerts that were really decided, in order; those of the rule itself count only before `since`.
        silences: all that ever were.
    """
    run = _Run(rule, since, history, silences, version)
    batch: list[Turn] = []
    moves: list[Move] = []
    for each in past:
        if isinstance(each, Move):
            moves.append(each)
            continue
        # what was judged at one moment was taken in as a whole before any rule decided
        if batch and batch[0].at != each.at:
            run.decide(batch)
            batch = []
        for move in moves:
            run.move(move)
        moves = []
        if not batch:
            run.pass_days(each.at)
        run.take(each)
        batch.append(each)
    run.decide(batch)
    for move in moves:
        run.move(move)
    run.pass_days(until)
    return Replay(rule=rule, since=since, until=until, items=run.asked, verdicts=tuple(run.verdicts))


class _Run:
    """A replay under way: what was told so far, and what each event had come to."""

    def __init__(
        self, rule: Rule, since: datetime, history: Iterable[Alert], silences: Sequence[Silence], version: int | None
    ) -> None:
        self.asked = 0
        self.verdicts: list[Verdict] = []
        self._rule = rule
        self._since = since
        self._version = version
        self._silences = silences
        self._former: dict[str, tuple[str, ...]] = {}  # ids of events that were merged into one
        self._into: dict[str, str] = {}  # by id of an event that was merged, the one that it went into
        self._past = Remembered(ids=lambda event: (event, *self._former.get(event, ())))
        self._history = [each for each in history if each.rule != rule.id or each.decided_at < since]
        self._next = 0  # of the history
        self._ahead: set[int] = set()  # places in the history that were taken before their turn
        self._of_item: dict[tuple[str, datetime], list[int]] = {}
        for place, each in enumerate(self._history):
            self._of_item.setdefault((each.item, each.decided_at), []).append(place)
        self._parts: dict[str, list[Part]] = {}  # by event
        self._stating: dict[str, Turn] = {}  # items that state a date or show a step, by which a date may put an event in force
        self._due: list[tuple[datetime, str]] = []  # a heap: when an event may advance by itself
        self._watched: set[tuple[datetime, str]] = set()

    def take(self, turn: Turn) -> None:
        """Take an item in."""
        self._parts.setdefault(turn.judged.link.event, []).append(part_of(turn.judged, turn.arrival))
        if turn.judged.findings.dates or turn.judged.findings.shown is not None:
            self._stating[turn.judged.item.id] = turn

    def decide(self, batch: Sequence[Turn]) -> None:
        """Decide on items that were judged at one moment, all of them taken in."""
        if not batch or batch[0].at < self._since:
            for turn in batch:
                self._remember(turn)
            return
        events = dict.fromkeys(self._into.get(turn.judged.link.event, turn.judged.link.event) for turn in batch)
        come = {event: reached(in_time(self._parts[event]), batch[0].at.date()) for event in events}
        shows = {way[-1].item for way, _ in come.values()}
        turns = {turn.judged.item.id: turn for turn in batch}
        for judged in shown_first([turn.judged for turn in batch], shows):
            turn = turns[judged.item.id]
            event = self._into.get(turn.judged.link.event)
            if event is not None:  # merged within the batch
                turn = replace(turn, judged=replace(turn.judged, link=replace(turn.judged.link, event=event)))
            self._remember(turn)
            self._decide(turn, come[turn.judged.link.event])

    def _decide(self, turn: Turn, come: _Come) -> None:
        event = turn.judged.link.event
        parts = self._parts[event]
        is_spoken = self._has_spoken(event)
        if turn.may_match or is_spoken:
            self.asked += turn.may_match
            subject = self._subject(turn, turn.at, come)
            alerts = decide(self._rule, subject, self._past, turn.at, self._version)
            self._keep(alerts, turn)
            if is_spoken or self._has_spoken(event):
                self._watch(parts, event, turn.at)

    def move(self, move: Move) -> None:
        """Let items go from one event into another."""
        parts = self._parts.get(move.event, [])
        gone = [each for each in parts if move.is_merge or each.filed.item.id in move.items]
        self._parts[move.event] = [each for each in parts if not move.is_merge and each.filed.item.id not in move.items]
        self._parts.setdefault(move.into, []).extend(gone)
        if move.is_merge:
            self._into = {each: move.into if into == move.event else into for each, into in self._into.items()}
            self._into[move.event] = move.into
            ids = (*self._former.get(move.into, ()), move.event, *self._former.pop(move.event, ()))
            self._former[move.into] = tuple(dict.fromkeys(ids))
            if self._has_spoken(move.into):
                self._due += [(moment, move.into) for moment, event in self._due if event == move.event]
                heapq.heapify(self._due)
        else:
            self._into.pop(move.into, None)
            self._former[move.event] = tuple(each for each in self._former.get(move.event, ()) if each != move.into)
        for each in gone:
            turn = self._stating.get(each.filed.item.id)
            if turn is not None:
                link = replace(turn.judged.link, event=move.into)
                self._stating[each.filed.item.id] = replace(turn, judged=replace(turn.judged, link=link))

    def pass_days(self, until: datetime) -> None:
        """Let stated dates put in force what was told, up to a moment."""
        while self._due and self._due[0][0] <= until:
            moment, event = heapq.heappop(self._due)
            parts = in_time(self._parts[event])
            if not parts:  # they have gone into another event since
                continue
            before, _ = reached(parts, moment.date() - _DAY)
            come = way, dates = reached(parts, moment.date())
            turn = self._stating.get(said_by(way, dates) or "")
            if turn is not None and before[-1].stage is not way[-1].stage:
                self._remember_day(moment, event, way[-1].stage)
                alerts = advanced(self._rule, self._subject(turn, moment, come), self._past, moment, self._version)
                self._keep(alerts, turn)

    def _watch(self, parts: Iterable[Part], event: str, now: datetime) -> None:
        """Look again at an event that was told on the days on which it is said to take effect."""
        days = {each.date for part in parts for each in part.dates if each.kind is DateKind.EFFECTIVE and each.date > now.date()}
        for day in days:
            due = datetime.combine(day, time(), UTC), event
            if due not in self._watched:
                self._watched.add(due)
                heapq.heappush(self._due, due)

    def _remember(self, turn: Turn) -> None:
        """What was really told before this item was decided on, and of it by other rules."""
        while self._next < len(self._history) and self._history[self._next].decided_at < turn.at:
            if self._next not in self._ahead:
                self._past.take([self._history[self._next]])
            self._next += 1
        for place in self._of_item.get((turn.judged.item.id, turn.at), ()):
            if place >= self._next and place not in self._ahead:
                self._ahead.add(place)
                self._past.take([self._history[place]])

    def _remember_day(self, moment: datetime, event: str, stage: Stage) -> None:
        """What other rules told of a stage on the day that brought it: all are asked at once, when judgement runs first on that day."""
        ids = (event, *self._former.get(event, ()))
        for place in range(self._next, len(self._history)):
            each = self._history[place]
            if each.decided_at >= moment + _DAY:
                break
            is_its = each.kind is AlertKind.STAGE and each.event in ids and each.standpoint.stage is stage
            if is_its and place not in self._ahead:
                self._ahead.add(place)
                self._past.take([each])

    def _subject(self, turn: Turn, now: datetime, come: _Come) -> Subject:
        """The item as the rule saw it, among the silences that held."""
        self._past.silences = [each for each in self._silences if each.begins_at <= now < each.ends_at]
        parts = in_time(self._parts[turn.judged.link.event])
        at = standpoint(parts, *come, now, storyline=turn.storyline)
        return Subject(judged=turn.judged, at=at, former=self._former.get(turn.judged.link.event, ()))

    def _has_spoken(self, event: str) -> bool:
        return any(self._past.has_spoken(self._rule.id, channel, event) for channel in self._rule.to)

    def _keep(self, alerts: Sequence[Alert], turn: Turn) -> None:
        self._past.take(alerts)
        item = turn.judged.item
        self.verdicts += [Verdict(alert=each, title=item.title, source=item.source) for each in alerts]
