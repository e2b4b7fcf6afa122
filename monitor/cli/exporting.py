"""The command export: an event as a pack of evidence, or the items that match a query as a file for other programs."""

from __future__ import annotations

import contextlib
import re
import sys
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from monitor import query
from monitor.cli import completion
from monitor.cli.asking import expanded, tree_of
from monitor.cli.options import Here, command, query_words
from monitor.cli.outfile import beside
from monitor.cli.output import format_option, note, note_cut, progress
from monitor.errors import ConfigError, UsageError

if TYPE_CHECKING:
    from monitor.archive import Archive
    from monitor.archive.exporting import Exported
    from monitor.events import Part

_EVENT, _ITEM = re.compile(r"E-\S+|e-[a-z2-7]{10}"), re.compile(r"I-\S+|i-[a-z2-7]{12}")
"""What is an id and no word, in either case, as `event` and `show` take ids: with a capital any beginning of one, else a whole one;
e-commerce is a word."""
_PACKS = {".md": "md", ".html": "html", ".csv": "csv", ".json": "json", ".bib": "bibtex"}
"""Forms of an event, by the suffix of the file."""
_FILES = {".jsonl": "jsonl", ".csv": "csv", ".parquet": "parquet"}
"""Forms of items, by the suffix of the file."""


@command(
    "export",
    example="""monitor export 'theme:export_control since:30d' --out items.csv
monitor export '半導体 tier:official' --columns published,title,url --format csv
monitor export 'since:2020' --out items.parquet
monitor export E-enyqubii3x --format md > evidence.md
monitor export E-enyq --out evidence.html""",
    is_dashed=True,
)
@click.argument(
    "words", metavar="QUERY|EVENT", nargs=-1, required=True, callback=query_words, shell_complete=completion.events_and_queries
)
@format_option(
    *("jsonl", "csv", "parquet", "md", "html", "json", "bibtex"),
    said="Of items: jsonl, csv, parquet; of an event: md, html, csv, json, bibtex. Default: by the name of --out, else jsonl, md.",
)
@click.option("--out", metavar="FILE", help="Write to a file, which appears when it is complete, instead of standard output.")
@click.option("-x", "--exact", is_flag=True, help="Only the words as they are, not the same in other languages.")
@click.option("--columns", metavar="NAME,…", shell_complete=completion.columns, help="Items: only these keys, in this order.")
@click.option("--limit", type=click.IntRange(1), help="Items: at most so many, the newest; default: all.")
@click.option("--body", "with_body", is_flag=True, help="Items: with the text of the page, where it was read.")
@click.option("--excel", "is_for_excel", is_flag=True, help="Items, csv: with the mark by which Excel knows UTF-8.")
@click.option("--exit-code", "is_strict", is_flag=True, help="Items: exit 1 if nothing is found.")
@click.pass_obj
def export(
    here: Here,
    words: tuple[str, ...],
    form: str | None,
    out: str | None,
    exact: bool,
    columns: str | None,
    limit: int | None,
    with_body: bool,
    is_for_excel: bool,
    is_strict: bool,
) -> None:
    """All items that match a query, as a file for other programs; or an event's evidence pack.

    Items come newest first, found as by monitor search, in other languages too (-x: not), each with the keys of its JSON, its stage,
    identifiers, entities and dates. They are written as they are read: a million need hardly more memory than a thousand.

    An event comes as an evidence pack: every item with source, title, dates, time of retrieval and hash. The hash is the SHA-256 of
    the UTF-8 bytes of what was retrieved, as it is archived: title, line end, summary, and, where the page was read, line end and
    its text.
    """
    if len(words) == 1 and _EVENT.fullmatch(words[0]):
        options = {
            "--exact": exact,
            "--columns": columns,
            "--limit": limit,
            "--body": with_body,
            "--excel": is_for_excel,
            "--exit-code": is_strict,
        }
        wrong = [name for name, value in options.items() if value]
        if wrong:
            raise UsageError(
                f"{wrong[0]} is for items, and {words[0]} is an event", hint="Its items: monitor export event:" + words[0]
            )
        _pack(here, words[0], _form(form, out, _PACKS, "md", "an event is"), out)
        return
    chosen = _form(form, out, _FILES, "jsonl", "items are")
    if is_for_excel and chosen != "csv":
        raise UsageError("--excel is for csv", hint="Say --format csv, or name the file .csv")
    names = _columns(columns, with_body)
    asked = expanded(here.path(), _tree(here, words), is_exact=exact)
    with here.archive(is_readonly=True) as archive:
        found = _matches(archive, asked.tree, here, None if limit is None else limit + 1, "body" in names)
        count = _write(_told(islice(found, limit), out), chosen, names, out, here, is_for_excel=is_for_excel)
        if limit is not None:
            note_cut(count + sum(1 for _ in found), limit)
    if out is not None:
        note(f"wrote {out}: {count} items")
    elif not count:
        note("Nothing found.")
    here.exit_code = 1 if is_strict and not count else 0


def _form(form: str | None, out: str | None, known: dict[str, str], usual: str, what: str) -> str:
    """The form that is asked for, by name or by the suffix of the file.

    Raises:
        UsageError: it is none of those known.
    """
    names = ", ".join(dict.fromkeys(known.values()))
    if form is not None:
        if form not in known.values():
            raise UsageError(f"{what} not written as {form}", hint=f"Forms: {names}")
        return form
    suffix = "" if out is None else Path(out).suffix.lower()
    if suffix and suffix not in known:
        raise UsageError(f"the name {out!r} does not say a form", hint=f"Say --format, one of {names}")
    return known.get(suffix, usual)


def _columns(text: str | None, with_body: bool) -> tuple[str, ...]:
    """The keys that are asked for, in order.

    Raises:
        UsageError: one is not known.
    """
    import difflib

    from monitor.cli.columns import BODY, COLUMNS

    if text is None:
        return (*COLUMNS, BODY) if with_body else COLUMNS
    names = tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
    for name in names:
        if name not in (*COLUMNS, BODY):
            near = difflib.get_close_matches(name, (*COLUMNS, BODY), 1)
            raise UsageError(
                f"there is no column {name!r}",
                hint=f"Did you mean {near[0]}?" if near else f"Columns: {', '.join(COLUMNS)}, {BODY}",
            )
    if not names:
        raise UsageError("--columns names none", hint=f"Columns: {', '.join(COLUMNS)}, {BODY}")
    return (*names, BODY) if with_body and BODY not in names else names


def _tree(here: Here, words: Sequence[str]) -> query.Node:
    """The query's tree.

    Raises:
        UsageError, QueryError: it is empty, the id of an item, or cannot be read.
    """
    if len(words) == 1 and _ITEM.fullmatch(words[0]):
        raise UsageError(
            f"{words[0]!r} is no event and no query but an item", hint=f"It is written out by: monitor show {words[0]} --json"
        )
    tree = tree_of(here, " ".join(words))
    if tree == query.And(()):
        raise UsageError("the query is empty", hint="Say what to export, for example everything: monitor export 'since:1900'")
    return tree


def _matches(archive: Archive, tree: query.Node, here: Here, limit: int | None, with_body: bool) -> Iterator[Exported]:
    """Matches of a query; what SQLite raises on the way is told of the archive, and nothing else is."""
    with archive.errors():
        yield from archive.exports.items(tree, here.now(), limit=limit, with_body=with_body)


def _told(found: Iterator[Exported], out: str | None) -> Iterator[Exported]:
    """The same, with a progress bar if they go to a file."""
    if out is None:
        yield from found
        return
    with progress("Writing items", None) as step:
        for each in found:
            yield each
            step(1)


def _write(found: Iterator[Exported], form: str, names: Sequence[str], out: str | None, here: Here, *, is_for_excel: bool) -> int:
    """Write items to a file or to standard output; how many.

    Raises:
        UsageError: the file cannot be written, or the form does not go to standard output.
    """
    from monitor.cli import columns

    rows = (columns.row(each, names) for each in found)
    if form == "parquet":
        if out is None:
            raise UsageError("Parquet goes to a file only", hint="Name it with --out, for example --out items.parquet")
        with beside(out, here) as path:
            return columns.write_parquet(rows, names, path)
    with contextlib.ExitStack() as stack:
        stream = sys.stdout
        if out is not None:
            stream = stack.enter_context(stack.enter_context(beside(out, here)).open("w", encoding="utf-8", newline=""))
        if form == "csv":
            return columns.write_csv(rows, names, stream, is_for_excel=is_for_excel)
        return columns.write_jsonl(rows, stream)


def _pack(here: Here, event: str, form: str, out: str | None) -> None:
    """Write the evidence pack of an event."""
    from monitor import evidence

    with here.archive(is_readonly=True) as archive, archive.errors():
        found = archive.events.record(archive.events.find(event), here.now())
        pieces = [_whole(archive, each) for each in archive.events.parts(found.id)]
        names = {source.id: source.name for source in here.config().sources} if _has_config(here) else {}
    text = evidence.FORMS[form](evidence.Pack(event=found, pieces=tuple(pieces), source_names=names, made_at=here.now()))
    if out is None:
        click.echo(text, nl=False)
        return
    with beside(out, here) as path:
        path.write_text(text, encoding="utf-8", newline="")
    note(f"wrote {out}: {len(pieces)} items")


def _has_config(here: Here) -> bool:
    try:
        here.config()
    except ConfigError:  # an archive is evidence without the configuration that made it
        return False
    return True


def _whole(archive: Archive, part: Part) -> Any:
    from monitor.evidence import Piece

    judged = archive.judging.judged(part.filed.item.id)
    return Piece(
        filed=part.filed,
        body="" if judged is None else judged.item.page,
        revisions=len(archive.reading.revisions(part.filed.item.id)),
        shown=part.shown,
        dates=part.dates,
        identifiers=part.identifiers,
    )
