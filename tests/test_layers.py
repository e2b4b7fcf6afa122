"""What imports what: the map of ARCHITECTURE.md, the layers of pyproject.toml and the tree of modules say the same."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

from conftest import ROOT

CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"]
LAYERS = [layer.split(" | ") for layer in reversed(CONTRACTS[0]["layers"])]


def rows_of_the_map() -> list[list[str]]:
    """The modules that each row of the map names, from the top."""
    table = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8").split("## The map")[1].split("## Laws")[0]
    cells = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    return [[name.removesuffix(".py").rstrip("/") for name in re.findall(r"`([^`]+)`", cell)] for cell in cells]


def test_every_module_stands_once_in_the_map() -> None:
    """And nothing stands there that is no module."""
    tree = {path.stem for path in (ROOT / "monitor").iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()}
    assert sorted(tree - {"__init__"}) == sorted(name for row in rows_of_the_map() for name in row)


def test_the_map_has_the_order_of_the_layers() -> None:
    """No module stands in a row above one of a lower layer: what a row imports is in it, or above it."""
    height = {name: n for n, layer in enumerate(LAYERS) for name in layer}
    rows = [[height[name] for name in row] for row in rows_of_the_map()]
    mixed = [names for names, row, below in zip(rows_of_the_map(), rows, rows[1:], strict=False) if max(row) > min(below)]
    assert mixed == []


def linted(folder: Path) -> tuple[int, str]:
    """Status of import-linter, and what it says of the package `monitor` in a folder."""
    script = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    run = subprocess.run([sys.executable, "-c", script, "--no-cache"], cwd=folder, capture_output=True, text=True, check=False)
    return run.returncode, run.stdout + run.stderr


def test_a_new_module_is_watched_without_being_named(tmp_path: Path) -> None:
    """One in no layer and one among the commands that import all that only one place may break every contract, else all are kept."""
    shutil.copytree(ROOT / "monitor", tmp_path / "monitor", ignore=shutil.ignore_patterns("__pycache__", "_bundled"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    status, text = linted(tmp_path)
    assert (status, text.count(" KEPT"), text.count(" BROKEN")) == (0, len(CONTRACTS), 0), text
    reserved = [name for contract in CONTRACTS for name in contract.get("forbidden_modules", [])]
    for folder in ("monitor", "monitor/cli"):
        (tmp_path / folder / "newcomer.py").write_text("".join(f"import {name}\n" for name in reserved), encoding="utf-8")
    status, text = linted(tmp_path)
    assert (status, text.count(" KEPT"), text.count(" BROKEN")) == (1, 0, len(CONTRACTS)), text
    assert [name for name in reserved if f"monitor.cli.newcomer -> {name} " not in text] == []
