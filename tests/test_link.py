"""The linker: one development, one event, whatever the language; look-alikes stay apart."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from builders import NOW, an_item
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor import bundled, joinings
from monitor.encoders import Encoder
from monitor.identify import identify
from monitor.items import Identifier, Item, Link, Tier
from monitor.lexicon import Lexicon
from monitor.link import Linker


def told(title: str, summary: str = "", *, lang: str = "en", hours: float = 0, **changes: object) -> Item:
    """An item of its own source, so many hours after the first."""
    moment = NOW + timedelta(hours=hours)
    base = {
        "source": f"s{abs(hash(title)) % 997}",
        "key": title + summary,
        "title": title,
        "summary": summary,
        "lang": lang,
        "published": moment,
        "first_seen": moment,
    }
    return an_item(**base | {"country": None, "tier": Tier.PRESS} | changes)


class Linking:
    """A linker as the program has it: with the decision that ships, the lexicon and sentence vectors."""

    def __init__(self, lexicon: Lexicon, encoder: Encoder) -> None:
        self._lexicon, self._encoder = lexicon, encoder
        self.linker = Linker(joinings.load(bundled.classifiers(), vectors=encoder.id))

    def link(self, item: Item) -> Link:
        return self.linker.link(item, identify(item, self._lexicon), self._encoder.encode([item.text])[0])

    def remember(self, item: Item, event: str) -> None:
        self.linker.remember(item, identify(item, self._lexicon), event, self._encoder.encode([item.text])[0])


@pytest.fixture
def linking(lexicon: Lexicon, encoder: Encoder) -> Linking:
    return Linking(lexicon, encoder)


def events(linking: Linking, *items: Item) -> list[str]:
    return [linking.link(item).event for item in items]


RULE = told(
    "Export Controls on Semiconductor Manufacturing Items",
    "Interim final rule. RIN 0694-AJ23; 15 CFR 744. Effective November 17, 2026.",
    tier=Tier.OFFICIAL,
)


def test_a_shared_rare_identifier_joins_across_languages(linking: Linking) -> None:
    """A RIN names one rule, in any language, without a word in common."""
    japanese = told("米国、製造装置の暫定最終規則を公表", "RIN 0694-AJ23。", lang="ja", hours=200)
    assert len(set(events(linking, RULE, japanese))) == 1


def test_two_rules_of_one_series_stay_apart(linking: Linking) -> None:
    """However alike their titles, other numbers are other measures."""
    other = told(
        "Export Controls on Semiconductor Manufacturing Items",
        "Interim final rule. RIN 0694-AK01; 15 CFR 744. Effective November 17, 2026.",
    )
    assert len(set(events(linking, RULE, other))) == 2


def test_two_reports_of_one_story_are_one_event(linking: Linking) -> None:
    """By words, within a language."""
    first = told(
        "Netherlands seizes control of chip maker Nexperia",
        "The Dutch government invoked a cold-war law to take control of Nexperia, citing governance shortcomings.",
    )
    second = told(
        "Dutch government takes control of Nexperia under emergency law",
        "The Netherlands invoked a rarely used law to take over control of chip maker Nexperia.",
        hours=3,
    )
    assert len(set(events(linking, first, second))) == 1


def test_the_same_development_in_three_languages_is_one_event(linking: Linking) -> None:
    """By what all languages write alike: known names, figures, dates."""
    english = told(
        "China to require export permits for graphite from December 1",
        "China's commerce ministry and customs said that graphite exporters need a license. It takes effect on 1 December 2026.",
    )
    japanese = told(
        "中国、黒鉛の輸出を許可制に",
        "中国商務省と海関総署は黒鉛の輸出に許可を求めると発表した。2026年12月1日に施行する。",
        lang="ja",
        hours=2,
    )
    chinese = told(
        "商务部、海关总署：对石墨物项实施出口许可",
        "商务部、海关总署公告，石墨物项出口须取得许可，自2026年12月1日起实施。",
        lang="zh",
        hours=3,
    )
    assert len(set(events(linking, english, japanese, chinese))) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Gold price slips on 1 May 2026", "Rugby final moved to 1 May 2026"),
        ("輸出管理に関する説明会を東京で開催", "半導体工場の起工式を熊本で開催"),
        ("CFIUS clears steel deal", "Lithium mine opens in Chile"),
    ],
)
def test_other_stories_are_other_events(linking: Linking, one: str, other: str) -> None:
    """A date or a common word in common joins nothing."""
    lang = "ja" if one[0] > "\u3000" else "en"
    assert len(set(events(linking, told(one, lang=lang), told(other, lang=lang, hours=1)))) == 2


@pytest.mark.parametrize(
    ("title", "lang"),
    [
        ("Week in review: chips, graphite and cables", "en"),
        ("Morning brief: chip rules, graphite permits", "en"),
        ("今週のまとめ：半導体規制と黒鉛の輸出許可", "ja"),
        ("一周要闻：芯片新规与石墨出口许可", "zh"),
    ],
)
def test_a_round_up_joins_nothing_and_nothing_joins_it(linking: Linking, title: str, lang: str) -> None:
    """It tells of many events and would make one of them."""
    chips = told("US widens rules on chip exports to China", "New rules stop more chips from reaching China.")
    cable = told("Anchor damages the submarine cable between Estonia and Finland", hours=1)
    again = told("US widens chip export rules", chips.summary, hours=3)
    found = events(linking, chips, told(title, lang=lang, hours=2), cable, again)
    assert len({found[0], found[1], found[2]}) == 3
    assert found[3] == found[0]


def test_a_round_up_stays_alone_after_a_restart(linking: Linking) -> None:
    """What the archive remembers of it attracts nothing either, lately or long ago."""
    linking.remember(told("Week in review: US widens chip export rules to China"), "E-round")
    linking.linker.recall("Week in review: chip rules", identify(RULE, Lexicon(())).identifiers, "E-round")
    assert linking.link(RULE).event != "E-round"
    assert linking.link(told("US widens chip export rules to China", hours=1)).event != "E-round"


def test_an_item_that_comes_again_keeps_its_event(linking: Linking) -> None:
    """Edited or judged twice, its id leads to the same event."""
    first = linking.link(RULE)
    edited = told(RULE.title, "Corrected text without a number", id=RULE.id)
    again = linking.link(edited)
    assert (first.event, again.is_new) == (again.event, False)


def test_a_copy_is_marked(linking: Linking) -> None:
    """Nearly the same words under another title tail."""
    text = "The US Commerce Department on Tuesday released new rules that stop more chips from reaching China without a license."
    first = told("US widens AI chip export curbs - Pacific Wire", text, source="pacific")
    second = told(
        "US widens AI chip export curbs | Harbour Courier", text.replace("released", "issued"), source="harbour", hours=1
    )
    linking.link(first)
    assert linking.link(second).copy_of == first.id


@pytest.mark.parametrize(
    ("title", "source"),
    [
        ("Notice 44 on the export of machine tools, an official text for exporters", "other"),
        ("Notice on the export of machine tools, an official text for exporters", "bis"),
    ],
)
def test_notices_of_a_series_are_no_copies(linking: Linking, title: str, source: str) -> None:
    """Another number, in whatever source, or the same words of the same source: each is a notice of its own."""
    text = "The bureau informs exporters of machine tools about the rules that apply to their goods from the first of next month."
    first = told(
        "Notice 43 on the export of machine tools, an official text for exporters" if source == "other" else title,
        text,
        source="bis",
    )
    second = told(title, text, source=source, hours=1, id="I-second")
    linking.link(first)
    assert linking.link(second).copy_of is None


def test_a_story_that_was_quiet_for_long_starts_anew(linking: Linking) -> None:
    """Words alone do not join over months."""
    text = "Anchor damages the submarine cable between Estonia and Finland"
    assert len(set(events(linking, told(text), told(text + " again", hours=24 * 60)))) == 2


@pytest.mark.parametrize(
    ("first", "later"),
    [
        pytest.param(
            told("Netherlands seizes control of chip maker Nexperia"),
            told("Correction: Netherlands seizes control of chip maker Nexperia, not of its parent", hours=5),
            id="a correction",
        ),
        pytest.param(
            told("China to require export permits for graphite from December 1"),
            told(
                "China to require export permits for graphite from December 1 - what the commerce ministry's announcement means for battery"
                " makers in South Korea, Japan and the United States and why prices barely moved - Minerals Aggregator Daily",
                hours=2,
            ),
            id="an aggregator's title, three times as long",
        ),
        pytest.param(
            told("Dutch government takes control of chip maker Nexperia under emergency law"),
            told("Dutch government takes control of Nexperia, the chip maker, under an emergency law | Harbour Times", hours=1),
            id="the name of the source in the title",
        ),
        pytest.param(
            told("China to require export permits for graphite from December 1", hours=40),
            told("Beijing puts graphite exports under permits from December 1, ministry says", hours=2),
            id="an item that comes late and is dated before",
        ),
        pytest.param(
            told("Netherlands seizes control of chip maker Nexperia under a cold-war law"),
            told(
                "Nexperia: Dutch government seizes control of the chip maker under a cold-war law",
                published=None,
                is_backlog=True,
            ),
            id="an undated item",
        ),
    ],
)
def test_reports_of_one_event_are_joined_whatever_their_form(linking: Linking, first: Item, later: Item) -> None:
    """Corrections, titles of aggregators, names of sources in titles, late and undated items belong to what they speak of."""
    assert len(set(events(linking, first, later))) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (
            "Publication of the list of approved applicants: Kansai region",
            "Publication of the list of approved applicants: Tohoku region",
        ),
        ("輸出許可証の紛失について（届出番号第114号）", "輸出許可証の紛失について（届出番号第209号）"),
        ("海关总署公告2026年第31号", "海关总署公告2026年第47号"),
    ],
)
def test_titles_from_one_template_are_events_of_their_own(linking: Linking, one: str, other: str) -> None:
    """Notices of a series differ only in a name or a number; a source does not report twice."""
    lang = "en" if one.isascii() else "zh" if "海关" in one else "ja"
    pair = [
        told(title, lang=lang, hours=hours, source="ministry", tier=Tier.OFFICIAL) for hours, title in enumerate((one, other))
    ]
    assert len(set(events(linking, *pair))) == 2


GRAPHITE = told("China to require export permits for graphite from December 1, ministry says")
FRAGMENT = told("Beijing graphite export permits from December 1", hours=1)
BOTH = told(
    "China to require export permits for graphite from December 1: Beijing ministry says graphite export permits needed", hours=2
)


def test_an_item_that_surely_fits_two_events_makes_them_one(linking: Linking) -> None:
    """The older goes on; what comes later joins it, and the link says which event went."""
    linking.remember(GRAPHITE, "E-older")
    linking.remember(FRAGMENT, "E-younger")
    link = linking.link(BOTH)
    assert (link.event, link.merged) == ("E-older", ("E-younger",))
    assert linking.link(FRAGMENT).event == "E-older"


def test_events_that_an_analyst_set_apart_are_never_made_one(linking: Linking) -> None:
    """Whatever fits both joins one of them."""
    linking.linker.apart = {frozenset(("E-older", "E-younger"))}
    linking.remember(GRAPHITE, "E-older")
    linking.remember(FRAGMENT, "E-younger")
    assert linking.link(BOTH).merged == ()
    assert linking.link(FRAGMENT).event == "E-younger"


def test_two_grown_events_are_not_made_one_by_one_item(linking: Linking) -> None:
    """One of them has but one item, or they stay two."""
    for number, event in ((1, "E-older"), (2, "E-older"), (3, "E-younger"), (4, "E-younger")):
        base = GRAPHITE if event == "E-older" else FRAGMENT
        linking.remember(told(base.title, hours=number, key=str(number), id=f"I-{number}"), event)
    assert linking.link(BOTH).merged == ()


def test_merging_leaves_the_linker_as_if_it_had_been_one_event_from_the_start(
    linking: Linking, lexicon: Lexicon, encoder: Encoder
) -> None:
    """Sums, indexes and ids: the next items are judged alike."""
    other = Linking(lexicon, encoder)
    for item, event in ((GRAPHITE, "E-older"), (FRAGMENT, "E-younger")):
        linking.remember(item, event)
        other.remember(item, "E-older")
    linking.linker.merge("E-older", "E-younger")
    for number, title in enumerate(
        ("Graphite permits: what exporters need from December 1", "China graphite export permits", "Rugby final moved")
    ):
        item = told(title, hours=4 + number)
        one, same = linking.link(item), other.link(item)
        assert (one.event, one.copy_of) == (same.event, same.copy_of)
        assert [each.term for each in one.reasons] == [each.term for each in same.reasons]
        assert [each.weight for each in one.reasons] == pytest.approx([each.weight for each in same.reasons], abs=0.002)


def test_a_document_on_file_and_its_publication_are_one_event_and_the_second_repeats_the_first(linking: Linking) -> None:
    """By the number of the document, whatever the two are called; another document of the docket repeats nothing."""
    number = Identifier(type="fr_doc", value="2026-08812")
    filed = told(
        "Entity List Additions", "Rule on public inspection.", identifiers=(number,), tier=Tier.OFFICIAL, source="fr-inspection"
    )
    published = told(
        "Additions and Revisions to the Entity List",
        "Final rule.",
        identifiers=(number,),
        tier=Tier.OFFICIAL,
        source="fr",
        hours=24,
    )
    other = told(
        "Entity List; correction", identifiers=(replace(number, value="2026-09120"),), tier=Tier.OFFICIAL, source="fr", hours=48
    )
    first, second, third = (linking.link(item) for item in (filed, published, other))
    assert second.event == first.event
    assert (first.copy_of, second.copy_of, third.copy_of) == (None, filed.id, None)


BILL = told(
    "外国為替及び外国貿易法の一部を改正する法律案が閣議決定されました",
    "対内直接投資等の事前届出制度を見直すもの。令和８年２月１０日に閣議決定し、国会に提出しました。",
    lang="ja",
    country="JP",
    tier=Tier.OFFICIAL,
    source="jp-mof",
)
DRAFT = told(
    "全国人大常委会审议对外贸易法修订草案",
    "修订草案二审稿提请审议，新法自2026年3月1日起施行。",
    lang="zh",
    country="CN",
    tier=Tier.WIRE,
    source="cn-xinhua",
    hours=48,
)


@pytest.mark.parametrize("is_remembered", [False, True])
def test_measures_of_two_countries_are_two_events_however_alike_they_read(linking: Linking, is_remembered: bool) -> None:
    """Each takes a step of another law; a report of one of them in another country still joins it."""
    if is_remembered:
        linking.remember(BILL, "E-bill")
    bill = linking.link(BILL).event
    assert linking.link(DRAFT).event != bill
    report = replace(BILL, id="I-report", key="report", source="cn-press", country="CN", tier=Tier.PRESS)
    assert linking.link(report).event == bill


def test_remembered_decisions_lead_to_the_same_events(linking: Linking) -> None:
    """A linker rebuilt from the archive goes on as if it had never stopped."""
    first = told(
        "Netherlands seizes control of chip maker Nexperia", "The Dutch government invoked a law to take control of Nexperia."
    )
    later = told(
        "Dutch government takes control of Nexperia under a law",
        "The Netherlands invoked a law to take control of Nexperia.",
        hours=3,
    )
    linking.remember(first, "E-kept")
    assert linking.link(later).event == "E-kept"


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.text(min_size=1, max_size=40), st.integers(-1000, 1000)), max_size=8))
def test_any_stream_is_linked_the_same_way_twice(lexicon: Lexicon, encoder: Encoder, stream: list[tuple[str, int]]) -> None:
    """Decided from the items alone: no clock, no chance; every item has an event; dates may run backwards."""
    items = [told(title, hours=hours, id=f"I-{place}") for place, (title, hours) in enumerate(stream)]
    once, again = events(Linking(lexicon, encoder), *items), events(Linking(lexicon, encoder), *items)
    assert once == again
    assert all(event.startswith("E-") for event in once)
