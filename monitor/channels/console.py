"""Messages on standard output: for trials, and until Slack and mail are configured."""

from __future__ import annotations

import sys
from typing import TextIO

from monitor.messages import Message, Receipt

_WIDTH = 78


class Console:
    """Prints messages; cannot fail but with its stream, so nothing is ever in doubt."""

    can_look = False
    can_edit = False
    min_gap = 0.0

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream

    def send(self, message: Message) -> Receipt:
        """Print the message."""
        stream = self._stream or sys.stdout
        stream.write(rendered(message) + "\n")
        stream.flush()
        return Receipt(remote_id=f"console:{message.key}")

    def find(self, message: Message, since: float) -> Receipt | None:
        """None: what was printed cannot be read back."""
        del message, since
        return None

    def edit(self, message: Message, remote_id: str) -> None:
        """Never asked for: what was printed stays."""
        raise NotImplementedError


def rendered(message: Message) -> str:
    """The message as it is printed: a frame for an event's first, an indented block for what follows in its thread."""
    if message.mail is not None:
        return message.mail.text
    lines = [message.headline]
    if message.thread is not None:
        lines = [f"{message.headline} · in the thread of {message.event}", message.title]
    lines += [f"** {message.news} **" if message.news else "", message.extract, message.url or ""]
    lines += [f"- {each.title}{f' ({each.note})' if each.note else ''}" for each in message.lines]
    lines += [f"{name + ':':<16}{value}" for name, value in message.fields]
    lines += [f"Why: {message.why}" if message.why else "", message.hint]
    told = [line for line in lines if line]
    if message.thread is not None:
        return "\n".join("    ↳ " + line if place == 0 else "      " + line for place, line in enumerate(told)) + "\n"
    return "━" * _WIDTH + "\n" + "\n".join(told) + "\n"
