"""The full-text index beside the items: takes items out of it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence

from monitor.segment import index_text


def forget(connection: sqlite3.Connection, items: Sequence[str]) -> None:
    """Take items (ids) out of the search index; to be called before their rows change."""
    rows = connection.execute(
        """
        select items.n, items.title, items.summary, articles.body from items left join articles on articles.item = items.id
        where items.id in (select value from json_each(?))
        """,
        [json.dumps(list(items))],
    ).fetchall()
    # a contentless index forgets a row only when it is told what the row said
    connection.executemany(
        "insert into item_search (item_search, rowid, title, summary) values ('delete', ?, ?, ?)",
        [(row["n"], index_text(row["title"]), index_text(f"{row['summary']} {row['body'] or ''}")) for row in rows],
    )
