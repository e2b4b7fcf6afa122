r"""The query language, one parser for search, rules and digests. Pure; knows neither the archive nor the clock.

    query   = any
    any     = all { "OR" all }
    all     = { ["AND"] factor }                     a space means AND
    factor  = [ "-" | "NOT" ] atom
    atom    = "(" any ")" | field | phrase | word ["*"] | "@" NAME
    field   = NAME ":" [ ">=" | "<=" | ">" | "<" | "=" ] value { "," value }
    value   = phrase | run of characters without space , ( ) "
    phrase  = '"' characters ["*"] '"'

Full-width characters and spaces are folded first (NFKC), and so are the quotation marks, minus signs and commas of other keyboards, so
a query typed with a Japanese keyboard, or pasted out of a mail, reads the same. @NAME stands for a saved search; with_saved() puts them in.
"""

from __future__ import annotations

import difflib
import math
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from monitor.errors import QueryError, UsageError
from monitor.items import Stage, Tier

TEXT_FIELDS = ("theme", "source", "lang", "country", "kind", "tier", "event", "stage", "entity")
IDENTIFIER_FIELDS = ("cfr", "eccn", "rin", "docket", "fr", "law", "hs", "eo", "notice")
TIME_FIELDS = ("since", "until", "deadline")
FIELDS = (*TEXT_FIELDS, *IDENTIFIER_FIELDS, *TIME_FIELDS, "score")

MAX_LENGTH = 10_000
MAX_DEPTH = 50
FIRST_YEAR, LAST_YEAR = 1800, 2200
LONGEST = timedelta(days=365 * 200)
"""The longest span that is one; nothing here is older, and calendars end."""


@dataclass(frozen=True, slots=True)
class Word:
    """Text to find: a word, or a phrase (its words in sequence); with `is_prefix` the last word is the beginning of one."""

    text: str
    is_prefix: bool = False


@dataclass(frozen=True, slots=True)
class Field:
    """A named property with one of the values."""

    name: str  # one of FIELDS
    values: tuple[str, ...]
    op: str = "="  # = for all fields; for score also >= <= > <
    position: int = 0


@dataclass(frozen=True, slots=True)
class Not:
    """Everything that does not match."""

    node: Node


@dataclass(frozen=True, slots=True)
class And:
    """All of the nodes; of none: everything."""

    nodes: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """At least one of the nodes."""

    nodes: tuple[Node, ...]
    is_one_thing: bool = False  # True: words for one and the same thing (monitor.thesaurus); no query says so itself


Node = Word | Field | Not | And | Or

_TOKEN = re.compile(
    r"""
    (?P<space>\s+)
  | (?P<open>\() | (?P<close>\))
  | (?P<phrase>"[^"]*"?)
  | (?P<minus>-(?=\S))
  | (?P<field>[A-Za-z_]+):(?P<op>>=|<=|>|<|=)?
  | (?P<word>(?:[^\s()",]|(?<=\d),(?=\d))+)
  | (?P<stray>.)
    """,
    re.VERBOSE,
)
_NO_TEXT = re.compile("[\0\ud800-\udfff]")
"""What no text holds: NUL, and half characters, as a terminal gives bytes that are no UTF-8."""
_TYPED = str.maketrans("“”„‟〝〞〟", '"' * 7)
"""Quotation marks of other keyboards, and of programs that turn them while one types."""
_MINUS = re.compile(r"(?<![^\s(])[\u2010-\u2015\u2212](?=[^\s\u2010-\u2015\u2212-])")
"""Dashes, and the minus of the Mac's Japanese keyboard, where a minus may stand."""
_COMMAS = ",、"
_VALUE = re.compile(r'"(?P<phrase>[^"]*)"|(?P<open>"[^"]*$)|(?P<run>[^\s,、()"]+)')
_CODES = {"lang": re.compile("[a-z]{2,3}"), "country": re.compile("[a-z]{2}")}
_KNOWN = {"tier": tuple(Tier), "stage": tuple(Stage)}
_SAVED = re.compile(r'"[^"]*"?|(?<![^\s(-])@(?P<name>[\w-]+)')
NAME = re.compile(r"[^\W_][\w-]{0,39}")
"""Names of saved searches."""
_DURATION = re.compile(r"^(?:P(?P<iso>\d{1,4})(?P<iso_unit>[DWMY])|(?P<n>\d{1,4})(?P<unit>[hdwmy]))$")
_DAYS = {"d": 1, "w": 7, "m": 30, "y": 365}
_DAY = re.compile(
    r"^(?:(?P<year>\d{4})|(?:令和|R)(?P<reiwa>\d{1,2}|元))"
    r"(?:年?$|(?:年|[-/.])(?P<month>\d{1,2})(?:月?$|(?:月|[-/.])(?P<day>\d{1,2})日?$))",
    re.IGNORECASE,
)
"""2026, 2026-05, 2026/5/1, 2026年5月1日, 令和8年5月, R8.5.1."""
_REIWA = 2018
"""The year before the first of the era 令和."""


def parse(text: str) -> Node:
    """The tree of a query; And(()) for an empty one, which matches everything.

    Raises:
        QueryError: with the place of the slip and, where there is one, the nearest right word.
    """
    folded = cleaned(text)
    if len(folded) > MAX_LENGTH:
        raise QueryError(f"the query has {len(folded)} characters; the limit is {MAX_LENGTH}", query=folded[:60], position=60)
    return _Parser(folded).parse()


def cleaned(text: str) -> str:
    """A query as it is read, and kept."""
    folded = _NO_TEXT.sub(" ", unicodedata.normalize("NFKC", text)).translate(_TYPED)
    return _MINUS.sub("-", folded).strip()


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    position: int
    node: Field | None = None


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = self._tokens()
        self.at = 0

    def parse(self) -> Node:
        if not self.tokens:
            return And(())
        node = self._any(0)
        if self.at < len(self.tokens):
            token = self.tokens[self.at]
            raise self._slip("a closing bracket without its opening", token.position)
        return node

    def _slip(self, cause: str, position: int, hint: str | None = None) -> QueryError:
        return QueryError(cause, query=self.text, position=position, hint=hint)

    def _tokens(self) -> list[_Token]:
        found: list[_Token] = []
        at = 0
        while at < len(self.text):
            match = _TOKEN.match(self.text, at)
            assert match is not None
            kind = match.lastgroup or ""
            if match["field"] is not None:
                node, at = self._field(match)
                found.append(_Token("field", "", match.start(), node))
                continue
            if kind == "phrase":
                raw = match["phrase"]
                if len(raw) < 2 or not raw.endswith('"'):
                    raise self._slip('a quotation mark without its partner; close it with "', match.start())
                self._check_text(raw, match.start())
                self._check_star(raw[1:-1], match.start() + 1)
                found.append(_Token("phrase", raw[1:-1], match.start()))
            elif kind == "stray":
                raise self._slip(f"{match.group()} has no meaning here; commas stand between values, as in lang:ja,en", at)
            elif kind != "space":
                if kind == "word":
                    self._check_word(match.group(), match.start())
                found.append(_Token(kind, match.group(), match.start()))
            at = match.end()
        return found

    def _check_text(self, text: str, position: int) -> None:
        if not any(character.isalnum() for character in text):
            raise self._slip(f"{text} has no letter or digit to search for", position)

    def _check_word(self, text: str, position: int) -> None:
        if text.startswith("@") and NAME.fullmatch(text[1:]):
            raise self._slip(
                f"{text} would be a saved search, and there are none here",
                position,
                "Write out what it stands for; to search for the text itself, put it in quotation marks",
            )
        self._check_star(text, position)
        self._check_text(text, position)

    def _check_star(self, text: str, position: int) -> None:
        inner = text.rstrip("*").find("*")
        if inner >= 0:
            raise self._slip("* stands at the end of a word, for what may follow", position + inner)

    def _field(self, match: re.Match[str]) -> tuple[Field, int]:
        name = match["field"].lower()
        if name in ("http", "https") and self.text.startswith("//", match.end()):
            raise self._slip(
                "an address is no query",
                match.start(),
                "The item that it belongs to: monitor show ADDRESS. To search for the text itself, put it in quotation marks",
            )
        if name not in FIELDS:
            near = difflib.get_close_matches(name, FIELDS, 1)
            hint = f"Did you mean {near[0]}:? " if near else ""
            raise self._slip(
                f"unknown field '{name}'",
                match.start(),
                f"{hint}To search for the text itself, put it in quotation marks",
            )
        op = match["op"] or "="
        if op != "=" and name != "score":
            raise self._slip(f"{name}: takes no {op}", match.start("op"))
        values: list[str] = []
        at = match.end()
        while True:
            value = _VALUE.match(self.text, at)
            if value is None or value["open"] is not None:
                raise self._slip(f"{name}: needs a value", at)
            values.append((value["phrase"] if value["phrase"] is not None else value["run"]).strip())
            at = value.end()
            if self.text[at : at + 1] not in _COMMAS or at == len(self.text):
                break
            at += 1
        node = Field(name, tuple(values), op, match.start())
        self._check(node, match.end())
        return node, at

    def _check(self, node: Field, position: int) -> None:
        for value in node.values:
            if not value:
                raise self._slip(f"{node.name}: needs a value", position)
            if node.name == "score":
                try:
                    if not math.isfinite(float(value)):
                        raise ValueError(value)
                except ValueError:
                    raise self._slip(f"score: needs a number, not {value}", position) from None
            elif node.name in _KNOWN and value.casefold() not in _KNOWN[node.name]:
                known = _KNOWN[node.name]
                near = difflib.get_close_matches(value.casefold(), known, 1)
                hint = f"Did you mean {near[0]}?" if near else f"One of: {', '.join(known)}"
                raise self._slip(f"there is no {node.name} '{value}'", position, hint)
            elif node.name in _CODES and not _CODES[node.name].fullmatch(value.casefold()):
                raise self._slip(
                    f"{node.name}: takes a code such as {'ja' if node.name == 'lang' else 'JP'}, not {value}", position
                )
            elif node.name == "deadline" and duration(value) is None:
                raise self._slip(f"deadline: needs a span such as 30d, not {value}", position)
            elif node.name in ("since", "until"):
                try:
                    moment(value, datetime(2000, 1, 1, tzinfo=UTC))
                except ValueError:
                    raise self._slip(
                        f"{node.name}: needs a span or a date (7d, P1W, 2026-05, 2026-05-01), not {value}", position
                    ) from None
        if len(node.values) > 1 and node.name in ("score", "deadline", "since", "until"):
            raise self._slip(f"{node.name}: takes one value", position)

    def _any(self, depth: int) -> Node:
        if depth > MAX_DEPTH:
            raise self._slip(f"brackets nested more than {MAX_DEPTH} deep", self.tokens[self.at - 1].position)
        nodes = [self._all(depth)]
        while self._is_word("OR"):
            self.at += 1
            nodes.append(self._all(depth))
        return nodes[0] if len(nodes) == 1 else Or(tuple(_flat(nodes, Or)))

    def _all(self, depth: int) -> Node:
        nodes: list[Node] = []
        while self.at < len(self.tokens) and self.tokens[self.at].kind != "close" and not self._is_word("OR"):
            if self._is_word("AND"):
                self.at += 1
                if not nodes:
                    raise self._slip("AND needs something before it", self.tokens[self.at - 1].position)
                if (
                    self.at == len(self.tokens)
                    or self.tokens[self.at].kind == "close"
                    or self._is_word("OR")
                    or self._is_word("AND")
                ):
                    place = self.tokens[self.at].position if self.at < len(self.tokens) else len(self.text)
                    raise self._slip("AND needs something after it", place)
                continue
            nodes.append(self._factor(depth))
        if not nodes:
            place = self.tokens[self.at].position if self.at < len(self.tokens) else len(self.text)
            raise self._slip("something to search for is missing here", place)
        return nodes[0] if len(nodes) == 1 else And(tuple(_flat(nodes, And)))

    def _factor(self, depth: int) -> Node:
        is_negative = False
        while self.at < len(self.tokens) and (self.tokens[self.at].kind == "minus" or self._is_word("NOT")):
            is_negative = not is_negative
            self.at += 1
        if self.at == len(self.tokens) or self._is_word("OR") or self._is_word("AND"):
            place = self.tokens[self.at].position if self.at < len(self.tokens) else len(self.text)
            raise self._slip("NOT needs something after it", place)
        node = self._atom(depth)
        return Not(node) if is_negative else node

    def _atom(self, depth: int) -> Node:
        token = self.tokens[self.at]
        self.at += 1
        if token.node is not None:
            return token.node
        if token.kind == "open":
            node = self._any(depth + 1)
            if self.at == len(self.tokens):
                raise self._slip("an opening bracket without its closing", token.position)
            self.at += 1
            return node
        if token.kind == "phrase":
            # "export control*" finds "export controls": the star belongs to the last word
            return Word(token.text.rstrip("*"), token.text.endswith("*"))
        if token.kind == "word":
            is_prefix = token.text.endswith("*")
            text = token.text.rstrip("*")
            if not text:
                raise self._slip("* needs the beginning of a word before it", token.position)
            return Word(text, is_prefix)
        raise self._slip("something to search for is missing here", token.position)

    def _is_word(self, word: str) -> bool:
        token = self.tokens[self.at] if self.at < len(self.tokens) else None
        return token is not None and token.kind == "word" and token.text == word


def _flat(nodes: Iterable[Node], kind: type[And | Or]) -> Iterator[Node]:
    """Nodes, those of the kind replaced by theirs: brackets that change nothing make no tree deeper."""
    for node in nodes:
        yield from node.nodes if isinstance(node, kind) else (node,)


def has_saved(text: str) -> bool:
    """True if a query may name a saved one."""
    return "@" in cleaned(text)


def name(text: str) -> str:
    """The name of a saved search as it is kept, from how it was typed, with or without its @.

    Raises:
        UsageError: it is none.
    """
    plain = cleaned(text).removeprefix("@").casefold()
    if not NAME.fullmatch(plain):
        raise UsageError(f"{cleaned(text)!r} is no name", hint="A name has letters, digits, - and _, at most 40")
    return plain


def with_saved(text: str, saved: Mapping[str, str]) -> str:
    """A query with each @name in it replaced by the query that was saved under the name, in brackets.

    Raises:
        QueryError: there is none of a name; the nearest one is told.
    """
    folded = cleaned(text)
    parts: list[str] = []
    at = 0
    for match in _SAVED.finditer(folded):
        if match["name"] is None:
            continue
        called = match["name"].casefold()
        if called not in saved:
            near = difflib.get_close_matches(called, saved, 1)
            hint = f"Did you mean @{near[0]}?" if near else "Saved searches are listed by: monitor searches"
            raise QueryError(f"there is no saved search '{called}'", query=folded, position=match.start("name") - 1, hint=hint)
        parts += [folded[at : match.start("name") - 1], f"({saved[called]})"]
        at = match.end("name")
    return "".join([*parts, folded[at:]])


def duration(text: str) -> timedelta | None:
    """A span such as 12h, 7d, 2w, 3m, 1y or P1W; None if it is none. A month counts 30 days, a year 365."""
    match = _DURATION.match(text.strip())
    if match is None:
        return None
    count = int(match["iso"] or match["n"])
    unit = (match["iso_unit"] or match["unit"]).lower()
    span = timedelta(hours=count) if unit == "h" else timedelta(days=count * _DAYS[unit])
    return span if span <= LONGEST else None


def moment(text: str, now: datetime, *, is_end: bool = False) -> datetime:
    """The moment that a since: or until: value means, aware UTC.

    Args:
        text: a span back from now, or a year, month or day (UTC).
        is_end: True for until: the end of that day, month or year (exclusive).

    Raises:
        ValueError: neither a span nor a date.
    """
    span = duration(text)
    if span is not None:
        return now - span
    match = _DAY.match(text)
    if match is None:
        raise ValueError(text)
    month, day = (int(part) if part else None for part in match.group("month", "day"))
    reiwa = match["reiwa"]
    year = int(match["year"]) if reiwa is None else _REIWA + (1 if reiwa == "元" else int(reiwa))
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise ValueError(text)
    start = datetime(year, 1 if month is None else month, 1 if day is None else day, tzinfo=UTC)
    if not is_end:
        return start
    if day is not None:
        return start + timedelta(days=1)
    if month is not None:
        return datetime(year + month // 12, month % 12 + 1, 1, tzinfo=UTC)
    return datetime(year + 1, 1, 1, tzinfo=UTC)


def themes(node: Node) -> tuple[str, ...]:
    """Themes that a query asks for; score: speaks of these, or of any theme if there are none."""
    return asked(node, "theme")


def asked(node: Node, field: str) -> tuple[str, ...]:
    """Values of a field that a query asks for, in lower case; not those that it excludes."""
    match node:
        case Field(name, values) if name == field:
            return tuple(value.casefold() for value in values)
        case And(nodes) | Or(nodes):
            return tuple(value for each in nodes for value in asked(each, field))
        case _:
            return ()


def words(node: Node) -> tuple[Word, ...]:
    """Words that a match would hold; not those that it must not."""
    match node:
        case Word():
            return (node,)
        case And(nodes) | Or(nodes):
            return tuple(word for each in nodes for word in words(each))
        case _:
            return ()


def least_score(node: Node) -> float | None:
    """The score that every match has at least, as the query itself asks; None if it does not."""
    match node:
        case Field("score", values, ">=" | ">"):
            return float(values[0])
        case And(nodes):
            return max((score for each in nodes if (score := least_score(each)) is not None), default=None)
        case _:
            return None


_BARE = re.compile(r"[\w./*+-][\w./:*+-]*")
"""A value of a field that no quotation marks need to hold together."""
_PARTED = re.compile(r"[^\W_][\W_]+[^\W_]")


def quoted(value: str) -> str:
    """A field's value as it is written: in quotation marks where it must be."""
    return value if _BARE.fullmatch(value) else f'"{value}"'


def explain(node: Node, depth: int = 0) -> str:
    """The tree of a query as indented lines, for --explain."""
    pad = "  " * depth
    match node:
        case Word(text, is_prefix):
            # a mark on a letter parts no word
            letters = "".join(each for each in text if not unicodedata.category(each).startswith("M"))
            kind = "prefix" if is_prefix else "phrase" if _PARTED.search(letters) else "word"
            return f'{pad}{kind} "{text}"'
        case Field(name, values, op, _):
            return f"{pad}{name} {op} {' or '.join(map(quoted, values))}"
        case Not(inner):
            return f"{pad}not\n{explain(inner, depth + 1)}"
        case And(nodes):
            inside = "\n".join(explain(each, depth + 1) for each in nodes)
            return f"{pad}all of\n{inside}" if nodes else f"{pad}everything"
        case Or(nodes):
            return f"{pad}any of\n" + "\n".join(explain(each, depth + 1) for each in nodes)
