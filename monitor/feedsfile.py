"""Adds sources to the text of feeds.yaml, which belongs to its author: every byte that was there stays, comments and order too.

ruamel.yaml keeps the file that ships byte for byte, too, but lays out anew what another hand indented, aligned or folded in
another way (measured: 7 of 8 such styles), and Windows line ends. So entries are put in by their place; the result is read back.
"""

from __future__ import annotations

import os
import re
import stat
import tempfile
import unicodedata
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from monitor.errors import ConfigError, UsageError
from monitor.normalise import clean

_BY_HAND = "Write the source into the file by hand"
_QUOTED = ("name", "url", "term")
"""Keys whose text stands in quotation marks in the file's style; within a mapping all text does."""
_LONGEST_ID = 64
_EXTENSION = re.compile(r"\.(?:xml|rss|rdf|atom|json|html?|php|aspx?)$", re.I)
_EMPTY_WORDS = {"feed", "feeds", "rss", "atom", "index", "rdf", "xml"}


class _Quoted(str):
    """A text that is written in double quotation marks."""

    __slots__ = ()


class _Dumper(yaml.SafeDumper):
    """The safe dumper, which also knows what is quoted."""


_Dumper.add_representer(_Quoted, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", str(text), style='"'))


def read(path: Path) -> str:
    """The file's text with its own line ends.

    Raises:
        ConfigError: absent or unreadable.
    """
    try:
        return path.read_bytes().decode("utf-8")
    except FileNotFoundError as error:
        raise ConfigError(
            "there is no such file", subject=str(path), hint="Write one to start from with: monitor init"
        ) from error
    except OSError as error:
        raise ConfigError(f"cannot be read ({error.strerror})", subject=str(path), hint="Name a file: --config PATH") from error
    except UnicodeDecodeError as error:
        raise ConfigError("cannot be read (it is no UTF-8)", subject=str(path), hint="Save it as UTF-8") from error


def sources_in(text: str) -> list[dict[str, Any]]:
    """The sources as written, disabled ones too, variables of the environment by their names.

    Raises:
        UsageError: no YAML, or sources: is no list of mappings.
    """
    return _listed(_loaded(text))


def with_sources(text: str, sources: Sequence[Mapping[str, object]]) -> str:
    """The text with more sources at the end of sources:, one a line; read back, it has the old ones and the new, in this order.

    Raises:
        UsageError: the file is no YAML, or laid out so that there is no safe place for them.
    """
    if not sources:
        return text
    before = _loaded(text)
    after = _inserted(text, [line_of(each) for each in sources])
    expected = {**before, "sources": _listed(before) + [dict(each) for each in sources]}
    try:
        is_right = _loaded(after) == expected
    except UsageError:
        is_right = False
    if not is_right:
        raise UsageError("there is no safe place for a new source in the file", hint=_BY_HAND)
    return after


def line_of(source: Mapping[str, object]) -> str:
    """A source as one line of the file, without the dash."""
    styled = {key: _styled(value, key in _QUOTED) for key, value in source.items()}
    line = yaml.dump(styled, Dumper=_Dumper, default_flow_style=True, allow_unicode=True, width=1 << 30, sort_keys=False)
    return line.rstrip("\n")


def write(path: Path, before: str, after: str) -> None:
    """Put the new text in place at once, or not at all; permissions, and the owner where that is allowed, stay.

    Args:
        before: the text that `after` was made of; if the file says something else by now, it is left alone.

    Raises:
        UsageError: changed meanwhile, or the folder or file cannot be written.
    """
    target = path.resolve()  # a link stays a link
    if read(target) != before:
        raise UsageError("was changed by somebody else meanwhile", subject=str(path), hint="Try again")
    temporary = None
    try:
        state = target.stat()
        with tempfile.NamedTemporaryFile(dir=target.parent, prefix=f".{target.name}.", delete=False) as file:
            temporary = Path(file.name)
            file.write(after.encode("utf-8"))
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(stat.S_IMODE(state.st_mode))
        if (state.st_uid, state.st_gid) != (temporary.stat().st_uid, temporary.stat().st_gid):
            try:
                os.chown(temporary, state.st_uid, state.st_gid)
            except PermissionError:
                pass  # only root may give files away
        temporary.replace(target)
    except OSError as error:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
        raise UsageError(f"cannot be written ({error.strerror})", subject=str(path), hint=_BY_HAND) from error


def new_id(title: str, url: str, taken: Collection[str]) -> str:
    """An id for a source: the title's words if they are ASCII or have accents only, else host and path; unlike all of `taken`."""
    folded = unicodedata.normalize("NFKD", title.casefold().replace("ß", "ss"))
    bare = "".join(character for character in folded if not unicodedata.combining(character))
    is_ascii = all(character.isascii() or not character.isalpha() for character in bare)
    base = (_slug(bare) if is_ascii else "") or _slug(_place(url)) or "source"
    found, number = base, 2
    while found in taken:
        found = f"{base[: _LONGEST_ID - 1 - len(str(number))].rstrip('-')}-{number}"
        number += 1
    return found


def address_key(url: str) -> str:
    """What two addresses of one document have in common: host without www., path without a trailing slash, and query."""
    try:
        parts = urlsplit(url.strip())
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return url.strip()
    own_port = f":{port}" if port not in (None, 80, 443) else ""
    return f"{host.removeprefix('www.')}{own_port}{parts.path.rstrip('/')}?{parts.query}"


def without_variables(source: Mapping[str, Any]) -> dict[str, Any]:
    """A source of foreign origin in which nothing names a variable of the environment: ${TOKEN} would tell a secret.

    In an address the brace is percent-encoded, in other text a space comes between.
    """
    return {
        key: value.replace("${", "$%7B") if key == "url" else _defused(value) if isinstance(value, str | list | dict) else value
        for key, value in source.items()
    }


def _defused(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("${", "$ {")
    if isinstance(value, list):
        return [_defused(each) for each in value]
    if isinstance(value, dict):
        return {_defused(key): _defused(each) for key, each in value.items()}
    return value


def _loaded(text: str) -> dict[str, Any]:
    try:
        found = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise UsageError("the file is no YAML", hint="monitor doctor says what is wrong with it") from error
    if not isinstance(found, dict):
        raise UsageError("the file is no mapping of keys", hint="Begin with: version: 1")
    return found


def _listed(loaded: Mapping[str, Any]) -> list[dict[str, Any]]:
    found = loaded.get("sources") or []
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise UsageError("sources: is no list of sources", hint="monitor doctor says what is wrong with the file")
    return found


def _inserted(text: str, lines: Sequence[str]) -> str:
    """The text with the lines at the end of its list of sources, wherever that is and however it is written."""
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    assert isinstance(root, yaml.MappingNode)
    end = "\r\n" if "\r\n" in text else "\n"
    pair = next((pair for pair in root.value if pair[0].value == "sources"), None)
    if root.flow_style:
        raise UsageError("the file is written in braces as a whole", hint=_BY_HAND)
    if pair is None:
        place = _line_end(text, _end(root))
        return text[:place] + _block("sources:", lines, "  ", end, text[:place]) + text[place:]
    key, value = pair
    if isinstance(value, yaml.SequenceNode) and value.value:
        last = _end(value.value[-1])
        if value.flow_style:
            column = " " * value.value[0].start_mark.column
            return text[:last] + "".join(f",{end}{column}{line}" for line in lines) + text[last:]
        place = _line_end(text, last)
        return text[:place] + _block("", lines, " " * value.start_mark.column, end, text[:place]) + text[place:]
    # nothing yet: sources: or sources: [] or sources: null, maybe with a comment behind
    start, stop = value.start_mark.index, value.end_mark.index
    bare = text[:start].rstrip(" ") + text[stop:] if stop > start else text
    place = _line_end(bare, key.end_mark.index)
    return bare[:place] + _block("", lines, "  ", end, bare[:place]) + bare[place:]


def _block(head: str, lines: Sequence[str], indent: str, end: str, before: str) -> str:
    """Lines of a list, each ended; begun on a line of its own."""
    rows = ([head] if head else []) + [f"{indent}- {line}" for line in lines]
    return ("" if before.endswith("\n") or not before else end) + "".join(row + end for row in rows)


def _end(node: yaml.Node) -> int:
    """Where what a node says ends; its own mark may lie behind comments that follow."""
    last = node
    while isinstance(last, yaml.MappingNode | yaml.SequenceNode) and not last.flow_style and last.value:
        last = last.value[-1][1] if isinstance(last, yaml.MappingNode) else last.value[-1]
    if isinstance(last, yaml.ScalarNode) and last.style in ("|", ">"):
        written = last.start_mark.buffer
        place = last.end_mark.index
        while written is not None and place > 0 and written[place - 1] in " \r\n":
            place -= 1
        return place
    return int(last.end_mark.index)


def _line_end(text: str, place: int) -> int:
    """The beginning of the next line, or the end of the text."""
    found = text.find("\n", place)
    return len(text) if found < 0 else found + 1


def _styled(value: object, is_quoted: bool) -> object:
    if isinstance(value, str):
        return _Quoted(value) if is_quoted or not value.isprintable() else value
    if isinstance(value, Mapping):
        return {key: _styled(each, True) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_styled(each, False) for each in value]
    return value


def _slug(text: str) -> str:
    words = re.findall(r"[a-z0-9]+", clean(text).casefold())
    return "-".join(words)[:_LONGEST_ID].rstrip("-")


def _place(url: str) -> str:
    """Host and telling parts of the path."""
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").removeprefix("www.")
    except ValueError:
        return ""
    return " ".join([host, *_words(parts.path)])


def _words(path: str) -> Iterator[str]:
    for segment in path.split("/"):
        bare = _EXTENSION.sub("", segment)
        if bare.casefold() not in _EMPTY_WORDS:
            yield bare
