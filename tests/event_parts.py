"""Parts of an event for tests: notices of an agency, so many days on, and the record that is made of them."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from builders import NOW, a_part, an_item

from monitor.events import Event, Part, record

JUNE, JULY, AUGUST = date(2026, 6, 30), date(2026, 7, 30), date(2026, 8, 31)


def at(**span: float) -> datetime:
    return NOW + timedelta(**span)


def recorded(*parts: Part, now: datetime = NOW, **changes: Any) -> Event:
    return record("E-abcdefghij", parts, now, **{"opened_at": NOW, "moved_at": NOW} | changes)


def official(item: str, days: float = 0, *, arrival: int | None = None, of: dict[str, Any] | None = None, **changes: Any) -> Part:
    """A notice of an agency of the United States, so many days on."""
    base = {"id": item, "country": "US", "lang": "en", "source": "bis", "published": at(days=days), "first_seen": at(days=days)}
    return a_part(an_item(**base | (of or {})), arrival=arrival if arrival is not None else int(days * 10) + 1, **changes)
