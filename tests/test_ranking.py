"""What is best of some matches."""

from __future__ import annotations

from datetime import timedelta

from builders import NOW

from monitor.query import Word
from monitor.ranking import Candidate, freshness, ranked


def a_candidate(key: int, title: str = "News", rest: str = "", *, days: float = 0) -> Candidate:
    return Candidate(key=key, title=title, rest=rest, moment=NOW - timedelta(days=days))


def test_the_title_says_more_than_the_rest() -> None:
    """Also where the rest says it twice."""
    found = ranked(
        [a_candidate(1, rest="gallium, gallium"), a_candidate(2, "Gallium rule", "of the week")], [Word("gallium")], NOW
    )
    assert found == [2, 1]


def test_the_rarer_word_says_more() -> None:
    """Of a query whose words need not all be there."""
    batch = [a_candidate(each, "export rule") for each in range(1, 9)] + [a_candidate(9, "gallium rule", days=1)]
    assert ranked(batch, [Word("export"), Word("gallium")], NOW)[0] == 9


def test_what_is_new_comes_before_what_is_old_and_alike() -> None:
    """And much more of the word outweighs age."""
    old, new = a_candidate(1, "輸出規制", days=400), a_candidate(2, "輸出規制")
    assert ranked([old, new], [Word("輸出")], NOW) == [2, 1]
    passing = a_candidate(3, "会見", "輸出" + "ほかの話" * 50)
    assert ranked([old, passing], [Word("輸出")], NOW) == [1, 3]


def test_without_words_the_newest_come_first() -> None:
    """There is nothing to weigh."""
    assert ranked([a_candidate(1, days=2), a_candidate(2), a_candidate(3, days=1)], [], NOW) == [2, 3, 1]
    assert ranked([], [Word("export")], NOW) == []


def test_freshness_falls_to_a_half() -> None:
    """Never below, and the future is no newer than now."""
    ages = [freshness(NOW - timedelta(days=days), NOW) for days in (-5, 0, 30, 90, 3000)]
    assert ages[0] == ages[1] == 1
    assert sorted(ages, reverse=True) == ages
    assert 0.5 <= ages[-1] < 0.5001
