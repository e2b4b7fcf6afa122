"""When a digest is due, what it covers and who gets it: once per local day whatever the clock does, and each event once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from builders import a_date, a_shown, a_source, an_item
from conftest import NOW, Clock
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.archive import Archive
from monitor.archive.intake import Change
from monitor.changes import DateChange
from monitor.dedupe import sort_out
from monitor.digest_content import MAX_EVENTS, Content
from monitor.digests import Digests, due_day
from monitor.errors import MessageRefused
from monitor.items import DateKind, Findings, Item, Judged, KeyDate, Link, Shown, SourceState, Stage, Subscription, Tag, Tier
from monitor.messages import Order, OrderState, Receipt
from monitor.pace import Pace

MORNING = Subscription(id="morning", to=("mori@x.example",), at="08:00", tz="Asia/Tokyo", when="theme:export_control")
YESTERDAY = NOW - timedelta(days=1)


class Desk:
    """An archive that is filled item by item, and the digests over it."""

    def __init__(self, archive: Archive, clock: Clock) -> None:
        self.archive = archive
        self.clock = clock
        self._count = 0

    def file(
        self,
        event: str,
        at: datetime = NOW - timedelta(hours=1),
        *,
        theme: str | None = "export_control",
        score: float = 0.9,
        shown: Shown | None = None,
        dates: tuple[KeyDate, ...] = (),
        copy_of: str | None = None,
        merged: tuple[str, ...] = (),
        **changes: Any,
    ) -> Item:
        """Judge an item into an event at a moment; by default a report of the press."""
        self._count += 1
        base: dict[str, Any] = {
            "key": str(self._count),
            "url": f"http://x.example/{self._count}",
            "title": f"Report {self._count}",
            "tier": Tier.PRESS,
            "lang": "en",
            "source": "wire",
            "country": "US",
            "published": at,
            "first_seen": at,
        }
        item = an_item(**base | changes)
        found = sort_out(self.archive.intake.known(item.source, [item]), [item])
        self.archive.intake.store(Change(found=found, state=SourceState(id=item.source), at=at))
        stage = shown.stage if shown is not None and item.tier is Tier.OFFICIAL else Stage.REPORTED
        judged = Judged(
            item=item,
            findings=Findings(lang=item.lang, dates=dates, shown=shown, stage=stage),
            tags=() if theme is None else (Tag(theme=theme, score=score, is_given=True),),
            link=Link(event=event, is_new=False, copy_of=copy_of, merged=merged),
            model="m",
        )
        self.archive.judging.write([judged], [], at)
        return item

    def official(self, event: str, at: datetime = NOW - timedelta(hours=1), **changes: Any) -> Item:
        return self.file(event, at, **{"tier": Tier.OFFICIAL, "source": "bis"} | changes)

    def digests(self, *subscriptions: Subscription, **changes: Any) -> Digests:
        base: dict[str, Any] = {
            "archive": self.archive,
            "sources": [a_source(id="wire", name="Wire"), a_source(id="bis", name="BIS")],
            "subscriptions": subscriptions or (MORNING,),
            "theme_names": {"export_control": "Export control"},
            "pace": Pace(),
            "clock": self.clock,
        }
        return Digests(**base | changes)

    def content(
        self, since: datetime = YESTERDAY, until: datetime = NOW, *, channel: str | None = None, **changes: Any
    ) -> Content:
        return self.digests().content(replace(MORNING, **changes), since, until, channel=channel)

    def orders(self, channel: str = "mori@x.example") -> list[Order]:
        found = []
        while (order := self.archive.outbox.next(channel, self.clock() + timedelta(days=400))) is not None:
            found.append(order)
            self.archive.outbox.begin(order)
            self.archive.outbox.sent(order, Receipt(remote_id=f"<{order.id}@x>"), None, self.clock())
        return found


@pytest.fixture
def desk(archive: Archive, clock: Clock) -> Desk:
    return Desk(archive, clock)


def headings(content: Content) -> dict[str, list[str]]:
    """Events by heading."""
    names = ("new", "escalated", "moved", "quiet", "singles")
    return {name: [each.event.id for each in getattr(content, name)] for name in names if getattr(content, name)}


# ---- what is told, and where


def test_each_event_stands_once_under_the_heading_that_says_most(desk: Desk) -> None:
    """New of weight, a single item, gone further, moved."""
    before = NOW - timedelta(days=3)
    desk.official("E-new")
    desk.file("E-several", source="wire")
    desk.file("E-several", source="other")
    desk.file("E-single")
    desk.official("E-further", before, shown=a_shown("NPRM"))
    desk.official("E-further", shown=a_shown("final rule"))
    desk.file("E-moved", before)
    desk.file("E-moved")
    assert {name: sorted(ids) for name, ids in headings(desk.content()).items()} == {
        "new": ["E-new", "E-several"],
        "escalated": ["E-further"],
        "moved": ["E-moved"],
        "singles": ["E-single"],
    }


def test_a_further_stage_is_told_with_the_one_before(desk: Desk) -> None:
    """As it stood of the items that were judged before the span, without any record of it."""
    desk.official("E-1", NOW - timedelta(days=3), shown=a_shown("NPRM"))
    desk.official("E-1", shown=a_shown("final rule"))
    [entry] = desk.content().escalated
    assert entry.was is not None
    assert (entry.was.stage, entry.was.step, entry.event.stage, entry.event.step) == (
        Stage.PROPOSED,
        "NPRM",
        Stage.FINAL,
        "final rule",
    )


@pytest.mark.parametrize(("before", "now", "is_told"), [(4, 5, True), (3, 4, False), (5, 6, False), (14, 16, True)])
def test_passing_five_or_fifteen_sources_is_going_further(desk: Desk, before: int, now: int, is_told: bool) -> None:
    """Those that tell it in their own words; copies do not count."""
    first = None
    for number in range(now):
        at = NOW - (timedelta(days=3) if number < before else timedelta(hours=1))
        first = (
            desk.file("E-1", at, source=f"s{number}") if first is None else (desk.file("E-1", at, source=f"s{number}") and first)
        )
    assert first is not None
    desk.file("E-1", source="echo", copy_of=first.id)
    content = desk.content()
    assert headings(content) == {"escalated" if is_told else "moved": ["E-1"]}
    [entry] = content.escalated or content.moved
    assert entry.was is not None
    assert (entry.was.sources, entry.sources) == (before, now)


def test_a_stage_that_a_day_brought_is_told_without_an_item(desk: Desk) -> None:
    """A stated date of effect puts in force by itself."""
    effective = a_date(NOW.date(), DateKind.EFFECTIVE, sentence="Effective May 1, 2026.")
    desk.official("E-1", NOW - timedelta(days=30), shown=a_shown("final rule"), dates=(effective,))
    came = NOW - timedelta(hours=2)
    [event] = [each for each in desk.archive.events.due(came.date()) if desk.archive.events.has_advanced(each, came)]
    desk.archive.judging.advance(event, [], {}, came)
    [entry] = desk.content().escalated
    assert (entry.event.stage, [each.item.title for each in entry.items]) == (Stage.IN_FORCE, ["Report 1"])


def test_an_item_outside_the_filter_is_never_shown(desk: Desk) -> None:
    """Not as news, not as a date, not as the title of an event that it took further."""
    day = (NOW + timedelta(days=5)).date()
    mine = desk.file("E-1", NOW - timedelta(days=3), lang="en")
    desk.official("E-1", shown=a_shown("final rule"), lang="ja", title="よその言葉", dates=(a_date(day),))
    desk.file("E-2", lang="ja", title="よその言葉", dates=(a_date(day),))
    content = desk.content(when="lang:en")
    assert headings(content) == {"escalated": ["E-1"]}
    assert [each.item.id for each in content.escalated[0].items] == [mine.id]
    assert [(each.deadline.event, each.item.id) for each in content.dates] == [("E-1", mine.id)]


def test_without_a_filter_everything_with_a_theme_is_told(desk: Desk) -> None:
    """Not the whole news."""
    desk.file("E-1")
    desk.file("E-2", theme=None)
    assert headings(desk.content(when="")) == {"singles": ["E-1"]}


def test_an_event_goes_by_a_title_that_its_reader_can_read(desk: Desk) -> None:
    """Where the new items are in other languages, an earlier one in his own leads, the nearest to the source first."""
    before = NOW - timedelta(days=3)
    desk.file("E-1", before, lang="en", title="Report")
    desk.official("E-1", before, lang="en", title="Rule")
    desk.file("E-1", lang="ja", title="続報")
    desk.file("E-2", lang="en", title="News")
    desk.file("E-2", lang="ja", title="記事")
    found = {each.event.id: each.lead and each.lead.title for each in (*desk.content().moved, *desk.content().new)}
    assert found == {"E-1": "Rule", "E-2": None}
    assert desk.content(lang="ko").moved[0].lead is None


def test_an_event_is_new_to_the_reader_whose_first_item_it_has(desk: Desk) -> None:
    """Though it goes on for long: told so, and not as if he had known it."""
    desk.file("E-1", NOW - timedelta(days=20), theme="telecom_5g")
    desk.official("E-1")
    [entry] = desk.content().new
    assert (entry.was is None, entry.is_known) == (False, False)


def test_what_fell_quiet_is_told_once_when_a_week_is_over(desk: Desk) -> None:
    """Neither a day before nor a day after, and only what was more than one item."""
    last = NOW - timedelta(days=7, hours=2)
    desk.official("E-1", NOW - timedelta(days=9), shown=a_shown("NPRM"))
    desk.file("E-1", last)
    desk.file("E-single", last)
    days = [NOW + timedelta(days=shift) for shift in (-1, 0, 1)]
    found = [headings(desk.content(day - timedelta(days=1), day)).get("quiet") for day in days]
    assert found == [None, ["E-1"], None]
    assert desk.content().quiet[0].event.expected is not None


def test_a_reader_hears_of_quiet_only_where_he_heard_of_noise(desk: Desk) -> None:
    """A new reader is not told what ended before he came."""
    desk.file("E-1", NOW - timedelta(days=9))
    desk.file("E-1", NOW - timedelta(days=7, hours=2))
    digests = desk.digests()
    digests.order(MORNING, "2026-05-01", "mori@x.example", NOW)
    assert headings(desk.content(channel="mori@x.example")) == {}
    old = replace(MORNING, to=("sato@x.example",))
    digests.order(old, "2026-04-22", "sato@x.example", NOW - timedelta(days=8.5))
    assert headings(desk.content(channel="sato@x.example")) == {"quiet": ["E-1"]}


def test_an_event_that_was_heard_again_did_not_fall_quiet(desk: Desk) -> None:
    """An item of today makes it one that moved."""
    desk.file("E-1", NOW - timedelta(days=9))
    desk.file("E-1", NOW - timedelta(days=7, hours=2))
    desk.file("E-1")
    assert headings(desk.content()) == {"moved": ["E-1"]}


def test_at_most_so_many_events_are_told_and_the_rest_counted(desk: Desk) -> None:
    """The most important first, and every heading keeps some room."""
    for number in range(MAX_EVENTS + 4):
        desk.official(f"E-new{number}", score=0.99 - number / 1000)
    for number in range(3):
        desk.file(f"E-old{number}", NOW - timedelta(days=2))
        desk.file(f"E-old{number}")
    content = desk.content()
    assert (len(content.new), len(content.moved), content.left_out) == (MAX_EVENTS - 3, 3, 7)
    assert [each.event.id for each in content.new[:2]] == ["E-new0", "E-new1"]


# ---- dates


def test_dates_are_marked_by_what_became_of_them_since(desk: Desk) -> None:
    """New, moved and withdrawn since the last digest; an old one stands unmarked."""
    before, day = NOW - timedelta(days=3), NOW.date()
    ahead = [day + timedelta(days=n) for n in (4, 5, 6, 20)]
    desk.official("E-old", before, shown=a_shown("NPRM"), dates=(a_date(ahead[0]),))
    desk.official("E-new", shown=a_shown("NPRM"), dates=(a_date(ahead[1]),))
    desk.official("E-moved", before, shown=a_shown("NPRM"), dates=(a_date(ahead[2]),))
    desk.official(
        "E-moved", title="Extension of comment period", dates=(a_date(ahead[3], sentence="The comment period is extended."),)
    )
    desk.official("E-gone", before, shown=a_shown("final rule"), dates=(a_date(ahead[1], DateKind.EFFECTIVE),))
    desk.official("E-gone", shown=a_shown("withdrawn"), title="Withdrawal")
    content = desk.content()
    assert {(each.deadline.event, each.change, each.was) for each in content.dates} == {
        ("E-old", None, None),
        ("E-new", DateChange.NEW, None),
        ("E-moved", DateChange.MOVED, ahead[2]),
        ("E-gone", DateChange.WITHDRAWN, ahead[1]),
    }
    assert {each.event for each in content.changed} == {"E-new", "E-moved", "E-gone"}
    later = desk.content(NOW, NOW + timedelta(hours=1))
    assert {(each.deadline.event, each.change) for each in later.dates} == {("E-old", None), ("E-new", None)}
    assert later.changed == ()


def test_a_new_date_far_ahead_goes_to_the_calendar_alone(desk: Desk) -> None:
    """The list shows two weeks, the calendar all that is ahead."""
    desk.official("E-1", dates=(a_date(NOW.date() + timedelta(days=90)),))
    desk.official("E-2", dates=(a_date(NOW.date() - timedelta(days=90)),))
    content = desk.content()
    assert (content.dates, [each.event for each in content.changed]) == ((), ["E-1"])


def test_a_date_that_a_merge_ended_is_cancelled_in_the_calendar(desk: Desk) -> None:
    """Its entry would stay for ever otherwise."""
    day = NOW.date() + timedelta(days=5)
    one = desk.official("E-1", NOW - timedelta(days=4), dates=(a_date(day),))
    two = desk.official("E-2", NOW - timedelta(days=3), dates=(a_date(day),), source="other")
    desk.archive.events.merge("E-1", "E-2", who="analyst", now=NOW - timedelta(hours=2))
    assert {each.date.uid.split("-comments")[0]: each.date.is_withdrawn for each in desk.content().changed} == {two.id: True}
    assert one.id not in {each.date.item for each in desk.content().changed}
    assert desk.content(NOW, NOW + timedelta(days=1)).changed == ()


# ---- the chart, the heartbeat


def test_the_chart_counts_items_a_day_of_the_readers_themes(desk: Desk) -> None:
    """By his own days, without copies, for thirty days."""
    tokyo = ZoneInfo("Asia/Tokyo")
    until = datetime(2026, 5, 1, 8, 0, tzinfo=tokyo)
    first = desk.file("E-1", datetime(2026, 5, 1, 0, 30, tzinfo=tokyo))
    desk.file("E-1", datetime(2026, 4, 30, 23, 30, tzinfo=tokyo))
    desk.file("E-1", datetime(2026, 4, 30, 23, 40, tzinfo=tokyo), copy_of=first.id)
    desk.file("E-2", datetime(2026, 4, 2, 0, 30, tzinfo=tokyo))
    desk.file("E-3", datetime(2026, 4, 1, 23, 30, tzinfo=tokyo))
    desk.file("E-4", datetime(2026, 4, 30, 12, 0, tzinfo=tokyo), theme="telecom_5g")
    [row] = desk.content(until=until).days
    assert (row.theme, len(row.counts), row.counts[0], row.counts[-2:], sum(row.counts)) == ("export_control", 30, 1, (1, 1), 3)


def test_a_digest_says_what_was_watched(desk: Desk) -> None:
    """Sources that were read as planned, the last reading, and what came in, whoever wants it."""
    desk.file("E-1", theme=None)
    state = SourceState(id="bis", polls=1, last_success=NOW - timedelta(minutes=3), last_attempt=NOW, next_poll=NOW)
    desk.archive.intake.store(Change(state=state, at=NOW))
    content = desk.content()
    assert (content.sources, content.read, content.last_reading, content.came) == (2, 1, NOW - timedelta(minutes=3), 1)


def test_a_digest_repeated_later_says_the_same(desk: Desk) -> None:
    """What came meanwhile belongs to the next one."""
    desk.official("E-1", shown=a_shown("NPRM"))
    first = desk.content()
    desk.official("E-1", NOW + timedelta(minutes=5), shown=a_shown("final rule"))
    desk.file("E-2", NOW + timedelta(minutes=5))
    assert desk.content() == first
    assert headings(desk.content(NOW, NOW + timedelta(hours=1))) == {"escalated": ["E-1"], "singles": ["E-2"]}


# ---- readers


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


# ---- once per local day

ZONES = ("Asia/Tokyo", "America/New_York", "Europe/Berlin")
NIGHTS = (date(2026, 3, 8), date(2026, 3, 29), date(2026, 10, 25), date(2026, 11, 1))
HOURS = ("00:30", "01:30", "02:30", "07:00")


def ticks(subscription: Subscription, moments: list[datetime]) -> list[tuple[str, datetime]]:
    """The days for which a digest is ordered, at each moment in turn."""
    done: set[str] = set()
    found = []
    for moment in moments:
        day = due_day(subscription, moment, done)
        if day is not None:
            assert day not in done
            done.add(day)
            found.append((day, moment))
    return found


def minutes(zone: str, night: date) -> list[datetime]:
    """Every minute from noon of the day before a night to noon of the day after."""
    start = datetime(night.year, night.month, night.day, 12, tzinfo=ZoneInfo(zone)).astimezone(UTC) - timedelta(days=1)
    return [start + timedelta(minutes=n) for n in range(2 * 24 * 60)]


@pytest.mark.parametrize("at", HOURS)
@pytest.mark.parametrize("night", NIGHTS, ids=str)
@pytest.mark.parametrize("zone", ZONES)
def test_a_night_of_any_clock_has_one_digest_a_day(zone: str, night: date, at: str) -> None:
    """Minute by minute through the night and the day after: one for each local day, within a minute of its time."""
    subscription = replace(MORNING, at=at, tz=zone)
    found = ticks(subscription, minutes(zone, night))
    # the first tick may still catch up with the day on which it falls
    days = [day for day, _ in found if day >= night.isoformat()]
    assert days == [night.isoformat(), (night + timedelta(days=1)).isoformat()]
    hour, minute = map(int, at.split(":"))
    for day, moment in found:
        if day >= night.isoformat():
            local = moment.astimezone(ZoneInfo(zone))
            is_skipped = local.hour * 60 + local.minute == hour * 60 + minute + 60
            assert (local.hour, local.minute) == (hour, minute) or is_skipped


@pytest.mark.parametrize("hours", [1, 6, 11.9])
@pytest.mark.parametrize("at", HOURS)
@pytest.mark.parametrize("night", NIGHTS, ids=str)
@pytest.mark.parametrize("zone", ZONES)
def test_a_program_that_was_down_at_the_hour_sends_late(zone: str, night: date, at: str, hours: float) -> None:
    """Up to twelve hours, and still one a day."""
    subscription = replace(MORNING, at=at, tz=zone)
    hour, minute = map(int, at.split(":"))
    due = datetime(night.year, night.month, night.day, hour, minute, tzinfo=ZoneInfo(zone)).astimezone(UTC)
    moments = [each for each in minutes(zone, night) if not due <= each < due + timedelta(hours=hours)]
    days = [day for day, _ in ticks(subscription, moments) if day >= night.isoformat()]
    assert days == [night.isoformat(), (night + timedelta(days=1)).isoformat()]


def test_a_program_that_was_down_for_longer_leaves_the_day_to_the_next() -> None:
    """Whose digest then covers both."""
    subscription = replace(MORNING, at="07:00", tz="Europe/Berlin")
    moments = minutes("Europe/Berlin", date(2026, 5, 1))
    due = datetime(2026, 5, 1, 5, 0, tzinfo=UTC)
    found = ticks(subscription, [each for each in moments if not due <= each <= due + timedelta(hours=12, minutes=1)])
    assert [day for day, _ in found if day >= "2026-05-01"] == ["2026-05-02"]


@given(
    zone=st.sampled_from(ZONES),
    night=st.sampled_from(NIGHTS),
    at=st.sampled_from(HOURS),
    steps=st.lists(st.integers(-90, 400), min_size=20, max_size=120),
)
@settings(deadline=None, max_examples=60)
def test_whatever_the_clock_does_no_day_has_two(zone: str, night: date, at: str, steps: list[int]) -> None:
    """A clock that jumps to and fro orders each day at most once, never early."""
    subscription = replace(MORNING, at=at, tz=zone)
    moment = minutes(zone, night)[0]
    moments = [moment := moment + timedelta(minutes=step) for step in steps]
    found = ticks(subscription, moments)
    assert len({day for day, _ in found}) == len(found)
    for day, when in found:
        hour, minute = map(int, at.split(":"))
        due = datetime.fromisoformat(day).replace(hour=hour, minute=minute, tzinfo=ZoneInfo(zone)).astimezone(UTC)
        assert timedelta(0) <= when - due <= timedelta(hours=12)


def days_of(desk: Desk, moves: list[Callable[[Clock], None]]) -> list[Order]:
    """Digests ordered over a real archive, with a tick after each move of the clock."""
    digests = desk.digests()
    for move in moves:
        move(desk.clock)
        digests.order_due()
    return desk.orders()


def test_a_clock_that_goes_back_after_sending_sends_no_second(desk: Desk) -> None:
    """An hour back, the hour again: the day has its digest; the next goes on where it ended."""
    desk.clock.now = datetime(2026, 4, 30, 23, 0, tzinfo=UTC)
    hour = timedelta(hours=1)
    orders = days_of(
        desk,
        [
            lambda clock: None,
            lambda clock: setattr(clock, "now", clock.now - hour),
            lambda clock: setattr(clock, "now", clock.now + hour),
            lambda clock: setattr(clock, "now", clock.now + 24 * hour),
        ],
    )
    assert [order.key.split(":")[2] for order in orders] == ["2026-05-01", "2026-05-02"]
    assert orders[1].since == orders[0].until


def test_a_clock_that_jumps_days_ahead_and_back_loses_nothing(desk: Desk) -> None:
    """One digest a day, and every moment of the true time is within one that was sent after it."""
    start = datetime(2026, 4, 30, 23, 0, tzinfo=UTC)
    desk.clock.now = start
    days = [timedelta(days=n) for n in (0, 3, 1, 2, 3, 4)]
    orders = days_of(desk, [lambda clock, day=day: setattr(clock, "now", start + day) for day in days])  # type: ignore[misc]
    assert [order.key.split(":")[2] for order in orders] == [
        "2026-05-01",
        "2026-05-04",  # the clock was ahead
        "2026-05-02",
        "2026-05-03",
        "2026-05-05",
    ]
    # the fourth's was sent before its time: what came since the third's is in the fifth's
    assert (orders[2].since, orders[3].since, orders[4].since) == (orders[0].until, orders[2].until, orders[3].until)
