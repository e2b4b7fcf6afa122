"""The learned decision under classifiers/linking/: which item belongs to which event. Reads and writes it; nothing there is executed.

Facts and weights in model.json, and beside it the arrays that it names: how rare words usually are, and what texts of a language
usually mean.
"""

from __future__ import annotations

import hashlib
import io
import json
import logging
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from monitor import manifests
from monitor.errors import ModelError
from monitor.likeness import BUCKETS, FEATURES, WAYS, Joining

log = logging.getLogger(__name__)

FORMAT = 2
_PLACE = Path("linking", "model.json")
LEVELS = ("event", "storyline")
SLACK = 0.03
"""F1 that a decision may lose on held-out events before it is refused: a few events more move as much."""
_HINT = "Build it anew with: monitor train --linking"


def encoder_of(folder: Path) -> str | None:
    """Id of the encoder with which the decision was learned; None if without.

    Raises:
        ModelError: the decision cannot be read.
    """
    name = _read(folder)[0].get("vectors")
    return None if name is None else str(name)


def load(folder: Path, *, level: str = "event", vectors: str | None) -> Joining:
    """The decision of a level.

    Args:
        vectors: id of the encoder at hand; where the decision was learned with another, or None, the one without meaning is taken.

    Raises:
        ModelError: absent, damaged, or of another version of this program.
    """
    facts, raw = _read(folder)
    try:
        is_full = vectors is not None and vectors == facts["vectors"]
        chosen = facts["levels"][level]["full" if is_full else "plain"]
        with np.load(io.BytesIO(raw), allow_pickle=False) as arrays:
            counts = arrays["counts"]
            usual = {
                name.removeprefix("usual_"): arrays[name].astype(np.float32) for name in arrays.files if name.startswith("usual_")
            }
        if counts.shape != (BUCKETS,):
            raise ValueError("the table of words has another size")
        return Joining(
            version=str(chosen["version"]),
            weights={way: _weights(chosen[way]) for way in WAYS},
            size=float(chosen["size"]),
            counts=counts,
            total=int(facts["total"]),
            usual=usual if is_full else {},
            vectors=vectors if is_full else None,
            is_central=bool(chosen["central"]),
        )
    except (ValueError, KeyError, IndexError, TypeError, OSError) as error:
        raise ModelError(f"is damaged ({error!r})", subject=str(folder / _PLACE), hint=_HINT) from error


def _read(folder: Path) -> tuple[dict[str, Any], bytes]:
    place = folder / _PLACE
    try:
        facts = json.loads(place.read_text(encoding="utf-8"))
        if not isinstance(facts, dict) or facts.get("format") != FORMAT:
            raise ModelError("was written by another version of this program", subject=str(place), hint=_HINT)
        arrays = place.with_name(str(facts.get("model", "model.npz")))  # a decision that names none was saved with those
        raw = arrays.read_bytes()
    except OSError as error:
        raise ModelError(f"cannot be read ({error.strerror})", subject=str(place.parent), hint=_HINT) from error
    except (ValueError, RecursionError) as error:
        raise ModelError(f"cannot be read ({type(error).__name__})", subject=str(place), hint=_HINT) from error
    if facts.get("sha256") != hashlib.sha256(raw).hexdigest():
        raise ModelError("is damaged: its checksum differs", subject=str(arrays), hint=_HINT)
    return facts, raw


def figures(folder: Path) -> dict[str, dict[str, float]]:
    """What the saved decision was worth on events that it had not seen, by level and kind; {} if there is none."""
    try:
        found = _read(folder)[0].get("figures")
    except ModelError:
        return {}
    return found if isinstance(found, dict) else {}


def worse(new: Mapping[str, Mapping[str, float]], old: Mapping[str, Mapping[str, float]]) -> list[str]:
    """What a new decision does worse than the present one by more than SLACK, in words; [] if nothing."""
    return [
        f"{name}: pairs F1 {row['f1']:.3f}, {old[name]['f1']:.3f} before"
        for name, row in new.items()
        if name in old and row["f1"] < old[name]["f1"] - SLACK
    ]


def load_or_none(folder: Path, *, level: str = "event", vectors: str | None) -> Joining:
    """As load(); without one, a decision that joins nothing, so that identifiers alone join, with a logged reason."""
    try:
        return load(folder, level=level, vectors=vectors)
    except ModelError as error:
        log.error("items are joined by identifiers alone: %s", error)
        never = (-1e9, *(0.0 for _ in FEATURES))
        return Joining(
            version="none", weights=dict.fromkeys(WAYS, never), size=0, counts=np.zeros(BUCKETS, np.uint16), total=0, usual={}
        )


def save(folder: Path, levels: Mapping[str, Mapping[str, Joining]], figures: Mapping[str, Any]) -> None:
    """Write the decisions, at once or not at all: by level, "full" with meaning and "plain" without."""
    place = folder / _PLACE
    some = levels["event"].get("full") or levels["event"]["plain"]
    # half precision: what is saved is what is read, here and on every machine
    arrays = {"counts": some.counts, **{f"usual_{lang}": mean.astype(np.float16) for lang, mean in sorted(some.usual.items())}}
    packed = io.BytesIO()
    np.savez_compressed(packed, **arrays)  # type: ignore[arg-type]
    facts = {
        "format": FORMAT,
        "vectors": some.vectors,
        "total": some.total,
        "levels": {level: {name: _facts(each) for name, each in kinds.items()} for level, kinds in levels.items()},
        "figures": figures,
    }
    manifests.put(place, facts, "model", packed.getvalue())


def _facts(joining: Joining) -> dict[str, Any]:
    return {
        "version": joining.version,
        "size": joining.size,
        "central": joining.is_central,
        **{way: dict(zip(("first", *FEATURES), joining.weights[way], strict=True)) for way in WAYS},
    }


def _weights(facts: Mapping[str, float]) -> tuple[float, ...]:
    found = tuple(float(facts[name]) for name in ("first", *FEATURES))
    if not all(map(math.isfinite, found)):
        raise ValueError("a weight is no number")
    return found
