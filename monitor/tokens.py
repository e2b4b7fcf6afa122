"""What the search index holds of a text, how a query asks for a word, and whether a text holds it: three views of one thing. Pure.

Words of alphabets are folded and lose their plural; Chinese, Japanese and Korean runs become overlapping pairs of characters, and
each of their characters stands once in a list of its own, which finds words of one character. Traditional and simplified
characters are one; hiragana and katakana are not, for タイ is Thailand and たい a wish (docs/decisions/0023).
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from operator import add

from monitor.segment import CJK, fold

BREAK = "\ue000"
"""Stands between two runs of CJK characters that do not touch, so that no word is found across a comma. Nobody can type it."""

_EITHER = re.compile(f"([{CJK}]+)|([^\\W_{CJK}]+)")
_ASCII_WORD = re.compile("[a-z0-9]+")
_PLURAL = re.compile("[a-z]{3,}s")
_UNCHANGED = frozenset(
    "news arms goods customs means lens series species always perhaps themselves ourselves besides whereas alias".split()
)
"""Words that end like a plural and are none, or mean something else than their singular."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A word or phrase as the index is asked for it."""

    match: str | None  # FTS5 expression over the pairs and words; None: the letters alone decide
    letters: str  # characters that the list of characters must hold; "" if none
    is_sure: bool  # False: what the index finds must be looked at, with count()


def normal(text: str) -> str:
    """The text as search sees it: fold(), simplified characters."""
    folded = fold(text)
    return folded if folded.isascii() else folded.translate(_simplified())


def index_texts(text: str) -> tuple[str, set[str]]:
    """The terms of a text in order, space separated, and its CJK characters."""
    folded = normal(text)
    if folded.isascii():
        return " ".join(map(stem, _ASCII_WORD.findall(folded))), set()
    found: list[str] = []
    runs: list[str] = []
    is_after_run = False
    for run, word in _EITHER.findall(folded):
        if word:
            found.append(stem(word))
        else:
            if is_after_run:
                found.append(BREAK)
            found += map(add, run, run[1:]) if len(run) > 1 else run
            runs.append(run)
        is_after_run = not word
    return " ".join(found), set("".join(runs))


@functools.lru_cache(maxsize=1 << 16)
def stem(word: str) -> str:
    """A folded word without its English plural, if it has one.

    Source: Harman 1991, How effective is suffixing?, the S stemmer; with endings in -ches, -shes, -xes, -sses and -oes beside it.
    """
    if not _PLURAL.fullmatch(word) or word in _UNCHANGED:
        return word
    if word.endswith("ies"):
        return word[:-1] if word.endswith(("eies", "aies")) or len(word) < 5 else word[:-3] + "y"
    if word.endswith(("ches", "shes", "xes", "sses")) or (word.endswith("oes") and len(word) > 5):
        return word[:-2]
    return word if word.endswith(("us", "ss", "is")) else word[:-1]


def ask(text: str, *, is_prefix: bool = False) -> Asked | None:
    """How the index is asked for a word or phrase; None if it holds nothing that is indexed."""
    runs = list(_runs(text))
    if not runs:
        return None
    if len(runs) == 1 and runs[0][1] and len(runs[0][0]) == 1:
        return Asked(None, runs[0][0], is_sure=True)
    tokens: list[str] = []
    letters = ""
    for place, (run, is_cjk) in enumerate(runs):
        if is_cjk and place and runs[place - 1][1]:
            tokens.append(BREAK)
        if not is_cjk:
            tokens.append(stem(run))
        elif len(run) > 1:
            tokens += map(add, run, run[1:])
        elif place == len(runs) - 1:
            tokens.append(run)
        else:  # the text may have more before it, and then no token of its own
            letters += run
            tokens.clear()
    last, is_cjk = runs[-1]
    if not tokens:
        return Asked(None, letters, is_sure=False)
    if is_cjk:
        match = _phrase(tokens, is_prefix=len(last) == 1)
    elif is_prefix:
        ways = [_phrase([*tokens[:-1], last], is_prefix=True), *(_phrase([*tokens[:-1], each]) for each in _short_forms(last))]
        match = ways[0] if len(ways) == 1 else f"({' OR '.join(ways)})"
    else:
        match = _phrase(tokens)
    return Asked(match, letters, is_sure=not letters)


def count(text: str, word: str, *, is_prefix: bool = False) -> int:
    """How often a text holds a word or phrase in the way that search finds it.

    CJK counts inside a run; other scripts by whole words (or their beginning, with `is_prefix`), whatever their number, in sequence.

    Args:
        text: already normal().
    """
    pattern = _pattern(word, is_prefix)
    return 0 if pattern is None else sum(1 for _ in pattern.finditer(text))


def contains(text: str, word: str, *, is_prefix: bool = False) -> bool:
    """True if a text, already normal(), holds a word or phrase in the way that search finds it."""
    pattern = _pattern(word, is_prefix)
    return pattern is not None and pattern.search(text) is not None


def _runs(text: str) -> Iterator[tuple[str, bool]]:
    """Runs of one script of a text, in order: (run, is_cjk)."""
    for run, word in _EITHER.findall(normal(text)):
        yield (run, True) if run else (word, False)


def _phrase(tokens: list[str], *, is_prefix: bool = False) -> str:
    return f'"{" ".join(tokens)}"{"*" if is_prefix else ""}'


def _short_forms(beginning: str) -> list[str]:
    """Stems of words with a beginning that do not have it themselves: "polici" begins policies, which is filed as policy."""
    found = (stem(beginning + ending) for ending in ("", "s", "es"))
    return [each for each in dict.fromkeys(found) if not each.startswith(beginning)]


def _forms(stemmed: str) -> list[str]:
    """All words that stem() makes one."""
    ways = [stemmed, stemmed + "s", stemmed + "es", *([stemmed[:-1] + "ies"] if stemmed.endswith("y") else [])]
    return [way for way in ways if stem(way) == stemmed]


@functools.lru_cache(maxsize=1024)
def _pattern(text: str, is_prefix: bool) -> re.Pattern[str] | None:
    runs = list(_runs(text))
    parts = []
    for place, (run, is_cjk) in enumerate(runs):
        is_last = place == len(runs) - 1
        if place:
            # scripts that differ may touch (5G基地局); two runs of one script have something between them
            parts.append("[\\W_]*" if is_cjk != runs[place - 1][1] else "[\\W_]+")
        if is_cjk:
            parts.append(re.escape(run))
            continue
        forms = [form for each in (stem(run), *(_short_forms(run) if is_last and is_prefix else ())) for form in _forms(each)]
        ways = [re.escape(form) + f"(?![^\\W_{CJK}])" for form in forms]
        if is_last and is_prefix:
            ways.append(re.escape(run))
        parts.append(f"(?<![^\\W_{CJK}])(?:{'|'.join(ways)})")
    return re.compile("".join(parts)) if parts else None


@functools.cache
def _simplified() -> dict[int, str]:
    """Traditional characters to simplified ones."""
    import opencc  # loads in 30 ms; a search in Latin letters does without

    han = [chr(code) for code in (*range(0x3400, 0x4DC0), *range(0x4E00, 0xA000), *range(0xF900, 0xFB00))]
    # each on a line of its own, so that no rule for words of several characters applies
    simplified = opencc.OpenCC("t2s").convert("\n".join(han)).split("\n")
    return {ord(old): new for old, new in zip(han, simplified, strict=True) if old != new and len(new) == 1}
