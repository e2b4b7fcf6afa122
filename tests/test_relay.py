"""Delivery's edges: one bad order or message holds nothing else, a known end is never forgotten, nothing is said twice at a reload."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from conftest import NOW, Clock
from relays import a_deliverer
from test_threads import EVENT, FINAL, MAIL, RULE, SLACK, an_english, tell

from monitor.announce import Announcer
from monitor.archive import Archive
from monitor.delivery import Deliverer
from monitor.errors import ArchiveBusy, ChannelError, MessageGone, MessageRefused, SecretMissing
from monitor.items import AlertState
from monitor.messages import Message, Order, Receipt

FOLDED = {"state": AlertState.FOLDED, "reason": "over the limit"}


class Wall:
    """A channel that writes on a wall: can be looked at and edited. `moods` holds what the next posts meet, `on_edit` what all
    edits meet; while `is_shut` a post waits.
    """

    can_look = can_edit = True
    min_gap = 0.0

    def __init__(self) -> None:
        self.said: list[Message] = []
        self.edits: list[tuple[str, Message]] = []
        self.moods: list[BaseException] = []
        self.on_edit: BaseException | None = None
        self.free, self.asked = threading.Event(), threading.Event()
        self.free.set()

    def send(self, message: Message) -> Receipt:
        self.asked.set()
        self.free.wait(30)
        if self.moods:
            raise self.moods.pop(0)
        self.said.append(message)
        return Receipt(remote_id=str(len(self.said)))

    def find(self, message: Message, since: float) -> Receipt | None:
        found = next((place for place, each in enumerate(self.said, 1) if each.key == message.key), None)
        return None if found is None else Receipt(remote_id=str(found))

    def edit(self, message: Message, remote_id: str) -> None:
        if self.on_edit is not None:
            raise self.on_edit
        self.edits.append((remote_id, message))


@pytest.fixture
def wall() -> Wall:
    return Wall()


@pytest.fixture
def relay(archive: Archive, clock: Clock, wall: Wall) -> Callable[..., Deliverer]:
    """A deliverer to the wall, whatever the address; pauses cost no time."""

    def build(**changes: Any) -> Deliverer:
        base: dict[str, Any] = {"rules": [RULE], "open_channel": lambda address: wall}
        return a_deliverer(archive, clock, **base | changes)

    return build


def titles(wall: Wall) -> list[str]:
    return [each.title for each in wall.said]


def put_out_of_reach(archive: Archive, order: str) -> None:
    """An order whose item nobody can find: a fault that repetition does not mend."""
    archive._connection.execute("update outbox set item = 'I-nowhere' where key = ?", [order])


def test_an_order_that_cannot_be_told_holds_no_other_of_its_channel(
    archive: Archive, clock: Clock, relay: Callable[..., Deliverer], wall: Wall
) -> None:
    """It waits alone, is tried for hours, and is dead in the end; what comes after it goes at once."""
    tell(archive, an_english(1), event="E-1")
    tell(archive, an_english(2), event="E-2")
    put_out_of_reach(archive, f"alert:{SLACK}:{an_english(1).id}")
    found = relay().run()
    assert (found.sent, found.failed) == (1, 1)
    assert titles(wall) == ["BIS notice 2"]
    assert archive.reading.failing_channels() == []
    for _ in range(20):
        clock.move(hours=1)
        relay().run()
    assert archive.outbox.counts() == {"waiting": 0, "sent": 1, "dead": 1}


def test_a_message_that_cannot_be_looked_after_holds_no_alert(
    archive: Archive, clock: Clock, relay: Callable[..., Deliverer], wall: Wall, caplog: pytest.LogCaptureFixture
) -> None:
    """It stays as it is; the other messages are brought up to date, and the channel is as healthy as before."""
    for number in (1, 2):
        tell(archive, an_english(number), event=f"E-{number}")
    relay().run()
    put_out_of_reach(archive, f"alert:{SLACK}:{an_english(1).id}")
    clock.move(minutes=5)
    for number in (3, 4):
        tell(archive, an_english(number), event=f"E-{number - 2}", at=clock.now, shown=FINAL, state=AlertState.SUPPRESSED)
    with caplog.at_level(logging.CRITICAL):
        relay().run()
    assert [remote_id for remote_id, _ in wall.edits] == ["2"]
    assert archive.reading.failing_channels() == []


def test_an_answer_goes_though_the_message_above_it_cannot_be_composed(
    archive: Archive, clock: Clock, relay: Callable[..., Deliverer], wall: Wall
) -> None:
    """What is new is more than what is kept up to date."""
    tell(archive, an_english(1))
    relay().run()
    put_out_of_reach(archive, f"alert:{SLACK}:{an_english(1).id}")
    clock.move(minutes=5)
    tell(archive, an_english(2), at=clock.now)
    assert relay().run().sent == 1
    assert wall.said[1].thread == "1"


def test_a_receipt_is_kept_until_the_archive_takes_it(
    archive: Archive, relay: Callable[..., Deliverer], wall: Wall, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message went while another process held the archive: the end is noted later, and nothing is looked for or repeated."""
    tell(archive, an_english(1))
    deliverer = relay()
    deliverer.step()
    [this] = deliverer._tries.values()
    this.future.result(10)

    def busy(*_: object, **__: object) -> None:
        raise ArchiveBusy("another process holds the archive")

    with monkeypatch.context() as held:
        held.setattr(type(archive.outbox), "sent", busy)
        with pytest.raises(ArchiveBusy):
            deliverer.step()
    found = deliverer.run()
    assert (found.sent, found.found, len(wall.said)) == (1, 0, 1)


def test_a_message_that_may_not_be_edited_keeps_its_thread(
    archive: Archive, clock: Clock, relay: Callable[..., Deliverer], wall: Wall
) -> None:
    """A missing scope says nothing of the message: answers go on below it, and it is right again when it may be edited."""
    tell(archive, an_english(1))
    relay().run()
    wall.on_edit = MessageRefused("Slack says missing_scope")
    for number in (2, 3):
        clock.move(minutes=5)
        tell(archive, an_english(number), at=clock.now)
        assert relay().run().sent == 1
    assert [each.thread for each in wall.said] == [None, "1", "1"]
    wall.on_edit = None
    clock.move(minutes=5)
    tell(archive, an_english(4), at=clock.now)
    relay().run()
    assert (wall.said[3].thread, [remote_id for remote_id, _ in wall.edits]) == ("1", ["1"])


def test_an_edit_that_is_refused_is_not_asked_for_again_and_again(
    archive: Archive, clock: Clock, relay: Callable[..., Deliverer], wall: Wall
) -> None:
    """Only when the event goes on; and the channel is none the worse for it."""
    tell(archive, an_english(1))
    relay().run()
    wall.on_edit = MessageRefused("Slack says cant_update_message")
    clock.move(minutes=5)
    tell(archive, an_english(2), at=clock.now, shown=FINAL, state=AlertState.SUPPRESSED)
    relay().run()
    wall.on_edit = AssertionError("asked again")
    clock.move(minutes=5)
    relay().run()
    assert archive.reading.failing_channels() == []


def test_an_edit_that_always_fails_holds_no_other(
    archive: Archive, clock: Clock, relay: Callable[..., Deliverer], wall: Wall, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next message has its turn before the same one is tried again."""
    for number in (1, 2):
        tell(archive, an_english(number), event=f"E-{number}")
    relay().run()
    clock.move(minutes=5)
    for number in (3, 4):
        tell(archive, an_english(number), event=f"E-{number - 2}", at=clock.now, shown=FINAL, state=AlertState.SUPPRESSED)

    def edit(self: Wall, message: Message, remote_id: str) -> None:
        if remote_id == "1":
            raise ChannelError("Slack says internal_error", is_ambiguous=True)
        self.edits.append((remote_id, message))

    monkeypatch.setattr(Wall, "edit", edit)
    relay().run()
    clock.move(seconds=40)
    relay().run()
    assert [remote_id for remote_id, _ in wall.edits] == ["2"]


def test_a_message_that_was_found_is_brought_up_to_date(
    archive: Archive, clock: Clock, relay: Callable[..., Deliverer], wall: Wall
) -> None:
    """It says what was so when it was posted; what came while its answer was lost is missing in it."""
    tell(archive, an_english(1))
    deliverer = relay()
    order = archive.outbox.next(SLACK, clock.now)
    assert order is not None
    archive.outbox.begin(order)
    message = deliverer.announcer.message_of(order, None, None)
    assert message is not None
    wall.send(message)
    clock.move(minutes=5)
    tell(archive, an_english(2), at=clock.now, shown=FINAL, state=AlertState.SUPPRESSED)
    assert relay().run().found == 1
    clock.move(minutes=2)
    relay().run()
    assert [remote_id for remote_id, _ in wall.edits] == ["1"]


def test_a_reload_says_nothing_twice(archive: Archive, relay: Callable[..., Deliverer], wall: Wall) -> None:
    """What is on its way under the settings of before is waited for under those of now."""
    tell(archive, an_english(1))
    wall.free.clear()
    before = relay()
    before.step()
    assert wall.asked.wait(10)
    now = relay()
    now.take_over(before)
    for _ in range(3):
        now.step()
    wall.free.set()
    assert now.run().sent == 1
    assert len(wall.said) == 1


def test_what_is_silenced_while_it_is_composed_is_not_told(archive: Archive, relay: Callable[..., Deliverer], wall: Wall) -> None:
    """A silence that comes between the look at an order and its first try holds."""
    tell(archive, an_english(1))
    deliverer = relay()
    open_channel = deliverer.open_channel

    def muted(address: str) -> Any:
        archive.silences.put(f"event:{EVENT}", until=NOW + timedelta(days=7), now=NOW, who="U1", via="slack")
        return open_channel(address)

    deliverer.open_channel = muted
    assert deliverer.run().sent == 0
    assert wall.said == []


def test_what_is_folded_while_a_list_is_being_sent_comes_in_the_next(
    archive: Archive, clock: Clock, relay: Callable[..., Deliverer], wall: Wall, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A list that cannot be edited is closed before it is composed."""
    wall.can_edit = False  # type: ignore[misc]
    tell(archive, an_english(1), channel=MAIL, event="E-1", **FOLDED)
    clock.move(minutes=2)
    compose = Announcer.message_of

    def slow(self: Announcer, order: Order, *rest: Any) -> Message | None:
        found = compose(self, order, *rest)
        if not wall.said and len(archive.reading.alerts()) == 1:
            tell(archive, an_english(2), channel=MAIL, event="E-2", at=clock.now, **FOLDED)
        return found

    monkeypatch.setattr(Announcer, "message_of", slow)
    relay().run()
    clock.move(hours=2)
    relay().run()
    assert [line.title for each in wall.said for line in each.lines] == ["BIS notice 1", "BIS notice 2"]


def test_a_wait_of_years_is_cut_to_a_day(archive: Archive, clock: Clock, relay: Callable[..., Deliverer], wall: Wall) -> None:
    """However long a channel asks for."""
    tell(archive, an_english(1))
    wall.moods = [ChannelError("patience", retry_after=1e300)]
    assert relay().run().failed == 1
    clock.move(hours=25)
    assert relay().run().sent == 1


def test_a_clock_that_was_ahead_holds_nothing_for_ever(
    archive: Archive, clock: Clock, relay: Callable[..., Deliverer], wall: Wall
) -> None:
    """A wait that ends in years was noted by a wrong clock."""
    clock.now = NOW + timedelta(days=3000)
    tell(archive, an_english(1), at=clock.now)
    wall.moods = [ChannelError("down")]
    relay().run()
    clock.now = NOW
    assert relay().run().sent == 1


def test_a_clock_that_was_ahead_leaves_no_message_out_of_date(
    archive: Archive, clock: Clock, relay: Callable[..., Deliverer], wall: Wall
) -> None:
    """An event that goes on now is newer than a look in the future."""
    clock.now = NOW + timedelta(days=20)
    tell(archive, an_english(1), at=clock.now)
    relay().run()
    clock.now = NOW
    tell(archive, an_english(2), at=clock.now, shown=FINAL, state=AlertState.SUPPRESSED)
    relay().run()
    assert [remote_id for remote_id, _ in wall.edits] == ["1"]


def test_the_message_of_a_merged_event_shows_the_whole(
    archive: Archive, clock: Clock, relay: Callable[..., Deliverer], wall: Wall
) -> None:
    """Also if nothing else happens: an analyst who merges sees it in the channel; and so at a split."""
    tell(archive, an_english(1), event="E-aaaaaaaaaa")
    tell(archive, an_english(2, source="meti"), event="E-bbbbbbbbbb", state=AlertState.SUPPRESSED)
    relay().run()
    clock.move(minutes=5)
    relay().run()
    archive.events.merge("E-aaaaaaaaaa", "E-bbbbbbbbbb", who="sato", now=clock.now)
    clock.move(minutes=5)
    relay().run()
    archive.events.split("E-aaaaaaaaaa", [an_english(2, source="meti").id], who="sato", now=clock.now)
    clock.move(minutes=5)
    relay().run()
    assert [("Items" in dict(message.fields)) for _, message in wall.edits] == [True, False]


def test_an_alert_goes_to_the_thread_of_the_event_that_its_item_is_in_now(
    archive: Archive, clock: Clock, relay: Callable[..., Deliverer], wall: Wall
) -> None:
    """An analyst split it off while it waited."""
    tell(archive, an_english(1))
    relay().run()
    tell(archive, an_english(2))
    made = archive.events.split(EVENT, [an_english(2).id], who="sato", now=clock.now)
    relay().run()
    assert (wall.said[1].event, wall.said[1].thread) == (made, None)
    tell(archive, an_english(3), event=made)
    relay().run()
    assert wall.said[2].thread == "2"


def test_a_digest_that_is_sent_by_hand_touches_no_other_channel(archive: Archive, relay: Callable[..., Deliverer]) -> None:
    """A shell without the token of Slack puts Slack out of order for nobody."""

    def closed(address: str) -> Any:
        raise SecretMissing("SLACK_BOT_TOKEN is not set", subject=address)

    tell(archive, an_english(1))
    relay(open_channel=closed).run(digest="morning")
    assert archive.reading.failing_channels() == []
    assert relay().run().sent == 1


def test_what_went_wrong_for_months_takes_no_memory(
    archive: Archive, clock: Clock, relay: Callable[..., Deliverer], wall: Wall
) -> None:
    """The service never asks for the errors; each is kept once."""
    tell(archive, an_english(1))
    deliverer = relay()
    for _ in range(5):
        wall.moods = [ChannelError("down")]
        deliverer.step()
        for each in list(deliverer._tries.values()):
            each.future.exception(10)
        deliverer.step()
        clock.move(hours=2)
    assert len(deliverer._errors) == 1


def test_a_thread_that_ends_strangely_leaves_its_address_free(
    archive: Archive, clock: Clock, relay: Callable[..., Deliverer], wall: Wall
) -> None:
    """Whatever is raised in it is an end."""
    tell(archive, an_english(1))
    wall.moods = [SystemExit(1)]
    assert relay().run().failed == 1
    clock.move(hours=2)
    assert relay().run().sent == 1


def test_a_deleted_thread_is_told_apart_from_a_refusal(
    archive: Archive, clock: Clock, relay: Callable[..., Deliverer], wall: Wall
) -> None:
    """Only a message that is gone is followed by a new thread."""
    tell(archive, an_english(1))
    relay().run()
    wall.on_edit = MessageGone("Slack says message_not_found")
    clock.move(minutes=5)
    tell(archive, an_english(2), at=clock.now)
    assert relay().run().sent == 1
    assert [each.thread for each in wall.said] == [None, None]


def test_the_others_are_told_of_a_channel_that_refuses_everything(
    archive: Archive, clock: Clock, relay: Callable[..., Deliverer], wall: Wall
) -> None:
    """A revoked token makes every alert dead at once: that nobody hears of it is what the others must hear."""
    tell(archive, an_english(1))
    wall.moods = [MessageRefused("Slack says token_revoked")]
    assert relay().run().dead == 1
    clock.move(hours=2)
    assert relay().order_notices() == 1
    relay().run()
    assert [(each.address, each.headline) for each in wall.said] == [("mori@x.example", f"{SLACK} does not take messages")]


def test_one_refusal_among_messages_that_went_is_no_outage(
    archive: Archive, clock: Clock, relay: Callable[..., Deliverer], wall: Wall
) -> None:
    """The next message that goes says that the channel is well; the refused one holds nothing meanwhile."""
    tell(archive, an_english(1), event="E-1")
    tell(archive, an_english(2), event="E-2")
    wall.moods = [MessageRefused("Slack says invalid_blocks")]
    found = relay().run()
    assert (found.dead, found.sent) == (1, 1)
    assert archive.reading.failing_channels() == []
