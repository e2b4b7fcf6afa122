"""What comes next: the day of effect puts a final measure in force, and the usual next step has a day on which it is due."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from builders import NOW, a_standing, a_transition

from monitor.items import DateKind
from monitor.stage import expected, put_in_force
from monitor.steps import MACHINES

# the day of effect comes


@pytest.mark.parametrize(
    ("of", "final", "in_force"),
    [
        ("US", "final rule", "effective"),
        ("US", "interim final rule", "effective"),
        ("US", "on public inspection", "effective"),
        ("JP", "公布", "施行"),
        ("EU", "Official Journal", "entry into force"),
        ("CN", "公告", "施行"),
        ("GB", "made", "in force"),
        ("KR", "공포", "시행"),
        ("TW", "公告", "施行"),
    ],
)
def test_a_date_of_effect_that_comes_puts_a_final_measure_in_force(of: str, final: str, in_force: str) -> None:
    """From that day on, not a day before, without an item, with the sentence that states it."""
    reached = (a_transition(final, of),)
    dates = (a_standing(kind=DateKind.EFFECTIVE, date=date(2026, 6, 1), sentence="Effective June 1."),)
    assert put_in_force(reached, dates, date(2026, 5, 31)) == reached
    (*before, last) = put_in_force(reached, dates, date(2026, 6, 1))
    assert tuple(before) == reached
    assert last == a_transition(in_force, of, at=datetime(2026, 6, 1, tzinfo=UTC), item=None, sentence="Effective June 1.")


def test_a_measure_comes_into_force_once_on_the_first_of_its_dates() -> None:
    """Phases that follow add no step, and a way that has it gets no second."""
    reached = (a_transition("final rule"),)
    dates = [a_standing(kind=DateKind.EFFECTIVE, date=date(2026, month, 1)) for month in (8, 6, 7)]
    found = put_in_force(reached, dates, date(2026, 12, 31))
    assert [each.at.date() for each in found] == [NOW.date(), date(2026, 6, 1)]
    assert put_in_force(found, dates, date(2026, 12, 31)) == found


@pytest.mark.parametrize("step", ["ANPRM", "NPRM", "effective", "vacated", "withdrawn", None])
def test_a_date_of_effect_puts_only_a_final_measure_in_force(step: str | None) -> None:
    """A draft and one that was taken back stay what they are; so does an event without items."""
    reached = (a_transition(step),)
    dates = (a_standing(kind=DateKind.EFFECTIVE, date=date(2026, 6, 1)),)
    assert put_in_force(reached, dates, date(2026, 12, 31)) == reached
    assert put_in_force((), dates, date(2026, 12, 31)) == ()


@pytest.mark.parametrize(
    ("kind", "day"),
    [
        (DateKind.COMMENTS_CLOSE, date(2026, 6, 1)),
        (DateKind.APPLIES_FROM, date(2026, 6, 1)),
        (DateKind.EFFECTIVE, NOW.date() - timedelta(days=1)),
    ],
)
def test_no_other_date_puts_a_measure_in_force(kind: DateKind, day: date) -> None:
    """Neither one of another kind nor one from before the measure was final."""
    reached = (a_transition("final rule"),)
    assert put_in_force(reached, (a_standing(kind=kind, date=day),), date(2026, 12, 31)) == reached


# the step that usually follows

MAY = NOW.date()
JUNE, JULY = date(2026, 6, 30), date(2026, 7, 30)


@pytest.mark.parametrize(
    ("of", "step", "dates", "following", "due"),
    [
        ("US", "ANPRM", ((DateKind.COMMENTS_CLOSE, JUNE),), "NPRM", JUNE + timedelta(days=365)),
        (
            "US",
            "NPRM",
            ((DateKind.COMMENTS_CLOSE, JUNE), (DateKind.COMMENTS_CLOSE, JULY)),
            "final rule",
            JULY + timedelta(days=365),
        ),
        ("US", "NPRM", (), "final rule", MAY + timedelta(days=365)),
        ("US", "on public inspection", ((DateKind.PUBLISHED, date(2026, 5, 5)),), "final rule", date(2026, 5, 5)),
        ("US", "on public inspection", (), "final rule", MAY + timedelta(days=4)),
        ("US", "final rule", ((DateKind.EFFECTIVE, JULY), (DateKind.EFFECTIVE, JUNE)), "effective", JUNE),
        ("US", "final rule", (), "effective", MAY + timedelta(days=30)),
        ("US", "interim final rule", (), "effective", None),
        ("US", "stayed", ((DateKind.EFFECTIVE, JUNE), (DateKind.EFFECTIVE, JULY)), "effective", JULY),
        ("US", "stayed", (), "effective", None),
        ("JP", "意見公募", ((DateKind.COMMENTS_CLOSE, JUNE),), "公布", JUNE + timedelta(days=120)),
        ("JP", "成立", (), "公布", MAY + timedelta(days=30)),
        ("JP", "公布", ((DateKind.EFFECTIVE, JULY),), "施行", JULY),
        ("JP", "公布", (), "施行", MAY + timedelta(days=20)),
        ("EU", "call for evidence", ((DateKind.COMMENTS_CLOSE, JUNE),), "proposal", JUNE + timedelta(days=365)),
        ("EU", "adoption", (), "Official Journal", MAY + timedelta(days=75)),
        ("EU", "Official Journal", (), "entry into force", MAY + timedelta(days=20)),
        ("CN", "征求意见", ((DateKind.COMMENTS_CLOSE, JUNE),), "公告", JUNE + timedelta(days=180)),
        ("CN", "公告", (), "施行", MAY + timedelta(days=30)),
        ("CN", "公告", ((DateKind.EFFECTIVE, MAY),), "施行", MAY),
        ("KR", "입법예고", ((DateKind.COMMENTS_CLOSE, JUNE),), "공포", JUNE + timedelta(days=180)),
        ("KR", "국무회의", (), "공포", MAY + timedelta(days=15)),
        ("KR", "공포", (), "시행", MAY + timedelta(days=20)),
        ("TW", "預告", ((DateKind.COMMENTS_CLOSE, JUNE),), "公告", JUNE + timedelta(days=180)),
        ("TW", "公告", (), "施行", MAY + timedelta(days=3)),
        ("GB", "laid", (), "made", MAY + timedelta(days=60)),
        ("GB", "made", (), "in force", MAY + timedelta(days=21)),
    ],
)
def test_the_step_that_usually_comes_next_has_its_day(
    of: str, step: str, dates: tuple[tuple[DateKind, date], ...], following: str, due: date | None
) -> None:
    """A stated day decides, comments that close count from their last day, else the span of the machine; None: nobody can say."""
    found = expected([a_transition(step, of)], [a_standing(kind=kind, date=day) for kind, day in dates], MAY)
    assert found is not None
    assert (found.step, found.due, found.is_overdue) == (following, due, False)
    assert found.basis == next(each.basis for each in MACHINES[of] if each.name == step)


@pytest.mark.parametrize(("today", "is_overdue"), [(JUNE, False), (JUNE + timedelta(days=1), True)])
def test_a_step_is_overdue_from_the_day_after_it_was_due(today: date, is_overdue: bool) -> None:
    """On the day itself it may still come."""
    found = expected([a_transition("final rule")], [a_standing(kind=DateKind.EFFECTIVE, date=JUNE)], today)
    assert found is not None
    assert (found.due, found.is_overdue) == (JUNE, is_overdue)


def test_a_step_without_a_day_is_never_overdue() -> None:
    """Where nobody can say when, nobody is late."""
    found = expected([a_transition("interim final rule")], [], date(2099, 1, 1))
    assert found is not None
    assert (found.due, found.is_overdue) == (None, False)


def test_a_day_from_before_the_last_step_is_no_day_of_the_next() -> None:
    """Comments that closed before the rule was proposed again count for nothing."""
    stands = [a_standing(date=MAY - timedelta(days=1)), a_standing(kind=DateKind.HEARING, date=JULY)]
    found = expected([a_transition("NPRM")], stands, MAY)
    assert found is not None
    assert found.due == MAY + timedelta(days=365)


@pytest.mark.parametrize(
    ("of", "step"),
    [("US", "effective"), ("US", "withdrawn"), ("JP", "施行"), ("CN", "废止"), ("KR", "시행"), ("GB", "revoked"), ("TW", "施行")],
)
def test_a_way_that_has_ended_expects_nothing(of: str, step: str) -> None:
    """Nor does one on which nobody official has taken a step."""
    assert expected([a_transition(step, of)], [a_standing(kind=DateKind.EFFECTIVE, date=JULY)], MAY) is None
    assert expected([a_transition(None)], [], MAY) is None
    assert expected([], [], MAY) is None
