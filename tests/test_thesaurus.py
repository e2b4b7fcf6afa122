"""The same word in other languages: what a query is given, and what it is not."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import opencc
import pytest

from monitor import bundled, query, thesaurus
from monitor.errors import ModelError
from monitor.query import And, Or, Word
from monitor.thesaurus import Added, Term, Thesaurus

LINES = (bundled.classifiers() / "terms.jsonl").read_text(encoding="utf-8").splitlines()
ENTRIES = [json.loads(line) for line in LINES]
CONTROLS = Term(
    "export-control",
    (
        ("en", ("export control", "export controls")),
        ("ja", ("輸出管理", "輸出規制")),
        ("zh", ("出口管制",)),
        ("ko", ("수출 통제",)),
    ),
)
EXPORT = Term("export", (("en", ("export",)), ("ja", ("輸出",)), ("zh", ("出口",))))
COUNTRY = Term("cty-cn", (("en", ("China",)), ("ja", ("中国",)), ("zh", ("中国", "中國"))))


@pytest.fixture(scope="module")
def shipped() -> Thesaurus:
    return thesaurus.load(bundled.classifiers())


def added(text: str, terms: Thesaurus | None = None) -> list[str]:
    found = thesaurus.expanded(query.parse(text), terms or Thesaurus((CONTROLS, EXPORT, COUNTRY)))
    return [each.text for each in found.added]


# --- the terms that ship ---------------------------------------------------------------------------------------------------


def test_every_term_is_said_in_the_three_languages() -> None:
    """English, Japanese and Chinese, of each at least one word."""
    assert [each["id"] for each in ENTRIES if not all(each["names"].get(lang) for lang in ("en", "ja", "zh"))] == []
    assert 150 <= len(ENTRIES) <= 300
    assert [name for name, count in Counter(each["id"] for each in ENTRIES).items() if count > 1] == []


def test_a_word_stands_in_one_term_of_a_language() -> None:
    """What means two things is no translation of either."""
    words = Counter((lang, word.casefold()) for each in ENTRIES for lang, of_lang in each["names"].items() for word in of_lang)
    assert [word for word, count in words.items() if count > 1] == []


def test_a_word_is_its_term_in_traditional_characters_too(shipped: Thesaurus) -> None:
    """Every Chinese word of a term, written as in Taiwan, alone and within a text."""
    traditional = opencc.OpenCC("s2t").convert
    words = [(each["id"], word) for each in ENTRIES for word in each["names"]["zh"]]
    assert [word for name, word in words if name not in {term.id for term in shipped.find(traditional(word))}] == []
    assert "semiconductor" in {term.id for _, term in shipped.within("台灣的半導體、晶片")}


def test_a_word_is_its_term_in_the_plural_too(shipped: Thesaurus) -> None:
    """By the rule that search has, which is not an s alone; words that mean something else without it stay."""
    assert "high-bandwidth-memory" in {term.id for term in shipped.find("high bandwidth memories")}
    assert added("good", Thesaurus((Term("goods", (("en", ("goods",)), ("ja", ("貨物",)))),))) == []


def test_a_search_in_latin_letters_waits_for_no_table_of_characters() -> None:
    """Of the 350 ms of a search it would take 30, at each start."""
    steps = (
        "import sys; from monitor import bundled, thesaurus; known = thesaurus.load(bundled.classifiers())",
        "assert known.find('Nvidia') and known.find('contrôle des exportations') is not None and not known.find('nothing')",
        "print('opencc' in sys.modules, bool(known.find('半導體')), 'opencc' in sys.modules)",
    )
    told = subprocess.run([sys.executable, "-c", "\n".join(steps)], capture_output=True, text=True, check=True)
    assert told.stdout.split() == ["False", "True", "True"]


def test_terms_are_plain_words() -> None:
    """No word holds anything that the query language, or a cell of a table, would read as more than a word."""
    plain = re.compile(r"\w(?:[\w '’,·・-]*\w)?")
    words = [word for each in ENTRIES for of_lang in each["names"].values() for word in of_lang]
    assert [word for word in words if not plain.fullmatch(word) or word in ("OR", "AND", "NOT")] == []
    assert [word for word in words if not isinstance(query.parse(f'"{word}"'), Word)] == []


# --- queries ---------------------------------------------------------------------------------------------------------------


def test_a_word_gets_its_translations() -> None:
    """Each with the word that it stands for, and its language; a phrase stays one."""
    terms = Thesaurus((CONTROLS, EXPORT))
    found = thesaurus.expanded(query.parse('"export controls"'), terms)
    words = ("export controls", "輸出管理", "出口管制", "수출 통제", "輸出規制")
    assert found.tree == Or(tuple(Word(each) for each in words), is_one_thing=True)
    assert found.added[0] == Added(word="export controls", lang="ja", text="輸出管理")


def test_words_that_together_are_a_term_keep_their_own_meaning() -> None:
    """The longest term counts; its words alone get nothing."""
    found = thesaurus.expanded(query.parse("chips export controls lang:ja"), Thesaurus((EXPORT, CONTROLS)))
    assert isinstance(found.tree, And)
    chips, controls, field = found.tree.nodes
    assert (chips, query.explain(field)) == (Word("chips"), "lang = ja")
    assert isinstance(controls, Or)
    assert controls.nodes[0] == And((Word("export"), Word("controls")))
    assert controls.nodes[1:] == tuple(Word(each.text) for each in found.added)
    assert "輸出" not in {each.text for each in found.added}


@pytest.mark.parametrize("text", ["Export Control", "export-controls", "ＥＸＰＯＲＴ　controls", "EXPORT CONTROLS"])
def test_ways_of_writing_are_one_word(text: str) -> None:
    """Case, width, a hyphen and a plural s do not matter."""
    assert added(text) == ["輸出管理", "出口管制", "수출 통제", "輸出規制"]


@pytest.mark.parametrize("text", ["수출 통제", "수출통제", '"수출 통제"', "輸出 規制", "輸出規制"])
def test_spaces_between_unspaced_scripts_do_not_matter(text: str) -> None:
    """Korean is written both ways, and who splits a Japanese word means it still."""
    assert added(text)[:2] == (["export control", "輸出管理"] if "수출" in text else ["export control", "出口管制"])


@pytest.mark.parametrize(
    ("word", "other"),
    [
        ("経済産業省", "経産省"),
        ("経済安全保障推進法", "経済安保推進法"),
        ("外為法", "外国為替及び外国貿易法"),
        ("希土類", "レアアース"),
        ("パブコメ", "意見募集"),
        ("芯片", "晶片"),
        ("英伟达", "輝達"),
        ("undersea cable", "subsea cable"),
        ("ジスプロシウム", "镝"),
        ("鏑", "ジスプロシウム"),
    ],
)
def test_one_thing_is_found_by_all_its_names(shipped: Thesaurus, word: str, other: str) -> None:
    """A ministry by its short name, a law by its title, the spelling of the other side of the strait: no shade of meaning."""
    assert other in added(word if " " not in word else f'"{word}"', shipped)


def test_synonyms_of_ones_own_language_are_not_added() -> None:
    """Also where two languages write a word alike, or differ in what search takes for one: 半导体 is no Japanese."""
    chips = Term("chips", (("en", ("semiconductor",)), ("ja", ("半導体", "半導体素子")), ("zh", ("半导体", "芯片"))))
    assert added("半导体", Thesaurus((chips,))) == ["semiconductor"]
    assert added("半導体", Thesaurus((chips,))) == ["semiconductor", "芯片"]
    assert added("輸出規制") == ["export control", "出口管制", "수출 통제"]
    assert added("中国") == ["China"]


@pytest.mark.parametrize(
    "text", ["-export", "NOT (export OR china)", "export*", "theme:export", "lang:en", "exporter", "since:7d"]
)
def test_what_is_not_asked_for_stays(text: str) -> None:
    """Words behind NOT, beginnings of words, fields, and words that are no term."""
    tree = query.parse(text)
    assert thesaurus.expanded(tree, Thesaurus((CONTROLS, EXPORT, COUNTRY))) == thesaurus.Expansion(tree, ())


def test_what_the_query_says_is_not_added() -> None:
    """Neither what it asks for nor what it excludes."""
    assert added("export OR 輸出") == ["出口"]
    assert added("export -出口") == ["輸出"]


def test_an_added_word_that_finds_nothing_more_is_left_out() -> None:
    """A longer name beside the shorter one that stands in it."""
    term = Term("us-bis", (("en", ("Bureau of Industry and Security",)), ("zh", ("美国工业与安全局", "工业与安全局"))))
    assert added('"bureau of industry and security"', Thesaurus((term,))) == ["工业与安全局"]


def test_at_most_twelve_words_are_added() -> None:
    """Of each word and each language the first ones first."""
    many = [Term(name, (("en", (name,)), ("ja", tuple(f"語{name}{n}" for n in range(9))))) for name in ("alpha", "beta")]
    assert added("alpha beta", Thesaurus(many)) == [f"語{name}{n}" for name in ("alpha", "beta") for n in range(6)]


def test_short_latin_names_count_only_as_written() -> None:
    """EAR is a regulation and an ear is not; no query is given such a word."""
    term = Term("law-ear", (("en", ("Export Administration Regulations", "EAR")), ("ja", ("輸出管理規則",))))
    terms = Thesaurus((term,))
    assert added("EAR", terms) == ["輸出管理規則"]
    assert added("ear", terms) == []
    assert added("輸出管理規則", terms) == ["Export Administration Regulations"]


def test_a_name_that_two_share_is_added_for_the_one_at_home() -> None:
    """商务部 in a Chinese text is the Chinese ministry; asked for, it is either."""
    us = Term("us-commerce", (("en", ("Department of Commerce",)), ("zh", ("商务部", "美国商务部"))))
    cn = Term("cn-mofcom", (("en", ("Ministry of Commerce of China",)), ("zh", ("商务部",))))
    terms = Thesaurus((us, cn))
    assert added('"ministry of commerce of china"', terms) == ["商务部"]
    assert added('"department of commerce"', terms) == ["美国商务部"]
    assert added("商务部", terms) == ["Department of Commerce", "Ministry of Commerce of China"]


# --- what ships and what a user adds ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("graphite", {"黒鉛", "石墨", "흑연"}),
        ("出口管制", {"export control", "輸出管理", "수출 통제"}),
        ("外為法", {"Foreign Exchange and Foreign Trade Act"}),
        ("Nvidia", {"エヌビディア", "英伟达", "엔비디아"}),
        ("submarine cables", {"海底ケーブル", "海底光缆", "해저 케이블"}),
        ("METI", {"経済産業省", "经济产业省"}),
    ],
)
def test_terms_and_names_that_ship(shipped: Thesaurus, text: str, expected: set[str]) -> None:
    """Terms of the field, agencies, laws, companies."""
    assert expected - set(added(text, shipped)) == set()


def test_related_words_of_the_lexicon_are_no_translations(shipped: Thesaurus) -> None:
    """It keeps a licence and the presumption of denial in one entry; a term of its own goes before it."""
    assert "推定拒绝" not in added("export license", shipped)
    assert "出口许可" in added("export license", shipped)
    assert added("quantum key distribution", shipped) == []


def test_an_own_lexicon_counts(tmp_path: Path) -> None:
    """A name that a user wrote beside feeds.yaml, too."""
    own = tmp_path / "lexicon.jsonl"
    own.write_text(
        '{"id": "co-x", "type": "company", "names": {"en": ["Examplium Corp"], "ja": ["エグザンプリウム"]}}\n', encoding="utf-8"
    )
    assert added("examplium corp", thesaurus.load(bundled.classifiers(), own)) == ["エグザンプリウム"]


def test_a_folder_without_terms_takes_those_that_ship(tmp_path: Path) -> None:
    """A classifiers folder from before there were any."""
    (tmp_path / "lexicon.jsonl").write_text("", encoding="utf-8")
    assert "黒鉛" in added("graphite", thesaurus.load(tmp_path))


def test_a_line_that_is_no_term_is_told(tmp_path: Path) -> None:
    """By file and line."""
    (tmp_path / "lexicon.jsonl").write_text("", encoding="utf-8")
    (tmp_path / "terms.jsonl").write_text('{"id": "a", "names": {"en": ["a b"]}}\n{"id": "b"}\n', encoding="utf-8")
    with pytest.raises(ModelError, match=r"terms\.jsonl:2"):
        thesaurus.load(tmp_path)
