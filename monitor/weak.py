"""Labels that nobody gave: a Federal Register document that amends a certain part of the CFR is about a certain theme. Pure.

Such labels are weak: a rule is right mostly, not always. They are off unless asked for, and count little beside items that were judged.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from monitor.items import Identifier

WEIGHT = 0.3
"""What a weak label counts beside an item of the corpus."""
_CFR = re.compile(r"(\d+) CFR (\d+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class WeakRule:
    """Parts of a title of the CFR whose documents have a theme."""

    theme: str
    title: int
    first: int  # part
    last: int  # part, included
    why: str  # what these parts are


def themes_of(rules: Sequence[WeakRule], identifiers: Iterable[Identifier]) -> tuple[str, ...]:
    """Themes of a document by the CFR parts that it states, sorted; () if no rule speaks of it."""
    parts = [
        (int(match[1]), int(match[2]))
        for each in identifiers
        if each.type == "cfr" and (match := _CFR.match(each.value)) is not None
    ]
    return tuple(
        sorted({rule.theme for rule in rules for title, part in parts if title == rule.title and rule.first <= part <= rule.last})
    )
