"""A document is read in a process that can be killed, and nothing of it is felt elsewhere."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import pickle
import signal
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from builders import NOW, a_source, fetched, rss

from monitor.errors import ConfigError, FetchError, FetchKind, ParseError
from monitor.items import Fetched, Reading, Selectors, Source
from monitor.sources import workers
from monitor.sources.workers import Limits, Readers

SOURCE = a_source()
DOCUMENT = fetched(rss(("1", "輸出管理", "許可制"), ("2", "镓", "出口管制")))
LINUX = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="looks at processes in /proc")


def within(work: Callable[[Readers], Awaitable[Any]], **limits: Any) -> Any:
    """What `work` gives back with readers of these limits."""

    async def run() -> Any:
        async with Readers(Limits(**{"workers": 1, "seconds": 30} | limits)) as readers:
            return await work(readers)

    found = asyncio.run(run())
    gc.collect()  # what was left open warns here, and a warning is an error
    return found


async def read(readers: Readers, source: Source = SOURCE, document: Fetched = DOCUMENT) -> Reading:
    return await readers.read(source, document, seen=b"", now=NOW, is_backlog=False)


async def failure(work: Awaitable[Any]) -> FetchError:
    with pytest.raises(FetchError) as caught:
        await work
    return caught.value


def test_a_worker_reads_as_the_program_itself_would() -> None:
    """The same items, whole, in the same order; one process serves many documents."""

    async def work(readers: Readers) -> None:
        found = await read(readers)
        assert found == workers.reading.read(SOURCE, DOCUMENT, b"", NOW, False)
        assert await readers.call("meti", os.getpid) == await readers.call("meti", os.getpid) != os.getpid()

    within(work)


def test_a_document_that_takes_too_long_is_ended_and_the_next_is_read() -> None:
    """The limit is kept to the second, the failure has its kind, and the source its name."""

    async def work(readers: Readers) -> None:
        await read(readers)  # starting Python is no part of a document's time
        began = time.monotonic()
        error = await failure(readers.call("meti", time.sleep, 60))
        assert time.monotonic() - began < 10
        assert (error.kind, error.subject) == (FetchKind.TOO_COSTLY, "meti")
        assert len((await read(readers)).items) == 2

    within(work, seconds=2)


def test_a_hostile_document_costs_no_more_than_the_limit() -> None:
    """An author of 300,000 letters, in a document that only the tolerant reader takes, would hold it for many minutes."""
    author = f"<author>{'a' * 300_000}</author>"
    hostile = fetched(f"<rss version='2.0'><channel><item><title>A & B</title>{author}</item></channel></rss>".encode())

    async def work(readers: Readers) -> None:
        await read(readers)
        began = time.monotonic()
        assert (await failure(read(readers, document=hostile))).kind is FetchKind.TOO_COSTLY
        assert time.monotonic() - began < 10
        assert len((await read(readers)).items) == 2

    within(work, seconds=2)


@LINUX
def test_a_document_that_takes_too_much_memory_is_ended_and_the_next_is_read() -> None:
    """The limit is the worker's own; the program is not touched by it."""

    async def work(readers: Readers) -> None:
        error = await failure(readers.call("meti", bytearray, 1 << 30))
        assert (error.kind, "MiB" in error.cause) == (FetchKind.TOO_COSTLY, True)
        assert len((await read(readers)).items) == 2

    within(work, max_bytes=600 << 20)


def test_a_worker_that_has_grown_is_replaced() -> None:
    """Memory that a document left behind is given back."""

    async def work(readers: Readers) -> None:
        assert await readers.call("meti", os.getpid) != await readers.call("meti", os.getpid)

    within(work, max_resident=1)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV])
def test_a_worker_that_dies_costs_one_document(number: signal.Signals) -> None:
    """Whoever killed it: the document at hand fails, the next has a new worker."""

    async def work(readers: Readers) -> None:
        error = await failure(readers.call("meti", signal.raise_signal, number))
        assert error.kind is FetchKind.TOO_COSTLY
        assert len((await read(readers)).items) == 2

    within(work)


def test_a_worker_that_was_killed_while_it_was_idle_costs_one_document_at_most() -> None:
    """As when the system runs out of memory at night."""

    async def work(readers: Readers) -> None:
        os.kill(await readers.call("meti", os.getpid), signal.SIGKILL)
        with contextlib.suppress(FetchError):
            await read(readers)
        assert len((await read(readers)).items) == 2

    within(work)


def test_errors_of_a_document_come_back_as_what_they_are() -> None:
    """Each with the source that it is about."""

    async def work(readers: Readers) -> None:
        with pytest.raises(ParseError, match="an HTML page, not a feed") as caught:
            await read(readers, document=fetched(b"<!DOCTYPE html><html></html>"))
        assert caught.value.subject == "meti"
        listing = a_source(id="cistec", type="listing", select=Selectors(item="li:::"))
        with pytest.raises(ConfigError):
            await read(readers, listing)

    within(work)


def test_a_fault_of_ours_is_told_and_costs_one_document() -> None:
    """It is internal, with the name of what was raised; the worker goes on."""

    async def work(readers: Readers) -> None:
        error = await failure(readers.call("meti", int, "seven"))
        assert (error.kind, "ValueError" in error.cause) == (FetchKind.INTERNAL, True)
        assert len((await read(readers)).items) == 2

    within(work)


def test_a_worker_has_no_secret_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """It knows where Python is and which language is spoken, and nothing else."""
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-marked")
    monkeypatch.setenv("SMTP_PASSWORD", "marked")
    monkeypatch.setenv("METI_KEY", "marked")
    names = within(lambda readers: readers.call("meti", eval, "sorted(__import__('os').environ)"))
    allowed = {"PATH", "PYTHONPATH", "LANG", "LC_ALL", "LC_CTYPE", "TMPDIR", "VIRTUAL_ENV", "SYSTEMROOT"}
    assert set(names) <= allowed  # LC_CTYPE: Python's own, where no language is set


def test_a_worker_never_sees_what_a_source_sends_to_its_origin(monkeypatch: pytest.MonkeyPatch) -> None:
    """Headers may hold passwords; the job that goes through the pipe holds none."""
    sent: list[bytes] = []
    ask = workers._Worker.ask

    async def observed(worker: Any, job: Any) -> Any:
        sent.append(pickle.dumps(job))
        return await ask(worker, job)

    monkeypatch.setattr(workers._Worker, "ask", observed)
    source = a_source(headers=(("Authorization", "Bearer marked"),))
    assert within(lambda readers: read(readers, source)).entries == 2
    assert len(sent) == 1
    assert b"marked" not in sent[0]


@LINUX
def test_a_worker_holds_no_file_of_ours() -> None:
    """Neither the archive nor a connection of the parent is open in it."""
    kept = os.open("/etc/hostname", os.O_RDONLY)
    os.set_inheritable(kept, True)
    try:
        links = "[str(each.resolve()) for each in __import__('pathlib').Path('/proc/self/fd').iterdir() if int(each.name) > 2]"
        open_ones = within(lambda readers: readers.call("meti", eval, links))
    finally:
        os.close(kept)
    assert [each for each in open_ones if "hostname" in each or each.endswith(".db")] == []
    assert sum("socket:" in each for each in open_ones) == 1


@pytest.mark.parametrize(
    "work",
    [
        pytest.param((Path, "/tmp"), id="a path"),
        pytest.param((eval, "__import__('os').system"), id="a function"),
        pytest.param((eval, "type('Run', (), {'__reduce__': lambda self: (__import__('os').system, ('true',))})()"), id="a call"),
        pytest.param((eval, "__import__('monitor.sources.web', fromlist=['Web']).Web"), id="a class of ours"),
        pytest.param((eval, "__import__('monitor.sources.web', fromlist=['checked']).checked"), id="a function of ours"),
    ],
)
def test_what_is_no_noun_is_not_taken_from_a_worker(work: tuple[Any, ...]) -> None:
    """A worker that was broken into cannot make us call anything; it is ended."""

    async def ask(readers: Readers) -> None:
        first = await readers.call("meti", os.getpid)
        with pytest.raises((FetchError, pickle.UnpicklingError)):
            await readers.call("meti", *work)
        assert await readers.call("meti", os.getpid) != first

    within(ask)


def test_two_documents_are_read_at_once_and_a_third_waits() -> None:
    """As many processes as the limits say, and each document in one of its own."""

    async def work(readers: Readers) -> None:
        async def both() -> list[int]:
            return list(await asyncio.gather(*(readers.call("meti", os.getpid) for _ in range(3))))

        await both()
        began = time.monotonic()
        slow = asyncio.create_task(readers.call("meti", time.sleep, 2))
        await asyncio.sleep(0)
        assert len(set(await both())) == 1  # the other worker has done all three
        assert time.monotonic() - began < 2
        await slow

    within(work, workers=2)


def test_a_worker_is_started_only_when_there_is_work() -> None:
    """A round in which nothing has changed starts none."""

    async def work(readers: Readers) -> None:
        assert children() == before

    before = children()
    within(work)


def test_nothing_stays_behind() -> None:
    """Neither a process, nor a zombie, nor a socket; also when the work was given up in the middle."""

    async def given_up(readers: Readers) -> None:
        await read(readers)
        task = asyncio.create_task(readers.call("meti", time.sleep, 60))
        await asyncio.sleep(0.1)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    before = children()
    within(read)
    within(given_up)
    assert children() == before


def children() -> set[int]:
    """Processes of ours, with those that ended and were not asked for."""
    found = set()
    for place in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(place.read_text().rpartition(")")[2].split()[1])
        except (OSError, ValueError, IndexError):
            continue
        if parent == os.getpid():
            found.add(int(place.parent.name))
    return found


@LINUX
def test_a_worker_whose_parent_is_gone_ends() -> None:
    """It sees the end of its pipe; a daemon that was killed leaves nothing running."""

    async def work(readers: Readers) -> int:
        await readers.call("meti", os.getpid)
        [worker] = readers._all
        worker._writer.transport.abort()
        return await asyncio.to_thread(worker._process.wait, 10)

    assert within(work) == 0
