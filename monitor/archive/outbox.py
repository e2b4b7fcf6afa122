"""What delivery reads and writes: orders and what became of them, channels that asked for patience."""

from __future__ import annotations

import sqlite3
from datetime import datetime

from monitor.archive.connection import transaction
from monitor.archive.values import read, read_surely, written, written_after
from monitor.messages import Order, OrderState


class OutboxTables:
    """Delivery's side of the archive. No transaction is open while a channel is spoken to."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def channels_due(self, now: datetime) -> list[str]:
        """Channels that have something to be said to now and did not ask for patience."""
        rows = self._connection.execute(
            """
            select distinct o.channel from outbox o left join channels c on c.id = o.channel
            where o.state in ('waiting', 'doubtful') and o.not_before <= ? and (c.not_before is null or c.not_before <= ?)
            order by o.channel
            """,
            [written(now), written(now)],
        )
        return [row["channel"] for row in rows]

    def next(self, channel: str, now: datetime, digest: str | None = None) -> Order | None:
        """The oldest order of a channel that is due (of a digest, if one is named); None if there is none."""
        row = self._connection.execute(
            """
            select * from outbox where channel = ? and state in ('waiting', 'doubtful') and not_before <= ?
            and (? is null or (kind = 'digest' and rule = ?)) order by id limit 1
            """,
            [channel, written(now), digest, digest],
        ).fetchone()
        return None if row is None else _order(row)

    def begin(self, order: Order) -> None:
        """Note that a try begins: if no end is noted, the message may have gone."""
        with transaction(self._connection):
            self._connection.execute("update outbox set state = 'doubtful', attempts = attempts + 1 where id = ?", [order.id])

    def sent(self, order: Order, remote_id: str, thread: str | None, now: datetime) -> None:
        """Note the receipt."""
        with transaction(self._connection):
            self._connection.execute(
                "update outbox set state = 'sent', sent_at = ?, remote_id = ?, thread = ?, last_error = null where id = ?",
                [written(now), remote_id, thread, order.id],
            )
            self._connection.execute(
                "insert into channels (id) values (?) on conflict (id) do update "
                "set not_before = null, failing_since = null, last_error = null",
                [order.channel],
            )

    def failed(self, order: Order, error: str, *, state: OrderState, retry_at: datetime, now: datetime) -> None:
        """Note a try that failed.

        Args:
            state: waiting (it surely did not go), doubtful (it may have) or dead (it never will).
            retry_at: when to try again; for a channel that asked for patience, its moment.
        """
        with transaction(self._connection):
            self._connection.execute(
                "update outbox set state = ?, last_error = ?, not_before = ? where id = ?",
                [state.value, error, written_after(retry_at), order.id],
            )
            if state is OrderState.DEAD:
                return
            self._connection.execute(
                """
                insert into channels (id, not_before, failing_since, last_error) values (?, ?, ?, ?)
                on conflict (id) do update set not_before = excluded.not_before, last_error = excluded.last_error,
                                               failing_since = coalesce(failing_since, excluded.failing_since)
                """,
                [order.channel, written_after(retry_at), written(now), error],
            )

    def revive(self, now: datetime) -> int:
        """Put dead orders back in the queue, for a channel that was mended; how many."""
        with transaction(self._connection):
            changed = self._connection.execute(
                "update outbox set state = 'waiting', attempts = 0, not_before = ? where state = 'dead'", [written(now)]
            )
            return changed.rowcount

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

    def digest_days(self, rule: str, channel: str) -> set[str]:
        """Local days for which a recipient's digest was ordered."""
        query = "select key from outbox where kind = 'digest' and rule = ? and channel = ?"
        rows = self._connection.execute(query, [rule, channel])
        return {row["key"].removeprefix(f"digest:{rule}:").split(":")[0] for row in rows}

    def digest_until(self, rule: str, channel: str, before: datetime) -> datetime | None:
        """Where the recipient's last digest before a moment ended; None if there was none."""
        row = self._connection.execute(
            "select max(until) as until from outbox where kind = 'digest' and rule = ? and channel = ? and until < ?",
            [rule, channel, written(before)],
        ).fetchone()
        return read(row["until"])

    def thread_of(self, channel: str, event: str) -> str | None:
        """Remote id of the message that opened the event's thread in the channel; None if none went yet."""
        row = self._connection.execute(
            """
            select remote_id from outbox where channel = ? and state = 'sent' and thread is null
            and event in (select ? union select id from events where into_event = ?) order by id limit 1
            """,
            [channel, event, event],
        ).fetchone()
        return None if row is None else row["remote_id"]

    def folded_since(self, channel: str, since: datetime) -> int:
        """Alerts for a channel that were folded since a moment."""
        query = "select count(*) from alerts where channel = ? and state = 'folded' and decided_at >= ?"
        return int(self._connection.execute(query, [channel, written(since)]).fetchone()[0])

    def last_sent(self, channel: str) -> datetime | None:
        """When the channel was last told something; None if never."""
        row = self._connection.execute("select max(sent_at) as at from outbox where channel = ?", [channel]).fetchone()
        return read(row["at"])

    def counts(self) -> dict[str, int]:
        """Orders by state: waiting (doubtful ones included), sent, dead."""
        rows = self._connection.execute("select state, count(*) as n from outbox group by state").fetchall()
        found = {row["state"]: row["n"] for row in rows}
        return {
            "waiting": found.get("waiting", 0) + found.get("doubtful", 0),
            "sent": found.get("sent", 0),
            "dead": found.get("dead", 0),
        }


def _order(row: sqlite3.Row) -> Order:
    return Order(
        id=row["id"],
        key=row["key"],
        kind=row["kind"],
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
    )
