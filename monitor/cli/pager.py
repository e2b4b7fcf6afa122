"""Shows what is longer than the terminal page by page, as git does: through MONITOR_PAGER, else PAGER, else less. Never in a pipe."""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import sys
from collections.abc import Iterator
from contextvars import ContextVar
from typing import IO

import click

_held: ContextVar[list[str] | None] = ContextVar("held", default=None)
"""Pieces of a page that is being put together; None: what is shown is shown at once."""


def show(text: str) -> None:
    """Write text to standard output, through the pager if that is a terminal with fewer lines."""
    held = _held.get()
    if held is not None:
        held.append(text)
        return
    command = _command() if text.count("\n") >= shutil.get_terminal_size().lines else None
    if command is None or not _paged(command, text):
        sys.stdout.write(text)
        sys.stdout.flush()


@contextlib.contextmanager
def together() -> Iterator[None]:
    """What is shown inside the block goes through the pager in one piece, at its end."""
    token = _held.set([])
    try:
        yield
        text = "".join(_held.get() or ())
    finally:
        _held.reset(token)
    if text:
        show(text)


def _command() -> list[str] | None:
    """The pager and its arguments; None: there is to be none."""
    context = click.get_current_context(silent=True)
    is_paged = context is None or getattr(context.find_root().obj, "is_paged", True)  # of options.Here, which stands above
    is_unwanted = not is_paged or any(os.environ.get(name) for name in ("NO_PAGER", "CI"))
    if is_unwanted or not sys.stdout.isatty() or os.environ.get("TERM", "dumb") == "dumb":
        return None
    line = next((os.environ[name] for name in ("MONITOR_PAGER", "PAGER") if name in os.environ), "less")
    try:
        words = shlex.split(line)
    except ValueError:  # an open quotation mark; the table matters more
        return None
    return None if not words or words == ["cat"] else words


def _paged(command: list[str], text: str) -> bool:
    """Show text through a pager; False if it cannot be started."""
    import subprocess  # a search that fits the screen does not pay for it

    # as git sets them: leave at once what fits, keep colours, leave the text on the screen
    environment = {"LESS": "FRX", "LESSCHARSET": "utf-8", "LV": "-c", **os.environ}
    try:
        process = subprocess.Popen(  # noqa: S603 (the person's own choice of a program)
            command, stdin=subprocess.PIPE, env=environment, encoding="utf-8", errors="replace"
        )
    except OSError:
        return False
    assert process.stdin is not None
    _feed(process.stdin, text)
    while True:
        try:
            process.wait()
        except KeyboardInterrupt:  # it is the pager's: less stops a search by it
            continue
        return True


def _feed(stream: IO[str], text: str) -> None:
    """Give the pager all that it takes: whoever leaves it early has seen enough."""
    with contextlib.suppress(BrokenPipeError, KeyboardInterrupt):
        stream.write(text)
    with contextlib.suppress(BrokenPipeError):
        stream.close()
