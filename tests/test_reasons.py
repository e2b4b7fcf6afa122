"""Why an item lies in its event, in words for a reader."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest
from conftest import ROOT, Run
from deciding import RULE, a_subject

from monitor.items import Entity, Reason, Tag
from monitor.likeness import FEATURES, KINDS
from monitor.reasons import linked, told, why

NAMES = {"@tech-ai": "AI", "@min-graphite": "黒鉛"}


@pytest.mark.parametrize(
    ("terms", "expected"),
    [
        ([("meaning", 9.9), ("length", -0.3), ("rarest", 2.0)], "the same meaning"),
        (
            [("names: @technology:tech-ai, =17, %2023-11-17", 2.6), ("meaning", 1.0)],
            "AI, the figure 17, 2023-11-17, the same meaning",
        ),
        ([("names: @mineral:min-graphite, #eccn:3A090, #cfr:15 CFR 744", 1.0)], "黒鉛, ECCN 3A090, 15 CFR 744"),
        ([("names: @company:co-other", 1.0)], "co-other"),
        ([("words: pipe, damaged", 0.4)], '"pipe", "damaged"'),
        ([("words: pipe, damaged", -0.4), ("meaning", 1.0)], "the same meaning"),
        ([("docket 231013-0246", 1.0)], "docket 231013-0246"),
        ([("length", 0.4), ("second", 1.0)], "what they have in common"),
        ([], ""),
    ],
)
def test_what_joined_an_item_is_told_in_words(terms: list[tuple[str, float]], expected: str) -> None:
    """Names as the text has them; nothing of the scales by which likeness is measured, and nothing that spoke against it."""
    assert linked([Reason(*each) for each in terms], NAMES) == expected


@pytest.mark.parametrize(
    ("term", "expected"),
    [
        ("黒鉛", '"黒鉛"'),
        ("@min-graphite", 'the name "黒鉛"'),
        ("#cfr 15 CFR 744", 'the identifier "15 CFR 744"'),
        ("#eccn", "an identifier of the type eccn"),
        ("{battery_metal: 黒鉛}", "battery metal (黒鉛)"),
        ("{battery_metal: 黒鉛} + {export: 輸出}", "battery metal (黒鉛) + export (輸出)"),
        ("{critical_minerals.export_curb}", "the query “export curb” of critical minerals"),
    ],
)
def test_each_kind_of_evidence_reads_as_itself(term: str, expected: str) -> None:
    """A name beside the word that it is written as; a theme's query by its name."""
    assert told(term, NAMES) == expected


def test_an_alert_says_a_word_once() -> None:
    """Though it counts as a word and as a name; and no query, which says no more than its concepts do."""
    reasons = (Reason("@min-graphite", 1.0), Reason("黒鉛", 0.5), Reason("{critical_minerals.export_curb}", 0.4))
    subject = a_subject()
    findings = replace(subject.judged.findings, entities=(Entity(id="min-graphite", type="mineral", surface="黒鉛"),))
    tags = (Tag(theme="export_control", score=0.9, is_given=True, reasons=reasons),)
    judged = replace(subject.judged, findings=findings, tags=tags)
    assert why(RULE, replace(subject, judged=judged)) == 'rule now · export_control 0.90 ("黒鉛")'


def test_the_page_on_events_tells_the_words_that_are_printed() -> None:
    """Under the items of a timeline."""
    page = (ROOT / "docs" / "events.md").read_text(encoding="utf-8")
    said = linked([Reason("names: =12", 2.0), Reason("meaning", 1.0)], {}).split(", ")
    assert [each for each in (*said, "opened the event") if each not in " ".join(page.split())] == []


def test_no_reader_sees_the_insides_of_the_decision(demo_folder: object, run: Run) -> None:
    """In show, why and event; the figures, and the classifier's own names of what it reads, stand in JSON."""
    hidden = "|".join(each.replace("_", " ") for each in FEATURES if each not in ("words", "meaning", "names", *KINDS))
    inside = re.compile(
        rf"joined by .*\b({hidden})\b|in figures|(export control|critical minerals|investment screening|telecom 5g)\.\w"
    )
    items = run("search", "since:2020", "--limit", "1000", "--format", "ids")[1].split()
    for item in items[::9]:
        for command in ("show", "why"):
            assert not inside.search(run(command, item)[1])
    links = [json.loads(run("why", item, "--json")[1])["link"]["why"] for item in items[::9]]
    assert "length" in {term for link in links for term, _ in link}
