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
from monitor.items import DateKind, Entry, Identifier, KeyDate, Parsed
from monitor.sources import federal_register, guess_type
from monitor.sources.federal_register import FIELDS, PER_PAGE, address, is_answer

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
        published=datetime(2023, 10, 25, 4, tzinfo=UTC),
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
    assert parsed({"count": 1, "results": [RULE]}) == Parsed(entries=(expected,))


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
    assert parsed({"count": 1, "results": [ON_FILE]}) == Parsed(entries=(expected,))


@pytest.mark.parametrize(("day", "hour"), [("2023-07-03", 4), ("2023-12-01", 5)], ids=["summer", "winter"])
def test_a_publication_day_begins_in_washington_and_is_told_in_utc(day: str, hour: int) -> None:
    """The day starts at midnight there, with or without summer time; the moment is in UTC as every moment is."""
    published = entry(publication_date=day).published
    assert published is not None
    assert published == datetime.fromisoformat(day).replace(hour=hour, tzinfo=UTC)
    assert published.utcoffset() == timedelta(0)


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
    assert parsed({"description": "Documents about graphite", "count": 0}) == Parsed(entries=())


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
