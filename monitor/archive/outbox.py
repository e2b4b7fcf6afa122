"""What delivery reads and writes: orders and what became of them, channels that asked for patience."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from datetime import datetime, timedelta

from monitor.archive.connection import transaction
from monitor.archive.values import read, read_surely, written, written_after
from monitor.messages import Order, OrderKind, OrderState, Post, Receipt

EDIT_GAP = timedelta(minutes=1)
"""A message is brought up to date at most so often."""
KEPT_UP = timedelta(days=30)
"""A message is looked after for so long."""
LONGEST_WAIT = timedelta(days=2)
"""No wait is longer, neither for the morning nor for a channel: one that is was noted by a clock that was ahead, and is over."""
_STALE = "moves > seen and gone_at is null and (checked_at <= ?2 or checked_at > ?1) and posted_at > ?3"
"""Messages to look after: ?1 is now, ?2 is EDIT_GAP ago, ?3 is KEPT_UP ago."""


class OutboxTables:
    """Delivery's side of the archive. No transaction is open while a channel is spoken to."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def channels_due(self, now: datetime) -> list[str]:
        """Channels that have something to be said to now, or a message to be looked after, and did not ask for patience."""
        rows = self._connection.execute(
            f"""
            select channel from (
                select distinct channel from outbox where state in ('waiting', 'doubtful') and (not_before <= ?1 or not_before > ?4)
                union
                select distinct channel from posts where {_STALE}
            )
            where not exists (select 1 from channels c where c.id = channel and c.not_before > ?1 and c.not_before <= ?4)
            order by channel
            """,
            [*_moments(now), written(now + LONGEST_WAIT)],
        )
        return [row["channel"] for row in rows]

    def next(self, channel: str, now: datetime, digest: str | None = None) -> Order | None:
        """The oldest order of a channel that is due (of a digest, if one is named); None if there is none.

        Its event is the one that its item is in now, whatever was merged or split since.
        """
        row = self._connection.execute(
            """
            select o.*, (select event from items where id = o.item) as its_event from outbox o
            where channel = ?1 and state in ('waiting', 'doubtful') and (not_before <= ?2 or not_before > ?4)
              and (?3 is null or (kind = 'digest' and rule = ?3)) order by id limit 1
            """,
            [channel, written(now), digest, written(now + LONGEST_WAIT)],
        ).fetchone()
        return None if row is None else replace(_order(row), event=row["its_event"] or row["event"])

    def has_more(self, order: Order, now: datetime) -> bool:
        """True if another order of the same channel is due, too."""
        query = (
            "select 1 from outbox where channel = ? and state in ('waiting', 'doubtful') and not_before <= ? and id <> ? limit 1"
        )
        return self._connection.execute(query, [order.channel, written(now), order.id]).fetchone() is not None

    def begin(self, order: Order) -> bool:
        """Note that a try begins: if no end is noted, the message may have gone. False if it is not to be told any more."""
        with transaction(self._connection):
            changed = self._connection.execute(
                "update outbox set state = 'doubtful', attempts = attempts + 1 where id = ? and state in ('waiting', 'doubtful')",
                [order.id],
            )
            return changed.rowcount > 0

    def sent(
        self,
        order: Order,
        receipt: Receipt,
        thread: str | None,
        now: datetime,
        *,
        title: str = "",
        digest: str | None = None,
    ) -> None:
        """Note the receipt.

        Args:
            digest: of what the message says, if it is to be kept up to date, "" if nobody knows; None: it stays as it is.
        """
        remote_id = receipt.remote_id
        with transaction(self._connection):
            if digest is not None:
                self._connection.execute(
                    """
                    insert into posts (channel, remote_id, key, kind, event, title, digest, posted_at, checked_at)
                    values (?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict (channel, remote_id) do nothing
                    """,
                    [
                        order.channel,
                        remote_id,
                        order.key,
                        order.kind.value,
                        order.event,
                        title,
                        digest,
                        written(now),
                        written(now),
                    ],
                )
            self._connection.execute(
                "update outbox set state = 'sent', sent_at = ?, remote_id = ?, thread = ?, event = ?, last_error = null where id = ?",
                [written(now), remote_id, thread, order.event, order.id],
            )
            self._healthy(order.channel, receipt.place)

    def failed(
        self, order: Order, error: str, *, state: OrderState, retry_at: datetime, now: datetime, is_of_channel: bool = True
    ) -> None:
        """Note a try that failed.

        Args:
            is_of_channel: False if it says nothing of the channel, which then goes on with the next order.
            state: waiting (it surely did not go), doubtful (it may have) or dead (it never will).
            retry_at: when to try again; for a channel that asked for patience, its moment.
        """
        with transaction(self._connection):
            self._connection.execute(
                "update outbox set state = ?, last_error = ?, not_before = ? where id = ?",
                [state.value, error, written_after(retry_at), order.id],
            )
            if is_of_channel:  # after a refusal the next message is tried at once; if it goes, the channel is well
                self._failing(order.channel, error, None if state is OrderState.DEAD else retry_at, now)

    def drop(self, order: Order, reason: str) -> None:
        """Let go of an order that has nothing to say any more."""
        with transaction(self._connection):
            self._connection.execute("update outbox set state = 'dropped', last_error = ? where id = ?", [reason, order.id])

    def give_back(self, order: Order) -> None:
        """Undo begin(): nothing was sent, and it can be tried again at once."""
        with transaction(self._connection):
            self._connection.execute("update outbox set state = ? where id = ?", [order.state.value, order.id])

    def fail(self, channel: str, error: str, *, retry_at: datetime, now: datetime) -> None:
        """Note that a channel took something not now, and when to try again."""
        with transaction(self._connection):
            self._failing(channel, error, retry_at, now)

    def revive(self, now: datetime, channel: str | None = None) -> int:
        """Put dead orders (of one channel, if given) back in the queue, for a channel that was mended; how many."""
        with transaction(self._connection):
            changed = self._connection.execute(
                "update outbox set state = 'waiting', attempts = 0, not_before = ? where state = 'dead' and (? is null or channel = ?)",
                [written(now), channel, channel],
            )
            self._connection.execute("update channels set not_before = null where ? is null or id = ?", [channel, channel])
            return changed.rowcount

    def put_notice(self, to: str, channel: str, since: datetime, text: str, now: datetime) -> bool:
        """Order that a channel is told of another one's failure, once for each failure; False if it was ordered before."""
        key = f"notice:{to}:{channel}:{written(since)}"
        if self.order(key) is not None:  # asked at every tick while it lasts: no lock for that
            return False
        with transaction(self._connection):
            changed = self._connection.execute(
                """
                insert into outbox (key, kind, channel, rule, note, since, state, created_at, not_before)
                values (?, 'notice', ?, ?, ?, ?, 'waiting', ?, ?) on conflict (key) do nothing
                """,
                [key, to, channel, text, written(since), written(now), written(now)],
            )
            return changed.rowcount > 0

    def failing_since(self, channel: str) -> datetime | None:
        """When a channel failed first after it last took something; None if it is healthy."""
        row = self._connection.execute("select failing_since from channels where id = ?", [channel]).fetchone()
        return None if row is None else read(row["failing_since"])

    def waiting(self, channel: str) -> int:
        """Orders that wait for a channel."""
        query = "select count(*) from outbox where channel = ? and state in ('waiting', 'doubtful')"
        return int(self._connection.execute(query, [channel]).fetchone()[0])

    def put_digest(self, rule: str, day: str, channel: str, since: datetime, until: datetime, now: datetime) -> bool:
        """Order the digest of a local day for one recipient; False if it was ordered before."""
        with transaction(self._connection):
            changed = self._connection.execute(
                """
                insert into outbox (key, kind, channel, rule, since, until, state, created_at, not_before)
                values (?, 'digest', ?, ?, ?, ?, 'waiting', ?, ?) on conflict (key) do nothing
                """,
                [
                    f"digest:{rule}:{day}:{channel}",
                    channel,
                    rule,
                    written(since),
                    written(until),
                    written(now),
                    written(now),
                ],
            )
            return changed.rowcount > 0

    def thread_of(self, channel: str, event: str) -> str | None:
        """Remote id of the message that opened the event's thread in the channel; None if none went yet."""
        row = self._connection.execute(
            """
            select remote_id from outbox where channel = ? and state = 'sent' and thread is null and kind = 'alert'
            and event in (select ? union select id from events where into_event = ?) order by id limit 1
            """,
            [channel, event, event],
        ).fetchone()
        return None if row is None else row["remote_id"]

    def post_of(self, channel: str, event: str) -> Post | None:
        """The message that opened the event's thread in the channel and is still there; None if there is none."""
        row = self._connection.execute(
            """
            select * from posts where channel = ?1 and kind = 'alert' and gone_at is null
              and event in (select ?2 union select id from events where into_event = ?2) order by posted_at, rowid limit 1
            """,
            [channel, event],
        ).fetchone()
        return None if row is None else _post(row)

    def stale(self, channel: str, now: datetime) -> Post | None:
        """A message of a channel that may say no longer what is so: the one looked at longest ago."""
        row = self._connection.execute(
            f"select * from posts where channel = ?4 and {_STALE} order by checked_at limit 1",
            [*_moments(now), channel],
        ).fetchone()
        return None if row is None else _post(row)

    def checked(self, post: Post, now: datetime, digest: str | None = None) -> None:
        """Note that a message was compared with the archive as it was when the post was read, and what it says since.

        Args:
            digest: None if it stays as it is.
        """
        with transaction(self._connection):
            self._connection.execute(
                "update posts set checked_at = ?, seen = ?, digest = coalesce(?, digest) where channel = ? and remote_id = ?",
                [written(now), post.moves, digest, post.channel, post.remote_id],
            )
            if digest is not None:
                self._healthy(post.channel, None)

    def put_off(self, post: Post, now: datetime) -> None:
        """Let the other messages of a channel be looked after before this one is tried again."""
        with transaction(self._connection):
            self._connection.execute(
                "update posts set checked_at = ? where channel = ? and remote_id = ?",
                [written(now), post.channel, post.remote_id],
            )

    def gone(self, post: Post, now: datetime) -> None:
        """Note that a message was deleted in its channel: the event's next one opens a new thread."""
        with transaction(self._connection):
            self._connection.execute(
                "update posts set gone_at = ? where channel = ? and remote_id = ?", [written(now), post.channel, post.remote_id]
            )

    def order(self, key: str) -> Order | None:
        """The order of a key; None if there is none."""
        row = self._connection.execute("select * from outbox where key = ?", [key]).fetchone()
        return None if row is None else _order(row)

    def last_sent(self, channel: str) -> datetime | None:
        """When the channel was last told something; None if never."""
        row = self._connection.execute("select max(sent_at) as at from outbox where channel = ?", [channel]).fetchone()
        return read(row["at"])

    def refused(self, limit: int = 20) -> list[dict[str, str]]:
        """Orders that their channel refused for good, the latest first: key, kind, channel, error."""
        rows = self._connection.execute(
            "select key, kind, channel, last_error as error from outbox where state = 'dead' order by id desc limit ?", [limit]
        )
        return [dict(row) for row in rows]

    def counts(self) -> dict[str, int]:
        """Orders by state: waiting (doubtful ones included), sent, dead."""
        rows = self._connection.execute("select state, count(*) as n from outbox group by state").fetchall()
        found = {row["state"]: row["n"] for row in rows}
        return {
            "waiting": found.get("waiting", 0) + found.get("doubtful", 0),
            "sent": found.get("sent", 0),
            "dead": found.get("dead", 0),
        }

    def _healthy(self, channel: str, place: str | None) -> None:
        self._connection.execute(
            """
            insert into channels (id, place) values (?, ?) on conflict (id) do update
            set not_before = null, failing_since = null, last_error = null, place = coalesce(excluded.place, place)
            """,
            [channel, place],
        )

    def _failing(self, channel: str, error: str, retry_at: datetime | None, now: datetime) -> None:
        self._connection.execute(
            """
            insert into channels (id, not_before, failing_since, last_error) values (?, ?, ?, ?)
            on conflict (id) do update set not_before = excluded.not_before, last_error = excluded.last_error,
                                           failing_since = coalesce(failing_since, excluded.failing_since)
            """,
            [channel, None if retry_at is None else written_after(retry_at), written(now), error],
        )


def _post(row: sqlite3.Row) -> Post:
    return Post(
        channel=row["channel"],
        remote_id=row["remote_id"],
        key=row["key"],
        kind=OrderKind(row["kind"]),
        event=row["event"],
        title=row["title"],
        digest=row["digest"],
        posted_at=read_surely(row["posted_at"]),
        moves=row["moves"],
    )


def _moments(now: datetime) -> list[str]:
    """What _STALE asks for."""
    return [written(now), written(now - EDIT_GAP), written(now - KEPT_UP)]


def _order(row: sqlite3.Row) -> Order:
    return Order(
        id=row["id"],
        key=row["key"],
        kind=OrderKind(row["kind"]),
        channel=row["channel"],
        rule=row["rule"],
        event=row["event"],
        item=row["item"],
        since=read(row["since"]),
        until=read(row["until"]),
        state=OrderState(row["state"]),
        attempts=row["attempts"],
        created_at=read_surely(row["created_at"]),
        last_error=row["last_error"],
        note=row["note"],
    )
