"""One contract for every channel, and what is particular to Slack and mail."""

from __future__ import annotations

import email
import email.policy
import io
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from builders import a_message
from fakes import MailFake, SlackFake
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.channels import Channel, split
from monitor.channels.blocks import MAX_ALL, blocks, escaped
from monitor.channels.console import Console
from monitor.channels.mail import Mail, header, mail_of
from monitor.channels.slack import Slack
from monitor.errors import ChannelError, MessageRefused, UsageError
from monitor.messages import MailParts, Message

NOW = datetime(2026, 5, 1, 8, 0, tzinfo=UTC)


def a_mail(server: MailFake) -> Mail:
    return Mail(
        host="127.0.0.1", port=server.port, security="none", sender="Monitor <monitor@x.example>", clock=lambda: NOW, timeout=5
    )


@pytest.fixture(params=["console", "mail", "slack"])
def channel(request: pytest.FixtureRequest, slack: SlackFake, mail: MailFake) -> tuple[Channel, Message, Callable[[], int]]:
    """A channel of each kind, a message that suits it, and how many messages have arrived."""
    if request.param == "slack":
        return Slack("xoxb-test", api_url=slack.api_url), a_message(), lambda: len(slack.messages)
    if request.param == "mail":
        return a_mail(mail), a_message(address="mori@x.example"), lambda: len(mail.mails)
    stream = io.StringIO()
    return Console(stream), a_message(address=""), lambda: stream.getvalue().count("Export control ·")


def test_a_message_arrives_once_and_has_a_receipt(channel: tuple[Channel, Message, Callable[[], int]]) -> None:
    """Sending returns the proof."""
    sender, message, arrived = channel
    assert sender.send(message).remote_id
    assert arrived() == 1


def test_looking_finds_what_was_sent_or_says_that_it_cannot_look(channel: tuple[Channel, Message, Callable[[], int]]) -> None:
    """find answers the receipt of send, where the channel can look at all; never of a message that was not sent."""
    sender, message, _ = channel
    assert sender.find(message, 0.0) is None
    receipt = sender.send(message)
    assert sender.find(message, 0.0) == (receipt if sender.can_look else None)


def test_a_reply_arrives_too(channel: tuple[Channel, Message, Callable[[], int]]) -> None:
    """Messages of a thread are messages."""
    sender, message, _ = channel
    root = sender.send(message)
    reply = a_message(key="k2", address=message.address, thread=root.remote_id)
    assert sender.send(reply).remote_id != root.remote_id


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("slack:#a", ("slack", "#a")),
        ("mail:a@b.example", ("mail", "a@b.example")),
        ("a@b.example", ("mail", "a@b.example")),
        ("console", ("console", "")),
    ],
)
def test_addresses_name_their_kind(address: str, expected: tuple[str, str]) -> None:
    """A bare mail address is one."""
    assert split(address) == expected


@pytest.mark.parametrize("address", ["", "#a", "slack:", "pager:1", "slack"])
def test_what_is_no_address_is_wrong_use(address: str) -> None:
    """With an example of a right one."""
    with pytest.raises(UsageError):
        split(address)


@pytest.mark.parametrize(
    ("mood", "is_ambiguous", "retry_after"),
    [
        ("drop", True, None),
        ("drop_after", True, None),
        ("http500", True, None),
        ("ratelimit", False, 7.0),
        ("internal_error", True, None),
    ],
)
def test_slack_failures_say_whether_the_message_may_have_gone(
    slack: SlackFake, mood: str, is_ambiguous: bool, retry_after: float | None
) -> None:
    """A lost answer is ambiguous, a rate limit is not; the SDK repeats nothing by itself."""
    slack.moods = [mood]
    with pytest.raises(ChannelError) as caught:
        Slack("xoxb-test", api_url=slack.api_url, timeout=5).send(a_message())
    assert (caught.value.is_ambiguous, caught.value.retry_after) == (is_ambiguous, retry_after)
    assert slack.calls == ["chat.postMessage"]


@pytest.mark.parametrize("mood", ["channel_not_found", "invalid_auth", "is_archived", "invalid_blocks", "token_revoked"])
def test_slack_refusals_are_final(slack: SlackFake, mood: str) -> None:
    """What no repetition changes is refused for good, and nothing of the token is said."""
    slack.moods = [mood]
    with pytest.raises(MessageRefused, match=mood) as caught:
        Slack("xoxb-very-secret", api_url=slack.api_url).send(a_message())
    assert "xoxb" not in str(caught.value)


def test_slack_that_cannot_be_reached_has_not_taken_the_message() -> None:
    """A refused connection is not ambiguous."""
    with pytest.raises(ChannelError) as caught:
        Slack("xoxb-test", api_url="http://127.0.0.1:9/api/").send(a_message())
    assert not caught.value.is_ambiguous


TEXT = st.text(max_size=400) | st.sampled_from(
    ["<!channel> & <@U1> <http://evil.example|http://good.example>", "&" * 5000, "あ" * 5000, "a|b>c<d"]
)


@settings(max_examples=80, deadline=None)
@given(title=TEXT, extract=TEXT, value=TEXT, is_reply=st.booleans())
def test_any_text_makes_blocks_within_slacks_limits_and_without_markup(
    title: str, extract: str, value: str, is_reply: bool
) -> None:
    """No mention, no link of the text's own, no limit passed, whatever a feed says."""
    message = a_message(
        title=title, headline=title, extract=extract, fields=(("Stage", value),) * 12, why=value, thread="1" if is_reply else None
    )
    found = blocks(message)
    texts = [text for block in found for text in _texts(block)]
    assert sum(len(text) for text in texts) <= MAX_ALL
    for block in found:
        for text in _texts(block):
            limit = 150 if block["type"] == "header" else 2000 if "fields" in block else 3000
            assert len(text) <= limit
            if block["type"] != "header":
                bare = text.replace("<https://bis.example/1>", "").replace("<https://bis.example/1|", "")
                assert "<" not in bare
    assert "<" not in escaped(title)


def _texts(block: dict) -> list[str]:
    if "elements" in block:
        return [each["text"] for each in block["elements"]]
    if "fields" in block:
        return [each["text"] for each in block["fields"]]
    return [block["text"]["text"]]


def test_a_title_that_reads_like_an_address_does_not_mask_the_link() -> None:
    """The reader sees where the link goes."""
    text = _texts(blocks(a_message(title="Visit www.bank.example now", url="https://evil.example/x"))[1])[0]
    assert text.startswith("Visit www.bank.example now\n<https://evil.example/x>")


def test_a_mail_is_clean_and_whole() -> None:
    """One of each header, a stable Message-ID, text and HTML, no line too long, whatever the subject says."""
    message = a_message(
        key="digest:morning:2026-05-01:mori@x.example",
        address="mori@x.example",
        headline="輸出管理\r\nBcc: evil@x.example =?utf-8?q?=0AX-Injected:_1?=",
        mail=MailParts(text="本文" * 2000, html="<p>" + "本文" * 2000 + "</p>"),
    )
    raw = mail_of(message, sender="Monitor <monitor@x.example>", now=NOW).as_bytes(policy=email.policy.SMTP)
    head = raw.split(b"\r\n\r\n")[0]
    names = [line.split(b":")[0].lower() for line in head.split(b"\r\n") if not line.startswith((b" ", b"\t"))]
    assert len(names) == len(set(names))
    assert b"bcc" not in names
    assert b"x-injected" not in names
    assert max(len(line) for line in raw.split(b"\r\n")) <= 998
    assert all(byte < 128 for byte in head)
    parsed = email.message_from_bytes(raw, policy=email.policy.default)
    assert parsed.get_body(("plain",)) is not None
    assert "本文" in parsed.get_body(("html",)).get_content()
    assert (
        parsed["Message-ID"]
        == email.message_from_bytes(
            bytes(mail_of(message, sender="Monitor <monitor@x.example>", now=datetime(2027, 1, 1, tzinfo=UTC)))
        )["Message-ID"]
    )


@given(st.text(max_size=200))
def test_a_header_is_one_clean_line(text: str) -> None:
    """No control character, no encoded word that another program would decode into a header."""
    found = header(text)
    assert all(ord(character) >= 32 for character in found)
    assert "=?" not in found


@pytest.mark.parametrize(("mood", "error"), [("451", ChannelError), ("550", MessageRefused), ("554", MessageRefused)])
def test_mail_replies_of_4xx_are_tried_again_and_5xx_are_final(mail: MailFake, mood: str, error: type[Exception]) -> None:
    """RFC 5321, section 4.2.1."""
    mail.moods = [mood]
    with pytest.raises(error):
        a_mail(mail).send(a_message(address="mori@x.example"))
    assert mail.mails == []


def test_a_lost_answer_after_data_is_ambiguous(mail: MailFake) -> None:
    """The mail may have been taken."""
    mail.moods = ["drop_after"]
    with pytest.raises(ChannelError) as caught:
        a_mail(mail).send(a_message(address="mori@x.example"))
    assert caught.value.is_ambiguous
    assert len(mail.mails) == 1


def test_a_server_that_will_not_part_has_taken_the_mail(mail: MailFake) -> None:
    """What is said after the mail was accepted changes nothing."""
    mail.moods = ["421"]
    assert a_mail(mail).send(a_message(address="mori@x.example")).remote_id
    assert len(mail.mails) == 1


def test_a_bad_recipient_is_refused_before_the_server_is_asked(mail: MailFake) -> None:
    """An address that is none stops no other."""
    with pytest.raises(MessageRefused):
        a_mail(mail).send(a_message(address="not an address"))
    assert mail.mails == []
