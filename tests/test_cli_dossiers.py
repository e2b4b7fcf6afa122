"""The commands dossier and coverage --watchlist: standing files, one's own among them, and for how long nothing was heard."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from builders import a_shown, an_item
from demo_events import END, EVENT_KEYS, GRAPHITE, Capture, add, asked, event_like, run
from terminal import on_a_terminal

from monitor.archive import Archive
from monitor.archive.intake import Change
from monitor.dedupe import sort_out
from monitor.items import SourceState

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


def test_a_dossier_is_a_standing_file(demo_folder: Path, capsys: Capture) -> None:
    """Names, note, items by month and language, dates ahead, events with what comes next, what stands beside it."""
    code, out, _ = run(capsys, "dossier", "cn-graphite")
    assert code == 0
    event = event_like(capsys, GRAPHITE)
    assert out.startswith("graphite export controls · 黒鉛の輸出規制 · ")
    assert re.search(r"\d+ items \(.*ja \d.*\) from 2023-10-20 to 2023-10-20, 5 days ago", out)
    assert re.search(r"  2022-11  -\n(?:.*\n)+  2023-09  -\n  2023-10  █+ \d", out)
    assert re.search(rf"Dates ahead:\n(?:.*\n)*?  2023-12-01  Effective: .*\({event}\)", out)
    assert re.search(rf"Events:\n(?:.*\n)*?  {event}  2023-10-\d\d  final \(公告\)  .*\n      next: 施行 by 2023-12-01\n", out)
    assert "cn_docno" in out
    assert "Since" not in out


def test_the_keys_of_a_dossier_in_json_are_stable(demo_folder: Path, capsys: Capture) -> None:
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
def test_a_dossier_is_asked_for_by_any_of_its_names(demo_folder: Path, capsys: Capture, name: str) -> None:
    """In any language, case and width."""
    assert asked(capsys, "dossier", name, "--json") == asked(capsys, "dossier", "cn-graphite", "--json")


def test_every_entry_of_the_lexicon_has_a_file(demo_folder: Path, capsys: Capture) -> None:
    """An agency, a mineral: what is no dossier is read as one."""
    found = asked(capsys, "dossier", "min-graphite", "--json")
    assert (found["dossier"], found["note"], found["sources"]) == ("min-graphite", "", [])
    assert found["items"] >= asked(capsys, "dossier", "cn-graphite", "--json")["items"]


def test_what_changed_in_a_dossier_since_a_day_is_told_apart(demo_folder: Path, capsys: Capture) -> None:
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


def test_a_dossier_of_which_nothing_was_heard_says_so(demo_folder: Path, capsys: Capture) -> None:
    """With the sources that would carry it."""
    code, out, err = run(capsys, "dossier", "wassenaar")
    assert code == 0
    assert "Nothing was heard of it." in out
    assert "Sources that would carry it: " in err


def test_carriers_that_are_not_watched_are_marked(demo_folder: Path, capsys: Capture) -> None:
    """Those that are not in feeds.yaml, or off there; without a configuration nobody knows."""
    line = '  - {{id: {}, name: x, type: feed, url: "http://x.example/", country: CN, lang: zh{}}}\n'
    Path("feeds.yaml").write_text(
        "version: 1\nsources:\n" + line.format("cn-mofcom-zcfb", "") + line.format("cn-mofcom-en", ", enabled: false"),
        encoding="utf-8",
    )
    out = run(capsys, "dossier", "cn-graphite")[1]
    assert "Carried by:   cn-mofcom-zcfb, cn-mofcom-en (not watched), " in out
    Path("feeds.yaml").unlink()
    assert "not watched" not in run(capsys, "dossier", "cn-graphite")[1]


def test_all_dossiers_are_listed_the_last_heard_of_first(demo_folder: Path, capsys: Capture) -> None:
    """With --list or without a name; what was never heard of comes last."""
    found = asked(capsys, "dossier", "--list", "--format", "json")
    assert len(found) >= 52
    assert [list(each) for each in found] == [["dossier", "last_heard", "days", "items", "items_30d", "sources", "name"]] * len(
        found
    )
    days = [each["days"] for each in found if each["days"] is not None]
    assert [each["days"] for each in found] == [*sorted(days), *[None] * (len(found) - len(days))]
    graphite = next(each for each in found if each["dossier"] == "cn-graphite")
    assert (graphite["last_heard"], graphite["days"], graphite["items"]) == (
        "2023-10-20",
        5,
        asked(capsys, "dossier", "cn-graphite", "--json")["items"],
    )
    assert {each["last_heard"] for each in found if each["days"] is None} == {None}
    assert asked(capsys, "dossier", "--list", "--json") == found
    assert run(capsys, "dossier") == run(capsys, "dossier", "--list")
    for form in ("tsv", "csv", "md", "table"):
        assert "cn-graphite" in run(capsys, "dossier", "--list", "--format", form)[1]


def test_the_list_of_dossiers_can_be_read_on_a_terminal(demo_folder: Path) -> None:
    """One name each, the last heard of first; what there is no room for is named."""
    _, out = on_a_terminal(demo_folder, "dossier", "--list", "--no-pager")
    lines = out.splitlines()
    assert len(lines) < 75
    assert lines[0].split() == ["dossier", "last_heard", "name"]
    assert [line.split()[:2] for line in lines[2:4]] == [["ear", "2023-10-25"], ["cn-graphite", "2023-10-20"]]
    assert "黒鉛" not in out
    assert lines[-1] == "Left out: days, items_30d, items. --format csv has all columns."


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["cn-graphite", "--list"], "--list is of all dossiers"),
        (["--list", "--since", "30d"], "--since is for one dossier"),
        (["cn-graphite", "--json", "--format", "csv"], "does not go with --format csv"),
        (["cn-graphite", "--format", "csv"], "--list --format csv"),
    ],
)
def test_options_that_do_not_go_together_are_refused(demo_folder: Path, capsys: Capture, arguments: list[str], said: str) -> None:
    """None is passed over in silence."""
    code, out, err = run(capsys, "dossier", *arguments)
    assert (code, out) == (2, "")
    assert said in err


OWN = {
    "id": "prog-agm",
    "type": "program",
    "names": {"en": ["anode-grade graphite"], "ja": ["負極材"]},
    "dossier": {"name": "anodes"},
}


def test_a_dossier_of_ones_own_is_a_line_beside_the_configuration(demo_folder: Path, capsys: Capture) -> None:
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


def test_a_bad_line_of_ones_own_is_named(demo_folder: Path, capsys: Capture) -> None:
    """File and line, no traceback."""
    Path("lexicon.jsonl").write_text(json.dumps(OWN) + "\n{\n", encoding="utf-8")
    code, out, err = run(capsys, "dossier", "--list")
    assert (code, out) == (3, "")
    assert "lexicon.jsonl:2" in err


def test_a_lexicon_of_ones_own_that_is_not_utf_8_is_named(demo_folder: Path, capsys: Capture) -> None:
    """Not an internal error."""
    Path("lexicon.jsonl").write_bytes(json.dumps(OWN, ensure_ascii=False).encode("cp932"))
    code, out, err = run(capsys, "dossier", "--list")
    assert (code, out) == (3, "")
    assert "lexicon.jsonl" in err
    assert "internal error" not in err


def test_dossiers_need_no_configuration(demo_folder: Path, capsys: Capture) -> None:
    """What ships needs none."""
    Path("feeds.yaml").unlink()
    assert asked(capsys, "dossier", "cn-graphite", "--json")["items"] > 0


# coverage --watchlist


def test_the_watch_list_tells_for_how_long_nothing_was_heard(demo_folder: Path, capsys: Capture) -> None:
    """Every dossier, those never heard of first, with the configured sources that would carry it."""
    found = asked(capsys, "coverage", "--watchlist", "--format", "json")
    listed = asked(capsys, "dossier", "--list", "--format", "json")
    assert {each["dossier"] for each in found} == {each["dossier"] for each in listed}
    days = [each["days"] for each in found if each["days"] is not None]
    assert [each["days"] for each in found] == [*[None] * (len(found) - len(days)), *sorted(days, reverse=True)]
    assert {"dossier", "silent_for", "last_heard", "items_30d", "items", "read_by", "failing", "sources", "name"} <= set(found[0])
    by_key = {each["dossier"]: each for each in found}
    assert {each["last_heard"] for each in found if each["days"] is None} == {None}
    assert (by_key["cn-graphite"]["silent_for"], by_key["wassenaar"]["silent_for"]) == ("5 d", "never heard")
    configured = {each["id"] for each in asked(capsys, "sources", "list", "--format", "json")}
    assert all(set(each["sources"]) <= configured for each in found)
    assert all(each["read_by"] == str(len(each["sources"])) for each in found)
    for form in ("tsv", "table"):
        assert "cn-graphite" in run(capsys, "coverage", "--watchlist", "--format", form)[1]


def test_a_carrier_that_fails_is_counted_on_the_watch_list(demo_folder: Path, capsys: Capture) -> None:
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
