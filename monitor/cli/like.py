"""What `monitor search --like ITEM` finds. Returns rows and notes, and prints nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from monitor.cli.output import item_json
from monitor.errors import ConfigError, ModelError
from monitor.query import And, Node

if TYPE_CHECKING:
    from pathlib import Path

    from monitor.archive import Archive
    from monitor.cli.options import Here
    from monitor.items import Filed
    from monitor.likeness import Floats
    from monitor.neighbours import Neighbour

COLUMNS = ("id", "like", "date", "lang", "source", "title", "event", "why")
"""Of a table; why says "same event" where it is the item's own."""
_CANDIDATES = 300
"""Items that are compared, of those that words find, and as many of each other way."""
_KEPT = 20_000
"""Vectors of the archive that are looked through, the newest: 20 MB."""
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
    from monitor import house, neighbours, thesaurus

    now = here.now()
    folder = house.classifiers_folder()
    terms = thesaurus.load(folder, _own(here))
    with here.archive(is_readonly=True) as archive, archive.errors():
        of = archive.reading.item(item)
        asked = archive.neighbours
        found = neighbours.cues(of.item.title, of.item.summary, terms)
        standing = asked.standing([*dict.fromkeys(word for cue in found for word in cue.words)], neighbours.COMMON)
        sought = neighbours.weighed(found, standing, asked.items())
        candidates = {each.item.id: each for each in asked.beside(of, tree, now, limit=_CANDIDATES)}
        words = neighbours.tree(sought)
        if words is not None:
            by_words = archive.reading.search(And((tree, words)), now, limit=_CANDIDATES, by_rank=True)
            candidates |= {each.item.id: each for each in by_words}
        meaning, notes = _meaning(archive, folder, of, candidates, tree, here)
        known = asked.identifiers((of.item.id, *candidates))
    near = neighbours.ranked(of, candidates.values(), sought=sought, identifiers=known, meaning=meaning, limit=limit)
    return Liked([_row(each) for each in near], [_record(each) for each in near], notes)


def _meaning(
    archive: Archive, folder: Path, of: Filed, candidates: dict[str, Filed], tree: Node, here: Here
) -> tuple[dict[str, float] | None, tuple[str, ...]]:
    """How near in meaning each candidate is to an item, by id; those nearest of the last weeks become candidates.

    None, with a note, where there are no sentence vectors.
    """
    import numpy as np

    from monitor import joinings
    from monitor.neighbours import centred

    try:
        name = joinings.encoder_of(folder)
        usual = {} if name is None else joinings.load(folder, vectors=name).usual
        kept = [] if name is None else archive.neighbours.vectors(name, limit=_KEPT)
        place = {item: at for at, (item, _, _) in enumerate(kept)}
        size = len(next(iter(usual.values()), ()))
        vectors = (
            np.frombuffer(b"".join(vector for _, _, vector in kept), "<f2")
            .astype(np.float32)
            .reshape(len(kept), -1 if kept else size)
        )
        mine = vectors[place[of.item.id]][None] if of.item.id in place else _encoded(name, [of.item.text])
        mine = centred(mine, [of.item.lang], usual)[0]
        cosines = centred(vectors, [lang for _, lang, _ in kept], usual) @ mine if kept else np.zeros(0, np.float32)
        nearest = np.argsort(-cosines, kind="stable")[: _CANDIDATES // 3]
        near = archive.neighbours.of([kept[at][0] for at in nearest.tolist()], tree, here.now())
        candidates |= {each.item.id: each for each in near}
        found = {item: float(cosines[at]) for item, at in place.items() if item in candidates}
        missing = [each.item for each in candidates.values() if each.item.id not in place]
        others = centred(_encoded(name, [each.text[:_ENCODED] for each in missing]), [each.lang for each in missing], usual)
        return found | {each.id: float(row @ mine) for each, row in zip(missing, others, strict=True)}, ()
    except ModelError as error:
        return None, (f"Words alone decide: {error}",)


def _encoded(name: str | None, texts: Sequence[str]) -> Floats:
    """Vectors of texts, by the encoder of a name and no other.

    Raises:
        ModelError: it cannot be had.
    """
    import numpy as np

    from monitor import encoders

    if name is None:
        raise ModelError("the classifiers were trained without sentence vectors")
    if not texts:
        return np.zeros((0, 0), np.float32)
    encoder = encoders.load(name)
    if encoder.id != name:
        raise ModelError(f"the vectors are of {name}, here is {encoder.id}")
    return encoders.encode(encoder, texts)


def _own(here: Here) -> Path | None:
    from monitor import house

    try:
        return house.own_lexicon(here.config().path)
    except ConfigError:  # what ships needs no configuration
        return None


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
