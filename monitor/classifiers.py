"""The folder classifiers/: theme definitions, training items, lexicon and the saved model. The only place that reads or writes it.

A model is arrays and a manifest with a checksum; nothing in the folder is ever executed, and a pickle is refused by name.
"""

from __future__ import annotations

import hashlib
import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from monitor.errors import ModelError
from monitor.lexicon import Lexicon, Name

if TYPE_CHECKING:
    from monitor.tag import Model

WEIGHTS = "weights.npz"
MANIFEST = "manifest.json"
FORMAT = 1
_HINT = "Build it anew with: monitor train"


@dataclass(frozen=True, slots=True, kw_only=True)
class Theme:
    """A subject the classifier knows, as its folder defines it."""

    id: str
    names: tuple[tuple[str, str], ...]  # (language, name)
    definition: str

    def name(self, lang: str = "en") -> str:
        """The theme's name in a language, else in English, else its id."""
        return dict(self.names).get(lang) or dict(self.names).get("en") or self.id


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A training item: a text with the themes that it has."""

    id: str
    lang: str
    title: str
    summary: str
    labels: tuple[str, ...]
    event: str  # items of one development stand on the same side of every split
    register: str
    near_miss: str | None


def load_themes(folder: Path) -> tuple[Theme, ...]:
    """Themes in the order of their ids.

    Raises:
        ModelError: the folder is absent, or a theme.yaml cannot be used.
    """
    found = []
    for path in sorted(folder.glob("*/theme.yaml")):
        try:
            raw = yaml.safe_load(path.read_text(encoding="utf-8"))
            found.append(Theme(id=path.parent.name, names=tuple(raw["name"].items()), definition=str(raw["definition"])))
        except (OSError, yaml.YAMLError, KeyError, TypeError, AttributeError) as error:
            raise ModelError(f"a theme needs name: and definition: ({error})", subject=str(path)) from error
    if not found:
        raise ModelError("no theme found", subject=str(folder), hint="Each theme is a folder with a theme.yaml")
    return tuple(found)


def load_examples(folder: Path) -> tuple[Example, ...]:
    """All training items, by file name and line.

    Raises:
        ModelError: a line that is no training item, by file and line.
    """
    found = []
    for path in sorted(folder.glob("*/items.*.jsonl")):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            if not line.strip():
                continue
            try:
                raw = json.loads(line)
                found.append(
                    Example(
                        id=raw["id"],
                        lang=raw["lang"],
                        title=raw["title"],
                        summary=raw.get("summary", ""),
                        labels=tuple(raw["labels"]),
                        event=raw["event"],
                        register=raw["register"],
                        near_miss=raw.get("near_miss"),
                    )
                )
            except (ValueError, KeyError, TypeError) as error:
                raise ModelError(f"no training item ({error!r})", subject=f"{path}:{number}") from error
    return tuple(found)


def load_lexicon(folder: Path) -> Lexicon:
    """The matcher over classifiers/lexicon.jsonl.

    Raises:
        ModelError: absent, or a line that is no entry.
    """
    path = folder / "lexicon.jsonl"
    names = []
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise ModelError(f"cannot be read ({error.strerror})", subject=str(path)) from error
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            raw = json.loads(line)
            surfaces = tuple((lang, surface) for lang, all_names in raw["names"].items() for surface in all_names)
            names.append(Name(id=raw["id"], type=raw["type"], surfaces=surfaces))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ModelError(f"no lexicon entry ({error!r})", subject=f"{path}:{number}") from error
    return Lexicon(names)


def read_manifest(folder: Path) -> dict[str, Any]:
    """What the saved model says of itself; the weights are not looked at.

    Raises:
        ModelError: absent, unreadable, or of another version of this program.
    """
    place = folder / "model" / MANIFEST
    try:
        manifest = json.loads(place.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ModelError("there is no trained model", subject=str(place.parent), hint=_HINT) from error
    except (OSError, ValueError, RecursionError) as error:
        raise ModelError(f"cannot be read ({type(error).__name__})", subject=str(place), hint=_HINT) from error
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise ModelError("was written by another version of this program", subject=str(place), hint=_HINT)
    return manifest


def load_model(folder: Path) -> Model:
    """The saved model.

    Raises:
        ModelError: absent, damaged, made for another encoder or by a newer version.
    """
    import numpy as np

    from monitor.tag import ENCODER, FEATURES, Model

    place = folder / "model"
    manifest = read_manifest(folder)
    for stranger in sorted(place.glob("*")):
        if stranger.suffix in (".pkl", ".pickle", ".joblib", ".skops"):
            raise ModelError("is not opened: such files can run code", subject=str(stranger), hint="Remove it. " + _HINT)
    try:
        raw = (place / WEIGHTS).read_bytes()
    except OSError as error:
        raise ModelError(f"cannot be read ({error.strerror})", subject=str(place / WEIGHTS), hint=_HINT) from error
    if manifest.get("sha256") != hashlib.sha256(raw).hexdigest():
        raise ModelError("is damaged: its checksum differs from the manifest's", subject=str(place / WEIGHTS), hint=_HINT)
    if manifest.get("encoder") != ENCODER:
        raise ModelError(f"was trained for {manifest.get('encoder')!r}, not {ENCODER!r}", subject=str(place), hint=_HINT)
    try:
        with np.load(io.BytesIO(raw), allow_pickle=False) as arrays:
            themes = tuple(str(name) for name in manifest["themes"])
            weights = np.zeros((len(themes), FEATURES), dtype=np.float32)
            weights[arrays["rows"], arrays["columns"]] = arrays["values"]
            intercepts, thresholds = arrays["intercepts"], arrays["thresholds"]
        if intercepts.shape != (len(themes),) or thresholds.shape != (len(themes),):
            raise ValueError("shapes differ from the number of themes")
        return Model(
            version=str(manifest["version"]),
            themes=themes,
            weights=weights,
            intercepts=intercepts,
            thresholds=thresholds,
        )
    except (ValueError, KeyError, IndexError, TypeError, OSError) as error:
        raise ModelError(f"is damaged ({error})", subject=str(place / WEIGHTS), hint=_HINT) from error


def save_model(folder: Path, model: Model, about: dict[str, Any]) -> None:
    """Write the model and its manifest; the same model gives the same bytes.

    Args:
        about: further facts for the manifest (figures, library versions), JSON values.
    """
    import numpy as np

    place = folder / "model"
    place.mkdir(parents=True, exist_ok=True)
    rows, columns = np.nonzero(model.weights)
    buffer = io.BytesIO()
    np.savez_compressed(
        buffer,
        rows=rows.astype(np.uint8),
        columns=columns.astype(np.uint32),
        values=model.weights[rows, columns],
        intercepts=model.intercepts,
        thresholds=model.thresholds,
    )
    raw = buffer.getvalue()
    manifest = {
        "format": FORMAT,
        "version": model.version,
        "themes": list(model.themes),
        "encoder": model.encoder,
        "sha256": hashlib.sha256(raw).hexdigest(),
        **about,
    }
    (place / WEIGHTS).write_bytes(raw)
    (place / MANIFEST).write_text(json.dumps(manifest, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
