"""Weak labels: by the parts of the CFR that a document states, by rules that are listed."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor import bundled, classifiers, weak
from monitor.errors import ModelError
from monitor.items import Identifier


def cfr(*values: str) -> list[Identifier]:
    return [Identifier(type="cfr", value=value) for value in values]


@pytest.mark.parametrize(
    ("source", "stated", "themes"),
    [
        ("wire", ("15 CFR 744",), ("export_control",)),
        ("wire", ("15 CFR 774.1", "31 CFR 800.104"), ("export_control", "investment_screening")),
        ("wire", ("31 CFR 850",), ("investment_screening",)),
        ("wire", ("22 CFR 121",), ("export_control",)),
        ("wire", ("10 CFR 810.2",), ("export_control",)),
        ("us-fr-term-5g", ("47 CFR 54.11",), ("telecom_5g",)),
        ("wire", ("47 CFR 54.11",), ()),
        ("us-fr-term-5g", ("47 CFR 20",), ()),
        ("us-fr-ois", (), ("investment_screening",)),
        ("wire", ("15 CFR 775",), ()),
        ("wire", ("31 CFR 803",), ()),
        ("wire", ("40 CFR 744",), ()),
        ("wire", (), ()),
    ],
)
def test_each_rule_that_ships_speaks_of_its_parts_and_its_source_alone(
    source: str, stated: tuple[str, ...], themes: tuple[str, ...]
) -> None:
    """The first and the last part count, their neighbours do not."""
    assert weak.themes_of(classifiers.load_weak(bundled.classifiers()), source, cfr(*stated)) == themes


def test_every_rule_names_a_theme_and_says_why() -> None:
    """An analyst can read the list and strike a rule out."""
    themes = {theme.id for theme in classifiers.load_themes(bundled.classifiers())}
    rules = classifiers.load_weak(bundled.classifiers())
    assert rules
    assert {rule.theme for rule in rules} <= themes
    assert all(rule.why and (rule.title is None or 0 < rule.first <= rule.last) for rule in rules)


def test_every_source_that_a_rule_names_is_one_of_feeds_yaml() -> None:
    """The agency is named by the source that asks for its documents."""
    text = bundled.feeds().read_text(encoding="utf-8")
    for rule in classifiers.load_weak(bundled.classifiers()):
        assert rule.source is None or f"id: {rule.source}," in text


@pytest.mark.parametrize("rule", ["{theme: x, part: 3}", "{theme: x, why: y}", "x"])
def test_a_rule_that_is_none_is_named_by_file(tmp_path: Path, rule: str) -> None:
    """So that it can be mended."""
    (tmp_path / "weak.yaml").write_text(f"- {rule}\n")
    with pytest.raises(ModelError, match=r"weak\.yaml"):
        classifiers.load_weak(tmp_path)
