"""Queries as large and as deep as the language lets them be: answered, soon, and never with a message of the engine."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from itertools import product

import pytest
from builders import NOW
from search_oracle import IDENTIFIERS, Known, expected, fill

from monitor.archive import Archive
from monitor.identifiers import QUERY_TYPES
from monitor.match import compiled
from monitor.query import MAX_DEPTH, MAX_LENGTH, And, Field, Node, Not, Or, Word, parse

NAMES = ["".join(letters) for letters in product("abcdefghijklmnopqrstuvwxyz", repeat=3)][:2400]
LEAVES = ["輸出", "export", "米", "export 米", "lang:ja", "-news", "-lang:zh", "5g*", "e*", "theme:telecom_5g", "event:E-a"]


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Archive, list[Known]]]:
    """A hundred items, with what was found in most of them."""
    with Archive.open(f"sqlite:///{tmp_path_factory.mktemp('bounds')}/monitor.db") as archive:
        yield archive, fill(archive, 100)


def check(filled: tuple[Archive, list[Known]], tree: Node) -> None:
    """Every way in which the archive is asked finds what the query says."""
    archive, known = filled
    wanted = expected(tree, known)
    assert [each.item.id for each in archive.reading.search(tree, NOW, limit=7)] == wanted[:7]
    assert [each.item.id for each in archive.reading.search(tree, NOW, limit=None)] == wanted
    assert archive.reading.matching(tree, NOW, [each.item.id for each in known]) == set(wanted)
    assert [each.filed.item.id for each in archive.exports.items(tree, NOW)] == wanted
    archive.reading.plans(tree, NOW)
    where, values = archive.past.condition(tree)
    assert archive._connection.execute(f"select count(*) from items where {where}", values).fetchone()[0] <= len(known)


@pytest.mark.parametrize("leaf", LEAVES)
@pytest.mark.parametrize("depth", range(1, MAX_DEPTH + 1, 7))
@pytest.mark.parametrize("minus", ["", "-"])
def test_brackets_of_every_depth_are_answered(filled: tuple[Archive, list[Known]], leaf: str, depth: int, minus: str) -> None:
    """AND and OR by turns, so that no level can be taken for the one above it; also behind a minus each."""
    text = leaf
    for level in range(min(depth, MAX_DEPTH)):
        part = LEAVES[(level + depth) % len(LEAVES)] if level % 3 else leaf
        text = f"{part} {'OR ' if level % 2 else ''}{minus}({text})"
    check(filled, parse(text))


def test_the_deepest_brackets_of_words_are_answered(filled: tuple[Archive, list[Known]]) -> None:
    """Which the index could answer alone, if it read so many brackets."""
    for depth in range(MAX_DEPTH - 5, MAX_DEPTH + 1):
        text = "export"
        for level in range(depth):
            text = f"輸出 {'OR ' if level % 2 else ''}({text})"
        check(filled, parse(text))


@pytest.mark.parametrize("depth", [4, 8, 11])
def test_a_tree_that_is_wide_at_every_level_is_answered(filled: tuple[Archive, list[Known]], depth: int) -> None:
    """Two thousand parts in pairs of pairs."""

    def tree(depth: int, place: int) -> Node:
        if depth == 0:
            return Not(Word("news")) if place % 3 else Field("lang", (("ja", "en")[place % 2],))
        return (And if depth % 2 else Or)((tree(depth - 1, 2 * place), tree(depth - 1, 2 * place + 1)))

    check(filled, tree(depth, 0))


LONG = {
    "themes": f"theme:{','.join(NAMES)},telecom_5g",
    "events": f"event:{','.join(f'e-{name}' for name in NAMES[:1600])},E-a1",
    "stages": f"-stage:{','.join(['final', 'proposed'] * 600)}",
    "sources": f"source:{','.join(NAMES)},s-1",
    "kinds": f"kind:{','.join(NAMES)},ämter",
    "entities": f"entity:{','.join(NAMES)},us-bis",
    "identifiers": f"cfr:{','.join(str(number) for number in range(1, 2000))},15/744",
    "scores": f"theme:{','.join(NAMES[:1400])},telecom_5g {'score:>0 ' * 400}",
    "themes and scores": f"theme:{','.join(NAMES[:1000])} {'score:>0 ' * 260}",
    "words": " OR ".join(NAMES[:1400]),
    "no words": " ".join(f"-{name}" for name in NAMES[:1900]),
    "no words that have to be looked at": " ".join(f"-日{name}" for name in NAMES[:400]),
    "letters": " OR ".join("輸出米中規制半導体" * 130),
    "fields": " OR ".join(f"lang:{name}" for name in NAMES[:700]),
    "beginnings": " OR ".join(f"{name[0]}*" for name in NAMES[:1400]),
}


@pytest.mark.parametrize("name", LONG)
def test_the_longest_queries_are_answered_soon(filled: tuple[Archive, list[Known]], name: str) -> None:
    """Thousands of values, or hundreds of parts: what they cost grows with their number and no faster."""
    archive, known = filled
    assert len(LONG[name]) <= MAX_LENGTH
    tree = parse(LONG[name])
    began = time.process_time()
    found = archive.reading.search(tree, NOW, limit=50)
    took = time.process_time() - began
    assert [each.item.id for each in found] == expected(tree, known)[:50]
    assert took < 2


@pytest.mark.parametrize("name", [name for name, types in QUERY_TYPES.items() if {kind for kind, _ in IDENTIFIERS} & set(types)])
def test_every_beginning_of_an_identifier_is_taken_as_rules_take_it(filled: tuple[Archive, list[Known]], name: str) -> None:
    """Whole numbers and whole words of it, in search as in a rule on the past: one function decides."""
    archive, known = filled
    beginnings = {value[:end] for kind, value in IDENTIFIERS for end in range(1, len(value) + 1) if kind in QUERY_TYPES[name]}
    for value in sorted(beginnings):
        tree = Field(name, (value,))
        wanted = set(expected(tree, known))
        assert {each.item.id for each in archive.reading.search(tree, NOW, limit=None)} == wanted, value
        where, values = archive.past.condition(tree)
        assert {row["id"] for row in archive._connection.execute(f"select id from items where {where}", values)} == wanted, value


def test_themes_are_read_at_once(filled: tuple[Archive, list[Known]]) -> None:
    """However many items there are: a statement for them all."""
    archive, known = filled
    statements: list[str] = []
    archive._connection.set_trace_callback(statements.append)
    try:
        found = archive.reading.search(compiled("-no-such-word"), NOW, limit=None)
    finally:
        archive._connection.set_trace_callback(None)
    themes = {each.item.id: set(each.themes.items()) for each in known}
    assert {each.item.id: set(each.themes) for each in found} == themes
    assert sum(not each.startswith("--") for each in statements) < 10  # the index's own are marked so


@pytest.mark.parametrize(
    ("text", "step"),
    [
        ("cfr:15/744", "SEARCH k USING INDEX identifiers_value (type=? AND folded>? AND folded<?)"),
        ("entity:us-bis", "SEARCH entities USING INDEX entities_entity (entity=?)"),
        ("event:E-a", "SEARCH e USING COVERING INDEX sqlite_autoindex_events_1 (id>? AND id<?)"),
        ("theme:telecom_5g", "SEARCH t USING COVERING INDEX tags_theme (theme=? AND is_given=?)"),
        ("-theme:telecom_5g", "SEARCH t USING INDEX sqlite_autoindex_tags_1 (item=?)"),
        ("stage:final", "SEARCH i USING INDEX items_event (event=?)"),
    ],
)
def test_values_are_looked_up_by_an_index(filled: tuple[Archive, list[Known]], text: str, step: str) -> None:
    """As they stand there; no table is read through for them."""
    steps = filled[0].reading.plans(parse(text), NOW)
    assert any(each.startswith(step) for each in steps), steps
    assert not any(re.match("SCAN (k|t|entities|identifiers|tags)( |$)", each) for each in steps), steps


def test_what_many_items_have_is_not_listed(filled: tuple[Archive, list[Known]], monkeypatch: pytest.MonkeyPatch) -> None:
    """But looked for from the newest item on, with the same answer."""
    archive, known = filled
    monkeypatch.setattr("monitor.archive.fields._FEW", 3)
    for text in ("theme:telecom_5g", "stage:final", "score:>0.1", "export stage:final theme:telecom_5g", "theme:none"):
        tree = parse(text)
        assert [each.item.id for each in archive.reading.search(tree, NOW, limit=5)] == expected(tree, known)[:5]
        leads = archive.reading.plans(tree, NOW)[0]
        assert leads.startswith("SEARCH items" if text == "theme:none" else "SCAN"), leads
