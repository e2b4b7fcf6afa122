"""A query tree as SQL over the items and their index. Every value is bound; no text of a query becomes SQL.

Places in the index run from old to new (archive.textindex), so the newest matches come first off it and a search stops when it has
enough. CROSS JOIN keeps SQLite from a ruinous plan: the index leads, items follow (docs/decisions/0003, 0023).
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache

from monitor import query, ranking, tokens
from monitor.archive import conditions, fields, textindex
from monitor.archive.conditions import Condition
from monitor.archive.values import item_of, read_surely, written
from monitor.items import Filed
from monitor.query import And, Field, Node, Not, Or, Word
from monitor.ranking import Candidate

RANKED = 300
"""Matches that a ranked search weighs, the newest ones: what a reader looks at, at a cost that does not grow with the archive."""
_WINDOWS = (4, 52)
"""Weeks that a search looks at first where a part of it would otherwise list all its matches; then the whole archive."""
_READ = 4
"""So many of the newest items for each match that is wanted are read for words that begin with one letter, before the index has to
list all such words: nearly every text has one."""
_LETTERS = 4
"""Different ones of such words that are looked for in that way; with more, reading costs more than the lists."""
_WORTH = 50
"""Reading an item costs as much as listing the words of so many: measured, 35 us and 0.7 us."""
_USUAL = 50
"""Matches that are wanted where a plan is asked for."""
_LETTER = re.compile(r'"."\*')


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a search found."""

    items: tuple[Filed, ...]
    weighed: int | None = None  # matches among which the best were sought; None: not ranked
    since: datetime | None = None  # the oldest of these, if there may be older matches; None: all were weighed


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scope:
    """What a search goes by, and how far it looks."""

    now: datetime  # what spans count from
    themes: tuple[str, ...]  # themes that the query names: what score: speaks of
    least: int | None = None  # no place before it matters; None: all do
    before: int | None = None  # no place from it on matters; None: all do
    origin: int = 0  # what the places of this part of the index have before their week
    few: frozenset[Field] = frozenset()  # fields that hold for few items, which are best listed
    is_reading: bool = False  # True: beginnings of one letter are looked up in the texts, not in the index


@dataclass(frozen=True, slots=True)
class _Hit:
    """A match."""

    place: int  # in the index (archive.textindex)
    moment: str  # the item's, as the archive writes it
    n: int  # the item's number of arrival


@dataclass(frozen=True, slots=True)
class _Branch:
    """A part of a query that is asked by itself: what leads, and what else has to hold."""

    table: str | None  # item_search or item_letters; None: items lead
    match: str
    rest: tuple[Node, ...]


def search(connection: sqlite3.Connection, tree: Node, now: datetime, *, limit: int | None, by_rank: bool = False) -> Found:
    """Items that match, newest first, or best first.

    Args:
        now: what spans such as since:7d count from.
        limit: at most so many; None for all.
        by_rank: the best of the newest RANKED matches (monitor.ranking).
    """
    if not by_rank:
        return Found(items=_filed(connection, [hit.n for hit in _newest(connection, tree, now, limit)]))
    hits = _newest(connection, tree, now, RANKED)
    candidates = _candidates(connection, hits)
    best = ranking.ranked(candidates, tree, now)[:limit]
    return Found(
        items=_filed(connection, best),
        weighed=len(hits),
        since=read_surely(hits[-1].moment) if len(hits) == RANKED else None,
    )


def plans(connection: sqlite3.Connection, tree: Node, now: datetime) -> list[str]:
    """How SQLite goes about a search for the newest, a line a step, as it begins; for --explain and the tests."""
    found: list[str] = []
    if _is_to_be_read(connection, tree, _USUAL):
        found.append(f"READ the newest items, {_READ} for each match that is wanted, then")
    for scope in _scopes(connection, tree, now):
        for branch in _branches(tree):
            windows = _windows(connection, branch, scope)
            sql = _statement(branch, windows[0])
            found += [row["detail"] for row in connection.execute(f"explain query plan {sql.text}", [*sql.values, 1])]
            if len(windows) > 1:
                found.append(f"so for the newest {_WINDOWS[0]} weeks, then for {_WINDOWS[1]}, then for all")
    return found


def matching(connection: sqlite3.Connection, tree: Node, now: datetime, items: Sequence[str]) -> set[str]:
    """Those of some items (ids) that match."""
    ids = json.dumps(list(items))
    # so that no list of matches goes back further than these items
    least = connection.execute("select min(place) from items where id in (select value from json_each(?))", [ids]).fetchone()[0]
    where = _condition(tree, _Scope(now=now, themes=query.themes(tree), least=least))
    rows = connection.execute(
        f"select id from items where id in (select value from json_each(?)) and ({where.text})", [ids, *where.values]
    )
    return {row["id"] for row in rows}


def condition(tree: Node, now: datetime) -> tuple[str, list[object]]:
    """The tree as a condition on a row of items, and the values to bind."""
    found = _condition(tree, _Scope(now=now, themes=query.themes(tree)))
    return found.text, list(found.values)


def has_word(asked: tokens.Asked, least: int | None = None) -> Condition:
    """A condition on a row of items: the index has a word there. What is not sure has to be looked at besides."""
    after = "" if least is None else f" and rowid >= {least:d}"
    parts = []
    for table, match in (("item_search", asked.match), ("item_letters", _letters(asked.letters))):
        if match:
            text = f"items.place in (select rowid from {table} where {table} match ?{after})"
            parts.append(Condition(text, (match,), has_lists=True))
    return conditions.all_of(parts)


# -- the newest matches


def _newest(connection: sqlite3.Connection, tree: Node, now: datetime, limit: int | None) -> list[_Hit]:
    """The newest matches, newest first."""
    if limit is not None and _is_to_be_read(connection, tree, limit):
        read = _read(connection, tree, now, limit)
        if len(read) == limit:
            return read
    found = (
        _newest_of(connection, branch, scope, limit) for scope in _scopes(connection, tree, now) for branch in _branches(tree)
    )
    hits = {hit.n: hit for each in found for hit in each}
    return sorted(hits.values(), key=lambda hit: (hit.moment, hit.n), reverse=True)[:limit]


def _is_to_be_read(connection: sqlite3.Connection, tree: Node, limit: int) -> bool:
    """True if a query has words of which only the first letter is given, in an archive of which the newest items are a small part."""
    if not 0 < len(_beginnings(tree)) <= _LETTERS:
        return False
    items = connection.execute("select coalesce(max(n), 0) from items").fetchone()[0]
    return bool(_READ * limit * _WORTH < items)


def _read(connection: sqlite3.Connection, tree: Node, now: datetime, limit: int) -> list[_Hit]:
    """The newest matches among the newest items, where words of which only the first letter is given are looked for in the texts."""
    newest = "select * from items order by moment desc, n desc limit ?"
    most = _READ * limit
    least = connection.execute(f"select min(place) from ({newest})", [most]).fetchone()[0]
    where = _condition(tree, _Scope(now=now, themes=query.themes(tree), least=least, is_reading=True))
    rows = connection.execute(
        f"select place, moment, n from ({newest}) items where {where.text} order by moment desc, n desc limit ?",
        [most, *where.values, limit],
    )
    return [_Hit(row["place"], row["moment"], row["n"]) for row in rows]


def _scopes(connection: sqlite3.Connection, tree: Node, now: datetime) -> list[_Scope]:
    """The parts of the index, each of which runs from old to new: one, unless some week had more items than a part has room for."""
    nodes, themes = tree.nodes if isinstance(tree, And) else (tree,), query.themes(tree)
    few = frozenset(node for node in nodes if isinstance(node, Field) and fields.is_few(connection, node, themes))
    whole = _Scope(now=now, themes=themes, few=few)
    last = textindex.last_part(connection)
    if last == 0:
        return [whole]
    bounds = [(textindex.bounds(part), textindex.origin(part)) for part in range(last + 1)]
    return [replace(whole, least=least, before=before, origin=origin) for (least, before), origin in bounds]


def _newest_of(connection: sqlite3.Connection, branch: _Branch, scope: _Scope, limit: int | None) -> list[_Hit]:
    """The newest matches of a branch, in windows where lists would be long."""
    hits: list[_Hit] = []
    for window in _windows(connection, branch, scope) if limit is not None else [scope]:
        hits = list(_run(connection, branch, window, limit))
        if limit is not None and len(hits) >= limit:
            break
    return hits


def _windows(connection: sqlite3.Connection, branch: _Branch, scope: _Scope) -> list[_Scope]:
    """How far back a branch is looked for, one after the other until there is enough; the last is the whole scope."""
    newest = textindex.newest(connection, scope.before) if _statement(branch, scope).has_lists else None
    if newest is None:
        return [scope]
    first = textindex.first_of_week(newest)
    return [*(replace(scope, least=first - (weeks << textindex.ROOM)) for weeks in _WINDOWS), scope]


def _run(connection: sqlite3.Connection, branch: _Branch, scope: _Scope, limit: int | None) -> Iterator[_Hit]:
    """Matches of the newest weeks: so many at least, with all of the week of the last one."""
    sql = _statement(branch, scope)
    place = None
    count = 0
    for row in connection.execute(sql.text, [*sql.values, -1 if limit is None else limit]):
        place = row["place"]
        count += 1
        yield _Hit(place, row["moment"], row["n"])
    if place is not None and count == limit:  # within a week places are in order of arrival, not of time
        yield from _run(connection, branch, replace(scope, least=textindex.first_of_week(place), before=place), None)


def _statement(branch: _Branch, scope: _Scope) -> Condition:
    """The query for a branch; the limit is to be bound besides."""
    key = "items.place" if branch.table is None else f"{branch.table}.rowid"
    found = [Condition(f"{branch.table} match ?", (branch.match,))] if branch.table else []
    if scope.least is not None:
        found.append(Condition(f"{key} >= {scope.least:d}"))
    if scope.before is not None:
        found.append(Condition(f"{key} < {scope.before:d}"))
    for node in branch.rest:  # so that the index stops there as well; the condition stands below
        if isinstance(node, Field) and node.name in ("since", "until"):
            moment = query.moment(node.values[0], scope.now, is_end=node.name == "until")
            place = scope.origin + textindex.first_place(moment)
            found.append(
                Condition(f"{key} >= {place:d}" if node.name == "since" else f"{key} < {place + (1 << textindex.ROOM):d}")
            )
    where = conditions.all_of([*found, *(_condition(node, scope) for node in branch.rest)])
    tables = f"{branch.table} cross join items on items.place = {branch.table}.rowid" if branch.table else "items"
    return Condition(
        f"select items.place, items.moment, items.n from {tables} where {where.text} order by {key} desc limit ?",
        where.values,
        has_lists=where.has_lists,
    )


def _branches(tree: Node) -> list[_Branch]:
    """The parts of a query whose newest matches are, together, those of the whole."""
    if isinstance(tree, Or) and _expression(tree) is None:
        return [branch for node in tree.nodes for branch in _branches(node)]
    nodes = tree.nodes if isinstance(tree, And) else (tree,)
    wanted: list[str] = []
    unwanted: list[str] = []
    rest: list[Node] = []
    negative: list[Node] = []
    for node in nodes:
        expression = _expression(node)
        without = _expression(node.node) if isinstance(node, Not) else None
        if expression is not None:
            wanted.append(expression)
        elif without is not None:
            unwanted.append(without)
            negative.append(node)
        else:
            rest.append(node)
    if wanted:
        match = " AND ".join(wanted)
        return [_Branch("item_search", f"({match}) NOT ({' OR '.join(unwanted)})" if unwanted else match, tuple(rest))]
    for node in rest:
        asked = _asked(node) if isinstance(node, Word) else None
        if asked is None:
            continue
        if asked.match is not None:  # not sure: it leads, and has to be looked at besides
            return [_Branch("item_search", asked.match, (*rest, *negative))]
        left = [each for each in rest if each is not node] if asked.is_sure else rest
        return [_Branch("item_letters", _letters(asked.letters), (*left, *negative))]
    return [_Branch(None, "", (*rest, *negative))]


def _expression(node: Node, *, is_reading: bool = False, depth: int = 0) -> str | None:
    """A part of a query as the index alone can answer it; None if it cannot, or only in more brackets than FTS5 reads."""
    match node:
        case Word():
            asked = None if is_reading and _is_beginning(node) else _asked(node)
            return asked.match if asked is not None and asked.is_sure else None
        case And(nodes) | Or(nodes) if nodes and depth < conditions.DEPTH:
            parts: list[str] = []
            for each in nodes:
                part = _expression(each, is_reading=is_reading, depth=depth + 1)
                if part is None:
                    return None
                parts.append(part)
            return f"({(' AND ' if isinstance(node, And) else ' OR ').join(dict.fromkeys(parts))})"
        case _:
            return None


@lru_cache(maxsize=1 << 12)
def _asked(word: Word) -> tokens.Asked | None:
    return tokens.ask(word.text, is_prefix=word.is_prefix)


def _is_beginning(word: Word) -> bool:
    """True for a word of which only the first letter is given: the index would gather all rows of all such words before it gives one."""
    asked = _asked(word)
    return asked is not None and asked.match is not None and _LETTER.fullmatch(asked.match) is not None


def _beginnings(node: Node) -> set[Word]:
    match node:
        case Word():
            return {node} if _is_beginning(node) else set()
        case Not(inner):
            return _beginnings(inner)
        case And(nodes) | Or(nodes):
            return set().union(*map(_beginnings, nodes))
        case Field():
            return set()


def _letters(letters: str) -> str:
    return " AND ".join(f'"{letter}"' for letter in letters)


# -- the best of them


def _candidates(connection: sqlite3.Connection, hits: Sequence[_Hit]) -> list[Candidate]:
    rows = connection.execute(
        "select n, title, summary, moment from items where n in (select value from json_each(?))",
        [json.dumps([hit.n for hit in hits])],
    )
    return [Candidate(key=row["n"], title=row["title"], rest=row["summary"], moment=read_surely(row["moment"])) for row in rows]


def _filed(connection: sqlite3.Connection, keys: Sequence[int]) -> tuple[Filed, ...]:
    """Items in the order of their numbers."""
    query_ = "select * from items where n in (select value from json_each(?))"
    rows = {row["n"]: row for row in connection.execute(query_, [json.dumps(list(keys))])}
    return tuple(all_filed(connection, [rows[key] for key in keys]))


def filed(connection: sqlite3.Connection, row: sqlite3.Row) -> Filed:
    """A row of items with its themes."""
    return all_filed(connection, [row])[0]


def all_filed(connection: sqlite3.Connection, rows: Sequence[sqlite3.Row]) -> list[Filed]:
    """Rows of items with their themes, in the same order; one query for all."""
    themes: dict[str, list[tuple[str, float]]] = defaultdict(list)
    given = connection.execute(
        """
        select item, theme, score from tags where item in (select value from json_each(?)) and is_given
        order by item, score desc, theme
        """,
        [json.dumps([row["id"] for row in rows])],
    )
    for each in given:
        themes[each["item"]].append((each["theme"], each["score"]))
    return [Filed(item=item_of(row), themes=tuple(themes[row["id"]]), event=row["event"], copy_of=row["copy_of"]) for row in rows]


# -- conditions


def _condition(tree: Node, scope: _Scope) -> Condition:
    """The tree as a condition on a row of items."""

    def leaf(node: Node, is_wanted: bool) -> Condition | None:
        match node:
            case Word():
                found = _word(node, scope)
            case Field():
                found = _field(node, scope)
            case _:
                expression = _expression(node, is_reading=scope.is_reading)
                if expression is None:
                    return None
                found = has_word(tokens.Asked(expression, "", is_sure=True), scope.least)
        return found if is_wanted else conditions.no(found)

    return conditions.of_tree(_grouped(tree, scope), leaf, scope.least)


def _grouped(node: Node, scope: _Scope) -> Node:
    """The tree with those parts of an AND or OR put together that the index can answer at once."""
    match node:
        case Not(inner):
            return Not(_grouped(inner, scope))
        case And(nodes) | Or(nodes) if _expression(node, is_reading=scope.is_reading) is None:
            sure: list[Node] = []
            others: list[Node] = []
            for each in dict.fromkeys(nodes):
                (others if _expression(each, is_reading=scope.is_reading) is None else sure).append(each)
            together = [replace(node, nodes=tuple(sure))] if len(sure) > 1 else sure
            return replace(node, nodes=(*together, *(_grouped(each, scope) for each in others)))
        case _:
            return node


def _word(word: Word, scope: _Scope) -> Condition:
    asked = _asked(word)
    if asked is None:
        return Condition("0")
    text = "holds(items.title, items.summary, (select body from articles where item = items.id), ?, ?)"
    holds = Condition(text, (word.text, word.is_prefix))
    if scope.is_reading and _is_beginning(word):
        return holds
    has = has_word(asked, scope.least)
    return has if asked.is_sure else conditions.all_of([has, holds])


def _field(node: Field, scope: _Scope) -> Condition:
    if node in scope.few:
        return fields.listed(node, scope.themes)
    match node.name:
        case "event":
            return fields.of_event(node.values)
        case "stage":
            return fields.of_stage(node.values)
        case "since":
            return Condition("items.moment >= ?", (written(query.moment(node.values[0], scope.now)),))
        case "until":
            return Condition("items.moment < ?", (written(query.moment(node.values[0], scope.now, is_end=True)),))
        case "deadline":
            last = scope.now + (query.duration(node.values[0]) or timedelta())
            days = (scope.now.date().isoformat(), last.date().isoformat())
            return Condition("items.id in (select item from key_dates where date between ? and ?)", days)
        case _:
            return fields.condition(node, scope.themes)
