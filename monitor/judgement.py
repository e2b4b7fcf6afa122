"""The second job: stored items to tags, events and orders. Reads, decides with pure verbs, writes once per batch.

An item whose batch fails stays unjudged and is met again; without a usable classifier items are linked and matched all the
same, untagged, and are tagged when there is one.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from monitor.archive import Archive
from monitor.encoders import Encoder
from monitor.errors import ModelError, QueryError
from monitor.identify import identify
from monitor.items import Alert, AlertState, Findings, Item, Judged, Link, Rule, Stage, Tag, event_id
from monitor.lexicon import Lexicon
from monitor.link import HORIZON, Linker
from monitor.match import Past, Subject, decide
from monitor.stage import is_further
from monitor.tag import Model, tag

log = logging.getLogger(__name__)

BATCH = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Judging:
    """What a run of judgement did."""

    judged: int
    tagged: int  # items that got at least one theme
    alerts: int  # waiting to be told
    folded: int
    suppressed: int
    seconds: float


@dataclass(slots=True)
class Judge:
    """Judgement with its memory of live events; make one, run it as often as there is something to judge.

    Args:
        model: None if there is no usable classifier.
        encoder: of the sentence vectors that the model reads; None: its plain head decides alone.
    """

    archive: Archive
    rules: Sequence[Rule]
    lexicon: Lexicon
    model: Model | None
    encoder: Encoder | None
    clock: Callable[[], datetime]
    _linker: Linker | None = field(default=None, init=False)

    def run(self, on_done: Callable[[int], None] = lambda _: None) -> Judging:
        """Judge everything that waits.

        Args:
            on_done: told the number of items of each finished batch, for progress.
        """
        began = time.monotonic()
        if self.model is not None and self.archive.judging.untagged(1):
            with self.archive.errors():
                again = self.archive.judging.forget_unclassified()
            log.info("retagging items=%d", again)
        judged: list[Judged] = []
        alerts: list[Alert] = []
        while True:
            batch = self.archive.judging.unjudged(BATCH)
            if not batch:
                break
            done, ordered = self._batch(sorted(batch, key=lambda item: (item.moment, item.id)))
            judged += done
            alerts += ordered
            on_done(len(done))
        states = [alert.state for alert in alerts]
        found = Judging(
            judged=len(judged),
            tagged=sum(1 for each in judged if each.themes),
            alerts=states.count(AlertState.WAITING),
            folded=states.count(AlertState.FOLDED),
            suppressed=states.count(AlertState.SUPPRESSED),
            seconds=round(time.monotonic() - began, 3),
        )
        if found.judged:
            log.info("judged items=%d tagged=%d alerts=%d folded=%d", found.judged, found.tagged, found.alerts, found.folded)
        return found

    def _batch(self, items: list[Item]) -> tuple[list[Judged], list[Alert]]:
        now = self.clock()
        judged: list[Judged] = []
        alerts: list[Alert] = []
        stages: dict[str, Stage] = {}
        try:
            linker = self._live(now)
            for each in self._read(items, linker):
                judged.append(each)
                event, found = each.link.event, each.findings.stage
                before = stages.get(event) or self.archive.judging.stage_of(event) or found
                stages[event] = found if is_further(found, before) else before
                alerts += self._decided(Subject(judged=each, stage=stages[event]), alerts, now)
            with self.archive.errors():
                self.archive.judging.write(judged, alerts, now)
        except BaseException:
            self._linker = None  # it remembers what was not written
            raise
        return judged, alerts

    def _read(self, items: Sequence[Item], linker: Linker) -> Iterator[Judged]:
        """The judgement of each item; one that a verb cannot take is kept in an event of its own, and named in the log."""
        version = None if self.model is None else self.model.version
        findings: dict[str, Findings] = {}
        for item in items:
            try:
                findings[item.id] = identify(item, self.lexicon)
            except Exception:
                log.exception("cannot judge item=%s source=%s; kept without tags", item.id, item.source)
        known = [item for item in items if item.id in findings]
        tags = self._tagged([(item, findings[item.id]) for item in known])
        for item in items:
            yield Judged(
                item=item,
                findings=findings.get(item.id, Findings(lang=item.lang)),
                tags=tags.get(item.id, ()),
                link=self._linked(item, findings.get(item.id), linker),
                model=version,
            )

    def _linked(self, item: Item, findings: Findings | None, linker: Linker) -> Link:
        """The event of an item; one of its own where the item could not be read, or cannot be linked."""
        alone = Link(event=event_id(item.id), is_new=True)
        if findings is None:
            return alone
        try:
            return linker.link(item, findings)
        except Exception:
            log.exception("cannot link item=%s source=%s; kept alone", item.id, item.source)
            return alone

    def _tagged(self, items: Sequence[tuple[Item, Findings]]) -> dict[str, tuple[Tag, ...]]:
        """Tags by item, all together, because sentence vectors cost less so; where that fails, one by one."""
        if self.model is None:
            return {item.id: () for item, _ in items}
        try:
            return dict(zip((item.id for item, _ in items), tag(self.model, items, self.encoder), strict=True))
        except Exception:
            if len(items) == 1:
                log.exception("cannot tag item=%s source=%s; kept without tags", items[0][0].id, items[0][0].source)
                return {items[0][0].id: ()}
            return {name: tags for each in items for name, tags in self._tagged([each]).items()}

    def _decided(self, subject: Subject, pending: list[Alert], now: datetime) -> list[Alert]:
        found: list[Alert] = []
        for rule in self.rules:
            try:
                found += decide(rule, subject, self._past([*pending, *found]), now)
            except QueryError as error:  # one broken rule never stops the others
                log.error("rule=%s cannot be read: %s", rule.id, error)
        return found

    def _past(self, pending: list[Alert]) -> Past:
        """What the archive and this batch say was told."""
        ask = self.archive.judging

        def has_verdict(rule: str, item: str, channel: str) -> bool:
            return any((each.rule, each.item, each.channel) == (rule, item, channel) for each in pending) or ask.has_alert(
                rule, item, channel
            )

        def is_told(item: str, channel: str) -> bool:
            here = any(each.item == item and each.channel == channel and each.state is AlertState.WAITING for each in pending)
            return here or ask.is_told(item, channel)

        def count(channel: str, since: datetime, event: str | None) -> int:
            here = sum(
                1
                for each in pending
                if each.channel == channel and each.state is AlertState.WAITING and event in (None, each.event)
            )
            return here + ask.alerts_since(channel, since, event)

        return Past(has_verdict=has_verdict, is_told=is_told, count=count)

    def _live(self, now: datetime) -> Linker:
        """The linker, filled with the archive's live events at first use."""
        if self._linker is None:
            self._linker = Linker()
            for item, findings, event in self.archive.judging.live(now - HORIZON - timedelta(days=1)):
                self._linker.remember(item, findings, event)
        return self._linker


def with_fallback(load: Callable[[], Model]) -> Model | None:
    """The model, or None with a logged reason: intake and linking go on without it."""
    try:
        return load()
    except ModelError as error:
        log.error("no classifier: %s", error)
        return None
