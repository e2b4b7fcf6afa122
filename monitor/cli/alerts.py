"""Commands about what was told: why, alerts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from monitor.archive import Archive
from monitor.archive.reading import AlertRow
from monitor.cli import completion, pager
from monitor.cli.options import Here, command, moment_since, refuse_unknown
from monitor.cli.output import emit, format_option, json_line, json_option, note, note_cut, stamp
from monitor.errors import ConfigError, UsageError
from monitor.items import Judged

if TYPE_CHECKING:
    from monitor.cli.paragraphs import Paper


@command("why", example="monitor why I-abc\nmonitor why I-abc --rule official-now\nmonitor why I-abc --json")
@click.argument("item", shell_complete=completion.items)
@click.option("--rule", "rule_id", shell_complete=completion.rules, help="Only this rule.")
@json_option()
@click.pass_obj
def why(here: Here, item: str, rule_id: str | None, is_json: bool) -> None:
    """Why an item was tagged, linked and told - or was not.

    Of a rule that did not fire the clauses that failed are named, each with what the item has instead. What was decided when the
    item came is shown beside it: rules, models and events may have changed since.
    """
    settings = here.config()
    if rule_id is not None:
        refuse_unknown("rule", rule_id, [rule.id for rule in settings.rules], f" in {settings.path}")
    rules = [rule for rule in settings.rules if rule_id in (None, rule.id)]
    with here.archive(is_readonly=True) as archive, archive.errors():
        filed = archive.reading.item(item)
        judged = archive.judging.judged(filed.item.id)
        if judged is None:
            raise UsageError(f"{filed.item.id} was not judged yet", hint="Judge it with: monitor poll")
        stage, verdicts = _verdicts(here, archive, judged, rules)
    tags: list[dict[str, Any]] = [
        {
            "theme": tag.theme,
            "score": tag.score,
            "given": tag.is_given,
            "why": [[reason.term, reason.weight] for reason in tag.reasons],
        }
        for tag in sorted(judged.tags, key=lambda each: -each.score)
    ]
    if is_json:
        link = {"event": judged.link.event, "why": [[reason.term, reason.weight] for reason in judged.link.reasons]}
        shown = {
            "id": filed.item.id,
            "title": filed.item.title,
            "model": judged.model,
            "tags": tags,
            "link": link,
            "rules": verdicts,
        }
        click.echo(json_line(shown, indent=1))
        return
    from monitor.cli.paragraphs import WHOLE, Paper

    with pager.together():
        paper = Paper(piped=WHOLE)
        paper.hanging(f"{filed.item.id}  {filed.item.title}", 16)
        _show_reading(paper, judged, tags, stage)
        paper.text("\nRules:")
        for verdict in verdicts:
            _show_verdict(paper, verdict)


def _verdicts(here: Here, archive: Archive, judged: Judged, rules: list[Any]) -> tuple[str, list[dict[str, Any]]]:
    """The stage of an item's event, and what each rule says of the item, now and when it came."""
    from monitor.events import reached, standpoint
    from monitor.match import Subject, clauses, compiled

    parts = archive.events.parts(judged.link.event, is_whole=False)
    at = standpoint(parts, *reached(parts, here.now().date()), here.now(), storyline=None)
    subject = Subject(judged=judged, at=at, former=archive.events.former(judged.link.event))
    alerts = archive.reading.alerts_of(judged.item.id)
    found = []
    for rule in rules:
        answers = clauses(compiled(rule.when), subject, here.now())
        found.append(
            {
                "rule": rule.id,
                "matches": all(each.holds for each in answers),
                "clauses": [{"clause": each.text, "holds": each.holds, "has": each.has or None} for each in answers],
                "alerts": [alert_json(each) for each in alerts if each.rule == rule.id],
            }
        )
    return at.stage.value, found


def _show_reading(paper: Paper, judged: Judged, tags: list[dict[str, Any]], stage: str) -> None:
    from monitor.reasons import linked, named, told

    paper.text(f"\nTagged by model {judged.model}:" if judged.model else "\nNot classified: there was no usable model.")
    names = named(judged.findings)
    for tag in tags:
        terms = ", ".join(f"{told(term, names)} {weight:+.2f}" for term, weight in tag["why"])
        paper.hanging(f"  {'✓' if tag['given'] else '·'} {tag['theme']:<22}{tag['score']:.2f}  {terms}", 6)
    reasons = linked(judged.link.reasons, names)
    joined = f"joined by {reasons}" if reasons else "nothing like it was live: it opened the event"
    paper.text("")
    paper.hanging(f"Event {judged.link.event} ({stage}): {joined}", 2)
    if judged.link.copy_of:
        paper.text(f"It repeats {judged.link.copy_of}.")


def _show_verdict(paper: Paper, verdict: dict[str, Any]) -> None:
    failed = [part for part in verdict["clauses"] if not part["holds"]]
    paper.text(f"  {'✗' if failed else '✓'} {verdict['rule']}")
    for part in verdict["clauses"]:
        instead = f"   (the item: {part['has']})" if part["has"] else ""
        paper.hanging(f"      {'✓' if part['holds'] else '✗'} {part['clause']}{instead}", 10)
    for alert in verdict["alerts"]:
        version = f" v{alert['rule_version']}" if alert["rule_version"] else ""
        place = f" as {alert['remote_id']}" if alert["remote_id"] else ""
        paper.hanging(f"      {alert['state']}{version} to {alert['channel']}{place}: {alert['reason']}", 8)
    if not failed and not verdict["alerts"]:
        paper.hanging("      it fires today, but did not when the item came: see monitor rules test", 8)


@command(
    "alerts",
    example="""monitor alerts --since 7d
monitor alerts --rule official-now --state folded
monitor alerts --state dead --format json
monitor alerts retry""",
)
@click.argument("action", type=click.Choice(["retry"]), required=False)
@click.option("--since", default="7d", show_default=True, metavar="SPAN|DATE", help="Decided since.")
@click.option("--state", type=click.Choice(["waiting", "sent", "folded", "suppressed", "dead"]), help="Only in this state.")
@click.option("--rule", shell_complete=completion.rules, help="Only of this rule.")
@click.option("--channel", help="Only for this channel; with retry: only what it refused.")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="At most so many.")
@format_option()
@click.pass_obj
def alerts(
    here: Here,
    action: str | None,
    since: str,
    state: str | None,
    rule: str | None,
    channel: str | None,
    limit: int,
    form: str | None,
) -> None:
    """What the rules decided, and what became of it, the latest first; json has the whole record of each, ids the items.

    `retry` puts what a channel refused back in the queue, once the channel, the token or the address is mended.
    """
    if action == "retry":
        with here.archive() as archive, archive.errors():
            count = archive.outbox.revive(here.now(), channel)
            if not count:
                _refuse_unknown(here, archive, None, channel)
        note(f"{count} put back; send them with: monitor deliver")
        return
    with here.archive(is_readonly=True) as archive, archive.errors():
        start = moment_since(since, here)
        found = archive.reading.alerts(since=start, state=state, rule=rule, channel=channel, limit=limit + 1)
        if not found:
            _refuse_unknown(here, archive, rule, channel)
    rows = [
        {
            "id": each.id,
            "decided": each.decided_at.strftime("%Y-%m-%d %H:%M"),
            "state": each.state,
            "rule": each.rule,
            "channel": each.channel,
            "event": each.event,
            "item": each.item,
            "title": each.title,
            "reason": each.reason,
        }
        for each in found[:limit]
    ]
    asked = " ".join(filter(None, (state, "alerts", rule and f"of the rule {rule}", channel and f"for {channel}")))
    emit(
        rows,
        ("id", "decided", "state", "rule", "channel", "item", "title", "reason", "event"),
        form,
        optional=("id", "reason", "event", "channel", "rule"),  # item is what why and show ask for; nothing asks for id
        ids="item",
        nothing=f"No {asked} since {start:%Y-%m-%d %H:%M}.",
        json_rows=[alert_json(each) for each in found[:limit]],
    )
    note_cut(len(found), limit)


def _refuse_unknown(here: Here, archive: Archive, rule: str | None, channel: str | None) -> None:
    """Refuse a rule and a channel that neither the configuration nor the archive names; without a configuration nothing is refused.

    Raises:
        UsageError: with the nearest one.
    """
    try:
        settings = here.config()
    except ConfigError:  # what was told can be read without it
        return
    rules, channels = archive.reading.rules_and_channels()
    rules |= {each.id for each in settings.rules}
    channels |= {address for each in settings.rules for address in each.to}
    channels |= {address for each in settings.subscriptions for address in each.to}
    if rule is not None:
        refuse_unknown("rule", rule, sorted(rules), f" in {settings.path}")
    if channel is not None:
        refuse_unknown("channel", channel, sorted(channels), f" in {settings.path}")


def alert_json(alert: AlertRow) -> dict[str, Any]:
    """The whole record of an alert."""
    return {
        "id": alert.id,
        "kind": alert.kind,
        "state": alert.state,
        "rule": alert.rule,
        "rule_version": alert.rule_version,
        "channel": alert.channel,
        "remote_id": alert.remote_id,
        "event": alert.event,
        "item": alert.item,
        "title": alert.title,
        "reason": alert.reason,
        "news": alert.news,
        "stage": alert.stage,
        "sources": alert.sources,
        "importance": alert.importance,
        "model": alert.model,
        "scores": dict(alert.scores),
        "terms": [[term.term, term.weight] for term in alert.terms],
        "silence": alert.silence,
        "echo_of": alert.echo_of,
        "decided_at": stamp(alert.decided_at),
        "sent_at": stamp(alert.sent_at),
        "error": alert.error,
    }
