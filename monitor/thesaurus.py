"""The same word in other languages: terms of the field, and names of the lexicon. A query finds what it asks for in all of them.

Only what an expert would take for a translation is one; the classifier's concepts are wider, and no query is made of them. Pure, but for
`load`, which imports little: a search waits for it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from monitor import bundled, lexiconfile
from monitor.errors import ModelError
from monitor.query import And, Node, Not, Or, Word
from monitor.segment import fold
from monitor.tokens import HAN, RARE_HAN, UNSPACED, normal, runs, stem

MOST = 12
"""Words that are added to a query at most."""
SHORT = 4
"""Latin names of up to this many letters are words, too (EAR, Quad): they are known only as written, and never added."""
LANGS = ("en", "ja", "zh", "ko", "de", "fr")
"""Order in which words are added; other languages after these."""
TERMS = "terms.jsonl"

_BAGS = frozenset(("technology", "control", "regulation_code"))
"""Types of the lexicon whose entries gather what belongs together, and not only what means the same."""
_HAN = re.compile(f"[{HAN}]")
_UNSPACED = re.compile(rf"(?<=[{UNSPACED}]) (?=[{UNSPACED}])")
_UNSPACED_RUN = re.compile(f"[{UNSPACED}]+")
_RUN = re.compile(f"[{UNSPACED}]+|[^\\W_{UNSPACED}]+(?:[ '’.&-]+[^\\W_{UNSPACED}]+)*")
_LONGEST_UNSPACED = 10
"""Characters of a name within an unspaced text that is looked for."""
_LATIN_WORD = re.compile("[a-z0-9]+")
_SPACED = re.compile(f"[^\\W_{UNSPACED}]+|[{UNSPACED}]+")
_BRACKETS = re.compile(r"[()\[\]《》]")
_EAST = frozenset(("ja", "zh", "ko"))


@dataclass(frozen=True, slots=True)
class Term:
    """Words that mean the same."""

    id: str
    names: tuple[tuple[str, tuple[str, ...]], ...]  # (language, words), each language once
    is_one: bool = False  # True: its words in one language are spellings and names of one thing, and find each other, too


@dataclass(frozen=True, slots=True)
class Added:
    """A word that a query is given."""

    word: str  # of the query, as it was written
    lang: str  # ISO 639-1
    text: str  # the same in this language


@dataclass(frozen=True, slots=True)
class Expansion:
    """A query with words of other languages."""

    tree: Node
    added: tuple[Added, ...]  # in the order of the words of the query; each text once


class Thesaurus:
    """Terms by any of their words, in any way of writing that search takes for the same; hyphens do not matter either.

    Args:
        terms: in order of preference.
    """

    def __init__(self, terms: Iterable[Term]) -> None:
        self._words: dict[str, list[tuple[str, Term]]] = {}  # by key: language and term
        self._as_written: dict[str, list[tuple[str, Term]]] = {}  # short Latin names
        self._later: list[
            tuple[str, str, Term]
        ] = []  # word, language, term: those with Han, whose keys need a table that is slow to load
        self.longest = 1  # words of the longest term
        for term in terms:
            for lang, words in term.names:
                for word in words:
                    if _is_short(word):
                        self._as_written.setdefault(word, []).append((lang, term))
                        continue
                    if _HAN.search(word):
                        self._later.append((word, lang, term))
                        key = " ".join(_SPACED.findall(word))
                    else:
                        key = _key(word)
                        self._words.setdefault(key, []).append((lang, term))
                    if " " in key:
                        self.longest = max(self.longest, key.count(" ") + 1)

    def find(self, text: str) -> tuple[Term, ...]:
        """The terms that a text is a word of; several, if it means several things."""
        return tuple({term.id: term for _, term in self._meanings(text)}.values())

    def langs(self, text: str) -> set[str]:
        """Languages of which a text is a word."""
        return {lang for lang, _ in self._meanings(text)}

    def within(self, text: str) -> tuple[tuple[str, Term], ...]:
        """The terms that a text names, as it names them, in order, each once; of two that overlap the longer one."""
        found: dict[str, tuple[str, Term]] = {}
        for run in _RUN.findall(text):
            # words between spaces; in scripts without spaces, characters
            parts, between = (list(run), "") if _UNSPACED_RUN.fullmatch(run) else (run.split(), " ")
            most = _LONGEST_UNSPACED if not between else self.longest
            at = 0
            while at < len(parts):
                for length in range(min(len(parts) - at, most), 0 if between else 1, -1):
                    said = between.join(parts[at : at + length])
                    if terms := self.find(said):
                        found |= {term.id: found.get(term.id, (said, term)) for term in terms}
                        break
                else:
                    length = 1
                at += length
        return tuple(found.values())

    def translations(self, text: str, term: Term) -> dict[str, tuple[str, ...]]:
        """A term's words by language, without words that would find nothing more, and those of others; nor, unless the term is
        one thing by whatever name, those of the languages of the text.

        A Latin name in a text of ja, zh or ko is no word of these: Nvidia is エヌビディア, too.
        """
        own = {lang for lang, other in self._meanings(text) if other.id == term.id}
        if text.isascii():
            own -= _EAST
        else:  # 半导体 is one with 半導体 and still Chinese
            written = _as_written(text)
            own = {lang for lang, words in term.names if lang in own and written in map(_as_written, words)} or own
        found = {}
        for lang, words in term.names:
            if lang in own and not term.is_one:
                continue
            fitting = [word for word in words if not _is_short(word) and self._is_of(word, lang, term)]
            if kept := _shortest(word for word in fitting if lang not in own or not _finds((text,), word)):
                found[lang] = kept
        return {lang: found[lang] for lang in sorted(found, key=_order)}

    def _is_of(self, word: str, lang: str, term: Term) -> bool:
        """False if the word means another term of the language as well, and this one is not at home there."""
        is_shared = any(tongue == lang and other.id != term.id for tongue, other in self._of(word))
        return not is_shared or term.id.startswith(lexiconfile.HOME.get(lang, "\0"))

    def _meanings(self, text: str) -> list[tuple[str, Term]]:
        return self._of(text) + self._as_written.get(text, [])

    def _of(self, text: str) -> list[tuple[str, Term]]:
        key = _key(text)
        if self._later and _HAN.search(key):
            for word, lang, term in self._later:
                self._words.setdefault(_key(word), []).append((lang, term))
            self._later = []
        return self._words.get(key, [])


def load(folder: Path, own: Path | None = None) -> Thesaurus:
    """The terms of a classifiers folder, and the names of its lexicon and of the user's own.

    An entry of the lexicon that has a word of a term says less than the term, and is left out: it holds related words as well.

    Args:
        folder: without terms.jsonl those that ship are taken.
        own: the user's lexicon; None if there is none.

    Raises:
        ModelError: a file is absent, or a line of it cannot be used.
    """
    place = folder / TERMS
    terms = _terms(place if place.is_file() else bundled.classifiers() / TERMS)
    taken = {(lang, word.casefold()) for term in terms for lang, words in term.names for word in words}
    return Thesaurus((*terms, *_names(lexiconfile.entries(folder, own), taken)))


def expanded(tree: Node, thesaurus: Thesaurus) -> Expansion:
    """The query with every word, phrase, and row of words that is a term, OR'ed with the term's words in other languages.

    Synonyms in the word's own language are not added: who writes "curbs" and not "controls" means it, and can write both, while nobody
    can be asked to know a word in five languages. Other names and spellings of one thing are: 経産省 for 経済産業省, 晶片 for 芯片,
    subsea for undersea cables. Words behind NOT and beginnings of words stay as they are, and what the query
    says itself is not added to it. MOST words at most, of each term and language the first ones first.
    """
    said = {_key(word) for word in _words(tree)}
    found: list[tuple[str, tuple[Term, ...]]] = []

    def note(text: str, terms: tuple[Term, ...]) -> tuple[Added, ...]:
        found.append((text, terms))
        return ()

    _rebuilt(tree, thesaurus, note)
    shares = iter(_shared_out([list(_candidates(text, terms, thesaurus, said)) for text, terms in found]))
    added: list[Added] = []

    def give(_text: str, _terms: tuple[Term, ...]) -> tuple[Added, ...]:
        share = next(shares)
        added.extend(share)
        return share

    return Expansion(_rebuilt(tree, thesaurus, give), tuple(added))


def _rebuilt(node: Node, thesaurus: Thesaurus, give: Callable[[str, tuple[Term, ...]], tuple[Added, ...]]) -> Node:
    """The tree with what `give` gives for each term in it, which is asked in the order of the query."""
    match node:
        case Word(_, False):
            return _row([node], thesaurus, give)[0]
        case Or(nodes):
            return Or(tuple(_rebuilt(each, thesaurus, give) for each in nodes))
        case And(nodes):
            found: list[Node] = []
            row: list[Word] = []
            for each in (*nodes, None):
                if isinstance(each, Word) and not each.is_prefix:
                    row.append(each)
                    continue
                found += _row(row, thesaurus, give)
                row = []
                if each is not None:
                    found.append(_rebuilt(each, thesaurus, give))
            return found[0] if len(found) == 1 else And(tuple(found))
        case _:
            return node


def _row(words: list[Word], thesaurus: Thesaurus, give: Callable[[str, tuple[Term, ...]], tuple[Added, ...]]) -> list[Node]:
    """Words that follow one another, those that together are a term as one node; the longest term first."""
    found: list[Node] = []
    at = 0
    while at < len(words):
        for length in range(min(len(words) - at, thesaurus.longest), 0, -1):
            own = words[at : at + length]
            text = " ".join(word.text for word in own)
            if terms := thesaurus.find(text):
                break
        else:
            terms, own, text = (), [words[at]], ""
        share = give(text, terms) if terms else ()
        if share:
            meant: Node = own[0] if len(own) == 1 else And(tuple(own))
            found.append(Or((meant, *(Word(each.text) for each in share)), is_one_thing=True))
        else:
            found += own
        at += len(own)
    return found


def _candidates(text: str, terms: tuple[Term, ...], thesaurus: Thesaurus, said: set[str]) -> Iterator[Added]:
    """What may be added for a word: its other names in its own language, and the first word of each other language, first."""
    own = thesaurus.langs(text)
    ways: list[list[Added]] = []
    for term in terms:
        for lang, words in thesaurus.translations(text, term).items():
            found = [Added(text, lang, word) for word in words]
            ways += [[each] for each in found] if lang in own else [found]
    known = [text]
    for rank in range(max(map(len, ways), default=0)):
        for way in ways:
            if rank < len(way) and _key(way[rank].text) not in said and not _finds(known, way[rank].text):
                known.append(way[rank].text)
                yield way[rank]


def _shared_out(asked: list[list[Added]]) -> list[tuple[Added, ...]]:
    """What each word gets: in turn, until MOST are given away; no text twice."""
    given: list[list[Added]] = [[] for _ in asked]
    texts: set[str] = set()
    for rank in range(max(map(len, asked), default=0)):
        for place, candidates in enumerate(asked):
            if rank < len(candidates) and len(texts) < MOST and candidates[rank].text not in texts:
                texts.add(candidates[rank].text)
                given[place].append(candidates[rank])
    return [tuple(each) for each in given]


def _words(node: Node) -> Iterator[str]:
    """All words of a query, those behind NOT as well."""
    match node:
        case Word(text):
            yield text
        case Not(inner):
            yield from _words(inner)
        case And(nodes) | Or(nodes):
            for each in nodes:
                yield from _words(each)


def _shortest(words: Iterable[str]) -> tuple[str, ...]:
    """Words without those that another one finds as well: 美国商务部 beside 商务部."""
    kept = tuple({_apart(word): word for word in reversed(tuple(words))}.values())[::-1]  # of a word and its plural the first
    return tuple(word for word in kept if not _finds((other for other in kept if other != word), word))


def _finds(words: Iterable[str], text: str) -> bool:
    """True if a search for one of the words finds a text."""
    whole = _apart(text)
    return any(_apart(word) in whole if _UNSPACED_RUN.match(word) else f" {_apart(word)} " in f" {whole} " for word in words)


def _apart(text: str) -> str:
    return " ".join(run if is_unspaced else stem(run) for run, is_unspaced in runs(text))


def _order(lang: str) -> tuple[int, str]:
    return (LANGS.index(lang) if lang in LANGS else len(LANGS), lang)


def _key(text: str) -> str:
    """What two ways of writing a word have in common."""
    folded = normal(text)
    if folded.isascii():
        return stem(folded) if folded.isalnum() else " ".join(map(stem, _LATIN_WORD.findall(folded)))
    if _UNSPACED_RUN.fullmatch(folded):
        return folded
    return _UNSPACED.sub("", _apart(folded))


def _as_written(text: str) -> str:
    return fold(text).replace(" ", "")


def _is_short(word: str) -> bool:
    return len(word) <= SHORT and word.isascii()


def _terms(path: Path) -> tuple[Term, ...]:
    found = []
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise ModelError(f"cannot be read ({error.strerror})", subject=str(path)) from error
    for number, line in enumerate(lines, start=1):
        try:
            raw = json.loads(line)
            names = tuple((lang, tuple(words)) for lang, words in raw["names"].items())
            found.append(Term(raw["id"], names, is_one=raw.get("is_one", False) is True))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ModelError(f"no term ({error!r})", subject=f"{path}:{number}") from error
    return tuple(found)


def _names(entries: Iterable[dict[str, object]], taken: set[tuple[str, str]]) -> Iterator[Term]:
    """Names of the lexicon, but for those of one character that stand in too many words, and those with brackets, which are notes."""
    for raw in entries:
        by_lang: dict[str, list[str]] = raw["names"]  # type: ignore[assignment]  # checked where it was read
        if raw["type"] in _BAGS or any((lang, word.casefold()) in taken for lang, words in by_lang.items() for word in words):
            continue
        names = (
            (lang, tuple(word for word in words if (len(word) > 1 or word in RARE_HAN) and not _BRACKETS.search(word)))
            for lang, words in by_lang.items()
        )
        yield Term(str(raw["id"]), tuple((lang, words) for lang, words in names if words), is_one=True)
