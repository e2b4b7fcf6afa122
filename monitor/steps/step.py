"""One step of a measure's way."""

from __future__ import annotations

import re
from dataclasses import dataclass

from monitor.items import DateKind, Stage


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of a jurisdiction's way."""

    name: str  # the jurisdiction's own word
    stage: Stage
    said: re.Pattern[str]  # shows, in a folded sentence, that it was taken
    next: str | None = None  # the step that usually follows; None: the way ends here, or nobody can say
    by: DateKind | None = (
        None  # the key date on which the next step is due, or from which `days` count; None: this step's own day
    )
    days: int | None = None  # after which the next step is overdue; None: only a stated date can tell
    basis: str = ""  # where the span is from


def said(*patterns: str) -> re.Pattern[str]:
    """Any of the patterns, one compiled."""
    return re.compile("|".join(patterns))
