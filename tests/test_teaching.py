"""Teaching over the command line: labels, weak labels, a fifth theme, and the gate that a worse model does not pass.

With a tenth of the corpus and without sentence vectors, so that a training takes seconds; tests/test_model.py trains what ships.
"""

from __future__ import annotations

import json
import shutil
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from builders import NOW, an_item, rss
from fakes import Answer, Site
from test_json import check

from monitor import bundled
from monitor.archive import Archive
from monitor.archive.intake import Change
from monitor.cli import main
from monitor.cli.options import Here
from monitor.cli.teaching import _labelled, _taught, _weak
from monitor.dedupe import Index, sort_out
from monitor.items import Findings, Identifier, Judged, Label, Link, SourceState
from monitor.train import as_item, fold

CONFIG = """\
version: 1
network: {{allow_private: ["127.0.0.0/8"], per_host: {{delay: 0s}}, timeout: 5s}}
sources:
  - {{id: wire, name: Wire, type: feed, url: "{base}/wire", country: US, lang: en, kind: news_agency, tier: wire}}
  - {{id: us-fr-ois, name: OIS, type: federal_register, url: "{base}/ois", country: US, lang: en, kind: regulator, tier: official}}
  - {{id: us-fr-bis, name: BIS, type: federal_register, url: "{base}/bis", country: US, lang: en, kind: regulator, tier: official}}
"""
PLAIN = "Town orchestra opens its season with an evening of waltzes"


@pytest.fixture
def here(tmp_path: Path, site: Site, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Path:
    """A folder with an archive of a few items and a classifiers folder of one's own, a tenth of the one that ships."""
    site.pages["/wire"] = Answer(rss(("1", PLAIN, "")))
    site.pages["/ois"] = Answer(_documents(("2026-1", "Amendments to Filing Procedures", [])))
    site.pages["/bis"] = Answer(
        _documents(("2026-2", "Revisions to Licensing Requirements", [744]), ("2026-3", "Sunshine Act Meeting", []))
    )
    (tmp_path / "feeds.yaml").write_text(CONFIG.format(base=site.base), encoding="utf-8")
    shutil.copytree(bundled.classifiers(), tmp_path / "classifiers")
    for path in (tmp_path / "classifiers").glob("*/items.*.jsonl"):
        if path.parent.name != "semiconductors":
            lines = path.read_text(encoding="utf-8").splitlines()
            path.write_text("".join(f"{line}\n" for place, line in enumerate(lines) if place % 10 == 0), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MONITOR_NOW", "2026-05-01T08:00:00Z")
    assert main(["poll", "--quiet"]) == 0
    capsys.readouterr()
    return tmp_path


@pytest.fixture
def train(here: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., dict[str, object]]:
    """`monitor train` with what is given, as its report."""

    def run(*arguments: str) -> dict[str, object]:
        assert main(["train", "--encoder", "none", "--json", *arguments]) == 0
        report: dict[str, object] = json.loads(capsys.readouterr().out)
        check("linking_training" if "--linking" in arguments else "training", report)
        return report

    return run


def test_labels_are_learned_from_and_a_model_that_disagrees_with_them_is_not_used(
    here: Path, train: Callable[..., dict[str, object]], capsys: pytest.CaptureFixture[str]
) -> None:
    """An analyst's no stands against sixty items that say yes, unless the model is forced; the one before can be taken back."""
    item = _id_of(PLAIN, capsys)
    assert main(["label", item, "telecom_5g", "no", "--who", "mori"]) == 0
    first = train("--force")
    assert (first["labels"], first["used"]) == (1, True)

    rows = [_row(f"t-{place}", PLAIN, ["telecom_5g"], f"waltz {place}") for place in range(400)]
    _add(here, [row for row in rows if fold(str(row["event"]))][:60])
    second = train()
    assert second["used"] is False
    assert "telecom_5g: agrees with 0 labels, 1 before" in second["worse"]
    assert _version(capsys) == first["version"]
    assert main(["train", "--encoder", "none"]) == 0
    out = capsys.readouterr().out
    assert "not used, because it is worse than the present model:\n  " in out
    assert "monitor train --force" in out

    assert train("--force")["used"] is True
    assert _version(capsys) == second["version"]
    assert main(["model", "rollback", str(first["version"])]) == 0
    assert _version(capsys) == first["version"]


def test_what_is_learned_of_an_item_is_what_it_was_judged_by(archive: Archive, archive_url: str) -> None:
    """The page, where it was read: of labels, of weak labels, and of events that analysts merged."""
    cfr = (Identifier(type="cfr", value="15 CFR 744"),)
    items = [
        an_item(
            key=str(number),
            url=f"http://x.example/{number}",
            title=f"Notice {number}",
            summary="Read more.",
            body=body,
            identifiers=cfr,
        )
        for number, body in enumerate(("The bureau adds gallium.", ""))
    ]
    archive.intake.store(Change(found=sort_out(Index(), items), state=SourceState(id="meti"), at=NOW))
    waiting = archive.judging.unjudged(9)
    judged = [
        Judged(item=each, findings=Findings(lang="en"), tags=(), link=Link(event=f"E-{each.key}", is_new=True), model="m")
        for each in waiting
    ]
    archive.judging.write(judged, [], NOW)
    archive.labels.put(*(Label(item=each.id, theme="t", verdict=True, at=NOW, who="mori", via="cli") for each in items))
    archive.events.merge("E-0", "E-1", who="mori", now=NOW)
    here = Here(archive_url=archive_url)
    texts = [each.text for each in waiting]
    assert texts == ["Notice 0\nThe bureau adds gallium.", "Notice 1\nRead more."]
    assert [as_item(each).text for each in _labelled(here)] == texts
    assert [as_item(each).text for each in _weak(here, bundled.classifiers())] == texts
    assert [each.item.text for each in _taught(here)] == texts


def test_a_model_that_is_worse_on_the_held_out_items_is_not_used(
    here: Path, train: Callable[..., dict[str, object]], capsys: pytest.CaptureFixture[str]
) -> None:
    """Wrong labels in four folds show in the fifth, which is frozen."""
    present = train("--no-labels", "--force")
    for path, rows in _items(here):
        for row in rows:
            if fold(str(row["event"])) and zlib.crc32(str(row["id"]).encode()) % 4:
                row["labels"] = [each for each in row["labels"] if each != "critical_minerals"]
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    found = train("--no-labels")
    assert found["used"] is False
    assert any(slip.startswith("critical_minerals: F1 ") for slip in found["worse"])  # type: ignore[attr-defined]
    assert _version(capsys) == present["version"]


def test_a_theme_with_hardly_an_item_is_named(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With the number that it has; nothing is saved."""
    folder = here / "classifiers" / "space"
    folder.mkdir()
    (folder / "theme.yaml").write_text("name: {en: Space}\ndefinition: Launchers and satellites.\n", encoding="utf-8")
    rows = [_row(f"s-{place}", f"Rocket {place} is launched", ["space"], f"launch {place}") for place in range(7)]
    (folder / "items.en.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    before = _version(capsys)
    assert main(["train", "--encoder", "none", "--no-labels"]) == 3
    err = capsys.readouterr().err
    assert "space: " in err
    assert "of 40 needed" in err
    assert _version(capsys) == before


def test_weak_labels_come_of_parts_and_agencies_and_only_when_asked_for(
    here: Path, train: Callable[..., dict[str, object]]
) -> None:
    """A document of 15 CFR 744 and one of the investment office are learned from; a meeting notice is not."""
    assert train("--no-labels", "--force")["weak"] == 0
    assert train("--no-labels", "--force", "--weak")["weak"] == 2


def test_a_fifth_theme_needs_its_folder_and_no_code(
    here: Path, train: Callable[..., dict[str, object]], capsys: pytest.CaptureFixture[str]
) -> None:
    """Turned on, it is trained, measured and given, beside the others; its name can be asked for and labelled."""
    path = here / "classifiers" / "semiconductors" / "theme.yaml"
    before = train("--no-labels", "--force")
    assert "semiconductors" not in before["f1"]  # type: ignore[operator]
    path.write_text(path.read_text(encoding="utf-8").replace("enabled: false\n", ""), encoding="utf-8")
    found = train("--no-labels")
    assert found["used"] is True
    assert found["f1"]["semiconductors"] > 0.4  # type: ignore[index]

    items = [
        {"id": 1, "title": "Chipmaker breaks ground on second fab in Kumamoto, backed by state subsidies"},
        {"id": 2, "title": "半導体工場の建設に補助金、経産省が追加支援"},
        {"id": 3, "title": PLAIN},
    ]
    (here / "items.jsonl").write_text("".join(json.dumps(item) + "\n" for item in items), encoding="utf-8")
    capsys.readouterr()
    assert main(["tag", "items.jsonl"]) == 0
    given = [json.loads(line)["labels"] for line in capsys.readouterr().out.splitlines()]
    assert given == [["semiconductors"], ["semiconductors"], []]
    assert main(["poll", "--quiet"]) == 0
    assert main(["label", _id_of(PLAIN, capsys), "semiconductors", "no"]) == 0
    assert main(["search", "theme:semiconductors"]) == 0


def _documents(*documents: tuple[str, str, list[int]]) -> bytes:
    """An answer of the Federal Register API: number, title and parts of title 15."""
    results = [
        {
            "document_number": number,
            "title": title,
            "type": "Rule",
            "abstract": f"The agency publishes {title.lower()}.",
            "html_url": f"https://www.federalregister.gov/d/{number}",
            "publication_date": "2026-04-30",
            "cfr_references": [{"title": 15, "part": part} for part in parts],
        }
        for number, title, parts in documents
    ]
    return json.dumps({"count": len(results), "results": results}).encode()


def _row(name: str, title: str, labels: list[str], event: str) -> dict[str, object]:
    return {
        "id": name,
        "lang": "en",
        "title": title,
        "summary": "",
        "labels": labels,
        "event": event,
        "register": "press",
        "near_miss": None,
    }


def _add(here: Path, rows: list[dict[str, object]]) -> None:
    with (here / "classifiers" / "none" / "items.en.jsonl").open("a", encoding="utf-8") as file:
        file.writelines(f"{json.dumps(row)}\n" for row in rows)


def _items(here: Path) -> Iterator[tuple[Path, list[dict[str, object]]]]:
    for path in sorted((here / "classifiers").glob("*/items.*.jsonl")):
        yield path, [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _id_of(title: str, capsys: pytest.CaptureFixture[str]) -> str:
    capsys.readouterr()
    assert main(["search", f'"{title}"', "--format", "ids"]) == 0
    return capsys.readouterr().out.strip()


def _version(capsys: pytest.CaptureFixture[str]) -> object:
    capsys.readouterr()
    assert main(["model", "history", "--json"]) == 0
    return json.loads(capsys.readouterr().out)[0]["version"]


def test_the_decision_on_events_is_trained_too(train: Callable[..., dict[str, object]]) -> None:
    """And used only where it is no worse; of two streams, so that it takes seconds."""
    for path in Path("classifiers/linking").glob("*.jsonl"):
        if path.name not in ("events.econ-b.jsonl", "stories.b.jsonl"):
            path.unlink()
    found = train("--linking", "--no-labels")
    assert found["decided"] == 0
    assert found["used"] is not bool(found["worse"])
