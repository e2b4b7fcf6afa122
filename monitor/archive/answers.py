"""What answering an analyst reads: which channel a request comes from, what was told there, what the analyst said before."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from datetime import datetime

from monitor.archive.values import written


class AnswerTables:
    """The analysts' side of what was told."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def places(self) -> dict[str, str]:
        """The channel's own id by address, as far as it is known."""
        return dict(self._connection.execute("select id, place from channels where place is not null").fetchall())

    def told(self, channels: Sequence[str], *, item: str | None = None, event: str | None = None) -> str | None:
        """That of the channels in which an item, or an event under any of its ids, was told or may have been; None: in none."""
        row = self._connection.execute(
            """
            with standing as (select coalesce((select into_event from events where id = ?3), ?3) as id)
            select channel from outbox where state in ('sent', 'doubtful') and channel in (select value from json_each(?1))
              and (item = ?2 or event in (select id from standing union
                                          select e.id from events e join standing s on e.into_event = s.id))
            order by id limit 1
            """,
            [json.dumps(list(channels)), item, event],
        ).fetchone()
        return None if row is None else str(row["channel"])

    def verdicts(self, item: str, who: str) -> dict[str, bool]:
        """What somebody has said of an item so far, by theme."""
        query = "select theme, verdict from labels where item = ? and who = ? order by theme"
        return {row["theme"]: bool(row["verdict"]) for row in self._connection.execute(query, [item, who])}

    def labels_since(self, moment: datetime | None) -> int:
        """Labels that were given after a moment; None: ever."""
        query = "select count(*) from labels where ?1 is null or at > ?1"
        return int(self._connection.execute(query, [None if moment is None else written(moment)]).fetchone()[0])
