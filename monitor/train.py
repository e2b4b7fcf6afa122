"""Trains the classifier from the items under classifiers/ (and an analyst's labels). Deterministic; no I/O but through classifiers."""

from __future__ import annotations

import hashlib
import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any

import numpy as np
import sklearn
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression

from monitor import evaluate
from monitor.classifiers import Example
from monitor.identify import identify
from monitor.items import Item, Tier
from monitor.lexicon import Lexicon
from monitor.tag import ENCODER, FEATURES, Floats, Model, encode, evidence

FOLDS = 5
PRECISION = 0.8
"""Precision that the thresholds aim at on held-out items."""
_STRENGTH = 30.0
"""Inverse of the regularisation (C of the logistic regression), chosen by the folds; see docs/decisions/0005."""
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """A model and what it reached on items that it had not seen."""

    model: Model
    figures: evaluate.Figures  # out of fold
    examples: int


def train(examples: Sequence[Example], themes: Sequence[str], lexicon: Lexicon) -> Trained:
    """A model of the themes; the same examples in the same order give the same model.

    Figures and thresholds come from FOLDS folds split by event; the model itself is fitted to everything.
    """
    found = [as_item(each) for each in examples]
    findings = [identify(item, lexicon) for item in found]
    matrix = _matrix([evidence(item.text, each) for item, each in zip(found, findings, strict=True)])
    labels = np.array([[theme in each.labels for theme in themes] for each in examples], dtype=bool)
    folds = np.array(_folds(examples))
    held_out = np.zeros(labels.shape, dtype=np.float32)
    for fold in range(FOLDS):
        inside = folds != fold
        weights, intercepts = _fit(matrix[inside], labels[inside])
        held_out[~inside] = _probabilities(matrix[~inside], weights, intercepts)
    thresholds = np.array(
        [
            evaluate.best_threshold(zip(held_out[:, place].tolist(), labels[:, place].tolist(), strict=True), PRECISION)
            for place in range(len(themes))
        ],
        dtype=np.float32,
    )
    judged = [
        evaluate.Judgement(
            labels=frozenset(example.labels),
            given=frozenset(theme for place, theme in enumerate(themes) if row[place] >= thresholds[place]),
            scores=dict(zip(themes, row.tolist(), strict=True)),
            lang=example.lang,
            is_near_miss=example.near_miss is not None,
        )
        for example, row in zip(examples, held_out, strict=True)
    ]
    weights, intercepts = _fit(matrix, labels)
    model = Model(
        version=_version(weights, intercepts, thresholds),
        themes=tuple(themes),
        weights=weights,
        intercepts=intercepts,
        thresholds=thresholds,
        encoder=ENCODER,
    )
    return Trained(model=model, figures=evaluate.figures(judged, themes), examples=len(examples))


def as_json(figures: evaluate.Figures) -> dict[str, Any]:
    """Figures as JSON values, rounded to four places."""

    def rounded(value: object) -> object:
        if isinstance(value, float):
            return round(value, 4)
        if isinstance(value, Mapping):
            return {name: rounded(each) for name, each in value.items()}
        return value

    return {field.name: rounded(getattr(figures, field.name)) for field in fields(figures) if field.name != "items"}


def about(trained: Trained) -> dict[str, Any]:
    """What the manifest of a saved model says beside its weights."""
    return {
        "scikit_learn": sklearn.__version__,
        "examples": trained.examples,
        "folds": FOLDS,
        "thresholds_for_precision": PRECISION,
        "figures": as_json(trained.figures),
    }


def as_item(example: Example) -> Item:
    """A training item as the verbs read it."""
    return Item(
        id=example.id,
        source="training",
        key=example.id,
        url=None,
        title=example.title,
        summary=example.summary,
        published=None,
        first_seen=_EPOCH,
        lang=example.lang,
        country=None,
        tier=Tier.PRESS,
    )


def _folds(examples: Sequence[Example]) -> list[int]:
    """Fold of each example, 0..FOLDS-1; all examples of an event get the same."""
    events = sorted({each.event for each in examples})
    random.Random(0).shuffle(events)
    fold_of = {event: place % FOLDS for place, event in enumerate(events)}
    return [fold_of[each.event] for each in examples]


def _matrix(evidences: Sequence[Counter[str]]) -> csr_matrix:
    """(n_items, FEATURES) float32, rows in input order."""
    encoded = [encode(each) for each in evidences]
    starts = np.cumsum([0, *(len(columns) for columns, _ in encoded)])
    columns = np.concatenate([columns for columns, _ in encoded])
    values = np.concatenate([values for _, values in encoded])
    matrix = csr_matrix((values, columns, starts), shape=(len(encoded), FEATURES))
    matrix.sum_duplicates()
    return matrix


def _fit(matrix: csr_matrix, labels: np.ndarray[tuple[int, int], np.dtype[np.bool_]]) -> tuple[Floats, Floats]:
    # only columns that occur are fitted; the others keep weight 0
    used = np.unique(matrix.indices)
    small = matrix[:, used]
    weights = np.zeros((labels.shape[1], FEATURES), dtype=np.float32)
    intercepts = np.zeros(labels.shape[1], dtype=np.float32)
    for place in range(labels.shape[1]):
        head = LogisticRegression(C=_STRENGTH, solver="liblinear", random_state=0, max_iter=1000)
        head.fit(small, labels[:, place])
        weights[place, used] = np.where(np.abs(head.coef_[0]) < 1e-4, 0, head.coef_[0])
        intercepts[place] = head.intercept_[0]
    return weights, intercepts


def _probabilities(matrix: csr_matrix, weights: Floats, intercepts: Floats) -> Floats:
    values = np.asarray(matrix @ weights.T) + intercepts
    return (1.0 / (1.0 + np.exp(-values))).astype(np.float32)


def _version(*arrays: Floats) -> str:
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(np.ascontiguousarray(np.round(array, 5)).tobytes())
    return digest.hexdigest()[:12]
