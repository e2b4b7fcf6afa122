"""Commands that read the archive: search, show, why, alerts."""

from __future__ import annotations

import json
import textwrap
from typing import Any

import click

from monitor import query
from monitor.cli import completion
from monitor.cli.options import Here, command, query_words
from monitor.cli.output import emit, format_option, item_json, note, stamp
from monitor.errors import UsageError
from monitor.items import Filed

_ITEM_COLUMNS = ("id", "date", "lang", "source", "themes", "title", "event")


@command(
    "search",
    example="""monitor search 'export control' --limit 20
monitor search '半導体 (輸出 OR 出口) theme:export_control since:30d' --format json
monitor search 'cfr:15/744 stage:final -lang:zh' --explain""",
    is_dashed=True,
)
@click.argument("words", metavar="QUERY", nargs=-1, required=True, callback=query_words)
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="At most so many.")
@click.option("--sort", type=click.Choice(["date", "rank"]), default="date", show_default=True, help="Newest or best first.")
@format_option()
@click.option("--explain", is_flag=True, help="Say on standard error how the query was read.")
@click.option("--exit-code", "is_strict", is_flag=True, help="Exit 1 if nothing is found.")
@click.pass_obj
def search(here: Here, words: tuple[str, ...], limit: int, sort: str, form: str | None, explain: bool, is_strict: bool) -> None:
    """Search the archive, in any language.

    \b
    Words are ANDed; OR, -word or NOT, brackets, "a phrase", word*, field:a,b (any of).
    Fields: theme source lang country kind tier event stage entity score:>=0.8
            cfr:15/744 eccn:3A090 rin: docket: fr: law: hs: eo: notice:
            since:7d until:2026-05 deadline:30d
    Chinese, Japanese and Korean words match inside unspaced text, from one character on.
    """
    text = " ".join(words)
    tree = query.parse(text)
    if tree == query.And(()):
        raise UsageError("the query is empty", hint="Say what to look for, for example: monitor search 'since:7d'")
    if explain:
        note(query.explain(tree))
    with here.archive(is_readonly=True) as archive, archive.errors():
        found = archive.reading.search(tree, here.now(), limit=limit, by_rank=sort == "rank")
    shown = [item_json(each) for each in found]
    emit([_row(each) for each in found], _ITEM_COLUMNS, form, json_rows=shown, optional=("event", "themes", "source", "lang"))
    if not found:
        note("Nothing found.")
        here.exit_code = 1 if is_strict else 0


@command("show", example="monitor show I-5vq2m7n4kd3a\nmonitor show I-5vq2 --json")
@click.argument("item", shell_complete=completion.items)
@click.option("--json", "is_json", is_flag=True, help="One JSON object on standard output.")
@click.pass_obj
def show(here: Here, item: str, is_json: bool) -> None:
    """One item with everything that is known of it. The beginning of an id is enough."""
    with here.archive(is_readonly=True) as archive, archive.errors():
        filed = archive.reading.item(item)
        judged = archive.judging.judged(filed.item.id)
        revisions = archive.reading.revisions(filed.item.id)
    found: dict[str, Any] = item_json(filed)
    if judged is not None:
        found["stage"] = judged.findings.stage.value
        found["shown"] = (
            None
            if judged.findings.shown is None
            else {
                "jurisdiction": judged.findings.shown.jurisdiction,
                "step": judged.findings.shown.step,
                "stage": judged.findings.shown.stage.value,
                "sentence": judged.findings.shown.sentence,
            }
        )
        found["identifiers"] = [{"type": each.type, "value": each.value} for each in judged.findings.identifiers]
        found["entities"] = [{"id": each.id, "type": each.type, "surface": each.surface} for each in judged.findings.entities]
        found["dates"] = [
            {"kind": each.kind.value, "date": each.date.isoformat(), "sentence": each.sentence} for each in judged.findings.dates
        ]
        found["body"] = judged.item.body or None
    found["revisions"] = [{"at": stamp(each.at), "title": each.title, "summary": each.summary} for each in revisions]
    if is_json:
        click.echo(json.dumps(found, ensure_ascii=False, indent=1))
        return
    click.echo(found["title"])
    for name in ("id", "source", "tier", "country", "lang", "published", "first_seen", "url", "event", "stage", "copy_of"):
        if found.get(name):
            click.echo(f"  {name + ':':<12}{found[name]}")
    if filed.themes:
        click.echo("  themes:     " + ", ".join(f"{theme} {score:.2f}" for theme, score in filed.themes))
    for each in found.get("identifiers", ()):
        click.echo(f"  {each['type'] + ':':<12}{each['value']}")
    for each in found.get("dates", ()):
        click.echo(f"  {each['kind'] + ':':<12}{each['date']}  {each['sentence'][:100]}")
    if found["summary"]:
        click.echo("\n" + textwrap.fill(found["summary"], 100))
    if found.get("body"):
        click.echo("\nThe page at its address:\n" + textwrap.fill(found["body"], 100))
    for each in found["revisions"]:
        click.echo(f"\nUntil {each['at']} it said: {each['title']}\n{each['summary']}".rstrip())


def _row(filed: Filed) -> dict[str, Any]:
    item = filed.item
    return {
        "id": item.id,
        "date": item.moment.strftime("%Y-%m-%d"),
        "lang": item.lang,
        "source": item.source,
        "themes": ",".join(theme for theme, _ in filed.themes),
        "title": item.title,
        "event": filed.event,
    }
