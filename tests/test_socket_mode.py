"""What is pressed and typed in Slack: acknowledged at once, answered once, said to the analyst alone."""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Callable

import pytest
from builders import an_item
from conftest import Clock
from desks import a_desk, tell
from socket_desk import RELEVANT, VALUE, Desk, fixture_desk, fixture_fake, fixture_listen, shown, wait_for  # noqa: F401 (fixtures)
from socket_fake import SocketFake

from monitor.answers import Answering
from monitor.archive import Archive
from monitor.channels import actions, socket_mode
from monitor.channels.socket_mode import ACKNOWLEDGED, SocketMode
from monitor.errors import ArchiveBusy, ArchiveError
from monitor.messages import Answer, File, Line, Request, Verb

SLACK_GIVES = 3.0


# from Slack and back


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


# files


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
