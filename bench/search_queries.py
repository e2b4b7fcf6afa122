"""Two hundred queries for bench.search, and sixty harder ones, drawn from the archive they are asked of: the same for the same archive."""

from __future__ import annotations

import random
import re
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from monitor.segment import CJK

_WORD = re.compile("[A-Za-z]{3,}")
_RUN = re.compile(f"[{CJK}]+")
_COMMON = (
    "export",
    "china",
    "security",
    "new",
    "rule",
    "minerals",
    "輸出",
    "半導体",
    "規制",
    "中国",
    "出口",
    "管制",
    "企业",
    "政府",
    "安全",
)
_LETTERS = "米中日英独仏韓台露印鉱輸税港軍電网矿税关"
_FILTERS = (
    "theme:export_control",
    "theme:critical_minerals,telecom_5g",
    "lang:ja",
    "lang:en,zh",
    "tier:official",
    "country:US",
    "since:30d",
    "since:2026-03 until:2026-05",
    "until:2025-01",
    "source:jp-meti,us-fr-bis",
    "theme:investment_screening lang:en since:1y",
)
_RARE = (
    "theme:semiconductors",
    "stage:final",
    "score:>0.999",
    "lang:ko",
    "kind:none",
    "cfr:15/744",
    "entity:us-bis",
    "event:e-a",
    "deadline:7d",
    "-lang:en,ja,zh",
)
_TERMS = (
    "graphite",
    "黒鉛",
    "石墨",
    "gallium",
    "ガリウム",
    "semiconductor",
    "半導体",
    "半导体",
    "export controls",
    "輸出管理",
    "出口管制",
    "rare earths",
    "レアアース",
    "稀土",
    "investment screening",
    "submarine cable",
    "海底ケーブル",
    "critical minerals",
    "重要鉱物",
    "关键矿产",
)


@dataclass(frozen=True, slots=True)
class Ask:
    """A query; where it is a matter of words alone, these, for indexes that know no more."""

    kind: str
    text: str
    words: tuple[str, ...] | None = None  # all of them have to be there; a phrase has a space, a prefix a star
    is_translated: bool = False  # True: as `monitor search` asks it, with the words of other languages


def asks(path: Path, *, seed: int = 11) -> list[Ask]:
    """Two hundred queries: twenty of each kind."""
    rng = random.Random(seed)
    texts = _sample(path, rng)
    latin = [text for lang, text in texts if lang == "en"]
    cjk = [text for lang, text in texts if lang != "en"]

    def word() -> str:
        return rng.choice(_WORD.findall(rng.choice(latin))).lower()

    def characters(length: int) -> str:
        while True:
            run = rng.choice(_RUN.findall(rng.choice(cjk)) or [""])
            if len(run) >= length:
                at = rng.randrange(len(run) - length + 1)
                return run[at : at + length]

    def phrase() -> str:
        words = rng.choice(latin).split()
        while True:
            at = rng.randrange(max(1, len(words) - 1))
            pair = " ".join(words[at : at + 2])
            if re.fullmatch("[A-Za-z]{3,} [A-Za-z]{3,}", pair):
                return pair
            words = rng.choice(latin).split()

    def any_word() -> str:
        return rng.choice((word, lambda: characters(2), lambda: characters(3), lambda: rng.choice(_COMMON)))()

    found: list[Ask] = []
    for place in range(20):
        common, rare = rng.choice(_COMMON), word()
        found.append(Ask("common word", common, (common,)))
        found.append(Ask("word of a text", rare, (rare,)))
        letter = _LETTERS[place % len(_LETTERS)]
        found.append(Ask("1 character", letter, (letter,)))
        for length, kind in ((2, "2 characters"), (rng.choice((3, 4)), "3 or 4 characters")):
            run = characters(length)
            found.append(Ask(kind, run, (run,)))
        pair = phrase()
        found.append(Ask("phrase", f'"{pair}"', (pair,)))
        start = word()[: rng.choice((3, 4, 5))]
        found.append(Ask("prefix", f"{start}*", (f"{start}*",)))
        three = (any_word(), any_word(), any_word())
        found.append(Ask("three words", " ".join(three), three))
        found.append(Ask("OR and NOT", f"({any_word()} OR {any_word()}) -{any_word()}"))
        found.append(Ask("word with filters", f"{any_word()} {_FILTERS[place % len(_FILTERS)]}"))
    return found


def hard_asks() -> list[Ask]:
    """Sixty that cost most: a term with its words in other languages, a prefix of one letter, a filter that few items have."""
    found: list[Ask] = []
    for place, term in enumerate(_TERMS):
        found.append(Ask("term with translations", term, is_translated=True))
        letter = f"{'acemprstuw'[place % 10]}*"
        found.append(Ask("1 letter prefix", letter if place % 2 else f"{letter} {_FILTERS[place % len(_FILTERS)]}"))
        found.append(Ask("filter that few items have", _RARE[place % len(_RARE)]))
    return found


def cjk_words(path: Path, count: int, *, seed: int = 13) -> list[str]:
    """Different CJK words of one to four characters, as they stand in texts."""
    rng = random.Random(seed)
    texts = [text for lang, text in _sample(path, rng) if lang != "en"]
    found: dict[str, None] = {}
    while len(found) < count:
        length = 1 + len(found) % 4
        run = rng.choice(_RUN.findall(rng.choice(texts)) or [""])
        if len(run) >= length:
            at = rng.randrange(len(run) - length + 1)
            found.setdefault(run[at : at + length])
    return list(found)


def _sample(path: Path, rng: random.Random) -> list[tuple[str, str]]:
    with closing(sqlite3.connect(path)) as connection:
        last = connection.execute("select max(n) from items").fetchone()[0]
        wanted = [rng.randrange(1, last + 1) for _ in range(600)]
        query = "select lang, title || ' ' || summary from items where n = ?"
        return [connection.execute(query, [n]).fetchone() for n in wanted]
