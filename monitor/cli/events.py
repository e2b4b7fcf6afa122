"""Commands about events: what moved, one event, its merges and splits, deadlines."""

from __future__ import annotations

from collections import Counter
from datetime import date
from typing import TYPE_CHECKING, Any

import click

from monitor import query
from monitor.cli import completion, pager
from monitor.cli.options import Here, command, known_theme, moment_since, user
from monitor.cli.output import emit, format_option, item_json, json_line, json_option, note, note_cut, stamp
from monitor.errors import UsageError
from monitor.normalise import clean

if TYPE_CHECKING:
    from monitor.archive.events import Decision
    from monitor.cli.paragraphs import Paper
    from monitor.events import Event, Part
    from monitor.stage import Transition
    from monitor.standing import Standing

_BAR = 40
_HANGING = 16
"""Cells by which the lines of a long fact are set in, after the first."""
_UNDER_WAY = 5_000
"""Events under way that are looked through for overdue steps, those that moved longest ago."""
_FORMULA = """\b
importance = 100 x theme x
    (.30 stage + .25 sources + .20 tier + .15 momentum + .10 date)
  theme     score of its best theme; .2 if it has none
  stage     .2 reported, .4 announced, .6 consultation, .7 proposed,
            .9 on file, 1 final, .9 in force, .8 amended or withdrawn
  sources   log2(1 + n) / 4, n = sources that tell it in their own words
  tier      of its best source: 1 official, .7 wire, .5 press, .3 analysis
  momentum  1 - 2^(-m/4), m = its items without copies, each halving in 3 days
  date      1 if a key date is due today, falling to 0 in 60 days"""


@command(
    "events",
    example="monitor events --since 7d\nmonitor events --theme export_control --format json\nmonitor events --by time --all",
)
@click.option("--since", default="7d", show_default=True, metavar="SPAN|DATE", help="Moved since.")
@click.option("--theme", shell_complete=completion.themes, help="Only events of a theme.")
@click.option("--by", type=click.Choice(["importance", "time"]), default="importance", show_default=True, help="Order.")
@click.option("--all", "is_all", is_flag=True, help="Events without a theme, too.")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="At most so many.")
@format_option()
@click.pass_obj
def events(here: Here, since: str, theme: str | None, by: str, is_all: bool, limit: int, form: str | None) -> None:
    start = moment_since(since, here)
    known_theme(theme)
    now = here.now()
    with here.archive(is_readonly=True) as archive, archive.errors():
        found = archive.events.moved(start, now, theme=theme, limit=limit + 1, is_themed=not is_all, by_time=by == "time")
    rows = [
        {
            "id": each.id,
            "importance": f"{each.importance:.0f}",
            "moved": each.last_seen.strftime("%Y-%m-%d %H:%M"),
            "stage": each.stage.value,
            "items": each.items,
            "langs": ",".join(each.langs),
            "themes": ", ".join(theme for theme, _ in each.themes),
            "next": "" if each.expected is None else _expected(each),
            "title": each.title,
        }
        for each in found[:limit]
    ]
    what = f"No event of {theme}" if theme else "No event" if is_all else "No event with a theme"
    emit(
        rows,
        ("id", "importance", "moved", "stage", "items", "langs", "themes", "next", "title"),
        form,
        optional=("next", "themes", "langs", "moved"),
        nothing=f"{what} moved since {start:%Y-%m-%d %H:%M}.",
        json_rows=[event_json(each) for each in found[:limit]],
    )
    note_cut(len(found), limit)


events.help = f"Events that moved, the most important first.\n\n{_FORMULA}"


@command(
    "event",
    example="""monitor event E-enyqubii3x
monitor event E-enyq --json
monitor event merge E-enyqubii3x E-5kc2mbq7ta --reason 'the same order'
monitor event split E-enyqubii3x I-5vq2m7n4kd3a I-7abz3gh2kq4c""",
)
@click.argument(
    "words", metavar="EVENT | merge EVENT OTHER… | split EVENT ITEM…", nargs=-1, required=True, shell_complete=completion.events
)
@click.option("--who", default=None, help="merge, split: who decides; default: the user of this machine.")
@click.option("--reason", "--why", "reason", default="", help="merge, split: why.")
@json_option()
@click.pass_obj
def event(here: Here, words: tuple[str, ...], who: str | None, reason: str, is_json: bool) -> None:
    """One event: stage and how it came to it, what is expected next, dates, identifiers, timeline.

    The beginning of an id is enough. `merge` makes several events one, the first goes on, and the ids of the others lead to it.
    `split` moves items into an event of their own, whose id it writes. Both are kept, never undone by the machine, and learned from by
    `monitor train --linking`.
    """
    if words[0] in ("merge", "split"):
        if len(words) < 3:
            what = "the event that goes on and another" if words[0] == "merge" else "an event and the items that leave it"
            raise UsageError(f"event {words[0]} needs {what}", hint=f"For example: monitor event {words[0]} --help")
        _decide(here, words[0], words[1], words[2:], clean(who or user()), clean(reason), is_json=is_json)
        return
    if len(words) > 1:
        raise UsageError(f"there is nothing that monitor event does with {words[1]!r}", hint="Name one event, or merge or split")
    with here.archive(is_readonly=True) as archive, archive.errors():
        found = archive.events.record(archive.events.find(words[0]), here.now())
        parts = archive.events.parts(found.id)
        joined = {each.filed.item.id: archive.reading.linked_by(each.filed.item.id) for each in parts}
        names = {item: archive.reading.called(item) for item, reasons in joined.items() if reasons}
        decisions = archive.events.decisions(found.id)
        others = [each for each in archive.events.of_storyline(found.storyline) if each != found.id] if found.storyline else []
        siblings = [archive.events.record(each, here.now()) for each in others[:8]]
    if is_json:
        shown = {
            **event_json(found),
            "timeline": [item_json(each.filed) for each in parts],
            "decisions": [_decision_json(each) for each in decisions],
            "storyline_events": others,
        }
        click.echo(json_line(shown, indent=1))
        return
    from monitor.cli.paragraphs import WHOLE, Paper
    from monitor.reasons import linked

    with pager.together():
        paper = Paper(piped=WHOLE)
        _head(paper, found, here.now().date())
        if siblings:
            paper.text(f"\nIn the same storyline ({found.storyline}):")
            for each in siblings:
                paper.hanging(f"  {each.id}  {each.last_seen:%Y-%m-%d}  {each.stage.value:<12} {each.title}", _HANGING)
        for decision in decisions:
            paper.text("")
            paper.hanging(f"{decision.at:%Y-%m-%d}  {_told(decision, found.id)}", 12)
        paper.text("")
        _timeline(paper, parts, {item: linked(reasons, names.get(item, {})) for item, reasons in joined.items()})


def _decide(here: Here, what: str, first: str, others: tuple[str, ...], who: str, reason: str, *, is_json: bool) -> None:
    with here.archive() as archive, archive.errors():
        event = archive.events.find(first)
        if what == "merge":
            archive.events.merge(event, *others, who=who, now=here.now(), reason=reason)
            decided = archive.events.decisions(event)[-len(others) :]
            undo = [f"monitor event split {event} {' '.join(each.items)}" for each in decided]
            for each, command_ in zip(decided, undo, strict=True):
                note(f"{each.other} is now part of {event}: {len(each.items)} items.")
                note(f"Undo: {command_}")
        else:
            items = [archive.reading.item(item).item.id for item in others]
            made = archive.events.split(event, items, who=who, now=here.now(), reason=reason)
            decided = archive.events.decisions(event)[-1:]
            undo = [f"monitor event merge {event} {made}"]
            note(f"{len(set(items))} items of {event} are now {made}. Undo: {undo[0]}")
    if is_json:
        click.echo(json_line({"event": event, "decisions": [_decision_json(each) for each in decided], "undo": undo}, indent=1))
    else:
        click.echo(event if what == "merge" else made)


def _head(paper: Paper, found: Event, today: date) -> None:
    from monitor.compose import date_name, date_text, stage_text

    paper.hanging(f"{found.id}  {found.title}", _HANGING)
    for each in found.titles:
        if each.title != found.title:
            paper.hanging(f"  [{each.lang}]          {each.title}", _HANGING)
    of = f" in {found.jurisdiction}" if found.jurisdiction else ""
    paper.hanging(f"  stage:        {stage_text(found.stage, found.step)}{of}", _HANGING)
    for step in found.way:
        paper.hanging(f"    {step.at:%Y-%m-%d}  {_transition(step)}", _HANGING)
    if found.claim is not None:
        paper.hanging(f"    unconfirmed: {stage_text(found.claim.stage, found.claim.step)}, “{found.claim.sentence}”", _HANGING)
    if found.expected is not None:
        paper.hanging(f"  next:         {_expected(found)}: {found.expected.basis}", _HANGING)
    paper.hanging("  themes:       " + (", ".join(f"{theme} {score:.2f}" for theme, score in found.themes) or "none"), _HANGING)
    paper.hanging(f"  items:        {found.items} from {len(found.sources)} sources in {', '.join(found.langs)}", _HANGING)
    paper.hanging(f"  importance:   {found.importance:.0f} of 100, momentum {found.momentum:.1f}", _HANGING)
    if found.countries:
        paper.hanging(f"  countries:    {', '.join(found.countries)}", _HANGING)
    if found.entities:
        paper.hanging("  names:        " + " · ".join(name for _, name, _ in found.entities[:10]), _HANGING)
    if found.identifiers:
        paper.hanging("  identifiers:  " + " · ".join(each.value for each in found.identifiers[:12]), _HANGING)
    for stands in found.dates:
        left = (stands.date - today).days
        ahead = f", in {left} days" if left > 0 else ", today" if left == 0 else ""
        paper.hanging(f"  {date_text(stands)}{ahead}  {date_name(stands.kind)}: {stands.sentence}", _HANGING)


def _timeline(paper: Paper, parts: list[Part], joined: dict[str, str]) -> None:
    """Items by day, with a bar a day."""
    days = Counter(each.filed.item.moment.date() for each in parts)
    most = max(days.values(), default=1)
    day = None
    for each in parts:
        item = each.filed.item
        if item.moment.date() != day:
            day = item.moment.date()
            bar = "█" * max(1, round(days[day] * min(1.0, _BAR / most)))
            paper.text(f"{day.isoformat()}  {bar} {days[day]}")
        mark = "=" if each.filed.copy_of else "·"
        paper.hanging(f"  {mark} [{item.lang}] {item.source} ({item.tier.value}) {item.title}", 6)
        why = joined[item.id]
        paper.hanging(f"      {item.id}" + (f"  joined by {why}" if why else "  opened the event"), 6)


def _transition(step: Transition) -> str:
    from monitor.compose import stage_text

    where = "by its date" if step.item is None else f"{step.tier.value}, {step.item}"
    said = f" “{step.sentence}”" if step.sentence else ""
    return f"{stage_text(step.stage, step.step)} ({where}){said}"


def _expected(found: Event) -> str:
    assert found.expected is not None
    due = found.expected.due
    when = "" if due is None else f" overdue since {due.isoformat()}" if found.expected.is_overdue else f" by {due.isoformat()}"
    return f"{found.expected.step}{when}"


def _told(each: Decision, event: str) -> str:
    what = {
        ("merge", True): f"{each.other} was merged into it",
        ("merge", False): f"it was merged into {each.event}",
        ("split", True): f"{len(each.items)} items were split off as {each.other}",
        ("split", False): f"it was split off {each.event}",
    }[each.kind, each.event == event]
    return f"{what}, by {each.who}" + (f": {each.reason}" if each.reason else "")


@command(
    "deadlines",
    example="monitor deadlines --within 60d\nmonitor deadlines --overdue\nmonitor deadlines --within 90d --format ics > deadlines.ics",
)
@click.option("--within", default="30d", show_default=True, metavar="SPAN", help="From today on.")
@click.option("--theme", shell_complete=completion.themes, help="Only dates of a theme.")
@click.option("--overdue", is_flag=True, help="Instead: steps that were expected by now and have not been seen.")
@format_option("table", "json", "ics", "csv", "tsv", "md", "ids")
@click.pass_obj
def deadlines(here: Here, within: str, theme: str | None, overdue: bool, form: str | None) -> None:
    """Deadlines and dates of effect that are ahead, with the sentence that says so; moved and withdrawn ones are marked.

    With --format ics a calendar: each date keeps its UID when it moves, with SEQUENCE raised; withdrawn ones are cancelled. With
    --format ids the events.
    """
    span = query.duration(within)
    if span is None:
        raise UsageError(f"--within {within!r} is no span", hint="Write 30d, 8w or P1Y")
    known_theme(theme)
    if overdue:
        _overdue(here, theme, form)
        return
    today = here.now().date()
    with here.archive(is_readonly=True) as archive, archive.errors():
        found = archive.events.deadlines(today, today + span, here.now())
        gone = archive.events.superseded(today, today + span, here.now()) if form == "ics" else []
    found, gone = ([each for each in part if theme is None or theme in each.themes] for part in (found, gone))
    if form == "ics":
        from monitor.calendar import calendar

        click.echo(calendar([*found, *gone], here.now()), nl=False)
        return
    rows = [
        {
            "date": each.date.date.isoformat(),
            "days": (each.date.date - today).days,
            "kind": each.date.kind.value,
            "change": _change(each.date),
            "event": each.event,
            "title": each.date.title,
            "themes": list(each.themes),
            "sentence": each.date.sentence,
            "confidence": each.date.confidence,
            "item": each.date.item,
            "url": each.date.url,
            "uid": each.date.uid,
            "sequence": each.date.sequence,
            "was": [day.isoformat() for day in each.date.was],
            "withdrawn": each.date.is_withdrawn,
        }
        for each in found
    ]
    emit(
        rows,
        ("date", "days", "kind", "change", "event", "title"),
        form,
        optional=("days", "change"),
        within=("change", "title"),  # that a date was withdrawn is told on the narrowest terminal, too
        ids="event",
        nothing=f"No such date from {today} to {today + span}.",
    )


def _overdue(here: Here, theme: str | None, form: str | None) -> None:
    now = here.now()
    with here.archive(is_readonly=True) as archive, archive.errors():
        found = [
            each
            for each in archive.events.under_way(now, _UNDER_WAY)
            if each.expected is not None and each.expected.is_overdue and (theme is None or theme in dict(each.themes))
        ]
    rows = [
        {
            "due": each.expected.due.isoformat() if each.expected is not None and each.expected.due is not None else "",
            "step": each.expected.step if each.expected is not None else "",
            "stage": each.stage.value,
            "event": each.id,
            "title": each.title,
            "basis": each.expected.basis if each.expected is not None else "",
        }
        for each in found
    ]
    rows.sort(key=lambda row: (row["due"], row["event"]))
    columns = ("due", "step", "stage", "event", "title")
    emit(rows, columns, form if form != "ics" else None, optional=("stage",), ids="event", nothing="No expected step is overdue.")


def _change(each: Standing) -> str:
    if each.is_withdrawn:
        return "withdrawn"
    return f"was {each.was[-1].isoformat()}" if each.was else ""


def event_json(found: Event) -> dict[str, Any]:
    """An event as JSON has it everywhere."""
    return {
        "id": found.id,
        "title": found.title,
        "stage": found.stage.value,
        "step": found.step,
        "first_seen": stamp(found.first_seen),
        "last_seen": stamp(found.last_seen),
        "items": found.items,
        "sources": list(found.sources),
        "langs": list(found.langs),
        "countries": list(found.countries),
        "themes": dict(found.themes),
        "identifiers": [{"type": each.type, "value": each.value} for each in found.identifiers],
        "dates": [
            {
                "kind": each.kind.value,
                "date": each.date.isoformat(),
                "sentence": each.sentence,
                "item": each.item,
                "was": [day.isoformat() for day in each.was],
                "withdrawn": each.is_withdrawn,
            }
            for each in found.dates
        ],
        "storyline": found.storyline,
        "titles": {each.lang: {"title": each.title, "item": each.item} for each in found.titles},
        "entities": [{"id": entity, "name": name, "items": count} for entity, name, count in found.entities],
        "jurisdiction": found.jurisdiction,
        "way": [
            {
                "stage": each.stage.value,
                "step": each.step,
                "jurisdiction": each.jurisdiction,
                "at": stamp(each.at),
                "item": each.item,
                "tier": each.tier.value,
                "sentence": each.sentence,
            }
            for each in found.way
        ],
        "claim": None
        if found.claim is None
        else {"stage": found.claim.stage.value, "step": found.claim.step, "sentence": found.claim.sentence},
        "expected": None
        if found.expected is None
        else {
            "step": found.expected.step,
            "due": None if found.expected.due is None else found.expected.due.isoformat(),
            "overdue": found.expected.is_overdue,
            "basis": found.expected.basis,
        },
        "momentum": found.momentum,
        "importance": found.importance,
    }


def _decision_json(each: Decision) -> dict[str, Any]:
    return {
        "at": stamp(each.at),
        "who": each.who,
        "kind": each.kind,
        "event": each.event,
        "other": each.other,
        "items": list(each.items),
        "reason": each.reason,
    }
