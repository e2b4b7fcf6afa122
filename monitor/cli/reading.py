"""The command search."""

from __future__ import annotations

from typing import Any

import click

from monitor import query
from monitor.cli.options import Here, command, query_words
from monitor.cli.output import emit, format_option, item_json, note
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
