"""An event as a pack of evidence: every item with source, title, dates, time of retrieval and hash, in five forms. Pure.

Texts of sources stay inert: escaped in HTML, Markdown and BibTeX, and no formula in CSV.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from jinja2 import Environment, StrictUndefined

from monitor.compose import date_name, date_text, stage_text
from monitor.dates import stamp
from monitor.events import Event
from monitor.items import Filed, Identifier, KeyDate, Shown
from monitor.normalise import harmless

_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>#|~])")
_LIST = re.compile(r"^(\d*)([-+=.)])")
"""What makes a list, a rule or a heading of a line that begins with it."""
_BIBTEX = {"\\": r"\textbackslash{}", "{": r"\textbraceleft{}", "}": r"\textbraceright{}", "%": r"\%", "&": r"\&", "$": r"\$", "#": r"\#", "_": r"\_",
           "^": r"\textasciicircum{}", "~": r"\textasciitilde{}"}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One item of a pack."""

    filed: Filed
    body: str = ""  # of the page at its address; "" if it was not read
    revisions: int = 0  # how often its source changed it since
    shown: Shown | None = None
    dates: tuple[KeyDate, ...] = ()
    identifiers: tuple[Identifier, ...] = ()

    @property
    def retrieved(self) -> datetime:
        """When the text that the pack shows was fetched: its source may have changed it since it was first seen."""
        return max(self.filed.item.first_seen, self.filed.item.changed_at or self.filed.item.first_seen)

    @property
    def sha256(self) -> str:
        """Of the UTF-8 bytes of what was retrieved: title, line end, summary and, where the page was read, line end and its text."""
        item = self.filed.item
        text = "\n".join((item.title, item.summary, *([self.body] if self.body else [])))
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Pack:
    """Everything that an evidence pack holds."""

    event: Event
    pieces: tuple[Piece, ...]  # in order of time
    source_names: Mapping[str, str]
    made_at: datetime


COLUMNS = (
    "item", "source", "source_name", "tier", "country", "lang", "title", "summary", "url", "published", "retrieved", "first_seen", "changed",
    "copy_of", "themes", "identifiers", "dates", "step", "sha256",
)  # fmt: skip
"""Of the table; keys of an item in JSON."""


def as_json(pack: Pack) -> str:
    """One object: the event's facts and its items."""
    event = pack.event
    found = {
        "event": event.id,
        "title": event.title,
        "stage": event.stage.value,
        "step": event.step,
        "jurisdiction": event.jurisdiction,
        "made_at": stamp(pack.made_at),
        "way": [
            {"at": stamp(each.at), "stage": each.stage.value, "step": each.step, "item": each.item, "sentence": each.sentence}
            for each in event.way
        ],
        "dates": [
            {
                "kind": each.kind.value,
                "date": each.date.isoformat(),
                "was": [day.isoformat() for day in each.was],
                "withdrawn": each.is_withdrawn,
                "item": each.item,
                "sentence": each.sentence,
            }
            for each in event.dates
        ],
        "items": [_row(pack, each) for each in pack.pieces],
    }
    return json.dumps(found, ensure_ascii=False, indent=1) + "\n"


def as_csv(pack: Pack) -> str:
    """One row an item."""
    rows = [_row(pack, each) for each in pack.pieces]
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in rows:
        writer.writerow([harmless(_cell(row[name])) for name in COLUMNS])
    return stream.getvalue()


def as_bibtex(pack: Pack) -> str:
    """One @online entry an item. Source: biblatex manual, section 2.1 (online: title, url, date, urldate)."""
    found = []
    for each in pack.pieces:
        item = each.filed.item
        fields = {
            "title": "{" + _bibtex(item.title) + "}",
            "organization": "{" + _bibtex(pack.source_names.get(item.source, item.source)) + "}",
            **({} if item.published is None else {"date": item.published.date().isoformat()}),
            "urldate": each.retrieved.date().isoformat(),
            "langid": item.lang,
            "note": f"Event {pack.event.id}, item {item.id}, SHA-256 {each.sha256}",
        }
        if item.url:
            fields["url"] = item.url.replace("{", "%7B").replace("}", "%7D")
        lines = ",\n".join(f"  {name} = {{{value}}}" for name, value in fields.items())
        found.append(f"@online{{{item.id},\n{lines}\n}}\n")
    return "\n".join(found)


def as_markdown(pack: Pack) -> str:
    """A document that reads by itself."""
    return _MARKDOWN_PAGE.render(page=_page(pack, _markdown))


def as_html(pack: Pack) -> str:
    """A page that stands by itself: no script, nothing from elsewhere."""
    return _HTML_PAGE.render(page=_page(pack, lambda text: text))


FORMS: Mapping[str, Callable[[Pack], str]] = {
    "md": as_markdown,
    "html": as_html,
    "csv": as_csv,
    "json": as_json,
    "bibtex": as_bibtex,
}


def _row(pack: Pack, each: Piece) -> dict[str, Any]:
    item = each.filed.item
    return {
        "item": item.id,
        "source": item.source,
        "source_name": pack.source_names.get(item.source, item.source),
        "tier": item.tier.value,
        "country": item.country,
        "lang": item.lang,
        "title": item.title,
        "summary": item.summary,
        "url": item.url,
        "published": None if item.published is None else stamp(item.published),
        "retrieved": stamp(each.retrieved),
        "first_seen": stamp(item.first_seen),
        "changed": each.revisions,
        "copy_of": each.filed.copy_of,
        "themes": [theme for theme, _ in each.filed.themes],
        "identifiers": [f"{key.type}:{key.value}" for key in each.identifiers],
        "dates": [f"{stated.kind.value} {stated.date.isoformat()}" for stated in each.dates],
        "step": None if each.shown is None else f"{each.shown.jurisdiction} {each.shown.step}",
        "sha256": each.sha256,
    }


def _page(pack: Pack, escaped: Callable[[str], str]) -> dict[str, Any]:
    event = pack.event
    return {
        "id": event.id,
        "title": escaped(event.title),
        "lang": next((each.filed.item.lang for each in pack.pieces if each.filed.item.title == event.title), "en"),
        "titles": [(each.lang, escaped(each.title)) for each in event.titles if each.title != event.title],
        "stage": escaped(stage_text(event.stage, event.step)),
        "jurisdiction": event.jurisdiction or "",
        "way": [
            (
                f"{each.at:%Y-%m-%d}",
                escaped(stage_text(each.stage, each.step)),
                each.item or "by its date",
                escaped(each.sentence),
            )
            for each in event.way
        ],
        "expected": ""
        if event.expected is None
        else escaped(
            f"{event.expected.step}{f' by {event.expected.due}' if event.expected.due else ''} ({event.expected.basis})"
        ),
        "dates": [(date_text(each), date_name(each.kind), escaped(each.sentence), each.item) for each in event.dates],
        "identifiers": [escaped(f"{each.type} {each.value}") for each in event.identifiers],
        "made_at": stamp(pack.made_at),
        "items": [
            {
                "id": each.filed.item.id,
                "title": escaped(each.filed.item.title),
                "lang": each.filed.item.lang,
                "source": escaped(pack.source_names.get(each.filed.item.source, each.filed.item.source)),
                "tier": each.filed.item.tier.value,
                "summary": escaped(each.filed.item.summary),
                "url": each.filed.item.url or "",
                "published": "not stated" if each.filed.item.published is None else stamp(each.filed.item.published),
                "retrieved": stamp(each.retrieved),
                "changed": each.revisions,
                "copy_of": each.filed.copy_of or "",
                "sha256": each.sha256,
            }
            for each in pack.pieces
        ],
    }


def _markdown(text: str) -> str:
    """A text in which Markdown sees no markup."""
    plain = _MARKDOWN.sub(r"\\\1", " ".join(text.split()).replace("&", "&amp;"))
    return _LIST.sub(r"\1\\\2", plain)


def _bibtex(text: str) -> str:
    return "".join(_BIBTEX.get(character, character) for character in text)


def _cell(value: object) -> str:
    if value is None:
        return ""
    return "; ".join(map(str, value)) if isinstance(value, list) else str(value)


_MARKDOWN_PAGE = Environment(autoescape=False, trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined).from_string(  # noqa: S701
    """\
# {{ page.title }}

Evidence pack of event {{ page.id }}, made {{ page.made_at }}.
{% for lang, title in page.titles %}

[{{ lang }}] {{ title }}
{% endfor %}

**Stage:** {{ page.stage }}{{ " in " + page.jurisdiction if page.jurisdiction else "" }}

{% if page.expected %}
**Expected next:** {{ page.expected }}

{% endif %}
{% if page.identifiers %}
**Identifiers:** {{ page.identifiers | join(" · ") }}

{% endif %}
## How it came to this stage

| day | stage | shown by | words |
|---|---|---|---|
{% for at, stage, item, sentence in page.way %}
| {{ at }} | {{ stage }} | {{ item }} | {{ sentence }} |
{% endfor %}
{% if page.dates %}

## Key dates

| day | what | words | stated by |
|---|---|---|---|
{% for day, kind, sentence, item in page.dates %}
| {{ day }} | {{ kind }} | {{ sentence }} | {{ item }} |
{% endfor %}
{% endif %}

## Items
{% for item in page["items"] %}

### {{ item.title }}

{% if item.summary %}
{{ item.summary }}

{% endif %}
- source: {{ item.source }} ({{ item.tier }}, {{ item.lang }})
- published: {{ item.published }}
- retrieved: {{ item.retrieved }}
{% if item.url %}
- address: <{{ item.url }}>
{% endif %}
{% if item.changed %}
- changed by its source since: {{ item.changed }} times
{% endif %}
{% if item.copy_of %}
- repeats: {{ item.copy_of }}
{% endif %}
- item: {{ item.id }}
- SHA-256: `{{ item.sha256 }}`
{% endfor %}

SHA-256 is of the UTF-8 bytes of title, line end, summary and, where the page was read, line end and its text, as retrieved.
"""
)

_HTML_PAGE = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined).from_string(
    """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{{ page.title }}</title>
<style>
:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, "Hiragino Sans", "Noto Sans CJK JP", "Noto Sans CJK SC", sans-serif; max-width: 52rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; margin: .5rem 0 1.5rem; }
th, td { text-align: left; vertical-align: top; padding: .3rem .6rem .3rem 0; border-bottom: 1px solid color-mix(in srgb, currentColor 20%, transparent); }
th { font-weight: 600; }
td:first-child, td.id { white-space: nowrap; }
.soft { opacity: .75; font-size: 13px; }
code { font-size: 12px; overflow-wrap: anywhere; }
article { margin: 1.5rem 0; page-break-inside: avoid; }
h3 { margin: 0 0 .2rem; }
dl { display: grid; grid-template-columns: 8rem 1fr; margin: .3rem 0; font-size: 13px; }
dd { margin: 0; overflow-wrap: anywhere; }
</style>
</head>
<body>
<h1 lang="{{ page.lang }}">{{ page.title }}</h1>
<p class="soft">Evidence pack of event {{ page.id }}, made {{ page.made_at }}.</p>
{% for lang, title in page.titles %}
<p lang="{{ lang }}">{{ title }} <span class="soft">{{ lang }}</span></p>
{% endfor %}
<p><strong>Stage:</strong> {{ page.stage }}{% if page.jurisdiction %} in {{ page.jurisdiction }}{% endif %}</p>
{% if page.expected %}
<p><strong>Expected next:</strong> {{ page.expected }}</p>
{% endif %}
{% if page.identifiers %}
<p><strong>Identifiers:</strong> {{ page.identifiers | join(" · ") }}</p>
{% endif %}
<h2>How it came to this stage</h2>
<table>
<tr><th>day</th><th>stage</th><th>shown by</th><th>words</th></tr>
{% for at, stage, item, sentence in page.way %}
<tr><td>{{ at }}</td><td>{{ stage }}</td><td class="id">{{ item }}</td><td>{{ sentence }}</td></tr>
{% endfor %}
</table>
{% if page.dates %}
<h2>Key dates</h2>
<table>
<tr><th>day</th><th>what</th><th>words</th><th>stated by</th></tr>
{% for day, kind, sentence, item in page.dates %}
<tr><td>{{ day }}</td><td>{{ kind }}</td><td>{{ sentence }}</td><td class="id">{{ item }}</td></tr>
{% endfor %}
</table>
{% endif %}
<h2>Items</h2>
{% for item in page["items"] %}
<article lang="{{ item.lang }}">
<h3>{% if item.url %}<a href="{{ item.url }}" rel="noopener noreferrer">{{ item.title }}</a>{% else %}{{ item.title }}{% endif %}</h3>
{% if item.summary %}
<p>{{ item.summary }}</p>
{% endif %}
<dl lang="en">
<dt>source</dt><dd>{{ item.source }} ({{ item.tier }}, {{ item.lang }})</dd>
<dt>published</dt><dd>{{ item.published }}</dd>
<dt>retrieved</dt><dd>{{ item.retrieved }}</dd>
{% if item.url %}
<dt>address</dt><dd>{{ item.url }}</dd>
{% endif %}
{% if item.changed %}
<dt>changed since</dt><dd>{{ item.changed }} times</dd>
{% endif %}
{% if item.copy_of %}
<dt>repeats</dt><dd>{{ item.copy_of }}</dd>
{% endif %}
<dt>item</dt><dd>{{ item.id }}</dd>
<dt>SHA-256</dt><dd><code>{{ item.sha256 }}</code></dd>
</dl>
</article>
{% endfor %}
<p class="soft">SHA-256 is of the UTF-8 bytes of title, line end, summary and, where the page was read, line end and its text, as retrieved.</p>
</body>
</html>
"""
)
