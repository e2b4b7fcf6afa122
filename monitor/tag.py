"""Scores an item for each theme, with the evidence that carried the score. Pure: a model goes in, tags come out.

Linear heads, in two stages. The plain head reads hashed terms, entities, identifiers and the themes' cues; an item for which it leaves
a theme possible is read by the full head, which also knows what the text means (a sentence vector). The reasons are exact: a
term's weight is what it added to the head's decision value. Never reads a file; loading runs nobody's code because a model is arrays.
"""

from __future__ import annotations

import math
import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import combinations

import numpy as np
import numpy.typing as npt

from monitor.cues import Cues
from monitor.encoders import Encoder
from monitor.encoders import encode as encode_texts
from monitor.items import MEANING, Findings, Item, Reason, Tag
from monitor.segment import pieces

FEATURES = 1 << 20
"""Columns of the hashing trick; half a million different terms share few of them. Source: Weinberger et al. 2009."""
MAX_TEXT = 20_000
"""Characters of an item that are looked at; bounds the time and memory of one item."""
MAX_REASONS = 8
REASONED = 0.2
"""Score from which on a theme's reasons are kept."""
CUE, PAIR = 0.1, 0.07
"""What a cue, and two concepts together, weigh beside all terms, which together weigh one; docs/decisions/0016."""
MAX_CONCEPTS = 30
"""Concepts of which pairs are made; a long text has all of them, and its pairs say nothing."""

ENCODER = "hashed-terms/4"
"""How texts become columns; weights of another encoder mean nothing here."""

Floats = npt.NDArray[np.float32]
Columns = npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """A linear head a theme; calibrated, so that a score of 0.7 is right in about seven of ten cases."""

    weights: npt.NDArray[
        np.float16
    ]  # (n_themes, FEATURES); half precision halves a large share of the memory, and is what is saved
    meaning: Floats  # (n_themes, size of the vectors); size 0: it reads none
    intercepts: Floats  # (n_themes,)
    thresholds: Mapping[str, Floats]  # by language, "" for all others: (n_themes,) score from which on a theme is given

    def thresholds_of(self, lang: str) -> Floats:
        """Those of a language, (n_themes,)."""
        return self.thresholds.get(lang, self.thresholds[""])


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchors:
    """Training items by which a vector's share in a score is told: "like this one"."""

    titles: tuple[str, ...]
    langs: tuple[str, ...]
    labels: npt.NDArray[np.bool_]  # (n, n_themes)
    vectors: Floats  # (n, size)
    center: Floats = field(init=False)  # (size,) their mean: what every text means; a vector's share is what it adds to this

    def __post_init__(self) -> None:
        object.__setattr__(self, "center", self.vectors.mean(axis=0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A trained classifier: everything that scoring needs, as data."""

    version: str  # names this training; changes whenever a weight does
    themes: tuple[str, ...]
    cues: Cues
    plain: Head
    full: Head | None = None  # None: trained without vectors
    doubt: Floats  # (n_themes,) plain score from which on the full head is asked
    vectors: str | None = None  # id of the vectors' encoder
    anchors: Anchors | None = None
    encoder: str = ENCODER  # how texts become columns; another one cannot use these weights

    @property
    def heads(self) -> dict[str, Head]:
        """The heads there are, by name: plain, full."""
        return {"plain": self.plain} | ({} if self.full is None else {"full": self.full})


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a text gives a head to read."""

    terms: Counter[str]  # and how often each occurs
    cues: Mapping[str, str]  # concepts that hold, with the word that speaks for each; and queries, with none


def evidence(text: str, findings: Findings, cues: Cues) -> Evidence:
    """Words, word pairs, character pairs and triples (CJK), @entities, #identifiers; and the cues that hold."""
    found: Counter[str] = Counter()
    before = ""
    runs = list(pieces(text[:MAX_TEXT]))
    for run, is_cjk in runs:
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
    return Evidence(found, cues.find(runs))


def encode(found: Evidence, cues: Cues) -> tuple[list[str], Columns, Floats]:
    """Evidence as the non-zero part of a vector.

    Returns:
        Names, of a concept with the word that speaks for it: {chip: 半導体}; columns 0..FEATURES-1 (a column may repeat where two names
        share it); and values: terms together of length 1, their counts dampened to 1 + ln(count); CUE for each cue, PAIR for two
        concepts together. All empty for no evidence.

    Source: hashing trick, Weinberger et al. 2009; CRC-32 because it is the same on every machine and costs no import.
    """
    names = list(found.terms)
    columns = [zlib.crc32(name.encode()) & (FEATURES - 1) for name in names]
    values = [1.0 if count == 1 else 1.0 + math.log(count) for count in found.terms.values()]
    length = math.sqrt(sum(value * value for value in values)) or 1.0
    values = [value / length for value in values]
    concepts = [name for name in found.cues if name in cues.concepts][:MAX_CONCEPTS]
    pairs = list(combinations(concepts, 2))
    shown = {name: f"{{{name}: {word}}}" if word else f"{{{name}}}" for name, word in found.cues.items()}
    names += [*shown.values(), *(f"{shown[one]} + {shown[other]}" for one, other in pairs)]
    columns += [_column(each) for each in (*found.cues, *pairs)]
    values += [CUE] * len(found.cues) + [PAIR] * len(pairs)
    return names, np.array(columns, dtype=np.int32), np.array(values, dtype=np.float32)


@lru_cache(maxsize=16_384)
def _column(each: str | tuple[str, str]) -> int:
    """Column of a cue, or of two concepts together."""
    name = f"{{{each}}}" if isinstance(each, str) else f"{{{each[0]}}} + {{{each[1]}}}"
    return zlib.crc32(name.encode()) & (FEATURES - 1)


def decision(head: Head, columns: Columns, values: Floats, vector: Floats | None) -> Floats:
    """Log-odds of each theme: (n_themes,) float32.

    Args:
        vector: (size,); None for a head that reads none.
    """
    found = head.weights[:, columns].astype(np.float32) @ values + head.intercepts
    if vector is not None and head.meaning.size:
        found = found + head.meaning @ vector
    return found.astype(np.float32)


def scores(decisions: Floats) -> Floats:
    """Log-odds as probabilities, 0..1, of the same shape."""
    probabilities: Floats = (1.0 / (1.0 + np.exp(-np.clip(decisions, -30, 30)))).astype(np.float32)
    return probabilities


def tag(
    model: Model, items: Sequence[tuple[Item, Findings]], encoder: Encoder | None = None, known: Floats | None = None
) -> list[tuple[Tag, ...]]:
    """Tags of items, one per theme of the model in its order, with reasons; in input order.

    Args:
        encoder: the one that the model was trained with; None: every item is decided by the plain head.
        known: (n_items, size) the items' vectors, if they were made already.
    """
    read = [encode(evidence(item.text, findings, model.cues), model.cues) for item, findings in items]
    plain = [decision(model.plain, columns, values, None) for _, columns, values in read]
    vectors: dict[int, Floats] = {}
    if encoder is not None and model.full is not None:
        places = [place for place, found in enumerate(plain) if (scores(found) >= model.doubt).any()]
        made = encode_texts(encoder, [items[place][0].text for place in places]) if known is None else known[places]
        vectors = dict(zip(places, made, strict=True))
    return [_tags(model, read[place], plain[place], vectors.get(place), items[place][0].lang) for place in range(len(items))]


def reasons(
    model: Model, head: Head, theme: int, read: tuple[list[str], Columns, Floats], vector: Floats | None, lang: str
) -> tuple[Reason, ...]:
    """What each name added to a theme's decision value, the strongest first, at most MAX_REASONS, without those that added nothing.

    The sum over all names, and the baseline, is the decision value. What the vector added is told by the nearest training item of
    the text's language.
    """
    names, columns, values = read
    added = head.weights[theme, columns] * values
    strongest = np.argsort(-np.abs(added), kind="stable")[:MAX_REASONS]
    found = [Reason(names[place], round(float(added[place]), 4)) for place in strongest if added[place]]
    if vector is not None:
        share = float(head.meaning[theme] @ (vector if model.anchors is None else vector - model.anchors.center))
        found.append(Reason(_like(model, theme, vector, lang, is_for=share > 0), round(share, 4)))
    return tuple(sorted(found, key=lambda reason: -abs(reason.weight))[:MAX_REASONS])


def _like(model: Model, theme: int, vector: Floats, lang: str, *, is_for: bool) -> str:
    """The nearest training item with the theme, or without it, as a reason's name; of the reader's language if there is one."""
    if model.anchors is None:
        return MEANING
    fits = model.anchors.labels[:, theme] == is_for
    is_read = fits & (np.array(model.anchors.langs) == lang)
    fitting = np.flatnonzero(is_read if is_read.any() else fits)
    if not fitting.size:
        return MEANING
    nearest = fitting[int(np.argmax(model.anchors.vectors[fitting] @ vector))]
    return f"{MEANING} {model.anchors.titles[nearest]}"


def _tags(
    model: Model, read: tuple[list[str], Columns, Floats], plain: Floats, vector: Floats | None, lang: str
) -> tuple[Tag, ...]:
    head, found = model.plain, plain
    if vector is not None and model.full is not None:
        head = model.full
        found = decision(head, read[1], read[2], vector)
    probabilities = scores(found)
    thresholds = head.thresholds_of(lang)
    tags = []
    for place, theme in enumerate(model.themes):
        score = float(probabilities[place])
        # reasons cost more than the score; a theme far from given needs none in the archive
        why = reasons(model, head, place, read, vector, lang) if score >= REASONED else ()
        tags.append(Tag(theme=theme, score=round(score, 4), is_given=score >= float(thresholds[place]), reasons=why))
    return tuple(tags)
