"""Cues: named queries over a text, found in one pass, with the meaning that search gives the same words."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor import bundled, classifiers
from monitor.cues import Cues
from monitor.errors import QueryError
from monitor.segment import CJK, fold, pieces

WORDS = st.sampled_from(
    [
        "export",
        "exports",
        "5G",
        "基地局",
        "輸出",
        "輸出管理",
        "管理",
        "U.S.",
        "rip and replace",
        "ＥＡＲ",
        "稀土",
        "é",
        "수출",
        "a",
    ]
)
TEXTS = st.lists(st.one_of(WORDS, st.sampled_from([" ", "-", "・", "、", "/", "_"])), max_size=12).map("".join)


def found(cues: Cues, text: str) -> tuple[str, ...]:
    return tuple(cues.find(list(pieces(text))))


def stands_in(text: str, word: str, *, is_prefix: bool) -> bool:
    """As one would look it up with a regular expression: CJK inside a run, other words whole or, the last, by their beginning."""
    runs = list(pieces(word))
    parts = []
    for place, (run, is_cjk) in enumerate(runs):
        if place:
            parts.append("[\\W_・]*" if is_cjk != runs[place - 1][1] else "[\\W_・]+")
        end = "" if is_prefix and place == len(runs) - 1 else f"(?![^\\W_{CJK}])"
        parts.append(re.escape(run) if is_cjk else f"(?<![^\\W_{CJK}]){re.escape(run)}{end}")
    return re.search("".join(parts), fold(text)) is not None


@given(TEXTS, WORDS, st.booleans())
def test_a_word_is_found_inside_a_run_or_whole(text: str, word: str, is_prefix: bool) -> None:
    """In scripts without spaces inside a run, elsewhere whole words or their beginnings."""
    cues = Cues({"x": f'"{word}"' if " " in word or not is_prefix else f"{word}*"}, {})
    is_found = stands_in(text, word, is_prefix=is_prefix and " " not in word)
    assert (found(cues, text) == ("x",)) == is_found


def test_a_concept_stands_for_its_query() -> None:
    """{chip} in a query means what the concept says, in all its languages."""
    cues = Cues({"chip": "chip* OR 半導体", "export": "export* OR 輸出"}, {"t.curb": "{chip} {export} -rice"})
    assert found(cues, "Chips: new export rules") == ("chip", "export", "t.curb")
    assert found(cues, "半導体の輸出") == ("chip", "export", "t.curb")
    assert found(cues, "Rice export, chips and fish") == ("chip", "export")
    assert found(cues, "Nothing of the kind") == ()


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("New Chipmaking plant, chips and 半導体", "chipmaking"),
        ("次世代半導体、chip", "半導体"),
        ("not for export", "export"),
        ("Ａ new  CHIP", "chip"),
        ("rules and replace, rip and replace", "rip and replace"),
    ],
)
def test_a_cue_names_the_first_word_that_speaks_for_it(text: str, word: str) -> None:
    """As the text has it, whole where only its beginning is sought; never one that speaks against it."""
    cues = Cues({"any": '(chip* OR 半導体 OR export OR "rip and replace") -cake'}, {})
    assert cues.find(list(pieces(text))) == {"any": word}


@pytest.mark.parametrize(
    ("concepts", "queries", "word"),
    [
        ({"a": "x OR"}, {}, "missing"),
        ({"a": "-x"}, {}, "a text that says nothing"),
        ({"a": "x"}, {"t.q": "{b}"}, "no concept b"),
        ({"a": "lang:ja"}, {}, "no fields such as lang:"),
    ],
)
def test_a_query_that_cannot_be_meant_is_refused(concepts: dict[str, str], queries: dict[str, str], word: str) -> None:
    """With the name of the query, so that an analyst can mend it."""
    with pytest.raises(QueryError, match=word):
        Cues(concepts, queries)


def test_the_queries_that_ship_can_be_read() -> None:
    """Every theme has some, for and against; every concept has words in Latin letters, Japanese, Chinese and Korean."""
    cues = classifiers.load_cues(bundled.classifiers())
    for theme in classifiers.load_themes(bundled.classifiers()):
        assert len(theme.queries) >= 10
        assert any(name.startswith("only_") for name, _ in theme.queries)
    assert len(cues.concepts) >= 50
