"""JSON that other programs rely on: every answer is what docs/items.schema.json says, and what it promises is never taken back."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from builders import ITEM_KEYS, NOW, a_date, a_shown, a_transition, an_item, rss
from conftest import ROOT, Run
from fakes import Answer, Site
from jsonschema import Draft202012Validator

from monitor.archive import Archive
from monitor.archive.intake import Change
from monitor.dedupe import sort_out
from monitor.items import AlertKind, AlertState, DateKind, Findings, Judged, Link, SourceState, Stage, Tag, Tier

SCHEMA: dict[str, Any] = json.loads((ROOT / "docs" / "items.schema.json").read_text(encoding="utf-8"))
PROMISED = {
    "item": ITEM_KEYS,
    "found_item": ["by"],
    "like_item": ["similarity", "why", "same_event"],
    "saved_search": ["name", "query", "who", "at"],
    "exported_item": ["stage", "identifiers", "entities", "dates"],
    "shown_item": ["revisions", "copies", "alerts"],
    "event": [
        "id", "title", "stage", "step", "first_seen", "last_seen", "items", "sources", "langs", "countries", "themes", "identifiers",
        "dates", "storyline", "titles", "entities", "jurisdiction", "way", "claim", "expected", "momentum", "importance",
    ],
    "whole_event": ["timeline", "decisions", "storyline_events"],
    "alert": [
        "id", "kind", "state", "rule", "rule_version", "channel", "remote_id", "event", "item", "title", "reason", "news", "stage",
        "sources", "importance", "model", "scores", "terms", "silence", "echo_of", "decided_at", "sent_at", "error",
    ],
    "deadline": [
        "date", "days", "kind", "change", "event", "title", "themes", "sentence", "confidence", "item", "url", "uid", "sequence",
        "was", "withdrawn",
    ],
    "overdue": ["due", "step", "stage", "event", "title", "basis"],
    "tailed_item": ["filed_at"],
    "stats": ["since", "until", "before_since", "per", "bars", "items", "before", "groups"],
    "coverage": ["by", "counts", "troubled"],
    "matrix": ["by", "cells", "since", "until", "blind_spots"],
    "stats_group": ["by", "group", "items", "before", "trend", "counts"],
    "matrix_cell": ["sources", "themes", "no_theme"],
    "blind_spot": ["sort", "theme", "country", "lang", "tier", "sources", "before", "last", "says"],
    "status": ["sources", "outbox", "channels", "model", "archive"],
    "poll": [
        "sources", "fetched", "unchanged", "held", "failed", "new", "revised", "judged", "tagged", "alerts", "folded", "seconds",
        "failures",
    ],
    "identifier": ["type", "value"],
    "entity": ["id", "type", "surface"],
    "key_date": ["kind", "date", "sentence"],
    "shown_step": ["jurisdiction", "step", "stage", "sentence"],
    "revision": ["at", "title", "summary", "url"],
    "event_date": ["kind", "date", "sentence", "item", "was", "withdrawn"],
    "titled": ["title", "item"],
    "event_entity": ["id", "name", "items"],
    "transition": ["stage", "step", "jurisdiction", "at", "item", "tier", "sentence"],
    "claim": ["stage", "step", "sentence"],
    "expected": ["step", "due", "overdue", "basis"],
    "decision": ["at", "who", "kind", "event", "other", "items", "reason"],
    "decided_event": ["event", "decisions", "undo"],
    "source_status": [
        "id", "last_success", "last_error", "next_poll", "stale", "reader", "notes", "moved_to", "tls_verified",
    ],
    "stats_line": ["since", "per"],
    "watched_dossier": ["silent_for", "read_by", "failing"],
    "heard_dossier": ["dossier", "last_heard", "days", "items", "items_30d", "sources", "name"],
    "dossier": [
        "dossier", "entity", "names", "note", "sources", "items", "first", "last", "langs", "months", "events", "dates", "identifiers",
        "entities", "new", "moved",
    ],
    "evidence": ["event", "title", "stage", "step", "jurisdiction", "made_at", "way", "dates", "items"],
    "why": ["id", "title", "model", "tags", "link", "rules"],
    "question": ["id", "theme", "score", "title"],
    "rule": ["id", "version", "is_used", "when", "to", "limits", "told_7d", "folded_7d", "suppressed_7d"],
    "rule_test": [
        "rule", "version", "when", "since", "until", "days", "zone", "items", "fired", "messages", "folded", "suppressed", "reasons",
        "per_day", "by_day", "events", "sources", "alerts", "really",
    ],
    "tried_alert": ["at", "state", "kind", "item", "title", "source", "event", "channel", "reason", "news"],
    "silence": ["id", "query", "channel", "begins_at", "ends_at", "holds", "who", "via", "reason"],
    "source": [
        "id", "type", "country", "lang", "kind", "tier", "last_success", "error", "error_text", "error_at", "next_poll", "moved_to",
        "entries", "reader", "notes", "last_new", "stale", "silent", "every", "name", "url",
    ],
    "checked_source": [
        "id", "type", "url", "verdict", "why", "next", "entries", "newest", "undated", "future", "duplicates", "reader", "content_type",
        "bytes", "final_url", "moved_to", "hub", "notes", "first", "selectors", "proposals", "feeds",
    ],
    "model": ["version", "kept", "examples", "macro_f1", "near_miss_alarms", "themes"],
    "model_week": [
        "week", "theme", "items", "given", "in doubt", "mean score", "given_share", "doubtful_share", "mean_score",
    ],
    "training": ["version", "used", "worse", "examples", "labels", "weak", "held_out"],
    "linking_training": ["reports", "decided", "used", "worse", "figures"],
    "evaluation": ["version", "items"],
    "slack_check": ["ok", "checks"],
    "doctor": ["level", "exit_code", "checks"],
    "pruning": ["before", "events", "items", "revisions", "bytes", "kept", "dry_run", "pruned"],
    "import": ["imported", "known", "labels", "refused", "reasons"],
    "delivery": ["sent", "found", "failed", "dead", "waiting", "errors"],
    "evidence_item": [
        "item", "source", "source_name", "tier", "country", "lang", "title", "summary", "url", "published", "retrieved", "first_seen",
        "changed", "copy_of", "themes", "identifiers", "dates", "step", "sha256",
    ],
    "fired_share": ["id", "title", "fired", "messages"],
    "figures": [
        "precision", "recall", "f1", "macro_f1", "micro_f1", "near_miss_alarms", "plain_alarms", "two_themes_found", "calibration_error",
    ],
    "counted_sources": ["sources", "official", "read", "unread", "failing", "stale", "silent"],
    "troubled_source": ["id", "name", "country", "lang", "tier", "kind", "state", "last_new", "says"],
}  # fmt: skip
"""What programs rely on. Add to it; a key that goes is a promise broken."""


def closed(node: Any) -> Any:
    """A schema in which only what is described may stand: no key is printed that nobody explained."""
    if isinstance(node, list):
        return [closed(each) for each in node]
    if not isinstance(node, dict):
        return node
    found = {name: closed(each) for name, each in node.items()}
    return found | ({"unevaluatedProperties": False} if "properties" in node and isinstance(node.get("type"), str) else {})


def check(shape: str, answer: Any) -> None:
    """Valid, and each key described."""
    Draft202012Validator({"$ref": f"#/$defs/{shape}", "$defs": SCHEMA["$defs"]}).validate(answer)
    shapes = closed(SCHEMA["$defs"])
    for part in shapes[shape].get("allOf", ()):  # what a shape adds to is open: the keys of both are judged together
        name = part["$ref"].rpartition("/")[2]
        shapes[name] = SCHEMA["$defs"][name]
    Draft202012Validator({"$ref": f"#/$defs/{shape}", "$defs": shapes}).validate(answer)


def each_of(text: str, form: str) -> list[Any]:
    found = json.loads(text) if form == "json" else [json.loads(line) for line in text.splitlines()]
    assert found
    return list(found)


@pytest.mark.parametrize("form", ["json", "jsonl"])
def test_items_of_a_search_are_items(demo_folder: Path, run: Run, form: str) -> None:
    """All of the demo's; and the file by itself is the schema of an item."""
    for item in each_of(run("search", "since:1900", "--limit", "1000", "--format", form)[1], form):
        check("found_item", item)
        Draft202012Validator(SCHEMA).validate(item)
    found = each_of(run("search", "輸出管理", "--format", form)[1], form)
    for item in found:
        check("found_item", item)
    assert {bool(item["by"]) for item in found} == {True, False}


@pytest.mark.parametrize("form", ["json", "jsonl"])
def test_neighbours_and_saved_searches_are_what_is_promised(demo_folder: Path, run: Run, form: str) -> None:
    """Each of its kind."""
    [first] = run("search", "黒鉛", "--limit", "1", "--format", "ids")[1].split()
    for item in each_of(run("search", "--like", first, "--format", form)[1], form):
        check("like_item", item)
    run("search", "--save", "graphite", "黒鉛 OR graphite")
    for saved in each_of(run("searches", "--format", form)[1], form):
        check("saved_search", saved)


def test_exported_items_are_what_is_promised(demo_folder: Path, run: Run) -> None:
    """With and without bodies."""
    for arguments in ([], ["--body"]):
        for item in each_of(run("export", "since:1900", *arguments)[1], "jsonl"):
            check("exported_item", item)


def test_shown_items_are_what_is_promised(demo_folder: Path, run: Run) -> None:
    """A corrected one, a copy, one with a step, one that waits for judgement."""
    with Archive.open("sqlite:///data/monitor.db") as archive:
        waiting = an_item(url=None, published=None, country=None)
        found = sort_out(archive.intake.known("meti", [waiting]), [waiting])
        archive.intake.store(Change(found=found, state=SourceState(id="meti", polls=1), at=NOW))
    for line in each_of(run("export", "since:1900")[1], "jsonl"):
        check("shown_item", json.loads(run("show", line["id"], "--json")[1]))


def test_events_are_what_is_promised(demo_folder: Path, run: Run) -> None:
    """All of the demo's, in both forms, and whole with their decisions."""
    found = each_of(run("events", "--since", "1900", "--all", "--limit", "1000", "--format", "jsonl")[1], "jsonl")
    assert found == json.loads(run("events", "--since", "1900", "--all", "--limit", "1000", "--format", "json")[1])
    run("event", "merge", found[0]["id"], found[1]["id"], "--reason", "a test")
    for event in found:
        check("event", event)
        check("whole_event", json.loads(run("event", event["id"], "--json")[1]))


def test_alerts_and_deadlines_are_what_is_promised(demo_folder: Path, run: Run) -> None:
    """Sent, folded and suppressed ones; dates ahead."""
    for alert in each_of(run("alerts", "--since", "1900", "--limit", "1000", "--format", "json")[1], "json"):
        check("alert", alert)
    for deadline in each_of(run("deadlines", "--within", "365d", "--format", "json")[1], "json"):
        check("deadline", deadline)


def test_what_is_counted_and_followed_is_what_is_promised(demo_folder: Path, run: Run) -> None:
    """Figures with and without a span before, the matrix by all its keys, coverage, items that are followed."""
    for since in ("4d", "30d"):
        check("stats", json.loads(run("stats", "--since", since, "--format", "json")[1]))
        check("coverage", json.loads(run("coverage", "--since", since, "--format", "json")[1]))
        for keys in ([], ["--by", "kind"]):
            check("matrix", json.loads(run("coverage", "--matrix", "--since", since, *keys, "--format", "json")[1]))
    for group in each_of(run("stats", "--format", "jsonl")[1], "jsonl"):
        check("stats_line", group)
    for item in each_of(run("tail", "--no-follow", "-n", "100", "--format", "jsonl")[1], "jsonl"):
        check("tailed_item", item)


def test_overdue_steps_are_what_is_promised(
    archive: Archive, archive_url: str, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a proposal that nothing followed."""
    item = an_item(country="US", lang="en", title="Proposed rule on drone parts")
    archive.intake.store(
        Change(found=sort_out(archive.intake.known("meti", [item]), [item]), state=SourceState(id="meti", polls=1), at=NOW)
    )
    findings = Findings(lang="en", shown=a_shown("NPRM"), dates=(a_date(date(2026, 6, 30)),))
    tag = Tag(theme="telecom_5g", score=0.9, is_given=True)
    link = Link(event="E-abcdefghij", is_new=True)
    reached = {"E-abcdefghij": a_transition("NPRM")}
    archive.judging.write([Judged(item=item, findings=findings, tags=(tag,), link=link, model="m")], [], NOW, None, reached)
    monkeypatch.setenv("MONITOR_NOW", "2031-01-01T00:00:00Z")
    for overdue in each_of(run("deadlines", "--overdue", "--format", "json", "--archive", archive_url)[1], "json"):
        check("overdue", overdue)


def test_status_and_poll_are_what_is_promised(tmp_path: Path, site: Site, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before the archive is there, after a round of which one source failed, and with no model."""
    site.pages["/meti"] = Answer(rss(("1", "輸出貿易管理令の改正", "省令を公布した。")))
    (tmp_path / "feeds.yaml").write_text(
        "version: 1\n"
        'network: {allow_private: ["127.0.0.0/8"], per_host: {delay: 0s}, timeout: 5s}\n'
        "sources:\n"
        f'  - {{id: meti, name: 経済産業省, type: feed, url: "{site.base}/meti", tier: official}}\n'
        f'  - {{id: gone, name: Gone, type: feed, url: "{site.base}/gone"}}\n',
        encoding="utf-8",
    )
    monkeypatch.chdir(tmp_path)
    check("status", json.loads(run("status", "--json")[1]))
    check("poll", json.loads(run("poll", "--json")[1]))
    check("status", json.loads(run("status", "--json")[1]))
    run("init", ".", "--with-classifiers")
    for path in (tmp_path / "classifiers").rglob("*.json"):
        path.write_text("{}")
    check("status", json.loads(run("status", "--json")[1]))


def test_no_promise_is_taken_back() -> None:
    """Keys that are always there; a new shape or key is added here in the same change."""
    assert {name: each["required"] for name, each in SCHEMA["$defs"].items() if "required" in each} == PROMISED


def descriptions(node: Any, place: str = "") -> Iterator[str]:
    """Places of keys that nobody explains."""
    if isinstance(node, dict):
        for name, each in node.get("properties", {}).items():
            if "description" not in each and "$ref" not in each:
                yield f"{place}.{name}"
        for name, each in node.items():
            yield from descriptions(each, f"{place}.{name}")
    elif isinstance(node, list):
        for each in node:
            yield from descriptions(each, place)


def test_every_key_and_shape_is_explained() -> None:
    """In the schema; the shapes of commands in the page, too."""
    Draft202012Validator.check_schema(SCHEMA)
    assert list(descriptions(SCHEMA)) == []
    assert [name for name, each in SCHEMA["$defs"].items() if "description" not in each] == []
    page = (ROOT / "docs" / "json.md").read_text(encoding="utf-8")
    shapes = list(SCHEMA["$defs"])[: list(SCHEMA["$defs"]).index("poll") + 1]
    assert [name for name in shapes if f"| `{name}` |" not in page] == ["item"]


@pytest.mark.parametrize(("shape", "kind"), [("tier", Tier), ("stage", Stage), ("date_kind", DateKind)])
def test_closed_sets_are_those_of_the_program(shape: str, kind: Any) -> None:
    """In their order."""
    assert SCHEMA["$defs"][shape]["enum"] == [each.value for each in kind]


def test_the_states_of_alerts_are_those_of_the_program() -> None:
    """And their kinds."""
    properties = SCHEMA["$defs"]["alert"]["properties"]
    assert properties["state"]["enum"] == [each.value for each in AlertState]
    assert properties["kind"]["enum"] == [each.value for each in AlertKind]


EXAMPLES = re.findall(r"^```jq\n(.*?)\n```", (ROOT / "docs" / "json.md").read_text(encoding="utf-8"), re.M | re.S)


@pytest.mark.skipif(shutil.which("jq") is None, reason="needs jq")
@pytest.mark.parametrize("line", EXAMPLES)
def test_every_jq_example_runs(demo_folder: Path, tmp_path: Path, line: str) -> None:
    """As written, in a shell; but for what asks about failures it has something to say."""
    program = tmp_path / "bin" / "monitor"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m monitor "$@"\n')
    program.chmod(0o755)
    path = f"{program.parent}:{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT), "DEMO_BASE": "http://127.0.0.1:9"}
    shell = ["bash", "-o", "pipefail", "-c", line]
    done = subprocess.run(shell, capture_output=True, text=True, env=environment, timeout=120, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout or "last_error" in line
