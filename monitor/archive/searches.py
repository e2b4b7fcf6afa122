"""Queries that analysts saved under a name."""

from __future__ import annotations

import sqlite3
from datetime import datetime

from monitor.archive.connection import transaction
from monitor.archive.values import read_surely, written
from monitor.items import SavedSearch


class SearchTables:
    """The saved searches' side of the archive."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def all(self) -> list[SavedSearch]:
        """All of them, by name."""
        rows = self._connection.execute("select * from searches order by name")
        return [SavedSearch(name=row["name"], query=row["query"], who=row["who"], at=read_surely(row["at"])) for row in rows]

    def by_name(self) -> dict[str, str]:
        """The queries by their names, as query.with_saved() wants them."""
        return {each.name: each.query for each in self.all()}

    def put(self, name: str, query: str, *, who: str, now: datetime) -> bool:
        """Save a query; True if there was another one of the name."""
        with transaction(self._connection):
            was = self._connection.execute("select query from searches where name = ?", [name]).fetchone()
            self._connection.execute("insert or replace into searches values (?, ?, ?, ?)", [name, query, who, written(now)])
        return was is not None and was["query"] != query

    def forget(self, name: str) -> bool:
        """Take a name away; False if there is none."""
        with transaction(self._connection):
            return self._connection.execute("delete from searches where name = ?", [name]).rowcount > 0
