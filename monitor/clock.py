"""The product's clock, which trials and replays may move, and spans of time as settings write them."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from monitor.errors import UsageError

_SPAN = re.compile(r"^(\d+(?:\.\d+)?)\s*(ms|s|m|h|d|w)$")
_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_LONGEST = timedelta(days=3650)
"""The longest span that is one: nothing here waits longer, and calendars end."""


def span(text: object) -> timedelta:
    """A span such as 30s, 15m, 2h, 1d. Here m is a minute; in queries (monitor.query.duration) it is a month.

    Raises:
        ValueError: no such, or one of more than ten years.
    """
    match = _SPAN.match(str(text).strip())
    if match is None:
        raise ValueError(f"{text!r} is no span of time; write 30s, 15m, 6h or 1d")
    seconds = float(match[1]) * _SECONDS[match[2]]
    if seconds > _LONGEST.total_seconds():
        raise ValueError(f"{str(text)[:40]!r} is too long a span of time; at most 10 years")
    return timedelta(seconds=seconds)


def clock_from(environment: Mapping[str, str] = os.environ) -> timedelta | datetime:
    """What MONITOR_NOW sets the clock to: a fixed moment, or an offset to the true time (zero if it is not set).

    Raises:
        UsageError: neither a time nor an offset.
    """
    text = environment.get("MONITOR_NOW", "").strip()
    if not text:
        return timedelta()
    try:
        if text[0] in "+-":
            return span(text[1:]) * (1 if text[0] == "+" else -1)
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise UsageError(
            f"MONITOR_NOW is {text!r}", hint="Set an ISO time such as 2026-05-01T08:00:00Z or an offset such as +3d"
        ) from error


def now(environment: Mapping[str, str] = os.environ) -> datetime:
    """The product's clock: aware UTC, moved by MONITOR_NOW."""
    setting = clock_from(environment)
    return setting if isinstance(setting, datetime) else datetime.now(UTC) + setting
