"""Named boolean queries of the themes, found in one pass over a text. Pure.

A cue is evidence and never the verdict: how far "an export licence, a chip and a government" speaks for export control is learned.
Concepts are cues of which others are made: {chip} in a query stands for the query named chip.

Source: one pass by Aho and Corasick 1975, as in monitor.lexicon; queries as evidence for a learner, Ratner et al. 2017 (Snorkel).
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import ahocorasick

from monitor import query
from monitor.errors import QueryError
from monitor.query import And, Field, Node, Not, Or, Word
from monitor.segment import pieces

_NAMED = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class _Any:
    """True if one of the leaves was found."""

    leaves: frozenset[int]


@dataclass(frozen=True, slots=True)
class _All:
    parts: tuple[_Test, ...]


@dataclass(frozen=True, slots=True)
class _Either:
    parts: tuple[_Test, ...]


@dataclass(frozen=True, slots=True)
class _None:
    part: _Test


_Test = _Any | _All | _Either | _None


class Cues:
    """A matcher over named queries.

    Args:
        concepts: name and query; may use each other in the order given.
        queries: name and query; may use all concepts. Words, phrases, word*, AND, OR, NOT and brackets; no fields.

    Raises:
        QueryError: one cannot be read, uses a name that is not there, or would match a text that says nothing.
    """

    def __init__(self, concepts: Mapping[str, str], queries: Mapping[str, str]) -> None:
        self.concepts = frozenset(concepts)
        said = json.dumps([dict(concepts), dict(queries)], ensure_ascii=False, sort_keys=True)
        self.digest = hashlib.sha256(said.encode()).hexdigest()[:16]  # names what the queries say
        self._leaves: dict[str, int] = {}
        self._tests: list[tuple[str, _Test, frozenset[int]]] = []  # name, test, the leaves that speak for it
        meant: dict[str, str] = {}
        for name, text in concepts.items():
            meant[name] = self._add(name, text, meant)
        for name, text in queries.items():
            self._add(name, text, meant)
        self._automaton = ahocorasick.Automaton()
        for literal, place in self._leaves.items():
            self._automaton.add_word(literal, (place, len(literal)))
        if self._leaves:
            self._automaton.make_automaton()

    def find(self, runs: Iterable[tuple[str, bool]]) -> dict[str, str]:
        """The cues that a text satisfies: concepts, with the first word of the text that speaks for each; then queries, with "".

        Args:
            runs: of the text, as segment.pieces gives them.
        """
        if not self._leaves:
            return {}
        text = f" {' '.join(run for run, _ in runs)} "
        hits: dict[int, tuple[int, int]] = {}
        for end, (place, length) in self._automaton.iter(text):
            hits.setdefault(place, (end + 1 - length, end + 1))
        if not hits:
            return {}
        return {
            name: _word(text, *min(hits[place] for place in hits.keys() & spoken)) if name in self.concepts else ""
            for name, test, spoken in self._tests
            if _holds(test, hits)
        }

    def _add(self, name: str, text: str, meant: Mapping[str, str]) -> str:
        """Keep a query; its text with the names replaced."""

        def replaced(match: re.Match[str]) -> str:
            if match[1] not in meant:
                raise QueryError(f"{name}: there is no concept {match[1]}", query=text, position=match.start())
            return f"({meant[match[1]]})"

        whole = _NAMED.sub(replaced, text)
        test = self._test(query.parse(whole), name, whole)
        if _holds(test, {}):
            raise QueryError(f"{name}: would match a text that says nothing", query=whole, position=0)
        self._tests.append((name, test, _spoken(test)))
        return whole

    def _test(self, node: Node, name: str, text: str) -> _Test:
        match node:
            case Word(word, is_prefix):
                return _Any(frozenset((self._leaf(word, is_prefix=is_prefix),)))
            case Or(nodes):
                parts = [self._test(each, name, text) for each in nodes]
                words = frozenset().union(*(each.leaves for each in parts if isinstance(each, _Any)))
                others = tuple(each for each in parts if not isinstance(each, _Any))
                return _Either((_Any(words), *others)) if others else _Any(words)
            case And(nodes):
                return _All(tuple(self._test(each, name, text) for each in nodes))
            case Not(inner):
                return _None(self._test(inner, name, text))
            case Field(field, _, _, position):
                raise QueryError(f"{name}: a theme's query has no fields such as {field}:", query=text, position=position)

    def _leaf(self, word: str, *, is_prefix: bool) -> int:
        """Place of a word among those looked for, as segment.contains would look for it."""
        runs: Sequence[tuple[str, bool]] = list(pieces(word))
        literal = " ".join(run for run, _ in runs)
        if not runs[0][1]:
            literal = f" {literal}"
        if not (runs[-1][1] or is_prefix):
            literal = f"{literal} "
        return self._leaves.setdefault(literal, len(self._leaves))


def _holds(test: _Test, hits: Mapping[int, object]) -> bool:
    match test:
        case _Any(leaves):
            return not leaves.isdisjoint(hits.keys())
        case _All(parts):
            return all(_holds(each, hits) for each in parts)
        case _Either(parts):
            return any(_holds(each, hits) for each in parts)
        case _None(part):
            return not _holds(part, hits)


def _spoken(test: _Test) -> frozenset[int]:
    """The leaves that speak for a test; those that it must not have are left out."""
    match test:
        case _Any(leaves):
            return leaves
        case _All(parts) | _Either(parts):
            return frozenset().union(*(_spoken(each) for each in parts))
        case _None():
            return frozenset()


def _word(text: str, start: int, end: int) -> str:
    """What stands at a place of a text, to the end of a word of which only the beginning was sought."""
    if text[end - 1] != " " and text[end - 1].isascii():
        end = text.index(" ", end)
    return text[start:end].strip()
