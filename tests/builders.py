"""Nouns for tests, whole with defaults; a test states only what it is about."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from monitor.items import Entry, Fetched, Item, Message, Source, Tier, Validators, item_id

NOW = datetime(2026, 5, 1, 8, 0, tzinfo=UTC)


def a_source(**changes: Any) -> Source:
    return Source(
        **{"id": "meti", "name": "経済産業省", "type": "feed", "url": "http://meti.example/feed", "tier": Tier.OFFICIAL} | changes
    )


def an_entry(**changes: Any) -> Entry:
    base = {
        "guid": "1",
        "url": "http://meti.example/1",
        "title": "輸出貿易管理令の一部を改正する政令",
        "summary": "",
        "published": NOW,
    }
    return Entry(**base | changes)


def an_item(**changes: Any) -> Item:
    base: dict[str, Any] = {
        "source": "meti",
        "key": "1",
        "url": "http://meti.example/1",
        "title": "輸出貿易管理令の一部を改正する政令",
        "summary": "",
        "published": NOW,
        "first_seen": NOW,
        "lang": "ja",
        "country": "JP",
        "tier": Tier.OFFICIAL,
    }
    base |= changes
    return Item(id=base.pop("id", item_id(base["source"], base["key"])), **base)


def fetched(body: bytes, **changes: Any) -> Fetched:
    base = {"url": "http://meti.example/feed", "content_type": "", "validators": Validators(), "is_unmodified": False, "at": NOW}
    return Fetched(body=body, **base | changes)


def a_message(**changes: Any) -> Message:
    base: dict[str, Any] = {
        "key": "alert:slack:#econsec:I-1",
        "address": "#econsec",
        "headline": "Export control · New list",
        "title": "New list",
        "url": "https://bis.example/1",
        "extract": "Twelve entities were added.",
        "fields": (("Stage", "final"),),
        "why": "rule now · export_control 0.93",
        "hint": "monitor show I-1",
        "text": "Export control: New list",
        "event": "E-1",
    }
    return Message(**base | changes)


def rss(*entries: tuple[str, str, str], title: str = "Feed", language: str = "en") -> bytes:
    """An RSS document of (guid, title, description) entries, dated NOW, linked by guid."""
    items = "".join(
        f"<item><guid isPermaLink='false'>{guid}</guid><link>http://news.example/{guid}</link><title>{name}</title>"
        f"<description>{text}</description><pubDate>Fri, 01 May 2026 07:00:00 GMT</pubDate></item>"
        for guid, name, text in entries
    )
    return (
        f"<?xml version='1.0' encoding='utf-8'?><rss version='2.0'><channel><title>{title}</title>"
        f"<link>http://news.example/</link><language>{language}</language>{items}</channel></rss>"
    ).encode()
