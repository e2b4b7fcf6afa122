"""Which entries of a document are new, which are known, which have changed. Pure and symmetric; knows nothing of the archive.

A source may change its guids, its links or both and still say the same thing; and it may give ten different stories one guid.
So an entry is known by its key, else by its address with the same title, else by its whole text.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from urllib.parse import parse_qsl, urlencode, urlsplit

from monitor.items import Entry, Item, item_id
from monitor.segment import fold, terms

_TRACKING = re.compile(
    r"^(?:utm_\w+|fbclid|gclid|dclid|msclkid|mc_[ce]id|igshid|sid|ref|ref_src|cmpid|smid|spm|at_\w+|ns_\w+)$", re.I
)
_PLAIN_ADDRESS = re.compile(r"https?://(?:www\.)?([a-z0-9-][a-z0-9.-]*)(/[!-\"$->@-~]*)?")
"""An address without query, fragment, port and user, which most are: nothing of it has to be taken apart."""
_OTHER_SIGNS = re.compile(r"[^\w\x00-\x7f]+")
_ASCII_SIGNS = bytes(code for code in range(128) if not chr(code).isalnum())
MIN_LETTERS = 30
"""Letters and digits from which on a text alone can identify an entry; shorter ones ("Press release") repeat by chance."""
SAME_TITLE = 0.5
"""Resemblance of titles under one guid from which on it is an edit, not another story."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the archive has of an item that an entry may be."""

    id: str
    key: str
    title: str
    summary: str
    url: str | None


@dataclass(frozen=True, slots=True)
class Sorted:
    """The items of a document by what is to be done with them."""

    new: tuple[Item, ...]
    revised: tuple[tuple[Known, Item], ...]  # the state so far, and the new one under the known id
    unchanged: int


@dataclass(slots=True)
class Index:
    """Known items of one source, to look an entry up in."""

    by_key: dict[str, Known] = field(default_factory=dict)
    by_address: dict[str, Known] = field(default_factory=dict)
    by_text: dict[str, Known] = field(default_factory=dict)

    def add(self, known: Known) -> None:
        """Make an item findable."""
        self.by_key.setdefault(known.key, known)
        address = address_key(known.url)
        if address:
            self.by_address.setdefault(address, known)
        self.by_text.setdefault(fingerprint(known.title, known.summary), known)


def entry_keys(entries: Sequence[Entry]) -> list[str]:
    """What makes each entry itself within its source, in order: guid, else address, else text; all different.

    A guid that several different entries of the document share is no key alone: the address, or the text, is added.
    """
    keys = [entry.guid or address_key(entry.url) or "text:" + fingerprint(entry.title, entry.summary) for entry in entries]
    # JSON may carry lone surrogates and NUL, which no database takes
    keys = [key.encode("utf-8", "replace").decode().replace("\0", "") for key in keys]
    if len(set(keys)) < len(keys):
        keys = _told_apart(keys, [address_key(entry.url) or "" for entry in entries])
    if len(set(keys)) < len(keys):
        keys = _told_apart(keys, [fingerprint(entry.title, entry.summary) for entry in entries])
    return keys


def sort_out(index: Index, items: Iterable[Item]) -> Sorted:
    """Compare the items of one document with what is known; `index` is left as it was.

    An item that repeats within the document counts once, its first place.
    """
    new: dict[str, Item] = {}
    revised: dict[str, tuple[Known, Item]] = {}
    here = Index()
    met: set[str] = set()  # known items that the document has spoken of: its first word on each counts
    unchanged = 0
    for read in items:
        item = read
        known = find(index, item) or find(here, item)
        if known is None and (item.key in index.by_key or item.key in new):  # the guid was given to another story before
            item = _with_key(item, second_key(item))
            known = index.by_key.get(item.key) or here.by_key.get(item.key)
        if known is None:
            new[item.key] = item
            met.add(item.id)
            here.add(Known(id=item.id, key=item.key, title=item.title, summary=item.summary, url=item.url))
            continue
        if known.id not in met and is_changed(known, item):
            revised[known.id] = (known, item)
        else:
            unchanged += 1
        met.add(known.id)
    return Sorted(new=tuple(new.values()), revised=tuple(revised.values()), unchanged=unchanged)


def find(index: Index, item: Item) -> Known | None:
    """The known item that this one is; None if it is new."""
    if not index.by_key:
        return None
    by_key = index.by_key.get(item.key)
    if by_key is not None and not _is_other_story(by_key, item):
        return by_key
    address = address_key(item.url)
    by_address = index.by_address.get(address) if address else None
    if by_address is not None and fold(by_address.title) == fold(item.title):
        return by_address
    by_text = index.by_text.get(fingerprint(item.title, item.summary))
    if by_text is not None:
        summary = _letters(item.summary)
        if summary and len(_letters(item.title)) + len(summary) >= MIN_LETTERS:
            return by_text
    return None


def second_key(item: Item) -> str:
    """What an item is known by whose guid was given to another story before."""
    return f"{item.key}|{fingerprint(item.title, '')}"


def marks(item: Item) -> tuple[bytes, ...]:
    """What an entry that tells an item again shares with it, as digests of 8 bytes; the looser first, those with the title after it.

    For items that are no longer kept: one mark in common is what find() asks of those that are.
    """
    address, title = address_key(item.url) or "", fold(item.title)
    shared = [f"key\0{item.key}\0{address}", f"title\0{item.key}\0{title}"]
    if address:
        shared.append(f"address\0{address}\0{title}")
    summary = _letters(item.summary)
    if summary and len(_letters(item.title)) + len(summary) >= MIN_LETTERS:
        shared.append(f"text\0{fingerprint(item.title, item.summary)}")
    return tuple(hashlib.sha256(each.encode("utf-8", "surrogatepass")).digest()[:8] for each in shared)


def is_changed(known: Known, item: Item) -> bool:
    """True if the item says something else than before; spacing, case, width and punctuation say nothing."""
    return fingerprint(known.title, known.summary) != fingerprint(item.title, item.summary)


@lru_cache(maxsize=4096)  # asked for the same text at every step of an item's intake
def fingerprint(title: str, summary: str) -> str:
    """Hash of the letters and digits of a text, folded: equal for texts that read the same (128 bits of SHA-256)."""
    letters = f"{_letters(title)}\0{_letters(summary)}"
    return hashlib.sha256(letters.encode("utf-8", "surrogatepass")).hexdigest()[:32]


@lru_cache(maxsize=4096)
def address_key(url: str | None) -> str | None:
    """The address as an identity: no scheme, www., tracking parameters, fragment; parameters sorted. None if there is none."""
    if not url:
        return None
    plain = _PLAIN_ADDRESS.fullmatch(url)
    if plain is not None:
        return f"{plain[1]}{(plain[2] or '').rstrip('/')}"
    try:
        parts = urlsplit(url.strip())
        host = (parts.hostname or "").removeprefix("www.")
        port = f":{parts.port}" if parts.port not in (None, 80, 443) else ""
    except ValueError:
        return url.strip() or None
    if not host:
        return url.strip() or None
    parameters = sorted(
        (name, value) for name, value in parse_qsl(parts.query, keep_blank_values=True) if not _TRACKING.match(name)
    )
    query = f"?{urlencode(parameters, errors='replace')}" if parameters else ""
    return f"{host}{port}{parts.path.rstrip('/')}{query}".encode("utf-8", "replace").decode()


def _letters(text: str) -> str:
    """Letters and digits of a text, folded."""
    folded = fold(text)
    # measured: deleting bytes takes half of what an expression that stops at every space does
    letters = folded.encode("utf-8", "surrogatepass").translate(None, _ASCII_SIGNS).decode("utf-8", "surrogatepass")
    return letters if folded.isascii() else _OTHER_SIGNS.sub("", letters)


def _told_apart(keys: list[str], marks: list[str]) -> list[str]:
    """The keys, with its mark added to each that several entries with different marks share."""
    marks_of: dict[str, set[str]] = {}
    for key, mark in zip(keys, marks, strict=True):
        marks_of.setdefault(key, set()).add(mark)
    return [f"{key}|{mark}" if len(marks_of[key]) > 1 else key for key, mark in zip(keys, marks, strict=True)]


def _is_other_story(known: Known, item: Item) -> bool:
    """One guid, but another address and hardly a word in common: the guid was used again."""
    if address_key(known.url) == address_key(item.url) or known.url is None or item.url is None:
        return False
    one, other = set(terms(known.title)), set(terms(item.title))
    union = one | other
    return bool(union) and len(one & other) / len(union) < SAME_TITLE


def _with_key(item: Item, key: str) -> Item:
    return replace(item, key=key, id=item_id(item.source, key))
