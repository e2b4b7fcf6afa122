"""Steps of measures with their evidence, storylines, merges and splits of events."""

from __future__ import annotations

from sqlite_utils import Database

from monitor import steps
from monitor.archive.schema.statements import statements
from monitor.segment import fold

_TABLES = """
create table steps (
  item text primary key references items (id), -- the item that shows it
  jurisdiction text not null,       -- US, JP, EU, CN, GB, KR, TW
  step text not null,               -- the jurisdiction's own word: NPRM, 公布, ...
  stage text not null,              -- the stage that the step means
  sentence text not null            -- that says so
) strict;

create table events_2 (
  id text primary key,              -- E-...
  opened_at text not null,          -- when its first item was judged
  moved_at text not null,           -- when its last item was judged, or its stage changed by itself
  stage text not null,              -- the stage that it has reached
  step text,                        -- the jurisdiction's word for that stage; null if none
  storyline text,                   -- S-...: the wider matter; null: not judged
  into_event text                   -- the event that it was merged into, where its items are now; null: it stands
) strict;

create table decisions (
  id integer primary key,           -- order of decision
  at text not null,                 -- when
  who text not null,                -- the analyst; machine for merges of ours
  kind text not null,               -- merge or split
  event text not null,              -- the event that goes on
  other text not null,              -- the event that went into it, or that was split off
  items text not null,              -- JSON: ids of the items that moved
  reason text not null              -- why, '' if not said
) strict;
"""


def step(db: Database) -> None:
    """Bring an archive of the step before here."""
    for statement in statements(_TABLES):
        db.execute(statement)
    kept = "id, opened_at, moved_at, stage, step"
    db.execute(f"insert into events_2 ({kept}) select {kept} from events")
    db.execute("drop table events")
    db.execute("alter table events_2 rename to events")
    db.execute("create index events_moved on events (moved_at)")
    db.execute("create index events_into on events (into_event) where into_event is not null")
    db.execute("create index events_storyline on events (storyline)")
    db.execute("create index entities_surface on entities (lower(surface))")
    _keep_steps(db)


def _keep_steps(db: Database) -> None:
    """The steps that items showed, as far as the archive of the step before knows them: without their sentences."""
    rows = db.execute(
        "select id, country, stage, step from items where tier = 'official' and stage not in ('reported', 'announced')"
    ).fetchall()
    for item, country, stage, stated in rows:
        machine = steps.MACHINES.get(country or "", ())
        known = (name for pattern, name in steps.STATED.get(country or "", ()) if pattern.search(fold(stated or "")))
        step = next(known, None) or next((each.name for each in machine if each.stage == stage), None)
        if step:
            reached = next(each.stage.value for each in machine if each.name == step)
            values = [item, country, step, reached, stated or ""]
            db.execute("insert into steps (item, jurisdiction, step, stage, sentence) values (?, ?, ?, ?, ?)", values)
