"""Reads answers of the Federal Register API: published documents and public inspection. Never fetches.

Source: federalregister.gov API v1, documents.json and public-inspection-documents.json; the fields are those of
usnationalarchives/federalregister-api-core, app/serializers. Fields with the law in them come only when asked for.

The API tells no more than CAP hits of a query, in its count as well: what is beyond them exists for those who ask for fewer days.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from monitor import dates
from monitor.errors import ParseError
from monitor.items import DateKind, Entry, Fetched, Identifier, KeyDate, Parsed, Source
from monitor.sources.feed import read_json
from monitor.sources.links import absolute

BASE = "https://www.federalregister.gov/api/v1"
PER_PAGE = 100
PER_PAGE_OF_HISTORY = 1_000
"""Above 2,000 the API falls back to 20 without a word."""
CAP = 10_000
"""Hits of a query that the API knows of at most; a count of as many means "or more"."""

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
    "comment_url",
    "regulations_dot_gov_info",
)
"""Fields asked for; an unknown one makes the API refuse the whole request, so they stand in one place."""

_SINCE, _UNTIL = "conditions[publication_date][gte]", "conditions[publication_date][lte]"
_OF_ONE_PAGE = ("page", "search_after_cursor")
_LINK = re.compile(r"https?://[^\s<>\"\\`]{1,300}")
_ITS_OWN_DOCKET = re.compile(r"[A-Z][A-Z0-9]*(?:-[A-Z0-9]+)*-\d{4}(?:-[A-Z]{2})?-\d{4,}")
"""A docket of regulations.gov; DOL_FRDOC_0001 and its like hold whatever an agency publishes and would make one event of it."""
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


def history(source: Source, since: date, until: date) -> tuple[str, ...]:
    """Addresses whose answers, with the pages that they name as older, hold every document of the query in a span of days.

    A slice is a calendar year, so that its address stays the same from day to day; its answer may be cut further (see parse).
    Newest first. Empty for public inspection, which knows current documents only, for a single document, and for a query with a
    fixed day or year, whose whole history its own pages are.

    Args:
        since: first day of publication.
        until: last day of publication, included.
    """
    parts = urlsplit(source.url)
    parameters = parse_qsl(parts.query, keep_blank_values=True)
    if parts.path.rpartition("/")[2] not in ("documents", "documents.json") or any(
        name.startswith("conditions[publication_date]") and name not in (_SINCE, _UNTIL) for name, _ in parameters
    ):
        return ()
    first, last = _span(parameters)
    since, until = max(since, first or since), min(until, last or until)
    years = range(until.year, since.year - 1, -1)
    return tuple(
        _slice(source.url, max(since, date(year, 1, 1)), min(until, date(year, 12, 31)), per_page=PER_PAGE_OF_HISTORY)
        for year in years
        if since <= until
    )


def halved(address: str) -> tuple[str, ...]:
    """The query of a slice as two queries of half its days, the newer first; empty if it has no span of days, or one day only."""
    first, last = _span(parse_qsl(urlsplit(address).query, keep_blank_values=True))
    if first is None or last is None or first >= last:
        return ()
    middle = first + (last - first) // 2
    return _slice(address, middle + timedelta(days=1), last), _slice(address, first, middle)


def _span(parameters: list[tuple[str, str]]) -> tuple[date | None, date | None]:
    """First and last day of publication that a query asks for; None where it does not say."""
    stated = dict(parameters)
    moments = (dates.read_moment(stated.get(name, "")) for name in (_SINCE, _UNTIL))
    first, last = (None if moment is None else moment.date() for moment in moments)
    return first, last


def _slice(address: str, first: date, last: date, *, per_page: int | None = None) -> str:
    """The query for some days only, from its first page on; its parameters keep their order."""
    parts = urlsplit(address)
    parameters = parse_qsl(parts.query, keep_blank_values=True)
    kept = [(name, value) for name, value in parameters if name not in (_SINCE, _UNTIL, *_OF_ONE_PAGE)]
    if per_page is not None:
        kept = [(name, str(per_page) if name == "per_page" else value) for name, value in kept]
        kept += [] if any(name == "per_page" for name, _ in kept) else [("per_page", str(per_page))]
    place = next((place for place, (name, _) in enumerate(kept) if not name.startswith("conditions[")), len(kept))
    kept[place:place] = [(_SINCE, first.isoformat()), (_UNTIL, last.isoformat())]
    return parts._replace(query=urlencode(kept), fragment="").geturl()


def parse(source: Source, fetched: Fetched) -> Parsed:
    """Entries of an answer: a list of documents, or one document.

    Older entries are on the next page that the answer names, if it is of the same host; of a slice that reached CAP, in its halves.

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
    older = _next_page(answer, fetched.url)
    if _is_capped(answer) and None not in _span(parse_qsl(urlsplit(fetched.url).query)):
        halves = halved(fetched.url)
        notes.append(
            f"{CAP} documents or more in these days; " + ("read by halves" if halves else "the rest cannot be asked for")
        )
        older = halves or older
    return Parsed(entries=tuple(entries), notes=tuple(notes), reader="json", older=older)


def _is_capped(answer: dict[str, Any]) -> bool:
    count = answer.get("count")
    return isinstance(count, int) and count >= CAP


def _next_page(answer: dict[str, Any], here: str) -> tuple[str, ...]:
    address = absolute(here, _text(answer.get("next_page_url")))
    if address is None or address == here or urlsplit(address)[:2] != urlsplit(here)[:2]:
        return ()
    return (address,)


def is_answer(document: object) -> bool:
    """True if a JSON value looks like an answer of this API."""
    return isinstance(document, dict) and ("document_number" in document or ("results" in document and "count" in document))


def _entry(document: dict[str, Any]) -> Entry:
    number = str(document["document_number"])
    filed = _text(document.get("filed_at"))
    is_inspection = bool(filed) and "abstract" not in document
    published = dates.read_moment(filed if is_inspection else _text(document.get("publication_date")))
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
    opened = document.get("regulations_dot_gov_info")
    place = _text(opened.get("docket_id")).upper() if isinstance(opened, dict) else ""
    if _ITS_OWN_DOCKET.fullmatch(place):  # known some hours after publication
        yield Identifier(type="docket", value=place)
    for rin in _list(document.get("regulation_id_numbers")):
        yield Identifier(type="rin", value=rin.upper())
    references = document.get("cfr_references")
    for reference in references if isinstance(references, list) else ():
        title, part = (reference.get("title"), reference.get("part")) if isinstance(reference, dict) else (None, None)
        if title and part and isinstance(title, str | int) and isinstance(part, str | int):
            yield Identifier(type="cfr", value=f"{title} CFR {part}")


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
            words = sentence or stated.format(moment.date().isoformat())
            # Beside the deadline is where an analyst looks for it. In the summary it would make a revision of every document: the
            # API learns it some hours after publication.
            place = _text(document.get("comment_url")) if kind is DateKind.COMMENTS_CLOSE else ""
            yield KeyDate(
                kind=kind, date=moment.date(), sentence=f"{words} Comments: {place}" if _LINK.fullmatch(place) else words
            )


def _text(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""


def _list(value: object) -> list[str]:
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []
