"""Who gets a digest: each reader since his own last one, in his language, until he ends it; what was refused is told in the next."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from conftest import NOW, Clock
from digest_desk import MORNING, Desk

from monitor.archive import Archive
from monitor.errors import MessageRefused
from monitor.messages import OrderState, Receipt


@pytest.fixture
def desk(archive: Archive, clock: Clock) -> Desk:
    return Desk(archive, clock)


def test_each_reader_is_told_since_his_own_last_digest(desk: Desk) -> None:
    """Of two readers the one who came later gets a day, the other what he has not had."""
    both = replace(MORNING, to=("mori@x.example", "sato@x.example"))
    digests = desk.digests(both)
    desk.clock.now = datetime(2026, 4, 28, 23, 0, tzinfo=UTC)
    digests.order(both, "2026-04-29", "mori@x.example", desk.clock.now)
    desk.clock.now = datetime(2026, 4, 30, 23, 0, tzinfo=UTC)
    assert digests.order_due() == 2
    spans = {channel: [order.since for order in desk.orders(channel)][-1] for channel in both.to}
    assert spans == {
        "mori@x.example": datetime(2026, 4, 28, 23, 0, 1, tzinfo=UTC),
        "sato@x.example": datetime(2026, 4, 29, 23, 0, tzinfo=UTC),
    }


def test_a_reader_who_ended_it_gets_no_more(desk: Desk) -> None:
    """Neither what is due nor what waits; the others do, and it goes on when he wants it again."""
    both = replace(MORNING, to=("mori@x.example", "sato@x.example"))
    digests = desk.digests(both)
    desk.clock.now = datetime(2026, 4, 30, 23, 0, tzinfo=UTC)
    digests.order_due()
    [under_way] = desk.orders()
    token = desk.archive.readers.known("morning", "mori@x.example").token
    stopped = desk.archive.readers.stop(token, desk.clock.now)
    assert stopped is not None
    assert (stopped.channel, token in repr(stopped)) == ("mori@x.example", False)
    with pytest.raises(MessageRefused, match="reader has ended"):
        digests.message_of(under_way)
    desk.clock.move(days=1)
    assert digests.order_due() == 1
    assert not digests.order(both, "2026-05-02", "mori@x.example", desk.clock.now)
    assert desk.archive.readers.resume("morning", "mori@x.example")
    assert not desk.archive.readers.resume("morning", "mori@x.example")
    assert digests.order_due() == 1
    assert desk.archive.readers.by_token(token) is None


def test_what_waits_for_a_reader_who_ended_it_is_dropped(desk: Desk) -> None:
    """It is no failure; and if he comes back, the next one tells what it would have told."""
    digests = desk.digests()
    desk.clock.now = begun = datetime(2026, 4, 30, 23, 0, tzinfo=UTC)
    digests.order_due()
    desk.archive.readers.stop(desk.archive.readers.known("morning", "mori@x.example").token, desk.clock.now)
    assert (desk.orders(), desk.archive.outbox.counts()) == ([], {"waiting": 0, "sent": 0, "dead": 0})
    desk.archive.readers.resume("morning", "mori@x.example")
    assert digests.order_due() == 0
    desk.clock.move(days=1)
    assert digests.order_due() == 1
    [order] = desk.orders()
    assert order.since == begun  # a day: as if it were his first


def test_a_digest_that_was_refused_is_told_in_the_next(desk: Desk) -> None:
    """It has told nothing."""
    digests = desk.digests()
    desk.clock.now = datetime(2026, 4, 30, 23, 0, tzinfo=UTC)
    for state in (OrderState.SENT, OrderState.DEAD, OrderState.SENT):
        digests.order_due()
        order = desk.archive.outbox.next("mori@x.example", desk.clock.now)
        assert order is not None
        if state is OrderState.DEAD:
            desk.archive.outbox.failed(order, "550", state=state, retry_at=desk.clock.now, now=desk.clock.now)
        else:
            desk.archive.outbox.sent(order, Receipt(remote_id="<1@x>"), None, desk.clock.now)
        last, desk.clock.now = order, desk.clock.now + timedelta(days=1)
    assert last.since == datetime(2026, 4, 30, 23, 0, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("address", "channel", "expected"),
    [
        ("https://monitor.example.org", "mori@x.example", "https://monitor.example.org/unsubscribe/{token}"),
        ("http://127.0.0.1:8766", "mori@x.example", None),
        (None, "mori@x.example", None),
        ("https://monitor.example.org", "console", None),
    ],
)
def test_a_mail_has_the_readers_own_address_to_end_it(
    desk: Desk, address: str | None, channel: str, expected: str | None
) -> None:
    """One click only over https; never in what is printed, and no repr shows it."""
    subscription = replace(MORNING, to=(channel,))
    digests = desk.digests(subscription, address=address)
    digests.order(subscription, "2026-05-01", channel, NOW)
    [order] = desk.orders(channel)
    message = digests.message_of(order)
    token = desk.archive.readers.known("morning", channel).token
    assert message.mail is not None
    assert message.mail.unsubscribe == (None if expected is None else expected.format(token=token))
    is_linked = address is not None and channel != "console"
    assert (token in message.mail.text, token in (message.mail.html or "")) == (is_linked, is_linked)
    assert token not in repr(message) + message.extract


def test_the_themes_are_named_in_the_readers_language(desk: Desk) -> None:
    """In the subject, too; a theme without such a name keeps its own."""
    subscription = replace(MORNING, lang="ja", when="")
    desk.official("E-1")
    digests = desk.digests(subscription, local_names={"ja": {"export_control": "輸出管理"}})
    digests.order(subscription, "2026-05-01", "mori@x.example", NOW)
    [order] = desk.orders()
    assert digests.message_of(order).headline == "[Monitor] 5月1日: 新規イベント1件(輸出管理)"
