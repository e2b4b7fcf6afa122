"""What something costs, counted: a test that looks at the clock tells of the machine."""

from __future__ import annotations

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
