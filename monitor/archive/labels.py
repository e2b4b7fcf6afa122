"""Analysts' verdicts, and what the archive has to learn from or to ask about."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from monitor.archive.connection import transaction
from monitor.archive.values import read_surely, written
from monitor.items import Identifier, Label


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """A theme's score of an item that nobody has judged for the theme."""

    item: str
    event: str | None  # None: it is in none yet
    title: str
    lang: str
    theme: str
    score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class WeekScores:
    """How the classifier scored a theme in a week."""

    week: str  # its Monday, YYYY-MM-DD
    theme: str
    items: int
    given: int  # that got the theme
    doubtful: int  # scores from 0.3 to 0.7
    mean: float


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

    def put(self, *labels: Label) -> None:
        """Keep verdicts, all or none; a later one of the same person on the same question replaces it."""
        with transaction(self._connection):
            self._connection.executemany(
                "insert or replace into labels (item, theme, verdict, at, who, via) values (?, ?, ?, ?, ?, ?)",
                [(each.item, each.theme, int(each.verdict), written(each.at), each.who, each.via) for each in labels],
            )

    def unlabelled(self, since: datetime, limit: int, theme: str | None = None) -> list[Scored]:
        """Scores of items that nobody has judged for the theme, the least certain first.

        Args:
            since: of the items' own time.
            theme: only this one's scores; None: all.
        """
        rows = self._connection.execute(
            """
            select t.item, i.event, i.title, i.lang, t.theme, t.score from tags t cross join items i on i.id = t.item
            where i.moment >= ?1 and i.copy_of is null and coalesce(?2, t.theme) = t.theme
              and not exists (select 1 from labels l where l.item = t.item and l.theme = t.theme)
            order by abs(t.score - 0.5), t.item, t.theme limit ?3
            """,
            [written(since), theme, limit],
        )
        return [Scored(**dict(row)) for row in rows]

    def scores(self, since: datetime) -> list[WeekScores]:
        """By week and theme, how the classifier scored."""
        rows = self._connection.execute(
            """
            select strftime('%Y-%m-%d', i.moment, 'weekday 0', '-6 days') as week, t.theme, count(*) as items, sum(t.is_given) as given,
                   sum(t.score between 0.3 and 0.7) as doubtful, avg(t.score) as mean
            from items i join tags t on t.item = i.id where i.moment >= ? group by week, t.theme order by week, t.theme
            """,
            [written(since)],
        )
        return [WeekScores(**dict(row)) for row in rows]

    def texts(self, since: datetime, until: datetime, limit: int) -> list[str]:
        """Texts of items of a time, spread over it by their ids: a sample to look at the vocabulary of."""
        rows = self._connection.execute(
            "select title, summary from items where moment >= ? and moment < ? order by substr(id, -4), id limit ?",
            [written(since), written(until), limit],
        )
        return [f"{row['title']}\n{row['summary']}".strip() for row in rows]

    def documents(self, sources: Iterable[str]) -> Iterator[tuple[sqlite3.Row, list[Identifier]]]:
        """Items that state parts of the CFR, or come from some sources: id, source, lang, title, said, event; and what they state.

        `said` is Item.said: the page's text, or else the summary.
        """
        rows = self._connection.execute(
            """
            select id, source, lang, title, coalesce(body, summary) as said, event, stated
            from items left join articles on articles.item = items.id
            where stated like '%"cfr"%' or source in (select value from json_each(?)) order by n
            """,
            [json.dumps(sorted(sources))],
        )
        for row in rows:
            stated = json.loads(row["stated"]).get("identifiers", ())
            yield row, [Identifier(type=kind, value=value) for kind, value in stated]
