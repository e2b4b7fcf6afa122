"""The nouns of delivery: what is ordered, what is said to a channel, what comes back, and what analysts answer.

Alert -> Order -> Message -> Receipt          Request -> Answer
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class OrderKind(StrEnum):
    """What an order says."""

    ALERT = "alert"  # a rule that fired
    FOLDED = "folded"  # what was not told one by one
    NOTICE = "notice"  # that another channel does not take messages
    DIGEST = "digest"  # the daily mail


class OrderState(StrEnum):
    """What became of an order in the outbox."""

    WAITING = "waiting"
    DOUBTFUL = "doubtful"  # a try was begun and its end is unknown: look for the message before repeating
    SENT = "sent"
    DEAD = "dead"
    DROPPED = "dropped"  # silenced before it went, or there was nothing to say any more


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A row of the outbox: something to be said to a channel."""

    id: int
    key: str  # natural key
    kind: OrderKind
    channel: str  # address
    rule: str  # Rule.id or Subscription.id; notices: the channel that is down
    event: str | None
    item: str | None
    since: datetime | None  # digests and folded: what it covers
    until: datetime | None
    state: OrderState
    attempts: int
    created_at: datetime
    last_error: str | None
    note: str = ""  # what is new of the event as a whole; "" if nothing is


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One title of a list, with its address."""

    title: str
    url: str | None
    note: str = ""  # source, language, tier


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A file that goes with a message."""

    name: str
    media_type: str  # image/png, text/calendar
    content: bytes = field(repr=False)
    cid: str | None = None  # the HTML part shows it by this id; None: an attachment


@dataclass(frozen=True, slots=True, kw_only=True)
class MailParts:
    """What only a mail has. Texts are whole by themselves."""

    text: str = field(repr=False)
    html: str | None = field(default=None, repr=False)
    files: tuple[File, ...] = ()
    list_id: str | None = None  # the list that it belongs to: a digest's name
    unsubscribe: str | None = field(default=None, repr=False)  # https address at which one POST ends it; None: by mail only


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What goes to a channel, free of any channel's markup. Texts are plain."""

    key: str  # natural key: the same order has the same key for ever
    address: str  # within the channel: #name, someone@example, ""
    headline: str
    title: str
    url: str | None
    extract: str
    fields: tuple[tuple[str, str], ...]
    why: str
    hint: str
    text: str  # one line for notifications, complete by itself
    byline: str = ""  # who says it: source, tier, language; "" if nobody outside does
    news: str = ""  # what is new of the event as a whole: "Stage: proposed → final"
    lines: tuple[Line, ...] = ()  # of a list, such as what was folded
    event: str | None = None  # the event it is about; None: none
    item: str | None = None  # the item it tells; None: none
    lang: str | None = None  # of title and extract
    thread: str | None = None  # remote id of the message to answer; None: a message of its own
    is_broadcast: bool = False  # a reply that the channel sees, too
    themes: tuple[tuple[str, str], ...] = ()  # id and name of those to choose from; (): analysts cannot answer
    has_dates: bool = False  # there is something to put into a calendar
    mail: MailParts | None = None
    record: Mapping[str, object] = field(default_factory=dict)  # what a machine reads (docs/webhooks.md)


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """The proof that a message went."""

    remote_id: str
    place: str | None = None  # the channel's own id of the address; None: it has none


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """A message in a channel that is kept up to date: an event's first, or a list of what was folded."""

    channel: str  # address
    remote_id: str
    key: str  # of the order that it came from
    kind: OrderKind  # alert: an event's first message; folded: a list
    event: str | None
    title: str  # as it was posted
    digest: str  # of what it says, to tell whether it changed; "" if nobody knows
    posted_at: datetime
    moves: int  # how often what it stands for had moved when it was read


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """What is not told for a time: an event, a source, anything that a query finds."""

    id: int
    query: str  # event:E-..., source:meti, ...
    channel: str | None  # None: nowhere
    begins_at: datetime
    ends_at: datetime  # exclusive
    who: str
    via: str  # cli, slack, web
    reason: str  # "" if not said


class Verb(StrEnum):
    """What an analyst can ask for."""

    RELEVANT = "relevant"
    NOT_RELEVANT = "not_relevant"
    THEME = "theme"  # another theme than the one given; value: its id, or "" for none
    MUTE = "mute"
    TIMELINE = "timeline"
    CALENDAR = "calendar"
    COMMAND = "command"  # a slash command; value: what was typed after it


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What an analyst pressed or typed in a channel."""

    verb: Verb
    user: str  # the channel's id of the analyst
    name: str  # as it calls the analyst
    place: str  # the channel's own id of the address
    address: str  # as feeds.yaml would write it, as far as the channel tells: slack:#econsec
    item: str | None = None
    event: str | None = None
    value: str = ""
    thread: str | None = None  # remote id of the message in whose thread an answer belongs


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What is said back, to the analyst alone."""

    text: str
    lines: tuple[Line, ...] = ()
    file: File | None = None
