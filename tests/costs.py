"""What something costs, counted: a test that looks at the clock tells of the machine."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Callable


def calls(do: Callable[[], object]) -> int:
    """How many functions are called, Python's own among them."""
    found = 0

    def note(_frame: object, event: str, _argument: object) -> None:
        nonlocal found
        found += event in ("call", "c_call")

    sys.setprofile(note)
    try:
        do()
    finally:
        sys.setprofile(None)
    return found


def steps(connection: sqlite3.Connection, do: Callable[[], object]) -> int:
    """How many instructions SQLite's machine runs."""
    found = 0

    def note() -> None:
        nonlocal found
        found += 1

    connection.set_progress_handler(note, 1)
    try:
        do()
    finally:
        connection.set_progress_handler(None, 0)
    return found
