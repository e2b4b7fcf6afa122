"""How far an item shows its event to have come, and the way that an event went. Pure.

The press alone never moves an event past "reported" (docs/decisions/0009).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date

from monitor.items import DateKind, KeyDate, Stage, Tier

_STEPS: tuple[tuple[re.Pattern[str], Stage], ...] = (
    (re.compile(r"withdraw", re.I), Stage.WITHDRAWN),
    (re.compile(r"public inspection", re.I), Stage.ON_FILE),
    (re.compile(r"(?:interim|direct|temporary) final rule|^final rule", re.I), Stage.FINAL),
    (
        re.compile(r"advance notice of proposed|request for (?:comment|information)|notice of inquiry", re.I),
        Stage.CONSULTATION,
    ),
    (re.compile(r"proposed rule", re.I), Stage.PROPOSED),
    (re.compile(r"\brule\b|presidential document", re.I), Stage.FINAL),
    (re.compile(r"notice", re.I), Stage.ANNOUNCED),
)
_CUES: tuple[tuple[re.Pattern[str], Stage], ...] = (
    (
        re.compile(
            r"意見(?:募集|公募)|パブリックコメント|征求意见(?!稿.{0,6}反馈)|公开征询"
            r"|call for evidence|open consultation|의견\s?수렴|입법예고",
            re.I,
        ),
        Stage.CONSULTATION,
    ),
    (re.compile(r"\bproposes?\b|\bproposed (?:rule|regulation)|改正案|草案|법안|개정안", re.I), Stage.PROPOSED),
    (
        re.compile(r"公布(?:され|した|しました|する|について|$)|现予以公布|发布公告|公告\d{4}年第|\bpromulgat|공포", re.I | re.M),
        Stage.FINAL,
    ),
    (re.compile(r"(?:施行され|施行しました|の施行について|came into force|took effect|现已施行)", re.I), Stage.IN_FORCE),
)
_ORDER = {stage: place for place, stage in enumerate(Stage)}


def of_item(text: str, *, tier: Tier, step: str | None, dates: Iterable[KeyDate], on: date) -> Stage:
    """The stage that one item speaks of.

    Args:
        step: the jurisdiction's own word from a structured field, which decides if there is one.
        on: the day of the item; a date of effect up to then means in force.
    """
    if tier is not Tier.OFFICIAL:
        return Stage.REPORTED
    if step:
        for pattern, stage in _STEPS:
            if pattern.search(step):
                return stage
    for pattern, stage in reversed(_CUES):
        if pattern.search(text):
            if stage is Stage.FINAL and any(each.kind is DateKind.EFFECTIVE and each.date <= on for each in dates):
                return Stage.IN_FORCE
            return stage
    return Stage.ANNOUNCED


def furthest_so_far(stages: Iterable[Stage]) -> tuple[Stage, ...]:
    """The way of an event: each stage that was further than all before it, in the order of the items."""
    found: list[Stage] = []
    for each in stages:
        if not found or is_further(each, found[-1]):
            found.append(each)
    return tuple(found)


def is_further(one: Stage, other: Stage) -> bool:
    """True if `one` comes after `other`."""
    return _ORDER[one] > _ORDER[other]
