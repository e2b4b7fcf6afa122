"""Reads well-formed RSS and Atom as feedparser would, at a thirtieth of the cost - and only where it is sure to.

Whatever has two readings - repeated titles, markup that is not escaped, xml:base, entities of its own, Atom 0.3 modes - is
left to the tolerant reader by raising Unsure. tests/test_fast.py holds the two against each other, document by document and on
generated ones.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Container, Iterator
from urllib.parse import urljoin

from lxml import etree

from monitor.sources.costly import MAX_ATTRIBUTES, has_many_attributes
from monitor.sources.raw import RawEntry, RawFeed

_NAMESPACES = {
    uri: prefix
    for prefix, uris in {
        "": (
            "",
            "http://backend.userland.com/rss",
            "http://blogs.law.harvard.edu/tech/rss",
            "http://purl.org/rss/1.0/",
            "http://my.netscape.com/rdf/simple/0.9/",
            "http://purl.org/atom/ns#",
            "http://www.w3.org/2005/atom",
        ),
        "content": ("http://purl.org/rss/1.0/modules/content/",),
        "dc": ("http://purl.org/dc/elements/1.1/",),
        "dcterms": ("http://purl.org/dc/terms/",),
        "itunes": ("http://www.itunes.com/dtds/podcast-1.0.dtd",),
        "media": ("http://search.yahoo.com/mrss", "http://search.yahoo.com/mrss/"),
        "rdf": ("http://www.w3.org/1999/02/22-rdf-syntax-ns#",),
        "sy": ("http://purl.org/rss/1.0/modules/syndication/",),
        "xhtml": ("http://www.w3.org/1999/xhtml",),
    }.items()
    for uri in uris
}
"""Namespaces whose elements mean something to a reader of feeds, by the prefix that they usually have. Lower case."""
_PREFIXES = frozenset(filter(None, _NAMESPACES.values()))

_TITLES = ("title", "dc_title")
_SUMMARIES = ("description", "dc_description", "media_description", "summary")
_CONTENTS = ("content", "content_encoded")
_IDS = ("id", "guid")
_DATES = {
    "published": "published",
    "issued": "published",
    "pubdate": "published",
    "dcterms_issued": "published",
    "updated": "updated",
    "modified": "updated",
    "lastbuilddate": "updated",
    "dc_date": "updated",
    "date": "updated",
    "dcterms_modified": "updated",
    "created": "created",
    "dcterms_created": "created",
}
_UNSURE = ("abstract", "body", "xhtml_body", "fullitem", "itunes_summary", "image", "textinput", "item", "entry")
_ROOTS = ("rss", "channel", "feed")
_MEANT = frozenset((*_ROOTS, *_TITLES, *_SUMMARIES, *_CONTENTS, *_IDS, *_DATES, *_UNSURE, "link", "media_title"))
_GUIDS = tuple(f"{{*}}{name}" for each in _IDS for name in (each, each.upper()))
_ABOUT = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}about"
_RSS_090 = "http://my.netscape.com/rdf/simple/0.9/"
_ODD_TAG = re.compile(r"<(?:[A-Za-z/][^<>]*<|/[^A-Za-z]|!\[)")
_BASE = re.compile(r"base\s*=\s*[\"']")
_ENTRIES = ("item", "entry")
_ITEMS = tuple(f"{{*}}{name}" for name in _ENTRIES)
_BOXES = {
    "image": frozenset(("title", "url", "link", "width", "height", "description")),
    "textinput": frozenset(("title", "description", "name", "link")),
}
"""Elements of a channel with a title and a link of their own; anything else inside ends that."""
_ATTRIBUTES = frozenset(("type", "mode", "src", "href", "url", "uri", "rel", "ispermalink", "base", "about"))
_USUAL_ATTRIBUTES = frozenset((*(_ATTRIBUTES - {"base", "about"}), "{http://www.w3.org/XML/1998/namespace}base", _ABOUT))
_OF_CDF = frozenset(("href", "lastmod"))
_OF_FEED = frozenset(("link", *_IDS, *_SUMMARIES, *_CONTENTS, "fullitem", "itunes_summary"))
"""Elements of the channel that mean something for the feed's address, or for how feedparser reads the first entry."""
_TYPES = {None: "", "text": "text/plain", "html": "text/html", "xhtml": "application/xhtml+xml"}
_READABLE = ("", "text/plain", "text/html", "application/xhtml+xml")
_HTML = ("text/html", "application/xhtml+xml")

_C1 = {code: bytes([code]).decode("cp1252", "ignore") or chr(code) for code in range(0x80, 0xA0)}
_C1_LETTERS = re.compile("[\x80-\x9f]")
_REFERENCE_LIKE = re.compile(r"&([A-Za-z0-9_]+);")


class Unsure(Exception):
    """The document may have a second reading; the text says where."""


def read(text: str, known: Container[bytes] = frozenset()) -> RawFeed:
    """The entries of a feed, in document order.

    Args:
        known: digests of entries that the last document had; such are left out, unless another entry shares their guid.

    Raises:
        Unsure: not well-formed, no feed, or something in it has two readings.
        Costly: nested deeper than any feed.
    """
    root = tree(text)
    names = _Names()
    kind = names.of(root)
    if kind == "rss":
        channel = next((each for each in root if names.of(each) == "channel"), None)
        parents = [root] if channel is None else [channel]
    elif kind == "rdf_rdf":
        channel = next((each for each in root if names.of(each) == "channel"), None)
        parents = [root]
        if "http://purl.org/rss/1.0/" not in map(str.lower, root.nsmap.values()) and root.nsmap.get(None) != _RSS_090:
            raise Unsure("RDF that does not say that it is RSS")
    elif kind == "feed":
        channel = root
        parents = [root]
    else:
        raise Unsure(f"the root is {kind}")
    is_atom = kind == "feed"
    item = "entry" if is_atom else "item"
    _check_attributes(root)
    _check_prefixes(root)
    _check_base(root, text)
    found = [each for parent in parents for each in parent if names.of(each) == item]
    if len(found) != sum(1 for _ in root.iter(*_ITEMS)):
        raise Unsure("entries in unusual places")
    for each in root if channel is not None and not is_atom else ():
        if each is not channel and names.of(each) != item:
            _refuse_inside(each, names, names.of(each))
    link, links = _feed_links(channel, names) if channel is not None else (None, ())
    digests = [_digest(each) for each in found]
    kept = found
    if known:
        kept = [each for each, digest in zip(found, digests, strict=True) if digest not in known]
        if len(kept) < len(found) and not _are_alone(kept, root):
            kept = found
    return RawFeed(
        link=link,
        links=links,
        ttl=_ttl(channel, names),
        entries=tuple(entry for each in kept if (entry := _entry(each, names, is_atom=is_atom)).says_something),
        digests=tuple(digests),
        left_out=len(found) - len(kept),
    )


def _digest(element: etree._Element) -> bytes:
    """What an entry says, to the letter, in 8 bytes; cheaper than to read it."""
    return hashlib.blake2b(etree.tostring(element, encoding="utf-8", with_tail=False), digest_size=8).digest()


def _are_alone(kept: list[etree._Element], root: etree._Element) -> bool:
    """True if each has a guid that stands nowhere else in the document: else what makes each itself can only be told among all."""
    told = [_guids(each) for each in kept]
    theirs = {guid for guids in told for guid in guids}
    return all(told) and sum(1 for guid in _guids(root) if guid in theirs) == len(theirs)


def _guids(element: etree._Element) -> list[str]:
    """What stands in guids within."""
    stated = [each.text for each in element.iter(*_GUIDS)]
    stated += [each.get(_ABOUT) for each in element.iter(*_ITEMS)]
    return [each for each in stated if each]


class Costly(Exception):
    """Nested deeper, or with more attributes, than any feed: reading it would take beyond measure."""


def tree(text: str) -> etree._Element:
    """The tree of a well-formed document; no entity is resolved, nothing is loaded.

    Raises:
        Unsure: not well-formed.
        Costly: beyond what libxml2 takes without huge_tree: 256 levels; or elements with attributes beyond measure.
    """
    if has_many_attributes(text):
        raise Costly(f"an element with more than {MAX_ATTRIBUTES} attributes")
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True, remove_pis=True
    )
    try:
        return etree.fromstring(text.encode("utf-8", "replace"), parser)
    except etree.XMLSyntaxError as error:
        if "depth" in str(error).lower():
            raise Costly("nested deeper than 256 elements") from error
        raise Unsure(f"not well-formed ({str(error)[:160]})") from error


class _Names(dict[str, str]):
    """Names of elements as feedparser tells them apart, by tag: prefix and local name in lower case; each looked up once."""

    def of(self, element: etree._Element) -> str:
        """The name, for example title, dc_date.

        Raises:
            Unsure: an entity stands here, or a foreign namespace uses a prefix that means something.
        """
        tag = element.tag
        if not isinstance(tag, str):
            raise Unsure("an entity")
        name = self.get(tag)
        if name is None:
            name, is_known = _name(tag, element.prefix)
            if is_known:
                self[tag] = name
        return name


def _name(tag: str, given: str | None) -> tuple[str, bool]:
    """The name of a tag, and whether it is the same under any prefix."""
    uri, _, local = tag[1:].rpartition("}") if tag[0] == "{" else ("", "", tag)
    prefix = _NAMESPACES.get(uri.lower())
    if prefix is None and "backend.userland.com/rss" in uri.lower():
        prefix = ""
    if uri == "http://purl.org/dc/elements/1.0/" and given == "dc":
        return f"dc_{local}".lower(), False  # known by its prefix alone
    is_known = prefix is not None
    if prefix is None:
        prefix = (given or "").lower()
        if prefix in _PREFIXES or (not prefix and local.lower() in _MEANT):
            raise Unsure(f"namespace {uri[:80]}")
    return (f"{prefix}_{local}" if prefix else local).lower(), is_known


def _check_prefixes(root: etree._Element) -> None:
    """feedparser goes by prefixes as well as by namespaces.

    Raises:
        Unsure: a prefix that means something, of a namespace that means something else.
    """
    uris = list(root.nsmap.values())
    for given, uri in root.nsmap.items():
        is_shared = uri.lower() not in _NAMESPACES and uris.count(uri) > 1
        if given and given.lower() in _PREFIXES and (is_shared or _NAMESPACES.get(uri.lower(), given) != given):
            raise Unsure(f"prefix {given}")


def _check_base(root: etree._Element, text: str) -> None:
    """feedparser goes on with a base after the end of its element where the root has none, and takes base for xml:base.

    Raises:
        Unsure: a base that is not surely taken back.
    """
    is_based = (root.base or "").startswith(("http://", "https://"))
    for match in _BASE.finditer(text):
        if not is_based or text[match.start() - 4 : match.start()] != "xml:":
            raise Unsure("a base below the root")


def _check_attributes(element: etree._Element, odd: frozenset[str] = frozenset()) -> None:
    """feedparser takes attributes in any case and of any namespace for the plain ones.

    Args:
        odd: plain names that mean something here, but nothing in RSS and Atom.

    Raises:
        Unsure: an attribute that means something is written in an unusual way.
    """
    for name, _ in element.items():
        local = name.rpartition("}")[2].lower()
        if local in odd or (local in _ATTRIBUTES and name not in _USUAL_ATTRIBUTES and name.lower() != "ispermalink"):
            raise Unsure(f"an attribute {name[:80]}")


def _entry(element: etree._Element, names: _Names, *, is_atom: bool) -> RawEntry:
    title = summary = link = None
    guid = element.get(_ABOUT) or None
    contents: list[str] = []
    dates: dict[str, str] = {}
    has_content = False
    needs: set[str] = set()  # what must be stated for what stands deeper to mean nothing
    is_reset = False
    _check_attributes(element, _OF_CDF)
    for child in element:
        name = names.get(child.tag) or names.of(child)
        if name not in _MEANT:
            if name == "source":  # its children do not speak for the entry
                is_reset = True
                _check_source(child, names)
            elif len(child):
                needs |= _nested(child, names, has_summary=bool(summary))
            continue
        _check_attributes(child)
        if name == "link":
            href = _href(child)
            if len(child):
                raise Unsure("elements inside a link")
            if href is None:
                text = _text(child)
                link = _link_text(_resolved(child, text) if text else "")
            elif child.get("rel", "alternate").lower() == "alternate":
                kind = child.get("type", "text/html").lower()
                link = _resolved(child, href) if _TYPES.get(kind, kind) in _HTML else link
        elif name in _IDS:
            is_address = _lowered(child, "ispermalink", "true") == "true"
            guid = _text(child)
            guid = _resolved(child, guid) if guid and is_address else guid
            link = guid if is_address and link is None else link
        elif name in _TITLES:
            value = _value(child, is_atom=is_atom)
            if title and value != title and is_reset:
                raise Unsure("two titles")
            title = title or value
        elif name == "media_title":
            needs.add("title")
        elif name in _SUMMARIES:
            value = _value(child, is_atom=is_atom)
            if summary is not None and not has_content:
                contents.append(value)
                has_content = True
            else:
                summary = value
        elif name in _CONTENTS:
            has_content = True
            value = _value(child, is_atom=is_atom)
            contents.append(value)
            summary = value if summary is None else summary
        elif name in _DATES:
            if name == "date" and child.attrib:
                raise Unsure("date with attributes")  # no element that feedparser knows: these take the place of its text
            dates[_DATES[name]] = _text(child)
        elif name != "image" or len(child):
            raise Unsure(name)
        else:
            is_reset = True
    if ("title" in needs and not title) or ("summary" in needs and not summary):
        raise Unsure("words only below the entry")
    return RawEntry(
        guid=guid or None,
        link=link,
        title=title or "",
        summary=summary or " ".join(contents),
        dates=tuple(dates[each] for each in ("published", "updated", "created") if dates.get(each)),
    )


def _feed_links(channel: etree._Element, names: _Names) -> tuple[str | None, tuple[tuple[str, str], ...]]:
    """The feed's own address as feedparser has it, and its links by relation."""
    link = None
    links = []
    has_summary = False
    _check_attributes(channel, _OF_CDF)
    for child in channel:
        name = names.of(child)
        if name not in _OF_FEED:
            if len(child) and name not in _ENTRIES:
                _refuse_inside(child, names, name)
            continue
        _check_attributes(child)
        if len(child):
            raise Unsure(f"elements inside {child.tag}")
        if name == "link":
            href = _href(child)
            relation, kind = child.get("rel", "alternate").lower(), child.get("type", "text/html").lower()
            if href is None and relation != "alternate":
                raise Unsure("a relation without an address")
            if href is None:
                text = _text(child)
                link = _REFERENCE_LIKE.sub(r"&\1", _resolved(child, text)) if text else ""
                continue
            links.append((relation, _resolved(child, href)))
            if relation == "alternate" and _TYPES.get(kind, kind) in _HTML:
                link = _resolved(child, href)
        elif name in _IDS and link is None and _lowered(child, "ispermalink", "true") == "true":
            text = _text(child)
            link = _resolved(child, text) if text else ""
        elif name not in _IDS:
            if has_summary or name in _CONTENTS or name == "fullitem":
                raise Unsure(f"{name} of the feed")  # to feedparser the first entry has a content, then
            has_summary = name in ("summary", "itunes_summary")
    return link, tuple(links)


def _refuse_inside(parent: etree._Element, names: _Names, name: str) -> None:
    """An address below the channel's own elements may be the feed's.

    Raises:
        Unsure: there is one, other than that of a plain image or text input.
    """
    below = [names.of(each) for each in parent.iterdescendants()]
    if name in _BOXES and len(below) == len(parent) and _BOXES[name].issuperset(below):
        return
    if not _OF_FEED.isdisjoint((name, *below)):
        raise Unsure(f"an element of the feed inside {parent.tag}")


def _check_source(element: etree._Element, names: _Names) -> None:
    """Where an entry was taken from.

    Raises:
        Unsure: it holds what feedparser does not keep apart.
    """
    for each in element.iterdescendants():
        if names.of(each) in ("source", "fullitem", *_CONTENTS):
            raise Unsure("a content inside source")


def _ttl(channel: etree._Element | None, names: _Names) -> str:
    """What the channel says of how many minutes it stays fresh, "" if nothing."""
    said = [child for child in (channel if channel is not None else ()) if names.of(child) == "ttl"]
    if len(said) > 1 or any(len(each) or each.attrib for each in said):
        raise Unsure("ttl")
    return _text(said[0]) if said else ""


def _value(element: etree._Element, *, is_atom: bool) -> str:
    """The text of a title, summary or content, which may be markup."""
    kind = element.get("type")
    mime = _TYPES.get(kind, kind) or ""
    if kind == "" or mime not in _READABLE or element.get("mode") or element.get("src"):
        raise Unsure(f"content of type {kind}")
    if not len(element):
        value = _text(element)
        if _ODD_TAG.search(value):
            raise Unsure("an odd tag")  # feedparser mends it, or drops it
        return value
    if not is_atom or mime != "application/xhtml+xml":
        raise Unsure("markup that is not escaped")
    inner = element[0] if len(element) == 1 and element[0].tag == "{http://www.w3.org/1999/xhtml}div" else element
    return _repaired("".join([inner.text or "", *_serialised(inner)]).strip())


def _serialised(parent: etree._Element) -> Iterator[str]:
    for child in parent:
        if not isinstance(child.tag, str):
            raise Unsure("an entity")
        yield etree.tostring(child, encoding="unicode")


def _text(element: etree._Element) -> str:
    if len(element):
        raise Unsure(f"elements inside {element.tag}")
    text = element.text
    return _repaired(text.strip()) if text else ""


def _repaired(text: str) -> str:
    """Text without the two accidents that feedparser mends: UTF-8 read as Latin-1, and Windows letters as C1 controls."""
    if text.isascii():
        return text
    try:
        text = text.encode("iso-8859-1").decode("utf-8")
    except (UnicodeEncodeError, UnicodeDecodeError):
        pass
    return text.translate(_C1) if _C1_LETTERS.search(text) else text


def _href(element: etree._Element) -> str | None:
    """The address of a link that has it in an attribute; None if it is the text."""
    href: str | None = element.get("url", element.get("uri")) or element.get("href")
    return href


def _resolved(element: etree._Element, address: str) -> str:
    """The address, seen from xml:base where the document has one."""
    base = element.base
    if base is None:
        return address
    try:
        return urljoin(str(base), address)
    except ValueError as error:
        raise Unsure("an address that is none") from error


def _link_text(text: str) -> str:
    return _REFERENCE_LIKE.sub(r"&\1", text.replace("&amp;", "&")) if "&" in text else text


def _lowered(element: etree._Element, name: str, default: str) -> str:
    """The attribute of that name in any case."""
    for given, value in element.items():
        if given.lower() == name:
            return str(value)
    return default


def _nested(element: etree._Element, names: _Names, *, has_summary: bool) -> set[str]:
    """What the entry itself must state, so that the titles and descriptions of its media say nothing of it.

    Raises:
        Unsure: anything else that means something stands deeper than right under the entry.
    """
    needs = set()
    for each in element.iterdescendants():
        name = names.of(each)
        if name == "media_title":
            needs.add("title")
        elif name == "media_description" and has_summary:
            needs.add("summary")
        elif name in _MEANT:
            raise Unsure(f"{name} inside {element.tag}")
    return needs
