"""What `monitor search --like ITEM` finds. Returns rows and notes, and prints nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from monitor import bundled
from monitor.cli.output import item_json
from monitor.errors import ModelError
from monitor.query import And, Node

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from monitor.archive import Archive
    from monitor.cli.options import Here
    from monitor.items import Filed
    from monitor.likeness import Floats
    from monitor.neighbours import Neighbour

COLUMNS = ("id", "like", "date", "lang", "source", "title", "event", "why")
"""Of a table; why says "same event" where it is the item's own."""
OPTIONAL = ("event", "source", "why", "lang")
"""Of these, what a narrow terminal leaves out, the least needed first."""
_CANDIDATES = 100
"""Items that are compared, of those that share the law or the event, and of those nearest in meaning."""
_BY_WORDS = 150
"""And of those that words find: so many in all, and so many by words of other languages."""
_KEPT = 20_000
"""Vectors of the archive that are looked through, the newest: 20 MB."""
_LOOKED_AT = 2_000
"""Of these, those that may match a query beside the item: the nearest in meaning."""
_ENCODED = 200
"""Characters of a candidate whose vector is not kept any more; measured: 300 candidates in half a second, a fifth of READ's time."""


@dataclass(frozen=True, slots=True)
class Liked:
    """What is like an item."""

    rows: list[dict[str, Any]]  # with COLUMNS, the most alike first
    records: list[dict[str, Any]]  # as JSON: the item, similarity, why, same_event
    notes: tuple[str, ...]  # what the reader should know


def like(here: Here, item: str, tree: Node, limit: int) -> Liked:
    """Items that are like one, in any language.

    Args:
        item: its id, or the beginning of it.
        tree: a query that they match as well; And(()) for none.

    Raises:
        UsageError: there is no such item, or several.
        ArchiveError, ModelError: the archive, or the lexicon, cannot be used.
    """
    from monitor import lexiconfile, neighbours, thesaurus

    now = here.now()
    folder = bundled.classifiers_in_use()
    terms = thesaurus.load(folder, lexiconfile.own_lexicon(here.path()))
    with here.archive(is_readonly=True) as archive, archive.errors():
        of = archive.reading.item(item)
        asked = archive.neighbours
        found = neighbours.cues(of.item.title, of.item.summary, terms)
        standing = asked.standing([*dict.fromkeys(word for cue in found for word in cue.words)], neighbours.COMMON)
        sought = neighbours.weighed(found, standing, asked.items())
        candidates = {each.item.id: each for each in asked.beside(of, tree, now, limit=_CANDIDATES)}
        for words in (neighbours.tree(sought), neighbours.tree(sought, is_abroad=True)):
            if words is not None:
                by_words = archive.reading.search(And((tree, words)), now, limit=_BY_WORDS, by_rank=True)
                candidates |= {each.item.id: each for each in by_words}
        meaning, notes = _meaning(archive, folder, of, candidates, tree, now)
        known = asked.identifiers((of.item.id, *candidates))
    near = neighbours.ranked(of, candidates.values(), sought=sought, identifiers=known, meaning=meaning, limit=limit)
    return Liked([_row(each) for each in near], [_record(each) for each in near], notes)


def _meaning(
    archive: Archive, folder: Path, of: Filed, candidates: dict[str, Filed], tree: Node, now: datetime
) -> tuple[dict[str, float] | None, tuple[str, ...]]:
    """How near in meaning each candidate is to an item, by id; those nearest of the last weeks become candidates.

    None, with a note, where there are no sentence vectors.
    """
    from monitor import joinings
    from monitor.neighbours import centred

    try:
        name = joinings.encoder_of(folder)
        if name is None:
            raise ModelError("the classifiers were trained without sentence vectors")
        usual = joinings.load(folder, vectors=name).usual
        place, vectors = _kept(archive, name, usual)
        own = place.get(of.item.id)
        mine = centred(_encoded(name, [of.item.text]), [of.item.lang], usual)[0] if own is None else vectors[own]
        found = {item: float(cosine) for item, cosine in zip(place, vectors @ mine, strict=True)} if place else {}
        nearest = sorted(found, key=lambda item: -found[item])[:_LOOKED_AT]
        near = archive.neighbours.of(nearest, tree, now, limit=_CANDIDATES)
        candidates |= {each.item.id: each for each in near}
        if missing := [each.item for each in candidates.values() if each.item.id not in found]:
            others = centred(_encoded(name, [each.brief[:_ENCODED] for each in missing]), [each.lang for each in missing], usual)
            found |= {each.id: float(cosine) for each, cosine in zip(missing, others @ mine, strict=True)}
    except ModelError as error:
        return None, (f"Words alone decide: {error}",)
    return found, ()


def _kept(archive: Archive, encoder: str, usual: Mapping[str, Floats]) -> tuple[dict[str, int], Floats]:
    """The vectors that the archive keeps: the row of each item, and (n_items, size) without what their languages always mean."""
    import numpy as np

    from monitor.neighbours import centred

    kept = archive.neighbours.vectors(encoder, limit=_KEPT)
    if not kept:
        return {}, np.zeros((0, 0), np.float32)
    whole = np.frombuffer(b"".join(vector for _, _, vector in kept), "<f2").astype(np.float32).reshape(len(kept), -1)
    return {item: place for place, (item, _, _) in enumerate(kept)}, centred(whole, [lang for _, lang, _ in kept], usual)


def _encoded(name: str, texts: Sequence[str]) -> Floats:
    """Vectors of texts, by the encoder of a name and no other.

    Raises:
        ModelError: it cannot be had.
    """
    from monitor import encoders

    encoder = encoders.load(name)
    if encoder.id != name:
        raise ModelError(f"the vectors are of {name}, here is {encoder.id}")
    return encoders.encode(encoder, texts)


def _row(near: Neighbour) -> dict[str, Any]:
    item = near.filed.item
    return {
        "id": item.id,
        "like": near.similarity,
        "date": item.moment.strftime("%Y-%m-%d"),
        "lang": item.lang,
        "source": item.source,
        "title": item.title,
        "event": near.filed.event,
        "why": ", ".join(filter(None, ("same event" if near.is_same_event else "", *near.why))) or "meaning",
    }


def _record(near: Neighbour) -> dict[str, Any]:
    same = {"similarity": round(near.similarity, 4), "why": list(near.why), "same_event": near.is_same_event}
    return {**item_json(near.filed), **same}
