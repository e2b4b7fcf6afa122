"""Scores an item for each theme, with the evidence that carried the score. Pure: a model goes in, tags come out.

One linear head a theme over hashed terms of the text, known entities and identifiers. The reasons are exact: a term's weight is
what it added to the head's decision value. Never reads a file; loading runs nobody's code because a model is arrays.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from sklearn.feature_extraction import FeatureHasher

from monitor.items import Findings, Item, Reason, Tag
from monitor.segment import pieces

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

FEATURES = 1 << 18
"""Columns of the hashing trick; with about 150 terms an item, two terms seldom share one. Source: Weinberger et al. 2009."""
MAX_TEXT = 20_000
"""Characters of an item that are looked at; bounds the time and memory of one item."""
MAX_REASONS = 8

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A trained classifier: everything that scoring needs, as data."""

    version: str  # names this training; changes whenever a weight does
    themes: tuple[str, ...]
    weights: Floats  # (n_themes, FEATURES)
    intercepts: Floats  # (n_themes,)
    thresholds: Floats  # (n_themes,) probability from which on a theme is given
    encoder: str = "hashed-terms/1"  # how texts become columns; another one cannot use these weights


ENCODER = "hashed-terms/1"


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


def encode(items: Sequence[Counter[str]]) -> csr_matrix:
    """Evidence as a matrix.

    Returns:
        (n_items, FEATURES) float32, rows in input order, each of length 1 (or 0); counts dampened to 1 + ln(count).
    """
    hasher = FeatureHasher(FEATURES, input_type="pair", dtype=np.float32, alternate_sign=False)
    matrix = hasher.transform([(term, 1.0 + math.log(count)) for term, count in each.items()] for each in items)
    lengths = np.sqrt(np.asarray(matrix.multiply(matrix).sum(axis=1)).ravel())
    scale = np.divide(1.0, lengths, out=np.zeros_like(lengths), where=lengths > 0)
    matrix.data *= np.repeat(scale, np.diff(matrix.indptr)).astype(np.float32)
    return matrix


def scores(model: Model, matrix: csr_matrix) -> Floats:
    """Probability of each theme for each row: (n_items, n_themes) float32, 0..1."""
    values = np.asarray(matrix @ model.weights.T, dtype=np.float32) + model.intercepts
    probabilities: Floats = (1.0 / (1.0 + np.exp(-np.clip(values, -30, 30)))).astype(np.float32)
    return probabilities


def tag(model: Model, items: Sequence[tuple[Item, Findings]]) -> list[tuple[Tag, ...]]:
    """Tags of items, one per theme of the model in its order, with reasons; in input order."""
    if not items:
        return []
    found = [evidence(item.text, findings) for item, findings in items]
    matrix = encode(found)
    table = scores(model, matrix)
    return [_tags(model, table[row], terms) for row, terms in enumerate(found)]


def reasons(model: Model, theme: int, terms: Counter[str]) -> tuple[Reason, ...]:
    """What each term added to a theme's decision value, the strongest first, at most MAX_REASONS; terms that added nothing are left out.

    All terms' weights and the intercept together are the decision value.
    """
    names = list(terms)
    if not names:
        return ()
    columns = encode([Counter({name: 1}) for name in names]).indices
    dampened = np.array([1.0 + math.log(terms[name]) for name in names])
    length = float(np.linalg.norm(np.bincount(columns, dampened, minlength=FEATURES)[np.unique(columns)]))
    added = model.weights[theme, columns] * dampened / length
    order = np.argsort(-np.abs(added), kind="stable")[:MAX_REASONS]
    return tuple(Reason(names[place], round(float(added[place]), 4)) for place in order if added[place])


def _tags(model: Model, row: Floats, terms: Counter[str]) -> tuple[Tag, ...]:
    tags = []
    for place, theme in enumerate(model.themes):
        score = float(row[place])
        is_given = score >= float(model.thresholds[place])
        # reasons cost more than the score; a theme far from given needs none in the archive
        why = reasons(model, place, terms) if score >= 0.2 else ()
        tags.append(Tag(theme=theme, score=round(score, 4), is_given=is_given, reasons=why))
    return tuple(tags)
