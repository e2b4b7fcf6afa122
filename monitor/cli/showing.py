"""The command show: one item with everything that is known of it, wrapped to the terminal, with what its source changed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from monitor.cli import completion, pager
from monitor.cli.options import Here, command
from monitor.cli.output import findings_json, item_json, json_line, json_option, stamp
from monitor.dedupe import address_key
from monitor.errors import UsageError
from monitor.items import Filed, Judged, Revision
from monitor.normalise import clean
from monitor.query import cleaned

if TYPE_CHECKING:
    from monitor.archive import Archive
    from monitor.archive.reading import AlertRow
    from monitor.cli.paragraphs import Paper

_ADDRESS = re.compile(r"https?://", re.IGNORECASE)
_TERMS = 4
"""Terms that are named for a theme, and for the event."""
_COPIES = 12
"""Copies that are named; a press release has hundreds."""
_FACTS = ("id", "source", "tier", "country", "lang", "published", "first_seen", "url", "stage")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """What the archive has about one item."""

    filed: Filed
    judged: Judged | None  # None: it waits for judgement
    revisions: list[Revision]  # the oldest first
    event: tuple[str, str] | None  # stage and title of its event; None: not judged
    original: Filed | None  # what it is a copy of
    copies: list[Filed]
    alerts: list[AlertRow]  # the first first


@command(
    "show",
    example="""monitor show I-5vq2m7n4kd3a
monitor show I-5vq2 --json | jq .revisions
monitor show https://meti.example/press/20231020002""",
)
@click.argument("item", metavar="ITEM|URL", shell_complete=completion.items)
@json_option()
@click.pass_obj
def show(here: Here, item: str, is_json: bool) -> None:
    """One item with everything that is known of it. The beginning of an id is enough; its address will do.

    Why it has its themes and its event, what repeats it, what was told of it, and what its source changed since: removed words
    in red, new ones in green; without colours as [-removed-] and {+new+}. The newest change comes first.
    """
    item = cleaned(item)
    with here.archive(is_readonly=True) as archive, archive.errors():
        if _ADDRESS.match(item):
            item = archive.reading.item_at(address_key(item) or "", item)
        known = _known(archive, item, here)
    if is_json:
        click.echo(json_line(_json(known), indent=1))
        return
    from monitor.cli.paragraphs import Paper

    with pager.together():
        _print(known, Paper())


def _known(archive: Archive, item: str, here: Here) -> _Known:
    filed = archive.reading.item(item)
    event = None
    if filed.event is not None:
        record = archive.events.record(filed.event, here.now())
        event = (record.stage.value, record.title)
    original = None
    if filed.copy_of is not None:
        try:
            original = archive.reading.item(filed.copy_of)
        except UsageError:  # it is no longer there; its id is still told
            original = None
    return _Known(
        filed=filed,
        judged=archive.judging.judged(filed.item.id),
        revisions=archive.reading.revisions(filed.item.id),
        event=event,
        original=original,
        copies=archive.reading.copies(filed.item.id, filed.event),
        alerts=archive.reading.alerts_of(filed.item.id),
    )


def _json(known: _Known) -> dict[str, Any]:
    """The item as JSON has it everywhere, and what else is known; what judgement finds is absent until it has been."""
    from monitor.cli.alerts import alert_json

    found: dict[str, Any] = item_json(known.filed)
    if known.judged is not None:
        findings, shown = known.judged.findings, known.judged.findings.shown
        found["stage"] = findings.stage.value
        found["shown"] = (
            None
            if shown is None
            else {
                "jurisdiction": shown.jurisdiction,
                "step": shown.step,
                "stage": shown.stage.value,
                "sentence": shown.sentence,
            }
        )
        found |= findings_json(findings.identifiers, findings.entities, findings.dates)
        found["body"] = known.judged.item.body or None
        found["why"] = {
            tag.theme: [[reason.term, reason.weight] for reason in tag.reasons] for tag in known.judged.tags if tag.is_given
        }
        found["linked_by"] = [[reason.term, reason.weight] for reason in known.judged.link.reasons]
    found["revisions"] = [
        {"at": stamp(each.at), "title": each.title, "summary": each.summary, "url": each.url} for each in known.revisions
    ]
    found["copies"] = [item_json(each) for each in known.copies]
    found["alerts"] = [alert_json(each) for each in known.alerts]
    return found


def _print(known: _Known, paper: Paper) -> None:
    item = known.filed.item
    paper.text(item.title, style="bold")
    facts = {
        **item_json(known.filed),
        "stage": None if known.judged is None else known.judged.findings.stage.value.replace("_", " "),
    }
    for name in _FACTS:
        if facts[name]:
            paper.fact(name.replace("_", " "), str(facts[name]))
    if known.judged is None:
        paper.fact("theme", "not judged yet; monitor poll does it")
    else:
        _print_judged(known, known.judged, paper)
    _print_copies(known, paper)
    _print_alerts(known, paper)
    if item.summary:
        paper.text("\n" + item.summary)
    _print_revisions(known, paper)
    if known.judged is not None and known.judged.item.body:
        paper.text("\nThe page at its address:", style="bold")
        paper.text(known.judged.item.body)


def _print_judged(known: _Known, judged: Judged, paper: Paper) -> None:
    from monitor.compose import date_name
    from monitor.reasons import linked, named, told

    names = named(judged.findings)
    given = sorted((each for each in judged.tags if each.is_given), key=lambda each: -each.score)
    for tag in given:
        terms = ", ".join(told(reason.term, names) for reason in tag.reasons[:_TERMS])
        paper.fact("theme", f"{tag.theme} {tag.score:.2f}" + (f" for {terms}" if terms else ""))
    if not given:
        paper.fact("theme", "none" if judged.model else "not classified: there was no usable model")
    if known.event is not None:
        stage, title = known.event
        paper.fact("event", f"{known.filed.event} ({stage.replace('_', ' ')}) {title}")
        terms = linked(judged.link.reasons, names)
        paper.fact("", f"joined by {terms}" if terms else "it opened the event")
    for identifier in judged.findings.identifiers:
        paper.fact(identifier.type, identifier.value)
    for day in judged.findings.dates:
        paper.fact(date_name(day.kind).lower(), f"{day.date.isoformat()}  {day.sentence}")


def _print_copies(known: _Known, paper: Paper) -> None:
    if known.filed.copy_of is not None:
        of = "" if known.original is None else f"  {_told(known.original)}"
        paper.fact("copy of", f"{known.filed.copy_of}{of}")
    for each in known.copies[:_COPIES]:
        paper.fact("copied by", f"{each.item.id}  {_told(each)}")
    if len(known.copies) > _COPIES:
        paper.fact("", f"and {len(known.copies) - _COPIES} more, which --json has")


def _told(filed: Filed) -> str:
    return f"{filed.item.moment:%Y-%m-%d} {filed.item.source} [{filed.item.lang}] {filed.item.title}"


def _print_alerts(known: _Known, paper: Paper) -> None:
    """What was told or waits to be; what was held back is counted."""
    quiet = ("folded", "suppressed")
    for each in known.alerts:
        if each.state not in quiet:
            when = f"{each.sent_at or each.decided_at:%Y-%m-%d %H:%M}"
            error = f": {each.error}" if each.error and each.state != "sent" else ""
            paper.fact("alert", f"{when} {each.state} to {each.channel} by rule {each.rule}{clean(error)}")
    held = sum(each.state in quiet for each in known.alerts)
    if held:
        paper.fact("alert", f"{held} held back; monitor why {known.filed.item.id} says by what")


def _print_revisions(known: _Known, paper: Paper) -> None:
    """What each revision changed: its state against the one that followed, the newest first."""
    from monitor.redline import Change, Fate, excerpt, redline

    item = known.filed.item
    states = [(each.title, each.summary, each.url) for each in known.revisions] + [(item.title, item.summary, item.url)]
    for place in range(len(known.revisions) - 1, -1, -1):
        paper.text(f"\nChanged, as seen {known.revisions[place].at:%Y-%m-%d %H:%M} UTC:", style="bold")
        (title, summary, url), (title_now, summary_now, url_now) = states[place], states[place + 1]
        if title != title_now:
            paper.change("title", redline(title, title_now))
        if summary != summary_now:
            paper.change("summary", excerpt(redline(summary, summary_now)))
        if url != url_now:  # an address is read whole
            texts = (Fate.REMOVED, url), (Fate.SAME, " "), (Fate.ADDED, url_now)
            paper.change("url", [Change(fate, text) for fate, text in texts if text])
