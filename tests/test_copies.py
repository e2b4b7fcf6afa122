"""Near-duplicates: what publishers do to a text leaves it the same; another number, name or date makes it another."""

from __future__ import annotations

import unicodedata
from datetime import timedelta

import pytest
from builders import NOW
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from monitor.copies import MIN_LEAD, MIN_TITLE, TITLE_WINDOW, WINDOW, Copies, Copy

TOLD = {
    "en": (
        "Commerce widens licence rule for chip tools",
        "The Commerce Department on Monday widened a licence rule for tools that make advanced chips. Makers of etching machines "
        "will need a licence for sales to 24 more plants. Officials said that the rule closes a gap.",
    ),
    "ja": (
        "経産省、半導体製造装置の許可対象を拡大",
        "経済産業省は１日、先端半導体の製造装置について輸出許可の対象を広げると発表した。新たに成膜や洗浄の装置など１２品目が加わる。"
        "国内の装置メーカーは売上高への影響を調べている。",
    ),
    "zh": (
        "商务部就稀土出口许可答记者问",
        "商务部新闻发言人周四表示，中方依法受理稀土出口许可申请，对合规的民用申请予以批准。发言人说，有关措施不针对任何国家。"
        "企业可以通过统一平台提交材料。",
    ),
    "ko": (
        "산업부, 첨단 반도체 장비 수출허가 대상 확대",
        "산업통상자원부는 1일 첨단 반도체 장비의 수출허가 대상을 확대한다고 밝혔다. 식각과 증착 장비 등 12개 품목이 새로 포함된다. "
        "정부는 다음 달까지 의견을 수렴한다.",
    ),
}
WORDS = st.sampled_from("chip Rule export 輸出 規制 スペイン 出口管制 수출통제 대상 lithium 44 zwölf".split())
TEXTS = st.tuples(st.lists(WORDS, min_size=1, max_size=14).map(" ".join), st.lists(WORDS, max_size=30).map(" ".join))
LONG_TEXTS = st.tuples(
    st.lists(WORDS, min_size=2 * MIN_TITLE, max_size=18).map(" ".join), st.lists(WORDS, max_size=30).map(" ".join)
) | st.tuples(
    st.lists(WORDS, min_size=1, max_size=14).map(" ".join), st.lists(WORDS, min_size=2 * MIN_LEAD, max_size=30).map(" ".join)
)
"""Long enough, by title or by lead, for a text alone to say that two are one."""


def found(first: tuple[str, str], second: tuple[str, str], *, after: timedelta = timedelta(hours=1)) -> tuple[Copy, ...]:
    """What the second text is a copy of, if only the first is known."""
    copies = Copies()
    copies.add("I-first", *first, NOW)
    return copies.find(*second, NOW + after)


def is_copy(first: tuple[str, str], second: tuple[str, str], *, after: timedelta = timedelta(hours=1)) -> bool:
    return bool(found(first, second, after=after))


@pytest.mark.parametrize(
    ("lang", "title", "lead"),
    [
        ("en", "UPDATE 2-{title} - Reuters", "WASHINGTON (Reuters) - {lead}"),
        ("en", "{title} | Harbour Courier", "{lead} This article was first published by the Harbour Courier."),
        ("en", "Watch: “{title}”", "{cut}... Continue reading"),
        ("ja", "【速報】{title}（共同）", "【ワシントン＝共同】{lead}"),
        ("ja", "{title} | 日経", "{cut}…続きを読む"),
        ("ja", "【動画】{title}", "{lead}　無断転載を禁じます。"),
        ("zh", "快讯：{title} - 路透社", "新华社北京5月1日电 {lead}"),
        ("zh", "{title}｜海港日报", "{cut}……[查看全文]"),
        ("ko", "[속보] {title} | 연합뉴스", "(서울=연합뉴스) 홍길동 기자 = {lead}"),
        ("ko", "[포토] {title}", "{cut}… 더보기"),
    ],
)
def test_what_publishers_add_or_cut_makes_no_other_text(lang: str, title: str, lead: str) -> None:
    """Names of agencies, cries, datelines, imprints and leads that end in the middle."""
    own_title, own_lead = TOLD[lang]
    told = (title.format(title=own_title), lead.format(lead=own_lead, cut=own_lead[: len(own_lead) * 3 // 5]))
    assert is_copy(TOLD[lang], told)


@pytest.mark.parametrize("lang", TOLD)
def test_a_text_without_its_first_or_last_sentence_is_a_copy(lang: str) -> None:
    """Under the same title, a part of the text is enough."""
    title, lead = TOLD[lang]
    mark = "。" if lang in {"ja", "zh"} else ". "
    parts = lead.split(mark)
    assert is_copy(TOLD[lang], (title, mark.join(parts[1:])))
    assert is_copy(TOLD[lang], (title, mark.join(parts[:2]) + mark))


@pytest.mark.parametrize(
    ("lang", "title"),
    [
        ("en", "Commerce tightens licence rule for tools that make chips"),
        ("ja", "半導体製造装置の許可対象を広げる　経産省が発表"),
        ("zh", "商务部谈稀土出口许可：民用申请予以批准"),
        ("ko", "첨단 반도체 장비 수출허가 대상 넓힌다"),
    ],
)
def test_another_headline_over_the_same_words_is_a_copy(lang: str, title: str) -> None:
    """Headlines are rewritten, leads are not; the reason says so."""
    (copy,) = found(TOLD[lang], (title, TOLD[lang][1]))
    assert copy.score == 1.0
    assert copy.why in {"the same words", "another headline over the same words"}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Addition of 23 entities to the Entity List in March", "Addition of 42 entities to the Entity List in March"),
        ("Addition of five entities to the Entity List in March", "Addition of nine entities to the Entity List in March"),
        ("Notice to exporters: new licensing policy for Georgia", "Notice to exporters: new licensing policy for Armenia"),
        (
            "Continuation of the duty order on silicon metal from China",
            "Continuation of the duty order on tungsten shot from China",
        ),
        ("輸出貿易管理令の一部を改正する政令（令和七年政令第88号）", "輸出貿易管理令の一部を改正する政令（令和八年政令第120号）"),
        ("外国ユーザーリストの改正について（令和8年5月）", "外国ユーザーリストの改正について（令和8年9月）"),
        ("インドに対する輸出等に係る禁止措置の実施について", "インドネシアに対する輸出等に係る禁止措置の実施について"),
        ("輸出管理に関する注意喚起：ロシア", "輸出管理に関する注意喚起：アラブ首長国連邦"),
        ("关于将二十八家美国实体列入出口管制管控名单的公告", "关于将十二家美国实体列入出口管制管控名单的公告"),
        ("关于对原产于韩国的进口高纯硅进行调查的公告", "关于对原产于德国的进口高纯硅进行调查的公告"),
        ("전략물자 수출입고시 일부개정 고시 제2026-12호", "전략물자 수출입고시 일부개정 고시 제2026-57호"),
        ("칠레산 수산화리튬 덤핑방지관세 조사개시 공고", "중국산 수산화리튬 덤핑방지관세 조사개시 공고"),
    ],
)
@pytest.mark.parametrize("lead", ["", "The text of the notice, with its annexes, can be had from the office of the ministry."])
def test_notices_of_a_series_are_no_copies(one: str, other: str, lead: str) -> None:
    """A number, a date, a name in the place of another is another notice, and a lead that all of them bear proves nothing."""
    assert not is_copy((one, lead), (other, lead))


@pytest.mark.parametrize(
    ("lang", "old", "new"),
    [
        ("en", "24 more", "31 more"),
        ("en", "Commerce", "Treasury"),
        ("ja", "１２品目", "１５品目"),
        ("zh", "稀土", "石墨"),
        ("ko", "12개", "9개"),
    ],
)
def test_a_number_or_a_name_in_the_lead_counts_as_well(lang: str, old: str, new: str) -> None:
    """Titles may be the same where the texts speak of two things."""
    title, lead = TOLD[lang]
    assert old in lead
    assert not is_copy(TOLD[lang], (title, lead.replace(old, new)))


@pytest.mark.parametrize(("lang", "head"), [("en", "Correction: "), ("ja", "【訂正】"), ("zh", "更正："), ("ko", "[정정] ")])
def test_a_correction_is_no_copy(lang: str, head: str) -> None:
    """What was wrong has to be told again."""
    title, lead = TOLD[lang]
    assert not is_copy(TOLD[lang], (head + title, lead))
    assert is_copy((head + title, lead), (head + title, lead))


def test_a_later_text_that_quotes_the_first_is_no_copy() -> None:
    """It comes to the quoted words late, under another title."""
    lead = TOLD["en"][1]
    quoting = (
        "Trade groups on Thursday asked for a longer transition and warned of lost orders in three regions. Earlier: " + lead
    )
    assert not is_copy(
        TOLD["en"], ("Chip tool makers answer as Commerce widens rule", quoting + " Lawmakers will hear them soon.")
    )


@pytest.mark.parametrize(
    ("title", "one", "other"),
    [
        ("Press release", "", ""),
        ("お知らせ", "", ""),
        ("例行记者会", "", ""),
        ("보도자료", "", ""),
        (
            "Daily summary of the decisions on export licences",
            TOLD["en"][1],
            "Nothing was decided on this day. The next list is due on Friday.",
        ),
        ("大臣記者会見の概要について", TOLD["ja"][1], "大臣は海底ケーブルの保守体制について、関係国と協議を続けると述べた。"),
    ],
)
def test_different_stories_with_one_title_stay_apart(title: str, one: str, other: str) -> None:
    """A short title says nothing by itself, a long one nothing against the text."""
    assert not is_copy((title, one), (title, other))


@pytest.mark.parametrize(
    "title",
    [
        "Commerce Department widens licence rule for chip tools",
        "経産省、半導体製造装置の許可対象を拡大",
        "산업부, 첨단 반도체 장비 수출허가 대상 확대",
    ],
)
def test_a_title_of_some_length_is_enough_for_two_days(title: str) -> None:
    """Many feeds give no more; but weekly lists bear one title for ever."""
    assert is_copy((title, ""), (title + " | 日経", ""), after=TITLE_WINDOW)
    assert not is_copy((title, ""), (title, ""), after=TITLE_WINDOW + timedelta(seconds=1))


def test_the_same_words_after_weeks_are_a_new_notice() -> None:
    """In either direction: dates of feeds run backwards, too."""
    for sign in (1, -1):
        assert is_copy(TOLD["en"], TOLD["en"], after=sign * WINDOW)
        assert not is_copy(TOLD["en"], TOLD["en"], after=sign * (WINDOW + timedelta(seconds=1)))


def test_the_best_comes_first_and_of_equals_the_first_added() -> None:
    """However often a story is repeated, its first telling is what it is a copy of."""
    title, lead = TOLD["en"]
    copies = Copies()
    copies.add("I-cut", title, lead[:120] + "…", NOW)
    for number in range(100):
        copies.add(f"I-{number}", f"{title} | Paper {'abcdefghij'[number % 10]}", lead, NOW)
    assert [each.id for each in copies.find(title, lead, NOW)][:2] == ["I-0", "I-1"]
    assert {each.score for each in copies.find(title, lead, NOW)} == {1.0}


def test_memory_is_bounded_and_the_oldest_goes_first() -> None:
    """A text added again counts as new; what is forgotten is not found."""
    copies = Copies(capacity=2)
    copies.add("I-1", *TOLD["en"], NOW)
    copies.add("I-2", *TOLD["ja"], NOW)
    copies.add("I-1", *TOLD["en"], NOW)
    copies.add("I-3", *TOLD["zh"], NOW)
    assert len(copies) == 2
    assert [bool(copies.find(*TOLD[lang], NOW)) for lang in ("en", "ja", "zh")] == [True, False, True]
    copies.forget("I-1")
    copies.forget("I-unknown")
    assert copies.find(*TOLD["en"], NOW) == ()


def test_a_changed_text_is_found_by_its_new_words_alone() -> None:
    """An id has one text."""
    copies = Copies()
    copies.add("I-1", *TOLD["en"], NOW)
    copies.add("I-1", *TOLD["ja"], NOW)
    assert copies.find(*TOLD["en"], NOW) == ()
    assert [each.id for each in copies.find(*TOLD["ja"], NOW)] == ["I-1"]


@settings(deadline=None)
@given(TEXTS, TEXTS)
def test_being_a_copy_is_symmetric_and_bounded(one: tuple[str, str], other: tuple[str, str]) -> None:
    """If one is a copy of the other, the other is one of the one, as much."""
    assert found(one, other) == found(other, one)
    assert all(0.0 < copy.score <= 1.0 for copy in found(one, other))


@settings(deadline=None)
@given(LONG_TEXTS, st.sampled_from([str.upper, str.lower, "“{}”".format, " {} —".format]))
def test_a_text_is_a_copy_of_itself_however_it_is_written(told: tuple[str, str], rewrite: object) -> None:
    """Case, width, quotes and dashes say nothing; kana stays what it is."""
    assert callable(rewrite)
    again = tuple(rewrite(each) for each in told)
    wide = tuple(each.translate({code: code + 0xFEE0 for code in range(0x21, 0x7F)}) for each in told)
    assert [copy.score for copy in found(told, (again[0], again[1]))] == [1.0]
    assert [copy.score for copy in found(told, (wide[0], wide[1]))] == [1.0]
    assert is_copy(("スペインの輸出規制を強化へ", ""), ("すぺいんの輸出規制を強化へ", "")) is False


@settings(deadline=None)
@given(TEXTS, st.integers(0, 999), st.integers(0, 999))
def test_another_figure_is_another_text(told: tuple[str, str], one: int, other: int) -> None:
    """Wherever it stands and however alike the rest."""
    assume(one != other and "44" not in told[0] and one != 44 != other)
    title, lead = told
    assert not is_copy((f"{title} {one}", lead), (f"{title} {other}", lead))


@settings(deadline=None)
@given(st.text(max_size=200), st.text(max_size=200))
def test_any_text_can_be_added_and_looked_up(title: str, summary: str) -> None:
    """Nothing that a source says raises; normal forms make no difference."""
    copies = Copies()
    copies.add("I-1", title, summary, NOW)
    nfc = copies.find(unicodedata.normalize("NFC", title), unicodedata.normalize("NFC", summary), NOW)
    assert nfc == copies.find(title, summary, NOW)
    copies.forget("I-1")
    assert copies.find(title, summary, NOW) == ()
