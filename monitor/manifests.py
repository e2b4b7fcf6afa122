"""What was learned, on disk: a manifest, and beside it the arrays that it names. Writes them; knows nothing of what they mean."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def put(manifest: Path, facts: Mapping[str, Any], kind: str, raw: bytes) -> None:
    """Make facts and arrays the present ones, at once or not at all; the arrays so far are removed. The same ones give the same bytes.

    Args:
        manifest: where the facts go, with the name of the arrays under `kind`, and their checksum under "sha256".
        facts: JSON values.
        kind: how the name of the arrays begins; files of that beginning belong to this manifest.
    """
    checksum = hashlib.sha256(raw).hexdigest()
    arrays = f"{kind}-{checksum[:12]}.npz"  # no other arrays have that name: those so far stay whole until nobody asks for them
    named = {kind: arrays, "sha256": checksum}
    named |= {name: value for name, value in facts.items() if name not in named}
    _write(manifest.with_name(arrays), raw)
    _write(manifest, (json.dumps(named, indent=1, ensure_ascii=False) + "\n").encode("utf-8"))
    for old in manifest.parent.glob(f"{kind}*.npz*"):
        if old.name != arrays:
            old.unlink()


def _write(path: Path, raw: bytes) -> None:
    """Put a file in its place; the disk has taken it in before it has its name, and the name before this returns."""
    fresh = path.with_name(f"{path.name}.new")
    with fresh.open("wb") as file:
        file.write(raw)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
