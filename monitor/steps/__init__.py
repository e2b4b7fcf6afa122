"""The ways that measures go, one machine a jurisdiction: its steps in order, the words that show each taken, and what comes next.

Data only; monitor.stage reads it. A step's words say that it was *taken*: what is planned, expected or looked back at is no step, and
stage.py leaves such sentences out. A new jurisdiction is one file and one line in the table.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from monitor.steps import cn, eu, gb, jp, kr, tw, us
from monitor.steps.step import Step

__all__ = ["BACK", "MACHINES", "STATED", "Step"]

MACHINES: Mapping[str, tuple[Step, ...]] = {
    "US": us.STEPS,
    "JP": jp.STEPS,
    "EU": eu.STEPS,
    "CN": cn.STEPS,
    "GB": gb.STEPS,
    "KR": kr.STEPS,
    "TW": tw.STEPS,
}
"""By ISO 3166-1 alpha-2 country of the source, or EU. Steps stand in the order in which a measure takes them."""

STATED: Mapping[str, tuple[tuple[re.Pattern[str], str], ...]] = {"US": us.STATED}
"""What a structured field calls a step."""

BACK: frozenset[tuple[str, str]] = frozenset(
    {
        ("stayed", "effective"),  # a stay that is lifted
        ("amended", "effective"),
        ("vacated", "NPRM"),
        ("vacated", "final rule"),
        ("withdrawn", "ANPRM"),  # and tried again
        ("withdrawn", "NPRM"),
        ("withdrawn", "proposal"),
        ("改正", "施行"),
        ("暂停", "施行"),
        ("修订", "施行"),
        ("amended", "amended"),  # each amendment is told
        ("改正", "改正"),
        ("修订", "修订"),
        ("修订", "暂停"),
        ("amended", "stayed"),
        ("amended", "entry into force"),
        ("amended", "application"),
    }
)
"""Steps that may follow one that stands after them in the machine."""
