"""An event is one thread in a channel: its first message is kept up to date, what follows answers it, what was folded is listed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from builders import an_item
from conftest import NOW, Clock
from fakes import MailFake, SlackFake
from relays import a_deliverer

from monitor.archive import Archive
from monitor.archive.intake import Change
from monitor.channels import Channel, split
from monitor.channels.mail import Mail
from monitor.channels.slack import Slack
from monitor.dedupe import sort_out
from monitor.delivery import Deliverer
from monitor.errors import ChannelError
from monitor.items import (
    Alert,
    AlertKind,
    AlertState,
    Findings,
    Item,
    Judged,
    Link,
    Rule,
    Shown,
    SourceState,
    Stage,
    Standpoint,
    Tag,
    Tier,
)
from monitor.messages import Message, Receipt

SLACK, MAIL = "slack:#econsec", "mail:mori@x.example"
RULE = Rule(id="now", when="theme:export_control", to=(SLACK, MAIL))
EVENT = "E-aaaaaaaaaa"
FINAL = Shown(jurisdiction="US", step="final rule", stage=Stage.FINAL, sentence="BIS adopts the rule as final.")


def tell(
    archive: Archive,
    item: Item,
    *,
    at: Any = NOW,
    channel: str = SLACK,
    event: str = EVENT,
    news: str = "",
    state: AlertState = AlertState.WAITING,
    kind: AlertKind = AlertKind.MATCH,
    shown: Shown | None = None,
    reason: str = "rule now v1 · export_control 0.90",
) -> None:
    """An item judged to be of an event, and what the rule decided on it."""
    archive.intake.store(
        Change(found=sort_out(archive.intake.known(item.source, [item]), [item]), state=SourceState(id=item.source), at=at)
    )
    judged = Judged(
        item=item,
        findings=Findings(lang=item.lang, shown=shown, stage=Stage.ANNOUNCED if shown is None else shown.stage),
        tags=(Tag(theme="export_control", score=0.9, is_given=True),),
        link=Link(event=event, is_new=True),
        model="m",
    )
    alert = Alert(
        rule="now",
        item=item.id,
        event=event,
        channel=channel,
        state=state,
        reason=reason,
        decided_at=at,
        not_before=at,
        kind=kind,
        news=news,
        standpoint=Standpoint(stage=Stage.FINAL if shown else Stage.ANNOUNCED),
    )
    archive.judging.write([judged], [alert], at)


def an_english(number: int, **changes: Any) -> Item:
    base = {
        "source": "bis",
        "key": str(number),
        "url": f"https://bis.example/{number}",
        "title": f"BIS notice {number}",
        "summary": f"Notice {number} says something of its own.",
        "lang": "en",
        "country": "US",
    }
    return an_item(**base | changes)


@pytest.fixture
def deliver(archive: Archive, clock: Clock, slack: SlackFake, mail: MailFake) -> Callable[..., Deliverer]:
    """A deliverer over fakes of our own; pauses cost no time."""

    def open_channel(address: str) -> Channel:
        if split(address)[0] == "slack":
            return Slack("xoxb-test", api_url=slack.api_url, timeout=5)
        return Mail(host="127.0.0.1", port=mail.port, security="none", sender="m@x.example", clock=clock, timeout=5)

    def build(rule: Rule = RULE, **changes: Any) -> Deliverer:
        return a_deliverer(archive, clock, open_channel, rules=[rule], **changes)

    return build


def text_of(message: dict[str, Any]) -> str:
    return str(message["blocks"])


def test_the_first_message_says_what_is_so_now(
    archive: Archive, clock: Clock, deliver: Callable[..., Deliverer], slack: SlackFake
) -> None:
    """An item that answers in the thread brings the event's first message up to date, in place."""
    tell(archive, an_english(1))
    deliver().run()
    clock.move(hours=1)
    tell(archive, an_english(2, source="meti"), at=clock.now, shown=FINAL, news="announced → final (final rule)")
    deliver().run()
    first, second = slack.messages
    assert "final (final rule)" in text_of(first)
    assert "BIS notice 1" in text_of(first)
    assert slack.edits == [first["ts"]]
    assert second["thread_ts"] == first["ts"]


def test_a_stage_is_told_in_the_thread_and_to_the_channel(
    archive: Archive, clock: Clock, deliver: Callable[..., Deliverer], slack: SlackFake
) -> None:
    """What is new of the event as a whole is broadcast; a further item is not."""
    tell(archive, an_english(1))
    deliver().run()
    clock.move(minutes=5)
    tell(archive, an_english(2), at=clock.now)
    tell(archive, an_english(3), at=clock.now, shown=FINAL, news="announced → final (final rule)")
    deliver().run()
    assert [bool(each.get("reply_broadcast")) for each in slack.messages] == [False, False, True]
    assert "announced → final (final rule)" in text_of(slack.messages[2])


def test_an_answer_does_not_repeat_the_title_above_it(
    archive: Archive, clock: Clock, deliver: Callable[..., Deliverer], slack: SlackFake
) -> None:
    """Who reports the same under the same title is named, and linked."""
    tell(archive, an_english(1, title="BIS adds 12 entities"))
    deliver().run()
    clock.move(minutes=5)
    tell(archive, an_english(2, title="BIS adds 12 entities.", tier=Tier.WIRE), at=clock.now)
    deliver().run()
    answer = text_of(slack.messages[1])
    assert "adds 12 entities" not in answer
    assert "<https://bis.example/2|" in answer
    assert "(wire)" in answer


def test_a_deleted_first_message_is_replaced(
    archive: Archive, clock: Clock, deliver: Callable[..., Deliverer], slack: SlackFake
) -> None:
    """The next item opens a new thread, and what follows answers that one."""
    tell(archive, an_english(1))
    deliver().run()
    slack.messages.clear()
    for number in (2, 3):
        clock.move(minutes=5)
        tell(archive, an_english(number), at=clock.now)
        assert deliver().run().sent == 1
    new, answer = slack.messages
    assert (new.get("thread_ts"), answer["thread_ts"]) == (None, new["ts"])


def test_an_event_that_goes_on_untold_is_edited_too(
    archive: Archive, clock: Clock, deliver: Callable[..., Deliverer], slack: SlackFake
) -> None:
    """A folded item costs no message, but the first one counts it; a second look finds nothing to do."""
    tell(archive, an_english(1))
    deliver().run()
    clock.move(minutes=10)
    tell(archive, an_english(2, source="meti"), at=clock.now, state=AlertState.SUPPRESSED, reason="repeats I-1")
    deliver().run()
    assert len(slack.messages) == 1
    assert "2 (US)" in text_of(slack.messages[0])
    calls = len(slack.calls)
    clock.move(minutes=10)
    deliver().run()
    assert len(slack.calls) == calls


def test_an_edit_that_fails_loses_nothing(
    archive: Archive, clock: Clock, deliver: Callable[..., Deliverer], slack: SlackFake, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer waits with it, and both go later."""
    tell(archive, an_english(1))
    deliver().run()
    clock.move(minutes=5)
    tell(archive, an_english(2), at=clock.now)

    def down(self: Slack, message: Message, remote_id: str) -> None:
        raise ChannelError("Slack cannot be reached", subject=SLACK)

    with monkeypatch.context() as broken:
        broken.setattr(Slack, "edit", down)
        assert deliver().run().failed == 1
    assert len(slack.messages) == 1
    clock.move(hours=1)
    assert deliver().run().sent == 1


def test_what_was_folded_is_listed_and_the_list_is_kept_up_to_date(
    archive: Archive, clock: Clock, deliver: Callable[..., Deliverer], slack: SlackFake
) -> None:
    """One list for what is folded within an hour, a minute after the first; more of it is added in place."""
    for number in range(1, 4):
        tell(archive, an_english(number), event=f"E-{number}", state=AlertState.FOLDED, reason="over the limit")
    deliver().run()
    assert slack.messages == []
    clock.move(minutes=2)
    deliver().run()
    assert len(slack.messages) == 1
    assert "and 3 more" in text_of(slack.messages[0])
    tell(archive, an_english(4), event="E-4", at=clock.now, state=AlertState.FOLDED, reason="over the limit")
    clock.move(minutes=2)
    deliver().run()
    assert len(slack.messages) == 1
    assert "and 4 more" in text_of(slack.messages[0])
    assert "<https://bis.example/4|BIS notice 4>" in text_of(slack.messages[0])


def test_a_list_that_cannot_be_edited_is_followed_by_another_an_hour_later(
    archive: Archive, clock: Clock, deliver: Callable[..., Deliverer], mail: MailFake
) -> None:
    """Mails stay as they are; nothing that was folded is told in none of them."""
    tell(archive, an_english(1), channel=MAIL, event="E-1", state=AlertState.FOLDED)
    clock.move(minutes=2)
    deliver().run()
    tell(archive, an_english(2), channel=MAIL, event="E-2", at=clock.now, state=AlertState.FOLDED)
    clock.move(minutes=30)
    deliver().run()
    assert len(mail.mails) == 1
    clock.move(minutes=40)
    deliver().run()
    assert len(mail.mails) == 2


def test_a_silence_drops_what_waits(archive: Archive, clock: Clock, deliver: Callable[..., Deliverer], slack: SlackFake) -> None:
    """An event that is muted while its alert waits is not told; the alert's record says by whom."""
    tell(archive, an_english(1))
    archive.silences.put(f"event:{EVENT}", until=NOW + timedelta(days=7), now=NOW, who="U1", via="slack")
    deliver().run()
    assert slack.messages == []
    [alert] = archive.reading.alerts()
    assert (alert.state, alert.silence) == ("suppressed", 1)


class _Deaf:
    """A channel that does not answer until it is let go."""

    can_look = can_edit = False
    min_gap = 0.0

    def __init__(self) -> None:
        self.asked, self.free = threading.Event(), threading.Event()

    def send(self, message: Message) -> Receipt:
        self.asked.set()
        self.free.wait(30)
        return Receipt(remote_id="late")

    def find(self, message: Message, since: float) -> Receipt | None:
        return None

    def edit(self, message: Message, remote_id: str) -> None:
        raise NotImplementedError


@pytest.fixture
def deaf() -> Iterator[_Deaf]:
    found = _Deaf()
    yield found
    found.free.set()


def test_a_channel_that_does_not_answer_holds_no_other(
    archive: Archive, deliver: Callable[..., Deliverer], mail: MailFake, deaf: _Deaf
) -> None:
    """While one address is waited for, the others are told; its receipt is noted when it comes."""
    tell(archive, an_english(1))
    tell(archive, an_english(2), channel=MAIL)
    deliverer = deliver()
    others = deliverer.open_channel
    deliverer.open_channel = lambda address: deaf if address == SLACK else others(address)
    deliverer.step()
    assert deaf.asked.wait(10)
    deadline = threading.Event()
    while not mail.mails and not deadline.wait(0.01):
        deliverer.step()
    deaf.free.set()
    assert deliverer.run().sent == 2
    assert {each.state for each in archive.reading.alerts()} == {"sent"}


def test_the_others_are_told_of_a_channel_that_is_down(
    archive: Archive, clock: Clock, deliver: Callable[..., Deliverer], slack: SlackFake, mail: MailFake
) -> None:
    """After an hour, once for each outage, in every channel that people read and that works."""
    tell(archive, an_english(1))
    slack.moods = ["http500"] * 10
    for _ in range(3):
        deliver().run()
        clock.move(minutes=40)
    deliverer = deliver()
    assert deliverer.order_notices() == 1
    assert deliverer.order_notices() == 0
    deliverer.run()
    [(to, raw)] = mail.mails
    assert to == "mori@x.example"
    assert b"slack:#econsec does not take messages" in raw


def test_a_rule_without_threads_posts_each_item_alone(
    archive: Archive, clock: Clock, deliver: Callable[..., Deliverer], slack: SlackFake
) -> None:
    """And nothing of it is edited later."""
    rule = Rule(id="now", when="theme:export_control", to=(SLACK,), is_threaded=False)
    for number in (1, 2):
        tell(archive, an_english(number), at=clock.now)
        deliver(rule=rule).run()
        clock.move(minutes=5)
    assert [each.get("thread_ts") for each in slack.messages] == [None, None]
    assert slack.edits == []
