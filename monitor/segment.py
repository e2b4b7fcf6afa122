"""Cuts text of any script into the pieces that tagging, linking and search compare.

Latin, Greek, Cyrillic and digits become folded words; Chinese, Japanese and Korean runs become overlapping pairs of
characters, because pairs find every word of two characters and more without a dictionary (docs/decisions/0003). Pure; never raises.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from itertools import repeat
from operator import add

CJK = (
    "\u3005\u3007"  # 々 〇
    "\u3041-\u309f\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff"  # kana, without the middle dot, which separates
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"  # Han
    "\u1100-\u11ff\uac00-\ud7af"  # Hangul
    "\U00020000-\U0003fffd"  # Han, supplementary planes
)
"""Characters of unspaced (or, for Korean, agglutinated) scripts, as the inside of a regex class."""

_PIECE = re.compile(f"[{CJK}]+|[^\\W_{CJK}]+")
_EITHER = re.compile(f"([{CJK}]+)|([^\\W_{CJK}]+)")
_ASCII_WORD = re.compile("[a-z0-9]+")
_ACCENTED = re.compile("[\u00c0-\u024f\u1e00-\u1eff]")
_COMPATIBLE = {chr(code): unicodedata.normalize("NFKC", chr(code)) for code in (*range(0xFF01, 0xFF5F), 0x3000, 0x2026, 0xA0)}
"""Full width, ideographic space, ellipsis, no-break space: what nearly all of NFKC's work is about in news."""
_WIDE = re.compile("[\uff01-\uff5e\u3000\u2026\xa0]")

HIRAGANA = re.compile("^[\u3040-\u309f]+$")
"""A piece of hiragana alone: particles and endings."""
STOP_WORDS = frozenset(
    (
        "a an and are as at be been by for from has have in into is it its of on or over says said that the their to "
        "under was were will with after amid against more new not than this der die das und von mit auf fur im zu den "
        "des le la les de du des et en un une sur pour"
    ).split()
)
"""Words of function, folded; they carry no subject."""


def fold(text: str) -> str:
    """The text as comparisons see it: NFKC (full width, ligatures, half-width kana), case folded, Latin letters without accents.

    Source: Unicode Standard Annex 15 (NFKC), Unicode Standard section 3.13 (case folding).
    """
    if text.isascii():
        return text.lower()
    # measured: with the usual forms put in place first, normalize() mostly sees that it has nothing to do: 2 us of 22
    plain = unicodedata.normalize("NFKC", _WIDE.sub(_narrow, text))
    return _ACCENTED.sub(_bare, plain.casefold())


def _narrow(letter: re.Match[str]) -> str:
    return _COMPATIBLE[letter.group()]


def _bare(letter: re.Match[str]) -> str:
    return unicodedata.normalize("NFD", letter.group())[0]


def pieces(text: str) -> Iterator[tuple[str, bool]]:
    """Runs of one script of the folded text, in order: (run, is_cjk)."""
    folded = fold(text)
    if folded.isascii():
        return zip(_ASCII_WORD.findall(folded), repeat(False))
    return iter([(unspaced, True) if unspaced else (word, False) for unspaced, word in _EITHER.findall(folded)])


def terms(text: str) -> list[str]:
    """Words and character pairs of a text, in order, repeats kept. A CJK run of one character is a term of its own."""
    found: list[str] = []
    for run, is_cjk in pieces(text):
        if is_cjk and len(run) > 1:
            found += map(add, run, run[1:])
        else:
            found.append(run)
    return found
