"""How long Slack asks to be left alone. Whatever a server or a proxy writes there, it is a time that can be waited for."""

from __future__ import annotations

from collections.abc import Mapping

UNSAID = 30.0
"""Seconds to wait where Slack asks for patience without saying how much."""
LONGEST = 86_400.0
"""Seconds that are believed; Slack asks for some minutes at most."""


def retry_after(headers: Mapping[str, object] | None) -> float:
    """Seconds that the headers of a 429 ask to wait, 0..LONGEST; UNSAID if they do not say it in digits.

    Source: RFC 9110 section 10.2.3; Slack, rate limits (always seconds, never a date).
    """
    found = {name.lower(): str(value).strip() for name, value in (headers or {}).items()}.get("retry-after", "")
    # digits of other scripts are digits for Python, some of them not for float
    return min(float(found), LONGEST) if found.isascii() and found.isdigit() else UNSAID
