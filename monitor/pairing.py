"""Trains the decision whether an item belongs to an event, from labelled streams. Deterministic; no I/O.

Items pass a linker in the order of their times: for events those of all streams as one, for storylines each stream for itself. Each is
compared with events that it might belong to, and the answer is known: first with events as they really are, then, twice, with events as
the linker so far would have made them, faults included - it has to decide among those.
Source of the second part: Ross, Gordon and Bagnell 2011, A reduction of imitation learning to no-regret online learning (DAgger).
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from sklearn.linear_model import LogisticRegression

from monitor.classifiers import Report
from monitor.encoders import Encoder, encode
from monitor.evaluate import Pairs, pairs
from monitor.identify import identify
from monitor.items import Findings
from monitor.lexicon import Lexicon
from monitor.likeness import FEATURES, WAYS, Compared, Floats, Joining
from monitor.link import Linker
from monitor.mark import usual_counts
from monitor.train import fold

ROUNDS = 2
"""Times that the linker's own events are learned from."""
SIZE = {"event": 0.25, "storyline": 0.15}
"""What the logarithm of an event's size adds to the log-odds, by level; docs/decisions/0017."""
STRICTER = {"event": {"same": 0.0, "bare": 1.0, "across": 0.25}, "storyline": dict.fromkeys(WAYS, 0.0)}
"""What is taken from the log-odds of each way: where no word and no name is shared, and across languages, events that are not the same
are easily taken for it. Of storylines such margins cost more than they save."""
_ALONE = "?"


@dataclass(frozen=True, slots=True, kw_only=True)
class Paired:
    """A decision and how it did on events that it had not seen."""

    joining: Joining
    figures: Pairs


@dataclass(frozen=True, slots=True)
class _Stream:
    reports: Sequence[Report]
    findings: Sequence[Findings]
    vectors: Floats | None
    labels: Sequence[str]


_Sample = tuple[Compared, bool, str]


def train(
    reports: Sequence[Report], lexicon: Lexicon, encoder: Encoder | None, start: Joining, *, level: str = "event"
) -> Paired:
    """The decision for a level.

    Args:
        start: with the counts and usual meanings to use; its weights do not matter.
        level: event or storyline.
    """
    streams = _streams(reports, lexicon, encoder, level)
    start = replace(start, size=SIZE[level], is_central=level == "storyline")
    held_out = {label for stream in streams for label in stream.labels if not fold(label)}
    without = _fitted(streams, start, held_out)
    figures = sum((_judged(stream, without, held_out) for stream in streams), Pairs(0, 0, 0))
    return Paired(joining=_fitted(streams, start, set()), figures=figures)


def assign(stream: Sequence[Report], findings: Sequence[Findings], vectors: Floats | None, joining: Joining) -> list[str]:
    """The events that a linker gives the items of a stream."""
    linker = Linker(joining)
    items = [report.item for report in stream]
    return [link.event for link in linker.link_all(list(zip(items, findings, strict=True)), vectors)]


def _streams(reports: Sequence[Report], lexicon: Lexicon, encoder: Encoder | None, level: str) -> list[_Stream]:
    """For events all labelled streams as one, by time, as a monitor of many sources meets them: with all the events that an item is
    none of. For storylines each for itself: as one they are so many that the decision hardly dares to join (docs/decisions/0017)."""
    names = [None] if level == "event" else sorted({report.stream for report in reports})
    found = []
    for name in names:
        of = sorted((each for each in reports if name in (None, each.stream)), key=lambda report: report.item.moment)
        found.append(
            _Stream(
                of,
                [identify(report.item, lexicon) for report in of],
                None if encoder is None else encode(encoder, [report.item.text for report in of]),
                [getattr(report, level) for report in of],
            )
        )
    return found


def _fitted(streams: Sequence[_Stream], start: Joining, held_out: set[str]) -> Joining:
    samples = [sample for stream in streams for sample in _taught(stream, start)]
    joining = _fit(samples, start, held_out)
    for _ in range(ROUNDS):
        samples += [sample for stream in streams for sample in _tried(stream, joining)]
        joining = _fit(samples, start, held_out)
    return joining


def _taught(stream: _Stream, joining: Joining) -> Iterator[_Sample]:
    """Each item beside the events that it might belong to, and its own, as they really are."""
    linker = Linker(joining)
    for place, report in enumerate(stream.reports):
        mark, row = linker.read(report.item, stream.findings[place], None if stream.vectors is None else stream.vectors[place])
        label = stream.labels[place]
        for event, found, _ in linker.compared(mark, row, also=label):
            yield found, event == label, label
        linker.add(report.item, mark, frozenset(), label)


def _tried(stream: _Stream, joining: Joining) -> Iterator[_Sample]:
    """Each item beside the events that the linker so far makes; it belongs to one of which half the items are of its own."""
    linker = Linker(joining)
    truth: dict[str, Counter[str]] = defaultdict(Counter)
    for place, report in enumerate(stream.reports):
        mark, row = linker.read(report.item, stream.findings[place], None if stream.vectors is None else stream.vectors[place])
        label = stream.labels[place]
        best: tuple[float, str] = (0.0, f"{_ALONE}{place}")
        for event, found, items in linker.compared(mark, row):
            yield found, 2 * truth[event][label] >= items, label
            best = max(best, (joining.log_odds(found, items), event))
        linker.add(report.item, mark, frozenset(), best[1])
        truth[best[1]][label] += 1


def _fit(samples: Sequence[_Sample], start: Joining, held_out: set[str]) -> Joining:
    weights: dict[str, tuple[float, ...]] = {}
    for way in WAYS:
        alike = ("across",) if way == "across" else ("same", "bare")
        known = [(found.values, is_same) for found, is_same, label in samples if found.way in alike and label not in held_out]
        values = np.array([each for each, _ in known])
        if start.vectors is None:
            values[:, [FEATURES.index(name) for name in ("meaning", "meaning_by_length")]] = 0
        middle, scale = values.mean(axis=0), values.std(axis=0)
        scale[scale < 1e-9] = 1.0
        head = LogisticRegression(C=1.0, max_iter=2000).fit((values - middle) / scale, [is_same for _, is_same in known])
        slopes = head.coef_[0] / scale
        first = float(head.intercept_[0] - slopes @ middle) - STRICTER["storyline" if start.is_central else "event"][way]
        weights[way] = tuple(round(each, 6) for each in (first, *slopes.tolist()))
    return replace(start, version=_version(weights), weights=weights)


def _judged(stream: _Stream, joining: Joining, held_out: set[str]) -> Pairs:
    given = assign(stream.reports, stream.findings, stream.vectors, joining)
    rows = [place for place, label in enumerate(stream.labels) if label in held_out]
    return pairs(
        [stream.labels[row] for row in rows], [given[row] for row in rows], [stream.reports[row].item.lang for row in rows]
    )


def _version(weights: Mapping[str, tuple[float, ...]]) -> str:
    return hashlib.sha256(
        repr(sorted((way, [round(each, 4) for each in row]) for way, row in weights.items())).encode()
    ).hexdigest()[:12]


def without_meaning(start: Joining) -> Joining:
    """The same for those who have no encoder."""
    return replace(start, usual={}, vectors=None)


def usual(texts: Sequence[str], langs: Sequence[str], encoder: Encoder | None) -> Joining:
    """A decision without weights, with how rare words usually are, and what texts of each language usually mean."""
    means: dict[str, Floats] = {}
    if encoder is not None:
        vectors = encode(encoder, texts)
        of = np.array(langs)
        means = {lang: vectors[of == lang].mean(axis=0) for lang in sorted(set(langs))}
        means[""] = np.mean([means[lang] for lang in sorted(means)], axis=0)
        # as they will be read back
        means = {lang: mean.astype(np.float16).astype(np.float32) for lang, mean in means.items()}
    nothing = (0.0,) * (1 + len(FEATURES))
    return Joining(
        version="",
        weights=dict.fromkeys(WAYS, nothing),
        size=0.0,
        counts=usual_counts(texts),
        total=len(texts),
        usual=means,
        vectors=None if encoder is None else encoder.id,
    )
