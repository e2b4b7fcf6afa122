"""The shipped classifier: rebuilt from the repository alone, honest figures, nothing that runs code."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor import bundled, classifiers, language, models, train
from monitor.encoders import Encoder
from monitor.encoders import encode as encode_texts
from monitor.errors import ModelError
from monitor.identify import identify
from monitor.items import MEANING
from monitor.lexicon import Lexicon
from monitor.tag import (
    CUE,
    FEATURES,
    MAX_REASONS,
    PAIR,
    Evidence,
    Floats,
    Model,
    decision,
    encode,
    evidence,
    reasons,
    scores,
    tag,
)

FLOOR = {"en": 0.78, "ja": 0.87, "zh": 0.8, "ko": 0.75, "de": 0.5, "fr": 0.7, "es": 0.7}
"""Micro F1 on held-out items that a language must keep; raised as the corpus grows."""

pytestmark = pytest.mark.xdist_group("model")
"""All in one process: the training takes over a minute."""


@pytest.fixture(scope="module")
def examples() -> tuple[classifiers.Example, ...]:
    return classifiers.load_examples(bundled.classifiers())


@pytest.fixture(scope="module")
def trained(examples: tuple[classifiers.Example, ...], lexicon: Lexicon, encoder: Encoder) -> train.Trained:
    themes = [theme.id for theme in classifiers.load_themes(bundled.classifiers())]
    return train.train(examples, themes, lexicon, classifiers.load_cues(bundled.classifiers()), encoder)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the classifiers that a test may damage."""
    return Path(shutil.copytree(bundled.classifiers(), tmp_path / "classifiers"))


def test_the_shipped_model_is_what_the_repository_trains(trained: train.Trained, model: Model) -> None:
    """Same items, same model: weights agree to the rounding of another machine's arithmetic, thresholds and themes as well."""
    assert trained.model.themes == model.themes
    assert model.full is not None
    assert trained.model.full is not None
    for again, shipped in ((trained.model.plain, model.plain), (trained.model.full, model.full)):
        assert np.allclose(again.weights, shipped.weights, atol=2e-3, rtol=2**-10)  # the step of half precision
        assert np.allclose(again.meaning, shipped.meaning, atol=2e-3)
        for lang, thresholds in shipped.thresholds.items():
            assert np.allclose(again.thresholds[lang], thresholds, atol=2e-3)


def test_its_figures_are_those_of_the_manifest_and_above_the_floor(trained: train.Trained) -> None:
    """Recomputed on held-out items, per language."""
    stated = models.manifest(bundled.classifiers())["figures"]
    assert trained.figures.macro_f1 == pytest.approx(stated["macro_f1"], abs=0.01)
    for lang, floor in FLOOR.items():
        assert trained.figures.micro_f1[lang] >= floor


def test_the_corpus_is_whole(examples: tuple[classifiers.Example, ...]) -> None:
    """Unique ids and titles, known themes only, no item both labelled and a plain negative."""
    themes = {theme.id for theme in classifiers.load_themes(bundled.classifiers(), with_off=True)}
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
        ("New export controls on semiconductors", "export_control"),
        ("レアアース輸出規制を強化", "critical_minerals"),
        ("Undersea cable cut in Baltic Sea", "telecom_5g"),
        ("Foreign takeover blocked on security grounds", "investment_screening"),
        ("关键矿产供应链安全", "critical_minerals"),
    ],
)
def test_plain_cases_are_tagged(model: Model, lexicon: Lexicon, encoder: Encoder, title: str, theme: str) -> None:
    """What nobody would dispute."""
    item = train.as_item(
        classifiers.Example(
            id="x",
            lang=language.detect(title),
            title=title,
            summary="",
            labels=(),
            event="",
            register="",
            near_miss=None,
        )
    )
    [tags] = tag(model, [(item, identify(item, lexicon))], encoder)
    assert theme in [each.theme for each in tags if each.is_given]


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=300), st.booleans())
def test_reasons_add_up_to_the_score(model: Model, lexicon: Lexicon, encoder: Encoder, text: str, has_vector: bool) -> None:
    """Exact: the weights of all names, the vector's share and the baseline are the decision value; any text is scored, in bounds."""
    item = train.as_item(example(text or "x"))
    read = encode(evidence(item.text, identify(item, lexicon), model.cues), model.cues)
    assert model.full is not None
    head = model.full if has_vector else model.plain
    vector = encode_texts(encoder, [item.text])[0] if has_vector else None
    decisions = decision(head, read[1], read[2], vector)
    assert ((scores(decisions) >= 0) & (scores(decisions) <= 1)).all()
    for place in range(len(model.themes)):
        found = reasons(model, head, place, read, vector, "en")
        assert len(found) <= MAX_REASONS
        value = float((head.weights[place, read[1]] * read[2]).sum() + head.intercepts[place])
        value += 0 if vector is None else float(head.meaning[place] @ vector)
        assert 1 / (1 + np.exp(-value)) == pytest.approx(float(scores(decisions)[place]), abs=1e-4)
        if len(read[0]) + has_vector <= MAX_REASONS:
            # what a text without any evidence would get: the intercept, and what every text means
            baseline = float(head.intercepts[place])
            baseline += 0 if vector is None or model.anchors is None else float(head.meaning[place] @ model.anchors.center)
            assert sum(reason.weight for reason in found) + baseline == pytest.approx(float(decisions[place]), abs=1e-2)


def test_terms_of_a_text_weigh_one_together(model: Model) -> None:
    """Long and short items weigh the same; cues come on top, each with its own weight."""
    names, columns, values = encode(Evidence(Counter({"a": 3, "b": 1}), {"chip": "半導体", "export": "exports"}), model.cues)
    assert names == ["a", "b", "{chip: 半導体}", "{export: exports}", "{chip: 半導体} + {export: exports}"]
    assert float(values[:2] @ values[:2]) == pytest.approx(1.0)
    assert values[2:].tolist() == pytest.approx([CUE, CUE, PAIR])
    assert ((columns >= 0) & (columns < FEATURES)).all()
    assert encode(Evidence(Counter(), {}), model.cues)[1].size == 0


def test_without_an_encoder_the_plain_head_decides(model: Model, lexicon: Lexicon, encoder: Encoder) -> None:
    """Its reasons then name no meaning; with one, a doubtful item is read for its meaning, told by a training item that is like it."""
    item = train.as_item(example("Licence needed for chips shipped to third countries, commerce department says"))
    pair = [(item, identify(item, lexicon))]
    [plain], [full] = tag(model, pair), tag(model, pair, encoder)
    assert not [reason for each in plain for reason in each.reasons if reason.term.startswith(MEANING)]
    told = [reason.term for each in full if each.theme == "export_control" for reason in each.reasons]
    assert [term for term in told if term.startswith(f"{MEANING} ")]


def test_an_item_without_any_sign_costs_no_vector(model: Model, lexicon: Lexicon) -> None:
    """Most of a stream is decided by the plain head alone."""

    class Never:
        id, size = "never", 512

        def encode(self, texts: Sequence[str]) -> Floats:
            raise AssertionError(texts)

    item = train.as_item(example("Swimmers win relay gold as crowd braves the rain"))
    [tags] = tag(model, [(item, identify(item, lexicon))], Never())
    assert not [each for each in tags if each.is_given]


def test_events_stay_in_their_folds_however_many_come(examples: tuple[classifiers.Example, ...]) -> None:
    """The held-out fifth is frozen: no row of an event is on both sides, and new items move none."""
    held_out = {each.event for each in examples if train.fold(each.event) == 0}
    inside = {each.event for each in examples if train.fold(each.event) != 0}
    assert not held_out & inside
    assert 0.15 < len(held_out) / (len(held_out) + len(inside)) < 0.25
    assert train.fold("us-huawei-fdpr-2020") == 0


def _weights(place: Path) -> Path:
    [found] = place.glob("weights-*.npz")
    return found


def example(title: str) -> classifiers.Example:
    """An item of a user."""
    return classifiers.Example(id="x", lang="en", title=title, summary="", labels=(), event="", register="", near_miss=None)


def test_a_saved_model_is_read_back_equal_and_is_the_same_bytes(folder: Path, model: Model) -> None:
    """Saving is deterministic."""
    models.save(folder, model, {})
    weights = _weights(folder / "model")
    first = weights.read_bytes()
    again = models.load(folder)
    assert np.array_equal(again.plain.weights, model.plain.weights)
    assert again.anchors is not None
    assert again.version == model.version
    models.save(folder, again, {})
    assert weights.read_bytes() == first


@pytest.mark.parametrize("name", ["model.pkl", "model.joblib", "x.pickle"])
def test_a_pickle_is_refused_unopened(folder: Path, name: str) -> None:
    """A file that could run code is named, never loaded."""
    (folder / "model" / name).write_bytes(b"cos\nsystem\n(S'touch /tmp/owned'\ntR.")
    with pytest.raises(ModelError, match=name):
        models.load(folder)


@pytest.mark.parametrize(
    ("damage", "word"),
    [
        (lambda place: _weights(place).write_bytes(_weights(place).read_bytes()[:-100]), "damaged"),
        (lambda place: _weights(place).unlink(), "cannot be read"),
        (lambda place: (place / "manifest.json").write_text("{"), "cannot be read"),
        (lambda place: (place / "manifest.json").write_text('{"format": 99}'), "another version"),
        (lambda place: (place / "manifest.json").unlink(), "no trained model"),
    ],
)
def test_a_damaged_model_gives_a_clear_word(folder: Path, damage: object, word: str) -> None:
    """With the command that builds it anew."""
    damage(folder / "model")  # type: ignore[operator]
    with pytest.raises(ModelError, match=word) as caught:
        models.load(folder)
    assert "monitor train" in str(caught.value)


def test_weights_of_another_encoder_are_refused(folder: Path) -> None:
    """They would mean nothing."""
    path = folder / "model" / "manifest.json"
    manifest = json.loads(path.read_text())
    path.write_text(json.dumps(manifest | {"encoder": "other/1"}))
    with pytest.raises(ModelError, match="was trained for 'other/1'"):
        models.load(folder)


def test_a_bad_training_line_is_named_by_file_and_line(folder: Path) -> None:
    """So that it can be mended."""
    path = folder / "none" / "items.en.jsonl"
    path.write_text('{"id": "x"}\n', encoding="utf-8")
    with pytest.raises(ModelError, match=r"items\.en\.jsonl:1"):
        classifiers.load_examples(folder)
