"""Key dates as they stand: an extension moves one, a repeat changes nothing, the press moves nothing official, nothing is told twice."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from builders import NOW, a_statement
from hypothesis import given
from hypothesis import strategies as st

from monitor.items import DateKind, Tier
from monitor.standing import Ending, Standing, Statement, standing

JUNE, JULY, AUGUST, JANUARY = date(2026, 6, 30), date(2026, 7, 30), date(2026, 8, 31), date(2027, 1, 1)
UNOFFICIAL = [Tier.WIRE, Tier.PRESS, Tier.ANALYSIS]
EXTENSION = "Extension of comment period"


def took_back(moment: datetime | None) -> list[Ending]:
    """The measure is withdrawn from then on; None: never."""
    return [] if moment is None else [Ending(at=moment, until=None, is_whole=True)]


def held(moment: datetime | None) -> list[Ending]:
    """Its effect is suspended from then on; None: never."""
    return [] if moment is None else [Ending(at=moment, until=None, is_whole=False)]


def at(days: int) -> datetime:
    return NOW + timedelta(days=days)


def extended(day: date, *, item: str = "I-2", days: int = 1, **changes: object) -> Statement:
    return a_statement(day, item=item, at=at(days), **{"title": EXTENSION} | changes)


def told(found: tuple[Standing, ...]) -> list[tuple[date, tuple[date, ...]]]:
    """The days that stand, each with those that it was before."""
    return [(each.date, each.was) for each in found]


# set


def test_a_date_stands_as_it_was_stated() -> None:
    """Kind, day, words and where they are from; its uid names item, kind and first day."""
    (found,) = standing([a_statement(JUNE, sentence="Comments close on June 30.", confidence=0.8)])
    assert found == Standing(
        kind=DateKind.COMMENTS_CLOSE,
        date=JUNE,
        sentence="Comments close on June 30.",
        confidence=0.8,
        item="I-1",
        title="Notice",
        source="bis",
        url="https://bis.example/1",
        tier=Tier.OFFICIAL,
        country="US",
        at=NOW,
        since=NOW,
        is_moved=False,
        officials=frozenset({"US"}),
        uid="I-1-comments_close-2026-06-30",
    )
    assert (found.was, found.is_withdrawn, found.sequence) == ((), False, 0)


def test_no_statements_are_no_dates() -> None:
    """An event may have none, withdrawn or not."""
    assert standing([]) == standing([], [*took_back(NOW), *held(NOW)]) == ()


def test_a_repeat_changes_nothing() -> None:
    """The same day of the same kind, told again by anybody no better, leaves the date as it is."""
    first = a_statement(JUNE)
    again = a_statement(JUNE, item="I-2", at=at(1))
    assert standing([first, again]) == standing([first])
    assert standing([first, extended(JUNE)]) == standing([first])


@pytest.mark.parametrize("tier", UNOFFICIAL)
def test_a_better_source_takes_over_the_words_but_not_the_uid(tier: Tier) -> None:
    """The notice is quoted instead of the newspaper, and never the other way round."""
    report, notice = a_statement(JUNE, tier=tier, sentence="They say June."), a_statement(JUNE, item="I-2", sentence="June 30.")
    (found,) = standing([report, notice])
    assert (found.item, found.sentence, found.tier, found.uid) == (
        "I-2",
        "June 30.",
        Tier.OFFICIAL,
        "I-1-comments_close-2026-06-30",
    )
    assert found.sequence == 0
    (found,) = standing([notice, report])
    assert (found.item, found.sentence, found.tier) == ("I-2", "June 30.", Tier.OFFICIAL)


@pytest.mark.parametrize("confidence", [0.5, 0.9])
def test_the_measures_own_government_is_quoted_before_any_other(confidence: float) -> None:
    """Whoever came first, and however sure another ministry's sentence is; the newspaper of its country is no government."""
    korea = a_statement(JUNE, item="I-kr", country="KR", sentence="중국이 6월 30일 시행한다.", confidence=0.9)
    china = a_statement(
        JUNE, item="I-cn", country="CN", sentence="本公告自2026年6月30日起实施。", confidence=confidence, at=at(1)
    )
    press = a_statement(JUNE, item="I-press", country="CN", tier=Tier.PRESS, at=at(-1))
    for order in ([korea, china, press], [china, korea, press], [press, korea, china]):
        (found,) = standing(order, jurisdiction="CN")
        assert (found.item, found.country, found.officials) == ("I-cn", "CN", frozenset({"CN", "KR"}))
        assert found.uid.startswith(f"{order[0].item}-")


def test_of_equals_the_earliest_is_quoted() -> None:
    """By its own time, whichever came first; but not what was said before the day was moved there."""
    late, early = a_statement(JUNE, item="I-2", at=at(2)), a_statement(JUNE, item="I-1", at=at(1))
    assert [each.item for each in (*standing([late, early]), *standing([early, late]))] == ["I-1", "I-1"]
    (found,) = standing([a_statement(JUNE), extended(JULY, days=2), a_statement(JULY, item="I-3", at=at(1))])
    assert (found.item, found.was) == ("I-2", (JUNE,))


def test_dates_stand_in_order_of_day_then_kind() -> None:
    """However they were told."""
    statements = [
        a_statement(AUGUST),
        a_statement(JUNE, DateKind.HEARING),
        a_statement(JUNE, DateKind.EFFECTIVE),
        a_statement(JUNE, DateKind.COMMENTS_CLOSE, item="I-2"),
        a_statement(JULY, DateKind.PUBLISHED),
    ]
    assert [(each.date, each.kind) for each in standing(statements)] == [
        (JUNE, DateKind.COMMENTS_CLOSE),
        (JUNE, DateKind.EFFECTIVE),
        (JUNE, DateKind.HEARING),
        (JULY, DateKind.PUBLISHED),
        (AUGUST, DateKind.COMMENTS_CLOSE),
    ]


# moved


@pytest.mark.parametrize(
    ("kind", "changes"),
    [
        (DateKind.COMMENTS_CLOSE, {"title": "Extension of Comment Period on Gallium"}),
        (DateKind.COMMENTS_CLOSE, {"title": "Gallium", "step": "Proposed rule; extension of comment period"}),
        (DateKind.COMMENTS_CLOSE, {"title": "Gallium", "sentence": "The deadline has been extended to July 30, 2026."}),
        (DateKind.EFFECTIVE, {"title": "Gallium rule; delay of effective date"}),
        (DateKind.EFFECTIVE, {"title": "Gallium rule; correction"}),
        (DateKind.HEARING, {"title": "Hearing on gallium postponed"}),
        (DateKind.HEARING, {"title": "Hearing on gallium is rescheduled"}),
        (DateKind.COMMENTS_CLOSE, {"title": "ガリウムに関する意見募集の期間延長"}),
        (DateKind.COMMENTS_CLOSE, {"title": "ガリウム", "sentence": "意見の提出期限を7月30日まで延長する。"}),
        (DateKind.EFFECTIVE, {"title": "改正外為令の施行期日を延期"}),
        (DateKind.EFFECTIVE, {"title": "改正外為令の施行日の繰り下げについて"}),
        (DateKind.EFFECTIVE, {"title": "官報の正誤", "sentence": "施行日を令和8年7月30日に訂正する。"}),
        (DateKind.COMMENTS_CLOSE, {"title": "关于延长征求意见期限的公告"}),
        (DateKind.EFFECTIVE, {"title": "关于推迟施行出口管制措施的公告"}),
        (DateKind.EFFECTIVE, {"title": "公告", "sentence": "施行日期调整为2026年7月30日。"}),
        (DateKind.COMMENTS_CLOSE, {"title": "征求意见截止日期延至7月30日"}),
        (DateKind.COMMENTS_CLOSE, {"title": "預告期間展延至7月30日"}),
        (DateKind.EFFECTIVE, {"title": "施行日期延後"}),
        (DateKind.COMMENTS_CLOSE, {"title": "흑연 수출 고시 의견 제출 기한 연장"}),
        (DateKind.EFFECTIVE, {"title": "개정 고시 시행 연기"}),
    ],
    ids=lambda value: next(iter(value.values())) if isinstance(value, dict) else None,
)
def test_an_extension_moves_a_date_and_keeps_its_uid(kind: DateKind, changes: dict[str, str]) -> None:
    """In title, structured step or sentence, in each language; the new words and item stand, the old day is kept."""
    before = a_statement(JUNE, kind)
    (found,) = standing([before, a_statement(JULY, kind, item="I-2", at=at(1), **changes)])
    assert (found.date, found.was, found.sequence) == (JULY, (JUNE,), 2)
    assert found.uid == standing([before])[0].uid
    assert (found.item, found.title, found.at) == ("I-2", changes["title"], at(1))


def test_a_date_can_be_brought_forward() -> None:
    """A move is a move in either direction."""
    (found,) = standing([a_statement(JULY), extended(JUNE, title="意見募集期間の繰り上げ")])
    assert (found.date, found.was) == (JUNE, (JULY,))


def test_the_sequence_rises_with_each_move() -> None:
    """Three moves, the last of them back to the first day: three changes (RFC 5545, section 3.8.7.4)."""
    days = [JUNE, JULY, AUGUST, JUNE]
    statements = [a_statement(JUNE)] + [
        extended(day, item=f"I-{place}", days=place) for place, day in enumerate(days[1:], start=2)
    ]
    found = [standing(statements[:count]) for count in range(1, 5)]
    assert [len(each) for each in found] == [1, 1, 1, 1]
    assert [each[0].date for each in found] == days
    assert [each[0].sequence for each in found] == [0, 2, 4, 6]
    assert found[-1][0].was == (JUNE, JULY, AUGUST)
    assert len({each[0].uid for each in found}) == 1


def test_a_move_told_twice_moves_once() -> None:
    """Two notices of one extension are one change."""
    assert told(standing([a_statement(JUNE), extended(JULY), extended(JULY, item="I-3", days=2)])) == [(JULY, (JUNE,))]


def test_a_date_moves_only_one_of_its_kind() -> None:
    """An extension of the comment period does not move the date of effect."""
    found = standing([a_statement(JUNE, DateKind.EFFECTIVE), a_statement(JUNE), extended(JULY)])
    assert [(each.kind, each.date) for each in found] == [(DateKind.EFFECTIVE, JUNE), (DateKind.COMMENTS_CLOSE, JULY)]


def test_a_notice_that_names_both_days_moves_from_one_to_the_other() -> None:
    """ "From June 30 to July 30" is one date, even if nobody told of it before."""
    both = [extended(day, item="I-1", sentence="The deadline of June 30 is extended to July 30.") for day in (JUNE, JULY)]
    assert told(standing(both)) == [(JULY, (JUNE,))]
    assert told(standing([a_statement(JUNE, item="I-0", at=at(0)), *both])) == [(JULY, (JUNE,))]


def test_a_later_day_without_a_word_of_moving_is_a_date_of_its_own() -> None:
    """A second round of comments leaves the first where it was."""
    assert told(standing([a_statement(JUNE), a_statement(JULY, item="I-2", at=at(1))])) == [(JUNE, ()), (JULY, ())]


@pytest.mark.parametrize("tier", UNOFFICIAL)
def test_the_press_does_not_move_an_official_date(tier: Tier) -> None:
    """What it claims stands beside it, under its own name."""
    found = standing([a_statement(JUNE), extended(JULY, tier=tier)])
    assert told(found) == [(JUNE, ()), (JULY, ())]
    assert [(each.tier, each.sequence) for each in found] == [(Tier.OFFICIAL, 0), (tier, 0)]


@pytest.mark.parametrize("tier", UNOFFICIAL)
def test_an_official_move_that_the_press_told_first_still_moves_the_date(tier: Tier) -> None:
    """Once the notice says so, the old day stands no longer, whoever was quicker."""
    found = standing([a_statement(JUNE), extended(JULY, tier=tier), extended(JULY, item="I-3", days=2)])
    assert [each.date for each in found if not each.is_withdrawn] == [JULY]
    moved = next(each for each in found if each.uid == "I-1-comments_close-2026-06-30")
    assert (moved.date, moved.was, moved.tier) == (JULY, (JUNE,), Tier.OFFICIAL)


@pytest.mark.parametrize("tier", UNOFFICIAL)
def test_the_press_moves_what_it_stated_itself_and_an_official_source_moves_both(tier: Tier) -> None:
    """Any source corrects the unofficial."""
    assert told(standing([a_statement(JUNE, tier=tier), extended(JULY, tier=tier)])) == [(JULY, (JUNE,))]
    assert told(standing([a_statement(JUNE, tier=tier), extended(JULY)])) == [(JULY, (JUNE,))]


def test_of_several_dates_the_last_before_the_new_day_is_moved() -> None:
    """Dates are mostly put off; the nearest earlier one is meant."""
    phases = [a_statement(day, DateKind.EFFECTIVE) for day in (JUNE, AUGUST, JANUARY)]
    put_off = a_statement(date(2026, 10, 1), DateKind.EFFECTIVE, item="I-2", at=at(1), title="Second phase postponed")
    assert told(standing([*phases, put_off])) == [(JUNE, ()), (date(2026, 10, 1), (AUGUST,)), (JANUARY, ())]


# told late


def test_the_old_day_told_late_is_history() -> None:
    """After a move the day that it moved from is no second date, told late by an old item or quoted by a new one."""
    moved = [a_statement(JUNE), extended(JULY, days=5)]
    assert standing([*moved, a_statement(JUNE, item="I-3", at=at(1))]) == standing(moved)
    assert standing([*moved, a_statement(JUNE, item="I-3", at=at(9))]) == standing(moved)


def test_an_even_older_day_told_late_goes_to_the_beginning() -> None:
    """Where the date came from before we knew of it."""
    moved = [a_statement(JULY, at=at(3)), extended(AUGUST, days=5)]
    (found,) = standing([*moved, a_statement(JUNE, item="I-3", at=at(1))])
    assert (found.date, found.was, found.uid) == (AUGUST, (JUNE, JULY), "I-1-comments_close-2026-07-30")


def test_the_first_day_told_after_its_extension_is_history() -> None:
    """A source that is read late, or a backfill, brings the first notice after the extension: still one date."""
    extension, notice = extended(JULY, days=5), a_statement(JUNE, at=at(1))
    assert told(standing([extension, notice])) == [(JULY, (JUNE,))]


def test_an_old_move_told_late_moves_nothing_back() -> None:
    """A later extension stands against an earlier one that arrives after it."""
    found = standing([a_statement(JUNE), extended(AUGUST, days=5), extended(JULY, item="I-3", days=3)])
    assert [each.date for each in found if each.uid == "I-1-comments_close-2026-06-30"] == [AUGUST]


# phases


def test_phased_dates_of_effect_stand_side_by_side() -> None:
    """A measure that applies in steps has a date for each, in one item or in several."""
    days = [JUNE, AUGUST, JANUARY]
    together = [a_statement(day, DateKind.EFFECTIVE) for day in days]
    apart = [a_statement(day, DateKind.EFFECTIVE, item=f"I-{place}", at=at(place)) for place, day in enumerate(days)]
    assert told(standing(together)) == told(standing(apart)) == [(day, ()) for day in days]
    assert told(standing([a_statement(JUNE, DateKind.APPLIES_FROM), *together])) == [(JUNE, ()), *((day, ()) for day in days)]


def test_a_title_that_extends_a_measures_reach_moves_none_of_its_dates() -> None:
    """Export controls that are extended to subsidiaries in two phases have two dates of effect."""
    title = "Extension of Export Controls to Subsidiaries"
    phases = [
        a_statement(JULY, DateKind.EFFECTIVE, title=title, sentence="This rule is effective July 30, 2026."),
        a_statement(JANUARY, DateKind.EFFECTIVE, title=title, sentence="Section 744.11 is effective January 1, 2027."),
    ]
    assert told(standing(phases)) == [(JULY, ()), (JANUARY, ())]


def test_a_postponement_of_all_phases_moves_each() -> None:
    """Two dates put off in one notice are two moves."""
    phases = [a_statement(day, DateKind.EFFECTIVE) for day in (JUNE, JANUARY)]
    new = [
        a_statement(day, DateKind.EFFECTIVE, item="I-2", at=at(1), title="Application postponed")
        for day in (AUGUST, date(2027, 3, 1))
    ]
    assert told(standing([*phases, *new])) == [(AUGUST, (JUNE,)), (date(2027, 3, 1), (JANUARY,))]


# taken back


def test_a_withdrawn_measures_dates_ahead_no_longer_stand() -> None:
    """Those of any kind from the day on; those past are history as they were."""
    withdrawn = datetime(2026, 7, 30, 12, tzinfo=NOW.tzinfo)
    statements = [
        a_statement(day, kind) for day in (JUNE, JULY, AUGUST) for kind in (DateKind.COMMENTS_CLOSE, DateKind.EFFECTIVE)
    ]
    found = standing(statements, took_back(withdrawn))
    assert [(each.date, each.is_withdrawn) for each in found] == [
        (day, day >= JULY) for day in (JUNE, JUNE, JULY, JULY, AUGUST, AUGUST)
    ]
    assert [each.sequence for each in found] == [0, 0, 1, 1, 1, 1]
    assert [each.uid for each in found] == [each.uid for each in standing(statements)]


def test_a_suspended_measures_dates_of_effect_no_longer_stand() -> None:
    """Of effect and application alone, ahead alone, and only as stated before."""
    statements = [
        a_statement(JUNE, DateKind.EFFECTIVE),
        a_statement(JULY, DateKind.COMMENTS_CLOSE),
        a_statement(JULY, DateKind.HEARING),
        a_statement(AUGUST, DateKind.EFFECTIVE),
        a_statement(AUGUST, DateKind.APPLIES_FROM),
    ]
    found = standing(statements, held(datetime(2026, 7, 1, tzinfo=NOW.tzinfo)))
    assert {(each.kind, each.date) for each in found if each.is_withdrawn} == {
        (DateKind.EFFECTIVE, AUGUST),
        (DateKind.APPLIES_FROM, AUGUST),
    }


def test_a_date_of_effect_stated_with_or_after_the_stay_stands() -> None:
    """The stay names the day until which it lasts."""
    stay = a_statement(AUGUST, DateKind.EFFECTIVE, item="I-2", at=at(1), title="Delay of effective date")
    (found,) = standing([a_statement(JULY, DateKind.EFFECTIVE), stay], held(at(1)))
    assert (found.date, found.was, found.is_withdrawn) == (AUGUST, (JULY,), False)


def test_a_new_day_after_a_stay_raises_the_sequence_again() -> None:
    """What a calendar was told was cancelled must be told as newer when it stands once more."""
    notice = a_statement(JULY, DateKind.EFFECTIVE)
    (cancelled,) = standing([notice], held(at(1)))
    later = a_statement(AUGUST, DateKind.EFFECTIVE, item="I-2", at=at(9), title="Delay of effective date")
    (again,) = standing([notice, later], held(at(1)))
    assert (cancelled.is_withdrawn, again.is_withdrawn, again.date) == (True, False, AUGUST)
    assert again.uid == cancelled.uid
    assert again.sequence > cancelled.sequence


# always


@st.composite
def any_statements(draw: st.DrawFn) -> list[Statement]:
    """Items in the order of arrival, at any time, official or not, moving or not, each with some dates, no date twice."""
    found = []
    for place in range(draw(st.integers(0, 8))):
        days = draw(
            st.sets(
                st.tuples(
                    st.sampled_from([JUNE, JULY, AUGUST, JANUARY]), st.sampled_from([DateKind.EFFECTIVE, DateKind.HEARING])
                ),
                max_size=3,
            )
        )
        base = {
            "item": f"I-{place}",
            "at": at(draw(st.integers(0, 6))),
            "tier": draw(st.sampled_from([Tier.OFFICIAL, Tier.PRESS])),
            "title": draw(st.sampled_from(["Notice", EXTENSION, "延期", "推迟"])),
        }
        found += [a_statement(day, kind, **base) for day, kind in sorted(days)]
    return found


@given(any_statements(), st.none() | st.integers(0, 300).map(at), st.none() | st.integers(0, 300).map(at))
def test_uids_are_unique(statements: list[Statement], withdrawn: datetime | None, suspended: datetime | None) -> None:
    """No two dates share a calendar entry, and no stay or withdrawal renames one."""
    found = standing(statements, [*took_back(withdrawn), *held(suspended)])
    assert len({each.uid for each in found}) == len(found)
    assert {each.uid for each in found} == {each.uid for each in standing(statements)}
    assert [each.date for each in found] == sorted(each.date for each in found)


@given(any_statements(), st.data())
def test_uids_are_stable_when_more_is_told(statements: list[Statement], data: st.DataObject) -> None:
    """A calendar entry never disappears under a reader, keeps its kind, and its sequence never falls."""
    count = data.draw(st.integers(0, len(statements)))
    before, after = standing(statements[:count]), {each.uid: each for each in standing(statements)}
    assert {each.uid for each in before} <= set(after)
    assert all(after[each.uid].kind is each.kind for each in before)
    assert all(after[each.uid].sequence >= each.sequence for each in before)
    assert all(after[each.uid].sequence > each.sequence for each in before if after[each.uid].date != each.date)


@given(any_statements())
def test_telling_everything_again_changes_nothing(statements: list[Statement]) -> None:
    """Every day that was ever stated is still there, as it stands or as history, and a second telling adds none."""
    found = standing(statements)
    known = {(each.kind, day) for each in found for day in (each.date, *each.was)}
    assert {(each.date.kind, each.date.date) for each in statements} == known
    quiet = [a_statement(day, kind, item="I-9", at=at(9), tier=Tier.ANALYSIS) for kind, day in sorted(known)]
    assert standing([*statements, *quiet]) == found


def test_another_countrys_official_moves_no_date() -> None:
    """METI puts off a rule of its own in an event about China's: China's day stands, and METI's stands beside it."""
    notice = a_statement(JULY, DateKind.EFFECTIVE, country="CN")
    other = a_statement(AUGUST, DateKind.EFFECTIVE, item="I-2", country="JP", at=at(1), title="日本の規則の施行日を延期")
    assert told(standing([notice, other])) == [(JULY, ()), (AUGUST, ())]


def test_a_day_of_effect_that_has_passed_is_moved_by_nobody() -> None:
    """A correction made months later has its own day; the rule took effect when it did."""
    rule = a_statement(JUNE, DateKind.EFFECTIVE)
    late = a_statement(JANUARY, DateKind.EFFECTIVE, item="I-2", at=at(200), title="Gallium rule; correction")
    assert told(standing([rule, late])) == [(JUNE, ()), (JANUARY, ())]
