"""Other indexes of the same texts: FTS5 as it comes (unicode61), its trigrams, tantivy over our own terms, and no index at all."""

from __future__ import annotations

import importlib
import importlib.util
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

from bench.search_queries import Ask
from monitor import tokens

_TANTIVY = "tantivy==0.27.0"
_LIMIT = 20
_ROWS = Iterator[tuple[int, str, str]]


class Peer(Protocol):
    """An index of texts by place, asked for the twenty newest or best."""

    name: str

    @property
    def is_ready(self) -> bool:
        """True if it is built, and what it needs is here; asking installs nothing."""
        ...

    @property
    def size(self) -> int:
        """Bytes on disk."""
        ...

    def prepare(self) -> str:
        """Install what it needs; why it cannot be, or ""."""
        ...

    def build(self, rows: _ROWS) -> None:
        """Take all texts in."""
        ...

    def search(self, ask: Ask, *, by_rank: bool) -> list[int]:
        """Places of the newest or best twenty."""
        ...


class Fts5:
    """FTS5 without content, over the texts as they are."""

    def __init__(self, place: Path, tokenizer: str) -> None:
        self.name = tokenizer.split(maxsplit=1)[0]
        self._path = place.with_suffix(".fts5")
        self._tokenizer = tokenizer
        self._connection: sqlite3.Connection | None = None

    @property
    def is_ready(self) -> bool:
        return self._path.exists()

    @property
    def size(self) -> int:
        return self._path.stat().st_size

    def prepare(self) -> str:
        return ""

    def build(self, rows: _ROWS) -> None:
        began = self._path.with_suffix(".part")
        began.unlink(missing_ok=True)
        connection = sqlite3.connect(began)
        connection.execute("pragma journal_mode = off")
        connection.execute(f"create virtual table texts using fts5 (title, summary, content='', tokenize='{self._tokenizer}')")
        connection.executemany("insert into texts (rowid, title, summary) values (?, ?, ?)", rows)
        connection.commit()
        connection.close()
        began.rename(self._path)

    def search(self, ask: Ask, *, by_rank: bool) -> list[int]:
        if self._connection is None:
            self._connection = sqlite3.connect(self._path)
        assert ask.words is not None
        match = " AND ".join(f'"{word[:-1]}"*' if word.endswith("*") else f'"{word}"' for word in ask.words)
        order = "bm25(texts, 4.0, 1.0)" if by_rank else "rowid desc"
        rows = self._connection.execute(f"select rowid from texts where texts match ? order by {order} limit {_LIMIT}", [match])
        return [row[0] for row in rows]


class Like:
    """No index: LIKE over the items themselves."""

    name = "LIKE"
    is_ready = True
    size = 0

    def __init__(self, place: Path) -> None:
        self._connection = sqlite3.connect(place.parent / "monitor.db")

    def prepare(self) -> str:
        return ""

    def build(self, rows: _ROWS) -> None:
        """Nothing to build."""

    def search(self, ask: Ask, *, by_rank: bool) -> list[int]:
        """Newest first in either case: it has no rank."""
        del by_rank
        assert ask.words is not None
        words = [f"%{word.rstrip('*')}%" for word in ask.words]
        where = " and ".join("(title like ? or summary like ?)" for _ in words)
        values = [value for word in words for value in (word, word)]
        rows = self._connection.execute(f"select place from items where {where} order by place desc limit {_LIMIT}", values)
        return [row[0] for row in rows]


class Tantivy:
    """tantivy over our terms, in an index of its own beside the archive."""

    name = "tantivy"

    def __init__(self, place: Path) -> None:
        self._path = place
        self._packages = place.parent / "packages"
        self._index: Any = None

    @property
    def is_ready(self) -> bool:
        return (self._path / "meta.json").exists() and self._is_here()

    @property
    def size(self) -> int:
        return sum(each.stat().st_size for each in self._path.iterdir())

    def _is_here(self) -> bool:
        if str(self._packages) not in sys.path:
            sys.path.append(str(self._packages))
        importlib.invalidate_caches()
        return importlib.util.find_spec("tantivy") is not None

    def prepare(self) -> str:
        if not self._is_here():
            command = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(self._packages), _TANTIVY]
            if subprocess.run(command, capture_output=True, check=False).returncode or not self._is_here():
                return f"{_TANTIVY} cannot be installed"
        return ""

    def _open(self) -> Any:
        if self._index is None:
            tantivy: Any = importlib.import_module("tantivy")
            builder = tantivy.SchemaBuilder()
            builder.add_integer_field("place", stored=True, fast=True)
            for name in ("title", "summary", "letters"):
                builder.add_text_field(name, stored=False, tokenizer_name="whitespace")
            self._path.mkdir(parents=True, exist_ok=True)
            self._index = tantivy.Index(builder.build(), path=str(self._path))
            self._index.reload()
        return self._index

    def build(self, rows: _ROWS) -> None:
        tantivy: Any = importlib.import_module("tantivy")
        writer = self._open().writer(heap_size=128 << 20, num_threads=1)
        for place, title, summary in rows:
            head, head_letters = tokens.index_texts(title)
            tail, tail_letters = tokens.index_texts(summary)
            document = tantivy.Document(title=head, summary=tail, letters=" ".join(head_letters | tail_letters))
            document.add_integer("place", place)
            writer.add_document(document)
        writer.commit()
        writer.wait_merging_threads()
        self._index.reload()

    def search(self, ask: Ask, *, by_rank: bool) -> list[int]:
        tantivy: Any = importlib.import_module("tantivy")
        index = self._open()
        assert ask.words is not None
        wanted = [(tantivy.Occur.Must, self._word(tantivy, index.schema, word)) for word in ask.words]
        searcher = index.searcher()
        how = {} if by_rank else {"order_by_field": "place"}
        hits = searcher.search(tantivy.Query.boolean_query(wanted), _LIMIT, **how).hits
        return [searcher.doc(address)["place"][0] for _, address in hits]

    def _word(self, tantivy: Any, schema: Any, word: str) -> Any:
        asked = tokens.ask(word.rstrip("*"))
        assert asked is not None
        if asked.match is None:
            return tantivy.Query.term_query(schema, "letters", asked.letters)
        terms = asked.match.strip('"*').split()
        ways = []
        for field in ("title", "summary"):
            if word.endswith("*"):
                ways.append(tantivy.Query.regex_query(schema, field, f"{terms[0]}.*"))
            elif len(terms) == 1:
                ways.append(tantivy.Query.term_query(schema, field, terms[0]))
            else:
                ways.append(tantivy.Query.phrase_query(schema, field, list(terms)))
        return tantivy.Query.boolean_query([(tantivy.Occur.Should, way) for way in ways])


PEERS: dict[str, Callable[[Path], Peer]] = {
    "unicode61": lambda place: Fts5(place, "unicode61 remove_diacritics 2"),
    "trigram": lambda place: Fts5(place, "trigram"),
    "tantivy": Tantivy,
    "like": Like,
}
