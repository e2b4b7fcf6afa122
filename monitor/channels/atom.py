"""Messages as entries of an Atom feed in a file, newest first, each key once: for feed readers and programs (RFC 4287).

The file is replaced in one step, so that a reader sees the feed as it was or as it is. One that is damaged or not ours is
kept aside, never overwritten.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import logging
import os
import re
import stat
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from lxml import etree

from monitor.dates import stamp
from monitor.errors import ChannelError
from monitor.messages import Message, Receipt
from monitor.normalise import address, clean, inert

log = logging.getLogger(__name__)

MAX_ENTRIES = 200
MAX_TITLE = 500
MAX_PART = 5_000
"""Characters of a paragraph of the summary, of which there are six."""
MAX_THEMES = 20
MAX_TERM = 100
MAX_BYTES = 64 << 20
"""No feed of ours is larger: an entry has less than 35,000 characters, and XML writes one in at most five bytes."""
MAX_WAIT = 10.0
"""Seconds that another process may work in the folder."""
GENERATOR = "econsec-monitor"
ATOM = "http://www.w3.org/2005/Atom"
_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_TAG = re.compile(r"[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*")
_LOCKLESS = (errno.ENOLCK, errno.ENOTSUP, errno.EBADF, errno.EINVAL)
"""How file systems say that folders cannot be locked."""


@dataclass(frozen=True, slots=True)
class _Broken:
    """A file that is no feed of ours."""

    reason: str


class Atom:
    """Keeps one feed. Several may keep the same file, in one process or in several.

    Args:
        path: of the file; its folder is made if it is not there.
        title: of a feed that is new.
    """

    can_look = True
    can_edit = False
    min_gap = 0.0

    def __init__(self, path: Path, *, title: str, clock: Callable[[], datetime]) -> None:
        self._path = path
        self._title = title
        self._clock = clock

    def send(self, message: Message) -> Receipt:
        """Add the message (see Channel); one whose key is there already changes nothing."""
        receipt = Receipt(remote_id=_id_of(message.key))
        with self._translated("written"):
            path = Path(os.path.realpath(self._path))  # a link stays a link
            path.parent.mkdir(parents=True, exist_ok=True)
            with _locked(path.parent) as folder:
                feed = _read(path)
                if isinstance(feed, _Broken):
                    aside = _set_aside(path)
                    log.warning("kept aside file=%s as=%s reason=%r", path, aside.name, feed.reason)
                    feed = None
                now = stamp(self._clock())
                if feed is None:
                    feed = _new_feed(path, self._title, now)
                if _has(feed, receipt.remote_id):
                    return receipt
                _add(feed, _entry(message, receipt.remote_id, now), now)
                _replace(path, etree.tostring(feed.getroottree(), xml_declaration=True, encoding="utf-8"))
                try:
                    os.fsync(folder)
                except OSError as error:
                    raise self._failed("written", error, is_ambiguous=True) from error
        return receipt

    def find(self, message: Message, since: float) -> Receipt | None:
        """The receipt of a message that is in the file (see Channel)."""
        del since
        remote_id = _id_of(message.key)
        with self._translated("read"):
            feed = _read(self._path)
        return Receipt(remote_id=remote_id) if feed is not None and _has(feed, remote_id) else None

    def edit(self, message: Message, remote_id: str) -> None:
        """Never asked for: an entry that was read stays as it is."""
        raise NotImplementedError

    @contextlib.contextmanager
    def _translated(self, what: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise self._failed(what, error) from error

    def _failed(self, what: str, error: OSError, *, is_ambiguous: bool = False) -> ChannelError:
        return ChannelError(
            f"cannot be {what} ({error.strerror or type(error).__name__})",
            subject=f"atom:{self._path}",
            hint="Messages wait in the outbox until it can",
            is_ambiguous=is_ambiguous,
        )


def summary_of(message: Message) -> str:
    """The message in plain text, paragraph by paragraph; none is so long that another has no room."""
    facts = "\n".join(f"{name}: {value}" for name, value in message.fields)
    lines = "\n".join(" · ".join(part for part in (each.title, each.note, each.url) if part) for each in message.lines)
    why = f"Why: {message.why}" if message.why else ""
    parts = [_cut(part, MAX_PART) for part in (message.headline, message.news, message.extract, facts, lines, why)]
    return inert("\n\n".join(part for part in parts if part))


def themes_of(message: Message) -> tuple[str, ...]:
    """Ids of the themes that the message's record names, by itself or of its item or event; () if it names none."""
    for place in (message.record, message.record.get("item"), message.record.get("event")):
        found = place.get("themes") if isinstance(place, Mapping) else None
        if isinstance(found, Mapping | Sequence) and found and not isinstance(found, str):
            return tuple(each for each in found if isinstance(each, str))[:MAX_THEMES]
    return ()


def _id_of(key: str) -> str:
    """The id of an entry: the same for the same key, for ever, in every file."""
    return uuid.uuid5(uuid.NAMESPACE_URL, f"{GENERATOR}:{key}".encode("utf-8", "backslashreplace").decode()).urn


def _read(path: Path) -> Any:
    """The feed's root; None if there is no file, or nothing in it; _Broken if it is not ours."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)  # a pipe would never end
    except FileNotFoundError:
        return None
    with os.fdopen(handle, "rb") as file:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError(errno.EINVAL, "it is no file")
        raw = file.read(MAX_BYTES + 1)
    if not raw.strip():
        return None
    if len(raw) > MAX_BYTES:
        return _Broken(f"more than {MAX_BYTES} bytes")
    # nothing outside the file is read and no entity is expanded
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True)
    try:
        root = etree.fromstring(raw, parser)
    except (etree.XMLSyntaxError, ValueError, LookupError) as error:
        return _Broken(clean(str(error))[:200])
    if root.getroottree().docinfo.doctype or root.tag != f"{{{ATOM}}}feed":
        return _Broken("no Atom feed")
    if root.findtext(f"{{{ATOM}}}generator") != GENERATOR or root.find(f"{{{ATOM}}}updated") is None:
        return _Broken("a feed of another program")
    return root


def _has(feed: Any, remote_id: str) -> bool:
    return not isinstance(feed, _Broken) and any(
        each.text == remote_id for each in feed.iterfind(f"{{{ATOM}}}entry/{{{ATOM}}}id")
    )


def _set_aside(path: Path) -> Path:
    """Give a file another name, one that no file has."""
    place = path.with_name(f"{path.name}.broken")
    number = 2
    while os.path.lexists(place):
        place = path.with_name(f"{path.name}.{number}.broken")
        number += 1
    return path.rename(place)


def _new_feed(path: Path, title: str, now: str) -> Any:
    feed = etree.Element(f"{{{ATOM}}}feed", nsmap={None: ATOM})
    feed.text = "\n"
    _put(feed, "id", uuid.uuid5(uuid.NAMESPACE_URL, os.fsencode(path).decode("utf-8", "backslashreplace")).urn)
    _put(feed, "title", clean(title) or GENERATOR)
    _put(feed, "updated", now)
    _put(_put(feed, "author"), "name", GENERATOR)
    _put(feed, "generator", GENERATOR)
    return feed


def _entry(message: Message, remote_id: str, now: str) -> Any:
    entry = etree.Element(f"{{{ATOM}}}entry", nsmap={None: ATOM})
    if message.lang and _TAG.fullmatch(message.lang):
        entry.set(_LANG, message.lang)
    _put(entry, "id", remote_id)
    _put(entry, "title", _cut(clean(message.title) or clean(message.headline) or "(untitled)", MAX_TITLE), type="text")
    _put(entry, "published", now)
    _put(entry, "updated", now)
    url = address(message.url)
    if url is not None:
        _put(entry, "link", rel="alternate", href=url)
    names = dict(message.themes)
    for theme in themes_of(message):
        _put(entry, "category", term=_cut(clean(theme), MAX_TERM), label=_cut(clean(names.get(theme, theme)), MAX_TERM))
    # an entry without a link must have a content. Source: RFC 4287, section 4.1.2
    _put(entry, "content" if url is None else "summary", summary_of(message), type="text")
    return entry


def _add(feed: Any, entry: Any, now: str) -> None:
    """Put an entry before all others, and let go of the oldest."""
    others = feed.findall(f"{{{ATOM}}}entry")
    entry.tail = "\n"
    if others:
        others[0].addprevious(entry)
    else:
        feed.append(entry)
    for each in others[MAX_ENTRIES - 1 :]:
        feed.remove(each)
    feed.find(f"{{{ATOM}}}updated").text = now


def _put(parent: Any, name: str, text: str | None = None, **attributes: str) -> Any:
    found = etree.SubElement(parent, f"{{{ATOM}}}{name}", attributes)
    found.text = text
    found.tail = "\n"
    return found


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[int]:
    """The folder, while nobody else of ours writes in it: two rules may share a file. Leaves no file behind, and none if killed.

    Raises:
        OSError: it is no folder, or another process is in it for too long.
    """
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        end = time.monotonic() + MAX_WAIT
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= end:
                    raise OSError(errno.EAGAIN, "another process is writing in its folder") from None
                time.sleep(0.02)
            except OSError as error:
                if error.errno in _LOCKLESS:
                    break
                raise
        yield handle
    finally:
        os.close(handle)


def _replace(path: Path, text: bytes) -> None:
    """Put the text in place at once, or not at all; the permissions of the file that was there stay."""
    temporary = path.with_name(f".{path.name}.new")
    temporary.unlink(missing_ok=True)  # of a process that was killed
    try:
        # as other programs make files, so that a web server may read it
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)
        with os.fdopen(handle, "wb") as file:
            with contextlib.suppress(FileNotFoundError):
                os.fchmod(handle, stat.S_IMODE(path.stat().st_mode))
            file.write(text)
            file.flush()
            os.fsync(handle)
        temporary.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise
