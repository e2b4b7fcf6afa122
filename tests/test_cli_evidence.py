"""The command export of an event: its evidence in five forms, each item with its source and hash, on screen or in a file."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from demo_events import CABLE, GRAPHITE, Capture, asked, event_like, run


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


def test_an_evidence_pack_comes_in_five_forms(demo_folder: Path, capsys: Capture) -> None:
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


def test_evidence_goes_to_a_file(demo_folder: Path, capsys: Capture) -> None:
    """The same bytes; standard output stays empty."""
    event = event_like(capsys, GRAPHITE)
    for form in ("md", "html", "csv", "json", "bibtex"):
        code, out, err = run(capsys, "export", event, "--format", form, "--out", f"evidence.{form}")
        assert (code, out) == (0, "")
        assert re.fullmatch(rf"wrote evidence\.{form}: \d+ items\n", err)
        assert Path(f"evidence.{form}").read_bytes().decode() == run(capsys, "export", event, "--format", form)[1]


def test_a_merged_events_evidence_is_found_under_its_old_id(demo_folder: Path, capsys: Capture) -> None:
    """A citation of it does not go stale."""
    goes_on, other = event_like(capsys, GRAPHITE), event_like(capsys, CABLE)
    run(capsys, "event", "merge", goes_on, other)
    assert run(capsys, "export", other, "--format", "json") == run(capsys, "export", goes_on, "--format", "json")


def test_evidence_needs_no_configuration(demo_folder: Path, capsys: Capture) -> None:
    """Sources have their ids for names then."""
    event = event_like(capsys, GRAPHITE)
    Path("feeds.yaml").unlink()
    pack = asked(capsys, "export", event, "--format", "json")
    assert {each["source_name"] for each in pack["items"]} == {each["source"] for each in pack["items"]}


def test_evidence_that_cannot_be_written_is_named(demo_folder: Path, capsys: Capture) -> None:
    """With the file."""
    event = event_like(capsys, GRAPHITE)
    for place in ("absent/evidence.md", "data"):
        code, out, err = run(capsys, "export", event, "--out", place)
        assert (code, out) == (2, "")
        assert place in err
