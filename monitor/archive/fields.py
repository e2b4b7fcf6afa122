"""What a field of a query asks of a row of items, in SQL: one way for search and for rules on the past. Reads nothing itself.

Names and numbers are compared as the rules compare them (monitor.match), by functions that the connection has from here, not as
the database folds letters. The values of a field are bound as one list in JSON, however many there are.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from functools import lru_cache

from monitor.archive.conditions import Condition
from monitor.query import Field
from monitor.segment import fold

_ANY = "in (select value from json_each(?))"
_ITEM = ("source", "lang", "country", "tier", "kind")
_COMPARISONS = ("=", ">=", "<=", ">", "<")
_AFTER = "char(1114111)"
"""The last character there is: what begins with a text sorts before the text with it."""
_BEYOND_ASCII = "glob '*[^ -~]*'"

_ENTITIES = f"""
select item from entities where entity {_ANY} union select item from entities where lower(surface) in (
  with recursive names(name) as (
    select min(lower(surface)) from entities
    union all select (select min(lower(surface)) from entities where lower(surface) > names.name) from names where name is not null
  )
  select name from names where folded(coalesce(name, '')) {_ANY}
)
"""
"""Items that name an entity, by its id or by what stands in the text: of that there are as many writings as the lexicon has,
so each is looked at once, off the index of them."""

_IDENTIFIERS = f"""
select k.item from json_each(?) wanted cross join json_each(?) types cross join identifiers k
where k.type = types.value and k.folded >= json_extract(wanted.value, '$[0]')
  and k.folded < json_extract(wanted.value, '$[0]') || {_AFTER} and is_named(k.value, json_extract(wanted.value, '$[1]'))
"""
"""Items with an identifier that is, or is part of, what is asked for: those that begin like it, if identifiers.is_named says so."""

_EVENTS = f"""
select e.id from json_each(?) wanted cross join events e where e.id >= wanted.value and e.id < wanted.value || {_AFTER}
union select e.into_event from json_each(?) wanted cross join events e
where e.id >= wanted.value and e.id < wanted.value || {_AFTER} and e.into_event is not null
"""
"""Events whose ids begin so, and those that they were merged into."""

_LISTS = {
    "theme": f"select t.item from tags t where t.theme {_ANY} and t.is_given = 1",
    "stage": f"select i.id from events e cross join items i on i.event = e.id where e.stage {_ANY}",
}
_FEW = 1_000
"""Below, a list is made; looking at each item instead takes a second where one in a million has what is asked for."""


def equip(connection: sqlite3.Connection) -> None:
    """Give a connection the functions that the conditions name."""
    connection.create_function("folded", 1, fold, deterministic=True)
    connection.create_function("case_folded", 1, str.casefold, deterministic=True)
    connection.create_function("is_named", 2, _is_named, deterministic=True)


def condition(node: Field, themes: Sequence[str]) -> Condition:
    """A field of an item itself, or of what was found in it: not of its event, and not of time.

    Args:
        themes: those that the query names; score: speaks of these, or of any if there are none.
    """
    name, values = node.name, node.values
    if name in _ITEM:
        return _of_item(name, _cased(values))
    if name == "theme":
        return _of_tags(f"+t.theme {_ANY}", _cased(values))
    if name == "score":
        of_theme, named = _among(node, themes)
        return _of_tags(f"t.score {node.op} ?{of_theme}", float(values[0]), *named)
    if name == "entity":
        wanted = _json(dict.fromkeys(map(fold, values)))
        return Condition(f"items.id in ({_ENTITIES})", (wanted, wanted))
    return _of_identifiers(name, values)


def is_few(connection: sqlite3.Connection, node: Field, themes: Sequence[str]) -> bool:
    """True if so few items have a theme or a score, or events of a stage, that they are found by listing them.

    Args:
        themes: as in condition().
    """
    found = _list(node, themes)
    return found is not None and len(connection.execute(f"{found.text} limit {_FEW}", found.values).fetchall()) < _FEW


def listed(node: Field, themes: Sequence[str]) -> Condition:
    """The condition of a field of which is_few() is true."""
    found = _list(node, themes)
    assert found is not None
    return Condition(f"items.id in ({found.text})", found.values)


def _list(node: Field, themes: Sequence[str]) -> Condition | None:
    """The ids of all items of which a field holds; None if there is no quick way to them."""
    if node.name == "score":
        of_theme, named = _among(node, themes)
        text = f"select t.item from tags t where t.is_given = 1 and t.score {node.op} ?{of_theme}"
        return Condition(text, (float(node.values[0]), *named))
    statement = _LISTS.get(node.name)
    return None if statement is None else Condition(statement, (_cased(node.values),))


def _among(node: Field, themes: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    """What narrows score: to the themes that it speaks of, and the value to bind."""
    assert node.op in _COMPARISONS
    return (f" and +t.theme {_ANY}", (_json(themes),)) if themes else ("", ())


def of_event(values: Sequence[str]) -> Condition:
    """The event, by the beginning of its id, or by that of one that was merged into it."""
    cased = [value.casefold() for value in values]
    # ids are E- and small letters
    wanted = _json(["E" + value[1:] for value in cased if value.startswith("e")])
    return Condition(f"(items.event is not null and items.event in ({_EVENTS}))", (wanted, wanted))


def of_stage(values: Sequence[str]) -> Condition:
    """What the item's event has come to."""
    return Condition(f"exists (select 1 from events e where e.id = items.event and e.stage {_ANY})", (_cased(values),))


def _of_item(name: str, wanted: str) -> Condition:
    column = f"coalesce(items.{name}, '')"
    if name != "kind":  # ids and codes are ASCII (monitor.sections)
        return Condition(f"lower({column}) {_ANY}", (wanted,))
    is_other = f"{column} {_BEYOND_ASCII} and case_folded({column}) {_ANY}"
    return Condition(f"(lower({column}) {_ANY} or ({is_other}))", (wanted, wanted))


def _of_tags(wanted: str, *values: object) -> Condition:
    # + keeps the planner at the few tags of the item, whatever the number of themes
    return Condition(f"exists (select 1 from tags t where t.item = items.id and t.is_given and {wanted})", values)


def _of_identifiers(name: str, values: Sequence[str]) -> Condition:
    from monitor import identifiers  # its patterns take 30 ms to compile; most searches name none

    beginnings = []
    for value in values:
        loose = identifiers.loose(value)
        beginnings += [[each, value] for each in dict.fromkeys((loose, loose.replace(".", "")))]  # tariff codes have no dots
    return Condition(f"items.id in ({_IDENTIFIERS})", (_json(beginnings), _json(identifiers.QUERY_TYPES[name])))


@lru_cache(maxsize=1 << 14)
def _is_named(value: str, wanted: str) -> bool:
    from monitor import identifiers

    return identifiers.is_named(value, wanted)


def _cased(values: Iterable[str]) -> str:
    return _json(dict.fromkeys(value.casefold() for value in values))


def _json(values: Iterable[object]) -> str:
    return json.dumps(list(values))
