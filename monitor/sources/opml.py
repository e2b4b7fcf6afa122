"""Lists of subscriptions (OPML 2.0) in and out. A list is data: nothing in it is fetched, expanded or run.

Our own keys travel as attributes of our namespace, attributes of other programs come back as they were: writing, then reading,
gives the same sources. Source: opml.org/spec2.opml.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from lxml import etree

from monitor.errors import FetchError, UsageError
from monitor.normalise import clean, inert
from monitor.sources import federal_register
from monitor.sources.costly import has_many_attributes
from monitor.sources.decode import xml_text
from monitor.sources.web import checked

NAMESPACE = "https://econsec-monitor.example/opml"
MAX_BYTES = 5 << 20
MAX_OUTLINES = 5_000
FLAGS = frozenset({"inspection", "full_text", "insecure_tls", "enabled"})
STRUCTURES = frozenset({"agencies", "types", "select", "paths", "headers"})
TEXTS = frozenset({"id", "type", "term", "tz", "country", "lang", "kind", "tier", "every"})
"""Keys of a source by how an attribute says them: true or false, JSON, or as they are. name, url and opml have places of their own."""
NOT_OF_STRANGERS = frozenset({"headers", "insecure_tls"})
"""Keys that could send a secret out or let a false server in; taken from lists of our own only."""

_OWN = f"{{{NAMESPACE}}}"
_LONGEST_NAME = 200
_FEED_TYPES = ("", "rss", "atom", "jsonfeed", "rss1", "rdf")
_OPML = re.compile(r"\A\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*(?:<!DOCTYPE[^>\[]*>\s*)?<opml[\s>]", re.S | re.I)
_BARE_AMPERSAND = re.compile(r"&(?!(?:amp|lt|gt|quot|apos|#\d+|#x[0-9a-fA-F]+);)")
_SCHEME = re.compile(r"https?://", re.I)
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NAME = re.compile(r"(?:\{[^{}\s]+\})?[A-Za-z_][\w.-]*\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """What a list gave."""

    sources: tuple[Mapping[str, Any], ...]  # as feeds.yaml has them, in the list's order; without id if the list gives none
    skipped: tuple[str, ...]  # one line for each outline that is no source, and for each key that was not taken


def is_opml(text: str) -> bool:
    """True if a document is a list of subscriptions."""
    return _OPML.match(text) is not None


def read(body: bytes, *, is_trusted: bool = False) -> Listed:
    """The sources of a list; outlines without an address of http or https are none.

    Args:
        is_trusted: the list is of our own making: its request headers, TLS exceptions and ${VARIABLES} are taken as well.

    Raises:
        UsageError: too large, with too many outlines, with entities of its own, or no OPML.
    """
    if len(body) > MAX_BYTES:
        raise UsageError(f"the list is larger than {MAX_BYTES >> 20} MB")
    root = _parsed(xml_text(body))
    outlines = sum(1 for _ in root.iter("outline"))
    if outlines > MAX_OUTLINES:
        raise UsageError(f"the list has {outlines} outlines; at most {MAX_OUTLINES} are read", hint="Split it")
    sources: list[Mapping[str, Any]] = []
    skipped: list[str] = []
    for outline, folders in _leaves(root.find("body")):
        source = _source(outline, folders, skipped, is_trusted=is_trusted)
        if source is not None:
            sources.append(source)
    return Listed(sources=tuple(sources), skipped=tuple(skipped))


def write(sources: Iterable[Mapping[str, Any]], title: str) -> bytes:
    """The list of sources as feeds.yaml has them, in their order; neighbours in one folder share its outline."""
    root = etree.Element("opml", nsmap={"monitor": NAMESPACE}, version="2.0")
    etree.SubElement(etree.SubElement(root, "head"), "title").text = _xml(title)
    body = etree.SubElement(root, "body")
    path: tuple[str, ...] = ()
    place = [body]
    for source in sources:
        others = dict(source.get("opml") or {})
        folders = _folders(others.pop("folder", ""))
        shared = 0
        while shared < min(len(path), len(folders)) and path[shared] == folders[shared]:
            shared += 1
        del place[shared + 1 :]
        for name in folders[shared:]:
            place.append(etree.SubElement(place[-1], "outline", text=_xml(name)))
        path = folders
        _outline(place[-1], source, others)
    etree.indent(root)
    written: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)
    return written


def address_of(source: Mapping[str, Any]) -> str:
    """What is fetched for a source as feeds.yaml has it; "" if it does not say."""
    return str(source.get("url") or _asked(source) or "")


def _parsed(text: str) -> Any:
    if "<!ENTITY" in text:
        raise UsageError("the list declares entities of its own; that is never needed")
    if not is_opml(text):
        raise UsageError("not a list of subscriptions (OPML)")
    if has_many_attributes(text):
        raise UsageError("the list has an element with more attributes than any program writes")
    try:
        return _tree(text, is_tolerant=False)
    except etree.XMLSyntaxError:
        pass
    try:  # as many programs write it: a bare & in addresses, a prefix that nobody declared
        root = _tree(_BARE_AMPERSAND.sub("&amp;", text), is_tolerant=True)
    except etree.XMLSyntaxError as error:
        raise UsageError(f"the list is not readable as XML ({error.msg})") from error
    if root is None or root.tag != "opml":
        raise UsageError("the list is not readable as XML")
    return root


def _tree(text: str, *, is_tolerant: bool) -> Any:
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, huge_tree=False, recover=is_tolerant, remove_comments=True, remove_pis=True
    )
    return etree.fromstring(text.encode("utf-8", "replace"), parser)


def _leaves(body: Any) -> Iterator[tuple[Any, tuple[str, ...]]]:
    """Outlines with an address, each with the names of its folders, in document order."""
    stack: list[tuple[Any, tuple[str, ...]]] = [] if body is None else [(each, ()) for each in reversed(body)]
    while stack:
        outline, folders = stack.pop()
        if outline.tag != "outline":
            continue
        name = outline.get("text") or outline.get("title") or ""
        if _address(outline) is not None:
            yield outline, folders
        inner = (*folders, name) if name else folders
        stack.extend((each, inner) for each in reversed(outline))


def _address(outline: Any) -> str | None:
    return next((value for name, value in outline.attrib.items() if name.lower() == "xmlurl"), None)


def _source(outline: Any, folders: tuple[str, ...], skipped: list[str], *, is_trusted: bool) -> Mapping[str, Any] | None:
    """One outline as a source; None, with a line that says why, if it is none."""
    found: dict[str, Any] = {}
    others: dict[str, str] = {}
    for name, value in outline.attrib.items():
        own = name.removeprefix(_OWN) if name.startswith(_OWN) else ""
        if own in FLAGS | STRUCTURES | TEXTS:
            found[own] = _value(own, value)
        elif name.lower() != "xmlurl" and name not in ("text", "title", "type"):
            others[name] = value
    url = (_address(outline) or "").strip()
    name = outline.get("title") or outline.get("text") or ""
    if not is_trusted:
        name = clean(name)[:_LONGEST_NAME]
    told = clean(name or url)[:60]
    refused = [key for key in found if found[key] is None or (key in NOT_OF_STRANGERS and not is_trusted)]
    for key in refused:
        cause = "not readable" if found.pop(key) is None else "taken with --trusted only"
        skipped.append(f"{told!r}: {key}: {cause}")
    if "${" in url + name + json.dumps(found) + "".join(others.values()) and not is_trusted:
        skipped.append(f"{told!r}: asks for a variable of the environment, which only a list of ours may (--trusted)")
        return None
    try:
        if _SCHEME.match(url) is None and "${" not in url:
            skipped.append(f"{told!r}: only http and https are fetched: {clean(url)[:100]!r}")
            return None
        if "${" not in url:
            checked(url, told)
    except FetchError as error:
        skipped.append(f"{told!r}: {error.cause}")
        return None
    kind = outline.get("type") or ""
    if "type" not in found:
        found["type"] = "feed"
        if kind.lower() not in _FEED_TYPES:
            found["enabled"] = False
            skipped.append(
                f"{told!r}: is read by its program as {clean(kind)[:30]!r}, which we cannot: taken with enabled: false"
            )
    if kind and kind != "rss":
        others["type"] = kind
    if folders:
        others["folder"] = _joined(folders)
    if outline.get("title") or (outline.get("text") or "") != found.get("id", ""):
        found["name"] = name
    if not (found["type"] == "federal_register" and url == _asked(found)):
        found["url"] = url
    if others:
        found["opml"] = others
    return {key: found[key] for key in ("id", "name", "type", "url") if key in found and found[key] != ""} | {
        key: value for key, value in found.items() if key not in ("id", "name", "type", "url")
    }


def _outline(parent: Any, source: Mapping[str, Any], others: Mapping[str, str]) -> None:
    name = source.get("name")
    made = etree.SubElement(parent, "outline", text=_xml(str(name or source.get("id", ""))))
    if name:
        made.set("title", _xml(str(name)))
    made.set("type", _xml(others.get("type", "rss")))
    made.set("xmlUrl", _xml(address_of(source)))
    for key in sorted(FLAGS | STRUCTURES | TEXTS):
        if key in source:
            made.set(_OWN + key, _xml(_attribute(key, source[key])))
    for key, value in others.items():
        if key != "type" and _NAME.match(key) and not key.startswith("{http://www.w3.org/2000/xmlns/}"):
            made.set(key, _xml(str(value)))


def _asked(source: Mapping[str, Any]) -> str | None:
    """The address of a question to the Federal Register, None if the source is no such."""
    parts = {key: source.get(key) for key in ("agencies", "types", "term")}
    if source.get("type") != "federal_register" or not any(parts.values()):
        return None
    return federal_register.address(
        agencies=parts["agencies"] or (),
        types=parts["types"] or (),
        term=parts["term"],
        is_inspection=bool(source.get("inspection")),
    )


def _attribute(key: str, value: Any) -> str:
    if key in FLAGS:
        return "true" if value else "false"
    return json.dumps(value, ensure_ascii=False) if key in STRUCTURES else str(value)


def _value(key: str, text: str) -> Any:
    """What an attribute of ours says; None: not what the key means."""
    if key in FLAGS:
        return {"true": True, "false": False}.get(text)
    if key not in STRUCTURES:
        return text
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    is_list = key in ("agencies", "types")
    return found if isinstance(found, list if is_list else dict) else None


def _joined(folders: tuple[str, ...]) -> str:
    return "/".join(name.replace("\\", "\\\\").replace("/", "\\/") for name in folders)


def _folders(path: str) -> tuple[str, ...]:
    return tuple(re.sub(r"\\(.)", r"\1", part, flags=re.S) for part in re.findall(r"(?:[^/\\]|\\.)+", path, re.S))


def _xml(text: str) -> str:
    return inert(_NOT_XML.sub("", text))
