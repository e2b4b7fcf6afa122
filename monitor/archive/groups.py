"""Keeps what fetches bring in groups: a commit that waits for the disk costs more than the rows of thirty fetches."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field

from monitor.archive import Archive
from monitor.archive.intake import Change
from monitor.errors import ArchiveBusy, ArchiveError

_GROUP = 64
_GROUP_SECONDS = 0.2
"""Fetches that end so close together are kept in one transaction."""


@dataclass(slots=True)
class GroupWriter:
    """Keeps changes of intake in groups; whoever waits for one knows that it is on the disk. Lives within one event loop."""

    archive: Archive
    _waiting: list[tuple[Change, asyncio.Future[None]]] = field(default_factory=list)
    _timer: asyncio.TimerHandle | None = None

    async def write(self, change: Change) -> None:
        """Keep a change.

        Raises:
            ArchiveBusy, ArchiveError: it could not be kept.
        """
        loop = asyncio.get_running_loop()
        kept: asyncio.Future[None] = loop.create_future()
        self._waiting.append((change, kept))
        if len(self._waiting) >= _GROUP:
            self.flush()
        elif self._timer is None:
            self._timer = loop.call_later(_GROUP_SECONDS, self.flush)
        await kept

    def flush(self) -> None:
        """Keep what waits, at once."""
        if self._timer is not None:
            self._timer.cancel()
        group, self._waiting, self._timer = self._waiting, [], None
        try:
            self._store(change for change, _ in group)
        except (ArchiveBusy, ArchiveError) as error:  # the archive's fault, not a change's: to try each would wait for each
            for _, kept in group:
                if not kept.done():
                    kept.set_exception(error)
        except Exception:  # noqa: BLE001 (each is tried alone below: one that cannot be kept takes no other with it)
            for change, kept in group:
                try:
                    self._store((change,))
                except Exception as error:  # noqa: BLE001 (raised where the change is waited for)
                    if not kept.done():
                        kept.set_exception(error)
        for _, kept in group:
            if not kept.done():
                kept.set_result(None)

    def _store(self, changes: Iterable[Change]) -> None:
        with self.archive.errors():
            self.archive.intake.store(*changes)
