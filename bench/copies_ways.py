"""The ways to find copies that bench.copies measures: by whole texts, by 3-grams, with libraries of MinHash and SimHash, and ours."""

from __future__ import annotations

import subprocess
import sys
import venv
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

from bench.copies_pairs import Told
from monitor.copies import Copies
from monitor.dedupe import fingerprint
from monitor.segment import terms

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("datasketch==2.0.0", "rensa==0.5.0", "simhash==2.1.2")
LIVE = 10_000
NOW = datetime(2026, 5, 1, tzinfo=UTC)


class Way(Protocol):
    """A way to find copies."""

    name: str

    def add(self, id: int, told: Told) -> None: ...
    def find(self, told: Told) -> Iterable[int]: ...


class Exact:
    name = "fingerprint (whole text)"

    def __init__(self) -> None:
        self._ids: dict[str, list[int]] = defaultdict(list)

    def add(self, id: int, told: Told) -> None:
        self._ids[fingerprint(*told)].append(id)

    def find(self, told: Told) -> Iterable[int]:
        return self._ids.get(fingerprint(*told), ())


def shingles(told: Told) -> set[str]:
    """Word 3-grams, pairs of characters as words: what every way below compares."""
    words = terms(f"{told[0]}\n{told[1]}")
    size = min(3, len(words))
    return {" ".join(words[i : i + size]) for i in range(len(words) - size + 1)} if words else set()


def figures(told: Told) -> frozenset[str]:
    return frozenset(word for word in terms(told[0]) if any(each.isdigit() for each in word))


class Sets:
    """Share of 3-grams in common, of both texts or, `is_contained`, of the smaller; exact, by an index of all 3-grams."""

    def __init__(self, name: str, floor: float, *, is_contained: bool = False, has_figures: bool = False) -> None:
        self.name = name
        self._floor, self._is_contained, self._has_figures = floor, is_contained, has_figures
        self._texts: dict[int, tuple[int, frozenset[str]]] = {}
        self._ids: dict[str, list[int]] = defaultdict(list)

    def add(self, id: int, told: Told) -> None:
        mine = shingles(told)
        self._texts[id] = len(mine), figures(told)
        for each in mine:
            self._ids[each].append(id)

    def find(self, told: Told) -> Iterable[int]:
        mine, here = shingles(told), figures(told)
        shared = Counter(id for each in mine for id in self._ids.get(each, ()))
        for id, common in shared.items():
            size, there = self._texts[id]
            whole = min(len(mine), size) if self._is_contained else len(mine) + size - common
            if common / whole >= self._floor and (not self._has_figures or here == there):
                yield id


class Datasketch:
    def __init__(self, floor: float) -> None:
        from datasketch import MinHash, MinHashLSH

        self.name = f"MinHash LSH, datasketch ({floor})"
        self._sketch, self._floor = MinHash, floor
        self._index = MinHashLSH(threshold=floor, num_perm=128)
        self._sketches: dict[int, object] = {}

    def _of(self, told: Told) -> object:
        sketch = self._sketch(num_perm=128)
        sketch.update_batch([each.encode("utf-8", "surrogatepass") for each in shingles(told)])
        return sketch

    def add(self, id: int, told: Told) -> None:
        self._sketches[id] = sketch = self._of(told)
        self._index.insert(id, sketch)

    def find(self, told: Told) -> Iterable[int]:
        mine = self._of(told)
        return [id for id in self._index.query(mine) if mine.jaccard(self._sketches[id]) >= self._floor]  # type: ignore[attr-defined]


class Rensa:
    def __init__(self, floor: float) -> None:
        from rensa import RMinHash, RMinHashLSH

        self.name = f"MinHash LSH, rensa ({floor})"
        self._sketch, self._floor = RMinHash, floor
        self._index = RMinHashLSH(threshold=floor, num_perm=128, num_bands=32)
        self._sketches: dict[int, object] = {}

    def _of(self, told: Told) -> object:
        sketch = self._sketch(num_perm=128, seed=42)
        sketch.update(list(shingles(told)))
        return sketch

    def add(self, id: int, told: Told) -> None:
        self._sketches[id] = sketch = self._of(told)
        self._index.insert(id, sketch)

    def find(self, told: Told) -> Iterable[int]:
        mine = self._of(told)
        return [id for id in self._index.query(mine) if mine.jaccard(self._sketches[id]) >= self._floor]  # type: ignore[attr-defined]


class Simhashes:
    def __init__(self, bits: int) -> None:
        from simhash import Simhash, SimhashIndex

        self.name = f"SimHash, simhash ({bits} of 64 bits)"
        self._hash = Simhash
        self._index = SimhashIndex([], k=bits)

    def add(self, id: int, told: Told) -> None:
        self._index.add(str(id), self._hash(sorted(shingles(told))))

    def find(self, told: Told) -> Iterable[int]:
        return [int(id) for id in self._index.get_near_dups(self._hash(sorted(shingles(told))))]


class Ours:
    name = "monitor.copies"

    def __init__(self) -> None:
        self._copies = Copies(capacity=10 * LIVE)

    def add(self, id: int, told: Told) -> None:
        self._copies.add(str(id), *told, NOW)

    def find(self, told: Told) -> Iterable[int]:
        return [int(copy.id) for copy in self._copies.find(*told, NOW + timedelta(hours=3))]


def ways() -> list[Callable[[], Way]]:
    found: list[Callable[[], Way]] = [
        Exact,
        lambda: Sets("resemblance 0.6, figures of the title", 0.6, has_figures=True),
        lambda: Sets("containment 0.7", 0.7, is_contained=True),
        lambda: Sets("containment 0.7, figures of the title", 0.7, is_contained=True, has_figures=True),
    ]
    if _libraries():
        found += [
            lambda: Simhashes(3),
            lambda: Simhashes(8),
            lambda: Datasketch(0.6),
            lambda: Datasketch(0.4),
            lambda: Rensa(0.6),
        ]
    return [*found, Ours]


def _libraries() -> bool:
    """The libraries, installed for this benchmark alone; False if that cannot be done here."""
    folder = ROOT / "build" / "bench" / "copies"
    ready = folder / "ready"
    if not ready.exists() or ready.read_text() != " ".join(PACKAGES):
        venv.create(folder, with_pip=True, clear=True)
        pip = [str(folder / "bin" / "python"), "-m", "pip", "--quiet", "--disable-pip-version-check", "install", *PACKAGES]
        if subprocess.run(pip, stdout=sys.stderr, check=False).returncode != 0:
            print(f"bench: left out, cannot be installed: {' '.join(PACKAGES)}", file=sys.stderr)
            return False
        ready.write_text(" ".join(PACKAGES))
    sys.path += [str(each) for each in folder.glob("lib/python3*/site-packages")]  # behind our own: numpy stays ours
    return True
