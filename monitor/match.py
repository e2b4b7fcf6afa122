"""Does a rule fire on an item, and what becomes of it? Pure: judged item, rule, what was told before, now - to alerts."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from monitor import identifiers, query
from monitor.items import MEANING, Alert, AlertState, Findings, Judged, Limit, Quiet, Rule, Stage, Tag
from monitor.query import And, Field, Node, Not, Or, Word
from monitor.segment import HIRAGANA, STOP_WORDS, contains, fold


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """An item as rules see it: with its event's stage, which may be further than its own."""

    judged: Judged
    stage: Stage
    former: tuple[str, ...] = ()  # ids of events that were merged into its event


@dataclass(frozen=True, slots=True)
class Clause:
    """One part of a query and whether it holds."""

    text: str
    holds: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What was told before, as questions; the answers come from the archive and from this batch."""

    has_verdict: Callable[[str, str, str], bool]  # (rule, item, channel)
    is_told: Callable[[str, str], bool]  # (item, channel)
    count: Callable[[str, datetime, str | None], int]  # alerts to (channel, since, about event or None)


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
    return tuple(Clause(phrase(part), _holds(part, subject, now, themes)) for part in parts)


def phrase(node: Node) -> str:
    """A part of a query as one line."""
    match node:
        case Word(text, is_prefix):
            return f'"{text}"' + ("*" if is_prefix else "")
        case Field(name, values, op, _):
            return f"{name}:{'' if op == '=' else op}{','.join(values)}"
        case Not(inner):
            return f"-{phrase(inner)}"
        case And(nodes):
            return "(" + " ".join(phrase(each) for each in nodes) + ")"
        case Or(nodes):
            return "(" + " OR ".join(phrase(each) for each in nodes) + ")"


def decide(rule: Rule, subject: Subject, past: Past, now: datetime) -> tuple[Alert, ...]:
    """The alerts of a rule on an item, one a channel: waiting, folded or suppressed, each with its reason. () if it does not fire.

    A verdict once given stands: an item that is judged again gets no second one from the same rule.
    """
    item = subject.judged.item
    open_channels = [channel for channel in rule.to if not past.has_verdict(rule.id, item.id, channel)]
    if not open_channels or not matches(compiled(rule.when), subject, now):
        return ()
    return tuple(_alert(rule, subject, channel, past, now) for channel in open_channels)


def _alert(rule: Rule, subject: Subject, channel: str, past: Past, now: datetime) -> Alert:
    item, event = subject.judged.item, subject.judged.link.event
    state, reason = _fate(rule, subject, channel, past, now)
    return Alert(
        rule=rule.id,
        item=item.id,
        event=event,
        channel=channel,
        state=state,
        reason=reason,
        decided_at=now,
        not_before=quiet_until(rule.quiet, now) if rule.quiet else now,
    )


def _fate(rule: Rule, subject: Subject, channel: str, past: Past, now: datetime) -> tuple[AlertState, str]:
    item, link = subject.judged.item, subject.judged.link
    if item.is_backlog and item.published is None and item.changed_at is None:
        return AlertState.SUPPRESSED, "undated, and there when its source was first read"
    age = now - max(item.moment, item.changed_at or item.moment)
    if age > rule.window:
        return AlertState.SUPPRESSED, f"older than the rule's window ({_hours(rule.window)})"
    if link.copy_of and past.has_verdict(rule.id, link.copy_of, channel):
        return AlertState.SUPPRESSED, f"repeats {link.copy_of}"
    if past.is_told(item.id, channel):
        return AlertState.FOLDED, "another rule has told it to this channel"
    for limit, event in ((rule.per_event, link.event), (rule.per_channel, None)):
        if limit is not None and past.count(channel, now - limit.window, event) >= limit.count:
            what = "for one event" if event else "for the channel"
            return AlertState.FOLDED, f"over the limit of {limit_text(limit)} {what}"
    return AlertState.WAITING, why(rule, subject)


def why(rule: Rule, subject: Subject) -> str:
    """Why a rule fired, in one line: its name, the scores it asks for and the evidence."""
    judged = subject.judged
    wanted = set(query.themes(compiled(rule.when)))
    given = [tag for tag in judged.tags if tag.is_given and (not wanted or tag.theme in wanted)]
    names = named(judged.findings)
    parts = [f"rule {rule.id}"]
    for tag in sorted(given, key=lambda each: -each.score)[:2]:
        terms = _told(tag, names)
        parts.append(f"{tag.theme} {tag.score:.2f}" + (f" ({terms})" if terms else ""))
    if judged.model is None:
        parts.append("not classified")
    return " · ".join(parts)


def quiet_until(quiet: Quiet, now: datetime) -> datetime:
    """When an alert of this moment may be sent: now, or the end of the quiet hours."""
    zone = ZoneInfo(quiet.tz)
    local = now.astimezone(zone)
    start, end = time.fromisoformat(quiet.start), time.fromisoformat(quiet.end)
    clock = local.time()
    is_over_midnight = end <= start
    is_quiet = (clock >= start or clock < end) if is_over_midnight else start <= clock < end
    if not is_quiet:
        return now
    day = local.date() + timedelta(days=1) if is_over_midnight and clock >= start else local.date()
    ends = datetime.combine(day, end, zone).astimezone(UTC)
    # in the night when the clock goes back a time comes twice: the second one is meant if the first is over
    return ends if ends > now else datetime.combine(day, end.replace(fold=1), zone).astimezone(UTC)


def limit_text(limit: Limit) -> str:
    """A limit as feeds.yaml writes it: 4/6h."""
    return f"{limit.count}/{_hours(limit.window)}"


def _hours(span: timedelta) -> str:
    hours = span.total_seconds() / 3600
    return f"{hours:g}h" if hours < 72 else f"{hours / 24:g}d"


def is_telling(term: str) -> bool:
    """True if a reason tells a reader something: a word of function or a particle does not, whatever it weighs."""
    return not all(word in STOP_WORDS or HIRAGANA.match(word) or (word.isascii() and len(word) < 2) for word in term.split())


def _told(tag: Tag, names: Mapping[str, str]) -> str:
    """What carried a score, for a reader: words of the text first, then the concepts that they make, then what it is like.

    Args:
        names: how the text calls its entities, by the term of the reason.
    """
    terms = [reason.term for reason in tag.reasons if reason.weight > 0]
    words = [told(term, names) for term in terms if not term.startswith(("{", MEANING)) and is_telling(term)]
    # {theme.query} says no more than its concepts do
    concepts = [told(term, names) for term in terms if term.startswith("{") and "." not in term.partition(":")[0]]
    like = [told(term, names) for term in terms if term.startswith(f"{MEANING} ")]
    return ", ".join(dict.fromkeys([*[*words[:4], *concepts][:4], *like[:1]]))


def told(term: str, names: Mapping[str, str]) -> str:
    """A reason's term for a reader: "出口", chip (半導体) + licence (許可), like “Gallium now needs a licence”.

    Args:
        names: how the text calls its entities, by the term of the reason.
    """
    if term.startswith(MEANING):
        title = term.removeprefix(MEANING).strip()
        return f"like “{title}”" if title else "what it means"
    if term.startswith("{"):
        return " + ".join(_concept(each) for each in term.removeprefix("{").removesuffix("}").split("} + {"))
    if term.startswith("#"):
        return f'"{term.partition(" ")[2] or term[1:]}"'
    return f'"{names.get(term, term.lstrip("@"))}"'


def _concept(term: str) -> str:
    name, _, word = term.partition(": ")
    return name.replace("_", " ") + (f" ({word})" if word else "")


def named(findings: Findings) -> dict[str, str]:
    """How a text calls its entities, by the term of the reason."""
    return {f"@{entity.id}": entity.surface for entity in findings.entities}


def _holds(node: Node, subject: Subject, now: datetime, themes: tuple[str, ...]) -> bool:
    match node:
        case Word(text, is_prefix):
            return contains(fold(subject.judged.item.text), text, is_prefix=is_prefix)
        case Not(inner):
            return not _holds(inner, subject, now, themes)
        case And(nodes):
            return all(_holds(each, subject, now, themes) for each in nodes)
        case Or(nodes):
            return any(_holds(each, subject, now, themes) for each in nodes)
        case Field():
            return _field_holds(node, subject, now, themes)


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
            return subject.stage.value in wanted
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
