"""Reads HTML pages that list links - ministries that publish no feed - by CSS selectors. Never fetches."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterator
from datetime import datetime
from functools import lru_cache

import lxml.html
from cssselect import SelectorError
from lxml import etree
from lxml.cssselect import CSSSelector

from monitor.errors import ConfigError, ParseError
from monitor.items import Entry, Fetched, Parsed, Selectors, Source
from monitor.sources.decode import to_text
from monitor.sources.links import absolute
from monitor.sources.zones import moment_of, without_date

MAX_ENTRIES = 1_000
"""Entries read of one page; more are cut with a notice."""

_EMPTY_WORDS = frozenset(
    "details detail more readmore readmoreabout learnmore seemore viewmore findoutmore clickhere here link pdf html word excel xlsx docx "
    "download view open fulltext pressrelease newsrelease newwindow opensinanewwindow mehr mehrerfahren mehrlesen weiterlesen "
    "lireplus lirelasuite ensavoirplus leesmeer lees vermas leermas "
    "詳細 詳細へ 詳細はこちら 詳しくはこちら 詳しく見る 詳細を見る 詳細をみる こちら こちらへ もっと見る 続きを読む 全文 全文を見る 本文 "
    "資料 報道発表 報道資料 別ウィンドウで開く ダウンロード 一覧へ 新着 "
    "详情 詳情 查看详情 查看詳情 查看全文 阅读全文 閱讀全文 更多 查看更多 了解更多 点击查看 附件 下载 下載 正文 原文 "
    "자세히 자세히보기 더보기 바로가기 전문 원문 원문보기 다운로드 첨부파일".split()
)
"""What links say that say nothing of where they lead, folded as _says_nothing folds."""
_SIZE = re.compile(r"\d+(?:kb|mb|kバイト|キロバイト|メガバイト|ページ|pages?)|形式|ファイル|file")
_MARKS = re.compile(r"[\W_]+")
_CUT = re.compile(r"\s*(?:…|\.{2,}|‥|⋯)+$")


def parse(source: Source, fetched: Fetched) -> Parsed:
    """Entries of a page in page order; without a title or a link an element is no entry, and a link counts at its first place.

    The title is what its selector finds, else the words of the link or of its image; where those say nothing ("PDF", 詳細はこちら)
    the element's other words, without the date; where they are cut with an ellipsis, the link's title attribute.

    Raises:
        ParseError: no HTML, or the selector finds nothing (the page was rebuilt, or it is a notice of maintenance).
        ConfigError: a selector that cannot be read.
    """
    select = source.select
    if select is None:
        raise ConfigError("a listing needs select: with at least item:", subject=source.id)
    page = _page(source, fetched)
    base = absolute(fetched.url, next(iter(page.xpath("//base/@href")), None)) or fetched.url
    elements = _find(page, select.item, source.id)
    entries: dict[str, Entry] = {}
    for element in elements[:MAX_ENTRIES]:
        entry = _entry(element, select, source, base)
        if entry is not None and entry.url is not None:
            entries.setdefault(entry.url, entry)
    if not entries:
        raise ParseError(f"the selector {select.item!r} finds no entry; the page may have been rebuilt", subject=source.id)
    notes = (f"{len(elements)} elements; the first {MAX_ENTRIES} were read",) if len(elements) > MAX_ENTRIES else ()
    return Parsed(
        entries=tuple(entries.values()), notes=notes, reader="html", older=tuple(_older(page, select, source, base, fetched.url))
    )


def _page(source: Source, fetched: Fetched) -> lxml.html.HtmlElement:
    text = to_text(fetched.body, fetched.content_type)
    if not text.strip():
        raise ParseError("the page is empty", subject=source.id)
    parser = lxml.html.HTMLParser(encoding="utf-8", huge_tree=False, no_network=True)
    try:
        return lxml.html.document_fromstring(text.encode("utf-8", "replace"), parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError) as error:
        raise ParseError("not readable as HTML", subject=source.id) from error


def _older(page: lxml.html.HtmlElement, select: Selectors, source: Source, base: str, here: str) -> Iterator[str]:
    """The address of the page of older entries; none on the last page, where the link is absent or leads nowhere else."""
    places = _find(page, select.next, source.id) if select.next else []
    found = (absolute(base, place.get("href")) for place in places)
    address = next((each for each in found if each is not None and each.startswith(("http://", "https://"))), None)
    if address is not None and address.partition("#")[0] != here.partition("#")[0]:
        yield address


def _entry(element: lxml.html.HtmlElement, select: Selectors, source: Source, base: str) -> Entry | None:
    links = _find(element, select.link, source.id) if select.link else [element]
    link = next((each for each in links if each.get("href")), None)
    titles = _find(element, select.title, source.id) if select.title else []
    places = _find(element, select.date, source.id) if select.date else []
    summaries = _find(element, select.summary, source.id) if select.summary else []
    url = None if link is None else absolute(base, link.get("href"))
    if link is None or url is None:
        return None
    title = _text(titles[0]) if titles else _title(element, link, places, source)
    if not title:
        return None
    return Entry(
        guid=None,
        url=url,
        title=title,
        summary=" ".join(filter(None, map(_text, summaries))),
        published=_published(element, places, source, is_asked=bool(select.date)),
    )


def _published(
    element: lxml.html.HtmlElement, places: list[lxml.html.HtmlElement], source: Source, *, is_asked: bool
) -> datetime | None:
    """What the first readable of the places says; where no selector asks for a place, of the element's <time datetime>."""
    if is_asked:
        stated = [text for place in places for text in (place.get("datetime") or "", _text(place))]
    else:
        stated = [place.get("datetime") or "" for place in element.iter("time")]
    return next((moment for text in stated if text and (moment := moment_of(text, source)) is not None), None)


def _title(
    element: lxml.html.HtmlElement, link: lxml.html.HtmlElement, places: list[lxml.html.HtmlElement], source: Source
) -> str:
    said = _text(link) or " ".join(filter(None, (" ".join((image.get("alt") or "").split()) for image in link.iter("img"))))
    whole = " ".join((link.get("title") or "").split())
    cut = _CUT.sub("", said)
    if cut != said and cut and whole.startswith(cut):
        return whole
    if not said or not _says_nothing(said):
        return said
    own = without_date(" ".join(" ".join(_texts(element, (link, *places, *element.iter("time")))).split()), source)
    return next((each for each in (own, whole) if each and not _says_nothing(each)), said)


def _says_nothing(title: str) -> bool:
    """True for the words of a link that name no subject: "More", "PDF (120 KB)", 詳細はこちら, ">>"."""
    folded = _SIZE.sub("", _MARKS.sub("", unicodedata.normalize("NFKC", title[:100]).casefold()))
    return not folded or folded in _EMPTY_WORDS


def _texts(element: lxml.html.HtmlElement, left_out: Collection[lxml.html.HtmlElement]) -> Iterator[str]:
    """The words in an element, but for those inside some of its elements, in page order."""
    skipped = {inner for outer in left_out for inner in outer.iter()}
    for inner in element.iter():
        if inner not in skipped and isinstance(inner.tag, str) and inner.tag not in ("script", "style"):
            yield inner.text or ""
        if inner is not element and inner.getparent() not in skipped:
            yield inner.tail or ""


def _find(element: lxml.html.HtmlElement, selector: str, subject: str) -> list[lxml.html.HtmlElement]:
    try:
        return list(_selector(selector)(element))
    except (SelectorError, etree.XPathError) as error:
        raise ConfigError(f"the selector {selector!r} cannot be read ({error})", subject=subject) from error


@lru_cache(maxsize=512)
def _selector(selector: str) -> CSSSelector:
    return CSSSelector(selector)


def _text(element: lxml.html.HtmlElement) -> str:
    return " ".join(element.text_content().split())
