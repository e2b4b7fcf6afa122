"""Conditions on a row of items, joined as a query tree joins them, at any depth and width. Knows no fields and asks nothing.

SQLite reads at most 100 open brackets and other beginnings at once, and no expression deeper than 1,000. So NOT is moved inwards
to the leaves, where it opens no bracket of its own; long rows of parts are cut in groups; what is too deep is listed beside the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from monitor.query import And, Node, Not, Or

_WIDTH = 50
"""Parts in one row: each is a step deeper in SQLite's tree."""
DEPTH = 8
"""Levels of brackets in one condition; each takes at most three of SQLite's hundred places."""


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition on a row of items."""

    text: str
    values: tuple[object, ...] = ()  # to bind, in the order of the text
    has_lists: bool = False  # a part of it is the list of all its matches
    depth: int = 0  # levels of brackets


Leaf = Callable[[Node, bool], Condition | None]
"""The condition of a node, or (False) of its contrary; None if its parts are to be asked one by one."""


def of_tree(tree: Node, leaf: Leaf, least: int | None = None) -> Condition:
    """The condition of a tree.

    Args:
        leaf: gives that of words and fields, and of more where it can.
        least: no place in the index before it matters; None: all do.
    """
    deep: list[Condition] = []
    whole = _of(tree, leaf, deep, is_wanted=True)
    if not deep:
        return whole
    listed = (
        "select items.n from items where" if least is None else f"select items.n from items where items.place >= {least:d} and"
    )
    parts = ", ".join(f"p{number}(n) as ({listed} ({part.text}))" for number, part in enumerate(deep))
    return Condition(
        f"items.n in (with {parts} {listed} ({whole.text}))",
        tuple(value for part in (*deep, whole) for value in part.values),
        has_lists=True,
    )


def all_of(parts: Sequence[Condition]) -> Condition:
    """What holds where all of some conditions do."""
    return _joined(list(parts), "and", None)


def no(condition: Condition) -> Condition:
    """The contrary."""
    return Condition(f"not ({condition.text})", condition.values, condition.has_lists, condition.depth)


def _of(node: Node, leaf: Leaf, deep: list[Condition], *, is_wanted: bool) -> Condition:
    if isinstance(node, Not):
        return _of(node.node, leaf, deep, is_wanted=not is_wanted)
    found = leaf(node, is_wanted)
    if found is not None:
        return found
    assert isinstance(node, And | Or)
    parts = [_of(each, leaf, deep, is_wanted=is_wanted) for each in node.nodes]
    return _joined(parts, "and" if isinstance(node, And) == is_wanted else "or", deep)


def _joined(parts: list[Condition], word: str, deep: list[Condition] | None) -> Condition:
    """Parts joined by "and" or "or"; those that are too deep go to `deep`, if there is one."""
    if not parts:
        return Condition("1" if word == "and" else "0")
    while len(parts) > _WIDTH:
        parts = [_joined(parts[start : start + _WIDTH], word, deep) for start in range(0, len(parts), _WIDTH)]
    if len(parts) == 1:
        return parts[0]
    shallow = []
    for part in parts:
        if deep is None or part.depth < DEPTH:
            shallow.append(part)
            continue
        shallow.append(Condition(f"items.n in (select n from p{len(deep)})", has_lists=True))
        deep.append(part)
    return Condition(
        f" {word} ".join(f"({part.text})" for part in shallow),
        tuple(value for part in shallow for value in part.values),
        has_lists=any(part.has_lists for part in shallow),
        depth=1 + max(part.depth for part in shallow),
    )
