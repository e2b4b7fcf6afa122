"""Commands about silences: what is not told for a time, by whose word."""

from __future__ import annotations

import difflib
import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

from monitor import query
from monitor.cli import completion
from monitor.cli.options import GlobalOptions, Here, command, commands_of, query_words, user
from monitor.cli.output import emit, format_option, note, stamp
from monitor.errors import ConfigError, UsageError
from monitor.normalise import clean
from monitor.query import And, Field, Node, Not, Or

if TYPE_CHECKING:
    from monitor.archive import Archive
    from monitor.messages import Silence

LONGEST = timedelta(days=366)
_EVENT = re.compile(r"^(?:event:)?(E-[a-z2-7]{2,10})$", re.IGNORECASE)


@click.group(
    "silence",
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="\b\nExample:\n  monitor silence add E-enyqubii3x --for 7d\n  monitor silence list\n  monitor silence end 3",
)
@GlobalOptions
def silence() -> None:
    """What is not told for a time: an event, a source, anything that a query finds."""


_command = commands_of(silence)


@command(
    "add",
    example="""monitor silence add E-enyqubii3x --for 7d
monitor silence add source:meti --for 2d --channel slack:#econsec --why 'test notices'
monitor silence add 'theme:telecom_5g -country:JP' --until 2026-06-30""",
    is_dashed=True,
)
@click.argument("words", metavar="EVENT|QUERY", nargs=-1, callback=query_words, shell_complete=completion.events_and_queries)
@click.option("--for", "span", metavar="SPAN", help="For so long, up to 366d [default: 7d].")
@click.option("--until", metavar="DATE", help="Instead: up to the end of that day, month or year (UTC).")
@click.option("--channel", help="Only for this channel, for example slack:#econsec.")
@click.option("--why", "--reason", "reason", default="", help="Why; kept, and shown by list.")
@click.option("--who", default=None, help="Who decides; default: the user of this machine.")
@click.option("--everything", "is_everything", is_flag=True, help="With an empty query: silence everything.")
@click.pass_obj
def add(
    here: Here,
    words: tuple[str, ...],
    span: str | None,
    until: str | None,
    channel: str | None,
    reason: str,
    who: str | None,
    is_everything: bool,
) -> None:
    """Begin a silence: what it finds is not told, but suppressed, on record, in search and in the digest.

    An event goes by its id, the beginning of which is enough; a merged one is silenced where its items are now. A silence holds for
    alerts of all rules, for what goes on in an event, too. What waits to be told and is found is dropped.
    """
    from monitor.cli.asking import written_out

    text = written_out(here, " ".join(words)).strip()
    tree = query.parse(text)
    if tree == And(()) and not is_everything:
        raise UsageError(
            "an empty query would silence everything", hint="Name an event, or a query; if everything is meant: --everything"
        )
    if tree != And(()) and is_everything:
        raise UsageError("--everything takes no query", hint="Leave one of them out")
    now = here.now()
    ends = _end(now, span, until)
    if channel is not None:
        from monitor.channels import split

        split(channel)
    _warn(here, tree, channel)
    with here.archive() as archive, archive.errors():
        text = _resolved(archive, text)
        made = archive.silences.put(
            text, until=ends, now=now, who=clean(who or user()), via="cli", channel=channel, reason=clean(reason)
        )
        dropped = archive.silences.dropped(made.id)
    click.echo(made.id)
    where = f" in {made.channel}" if made.channel else ""
    note(
        f"{made.query or 'everything'} is not told{where} until {made.ends_at:%Y-%m-%d %H:%MZ}; undo: monitor silence end {made.id}"
    )
    note(f"{dropped} waiting alerts were dropped." if dropped else "No alert was waiting.")


silence.add_command(add)


@_command("list", "monitor silence list", "monitor silence list --all --format json")
@click.option("--all", "is_all", is_flag=True, help="Those that have ended, too.")
@format_option()
@click.pass_obj
def list_(here: Here, is_all: bool, form: str | None) -> None:
    """Silences that hold, the latest first."""
    now = here.now()
    with here.archive(is_readonly=True) as archive, archive.errors():
        found = archive.silences.all(10_000) if is_all else archive.silences.active(now)[::-1]
    rows: list[dict[str, Any]] = [
        {
            "id": each.id,
            "query": each.query or "everything",
            "channel": each.channel or "",
            "until": each.ends_at.strftime("%Y-%m-%d %H:%M"),
            "who": each.who,
            "why": each.reason,
        }
        for each in found
    ]
    columns = ("id", "query", "channel", "until", "who", "why")
    emit(
        rows,
        columns,
        form,
        wide="query",
        optional=("why", "who", "channel"),
        nothing="Nothing is silenced.",
        json_rows=[_silence_json(each, now) for each in found],
    )


@_command("end", "monitor silence end 3")
@click.argument("number", type=click.IntRange(1))
@click.pass_obj
def end(here: Here, number: int) -> None:
    """End a silence now. What it suppressed stays so; what comes from now on is told."""
    with here.archive() as archive, archive.errors():
        ended = archive.silences.end(number, here.now())
    note(f"{ended.query or 'everything'} is told again.")


def _end(now: datetime, span: str | None, until: str | None) -> datetime:
    """When a silence ends that begins now."""
    if span is not None and until is not None:
        raise UsageError("--for and --until exclude each other", hint="Give one of them")
    if until is not None:
        try:
            if query.duration(until) is not None:
                raise ValueError(until)
            ends = query.moment(until, now, is_end=True)
        except ValueError as error:
            raise UsageError(f"--until {until!r} is no date", hint="Write 2026-06-30; for a span: --for 7d") from error
        if ends <= now:
            raise UsageError(f"--until {until!r} is over", hint="Write a day that is ahead")
    else:
        length = query.duration(span or "7d")
        if not length:
            raise UsageError(f"--for {span!r} is no span", hint="Write 12h, 7d or 4w")
        ends = now + min(length, LONGEST * 2)
    if ends - now > LONGEST:
        raise UsageError(
            "a silence holds 366 days at most", hint="Change the rule instead, if it is not meant to tell this at all"
        )
    return ends


def _resolved(archive: Archive, text: str) -> str:
    """The query; where it is one event, with the whole id of the event that stands."""
    named = _EVENT.match(text)
    return text if named is None else f"event:{archive.events.find(named[1])}"


def _warn(here: Here, tree: Node, channel: str | None) -> None:
    """Say what the configuration does not know: a slip silences nothing, and nobody would notice."""
    try:
        settings = here.config()
    except ConfigError:  # a silence is for the archive; it can be made without the configuration
        return
    known = [each.id for each in settings.sources]
    for name in _sources(tree):
        if name not in known:
            near = difflib.get_close_matches(name, known, 1)
            note(f"Beware: no source {name!r} in {settings.path}." + (f" Did you mean {near[0]}?" if near else ""))
    told = {address for rule in settings.rules for address in rule.to}
    if channel is not None and channel not in told:
        note(f"Beware: no rule in {settings.path} tells anything to {channel}.")


def _sources(node: Node) -> tuple[str, ...]:
    match node:
        case Field("source", values):
            return tuple(value.casefold() for value in values)
        case Not(inner):
            return _sources(inner)
        case And(nodes) | Or(nodes):
            return tuple(name for each in nodes for name in _sources(each))
        case _:
            return ()


def _silence_json(each: Silence, now: datetime) -> dict[str, Any]:
    return {
        "id": each.id,
        "query": each.query,
        "channel": each.channel,
        "begins_at": stamp(each.begins_at),
        "ends_at": stamp(each.ends_at),
        "holds": each.begins_at <= now < each.ends_at,
        "who": each.who,
        "via": each.via,
        "reason": each.reason,
    }
