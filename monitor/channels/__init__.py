"""Where messages go. A new kind of channel is one file and one line in KINDS; `send` speaks, `find` looks before a repeat."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from monitor.errors import UsageError
from monitor.items import Message, Receipt


class Channel(Protocol):
    """One way to tell people something."""

    can_look: bool
    """True if find can tell whether a message arrived."""

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
        """
        ...


KINDS: Mapping[str, str] = {
    "slack": "monitor.channels.slack:Slack",
    "mail": "monitor.channels.mail:Mail",
    "console": "monitor.channels.console:Console",
}
"""Kinds of address and the class that serves each; imported only when used, because the clients are heavy."""


def split(address: str) -> tuple[str, str]:
    """Kind and target of an address: slack:#econsec, mail:team@example or team@example, console.

    Raises:
        UsageError: no address of a known kind.
    """
    kind, _, target = address.partition(":")
    if kind in KINDS and (target or kind == "console"):
        return kind, target
    if "@" in address and not address.startswith(tuple(f"{each}:" for each in KINDS)):
        return "mail", address
    raise UsageError(f"{address!r} is no channel", hint="Use slack:#name, mail:someone@example or console")
