"""The mail as other programs get it: its parts and headers, and what becomes of it when a server is ill. Real SMTP on loopback."""

from __future__ import annotations

import email
import email.policy
import importlib.util
import json
import re
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from types import ModuleType
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from builders import a_message, an_item
from conftest import NOW, ROOT, SHARED, Clock
from digest_content import a_content, a_dated, a_rich_content, an_entry
from fakes import MailFake
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor import config, house
from monitor.archive import Archive
from monitor.channels.mail import Mail, mail_of
from monitor.digest import Digest, render
from monitor.errors import ChannelError, MessageRefused
from monitor.items import Filed
from monitor.messages import File, MailParts, Message

SENDER = "Monitor <monitor@x.example>"
STOP = "https://monitor.example.org/news/unsubscribe/" + "t" * 120


def a_digest_mail(digest: Digest | None = None, **changes: Any) -> Message:
    found = digest or render(a_rich_content())
    parts = MailParts(
        text=found.text, html=found.html, files=found.files, list_id="morning", unsubscribe=changes.pop("stop", STOP)
    )
    base = {"key": "digest:morning:2026-05-01:mori@x.example", "address": "mori@x.example", "headline": found.subject}
    return a_message(**base | changes, mail=parts)


def read(raw: bytes) -> EmailMessage:
    found = email.message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(found, EmailMessage)
    return found


def sent(message: Message) -> EmailMessage:
    return read(bytes(mail_of(message, sender=SENDER, now=NOW)))


def tree(part: EmailMessage) -> Any:
    """Media types of the parts, as they are nested."""
    if not part.is_multipart():
        return part.get_content_type()
    return {part.get_content_type(): [tree(each) for each in part.iter_parts()]}


def test_a_digest_has_text_and_html_with_its_pictures_and_a_calendar() -> None:
    """Each nested as RFC 2046 and 2387 have it, so that every program shows the best that it can."""
    assert tree(sent(a_digest_mail())) == {
        "multipart/mixed": [
            {"multipart/alternative": ["text/plain", {"multipart/related": ["text/html", *["image/png"] * 4]}]},
            "text/calendar",
        ]
    }
    assert tree(sent(a_digest_mail(render(a_content(new=(an_entry(),)))))) == {
        "multipart/alternative": ["text/plain", "text/html"]
    }
    assert tree(sent(a_message(address="mori@x.example"))) == "text/plain"


def test_the_parts_hold_what_was_rendered() -> None:
    """Byte for byte but for line ends; the pictures under the ids that the HTML names; the calendar as published."""
    digest = render(a_rich_content("ja"))
    mail = sent(a_digest_mail(digest))
    text, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert text is not None
    assert html is not None
    assert text.get_content().replace("\r\n", "\n").rstrip("\n") == digest.text.rstrip("\n")
    assert html.get_content().replace("\r\n", "\n").rstrip("\n") == digest.html.rstrip("\n")
    pictures = {each["Content-ID"]: each for each in mail.walk() if each.get_content_type() == "image/png"}
    assert list(pictures) == [f"<{cid}>" for cid in re.findall(r'src="cid:([^"]+)"', digest.html)]
    assert {each["Content-Disposition"].content_disposition for each in pictures.values()} == {"inline"}
    [dates] = mail.iter_attachments()
    assert (dates.get_filename(), dates["Content-Type"].params["method"]) == ("deadlines.ics", "PUBLISH")
    assert dates.get_content().encode() == next(each.content for each in digest.files if each.name == "deadlines.ics")


def test_a_digest_is_a_list_that_one_click_ends() -> None:
    """RFC 2919 and RFC 8058: the https address first, mail beside it, and the post that is promised."""
    mail = sent(a_digest_mail())
    assert mail["List-Id"] == "<morning.x.example>"
    assert mail["List-Unsubscribe"] == f"<{STOP}>, <mailto:monitor@x.example?subject=unsubscribe%20morning>"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert (mail["Auto-Submitted"], mail["Precedence"]) == ("auto-generated", None)


def test_without_an_address_of_ours_it_is_ended_by_mail() -> None:
    """And no post is promised that nobody takes."""
    mail = sent(a_digest_mail(stop=None))
    assert (mail["List-Unsubscribe"], mail["List-Unsubscribe-Post"]) == (
        "<mailto:monitor@x.example?subject=unsubscribe%20morning>",
        None,
    )


def test_what_programs_read_is_never_an_encoded_word() -> None:
    """However long: a line breaks only at a space."""
    thread = f"<{'a' * 120}@x.example>"
    raw = bytes(mail_of(replace(a_digest_mail(), thread=thread), sender=SENDER, now=NOW))
    head = raw.split(b"\r\n\r\n")[0]
    assert b"=?" not in head.split(b"Subject:")[0] + head.split(b"List-Id:")[1]
    assert f"List-Unsubscribe: <{STOP}>,\r\n <mailto:".encode() in head
    assert f"References: {thread}\r\n".encode() in head + b"\r\n"


def test_an_alert_answers_the_first_of_its_event() -> None:
    """Programs show them as one conversation."""
    mail = sent(a_message(address="mori@x.example", thread="<abc@x.example>"))
    assert (mail["In-Reply-To"], mail["References"]) == ("<abc@x.example>", "<abc@x.example>")


@pytest.mark.parametrize("thread", [None, "1700000000.0001", "<a@b>\r\nBcc: evil@x.example", "<a b@c>", "<@>", "<a@b> <c@d>"])
def test_what_is_no_message_id_is_answered_by_none(thread: str | None) -> None:
    """Another channel's id, or anything that would break the header."""
    mail = sent(a_message(address="mori@x.example", thread=thread))
    assert (mail["In-Reply-To"], mail["References"], mail["Bcc"]) == (None, None, None)


def test_a_repeat_has_the_same_message_id_and_another_day_another() -> None:
    """So that the reader's program joins what came twice, and nothing else."""
    first, later = (
        mail_of(a_digest_mail(), sender=SENDER, now=NOW + shift)["Message-ID"] for shift in (timedelta(), timedelta(days=2))
    )
    other = mail_of(a_digest_mail(key="digest:morning:2026-05-02:mori@x.example"), sender=SENDER, now=NOW)["Message-ID"]
    assert first == later != other


HOSTILE = [
    "<script>alert(1)</script>",
    "x\r\nBcc: evil@x.example\r\nX-Injected: 1\r\n\r\n<b>body</b>",
    "=?utf-8?q?x=0D=0AX-Injected:_1?=",
    "\u202egnp.exe \x00 \x1b[31m \u2066",
    '"><img src=https://evil.example/p.png onerror=alert(1)>',
    "From here\n.\n..\r\nQUIT",
    "é" * 300,
    "輸出管理" * 200,
]


def hostile_digest(text: str) -> Digest:
    item = an_item(title=text, summary=text, url="https://x.example/1")
    entry = an_entry(item, step=text, themes=((text, 0.5),))
    filed = Filed(item=item, themes=((text, 0.5),))
    content = a_content(
        name=text, when=text, wants=text, dates=(a_dated(item),), new=(entry,), singles=(an_entry(filed),), notes=(text,)
    )
    return render(replace(content, changed=(a_dated(item, title=text, sentence=text).deadline,)))


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_no_text_of_others_reaches_the_mails_structure(text: str) -> None:
    """Headers once each, nothing added, no line too long, the same parts as ever."""
    message = replace(a_digest_mail(hostile_digest(text)), title=text)
    raw = bytes(mail_of(message, sender=SENDER, now=NOW))
    head = raw.split(b"\r\n\r\n")[0]
    names = [line.split(b":")[0].lower() for line in head.split(b"\r\n") if not line.startswith((b" ", b"\t"))]
    assert sorted(names) == sorted(set(names))
    assert {b"bcc", b"x-injected"}.isdisjoint(names)
    assert max(len(line) for line in raw.split(b"\r\n")) <= 998
    assert re.search(rb"(?<!\r)\n|\r(?!\n)", raw) is None
    mail = read(raw)
    assert tree(mail) == {"multipart/mixed": [{"multipart/alternative": ["text/plain", "text/html"]}, "text/calendar"]}
    assert not any(ord(character) < 32 for character in mail["Subject"])


@given(name=st.text(max_size=60), list_id=st.text(max_size=60))
@settings(deadline=None, max_examples=60)
def test_any_name_of_a_file_or_list_makes_a_mail(name: str, list_id: str) -> None:
    """Or is refused, but breaks no header."""
    file = File(name=name or "x", media_type="text/calendar", content=b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n")
    message = a_message(
        address="mori@x.example", mail=MailParts(text="x", html="<p>x</p>", files=(file,), list_id=list_id or None)
    )
    head = bytes(mail_of(message, sender=SENDER, now=NOW)).split(b"\r\n\r\n")[0]
    assert all(byte < 128 for byte in head)
    assert b"\r\nBcc" not in head


# ---- a server that is ill: our own fake, always

FEEDS = """
version: 1
sources: [{{id: bis, type: feed, url: "http://bis.example/feed", tier: official}}]
mail: {{host: 127.0.0.1, port: {port}, security: none, from: "Monitor <monitor@x.example>"}}
web: {{url: "https://monitor.example.org"}}
digests: [{{id: morning, to: {to}, at: "08:00", tz: Asia/Tokyo}}]
"""
MORNING = NOW.replace(hour=0)  # 9 in Tokyo
ONE = ["mori@x.example"]

KINDS = [("451", ChannelError), ("550", MessageRefused), ("554", MessageRefused)]


@pytest.mark.parametrize(("mood", "error"), KINDS)
def test_a_whole_digest_is_tried_again_or_refused_as_the_server_says(mail: MailFake, mood: str, error: type[Exception]) -> None:
    """4xx later, 5xx never; nothing was taken."""
    mail.moods = [mood]
    with pytest.raises(error):
        Mail(host="127.0.0.1", port=mail.port, security="none", sender=SENDER, timeout=5, clock=lambda: NOW).send(a_digest_mail())
    assert mail.mails == []


def test_a_digest_repeated_after_a_lost_answer_is_known_by_its_id(mail: MailFake) -> None:
    """The same Message-ID and the same words."""
    channel = Mail(host="127.0.0.1", port=mail.port, security="none", sender=SENDER, timeout=5, clock=lambda: NOW)
    mail.moods = ["drop_after"]
    with pytest.raises(ChannelError) as caught:
        channel.send(a_digest_mail())
    assert caught.value.is_ambiguous
    receipt = channel.send(a_digest_mail())
    ids = [read(raw)["Message-ID"] for _, raw in mail.mails]
    assert ids == [receipt.remote_id] * 2


@pytest.mark.parametrize(
    ("zone", "night", "at"),
    [
        ("Asia/Tokyo", "2026-03-29", "00:30"),
        ("America/New_York", "2026-03-08", "02:30"),
        ("America/New_York", "2026-11-01", "01:30"),
        ("Europe/Berlin", "2026-03-29", "02:30"),
        ("Europe/Berlin", "2026-10-25", "02:30"),
    ],
)
def test_through_a_night_of_the_clock_each_day_has_its_mail(
    archive: Archive, clock: Clock, mail: MailFake, tmp_path: Path, zone: str, night: str, at: str
) -> None:
    """As the service works, minute by minute; though the first answer is lost, and the clock goes back an hour after the first."""
    path = tmp_path / "feeds.yaml"
    text = FEEDS.format(port=mail.port, to=json.dumps(ONE)).replace('"08:00", tz: Asia/Tokyo', f'"{at}", tz: {zone}')
    path.write_text(text, encoding="utf-8")
    begin = datetime.fromisoformat(f"{night}T12:00").replace(tzinfo=ZoneInfo(zone)).astimezone(UTC) - timedelta(days=1)
    clock.now = begin
    deliverer = house.deliverer(archive, config.load(path), ROOT / "classifiers", clock, pause=lambda _: None)
    # the catch-up of the day on which this begins is no part of it
    deliverer.digests.order_due()
    deliverer.run()
    mail.mails.clear()
    mail.moods = ["drop_after"]
    has_gone_back = False
    while clock.now < begin + timedelta(days=2):
        deliverer.digests.order_due()
        deliverer.run()
        clock.move(minutes=1)
        if mail.mails and not has_gone_back:
            clock.move(hours=-1)
            has_gone_back = True
    ids = Counter(str(read(raw)["Message-ID"]) for _, raw in mail.mails)
    assert (len(ids), max(ids.values()) <= 2, len(mail.mails) <= 3) == (2, True, True)


# ---- the server of the hostile kit


def kit() -> ModuleType:
    """The mail server beside the project, by its path."""
    name = "kit_fake_smtp"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, SHARED / "hostile" / "fake_smtp.py")
        assert spec is not None
        assert spec.loader is not None
        found = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(found)
        sys.modules[name] = found
    return sys.modules[name]


@pytest.fixture
def server() -> Iterator[Any]:
    with kit().FakeSMTP() as found:
        yield found
    found.loop.close()


Post = Callable[..., None]


@pytest.fixture
def post(archive: Archive, clock: Clock, server: Any, tmp_path: Path) -> Post:
    """Order what is due and deliver, as the service does, after moving the clock."""
    clock.now = MORNING

    def posted(to: list[str], *, hours: float = 0) -> None:
        path = tmp_path / "feeds.yaml"
        path.write_text(FEEDS.format(port=server.port, to=json.dumps(to)), encoding="utf-8")
        clock.move(hours=hours)
        deliverer = house.deliverer(archive, config.load(path), ROOT / "classifiers", clock, pause=lambda _: None)
        deliverer.digests.order_due()
        deliverer.run()

    return posted


def kept(server: Any) -> list[tuple[str, str, list[str]]]:
    """Address, id and what is wrong of each mail that was taken."""
    return [(each["to"], each["message_id"], each["warnings"]) for each in server.accepted]


@pytest.mark.shared
@pytest.mark.parametrize("mode", ["greet421", "temp451", "rcpt450", "drop_before_data"])
def test_what_the_server_puts_off_is_sent_later_and_once(server: Any, post: Post, mode: str) -> None:
    """One mail, without anything to warn of."""
    server.mode(mode, 2)
    for _ in range(4):
        post(ONE, hours=1)
    assert [(to, warnings) for to, _, warnings in kept(server)] == [("mori@x.example", [])]


@pytest.mark.shared
@pytest.mark.parametrize("mode", ["perm550", "perm554"])
def test_what_the_server_refuses_is_reported_and_not_repeated(server: Any, post: Post, archive: Archive, mode: str) -> None:
    """Dead and visible; the next day's goes."""
    server.mode(mode)
    for _ in range(3):
        post(ONE, hours=1)
    assert (server.accepted, archive.outbox.counts()["dead"]) == ([], 1)
    post(ONE, hours=24)
    assert len(server.accepted) == 1


@pytest.mark.shared
def test_one_bad_address_stops_no_other(server: Any, post: Post, archive: Archive) -> None:
    """Refused alone."""
    server.mode("refuse_one", 9)
    post(["bad@x.example", "mori@x.example", "sato@x.example"])
    post(["bad@x.example", "mori@x.example", "sato@x.example"], hours=1)
    assert sorted(to for to, _, _ in kept(server)) == ["mori@x.example", "sato@x.example"]
    assert archive.outbox.counts()["dead"] == 1


@pytest.mark.shared
def test_a_lost_answer_makes_at_most_one_double_with_the_same_id(server: Any, post: Post) -> None:
    """The server took the mail and said nothing."""
    server.mode("drop_after_data")
    for _ in range(4):
        post(ONE, hours=1)
    found = kept(server)
    assert 1 <= len(found) <= 2
    assert len({message_id for _, message_id, _ in found}) == 1
    assert [warnings for _, _, warnings in found] == [[]] * len(found)


@pytest.mark.shared
def test_a_server_that_says_nothing_costs_the_timeout_and_no_more(server: Any) -> None:
    """And leaves no doubt: the mail was never begun."""
    server.mode("hang")
    began = time.monotonic()
    with pytest.raises(ChannelError) as caught:
        Mail(host="127.0.0.1", port=server.port, security="none", sender=SENDER, timeout=0.5, clock=lambda: NOW).send(
            a_digest_mail()
        )
    assert (caught.value.is_ambiguous, time.monotonic() - began < 5) == (False, True)


@pytest.mark.shared
def test_a_server_that_is_slow_with_its_answer_leaves_a_doubt(server: Any) -> None:
    """The mail may have gone: what is sent again has its id."""
    server.mode("slow")
    began = time.monotonic()
    with pytest.raises(ChannelError) as caught:
        Mail(host="127.0.0.1", port=server.port, security="none", sender=SENDER, timeout=0.5, clock=lambda: NOW).send(
            a_digest_mail()
        )
    assert (caught.value.is_ambiguous, time.monotonic() - began < 5) == (True, True)


@pytest.mark.shared
def test_a_refused_login_is_said_without_the_password(server: Any) -> None:
    """What to check, and not what was tried."""
    server.mode("auth535")
    channel = Mail(
        host="127.0.0.1",
        port=server.port,
        security="none",
        sender=SENDER,
        user="mona",
        password="sesame-9",
        timeout=5,
        clock=lambda: NOW,
    )
    with pytest.raises(ChannelError, match="refuses the login") as caught:
        channel.send(a_digest_mail())
    assert "sesame-9" not in f"{caught.value!r} {caught.value} {channel!r}"


@pytest.mark.shared
def test_a_mail_that_is_too_big_is_refused(server: Any) -> None:
    """As any that the server never takes."""
    server.mode("size552")
    big = a_digest_mail(Digest(subject="x", text="x" * 200_000, html="<p>x</p>"))
    with pytest.raises(MessageRefused, match="552"):
        Mail(host="127.0.0.1", port=server.port, security="none", sender=SENDER, timeout=5, clock=lambda: NOW).send(big)


@pytest.mark.shared
@pytest.mark.parametrize("text", [text for text in HOSTILE if " onerror=" not in text])  # the kit warns of the word alone
def test_a_digest_of_hostile_texts_gives_a_strict_server_nothing_to_warn_of(server: Any, text: str) -> None:
    """No header twice or missing, nothing active, nothing from elsewhere, no bare line end."""
    channel = Mail(host="127.0.0.1", port=server.port, security="none", sender=SENDER, timeout=5, clock=lambda: NOW)
    channel.send(a_digest_mail(hostile_digest(text)))
    channel.send(a_digest_mail())
    assert [each["warnings"] for each in server.accepted] == [[], []]
