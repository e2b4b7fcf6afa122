"""Pruning: old events go whole, with all that hangs on them, and do not come back as news; what people did stays."""

from __future__ import annotations

import os
import pty
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from builders import NOW, a_date, a_shown, a_source, an_item, rss
from conftest import ROOT, Clock, Run
from fakes import Answer, Site
from test_intake import poll

from monitor import query
from monitor.archive import Archive
from monitor.archive.intake import Change
from monitor.archive.pruning import ALWAYS, YOUNGEST, Kept, Prospect, Wish
from monitor.cli import keeping
from monitor.dedupe import marks, sort_out
from monitor.items import Alert, AlertState, Entity, Findings, Identifier, Item, Judged, Label, Link, SourceState, Tag
from monitor.judgement import Judge
from monitor.lexicon import Lexicon
from monitor.likeness import Joining

OLD, NEW = "E-aaaaaaaaaa", "E-bbbbbbbbbb"
THEN = NOW - timedelta(days=900)
BEFORE = NOW - timedelta(days=365)
WISH = Wish(before=BEFORE)
TABLES = "items revisions tags identifiers entities key_dates articles steps vectors labels alerts".split()


def a_notice(number: int = 1, *, at: datetime = THEN, **changes: object) -> Item:
    base: dict[str, object] = {
        "key": str(number),
        "url": f"http://meti.example/{number}",
        "title": f"告示第{number}号 輸出貿易管理令の一部改正について",
        "summary": f"経済産業省は第{number}号の告示により輸出貿易管理令の別表を改める。意見は不要である。",
        "published": at,
        "first_seen": at,
        "body": f"本文 {number}",
    }
    return an_item(**base | changes)


def file(archive: Archive, *items: Item, event: str = OLD, at: datetime = THEN, days_to: int = -800, **of_alert: object) -> None:
    """Store items with one of everything that judgement may find, in an event."""
    found = sort_out(archive.intake.known("meti", items), items)
    archive.intake.store(Change(found=found, state=SourceState(id="meti", polls=2), at=at))
    said = [
        Judged(
            item=item,
            findings=Findings(
                lang="ja",
                identifiers=(Identifier(type="jp_kokuji", value=item.key),),
                entities=(Entity(id="meti", type="agency", surface="経済産業省"),),
                dates=(a_date((NOW + timedelta(days=days_to)).date()),),
                shown=a_shown("公布", "JP"),
            ),
            tags=(Tag(theme="export_control", score=0.9, is_given=True),),
            link=Link(event=event, is_new=False),
            model="test",
        )
        for item in items
    ]
    alerts = [
        Alert(
            **{  # type: ignore[arg-type]
                "rule": "now",
                "item": items[0].id,
                "event": event,
                "channel": "console",
                "state": AlertState.SUPPRESSED,
                "reason": "test",
                "decided_at": at,
                "not_before": at,
            }
            | of_alert
        )
    ]
    archive.judging.write(said, alerts, at, {item.id: ("test", b"\0\0") for item in items})


def prune(archive: Archive, wish: Wish = WISH, now: datetime = NOW) -> Prospect:
    found = archive.pruning.look(wish, now)
    gone = sum(archive.pruning.prune(wish, now, "an analyst"))
    assert gone == found.items
    return found


def rows(archive: Archive, table: str) -> int:
    count: int = archive._connection.execute(f"select count(*) from {table}").fetchone()[0]
    return count


def found(archive: Archive, text: str) -> list[str]:
    return sorted(each.item.id for each in archive.reading.search(query.parse(text), NOW))


def test_an_old_event_goes_with_all_that_hangs_on_it(archive: Archive) -> None:
    """No row of any table speaks of it, search does not find it, and the archive is sound."""
    old, new = a_notice(1), a_notice(2, at=NOW)
    file(archive, old)
    put_edit(archive, old)
    file(archive, new, event=NEW, at=NOW)
    prospect = prune(archive)
    assert (prospect.events, prospect.items, prospect.revisions, prospect.kept) == (1, 1, 1, ())
    assert prospect.bytes > 0
    named = {table: rows(archive, f"{table} where {'id' if table == 'items' else 'item'} = '{old.id}'") for table in TABLES}
    assert named == dict.fromkeys(TABLES, 0)
    assert archive._connection.execute("select id from events").fetchall()[0]["id"] == NEW
    assert found(archive, "告示") == [new.id]
    assert archive.reading.integrity() == []
    assert archive.reading.index_faults() == []


def put_edit(archive: Archive, item: Item) -> None:
    """A later state of the item, seen a day later and judged again."""
    edited = replace(item, title=item.title + "(訂正)", first_seen=THEN + timedelta(days=1))
    file(archive, edited, at=THEN + timedelta(days=1))


@pytest.mark.parametrize(
    ("reason", "act"),
    [
        (Kept.LABELLED, lambda archive, item: archive.labels.put(_label(item))),
        (Kept.MERGED, lambda archive, item: _merge(archive)),
        (Kept.TOLD, lambda archive, item: _tell(archive, "sent")),
        (Kept.WAITING, lambda archive, item: _tell(archive, "waiting")),
        (Kept.WAITING, lambda archive, item: archive._connection.execute("update items set judged_at = null")),
        (Kept.YOUNG, lambda archive, item: archive._connection.execute("update events set moved_at = '2026-04-30T00:00:00Z'")),
        (Kept.YOUNG, lambda archive, item: archive._connection.execute("update items set changed_at = '2026-04-30T00:00:00Z'")),
        (Kept.MOVED, lambda archive, item: archive._connection.execute("update events set moved_at = '2026-01-30T00:00:00Z'")),
        (Kept.MOVED, lambda archive, item: archive._connection.execute("update items set changed_at = '2026-01-30T00:00:00Z'")),
        (Kept.DEADLINE, lambda archive, item: archive._connection.execute("update key_dates set date = '2026-05-01'")),
    ],
)
def test_what_people_did_and_what_goes_on_stays(archive: Archive, reason: Kept, act: Callable[[Archive, Item], None]) -> None:
    """Each with its reason in the count; the whole event stays with the one item."""
    one, two = a_notice(1), a_notice(2)
    file(archive, one, two)
    act(archive, one)
    prospect = prune(archive)
    assert (prospect.items, dict(prospect.kept)) == (0, {reason: 2 if reason is not Kept.MERGED else 3})
    assert {one.id, two.id} <= set(found(archive, "告示"))


def _label(item: Item) -> Label:
    return Label(item=item.id, theme="export_control", verdict=True, at=NOW, who="ann", via="cli")


def _merge(archive: Archive) -> None:
    file(archive, a_notice(3), event=NEW)
    archive.events.merge(OLD, NEW, who="ann", now=THEN)


def _tell(archive: Archive, state: str) -> None:
    archive._connection.execute("update alerts set state = 'waiting'")
    archive._connection.execute(
        "insert into outbox (key, kind, channel, rule, item, event, state, created_at, not_before)"
        " select key, 'alert', channel, rule, item, event, ?, decided_at, decided_at from alerts",
        [state],
    )


def test_it_goes_all_the_same_if_that_is_asked_for(archive: Archive) -> None:
    """Labels and alerts go with the item; that an order was sent stays on record."""
    item = a_notice(1)
    file(archive, item)
    archive.labels.put(_label(item))
    _tell(archive, "sent")
    assert prune(archive, replace(WISH, despite=(Kept.LABELLED,))).items == 0
    assert prune(archive, replace(WISH, despite=(Kept.LABELLED, Kept.TOLD))).items == 1
    assert {table: rows(archive, table) for table in TABLES} == dict.fromkeys(TABLES, 0)
    assert rows(archive, "outbox where state = 'sent'") == 1


def test_an_order_that_waits_is_never_taken_out(archive: Archive) -> None:
    """Not even if all else is asked for."""
    file(archive, a_notice(1))
    _tell(archive, "doubtful")
    assert prune(archive, replace(WISH, despite=tuple(Kept))).items == 0


@pytest.mark.parametrize("despite", [(), (Kept.MOVED,), tuple(Kept)])
def test_what_is_young_is_never_taken_out(archive: Archive, despite: tuple[Kept, ...]) -> None:
    """An item of the last 60 days keeps its event, old items and all, whatever is asked for; one of 61 days does not."""
    edge = NOW - YOUNGEST
    file(archive, a_notice(1), a_notice(2, at=edge))
    file(archive, a_notice(3), a_notice(4, at=edge - timedelta(days=1)), event=NEW)
    prospect = prune(archive, replace(WISH, despite=despite))
    assert dict(prospect.kept)[Kept.YOUNG] == 2
    assert prospect.items == (2 if despite else 0)
    assert set(found(archive, "告示")) >= {a_notice(1).id, a_notice(2).id}


def test_the_command_knows_which_reasons_count_always() -> None:
    """And has words for each."""
    assert (keeping._ALWAYS, list(keeping._REASONS)) == (ALWAYS, list(Kept))


def test_a_pruning_can_be_narrowed(archive: Archive) -> None:
    """By a query that an item of the event matches, and to events without a theme."""
    file(archive, a_notice(1), a_notice(2))
    file(archive, a_notice(3), event=NEW)
    archive._connection.execute("delete from tags where item = ?", [a_notice(3).id])
    assert archive.pruning.look(replace(WISH, tree=query.parse("告示第2号")), NOW).items == 2
    assert archive.pruning.look(replace(WISH, tree=query.parse("theme:telecom_5g")), NOW).items == 0
    assert prune(archive, replace(WISH, is_themeless=True)).items == 1
    assert found(archive, "告示") == sorted([a_notice(1).id, a_notice(2).id])


def test_a_look_writes_nothing(archive_url: str) -> None:
    """It works on an archive that is open only for reading."""
    with Archive.open(archive_url) as archive:
        file(archive, a_notice(1))
    with Archive.open(archive_url, is_readonly=True) as archive:
        assert archive.pruning.look(WISH, NOW).items == 1
        with pytest.raises(sqlite3.OperationalError):
            next(archive.pruning.prune(WISH, NOW, "an analyst"))
        assert rows(archive, "items") == 1


def test_what_changes_meanwhile_is_seen(archive: Archive) -> None:
    """A label that comes between the count and the deed keeps its item."""
    item = a_notice(1)
    file(archive, item)
    assert archive.pruning.look(WISH, NOW).items == 1
    archive.labels.put(_label(item))
    assert list(archive.pruning.prune(WISH, NOW, "an analyst")) == [0]
    assert rows(archive, "items") == 1
    assert rows(archive, "prunings") == 0


def test_each_step_is_a_transaction_of_its_own(archive: Archive, archive_url: str) -> None:
    """Another writer gets its turn between two steps; if it ends in the middle, what went is gone and the rest is whole."""
    for number in range(150):
        file(
            archive,
            a_notice(2 * number),
            a_notice(2 * number + 1),
            event=f"E-{number:010}".translate(str.maketrans("018", "abc")),
        )
    archive.pruning.look(WISH, NOW)
    steps = archive.pruning.prune(WISH, NOW, "an analyst")
    first = next(steps)
    with Archive.open(archive_url) as other:
        other.labels.put(_label(a_notice(299)))
        assert rows(other, "items") == 300 - first
        assert rows(other, "prunings where items = 100") == 1
    steps.close()
    assert archive.reading.integrity() == []
    assert archive.reading.index_faults() == []
    assert prune(archive).items == 300 - first - 2
    assert archive.reading.counts()["items"] == 2


def test_a_copy_that_stays_speaks_for_itself(archive: Archive) -> None:
    """After a split a copy may be in another event than what it repeats."""
    file(archive, a_notice(1))
    file(archive, a_notice(2, at=NOW), event=NEW, at=NOW)
    archive._connection.execute("update items set copy_of = ? where id = ?", [a_notice(1).id, a_notice(2).id])
    prune(archive)
    assert archive.reading.item(a_notice(2).id).copy_of is None


@pytest.fixture
def pruned(archive: Archive, clock: Clock, site: Site) -> Archive:
    """An archive that has read a feed of one old story and pruned it."""
    site.pages["/feed"] = Answer(feed("Graphite is put under licence"))
    clock.now = THEN
    poll(archive, clock, a_source(url=f"{site.base}/feed"))
    archive._connection.execute("update items set judged_at = first_seen, event = ?", [OLD])
    archive._connection.execute(
        "insert into events (id, opened_at, moved_at, stage) select event, first_seen, first_seen, 'reported' from items"
    )
    clock.now = NOW
    assert prune(archive).items == 1
    return archive


def feed(
    title: str, *, guid: str = "1", day: str = "Thu, 09 Nov 2023", text: str = "A licence is needed for it from now on."
) -> bytes:
    body = rss((guid, title, text)).replace(b"Fri, 01 May 2026", day.encode())
    return body.replace(b"<pubDate></pubDate>", b"")


@pytest.mark.parametrize(
    ("body", "new"),
    [
        (feed("Graphite is put under licence"), 0),
        (feed("Graphite is put under licence!", text="A licence is needed."), 0),  # an edit of the old story
        (feed("Graphite is put under licence", guid="2"), 0),  # its guid has changed
        (feed("Graphite is put under licence", day=""), 0),
        (feed("Gallium is put under licence", guid="2", text="A licence is needed for gallium, too, from now on."), 1),
        (feed("Graphite is put under licence", day="Thu, 30 Apr 2026"), 1),  # it happens again
        (feed("All licences are free now", day=""), 1),  # nobody knows when
    ],
)
def test_what_went_does_not_come_back_as_new(pruned: Archive, clock: Clock, site: Site, body: bytes, new: int) -> None:
    """A feed that still carries it is read in vain; a later day, or another title where no day is told, is news."""
    site.pages["/feed"] = Answer(body)
    assert poll(pruned, clock, a_source(url=f"{site.base}/feed")).new == new


def test_another_source_may_tell_what_was_pruned(pruned: Archive, clock: Clock, site: Site) -> None:
    """What went is remembered of its source alone."""
    assert poll(pruned, clock, a_source(id="other", url=f"{site.base}/feed")).new == 1


def test_marks_are_of_the_words_not_of_the_time() -> None:
    """The same entry has the same marks whenever it is met; another one shares none."""
    assert marks(a_notice(1)) == marks(a_notice(1, at=NOW))
    assert set(marks(a_notice(1))).isdisjoint(marks(a_notice(2)))


def test_what_the_service_remembers_of_it_does_no_harm(
    archive: Archive, clock: Clock, lexicon: Lexicon, joining: Joining
) -> None:
    """A new item that the linker joins to an event which was pruned meanwhile opens that event anew, with itself alone."""
    judge = Judge(archive=archive, rules=[], lexicon=lexicon, model=None, encoder=None, joining=joining, clock=clock)
    docket = {"lang": "en", "title": "Proposed rule on gallium, docket BIS-2024-0099", "summary": "", "body": ""}
    clock.now = THEN
    put(archive, a_notice(1, **docket))
    judge.run()
    clock.now = NOW
    assert prune(archive).items == 1
    again = a_notice(2, at=NOW, **docket | {"title": "Final rule on gallium, docket BIS-2024-0099"})
    put(archive, again)
    judge.run()
    event = archive.reading.item(again.id).event
    assert event is not None
    assert [each.item.id for each in archive.events.timeline(event)] == [again.id]
    assert archive.events.record(event, NOW).items == 1
    assert archive.reading.integrity() == []


def put(archive: Archive, item: Item) -> None:
    found = sort_out(archive.intake.known("meti", [item]), [item])
    archive.intake.store(Change(found=found, state=SourceState(id="meti", polls=2), at=item.first_seen))


@pytest.fixture
def filled(archive_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The URL of an archive with an old event of two items, and one that a rule told."""
    monkeypatch.setenv("MONITOR_NOW", "2026-05-01T08:00:00Z")
    with Archive.open(archive_url) as archive:
        file(archive, a_notice(1), a_notice(2))
        file(archive, a_notice(3), event=NEW, state=AlertState.FOLDED)
    return archive_url


def test_the_command_says_what_would_go_and_what_stays(run: Run, filled: str) -> None:
    """--dry-run only looks, in words and as JSON."""
    code, out, err = run("prune", "--before", "1y", "--dry-run", "--archive", filled)
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0] == "before     2025-05-01 08:00Z"
    assert lines[1].startswith("would go   1 events with 2 items; about ")
    assert lines[2:] == ["stays      1 items of events told by a rule (--also told)"]
    code, out, _ = run("prune", "--before", "1y", "--dry-run", "--json", "--archive", filled)
    assert '"items": 2' in out
    assert '"pruned": 0' in out
    assert run("search", "告示", "--format", "ids", "--archive", filled)[1].count("\n") == 3


def test_the_command_asks_first(run: Run, filled: str) -> None:
    """Where nobody can be asked, --yes has to be said; then it goes, and is found no more."""
    code, _, err = run("prune", "--before", "1y", "--archive", filled)
    assert code == 2
    assert "--yes" in err
    code, out, err = run("prune", "--before", "1y", "--yes", "--shrink", "--archive", filled)
    assert code == 0
    assert "2 items are gone" in err
    assert "now" in err.splitlines()[-1]
    assert run("search", "告示", "--format", "ids", "--archive", filled)[1].split() == [a_notice(3).id]
    code, out, _ = run("prune", "--before", "1y", "--yes", "--json", "--also", "told", "--archive", filled)
    assert '"pruned": 1' in out


@pytest.mark.parametrize(("answer", "left"), [("n", 3), ("", 3), ("y", 1)])
def test_at_a_terminal_it_asks(filled: str, answer: str, left: int) -> None:
    """Only yes takes anything out; no is no failure."""
    ours, theirs = pty.openpty()
    try:
        with subprocess.Popen(
            [sys.executable, "-m", "monitor", "prune", "--before", "1y", "--archive", filled],
            stdin=theirs,
            stdout=subprocess.PIPE,
            stderr=theirs,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        ) as process:
            os.write(ours, f"{answer}\n".encode())
            assert process.wait(60) == 0
    finally:
        os.close(ours)
        os.close(theirs)
    with Archive.open(filled, is_readonly=True) as archive:
        assert archive.reading.counts()["items"] == left


@pytest.mark.parametrize(
    ("arguments", "code", "word"),
    [
        (["--yes"], 2, "--before is missing"),
        (["--before", "soon", "--yes"], 2, "--before"),
        (["--before", "30d", "--yes"], 2, "60 days"),
        (["--before", "1y", "--theme", "export_contrl"], 2, "Did you mean export_control?"),
        (["--before", "1y", "--theme", "export_control", "--no-theme"], 2, "do not go together"),
        (["--before", "1y", "--query", " ", "--yes"], 2, "--query is empty"),
        (["--before", "1y", "--query", "them:x"], 2, "Did you mean theme:?"),
        (["--before", "1y", "--also", "waiting"], 2, "waiting"),
        (["--before", "1y", "--also", "young"], 2, "young"),
        (["--before", "1y", "--dry-run", "--archive", "sqlite:///none.db"], 7, "there is no archive yet"),
    ],
)
def test_wrong_use_is_one_clear_line(run: Run, filled: str, arguments: list[str], code: int, word: str) -> None:
    """Nothing is taken out."""
    found, out, err = run("prune", *(arguments if "--archive" in arguments else [*arguments, "--archive", filled]))
    assert (found, out) == (code, "")
    assert word in err
    assert "Traceback" not in err


def test_nothing_is_taken_out_of_an_empty_archive(run: Run, archive_url: str) -> None:
    """It says so, and asks nobody."""
    Archive.open(archive_url).close()
    code, out, _ = run("prune", "--before", "1y", "--archive", archive_url)
    assert code == 0
    assert "0 events with 0 items" in out


def test_shrinking_waits_for_nobody(run: Run, filled: str, tmp_path: Path) -> None:
    """While the service works on the archive, it says which process does."""
    with Archive.open(filled) as service, service.working():
        code, _, err = run("prune", "--shrink", "--archive", filled)
    assert code == 7
    assert "is working on this archive" in err
