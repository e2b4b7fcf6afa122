"""The nouns, which are the glossary of the program."""

from __future__ import annotations

import ast

from conftest import ROOT


def test_a_word_of_the_glossary_names_one_type() -> None:
    """No other module defines a type under a name of items.py."""
    package = ROOT / "monitor"
    defined = {
        (path.relative_to(package).as_posix(), node.name)
        for path in package.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef)
    }
    words = {name for place, name in defined if place == "items.py"}
    assert sorted((place, name) for place, name in defined if name in words and place != "items.py") == []
