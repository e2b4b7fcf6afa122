"""Items as rows of a file: the keys of their JSON, flattened for CSV, typed for Parquet. Written as they come, never all in memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from monitor.archive.exporting import Exported
from monitor.cli import output
from monitor.cli.output import Row, cell, findings_json, item_json, json_line
from monitor.errors import UsageError

if TYPE_CHECKING:
    import pyarrow

_ITEM = (
    "id", "source", "url", "title", "summary", "published", "first_seen", "lang", "country", "tier", "themes", "event", "copy_of",
)  # fmt: skip
COLUMNS = (*_ITEM, "stage", "identifiers", "entities", "dates")
"""Of an export, in order, as far as none are named."""
BODY = "body"
"""The text of the page, only where it is asked for."""
_GROUP = 2_000
"""Rows of a row group of Parquet: fewer compress worse; measured: 2,000 take 140 MB, 65 of them pyarrow itself, 10,000 take 225."""
_WHOLE_GROUP = 200
"""The same with bodies."""


def row(found: Exported, columns: Sequence[str]) -> dict[str, Any]:
    """An item as JSON has it everywhere, with what was found in it; of the columns, in their order."""
    whole: dict[str, Any] = {
        **item_json(found.filed),
        "stage": None if found.stage is None else found.stage.value,
        **findings_json(found.identifiers, found.entities, found.dates),
        BODY: found.filed.item.body or None,
    }
    return {name: whole[name] for name in columns}


def write_jsonl(rows: Iterable[Row], stream: IO[str]) -> int:
    """One JSON object a line; how many."""
    count = 0
    for each in rows:
        stream.write(json_line(each) + "\n")
        count += 1
    return count


def write_csv(rows: Iterable[Row], columns: Sequence[str], stream: IO[str], *, is_for_excel: bool = False) -> int:
    """A line of names and one line an item, no cell a formula; how many items.

    Args:
        is_for_excel: a byte order mark first, without which Excel takes UTF-8 for the code page of the machine.
    """
    if is_for_excel:
        stream.write("\ufeff")
    return output.write_csv(rows, columns, stream, flat)


def write_parquet(rows: Iterable[Row], columns: Sequence[str], path: Path) -> int:
    """A Parquet file with the types of the JSON; how many items.

    Raises:
        UsageError: pyarrow is not installed.
    """
    schema = _schema(columns)
    from pyarrow import Table, parquet, set_memory_pool, system_memory_pool

    set_memory_pool(system_memory_pool())  # measured: its own pool keeps 20 MB more for later, and there is no later here
    count = 0
    group = _WHOLE_GROUP if BODY in columns else _GROUP
    with parquet.ParquetWriter(path, schema, compression="zstd") as writer:
        for part in _groups(rows, group):
            writer.write_table(Table.from_pylist(part, schema=schema))
            count += len(part)
    return count


def flat(name: str, value: Any) -> str:
    """A value in one cell: "export_control 0.93; telecom_5g 0.51", "rin: 0694-AJ23", "co-nvidia", "effective 2023-11-16"."""
    if name == "themes":
        return cell("; ".join(f"{theme} {score:.2f}" for theme, score in value.items()))
    if name == "identifiers":
        return cell("; ".join(f"{each['type']}: {each['value']}" for each in value))
    if name == "entities":
        return cell("; ".join(each["id"] for each in value))
    if name == "dates":
        return cell("; ".join(f"{each['kind']} {each['date']}" for each in value))
    return cell(value)


def _groups(rows: Iterable[Row], size: int) -> Iterator[list[dict[str, Any]]]:
    """Rows in parts of a size, with moments and days as what they are."""
    from datetime import date, datetime

    def moment(text: str | None) -> datetime | None:
        return None if text is None else datetime.fromisoformat(text)

    left = iter(rows)
    while part := [dict(each) for each in islice(left, size)]:
        for each in part:
            each.update({name: moment(each[name]) for name in ("published", "first_seen") if name in each})
            if "themes" in each:
                each["themes"] = list(each["themes"].items())
            if "dates" in each:
                each["dates"] = [{**day, "date": date.fromisoformat(day["date"])} for day in each["dates"]]
        yield part


def _schema(columns: Sequence[str]) -> pyarrow.Schema:
    try:
        import pyarrow as pa
    except ImportError as error:
        raise UsageError(
            "Parquet needs the package pyarrow, which is not installed", hint="pip install 'econsec-monitor[parquet]'"
        ) from error
    text = pa.string()
    types = {
        "published": pa.timestamp("ms", tz="UTC"),
        "first_seen": pa.timestamp("ms", tz="UTC"),
        "themes": pa.map_(text, pa.float64()),
        "identifiers": pa.list_(pa.struct({"type": text, "value": text})),
        "entities": pa.list_(pa.struct({"id": text, "type": text, "surface": text})),
        "dates": pa.list_(pa.struct({"kind": text, "date": pa.date32(), "sentence": text})),
    }
    return pa.schema([(name, types.get(name, text)) for name in columns])
