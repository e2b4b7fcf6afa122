"""The shipped classifier: rebuilt from the repository alone, honest figures, nothing that runs code."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor import bundled, classifiers, train
from monitor.errors import ModelError
from monitor.identify import identify
from monitor.lexicon import Lexicon
from monitor.tag import FEATURES, MAX_REASONS, Model, encode, evidence, reasons, scores, tag

FLOOR = {"en": 0.5, "ja": 0.6, "zh": 0.35}
"""Micro F1 out of fold that a language must keep; raised as the corpus grows."""


@pytest.fixture(scope="module")
def examples() -> tuple[classifiers.Example, ...]:
    return classifiers.load_examples(bundled.classifiers())


@pytest.fixture(scope="module")
def trained(examples: tuple[classifiers.Example, ...], lexicon: Lexicon) -> train.Trained:
    themes = [theme.id for theme in classifiers.load_themes(bundled.classifiers())]
    return train.train(examples, themes, lexicon)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the classifiers that a test may damage."""
    return Path(shutil.copytree(bundled.classifiers(), tmp_path / "classifiers"))


def test_the_shipped_model_is_what_the_repository_trains(trained: train.Trained, model: Model) -> None:
    """Same items, same model: weights agree to the rounding of another machine's arithmetic, thresholds and themes as well."""
    assert trained.model.themes == model.themes
    assert np.allclose(trained.model.weights, model.weights, atol=2e-3)
    assert np.allclose(trained.model.thresholds, model.thresholds, atol=2e-3)


def test_its_figures_are_those_of_the_manifest_and_above_the_floor(trained: train.Trained) -> None:
    """Recomputed on held-out items, per language."""
    stated = classifiers.read_manifest(bundled.classifiers())["figures"]
    assert trained.figures.macro_f1 == pytest.approx(stated["macro_f1"], abs=0.01)
    for lang, floor in FLOOR.items():
        assert trained.figures.micro_f1[lang] >= floor


def test_the_corpus_is_whole(examples: tuple[classifiers.Example, ...]) -> None:
    """Unique ids and titles, known themes only, no item both labelled and a plain negative."""
    themes = {theme.id for theme in classifiers.load_themes(bundled.classifiers())}
    assert [each for each, n in Counter(example.id for example in examples).items() if n > 1] == []
    assert [each for each, n in Counter(example.title for example in examples).items() if n > 1] == []
    assert {label for example in examples for label in example.labels} == themes


@pytest.mark.parametrize(
    ("title", "theme"),
    [
        ("BIS adds Chinese chip makers to the Entity List, licence required for all exports", "export_control"),
        ("経産省、輸出貿易管理令を改正　半導体製造装置を輸出許可の対象に", "export_control"),
        ("商务部公告：对稀土相关物项实施出口管制", "export_control"),
        ("CFIUS orders the foreign buyer to divest its stake on national security grounds", "investment_screening"),
        ("外為法に基づく対内直接投資の事前届出、指定業種を拡大", "investment_screening"),
        ("レアアースの調達先を多様化、政府が備蓄と豪州鉱山への出資を決定", "critical_minerals"),
        ("海底ケーブルの防護を強化、通信網から中国製機器を排除へ", "telecom_5g"),
    ],
)
def test_plain_cases_are_tagged(model: Model, lexicon: Lexicon, title: str, theme: str) -> None:
    """What nobody would dispute."""
    item = train.as_item(
        classifiers.Example(
            id="x",
            lang="ja" if title[0] > "\u3000" else "en",
            title=title,
            summary="",
            labels=(),
            event="",
            register="",
            near_miss=None,
        )
    )
    [tags] = tag(model, [(item, identify(item, lexicon))])
    assert theme in [each.theme for each in tags if each.is_given]


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=300))
def test_reasons_add_up_to_the_score(model: Model, lexicon: Lexicon, text: str) -> None:
    """Exact: the weights of all terms and the intercept are the decision value; any text is scored, in bounds."""
    item = train.as_item(
        classifiers.Example(id="x", lang="en", title=text or "x", summary="", labels=(), event="", register="", near_miss=None)
    )
    terms = evidence(item.text, identify(item, lexicon))
    columns, values = encode(terms)
    probability = scores(model, columns, values)
    assert ((probability >= 0) & (probability <= 1)).all()
    for place in range(len(model.themes)):
        found = reasons(model, place, terms)
        assert len(found) <= MAX_REASONS
        decision = float((model.weights[place, columns] * values).sum() + model.intercepts[place])
        assert 1 / (1 + np.exp(-decision)) == pytest.approx(float(probability[place]), abs=1e-4)
        if len(terms) <= MAX_REASONS:
            assert sum(reason.weight for reason in found) + float(model.intercepts[place]) == pytest.approx(decision, abs=1e-2)


def test_an_encoded_text_has_length_one() -> None:
    """Long and short items weigh the same."""
    columns, values = encode(Counter({"a": 3, "b": 1}))
    assert float(values @ values) == pytest.approx(1.0)
    assert ((columns >= 0) & (columns < FEATURES)).all()
    assert encode(Counter())[1].size == 0


def test_a_saved_model_is_read_back_equal_and_is_the_same_bytes(folder: Path, model: Model) -> None:
    """Saving is deterministic."""
    classifiers.save_model(folder, model, {})
    first = (folder / "model" / "weights.npz").read_bytes()
    again = classifiers.load_model(folder)
    assert np.array_equal(again.weights, model.weights)
    assert again.version == model.version
    classifiers.save_model(folder, again, {})
    assert (folder / "model" / "weights.npz").read_bytes() == first


@pytest.mark.parametrize("name", ["model.pkl", "model.joblib", "x.pickle"])
def test_a_pickle_is_refused_unopened(folder: Path, name: str) -> None:
    """A file that could run code is named, never loaded."""
    (folder / "model" / name).write_bytes(b"cos\nsystem\n(S'touch /tmp/owned'\ntR.")
    with pytest.raises(ModelError, match=name):
        classifiers.load_model(folder)


@pytest.mark.parametrize(
    ("damage", "word"),
    [
        (lambda place: (place / "weights.npz").write_bytes((place / "weights.npz").read_bytes()[:-100]), "damaged"),
        (lambda place: (place / "weights.npz").unlink(), "cannot be read"),
        (lambda place: (place / "manifest.json").write_text("{"), "cannot be read"),
        (lambda place: (place / "manifest.json").write_text('{"format": 99}'), "another version"),
        (lambda place: (place / "manifest.json").unlink(), "no trained model"),
    ],
)
def test_a_damaged_model_gives_a_clear_word(folder: Path, damage: object, word: str) -> None:
    """With the command that builds it anew."""
    damage(folder / "model")  # type: ignore[operator]
    with pytest.raises(ModelError, match=word) as caught:
        classifiers.load_model(folder)
    assert "monitor train" in str(caught.value)


def test_weights_of_another_encoder_are_refused(folder: Path) -> None:
    """They would mean nothing."""
    path = folder / "model" / "manifest.json"
    manifest = json.loads(path.read_text())
    path.write_text(json.dumps(manifest | {"encoder": "other/1"}))
    with pytest.raises(ModelError, match="was trained for 'other/1'"):
        classifiers.load_model(folder)


def test_a_bad_training_line_is_named_by_file_and_line(folder: Path) -> None:
    """So that it can be mended."""
    path = folder / "none" / "items.en.jsonl"
    path.write_text('{"id": "x"}\n', encoding="utf-8")
    with pytest.raises(ModelError, match=r"items\.en\.jsonl:1"):
        classifiers.load_examples(folder)
