"""The commands search and searches."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import click

from monitor import query
from monitor.cli import completion
from monitor.cli.asking import expanded, listed, written_out
from monitor.cli.options import Here, command, query_words, user
from monitor.cli.output import emit, format_option, item_json, note, note_cut, stamp
from monitor.errors import UsageError
from monitor.items import Filed
from monitor.query import Node
from monitor.thesaurus import Added, Expansion

if TYPE_CHECKING:
    from monitor.archive.search import Found

_OPERATORS = frozenset(("or", "and", "not"))
_GLUED = re.compile(r"[^\x00-\x7f](?:OR|AND|NOT)[^\x00-\x7f]")
_COLUMNS = ("id", "date", "lang", "source", "themes", "title", "event", "by")


@command(
    "search",
    example="""monitor search 'export controls' --limit 20
monitor search '半導体 (輸出 OR 出口) theme:export_control since:30d' --format json
monitor search 'cfr:15/744 stage:final -lang:zh' --explain
monitor search --save chips '半導体 tier:official' && monitor search '@chips since:7d'
monitor search --like I-5vq2m7n4kd3a""",
    is_dashed=True,
)
@click.argument("words", metavar="QUERY", nargs=-1, callback=query_words, shell_complete=completion.queries)
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="At most so many.")
@click.option("--sort", type=click.Choice(["date", "rank"]), default="date", show_default=True, help="Newest or best first.")
@click.option("-x", "--exact", is_flag=True, help="Only the words as they are, not the same in other languages.")
@click.option(
    "--like",
    "likened",
    metavar="ITEM",
    shell_complete=completion.items,
    help="What is like an item in meaning, in any language; QUERY narrows it.",
)
@click.option("--save", metavar="NAME", help="Save the query; in a query, @NAME stands for it.")
@format_option()
@click.option("--explain", is_flag=True, help="Say on standard error how the query was read, and how it was answered.")
@click.option("--exit-code", "is_strict", is_flag=True, help="Exit 1 if nothing is found.")
@click.pass_obj
def search(
    here: Here,
    words: tuple[str, ...],
    limit: int,
    sort: str,
    exact: bool,
    likened: str | None,
    save: str | None,
    form: str | None,
    explain: bool,
    is_strict: bool,
) -> None:
    """Search the archive, in any language.

    \b
    Words are ANDed; OR, -word or NOT, brackets, "a phrase", word*,
    field:a,b (any of), @NAME (a saved search).
    Fields: theme source lang country kind tier event stage entity score:>=0.8
            cfr:15/744 eccn:3A090 rin: docket: fr: law: hs: eo: notice:
            since:7d until:2026-05 deadline:30d
    Chinese, Japanese and Korean words match inside unspaced text, from one
    character on. Terms of the field are looked for in other languages, too:
    such finds are marked with ≈ and the word that found them; -x leaves them
    out. --sort rank puts the best of the newest 300 matches first.
    """
    text = written_out(here, " ".join(words))
    tree = query.parse(text)
    beside = {"--explain": explain, "--sort": sort != "date", "--save": save is not None}
    if likened is not None and any(beside.values()):
        raise UsageError(
            f"--like takes no {next(name for name, is_given in beside.items() if is_given)}",
            hint="What is most like the item comes first",
        )
    if tree == query.And(()) and likened is None:
        raise UsageError("the query is empty", hint="Say what to look for, for example: monitor search 'since:7d'")
    if save is not None:
        _save(here, save, text)
    asked = expanded(here.path(), tree, is_exact=exact)
    if likened is not None:
        count = _like(here, likened, asked.tree, limit, form)
    else:
        count = _search(here, tree, asked, limit, form, by_rank=sort == "rank", is_explained=explain)
    if not count:
        from monitor.cli.house import known_names, unknown_names

        note(" ".join(["Nothing found." + _hint(tree), *unknown_names(tree, known_names(here, tree))]))
        here.exit_code = 1 if is_strict else 0


@command("searches", example="monitor searches\nmonitor searches --forget chips")
@click.option("--forget", metavar="NAME", shell_complete=completion.saved_searches, help="Take a saved search away.")
@format_option()
@click.pass_obj
def searches(here: Here, forget: str | None, form: str | None) -> None:
    """Saved searches. One is made by: monitor search --save NAME QUERY, and asked for by @NAME in any query."""
    if forget is not None:
        name = query.name(forget)
        with here.archive() as archive, archive.errors():
            is_gone = archive.searches.forget(name)
        if not is_gone:
            raise UsageError(f"there is no saved search {name!r}", hint="They are listed by: monitor searches")
        note(f"@{name} is gone.")
        return
    with here.archive(is_readonly=True) as archive, archive.errors():
        saved = archive.searches.all()
    rows = [{"name": each.name, "query": each.query, "who": each.who, "at": stamp(each.at)} for each in saved]
    nothing = "None yet. Save one with: monitor search --save NAME QUERY"
    emit(rows, ("name", "query", "who", "at"), form, wide="query", optional=("at", "who"), nothing=nothing)


def _search(here: Here, tree: Node, asked: Expansion, limit: int, form: str | None, *, by_rank: bool, is_explained: bool) -> int:
    """Write what a query finds; how many that was."""
    now = here.now()
    with here.archive(is_readonly=True) as archive, archive.errors():
        found = archive.reading.find(asked.tree, now, limit=limit + 1, by_rank=by_rank)
        shown = found.items[:limit]
        by = archive.reading.found_by(tree, asked.added, shown, now)
        if is_explained:
            _explain(tree, asked.added, found, archive.reading.plans(asked.tree, now))
    rows = [_row(each, by[each.item.id]) for each in shown]
    records = [{**item_json(each), "by": list(by[each.item.id])} for each in shown]
    emit(rows, _COLUMNS, form, json_rows=records, optional=("event", "themes", "source", "lang"), nothing="")
    if any(by.values()) and sys.stderr.isatty():
        note("≈ found by another name of it, or in another language. Without these: -x")
    note_cut(len(found.items), limit)
    if len(found.items) <= limit and found.since is not None and len(shown) == found.weighed:
        note(f"Ranked are the newest {found.weighed} matches, back to {found.since:%Y-%m-%d}. For older ones add until:")
    return len(shown)


def _hint(tree: Node) -> str:
    """What may be meant where nothing was found; "" if nothing comes to mind."""
    said = [each.text for each in query.words(tree)]
    operator = next((each for each in said if each.casefold() in _OPERATORS), None)
    if operator is not None:
        return f" {operator!r} is a word here; in capitals, {operator.upper()} joins parts of a query"
    glued = next((each for each in said if _GLUED.search(each)), None)
    return f" {glued!r} is one word here; OR needs a space on both sides" if glued else ""


def _explain(tree: Node, added: Sequence[Added], found: Found, plans: Iterable[str]) -> None:
    note(query.explain(tree))
    if added:
        note(f"in other languages, too: {listed(added)}")
    if found.weighed is not None:
        back = (
            "all matches"
            if found.since is None
            else f"the newest matches, back to {found.since:%Y-%m-%d}; for older ones add until:"
        )
        note(f"ranked: {found.weighed} items, {back}")
    for line in plans:
        note(f"plan: {line}")


def _like(here: Here, item: str, tree: Node, limit: int, form: str | None) -> int:
    from monitor.cli.like import COLUMNS, OPTIONAL, like

    found = like(here, query.cleaned(item), tree, limit)
    for each in found.notes:
        note(each)
    emit(found.rows, COLUMNS, form, json_rows=found.records, optional=OPTIONAL, nothing="")
    return len(found.rows)


def _save(here: Here, name: str, text: str) -> None:
    plain = query.name(name)
    with here.archive() as archive, archive.errors():
        has_changed = archive.searches.put(plain, query.cleaned(text), who=user(), now=here.now())
    note(f"{'Changed' if has_changed else 'Saved'}: @{plain}")


def _row(filed: Filed, by: tuple[str, ...]) -> dict[str, Any]:
    item = filed.item
    return {
        "id": item.id,
        "date": item.moment.strftime("%Y-%m-%d"),
        "lang": item.lang,
        "source": item.source,
        "themes": ",".join(theme for theme, _ in filed.themes),
        "title": item.title,
        "event": filed.event,
        "by": f"≈ {', '.join(by)}" if by else "",
    }
