"""The queue for analysts: items in doubt, and not the same doubt twice."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from monitor.choose import Candidate, most_informative

TITLES = st.sampled_from(
    ["Chip licence refused", "Chip licence refused again", "Cable cut off Gotland", "海底ケーブル切断", "レアアース備蓄"]
)
CANDIDATES = st.lists(
    st.builds(
        Candidate,
        item=st.sampled_from("abcdefgh"),
        event=st.one_of(st.none(), st.sampled_from(["E-1", "E-2"])),
        title=TITLES,
        theme=st.sampled_from(["t", "u"]),
        score=st.floats(0, 1),
        threshold=st.floats(0.05, 0.95),
    ),
    max_size=12,
)


def candidate(item: str, score: float, title: str = "x", event: str | None = None, theme: str = "t") -> Candidate:
    return Candidate(item=item, event=event, title=title, theme=theme, score=score, threshold=0.6)


def test_the_item_at_the_threshold_is_asked_about_first() -> None:
    """A score that is certain teaches nothing, on either side."""
    found = most_informative([candidate("a", 0.99), candidate("b", 0.61, "y"), candidate("c", 0.001, "z")], 3)
    assert [each.item for each in found] == ["b", "a", "c"]
    assert found[0].doubt > 0.95


def test_items_of_one_event_or_of_like_words_are_not_asked_about_in_a_row() -> None:
    """Another doubt comes before a twin."""
    found = most_informative(
        [
            candidate("a", 0.60, "Licence for chips refused", "E-1"),
            candidate("b", 0.59, "半導体の輸出許可を拒否", "E-1"),
            candidate("c", 0.58, "Licence for chips refused again", "E-2"),
            candidate("d", 0.45, "Cable cut off Gotland", "E-3"),
        ],
        4,
    )
    assert [each.item for each in found[:2]] == ["a", "d"]


@given(CANDIDATES, st.integers(0, 15))
def test_each_item_comes_once_and_the_best_first(candidates: list[Candidate], count: int) -> None:
    """As many as asked for, if there are; the first is in most doubt; the same input gives the same queue."""
    found = most_informative(candidates, count)
    items = {each.item for each in candidates}
    assert len(found) == len({each.item for each in found}) == min(count, len(items))
    if found:
        assert found[0].doubt == max(each.doubt for each in candidates)
    assert found == most_informative(candidates, count)
