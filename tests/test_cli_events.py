"""The commands events and event, on the archive that the demo leaves behind: listed, told whole, merged and split."""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path

import pytest
from builders import a_date, a_shown
from demo_events import CABLE, EVENT_KEYS, GRAPHITE, REPORT, Capture, a_notice, add, all_events, asked, event_like, run
from rich.cells import cell_len
from terminal import on_a_terminal

from monitor.items import DateKind, Tier

# events


def test_events_come_by_importance(demo_folder: Path, capsys: Capture) -> None:
    """The most important first, on any line of any format."""
    found = all_events(capsys)
    assert len(found) > 5
    weights = [each["importance"] for each in found]
    assert weights == sorted(weights, reverse=True)
    ids = [each["id"] for each in found]
    assert run(capsys, "events", "--since", "30d", "--format", "ids")[1].split() == ids
    assert [line.split("\t")[0] for line in run(capsys, "events", "--since", "30d")[1].splitlines()] == ids
    assert asked(capsys, "events", "--since", "30d", "--limit", "2", "--format", "json") == found[:2]


def test_events_come_by_time_if_asked(demo_folder: Path, capsys: Capture) -> None:
    """What moved last first; the same events."""
    found = all_events(capsys, "--by", "time")
    moments = [each["last_seen"] for each in found]
    assert moments == sorted(moments, reverse=True)
    assert {each["id"] for each in found} == {each["id"] for each in all_events(capsys)}


def test_events_are_those_since_a_span_or_a_day_and_of_a_theme(demo_folder: Path, capsys: Capture) -> None:
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


def test_the_keys_of_an_event_in_json_are_stable(demo_folder: Path, capsys: Capture) -> None:
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
def test_events_are_written_in_each_form(demo_folder: Path, capsys: Capture, form: str, separator: str) -> None:
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


def test_an_event_tells_its_way_what_comes_next_and_its_timeline(demo_folder: Path, capsys: Capture) -> None:
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


def test_what_the_press_claims_is_marked_unconfirmed(demo_folder: Path, capsys: Capture) -> None:
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


def test_a_sentence_is_quoted_whole(demo_folder: Path, capsys: Capture) -> None:
    """What it takes back stands at its end; on a terminal its lines are wrapped below each other, in a pipe it is one line."""
    sentence = (
        "This rule applies to every exporter of drone parts, wherever they are shipped from and " * 2 + "but not before 2031."
    )
    effect = a_date(date(2023, 11, 25), DateKind.EFFECTIVE, sentence=sentence)
    add(a_notice("8", title="Final rule"), "E-drones2222", shown=a_shown("final rule", sentence=sentence), dates=(effect,))
    out = run(capsys, "event", "E-drones2222")[1]
    assert f"“{sentence}”\n" in out
    assert f"Effective: {sentence}\n" in out
    _, shown = on_a_terminal(demo_folder, "event", "E-drones2222", "--no-pager")
    assert " ".join(shown.split()) == " ".join(out.split())
    assert re.search(r"\n {16}\S.*but not before 2031.”\n", shown)


@pytest.mark.parametrize("arguments", [["why", "I-7oeusauw5sk3"], ["event", "E-5un2gyjmk7"], ["dossier", "cn-graphite"]])
def test_long_lines_are_wrapped_to_the_terminal(demo_folder: Path, capsys: Capture, arguments: list[str]) -> None:
    """Nothing is broken by the terminal itself; in a pipe a fact is a line."""
    _, out = on_a_terminal(demo_folder, *arguments, "--no-pager")
    assert max(cell_len(line) for line in out.splitlines()) <= 80
    assert max(cell_len(line) for line in run(capsys, *arguments)[1].splitlines()) > 100


def test_what_came_into_force_by_its_date_needs_no_item(demo_folder: Path, capsys: Capture) -> None:
    """The clock alone has shown it, and says so."""
    effect = a_date(date(2023, 10, 25), DateKind.EFFECTIVE)
    add(a_notice("8", title="Final rule on drone parts"), "E-drones2222", shown=a_shown("final rule"), dates=(effect,))
    [*_, last] = asked(capsys, "event", "E-drones2222", "--json")["way"]
    assert (last["stage"], last["step"], last["item"], last["at"]) == ("in_force", "effective", None, "2023-10-25T13:00:00Z")
    assert "2023-10-25  in force (effective) (by its date)" in run(capsys, "event", "E-drones2222")[1]


def test_an_event_in_json_has_its_items_and_decisions(demo_folder: Path, capsys: Capture) -> None:
    """After the keys that all events have."""
    event = event_like(capsys, GRAPHITE)
    found = asked(capsys, "event", event, "--json")
    assert list(found) == [*EVENT_KEYS, "timeline", "decisions", "storyline_events"]
    assert [each["event"] for each in found["timeline"]] == [event] * found["items"]
    moments = [each["published"] or each["first_seen"] for each in found["timeline"]]
    assert moments == sorted(moments)
    listed = next(each for each in all_events(capsys) if each["id"] == event)
    assert {name: found[name] for name in EVENT_KEYS} == listed


def test_merging_makes_one_event_of_several(demo_folder: Path, capsys: Capture) -> None:
    """The first goes on; the others' ids lead to it; who and why are kept and told."""
    goes_on, other, third = (event_like(capsys, title) for title in (GRAPHITE, CABLE, REPORT))
    items = sum(asked(capsys, "event", each, "--json")["items"] for each in (goes_on, other, third))
    code, out, err = run(capsys, "event", "merge", goes_on, other, third, "--who", "佐藤", "--reason", "the same order")
    assert (code, out) == (0, f"{goes_on}\n")
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


def test_a_merge_is_undone_by_the_split_that_it_names(demo_folder: Path, capsys: Capture) -> None:
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


def test_merges_and_splits_in_json_say_what_was_decided(demo_folder: Path, capsys: Capture) -> None:
    """The decisions, as the event has them, and the commands that take them back."""
    goes_on, other = event_like(capsys, GRAPHITE), event_like(capsys, CABLE)
    merged = asked(capsys, "event", "merge", goes_on, other, "--reason", "one order", "--json")
    items = merged["decisions"][0]["items"]
    assert merged == {
        "event": goes_on,
        "decisions": asked(capsys, "event", goes_on, "--json")["decisions"][-1:],
        "undo": [f"monitor event split {goes_on} {' '.join(items)}"],
    }
    split = asked(capsys, "event", "split", goes_on, *items, "--json")
    assert (split["event"], split["undo"]) == (goes_on, [f"monitor event merge {goes_on} {other}"])
    assert [(each["kind"], each["other"], each["items"]) for each in split["decisions"]] == [("split", other, items)]


def test_a_split_is_undone_by_the_merge_that_it_names(demo_folder: Path, capsys: Capture) -> None:
    """It writes the new id, and the beginning of an item's id is enough."""
    event = event_like(capsys, GRAPHITE)
    before = asked(capsys, "event", event, "--json")
    item = before["timeline"][-1]["id"]
    code, out, err = run(capsys, "event", "split", event, item[:9], "--why", "another notice")
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


def test_what_cannot_be_merged_or_split_is_said_in_a_line(demo_folder: Path, capsys: Capture) -> None:
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


def test_a_merge_of_several_is_made_whole_or_not_at_all(demo_folder: Path, capsys: Capture) -> None:
    """One slip among the ids leaves every event as it was."""
    one, other = event_like(capsys, GRAPHITE), event_like(capsys, CABLE)
    before = asked(capsys, "event", one, "--json")
    assert run(capsys, "event", "merge", one, other, "E-nosuch")[0] == 2
    assert asked(capsys, "event", one, "--json") == before


def test_reasons_and_names_are_inert(demo_folder: Path, capsys: Capture) -> None:
    """No escape sequence reaches another's terminal by way of the archive."""
    one, other = event_like(capsys, GRAPHITE), event_like(capsys, CABLE)
    run(capsys, "event", "merge", one, other, "--who", "sa\x1b]0;owned\x07to", "--reason", "why\u202e\nnot")
    _, out, _ = run(capsys, "event", one)
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]", out)


# slips


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
        (["deadlines", "--format", "pdf"], 2, "ics"),
        (["dossier", "graphit"], 2, "Did you mean: cn-graphite?"),
        (["dossier", "zzzzqq"], 2, "monitor dossier --list"),
        (["dossier", "cn-graphite", "--since", "whenever"], 2, "7d, 2026-05 or 2026-05-01"),
    ],
)
def test_a_slip_is_named_with_what_to_do(demo_folder: Path, capsys: Capture, arguments: list[str], code: int, said: str) -> None:
    """One clear line, nothing on standard output."""
    found, out, err = run(capsys, *arguments)
    assert (found, out) == (code, "")
    assert said in err
    assert "Traceback" not in err
