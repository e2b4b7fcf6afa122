"""What is remembered of WebSub: which hubs the sources announce, and what we are subscribed to. Never asks a hub."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field
from datetime import datetime

from monitor.archive.connection import transaction
from monitor.archive.values import read, read_surely, written


@dataclass(frozen=True, slots=True, kw_only=True)
class Announced:
    """What a source said of its hub when it was last read."""

    source: str
    url: str | None  # the address in feeds.yaml from which that is known; None: not known
    hub: str | None  # None: it has none
    topic: str | None  # the address that the hub knows it by; None: not said
    is_healthy: bool  # True: it was read, and the last fetch did not fail


@dataclass(frozen=True, slots=True, kw_only=True)
class HubSubscription:
    """What a hub was asked to tell us of a source."""

    source: str
    hub: str
    topic: str
    token: str = field(repr=False)  # the part of our callback's address that nobody can guess
    secret: str = field(repr=False)  # key of the hub's signatures
    asked_at: datetime  # when the hub was last asked
    confirmed_at: datetime | None = None  # when the hub last confirmed; None: not yet, or it has ended it
    expires_at: datetime | None = None  # end of the lease; None as confirmed_at

    @property
    def is_pending(self) -> bool:
        """True if the hub has not confirmed what it was asked last."""
        return self.confirmed_at is None or self.confirmed_at < self.asked_at


class HubTables:
    """The hubs' side of the archive."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def announced(self) -> dict[str, Announced]:
        """What every source that has a hub, or of which we hold a subscription, said when it was last read; by source."""
        query = """
        select id, url, hub, topic, last_success is not null and error_kind is null as is_healthy from sources
        where hub is not null or id in (select source from subscriptions)
        """
        return {
            row["id"]: Announced(
                source=row["id"], url=row["url"], hub=row["hub"], topic=row["topic"], is_healthy=bool(row["is_healthy"])
            )
            for row in self._connection.execute(query)
        }

    def all(self) -> dict[str, HubSubscription]:
        """All subscriptions by source."""
        return {
            row["source"]: HubSubscription(
                source=row["source"],
                hub=row["hub"],
                topic=row["topic"],
                token=row["token"],
                secret=row["secret"],
                asked_at=read_surely(row["asked_at"]),
                confirmed_at=read(row["confirmed_at"]),
                expires_at=read(row["expires_at"]),
            )
            for row in self._connection.execute("select * from subscriptions order by source")
        }

    def put(self, subscription: HubSubscription) -> None:
        """Keep a subscription, in place of what was known of its source."""
        confirmed, expires = subscription.confirmed_at, subscription.expires_at
        with transaction(self._connection):
            self._connection.execute(
                """
                insert or replace into subscriptions (source, hub, topic, token, secret, asked_at, confirmed_at, expires_at)
                values (?, ?, ?, ?, ?, ?, ?, ?)
                """,
                [
                    subscription.source,
                    subscription.hub,
                    subscription.topic,
                    subscription.token,
                    subscription.secret,
                    written(subscription.asked_at),
                    None if confirmed is None else written(confirmed),
                    None if expires is None else written(expires),
                ],
            )

    def forget(self, source: str) -> None:
        """Keep no subscription of a source."""
        with transaction(self._connection):
            self._connection.execute("delete from subscriptions where source = ?", [source])
