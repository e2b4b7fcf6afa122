"""What a text had and has not, and what it has now: word by word, and character by character in Chinese and Japanese. Pure; never raises.

Korean has spaces between its words and goes word by word.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import Enum
from itertools import chain, groupby

_UNSPACED = (
    "\u3005\u3007\u3041-\u309f\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003fffd"
)
"""Kana and Han, as the inside of a regex class."""
_TOKEN = re.compile(rf"\d+(?:[.,:/-]\d+)*|[{_UNSPACED}]|(?:(?![{_UNSPACED}\d])\w)+|\s+|.", re.S)
"""A number or a day whole, one character of Han and kana, a word, a space, a mark."""
_SENTENCE = re.compile(r"[^.!?。！？\n]*(?:[.!?。！？\n]+\s*|$)")
_WORK = 4_000_000
"""Pairs of tokens that are compared one by one: half a second; beyond, whole sentences are compared first."""
_ALIKE = 0.3
"""Of two texts less alike than this, what they happen to share is noise: they are shown one after the other."""
_NOISE = 3
"""Letters between two changes that are taken for chance; a character of Han or kana counts two."""
_MARGIN = 60
"""Characters beside a change that stay when the rest is cut."""


class Fate(Enum):
    """What became of a piece of text."""

    SAME = " "  # it was there and is
    REMOVED = "-"  # it was there
    ADDED = "+"  # it is there now


@dataclass(frozen=True, slots=True)
class Change:
    """A piece of text and what became of it."""

    fate: Fate
    text: str  # never ""


def redline(before: str, after: str) -> tuple[Change, ...]:
    """How one text became another, in reading order, what was removed before what was added.

    What is not added, put together, is `before`; what is not removed is `after`. Two neighbours never have the same fate. () of two
    empty texts. Time is bounded: texts of 8,000 characters that share nothing take half a second.
    """
    old, new = tokens(before), tokens(after)
    head = _shared(old, new)
    tail = _shared(old[head:][::-1], new[head:][::-1])
    past, now = old[head : len(old) - tail], new[head : len(new) - tail]
    if len(past) * len(now) <= _WORK:
        parts = _compared(past, now)
    else:
        parts = (each for part in _compared(_sentences(past), _sentences(now)) for each in _refined(part))
    same = (old[:head], old[:head]), (old[len(old) - tail :], old[len(old) - tail :])
    return tuple(_joined(_unscattered(_joined(_spread(chain(same[:1], parts, same[1:]))))))


def excerpt(changes: Sequence[Change], margin: int = _MARGIN) -> tuple[Change, ...]:
    """The changes with what is near them: of what is the same, `margin` characters stay beside a change, and … for the rest."""
    found = []
    if len(changes) < 2:
        return tuple(changes)
    for place, each in enumerate(changes):
        room = margin * ((place > 0) + (place < len(changes) - 1))
        if each.fate is not Fate.SAME or len(each.text) <= room + margin:
            found.append(each)
            continue
        head = _from_start(each.text, margin) + " " if place else ""
        tail = " " + _to_end(each.text, margin) if place < len(changes) - 1 else ""
        found.append(Change(Fate.SAME, f"{head}…{tail}"))
    return tuple(found)


def marked(changes: Iterable[Change]) -> str:
    """As plain text: [-removed-] and {+added+}."""
    forms = {Fate.SAME: "{}", Fate.REMOVED: "[-{}-]", Fate.ADDED: "{{+{}+}}"}
    return "".join(forms[each.fate].format(each.text) for each in changes)


def tokens(text: str) -> list[str]:
    """The text in the pieces that are compared, and between which a line may break; put together they are the text."""
    found: list[str] = []
    for token in _TOKEN.findall(text):
        if found and unicodedata.category(token[0]).startswith("M"):  # an accent or a vowel sign belongs to its letter
            found[-1] += token
        else:
            found.append(token)
    return found


def _shared(one: Sequence[str], other: Sequence[str]) -> int:
    """How many tokens two sequences begin with alike."""
    return next((place for place, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def _sentences(found: Sequence[str]) -> list[str]:
    return [each for each in _SENTENCE.findall("".join(found)) if each]


_Part = tuple[Sequence[str], Sequence[str]]
"""What was there and what is there now, in one place; twice the same where nothing changed."""


def _compared(old: Sequence[str], new: Sequence[str]) -> Iterator[_Part]:
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    for _, start, end, new_start, new_end in matcher.get_opcodes():
        yield old[start:end], new[new_start:new_end]


def _spread(parts: Iterable[_Part]) -> Iterator[Change]:
    for old, new in parts:
        if old == new:
            yield Change(Fate.SAME, "".join(old))
            continue
        if old:
            yield Change(Fate.REMOVED, "".join(old))
        if new:
            yield Change(Fate.ADDED, "".join(new))


def _refined(part: _Part) -> Iterator[_Part]:
    """Sentences that changed, compared within, as long as that is no work."""
    old, new = (tokens("".join(each)) for each in part)
    return iter([part]) if old == new or len(old) * len(new) > _WORK else _compared(old, new)


def _joined(changes: Iterable[Change]) -> Iterator[Change]:
    """Without empty pieces; of changes in one place, all that was removed and then all that was added."""
    for is_same, group in groupby((each for each in changes if each.text), key=lambda each: each.fate is Fate.SAME):
        here = list(group)
        for fate in (Fate.SAME,) if is_same else (Fate.REMOVED, Fate.ADDED):
            text = "".join(each.text for each in here if each.fate is fate)
            if text:
                yield Change(fate, text)


def _unscattered(changes: Iterable[Change]) -> Iterator[Change]:
    """Without the few letters that two rewritten texts share by chance: a change is read in one piece, not in splinters."""
    found = list(changes)
    same = sum(len(each.text) for each in found if each.fate is Fate.SAME)
    whole = sum(len(each.text) for each in found if each.fate is not Fate.REMOVED)
    past = sum(len(each.text) for each in found if each.fate is not Fate.ADDED)
    is_rewritten = same < _ALIKE * min(whole, past)  # a text that was only added to keeps all of itself
    for place, each in enumerate(found):
        between = 0 < place < len(found) - 1
        if each.fate is Fate.SAME and (is_rewritten or (between and _weight(each.text) <= _NOISE)):
            yield Change(Fate.REMOVED, each.text)
            yield Change(Fate.ADDED, each.text)
        else:
            yield each


def _weight(text: str) -> int:
    """Letters of a text, one of Han or kana for two."""
    return sum(2 if re.match(f"[{_UNSPACED}]", letter) else 1 for letter in text if letter.isalnum())


def _from_start(text: str, limit: int) -> str:
    """At most `limit` characters of the beginning, no token cut."""
    found = ""
    for token in tokens(text[: limit + 1])[:-1]:
        found += token
    return found.rstrip()


def _to_end(text: str, limit: int) -> str:
    """At most `limit` characters of the end, no token cut."""
    return "".join(tokens(text[-limit - 1 :])[1:]).lstrip()
