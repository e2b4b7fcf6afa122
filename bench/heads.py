"""Which evidence, and which kind of head, tag best: each way trained on four folds of the corpus and measured on the fifth.

python -m bench.heads [--every N]

Thresholds for the same precision everywhere; the table of classifiers/MODEL_CARD.md is what this prints. Takes about fifteen minutes.
"""

from __future__ import annotations

import argparse
import dataclasses
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression, Ridge, SGDClassifier
from sklearn.metrics import average_precision_score
from sklearn.svm import LinearSVC

from monitor import bundled, classifiers, encoders, tag, train

Solve = Callable[[csr_matrix, Any, Any], tuple[Any, float]]


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--every", type=int, default=1, help="take every n-th item of the corpus alone: a look, no measurement")
    folder = bundled.classifiers()
    examples = classifiers.load_examples(folder)[:: parser.parse_args().every]
    themes = [theme.id for theme in classifiers.load_themes(folder)]
    lexicon, cues = classifiers.load_lexicon(folder), classifiers.load_cues(folder)
    whole = train._material(examples, themes, lexicon, cues, encoders.load(encoders.SHIPPED))
    tag.CUE, tag.PAIR = 0.0, 0.0
    terms_alone = train._material(examples, themes, lexicon, cues, None).terms
    near_misses = np.array([each.near_miss is not None and not each.labels for each in examples])
    nothing = csr_matrix(whole.terms.shape, dtype=whole.terms.dtype)
    size = whole.vectors.shape[1]

    def row(name: str, terms: csr_matrix, *, has_vectors: bool, solve: Solve = train.solve) -> None:
        found = dataclasses.replace(whole, terms=terms, vectors=whole.vectors if has_vectors else np.zeros((len(examples), 0)))
        began = time.process_time()
        print(f"| {name} | {' | '.join(_figures(found, near_misses, solve))} | {time.process_time() - began:.0f} |", flush=True)

    print(f"{len(examples)} items; precision {train.PRECISION}; vectors of {size}\n")
    head = "macro F1 | macro average precision | near-misses that alarm | both themes found | CPU s |\n|---|---|---|---|---|---|"
    print(f"| the heads read | {head}")
    row("vectors", nothing, has_vectors=True)
    row("concepts, queries, pairs", whole.terms - terms_alone, has_vectors=False)
    row("terms, entities, identifiers", terms_alone, has_vectors=False)
    row("terms, vectors", terms_alone, has_vectors=True)
    row("terms, concepts (the plain head)", whole.terms, has_vectors=False)
    row("terms, concepts, vectors (the full head)", whole.terms, has_vectors=True)
    print(f"\n| head, over all evidence | {head}")
    row("ridge, alpha 0.25", whole.terms, has_vectors=True)
    for alpha in (0.1, 1.0):
        row(f"ridge, alpha {alpha:g}", whole.terms, has_vectors=True, solve=_ridge(alpha))
    row("logistic regression, C 10", whole.terms, has_vectors=True, solve=_logistic)
    row("linear SVM, C 0.3", whole.terms, has_vectors=True, solve=_svm)
    row("SGD, modified Huber", whole.terms, has_vectors=True, solve=_sgd)


def _figures(found: train._Material, near_misses: Any, solve: Solve) -> list[str]:
    """Of the held-out fold, by heads fitted to the other four, with thresholds found out of fold."""
    usual, train.solve = train.solve, solve  # type: ignore[assignment]
    try:
        inside = found.folds != 0
        has_vectors = found.vectors.shape[1] > 0
        stage = train._calibrated(found, inside, has_vectors=has_vectors)
        thresholds = train._thresholds(stage.seen[inside], found.labels[inside], found.weights[inside] > 0, found.langs[inside])
        head = train._head(found, inside, stage, thresholds)
    finally:
        train.solve = usual
    outside = ~inside
    decisions = found.terms[outside] @ head.weights.T.astype(np.float32) + head.intercepts
    if has_vectors:
        decisions = decisions + found.vectors[outside] @ head.meaning.T
    scores = train.scores(decisions)
    given = scores >= np.stack([head.thresholds_of(lang) for lang in found.langs[outside]])
    labels = found.labels[outside]
    f1 = [2 * (one & other).sum() / (one.sum() + other.sum()) for one, other in zip(given.T, labels.T, strict=True)]
    precision = [average_precision_score(one, other) for one, other in zip(labels.T, scores.T, strict=True)]
    two = labels.sum(axis=1) > 1
    return [
        f"{np.mean(f1):.3f}",
        f"{np.mean(precision):.3f}",
        f"{given[near_misses[outside]].any(axis=1).mean():.1%}",
        f"{(given[two] >= labels[two]).all(axis=1).mean():.0%}",
    ]


def _ridge(alpha: float) -> Solve:
    def solve(matrix: csr_matrix, labels: Any, weights: Any) -> tuple[Any, float]:
        head = Ridge(alpha=alpha, solver="sparse_cg", tol=1e-5).fit(matrix, np.where(labels, 1.0, -1.0), sample_weight=weights)
        return head.coef_.astype(np.float32), float(head.intercept_)

    return solve


def _logistic(matrix: csr_matrix, labels: Any, weights: Any) -> tuple[Any, float]:
    return _of(LogisticRegression(C=10, solver="liblinear", random_state=0, max_iter=1000).fit(matrix, labels, weights))


def _svm(matrix: csr_matrix, labels: Any, weights: Any) -> tuple[Any, float]:
    return _of(LinearSVC(C=0.3, random_state=0).fit(matrix, labels, weights))


def _sgd(matrix: csr_matrix, labels: Any, weights: Any) -> tuple[Any, float]:
    return _of(
        SGDClassifier(loss="modified_huber", alpha=1e-5, random_state=0, max_iter=50).fit(matrix, labels, sample_weight=weights)
    )


def _of(head: Any) -> tuple[Any, float]:
    return head.coef_[0].astype(np.float32), float(head.intercept_[0])


if __name__ == "__main__":
    main()
