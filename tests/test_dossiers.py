"""Dossiers: those that ship, the user's own, and the standing file of each."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import yaml
from builders import NOW, a_standing, a_transition, an_event, an_item
from hypothesis import given
from hypothesis import strategies as st

from monitor import bundled, lexiconfile, query
from monitor.archive import Archive
from monitor.archive.intake import Change
from monitor.classifiers import load_dossiers, load_lexicon
from monitor.dedupe import sort_out
from monitor.dossiers import MONTHS, Dossier, find, like, standing_file
from monitor.errors import ModelError
from monitor.identify import identify
from monitor.items import Filed, Identifier, Item, Judged, Link, SourceState, Stage, event_id
from monitor.lexicon import Lexicon
from monitor.normalise import plain

FEFA = Dossier(
    id="law-fefa",
    key="fefa",
    names=(
        ("en", "Foreign Exchange and Foreign Trade Act"),
        ("ja", "外国為替及び外国貿易法"),
        ("ja", "外為法"),
        ("zh", "外汇及外国贸易法"),
    ),
)
QUAD = Dossier(id="grp-quad", key="quad", names=(("en", "Quad"), ("ja", "クアッド")))
GRAPHITE = Dossier(
    id="control-cn-graphite", key="cn-graphite", names=(("en", "graphite export controls"), ("ja", "黒鉛の輸出規制"))
)
THREE = (FEFA, QUAD, GRAPHITE)
IN_A_SENTENCE = {"en": "Officials spoke about {} on Tuesday.", "ja": "政府は{}について説明した。"}


@pytest.fixture(scope="module")
def shipped() -> tuple[Dossier, ...]:
    return load_dossiers(bundled.classifiers())


@pytest.fixture(scope="module")
def sources() -> set[str]:
    """Ids of feeds.yaml."""
    return {each["id"] for each in yaml.safe_load(bundled.feeds().read_text(encoding="utf-8"))["sources"]}


# What ships


def test_fifty_two_dossiers_ship_with_names_note_and_sources(shipped: tuple[Dossier, ...], sources: set[str]) -> None:
    """Each says in English and Japanese what it is, and at least one configured source would carry it."""
    assert len(shipped) >= 52
    lacking = [
        each.key
        for each in shipped
        if not (each.name("en") and each.name("ja") and each.note and any(source in sources for source in each.sources))
    ]
    assert lacking == []


def test_no_dossier_names_a_source_that_is_not_configured(shipped: tuple[Dossier, ...], sources: set[str]) -> None:
    """Coverage would count it as read by nobody."""
    assert {(each.key, source) for each in shipped for source in each.sources if source not in sources} == set()


def test_keys_and_ids_of_dossiers_are_unique(shipped: tuple[Dossier, ...]) -> None:
    """A key is short and typed easily."""
    assert len({each.key for each in shipped}) == len({each.id for each in shipped}) == len(shipped)
    assert [each.key for each in shipped if not each.key.replace("-", "").isalnum() or not each.key.isascii()] == []


def test_every_dossier_is_named_by_the_lexicon(shipped: tuple[Dossier, ...], lexicon: Lexicon) -> None:
    """Its first English and its first Japanese name are found in a sentence."""
    missed = []
    for each in shipped:
        for lang, sentence in IN_A_SENTENCE.items():
            text = sentence.format(each.name(lang))
            if each.id not in {entity.id for entity in lexicon.find(text, lang=lang)}:
                missed.append((each.key, lang, text))
    assert missed == []


@pytest.mark.shared
def test_the_whole_watch_list_has_dossiers(shared: Path, shipped: tuple[Dossier, ...], lexicon: Lexicon) -> None:
    """Every id of the list is the key of one; its English and Japanese names are found in a text."""
    lines = (shared / "sources" / "watchlist.jsonl").read_text(encoding="utf-8").splitlines()
    watched = [json.loads(line)["id"] for line in lines if line.strip()]
    by_key = {each.key: each for each in shipped}
    assert [key for key in watched if key not in by_key] == []
    assert len(watched) == len(set(watched)) == 52
    for key in watched:
        for lang, sentence in IN_A_SENTENCE.items():
            found = lexicon.find(sentence.format(by_key[key].name(lang)), lang=lang)
            assert by_key[key].id in {entity.id for entity in found}, (key, lang)


@pytest.mark.parametrize(
    ("text", "lang", "ids"),
    [
        ("Gallium and germanium export controls bite", "en", {"control-cn-gallium-germanium", "min-gallium", "min-germanium"}),
        ("ガリウム・ゲルマニウムの輸出規制", "ja", {"control-cn-gallium-germanium", "min-gallium", "min-germanium"}),
        ("China's graphite export curbs", "en", {"control-cn-graphite", "min-graphite"}),
        ("黒鉛の輸出規制を発表", "ja", {"control-cn-graphite", "min-graphite"}),
        ("石墨物项临时出口管制措施", "zh", {"control-cn-graphite", "min-graphite"}),
        ("Antimony export ban", "en", {"control-cn-antimony", "min-antimony"}),
    ],
)
def test_a_control_hides_no_mineral(lexicon: Lexicon, text: str, lang: str, ids: set[str]) -> None:
    """Who searches for gallium finds the controls on gallium as well."""
    assert ids <= {each.id for each in lexicon.find(text, lang=lang)}


def test_no_name_of_a_control_hides_what_it_is_made_of(lexicon: Lexicon) -> None:
    """Each name in each language gives what its words give without it."""
    plain_names = Lexicon(name for name in lexicon.names if name.type != "control")
    controls = [name for name in lexicon.names if name.type == "control"]
    assert controls
    for control in controls:
        for lang, surface in control.surfaces:
            found = {each.id for each in lexicon.find(surface, lang=lang)}
            assert found == {control.id} | {each.id for each in plain_names.find(surface, lang=lang)}, surface


# Finding one


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("fefa", "fefa"),
        ("FEFA", "fefa"),
        ("ｆｅｆａ", "fefa"),
        (" fefa ", "fefa"),
        ("law-fefa", "fefa"),
        ("ＬＡＷ－ＦＥＦＡ", "fefa"),
        ("foreign exchange AND foreign trade act", "fefa"),
        ("外為法", "fefa"),
        ("外国為替及び外国貿易法", "fefa"),
        ("外汇及外国贸易法", "fefa"),
        ("QUAD", "quad"),
        ("ｸｱｯﾄﾞ", "quad"),
        ("黒鉛の輸出規制", "cn-graphite"),
        ("Graphite Export Controls", "cn-graphite"),
        ("graphite", None),
        ("", None),
        ("外為", None),
    ],
)
def test_a_dossier_is_found_by_key_id_and_every_name(text: str, key: str | None) -> None:
    """In any case, width and language; a part of a name is none."""
    found = find(THREE, text)
    assert (None if found is None else found.key) == key


def test_a_key_goes_before_a_name() -> None:
    """What one dossier is called by its key, another may have as a name."""
    other = Dossier(id="x", key="x", names=(("en", "quad"),))
    assert find((other, QUAD), "quad") is QUAD


def test_every_shipped_dossier_is_found_by_its_key_its_id_and_its_first_names(shipped: tuple[Dossier, ...]) -> None:
    """None stands in another's way."""
    for each in shipped:
        for text in (each.key, each.id, each.name("en"), each.name("ja")):
            assert text is not None
            assert find(shipped, text) == each, text


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("graphit", ["cn-graphite"]),
        ("Graphite exprt controls", ["cn-graphite"]),
        ("外国貿易法", ["fefa"]),
        ("ＧＲＡＰＨＩＴＥ", ["cn-graphite"]),
        ("qaud", ["quad"]),
        ("zzzzqq", []),
        ("", []),
    ],
)
def test_what_was_meant_is_suggested(text: str, keys: list[str]) -> None:
    """A part of a name, or a slip; each key once, and nothing for nonsense."""
    assert like(THREE, text) == keys


def test_at_most_five_are_suggested(shipped: tuple[Dossier, ...]) -> None:
    """An error message is a line."""
    assert len(like(shipped, "on")) == 5


@given(text=st.text(max_size=30))
def test_any_text_is_found_or_not_and_suggests_what_there_is(text: str) -> None:
    """Never an error, never a key that is none."""
    assert find(THREE, text) in (*THREE, None)
    assert set(like(THREE, text)) <= {each.key for each in THREE}


# The standing file


def filed(number: int, days_ago: float, **changes: object) -> Filed:
    moment = NOW - timedelta(days=days_ago)
    base: dict[str, object] = {"key": str(number), "published": moment, "first_seen": moment}
    return Filed(item=an_item(**base | changes), event="E-abcdefghij")


def test_a_standing_file_counts_items_by_language_and_month() -> None:
    """Twelve months, the oldest first, this one last; what is older counts in all, and in no month."""
    items = [filed(1, 0), filed(2, 0.5, lang="en"), filed(3, 40), filed(4, 400), filed(5, 0.6)]
    found = standing_file(FEFA, items, [], None, NOW)
    assert (found.items, found.first, found.last) == (5, NOW - timedelta(days=400), NOW)
    assert found.langs == (("ja", 4), ("en", 1))
    assert len(found.months) == MONTHS
    assert (found.months[0][0], found.months[-1][0]) == ("2025-06", "2026-05")
    assert dict(found.months)["2026-05"] == 1  # NOW is the first of May, at eight
    assert (dict(found.months)["2026-04"], dict(found.months)["2026-03"]) == (2, 1)


@pytest.mark.parametrize(
    ("began", "unknown"),
    [
        (datetime(2026, 3, 1, tzinfo=UTC), 9),
        (datetime(2026, 3, 1, 0, 0, 1, tzinfo=UTC), 10),
        (datetime(2020, 1, 1, tzinfo=UTC), 0),
    ],
)
def test_a_month_that_was_not_collected_is_not_one_without_items(began: datetime, unknown: int) -> None:
    """Before the archive's first complete month nothing is known but what sources still listed."""
    found = standing_file(FEFA, [filed(1, 150)], [], None, NOW, began=began)
    assert dict(found.months)["2025-12"] == 1
    expected = [None if place < unknown else 0 for place in range(MONTHS)]
    assert [count for month, count in found.months if month != "2025-12"] == expected[:6] + expected[7:]


def test_a_dossier_of_which_nothing_was_heard_has_a_file() -> None:
    """It is empty, and says so."""
    found = standing_file(FEFA, [], [], date(2026, 1, 1), NOW)
    assert (found.items, found.first, found.last, found.events, found.new, found.moved) == (0, None, None, (), (), ())
    assert {count for _, count in found.months} == {0}


@given(ahead=st.integers(0, 24_000))
def test_the_months_are_the_last_twelve_of_any_day(ahead: int) -> None:
    """Each once, in order, over the turn of a year."""
    months = [month for month, _ in standing_file(FEFA, [], [], None, NOW + timedelta(days=ahead)).months]
    assert months == sorted(set(months))
    assert (len(months), months[-1]) == (MONTHS, (NOW + timedelta(days=ahead)).strftime("%Y-%m"))


def test_dates_ahead_are_those_that_stand() -> None:
    """The earliest first, of all events; neither past nor withdrawn ones. Today is ahead."""
    today = NOW.date()
    near, far = a_standing(date=today), a_standing(date=today + timedelta(days=300))
    past, gone = a_standing(date=today - timedelta(days=1)), a_standing(date=today + timedelta(days=9), is_withdrawn=True)
    one = an_event(id="E-aaaaaaaaaa", dates=(past, far))
    other = an_event(id="E-bbbbbbbbbb", dates=(near, gone))
    found = standing_file(FEFA, [filed(1, 1)], [one, other], None, NOW)
    assert [(event.id, stands.date) for event, stands in found.dates] == [
        ("E-bbbbbbbbbb", near.date),
        ("E-aaaaaaaaaa", far.date),
    ]


def test_events_of_a_file_come_by_their_last_move() -> None:
    """What moved last stands first."""
    events = [
        an_event(id=f"E-{letter * 10}", last_seen=NOW - timedelta(days=days)) for letter, days in (("a", 3), ("b", 1), ("c", 2))
    ]
    assert [each.id[2] for each in standing_file(FEFA, [], events, None, NOW).events] == ["b", "c", "a"]


def test_related_names_leave_out_the_dossier_itself() -> None:
    """Under its id and under its names; the rest by the events that name them."""
    cfr = Identifier(type="cfr", value="15 CFR 744")
    entities = (("law-fefa", "外為法", 3), ("concept-x", "外国為替及び外国貿易法", 1), ("jp-meti", "経済産業省", 2))
    events = [
        an_event(id="E-aaaaaaaaaa", entities=entities, identifiers=(cfr,)),
        an_event(id="E-bbbbbbbbbb", entities=(("jp-meti", "経済産業省", 1), ("jp-mof", "財務省", 5)), identifiers=(cfr,)),
    ]
    found = standing_file(FEFA, [], events, None, NOW)
    assert found.entities == (("経済産業省", 2), ("財務省", 1))
    assert found.identifiers == (("cfr 15 CFR 744", 2),)


def test_what_changed_since_a_day_is_told_apart() -> None:
    """Items that we saw since, the newest first; steps taken since; dates moved or withdrawn since. The day itself counts."""
    day = NOW.date() - timedelta(days=3)
    at_its_start = NOW.replace(hour=0) - timedelta(days=3)
    before = at_its_start - timedelta(seconds=1)
    items = [
        filed(1, 2),
        filed(2, 1),
        filed(3, 30),
        replace(filed(4, 30), item=replace(filed(4, 30).item, first_seen=NOW)),  # published long ago, seen today
    ]
    taken, earlier = a_transition("final rule", at=at_its_start), a_transition("NPRM", at=before)
    moved = a_standing(at=at_its_start, since=at_its_start, was=(date(2026, 6, 1),))
    # stated long before it was withdrawn
    withdrawn = a_standing(at=before, since=before, is_withdrawn=True, lapses=1, lapsed_at=NOW)
    stood, moved_before = a_standing(at=NOW), a_standing(at=NOW, since=before, was=(date(2026, 6, 1),))
    changed = an_event(id="E-aaaaaaaaaa", way=(earlier, taken), dates=(moved, withdrawn, stood, moved_before))
    silent = an_event(id="E-bbbbbbbbbb", way=(earlier,), dates=(stood, moved_before))
    found = standing_file(FEFA, items, [changed, silent], day, NOW)
    assert [each.item.key for each in found.new] == ["2", "1", "4"]
    assert [(each.event.id, each.transitions, each.dates) for each in found.moved] == [
        ("E-aaaaaaaaaa", (taken,), (moved, withdrawn))
    ]


def test_without_a_day_nothing_is_told_apart() -> None:
    """The file is the whole."""
    found = standing_file(FEFA, [filed(1, 0)], [an_event(way=(a_transition(at=NOW),))], None, NOW)
    assert (found.new, found.moved) == ((), ())


# The user's own


def own(tmp_path: Path, *lines: object) -> Path:
    path = tmp_path / lexiconfile.OWN_LEXICON
    texts = (line if isinstance(line, str) else json.dumps(line, ensure_ascii=False) for line in lines)
    path.write_text("\n".join(texts) + "\n", encoding="utf-8")
    return path


def an_entry(**changes: object) -> dict[str, object]:
    base: dict[str, object] = {
        "id": "law-my-act",
        "type": "law",
        "names": {"en": ["Widget Security Act"], "ja": ["部品安全保障法"]},
        "dossier": {"name": "my-act", "note": "What it is.", "sources": ["jp-meti"], "query": 'law:"令和8年法律第1号"'},
    }
    return base | changes


def test_a_line_of_the_users_own_is_a_dossier(tmp_path: Path) -> None:
    """After those that ship, with its names, note, sources and query; and its names are recognised."""
    path = own(tmp_path, "", an_entry())
    *others, mine = load_dossiers(bundled.classifiers(), path)
    assert tuple(others) == load_dossiers(bundled.classifiers())
    assert (mine.id, mine.key, mine.note, mine.sources) == ("law-my-act", "my-act", "What it is.", ("jp-meti",))
    assert (mine.name("en"), mine.name("ja"), mine.name("ko")) == ("Widget Security Act", "部品安全保障法", None)
    assert mine.query == query.parse('law:"令和8年法律第1号"')
    lexicon = load_lexicon(bundled.classifiers(), path)
    assert "law-my-act" in {each.id for each in lexicon.find("部品安全保障法が成立した。", lang="ja")}


def test_a_dossier_needs_no_more_than_names(tmp_path: Path) -> None:
    """Its key is its id then; note, sources and query may be left out."""
    mine = load_dossiers(bundled.classifiers(), own(tmp_path, an_entry(dossier={})))[-1]
    assert (mine.key, mine.note, mine.sources, mine.query) == ("law-my-act", "", (), None)


def test_a_line_without_a_dossier_is_a_name(tmp_path: Path) -> None:
    """Recognised, and in no list."""
    entry = an_entry()
    del entry["dossier"]
    path = own(tmp_path, entry)
    assert load_dossiers(bundled.classifiers(), path) == load_dossiers(bundled.classifiers())
    assert [each.id for each in load_lexicon(bundled.classifiers(), path).find("Widget Security Act", lang="en")] == [
        "law-my-act"
    ]


def test_a_line_with_an_id_that_ships_replaces_it(tmp_path: Path, shipped: tuple[Dossier, ...]) -> None:
    """In its place; the shipped names are recognised no more."""
    ecra = find(shipped, "ecra")
    assert ecra is not None
    path = own(tmp_path, an_entry(id=ecra.id, dossier={"name": "ecra", "note": "Ours."}))
    replaced = load_dossiers(bundled.classifiers(), path)
    assert [each.id for each in replaced] == [each.id for each in shipped]
    mine = find(replaced, "ecra")
    assert mine is not None
    assert (mine.note, mine.name("en")) == ("Ours.", "Widget Security Act")
    lexicon = load_lexicon(bundled.classifiers(), path)
    assert ecra.id in {each.id for each in lexicon.find("Widget Security Act", lang="en")}
    assert ecra.id not in {each.id for each in lexicon.find(IN_A_SENTENCE["en"].format(ecra.name("en")), lang="en")}


def test_a_dossier_that_ships_can_be_put_away(tmp_path: Path, shipped: tuple[Dossier, ...]) -> None:
    """By a line with its id and without a dossier."""
    entry = an_entry(id=shipped[0].id)
    del entry["dossier"]
    assert load_dossiers(bundled.classifiers(), own(tmp_path, entry)) == shipped[1:]


@pytest.mark.parametrize(
    "line",
    [
        "no JSON",
        "7",
        "[1]",
        '{"id": "x", "type": "law"}',
        '{"type": "law", "names": {"en": ["My Act"]}}',
        '{"id": "x", "names": {"en": ["My Act"]}}',
        '{"id": "x", "type": "law", "names": ["My Act"]}',
        '{"id": "x", "type": "law", "names": {"en": [7]}}',
        '{"id": "x", "type": "law", "names": {"en": null}}',
        pytest.param('{"id": "x", "type": "law", "names": {"ja": "私の法律"}}', id="a name that is not in a list"),
    ],
)
def test_a_bad_line_is_named_by_file_and_line(tmp_path: Path, line: str) -> None:
    """Whoever reads the lexicon, or its dossiers, is told where to look."""
    path = own(tmp_path, an_entry(), "", line)
    for load in (load_lexicon, load_dossiers):
        with pytest.raises(ModelError) as slip:
            load(bundled.classifiers(), path)
        assert slip.value.subject == f"{path}:3"


@pytest.mark.parametrize(
    "dossier",
    [
        pytest.param({"name": "x", "query": "them:x"}, id="a query that cannot be read"),
        pytest.param({"name": "x", "sources": "jp-meti"}, id="sources that are no list"),
        pytest.param(True, id="a dossier that is no object"),
    ],
)
def test_a_bad_dossier_is_named_by_file_and_line(tmp_path: Path, dossier: object) -> None:
    """As any other line of the user's own."""
    path = own(tmp_path, an_entry(), an_entry(id="law-other", dossier=dossier))
    with pytest.raises(ModelError) as slip:
        load_dossiers(bundled.classifiers(), path)
    assert slip.value.subject == f"{path}:2"


def test_a_file_that_is_not_utf_8_is_named(tmp_path: Path) -> None:
    """As a Japanese editor may have written it."""
    path = tmp_path / lexiconfile.OWN_LEXICON
    path.write_bytes(json.dumps(an_entry(), ensure_ascii=False).encode("cp932"))
    with pytest.raises(ModelError) as slip:
        load_dossiers(bundled.classifiers(), path)
    assert str(path) in str(slip.value)


def test_a_lexicon_that_is_absent_is_named(tmp_path: Path) -> None:
    """The folder of the classifiers must have one."""
    with pytest.raises(ModelError, match=r"lexicon\.jsonl"):
        load_dossiers(tmp_path)


# Over an archive


def keep(archive: Archive, *items: Item, lexicon: Lexicon) -> None:
    """Store and judge items with a lexicon, each in an event of its own."""
    for item in items:
        found = sort_out(archive.intake.known(item.source, [item]), [item])
        archive.intake.store(Change(found=found, state=SourceState(id=item.source, polls=2), at=NOW))
    judged = [
        Judged(
            item=item, findings=identify(item, lexicon), tags=(), link=Link(event=event_id(item.id), is_new=True), model="test"
        )
        for item in items
    ]
    archive.judging.write(judged, [], NOW)


def test_a_dossier_finds_what_was_archived_before_it_was_written(archive: Archive, tmp_path: Path, lexicon: Lexicon) -> None:
    """By its names in any language and by its query; what does not speak of it stays out."""
    keep(
        archive,
        an_item(key="1", url="http://x.example/1", title="部品安全保障法が施行される"),
        an_item(key="2", url="http://x.example/2", title="Diet debates Widget Security Act", lang="en"),
        an_item(key="3", url="http://x.example/3", title="官報: 令和8年法律第1号を公布"),
        an_item(key="4", url="http://x.example/4", title="Widget makers debate security", lang="en"),
        lexicon=lexicon,
    )
    mine = load_dossiers(bundled.classifiers(), own(tmp_path, an_entry()))[-1]
    assert {each.item.key for each in archive.reading.search(mine.tree, NOW)} == {"1", "2", "3"}
    assert archive.reading.heard(mine.tree, NOW - timedelta(days=1), NOW) == (3, NOW, 3)
    assert archive.reading.heard(mine.tree, NOW + timedelta(seconds=1), NOW)[2] == 0


def test_a_short_latin_name_is_found_only_where_it_was_recognised(archive: Archive, tmp_path: Path) -> None:
    """EAR is a word, too: its letters alone are no mention."""
    lexicon = load_lexicon(bundled.classifiers())
    ear = find(load_dossiers(bundled.classifiers()), "ear")
    assert ear is not None
    keep(
        archive,
        an_item(key="1", url="http://x.example/1", title="Item subject to the EAR", lang="en", country="US"),
        an_item(key="2", url="http://x.example/2", title="A new hearing aid for the ear", lang="en", country="US"),
        lexicon=lexicon,
    )
    assert [each.item.key for each in archive.reading.search(ear.tree, NOW)] == ["1"]


def test_every_shipped_dossier_can_be_searched_for(archive: Archive, shipped: tuple[Dossier, ...], lexicon: Lexicon) -> None:
    """It finds an item with its English name and one with its Japanese name."""
    items = {
        (each.key, lang): an_item(
            key=f"{each.key}-{lang}",
            url=f"http://x.example/{each.key}/{lang}",
            title=plain(sentence.format(each.name(lang)), 300),
            lang=lang,
        )
        for each in shipped
        for lang, sentence in IN_A_SENTENCE.items()
    }
    keep(archive, *items.values(), lexicon=lexicon)
    missed = []
    for each in shipped:
        found = {hit.item.key for hit in archive.reading.search(each.tree, NOW, limit=None)}
        missed += [(each.key, lang) for lang in IN_A_SENTENCE if f"{each.key}-{lang}" not in found]
    assert missed == []


def test_the_file_of_an_archive_has_the_events_of_its_items(
    archive: Archive, lexicon: Lexicon, shipped: tuple[Dossier, ...]
) -> None:
    """From search to standing file, as the command does it."""
    graphite = find(shipped, "cn-graphite")
    assert graphite is not None
    item = an_item(title="中国が黒鉛の輸出規制を発表", summary="黒鉛の輸出を許可制とする。2026年6月1日から施行する。")
    keep(archive, item, lexicon=lexicon)
    items = archive.reading.search(graphite.tree, NOW)
    found = standing_file(graphite, items, archive.events.records([items[0].event or ""], NOW), NOW.date(), NOW)
    assert (found.items, [each.id for each in found.events]) == (1, [event_id(item.id)])
    assert [stands.date for _, stands in found.dates] == [date(2026, 6, 1)]
    assert [each.item.id for each in found.new] == [item.id]
    assert found.events[0].stage is Stage.ANNOUNCED
    assert "黒鉛の輸出規制" not in dict(found.entities)
