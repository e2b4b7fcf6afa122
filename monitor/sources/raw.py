"""What the two readers of RSS and Atom have in common: the words of a document before they become an Entry."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class RawEntry:
    """One entry, as written."""

    guid: str | None
    link: str | None  # may be relative
    title: str
    summary: str
    dates: tuple[str, ...]  # published, updated, created, as far as they are stated

    @property
    def says_something(self) -> bool:
        """False for an empty element, such as broken documents leave behind."""
        return bool(self.guid or self.link or self.title or self.summary or self.dates)


@dataclass(frozen=True, slots=True, kw_only=True)
class RawFeed:
    """A document."""

    link: str | None  # the feed's own page, what relative links are seen from
    links: tuple[tuple[str, str], ...]  # relation, address: hub, self, next, prev-archive, ...
    ttl: str  # minutes, as written; "" if not stated
    entries: tuple[RawEntry, ...]  # without those left out
    digests: tuple[bytes, ...] | None = None  # as in Parsed
    left_out: int = 0
