"""The archive: what goes in comes out, once, and survives what happens to files."""

from __future__ import annotations

import contextlib
import os
import re
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest
from builders import NOW, a_date, a_shown, an_item
from conftest import Clock
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor import query
from monitor.archive import Archive, schema
from monitor.archive.connection import STEPS
from monitor.archive.intake import Change
from monitor.archive.schema import m001_first
from monitor.archive.schema.statements import statements
from monitor.dedupe import Sorted, sort_out
from monitor.errors import ArchiveBusy, ArchiveError, UsageError
from monitor.items import DateKind, Entity, Findings, Identifier, Item, Judged, Link, SourceState, Stage, Validators
from monitor.normalise import plain
from monitor.replay import Turn
from monitor.segment import pieces


def store(archive: Archive, *items: Item) -> Sorted:
    found = sort_out(archive.intake.known(items[0].source, items), items)
    archive.intake.store(Change(found=found, state=SourceState(id=items[0].source, polls=1), at=NOW))
    return found


def titles(archive: Archive, text: str) -> list[str]:
    return [each.item.title for each in archive.reading.search(query.parse(text), NOW)]


def test_an_item_comes_out_as_it_went_in(archive: Archive) -> None:
    """Every field, in Japanese as in English."""
    item = an_item(summary="黒鉛の輸出を許可制にする。", published=None)
    store(archive, item)
    assert archive.reading.item(item.id).item == item


def test_an_item_of_a_list_does_not_pass_for_a_whole_one(archive: Archive) -> None:
    """Lists leave the pages of their items in the archive; what such an item says is not its summary alone."""
    item = an_item(summary="Read more.", body="The bureau adds gallium.")
    store(archive, item)
    [listed] = archive.reading.search(query.parse("gallium"), NOW)
    assert (listed.item.body, listed.item.brief) == (None, f"{item.title}\nRead more.")
    with pytest.raises(ValueError, match=f"{item.id} was read from the archive without its page"):
        assert listed.item.text
    assert archive.reading.item(item.id).item.text == f"{item.title}\nThe bureau adds gallium."


def test_an_item_is_kept_once_however_often_it_is_served(archive: Archive) -> None:
    """Source and key are unique; the second time nothing is new."""
    item = an_item()
    assert len(store(archive, item).new) == 1
    again = store(archive, replace(item, first_seen=NOW))
    assert (len(again.new), len(again.revised), again.unchanged) == (0, 0, 1)
    assert archive.reading.counts()["items"] == 1


def test_a_story_under_a_guid_of_another_is_kept_once_when_it_is_edited(archive: Archive) -> None:
    """Its new text and its new address lead to it; the archive looks for it by the key that it was given."""
    first = an_item(title="Graphite exports need a permit", url="http://x.example/1")
    second = an_item(title="Anchor damages a submarine cable", url="http://x.example/2")
    assert [len(store(archive, each).new) for each in (first, second)] == [1, 1]
    edited = store(archive, replace(second, summary="Two operators say so.", url="http://x.example/3"))
    assert (len(edited.new), [item.summary for _, item in edited.revised]) == (0, ["Two operators say so."])


def test_an_edit_keeps_the_earlier_state_and_asks_for_judgement(archive: Archive) -> None:
    """The old title stays readable, the new one is found, the old one is not."""
    item = an_item(title="Rule starts on November 16", lang="en")
    store(archive, item)
    store(archive, replace(item, title="Rule starts on November 17"))
    assert [each.title for each in archive.reading.revisions(item.id)] == ["Rule starts on November 16"]
    assert titles(archive, '"november 17"') == ["Rule starts on November 17"]
    assert titles(archive, '"november 16"') == []
    assert [each.id for each in archive.judging.unjudged(10)] == [item.id]


def test_keys_that_look_like_numbers_stay_apart(archive: Archive) -> None:
    """'7', '007' and '7.0' are three keys: no column guesses a type."""
    items = [
        an_item(key=key, url=f"http://x.example/{place}", title=f"Notice {key} of the ministry")
        for place, key in enumerate(("7", "007", "7.0", "ABC", "abc"))
    ]
    assert len(store(archive, *items).new) == 5


def test_validators_are_kept_with_the_items(archive: Archive) -> None:
    """One transaction: whoever sees the validators sees the items."""
    state = SourceState(id="meti", validators=Validators(etag='"x"'), polls=1, last_success=NOW)
    archive.intake.store(Change(found=Sorted(new=(an_item(),), revised=(), unchanged=0), state=state, at=NOW))
    assert archive.intake.state("meti") == state


def test_what_was_found_in_an_item_reads_the_same_wherever_it_is_asked_for(archive: Archive) -> None:
    """Of an item, of its event, in an export and in the past: everything, in the order in which it was found."""
    item = an_item()
    store(archive, item)
    findings = Findings(
        lang="ja",
        identifiers=tuple(Identifier(type=kind, value=value) for kind, value in (("rin", "2"), ("docket", "9"), ("rin", "1"))),
        entities=tuple(Entity(id=each, type="agency", surface=each.upper()) for each in ("meti", "bis")),
        dates=(a_date(NOW.date()), a_date(NOW.date(), DateKind.EFFECTIVE)),
        shown=a_shown("final rule"),
        stage=Stage.FINAL,
    )
    archive.judging.write(
        [Judged(item=item, findings=findings, tags=(), link=Link(event="E-1", is_new=True), model="m")], [], NOW
    )
    judged, everything = archive.judging.judged(item.id), query.parse("")
    [part], [exported] = archive.events.parts("E-1"), archive.exports.items(everything, NOW)
    [turn] = archive.past.items(everything, NOW, "now")
    assert judged is not None
    assert isinstance(turn, Turn)
    assert judged.findings == turn.judged.findings == findings
    found = (findings.identifiers, findings.entities, findings.dates)
    assert (part.identifiers, part.entities, part.dates) == (exported.identifiers, exported.entities, exported.dates) == found
    assert (part.shown, exported.stage) == (findings.shown, findings.stage)


def test_a_failing_write_leaves_nothing_behind(archive: Archive) -> None:
    """Half a document is never stored."""
    state = SourceState(id="meti", polls="many")  # type: ignore[arg-type]  # the source's row is written last, and refused
    with pytest.raises(sqlite3.Error):
        archive.intake.store(Change(found=Sorted(new=(an_item(),), revised=(), unchanged=0), state=state, at=NOW))
    assert archive.reading.counts()["items"] == 0
    assert archive.intake.states() == {}


TEXTS = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=60) | st.text(
    "輸出管理規則半導体ガリウム出口管制 abcd수출", min_size=1, max_size=30
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=TEXTS)
def test_any_text_comes_out_equal_and_is_found_by_each_of_its_runs(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    """Whatever a title says, search finds it by every word it is made of."""
    title = plain(text, 200)
    runs = {run for run, _ in pieces(title)}
    with Archive.open(f"sqlite:///{tmp_path_factory.mktemp('a') / 'a.db'}") as archive:
        item = an_item(title=title or "x")
        store(archive, item)
        assert archive.reading.item(item.id).item.title == (title or "x")
        for run in runs:
            if '"' not in run and any(character.isalnum() for character in run):
                assert titles(archive, f'"{run}"') == [title], run


@pytest.mark.parametrize("word", ["輸", "輸出", "出管理", "輸出管理規則", "規則", "則"])
def test_japanese_words_of_any_length_are_found_inside_unspaced_text(archive: Archive, word: str) -> None:
    """One character, two, and more."""
    store(
        archive,
        an_item(title="米国の輸出管理規則"),
    )
    store(archive, an_item(source="other", title="会議の開催"))
    assert titles(archive, word) == ["米国の輸出管理規則"]


@pytest.mark.parametrize("word", ["出輸", "理管", "輸出規則", "輸管"])
def test_characters_that_do_not_stand_together_are_not_found(archive: Archive, word: str) -> None:
    """Pairs must follow each other, so nothing is found by chance."""
    store(archive, an_item(title="米国の輸出管理規則"))
    assert titles(archive, word) == []


def test_fields_narrow_a_search(archive: Archive) -> None:
    """source, lang, country, tier, since, until and NOT."""
    store(archive, an_item(title="輸出管理の改正", url="http://a.example/1"))
    store(
        archive,
        an_item(source="bis", key="9", lang="en", country="US", title="Export controls amended", url="http://b.example/2"),
    )
    assert titles(archive, "lang:ja") == ["輸出管理の改正"]
    assert titles(archive, "country:us,gb") == ["Export controls amended"]
    assert titles(archive, "tier:official -source:meti") == ["Export controls amended"]
    assert sorted(titles(archive, "since:2026-05-01 until:2026-05-01 (輸出 OR export*)")) == [
        "Export controls amended",
        "輸出管理の改正",
    ]
    assert titles(archive, "until:2026-04") == []


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    text=st.text(max_size=40)
    | st.sampled_from(['"', "NEAR(a b)", "a*b", "^x", "x:y", "a AND", "( )", "-", "'; drop table items", "a" * 9000])
)
def test_any_query_is_answered_or_is_a_clear_error(archive: Archive, text: str) -> None:
    """Never a message of the search engine."""
    tree, slip = None, None
    try:
        tree = query.parse(text)
    except query.QueryError as error:
        slip = error
    if tree is None:
        assert slip is not None
        assert 0 <= slip.position <= len(slip.query)
    else:
        assert isinstance(archive.reading.search(tree, NOW), list)


def test_every_column_says_what_it_means(archive: Archive) -> None:
    """The tables document themselves: a comment beside every column."""
    bare = []
    for name, sql in archive._connection.execute(
        "select name, sql from sqlite_master where type = 'table' and sql like '%strict%'"
    ):
        for line in sql.splitlines()[1:]:
            column = re.match(r"\s{2}(\w+)\s+(text|integer|real)", line)
            if column and "--" not in line:
                bare.append(f"{name}.{column[1]}")
    assert bare == []


def test_a_newer_archive_is_refused(archive_url: str) -> None:
    """A step that this program does not know means a newer writer."""
    with Archive.open(archive_url) as archive:
        archive._connection.execute(
            "insert into _sqlite_migrations (migration_set, name, applied_at) values ('archive', 'm999_later', '2030-01-01')"
        )
    with pytest.raises(ArchiveError, match="newer version"):
        Archive.open(archive_url)


def test_a_file_that_is_no_archive_is_refused(tmp_path: Path) -> None:
    """Foreign databases and other files are left alone."""
    foreign = tmp_path / "foreign.db"
    with sqlite3.connect(foreign) as connection:
        connection.execute("create table mine (x)")
    connection.close()
    junk = tmp_path / "junk.db"
    junk.write_bytes(b"not a database at all, but long enough to be looked at" * 40)
    for path in (foreign, junk):
        before = path.read_bytes()
        with pytest.raises(ArchiveError):
            Archive.open(f"sqlite:///{path}")
        assert path.read_bytes() == before


def test_a_missing_folder_is_made_and_an_unwritable_one_is_named(tmp_path: Path) -> None:
    """The message names the file and what to do."""
    with Archive.open(f"sqlite:///{tmp_path / 'new' / 'deep' / 'a.db'}") as archive:
        assert archive.reading.counts()["items"] == 0
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(ArchiveError, match=re.escape(str(blocked / "a.db"))):
        Archive.open(f"sqlite:///{blocked / 'a.db'}")


@pytest.mark.parametrize("how", [{}, {"is_readonly": True}, {"is_any_age": True}])
def test_a_folder_is_named_as_one(tmp_path: Path, how: dict[str, bool]) -> None:
    """Not as a disk that fails; the hint has a URL that would do, and nothing is left in the folder."""
    with pytest.raises(UsageError, match="is a folder, not an archive") as error:
        Archive.open(f"sqlite:///{tmp_path}", **how)
    assert error.value.hint == f"Name a file: sqlite:///{tmp_path}/monitor.db"
    assert list(tmp_path.iterdir()) == []


def test_reading_needs_no_write_permission(archive_url: str, tmp_path: Path) -> None:
    """A read-only archive in a read-only folder answers."""
    with Archive.open(archive_url) as archive:
        store(archive, an_item())
    path = tmp_path / "monitor.db"
    path.chmod(0o444)
    with Archive.open(archive_url, is_readonly=True) as archive:
        assert titles(archive, "輸出") == ["輸出貿易管理令の一部を改正する政令"]
        with pytest.raises(sqlite3.OperationalError):
            archive._connection.execute("delete from items")


def test_only_one_process_works_on_an_archive(archive_url: str) -> None:
    """The second is told which process has it; when the first lets go, it may."""
    with Archive.open(archive_url) as first, Archive.open(archive_url) as second:
        with first.working(), pytest.raises(ArchiveBusy, match=str(os.getpid())), second.working():
            pass
        with second.working():
            pass


def test_a_locked_archive_is_busy_not_broken(archive_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another writer's transaction gives a clear word and nothing is lost."""
    monkeypatch.setattr("monitor.archive.connection.WAIT", 0.05)
    with Archive.open(archive_url) as first, Archive.open(archive_url) as second:
        first._connection.execute("begin exclusive")
        with pytest.raises(ArchiveBusy), second.errors():
            store(second, an_item())
        first._connection.execute("rollback")
        store(second, an_item())
        assert second.reading.counts()["items"] == 1


def test_a_backup_is_whole(archive: Archive, tmp_path: Path) -> None:
    """A copy made while the archive is open passes the integrity check."""
    store(archive, an_item())
    archive.backup(tmp_path / "copy.db")
    with Archive.open(f"sqlite:///{tmp_path / 'copy.db'}", is_readonly=True) as copy:
        assert copy.reading.integrity() == []
        assert copy.reading.counts()["items"] == 1


@pytest.mark.parametrize("url", ["postgres://x/y", "monitor.db", "sqlite://", "sqlite:///"])
def test_what_is_no_archive_url_is_wrong_use(url: str) -> None:
    """Exit code 2, with an example of a right one."""
    with pytest.raises(UsageError, match="sqlite:///data"):
        Archive.open(url)


def test_the_beginning_of_an_id_is_enough_if_it_is_the_only_one(archive: Archive) -> None:
    """Several, or none, are named as such."""
    store(archive, an_item(key="1"), an_item(key="2", url="http://meti.example/2", title="別の告示について"))
    one = archive.reading.item(an_item(key="1").id[:9])
    assert one.item.key == "1"
    with pytest.raises(UsageError, match="several"):
        archive.reading.item("I-")
    with pytest.raises(UsageError, match="there is no item"):
        archive.reading.item("I-zzzzzz")


def test_the_views_have_the_documented_columns(archive: Archive, clock: Clock) -> None:
    """Outsiders query these two; nothing may go missing."""
    store(archive, an_item())
    row = archive._connection.execute("select * from v_items").fetchone()
    assert row.keys() == ["id", "source", "key", "url", "title", "published", "first_seen", "lang", "themes", "event"]
    names = [each[0] for each in archive._connection.execute("select * from v_alerts").description]
    assert names == ["id", "rule", "event", "item", "title", "decided_at", "state", "channel", "remote_id"]


def test_statements_of_the_schema_keep_their_comments() -> None:
    """Cutting a script into statements loses no text."""
    found = statements(m001_first._TABLES)
    assert len(found) == m001_first._TABLES.count(") strict;") + m001_first._TABLES.count("create index")


def test_the_steps_that_reading_knows_are_those_of_the_schema() -> None:
    """A new step has to be named in both places."""
    assert tuple(step.__name__.rpartition(".")[2] for step in schema.STEPS) == STEPS


def test_an_older_archive_is_brought_here_with_all_it_knows(tmp_path: Path) -> None:
    """Sources keep their validators and failures; a copy of what was there stands beside it."""
    path = tmp_path / "old.db"
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as old:
        schema.migrate(old, before="m002_intake")
        old.execute(
            "insert into sources (id, etag, polls, had_entries, last_success, error_kind, error_text, error_count)"
            " values ('meti', '\"1\"', 7, 1, '2026-02-10T12:00:00Z', 'dns', 'the host name does not resolve', 2)"
        )
    with pytest.raises(ArchiveError, match=r"older version.*monitor poll"):
        Archive.open(f"sqlite:///{path}", is_readonly=True)
    with Archive.open(f"sqlite:///{path}") as archive:
        state = archive.intake.state("meti")
        store(archive, an_item())
    assert (state.validators.etag, state.polls, state.had_entries, state.error_kind, state.error_count) == (
        '"1"',
        7,
        True,
        "dns",
        2,
    )
    assert (state.seen, state.rhythm, state.address) == (b"", None, None)
    with contextlib.closing(sqlite3.connect(f"{path}.before-migration")) as copy:
        assert copy.execute("select etag from sources").fetchall() == [('"1"',)]
