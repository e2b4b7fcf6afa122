"""How fast an address may be spoken to: so many at once, then one at a time. Pure but for the clock that it is given."""

from __future__ import annotations

from collections.abc import Callable


class Bucket:
    """A token bucket: holds `burst` tokens, one more each `gap` seconds. Source: ITU-T I.371, the leaky bucket as a meter.

    Args:
        gap: seconds; 0: no limit.
        idle: seconds for which nothing was taken before it was made.
        monotonic: seconds that never run backwards.
    """

    def __init__(self, *, gap: float, burst: int, idle: float, monotonic: Callable[[], float]) -> None:
        self._gap, self._burst, self._monotonic = gap, burst, monotonic
        self._at = monotonic()
        self._tokens = float(burst) if not gap else min(float(burst), max(0.0, idle) / gap)

    def rest(self, count: int = 1) -> float:
        """Seconds until `count` tokens may be taken; 0 if at once."""
        if not self._gap:
            return 0.0
        now = self._monotonic()
        self._tokens = min(float(self._burst), self._tokens + max(0.0, now - self._at) / self._gap)
        self._at = now
        missing = count - self._tokens
        return missing * self._gap if missing > 1e-9 else 0.0

    def take(self, count: int = 1) -> None:
        """Take tokens; below none if they were not there."""
        self.rest()
        self._tokens -= count
