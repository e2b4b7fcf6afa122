"""New, known or changed: the keys of entries, the identity of addresses and texts, and the sorting of a document."""

from __future__ import annotations

import pytest
from builders import an_entry, an_item
from hypothesis import example, given, settings
from hypothesis import strategies as st

from monitor.dedupe import Index, Known, address_key, entry_keys, find, fingerprint, is_changed, sort_out
from monitor.items import Item, item_id

LONG = "The bureau adds twelve firms to its list for the diversion of chips and machine tools"
TEXTS = st.text(alphabet=st.sampled_from("aAＡb 輸出수。!-"), max_size=12)
ITEMS = st.builds(
    an_item,
    key=st.sampled_from(["1", "2", "3"]),
    url=st.sampled_from([None, "http://meti.example/1", "https://www.meti.example/1/", "http://meti.example/2"]),
    title=st.sampled_from(["Export rule on chips", "EXPORT rule, on chips", "希土類の輸出管理", "중요 광물 수출통제"]),
    summary=st.sampled_from(["", LONG, LONG.upper(), "制度の見直し"]),
)


def _known(item: Item) -> Known:
    return Known(id=item.id, key=item.key, title=item.title, summary=item.summary, url=item.url)


def _index(*items: Item) -> Index:
    index = Index()
    for item in items:
        index.add(_known(item))
    return index


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://www.meti.example/press/1/", "meti.example/press/1"),
        ("https://meti.example/a?b=2&a=1", "meti.example/a?a=1&b=2"),
        ("https://METI.example/a?UTM_source=rss&id=7&fbclid=x&at_medium=y", "meti.example/a?id=7"),
        ("https://meti.example/a?id=", "meti.example/a?id="),
        ("https://meti.example/a?refresh=1", "meti.example/a?refresh=1"),
        ("https://meti.example/Press/A", "meti.example/Press/A"),
        ("https://meti.example/a#part-2", "meti.example/a"),
        ("https://meti.example", "meti.example"),
        (" urn:uuid:7 ", "urn:uuid:7"),
        ("http://[::1", "http://[::1"),
        ("", None),
        ("  ", None),
        (None, None),
    ],
)
def test_an_address_is_known_by_what_leads_to_the_page(url: str | None, expected: str | None) -> None:
    """Scheme, www., tracking, fragment and the order of parameters say nothing; paths and other parameters do."""
    assert address_key(url) == expected


def test_two_ports_are_two_addresses() -> None:
    """A port leads to another server and is part of the identity, unless it is the usual one."""
    assert address_key("https://meti.example:8443/a") != address_key("https://meti.example/a")
    assert (
        address_key("https://meti.example:443/a")
        == address_key("http://meti.example:80/a")
        == address_key("http://meti.example/a")
    )


@settings(deadline=None)
@given(st.text(st.characters()))
@example("\ud800")
@example("http://meti.example:port/")
def test_an_address_key_never_raises_nor_is_empty(url: str) -> None:
    """Any text is an identity or none."""
    assert address_key(url) != ""
    assert address_key("https://www.meti.example/?q=" + url.replace("#", "")) != ""


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("Export Controls", "on chips."), ("EXPORT  controls", "On - chips")),
        (("輸出管理、強化", ""), ("輸出管理・強化", " ")),
        (("ＡＩ規制", "ﾊﾝﾄﾞｳﾀｲ"), ("AI規制", "ハンドウタイ")),
        (("수출 통제", ""), ("수출통제", "")),
    ],
)
def test_texts_that_read_the_same_have_one_fingerprint(one: tuple[str, str], other: tuple[str, str]) -> None:
    """Spacing, case, width and punctuation say nothing."""
    assert fingerprint(*one) == fingerprint(*other)


@pytest.mark.parametrize(
    ("one", "other"), [("Rule 744|", "Rule 745|"), ("Export|rule", "Export rule|"), ("出口管制|", "出口管理|"), ("a|b", "b|a")]
)
def test_texts_that_differ_have_two_fingerprints(one: str, other: str) -> None:
    """One letter or digit is a difference, and so is what stands in the title."""
    assert fingerprint(*one.split("|")) != fingerprint(*other.split("|"))


@settings(deadline=None)
@given(TEXTS, TEXTS)
def test_an_item_is_changed_exactly_if_its_letters_are(title: str, summary: str) -> None:
    """An item is not a change of itself in capitals and with other punctuation, but is with one letter more."""
    known = _known(an_item(title=title, summary=summary))
    assert is_changed(known, an_item(title=f"“{title.upper()}”", summary=f" {summary}…")) is False
    assert is_changed(known, an_item(title=title, summary=summary + "x")) is True


def test_an_entrys_key_is_its_guid_else_its_address_else_its_text() -> None:
    """The first of the three that the source gives."""
    entries = [
        an_entry(guid="g-1"),
        an_entry(guid=None, url="https://www.meti.example/2?utm_source=rss"),
        an_entry(guid=None, url=None, title="수출통제 고시"),
        an_entry(guid="", url="", title="输出管制 公告"),
    ]
    texts = ["text:" + fingerprint(each.title, each.summary) for each in entries[2:]]
    assert entry_keys(entries) == ["g-1", "meti.example/2", *texts]
    assert entry_keys([]) == []


@pytest.mark.parametrize(
    ("guids", "urls"),
    [
        (("g", "g"), ("http://meti.example/1", "http://meti.example/2")),
        (("g", "g"), (None, None)),
        (("g", "g"), ("http://meti.example/list", "http://meti.example/list")),
        ((None, None), ("http://meti.example/list#1", "http://meti.example/list#2")),
        ((None, None), ("http://meti.example/list", "http://meti.example/list")),
    ],
    ids=["one guid", "one guid, no address", "one guid and address", "one page with anchors", "one address"],
)
def test_different_stories_have_different_keys(guids: tuple[str | None, ...], urls: tuple[str | None, ...]) -> None:
    """A guid or an address that several stories share is no key, and none of the stories is lost."""
    titles = ("Rare earth licences are due", "半導体製造装置の輸出管理")
    entries = [an_entry(guid=guid, url=url, title=title) for guid, url, title in zip(guids, urls, titles, strict=True)]
    keys = entry_keys(entries)
    items = [an_item(key=key, url=each.url, title=each.title) for key, each in zip(keys, entries, strict=True)]
    assert len(set(keys)) == 2
    assert tuple(item.title for item in sort_out(Index(), items).new) == titles


@pytest.mark.parametrize(
    "changes", [{"guid": "g\ud800"}, {"guid": None, "url": "http://meti.example/\ud800"}], ids=["guid", "address"]
)
def test_a_key_can_be_written_down(changes: dict[str, str | None]) -> None:
    """Half a character, as JSON may hold, never reaches the archive in a key, for UTF-8 has no such thing."""
    (key,) = entry_keys([an_entry(**changes)])
    assert key.encode().decode() == key


def test_a_key_does_not_depend_on_the_order_of_the_document() -> None:
    """The same entries in another order have the same keys."""
    entries = [an_entry(guid="g", url=f"http://meti.example/{n}", title=f"Notice {n}") for n in range(3)] + [an_entry(guid="h")]
    assert entry_keys(entries[::-1]) == entry_keys(entries)[::-1]


@pytest.mark.parametrize(
    ("changes", "is_known"),
    [
        ({}, True),
        ({"title": "Another headline altogether"}, True),
        ({"title": "Another headline altogether", "url": "http://meti.example/9"}, False),
        ({"title": "Export rule on AI chips", "url": "http://meti.example/9"}, True),
        ({"title": "Another headline altogether", "url": None}, True),
        ({"key": "2"}, True),
        ({"key": "2", "title": "EXPORT rule on chips", "url": "https://www.meti.example/1?utm_source=x"}, True),
        ({"key": "2", "title": "Another headline altogether"}, False),
        ({"key": "2", "url": "http://meti.example/9"}, True),
        ({"key": "2", "url": None}, True),
        ({"key": "2", "url": None, "summary": LONG + " today"}, False),
    ],
)
def test_an_item_is_known_by_key_or_address_and_title_or_text(changes: dict[str, str | None], is_known: bool) -> None:
    """A guid may be reused for another story, an address too; title or text then tell."""
    before = an_item(title="Export rule on chips", summary=LONG)
    after = an_item(**{"title": "Export rule on chips", "summary": LONG} | changes)
    assert (find(_index(before), after) == _known(before)) is is_known


@pytest.mark.parametrize(
    ("title", "summary"), [("Press release", "Press release"), ("Press release on the work of the ministry", "")]
)
def test_a_short_or_bare_text_is_no_identity(title: str, summary: str) -> None:
    """Texts that repeat by chance do not make two items one."""
    before, after = (an_item(key=key, url=None, title=title, summary=summary) for key in ("1", "2"))
    assert find(_index(before), after) is None


@pytest.mark.parametrize(("summary", "marks"), [("Licences needed", "!!!!!!!!"), ("Licences needed", "。"), ("", "…")])
def test_identity_by_text_is_symmetric(summary: str, marks: str) -> None:
    """Punctuation says nothing in either direction: if one is known by the other, so is the other by the one."""
    title = "Notice on licences for germanium and gallium"
    one = an_item(key="1", url=None, title=title, summary=summary)
    other = an_item(key="2", url=None, title=title, summary=summary + marks)
    assert (find(_index(one), other) is None) == (find(_index(other), one) is None)


@settings(deadline=None)
@given(ITEMS, ITEMS)
def test_finding_is_symmetric(one: Item, other: Item) -> None:
    """If one is what the other was, then the other is what the one was; and each is itself."""
    assert (find(_index(one), other) is None) == (find(_index(other), one) is None)
    assert find(_index(one), one) == _known(one)


def test_the_first_of_several_known_items_is_the_one_found() -> None:
    """An older item keeps its key, address and text when a later one shares them."""
    first, later = (an_item(key=key, title="Export rule on chips", summary=LONG) for key in ("1", "2"))
    index = _index(first, later)
    assert find(index, an_item(key="3", title="Export rule on chips", summary="")) == _known(first)
    assert find(index, an_item(key="3", url=None, title="Export rule on chips", summary=LONG)) == _known(first)
    assert find(index, later) == _known(later)


def test_a_document_is_sorted_into_new_revised_and_unchanged() -> None:
    """Each item goes to one place, revised ones with the state so far."""
    same, before = an_item(key="1", title="稀土出口管制"), an_item(key="2", url="http://meti.example/2", title="수출통제 고시")
    after, new = (
        an_item(key="2", url="http://meti.example/2", title="수출통제 고시 개정"),
        an_item(key="3", url=None, title="New rule"),
    )
    found = sort_out(_index(same, before), [new, same, after])
    assert (found.new, found.revised, found.unchanged) == ((new,), ((_known(before), after),), 1)


def test_an_edit_of_spacing_case_or_punctuation_is_no_revision() -> None:
    """What reads the same is unchanged."""
    found = sort_out(_index(an_item(title="Export rule")), [an_item(title="EXPORT  rule.")])
    assert (found.new, found.revised, found.unchanged) == ((), (), 1)


def test_an_item_that_repeats_within_a_document_counts_once() -> None:
    """The first place counts, whatever the second says."""
    first, second = an_item(summary=LONG), an_item(summary=LONG + " again")
    found = sort_out(Index(), [first, second, first])
    assert (found.new, found.revised, found.unchanged) == ((first,), (), 2)


def test_a_known_item_that_repeats_within_a_document_is_not_revised_to_and_fro() -> None:
    """Of two texts under one guid the first place counts on every reading, so the archive comes to rest."""
    first, second = an_item(summary=LONG), an_item(summary=LONG + " again")
    found = sort_out(_index(first), [first, second])
    assert (found.new, found.revised) == ((), ())


def test_a_guid_given_to_another_story_makes_a_new_item_under_a_key_of_its_own() -> None:
    """Both stories are kept, with different ids, and a second reading finds both."""
    before = an_item(title="Rare earth licences are due")
    after = an_item(title="半導体製造装置の輸出管理", url="http://meti.example/2")
    (new,) = sort_out(_index(before), [after]).new
    assert (new.title, new.url) == (after.title, after.url)
    assert new.key != before.key
    assert new.id == item_id("meti", new.key) != before.id
    again = sort_out(_index(before, new), [before, after])
    assert (again.new, again.revised, again.unchanged) == ((), (), 2)


@settings(deadline=None)
@given(st.lists(ITEMS, max_size=6))
def test_a_document_read_again_has_nothing_new(items: list[Item]) -> None:
    """What a first reading kept, a second knows; every item is counted once, and the index is left as it was."""
    index = Index()
    first = sort_out(index, items)
    assert len(first.new) + len(first.revised) + first.unchanged == len(items)
    assert index == Index()
    assert len({item.id for item in first.new}) == len(first.new)
    assert sort_out(_index(*first.new), items).new == ()
