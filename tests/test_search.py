"""Search over a real archive: the newest and the best matches, whatever the query, from an index that is never behind."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterator
from datetime import timedelta

import pytest
from builders import NOW, an_item
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from search_oracle import WORDS, Known, expected, fill, store

from monitor.archive import Archive, textindex
from monitor.archive.intake import Change
from monitor.archive.search import RANKED
from monitor.dedupe import Sorted, sort_out
from monitor.errors import QueryError
from monitor.items import SourceState
from monitor.query import And, Node, Not, Or, Word, parse
from monitor.tokens import BREAK, index_texts


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Archive, list[Known]]]:
    """Four hundred items in fifteen commits, in no order of time, some revised, with what was found in most of them."""
    with Archive.open(f"sqlite:///{tmp_path_factory.mktemp('search')}/monitor.db") as archive:
        yield archive, fill(archive)


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
    "e* lang:ja",
    "-e*",
    "source:S-2 -kind:ämter",
    "kind:strasse OR kind:Ministry",
    "score:>=0.8",
    "theme:telecom_5g score:>0.8",
    "theme:telecom_5g -score:=0.5",
    "event:E-a1",
    "event:e-D4,E-B",
    "event:E",
    "event:*",
    "event:E-*",
    "-event:E-a1",
    "-event:E-none",
    "export -event:E-",
    "stage:final,proposed",
    "-stage:final",
    "-stage:withdrawn",
    "cfr:15/744",
    'cfr:"15/744.23(a)",15/7441',
    "rin:0694-",
    "notice:海关",
    "law:令和4年法律第43号",
    "hs:2805.30",
    "eo:14105 OR eo:14.105",
    "-cfr:15/744 -hs:2805",
    "entity:us-bis",
    'entity:"société générale"',
    "entity:ASML,türkiye",
    'entity:"電気通信(安全保障)法"',
    "-entity:TURKIYE",
    "deadline:30d",
    "-deadline:30d lang:ja",
]


@pytest.mark.parametrize("text", QUERIES)
@pytest.mark.parametrize("limit", [1, 7, 1000])
def test_the_newest_matches_come_newest_first(filled: tuple[Archive, list[Known]], text: str, limit: int) -> None:
    """As somebody would find them who goes through what was put in, item by item."""
    archive, known = filled
    tree = parse(text)
    wanted = expected(tree, known)
    assert [each.item.id for each in archive.reading.search(tree, NOW, limit=limit)] == wanted[:limit]
    assert archive.reading.matching(tree, NOW, [each.item.id for each in known]) == set(wanted)


@pytest.fixture
def every_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ways that large archives go are gone in a small one."""
    monkeypatch.setattr("monitor.archive.search._WORTH", 1)
    monkeypatch.setattr("monitor.archive.fields._FEW", 60)


def _leaves() -> st.SearchStrategy[Node]:
    words = st.builds(Word, st.lists(st.sampled_from(WORDS), min_size=1, max_size=2).map(" ".join), st.booleans())
    letters = st.builds(Word, st.sampled_from("e5g米出수"), st.booleans())
    fields = st.sampled_from([text for text in QUERIES if ":" in text and not set(' "*') & set(text)]).map(parse)
    return st.one_of(words, letters, fields)


def _trees(inner: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    rows = st.lists(inner, min_size=2, max_size=4).map(tuple)
    return st.one_of(st.builds(And, rows), st.builds(Or, rows), st.builds(Not, inner))


@pytest.mark.usefixtures("every_way")
@settings(deadline=None, max_examples=400, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tree=st.recursive(_leaves(), _trees, max_leaves=12), limit=st.sampled_from([1, 5, 50, None]))
def test_any_query_finds_what_it_says(filled: tuple[Archive, list[Known]], tree: Node, limit: int | None) -> None:
    """However words, fields, AND, OR and NOT are put together."""
    archive, known = filled
    wanted = expected(tree, known)
    assert [each.item.id for each in archive.reading.search(tree, NOW, limit=limit)] == wanted[:limit]
    assert archive.reading.matching(tree, NOW, [each.item.id for each in known[::3]]) == set(wanted) & {
        each.item.id for each in known[::3]
    }


@pytest.mark.parametrize("text", QUERIES)
def test_the_best_matches_are_matches(filled: tuple[Archive, list[Known]], text: str) -> None:
    """Ranking leaves none out and adds none, as long as there are no more than it weighs; then it weighs the newest."""
    archive, known = filled
    tree = parse(text)
    found = archive.reading.find(tree, NOW, limit=None, by_rank=True)
    wanted = expected(tree, known)
    assert {each.item.id for each in found.items} == set(wanted[:RANKED])
    assert found.weighed == len(found.items)
    assert (found.since is None) is (len(wanted) < RANKED)


@pytest.mark.parametrize("word", ["米", "輸出", "export", "規制", "수출", "出口管制"])
def test_a_word_is_found_wherever_it_stands(filled: tuple[Archive, list[Known]], word: str) -> None:
    """As a reader would look it up, text by text: a word of letters whole, with its plural, any other inside unspaced text."""
    archive, known = filled
    texts = {each.item.id: f"{each.item.title}\n{each.item.summary}" for each in known}
    wanted = {item for item, text in texts.items() if (_has_word(text, word) if word.isascii() else word in text)}
    assert 0 < len(wanted) < len(known)
    assert {each.item.id for each in archive.reading.search(Word(word), NOW, limit=None)} == wanted


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
def test_the_index_leads_and_no_filter_reads_a_text(filled: tuple[Archive, list[Known]], text: str, leads: str) -> None:
    """Also in newer SQLite, which would rather begin with the items: that is what CROSS JOIN is for."""
    steps = filled[0].reading.plans(parse(text), NOW)
    assert f"SCAN {leads} VIRTUAL TABLE" in steps[0]
    assert "SEARCH items USING COVERING INDEX items_search (place=?" in steps[1]
    assert not any("TEMP B-TREE" in step for step in steps)


@pytest.mark.parametrize("text", ["lang:ja", "since:30d tier:official", "-輸出 lang:en", "-theme:telecom_5g", "until:2025-06"])
def test_without_a_word_items_are_read_from_the_newest_on(filled: tuple[Archive, list[Known]], text: str) -> None:
    """Off an index in their order, so that nothing is sorted."""
    steps = filled[0].reading.plans(parse(text), NOW)
    assert "items USING COVERING INDEX items_search" in steps[0]
    assert not any("TEMP B-TREE" in step for step in steps)


@pytest.mark.parametrize("text", ["cfr:15/744", "entity:us-bis", "event:E-abc", "deadline:30d"])
def test_what_few_items_have_leads_to_them(filled: tuple[Archive, list[Known]], text: str) -> None:
    """An identifier, a name, an event or a deadline, by an index of its own; their items are put in order."""
    steps = filled[0].reading.plans(parse(text), NOW)
    assert not any(step.startswith("SCAN items") and "items_search" not in step for step in steps)


@pytest.mark.parametrize("text", ["-輸出", "-輸出 lang:ja", "(export OR lang:zh) -米"])
def test_long_lists_are_made_for_the_last_weeks_first(filled: tuple[Archive, list[Known]], text: str) -> None:
    """As the plan says: it is that of the first weeks, and of what comes after."""
    steps = filled[0].reading.plans(parse(text), NOW)
    bounded = [step for step in steps if "(place>?" in step or "place>? AND" in step or ">" in step.partition("VIRTUAL TABLE")[2]]
    assert bounded
    assert "so for the newest 4 weeks, then for 52, then for all" in steps


@pytest.mark.parametrize("text", ["e*", "5* lang:ja", "-e*", "輸出 OR e*"])
def test_the_newest_items_are_read_for_the_beginning_of_a_word(
    filled: tuple[Archive, list[Known]], text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where only its first letter is given, and they are a small part of all; only if they are too few the index lists such words."""
    archive, known = filled
    tree = parse(text)
    assert not archive.reading.plans(tree, NOW)[0].startswith("READ")
    monkeypatch.setattr("monitor.archive.search._WORTH", 1)
    assert archive.reading.plans(tree, NOW)[0].startswith("READ the newest items")
    assert not archive.reading.plans(parse("ex*"), NOW)[0].startswith("READ")
    asked: list[str] = []
    archive._connection.set_trace_callback(asked.append)
    found = archive.reading.search(tree, NOW, limit=2)
    archive._connection.set_trace_callback(None)
    assert [each.item.id for each in found] == expected(tree, known)[:2]
    assert not any('item_search match \'"e"*' in each for each in asked)


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


def test_ten_thousand_strings_are_answered_or_are_clear_errors(filled: tuple[Archive, list[Known]]) -> None:
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
            filled[0].reading.search(parse(text), NOW, limit=3)
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
    assert [textindex.first_of_week(place) for place in again] == [textindex.first_place(moment) for moment in moments]


def test_an_index_that_is_made_anew_finds_the_same(filled: tuple[Archive, list[Known]]) -> None:
    """As a change of its form does it."""
    before = {text: [each.item.id for each in filled[0].reading.search(parse(text), NOW, limit=None)] for text in QUERIES}
    connection = filled[0]._connection
    connection.execute("begin immediate")
    textindex.rebuild(connection)
    connection.execute("commit")
    assert {text: [each.item.id for each in filled[0].reading.search(parse(text), NOW, limit=None)] for text in QUERIES} == before
    assert filled[0].reading.index_faults() == []


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
