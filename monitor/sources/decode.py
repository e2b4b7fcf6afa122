"""Bytes to text, by header, declaration and content - before any parser guesses.

feedparser turns a Shift_JIS feed with one cp932 character into mojibake and loses a whole document to one bad UTF-8 byte
(docs/decisions/0005), so it never sees bytes of an unknown charset. Never raises: what cannot be read becomes U+FFFD.
"""

from __future__ import annotations

import codecs
import re

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_ALIASES = {
    "shift_jis": "cp932",
    "shift-jis": "cp932",
    "sjis": "cp932",
    "x-sjis": "cp932",
    "windows-31j": "cp932",
    "ms_kanji": "cp932",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "x-gbk": "gb18030",
    "iso-8859-1": "cp1252",
    "latin-1": "cp1252",
    "latin1": "cp1252",
    "us-ascii": "cp1252",
    "ascii": "cp1252",
    "iso-8859-9": "cp1254",
    "ks_c_5601-1987": "cp949",
    "euc-kr": "cp949",
    "big5": "big5hkscs",
    "x-euc-jp": "euc-jp",
}
"""Charset names as the web means them: the wider code page of each. Source: WHATWG Encoding Standard, section 4.2."""

_DECLARED = re.compile(
    rb"""<\?xml[^>]{0,200}?encoding\s*=\s*['"]\s*([A-Za-z0-9._:-]+)|<meta[^>]{0,300}?charset\s*=\s*['"]?\s*([\w.:-]+)""",
    re.I,
)
_HEADER = re.compile(r"""charset\s*=\s*["']?\s*([\w.:-]+)""", re.I)
_XML_ENCODING = re.compile(r"""(<\?xml[^>]{0,200}?encoding\s*=\s*)(['"])[^'"]*\2""", re.I)
_CP932_TO_JIS = str.maketrans("～－∥￠￡￢", "〜−‖¢£¬")
"""cp932 reads six JIS symbols as full-width forms; every other reader, and the other Japanese charsets, as these."""

_KANA = re.compile("[\u3041-\u3096\u30a1-\u30fa]")
_HAN = re.compile("[\u4e00-\u9fff]")
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff\ud800-\udfff]")
_CONTROL_REFERENCES = re.compile(
    r"&#(?:0*(?:[0-8]|1[124-9]|2\d|3[01])|x0*(?:[0-8bcef]|1[0-9a-f]|fff[ef])|x0*d[89a-f][0-9a-f]{2});", re.I
)


def to_text(body: bytes, content_type: str = "") -> str:
    """The text of a document, without a byte order mark, without control characters.

    Order: byte order mark; UTF-8 if the bytes are UTF-8; the document's own declaration; the header; what the bytes look like.
    """
    for mark, name in _BOMS:
        if body.startswith(mark):
            return _strip(body.decode(name, "replace").lstrip("\ufeff"))
    declared = [name for name in (_declared(body), _of_header(content_type)) if name]
    if any(name.startswith("iso-2022") or name.startswith("utf-16") for name in declared) or b"\x1b$" in body[:65536]:
        for name in [*declared, "iso-2022-jp"]:
            if name.startswith(("iso-2022", "utf-16")):
                text = _strictly(body, name)
                if text is not None:
                    return _strip(text)
    try:
        return _strip(body.decode("utf-8"))
    except UnicodeDecodeError:
        pass
    for name in declared:
        if name not in ("utf-8", "cp1252"):
            text = _strictly(body, name)
            if text is not None:
                return _strip(text)
    return _strip(_guess(body, declared))


def xml_text(body: bytes, content_type: str = "") -> str:
    """As to_text, made safe for an XML parser: the declaration says utf-8, references to control characters are gone."""
    text = _CONTROL_REFERENCES.sub("", to_text(body, content_type).lstrip())
    return _XML_ENCODING.sub(r"\1\2utf-8\2", text, count=1)


def _declared(body: bytes) -> str | None:
    match = _DECLARED.search(body[:2048])
    return None if match is None else _known((match[1] or match[2]).decode("ascii", "replace"))


def _of_header(content_type: str) -> str | None:
    match = _HEADER.search(content_type)
    return None if match is None else _known(match[1])


def _known(name: str) -> str | None:
    folded = name.strip().lower()
    folded = _ALIASES.get(folded, folded)
    try:
        codecs.lookup(folded)
    except LookupError:
        return None
    return folded


def _strictly(body: bytes, name: str) -> str | None:
    try:
        text = body.decode(name)
    except (UnicodeDecodeError, LookupError):
        return None
    return text.translate(_CP932_TO_JIS) if name == "cp932" else text


def _guess(body: bytes, declared: list[str]) -> str:
    """The best reading of bytes that no declaration explains."""
    utf8 = body.decode("utf-8", "replace")
    bad = utf8.count("\ufffd")
    good = sum(1 for character in utf8 if character > "\x7f") - bad
    if good > 3 * bad:  # UTF-8 with a few broken places
        return utf8
    best, best_score = utf8, -float(bad)
    for name in dict.fromkeys([*declared, "cp932", "euc-jp", "gb18030", "cp1252"]):
        if name == "utf-8":
            continue
        text = body.decode(name, "replace")
        lost = text.count("\ufffd")
        kana = len(_KANA.findall(text))
        han = len(_HAN.findall(text))
        score = -10.0 * lost + (2.0 * kana if name in ("cp932", "euc-jp") else 0.0)
        score += 0.1 * han if name == "gb18030" and kana == 0 else 0.0
        score += 1.0 if name in declared else 0.0
        if name == "cp1252":
            score += 0.5
        if score > best_score:
            best, best_score = text, score
    return best


def _strip(text: str) -> str:
    return _CONTROLS.sub("", text)
