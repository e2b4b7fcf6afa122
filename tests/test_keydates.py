"""Key dates: cue words decide, years are completed from the day of publication, recitals are silent."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.items import DateKind
from monitor.keydates import MAX_TEXT, find

PUBLISHED = date(2026, 2, 10)
CLOSE, EFFECTIVE, APPLIES = DateKind.COMMENTS_CLOSE, DateKind.EFFECTIVE, DateKind.APPLIES_FROM


def found(text: str, published: date = PUBLISHED) -> list[tuple[DateKind, str]]:
    return [(each.kind, each.date.isoformat()) for each in find(text, published)]


@pytest.mark.parametrize(
    ("text", "kind", "day"),
    [
        ("Comments on the gallium rule must be received no later than March 16, 2026.", CLOSE, "2026-03-16"),
        ("Written submissions are due on 4 May 2026.", CLOSE, "2026-05-04"),
        ("Rebuttal comments may be filed until 2026-07-20.", CLOSE, "2026-07-20"),
        ("Comments must be submitted by 11:59 p.m. ET on June 1, 2026.", CLOSE, "2026-06-01"),
        ("This interim final rule is effective April 15, 2026.", EFFECTIVE, "2026-04-15"),
        ("The cable rules enter into force on 1 December 2025.", EFFECTIVE, "2025-12-01"),
        ("The licence requirement takes effect on Oct. 9, 2026.", EFFECTIVE, "2026-10-09"),
        ("Effective date: 2026-04-01.", EFFECTIVE, "2026-04-01"),
        ("The ban on drone parts applies from 10 November 2026.", APPLIES, "2026-11-10"),
        ("意見募集期間は令和8年3月1日から令和8年3月30日まで。", CLOSE, "2026-03-30"),
        ("意見提出期限　令和８年５月７日　２３時５９分", CLOSE, "2026-05-07"),
        ("2026年6月10日までに意見を提出してください。", CLOSE, "2026-06-10"),
        ("改正政令は令和8年10月1日（木）から施行する。", EFFECTIVE, "2026-10-01"),
        ("施行期日：令和8年5月16日", EFFECTIVE, "2026-05-16"),
        ("新しい基準は令和8年11月10日から適用される。", APPLIES, "2026-11-10"),
        ("本公告自2026年12月1日起正式实施。", EFFECTIVE, "2026-12-01"),
        ("意见反馈截止时间为2026年5月6日。", CLOSE, "2026-05-06"),
        ("请于2026年3月20日前将修改意见发送至下列邮箱", CLOSE, "2026-03-20"),
        ("개정 고시는 2026년 5월 1일부터 시행한다.", EFFECTIVE, "2026-05-01"),
        ("パブリックコメントの募集は令和8年4月1日（水）まで。", CLOSE, "2026-04-01"),
        ("改正案のパブリックコメントを3月31日まで受け付けています。", CLOSE, "2026-03-31"),
        ("パブコメは4月1日23時59分締切。", CLOSE, "2026-04-01"),
        ("意見公募手続（令和8年3月2日～4月1日）", CLOSE, "2026-04-01"),
        ("経済産業省は4月1日付で改正省令を施行する。", EFFECTIVE, "2026-04-01"),
        ("改正外為令は2027年4月1日に一部施行される。", EFFECTIVE, "2027-04-01"),
        ("改正規則は来月1日に施行される。", EFFECTIVE, "2026-03-01"),
        ("改正規則は今月15日に施行された。", EFFECTIVE, "2026-02-15"),
        ("新规自下月1日起施行。", EFFECTIVE, "2026-03-01"),
        ("本办法自本月15日起施行。", EFFECTIVE, "2026-02-15"),
        ("施行日 令和8年10月1日", EFFECTIVE, "2026-10-01"),
        ("（施行期日）令和八年十月一日", EFFECTIVE, "2026-10-01"),
        ("施行日を令和8年10月1日に延期しました。", EFFECTIVE, "2026-10-01"),
        ("施行期日を令和8年4月1日から令和8年10月1日に変更する。", EFFECTIVE, "2026-10-01"),
        ("改正告示を本日施行しました。", EFFECTIVE, "2026-02-10"),
        ("各界可於115年4月10日前陳述意見。", CLOSE, "2026-04-10"),
        ("請於115年5月1日前提出意見。", CLOSE, "2026-05-01"),
        ("稀土出口管制公听会将于2026年4月10日举行。", DateKind.HEARING, "2026-04-10"),
    ],
)
def test_a_date_beside_its_cue_is_a_key_date(text: str, kind: DateKind, day: str) -> None:
    """The cue word gives the kind, in each language and spelling of dates."""
    assert found(text) == [(kind, day)]


@pytest.mark.parametrize(
    "text",
    [
        "Ministers met in Brussels on March 3, 2026.",
        "The comment period opened in April.",
        "The rule is effective on publication.",
        "令和8年2月24日に公表した。",
        "意見公募を開始した。改正は2027年度に予定する。",
        "公告已经公布，2026年3月1日召开说明会。",
        "2026년 3월 1일 회의가 열렸다.",
        "本日、施行日の変更を検討すると発表した。",
        "パブリックコメントの結果を3月31日に公表した。",
        "一昨々年10月1日に施行された省令",  # a year that is not read is not this one
        "",
    ],
)
def test_a_date_without_a_cue_is_no_key_date(text: str) -> None:
    """A meeting, an announcement or a vague season is passed over."""
    assert found(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "Comments are due by February 31, 2026.",
        "The rule is effective 2026-02-30.",
        "意見募集の締切は令和99年7月3日必着。",
        "自2026年13月40日起施行",
        "9999年1月1日から施行する",
        "令和元年4月1日から施行する。",  # the era began on 1 May
    ],
)
def test_a_day_that_the_calendar_lacks_gives_nothing(text: str) -> None:
    """An impossible day is neither bent to a possible one nor an error."""
    assert found(text) == []


@pytest.mark.parametrize(
    ("text", "published", "day"),
    [
        ("Comments are due by March 3.", date(2026, 2, 10), "2026-03-03"),
        ("Comments are due by January 20.", date(2025, 12, 10), "2026-01-20"),
        ("意見募集の締切は7月3日必着。", date(2026, 8, 20), None),  # two months ago: a recital
        ("意見募集の締切は1月9日必着。", date(2025, 11, 30), "2026-01-09"),
        ("신고 의무는 3월 2일 시행된다.", date(2026, 2, 10), "2026-03-02"),
        ("The order took effect on January 20.", date(2026, 2, 10), "2026-01-20"),
        ("The order takes effect on February 29.", date(2026, 2, 10), None),
        ("The order takes effect on February 29.", date(2027, 11, 10), "2028-02-29"),
    ],
)
def test_a_date_without_a_year_is_the_next_such_day(text: str, published: date, day: str | None) -> None:
    """The year is completed from publication; what lies a few weeks back stays in its year."""
    assert [each for _, each in found(text, published)] == ([] if day is None else [day])


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("昨年12月1日に施行された改正省令", ["2025-12-01"]),
        ("该办法已于去年12月1日起施行。", ["2025-12-01"]),
        ("一昨年10月1日に施行された告示", ["2024-10-01"]),
        ("前年10月1日に施行された告示", []),  # in Chinese two years ago, in Japanese the year before some other
        ("平成31年4月1日から施行された省令", ["2019-04-01"]),
        ("平成31年10月1日から施行する省令", ["2019-10-01"]),  # written before the era was known to end
        ("昭和62年11月1日に施行された政令", ["1987-11-01"]),
        ("2027年4月1日に公布、同年10月1日に施行する。", ["2027-10-01", "2027-04-01"]),
        ("令和9年4月1日公布、同年10月1日施行予定。", ["2027-10-01", "2027-04-01"]),
        ("改正法は同年10月1日に施行する。", ["2026-10-01"]),
    ],
)
def test_a_year_that_is_named_by_a_word_is_that_year(text: str, days: list[str]) -> None:
    """Last year's date is no deadline ahead; the same year is that of the date before it."""
    assert [each for _, each in found(text)] == days


@pytest.mark.parametrize(("day", "is_kept"), [("2026-02-09", False), ("2026-02-10", True)])
def test_a_comment_period_that_closed_before_publication_is_a_recital(day: str, is_kept: bool) -> None:
    """Comments close on the day of publication at the earliest."""
    assert found(f"Comments were due by {day}.") == ([(CLOSE, day)] if is_kept else [])


def test_a_date_of_effect_may_lie_in_the_past() -> None:
    """A rule in force for long still tells when it began."""
    assert found("The controls came into force on 17 October 2023.") == [(EFFECTIVE, "2023-10-17")]


@pytest.mark.parametrize(
    "text",
    [
        "Comments, originally due by March 1, 2026, are now due by April 15, 2026.",
        "The comment period, which closes on March 1, 2026, is extended: comments are due by April 15, 2026.",
    ],
)
def test_only_the_new_end_of_an_extended_period_counts(text: str) -> None:
    """The end that an extension replaces is no deadline."""
    assert found(text) == [(CLOSE, "2026-04-15")]


@pytest.mark.parametrize("text", ["本公告自公布之日起施行。", "この告示は、公布の日から施行する。"])
def test_effect_on_publication_is_the_day_of_publication(text: str) -> None:
    """A measure that applies at once applies on the day of the text."""
    assert found(text) == [(EFFECTIVE, "2026-02-10")]


def test_staggered_dates_are_all_kept() -> None:
    """A rule with two dates of application has two key dates."""
    text = "Article 3 shall apply from 1 July 2026; Article 5 is applicable as of 2026-08-01."
    assert found(text) == [(APPLIES, "2026-07-01"), (APPLIES, "2026-08-01")]


def test_a_date_stated_twice_counts_once() -> None:
    """Headline and text that say the same give one key date, with the first sentence."""
    dates = find("Effective May 5, 2026: new rule. The rule is effective 5 May 2026.", PUBLISHED)
    assert [(each.kind, each.date, each.sentence) for each in dates] == [
        (EFFECTIVE, date(2026, 5, 5), "Effective May 5, 2026: new rule.")
    ]


def test_a_stated_year_is_surer_than_a_completed_one() -> None:
    """Confidence tells a date in full from one whose year was worked out."""
    stated, completed = (find(f"Comments are due by March 3{year}.", PUBLISHED)[0] for year in (", 2026", ""))
    assert 1 > stated.confidence > completed.confidence > 0


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("Tungsten is next. Comments are due by May 4, 2026! More follows.", "Comments are due by May 4, 2026!"),
        ("本日公表した。改正政令は令和8年10月1日から施行する。以上", "改正政令は令和8年10月1日から施行する。"),
        ("特此公告。本公告自2026年12月1日起实施。联系人：李明", "本公告自2026年12月1日起实施。"),
    ],
)
def test_the_sentence_is_the_one_that_states_the_date(text: str, sentence: str) -> None:
    """A reader sees the words of the source, one sentence of them."""
    assert [each.sentence for each in find(text, PUBLISHED)] == [sentence]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("The licence requirement takes effect on Oct. 9, 2026. Firms protest.", "Oct. 9, 2026"),
        ("Comments must be submitted by 11:59 p.m. ET on June 1, 2026. Firms protest.", "June 1, 2026"),
    ],
)
def test_an_abbreviation_does_not_end_the_sentence_before_its_date(text: str, words: str) -> None:
    """The sentence of a key date holds the date itself."""
    assert [words in each.sentence for each in find(text, PUBLISHED)] == [True]


def test_text_beyond_the_cap_is_not_read() -> None:
    """An endless text costs no more than the cap."""
    assert found("x " * (MAX_TEXT // 2) + "The rule is effective May 5, 2026.") == []


CUES = ("comments due by ", "意見募集の締切は", "自", "起施行", "から施行", "Effective ", "截止", "前将意见", "부터 시행", "令和")
DAYS = ("March 3", " 2026", "2026-02-30", "２０２６年", "2月29日", "元年", "2월 30일", "٣月٣日", "99", ".", "。", "\n", "\ud800")


@given(
    st.one_of(st.text(max_size=200), st.lists(st.sampled_from(CUES + DAYS), max_size=12).map("".join)),
    st.dates(date(1900, 1, 1), date(2100, 12, 31)),
)
@settings(max_examples=100, deadline=None)
def test_find_never_raises_and_says_each_date_once(text: str, published: date) -> None:
    """Any text on any day gives dates of the calendar, each kind and day once, with a bounded sentence."""
    dates = find(text, published)
    assert len({(each.kind, each.date) for each in dates}) == len(dates)
    assert all(0 < len(each.sentence) <= 400 and 1868 <= each.date.year <= 2100 for each in dates)
    assert all(each.date >= published for each in dates if each.kind is CLOSE)
