"""The step that a text shows: the structured one, else its words for what was taken, in each language; never what lies ahead."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stage_nouns import CN, COMMERCE, DAY, INDIA, METI, effective

from monitor.items import DateKind, KeyDate, Shown, Stage, Tier
from monitor.stage import jurisdiction, proven, shown
from monitor.steps import MACHINES


def step_of(text: str, of: str | None, *, step: str | None = None, dates: tuple[KeyDate, ...] = (), **changes: Any) -> str | None:
    found = shown(text, of=of, step=step, dates=dates, on=DAY, **changes)
    return None if found is None else found.step


def stage_of(text: str, of: str = "US", *, step: str | None = None, dates: tuple[KeyDate, ...] = ()) -> Stage:
    return proven(shown(text, of=of, step=step, dates=dates, on=DAY), tier=Tier.OFFICIAL, country=of)


@pytest.mark.parametrize(
    ("step", "expected", "stage"),
    [
        ("Rule", "final rule", Stage.FINAL),
        ("Final rule", "final rule", Stage.FINAL),
        ("Interim final rule; request for comments", "interim final rule", Stage.FINAL),
        ("Presidential Document", "final rule", Stage.FINAL),
        ("Proposed Rule", "NPRM", Stage.PROPOSED),
        ("Notice of proposed rulemaking", "NPRM", Stage.PROPOSED),
        ("Advance notice of proposed rulemaking", "ANPRM", Stage.CONSULTATION),
        ("Notice of inquiry", "ANPRM", Stage.CONSULTATION),
        ("Request for information", "ANPRM", Stage.CONSULTATION),
        ("Rule on public inspection", "on public inspection", Stage.ON_FILE),
        ("Interim final rule on public inspection", "on public inspection", Stage.ON_FILE),
        ("Notice of withdrawal", "withdrawn", Stage.WITHDRAWN),
        ("Proposed rule; withdrawal", "withdrawn", Stage.WITHDRAWN),
        ("Withdrawal of proposed rule", "withdrawn", Stage.WITHDRAWN),
        ("Final rule; delay of effective date", "stayed", Stage.AMENDED),
        ("Final rule; correction", "amended", Stage.AMENDED),
    ],
)
def test_a_structured_step_decides(step: str, expected: str, stage: Stage) -> None:
    """The jurisdiction's own word goes before anything that the text says, and is what says so."""
    found = shown("The agency rescinds its rule.", of="US", step=step, dates=(), on=DAY)
    assert found == Shown(jurisdiction="US", step=expected, stage=stage, sentence=step)


def test_a_step_that_nobody_knows_leaves_it_to_the_text() -> None:
    """An unknown word, or another jurisdiction's, is no verdict; a notice of the Federal Register is: that it is no step."""
    assert step_of("BIS proposes new limits on etchers", "US", step="Circular") == "NPRM"
    assert step_of("BIS proposes new limits on etchers", "US", step="Notice") is None
    assert step_of("The minister visits a gallium refinery", "US", step="Notice") is None
    assert step_of("The minister visits a gallium refinery", "JP", step="Final rule") is None


@pytest.mark.parametrize(
    ("text", "of", "step"),
    [
        ("The minister visits a gallium refinery", "US", None),
        ("Call for evidence on the security of subsea cables", "EU", "call for evidence"),
        ("経済安全保障の制度設計に関する意見募集", "JP", "意見公募"),
        ("輸出令の改正案に関する意見公募", "JP", "意見公募"),
        ("商务部就稀土管理公开征求意见", "CN", "征求意见"),
        ("외국인투자 심사 제도에 대한 의견 수렴", "KR", "입법예고"),
        ("산업기술보호법 개정안 입법예고", "KR", "입법예고"),
        ("經濟部預告修正「戰略性高科技貨品」草案", "TW", "預告"),
        ("Consultation on foreign investment screening opened", "GB", "consultation"),
        ("BIS proposes new limits on etchers", "US", "NPRM"),
        ("政府は改正案を閣議決定した。", "JP", "閣議決定"),
        ("改正外為法が可決、成立した。", "JP", "成立"),
        ("外国為替令の一部を改正する政令が公布された。", "JP", "公布"),
        ("輸出令の一部を改正する政令を公布\n経済産業省は関係者に周知する。", "JP", "公布"),
        ("商务部发布公告，对镓实施出口管制", "CN", "公告"),
        ("산업부, 전략물자 수출입고시 공포", "KR", "공포"),
        ("行政院會通過外國人投資條例修正草案，將送立法院審議", "TW", "院會通過"),
        ("立法院三讀通過產業創新條例", "TW", "三讀"),
        ("立法院三讀通過海纜七法修正案，將送總統公布", "TW", "三讀"),
        ("總統公布海纜七法修正條文", "TW", "公告"),
        ("總統令公布電信管理法修正條文", "TW", "公告"),
        ("商务部公布两用物项许可证管理办法，原办法同时废止。", "CN", "公告"),
        ("就办法公开征求意见\n（征求意见稿）本办法自2027年7月1日起施行。", "CN", "征求意见"),
        ("貨物等省令の一部を改正する省令の公布・施行について", "JP", "公布"),
        ("特定重要物資の安定供給確保に関する基本指針の一部変更（閣議決定）", "JP", "閣議決定"),
        ("改正外為法案が衆院を通過した。", "JP", "閣議決定"),
        ("改正告示の施行期日を4月1日から10月1日に変更しました。", "JP", "改正"),
        ("外国ユーザーリストの改正について", "JP", "公布"),
        ("「輸出貿易管理令の運用について」等の一部改正について", "JP", "公布"),
        ("改正外為法が施行されました。", "JP", "施行"),
        ("稀土管理条例今起施行", "CN", "施行"),
        ("개정 대외무역법이 시행됐다.", "KR", "시행"),
        ("The dual-use regulation came into force on Monday", "EU", "entry into force"),
        ("Gallium Licence Rule Took Effect On Monday", "US", "effective"),
        ("The Export Control Regulations came into force today", "GB", "in force"),
        ("Court vacates the connected-vehicle rule", "US", "vacated"),
        ("商务部暂停实施镓出口管制公告", "CN", "暂停"),
        ("輸出許可に関する通達を廃止しました。", "JP", "廃止"),
        ("Ｇａｌｌｉｕｍ Ｒｕｌｅ Ｔｏｏｋ Ｅｆｆｅｃｔ", "US", "effective"),
    ],
)
def test_a_text_shows_its_step(text: str, of: str, step: str | None) -> None:
    """The words of each language for what was taken; without one it shows none."""
    assert step_of(text, of) == step


@pytest.mark.parametrize(
    ("text", "of"),
    [
        ("Commerce plans to issue a final rule on drones", "US"),
        ("BIS is expected to publish a final rule this autumn", "US"),
        ("The office may propose to restrict etchers", "US"),
        ("Chip makers brace before the order takes effect", "US"),
        ("Will the licence rule take effect?", "US"),
        ("A year after the gallium rule took effect, prices have doubled", "US"),
        ("Critics urge Treasury to withdraw the proposed rule", "US"),
        ("Recap: the connected-vehicle rule took effect in March", "US"),
        ("The Council has not adopted the regulation", "EU"),
        ("Ministers could adopt the regulation next month", "EU"),
        ("改正外為法、来月施行", "JP"),
        ("ガイドラインの改訂は小委員会の中間報告を踏まえたものです。", "JP"),
        ("《核两用品及相关技术出口管制条例》同时废止。", "CN"),
        ("《核兩用品出口管制條例》同時廢止。", "CN"),
        ("政府、輸出令の改正案を近く閣議決定", "JP"),
        ("改正政令は年内に公布される見通し", "JP"),
        ("経産省、規制案の公表に向け調整", "JP"),
        ("昨年施行された経済安保法の課題", "JP"),
        ("改正外為法の施行から3年", "JP"),
        ("商务部拟对锑实施出口管制", "CN"),
        ("新条例预计年内公布", "CN"),
        ("稀土管理条例尚未施行", "CN"),
        ("去年发布的出口管制公告影响几何", "CN"),
        ("经济部預計下月公告修正草案", "TW"),
        ("개정 대외무역법 내달 시행", "KR"),
        ("산업부, 전략물자 고시 개정 검토", "KR"),
        ("지난해 시행됐던 흑연 허가제의 과제", "KR"),
    ],
)
def test_a_step_that_lies_ahead_or_behind_is_not_taken(text: str, of: str) -> None:
    """Planned, expected, asked for, denied, doubted or looked back at: the text shows no step."""
    assert step_of(text, of) is None


def test_the_furthest_step_of_the_title_goes_before_all_others() -> None:
    """The rest of a text is read only where its title shows nothing; within either the furthest step counts."""
    assert step_of("BIS proposes new limits\nThe earlier rule took effect in May.", "US") == "NPRM"
    assert step_of("Gallium\nBIS proposed a rule. The rule took effect.", "US") == "effective"
    assert step_of("Gallium\nThe rule took effect. BIS proposed a rule.", "US") == "effective"


def test_what_another_countrys_agency_does_is_no_step_of_this_one() -> None:
    """A sentence that opens with another actor is about that one, wherever it stands."""
    text = "Weekly overview\nChina promulgates new rules. Commerce Department publishes a final rule on drones."
    assert step_of(text, "US", entities=(CN, COMMERCE)) == "final rule"
    assert step_of("Weekly overview\nChina issued a final rule.", "US", entities=(CN,)) is None
    assert step_of("India publishes a final rule", "US", entities=(INDIA,)) is None


@pytest.mark.parametrize("of", [None, "IN", "", "us"])
def test_a_jurisdiction_without_a_machine_shows_no_step(of: str | None) -> None:
    """Unknown is unknown, whatever the text and the structured field say."""
    assert step_of("BIS publishes a final rule", of, step="Final rule") is None


@pytest.mark.parametrize(
    ("title", "country", "step"),
    [
        ("DOE Sets Aside $500 Million for Critical Minerals Processing", "US", None),
        ("Certain Steel Wire: Rescission of Antidumping Duty Administrative Review; 2021-2022", "US", "Notice"),
        ("Certain Steel Wire: Rescission of Antidumping Duty Administrative Review; 2021-2022", "US", None),
        ("BIS Revokes Export Privileges of Russian Airline", "US", None),
        ("Commerce announces withdrawal of Acting Under Secretary nominee", "US", None),
        ("商务部：敦促美方立即取消对华单边加征关税措施", "CN", None),
        ("商务部新闻发言人就取消对日水产品进口限制答记者问", "CN", None),
        ("要求美方撤销对中国企业的制裁", "CN", None),
        ("補助金の交付決定の取消しについて", "JP", None),
        ("登録検査機関の業務の廃止について", "JP", None),
        ("UK withdraws ambassador", "GB", None),
    ],
)
def test_what_is_taken_back_and_is_no_measure_is_no_step(title: str, country: str, step: str | None) -> None:
    """Money is set aside, privileges revoked, nominees withdrawn; and who is urged to lift tariffs has lifted none."""
    assert step_of(title, country, step=step) is None


# the day of effect


@pytest.mark.parametrize(
    "text",
    [
        "本办法自2027年7月1日起施行。2005年发布的《两用物项进出口许可证管理办法》同时废止。",
        "本条例自2027年7月1日起施行。《核两用品及相关技术出口管制条例》同时废止。",
    ],
)
def test_a_new_measure_that_ends_the_one_before_is_published(text: str) -> None:
    """Its own last article says so; what it repeals is another."""
    assert stage_of(text, "CN", dates=effective(DAY + timedelta(days=200))) is Stage.FINAL


@pytest.mark.parametrize(
    ("dates", "stage"),
    [
        (effective(DAY), Stage.IN_FORCE),
        (effective(DAY - timedelta(days=400)), Stage.IN_FORCE),
        (effective(DAY + timedelta(days=1)), Stage.FINAL),
        (effective(DAY, DateKind.COMMENTS_CLOSE), Stage.FINAL),
        ((*effective(DAY), *effective(DAY + timedelta(days=300))), Stage.IN_FORCE),
        ((), Stage.FINAL),
    ],
)
def test_a_published_measure_is_in_force_from_its_date_of_effect(dates: tuple[KeyDate, ...], stage: Stage) -> None:
    """Only a date of effect, only when it has come, and the first phase is enough."""
    assert stage_of("特此公告，现予以公布。", "CN", dates=dates) is stage


def test_the_sentence_of_a_measure_in_force_by_its_date_is_that_of_the_date() -> None:
    """What says that it applies is the statement of the date of effect."""
    found = shown("特此公告，现予以公布。", of="CN", step=None, dates=effective(DAY), on=DAY)
    assert found == Shown(jurisdiction="CN", step="施行", stage=Stage.IN_FORCE, sentence="自公布之日起施行")


@pytest.mark.parametrize(
    ("text", "of", "step"),
    [
        ("商务部公布稀土条例 正式施行", "CN", "公告"),
        ("改正政令を公布、本日より段階的に施行", "JP", "公布"),
        ("The licensing regime is now in force", "GB", None),
    ],
)
@pytest.mark.parametrize("kind", [DateKind.EFFECTIVE, DateKind.APPLIES_FROM])
def test_a_measure_with_its_date_of_effect_ahead_is_not_in_force(text: str, of: str, step: str | None, kind: DateKind) -> None:
    """The stated day outweighs words that sound as if it had come."""
    assert step_of(text, of, dates=effective(DAY + timedelta(days=1), kind)) == step
    assert step_of(text, of) == next(each.name for each in MACHINES[of] if each.stage is Stage.IN_FORCE)


def test_a_date_of_effect_alone_puts_nothing_in_force() -> None:
    """A draft that names a past date of effect is still a draft."""
    assert (
        stage_of("The office proposes changes to its rule: it is proposing to add etchers", dates=effective(DAY))
        is Stage.PROPOSED
    )
    assert step_of("Prices rise", "US", dates=effective(DAY)) is None


# any text


@given(st.text(max_size=300), st.sampled_from([None, *MACHINES]), st.none() | st.text(max_size=30), st.sampled_from(Tier))
def test_any_text_and_step_have_a_stage(text: str, of: str | None, step: str | None, tier: Tier) -> None:
    """Nothing raises, only an official source gets past a report, and what is shown belongs to the machine."""
    found = shown(text, of=of, step=step, dates=effective(DAY), on=DAY, entities=(CN, COMMERCE))
    assert found is None or (found.jurisdiction == of and found.step in [each.name for each in MACHINES[found.jurisdiction]])
    assert (proven(found, tier=tier, country=of) is Stage.REPORTED) == (tier is not Tier.OFFICIAL)


FRAGMENTS = [
    "final rule ",
    "施行",
    "公布",
    "시행",
    "set ",
    "to ",
    "'",
    "-",
    " ",
    "拟",
    "、",
    "。",
    "adopts ",
    "propos",
    "the ",
    "a",
    "1",
    "\n",
]


@given(st.lists(st.sampled_from(FRAGMENTS), max_size=60).map("".join), st.sampled_from(list(MACHINES)))
def test_the_sentence_that_shows_a_step_is_part_of_the_text(text: str, of: str) -> None:
    """Nobody is shown words that the source did not write."""
    found = shown(text, of=of, step=None, dates=(), on=DAY)
    assert found is None or (found.sentence in text and 0 < len(found.sentence) <= 400)


@pytest.mark.parametrize(
    "piece",
    [
        "a",
        " ",
        "'-",
        "施行した",
        "set '-'-'-'-'-'-'-'-'-'-'-'-'-'-'-'-'-'-'-'-'-'-'-'-'-x施行した",
        "施行した'''''''''''''''''''''''''''''''''''''x",
        "issues a a a ",
        "consultation ",
        "对对对对",
        "審議会",
        "propos",
        "the effective date ",
        "adds a a a a a a entities a a a a a a ",
        "列入",
        "시행",
        "A.B. ",
        "?",
        "。",
        "\n",
        "\u3000",
        "‘“「",
    ],
    ids=repr,
)
def test_a_nasty_text_is_read_in_bounded_time(piece: str) -> None:
    """200,000 characters of anything take less than two seconds of the processor in any jurisdiction; squared they would take hours."""
    # the beginning is tried first, so that a pattern that explodes fails here and does not hang
    for length in (60, 120, 200_000):
        text = (piece * (length // len(piece) + 1))[:length]
        for of in MACHINES:
            began = time.process_time()
            shown(text, of=of, step=text, dates=(), on=DAY, entities=(CN, METI))
            jurisdiction(text, country=of, lang="ja", tier=Tier.PRESS, entities=(CN, METI))
            assert time.process_time() - began < 2, (of, length)
