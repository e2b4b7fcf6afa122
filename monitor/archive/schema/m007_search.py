"""The index in order of time, with stems, one writing of Chinese and words of one character; items know their place in it."""

from __future__ import annotations

from sqlite_utils import Database

from monitor.archive import textindex
from monitor.archive.schema.statements import statements

_TABLES = """
create table searches (
  name text primary key,            -- asked for as @name
  query text not null,              -- what it stands for
  who text not null,                -- who saved it
  at text not null                  -- when
) strict;
"""


def step(db: Database) -> None:
    """Bring an archive of the step before here."""
    db.execute("alter table items add column place integer")
    textindex.rebuild(db.conn)
    # what a search looks at before it fetches a row; without it, filters would read the texts
    db.execute("create index items_search on items (place, moment, lang, source, country, tier, kind, id)")
    for statement in statements(_TABLES):
        db.execute(statement)
