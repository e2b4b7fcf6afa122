"""The readers of digests: who they are, whether they go on, what each was told, and what of the archive is theirs. Never composes."""

from __future__ import annotations

import json
import secrets
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from monitor.archive import search as searching
from monitor.archive.connection import transaction
from monitor.archive.values import read, read_surely, written
from monitor.dates import EAST
from monitor.query import Node

_THEMED = "exists (select 1 from tags t where t.item = items.id and t.is_given)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """One address of a digest."""

    digest: str  # Subscription.id
    channel: str  # address
    token: str = field(repr=False)  # the part of the unsubscribe address that nobody can guess
    stopped_at: datetime | None  # None: it goes on


@dataclass(frozen=True, slots=True, kw_only=True)
class Touched:
    """Events of a reader's to which something came in a span."""

    events: tuple[str, ...]  # those with the most items first
    left_out: int  # beyond the limit


class ReaderTables:
    """The readers' own side of the archive."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def of_digest(self, digest: str) -> list[Reader]:
        """Readers of a digest who were ever sent one, by address."""
        rows = self._connection.execute("select * from readers where digest = ? order by channel", [digest])
        return [_reader(row) for row in rows]

    def by_token(self, token: str) -> Reader | None:
        """The reader whose token this is; None if it is nobody's."""
        row = self._connection.execute("select * from readers where token = ?", [token]).fetchone()
        return None if row is None else _reader(row)

    def known(self, digest: str, channel: str) -> Reader:
        """The reader of that address, with a token from now on if there was none."""
        query = "select * from readers where digest = ? and channel = ?"
        row = self._connection.execute(query, [digest, channel]).fetchone()
        if row is None:
            with transaction(self._connection):
                self._connection.execute(
                    "insert into readers (digest, channel, token) values (?, ?, ?) on conflict do nothing",
                    [digest, channel, secrets.token_urlsafe(24)],  # 192 bits
                )
            row = self._connection.execute(query, [digest, channel]).fetchone()
        return _reader(row)

    def stop(self, token: str, now: datetime) -> Reader | None:
        """End a reader's digest, and what waits of it; None if the token is nobody's. What was ended before stays as it was."""
        with transaction(self._connection):
            row = self._connection.execute(
                "update readers set stopped_at = coalesce(stopped_at, ?) where token = ? returning *", [written(now), token]
            ).fetchone()
            if row is None:
                return None
            self._connection.execute(
                """
                update outbox set state = 'dropped', last_error = 'ended by its reader'
                where kind = 'digest' and rule = ? and channel = ? and state = 'waiting'
                """,
                [row["digest"], row["channel"]],
            )
        return _reader(row)

    def resume(self, digest: str, channel: str) -> bool:
        """Let a digest that its reader ended go on; False if there is none. The old address to end it no longer works."""
        with transaction(self._connection):
            changed = self._connection.execute(
                "update readers set stopped_at = null, token = ? where digest = ? and channel = ? and stopped_at is not null",
                [secrets.token_urlsafe(24), digest, channel],
            )
            return changed.rowcount > 0

    def stopped(self, digest: str) -> set[str]:
        """Addresses whose digest its reader ended."""
        rows = self._connection.execute("select channel from readers where digest = ? and stopped_at is not null", [digest])
        return {row["channel"] for row in rows}

    def days(self, digest: str, channel: str) -> set[str]:
        """Local days for which a reader's digest was ordered."""
        query = "select key from outbox where kind = 'digest' and rule = ? and channel = ?"
        rows = self._connection.execute(query, [digest, channel])
        return {row["key"].removeprefix(f"digest:{digest}:").split(":")[0] for row in rows}

    def ordered(self, digest: str, day: str) -> set[str]:
        """Addresses for which the digest of a local day was ordered."""
        # a span of keys: what was ordered on other days is not read
        query = "select channel from outbox where kind = 'digest' and key >= ? and key < ?"
        return {row["channel"] for row in self._connection.execute(query, [f"digest:{digest}:{day}:", f"digest:{digest}:{day};"])}

    def last_until(self, digest: str, channel: str, before: datetime) -> datetime | None:
        """Where the digest ended that was ordered last, of those that ended before a moment; None if there was none.

        By order and not by its end: one that was ordered while the clock was ahead covers less than it says. One that will never
        arrive has told nothing, so the next one tells it.
        """
        row = self._connection.execute(
            """
            select until from outbox where kind = 'digest' and rule = ? and channel = ? and until < ?
              and state not in ('dead', 'dropped') order by id desc limit 1
            """,
            [digest, channel, written(before)],
        ).fetchone()
        return None if row is None else read(row["until"])

    def first_since(self, digest: str, channel: str) -> datetime | None:
        """Where a reader's first digest began; None if there was none."""
        query = "select min(since) as since from outbox where kind = 'digest' and rule = ? and channel = ?"
        return read(self._connection.execute(query, [digest, channel]).fetchone()["since"])

    def touched(self, tree: Node, since: datetime, until: datetime, *, is_themed: bool, limit: int) -> Touched:
        """Events with an item of the reader's that something came to, or whose stage changed by itself, in a span.

        Args:
            tree: what the reader wants, is_themed: and only what has a theme.
            until: exclusive, and `now` for the query.
        """
        where, values = searching.condition(tree, until)
        rows = self._connection.execute(
            f"""
            select items.event, count(*) as n from items
            where items.event in (
                select event from items where filed_at >= ? and filed_at < ? and event is not null
                union select id from events where moved_at >= ? and moved_at < ? and into_event is null)
              and items.filed_at < ? and ({where}) {f"and {_THEMED}" if is_themed else ""}
            group by items.event order by n desc, items.event
            """,
            [*[written(since), written(until)] * 2, written(until), *values],
        ).fetchall()
        return Touched(events=tuple(row["event"] for row in rows[:limit]), left_out=max(0, len(rows) - limit))

    def fallen_quiet(self, tree: Node, since: datetime, until: datetime, now: datetime, *, is_themed: bool) -> list[str]:
        """Events with an item of the reader's whose last item came in a span, and nothing after it."""
        where, values = searching.condition(tree, now)
        rows = self._connection.execute(
            f"""
            select event from items where event in (
                select event from items where filed_at >= ? and filed_at < ? and event is not null)
            group by event
            having max(filed_at) < ? and max(case when ({where}) {f"and {_THEMED}" if is_themed else ""} then 1 else 0 end)
            order by event
            """,
            [written(since), written(until), written(until), *values],
        )
        return [row["event"] for row in rows]

    def merged(self, since: datetime, until: datetime) -> set[str]:
        """Events that took in another one in a span, by the id under which their items are now."""
        rows = self._connection.execute(
            """
            select coalesce(e.into_event, e.id) as id from decisions d join events e on e.id = d.event
            where d.kind = 'merge' and d.at >= ? and d.at < ?
            """,
            [written(since), written(until)],
        )
        return {row["id"] for row in rows}

    def wanted(self, tree: Node, events: Iterable[str], now: datetime, *, is_themed: bool) -> set[str]:
        """Items of some events that a reader wants; one query for all, since a word is looked up once a query."""
        where, values = searching.condition(tree, now)
        rows = self._connection.execute(
            f"""
            select items.id from items where items.event in (select value from json_each(?)) and ({where})
            {f"and {_THEMED}" if is_themed else ""}
            """,
            [json.dumps(list(events)), *values],
        )
        return {row["id"] for row in rows}

    def filed(self, events: Iterable[str]) -> dict[str, datetime]:
        """When items of some events were judged first, of those that were."""
        query = "select id, filed_at from items where filed_at is not null and event in (select value from json_each(?))"
        rows = self._connection.execute(query, [json.dumps(list(events))])
        return {row["id"]: read_surely(row["filed_at"]) for row in rows}

    def came(self, since: datetime, until: datetime) -> int:
        """Items that were judged first in a span, whoever wants them."""
        query = "select count(*) from items where filed_at >= ? and filed_at < ?"
        return int(self._connection.execute(query, [written(since), written(until)]).fetchone()[0])

    def daily(self, tree: Node, since: date, until: datetime, zone: ZoneInfo) -> dict[str, dict[date, int]]:
        """Items without copies that a reader wants, by theme and local day of their moment.

        Args:
            since: the first local day.
            until: items that were judged by then.
        """
        where, values = searching.condition(tree, until)
        midnights = (datetime.combine(since, time(), each) for each in (zone, UTC))
        rows = self._connection.execute(
            f"""
            select t.theme, substr(items.moment, 1, iif(items.moment like '%T00:00:00Z', 19, 13)) as hour, count(*) as n
            from items
            join tags t on t.item = items.id and t.is_given
            where items.moment >= ? and items.moment < ? and items.copy_of is null and items.filed_at < ? and ({where})
            group by t.theme, hour
            """,
            [written(min(midnights)), written(until + EAST), written(until), *values],
        )
        found: dict[str, dict[date, int]] = {}
        for row in rows:
            at = datetime.fromisoformat(row["hour"]).replace(tzinfo=UTC)
            day = at.date() if len(row["hour"]) == 19 else at.astimezone(zone).date()
            if day >= since:
                of_theme = found.setdefault(row["theme"], {})
                of_theme[day] = of_theme.get(day, 0) + row["n"]
        return found


def _reader(row: sqlite3.Row) -> Reader:
    return Reader(digest=row["digest"], channel=row["channel"], token=row["token"], stopped_at=read(row["stopped_at"]))
