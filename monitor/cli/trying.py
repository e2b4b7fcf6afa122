"""Commands to begin with: demo, init."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import click

from monitor import bundled, query
from monitor.archive import Archive
from monitor.cli.asking import expanded
from monitor.cli.options import Here, command
from monitor.cli.output import note
from monitor.cli.working import write_digest
from monitor.compose import date_name
from monitor.errors import UsageError


@command("demo", example="monitor demo\nmonitor demo --keep ./demo-output")
@click.option(
    "--keep", type=click.Path(file_okay=False, path_type=Path), help="Folder for what it makes; default a new temporary one."
)
@click.pass_obj
def demo(here: Here, keep: Path | None) -> None:
    """The whole job on bundled sources: fetch, tag, link, alert, digest, search. No network, no keys."""
    from monitor import config, house, intake
    from monitor.demo import ROUNDS, configuration, served

    here.start_log()
    folder = keep or Path(tempfile.mkdtemp(prefix="monitor-demo-"))
    path, feeds = folder / "monitor.db", folder / "feeds.yaml"
    for each in (path, feeds):
        if each.exists():
            raise UsageError(f"{each} is there already", hint="Choose another folder with --keep")
    classifier = bundled.classifiers_in_use()
    click.echo("themes\t" + "  ".join(house.theme_names(classifier)))
    with served() as web, Archive.open(f"sqlite:///{path}") as archive, archive.working():
        settings = config.load(bundled.demo() / "feeds.yaml", {**os.environ, "DEMO_BASE": web.base})
        for number, (_, moment) in enumerate(ROUNDS):
            web.show(number)
            clock = _fixed(moment)
            found = intake.poll(
                archive, settings.sources, network=settings.network, pace=settings.pace, clock=clock, limits=settings.limits
            )
            judged = house.judge(archive, settings, classifier, clock).run()
            click.echo(
                f"\n### {moment:%Y-%m-%d %H:%MZ}: {len(settings.sources)} sources, {found.new} new items, {found.revised} revised;"
                f" {judged.tagged} tagged, {judged.alerts} alerts\n"
            )
            deliverer = house.deliverer(archive, settings, classifier, clock, pause=lambda _: None)
            deliverer.run()
        _show_events(archive, now=ROUNDS[-1][1])
        _show_dates(archive, ROUNDS[-1][1])
        _show_search(archive, "黒鉛 tier:official", here.path(), ROUNDS[-1][1])
        subscription = settings.subscriptions[0]
        # what came since the second round, the last one's items included
        since, until = (moment + timedelta(seconds=1) for moment in (ROUNDS[1][1], ROUNDS[-1][1]))
        content = deliverer.digests.content(subscription, since, until)
    written = write_digest(content, subscription.to[0], settings.mail, folder, "2023-10-25")
    click.echo("\n### Where things are\n")
    for label, place in (*written, ("archive", path)):
        click.echo(f"{label}\t{place}")
    feeds.write_text(configuration(), encoding="utf-8")
    note(_further(path, feeds, ROUNDS[-1][1]))


def _further(archive: Path, feeds: Path, now: datetime) -> str:
    """What to try on what is kept: lines for a shell."""
    from shlex import quote

    return f"""
Look further, on the last day of the demo:
  export MONITOR_NOW={now:%Y-%m-%dT%H:%M:%SZ} MONITOR_ARCHIVE={quote(f"sqlite:///{archive}")} MONITOR_CONFIG={quote(str(feeds))}
  monitor events
  monitor stats
  monitor coverage --matrix
  monitor doctor
Your own:
  unset MONITOR_NOW MONITOR_ARCHIVE MONITOR_CONFIG
  monitor init"""


@command("init", example="monitor init\nmonitor init ./watch --with-classifiers")
@click.argument("folder", metavar="[DIR]", type=click.Path(file_okay=False, path_type=Path), default=".")
@click.option("--with-classifiers", is_flag=True, help="Copy classifiers/, too, to train your own model.")
@click.pass_obj
def init(here: Here, folder: Path, with_classifiers: bool) -> None:
    """Write a commented feeds.yaml and .env.example to start from. Nothing that is there is overwritten."""
    del here
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in (("feeds.yaml", bundled.feeds().read_text(encoding="utf-8")), (".env.example", _ENV)):
        place = folder / name
        if place.exists():
            note(f"{place} is there already; left as it is")
            continue
        place.write_text(text, encoding="utf-8")
        click.echo(f"wrote {place}")
    if with_classifiers:
        place = folder / "classifiers"
        if place.exists():
            note(f"{place} is there already; left as it is")
        else:
            shutil.copytree(bundled.classifiers(), place)
            click.echo(f"wrote {place}")
    note("Next: " + ("" if folder == Path() else f"cd {folder} && ") + "monitor doctor && monitor poll")


_ENV = """\
# Secrets stand in the environment, never in feeds.yaml. NAME_FILE may name a file that holds the value.
# A line that is in use is NAME=value and nothing else: what reads this file may take a remark after the value for a part of it.

# For to: ["slack:#econsec"]
# SLACK_BOT_TOKEN=xoxb-...
# Buttons and /monitor; see: monitor slack manifest
# SLACK_APP_TOKEN=xapp-...
# For to: ["slack-webhook:econsec"]
# SLACK_WEBHOOK_ECONSEC=https://...
# For to: ["webhook:tracker"]
# WEBHOOK_TRACKER_SECRET=

# For mail
# SMTP_USER=
# SMTP_PASSWORD=

# Instead of --config and --archive
# MONITOR_CONFIG=feeds.yaml
# MONITOR_ARCHIVE=sqlite:///data/monitor.db
"""


def _fixed(moment: datetime) -> Callable[[], datetime]:
    return lambda: moment


def _show_events(archive: Archive, now: datetime) -> None:
    """The events of the demo in which something matters, with their languages and the way that they went."""
    click.echo("\n### Events\n")
    for event in archive.events.moved(now - timedelta(days=365), now, limit=12):
        if event.items < 2:
            continue
        stages = " → ".join(dict.fromkeys(each.stage.value.replace("_", " ") for each in event.way))
        click.echo(f"{event.id}  {event.title}")
        click.echo(
            f"    {', '.join(event.langs)} · {event.items} items, {len(event.sources)} sources · {stages}"
            f" · {', '.join(theme for theme, _ in event.themes)}"
        )


def _show_dates(archive: Archive, now: datetime) -> None:
    click.echo("\n### Dates ahead\n")
    for each in archive.events.deadlines(now.date(), (now + timedelta(days=60)).date(), now):
        click.echo(f"{each.date.date.isoformat()}  {date_name(each.date.kind):<15} {each.date.title[:80]}  ({each.event})")


def _show_search(archive: Archive, text: str, config: Path, now: datetime) -> None:
    click.echo(f"\n### monitor search '{text}'\n")
    tree = query.parse(text)
    asked = expanded(config, tree)
    items = archive.reading.search(asked.tree, now, limit=7)
    by = archive.reading.found_by(tree, asked.added, items, now)
    for each in items:
        mark = f"  ≈ {', '.join(by[each.item.id])}" if by[each.item.id] else ""
        click.echo(f"{each.item.moment:%Y-%m-%d}  {each.item.lang}  {each.item.source:<12} {each.item.title}{mark}")
