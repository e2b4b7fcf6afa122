"""The documents say what the product does: their examples run, every command and key is explained, what they show is what it shows."""

from __future__ import annotations

import io
import json
import os
import re
import shlex
import shutil
from contextlib import redirect_stderr, redirect_stdout
from datetime import timedelta
from pathlib import Path

import pytest
from conftest import ROOT
from pydantic import BaseModel

from monitor import config, items
from monitor.cli import _COMMANDS, main
from monitor.errors import FetchKind
from monitor.query import FIELDS
from monitor.sections import File, LimitSection

DOCUMENTS = sorted(
    [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("docs/decisions/*.md"), ROOT / "classifiers" / "MODEL_CARD.md"]
)
SCORE = re.compile(r"\d\.\d\d")


def blocks(path: Path, language: str) -> list[str]:
    """Fenced blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", path.read_text(encoding="utf-8"), re.M | re.S)


def unscored(text: str) -> str:
    """Text with its scores, and the evidence for them, masked: both change with every training."""
    return re.sub(r"(· \w+ #) \(.*\)( · first seen .*)?$", r"\1 (...)\2", SCORE.sub("#", text), flags=re.M)


def test_the_front_page_shows_what_the_program_renders(demo: tuple[Path, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Alert, digest, event and search of the README stand so in the demo."""
    monkeypatch.setenv("MONITOR_NOW", "2023-10-25T13:00:00Z")
    folder, out = demo
    readme = ROOT / "README.md"
    alerts, [digest] = blocks(readme, "alert"), blocks(readme, "digest")
    assert [alert for alert in alerts if unscored(alert) not in unscored(out)] == []
    assert len(alerts) == 2
    assert unscored(digest) in unscored(next((folder / "data").glob("digest-*.txt")).read_text(encoding="utf-8"))
    pairs = list(zip(blocks(readme, "console"), blocks(readme, "output"), strict=True))
    assert len(pairs) == 2
    for command, output in pairs:
        assert unscored(run(folder, command.strip().removeprefix("$ "))[1]).startswith(unscored(output))


def run(folder: Path, line: str) -> tuple[int, str, str]:
    """A command line of a document, run in the folder."""
    program, *arguments = shlex.split(line)
    assert program == "monitor", line
    out, err = io.StringIO(), io.StringIO()
    before = Path.cwd()
    os.chdir(folder)
    try:
        with redirect_stdout(out), redirect_stderr(err):
            code = main(arguments)
    finally:
        os.chdir(before)
    return code, out.getvalue(), err.getvalue()


EXAMPLES = [
    pytest.param(line.removeprefix("$ "), id=f"{path.name}: {line[2:60]}")
    for path in DOCUMENTS
    for block in blocks(path, "console")
    for line in block.splitlines()
    if line.startswith("$ ")
]


@pytest.mark.parametrize("line", EXAMPLES)
def test_every_example_runs(demo: tuple[Path, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str) -> None:
    """As written, in a folder with a configuration and a filled archive; a source that is not there now is no fault of the example."""
    folder = Path(shutil.copytree(demo[0], tmp_path / "copy"))
    monkeypatch.setenv("MONITOR_NOW", "2023-10-25T13:00:00Z")
    command = (
        re.sub(r"\s*(?:\||>|2>).*$", "", line)
        if "'" not in line or line.rfind("'") < max(line.rfind("|"), line.rfind(">"))
        else line
    )
    code, _, err = run(folder, command)
    assert code in (0, 4, 5), err
    assert "Traceback" not in err


def test_every_command_is_documented() -> None:
    """Each command stands in the guide or in the operator's page."""
    text = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "docs").glob("*.md"))
    assert [name for name in _COMMANDS if f"monitor {name}" not in text] == []


def keys(model: type[BaseModel]) -> set[str]:
    """All key names of a section and of those inside it."""
    found: set[str] = set()
    for name, each in model.model_fields.items():
        found.add(each.alias or name)
        stack = [each.annotation]
        while stack:
            kind = stack.pop()
            if isinstance(kind, type) and issubclass(kind, BaseModel):
                found |= keys(kind)
            stack += getattr(kind, "__args__", ())
    return found


def test_every_key_and_variable_is_documented() -> None:
    """In backticks, in docs/configuration.md."""
    text = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    variables = {
        "SLACK_BOT_TOKEN",
        "SLACK_APP_TOKEN",
        "SMTP_USER",
        "SMTP_PASSWORD",
        "MONITOR_CONFIG",
        "MONITOR_ARCHIVE",
        "MONITOR_NOW",
        "NO_COLOR",
        "NO_PAGER",
        "MONITOR_PAGER",
    }
    assert [key for key in sorted(keys(File) | variables) if f"`{key}`" not in text and f"`{key}:" not in text] == []


def test_the_limit_that_holds_by_default_is_told_alike() -> None:
    """Where rules are explained and where their keys are."""
    limit = LimitSection().per_channel
    assert limit.window == timedelta(hours=1)
    said = f"`{limit.count}/h`"
    assert [
        name for name in ("rules.md", "configuration.md") if said not in (ROOT / "docs" / name).read_text(encoding="utf-8")
    ] == []


def test_every_field_stage_and_failure_is_documented() -> None:
    """The query language and the stages in the guide, the kinds of failure in the operator's page."""
    guide = (ROOT / "docs" / "guide.md").read_text(encoding="utf-8")
    operate = (ROOT / "docs" / "operate.md").read_text(encoding="utf-8")
    assert [name for name in FIELDS if f"{name}:" not in guide] == []
    assert [stage.value for stage in items.Stage if f"`{stage.value}`" not in guide and f"{stage.value}" not in guide] == []
    assert [kind.value for kind in FetchKind if f"`{kind.value}`" not in operate] == []


@pytest.mark.parametrize(
    "fragment", [pytest.param(text, id=f"{path.name} {n}") for path in DOCUMENTS for n, text in enumerate(blocks(path, "yaml"))]
)
def test_every_configuration_example_is_valid(tmp_path: Path, fragment: str) -> None:
    """A fragment, with what it leaves out, is accepted."""
    path = tmp_path / "feeds.yaml"
    path.write_text(fragment if re.search(r"^version:", fragment, re.M) else "version: 1\n" + fragment, encoding="utf-8")
    names = re.findall(r"\$\{(\w+)\}", fragment)
    config.load(path, dict.fromkeys(names, "x.example"))


def test_the_published_schema_is_that_of_the_program() -> None:
    """Editors check feeds.yaml with docs/feeds.schema.json; write it anew with json.dumps(config.schema())."""
    published = json.loads((ROOT / "docs" / "feeds.schema.json").read_text(encoding="utf-8"))
    assert published == config.schema()


def test_links_between_the_documents_lead_somewhere() -> None:
    """No page points at a page that is not there."""
    broken = []
    for path in DOCUMENTS:
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", path.read_text(encoding="utf-8")):
            if not (path.parent / target).exists():
                broken.append(f"{path.name}: {target}")
    assert broken == []


def test_the_front_page_leads_to_every_page() -> None:
    """Its table names all of docs/."""
    linked = set(re.findall(r"\]\((docs/[^)#]+\.md)\)", (ROOT / "README.md").read_text(encoding="utf-8")))
    assert [path.name for path in ROOT.glob("docs/*.md") if f"docs/{path.name}" not in linked] == []


def test_code_names_decisions_that_exist() -> None:
    """docs/decisions/NNNN in a docstring is a page."""
    numbers = {path.name[:4] for path in (ROOT / "docs" / "decisions").glob("*.md")}
    named = {
        number
        for path in (ROOT / "monitor").rglob("*.py")
        for number in re.findall(r"docs/decisions/(\d{4})", path.read_text(encoding="utf-8"))
    }
    assert named <= numbers
