"""Trains the classifier from the items under classifiers/ and an analyst's labels. Deterministic; no I/O.

A fifth of the events, always the same, is held out: the figures are of items that neither heads nor thresholds have seen. The model that
is kept is then fitted to everything, with the calibration and the thresholds found without that fifth.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import sklearn
from scipy.sparse import csr_matrix, hstack
from sklearn.linear_model import LogisticRegression, Ridge

from monitor import evaluate
from monitor.classifiers import Example
from monitor.cues import Cues
from monitor.encoders import Encoder
from monitor.encoders import encode as encode_texts
from monitor.errors import ModelError
from monitor.identify import identify
from monitor.items import Findings, Item, Tier
from monitor.lexicon import Lexicon
from monitor.tag import ENCODER, FEATURES, Anchors, Evidence, Floats, Head, Model, encode, evidence, scores, tag

FOLDS = 5
"""Events go to folds by a hash of their names; fold 0 is held out, but for an analyst's labels, which are all learned from."""
LABEL_WEIGHT = 3.0
"""What an analyst's verdict counts beside an item of the corpus."""
TOLERANCE = 0.01
"""By so much F1 of a theme may fall, by one item or two, without a model being called worse."""
PRECISION = 0.95
"""Precision that the thresholds aim at, on unseen items of ours, of which half are look-alikes; docs/decisions/0016."""
MIN_OF_LANGUAGE = 250
"""Items of a theme in a language from which on it gets a threshold of its own; of fewer, one in twenty is a matter of luck."""
MISSED = 0.01
"""Share of what the full head finds that may be lost because the plain head saw no sign of it, and the full head was not asked."""
MIN_EXAMPLES = 40
"""Items with a theme, outside the held-out fifth, without which nothing can be said of it."""
ANCHORS = 300
"""Items of each theme, and twice as many without any, by which a vector's share in a score is told."""
_ALPHA = 0.25
"""Regularisation of the ridge regression, chosen by the folds; docs/decisions/0016."""
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """A model and what it reached on items that it had not seen."""

    model: Model
    figures: evaluate.Figures  # of the held-out items
    examples: int
    held_out: int
    held_out_items: str  # names the items held out: figures of other items cannot be compared with these
    unknown: float  # share of their vocabulary that the heads had not met


@dataclass(frozen=True, slots=True)
class _Material:
    """The examples as the heads read them."""

    terms: csr_matrix  # (n, FEATURES)
    vectors: Floats  # (n, size); size 0 without an encoder
    labels: Bools  # (n, n_themes)
    weights: npt.NDArray[np.float64]  # (n, n_themes); 0 where an example says nothing about a theme
    langs: npt.NDArray[np.str_]
    folds: npt.NDArray[np.int64]


def train(
    examples: Sequence[Example], themes: Sequence[str], lexicon: Lexicon, cues: Cues, encoder: Encoder | None = None
) -> Trained:
    """A model of the themes; the same examples in the same order give the same model.

    Args:
        encoder: of sentence vectors; None: the model has a plain head alone.

    Raises:
        ModelError: a theme has fewer than MIN_EXAMPLES to learn from.
    """
    found = _material(examples, themes, lexicon, cues, encoder)
    inside = found.folds != 0
    for theme, count in zip(themes, found.labels[inside].sum(axis=0).tolist(), strict=True):
        if count < MIN_EXAMPLES:
            raise ModelError(
                f"{theme}: {count} items of {MIN_EXAMPLES} needed to learn from, beside those held out",
                hint="Write more, name others in its also.txt, or switch it off with enabled: false",
            )
    stages = {"plain": _calibrated(found, inside, has_vectors=False)}
    if encoder is not None:
        stages["full"] = _calibrated(found, inside, has_vectors=True)
    thresholds = {
        name: _thresholds(stage.seen[inside], found.labels[inside], found.weights[inside] > 0, found.langs[inside])
        for name, stage in stages.items()
    }
    best = "full" if encoder is not None else "plain"
    doubt = _doubt(stages["plain"].seen[inside], stages[best].seen[inside], found.labels[inside], thresholds[best][""])

    def model_of(rows: Bools) -> Model:
        heads = {name: _head(found, rows, stage, thresholds[name]) for name, stage in stages.items()}
        return Model(
            version=_version(*(part for head in heads.values() for part in (head.weights, head.meaning, head.intercepts)), doubt),
            themes=tuple(themes),
            cues=cues,
            plain=heads["plain"],
            full=heads.get("full"),
            doubt=doubt,
            vectors=None if encoder is None else encoder.id,
            anchors=None if encoder is None else _anchors(examples, found),
            encoder=ENCODER,
        )

    without = model_of(inside)
    judged = _judged(without, examples, found, np.flatnonzero(~inside))
    held_out = sorted(each.id for each, is_inside in zip(examples, inside.tolist(), strict=True) if not is_inside)
    return Trained(
        model=model_of(np.ones(len(examples), dtype=bool)),
        figures=evaluate.figures(judged, themes),
        examples=len(examples),
        held_out=len(judged),
        unknown=unknown(without, [as_item(each).text for each in examples if _fold(each) == 0]),
        held_out_items=hashlib.sha256("\n".join(held_out).encode()).hexdigest()[:16],
    )


def worse(found: Mapping[str, Any], present: Mapping[str, Any]) -> list[str]:
    """What a new model does worse than the present one, a line each, by what their manifests say (see about); [] if nothing.

    Figures of different held-out items say nothing of each other, and are not compared.
    """
    if found["held_out_items"] != present.get("held_out_items"):
        return []
    new, old = found["figures"]["f1"], present["figures"]["f1"]
    return [
        f"{theme}: F1 {old[theme]:.3f} -> {new[theme]:.3f} on the held-out items"
        for theme in new
        if theme in old and new[theme] < old[theme] - TOLERANCE
    ]


def agreement(model: Model, examples: Sequence[Example], lexicon: Lexicon, encoder: Encoder | None) -> dict[str, int]:
    """For each theme, with how many of the examples that say something about it the model agrees."""
    items = [as_item(each) for each in examples]
    tags = tag(model, [(item, identify(item, lexicon)) for item in items], encoder)
    agreed = dict.fromkeys(model.themes, 0)
    for example, given in zip(examples, tags, strict=True):
        for each in given:
            agreed[each.theme] += example.says(each.theme) and each.is_given == (each.theme in example.labels)
    return agreed


def unknown(model: Model, texts: Sequence[str]) -> float:
    """Share of the words and character pairs of some texts that no weight of the model knows, 0..1; 0 for no text."""
    known = (model.plain.weights != 0).any(axis=0)
    read = [encode(Evidence(evidence(text, Findings(lang="en"), model.cues).terms, {}), model.cues)[1] for text in texts]
    columns = np.concatenate(read) if read else np.zeros(0, np.int32)
    return float(1 - known[columns].mean()) if columns.size else 0.0


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
        "held_out": trained.held_out,
        "held_out_items": trained.held_out_items,
        "thresholds_for_precision": PRECISION,
        "unknown_vocabulary": round(trained.unknown, 4),
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


def fold(event: str) -> int:
    """The fold of an event, 0..FOLDS-1; it stays the same however many others there are."""
    return zlib.crc32(event.encode()) % FOLDS


def _fold(example: Example) -> int:
    return (
        fold(example.event) if example.register not in ("label", "weak") else 1 + zlib.crc32(example.event.encode()) % (FOLDS - 1)
    )


@dataclass(frozen=True, slots=True)
class _Stage:
    """How a kind of head does on items that it has not seen, and how its log-odds become probabilities."""

    has_vectors: bool
    slopes: Floats  # (n_themes,)
    shifts: Floats
    seen: Floats  # (n, n_themes) calibrated scores of the items inside; 0 for those held out


def _material(
    examples: Sequence[Example], themes: Sequence[str], lexicon: Lexicon, cues: Cues, encoder: Encoder | None
) -> _Material:
    items = [as_item(each) for each in examples]
    read = [encode(evidence(item.text, identify(item, lexicon), cues), cues) for item in items]
    starts = np.cumsum([0, *(len(columns) for _, columns, _ in read)])
    terms = csr_matrix(
        (np.concatenate([values for _, _, values in read]), np.concatenate([columns for _, columns, _ in read]), starts),
        shape=(len(read), FEATURES),
    )
    terms.sum_duplicates()
    vectors = np.zeros((len(items), 0 if encoder is None else encoder.size), dtype=np.float32)
    if encoder is not None:
        vectors = encode_texts(encoder, [item.text for item in items])
    return _Material(
        terms,
        vectors,
        np.array([[theme in each.labels for theme in themes] for each in examples], dtype=bool),
        np.array([[each.weight if each.says(theme) else 0.0 for theme in themes] for each in examples]),
        np.array([each.lang for each in examples]),
        np.array([_fold(each) for each in examples]),
    )


def _calibrated(found: _Material, inside: Bools, *, has_vectors: bool) -> _Stage:
    """Out-of-fold scores of the items inside, with Platt's scaling of each theme's log-odds.

    Source: Platt 1999, Probabilistic outputs for support vector machines.
    """
    decisions = np.zeros(found.labels.shape, dtype=np.float32)
    for each in range(1, FOLDS):
        rows = found.folds == each
        weights, meaning, intercepts = _fit(found, inside & ~rows, has_vectors=has_vectors)
        decisions[rows] = found.terms[rows] @ weights.T + found.vectors[rows, : meaning.shape[1]] @ meaning.T + intercepts
    slopes, shifts = np.ones(found.labels.shape[1], np.float32), np.zeros(found.labels.shape[1], np.float32)
    for place in range(len(slopes)):
        scale = LogisticRegression(C=1e6, solver="lbfgs", max_iter=1000)
        scale.fit(decisions[inside, place : place + 1], found.labels[inside, place], sample_weight=found.weights[inside, place])
        slopes[place], shifts[place] = scale.coef_[0, 0], scale.intercept_[0]
    seen = np.where(inside[:, None], scores(decisions * slopes + shifts), np.float32(0)).astype(np.float32)
    return _Stage(has_vectors, slopes, shifts, seen)


def _head(found: _Material, rows: Bools, stage: _Stage, thresholds: Mapping[str, Floats]) -> Head:
    weights, meaning, intercepts = _fit(found, rows, has_vectors=stage.has_vectors)
    return Head(
        weights=(weights * stage.slopes[:, None]).astype(np.float16),
        meaning=meaning * stage.slopes[:, None],
        intercepts=intercepts * stage.slopes + stage.shifts,
        thresholds=thresholds,
    )


def _fit(found: _Material, rows: Bools, *, has_vectors: bool) -> tuple[Floats, Floats, Floats]:
    """Weights of terms (n_themes, FEATURES) and of vectors (n_themes, size), and intercepts."""
    terms = found.terms[rows]
    # a term of one item alone teaches nothing of others; columns that are not fitted keep weight 0
    used = np.flatnonzero(np.bincount(terms.indices, minlength=FEATURES) >= 2)
    size = found.vectors.shape[1] if has_vectors else 0
    matrix = hstack([terms[:, used], csr_matrix(found.vectors[rows, :size])]).tocsr() if size else terms[:, used]
    themes = found.labels.shape[1]
    weights, meaning = np.zeros((themes, FEATURES), np.float32), np.zeros((themes, size), np.float32)
    intercepts = np.zeros(themes, np.float32)
    for place in range(themes):
        coefficients, intercepts[place] = solve(matrix, found.labels[rows, place], found.weights[rows, place])
        weights[place, used] = np.where(np.abs(coefficients[: len(used)]) < 1e-3, 0, coefficients[: len(used)])
        meaning[place] = coefficients[len(used) :]
    return weights, meaning, intercepts


def solve(matrix: csr_matrix, labels: Bools, weights: npt.NDArray[np.float64]) -> tuple[Floats, float]:
    """Coefficients (n_columns,) and intercept of one theme's head: ridge regression on -1 and 1, the best of four kinds of heads.

    Source: Rifkin and Klautau 2004, In defense of one-vs-all classification; compared in docs/decisions/0016.
    """
    # conjugate gradients, with a tolerance far under what half precision keeps
    head = Ridge(alpha=_ALPHA, solver="sparse_cg", tol=1e-5)
    head.fit(matrix, np.where(labels, 1.0, -1.0), sample_weight=weights)
    return head.coef_.astype(np.float32), float(head.intercept_)


def _doubt(plain: Floats, full: Floats, labels: Bools, thresholds: Floats) -> Floats:
    """For each theme the plain score below which the full head hardly finds an item that has it: (n_themes,)."""
    return np.array(
        [
            np.quantile(plain[is_found, place], MISSED) if is_found.any() else 0
            for place, is_found in enumerate((labels & (full >= thresholds)).T)
        ],
        dtype=np.float32,
    )


def _thresholds(seen: Floats, labels: Bools, is_said: Bools, langs: npt.NDArray[np.str_]) -> dict[str, Floats]:
    """For each language with enough items, and "" for the others, the score from which on each theme is given.

    Args:
        is_said: (n, n_themes) False where an item says nothing about a theme.
    """

    def threshold(rows: Bools, place: int) -> float:
        pairs = zip(seen[rows, place].tolist(), labels[rows, place].tolist(), strict=True)
        return evaluate.best_threshold(pairs, PRECISION)

    themes = range(labels.shape[1])
    general = np.array([threshold(is_said[:, place], place) for place in themes], dtype=np.float32)
    found = {"": general}
    for lang in sorted(set(langs.tolist())):
        own = general.copy()
        for place in themes:
            rows = is_said[:, place] & (langs == lang)
            if labels[rows, place].sum() >= MIN_OF_LANGUAGE:
                own[place] = threshold(rows, place)
        found[lang] = own
    return found


def _judged(
    model: Model, examples: Sequence[Example], found: _Material, places: npt.NDArray[np.int64]
) -> list[evaluate.Judgement]:
    """What a model says of the examples at some places, stage by stage as tag() does it."""
    terms, vectors = found.terms[places], found.vectors[places]
    given = scores(terms @ model.plain.weights.T.astype(np.float32) + model.plain.intercepts)
    is_full: Bools = np.zeros(len(places), dtype=bool)
    if model.full is not None:
        is_full = np.asarray((given >= model.doubt).any(axis=1))
        full = scores(terms @ model.full.weights.T.astype(np.float32) + vectors @ model.full.meaning.T + model.full.intercepts)
        given = np.where(is_full[:, None], full, given)
    judged = []
    for row, place in enumerate(places.tolist()):
        head = model.full if model.full is not None and is_full[row] else model.plain
        thresholds = head.thresholds_of(examples[place].lang)
        judged.append(
            evaluate.Judgement(
                labels=frozenset(examples[place].labels) & frozenset(model.themes),
                given=frozenset(theme for at, theme in enumerate(model.themes) if given[row, at] >= thresholds[at]),
                scores=dict(zip(model.themes, given[row].tolist(), strict=True)),
                lang=examples[place].lang,
                is_near_miss=examples[place].near_miss is not None,
            )
        )
    return judged


def _anchors(examples: Sequence[Example], found: _Material) -> Anchors:
    """Some items of each theme and some without any, by the hash of their ids."""
    order = sorted(range(len(examples)), key=lambda place: (zlib.crc32(examples[place].id.encode()), place))
    chosen: set[int] = set()
    for theme in range(found.labels.shape[1]):
        chosen.update([place for place in order if found.labels[place, theme]][:ANCHORS])
    chosen.update([place for place in order if not found.labels[place].any()][: 2 * ANCHORS])
    places = sorted(chosen)
    return Anchors(
        titles=tuple(examples[place].title for place in places),
        langs=tuple(examples[place].lang for place in places),
        labels=found.labels[places],
        vectors=found.vectors[places].astype(np.float16).astype(np.float32),
    )


def _version(*arrays: npt.NDArray[Any]) -> str:
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(np.ascontiguousarray(np.round(array.astype(np.float32), 4)).tobytes())
    return digest.hexdigest()[:12]
