"""The past as the archive gives it to a rule: whole, in the order of judgement, and without what its query cannot match."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from builders import a_date, an_item
from conftest import NOW, Clock
from deciding import FINAL, RULE, SLACK, WAITING
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.archive import Archive
from monitor.archive.intake import Change
from monitor.dedupe import sort_out
from monitor.items import (
    Entity,
    Findings,
    Identifier,
    Item,
    Judged,
    Limit,
    Link,
    Rule,
    SourceState,
    Stage,
    Standpoint,
    Tag,
    Tier,
    item_id,
)
from monitor.judgement import Judge
from monitor.lexicon import Lexicon
from monitor.likeness import Joining
from monitor.match import Subject, compiled, matches
from monitor.replay import Difference, Replay, Turn, difference, replay
from monitor.tag import Model


def put(archive: Archive, *items: Item) -> None:
    for item in items:
        found = sort_out(archive.intake.known(item.source, [item]), [item])
        archive.intake.store(Change(found=found, state=SourceState(id=item.source, polls=2), at=item.first_seen))


def tried(archive: Archive, rule: Rule, since: datetime, until: datetime) -> Replay:
    return replay(
        rule,
        archive.past.items(compiled(rule.when), since, rule.id),
        since=since,
        until=until,
        history=archive.past.alerts(rule.to, since - timedelta(days=90)),
        silences=archive.silences.all(),
        version=1,
    )


def event_of(archive: Archive, source: str, number: int) -> str:
    return archive.reading.item(item_id(source, str(number))).event or ""


TITLES = (
    "BIS proposes a rule on export controls for gallium; comments close in June",
    "Gallium: Washington asks industry for comments on export controls",
    "経済産業省、ガリウムの輸出管理を強化　省令案を公表",
    "Export control of gallium: final rule issued by BIS, effective May 6, 2026",
    "Cricket: the semi-finals are on Sunday",
    "BIS adds twelve companies to the Entity List",
    "海底ケーブルの陸揚局で障害、復旧急ぐ",
    "Gallium export licences: BIS final rule, says the press",
    "New licence requirement for export of chips, final rule",
)


def test_an_unchanged_rule_decides_on_the_past_as_it_decided_then(
    archive: Archive, lexicon: Lexicon, model: Model, clock: Clock, joining: Joining
) -> None:
    """Verdict for verdict with its reason: judged day by day, with a second rule, a silence, limits, merges and a date of effect."""
    rule = replace(
        RULE, per_event=Limit(count=2, window=timedelta(hours=24)), when="theme:export_control OR gallium OR ケーブル OR cricket"
    )
    rules = [replace(RULE, id="first", when="final"), rule]
    judge = Judge(archive=archive, rules=rules, lexicon=lexicon, model=model, encoder=None, joining=joining, clock=clock)
    for number, title in enumerate(TITLES * 2):
        at = NOW + timedelta(hours=9 * number)
        clock.now = at
        lang = "ja" if not title.isascii() else "en"
        changes: dict[str, Any] = {"country": "US", "source": f"s{number % 4}", "key": str(number), "title": title, "lang": lang}
        put(archive, an_item(**changes, url=f"http://x.example/{number}", summary=f"No. {number}", published=at, first_seen=at))
        judge.run()
        archive._connection.execute("update outbox set state = 'sent'")  # nothing waits when the silence is made
        if number == 6:
            archive.silences.put("source:s3", until=at + timedelta(days=1), now=at, who="sato", via="cli")
        if number == 9:
            one, other = [event_of(archive, f"s{place % 4}", place) for place in (4, 6)]
            archive.events.merge(one, other, who="sato", now=at)
    found = tried(archive, rule, NOW, clock.now)
    really = [each for each in archive.past.alerts((SLACK,), NOW) if each.rule == "now"]
    again = [replace(each.alert, scores=(), terms=(), not_before=each.alert.decided_at, is_said=False) for each in found.verdicts]
    assert len({each.state for each in really}) == 3
    assert again == really
    told_then = [each for each in really if each.state is WAITING]
    assert difference(found, told_then) == Difference(more=(), fewer=())


def test_past_items_come_whole_and_in_the_order_of_judgement(archive: Archive) -> None:
    """With the text of their page, tags, findings and the step; a query leaves out what cannot match, but not its event."""
    late, early = an_item(key="1", title="gallium"), an_item(key="2", url="http://meti.example/2", title="cricket")
    put(archive, late, early)
    archive._connection.execute("insert into articles (item, body, read_at) values (?, 'The page.', '2026')", [early.id])
    findings = Findings(
        lang="ja",
        identifiers=(Identifier(type="cfr", value="15 CFR 744"),),
        entities=(Entity(id="min-ga", type="mineral", surface="ガリウム"),),
        dates=(a_date(date(2026, 6, 1)),),
        shown=FINAL,
        stage=Stage.FINAL,
    )
    tag = Tag(theme="export_control", score=0.9, is_given=True)
    first = Judged(item=early, findings=findings, tags=(tag,), link=Link(event="E-a", is_new=True), model="m")
    second = Judged(item=late, findings=Findings(lang="ja"), tags=(), link=Link(event="E-a", is_new=False), model="m")
    archive.judging.write([first], [], NOW)
    archive.judging.write([second], [], NOW + timedelta(hours=1))
    turns = [
        each
        for each in archive.past.items(compiled("-theme:export_control"), NOW - timedelta(days=1), "now")
        if isinstance(each, Turn)
    ]
    assert [(each.judged.item.id, each.may_match) for each in turns] == [(early.id, False), (late.id, True)]
    whole = replace(first, item=replace(early, body="The page."))
    assert turns[0].judged == replace(whole, link=Link(event="E-a", is_new=False))
    assert list(archive.past.items(compiled("theme:telecom_5g"), NOW, "now")) == []


_words = st.sampled_from(
    ["gallium", '"export control"', "gall*", "輸出", "出", "5G基地局", "Straße", "licence", '"control gallium"', "ﾁｯﾌﾟ", "no"]
)
_fields = st.sampled_from(
    [
        "theme:export_control",
        "theme:telecom_5g,critical_minerals",
        "score:>=0.5",
        "score:<0.5",
        "source:meti",
        "source:METI,wire",
        "lang:ja",
        "country:us",
        "kind:ämter",
        "kind:agency",
        "tier:official,press",
        "stage:final",
        "event:E-a",
        "since:2d",
        "until:2026-04",
        "deadline:30d",
        "entity:min-ga",
        "entity:ガリウム",
        'entity:"sk hynix"',
        "cfr:15/744",
        "law:43",
        "hs:2804.90",
        "docket:BIS-2026-0001",
    ]
)
_queries = st.recursive(
    _words | _fields,
    lambda inner: st.one_of(
        inner.map(lambda text: f"-({text})"),
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: f"({' '.join(parts)})"),
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: f"({' OR '.join(parts)})"),
    ),
    max_leaves=6,
)


def variety() -> Iterable[Judged]:
    """Items that differ in all that a query may ask for."""
    texts = (
        "Gallium export control",
        "ガリウムの輸出を許可制に",
        "5G基地局の整備",
        "Strasse: no licence",
        "チップ control",
        "cricket",
    )
    surfaces = ("Gallium", "ガリウム", "ＳＫ　ｈｙｎｉｘ", "SK hynix")
    named = (("cfr", "15 CFR 744.23"), ("jp_law_no", "令和4年法律第43号"), ("hs", "280490"), ("docket", "BIS-2026-0001"))
    for n in range(24):
        at = NOW - timedelta(days=n % 5)
        item = an_item(
            key=str(n),
            url=f"http://x.example/{n}",
            title=texts[n % 6],
            summary=texts[(n // 6 + n) % 6] if n % 3 else "",
            source=("meti", "wire", "METI-x")[n % 3],
            lang=("ja", "en")[n % 2],
            country=("US", None, "JP")[n % 3],
            kind=("Ämter", "agency", None, "AGENCY")[n % 4],
            tier=tuple(Tier)[n % 4],
            published=at,
            first_seen=at,
        )
        kind, value = named[n % 4]
        tags = tuple(
            Tag(theme=theme, score=score, is_given=score >= 0.4)
            for theme, score in (("export_control", (n % 10) / 10), ("telecom_5g", (n % 7) / 7))
        )
        findings = Findings(
            lang=item.lang,
            identifiers=(Identifier(type=kind, value=value),) if n % 3 else (),
            entities=(Entity(id="min-ga" if n % 4 < 2 else "co-hynix", type="x", surface=surfaces[n % 4]),) if n % 3 else (),
            dates=(a_date(date(2026, 5, 1 + n)),) if n % 2 else (),
        )
        yield Judged(item=item, findings=findings, tags=tags, link=Link(event=f"E-{'abc'[n % 3]}", is_new=True), model="m")


@pytest.fixture(scope="module")
def varied(tmp_path_factory: pytest.TempPathFactory) -> Iterable[tuple[Archive, dict[str, Judged]]]:
    """An archive of them; every fifth has a page behind it, whose text stands in no index."""
    with Archive.open(f"sqlite:///{tmp_path_factory.mktemp('varied') / 'monitor.db'}") as archive:
        kept: dict[str, Judged] = {}
        for n, each in enumerate(variety()):
            put(archive, each.item)
            archive.judging.write([each], [], NOW)
            if n % 5 == 0:
                body = "The page behind it speaks of gallium and export control."
                archive._connection.execute(
                    "insert into articles (item, body, read_at) values (?, ?, '2026')", [each.item.id, body]
                )
                kept[each.item.id] = replace(each, item=replace(each.item, body=body))
            else:
                kept[each.item.id] = each
        yield archive, kept


@settings(max_examples=300, deadline=None)
@given(query=_queries, days=st.integers(0, 40), stage=st.sampled_from(tuple(Stage)))
def test_no_item_that_matches_is_left_out(varied: tuple[Archive, dict[str, Judged]], query: str, days: int, stage: Stage) -> None:
    """Whatever is asked for, whenever it is asked, and whatever its event has come to."""
    archive, kept = varied
    tree = compiled(query)
    where, values = archive.past.condition(tree)
    found = {row["id"] for row in archive._connection.execute(f"select items.id from items where {where}", values)}
    now = NOW + timedelta(days=days)
    wanted = {
        item
        for item, each in kept.items()
        if matches(tree, Subject(judged=each, at=Standpoint(stage=stage), former=("E-former",)), now)
    }
    assert wanted <= found


def test_a_query_leaves_out_what_it_can(varied: tuple[Archive, dict[str, Judged]]) -> None:
    """The bound is of use: fields of an item are exact, also behind a NOT."""
    archive, kept = varied
    for query in (
        "theme:export_control score:>=0.5",
        "-source:meti kind:ämter",
        "entity:ガリウム",
        "cfr:15/744",
        "-(tier:press OR lang:ja)",
    ):
        tree = compiled(query)
        where, values = archive.past.condition(tree)
        found = {row["id"] for row in archive._connection.execute(f"select items.id from items where {where}", values)}
        assert found == {item for item, each in kept.items() if matches(tree, Subject(judged=each, at=Standpoint()), NOW)}
        assert 0 < len(found) < len(kept)
