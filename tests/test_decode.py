"""Bytes of any charset, declared rightly, wrongly or not at all, become the text that was meant."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.sources.decode import to_text, xml_text

JA = "㈱髙田商事は①工作機械②炭素繊維の輸出許可を申請した。第Ⅲ章の改正は来月から施行される。"
JA_PLAIN = "経済産業省は、外国為替令の改正案について意見募集を始めました。締め切りは来月です。"
ZH = "商务部公告：对镓、锗相关物项实施出口管制，朱镕表示自八月一日起施行。"
ZH_TW = "經濟部公告修正戰略性高科技貨品輸出管制清單，自即日生效。"
KO = "산업통상자원부는 전략물자 수출입고시 개정안을 행정예고한다고 밝혔다. 똠방각하."
RU = "Минпромторг продлил запрет на вывоз оборудования до конца года."
TR = "Bakanlık, çift kullanımlı ürünlerin ihracatına ilişkin yönetmeliği değiştirdi."
FR = "Le ministère a annoncé un contrôle renforcé – « à compter d’octobre » – des exportations."
DE = (
    "Die Bundesregierung prüft für Ausfuhrgenehmigungen schärfere Maßnahmen gegenüber Herstellern; die Behörde erhöht "
    "zusätzlich die Gebühren für Güter der Rüstungsindustrie, erklärt das Ministerium in Köln, und ändert die "
    "Prüfungsordnung für Zulieferer gemäß Verordnung."
)
WRITTEN = [
    pytest.param("Shift_JIS", "cp932", JA, id="shift_jis-with-nec-characters"),
    pytest.param("x-sjis", "cp932", JA, id="x-sjis"),
    pytest.param("Windows-31J", "cp932", JA, id="windows-31j"),
    pytest.param("EUC-JP", "euc_jp", JA_PLAIN, id="euc-jp"),
    pytest.param("ISO-2022-JP", "iso2022_jp", JA_PLAIN, id="iso-2022-jp"),
    pytest.param("gb2312", "gbk", ZH, id="gb2312-that-is-gbk"),
    pytest.param("GB18030", "gb18030", ZH + "𠮷", id="gb18030-four-bytes"),
    pytest.param("Big5", "big5", ZH_TW, id="big5"),
    pytest.param("EUC-KR", "cp949", KO, id="euc-kr-that-is-cp949"),
    pytest.param("ks_c_5601-1987", "cp949", KO, id="ks_c_5601"),
    pytest.param("windows-1251", "cp1251", RU, id="windows-1251"),
    pytest.param("ISO-8859-9", "cp1254", TR, id="latin-5"),
    pytest.param("ISO-8859-1", "cp1252", FR, id="latin-1-that-is-cp1252"),
    pytest.param("ISO-8859-1", "latin-1", DE, id="latin-1-with-many-umlauts"),
    pytest.param("UTF-8", "utf-8", JA + ZH + KO, id="utf-8"),
]


@pytest.mark.parametrize(("name", "codec", "text"), WRITTEN)
def test_a_charset_declared_in_the_document_is_read_as_the_web_means_it(name: str, codec: str, text: str) -> None:
    """An XML declaration decides, and names the wider code page of its family."""
    document = f'<?xml version="1.0" encoding="{name}"?><title>{text}</title>'
    assert to_text(document.encode(codec)) == document


@pytest.mark.parametrize(("name", "codec", "text"), WRITTEN)
def test_a_charset_named_only_in_the_header_is_used(name: str, codec: str, text: str) -> None:
    """The header speaks for a document that says nothing itself."""
    assert to_text(text.encode(codec), f'text/xml; charset="{name}"') == text


@pytest.mark.parametrize(
    "meta",
    ['<meta charset="{}">', '<meta http-equiv="Content-Type" content="text/html; charset={}">', "<META CHARSET = {} />"],
    ids=["new", "old", "shouted"],
)
@pytest.mark.parametrize(("name", "codec", "text"), WRITTEN)
def test_a_charset_named_in_a_meta_element_is_used(name: str, codec: str, text: str, meta: str) -> None:
    """An HTML page declares its charset in meta, in either form."""
    page = f"<html><head>{meta.format(name)}</head><p>{text}</p></html>"
    assert to_text(page.encode(codec), "text/html") == page


@pytest.mark.parametrize("codec", ["utf-8-sig", "utf-16", "utf-32"])
def test_a_byte_order_mark_wins_over_every_declaration_and_is_no_text(codec: str) -> None:
    """A document with a mark is read by it, and the mark is gone."""
    document = f'<?xml version="1.0" encoding="Shift_JIS"?><title>{JA}{KO}</title>'
    assert to_text(document.encode(codec), "text/xml; charset=euc-kr") == document


@pytest.mark.parametrize(("name", "codec"), [("utf-16le", "utf-16-le"), ("UTF-16BE", "utf-16-be")])
def test_utf_16_without_a_mark_is_read_by_the_header(name: str, codec: str) -> None:
    """Byte order comes from the header if the document has no mark."""
    assert to_text(ZH.encode(codec), f"application/xml; charset={name}") == ZH


@pytest.mark.parametrize("padding", ["", " "], ids=["as-is", "one-byte-more"])
@pytest.mark.parametrize("name", ["Shift_JIS", "ISO-8859-1", "gb2312", "EUC-KR", "ISO-2022-JP", "UTF-16", "x-unheard-of"])
def test_utf_8_under_a_wrong_declaration_is_read_as_utf_8(name: str, padding: str) -> None:
    """Bytes that are UTF-8 are UTF-8, whatever the declaration says and however many there are."""
    document = f'<?xml version="1.0" encoding="{name}"?><title>{JA}</title>{padding}'
    assert to_text(document.encode()) == document


def test_the_document_knows_its_charset_better_than_the_header() -> None:
    """A server's blanket charset does not spoil a document that declares its own."""
    document = f'<?xml version="1.0" encoding="EUC-JP"?><title>{JA_PLAIN}</title>'
    assert to_text(document.encode("euc_jp"), "text/xml; charset=Shift_JIS") == document


@pytest.mark.parametrize(
    ("codec", "text"), [("cp932", JA), ("euc_jp", JA_PLAIN), ("iso2022_jp", JA_PLAIN), ("gb18030", ZH), ("cp1252", FR)]
)
def test_an_undeclared_charset_is_told_from_the_bytes(codec: str, text: str) -> None:
    """Common charsets are recognised without any declaration."""
    assert to_text(text.encode(codec)) == text


@pytest.mark.parametrize(
    ("name", "codec", "text", "bad"),
    [
        ("UTF-8", "utf-8", JA, b"\xe3\x81"),
        ("Shift_JIS", "cp932", JA, b"\xff"),
        ("EUC-JP", "euc_jp", JA_PLAIN, b"\xff"),
        ("ISO-2022-JP", "iso2022_jp", JA_PLAIN, b"\xff"),
        ("gb2312", "gb18030", ZH, b"\xff"),
        ("Big5", "big5", ZH_TW, b"\xff"),
        ("EUC-KR", "cp949", KO, b"\xff"),
        ("windows-1251", "cp1251", RU, b"\x98"),
    ],
    ids=["utf-8", "shift_jis", "euc-jp", "iso-2022-jp", "gb2312", "big5", "euc-kr", "windows-1251"],
)
def test_one_bad_byte_costs_its_own_place_and_nothing_else(name: str, codec: str, text: str, bad: bytes) -> None:
    """A declared charset still holds for the rest of a document with one broken byte."""
    line = f"<p>{text}</p>\n"
    body = f'<?xml version="1.0" encoding="{name}"?>\n{line}'.encode(codec) + bad + b"\n" + line.encode(codec)
    assert to_text(body).count(line) == 2


@pytest.mark.parametrize(
    ("name", "codec", "nec"),
    [("ISO-2022-JP", "iso2022_jp", b"\x1b$B\x2d\x21\x1b(B"), ("EUC-JP", "euc_jp", b"\xad\xa1")],
    ids=["iso-2022-jp", "euc-jp"],
)
def test_a_nec_character_in_another_japanese_charset_does_not_spoil_the_rest(name: str, codec: str, nec: bytes) -> None:
    """Row 13 of JIS as Windows writes it (here a circled one) leaves the text around it whole."""
    body = f'<?xml version="1.0" encoding="{name}"?>{JA_PLAIN}\n'.encode(codec) + nec + f"\n{JA_PLAIN}".encode(codec)
    assert to_text(body).count(JA_PLAIN) == 2


@pytest.mark.parametrize("declaration", ['<?xml version="1.0" encoding="Shift_JIS"?>', ""], ids=["declared", "undeclared"])
def test_a_wave_dash_is_the_same_character_in_every_japanese_charset(declaration: str) -> None:
    """The same sentence from two servers is the same text, so that copies are seen as copies."""
    meant = f"{declaration}説明会は十時〜十二時、東京−大阪間で開催する。"
    as_windows = meant.replace("〜", "～").replace("−", "－").encode("cp932")
    assert to_text(as_windows) == to_text(meant.encode("utf-8"))


@pytest.mark.parametrize("name", ["hex", "base64", "rot13", "undefined", "idna", "punycode", "unicode_escape", "mbcs"])
def test_a_name_that_is_no_charset_of_the_web_is_ignored(name: str) -> None:
    """A server cannot make us run a codec that is not a charset, nor stop us with one."""
    body = "Résumé of the rule: C:\\docs \xad".encode("cp1252")
    assert to_text(body, f"text/html; charset={name}") == to_text(body)


@given(
    st.binary(max_size=400),
    st.sampled_from(
        ["", "utf-8", "shift_jis", "euc-jp", "iso-2022-jp", "utf-16", "gb2312", "euc-kr", "latin1", "日本", "..", "-"]
    ),
)
@settings(max_examples=150, deadline=None)
def test_any_bytes_become_text_without_control_characters(body: bytes, name: str) -> None:
    """No document can make decoding fail, and none smuggles in a control character or half a character."""
    text = to_text(body, f"text/xml; charset={name}")
    assert re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]", text) is None


@given(st.text(st.characters(exclude_categories=("Cc", "Cs"), exclude_characters="\ufeff\ufffe\uffff")))
@settings(deadline=None)
def test_utf_8_comes_out_as_it_went_in(text: str) -> None:
    """Text in any script survives unchanged."""
    assert to_text(text.encode()) == text


@pytest.mark.parametrize(
    "reference",
    [
        "&#0;",
        "&#8;",
        "&#11;",
        "&#0031;",
        "&#x1F;",
        "&#x0b;",
        "&#xFFFE;",
        "&#xD800;",
        "&#xdfff;",
        "&#55296;",
        "&#57343;",
        "&#65535;",
    ],
)
def test_a_reference_to_what_xml_forbids_is_dropped(reference: str) -> None:
    """Decimal or hexadecimal: what an XML parser would refuse never reaches it."""
    assert xml_text(f"<t>gallium{reference}export</t>".encode()) == "<t>galliumexport</t>"


@pytest.mark.parametrize(
    "reference", ["&#9;", "&#10;", "&#xD;", "&#32;", "&#12354;", "&#x1F600;", "&#133;", "&#55295;", "&#57344;"]
)
def test_a_reference_to_what_xml_allows_is_kept(reference: str) -> None:
    """Line ends, kana and emoji written as references stay."""
    assert xml_text(f"<t>{reference}</t>".encode()) == f"<t>{reference}</t>"


@pytest.mark.parametrize("codec", ["cp932", "utf-16", "utf-8-sig"])
def test_a_document_for_an_xml_parser_declares_utf_8(codec: str) -> None:
    """The declaration is put right, the blank lines before it are gone, the quotes stay as they were."""
    body = f"\n <?xml version='1.0' encoding='Shift_JIS' ?><t encoding='x'>{JA}</t>".encode(codec)
    assert xml_text(body) == f"<?xml version='1.0' encoding='utf-8' ?><t encoding='x'>{JA}</t>"
