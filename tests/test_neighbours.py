"""What is like an item: by rare words and names in any language, by the law, by meaning; without itself and its copies."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from builders import NOW, an_item

from monitor import bundled, query, thesaurus
from monitor.archive import Archive
from monitor.archive.intake import Change, SourceState
from monitor.cli.like import COLUMNS, OPTIONAL, Liked, like
from monitor.cli.options import Here
from monitor.cli.output import emit
from monitor.dedupe import Sorted
from monitor.errors import ArchiveError, UsageError
from monitor.items import Filed, Identifier, Item
from monitor.neighbours import Cue, Neighbour, Weighed, centred, cues, ranked, tree, weighed
from monitor.query import And, Node, Or, Word
from monitor.thesaurus import Term, Thesaurus

ALL = And(())
GRAPHITE = Term("graphite", (("en", ("graphite",)), ("ja", ("黒鉛",)), ("zh", ("石墨",))))
TERMS = Thesaurus((GRAPHITE,))
DOCKET = Identifier(type="docket", value="BIS-2026-0001")
SUBJECTS = (
    ("ja", "中国、黒鉛の輸出を許可制に 12月1日施行"),
    ("en", "China puts graphite under export licensing from December 1"),
    ("zh", "商务部：石墨出口须申请许可证，12月1日起实施"),
    ("en", "City museum opens a new wing for modern sculpture"),
    ("ja", "省内見学会の参加者を募集します"),
    ("zh", "国家统计局公布第三季度居民消费价格指数"),
    ("en", "Football: the cup final ends without a goal"),
    ("ko", "가을 축제 교통 통제 안내"),
)


def an(title: str, key: str, lang: str = "en", **changes: object) -> Item:
    return an_item(title=title, key=key, lang=lang, url=f"http://meti.example/{key}", **changes)


def filed(title: str, key: str, **changes: object) -> Filed:
    return Filed(item=an(title, key), **changes)  # type: ignore[arg-type]


def store(archive: Archive, *items: Item) -> None:
    found = Sorted(new=items, revised=(), unchanged=0)
    archive.intake.store(Change(found=found, state=SourceState(id=items[0].source, polls=1), at=NOW))


def weights(*words: str) -> tuple[Weighed, ...]:
    return tuple(Weighed(Cue(word, (word,)), 1.0) for word in words)


def near(of: Filed, *others: Filed, meaning: Mapping[str, float] | None = None, **changes: object) -> list[Neighbour]:
    settings = {"sought": weights("graphite"), "identifiers": {}, "limit": 10} | changes
    return ranked(of, others, meaning=meaning, **settings)  # type: ignore[arg-type]


# --- cues ------------------------------------------------------------------------------------------------------------------


def test_a_name_is_sought_in_every_language() -> None:
    """A term with its words, single words, pairs of characters; no particles, no words of dates."""
    found = {cue.said: cue.words for cue in cues("中国、黒鉛を 12月1日", "", TERMS)}
    assert found["黒鉛"] == ("黒鉛", "graphite", "石墨")
    assert "中国" in found
    assert not {"月", "を", "12"} & found.keys()


def test_the_paper_behind_a_title_is_no_cue() -> None:
    """Every item of it would be a neighbour."""
    assert [cue.said for cue in cues("Graphite curbs begin - Pacific Wire", "", TERMS)] == ["Graphite", "curbs", "begin"]


def test_what_all_or_nobody_says_tells_nothing() -> None:
    """Rare words first; a word that only the item has finds no other."""
    found = [Cue(word, (word,)) for word in ("only", "rare", "usual", "common")]
    told = weighed(found, {"only": 1, "rare": 3, "usual": 40, "common": 400}, 500)
    assert [each.cue.said for each in told] == ["rare", "usual"]
    assert told[0].weight > told[1].weight > 0


def test_words_that_stand_nowhere_are_not_sought() -> None:
    """Of a term only those that find something."""
    told = weighed([Cue("黒鉛", ("黒鉛", "graphite", "흑연"))], {"黒鉛": 1, "graphite": 2, "흑연": 0}, 100)
    assert tree(told) == Or((Word("黒鉛"), Word("graphite")))
    assert tree(()) is None


# --- ranking ---------------------------------------------------------------------------------------------------------------


def test_the_nearest_in_meaning_is_first() -> None:
    """Words and meaning both count; what is unlike is no neighbour."""
    one, two, three = filed("graphite", "1"), filed("cobalt", "2"), filed("museum", "3")
    found = near(filed("Graphite", "0"), one, two, three, meaning={one.item.id: 0.6, two.item.id: 0.5, three.item.id: 0.1})
    assert [(each.filed.item.title, round(each.similarity, 2)) for each in found] == [("graphite", 0.8), ("cobalt", 0.5)]


def test_a_common_docket_makes_neighbours() -> None:
    """Where neither words nor meaning are alike; it is the first reason."""
    of, other = filed("Notice", "0"), filed("Correction", "1")
    [found] = near(of, other, meaning={}, identifiers={of.item.id: (DOCKET,), other.item.id: (DOCKET,)})
    assert (found.similarity, found.why) == (pytest.approx(0.6), ("docket BIS-2026-0001",))


def test_without_vectors_words_decide() -> None:
    """The share of the item's cues that another has."""
    found = near(filed("graphite anodes", "0"), filed("graphite", "1"), sought=weights("graphite", "anodes"))
    assert [(each.similarity, each.why) for each in found] == [(0.5, ("graphite",))]


def test_itself_and_copies_are_left_out() -> None:
    """The item, its copies, what it copies, other copies of that; of others, copies beside what they copy."""
    first = filed("graphite", "1")
    of = filed("graphite", "0", copy_of=first.item.id)
    other = filed("graphite mines", "5")
    mine = (of, first, filed("graphite", "2", copy_of=of.item.id), filed("graphite", "3", copy_of=first.item.id))
    theirs = (other, filed("graphite mines", "6", copy_of=other.item.id))
    assert [each.filed for each in near(of, *mine, *theirs)] == [other]


def test_items_of_its_event_are_marked() -> None:
    """And items without an event are of none."""
    of = filed("graphite", "0", event="E-1")
    found = near(of, filed("graphite one", "1", event="E-1"), filed("graphite two", "2", event="E-2"), filed("graphite 3", "3"))
    assert {each.filed.item.title: each.is_same_event for each in found} == {
        "graphite one": True,
        "graphite two": False,
        "graphite 3": False,
    }
    assert not near(filed("graphite", "0"), filed("graphite 3", "3"))[0].is_same_event


def test_what_a_language_always_means_is_taken_off() -> None:
    """Two languages are no reason to be unlike."""
    usual = {"ja": np.array([1, 0, 0], np.float32), "": np.array([0, 1, 0], np.float32)}
    vectors = np.array([[0.8, 0.0, 0.6], [0.0, 0.8, 0.6]], np.float32)
    ja, en = centred(vectors, ["ja", "en"], usual)
    assert float(ja @ en) > float(vectors[0] @ vectors[1])
    assert np.allclose(np.linalg.norm([ja, en], axis=1), 1)
    assert centred(vectors, ["ja", "en"], {}) is vectors


# --- on an archive ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def here(archive: Archive, archive_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Here:
    """An archive with one measure in three languages, and other matters."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MONITOR_NOW", NOW.isoformat())
    dates = (NOW - timedelta(hours=place) for place in range(len(SUBJECTS)))
    store(
        archive,
        *(
            an(title, str(place), lang, published=at)
            for (place, (lang, title)), at in zip(enumerate(SUBJECTS), dates, strict=True)
        ),
    )
    return Here(archive_url=archive_url)


def found_by(here: Here, title: str, tree: Node = ALL, limit: int = 10) -> Liked:
    with here.archive(is_readonly=True) as archive:
        every = {each.item.title: each.item.id for each in archive.reading.search(ALL, NOW)}
    return like(here, every[title], tree, limit)


def titles(found: Liked) -> list[str]:
    return [row["title"] for row in found.rows]


def test_a_japanese_item_finds_the_english_and_the_chinese_one(here: Here) -> None:
    """Of the same measure, before all others."""
    found = found_by(here, SUBJECTS[0][1])
    assert set(titles(found)[:2]) == {SUBJECTS[1][1], SUBJECTS[2][1]}
    assert SUBJECTS[3][1] not in titles(found)
    assert found.notes == ()
    by_lang = {row["lang"]: row for row in found.rows}
    assert "黒鉛 = graphite" in by_lang["en"]["why"]
    assert "黒鉛 = 石墨" in by_lang["zh"]["why"]


def test_without_an_encoder_words_alone_decide_and_a_note_says_so(here: Here) -> None:
    """A classifiers folder in which nothing was learned."""
    Path("classifiers").mkdir()
    for name in ("lexicon.jsonl", "terms.jsonl"):
        shutil.copy(bundled.classifiers() / name, Path("classifiers") / name)
    found = found_by(here, SUBJECTS[0][1])
    assert set(titles(found)) == {SUBJECTS[1][1], SUBJECTS[2][1]}
    [note] = found.notes
    assert note.startswith("Words alone decide")


def test_a_query_goes_with_it(here: Here) -> None:
    """As a filter on all ways in which items are found."""
    assert [row["lang"] for row in found_by(here, SUBJECTS[0][1], query.parse("lang:zh")).rows] == ["zh"]
    assert found_by(here, SUBJECTS[0][1], query.parse("lang:de")).rows == []


def test_at_most_as_many_as_asked_for(here: Here) -> None:
    """The most alike."""
    assert titles(found_by(here, SUBJECTS[0][1], limit=1)) == titles(found_by(here, SUBJECTS[0][1]))[:1]


def test_rows_and_records_say_the_same(here: Here) -> None:
    """A row has the columns; a record is an item, with three keys more."""
    found = found_by(here, SUBJECTS[0][1])
    assert [tuple(row) for row in found.rows] == [COLUMNS] * len(found.rows)
    assert set(OPTIONAL) < set(COLUMNS)
    assert [row["id"] for row in found.rows] == [record["id"] for record in found.records]
    assert {"title", "lang", "url", "similarity", "why", "same_event"} <= found.records[0].keys()
    assert all(0 <= record["similarity"] <= 1 for record in found.records)


def test_an_item_that_is_alone_has_no_neighbours(archive: Archive, archive_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is found, and nothing goes wrong."""
    monkeypatch.setenv("MONITOR_NOW", NOW.isoformat())
    store(archive, an("Graphite", "1"))
    assert like(Here(archive_url=archive_url), "I-", ALL, 10).rows == []


def test_an_item_without_words_has_no_neighbours_by_words(here: Here, archive: Archive) -> None:
    """A title of signs alone, beside one that has them: the query only narrows what is found."""
    store(archive, an("※ ★ —", "99"))
    assert titles(found_by(here, SUBJECTS[0][1], query.parse("graphite"))) == [SUBJECTS[1][1]]
    assert not any("graphite" in row["why"] for row in found_by(here, "※ ★ —", query.parse("graphite")).rows)


def test_an_item_that_is_not_there_is_told(here: Here, tmp_path: Path) -> None:
    """As is an archive that is not there."""
    with pytest.raises(UsageError):
        like(here, "I-nothing", ALL, 10)
    with pytest.raises(ArchiveError):
        like(Here(archive_url=f"sqlite:///{tmp_path / 'none.db'}"), "I-nothing", ALL, 10)


def test_neighbours_in_the_demo(demo_folder: Path) -> None:
    """A ministry's notice on graphite finds the other languages, its event marked; two notices of a rule-making share its RIN."""
    here = Here()
    with here.archive(is_readonly=True) as archive:
        graphite = archive.reading.search(query.parse("中国による黒鉛関連品目"), NOW)[0]
        rule = archive.reading.search(query.parse("rin:0694-AJ23"), NOW)[0]
    found = like(here, graphite.item.id, ALL, 12)
    assert {"en", "ja", "zh", "ko"} <= {row["lang"] for row in found.rows}
    assert graphite.item.id not in {row["id"] for row in found.rows}
    same = [record for record in found.records if record["same_event"]]
    assert len(same) >= 4
    assert {record["event"] for record in same} == {graphite.event}
    assert any("0694-AJ23" in row["why"] for row in like(here, rule.item.id, ALL, 12).rows)


def test_terms_within_a_text() -> None:
    """In scripts without spaces, too; the longest of those that overlap, each once."""
    controls = Term("c", (("en", ("export control", "graphite export controls")), ("ja", ("輸出管理",)), ("zh", ("出口管制",))))
    terms = Thesaurus((controls, GRAPHITE))
    assert [said for said, _ in terms.within("中国の黒鉛の輸出管理と黒鉛")] == ["黒鉛", "輸出管理"]
    assert [said for said, _ in terms.within("New graphite export controls, and graphite")] == [
        "graphite export controls",
        "graphite",
    ]
    assert terms.within("") == ()
    assert thesaurus.load(bundled.classifiers()).within("米商務省は") != ()


@pytest.mark.parametrize("form", ["table", "json", "jsonl", "csv", "tsv", "md", "ids"])
def test_rows_fit_every_format(here: Here, form: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A line an item, with text of sources inert."""
    found = found_by(here, SUBJECTS[0][1])
    assert len(found.rows) >= 2
    emit(found.rows, COLUMNS, form, json_rows=found.records, optional=OPTIONAL)
    out = capsys.readouterr().out
    assert [out.count(row["id"]) for row in found.rows] == [1] * len(found.rows)
    assert all(part in out for part in ("石墨", "graphite")) or form == "ids"
