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
    ("stated", "themes"),
    [
        (("15 CFR 744",), ("export_control",)),
        (("15 CFR 774.1", "31 CFR 800.104"), ("export_control", "investment_screening")),
        (("31 CFR 850",), ("investment_screening",)),
        (("22 CFR 121",), ("export_control",)),
        (("10 CFR 810.2",), ("export_control",)),
        (("47 CFR 54.11",), ("telecom_5g",)),
        (("15 CFR 775",), ()),
        (("31 CFR 803",), ()),
        (("40 CFR 744",), ()),
        ((), ()),
    ],
)
def test_each_rule_that_ships_speaks_of_its_parts_alone(stated: tuple[str, ...], themes: tuple[str, ...]) -> None:
    """The first and the last part count, their neighbours do not."""
    assert weak.themes_of(classifiers.load_weak(bundled.classifiers()), cfr(*stated)) == themes


def test_every_rule_names_a_theme_and_says_why() -> None:
    """An analyst can read the list and strike a rule out."""
    themes = {theme.id for theme in classifiers.load_themes(bundled.classifiers())}
    rules = classifiers.load_weak(bundled.classifiers())
    assert rules
    assert {rule.theme for rule in rules} <= themes
    assert all(rule.why and rule.first <= rule.last for rule in rules)


def test_a_rule_that_is_none_is_named_by_file(tmp_path: Path) -> None:
    """So that it can be mended."""
    (tmp_path / "weak.yaml").write_text("- {theme: x, part: 3}\n")
    with pytest.raises(ModelError, match=r"weak\.yaml"):
        classifiers.load_weak(tmp_path)
