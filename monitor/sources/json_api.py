"""Reads JSON answers of any API by JSONPath (RFC 9535) that the operator gives. Never fetches.

Paths come from the configuration, data from outside: the functions match() and search() are left out of the paths, because a
pattern can be made to run for ever by a text. Everything else of the standard is there, and nothing beyond it.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any
from urllib.parse import quote

import jsonpath

from monitor.errors import ConfigError, ParseError
from monitor.items import Entry, Fetched, Parsed, Paths, Source
from monitor.sources.feed import read_json
from monitor.sources.links import absolute
from monitor.sources.zones import moment_of

MAX_ENTRIES = 5_000
"""Entries read of one answer; more are cut with a notice."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECONDS = (631_152_000, 4_102_444_800)
"""1990 to 2100 in Unix seconds; a thousand times that is milliseconds, and the two spans do not meet."""
_PLACE = re.compile(r"\{([^{}]*)\}")
_UNIX = re.compile(r"\d{9,10}|\d{12,13}", re.ASCII)


class _Standard(jsonpath.JSONPathEnvironment):
    """JSONPath as RFC 9535 has it, without regular expressions."""

    def setup_function_extensions(self) -> None:
        super().setup_function_extensions()
        for name in ("match", "search"):
            del self.function_extensions[name]


_STANDARD = _Standard(strict=True, filter_caching=False)


def check(path: str) -> None:
    """Refuse what is no path.

    Raises:
        ValueError: with the slip in words.
    """
    _compiled(path)


def check_address(text: str) -> None:
    """Refuse what is neither a path nor an address with at least one {path} in it.

    Raises:
        ValueError: with the slip in words.
    """
    places = [text] if text.startswith("$") else _PLACE.findall(text)
    if not places:
        raise ValueError(f"{text[:80]!r} is neither a path, which begins with $, nor an address with a {{$.path}} in it")
    for path in places:
        check(path)


def parse(source: Source, fetched: Fetched) -> Parsed:
    """Entries of a JSON answer, in its order.

    Texts and numbers are text, lists of them are joined by commas; anything else is left out and counted in the notes. A date may
    be in Unix seconds or milliseconds. An entry that says nothing - no title, summary or address - is skipped and counted.

    Raises:
        ParseError: not JSON, or not a list where items should be. That the list is there and empty is no error.
        ConfigError: no paths, or one that cannot be read.
    """
    paths = source.paths
    if paths is None:
        raise ConfigError("a json_api needs paths: with at least items: and title:", subject=source.id)
    read = _Reader(source, paths, fetched.url)
    document = read_json(source.id, fetched)
    elements = read.elements(document)
    entries = [entry for entry in map(read.entry, elements[:MAX_ENTRIES]) if entry is not None]
    notes = [f"{count} {what}" for what, count in sorted(read.slips.items())]
    if len(elements) > MAX_ENTRIES:
        notes.append(f"{len(elements)} entries; the first {MAX_ENTRIES} were read")
    return Parsed(entries=tuple(entries), notes=tuple(notes), reader="json", older=read.older(document))


class _Reader:
    """Reads entries by the paths of one source, counting what it leaves out."""

    def __init__(self, source: Source, paths: Paths, base: str) -> None:
        self._source = source
        self._paths = paths
        self._base = base
        self.slips: Counter[str] = Counter()

    def elements(self, document: Any) -> list[Any]:
        """What the items path finds; if that is one list, its elements.

        Raises:
            ParseError: nothing, and no list that could have had some.
        """
        path = self._path("items", self._paths.items)
        found = self._find(path, document)
        if path.singular_query() and len(found) == 1 and isinstance(found[0], list):
            return list(found[0])
        if found:
            return found
        above = jsonpath.JSONPath(env=_STANDARD, segments=path.segments[:-1])
        if any(isinstance(each, list) for each in self._find(above, document)):
            return []  # the list is there, and nothing in it
        raise ParseError(
            f"the path {self._paths.items!r} finds nothing; the document is {_outline(document)}", subject=self._source.id
        )

    def entry(self, element: Any) -> Entry | None:
        """The entry that one element is; None if it says nothing."""
        if not isinstance(element, dict | list):
            self.slips["elements are no objects; skipped"] += 1
            return None
        title, summary = self._text("title", element), self._text("summary", element)
        url = self._address(element)
        if not (title or summary or url):
            self.slips["elements say nothing; skipped"] += 1
            return None
        return Entry(
            guid=self._text("id", element) or None,
            url=url,
            title=title,
            summary=summary,
            published=next((moment for each in self._values("published", element) if (moment := self._moment(each))), None),
        )

    def older(self, document: Any) -> tuple[str, ...]:
        """Where the page of older entries is; empty if there is none."""
        if not isinstance(document, dict | list):
            return ()
        stated = (absolute(self._base, each) for each in self._values("next", document) if isinstance(each, str))
        found = next((each for each in stated if each is not None and each.startswith(("http://", "https://"))), None)
        return () if found is None or found == self._base else (found,)

    def _address(self, element: Any) -> str | None:
        stated = self._paths.url
        if stated is None:
            return None
        if stated.startswith("$"):
            return absolute(self._base, next(iter(self._texts("url", self._values("url", element))), None))
        filled: list[str] = []
        for place in _PLACE.finditer(stated):
            value = next(iter(self._texts("url", self._find(self._path("url", place[1]), element))), "")
            if not value:
                return None
            filled.append(quote(value.encode("utf-8", "replace"), safe=""))
        return absolute(self._base, _PLACE.sub(lambda _: filled.pop(0), stated))

    def _text(self, name: str, element: Any) -> str:
        return ", ".join(self._texts(name, self._values(name, element)))

    def _texts(self, name: str, values: list[Any]) -> list[str]:
        """The values that are text, as text; the others are counted."""
        texts: list[str] = []
        for value in values:
            inner = value if isinstance(value, list) else [value]
            plain = [_plain(each) for each in inner]
            if all(each is not None for each in plain):
                texts += [each for each in plain if each]
            elif value is not None:
                self.slips[f"values of {name} are no text; left out"] += 1
        return texts

    def _moment(self, value: Any) -> datetime | None:
        if isinstance(value, str) and _UNIX.fullmatch(value.strip()):
            value = int(value)
        if isinstance(value, int | float) and not isinstance(value, bool):
            seconds = next((value / unit for unit in (1, 1000) if _SECONDS[0] * unit <= value < _SECONDS[1] * unit), None)
            if seconds is not None:
                return _EPOCH + timedelta(seconds=seconds)
        text = _plain(value)
        return moment_of(text, self._source) if text else None

    def _values(self, name: str, element: Any) -> list[Any]:
        path: str | None = getattr(self._paths, name)
        return [] if path is None else self._find(self._path(name, path), element)

    def _path(self, name: str, path: str) -> jsonpath.JSONPath:
        try:
            return _compiled(path)
        except ValueError as error:
            raise ConfigError(f"paths.{name}: {error}", subject=self._source.id) from error

    def _find(self, path: jsonpath.JSONPath, value: Any) -> list[Any]:
        if not isinstance(value, dict | list):  # the library would read a text as JSON once more
            return []
        try:
            return path.findall(value)
        except (jsonpath.JSONPathError, RecursionError) as error:
            raise ParseError("nested too deep for the path", subject=self._source.id) from error


@lru_cache(maxsize=512)
def _compiled(path: str) -> jsonpath.JSONPath:
    """The path, ready for use.

    Raises:
        ValueError: with the slip in words.
    """
    try:
        found = _STANDARD.compile(path)
    except (jsonpath.JSONPathError, RecursionError) as error:
        # str(error) fails for an empty path, and draws a picture of several lines for others
        cause = "nested too deep" if isinstance(error, RecursionError) else str(error.args[0] if error.args else "no path")
        begins = "" if path.startswith("$") else f"; a path begins with $, for example $.{path[:40]}"
        raise ValueError(f"the path {path[:80]!r} cannot be read ({cause}){begins}") from error
    assert isinstance(found, jsonpath.JSONPath), "the standard has no unions of paths"
    return found


def _plain(value: Any) -> str | None:
    """A text, number or nothing as text; None for anything else."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, bool) or not isinstance(value, int | float) or (isinstance(value, float) and not math.isfinite(value)):
        return None
    return str(value)


def _outline(document: Any) -> str:
    if isinstance(document, dict):
        names = [str(name)[:40] for name in document]
        listed = ", ".join(names[:10]) + (", ..." if len(names) > 10 else "")
        return f"an object with the keys {listed}" if names else "an empty object"
    if isinstance(document, list):
        return f"a list of {len(document)}"
    return f"no object and no list, but {type(document).__name__}"
