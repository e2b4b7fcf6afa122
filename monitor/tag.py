"""Scores an item for each theme, with the evidence that carried the score. Pure: a model goes in, tags come out.

One linear head a theme over hashed terms of the text, known entities and identifiers. The reasons are exact: a term's weight is
what it added to the head's decision value. Never reads a file; loading runs nobody's code because a model is arrays.
"""

from __future__ import annotations

import math
import zlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from monitor.items import Findings, Item, Reason, Tag
from monitor.segment import pieces

FEATURES = 1 << 18
"""Columns of the hashing trick; with about 150 terms an item, two terms seldom share one. Source: Weinberger et al. 2009."""
MAX_TEXT = 20_000
"""Characters of an item that are looked at; bounds the time and memory of one item."""
MAX_REASONS = 8
REASONED = 0.2
"""Score from which on a theme's reasons are kept."""

ENCODER = "hashed-terms/2"
"""How texts become columns; weights of another encoder mean nothing here."""

Floats = npt.NDArray[np.float32]
Columns = npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A trained classifier: everything that scoring needs, as data."""

    version: str  # names this training; changes whenever a weight does
    themes: tuple[str, ...]
    weights: Floats  # (n_themes, FEATURES)
    intercepts: Floats  # (n_themes,)
    thresholds: Floats  # (n_themes,) probability from which on a theme is given
    encoder: str = ENCODER  # how texts become columns; another one cannot use these weights


def evidence(text: str, findings: Findings) -> Counter[str]:
    """Terms of an item and how often each occurs: words, word pairs, character pairs and triples (CJK), @entities, #identifiers."""
    found: Counter[str] = Counter()
    before = ""
    for run, is_cjk in pieces(text[:MAX_TEXT]):
        if is_cjk:
            found.update(run[i : i + 2] for i in range(max(1, len(run) - 1)))
            found.update(run[i : i + 3] for i in range(len(run) - 2))
            before = ""
        else:
            found[run] += 1
            if before:
                found[f"{before} {run}"] += 1
            before = run
    for entity in findings.entities:
        found[f"@{entity.id}"] += 1
    for identifier in findings.identifiers:
        found[f"#{identifier.type}"] += 1
        if identifier.type in ("cfr", "eccn"):
            found[f"#{identifier.type} {identifier.value.split('.')[0].split('-')[0]}"] += 1
    return found


def encode(terms: Counter[str]) -> tuple[Columns, Floats]:
    """Evidence as the non-zero part of a vector of length 1.

    Returns:
        Columns 0..FEATURES-1 (a column may repeat where two terms share it) and their values, in the order of the terms; counts are
        dampened to 1 + ln(count). Both empty for no evidence.

    Source: hashing trick, Weinberger et al. 2009; CRC-32 because it is the same on every machine and costs no import.
    """
    columns = np.fromiter((zlib.crc32(term.encode()) & (FEATURES - 1) for term in terms), dtype=np.int32, count=len(terms))
    values = np.fromiter((1.0 + math.log(count) for count in terms.values()), dtype=np.float32, count=len(terms))
    length = float(np.sqrt(values @ values))
    return columns, values / np.float32(length or 1.0)


def scores(model: Model, columns: Columns, values: Floats) -> Floats:
    """Probability of each theme for one encoded item: (n_themes,) float32, 0..1."""
    decision = model.weights[:, columns] @ values + model.intercepts
    probabilities: Floats = (1.0 / (1.0 + np.exp(-np.clip(decision, -30, 30)))).astype(np.float32)
    return probabilities


def tag(model: Model, items: Sequence[tuple[Item, Findings]]) -> list[tuple[Tag, ...]]:
    """Tags of items, one per theme of the model in its order, with reasons; in input order."""
    return [_tags(model, evidence(item.text, findings)) for item, findings in items]


def reasons(model: Model, theme: int, terms: Counter[str]) -> tuple[Reason, ...]:
    """What each term added to a theme's decision value, the strongest first, at most MAX_REASONS, without those that added nothing.

    The sum over all terms, and the intercept, is the decision value.
    """
    columns, values = encode(terms)
    added = model.weights[theme, columns] * values
    names = list(terms)
    strongest = np.argsort(-np.abs(added), kind="stable")[:MAX_REASONS]
    return tuple(Reason(names[place], round(float(added[place]), 4)) for place in strongest if added[place])


def _tags(model: Model, terms: Counter[str]) -> tuple[Tag, ...]:
    probabilities = scores(model, *encode(terms))
    tags = []
    for place, theme in enumerate(model.themes):
        score = float(probabilities[place])
        is_given = score >= float(model.thresholds[place])
        # reasons cost more than the score; a theme far from given needs none in the archive
        why = reasons(model, place, terms) if score >= REASONED else ()
        tags.append(Tag(theme=theme, score=round(score, 4), is_given=is_given, reasons=why))
    return tuple(tags)
