"""Silences: what is not told for a time, made and ended from the command line, and what waited then."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from builders import an_item
from conftest import NOW, Run

from monitor.archive import Archive
from monitor.archive.intake import Change
from monitor.dedupe import sort_out
from monitor.errors import QueryError, UsageError
from monitor.items import (
    Alert,
    AlertKind,
    AlertState,
    Findings,
    Item,
    Judged,
    Link,
    SourceState,
    Stage,
    Standpoint,
    Tag,
)

SLACK, MAIL = "slack:#econsec", "mail:desk@x.example"
A, B = "E-aaaaaaaaaa", "E-bbbbbbbbbb"
CONFIG = """\
version: 1
sources:
  - {id: meti, name: METI, type: feed, url: "http://127.0.0.1:9/meti", country: JP, lang: ja, tier: official}
alerts:
  - {id: now, when: 'theme:export_control', to: ["slack:#econsec", "desk@x.example"]}
mail: {host: 127.0.0.1, port: 9, security: none, from: "m@x.example"}
"""
WEEK = timedelta(days=7)


def an_alert(item: Item, event: str, channel: str = SLACK, **changes: Any) -> Alert:
    base: dict[str, Any] = {
        "rule": "now",
        "item": item.id,
        "event": event,
        "channel": channel,
        "state": AlertState.WAITING,
        "reason": "rule now",
        "decided_at": NOW,
        "not_before": NOW,
    }
    return Alert(**base | changes)


def order(archive: Archive, key: str, event: str, *channels: str, **changes: Any) -> Item:
    """An item that waits to be told."""
    item = an_item(key=key, url=f"http://x.example/{key}", **{"title": f"告示第{key}号 輸出"} | changes)
    found = sort_out(archive.intake.known(item.source, [item]), [item])
    archive.intake.store(Change(found=found, state=SourceState(id=item.source), at=NOW))
    tag = Tag(theme="export_control", score=0.9, is_given=True)
    judged = Judged(item=item, findings=Findings(lang="ja"), tags=(tag,), link=Link(event=event, is_new=True), model="m")
    archive.judging.write([judged], [an_alert(item, event, channel) for channel in channels or (SLACK,)], NOW)
    return item


def fates(archive: Archive) -> list[tuple[str, str, int | None]]:
    return sorted((each.item, each.channel, each.state, each.silence) for each in archive.reading.alerts())  # type: ignore[misc]


def silence(archive: Archive, query: str, **changes: Any) -> int:
    return archive.silences.put(query, **{"until": NOW + WEEK, "now": NOW, "who": "sato", "via": "cli"} | changes).id


# The archive


def test_a_silence_holds_from_its_beginning_to_its_end(archive: Archive) -> None:
    """Exclusive of the end; all of them stay on record."""
    first = silence(archive, "source:meti", reason="tests")
    second = silence(archive, f"event:{A}", until=NOW + timedelta(days=1))
    assert [each.id for each in archive.silences.active(NOW)] == [first, second]
    assert [each.id for each in archive.silences.active(NOW + timedelta(days=1))] == [first]
    assert archive.silences.active(NOW - timedelta(seconds=1)) == []
    assert [(each.id, each.reason, each.who) for each in archive.silences.all()] == [
        (second, "", "sato"),
        (first, "tests", "sato"),
    ]


def test_an_ended_silence_holds_no_more(archive: Archive) -> None:
    """It cannot be ended twice, and one that never was cannot be ended."""
    number = silence(archive, "source:meti")
    ended = archive.silences.end(number, NOW + timedelta(hours=1))
    assert ended.ends_at == NOW + timedelta(hours=1)
    assert archive.silences.active(NOW + timedelta(hours=1)) == []
    for wrong in (number, 99):
        with pytest.raises(UsageError, match="no silence"):
            archive.silences.end(wrong, NOW + timedelta(hours=2))


@pytest.mark.parametrize("query", [f"event:{A}", "event:E-aaa", "source:meti -lang:en", "第1号 theme:export_control"])
def test_what_waits_and_is_found_is_dropped(archive: Archive, query: str) -> None:
    """By event, source or any query; the others wait on, and the alert says which silence it was."""
    one = order(archive, "1", A)
    other = order(archive, "2", B, source="wire", lang="en")
    number = silence(archive, query)
    assert archive.silences.dropped(number) == 1
    assert {(each.item, each.state, each.silence) for each in archive.reading.alerts()} == {
        (one.id, "suppressed", number),
        (other.id, "waiting", None),
    }
    assert archive.outbox.counts()["waiting"] == 1


def test_a_silence_of_a_channel_drops_only_there(archive: Archive) -> None:
    """The mail goes all the same."""
    order(archive, "1", A, SLACK, MAIL)
    number = silence(archive, f"event:{A}", channel=SLACK)
    assert archive.silences.dropped(number) == 1
    assert {(each.channel, each.state) for each in archive.reading.alerts()} == {(SLACK, "suppressed"), (MAIL, "waiting")}


def test_a_merged_event_is_silenced_where_its_items_are(archive: Archive) -> None:
    """What waits under the id that is no more is dropped, too."""
    order(archive, "1", A)
    order(archive, "2", B)
    archive.events.merge(A, B, who="sato", now=NOW)
    assert archive.silences.dropped(silence(archive, f"event:{A}")) == 2


def test_what_was_sent_or_may_have_gone_is_left_alone(archive: Archive) -> None:
    """A silence takes nothing back."""
    order(archive, "1", A)
    order(archive, "2", A)
    archive._connection.execute("update outbox set state = 'sent' where id = 1")
    archive._connection.execute("update outbox set state = 'doubtful' where id = 2")
    assert archive.silences.dropped(silence(archive, "")) == 0
    assert {each.state for each in archive.reading.alerts()} == {"sent", "waiting"}


def test_a_query_that_cannot_be_read_makes_no_silence(archive: Archive) -> None:
    """It would hold nothing back, and nobody would know."""
    with pytest.raises(QueryError):
        silence(archive, "evnt:E-a")
    assert archive.silences.all() == []


def test_what_a_silence_dropped_can_be_told_by_what_comes_after_it(archive: Archive) -> None:
    """That an event grew, dropped while it waited, is ordered anew when the next item shows it after the end of the silence."""
    at = {"kind": AlertKind.GROWTH, "news": "5 sources", "standpoint": Standpoint(stage=Stage.FINAL, sources=5)}
    item = order(archive, "1", A)
    archive.judging.advance(A, [an_alert(item, A, **at)], {"now": 1}, NOW)
    silence(archive, f"event:{A}")
    assert archive.outbox.counts()["waiting"] == 0
    later = NOW + WEEK + timedelta(hours=1)
    following = order(archive, "2", A, MAIL)
    archive.judging.advance(A, [an_alert(following, A, decided_at=later, not_before=later, **at)], {"now": 1}, later)
    waiting = archive._connection.execute("select key, item, note from outbox where state = 'waiting' and channel = ?", [SLACK])
    assert [tuple(row) for row in waiting] == [(f"growth:{SLACK}:{A}:5 sources", following.id, "5 sources")]


# The commands


@pytest.fixture(autouse=True)
def here(archive: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a configuration and the archive; commands run in it."""
    (tmp_path / "feeds.yaml").write_text(CONFIG, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MONITOR_NOW", NOW.isoformat())
    monkeypatch.setenv("MONITOR_ARCHIVE", f"sqlite:///{archive.path}")
    return tmp_path


def test_an_event_is_silenced_by_the_beginning_of_its_id(archive: Archive, run: Run) -> None:
    """The number goes to standard output, the rest is for the reader: until when, what was dropped, how to undo it."""
    order(archive, "1", A)
    code, out, err = run("silence", "add", "e-aaaa", "--why", "known", "--who", "mori")
    assert (code, out) == (0, "1\n")
    assert f"event:{A} is not told until 2026-05-08 08:00Z" in err
    assert "1 waiting alerts were dropped" in err
    assert "monitor silence end 1" in err
    [made] = archive.silences.all()
    assert (made.query, made.channel, made.who, made.via, made.reason) == (f"event:{A}", None, "mori", "cli", "known")


def test_a_merged_event_is_silenced_under_the_id_that_stands(archive: Archive, run: Run) -> None:
    """Whichever id is typed, with event: or without it."""
    order(archive, "1", A)
    order(archive, "2", B)
    archive.events.merge(A, B, who="sato", now=NOW)
    run("silence", "add", B)
    run("silence", "add", f"event:{B}")
    assert [each.query for each in archive.silences.all()] == [f"event:{A}"] * 2


def test_spans_days_and_channels_are_as_asked_for(archive: Archive, run: Run) -> None:
    """--until is the end of that day; --for counts from now; a query may have words that begin with a dash."""
    run("silence", "add", "theme:telecom_5g", "-country:JP", "--until", "2026-06-30", "--channel", SLACK)
    run("silence", "add", "source:meti", "--for", "12h")
    second, first = archive.silences.all()
    assert (first.query, first.channel, first.ends_at) == (
        "theme:telecom_5g -country:JP",
        SLACK,
        datetime(2026, 7, 1, tzinfo=UTC),
    )
    assert (second.query, second.ends_at) == ("source:meti", NOW + timedelta(hours=12))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "would silence everything"),
        (["--everything", "x"], "takes no query"),
        (["E-zzzzzzzzzz"], "there is no event"),
        (["event:E-zzzzzzzzzz"], "there is no event"),
        (["source:meti", "--for", "soon"], "is no span"),
        (["source:meti", "--for", "0d"], "is no span"),
        (["source:meti", "--for", "367d"], "366 days at most"),
        (["source:meti", "--until", "2028"], "366 days at most"),
        (["source:meti", "--until", "2026-04-30"], "is over"),
        (["source:meti", "--until", "7d"], "is no date"),
        (["source:meti", "--until", "2026-06-30", "--for", "7d"], "exclude each other"),
        (["source:meti", "--channel", "irc:#x"], "is no channel"),
        (["sorce:meti"], "Did you mean source:?"),
        (["source:meti", "--chanel", SLACK], "--channel"),
    ],
)
def test_a_slip_makes_no_silence(archive: Archive, run: Run, arguments: list[str], said: str) -> None:
    """Wrong use is named with what to do."""
    order(archive, "1", A)
    code, _, err = run("silence", "add", *arguments)
    assert (code, said in err) == (2, True), err
    assert archive.silences.all() == []
    assert archive.outbox.counts()["waiting"] == 1


def test_a_query_is_shown_with_a_mark_under_the_slip(run: Run) -> None:
    """As a search shows it."""
    assert run("silence", "add", "lang:ja sorce:meti")[2].splitlines()[1:] == ["  lang:ja sorce:meti", "          ^"]


def test_everything_is_silenced_only_in_so_many_words(archive: Archive, run: Run) -> None:
    """On a day of maintenance."""
    order(archive, "1", A)
    assert run("silence", "add", "--everything", "--for", "2h")[0] == 0
    assert archive.silences.all()[0].query == ""
    assert archive.outbox.counts()["waiting"] == 0


def test_what_the_configuration_does_not_know_is_said(run: Run) -> None:
    """A source or a channel that is not there is silenced all the same: it may have been, or may come."""
    code, _, err = run("silence", "add", "(source:metti OR -source:meti)", "--channel", "slack:#other")
    assert code == 0
    assert "Beware: no source 'metti' in feeds.yaml. Did you mean meti?" in err
    assert "Beware: no rule in feeds.yaml tells anything to slack:#other" in err
    assert "Beware" not in run("silence", "add", "source:meti", "--channel", SLACK)[2]


def test_a_silence_needs_no_configuration(archive: Archive, run: Run, here: Path) -> None:
    """It belongs to the archive."""
    (here / "feeds.yaml").unlink()
    assert run("silence", "add", "source:meti")[0] == 0


def test_silences_that_hold_are_listed_and_can_be_ended(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The latest first; those that ended with --all; in JSON with the keys that documents promise."""
    run("silence", "add", "source:meti", "--for", "1d", "--who", "sato", "--reason", "tests")
    run("silence", "add", "lang:zh", "--channel", SLACK)
    rows = json.loads(run("silence", "list", "--format", "json")[1])
    assert [(each["id"], each["query"], each["holds"]) for each in rows] == [(2, "lang:zh", True), (1, "source:meti", True)]
    assert rows[1] == {
        "id": 1,
        "query": "source:meti",
        "channel": None,
        "begins_at": "2026-05-01T08:00:00Z",
        "ends_at": "2026-05-02T08:00:00Z",
        "holds": True,
        "who": "sato",
        "via": "cli",
        "reason": "tests",
    }
    code, _, err = run("silence", "end", "2")
    assert (code, err) == (0, "lang:zh is told again.\n")
    assert run("silence", "list", "--format", "ids")[1] == "1\n"
    assert run("silence", "list", "--all", "--format", "ids")[1] == "2\n1\n"
    assert run("silence", "end", "2")[0] == 2
    monkeypatch.setenv("MONITOR_NOW", (NOW + timedelta(days=2)).isoformat())
    assert run("silence", "list")[1:] == ("", "Nothing is silenced.\n")


def test_what_is_typed_is_inert_when_it_is_listed(run: Run) -> None:
    """No control character of a reason reaches a terminal."""
    run("silence", "add", "source:meti", "--why", "a\x1b]0;owned\x07b", "--who", "\u202eeve")
    out = run("silence", "list", "--format", "tsv")[1]
    assert not set(out) & {"\x1b", "\x07", "\u202e"}
