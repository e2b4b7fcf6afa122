"""Reads documents in processes of their own, which can be killed: a hostile document costs bounded time and memory, and no other.

A worker knows no secret, reaches no network and no archive; it gets a document and gives back nouns. Run as a module it is the
worker's side.
"""

from __future__ import annotations

import asyncio
import io
import os
import pickle
import resource
import socket
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, is_dataclass, replace
from datetime import datetime
from enum import Enum
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar, cast

from monitor import memory
from monitor.errors import ConfigError, FetchError, FetchKind, MonitorError, ParseError
from monitor.items import Fetched, Parsed, Reading, Source
from monitor.sources import parse, reading

_HEAD = 4
_MAX_ANSWER = 256 << 20
_PASSED_ON = ("PATH", "PYTHONPATH", "LANG", "LC_ALL", "TMPDIR", "VIRTUAL_ENV", "SYSTEMROOT")
T = TypeVar("T")
_ERRORS: dict[str, type[MonitorError]] = {"ParseError": ParseError, "ConfigError": ConfigError}


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What reading one document may cost."""

    workers: int = 2
    seconds: float = 10.0
    max_bytes: int = 768 << 20  # address space of a worker
    max_resident: int = 80 << 20  # a worker that has grown beyond is replaced by a fresh one


DEFAULT = Limits()


class Readers:
    """The workers; use it as an async context manager, within one event loop. None is started before there is work."""

    def __init__(self, limits: Limits = DEFAULT) -> None:
        self._limits = limits
        self._free = asyncio.Semaphore(limits.workers)
        self._idle: list[_Worker] = []
        self._all: set[_Worker] = set()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for worker in list(self._all):
            self._end(worker)

    async def read(self, source: Source, fetched: Fetched, *, seen: bytes, now: datetime, is_backlog: bool) -> Reading:
        """As reading.read.

        Raises:
            ParseError, ConfigError: as there.
            FetchError: kind too_costly, if it took more than the limits allow.
        """
        public = replace(source, headers=())  # secrets stay here
        return await self.call(source.id, reading.read, public, fetched, seen, now, is_backlog)

    async def call(self, subject: str, work: Callable[..., T], *arguments: Any) -> T:
        """What a function of a module makes of the arguments, in a worker.

        Args:
            subject: the source or address that it is about, for errors.
            work: pure; gives back nouns, or what json has.

        Raises:
            ParseError, ConfigError: as `work` does.
            FetchError: kind too_costly, if it took more than the limits allow; internal, if it raised anything else.
        """
        job = (work, arguments)
        async with self._free:
            worker = self._idle.pop() if self._idle else await self._start()
            is_sound = False
            try:
                async with asyncio.timeout(self._limits.seconds):
                    answer, resident = await worker.ask(job)
                is_sound = resident <= self._limits.max_resident
            except TimeoutError as error:
                cause = f"reading it took more than {self._limits.seconds:g} s"
                raise FetchError(cause, kind=FetchKind.TOO_COSTLY, subject=subject) from error
            except pickle.UnpicklingError as error:
                raise FetchError(f"internal error ({error})", kind=FetchKind.INTERNAL, subject=subject) from error
            except (OSError, EOFError, asyncio.IncompleteReadError) as error:
                cause = f"reading it took more than {self._limits.max_bytes >> 20} MiB, or broke the reader"
                raise FetchError(cause, kind=FetchKind.TOO_COSTLY, subject=subject) from error
            finally:
                if is_sound:
                    self._idle.append(worker)
                else:
                    self._end(worker)
        name, value = answer
        if name == "ok":
            return cast(T, value)
        if name in _ERRORS:
            raise _ERRORS[name](value[0], subject=subject, hint=value[1])
        if name == "MemoryError":
            cause = f"reading it took more than {self._limits.max_bytes >> 20} MiB"
            raise FetchError(cause, kind=FetchKind.TOO_COSTLY, subject=subject)
        raise FetchError(f"internal error ({name}: {value})", kind=FetchKind.INTERNAL, subject=subject)

    async def _start(self) -> _Worker:
        ours, theirs = socket.socketpair()
        with theirs:
            process = subprocess.Popen(  # noqa: S603 (our own interpreter, our own module)
                [sys.executable, "-m", "monitor.sources.workers", str(theirs.fileno()), *map(str, self._numbers())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env={name: os.environ[name] for name in _PASSED_ON if name in os.environ},
            )
        worker = _Worker(process, *await asyncio.open_connection(sock=ours))
        self._all.add(worker)
        return worker

    def _numbers(self) -> tuple[int, int]:
        return self._limits.max_bytes, int(self._limits.seconds) + 5

    def _end(self, worker: _Worker) -> None:
        self._all.discard(worker)
        worker.end()


def read_alone(fetched: Fetched, name: str, type_: str | None) -> Parsed:
    """A document that belongs to no source, read in a worker (see sources.parse).

    Raises:
        ParseError: nothing that can be read by itself.
        FetchError: kind too_costly, if it took more than the limits allow.
    """

    async def read() -> Parsed:
        async with Readers() as readers:
            return await readers.call(name, parse, fetched, name, type_)

    return asyncio.run(read())


class _Worker:
    """The parent's side of one process."""

    def __init__(self, process: subprocess.Popen[bytes], reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._process = process
        self._reader = reader
        self._writer = writer

    async def ask(self, job: tuple[Callable[..., Any], tuple[Any, ...]]) -> tuple[tuple[str, Any], int]:
        """The answer, and the worker's resident bytes."""
        raw = pickle.dumps(job, pickle.HIGHEST_PROTOCOL)
        self._writer.write(len(raw).to_bytes(_HEAD, "big") + raw)
        await self._writer.drain()
        size = int.from_bytes(await self._reader.readexactly(_HEAD), "big")
        if size > _MAX_ANSWER:
            raise EOFError("an answer beyond measure")
        answer: tuple[tuple[str, Any], int] = _Nouns(io.BytesIO(await self._reader.readexactly(size))).load()
        return answer

    def end(self) -> None:
        """Kill it: it holds nothing that anybody needs."""
        self._writer.transport.abort()
        self._process.kill()
        self._process.wait()


class _Nouns(pickle.Unpickler):
    """Takes nouns of this program, and no other function or class: what a worker that was broken into can do here is little."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) in _PLAIN:
            return super().find_class(module, name)
        found = super().find_class(module, name) if module.startswith(_OURS) else None
        if isinstance(found, type) and (is_dataclass(found) or issubclass(found, Enum)):
            return found
        raise pickle.UnpicklingError(f"{module}.{name} is no noun")


_OURS = ("monitor.items", "monitor.sources.")
_PLAIN = {("monitor.items", "item_of"), *(("datetime", each) for each in ("datetime", "date", "timedelta", "timezone"))}


def main(number: int, max_bytes: int, seconds: int) -> None:
    """A worker's life: jobs from the socket until it is closed."""
    memory.give_back()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        resource.setrlimit(resource.RLIMIT_AS, (max_bytes, max_bytes))
    except (ValueError, OSError):  # not every system has this limit; the time limit holds all the same
        pass
    with socket.socket(fileno=number) as connection, connection.makefile("rwb") as stream:
        while len(head := stream.read(_HEAD)) == _HEAD:
            job = pickle.loads(stream.read(int.from_bytes(head, "big")))  # noqa: S301 (from our own parent)
            # if the parent is killed, nobody ends a worker that hangs: the kernel does
            spent = resource.getrusage(resource.RUSAGE_SELF)
            limit = int(spent.ru_utime + spent.ru_stime) + seconds
            resource.setrlimit(resource.RLIMIT_CPU, (limit, resource.RLIM_INFINITY))
            answer = pickle.dumps((_done(job), _resident()), pickle.HIGHEST_PROTOCOL)
            stream.write(len(answer).to_bytes(_HEAD, "big") + answer)
            stream.flush()


def _done(job: tuple[Callable[..., Any], tuple[Any, ...]]) -> tuple[str, Any]:
    """The job's result, or its error, by name."""
    work, arguments = job
    try:
        return "ok", work(*arguments)
    except MonitorError as error:
        return type(error).__name__, (error.cause, error.hint)
    except MemoryError:
        return "MemoryError", ""
    except Exception as error:  # noqa: BLE001 (told to the parent, which names the source)
        return type(error).__name__, str(error)[:200]


def _resident() -> int:
    """Resident bytes of this process; where the system does not tell, the highest there ever were."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()
    except (OSError, ValueError, IndexError):
        # on Linux this begins with what the parent had when it started us, so it is no measure there
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak << 10


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
