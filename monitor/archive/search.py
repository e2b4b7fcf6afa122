"""A query tree as SQL over the items and their index. Every value is bound; no text of a query becomes SQL.

Places in the index run from old to new (archive.textindex), so the newest matches come first off it and a search stops when it has
enough. CROSS JOIN keeps SQLite from a ruinous plan: the index leads, items follow (docs/decisions/0003, 0023).
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from monitor import query, ranking, tokens
from monitor.archive import textindex
from monitor.archive.values import item_of, read_surely, written
from monitor.items import Filed
from monitor.query import And, Field, Node, Not, Or, Word
from monitor.ranking import Candidate
from monitor.segment import fold

RANKED = 500
"""Matches that a ranked search weighs, the newest ones: what a reader looks at, at a cost that does not grow with the archive."""
_WINDOWS = (4, 52)
"""Weeks that a search looks at first where a part of it would otherwise list all its matches; then the whole archive."""
_COLUMNS = {"source": "source", "lang": "lang", "country": "country", "kind": "kind", "tier": "tier"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a search found."""

    items: tuple[Filed, ...]
    weighed: int | None = None  # matches among which the best were sought; None: not ranked
    since: datetime | None = None  # the oldest of these, if there may be older matches; None: all were weighed


@dataclass(slots=True)
class _Compiled:
    """SQL under construction."""

    now: datetime
    themes: tuple[str, ...]  # themes that the query names: what score: speaks of
    least: int | None = None  # no place before it matters
    has_lists: bool = False  # some part is the list of all its matches
    values: list[object] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Hit:
    place: int
    moment: str
    n: int


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
    best = ranking.ranked(candidates, query.words(tree), now)[:limit]
    return Found(
        items=_filed(connection, best),
        weighed=len(hits),
        since=read_surely(hits[-1].moment) if len(hits) == RANKED else None,
    )


def plans(connection: sqlite3.Connection, tree: Node, now: datetime) -> list[str]:
    """How SQLite goes about a search for the newest, a line a step; for --explain and the tests."""
    found: list[str] = []
    for branch in _branches(tree):
        to = _compiled(tree, now)
        sql = _branch_sql(branch, to, None, None)
        found += [row["detail"] for row in connection.execute(f"explain query plan {sql}", [*to.values, 1])]
    return found


def matching(connection: sqlite3.Connection, tree: Node, now: datetime, items: Sequence[str]) -> set[str]:
    """Those of some items (ids) that match."""
    ids = json.dumps(list(items))
    to = _compiled(tree, now)
    # so that no list of matches goes back further than these items
    to.least = connection.execute("select min(place) from items where id in (select value from json_each(?))", [ids]).fetchone()[
        0
    ]
    where = _sql(tree, to)
    rows = connection.execute(
        f"select id from items where id in (select value from json_each(?)) and ({where})", [ids, *to.values]
    )
    return {row["id"] for row in rows}


def condition(tree: Node, now: datetime) -> tuple[str, list[object]]:
    """The tree as a condition on a row of items, and the values to bind."""
    to = _compiled(tree, now)
    return _sql(tree, to), to.values


def word_condition(asked: tokens.Asked, values: list[object], least: int | None = None) -> str:
    """A condition on a row of items: the index has a word there. What is not sure has to be looked at besides."""
    after = "" if least is None else f" and rowid >= {least:d}"
    parts = []
    if asked.match is not None:
        values.append(asked.match)
        parts.append(f"items.place in (select rowid from item_search where item_search match ?{after})")
    if asked.letters:
        values.append(_letters(asked.letters))
        parts.append(f"items.place in (select rowid from item_letters where item_letters match ?{after})")
    return " and ".join(parts)


# -- the newest matches


def _newest(connection: sqlite3.Connection, tree: Node, now: datetime, limit: int | None) -> list[_Hit]:
    """The newest matches, newest first."""
    branches = _branches(tree)
    hits = {hit.n: hit for branch in branches for hit in _newest_of(connection, branch, _compiled(tree, now), limit)}
    return sorted(hits.values(), key=lambda hit: (hit.moment, hit.n), reverse=True)[:limit]


def _newest_of(connection: sqlite3.Connection, branch: _Branch, to: _Compiled, limit: int | None) -> list[_Hit]:
    """The newest matches of a branch, in windows where lists would be long."""
    _branch_sql(branch, to, None, None)
    if limit is None or not to.has_lists:
        return list(_run(connection, branch, to, None, None, limit))
    newest = connection.execute("select max(place) from items").fetchone()[0]
    for weeks in _WINDOWS if newest is not None else ():
        least = (textindex.week_of(newest) - weeks) << textindex.ROOM
        hits = list(_run(connection, branch, to, least, None, limit))
        if len(hits) >= limit:
            return hits
    return list(_run(connection, branch, to, None, None, limit))


def _run(
    connection: sqlite3.Connection, branch: _Branch, to: _Compiled, least: int | None, before: int | None, limit: int | None
) -> Iterator[_Hit]:
    """Matches from a place on and before another, of the last weeks: so many at least, with all of the week of the last one."""
    sql = _branch_sql(branch, to, least, before)
    place = None
    count = 0
    for row in connection.execute(sql, [*to.values, -1 if limit is None else limit]):
        place = row["place"]
        count += 1
        yield _Hit(place, row["moment"], row["n"])
    if place is not None and count == limit:  # within a week places are in order of arrival, not of time
        yield from _run(connection, branch, to, textindex.week_of(place) << textindex.ROOM, place, None)


def _branch_sql(branch: _Branch, to: _Compiled, least: int | None, before: int | None) -> str:
    """The query for a branch; its values are in `to`, but for the limit."""
    to.values.clear()
    to.least, to.has_lists = least, False
    key = "items.place" if branch.table is None else f"{branch.table}.rowid"
    conditions = [f"{branch.table} match ?"] if branch.table else []
    if branch.table:
        to.values.append(branch.match)
    if least is not None:
        conditions.append(f"{key} >= {least:d}")
    if before is not None:
        conditions.append(f"{key} < {before:d}")
    for name, mark in (("since", ">="), ("until", "<")):  # so that the index stops there as well; the condition stands below
        for node in branch.rest:
            if isinstance(node, Field) and node.name == name:
                moment = query.moment(node.values[0], to.now, is_end=name == "until")
                place = textindex.first_place(moment) + (0 if name == "since" else 1 << textindex.ROOM)
                conditions.append(f"{key} {mark} {place:d}")
    conditions += [_sql(node, to) for node in branch.rest]
    tables = f"{branch.table} cross join items on items.place = {branch.table}.rowid" if branch.table else "items"
    where = _joined(conditions, "and") or "1"
    return f"select items.place, items.moment, items.n from {tables} where {where} order by {key} desc limit ?"


def _branches(tree: Node) -> list[_Branch]:
    """The parts of a query whose newest matches are, together, those of the whole."""
    if isinstance(tree, Or) and _expression(tree) is None:
        return [branch for node in tree.nodes for branch in _branches(node)]
    nodes = tree.nodes if isinstance(tree, And) else (tree,)
    wanted: list[str] = []
    unwanted: list[str] = []
    rest: list[Node] = []
    for node in nodes:
        expression = _expression(node)
        without = _expression(node.node) if isinstance(node, Not) else None
        if expression is not None:
            wanted.append(expression)
        elif without is not None:
            unwanted.append(without)
        else:
            rest.append(node)
    if wanted:
        match = " AND ".join(wanted)
        return [_Branch("item_search", f"({match}) NOT ({' OR '.join(unwanted)})" if unwanted else match, tuple(rest))]
    negative = [Not(Or(tuple(node.node for node in nodes if isinstance(node, Not) and node not in rest)))] if unwanted else []
    for node in rest:
        asked = _asked(node) if isinstance(node, Word) else None
        if asked is None:
            continue
        if asked.match is not None:  # not sure: it leads, and has to be looked at besides
            return [_Branch("item_search", asked.match, (*rest, *negative))]
        left = [each for each in rest if each is not node] if asked.is_sure else rest
        return [_Branch("item_letters", _letters(asked.letters), (*left, *negative))]
    return [_Branch(None, "", (*rest, *negative))]


def _expression(node: Node) -> str | None:
    """A part of a query as the index alone can answer it; None if it cannot."""
    match node:
        case Word():
            asked = _asked(node)
            return asked.match if asked is not None and asked.is_sure else None
        case And(nodes) | Or(nodes) if nodes:
            parts = [_expression(each) for each in nodes]
            sure = [part for part in parts if part is not None]
            return f"({(' AND ' if isinstance(node, And) else ' OR ').join(sure)})" if len(sure) == len(parts) else None
        case _:
            return None


def _asked(word: Word) -> tokens.Asked | None:
    return tokens.ask(word.text, is_prefix=word.is_prefix)


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
    rows = connection.execute("select * from items where n in (select value from json_each(?))", [json.dumps(list(keys))])
    by_key = {row["n"]: filed(connection, row) for row in rows.fetchall()}
    return tuple(by_key[key] for key in keys)


# -- conditions


def _compiled(tree: Node, now: datetime) -> _Compiled:
    return _Compiled(now=now, themes=query.themes(tree))


def filed(connection: sqlite3.Connection, row: sqlite3.Row) -> Filed:
    """A row of items with its themes."""
    given = connection.execute(
        "select theme, score from tags where item = ? and is_given order by score desc, theme", [row["id"]]
    )
    return Filed(
        item=item_of(row),
        themes=tuple((each["theme"], each["score"]) for each in given),
        event=row["event"],
        copy_of=row["copy_of"],
    )


def _sql(node: Node, to: _Compiled) -> str:
    match node:
        case Word(text, is_prefix):
            asked = tokens.ask(text, is_prefix=is_prefix)
            if asked is None:
                return "0"
            to.has_lists = True
            has = word_condition(asked, to.values, to.least)
            if asked.is_sure:
                return has
            to.values += [text, is_prefix]
            return f"{has} and holds(items.title, items.summary, (select body from articles where item = items.id), ?, ?)"
        case Not(inner):
            return f"not ({_sql(inner, to)})"
        case And(nodes) | Or(nodes):
            expression = _expression(node)
            if expression is not None:
                to.has_lists = True
                return word_condition(tokens.Asked(expression, "", is_sure=True), to.values, to.least)
            is_all = isinstance(node, And)
            return _joined([_sql(each, to) for each in nodes], "and" if is_all else "or") or ("1" if is_all else "0")
        case Field():
            return _field(node, to)


def _field(node: Field, to: _Compiled) -> str:
    name, values = node.name, node.values
    if name in _COLUMNS:
        to.values += [value.casefold() for value in values]
        return f"lower(coalesce(items.{_COLUMNS[name]}, '')) in ({_marks(values)})"
    if name == "theme":
        to.values += [value.casefold() for value in values]
        one = "exists (select 1 from tags t where t.theme = ? and t.is_given = 1 and t.item = items.id)"
        return _joined([one for _ in values], "or")
    if name == "score":
        to.values.append(float(values[0]))
        of_theme = ""
        if to.themes:
            to.values += list(to.themes)
            of_theme = f"and t.theme in ({_marks(to.themes)})"
        operator = {"=": "=", ">=": ">=", "<=": "<=", ">": ">", "<": "<"}[node.op]
        return f"exists (select 1 from tags t where t.item = items.id and t.is_given and t.score {operator} ? {of_theme})"
    if name == "event":
        to.values += [value.lower().replace("e-", "E-", 1) + "*" for value in values for _ in range(2)]
        one = "items.event glob ? or items.event in (select into_event from events where id glob ? and into_event is not null)"
        return _joined([one for _ in values], "or")
    if name == "stage":
        to.values += [value.casefold() for value in values]
        return f"exists (select 1 from events e where e.id = items.event and e.stage in ({_marks(values)}))"
    if name == "entity":
        folded = [fold(value) for value in values]
        to.values += [*folded, *folded]
        marks = _marks(values)
        named = f"select item from entities where entity in ({marks}) union select item from entities where lower(surface) in ({marks})"
        return f"items.id in ({named})"
    if name == "since":
        to.values.append(written(query.moment(values[0], to.now)))
        return "items.moment >= ?"
    if name == "until":
        to.values.append(written(query.moment(values[0], to.now, is_end=True)))
        return "items.moment < ?"
    if name == "deadline":
        span = query.duration(values[0]) or timedelta()
        to.values += [to.now.date().isoformat(), (to.now + span).date().isoformat()]
        return "items.id in (select item from key_dates where date between ? and ?)"
    return _identifier(node, to)


def _identifier(node: Field, to: _Compiled) -> str:
    from monitor import identifiers  # its patterns take 30 ms to compile; most searches name none

    types = identifiers.QUERY_TYPES[node.name]
    conditions = []
    to.values += list(types)
    for value in node.values:
        wanted = identifiers.asked(node.name, value)
        escaped = "".join(f"[{character}]" if character in "*?[" else character for character in wanted)
        # after the value asked for: the end, or what does not go on with the same number or word
        rest = "[^0-9]*" if wanted[-1:].isdigit() else "[^a-z]*"
        to.values += [wanted, escaped + rest]
        conditions.append("k.folded = ? or k.folded glob ?")
    return f"items.id in (select item from identifiers k where k.type in ({_marks(types)}) and ({_joined(conditions, 'or')}))"


def _joined(conditions: list[str], word: str) -> str:
    """Conditions joined by "and" or "or", in pairs of pairs: SQLite takes no expression that is deeper than 1,000."""
    while len(conditions) > 1:
        pairs = zip(conditions[::2], conditions[1::2], strict=False)
        conditions = [f"({one}) {word} ({other})" for one, other in pairs] + conditions[len(conditions) // 2 * 2 :]
    return conditions[0] if conditions else ""


def _marks(values: tuple[str, ...]) -> str:
    return ",".join("?" * len(values))
