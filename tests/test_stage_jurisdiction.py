"""Whose way a text is about: who opens its title, else its official source, else the first agency that the press names."""

from __future__ import annotations

import pytest
from builders import an_item
from stage_nouns import CN, COMMERCE, GALLIUM, INDIA, METI, MOFCOM

from monitor.identify import identify
from monitor.items import Entity, Stage, Tier
from monitor.lexicon import Lexicon
from monitor.stage import jurisdiction


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
