"""Analysts' verdicts."""

from __future__ import annotations

import sqlite3

from monitor.archive.connection import transaction
from monitor.archive.values import read_surely, written
from monitor.items import Label


class LabelTables:
    """The analysts' side of the archive."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def all(self) -> list[Label]:
        """All labels, the oldest first."""
        rows = self._connection.execute("select * from labels order by at, item, theme, who")
        return [
            Label(
                item=row["item"],
                theme=row["theme"],
                verdict=bool(row["verdict"]),
                at=read_surely(row["at"]),
                who=row["who"],
                via=row["via"],
            )
            for row in rows
        ]

    def put(self, label: Label) -> None:
        """Keep a verdict; a later one of the same person on the same question replaces it."""
        with transaction(self._connection):
            self._connection.execute(
                "insert or replace into labels (item, theme, verdict, at, who, via) values (?, ?, ?, ?, ?, ?)",
                [label.item, label.theme, int(label.verdict), written(label.at), label.who, label.via],
            )
