"""What each stage costs per item, in CPU time: medians of five runs over the training items as a stream.

python -m bench.stages
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from monitor import bundled, classifiers, joinings, models, query, train
from monitor.archive import Archive
from monitor.archive.intake import Change
from monitor.dedupe import sort_out
from monitor.identify import identify
from monitor.items import Fetched, Item, Source, SourceState, Validators
from monitor.judgement import Judge
from monitor.link import Linker
from monitor.sources import feed
from monitor.tag import tag

ROUNDS = 5
NOW = datetime(2026, 5, 1, tzinfo=UTC)


def items() -> list[Item]:
    """The training items as if a hundred sources had served them over a month."""
    examples = classifiers.load_examples(bundled.classifiers())
    span = timedelta(days=30) / len(examples)
    return [
        replace(
            train.as_item(each),
            id=f"I-{place}",
            source=f"s{place % 100}",
            key=str(place),
            url=f"https://s{place % 100}.example/{place}",
            published=NOW + span * place,
            first_seen=NOW + span * place,
        )
        for place, each in enumerate(examples)
    ]


def document(found: list[Item]) -> bytes:
    """An RSS document of thirty entries."""
    entries = "".join(
        f"<item><guid>{each.id}</guid><title>{each.title.replace('&', '&amp;').replace('<', '&lt;')}</title>"
        f"<link>{each.url}</link><description>{(each.summary or each.title).replace('&', '&amp;').replace('<', '&lt;') * 6}</description>"
        f"<pubDate>Fri, 01 May 2026 07:00:00 GMT</pubDate></item>"
        for each in found[:30]
    )
    return f"<?xml version='1.0' encoding='utf-8'?><rss version='2.0'><channel><title>x</title>{entries}</channel></rss>".encode()


def measure(work: Callable[[], object]) -> float:
    """Median CPU seconds of the work, after one run that does not count."""
    work()
    times = []
    for _ in range(ROUNDS):
        began = time.process_time()
        work()
        times.append(time.process_time() - began)
    return statistics.median(times)


def main() -> None:
    """Print the table."""
    found = items()
    lexicon, model = classifiers.load_lexicon(bundled.classifiers()), models.load(bundled.classifiers())
    findings = [identify(item, lexicon) for item in found]
    joining = joinings.load(bundled.classifiers(), vectors=None)
    body = document(found)
    source = Source(id="s", name="s", type="feed", url="http://s.example/")
    fetched = Fetched(url="http://s.example/", body=body, content_type="", validators=Validators(), is_unmodified=False, at=NOW)

    def link() -> None:
        list(Linker(joining).link_all(list(zip(found, findings, strict=True))))

    def store() -> None:
        with tempfile.TemporaryDirectory() as folder, Archive.open(f"sqlite:///{folder}/a.db") as archive:
            for start in range(0, len(found), 30):
                part = found[start : start + 30]
                archive.intake.store(
                    Change(found=sort_out(archive.intake.known("s", part), part), state=SourceState(id="s"), at=NOW)
                )

    def whole() -> None:
        with tempfile.TemporaryDirectory() as folder, Archive.open(f"sqlite:///{folder}/a.db") as archive:
            archive.intake.store(
                Change(found=sort_out(archive.intake.known("s", found), found), state=SourceState(id="s"), at=NOW)
            )
            Judge(
                archive=archive,
                rules=[],
                lexicon=lexicon,
                model=model,
                encoder=None,
                joining=joining,
                clock=lambda: NOW + timedelta(days=30),
            ).run()

    rows = [
        ("parse a feed of 30 entries", measure(lambda: feed.parse(source, fetched)) / 30, f"{len(body) / 1000:.0f} kB"),
        ("store with search index", measure(store) / len(found), ""),
        ("identify", measure(lambda: [identify(item, lexicon) for item in found]) / len(found), ""),
        ("tag, with reasons", measure(lambda: tag(model, list(zip(found, findings, strict=True)))) / len(found), ""),
        ("link", measure(link) / len(found), "a month live"),
        ("store and judge, all together", measure(whole) / len(found), ""),
    ]
    print(f"{len(found)} items, en/ja/zh/ko/de/fr/es; CPU time, medians of {ROUNDS}\n")
    print(f"{'stage':<34}{'ms an item':>12}{'items a CPU second':>22}")
    for name, seconds, note in rows:
        print(f"{name:<34}{seconds * 1000:>12.3f}{1 / seconds:>22,.0f}  {note}")
    with tempfile.TemporaryDirectory() as folder, Archive.open(f"sqlite:///{Path(folder)}/a.db") as archive:
        archive.intake.store(Change(found=sort_out(archive.intake.known("s", found), found), state=SourceState(id="s"), at=NOW))
        for text in ("輸出", "export control", "規", "theme:export_control since:90d"):
            seconds = measure(lambda text=text: archive.reading.search(query.parse(text), NOW, limit=50))  # type: ignore[misc]
            print(f"{'search ' + text:<34}{seconds * 1000:>12.3f} ms a query")


if __name__ == "__main__":
    main()
