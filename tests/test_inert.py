"""Nothing that a source, a server, a file or an argument says can steer a terminal or a spreadsheet, whichever command prints it.

Every command is run over an archive that was filled with hostile titles, in each of its formats; what it writes on standard output
and on standard error is looked at, with the log at its fullest.
"""

from __future__ import annotations

import contextlib
import csv
import io
import json
import re
import sqlite3
from pathlib import Path

import pytest
from builders import rss
from conftest import Run
from fakes import Answer, Site

from monitor.cli import _COMMANDS

WORSE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")
"""C0 but tab and line end, C1, zero width, bidi overrides and isolates, lone surrogates."""
EVIL = "\x1b]0;owned\x07\x1b[31mred\x9b2J\x90q\x9c\u202eesrever\u202c\u2066x\u2069\u200b\ufeff\x7f\x00end"
IN_XML = "&#x1b;]0;owned&#x07;\x9b2J\x90q\x9c\u202eesrever\u202c\u2066x\u2069\u200b\ufeff\x7f"
CONFIG = """\
version: 1
network: {{allow_private: ["127.0.0.0/8"], per_host: {{delay: 0s}}, timeout: 5s}}
sources:
  - {{id: meti, name: "\\e]0;owned\\a \\u202eMETI", type: feed, url: "{base}/meti", country: JP, lang: ja, tier: official}}
  - {{id: broken, type: feed, url: "{base}/broken", country: US, tier: wire}}
  - {{id: bad, type: feed, url: "{base}/bad", country: US, tier: wire}}
alerts:
  - {{id: now, when: 'theme:export_control OR formula', to: [console]}}
digests:
  - {{id: morning, to: [console], at: "08:00", tz: Asia/Tokyo}}
"""
LINE = {"source": "meti", "url": "http://x.example/1"}
FORMULAS = ("=1+1", "+1", "-1", "@SUM(A1)", "＝1+1", "＋1", "－1", "＠SUM(A1)", "=cmd|' /C calc'!A0")
TABULAR = ("table", "json", "jsonl", "csv", "tsv", "md", "ids")


@pytest.fixture
def here(tmp_path: Path, site: Site, monkeypatch: pytest.MonkeyPatch, run: Run) -> Path:
    """A folder whose archive has read hostile feeds, told of them, and met servers that fail in hostile words."""
    law = "輸出貿易管理令の改正、意見募集は2026年6月30日まで。15 CFR 744"
    stories = [(f"g{n}{IN_XML}", f"{formula} formula {IN_XML} 輸出管理", f"{law} {IN_XML}") for n, formula in enumerate(FORMULAS)]
    site.pages["/meti"] = Answer(rss(*stories, title=IN_XML))
    site.pages["/broken"] = Answer(f"<rss>{EVIL}".encode(), headers={"Content-Type": "text/html; \u0080"})
    site.pages["/bad"] = Answer(b"", status=503)
    (tmp_path / "feeds.yaml").write_text(CONFIG.format(base=site.base), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MONITOR_NOW", "2026-05-01T08:00:00Z")
    for name, content in {
        "items.jsonl": json.dumps({"id": "a" + EVIL, "title": EVIL, "summary": EVIL}) + "\n{" + EVIL + "\n",
        "import.jsonl": "".join(
            json.dumps(each) + "\n" for each in (LINE | {"title": EVIL + "t"}, LINE | {"title": "t", "tier": EVIL})
        ),
        "labels.jsonl": json.dumps({"id": "a", "title": EVIL, "lang": "en", "labels": ["export_control"]}) + "\n",
        "evil.opml": f"<opml><body><outline text='x{IN_XML}' xmlUrl='file:///{IN_XML}'/></body></opml>",
        "evil.xml": rss(*stories).decode(),
    }.items():
        (tmp_path / name).write_text(content, encoding="utf-8")
    run("poll")
    run("deliver")
    return tmp_path


def columns_of_the_archive(sql: str) -> list[str]:
    with contextlib.closing(sqlite3.connect("data/monitor.db")) as connection:
        return [row[0] for row in connection.execute(sql)]


def formats(*arguments: str, of: tuple[str, ...] = TABULAR) -> list[list[str]]:
    return [[*arguments, "--format", form] for form in of]


def calls() -> list[list[str]]:
    """Every command over the hostile archive; those that take names take hostile ones, too."""
    [item] = columns_of_the_archive("select id from items order by n limit 1")
    [event] = columns_of_the_archive("select event from items order by n limit 1")
    asked = [
        *formats("search", "formula"),
        ["search", "formula", "--explain"],
        ["search", "--save", "evil", f'"formula {EVIL}" OR formula'],
        *formats("search", "@evil"),
        *formats("search", "--like", item),
        *formats("searches"),
        *formats("tail", "--no-follow", "--since", "3000d", of=("table", "jsonl")),
        ["completion", "bash"],
        ["show", item],
        ["show", item, "--json"],
        *formats("events", "--since", "30d"),
        ["event", event],
        ["event", event, "--json"],
        *formats("deadlines", "--within", "90d", of=("table", "json", "ics")),
        ["dossier", "--list"],
        ["dossier", "15 CFR 744"],
        *formats("dossier", "15 CFR 744", of=("table", "json", "tsv", "csv", "md")),
        *formats("export", event, of=("md", "html", "csv", "json", "bibtex")),
        ["why", item],
        ["why", item, "--json"],
        *formats("alerts", "--since", "30d"),
        ["rules", "list"],
        ["rules", "test", "now"],
        *formats("rules", "test", "now"),
        ["silence", "add", f"formula {EVIL}", "--why", EVIL, "--who", EVIL],
        *formats("silence", "list"),
        *formats("queue", "--days", "3000"),
        ["label", item, "export_control", "yes", "--who", EVIL],
        *formats("stats", "--weeks", "500"),
        ["digest", "morning", "--preview"],
        ["digest", "morning", "--preview", "--out", "out"],
        ["digest", "morning", "--send"],
        ["digest", "morning", "--readers"],
        ["status"],
        ["status", "--json"],
        ["doctor"],
        ["doctor", "--json"],
        *formats("sources", "list", of=("table", "json", "csv", "tsv")),
        ["sources", "check"],
        ["sources", "check", "broken"],
        ["sources", "export"],
        ["sources", "import", "evil.opml", "--dry-run"],
        ["coverage"],
        ["coverage", "--watchlist"],
        ["coverage", "--troubled"],
        ["model", "history"],
        ["slack", "check"],
        ["slack", "manifest"],
        ["parse", "evil.xml"],
        ["tag", "items.jsonl"],
        ["link", "items.jsonl"],
        ["identify", "items.jsonl"],
        ["evaluate", "labels.jsonl"],
        ["import", "import.jsonl"],
        ["import", "import.jsonl", "--json"],
        ["prune", "--before", "1y", "--dry-run"],
        ["backup", "copy.db"],
        ["poll"],
        ["poll", "--json"],
        ["deliver"],
        ["init", "new"],
        ["train", "--classifiers", EVIL.replace("\0", "")],
        ["run", "--config", EVIL.replace("\0", "")],
        ["demo", "--keep", "feeds.yaml"],
    ]
    hostile = [
        ["search", EVIL],
        ["search", f"them{EVIL}:x"],
        ["show", EVIL],
        ["event", EVIL],
        ["event", "merge", EVIL, EVIL],
        ["export", EVIL],
        ["dossier", EVIL],
        ["why", EVIL],
        ["rules", "test", EVIL],
        ["rules", "test", "--when", f"({EVIL}"],
        ["silence", "end", EVIL],
        ["label", EVIL, EVIL, "yes"],
        ["digest", EVIL, "--preview"],
        ["poll", EVIL],
        ["sources", "check", EVIL],
        ["sources", "add", EVIL],
        ["parse", EVIL],
        ["tag", EVIL],
        ["import", EVIL],
        ["backup", f"{EVIL}/x"],
        ["prune", "--before", EVIL],
        ["prune", "--before", "1y", "--query", f"them{EVIL}:x"],
        ["status", "--config", EVIL],
        ["search", "x", "--archive", EVIL],
        ["search", "x", "--archive", f"sqlite:///{EVIL}"],
        ["search", "x", "--limit", EVIL],
        ["search", "x", f"--{EVIL}"],
        [EVIL],
    ]
    return asked + [[each.replace("\0", "") for each in arguments] for arguments in hostile]


def test_no_command_lets_hostile_text_through(here: Path, run: Run) -> None:
    """Bytes of both streams, in every format, with the fullest log; and every command was asked."""
    bad = []
    for arguments in calls():
        for more in ([], ["-vv"]):
            _, out, err = run(*arguments, *more)
            for name, stream in (("standard output", out), ("standard error", err)):
                if arguments[0] == "deadlines" and arguments[-1] == "ics":
                    stream = stream.replace("\r\n", "\n")  # noqa: PLW2901 (the line end of that format)
                found = WORSE.search(stream)
                if found is not None:
                    bad.append((arguments, name, stream[max(0, found.start() - 60) : found.end() + 20]))
    assert bad == [], "\n".join(f"{a} | {n} | {t!r}" for a, n, t in bad)
    assert {arguments[0] for arguments in calls()} >= set(_COMMANDS)


def test_what_is_written_to_files_is_inert(here: Path, run: Run) -> None:
    """Digests and packs of evidence."""
    run("digest", "morning", "--preview", "--out", "out")
    [event] = columns_of_the_archive("select event from items order by n limit 1")
    for form in ("md", "html", "csv", "json", "bibtex"):
        run("export", event, "--format", form, "--out", f"out/pack.{form}")
    files = sorted(path for path in Path("out").rglob("*") if path.is_file())
    assert len(files) >= 8
    for path in files:
        text = path.read_text(encoding="utf-8").replace("\r\n", "\n")
        assert WORSE.search(text) is None, path


def test_no_cell_of_any_csv_is_a_formula(here: Path, run: Run) -> None:
    """Of every command that writes CSV or tab-separated cells for a spreadsheet: full-width signs count, too (OWASP)."""
    seen = 0
    for arguments in (each for each in calls() if each[-1] == "csv"):
        out = run(*arguments)[1]
        for row in csv.reader(io.StringIO(out)):
            for each in row:
                assert not each.startswith(("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")), (arguments, each)
                seen += each.startswith("'")
    assert seen >= len(FORMULAS)
