"""What a command costs, with every process that it starts: CPU, time and memory. Linux; elsewhere memory is the largest process's."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_EVERY = 0.03  # seconds between two looks at the tree
_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")
_MAXRSS_UNIT = 1 if sys.platform == "darwin" else 1024  # bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What a command cost and said."""

    cpu: float  # seconds, user and system, the whole tree
    wall: float  # seconds
    rss: float  # MB at the highest; pages that two processes share count twice
    output: str  # standard output


def measure(command: Sequence[str], *, folder: Path, environment: Mapping[str, str] | None = None, limit: float = 3600.0) -> Cost:
    """Run a command to its end.

    CPU is the larger of what the kernel says of the command with the children it waited for, and of what was seen of the
    tree, in which children count that were killed or left behind.

    Args:
        limit: seconds after which it is killed.

    Raises:
        SystemExit: it failed or was killed; with the end of what it said.
    """
    seen: dict[int, float] = {}
    highest = 0
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as complaints:
        began = time.perf_counter()
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdout=output,
            stderr=complaints,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            while True:
                ended, status, usage = os.wait4(process.pid, os.WNOHANG)
                if ended or time.perf_counter() - began > limit:
                    break
                resident = 0
                for pid in _tree(process.pid):
                    with contextlib.suppress(OSError, IndexError, ValueError):
                        resident += int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE
                        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
                        seen[pid] = (int(fields[11]) + int(fields[12])) / _TICKS
                highest = max(highest, resident)
                time.sleep(_EVERY)
            wall = time.perf_counter() - began
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            raise
        if not ended:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise SystemExit(f"bench: not done within {limit:.0f} s: {' '.join(command)[:200]}")
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        complaints.seek(0)
        said = output.read().decode("utf-8", "replace")
        if process.returncode != 0:
            last = complaints.read().decode("utf-8", "replace")[-2000:]
            raise SystemExit(f"bench: exit {process.returncode}: {' '.join(command)[:200]}\n{said[-500:]}{last}")
    return Cost(
        cpu=max(usage.ru_utime + usage.ru_stime, sum(seen.values())),
        wall=wall,
        # the kernel's own highest figure would begin with that of this process, from which the command was started
        rss=(highest or usage.ru_maxrss * _MAXRSS_UNIT) / 1e6,
        output=said,
    )


def resident_and_files(root: int) -> tuple[int, int]:
    """Resident bytes of a process with all that descend from it, and the files that they hold open. Linux only."""
    resident = files = 0
    for pid in _tree(root):
        with contextlib.suppress(OSError, IndexError, ValueError):
            resident += int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE
            files += sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())
    return resident, files


def cpu_of(root: int) -> float:
    """CPU seconds so far of a process with all that descend from it and still run. Linux only."""
    total = 0.0
    for pid in _tree(root):
        with contextlib.suppress(OSError, IndexError, ValueError):
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            total += (int(fields[11]) + int(fields[12])) / _TICKS
    return total


def _tree(root: int) -> Iterator[int]:
    """A process and all that descend from it, as of now."""
    waiting = [root]
    while waiting:
        pid = waiting.pop()
        yield pid
        # the thread that started a child is the one whose list names it
        for task in Path(f"/proc/{pid}/task").glob("*/children"):
            with contextlib.suppress(OSError):
                waiting += map(int, task.read_text().split())
