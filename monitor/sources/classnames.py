"""Which classes of an HTML element a selector may lean on: words that a person chose, not what a build generates. Pure."""

from __future__ import annotations

import itertools
import re

_STATE = re.compile(
    r"^(?:odd|even|first|last|active|current|selected|new|clearfix|cf|is-.*|has-.*|js-.*|even-row|odd-row|no-?\d+|item-?\d+"
    r"|node-?\d+|post-\d+|views-row-(?:\d+|odd|even|first|last)|hentry|wow|fade.*|animate.*|aos.*)$",
    re.I,
)
_STABLE = re.compile(r"^[A-Za-z][A-Za-z_-]{1,39}\d{0,2}$")
_UTILITY = re.compile(
    r"^(?:[mp][trblxyse]?-?\d+|(?:col|row|span|grid|gap|order|offset)(?:-(?:xs|sm|md|lg|xl|xxl|auto))*-?\d*"
    r"|(?:d|w|h|ng|text|font|flex|bg|border|rounded|margin|padding|line-height|display|space|max|min|overflow|shadow|cursor|pull|align"
    r"|justify|items|css|sc|jsx|emotion|styled)-.*|(?:flex|border|rounded|float)-?.*|block|inline|hidden|relative|absolute|clear|small"
    r"|large|left|right|center|container(?:-fluid)?|wrapper|inner)$"
)
"""Names of the common style sheets (Bootstrap, Tailwind, USWDS) and of generators of styles."""
_WORDS = re.compile(
    r"news|list|item|article|entry|post|press|release|topic|info|result|card|teaser|update|whatsnew|shinchaku|title|ttl|headline|date"
    r"|time|day|link|content|row|views",
    re.I,
)


def is_lasting(name: str) -> bool:
    """True if a class is a word that a person chose for a kind of element: not generated, not a state, not a matter of looks."""
    if not _STABLE.match(name) or _STATE.match(name) or _UTILITY.match(name):
        return False
    turns = sum(1 for one, two in itertools.pairwise(name) if one.islower() and two.isupper())
    parts = [part for part in re.split(r"[-_]+|(?<=[a-z])(?=[A-Z])", name) if part]
    # a hash has many short parts, or hardly a vowel
    return (
        turns <= 3 and max(len(part) for part in parts) >= 3 and re.search(r"[aeiouyAEIOUY]|ttl|txt|lst|bnr|dl", name) is not None
    )


def speaks_of_entries(name: str) -> bool:
    """True if a class says that an element is an entry of a list, or a part of one."""
    return _WORDS.search(name) is not None
