"""Finds legal and technical keys in a text, each in one canonical form. Pure; bounded in time; never raises.

The patterns read NFKC text, so that （昭和２４年法律第２２８号） and (昭和24年法律第228号) are one case.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator

from monitor.dates import era_year, kanji_number
from monitor.items import Identifier

MAX_TEXT = 200_000

_NUM = "[0-9元〇一二三四五六七八九十百千]+"
_ECCN_CUE = re.compile(
    r"\bECCNs?\b|\bEAR\b|\bCCL\b|Commerce Control List|Category|licen[cs]e|export|BIS\b|輸出|該当|規制|出口|管制|수출",
    re.I,
)
_ROOM_AFTER = re.compile(r"\s?(?:号|號)?(?:会議室|会议室|會議室|室|棟|号室)|호실?로|から")
_ROOM_BEFORE = re.compile(r"(?:\b[Rr]oom|[Gg]ate|[Ss]tand|[Bb]ooth|型式|客室|座席|房间)\s?$")
_ECCN_KNOWN = frozenset(
    (
        "3A001 3A090 3A901 3A904 3B001 3B002 3B090 3B901 3C001 3C907 3C908 3C909 3D001 3D002 3D901 3D907 3E001 3E901 "
        "3E905 4A003 4A005 4A090 4A906 4D001 4D090 4D906 4E001 4E091 5A002 5A992 5D002 5D992 5E002 0A501 0A606 2B910 "
        "2B201 1C350 1C351 6A002 6A003 9A515 9A610"
    ).split()
)
"""Numbers of the Commerce Control List (15 CFR 774, Supplement 1) that the news names without saying "ECCN"."""
_CFR_TITLES = {"10", "15", "19", "22", "28", "31", "32", "33", "37", "40", "46", "47", "48", "50"}


_SIMPLIFIED = str.maketrans(
    "務関關総總財産產業业發国國員監會銀電資貿經済濟標準質檢検號", "务关关总总财产产业业发国国员监会银电资贸经济济标准质检检号"
)
"""Chinese offices as Japanese and traditional texts write them, so that 海関総署公告 and 海关总署公告 are one."""


def _cfr(match: re.Match[str]) -> str | None:
    title = match["t"] or match["t2"]
    if title not in _CFR_TITLES:
        return None
    section = f".{match['s']}" if match["s"] else ""
    end = f"-{match['e']}" if match["e"] else ""
    return f"{title} CFR {match['p']}{section}{match['par'] or ''}{end}"


def _docket(match: re.Match[str]) -> str:
    if match["c"]:
        return re.sub(r"\s(?:Docket\s)?(?:No\.?\s)?", " ", match["c"])
    return match["a"] or match["b"]


def _eccn(match: re.Match[str]) -> str | None:
    around = match.string[max(0, match.start() - 120) : match.end() + 120]
    if match["e"]:
        return match["e"]
    if _ROOM_AFTER.match(match.string, match.end()) or _ROOM_BEFORE.search(
        match.string, max(0, match.start() - 12), match.start()
    ):
        return None
    if match["b"] in _ECCN_KNOWN or _ECCN_CUE.search(around):
        return match["b"] + (match["s"] or "")
    return None


def _japanese(match: re.Match[str]) -> str | None:
    year = kanji_number(match["y"])
    western = era_year(match["era"], str(year))
    if western is None:
        return None
    return f"{match['era']}{year}年{match['k']}第{kanji_number(match['n'])}号 ({western})"


def _article(match: re.Match[str]) -> str:
    article = f"{match['l']}{kanji_number(match['a'])}条"
    if match["a2"]:
        # 第 stands between the two numbers, or 25条の2第11項 would read like 25条の21第1項
        paragraph = f"第{kanji_number(match['k'])}項" if match["k"] else ""
        return f"{article}の{kanji_number(match['a2'])}{paragraph}"
    return article + (f"{kanji_number(match['k'])}項" if match["k"] else "")


def _beppyo(match: re.Match[str]) -> str:
    part = f"({kanji_number(match['g'])})" if match["g"] else ""
    return f"別表{kanji_number(match['t'])}-{kanji_number(match['i'])}項{part}"


def _chinese(match: re.Match[str]) -> str:
    office = re.sub(r"^(?:依据|根据|按照|关于|依照|参见)", "", match["o"])
    return f"{office.translate(_SIMPLIFIED)}{match['k']} {match['y1'] or match['y2']}-{match['n1'] or match['n2']}"


def _american(match: re.Match[str]) -> str:
    if match["b"]:
        return "BILL " + re.sub(r"[\s.]", "", match["b"]).upper() + match["n"]
    if match["p"]:
        return f"PL {match['p']}"
    order = match["e"] or match["e2"]
    return f"EO {order}" if order else f"PROC {match['q']}"


_FORMS: tuple[tuple[str, re.Pattern[str], Callable[[re.Match[str]], str | None]], ...] = (
    (
        "cfr",
        re.compile(
            r"\b(?:(?P<t>\d{1,2})\s?C\.?F\.?R\.?\s*|Title\s(?P<t2>\d{1,2})\sof\sthe\sCode\sof\sFederal\sRegulations,\s)"
            r"(?:§+\s?|[Pp]arts?\s)?(?P<p>\d{1,4})(?!\d)(?:\.(?P<s>\d+[a-z]?))?"
            r"(?P<par>(?:\([a-zA-Z0-9]{1,4}\))*)(?:\s?(?:-|–|through|to)\s?(?P<e>\d{1,4})\b)?"
        ),
        _cfr,
    ),
    (
        "fr_citation",
        re.compile(r"\b(?P<v>\d{2,3})\s(?:FR|Fed\.\s?Reg\.|F\.R\.)\s(?P<p>\d{1,3}(?:,\d{3})|\d{1,6})\b"),
        lambda m: f"{m['v']} FR {int(m['p'].replace(',', ''))}",
    ),
    (
        "fr_doc",
        re.compile(
            r"(?<![\d-])(?<!整理番号)(?<!受付番号)(?<!登録番号)(?<!编号)(?<!編號)(?<![第제])((?:19|20)\d{2}-\d{5})(?![\d号號호-])"
        ),
        lambda m: m[1],
    ),
    ("rin", re.compile(r"\b(?:RIN:?\s*)?(?P<a>\d{4})-(?P<b>[A-Z]{2}\d{2})\b"), lambda m: f"{m['a']}-{m['b']}"),
    (
        "docket",
        re.compile(
            r"\b(?!CVE-)(?P<a>[A-Z]{2,8}(?:-[A-Z0-9]{2,6})?-\d{4}(?:-[A-Z])?-\d{3,5}(?:-\d{4,6})?)\b"
            r"|\bDocket\s(?:No\.?|Number|ID):?\s?(?P<b>\d{6}-\d{4})\b"
            r"|\b(?P<c>(?:WC|WT|IB|GN|ET|PS|MB|OI|MD)\s(?:Docket\s)?(?:No\.?\s)?\d{2}-\d{1,3})\b"
        ),
        _docket,
    ),
    (
        "eccn",
        re.compile(
            r"(?<![A-Za-z0-9.])(?P<b>[0-9][A-E][0-9]{3})(?P<s>(?:\.(?:[a-z]|[0-9]{1,2}|[ivx]+))*)(?![A-Za-z0-9])|\b(?P<e>EAR99)\b"
        ),
        _eccn,
    ),
    (
        "hs",
        re.compile(
            r"(?:\b(?:HS|HTS(?:US)?|CN|tariff)\s?(?:codes?|subheadings?|headings?|No\.?)?\s?|関税分類|HS(?:コード|编码|編碼|코드):?\s?"
            r"|统计税则号列?|海关商品编号:?\s?|税則番号第?|稅則號別)(?P<c>\d{4}(?:[. ]?\d{2}){0,3})(?!\d)"
            r"|\b(?:sub)?headings?\s(?P<c2>\d{4}(?:\.\d{2}){1,3})\sof\sthe\sHTS",
            re.I,
        ),
        lambda m: re.sub(r"[. ]", "", m["c"] or m["c2"]),
    ),
    (
        "jp_law_no",
        re.compile(
            rf"(?P<era>明治|大正|昭和|平成|令和)(?P<y>{_NUM})年(?P<k>法律|政令|勅令|条約|内閣府令|[^\s、。()年]{{2,12}}?省令)"
            rf"第(?P<n>{_NUM})号"
        ),
        _japanese,
    ),
    (
        "jp_kokuji",
        re.compile(rf"(?P<era>昭和|平成|令和)(?P<y>{_NUM})年(?P<k>[^\s、。()年]{{2,16}}?告示)第(?P<n>{_NUM})号"),
        _japanese,
    ),
    (
        "jp_tsutatsu",
        re.compile(r"輸出注意事項(?P<a>\d{1,2}|\d{4})第(?P<n>\d{1,3})号"),
        lambda m: f"輸出注意事項{m['a']}第{m['n']}号",
    ),
    (
        "jp_article",
        re.compile(
            r"(?P<l>外為法|外国為替及び外国貿易法|輸出令|輸出貿易管理令|外為令|経済安全保障推進法|電気通信事業法)"
            rf"(?:\([^)]{{0,40}}\))?第?(?P<a>{_NUM})条(?:の(?P<a2>{_NUM}))?(?:第(?P<k>{_NUM})項)?"
        ),
        _article,
    ),
    (
        "jp_beppyo",
        re.compile(rf"(?:輸出(?:貿易管理)?令)?別表第?(?P<t>[1-7一二三四五六七])の?(?P<i>{_NUM})の?項(?:\((?P<g>{_NUM})\))?"),
        _beppyo,
    ),
    (
        "cn_docno",
        re.compile(
            r"(?P<o>[\u4e00-\u9fff]{2,18}?)(?P<k>公告|令|函|发)(?:(?P<y1>20\d{2})年第(?P<n1>\d+)[号號]"
            r"|[〔\[(](?P<y2>20\d{2})[〕\])]第?(?P<n2>\d+)[号號])"
        ),
        _chinese,
    ),
    (
        "eu_act",
        re.compile(
            r"\b(?P<k>(?:Council |Commission )?(?:Delegated |Implementing )?(?:Regulation|Directive|Decision))"
            r"\s\((?:EU|CFSP|EU, Euratom)\)\s(?:No\s)?(?P<n>\d{3,4}/\d{1,4})\b"
        ),
        lambda m: f"{m['k']} {m['n']}",
    ),
    (
        "us_act",
        re.compile(
            r"\b(?P<b>H\.\s?R\.|(?<!\.)S\.|H\.\s?J\.\s?Res\.|S\.\s?Res\.)\s?(?P<n>\d{1,5})\b"
            r"|\bPub(?:lic|\.)\s?L(?:aw|\.)\s?(?:No\.\s)?(?P<p>\d{2,3}-\d{1,3})\b"
            r"|\b(?:Executive Order|E\.O\.|EO)\s(?:No\.\s)?(?P<e>1[0-9]{4})(?![0-9便])"
            r"|大統領令第?(?P<e2>1[0-9]{4})(?![0-9])|\bProclamation\s(?:No\.\s)?(?P<q>1\d{4}|\d{4})\b"
        ),
        _american,
    ),
    (
        "uk_nte",
        re.compile(r"\bN(?:TE|otice to Exporters)\s(?P<y>20\d{2})/(?P<n>\d{1,2})\b"),
        lambda m: f"NTE {m['y']}/{int(m['n']):02d}",
    ),
)
_PATTERNS = tuple(
    # ASCII: a kanji or kana beside a key is no part of it, as in 規則15 CFR 744.23を改めた
    (name, re.compile(pattern.pattern, (pattern.flags & re.IGNORECASE) | re.ASCII), canonical)
    for name, pattern, canonical in _FORMS
)
_HINT = re.compile(r"[0-9〇一二三四五六七八九十百千元]")

RARE = frozenset({"fr_doc", "fr_citation", "docket", "rin", "jp_law_no", "jp_kokuji", "jp_tsutatsu", "cn_docno", "uk_nte"})
"""Types whose value names one measure, so that two items which share it speak of the same development."""

QUERY_TYPES = {
    "cfr": ("cfr",),
    "eccn": ("eccn",),
    "rin": ("rin",),
    "docket": ("docket",),
    "fr": ("fr_doc", "fr_citation"),
    "hs": ("hs",),
    "eo": ("us_act",),
    "law": ("jp_law_no", "jp_kokuji", "jp_article", "jp_beppyo", "eu_act", "us_act"),
    "notice": ("cn_docno", "jp_tsutatsu", "jp_kokuji", "uk_nte"),
}
"""Which identifier types a field of the query language looks at."""


_AND = r"(?:\s?(?:,|、|;)\s?(?:and\s|or\s)?|\s(?:and|or|through)\s|及び|並びに|又は|和|与|및|와)"
_LISTS: dict[str, tuple[re.Pattern[str], Callable[[str, re.Match[str]], str]]] = {
    "cfr": (
        re.compile(_AND + r"(?:[Pp]arts?\s|§\s?)?(\d{3}(?:\.\d{1,3}[a-z]?)?)(?![\d/-])(?!\s(?:CFR|FR|U\.?S\.?C))"),
        lambda first, more: f"{first.split(' ')[0]} CFR {more[1]}",
    ),
    "hs": (
        re.compile(_AND + r"(\d{4}(?:\.\d{2}){1,3}|\d{4} \d{2} \d{2})(?!\d)"),
        lambda _, more: re.sub(r"[. ]", "", more[1]),
    ),
    "cn_docno": (
        re.compile(r"(?:、|和|及|,)第(\d{1,3})[号號]"),
        lambda first, more: f"{first.rpartition('-')[0]}-{more[1]}",
    ),
    "jp_article": (
        re.compile(rf"(?:及び|、|又は|並びに)第({_NUM})条(?!の[0-9一二三四五六七八九十])"),
        lambda first, more: f"{re.sub(r'[0-9]+条.*', '', first)}{kanji_number(more[1])}条",
    ),
    "jp_beppyo": (
        re.compile(rf"(?:及び|、|又は)({_NUM})の項"),
        lambda first, more: f"{first.split('-')[0]}-{kanji_number(more[1])}項",
    ),
}


def find(text: str) -> tuple[Identifier, ...]:
    """Identifiers of a text, in the order of their types, each once."""
    folded = unicodedata.normalize("NFKC", text[:MAX_TEXT])
    if _HINT.search(folded) is None:
        return ()
    found: dict[Identifier, None] = {}
    for name, pattern, canonical in _PATTERNS:
        for match in pattern.finditer(folded):
            value = canonical(match)
            if value is not None:
                found[Identifier(type=name, value=value)] = None
                found |= {Identifier(type=name, value=each): None for each in _listed(name, match, value)}
    return tuple(found)


def _listed(name: str, match: re.Match[str], first: str) -> Iterator[str]:
    """Those that follow in a list: 15 CFR parts 734, 736 and 774."""
    if name not in _LISTS:
        return
    pattern, canonical = _LISTS[name]
    place = match.end()
    while (more := pattern.match(match.string, place)) is not None:
        yield canonical(first, more)
        place = more.end()


_KANJI_NUMBER = re.compile("[〇一二三四五六七八九十百千]+(?=[年号號条條])")


def is_named(value: str, wanted: str) -> bool:
    """True if an identifier's value is what a query asks for: itself, or a part of it (cfr:15/744 names 15 CFR 744.23(a)).

    Case, spaces, the "CFR" between title and part, the dots of a tariff code and the way numbers are written do not matter; of a tariff
    code its chapter, heading or subheading is a part.
    """
    have, want = loose(value), loose(wanted)
    if have.isdigit() and len(have) % 2 == 0:  # an HS code: two digits a level
        want = want.replace(".", "")
        return want.isdigit() and len(want) % 2 == 0 and have.startswith(want)
    if not want or not have.startswith(want):
        return want in _loose_parts(value)
    rest = have[len(want) :]
    return not rest or not (rest[0].isalnum() and want[-1].isalnum() and rest[0].isdigit() == want[-1].isdigit())


def loose(value: str) -> str:
    """The value as queries compare it: folded, without spaces, 15 CFR 744 as 15/744."""
    folded = unicodedata.normalize("NFKC", value).casefold()
    folded = _KANJI_NUMBER.sub(lambda match: str(kanji_number(match[0])), folded)
    folded = re.sub(r"\s*(?:c\.?f\.?r\.?)\s*(?:part\s*)?", "/", folded)
    return re.sub(r"\s+|^(?:eo|pl|docket|rin)(?=[\s\d])", "", folded)


def _loose_parts(value: str) -> tuple[str, ...]:
    """An era law number is also known by the number alone: 令和4年法律第43号 for 令和4年法律第43号 (2022)."""
    folded = loose(value)
    return (folded.split("(")[0],) if folded.endswith(")") else ()
