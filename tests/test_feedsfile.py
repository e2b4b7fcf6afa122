"""feeds.yaml belongs to its author: a source is put in by its place, and every other byte stays."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
import yaml
from conftest import ROOT
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor import feedsfile
from monitor.errors import ConfigError, UsageError
from monitor.sections import SourceSection

NEW = {"id": "jp-meti", "name": "経済産業省", "type": "feed", "url": "https://meti.example/rss?a=1&b=2#top", "every": "30m"}
LINE = '{id: jp-meti, name: "経済産業省", type: feed, url: "https://meti.example/rss?a=1&b=2#top", every: 30m}'


def test_the_file_that_ships_keeps_every_byte_and_gains_one_line() -> None:
    """The new line stands at the end of the list; without it the file is as it was."""
    before = (ROOT / "feeds.yaml").read_text(encoding="utf-8")
    after = feedsfile.with_sources(before, [NEW])
    assert after.replace(f"  - {LINE}\n", "") == before
    assert yaml.safe_load(after)["sources"] == [*yaml.safe_load(before)["sources"], NEW]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("version: 1\n", "version: 1\nsources:\n  - {LINE}\n"),
        ("version: 1", "version: 1\nsources:\n  - {LINE}\n"),
        ("version: 1\nsources:\n", "version: 1\nsources:\n  - {LINE}\n"),
        ("version: 1\nsources:   # ours\nalerts: []\n", "version: 1\nsources:   # ours\n  - {LINE}\nalerts: []\n"),
        ("version: 1\nsources: []  # ours\nalerts: []\n", "version: 1\nsources:  # ours\n  - {LINE}\nalerts: []\n"),
        ("sources: null\nversion: 1\n", "sources:\n  - {LINE}\nversion: 1\n"),
        ("sources:\n- id: a\n  url: x\nversion: 1\n", "sources:\n- id: a\n  url: x\n- {LINE}\nversion: 1\n"),
        (
            "sources:\n    - {id: a}  # first\n\n# the rest\nversion: 1\n",
            "sources:\n    - {id: a}  # first\n    - {LINE}\n\n# the rest\nversion: 1\n",
        ),
        (
            "sources:\n  - id: a\n    name: >\n      long\n      text\n\nversion: 1\n",
            "sources:\n  - id: a\n    name: >\n      long\n      text\n  - {LINE}\n\nversion: 1\n",
        ),
        ("sources:\n  - {id: a,\n     url: x}\n  # - {id: old}\n", "sources:\n  - {id: a,\n     url: x}\n  - {LINE}\n  # - {id: old}\n"),
        ("sources: [{id: a}, {id: b}]\nversion: 1\n", "sources: [{id: a}, {id: b},\n          {LINE}]\nversion: 1\n"),
        ("sources:\r\n  - {id: a}\r\nversion: 1\r\n", "sources:\r\n  - {id: a}\r\n  - {LINE}\r\nversion: 1\r\n"),
        ("---\nversion: 1\n...\n", "---\nversion: 1\nsources:\n  - {LINE}\n...\n"),
    ],
)  # fmt: skip
def test_a_source_goes_to_the_end_of_the_list_in_the_files_own_layout(before: str, after: str) -> None:
    """Whatever the list looks like, or if there is none: the indent, the line ends and the comments are the author's."""
    assert feedsfile.with_sources(before, [NEW]) == after.replace("{LINE}", LINE)


@pytest.mark.parametrize(
    "text",
    ["{version: 1, sources: []}", "- a list", "a: [", "sources: one\n", "sources: [1, 2]\n", "sources: &a\n  - {id: a}\nb: *a\n"],
)
def test_a_file_with_no_safe_place_is_left_to_its_author(text: str) -> None:
    """Better no change than a wrong one; the message says what to do."""
    with pytest.raises(UsageError):
        feedsfile.with_sources(text, [NEW])


PLAIN = st.text(st.characters(exclude_categories=("Cs",)), max_size=30)
ENTRY = st.fixed_dictionaries(
    {"id": st.from_regex(r"[a-z0-9][a-z0-9_-]{0,9}", fullmatch=True), "name": PLAIN, "url": PLAIN},
    optional={
        "country": st.sampled_from(["NO", "JP", "US"]),
        "enabled": st.booleans(),
        "agencies": st.lists(PLAIN, max_size=2),
        "select": st.dictionaries(st.sampled_from(["item", "title", "date"]), PLAIN, min_size=1),
        "every": st.sampled_from(["30m", "1d", "auto", "08:00", "1e3"]),
    },
)
OLD = st.sampled_from(
    ["version: 1\n", "version: 1\nsources: []\n", "sources:\n- {id: a}\n\n# end\n", "sources:\n  - id: a\n    name: b # c\nz: 1"]
)


@settings(deadline=None)
@given(OLD, st.lists(ENTRY, max_size=3))
def test_what_is_put_in_is_read_back(before: str, entries: list[dict[str, object]]) -> None:
    """Any text in any key: old sources and new ones, in order, on one line each, and nothing else changes."""
    after = feedsfile.with_sources(before, entries)
    old = yaml.safe_load(before)
    assert yaml.safe_load(after) == (old if not entries else {**old, "sources": (old.get("sources") or []) + entries})
    assert after.count("\n") - before.count("\n") <= len(entries) + 1


def test_a_write_is_whole_and_keeps_permissions_and_links(tmp_path: Path) -> None:
    """A link still leads to the file, the file has its mode, and no temporary file is left."""
    real = tmp_path / "real.yaml"
    real.write_bytes(b"version: 1\r\n")
    real.chmod(0o640)
    link = tmp_path / "feeds.yaml"
    link.symlink_to(real)
    before = feedsfile.read(link)
    feedsfile.write(link, before, feedsfile.with_sources(before, [NEW]))
    assert real.read_bytes() == f"version: 1\r\nsources:\r\n  - {LINE}\r\n".encode()
    assert (link.is_symlink(), stat.S_IMODE(real.stat().st_mode)) == (True, 0o640)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["feeds.yaml", "real.yaml"]


def test_what_somebody_else_wrote_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    """The text that the new one was made of must still be there."""
    path = tmp_path / "feeds.yaml"
    path.write_text("version: 1\n", encoding="utf-8")
    with pytest.raises(UsageError, match="changed by somebody else"):
        feedsfile.write(path, "version: 1\nsources: []\n", "version: 2\n")
    assert path.read_text(encoding="utf-8") == "version: 1\n"


def test_a_failed_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The new text is put in place at once or not at all; the temporary file goes."""
    path = tmp_path / "feeds.yaml"
    path.write_text("version: 1\n", encoding="utf-8")

    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(UsageError, match="No space left on device"):
        feedsfile.write(path, "version: 1\n", "version: 1\nsources: []\n")
    assert [(each.name, each.read_text(encoding="utf-8")) for each in tmp_path.iterdir()] == [("feeds.yaml", "version: 1\n")]


def test_an_absent_file_says_how_to_begin(tmp_path: Path) -> None:
    """As every command does."""
    with pytest.raises(ConfigError, match="monitor init"):
        feedsfile.read(tmp_path / "feeds.yaml")


@pytest.mark.parametrize(
    ("title", "url", "expected"),
    [
        ("USTR press releases", "https://ustr.gov/rss.xml", "ustr-press-releases"),
        ("Auswärtiges Amt – Außenpolitik", "https://aa.example/", "auswartiges-amt-aussenpolitik"),
        ("経済産業省 RSS", "https://www.meti.go.jp/ml_index_release_atom.xml", "meti-go-jp-ml-index-release-atom"),
        ("商务部 政策发布", "https://www.mofcom.gov.cn/zcfb/index.html", "mofcom-gov-cn-zcfb"),
        ("", "https://news.example/feed/", "news-example"),
        ("!!!", "http://[broken", "source"),
        ("taken", "https://a.example/", "taken-3"),
        ("x" * 80, "https://a.example/", "x" * 64),
    ],
)
def test_an_id_is_made_of_the_title_or_of_the_address(title: str, url: str, expected: str) -> None:
    """ASCII, and unlike every other; titles in other scripts say nothing in ASCII, their address does."""
    assert feedsfile.new_id(title, url, {"taken", "taken-2"}) == expected


@settings(deadline=None)
@given(st.text(max_size=80), st.text(max_size=80), st.sets(st.sampled_from(["source", "source-2", "a", "0"])))
def test_every_id_made_is_one_that_the_configuration_takes(title: str, url: str, taken: set[str]) -> None:
    """Whatever a title or an address says."""
    found = feedsfile.new_id(title, url, taken)
    assert found not in taken
    SourceSection.model_validate({"id": found, "type": "feed", "url": "https://a.example/"})


@pytest.mark.parametrize(
    ("one", "two", "is_same"),
    [
        ("http://www.a.example/feed/", "https://a.example/feed", True),
        ("https://A.example:443/feed", "http://a.example/feed#x", True),
        ("https://a.example/feed?x=1", "https://a.example/feed?x=2", False),
        ("https://a.example:8443/feed", "https://a.example/feed", False),
        ("https://a.example/Feed", "https://a.example/feed", False),
    ],
)
def test_addresses_of_one_document_are_told_by_host_path_and_query(one: str, two: str, is_same: bool) -> None:
    """Scheme, www. and a trailing slash aside."""
    assert (feedsfile.address_key(one) == feedsfile.address_key(two)) is is_same


def test_text_from_outside_names_no_variable() -> None:
    """${SLACK_BOT_TOKEN} in a feed's title would tell the token to everybody who reads the name."""
    foreign = {"name": "${SLACK_BOT_TOKEN}", "url": "https://a.example/?${X}", "select": {"item": "a${X}"}, "enabled": True}
    assert feedsfile.without_variables(foreign) == {
        "name": "$ {SLACK_BOT_TOKEN}",
        "url": "https://a.example/?$%7BX}",
        "select": {"item": "a$ {X}"},
        "enabled": True,
    }
