"""The tables of docs/archive.md, from the comments that SQLite keeps beside the columns.

Write them anew with: PYTHONPATH=. python tests/archive_page.py
"""

from __future__ import annotations

import re
import sqlite3
import sys
import tempfile
from pathlib import Path

from monitor.archive import Archive

PAGE = Path(__file__).resolve().parent.parent / "docs" / "archive.md"
LATER = {
    ("outbox", "note"): "what is new of the event as a whole, '' if nothing is",
    ("items", "place"): "its row in the search index: the week of `moment`, and a number within it",
    ("items", "imported_at"): "when it was brought from another archive; null: it was read from its source",
    ("channels", "place"): "the channel's own id of the address; null if it has none or is not known yet",
}
"""Columns that a later step added; SQLite keeps no comment of these."""
SECTION = re.compile(r"^### `(\w+)`\n(.*?)(?=^##|\Z)", re.M | re.S)


def columns(connection: sqlite3.Connection, table: str) -> list[tuple[str, str, str]]:
    """Name, type and meaning of each column of a table, in order; the meaning is "" where nothing says it."""
    text = connection.execute("select sql from sqlite_master where name = ?", [table]).fetchone()[0]
    said = dict(re.findall(r'^\s*"?(\w+)"? [^\n]*?--\s*(.*)$', text, re.M))
    return [
        (row[1], row[2].lower(), said.get(row[1]) or LATER.get((table, row[1]), ""))
        for row in connection.execute("select * from pragma_table_info(?)", [table])
    ]


def tables(connection: sqlite3.Connection) -> list[str]:
    """Tables that are ours: not those of the search index and of the migrations."""
    rows = connection.execute("select name from sqlite_master where type = 'table' order by name")
    return [name for (name,) in rows if not re.match("_|sqlite_|item_search|item_letters", name)]


def as_markdown(found: list[tuple[str, str, str]]) -> str:
    lines = [f"| `{name}` | {kind} | {said.replace('|', chr(92) + '|')} |" for name, kind, said in found]
    return "\n".join(["| column | type | meaning |", "|---|---|---|", *lines]) + "\n"


def rewritten(text: str, connection: sqlite3.Connection) -> str:
    """The page with the tables as they are."""

    def section(found: re.Match[str]) -> str:
        made = as_markdown(columns(connection, found[1]))
        said = "".join(line for line in found[2].splitlines(keepends=True) if not line.startswith("|")).strip()
        return f"### `{found[1]}`\n\n{said}\n\n{made}\n"

    return SECTION.sub(section, text)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        Archive.open(f"sqlite:///{folder}/monitor.db").close()
        PAGE.write_text(rewritten(PAGE.read_text(encoding="utf-8"), sqlite3.connect(f"{folder}/monitor.db")), encoding="utf-8")
    sys.stdout.write(f"{PAGE}\n")
