"""The pairs of bench.copies: texts as others publish them, texts that are only like them, and fillers that nobody copied."""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from bench.copies_words import (
    ADDED,
    BEHIND,
    CORRECTED,
    CUTS,
    DATELINES,
    FOLLOWED,
    FRONT,
    GENERIC,
    LEADS,
    NAMES,
    REWRITTEN,
    SERIES,
)
from monitor.classifiers import Example

LANGS = ("en", "ja", "zh", "ko")
Told = tuple[str, str]
"""Title and summary."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two texts and whether the second is a copy of the first."""

    kind: str
    lang: str
    first: Told
    second: Told
    is_copy: bool


_SENTENCE = re.compile(r"(?<=[。！？])|(?<=[.!?]) +")
_WIDE = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}


def sentences(text: str) -> list[str]:
    return [each for each in _SENTENCE.split(text) if each.strip()]


def copies(told: Told, lang: str, chance: random.Random) -> Iterator[tuple[str, Told]]:
    """The text as others publish it, by the kind of change."""
    title, lead = told
    is_spaced = lang in {"en", "ko"}
    yield "tag in front", (chance.choice(FRONT[lang]) + title, lead)
    yield "name behind", (title + chance.choice(BEHIND[lang]), lead)
    look = [title.upper(), title.translate(_WIDE), f"“{title}”", title.replace(" ", "  ").replace("、", "，") + " —"]
    yield "another look", (chance.choice(look), lead.replace('"', "”").replace("'", "’").replace("-", "–"))
    if lead:
        yield "dateline", (title, chance.choice(DATELINES[lang]) + lead)
        end = chance.uniform(0.45, 0.8)
        yield "lead cut", (title, lead[: int(len(lead) * end)] + chance.choice(CUTS[lang]))
        yield "sentence added", (title, lead + chance.choice(ADDED[lang]))
        frame, tail = chance.choice(REWRITTEN[lang])
        words = title.split() if is_spaced else [title]
        short = " ".join(words[: max(3, len(words) - 2)]) if len(words) > 1 else title[: max(6, len(title) - 4)]
        short = re.sub(r"[\d.,一二三四五六七八九十百千万]+$", "", short)
        yield "headline rewritten", (frame.format(short) if frame else f"{short}, {tail}", lead)
        parts = sentences(lead)
        if len(parts) > 1:
            joint = " " if is_spaced else ""
            yield "sentence dropped", (title, joint.join(chance.choice([parts[1:], parts[:-1]])))
        yield (
            "all at once",
            (
                chance.choice(FRONT[lang]) + title + chance.choice(BEHIND[lang]),
                chance.choice(DATELINES[lang]) + lead[: int(len(lead) * 0.8)] + chance.choice(CUTS[lang]),
            ),
        )


def lookalikes(told: Told, lang: str, chance: random.Random) -> Iterator[tuple[str, Told]]:
    """Texts that are like it and are no copies, by kind."""
    title, lead = told
    figures = re.findall(r"\d+", f"{title} {lead}")
    if figures:
        old = chance.choice(figures)
        new = str(int(old) + chance.randint(1, 9))
        change = re.compile(rf"(?<!\d){old}(?!\d)")
        yield "another number", (change.sub(new, title), change.sub(new, lead))
    named = [each for each in NAMES[lang] if each in title]
    if named:
        old = chance.choice(named)
        new = chance.choice([each for each in NAMES[lang] if each not in title + lead])
        yield "another name", (title.replace(old, new), lead.replace(old, new))
    yield "correction", (CORRECTED[lang] + title, lead)
    if lead:
        first = sentences(lead)[0]
        frame, body = FOLLOWED[lang]
        yield "follow-up that quotes", (frame.format(title[: len(title) // 2]), body.format(first))


def pairs(examples: Iterable[Example], chance: random.Random) -> list[Pair]:
    """All pairs of the training items and of the texts of `copies_words`."""
    found = []
    told: dict[str, list[Told]] = {lang: list(LEADS[lang]) for lang in LANGS}
    by_event: dict[tuple[str, str], list[Told]] = defaultdict(list)
    for each in examples:
        if each.lang in told:
            text = (each.title, each.summary)
            by_event[each.event, each.lang].append(text)
            told[each.lang].append(text)
    for lang, texts in told.items():
        for text in texts:
            if text[1] or chance.random() < 0.2:  # two thirds of the training items are bare titles
                found += [Pair(kind, lang, text, copy, True) for kind, copy in copies(text, lang, chance)]
                found += [Pair(kind, lang, text, other, False) for kind, other in lookalikes(text, lang, chance)]
        leads = [text for text in texts if text[1]]
        for title in GENERIC[lang]:
            one, other = chance.sample(leads, 2)
            found += [
                Pair("generic title", lang, (title, ""), (title, ""), False),
                Pair("generic title", lang, (title, one[1]), (title, other[1]), False),
            ]
        for _ in range(40):
            one, other = chance.sample(leads, 2)
            found.append(Pair("one title, two texts", lang, one, (one[0], other[1]), False))
        for title, lead, names, others in SERIES[lang]:
            filled = [
                (title.format(name, others[i % len(others)]), lead.format(name, others[i % len(others)]))
                for i, name in enumerate(names)
            ]
            found += [Pair("notices of a series", lang, one, other, False) for one in filled for other in filled if one != other]
    for (_, lang), texts in by_event.items():
        found += [Pair("two writers", lang, one, other, False) for one in texts for other in texts if one != other]
    return found


def fillers(examples: list[Example], count: int, chance: random.Random) -> Iterator[Told]:
    """Texts that nobody copied, in the phrases of the training items: chains of their words, each given the two before."""
    by_lang: dict[str, list[list[str]]] = defaultdict(list)
    for each in examples:
        if each.lang in LANGS and each.summary:
            by_lang[each.lang].append(_cut(each.lang, each.summary))
    follows: dict[str, dict[tuple[str, ...], list[str]]] = {lang: defaultdict(list) for lang in by_lang}
    for lang, texts in by_lang.items():
        for words in texts:
            for i in range(len(words) - 2):
                follows[lang][words[i], words[i + 1]].append(words[i + 2])
    langs = [lang for lang in LANGS for _ in by_lang[lang]]
    for _ in range(count):
        lang = chance.choice(langs)
        joint = " " if lang in {"en", "ko"} else ""
        texts = [joint.join(_chain(follows[lang], by_lang[lang], length, chance)) for length in ((8, 25) if joint else (20, 55))]
        yield texts[0], texts[1]


def _cut(lang: str, text: str) -> list[str]:
    return text.split() if lang in {"en", "ko"} else list(text)


def _chain(
    follows: dict[tuple[str, ...], list[str]], texts: list[list[str]], length: int, chance: random.Random
) -> Iterator[str]:
    words = chance.choice(texts)[:2]
    yield from words
    for _ in range(length):
        after = follows.get(tuple(words[-2:]))
        words = [*words[-1:], chance.choice(after)] if after else chance.choice(texts)[:2]
        yield words[-1]
