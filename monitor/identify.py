"""What one item speaks of: language, identifiers, entities, key dates, stage. Pure; structured fields go before text."""

from __future__ import annotations

from monitor import identifiers, keydates, language, stage
from monitor.items import Findings, Identifier, Item, KeyDate
from monitor.lexicon import Lexicon


def identify(item: Item, lexicon: Lexicon) -> Findings:
    """The findings of an item; for any text, in bounded time, without an exception."""
    text = item.text
    lang = item.lang or language.detect(text)
    day = item.moment.date()
    dates = _merged_dates(item.dates, keydates.find(text, day))
    return Findings(
        lang=lang,
        identifiers=_merged(item.identifiers, identifiers.find(text)),
        entities=lexicon.find(text, lang=lang, country=item.country),
        dates=dates,
        stage=stage.of_item(text, tier=item.tier, step=item.step, dates=dates, on=day),
        step=item.step,
    )


def _merged(stated: tuple[Identifier, ...], found: tuple[Identifier, ...]) -> tuple[Identifier, ...]:
    return tuple(dict.fromkeys((*stated, *found)))


def _merged_dates(stated: tuple[KeyDate, ...], found: tuple[KeyDate, ...]) -> tuple[KeyDate, ...]:
    """Stated dates, and those of the text that say something else."""
    merged = {(each.kind, each.date): each for each in (*found, *stated)}
    return tuple(sorted(merged.values(), key=lambda each: (each.date, each.kind)))
