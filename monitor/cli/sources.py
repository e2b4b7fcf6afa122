"""Commands about sources: list, check, add, import, export."""

from __future__ import annotations

import json
import sys
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

from monitor.cli import checking, completion
from monitor.cli.house import fares, states_of
from monitor.cli.options import GlobalOptions, Here, commands_of
from monitor.cli.output import emit, format_option, note, progress, stamp, warn
from monitor.errors import FetchError, UsageError
from monitor.items import Source, SourceState, Tier
from monitor.normalise import clean

if TYPE_CHECKING:
    from monitor.config import Config
    from monitor.sources.finding import Readable

_NAMED = 8
"""Feeds that add names beside the one that it takes."""
"""Feeds of a page that are tried, at most."""
_HARMLESS_HEADERS = ("accept", "accept-language", "user-agent", "referer")


@click.group(
    "sources",
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="\b\nExample:\n  monitor sources list\n  monitor sources add https://www.meti.go.jp/policy/anpo/",
)
@GlobalOptions
def sources() -> None:
    """What is watched, and how it fares."""


_command = commands_of(sources)


@_command("list", "monitor sources list --failing", "monitor sources list --silent --format json")
@click.option("--failing", is_flag=True, help="Only sources whose last fetch failed.")
@click.option("--stale", is_flag=True, help="Only sources that were not read for three of their intervals.")
@click.option(
    "--silent", is_flag=True, help="Only sources that are read without an error and bring nothing, against their rhythm."
)
@format_option()
@click.pass_obj
def list_(here: Here, failing: bool, stale: bool, silent: bool, form: str | None) -> None:
    """The sources of feeds.yaml with their state."""
    settings, now = here.config(), here.now()
    states = states_of(here)
    rows = [_row(each, states.get(each.id), settings, now) for each in settings.sources]
    rows = [
        row for row in rows if (row["error"] or not failing) and (row["stale"] or not stale) and (row["silent"] or not silent)
    ]
    asked = [name for name, is_asked in (("failing", failing), ("stale", stale), ("silent", silent)) if is_asked]
    emit(
        [{**row, "last_success": (row["last_success"] or "")[:16].replace("T", " ")} for row in rows],
        ("id", "country", "lang", "tier", "last_success", "error", "name"),
        form,
        wide="name",
        optional=("lang", "country", "tier"),
        nothing=f"No source is {' and '.join(asked)}." if asked else "There are none yet. Add one with: monitor sources add URL",
        json_rows=rows,
    )


@_command(
    "check",
    "monitor sources check jp-anpo",
    "monitor sources check --url https://www.meti.go.jp/policy/anpo/ --propose",
    "monitor sources check --format json",
)
@click.argument("names", metavar="[SOURCE]...", nargs=-1, shell_complete=completion.sources)
@click.option("--url", metavar="URL", help="Look at an address that is in no configuration.")
@click.option("--type", "type_", metavar="TYPE", help="Read --url as this type; default: by its content.")
@click.option("--propose", is_flag=True, help="Propose selectors, also where those of the configuration work.")
@format_option("table", "json", "csv", "tsv")
@click.pass_obj
def check(here: Here, names: tuple[str, ...], url: str | None, type_: str | None, propose: bool, form: str | None) -> None:
    """Fetch and read sources without storing anything: what they hold, how fresh it is, what is odd, what to do.

    One source is shown in full, several as a table. Exit 4: some failed, 5: all did; a warning is no failure.
    """
    from monitor.cli.working import chosen
    from monitor.sources import looking

    here.start_log()
    settings = here.config()
    if url is not None and names:
        raise UsageError("--url goes without names of sources")
    if type_ is not None and url is None:
        raise UsageError("--type is for --url; a source says its own in feeds.yaml")
    asked = chosen(settings.sources, names) if url is None else [_unnamed(url, type_)]
    found = looking.look(asked, settings.network, here.now, is_proposing=propose or type_ == "listing")
    if len(found) == 1 and form is None:
        checking.tell(found[0])
    else:
        columns = ("id", "verdict", "entries", "newest", "undated", "says")
        rows = [checking.row(each) for each in found]
        emit(
            rows, columns, form, wide="says", optional=("undated", "newest"), json_rows=[checking.as_json(each) for each in found]
        )
    bad = sum(1 for each in found if each.verdict == "fail")
    if bad:
        here.exit_code = 5 if bad == len(found) else 4


@_command(
    "add",
    "monitor sources add https://www.meti.go.jp/policy/anpo/",
    "monitor sources add URL --id jp-anpo --tier official --dry-run",
)
@click.argument("url")
@click.option("--id", "id_", metavar="ID", help="Default: from the title, or from host and path.")
@click.option(
    "--type", "type_", type=click.Choice(["feed", "sitemap", "federal_register", "listing"]), help="Take only this type."
)
@click.option("--country", metavar="CC", help="Default: by the address, where that is clear.")
@click.option("--lang", metavar="ll", help="Default: by the titles.")
@click.option(
    "--tier", type=click.Choice([each.value for each in Tier]), help="Default: official in domains of governments, else press."
)
@click.option("--kind", help="A word of your own for kind: in queries, such as regulator.")
@click.option("--dry-run", is_flag=True, help="Show what would be added, and write nothing.")
@click.option("--yes", is_flag=True, help="Do not ask, also on a terminal.")
@click.pass_obj
def add(
    here: Here,
    url: str,
    id_: str | None,
    type_: str | None,
    country: str | None,
    lang: str | None,
    tier: str | None,
    kind: str | None,
    dry_run: bool,
    yes: bool,
) -> None:
    """Find what can be read at an address, and add it to feeds.yaml.

    The address may be a feed or a page: then the feeds that the page names are tried, the usual places, and at last the page
    itself as a listing. The line of feeds.yaml goes to standard output. Exit 5: nothing that can be read.
    """
    from monitor import feedsfile
    from monitor.sources import discover, examining, finding

    here.start_log()
    settings = here.config()
    before = feedsfile.read(here.path())
    there = feedsfile.sources_in(before)
    _refuse_known(url, there)
    if id_ is not None and any(each.get("id") == id_ for each in there):
        raise UsageError(f"there is a source {id_!r} already", hint="Choose another --id")
    try:
        found = finding.find(url, type_, settings.network, settings.limits, here.now, partial(progress, "Looking for a feed"))
    except FetchError as error:
        warn(f"{error}" + ("" if error.hint else f". {examining.NEXT_STEPS[error.kind]}"))
        here.exit_code = 5
        return
    if found.url is None:
        for line in found.tried:
            warn(f"{line}")
        warn(f"nothing that can be read was found at {clean(url)}. Look for a feed, or for a page that lists its texts")
        here.exit_code = 5
        return
    _refuse_known(found.url, there)
    titles = [each.title for each in found.parsed.entries]
    name = found.title or clean(found.url)
    entry: dict[str, Any] = {
        "id": id_ or feedsfile.new_id(name, found.url, {str(each.get("id")) for each in there}),
        "name": name,
        "type": found.type,
        "url": found.url,
        "select": None if found.select is None else checking.select_of(found.select),
        "country": country or discover.country_of(found.url),
        "lang": lang or _language(titles),
        "kind": kind,
        "tier": tier or (Tier.OFFICIAL if discover.is_official(found.url) else Tier.PRESS).value,
    }
    entry = feedsfile.without_variables({key: value for key, value in entry.items() if value is not None})
    slip = _slip(entry)
    if slip is not None:
        raise UsageError(slip, hint="Correct the options")
    _show(found, country)
    click.echo(f"  - {feedsfile.line_of(entry)}")
    if dry_run:
        return
    if not yes and sys.stdin.isatty() and not click.confirm(f"Add it to {here.path()}?", default=True, err=True):
        note("monitor: nothing was written")
        return
    feedsfile.write(here.path(), before, feedsfile.with_sources(before, [entry]))
    note(f"monitor: added to {here.path()}. Next: monitor poll {entry['id']}")


@_command("import", "monitor sources import subscriptions.opml --dry-run", "monitor sources import subscriptions.opml")
@click.argument("file", type=click.File("rb"))
@click.option("--dry-run", is_flag=True, help="Show what would be added, and write nothing.")
@click.option(
    "--trusted", is_flag=True, help="The list is an export of yours: take its headers, insecure_tls and ${VARIABLES} too."
)
@click.pass_obj
def import_(here: Here, file: IO[bytes], dry_run: bool, trusted: bool) -> None:
    """Add the sources of a list of subscriptions (OPML) to feeds.yaml. Items of another archive come with: monitor import.

    What is watched already is skipped, and so is what is no http or https address; each is said. Nothing is fetched.
    """
    from monitor import feedsfile
    from monitor.sources import opml

    before = feedsfile.read(here.path())
    there = feedsfile.sources_in(before)
    known = {feedsfile.address_key(opml.address_of(each)): str(each.get("id")) for each in there}
    taken = {str(each.get("id")) for each in there}
    listed = opml.read(file.read(opml.MAX_BYTES + 1), is_trusted=trusted)
    skipped = list(listed.skipped)
    added: list[dict[str, Any]] = []
    for source in listed.sources:
        url, told = opml.address_of(source), repr(clean(str(source.get("name") or source.get("url")))[:60])
        key = feedsfile.address_key(url)
        if key in known:
            skipped.append(f"{told}: is watched already, as {known[key]}")
            continue
        wanted = str(source.get("id") or "")
        name = wanted if wanted and wanted not in taken else feedsfile.new_id(wanted or str(source.get("name") or ""), url, taken)
        entry = {"id": name} | {each: value for each, value in source.items() if each != "id"}
        slip = None if "${" in json.dumps(entry) else _slip(entry)
        if slip is not None:
            skipped.append(f"{told}: {slip}")
            continue
        known[key] = name
        taken.add(name)
        added.append(entry)
    after = feedsfile.with_sources(before, added)
    for line in skipped:
        warn(f"{line}")
    for entry in added:
        click.echo(f"  - {feedsfile.line_of(entry)}")
    if dry_run or not added:
        note(f"monitor: {len(added)} would be added" if dry_run else "monitor: nothing to add")
        return
    feedsfile.write(here.path(), before, after)
    note(f"monitor: {len(added)} added to {here.path()}. Next: monitor sources check {added[0]['id']}")


@_command("export", "monitor sources export > subscriptions.opml", "monitor sources export --out subscriptions.opml")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="A file; default: standard output.")
@click.pass_obj
def export(here: Here, out: Path | None) -> None:
    """Write the sources of feeds.yaml as a list of subscriptions (OPML 2.0) that other readers take, too.

    Disabled sources are in it. Variables of the environment stay variables; a header with a secret written out is left out.
    """
    from monitor import feedsfile
    from monitor.sources import opml

    listed = []
    for source in feedsfile.sources_in(feedsfile.read(here.path())):
        headers = source.get("headers") or {}
        told = {name: text for name, text in headers.items() if name.lower() in _HARMLESS_HEADERS or "${" in str(text)}
        if told != headers:
            warn(f"{source.get('id')}: a header whose value is written out was left out; name a ${{VARIABLE}} instead")
        listed.append(
            ({**source, "headers": told} if told else {k: v for k, v in source.items() if k != "headers"}) if headers else source
        )
    document = opml.write(listed, "econsec-monitor")
    if out is None:
        click.echo(document.decode("utf-8"), nl=False)
        return
    try:
        out.write_bytes(document)
    except OSError as error:
        raise UsageError(f"cannot be written ({error.strerror})", subject=str(out)) from error
    note(f"{out}: {len(listed)} sources")


def _show(found: Readable, country: str | None) -> None:
    """What was found, for the person at the terminal; days are those of the country."""
    from monitor.sources import discover

    url = found.url or ""
    place = Source(id="new", name="new", type=found.type, url=url, country=country or discover.country_of(url))
    entries = found.parsed.entries
    newest = max((each.published for each in entries if each.published is not None), default=None)
    note(f"{found.type}  {clean(found.url or '')}  ({found.how})")
    note(f"{len(entries)} entries, " + (f"newest {checking.day(newest, place)}" if newest else "none with a date"))
    for each in entries[:3]:
        note(f"  {clean(each.title)[:100]}")
    for other in found.others[:_NAMED]:
        note(f"also there: {clean(other.url)}  {other.title}")


def _language(titles: list[str]) -> str | None:
    """The language of the titles taken together; None without titles."""
    from monitor.language import detect
    from monitor.normalise import plain

    text = plain(" ".join(titles[:20]), 2_000)
    return detect(text) if text else None


def _refuse_known(url: str, there: list[dict[str, Any]]) -> None:
    from monitor import feedsfile
    from monitor.sources import opml

    key = feedsfile.address_key(url)
    same = next((each.get("id") for each in there if feedsfile.address_key(opml.address_of(each)) == key), None)
    if same is not None:
        raise UsageError(f"{clean(url)} is watched already, as {same}", hint=f"See how it fares: monitor sources check {same}")


def _slip(entry: dict[str, Any]) -> str | None:
    """What is wrong with a source as feeds.yaml would have it, in one line; None: nothing."""
    from pydantic import ValidationError

    from monitor.sections import SourceSection

    try:
        SourceSection.model_validate(entry)
    except ValidationError as error:
        slip = error.errors()[0]
        place = ".".join(str(each) for each in slip["loc"])
        return clean(f"{place}: {slip['msg']}" if place else slip["msg"].removeprefix("Value error, "))[:200]
    return None


def _unnamed(url: str, type_: str | None) -> Source:
    """The source that --url stands for; its type is found out if nobody says it."""
    from monitor.sources import TYPES, discover

    if type_ is not None and type_ not in TYPES:
        raise UsageError(f"--type {type_!r} is unknown", hint=f"One of {', '.join(TYPES)}")
    # a listing without selectors is a page for which they are to be proposed
    read_as = "" if type_ in (None, "listing") else str(type_)
    return Source(id="address", name=url, type=read_as, url=url, country=discover.country_of(url))


def _row(source: Source, state: SourceState | None, settings: Config, now: datetime) -> dict[str, Any]:
    from monitor.pace import is_stale

    failing = None if state is None or state.error_kind is None else state
    return {
        "id": source.id,
        "type": source.type,
        "country": source.country,
        "lang": source.lang,
        "kind": source.kind,
        "tier": source.tier.value,
        "last_success": None if state is None else stamp(state.last_success),
        "error": "" if failing is None else f"{failing.error_kind} ×{failing.error_count}",
        "error_text": None if failing is None else failing.error_text,
        "error_at": None if failing is None else stamp(failing.error_at),
        "next_poll": None if state is None else stamp(state.next_poll),
        "moved_to": None if state is None else state.address,
        "entries": None if state is None else state.entries,
        "reader": None if state is None else state.reader,
        "notes": [] if state is None else list(state.notes),
        "last_new": None if state is None else stamp(state.last_new),
        "stale": is_stale(source, state, now, settings.pace),
        "silent": fares(source, state, settings.pace, now) == "silent",
        "every": source.every,
        "name": source.name,
        "url": source.url,
    }
