"""Why an item lies in its event, in words for a reader."""

from __future__ import annotations

import re

import pytest
from conftest import ROOT, Run

from monitor.items import Reason
from monitor.likeness import FEATURES, KINDS
from monitor.reasons import linked

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


def test_the_page_on_events_tells_the_words_that_are_printed() -> None:
    """Under the items of a timeline."""
    page = (ROOT / "docs" / "events.md").read_text(encoding="utf-8")
    said = linked([Reason("names: =12", 2.0), Reason("meaning", 1.0)], {}).split(", ")
    assert [each for each in (*said, "opened the event") if each not in " ".join(page.split())] == []


def test_no_reader_sees_the_insides_of_the_decision(demo_folder: object, run: Run) -> None:
    """In show, why and event; the figures stand in why, under their own head."""
    hidden = "|".join(each.replace("_", " ") for each in FEATURES if each not in ("words", "meaning", "names", *KINDS))
    inside = re.compile(rf"joined by .*\b({hidden})\b")
    items = run("search", "since:2020", "--limit", "1000", "--format", "ids")[1].split()
    for item in items[::9]:
        for command in ("show", "why"):
            assert not inside.search(run(command, item)[1])
    assert "in figures: meaning +" in "".join(run("why", item)[1] for item in items[::9])
