"""What an alert says: from an event and an item to a message without any channel's markup. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

from monitor.events import Event
from monitor.items import DateKind, Filed, Stage, Tier
from monitor.messages import Message
from monitor.standing import Standing

EXTRACT = 400
"""Characters of the extract."""
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


def alert_message(
    *,
    key: str,
    address: str,
    event: Event,
    filed: Filed,
    source_name: str,
    why: str,
    theme_names: Mapping[str, str],
    folded: int,
    thread: str | None,
    today: date,
) -> Message:
    """The message of an alert.

    Args:
        key: natural key of the order; the same order always makes a message of the same key.
        thread: remote id of the event's first message in the channel; None if this is it.
        folded: alerts that were folded since the channel was last told something.
        today: which key dates are still ahead.
    """
    item = filed.item
    themes = [theme_names.get(theme, theme) for theme, _ in filed.themes or event.themes] or ["Unclassified"]
    hint = f"monitor show {item.id} · monitor event {event.id}"
    if folded:
        hint += f" · and {folded} more folded: monitor alerts --state folded"
    is_reply = thread is not None
    headline = (
        f"{_LANGUAGES.get(item.lang, item.lang)} · {source_name} ({item.tier.value})"
        if is_reply
        else f"{themes[0]} · {item.title}"
    )
    extract = shortened(item.summary, EXTRACT) if item.summary else ""
    return Message(
        key=key,
        address=address,
        headline=headline,
        title=item.title,
        url=item.url,
        extract=extract,
        fields=() if is_reply else tuple(fields(event, source_name, item.tier, themes, today)),
        why=why,
        hint=hint,
        text=shortened(f"{themes[0]}: {item.title} ({source_name})", 300),
        event=event.id,
        thread=thread,
    )


def fields(event: Event, source_name: str, tier: Tier, themes: list[str], today: date) -> list[tuple[str, str]]:
    """Facts of an event as (name, value), the most useful first, at most ten."""
    found = [("Stage", stage_text(event.stage, event.step))]
    if event.countries:
        found.append(("Told from", ", ".join(event.countries[:6])))
    found += [(_DATE_NAMES[each.kind], date_text(each)) for each in event.dates if each.date >= today and not each.is_withdrawn][
        :3
    ]
    ids = identifier_text(event)
    if ids:
        found.append(("IDs", ids))
    count = len(event.sources)
    langs = ", ".join(event.langs)
    found.append(
        (
            "Sources",
            f"{source_name} ({tier.value})" if count == 1 else f"{count} ({langs}), this one {source_name} ({tier.value})",
        )
    )
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
