"""Reads answers of the Federal Register API: published documents and public inspection. Never fetches.

Source: federalregister.gov API v1, documents.json and public-inspection-documents.json; the fields are those of
usnationalarchives/federalregister-api-core, app/serializers. Fields with the law in them come only when asked for.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from monitor import dates
from monitor.errors import ParseError
from monitor.items import DateKind, Entry, Fetched, Identifier, KeyDate, Parsed, Source
from monitor.sources.feed import read_json

BASE = "https://www.federalregister.gov/api/v1"
PER_PAGE = 100
FIELDS = (
    "title",
    "type",
    "subtype",
    "abstract",
    "action",
    "dates",
    "document_number",
    "citation",
    "html_url",
    "pdf_url",
    "publication_date",
    "effective_on",
    "comments_close_on",
    "docket_ids",
    "regulation_id_numbers",
    "cfr_references",
    "agencies",
)
"""Fields asked for; an unknown one makes the API refuse the whole request, so they stand in one place."""

_WASHINGTON = ZoneInfo("America/New_York")
_DOCKET = re.compile(r"^(?:dockets?\s+)?(?:nos?\.\s*:?\s*|(?:nos?|ids?|numbers?)[\s:]+)?", re.I)


def address(
    *,
    agencies: Iterable[str] = (),
    term: str | None = None,
    types: Iterable[str] = (),
    is_inspection: bool = False,
) -> str:
    """URL of a query, newest first.

    Args:
        agencies: slugs such as industry-and-security-bureau, any of them.
        types: RULE, PRORULE, NOTICE, PRESDOCU.
        is_inspection: documents on file instead of published ones.
    """
    conditions = [("conditions[agencies][]", slug) for slug in agencies]
    conditions += [("conditions[type][]", name) for name in types]
    if term:
        conditions.append(("conditions[term]", term))
    if is_inspection:
        return f"{BASE}/public-inspection-documents.json?{urlencode(conditions)}"
    conditions += [("order", "newest"), ("per_page", str(PER_PAGE))]
    conditions += [("fields[]", name) for name in FIELDS]
    return f"{BASE}/documents.json?{urlencode(conditions)}"


def parse(source: Source, fetched: Fetched) -> Parsed:
    """Entries of an answer: a list of documents, or one document.

    Raises:
        ParseError: not an answer of this API, or its own error answer.
    """
    answer = read_json(source.id, fetched)
    if not isinstance(answer, dict):
        raise ParseError("JSON, but no Federal Register answer", subject=source.id)
    if "errors" in answer and "results" not in answer:
        raise ParseError(f"the API refused the query: {str(answer['errors'])[:200]}", subject=source.id)
    # results is absent when there is no hit
    documents = [answer] if "document_number" in answer else answer.get("results", [])
    if not isinstance(documents, list) or ("count" not in answer and not documents):
        raise ParseError("JSON, but no Federal Register answer", subject=source.id)
    notes: list[str] = []
    entries = []
    for place, document in enumerate(documents):
        if isinstance(document, dict) and document.get("document_number"):
            entries.append(_entry(document))
        else:
            notes.append(f"result {place + 1} has no document number; skipped")
    return Parsed(entries=tuple(entries), notes=tuple(notes))


def is_answer(document: object) -> bool:
    """True if a JSON value looks like an answer of this API."""
    return isinstance(document, dict) and ("document_number" in document or ("results" in document and "count" in document))


def _entry(document: dict[str, Any]) -> Entry:
    number = str(document["document_number"])
    filed = _text(document.get("filed_at"))
    is_inspection = bool(filed) and "abstract" not in document
    published = dates.read_moment(filed) if is_inspection else _start_of(_text(document.get("publication_date")))
    summary = " ".join(
        part
        for part in (
            _text(document.get("action")),
            _text(document.get("abstract")) or _text(document.get("excerpts")),
            _text(document.get("dates")),
        )
        if part
    )
    return Entry(
        guid=number,
        url=_text(document.get("html_url")) or _text(document.get("pdf_url")) or None,
        title=_text(document.get("title")) or number,
        summary=summary,
        published=published,
        identifiers=tuple(dict.fromkeys(_identifiers(document, number))),
        dates=tuple(_dates(document, is_inspection)),
        step=_step(document, is_inspection),
    )


def _step(document: dict[str, Any], is_inspection: bool) -> str | None:
    kind = _text(document.get("type"))
    action = _text(document.get("action")).rstrip(".")
    name = action if kind in ("Rule", "Proposed Rule") and action else kind
    return f"{name or 'Document'} on public inspection" if is_inspection else name or None


def _identifiers(document: dict[str, Any], number: str) -> Iterator[Identifier]:
    yield Identifier(type="fr_doc", value=number)
    if _text(document.get("citation")):
        yield Identifier(type="fr_citation", value=_text(document["citation"]))
    for docket in _list(document.get("docket_ids") or document.get("docket_numbers")):
        for part in re.split(r"[,;]\s*", docket):
            value = _DOCKET.sub("", part).strip()
            if value:
                yield Identifier(type="docket", value=value.upper())
    for rin in _list(document.get("regulation_id_numbers")):
        yield Identifier(type="rin", value=rin.upper())
    references = document.get("cfr_references")
    for reference in references if isinstance(references, list) else ():
        if isinstance(reference, dict) and reference.get("title") and reference.get("part"):
            yield Identifier(type="cfr", value=f"{reference['title']} CFR {reference['part']}")


def _dates(document: dict[str, Any], is_inspection: bool) -> Iterator[KeyDate]:
    sentence = _text(document.get("dates"))
    fields = [
        ("effective_on", DateKind.EFFECTIVE, "Effective on {}."),
        ("comments_close_on", DateKind.COMMENTS_CLOSE, "Comments close on {}."),
    ]
    if is_inspection:
        fields.append(("publication_date", DateKind.PUBLISHED, "On public inspection; publishes on {}."))
    for field, kind, stated in fields:
        moment = dates.read_moment(_text(document.get(field)))
        if moment is not None:
            yield KeyDate(kind=kind, date=moment.date(), sentence=sentence or stated.format(moment.date().isoformat()))


def _start_of(day: str) -> datetime | None:
    moment = dates.read_moment(day) if day else None
    return None if moment is None else datetime.combine(moment.date(), datetime.min.time(), _WASHINGTON).astimezone(UTC)


def _text(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""


def _list(value: object) -> list[str]:
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []
