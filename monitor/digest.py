"""The daily mail: what is due, what is new, what moved, what fell quiet, what could not be read - as text and as HTML. Pure.

The text part is complete by itself. The HTML has no remote content and no script, and every text of a source is escaped by the
template engine; what it looks like is in templates/, what it says in digest_words.
"""

from __future__ import annotations

import base64
import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from monitor import chart
from monitor.compose import date_text, identifier_text, moment_text, shortened
from monitor.digest_content import DEADLINE_DAYS, Content, Dated, ThemeDays, Told
from monitor.digest_words import WORDS, Words, counted, day_name, distance, kind_name, lowered, stage_name, tier_name
from monitor.events import Event
from monitor.items import Filed, Item, Tier
from monitor.messages import File
from monitor.normalise import clean
from monitor.standing import Standing

MAX_LINES = 4
"""Items that are shown of one event."""
MAX_THEMES = 4
"""Rows of the chart."""
SUMMARY = 240
"""Characters of an item's summary."""
GLIMPSE = 200
WEEK = 7
URGENT = 3
"""Days up to which a date stands out."""
BARS = (240, 24)
"""Width and height of a row of the chart."""
_TIERS = tuple(Tier)


@dataclass(frozen=True, slots=True, kw_only=True)
class Digest:
    """A digest as mail parts."""

    subject: str
    text: str
    html: str
    files: tuple[File, ...] = ()  # the chart, which the HTML shows by its id, and the calendar


_PLACE = FileSystemLoader(Path(__file__).parent / "templates")
_HTML = Environment(loader=_PLACE, autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined)
_TEXT = Environment(loader=_PLACE, autoescape=False, trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined)  # noqa: S701


def render(content: Content) -> Digest:
    """The subject, the plain part, the HTML part and the files of a digest."""
    words = WORDS.get(content.lang, WORDS["en"])
    files = [_picture(number, each) for number, each in enumerate(_charted(content))]
    if content.changed:
        from monitor.calendar import calendar  # as the chart's pictures: once a day

        text = calendar(content.changed, content.until, is_published=True)
        files.append(File(name="deadlines.ics", media_type="text/calendar", content=text.encode()))
    page = _page(content, words)
    return Digest(
        subject=str(page["subject"]),
        text=_TEXT.get_template("digest.txt.j2").render(page=page, words=words),
        html=_HTML.get_template("digest.html.j2").render(page=page, words=words),
        files=tuple(files),
    )


def standalone(digest: Digest) -> str:
    """The HTML as a file that shows its pictures by itself."""
    html = digest.html
    for each in digest.files:
        if each.cid is not None:
            inside = f"data:{each.media_type};base64,{base64.b64encode(each.content).decode('ascii')}"
            html = html.replace(f'src="cid:{each.cid}"', f'src="{inside}"')
    return html


def _page(content: Content, words: Words) -> dict[str, object]:
    local = content.until.astimezone(ZoneInfo(content.tz))
    today = local.date()
    sections = [
        (name, title, [_event(each, content, words, today) for each in told])
        for name, title, told in (
            ("new", words.new, content.new),
            ("escalated", words.escalated, content.escalated),
            ("moved", words.moved, content.moved),
            ("quiet", words.quiet, content.quiet),
        )
        if told
    ]
    is_empty = not (sections or content.singles or content.dates)
    is_all_read = not content.notes and content.read == content.sources
    return {
        "lang": content.lang,
        "subject": f"[Monitor] {day_name(content.lang, today, today, has_weekday=False)}: {_subject(content, words, today)}",
        "name": clean(content.name),
        "day": day_name(content.lang, today, today),
        "at": moment_text(local),
        "since": words.since.format(moment=moment_text(content.since.astimezone(ZoneInfo(content.tz)))),
        "summary": _summary(content, words),
        "glimpse": _glimpse(content),
        "empty": "" if not is_empty else words.all_read.format(n=content.sources) if is_all_read else words.not_all_read,
        "chart": [_chart_row(number, each, content, words) for number, each in enumerate(_charted(content))],
        "chart_days": len(content.days[0].counts) if content.days else 0,
        "dates": [_date(each, content, words, today) for each in content.dates],
        "more_dates": words.more.format(n=content.dates_left_out, command=f"monitor deadlines --within {DEADLINE_DAYS}d")
        if content.dates_left_out
        else "",
        "calendar": words.calendar.format(n=len(content.changed)) if content.changed else "",
        "sections": sections,
        "singles": _by_theme(content, words),
        "more": words.more.format(n=content.left_out, command=_command(content)) if content.left_out else "",
        "notes": [clean(note) for note in content.notes],
        "watched": _watched(content, words),
        "why": words.why.format(name=clean(content.name), wants=clean(content.wants) or words.everything),
        "stop": content.stop or "",
    }


def _subject(content: Content, words: Words, today: date) -> str:
    soon = sum(
        0 <= (each.deadline.date.date - today).days < WEEK and not each.deadline.date.is_withdrawn for each in content.dates
    )
    told = (
        [("new", len(content.new)), ("escalated", len(content.escalated)), ("week", soon)],
        [("moved", len(content.moved)), ("singles", len(content.singles)), ("dates", len(content.dates))],
        [("quiet", len(content.quiet))],
    )
    # what matters; of the rest only if there is nothing that does
    parts = next((found for row in told if (found := [counted(words, name, n) for name, n in row if n])), [words.nothing])
    themes = dict.fromkeys(
        _theme(theme, content)
        for each in (*content.new, *content.escalated, *content.moved, *content.singles)
        for theme, _ in each.event.themes[:2]
    )
    named = words.comma.join(lowered(each) for each in list(themes)[:3])
    return words.joint.join(parts) + (words.themes.format(names=named) if named else "")


def _summary(content: Content, words: Words) -> list[str]:
    counts = [
        ("dates", len(content.dates)),
        ("new", len(content.new)),
        ("escalated", len(content.escalated)),
        ("moved", len(content.moved)),
        ("quiet", len(content.quiet)),
        ("singles", len(content.singles)),
    ]
    return [counted(words, name, n) for name, n in counts if n]


def _glimpse(content: Content) -> str:
    """What a list of mails shows after the subject: the first titles."""
    told = (*content.new, *content.escalated, *content.moved, *content.singles)
    titles = [(each.lead or _ordered(each.items, content.lang)[0].item).title for each in told[:3]]
    return shortened(" · ".join(shortened(clean(title), 90) for title in titles), GLIMPSE)


def _watched(content: Content, words: Words) -> str:
    said = words.watched.format(sources=content.sources, read=content.read, came=content.came)
    if content.last_reading is None:
        return said
    moment = moment_text(content.last_reading.astimezone(ZoneInfo(content.tz)))
    return f"{said} {words.last_reading.format(moment=moment)}"


def _charted(content: Content) -> tuple[ThemeDays, ...]:
    return tuple(each for each in content.days if any(each.counts))[:MAX_THEMES]


def _picture(number: int, days: ThemeDays) -> File:
    width, height = BARS
    return File(
        name=f"days-{number + 1}.png",
        media_type="image/png",
        content=chart.bars(days.counts, width=width, height=height),
        cid=f"days-{number + 1}@econsec-monitor",
    )


def _chart_row(number: int, days: ThemeDays, content: Content, words: Words) -> dict[str, object]:
    figures = {"total": sum(days.counts), "last": days.counts[-1], "highest": max(days.counts), "n": len(days.counts)}
    theme = _theme(days.theme, content)
    return {
        "theme": theme,
        "cid": f"days-{number + 1}@econsec-monitor",
        "width": BARS[0],
        "height": BARS[1],
        "figures": words.chart_row.format(**figures),
        "alt": words.chart_alt.format(theme=theme, **figures),
    }


def _date(each: Dated, content: Content, words: Words, today: date) -> dict[str, object]:
    stands, lang = each.deadline.date, content.lang
    changed_from = each.was or (stands.was[-1] if stands.was else None)
    mark = ""
    if each.change is not None:
        mark = words.marks[each.change.value].format(was="" if each.was is None else day_name(lang, each.was, today))
    elif stands.is_withdrawn:
        mark = words.marks["withdrawn"]
    is_moved_before = each.change is None and changed_from is not None
    return {
        "iso": stands.date.isoformat(),
        "day": day_name(lang, stands.date, today),
        "left": distance(words, stands.date, today),
        "is_urgent": 0 <= (stands.date - today).days <= URGENT and not stands.is_withdrawn,
        "is_withdrawn": stands.is_withdrawn,
        "kind": kind_name(lang, stands.kind),
        "mark": mark,
        "was": words.was.format(was=day_name(lang, changed_from, today)) if is_moved_before and changed_from is not None else "",
        "title": clean(each.item.title),
        "url": _url(each.item),
        "lang": each.item.lang,
        "source": _source(each.item, content),
        "themes": ", ".join(_theme(theme, content) for theme in each.deadline.themes),
        "event": each.deadline.event,
    }


def _event(told: Told, content: Content, words: Words, today: date) -> dict[str, object]:
    event, lang = told.event, content.lang
    ordered = _ordered(told.items, lang)
    # an event of which every new item repeats an earlier one still gets a line
    own = [each for each in ordered if each.copy_of is None] or ordered[:1]
    items = [each.item for each in own if told.lead is None or each.item.id != told.lead.id]
    if told.lead is not None:
        items.insert(0, told.lead)
    lines = [_line(item, content) for item in items[:MAX_LINES]]
    shown = {item.id for item in items}
    copies = dict.fromkeys(_source(each.item, content) for each in ordered if each.item.id not in shown)
    stage = stage_name(lang, event.stage, event.step)
    was = told.was
    is_moved_on = was is not None and was.stage is not event.stage
    if is_moved_on and was is not None:
        stage = f"{stage_name(lang, was.stage, was.step if was.step != event.step else None)} → {stage}"
    sources = words.one_source if told.sources == 1 else words.many_sources.format(n=told.sources)
    if was is not None and was.sources < told.sources:
        sources = words.sources.format(was=was.sources, n=told.sources)
    ahead = [each for each in event.dates if each.date >= today][:4]
    is_old = was is not None and not told.is_known
    return {
        "id": event.id,
        "stage": stage,
        "is_moved_on": is_moved_on,
        "countries": " · ".join(event.countries[:4]),
        "sources": sources,
        "themes": [f"{_theme(theme, content)} {score:.2f}" for theme, score in event.themes[:3]],
        "ids": identifier_text(event, 3),
        "dates": " · ".join(f"{kind_name(lang, each.kind)} {date_text(each)}" for each in ahead),
        "days": " · ".join(_day_text(each, lang, words, today) for each in ahead),
        "under_way": words.under_way.format(day=_day_of(event.first_seen, content, today)) if is_old else "",
        "lines": lines,
        "more": words.more_items.format(n=len(items) - len(lines)) if len(items) > len(lines) else "",
        "copies": words.also.format(names=words.comma.join(copies)) if copies else "",
        "last": words.last_item.format(day=_day_of(event.last_seen, content, today)),
        "next": _next(event, words, content, today),
    }


def _day_text(each: Standing, lang: str, words: Words, today: date) -> str:
    """A key date beside its event: Comments close Mon 4 May, was Mon 20 Apr."""
    said = f"{kind_name(lang, each.kind)} {day_name(lang, each.date, today)}"
    if each.is_withdrawn:
        return f"{said}, {words.marks['withdrawn']}"
    return f"{said}, {words.was.format(was=day_name(lang, each.was[-1], today))}" if each.was else said


def _next(event: Event, words: Words, content: Content, today: date) -> str:
    """The step that is expected, and since when it is overdue; "" where nobody can say."""
    if event.expected is None:
        return ""
    due = event.expected.due
    said = words.next.format(step=event.expected.step)
    if due is None:
        return said
    return said + (words.overdue if due < today else words.due).format(day=day_name(content.lang, due, today, has_weekday=False))


def _line(item: Item, content: Content) -> dict[str, str]:
    return {
        "title": clean(item.title),
        "url": _url(item),
        "lang": item.lang,
        "source": _source(item, content),
        "tier": tier_name(content.lang, item.tier),
        "summary": shortened(clean(item.summary), SUMMARY),
        "id": item.id,
    }


def _by_theme(content: Content, words: Words) -> list[tuple[str, list[dict[str, str]]]]:
    """Single items under the theme that each has most of, in the order in which the themes come first."""
    found: dict[str, list[dict[str, str]]] = {}
    for each in content.singles:
        item = _ordered(each.items, content.lang)[0]
        theme = _theme(item.themes[0][0], content) if item.themes else words.no_theme
        found.setdefault(theme, []).append(_line(item.item, content))
    return list(found.items())


def _ordered(items: Iterable[Filed], lang: str) -> list[Filed]:
    """In the reader's language first, then the nearest source, then the first."""
    return sorted(items, key=lambda each: (each.item.lang != lang, _TIERS.index(each.item.tier), each.item.moment))


def _command(content: Content) -> str:
    """What lists all that a digest had no room for."""
    day = content.since.date().isoformat()
    if not content.when:
        return f"monitor events --since {day}"
    when = f"({content.when})" if " OR " in content.when else content.when
    return f"monitor search {shlex.quote(f'{when} since:{day}')}"


def _day_of(moment: datetime, content: Content, today: date) -> str:
    return day_name(content.lang, moment.astimezone(ZoneInfo(content.tz)).date(), today, has_weekday=False)


def _url(item: Item) -> str:
    """The address of an item if a reader may click it; "" else."""
    return item.url if item.url is not None and item.url.lower().startswith(("http://", "https://")) else ""


def _source(item: Item, content: Content) -> str:
    return clean(content.source_names.get(item.source, item.source))


def _theme(theme: str, content: Content) -> str:
    return clean(content.theme_names.get(theme, theme))
