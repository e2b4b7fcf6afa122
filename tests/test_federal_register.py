"""Answers of the Federal Register API become entries with the law in them: identifiers, dates and the stage."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from builders import a_source, fetched
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.errors import ParseError
from monitor.items import DateKind, Entry, Identifier, KeyDate, Parsed, Source
from monitor.sources import federal_register, guess_type
from monitor.sources.federal_register import CAP, FIELDS, PER_PAGE, PER_PAGE_OF_HISTORY, address, halved, history, is_answer

SOURCE = a_source(id="bis-fr", type="federal_register")
RULE = {
    "title": "Controls on Certain Graphite Items",
    "type": "Rule",
    "abstract": "The bureau amends the list to control graphite items.",
    "action": "Interim final rule; request for comments.",
    "dates": "This rule is effective November 17, 2023. Comments must be received by December 18, 2023.",
    "document_number": "2023-23055",
    "citation": "88 FR 73458",
    "html_url": "https://www.federalregister.gov/d/2023-23055",
    "pdf_url": "https://www.govinfo.gov/2023-23055.pdf",
    "publication_date": "2023-10-25",
    "effective_on": "2023-11-17",
    "comments_close_on": "2023-12-18",
    "docket_ids": ["Docket No. 231013-0248"],
    "regulation_id_numbers": ["0694-AI94"],
    "cfr_references": [{"title": 15, "part": 742}, {"title": 15, "part": 774}],
    "agencies": [{"name": "Industry and Security Bureau"}],
}
ON_FILE = {
    "document_number": "2023-23055",
    "title": "Controls on Certain Graphite Items",
    "type": "Rule",
    "filed_at": "2023-10-17T16:15:00.000-04:00",
    "publication_date": "2023-10-25",
    "docket_numbers": ["Docket No. 231013-0248"],
    "html_url": "https://www.federalregister.gov/public-inspection/2023-23055",
    "pdf_url": "https://public-inspection.federalregister.gov/2023-23055.pdf",
    "excerpts": None,
}


def parsed(answer: object) -> Parsed:
    return federal_register.parse(SOURCE, fetched(json.dumps(answer).encode(), content_type="application/json"))


def entry(**changes: object) -> Entry:
    return parsed({"count": 1, "results": [RULE | changes]}).entries[0]


def dockets(*stated: str) -> list[str]:
    return [each.value for each in entry(docket_ids=list(stated)).identifiers if each.type == "docket"]


def test_a_published_rule_becomes_an_entry_with_everything_that_binds() -> None:
    """Number, docket, RIN and CFR parts, both dates and the action come from the fields."""
    expected = Entry(
        guid="2023-23055",
        url="https://www.federalregister.gov/d/2023-23055",
        title="Controls on Certain Graphite Items",
        summary=f"{RULE['action']} {RULE['abstract']} {RULE['dates']}",
        published=datetime(2023, 10, 25, tzinfo=UTC),
        identifiers=(
            Identifier(type="fr_doc", value="2023-23055"),
            Identifier(type="fr_citation", value="88 FR 73458"),
            Identifier(type="docket", value="231013-0248"),
            Identifier(type="rin", value="0694-AI94"),
            Identifier(type="cfr", value="15 CFR 742"),
            Identifier(type="cfr", value="15 CFR 774"),
        ),
        dates=(
            KeyDate(kind=DateKind.EFFECTIVE, date=date(2023, 11, 17), sentence=str(RULE["dates"])),
            KeyDate(kind=DateKind.COMMENTS_CLOSE, date=date(2023, 12, 18), sentence=str(RULE["dates"])),
        ),
        step="Interim final rule; request for comments",
    )
    assert parsed({"count": 1, "results": [RULE]}) == Parsed(entries=(expected,), reader="json")


def test_a_document_on_public_inspection_says_when_it_publishes() -> None:
    """It is dated by its filing, and its publication is a date ahead."""
    expected = Entry(
        guid="2023-23055",
        url="https://www.federalregister.gov/public-inspection/2023-23055",
        title="Controls on Certain Graphite Items",
        summary="",
        published=datetime(2023, 10, 17, 20, 15, tzinfo=UTC),
        identifiers=(Identifier(type="fr_doc", value="2023-23055"), Identifier(type="docket", value="231013-0248")),
        dates=(
            KeyDate(kind=DateKind.PUBLISHED, date=date(2023, 10, 25), sentence="On public inspection; publishes on 2023-10-25."),
        ),
        step="Rule on public inspection",
    )
    assert parsed({"count": 1, "results": [ON_FILE]}) == Parsed(entries=(expected,), reader="json")


def test_a_publication_day_is_that_day_in_utc() -> None:
    """As the day of every other source, so that everything shows the day that the register states."""
    assert entry(publication_date="2023-07-03").published == datetime(2023, 7, 3, tzinfo=UTC)


@pytest.mark.parametrize(
    ("changes", "step"),
    [
        ({"type": "Rule", "action": "Final rule."}, "Final rule"),
        ({"type": "Proposed Rule", "action": "Advance notice of proposed rulemaking."}, "Advance notice of proposed rulemaking"),
        ({"type": "Rule", "action": None}, "Rule"),
        ({"type": "Notice", "action": "Notice of meeting."}, "Notice"),
        ({"type": "Presidential Document", "action": None}, "Presidential Document"),
        ({"type": None, "action": "Final rule."}, None),
    ],
)
def test_the_step_is_the_action_of_a_rule_and_else_the_type(changes: dict[str, object], step: str | None) -> None:
    """Only rules and proposed rules say their stage in the action."""
    assert entry(**changes).step == step


@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        (["Docket No. 231013-0248"], ["231013-0248"]),
        (["Docket No.: BIS-2023-0021"], ["BIS-2023-0021"]),
        (["Docket ID: BIS-2023-0021"], ["BIS-2023-0021"]),
        (["Docket ID BIS-2023-0021", "bis-2023-0021"], ["BIS-2023-0021"]),
        (["No. 231013-0248"], ["231013-0248"]),
        (["231013-0248; BIS-2023-0021, XRIN-7"], ["231013-0248", "BIS-2023-0021", "XRIN-7"]),
        (["Docket Nos. 12-34, 56-78"], ["12-34", "56-78"]),
        (["NOAA-NMFS-2023-0001"], ["NOAA-NMFS-2023-0001"]),
        (["Docket No. NOAA-NMFS-2023-0001"], ["NOAA-NMFS-2023-0001"]),
        (["IDEA-2023-1"], ["IDEA-2023-1"]),
        (["", " ", "Docket No."], []),
    ],
)
def test_a_docket_is_its_number_without_the_words_before_it(stated: list[str], expected: list[str]) -> None:
    """The word Docket goes, the letters that belong to the number stay, the same number comes once."""
    assert dockets(*stated) == expected


def test_a_deadline_without_a_sentence_gets_one_from_the_field() -> None:
    """A key date always has words that say so."""
    found = entry(dates=None).dates
    assert [each.sentence for each in found] == ["Effective on 2023-11-17.", "Comments close on 2023-12-18."]


@pytest.mark.parametrize("stated", [None, "", "soon", "2023-02-30", 20231117])
def test_a_date_that_cannot_be_read_is_no_key_date(stated: object) -> None:
    """Nothing is guessed from a damaged field."""
    assert [each.kind for each in entry(effective_on=stated).dates] == [DateKind.COMMENTS_CLOSE]


def test_the_pdf_and_the_number_stand_in_for_what_is_missing() -> None:
    """An entry keeps a way to the text and a name."""
    found = entry(html_url=None, title="")
    assert (found.url, found.title) == (RULE["pdf_url"], "2023-23055")


def test_an_answer_with_one_document_is_that_document() -> None:
    """The address of a single document can be a source as well."""
    assert parsed(RULE) == parsed({"count": 1, "results": [RULE]})


def test_no_hit_is_no_error() -> None:
    """The API leaves results out when nothing matches."""
    assert parsed({"description": "Documents about graphite", "count": 0}) == Parsed(entries=(), reader="json")


def test_a_result_without_a_number_is_skipped_with_a_note() -> None:
    """The others still come, in order."""
    found = parsed({"count": 3, "results": [RULE | {"document_number": None}, RULE, "text"]})
    assert [each.guid for each in found.entries] == ["2023-23055"]
    assert found.notes == ("result 1 has no document number; skipped", "result 3 has no document number; skipped")


@pytest.mark.parametrize(
    ("answer", "cause"),
    [
        ({"errors": {"conditions": "unknown field"}}, "the API refused the query: {'conditions': 'unknown field'}"),
        ({"version": "https://jsonfeed.org/version/1.1", "items": []}, "JSON, but no Federal Register answer"),
        ({"count": 1, "results": {"a": 1}}, "JSON, but no Federal Register answer"),
        ([RULE], "JSON, but no Federal Register answer"),
        ("quota exceeded", "JSON, but no Federal Register answer"),
        ({}, "JSON, but no Federal Register answer"),
    ],
)
def test_what_is_no_answer_is_refused(answer: object, cause: str) -> None:
    """The error names the source and says what came."""
    with pytest.raises(ParseError) as caught:
        parsed(answer)
    assert (caught.value.cause, caught.value.subject) == (cause, "bis-fr")


def test_a_long_refusal_is_cut() -> None:
    """An error of the API fits one line."""
    with pytest.raises(ParseError) as caught:
        parsed({"errors": ["x" * 10_000]})
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("answer", [RULE, ON_FILE, {"count": 0, "results": []}])
def test_an_answer_is_known_without_being_told(answer: object) -> None:
    """A bare address finds the right reader."""
    assert (is_answer(answer), guess_type(fetched(json.dumps(answer).encode()))) == (True, "federal_register")


@pytest.mark.parametrize("document", [{"version": "1.1", "items": []}, {"count": 3}, [], None, "document_number"])
def test_other_json_is_not_taken_for_an_answer(document: object) -> None:
    """A JSON Feed stays a JSON Feed."""
    assert (is_answer(document), guess_type(fetched(json.dumps(document).encode()))) == (False, "feed")


def test_the_address_of_a_query_asks_for_every_field_newest_first() -> None:
    """Conditions are encoded, several agencies and types are all named."""
    found = urlsplit(address(agencies=["bis", "state"], term='"entity list" & 输出', types=["RULE", "PRORULE"]))
    assert (found.hostname, found.path) == ("www.federalregister.gov", "/api/v1/documents.json")
    assert parse_qs(found.query) == {
        "conditions[agencies][]": ["bis", "state"],
        "conditions[type][]": ["RULE", "PRORULE"],
        "conditions[term]": ['"entity list" & 输出'],
        "order": ["newest"],
        "per_page": [str(PER_PAGE)],
        "fields[]": list(FIELDS),
    }


def test_the_address_of_public_inspection_names_no_fields() -> None:
    """That list knows neither fields nor order, and refuses what it does not know."""
    found = urlsplit(address(agencies=["bis"], is_inspection=True))
    assert found.path == "/api/v1/public-inspection-documents.json"
    assert parse_qs(found.query) == {"conditions[agencies][]": ["bis"]}


@pytest.mark.parametrize(
    ("place", "ending"),
    [
        (
            "https://www.regulations.gov/commenton/BIS-2023-0021-0001",
            " Comments: https://www.regulations.gov/commenton/BIS-2023-0021-0001",
        ),
        (None, ""),
        ("", ""),
        ("by mail", ""),
        ("javascript:alert(1)", ""),
        ("https://x.example/<b>", ""),
        (["https://x.example/"], ""),
    ],
)
def test_where_to_comment_stands_beside_the_deadline(place: object, ending: str) -> None:
    """Only there, so that its coming some hours later makes no revision of the document."""
    found, plain = entry(comment_url=place), entry()
    assert [each.sentence for each in found.dates] == [RULE["dates"], f"{RULE['dates']}{ending}"]
    assert (found.title, found.summary) == (plain.title, plain.summary)


@pytest.mark.parametrize(
    ("opened", "expected"),
    [
        ({"docket_id": "BIS-2023-0021", "comments_count": 3}, ["231013-0248", "BIS-2023-0021"]),
        ({"docket_id": "dod-2013-os-0001"}, ["231013-0248", "DOD-2013-OS-0001"]),
        ({"docket_id": "BIS_FRDOC_0001"}, ["231013-0248"]),
        ({"docket_id": None}, ["231013-0248"]),
        ({"checked_regulationsdotgov_at": "2023-10-25T10:00:00Z"}, ["231013-0248"]),
        ({}, ["231013-0248"]),
        (None, ["231013-0248"]),
        ("BIS-2023-0021", ["231013-0248"]),
    ],
)
def test_the_docket_of_regulations_gov_is_one_of_the_document_s(opened: object, expected: list[str]) -> None:
    """The docket that holds whatever an agency publishes is not: it would join everything into one event."""
    assert [each.value for each in entry(regulations_dot_gov_info=opened).identifiers if each.type == "docket"] == expected


@pytest.mark.parametrize(
    "reference", [{"title": 15}, {"title": {"x": 1}, "part": 742}, {"title": 15, "part": [742]}, "15 CFR 742", None]
)
def test_a_reference_that_is_no_title_and_part_is_no_identifier(reference: object) -> None:
    """The others of the list still are."""
    found = entry(cfr_references=[reference, {"title": 15, "part": 774}]).identifiers
    assert [each.value for each in found if each.type == "cfr"] == ["15 CFR 774"]


QUERY = a_source(id="bis-fr", type="federal_register", url=address(agencies=["industry-and-security-bureau"], term="chips & 5G"))


def span(url: str) -> tuple[str, ...]:
    """First and last day that an address asks for."""
    asked = parse_qs(urlsplit(url).query)
    return tuple(asked[f"conditions[publication_date][{end}]"][0] for end in ("gte", "lte"))


def answer_at(url: str, **changes: object) -> Parsed:
    answer = {"count": 1, "results": [RULE]} | changes
    return federal_register.parse(QUERY, fetched(json.dumps(answer).encode(), url=url, content_type="application/json"))


def test_the_history_of_a_query_is_its_years_newest_first() -> None:
    """The first and last year are cut to the span that is asked for."""
    assert [span(url) for url in history(QUERY, date(2023, 11, 5), date(2025, 2, 3))] == [
        ("2025-01-01", "2025-02-03"),
        ("2024-01-01", "2024-12-31"),
        ("2023-11-05", "2023-12-31"),
    ]


def test_a_slice_asks_what_the_query_asks_in_its_order() -> None:
    """Conditions first, then the order and the fields; only the days and the size of a page differ."""
    (url,) = history(QUERY, date(2024, 1, 1), date(2024, 1, 31))
    days = "conditions%5Bpublication_date%5D%5Bgte%5D=2024-01-01&conditions%5Bpublication_date%5D%5Blte%5D=2024-01-31"
    plain = f"order=newest&per_page={PER_PAGE}"
    assert url == QUERY.url.replace(plain, f"{days}&order=newest&per_page={PER_PAGE_OF_HISTORY}")


def test_the_history_of_nothing_is_empty() -> None:
    """A span that ends before it begins has no days."""
    assert history(QUERY, date(2024, 2, 1), date(2024, 1, 31)) == ()


@pytest.mark.parametrize(
    "url",
    [
        address(agencies=["industry-and-security-bureau"], is_inspection=True),
        "https://www.federalregister.gov/api/v1/public-inspection-documents/current.json",
        "https://www.federalregister.gov/api/v1/documents/2023-23055.json",
        "https://www.federalregister.gov/api/v1/documents.json?conditions[publication_date][is]=2024-01-02",
    ],
)
def test_what_has_no_past_has_no_history(url: str) -> None:
    """Public inspection knows current documents only; a document and a day are what they are."""
    assert history(a_source(type="federal_register", url=url), date(2024, 1, 1), date(2024, 12, 31)) == ()


def test_days_that_the_query_itself_asks_for_bound_its_history() -> None:
    """An operator's own first day stays the first."""
    source: Source = a_source(
        url="https://fr.example/api/v1/documents.json?conditions[publication_date][gte]=2024-06-01&conditions[term]=x"
    )
    assert [span(url) for url in history(source, date(2020, 1, 1), date(2025, 3, 1))] == [
        ("2025-01-01", "2025-03-01"),
        ("2024-06-01", "2024-12-31"),
    ]


def test_a_slice_that_is_too_full_is_read_by_halves() -> None:
    """What came is kept, the next page is not asked for: it ends before the slice does."""
    (url,) = history(QUERY, date(2024, 1, 1), date(2024, 12, 31))
    found = answer_at(url, count=CAP, next_page_url=f"{url}&page=2")
    assert [span(half) for half in found.older] == [("2024-07-02", "2024-12-31"), ("2024-01-01", "2024-07-01")]
    assert (len(found.entries), found.notes) == (1, ("10000 documents or more in these days; read by halves",))


def test_a_page_of_a_slice_is_halved_from_its_first_page_on() -> None:
    """Neither page number nor cursor is carried over."""
    (url,) = history(QUERY, date(2024, 1, 1), date(2024, 1, 2))
    later = f"{url.replace('documents.json', 'documents')}&format=json&page=2&search_after_cursor=WzE3"
    assert [parse_qs(urlsplit(half).query).keys() & {"page", "search_after_cursor", "format"} for half in halved(later)] == [
        {"format"}
    ] * 2


def test_a_single_day_that_is_too_full_goes_on_page_by_page() -> None:
    """It cannot be cut, and the operator is told."""
    (url,) = history(QUERY, date(2024, 1, 2), date(2024, 1, 2))
    found = answer_at(url, count=CAP, next_page_url=f"{url}&page=2")
    assert (found.older, found.notes) == (
        (f"{url}&page=2",),
        ("10000 documents or more in these days; the rest cannot be asked for",),
    )


@pytest.mark.parametrize(
    "url", [QUERY.url, QUERY.url + "&conditions[publication_date][gte]=2024-01-01", "https://fr.example/", ""]
)
def test_a_query_without_a_span_of_days_cannot_be_halved(url: str) -> None:
    """Its first page is news, not history."""
    assert halved(url) == ()
    assert answer_at(url, count=CAP).notes == ()


@pytest.mark.parametrize(
    ("stated", "older"),
    [
        ("https://www.federalregister.gov/api/v1/documents?page=2", ("https://www.federalregister.gov/api/v1/documents?page=2",)),
        ("/api/v1/documents?page=2", ("https://www.federalregister.gov/api/v1/documents?page=2",)),
        ("http://www.federalregister.gov/api/v1/documents?page=2", ()),
        ("https://evil.example/api/v1/documents?page=2", ()),
        ("https://www.federalregister.gov@evil.example/?page=2", ()),
        ("https://[broken", ()),
        (QUERY.url, ()),
        (None, ()),
        (2, ()),
    ],
)
def test_the_next_page_is_older_if_it_is_of_the_same_host(stated: object, older: tuple[str, ...]) -> None:
    """An answer does not send us elsewhere, nor in a circle."""
    assert answer_at(QUERY.url, next_page_url=stated).older == older


@given(st.dates(date(1994, 1, 1), date(2030, 12, 31)), st.dates(date(1994, 1, 1), date(2030, 12, 31)), st.integers(0, 20_000))
@settings(max_examples=100, deadline=None)
def test_slices_and_their_halves_hold_each_day_once(one: date, other: date, place: int) -> None:
    """No day is lost and none is asked for twice, however often slices are halved."""
    since, until = min(one, other), max(one, other)
    day = since + timedelta(days=place % ((until - since).days + 1))

    def asked(urls: tuple[str, ...]) -> list[str]:
        return [url for url in urls if span(url)[0] <= day.isoformat() <= span(url)[1]]

    found = asked(history(QUERY, since, until))
    assert len(found) == 1
    while halves := halved(found[0]):
        found = asked(halves)
        assert len(found) == 1
    assert span(found[0]) == (day.isoformat(), day.isoformat())


@given(st.binary(max_size=100))
@settings(max_examples=100, deadline=None)
def test_any_bytes_are_parsed_or_refused(body: bytes) -> None:
    """Whatever a server sends, the outcome is entries or a ParseError."""
    for answer in (body, b'{"count": 10000, "next_page_url": "' + body + b'"}'):
        try:
            outcome: object = federal_register.parse(QUERY, fetched(answer))
        except ParseError as error:
            outcome = error
        assert isinstance(outcome, Parsed | ParseError)


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-10, 10**6) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["title", "part", "x"]), inner, max_size=2),
    max_leaves=4,
)


@given(st.dictionaries(st.sampled_from([*FIELDS, "filed_at", "docket_numbers", "excerpts"]), ANY_JSON, max_size=8))
@settings(max_examples=100, deadline=None)
def test_a_field_of_any_type_never_costs_the_document(changes: dict[str, object]) -> None:
    """The API may change a field; the number still makes an entry."""
    found = parsed({"count": 1, "results": [RULE | changes | {"document_number": "2023-23055"}]})
    assert [each.guid for each in found.entries] == ["2023-23055"]
