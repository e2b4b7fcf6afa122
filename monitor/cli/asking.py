"""What a QUERY on the command line asks for: saved searches put in, and the same words in other languages."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from monitor import bundled, lexiconfile, query, thesaurus
from monitor.cli.options import Here
from monitor.query import Node
from monitor.thesaurus import Added, Expansion


def written_out(here: Here, text: str) -> str:
    """A query with the saved searches that it names put in.

    Raises:
        QueryError: there is none of a name.
        ArchiveError, ArchiveBusy: it names some, and the archive cannot be read.
    """
    if not query.has_saved(text):
        return text
    with here.archive(is_readonly=True) as archive, archive.errors():
        return query.with_saved(text, archive.searches.by_name())


def tree_of(here: Here, text: str) -> Node:
    """The tree of a query as it was typed; And(()) for an empty one.

    Raises:
        QueryError: it cannot be read.
    """
    return query.parse(written_out(here, text))


def expanded(config: Path, tree: Node, *, is_exact: bool = False) -> Expansion:
    """The query in other languages, too, unless it is to be taken as it is.

    Args:
        config: the configuration's file, beside which the user's own lexicon may stand.
    """
    if is_exact or not query.words(tree):
        return Expansion(tree, ())
    known = thesaurus.load(bundled.classifiers_in_use(), lexiconfile.own_lexicon(config))
    return thesaurus.expanded(tree, known)


def listed(added: Iterable[Added]) -> str:
    """Added words with their languages."""
    return ", ".join(f"{each.text} ({each.lang})" for each in added)
