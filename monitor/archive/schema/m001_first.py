"""The archive of the first release."""

from __future__ import annotations

from sqlite_utils import Database

from monitor.archive.schema.statements import statements

_TABLES = """
create table sources (
  id text primary key,              -- Source.id of feeds.yaml
  etag text,                        -- validator for the next conditional request, byte for byte; null if none
  last_modified text,               -- the same
  polls integer not null default 0, -- fetches that succeeded, ever
  had_entries integer not null default 0, -- 1 once a document of this source held an entry
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

create table items (
  n integer primary key,            -- order of arrival
  id text not null unique,          -- I-..., derived from source and key
  source text not null,             -- Source.id
  key text not null,                -- what makes it this entry within its source
  url text,                         -- http(s) address; null if the source gives none
  title text not null,              -- plain text
  summary text not null,            -- plain text, '' if none
  published text,                   -- as the source states it, never after first_seen; null if unknown
  first_seen text not null,         -- when we fetched it first
  changed_at text,                  -- when the source last changed it; null if never
  moment text not null,             -- published, else first_seen
  lang text not null,               -- ISO 639-1
  country text,                     -- of the source; null if unknown
  tier text not null,               -- official, wire, press, analysis
  kind text,                        -- of the source, a free word; null if unknown
  step text,                        -- the jurisdiction's word for the stage, from a structured field; null if none
  stated text not null,             -- JSON: identifiers and dates from structured fields
  is_backlog integer not null,      -- 1: seen at the first fetch of its source
  address text,                     -- url as an identity (dedupe.address_key); null if no url
  fingerprint text not null,        -- hash of the letters of title and summary
  judged_at text,                   -- when it was judged last; null: waits for judgement
  filed_at text,                    -- when it was judged first; digests go by it, so that none falls between two; null: never
  model text,                       -- version of the classifier that tagged it; null: not classified
  stage text,                       -- stage that this item shows; null: not judged
  event text,                       -- E-...; null: not judged
  copy_of text,                     -- id of the item it repeats; null if it is no copy
  linked_by text,                   -- JSON: [[term, weight], ...] that joined it to its event; null: not judged
  unique (source, key)
) strict;
create index items_address on items (source, address);
create index items_fingerprint on items (fingerprint);
create index items_unjudged on items (n) where judged_at is null;
create index items_event on items (event);
create index items_filed on items (filed_at);
create index items_moment on items (moment);

create table revisions (
  item text not null references items (id), -- the item that changed
  at text not null,                 -- when the change was seen
  title text not null,              -- title before the change
  summary text not null,            -- summary before the change
  url text                          -- address before the change; null if it had none
) strict;
create index revisions_item on revisions (item, at);

create table tags (
  item text not null references items (id), -- the item scored
  theme text not null,              -- folder name under classifiers/
  score real not null,              -- 0..1
  is_given integer not null,        -- 1: the score reached the theme's threshold
  why text not null,                -- JSON: [[term, weight], ...], strongest first; [] where the score is far from given
  primary key (item, theme)
) strict;
create index tags_theme on tags (theme, is_given, item);

create table identifiers (
  item text not null references items (id), -- the item that names it
  type text not null,               -- cfr, rin, docket, ...
  value text not null,              -- canonical form
  folded text not null,             -- identifiers.loose(value), for queries
  primary key (item, type, value)
) strict;
create index identifiers_value on identifiers (type, folded);

create table entities (
  item text not null references items (id), -- the item that names it
  entity text not null,             -- id in the lexicon
  type text not null,               -- agency, company, ...
  surface text not null,            -- the words found
  primary key (item, entity)
) strict;
create index entities_entity on entities (entity);

create table key_dates (
  item text not null references items (id), -- the item that states it
  kind text not null,               -- comments_close, effective, ...
  date text not null,               -- YYYY-MM-DD
  sentence text not null,           -- the words that say so
  confidence real not null,         -- 0..1; 1 from a structured field
  primary key (item, kind, date)
) strict;
create index key_dates_date on key_dates (date);

create table events (
  id text primary key,              -- E-...
  opened_at text not null,          -- when its first item was judged
  moved_at text not null,           -- when its last item was judged
  stage text not null,              -- the furthest stage that an item shows
  step text                         -- the jurisdiction's word for that stage; null if none
) strict;
create index events_moved on events (moved_at);

create table alerts (
  id integer primary key,           -- order of decision
  rule text not null,               -- Rule.id
  item text not null references items (id), -- the item that fired
  event text not null,              -- its event at that time
  channel text not null,            -- address, for example slack:#econsec
  state text not null,              -- as decided: waiting, folded, suppressed
  reason text not null,             -- the clause that matched, or why it was folded or suppressed
  decided_at text not null,         -- time of judgement
  unique (rule, item, channel)
) strict;
create index alerts_channel on alerts (channel, decided_at);
create index alerts_event on alerts (event, decided_at);

create table outbox (
  id integer primary key,           -- order within a channel
  key text not null unique,         -- natural key; the same order is never put in twice
  kind text not null,               -- alert, folded (a list of what was), notice (that another channel takes nothing), digest
  channel text not null,            -- address it goes to
  rule text not null,               -- Rule.id or digest id; notices: the channel that takes nothing
  event text,                       -- alerts: the event; null for all others
  item text,                        -- alerts: the item; null for all others
  since text,                       -- digests, lists: beginning of what it covers; notices: when it began to fail; null for alerts
  until text,                       -- digests, lists: end of what it covers, exclusive; null for alerts and notices
  state text not null,              -- waiting, doubtful (may have gone), sent, dead, dropped (silenced, or nothing to say any more)
  attempts integer not null default 0, -- tries so far
  created_at text not null,         -- time of the order
  not_before text not null,         -- not to be sent earlier (quiet hours, back-off)
  last_error text,                  -- what the last try met; null if none failed
  sent_at text,                     -- time of the receipt; null if not sent
  remote_id text,                   -- the channel's id of the message; null if not sent
  thread text                       -- remote id of the message it answers; null if it stands alone
) strict;
create index outbox_state on outbox (state, not_before);
create index outbox_thread on outbox (channel, event, state);

create table channels (
  id text primary key,              -- address
  not_before text,                  -- it asked for patience until (429); null if it did not
  failing_since text,               -- first failure after the last success; null if it is healthy
  last_error text                   -- what it met last; null if it is healthy
) strict;

create table labels (
  item text not null references items (id), -- the item judged
  theme text not null,              -- the theme in question
  verdict integer not null,         -- 1: belongs to the theme, 0: does not
  at text not null,                 -- when
  who text not null,                -- who said so
  via text not null,                -- cli, slack, web
  primary key (item, theme, who)
) strict;
"""

_SEARCH = """
create virtual table item_search using fts5 (title, summary, content='', tokenize="unicode61 remove_diacritics 2")
"""

_VIEWS = (
    """
create view v_items as
-- one row per source and key; copies are marked in items.copy_of, never dropped
select i.id, i.source, i.key, i.url, i.title, i.published, i.first_seen, i.lang,
       coalesce((select group_concat(theme) from (select t.theme from tags t where t.item = i.id and t.is_given
                                                  order by t.score desc)), '') as themes,
       i.event
from items i
""",
    """
create view v_alerts as
-- one row per rule and matching item
select min(a.id) as id, a.rule, a.event, a.item, i.title, min(a.decided_at) as decided_at,
       case when sum(o.state = 'dead') then 'dead'
            when sum(o.state in ('waiting', 'doubtful')) then 'waiting'
            when sum(o.state = 'sent') then 'sent'
            else min(a.state) end as state,
       group_concat(a.channel) as channel, group_concat(o.remote_id) as remote_id
from alerts a
join items i on i.id = a.item
left join outbox o on o.kind = 'alert' and o.rule = a.rule and o.item = a.item and o.channel = a.channel
group by a.rule, a.item
""",
)


def step(db: Database) -> None:
    """Make the tables of an empty archive."""
    for statement in (*statements(_TABLES), _SEARCH, *_VIEWS):
        db.execute(statement)
