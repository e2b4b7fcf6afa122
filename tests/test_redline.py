"""How one text became another: nothing is lost, nothing is made up, and it reads well in every script."""

from __future__ import annotations

import time
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.redline import Change, Fate, excerpt, marked, redline, tokens

WORDS = st.lists(
    st.sampled_from(
        [
            "the",
            "rule",
            "rules",
            " ",
            ", ",
            "2026-06-30",
            "12",
            "1,200",
            "輸出",
            "管理",
            "令",
            "。",
            "を",
            "수출",
            "통제",
            "é",
            "e\u0301",
            "𠮷",
            "\n",
        ]
    ),
    max_size=40,
).map("".join)
TEXTS = st.one_of(WORDS, st.text(max_size=60))


def kept(changes: tuple[Change, ...], *fates: Fate) -> str:
    return "".join(each.text for each in changes if each.fate in fates)


@given(TEXTS, TEXTS)
@settings(max_examples=400, deadline=None)
def test_applying_the_changes_gives_the_new_text_and_undoing_them_the_old(before: str, after: str) -> None:
    """In any script, and whatever marks the texts hold."""
    found = redline(before, after)
    assert kept(found, Fate.SAME, Fate.ADDED) == after
    assert kept(found, Fate.SAME, Fate.REMOVED) == before
    assert all(each.text for each in found)
    assert all(one.fate is not other.fate for one, other in pairwise(found))


@given(TEXTS)
@settings(max_examples=100, deadline=None)
def test_a_text_has_no_changes_against_itself_and_its_tokens_are_the_text(text: str) -> None:
    """One piece, or none."""
    assert redline(text, text) == ((Change(Fate.SAME, text),) if text else ())
    assert "".join(tokens(text)) == text


@given(TEXTS, TEXTS)
@settings(max_examples=200, deadline=None)
def test_an_excerpt_keeps_every_change(before: str, after: str) -> None:
    """Only what is the same is cut."""
    found = redline(before, after)
    changed = [each for each in found if each.fate is not Fate.SAME]
    assert [each for each in excerpt(found, 5) if each.fate is not Fate.SAME] == changed


@pytest.mark.parametrize(
    ("before", "after", "shown"),
    [
        ("The rule takes effect.", "The interim rule takes effect.", "The {+interim +}rule takes effect."),
        ("Effective on 2026-06-30.", "Effective on 2026-07-30.", "Effective on [-2026-06-30-]{+2026-07-30+}."),
        ("12 firms", "1,200 firms", "[-12-]{+1,200+} firms"),
        ("2026年6月1日から施行する省令", "2026年7月1日から施行する政令", "2026年[-6-]{+7+}月1日から施行する[-省-]{+政+}令"),
        ("稀土出口管制措施", "稀土相关物项出口管制措施", "稀土{+相关物项+}出口管制措施"),
        ("수출 통제를 강화한다", "수출 규제를 강화한다", "수출 [-통제를-]{+규제를+} 강화한다"),
        ("Note", "Note: the comment period is extended by 30 days", "Note{+: the comment period is extended by 30 days+}"),
        ("Rugby final at noon", "商务部公布黒鉛的出口管制", "[-Rugby final at noon-]{+商务部公布黒鉛的出口管制+}"),
        ("gone", "", "[-gone-]"),
    ],
)
def test_changes_read_as_an_editor_would_mark_them(before: str, after: str, shown: str) -> None:
    """Words, days and numbers whole; Chinese and Japanese by the character; Korean by the word; no splinters."""
    assert marked(redline(before, after)) == shown


def test_what_stays_is_cut_to_what_is_near() -> None:
    """A word that changed in a long text is found at a glance."""
    before = "All of it stays as it is. " * 40 + "Due on 1 May. " + "All of it stays as it is. " * 40
    found = marked(excerpt(redline(before, before.replace("1 May", "2 June"))))
    assert "Due on [-1 May-]{+2 June+}. All" in found
    assert len(found) < 250
    assert found.startswith("… ")
    assert found.endswith(" …")


@pytest.mark.parametrize("letters", ["ab ", "的。", "一", "".join(chr(0x4E00 + each) for each in range(50))])
def test_hostile_texts_cost_bounded_time(letters: str) -> None:
    """Of the greatest length that an item has; a second and a half in a slow place."""
    one, other = (letters * 8_000)[:8_000], (letters[::-1] * 8_000)[:7_999]
    start = time.process_time()
    redline(one, other + "X")
    assert time.process_time() - start < 3
