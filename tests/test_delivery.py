"""Delivery: every order is told, hardly ever twice; one channel never holds another."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from builders import a_source, an_item
from conftest import NOW, Clock
from desks import order
from fakes import MailFake, SlackFake
from relays import a_deliverer

from monitor.archive import Archive
from monitor.archive.intake import Change
from monitor.channels import Channel, split
from monitor.channels.console import Console
from monitor.channels.mail import Mail
from monitor.channels.slack import Slack
from monitor.delivery import Deliverer
from monitor.digests import due_day
from monitor.errors import MessageRefused, SecretMissing
from monitor.items import Rule, SourceState, Subscription

RULE = Rule(id="now", when="theme:export_control", to=("slack:#econsec",))
MORNING = Subscription(id="morning", to=("mori@x.example", "sato@x.example"), at="08:00", tz="Asia/Tokyo", when="")


@pytest.fixture
def deliver(archive: Archive, clock: Clock, slack: SlackFake, mail: MailFake) -> Callable[..., Deliverer]:
    """A deliverer over fakes of our own; pauses cost no time."""

    def open_channel(address: str) -> Channel:
        kind, _ = split(address)
        if kind == "slack":
            return Slack("xoxb-test", api_url=slack.api_url, timeout=5)
        if kind == "mail":
            return Mail(host="127.0.0.1", port=mail.port, security="none", sender="m@x.example", clock=clock, timeout=5)
        return Console(io.StringIO())

    def build(**changes: Any) -> Deliverer:
        base: dict[str, Any] = {
            "rules": [RULE],
            "sources": [a_source()],
            "subscriptions": [MORNING],
            "open_channel": open_channel,
        }
        return a_deliverer(archive, clock, **base | changes)

    return build


def test_an_order_is_told_once(archive: Archive, deliver: Callable[..., Deliverer], slack: SlackFake) -> None:
    """And its receipt is kept."""
    order(archive, an_item())
    assert deliver().run().sent == 1
    assert deliver().run().sent == 0
    assert len(slack.messages) == 1
    [alert] = archive.reading.alerts()
    assert (alert.state, alert.remote_id) == ("sent", slack.messages[0]["ts"])


def test_what_is_decided_within_a_second_is_told_at_once(
    archive: Archive, deliver: Callable[..., Deliverer], clock: Clock
) -> None:
    """An alert never waits for the clock to strike."""
    clock.now = NOW + timedelta(seconds=0.4)
    order(archive, an_item(), at=clock.now)
    clock.now = NOW + timedelta(seconds=0.5)
    assert deliver().run().sent == 1


def test_later_items_of_an_event_answer_in_its_thread(
    archive: Archive, deliver: Callable[..., Deliverer], slack: SlackFake
) -> None:
    """Also after a restart: the thread is in the archive."""
    order(archive, an_item(key="1"), event="E-1")
    deliver().run()
    order(archive, an_item(key="2", url="http://x.example/2", title="続報"), event="E-1")
    deliver().run()
    assert slack.messages[0].get("thread_ts") is None
    assert slack.messages[1]["thread_ts"] == slack.messages[0]["ts"]


def test_a_lost_answer_is_looked_up_before_the_message_is_repeated(
    archive: Archive, deliver: Callable[..., Deliverer], clock: Clock, slack: SlackFake
) -> None:
    """The message had arrived: it is found, not sent again."""
    order(archive, an_item())
    slack.moods = ["drop_after"]
    assert deliver().run().failed == 1
    clock.move(hours=2)
    assert deliver().run().found == 1
    assert len(slack.messages) == 1
    assert [each.state for each in archive.reading.alerts()] == ["sent"]


def test_a_lost_request_is_repeated(archive: Archive, deliver: Callable[..., Deliverer], clock: Clock, slack: SlackFake) -> None:
    """The message had not arrived: it is sent."""
    order(archive, an_item())
    slack.moods = ["drop"]
    deliver().run()
    clock.move(hours=2)
    assert deliver().run().sent == 1
    assert len(slack.messages) == 1


def test_a_look_that_fails_leaves_the_doubt(
    archive: Archive, deliver: Callable[..., Deliverer], clock: Clock, slack: SlackFake
) -> None:
    """The message had arrived, and the first look for it met a rate limit: the second finds it."""
    order(archive, an_item())
    slack.moods = ["drop_after"]
    deliver().run()
    slack.is_busy = True
    clock.move(hours=2)
    assert deliver().run().failed == 1
    slack.is_busy = False
    clock.move(hours=2)
    assert deliver().run().found == 1
    assert len(slack.messages) == 1


def test_a_fault_of_ours_with_one_order_holds_no_other_channel(
    archive: Archive, deliver: Callable[..., Deliverer], mail: MailFake, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is said, it waits, and the mail goes."""

    def faulty(self: Slack, message: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(Slack, "send", faulty)
    order(archive, an_item(key="1"))
    order(archive, an_item(key="2", url="http://x.example/2", title="別の告示"), channel="mori@x.example")
    found = deliver().run()
    assert (found.failed, found.sent, found.dead) == (1, 1, 0)
    assert "internal error (RuntimeError)" in found.errors[0]
    assert len(mail.mails) == 1


def test_slacks_patience_is_kept_across_restarts(
    archive: Archive, deliver: Callable[..., Deliverer], clock: Clock, slack: SlackFake
) -> None:
    """Nothing is posted before Retry-After is over, and nothing is lost."""
    order(archive, an_item(key="1"), an_item(key="2", url="http://x.example/2", title="別の告示"))
    slack.moods = ["ratelimit"]
    deliver().run()
    clock.move(seconds=6)
    assert deliver().run().sent == 0
    assert slack.calls == ["chat.postMessage"]
    clock.move(seconds=2)
    assert deliver().run().sent == 2


def test_patience_is_kept_to_the_part_of_a_second(
    archive: Archive, deliver: Callable[..., Deliverer], clock: Clock, slack: SlackFake
) -> None:
    """Times are stored to the second; rounding never shortens a wait."""
    order(archive, an_item())
    clock.now = NOW + timedelta(seconds=0.9)
    slack.moods = ["ratelimit"]
    deliver().run()
    clock.move(seconds=6.95)
    assert deliver().run().sent == 0
    clock.move(seconds=1.2)
    assert deliver().run().sent == 1


def test_a_refused_message_is_dead_and_blocks_no_other(
    archive: Archive, deliver: Callable[..., Deliverer], slack: SlackFake
) -> None:
    """It stays visible."""
    order(archive, an_item(key="1"), an_item(key="2", url="http://x.example/2", title="別の告示"))
    slack.moods = ["invalid_blocks"]
    found = deliver().run()
    assert (found.dead, found.sent) == (1, 1)
    assert archive.outbox.counts()["dead"] == 1


def test_a_dead_order_can_be_put_back(
    archive: Archive, deliver: Callable[..., Deliverer], clock: Clock, slack: SlackFake
) -> None:
    """A revoked token loses nothing: mended, the alert goes."""
    order(archive, an_item())
    slack.moods = ["token_revoked"]
    deliver().run()
    assert archive.outbox.revive(clock.now) == 1
    assert deliver().run().sent == 1


def test_a_channel_that_does_not_let_us_look_is_told_again(
    archive: Archive, deliver: Callable[..., Deliverer], clock: Clock, slack: SlackFake, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rather twice than never: a missing scope for reading kills no alert."""

    def refused(self: Slack, message: object, since: float) -> None:
        raise MessageRefused("Slack says missing_scope")

    order(archive, an_item())
    slack.moods = ["drop"]
    deliver().run()
    clock.move(hours=2)
    monkeypatch.setattr(Slack, "find", refused)
    assert deliver().run().sent == 1


def test_a_channel_that_fails_holds_no_other(
    archive: Archive, deliver: Callable[..., Deliverer], slack: SlackFake, mail: MailFake
) -> None:
    """Slack is down; the mail goes."""
    order(archive, an_item(key="1"))
    order(archive, an_item(key="2", url="http://x.example/2", title="別の告示"), channel="mori@x.example")
    slack.moods = ["http500"]
    found = deliver().run()
    assert (found.failed, found.sent) == (1, 1)
    assert len(mail.mails) == 1


def test_order_within_a_channel_is_kept(
    archive: Archive, deliver: Callable[..., Deliverer], clock: Clock, slack: SlackFake
) -> None:
    """What comes after a failure waits for it."""
    items = [an_item(key=str(number), url=f"http://x.example/{number}", title=f"告示 第{number}号") for number in range(3)]
    order(archive, *items)
    slack.moods = ["http500"]
    deliver().run()
    assert slack.messages == []
    clock.move(hours=2)
    deliver().run()
    assert slack.keys() == [f"alert:slack:#econsec:{item.id}" for item in items]


def test_without_a_token_orders_wait(archive: Archive, deliver: Callable[..., Deliverer], clock: Clock) -> None:
    """A missing secret is said once a run and loses nothing."""

    def closed(address: str) -> Channel:
        raise SecretMissing("SLACK_BOT_TOKEN is not set", subject=address)

    order(archive, an_item())
    found = deliver(open_channel=closed).run()
    assert found.errors == ("slack:#econsec: SLACK_BOT_TOKEN is not set",)
    assert archive.outbox.counts()["waiting"] == 1
    clock.move(hours=2)
    assert deliver().run().sent == 1


def test_a_process_that_dies_between_send_and_receipt_tells_nothing_twice(
    archive: Archive, deliver: Callable[..., Deliverer], clock: Clock, slack: SlackFake
) -> None:
    """The order was marked before the post; after the restart the message is found in the channel."""
    order(archive, an_item())
    deliverer = deliver()
    row = archive.outbox.next("slack:#econsec", clock.now)
    assert row is not None
    archive.outbox.begin(row)
    message = deliverer.announcer.message_of(row, None, None)
    assert message is not None
    deliverer.open_channel("slack:#econsec").send(message)
    assert deliver().run().found == 1
    assert len(slack.messages) == 1


def test_a_digest_goes_once_per_day_and_recipient(
    archive: Archive, deliver: Callable[..., Deliverer], clock: Clock, mail: MailFake
) -> None:
    """Whatever the ticks; the next day brings the next, from where the last ended."""
    clock.now = datetime(2026, 5, 1, 23, 0, 30, tzinfo=UTC)  # 08:00:30 in Tokyo
    order(archive, an_item(), at=clock.now - timedelta(hours=1))
    for _ in range(3):
        deliver().digests.order_due()
        deliver().run()
        clock.move(minutes=1)
    recipients = sorted(to for to, _ in mail.mails)
    assert recipients == ["mori@x.example", "sato@x.example"]
    clock.move(days=1)
    deliver().digests.order_due()
    deliver().run()
    assert sum(1 for to, _ in mail.mails if to == "mori@x.example") == 2


def test_a_recipient_added_today_gets_today_s_digest(
    archive: Archive, deliver: Callable[..., Deliverer], clock: Clock, mail: MailFake
) -> None:
    """What one recipient has had counts for no other."""
    clock.now = datetime(2026, 5, 1, 23, 0, 30, tzinfo=UTC)
    deliver(subscriptions=[replace(MORNING, to=("mori@x.example",))]).digests.order_due()
    assert deliver().digests.order_due() == 1
    deliver().run()
    assert sorted(to for to, _ in mail.mails) == ["mori@x.example", "sato@x.example"]


def test_an_item_judged_again_comes_in_no_second_digest(
    archive: Archive, deliver: Callable[..., Deliverer], clock: Clock
) -> None:
    """A new model judges the archive anew; what was told yesterday is no news."""
    order(archive, an_item(), at=NOW)
    order(archive, an_item(), at=NOW + timedelta(days=1))
    first = deliver().digests.content(MORNING, NOW - timedelta(hours=1), NOW + timedelta(hours=1))
    second = deliver().digests.content(MORNING, NOW + timedelta(hours=1), NOW + timedelta(days=2))
    assert (len(first.new), len(second.new) + len(second.moved)) == (1, 0)


def test_one_bad_recipient_stops_no_other_digest(
    archive: Archive, deliver: Callable[..., Deliverer], clock: Clock, mail: MailFake
) -> None:
    """The refused one is dead, the other has arrived."""
    clock.now = datetime(2026, 5, 1, 23, 0, 30, tzinfo=UTC)
    mail.moods = ["550"]
    deliver().digests.order_due()
    found = deliver().run()
    assert (found.dead, found.sent) == (1, 1)


TOKYO = Subscription(id="d", to=("console",), at="08:00", tz="Asia/Tokyo", when="")
NEW_YORK_GAP = Subscription(id="d", to=("console",), at="02:30", tz="America/New_York", when="")
NEW_YORK_TWICE = Subscription(id="d", to=("console",), at="01:30", tz="America/New_York", when="")


@pytest.mark.parametrize(
    ("subscription", "now", "expected"),
    [
        (TOKYO, "2026-05-01T22:59:59", None),
        (TOKYO, "2026-05-01T23:00:00", "2026-05-02"),
        (TOKYO, "2026-05-02T10:59:00", "2026-05-02"),
        (TOKYO, "2026-05-02T11:01:00", None),
        (NEW_YORK_GAP, "2026-03-08T07:30:00", "2026-03-08"),
        (NEW_YORK_TWICE, "2026-11-01T05:29:59", None),
        (NEW_YORK_TWICE, "2026-11-01T05:30:00", "2026-11-01"),
        (NEW_YORK_TWICE, "2026-11-01T06:30:00", "2026-11-01"),
    ],
)
def test_a_digest_is_due_from_its_local_time_on(subscription: Subscription, now: str, expected: str | None) -> None:
    """Late rather than never, up to twelve hours; a time that is skipped is the moment after the gap, one that comes twice the first."""
    assert due_day(subscription, datetime.fromisoformat(now).replace(tzinfo=UTC)) == expected


def test_a_time_that_comes_twice_has_one_digest(archive: Archive, deliver: Callable[..., Deliverer], clock: Clock) -> None:
    """The first of the two orders it."""
    digests = deliver(subscriptions=[NEW_YORK_TWICE]).digests
    ordered = []
    for hour in (5, 6):
        clock.now = datetime(2026, 11, 1, hour, 30, tzinfo=UTC)
        ordered.append(digests.order_due())
    assert ordered == [1, 0]


def test_a_digest_tells_of_sources_that_are_not_read(archive: Archive, deliver: Callable[..., Deliverer], clock: Clock) -> None:
    """Silence is visible."""
    state = SourceState(id="meti", error_kind="status", error_text="HTTP 403", error_count=3, error_at=NOW, last_attempt=NOW)
    archive.intake.store(Change(state=state, at=NOW))
    digests = deliver().digests
    assert digests.content(MORNING, NOW - timedelta(days=1), NOW).notes == ("経済産業省 (meti): never read: HTTP 403",)
    japanese = digests.content(replace(MORNING, lang="ja"), NOW - timedelta(days=1), NOW)
    assert japanese.notes == ("経済産業省 (meti): まだ取得できていません: HTTP 403",)
