"""One item with everything that is known of it: what changed reads at a glance, and the page fits the terminal."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from builders import NOW, an_item
from conftest import Run
from rich.cells import cell_len

from monitor.archive import Archive
from monitor.archive.intake import Change
from monitor.dedupe import sort_out
from monitor.items import Findings, Item, Judged, Link, SourceState

CORRECTED = "I-ia6ptmvsmoke"
"""The demo's item that its source corrected."""
ORIGINAL = "I-nah4xgnveihv"
KEYS = [
    "id", "source", "url", "title", "summary", "published", "first_seen", "lang", "country", "tier", "themes", "event", "copy_of",
    "stage", "shown", "identifiers", "entities", "dates", "body", "why", "linked_by", "revisions", "copies", "alerts",
]  # fmt: skip


def serve(archive: Archive, item: Item, at: datetime = NOW) -> None:
    """What intake does with an item of a document."""
    found = sort_out(archive.intake.known(item.source, [item]), [item])
    archive.intake.store(Change(found=found, state=SourceState(id=item.source, polls=1), at=at))


def test_a_change_is_shown_word_by_word(demo_folder: Path, run: Run) -> None:
    """With the time at which it was seen, in title and summary."""
    code, out, _ = run("show", CORRECTED)
    assert code == 0
    assert out.startswith("CORRECTED: Rule on chip-making tools starts on November 17 - Pacific Wire\n")
    assert "Changed, as seen 2023-10-20 10:00 UTC:\n" in out
    assert "{+CORRECTED: +}Rule on chip-making tools starts on November [-16-]{+17+}" in out
    assert re.search(r"takes\s+effect on\s+November \[-16-\]\{\+17\+\}, 2023", out)


def test_changes_come_newest_first_and_only_what_changed(archive: Archive, archive_url: str, run: Run) -> None:
    """Japanese by the character; an address whole; each change against what followed it."""
    item = an_item(title="輸出令を6月1日に施行", summary="経済産業省が公布した。")
    serve(archive, item)
    serve(archive, replace(item, title="輸出令を7月1日に施行"), NOW + timedelta(hours=1))
    serve(
        archive,
        replace(item, title="輸出令を7月1日に施行", summary="経済産業省が政令を公布した。", url="http://meti.example/2"),
        NOW + timedelta(hours=2),
    )
    out = run("show", item.id, "--archive", archive_url)[1]
    latest, first = out.split("\nChanged, as seen ")[1:]
    assert latest.startswith("2026-05-01 10:00 UTC:")
    assert first.startswith("2026-05-01 09:00 UTC:")
    assert "経済産業省が{+政令を+}公布した。" in latest
    assert "[-http://meti.example/1-] {+http://meti.example/2+}" in latest
    assert "title:" not in latest
    assert first.split() == ["2026-05-01", "09:00", "UTC:", "title:", "輸出令を[-6-]{+7+}月1日に施行"]


def test_what_repeats_it_and_what_it_repeats_are_named(demo_folder: Path, run: Run) -> None:
    """Both ways."""
    out = run("show", ORIGINAL)[1]
    [copy] = re.findall(r"copied by: +(I-\w+)  2023-10-25 us-fr-bis \[en\]", out)
    assert re.search(rf"copy of: +{ORIGINAL}  2023-10-18 us-fr-inspection \[en\] Export Controls", run("show", copy)[1])
    assert [each["id"] for each in json.loads(run("show", ORIGINAL, "--json")[1])["copies"]] == [copy]


def test_why_it_has_its_themes_and_its_event_and_what_was_told(demo_folder: Path, run: Run) -> None:
    """In words; what was held back is counted and its place named."""
    out = run("show", CORRECTED)[1]
    assert re.search(r"  theme: +export_control 0\.\d\d for \S", out)
    assert re.search(r"  event: +E-\w+ \(final\) \S[^\n]*\n(?: {18}[^\n]*\n)* {18}joined by", out)
    assert re.search(r"  alert: +2023-10-18 23:00 sent to console by rule econsec-now\n", out)
    copy = json.loads(run("show", ORIGINAL, "--json")[1])["copies"][0]["id"]
    assert re.search(rf"  alert: +\d held back; monitor why {copy} says by what", run("show", copy)[1])


def test_the_page_that_was_read_is_shown(archive: Archive, archive_url: str, run: Run) -> None:
    """Its line ends stay; before the item was judged it is said that it was not."""
    item = an_item(body="第一条\n第二条", title="本文のある告示")
    serve(archive, item)
    assert "not judged yet" in run("show", item.id, "--archive", archive_url)[1]
    archive.judging.write(
        [Judged(item=item, findings=Findings(lang="ja"), tags=(), link=Link(event="E-abcdefghij", is_new=True), model="m")],
        [],
        NOW,
    )
    out = run("show", item.id, "--archive", archive_url)[1]
    assert out.endswith("\nThe page at its address:\n第一条\n第二条\n")
    assert "it opened the event" in out
    assert re.search("  theme: +none\n", out)


def test_json_keeps_its_keys(demo_folder: Path, run: Run) -> None:
    """In their order; revisions the oldest first."""
    found = json.loads(run("show", CORRECTED, "--json")[1])
    assert list(found) == KEYS
    assert [list(each) for each in found["revisions"]] == [["at", "title", "summary", "url"]]
    assert found["why"]["export_control"]
    assert found["alerts"][0]["state"] == "sent"


@pytest.mark.parametrize("width", [20, 40, 80, 120])
def test_every_item_fits_the_terminal(demo_folder: Path, run: Run, monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    """In English, Japanese, Chinese and Korean; nothing of a text is lost."""
    monkeypatch.setenv("COLUMNS", str(width))
    for item in json.loads(run("search", "since:30d", "--limit", "1000", "--format", "json")[1])[::4]:
        out = run("show", item["id"])[1]
        assert max(cell_len(line) for line in out.splitlines()) <= width
        for text in (item["title"], item["summary"]):
            assert "".join(text.split()) in "".join(out.split())


def test_colours_take_the_place_of_marks_on_a_terminal(demo_folder: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Red and struck through, green; with NO_COLOR marks again, and no escape sequence at all."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "120")
    out = run("show", CORRECTED)[1]
    assert "\x1b[9;31m16\x1b[0m\x1b[32m17\x1b[0m" in out
    assert "[-" not in out
    monkeypatch.setenv("NO_COLOR", "1")
    out = run("show", CORRECTED)[1]
    assert "\x1b" not in out
    assert "[-16-]{+17+}" in out


def test_text_of_sources_is_inert(archive: Archive, archive_url: str, run: Run) -> None:
    """No escape sequence, no markup of ours, no emoji code, whatever an older archive holds."""
    item = an_item(title="[red]A[/red] :smile: \x1b[31m\u202eevil", summary="\x1b]0;owned\x07 text")
    serve(archive, item)
    serve(archive, replace(item, title="[red]B[/red] \x9b1m"), NOW + timedelta(hours=1))
    out = run("show", item.id, "--archive", archive_url)[1]
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]", out)
    assert "[red]B[/red]" in out


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["show"], 2, "Missing argument"),
        (["show", "I-nosuch"], 2, "monitor search"),
        (["show", "I-"], 2, "beginning of several"),
        (["show", "I-x", "--jsn"], 2, "--json"),
        (["show", "I-x", "--archive", "sqlite:///absent.db"], 7, "monitor poll"),
    ],
)
def test_what_goes_wrong_gives_one_clear_line(demo_folder: Path, run: Run, arguments: list[str], code: int, said: str) -> None:
    """And nothing on standard output."""
    found, out, err = run(*arguments)
    assert (found, out) == (code, "")
    assert said in err


def test_an_empty_archive_has_no_item(archive: Archive, archive_url: str, run: Run) -> None:
    """It is said so."""
    code, out, err = run("show", "I-x", "--archive", archive_url)
    assert (code, out) == (2, "")
    assert "there is no item 'I-x'" in err
