"""Everything that can go wrong, sorted by what the caller does next.

MonitorError
├── RetryLater            the same attempt may succeed later: keep it, back off, go on with the others
│   ├── FetchError        a source could not be read (kind says how)
│   ├── ChannelError      a channel did not take a message (ambiguous: it may have arrived)
│   └── ArchiveBusy       another process holds the archive
├── SkipThis              this one thing cannot be used as it is: record it, go on with the next
│   ├── ParseError        a document that is not what its source type promises
│   ├── MessageRefused    a channel will never take this message
│   │   └── MessageGone   the message to answer or to edit is no longer in the channel
│   └── BadLine           one line of a JSONL stream
└── TellOperator          nothing works until a person changes something: stop with one clear line
    ├── UsageError        a command was called wrongly
    │   └── QueryError    a query that cannot be read, with the place of the slip
    ├── ConfigError       feeds.yaml is wrong
    ├── SecretMissing     a token or password is not in the environment
    ├── ModelError        the classifier cannot be used
    └── ArchiveError      the archive cannot be opened, read or written

The text of an error is what an operator reads: the thing, the cause, the next step.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from unicodedata import category, combining, east_asian_width


class MonitorError(Exception):
    """Root of the tree.

    Args:
        cause: what is wrong, without the subject, one line.
        subject: the source, item, file or channel it is about; None if the command as a whole.
        hint: the next step for the reader; None if there is none.
    """

    exit_code = 1
    """What the process ends with when nobody above handles the error (see cli)."""

    def __init__(self, cause: str, *, subject: str | None = None, hint: str | None = None) -> None:
        super().__init__(cause)
        self.cause = cause
        self.subject = subject
        self.hint = hint

    def __str__(self) -> str:
        line = self.cause if self.subject is None else f"{self.subject}: {self.cause}"
        return line if self.hint is None else f"{line}. {self.hint}"


class RetryLater(MonitorError):
    """The same attempt may succeed later."""


class FetchKind(StrEnum):
    """How a fetch failed; the word that `monitor status` shows."""

    TIMEOUT = "timeout"  # the total deadline passed
    DNS = "dns"  # the name does not resolve
    CONNECT = "connect"  # refused, reset or unreachable
    TLS = "tls"  # certificate or handshake
    PROTOCOL = "protocol"  # not HTTP as the standard has it, or cut short
    STATUS = "status"  # an error status
    RATE_LIMITED = "rate_limited"  # 429, or 503 with Retry-After
    GONE = "gone"  # 410
    BOT_BLOCK = "bot_block"  # a challenge page instead of the document
    REDIRECT = "redirect"  # too many, a loop, or a target that may not be fetched
    ADDRESS = "address"  # the host resolves to an address that is not public
    TOO_LARGE = "too_large"  # more bytes than network.max_bytes
    ENCODING = "encoding"  # content coding unknown, broken or cut short
    EMPTY = "empty"  # success without a body
    TOO_COSTLY = "too_costly"  # reading it took more time or memory than allowed
    NOT_A_FEED = "not_a_feed"  # read, but not the document that the source type promises
    NOT_MODIFIED_UNASKED = "not_modified_unasked"  # 304 to an unconditional request
    INTERNAL = "internal"  # our own fault: a bug met by this source alone


class FetchError(RetryLater):
    """A source could not be read.

    Args:
        kind: the sort of failure.
        retry_after: the moment (aware UTC) before which the server asked not to be called; None if it did not.
        status: of the answer, for the kinds status and gone; None: another kind.
    """

    exit_code = 4

    def __init__(
        self,
        cause: str,
        *,
        kind: FetchKind,
        subject: str | None = None,
        hint: str | None = None,
        retry_after: datetime | None = None,
        status: int | None = None,
    ) -> None:
        super().__init__(cause, subject=subject, hint=hint)
        self.kind = kind
        self.retry_after = retry_after
        self.status = status


class ChannelError(RetryLater):
    """A channel did not take a message now.

    Args:
        is_ambiguous: True if the message may have arrived although no answer came: look before repeating.
        retry_after: seconds to wait that the channel asked for; None if it did not.
    """

    exit_code = 6

    def __init__(
        self,
        cause: str,
        *,
        subject: str | None = None,
        hint: str | None = None,
        is_ambiguous: bool = False,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(cause, subject=subject, hint=hint)
        self.is_ambiguous = is_ambiguous
        self.retry_after = retry_after


class ArchiveBusy(RetryLater):
    """Another process holds the archive; it says which."""

    exit_code = 7


class SkipThis(MonitorError):
    """This one thing cannot be used as it is; the others go on."""


class ParseError(SkipThis):
    """A document is not what its source type promises."""

    exit_code = 4


class MessageRefused(SkipThis):
    """A channel will never take this message (unknown channel, revoked token, invalid recipient)."""

    exit_code = 6


class MessageGone(MessageRefused):
    """The message to answer or to edit is no longer in the channel: somebody deleted it."""


class BadLine(SkipThis):
    """One line of a JSONL stream cannot be used; the subject is its number."""


class TellOperator(MonitorError):
    """Nothing works until a person changes something."""


class UsageError(TellOperator):
    """A command was called wrongly."""

    exit_code = 2


class QueryError(UsageError):
    """A query cannot be read.

    Args:
        query: the text as typed (after width folding).
        position: 0-based place of the slip in `query`, 0..len(query).
    """

    def __init__(self, cause: str, *, query: str, position: int, hint: str | None = None) -> None:
        super().__init__(cause, hint=hint)
        self.query = query
        self.position = position

    def pointed(self) -> tuple[str, str]:
        """A line of the query, as much of it as matters, and one with a caret below the place; both inert, for a font of one width."""
        start = max(0, self.position - 60)
        shown = [" " if category(each)[0] in "CZ" else each for each in self.query[start : self.position + 40]]
        cells = (0 if combining(each) else 2 if east_asian_width(each) in "WF" else 1 for each in shown[: self.position - start])
        return "".join(shown), " " * sum(cells) + "^"


class ConfigError(TellOperator):
    """feeds.yaml is wrong; the text has one line a slip: file, line, key, cause."""

    exit_code = 3


class SecretMissing(TellOperator):
    """A token or password is not in the environment."""

    exit_code = 3


class ModelError(TellOperator):
    """The classifier cannot be used: absent, damaged, foreign or newer."""

    exit_code = 3


class ArchiveError(TellOperator):
    """The archive cannot be opened, read or written."""

    exit_code = 7
