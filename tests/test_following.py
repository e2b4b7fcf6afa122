"""Who follows an archive hears of every item once, whatever the clock says and whoever writes meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from builders import NOW
from filling import came, fill, judge, numbered
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor import query
from monitor.archive import Archive
from monitor.archive.following import Following
from monitor.query import And, Node

ALL = And(())


@pytest.fixture
def reader(archive: Archive, archive_url: str) -> Iterator[Archive]:
    """A second connection, as a reader has."""
    with Archive.open(archive_url, is_readonly=True, wait=0.1) as opened:
        yield opened


def begun(following: Following, tree: Node = ALL, since: datetime | None = None, limit: int | None = None) -> list[str]:
    return [each.filed.item.key for each in following.begin(tree, NOW, since=since, limit=limit)]


def looked(following: Following, tree: Node = ALL) -> list[str]:
    return [each.filed.item.key for each in following.look(tree, NOW)]


def test_it_begins_with_the_last_that_were_judged(archive: Archive, reader: Archive) -> None:
    """In the order of their judgement; a number, a moment, a query narrow it."""
    for key in (1, 2, 3):
        fill(archive, numbered(key, lang="en" if key == 3 else "ja"), at=NOW + timedelta(minutes=key))
    came(archive, numbered(4))
    assert begun(reader.following) == ["1", "2", "3"]
    assert begun(reader.following, limit=2) == ["2", "3"]
    assert begun(reader.following, limit=0) == []
    assert begun(reader.following, since=NOW + timedelta(minutes=2)) == ["2", "3"]
    assert begun(reader.following, query.parse("lang:ja")) == ["1", "2"]
    assert reader.following.begin(ALL, NOW, since=None, limit=1)[0].at == NOW + timedelta(minutes=3)


def test_what_is_judged_in_one_second_in_two_commits_comes_once_each(archive: Archive, reader: Archive) -> None:
    """A time of judgement has whole seconds; it is not what is gone by."""
    begun(reader.following)
    came(archive, numbered(1), numbered(2))
    judge(archive, numbered(1))
    assert looked(reader.following) == ["1"]
    judge(archive, numbered(2))
    assert looked(reader.following) == ["2"]
    assert looked(reader.following) == []


def test_a_clock_that_goes_back_hides_nothing(archive: Archive, reader: Archive) -> None:
    """An hour earlier than what was told before."""
    fill(archive, numbered(1))
    begun(reader.following)
    fill(archive, numbered(2), at=NOW - timedelta(hours=1))
    assert looked(reader.following) == ["2"]


def test_an_item_that_waited_longer_than_others_is_told_when_its_turn_comes(archive: Archive, reader: Archive) -> None:
    """Later arrivals may be judged before it."""
    came(archive, numbered(1), numbered(2))
    begun(reader.following)
    judge(archive, numbered(2))
    assert looked(reader.following) == ["2"]
    judge(archive, numbered(1), at=NOW - timedelta(days=1))
    assert looked(reader.following) == ["1"]


def test_what_is_judged_again_is_not_told_again(archive: Archive, reader: Archive) -> None:
    """After a revision, or when a classifier comes to an archive that had none."""
    fill(archive, numbered(1))
    begun(reader.following)
    archive._connection.execute("update items set judged_at = null")
    assert looked(reader.following) == []
    archive._connection.execute("update items set judged_at = null, filed_at = null")
    assert looked(reader.following) == []
    judge(archive, numbered(1))
    assert looked(reader.following) == []
    fill(archive, numbered(2))
    assert looked(reader.following) == ["2"]


def test_a_query_narrows_what_is_told(archive: Archive, reader: Archive) -> None:
    """Also of what comes later, with its themes."""
    tree = query.parse("theme:export_control")
    begun(reader.following, tree)
    fill(archive, numbered(1), themes=("export_control",))
    fill(archive, numbered(2))
    [found] = reader.following.look(tree, NOW)
    assert (found.filed.item.key, found.filed.themes) == ("1", (("export_control", 0.9),))


def test_a_look_at_what_has_not_changed_reads_no_table(archive: Archive, reader: Archive) -> None:
    """One pragma; what was written looks items up by their number and by the index of those that wait."""
    begun(reader.following)
    asked: list[str] = []
    reader._connection.set_trace_callback(asked.append)
    assert looked(reader.following) == []
    assert asked == ["pragma data_version"]
    fill(archive, numbered(1))
    asked.clear()
    assert looked(reader.following) == ["1"]
    reader._connection.set_trace_callback(None)
    questions = [each for each in asked if "from items" in each]
    plan = [row["detail"] for each in questions for row in reader._connection.execute(f"explain query plan {each}")]
    assert any("items_unjudged" in each for each in plan)
    assert [each for each in plan if each.startswith("SCAN items") and "items_unjudged" not in each] == []


def test_more_items_than_one_question_holds_all_come(archive: Archive, reader: Archive) -> None:
    """In order of arrival."""
    begun(reader.following)
    items = [numbered(key) for key in range(950)]
    fill(archive, *items)
    assert looked(reader.following) == [each.key for each in items]


@settings(max_examples=20, deadline=None)
@given(st.lists(st.sampled_from(["come", "judge first", "judge last", "look", "revise", "forget"]), max_size=25))
def test_whatever_happens_each_judged_item_is_told_once(tmp_path_factory: pytest.TempPathFactory, steps: list[str]) -> None:
    """In any order of arrivals, judgements, looks and second judgements."""
    url = f"sqlite:///{tmp_path_factory.mktemp('following') / 'monitor.db'}"
    waiting, judged, told = [], set(), []
    with Archive.open(url) as archive, Archive.open(url, is_readonly=True) as reader:
        begun(reader.following)
        for number, step in enumerate([*steps, "look"]):
            if step == "come":
                waiting.append(numbered(number))
                came(archive, waiting[-1])
            elif step.startswith("judge") and waiting:
                item = waiting.pop(0 if step == "judge first" else -1)
                judge(archive, item, at=NOW - timedelta(minutes=number))
                judged.add(item.key)
            elif step == "look":
                told += looked(reader.following)
            elif step == "revise":
                archive._connection.execute("update items set judged_at = null where filed_at is not null")
            elif step == "forget" and set(told) == judged:  # what was not told yet may be told after its second judgement
                archive._connection.execute("update items set judged_at = null, filed_at = null where filed_at is not null")
    assert len(told) == len(set(told))
    assert set(told) == judged
