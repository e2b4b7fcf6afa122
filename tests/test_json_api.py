"""JSON answers become entries by the operator's paths; odd types are left out and counted, never guessed at."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from builders import a_source, fetched
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.errors import ConfigError, ParseError
from monitor.items import Entry, Parsed, Paths
from monitor.sources import json_api

BASE = "https://consult.example/api/v2/initiatives?page=0"
CONSULTATIONS = {
    "_links": {"next": {"href": "/api/v2/initiatives?page=1"}},
    "_embedded": {
        "initiatives": [
            {
                "id": 15834,
                "shortTitle": "Evaluation of the dual-use regulation",
                "dossierSummary": "The Commission asks how controls of dual-use items work.",
                "topics": [{"code": "TRADE", "label": "Trade"}, {"code": "SEC", "label": "Security"}],
                "publicationDate": "2026/04/03 10:30:00",
            },
            {
                "id": 15790,
                "shortTitle": "Delegated act on critical raw materials",
                "dossierSummary": None,
                "topics": [],
                "publicationDate": "2026/01/15 09:00:00",
            },
        ]
    },
    "page": {"size": 10, "totalElements": 2},
}
OF_CONSULTATIONS = {
    "items": "$._embedded.initiatives[*]",
    "title": "$.shortTitle",
    "url": "https://consult.example/initiatives/{$.id}_en",
    "id": "$.id",
    "summary": "$['dossierSummary','topics'][*].label",
    "published": "$.publicationDate",
    "next": "$._links.next.href",
}


def parsed(document: object, country: str | None = None, tz: str | None = None, **paths: str | None) -> Parsed:
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    source = a_source(
        id="portal", type="json_api", country=country, tz=tz, paths=Paths(**{"items": "$[*]", "title": "$.title"} | paths)
    )
    return json_api.parse(source, fetched(body, url=BASE, content_type="application/json"))


def one(element: object, **paths: str | None) -> Entry:
    (found,) = parsed([element], **paths).entries
    return found


def test_a_consultation_portal_becomes_entries() -> None:
    """Nested lists, an address made of the number, local dates with summer time, and the next page."""
    found = parsed(CONSULTATIONS, country="EU", **OF_CONSULTATIONS | {"summary": "$.dossierSummary"})
    assert found == Parsed(
        entries=(
            Entry(
                guid="15834",
                url="https://consult.example/initiatives/15834_en",
                title="Evaluation of the dual-use regulation",
                summary="The Commission asks how controls of dual-use items work.",
                published=datetime(2026, 4, 3, 8, 30, tzinfo=UTC),
            ),
            Entry(
                guid="15790",
                url="https://consult.example/initiatives/15790_en",
                title="Delegated act on critical raw materials",
                summary="",
                published=datetime(2026, 1, 15, 8, tzinfo=UTC),
            ),
        ),
        reader="json",
        older=("https://consult.example/api/v2/initiatives?page=1",),
    )


def test_several_values_of_a_path_are_joined() -> None:
    """A path may find the labels of a list."""
    found = parsed(CONSULTATIONS, **OF_CONSULTATIONS | {"summary": "$.topics[*].label"})
    assert [each.summary for each in found.entries] == ["Trade, Security", ""]


def test_a_ministry_s_answer_in_chinese_is_read() -> None:
    """Bytes of another charset, dates with 年, an address of a path."""
    document = {"data": {"rows": [{"bt": "关于稀土出口管制的公告", "rq": "2026年04月03日", "lj": "../art/2026-18.html"}]}}
    body = json.dumps(document, ensure_ascii=False).encode("gb18030")
    (found,) = parsed(body, country="CN", items="$.data.rows", title="$.bt", url="$.lj", published="$.rq").entries
    assert (found.title, found.url, found.published) == (
        "关于稀土出口管制的公告",
        "https://consult.example/api/art/2026-18.html",
        datetime(2026, 4, 3, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("  Notice ", "Notice"),
        (7, "7"),
        (1.5, "1.5"),
        (["a", "b", 3], "a, b, 3"),
        ([None, "a"], "a"),
        (None, ""),
        ("", ""),
        ([], ""),
        (10**400, str(10**400)),
    ],
)
def test_texts_numbers_and_lists_of_them_are_text(value: object, text: str) -> None:
    """An absent value is no text and no slip."""
    found = parsed([{"title": "A", "summary": value}], summary="$.summary")
    assert (found.entries[0].summary, found.notes) == (text, ())


@pytest.mark.parametrize("value", [True, {"en": "A"}, [["a"]], ["a", {"b": 1}], [False]])
def test_anything_else_is_left_out_and_counted(value: object) -> None:
    """One note for all entries of the answer."""
    found = parsed([{"title": "A", "summary": value}, {"title": "B", "summary": value}], summary="$.summary")
    assert [each.summary for each in found.entries] == ["", ""]
    assert found.notes == ("2 values of summary are no text; left out",)


@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        ("2026-04-03T10:00:00Z", datetime(2026, 4, 3, 10, tzinfo=UTC)),
        ("2026-04-03", datetime(2026, 4, 3, tzinfo=UTC)),
        ("令和8年4月3日", datetime(2026, 4, 3, tzinfo=UTC)),
        (20260403, datetime(2026, 4, 3, tzinfo=UTC)),
        (1_775_210_400, datetime(2026, 4, 3, 10, tzinfo=UTC)),
        (1_775_210_400_250, datetime(2026, 4, 3, 10, 0, 0, 250_000, tzinfo=UTC)),
        (1_775_210_400.5, datetime(2026, 4, 3, 10, 0, 0, 500_000, tzinfo=UTC)),
        ("1775210400", datetime(2026, 4, 3, 10, tzinfo=UTC)),
        ("1775210400000", datetime(2026, 4, 3, 10, tzinfo=UTC)),
        (0, None),
        (600_000_000, None),
        (4_200_000_000, None),
        (-1_775_210_400, None),
        (10**400, None),
        (True, None),
        (None, None),
        ({"year": 2026}, None),
        ("soon", None),
        (["soon", "2026-04-03"], None),
    ],
)
def test_a_date_is_a_text_or_unix_time_of_our_days(stated: object, expected: datetime | None) -> None:
    """Seconds and milliseconds are told apart by their size; what lies outside 1990 to 2100 is no date."""
    (found,) = parsed([{"title": "A", "at": stated}], country="JP", published="$.at").entries
    assert found.published == expected


def test_the_first_date_that_reads_is_taken() -> None:
    """A path may name several."""
    assert one({"title": "A", "at": "soon", "to": "2026-04-03"}, published="$['at','to']").published == datetime(
        2026, 4, 3, tzinfo=UTC
    )


@pytest.mark.parametrize(
    ("value", "url"),
    [
        (7, "https://x.example/d/7/text"),
        ("BIS-2026-0001", "https://x.example/d/BIS-2026-0001/text"),
        ("a b/c?d#e&f=%", "https://x.example/d/a%20b%2Fc%3Fd%23e%26f%3D%25/text"),
        ("輸出", "https://x.example/d/%E8%BC%B8%E5%87%BA/text"),
        ("@evil.example", "https://x.example/d/%40evil.example/text"),
        ("{$.id}", "https://x.example/d/%7B%24.id%7D/text"),
        ("\ud800", "https://x.example/d/%3F/text"),
        (None, None),
        ("", None),
        ({"a": 1}, None),
    ],
)
def test_a_value_in_an_address_is_quoted(value: object, url: str | None) -> None:
    """No value changes the host or opens another part of the address; without a value there is no address."""
    assert one({"title": "A", "id": value}, url="https://x.example/d/{$.id}/text").url == url


def test_an_address_may_have_several_values() -> None:
    """Each place is filled with its own, in order."""
    assert (
        one({"title": "A", "y": 2026, "n": 18}, url="/art/{$.y}/{$['n']}.html").url == "https://consult.example/art/2026/18.html"
    )


def test_elements_that_say_nothing_are_counted() -> None:
    """The others come in their order."""
    found = parsed([7, "text", None, {}, {"title": ""}, {"title": "A"}, ["B"], {"x": 1}])
    assert ([each.title for each in found.entries], found.notes) == (
        ["A"],
        ("3 elements are no objects; skipped", "4 elements say nothing; skipped"),
    )


def test_an_element_may_be_a_list() -> None:
    """Some answers are tables."""
    found = parsed({"rows": [["2026-04-03", "Notice 7"]]}, items="$.rows[*]", title="$[1]", published="$[0]")
    assert [each.title for each in found.entries] == ["Notice 7"]


def test_the_path_of_a_list_stands_for_its_elements() -> None:
    """$.rows and $.rows[*] mean the same."""
    document = {"rows": [{"title": "A"}, {"title": "B"}]}
    assert parsed(document, items="$.rows") == parsed(document, items="$.rows[*]")


def test_elements_may_be_chosen_by_a_condition() -> None:
    """Comparisons of the standard work."""
    document = {"rows": [{"title": "A", "kind": "rule"}, {"title": "B", "kind": "job"}]}
    assert [each.title for each in parsed(document, items="$.rows[?@.kind == 'rule']").entries] == ["A"]


@pytest.mark.parametrize("items", ["$.rows", "$.rows[*]", "$.rows[?@.kind == 'rule']", "$..rows[*]"])
def test_an_empty_list_is_no_error(items: str) -> None:
    """A query without hits is an answer."""
    assert parsed({"total": 0, "rows": []}, items=items) == Parsed(entries=(), reader="json")


@pytest.mark.parametrize(
    ("document", "outline"),
    [
        ({"error": "quota", "code": 429}, "an object with the keys error, code"),
        ({"rows": None}, "an object with the keys rows"),
        ({str(place): 1 for place in range(12)}, "an object with the keys 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, ..."),
        ({}, "an empty object"),
        ([1, 2], "a list of 2"),
        ("[1]", "no object and no list, but str"),
        (None, "no object and no list, but NoneType"),
    ],
)
def test_an_answer_without_the_list_is_an_error(document: object, outline: str) -> None:
    """It names the path and what is there instead."""
    with pytest.raises(ParseError) as caught:
        parsed(document, items="$.rows[*]")
    assert (caught.value.cause, caught.value.subject) == (
        f"the path '$.rows[*]' finds nothing; the document is {outline}",
        "portal",
    )


@pytest.mark.parametrize("body", [b"", b"<html>", b'{"rows": ', b"[" * 100_000])
def test_what_is_no_json_is_refused(body: bytes) -> None:
    """The error says so."""
    with pytest.raises(ParseError, match="not readable as JSON"):
        parsed(body)


def test_a_path_that_looks_everywhere_gives_up_on_a_deep_answer() -> None:
    """The cost stays bounded."""
    with pytest.raises(ParseError, match="nested too deep"):
        parsed(b'{"a":' * 400 + b"1" + b"}" * 400, items="$..title")


def test_a_long_answer_is_cut() -> None:
    """The first entries are read, and the cut is told."""
    many = json_api.MAX_ENTRIES + 5
    found = parsed([{"title": str(place)} for place in range(many)])
    assert (len(found.entries), found.notes) == (
        json_api.MAX_ENTRIES,
        (f"{many} entries; the first {json_api.MAX_ENTRIES} were read",),
    )


@pytest.mark.parametrize("stated", [None, "", 2, {"href": "/2"}, "javascript:alert(1)", BASE, "http://[broken"])
def test_what_is_no_other_page_is_not_followed(stated: object) -> None:
    """Nothing, this page again, or what is no address."""
    assert parsed({"rows": [], "next": stated}, items="$.rows", next="$.next").older == ()


SLIPS = [
    "",
    " ",
    "title",
    "@.title",
    "$.",
    "$[",
    "$.a | $.b",
    "$.a[?match(@.b, 'c')]",
    "$.a[?search(@.b, 'c')]",
    "$.a b",
    "$" + "[?(" * 9_000,
]


@pytest.mark.parametrize("slip", SLIPS)
@pytest.mark.parametrize("place", ["items", "title", "id", "summary", "published", "next"])
def test_a_path_that_cannot_be_read_is_a_slip_in_the_configuration(place: str, slip: str) -> None:
    """The operator reads which path of which source is wrong."""
    with pytest.raises(ConfigError, match=f"paths.{place}: the path .* cannot be read") as caught:
        parsed([{"title": "A"}], **{place: slip})
    assert caught.value.subject == "portal"


def test_a_json_api_without_paths_is_a_slip_in_the_configuration() -> None:
    """It cannot be read at all, and says what is missing."""
    with pytest.raises(ConfigError, match="needs paths"):
        json_api.parse(a_source(id="portal", type="json_api"), fetched(b"[]"))


@pytest.mark.parametrize(
    "path", ["$", "$.a", "$.results[*]", "$['a b'][0]", "$..c", "$.a[?@.b > 1 && @.c]", "$.a[?length(@.b) > 1]", "$.輸出"]
)
def test_paths_of_the_standard_pass_the_check(path: str) -> None:
    """What the check lets through can be used."""
    json_api.check(path)
    parsed([{"title": "A"}], summary=path)


@pytest.mark.parametrize("slip", SLIPS)
def test_a_slip_fails_the_check_in_one_line(slip: str) -> None:
    """The configuration can tell it before anything runs."""
    with pytest.raises(ValueError, match="cannot be read") as caught:
        json_api.check(slip)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("path", ["title", "rows[*]"])
def test_a_path_without_its_root_is_told_how_it_begins(path: str) -> None:
    """The commonest slip names its cure."""
    with pytest.raises(ValueError, match="begins with"):
        json_api.check(path)


def test_an_address_is_a_path_or_has_one_in_it() -> None:
    """A constant address would make all entries one."""
    json_api.check_address("$.link")
    json_api.check_address("/d/{$.id}")
    for slip in ("https://x.example/", "/d/{id}", "/d/{}", "$.[", ""):
        with pytest.raises(ValueError, match="path"):
            json_api.check_address(slip)


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["rows", "title", "id", "at", "x"]), inner, max_size=4)
    ),
    max_leaves=12,
)
PATHS = {"items": "$.rows[*]", "url": "/d/{$.id}", "id": "$.id", "summary": "$.x", "published": "$.at", "next": "$.x"}


@given(ANY_JSON)
@settings(max_examples=300, deadline=None)
def test_any_json_is_parsed_or_refused(document: object) -> None:
    """Whatever types an answer has, the outcome is entries with texts, or a ParseError."""
    for items in ("$.rows[*]", "$[*]", "$", "$..rows"):
        try:
            found = parsed(document, **PATHS | {"items": items})
        except ParseError:
            continue
        assert all(isinstance(each.title, str) and isinstance(each.summary, str) for each in found.entries)


@given(st.binary(max_size=200))
@settings(max_examples=200, deadline=None)
def test_any_bytes_are_parsed_or_refused(body: bytes) -> None:
    """Whatever a server sends, the outcome is entries or a ParseError."""
    try:
        outcome: object = parsed(body)
    except ParseError as error:
        outcome = error
    assert isinstance(outcome, Parsed | ParseError)


@given(st.text(alphabet="$.[]'\"?@*abc:,0-9()=&|!<> \\u\ud800", max_size=30) | st.text(max_size=30))
@settings(max_examples=300, deadline=None)
def test_any_path_is_used_or_refused(path: str) -> None:
    """The check never fails otherwise than by saying so, and what it lets through works."""
    try:
        json_api.check(path)
    except ValueError:
        return
    parsed([{"title": "A", "a": {"b": [1]}}], summary=path)
