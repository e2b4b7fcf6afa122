"""What is like an item, in any language: by the rare words and names that both have, by the law that both name, and by what they mean.

Words find the candidates, and put them in order where there are no sentence vectors. Pure.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from monitor.items import Filed, Identifier
from monitor.likeness import Floats
from monitor.mark import words as words_of
from monitor.query import Node, Or, Word
from monitor.segment import CJK, HIRAGANA, fold, pieces
from monitor.thesaurus import Thesaurus
from monitor.tokens import contains, normal

COMMON = 1_000
"""Items in which a word stands from which on it finds no neighbours."""
SOUGHT = 24
"""Cues by which candidates are sought: the rarest."""
READ = 600
"""Characters of a text from which cues are taken, as many as its vector is made of."""
SAME_LAW = 0.6
"""Share of what is missing to 1 that a common identifier of one measure gives."""
WORDS, WORDS_ABROAD = 0.5, 0.6
"""The same for all of the item's cues, in its language, and in another, where few words can be shared at all."""
ABROAD = 1.15
"""Times that meaning is nearer than it looks where the language is another one. Measured on 150 items of
classifiers/linking: of the items of the event in other languages 45 in 100 are among the first ten (52 where all vectors are kept); with
one measure for all languages 36."""
_UNTRANSLATED = 0.1
"""What of a cue without a word in other languages is expected there: a name in Latin letters, a figure."""
LEAST = 0.25
"""Items that are less like it are no neighbours."""
_FEW = 10
"""Items of an archive so small that half of it tells nothing."""
_LEAST_WEIGHT = 0.05
_WHY = 4
_KANA = re.compile("^[\u3040-\u309f]+|[\u3040-\u309f]+$")
_RUN = re.compile(f"[{CJK}]+")


@dataclass(frozen=True, slots=True)
class Cue:
    """Something an item says that others may say as well."""

    said: str  # as the item has it
    words: tuple[str, ...]  # by which it is found: itself, and its translations


@dataclass(frozen=True, slots=True)
class Weighed:
    """A cue, and how much it tells."""

    cue: Cue
    weight: float  # 0 for what stands everywhere, 1 for what stands once


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbour:
    """An item that is like another."""

    filed: Filed
    similarity: float  # 0..1
    why: tuple[str, ...]  # identifiers, names and words that both have; the most telling first
    is_same_event: bool


def cues(title: str, summary: str, thesaurus: Thesaurus) -> tuple[Cue, ...]:
    """What an item says: names and terms with their words in other languages, then single words, and pairs of characters.

    Not the words of function and of dates, nor the name of the paper behind a title.
    """
    text = f"{title} {summary}"[:READ]
    found: dict[str, Cue] = {}
    for said, term in thesaurus.within(text):
        others = (word for words in thesaurus.translations(said, term).values() for word in words)
        known = found.get(fold(said), Cue(said, (said,)))
        found[fold(said)] = Cue(said, tuple(dict.fromkeys((*known.words, *others))))
    kept = {*words_of(title), *words_of(summary[:READ])}
    for run, is_cjk in pieces(text):
        for word in (run[at : at + 2] for at in range(len(run) - 1)) if is_cjk else (run,):
            if word not in found and len(word) > 1 and not HIRAGANA.match(word) and not kept.isdisjoint(words_of(word)):
                found[word] = Cue(word, (word,))
    return tuple(found.values())


def weighed(found: Sequence[Cue], standing: Mapping[str, int], total: int) -> tuple[Weighed, ...]:
    """The SOUGHT most telling cues that another item has, the most telling first; of equals, those that reach other languages.

    Args:
        standing: by word of the cues: in how many items it stands.
        total: how many items there are.
    """
    telling = []
    for cue in found:
        words = tuple(word for word in cue.words if 0 < standing[word] < COMMON)
        often = sum(standing[word] for word in words)
        # what only the item itself says finds nothing; in a small archive a word of half of it tells nothing
        if 1 < often <= max(total / 2, _FEW):
            weight = max(math.log(total / often) / math.log(max(total, 2)), _LEAST_WEIGHT)
            telling.append(Weighed(Cue(cue.said, words), weight))
    order = sorted(telling, key=lambda each: -each.weight * (2 if len(each.cue.words) > 1 else 1))
    return tuple(order[:SOUGHT])


def tree(sought: Sequence[Weighed], *, is_abroad: bool = False) -> Node | None:
    """The query that finds what has at least one of the cues; None without any.

    Args:
        is_abroad: only by words of other languages, of which the item's own language would leave nothing among the first.
    """
    words = tuple(dict.fromkeys(word for each in sought for word in each.cue.words if not is_abroad or word != each.cue.said))
    return Or(tuple(Word(word) for word in words)) if words else None


def centred(vectors: Floats, langs: Sequence[str], usual: Mapping[str, Floats]) -> Floats:
    """Vectors without what texts of their language always mean, so that two languages are no reason to be unlike.

    Args:
        vectors: (n, size), of length 1.
        usual: by language, "" for others; empty: as they are.

    Returns: (n, size) of length 1.
    """
    if not usual or not len(vectors):
        return vectors
    found = vectors.copy()
    places = np.array(langs)
    for lang in set(langs):
        always = usual.get(lang, usual.get(""))
        if always is not None:
            found[places == lang] -= always
    lengths = np.sqrt(np.einsum("ij,ij->i", found, found))
    found /= np.where(lengths < 1e-6, 1, lengths)[:, None]
    return found


def ranked(
    of: Filed,
    candidates: Iterable[Filed],
    *,
    sought: Sequence[Weighed],
    identifiers: Mapping[str, tuple[Identifier, ...]],
    meaning: Mapping[str, float] | None,
    limit: int,
) -> list[Neighbour]:
    """The candidates that are like an item, the most alike first; copies of it, and of one another, are left out.

    Args:
        sought: the item's cues.
        identifiers: those of one measure, by item.
        meaning: by item: cosine of what both mean; None: it is not known of any, and words alone decide.
    """
    known = {each.item.id: each for each in candidates}
    of_item = set(identifiers.get(of.item.id, ()))
    found = []
    for name, filed in known.items():
        if _repeats(filed, of) or filed.copy_of in known:
            continue
        told = filed.item.brief[:READ]
        seen = normal(told)
        shared = [each for each in sought if any(contains(seen, word) for word in each.cue.words)]
        law = [each for each in identifiers.get(name, ()) if each in of_item]
        is_abroad = filed.item.lang != of.item.lang
        words = _share(shared, sought, is_abroad=is_abroad)
        unlike = 1.0 - words
        if meaning is not None:
            nearness = max(0.0, meaning.get(name, 0.0)) * (ABROAD if is_abroad else 1.0)
            unlike = (1.0 - min(1.0, nearness)) * (1.0 - words * (WORDS_ABROAD if is_abroad else WORDS))
        similarity = 1.0 - unlike * (1.0 - SAME_LAW * bool(law))
        if similarity >= LEAST:
            why = (*(f"{each.type} {each.value}" for each in law), *_said(of.item.brief[:READ], told, shared))
            is_same = filed.event is not None and filed.event == of.event
            found.append(Neighbour(filed=filed, similarity=min(1.0, similarity), why=why[:_WHY], is_same_event=is_same))
    found.sort(key=lambda each: (-each.similarity, -each.filed.item.moment.timestamp(), each.filed.item.id))
    return found[:limit]


def _share(shared: Iterable[Weighed], sought: Iterable[Weighed], *, is_abroad: bool) -> float:
    """How much of an item's cues another has, 0..1; of another language those are expected that have words there."""
    whole = sum(each.weight * (_UNTRANSLATED if is_abroad and len(each.cue.words) == 1 else 1.0) for each in sought)
    return min(1.0, sum(each.weight for each in shared) / whole) if whole else 0.0


def _repeats(filed: Filed, of: Filed) -> bool:
    """True if it is the item, a copy of it, what it copies, or a copy of the same."""
    mine = {of.item.id, of.copy_of} - {None}
    return filed.item.id in mine or filed.copy_of in mine


def _said(text: str, other_text: str, shared: Iterable[Weighed]) -> list[str]:
    """The cues that an item shares with another text, as words: 輸出貿易 for its three pairs of characters, graphite = 黒鉛."""
    found: dict[str, None] = {}
    seen, folded = normal(other_text), fold(other_text)
    for each in shared:
        said = each.cue.said
        other = next(word for word in each.cue.words if contains(seen, word))
        if other != said:
            found[f"{said} = {other}"] = None
        else:
            found[_KANA.sub("", _longer(said, fold(text), folded)) or said] = None
    return [word for word in found if not any(word != other and word in other for other in found)]


def _longer(pair: str, mine: str, theirs: str) -> str:
    """The longest run of characters around a pair that stands in both texts; what is no pair of characters stays."""
    if len(pair) != 2 or not _RUN.fullmatch(pair):
        return pair
    start = mine.find(pair)
    end = start + 2
    while start >= 0 and end < len(mine) and _RUN.fullmatch(mine[end]) and mine[start : end + 1] in theirs:
        end += 1
    while start > 0 and _RUN.fullmatch(mine[start - 1]) and mine[start - 1 : end] in theirs:
        start -= 1
    return mine[start:end] if start >= 0 else pair
