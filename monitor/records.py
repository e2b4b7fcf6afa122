"""An item as JSON has it everywhere, and such a record back to an item. Pure; trusts nothing that it reads."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from monitor import language
from monitor.dates import is_future, stamp
from monitor.dedupe import address_key, fingerprint
from monitor.errors import BadLine
from monitor.items import Filed, Item, Source, Tier, item_id
from monitor.normalise import MAX_SUMMARY, MAX_TITLE, address, plain

_SOURCE = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_ITEM = re.compile(r"I-[a-z2-7]{12}")
_EVENT = re.compile(r"E-[a-z2-7]{10}")
_SHORT = re.compile(r"[\w .-]{1,40}")


def item_record(filed: Filed) -> dict[str, object]:
    """An item as JSON has it everywhere."""
    item = filed.item
    return {
        "id": item.id,
        "source": item.source,
        "url": item.url,
        "title": item.title,
        "summary": item.summary,
        "published": None if item.published is None else stamp(item.published),
        "first_seen": stamp(item.first_seen),
        "lang": item.lang,
        "country": item.country,
        "tier": item.tier.value,
        "themes": dict(filed.themes),
        "event": filed.event,
    }


def item_of_line(line: str, now: datetime, sources: Mapping[str, Source] | None = None) -> tuple[Item, str | None]:
    """The item of a line of JSON, and the id of its event; None: the line names none.

    Args:
        now: nothing was seen later than this, and what gives no time was seen now.
        sources: known ones by id: what a line leaves open of tier, country, kind and language is theirs; None: none is known.

    Raises:
        BadLine: no JSON, or without a source, a title, or both id and url.
    """
    try:
        record = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise BadLine("is no JSON") from error
    if not isinstance(record, dict):
        raise BadLine("is no JSON object")
    source, url = _word(record, "source", _SOURCE), address(_text(record, "url"))
    title, summary = plain(_text(record, "title") or "", MAX_TITLE), plain(_text(record, "summary") or "", MAX_SUMMARY)
    if source is None or not title:
        raise BadLine(f"needs {'a source' if source is None else 'a title'}")
    known = (sources or {}).get(source)
    name = _word(record, "id", _ITEM)
    published = _moment(record, "published")
    first_seen = min(_moment(record, "first_seen") or published or now, now)
    lang = _word(record, "lang", re.compile("[a-z]{2,3}"))
    name, key = _named(source, name, url, title, summary)
    return (
        Item(
            id=name,
            source=source,
            key=key,
            url=url,
            title=title,
            summary=summary,
            published=first_seen if published is not None and is_future(published, first_seen) else published,
            first_seen=first_seen,
            lang=lang or language.detect(f"{title}\n{summary}", known.lang if known else None),
            country=_word(record, "country", re.compile("[A-Z]{2,3}")) or (known.country if known else None),
            tier=_tier(record) or (known.tier if known else Tier.PRESS),
            kind=_word(record, "kind", _SHORT) or (known.kind if known else None),
            is_backlog=True,
        ),
        _word(record, "event", _EVENT),
    )


def _named(source: str, name: str | None, url: str | None, title: str, summary: str) -> tuple[str, str]:
    """Id and key of an item. Records have no key; where the id shows that it was the address or the text, it is known all the same.

    Raises:
        BadLine: neither id nor address.
    """
    usual = [key for key in (url, address_key(url), "text:" + fingerprint(title, summary)) if key]
    if name is not None:
        return name, next((key for key in usual if item_id(source, key) == name), f"imported:{name}")
    if url is None:
        raise BadLine("needs an id or a url")
    return item_id(source, usual[0]), usual[0]


def _text(record: Mapping[str, Any], name: str) -> str | None:
    value = record.get(name)
    if value is None or isinstance(value, str):
        return value
    raise BadLine(f"{name} is no text")


def _word(record: Mapping[str, Any], name: str, pattern: re.Pattern[str]) -> str | None:
    """A word of a known shape; None if it is not there.

    Raises:
        BadLine: of another shape.
    """
    value = _text(record, name)
    if value and not pattern.fullmatch(value):
        raise BadLine(f"{name} {value[:40]!r} cannot be one")
    return value or None


def _tier(record: Mapping[str, Any]) -> Tier | None:
    value = _text(record, "tier")
    if value is not None and value not in list(Tier):
        raise BadLine(f"tier {value[:40]!r} is none of {', '.join(Tier)}")
    return Tier(value) if value is not None else None


def _moment(record: Mapping[str, Any], name: str) -> datetime | None:
    value = _text(record, name)
    if value is None:
        return None
    try:
        found = datetime.fromisoformat(value)
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise BadLine(f"{name} {value[:40]!r} is no moment") from error
