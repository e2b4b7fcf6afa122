"""A rule on the past: the same verdicts as at the time, each with its event as it had come then."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from builders import a_date, a_shown, an_item
from conftest import NOW, Clock
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.archive import Archive
from monitor.archive.intake import Change
from monitor.dedupe import sort_out
from monitor.items import (
    Alert,
    AlertKind,
    AlertState,
    DateKind,
    Entity,
    Findings,
    Identifier,
    Item,
    Judged,
    KeyDate,
    Limit,
    Link,
    Quiet,
    Rule,
    Shown,
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
from monitor.messages import Silence
from monitor.replay import Difference, Move, Replay, Turn, difference, replay
from monitor.tag import Model

SLACK, MAIL = "slack:#econsec", "mail:desk@example"
RULE = Rule(id="now", when="theme:export_control", to=(SLACK,))
END = NOW + timedelta(days=10)
FINAL = a_shown("final rule")
WAITING, FOLDED, SUPPRESSED = AlertState.WAITING, AlertState.FOLDED, AlertState.SUPPRESSED


def a_turn(
    number: int,
    *,
    at: datetime | None = None,
    event: str = "E-a",
    is_on_theme: bool = True,
    shown: Shown | None = None,
    dates: tuple[KeyDate, ...] = (),
    storyline: str | None = None,
    copy_of: str | None = None,
    **changes: Any,
) -> Turn:
    """The item of a number, an hour after the one before it, judged when it was published."""
    at = at or NOW + timedelta(hours=number)
    base = {"id": f"I-{number}", "country": "US", "source": "bis", "title": f"Notice {number}", "published": at, "first_seen": at}
    judged = Judged(
        item=an_item(**base | changes),
        findings=Findings(lang="en", shown=shown, dates=dates),
        tags=(Tag(theme="export_control", score=0.9 if is_on_theme else 0.1, is_given=is_on_theme),),
        link=Link(event=event, is_new=False, copy_of=copy_of),
        model="m",
    )
    return Turn(judged=judged, at=at, arrival=number, storyline=storyline, may_match=is_on_theme)


def replayed(*past: Turn | Move, rule: Rule = RULE, **changes: Any) -> Replay:
    return replay(rule, past, **{"since": NOW, "until": END} | changes)


def told(found: Replay) -> list[tuple[str, AlertKind, AlertState, str]]:
    return [(each.alert.item, each.alert.kind, each.alert.state, each.alert.news) for each in found.verdicts]


MATCH, STAGE, GROWTH = AlertKind.MATCH, AlertKind.STAGE, AlertKind.GROWTH


def test_a_rule_is_asked_about_each_item_at_the_moment_of_its_judgement() -> None:
    """The alert window, spans and deadlines of the query count from then, not from today."""
    day = NOW.date() + timedelta(days=20)
    turns = (a_turn(1, dates=(a_date(day),)), a_turn(2, published=NOW - timedelta(days=9)))
    assert told(replayed(*turns)) == [("I-1", MATCH, WAITING, ""), ("I-2", MATCH, SUPPRESSED, "")]
    late = END + timedelta(days=80)
    assert [each[0] for each in told(replayed(*turns, rule=replace(RULE, when="since:2h"), until=late))] == ["I-1"]
    assert [each[0] for each in told(replayed(*turns, rule=replace(RULE, when="deadline:30d"), until=late))] == ["I-1"]


def test_an_event_is_seen_as_it_had_come_then() -> None:
    """Stage, sources and importance are those of the items before, whatever came after."""
    turns = (a_turn(1), a_turn(2, source="wire", shown=None), a_turn(3, shown=FINAL))
    found = replayed(*turns).verdicts
    at = [each.alert.standpoint for each in found]
    assert [each.stage for each in at] == [Stage.ANNOUNCED, Stage.ANNOUNCED, Stage.FINAL]
    assert [each.sources for each in at] == [1, 2, 2]
    assert at[0].importance < at[2].importance
    assert [each.alert.item for each in replayed(*turns, rule=replace(RULE, when="stage:final")).verdicts] == ["I-3"]


def test_items_before_the_span_count_for_their_event_alone() -> None:
    """They are not decided on."""
    before = a_turn(0, at=NOW - timedelta(days=1), shown=FINAL)
    found = replayed(before, a_turn(1))
    assert [each.alert.item for each in found.verdicts] == ["I-1"]
    assert found.verdicts[0].alert.standpoint.stage is Stage.FINAL


def test_what_took_a_told_event_further_is_told_although_it_does_not_match() -> None:
    """Only of events that were told."""
    further = {"is_on_theme": False, "shown": FINAL}
    assert told(replayed(a_turn(1), a_turn(2, **further))) == [
        ("I-1", MATCH, WAITING, ""),
        ("I-2", STAGE, WAITING, "announced → final (final rule)"),
    ]
    assert told(replayed(a_turn(1, is_on_theme=False), a_turn(2, **further))) == []
    grown = [a_turn(number, is_on_theme=number == 1, source=f"wire{number}") for number in range(1, 6)]
    assert told(replayed(*grown))[1:] == [("I-5", GROWTH, WAITING, "5 sources")]


def test_a_stated_date_takes_a_told_event_further_by_itself() -> None:
    """On its day, by the item that stated it; a date after the end tells nothing."""
    day = NOW.date() + timedelta(days=5)
    turn = a_turn(1, shown=FINAL, dates=(a_date(day, DateKind.EFFECTIVE),))
    second = replayed(turn).verdicts[1]
    assert (second.alert.kind, second.alert.item, second.alert.state) == (STAGE, "I-1", WAITING)
    assert second.alert.news.startswith("final → in force")
    assert second.alert.decided_at == datetime(day.year, day.month, day.day, tzinfo=UTC)
    assert len(replayed(turn, until=NOW + timedelta(days=3)).verdicts) == 1
    assert len(replayed(replace(turn, may_match=False, judged=replace(turn.judged, tags=()))).verdicts) == 0


def test_limits_and_echoes_hold_as_they_would_have() -> None:
    """What would have been told is the past of what comes after it."""
    rule = replace(RULE, per_event=Limit(count=2, window=timedelta(hours=6)))
    found = replayed(*(a_turn(number) for number in range(1, 5)), rule=rule)
    assert [each.alert.state for each in found.verdicts] == [WAITING, WAITING, FOLDED, FOLDED]
    assert found.reasons(FOLDED) == (("over the limit of 2/6h for one event", 2),)
    big = a_turn(1, shown=FINAL, storyline="S-a")
    small = a_turn(2, event="E-b", storyline="S-a", tier=Tier.PRESS)
    echo = replayed(big, small).verdicts[1].alert
    assert (echo.state, echo.echo_of) == (FOLDED, "E-a")
    assert replayed(big, small).reasons(FOLDED) == (("an echo of a bigger event, which was told", 1),)


def test_a_copy_is_suppressed() -> None:
    """And counted with the others, whatever it repeats."""
    found = replayed(a_turn(1), a_turn(2), a_turn(3, copy_of="I-1"), a_turn(4, copy_of="I-2"))
    assert found.reasons(SUPPRESSED) == (("repeats an item that was decided on", 2),)


def an_alert(item: str, *, hours: float, **changes: Any) -> Alert:
    base: dict[str, Any] = {
        "rule": "other",
        "item": item,
        "event": "E-a",
        "channel": SLACK,
        "state": WAITING,
        "reason": "rule other",
        "decided_at": NOW + timedelta(hours=hours),
        "not_before": NOW,
    }
    return Alert(**base | changes)


def test_what_other_rules_told_counts() -> None:
    """An item that another rule told is folded, and limits count what is told by all; what was told later does not."""
    history = [an_alert("I-0", hours=0.5), an_alert("I-2", hours=2), an_alert("I-9", hours=9)]
    found = replayed(a_turn(1), a_turn(2), history=history)
    assert [each.alert.state for each in found.verdicts] == [WAITING, FOLDED]
    assert found.verdicts[1].alert.is_said
    strict = replace(RULE, per_channel=Limit(count=1, window=timedelta(hours=1)))
    assert replayed(a_turn(1), history=history, rule=strict).verdicts[0].alert.state is FOLDED


def test_what_another_rule_told_by_a_date_is_not_told_again() -> None:
    """Whichever comes first in the configuration told it, some hours after the day began."""
    day = NOW.date() + timedelta(days=5)
    turn = a_turn(1, shown=FINAL, dates=(a_date(day, DateKind.EFFECTIVE),))
    at = {"kind": STAGE, "standpoint": Standpoint(stage=Stage.IN_FORCE)}
    assert len(replayed(turn, history=[an_alert("I-1", hours=24 * 5 - 3, **at)]).verdicts) == 1
    assert len(replayed(turn, history=[an_alert("I-1", hours=24 * 5 - 3, event="E-b", **at)]).verdicts) == 2


def test_what_the_rule_itself_told_counts_only_before_the_span() -> None:
    """An event that it told before goes on in the span; what it told in the span is what is tried anew."""
    before = an_alert("I-0", hours=-30, rule="now", standpoint=Standpoint(stage=Stage.ANNOUNCED))
    found = replayed(a_turn(1, is_on_theme=False, shown=FINAL), history=[before])
    assert told(found) == [("I-1", STAGE, WAITING, "announced → final (final rule)")]
    during = an_alert("I-1", hours=1, rule="now")
    assert told(replayed(a_turn(1), history=[during])) == [("I-1", MATCH, WAITING, "")]


def test_silences_hold_while_they_held() -> None:
    """A silence of Tuesday suppresses nothing on Wednesday."""
    silence = Silence(
        id=7,
        query="source:bis",
        channel=None,
        begins_at=NOW + timedelta(hours=2),
        ends_at=NOW + timedelta(hours=3),
        who="sato",
        via="cli",
        reason="",
    )
    found = replayed(*(a_turn(number) for number in (1, 2, 3)), silences=[silence])
    assert [each.alert.state for each in found.verdicts] == [WAITING, SUPPRESSED, WAITING]
    assert found.reasons(SUPPRESSED) == (("silence 7", 1),)


def test_events_are_those_of_the_moment_until_they_merge() -> None:
    """Two events are told apart before, and are one afterwards, under either id; so with its stated dates."""
    day = NOW.date() + timedelta(days=5)
    move = Move(event="E-b", into="E-a", items=frozenset({"I-2"}), is_merge=True)
    turns = (
        a_turn(1, source="one"),
        a_turn(2, event="E-b", shown=FINAL, dates=(a_date(day, DateKind.EFFECTIVE),)),
        move,
        a_turn(3, is_on_theme=False),
    )
    assert told(replayed(*turns)) == [
        ("I-1", MATCH, WAITING, ""),
        ("I-2", MATCH, WAITING, ""),
        ("I-2", STAGE, WAITING, "final → in force (effective)"),
    ]
    assert [each.alert.event for each in replayed(*turns).verdicts] == ["E-a", "E-b", "E-a"]
    rule = replace(RULE, when="event:E-b")
    assert [each.alert.item for each in replayed(a_turn(1), move, a_turn(2), rule=rule).verdicts] == ["I-2"]


def test_items_that_were_split_off_are_an_event_of_their_own_afterwards() -> None:
    """What they showed counts there."""
    move = Move(event="E-a", into="E-b", items=frozenset({"I-1"}), is_merge=False)
    found = replayed(a_turn(1, shown=FINAL), a_turn(2, source="wire"), move, a_turn(3, source="press"), a_turn(4, event="E-b"))
    assert [each.alert.standpoint.stage for each in found.verdicts] == [Stage.FINAL, Stage.FINAL, Stage.ANNOUNCED, Stage.FINAL]


def test_days_are_those_of_the_rules_zone_and_none_is_left_out() -> None:
    """An alert of 23:00 UTC belongs to the next day in Tokyo."""
    turn = a_turn(15)  # 23:00 UTC on May 1
    found = replayed(turn, a_turn(16), a_turn(17, event="E-b"), until=NOW + timedelta(days=3))
    assert [(each.date.day, each.fired) for each in found.days] == [(1, 1), (2, 2), (3, 0), (4, 0)]
    assert (found.zone, found.median, found.mean) == ("UTC", 0.5, 1.0)
    assert found.busiest is not None
    assert found.busiest.date == date(2026, 5, 2)
    tokyo = replace(RULE, quiet=Quiet(tz="Asia/Tokyo", start="22:00", end="07:00"))
    found = replayed(turn, rule=tokyo, until=NOW + timedelta(days=1))
    assert (found.zone, [(each.date.day, each.fired) for each in found.days]) == ("Asia/Tokyo", [(1, 0), (2, 1)])


def test_events_and_sources_are_ranked_by_how_loud_they_were() -> None:
    """With what of it went as messages; what was suppressed is not loud."""
    rule = replace(RULE, per_event=Limit(count=1, window=timedelta(hours=6)))
    turns = (
        a_turn(1),
        a_turn(2, event="E-b", source="wire"),
        a_turn(3, event="E-b"),
        a_turn(4, event="E-c", published=NOW - timedelta(days=9)),
    )
    found = replayed(*turns, rule=rule)
    assert [(each.id, each.title, each.fired, each.messages) for each in found.events] == [
        ("E-b", "Notice 2", 2, 1),
        ("E-a", "Notice 1", 1, 1),
    ]
    assert [(each.id, each.fired, each.messages) for each in found.sources] == [("bis", 2, 1), ("wire", 1, 1)]
    assert (len(found.fired), len(found.messages), len(found.folded), len(found.suppressed), found.items) == (3, 2, 1, 1, 4)


def test_a_rule_that_never_fires_has_no_busiest_day() -> None:
    """All its figures are none, and none of them fails."""
    found = replayed()
    assert (found.mean, found.median, found.busiest, found.events, found.verdicts) == (0, 0, None, (), ())


def test_the_difference_to_what_was_told_is_named() -> None:
    """By item, and by what is new of an event; what was told outside the span does not count."""
    found = replayed(a_turn(1), a_turn(2), a_turn(3, is_on_theme=False, shown=FINAL))
    stage = an_alert("I-3", hours=4, kind=STAGE, standpoint=Standpoint(stage=Stage.FINAL))
    went = [
        an_alert("I-2", hours=2),
        an_alert("I-8", hours=3),
        stage,
        an_alert("I-9", hours=-3),
        an_alert("I-1", hours=1, channel=MAIL),
    ]
    unlike = difference(found, went)
    assert isinstance(unlike, Difference)
    assert [each.alert.item for each in unlike.more] == ["I-1"]
    assert [(each.item, each.channel) for each in unlike.fewer] == [("I-8", SLACK), ("I-1", MAIL)]


# On the archive


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
