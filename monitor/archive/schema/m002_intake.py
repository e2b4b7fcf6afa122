"""What intake learns of a source; article texts; backfills; hubs."""

from __future__ import annotations

from sqlite_utils import Database

from monitor.archive.schema.statements import statements

_TABLES = """
create table sources_2 (
  id text primary key,              -- Source.id of feeds.yaml
  url text,                         -- address in feeds.yaml that the rest was learned from; null: not yet known
  address text,                     -- where it moved for good, twice confirmed; null: it is where feeds.yaml says
  moved_to text,                    -- where the last answer said that it moved for good; null: it did not
  moved_count integer not null default 0, -- answers in a row that said so
  gone_count integer not null default 0, -- answers 410 in a row
  etag text,                        -- validator for the next conditional request, byte for byte; null if none
  last_modified text,               -- the same
  polls integer not null default 0, -- fetches that succeeded, ever
  had_entries integer not null default 0, -- 1 once a document of this source held an entry
  entries integer,                  -- entries of the last document; null if none was read
  seen blob,                        -- digests of the entries of the last document, 8 bytes each; null if none was read
  reader text,                      -- how the last document was read: fast, tolerant, json, html, ...; null if none was
  notes text not null default '[]', -- JSON: what an operator should know of the last document
  rhythm text,                      -- JSON: when it publishes (monitor.rhythm); null: not learned
  last_new text,                    -- when an item was last new; null if never
  hub text,                         -- WebSub hub that it announces; null if none
  topic text,                       -- the address that the hub knows it by; null as hub
  last_attempt text,                -- time of the last fetch, successful or not; null if never
  last_success text,                -- time of the last successful fetch; null if never
  last_full text,                   -- time of the last answer with a body; null if never
  error_kind text,                  -- FetchKind of the failure since the last success; null if it is healthy
  error_text text,                  -- what went wrong, one line; null as error_kind
  error_at text,                    -- when that failure was last seen; null as error_kind
  error_count integer not null default 0, -- failures in a row
  not_before text,                  -- the server asked not to be called before (Retry-After); null if it did not
  next_poll text                    -- when it is due again; null: at once
) strict;

create table articles (
  item text primary key references items (id), -- the item whose address was read
  body text not null,               -- plain text of the page, without its furniture
  read_at text not null             -- when the page was fetched
) strict;

create table backfills (
  source text not null,             -- Source.id
  since text not null,              -- YYYY-MM-DD: how far back was asked for
  address text not null,            -- a page of older entries
  place integer not null,           -- order of reading
  read_at text,                     -- when it was read; null: still to be read
  primary key (source, since, address)
) strict;

create table subscriptions (
  source text primary key,          -- Source.id
  hub text not null,                -- WebSub hub
  topic text not null,              -- what is subscribed to
  token text not null,              -- the part of our callback's address that nobody can guess
  secret text not null,             -- key of the hub's signatures
  asked_at text not null,           -- when the hub was last asked
  confirmed_at text,                -- when the hub confirmed; null: not yet
  expires_at text                   -- end of the lease; null: not confirmed
) strict;
"""


def step(db: Database) -> None:
    """Bring an archive of the step before here."""
    for statement in statements(_TABLES):
        db.execute(statement)
    kept = (
        "id, etag, last_modified, polls, had_entries, last_attempt, last_success, last_full, error_kind, error_text, error_at,"
        " error_count, not_before, next_poll"
    )
    db.execute(f"insert into sources_2 ({kept}) select {kept} from sources")
    db.execute("drop table sources")
    db.execute("alter table sources_2 rename to sources")
    for column in ("event", "filed_at"):  # measured: what intake writes has neither yet, and each index costs it 3 us an item
        name = f"items_{column.removesuffix('_at')}"
        db.execute(f"drop index {name}")
        db.execute(f"create index {name} on items ({column}) where {column} is not null")
