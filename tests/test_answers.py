"""What analysts ask in a channel and what they are told: only where the monitor speaks, only of what it told there."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from builders import NOW, a_date, a_shown, an_item
from conftest import Clock
from desks import HERE, THEMES, a_desk, a_request, tell
from icalendar import Calendar

from monitor.answers import FOUND, TOLD, Answering, Desk
from monitor.archive import Archive
from monitor.errors import ArchiveBusy
from monitor.items import DateKind, Item, Rule, Tier, event_id
from monitor.messages import Answer, Verb
from monitor.thesaurus import Term, Thesaurus

EVENT = "E-aaaaaaaaaa"


@pytest.fixture
def desk(archive: Archive, clock: Clock) -> Desk:
    return a_desk(archive, clock)


def verdicts(archive: Archive) -> dict[str, bool]:
    """What is stored, by theme."""
    return {each.theme: each.verdict for each in archive.labels.all()}


def items(count: int) -> list[Item]:
    return [
        an_item(key=str(n), url=f"http://x.example/{n}", title=f"告示 第{n}号", published=NOW - timedelta(hours=n))
        for n in range(count)
    ]


# -- verdicts


def test_relevant_confirms_each_theme_given(archive: Archive, desk: Desk, clock: Clock) -> None:
    """And keeps who said so, when and where."""
    item = an_item()
    tell(archive, item, themes=("export_control", "telecom_5g"))
    answer = desk.answer(a_request(Verb.RELEVANT, item=item.id))
    assert verdicts(archive) == {"export_control": True, "telecom_5g": True}
    assert {(each.item, each.who, each.via, each.at) for each in archive.labels.all()} == {(item.id, "U1", "slack", clock.now)}
    assert answer.text == (
        "Noted: relevant to Export control, Telecom and 5G. 2 labels since the last training; `monitor train` learns from them."
    )


def test_not_relevant_takes_back_each_theme_given(archive: Archive, desk: Desk) -> None:
    """Of the other themes nothing is said."""
    item = an_item()
    tell(archive, item)
    answer = desk.answer(a_request(Verb.NOT_RELEVANT, item=item.id))
    assert verdicts(archive) == {"export_control": False}
    assert answer.text.startswith("Noted: not relevant to Export control. 1 label since")


def test_another_theme_is_right_and_those_given_are_wrong(archive: Archive, desk: Desk) -> None:
    """Both at once; a theme that was given and is chosen stays."""
    item = an_item()
    tell(archive, item, themes=("export_control", "telecom_5g"))
    answer = desk.answer(a_request(Verb.THEME, item=item.id, value="critical_minerals"))
    assert verdicts(archive) == {"critical_minerals": True, "export_control": False, "telecom_5g": False}
    assert answer.text.startswith("Noted: relevant to Critical minerals; not relevant to Export control, Telecom and 5G.")
    desk.answer(a_request(Verb.THEME, item=item.id, value="telecom_5g"))
    assert verdicts(archive) == {"critical_minerals": False, "export_control": False, "telecom_5g": True}


def test_none_of_the_themes_is_a_verdict_on_all(archive: Archive, desk: Desk) -> None:
    """It belongs to none of those in the menu."""
    item = an_item()
    tell(archive, item)
    desk.answer(a_request(Verb.THEME, item=item.id, value=""))
    assert verdicts(archive) == dict.fromkeys(THEMES, False)


def test_the_last_word_of_an_analyst_counts_and_others_keep_theirs(archive: Archive, desk: Desk) -> None:
    """One verdict a person and question."""
    item = an_item()
    tell(archive, item)
    desk.answer(a_request(Verb.RELEVANT, item=item.id))
    desk.answer(a_request(Verb.NOT_RELEVANT, item=item.id))
    desk.answer(a_request(Verb.RELEVANT, item=item.id, user="U2"))
    assert {(each.who, each.verdict) for each in archive.labels.all()} == {("U1", False), ("U2", True)}


def test_an_item_without_a_theme_cannot_be_confirmed(archive: Archive, desk: Desk) -> None:
    """The analyst is led to the menu."""
    item = an_item()
    tell(archive, item, themes=())
    for verb in (Verb.RELEVANT, Verb.NOT_RELEVANT):
        assert "Choose the right one from the menu" in desk.answer(a_request(verb, item=item.id)).text
    assert archive.labels.all() == []
    desk.answer(a_request(Verb.THEME, item=item.id, value="telecom_5g"))
    assert verdicts(archive) == {"telecom_5g": True}


def test_a_theme_that_is_no_more_is_refused(archive: Archive, desk: Desk) -> None:
    """The menu under an old message may offer it; nothing is stored."""
    item = an_item()
    tell(archive, item)
    answer = desk.answer(a_request(Verb.THEME, item=item.id, value="deep_sea"))
    assert "there is no theme 'deep_sea' any more" in answer.text
    assert "export_control" in answer.text
    assert archive.labels.all() == []


def test_labels_are_counted_from_the_last_training(archive: Archive, clock: Clock) -> None:
    """What is learned already is not counted."""
    item = an_item()
    tell(archive, item)
    a_desk(archive, clock).answer(a_request(Verb.RELEVANT, item=item.id, user="U0"))
    trained = clock.now
    clock.move(hours=1)
    desk = a_desk(archive, clock, trained_at=lambda: trained)
    assert " 1 label since the last training" in desk.answer(a_request(Verb.RELEVANT, item=item.id)).text


# -- who may ask what, where


@pytest.mark.parametrize("verb", [verb for verb in Verb if verb is not Verb.COMMAND])
def test_a_channel_that_is_not_configured_is_refused(archive: Archive, desk: Desk, verb: Verb) -> None:
    """In words that name those that are; nothing is stored, and nothing of the archive is told."""
    item = an_item()
    tell(archive, item)
    request = a_request(verb, item=item.id, event=event_id(item.id), value="telecom_5g", place="C9", address="slack:#lunch")
    assert desk.answer(request) == Answer(text="This works only where the monitor posts: #digests, #econsec. Nothing was done.")
    assert archive.labels.all() == []
    assert archive.silences.all() == []


def test_a_command_in_a_channel_that_is_not_configured_is_refused(archive: Archive, desk: Desk) -> None:
    """A search too: not everybody in a workspace may read the archive."""
    tell(archive, an_item())
    answer = desk.answer(a_request(Verb.COMMAND, value="search since:1y", place="D1", address="slack:#directmessage"))
    assert answer.text.startswith("This works only where the monitor posts")
    assert answer.lines == ()


def test_a_channel_is_known_by_its_id_where_slack_told_it(archive: Archive, desk: Desk) -> None:
    """A private channel has another name in what Slack sends; a channel that took the name over is another channel."""
    tell(archive, an_item())
    renamed = a_request(Verb.COMMAND, value="search since:1y", address="slack:#privategroup")
    assert len(desk.answer(renamed).lines) == 1
    usurper = a_request(Verb.COMMAND, value="search since:1y", place="C2", address=HERE)
    assert desk.answer(usurper).lines == ()


def test_a_channel_is_known_by_its_name_until_then(archive: Archive, desk: Desk) -> None:
    """And by an id that stands in feeds.yaml."""
    tell(archive, an_item(), place=None)
    assert len(desk.answer(a_request(Verb.COMMAND, value="search since:1y")).lines) == 1
    by_id = a_desk(archive, Clock(), rules=[Rule(id="now", when="", to=("slack:C7",))])
    assert len(by_id.answer(a_request(Verb.COMMAND, value="search since:1y", place="C7", address="slack:#any")).lines) == 1


def test_a_channel_of_a_digest_may_ask(archive: Archive, desk: Desk) -> None:
    """It is told of by the monitor as well."""
    tell(archive, an_item())
    request = a_request(Verb.COMMAND, value="search since:1y", place="C2", address="slack:#digests")
    assert len(desk.answer(request).lines) == 1


@pytest.mark.parametrize("verb", [verb for verb in Verb if verb is not Verb.COMMAND])
def test_what_was_not_told_in_the_channel_is_refused(archive: Archive, desk: Desk, verb: Verb) -> None:
    """A button is good only under what stands there: told elsewhere, waiting, dropped or unknown is not."""
    tell(archive, elsewhere := an_item(key="1", url="http://x.example/1"), channel="slack:#digests", place="C2")
    tell(archive, waiting := an_item(key="2", url="http://x.example/2", title="別の告示"), state="waiting")
    for item in (elsewhere.id, waiting.id, "I-unknown"):
        answer = desk.answer(a_request(verb, item=item, event=event_id(item), value="telecom_5g"))
        assert "was not told in #econsec. Buttons work only under what the monitor told in the channel" in answer.text
        assert answer.lines == ()
        assert answer.file is None
    assert "was not told" in desk.answer(a_request(verb)).text
    assert archive.labels.all() == []
    assert archive.silences.all() == []


def test_a_button_counts_before_the_receipt_is_noted(archive: Archive, desk: Desk) -> None:
    """The message stands in Slack a moment before the archive knows."""
    tell(archive, item := an_item(), state="doubtful")
    assert desk.answer(a_request(Verb.RELEVANT, item=item.id)).text.startswith("Noted")


def test_an_archive_that_is_held_stores_nothing_and_says_so(
    archive: Archive, archive_url: str, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The caller hears of it; nothing claims to be noted."""
    tell(archive, item := an_item())
    archive._connection.execute("pragma busy_timeout = 50")
    holder = sqlite3.connect(archive.path, isolation_level=None)
    holder.execute("begin immediate")
    try:
        with pytest.raises(ArchiveBusy):
            a_desk(archive, clock).answer(a_request(Verb.RELEVANT, item=item.id))
    finally:
        holder.close()
    assert archive.labels.all() == []


# -- events


def test_a_muted_event_is_not_told_there_for_a_week(archive: Archive, desk: Desk, clock: Clock) -> None:
    """The silence is for that channel, and what waits is dropped."""
    tell(archive, an_item(key="1", url="http://x.example/1"), event=EVENT)
    answer = desk.answer(a_request(Verb.MUTE, event=EVENT))
    [silence] = archive.silences.active(clock.now)
    assert (silence.query, silence.channel, silence.who, silence.via) == (f"event:{EVENT}", HERE, "U1", "slack")
    assert silence.ends_at == clock.now + timedelta(days=7)
    assert answer.text.startswith(f"Muted: {EVENT} is not told in #econsec until 2026-05-08 08:00 UTC (silence {silence.id};")


def test_a_second_press_makes_no_second_silence(archive: Archive, desk: Desk, clock: Clock) -> None:
    """A day later it does: the week begins anew."""
    tell(archive, an_item(), event=EVENT)
    desk.answer(a_request(Verb.MUTE, event=EVENT))
    clock.move(minutes=5)
    assert "is muted already" in desk.answer(a_request(Verb.MUTE, event=EVENT, user="U2")).text
    assert len(archive.silences.all()) == 1
    clock.move(days=1)
    desk.answer(a_request(Verb.MUTE, event=EVENT))
    assert max(each.ends_at for each in archive.silences.all()) == clock.now + timedelta(days=7)


def test_a_button_of_an_event_that_was_merged_works_on_where_it_went(archive: Archive, desk: Desk, clock: Clock) -> None:
    """And the other way round: the message may name either."""
    tell(archive, an_item(key="1", url="http://x.example/1"), event="E-bbbbbbbbbb")
    tell(
        archive,
        an_item(key="2", url="http://x.example/2", title="続報"),
        event=EVENT,
        state="waiting",
        channel="console",
        place=None,
    )
    archive.events.merge(EVENT, "E-bbbbbbbbbb", who="mori", now=NOW)
    for named in ("E-bbbbbbbbbb", EVENT):
        assert desk.answer(a_request(Verb.TIMELINE, event=named)).text.startswith(f"{EVENT}: announced; 2 items")
    desk.answer(a_request(Verb.MUTE, event="E-bbbbbbbbbb"))
    assert [each.query for each in archive.silences.active(clock.now)] == [f"event:{EVENT}"]


def test_a_timeline_tells_items_and_stages_in_order_of_time(archive: Archive, desk: Desk) -> None:
    """With source, language, tier and address."""
    final = an_item(
        key="2",
        url="https://bis.example/2",
        source="bis",
        title="Export controls on graphite; final rule",
        lang="en",
        country="US",
        published=NOW - timedelta(hours=1),
        tier=Tier.OFFICIAL,
    )
    final_step = a_shown("final rule", sentence="This final rule amends the EAR.")
    tell(
        archive,
        an_item(
            key="1",
            url="https://press.example/1",
            source="press",
            title="Rule expected",
            lang="en",
            tier=Tier.PRESS,
            published=NOW - timedelta(days=2),
        ),
        event=EVENT,
    )
    tell(archive, final, event=EVENT, shown=final_step)
    answer = desk.answer(a_request(Verb.TIMELINE, event=EVENT))
    assert answer.text == f"{EVENT}: final (final rule); 2 items from 2 sources in en."
    assert [(each.title, each.note, each.url) for each in answer.lines] == [
        ("Rule expected", "2026-04-29 · press · en · press", "https://press.example/1"),
        ("Export controls on graphite; final rule", "2026-05-01 · bis · en · official", "https://bis.example/2"),
        ("→ final (final rule) in US", "2026-05-01 · official · “This final rule amends the EAR.”", "https://bis.example/2"),
    ]


def test_a_long_timeline_tells_the_latest_and_how_many_more(archive: Archive, desk: Desk) -> None:
    """And the command that lists them all."""
    tell(archive, *items(TOLD + 5), event=EVENT)
    answer = desk.answer(a_request(Verb.TIMELINE, event=EVENT))
    assert len(answer.lines) == TOLD
    assert answer.lines[-1].title == "告示 第0号"
    assert answer.text.endswith(f"The latest 20, and 5 more: `monitor event {EVENT}`")


def test_a_calendar_has_the_dates_that_are_ahead(archive: Archive, desk: Desk) -> None:
    """As a file that calendars read, with the UIDs of `monitor deadlines`."""
    ahead, behind = a_date(date(2026, 6, 30), sentence="Comments close."), a_date(date(2026, 4, 1), DateKind.EFFECTIVE)
    tell(archive, an_item(title="黒鉛, 規制; \\案"), event=EVENT, dates=(ahead, behind))
    answer = desk.answer(a_request(Verb.CALENDAR, event=EVENT))
    assert answer.file is not None
    assert (answer.file.name, answer.file.media_type) == (f"{EVENT}.ics", "text/calendar")
    [found] = Calendar.from_ical(answer.file.content).walk("VEVENT")
    [deadline] = archive.events.deadlines(date(2026, 5, 1), date(2026, 7, 1), NOW)
    assert (found["UID"], found.decoded("DTSTART")) == (f"{deadline.date.uid}@econsec-monitor", date(2026, 6, 30))
    assert found["SUMMARY"] == "Comments close: 黒鉛, 規制; \\案"
    assert answer.text.startswith(f"1 date of {EVENT} ahead, as a calendar.")
    assert "`monitor deadlines --within 90d --format ics`" in answer.text


def test_an_event_without_dates_ahead_says_so(archive: Archive, desk: Desk) -> None:
    """And makes no empty file."""
    tell(archive, an_item(), event=EVENT, dates=(a_date(date(2026, 4, 1)),))
    assert desk.answer(a_request(Verb.CALENDAR, event=EVENT)) == Answer(text=f"{EVENT} has no date that is ahead.")


# -- commands


@pytest.fixture
def ask(archive: Archive, desk: Desk) -> Callable[[str], Answer]:
    """Types a command in the channel."""
    tell(archive, *items(FOUND + 3), event=EVENT, dates=(a_date(date(2026, 5, 20)), a_date(date(2026, 9, 1), DateKind.EFFECTIVE)))
    return lambda text: desk.answer(a_request(Verb.COMMAND, value=text))


def test_a_search_tells_the_newest_ten(ask: Callable[[str], Answer]) -> None:
    """And that there are more."""
    answer = ask("search 告示")
    assert [each.title for each in answer.lines] == [f"告示 第{n}号" for n in range(FOUND)]
    assert answer.lines[0].note == f"2026-05-01 · meti · ja · official · Export control · {EVENT}"
    assert answer.text == "The newest 10; there are more: `monitor search`"


@pytest.mark.parametrize(
    "typed",
    [
        "search 第3号",
        "  SEARCH   第3号 ",
        "ｓｅａｒｃｈ　第３号",
        "search “第3号”",
        "search (第3号 OR 第99号)　ｌａｎｇ：ja",
    ],
)
def test_a_search_is_read_as_it_is_typed(ask: Callable[[str], Answer], typed: str) -> None:
    """Full width, capitals and the quotation marks of a clever keyboard."""
    answer = ask(typed)
    assert (answer.text, [each.title for each in answer.lines]) == ("1 item:", ["告示 第3号"])


def test_a_search_knows_saved_searches_and_other_languages(archive: Archive, clock: Clock) -> None:
    """As on the command line; what another language found is marked."""
    tell(archive, an_item(key="de", title="Graphit wird knapp", lang="de"))
    archive.searches.put("anode", "黒鉛", who="mori", now=NOW)
    terms = Thesaurus((Term("graphite", (("ja", ("黒鉛",)), ("de", ("Graphit",)))),))
    desk = a_desk(archive, clock, terms=terms)
    for typed in ("search 黒鉛", "search @anode"):
        [line] = desk.answer(a_request(Verb.COMMAND, value=typed)).lines
        assert line.title == "Graphit wird knapp"
        assert line.note.endswith("≈ Graphit")
    assert "there is no saved search 'nobody'" in desk.answer(a_request(Verb.COMMAND, value="search @nobody")).text


def test_a_slip_in_a_query_is_shown_with_its_place(ask: Callable[[str], Answer]) -> None:
    """As on the command line, in a block of even letters."""
    answer = ask("search 告示 sorce:meti")
    assert answer.lines == ()
    assert answer.text == (
        "unknown field 'sorce'. Did you mean source:? To search for the text itself, put it in quotation marks"
        "\n```\n告示 sorce:meti\n     ^\n```"
    )


def test_a_query_ends_no_code_block(ask: Callable[[str], Answer]) -> None:
    """What was typed stays inside."""
    answer = ask("search x:``` <!channel> ```")
    assert answer.text.count("```") == 2


def test_a_long_query_is_read_and_a_longer_one_refused(ask: Callable[[str], Answer]) -> None:
    """10,000 characters, as on the command line."""
    for part in ("第3号 OR ", "-ab ", "a ", "event:E-a,", "cfr:15/744,"):
        field, _, rest = part.partition(":")
        longest = f"{field}:{rest * 5000}" if rest else part * 5000
        answer = ask(f"search {longest[:9_990].rpartition(part[-1])[0]}x")
        assert answer.text in ("Nothing found.", "1 item:", "The newest 10; there are more: `monitor search`"), answer.text
    assert "the limit is 10000" in ask(f"search {'告' * 10_001}").text


def test_dates_ahead_are_told_in_order(ask: Callable[[str], Answer]) -> None:
    """Of the next 30 days, or as many as are asked for."""
    answer = ask("deadlines")
    assert answer.text == "1 date in the next 30 days"
    [line] = answer.lines
    assert line.title.startswith("2026-05-20 Comments close: 告示")
    assert line.note == f"meti · {EVENT}"
    assert [each.title[:10] for each in ask("ｄｅａｄｌｉｎｅｓ ３６５ｄ").lines] == ["2026-05-20", "2026-09-01"]
    assert ask("deadlines 2d") == Answer(text="No date falls in the next 2 days.")
    assert ask("deadlines soon").text.startswith("Say how far ahead")


def test_events_that_moved_are_told(ask: Callable[[str], Answer]) -> None:
    """With stage, items and languages."""
    [line] = ask("events").lines
    assert line.note == f"{EVENT} · announced · 13 items · ja · Export control"


@pytest.mark.parametrize("typed", ["", "  ", "help", "search", "search  ", "drop table items", "events now", "/monitor"])
def test_anything_else_is_answered_with_help(ask: Callable[[str], Answer], typed: str) -> None:
    """Short, and with an example."""
    answer = ask(typed)
    assert answer.text.startswith("`search QUERY`")
    assert len(answer.text) < 600


def test_nothing_found_is_said(ask: Callable[[str], Answer]) -> None:
    """In two words."""
    assert ask("search 鉄道") == Answer(text="Nothing found.")


def test_the_archive_is_opened_at_the_first_question_and_given_back(archive: Archive, archive_url: str, clock: Clock) -> None:
    """A service that nobody asks anything opens nothing."""
    tell(archive, an_item())
    opened: list[Any] = []

    def open_desk() -> Desk:
        opened.append(Archive.open(archive_url))
        return a_desk(opened[-1], clock)

    answering = Answering(open_desk)
    answering.close()
    assert opened == []
    for _ in range(2):
        assert answering(a_request(Verb.COMMAND, value="search 輸出貿易")).text == "1 item:"
    assert len(opened) == 1
    answering.close()
    with pytest.raises(sqlite3.ProgrammingError):
        opened[0].reading.counts()
