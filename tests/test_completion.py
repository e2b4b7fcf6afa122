"""Completion: what a shell asks is answered, quickly and without a word about what goes wrong."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from builders import NOW
from conftest import ROOT, Run
from filling import fill, numbered

from monitor.archive import Archive
from monitor.items import Tier

CONFIG = """\
version: 1
sources:
  - {id: jp-meti, name: 経済産業省, type: feed, lang: ja, country: JP, url: "http://meti.example/a"}
  - {id: jp-mof, name: 財務省, type: feed, lang: en, country: US, url: "http://mof.example/a"}
  - {id: jp-off, name: off, type: feed, url: "http://off.example/a", enabled: false}
alerts:
  - {id: export-now, when: 'theme:export_control', to: [console]}
digests:
  - {id: morning, to: [console], at: "08:00", tz: Asia/Tokyo}
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "feeds.yaml").write_text(CONFIG, encoding="utf-8")
    with Archive.open("sqlite:///data/monitor.db") as archive:
        fill(archive, numbered(1), numbered(2, title="Graphite\x1b[31m rule"))
    return tmp_path


def asked(run: Run, monkeypatch: pytest.MonkeyPatch, line: str, shell: str = "bash") -> list[str]:
    """What the program answers the shell for a line whose last word is being typed."""
    words = line.split(" ")
    with monkeypatch.context() as patch:
        patch.setenv("_MONITOR_COMPLETE", f"{shell}_complete")
        patch.setenv("COMP_WORDS", " ".join(words) if shell != "fish" else " ".join(words[:-1]))
        patch.setenv("COMP_CWORD", str(len(words) - 1) if shell != "fish" else words[-1])
        code, out, err = run()
    assert (code, err) == (0, "")
    return [each for each in out.splitlines() if each]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("monitor cov", ["plain,coverage"]),
        ("monitor model ", ["plain,history", "plain,rollback", "plain,stats"]),
        ("monitor stats --b", ["plain,--by"]),
        ("monitor stats --by t", ["plain,theme", "plain,tier"]),
        ("monitor export --columns t", ["plain,title", "plain,tier", "plain,themes"]),
        ("monitor export --columns title,t", ["plain,title,tier", "plain,title,themes"]),
        ("monitor events --theme exp", ["plain,export_control"]),
        ("monitor deadlines --theme tel", ["plain,telecom_5g"]),
        ("monitor poll jp-", ["plain,jp-meti", "plain,jp-mof"]),
        ("monitor sources check jp-me", ["plain,jp-meti"]),
        ("monitor rules test ", ["plain,export-now"]),
        ("monitor alerts --rule e", ["plain,export-now"]),
        ("monitor digest ", ["plain,morning"]),
        ("monitor label I-x inv", ["plain,investment_screening"]),
    ],
)
def test_names_of_the_program_and_its_configuration(
    here: Path, run: Run, monkeypatch: pytest.MonkeyPatch, line: str, expected: list[str]
) -> None:
    """Commands, options, their values; sources that are on, rules, digests, themes."""
    assert asked(run, monkeypatch, line) == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (
            "monitor search the",
            [f"theme:{path.parent.name}" for path in sorted((ROOT / "classifiers").glob("*/theme.yaml"))],
        ),
        ("monitor search t", ["theme:", "tier:"]),
        ("monitor search theme:exp", ["theme:export_control"]),
        ("monitor search -theme:exp", ["-theme:export_control"]),
        ("monitor search (tier:off", ["(tier:official"]),
        ("monitor search source:jp-mof,jp-me", ["source:jp-mof,jp-meti"]),
        ("monitor search lang:", ["lang:en", "lang:ja"]),
        ("monitor search stage:fi", ["stage:final"]),
        ("monitor search since:3", ["since:30d"]),
        ("monitor search @ch", ["@chips"]),
        ("monitor search -x graphite country:", ["country:JP", "country:US"]),
        ("monitor stats --query theme:tel", ["theme:telecom_5g"]),
        ("monitor tail --query tier:w", ["tier:wire"]),
        ("monitor export tier:w", ["tier:wire"]),
        ("monitor silence add tier:w", ["tier:wire"]),
        ("monitor prune --query stage:c", ["stage:consultation"]),
        ("monitor search graphite", []),
        ("monitor search nothing:", []),
        ("monitor search until:", ["until:1d", "until:1y", "until:30d", "until:7d"]),
    ],
)
def test_a_query_goes_on_with_its_fields_and_their_values(
    here: Path, run: Run, monkeypatch: pytest.MonkeyPatch, line: str, expected: list[str]
) -> None:
    """In every command that takes one; what is done of it stays as it is."""
    with Archive.open("sqlite:///data/monitor.db") as archive:
        archive.searches.put("chips", "半導体", who="mori", now=NOW)
    for shell in ("zsh", "fish"):
        found = asked(run, monkeypatch, line, shell)
        values = [each.partition(",")[2].split("\t")[0] for each in found] if shell == "fish" else found[1::3]
        values = [each.replace("\\:", ":") for each in values]  # as zsh wants them
        assert sorted(values) == expected


def test_bash_takes_what_is_before_a_colon_for_a_word(here: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """It splits there, and wants what follows alone; not so in quotes, where the whole query is one word."""
    assert asked(run, monkeypatch, "monitor search theme : exp") == ["plain,export_control"]
    assert asked(run, monkeypatch, "monitor search graphite tier :") == [f"plain,{each}" for each in Tier]
    assert asked(run, monkeypatch, "monitor search 'graphite\u3000(theme:exp") == ["plain,graphite\u3000(theme:export_control"]


def test_ids_come_from_the_archive_with_their_titles(here: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The title is shown by zsh and fish, and is inert."""
    first, second = numbered(1).id, numbered(2).id
    assert sorted(asked(run, monkeypatch, "monitor show I-")) == sorted([f"plain,{first}", f"plain,{second}"])
    assert asked(run, monkeypatch, f"monitor event E-{first[2:10]}") == [f"plain,E-{first[2:]}"]
    shown = "\n".join(asked(run, monkeypatch, "monitor show I-", "zsh"))
    assert "黒鉛の輸出許可 その1" in shown
    assert "\x1b" not in shown
    assert any("Graphite" in line for line in asked(run, monkeypatch, "monitor show I-", "fish"))


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
@pytest.mark.parametrize(
    "line",
    [
        "monitor --config absent.yaml poll ",
        "monitor --config broken.yaml rules test ",
        "monitor --config list.yaml digest ",
        "monitor --archive sqlite:///absent.db event E-",
        "monitor --archive postgres://x show I-",
        "monitor --archive sqlite:///feeds.yaml show I-",
        "monitor no-such-command ",
    ],
)
def test_what_goes_wrong_is_no_answer(here: Path, run: Run, monkeypatch: pytest.MonkeyPatch, shell: str, line: str) -> None:
    """No configuration, a broken one, no archive, no such command: nothing, and no error in the middle of a line."""
    Path("broken.yaml").write_text("alerts: [", encoding="utf-8")
    Path("list.yaml").write_text("- 1", encoding="utf-8")
    words = asked(run, monkeypatch, line, shell)
    assert [each for each in words if each.startswith(("I-", "E-"))] == []
    assert "no-such" in line or words == []


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_is_printed_for_each_shell(run: Run, shell: str) -> None:
    """Complete, and for no other shell."""
    code, out, _ = run("completion", shell)
    assert code == 0
    assert f"_MONITOR_COMPLETE={shell}_complete" in out
    assert "%(" not in out


def test_another_shell_is_refused_with_those_there_are(run: Run) -> None:
    """Exit 2, one line."""
    code, out, err = run("completion", "tcsh")
    assert (code, out) == (2, "")
    assert "'bash', 'zsh', 'fish'" in err


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
def test_a_real_bash_completes(here: Path, tmp_path: Path) -> None:
    """As installed: the script is read, and TAB asks the program on the PATH."""
    program = tmp_path / "bin" / "monitor"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m monitor "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    script = """
    eval "$(monitor completion bash)"
    complete -p monitor
    COMP_WORDS=(monitor poll jp-); COMP_CWORD=2; _monitor_completion monitor; echo "${COMPREPLY[@]}"
    """
    done = subprocess.run(
        ["bash", "--norc", "-c", script],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        cwd=here,
        env={**os.environ, "PATH": f"{program.parent}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)},
    )
    assert done.stderr == ""
    assert re.search(r"-F _monitor_completion monitor", done.stdout)
    assert done.stdout.splitlines()[-1] == "jp-meti jp-mof"
