"""What was taken out of the archive, and what was brought in from elsewhere (items.imported_at; null: read from its source)."""

from __future__ import annotations

from sqlite_utils import Database

from monitor.archive.schema.statements import statements

_TABLES = """
create table prunings (
  id integer primary key,           -- order of doing
  at text not null,                 -- when
  who text not null,                -- who said so
  before text not null,             -- what had not moved since then went
  narrowed text not null,           -- the query that narrowed it, '' if none did
  items integer not null            -- how many items went
) strict;

create table pruned (
  source text not null,             -- Source.id
  mark blob not null,               -- what an entry that tells the item again has in common with it (dedupe.marks)
  pruning integer not null references prunings (id), -- in which it went
  primary key (source, mark)
) strict, without rowid;
"""


def step(db: Database) -> None:
    """Bring an archive of the step before here."""
    for statement in statements(_TABLES):
        db.execute(statement)
    db.execute("alter table items add column imported_at text")
    db.execute("create index items_copy on items (copy_of) where copy_of is not null")
