"""The second job: stored items to tags, events and orders. Reads, decides with pure verbs, writes once per batch.

What the archive does not let be written stays unjudged and is met again. An item on which our own code fails is kept with nothing
found, and holds no other. Without a usable classifier items are linked and matched all the same, untagged, and are tagged when
there is one.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

import numpy as np

from monitor.archive import Archive
from monitor.archive.judging import SET_ASIDE
from monitor.encoders import Encoder, encode
from monitor.errors import ModelError, MonitorError
from monitor.identify import identify
from monitor.items import Alert, AlertState, Findings, Item, Judged, Link, Reason, Rule, Tag, event_id, storyline_id
from monitor.lexicon import Lexicon
from monitor.likeness import HORIZON, Floats, Joining
from monitor.link import IDENTIFIERS, Linker, linked_before
from monitor.tag import Model, tag
from monitor.verdicts import Verdicts, text_of

log = logging.getLogger(__name__)

BATCH = 256
PARTS = 16
"""Into so many a batch is cut in which something fails: each part that fails costs reading the live events anew, and so do halves, which
take thrice as many to come to one item."""


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
        encoder: of the sentence vectors that the model and the linker read; None: they decide without.
        joining: the decision which item belongs to which event.
        storylines: the decision which event belongs to which storyline, by its first item with a theme; None: storylines are not kept.
    """

    archive: Archive
    rules: Sequence[Rule]
    lexicon: Lexicon
    model: Model | None
    encoder: Encoder | None
    joining: Joining
    clock: Callable[[], datetime]
    storylines: Joining | None = None
    _lines: Linker | None = field(default=None, init=False)  # of the items by which events were placed; its events are storylines
    _storyline_of: dict[str, str] = field(default_factory=dict, init=False)  # by event
    _linker: Linker | None = field(default=None, init=False)
    _decisions: int = field(default=0, init=False)  # merges and splits that the linker knows of
    _advanced_on: date | None = field(default=None, init=False)  # day of which stated dates were looked at
    _versions: Mapping[str, int] | None = field(default=None, init=False)  # of the rules; None: not asked yet

    def run(self, on_done: Callable[[int], None] = lambda _: None) -> Judging:
        """Judge everything that waits.

        Args:
            on_done: told the number of items of each finished batch, for progress.
        """
        began = time.monotonic()
        states = Counter(alert.state for alert in self._advance())
        if self.model is not None and self.archive.judging.untagged(1):
            with self.archive.errors():
                again = self.archive.judging.forget_unclassified()
            log.info("retagging items=%d", again)
        count = tagged = 0
        while batch := self.archive.judging.unjudged(BATCH):
            for judged, alerts in self._judged(sorted(batch, key=lambda item: (item.moment, item.id))):
                count += len(judged)
                tagged += sum(1 for each in judged if each.themes)
                states.update(alert.state for alert in alerts)
                on_done(len(judged))
        found = Judging(
            judged=count,
            tagged=tagged,
            alerts=states[AlertState.WAITING],
            folded=states[AlertState.FOLDED],
            suppressed=states[AlertState.SUPPRESSED],
            seconds=round(time.monotonic() - began, 3),
        )
        if found.judged:
            log.info("judged items=%d tagged=%d alerts=%d folded=%d", found.judged, found.tagged, found.alerts, found.folded)
        return found

    def _judged(self, items: list[Item]) -> Iterator[tuple[list[Judged], list[Alert]]]:
        """Judges items and keeps that: all together, or, where our own code fails on one of them, in parts, and that one bare.

        Raises:
            MonitorError: the archive's; no item is blamed for it.
        """
        now = self.clock()
        with self.archive.errors():  # outside of what an item is blamed for: it is the same for all
            linker = self._live(now)
            verdicts = self._verdicts(now, (item.id for item in items))
        found: tuple[list[Judged], list[Alert]] | None = None
        try:
            found = self._batch(items, linker, verdicts, now)
        except MonitorError:
            raise
        except Exception as error:
            if len(items) == 1:
                log.exception(
                    "cannot judge item=%s source=%s; kept with nothing found, and told to nobody. Read it with: monitor show %s;"
                    " and report this fault",
                    items[0].id,
                    items[0].source,
                    items[0].id,
                )
            else:
                log.warning("cannot judge %d items together (%s); in parts", len(items), type(error).__name__)
        if found is not None:
            yield found
        elif len(items) == 1:
            yield self._set_aside(items[0], now)
        else:
            size = -(-len(items) // PARTS)
            for start in range(0, len(items), size):
                yield from self._judged(items[start : start + size])

    def _batch(self, items: list[Item], linker: Linker, verdicts: Verdicts, now: datetime) -> tuple[list[Judged], list[Alert]]:
        try:
            vectors = self._vectors(items)
            with self.archive.errors():
                judged = list(self._read(items, linker, vectors))
                alerts = verdicts.of_all(judged)
                kept = self._kept(items, vectors)
                self._decisions += self.archive.judging.write(judged, alerts, now, kept, verdicts.ways(), verdicts.versions)
        except BaseException:
            self._linker = None  # it remembers what was not written
            raise
        return judged, alerts

    def _set_aside(self, item: Item, now: datetime) -> tuple[list[Judged], list[Alert]]:
        """Keeps an item as judged with nothing found; its event stands at the stage that is noted: to work it out may be what fails."""
        with self.archive.errors():
            event = self.archive.judging.events_of([item.id]).get(item.id)
            judged = self._bare(item, event)
            self.archive.judging.write([judged], (), now, reached={judged.link.event: None})
        return [judged], []

    def _bare(self, item: Item, event: str | None) -> Judged:
        """An item with nothing found.

        Args:
            event: that it has; None: it opens its own.
        """
        link = Link(event=event or event_id(item.id), is_new=event is None, reasons=(Reason(SET_ASIDE, 1.0),))
        return Judged(
            item=item,
            findings=Findings(lang=item.lang),
            tags=(),
            link=link,
            model=None if self.model is None else self.model.version,
        )

    def _read(self, items: Sequence[Item], linker: Linker, vectors: Floats | None) -> Iterator[Judged]:
        """The judgement of each item; one that a verb cannot take is kept in an event of its own, and named in the log."""
        findings: dict[str, Findings] = {}
        for item in items:
            try:
                findings[item.id] = identify(item, self.lexicon)
            except Exception:
                log.exception("cannot judge item=%s source=%s; kept without tags", item.id, item.source)
        places = [place for place, item in enumerate(items) if item.id in findings]
        known = [(items[place], findings[items[place].id]) for place in places]
        own = None if vectors is None else vectors[places]
        tags = self._tagged(known, own)
        links = self._linked(known, linker, own)
        links |= self._placed(known, tags, links, own)
        for item in items:
            bare = self._bare(item, None)
            yield replace(
                bare,
                findings=findings.get(item.id, bare.findings),
                tags=tags.get(item.id, ()),
                link=links.get(item.id, bare.link),
            )

    def _vectors(self, items: Sequence[Item]) -> Floats | None:
        """What the items mean, all together, because that costs less; None without an encoder."""
        if self.encoder is None:
            return None
        try:
            return encode(self.encoder, [item.text for item in items])
        except Exception:
            log.exception("cannot encode %d items; judged without their meaning", len(items))
            return None

    def _kept(self, items: Sequence[Item], vectors: Floats | None) -> dict[str, tuple[str, bytes]]:
        if vectors is None or self.encoder is None:
            return {}
        return {item.id: (self.encoder.id, row.astype("<f2").tobytes()) for item, row in zip(items, vectors, strict=True)}

    def _linked(self, items: Sequence[tuple[Item, Findings]], linker: Linker, vectors: Floats | None) -> dict[str, Link]:
        """Events by item; an item that was judged before keeps its event, and one that cannot be linked is left out."""
        before = self.archive.judging.events_of([item.id for item, _ in items])
        fresh: list[int] = []
        for place, (item, findings) in enumerate(items):
            if item.id in before:
                linker.remember(item, findings, before[item.id], None if vectors is None else vectors[place])
            else:
                fresh.append(place)
        found = {item: linked_before(event) for item, event in before.items()}
        try:
            links = list(linker.link_all([items[place] for place in fresh], None if vectors is None else vectors[fresh]))
            return found | {items[place][0].id: link for place, link in zip(fresh, links, strict=True)}
        except Exception:  # one item never stops the others; those that were linked already keep their events
            log.exception("cannot link %d items together; one by one", len(fresh))
        for place in fresh:
            item, findings = items[place]
            try:
                found[item.id] = linker.link(item, findings, None if vectors is None else vectors[place])
            except Exception:
                log.exception("cannot link item=%s source=%s; kept alone", item.id, item.source)
        return found

    def _placed(
        self,
        items: Sequence[tuple[Item, Findings]],
        tags: Mapping[str, Sequence[Tag]],
        links: Mapping[str, Link],
        vectors: Floats | None,
    ) -> dict[str, Link]:
        """The links of items by which their event gets its storyline: the first with a theme of each event that has none yet."""
        first: dict[str, int] = {}
        for place, (item, _) in enumerate(items):
            link = links.get(item.id)
            is_wanted = self.model is None or any(each.is_given for each in tags.get(item.id, ()))
            if link is not None and is_wanted and link.event not in self._storyline_of:
                first.setdefault(link.event, place)
        if self._lines is None or not first:
            return {}
        places = list(first.values())
        try:
            placed = list(self._lines.link_all([items[place] for place in places], None if vectors is None else vectors[places]))
        except Exception:
            log.exception("cannot place %d events in storylines", len(places))
            return {}
        self._storyline_of |= {event: storyline_id(line.event) for event, line in zip(first, placed, strict=True)}
        return {
            items[place][0].id: replace(links[items[place][0].id], storyline=self._storyline_of[event])
            for event, place in first.items()
        }

    def _tagged(self, items: Sequence[tuple[Item, Findings]], vectors: Floats | None) -> dict[str, tuple[Tag, ...]]:
        """Tags by item, all together; where that fails, one by one."""
        if self.model is None:
            return {item.id: () for item, _ in items}
        encoder = self.encoder if self.encoder is not None and self.encoder.id == self.model.vectors else None
        try:
            return dict(zip((item.id for item, _ in items), tag(self.model, items, encoder, vectors), strict=True))
        except Exception:
            if len(items) == 1:
                log.exception("cannot tag item=%s source=%s; kept without tags", items[0][0].id, items[0][0].source)
                return {items[0][0].id: ()}
            return {
                name: tags
                for place, each in enumerate(items)
                for name, tags in self._tagged([each], None if vectors is None else vectors[[place]]).items()
            }

    def _verdicts(self, now: datetime, items: Iterable[str] = ()) -> Verdicts:
        """The rules over a batch; which version of them decides is known from the first one on."""
        if self._versions is None:
            with self.archive.errors():
                self._versions = self.archive.alerts.versions({rule.id: text_of(rule) for rule in self.rules}, now)
        return Verdicts(self.archive, self.rules, versions=self._versions, now=now, items=items, storylines=self._storyline_of)

    def _advance(self) -> list[Alert]:
        """Put in force what a stated date put in force; the alerts that follow."""
        now = self.clock()
        if self._advanced_on == now.date():
            return []
        with self.archive.errors():
            due = self.archive.events.due(now.date())
        verdicts = self._verdicts(now)
        found: list[Alert] = []
        count = 0
        for event in due:
            try:
                with self.archive.errors():
                    if not self.archive.events.has_advanced(event, now):
                        continue
                    count += 1
                    alerts = verdicts.of_date(event)
                    self.archive.judging.advance(event, alerts, verdicts.versions, now)
            except MonitorError:
                raise
            except Exception:  # one event never stops the others, and not what waits to be judged
                log.exception("event=%s cannot be put in force by its date", event)
                continue
            found += alerts
        if count:
            log.info("in force by their date events=%d", count)
        self._advanced_on = now.date()
        return found

    def _live(self, now: datetime) -> Linker:
        """The linker, filled with the archive's live events at first use, and again when an analyst merged or split some."""
        decisions = self.archive.events.last_decision()
        if self._linker is None or decisions != self._decisions:
            self._linker = None  # one that is half filled is not used
            self._decisions = decisions
            linker = Linker(self.joining)
            linker.apart = self.archive.events.apart()
            self._lines = None if self.storylines is None else Linker(self.storylines)
            lines = self._storyline_of = self.archive.events.storylines()
            placed: set[str] = set()
            since = now - HORIZON - timedelta(days=1)
            with self.archive.errors():
                self.archive.judging.forget_vectors(since)
            for title, identifiers, event in self.archive.judging.quiet(since, IDENTIFIERS):
                linker.recall(title, identifiers, event)
                if self._lines is not None and event not in placed and event in lines:
                    placed.add(event)
                    self._lines.recall(title, identifiers, _line(lines[event]))
            encoder = None if self.encoder is None else self.encoder.id
            for item, findings, event, vector in self.archive.judging.live(since, encoder):
                meaning = None if vector is None else np.frombuffer(vector, "<f2").astype(np.float32)
                try:
                    linker.remember(item, findings, event, meaning)
                    if self._lines is not None and event not in placed and event in lines:
                        placed.add(event)
                        self._lines.remember(item, findings, _line(lines[event]), meaning)
                except Exception as error:  # noqa: BLE001 (an item that could not be judged holds no other when it is read back)
                    log.warning("cannot compare with item=%s (%s)", item.id, type(error).__name__)
            self._linker = linker
        return self._linker


def _line(storyline: str) -> str:
    """A storyline as the linker of storylines knows it: an event."""
    return f"E-{storyline.removeprefix('S-')}"


def with_fallback(load: Callable[[], Model]) -> Model | None:
    """The model, or None with a logged reason: intake and linking go on without it."""
    try:
        return load()
    except ModelError as error:
        log.error("no classifier: %s", error)
        return None
