"""The nouns: what the rest of the program speaks of, one frozen type per stage of an item's way.

This page is the glossary: a word that stands here means this, everywhere. Nothing here reads, writes or decides. What delivery
speaks of (orders, messages, receipts, silences) is in monitor.messages.

    Source -> Fetched -> Entry -> Item (Reading) -> (Findings, Tag, Link) -> Judged -> Alert -> Message -> Receipt
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from datetime import date, datetime, timedelta
from enum import StrEnum
from operator import attrgetter


class Tier(StrEnum):
    """How close a source stands to the measure itself; the best first."""

    OFFICIAL = "official"  # government, regulator, legislature
    WIRE = "wire"  # news agency
    PRESS = "press"  # newspaper, trade press
    ANALYSIS = "analysis"  # think tank, industry body, law firm


class Stage(StrEnum):
    """How far an event has come, in the order in which measures usually go."""

    REPORTED = "reported"  # somebody says so; nothing official seen
    ANNOUNCED = "announced"  # an official source says so
    CONSULTATION = "consultation"  # comments are asked for before a text is proposed
    PROPOSED = "proposed"  # a proposed text is out
    ON_FILE = "on_file"  # the final text is on public inspection, not yet published
    FINAL = "final"  # published
    IN_FORCE = "in_force"  # applies
    AMENDED = "amended"  # changed after it was final
    WITHDRAWN = "withdrawn"  # taken back, struck down or expired


class DateKind(StrEnum):
    """What a key date is the date of."""

    COMMENTS_CLOSE = "comments_close"
    EFFECTIVE = "effective"
    APPLIES_FROM = "applies_from"
    HEARING = "hearing"
    PUBLISHED = "published"
    LICENCE_EXPIRY = "licence_expiry"


@dataclass(frozen=True, slots=True, kw_only=True)
class Selectors:
    """Where a listing page keeps its links: CSS selectors, relative to `item` but for `item` itself."""

    item: str  # one element per entry
    title: str | None = None  # None: the text of the link
    link: str = "a"  # the element with the href; "" if the item is itself the link
    date: str | None = None  # None: the page gives no dates
    summary: str | None = None  # None: the page gives none
    next: str | None = None  # the link to the page of older entries, relative to the page; None: there is none


@dataclass(frozen=True, slots=True, kw_only=True)
class Paths:
    """Where a JSON answer keeps its entries: JSONPath (RFC 9535), relative to one entry but for `items` and `next`."""

    items: str  # all entries, for example $.results[*]
    title: str
    url: str | None = None  # a path, or an address with {path} in it; None: the entries have no address
    id: str | None = None  # None: the address is the identity
    summary: str | None = None
    published: str | None = None
    next: str | None = None  # the address of the page of older entries; None: there is none


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A feed, API or page that we read."""

    id: str  # stable, chosen by the operator
    name: str
    type: str  # a key of monitor.sources.TYPES
    url: str  # absolute; what is fetched
    country: str | None = None  # ISO 3166-1 alpha-2, or EU, INT; None: unknown
    lang: str | None = None  # ISO 639-1; None or "mul": each item's own
    kind: str | None = None  # government, regulator, newspaper, ...; free word for filters
    tier: Tier = Tier.PRESS
    every: float | None = None  # seconds between fetches; None: the default pace
    select: Selectors | None = None  # listings only
    paths: Paths | None = None  # json_api only
    is_full_text: bool = False  # True: the article behind each new entry is read as well
    tz: str | None = None  # IANA name; of dates without a zone, and of its rhythm; None: by its country
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)  # sent to its own origin only; may hold secrets
    is_tls_verified: bool = True  # False: the operator lets any certificate pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Validators:
    """What a server gave us to ask "anything new?" with, byte for byte."""

    etag: str | None = None
    last_modified: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """One successful answer of a source."""

    url: str  # the address that answered, after redirects
    body: bytes  # decoded from its content coding; empty if not modified
    content_type: str  # header as sent, "" if none
    validators: Validators
    is_unmodified: bool  # True: 304, nothing new
    at: datetime
    moved_to: str | None = None  # where permanent redirects, and only such, led from the address asked; None: it did not move
    fresh_for: timedelta = timedelta()  # how long the server says that asking again is of no use; at most a day
    hub: str | None = None  # WebSub hub of the Link header
    topic: str | None = None  # the address that the hub knows it by, of the Link header


@dataclass(frozen=True, slots=True, kw_only=True)
class Identifier:
    """A legal or technical key found in a text, in canonical form."""

    type: str  # cfr, rin, docket, eccn, fr_doc, ...
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyDate:
    """A deadline or an effective date, with the words that say so."""

    kind: DateKind
    date: date
    sentence: str
    confidence: float = 1.0  # 0..1; 1 for a structured field


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What a source says, as parsed; texts may still carry markup."""

    guid: str | None  # None: the source gives none
    url: str | None
    title: str
    summary: str
    published: datetime | None  # aware UTC; None: not stated or not readable
    identifiers: tuple[Identifier, ...] = ()  # from structured fields only
    dates: tuple[KeyDate, ...] = ()  # from structured fields only
    step: str | None = None  # the jurisdiction's word for the stage, from a structured field


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """What one document gave."""

    entries: tuple[Entry, ...]  # in document order; without those left out
    digests: tuple[bytes, ...] | None = None  # of all entries, left out or not, by their words; None: this reader makes none
    left_out: int = 0  # entries that stood in the last document word for word
    notes: tuple[str, ...] = ()  # what an operator should know: repaired, cut, bad entries skipped
    reader: str = ""  # which way the document was read: fast, tolerant, json, html, ...
    older: tuple[str, ...] = ()  # addresses where older entries are, newest first, absolute
    hub: str | None = None  # WebSub hub that the document announces
    topic: str | None = None  # the address that the hub knows it by
    fresh_for: timedelta = timedelta()  # RSS ttl and the like


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A normalised entry, the unit of the archive. Texts are plain, without control characters."""

    id: str  # item_id(source, key)
    source: str  # Source.id
    key: str  # what makes it this entry within its source
    url: str | None  # http(s) only
    title: str  # never empty: an untitled entry is titled from its text
    summary: str  # "" if none
    published: datetime | None  # never after first_seen; a day without a time is its midnight in UTC, up to dates.EAST after
    first_seen: datetime
    lang: str
    country: str | None
    tier: Tier
    kind: str | None = None
    identifiers: tuple[Identifier, ...] = ()  # as in Entry
    dates: tuple[KeyDate, ...] = ()
    step: str | None = None
    is_backlog: bool = False  # True: seen at the first fetch of its source, or in a backfill
    changed_at: datetime | None = None  # when its source last changed it; None: never
    body: str | None = ""  # plain text of the page at its address; "": not asked for, or not to be had; None: left in the archive
    is_imported: bool = False  # True: brought from another archive, and not changed by its source since: it was news there

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        # measured: a fifth of what pickling a frozen dataclass with slots costs by itself; thirty cross a process border with each feed
        return item_of, _VALUES(self)

    @property
    def page(self) -> str:
        """The text of its page, "" if there is none.

        Raises:
            ValueError: the item was read from the archive without it: what it was judged by is not known.
        """
        if self.body is None:
            raise ValueError(f"{self.id} was read from the archive without its page")
        return self.body

    @property
    def said(self) -> str:
        """What it says beside its title: the page's text, or else the summary."""
        return self.page or self.summary

    @property
    def text(self) -> str:
        """Title and what it says, as the verbs read them."""
        said = self.said
        return f"{self.title}\n{said}" if said else self.title

    @property
    def brief(self) -> str:
        """Title and summary, as its source lists it."""
        return f"{self.title}\n{self.summary}" if self.summary else self.title

    @property
    def moment(self) -> datetime:
        """When it happened as far as we know: published, else first seen."""
        return self.published or self.first_seen


_NAMES = tuple(each.name for each in fields(Item))
_VALUES: Callable[[Item], tuple[object, ...]] = attrgetter(*_NAMES)


def item_of(*values: object) -> Item:
    """The item of its fields' values, in their order."""
    return Item(**dict(zip(_NAMES, values, strict=True)))  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What one document gave, compared with the one before."""

    items: tuple[Item, ...]  # of entries that the last document did not have, in document order
    entries: int  # in all
    seen: bytes = field(repr=False)  # digests of all entries, 8 bytes each
    notes: tuple[str, ...]  # as in Parsed, and so the rest
    reader: str
    older: tuple[str, ...]
    hub: str | None
    topic: str | None
    fresh_for: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """An earlier state of an item, kept when its source changed it."""

    item: str
    at: datetime  # when the change was seen
    title: str
    summary: str
    url: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedSearch:
    """A query under a name."""

    name: str  # asked for as @name
    query: str
    who: str  # who saved it
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity:
    """A known agency, company, country, mineral, law or programme that a text names."""

    id: str  # id in the lexicon
    type: str
    surface: str  # the words found


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A step that a text shows a measure to have taken, whoever says so."""

    jurisdiction: str  # a key of monitor.steps.MACHINES
    step: str  # the jurisdiction's own word
    stage: Stage
    sentence: str  # that says so


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What identify found in one item."""

    lang: str
    identifiers: tuple[Identifier, ...] = ()
    entities: tuple[Entity, ...] = ()
    dates: tuple[KeyDate, ...] = ()
    shown: Shown | None = None  # None: no step
    stage: Stage = Stage.REPORTED  # what the item proves by itself: the press proves a report


MEANING = "≈"
"""Begins the reason of what a sentence vector added, before the training item that is nearest."""


@dataclass(frozen=True, slots=True)
class Reason:
    """One piece of evidence and what it added."""

    term: str
    weight: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Tag:
    """An item's score for a theme, with its reasons."""

    theme: str
    score: float  # 0..1
    is_given: bool  # True: the score reached the theme's threshold
    reasons: tuple[Reason, ...] = ()  # strongest first


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """The event that an item belongs to, and why."""

    event: str  # begins with E-
    is_new: bool  # True: this item opened the event
    reasons: tuple[Reason, ...] = ()
    copy_of: str | None = None  # id of the item that says the same in nearly the same words, or tells the same document
    merged: tuple[str, ...] = ()  # events that the item showed to be the same one; they went into `event`
    storyline: str | None = None  # of the event, begins with S-, at the item by which it was placed; None: at all others


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """An item with everything that judgement said of it."""

    item: Item
    findings: Findings
    tags: tuple[Tag, ...]  # one per theme of the model; empty: not classified
    link: Link
    model: str | None  # version of the classifier; None: not classified

    @property
    def themes(self) -> tuple[str, ...]:
        """Themes given, best score first."""
        given = sorted((tag for tag in self.tags if tag.is_given), key=lambda tag: -tag.score)
        return tuple(tag.theme for tag in given)


@dataclass(frozen=True, slots=True, kw_only=True)
class Filed:
    """An item as the archive has it, with what judgement said of it."""

    item: Item
    themes: tuple[tuple[str, float], ...] = ()  # themes given, best score first
    event: str | None = None  # None: not judged yet
    copy_of: str | None = None  # id of the item it repeats


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """At most `count` alerts in any `window`."""

    count: int
    window: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Quiet:
    """Hours in which nothing is sent; alerts wait for their end."""

    tz: str
    start: str  # HH:MM, local
    end: str  # HH:MM, local; before start: over midnight


GROWTH = (5, 15)
TELLING_STAGES = frozenset(Stage) - {Stage.REPORTED, Stage.ANNOUNCED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What an analyst wants to hear of at once."""

    id: str
    when: str  # a query
    to: tuple[str, ...]  # channel addresses: slack:#name, mail:someone@example, console
    is_threaded: bool = True  # one thread per event
    per_event: Limit | None = None
    per_channel: Limit | None = None
    quiet: Quiet | None = None
    window: timedelta = timedelta(hours=48)  # older items are archived, not alerted
    growth: tuple[int, ...] = GROWTH  # independent sources at which an event that was told is told again
    stages: frozenset[Stage] = TELLING_STAGES  # stages that are told again when an event that was told reaches them
    machines: frozenset[str] = frozenset()  # those of `to` that programs read: they get everything, at once
    echo: timedelta | None = timedelta(hours=6)  # after a bigger event of the storyline its echoes are folded; None: never


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """A daily digest and who gets it."""

    id: str
    to: tuple[str, ...]
    at: str  # HH:MM local
    tz: str
    when: str  # a query; "" = everything
    lang: str = "en"  # of the frame; items keep their own


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceState:
    """What we remember of a source between fetches."""

    id: str
    url: str | None = None  # address in feeds.yaml that the rest was learned from; None: not yet known
    address: str | None = None  # where it moved for good, twice confirmed; None: it is where feeds.yaml says
    moved_to: str | None = None  # where the last answer said that it moved for good
    moved_count: int = 0  # answers in a row that said so
    gone_count: int = 0  # answers 410 in a row
    validators: Validators = Validators()
    polls: int = 0  # fetches that succeeded, ever
    had_entries: bool = False
    entries: int | None = None  # of the last document; None: none was read
    seen: bytes = field(default=b"", repr=False)  # digests of the last document's entries, 8 bytes each
    reader: str | None = None  # Parsed.reader of the last document
    notes: tuple[str, ...] = ()  # Parsed.notes of the last document, and what intake found odd in it
    rhythm: str | None = None  # as monitor.rhythm writes it; None: not learned
    last_new: datetime | None = None  # when an item was last new
    hub: str | None = None  # WebSub hub that it announces
    topic: str | None = None  # the address that the hub knows it by
    last_attempt: datetime | None = None
    last_success: datetime | None = None
    last_full: datetime | None = None  # last answer with a body
    error_kind: str | None = None  # None: healthy
    error_text: str | None = None
    error_at: datetime | None = None
    error_count: int = 0  # failures in a row
    not_before: datetime | None = None  # Retry-After
    next_poll: datetime | None = None  # None: at once


class AlertState(StrEnum):
    """What became of an alert."""

    WAITING = "waiting"  # to be sent, or quiet hours
    SENT = "sent"
    FOLDED = "folded"  # over a limit, an echo, or said already by another rule to the same channel: counted, in the digest
    SUPPRESSED = "suppressed"  # too old, a backlog item, a copy, or silenced
    DEAD = "dead"  # the channel will never take it


class AlertKind(StrEnum):
    """Why a rule speaks of an event."""

    MATCH = "match"  # an item satisfies the rule's query
    STAGE = "stage"  # an event that the rule told before has reached a further stage
    GROWTH = "growth"  # an event that the rule told before has grown past a number of sources


@dataclass(frozen=True, slots=True, kw_only=True)
class Standpoint:
    """What an event had come to when a rule spoke of it."""

    stage: Stage = Stage.REPORTED
    step: str | None = None  # the jurisdiction's own word
    sources: int = 1  # that tell it in their own words
    importance: float = 0.0  # 0..100, see monitor.events.importance
    storyline: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """A rule that fired on an item of an event, for one channel, with everything that decided it."""

    rule: str
    item: str
    event: str
    channel: str
    state: AlertState
    reason: str  # why it fired, or why it was folded or suppressed
    decided_at: datetime
    not_before: datetime  # when it may be sent
    kind: AlertKind = AlertKind.MATCH
    news: str = ""  # what is new of the event as a whole: "proposed → final"; "" if nothing is
    standpoint: Standpoint = Standpoint()
    model: str | None = None  # version of the classifier; None: not classified
    scores: tuple[tuple[str, float], ...] = ()  # of every theme, best first
    terms: tuple[Reason, ...] = ()  # what carried the best score that the rule asks for
    silence: int | None = None  # the silence that suppressed it
    is_said: bool = False  # another rule has told the item to the channel
    echo_of: str | None = None  # the bigger event of which it is an echo

    @property
    def is_listed(self) -> bool:
        """True if it was folded and is told in a list: not if another rule has told it."""
        return self.state is AlertState.FOLDED and not self.is_said

    @property
    def key(self) -> str:
        """Natural key of its order: told once to a channel, however often it is decided."""
        match self.kind:
            case AlertKind.MATCH:
                return f"alert:{self.channel}:{self.item}"
            case AlertKind.STAGE:
                # with its item: a stage may come again, as when a suspended measure is in force once more
                return f"stage:{self.channel}:{self.event}:{self.standpoint.stage.value}:{self.item}"
            case AlertKind.GROWTH:
                return f"growth:{self.channel}:{self.event}:{self.news}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """An analyst's verdict on an item and a theme."""

    item: str
    theme: str
    verdict: bool
    at: datetime
    who: str
    via: str  # cli, slack, web


def item_id(source: str, key: str) -> str:
    """Id of the item that `source` calls `key`: I- and 12 letters, the same on every machine (60 bits of SHA-256)."""
    return "I-" + _token(f"{source}\0{key}", 12)


def event_id(founder: str) -> str:
    """Id of the event that the item `founder` opened: E- and 10 letters, the same on every replay (50 bits)."""
    return "E-" + _token(founder, 10)


def storyline_id(event: str) -> str:
    """Id of the storyline that an event opened: S- and the letters of the event's."""
    return "S-" + event.removeprefix("E-")


def _token(text: str, length: int) -> str:
    """The first letters of the text's SHA-256 in lower-case Base32 (RFC 4648); at most 12."""
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
    return base64.b32encode(digest[:10])[:length].decode("ascii").lower()
