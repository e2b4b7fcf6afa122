"""What the items of live events mean, so that linking goes on where it stopped."""

from __future__ import annotations

from sqlite_utils import Database

from monitor.archive.schema.statements import statements

_TABLES = """
create table vectors (
  item text primary key,            -- items.id
  encoder text not null,            -- which one made it; others cannot read it
  vector blob not null,             -- float16, little endian, of length 1
  at text not null                  -- judged; gone when the event can no longer be live
) strict, without rowid;
create index vectors_at on vectors (at);
"""


def step(db: Database) -> None:
    """Bring an archive of the step before here."""
    for statement in statements(_TABLES):
        db.execute(statement)
