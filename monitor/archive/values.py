"""How nouns are written in columns, and read back."""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta

from monitor.errors import UsageError
from monitor.items import DateKind, Entity, Findings, Identifier, Item, KeyDate, Reason, Shown, Stage, Tier

_KINDS = {"E": "event", "I": "item"}
"""What an id is of, by its first letter."""
_SHOWN_BY = {"event": "event", "item": "show"}
"""The command that shows one."""
_NOTHING_STATED = '{"identifiers": [], "dates": []}'


def written(moment: datetime) -> str:
    """A moment as a column has it: the second in which it fell."""
    return moment.astimezone(UTC).isoformat(timespec="seconds")[:19] + "Z"


def written_after(moment: datetime) -> str:
    """The first second that does not begin before a moment: a wait that was asked for is never cut by rounding."""
    return written(moment + timedelta(seconds=1) - timedelta.resolution)


def read(text: str | None) -> datetime | None:
    """The moment of a column; None for null."""
    return None if text is None else read_surely(text)


def read_surely(text: str) -> datetime:
    """The moment of a column that is never null."""
    return datetime.fromisoformat(text)


def item_of(row: sqlite3.Row, *, is_whole: bool = False) -> Item:
    """The item of a row of items.

    Args:
        is_whole: the row has the body of its article beside it, null if there is none; else the item comes without its page.
    """
    stated = json.loads(row["stated"])
    return Item(
        id=row["id"],
        source=row["source"],
        key=row["key"],
        url=row["url"],
        title=row["title"],
        summary=row["summary"],
        published=read(row["published"]),
        first_seen=read_surely(row["first_seen"]),
        lang=row["lang"],
        country=row["country"],
        tier=Tier(row["tier"]),
        kind=row["kind"],
        identifiers=tuple(Identifier(type=kind, value=value) for kind, value in stated.get("identifiers", ())),
        dates=tuple(
            KeyDate(kind=DateKind(kind), date=date.fromisoformat(day), sentence=sentence, confidence=confidence)
            for kind, day, sentence, confidence in stated.get("dates", ())
        ),
        step=row["step"],
        is_backlog=bool(row["is_backlog"]),
        changed_at=read(row["changed_at"]),
        body=(row["body"] or "") if is_whole else None,
        is_imported=row["imported_at"] is not None and (row["changed_at"] or "") <= row["imported_at"],
    )


def stated_of(item: Item) -> str:
    """What an item has from structured fields, as JSON."""
    if not item.identifiers and not item.dates:
        return _NOTHING_STATED
    return json.dumps(
        {
            "identifiers": [[each.type, each.value] for each in item.identifiers],
            "dates": [[each.kind.value, each.date.isoformat(), each.sentence, each.confidence] for each in item.dates],
        },
        ensure_ascii=False,
    )


def reasons_text(reasons: Iterable[Reason]) -> str:
    """Reasons as JSON."""
    return json.dumps([[each.term, each.weight] for each in reasons], ensure_ascii=False)


def reasons_of(text: str | None) -> tuple[Reason, ...]:
    """Reasons of a column; none for null."""
    return tuple(Reason(term, weight) for term, weight in json.loads(text)) if text else ()


def key_date_of(row: sqlite3.Row) -> KeyDate:
    """The key date of a row of key_dates."""
    return KeyDate(
        kind=DateKind(row["kind"]),
        date=date.fromisoformat(row["date"]),
        sentence=row["sentence"],
        confidence=row["confidence"],
    )


def shown_of(row: sqlite3.Row) -> Shown:
    """The step of a row of steps."""
    return Shown(jurisdiction=row["jurisdiction"], step=row["step"], stage=Stage(row["stage"]), sentence=row["sentence"])


def findings_of(connection: sqlite3.Connection, rows: Sequence[sqlite3.Row], *, with_names: bool = True) -> dict[str, Findings]:
    """What identify found in the items of rows of items, by item; in the order in which it found it, dates by day. One query a table.

    Args:
        with_names: with identifiers and entities.
    """
    ids = json.dumps([row["id"] for row in rows])

    def told(table: str, order: str) -> dict[str, list[sqlite3.Row]]:
        found: dict[str, list[sqlite3.Row]] = defaultdict(list)
        query = f"select * from {table} where item in (select value from json_each(?)) order by {order}"
        for row in connection.execute(query, [ids]):
            found[row["item"]].append(row)
        return found

    dates, steps = told("key_dates", "date, kind"), told("steps", "rowid")
    identifiers, entities = (told("identifiers", "rowid"), told("entities", "rowid")) if with_names else ({}, {})
    return {
        (item := row["id"]): Findings(
            lang=row["lang"],
            identifiers=tuple(Identifier(type=each["type"], value=each["value"]) for each in identifiers.get(item, ())),
            entities=tuple(
                Entity(id=each["entity"], type=each["type"], surface=each["surface"]) for each in entities.get(item, ())
            ),
            dates=tuple(map(key_date_of, dates.get(item, ()))),
            shown=next(map(shown_of, steps.get(item, ())), None),
            stage=Stage.REPORTED if row["stage"] is None else Stage(row["stage"]),
        )
        for row in rows
    }


def one(connection: sqlite3.Connection, table: str, wanted: str, what: str, list_command: str) -> sqlite3.Row:
    """The row whose id is `wanted`, or the only one whose id begins so.

    Raises:
        UsageError: none, or several.
    """
    prefix, _, rest = wanted.partition("-")
    normal = f"{prefix.upper()}-{rest.lower()}"
    rows = connection.execute(
        f"select * from {table} where id >= ? and id < ? order by id limit 3", [normal, normal + "\uffff"]
    ).fetchall()
    exact = [row for row in rows if row["id"] == normal]
    if len(exact or rows) == 1:
        found: sqlite3.Row = (exact or rows)[0]
        return found
    if rows:
        raise UsageError(f"{wanted!r} is the beginning of several ids", hint=f"Ids are listed by: {list_command}")
    if (other := _KINDS.get(prefix.upper())) is not None and rest and other != what:
        # who has it in the hand need not look for another
        raise UsageError(f"{wanted} is an {other}, not an {what}", hint=f"It is shown by: monitor {_SHOWN_BY[other]} {wanted}")
    raise UsageError(f"there is no {what} {wanted!r}", hint=f"Ids are listed by: {list_command}")
