"""The pieces of text: folding, words and pairs."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from monitor.segment import CJK, HIRAGANA, STOP_WORDS, fold, pieces, terms

MIXED = st.text(alphabet=st.sampled_from("aZéßﬁ5１ＡⅣς輸出規制々〇カﾊーひ한글수 .,-_'\n"), max_size=40)
"""Texts in which scripts, widths and marks meet."""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ＮＥＤＯの　ＡＩ", "nedoの ai"),
        ("ﾊﾝﾄﾞｳﾀｲ", "ハンドウタイ"),
        ("Straße für São Paulo", "strasse fur sao paulo"),
        ("ﬁnal rule Ⅳ", "final rule iv"),
        ("ΣΊΣΥΦΟΣ", "σίσυφοσ"),
        ("か\u3099んか", "がんか"),
        (unicodedata.normalize("NFD", "반도체"), "반도체"),
    ],
)
def test_fold_removes_width_case_accents_and_ligatures(text: str, expected: str) -> None:
    """Writings that a reader takes for the same become the same, with accents or without."""
    assert fold(text) == expected


@settings(deadline=None)
@given(st.text())
def test_folding_twice_is_folding_once(text: str) -> None:
    """A folded text is its own folding."""
    assert fold(fold(text)) == fold(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Export-control rule, 15 CFR 744.21", ["export", "control", "rule", "15", "cfr", "744", "21"]),
        ("半導体の輸出", ["半導", "導体", "体の", "の輸", "輸出"]),
        ("稀土出口管制", ["稀土", "土出", "出口", "口管", "管制"]),
        ("수출통제 강화", ["수출", "출통", "통제", "강화"]),
        ("米、AI規制", ["米", "ai", "規制"]),
        ("5Gネット", ["5g", "ネッ", "ット"]),
        ("chips chips", ["chips", "chips"]),
        ("snake_case", ["snake", "case"]),
        ("Größe über", ["grosse", "uber"]),
        ("санкции против", ["санкции", "против"]),
        ("々〇", ["々〇"]),
        ("𠮷野家", ["𠮷野", "野家"]),
        ("—…!?", []),
        ("", []),
    ],
)
def test_terms_are_words_and_pairs_in_order(text: str, expected: list[str]) -> None:
    """Alphabets give folded words, CJK runs overlapping pairs, repeats stay."""
    assert terms(text) == expected


def test_a_middle_dot_ends_a_run_as_other_punctuation_does() -> None:
    """A nakaguro stands between words and is no letter of either."""
    assert terms("輸出・輸入") == ["輸出", "輸入"]


def test_pieces_name_the_script_of_each_run() -> None:
    """A run is of one kind only, and says whether it is CJK."""
    assert list(pieces("米AI規制 update")) == [("米", True), ("ai", False), ("規制", True), ("update", False)]


@settings(deadline=None)
@given(MIXED)
@example("輸出・輸入")
def test_pieces_are_the_folded_text_without_what_separates(text: str) -> None:
    """No letter or digit is lost, added or moved by cutting."""
    assert "".join(run for run, _ in pieces(text)) == "".join(character for character in fold(text) if character.isalnum())


@settings(deadline=None)
@given(MIXED)
def test_a_run_is_cjk_throughout_or_not_at_all(text: str) -> None:
    """The kind that a piece states holds for each of its characters."""
    assert [run for run, is_cjk in pieces(text) if is_cjk != bool(re.fullmatch(f"[{CJK}]+", run))] == []


@settings(deadline=None)
@given(st.text())
def test_terms_never_raise_and_hold_no_space(text: str) -> None:
    """Any text at all has terms, and none of them would fall apart in the index."""
    assert [term for term in terms(text) if not term or term.split() != [term]] == []


def test_stop_words_are_terms_themselves() -> None:
    """Terms are looked up among them, so each has to be as cutting gives it."""
    assert [word for word in sorted(STOP_WORDS) if terms(word) != [word]] == []


@pytest.mark.parametrize(("term", "expected"), [("から", True), ("の", True), ("体の", False), ("カラ", False), ("のa", False)])
def test_hiragana_alone_is_a_particle_or_an_ending(term: str, expected: bool) -> None:
    """One character of another script makes a piece more than grammar."""
    assert bool(HIRAGANA.match(term)) is expected
