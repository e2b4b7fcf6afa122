"""Where messages go. A new kind of channel is one file, one line in KINDS and one in house.open_channel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from monitor.errors import UsageError
from monitor.messages import Message, Receipt


class Channel(Protocol):
    """One way to tell people, or programs, something. One object serves one address; it is called from one thread at a time."""

    can_look: bool
    """True if find can tell whether a message arrived."""

    can_edit: bool
    """True if what was said can be brought up to date."""

    min_gap: float
    """Seconds between two messages to one address."""

    def send(self, message: Message) -> Receipt:
        """Deliver a message.

        Raises:
            ChannelError: not now; is_ambiguous if it may have arrived all the same.
            MessageRefused: never.
        """
        ...

    def find(self, message: Message, since: float) -> Receipt | None:
        """The receipt of a message that may have gone after `since` (Unix time); None if it is not there.

        Raises:
            ChannelError: cannot look now.
            MessageRefused: may never look.
        """
        ...

    def edit(self, message: Message, remote_id: str) -> None:
        """Make the message of a receipt say what `message` says; only if can_edit.

        Raises:
            ChannelError: not now; nothing is lost by trying again.
            MessageGone: it is no longer there.
            MessageRefused: never.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """What holds for every channel of a kind."""

    example: str
    is_for_people: bool = True  # False: programs read it, so nothing is folded or held back for the night


KINDS: Mapping[str, Kind] = {
    "slack": Kind(example="slack:#name"),
    "slack-webhook": Kind(example="slack-webhook:name"),
    "mail": Kind(example="mail:someone@example"),
    "webhook": Kind(example="webhook:name", is_for_people=False),
    "atom": Kind(example="atom:folder/file.xml", is_for_people=False),
    "console": Kind(example="console"),
}
"""Kinds of address."""


def split(address: str) -> tuple[str, str]:
    """Kind and target of an address: slack:#econsec, mail:team@example or team@example, webhook:tracker, console.

    Raises:
        UsageError: no address of a known kind.
    """
    kind, _, target = address.partition(":")
    if kind in KINDS and (target or kind == "console"):
        return kind, target
    if "@" in address and not address.startswith(tuple(f"{each}:" for each in KINDS)):
        return "mail", address
    raise UsageError(f"{address!r} is no channel", hint=f"Use {', '.join(each.example for each in KINDS.values())}")
