"""Where the files are that come with the program: feeds.yaml, classifiers/, the demo sources. In a checkout, its own."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
_INSTALLED = _PACKAGE / "_bundled"
_CHECKOUT = _PACKAGE.parent


def feeds() -> Path:
    """The feeds.yaml that ships."""
    return _place("feeds.yaml", "feeds.yaml")


def classifiers() -> Path:
    """The classifiers folder that ships."""
    return _place("classifiers", "classifiers")


def classifiers_in_use() -> Path:
    """The classifiers folder in use: ./classifiers if it stands beside the configuration, else the one that ships."""
    here = Path("classifiers")
    return here if (here / "lexicon.jsonl").exists() else classifiers()


def demo() -> Path:
    """The folder of the demo sources."""
    return _place("demo", "data/demo")


def _place(installed: str, checkout: str) -> Path:
    found = _INSTALLED / installed
    return found if found.exists() else _CHECKOUT / checkout
