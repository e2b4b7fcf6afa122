"""Steps by number: found in the labelled texts as people find them."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from builders import a_shown, an_item

from monitor.identify import identify
from monitor.items import Shown
from monitor.lexicon import Lexicon
from monitor.stage import shown

LABELLED = [
    json.loads(line) for line in (Path(__file__).parent / "data" / "stages.jsonl").read_text(encoding="utf-8").splitlines()
]


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


def test_the_labels_are_steps_of_the_machines() -> None:
    """Each labelled step stands for the stage that its label names; each text has an id of its own."""
    assert len({row["id"] for row in LABELLED}) == len(LABELLED)
    named = [row for row in LABELLED if row["step"] is not None]
    assert [a_shown(row["step"], row["jurisdiction"]).stage.value for row in named] == [row["stage"] for row in named]


def test_the_sentence_found_stands_in_the_labelled_text() -> None:
    """It can be shown as a quotation."""
    found = [(each, labelled_text(row)) for row in LABELLED if (each := found_in(row)) is not None]
    assert all(each.sentence and each.sentence in text for each, text in found)
