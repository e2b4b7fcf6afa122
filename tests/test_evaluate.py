"""The figures of a classifier, recounted by hand."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.evaluate import Figures, Judgement, best_threshold, figures

THEMES = ("export_control", "critical_minerals")
X, M = THEMES


def judged(labels: str = "", given: str = "", lang: str = "en", *, is_near_miss: bool = False, **scores: float) -> Judgement:
    """A judgement; labels and given are letters: x for export control, m for critical minerals."""
    names = {"x": X, "m": M}
    return Judgement(
        labels=frozenset(names[each] for each in labels),
        given=frozenset(names[each] for each in given),
        scores={names[each]: score for each, score in scores.items()},
        lang=lang,
        is_near_miss=is_near_miss,
    )


def test_precision_recall_and_f1_are_counted_a_theme() -> None:
    """Two hits, one false alarm and two misses of a theme; macro F1 is the plain mean of the themes."""
    seen = figures([judged("x", "x"), judged("x", "xm"), judged("", "x"), judged("x"), judged("xm", "m")], THEMES)
    assert seen.items == 5
    assert seen.precision == {X: pytest.approx(2 / 3), M: pytest.approx(1 / 2)}
    assert seen.recall == {X: pytest.approx(2 / 4), M: pytest.approx(1)}
    assert seen.f1 == {X: pytest.approx(4 / 7), M: pytest.approx(2 / 3)}
    assert seen.macro_f1 == pytest.approx((4 / 7 + 2 / 3) / 2)


def test_micro_f1_pools_the_themes_of_each_language() -> None:
    """Japanese errors do not touch the Chinese figure."""
    seen = figures([judged("xm", "x", "ja"), judged("", "m", "ja"), judged("x", "x", "zh"), judged("", "", "ko")], THEMES)
    assert seen.micro_f1 == {"ja": pytest.approx(2 / 4), "ko": 0, "zh": 1}


def test_false_alarms_are_shares_of_unlabelled_items() -> None:
    """Near misses and plain items are counted apart; a labelled item is neither, even when it is marked."""
    items = [
        judged("", "x", is_near_miss=True),
        judged("", "", is_near_miss=True),
        judged("", "", is_near_miss=True),
        judged("", "xm", is_near_miss=True),
        judged("", "m"),
        judged(),
        judged(),
        judged("x", "m", is_near_miss=True),
    ]
    seen = figures(items, THEMES)
    assert (seen.near_miss_alarms, seen.plain_alarms) == (pytest.approx(2 / 4), pytest.approx(1 / 3))


def test_an_item_of_two_themes_is_found_when_both_are_given() -> None:
    """One of two is not enough, one too many does no harm, and items of one theme do not count."""
    items = [judged("xm", "xm"), judged("xm", "x"), judged("xm"), judged("x", "x")]
    assert figures(items, THEMES).two_themes_found == pytest.approx(1 / 3)
    assert figures([judged("m", "xm")], THEMES).two_themes_found == 0


def test_calibration_error_is_the_weighted_gap_of_ten_bins() -> None:
    """Bins of a tenth over all themes; a theme without a score counts as zero."""
    items = [judged("x", x=0.95), judged("", x=0.91), judged("x", x=1.0), judged("m", x=0.25)]
    # x: bin 0.9-1.0 has a mean of 2.86 / 3 and a rate of 2 / 3, bin 0.2-0.3 a mean of 0.25 and a rate of 0; m: mean 0, rate 1 / 4
    expected = 3 / 8 * (2.86 / 3 - 2 / 3) + 1 / 8 * 0.25 + 4 / 8 * (1 / 4)
    assert figures(items, THEMES).calibration_error == pytest.approx(expected)


def test_a_calibrated_classifier_has_no_calibration_error() -> None:
    """Half of the items that score 0.5 are labelled."""
    assert figures([judged("x", x=0.5), judged("", x=0.5)], (X,)).calibration_error == 0


def test_nothing_to_count_is_zero() -> None:
    """No item and no theme is no division by zero."""
    empty = figures([], ())
    assert (empty.items, empty.macro_f1, empty.micro_f1, empty.calibration_error, empty.plain_alarms) == (0, 0, {}, 0, 0)
    assert figures([], THEMES).f1 == {X: 0, M: 0}


letters = st.sets(st.sampled_from("xm")).map("".join)
judgements = st.builds(
    judged,
    letters,
    letters,
    st.sampled_from(("en", "ja", "zh", "ko")),
    is_near_miss=st.booleans(),
    x=st.floats(0, 1),
    m=st.floats(0, 1),
)


def shares(seen: Figures) -> list[float]:
    by_theme = [*seen.precision.values(), *seen.recall.values(), *seen.f1.values(), *seen.micro_f1.values()]
    return [*by_theme, seen.macro_f1, seen.near_miss_alarms, seen.plain_alarms, seen.two_themes_found, seen.calibration_error]


@given(st.lists(judgements, max_size=12))
@settings(max_examples=100, deadline=None)
def test_all_shares_are_between_nought_and_one_in_any_order(items: list[Judgement]) -> None:
    """Figures are bounded and do not depend on the order of the items."""
    seen = figures(items, THEMES)
    assert all(0 <= each <= 1 + 1e-9 for each in shares(seen))
    assert shares(figures(items[::-1], THEMES)) == pytest.approx(shares(seen))


@given(st.lists(letters, max_size=8))
@settings(deadline=None)
def test_what_is_given_as_labelled_is_right(labels: list[str]) -> None:
    """A classifier that repeats the labels has no error in any theme that occurs."""
    seen = figures([judged(each, each, x=float("x" in each), m=float("m" in each)) for each in labels], THEMES)
    assert seen.f1 == {X: float("x" in "".join(labels)), M: float("m" in "".join(labels))}
    assert seen.plain_alarms == seen.calibration_error == 0


@pytest.mark.parametrize(
    ("pairs", "precision", "threshold"),
    [
        ([(0.9, True), (0.8, True), (0.7, False), (0.6, True), (0.2, False)], 0.75, 0.6),  # 3 of 4, all found
        ([(0.9, True), (0.8, True), (0.7, False), (0.6, True), (0.2, False)], 0.9, 0.8),  # 2 of 2
        ([(0.9, False), (0.8, True), (0.7, True)], 0.9, 0.7),  # none reaches it: the best F1
        ([(0.8, True), (0.8, False), (0.3, True)], 0.9, 0.3),  # one score cannot be split
        ([(0.2, False), (0.9, True)], 0.5, 0.9),
        ([], 0.9, 0.5),
    ],
)
def test_the_threshold_is_the_best_f1_that_is_precise_enough(
    pairs: list[tuple[float, bool]], precision: float, threshold: float
) -> None:
    """Precision is asked for first, then the best balance; equal scores go together."""
    assert best_threshold(pairs, precision) == threshold


@given(st.lists(st.tuples(st.sampled_from((0.1, 0.3, 0.5, 0.7, 0.9)), st.booleans()), min_size=1, max_size=12), st.floats(0, 1))
@settings(deadline=None)
def test_no_other_score_makes_a_better_threshold(pairs: list[tuple[float, bool]], precision: float) -> None:
    """Trying every score gives none that finds half, is as precise up to what is asked, and has a better F1."""

    def worth(threshold: float) -> tuple[bool, float, float]:
        taken = [is_labelled for score, is_labelled in pairs if score >= threshold]
        positives = sum(is_labelled for _, is_labelled in pairs)
        is_found = sum(taken) >= positives / 2
        return is_found, min(sum(taken) / len(taken), precision), 2 * sum(taken) / (len(taken) + positives)

    chosen = best_threshold(pairs, precision)
    assert chosen in {score for score, _ in pairs}
    assert worth(chosen) == max(worth(score) for score, _ in pairs)
