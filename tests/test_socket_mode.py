"""What is pressed and typed in Slack: acknowledged at once, answered once, said to the analyst alone; the connection mends itself."""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from builders import an_item
from conftest import Clock
from desks import THEMES, a_desk, tell
from hypothesis import given, settings
from hypothesis import strategies as st
from socket_fake import SocketFake

from monitor.answers import Answering
from monitor.archive import Archive
from monitor.channels import actions, socket_mode
from monitor.channels.payloads import asked
from monitor.channels.replies import ephemeral, short
from monitor.channels.socket_mode import ACKNOWLEDGED, SocketMode
from monitor.errors import ArchiveBusy, ArchiveError
from monitor.messages import Answer, File, Line, Message, Request, Verb

RELEVANT = actions.action_id(Verb.RELEVANT)
VALUE = actions.value_of("I-1", "E-1")
SLACK_GIVES = 3.0


class Desk:
    """Answers as a test says, and keeps what it was asked and in which thread."""

    def __init__(self) -> None:
        self.asked: list[Request] = []
        self.threads: set[str] = set()
        self.reply: Callable[[Request], Answer] = lambda _: Answer(text="Noted.")

    def __call__(self, request: Request) -> Answer:
        self.asked.append(request)
        self.threads.add(threading.current_thread().name)
        return self.reply(request)


@pytest.fixture
def fake() -> Iterator[SocketFake]:
    found = SocketFake()
    yield found
    found.close()


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def listen(fake: SocketFake, desk: Desk) -> Iterator[Callable[..., SocketMode]]:
    """A started connection, stopped at the end."""
    started: list[SocketMode] = []

    def start(**changes: Any) -> SocketMode:
        base: dict[str, Any] = {"app_token": fake.app_token, "bot_token": fake.bot_token, "api_url": fake.api_url}
        base |= {"answer": desk, "timeout": 5, "first_pause": 0.05, "longest_pause": 0.2}
        found = SocketMode(**base | changes)
        started.append(found)
        found.start()
        return found

    yield start
    for each in started:
        each.stop()


def a_message(**changes: Any) -> Message:
    base: dict[str, Any] = {"key": "alert:slack:#econsec:I-1", "address": "#econsec", "headline": "h", "title": "t", "url": None}
    base |= {"extract": "", "fields": (), "why": "", "hint": "", "text": "t", "event": "E-1", "item": "I-1"}
    return Message(**base | {"themes": tuple(THEMES.items()), "has_dates": True} | changes)


def shown(said: dict[str, Any]) -> str:
    """All text of what was said."""
    return "\n".join(each["text"]["text"] for each in said["blocks"])


# -- the buttons


def test_every_button_is_read_back_as_what_it_was_made_for() -> None:
    """Verb, item, event and theme survive the way through Slack."""
    block = actions.actions(a_message())
    assert block is not None
    read = []
    for each in block["elements"]:
        for value in [option["value"] for option in each.get("options", ())] or [each["value"]]:
            pressed = actions.parse(each["action_id"], value)
            assert pressed is not None
            assert (pressed.item, pressed.event) == ("I-1", "E-1")
            read.append((pressed.verb, pressed.value))
    menu = [(Verb.THEME, theme) for theme in (*THEMES, "")]
    assert read == [
        (Verb.RELEVANT, ""),
        (Verb.NOT_RELEVANT, ""),
        *menu,
        (Verb.MUTE, ""),
        (Verb.TIMELINE, ""),
        (Verb.CALENDAR, ""),
    ]


def test_a_message_has_the_buttons_that_have_a_use() -> None:
    """None without themes; no calendar without dates; none about an item or an event that it does not tell."""
    assert actions.actions(a_message(themes=())) is None
    assert actions.actions(a_message(item=None, event=None)) is None

    def verbs(**changes: Any) -> list[str]:
        block = actions.actions(a_message(**changes))
        assert block is not None
        return [each["action_id"].partition(":")[2] for each in block["elements"]]

    assert verbs(has_dates=False) == ["relevant", "not_relevant", "theme", "mute", "timeline"]
    assert verbs(event=None) == ["relevant", "not_relevant", "theme"]
    assert verbs(item=None) == ["mute", "timeline", "calendar"]


def test_buttons_keep_slacks_limits() -> None:
    """Whatever the themes are called and however many there are; each message has a block id of its own."""
    themes = tuple((f"theme_{number}", "名" * 200) for number in range(300))
    block = actions.actions(a_message(themes=themes, key="鍵" * 500))
    assert block is not None
    [menu] = [each for each in block["elements"] if each["type"] == "static_select"]
    assert len(menu["options"]) == 100
    assert menu["options"][-1]["value"] == "|I-1|E-1"
    assert max(len(each["value"]) for each in menu["options"]) <= 150
    assert max(len(each["text"]["text"]) for each in menu["options"]) <= 75
    assert len(block["block_id"]) <= 255
    other = actions.actions(a_message())
    assert other is not None
    assert other["block_id"] != block["block_id"]


@pytest.mark.parametrize(
    ("action", "value"),
    [
        ("monitor:relevant", "no json"),
        ("monitor:relevant", "[1]"),
        ("monitor:relevant", '{"i": 7}'),
        ("monitor:relevant", '{"i": "I-1 or 1=1", "e": null}'),
        ("monitor:relevant", '{"i": "E-1", "e": "I-1"}'),
        ("monitor:relevant", "[" * 1999),
        ("monitor:relevant", " " * 2001),
        ("monitor:command", "search x"),
        ("monitor:", "{}"),
        ("poll:vote", "{}"),
        ("monitor:theme", "a|b"),
        ("monitor:theme", "<!channel>|I-1|E-1"),
        (None, "{}"),
        ("monitor:mute", None),
    ],
)
def test_a_value_that_we_did_not_write_is_none(action: object, value: object) -> None:
    """Nothing of a stranger becomes a request."""
    assert actions.parse(action, value) is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["type", "user", "channel", "actions", "id", "action_id", "value", "selected_option", "user_id", "text"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@settings(max_examples=200, deadline=None)
@given(kind=st.sampled_from(["interactive", "slash_commands", "events_api", None]), payload=JSON)
def test_any_payload_is_read_without_a_fault(kind: object, payload: object) -> None:
    """Malformed ones ask nothing."""
    found = asked(kind, payload)
    assert found is None or (found.request.user and found.request.place)


def test_what_was_typed_is_what_slack_escaped() -> None:
    """score:>=0.8 survives the way."""
    payload = {"command": "/monitor", "user_id": "U1", "channel_id": "C1", "text": "search score:&gt;=0.8 &amp;lt;"}
    found = asked("slash_commands", payload)
    assert found is not None
    assert found.request.value == "search score:>=0.8 &lt;"


# -- what is said


def test_text_of_others_is_neither_a_mention_nor_a_link() -> None:
    """Not in a title, a note or a text; an address hides behind no words of a source."""
    evil = "<!channel> <https://evil.example|bank> https://evil.example"
    lines = [
        Line(title=evil, url="https://x.example/?a=1&b=<!here>", note=evil),
        Line(title="t", url="https://x.example/?a=1&b=2"),
    ]
    lines.append(Line(title="t", url="javascript:alert(1)"))
    text = shown(ephemeral(evil, lines))
    assert "<!" not in text
    assert text.count("<") == 1
    assert "<https://x.example/?a=1&amp;b=2|open>" in text
    assert all(each["text"]["verbatim"] for each in ephemeral(evil, lines)["blocks"])
    assert "<" not in short(evil)["text"]


@settings(max_examples=60, deadline=None)
@given(
    text=st.text(alphabet="a&<>文\n", max_size=20_000),
    lines=st.lists(
        st.builds(Line, title=st.text(alphabet="a&<文", max_size=900), url=st.just("https://x.example/" + "a" * 1900)),
        max_size=60,
    ),
)
def test_an_answer_keeps_slacks_limits(text: str, lines: list[Line]) -> None:
    """50 blocks, 3000 characters in each, 13,000 in all, and no escape is cut in two."""
    said = ephemeral(text, lines)
    texts = [each["text"]["text"] for each in said["blocks"]]
    assert 1 <= len(texts) <= 50
    assert all(1 <= len(each) <= 3000 for each in texts)
    assert sum(map(len, texts)) <= 13_000
    assert len(said["text"]) <= 4000
    for each in [*texts, said["text"], short(text)["text"]]:
        assert "&" not in each.replace("&amp;", "").replace("&lt;", "").replace("&gt;", "")


@pytest.mark.shared
def test_answers_and_buttons_pass_the_checks_of_a_strict_slack(shared: Path) -> None:
    """As Slack would take them: valid blocks, no mention, no masked link."""
    from fake_slack import check_blocks, warnings_of

    lines = [Line(title="<!here> go to bank.example", url=f"https://x.example/{n}", note="bis.gov · en") for n in range(40)]
    said = ephemeral("Found <@U1>:", lines)
    assert check_blocks([*said["blocks"], actions.actions(a_message())]) == []
    assert warnings_of({**said, "unfurl_links": False, "unfurl_media": False}) == []


# -- from Slack and back


def test_a_button_is_acknowledged_answered_and_told_to_the_analyst_alone(
    fake: SocketFake, desk: Desk, listen: Callable[..., SocketMode]
) -> None:
    """In the thread of the message."""
    listen()
    assert fake.wait_connected()
    envelope = fake.press(RELEVANT, VALUE, message={"ts": "1700000000.000001", "thread_ts": "1700000000.000001"})
    took, payload = fake.wait_acknowledged(envelope)
    assert (took < SLACK_GIVES, payload) == (True, None)
    [said] = fake.wait_said(1)
    assert (said["channel"], said["user"], said["thread_ts"]) == ("C1", "U1", "1700000000.000001")
    assert shown(said) == "Noted."
    [request] = desk.asked
    expected = Request(
        verb=Verb.RELEVANT,
        user="U1",
        name="mori",
        place="C1",
        address="slack:#econsec",
        item="I-1",
        event="E-1",
        thread="1700000000.000001",
    )
    assert request == expected


def test_an_answer_to_a_reply_stays_in_its_thread(fake: SocketFake, listen: Callable[..., SocketMode]) -> None:
    """A reply in a thread is answered there, not in a thread of its own."""
    listen()
    assert fake.wait_connected()
    fake.press(RELEVANT, VALUE, message={"ts": "2.2", "thread_ts": "1.1"})
    assert fake.wait_said(1)[0]["thread_ts"] == "1.1"


def test_a_message_without_answers_has_no_thread_to_speak_in(
    fake: SocketFake, desk: Desk, listen: Callable[..., SocketMode]
) -> None:
    """Slack shows what is said to one person only in a thread that there is; a file opens one."""
    listen()
    assert fake.wait_connected()
    fake.press(RELEVANT, VALUE)
    assert "thread_ts" not in fake.wait_said(1)[0]
    assert desk.asked[0].thread == "1700000000.000001"


def test_a_choice_of_the_menu_names_its_theme(fake: SocketFake, desk: Desk, listen: Callable[..., SocketMode]) -> None:
    """The option's value, not the button's."""
    listen()
    assert fake.wait_connected()
    fake.press(actions.action_id(Verb.THEME), actions.option_of("telecom_5g", "I-1", "E-1"))
    fake.wait_said(1)
    assert (desk.asked[0].verb, desk.asked[0].value) == (Verb.THEME, "telecom_5g")


def test_a_short_answer_to_a_command_rides_on_the_acknowledgement(fake: SocketFake, listen: Callable[..., SocketMode]) -> None:
    """So that it is seen in channels, too, that the bot is not in."""
    listen()
    assert fake.wait_connected()
    took, payload = fake.wait_acknowledged(fake.type("help"))
    assert took < SLACK_GIVES
    assert payload is not None
    assert (payload["response_type"], payload["text"]) == ("ephemeral", "Noted.")
    assert fake.said() == []


def test_a_list_is_said_after_the_acknowledgement(fake: SocketFake, desk: Desk, listen: Callable[..., SocketMode]) -> None:
    """With its lines, to the analyst alone, in no thread."""
    desk.reply = lambda _: Answer(text="2 items:", lines=(Line(title="a", url="https://x.example/1"), Line(title="b", url=None)))
    listen()
    assert fake.wait_connected()
    _, payload = fake.wait_acknowledged(fake.type("search x"))
    assert payload is None
    [said] = fake.wait_said(1)
    assert "thread_ts" not in said
    assert shown(said) == "2 items:\n• a · <https://x.example/1|open>\n• b"


def test_slow_work_holds_no_acknowledgement(fake: SocketFake, desk: Desk, listen: Callable[..., SocketMode]) -> None:
    """Neither its own nor that of the next; what was asked is answered in order, in one thread."""
    free = threading.Event()
    desk.reply = lambda request: Answer(text=f"{request.verb.value} {free.wait(timeout=20)}")
    listen()
    assert fake.wait_connected()
    first, second, third = fake.press(RELEVANT, VALUE), fake.type("help"), fake.press(RELEVANT, VALUE)
    assert max(fake.wait_acknowledged(each)[0] for each in (first, third)) < ACKNOWLEDGED
    assert fake.wait_acknowledged(second)[0] < SLACK_GIVES
    assert fake.said() == []
    free.set()
    assert [shown(each) for each in fake.wait_said(3)] == ["relevant True", "command True", "relevant True"]
    assert desk.threads == {"slack-answers"}


def test_noted_is_said_when_it_is_stored(
    archive: Archive, archive_url: str, clock: Clock, fake: SocketFake, listen: Callable[..., SocketMode]
) -> None:
    """While another process holds the archive, the button is acknowledged and nothing is claimed."""
    item = an_item()
    tell(archive, item)
    answering = Answering(lambda: a_desk(Archive.open(archive_url), clock))
    listen(answer=answering, on_end=answering.close)
    assert fake.wait_connected()
    value = actions.value_of(item.id, None)
    fake.press(actions.action_id(Verb.NOT_RELEVANT), value)
    fake.wait_said(1)
    holder = sqlite3.connect(archive.path, isolation_level=None)
    holder.execute("begin immediate")
    took, _ = fake.wait_acknowledged(fake.press(RELEVANT, value))
    assert took < SLACK_GIVES
    assert not fake.wait(lambda: len(fake.said()) > 1, 0.3)
    assert [each.verdict for each in archive.labels.all()] == [False]
    holder.execute("rollback")
    holder.close()
    assert shown(fake.wait_said(2)[1]).startswith("Noted: relevant to Export control.")
    assert [each.verdict for each in archive.labels.all()] == [True]


def test_too_much_at_once_is_refused_in_words(
    fake: SocketFake, desk: Desk, listen: Callable[..., SocketMode], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What waits is bounded, and who waited too long has pressed again already."""
    monkeypatch.setattr(socket_mode, "WAITING", 1)
    free = threading.Event()
    desk.reply = lambda request: Answer(text=f"{request.value} {free.wait(timeout=20)}")
    listen()
    assert fake.wait_connected()
    fake.press(RELEVANT, VALUE)
    assert wait_for(lambda: bool(desk.asked))
    fake.press(RELEVANT, VALUE)
    _, payload = fake.wait_acknowledged(fake.type("help"))
    assert payload is not None
    assert payload["text"].startswith("Not noted: too much was asked at once")
    monkeypatch.setattr(socket_mode, "PATIENCE", -1)
    free.set()
    assert [shown(each)[:9] for each in fake.wait_said(2)] == [" True", "Not noted"]
    assert len(desk.asked) == 1


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (ArchiveBusy("held", subject="/srv/monitor.db"), "Not noted: the archive is being used"),
        (ArchiveError("the disk is full", subject="/srv/monitor.db"), "Not noted: something failed here"),
        (RuntimeError("a bug xoxb-secret"), "Not noted: something failed here"),
    ],
)
def test_what_could_not_be_stored_is_not_said_to_be(
    fake: SocketFake, desk: Desk, listen: Callable[..., SocketMode], error: Exception, expected: str
) -> None:
    """The analyst learns so, nothing of the machine's insides, and the next button works."""

    def fail(request: Request) -> Answer:
        raise error

    desk.reply = fail
    listen()
    assert fake.wait_connected()
    fake.press(RELEVANT, VALUE)
    text = shown(fake.wait_said(1)[0])
    assert text.startswith(expected)
    assert "/srv" not in text
    assert "xoxb" not in text
    desk.reply = lambda _: Answer(text="Noted.")
    fake.press(RELEVANT, VALUE)
    assert shown(fake.wait_said(2)[1]) == "Noted."


def test_a_repeated_envelope_is_acknowledged_again_and_answered_once(
    fake: SocketFake, desk: Desk, listen: Callable[..., SocketMode]
) -> None:
    """Slack repeats what it thinks was lost."""
    listen()
    assert fake.wait_connected()
    fake.press(RELEVANT, VALUE, envelope="same")
    fake.wait_acknowledged("same")
    fake.acknowledged.clear()
    fake.press(RELEVANT, VALUE, envelope="same")
    fake.wait_acknowledged("same")
    fake.press(RELEVANT, VALUE)
    fake.wait_said(2)
    assert len(desk.asked) == 2


@pytest.mark.parametrize(
    ("kind", "payload"),
    [
        ("interactive", {"type": "view_submission", "user": {"id": "U1"}}),
        (
            "interactive",
            {"type": "block_actions", "user": {"id": "U1"}, "channel": {"id": "C1"}, "actions": [{"action_id": "x:y"}]},
        ),
        ("interactive", {"type": "block_actions", "user": None, "actions": "none"}),
        ("interactive", None),
        ("interactive", ["block_actions"]),
        ("slash_commands", {"text": "search x"}),
        ("events_api", {"event": {"type": "message", "text": "hello"}}),
        ("something_new", {}),
    ],
)
def test_what_is_not_ours_is_acknowledged_and_ignored_with_one_line(
    fake: SocketFake, desk: Desk, listen: Callable[..., SocketMode], caplog: pytest.LogCaptureFixture, kind: str, payload: object
) -> None:
    """Foreign, unknown or malformed: Slack is content, nobody is answered, the next button works."""
    listen()
    assert fake.wait_connected()
    _, answered = fake.wait_acknowledged(fake.envelope(kind, payload))
    assert answered is None
    fake.press(RELEVANT, VALUE)
    fake.wait_said(1)
    assert len(desk.asked) == 1
    lines = [each for each in caplog.records if each.levelno >= logging.WARNING]
    assert [each.message.split(" cause")[0] for each in lines] == [f"ignored slack type={kind!r}"]


@pytest.mark.parametrize("text", ["no json", "{broken", "[]", '"x"', "{}", '{"type": 7}', "[" * 50_000, "{" + " " * 300_000])
def test_garbage_is_ignored_with_one_line(
    fake: SocketFake, listen: Callable[..., SocketMode], caplog: pytest.LogCaptureFixture, text: str
) -> None:
    """On the same connection, without a traceback."""
    listen()
    assert fake.wait_connected()
    fake.text(text)
    fake.press(RELEVANT, VALUE)
    fake.wait_said(1)
    lines = [each for each in caplog.records if each.levelno >= logging.WARNING]
    assert len(lines) == 1
    assert lines[0].exc_info is None
    assert fake.connections == 1


# -- files


def with_file(_: Request) -> Answer:
    return Answer(
        text="1 date ahead. Of all events: `monitor deadlines --format ics`",
        file=File(name="E-1.ics", media_type="text/calendar", content="日BEGIN".encode()),
    )


def test_a_file_goes_into_the_thread(fake: SocketFake, desk: Desk, listen: Callable[..., SocketMode]) -> None:
    """Byte for byte, under its name."""
    desk.reply = with_file
    listen()
    assert fake.wait_connected()
    fake.press(actions.action_id(Verb.CALENDAR), VALUE)
    assert shown(fake.wait_said(1)[0]).startswith("1 date ahead.")
    assert fake.files == ["日BEGIN".encode()]
    calls = dict(fake.calls)
    assert calls["files.getUploadURLExternal"]["filename"] == "E-1.ics"
    done = calls["files.completeUploadExternal"]
    assert (done["channel_id"], done["thread_ts"]) == ("C1", "1700000000.000001")


@pytest.mark.parametrize(
    ("mood", "expected"), [("missing_scope", "lacks the scope files:write"), ("http500", "could not be put here now")]
)
def test_a_file_that_cannot_go_is_told_with_the_command(
    fake: SocketFake, desk: Desk, listen: Callable[..., SocketMode], mood: str, expected: str
) -> None:
    """The text still says how to make it oneself."""
    fake.moods["files.getUploadURLExternal"] = [mood]
    desk.reply = with_file
    listen()
    assert fake.wait_connected()
    fake.press(actions.action_id(Verb.CALENDAR), VALUE)
    text = shown(fake.wait_said(1)[0])
    assert expected in text
    assert "`monitor deadlines --format ics`" in text


def test_an_answer_is_tried_again_where_that_helps(fake: SocketFake, listen: Callable[..., SocketMode]) -> None:
    """A dropped call and a server error; not a plain no."""
    fake.moods["chat.postEphemeral"] = ["drop", "http500", "", "user_not_in_channel", ""]
    listen()
    assert fake.wait_connected()
    fake.press(RELEVANT, VALUE)
    fake.wait_said(3)
    fake.press(RELEVANT, VALUE)
    fake.press(RELEVANT, VALUE)
    fake.wait_said(5)
    assert len(fake.said()) == 5


# -- the connection


def test_slack_moves_the_connection_and_nothing_is_lost(fake: SocketFake, desk: Desk, listen: Callable[..., SocketMode]) -> None:
    """As it does every few hours: refresh_requested."""
    listen()
    assert fake.wait_connected()
    fake.refresh()
    assert fake.wait_connected(2)
    fake.press(RELEVANT, VALUE)
    fake.wait_said(1)


def test_a_cut_connection_is_opened_again(
    fake: SocketFake, listen: Callable[..., SocketMode], caplog: pytest.LogCaptureFixture
) -> None:
    """Soon, without a traceback, and without a processor that spins."""
    caplog.set_level(logging.INFO)
    listen()
    assert fake.wait_connected()
    began, used = time.monotonic(), time.process_time()
    fake.drop()
    assert fake.wait_connected(2)
    assert time.monotonic() - began < 3
    assert time.process_time() - used < 1
    fake.press(RELEVANT, VALUE)
    fake.wait_said(1)
    assert [each for each in caplog.records if each.exc_info] == []


def test_it_starts_while_slack_is_down(
    fake: SocketFake, listen: Callable[..., SocketMode], caplog: pytest.LogCaptureFixture
) -> None:
    """At once; it is connected when Slack is back, and one line told of the wait."""
    fake.moods["apps.connections.open"] = ["http500", "http500", "http500", "garbage", "drop"]
    began = time.monotonic()
    listen()
    assert time.monotonic() - began < 1
    assert fake.wait_connected()
    told = [each.message for each in caplog.records if "HTTP 500" in each.message]
    assert told == ["not connected to slack cause='HTTP 500'; trying again"]


def test_it_starts_without_any_slack(listen: Callable[..., SocketMode], caplog: pytest.LogCaptureFixture) -> None:
    """Nobody listens at that address: the start returns, the stop is quick."""
    found = listen(api_url="http://127.0.0.1:9/api/")
    began = time.monotonic()
    found.stop()
    assert time.monotonic() - began < 2


@pytest.mark.parametrize("token", ["xapp-SECRET-wrong", "xapp-SECRET\nwrong", "xapp-SECRET-日本"])
def test_a_wrong_app_token_gives_one_line_and_no_loop(
    fake: SocketFake, listen: Callable[..., SocketMode], caplog: pytest.LogCaptureFixture, token: str
) -> None:
    """It is not asked again, and the token stands nowhere."""
    caplog.set_level(logging.DEBUG)
    found = listen(app_token=token)
    assert wait_for(lambda: any("not connected" in each.message for each in caplog.records))
    assert not fake.wait(lambda: len(fake.calls) > 1, 0.5)
    found.stop()
    lines = [each for each in caplog.records if each.levelno >= logging.WARNING]
    assert len(lines) == 1
    assert "SECRET" not in caplog.text
    assert "Traceback" not in caplog.text


def test_a_token_that_is_revoked_later_ends_it_with_one_line(
    fake: SocketFake, listen: Callable[..., SocketMode], caplog: pytest.LogCaptureFixture
) -> None:
    """The connection breaks, and Slack does not take the token any more."""
    listen()
    assert fake.wait_connected()
    fake.moods["apps.connections.open"] = ["token_revoked"] * 5
    fake.drop()
    assert wait_for(lambda: "token_revoked" in caplog.text)
    assert not fake.wait(lambda: len(fake.moods["apps.connections.open"]) < 4, 0.5)
    assert caplog.text.count("Check SLACK_APP_TOKEN") == 1


@pytest.mark.parametrize(
    "url", ["ws://slack.example/link", "wss://slack.example:8443/link", "http://slack.example", "", "wss://[x"]
)
def test_a_ticket_is_never_sent_in_the_clear(
    fake: SocketFake, listen: Callable[..., SocketMode], caplog: pytest.LogCaptureFixture, url: str
) -> None:
    """The library would speak plainly to any port but 443."""
    fake.wss_url = url or " "
    listen()
    assert wait_for(lambda: "not connected" in caplog.text)
    assert "slack.example" not in caplog.text


def test_it_ends_within_two_seconds(fake: SocketFake, desk: Desk, listen: Callable[..., SocketMode]) -> None:
    """Also while an answer waits for the archive; the thread that waits ends when it can."""
    free = threading.Event()
    ended = threading.Event()
    desk.reply = lambda _: Answer(text=str(free.wait(timeout=20)))
    found = listen(on_end=ended.set)
    assert fake.wait_connected()
    fake.wait_acknowledged(fake.press(RELEVANT, VALUE))
    began = time.monotonic()
    found.stop()
    assert time.monotonic() - began < 2
    free.set()
    assert ended.wait(timeout=10)


def test_it_ends_within_two_seconds_while_slack_is_silent(fake: SocketFake, listen: Callable[..., SocketMode]) -> None:
    """A call that hangs is left behind."""
    fake.moods["apps.connections.open"] = ["slow"]
    found = listen()
    began = time.monotonic()
    found.stop()
    assert time.monotonic() - began < 2


def test_no_secret_is_in_any_log(
    fake: SocketFake, desk: Desk, listen: Callable[..., SocketMode], caplog: pytest.LogCaptureFixture
) -> None:
    """Tokens, tickets, response addresses and what was typed stay out, however much is logged."""
    caplog.set_level(logging.DEBUG)
    fake.app_token, fake.bot_token = "xapp-SECRET-app", "xoxb-SECRET-bot"
    fake.moods = {"chat.postEphemeral": ["drop", "http500", "garbage", "invalid_auth"], "apps.connections.open": ["http500"]}
    found = listen()
    assert "SECRET" not in repr(found)
    assert fake.wait_connected()
    fake.press(RELEVANT, VALUE)
    fake.wait_acknowledged(fake.type("search SECRET-QUERY"))
    fake.press(RELEVANT, VALUE)
    fake.wait_said(4)
    fake.refresh()
    assert fake.wait_connected(2)
    fake.drop()
    assert fake.wait_connected(3)
    found.stop()
    assert caplog.records
    assert "SECRET" not in caplog.text


def wait_for(holds: Callable[[], bool], seconds: float = 10.0) -> bool:
    """True as soon as something holds that nobody announces."""
    end = time.monotonic() + seconds
    tick = threading.Event()
    while not holds():
        if time.monotonic() > end:
            return False
        tick.wait(0.02)
    return True
