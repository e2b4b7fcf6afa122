"""Bytes to text, by header, declaration and content - before any parser guesses.

feedparser turns a Shift_JIS feed with one cp932 character into mojibake and loses a whole document to one bad UTF-8 byte
(docs/decisions/0004), so it never sees bytes of an unknown charset. Never raises: what cannot be read becomes U+FFFD.
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
_HEAD = 2048  # characters, or bytes, in which a document says what it is written in
_CP932_TO_JIS = str.maketrans("～－∥￠￡￢", "〜−‖¢£¬")
"""cp932 reads six JIS symbols as full-width forms; every other reader, and the other Japanese charsets, as these."""

_REFERENCE = re.compile(r"&#(?:[xX]([0-9A-Fa-f]{1,40})|([0-9]{1,40}));")
_ISO_2022 = re.compile(rb"\x1b(?:\$[@B]|\(J|\$\(D)")
_ALONE = re.compile(rb"(?<![\x80-\xff])[\x80-\xff](?![\x80-\xff])")
_HIGH = re.compile(rb"[\x80-\xff]")
_NOT_OF_THE_WEB = ("idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined", "utf_7", "mbcs", "oem")

_KANA = re.compile("[\u3041-\u3096\u30a1-\u30fa]")
_HAN = re.compile("[\u4e00-\u9fff]")
_CONTROL_BYTES = bytes({*range(0x20), 0x7F} - set(b"\t\n\r"))
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff\ud800-\udfff]")


def to_text(body: bytes, content_type: str = "") -> str:
    """The text of a document, without a byte order mark, without control characters.

    Order: byte order mark; ISO-2022 by its escapes; UTF-8 if the bytes are UTF-8; what the document, then the header, declares,
    as long as hardly a byte contradicts it; what the bytes look like.
    """
    for mark, name in _BOMS:
        if body.startswith(mark):
            return _strip(body.decode(name, "replace").lstrip("\ufeff"))
    declared = [name for name in (_declared(body), _of_header(content_type)) if name]
    if _ISO_2022.search(body):
        name = next((name for name in declared if name.startswith("iso2022")), "iso2022_jp")
        return _strip(body.decode(name, "replace"))
    wide = next((name for name in declared if name.startswith("utf-16")), None)
    if wide is not None and b"\0" in body[:400]:
        order = "utf-16-le" if body[1:400:2].count(0) > body[:400:2].count(0) else "utf-16-be"
        return _strip(body.decode(order if wide == "utf-16" else wide, "replace"))
    try:
        text = body.decode("utf-8")
        # measured: deleting bytes takes a tenth of what the expression takes to find nothing
        is_clean = len(body.translate(None, _CONTROL_BYTES)) == len(body) and b"\xef\xbf" not in body
        return text if is_clean else _strip(text)
    except UnicodeDecodeError:
        pass
    for name in declared:
        text = _read_as(body, name)
        if name != "utf-8" and not _contradicts(body, name, text):
            return _strip(text)
    return _strip(_guess(body, declared))


def xml_text(body: bytes, content_type: str = "") -> str:
    """As to_text, made safe for an XML parser: the declaration says utf-8, references to control characters are gone."""
    text = _REFERENCE.sub(_kept, to_text(body, content_type).lstrip())
    head = _XML_ENCODING.sub(r"\1\2utf-8\2", text[:_HEAD], count=1)
    return head + text[_HEAD:]


def _declared(body: bytes) -> str | None:
    match = _DECLARED.search(body[:_HEAD])
    return None if match is None else _known((match[1] or match[2]).decode("ascii", "replace"))


def _of_header(content_type: str) -> str | None:
    match = _HEADER.search(content_type)
    return None if match is None else _known(match[1])


def _known(name: str) -> str | None:
    """The codec's name in one spelling; None for what is no charset of a text."""
    folded = name.strip().lower()
    folded = _ALIASES.get(folded, folded)
    try:
        codec = codecs.lookup(folded)
    except (LookupError, ValueError):
        return None
    if not codec._is_text_encoding or codec.name.replace("-", "_") in _NOT_OF_THE_WEB:
        return None
    return _ALIASES.get(codec.name, codec.name)


def _read_as(body: bytes, name: str) -> str:
    text = body.decode(name, "replace")
    return text.translate(_CP932_TO_JIS) if name == "cp932" else text


def _contradicts(body: bytes, name: str, text: str) -> bool:
    """True if a declared charset can hardly be the true one."""
    high = len(_HIGH.findall(body))
    if text.count("\ufffd") > 2 + high // 100:
        return True
    # every byte is a letter of a Western charset: look whether the bytes make Japanese or Chinese runs instead
    return name in ("cp1252", "cp1254") and not _looks_western(body) and _guess(body, []) != text


def _looks_western(body: bytes) -> bool:
    """True if bytes beyond ASCII mostly stand alone, as letters with accents do between plain ones."""
    return len(_ALONE.findall(body)) * 2 > len(_HIGH.findall(body))


def _guess(body: bytes, declared: list[str]) -> str:
    """The best reading of bytes that no declaration explains."""
    utf8 = body.decode("utf-8", "replace")
    bad = utf8.count("\ufffd")
    good = sum(1 for character in utf8 if character > "\x7f") - bad
    if good > 3 * bad:  # UTF-8 with a few broken places
        return utf8
    is_western = _looks_western(body)
    best, best_score = utf8, -10.0 * bad
    for name in dict.fromkeys([*declared, "cp932", "euc_jp", "gb18030", "cp1252"]):
        if name == "utf-8":
            continue
        text = _read_as(body, name)
        score = -10.0 * text.count("\ufffd") + (1.0 if name in declared else 0.0)
        kana = len(_KANA.findall(text))
        if name in ("cp932", "euc_jp"):
            score += 2.0 * kana
        elif name == "gb18030" and not is_western:
            han = "".join(_HAN.findall(text))
            common = len(han.encode("gb2312", "ignore")) / 2  # what Chinese really uses; other bytes misread give the rare ones
            score += 0.5 * common - 2.0 * (len(han) - common) - 2.0 * kana
        elif name == "cp1252":
            score += 5.0 if is_western else 0.5
        if score > best_score:
            best, best_score = text, score
    return best


def _kept(reference: re.Match[str]) -> str:
    """A character reference as it stands, or nothing if XML has no such character. Source: XML 1.0, production 2 (Char)."""
    code = int(reference[1], 16) if reference[1] else int(reference[2])
    is_char = code in (9, 10, 13) or 0x20 <= code <= 0xD7FF or 0xE000 <= code <= 0xFFFD or 0x10000 <= code <= 0x10FFFF
    return reference.group() if is_char else ""


def _strip(text: str) -> str:
    return _CONTROLS.sub("", text)
