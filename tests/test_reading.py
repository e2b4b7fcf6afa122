"""From a document to the items that its last reading did not have."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from builders import NOW, a_source, fetched, rss
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.errors import ParseError
from monitor.items import Reading
from monitor.sources import reading
from monitor.sources.reading import MAX_DIGESTS

SOURCE = a_source()
ONE, TWO, THREE = ("1", "輸出管理", "許可制"), ("2", "镓", "出口管制"), ("3", "New rule", "Licences")


def read(*entries: tuple[str, str, str], seen: bytes = b"", is_backlog: bool = False) -> Reading:
    return reading.read(SOURCE, fetched(rss(*entries)), seen, NOW, is_backlog)


def titles(found: Reading) -> list[str]:
    return [each.title for each in found.items]


def test_a_first_document_gives_all_its_items() -> None:
    """In document order, marked as what they are, with eight bytes to know each again by."""
    found = read(ONE, TWO, is_backlog=True)
    assert titles(found) == ["輸出管理", "镓"]
    assert [(each.is_backlog, each.first_seen) for each in found.items] == [(True, NOW)] * 2
    assert (found.entries, len(found.seen), found.reader) == (2, 16, "fast")


def test_what_the_last_document_had_is_left_out() -> None:
    """It is counted, but costs no look into the archive."""
    found = read(THREE, TWO, ONE, seen=read(TWO, ONE).seen)
    assert (titles(found), found.entries) == (["New rule"], 3)


@pytest.mark.parametrize(
    "changed",
    [("1", "輸出管理 (訂正)", "許可制"), ("1", "輸出管理", "届出制"), ("1b", "輸出管理", "許可制")],
    ids=["title", "summary", "guid"],
)
def test_an_entry_that_says_something_else_comes_again(changed: tuple[str, str, str]) -> None:
    """An edit is seen, whatever part of the entry it is in."""
    assert len(read(changed, TWO, seen=read(ONE, TWO).seen).items) == 1


def test_a_date_alone_is_left_to_the_archive() -> None:
    """It is looked up there and is no revision; its id says that it is the same."""
    before = fetched(rss(ONE))
    after = replace(before, body=before.body.replace(b"07:00:00", b"07:05:00"))
    first = reading.read(SOURCE, before, b"", NOW, False)
    assert [item.id for item in reading.read(SOURCE, after, first.seen, NOW, False).items] == [item.id for item in first.items]


def test_an_entry_that_returns_comes_again() -> None:
    """Only the last document is remembered; what flaps is the archive's to know."""
    gone = read(ONE, seen=read(ONE, TWO).seen)
    assert titles(read(ONE, TWO, seen=gone.seen)) == ["镓"]


def test_two_entries_of_one_guid_keep_the_keys_that_they_had() -> None:
    """The key of an entry does not depend on which others were left out."""
    entries = [{"id": "7", "url": f"https://meti.example/{n}", "title": f"Notice {n}"} for n in range(3)]

    def one(places: range, seen: bytes) -> Reading:
        body = json.dumps({"items": [entries[place] for place in places]}).encode()
        return reading.read(SOURCE, fetched(body), seen, NOW, False)

    keys = [each.key for each in one(range(3), b"").items]
    assert [each.key for each in one(range(3), one(range(2), b"").seen).items] == keys[2:]


def test_no_more_digests_are_kept_than_a_row_should_hold() -> None:
    """Entries beyond are looked up in the archive every time; none is lost."""
    entries = [(str(number), f"Notice {number}", "") for number in range(MAX_DIGESTS + 10)]
    found = read(*entries)
    assert (len(found.items), len(found.seen)) == (MAX_DIGESTS + 10, 8 * MAX_DIGESTS)
    assert len(read(*entries, seen=found.seen).items) == 10


def test_an_entry_that_says_nothing_is_skipped_and_told() -> None:
    """It would be an item without a word."""
    found = reading.read(SOURCE, fetched(b'{"items": [{}, {"title": "A"}, {"title": " "}]}'), b"", NOW, False)
    assert (titles(found), found.entries) == (["A"], 1)
    assert found.notes == ("2 entries that say nothing; skipped",)


def test_what_the_document_says_of_itself_is_passed_on() -> None:
    """Its hub, its topic, where older entries are, and how long it stays fresh."""
    links = "".join(
        f"<link rel='{relation}' href='https://meti.example/{relation}'/>" for relation in ("hub", "self", "prev-archive", "next")
    )
    entry = "<entry><id>1</id><title>A</title></entry>"
    found = reading.read(
        SOURCE, fetched(f"<feed xmlns='http://www.w3.org/2005/Atom'>{links}{entry}</feed>".encode()), b"", NOW, False
    )
    assert (found.hub, found.topic) == ("https://meti.example/hub", "https://meti.example/self")
    assert found.older == ("https://meti.example/prev-archive",)
    ttl = reading.read(SOURCE, fetched(rss(ONE).replace(b"<language>", b"<ttl>90</ttl><language>")), b"", NOW, False)
    assert ttl.fresh_for.total_seconds() == 90 * 60


def test_what_is_no_document_of_its_type_is_an_error() -> None:
    """The error names the source."""
    with pytest.raises(ParseError) as caught:
        reading.read(SOURCE, fetched(b"<!DOCTYPE html><html></html>"), b"", NOW, False)
    assert caught.value.subject == "meti"


TEXTS = st.text("輸出管理镓수출abc 7\u3000", max_size=12)
ENTRIES = st.lists(st.tuples(st.sampled_from("123456"), TEXTS, TEXTS), max_size=6)


@given(ENTRIES, ENTRIES)
@settings(max_examples=60, deadline=None)
def test_a_document_read_again_has_nothing_new_and_nothing_is_missed(before: list[tuple], after: list[tuple]) -> None:
    """What two readings give together is what reading the second alone gives, and more."""
    first = read(*before)
    again = read(*before, seen=first.seen)
    assert again.items == ()
    assert (again.entries, again.seen) == (first.entries, first.seen)
    second, alone = read(*after, seen=first.seen), read(*after)
    assert {each.id for each in second.items} <= {each.id for each in alone.items}
    words = {(each.title, each.summary) for each in (*first.items, *second.items)}
    assert {(each.title, each.summary) for each in alone.items} <= words
