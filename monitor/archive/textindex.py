"""The search index beside the items, kept in the writer's transaction: `item_search` has words and character pairs in order,
`item_letters` which single CJK characters a text has. Both are FTS5 tables without content; their rows are places of items.

A place is the week of an item's moment and a number within it, so that the index runs from old to new whatever order items came
in, and a search for the newest stops early (docs/decisions/0023). Tokens are ours (monitor.tokens): FTS5 only splits at spaces.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from monitor.archive.values import read_surely
from monitor.tokens import index_texts

TABLES = (
    # the summary first: each word of the second column costs two bytes more
    "create virtual table item_search using fts5 (summary, title, content='', tokenize='ascii')",
    "create virtual table item_letters using fts5 (letters, content='', detail=none, tokenize='ascii')",
)
_WEEK = 7 * 86_400
ROOM = 20
"""Bits for the number within a week. A million items of one week is more than any archive gets; what is beyond goes to another part."""
_SPAN = 20
"""Bits for the week, with its sign: ten thousand years both ways. Places of one week in one part are a row; the next part begins after."""
_BUFFER = 8 << 20
"""Bytes that FTS5 collects before it writes a segment: measured, its own choice of 1 MB costs a tenth more."""
_SEGMENTS = 8
"""Segments of one size that FTS5 makes one of; twice its own choice: a third less is written again, and a search reads a few more."""
_CHUNK = 1000
_SAMPLE, _TERMS = 200, 20
"""Items that are looked up when the index is checked, by so many terms of their titles."""

_TEXTS = """
select items.place, items.title, items.summary, articles.body from items left join articles on articles.item = items.id
"""

Text = tuple[int, str, str]
"""Place, title, the rest."""


def create(connection: sqlite3.Connection) -> None:
    """Make the empty tables."""
    for statement in TABLES:
        connection.execute(statement)
    for table in ("item_search", "item_letters"):
        for name, value in (("hashsize", _BUFFER), ("automerge", _SEGMENTS)):
            connection.execute(f"insert into {table} ({table}, rank) values ('{name}', {value})")


def week(moment: datetime) -> int:
    """The weeks that had gone by since 1970, as the upper bits of a place."""
    return int(moment.astimezone(UTC).timestamp() // _WEEK)


def first_place(moment: datetime) -> int:
    """The least place that an item of the moment's week may have."""
    return week(moment) << ROOM


def first_of_week(place: int) -> int:
    """The least place of the same week, in the same part of the index."""
    return place >> ROOM << ROOM


def origin(part: int) -> int:
    """What the places of a part have before their week: nothing in the first, which is number 0."""
    return part << (ROOM + _SPAN)


def bounds(part: int) -> tuple[int, int]:
    """The least place of a part, and the least that is beyond it."""
    half = 1 << (ROOM + _SPAN - 1)
    return origin(part) - half, origin(part) + half


def last_part(connection: sqlite3.Connection) -> int:
    """The number of the last part; 0, unless some week had more items than there is room for in one."""
    last = newest(connection)
    return 0 if last is None else _part_of(last)


def newest(connection: sqlite3.Connection, before: int | None = None) -> int | None:
    """The last place that an item has; None if there are no items.

    Args:
        before: only places before this one count; None: all do.
    """
    before = (1 << 63) - 1 if before is None else before
    place: int | None = connection.execute("select max(place) from items where place < ?", [before]).fetchone()[0]
    return place


def new_places(connection: sqlite3.Connection, moments: Sequence[datetime]) -> list[int]:
    """Free places for items of these moments, in the same order; to be used within the transaction."""
    after: dict[int, int] = {}
    found = []
    for moment in moments:
        of_week = week(moment)
        place = after.get(of_week)
        if place is None or first_of_week(place) != first_of_week(place - 1):
            place = _free_place(connection, of_week, 0 if place is None else _part_of(place - 1) + 1)
        found.append(place)
        after[of_week] = place + 1
    return found


def _free_place(connection: sqlite3.Connection, of_week: int, part: int) -> int:
    """The place after the last one of a week, from a part on."""
    while True:
        first = origin(part) + (of_week << ROOM)
        last = connection.execute("select max(place) from items where place >= ? and place < ?", [first, first + (1 << ROOM)])
        taken = last.fetchone()[0]
        if taken is None or taken + 1 < first + (1 << ROOM):
            return first if taken is None else taken + 1
        part += 1


def _part_of(place: int) -> int:
    return (place + (1 << (ROOM + _SPAN - 1))) >> (ROOM + _SPAN)


def put(connection: sqlite3.Connection, texts: Iterable[Text]) -> None:
    """Take texts into the index."""
    rows = _rows(texts)
    connection.executemany("insert into item_search (rowid, title, summary) values (?, ?, ?)", [row[:3] for row in rows])
    connection.executemany(
        "insert into item_letters (rowid, letters) values (?, ?)", [(row[0], row[3]) for row in rows if row[3]]
    )


def forget(connection: sqlite3.Connection, items: Sequence[str]) -> None:
    """Take items (ids) out of the index; to be called before their rows change.

    A table without content forgets a row only when it is told what the row said.
    """
    found = connection.execute(
        f"{_TEXTS} where items.id in (select value from json_each(?))", [json.dumps(list(items))]
    ).fetchall()
    rows = _rows(_text(row) for row in found)
    connection.executemany(
        "insert into item_search (item_search, rowid, title, summary) values ('delete', ?, ?, ?)", [row[:3] for row in rows]
    )
    connection.executemany(
        "insert into item_letters (item_letters, rowid, letters) values ('delete', ?, ?)",
        [(row[0], row[3]) for row in rows if row[3]],
    )


def put_items(connection: sqlite3.Connection, items: Sequence[str]) -> None:
    """Take items (ids) into the index as their rows are."""
    found = connection.execute(f"{_TEXTS} where items.id in (select value from json_each(?))", [json.dumps(list(items))])
    put(connection, [_text(row) for row in found.fetchall()])


def rebuild(connection: sqlite3.Connection) -> None:
    """Give every item its place and make the index anew, in the caller's transaction."""
    for table in ("item_search", "item_letters"):
        connection.execute(f"drop table if exists {table}")
    create(connection)
    taken: dict[int, int] = {}
    rows = connection.execute("select n, moment from items order by moment, n")
    while chunk := rows.fetchmany(_CHUNK):
        places = []
        for n, moment in chunk:
            of_week = week(read_surely(moment))
            part, number = divmod(taken.get(of_week, 0), 1 << ROOM)
            places.append((origin(part) + (of_week << ROOM) + number, n))
            taken[of_week] = taken.get(of_week, 0) + 1
        connection.executemany("update items set place = ? where n = ?", places)
    last = -(1 << 62)
    while chunk := connection.execute(f"{_TEXTS} where items.place > ? order by items.place limit {_CHUNK}", [last]).fetchall():
        put(connection, map(_text, chunk))
        last = chunk[-1][0]


def compact(connection: sqlite3.Connection) -> None:
    """Give back what rows that were forgotten still take; reads and writes the whole index."""
    for table in ("item_search", "item_letters"):
        connection.execute(f"insert into {table} ({table}) values ('optimize')")


def faults(connection: sqlite3.Connection) -> list[str]:
    """Where the index says something else than the items; [] if nowhere. Rows are counted, a sample is looked up."""
    ask = connection.execute
    lacking = ask(
        "select count(*) from items where place is null or place not in (select id from item_search_docsize)"
    ).fetchone()[0]
    strange = ask("select count(*) from item_search_docsize where id not in (select place from items)").fetchone()[0]
    found = [
        *([f"it lacks {lacking} items"] if lacking else []),
        *([f"it has {strange} rows of no item"] if strange else []),
    ]
    step = max(1, ask("select count(*) from items").fetchone()[0] // _SAMPLE)
    for row in ask("select place, id, title from items where n % ? = 0 order by n desc limit ?", [step, _SAMPLE]):
        terms = index_texts(row["title"])[0].split()[:_TERMS]
        query = "select 1 from item_search where item_search match ? and rowid = ?"
        if terms and ask(query, [f'title : "{" ".join(terms)}"', row["place"]]).fetchone() is None:
            found.append(f"{row['id']} is not found by its title")
    return found


def _rows(texts: Iterable[Text]) -> list[tuple[int, str, str, str]]:
    """Place, title, the rest and letters of texts, in order of place: FTS5 begins a new segment when a row goes back."""
    rows = []
    for place, title, rest in texts:
        head, head_letters = index_texts(title)
        tail, tail_letters = index_texts(rest)
        rows.append((place, head, tail, " ".join(head_letters | tail_letters)))
    return sorted(rows)


def _text(row: sqlite3.Row) -> Text:
    return row[0], row[1], f"{row[2]} {row[3] or ''}"
