"""Recognises a text that was told before in nearly the same words: a syndicated story, a cut lead, a second headline. Pure.

Two texts that are alike but for a number, a date or a name are two measures, not one: notices of a series read so. What a
publisher adds at the edges says nothing; so says nothing how it writes quotes, dashes, capitals and wide letters.
"""

from __future__ import annotations

import re
import unicodedata
from array import array
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from difflib import SequenceMatcher
from functools import lru_cache
from itertools import chain
from zlib import crc32

from monitor.segment import CJK, HIRAGANA, STOP_WORDS, fold, terms

WINDOW = timedelta(days=14)
"""Copies appear within days; the same words months later are a new notice."""
TITLE_WINDOW = timedelta(days=2)
"""As WINDOW, where there is nothing but a title: weekly lists bear one title for ever."""
CAPACITY = 20_000
"""Texts remembered; the first added go first. 3.7 kB each."""
MIN_TITLE = 6
MIN_LEAD = 7
MIN_TELLING_LEAD = 10
"""Words (two CJK characters count as one) from which on a title alone, a lead, a lead under another title can be recognised."""
ALIKE = 0.5
"""Share of their terms that two titles have in common, from which on they are forms of one title."""
AKIN = 0.3
"""Share of the shorter title's terms that stand in the other, where the leads are the same: a lead may be a form, too."""
CONTAINED = 0.7
"""Share of the shorter lead's shingles that stand in the other, under one title."""
RESEMBLING = 0.65
"""Share of both leads' shingles in common (Jaccard), under two titles. All set with bench/copies.py; docs/decisions/0014."""

_SAME_FORM = 0.6
"""Share of the longer title's words that stand in the other, in order, if the two are one form."""
_SHINGLE = 3
_WINNOW = 4
_CROWDED = 64  # texts that are found by one mark: the first; what more bear is a phrase of forms, or the story of the day
_CANDIDATES = 12
_MAX_TITLE, _MAX_LEAD = 500, 800  # characters
_MAX_ALIGNED = 300  # words, or CJK characters, of a lead that are laid beside those of the other: costs their square
_OPENING = 12  # terms
_SWAP = 6  # words, or pairs of characters: a longer passage that differs was not put in the place of the other

_AGENCIES = (
    r"reuters|ap|afp|dpa|efe|ansa|tass|bloomberg|kyodo|jiji|xinhua|yonhap|nikkei|pti|ロイター|共同|共同通信|時事|時事通信|日経|"
    r"新华社|新華社|中新社|中新网|中央社|路透|路透社|法新社|美联社|연합뉴스|뉴시스|뉴스1"
)
_SHOUTS = (
    r"breaking(?: news)?|exclusive|update|wrapup|refile|rpt|flash|alert|just in|速報|独自|詳報|更新|快讯|快訊|独家|獨家|要闻|"
    r"突发|최신|속보|단독|종합|긴급"
)
_OPEN, _CLOSE = "[(<【〔〈《]", "[])>】〕〉》]"
_TITLE_HEAD = re.compile(
    rf"^(?:\s*(?:{_OPEN}\s*(?:{_SHOUTS}|{_AGENCIES})\s*\d?\s*{_CLOSE}|(?:{_SHOUTS})\s*\d*\s*[-:|–—・]|(?:{_AGENCIES})\s*[:|]))+\s*",
    re.I,
)
_TITLE_TAIL = re.compile(rf"(?:\s*{_OPEN}\s*(?:{_AGENCIES})\s*{_CLOSE}|\s*[-–—|]\s*(?:{_AGENCIES}))\s*$", re.I)
_PUBLISHER = re.compile(r"(?:\s+[-–—]\s+|\s*\|\s*)[^-–—|\d]{2,40}$")
_EDGE = re.compile("[-–—|\\])>】〕〉》]")
"""Without one of these a title ends in no publisher: to look for one costs ten times as much."""
_LEAD_HEAD = re.compile(
    rf"^\s*(?:[^.。]{{0,40}}\((?:{_AGENCIES})\)\s*[-–—:]*|【[^】\d]{{1,20}}】|(?:{_AGENCIES})[^,，。]{{1,12}}日电|\([^()]{{1,12}}=(?:{_AGENCIES})\)[^=。]{{0,20}}=)\s*",
    re.I,
)
_LEAD_TAIL = re.compile(
    r"[\s\[(【（]*(?:(?:continue reading|read more|read the full story|full story|more|続きを読む|続きはこちら|全文を読む|"
    r"阅读全文|閱讀全文|查看全文|더보기|자세히 보기)[\s\])】）.>»→]*)+$",
    re.I,
)
_CUT = re.compile(r"[\s\[(【]*(?:\.\.+|・・+|…)[\s\])】]*$")
_LAST_WORD = re.compile(f"[^\\W_{CJK}]*$")
_HANGUL = "\u1100-\u11ff\uac00-\ud7af"
_TOKEN = re.compile(f"[{_HANGUL}]+|[\u30a1-\u30fa\u30fc]+|[{CJK}]|[^\\W_{CJK}]+")
_HANGUL_WORD = re.compile(f"[{_HANGUL}]")
_CJK_TOKEN = re.compile(f"[{CJK}]")
_WORD = re.compile(f"[^\\W_{CJK}]+")
_HAN_FIGURE = re.compile("[〇零一二三四五六七八九十百千万萬億亿]{2,}")
_CORRECTION = re.compile(
    r"\b(?:correct(?:ed|ion|s|ing)|corrigend(?:um|a)|errat(?:um|a)|retract\w+|withdraw\w*|berichtigung|rectificati\w+|rectificatif)\b|"
    r"訂正|正誤|撤回|更正|勘误|勘誤|정정|바로잡",
    re.I,
)
_FIGURE_WORDS = {
    word: str(number) for number, word in enumerate("zero one two three four five six seven eight nine ten eleven twelve".split())
}
_ORDINALS = frozenset("first second third fourth fifth sixth seventh eighth ninth tenth".split())
_PARTICLES = frozenset("的了就将將和与與及在对對被把已也은는이가을를의에와과도로")


_Place = tuple[str, list[re.Match[str]], re.Match[str]]
"""A text, its words before, and the word."""


@dataclass(frozen=True, slots=True)
class Copy:
    """A text that says the same."""

    id: str
    score: float  # 0..1, share of the words that both have
    why: str  # how they differ, for the analyst


@dataclass(frozen=True, slots=True)
class _Text:
    title: str  # without what publishers add
    lead: str
    title_words: float
    lead_words: float
    title_terms: frozenset[str]
    lead_shingles: array[int]  # all, sorted
    marks: array[int]  # the shingles that it is found by
    when: datetime


class Copies:
    """What was told of late. `find` looks up, `add` remembers; the cost of both does not grow with what is remembered."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._capacity = capacity
        self._texts: OrderedDict[str, _Text] = OrderedDict()  # a dict looks 7 us for its first key, once many went from there
        self._marked: dict[int, tuple[str, ...]] = {}  # ids by mark, first added first

    def __len__(self) -> int:
        return len(self._texts)

    def add(self, id: str, title: str, summary: str, when: datetime) -> None:
        """Remember a text; one that was known by the id gives way to it."""
        self.forget(id)
        while len(self._texts) >= self._capacity:
            self.forget(next(iter(self._texts)))
        text = self._texts[id] = _read(title, summary, when)
        for mark in text.marks:
            ids = self._marked.get(mark, ())
            if len(ids) < _CROWDED:
                self._marked[mark] = (*ids, id)

    def forget(self, id: str) -> None:
        """Drop a text, if it is there."""
        text = self._texts.pop(id, None)
        for mark in text.marks if text else ():
            left = tuple(each for each in self._marked.pop(mark, ()) if each != id)
            if left:
                self._marked[mark] = left

    def find(self, title: str, summary: str, when: datetime) -> tuple[Copy, ...]:
        """Texts of which this is a copy or which are copies of it, the best first, of equals the one added first."""
        text = _read(title, summary, when)
        known = [ids for mark in text.marks if (ids := self._marked.get(mark))]
        votes = Counter(chain.from_iterable(known))
        found = []
        for id, _ in votes.most_common(_CANDIDATES):  # of equals the first met, and the first met is the first added
            verdict = _compare(text, self._texts[id])
            if verdict is not None:
                found.append(Copy(id, *verdict))
        return tuple(sorted(found, key=lambda copy: -copy.score))


def are_of_one_form(one: str, other: str) -> bool:
    """True if two titles are one form with another figure or name in it: two notices of a series. Symmetric."""
    first, second = (_plain_title(each) for each in (one, other))
    a, b = _folded(first), _folded(second)
    if not a or not b or a == b:
        return False
    same = sum(block.size for block in SequenceMatcher(None, a, b, autojunk=False).get_matching_blocks())
    if same < _SAME_FORM * max(len(a), len(b)):
        return False
    mine, yours = _figures(first), _figures(second)
    return bool(mine - yours and yours - mine) or any(_is_swap_of(_is_name, *swap) for swap in _swaps(first, second))


@lru_cache(1)  # an item is looked up, then added: 85 us of 550 that linking it took
def _read(title: str, summary: str, when: datetime) -> _Text:
    title, lead = _plain_title(title), unicodedata.normalize("NFKC", summary[:_MAX_LEAD])
    if lead:
        lead = _LEAD_TAIL.sub("", _LEAD_HEAD.sub("", lead))
        is_cut = len(summary) > _MAX_LEAD or _CUT.search(lead) is not None
        if is_cut:
            lead = _LAST_WORD.sub("", _CUT.sub("", lead).rstrip())  # half a word, half a number
    title_terms = terms(title)
    lead_shingles = _shingles(terms(lead)) if lead else []
    return _Text(
        title=title,
        lead=lead,
        title_words=_words(title),
        lead_words=_words(lead) if lead else 0.0,
        title_terms=frozenset(title_terms) - STOP_WORDS or frozenset(title_terms),
        lead_shingles=array("I", sorted(set(lead_shingles))),
        marks=array("I", sorted(_winnowed(_shingles(title_terms)) | _winnowed(lead_shingles))),
        when=when,
    )


def _plain_title(title: str) -> str:
    """The title without the names and cries of publishers at its ends."""
    plain = unicodedata.normalize("NFKC", title[:_MAX_TITLE]).strip()
    if (head := _TITLE_HEAD.match(plain)) is not None:
        plain = plain[head.end() :]
    if _EDGE.search(plain) is None:
        return plain
    shorter = _TITLE_TAIL.sub("", plain)
    if shorter == plain:
        shorter = _PUBLISHER.sub("", plain)
    return shorter if _words(shorter) >= MIN_TITLE else plain


def _shingles(words: list[str]) -> list[int]:
    """Hashes of three terms in a row, in order. Not Python's own hash, which is another in every process."""
    if not words:
        return []
    runs = zip(*(words[i:] for i in range(min(_SHINGLE, len(words)))), strict=False)
    return [crc32(run.encode("utf-8", "surrogatepass")) for run in map("\0".join, runs)]


def _winnowed(hashes: list[int]) -> set[int]:
    """The least of each four in a row: two texts that share six terms in a row share one at least.

    Source: Schleimer, Wilkerson, Aiken 2003, Winnowing.
    """
    if len(hashes) < _WINNOW:
        return {min(hashes)} if hashes else set()
    return set(map(min, *(hashes[i:] for i in range(_WINNOW))))


def _words(text: str) -> float:
    """Length of a text in words; two CJK characters count as one."""
    return len(_WORD.findall(text)) + (0 if text.isascii() else len(_CJK_TOKEN.findall(text)) / 2)


def _compare(one: _Text, other: _Text) -> tuple[float, str] | None:
    """How far two texts are one, and how they differ; None if they are two. Symmetric."""
    if (other.title, other.lead) < (one.title, one.lead):
        one, other = other, one
    gap = abs(one.when - other.when)
    if gap > WINDOW or _CORRECTION.findall(one.title) != _CORRECTION.findall(other.title):
        return None
    verdict = _compare_words(one, other, gap)
    return None if verdict is None or _are_two_measures(one, other) else verdict


def _compare_words(one: _Text, other: _Text, gap: timedelta) -> tuple[float, str] | None:
    shared, union = len(one.title_terms & other.title_terms), len(one.title_terms | other.title_terms)
    titles = shared / union if union else 0.0
    shortest = min(one.lead_words, other.lead_words)
    if shortest < MIN_LEAD:
        is_telling = gap <= TITLE_WINDOW and min(one.title_words, other.title_words) >= MIN_TITLE and titles >= AKIN
        if is_telling and _is_within(one.title, other.title, 2 * _SWAP) and _is_within(one.lead, other.lead, _MAX_LEAD):
            return titles, "the same title"
        return None
    first, second = set(one.lead_shingles), set(other.lead_shingles)
    common = len(first & second)
    contained, resembling = common / min(len(first), len(second)), common / len(first | second)
    is_form = titles >= ALIKE and _open_alike(one.lead, other.lead)
    if contained >= CONTAINED and (is_form or _is_within(one.title, other.title, 2 * _SWAP)):
        return max(resembling, 0.9 * contained), "the same words" if resembling >= RESEMBLING else "a part of the text"
    is_akin = shared >= AKIN * min(len(one.title_terms), len(other.title_terms))
    if resembling >= RESEMBLING and is_akin and shortest >= MIN_TELLING_LEAD:
        return resembling, "another headline over the same words"
    return None


def _is_within(one: str, other: str, more: int) -> bool:
    """True if all words of one stand in a row in the other, which has so many more at most."""
    first, second = _folded(one), _folded(other)
    if len(first) > len(second):
        first, second = second, first
    places = len(second) - len(first) + 1
    return places <= more + 1 and any(second[i : i + len(first)] == first for i in range(places))


def _open_alike(one: str, other: str) -> bool:
    """True if two leads begin with the same words. One that quotes the other comes to them late."""
    return not set(_shingles(terms(one)[:_OPENING])).isdisjoint(_shingles(terms(other)[:_OPENING]))


def _are_two_measures(one: _Text, other: _Text) -> bool:
    """True if a figure or a name of one stands where the other has another."""
    for first, second in ((one.title, other.title), (one.lead, other.lead)):
        mine, yours = _figures(first), _figures(second)
        if mine - yours and yours - mine:
            return True
    if any(_is_swap_of(_is_name, *swap) for swap in _swaps(one.lead, other.lead)):
        return True
    leads = fold(one.lead), fold(other.lead)
    # what the lead knows is another word for the same; what it does not know is the point of the notice
    return any(
        _is_swap_of(_is_word, *swap) and not any(_is_known(side, leads) for side in swap)
        for swap in _swaps(one.title, other.title)
    )


def _is_known(words: list[str], leads: tuple[str, str]) -> bool:
    """True if both leads have the words, whatever their endings. One character alone is found by chance."""
    if _CJK_TOKEN.match(words[0]):
        stems = ["".join(words)] if len("".join(words)) > 1 else []
    else:
        stems = [word[: max(5, len(word) - 2)] for word in words if _is_word(word)]
    return bool(stems) and all(fold(stem) in lead for stem in stems for lead in leads)


def _figures(text: str) -> frozenset[str]:
    words = (_FIGURE_WORDS.get(word, word) for word in map(str.lower, _TOKEN.findall(text)))
    found = {word for word in words if word in _ORDINALS or any(each.isdigit() for each in word)}
    return frozenset(found.union(_HAN_FIGURE.findall(text)))


def _folded(text: str) -> list[str]:
    """The words of a text to be compared: folded, Korean ones without their particle."""
    words = map(fold, _TOKEN.findall(text))
    return [word[:-1] if len(word) > 2 and word[-1] in _PARTICLES else word for word in words]


def _swaps(one: str, other: str) -> Iterator[tuple[list[str], list[str]]]:
    """Short passages that stand in each other's place in two texts.

    The end is a place only after the same kind of mark (a colon, a bracket). In Chinese, Japanese and Korean only after a mark:
    else the verb stands there, which headlines choose freely, and no name.
    """
    a, b = _folded(one)[:_MAX_ALIGNED], _folded(other)[:_MAX_ALIGNED]
    if a == b:
        return
    first, second = list(_TOKEN.finditer(one)), list(_TOKEN.finditer(other))
    i = m = 0
    for block in SequenceMatcher(None, a, b, autojunk=False).get_matching_blocks():
        if block.size == 1 and len(a[block.a]) == 1:
            continue  # one character in common is chance
        if block.a > i and block.b > m:
            swap = first[i : block.a], second[m : block.b]
            words = tuple([each.group() for each in side] for side in swap)
            is_place = block.size > 0 or _is_one_place((one, first[:i], first[i]), (other, second[:m], second[m]))
            if is_place and max(map(_words, map(" ".join, words))) <= _SWAP:
                yield words[0], words[1]
        i, m = block.a + block.size, block.b + block.size


def _is_one_place(one: _Place, other: _Place) -> bool:
    """True if the ends of two texts, from a word on, fill one place: both stand after a mark or, but for CJK, neither."""
    first, second = _begins_part(*one), _begins_part(*other)
    if _CJK_TOKEN.match(one[2].group()) or _CJK_TOKEN.match(other[2].group()):
        return first and second
    return first == second


def _begins_part(text: str, before: list[re.Match[str]], word: re.Match[str]) -> bool:
    """True if a mark stands before the word: a space is one in Chinese and Japanese."""
    gap = text[before[-1].end() if before else 0 : word.start()]
    is_unspaced = _CJK_TOKEN.match(word.group()) and not _HANGUL_WORD.match(word.group())
    return bool(gap if is_unspaced else gap.strip())


def _is_swap_of(is_telling: Callable[[str], bool], one: list[str], other: list[str]) -> bool:
    return any(map(is_telling, one)) and any(map(is_telling, other))


def _is_name(token: str) -> bool:
    """True of what may be a name or a number: capitals, figures, Han, katakana, Hangul."""
    return _is_word(token) and (not token[0].islower())


def _is_word(token: str) -> bool:
    """True of what is more than a word of function."""
    return token.lower() not in STOP_WORDS and token not in _PARTICLES and not HIRAGANA.match(token)
