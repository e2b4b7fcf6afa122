"""Identifiers: canonical forms, silence at look-alikes, and how a query names them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.dates import kanji_number
from monitor.identifiers import MAX_TEXT, QUERY_TYPES, find, is_named
from monitor.items import Identifier

PIECES = (
    "15 CFR 744.23(a)(4)",
    "91 FR 1022",
    "2026-01234",
    "RIN 0694-AJ90",
    "WC Docket No. 18-89",
    "ECCN 3B001.c.1.a",
    "HTSUS subheading 8112.92.06",
    "令和二十年法律第",
    "号",
    "元年",
    "経済産業省告示",
    "外為法第二十五条の",
    "別表第一の十六の項",
    "国务院令〔2024〕第792号",
    "Regulation (EU) No 833/2014",
    "S. Res. 5",
    "NTE 2026/4",
    "٣",
    "²",
    "\ud800",
    "\0",
    " ",
)


def found(text: str, kind: str) -> list[str]:
    return [each.value for each in find(text) if each.type == kind]


@pytest.mark.parametrize(
    ("kind", "text", "values"),
    [
        ("cfr", "Note 2 to 15 CFR 744.23(a)(4) now names lithography.", ["15 CFR 744.23(a)(4)"]),
        ("cfr", "Exporters stay bound by 15 CFR Parts 730-774 as before.", ["15 CFR 730-774"]),
        ("cfr", "Outbound investment: 31 C.F.R. § 850.216 lists exceptions.", ["31 CFR 850.216"]),
        ("cfr", "The FCC touches 47 CFR Part 2, then 47 CFR 1.767.", ["47 CFR 2", "47 CFR 1.767"]),
        ("fr_citation", "It replaces the text printed at 90 Fed. Reg. 47,201.", ["90 FR 47201"]),
        ("fr_citation", "See 87 FR 62186; corrected at 91 F.R. 1022.", ["87 FR 62186", "91 FR 1022"]),
        ("fr_doc", "[FR Doc. 2026-01234 Filed 1-20-26; 8:45 am]", ["2026-01234"]),
        ("rin", "RIN: 0694-AJ90 and, from Treasury, 1505-AC82", ["0694-AJ90", "1505-AC82"]),
        ("docket", "Send comments under BIS-2025-0023 or TREAS-DO-2024-0012-0007.", ["BIS-2025-0023", "TREAS-DO-2024-0012-0007"]),
        ("docket", "Docket No. 250915-0151", ["250915-0151"]),
        ("docket", "The Bureau closes WC Docket No. 18-89 and OI Docket No. 24-523.", ["WC 18-89", "OI 24-523"]),
        ("eccn", "Etchers of ECCN 3B001.c.1.a and chips of 3A090 need a licence.", ["3B001.c.1.a", "3A090"]),
        ("eccn", "Everything else is EAR99.", ["EAR99"]),
        ("hs", "Gallium enters under HTS 8112.92.06.", ["81129206"]),
        ("hs", "ＨＳコード：２８０５．３０の輸入が減った。", ["280530"]),
        ("hs", "参考海关商品编号：8110101000", ["8110101000"]),
        ("jp_law_no", "外為法（昭和２４年法律第２２８号）の改正", ["昭和24年法律第228号 (1949)"]),
        ("jp_law_no", "輸出令（昭和二十四年政令第三百七十八号）", ["昭和24年政令第378号 (1949)"]),
        ("jp_law_no", "平成三年通商産業省令第四十九号に定める", ["平成3年通商産業省令第49号 (1991)"]),
        ("jp_kokuji", "令和元年総務省告示第24号を廃止した。", ["令和1年総務省告示第24号 (2019)"]),
        ("jp_kokuji", "令和二年内閣府・総務省・財務省告示第六号", ["令和2年内閣府・総務省・財務省告示第6号 (2020)"]),
        ("jp_tsutatsu", "輸出注意事項24第2号と輸出注意事項2025第15号", ["輸出注意事項24第2号", "輸出注意事項2025第15号"]),
        ("jp_article", "経産省は外為法第四十八条第一項に基づき許可を求める。", ["外為法48条1項"]),
        ("jp_article", "経済安全保障推進法第52条の届出", ["経済安全保障推進法52条"]),
        ("jp_beppyo", "輸出貿易管理令別表第一の七の項(17)に追加", ["別表1-7項(17)"]),
        ("cn_docno", "商务部 海关总署公告2025年第10号自公布之日起施行。", ["海关总署公告 2025-10"]),
        ("cn_docno", "依据国务院令〔2024〕第792号，现公布如下", ["国务院令 2024-792"]),
        (
            "eu_act",
            "Commission Delegated Regulation (EU) 2025/2003 rewrites Annex I.",
            ["Commission Delegated Regulation 2025/2003"],
        ),
        (
            "eu_act",
            "Regulation (EU) No 833/2014, Council Decision (CFSP) 2025/394",
            ["Regulation 833/2014", "Council Decision 2025/394"],
        ),
        ("us_act", "H.R. 3447, with S. 1705 as companion", ["BILL HR3447", "BILL S1705"]),
        ("us_act", "Pub. L. 117-167, Executive Order 14105, Proclamation 10976", ["PL 117-167", "EO 14105", "PROC 10976"]),
        ("uk_nte", "Notice to Exporters 2024/9 replaces NTE 2023/28.", ["NTE 2024/09", "NTE 2023/28"]),
    ],
)
def test_an_identifier_is_found_in_its_canonical_form(kind: str, text: str, values: list[str]) -> None:
    """Each type has one spelling, whatever the text used: width, kanji numerals, section signs."""
    assert found(text, kind) == values


@pytest.mark.parametrize(
    "text",
    [
        "The talks resume on 2026-01-15 in Seoul.",  # a day, no document number
        "Case 1:2026-12345-6 was dismissed.",
        "The FR page counter stood at 200.",
        "Under 26 CFR 1.482 transfer prices are examined.",  # tax law
        "The 1C999 railway carriage left the works.",  # no word of control beside it
        "An NTE is expected; the part 0694-2026 is a spare.",
        "輸出注意事項（案）と告示の改正案を示した。",
        "令和99年法律第1号",  # a year that the era never had
        "别表第3的国家不在其列，公告全文如下。",
        "반도체 수출은 8542억 원이었다.",
        "",
    ],
)
def test_a_look_alike_is_passed_over(text: str) -> None:
    """A date, a case number or a bare number is no identifier."""
    assert find(text) == ()


@pytest.mark.parametrize("text", ["Beijing answers the U.S. 301 tariffs", "Seoul lends the U.S. 5 billion dollars"])
def test_the_country_is_no_senate_bill(text: str) -> None:
    """A number after "U.S." belongs to the sentence, not to a bill of the Senate."""
    assert find(text) == ()


def test_a_control_number_outside_the_known_list_needs_a_word_of_control() -> None:
    """An unknown ECCN counts only where the text speaks of control, in any of the languages."""
    assert found("1C999", "eccn") == []
    assert found("ECCN 1C999", "eccn") == found("输出货物编号: 1C999 属于管制物项", "eccn") == ["1C999"]
    assert found("1C999" + " far" * 60 + " ECCN", "eccn") == []


def test_paragraphs_of_a_branch_article_stay_apart() -> None:
    """Article 25-2 paragraph 11 and article 25-21 paragraph 1 are two places of the law."""
    assert found("外為法第25条の2第11項", "jp_article") != found("外為法第25条の21第1項", "jp_article")


@pytest.mark.parametrize("text", ["海关总署公告2025年第10号", "海関総署公告2025年第10号", "海關總署公告2025年第10號"])
def test_a_chinese_office_is_one_in_every_script(text: str) -> None:
    """Japanese and traditional spellings of a notice are the simplified one."""
    assert found(text, "cn_docno") == ["海关总署公告 2025-10"]


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("eccn", "対象は3A090の先端半導体である。", "3A090"),
        ("docket", "意见请注明案卷号BIS-2025-0023后提交。", "BIS-2025-0023"),
        ("rin", "미 상무부는 규칙0694-AJ90을 공포했다.", "0694-AJ90"),
        ("cfr", "米商務省は規則15 CFR 744.23を改めた。", "15 CFR 744.23"),
        ("us_act", "総統令に当たるEO 14105を改正", "EO 14105"),
    ],
)
def test_an_identifier_is_found_inside_unspaced_text(kind: str, text: str, value: str) -> None:
    """Han, kana or Hangul right beside a number is no letter of it."""
    assert found(text, kind) == [value]


def test_a_number_of_kanji_units_alone_is_a_number() -> None:
    """A law number without a digit from one to nine (元年, 百) is found like any other."""
    assert found("令和元年法律第百号", "jp_law_no") == ["令和1年法律第100号 (2019)"]


def test_identifiers_come_in_the_order_of_types_each_once() -> None:
    """Repeats are dropped, and the order does not depend on the order of the text."""
    text = "RIN 0694-AJ90; 15 CFR 744.23; again RIN 0694-AJ90 and 15 C.F.R. 744.23"
    assert find(text) == (Identifier(type="cfr", value="15 CFR 744.23"), Identifier(type="rin", value="0694-AJ90"))


def test_text_beyond_the_cap_is_not_read() -> None:
    """An endless text costs no more than the cap."""
    assert find("x" * MAX_TEXT + " RIN 0694-AJ90") == ()


@given(st.one_of(st.text(max_size=300), st.lists(st.sampled_from(PIECES), max_size=12).map("".join)))
@settings(max_examples=100, deadline=None)
def test_find_never_raises_and_repeats_nothing(text: str) -> None:
    """Any text, surrogates and foreign digits included, gives identifiers that differ."""
    identifiers = find(text)
    assert len(set(identifiers)) == len(identifiers)
    assert all(each.value for each in identifiers)


@pytest.mark.parametrize(
    ("text", "number"),
    [("元", 1), ("十", 10), ("二十四", 24), ("三百七十八", 378), ("千二百", 1200), ("二〇二六", 2026), ("228", 228), ("〇", 0)],
)
def test_a_kanji_number_has_its_value(text: str, number: int) -> None:
    """Units multiply, places are read digit by digit, 元 is one."""
    assert kanji_number(text) == number


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ("15 CFR 744.23(a)(4)", "15/744"),
        ("15 CFR 744.23(a)(4)", "15 cfr part 744.23"),
        ("3A090.a", "3a090"),
        ("BIS-2025-0023", "bis-2025-0023"),
        ("EO 14105", "14105"),
        ("EO 14105", "EO 14105"),
        ("EO 14105", "EO14105"),
        ("0694-AJ90", "RIN 0694-AJ90"),
        ("令和4年法律第43号 (2022)", "令和４年法律第４３号"),
        ("商务部公告 2026-25", "商务部公告2026-25"),
        ("外為法48条1項", "外為法48条"),
        ("85414200", "8541.42.00"),
        ("854231", "8542"),
        ("854231", "8542.31"),
        ("854231", "85"),
        ("令和4年法律第43号 (2022)", "令和四年法律第四十三号"),
        ("外為法48条1項", "外為法四十八条"),
    ],
)
def test_a_query_names_an_identifier_or_its_parent(value: str, wanted: str) -> None:
    """Case, spaces, width and the way of writing do not matter; a part names all its sections."""
    assert is_named(value, wanted)


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ("15 CFR 744.23", "15/74"),
        ("15 CFR 744.23", "15/744.2"),
        ("15 CFR 744", "15/744.23"),
        ("3A090", "3A09"),
        ("BIS-2025-0023", "BIS-2025-002"),
        ("91 FR 1022", "91 FR 102"),
        ("854231", "854"),
        ("854231", "85423100"),
        ("外為法48条1項", "外為法4"),
        ("EO 14105", ""),
    ],
)
def test_a_query_does_not_name_a_number_that_only_begins_alike(value: str, wanted: str) -> None:
    """Digits are never cut in the middle, and a child does not name its parent."""
    assert not is_named(value, wanted)


def test_every_identifier_answers_to_its_own_value() -> None:
    """What was found can be asked for as it is shown."""
    identifiers = find("; ".join(PIECES))
    assert {each.type for each in identifiers} >= {"cfr", "rin", "docket", "eccn", "hs", "cn_docno", "eu_act", "us_act", "uk_nte"}
    assert [each.value for each in identifiers if not is_named(each.value, each.value)] == []


def test_each_found_type_can_be_asked_for() -> None:
    """Every type that find() gives belongs to a field of the query language."""
    asked = {kind for kinds in QUERY_TYPES.values() for kind in kinds}
    assert {each.type for each in find("; ".join(PIECES))} <= asked
