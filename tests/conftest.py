"""Fixtures that many tests share. Everything runs on loopback, on real SQLite files, with a clock that the test holds."""

from __future__ import annotations

import io
import logging
import shutil
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from fakes import MailFake, Site, SlackFake

from monitor import bundled, classifiers, encoders, joinings, models
from monitor.archive import Archive
from monitor.cli import main
from monitor.encoders import Encoder
from monitor.lexicon import Lexicon
from monitor.likeness import Joining
from monitor.tag import Model

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"
NOW = datetime(2026, 5, 1, 8, 0, tzinfo=UTC)


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self, now: datetime = NOW) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def move(self, **span: float) -> None:
        self.now += timedelta(**span)


class Ticks:
    """A monotonic clock that only pauses move; pauses take no time."""

    def __init__(self) -> None:
        self._now = 0.0
        self._lock = threading.Lock()

    def __call__(self) -> float:
        return self._now

    def pause(self, seconds: float) -> None:
        with self._lock:
            self._now += seconds


Run = Callable[..., tuple[int, str, str]]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that need the material beside the project say so and are skipped without it."""
    if SHARED.is_dir():
        return
    skip = pytest.mark.skip(reason="needs the material beside the project (../shared), which is absent")
    for item in items:
        if "shared" in item.keywords:
            item.add_marker(skip)


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees the secrets or settings of the person who runs it."""
    for name in (
        "SLACK_BOT_TOKEN",
        "SLACK_APP_TOKEN",
        "SMTP_USER",
        "SMTP_PASSWORD",
        "MONITOR_CONFIG",
        "MONITOR_ARCHIVE",
        "MONITOR_NOW",
        "MONITOR_PAGER",
        "PAGER",
        "NO_PAGER",
        "NO_COLOR",
        "COLUMNS",
        "LINES",
    ):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(autouse=True)
def _reset_log() -> Iterator[None]:
    """A command sets up logging on the standard error of its moment; no later test may write there, or be as quiet as it was."""
    yield
    root = logging.getLogger()
    root.setLevel(logging.WARNING)
    for handler in list(root.handlers):
        if isinstance(handler, logging.StreamHandler) and type(handler) is logging.StreamHandler:
            root.removeHandler(handler)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def archive_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'monitor.db'}"


@pytest.fixture
def archive(archive_url: str) -> Iterator[Archive]:
    with Archive.open(archive_url) as opened:
        yield opened


@pytest.fixture
def site() -> Iterator[Site]:
    found = Site()
    yield found
    found.close()


@pytest.fixture
def slack() -> Iterator[SlackFake]:
    found = SlackFake()
    yield found
    found.close()


@pytest.fixture
def mail() -> Iterator[MailFake]:
    found = MailFake()
    yield found
    found.close()


@pytest.fixture(scope="session")
def lexicon() -> Lexicon:
    return classifiers.load_lexicon(bundled.classifiers())


@pytest.fixture(scope="session")
def model() -> Model:
    return models.load(bundled.classifiers())


@pytest.fixture(scope="session")
def encoder() -> Encoder:
    return encoders.load(encoders.SHIPPED)


@pytest.fixture(scope="session")
def joining() -> Joining:
    """The decision of those who have no sentence vectors."""
    return joinings.load(bundled.classifiers(), vectors=None)


@pytest.fixture(scope="session")
def shared() -> Path:
    return SHARED


if str(SHARED / "hostile") not in sys.path and SHARED.is_dir():
    sys.path.append(str(SHARED / "hostile"))


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A folder with the demo's archive and configuration, and what the demo printed."""
    folder = tmp_path_factory.mktemp("demo")
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = main(["demo", "--keep", str(folder / "data")])
    assert code == 0, err.getvalue()
    text = (bundled.demo() / "feeds.yaml").read_text(encoding="utf-8").replace("${DEMO_BASE}", "http://127.0.0.1:9")
    (folder / "feeds.yaml").write_text(text, encoding="utf-8")
    return folder, out.getvalue()


@pytest.fixture
def demo_folder(demo: tuple[Path, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of the test's own with the demo's archive in its usual place, at the moment at which the demo ends."""
    (tmp_path / "data").mkdir()
    shutil.copy(demo[0] / "data" / "monitor.db", tmp_path / "data" / "monitor.db")
    shutil.copy(demo[0] / "feeds.yaml", tmp_path / "feeds.yaml")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MONITOR_NOW", "2023-10-25T13:00:00Z")
    return tmp_path


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """A command: its exit code, and what it wrote on standard output and standard error."""

    def call(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        code = main(arguments)
        found = capsys.readouterr()
        return code, found.out, found.err

    return call
