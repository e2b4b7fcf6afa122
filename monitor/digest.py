"""The daily mail: what moved, what closes soon, what could not be read - as text and as HTML. Pure.

The text part is complete by itself. The HTML has no remote content, no script, and every text of a source is escaped by the
template engine; it is 600 pixels wide and keeps its contrast where a mail program turns it dark.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from jinja2 import Environment, StrictUndefined

from monitor.compose import date_name, date_text, identifier_text, shortened, stage_text
from monitor.events import Deadline, Event
from monitor.items import Filed, Tier

_WORDS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "subject": "{day}: {new} new, {moved} moved, {dates} dates ahead{themes}",
        "empty": "Nothing new for this digest. All {sources} sources were read; silence means silence.",
        "unread": "Nothing new for this digest, but not every source could be read: see the coverage notes.",
        "deadlines": "Dates in the next 14 days",
        "new": "New events",
        "moved": "Events that moved",
        "items": "Single items",
        "coverage": "Coverage notes",
        "nothing": "None.",
        "sources": "sources",
        "why": "You get this because your address is in the digest {name} of feeds.yaml. Filter: {when}.",
        "stop": "To change or stop it, answer this mail or edit feeds.yaml.",
        "all": "everything",
        "more": "and {n} more: monitor search '{when} since:{since}'",
        "in_days": "in {n} days",
        "today": "today",
        "copies": "also {names}",
        "title": "Monitor digest",
    },
    "ja": {
        "subject": "{day}: 新規{new}件・進展{moved}件・期日{dates}件{themes}",
        "empty": "このダイジェストの対象となる新着はありません。{sources}件の情報源はすべて確認済みです。",
        "unread": "このダイジェストの対象となる新着はありませんが、取得できなかった情報源があります。取得状況をご覧ください。",
        "deadlines": "今後14日間の期日",
        "new": "新しいイベント",
        "moved": "進展のあったイベント",
        "items": "個別記事",
        "coverage": "取得状況",
        "nothing": "なし。",
        "sources": "情報源",
        "why": "feeds.yaml のダイジェスト {name} に登録されているため送信しています。条件: {when}。",
        "stop": "変更・停止するには、このメールに返信するか feeds.yaml を編集してください。",
        "all": "すべて",
        "more": "ほか{n}件: monitor search '{when} since:{since}'",
        "in_days": "あと{n}日",
        "today": "本日",
        "copies": "ほかに {names}",
        "title": "モニター・ダイジェスト",
    },
}
_TIERS = tuple(Tier)
MAX_EVENTS = 40
MAX_ITEMS = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One event of a digest with the items that are new in it."""

    event: Event
    items: tuple[Filed, ...]  # at least one


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """Everything that a digest tells."""

    name: str
    when: str  # the filter, "" for everything
    lang: str  # of the frame: en or ja
    tz: str
    since: datetime
    until: datetime
    deadlines: tuple[Deadline, ...]
    new: tuple[Entry, ...]
    moved: tuple[Entry, ...]
    left_out: int  # items beyond what a mail can hold
    notes: tuple[str, ...]  # sources that could not be read, channels that are down
    sources: int  # how many are watched
    source_names: Mapping[str, str]
    theme_names: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Digest:
    """A digest as mail parts."""

    subject: str
    text: str
    html: str


def render(content: Content) -> Digest:
    """The subject, the plain part and the HTML part of a digest."""
    words = _WORDS.get(content.lang, _WORDS["en"])
    page = _page(content, words)
    return Digest(subject=str(page["subject"]), text=_text(page), html=_TEMPLATE.render(page=page, lang=content.lang))


def _page(content: Content, words: Mapping[str, str]) -> dict[str, object]:
    local = content.until.astimezone(ZoneInfo(content.tz))
    themes = dict.fromkeys(
        content.theme_names.get(theme, theme) for entry in (*content.new, *content.moved) for theme, _ in entry.event.themes
    )
    day = f"{local.month}月{local.day}日" if content.lang == "ja" else f"{local.day} {local:%b}"
    subject = "[Monitor] " + words["subject"].format(
        day=day,
        new=len(content.new),
        moved=len(content.moved),
        dates=len(content.deadlines),
        themes=f" ({', '.join(list(themes)[:4])})" if themes else "",
    )
    is_empty = not (content.new or content.moved or content.deadlines)
    when = content.when or words["all"]
    return {
        "subject": subject,
        "words": words,
        "title": words["title"],
        "day": f"{local:%Y-%m-%d %H:%M} {local.tzname()}",
        "empty": "" if not is_empty else words["unread"] if content.notes else words["empty"].format(sources=content.sources),
        "deadlines": [_deadline(each, local.date(), words, content.theme_names) for each in content.deadlines],
        "new": [_entry(each, content, words) for each in content.new],
        "moved": [_entry(each, content, words) for each in content.moved],
        "more": ""
        if not content.left_out
        else words["more"].format(n=content.left_out, when=content.when, since=f"{content.since:%Y-%m-%d}"),
        "notes": list(content.notes),
        "why": words["why"].format(name=content.name, when=when),
        "stop": words["stop"],
    }


def _deadline(each: Deadline, today: date, words: Mapping[str, str], theme_names: Mapping[str, str]) -> dict[str, str]:
    days = (each.date.date - today).days
    return {
        "date": date_text(each.date),
        "left": words["today"] if days == 0 else words["in_days"].format(n=days),
        "kind": date_name(each.date.kind),
        "title": each.date.title,
        "url": each.date.url or "",
        "event": each.event,
        "themes": ", ".join(theme_names.get(theme, theme) for theme in each.themes),
    }


def _entry(entry: Entry, content: Content, words: Mapping[str, str]) -> dict[str, object]:
    event = entry.event
    ordered = sorted(
        entry.items, key=lambda each: (each.item.lang != content.lang, _TIERS.index(each.item.tier), each.item.moment)
    )
    lines = [
        {
            "title": each.item.title,
            "url": each.item.url or "",
            "lang": each.item.lang,
            "source": content.source_names.get(each.item.source, each.item.source),
            "tier": each.item.tier.value,
            "summary": shortened(each.item.summary, 240),
            "id": each.item.id,
        }
        # an event of which every new item repeats an earlier one still gets a line
        for place, each in enumerate(ordered)
        if each.copy_of is None or (place == 0 and all(other.copy_of for other in ordered))
    ]
    shown = {line["id"] for line in lines}
    copies = [content.source_names.get(each.item.source, each.item.source) for each in ordered if each.item.id not in shown]
    facts = [stage_text(event.stage, event.step), *(event.countries[:4])]
    ids = identifier_text(event, 3)
    return {
        "id": event.id,
        "themes": [f"{content.theme_names.get(theme, theme)} {score:.2f}" for theme, score in event.themes],
        "facts": " · ".join(facts),
        "ids": ids,
        "dates": " · ".join(f"{date_name(each.kind)} {date_text(each)}" for each in event.dates[:4]),
        "count": len(event.sources),
        "lines": lines,
        "copies": words["copies"].format(names=", ".join(copies)) if copies else "",
    }


def _text(page: Mapping[str, object]) -> str:
    return _PLAIN.render(page=page)


_PLAIN = Environment(autoescape=False, trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined).from_string(  # noqa: S701
    """\
{{ page.title }} · {{ page.day }}
{% if page.empty %}

{{ page.empty }}
{% endif %}
{% if page.deadlines %}

{{ page.words.deadlines }}
{% for each in page.deadlines %}
  {{ each.date }} ({{ each.left }})  {{ each.kind }}: {{ each.title }}
      {{ each.themes }} · {{ each.event }}{% if each.url %} · {{ each.url }}{% endif %}

{% endfor %}
{% endif %}
{% for heading, entries in [(page.words.new, page.new), (page.words.moved, page.moved)] %}
{% if entries %}

{{ heading }}
{% for entry in entries %}

* {{ entry.lines[0].title }}
  {{ entry.themes | join(", ") }} · {{ entry.facts }}
{% if entry.ids %}
  {{ entry.ids }}
{% endif %}
{% if entry.dates %}
  {{ entry.dates }}
{% endif %}
{% for line in entry.lines %}
  - [{{ line.lang }}] {{ line.source }} ({{ line.tier }}){% if not loop.first %}: {{ line.title }}{% endif %}

{% if line.summary and loop.first %}
    {{ line.summary }}
{% endif %}
{% if line.url %}
    {{ line.url }}
{% endif %}
{% endfor %}
{% if entry.copies %}
  {{ entry.copies }}
{% endif %}
  monitor event {{ entry.id }}
{% endfor %}
{% endif %}
{% endfor %}
{% if page.more %}

{{ page.more }}
{% endif %}
{% if page.notes %}

{{ page.words.coverage }}
{% for note in page.notes %}
  - {{ note }}
{% endfor %}
{% endif %}

--
{{ page.why }}
{{ page.stop }}
"""
)

_TEMPLATE = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined).from_string(
    """\
<!DOCTYPE html>
<html lang="{{ lang }}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<title>{{ page.subject }}</title>
<style>
@media (prefers-color-scheme: dark) {
  body, .card { background: #16181c !important; color: #e6e6e6 !important; }
  a { color: #8ab8ff !important; }
  .soft { color: #a9adb5 !important; }
  .tag { background: #2a3442 !important; color: #cfe0ff !important; }
  .rule { border-color: #34383f !important; }
}
</style>
</head>
<body style="margin:0;padding:0;background:#ffffff;color:#1c1e21;font-family:-apple-system,'Segoe UI','Hiragino Sans','Noto Sans CJK JP',\
'Noto Sans CJK SC',Roboto,Helvetica,Arial,sans-serif;font-size:15px;line-height:1.5;">
<table role="presentation" width="100%" cellpadding="0" cellspacing="0"><tr><td align="center">
<table role="presentation" class="card" width="600" cellpadding="0" cellspacing="0" style="width:100%;max-width:600px;text-align:left;">
<tr><td style="padding:20px 16px 4px;">
<h1 style="font-size:20px;margin:0;">{{ page.title }}</h1>
<p class="soft" style="margin:2px 0 0;color:#5f6670;font-size:13px;">{{ page.day }}</p>
</td></tr>
{% if page.empty %}
<tr><td style="padding:12px 16px;"><p>{{ page.empty }}</p></td></tr>
{% endif %}
{% if page.deadlines %}
<tr><td style="padding:12px 16px 0;">
<h2 style="font-size:16px;margin:8px 0;">{{ page.words.deadlines }}</h2>
{% for each in page.deadlines %}
<p style="margin:0 0 10px;"><strong>{{ each.date }}</strong> <span class="soft" style="color:#5f6670;">({{ each.left }})</span> {{ each.kind }}<br>
{% if each.url %}<a href="{{ each.url }}" rel="noopener" style="color:#0b57d0;">{{ each.title }}</a>{% else %}{{ each.title }}{% endif %}<br>
<span class="soft" style="color:#5f6670;font-size:13px;">{{ each.themes }} · {{ each.event }}</span></p>
{% endfor %}
</td></tr>
{% endif %}
{% for heading, entries in [(page.words.new, page.new), (page.words.moved, page.moved)] %}
{% if entries %}
<tr><td style="padding:12px 16px 0;">
<h2 style="font-size:16px;margin:8px 0;">{{ heading }}</h2>
{% for entry in entries %}
<div class="rule" style="border-top:1px solid #dfe3e8;padding:10px 0;">
{% for line in entry.lines %}
{% if loop.first %}
<p lang="{{ line.lang }}" style="margin:0;font-size:16px;font-weight:600;">\
{% if line.url %}<a href="{{ line.url }}" rel="noopener" style="color:#0b57d0;text-decoration:none;">{{ line.title }}</a>\
{% else %}{{ line.title }}{% endif %}</p>
<p style="margin:4px 0;">{% for theme in entry.themes %}\
<span class="tag" style="background:#e8f0fe;color:#174ea6;border-radius:3px;padding:1px 6px;font-size:12px;">{{ theme }}</span> {% endfor %}
<span class="soft" style="color:#5f6670;font-size:13px;">{{ entry.facts }}</span></p>
{% if entry.dates %}<p style="margin:2px 0;font-size:13px;"><strong>{{ entry.dates }}</strong></p>{% endif %}
{% if entry.ids %}<p class="soft" style="margin:2px 0;color:#5f6670;font-size:13px;">{{ entry.ids }}</p>{% endif %}
{% if line.summary %}<p lang="{{ line.lang }}" style="margin:4px 0;">{{ line.summary }}</p>{% endif %}
<p class="soft" style="margin:2px 0;color:#5f6670;font-size:13px;">{{ line.source }} ({{ line.tier }}, {{ line.lang }})</p>
{% else %}
<p style="margin:4px 0 0 12px;font-size:14px;"><span class="soft" style="color:#5f6670;font-size:12px;">{{ line.lang }} · {{ line.source }} ({{ line.tier }})</span><br>
<span lang="{{ line.lang }}">{% if line.url %}<a href="{{ line.url }}" rel="noopener" style="color:#0b57d0;text-decoration:none;">{{ line.title }}</a>\
{% else %}{{ line.title }}{% endif %}</span></p>
{% endif %}
{% endfor %}
{% if entry.copies %}<p class="soft" style="margin:4px 0 0 12px;color:#5f6670;font-size:13px;">{{ entry.copies }}</p>{% endif %}
<p class="soft" style="margin:4px 0 0;color:#5f6670;font-size:12px;font-family:monospace;">monitor event {{ entry.id }}</p>
</div>
{% endfor %}
</td></tr>
{% endif %}
{% endfor %}
{% if page.more %}<tr><td style="padding:8px 16px;"><p>{{ page.more }}</p></td></tr>{% endif %}
{% if page.notes %}
<tr><td style="padding:12px 16px 0;"><h2 style="font-size:16px;margin:8px 0;">{{ page.words.coverage }}</h2>
<ul style="margin:0;padding-left:20px;font-size:13px;">{% for note in page.notes %}<li>{{ note }}</li>{% endfor %}</ul></td></tr>
{% endif %}
<tr><td class="rule" style="padding:16px;border-top:1px solid #dfe3e8;">
<p class="soft" style="margin:0;color:#5f6670;font-size:12px;">{{ page.why }}<br>{{ page.stop }}</p>
</td></tr>
</table></td></tr></table>
</body>
</html>
"""
)
