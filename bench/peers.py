"""The peers that intake is compared with: lemon24/reader and newsboat; installs them where it may, and says so where not.

reader goes into a virtual environment under build/bench; newsboat and nginx are Debian's, by apt-get, as root only.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import venv
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from bench import server
from bench.tree import Cost, measure

ROOT = Path(__file__).resolve().parent.parent
_READER = ("reader==3.26", "sgmllib3k==1.0.0")
"""reader vendors a feedparser that wants sgmllib, which nothing that it depends on brings."""
_THREADS = 10
_PACKAGES = ("nginx-light", "newsboat")


class Peer(Protocol):
    """A program that reads all feeds once, as often as it is asked, into a store of its own."""

    name: str
    rounds_to_settle: int  # rounds after the first, not measured, until it keeps what servers give to ask with

    def prepare(self, folder: Path, addresses: list[str]) -> None:
        """Begin with an empty store in an empty folder; not measured."""
        ...

    def round(self, folder: Path) -> Cost:
        """Read all feeds once."""
        ...

    def entries(self, folder: Path, cost: Cost) -> int:
        """How many entries it has after a round."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """lemon24/reader."""

    python: Path
    rounds_to_settle: int = 0
    name: str = f"reader {_READER[0].partition('==')[2]}, {_THREADS} workers"

    def prepare(self, folder: Path, addresses: list[str]) -> None:
        """Add the feeds, which our side does anew at each start from its configuration."""
        (folder / "urls").write_text("\n".join(addresses))
        self._run(folder, "add", "urls")

    def round(self, folder: Path) -> Cost:
        """Update all feeds."""
        return self._run(folder, "update", str(_THREADS))

    def entries(self, folder: Path, cost: Cost) -> int:  # noqa: ARG002
        """What it counted itself."""
        return int(cost.output)

    def _run(self, folder: Path, *arguments: str) -> Cost:
        work, argument = arguments
        script = str(ROOT / "bench" / "reader_round.py")
        return measure([str(self.python), script, work, "reader.sqlite", argument], folder=folder)


@dataclass(frozen=True, slots=True, kw_only=True)
class Newsboat:
    """newsboat, without its screen."""

    program: str
    name: str
    rounds_to_settle: int = 1  # seen in 2.21: validators are kept from the second round on

    def prepare(self, folder: Path, addresses: list[str]) -> None:
        """Its list of feeds and its settings."""
        (folder / "urls").write_text("\n".join(addresses) + "\n")
        (folder / "config").write_text(f"reload-threads {_THREADS}\n")

    def round(self, folder: Path) -> Cost:
        """Reload all feeds."""
        command = [self.program, "-u", "urls", "-C", "config", "-c", "cache.db", "-x", "reload"]
        return measure(command, folder=folder, environment={**os.environ, "HOME": str(folder)})

    def entries(self, folder: Path, cost: Cost) -> int:  # noqa: ARG002
        """Rows of its cache."""
        with closing(sqlite3.connect(folder / "cache.db")) as cache:
            return int(cache.execute("select count(*) from rss_item").fetchone()[0])


def install_debian() -> None:
    """Bring nginx and newsboat where they are missing, on Debian as root; else the benchmark does without."""
    if server.nginx() is not None and shutil.which("newsboat") is not None:
        return
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        _say(f"nginx or newsboat is missing; on Debian: apt-get install {' '.join(_PACKAGES)}")
        return
    # run level 1: the packages are installed, their services are not started
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    for command in (["apt-get", "-qq", "update"], ["apt-get", "-qq", "-y", "--no-install-recommends", "install", *_PACKAGES]):
        if subprocess.run(command, env=quiet, stdout=subprocess.DEVNULL, check=False).returncode != 0:
            _say(f"failed: {' '.join(command)}")


def reader() -> Reader | None:
    """reader, installed for this benchmark alone; None if that cannot be done here."""
    folder = ROOT / "build" / "bench" / "reader"
    python = folder / "bin" / "python"
    ready = folder / "ready"
    if not ready.exists() or ready.read_text() != " ".join(_READER):
        venv.create(folder, with_pip=True, clear=True)
        pip = [str(python), "-m", "pip", "--quiet", "--disable-pip-version-check", "install", *_READER]
        if subprocess.run(pip, stdout=sys.stderr, check=False).returncode != 0:
            _say(f"no reader: {' '.join(_READER)} could not be installed")
            return None
        ready.write_text(" ".join(_READER))
    return Reader(python=python)


def newsboat() -> Newsboat | None:
    """newsboat, if this machine has it."""
    program = shutil.which("newsboat")
    if program is None:
        _say("no newsboat: it is not installed")
        return None
    version = subprocess.run([program, "-v"], capture_output=True, text=True, check=True).stdout.split()[1]
    return Newsboat(program=program, name=f"newsboat {version}, {_THREADS} threads")


def _say(text: str) -> None:
    print(f"bench: {text}", file=sys.stderr)
