"""Stages: structured steps decide, words show what was taken, the press alone moves nothing, each jurisdiction goes its own way."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from builders import NOW, a_date, a_shown, a_sighting, a_standing, a_transition, an_item
from hypothesis import given
from hypothesis import strategies as st

from monitor.identify import identify
from monitor.items import DateKind, Entity, KeyDate, Shown, Stage, Tier
from monitor.lexicon import Lexicon
from monitor.stage import Sighting, claimed, expected, is_further, is_next, jurisdiction, proven, put_in_force, shown, way
from monitor.steps import BACK, MACHINES, STATED

DAY = date(2026, 2, 10)
LABELLED = [
    json.loads(line) for line in (Path(__file__).parent / "data" / "stages.jsonl").read_text(encoding="utf-8").splitlines()
]
CN = Entity(id="cty-cn", type="country", surface="China")
MOFCOM = Entity(id="cn-mofcom", type="agency", surface="MOFCOM")
COMMERCE = Entity(id="us-commerce", type="agency", surface="Commerce Department")
METI = Entity(id="jp-meti", type="agency", surface="経済産業省")
INDIA = Entity(id="cty-in", type="country", surface="India")
GALLIUM = Entity(id="min-gallium", type="mineral", surface="Gallium")


def step_of(text: str, of: str | None, *, step: str | None = None, dates: tuple[KeyDate, ...] = (), **changes: Any) -> str | None:
    found = shown(text, of=of, step=step, dates=dates, on=DAY, **changes)
    return None if found is None else found.step


def stage_of(text: str, of: str = "US", *, step: str | None = None, dates: tuple[KeyDate, ...] = ()) -> Stage:
    return proven(shown(text, of=of, step=step, dates=dates, on=DAY), tier=Tier.OFFICIAL, country=of)


def effective(day: date, kind: DateKind = DateKind.EFFECTIVE) -> tuple[KeyDate, ...]:
    return (a_date(day, kind, sentence="自公布之日起施行"),)


def at(days: int) -> datetime:
    return NOW + timedelta(days=days)


def steps(sightings: Iterable[Sighting]) -> list[tuple[Stage, str | None]]:
    return [(each.stage, each.step) for each in way(sightings)]


# whose way


@pytest.mark.parametrize(
    ("title", "entities", "of"),
    [
        ("China widens its gallium curbs, says METI", (CN, METI), "CN"),
        ("Commerce Department adds 12 entities", (COMMERCE,), "US"),
        ("The Commerce Department adds 12 entities", (COMMERCE,), "US"),
        ("【速報】経済産業省、告示を改正", (METI,), "JP"),
        ("「経済産業省」が告示を改正", (METI,), "JP"),
    ],
)
@pytest.mark.parametrize("tier", list(Tier))
def test_a_title_that_opens_with_an_actor_speaks_of_it(title: str, entities: tuple[Entity, ...], of: str, tier: Tier) -> None:
    """Whoever reports: the country or agency that opens the title is the one that acts, brackets and articles aside."""
    assert jurisdiction(title, country="KR", lang="ko", tier=tier, entities=entities) == of


@pytest.mark.parametrize("tier", list(Tier))
def test_a_country_without_a_machine_has_no_way(tier: Tier) -> None:
    """What India does is told of nobody else, whoever reports it and whatever else is named."""
    assert jurisdiction("India adopts export rules", country="US", lang="en", tier=tier, entities=(INDIA, COMMERCE)) is None


def test_an_official_source_speaks_of_its_own() -> None:
    """A source's own measure need not name its country, and naming others changes nothing."""
    found = jurisdiction(
        "Final rule on gallium from China", country="US", lang="en", tier=Tier.OFFICIAL, entities=(GALLIUM, CN, MOFCOM)
    )
    assert found == "US"
    assert jurisdiction("Nota", country="BR", lang="pt", tier=Tier.OFFICIAL, entities=(MOFCOM,)) is None


@pytest.mark.parametrize(
    ("entities", "lang", "of"),
    [
        ((GALLIUM, MOFCOM, COMMERCE), "en", "CN"),
        ((INDIA, COMMERCE, MOFCOM), "en", "US"),
        ((CN,), "en", None),
        ((), "ja", "JP"),
        ((), "ko", "KR"),
        ((), "zh", "CN"),
        ((), "en", None),
    ],
)
def test_the_press_speaks_of_the_first_agency_that_it_names(entities: tuple[Entity, ...], lang: str, of: str | None) -> None:
    """Then of the country of its language; English is nobody's."""
    assert jurisdiction("Prices rise on new rules", country="GB", lang=lang, tier=Tier.PRESS, entities=entities) == of


def test_the_first_line_alone_has_an_actor() -> None:
    """An agency that opens a later line opens no title."""
    text = "Prices rise\nCommerce Department adds 12 entities"
    assert jurisdiction(text, country="JP", lang="ja", tier=Tier.OFFICIAL, entities=(COMMERCE,)) == "JP"


@pytest.mark.parametrize(
    ("title", "short"),
    [
        ("Bismuth prices soar in Tokyo after new BIS rule", "BIS"),
        ("Chinatown shops wait for a word from China", "China"),
        ("Eureka: a new mineral strategy with the EU", "EU"),
    ],
)
def test_a_name_that_begins_a_longer_word_opens_nothing(title: str, short: str) -> None:
    """Bismuth is not BIS."""
    entity = Entity(id={"BIS": "us-bis", "China": "cty-cn", "EU": "cty-eu"}[short], type="agency", surface=short)
    assert jurisdiction(title, country="JP", lang="ja", tier=Tier.OFFICIAL, entities=(entity,)) == "JP"


@pytest.mark.parametrize(
    ("title", "lang", "of"),
    [
        ("中国商务部公布对镓实施出口管制的公告", "zh", "CN"),
        ("米国商務省、最終規則を公表", "ja", "US"),
        ("China promulgates regulations on rare earths", "en", "CN"),
        ("미국 상무부, 최종 규칙 발표", "ko", "US"),
        ("欧盟委员会公布新提案", "zh", "EU"),
    ],
)
def test_the_names_of_the_lexicon_open_titles_in_each_language(lexicon: Lexicon, title: str, lang: str, of: str) -> None:
    """An official source elsewhere that passes on a measure does not make it its own."""
    found = lexicon.find(title, lang=lang, country="SG")
    assert jurisdiction(title, country="SG", lang=lang, tier=Tier.OFFICIAL, entities=found) == of


# the step that a text shows


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
        ("立法院三讀通過產業創新條例", "TW", "公告"),
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
    """200,000 characters of anything take less than half a second in any jurisdiction."""
    # the beginning is tried first, so that a pattern that explodes fails here and does not hang
    for length in (60, 120, 200_000):
        text = (piece * (length // len(piece) + 1))[:length]
        for of in MACHINES:
            began = time.perf_counter()
            shown(text, of=of, step=text, dates=(), on=DAY, entities=(CN, METI))
            jurisdiction(text, country=of, lang="ja", tier=Tier.PRESS, entities=(CN, METI))
            assert time.perf_counter() - began < 0.5, (of, length)


# what an item proves


@pytest.mark.parametrize("tier", [Tier.WIRE, Tier.PRESS, Tier.ANALYSIS])
def test_the_press_alone_reports(tier: Tier) -> None:
    """No wording and no step of an unofficial source is more than a report."""
    text = "改正政令が公布され、施行された。 The rule took effect."
    found = shown(text, of="JP", step="Final rule", dates=effective(DAY), on=DAY)
    assert found is not None
    assert found.stage is Stage.IN_FORCE
    assert proven(found, tier=tier, country="JP") is Stage.REPORTED
    assert proven(None, tier=tier, country="JP") is Stage.REPORTED


def test_an_official_source_proves_what_its_own_jurisdiction_did() -> None:
    """Of another country's measure, and where it shows no step, it proves that it speaks of it."""
    found = a_shown("施行", "JP")
    assert proven(found, tier=Tier.OFFICIAL, country="JP") is Stage.IN_FORCE
    assert proven(found, tier=Tier.OFFICIAL, country="US") is Stage.ANNOUNCED
    assert proven(found, tier=Tier.OFFICIAL, country=None) is Stage.ANNOUNCED
    assert proven(None, tier=Tier.OFFICIAL, country="JP") is Stage.ANNOUNCED


def test_stages_are_ordered_as_measures_go() -> None:
    """The order of the glossary is the order of the way."""
    order = (
        Stage.REPORTED,
        Stage.ANNOUNCED,
        Stage.CONSULTATION,
        Stage.PROPOSED,
        Stage.ON_FILE,
        Stage.FINAL,
        Stage.IN_FORCE,
        Stage.AMENDED,
        Stage.WITHDRAWN,
    )
    assert all(is_further(later, earlier) for earlier, later in itertools.pairwise(order))
    assert set(order) == set(Stage)


@given(st.sampled_from(Stage), st.sampled_from(Stage))
def test_of_two_stages_exactly_one_is_further_or_they_are_one(one: Stage, other: Stage) -> None:
    """The order is total and strict."""
    assert [is_further(one, other), is_further(other, one), one is other].count(True) == 1


# the machines


@pytest.mark.parametrize("of", list(MACHINES))
def test_a_machine_goes_forward(of: str) -> None:
    """Its steps never fall back to an earlier stage, bear different names, and end somewhere."""
    machine = MACHINES[of]
    assert not any(is_further(one.stage, other.stage) for one, other in itertools.pairwise(machine))
    assert len({each.name for each in machine}) == len(machine)
    assert {Stage.PROPOSED, Stage.FINAL, Stage.IN_FORCE} <= {each.stage for each in machine}


@pytest.mark.parametrize("of", list(MACHINES))
def test_a_step_expects_one_of_its_own_machine_that_may_follow_it(of: str) -> None:
    """What usually comes next exists, can come next, and says where its span is from."""
    for each in MACHINES[of]:
        if each.next is not None:
            assert each.next in [other.name for other in MACHINES[of]]
            assert is_next(of, each.name, each.next)
            assert each.basis
            assert each.days is not None or each.by is not None


def test_structured_words_and_ways_back_name_steps_that_exist() -> None:
    """No table points at a step that no machine has."""
    for of, stated in STATED.items():
        assert {name for _, name in stated if name} <= {each.name for each in MACHINES[of]}
    machines = [{each.name for each in machine} for machine in MACHINES.values()]
    assert all(any({before, after} <= names for names in machines) for before, after in BACK)


@given(st.sampled_from(list(MACHINES)), st.data())
def test_a_measure_goes_onwards_or_one_of_the_ways_back(of: str, data: st.DataObject) -> None:
    """The first step may be any; no step follows itself; of two steps the later follows, the earlier only where a way leads back."""
    names = [each.name for each in MACHINES[of]]
    one, other = data.draw(st.integers(0, len(names) - 1)), data.draw(st.integers(0, len(names) - 1))
    assert is_next(of, None, names[one])
    assert is_next(of, names[one], names[other]) == (other > one or (names[one], names[other]) in BACK)


# the way of an event


def test_an_event_goes_from_report_to_announcement_to_the_steps_of_its_jurisdiction() -> None:
    """Each stage once, with the item, the moment and the sentence that prove it."""
    found = way(
        [
            a_sighting(None, item="I-1", tier=Tier.PRESS, at=at(0)),
            a_sighting(None, item="I-2", at=at(1)),
            a_sighting(a_shown("NPRM", sentence="BIS proposes it."), item="I-3", at=at(2)),
            a_sighting(a_shown("NPRM"), item="I-4", at=at(3)),
            a_sighting(None, item="I-5", at=at(4)),
            a_sighting(a_shown("final rule"), item="I-6", at=at(5)),
            a_sighting(a_shown("ANPRM"), item="I-7", at=at(6)),
        ]
    )
    assert [(each.stage, each.step, each.item, each.at) for each in found] == [
        (Stage.REPORTED, None, "I-1", at(0)),
        (Stage.ANNOUNCED, None, "I-2", at(1)),
        (Stage.PROPOSED, "NPRM", "I-3", at(2)),
        (Stage.FINAL, "final rule", "I-6", at(5)),
    ]
    assert [(each.jurisdiction, each.tier, each.sentence) for each in found] == [
        (None, Tier.PRESS, ""),
        (None, Tier.OFFICIAL, ""),
        ("US", Tier.OFFICIAL, "BIS proposes it."),
        ("US", Tier.OFFICIAL, "It was done."),
    ]
    assert way([]) == ()


@pytest.mark.parametrize("tier", [Tier.WIRE, Tier.PRESS, Tier.ANALYSIS])
def test_the_press_moves_nothing(tier: Tier) -> None:
    """Any number of unofficial claims opens an event as reported and takes it no further."""
    claims = [a_sighting(a_shown(step), tier=tier, at=at(day)) for day, step in enumerate(("NPRM", "final rule", "effective"))]
    assert steps(claims) == [(Stage.REPORTED, None)]
    assert steps([a_sighting(a_shown("NPRM")), *claims]) == [(Stage.PROPOSED, "NPRM")]


def test_an_official_source_proves_nothing_of_another_country() -> None:
    """Japan's ministry that reports a rule of the United States announces it; the rule's own agency proves it."""
    passed_on = a_sighting(a_shown("final rule", "US"), country="JP")
    assert steps([passed_on]) == [(Stage.ANNOUNCED, None)]
    assert steps([passed_on, a_sighting(a_shown("NPRM", "US"))]) == [(Stage.ANNOUNCED, None), (Stage.PROPOSED, "NPRM")]


def test_another_jurisdiction_moves_nothing_once_one_leads() -> None:
    """What others do about a measure is no step of it, however far they went."""
    told = [
        a_sighting(a_shown("公告", "CN"), at=at(0)),
        a_sighting(a_shown("effective", "US"), at=at(1)),
        a_sighting(a_shown("廃止", "JP"), at=at(2)),
        a_sighting(a_shown("施行", "CN"), at=at(3)),
    ]
    assert steps(told) == [(Stage.FINAL, "公告"), (Stage.IN_FORCE, "施行")]
    assert {each.jurisdiction for each in way(told)} == {"CN"}


@pytest.mark.parametrize(
    ("of", "held", "in_force"),
    [
        ("US", "stayed", "effective"),
        ("JP", "改正", "施行"),
        ("CN", "暂停", "施行"),
        ("EU", "amended", "application"),  # a postponed regulation that applies at last
    ],
)
def test_a_stay_can_be_lifted(of: str, held: str, in_force: str) -> None:
    """A measure whose effect was held goes back into force, and can be held again."""
    final = next(each.name for each in MACHINES[of] if each.stage is Stage.FINAL)
    names = (final, held, in_force, held)
    told = [a_sighting(a_shown(name, of), at=at(day)) for day, name in enumerate(names)]
    assert tuple(each.step for each in way(told)) == names


def test_a_withdrawn_proposal_can_be_tried_again() -> None:
    """The way goes on from the new proposal."""
    told = [a_sighting(a_shown(name), at=at(day)) for day, name in enumerate(("NPRM", "withdrawn", "NPRM", "final rule"))]
    assert [each.step for each in way(told)] == ["NPRM", "withdrawn", "NPRM", "final rule"]


def test_an_earlier_step_takes_nothing_back() -> None:
    """A rule that is final stays final when a page of its proposal turns up."""
    told = [a_sighting(a_shown(name), at=at(day)) for day, name in enumerate(("final rule", "NPRM", "on public inspection"))]
    assert [each.step for each in way(told)] == ["final rule"]


@st.composite
def any_sightings(draw: st.DrawFn) -> list[Sighting]:
    kinds = [None, *(a_shown(step.name, of) for of in ("US", "CN", "EU") for step in MACHINES[of])]
    drawn = draw(
        st.lists(st.tuples(st.sampled_from(kinds), st.sampled_from(Tier), st.sampled_from(["US", "CN", "EU", None])), max_size=12)
    )
    return [
        a_sighting(found, item=f"I-{place}", tier=tier, country=country, at=at(place))
        for place, (found, tier, country) in enumerate(drawn)
    ]


@given(any_sightings())
def test_a_way_is_proven_step_by_step(sightings: list[Sighting]) -> None:
    """Every step has an official item of its own jurisdiction, one jurisdiction leads, and each step may follow the one before."""
    found = way(sightings)
    by_item = {each.item: each for each in sightings}
    taken = [each for each in found if each.step is not None]
    assert bool(found) == bool(sightings)
    assert all(by_item[str(each.item)].is_proof for each in taken)
    assert len({each.jurisdiction for each in taken}) <= 1
    assert all(is_next(str(one.jurisdiction), one.step, str(other.step)) for one, other in itertools.pairwise(taken))
    assert [each.at for each in found] == sorted(each.at for each in found)
    assert all(each.stage in (Stage.REPORTED, Stage.ANNOUNCED) for each in found if each.step is None)


@given(any_sightings())
def test_a_way_never_rewrites_its_past(sightings: list[Sighting]) -> None:
    """What more items add comes after what was already there."""
    assert way(sightings[:-1]) == way(sightings)[: len(way(sightings[:-1]))]


# claims


def test_a_claim_of_the_press_is_kept_beside_the_way() -> None:
    """The furthest step that is claimed beyond the proven one, with its sentence."""
    final = a_shown("final rule", sentence="Commerce has issued the rule, people say.")
    told = [a_sighting(a_shown("NPRM")), a_sighting(final, tier=Tier.PRESS), a_sighting(a_shown("ANPRM"), tier=Tier.WIRE)]
    assert claimed(told, way(told)) == final
    assert [each.step for each in way(told)] == ["NPRM"]


def test_a_claim_that_is_proven_is_no_claim_any_more() -> None:
    """The official step overtakes it, at the same step or beyond."""
    claim = a_sighting(a_shown("final rule"), tier=Tier.PRESS)
    for proof in ("final rule", "effective"):
        told = [claim, a_sighting(a_shown(proof), at=at(1))]
        assert claimed(told, way(told)) is None


def test_a_claim_about_another_jurisdiction_is_none_of_this_event() -> None:
    """Once one leads; before that the first one claimed counts."""
    abroad, here = a_sighting(a_shown("公告", "CN"), tier=Tier.PRESS), a_sighting(a_shown("effective"), tier=Tier.PRESS)
    told = [a_sighting(a_shown("NPRM")), abroad]
    assert claimed(told, way(told)) is None
    assert claimed([abroad, here], way([abroad, here])) == abroad.shown


def test_what_an_official_source_says_of_others_is_a_claim() -> None:
    """It is not proof of the other's step, and not lost."""
    told = [a_sighting(a_shown("final rule", "US"), country="JP")]
    assert claimed(told, way(told)) == told[0].shown


@given(any_sightings())
def test_a_claim_is_always_beyond_what_is_proven(sightings: list[Sighting]) -> None:
    """It is somebody's words, in the leading jurisdiction, further along its machine; proof alone makes no claim."""
    reached = way(sightings)
    claim = claimed(sightings, reached)
    last = next((each for each in reversed(reached) if each.step is not None), None)
    assert claimed([each for each in sightings if each.is_proof], reached) is None
    if claim is not None:
        assert claim in [each.shown for each in sightings if not each.is_proof]
        names = [each.name for each in MACHINES[claim.jurisdiction]]
        assert last is None or (last.jurisdiction == claim.jurisdiction and names.index(claim.step) > names.index(str(last.step)))


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


# what comes next

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


# by number


def labelled_text(row: dict[str, Any]) -> str:
    return f"{row['title']}\n{row['summary']}" if row["summary"] else str(row["title"])


def found_in(row: dict[str, Any]) -> Shown | None:
    return shown(labelled_text(row), of=row["jurisdiction"], step=None, dates=(), on=date.fromisoformat(row["published"]))


def is_unseen(row: dict[str, Any]) -> bool:
    """True of the quarter that nobody looked at while the patterns were made."""
    return int(row["id"].partition("-")[2]) % 4 == 1


@pytest.mark.parametrize(
    ("of", "precision", "recall"),
    [
        (lambda row: not is_unseen(row), 0.955, 0.955),
        (lambda row: not is_unseen(row) and row["tier"] == "official", 0.97, 0.96),
        (is_unseen, 0.83, 0.66),
        (lambda row: is_unseen(row) and row["tier"] == "official", 0.84, 0.81),
    ],
    ids=["seen", "seen, official", "unseen", "unseen, official"],
)
def test_steps_are_found_as_people_find_them(of: Callable[[dict[str, Any]], bool], precision: float, recall: float) -> None:
    """Of the steps found the share that is right, and of those there the share that is found; docs/decisions/0019 has the figures."""
    rows = [row for row in LABELLED if of(row)]
    pairs = [(found.step if (found := found_in(row)) else None, row["step"]) for row in rows]
    right = sum(found is not None and found == label for found, label in pairs)
    assert len(rows) >= 35
    assert right / sum(found is not None for found, _ in pairs) >= precision
    assert right / sum(label is not None for _, label in pairs) >= recall


def test_official_texts_prove_what_they_say_also_when_all_of_it_is_read(lexicon: Lexicon) -> None:
    """Through identify, with the names and dates of the text: whose measure it is costs few of the stages."""
    rows = [row for row in LABELLED if row["tier"] == "official" and row["published"]]
    right = 0
    for row in rows:
        item = an_item(
            title=row["title"],
            summary=row["summary"] or "",
            lang=row["lang"],
            country=row["jurisdiction"],
            published=datetime.fromisoformat(f"{row['published']}T09:00:00+00:00"),
        )
        shown = identify(item, lexicon).shown
        right += (None if shown is None else shown.step) == row["step"]
    assert right / len(rows) >= 0.88


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


@pytest.mark.parametrize(
    ("title", "country", "lang", "step", "stage"),
    [
        ("Hong Kong-Related Sanctions Regulations", "US", "en", "Final rule", Stage.FINAL),
        ("Russia Sanctions: Additions of Entities to the Entity List", "US", "en", "Final rule", Stage.FINAL),
        ("China Tariffs: proposed modification of the action", "US", "en", "Proposed rule", Stage.PROPOSED),
        ("中国産黒鉛電極に対する不当廉売関税に関する政令を公布しました", "JP", "ja", None, Stage.FINAL),
        ("Russia: EU adopts a 20th package of measures, published in the Official Journal", "EU", "en", None, Stage.FINAL),
        ("China imposes export controls on graphite: what firms should know", "EU", "en", None, Stage.ANNOUNCED),
        ("中国、黒鉛の輸出管理を公告", "JP", "ja", None, Stage.ANNOUNCED),
    ],
)
def test_a_country_that_is_spoken_of_is_not_the_one_that_acts(
    title: str, country: str, lang: str, step: str | None, stage: Stage, lexicon: Lexicon
) -> None:
    """Measures against a country open with its name; a measure of that country is proof of nothing here."""
    item = an_item(title=title, country=country, lang=lang, step=step)
    assert identify(item, lexicon).stage is stage


def test_the_labels_are_steps_of_the_machines() -> None:
    """Each labelled step stands for the stage that its label names; each text has an id of its own."""
    assert len({row["id"] for row in LABELLED}) == len(LABELLED)
    named = [row for row in LABELLED if row["step"] is not None]
    assert [a_shown(row["step"], row["jurisdiction"]).stage.value for row in named] == [row["stage"] for row in named]


def test_the_sentence_found_stands_in_the_labelled_text() -> None:
    """It can be shown as a quotation."""
    found = [(each, labelled_text(row)) for row in LABELLED if (each := found_in(row)) is not None]
    assert all(each.sentence and each.sentence in text for each, text in found)
