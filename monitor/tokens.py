"""What the search index holds of a text, how a query asks for a word, and whether a text holds it: three views of one thing. Pure.

Words of alphabets are folded and lose their accents and their plural; runs of scripts without spaces become overlapping pairs of
characters, and each of their characters stands once in a list of its own, which finds words of one character. Traditional and
simplified characters are one; hiragana and katakana are not, for タイ is Thailand and たい a wish (docs/decisions/0023).
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from operator import add

from monitor.segment import CJK, fold

UNSPACED = CJK + (
    "\u0e01-\u0e3a\u0e40-\u0e4e\u0e50-\u0e59"  # Thai, with its vowel signs and tone marks
    "\u0e81-\u0edf"  # Lao
    "\u1000-\u1049\u1050-\u109f"  # Burmese
    "\u1780-\u17d3\u17d7\u17dc\u17dd\u17e0-\u17e9"  # Khmer
)
"""Characters of scripts that put no spaces between words, as the inside of a regex class. Full stops of the four are none.

Wider than segment.CJK, which the classifiers were trained on.
"""
HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
"""Characters that may be traditional ones, as the inside of a regex class: normal() knows them by a table that loads in 30 ms."""
RARE_HAN = frozenset(
    "镓鎵锗鍺锑銻钨鎢镍鎳钴鈷锂鋰锰錳铟銦铋鉍碲钼鉬铌鈮钽鉭钛鈦钒釩镁鎂铍鈹钪鈧钇釔镧鑭铈鈰镨鐠钕釹钐釤铕銪钆釓铽鋱镝鏑钬鈥铒鉺铥銩镱鐿镥鎦"
    "铂钯鈀铱銥铀鈾氦锌鋅锆鋯铪鉿铼錸"
)
"""Names of elements that hardly stand in another word; 铜, 银, 锡, 铝 and 硅 do: 铜陵, 银行, 无锡, 铝合金, 硅谷."""
BREAK = "\ue000"
"""Stands between two unspaced runs that do not touch, so that no word is found across a comma. Nobody can type it."""

_HAN = re.compile(f"[{HAN}]")
_EITHER = re.compile(f"([{UNSPACED}]+)|([^\\W_{UNSPACED}]+)")
_BETWEEN = re.compile(f"(?:(?![{UNSPACED}])[\\W_])*")
_ASCII_WORD = re.compile("[a-z0-9]+")
_PLURAL = re.compile("[a-z]{3,}s")
_SHORTENED = re.compile("[b-df-hj-np-tv-z]{2}us")
"""Plurals of abbreviations that end in u: gpus, mcus, skus."""
_UNCHANGED = frozenset(
    "news arms goods customs means lens series species always perhaps themselves ourselves besides whereas alias bias atlas canvas "
    "biogas plus thus bios cmos".split()
)
"""Words that end like a plural and are none, or mean something else than their singular."""
_IRREGULAR = dict(
    pair.split(":")
    for pair in (
        "evs:ev ics:ic pcs:pc tvs:tv jvs:jv mps:mp vcs:vc mous:mou ecus:ecu emus:emu apus:apu ipus:ipu "
        "gases:gas gasses:gas biogases:biogas buses:bus busses:bus minibuses:minibus lenses:lens biases:bias aliases:alias "
        "atlases:atlas canvases:canvas viruses:virus coronaviruses:coronavirus bonuses:bonus campuses:campus statuses:status "
        "focuses:focus censuses:census consensuses:consensus surpluses:surplus nexuses:nexus caucuses:caucus "
        "prospectuses:prospectus apparatuses:apparatus corpuses:corpus bureaus:bureau bureaux:bureau plateaus:plateau menus:menu "
        "gurus:guru crises:crisis analyses:analysis hypotheses:hypothesis diagnoses:diagnosis memoranda:memorandum "
        "criteria:criterion phenomena:phenomenon addenda:addendum matrices:matrix appendices:appendix "
        "shelves:shelf halves:half women:woman caches:cache niches:niche headaches:headache impasses:impasse canoes:canoe "
        "movies:movie cookies:cookie calories:calorie sorties:sortie rookies:rookie selfies:selfie "
        "quizzes:quiz quartzes:quartz blitzes:blitz waltzes:waltz"
    ).split()
)
"""Plurals that the rules of stem() do not bring to their singulars."""
_KEPT = frozenset("йўїќѓ")
"""Letters of their own, not others with an accent."""
_ONE = {"ł": "l", "ø": "o", "đ": "d", "ı": "i", "ħ": "h", "ŧ": "t"}
_TWO = {"æ": "ae", "œ": "oe", "þ": "th"}
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u180b-\u180d\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufe00-\ufe0f\ufeff\U000e0100-\U000e01ef]"
)
"""Soft hyphens, zero-width characters, marks of direction, variation selectors."""
_VOICED = "\u3099\u309a"
"""Marks of kana, which mean another letter."""
_GONE = "\uffff"
"""Stands for a while for what is to be taken out or to become two letters. No character."""
_MOST_KEPT = 0xFFFF
"""Characters beyond are looked at each time: they are rare, and there are a million of them."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A word or phrase as the index is asked for it."""

    match: str | None  # FTS5 expression over the pairs and words; None: the letters alone decide
    letters: str  # characters that the list of characters must hold; "" if none
    is_sure: bool  # False: what the index finds must be looked at, with count()


def normal(text: str) -> str:
    """The text as search sees it: fold(), in no alphabet an accent, nothing invisible, simplified characters."""
    if text.isascii():
        return text.lower()
    folded = fold(text)
    if folded.isascii():
        return folded
    found = folded.translate(_LETTERS)
    if _GONE not in found:
        return found
    return normal("".join(_TWO.get(old, "" if new == _GONE else old) for old, new in zip(folded, found, strict=True)))


def simplified(text: str) -> str:
    """The text in simplified characters, as many as before: one stands for one."""
    return text.translate(_simplified()) if _HAN.search(text) else text


class _Letters(dict[int, int]):
    """What becomes of each letter, looked at when it is first met. Measured: a third faster than a table with holes."""

    def __missing__(self, code: int) -> int:
        letter = chr(code)
        found = _simplified().get(code, code) if _HAN.match(letter) else _plain(letter)
        if code <= _MOST_KEPT:
            self[code] = found
        return found


_LETTERS = _Letters()


def _plain(letter: str) -> int:
    """A folded letter without its accent; _GONE for what is not one letter."""
    name = unicodedata.name(letter, "")
    if letter in _TWO or _INVISIBLE.match(letter) or (name.startswith("COMBINING") and letter not in _VOICED):
        return ord(_GONE)
    if letter in _KEPT or not name.startswith(("LATIN", "GREEK", "CYRILLIC")):
        return ord(letter)
    return ord(_ONE.get(letter) or unicodedata.normalize("NFD", letter)[0])


def index_texts(text: str) -> tuple[str, set[str]]:
    """The terms of a text in order, space separated, and its characters of unspaced scripts."""
    folded = normal(text)
    if folded.isascii():
        return " ".join(map(stem, _ASCII_WORD.findall(folded))), set()
    found: list[str] = []
    unspaced: list[str] = []
    is_after_run = False
    for run, word in _EITHER.findall(folded):
        if word:
            found.append(stem(word))
        else:
            if is_after_run:
                found.append(BREAK)
            found += map(add, run, run[1:]) if len(run) > 1 else run
            unspaced.append(run)
        is_after_run = not word
    return " ".join(found), set("".join(unspaced))


@functools.lru_cache(maxsize=1 << 16)
def stem(word: str) -> str:
    """A folded word without its English plural, if it has one.

    Source: Harman 1991, How effective is suffixing?, the S stemmer; with endings in -ches, -shes, -xes, -sses and -oes beside it, and
    a list of irregular plurals.
    """
    if (singular := _IRREGULAR.get(word)) is not None:
        return singular
    if not _PLURAL.fullmatch(word) or word in _UNCHANGED:
        return word
    if word.endswith("ies"):
        return word[:-1] if word.endswith(("eies", "aies")) or len(word) < 5 else word[:-3] + "y"
    if word.endswith(("ches", "shes", "xes", "sses")) or (word.endswith("oes") and len(word) > 5):
        return word[:-2]
    return word if word.endswith(("us", "ss", "is")) and not _SHORTENED.fullmatch(word) else word[:-1]


def ask(text: str, *, is_prefix: bool = False) -> Asked | None:
    """How the index is asked for a word or phrase; None if it holds nothing that is indexed."""
    found = list(runs(text))
    if not found:
        return None
    if len(found) == 1 and found[0][1] and len(found[0][0]) == 1:
        return Asked(None, found[0][0], is_sure=True)
    tokens: list[str] = []
    letters = ""
    for place, (run, is_unspaced) in enumerate(found):
        if is_unspaced and place and found[place - 1][1]:
            tokens.append(BREAK)
        if not is_unspaced:
            tokens.append(stem(run))
        elif len(run) > 1:
            tokens += map(add, run, run[1:])
        elif place == len(found) - 1:
            tokens.append(run)
        else:  # the text may have more before it, and then no token of its own
            letters += run
            tokens.clear()
    last, is_unspaced = found[-1]
    if not tokens:
        return Asked(None, letters, is_sure=False)
    if is_unspaced:
        match = _phrase(tokens, is_prefix=len(last) == 1)
    elif is_prefix:
        ways = [_phrase([*tokens[:-1], last], is_prefix=True), *(_phrase([*tokens[:-1], each]) for each in _short_forms(last))]
        match = ways[0] if len(ways) == 1 else f"({' OR '.join(ways)})"
    else:
        match = _phrase(tokens)
    return Asked(match, letters, is_sure=not letters)


def count(text: str, word: str, *, is_prefix: bool = False) -> int:
    """How often a text holds a word or phrase in the way that search finds it.

    Unspaced scripts count inside a run; others by whole words (or their beginning, with `is_prefix`), whatever their number, in sequence.

    Args:
        text: already normal().
    """
    sought = _sought(word, is_prefix)
    return 0 if sought is None or sought.beginning not in text else sum(1 for _ in _places(text, sought))


def contains(text: str, word: str, *, is_prefix: bool = False) -> bool:
    """True if a text, already normal(), holds a word or phrase in the way that search finds it."""
    sought = _sought(word, is_prefix)
    return sought is not None and sought.beginning in text and any(True for _ in _places(text, sought))


def runs(text: str) -> Iterator[tuple[str, bool]]:
    """Runs of one script of a text, in order: (run, is_unspaced). Already normal()."""
    for run, word in _EITHER.findall(normal(text)):
        yield (run, True) if run else (word, False)


def _phrase(tokens: list[str], *, is_prefix: bool = False) -> str:
    return f'"{" ".join(tokens)}"{"*" if is_prefix else ""}'


def _short_forms(beginning: str) -> list[str]:
    """Stems of words with a beginning that do not have it themselves: "polici" begins policies, which is filed as policy."""
    words = [*(beginning + ending for ending in ("", "s", "es")), *(each for each in _IRREGULAR if each.startswith(beginning))]
    found = map(stem, words)
    return [each for each in dict.fromkeys(found) if not each.startswith(beginning)]


def _forms(stemmed: str) -> list[str]:
    """All words that stem() makes one."""
    ways = [stemmed, stemmed + "s", stemmed + "es", *([stemmed[:-1] + "ies"] if stemmed.endswith("y") else [])]
    ways += [plural for plural, singular in _IRREGULAR.items() if singular == stemmed]
    return [way for way in dict.fromkeys(ways) if stem(way) == stemmed]


@dataclass(frozen=True, slots=True)
class _Part:
    """A run of a word or phrase that is looked for."""

    run: str
    is_unspaced: bool
    forms: frozenset[str] = frozenset()  # the words that it stands for; of an unspaced run none
    is_open: bool = False  # True: a word may begin with it and go on as it likes


@dataclass(frozen=True, slots=True)
class _Sought:
    """A word or phrase that is looked for, without a regular expression: to compile one takes 3 ms and more here."""

    beginning: str  # of all forms of the first part
    parts: tuple[_Part, ...]


@functools.lru_cache(maxsize=1 << 16)
def _sought(text: str, is_prefix: bool) -> _Sought | None:
    """None if the text holds nothing to look for."""
    found = list(runs(text))
    parts = []
    for place, (run, is_unspaced) in enumerate(found):
        is_open = is_prefix and not is_unspaced and place == len(found) - 1
        forms = () if is_unspaced else _forms_of(run, is_prefix=is_open)
        parts.append(_Part(run, is_unspaced, frozenset(forms), is_open))
    if not parts:
        return None
    beginning = parts[0].run
    while not all(form.startswith(beginning) for form in parts[0].forms):
        beginning = beginning[:-1]
    return _Sought(beginning, tuple(parts))


def _forms_of(run: str, *, is_prefix: bool) -> list[str]:
    """All words that are one with a word; with `is_prefix` also those that are one with words that it begins."""
    return [form for each in (stem(run), *(_short_forms(run) if is_prefix else ())) for form in _forms(each)]


def _places(text: str, sought: _Sought) -> Iterator[int]:
    """Where a text, already normal(), holds a word or phrase."""
    at = text.find(sought.beginning)
    while at >= 0:
        end = _end(text, at, sought.parts)
        if end is not None:
            yield at
        at = text.find(sought.beginning, at + 1 if end is None else end)


def _end(text: str, at: int, parts: tuple[_Part, ...]) -> int | None:
    """Where the parts end that stand in a text from a place on; None if they do not stand there."""
    before = _EITHER.match(text[at - 1]) if at and not parts[0].is_unspaced else None
    if before is not None and before[2]:
        return None
    last = None
    for part in parts:
        if last is not None:
            start, at = at, _skipped(text, at)
            # scripts that differ may touch (5G基地局); two runs of one script have something between them
            if start == at and part.is_unspaced == last.is_unspaced:
                return None
        last = part
        if part.is_unspaced:
            if not text.startswith(part.run, at):
                return None
            at += len(part.run)
            continue
        found = _EITHER.match(text, at)
        if found is None or not (found[2] in part.forms or (part.is_open and found[2] and found[2].startswith(part.run))):
            return None
        at = found.end()
    return at


def _skipped(text: str, at: int) -> int:
    """Where what is between two runs ends that begins at a place."""
    found = _BETWEEN.match(text, at)
    assert found is not None
    return found.end()


@functools.cache
def _simplified() -> dict[int, int]:
    """Traditional characters to simplified ones."""
    import opencc  # loads in 30 ms; a search without Han characters does without

    han = [chr(code) for code in (*range(0x3400, 0x4DC0), *range(0x4E00, 0xA000), *range(0xF900, 0xFB00))]
    # each on a line of its own, so that no rule for words of several characters applies
    simplified = opencc.OpenCC("t2s").convert("\n".join(han)).split("\n")
    return {ord(old): ord(new) for old, new in zip(han, simplified, strict=True) if old != new and len(new) == 1}
