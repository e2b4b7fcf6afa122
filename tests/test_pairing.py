"""The decision which item belongs to which event: learned from labelled streams, saved as weights, read back, refused if damaged."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from builders import an_item
from hypothesis import given
from hypothesis import strategies as st

from monitor import bundled, classifiers, encoders, joinings, pairing
from monitor.encoders import Encoder
from monitor.errors import ModelError
from monitor.evaluate import Pairs, pairs
from monitor.identify import identify
from monitor.lexicon import Lexicon
from monitor.likeness import FEATURES, WAYS
from monitor.link import Linker
from monitor.mark import Marker, keep_latest, words
from monitor.train import as_item


@pytest.fixture(scope="module")
def reports() -> tuple[classifiers.Report, ...]:
    return classifiers.load_reports(bundled.classifiers())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(bundled.classifiers() / "linking", tmp_path / "linking")).parent


def test_the_shipped_decision_is_what_the_repository_trains(
    reports: tuple[classifiers.Report, ...], lexicon: Lexicon, encoder: Encoder
) -> None:
    """The same weights, but for what another processor rounds; most pairs of unseen events are found, hardly a wrong one."""
    examples = classifiers.load_examples(bundled.classifiers())
    start = pairing.usual([as_item(each).text for each in examples], [each.lang for each in examples], encoder)
    shipped = joinings.load(bundled.classifiers(), vectors=encoder.id)
    assert np.array_equal(start.counts, shipped.counts)
    for lang, mean in start.usual.items():
        assert mean == pytest.approx(shipped.usual[lang], abs=1e-3)
    found = pairing.train(reports, lexicon, encoder, start)
    for way in WAYS:
        assert found.joining.weights[way] == pytest.approx(shipped.weights[way], abs=0.05, rel=0.02)
    assert found.figures.f1 >= 0.55
    assert found.figures.hit / found.figures.given >= 0.9


@pytest.mark.parametrize("level", joinings.LEVELS)
def test_the_labelled_streams_are_whole(level: str) -> None:
    """Unique ids; an event lies in one storyline; at least 120 events of three items, in English, Japanese and Chinese."""
    reports = classifiers.load_reports(bundled.classifiers(), level=level)
    assert len({report.item.id for report in reports}) == len(reports)
    storylines = {report.event: report.storyline for report in reports}
    assert all(storylines[report.event] == report.storyline for report in reports)
    sizes: dict[str, int] = {}
    for report in reports:
        sizes[report.event] = sizes.get(report.event, 0) + 1
    assert sum(size >= 3 for size in sizes.values()) >= 120
    assert {"en", "ja", "zh"} <= {report.item.lang for report in reports}


def test_streams_of_large_storylines_teach_that_level_alone(reports: tuple[classifiers.Report, ...]) -> None:
    """Twenty storylines of 25 items and more; of events they would say nothing but no."""
    more = classifiers.load_reports(bundled.classifiers(), level="storyline")
    assert set(reports) < set(more)
    sizes = Counter(report.storyline for report in set(more) - set(reports))
    assert sum(size >= 25 for size in sizes.values()) >= 20


@pytest.mark.parametrize(("level", "expected"), [("event", 0.5), ("storyline", 0.5**0.5)])
def test_an_event_is_the_mean_of_its_items_and_a_storyline_their_sum(level: str, expected: float) -> None:
    """An item like one of two that have no word in common: half as like their mean, more like their sum, which has length 1."""
    joining = joinings.load(bundled.classifiers(), level=level, vectors=None)
    linker = Linker(joining)
    titles = ("graphite licences", "submarine cables", "graphite licences")
    items = [an_item(id=f"I-{place}", key=str(place), lang="en", title=title, summary="") for place, title in enumerate(titles)]
    lexicon = classifiers.load_lexicon(bundled.classifiers())
    found = [identify(item, lexicon) for item in items]
    for item, findings in zip(items[:2], found, strict=False):
        linker.add(item, linker.read(item, findings, None)[0], frozenset(), "E-whole")
    mark, _ = linker.read(items[2], found[2], None)
    [(_, beside, count)] = linker.compared(mark)
    assert (beside.values[FEATURES.index("words")], count) == (pytest.approx(expected, abs=0.05), 2)


def test_the_storyline_of_a_matter_outlives_its_first_words(lexicon: Lexicon, encoder: Encoder) -> None:
    """Reports of one matter that have little in common with each other are one storyline; another matter is another."""
    linker = Linker(joinings.load(bundled.classifiers(), level="storyline", vectors=encoder.id))
    titles = (
        "Port workers in Rotterdam strike over pay",
        "Rotterdam port strike enters second day as ships queue",
        "Unions reject pay offer, Rotterdam dockers extend strike",
        "Ships queue off Rotterdam as the strike of dockers over pay goes on",
        "Volcano erupts in Iceland, village evacuated",
    )
    items = [
        an_item(id=f"I-{place}", key=str(place), lang="en", title=title, summary="", source=f"s{place}")
        for place, title in enumerate(titles)
    ]
    rows = encoders.encode(encoder, [item.text for item in items])
    links = list(linker.link_all([(item, identify(item, lexicon)) for item in items], rows))
    assert len({link.event for link in links[:4]}) == 1
    assert links[4].is_new


def test_a_batch_is_linked_as_its_items_one_by_one(
    reports: tuple[classifiers.Report, ...], lexicon: Lexicon, encoder: Encoder
) -> None:
    """What is near in meaning is sought for all at once; the answer is the same."""
    some = [report.item for report in reports if report.stream == "events.econ-a"][:150]
    found = [identify(item, lexicon) for item in some]
    vectors = encoders.encode(encoder, [item.text for item in some])
    joining = joinings.load(bundled.classifiers(), vectors=encoder.id)
    together, alone = Linker(joining), Linker(joining)
    first = [link.event for link in together.link_all(list(zip(some, found, strict=True)), vectors)]
    assert first == [alone.link(item, each, row).event for item, each, row in zip(some, found, vectors, strict=True)]
    assert len(set(first)) < len(first)


def test_the_reasons_are_shares_of_the_decision(lexicon: Lexicon, encoder: Encoder) -> None:
    """Each feature with what it added; together with the first weight and the size they are the log-odds."""
    joining = joinings.load(bundled.classifiers(), vectors=encoder.id)
    linker = Linker(joining)
    one = an_item(id="I-1", key="1", lang="en", title="Dutch government takes control of chip maker Nexperia", summary="")
    other = an_item(id="I-2", key="2", lang="en", title="Nexperia: the Netherlands seizes control of a chip maker", summary="")
    rows = encoders.encode(encoder, [one.text, other.text])
    linker.link(one, identify(one, lexicon), rows[0])
    mark, row = linker.read(other, identify(other, lexicon), rows[1])
    [(_, found, items)] = list(linker.compared(mark, row))
    assert items == 1
    total = joining.weights[found.way][0] + sum(joining.shares(found).values())
    assert joining.log_odds(found, 1) == pytest.approx(total)
    assert list(joining.shares(found)) == list(FEATURES)


@pytest.mark.parametrize(
    ("damage", "word"),
    [
        (lambda place: _arrays(place).write_bytes(b"PK"), "damaged"),
        (lambda place: _arrays(place).unlink(), "cannot be read"),
        (lambda place: (place / "model.json").write_text("{"), "cannot be read"),
        (lambda place: _change(place, lambda facts: facts.update(model="../model/weights")), "cannot be read"),
        (lambda place: (place / "model.json").write_text('{"format": 99}'), "another version"),
        (lambda place: _change(place, lambda facts: facts["levels"].pop("event")), "damaged"),
        (lambda place: _change(place, lambda facts: facts["levels"]["event"]["plain"]["same"].update(words=1e999)), "damaged"),
    ],
)
def test_a_damaged_decision_gives_a_clear_word_and_identifiers_still_join(
    folder: Path, damage: Callable[[Path], object], word: str, caplog: pytest.LogCaptureFixture
) -> None:
    """With the command that builds it anew; judgement goes on with what needs no decision."""
    damage(folder / "linking")
    with pytest.raises(ModelError, match=word) as caught:
        joinings.load(folder, vectors=None)
    assert "monitor train --linking" in str(caught.value)
    assert joinings.load_or_none(folder, vectors=None).version == "none"
    assert "by identifiers alone" in caplog.text


def test_another_encoder_gets_the_decision_without_meaning(folder: Path) -> None:
    """Vectors of one encoder mean nothing to the weights of another."""
    assert joinings.load(folder, vectors="other/1").vectors is None


def test_pairs_are_counted_by_event_and_across_languages() -> None:
    """Three of one event of which two are found together: one pair of three, and none across."""
    assert pairs(["a", "a", "a"], ["x", "x", "y"], ["en", "en", "ja"]) == Pairs(1, 1, 3, 0, 0, 2)
    assert Pairs(1, 1, 3).f1 == pytest.approx(0.5)


@given(st.text(max_size=200))
def test_any_text_has_marks(text: str) -> None:
    """In bounds, without an exception; words of a day and a month are none."""
    assert "may" not in words(f"{text} on 1 May 2026".split("\n")[-1].rpartition(" on ")[2])
    joining = joinings.load(bundled.classifiers(), vectors=None)
    item = an_item(title=text or "x", summary=text)
    mark = Marker(joining).mark(item, identify(item, classifiers.load_lexicon(bundled.classifiers())), None)
    assert all(0 <= rarity <= 1.5 for rarity in mark.rarities.values())


@pytest.mark.parametrize("level", joinings.LEVELS)
def test_nothing_is_left_out_beforehand_that_would_be_joined(level: str) -> None:
    """The quick look at an event tells only those apart that the full one would not join."""
    folder = bundled.classifiers()
    lexicon, joining = classifiers.load_lexicon(folder), joinings.load(folder, level=level, vectors=None)
    linker = Linker(joining)
    for report in sorted(classifiers.load_reports(folder), key=lambda report: report.item.moment)[:400]:
        mark, _ = linker.read(report.item, identify(report.item, lexicon), None)
        everything = [found for found in linker.compared(mark) if joining.log_odds(*found[1:]) >= 0]
        assert [found for found in linker.compared(mark, only_joinable=True) if joining.log_odds(*found[1:]) >= 0] == everything
        linker.add(report.item, mark, frozenset(), report.event)


def test_what_was_not_named_for_long_is_forgotten() -> None:
    """Half at a time, the latest stay."""
    known = dict.fromkeys(range(11))
    keep_latest(known, 10)
    assert list(known) == [5, 6, 7, 8, 9, 10]


def test_a_decision_that_names_no_arrays_is_read(folder: Path) -> None:
    """It was saved when they had one name; the next one that is saved takes its place."""
    place = folder / "linking"
    _arrays(place).rename(place / "model.npz")
    _change(place, lambda facts: facts.pop("model"))
    decision = joinings.load(folder, vectors=None)
    joinings.save(folder, {"event": {"plain": decision}}, {})
    assert joinings.load(folder, vectors=None).version == decision.version
    assert not (place / "model.npz").exists()


def _arrays(place: Path) -> Path:
    """The one file of arrays there."""
    [found] = place.glob("*.npz")
    return found


def _change(place: Path, change: Callable[[dict[str, object]], object]) -> None:
    facts = json.loads((place / "model.json").read_text())
    change(facts)
    (place / "model.json").write_text(json.dumps(facts))
