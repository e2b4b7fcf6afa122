"""Commands that ask one verb about a stream: parse, tag, link, identify. They need neither configuration nor archive.

Lines come in and go out one by one, in order, in constant memory; a bad line is named on standard error and skipped.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from monitor import bundled
from monitor.cli.options import Here, command
from monitor.cli.output import json_line, progress, stamp, warn
from monitor.errors import BadLine, UsageError
from monitor.items import Fetched, Item, Tier, Validators

_BATCH = 64


@command("parse", example="monitor parse feed.xml\nmonitor parse https://news.example/feed.xml --type feed")
@click.argument("place", metavar="FILE|URL")
@click.option("--type", "type_", help="feed, federal_register, sitemap; default: by its content.")
@click.pass_obj
def parse(here: Here, place: str, type_: str | None) -> None:
    """A feed document to JSON lines: guid, url, title, summary, published, in document order."""
    from monitor.normalise import MAX_SUMMARY, MAX_TITLE, address, plain
    from monitor.sources import TYPES
    from monitor.sources.workers import read_alone

    here.start_log()
    known = [name for name, kind in TYPES.items() if kind.is_read_alone]
    if type_ is not None and type_ not in known:
        raise UsageError(f"--type {type_!r} cannot be read here", hint=f"One of {', '.join(known)}")
    fetched = _document(place, here)
    name = Path(place).name if "://" not in place else place
    parsed = read_alone(fetched, name, type_)
    for entry in parsed.entries:
        line = {
            "guid": entry.guid,
            "url": address(entry.url),
            "title": plain(entry.title, MAX_TITLE),
            "summary": plain(entry.summary, MAX_SUMMARY),
            "published": stamp(entry.published.astimezone(UTC)) if entry.published else None,
        }
        print(json_line(line))
    for text in parsed.notes:
        warn(f"{name}: {text}")


@command("tag", example='monitor tag items.jsonl\necho \'{"id":1,"title":"輸出管理規則の改正"}\' | monitor tag -')
@click.argument("file", type=click.Path(exists=True, dir_okay=False, allow_dash=True), default="-")
@click.pass_obj
def tag(here: Here, file: str) -> None:
    """JSON lines {id, title, summary?, lang?} to {id, labels, scores, why}, streaming, order kept."""
    from monitor import classifiers, house, models
    from monitor.identify import identify
    from monitor.tag import tag as tagged

    here.start_log()
    folder = bundled.classifiers_in_use()
    lexicon, model = classifiers.load_lexicon(folder), models.load(folder)
    encoder = house.encoder(model)
    with progress("Tagging", None) as step:
        for batch in _batched(_items(file)):
            pairs = [(item, identify(item, lexicon)) for _, item in batch]
            for (name, _), tags in zip(batch, tagged(model, pairs, encoder), strict=True):
                line = {
                    "id": name,
                    "labels": [each.theme for each in sorted(tags, key=lambda each: -each.score) if each.is_given],
                    "scores": {each.theme: each.score for each in tags},
                    "why": {
                        each.theme: [[reason.term, reason.weight] for reason in each.reasons] for each in tags if each.reasons
                    },
                }
                print(json_line(line))
            sys.stdout.flush()
            step(len(batch))


@command("link", example="monitor link items.jsonl > events.jsonl\nmonitor link items.jsonl --level storyline")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, allow_dash=True), default="-")
@click.option(
    "--level",
    type=click.Choice(["event", "storyline"]),
    default="event",
    show_default=True,
    help="One development, or a matter of months.",
)
@click.pass_obj
def link(here: Here, file: str, level: str) -> None:
    """JSON lines of items, in order of arrival, to one line each: {id, event, why}.

    Decided from an item and earlier ones, never by the clock.
    """
    from monitor import classifiers, encoders, house, joinings
    from monitor.identify import identify
    from monitor.link import Linker

    here.start_log()
    folder = bundled.classifiers_in_use()
    lexicon = classifiers.load_lexicon(folder)
    encoder = house.linking_encoder(folder)
    linker = Linker(joinings.load(folder, level=level, vectors=None if encoder is None else encoder.id))
    with progress("Linking", None) as step:
        for batch in _batched(_items(file)):
            pairs = [(item, identify(item, lexicon)) for _, item in batch]
            vectors = None if encoder is None else encoders.encode(encoder, [item.text for item, _ in pairs])
            for (name, _), found in zip(batch, linker.link_all(pairs, vectors), strict=True):
                line = {"id": name, "event": found.event, "why": [[reason.term, reason.weight] for reason in found.reasons]}
                print(json_line(line))
            sys.stdout.flush()
            step(len(batch))


@command("identify", example='monitor identify items.jsonl\necho \'{"id":1,"title":"15 CFR 744"}\' | monitor identify')
@click.argument("file", type=click.Path(exists=True, dir_okay=False, allow_dash=True), default="-")
@click.pass_obj
def identify(here: Here, file: str) -> None:
    """JSON lines of items to {id, lang, identifiers, entities, dates}."""
    from monitor import classifiers
    from monitor.identify import identify as identified

    here.start_log()
    lexicon = classifiers.load_lexicon(bundled.classifiers_in_use())
    for name, item in _items(file):
        found = identified(item, lexicon)
        line = {
            "id": name,
            "lang": found.lang,
            "identifiers": [{"type": each.type, "value": each.value} for each in found.identifiers],
            "entities": [{"id": each.id, "type": each.type, "surface": each.surface} for each in found.entities],
            "dates": [
                {"kind": each.kind.value, "date": each.date.isoformat(), "sentence": each.sentence, "confidence": each.confidence}
                for each in found.dates
            ],
        }
        print(json_line(line))


def _document(place: str, here: Here) -> Fetched:
    """The document of a file or an address."""
    if "://" not in place:
        try:
            body = Path(place).read_bytes()
        except OSError as error:
            hint = "Name a file, or an address that begins with https://"
            raise UsageError(f"cannot be read ({error.strerror})", subject=place, hint=hint) from error
        return Fetched(
            url=Path(place).resolve().as_uri(),
            body=body,
            content_type="",
            validators=Validators(),
            is_unmodified=False,
            at=here.now(),
        )
    from monitor.sources import looking

    return looking.document(place, here.now)


def _items(file: str) -> Iterator[tuple[Any, Item]]:
    """Items of a JSONL stream with their ids as given; bad lines are named and counted on standard error."""
    bad = 0
    before = _EPOCH
    with click.open_file(file, encoding="utf-8", errors="replace") as stream:
        for number, line in enumerate(stream, start=1):
            if not line.strip():
                continue
            try:
                name, item = _item(line, number, before)
            except BadLine as error:
                bad += 1
                if bad <= 20:
                    warn(f"{error}")
                continue
            before = item.moment
            yield name, item
    if bad:
        warn(f"{bad} lines could not be used")


def _item(line: str, number: int, before: datetime) -> tuple[Any, Item]:
    """The item of a line.

    Args:
        before: the moment of the item before it, which stands in for a date that is missing.
    """
    from monitor import dates, language
    from monitor.normalise import MAX_SUMMARY, MAX_TITLE, plain

    subject = f"line {number}"
    try:
        raw = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise BadLine("is no JSON", subject=subject) from error
    if not isinstance(raw, dict) or "id" not in raw or not isinstance(raw.get("title"), str):
        raise BadLine("needs an id and a title", subject=subject)
    title = plain(raw["title"], MAX_TITLE)
    summary = plain(raw["summary"], MAX_SUMMARY) if isinstance(raw.get("summary"), str) else ""
    hint = raw["lang"] if isinstance(raw.get("lang"), str) else None
    stated = raw.get("published")
    published = dates.read_moment(stated) if isinstance(stated, str) else None
    country = raw["country"] if isinstance(raw.get("country"), str) else None
    tier = raw.get("tier")
    return raw["id"], Item(
        id=str(raw["id"]),
        source=str(raw.get("source") or ""),
        key=str(raw["id"]),
        url=None,
        title=title,
        summary=summary,
        published=published,
        first_seen=published or before,
        lang=hint if hint and hint != "mul" else language.detect(f"{title}\n{summary}"),
        country=country,
        tier=Tier(tier) if tier in set(Tier) else Tier.PRESS,
        is_backlog=published is None,  # of an undated item nobody knows the time
    )


_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


def _batched(items: Iterable[tuple[Any, Item]]) -> Iterator[list[tuple[Any, Item]]]:
    batch: list[tuple[Any, Item]] = []
    for pair in items:
        batch.append(pair)
        if len(batch) == _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch
