"""Names of modules: each is used somewhere, and means one thing."""

from __future__ import annotations

import ast
from pathlib import Path

from conftest import ROOT

TREES = {path: ast.parse(path.read_text(encoding="utf-8")) for path in sorted((ROOT / "monitor").rglob("*.py"))}


def bound(tree: ast.Module) -> list[tuple[str, ast.stmt]]:
    """Names that the statements of a module bind, in order; a function that a decorator hands to somebody else is left out."""
    found: list[tuple[str, ast.stmt]] = []
    for each in tree.body:
        if isinstance(each, ast.ClassDef) or (
            isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef) and not each.decorator_list
        ):
            found.append((each.name, each))
        targets = each.targets if isinstance(each, ast.Assign) else [each.target] if isinstance(each, ast.AnnAssign) else []
        for target in targets:
            names = target.elts if isinstance(target, ast.Tuple) else [target]
            found += [(name.id, each) for name in names if isinstance(name, ast.Name) and not name.id.startswith("__")]
    return found


def read(tree: ast.AST) -> set[str]:
    """Names that are read anywhere in a tree, as such, of another thing, or by an import."""
    found: set[str] = set()
    for each in ast.walk(tree):
        if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Load):
            found.add(each.id)
        elif isinstance(each, ast.Attribute):
            found.add(each.attr)
        elif isinstance(each, ast.ImportFrom):
            found |= {alias.name for alias in each.names}
    return found


def test_every_name_of_a_module_is_used_by_the_program() -> None:
    """What tests alone use, or nobody, goes."""
    used = set().union(*map(read, TREES.values()))
    unused = [f"{_short(path)}: {name}" for path, tree in TREES.items() for name, _ in bound(tree) if name not in used]
    assert unused == []


def test_no_name_of_a_module_is_bound_anew() -> None:
    """Unless it is made of what it was: nobody could tell which of the two was meant."""
    twice = []
    for path, tree in TREES.items():
        seen: set[str] = set()
        for name, statement in bound(tree):
            if name in seen and name not in read(statement):
                twice.append(f"{_short(path)}: {name}")
            seen.add(name)
    assert twice == []


def _short(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()
