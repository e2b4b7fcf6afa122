"""Makes a copy of the archive fit to be shown: what sources said stays, what is of this house goes. Never touches the archive itself."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

from monitor.archive.copying import flush, mark
from monitor.archive.events import MACHINE
from monitor.archive.failures import translated

_SAID = frozenset(
    "items revisions articles tags identifiers entities key_dates steps vectors events pruned _sqlite_migrations".split()
)
"""Tables that hold what sources said and what was made of it; they stay as they are."""
_INDEXES = ("item_search", "item_letters", "sqlite_")
"""How the tables of the search index, and those of SQLite, begin."""
_IN_PART = {
    "labels": (
        # one verdict an item and theme, the newest: without a name, two analysts' would have one key
        """
        delete from labels where rowid not in (
            select rowid from (select rowid, row_number() over (partition by item, theme order by at desc, who) as n from labels)
            where n = 1)""",
        "update labels set who = '', via = ''",
    ),
    "decisions": (f"update decisions set who = '', reason = '' where who <> '{MACHINE}'",),
    "prunings": ("update prunings set who = '', narrowed = ''",),
    # an address may have a key in it
    "sources": (
        """
        update sources set url = null, address = null, moved_to = null, hub = null, topic = null, etag = null, last_modified = null,
               seen = null, notes = '[]', error_text = iif(error_text is null, null, '')""",
    ),
}
"""What else stays in part. Every other table, of a later version too, is emptied: nothing gets out because nobody thought of it."""


def publish(whole: Path, target: Path) -> None:
    """Write a copy without the addresses of channels and sources, without tokens, and without who of the analysts did what.

    Args:
        whole: a copy of the archive, of this version, that nobody else has open; of no use afterwards.
        target: a file that is not there yet.

    Raises:
        ArchiveError: it cannot be written.
    """
    with translated(target), contextlib.closing(sqlite3.connect(whole, isolation_level=None)) as opened:
        opened.execute("pragma journal_mode = off")  # what is half done is thrown away
        for (table,) in opened.execute("select name from sqlite_master where type = 'table'").fetchall():
            if table in _SAID or table.startswith(_INDEXES):
                continue
            for statement in _IN_PART.get(table, (f'delete from "{table}"',)):
                opened.execute(statement)
        mark(opened)
        opened.execute("vacuum into ?", [str(target)])  # deleted rows stay in the file until it is written anew
        flush(target)
