"""What a round of intake costs, beside lemon24/reader and newsboat on the same feeds, server and order of rounds, by turns in one run.

python -m bench.intake             2,000 feeds, few repeats, without newsboat: about ten minutes
python -m bench.intake --full      medians of five, and newsboat once: over an hour
python -m bench.intake --feeds 200 --only ours

Everything is CPU seconds of the whole tree of processes first, because a busy machine changes those least. The server is no
part of the tree.
"""

from __future__ import annotations

import argparse
import json
import os
import sqlite3
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from bench import feeds, peers
from bench.server import Site, free_port, nginx, serving
from bench.tree import Cost, measure

LATENCY = 0.2
ASKED_FEEDS = 2000
"""The number of feeds for which the targets in seconds are meant."""
JUDGED_FEEDS = 100
"""Feeds whose items are judged for the figure apart; judging all would take longer than all rounds together."""

FILL, SAME, NEW, FAR = "first fill", "unchanged (304)", "one new entry a feed", f"unchanged, {LATENCY * 1000:.0f} ms away"
BARE = "first fill, not indexed"
"""Ours alone, on an archive of its own."""
CASES = {FILL: "200", SAME: "304", NEW: "200", FAR: "304"}
"""The rounds in their order, and what the server answers in each."""
QUICK = {"ours": 3, "reader": 1}
FULL = {"ours": 5, "reader": 5, "newsboat": 1}
"""Repeats by tool. newsboat takes minutes a round at 2,000 feeds."""


@dataclass(slots=True, kw_only=True)
class Ours:
    """`monitor poll` without the judging."""

    name: str = "ours"
    rounds_to_settle: int = 0
    rounds: int = 0

    def prepare(self, folder: Path, addresses: list[str]) -> None:
        """A configuration and no archive."""
        self.rounds = 0
        sources = "".join(
            f"  - {{id: f{place}, type: feed, url: {json.dumps(each)}, lang: {'ja' if feeds.is_japanese(place) else 'en'}}}\n"
            for place, each in enumerate(addresses)
        )
        network = "network: {allow_private: [127.0.0.0/8], per_host: {delay: 0s}}\n"
        (folder / "feeds.yaml").write_text(f"version: 1\n{network}sources:\n{sources}")

    def round(self, folder: Path) -> Cost:
        """Poll all sources; an hour after the round before, by the clock that it is given."""
        self.rounds += 1
        return self.run(folder, "poll", "feeds.yaml", "archive.db", self.now)

    @property
    def now(self) -> str:
        """The time of the last round: later than anything that the feeds say."""
        return (feeds.BEGAN + timedelta(hours=2 + self.rounds)).isoformat()

    def entries(self, folder: Path, cost: Cost) -> int:  # noqa: ARG002
        """Items of the archive."""
        with closing(sqlite3.connect(folder / "archive.db")) as archive:
            return int(archive.execute("select count(*) from v_items").fetchone()[0])

    def bare(self, folder: Path, addresses: list[str]) -> Cost:
        """A first fill without the search index."""
        self.prepare(folder, addresses)
        self.rounds += 1
        return self.run(folder, "bare", "feeds.yaml", "archive.db", self.now)

    def run(self, folder: Path, work: str, *arguments: str) -> Cost:
        """One of the works of bench.ours."""
        clean = {name: value for name, value in os.environ.items() if not name.startswith("MONITOR_")}
        clean["PYTHONPATH"] = str(peers.ROOT)
        return measure([sys.executable, "-m", "bench.ours", work, *arguments], folder=folder, environment=clean)


@dataclass(slots=True, kw_only=True)
class Figures:
    """What was measured."""

    costs: dict[tuple[str, str], list[Cost]] = field(default_factory=dict)  # by tool ("ours", ...) and case
    notes: list[str] = field(default_factory=list)  # where a round did not do what its name says

    def median(self, tool: str, case: str, what: str) -> float | None:
        """The median of cpu, wall or rss; None if it was not measured."""
        costs = self.costs.get((tool, case))
        return statistics.median(getattr(each, what) for each in costs) if costs else None

    def ratio(self, case: str, tool: str) -> float | None:
        """Our CPU as a share of a tool's; None if one was not measured."""
        own, other = self.median("ours", case, "cpu"), self.median(tool, case, "cpu")
        return None if own is None or not other else own / other


TOOLS: Mapping[str, Callable[[], peers.Peer | None]] = {"ours": Ours, "reader": peers.reader, "newsboat": peers.newsboat}
"""By name, how to get each; None if that cannot be had here."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print the tables.

    Args:
        arguments: of the command line; None for the program's own.
    """
    asked = _asked(arguments)
    load = os.getloadavg()[0]
    if set(asked.repeats) - {"ours"}:
        peers.install_debian()
    tools = {name: tool for name in asked.repeats if (tool := TOOLS[name]()) is not None}
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        work = Path(name)
        size = feeds.write(work / "feeds", asked.feeds, rounds=2)
        site = Site(root=work / "current", port=free_port(), work=work)
        addresses = [feeds.address(place, site.port) for place in range(asked.feeds)]
        figures = Figures()
        for repeat in range(max(asked.repeats.values())):
            for key, tool in tools.items():
                if repeat < asked.repeats[key]:
                    folder = work / f"{key}-{repeat}"
                    folder.mkdir()
                    _rounds(key, tool, folder, site, addresses, figures)
                    if isinstance(tool, Ours):
                        _bare(tool, work / f"bare-{repeat}", site, addresses, figures)
                    _clear(work / f"{key}-{repeat - 1}")
        print(
            f"\n{asked.feeds:,} feeds of {feeds.ENTRIES} entries, mean {size / 1000:.1f} kB, en and ja, each on a host of its own"
        )
        print(f"server: {'nginx' if nginx() else 'our own, as there is no nginx'}; load of this machine before: {load:.1f}")
        print("; ".join(f"{tool.name}: n = {asked.repeats[key]}" for key, tool in tools.items()))
        print("medians, whole process trees, server apart\n")
        _print_costs(figures, list(tools))
        if "ours" in tools:
            _print_apart(figures, work, site, addresses)
            _print_targets(figures, asked.feeds)
    for note in figures.notes:
        print(f"note: {note}")


def _asked(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.intake", description="What a round of intake costs, beside its peers.")
    parser.add_argument("--feeds", type=int, default=ASKED_FEEDS, help="how many; the targets are meant for 2000")
    parser.add_argument("--repeats", type=int, help=f"of each tool; otherwise {_told(QUICK)}, with --full {_told(FULL)}")
    parser.add_argument("--only", action="append", choices=TOOLS, help="measure this tool; may stand several times")
    parser.add_argument("--full", dest="is_full", action="store_true", help="all tools, as often as it takes")
    asked = parser.parse_args(arguments)
    usual = FULL if asked.is_full else QUICK
    asked.repeats = {name: asked.repeats or usual.get(name, 1) for name in TOOLS if name in (asked.only or usual)}
    return asked


def _told(repeats: Mapping[str, int]) -> str:
    return ", ".join(f"{number} of {name}" for name, number in repeats.items())


def _rounds(key: str, tool: peers.Peer, folder: Path, site: Site, addresses: list[str], figures: Figures) -> None:
    """The four rounds of one tool on an empty store."""
    tool.prepare(folder, addresses)
    expected = {
        FILL: len(addresses) * feeds.ENTRIES,
        SAME: len(addresses) * feeds.ENTRIES,
        NEW: len(addresses) * (feeds.ENTRIES + 1),
        FAR: len(addresses) * (feeds.ENTRIES + 1),
    }
    with closing(_served(site)) as cases:
        for case in cases:
            site.answers()
            cost = tool.round(folder)
            figures.costs.setdefault((key, case), []).append(cost)
            print(f"{tool.name}, {case}: {cost.cpu:.2f} CPU s, {cost.wall:.1f} s, {cost.rss:.0f} MB", file=sys.stderr)
            answers, entries = dict(site.answers()), tool.entries(folder, cost)
            if answers != {CASES[case]: len(addresses)}:
                figures.notes.append(f"{tool.name}, {case}: the server answered {answers}")
            if entries != expected[case]:
                figures.notes.append(f"{tool.name}, {case}: {entries} entries, not {expected[case]}")
            for _ in range(tool.rounds_to_settle if case == FILL else 0):
                tool.round(folder)


def _bare(tool: Ours, folder: Path, site: Site, addresses: list[str], figures: Figures) -> None:
    folder.mkdir()
    site.show(site.work / "feeds" / "0")
    with serving(site):
        cost = tool.bare(folder, addresses)
    figures.costs.setdefault(("ours", BARE), []).append(cost)
    print(f"{tool.name}, {BARE}: {cost.cpu:.2f} CPU s, {cost.wall:.1f} s, {cost.rss:.0f} MB", file=sys.stderr)
    _clear(folder)


def _served(site: Site) -> Iterator[str]:
    """The cases in their order, each while what it needs is being served."""
    pages = site.work / "feeds"
    site.show(pages / "0")
    with serving(site):
        yield FILL
        yield SAME
        site.show(pages / "1")
        yield NEW
    with serving(site, latency=LATENCY):
        yield FAR


def _clear(folder: Path) -> None:
    """Drop a store that is no longer needed: five of two thousand feeds would fill a small disk."""
    for path in folder.glob("*"):
        if path.is_file():
            path.unlink()


def _print_costs(figures: Figures, tools: list[str]) -> None:
    columns = [f"{'CPU s':>10}{'wall s':>9}{'MB':>6}" for _ in tools]
    print(f"{'':<26}" + "".join(f"{name:>25}" for name in tools))
    others = [name for name in tools if name != "ours" and "ours" in tools]
    print(f"{'round':<26}" + "".join(columns) + "".join(f"{'share of ' + name:>20}" for name in others))
    for case in CASES:
        cells = [
            f"{figures.median(tool, case, 'cpu') or 0:>10.2f}{figures.median(tool, case, 'wall') or 0:>9.1f}"
            f"{figures.median(tool, case, 'rss') or 0:>6.0f}"
            for tool in tools
        ]
        shares = [f"{share:>20.2f}" for name in others if (share := figures.ratio(case, name)) is not None]
        print(f"{case:<26}" + "".join(cells) + "".join(shares))


def _print_apart(figures: Figures, work: Path, site: Site, addresses: list[str]) -> None:
    """What is inside our rounds, and what comes after them."""
    ready = statistics.median(json.loads(each.output)["ready"] for each in figures.costs["ours", SAME])
    tool = Ours()
    folder = work / "judged"
    folder.mkdir()
    tool.prepare(folder, addresses[:JUDGED_FEEDS])
    site.show(work / "feeds" / "0")
    with serving(site):
        tool.round(folder)
    judged = json.loads(tool.run(folder, "judge", "feeds.yaml", "archive.db", tool.now).output)
    fill, bare = figures.median("ours", FILL, "cpu") or 0, figures.median("ours", BARE, "cpu") or 0
    print(f"\n{'of ours, apart':<26}{'CPU s':>10}")
    print(f"{'start and configuration':<26}{ready:>10.2f}  in every round")
    print(f"{BARE:<26}{bare:>10.2f}  so the search index is {1 - bare / fill:.0%} of the first fill")
    print(
        f"{'judgement':<26}{judged['cpu']:>10.2f}  after it, for {judged['items']:,.0f} items:"
        f" {judged['cpu'] / max(judged['items'], 1) * 1000:.2f} ms an item with identifying, tagging and linking"
    )


def _print_targets(figures: Figures, count: int) -> None:
    """Whether it is as good as was asked. Says so, and never fails by it."""
    memory = [value for case in CASES if (value := figures.median("ours", case, "rss")) is not None]
    bare, reader = figures.median("ours", BARE, "cpu"), figures.median("reader", FILL, "cpu")
    rows = (
        ("first fill without index, of reader", None if bare is None or not reader else bare / reader, 0.2),
        ("first fill with its index, of reader", figures.ratio(FILL, "reader"), 0.2),
        ("unchanged: share of reader's CPU", figures.ratio(SAME, "reader"), 0.5),
        ("unchanged: CPU s", figures.median("ours", SAME, "cpu"), 4.3),
        ("unchanged: CPU s, aimed at", figures.median("ours", SAME, "cpu"), 3.0),
        ("one new entry a feed: CPU s", figures.median("ours", NEW, "cpu"), 8.0),
        (f"{FAR}: wall s", figures.median("ours", FAR, "wall"), 20.0),
        ("memory of the largest round: MB", max(memory), 300.0),
    )
    aside = "" if count == ASKED_FEEDS else f" (but asked for {ASKED_FEEDS:,} feeds)"
    print(f"\n{'target':<38}{'at most':>9}{'figure':>9}")
    for name, figure, most in rows:
        if figure is None:
            print(f"{name:<38}{most:>9.2f}{'-':>9}  not measured")
        else:
            print(f"{name:<38}{most:>9.2f}{figure:>9.2f}  {'holds' if figure <= most else 'missed'}{aside}")


if __name__ == "__main__":
    main()
