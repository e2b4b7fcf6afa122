"""Saved models: earlier ones are kept, and one that disappoints is taken back."""

from __future__ import annotations

import dataclasses
import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from conftest import NOW

from monitor import bundled, models, train
from monitor.errors import UsageError
from monitor.tag import Model


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(bundled.classifiers(), tmp_path / "classifiers"))


def about(folder: Path, **changes: float) -> dict[str, object]:
    """What a manifest says beside the weights, with other F1s."""
    facts = models.manifest(folder)
    figures = facts["figures"] | {"f1": facts["figures"]["f1"] | changes}
    return {name: facts[name] for name in ("examples", "held_out_items")} | {"figures": figures}


def test_a_model_that_is_replaced_can_be_taken_back(folder: Path, model: Model) -> None:
    """By name or as the latest; the one that was in use is kept in its turn, and no weights are left over."""
    other = dataclasses.replace(model, version="0" * 12, doubt=model.doubt / 2)
    models.save(folder, other, about(folder), NOW)
    assert models.load(folder).version == other.version
    assert [each["version"] for each in models.history(folder)] == [model.version]

    models.rollback(folder, None, NOW + timedelta(hours=1))
    again = models.load(folder)
    assert again.version == model.version
    assert (again.doubt == model.doubt).all()
    assert [each["version"] for each in models.history(folder)] == [other.version]
    assert [path.name for path in (folder / "model").glob("weights*")] == [models.manifest(folder)["weights"]]

    models.rollback(folder, "0000", NOW + timedelta(hours=2))
    assert models.load(folder).version == other.version


def test_without_an_earlier_model_nothing_is_taken_back(folder: Path, model: Model) -> None:
    """The present one stays."""
    with pytest.raises(UsageError, match="no earlier model"):
        models.rollback(folder, None, NOW)
    assert models.load(folder).version == model.version


def test_no_more_models_are_kept_than_promised(folder: Path, model: Model) -> None:
    """The oldest go."""
    for number in range(models.KEPT + 3):
        named = dataclasses.replace(model, version=f"{number:012}")
        models.save(folder, named, about(folder), NOW + timedelta(hours=number))
    kept = [each["version"] for each in models.history(folder)]
    assert len(kept) == models.KEPT
    assert kept[0] == f"{models.KEPT + 1:012}"


def test_a_model_with_other_anchors_has_other_weights(folder: Path, model: Model) -> None:
    """Though its version is the same: until the manifest is replaced, the weights that it names stay as they are."""
    models.save(folder, model, about(folder))
    before = models.manifest(folder)["weights"]
    models.save(folder, dataclasses.replace(model, anchors=None), about(folder))
    assert models.manifest(folder)["weights"] != before
    assert models.load(folder).version == model.version


def test_a_crash_between_weights_and_manifest_leaves_the_present_model(folder: Path, model: Model) -> None:
    """The manifest names its weights, and is put in place last and at once."""
    (folder / "model" / "weights-ffffffffffff.npz").write_bytes(b"half of it")
    (folder / "model" / "manifest.json.new").write_text("{")
    assert models.load(folder).version == model.version


def test_a_model_is_worse_if_a_theme_is(folder: Path) -> None:
    """By more than the tolerance, on the same held-out items; others are not compared."""
    present = models.manifest(folder)
    assert train.worse(about(folder), present) == []
    less = present["figures"]["f1"]["telecom_5g"] - 2 * train.TOLERANCE
    [slip] = train.worse(about(folder, telecom_5g=less), present)
    assert slip.startswith("telecom_5g: F1 ")
    assert train.worse(about(folder, telecom_5g=0.0), present | {"held_out_items": "others"}) == []
