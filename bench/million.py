"""A made-up archive of any size for bench.search: items of about 400 characters in English, Japanese and Chinese, from a fixed seed.

The clauses are those of the training items, so that words and character pairs are as frequent as in real feeds of this field, or
more so: a hard case. Names of firms, places and numbers that nobody has seen make the rare words.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from monitor.items import Item, Tier, item_id

ROOT = Path(__file__).resolve().parent.parent
THEMES = ("export_control", "investment_screening", "critical_minerals", "telecom_5g")
NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
_SHARES = (("en", 0.4), ("ja", 0.35), ("zh", 0.25))
_LENGTH = 400
_ENDS = {"en": re.compile(r"(?<=[.;!?])\s+"), "ja": re.compile("(?<=[。！？])"), "zh": re.compile("(?<=[。！？；])")}
_SYLLABLES = (
    "ba ce di fo gu ka le mi no pu ra se ti vo zu chan dor fen gal hart ing jor kin lund mar nov ost per quin rud".split()
)
_HAN = (
    "丘亀仙伏倉刈劉勝厚叡呉善堀塚墨奈宏富岑嵐巌帆幌庄弥彦征恵慶拓撫斎旭昇晋暁朋杜柏栞桂梓椿榊槙樋橘欣毅沼浅涌淵湊溝漆澪瀬灘熊玖珠琢瑛璃畠畷皐睦砥"
    "硯祐禎秩稔穣竜笹簗粂紗紬絢綾緋翠聡肇脇芙苑茜荻菖菫葵蒔蓑蕗薫藍虎蛍衿裕誉諒貫賀輿遥遼邑郁釜銚鎌鏑関阪隼雫霧鞍頼馨駒鮎鯉鳳鴻鶴鷹麒麟黛"
)
_KATAKANA = "アイウエオカキクケコサシスセソタチツテトナニヌネノハヒフヘホマミムメモヤユヨラリルレロワン"


@dataclass(frozen=True, slots=True)
class Filing:
    """An item, and the themes that it has with their scores."""

    item: Item
    themes: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class _Clause:
    text: str
    themes: tuple[str, ...]


def filings(count: int, *, seed: int = 7, span: timedelta = timedelta(days=3 * 365)) -> Iterator[Filing]:
    """So many items in order of arrival, spread evenly over a span that ends at NOW; the same ones for the same arguments."""
    rng = random.Random(seed)
    clauses = {lang: _clauses(lang) for lang, _ in _SHARES}
    sources = {lang: _sources(lang) for lang, _ in _SHARES}
    langs, shares = zip(*_SHARES, strict=True)
    for place in range(count):
        lang = rng.choices(langs, shares)[0]
        first_seen = NOW - span + span * (place / count)
        # most are read within hours; some give only their day; some were old when they came
        delay = timedelta(minutes=rng.expovariate(1 / 90)) if rng.random() < 0.97 else timedelta(days=rng.uniform(1, 60))
        published = first_seen - delay
        if rng.random() < 0.2:
            published = published.replace(hour=0, minute=0, second=0, microsecond=0)
        elif rng.random() < 0.1:
            published = None
        parts, themes = _text(rng, lang, clauses[lang])
        source, country, tier = rng.choice(sources[lang])
        key = f"k{place}"
        yield Filing(
            item=Item(
                id=item_id(source, key),
                source=source,
                key=key,
                url=f"https://{source}.example/{place}",
                title=parts[0],
                summary=parts[1],
                published=published,
                first_seen=first_seen,
                lang=lang,
                country=country,
                tier=tier,
            ),
            themes=tuple((theme, round(rng.uniform(0.6, 0.99), 3)) for theme in themes),
        )


def _text(rng: random.Random, lang: str, clauses: list[_Clause]) -> tuple[tuple[str, str], list[str]]:
    """A headline and a lead of clauses and new names; the themes of the headline's clause."""
    head = rng.choice(clauses)
    space = " " if lang == "en" else ""
    title = f"{_name(rng, lang)}{': ' if lang == 'en' else '：'}{head.text}"
    lead = ""
    while len(title) + len(lead) < _LENGTH:
        lead += (_name(rng, lang) + space if rng.random() < 0.3 else "") + rng.choice(clauses).text + space
    return (title, lead[: max(0, _LENGTH + rng.randrange(-40, 40) - len(title))].strip()), list(head.themes)


def _name(rng: random.Random, lang: str) -> str:
    """A name that hardly another item has: of a firm, a place, a ship, or a number of a file."""
    kind = rng.random()
    if kind < 0.2:
        return f"{rng.choice(('No.', 'AZ-', 'K'))}{rng.randrange(10**6)}"
    if lang == "en" or kind < 0.3:
        return "".join(rng.choice(_SYLLABLES) for _ in range(rng.randrange(2, 5))).capitalize()
    letters = _KATAKANA if lang == "ja" and kind < 0.6 else _HAN
    return "".join(rng.choice(letters) for _ in range(rng.randrange(2, 5)))


def _clauses(lang: str) -> list[_Clause]:
    found = []
    for path in sorted((ROOT / "classifiers").glob(f"*/items.{lang}.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            item = json.loads(line)
            themes = tuple(theme for theme in item["labels"] if theme in THEMES)
            for text in (item["title"], *_ENDS[lang].split(item["summary"] or "")):
                if len(text) > 5:
                    found.append(_Clause(text, themes))
    return found


def _sources(lang: str) -> list[tuple[str, str, Tier]]:
    from monitor import config

    settings = config.load(ROOT / "feeds.yaml")
    return [(each.id, each.country or "", each.tier) for each in settings.sources if each.lang == lang]
