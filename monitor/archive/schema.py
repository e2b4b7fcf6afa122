"""The tables, each column with its meaning, and the steps from an older archive to this one. A step, once released, never changes.

Times are text in ISO 8601, UTC, to the second, ending in Z, so that text order is time order.
"""

from __future__ import annotations

import sqlite3

from sqlite_utils import Database, Migrations

from monitor import steps
from monitor.archive import textindex
from monitor.segment import fold

_STEPS = Migrations("archive")

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
  kind text not null,               -- alert or digest
  channel text not null,            -- address it goes to
  rule text not null,               -- Rule.id or digest id
  event text,                       -- alerts: the event; null for digests
  item text,                        -- alerts: the item; null for digests
  since text,                       -- digests: beginning of what it covers; null for alerts
  until text,                       -- digests: end of what it covers, exclusive; null for alerts
  state text not null,              -- waiting, doubtful (may have gone), sent, dead
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

_INTAKE_TABLES = """
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


_EVENT_TABLES = """
create table vectors (
  item text primary key,            -- items.id
  encoder text not null,            -- which one made it; others cannot read it
  vector blob not null,             -- float16, little endian, of length 1
  at text not null                  -- judged; gone when the event can no longer be live
) strict, without rowid;
create index vectors_at on vectors (at);
"""


_MEASURE_TABLES = """
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


_DELIVERY_TABLES = """
create table rules (
  id text not null,                 -- Rule.id
  version integer not null,         -- 1 and up: rises when the rule's text changes
  text text not null,               -- JSON: the rule as it was
  since text not null,              -- when it was first used so
  primary key (id, version)
) strict;

create table alerts_2 (
  id integer primary key,           -- order of decision
  kind text not null,               -- match: an item satisfies the rule; stage, growth: an event that was told went on
  rule text not null,               -- Rule.id
  rule_version integer,             -- rules.version; null: before versions were kept
  item text not null references items (id), -- the item that fired, or that took the event further
  event text not null,              -- its event at that time
  channel text not null,            -- address, for example slack:#econsec
  state text not null,              -- as decided: waiting, folded, suppressed
  reason text not null,             -- the clause that matched, or why it was folded or suppressed
  news text not null,               -- what was new of the event as a whole, '' if nothing was
  stage text not null,              -- stage that the event had reached
  step text,                        -- the jurisdiction's word for it; null if none
  sources integer not null,         -- that told the event in their own words
  importance real not null,         -- of the event, 0..100
  storyline text,                   -- of the event; null if it had none
  model text,                       -- version of the classifier; null: not classified
  scores text not null,             -- JSON: [[theme, score], ...], best first
  terms text not null,              -- JSON: [[term, weight], ...] that carried the score asked for
  silence integer,                  -- silences.id that suppressed it; null if none did
  echo_of text,                     -- the bigger event that it echoes; null if it is no echo
  key text not null,                -- outbox.key of its order, whether or not there is one
  decided_at text not null          -- time of judgement
) strict;

create table silences (
  id integer primary key,           -- order of making
  query text not null,              -- what is not told
  channel text,                     -- where; null: nowhere
  begins_at text not null,          -- from when on
  ends_at text not null,            -- until when, exclusive
  who text not null,                -- the analyst
  via text not null,                -- cli, slack, web
  reason text not null              -- why, '' if not said
) strict;

create table posts (
  channel text not null,            -- address
  remote_id text not null,          -- the channel's id of the message
  key text not null,                -- outbox.key of the order that it came from
  kind text not null,               -- alert: an event's first message; folded: a list
  event text,                       -- the event; null for lists
  title text not null,              -- as it was posted
  digest text not null,             -- of what it says now
  posted_at text not null,          -- when it was posted
  checked_at text not null,         -- when it was last compared with the archive, or could not be
  moves integer not null default 1, -- how often what it stands for has moved; counted by the triggers below, so by no clock
  seen integer not null default 0,  -- moves when it was last compared with the archive
  gone_at text,                     -- when it was found to be deleted; null: it is there
  primary key (channel, remote_id)
) strict;

create table readers (
  digest text not null,             -- Subscription.id
  channel text not null,            -- address of the reader
  token text not null unique,       -- the part of the unsubscribe address that nobody can guess
  stopped_at text,                  -- when the reader ended it; null: it goes on
  primary key (digest, channel)
) strict;
"""

_SEARCH_TABLES = """
create table searches (
  name text primary key,            -- asked for as @name
  query text not null,              -- what it stands for
  who text not null,                -- who saved it
  at text not null                  -- when
) strict;
"""

_HOUSE_TABLES = """
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

_MOVES = (
    """
create trigger posts_of_event after update on events
-- an event went on, or was merged; a message older than a month is left as it is
begin
  update posts set moves = moves + 1
  where event in (select new.id union select id from events where into_event = new.id) and posted_at > date(new.moved_at, '-31 days');
end
""",
    """
create trigger posts_of_decision after insert on decisions
-- items went from one event to another
begin
  update posts set moves = moves + 1 where event in (
    select new.event union select new.other union select id from events where into_event in (new.event, new.other));
end
""",
    """
create trigger posts_of_folded after insert on alerts when new.state = 'folded'
-- a list of the last hour has one more
begin
  update posts set moves = moves + 1 where channel = new.channel and remote_id in (
    select remote_id from outbox where kind = 'folded' and channel = new.channel and until > new.decided_at
      and since between strftime('%Y-%m-%dT%H:%M:%SZ', new.decided_at, '-1 hour') and new.decided_at);
end
""",
)
"""What makes a message that is kept up to date worth a look, told to it at the moment when it happens."""

_ALERTS_VIEW = """
create view v_alerts as
-- one row per rule and matching item
select min(a.id) as id, a.rule, a.event, a.item, i.title, min(a.decided_at) as decided_at,
       case when sum(o.state = 'dead') then 'dead'
            when sum(o.state in ('waiting', 'doubtful')) then 'waiting'
            when sum(o.state = 'sent') then 'sent'
            else min(a.state) end as state,
       group_concat(distinct a.channel) as channel, group_concat(distinct o.remote_id) as remote_id
from alerts a
join items i on i.id = a.item
left join outbox o on o.key = a.key and o.rule = a.rule
group by a.rule, a.item
"""


@_STEPS()
def m001_first(db: Database) -> None:
    """The archive of the first release."""
    for statement in (*_statements(_TABLES), _SEARCH, *_VIEWS):
        db.execute(statement)


@_STEPS()
def m002_intake(db: Database) -> None:
    """What intake learns of a source; article texts; backfills; hubs."""
    for statement in _statements(_INTAKE_TABLES):
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


@_STEPS()
def m003_events(db: Database) -> None:
    """What the items of live events mean, so that linking goes on where it stopped."""
    for statement in _statements(_EVENT_TABLES):
        db.execute(statement)


@_STEPS()
def m004_measures(db: Database) -> None:
    """Steps of measures with their evidence, storylines, merges and splits of events."""
    for statement in _statements(_MEASURE_TABLES):
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


@_STEPS()
def m005_delivery(db: Database) -> None:
    """Rules with versions, alerts with all that decided them, silences, messages that are kept up to date, readers."""
    for statement in _statements(_DELIVERY_TABLES):
        db.execute(statement)
    db.execute("drop view v_alerts")
    # what was told of an event is taken to be where it stands now, so that its next item is no news of it as a whole
    db.execute(
        """
        insert into alerts_2 (id, rule, item, event, channel, state, reason, decided_at, kind, news, stage, step, sources, importance,
                              storyline, scores, terms, key)
        select a.id, a.rule, a.item, a.event, a.channel, a.state, a.reason, a.decided_at, 'match', '',
               coalesce(e.stage, 'reported'), e.step,
               max(1, (select count(distinct i.source) from items i where i.event = e.id and i.copy_of is null)), 0,
               e.storyline, '[]', '[]', 'alert:' || a.channel || ':' || a.item
        from alerts a left join events o on o.id = a.event left join events e on e.id = coalesce(o.into_event, o.id)
        """
    )
    db.execute("drop table alerts")
    db.execute("alter table alerts_2 rename to alerts")
    # a verdict on an item once given stands; an event may go on twice by one item, and what a silence held back is decided anew
    db.execute("create unique index alerts_verdict on alerts (rule, item, channel) where kind = 'match'")
    db.execute("create index alerts_channel on alerts (channel, decided_at)")
    db.execute("create index alerts_event on alerts (event, channel)")
    db.execute("create index alerts_item on alerts (item)")
    db.execute("create index alerts_key on alerts (key)")
    db.execute("create index alerts_storyline on alerts (storyline, channel, decided_at) where storyline is not null")
    db.execute(_ALERTS_VIEW)
    db.execute("create index posts_event on posts (event, channel) where event is not null")
    # asked at every tick of the service: without it each look would read all items
    db.execute("create index items_unclassified on items (n) where judged_at is not null and model is null")
    db.execute("create index posts_stale on posts (channel, checked_at, posted_at) where moves > seen and gone_at is null")
    db.execute("alter table outbox add column note text not null default ''")
    db.execute("create index outbox_open on outbox (channel, id, not_before) where state in ('waiting', 'doubtful')")
    db.execute("create index outbox_folded on outbox (channel, since) where kind = 'folded'")
    db.execute("create index outbox_digests on outbox (rule, channel, key) where kind = 'digest'")
    db.execute("create index outbox_sent on outbox (channel, sent_at)")
    db.execute("alter table channels add column place text")
    db.execute(
        """
        insert or ignore into posts (channel, remote_id, key, kind, event, title, digest, posted_at, checked_at, moves)
        select o.channel, o.remote_id, o.key, 'alert', o.event, i.title, '', o.sent_at, o.sent_at, 0
        from outbox o join items i on i.id = o.item
        where o.kind = 'alert' and o.state = 'sent' and o.thread is null and o.channel like 'slack:%' and o.remote_id is not null
        """
    )
    for trigger in _MOVES:
        db.execute(trigger)


@_STEPS()
def m006_house(db: Database) -> None:
    """What was taken out of the archive, and what was brought in from elsewhere (items.imported_at; null: read from its source)."""
    for statement in _statements(_HOUSE_TABLES):
        db.execute(statement)
    db.execute("alter table items add column imported_at text")
    db.execute("create index items_copy on items (copy_of) where copy_of is not null")


@_STEPS()
def m007_search(db: Database) -> None:
    """The index in order of time, with stems, one writing of Chinese and words of one character; items know their place in it."""
    db.execute("alter table items add column place integer")
    textindex.rebuild(db.conn)
    # what a search looks at before it fetches a row; without it, filters would read the texts
    db.execute("create index items_search on items (place, moment, lang, source, country, tier, kind, id)")
    for statement in _statements(_SEARCH_TABLES):
        db.execute(statement)


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


def migrate(connection: sqlite3.Connection) -> None:
    """Bring an archive to this version, inside a transaction of the caller's."""
    _STEPS.apply(Database(connection, execute_plugins=False))


def _statements(script: str) -> list[str]:
    """The statements of a script; comments are kept, because SQLite stores them with the table."""
    found: list[str] = []
    lines: list[str] = []
    for line in script.strip().splitlines():
        lines.append(line)
        if line.split("--")[0].rstrip().endswith(";"):
            found.append("\n".join(lines).strip().rstrip(";"))
            lines = []
    return found
