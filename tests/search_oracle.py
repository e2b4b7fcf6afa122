"""What a query means, item by item in Python over what was put in: no SQL and no index, so that search can be wrong on its own."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from builders import NOW, an_item

from monitor import identifiers, query
from monitor.archive import Archive
from monitor.archive.intake import Change
from monitor.archive.values import written
from monitor.dedupe import sort_out
from monitor.items import Item, SourceState, Stage, Tier
from monitor.query import And, Field, Node, Not, Or, Word
from monitor.segment import fold
from monitor.tokens import contains, normal

WORDS = "export exports control gallium 輸出 輸出管理 規制 半導体 米 中 ガリウム 出口管制 稀土 수출 통제 5G news".split()
SPACES = ("", " ", "、", ". ")
THEMES = ("telecom_5g", "export_control")
IDENTIFIERS = (
    ("cfr", "15 CFR 744.23(a)"),
    ("cfr", "15 CFR 7441"),
    ("rin", "0694-AJ12"),
    ("cn_docno", "海关总署公告 2025-12"),
    ("jp_law_no", "令和4年法律第43号 (2022)"),
    ("hs", "280530"),
    ("us_act", "EO 14105"),
)
ENTITIES = (
    ("us-bis", "Bureau of Industry and Security"),
    ("co-sg", "Société Générale"),
    ("co-asml", "ＡＳＭＬ"),
    ("tr", "Türkiye"),
    ("tr", "TÜRKİYE"),
    ("jp-law", "電気通信（安全保障）法"),
)
KINDS = (None, "ministry", "Ämter", "STRAẞE")
EVENTS = {"E-a1": Stage.FINAL, "E-b2": Stage.PROPOSED, "E-c3": Stage.REPORTED}
MERGED = {"E-d4": "E-a1"}
"""Events that went into others."""


@dataclass(slots=True, kw_only=True)
class Known:
    """An item and what was found in it, as they were put in."""

    item: Item
    themes: dict[str, float] = field(default_factory=dict)  # those that it was given
    event: str | None = None  # None: not judged yet
    identifiers: set[tuple[str, str]] = field(default_factory=set)
    entities: dict[str, str] = field(default_factory=dict)  # what stands in the text, by entity
    dates: set[date] = field(default_factory=set)


def expected(node: Node, known: list[Known], now: datetime = NOW) -> list[str]:
    """Ids of the items that match, newest first; of those of one moment the last that came first."""
    themes = query.themes(node)
    found = [each for each in reversed(known) if holds(node, each, themes, now)]
    return [each.item.id for each in sorted(found, key=lambda each: written(each.item.moment), reverse=True)]


def holds(node: Node, known: Known, themes: tuple[str, ...], now: datetime) -> bool:
    """True if an item matches."""
    match node:
        case Word(text, is_prefix):
            texts = (normal(known.item.title), normal(known.item.summary))
            return any(contains(each, text, is_prefix=is_prefix) for each in texts)
        case Not(inner):
            return not holds(inner, known, themes, now)
        case And(nodes):
            return all(holds(each, known, themes, now) for each in nodes)
        case Or(nodes):
            return any(holds(each, known, themes, now) for each in nodes)
        case Field():
            return any(_is(node, value, known, themes, now) for value in node.values)


def _is(node: Field, value: str, known: Known, themes: tuple[str, ...], now: datetime) -> bool:
    cased = value.casefold()
    match node.name:
        case "theme":
            return cased in known.themes
        case "score":
            scores = [score for theme, score in known.themes.items() if not themes or theme in themes]
            wanted = float(value)
            signs = {">=": wanted.__le__, "<=": wanted.__ge__, ">": wanted.__lt__, "<": wanted.__gt__, "=": wanted.__eq__}
            return any(signs[node.op](score) for score in scores)
        case "tier":
            return known.item.tier.value == cased
        case "source" | "lang" | "country" | "kind":
            return (getattr(known.item, node.name) or "").casefold() == cased
        case "event":
            names = [known.event, *(old for old, into in MERGED.items() if into == known.event)]
            return any(name is not None and name.casefold().startswith(cased) for name in names)
        case "stage":
            return known.event is not None and EVENTS[known.event].value == cased
        case "entity":
            return any(fold(value) in (entity, fold(surface)) for entity, surface in known.entities.items())
        case "since":
            return known.item.moment >= query.moment(value, now)
        case "until":
            return known.item.moment < query.moment(value, now, is_end=True)
        case "deadline":
            last = (now + (query.duration(value) or timedelta())).date()
            return any(now.date() <= day <= last for day in known.dates)
        case name:
            types = identifiers.QUERY_TYPES[name]
            return any(kind in types and identifiers.is_named(each, value) for kind, each in known.identifiers)


def made_up(rng: random.Random, number: int) -> Item:
    """An item of a few words, of any time in the last two years, that came in now."""
    text = "".join(rng.choice(WORDS) + rng.choice(SPACES) for _ in range(rng.randrange(2, 9)))
    head, _, tail = text.partition(" ")
    return an_item(
        source=f"s-{rng.randrange(4)}",
        key=str(number),
        url=f"http://x.example/{number}",
        title=f"{head or '無題'} {number}",
        summary=tail,
        published=None if rng.random() < 0.1 else NOW - timedelta(seconds=rng.randrange(2 * 365 * 86_400)),
        first_seen=NOW,
        lang=rng.choice(("ja", "en", "zh")),
        country=rng.choice(("JP", "US", None)),
        kind=rng.choice(KINDS),
        tier=rng.choice(list(Tier)),
    )


def store(archive: Archive, *items: Item) -> None:
    """Take items in, new or revised."""
    for source in dict.fromkeys(item.source for item in items):
        own = [item for item in items if item.source == source]
        found = sort_out(archive.intake.known(source, own), own)
        archive.intake.store(Change(found=found, state=SourceState(id=source), at=NOW))


def fill(archive: Archive, count: int = 400) -> list[Known]:
    """Put items in, in several commits and no order of time, some revised; and what was found in most of them. In order of arrival."""
    rng = random.Random(5)
    items = [made_up(rng, number) for number in range(count)]
    for start in range(0, count, 27):
        store(archive, *items[start : start + 27])
    for place in rng.sample(range(count), count // 10):
        changed = made_up(rng, 1000 + place)
        old = items[place]
        same = {name: getattr(old, name) for name in ("source", "key", "url", "published", "lang", "country", "kind", "tier")}
        items[place] = an_item(**same, first_seen=NOW, title=changed.title, summary=changed.summary)
        store(archive, items[place])
    known = {item.id: Known(item=item) for item in items}
    for each in known.values():
        _find(rng, each)
    _write(archive, known)
    order = archive._connection.execute("select id from items order by n").fetchall()
    return [known[row["id"]] for row in order]


def _find(rng: random.Random, known: Known) -> None:
    """Make up what judgement says of an item; of some, nothing yet."""
    if rng.random() < 0.2:
        return
    known.event = rng.choice(list(EVENTS))
    known.themes = {theme: rng.choice((0.5, 0.8, 0.95)) for theme in THEMES if rng.random() < 0.3}
    known.identifiers = set(rng.sample(IDENTIFIERS, rng.randrange(3)))
    known.entities = dict(rng.sample(ENTITIES, rng.randrange(3)))
    known.dates = {(NOW + timedelta(days=rng.randrange(-40, 90))).date() for _ in range(rng.randrange(2))}


def _write(archive: Archive, known: dict[str, Known]) -> None:
    put = archive._connection.execute
    for event, stage in (*EVENTS.items(), *((old, Stage.REPORTED) for old in MERGED)):
        into = MERGED.get(event)
        put(
            "insert into events (id, opened_at, moved_at, stage, into_event) values (?, '2026', '2026', ?, ?)",
            [event, stage.value, into],
        )
    for item, each in known.items():
        put("update items set event = ? where id = ?", [each.event, item])
        for theme in THEMES:  # the others have a score, too, which is not enough
            put("insert into tags values (?, ?, ?, ?, '[]')", [item, theme, each.themes.get(theme, 0.1), theme in each.themes])
        for kind, value in each.identifiers:
            put("insert into identifiers values (?, ?, ?, ?)", [item, kind, value, identifiers.loose(value)])
        for entity, surface in each.entities.items():
            put("insert into entities values (?, ?, 'company', ?)", [item, entity, surface])
        for day in each.dates:
            put("insert into key_dates values (?, 'effective', ?, '', 1.0)", [item, day.isoformat()])
