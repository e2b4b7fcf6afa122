"""Does an item satisfy a query? And which part of it fails, and why. Pure functions of (query, judged item, now)."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor import identifiers, query
from monitor.items import Item, Judged, Standpoint
from monitor.query import And, Field, Node, Not, Or, Word
from monitor.segment import fold
from monitor.tokens import contains, normal


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """An item as rules see it: with what its event has come to, which may be further than what it shows itself."""

    judged: Judged
    at: Standpoint  # what its event has come to
    former: tuple[str, ...] = ()  # ids of events that were merged into its event


@dataclass(frozen=True, slots=True)
class Clause:
    """One part of a query and whether it holds."""

    text: str
    holds: bool
    has: str = ""  # what the item has instead; "" if it holds, or there is nothing to name


@functools.lru_cache(maxsize=512)
def compiled(when: str) -> Node:
    """The tree of a rule's query.

    Raises:
        QueryError: it cannot be read.
    """
    return query.parse(when)


def matches(node: Node, subject: Subject, now: datetime) -> bool:
    """True if the item satisfies the query."""
    return _holds(node, subject, now, query.themes(node))


def clauses(node: Node, subject: Subject, now: datetime) -> tuple[Clause, ...]:
    """The parts that all have to hold, each with its answer, in the order of the query."""
    parts = node.nodes if isinstance(node, And) else (node,)
    themes = query.themes(node)
    found = []
    for part in parts:
        holds = _holds(part, subject, now, themes)
        text = phrase(part) if part is node else _bracketed(part, And, Or)
        found.append(Clause(text, holds, "" if holds else _has(part, subject, themes)))
    return tuple(found)


def _has(node: Node, subject: Subject, themes: tuple[str, ...]) -> str:
    """What an item has where a part of a query asked for something else: "press" for tier:official."""
    judged, item = subject.judged, subject.judged.item
    match node:
        case Field("theme" | "score"):
            scores = [tag for tag in judged.tags if not themes or tag.theme in themes]
            told = (f"{tag.theme} {tag.score:.2f}{'' if tag.is_given else ' (not given)'}" for tag in scores)
            return ", ".join(sorted(told)) or "not classified"
        case Field("source" | "lang" | "country" | "kind" as name):
            return getattr(item, name) or "none"
        case Field("tier"):
            return item.tier.value
        case Field("stage"):
            return subject.at.stage.value
        case Field("event"):
            return judged.link.event
        case Field("since" | "until"):
            return f"{item.moment:%Y-%m-%d %H:%MZ}"
        case Field("deadline"):
            return ", ".join(each.date.isoformat() for each in judged.findings.dates) or "no key date"
        case Field("entity"):
            return ", ".join(entity.surface for entity in judged.findings.entities[:5]) or "none"
        case Field(name):
            types = identifiers.QUERY_TYPES[name]
            return ", ".join(each.value for each in judged.findings.identifiers if each.type in types) or "none"
        case Word():
            return "not in the text"
        case _:
            return ""


def phrase(node: Node) -> str:
    """A query as one line of the query language, which reads it as the same tree."""
    match node:
        case Word(text, is_prefix):
            return f'"{text}{"*" if is_prefix else ""}"'
        case Field(name, values, op, _):
            return f"{name}:{'' if op == '=' else op}{','.join(map(query.quoted, values))}"
        case Not(inner):
            return f"-{_bracketed(inner, And, Or, Not)}"
        case And(nodes):
            return " ".join(_bracketed(each, And, Or) for each in nodes)
        case Or(nodes):
            return " OR ".join(_bracketed(each, Or) for each in nodes)


def _bracketed(node: Node, *kinds: type[And | Or | Not]) -> str:
    """A part of a query as one line, in brackets if it is one of the kinds."""
    return f"({phrase(node)})" if isinstance(node, kinds) else phrase(node)


def _holds(node: Node, subject: Subject, now: datetime, themes: tuple[str, ...]) -> bool:
    match node:
        case Word(text, is_prefix):
            return any(contains(each, text, is_prefix=is_prefix) for each in _texts(subject.judged.item))
        case Not(inner):
            return not _holds(inner, subject, now, themes)
        case And(nodes):
            return all(_holds(each, subject, now, themes) for each in nodes)
        case Or(nodes):
            return any(_holds(each, subject, now, themes) for each in nodes)
        case Field():
            return _field_holds(node, subject, now, themes)


def _texts(item: Item) -> tuple[str, str]:
    """The two texts of an item in which search looks for words, and no phrase runs from one into the other."""
    return _seen(item.title), _seen(f"{item.summary} {item.page}")


@functools.lru_cache(maxsize=16)
def _seen(text: str) -> str:
    """A text as search sees it; the last ones are kept, for many rules ask about an item many words each."""
    return normal(text)


def _field_holds(node: Field, subject: Subject, now: datetime, themes: tuple[str, ...]) -> bool:
    judged = subject.judged
    item, findings = judged.item, judged.findings
    wanted = {value.casefold() for value in node.values}
    match node.name:
        case "theme":
            return bool(wanted & set(judged.themes))
        case "score":
            scores = [tag.score for tag in judged.tags if tag.is_given and (not themes or tag.theme in themes)]
            return any(_compared(score, node.op, float(node.values[0])) for score in scores)
        case "source" | "lang" | "country" | "kind":
            return (getattr(item, node.name) or "").casefold() in wanted
        case "tier":
            return item.tier.value in wanted
        case "stage":
            return subject.at.stage.value in wanted
        case "event":
            return any(event.casefold().startswith(value) for event in (judged.link.event, *subject.former) for value in wanted)
        case "entity":
            names = {entity.id for entity in findings.entities} | {fold(entity.surface) for entity in findings.entities}
            return bool({fold(value) for value in node.values} & names)
        case "since":
            return item.moment >= query.moment(node.values[0], now)
        case "until":
            return item.moment < query.moment(node.values[0], now, is_end=True)
        case "deadline":
            last = (now + (query.duration(node.values[0]) or timedelta())).date()
            return any(now.date() <= each.date <= last for each in findings.dates)
        case name:
            types = identifiers.QUERY_TYPES[name]
            return any(
                identifiers.is_named(each.value, value)
                for each in findings.identifiers
                if each.type in types
                for value in node.values
            )


def _compared(score: float, op: str, value: float) -> bool:
    match op:
        case ">=":
            return score >= value
        case "<=":
            return score <= value
        case ">":
            return score > value
        case "<":
            return score < value
        case _:
            return score == value
