"""Commands about rules: what they are and how loud, and what one would have told - before it is trusted."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

from monitor.cli import completion
from monitor.cli.options import GlobalOptions, Here, commands_of, moment_since, refuse_unknown
from monitor.cli.output import FORMATS, Step, cell, emit, format_option, json_line, note, note_cut, progress, stamp
from monitor.errors import UsageError
from monitor.items import Alert, AlertState, Rule

if TYPE_CHECKING:
    from monitor.archive import Archive
    from monitor.replay import Difference, Move, Replay, Share, Turn, Verdict

_BAR = 40
_DAILY = 31
"""Days up to which the chart has a bar for each; more are shown by week."""
_SHOWN = 10
"""Events, sources and differences that a report names, if nothing else is asked for."""
_TRIAL = "trial"
"""The rule, and the channel, of a query that stands in no configuration."""


@click.group(
    "rules",
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="\b\nExample:\n  monitor rules list\n  monitor rules test official-now --since 90d",
)
@GlobalOptions
def rules() -> None:
    """The rules of feeds.yaml: which there are, and what one would have told."""


_command = commands_of(rules)


@_command("list", "monitor rules list", "monitor rules list --format json")
@format_option()
@click.pass_obj
def list_(here: Here, form: str | None) -> None:
    """Every rule with its version, limits, and what it told and folded in the last seven days.

    A version in brackets has not decided anything yet: the rule is new, or it was changed.
    """
    from monitor.cli.house import archive_exists
    from monitor.decide import limit_text
    from monitor.verdicts import text_of

    settings = here.config()
    states: dict[str, dict[str, int]] = {}
    versions: dict[str, tuple[int, bool]] = {each.id: (1, False) for each in settings.rules}
    if archive_exists(here):
        with here.archive(is_readonly=True) as archive, archive.errors():
            states = archive.past.states(here.now() - timedelta(days=7))
            for each in settings.rules:
                last = archive.past.version(each.id)
                if last is not None:
                    is_same = last[1] == text_of(each)
                    versions[each.id] = (last[0] + (not is_same), is_same)
    rows: list[dict[str, Any]] = []
    for each in settings.rules:
        limits = {"per_event": each.per_event, "per_channel": each.per_channel}
        told = states.get(each.id, {})
        rows.append(
            {
                "id": each.id,
                "version": versions[each.id][0],
                "is_used": versions[each.id][1],
                "when": each.when,
                "to": list(each.to),
                "limits": {name: None if limit is None else limit_text(limit) for name, limit in limits.items()},
                "told_7d": told.get("waiting", 0),
                "folded_7d": told.get("folded", 0),
                "suppressed_7d": told.get("suppressed", 0),
            }
        )
    shown = [
        {
            **row,
            "version": str(row["version"]) if row["is_used"] else f"({row['version']})",
            "limits": ", ".join(f"{limit} {name.replace('_', ' ')}" for name, limit in row["limits"].items() if limit),
        }
        for row in rows
    ]
    columns = ("id", "version", "when", "to", "limits", "told_7d", "folded_7d")
    emit(
        shown,
        columns,
        form,
        wide="when",
        optional=("limits", "version", "folded_7d", "to"),
        nothing="feeds.yaml has no rules: nobody is told of anything.",
        json_rows=rows,
    )


@_command(
    "test",
    "monitor rules test official-now --since 90d",
    "monitor rules test official-now --when 'theme:export_control score:>=0.8' --since 90d",
    "monitor rules test --when 'gallium stage:final' --since 30d --format json",
)
@click.argument("rule_id", metavar="[RULE]", required=False, shell_complete=completion.rules)
@click.option("--since", default="90d", show_default=True, metavar="SPAN|DATE", help="Items judged since.")
@click.option(
    "--when",
    "--query",
    "when",
    metavar="QUERY",
    shell_complete=completion.queries,
    help="Another query than the rule has; without RULE a rule of its own, to a channel of its own.",
)
@click.option(
    "--limit", type=click.IntRange(1), default=None, help=f"At most so many of each list [default: {_SHOWN}; rows: all]."
)
@format_option()
@click.option("--exit-code", "is_strict", is_flag=True, help="Exit 1 if it would not have fired.")
@click.pass_obj
def test(
    here: Here, rule_id: str | None, since: str, when: str | None, limit: int | None, form: str | None, is_strict: bool
) -> None:
    """What a rule would have told: how often, what was folded and why, and how that differs from what was told.

    Each item of the archive is decided on again in the order and at the moment of its first judgement, with its event as it had come
    then, the limits, quiet hours, silences and echoes, and what other rules told. Texts, tags and dates are those of today.

    \b
    Without --format, or with table: a report. --format json: one object
      rule, version, when, since, until, days, zone, items (asked about),
      fired, messages, folded, suppressed,
      reasons {folded, suppressed: {why: count}},
      per_day {mean, median, busiest: {date, fired} or null},
      by_day [{date, fired, messages}],
      events and sources [{id, title, fired, messages}],
      alerts [{at, state, kind, item, title, source, event, channel, reason,
              news}],
      really: null, or {messages, more, fewer: [alerts]}.
    jsonl, csv, tsv, md: one row for each alert; ids: the items.
    """
    from monitor import query
    from monitor.match import compiled
    from monitor.replay import difference, replay

    rule = _rule(here, rule_id, when)
    tree = compiled(rule.when)
    if rule.when.strip() == "" or tree == query.And(()):
        note("The query is empty: every item fires.")
    now = here.now()
    start = moment_since(since, here)
    if start >= now:
        raise UsageError(f"--since {since!r} is not in the past", hint="Write 30d or a day that is over")
    with here.archive(is_readonly=True) as archive, archive.errors():
        version, known = _version(archive, rule, is_changed=when is not None)
        start = max(start, archive.past.first() or start)
        history = archive.past.alerts(rule.to, start - _memory())
        with progress("Replaying", None) as step:
            found = replay(
                rule,
                _counted(archive.past.items(tree, start, rule.id), step),
                since=start,
                until=now,
                history=history,
                silences=archive.silences.all(10_000),
                version=version,
            )
        told = [
            each for each in history if each.rule == rule.id and each.state is AlertState.WAITING and each.decided_at >= start
        ]
        unlike = None if rule_id is None else difference(found, told)
        titles = {} if unlike is None else archive.past.titles([each.item for each in unlike.fewer])
        if form in (None, "table", "json"):
            titles |= _event_titles(archive, [each.id for each in found.events[: limit or _SHOWN]], now)
    if form == "json":
        click.echo(json_line(_whole(found, version, unlike, len(told), titles, limit), indent=1))
    elif form in FORMATS and form != "table":
        rows = [_verdict_json(each) for each in found.verdicts[:limit]]
        columns = ("item", "at", "state", "kind", "source", "event", "channel", "title", "reason")
        emit(rows, columns, form, nothing="It would not have fired.")
        note_cut(len(found.verdicts), limit or len(found.verdicts))
    else:
        _report(found, version, unlike, len(told), titles, limit or _SHOWN)
        if unlike is not None and known is not None and known > start:
            note(
                f"This version of the rule decides since {known:%Y-%m-%d}; what was told before, another did, or none was there."
            )
    if not found.fired:
        here.exit_code = 1 if is_strict else 0


def _rule(here: Here, rule_id: str | None, when: str | None) -> Rule:
    """The rule of feeds.yaml, with another query if one is given; or a rule for a query alone."""
    from monitor.match import compiled

    if when is not None:
        compiled(when)  # a slip is told before the configuration is read
    if rule_id is None:
        if when is None:
            raise UsageError(
                "nothing to test", hint="Name a rule (monitor rules list), or give a query: --when 'theme:export_control'"
            )
        from monitor.sections import LimitSection

        return Rule(id=_TRIAL, when=when, to=(_TRIAL,), per_channel=LimitSection().per_channel)
    settings = here.config()
    names = [each.id for each in settings.rules]
    refuse_unknown("rule", rule_id, names, f" in {settings.path}")
    rule = settings.rules[names.index(rule_id)]
    return rule if when is None else replace(rule, when=when)


def _version(archive: Archive, rule: Rule, *, is_changed: bool) -> tuple[int | None, datetime | None]:
    """The version of a rule as it stands, and since when it decides; None for one that never did."""
    from monitor.verdicts import text_of

    last = archive.past.version(rule.id)
    if is_changed or last is None or last[1] != text_of(rule):
        return None, None
    return last[0], last[2]


def _event_titles(archive: Archive, events: list[str], now: datetime) -> dict[str, str]:
    """Titles of events as they are today; of a merged one that of the event which its items are in now."""
    standing = {each: archive.events.standing(each) for each in events}
    records = archive.events.records(list(dict.fromkeys(standing.values())), now)
    titles = {each.id: each.title for each in records}
    return {event: titles[into] for event, into in standing.items()}


def _memory() -> timedelta:
    from monitor.archive.past import MEMORY

    return MEMORY


def _counted(past: Iterable[Turn | Move], step: Step) -> Iterable[Turn | Move]:
    for each in past:
        step(1)
        yield each


def _report(found: Replay, version: int | None, unlike: Difference | None, told: int, titles: dict[str, str], limit: int) -> None:
    rule = found.rule
    name = "This query" if rule.id == _TRIAL else f"Rule {rule.id}" + (f" v{version}" if version else " as it would be")
    click.echo(f"{name}: {cell(rule.when) or 'everything'}")
    span = (found.until - found.since) / timedelta(days=1)
    click.echo(
        f"{found.since:%Y-%m-%d} to {found.until:%Y-%m-%d}, {span:.0f} days ({found.zone}), {found.items} items asked about\n"
    )
    fired, messages, folded, suppressed = (len(each) for each in (found.fired, found.messages, found.folded, found.suppressed))
    busiest = found.busiest
    most = "" if busiest is None else f", most {busiest.fired} on {busiest.date.isoformat()}"
    click.echo(f"  fires       {fired:>6}   {found.mean:.1f} a day, median {found.median:g}{most}")
    click.echo(f"  messages    {messages:>6}   {messages / max(span, 1):.1f} a day")
    click.echo(f"  folded      {folded:>6}   {_reasons(found, AlertState.FOLDED)}".rstrip())
    click.echo(f"  suppressed  {suppressed:>6}   {_reasons(found, AlertState.SUPPRESSED)}".rstrip())
    if fired:
        _chart(found)
        _shares("Events", found.events, titles, limit)
        _shares("Sources", found.sources, {}, limit)
    if unlike is not None:
        _differs(unlike, told, titles, limit)


def _reasons(found: Replay, state: AlertState) -> str:
    return " · ".join(f"{count} {cell(reason)}" for reason, count in found.reasons(state))


def _chart(found: Replay) -> None:
    """A bar a day, or a week: what would have gone, and, lighter, what would have been folded."""
    bars: dict[date, tuple[int, int]] = {}
    is_daily = len(found.days) <= _DAILY
    for each in found.days:
        first = each.date if is_daily else each.date - timedelta(days=each.date.weekday())
        fired, messages = bars.get(first, (0, 0))
        bars[first] = fired + each.fired, messages + each.messages
    scale = min(1.0, _BAR / max(fired for fired, _ in bars.values()))
    click.echo(f"\n  {'day' if is_daily else 'week of'}      █ messages  ░ folded")
    for first, (fired, messages) in bars.items():
        whole = max(1, round(fired * scale)) if fired else 0
        gone = min(whole, max(1, round(messages * scale))) if messages else 0
        click.echo(f"  {first.isoformat()}  {'█' * gone}{'░' * (whole - gone)} {fired or '·'}")


def _shares(name: str, shares: tuple[Share, ...], titles: dict[str, str], limit: int) -> None:
    click.echo(f"\n  {name}, with messages of all that fired")
    for each in shares[:limit]:
        click.echo(f"  {each.messages:>4} of {each.fired:<4} {each.id}  {cell(titles.get(each.id, ''))}".rstrip())
    if len(shares) > limit:
        click.echo(f"  ... and {len(shares) - limit} more")


def _differs(unlike: Difference, told: int, titles: dict[str, str], limit: int) -> None:
    more, fewer = len(unlike.more), len(unlike.fewer)
    click.echo(f"\n  Beside the {told} messages that the archive has of it: {more} more, {fewer} fewer")
    for verdict in unlike.more[:limit]:
        alert = verdict.alert
        click.echo(f"  + {alert.decided_at:%Y-%m-%d %H:%M}  {alert.item}  {alert.channel}  {cell(verdict.title)}")
    for each in unlike.fewer[:limit]:
        click.echo(f"  - {each.decided_at:%Y-%m-%d %H:%M}  {each.item}  {each.channel}  {cell(titles.get(each.item, ''))}")


def _whole(
    found: Replay, version: int | None, unlike: Difference | None, told: int, titles: dict[str, str], limit: int | None
) -> dict[str, Any]:
    busiest = found.busiest
    return {
        "rule": None if found.rule.id == _TRIAL else found.rule.id,
        "version": version,
        "when": found.rule.when,
        "since": stamp(found.since),
        "until": stamp(found.until),
        "days": round((found.until - found.since) / timedelta(days=1), 2),
        "zone": found.zone,
        "items": found.items,
        "fired": len(found.fired),
        "messages": len(found.messages),
        "folded": len(found.folded),
        "suppressed": len(found.suppressed),
        "reasons": {
            "folded": dict(found.reasons(AlertState.FOLDED)),
            "suppressed": dict(found.reasons(AlertState.SUPPRESSED)),
        },
        "per_day": {
            "mean": round(found.mean, 3),
            "median": found.median,
            "busiest": None if busiest is None else {"date": busiest.date.isoformat(), "fired": busiest.fired},
        },
        "by_day": [{"date": each.date.isoformat(), "fired": each.fired, "messages": each.messages} for each in found.days],
        "events": [_share_json(each, titles[each.id]) for each in found.events[: limit or _SHOWN]],
        "sources": [_share_json(each, None) for each in found.sources[: limit or _SHOWN]],
        "alerts": [_verdict_json(each) for each in found.verdicts[:limit]],
        "really": None
        if unlike is None
        else {
            "messages": told,
            "more": [_verdict_json(each) for each in unlike.more[:limit]],
            "fewer": [_alert_json(each, titles.get(each.item, ""), None) for each in unlike.fewer[:limit]],
        },
    }


def _share_json(each: Share, title: str | None) -> dict[str, Any]:
    return {"id": each.id, "title": title, "fired": each.fired, "messages": each.messages}


def _verdict_json(each: Verdict) -> dict[str, Any]:
    return _alert_json(each.alert, each.title, each.source)


def _alert_json(alert: Alert, title: str, source: str | None) -> dict[str, Any]:
    return {
        "at": stamp(alert.decided_at),
        "state": "message" if alert.state is AlertState.WAITING else alert.state.value,
        "kind": alert.kind.value,
        "item": alert.item,
        "title": title,
        "source": source,
        "event": alert.event,
        "channel": alert.channel,
        "reason": alert.reason,
        "news": alert.news,
    }
