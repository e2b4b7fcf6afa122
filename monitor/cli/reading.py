"""The commands search and searches."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from monitor import bundled, lexiconfile, query, thesaurus, tokens
from monitor.cli.options import Here, command, query_words, user
from monitor.cli.output import emit, format_option, item_json, note, stamp
from monitor.errors import UsageError
from monitor.items import Filed
from monitor.query import Node
from monitor.thesaurus import Added, Expansion

if TYPE_CHECKING:
    from monitor.archive import Archive
    from monitor.archive.search import Found

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
@click.argument("words", metavar="QUERY", nargs=-1, callback=query_words)
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="At most so many.")
@click.option("--sort", type=click.Choice(["date", "rank"]), default="date", show_default=True, help="Newest or best first.")
@click.option("-x", "--exact", is_flag=True, help="Only the words as they are, not the same in other languages.")
@click.option("--like", "likened", metavar="ITEM", help="What is like an item in meaning, in any language; QUERY narrows it.")
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
    Words are ANDed; OR, -word or NOT, brackets, "a phrase", word*, field:a,b (any of).
    Fields: theme source lang country kind tier event stage entity score:>=0.8
            cfr:15/744 eccn:3A090 rin: docket: fr: law: hs: eo: notice:
            since:7d until:2026-05 deadline:30d
    Chinese, Japanese and Korean words match inside unspaced text, from one character on.
    Terms of the field are looked for in other languages, too: such finds are marked with ≈ and the
    word that found them; -x leaves them out.
    """
    text = " ".join(words)
    if query.has_saved(text):
        with here.archive(is_readonly=True) as archive, archive.errors():
            text = query.with_saved(text, {each.name: each.query for each in archive.searches.all()})
    tree = query.parse(text)
    if tree == query.And(()) and likened is None:
        raise UsageError("the query is empty", hint="Say what to look for, for example: monitor search 'since:7d'")
    if save is not None:
        _save(here, save, text)
    if likened is not None:
        count = _like(here, likened, tree, limit, form)
    else:
        count = _search(here, tree, limit, form, by_rank=sort == "rank", is_exact=exact, is_explained=explain)
    if not count:
        note("Nothing found.")
        here.exit_code = 1 if is_strict else 0


@command("searches", example="monitor searches\nmonitor searches --forget chips")
@click.option("--forget", metavar="NAME", help="Take a saved search away.")
@format_option()
@click.pass_obj
def searches(here: Here, forget: str | None, form: str | None) -> None:
    """Saved searches. One is made by: monitor search --save NAME QUERY, and asked for by @NAME in any query."""
    if forget is not None:
        with here.archive() as archive, archive.errors():
            is_gone = archive.searches.forget(forget.removeprefix("@").casefold())
        if not is_gone:
            raise UsageError(f"there is no saved search {forget!r}", hint="They are listed by: monitor searches")
        note(f"@{forget.removeprefix('@')} is gone.")
        return
    with here.archive(is_readonly=True) as archive, archive.errors():
        saved = archive.searches.all()
    rows = [{"name": each.name, "query": each.query, "who": each.who, "at": stamp(each.at)} for each in saved]
    emit(rows, ("name", "query", "who", "at"), form, wide="query", optional=("at", "who"))
    if not rows:
        note("None yet. Save one with: monitor search --save NAME QUERY")


def _search(here: Here, tree: Node, limit: int, form: str | None, *, by_rank: bool, is_exact: bool, is_explained: bool) -> int:
    """Write what a query finds; how many that was."""
    asked = Expansion(tree, ()) if is_exact else expanded(here.path(), tree)
    now = here.now()
    with here.archive(is_readonly=True) as archive, archive.errors():
        found = archive.reading.find(asked.tree, now, limit=limit + 1, by_rank=by_rank)
        shown = found.items[:limit]
        by = found_by(archive, tree, asked, shown, now)
        if is_explained:
            _explain(tree, asked.added, found, archive.reading.plans(asked.tree, now))
    rows = [_row(each, by[each.item.id]) for each in shown]
    records = [{**item_json(each), "by": list(by[each.item.id])} for each in shown]
    emit(rows, _COLUMNS, form, json_rows=records, optional=("event", "themes", "source", "lang"))
    if any(by.values()) and sys.stderr.isatty():
        note(f"≈ found by the same word in another language: {_listed(asked.added)}. Without them: -x")
    if len(found.items) > limit and sys.stderr.isatty():
        note(f"There are more than these {limit}: --limit")
    return len(shown)


def expanded(config: Path, tree: Node) -> Expansion:
    """The query in other languages, too.

    Args:
        config: the configuration's file, beside which the user's own lexicon may stand.
    """
    if not query.words(tree):
        return Expansion(tree, ())
    known = thesaurus.load(bundled.classifiers_in_use(), lexiconfile.own_lexicon(config))
    return thesaurus.expanded(tree, known)


def found_by(archive: Archive, tree: Node, asked: Expansion, items: Sequence[Filed], now: datetime) -> dict[str, tuple[str, ...]]:
    """By item the added words that found it; () where the words of the query did."""
    if not asked.added:
        return {each.item.id: () for each in items}
    own = archive.reading.matching(tree, now, [each.item.id for each in items])
    return {each.item.id: () if each.item.id in own else _standing(each, asked.added) for each in items}


def _standing(filed: Filed, added: Iterable[Added]) -> tuple[str, ...]:
    """The added words that stand in an item; "article" if they stand in its article alone."""
    text = tokens.normal(filed.item.text)
    return tuple(each.text for each in added if tokens.contains(text, each.text)) or ("article",)


def _explain(tree: Node, added: Sequence[Added], found: Found, plans: Iterable[str]) -> None:
    note(query.explain(tree))
    if added:
        note(f"in other languages, too: {_listed(added)}")
    if found.weighed is not None:
        back = (
            "all matches"
            if found.since is None
            else f"the newest matches, back to {found.since:%Y-%m-%d}; for older ones add until:"
        )
        note(f"ranked: {found.weighed} items, {back}")
    for line in plans:
        note(f"plan: {line}")


def _listed(added: Iterable[Added]) -> str:
    return ", ".join(f"{each.text} ({each.lang})" for each in added)


def _like(here: Here, item: str, tree: Node, limit: int, form: str | None) -> int:
    from monitor.cli.like import COLUMNS, OPTIONAL, like

    found = like(here, item, tree, limit)
    for each in found.notes:
        note(each)
    emit(found.rows, COLUMNS, form, json_rows=found.records, optional=OPTIONAL)
    return len(found.rows)


def _save(here: Here, name: str, text: str) -> None:
    plain = name.removeprefix("@").casefold()
    if not query.NAME.fullmatch(plain):
        raise UsageError(f"{name!r} is no name", hint="A name has letters, digits, - and _, at most 40")
    with here.archive() as archive, archive.errors():
        has_changed = archive.searches.put(plain, text, who=user(), now=here.now())
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
