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
    entities = lexicon.find(text, lang=lang, country=item.country)
    of = stage.jurisdiction(text, country=item.country, lang=lang, tier=item.tier, entities=entities, step=item.step)
    shown = stage.shown(text, of=of, step=item.step, dates=dates, on=day, entities=entities)
    return Findings(
        lang=lang,
        identifiers=_merged(item.identifiers, identifiers.find(text)),
        entities=entities,
        dates=dates,
        shown=shown,
        stage=stage.proven(shown, tier=item.tier, country=item.country),
    )


def _merged(stated: tuple[Identifier, ...], found: tuple[Identifier, ...]) -> tuple[Identifier, ...]:
    return tuple(dict.fromkeys((*stated, *found)))


def _merged_dates(stated: tuple[KeyDate, ...], found: tuple[KeyDate, ...]) -> tuple[KeyDate, ...]:
    """Stated dates, and those of the text that say something else."""
    merged = {(each.kind, each.date): each for each in (*found, *stated)}
    return tuple(sorted(merged.values(), key=lambda each: (each.date, each.kind)))
