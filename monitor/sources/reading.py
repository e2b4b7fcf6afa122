"""From a document to items: parse, tell apart, leave out what the last document had, normalise. Pure.

This is what a worker does (workers.py): everything that text from outside can make slow, and nothing else.
"""

from __future__ import annotations

import hashlib
from datetime import datetime

from monitor.dedupe import entry_keys
from monitor.items import Entry, Fetched, Reading, Source
from monitor.normalise import normalise
from monitor.sources import TYPES

MAX_DIGESTS = 5_000
"""Entries of a document that the next reading knows again; beyond them the archive is asked."""
_SIZE = 8


def read(source: Source, fetched: Fetched, seen: bytes, now: datetime, is_backlog: bool) -> Reading:
    """The items of a document.

    Args:
        seen: `Reading.seen` of the source's last document; entries that read exactly as then are left out.
        now: when it was seen, aware UTC.
        is_backlog: True at the first fetch of the source.

    Raises:
        ParseError: not what the source's type promises.
        ConfigError: a selector or path of feeds.yaml cannot be read.
    """
    known = {seen[start : start + _SIZE] for start in range(0, len(seen), _SIZE)}
    kind = TYPES[source.type]
    parsed = kind.parse(source, fetched) if kind.parse_anew is None else kind.parse_anew(source, fetched, known)
    entries = [each for each in parsed.entries if each.guid or each.url or each.title.strip() or each.summary.strip()]
    silent = len(parsed.entries) - len(entries)
    keys = entry_keys(entries)
    if parsed.digests is None:
        digests = [_digest(entry) for entry in entries]
        anew = [place for place, digest in enumerate(digests) if digest not in known]
    else:
        digests, anew = list(parsed.digests), list(range(len(entries)))
    return Reading(
        items=tuple(normalise(source, entries[place], keys[place], now, is_backlog=is_backlog) for place in anew),
        entries=len(entries) + parsed.left_out,
        seen=b"".join(digests[:MAX_DIGESTS]),
        notes=(*parsed.notes, f"{silent} entries that say nothing; skipped") if silent else parsed.notes,
        reader=parsed.reader,
        older=parsed.older,
        hub=parsed.hub,
        topic=parsed.topic,
        fresh_for=parsed.fresh_for,
    )


def _digest(entry: Entry) -> bytes:
    """What an entry says, in 8 bytes; its date is left out, because some sources set it to now at every fetch."""
    said = (entry.guid, entry.url, entry.title, entry.summary, entry.identifiers, entry.dates, entry.step)
    return hashlib.blake2b(repr(said).encode("utf-8", "surrogatepass"), digest_size=_SIZE).digest()
