"""What is not told for a time, by whose word and until when."""

from __future__ import annotations

import sqlite3
from datetime import datetime

from monitor.archive.connection import transaction
from monitor.archive.values import read_surely, written
from monitor.errors import UsageError
from monitor.messages import Silence


class SilenceTables:
    """The silences' side of the archive."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def put(
        self, query: str, *, until: datetime, now: datetime, who: str, via: str, channel: str | None = None, reason: str = ""
    ) -> Silence:
        """Begin a silence; orders that wait to tell an event so named (event:E-...) are dropped, and their alerts suppressed."""
        with transaction(self._connection):
            row = self._connection.execute(
                "insert into silences (query, channel, begins_at, ends_at, who, via, reason) values (?, ?, ?, ?, ?, ?, ?) returning *",
                [query, channel, written(now), written(until), who, via, reason],
            ).fetchone()
            silence = _silence(row)
            if query.startswith("event:E-") and " " not in query:
                self._drop(silence, query.removeprefix("event:"))
        return silence

    def active(self, now: datetime) -> list[Silence]:
        """Silences that hold at a moment, the oldest first."""
        rows = self._connection.execute(
            "select * from silences where begins_at <= ? and ends_at > ? order by id", [written(now), written(now)]
        )
        return [_silence(row) for row in rows]

    def all(self, limit: int = 100) -> list[Silence]:
        """Silences, ended ones too, the latest first."""
        rows = self._connection.execute("select * from silences order by id desc limit ?", [limit])
        return [_silence(row) for row in rows]

    def end(self, silence: int, now: datetime) -> Silence:
        """End a silence now.

        Raises:
            UsageError: there is none of this number, or it has ended.
        """
        with transaction(self._connection):
            row = self._connection.execute(
                "update silences set ends_at = ? where id = ? and ends_at > ? returning *", [written(now), silence, written(now)]
            ).fetchone()
        if row is None:
            raise UsageError(f"there is no silence {silence} that holds", hint="Those that hold: monitor silence list")
        return _silence(row)

    def _drop(self, silence: Silence, event: str) -> None:
        """What waits to be told of an event is not told any more; what may have gone already is left to delivery."""
        rows = self._connection.execute(
            """
            update outbox set state = 'dropped', last_error = ? where kind = 'alert' and state = 'waiting'
              and (? is null or channel = ?)
              and coalesce((select i.event from items i where i.id = outbox.item), event)
                  in (select ? union select id from events where into_event = ?) returning key
            """,
            [f"silence {silence.id}", silence.channel, silence.channel, event, event],
        ).fetchall()
        self._connection.executemany(
            "update alerts set state = 'suppressed', silence = ?, reason = ? where key = ? and state = 'waiting'",
            [(silence.id, f"silence {silence.id}, made while it waited", row["key"]) for row in rows],
        )


def _silence(row: sqlite3.Row) -> Silence:
    return Silence(
        id=row["id"],
        query=row["query"],
        channel=row["channel"],
        begins_at=read_surely(row["begins_at"]),
        ends_at=read_surely(row["ends_at"]),
        who=row["who"],
        via=row["via"],
        reason=row["reason"],
    )
