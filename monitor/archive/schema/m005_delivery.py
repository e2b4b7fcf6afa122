"""Rules with versions, alerts with all that decided them, silences, messages that are kept up to date, readers."""

from __future__ import annotations

from sqlite_utils import Database

from monitor.archive.schema.statements import statements

_TABLES = """
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
  channel text,                     -- address at which it is not told; null: at all addresses
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


def step(db: Database) -> None:
    """Bring an archive of the step before here."""
    for statement in statements(_TABLES):
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
