"""What was learned, on disk: whatever happens while it is written, one whole state can be read."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from monitor import bundled, joinings, manifests
from monitor.likeness import Joining


class Killed(BaseException):
    """The process is gone."""


def dying_at(monkeypatch: pytest.MonkeyPatch, step: int) -> list[str]:
    """Have the process die before its n-th call that touches the disk; what was called before."""
    done: list[str] = []

    def watched(name: str) -> Callable[..., object]:
        real = getattr(os, name)

        def call(*arguments: object, **named: object) -> object:
            if len(done) == step:
                raise Killed
            done.append(name)
            return real(*arguments, **named)

        return call

    for name in ("fsync", "replace", "unlink"):
        monkeypatch.setattr(os, name, watched(name))
    return done


def state(folder: Path) -> tuple[object, bytes]:
    """A number of the manifest, and the arrays that it names."""
    facts = json.loads((folder / "manifest.json").read_text())
    return facts["number"], (folder / facts["arrays"]).read_bytes()


def test_a_crash_at_any_step_leaves_what_was_there_or_what_is_new(tmp_path: Path) -> None:
    """Never one file of each; the next writing clears away what was left."""
    outcomes = []
    for step in range(100):
        folder = tmp_path / str(step)
        folder.mkdir()
        manifests.put(folder / "manifest.json", {"number": 1}, "arrays", b"one")
        with pytest.MonkeyPatch.context() as patched:
            done = dying_at(patched, step)
            try:
                manifests.put(folder / "manifest.json", {"number": 2}, "arrays", b"two")
            except Killed:
                pass
        outcomes.append(state(folder))
        manifests.put(folder / "manifest.json", {"number": 3}, "arrays", b"three")
        assert state(folder) == (3, b"three")
        assert len(list(folder.iterdir())) == 2
        if len(done) < step:
            break
    assert set(outcomes) == {(1, b"one"), (2, b"two")}
    assert outcomes == sorted(outcomes)
    # each file is on the disk before it has its name, and the name before anything builds on it
    assert done[:6] == ["fsync", "replace", "fsync"] * 2


def test_a_decision_is_replaced_at_once_or_not_at_all(tmp_path: Path) -> None:
    """Judgement that starts meanwhile, or after a crash, joins by the earlier one."""
    folder = Path(
        shutil.copytree(bundled.classifiers(), tmp_path / "classifiers", ignore=shutil.ignore_patterns("*.jsonl", "model"))
    )
    levels = {level: {"plain": joinings.load(folder, level=level, vectors=None)} for level in joinings.LEVELS}
    other = {level: {"plain": _changed(kinds["plain"])} for level, kinds in levels.items()}
    for step in range(100):
        joinings.save(folder, levels, {})
        with pytest.MonkeyPatch.context() as patched:
            done = dying_at(patched, step)
            try:
                joinings.save(folder, other, {})
            except Killed:
                pass
        found = joinings.load(folder, vectors=None)
        assert found.version in ("later", levels["event"]["plain"].version)
        if len(done) < step:
            break
    assert step > 5
    assert (found.counts == other["event"]["plain"].counts).all()
    assert len(list((folder / "linking").iterdir())) == 2


def _changed(joining: Joining) -> Joining:
    return dataclasses.replace(joining, version="later", counts=joining.counts // 2)
