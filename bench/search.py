"""How fast, how complete and how large search is, on a made-up archive of a million items, beside other indexes of the same text.

python -m bench.search                     1,000,000 items, all peers (about 40 minutes, 8 GB of disk under build/bench)
python -m bench.search --items 100000 --peers unicode61
python -m bench.search --peers none        only ours
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import sqlite3
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path

from bench.million import NOW, Filing, filings
from bench.search_peers import PEERS, Peer
from bench.search_queries import Ask, asks, cjk_words, hard_asks
from monitor import bundled, query, thesaurus, tokens
from monitor.archive import Archive
from monitor.archive.intake import Change
from monitor.archive.search import Found, condition
from monitor.dedupe import Sorted
from monitor.items import SourceState
from monitor.query import Node

ROOT = Path(__file__).resolve().parent.parent
_BATCH = 500
"""Items of one transaction, as a group of fetches commits them."""
_LIMIT = 20
_COLD = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class _Times:
    """What some queries took, in milliseconds."""

    values: tuple[float, ...]

    def __str__(self) -> str:
        ordered = sorted(self.values)
        return f"{statistics.median(ordered):8.1f} {ordered[int(len(ordered) * 0.95)]:8.1f} {ordered[-1]:8.1f}"

    @property
    def p95(self) -> float:
        """95 of 100 took at most so long."""
        return sorted(self.values)[int(len(self.values) * 0.95)]


def main(arguments: Sequence[str] | None = None) -> None:
    """Build, ask and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, default=1_000_000)
    parser.add_argument("--peers", default=",".join(PEERS), help="comma separated, or none")
    parser.add_argument("--keep", action="store_true", help="leave the archive, and take one that is there")
    options = parser.parse_args(arguments)
    folder = ROOT / "build" / "bench" / f"search-{options.items}"
    folder.mkdir(parents=True, exist_ok=True)
    print(
        f"{options.items:,} items; SQLite {sqlite3.sqlite_version}, Python {platform.python_version()}, {os.cpu_count()} cores\n"
    )
    try:
        path = folder / "monitor.db"
        if not path.exists():
            _build(path, options.items)
        _sizes(path)
        questions = asks(path)
        _speed(path, questions)
        _hard(path)
        _completeness(path)
        _shell(path)
        for name in [each for each in options.peers.split(",") if each in PEERS]:
            _beside(PEERS[name](folder / name), path, questions)
    finally:
        if not options.keep:
            shutil.rmtree(folder, ignore_errors=True)


def _build(path: Path, count: int) -> None:
    """Fill an archive as intake does, and tag it as judgement would have."""
    used = wall = 0.0
    done = 0
    began = path.with_suffix(".part")
    began.unlink(missing_ok=True)
    with Archive.open(f"sqlite:///{began}") as archive:
        stream = filings(count)
        while batch := list(islice(stream, _BATCH)):
            start, at = time.process_time(), time.perf_counter()
            found = Sorted(new=tuple(each.item for each in batch), revised=(), unchanged=0)
            archive.intake.store(Change(state=SourceState(id="bench"), found=found, at=NOW))
            used += time.process_time() - start
            wall += time.perf_counter() - at
            done += len(batch)
            _tag(archive._connection, batch)
            if done % 50_000 == 0:
                print(f"  {done:,} items, {done / used:,.0f} a CPU second so far", file=sys.stderr)
        archive._connection.execute("pragma wal_checkpoint(truncate)")
    began.rename(path)
    rate = count / used
    print(
        f"ingest with indexing: {rate:,.0f} items a CPU second, {count / wall:,.0f} a second of wall  {_said(rate >= 2000)} (asked 2,000)"
    )


def _tag(connection: sqlite3.Connection, batch: Sequence[Filing]) -> None:
    rows = [(each.item.id, theme, score) for each in batch for theme, score in each.themes]
    connection.execute("begin")
    connection.executemany("insert into tags (item, theme, score, is_given, why) values (?, ?, ?, 1, '[]')", rows)
    connection.execute("commit")


def _sizes(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        text = connection.execute(
            "select sum(length(cast(title as blob)) + length(cast(summary as blob))) from items"
        ).fetchone()[0]
        index = {
            name: connection.execute("select sum(pgsize) from dbstat where name glob ?", [pattern]).fetchone()[0]
            for name, pattern in (
                ("words and pairs", "item_search*"),
                ("characters", "item_letters*"),
                ("filters", "items_search"),
            )
        }
    whole = index["words and pairs"] + index["characters"]
    parts = ", ".join(f"{name} {size / 1e6:,.0f}" for name, size in index.items())
    times = whole / text
    print(f"text {text / 1e6:,.0f} MB; index {whole / 1e6:,.0f} MB = {times:.2f} times  {_said(times <= 1.6)} (asked 1.6)")
    print(f"  MB: {parts}\n")


def _asking(archive: Archive, tree: Node, *, by_rank: bool) -> Callable[[], Found]:
    """The call that is timed."""
    return lambda: archive.reading.find(tree, NOW, limit=_LIMIT, by_rank=by_rank)


def _trees(questions: Sequence[Ask]) -> list[Node]:
    terms = thesaurus.load(bundled.classifiers())
    return [
        thesaurus.expanded(query.parse(each.text), terms).tree if each.is_translated else query.parse(each.text)
        for each in questions
    ]


def _speed(path: Path, questions: Sequence[Ask]) -> None:
    """Warm and cold, newest first and ranked, by kind of question."""
    trees = _trees(questions)
    table = _warm(path, questions, trees)
    totals = {f"{name}, warm": [took for of in table.values() for took in of[name]] for name in ("newest", "ranked")}
    # of every kind as many: they follow one another
    some = [trees[place * 83 % len(trees)] for place in range(min(_COLD, len(trees)))]
    for by_rank in (False, True):
        name = "ranked" if by_rank else "newest"
        for tree in some:
            _forget_pages(path)
            with Archive.open(f"sqlite:///{path}", is_readonly=True) as archive:
                totals.setdefault(f"{name}, cold", []).append(_timed(_asking(archive, tree, by_rank=by_rank), 1)[0])
    print(f"{len(questions)} queries, top {_LIMIT}, milliseconds   p50      p95      max")
    for name, values in totals.items():
        print(f"  {name:<38} {_Times(values=tuple(values))}")
    for name, most in (("newest", 50), ("ranked", 150)):
        p95 = _Times(values=tuple(totals[f"{name}, warm"])).p95
        print(f"  {name} first, p95 {p95:.1f} ms  {_said(p95 < most)} (asked {most})")
    _by_kind(table)


def _hard(path: Path) -> None:
    """What is asked now and then and costs more, beside the two hundred; warm."""
    questions = hard_asks()
    print(f"  beside these, {len(questions)} that cost more")
    _by_kind(_warm(path, questions, _trees(questions)))


def _warm(path: Path, questions: Sequence[Ask], trees: Sequence[Node]) -> dict[str, dict[str, list[float]]]:
    """Milliseconds of each question, newest and ranked, by its kind."""
    table: dict[str, dict[str, list[float]]] = {}
    with Archive.open(f"sqlite:///{path}", is_readonly=True) as archive:
        for by_rank in (False, True):
            for ask, tree in zip(questions, trees, strict=True):
                archive.reading.find(tree, NOW, limit=_LIMIT, by_rank=by_rank)
                took = statistics.median(_timed(_asking(archive, tree, by_rank=by_rank), 3))
                table.setdefault(ask.kind, {}).setdefault("ranked" if by_rank else "newest", []).append(took)
    return table


def _by_kind(table: Mapping[str, Mapping[str, Sequence[float]]]) -> None:
    print("\n  kind of query                  newest p50 / max      ranked p50 / max")
    for kind, of in table.items():
        cells = [f"{statistics.median(of[name]):8.1f} /{max(of[name]):7.1f}" for name in ("newest", "ranked")]
        print(f"  {kind:<28} {'     '.join(cells)}")
    print()


def _completeness(path: Path) -> None:
    """What search finds for 200 CJK words, beside what stands in the texts."""
    words = cjk_words(path, 200)
    plain: dict[str, set[int]] = {word: set() for word in words}
    folded: dict[str, set[int]] = {word: set() for word in words}
    normal = {word: tokens.normal(word) for word in words}
    with closing(sqlite3.connect(path)) as connection:
        for n, title, summary in connection.execute("select n, title, summary from items where lang in ('ja', 'zh')"):
            text = f"{title}\n{summary}"
            seen = tokens.normal(text)
            for word in words:
                if word in text:
                    plain[word].add(n)
                if normal[word] in seen:
                    folded[word].add(n)
    found_of: dict[str, set[int]] = {}
    with Archive.open(f"sqlite:///{path}", is_readonly=True) as archive:
        connection = archive._connection
        for word in words:
            where, values = condition(query.Word(word), NOW)
            found_of[word] = {row[0] for row in connection.execute(f"select n from items where {where}", values)}
    for name, truth in (("as written", plain), ("folded", folded)):
        hits = sum(len(found_of[word] & truth[word]) for word in words)
        recall = hits / sum(len(truth[word]) for word in words)
        precision = hits / sum(len(found_of[word]) for word in words)
        print(f"{len(words)} CJK words of 1 to 4 characters, substrings {name}: recall {recall:.4%}, precision {precision:.3%}")
    print()


def _shell(path: Path) -> None:
    """`monitor search` as a user calls it, start and all."""
    for words in (["export controls"], ["輸出管理"], ["米"], ["--sort", "rank", "輸出 規制 半導体"]):
        command = [sys.executable, "-m", "monitor", "--archive", f"sqlite:///{path}", "search", *words, "--limit", "20"]
        subprocess.run(command, capture_output=True, check=True, cwd=ROOT)
        took = _timed(partial(subprocess.run, command, capture_output=True, check=True, cwd=ROOT), 7)
        middle = statistics.median(took)
        print(f"monitor search {' '.join(words):<28} {middle:6.0f} ms  {_said(middle < 350)} (asked 350)")
    print()


def _beside(peer: Peer, path: Path, questions: Sequence[Ask]) -> None:
    """A peer over the same texts, asked the same as far as it can."""
    if not peer.is_ready:
        reason = peer.prepare()
        if reason:
            print(f"{peer.name}: left out: {reason}")
            return
        start = time.process_time()
        peer.build(_texts(path))
        print(f"{peer.name}: built in {time.process_time() - start:,.0f} CPU s, {peer.size / 1e6:,.0f} MB")
    simple = [each for each in questions if each.words is not None]
    with Archive.open(f"sqlite:///{path}", is_readonly=True) as archive:
        ours: dict[str, list[float]] = {}
        theirs: dict[str, list[float]] = {}
        fewer = 0
        for ask in simple:
            tree = query.parse(ask.text)
            for name, by_rank in (("newest", False), ("ranked", True)):
                found = archive.reading.find(tree, NOW, limit=_LIMIT, by_rank=by_rank)
                ours.setdefault(name, []).append(_timed(_asking(archive, tree, by_rank=by_rank), 1)[0])
                assert ask.words is not None
                hits = peer.search(ask, by_rank=by_rank)
                theirs.setdefault(name, []).append(_timed(partial(peer.search, ask, by_rank=by_rank), 1)[0])
            fewer += len(hits) < len(found.items)
    for name in ("newest", "ranked"):
        print(f"  {peer.name:<12} {name}  {_Times(values=tuple(theirs[name]))}    ours {_Times(values=tuple(ours[name]))}")
    print(f"  {peer.name} finds fewer than {_LIMIT} where ours finds more: {fewer} of {len(simple)} queries\n")


def _texts(path: Path) -> Iterator[tuple[int, str, str]]:
    """Place, title and summary of all items, in order of place."""
    with closing(sqlite3.connect(path)) as connection:
        yield from connection.execute("select place, title, summary from items order by place")


def _timed(work: Callable[[], object], times: int) -> list[float]:
    """What each of some calls took, in milliseconds."""
    took = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        took.append((time.perf_counter() - start) * 1e3)
    return took


def _forget_pages(path: Path) -> None:
    """Ask the kernel to drop the file from memory."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def _said(holds: bool) -> str:
    return "holds" if holds else "missed"


if __name__ == "__main__":
    main()
