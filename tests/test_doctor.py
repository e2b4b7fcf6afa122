"""Doctor: every line says what is so and what to do; it only looks, whatever state the house is in."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from builders import rss
from conftest import Run
from fakes import Answer, Site
from test_pruning import a_notice, file

from monitor import bundled
from monitor.archive import Archive
from monitor.archive.connection import STEPS
from monitor.archive.judging import SET_ASIDE

CONFIG = """\
version: 1
network: {{allow_private: ["127.0.0.0/8"], per_host: {{delay: 0s}}, timeout: 5s}}
sources:
  - {{id: meti, type: feed, url: "{base}/meti", country: JP, lang: ja, tier: official}}
alerts:
  - {{id: now, when: 'theme:export_control', to: [console]}}
"""
ARCHIVE = Path("data/monitor.db")


@pytest.fixture
def here(tmp_path: Path, site: Site, monkeypatch: pytest.MonkeyPatch, run: Run) -> Path:
    """A folder with a configuration and an archive that was just filled."""
    site.pages["/meti"] = Answer(rss(("1", "輸出貿易管理令の改正", "")))
    (tmp_path / "feeds.yaml").write_text(CONFIG.format(base=site.base), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert run("poll")[0] == 0
    return tmp_path


def looked(run: Run, code: int = 0) -> dict[str, dict[str, str | None]]:
    """What doctor says as JSON, by name; its exit code is checked."""
    found, out, err = run("doctor", "--json")
    said = json.loads(out)
    assert found == said["exit_code"] == code, out
    assert "Traceback" not in err
    return {each["name"]: each for each in said["checks"]}


def test_a_house_in_order_is_ok_in_every_line(here: Path, run: Run) -> None:
    """In words and as JSON, the same."""
    code, out, err = run("doctor")
    assert (code, err) == (0, "")
    assert {line.split()[0] for line in out.splitlines()} == {"ok"}
    found = looked(run)
    names = "configuration archive schema index disk model channels clock time_zones lock orders sources"
    assert list(found) == [name.replace("_", " ") for name in names.split()]
    assert [each["name"] for each in found.values() if each["todo"]] == []
    assert [line[6:20].strip() for line in out.splitlines()] == list(found)


def test_nothing_is_written_by_looking(here: Path, run: Run) -> None:
    """The archive is byte for byte what it was."""
    before = ARCHIVE.read_bytes()
    looked(run)
    assert ARCHIVE.read_bytes() == before


def sql(statement: str) -> None:
    with contextlib.closing(sqlite3.connect(ARCHIVE, isolation_level=None)) as connection:
        connection.execute("pragma wal_checkpoint(truncate)")
        connection.execute("pragma journal_mode = delete")
        connection.execute(statement)


def damage() -> None:
    """Write over the middle of the file, as a failing disk does."""
    sql("vacuum")
    raw = bytearray(ARCHIVE.read_bytes())
    raw[3 * len(raw) // 8 : 5 * len(raw) // 8] = b"\xa5" * (5 * len(raw) // 8 - 3 * len(raw) // 8)
    ARCHIVE.write_bytes(raw)


@pytest.mark.parametrize(
    ("name", "level", "code", "word", "act"),
    [
        ("configuration", "fail", 3, "did you mean 'sources'?", lambda: Path("feeds.yaml").write_text("version: 1\nsorces: []\n")),
        ("configuration", "fail", 3, "${NOWHERE} is not set in the environment. Set it", lambda: tell("${NOWHERE}")),
        ("channels", "warn", 3, "not looked at, since feeds.yaml cannot be read", lambda: Path("feeds.yaml").unlink()),
        ("sources", "warn", 3, "not looked at, since feeds.yaml cannot be read", lambda: Path("feeds.yaml").unlink()),
        ("channels", "fail", 3, "mail: is not configured. Add mail: to it", lambda: tell("ann@ministry.example")),
        ("configuration", "fail", 3, "monitor init", lambda: Path("feeds.yaml").unlink()),
        ("archive", "fail", 7, "monitor.db", damage),
        ("archive", "fail", 7, "points nowhere", lambda: sql("insert into revisions values ('I-none', '', '', '', null)")),
        ("archive", "fail", 7, "newer version", lambda: sql("insert into _sqlite_migrations values (999, 'archive', 'm999_later', '')")),
        ("archive", "fail", 7, "monitor.db", lambda: ARCHIVE.write_bytes(b"no archive at all, but some text" * 99)),
        ("archive", "warn", 0, "could not be judged: I-", lambda: sql(f"update items set linked_by = '[[\"{SET_ASIDE}\", 1.0]]'")),
        ("schema", "warn", 0, STEPS[-1], lambda: sql(f"delete from _sqlite_migrations where name = '{STEPS[-1]}'")),
        ("index", "fail", 7, "it has 1 rows of no item", lambda: sql("insert into item_search (rowid, title) values (99, 'x')")),
        ("index", "fail", 7, "is not found by its title", lambda: sql("update items set title = '別の題名'")),
        ("orders", "warn", 0, "alerts retry", lambda: order("dead")),
        ("orders", "warn", 0, "not taken now: slack:#x", lambda: fail("slack:#x", "gone")),
        ("sources", "warn", 0, "meti (timeout)", lambda: sql("update sources set error_kind = 'timeout', error_text = 'x'")),
        ("clock", "warn", 0, "2999", lambda: sql("update items set first_seen = '2999-01-01T00:00:00Z'")),
        ("clock", "warn", 0, "MONITOR_NOW=+3d", lambda: os.environ.update(MONITOR_NOW="+3d")),
        ("channels", "fail", 3, "SLACK_BOT_TOKEN is not set", lambda: tell("slack:#x")),
        ("channels", "fail", 3, "WEBHOOK_DESK_SECRET is not set", lambda: tell("webhook:desk", "webhooks: [{id: desk, url: 'https://x.example/'}]\n")),
        ("model", "fail", 3, "there is no trained model", lambda: shutil.rmtree(own_classifiers() / "model")),
        ("model", "fail", 3, "checksum", lambda: next(own_classifiers().glob("model/*.npz")).write_bytes(b"x")),
    ],
)  # fmt: skip
def test_each_trouble_has_its_line(
    here: Path, run: Run, monkeypatch: pytest.MonkeyPatch, name: str, level: str, code: int, word: str, act: Callable[[], object]
) -> None:
    """With its level, what is so and what to do; the exit code is that of the first failure."""
    monkeypatch.setenv("MONITOR_NOW", "")
    act()
    seen = looked(run, code)[name]
    assert seen["level"] == level
    assert word in f"{seen['text']}. {seen['todo']}"


def fail(channel: str, error: str) -> None:
    sql(f"insert into channels values ('{channel}', null, '2026-05-01T00:00:00Z', '{error}', null)")


def order(state: str) -> None:
    sql(
        "insert into outbox (key, kind, channel, rule, state, created_at, not_before, last_error)"
        f" values ('k', 'alert', 'slack:#x', 'now', '{state}', '2026-05-01T00:00:00Z', '2026-05-01T00:00:00Z', 'gone')"
    )


def tell(address: str, more: str = "") -> None:
    text = Path("feeds.yaml").read_text(encoding="utf-8").replace("[console]", f'["{address}"]')
    Path("feeds.yaml").write_text(text + more, encoding="utf-8")


def own_classifiers() -> Path:
    return Path(shutil.copytree(bundled.classifiers(), "classifiers"))


def test_secrets_are_named_and_never_shown(here: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is set is not printed, whatever is wrong beside it; a file that cannot be read is named by its variable."""
    tell("slack:#x")
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-marked-secret")
    monkeypatch.setenv("SMTP_USER", "marked-user")
    code, out, err = run("doctor", "-vv")
    assert code == 3
    assert "SMTP_PASSWORD" in out
    assert "marked" not in out + err
    monkeypatch.delenv("SLACK_BOT_TOKEN")
    monkeypatch.setenv("SLACK_BOT_TOKEN_FILE", "/marked/absent")
    _, out, err = run("doctor")
    assert "SLACK_BOT_TOKEN_FILE names a file that cannot be read" in out
    assert "marked" not in out + err


def test_each_fault_of_a_channel_has_its_own_advice(here: Path, run: Run) -> None:
    """A mail server that nobody named is not to be looked for among the secrets."""
    tell("ann@ministry.example", "digests: [{id: morning, to: ['slack:#x'], at: '08:00', tz: UTC}]\n")
    todo = looked(run, 3)["channels"]["todo"]
    assert todo is not None
    assert ("Add mail:" in todo, "docs/slack.md" in todo, ".env.example" in todo) == (True, True, False)


def test_a_rule_that_can_never_fire_is_named(here: Path, run: Run) -> None:
    """A theme or a source that there is not, with the nearest one."""
    text = (here / "feeds.yaml").read_text(encoding="utf-8")
    (here / "feeds.yaml").write_text(text.replace("theme:export_control", "theme:exportcontrol source:metti"), encoding="utf-8")
    said = looked(run)["configuration"]
    assert said["level"] == "warn"
    assert "now: There is no source 'metti'; did you mean meti?" in str(said["text"])
    assert "now: There is no theme 'exportcontrol'; did you mean export_control?" in str(said["text"])


def test_it_looks_while_the_service_works_and_without_an_archive(here: Path, run: Run) -> None:
    """It names the process; where there is no archive, it says how to make one and makes none."""
    with Archive.open(f"sqlite:///{ARCHIVE}") as service, service.working():
        file(service, a_notice(5))
        service._connection.execute("begin immediate")
        assert looked(run)["lock"]["text"] == f"process {os.getpid()} works on the archive"
        service._connection.execute("rollback")
    assert looked(run)["lock"]["text"] == "nobody works on the archive now"
    shutil.rmtree("data")
    assert looked(run)["archive"]["todo"] == "Make it with: monitor poll"
    assert not Path("data").exists()


def test_a_look_never_keeps_the_service_from_starting(here: Path) -> None:
    """Whoever looks holds the lock for an instant, and a start tries again."""
    import threading

    stop = threading.Event()

    def look() -> None:
        while not stop.is_set():
            archive.worker()

    with Archive.open(f"sqlite:///{ARCHIVE}", is_readonly=True) as archive, Archive.open(f"sqlite:///{ARCHIVE}") as service:
        looker = threading.Thread(target=look)
        looker.start()
        try:
            for _ in range(50):
                with service.working():
                    pass
        finally:
            stop.set()
            looker.join()


def test_what_a_source_says_is_inert_here_too(here: Path, run: Run) -> None:
    """An error text of a server reaches the terminal without its controls."""
    fail("slack:#x", "\x1b]0;owned\x07 \u202eevil")
    out = run("doctor")[1]
    assert "evil" in out
    assert not set(out) & set("\x1b\x07\u202e")
