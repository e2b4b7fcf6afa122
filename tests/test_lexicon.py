"""The lexicon: whole words in Latin, inside runs in East Asian scripts, the longest name wins."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.items import Entity
from monitor.lexicon import Lexicon, Name

NAMES = (
    Name(id="us-commerce", type="agency", surfaces=(("en", "Department of Commerce"), ("ja", "商務省"))),
    Name(id="cn-mofcom", type="agency", surfaces=(("en", "MOFCOM"), ("ja", "商務省"), ("zh", "商务部"))),
    Name(id="us-bis", type="agency", surfaces=(("en", "Bureau of Industry and Security"), ("en", "BIS"))),
    Name(id="law-ear", type="law", surfaces=(("en", "EAR"),)),
    Name(id="grp-quad", type="group", surfaces=(("en", "Quad"),)),
    Name(
        id="min-ga",
        type="mineral",
        surfaces=(("en", "gallium"), ("ja", "ガリウム"), ("zh", "金属镓"), ("zh", "镓"), ("ko", "갈륨")),
    ),
    Name(id="min-dy", type="mineral", surfaces=(("zh", "镝"),)),
    Name(id="mat-gan", type="material", surfaces=(("en", "gallium nitride"), ("ja", "窒化ガリウム"))),
    Name(id="co-hynix", type="company", surfaces=(("en", "SK hynix"), ("ko", "SK하이닉스"))),
)
LEXICON = Lexicon(NAMES)


def found(text: str, lang: str = "en", country: str | None = None) -> list[str]:
    return [each.id for each in LEXICON.find(text, lang=lang, country=country)]


@pytest.mark.parametrize(
    ("text", "lang", "ids"),
    [
        ("The Department of Commerce limits gallium.", "en", ["us-commerce", "min-ga"]),
        ("BISは窒化ガリウムの輸出を規制する。", "ja", ["us-bis", "mat-gan"]),
        ("商务部限制金属镓出口。", "zh", ["cn-mofcom", "min-ga"]),
        ("商务部金属镓新规", "zh", ["cn-mofcom", "min-ga"]),
        ("商務部限制金屬鎵出口。", "zh", ["cn-mofcom", "min-ga"]),
        ("對鎵、鏑實施出口管制", "zh", ["min-ga", "min-dy"]),
        ("对镓、镝相关物项实施管制", "zh", ["min-ga", "min-dy"]),
        ("SK하이닉스는 갈륨을 비축한다.", "ko", ["co-hynix", "min-ga"]),
        ("ＭＯＦＣＯＭ ｶﾞﾘｳﾑ", "ja", ["cn-mofcom", "min-ga"]),
        ("Gallium-based radar, DEPARTMENT OF COMMERCE says", "en", ["min-ga", "us-commerce"]),
        ("Nothing of note happened.", "en", []),
        ("", "en", []),
    ],
)
def test_a_known_name_is_found(text: str, lang: str, ids: list[str]) -> None:
    """Names are found in each language, inside unspaced text and whatever their width or case, in order of mention."""
    assert found(text, lang) == ids


@pytest.mark.parametrize(
    "text", ["galliums and megagallium", "the SK hynixes", "the bis of the aria", "We hear of a quad bike", "Ear", "RISK하이닉스"]
)
def test_a_latin_name_matches_whole_words_only_and_short_ones_as_written(text: str) -> None:
    """A part of a longer word is no name, and a short name is not found in another case."""
    assert found(text) == []


@pytest.mark.parametrize(
    ("text", "ids"), [("The EAR bind Quad members", ["law-ear", "grp-quad"]), ("mofcom speaks", ["cn-mofcom"])]
)
def test_a_name_of_five_letters_and_more_matches_in_any_case(text: str, ids: list[str]) -> None:
    """Only names that are as short as words depend on their case."""
    assert found(text) == ids


@pytest.mark.parametrize(
    ("text", "lang", "surfaces"),
    [
        ("A gallium nitride wafer", "en", ["gallium nitride"]),
        ("Gallium nitride, then Gallium", "en", ["Gallium nitride", "Gallium"]),
        ("窒化ガリウムの基板", "ja", ["窒化ガリウム"]),
    ],
)
def test_the_longest_name_wins(text: str, lang: str, surfaces: list[str]) -> None:
    """A name inside a longer one is not counted; the surface is the text's own spelling."""
    assert [each.surface for each in LEXICON.find(text, lang=lang)] == surfaces


def test_an_entity_counts_once_with_its_first_mention() -> None:
    """Two names of one entity are one entity."""
    entities = LEXICON.find("BIS, the Bureau of Industry and Security, and gallium; again BIS", lang="en")
    assert entities == (Entity(id="us-bis", type="agency", surface="BIS"), Entity(id="min-ga", type="mineral", surface="gallium"))


@pytest.mark.parametrize(
    ("country", "entity"), [("US", "us-commerce"), ("CN", "cn-mofcom"), ("JP", "us-commerce"), (None, "us-commerce")]
)
def test_a_shared_name_goes_to_the_entity_of_the_sources_country(country: str | None, entity: str) -> None:
    """商務省 is Washington's or Beijing's by the source; else the first of the list."""
    assert found("商務省が声明を出した。", "ja", country) == [entity]


@pytest.mark.parametrize(
    ("text", "lang", "ids"),
    [("商务部", "ja", []), ("갈륨", "ja", []), ("商务部", "en", ["cn-mofcom"]), ("BIS", "ja", ["us-bis"])],
)
def test_a_name_of_another_east_asian_language_does_not_count(text: str, lang: str, ids: list[str]) -> None:
    """Han means different things in Chinese and Japanese; Latin names and texts of other languages are open to all."""
    assert found(text, lang) == ids


def test_a_character_that_stands_in_other_words_is_no_name() -> None:
    """Silver is in every bank; what is called 镝 or 鎵 is nothing else."""
    silver = Lexicon((Name(id="min-ag", type="mineral", surfaces=(("zh", "银"), ("zh", "白银"))),))
    assert silver.find("长沙银行的银价", lang="zh") == ()
    assert [each.surface for each in silver.find("白银出口", lang="zh")] == ["白银"]


def test_a_language_means_its_own_ministry() -> None:
    """Where the source's country does not decide: 商务部 in Chinese is China's."""
    shared = Lexicon(
        (
            Name(id="us-commerce", type="agency", surfaces=(("zh", "商务部"), ("ja", "商務省"))),
            Name(id="cn-mofcom", type="agency", surfaces=(("zh", "商务部"), ("ja", "商務省"))),
        )
    )
    assert [each.id for each in shared.find("商务部公告", lang="zh")] == ["cn-mofcom"]
    assert [each.id for each in shared.find("商务部公告", lang="zh", country="US")] == ["us-commerce"]
    assert [each.id for each in shared.find("商務省が発表", lang="ja")] == ["us-commerce"]


def test_letters_that_grow_in_lower_case_do_not_move_the_names() -> None:
    """İ becomes two characters in lower case; the surface still is the name."""
    assert [each.surface for each in LEXICON.find("İİİİ Gallium İ", lang="en")] == ["Gallium"]


def test_an_empty_lexicon_finds_nothing() -> None:
    """No names, or none that can be matched, is no error."""
    assert Lexicon(()).find("gallium", lang="en") == ()
    assert Lexicon((Name(id="x", type="t", surfaces=(("en", " "),)),)).find("gallium x", lang="en") == ()


SURFACES = tuple(surface for name in NAMES for _, surface in name.surfaces)


@given(
    st.one_of(
        st.text(max_size=200),
        st.lists(st.sampled_from((*SURFACES, " ", "İ", "。", "ﬃ", "\ud800", "s")), max_size=12).map("".join),
    ),
    st.sampled_from(("en", "ja", "zh", "ko", "de")),
)
@settings(max_examples=100, deadline=None)
def test_find_never_raises_and_shows_words_of_the_text(text: str, lang: str) -> None:
    """Each entity once, each surface in the width-folded text, for any text."""
    entities = LEXICON.find(text, lang=lang, country="US")
    assert len({each.id for each in entities}) == len(entities)
    assert all(each.surface in unicodedata.normalize("NFKC", text) for each in entities)


@given(st.sampled_from(NAMES), st.sampled_from(("、", " (", "“", "\n", "1. ")))
@settings(deadline=None)
def test_every_surface_is_found_between_punctuation(name: Name, mark: str) -> None:
    """No name of the list is lost when it stands alone, but for one that another entity of the list shares."""
    for lang, surface in name.surfaces:
        country = name.id.split("-")[0].upper()
        assert found(f"{mark}{surface}。", lang, country) == [name.id]
