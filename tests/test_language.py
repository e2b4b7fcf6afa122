"""Which language a text is in: the scripts, the words, and what the hint may decide."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.language import detect

CODES = {"en", "de", "fr", "es", "it", "pt", "nl", "ja", "zh", "ko", "ru", "uk", "bg"}
HINTS = st.one_of(st.none(), st.sampled_from(sorted(CODES)), st.text(max_size=5))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The bureau has added twelve firms to the entity list for the diversion of chips", "en"),
        ("Die Bundesregierung prüft die Ausfuhr von Maschinen und das Verbot für den Handel", "de"),
        ("Le gouvernement renforce les contrôles sur les exportations de semi-conducteurs dans une loi", "fr"),
        ("El gobierno refuerza los controles de las exportaciones por la seguridad del país", "es"),
        ("Il governo rafforza il controllo degli investimenti nel settore della difesa e dei chip", "it"),
        ("O governo não publicou as regras para os minerais críticos do país em uma portaria", "pt"),
        ("Het kabinet beperkt de uitvoer van machines voor chips en dat is niet de eerste keer", "nl"),
        ("経済産業省は、半導体製造装置の輸出管理を強化する省令を公布した", "ja"),
        ("商务部关于对部分稀土相关物项实施出口管制的决定", "zh"),
        ("산업통상자원부는 전략물자 수출통제 고시를 개정했다", "ko"),
        ("Правительство ввело запрет на вывоз редкоземельных металлов", "ru"),
    ],
)
def test_a_sentence_is_known_without_a_hint(text: str, expected: str) -> None:
    """Script or common words are enough for a sentence."""
    assert detect(text) == expected


@pytest.mark.parametrize("hint", ["ja", "ko", "zh", "de", None])
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The ministry said that new rules on exports will be in force at the end of the year", "en"),
        ("輸出管理の見直しについて", "ja"),
        ("전략물자 수출 허가 절차 안내", "ko"),
        ("这些企业被列入出口管制管控名单", "zh"),
    ],
)
def test_a_clear_text_overrules_its_hint(text: str, expected: str, hint: str | None) -> None:
    """A source's language is a hint only; a text that is clearly another's keeps its own."""
    assert detect(text, hint) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("TSMC、Intel、Samsungへの補助金", "ja"),
        ("SK하이닉스, HBM4 양산 착수", "ko"),
        ("韓国 반도체 수출 증가", "ko"),
        ("ASML回应荷兰光刻机出口许可证问题", "zh"),
        ("日米首脳、경제 안보で合意したとの声明を発表", "ja"),
    ],
)
def test_latin_names_and_foreign_words_leave_an_asian_text_its_language(text: str, expected: str) -> None:
    """The script that carries the sentence decides, not the names in it."""
    assert detect(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "The Ministry of Economy (経済産業省) said that it will consult on the rule",
        "The ministry (けいざい) said that it will consult on the rule for the export of machine tools to the region",
        "The Commerce Department has added Samsung (삼성) to the list of the companies under review",
        "The word санкции is at the head of the statement by the ministry",
    ],
)
def test_a_foreign_name_in_brackets_leaves_an_english_text_english(text: str) -> None:
    """A few characters of another script do not decide against a whole Latin sentence."""
    assert detect(text) == "en"


@pytest.mark.parametrize(
    ("text", "hint", "expected"),
    [
        ("経済安全保障推進法", None, "ja"),
        ("対中投資審査強化", "zh", "ja"),
        ("重要鉱物安定供給確保法成立", None, "ja"),
        ("外為法改正案閣議決定", None, "ja"),
        ("令和8年度予算案閣議決定", "zh", "ja"),
        ("施行期日：令和８年１０月１日", None, "ja"),
        ("内阁会议通过法律修正案", None, "zh"),
        ("行政院會通過預算案", None, "zh"),
        ("半导体产业链", "ja", "zh"),
        ("關於出口管制說明", "zh", "zh"),
        ("輸出管理", "ja", "ja"),
        ("輸出管理", "zh", "zh"),
        ("輸出管理", "en", "zh"),
        ("輸出管理", None, "zh"),
    ],
)
def test_han_alone_is_told_by_its_own_characters_then_by_the_hint(text: str, hint: str | None, expected: str) -> None:
    """Shinjitai make it Japanese, simplified forms Chinese, and the hint decides where neither stands."""
    assert detect(text, hint) == expected


@pytest.mark.parametrize("text", ["令和7年度予算案", "担当閣僚会合", "不正輸出容疑", "参議院本会議", "東京都議会"])
def test_han_that_both_languages_write_leaves_the_hint_its_say(text: str) -> None:
    """Characters of everyday Japanese (和 担 当 不 参 都) are no evidence of Chinese."""
    assert detect(text, "ja") == "ja"


def test_a_middle_dot_is_no_kana() -> None:
    """Chinese writes foreign names with a dot, too."""
    assert detect("财政部长珍妮特・耶伦访问北京") == "zh"


@pytest.mark.parametrize(
    ("text", "hint", "expected"),
    [
        ("Експортний контроль", "uk", "uk"),
        ("Контрол на износа", "bg", "bg"),
        ("Экспортный контроль", "en", "ru"),
        ("Exportkontrolle Halbleiter", "de", "de"),
        ("Semi-conducteurs: Bruxelles consulte", "fr", "fr"),
        ("Exportkontrolle Halbleiter", None, "en"),
        ("Exportkontrolle für die Halbleiter", None, "de"),
        ("BIS chip rule", "ja", "en"),
    ],
)
def test_a_short_text_is_in_its_sources_language_if_the_script_allows_it(text: str, hint: str | None, expected: str) -> None:
    """Where words say nothing the hint decides, unless it is written in another script."""
    assert detect(text, hint) == expected


@pytest.mark.parametrize("hint", ["ko", "ja", "zh", "de"])
def test_a_text_without_letters_is_in_its_sources_language(hint: str) -> None:
    """Figures leave everything open, so the hint decides."""
    assert detect("2025-11-03: +0.4 %", hint) == hint


def test_nothing_known_is_english() -> None:
    """Without letters and without a hint the answer is en."""
    assert detect("2025-11-03") == "en"


@settings(deadline=None)
@given(st.text(st.characters()), HINTS)
def test_the_answer_is_always_one_of_the_known_codes(text: str, hint: str | None) -> None:
    """Any text and any hint, an unknown one too, give a code that the rest of the program knows."""
    assert detect(text, hint) in CODES


@settings(deadline=None)
@given(st.text(alphabet="abcdeghilmnorst "), st.sampled_from(["ja", "zh", "ko"]))
def test_latin_letters_are_never_an_asian_language(text: str, hint: str) -> None:
    """A hint cannot make a Latin text Japanese, Chinese or Korean."""
    assert detect(f"x{text}", hint) not in {"ja", "zh", "ko"}


@settings(deadline=None)
@given(st.text(alphabet="アイウエオカキクケコサシスセソ", min_size=1), HINTS)
def test_kana_alone_is_always_japanese(text: str, hint: str | None) -> None:
    """No other language is written in kana."""
    assert detect(text, hint) == "ja"
