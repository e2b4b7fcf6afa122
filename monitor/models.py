"""The trained model under classifiers/model/: reads, writes, keeps earlier ones. Nothing there is ever executed.

A model is arrays and a manifest with a checksum; a pickle is refused by name, unopened. Earlier models lie in model/history/, each in a
folder named by the day and the version, so that one that disappoints is taken back by a command.
"""

from __future__ import annotations

import hashlib
import io
import json
import logging
import shutil
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from monitor import manifests
from monitor.classifiers import load_cues
from monitor.errors import ModelError, UsageError

if TYPE_CHECKING:
    from monitor.tag import Head, Model

log = logging.getLogger(__name__)

MANIFEST = "manifest.json"
FORMAT = 3
KEPT = 10
"""Earlier models that are kept."""
_CODE = (".pkl", ".pickle", ".joblib", ".skops")
_HINT = "Build it anew with: monitor train"


def trained_at(folder: Path) -> datetime | None:
    """When the model in use was put in its place; None if there is none."""
    try:
        return datetime.fromtimestamp((folder / "model" / MANIFEST).stat().st_mtime, UTC)
    except OSError:
        return None


def manifest(folder: Path) -> dict[str, Any]:
    """What the saved model says of itself; the weights are not looked at.

    Raises:
        ModelError: absent, unreadable, or of another version of this program.
    """
    place = folder / "model" / MANIFEST
    try:
        found = json.loads(place.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ModelError("there is no trained model", subject=str(place.parent), hint=_HINT) from error
    except (OSError, ValueError, RecursionError) as error:
        raise ModelError(f"cannot be read ({type(error).__name__})", subject=str(place), hint=_HINT) from error
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise ModelError("was written by another version of this program", subject=str(place), hint=_HINT)
    return found


def load(folder: Path) -> Model:
    """The saved model.

    Raises:
        ModelError: absent, damaged, made for another encoder or by a newer version.
    """
    import numpy as np

    from monitor.tag import ENCODER, Anchors, Model

    facts = manifest(folder)
    place = folder / "model"
    weights = place / str(facts.get("weights"))
    for stranger in sorted(place.glob("*")):
        if stranger.suffix in _CODE:
            raise ModelError("is not opened: such files can run code", subject=str(stranger), hint="Remove it. " + _HINT)
    try:
        raw = weights.read_bytes()
    except OSError as error:
        raise ModelError(f"cannot be read ({error.strerror})", subject=str(weights), hint=_HINT) from error
    if facts.get("sha256") != hashlib.sha256(raw).hexdigest():
        raise ModelError("is damaged: its checksum differs from the manifest's", subject=str(weights), hint=_HINT)
    if facts.get("encoder") != ENCODER:
        raise ModelError(f"was trained for {facts.get('encoder')!r}, not {ENCODER!r}", subject=str(place), hint=_HINT)
    cues = load_cues(folder)
    if facts.get("cues") != cues.digest:
        log.warning("the queries of %s were changed after the model was trained; learn their weights with: monitor train", folder)
    try:
        with np.load(io.BytesIO(raw), allow_pickle=False) as arrays:
            themes = tuple(str(name) for name in facts["themes"])
            model = Model(
                version=str(facts["version"]),
                themes=themes,
                cues=cues,
                plain=_head(arrays, "plain", len(themes), facts["thresholds"]["plain"]),
                full=_head(arrays, "full", len(themes), facts["thresholds"]["full"]) if "full" in facts["thresholds"] else None,
                doubt=arrays["doubt"],
                vectors=facts["vectors"],
                anchors=Anchors(
                    titles=tuple(title for _, title in facts["anchors"]),
                    langs=tuple(lang for lang, _ in facts["anchors"]),
                    labels=arrays["anchor_labels"],
                    vectors=arrays["anchors"].astype(np.float32),
                )
                if facts["anchors"]
                else None,
            )
        if model.doubt.shape != (len(themes),):
            raise ValueError("shapes differ from the number of themes")
        return model
    except (ValueError, KeyError, IndexError, TypeError, OSError) as error:
        raise ModelError(f"is damaged ({error})", subject=str(weights), hint=_HINT) from error


def _head(arrays: Mapping[str, Any], name: str, themes: int, thresholds: Mapping[str, Any]) -> Head:
    """A head as it was saved.

    Raises:
        ValueError, KeyError, IndexError, TypeError: it is not as it should be.
    """
    import numpy as np

    from monitor.tag import FEATURES, Head

    weights = np.zeros((themes, FEATURES), dtype=np.float16)
    weights[arrays[f"{name}_rows"], arrays[f"{name}_columns"]] = arrays[f"{name}_values"]
    head = Head(
        weights=weights,
        meaning=arrays[f"{name}_meaning"],
        intercepts=arrays[f"{name}_intercepts"],
        thresholds={str(lang): np.array(row, dtype=np.float32) for lang, row in thresholds.items()},
    )
    if head.intercepts.shape != (themes,) or len(head.meaning) != themes or "" not in head.thresholds:
        raise ValueError("shapes differ from the number of themes")
    if any(row.shape != (themes,) for row in head.thresholds.values()):
        raise ValueError("thresholds differ from the number of themes")
    return head


def save(folder: Path, model: Model, about: Mapping[str, Any], now: datetime | None = None) -> None:
    """Write the model and its manifest, at once or not at all; the same model gives the same bytes.

    Args:
        about: further facts for the manifest (figures, library versions), JSON values.
        now: when; the model so far is then kept in the history. None: it is replaced.
    """
    place = folder / "model"
    place.mkdir(parents=True, exist_ok=True)
    if now is not None:
        _keep(place, now)
    thresholds = {
        name: {lang: [round(float(each), 4) for each in row] for lang, row in sorted(head.thresholds.items())}
        for name, head in model.heads.items()
    }
    facts = {
        "format": FORMAT,
        "version": model.version,
        "themes": list(model.themes),
        "encoder": model.encoder,
        "vectors": model.vectors,
        "cues": model.cues.digest,
        "thresholds": thresholds,
        **about,
        "anchors": [] if model.anchors is None else list(zip(model.anchors.langs, model.anchors.titles, strict=True)),
    }
    manifests.put(place / MANIFEST, facts, "weights", _packed(model))


def history(folder: Path) -> list[dict[str, Any]]:
    """Manifests of the models that were kept, the latest first, each with "kept": the name of its folder."""
    found = []
    for path in sorted((folder / "model" / "history").glob(f"*/{MANIFEST}"), reverse=True):
        try:
            found.append({**json.loads(path.read_text(encoding="utf-8")), "kept": path.parent.name})
        except (OSError, ValueError, TypeError):
            log.warning("%s cannot be read; left out", path)
    return found


def rollback(folder: Path, version: str | None, now: datetime) -> dict[str, Any]:
    """Put an earlier model in the place of the present one, which is kept in the history in turn; its manifest.

    Args:
        version: of the model wanted, or how it begins; None: the latest of the history.

    Raises:
        UsageError: there is none.
        ModelError: the present one cannot be kept.
    """
    wanted = [each for each in history(folder) if version is None or str(each["version"]).startswith(version)]
    if not wanted:
        which = "there is no earlier model" if version is None else f"there is no earlier model {version!r}"
        raise UsageError(which, hint="See: monitor model history")
    facts = wanted[0]
    place = folder / "model"
    kept = place / "history" / facts.pop("kept")
    raw = (kept / str(facts["weights"])).read_bytes()
    _keep(place, now)
    manifests.put(place / MANIFEST, facts, "weights", raw)
    shutil.rmtree(kept)
    return facts


def _keep(place: Path, now: datetime) -> None:
    """Copy the present model into the history; the oldest beyond KEPT go."""
    try:
        facts = json.loads((place / MANIFEST).read_text(encoding="utf-8"))
        name = f"{now:%Y%m%dT%H%M%SZ}-{facts['version']}"
        target = place / "history" / name
        target.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(place / str(facts["weights"]), target / str(facts["weights"]))
        shutil.copyfile(place / MANIFEST, target / MANIFEST)
    except (OSError, ValueError, KeyError, TypeError) as error:  # nothing that could be taken back
        log.warning("the model so far is not kept: %s", error)
    for old in sorted((place / "history").glob("*"))[:-KEPT]:
        shutil.rmtree(old)


def _packed(model: Model) -> bytes:
    """The arrays of a model, compressed; weights that are 0 left out."""
    import numpy as np

    arrays: dict[str, Any] = {"doubt": model.doubt}
    for name, head in model.heads.items():
        rows, columns = np.nonzero(head.weights)
        arrays |= {
            f"{name}_rows": rows.astype(np.uint8),
            f"{name}_columns": columns.astype(np.uint32),
            f"{name}_values": head.weights[rows, columns],
            f"{name}_meaning": head.meaning,
            f"{name}_intercepts": head.intercepts,
        }
    if model.anchors is not None:
        arrays |= {"anchors": model.anchors.vectors.astype(np.float16), "anchor_labels": model.anchors.labels}
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    return buffer.getvalue()
