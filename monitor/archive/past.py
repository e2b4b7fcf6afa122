"""The past as rules met it, for trying them: items in the order in which they were judged, with the rest of their events.

What may match is found in SQL, never too little: words count where they stand anywhere in the text, and everything that depends
on the clock or on what became of an event is left to who asks. Reads only.
"""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from monitor import query, tokens
from monitor.archive import conditions, fields
from monitor.archive.conditions import Condition
from monitor.archive.events import BOTH_FIT, MACHINE
from monitor.archive.search import has_word
from monitor.archive.values import findings_of, item_of, read, read_surely, reasons_of, written
from monitor.items import (
    Alert,
    AlertKind,
    AlertState,
    Findings,
    Judged,
    Link,
    Stage,
    Standpoint,
    Tag,
)
from monitor.query import Field, Node, Word
from monitor.replay import Move, Turn

_CHUNK = 500
_Place = tuple[str, str, str]
"""Where something stands in the order of judgement: when, and there by moment and id of the item."""
MEMORY = timedelta(days=90)
"""So long before a span what was told still counts in it."""
_TAGS = "select * from tags where item in (select value from json_each(?)) order by theme"


class PastTables:
    """The past's side of the archive."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def first(self) -> datetime | None:
        """When the first item was judged; None if none was."""
        return read(self._connection.execute("select min(filed_at) as at from items where filed_at is not null").fetchone()["at"])

    def version(self, rule: str) -> tuple[int, str, datetime] | None:
        """The last version of a rule, what it said, and since when; None if it never decided anything."""
        row = self._connection.execute(
            "select version, text, since from rules where id = ? order by version desc limit 1", [rule]
        ).fetchone()
        return None if row is None else (row["version"], row["text"], read_surely(row["since"]))

    def states(self, since: datetime) -> dict[str, dict[str, int]]:
        """How many alerts each rule decided since a moment, by state."""
        found: dict[str, dict[str, int]] = {}
        for row in self._connection.execute(
            "select rule, state, count(*) as n from alerts where decided_at >= ? group by rule, state", [written(since)]
        ):
            found.setdefault(row["rule"], {})[row["state"]] = row["n"]
        return found

    def alerts(self, channels: Sequence[str], since: datetime) -> list[Alert]:
        """What was decided for channels since a moment, in order; without scores and terms."""
        rows = self._connection.execute(
            """
            select * from alerts where channel in (select value from json_each(?)) and decided_at >= ? order by id
            """,
            [json.dumps(list(channels)), written(since)],
        )
        return [_alert(row) for row in rows]

    def titles(self, items: Sequence[str]) -> dict[str, str]:
        """Titles by item."""
        query_ = "select id, title from items where id in (select value from json_each(?))"
        return dict(self._connection.execute(query_, [json.dumps(list(items))]).fetchall())

    def items(self, tree: Node, since: datetime, rule: str) -> Iterator[Turn | Move]:
        """Items judged since a moment that may match a query, and all others of their events and of those that a rule spoke of before,
        in the order in which they were judged, each in its event of that moment; between them the merges and splits.

        Args:
            tree: the query; may match means that no item is left out that does.
        """
        where, values = self.condition(tree)
        keys = self._connection.execute(
            f"""
            with fits as materialized (
                select n, event from items where filed_at >= ? and event is not null and ({where})
            ), spoken as (
                select coalesce(e.into_event, a.event) as event from alerts a left join events e on e.id = a.event
                where a.rule = ? and a.state in ('waiting', 'folded') and a.decided_at >= ?
            ), named as materialized (
                select event from fits union select event from spoken
            ), apart as materialized (
                select m.value as id from decisions d join json_each(d.items) m
                where d.kind = 'split' and (d.event in (select event from named) or d.other in (select event from named))
            )
            select i.n, i.id, i.event, i.filed_at, i.moment, i.n in (select n from fits) as may_match from items i
            where i.filed_at is not null and (i.event in (select event from named) or i.id in (select id from apart))
            order by i.filed_at, i.moment, i.id
            """,
            [written(since), *values, rule, written(since - MEMORY)],
        ).fetchall()
        moves, of_item = self._moves({row["id"]: _place(row) for row in keys})
        storylines = dict(self._connection.execute("select id, storyline from events where storyline is not null").fetchall())
        done = 0
        for start in range(0, len(keys), _CHUNK):
            chunk = keys[start : start + _CHUNK]
            judged = self._judged([row["n"] for row in chunk])
            for row in chunk:
                while done < len(moves) and moves[done][0] <= _place(row):
                    yield moves[done][1]
                    done += 1
                event = row["event"]
                for place, move in reversed(of_item.get(row["id"], ())):
                    event = move.event if place > _place(row) else event
                found = judged[row["n"]]
                yield Turn(
                    judged=found if event == row["event"] else replace(found, link=replace(found.link, event=event)),
                    at=read_surely(row["filed_at"]),
                    arrival=row["n"],
                    may_match=bool(row["may_match"]),
                    storyline=storylines.get(event),
                )
        yield from (move for _, move in moves[done:])

    def _moves(self, places: Mapping[str, _Place]) -> tuple[list[tuple[_Place, Move]], dict[str, list[tuple[_Place, Move]]]]:
        """Merges and splits in their order, each with its place among the items, and by item those that moved it."""
        found: list[tuple[_Place, Move]] = []
        of_item: dict[str, list[tuple[_Place, Move]]] = defaultdict(list)
        for row in self._connection.execute("select * from decisions order by id"):
            items = frozenset(json.loads(row["items"]))
            is_merge = row["kind"] == "merge"
            event, into = (row["other"], row["event"]) if is_merge else (row["event"], row["other"])
            move = Move(event=event, into=into, items=items, is_merge=is_merge)
            # the machine merges at the item that fits both, and says so
            at = places.get(row["reason"].removeprefix(BOTH_FIT)) if row["who"] == MACHINE else None
            place = at if at is not None and at[0] == row["at"] else (row["at"], "", "")
            found.append((place, move))
            for item in items:
                of_item[item].append((place, move))
        return sorted(found, key=lambda each: each[0]), of_item

    def condition(self, tree: Node) -> tuple[str, list[object]]:
        """A condition on rows of items that holds wherever a query may match, whenever it is asked, and the values to bind."""
        themes = query.themes(tree)

        def leaf(node: Node, is_wanted: bool) -> Condition | None:
            match node:
                case Word():
                    return _anywhere(node) if is_wanted else Condition("1")
                case Field(name) if name in ("stage", "event", *query.TIME_FIELDS):
                    return Condition("1")
                case Field():
                    holds = fields.condition(node, themes)
                    return holds if is_wanted else conditions.no(holds)
                case _:
                    return None

        found = conditions.of_tree(tree, leaf)
        return found.text, list(found.values)

    def _judged(self, numbers: Sequence[int]) -> dict[int, Judged]:
        """Items with what judgement said of them, by number; one query a table for all."""
        ask = self._connection.execute
        rows = ask(
            """
            select items.*, articles.body from items left join articles on articles.item = items.id
            where items.n in (select value from json_each(?))
            """,
            [json.dumps(list(numbers))],
        ).fetchall()
        findings = findings_of(self._connection, rows)
        tags: dict[str, list[sqlite3.Row]] = defaultdict(list)
        for row in ask(_TAGS, [json.dumps([row["id"] for row in rows])]):
            tags[row["item"]].append(row)
        return {row["n"]: _judged(row, findings[row["id"]], tags[row["id"]]) for row in rows}


def _place(row: sqlite3.Row) -> _Place:
    return row["filed_at"], row["moment"], row["id"]


def _judged(row: sqlite3.Row, findings: Findings, tags: Sequence[sqlite3.Row]) -> Judged:
    return Judged(
        item=item_of(row, is_whole=True),
        findings=findings,
        tags=tuple(
            Tag(
                theme=each["theme"],
                score=each["score"],
                is_given=bool(each["is_given"]),
                reasons=reasons_of(each["why"]) if each["is_given"] else (),
            )
            for each in tags
        ),
        link=Link(event=row["event"], is_new=False, copy_of=row["copy_of"]),
        model=row["model"],
    )


def _alert(row: sqlite3.Row) -> Alert:
    decided_at = read_surely(row["decided_at"])
    return Alert(
        rule=row["rule"],
        item=row["item"],
        event=row["event"],
        channel=row["channel"],
        state=AlertState(row["state"]),
        reason=row["reason"],
        decided_at=decided_at,
        not_before=decided_at,
        kind=AlertKind(row["kind"]),
        news=row["news"],
        standpoint=Standpoint(
            stage=Stage(row["stage"]),
            step=row["step"],
            sources=row["sources"],
            importance=row["importance"],
            storyline=row["storyline"],
        ),
        model=row["model"],
        silence=row["silence"],
        echo_of=row["echo_of"],
    )


def _anywhere(word: Word) -> Condition:
    """Holds where the index has a word or phrase, or the text is longer than the index knows."""
    asked = tokens.ask(word.text, is_prefix=word.is_prefix)
    if asked is None:
        return Condition("0")
    found = has_word(asked)
    return Condition(f"({found.text}) or items.id in (select item from articles)", found.values)
