"""The linker: one development, one event, whatever the language; look-alikes stay apart."""

from __future__ import annotations

from datetime import timedelta

import pytest
from builders import NOW, an_item
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor import bundled, joinings
from monitor.encoders import Encoder
from monitor.identify import identify
from monitor.items import Item, Link, Tier
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
    """What the archive remembers of it attracts nothing either."""
    linking.remember(told("Week in review: US widens chip export rules to China"), "E-round")
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
