"""Everything that matches a query, one item after the other in bounded memory. Reads only, and holds no transaction between chunks.

A chunk begins where the last one ended (keyset paging by moment and order of arrival): each costs the same, the first and the last.
"""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from monitor.archive import search
from monitor.archive.values import item_of, key_date_of
from monitor.items import Entity, Filed, Identifier, Item, KeyDate, Stage
from monitor.query import Node

CHUNK = 1_000
"""Items that are fetched at once."""
WHOLE_CHUNK = 50
"""The same where the text of the page comes with them: one may have a million characters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """An item with what was found in it."""

    filed: Filed  # with item.body where bodies are asked for, "" where the page was not read
    stage: Stage | None = None  # that it shows by itself; None: not judged yet
    identifiers: tuple[Identifier, ...] = ()
    entities: tuple[Entity, ...] = ()
    dates: tuple[KeyDate, ...] = ()


class ExportTables:
    """The exports' side of the archive."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def items(
        self, tree: Node, now: datetime, *, limit: int | None = None, with_body: bool = False, chunk: int | None = None
    ) -> Iterator[Exported]:
        """Items that match a query, newest first, none twice; what arrives meanwhile may be among them or not.

        Args:
            now: what spans such as since:7d count from.
            limit: at most so many; None for all.
            chunk: items that are fetched at once; None: as many as memory is meant for.
        """
        where, values = search.condition(tree, now)
        size = chunk or (WHOLE_CHUNK if with_body else CHUNK)
        body = "(select body from articles where item = items.id) as body" if with_body else "null as body"
        left = limit
        place: tuple[str, int] | None = None
        while left is None or left > 0:
            after = "1" if place is None else "(items.moment, items.n) < (?, ?)"
            rows = self._connection.execute(
                f"select items.*, {body} from items where {after} and ({where}) order by items.moment desc, items.n desc limit ?",
                [*(place or ()), *values, size if left is None else min(left, size)],
            ).fetchall()
            yield from self._found(rows)
            if len(rows) < size:
                return
            left = None if left is None else left - len(rows)
            place = (rows[-1]["moment"], rows[-1]["n"])

    def _found(self, rows: Sequence[sqlite3.Row]) -> Iterator[Exported]:
        ids = json.dumps([row["id"] for row in rows])
        themes = self._by_item("tags", "is_given", "score desc, theme", ids)
        identifiers = self._by_item("identifiers", "1", "type, value", ids)
        entities = self._by_item("entities", "1", "entity", ids)
        dates = self._by_item("key_dates", "1", "date, kind", ids)
        for row in rows:
            item: Item = item_of(row, is_whole=True)
            yield Exported(
                filed=Filed(
                    item=item,
                    themes=tuple((each["theme"], each["score"]) for each in themes[item.id]),
                    event=row["event"],
                    copy_of=row["copy_of"],
                ),
                stage=None if row["judged_at"] is None else Stage(row["stage"]),
                identifiers=tuple(Identifier(type=each["type"], value=each["value"]) for each in identifiers[item.id]),
                entities=tuple(
                    Entity(id=each["entity"], type=each["type"], surface=each["surface"]) for each in entities[item.id]
                ),
                dates=tuple(key_date_of(each) for each in dates[item.id]),
            )

    def _by_item(self, table: str, condition: str, order: str, ids: str) -> dict[str, list[sqlite3.Row]]:
        """Rows of a table about items, by item."""
        found: dict[str, list[sqlite3.Row]] = defaultdict(list)
        query = f"select * from {table} where item in (select value from json_each(?)) and {condition} order by {order}"
        for row in self._connection.execute(query, [ids]):
            found[row["item"]].append(row)
        return found
