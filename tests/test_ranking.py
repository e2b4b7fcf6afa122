"""What is best of some matches."""

from __future__ import annotations

from datetime import timedelta

from builders import NOW
from costs import calls

from monitor.query import And, Or, Word, parse
from monitor.ranking import Candidate, freshness, ranked


def a_candidate(key: int, title: str = "News", rest: str = "", *, days: float = 0) -> Candidate:
    return Candidate(key=key, title=title, rest=rest, moment=NOW - timedelta(days=days))


def test_the_title_says_more_than_the_rest() -> None:
    """Also where the rest says it twice."""
    found = ranked(
        [a_candidate(1, rest="gallium, gallium"), a_candidate(2, "Gallium rule", "of the week")], parse("gallium"), NOW
    )
    assert found == [2, 1]


def test_the_rarer_word_says_more() -> None:
    """Of a query whose words need not all be there."""
    batch = [a_candidate(each, "export rule") for each in range(1, 9)] + [a_candidate(9, "gallium rule", days=1)]
    assert ranked(batch, parse("export OR gallium"), NOW)[0] == 9


def test_what_is_new_comes_before_what_is_old_and_alike() -> None:
    """And much more of the word outweighs age."""
    old, new = a_candidate(1, "輸出規制", days=400), a_candidate(2, "輸出規制")
    assert ranked([old, new], parse("輸出"), NOW) == [2, 1]
    passing = a_candidate(3, "会見", "輸出" + "ほかの話" * 50)
    assert ranked([old, passing], parse("輸出"), NOW) == [1, 3]


def test_words_for_one_thing_are_one_word() -> None:
    """Else what is rare among the matches, the word of another language, would come before what was typed."""
    english = [a_candidate(each, "Graphite licences", days=each) for each in range(1, 9)]
    korean = a_candidate(9, "흑연 수출 허가제", days=9)
    meant = Or((Word("graphite"), Word("흑연")), is_one_thing=True)
    assert ranked([korean, *english], meant, NOW) == [*range(1, 10)]
    assert ranked([korean, *english], Or(meant.nodes), NOW)[0] == 9


def test_a_term_of_several_words_is_there_as_often_as_its_rarest() -> None:
    """ "Export control" is not said twice by a text that says export twice."""
    once, exports = (
        a_candidate(1, rest="export control, and control", days=1),
        a_candidate(2, rest="export, exports, imports...."),
    )
    meant = Or((And((Word("export"), Word("control"))), Word("輸出管理")), is_one_thing=True)
    assert ranked([once, exports], meant, NOW) == [1, 2]


def test_a_query_of_many_words_costs_as_much_a_word_as_one_of_few() -> None:
    """1,031 words, which a query of 10,000 characters may have: twice as many cost about twice as much, and no more."""
    batch = [a_candidate(each, "China graphite export rule", "of the week") for each in range(3)]
    trees = [Or(tuple(Word(f"rule{n}") for n in range(many))) for many in (515, 1031)]
    costs = [
        (calls(lambda tree=tree: ranked(batch, tree, NOW)), calls(lambda tree=tree: ranked(batch, tree, NOW))) for tree in trees
    ]
    (_, few), (first, many) = costs
    assert many < 2.1 * few
    assert first < 10 * many


def test_a_text_is_as_long_as_what_it_says() -> None:
    """Three letters are about a Chinese character: a short notice in English is no longer than the same in Chinese."""
    chinese = a_candidate(1, "石墨", "出口许可制度将于十二月一日施行并适用于全部出口商")
    english = a_candidate(2, "graphite", "Licensing starts on 1 December and covers every exporter")
    meant = Or((Word("graphite"), Word("石墨")), is_one_thing=True)
    assert ranked([chinese, english], meant, NOW) == [2, 1]


def test_without_words_the_newest_come_first() -> None:
    """There is nothing to weigh."""
    assert ranked([a_candidate(1, days=2), a_candidate(2), a_candidate(3, days=1)], parse("lang:en -export"), NOW) == [2, 3, 1]
    assert ranked([], parse("export"), NOW) == []


def test_freshness_falls_to_a_half() -> None:
    """Never below, and the future is no newer than now."""
    ages = [freshness(NOW - timedelta(days=days), NOW) for days in (-5, 0, 30, 90, 3000)]
    assert ages[0] == ages[1] == 1
    assert sorted(ages, reverse=True) == ages
    assert 0.5 <= ages[-1] < 0.5001
