"""The commands about events and dossiers, on the archive that the demo leaves behind."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, date, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from builders import a_date, a_shown, an_item
from icalendar import Calendar

from monitor import bundled
from monitor.archive import Archive
from monitor.archive.intake import Change
from monitor.cli import main
from monitor.dedupe import sort_out
from monitor.events import Part, in_time, reached
from monitor.items import DateKind, Filed, Findings, Item, Judged, KeyDate, Link, Shown, SourceState, Tag, Tier

END = datetime(2023, 10, 25, 13, 0, tzinfo=UTC)
"""The moment at which the demo ends."""
EVENT_KEYS = [
    "id",
    "title",
    "stage",
    "step",
    "first_seen",
    "last_seen",
    "items",
    "sources",
    "langs",
    "countries",
    "themes",
    "identifiers",
    "dates",
    "storyline",
    "titles",
    "entities",
    "jurisdiction",
    "way",
    "claim",
    "expected",
    "momentum",
    "importance",
]


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `monitor demo --keep` makes; nobody writes to it."""
    folder = tmp_path_factory.mktemp("demo") / "kept"
    clean = {name: value for name, value in os.environ.items() if not name.startswith("MONITOR_")}
    done = subprocess.run(
        [sys.executable, "-m", "monitor", "demo", "--keep", str(folder)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        cwd=Path(__file__).parent.parent,
        env=clean,
    )
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def here(kept: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of its own with the demo's archive and configuration, at the moment at which the demo ends."""
    (tmp_path / "data").mkdir()
    shutil.copy(kept / "monitor.db", tmp_path / "data" / "monitor.db")
    (tmp_path / "feeds.yaml").write_bytes((bundled.demo() / "feeds.yaml").read_bytes())
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MONITOR_NOW", END.isoformat())
    monkeypatch.setenv("DEMO_BASE", "http://127.0.0.1:9")
    return tmp_path


Capture = pytest.CaptureFixture[str]


def run(capsys: Capture, *arguments: str) -> tuple[int, str, str]:
    capsys.readouterr()
    code = main(arguments)
    found = capsys.readouterr()
    return code, found.out, found.err


def asked(capsys: Capture, *arguments: str) -> Any:
    """The JSON that a command writes."""
    code, out, err = run(capsys, *arguments)
    assert code == 0, err
    return json.loads(out)


def all_events(capsys: Capture, *arguments: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = asked(capsys, "events", "--since", "30d", "--format", "json", *arguments)
    return found


def event_like(capsys: Capture, title: str) -> str:
    """Id of the most important event with these words in its title."""
    return next(str(each["id"]) for each in all_events(capsys) if title in each["title"])


def add(item: Item, event: str, *, shown: Shown | None = None, dates: tuple[KeyDate, ...] = (), at: datetime = END) -> None:
    """Store an item in the archive of the folder, and file it under an event, as judgement does."""
    with Archive.open("sqlite:///data/monitor.db") as archive:
        found = sort_out(archive.intake.known(item.source, [item]), [item])
        archive.intake.store(Change(found=found, state=SourceState(id=item.source, polls=2), at=at))
        judged = Judged(
            item=item,
            findings=Findings(lang=item.lang, shown=shown, dates=dates),
            tags=(Tag(theme="export_control", score=0.9, is_given=True),),
            link=Link(event=event, is_new=False),
            model="test",
        )
        parts = [*archive.events.parts(event), Part(filed=Filed(item=item), arrival=1_000_000, shown=shown, dates=dates)]
        archive.judging.write([judged], [], at, None, {event: reached(in_time(parts), at.date())[0][-1]})


def a_notice(key: str, **changes: object) -> Item:
    base: dict[str, object] = {
        "source": "us-fr-bis",
        "key": key,
        "url": f"http://fr.example/{key}",
        "title": f"Proposed rule {key}",
        "lang": "en",
        "country": "US",
        "published": END,
        "first_seen": END,
    }
    return an_item(**base | changes)


CHIPS, GRAPHITE = "advanced computing chips", "公告2023年第39号"
CABLE, REPORT = "Finland-Estonia cable damaged", "annual report on the screening"


# events


def test_events_come_by_importance(here: Path, capsys: Capture) -> None:
    """The most important first, on any line of any format."""
    found = all_events(capsys)
    assert len(found) > 5
    weights = [each["importance"] for each in found]
    assert weights == sorted(weights, reverse=True)
    ids = [each["id"] for each in found]
    assert run(capsys, "events", "--since", "30d", "--format", "ids")[1].split() == ids
    assert [line.split("\t")[0] for line in run(capsys, "events", "--since", "30d")[1].splitlines()] == ids
    assert asked(capsys, "events", "--since", "30d", "--limit", "2", "--format", "json") == found[:2]


def test_events_come_by_time_if_asked(here: Path, capsys: Capture) -> None:
    """What moved last first; the same events."""
    found = all_events(capsys, "--by", "time")
    moments = [each["last_seen"] for each in found]
    assert moments == sorted(moments, reverse=True)
    assert {each["id"] for each in found} == {each["id"] for each in all_events(capsys)}


def test_events_are_those_since_a_span_or_a_day_and_of_a_theme(here: Path, capsys: Capture) -> None:
    """--since, --theme, --all."""
    found = all_events(capsys)
    last_day = asked(capsys, "events", "--since", "2023-10-25", "--format", "json")
    assert {each["id"] for each in last_day} == {each["id"] for each in found if each["last_seen"] >= "2023-10-25"}
    assert asked(capsys, "events", "--since", "1d", "--format", "json") == last_day
    minerals = all_events(capsys, "--theme", "critical_minerals")
    assert {each["id"] for each in minerals} == {each["id"] for each in found if "critical_minerals" in each["themes"]}
    everything = all_events(capsys, "--all")
    assert {each["id"] for each in found} == {each["id"] for each in everything if each["themes"]}
    assert len(everything) > len(found)


def test_the_keys_of_an_event_in_json_are_stable(here: Path, capsys: Capture) -> None:
    """Programs read them; `event --json` has three more."""
    found = all_events(capsys)
    assert [list(each) for each in found] == [EVENT_KEYS] * len(found)
    graphite = next(each for each in found if GRAPHITE in each["title"])
    assert {name: graphite[name] for name in ("stage", "step", "jurisdiction")} == {
        "stage": "final",
        "step": "公告",
        "jurisdiction": "CN",
    }
    assert list(graphite["way"][0]) == ["stage", "step", "jurisdiction", "at", "item", "tier", "sentence"]
    assert list(graphite["dates"][0]) == ["kind", "date", "sentence", "item", "was", "withdrawn"]
    assert list(graphite["expected"]) == ["step", "due", "overdue", "basis"]
    expected = graphite["expected"]
    assert (expected["step"], expected["due"], expected["overdue"]) == ("施行", "2023-12-01", False)
    assert list(graphite["titles"]["ja"]) == ["title", "item"]
    assert list(graphite["entities"][0]) == ["id", "name", "items"]
    lines = run(capsys, "events", "--since", "30d", "--format", "jsonl")[1].splitlines()
    assert [json.loads(line) for line in lines] == found


@pytest.mark.parametrize(("form", "separator"), [("csv", ","), ("tsv", "\t"), ("md", "|"), ("table", " ")])
def test_events_are_written_in_each_form(here: Path, capsys: Capture, form: str, separator: str) -> None:
    """One line an event at least, with its id and what is expected next."""
    code, out, _ = run(capsys, "events", "--since", "30d", "--format", form)
    assert code == 0
    line = next(line for line in out.splitlines() if event_like(capsys, GRAPHITE)[:8] in line)
    assert separator in line
    if form != "table":  # which leaves out what there is no room for
        assert "施行 by 2023-12-01" in line
        assert len([line for line in out.splitlines() if "E-" in line]) == len(all_events(capsys))


def test_the_formula_is_in_the_help(capsys: Capture) -> None:
    """The one that is computed."""
    code, out, _ = run(capsys, "events", "--help")
    assert code == 0
    for word in ("importance = 100 x theme", "momentum", "log2(1 + n) / 4"):
        assert word in out


# event


def test_an_event_tells_its_way_what_comes_next_and_its_timeline(here: Path, capsys: Capture) -> None:
    """Each step with the item and the words that show it; the stated day; each item with what joined it."""
    event = event_like(capsys, GRAPHITE)
    found = asked(capsys, "event", event, "--json")
    code, out, _ = run(capsys, "event", event[:7])
    assert code == 0
    assert out.startswith(f"{event}  {found['title']}\n")
    assert re.search(r"stage: +final \(公告\) in CN", out)
    final = found["way"][-1]
    assert f"{final['at'][:10]}  final (公告) (official, {final['item']}) “{final['sentence'][:60]}" in out
    assert re.search(r"next: +施行 by 2023-12-01: ", out)
    assert re.search(r"2023-12-01, in 37 days  Effective: ", out)
    assert [line.split()[0] for line in out.splitlines() if line.lstrip().startswith("I-")] == [
        each["id"] for each in found["timeline"]
    ]
    assert "opened the event" in out
    assert re.search(r"\n2023-10-20  █+ \d\n", out)


def test_what_the_press_claims_is_marked_unconfirmed(here: Path, capsys: Capture) -> None:
    """With its words; the stage stays what is proven."""
    add(a_notice("8", title="Proposed rule on drone parts"), "E-drones2222", shown=a_shown("NPRM"))
    press = a_notice("7", source="press", title="Drone rule is final, says paper", tier=Tier.PRESS)
    add(press, "E-drones2222", shown=a_shown("final rule", sentence="The rule is final."))
    found = asked(capsys, "event", "E-drones2222", "--json")
    assert (found["stage"], found["claim"]) == (
        "proposed",
        {"stage": "final", "step": "final rule", "sentence": "The rule is final."},
    )
    assert "unconfirmed: final (final rule), “The rule is final.”" in run(capsys, "event", "E-drones2222")[1]


def test_what_came_into_force_by_its_date_needs_no_item(here: Path, capsys: Capture) -> None:
    """The clock alone has shown it, and says so."""
    effect = a_date(date(2023, 10, 25), DateKind.EFFECTIVE)
    add(a_notice("8", title="Final rule on drone parts"), "E-drones2222", shown=a_shown("final rule"), dates=(effect,))
    [*_, last] = asked(capsys, "event", "E-drones2222", "--json")["way"]
    assert (last["stage"], last["step"], last["item"], last["at"]) == ("in_force", "effective", None, "2023-10-25T13:00:00Z")
    assert "2023-10-25  in force (effective) (by its date)" in run(capsys, "event", "E-drones2222")[1]


def test_an_event_in_json_has_its_items_and_decisions(here: Path, capsys: Capture) -> None:
    """After the keys that all events have."""
    event = event_like(capsys, GRAPHITE)
    found = asked(capsys, "event", event, "--json")
    assert list(found) == [*EVENT_KEYS, "timeline", "decisions", "storyline_events"]
    assert [each["event"] for each in found["timeline"]] == [event] * found["items"]
    moments = [each["published"] or each["first_seen"] for each in found["timeline"]]
    assert moments == sorted(moments)
    listed = next(each for each in all_events(capsys) if each["id"] == event)
    assert {name: found[name] for name in EVENT_KEYS} == listed


def test_merging_makes_one_event_of_several(here: Path, capsys: Capture) -> None:
    """The first goes on; the others' ids lead to it; who and why are kept and told."""
    goes_on, other, third = (event_like(capsys, title) for title in (GRAPHITE, CABLE, REPORT))
    items = sum(asked(capsys, "event", each, "--json")["items"] for each in (goes_on, other, third))
    code, out, err = run(capsys, "event", "merge", goes_on, other, third, "--who", "佐藤", "--reason", "the same order")
    assert (code, out) == (0, "")
    for each in (other, third):
        assert f"{each} is now part of {goes_on}" in err
    found = asked(capsys, "event", goes_on, "--json")
    assert found["items"] == items
    assert asked(capsys, "event", other, "--json") == asked(capsys, "event", third[:7], "--json") == found
    decided = found["decisions"][-2:]
    assert [list(each) for each in decided] == [["at", "who", "kind", "event", "other", "items", "reason"]] * 2
    assert [each["other"] for each in decided] == [other, third]
    assert {(each["kind"], each["who"], each["reason"], each["at"]) for each in decided} == {
        ("merge", "佐藤", "the same order", "2023-10-25T13:00:00Z")
    }
    text = run(capsys, "event", other)[1]
    assert text.startswith(goes_on)
    assert f"2023-10-25  {other} was merged into it, by 佐藤: the same order" in text
    assert other not in {each["id"] for each in all_events(capsys)}
    ids = run(capsys, "search", f"event:{other}", "--format", "ids")[1].split()
    assert len(ids) == items


def test_a_merge_is_undone_by_the_split_that_it_names(here: Path, capsys: Capture) -> None:
    """Both events are as they were, under their ids."""
    goes_on, other = event_like(capsys, GRAPHITE), event_like(capsys, CABLE)
    before = [asked(capsys, "event", each, "--json") for each in (goes_on, other)]
    _, _, err = run(capsys, "event", "merge", goes_on, other)
    assert f"Undo: monitor event split {goes_on}" in err
    items = [each["id"] for each in before[1]["timeline"]]
    code, out, err = run(capsys, "event", "split", goes_on, *items)
    assert (code, out) == (0, f"{other}\n")
    assert f"{len(items)} items of {goes_on} are now {other}. Undo: monitor event merge {goes_on} {other}" in err
    after = [asked(capsys, "event", each, "--json") for each in (goes_on, other)]
    changed = {"decisions", "last_seen"}
    assert [{name: each[name] for name in each if name not in changed} for each in after] == [
        {name: each[name] for name in each if name not in changed} for each in before
    ]
    assert f"it was split off {goes_on}, by " in run(capsys, "event", other)[1]


def test_a_split_is_undone_by_the_merge_that_it_names(here: Path, capsys: Capture) -> None:
    """It writes the new id, and the beginning of an item's id is enough."""
    event = event_like(capsys, GRAPHITE)
    before = asked(capsys, "event", event, "--json")
    item = before["timeline"][-1]["id"]
    code, out, err = run(capsys, "event", "split", event, item[:9], "--reason", "another notice")
    assert code == 0
    made = out.strip()
    assert [each["id"] for each in asked(capsys, "event", made, "--json")["timeline"]] == [item]
    assert f"1 items were split off as {made}, by " in run(capsys, "event", event)[1]
    words = re.search(r"Undo: monitor (event merge \S+ \S+)", err)
    assert words is not None
    assert run(capsys, *words[1].split())[0] == 0
    after = asked(capsys, "event", event, "--json")
    assert after["timeline"] == before["timeline"]
    assert [each["kind"] for each in after["decisions"][-2:]] == ["split", "merge"]


def test_what_cannot_be_merged_or_split_is_said_in_a_line(here: Path, capsys: Capture) -> None:
    """Exit code 2, nothing on standard output, nothing changed."""
    one, other = event_like(capsys, GRAPHITE), event_like(capsys, CABLE)
    items = [each["id"] for each in asked(capsys, "event", one, "--json")["timeline"]]
    stranger = asked(capsys, "event", other, "--json")["timeline"][0]["id"]
    before = all_events(capsys, "--all")
    for words, said in (
        (["merge", one], "needs the event that goes on and another"),
        (["split", one], "needs an event and the items that leave it"),
        (["merge"], "needs the event that goes on and another"),
        (["merge", one, one], "are one event already"),
        (["merge", one, "E-nosuch"], "there is no event 'E-nosuch'"),
        (["merge", "E-nosuch", one], "monitor events"),
        (["split", one, stranger], f"{stranger} is not an item of {one}"),
        (["split", one, "I-nosuch"], "there is no item 'I-nosuch'"),
        (["split", one, *items], "would have no items left"),
        (["split", "E-nosuch", items[0]], "there is no event 'E-nosuch'"),
        ([one, other], "Name one event, or merge or split"),
        (["E-"], "beginning of several ids"),
        (["E-nosuch"], "monitor events"),
        ([], "Missing argument"),
    ):
        code, out, err = run(capsys, "event", *words)
        assert (code, out) == (2, ""), words
        assert said in err, words
        assert "Traceback" not in err
    assert all_events(capsys, "--all") == before


def test_a_merge_of_several_is_made_whole_or_not_at_all(here: Path, capsys: Capture) -> None:
    """One slip among the ids leaves every event as it was."""
    one, other = event_like(capsys, GRAPHITE), event_like(capsys, CABLE)
    before = asked(capsys, "event", one, "--json")
    assert run(capsys, "event", "merge", one, other, "E-nosuch")[0] == 2
    assert asked(capsys, "event", one, "--json") == before


def test_reasons_and_names_are_inert(here: Path, capsys: Capture) -> None:
    """No escape sequence reaches another's terminal by way of the archive."""
    one, other = event_like(capsys, GRAPHITE), event_like(capsys, CABLE)
    run(capsys, "event", "merge", one, other, "--who", "sa\x1b]0;owned\x07to", "--reason", "why\u202e\nnot")
    _, out, _ = run(capsys, "event", one)
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]", out)


# deadlines

DEADLINE_KEYS = [
    "date",
    "days",
    "kind",
    "change",
    "event",
    "title",
    "themes",
    "sentence",
    "confidence",
    "item",
    "url",
    "uid",
    "sequence",
    "was",
    "withdrawn",
]


def test_deadlines_are_those_ahead_in_order_of_day(here: Path, capsys: Capture) -> None:
    """From today on, within the span, with the words that say so; the keys of JSON are stable."""
    found = asked(capsys, "deadlines", "--within", "90d", "--format", "json")
    assert [list(each) for each in found] == [DEADLINE_KEYS] * len(found)
    days = [each["date"] for each in found]
    assert days == sorted(days)
    assert {"2023-11-17", "2023-12-01", "2023-12-18"} <= set(days)
    first = next(each for each in found if each["kind"] == "comments_close")
    assert (first["date"], first["days"], first["change"], first["withdrawn"]) == ("2023-12-18", 54, "", False)
    assert "December 18, 2023" in first["sentence"]
    assert [each["date"] for each in asked(capsys, "deadlines", "--within", "40d", "--format", "json")] == [
        day for day in days if day <= "2023-12-04"
    ]


def test_deadlines_can_be_of_one_theme(here: Path, capsys: Capture) -> None:
    """Of the event, not of the item."""
    found = asked(capsys, "deadlines", "--within", "90d", "--theme", "critical_minerals", "--format", "json")
    assert found
    assert all("critical_minerals" in each["themes"] for each in found)
    assert asked(capsys, "deadlines", "--within", "90d", "--theme", "telecom_5g", "--format", "json") == []


@pytest.mark.parametrize("form", ["csv", "tsv", "md", "table"])
def test_deadlines_are_written_in_each_form(here: Path, capsys: Capture, form: str) -> None:
    """One line a date at least."""
    code, out, _ = run(capsys, "deadlines", "--within", "90d", "--format", form)
    assert code == 0
    assert re.search(r"2023-12-18\W+54\W+comments_close", out)


def calendar_of(capsys: Capture) -> dict[str, Any]:
    """The calendar's entries by UID."""
    code, out, _ = run(capsys, "deadlines", "--within", "P1Y", "--format", "ics")
    assert code == 0
    entries = Calendar.from_ical(out).walk("VEVENT")
    found = {str(each["UID"]): each for each in entries}
    assert len(found) == len(entries)
    return found


def test_a_calendar_entry_keeps_its_uid_when_its_day_moves(here: Path, capsys: Capture) -> None:
    """An official extension raises SEQUENCE, and the entry is on the new day; all others stay as they are."""
    before = calendar_of(capsys)
    event = event_like(capsys, CHIPS)
    [uid] = [uid for uid, each in before.items() if event in each["DESCRIPTION"] and "Comments close" in each["SUMMARY"]]
    assert (before[uid]["DTSTART"].dt, before[uid]["SEQUENCE"]) == (date(2023, 12, 18), 0)
    extension = a_notice("9", title="Advanced computing rule: extension of comment period", step="Extension of comment period")
    add(extension, event, dates=(a_date(date(2024, 1, 17), sentence="The comment period is extended to January 17, 2024."),))
    after = calendar_of(capsys)
    assert set(after) == set(before)
    assert (after[uid]["DTSTART"].dt, after[uid]["STATUS"]) == (date(2024, 1, 17), "CONFIRMED")
    assert after[uid]["SEQUENCE"] > before[uid]["SEQUENCE"]
    assert "Was 2023-12-18." in after[uid]["DESCRIPTION"]
    assert {each: (before[each]["SEQUENCE"], before[each]["DTSTART"].dt) for each in before if each != uid} == {
        each: (after[each]["SEQUENCE"], after[each]["DTSTART"].dt) for each in after if each != uid
    }
    row = next(each for each in asked(capsys, "deadlines", "--within", "P1Y", "--format", "json") if each["item"] == extension.id)
    assert (row["change"], row["was"], row["sequence"]) == ("was 2023-12-18", ["2023-12-18"], after[uid]["SEQUENCE"])
    assert f"{row['uid']}@econsec-monitor" == uid


def test_a_withdrawn_measures_entries_are_cancelled(here: Path, capsys: Capture) -> None:
    """With their UIDs, a SEQUENCE that is raised, and no alarm."""
    event = event_like(capsys, CHIPS)
    before = calendar_of(capsys)
    add(a_notice("9", title="Advanced computing rule withdrawn"), event, shown=a_shown("withdrawn"))
    after = calendar_of(capsys)
    assert set(after) == set(before)
    stood = {uid for uid, each in before.items() if each["STATUS"] == "CONFIRMED"}  # the others are what merges made needless
    cancelled = {uid for uid, each in after.items() if each["STATUS"] == "CANCELLED"} & stood
    assert cancelled == {uid for uid, each in before.items() if event in each["DESCRIPTION"]} & stood
    for uid in cancelled:
        assert after[uid]["SEQUENCE"] > before[uid]["SEQUENCE"]
        assert (len(before[uid].walk("VALARM")), after[uid].walk("VALARM")) == (3, [])
    rows = asked(capsys, "deadlines", "--within", "P1Y", "--format", "json")
    assert {each["change"] for each in rows if each["event"] == event} == {"withdrawn"}


def test_what_should_have_come_is_overdue(here: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    """A step that usually follows, with its day and on what that rests; not before its day, and not once it was seen."""
    event = "E-overdue222"
    comments = a_date(date(2023, 12, 1), DateKind.COMMENTS_CLOSE)
    add(a_notice("8", title="Proposed rule on drone parts"), event, shown=a_shown("NPRM"), dates=(comments,))
    assert asked(capsys, "deadlines", "--overdue", "--format", "json") == []
    monkeypatch.setenv("MONITOR_NOW", "2025-01-15T08:00:00Z")
    [found] = asked(capsys, "deadlines", "--overdue", "--format", "json")
    assert found == {
        "due": "2024-11-30",
        "step": "final rule",
        "stage": "proposed",
        "event": event,
        "title": "Proposed rule on drone parts",
        "basis": found["basis"],
    }
    assert "a year after comments close" in found["basis"]
    assert f"final rule overdue since 2024-11-30: {found['basis']}" in run(capsys, "event", event)[1]
    assert asked(capsys, "deadlines", "--overdue", "--theme", "telecom_5g", "--format", "json") == []
    assert "2024-11-30" in run(capsys, "deadlines", "--overdue")[1]
    seen = datetime(2025, 1, 10, tzinfo=UTC)
    final = a_notice("7", title="Final rule on drone parts", published=seen, first_seen=seen)
    add(final, event, shown=a_shown("final rule"), dates=(a_date(date(2025, 3, 1), DateKind.EFFECTIVE),), at=seen)
    assert asked(capsys, "deadlines", "--overdue", "--format", "json") == []


# export


class Links(HTMLParser):
    """Tags of a page, and where it leads."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.links += [value or "" for name, value in attrs if name in ("href", "src")]


def hashes(found: Mapping[str, Any]) -> list[str]:
    return [each["sha256"] for each in found["items"]]


def test_an_evidence_pack_comes_in_five_forms(here: Path, capsys: Capture) -> None:
    """Each has every item with its source's name, its id and its hash."""
    event = event_like(capsys, GRAPHITE)
    pack = asked(capsys, "export", event, "--format", "json")
    shown = asked(capsys, "event", event, "--json")
    assert (pack["event"], pack["stage"], pack["step"], pack["made_at"]) == (event, "final", "公告", "2023-10-25T13:00:00Z")
    assert [each["item"] for each in pack["items"]] == [each["id"] for each in shown["timeline"]]
    assert {each["source"]: each["source_name"] for each in pack["items"]}["cn-mofcom"] == "商务部（演示）"
    forms = {form: run(capsys, "export", event, "--format", form)[1] for form in ("md", "html", "csv", "bibtex")}
    for text in forms.values():
        assert [each for each in hashes(pack) if each not in text] == []
        assert [each["item"] for each in pack["items"] if each["item"] not in text] == []
        assert "商务部（演示）" in text
    assert forms["md"].startswith("# ")
    assert forms["md"] == run(capsys, "export", event[:7])[1]
    page = Links()
    page.feed(forms["html"])
    assert {each["url"] for each in pack["items"]} == set(page.links)
    assert not page.tags & {"script", "link", "img", "iframe"}
    rows = list(csv.DictReader(io.StringIO(forms["csv"])))
    assert [row["sha256"] for row in rows] == hashes(pack)
    assert forms["bibtex"].count("@online{") == len(rows)


def test_evidence_goes_to_a_file(here: Path, capsys: Capture) -> None:
    """The same bytes; standard output stays empty."""
    event = event_like(capsys, GRAPHITE)
    for form in ("md", "html", "csv", "json", "bibtex"):
        code, out, err = run(capsys, "export", event, "--format", form, "--out", f"evidence.{form}")
        assert (code, out) == (0, "")
        assert re.fullmatch(rf"wrote evidence\.{form}: \d+ items\n", err)
        assert Path(f"evidence.{form}").read_bytes().decode() == run(capsys, "export", event, "--format", form)[1]


def test_a_merged_events_evidence_is_found_under_its_old_id(here: Path, capsys: Capture) -> None:
    """A citation of it does not go stale."""
    goes_on, other = event_like(capsys, GRAPHITE), event_like(capsys, CABLE)
    run(capsys, "event", "merge", goes_on, other)
    assert run(capsys, "export", other, "--format", "json") == run(capsys, "export", goes_on, "--format", "json")


def test_evidence_needs_no_configuration(here: Path, capsys: Capture) -> None:
    """Sources have their ids for names then."""
    event = event_like(capsys, GRAPHITE)
    Path("feeds.yaml").unlink()
    pack = asked(capsys, "export", event, "--format", "json")
    assert {each["source_name"] for each in pack["items"]} == {each["source"] for each in pack["items"]}


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["export", "I-5vq2m7n4kd3a"], 2, "is no event"),
        (["export", "E-nosuch"], 2, "there is no event 'E-nosuch'"),
        (["export", "E-nosuch", "--format", "pdf"], 2, "bibtex"),
        (["export", "E-nosuch", "--archive", "sqlite:///absent.db"], 7, "monitor poll"),
        (["events", "--since", "whenever"], 2, "7d, 2026-05 or 2026-05-01"),
        (["events", "--by", "size"], 2, "importance"),
        (["events", "--limit", "0"], 2, "--limit"),
        (["deadlines", "--within", "2023-12-01"], 2, "30d, 8w or P1Y"),
        (["deadlines", "--format", "ids"], 2, "ics"),
        (["dossier", "graphit"], 2, "Did you mean: cn-graphite?"),
        (["dossier", "zzzzqq"], 2, "monitor dossier --list"),
        (["dossier", "cn-graphite", "--since", "whenever"], 2, "7d, 2026-05 or 2026-05-01"),
    ],
)
def test_a_slip_is_named_with_what_to_do(here: Path, capsys: Capture, arguments: list[str], code: int, said: str) -> None:
    """One clear line, nothing on standard output."""
    found, out, err = run(capsys, *arguments)
    assert (found, out) == (code, "")
    assert said in err
    assert "Traceback" not in err


def test_evidence_that_cannot_be_written_is_named(here: Path, capsys: Capture) -> None:
    """With the file."""
    event = event_like(capsys, GRAPHITE)
    for place in ("absent/evidence.md", "data"):
        code, out, err = run(capsys, "export", event, "--out", place)
        assert (code, out) == (2, "")
        assert place in err


# dossier

DOSSIER_KEYS = [
    "dossier",
    "entity",
    "names",
    "note",
    "sources",
    "items",
    "first",
    "last",
    "langs",
    "months",
    "events",
    "dates",
    "identifiers",
    "entities",
    "new",
    "moved",
]


def test_a_dossier_is_a_standing_file(here: Path, capsys: Capture) -> None:
    """Names, note, items by month and language, dates ahead, events with what comes next, what stands beside it."""
    code, out, _ = run(capsys, "dossier", "cn-graphite")
    assert code == 0
    event = event_like(capsys, GRAPHITE)
    assert out.startswith("graphite export controls · 黒鉛の輸出規制 · ")
    assert re.search(r"\d+ items \(.*ja \d.*\) from 2023-10-19 to 2023-10-20, 5 days ago", out)
    assert re.search(r"  2022-11  0\n(?:.*\n)+  2023-10  █+ \d", out)
    assert re.search(rf"Dates ahead:\n(?:.*\n)*?  2023-12-01  Effective: .*\({event}\)", out)
    assert re.search(rf"Events:\n(?:.*\n)*?  {event}  2023-10-\d\d  final \(公告\)  .*\n      next: 施行 by 2023-12-01\n", out)
    assert "cn_docno" in out
    assert "Since" not in out


def test_the_keys_of_a_dossier_in_json_are_stable(here: Path, capsys: Capture) -> None:
    """--json and --format json are the same."""
    found = asked(capsys, "dossier", "cn-graphite", "--json")
    assert list(found) == DOSSIER_KEYS
    assert asked(capsys, "dossier", "cn-graphite", "--format", "json") == found
    assert (found["dossier"], found["entity"]) == ("cn-graphite", "control-cn-graphite")
    assert (found["new"], found["moved"]) == ([], [])
    assert sum(found["langs"].values()) == found["items"] == found["months"]["2023-10"]
    assert list(found["months"]) == sorted(found["months"])
    assert [list(each) for each in found["events"]] == [EVENT_KEYS] * len(found["events"])
    assert list(found["dates"][0]) == ["event", "kind", "date", "sentence"]


@pytest.mark.parametrize(
    "name", ["ＣＮ－Graphite", "control-cn-graphite", "黒鉛の輸出規制", "GRAPHITE EXPORT CONTROLS", "石墨物项临时出口管制"]
)
def test_a_dossier_is_asked_for_by_any_of_its_names(here: Path, capsys: Capture, name: str) -> None:
    """In any language, case and width."""
    assert asked(capsys, "dossier", name, "--json") == asked(capsys, "dossier", "cn-graphite", "--json")


def test_every_entry_of_the_lexicon_has_a_file(here: Path, capsys: Capture) -> None:
    """An agency, a mineral: what is no dossier is read as one."""
    found = asked(capsys, "dossier", "min-graphite", "--json")
    assert (found["dossier"], found["note"], found["sources"]) == ("min-graphite", "", [])
    assert found["items"] >= asked(capsys, "dossier", "cn-graphite", "--json")["items"]


def test_what_changed_in_a_dossier_since_a_day_is_told_apart(here: Path, capsys: Capture) -> None:
    """Items that came since, steps taken since, dates moved since; the rest of the file is the same."""
    event = event_like(capsys, GRAPHITE)
    item = an_item(
        source="cn-mofcom",
        key="9",
        url="http://mofcom.example/9",
        title="石墨物项出口管制措施暂停实施",
        lang="zh",
        country="CN",
        published=END,
        first_seen=END,
    )
    add(item, event, shown=a_shown("暂停", "CN"))
    whole = asked(capsys, "dossier", "cn-graphite", "--json")
    found = asked(capsys, "dossier", "cn-graphite", "--since", "2023-10-25", "--json")
    assert {name: found[name] for name in DOSSIER_KEYS[:-2]} == {name: whole[name] for name in DOSSIER_KEYS[:-2]}
    assert [each["id"] for each in found["new"]] == [item.id]
    assert [list(each) for each in found["moved"]] == [["event", "transitions", "dates"]]
    assert [(each["stage"], each["step"], each["at"]) for each in found["moved"][0]["transitions"]] == [
        ("amended", "暂停", "2023-10-25T13:00:00Z")
    ]
    _, out, _ = run(capsys, "dossier", "cn-graphite", "--since", "1d")
    assert f"2023-10-25  {event}  reached amended (暂停)" in out
    everything = asked(capsys, "dossier", "cn-graphite", "--since", "30d", "--json")
    assert len(everything["new"]) == everything["items"]


def test_a_dossier_of_which_nothing_was_heard_says_so(here: Path, capsys: Capture) -> None:
    """With the sources that would carry it."""
    code, out, err = run(capsys, "dossier", "wassenaar")
    assert code == 0
    assert "Nothing was heard of it." in out
    assert "Sources that would carry it: " in err


def test_all_dossiers_are_listed_the_silent_first(here: Path, capsys: Capture) -> None:
    """With --list or without a name; what was never heard of, then what was silent longest."""
    found = asked(capsys, "dossier", "--list", "--format", "json")
    assert len(found) >= 52
    assert [list(each) for each in found] == [["dossier", "last_heard", "days", "items", "items_30d", "sources", "name"]] * len(
        found
    )
    days = [each["days"] for each in found if each["days"] is not None]
    assert [each["days"] for each in found[: -len(days)]] == [None] * (len(found) - len(days))
    assert days == sorted(days, reverse=True)
    graphite = next(each for each in found if each["dossier"] == "cn-graphite")
    assert (graphite["last_heard"], graphite["days"], graphite["items"]) == (
        "2023-10-20",
        5,
        asked(capsys, "dossier", "cn-graphite", "--json")["items"],
    )
    assert run(capsys, "dossier") == run(capsys, "dossier", "--list")
    for form in ("tsv", "csv", "md", "table"):
        assert "cn-graphite" in run(capsys, "dossier", "--list", "--format", form)[1]


OWN = {
    "id": "prog-agm",
    "type": "program",
    "names": {"en": ["anode-grade graphite"], "ja": ["負極材"]},
    "dossier": {"name": "anodes"},
}


def test_a_dossier_of_ones_own_is_a_line_beside_the_configuration(here: Path, capsys: Capture) -> None:
    """It finds what was archived before; in the list, on the watch list and by name."""
    assert run(capsys, "dossier", "anodes")[0] == 2
    Path("lexicon.jsonl").write_text(json.dumps(OWN, ensure_ascii=False) + "\n", encoding="utf-8")
    found = asked(capsys, "dossier", "負極材", "--json")
    assert (found["dossier"], found["entity"]) == ("anodes", "prog-agm")
    assert found["items"] > 0
    assert all(
        "負極材" in each["title"] + each["summary"]
        for each in asked(capsys, "search", "-x", '"負極材" lang:ja', "--format", "json")
    )
    for arguments in (["dossier", "--list"], ["coverage", "--watchlist"]):
        rows = asked(capsys, *arguments, "--format", "json")
        assert [each["items"] for each in rows if each["dossier"] == "anodes"] == [found["items"]]


def test_a_bad_line_of_ones_own_is_named(here: Path, capsys: Capture) -> None:
    """File and line, no traceback."""
    Path("lexicon.jsonl").write_text(json.dumps(OWN) + "\n{\n", encoding="utf-8")
    code, out, err = run(capsys, "dossier", "--list")
    assert (code, out) == (3, "")
    assert "lexicon.jsonl:2" in err


def test_a_lexicon_of_ones_own_that_is_not_utf_8_is_named(here: Path, capsys: Capture) -> None:
    """Not an internal error."""
    Path("lexicon.jsonl").write_bytes(json.dumps(OWN, ensure_ascii=False).encode("cp932"))
    code, out, err = run(capsys, "dossier", "--list")
    assert (code, out) == (3, "")
    assert "lexicon.jsonl" in err
    assert "internal error" not in err


def test_dossiers_need_no_configuration(here: Path, capsys: Capture) -> None:
    """What ships needs none."""
    Path("feeds.yaml").unlink()
    assert asked(capsys, "dossier", "cn-graphite", "--json")["items"] > 0


# coverage --watchlist


def test_the_watch_list_tells_for_how_long_nothing_was_heard(here: Path, capsys: Capture) -> None:
    """Every dossier, in the order of the list of dossiers, with the configured sources that would carry it."""
    found = asked(capsys, "coverage", "--watchlist", "--format", "json")
    listed = asked(capsys, "dossier", "--list", "--format", "json")
    assert [each["dossier"] for each in found] == [each["dossier"] for each in listed]
    assert {"dossier", "silent_for", "last_heard", "items_30d", "items", "read_by", "failing", "sources", "name"} <= set(found[0])
    by_key = {each["dossier"]: each for each in found}
    assert (by_key["cn-graphite"]["silent_for"], by_key["wassenaar"]["silent_for"]) == ("5 d", "never heard")
    configured = {each["id"] for each in asked(capsys, "sources", "list", "--format", "json")}
    assert all(set(each["sources"]) <= configured for each in found)
    assert all(each["read_by"] == str(len(each["sources"])) for each in found)
    for form in ("tsv", "table"):
        assert "cn-graphite" in run(capsys, "coverage", "--watchlist", "--format", form)[1]


def test_a_carrier_that_fails_is_counted_on_the_watch_list(here: Path, capsys: Capture) -> None:
    """Silence has a reason then."""
    Path("feeds.yaml").write_text(
        'version: 1\nsources:\n  - {id: cn-mofcom-zcfb, name: x, type: feed, url: "http://x.example/", country: CN, lang: zh}\n',
        encoding="utf-8",
    )
    with Archive.open("sqlite:///data/monitor.db") as archive:
        state = SourceState(id="cn-mofcom-zcfb", error_kind="timeout", error_text="no answer", error_at=END, error_count=3)
        archive.intake.store(Change(found=sort_out({}, []), state=state, at=END))
    found = {each["dossier"]: each for each in asked(capsys, "coverage", "--watchlist", "--format", "json")}
    assert (found["cn-graphite"]["read_by"], found["cn-graphite"]["failing"]) == ("1, 1 failing", ["cn-mofcom-zcfb"])
    assert (found["o-ran"]["read_by"], found["o-ran"]["failing"]) == ("0", [])
