"""The archive: the one place with SQL. Everything that is kept is kept here, in one SQLite file.

`Archive` is the door; behind it each job has its own tables object: intake, hubs, judging, events, alerts, outbox, reading, readers,
exports, labels, silences, answers, past, pruning, bringing, figures, following, searches, neighbours.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from monitor.archive import connection as opening
from monitor.archive import copying
from monitor.archive.failures import translated
from monitor.archive.reading import AlertRow, ReadingTables

if TYPE_CHECKING:
    from monitor.archive.alerts import AlertTables
    from monitor.archive.answers import AnswerTables
    from monitor.archive.bringing import BringingTables
    from monitor.archive.events import EventTables
    from monitor.archive.exporting import ExportTables
    from monitor.archive.figures import FigureTables
    from monitor.archive.following import Following
    from monitor.archive.hubs import HubTables
    from monitor.archive.intake import IntakeTables
    from monitor.archive.judging import JudgingTables
    from monitor.archive.labels import LabelTables
    from monitor.archive.neighbours import NeighbourTables
    from monitor.archive.outbox import OutboxTables
    from monitor.archive.past import PastTables
    from monitor.archive.pruning import PruningTables
    from monitor.archive.readers import ReaderTables
    from monitor.archive.searches import SearchTables
    from monitor.archive.silences import SilenceTables

__all__ = ["AlertRow", "Archive"]


class Archive:
    """An open archive, for one thread; use it as a context manager."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self.path = path

    @classmethod
    def open(
        cls,
        url: str,
        *,
        is_readonly: bool = False,
        is_any_age: bool = False,
        wait: float | None = None,
        on_wait: Callable[[], None] | None = None,
        may_make: bool = True,
    ) -> Self:
        """Open the archive of a URL such as sqlite:///data/monitor.db.

        Args:
            is_readonly: never writes, not even to make or migrate the file.
            is_any_age: read-only, and of an older version too, to look it over or to copy it: most of it cannot be asked for then.
            wait: seconds that a reader waits for others before it gives up; None: as long as a writer does.
            on_wait: called once, when a writer has waited for another for a second; None: it waits in silence.
            may_make: a writer makes the file where it is missing.

        Raises:
            UsageError: not a URL of an archive, or that of a folder.
            ArchiveError: absent and not to be made, unwritable, damaged, foreign or newer.
            ArchiveBusy: another process holds it.
        """
        path = opening.path_of(url)
        if is_readonly or is_any_age:
            return cls(opening.open_for_reading(path, wait=wait, is_any_age=is_any_age), path)
        connection = opening.open_for_writing(path, on_wait, may_make=may_make)
        return cls(connection, path)

    @classmethod
    def open_anothers(cls, path: Path) -> Self:
        """Open an archive that is not ours, of any age, to look at it or to copy it: nothing is written, neither to it nor beside it.

        Raises:
            ArchiveError: absent, damaged, foreign or newer.
        """
        return cls(opening.open_for_reading(path, is_any_age=True, is_anothers=True), path)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Give the file back."""
        self._connection.close()

    # sqlite-utils takes a third of a second to import; a command that only reads does not pay for it.

    @cached_property
    def intake(self) -> IntakeTables:
        """Intake's side."""
        from monitor.archive.intake import IntakeTables

        return IntakeTables(self._connection)

    @cached_property
    def hubs(self) -> HubTables:
        """The hubs' side."""
        from monitor.archive.hubs import HubTables

        return HubTables(self._connection)

    @cached_property
    def judging(self) -> JudgingTables:
        """Judgement's side."""
        from monitor.archive.judging import JudgingTables

        return JudgingTables(self._connection)

    @cached_property
    def alerts(self) -> AlertTables:
        """The rules' side."""
        from monitor.archive.alerts import AlertTables

        return AlertTables(self._connection)

    @cached_property
    def outbox(self) -> OutboxTables:
        """Delivery's side."""
        from monitor.archive.outbox import OutboxTables

        return OutboxTables(self._connection)

    @cached_property
    def reading(self) -> ReadingTables:
        """The readers' side."""
        return ReadingTables(self._connection)

    @cached_property
    def exports(self) -> ExportTables:
        """The exports' side."""
        from monitor.archive.exporting import ExportTables

        return ExportTables(self._connection)

    @cached_property
    def readers(self) -> ReaderTables:
        """The digests' side."""
        from monitor.archive.readers import ReaderTables

        return ReaderTables(self._connection)

    @cached_property
    def events(self) -> EventTables:
        """The events' side."""
        from monitor.archive.events import EventTables

        return EventTables(self._connection)

    @cached_property
    def neighbours(self) -> NeighbourTables:
        """What looking for neighbours reads."""
        from monitor.archive.neighbours import NeighbourTables

        return NeighbourTables(self._connection)

    @cached_property
    def labels(self) -> LabelTables:
        """The analysts' side."""
        from monitor.archive.labels import LabelTables

        return LabelTables(self._connection)

    @cached_property
    def searches(self) -> SearchTables:
        """Queries under names."""
        from monitor.archive.searches import SearchTables

        return SearchTables(self._connection)

    @cached_property
    def silences(self) -> SilenceTables:
        """What is not told for a time."""
        from monitor.archive.silences import SilenceTables

        return SilenceTables(self._connection)

    @cached_property
    def answers(self) -> AnswerTables:
        """What answering an analyst reads."""
        from monitor.archive.answers import AnswerTables

        return AnswerTables(self._connection)

    @cached_property
    def past(self) -> PastTables:
        """What rules are tried on."""
        from monitor.archive.past import PastTables

        return PastTables(self._connection)

    @cached_property
    def pruning(self) -> PruningTables:
        """What goes, and what went."""
        from monitor.archive.pruning import PruningTables

        return PruningTables(self._connection)

    @cached_property
    def bringing(self) -> BringingTables:
        """What comes from another archive."""
        from monitor.archive.bringing import BringingTables

        return BringingTables(self._connection)

    @cached_property
    def figures(self) -> FigureTables:
        """What is counted."""
        from monitor.archive.figures import FigureTables

        return FigureTables(self._connection)

    @cached_property
    def following(self) -> Following:
        """What is judged from now on."""
        from monitor.archive.following import Following

        return Following(self._connection)

    @contextlib.contextmanager
    def working(self) -> Iterator[None]:
        """Hold the archive for the jobs while the block runs.

        Raises:
            ArchiveBusy: another process works on it.
        """
        with opening.sole_worker(self.path):
            yield

    @contextlib.contextmanager
    def importing(self) -> Iterator[None]:
        """Be the only one who brings things in while the block runs.

        Raises:
            ArchiveBusy: another process does.
        """
        with opening.sole_importer(self.path):
            yield

    def worker(self) -> str | None:
        """The process that holds the archive for the jobs; None: nobody does."""
        return opening.worker(self.path)

    def lacking(self) -> list[str]:
        """Steps of the schema that the archive has not been through yet, in order; none unless it was opened at any age."""
        return opening.lacking(self._connection)

    def is_public(self) -> bool:
        """True if it is a copy to show: what is of this house is not in it."""
        return copying.is_marked(self._connection)

    @contextlib.contextmanager
    def errors(self) -> Iterator[None]:
        """Turn what SQLite raises inside the block into ArchiveError and ArchiveBusy."""
        with translated(self.path):
            yield

    def backup(self, target: Path, on_pages: Callable[[int, int], None] = lambda _done, _total: None) -> None:
        """A copy of the archive as it is at this moment, made while others work.

        Args:
            target: a file that is not there yet; nothing is left of it if the copy cannot be finished.
            on_pages: told how many pages are copied, and of how many.

        Raises:
            ArchiveError: the target cannot be written.
        """
        copying.copy(self._connection, target, on_pages)
