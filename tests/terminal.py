"""Runs the program on a terminal of its own, of any size, and gives back what a person would have seen."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from pathlib import Path

from conftest import ROOT

_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[=>]")


def on_a_terminal(folder: Path, *arguments: str, columns: int = 80, lines: int = 24, **environment: str) -> tuple[int, str]:
    """The exit code and what was written on the terminal, without colours; standard error as well."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
    plain = {
        name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES", "CI", "NO_PAGER", "PAGER", "LESS")
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "monitor", *arguments],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        cwd=folder,
        env={**plain, "PYTHONPATH": str(ROOT), "TERM": "xterm", **environment},
    )
    os.close(theirs)
    written = bytearray()
    with contextlib.suppress(OSError):  # the end of a terminal is an error of input
        while piece := os.read(ours, 65_536):
            written += piece
    os.close(ours)
    return process.wait(60), _ESCAPES.sub("", written.decode("utf-8")).replace("\r\n", "\n")
