"""Evidence packs: every item with where it is from, when and what exactly, in five forms that stay inert whatever sources wrote."""

from __future__ import annotations

import csv
import dataclasses
import hashlib
import io
import json
import re
from datetime import date, timedelta
from typing import Any

import lxml.html
import pytest
from builders import NOW, a_date, a_shown, a_standing, a_transition, an_event, an_item
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from monitor.events import Titled
from monitor.evidence import FORMS, Pack, Piece, as_bibtex, as_csv, as_html, as_json, as_markdown
from monitor.items import DateKind, Filed, Identifier, Item, Stage, Tier
from monitor.normalise import address
from monitor.stage import Expected

NAMES = {"meti": "経済産業省", "bis": "Bureau of Industry and Security"}
HOSTILE = [
    "<script>alert('x')</script>",
    "<img src=x onerror=alert(1)>",
    "\"><a href='javascript:alert(1)'>click</a>",
    "</title></style></p></td></table><h1>Fake</h1>",
    "{{ page.words }} {% for x in y %} {# note #} ${x} %s {0}",
    "![x](https://evil.example/x.png) [click](javascript:alert(1)) `code` **bold** _it_ ~~gone~~",
    "# Heading",
    "- a point",
    "1. a point",
    "+ a point",
    "* a point",
    "> a quotation",
    "---",
    "===",
    "```\nfence",
    "a | b | c\n|---|---|---|",
    "<https://evil.example> <!-- comment -->",
    "&lt;b&gt; &amp; &#60;script&#62;",
    "one } brace",
    "one { brace",
    "}, url = {https://evil.example",
    "}}, url = {{https://evil.example",
    "50% of \\LaTeX {is} #1 ~ $x_2^3$ & more \\",
    "@article{fake, title={x}}",
    '=HYPERLINK("https://evil.example","click")',
    "+1+cmd|' /C calc'!A0",
    "-2+3",
    "@SUM(A1:A9)",
    "＝1+1",
    'a "quoted", cell; with\nline ends',
    "輸出" * 4_000,
]


def a_piece(item: Item | None = None, *, copy_of: str | None = None, **changes: Any) -> Piece:
    filed = Filed(item=item or an_item(id="I-1"), themes=(("export_control", 0.9),), event="E-abcdefghij", copy_of=copy_of)
    return Piece(filed=filed, **changes)


def a_pack(*pieces: Piece, **of_event: Any) -> Pack:
    return Pack(event=an_event(**of_event), pieces=pieces, source_names=NAMES, made_at=NOW)


RULE = a_piece(
    an_item(
        id="I-1",
        source="bis",
        lang="en",
        country="US",
        title="Gallium rule",
        summary="Licences are required.",
        url="https://bis.example/1?a=1&b=2",
        published=NOW - timedelta(days=2),
        first_seen=NOW - timedelta(days=1, hours=3),
    ),
    body="The whole rule.",
    revisions=2,
    shown=a_shown("final rule"),
    dates=(a_date(date(2026, 6, 30), DateKind.EFFECTIVE),),
    identifiers=(Identifier(type="rin", value="0694-AI94"),),
)
REPORT = a_piece(
    an_item(id="I-2", source="nikkei", title="ガリウム規制", tier=Tier.PRESS, url=None, published=None), copy_of="I-1"
)
WHOLE = a_pack(
    RULE,
    REPORT,
    title="Gallium rule",
    titles=(Titled(lang="en", title="Gallium rule", item="I-1"), Titled(lang="ja", title="ガリウム規制", item="I-2")),
    identifiers=(Identifier(type="rin", value="0694-AI94"),),
    stage=Stage.FINAL,
    step="final rule",
    way=(
        a_transition("final rule", sentence="It is final."),
        a_transition("effective", item=None, sentence="Effective June 30."),
    ),
    dates=(a_standing(kind=DateKind.EFFECTIVE, date=date(2026, 7, 30), was=(date(2026, 6, 30),), sentence="Effective July 30."),),
    expected=Expected(step="effective", due=date(2026, 7, 30), basis="the date of effect that it states", is_overdue=False),
)


def rows(pack: Pack) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(as_csv(pack), newline=""), strict=True))


def page(pack: Pack) -> lxml.html.HtmlElement:
    return lxml.html.document_fromstring(as_html(pack))


def rendered(pack: Pack) -> lxml.html.HtmlElement:
    """The Markdown form as a program with HTML, tables and links turned on shows it."""
    return lxml.html.document_fromstring(
        MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).render(as_markdown(pack))
    )


def tags(tree: lxml.html.HtmlElement) -> list[str]:
    return [str(each.tag) for each in tree.iter()]


def with_text(text: str) -> Pack:
    """A pack in which a source, or what was made of its words, says `text` wherever it can."""
    item = an_item(id="I-1", title=text, summary=text, source="evil")
    piece = a_piece(item, body=text, identifiers=(Identifier(type="docket", value=text),))
    return Pack(
        event=an_event(
            title=text,
            titles=(Titled(lang="zh", title=text + "。", item="I-1"),),
            identifiers=(Identifier(type="docket", value=text),),
            way=(a_transition("final rule", sentence=text),),
            dates=(a_standing(sentence=text),),
        ),
        pieces=(piece,),
        source_names={"evil": text},
        made_at=NOW,
    )


# everything is there


@pytest.mark.parametrize("form", list(FORMS))
def test_every_form_holds_every_item_whole(form: str) -> None:
    """Source, title, date of publication, retrieval and hash of each, whichever form is sent on."""
    text = FORMS[form](WHOLE)
    for each, source, published in ((RULE, "Bureau of Industry and Security", "2026-04-29"), (REPORT, "nikkei", None)):
        item = each.filed.item
        assert item.id in text
        assert source in text
        assert item.title in text
        assert published is None or published in text
        assert f"{item.first_seen:%Y-%m-%d}" in text
        assert each.sha256 in text
    assert "https://bis.example/1?a=1" in text


@pytest.mark.parametrize("form", ["md", "html", "csv", "json"])
def test_times_of_retrieval_are_told_to_the_second_in_utc(form: str) -> None:
    """When it was published and when we had it, apart."""
    text = FORMS[form](WHOLE)
    assert "2026-04-29T08:00:00Z" in text
    assert "2026-04-30T05:00:00Z" in text


@pytest.mark.parametrize("form", list(FORMS))
def test_the_same_pack_is_the_same_text(form: str) -> None:
    """Evidence made twice is equal, byte for byte."""
    assert FORMS[form](WHOLE) == FORMS[form](WHOLE)


def test_the_forms_are_those_of_the_command() -> None:
    """Five, each by its name."""
    assert {"md": as_markdown, "html": as_html, "csv": as_csv, "json": as_json, "bibtex": as_bibtex} == FORMS


@pytest.mark.parametrize("form", ["md", "html"])
def test_a_document_tells_how_the_event_came_to_its_stage(form: str) -> None:
    """Stage, way, expected step, dates as they stand, identifiers, the other languages' titles, in words that read by themselves."""
    tree = page(WHOLE) if form == "html" else rendered(WHOLE)
    text = " ".join(tree.text_content().split())
    for words in (
        "E-abcdefghij",
        "2026-05-01T08:00:00Z",
        "final (final rule) in US",
        "effective by 2026-07-30 (the date of effect that it states)",
        "rin 0694-AI94",
        "ガリウム規制",
        "It is final.",
        "in force (effective)",
        "by its date",
        "2026-07-30 (was 2026-06-30)",
        "Effective July 30.",
        "not stated",
        "2 times",
        "SHA-256 is of the UTF-8 bytes of title, line end, summary and, where the page was read, line end and its text",
    ):
        assert words in text, words


def test_json_is_the_event_and_its_items() -> None:
    """One object; absent is null, never an empty string."""
    found = json.loads(as_json(WHOLE))
    assert {key: found[key] for key in ("event", "title", "stage", "step", "jurisdiction", "made_at")} == {
        "event": "E-abcdefghij",
        "title": "Gallium rule",
        "stage": "final",
        "step": "final rule",
        "jurisdiction": "US",
        "made_at": "2026-05-01T08:00:00Z",
    }
    assert [(each["step"], each["item"], each["sentence"]) for each in found["way"]] == [
        ("final rule", "I-1", "It is final."),
        ("effective", None, "Effective June 30."),
    ]
    assert [(each["date"], each["was"], each["withdrawn"]) for each in found["dates"]] == [("2026-07-30", ["2026-06-30"], False)]
    rule, report = found["items"]
    assert rule == {
        "item": "I-1",
        "source": "bis",
        "source_name": "Bureau of Industry and Security",
        "tier": "official",
        "country": "US",
        "lang": "en",
        "title": "Gallium rule",
        "summary": "Licences are required.",
        "url": "https://bis.example/1?a=1&b=2",
        "published": "2026-04-29T08:00:00Z",
        "retrieved": "2026-04-30T05:00:00Z",
        "first_seen": "2026-04-30T05:00:00Z",
        "changed": 2,
        "copy_of": None,
        "themes": ["export_control"],
        "identifiers": ["rin:0694-AI94"],
        "dates": ["effective 2026-06-30"],
        "step": "US final rule",
        "sha256": RULE.sha256,
    }
    assert (report["url"], report["published"], report["step"], report["copy_of"]) == (None, None, None, "I-1")


def test_a_text_that_its_source_changed_was_retrieved_when_it_changed() -> None:
    """The hash is of what was fetched then, so the pack says then; when the item was first seen stands beside it."""
    later = NOW + timedelta(days=90)
    changed = dataclasses.replace(
        RULE, filed=dataclasses.replace(RULE.filed, item=dataclasses.replace(RULE.filed.item, changed_at=later))
    )
    [row, *_] = json.loads(as_json(dataclasses.replace(WHOLE, pieces=(changed,))))["items"]
    assert (row["retrieved"], row["first_seen"]) == ("2026-07-30T08:00:00Z", "2026-04-30T05:00:00Z")


def test_csv_has_a_row_for_each_item_and_the_columns_of_json() -> None:
    """Lists in one cell, absent is empty."""
    first, second = rows(WHOLE)
    assert list(first) == list(json.loads(as_json(WHOLE))["items"][0])
    assert (first["dates"], first["identifiers"], first["changed"]) == ("effective 2026-06-30", "rin:0694-AI94", "2")
    assert (second["published"], second["url"], second["copy_of"], second["title"]) == ("", "", "I-1", "ガリウム規制")


def test_bibtex_has_an_entry_for_each_item() -> None:
    """Under its id, with organization, date, day of retrieval, address, and event, item and hash as a note."""
    first, second = as_bibtex(WHOLE).split("\n\n")
    assert first.splitlines() == [
        "@online{I-1,",
        "  title = {{Gallium rule}},",
        "  organization = {{Bureau of Industry and Security}},",
        "  date = {2026-04-29},",
        "  urldate = {2026-04-30},",
        "  langid = {en},",
        f"  note = {{Event E-abcdefghij, item I-1, SHA-256 {RULE.sha256}}},",
        "  url = {https://bis.example/1?a=1&b=2}",
        "}",
    ]
    assert second.startswith("@online{I-2,\n  title = {{ガリウム規制}},")
    assert "url = " not in second


def test_bibtex_gives_no_date_of_publication_that_the_source_did_not_state() -> None:
    """The day of retrieval is urldate, and nothing else."""
    assert re.search(r"^  date = ", as_bibtex(a_pack(REPORT)), re.M) is None


# the hash


def test_the_hash_is_of_the_documented_bytes() -> None:
    """Title, line end, summary; and where the page was read, line end and its text; in UTF-8: as sha256sum tells it."""
    item = an_item(title="黒鉛", summary="許可制")
    assert a_piece(item).sha256 == hashlib.sha256(b"\xe9\xbb\x92\xe9\x89\x9b\n\xe8\xa8\xb1\xe5\x8f\xaf\xe5\x88\xb6").hexdigest()
    assert a_piece(an_item(title="abc", summary="")).sha256 == hashlib.sha256(b"abc\n").hexdigest()
    assert a_piece(an_item(title="abc", summary="def"), body="ghi").sha256 == hashlib.sha256(b"abc\ndef\nghi").hexdigest()


@given(st.text(min_size=1), st.text(), st.text())
def test_the_hash_can_be_recomputed_from_what_the_archive_shows(title: str, summary: str, body: str) -> None:
    """By anybody, with any text."""
    expected = hashlib.sha256("\n".join([title, summary] + [body] * bool(body)).encode()).hexdigest()
    assert a_piece(an_item(title=title, summary=summary), body=body).sha256 == expected
    assert re.fullmatch("[0-9a-f]{64}", expected)


def test_nothing_but_the_text_is_hashed() -> None:
    """When and where we read it changes no hash; one character does."""
    one = a_piece(an_item(title="abc"))
    other = a_piece(an_item(id="I-9", title="abc", url=None, first_seen=NOW + timedelta(days=9), source="bis"), revisions=7)
    assert one.sha256 == other.sha256
    assert one.sha256 != a_piece(an_item(title="abd")).sha256


# hostile texts


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_text_is_only_read_in_html(text: str) -> None:
    """It appears as words and makes no element and no attribute."""
    found, plain = page(with_text(text)), page(with_text("x"))
    assert tags(found) == tags(plain)
    assert [sorted(each.attrib) for each in found.iter()] == [sorted(each.attrib) for each in plain.iter()]
    assert found.xpath("//h3")[0].text_content() == text
    assert found.xpath("//article/p")[0].text_content() == text


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_text_is_no_markup_in_markdown(text: str) -> None:
    """It makes no heading, list, link, picture, code, table row or element, and reads as it was written."""
    found, plain = rendered(with_text(text)), rendered(with_text("x"))
    assert tags(found) == tags(plain)
    assert [dict(each.attrib) for each in found.iter()] == [dict(each.attrib) for each in plain.iter()]
    assert " ".join(found.xpath("//h3")[0].text_content().split()) == " ".join(text.split())


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_text_is_no_formula_in_csv(text: str) -> None:
    """No cell begins as one, none spills into another, and the words are all there."""
    (row,) = rows(with_text(text))
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")) for cell in row.values())
    assert row["title"].removeprefix("'") == text
    assert row["summary"].removeprefix("'") == text
    assert row["item"] == "I-1"


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_text_ends_no_field_of_bibtex(text: str) -> None:
    """BibTeX counts every brace, whatever stands before it: they balance, and never close more than they opened."""
    found = as_bibtex(with_text(text))
    depths = []
    depth = 0
    for character in found:
        depth += {"{": 1, "}": -1}.get(character, 0)
        depths.append(depth)
    assert depths[-1] == 0
    assert [place for place, each in enumerate(depths) if each == 0 and found[place] == "}"] == [len(found.rstrip()) - 1]
    assert re.search(r"(?<!\\)[%#$&]", found.split("note = ")[0].replace(r"\\", "")) is None


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_text_is_the_same_text_in_json(text: str) -> None:
    """Nothing is changed where nothing has to be."""
    (item,) = json.loads(as_json(with_text(text)))["items"]
    assert (item["title"], item["summary"], item["source_name"]) == (text, text, text)


PRINTABLE = st.text(st.characters(exclude_categories=("Cc", "Cs"), exclude_characters="\ufffe\uffff"), min_size=1, max_size=60)


@given(PRINTABLE)
@settings(deadline=None)
def test_any_title_is_read_back_from_each_table(title: str) -> None:
    """JSON and HTML as it was; CSV too, but for the sign that keeps a spreadsheet from reckoning."""
    pack = a_pack(a_piece(an_item(id="I-1", title=title)))
    assert json.loads(as_json(pack))["items"][0]["title"] == title
    assert page(pack).xpath("//h3/a")[0].text_content() == title
    (row,) = rows(pack)
    assert row["title"] in (title, "'" + title)
    as_bibtex(pack), as_markdown(pack)


@pytest.mark.parametrize(
    "url",
    [
        "https://x.example/'onclick='x()",
        "https://x.example/},note={fake",
        "https://x.example/}},note={{fake",
        "https://x.example/a)b(c",
        "https://x.example/?a=1&lt;script&gt;",
        "https://x.example/*a*_b_[c](d)|e#~f~",
        "https://x.example/%7D%0A#50%",
    ],
)
def test_an_address_stays_an_address(url: str) -> None:
    """Whatever normalise lets pass as an address opens nothing in any form."""
    assert address(url) == url
    pack, plain = a_pack(a_piece(an_item(id="I-1", url=url))), a_pack(a_piece(an_item(id="I-1", url="https://x.example/")))
    assert [each.get("href") for each in page(pack).iter("a")] == [url]
    assert tags(page(pack)) == tags(page(plain))
    assert tags(rendered(pack)) == tags(rendered(plain))
    assert as_bibtex(pack).count("{") == as_bibtex(pack).count("}") == as_bibtex(plain).count("{")
    assert rows(pack)[0]["url"] == url


def test_the_page_fetches_nothing_and_runs_nothing() -> None:
    """No script, form, picture, frame, remote style or handler; its policy forbids them should one ever get in."""
    tree = page(WHOLE)
    assert set(tags(tree)).isdisjoint({"script", "img", "iframe", "link", "form", "object", "embed", "svg", "base", "input"})
    assert re.search(r"url\(|@import|\bsrc=|\bon\w+=", as_html(WHOLE)) is None
    (policy,) = tree.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")
    assert [each.strip() for each in policy.split(";")] == ["default-src 'none'", "style-src 'unsafe-inline'"]
    assert {each.get("rel") for each in tree.iter("a")} == {"noopener noreferrer"}
    assert tree.xpath("//meta[@charset]/@charset") == ["utf-8"]


def test_each_item_of_the_page_carries_its_own_language() -> None:
    """So that a browser picks the right glyphs for Chinese, Japanese and Korean."""
    pieces = [a_piece(an_item(id=f"I-{lang}", lang=lang)) for lang in ("en", "ja", "zh", "ko")]
    assert [each.get("lang") for each in page(a_pack(*pieces)).iter("article")] == ["en", "ja", "zh", "ko"]


# nothing there


def test_an_empty_pack_is_well_formed_in_every_form() -> None:
    """An event whose items were all split off has no evidence, and says so without breaking a reader."""
    empty = a_pack()
    assert json.loads(as_json(empty))["items"] == []
    assert rows(empty) == []
    assert as_bibtex(empty) == ""
    assert page(empty).xpath("//article") == []
    assert rendered(empty).xpath("//h3") == []
    assert "E-abcdefghij" in as_markdown(empty)


def test_an_empty_table_has_its_columns() -> None:
    """A program that reads the CSV of any event finds the same header."""
    assert as_csv(a_pack()).splitlines() == as_csv(WHOLE).splitlines()[:1]
