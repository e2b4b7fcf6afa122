"""A query tree as SQL over the items and their full-text index. Every value is bound; no text of a query becomes SQL.

`item_search` holds CJK character pairs (segment.index_text), so a word of two and more characters is a phrase of pairs and a
word of one is a prefix. CROSS JOIN keeps SQLite from a ruinous plan (docs/decisions/0003).
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from monitor import identifiers, query
from monitor.archive.values import item_of, written
from monitor.items import Filed
from monitor.query import And, Field, Node, Not, Or, Word
from monitor.segment import fold, pieces

_COLUMNS = {"source": "source", "lang": "lang", "country": "country", "kind": "kind", "tier": "tier"}


@dataclass(slots=True)
class _Compiled:
    """SQL under construction."""

    now: datetime
    themes: tuple[str, ...]  # themes that the query names: what score: speaks of
    values: list[object] = field(default_factory=list)


def fts_phrase(text: str, *, is_prefix: bool = False) -> str | None:
    """A word or phrase as the full-text index is asked for it; None if it holds nothing that is indexed."""
    runs = list(pieces(text))
    tokens: list[str] = []
    ends_open = is_prefix
    for place, (run, is_cjk) in enumerate(runs):
        is_last = place == len(runs) - 1
        if not is_cjk:
            tokens.append(run)
        elif len(run) == 1 and is_last:
            tokens.append(run)
            ends_open = True
        else:
            tokens += [run[i : i + 2] for i in range(len(run) - 1)]
            if not is_last:
                tokens.append(run[-1])
    if not tokens:
        return None
    phrase = " ".join(tokens).replace('"', "")
    return f'"{phrase}"*' if ends_open else f'"{phrase}"'


def search(connection: sqlite3.Connection, tree: Node, now: datetime, *, limit: int | None, by_rank: bool = False) -> list[Filed]:
    """Items that match, newest first, or best first.

    Args:
        now: what spans such as since:7d count from.
        limit: at most so many; None for all.
        by_rank: bm25 with the title weighing four times the summary; items without a word hit come last.
    """
    where, values = condition(tree, now)
    ranking = " OR ".join(
        phrase for phrase in (fts_phrase(each.text, is_prefix=each.is_prefix) for each in _words(tree)) if phrase
    )
    if by_rank and ranking:
        sql = f"""
            with hits as (select rowid as n, bm25(item_search, 4.0, 1.0) as rank from item_search where item_search match ?)
            select items.* from hits cross join items on items.n = hits.n where {where}
            order by hits.rank, items.moment desc limit ?
        """
        values = [ranking, *values]
    else:
        sql = f"select items.* from items where {where} order by items.moment desc, items.n desc limit ?"
    rows = connection.execute(sql, [*values, -1 if limit is None else limit]).fetchall()
    return [filed(connection, row) for row in rows]


def condition(tree: Node, now: datetime) -> tuple[str, list[object]]:
    """The tree as a condition on a row of items, and the values to bind."""
    compiled = _Compiled(now=now, themes=query.themes(tree))
    return _sql(tree, compiled), compiled.values


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
            phrase = fts_phrase(text, is_prefix=is_prefix)
            if phrase is None:
                return "0"
            to.values.append(phrase)
            return "items.n in (select rowid from item_search where item_search match ?)"
        case Not(inner):
            return f"not ({_sql(inner, to)})"
        case And(nodes):
            return _joined([_sql(each, to) for each in nodes], "and") or "1"
        case Or(nodes):
            return _joined([_sql(each, to) for each in nodes], "or")
        case Field():
            return _field(node, to)


def _field(node: Field, to: _Compiled) -> str:
    name, values = node.name, node.values
    if name in _COLUMNS:
        to.values += [value.casefold() for value in values]
        return f"lower(coalesce(items.{_COLUMNS[name]}, '')) in ({_marks(values)})"
    if name == "theme":
        to.values += [value.casefold() for value in values]
        return f"exists (select 1 from tags t where t.item = items.id and t.is_given and t.theme in ({_marks(values)}))"
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
        return "exists (select 1 from key_dates d where d.item = items.id and d.date between ? and ?)"
    return _identifier(node, to)


def _identifier(node: Field, to: _Compiled) -> str:
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
    return f"exists (select 1 from identifiers k where k.item = items.id and k.type in ({_marks(types)}) and ({_joined(conditions, 'or')}))"


def _joined(conditions: list[str], word: str) -> str:
    """Conditions joined by "and" or "or", in pairs of pairs: SQLite takes no expression that is deeper than 1,000."""
    while len(conditions) > 1:
        pairs = zip(conditions[::2], conditions[1::2], strict=False)
        conditions = [f"({one}) {word} ({other})" for one, other in pairs] + conditions[len(conditions) // 2 * 2 :]
    return conditions[0] if conditions else ""


def _marks(values: tuple[str, ...]) -> str:
    return ",".join("?" * len(values))


def _words(node: Node) -> list[Word]:
    """Words that a match would hold; not those that it must not."""
    match node:
        case Word():
            return [node]
        case And(nodes) | Or(nodes):
            return [word for each in nodes for word in _words(each)]
        case _:
            return []
