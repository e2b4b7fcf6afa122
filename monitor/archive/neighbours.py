"""What looking for an item's neighbours reads: how common words are, who shares an identifier or the event, and what items mean."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Sequence
from datetime import datetime

from monitor import tokens
from monitor.archive import search as searching
from monitor.identifiers import RARE
from monitor.items import Filed, Identifier
from monitor.query import Node


class NeighbourTables:
    """The side of those who look for what is like an item. Reads only."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def items(self) -> int:
        """How many items there are, as the highest number of arrival says."""
        return int(self._connection.execute("select coalesce(max(n), 0) from items").fetchone()[0])

    def standing(self, words: Sequence[str], most: int) -> dict[str, int]:
        """In how many items each word or phrase stands.

        Args:
            most: counting ends there; it costs what it counts.
        """
        found = {}
        for word in words:
            asked = tokens.ask(word)
            if asked is None or asked.match is None:  # a character alone finds no neighbours
                found[word] = 0 if asked is None else most
                continue
            query = "select count(*) from (select 1 from item_search where item_search match ? limit ?)"
            found[word] = int(self._connection.execute(query, [asked.match, most]).fetchone()[0])
        return found

    def identifiers(self, items: Collection[str]) -> dict[str, tuple[Identifier, ...]]:
        """Identifiers that name one measure each, by item; items that have none are left out."""
        found: dict[str, tuple[Identifier, ...]] = {}
        rows = self._connection.execute(
            "select item, type, value from identifiers where item in (select value from json_each(?1))"
            " and type in (select value from json_each(?2)) order by item, type, value",
            [json.dumps(list(items)), json.dumps(sorted(RARE))],
        )
        for row in rows:
            found[row["item"]] = (*found.get(row["item"], ()), Identifier(type=row["type"], value=row["value"]))
        return found

    def beside(self, of: Filed, tree: Node, now: datetime, *, limit: int) -> list[Filed]:
        """Items that share the event, or an identifier of one measure, with an item; those that match a query, newest first."""
        where, values = searching.condition(tree, now)
        rows = self._connection.execute(
            f"""
            with beside as (
              select id from items where event = ?
              union select b.item from identifiers a cross join identifiers b on b.type = a.type and b.folded = a.folded
              where a.item = ? and a.type in (select value from json_each(?))
            )
            select items.* from beside cross join items on items.id = beside.id where {where}
            order by items.moment desc, items.n desc limit ?
            """,
            [of.event, of.item.id, json.dumps(sorted(RARE)), *values, limit],
        ).fetchall()
        return searching.all_filed(self._connection, rows)

    def of(self, items: Sequence[str], tree: Node, now: datetime, *, limit: int) -> list[Filed]:
        """Items by their ids, the first ones that match a query, in the order given."""
        where, values = searching.condition(tree, now)
        rows = self._connection.execute(
            f"""
            select items.* from json_each(?) each cross join items on items.id = each.value where {where}
            order by each.key limit ?
            """,
            [json.dumps(list(items)), *values, limit],
        ).fetchall()
        return searching.all_filed(self._connection, rows)

    def vectors(self, encoder: str, *, limit: int) -> list[tuple[str, str, bytes]]:
        """Item, language and what it means (float16, little endian, of length 1), of the items whose vectors are kept, newest first.

        Args:
            encoder: whose vectors are wanted.
        """
        rows = self._connection.execute(
            """
            select v.item, i.lang, v.vector from vectors v indexed by vectors_at cross join items i on i.id = v.item
            where v.encoder = ? order by v.at desc limit ?
            """,
            [encoder, limit],
        )
        return [(row["item"], row["lang"], row["vector"]) for row in rows]
