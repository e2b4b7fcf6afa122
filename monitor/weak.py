"""Labels that nobody gave: a Federal Register document of a certain part of the CFR, or of a certain agency, has a certain theme. Pure.

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
    """Documents that have a theme: of some parts of a title of the CFR, of an agency, or of both.

    Raises:
        ValueError: it says neither which parts nor which agency.
    """

    theme: str
    why: str  # what these parts are, or what the agency does
    title: int | None = None  # of the CFR; None: whatever part a document states
    first: int = 0  # part
    last: int = 0  # part, included
    source: str | None = None  # that asks for one agency's documents alone; None: of any agency

    def __post_init__(self) -> None:
        if self.title is None and self.source is None:
            raise ValueError("a rule names a title of the CFR, a source, or both")


def themes_of(rules: Sequence[WeakRule], source: str, identifiers: Iterable[Identifier]) -> tuple[str, ...]:
    """Themes of a document by its source and the CFR parts that it states, sorted; () if no rule speaks of it."""
    parts = [
        (int(match[1]), int(match[2]))
        for each in identifiers
        if each.type == "cfr" and (match := _CFR.match(each.value)) is not None
    ]
    return tuple(sorted({rule.theme for rule in rules if _holds(rule, source, parts)}))


def _holds(rule: WeakRule, source: str, parts: Sequence[tuple[int, int]]) -> bool:
    if rule.source not in (None, source):
        return False
    return rule.title is None or any(title == rule.title and rule.first <= part <= rule.last for title, part in parts)
