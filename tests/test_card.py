"""The model card's figures are those of the model."""

from __future__ import annotations

import re

from conftest import ROOT

from monitor import bundled, models


def test_the_card_tells_the_manifests_figures() -> None:
    """To two places, theme by theme and language by language; retraining without a new card fails here."""
    card = (ROOT / "classifiers" / "MODEL_CARD.md").read_text(encoding="utf-8")
    figures = models.manifest(bundled.classifiers())["figures"]
    for theme, f1 in figures["f1"].items():
        row = re.search(rf"^\| {theme} \| (\S+) \| (\S+) \| (\S+) \|$", card, re.M)
        assert row is not None, theme
        expected = (figures["precision"][theme], figures["recall"][theme], f1)
        assert tuple(float(value) for value in row.groups()) == tuple(round(value, 2) for value in expected)
    for lang, value in figures["micro_f1"].items():
        assert f"{lang} {value:.2f}" in card
