"""Commands that work: run, poll, deliver, digest."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click

from monitor import bundled
from monitor.cli import completion
from monitor.cli.options import Here, command
from monitor.cli.output import json_line, json_option, note, progress, warn
from monitor.errors import UsageError
from monitor.items import Source, Subscription
from monitor.query import FIRST_YEAR, LAST_YEAR

if TYPE_CHECKING:
    from monitor.archive import Archive
    from monitor.config import MailConfig
    from monitor.digest_content import Content
    from monitor.intake import Round


@command("run", example="monitor run\nmonitor run --config feeds.yaml --archive sqlite:////var/lib/monitor/monitor.db")
@click.pass_obj
def run(here: Here) -> None:
    """The service: scheduled intake, judgement, delivery and digests, until stopped.

    SIGTERM or Ctrl-C ends it cleanly, SIGHUP reloads the configuration.
    """
    from monitor import memory
    from monitor.schedule import Service

    memory.give_back()
    here.start_log(logging.INFO)
    Service(here.url(), here.path(), bundled.classifiers_in_use(), here.now).run()
    if any(thread.name.startswith(("ThreadPoolExecutor", "resolve")) for thread in threading.enumerate()):
        # A channel or server that does not answer would hold the exit for its whole timeout. Everything that was
        # promised is committed; what was not will be met again.
        logging.shutdown()
        os._exit(0)


@command("poll", example="monitor poll\nmonitor poll jp-meti-press us-fr-bis --json\nmonitor poll us-fr-bis --since 2025-01-01")
@click.argument("names", metavar="[SOURCE]...", nargs=-1, shell_complete=completion.sources)
@click.option("--due", "is_due_only", is_flag=True, help="Only sources whose time has come.")
@click.option("--since", "day", metavar="DAY", help="Read the sources named back to this day, YYYY-MM-DD, as far as they can.")
@json_option()
@click.pass_obj
def poll(here: Here, names: tuple[str, ...], is_due_only: bool, day: str | None, is_json: bool) -> None:
    """One round of intake and judgement, now.

    Every source (or those named) is fetched that is not under Retry-After. With --since their older entries are read page by
    page; a backfill that was broken off goes on where it stopped, and what is older than a rule's window is never alerted.
    Exit 4: some sources failed, 5: all did.
    """
    from monitor import house, intake
    from monitor.pace import due

    here.start_log(logging.ERROR)  # failures are told at the end, one line each
    settings = here.config()
    sources = chosen(settings.sources, names)
    since = None if day is None else _since(day, names, here.now())
    if since is not None and is_due_only:
        raise UsageError("--since and --due do not go together")
    with here.archive(may_make=True) as archive, archive.working():
        if is_due_only:
            sources = due(sources, archive.intake.states(), here.now(), settings.pace)
        if since is not None:
            found = _backfilled(here, archive, sources, since)
        else:
            with progress("Reading sources", len(sources)) as step:
                found = intake.poll(
                    archive,
                    sources,
                    network=settings.network,
                    pace=settings.pace,
                    clock=here.now,
                    limits=settings.limits,
                    on_done=lambda _: step(1),
                )
        with progress("Judging items", None) as step:
            judge = house.judge(archive, settings, bundled.classifiers_in_use(), here.now)
            judged = judge.run(on_done=step)
    report = {
        "sources": len(sources),
        "fetched": found.count("fetched"),
        "unchanged": found.count("unchanged"),
        "held": found.count("held"),
        "failed": len(found.failures),
        "new": found.new,
        "revised": found.revised,
        "judged": judged.judged,
        "tagged": judged.tagged,
        "alerts": judged.alerts,
        "folded": judged.folded,
        "seconds": found.seconds,
        "failures": [{"source": each.source, "error": each.error} for each in found.failures],
    }
    if is_json:
        click.echo(json_line(report))
    else:
        click.echo(
            f"{report['sources']} sources: {report['fetched']} fetched, {report['unchanged']} unchanged, {report['failed']} failed"
            f" in {found.seconds:.1f} s; {found.new} new items, {found.revised} revised; {judged.tagged} tagged, {judged.alerts} alerts"
        )
        for each in found.failures:
            warn(f"{each.source}: {each.error}. Try: monitor sources check {each.source}")
        if judged.alerts:
            note("Send them with: monitor deliver")
    if found.failures:
        here.exit_code = 5 if len(found.failures) == len(sources) else 4


def _since(day: str, names: Sequence[str], now: datetime) -> date:
    """The day of --since.

    Raises:
        UsageError: no day, one ahead, or no source is named.
    """
    if not names:
        raise UsageError("--since needs the names of sources", hint="For example: monitor poll us-fr-bis --since 2025-01-01")
    found = date.fromisoformat(_day(day, now, "UTC", "--since"))
    if found > now.date():
        raise UsageError(f"--since {day!r} lies ahead")
    return found


def _backfilled(here: Here, archive: Archive, sources: Sequence[Source], since: date) -> Round:
    """Each source read back to a day; a source that fails keeps what it gave so far, and its place."""
    import time

    from monitor import intake

    settings = here.config()
    outcomes = []
    began = time.monotonic()
    for source in sources:
        with progress(f"Reading {source.id} back to {since}", None) as step:
            found = intake.backfill(
                archive,
                source,
                since,
                network=settings.network,
                pace=settings.pace,
                clock=here.now,
                limits=settings.limits,
                on_page=lambda read, left, _new: step(1, read + left),
            )
        note(
            f"monitor: {source.id}: {', '.join(found.notes)}, {found.new} new"
            + (f"; stopped ({found.error}), the same command goes on there" if found.error else "")
        )
        outcomes.append(found)
    return intake.Round(outcomes=tuple(outcomes), seconds=round(time.monotonic() - began, 3))


@command("deliver", example="monitor deliver\nmonitor deliver --json")
@json_option("One JSON object on standard output; console messages go to standard error.")
@click.pass_obj
def deliver(here: Here, is_json: bool) -> None:
    """Empty the outbox once: send every alert that is due, and digests that were ordered.

    Digests are ordered by `run` at their hour, or by `digest --send`. What cannot be sent now stays in the outbox. Exit 6:
    something could not be sent.
    """
    import sys

    from monitor import house

    here.start_log(logging.ERROR)
    settings = here.config()
    with here.archive() as archive, archive.working():
        stream = sys.stderr if is_json else sys.stdout
        found = house.deliverer(archive, settings, bundled.classifiers_in_use(), here.now, stream=stream).run()
        counts = archive.outbox.counts()
    if is_json:
        report = {
            "sent": found.sent,
            "found": found.found,
            "failed": found.failed,
            "dead": found.dead,
            "waiting": counts["waiting"],
            "errors": list(found.errors),
        }
        click.echo(json_line(report))
    else:
        note(f"{found.sent + found.found} sent, {found.failed} to be tried again, {found.dead} refused; {counts['waiting']} wait")
        for error in found.errors:
            warn(f"{error}")
    if found.failed or found.dead:
        here.exit_code = 6


@command(
    "digest",
    example="""monitor digest morning --preview
monitor digest morning --preview --out previews --date 2026-05-01
monitor digest morning --send
monitor digest morning --readers
monitor digest morning --resubscribe analyst@example.org""",
)
@click.argument("name", shell_complete=completion.digests)
@click.option("--preview", "is_preview", is_flag=True, help="Show it; with --out write .txt, .html and .eml.")
@click.option("--send", "is_send", is_flag=True, help="Send it now, once per local day and recipient.")
@click.option("--date", "day", metavar="DAY", help="Local day, YYYY-MM-DD; default today.")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="Folder for the files of --preview.")
@click.option("--readers", "is_readers", is_flag=True, help="List who gets it, when last, and who has ended it.")
@click.option("--resubscribe", "again", metavar="ADDRESS", help="Let a digest that its reader ended go on.")
@click.pass_obj
def digest(
    here: Here, name: str, is_preview: bool, is_send: bool, day: str | None, out: Path | None, is_readers: bool, again: str | None
) -> None:
    """The digest mail NAME of feeds.yaml, shown or sent; and its readers."""
    from monitor import house
    from monitor.digest import render

    if is_preview + is_send + is_readers + (again is not None) != 1:
        raise UsageError("say --preview or --send, or one of --readers and --resubscribe")
    here.start_log()
    settings = here.config()
    subscription = next((each for each in settings.subscriptions if each.id == name), None)
    if subscription is None:
        names = ", ".join(each.id for each in settings.subscriptions) or "none"
        raise UsageError(f"there is no digest {name!r} in {settings.path}", hint=f"Digests there: {names}")
    if is_readers or again is not None:
        with here.archive(is_readonly=again is None) as archive:
            if again is None:
                _show_readers(archive, subscription)
            else:
                _resume(archive, subscription, again)
        return
    now = here.now()
    local_day = _day(day, now, subscription.tz)
    with here.archive(is_readonly=is_preview) as archive:
        deliverer = house.deliverer(archive, settings, bundled.classifiers_in_use(), here.now)
        if is_preview:
            since, until = _span(subscription.tz, subscription.at, local_day, now)
            content = deliverer.digests.content(subscription, since, until)
            if out is None:
                rendered = render(content)
                click.echo(f"Subject: {rendered.subject}\n\n{rendered.text}")
                return
            for label, path in write_digest(content, subscription.to[0], settings.mail, out, local_day):
                click.echo(f"{label}\t{path}")
            return
        with archive.working():
            ordered = sum(deliverer.digests.order(subscription, local_day, channel, now) for channel in subscription.to)
            ended = archive.readers.stopped(name) & set(subscription.to)
            if ended:
                note(f"Ended by its reader, not sent: {', '.join(sorted(ended))}")
            if not ordered and len(ended) < len(subscription.to):
                note(f"The digest {name} of {local_day} was ordered before; what is undelivered of it is sent now.")
            found = deliverer.run(digest=name)
        note(f"{found.sent + found.found} sent, {found.failed} to be tried again, {found.dead} refused")
        for error in found.errors:
            warn(f"{error}")
        if found.failed or found.dead:
            here.exit_code = 6


def _show_readers(archive: Archive, subscription: Subscription) -> None:
    """Each address of a digest: address, the day of its last one, whether it goes on."""
    ended = {each.channel: each.stopped_at for each in archive.readers.of_digest(subscription.id)}
    for channel in dict.fromkeys((*subscription.to, *ended)):
        last = max(archive.readers.days(subscription.id, channel), default="never")
        stopped_at = ended.get(channel)
        state = f"ended by its reader {stopped_at:%Y-%m-%d %H:%MZ}" if stopped_at is not None else "goes on"
        click.echo(f"{channel}\t{last}\t{state if channel in subscription.to else 'no longer in feeds.yaml'}")


def _resume(archive: Archive, subscription: Subscription, address: str) -> None:
    """Let the digest of an address go on.

    Raises:
        UsageError: the digest has no such reader.
    """
    from monitor.channels import split

    channel = next((each for each in subscription.to if split(each) == split(address)), None)
    if channel is None:
        raise UsageError(
            f"{address!r} is no reader of the digest {subscription.id}", hint=f"Its readers: {', '.join(subscription.to)}"
        )
    with archive.errors():
        has_resumed = archive.readers.resume(subscription.id, channel)
    note(f"{channel} gets the digest {subscription.id} again" if has_resumed else f"{channel} had not ended it; nothing to do")


def write_digest(content: Content, recipient: str, mail: MailConfig | None, out: Path, day: str) -> list[tuple[str, Path]]:
    """Write a digest as .txt, .html (which shows its pictures by itself) and .eml; what each is, and where."""
    from monitor.channels import split
    from monitor.channels.mail import mail_of
    from monitor.digest import render, standalone
    from monitor.messages import MailParts, Message

    out.mkdir(parents=True, exist_ok=True)
    rendered = render(content)
    kind, target = split(recipient)
    message = Message(
        key=f"digest:{content.name}:{day}:{recipient}",
        address=target if kind == "mail" else "reader@econsec-monitor.example",
        headline=rendered.subject,
        title=rendered.subject,
        url=None,
        extract="",
        fields=(),
        why="",
        hint="",
        text=rendered.subject,
        mail=MailParts(text=rendered.text, html=rendered.html, files=rendered.files, list_id=content.name),
    )
    sender = "monitor@econsec-monitor.example" if mail is None else mail.sender
    parts = {
        ".txt": rendered.text.encode(),
        ".html": standalone(rendered).encode(),
        ".eml": bytes(mail_of(message, sender=sender, now=content.until)),
    }
    written = []
    for ending, raw in parts.items():
        path = out / f"digest-{content.name}-{day}{ending}"
        path.write_bytes(raw)
        written.append((f"digest {ending}", path))
    return written


def _day(day: str | None, now: datetime, tz: str, option: str = "--date") -> str:
    if day is None:
        return now.astimezone(ZoneInfo(tz)).date().isoformat()
    try:
        found = date.fromisoformat(day)
    except ValueError as error:
        raise UsageError(f"{option} {day!r} is no day", hint="Write YYYY-MM-DD") from error
    if not FIRST_YEAR <= found.year <= LAST_YEAR:
        raise UsageError(f"{option} {day!r} is out of reach")
    return found.isoformat()


def _span(tz: str, at: str, day: str, now: datetime) -> tuple[datetime, datetime]:
    """What the digest of a day covers when it is only looked at: the day before its hour; for today, up to now."""
    from monitor.digests import SECOND

    hour, minute = (int(part) for part in at.split(":"))
    end = datetime.fromisoformat(day).replace(hour=hour, minute=minute, tzinfo=ZoneInfo(tz))
    is_today = now.astimezone(ZoneInfo(tz)).date().isoformat() == day
    until = now + SECOND if is_today else end.astimezone(now.tzinfo)
    return until - timedelta(days=1), until


def chosen(sources: Sequence[Source], names: Sequence[str]) -> list[Source]:
    """The sources of those names, in that order; all if there are none.

    Raises:
        UsageError: a name that is no source's.
    """
    import difflib

    known = {source.id: source for source in sources}
    for name in names:
        if name not in known:
            near = difflib.get_close_matches(name, known, 1)
            hint = f"Did you mean {near[0]}?" if near else "Names are listed by: monitor sources list"
            raise UsageError(f"there is no source {name!r} in the configuration", hint=hint)
    return [known[name] for name in dict.fromkeys(names)] if names else list(sources)
