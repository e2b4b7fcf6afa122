"""What an alert says: from an event and an item to a message without any channel's markup. Pure."""

from __future__ import annotations

import hashlib
import itertools
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from monitor.events import Event
from monitor.items import DateKind, Filed, Item, Stage, Tier
from monitor.messages import Line, Message
from monitor.records import item_record
from monitor.segment import fold
from monitor.sentences import sentences
from monitor.standing import Standing

EXTRACT = 400
"""Characters of the extract."""
MAX_LINES = 15
"""Titles of a list."""
_DATE_NAMES = {
    DateKind.COMMENTS_CLOSE: "Comments close",
    DateKind.EFFECTIVE: "Effective",
    DateKind.APPLIES_FROM: "Applies from",
    DateKind.HEARING: "Hearing",
    DateKind.PUBLISHED: "Publishes",
    DateKind.LICENCE_EXPIRY: "Licence expires",
}
_LANGUAGES = {"en": "English", "ja": "日本語", "zh": "中文", "ko": "한국어", "de": "Deutsch", "fr": "français", "es": "español"}
_IDENTIFIER_ORDER = ("fr_doc", "rin", "docket", "cn_docno", "jp_law_no", "jp_kokuji", "eu_act", "us_act", "cfr", "eccn")
_NOT_SHOWN = {"fr_citation"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """Everything that the message of an alert is made of."""

    key: str  # natural key of the order; the same order always makes a message of the same key
    address: str
    event: Event
    filed: Filed
    source_name: str
    why: str
    theme_names: Mapping[str, str]
    today: date  # which key dates are still ahead
    news: str = ""  # what is new of the event as a whole
    thread: str | None = None  # remote id of the event's first message in the channel; None: this is it
    thread_title: str = ""  # what that message is titled
    can_answer: bool = False  # analysts can answer by buttons
    record: Mapping[str, object] = field(default_factory=dict)  # the alert's, for machines


def alert_message(telling: Telling) -> Message:
    """The message of an alert: an event's first one with all its facts, or a short answer in its thread."""
    item, event = telling.filed.item, telling.event
    themes = [telling.theme_names.get(theme, theme) for theme, _ in telling.filed.themes or event.themes] or ["Unclassified"]
    is_reply = telling.thread is not None
    # an answer never repeats what stands above it
    is_repeat = is_reply and plain_letters(item.title) == plain_letters(telling.thread_title)
    hint = f"monitor show {item.id} · monitor event {event.id}"
    return Message(
        key=telling.key,
        address=telling.address,
        headline=_who(item, telling.source_name) if is_reply else f"{themes[0]} · {item.title}",
        title="" if is_repeat else item.title,
        url=item.url,
        extract=extract(item.summary),
        fields=() if is_reply else tuple(fields(event, telling.source_name, item.tier, themes, telling.today)),
        why=telling.why,
        hint=hint,
        text=shortened(f"{themes[0]}: {f'{telling.news}: ' if telling.news else ''}{item.title} ({telling.source_name})", 300),
        byline="" if is_reply else _who(item, telling.source_name),
        news=telling.news,
        event=event.id,
        item=item.id,
        lang=item.lang,
        thread=telling.thread,
        is_broadcast=is_reply and bool(telling.news),
        themes=tuple(telling.theme_names.items()) if telling.can_answer and not is_reply else (),
        has_dates=any(each.date >= telling.today and not each.is_withdrawn for each in event.dates),
        record={"alert": dict(telling.record), "event": event_record(event), "item": item_record(telling.filed)},
    )


def folded_message(
    *, key: str, address: str, items: Sequence[tuple[Filed, str]], reasons: Sequence[str], since: datetime, hint: str
) -> Message:
    """The list of what was not told one by one, the most official first.

    Args:
        items: each with the name of its source, in order of decision.
        reasons: why each was folded.
    """
    count = len(items)
    items = sorted(items, key=lambda each: list(Tier).index(each[0].item.tier))  # the list is cut: what is official is not
    why = "; ".join(f"{reason} ({number})" for reason, number in Counter(reasons).most_common(3))
    headline = f"and {count} more"
    return Message(
        key=key,
        address=address,
        headline=headline,
        title="",
        url=None,
        extract="",
        fields=(),
        why=why,
        hint=hint,
        text=shortened(f"{headline} since {since:%H:%MZ}: " + " · ".join(each.item.title for each, _ in items[:5]), 300),
        lines=tuple(
            Line(title=each.item.title, url=each.item.url, note=_who(each.item, name)) for each, name in items[:MAX_LINES]
        ),
        record={"items": [item_record(each) for each, _ in items]},
    )


def notice_message(*, key: str, address: str, channel: str, since: datetime, error: str, waiting: int) -> Message:
    """That another channel does not take messages."""
    headline = f"{channel} does not take messages"
    return Message(
        key=key,
        address=address,
        headline=headline,
        title="",
        url=None,
        extract=f"Since {since:%Y-%m-%d %H:%MZ}: {error}. {waiting} wait.",
        fields=(),
        why="you are told here because it cannot be told there",
        hint="monitor status · monitor alerts --state waiting",
        text=f"{headline} since {since:%Y-%m-%d %H:%MZ}",
        record={"channel": channel, "since": since.isoformat(), "error": error, "waiting": waiting},
    )


def fingerprint_of(message: Message) -> str:
    """A short hash of what a message says, to tell whether it changed."""
    said = (
        message.headline,
        message.byline,
        message.title,
        message.url,
        message.extract,
        message.fields,
        message.news,
        message.has_dates,
    )
    lines = [(each.title, each.url, each.note) for each in message.lines]
    return hashlib.sha256(json.dumps([*said, lines], ensure_ascii=False).encode("utf-8", "replace")).hexdigest()[:16]


def extract(text: str) -> str:
    """The first two sentences of a text, at most EXTRACT characters."""
    found = [sentence for _, sentence in itertools.islice(sentences(text), 2)]
    return shortened("".join(found).rstrip(), EXTRACT)


def plain_letters(text: str) -> str:
    """The letters and digits of a text, folded: what two titles have in common that say the same."""
    return "".join(character for character in fold(text) if character.isalnum())


def flag(country: str | None) -> str:
    """The flag of a country of two letters, as text; "" if it has none. Source: Unicode UTS #51, regional indicators."""
    if country is None or len(country) != 2 or not country.isascii() or not country.isalpha():
        return ""
    return "".join(chr(ord(letter) - ord("A") + 0x1F1E6) for letter in country.upper())


def _who(item: Item, source_name: str) -> str:
    return f"{flag(item.country)} {source_name} ({item.tier.value}) · {_LANGUAGES.get(item.lang, item.lang)}".strip()


def event_record(event: Event) -> dict[str, object]:
    """An event for a machine (docs/webhooks.md)."""
    return {
        "id": event.id,
        "title": event.title,
        "stage": event.stage.value,
        "step": event.step,
        "jurisdiction": event.jurisdiction,
        "countries": list(event.countries),
        "langs": list(event.langs),
        "sources": list(event.sources),
        "items": event.items,
        "themes": dict(event.themes),
        "importance": event.importance,
        "identifiers": [{"type": each.type, "value": each.value} for each in event.identifiers],
        "dates": [
            {"kind": each.kind.value, "date": each.date.isoformat(), "sentence": each.sentence, "withdrawn": each.is_withdrawn}
            for each in event.dates
        ],
    }


def fields(event: Event, source_name: str, tier: Tier, themes: list[str], today: date) -> list[tuple[str, str]]:
    """Facts of an event as (name, value), the most useful first, at most ten."""
    found = [("Stage", stage_text(event.stage, event.step))]
    if event.jurisdiction:
        found.append(("Jurisdiction", f"{flag(event.jurisdiction)} {event.jurisdiction}".strip()))
    found += [(_DATE_NAMES[each.kind], date_text(each)) for each in event.dates if each.date >= today and not each.is_withdrawn][
        :3
    ]
    ids = identifier_text(event)
    if ids:
        found.append(("IDs", ids))
    count = len(event.sources)
    places = ", ".join(event.countries[:6])
    found.append(("Sources", f"{source_name} ({tier.value})" if count == 1 else f"{count} ({places or ', '.join(event.langs)})"))
    if event.items > 1:
        found.append(("Items", f"{event.items}, the last {event.last_seen:%Y-%m-%d %H:%MZ}"))
    if len(themes) > 1:
        found.append(("Themes", ", ".join(themes)))
    return found[:10]


def identifier_text(event: Event, limit: int = 4) -> str:
    """The identifiers that name the event best, as one line; "" if it has none."""
    ordered = sorted(
        (each for each in event.identifiers if each.type not in _NOT_SHOWN),
        key=lambda each: _IDENTIFIER_ORDER.index(each.type) if each.type in _IDENTIFIER_ORDER else 99,
    )
    names = {"fr_doc": "FR Doc. ", "rin": "RIN ", "eccn": "ECCN ", "docket": "Docket ", "hs": "HS "}
    return " · ".join(names.get(each.type, "") + each.value for each in ordered[:limit])


def stage_text(stage: Stage, step: str | None) -> str:
    """A stage with the jurisdiction's own word for it: final (Interim final rule)."""
    return f"{stage.value.replace('_', ' ')} ({step})" if step else stage.value.replace("_", " ")


def date_text(each: Standing) -> str:
    """A key date as it stands: 2026-07-30 (was 2026-06-30)."""
    was = f" (was {each.was[-1].isoformat()})" if each.was else ""
    return f"{each.date.isoformat()}{' withdrawn' if each.is_withdrawn else was}"


def date_name(kind: DateKind) -> str:
    """The name of a kind of key date."""
    return _DATE_NAMES[kind]


def shortened(text: str, limit: int) -> str:
    """At most `limit` characters; … marks a cut."""
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def moment_text(moment: datetime) -> str:
    """A moment to the minute, in its own zone: 2023-10-19 08:00 JST."""
    return moment.strftime("%Y-%m-%d %H:%M %Z").strip()
