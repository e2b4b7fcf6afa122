"""Room on the disk, asked for before a long work begins. No promise: others may fill the disk meanwhile."""

from __future__ import annotations

import shutil
from pathlib import Path

from monitor.cli.output import size_text
from monitor.errors import ArchiveError


def room_for(folder: Path, needed: int, what: str) -> None:
    """Refuse to begin what cannot end.

    Args:
        folder: where it is to be written.
        needed: bytes, for a while or for good.
        what: what needs them, as the message names it: "the copy".

    Raises:
        ArchiveError: less is free.
    """
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise ArchiveError(
            f"the disk is full: {what} needs {size_text(needed)}, {size_text(free)} are free",
            subject=str(folder),
            hint="Free space",
        )
