"""Nouns for tests, whole with defaults; a test states only what it is about."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from monitor.events import Deadline, Event, Part
from monitor.items import DateKind, Entry, Fetched, Filed, Item, KeyDate, Shown, Source, Stage, Tier, Validators, item_id
from monitor.messages import Message
from monitor.stage import Sighting, Transition
from monitor.standing import Standing, Statement
from monitor.steps import MACHINES

NOW = datetime(2026, 5, 1, 8, 0, tzinfo=UTC)
ITEM_KEYS = [
    "id",
    "source",
    "url",
    "title",
    "summary",
    "published",
    "first_seen",
    "lang",
    "country",
    "tier",
    "themes",
    "event",
    "copy_of",
]
"""What the JSON of an item promises everywhere."""


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


def a_date(day: date, kind: DateKind = DateKind.COMMENTS_CLOSE, **changes: Any) -> KeyDate:
    return KeyDate(**{"kind": kind, "date": day, "sentence": "…"} | changes)


def a_shown(step: str, jurisdiction: str = "US", sentence: str = "It was done.") -> Shown:
    """A step of a machine, with the stage that it stands for there."""
    stage = next(each.stage for each in MACHINES[jurisdiction] if each.name == step)
    return Shown(jurisdiction=jurisdiction, step=step, stage=stage, sentence=sentence)


def a_sighting(shown: Shown | None = None, **changes: Any) -> Sighting:
    """By default an official source of the jurisdiction that the step is of."""
    country = "US" if shown is None else shown.jurisdiction
    return Sighting(**{"item": "I-1", "at": NOW, "tier": Tier.OFFICIAL, "country": country, "shown": shown} | changes)


def a_transition(step: str | None = "final rule", jurisdiction: str | None = "US", **changes: Any) -> Transition:
    stage = Stage.REPORTED if step is None or jurisdiction is None else a_shown(step, jurisdiction).stage
    base = {"at": NOW, "item": "I-1", "tier": Tier.OFFICIAL, "sentence": "It was done."}
    return Transition(**base | {"stage": stage, "step": step, "jurisdiction": None if step is None else jurisdiction} | changes)


def a_statement(day: date, kind: DateKind = DateKind.COMMENTS_CLOSE, **changes: Any) -> Statement:
    """What an official notice says of a date; `sentence` and `confidence` go to the date itself."""
    of_date = {name: changes.pop(name) for name in ("sentence", "confidence") if name in changes}
    base: dict[str, Any] = {
        "item": "I-1",
        "title": "Notice",
        "step": "",
        "source": "bis",
        "url": "https://bis.example/1",
        "tier": Tier.OFFICIAL,
        "country": "US",
        "at": NOW,
    }
    return Statement(date=a_date(day, kind, **of_date), **base | changes)


def a_standing(**changes: Any) -> Standing:
    base: dict[str, Any] = {
        "kind": DateKind.COMMENTS_CLOSE,
        "date": date(2026, 6, 30),
        "sentence": "Comments close on June 30, 2026.",
        "confidence": 1.0,
        "item": "I-1",
        "title": "Graphite controls",
        "source": "bis",
        "url": "https://bis.example/1?a=1&b=2",
        "tier": Tier.OFFICIAL,
        "country": "US",
        "at": NOW,
        "since": NOW,
        "is_moved": False,
        "officials": frozenset({"US"}),
        "uid": "I-1-comments_close-2026-06-30",
    }
    return Standing(**base | changes)


def a_deadline(
    *, event: str = "E-abcdefghij", themes: tuple[str, ...] = ("critical_minerals", "export_control"), **of_date: Any
) -> Deadline:
    """A date of an event; the rest goes to the date as it stands."""
    return Deadline(date=a_standing(**of_date), event=event, themes=themes)


def a_part(item: Item | None = None, *, arrival: int = 1, **changes: Any) -> Part:
    """An item of an event; `themes` and `copy_of` go to what is filed of it."""
    of_filed = {name: changes.pop(name) for name in ("themes", "copy_of") if name in changes}
    return Part(filed=Filed(item=item or an_item(), event="E-abcdefghij", **of_filed), arrival=arrival, **changes)


def an_event(**changes: Any) -> Event:
    base: dict[str, Any] = {
        "id": "E-abcdefghij",
        "title": "黒鉛の輸出許可",
        "stage": Stage.FINAL,
        "step": "公布",
        "first_seen": NOW,
        "last_seen": NOW,
        "items": 1,
        "sources": ("meti",),
        "langs": ("ja",),
        "countries": ("JP",),
        "themes": (("export_control", 0.9),),
        "identifiers": (),
        "dates": (),
    }
    return Event(**base | changes)


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
