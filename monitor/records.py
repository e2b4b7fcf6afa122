"""A record of an item, as JSON has it everywhere. Pure."""

from __future__ import annotations

from monitor.dates import stamp
from monitor.items import Filed


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
