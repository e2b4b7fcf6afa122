"""The Atom feed in a file: what a feed reader finds, and that nothing of it or of another's file is ever lost."""

from __future__ import annotations

import fcntl
import logging
import os
import stat
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import feedparser
import pytest
from builders import a_message
from conftest import ROOT, Clock
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from monitor import config, house
from monitor.channels import atom
from monitor.channels.atom import MAX_ENTRIES, Atom
from monitor.errors import ChannelError
from monitor.messages import Line

MESSAGE = a_message(address="alerts.xml")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "alerts.xml"


@pytest.fixture
def feed(path: Path, clock: Clock) -> Atom:
    return Atom(path, title="Alerts", clock=clock)


def parsed(path: Path) -> Any:
    """The file as a feed reader has it; it is well-formed."""
    found = feedparser.parse(path.read_bytes())
    assert not found.bozo
    return found


def whole(path: Path) -> list[str]:
    """What RFC 4287 asks for and the file has not."""
    ns = {"a": atom.ATOM}
    root = etree.parse(path).getroot()
    missing = [f"feed {name}" for name in ("id", "title", "updated", "author/a:name") if len(root.findall(f"a:{name}", ns)) != 1]
    for entry in root.findall("a:entry", ns):
        missing += [f"entry {name}" for name in ("id", "title", "updated") if len(entry.findall(f"a:{name}", ns)) != 1]
        if entry.find("a:content", ns) is None and entry.find("a:link[@rel='alternate']", ns) is None:
            missing.append("entry link or content")
    return missing


def test_an_entry_has_what_a_reader_needs(feed: Atom, path: Path) -> None:
    """Id, title, link, language, times, themes, and the facts and the reason as plain text."""
    message = a_message(
        lang="ja",
        title="輸出貿易管理令の一部を改正する政令",
        themes=(("export_control", "Export control"), ("telecom_5g", "5G")),
        record={"themes": {"export_control": 0.93}},
        news="proposed → final",
        lines=(Line(title="Another", url="https://x.example/2", note="press"),),
    )
    receipt = feed.send(message)
    found = parsed(path)
    [entry] = found.entries
    assert found.version == "atom10"
    assert (found.feed.title, found.feed.author) == ("Alerts", "econsec-monitor")
    assert entry.id == receipt.remote_id
    assert uuid.UUID(entry.id).version == 5
    assert (entry.title, entry.title_detail.type, entry.title_detail.language) == (message.title, "text/plain", "ja")
    assert entry.link == message.url
    assert entry.published == entry.updated == found.feed.updated == "2026-05-01T08:00:00Z"
    assert [(each.term, each.label) for each in entry.tags] == [("export_control", "Export control")]
    assert entry.summary_detail.type == "text/plain"
    for text in (message.news, message.extract, "Stage: final", "Another · press · https://x.example/2", f"Why: {message.why}"):
        assert text in entry.summary
    assert whole(path) == []


def test_the_newest_stand_first_and_the_oldest_go(feed: Atom, path: Path, clock: Clock) -> None:
    """At most two hundred."""
    for number in range(MAX_ENTRIES + 3):
        clock.move(minutes=1)
        feed.send(a_message(key=f"alert:{number}", title=f"Title {number}"))
    found = parsed(path)
    assert [each.title for each in found.entries] == [f"Title {number}" for number in range(MAX_ENTRIES + 2, 2, -1)]
    assert found.feed.updated == found.entries[0].updated
    assert whole(path) == []


def test_a_message_stands_in_the_file_once(feed: Atom, path: Path, clock: Clock) -> None:
    """A repeat changes nothing and has the same receipt, also from another object."""
    first = feed.send(MESSAGE)
    before = path.read_bytes()
    clock.move(hours=1)
    assert feed.send(a_message(title="Said otherwise")) == first
    assert Atom(path, title="Other", clock=clock).send(MESSAGE) == first
    assert path.read_bytes() == before


def test_what_was_sent_is_found_and_what_was_not_is_not(feed: Atom, path: Path, clock: Clock) -> None:
    """In the file, and so also after a restart; without a file nothing is."""
    assert feed.find(MESSAGE, 0.0) is None
    receipt = feed.send(MESSAGE)
    assert Atom(path, title="Alerts", clock=clock).find(MESSAGE, 0.0) == receipt
    assert feed.find(a_message(key="another"), 0.0) is None


def test_ids_are_those_of_the_key_in_every_file(tmp_path: Path, clock: Clock) -> None:
    """A reader of two feeds sees one message."""
    one, other = (Atom(tmp_path / name, title="Alerts", clock=clock).send(MESSAGE) for name in ("a.xml", "b.xml"))
    assert one == other


def test_a_message_without_a_link_has_a_content(feed: Atom, path: Path) -> None:
    """As the standard asks; an address that no reader may click is none."""
    feed.send(a_message(key="1", url=None))
    feed.send(a_message(key="2", url="javascript:alert(1)"))
    feed.send(a_message(key="3", url="https://user:word@x.example/"))
    found = parsed(path)
    assert ["links" in each for each in found.entries] == [False] * 3
    assert all(each.content[0].type == "text/plain" for each in found.entries)
    assert whole(path) == []


HOSTILE = [
    "\x00\x01\x08\x0b\x1f\x7f\ufffe\uffff",
    "]]>",
    "<![CDATA[ x ]]> <!-- -->",
    "<script>alert(1)</script>",
    "&lt;b&gt; &amp; &#0; &nonsense;",
    "\ud800 lone \udfff",
    "<!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/passwd'>]>&e;",
    "a\r\nb\u2028c\u0085",
    "\u202egnp.exe",
    "経済" * 500_000,
    "x" * 1_000_000,
]


@pytest.mark.parametrize("text", HOSTILE, ids=[ascii(each)[:30] for each in HOSTILE])
def test_hostile_text_stays_text(feed: Atom, path: Path, text: str) -> None:
    """The file is well-formed and small, the next message still finds its place, and what stood in markup is read as it was."""
    message = a_message(
        title=text,
        headline=text,
        extract=text,
        why=text,
        news=text,
        url=text,
        lang=text,
        fields=((text, text),),
        record={"themes": [text]},
    )
    receipt = feed.send(message)
    assert feed.find(message, 0.0) == receipt
    feed.send(a_message(key="next"))
    found = parsed(path)
    assert len(found.entries) == 2
    assert found.entries[1].title_detail.type == "text/plain"
    assert path.stat().st_size < 100_000
    assert whole(path) == []
    if "<script>" in text:
        assert found.entries[1].title == text


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=st.lists(st.text(max_size=50), min_size=8, max_size=8))
def test_any_text_makes_a_feed(tmp_path: Path, clock: Clock, texts: list[str]) -> None:
    """Well-formed, whole, and with the message in it."""
    path = tmp_path / "any.xml"
    path.unlink(missing_ok=True)
    key, title, extract, name, value, why, url, lang = texts
    message = a_message(key=key, title=title, extract=extract, fields=((name, value),), why=why, url=url, lang=lang)
    receipt = Atom(path, title=title, clock=clock).send(message)
    assert [each.id for each in parsed(path).entries] == [receipt.remote_id]
    assert whole(path) == []


FOREIGN = {
    "damaged": b"<?xml version='1.0'?><feed xmlns='http://www.w3.org/2005/Atom'><entry><title>cut o",
    "no XML": b"%PDF-1.7 \xff\xfe",
    "RSS": b"<rss version='2.0'><channel><title>x</title></channel></rss>",
    "another's": b"<feed xmlns='http://www.w3.org/2005/Atom'><id>x</id><title>x</title><generator>other</generator><updated/></feed>",
    "entities": (
        b"<!DOCTYPE feed [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;&a;'>]><feed xmlns='http://www.w3.org/2005/Atom'>"
        b"<generator>econsec-monitor</generator><updated/><title>&b;</title></feed>"
    ),
    "encoding": b"<?xml version='1.0' encoding='no-such'?><feed/>",
}


@pytest.mark.parametrize("raw", FOREIGN.values(), ids=FOREIGN)
def test_a_file_that_is_not_ours_is_kept_aside(feed: Atom, path: Path, raw: bytes, caplog: pytest.LogCaptureFixture) -> None:
    """Byte for byte, with a warning, while a new feed begins."""
    path.write_bytes(raw)
    assert feed.find(MESSAGE, 0.0) is None
    with caplog.at_level(logging.WARNING):
        feed.send(MESSAGE)
    assert len(parsed(path).entries) == 1
    assert path.with_name("alerts.xml.broken").read_bytes() == raw
    assert "alerts.xml.broken" in caplog.text


def test_no_file_that_was_kept_aside_is_overwritten(feed: Atom, path: Path) -> None:
    """Each has a name of its own."""
    for text in ("first", "second", "third"):
        path.write_text(text, encoding="utf-8")
        feed.send(MESSAGE)
    kept = {each.name: each.read_text(encoding="utf-8") for each in path.parent.iterdir() if each != path}
    assert kept == {"alerts.xml.broken": "first", "alerts.xml.2.broken": "second", "alerts.xml.3.broken": "third"}


def test_an_endless_file_is_not_read_to_its_end(feed: Atom, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Larger than any feed of ours is not ours."""
    monkeypatch.setattr(atom, "MAX_BYTES", 1000)
    path.write_bytes(b" " * 999 + b"<feed/>")
    feed.send(MESSAGE)
    assert path.with_name("alerts.xml.broken").exists()


def test_an_empty_file_is_a_new_feed(feed: Atom, path: Path) -> None:
    """There is nothing in it to keep."""
    path.touch()
    feed.send(MESSAGE)
    assert [each.name for each in path.parent.iterdir()] == ["alerts.xml"]


def test_permissions_and_links_stay(feed: Atom, path: Path, clock: Clock) -> None:
    """A feed that a web server reads is still read by it; a link still leads to the file."""
    feed.send(MESSAGE)
    path.chmod(0o640)
    link = path.parent / "folder" / "link.xml"
    link.parent.mkdir()
    link.symlink_to(path)
    Atom(link, title="Alerts", clock=clock).send(a_message(key="2"))
    assert link.is_symlink()
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert len(parsed(path).entries) == 2


def test_a_leftover_of_a_process_that_was_killed_is_no_hindrance(feed: Atom, path: Path) -> None:
    """Nothing is left beside the file."""
    path.with_name(".alerts.xml.new").write_text("half", encoding="utf-8")
    feed.send(MESSAGE)
    assert [each.name for each in path.parent.iterdir()] == ["alerts.xml"]


def test_two_that_write_at_once_lose_nothing(path: Path, clock: Clock) -> None:
    """Two rules may share a file, by two spellings of its path."""
    spellings = [path, path.parent / "." / path.name]
    problems: list[ChannelError] = []

    def write(number: int) -> None:
        try:
            channel = Atom(spellings[number % 2], title="Alerts", clock=clock)
            for each in range(10):
                channel.send(a_message(key=f"{number}:{each}"))
        except ChannelError as error:
            problems.append(error)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(60)
    assert problems == []
    assert len(parsed(path).entries) == 40


def test_a_folder_that_is_in_use_for_too_long_is_an_error(feed: Atom, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for ever."""
    monkeypatch.setattr(atom, "MAX_WAIT", 0.05)
    handle = os.open(path.parent, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        found = failure(feed.send)
    finally:
        os.close(handle)
    assert "another process" in str(found)
    assert not found.is_ambiguous
    assert feed.send(MESSAGE).remote_id


def failure(send: Callable[..., object]) -> ChannelError:
    with pytest.raises(ChannelError) as caught:
        send(MESSAGE)
    return caught.value


def test_what_cannot_be_written_waits_and_is_named(tmp_path: Path, clock: Clock) -> None:
    """Path and cause; nothing is in doubt."""
    (tmp_path / "file").write_text("x", encoding="utf-8")
    (tmp_path / "folder.xml").mkdir()
    os.mkfifo(tmp_path / "pipe.xml")
    for place in ("file/alerts.xml", "folder.xml", "pipe.xml", "x" * 300):
        found = failure(Atom(tmp_path / place, title="Alerts", clock=clock).send)
        assert str(tmp_path / place) in str(found)
        assert found.__cause__ is not None
        assert not found.is_ambiguous


def test_looking_into_what_cannot_be_read_is_an_error(tmp_path: Path, clock: Clock) -> None:
    """It may be there: that nobody can look is not that it is not there."""
    (tmp_path / "folder.xml").mkdir()
    with pytest.raises(ChannelError):
        Atom(tmp_path / "folder.xml", title="Alerts", clock=clock).find(MESSAGE, 0.0)


@pytest.mark.skipif(os.getuid() == 0, reason="root may write anywhere")
def test_a_folder_that_is_read_only_waits(feed: Atom, path: Path) -> None:
    """With the path and the cause."""
    path.parent.chmod(0o555)
    try:
        found = failure(feed.send)
    finally:
        path.parent.chmod(0o755)
    assert str(path) in str(found)


FULL = """
import resource, sys
from datetime import UTC, datetime
from pathlib import Path
from builders import a_message
from monitor.channels.atom import Atom
from monitor.errors import ChannelError
feed = Atom(Path(sys.argv[1]), title="Alerts", clock=lambda: datetime(2026, 5, 1, tzinfo=UTC))
resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))
try:
    feed.send(a_message(key="big", extract="x" * 5000))
except ChannelError as error:
    print(error.is_ambiguous, error)
"""


def test_a_full_disk_leaves_the_feed_as_it_was(feed: Atom, path: Path) -> None:
    """Nothing half written stands in its place or beside it; the error has path and cause."""
    feed.send(MESSAGE)
    before = path.read_bytes()
    environment = os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests'}"}
    command = [sys.executable, "-c", FULL, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=60, check=True)
    assert done.stdout.startswith(f"False atom:{path}: cannot be written (File too large)"), done.stderr
    assert path.read_bytes() == before
    assert [each.name for each in path.parent.iterdir()] == ["alerts.xml"]


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ({}, ()),
        ({"themes": ["a", "b"]}, ("a", "b")),
        ({"themes": {"a": 0.9}}, ("a",)),
        ({"item": {"themes": {"a": 0.9}}}, ("a",)),
        ({"item": {"themes": {}}, "event": {"themes": [["x"], "b"]}}, ("b",)),
        ({"themes": "a"}, ()),
        ({"themes": 1, "item": "I-1"}, ()),
    ],
)
def test_themes_are_those_of_the_record(record: dict[str, object], expected: tuple[str, ...]) -> None:
    """Of the message, the item or the event; never a guess."""
    assert atom.themes_of(a_message(record=record)) == expected


def test_the_house_puts_the_feed_beside_the_configuration(tmp_path: Path, clock: Callable[[], datetime]) -> None:
    """A relative path counts from the folder of feeds.yaml, whatever the working directory; an absolute one is itself."""
    (tmp_path / "etc").mkdir()
    place = tmp_path / "etc" / "feeds.yaml"
    place.write_text("version: 1\n", encoding="utf-8")
    read = config.load(place)
    house.open_channel("atom:public/alerts.xml", read, clock).send(MESSAGE)
    house.open_channel(f"atom:{tmp_path / 'other.xml'}", read, clock).send(MESSAGE)
    assert parsed(tmp_path / "etc" / "public" / "alerts.xml").feed.title == "Monitor: alerts"
    assert len(parsed(tmp_path / "other.xml").entries) == 1
