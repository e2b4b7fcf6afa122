"""Proposes selectors for a page that lists links, and shows what selectors find. Pure: reads one page, fetches nothing.

Entries of a listing look alike: the same element with the same class under the same parents, each with one link that has a title
and, on most pages of ministries, a date. So links are gathered by the shape of what surrounds them; shapes are scored and read.
"""

from __future__ import annotations

import itertools
import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import Any
from urllib.parse import urlsplit

from cssselect import SelectorError
from lxml import etree
from lxml.cssselect import CSSSelector

from monitor.errors import ConfigError, ParseError
from monitor.items import Entry, Fetched, Selectors, Source
from monitor.sources import listing
from monitor.sources.classnames import is_lasting, speaks_of_entries
from monitor.sources.discover import country_of, page_tree
from monitor.sources.links import absolute
from monitor.sources.zones import moment_of, without_date

_MAX_LINKS = 4_000
_MAX_LEVELS = 7
"""How far above a link its entry is looked for."""
_MAX_SHAPES = 24
"""Shapes of a page that are tried in earnest."""
_MAX_TRIES = 24
"""Selectors tried for one shape."""
_FEWEST = 3
_SHORTEST_TITLE = 6  # columns; a Chinese or Japanese character has two
_LONGEST_DATE = 30
_LONGEST_LINE = 80
_LONGEST_TEXT = 250
"""Characters of a text that is a date, of one that has a date at its edge, and of an entry with a date at its edge."""
_MAX_INNER = 80

_CHROME_TAGS = frozenset({"nav", "header", "footer", "aside", "form", "select"})
_CHROME = re.compile(
    r"(?:^|[-_])(?:g|global|main|sub|side|foot|head|local)?-?(?:nav(?:i|igation|bar)?|menu|footer|header|breadcrumbs?|sidebar|pager|pagination"
    r"|topicpath|topic-path|pankuzu|sns|share|social|lang(?:uage)?s?|banner|bnr|sitemap|tags?|related|skip|cookie)(?:$|[-_])",
    re.I,
)
_MAIN = re.compile(r"(?:^|[-_])(?:main|content|contents|article|honbun)(?:$|[-_])", re.I)
_DATE_WORDS = re.compile(r"date|time|day|hiduke|hizuke|riqi|sj", re.I)
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_BLOCKS = frozenset({"li", "tr", "article", "dd", "dt", "div", "section"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """Selectors that a page may be read by."""

    select: Selectors
    entries: tuple[Entry, ...]  # what listing.parse reads with them, in page order
    score: float  # the higher the better; comparable within one page

    @property
    def dated(self) -> int:
        """How many entries have a date."""
        return sum(1 for each in self.entries if each.published is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finds:
    """What selectors find in a page."""

    items: int  # elements that `item` finds
    with_title: int
    with_link: int
    with_date: int  # with a date that can be read
    unread: tuple[str, ...]  # texts where a date should be and none can be read, at most five, in page order


@dataclass(frozen=True, slots=True)
class _Link:
    element: Any
    url: str
    title: str


def selectors(page: Fetched, limit: int = 3) -> tuple[Proposal, ...]:
    """Selectors for the entries that a page lists, best first; () if it lists none. Never raises for what a page is."""
    root = page_tree(page)
    if root is None:
        return ()
    base = absolute(page.url, next(iter(root.xpath("//base/@href")), None)) or page.url
    source = Source(id="page", name="page", type="listing", url=page.url, country=country_of(page.url))
    links = list(_links(root, base))
    found = []
    for elements in _shapes(links, source):
        chosen = _selectors_of(root, elements, {id(each.element): each for each in links}, source)
        if chosen is None:
            continue
        proposal = _read(page, replace(source, select=chosen), elements)
        if proposal is not None:
            found.append(proposal)
    found.sort(key=lambda each: -each.score)
    kept: list[Proposal] = []
    for each in found:
        addresses = {entry.url for entry in each.entries}
        is_repeat = any(len(addresses & {entry.url for entry in other.entries}) * 2 > len(addresses) for other in kept)
        if not is_repeat and each.score * 4 >= found[0].score:
            kept.append(each)
    return tuple(kept[:limit])


def finds(page: Fetched, source: Source) -> Finds:
    """What each selector of a listing finds, so that a person sees which one is wrong.

    Raises:
        ParseError: no HTML.
        ConfigError: no selectors, or one that cannot be read.
    """
    root, select, subject = page_tree(page), source.select, source.id
    if root is None:
        raise ParseError("not readable as HTML", subject=subject)
    if select is None:
        raise ConfigError("a listing needs select: with at least item:", subject=subject)
    items = _css(root, select.item, subject)
    with_title = with_link = with_date = 0
    unread: list[str] = []
    for item in items:
        places = _css(item, select.link, subject) if select.link else [item]
        link = next((each for each in places if each.get("href")), None)
        titles = _css(item, select.title, subject) if select.title else []
        with_link += link is not None
        with_title += bool(_text(titles[0]) if titles else link is not None and (_text(link) or link.get("title")))
        stated = [
            text
            for place in (_css(item, select.date, subject) if select.date else ())
            for text in (place.get("datetime") or "", _text(place))
            if text
        ]
        if any(moment_of(text, source) for text in stated):
            with_date += 1
        elif select.date and len(unread) < 5:
            unread.append(stated[0][:60] if stated else "")
    return Finds(items=len(items), with_title=with_title, with_link=with_link, with_date=with_date, unread=tuple(unread))


def _links(root: Any, base: str) -> Iterator[_Link]:
    """Links with a title, at most _MAX_LINKS."""
    for count, element in enumerate(root.iter("a")):
        if count >= _MAX_LINKS:
            return
        url = absolute(base, element.get("href"))
        title = _text(element)
        if (
            url
            and url.startswith(("http://", "https://"))
            and _width(title) >= _SHORTEST_TITLE
            and not element.get("href").startswith("#")
        ):
            yield _Link(element, url, title)


def _shapes(links: Sequence[_Link], source: Source) -> list[list[Any]]:
    """Elements that may be entries, gathered by shape: those with one link each; the most promising shapes first."""
    shapes: dict[str, dict[Any, set[str]]] = {}
    names: dict[Any, str] = {}
    for link in links:
        element = link.element
        for _ in range(_MAX_LEVELS):
            if element is None or element.tag in ("body", "html"):
                break
            shapes.setdefault(_shape(element, names), {}).setdefault(element, set()).add(link.url)
            element = element.getparent()
    rough: list[tuple[float, int, list[Any]]] = []
    for members in shapes.values():
        single = sum(1 for each, addresses in members.items() if _is_one(each, addresses, source))
        if len(members) < _FEWEST or single < 0.6 * len(members):
            continue
        elements = list(members)
        dated = sum(1 for each in elements[:30] if next(_date_places(each, source), None) is not None) / min(len(elements), 30)
        # what holds the date is better than what lies within it
        rough.append(
            (math.log2(len(elements) + 1) * (0.3 + dated) * (0.3 if _is_chrome(elements[0]) else 1), len(rough), elements)
        )
    rough.sort(key=lambda each: (-each[0], each[1]))
    return [elements for _, _, elements in rough[:_MAX_SHAPES]]


def _is_one(element: Any, addresses: set[str], source: Source) -> bool:
    """True if an element speaks of one thing: it has one link, or a few beside its one heading or date."""
    if len(addresses) == 1:
        return True
    headings = sum(1 for tag in _HEADINGS for _ in element.iter(tag))
    return len(addresses) <= 4 and (
        headings == 1 or (headings == 0 and len(list(itertools.islice(_date_places(element, source), 2))) == 1)
    )


def _shape(element: Any, names: dict[Any, str]) -> str:
    """Tag and lasting classes of an element and of those around it."""
    parts = []
    for _ in range(5):
        if element is None or not isinstance(element.tag, str):
            break
        if element not in names:
            names[element] = ".".join([element.tag, *sorted(_classes(element))])
        parts.append(names[element])
        element = element.getparent()
    return "/".join(parts)


def _selectors_of(root: Any, elements: list[Any], links: dict[int, _Link], source: Source) -> Selectors | None:
    """The shortest selectors for entries of one shape; None if no short one finds just them."""
    sample = elements[:40]
    item = _item_selector(root, elements)
    if item in (None, "a"):
        return None
    if elements[0].tag == "dd":
        paired = _definition_list(item, sample, source)
        if paired is not None:
            return paired
    if elements[0].tag == "a":
        return Selectors(item=item, link="", title=_title_selector(sample, source), date=_date_selector(sample, source))
    wanted = [_main_link(each, links) for each in sample]
    date = _date_selector(sample, source)
    link = _inner_selector(sample, wanted, ("a",), _has_address)
    anchors = [each for each in wanted if each is not None]
    return Selectors(item=item, link=link or "a", title=_title_selector(anchors, source, sample), date=date)


def _definition_list(item: str, sample: list[Any], source: Source) -> Selectors | None:
    """dt with the date, then dd with the link: the date stands beside the entry, so the dt is the item. None: not so."""
    pairs = [each.getprevious() for each in sample]
    if sum(1 for each in pairs if each is not None and each.tag == "dt" and _is_date(_text(each), source)) < 0.7 * len(sample):
        return None
    head = re.sub(r"dd(?:\.[\w-]+)?$", "dt", item)
    return Selectors(item=head, link="dt + dd a", date="dt") if head.endswith("dt") else None


def _item_selector(root: Any, elements: list[Any]) -> str | None:
    """The shortest selector that finds these elements, and no other that holds a link."""
    wanted = set(elements)
    for selector in itertools.islice(dict.fromkeys(_item_candidates(elements[0])), _MAX_TRIES):
        found = _matches(root, selector)
        extra = sum(1 for each in found if each not in wanted and each.find(".//a[@href]") is not None)
        if len(wanted & set(found)) >= 0.9 * len(wanted) and extra <= 0.05 * len(wanted):
            return selector
    return None


def _item_candidates(element: Any) -> Iterator[str]:
    """Selectors for an element, short ones first: by its class, then by what is around it."""
    # a dd is told by its list: what is found must hold for the dt beside it
    own = [element.tag, *(f"{element.tag}.{each}" for each in _ranked(element) if element.tag != "dd")]
    yield from own[1:]
    around = []
    parent, hops = element.getparent(), 0
    while parent is not None and parent.tag not in ("html",) and hops < 6:
        for name in (*(f"{parent.tag}.{each}" for each in _ranked(parent)), *_ids(parent)):
            around.append((name, hops))
        parent, hops = parent.getparent(), hops + 1
    for name, _ in around:
        for self in own:
            yield f"{name} {self}"
    for name, hops in around:
        if hops == 0:
            yield f"{name} > {own[0]}"
    outer = element.getparent()
    if outer is not None:
        for name, hops in around:
            if hops > 0:
                yield f"{name} {outer.tag} > {element.tag}"
    yield own[0]


def _title_selector(anchors: list[Any], source: Source, sample: list[Any] | None = None) -> str | None:
    """Where the title stands if the text of the link is more, or less, than it; None: the link's text is the title."""
    if not anchors:
        return None
    places = sample if sample is not None else anchors
    headings: list[Any] = [next((each for tag in _HEADINGS for each in place.iter(tag)), None) for place in places]
    if all(each is not None for each in headings):
        tag = headings[0].tag
        if all(each.tag == tag for each in headings):
            texts = [_text(each) for each in anchors[: len(headings)]]
            return None if texts == [_text(each) for each in headings] else str(tag)
    if not any(next(_date_places(each, source), None) is not None for each in anchors):
        return None
    best: Counter[str] = Counter()
    for anchor in anchors:
        inner = [
            each
            for each in anchor.iterdescendants()
            if isinstance(each.tag, str) and not _is_date(_text(each), source) and not len(each)
        ]
        longest = max(inner, key=lambda each: _width(_text(each)), default=None)
        if longest is not None and _text(longest):
            best.update([next((f".{name}" for name in _ranked(longest)), str(longest.tag))])
    [(name, count)] = best.most_common(1) or [("", 0)]
    return name if count >= 0.7 * len(anchors) else None


def _date_selector(sample: list[Any], source: Source) -> str | None:
    """Where the date stands; None: hardly an entry has one that can be read."""
    first: list[Any] = []
    for each in sample:
        place = min(_date_places(each, source), key=lambda place: (place.tag != "time", len(_text(place))), default=None)
        if place is not None:
            first.append((each, place))
    if len(first) < max(2, 0.5 * len(sample)):
        return None
    counted: Counter[str] = Counter()
    for _, place in first:
        for name in (
            ([place.tag] if place.tag in ("time", "dt", "th", "td") else [])
            + [f".{each}" for each in _ranked(place)]
            + [place.tag]
        ):
            counted[name] += 1
    full = max(counted.values())
    usable = [name for name, count in counted.items() if count >= 0.9 * full]
    return min(usable, key=_date_rank)


def _date_rank(name: str) -> tuple[int, int, str]:
    """Which of the selectors that find the same dates is the most telling one."""
    is_class = name.startswith(".")
    telling = 0 if name == "time" or (is_class and _DATE_WORDS.search(name)) else 1 if name == "dt" else 3 if is_class else 2
    return telling, len(name), name


def _date_places(element: Any, source: Source) -> Iterator[Any]:
    """Elements within whose text, or attribute datetime, is a date; if there is none, the element itself if one stands at its edge."""
    is_found = False
    for each in itertools.islice(element.iter(), _MAX_INNER):
        if not isinstance(each.tag, str) or each.tag in ("a", "script", "style") or each is element:
            continue
        is_wrapper = len(each) == 1 and _text(each) == _text(each[0])
        if not is_wrapper and (
            (each.get("datetime") and moment_of(each.get("datetime"), source)) or _is_date(_text(each), source)
        ):
            is_found = True
            yield each
    if not is_found and element.tag != "a" and _stands_apart(_text(element), source):
        yield element


def _main_link(element: Any, links: dict[int, _Link]) -> Any:
    """The link that has the longest title; None if no link of the element has one."""
    own = [links[id(each)] for each in element.iter("a") if id(each) in links]
    in_heading = [each for each in own if any(outer.tag in _HEADINGS for outer in each.element.iterancestors())]
    best = max(in_heading or own, key=lambda each: _width(each.title), default=None)
    return None if best is None else best.element


def _inner_selector(sample: list[Any], wanted: list[Any], simple: Sequence[str], is_one: Any) -> str | None:
    """The shortest selector whose first find within each element is the wanted one, in nine of ten."""
    inner = next((each for each in wanted if each is not None), None)
    if inner is None:
        return None
    tag = str(inner.tag)
    candidates = [*simple, *(f"{tag}.{each}" for each in _ranked(inner))]
    outer = inner.getparent()
    for _ in range(3):
        if outer is None or outer in sample:
            break
        candidates += [f"{outer.tag} {tag}", *(f".{each} {tag}" for each in _ranked(outer))]
        outer = outer.getparent()
    if inner.getparent() is not None and inner.getparent().tag == "td":
        candidates += ["td + td a", "td:last-child a"]
    pairs = [(each, target) for each, target in zip(sample, wanted, strict=True) if target is not None]
    for selector in candidates:
        right = sum(1 for each, target in pairs if next((hit for hit in _matches(each, selector) if is_one(hit)), None) is target)
        if right >= 0.9 * len(pairs):
            return selector
    return None


def _has_address(element: Any) -> bool:
    return bool(element.get("href"))


def _read(page: Fetched, source: Source, elements: list[Any]) -> Proposal | None:
    """The proposal with what listing.parse reads by it, scored; None if that is no list of entries."""
    select = source.select
    assert select is not None
    try:
        entries = listing.parse(source, page).entries
    except (ParseError, ConfigError):
        return None
    if len(entries) < _FEWEST:
        return None
    dated = sum(1 for each in entries if each.published is not None) / len(entries)
    distinct = len({each.url for each in entries}) / len(entries)
    host = urlsplit(page.url).hostname
    near = sum(1 for each in entries if urlsplit(each.url or "").hostname == host) / len(entries)
    width = min(median(_width(each.title) for each in entries), 40) / 40
    score = math.log2(min(len(entries), 64) + 1) * (0.3 + 0.7 * dated) * distinct**2 * (0.2 + 0.8 * width) * (0.7 + 0.3 * near)
    if _is_chrome(elements[0]):
        score *= 0.2
    if any(_MAIN.search(name) for outer in elements[0].iterancestors() for name in _names(outer)):
        score *= 1.2
    if elements[0].tag in _BLOCKS:
        score *= 1.05
    score /= 1 + 0.01 * sum(len(each or "") for each in (select.item, select.title, select.link, select.date))
    return Proposal(select=select, entries=entries, score=score)


def _is_chrome(element: Any) -> bool:
    """True if an element belongs to what every page of the site has around its text."""
    for each in (element, *element.iterancestors()):
        if each.tag in ("body", "html"):
            return False
        if each.tag in _CHROME_TAGS or each.get("role") in ("navigation", "banner", "contentinfo", "search"):
            return True
        if any(_CHROME.search(name) for name in _names(each)):
            return True
    return False


def _names(element: Any) -> list[str]:
    return [*(element.get("class") or "").split(), *([element.get("id")] if element.get("id") else [])]


def _classes(element: Any) -> list[str]:
    """Classes that say what an element is and will be there tomorrow, in document order."""
    return [each for each in (element.get("class") or "").split() if is_lasting(each)]


def _ranked(element: Any) -> list[str]:
    """Lasting classes, those that speak of entries first."""
    return sorted(_classes(element), key=lambda name: (not speaks_of_entries(name), len(name)))[:3]


def _ids(element: Any) -> list[str]:
    name = element.get("id")
    return [f"#{name}"] if name and is_lasting(name) else []


def _matches(element: Any, selector: str) -> list[Any]:
    return list(CSSSelector(selector)(element))


def _css(element: Any, selector: str, subject: str) -> list[Any]:
    try:
        return _matches(element, selector)
    except (SelectorError, etree.XPathError) as error:
        raise ConfigError(f"the selector {selector!r} cannot be read ({error})", subject=subject) from error


def _is_date(text: str, source: Source) -> bool:
    """True if a short text has a date, or a longer one begins or ends with it."""
    if not 6 <= len(text) <= _LONGEST_DATE:
        return _LONGEST_DATE < len(text) <= _LONGEST_LINE and _stands_apart(text, source)
    return moment_of(text, source) is not None


def _stands_apart(text: str, source: Source) -> bool:
    """True if a date stands at the beginning or end of a text, apart from its words."""
    bare = text.strip()
    if not 6 <= len(bare) <= _LONGEST_TEXT or not any(character.isdigit() for character in bare[:12] + bare[-12:]):
        return False
    return len(without_date(bare, source)) <= len(bare) - 6 and moment_of(bare, source) is not None


def _text(element: Any) -> str:
    return " ".join(element.text_content().split()) if hasattr(element, "text_content") else ""


def _width(text: str) -> int:
    return sum(2 if character >= "\u1100" else 1 for character in text[:100])
