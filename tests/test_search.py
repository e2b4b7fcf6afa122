"""Search over a real archive: the newest and the best matches, whatever the query, from an index that is never behind."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterator
from datetime import timedelta

import pytest
from builders import NOW, an_item
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.archive import Archive, textindex
from monitor.archive.intake import Change
from monitor.archive.search import condition
from monitor.dedupe import Sorted, sort_out
from monitor.errors import QueryError
from monitor.items import Item, SourceState, Tier
from monitor.query import Word, parse
from monitor.tokens import BREAK, index_texts

WORDS = "export exports control gallium 輸出 輸出管理 規制 半導体 米 中 ガリウム 出口管制 稀土 수출 통제 5G news".split()
SPACES = ("", " ", "、", ". ")


def store(archive: Archive, *items: Item) -> None:
    for source in dict.fromkeys(item.source for item in items):
        own = [item for item in items if item.source == source]
        found = sort_out(archive.intake.known(source, own), own)
        archive.intake.store(Change(found=found, state=SourceState(id=source), at=NOW))


def made_up(rng: random.Random, number: int) -> Item:
    """An item of a few words, of any time in the last two years, that came in now."""
    text = "".join(rng.choice(WORDS) + rng.choice(SPACES) for _ in range(rng.randrange(2, 9)))
    head, _, tail = text.partition(" ")
    lang = rng.choice(("ja", "en", "zh"))
    return an_item(
        source=f"s-{rng.randrange(4)}",
        key=str(number),
        url=f"http://x.example/{number}",
        title=f"{head or '無題'} {number}",
        summary=tail,
        published=None if rng.random() < 0.1 else NOW - timedelta(seconds=rng.randrange(2 * 365 * 86_400)),
        first_seen=NOW,
        lang=lang,
        tier=rng.choice(list(Tier)),
    )


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Archive]:
    """Four hundred items in fifteen commits, in no order of time, some revised and some of themes."""
    rng = random.Random(5)
    with Archive.open(f"sqlite:///{tmp_path_factory.mktemp('search')}/monitor.db") as archive:
        items = [made_up(rng, number) for number in range(400)]
        for start in range(0, 400, 27):
            store(archive, *items[start : start + 27])
        for item in rng.sample(items, 40):
            changed = made_up(rng, 1000 + int(item.key))
            store(archive, an_item(**{**_fields(item), "title": changed.title, "summary": changed.summary}))
        connection = archive._connection
        for item in rng.sample(items, 120):
            connection.execute(
                "insert into tags values (?, ?, 0.9, 1, '[]')", [item.id, rng.choice(("telecom_5g", "export_control"))]
            )
        yield archive


def _fields(item: Item) -> dict[str, object]:
    return {name: getattr(item, name) for name in ("source", "key", "url", "published", "first_seen", "lang", "country", "tier")}


QUERIES = [
    "export",
    "輸出",
    "輸出管理",
    "米",
    "米 中",
    "輸出 米",
    "輸出 -米",
    "-輸出",
    "-米",
    "expo*",
    '"export control"',
    '"米 中"',
    '"export 米"',
    '"米 export"',
    "export OR 輸出",
    "export OR lang:zh",
    "(export OR 米) -半導体",
    "(輸出 OR lang:zh) tier:official,press",
    "規制 lang:ja source:s-1",
    "規制 since:90d",
    "規制 since:2025-11 until:2026-02",
    "since:30d",
    "until:2025-01",
    "theme:telecom_5g",
    "theme:telecom_5g -news 規制",
    "theme:export_control,telecom_5g lang:en,ja",
    "source:s-2",
    "NOT (lang:ja OR export)",
    "gallium ガリウム",
    "수출",
    "no-such-word",
]


@pytest.mark.parametrize("text", QUERIES)
@pytest.mark.parametrize("limit", [1, 7, 1000])
def test_the_newest_matches_come_newest_first(filled: Archive, text: str, limit: int) -> None:
    """As going through all items in order of time would find them."""
    tree = parse(text)
    where, values = condition(tree, NOW)
    query = f"select id from items where {where} order by moment desc, n desc limit ?"
    expected = [row["id"] for row in filled._connection.execute(query, [*values, limit])]
    assert [each.item.id for each in filled.reading.search(tree, NOW, limit=limit)] == expected
    assert set(filled.reading.matching(tree, NOW, expected)) == set(expected)


@pytest.mark.parametrize("text", QUERIES)
def test_the_best_matches_are_matches(filled: Archive, text: str) -> None:
    """Ranking leaves none out and adds none, as long as there are no more than it weighs."""
    tree = parse(text)
    found = filled.reading.find(tree, NOW, limit=None, by_rank=True)
    assert {each.item.id for each in found.items} == {each.item.id for each in filled.reading.search(tree, NOW, limit=None)}
    assert (found.weighed, found.since) == (len(found.items), None)


@pytest.mark.parametrize("word", ["米", "輸出", "export", "規制", "수출", "出口管制"])
def test_a_word_is_found_wherever_it_stands(filled: Archive, word: str) -> None:
    """As a reader would look it up, text by text."""
    rows = filled._connection.execute("select id, title, summary from items").fetchall()
    if word.isascii():
        expected = {row["id"] for row in rows if Word(word) and _has_word(f"{row['title']}\n{row['summary']}", word)}
    else:
        expected = {row["id"] for row in rows if word in f"{row['title']}\n{row['summary']}"}
    assert {each.item.id for each in filled.reading.search(Word(word), NOW, limit=None)} == expected


def _has_word(text: str, word: str) -> bool:
    spaced = "".join(letter if letter.isascii() and letter.isalnum() else " " for letter in text)
    return not {word, f"{word}s"}.isdisjoint(spaced.split())


@pytest.mark.parametrize(
    ("text", "leads"),
    [
        ("輸出管理", "item_search"),
        ("export control -news", "item_search"),
        ('"export control" theme:telecom_5g lang:ja since:30d', "item_search"),
        ("(export OR 輸出) source:s-1", "item_search"),
        ("expo*", "item_search"),
        ("米", "item_letters"),
        ("米 source:s-1", "item_letters"),
    ],
)
def test_the_index_leads_and_no_filter_reads_a_text(filled: Archive, text: str, leads: str) -> None:
    """Also in newer SQLite, which would rather begin with the items: that is what CROSS JOIN is for."""
    steps = filled.reading.plans(parse(text), NOW)
    assert f"SCAN {leads} VIRTUAL TABLE" in steps[0]
    assert "SEARCH items USING COVERING INDEX items_search (place=?" in steps[1]
    assert not any("TEMP B-TREE" in step for step in steps)


@pytest.mark.parametrize("text", ["lang:ja", "since:30d tier:official", "-輸出 lang:en", "theme:telecom_5g", "until:2025-06"])
def test_without_a_word_items_are_read_from_the_newest_on(filled: Archive, text: str) -> None:
    """Off an index in their order, so that nothing is sorted."""
    steps = filled.reading.plans(parse(text), NOW)
    assert "items USING COVERING INDEX items_search" in steps[0]
    assert not any("TEMP B-TREE" in step for step in steps)


@pytest.mark.parametrize("text", ["cfr:15/744", "entity:us-bis", "event:E-abc", "deadline:30d"])
def test_what_few_items_have_leads_to_them(filled: Archive, text: str) -> None:
    """An identifier, a name, an event or a deadline, by an index of its own; their items are put in order."""
    steps = filled.reading.plans(parse(text), NOW)
    assert not any(step.startswith("SCAN items") and "items_search" not in step for step in steps)


def test_ranked_are_the_newest(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    """And search says how far back it looked."""
    monkeypatch.setattr("monitor.archive.search.RANKED", 3)
    moments = [NOW - timedelta(days=days) for days in (1, 10, 100, 1000)]
    store(
        archive,
        *(an_item(key=str(n), url=f"http://x.example/{n}", title=f"輸出 {n}", published=at) for n, at in enumerate(moments)),
    )
    found = archive.reading.find(parse("輸出"), NOW, limit=10, by_rank=True)
    assert [each.item.title for each in found.items] == ["輸出 0", "輸出 1", "輸出 2"]
    assert (found.weighed, found.since) == (3, moments[2])


def test_a_title_outranks_a_passing_word(archive: Archive) -> None:
    """Although the other is newer."""
    store(
        archive,
        an_item(key="1", url="http://x.example/1", title="Gallium licences", published=NOW - timedelta(days=2)),
        an_item(key="2", url="http://x.example/2", title="Week in review", summary="Chips, gallium and cables. " * 9),
    )
    found = archive.reading.find(parse("gallium"), NOW, by_rank=True)
    assert [each.item.title for each in found.items] == ["Gallium licences", "Week in review"]


@settings(deadline=None, max_examples=60)
@given(text=st.text(min_size=1, max_size=120))
def test_what_is_put_in_comes_out_equal_and_is_found_by_each_of_its_words(text: str) -> None:
    """Any text at all, of any script."""
    with sqlite3.connect(":memory:") as connection:
        textindex.create(connection)
        textindex.put(connection, [(7, text, text[::-1])])
        words, letters = index_texts(text)
        for table, terms in (("item_search", set(words.split())), ("item_letters", letters)):
            for term in terms - {BREAK}:
                found = connection.execute(f"select rowid from {table} where {table} match ?", [f'"{term}"']).fetchall()
                assert found == [(7,)]


def test_a_text_comes_out_as_it_went_in(archive: Archive) -> None:
    """Search folds and cuts; the archive keeps."""
    title = "ＮＥＤＯ、ﾊﾝﾄﾞｳﾀｲ 經濟 \u3000“x” policies"
    store(archive, an_item(title=title))
    [found] = archive.reading.search(parse("経済 OR 经济 nedo policy"), NOW)
    assert found.item.title == title


def test_ten_thousand_strings_are_answered_or_are_clear_errors(filled: Archive) -> None:
    """The operators of the language and of the engine, in any order: no message of the engine is ever seen."""
    rng = random.Random(17)
    parts = [
        '"',
        "*",
        "(",
        ")",
        "-",
        ":",
        "^",
        "NEAR",
        "AND",
        "OR",
        "NOT",
        "+",
        "{",
        "}",
        ",",
        "'",
        "\0",
        "\\",
        "%",
        "_",
        ".",
        " ",
        "　",
    ]
    parts += ["輸出", "米", "export", "lang:", "since:7d", "cfr:15/744", "title:", "５Ｇ", "é", "\ud800", "﷽", "𠮷", "a" * 50]
    answered = 0
    for _ in range(10_000):
        text = "".join(rng.choice(parts) for _ in range(rng.randrange(1, 12)))
        slip = None
        try:
            filled.reading.search(parse(text), NOW, limit=3)
        except QueryError as error:
            slip = error
        answered += slip is None
        assert slip is None or 0 <= slip.position <= len(slip.query), text
        assert slip is None or "fts5" not in str(slip).lower(), text
    assert answered > 1_000


def test_the_index_is_written_with_the_item_or_not_at_all(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    """What fails half way leaves neither."""
    store(archive, an_item())

    def fail(*_: object) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    with monkeypatch.context() as broken:
        broken.setattr(archive.intake, "_write_states", fail)
        with pytest.raises(sqlite3.OperationalError):
            store(archive, an_item(key="2", url="http://x.example/2", title="半導体"))
    assert archive.reading.search(parse("半導体"), NOW) == []
    assert archive.reading.index_faults() == []
    store(archive, an_item(key="2", url="http://x.example/2", title="半導体"))
    assert len(archive.reading.search(parse("半導体"), NOW)) == 1


def test_a_revision_is_found_by_its_new_words_only(archive: Archive) -> None:
    """In the words and among the letters."""
    store(archive, an_item(title="輸出規制", summary="鉛の規制"))
    store(archive, an_item(title="輸入規制", summary="錫の規制"))
    assert [len(archive.reading.search(parse(text), NOW)) for text in ("輸出", "鉛", "輸入", "錫", "規制")] == [0, 0, 1, 1, 1]
    assert archive.reading.index_faults() == []


def test_places_are_free_and_in_order_of_weeks(archive: Archive) -> None:
    """Within a week in order of arrival."""
    moments = [NOW, NOW - timedelta(days=400), NOW + timedelta(minutes=1)]
    first = textindex.new_places(archive._connection, moments)
    assert first[1] < first[0] < first[2]
    store(archive, *(an_item(key=str(n), url=f"http://x.example/{n}", published=at) for n, at in enumerate(moments)))
    again = textindex.new_places(archive._connection, moments)
    assert set(again).isdisjoint(row["place"] for row in archive._connection.execute("select place from items"))
    assert [textindex.week_of(place) for place in again] == [textindex.week(moment) for moment in moments]


def test_an_index_that_is_made_anew_finds_the_same(filled: Archive) -> None:
    """As a change of its form does it."""
    before = {text: [each.item.id for each in filled.reading.search(parse(text), NOW, limit=None)] for text in QUERIES}
    connection = filled._connection
    connection.execute("begin immediate")
    textindex.rebuild(connection)
    connection.execute("commit")
    assert {text: [each.item.id for each in filled.reading.search(parse(text), NOW, limit=None)] for text in QUERIES} == before
    assert filled.reading.index_faults() == []


def test_faults_of_the_index_are_found(archive: Archive) -> None:
    """A row that is missing, one of no item, and one that says something else."""
    store(archive, *(an_item(key=str(n), url=f"http://x.example/{n}", title=f"輸出規制 {n}") for n in range(3)))
    connection = archive._connection
    textindex.forget(connection, [an_item(key="0").id])
    connection.execute("insert into item_search (rowid, title) values (5, 'x')")
    connection.execute("update items set title = '別' where id = ?", [an_item(key="1").id])
    found = archive.reading.index_faults()
    assert found[:2] == ["it lacks 1 items", "it has 1 rows of no item"]
    assert f"{an_item(key='1').id} is not found by its title" in found


def test_nothing_is_found_in_an_empty_archive(archive: Archive) -> None:
    """By no kind of query."""
    for text in QUERIES:
        assert archive.reading.find(parse(text), NOW).items == ()
        assert archive.reading.find(parse(text), NOW, by_rank=True).items == ()


def test_two_changes_of_one_commit_are_both_found(archive: Archive) -> None:
    """New and revised items of several sources, older and newer ones by turns."""
    store(archive, an_item(title="輸出規制"))
    items = [
        an_item(key=str(n), url=f"http://x.example/{n}", title=f"通達 {n}", published=NOW - timedelta(days=40 * n))
        for n in range(2, 6)
    ]
    revised = sort_out(archive.intake.known("meti", [an_item(title="輸入規制")]), [an_item(title="輸入規制")])
    archive.intake.store(
        Change(found=Sorted(new=tuple(items), revised=(), unchanged=0), state=SourceState(id="meti"), at=NOW),
        Change(found=revised, state=SourceState(id="meti"), at=NOW),
    )
    assert len(archive.reading.search(parse("通達 OR 輸入"), NOW)) == 5
    assert archive.reading.index_faults() == []
