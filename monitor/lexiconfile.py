"""The lexicon's entries: those that ship, and the user's own.

Reads files, and imports little: a search waits for it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from monitor import query
from monitor.errors import ModelError, QueryError

OWN_LEXICON = "lexicon.jsonl"
"""File beside feeds.yaml with names and dossiers of the user's own; a line with the id of one that ships goes before it."""
HOME = {"ja": "jp-", "zh": "cn-", "ko": "kr-"}
"""How the ids begin of those whom a language means by a name that several share: 商务部 in Chinese is China's."""


def own_lexicon(settings: Path) -> Path | None:
    """The user's own names and dossiers, beside a configuration; None if there are none."""
    found = settings.parent / OWN_LEXICON
    return found if found.is_file() else None


def entries(folder: Path, own: Path | None) -> list[dict[str, Any]]:
    """Lines of the lexicon, one an id, those of the user's own in the place of those that ship.

    Raises:
        ModelError: a file is absent, or a line that is no entry.
    """
    found: dict[str, dict[str, Any]] = {}
    for path in (folder / "lexicon.jsonl", own):
        if path is None:
            continue
        try:
            lines = path.read_text(encoding="utf-8-sig").splitlines()
        except OSError as error:
            raise ModelError(f"cannot be read ({error.strerror})", subject=str(path)) from error
        except UnicodeDecodeError as error:
            raise ModelError("is not UTF-8", subject=str(path), hint="Save it as UTF-8") from error
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                raw = json.loads(line)
                _check(raw)
                found[raw["id"]] = raw
            except (ValueError, KeyError, TypeError, AttributeError, RecursionError, QueryError) as error:
                what = str(error) if isinstance(error, TypeError | QueryError) else repr(error)
                raise ModelError(f"no lexicon entry ({what})", subject=f"{path}:{number}") from error
    return list(found.values())


def _check(raw: dict[str, Any]) -> None:
    """Raises KeyError, TypeError, QueryError: a line of the lexicon is not what it should be."""
    for name in ("id", "type"):
        if not isinstance(raw[name], str) or not raw[name]:
            raise TypeError(f"{name} is no text")
    for lang, names in raw["names"].items():
        if not _is_texts(names):
            raise TypeError(f"names of {lang} are no list of texts")
    kept = raw.get("dossier")
    if kept is None:
        return
    if not isinstance(kept, dict):
        raise TypeError("dossier is no object")
    for name in ("sources", "asked"):
        if not _is_texts(kept.get(name, [])):
            raise TypeError(f"{name} of the dossier are no list of texts")
    for name in ("name", "note", "query"):
        if not isinstance(kept.get(name, ""), str):
            raise TypeError(f"{name} of the dossier is no text")
    if kept.get("query"):
        query.parse(kept["query"])


def _is_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) and each.strip() for each in value)
