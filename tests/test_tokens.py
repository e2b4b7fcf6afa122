"""What the index holds of a text, how it is asked, and what a text holds: that the three agree."""

from __future__ import annotations

import pytest
from builders import NOW, an_item
from costs import calls
from hypothesis import example, given, settings
from hypothesis import strategies as st

from monitor.archive import Archive
from monitor.archive.intake import Change
from monitor.dedupe import Sorted
from monitor.items import SourceState
from monitor.query import Word
from monitor.tokens import BREAK, ask, contains, count, index_texts, normal, stem

MIXED = st.text(
    alphabet=st.sampled_from("aZsyéßﬁ5１ＡⅣς輸输出規制々〇カﾊーひ한글수 .,-_'\nİłæΆёй\u0301\u00ad\ufe0fก็သြក្"), max_size=40
)
"""Texts in which scripts, widths, plurals and marks meet."""
PLURALS = (
    "GPU GPUs, CPU CPUs, MCU MCUs, MoU MoUs, EV EVs, IC ICs, gas gases, bus buses, virus viruses, lens lenses, bonus bonuses, "
    "bias biases, crisis crises, analysis analyses, memorandum memoranda, bureau bureaus, shelf shelves, cache caches, "
    "movie movies, memory memories, tax taxes, HBM HBMs"
).split(", ")


@pytest.mark.parametrize(
    ("text", "expected", "letters"),
    [
        ("輸出規制", "输出 出规 规制", "输出规制"),
        ("輸出、規制", f"输出 {BREAK} 规制", "输出规制"),
        ("Export rules", "export rule", ""),
        ("米AI規制", "米 ai 规制", "米规制"),
        ("수출 통제", f"수출 {BREAK} 통제", "수출통제"),
        ("?!", "", ""),
    ],
)
def test_the_index_has_words_pairs_and_letters(text: str, expected: str, letters: str) -> None:
    """A run's pairs in order, a mark between runs that do not touch, each letter once."""
    terms, found = index_texts(text)
    assert (terms, found) == (expected, set(letters))


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("controls sanctions policies companies licences", "control sanction policy company licence"),
        ("taxes launches businesses washes cargoes", "tax launch business wash cargo"),
        ("news arms goods customs series means", "news arms goods customs series means"),
        ("crisis status process gas us ties", "crisis status process gas us tie"),
        ("plus thus campus corpus opus bios", "plus thus campus corpus opus bios"),
        ("3a090s 5gs", "3a090s 5gs"),
    ],
)
def test_a_plural_is_its_singular_unless_it_is_none(words: str, expected: str) -> None:
    """English nouns; words of other meaning keep their s."""
    assert " ".join(map(stem, words.split())) == expected


@pytest.mark.parametrize("pair", PLURALS)
def test_singular_and_plural_find_each_other(archive: Archive, pair: str) -> None:
    """Abbreviations and irregular ones too: in a text, counted, by the index, and as the beginning of a word."""
    singular, plural = pair.split()
    fill(archive, f"About {singular}", f"About {plural}")
    for word in (singular, plural):
        assert [contains(normal(f"one {other}"), word) for other in (singular, plural)] == [True, True]
        assert count(normal(f"{singular}, {plural}"), word) == 2
        assert len(archive.reading.search(Word(word), NOW)) == 2
        assert len(archive.reading.search(Word(word, is_prefix=True), NOW)) == 2
        assert contains(normal(plural), word, is_prefix=True)


@pytest.mark.parametrize(
    ("text", "word", "expected"),
    [
        ("New export controls on chips", "export control", True),
        ("New export-control rule", "Export Controls", True),
        ("Export of controls", "export controls", False),
        ("exports rise", "export", True),
        ("arms embargo", "arm", False),
        ("reexport licence", "export", False),
        ("Ｅｘｐｏｒｔ licence", "export", True),
        ("半導体輸出規制を強化", "輸出規制", True),
        ("半導体輸出規制を強化", "出口", False),
        ("半導体、輸出", "体輸", False),
        ("經濟安全", "经济", True),
        ("经济安全", "經濟", True),
        ("タイの電池", "たい", False),
        ("経産省がAI規制案", "ai", True),
        ("経産省がAI規制案", "AI規制", True),
        ("수출통제를 강화", "수출통제", True),
        ("the U.S. rule", "u.s.", True),
        ("the US rule", "u.s.", False),
        ("15 CFR 744.21", "744.2", False),
        ("a+b", "a.b", True),
        ("aXb", "a.b", False),
        ("any text", "", False),
        ("any text!", "!", False),
        ("反対、米国", "対 米", True),
        ("対英、対米", "対 米", False),
        ("米 export", "米 export", True),
        ("北米 exports", "米 export", True),
        ("Ausfuhr nach München", "munchen", True),
        ("輸出・輸入の規制", "輸出 輸入", True),
        ("輸出規制", "輸出 規制", False),
        ("TÜRKİYE meeting", "türkiye", True),
        ("İstanbul", "ISTANBUL", True),
        ("Łódź, Ørsted, Kılıç", "lodz orsted kilic", True),
        ("Đồng and Æsir and cœur", "dong", True),
        ("Đồng and Æsir and cœur", "aesir and coeur", True),
        ("ΕΛΛΑΔΑ", "Ελλάδα", True),
        ("Ёлка", "елка", True),
        ("Москва\u0301", "москва", True),
        ("новый", "новыи", False),
        ("graphite", "gra\u200bphite", True),
        ("half\u00adhearted", "halfhearted", True),
        ("葛\U000e0100飾区", "葛飾", True),
        ("が", "か\u3099", True),
        ("ハ", "パ", False),
        ("การควบคุมการส่งออกเซมิคอนดักเตอร์", "ส่งออก", True),
        ("การควบคุมการส่งออกเซมิคอนดักเตอร์", "ก", True),
        ("การควบคุมการส่งออก 5G", "การส่งออก 5g", True),
        ("ການຄວບຄຸມການສົ່ງອອກ", "ສົ່ງອອກ", True),
        ("ការគ្រប់គ្រងការនាំចេញ", "នាំចេញ", True),
        ("ပို့ကုန်ထိန်းချုပ်မှု", "ထိန်းချုပ်", True),
        ("ပို့ကုန်။ ထိန်းချုပ်", "ကုန်ထိန်း", False),
        ("निर्यात नियंत्रण", "निर्यात", True),
        ("export controls, export controlled", "export controlled", True),
        ("対、英と対、米", "対 米", True),
    ],
)
def test_rules_find_a_word_where_search_finds_it(archive: Archive, text: str, word: str, expected: bool) -> None:
    """One meaning of words: of a text, and of the archive's index."""
    fill(archive, text)
    assert contains(normal(text), word) is expected
    assert bool(archive.reading.search(Word(word), NOW)) is expected


@pytest.mark.parametrize(
    ("text", "beginning", "expected"),
    [
        ("New semiconductor rule", "semicon", True),
        ("New semiconductor rule", "new semi", True),
        ("New semiconductor rule", "ne semi", False),
        ("New semiconductor rule", "conductor", False),
        ("New policies", "polici", True),
        ("New policies", "policies", True),
        ("Export controls", "controls", True),
        ("Controlling interest", "controls", False),
    ],
)
def test_a_prefix_is_open_at_its_end_only(archive: Archive, text: str, beginning: str, expected: bool) -> None:
    """The last word may go on, whatever its number; the others, and every beginning, stay whole."""
    fill(archive, text)
    assert contains(normal(text), beginning, is_prefix=True) is expected
    assert bool(archive.reading.search(Word(beginning, is_prefix=True), NOW)) is expected


def test_words_are_counted() -> None:
    """As ranking wants them."""
    assert count(normal("Control of controls; 規制と規制"), "controls") == 2
    assert count(normal("Control of controls; 規制と規制"), "規制") == 2


@settings(deadline=None)
@given(MIXED)
@example("輸出・輸入")
def test_a_text_contains_each_of_its_pieces(text: str) -> None:
    """Words, pairs and letters that go into the index are found in the text that they are of."""
    terms, letters = index_texts(text)
    pieces = [*(each for each in terms.split() if each != BREAK), *letters]
    assert [each for each in pieces if not contains(normal(text), each)] == []


@settings(deadline=None)
@given(st.text(max_size=200), st.text(max_size=20), st.booleans())
def test_looking_never_raises(text: str, word: str, is_prefix: bool) -> None:
    """Text and word may be anything, brackets and backslashes too; a word that asks for nothing is in no text."""
    found = contains(normal(text), word, is_prefix=is_prefix)
    assert not (found and ask(word, is_prefix=is_prefix) is None)


@settings(deadline=None)
@given(st.text())
def test_what_is_normal_stays_so(text: str) -> None:
    """A normal text is its own normal form."""
    assert normal(normal(text)) == normal(text)


def test_many_words_cost_as_much_each_as_few() -> None:
    """5,000 words and 1,500 phrases of rules: no store of prepared ones is too small for them, and none is dear to prepare."""
    text = normal("China curbs graphite exports; ministry says licence needed from December; 輸出規制も")
    words = [f"curb{number}" for number in range(5000)]
    phrases = [f"graphite export{number} 規制" for number in range(1500)]
    for sought in (words, phrases):
        assert calls(lambda sought=sought: [contains(text, each) for each in sought]) < 150 * len(sought)
        assert calls(lambda sought=sought: [contains(text, each) for each in sought]) < 25 * len(sought)
        assert calls(lambda sought=sought: [count(text, each) for each in sought]) < 25 * len(sought)


def fill(archive: Archive, *texts: str) -> None:
    new = tuple(an_item(key=str(place), title=text) for place, text in enumerate(texts))
    found = Sorted(new=new, revised=(), unchanged=0)
    archive.intake.store(Change(found=found, state=SourceState(id="meti"), at=NOW))
