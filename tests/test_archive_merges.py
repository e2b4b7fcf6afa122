"""Merges of events in the archive: all items go on in one event, and every old id leads there, in searches, threads and limits, too."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from builders import NOW, a_shown
from filed_events import LATER, SLACK, A, B, C, D, a_notice, file, items_of, judged, stage_of, times, two

from monitor import query
from monitor.archive import Archive
from monitor.archive.events import MACHINE
from monitor.errors import UsageError
from monitor.items import Alert, AlertState, Item, Stage, Tier
from monitor.messages import Receipt


def test_merging_moves_the_items_and_leaves_a_redirect(archive: Archive) -> None:
    """All items are in the one that goes on, in order of time; the old id and its beginning lead there."""
    of_a, of_b = two(archive)
    archive.events.merge(A, B, who="sato", now=LATER)
    assert items_of(archive, A) == [of_a[0], of_b[0], of_a[1], of_b[1]]
    assert [archive.reading.item(item).event for item in of_b] == [A, A]
    assert archive.events.find(B) == archive.events.find("E-bbb") == archive.events.find(A) == A


def test_a_chain_of_merges_leads_to_its_end(archive: Archive) -> None:
    """However long, and whichever id is asked for."""
    file(archive, *(judged(a_notice(number), event) for number, event in enumerate((A, B, C, D))))
    archive.events.merge(B, A, who="sato", now=NOW)
    archive.events.merge(C, B, who="sato", now=NOW)
    archive.events.merge(D, C, who="sato", now=NOW)
    assert [archive.events.find(each) for each in (A, B, C, D)] == [D] * 4
    assert len(items_of(archive, D)) == 4


def test_merging_under_an_old_id_merges_what_it_leads_to(archive: Archive) -> None:
    """An analyst may have noted the id before it was merged."""
    file(archive, *(judged(a_notice(number), event) for number, event in enumerate((A, B, C))))
    archive.events.merge(A, B, who="sato", now=NOW)
    archive.events.merge(C, B, who="sato", now=NOW)
    assert [archive.events.find(each) for each in (A, B, C)] == [C] * 3
    assert len(items_of(archive, C)) == 3


def test_what_is_one_already_cannot_be_merged(archive: Archive) -> None:
    """Neither with itself nor with what went into it; nothing changes."""
    two(archive)
    archive.events.merge(A, B, who="sato", now=NOW)
    for pair in ((A, A), (A, B), (B, A)):
        with pytest.raises(UsageError, match="one event already"):
            archive.events.merge(*pair, who="sato", now=LATER)
    assert len(archive.events.decisions()) == 1


def test_merging_settles_the_stage_anew(archive: Archive) -> None:
    """From all items together; searches for the stage find it at once."""
    file(archive, judged(a_notice(1, tier=Tier.PRESS, published=NOW - timedelta(days=2)), A))
    file(archive, judged(a_notice(2), B, shown=a_shown("final rule")))
    assert (stage_of(archive, A), stage_of(archive, B)) == ("reported", "final")
    archive.events.merge(A, B, who="sato", now=LATER)
    assert (stage_of(archive, A), archive.events.record(A, LATER).stage) == ("final", Stage.FINAL)
    assert len(archive.reading.search(query.parse("stage:final"), LATER)) == 2


def test_a_merged_event_began_with_the_first_and_moved_with_the_last(archive: Archive) -> None:
    """Merging itself moves nothing that keeps its stage."""
    file(archive, judged(a_notice(1), A), at=NOW)
    file(archive, judged(a_notice(2), B), at=LATER)
    later, much_later = LATER.strftime("%Y-%m-%dT%H:%M:%SZ"), LATER + timedelta(days=1)
    archive.events.merge(B, A, who="sato", now=much_later)
    assert times(archive, B) == (NOW.strftime("%Y-%m-%dT%H:%M:%SZ"), later)


def test_a_stage_that_changes_by_a_merge_moves_the_event(archive: Archive) -> None:
    """Then readers hear of it."""
    file(archive, judged(a_notice(1, tier=Tier.PRESS, published=NOW - timedelta(days=2)), A))
    file(archive, judged(a_notice(2), B, shown=a_shown("final rule")))
    archive.events.merge(A, B, who="sato", now=LATER)
    assert archive.events.record(A, LATER).last_seen == LATER


def test_a_failed_merge_leaves_both_as_they_were(archive: Archive) -> None:
    """All or nothing."""
    of_a, of_b = two(archive)
    archive._connection.execute("create trigger full before insert on decisions begin select raise(abort, 'no room'); end")
    with pytest.raises(sqlite3.IntegrityError, match="no room"):
        archive.events.merge(A, B, who="sato", now=LATER)
    assert (items_of(archive, A), items_of(archive, B), archive.events.find(B)) == (of_a, of_b, B)


def test_what_the_linker_made_one_is_one_in_the_archive(archive: Archive) -> None:
    """With the item that showed it; as any merge it is kept, leads on, and can be taken back."""
    of_a, of_b = two(archive)
    third = a_notice(9, published=NOW)
    one = judged(third, A)
    file(archive, replace(one, link=replace(one.link, merged=(B,))), at=LATER)
    assert items_of(archive, A) == [of_a[0], of_b[0], of_a[1], of_b[1], third.id]
    [decision] = archive.events.decisions()
    assert (decision.who, decision.kind, decision.event, decision.other, decision.items) == (MACHINE, "merge", A, B, tuple(of_b))
    assert third.id in decision.reason
    assert archive.events.find(B) == A
    assert archive.events.split(A, of_b, who="sato", now=LATER) == B
    assert archive.events.apart() == {frozenset((A, B))}


# Old ids elsewhere


def test_a_search_under_an_old_id_finds_the_items_where_they_are(archive: Archive) -> None:
    """Through a chain, by the beginning of the id, and together with others."""
    file(archive, *(judged(a_notice(number), event) for number, event in enumerate((A, B, C, D))))
    archive.events.merge(B, A, who="sato", now=NOW)
    archive.events.merge(C, B, who="sato", now=NOW)

    def found(text: str) -> set[str]:
        return {each.item.key for each in archive.reading.search(query.parse(text), NOW)}

    assert found(f"event:{A}") == found(f"event:{B}") == found(f"event:{C}") == found("event:e-aaaa") == {"0", "1", "2"}
    assert found(f"event:{A},{D}") == {"0", "1", "2", "3"}
    assert found(f"-event:{A}") == {"3"}


def an_alert(item: Item, event: str, **changes: object) -> Alert:
    base: dict[str, object] = {
        "rule": "now",
        "item": item.id,
        "event": event,
        "channel": SLACK,
        "state": AlertState.WAITING,
        "reason": "theme:export_control",
        "decided_at": NOW,
        "not_before": NOW,
    }
    return Alert(**base | changes)  # type: ignore[arg-type]


def send(archive: Archive, remote_id: str, at: datetime = NOW) -> None:
    """Tell the channel what is next, as the opening of a thread."""
    order = archive.outbox.next(SLACK, at)
    assert order is not None
    archive.outbox.begin(order)
    archive.outbox.sent(order, Receipt(remote_id=remote_id), None, at)


def test_a_thread_opened_under_the_old_id_is_answered(archive: Archive) -> None:
    """By alerts of the event that goes on, through a chain; of two threads in the one that was opened first."""
    notices = [a_notice(number) for number in range(3)]
    alerts = [an_alert(each, event) for each, event in zip(notices, (A, B, C), strict=True)]
    file(archive, *(judged(each, event) for each, event in zip(notices, (A, B, C), strict=True)), alerts=alerts[:2])
    send(archive, "100.1")
    send(archive, "100.2")
    archive.events.merge(B, A, who="sato", now=NOW)
    assert archive.outbox.thread_of(SLACK, B) == "100.1"
    archive.events.merge(C, B, who="sato", now=NOW)
    assert archive.outbox.thread_of(SLACK, C) == "100.1"
    assert archive.outbox.thread_of("slack:#other", C) is None


def test_a_thread_is_not_answered_by_what_was_split_off(archive: Archive) -> None:
    """It opens one of its own; the event that kept its id keeps its thread."""
    one, other = a_notice(1), a_notice(2)
    file(archive, judged(one, A), judged(other, A), alerts=[an_alert(one, A)])
    send(archive, "100.1")
    made = archive.events.split(A, [other.id], who="sato", now=NOW)
    assert (archive.outbox.thread_of(SLACK, A), archive.outbox.thread_of(SLACK, made)) == ("100.1", None)


def test_alerts_of_merged_events_count_as_one_events(archive: Archive) -> None:
    """A limit per event holds for what was told before the merge as well; what was not told does not count."""
    notices = [a_notice(number) for number in range(4)]
    alerts = [
        an_alert(notices[0], A),
        an_alert(notices[1], B),
        an_alert(notices[2], B, state=AlertState.FOLDED),
        an_alert(notices[3], C),
    ]
    file(archive, *(judged(each, alert.event) for each, alert in zip(notices, alerts, strict=True)), alerts=alerts)
    count = archive.alerts.count
    assert (count(SLACK, NOW, A), count(SLACK, NOW, B)) == (1, 1)
    archive.events.merge(A, B, who="sato", now=LATER)
    assert (count(SLACK, NOW, A), count(SLACK, NOW, C), count(SLACK, NOW)) == (2, 1, 3)
    assert count(SLACK, NOW + timedelta(seconds=1), A) == 0
