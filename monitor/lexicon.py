"""The names we know - agencies, companies, countries, minerals, laws, programmes - and where a text says them. Pure.

One pass over the text finds every name (Aho-Corasick); the longest wins. Names in Latin letters match whole words, and exactly
as written where they are so short that they are words too (EAR, Quad); names in Han, kana and Hangul match inside unspaced text, in
traditional characters as in simplified ones.

Source: Aho and Corasick 1975, Efficient string matching.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

import ahocorasick

from monitor.items import Entity
from monitor.lexiconfile import HOME
from monitor.segment import CJK
from monitor.tokens import RARE_HAN, simplified

SHORT = 4
"""Latin names of up to this many letters match only as written."""

ADDITIONAL = "control"
"""The type of names that are made of others (gallium export controls): they are found beside these and hide none."""

_WORDLY = re.compile(f"[^\\W_{CJK}]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Name:
    """An entry of the lexicon."""

    id: str
    type: str
    surfaces: tuple[tuple[str, str], ...]  # (language, name)


@dataclass(frozen=True, slots=True)
class _Surface:
    entity: int  # place in the list of names
    written: str  # NFKC, case kept
    lang: str
    is_latin: bool


class Lexicon:
    """A matcher over a list of names.

    Args:
        names: in order of preference where two share a surface.
    """

    def __init__(self, names: Iterable[Name]) -> None:
        self.names = tuple(names)
        payloads: dict[str, list[_Surface]] = {}
        for place, name in enumerate(self.names):
            for lang, surface in name.surfaces:
                written = unicodedata.normalize("NFKC", surface).strip()
                key = _key(written)
                if len(key) < 2 and written not in RARE_HAN:
                    continue
                is_latin = _WORDLY.match(written[-1]) is not None or _WORDLY.match(written[0]) is not None
                payloads.setdefault(key, []).append(_Surface(place, written, lang, is_latin))
        self._automaton = ahocorasick.Automaton()
        for key, surfaces in payloads.items():
            self._automaton.add_word(key, (len(key), tuple(surfaces)))
        if payloads:
            self._automaton.make_automaton()
        self._is_empty = not payloads

    def find(self, text: str, *, lang: str, country: str | None = None) -> tuple[Entity, ...]:
        """Entities that a text names, in order of first mention, each once.

        Args:
            lang: of the text; a name of another CJK language does not count.
            country: of the source; decides, before the language does, a name that two entities share (商務省).
        """
        if self._is_empty:
            return ()
        written = unicodedata.normalize("NFKC", text)
        keyed = _key(written)
        spans: list[tuple[int, int, _Surface]] = []
        for last, (length, surfaces) in self._automaton.iter(keyed):
            start = last + 1 - length
            surface = self._fitting(surfaces, written, start, last + 1, lang, country)
            if surface is not None:
                spans.append((start, last + 1, surface))
        found: dict[str, Entity] = {}
        end = -1
        for start, stop, surface in sorted(spans, key=lambda span: (span[0], -span[1])):
            name = self.names[surface.entity]
            if name.type != ADDITIONAL:
                if start < end:
                    continue
                end = stop
            found.setdefault(name.id, Entity(id=name.id, type=name.type, surface=written[start:stop]))
        return tuple(found.values())

    def _fitting(
        self, surfaces: tuple[_Surface, ...], text: str, start: int, stop: int, lang: str, country: str | None
    ) -> _Surface | None:
        fitting = [each for each in surfaces if _fits(each, text, start, stop, lang)]
        if len(fitting) > 1:
            for prefix in ("" if country is None else country.lower() + "-", HOME.get(lang, "")):
                own = [each for each in fitting if prefix and self.names[each.entity].id.startswith(prefix)]
                if own:
                    return own[0]
        return fitting[0] if fitting else None


def _fits(surface: _Surface, text: str, start: int, stop: int, lang: str) -> bool:
    if not surface.is_latin:
        return surface.lang in (lang, "en") or lang not in ("ja", "zh", "ko")
    if len(surface.written) <= SHORT and text[start:stop] != surface.written:
        return False
    before = start > 0 and _WORDLY.match(text[start - 1]) and _WORDLY.match(text[start])
    after = stop < len(text) and _WORDLY.match(text[stop]) and _WORDLY.match(text[stop - 1])
    return not before and not after


def _key(text: str) -> str:
    """Lower case and simplified, character by character, so that places stay the same."""
    lowered = text.lower()
    if len(lowered) != len(text):
        lowered = "".join(small if len(small := character.lower()) == 1 else character for character in text)
    return simplified(lowered)
