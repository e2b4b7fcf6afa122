"""Everything that matches a query, one item after the other in bounded memory. Reads only, and holds no transaction between chunks.

What matches is settled once, as numbers of eight bytes; the items behind them are read in chunks. Measured beside paging by keys, which
asks the query anew for each chunk and, where it has words, sorts all matches each time: 79,000 items of common words in 5 s, not 22.
"""

from __future__ import annotations

import json
import sqlite3
from array import array
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from monitor.archive import search
from monitor.archive.values import findings_of, item_of
from monitor.items import Entity, Filed, Identifier, Item, KeyDate, Stage
from monitor.query import Node

CHUNK = 1_000
"""Items that are fetched at once."""
WHOLE_CHUNK = 50
"""The same where the text of the page comes with them: one may have a million characters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """An item with what was found in it."""

    filed: Filed  # with the text of its page where bodies are asked for
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
        """Items that match a query at this moment, newest first.

        Args:
            now: what spans such as since:7d count from.
            limit: at most so many; None for all.
            chunk: items that are fetched at once; None: as many as memory is meant for.
        """
        where, values = search.condition(tree, now)
        size = chunk or (WHOLE_CHUNK if with_body else CHUNK)
        ordered = f"select n from items where {where} order by moment desc, n desc limit ?"
        matches = array("q", (row["n"] for row in self._connection.execute(ordered, [*values, -1 if limit is None else limit])))
        body = "(select body from articles where item = items.id)" if with_body else "null"
        query = f"select items.*, {body} as body from items where n in (select value from json_each(?))"
        for start in range(0, len(matches), size):
            part = matches[start : start + size].tolist()
            rows = {row["n"]: row for row in self._connection.execute(query, [json.dumps(part)])}
            yield from self._found([rows[n] for n in part], with_body=with_body)

    def _found(self, rows: Sequence[sqlite3.Row], *, with_body: bool) -> Iterator[Exported]:
        ids = json.dumps([row["id"] for row in rows])
        given = "item in (select value from json_each(?)) and is_given"
        themes: dict[str, list[tuple[str, float]]] = defaultdict(list)
        for row in self._connection.execute(f"select * from tags where {given} order by score desc, theme", [ids]):
            themes[row["item"]].append((row["theme"], row["score"]))
        findings = findings_of(self._connection, rows)
        for row in rows:
            item: Item = item_of(row, is_whole=with_body)
            said = findings[item.id]
            yield Exported(
                filed=Filed(item=item, themes=tuple(themes[item.id]), event=row["event"], copy_of=row["copy_of"]),
                stage=None if row["judged_at"] is None else said.stage,
                identifiers=said.identifiers,
                entities=said.entities,
                dates=said.dates,
            )
