"""One contract for every channel, and what is particular to Slack and mail."""

from __future__ import annotations

import email
import email.policy
import io
import ipaddress
import logging
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from builders import a_message
from fakes import Answer, HookFake, MailFake, SlackFake
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.channels import KINDS, Channel, split
from monitor.channels.atom import Atom
from monitor.channels.blocks import MAX_ALL, blocks, escaped, fitted
from monitor.channels.console import Console
from monitor.channels.mail import Mail, header, mail_of
from monitor.channels.slack import Slack
from monitor.channels.slack_webhook import SlackWebhook
from monitor.channels.webhook import Webhook
from monitor.errors import ChannelError, MessageRefused, UsageError
from monitor.house import posting
from monitor.messages import MailParts, Message
from monitor.sources.web import NetworkRules

NOW = datetime(2026, 5, 1, 8, 0, tzinfo=UTC)


def a_mail(server: MailFake) -> Mail:
    return Mail(
        host="127.0.0.1", port=server.port, security="none", sender="Monitor <monitor@x.example>", clock=lambda: NOW, timeout=5
    )


@dataclass(frozen=True, kw_only=True)
class Trial:
    """A kind of channel under the contract."""

    channel: Channel
    message: Message  # one that suits it
    arrived: Callable[[], int]  # how many messages of the headline have arrived
    refuse: Callable[[], None] | None = None  # makes the next message one that is refused; None: it refuses none
    alone: Channel | None = None  # the same with nobody there; None: it needs nobody


SECRET = "m4rk3d-word"
"""Stands in every secret: token, password, key, address."""


def _slack(slack: SlackFake, mail: MailFake, hook: HookFake, folder: Path) -> Trial:
    return Trial(
        channel=Slack(f"xoxb-{SECRET}", api_url=slack.api_url),
        message=a_message(),
        arrived=lambda: len(slack.messages),
        refuse=lambda: slack.moods.append("channel_not_found"),
        alone=Slack(f"xoxb-{SECRET}", api_url="http://127.0.0.1:9/api/"),
    )


def _slack_webhook(slack: SlackFake, mail: MailFake, hook: HookFake, folder: Path) -> Trial:
    return Trial(
        channel=SlackWebhook(f"{hook.base}/{SECRET}", name="econsec", min_gap=0.0),
        message=a_message(address="econsec"),
        arrived=lambda: len(hook.calls),
        refuse=lambda: hook.moods.append(Answer(b"no_service", status=404)),
        alone=SlackWebhook(f"http://127.0.0.1:9/{SECRET}", name="econsec", min_gap=0.0),
    )


def _mail(slack: SlackFake, mail: MailFake, hook: HookFake, folder: Path) -> Trial:
    alone = Mail(
        host="127.0.0.1",
        port=9,
        security="none",
        sender="m@x.example",
        user="monitor",
        password=SECRET,
        timeout=5,
        clock=lambda: NOW,
    )
    return Trial(
        channel=a_mail(mail),
        message=a_message(address="mori@x.example"),
        arrived=lambda: len(mail.mails),
        refuse=lambda: mail.moods.append("550"),
        alone=alone,
    )


def _webhook(slack: SlackFake, mail: MailFake, hook: HookFake, folder: Path) -> Trial:
    rules = NetworkRules(allow_private=(ipaddress.ip_network("127.0.0.0/8"),), host_delay=0, timeout=5)
    post = posting(rules, lambda: NOW)
    return Trial(
        channel=Webhook(url=f"{hook.base}/?key={SECRET}", secret=SECRET, post=post, clock=lambda: NOW),
        message=a_message(address="tracker"),
        arrived=lambda: len(hook.calls),
        refuse=lambda: hook.moods.append(Answer(status=410)),
        alone=Webhook(url=f"http://127.0.0.1:9/?key={SECRET}", secret=SECRET, post=post, clock=lambda: NOW),
    )


def _atom(slack: SlackFake, mail: MailFake, hook: HookFake, folder: Path) -> Trial:
    path = folder / "alerts.xml"
    (folder / "file").touch()
    return Trial(
        channel=Atom(path, title="Alerts", clock=lambda: NOW),
        message=a_message(address="alerts.xml"),
        arrived=lambda: path.read_text(encoding="utf-8").count("<entry") if path.exists() else 0,
        alone=Atom(folder / "file" / "alerts.xml", title="Alerts", clock=lambda: NOW),
    )


def _console(slack: SlackFake, mail: MailFake, hook: HookFake, folder: Path) -> Trial:
    stream = io.StringIO()
    return Trial(
        channel=Console(stream), message=a_message(address=""), arrived=lambda: stream.getvalue().count("Export control ·")
    )


TRIALS = {
    "slack": _slack,
    "slack-webhook": _slack_webhook,
    "mail": _mail,
    "webhook": _webhook,
    "atom": _atom,
    "console": _console,
}


@pytest.fixture
def hook() -> Iterator[HookFake]:
    found = HookFake()
    yield found
    found.close()


@pytest.fixture(params=sorted(KINDS))
def trial(request: pytest.FixtureRequest, slack: SlackFake, mail: MailFake, hook: HookFake, tmp_path: Path) -> Trial:
    """Every kind that an address may have."""
    return TRIALS[request.param](slack, mail, hook, tmp_path)


def test_a_message_arrives_once_and_has_a_receipt(trial: Trial) -> None:
    """Sending returns the proof."""
    assert trial.channel.send(trial.message).remote_id
    assert trial.arrived() == 1


def test_looking_finds_what_was_sent_or_says_that_it_cannot_look(trial: Trial) -> None:
    """find answers the receipt of send, where the channel can look at all; never of a message that was not sent."""
    channel, message = trial.channel, trial.message
    assert channel.find(message, 0.0) is None
    receipt = channel.send(message)
    found = channel.find(message, 0.0)
    assert (None if found is None else found.remote_id) == (receipt.remote_id if channel.can_look else None)
    assert channel.find(replace(message, key="another"), 0.0) is None


def test_a_reply_arrives_too(trial: Trial) -> None:
    """Messages of a thread are messages."""
    root = trial.channel.send(trial.message)
    reply = a_message(key="k2", address=trial.message.address, thread=root.remote_id)
    assert trial.channel.send(reply).remote_id != root.remote_id


def test_a_refused_message_is_refused_for_good_and_the_next_one_goes(trial: Trial) -> None:
    """What is wrong with one message or its place is no failure of the channel."""
    if trial.refuse is None:
        pytest.skip("takes everything")
    trial.refuse()
    with pytest.raises(MessageRefused) as caught:
        trial.channel.send(trial.message)
    assert SECRET not in told(caught.value)
    assert trial.channel.send(trial.message).remote_id


def test_nobody_there_is_tried_again_without_a_doubt(trial: Trial) -> None:
    """What never left is not ambiguous; the error names the channel, and holds no secret."""
    if trial.alone is None:
        pytest.skip("needs nobody")
    with pytest.raises(ChannelError) as caught:
        trial.alone.send(trial.message)
    assert not caught.value.is_ambiguous
    assert caught.value.subject
    assert SECRET not in told(caught.value)


def test_no_channel_shows_its_secrets(trial: Trial, caplog: pytest.LogCaptureFixture) -> None:
    """Neither by its repr nor in a log of any level."""
    caplog.set_level(logging.DEBUG)
    trial.channel.send(trial.message)
    assert SECRET not in repr(trial.channel) + caplog.text


def test_a_channel_says_what_it_can_do(trial: Trial) -> None:
    """Delivery asks for these before it speaks to it."""
    channel = trial.channel
    assert isinstance(channel.can_look, bool)
    assert isinstance(channel.can_edit, bool)
    assert channel.min_gap >= 0
    if not channel.can_edit:
        with pytest.raises(NotImplementedError):
            channel.edit(trial.message, "1")


def told(error: BaseException) -> str:
    """Everything that could be printed of an error."""
    return "".join(traceback.format_exception(error)) + repr(error)


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("slack:#a", ("slack", "#a")),
        ("mail:a@b.example", ("mail", "a@b.example")),
        ("a@b.example", ("mail", "a@b.example")),
        ("slack-webhook:econsec", ("slack-webhook", "econsec")),
        ("webhook:tracker", ("webhook", "tracker")),
        ("atom:public/alerts.xml", ("atom", "public/alerts.xml")),
        ("atom:a@b/alerts.xml", ("atom", "a@b/alerts.xml")),
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


def test_an_address_full_of_ampersands_breaks_no_message() -> None:
    """It is long only once it is escaped: then it is not linked, and the text keeps its room."""
    message = a_message(
        url="https://evil.example/?" + "a&" * 600, byline="BIS (official)", extract="Twelve entities were added. " * 20
    )
    texts = [text for block in blocks(message)[1:] for text in _texts(block)]
    assert all(len(text) <= 3000 for text in texts)
    assert "Twelve entities" in texts[0]
    assert "<https" not in texts[0]


@pytest.mark.parametrize("limit", [-4000, -1, 0])
def test_text_without_room_is_none(limit: int) -> None:
    """And takes no time."""
    assert fitted("a text & more", limit) == ""


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("internal_error", ChannelError),
        ("fatal_error", ChannelError),
        ("team_added_to_org", ChannelError),
        ("never_heard_of_it", MessageRefused),
    ],
)
def test_what_slack_says_no_to_is_not_asked_again(slack: SlackFake, name: str, error: type[Exception]) -> None:
    """An answer with a name is an answer; only those that Slack itself calls temporary are tried again."""
    slack.moods = [name]
    with pytest.raises(error):
        Slack("xoxb-test", api_url=slack.api_url, timeout=5).send(a_message())


def test_what_a_proxy_writes_on_its_page_is_no_error_of_ours(slack: SlackFake) -> None:
    """It may hold what we sent, our token with it, and be as long as it likes."""
    slack.moods = ["Authorization: Bearer xoxb-very-secret " + "x" * 10_000]
    with pytest.raises(ChannelError) as caught:
        Slack("xoxb-very-secret", api_url=slack.api_url, timeout=5).send(a_message())
    assert "xoxb" not in str(caught.value)
    assert caught.value.is_ambiguous
