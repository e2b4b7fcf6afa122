"""Signed webhooks: what a receiver gets, what its answers mean, and what is never told. Over real sockets."""

from __future__ import annotations

import ast
import base64
import hashlib
import hmac
import ipaddress
import json
import logging
import re
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from builders import a_message
from conftest import NOW, ROOT, Clock
from fakes import Answer, HookFake
from hypothesis import given
from hypothesis import strategies as st

from monitor import config, house
from monitor.channels.webhook import Webhook, body_of, id_of, key_of, signature
from monitor.errors import ChannelError, ConfigError, FetchError, FetchKind, MessageRefused, MonitorError, SecretMissing
from monitor.items import Stage
from monitor.messages import Line, MailParts, Message, OrderKind
from monitor.sources.web import NetworkRules

KEY = b"0123456789abcdef0123456789abcdef"
SECRET = "whsec_" + base64.b64encode(KEY).decode()
LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"),)
RULES = NetworkRules(allow_private=LOOPBACK, host_delay=0, timeout=5)
MESSAGE = a_message(address="tracker")
PAGE = ROOT / "docs" / "webhooks.md"


@pytest.fixture
def hook() -> Iterator[HookFake]:
    found = HookFake()
    yield found
    found.close()


def a_webhook(
    url: str, *, rules: NetworkRules = RULES, secret: str = SECRET, clock: Callable[[], datetime] = lambda: NOW
) -> Webhook:
    return Webhook(url=url, secret=secret, post=house.posting(rules, clock), clock=clock)


def failure(webhook: Webhook, message: Message = MESSAGE) -> MonitorError:
    with pytest.raises(MonitorError) as caught:
        webhook.send(message)
    return caught.value


def slips(value: Any, schema: dict[str, Any], place: str = "$") -> list[str]:
    """Where a value is not what a schema says, for the words of JSON Schema that ours uses."""
    names = {"object": dict, "array": list, "string": str, "null": type(None)}
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    if not isinstance(value, tuple(names[each] for each in kinds)):
        return [f"{place} is {type(value).__name__}"]
    found = []
    if isinstance(value, str) and not re.search(schema.get("pattern", ""), value):
        found.append(f"{place} is {value!r}")
    if isinstance(value, dict):
        known = schema.get("properties", {})
        found += [f"{place}.{name} is missing" for name in schema.get("required", ()) if name not in value]
        if schema.get("additionalProperties", True) is False:
            found += [f"{place}.{name} is unknown" for name in value if name not in known]
        for name, each in known.items():
            found += slips(value[name], each, f"{place}.{name}") if name in value else []
    if isinstance(value, list) and "items" in schema:
        for number, each in enumerate(value):
            found += slips(each, schema["items"], f"{place}[{number}]")
    return found


SCHEMA = json.loads((ROOT / "docs" / "webhook.schema.json").read_text(encoding="utf-8"))


def read(message: Message) -> dict[str, Any]:
    """The body of a message, read as a receiver would, and as the schema says."""
    found = json.loads(body_of(message, NOW))
    assert slips(found, SCHEMA) == []
    return found


def documented() -> Callable[..., Any]:
    """The receiver of docs/webhooks.md."""
    [source] = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.M | re.S)
    names: dict[str, Any] = {}
    exec(compile(ast.parse(source), str(PAGE), "exec"), names)
    return names["received"]


def test_a_message_arrives_signed_and_as_json(hook: HookFake) -> None:
    """The three headers, one of them a signature over id, timestamp and the very bytes that came."""
    receipt = a_webhook(f"{hook.base}/hook").send(MESSAGE)
    [(path, headers, body)] = hook.calls
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = base64.b64encode(hmac.new(KEY, signed, hashlib.sha256).digest()).decode()
    assert path == "/hook"
    assert headers["webhook-signature"] == f"v1,{expected}"
    assert headers["webhook-timestamp"] == str(int(NOW.timestamp()))
    assert headers["content-type"] == "application/json"
    assert receipt.remote_id == headers["webhook-id"] == json.loads(body)["id"]


def test_the_documented_receiver_takes_a_message_once(hook: HookFake, clock: Clock) -> None:
    """The example of the page reads what we send, drops the repeat, and refuses a changed, an old and a foreign body."""
    received = documented()
    webhook = a_webhook(hook.base, clock=clock)
    webhook.send(MESSAGE)
    clock.move(minutes=1)
    webhook.send(MESSAGE)
    (_, first, body), (_, second, again) = hook.calls
    now, seen = NOW.timestamp(), set[str]()
    assert received(first, body, SECRET, seen, now)["data"]["title"] == "New list"
    assert received(second, again, SECRET, seen, now) is None
    for headers, other, secret, moment in (
        (first, body + b" ", SECRET, now),
        (first, body, SECRET, now + 301),
        (first, body, "whsec_" + base64.b64encode(b"another").decode(), now),
        (first | {"webhook-id": "msg_1"}, body, SECRET, now),
    ):
        with pytest.raises(ValueError):
            received(headers, other, secret, set(), moment)


def test_a_repeat_carries_the_same_id_and_a_new_time(hook: HookFake, clock: Clock) -> None:
    """By the id a receiver knows the repeat; the time is that of the try, so that it is not refused as old."""
    webhook = a_webhook(hook.base, clock=clock)
    hook.moods = [Answer(status=500)]
    assert isinstance(failure(webhook), ChannelError)
    clock.move(hours=2)
    webhook.send(MESSAGE)
    first, second = (headers for _, headers, _ in hook.calls)
    assert first["webhook-id"] == second["webhook-id"]
    assert int(second["webhook-timestamp"]) - int(first["webhook-timestamp"]) == 7200


def test_ids_differ_with_keys_and_do_not_tell_them() -> None:
    """A key names a channel; who receives one message need not know it. Any key makes a header that can be sent."""
    keys = ["alert:webhook:tracker:I-1", "alert:webhook:tracker:I-2", "a.b", "\ud800", "x\r\ny: z", "鍵"]
    found = {id_of(a_message(key=each)) for each in keys}
    assert len(found) == len(keys)
    assert all(re.fullmatch(r"msg_[0-9a-f]{32}", each) for each in found)


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_any_success_is_a_receipt(hook: HookFake, status: int) -> None:
    """Receivers say it in different ways."""
    hook.moods = [Answer(status=status)]
    assert a_webhook(hook.base).send(MESSAGE).remote_id == id_of(MESSAGE)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 410, 413, 422, 451])
def test_what_a_receiver_refuses_is_not_repeated(hook: HookFake, status: int) -> None:
    """Its status is told."""
    hook.moods = [Answer(status=status)]
    found = failure(a_webhook(hook.base))
    assert isinstance(found, MessageRefused)
    assert f"HTTP {status}" in str(found)


@pytest.mark.parametrize(
    ("status", "headers", "is_ambiguous", "retry_after"),
    [
        (301, {"Location": "/moved"}, False, None),
        (307, {"Location": "http://127.0.0.1:9/"}, False, None),
        (408, {}, False, None),
        (425, {}, False, None),
        (429, {}, False, None),
        (429, {"Retry-After": "7"}, False, 7.0),
        (429, {"Retry-After": "soon"}, False, None),
        (500, {}, True, None),
        (502, {}, True, None),
        (503, {}, True, None),
        (503, {"Retry-After": "120"}, False, 120.0),
        (504, {}, True, None),
        (999, {}, True, None),
    ],
)
def test_what_may_pass_is_tried_again_and_says_whether_it_may_have_arrived(
    hook: HookFake, status: int, headers: dict[str, str], is_ambiguous: bool, retry_after: float | None
) -> None:
    """A wait that the receiver asks for is kept; nothing is repeated or followed by itself."""
    hook.moods = [Answer(status=status, headers=headers)]
    found = failure(a_webhook(hook.base))
    assert isinstance(found, ChannelError)
    assert (found.is_ambiguous, found.retry_after) == (is_ambiguous, retry_after)
    assert len(hook.calls) == 1


def test_a_date_to_come_back_counts_from_the_servers_clock(hook: HookFake) -> None:
    """Clocks of servers are wrong."""
    dates = {"Retry-After": "Fri, 01 May 2020 00:01:00 GMT", "Date": "Fri, 01 May 2020 00:00:00 GMT"}
    hook.moods = [Answer(status=429, headers=dates)]
    found = failure(a_webhook(hook.base))
    assert isinstance(found, ChannelError)
    assert found.retry_after == 60.0


@pytest.mark.parametrize("mood", ["drop", "drop_after", "reset_after", "hang"])
def test_a_lost_answer_is_ambiguous(hook: HookFake, mood: str) -> None:
    """The message may have been taken; no wait is longer than the network's timeout."""
    hook.moods = [mood]
    found = failure(a_webhook(hook.base, rules=NetworkRules(allow_private=LOOPBACK, host_delay=0, timeout=0.5)))
    assert isinstance(found, ChannelError)
    assert found.is_ambiguous


@pytest.mark.parametrize(
    ("url", "rules"),
    [
        ("http://127.0.0.1:9/", RULES),
        ("https://127.0.0.1:9/", RULES),
        ("http://nowhere.invalid/", RULES),
        ("http://127.0.0.1/", NetworkRules()),
        ("http://169.254.169.254/latest", RULES),
        ("file:///etc/passwd", RULES),
    ],
)
def test_what_was_never_sent_is_not_ambiguous(url: str, rules: NetworkRules) -> None:
    """Nobody there, no such name, or an address that may not be called."""
    found = failure(a_webhook(url, rules=rules))
    assert isinstance(found, ChannelError)
    assert not found.is_ambiguous


MARK = "m4rk3d"
MARKED = "whsec_" + base64.b64encode(b"marked-secret-m4rk3d").decode()


@pytest.mark.parametrize(
    "mood",
    [Answer(status=status) for status in (302, 401, 404, 410, 429, 500, 503)] + ["drop", "drop_after", "reset_after", "hang"],
)
def test_neither_secret_nor_query_is_told(hook: HookFake, caplog: pytest.LogCaptureFixture, mood: Answer | str) -> None:
    """Not in an error, what hangs on it, a log of any level, or a repr."""
    caplog.set_level(logging.DEBUG)
    hook.moods = [mood]
    rules = NetworkRules(allow_private=LOOPBACK, host_delay=0, timeout=0.5)
    webhook = a_webhook(f"{hook.base}/hook?token={MARK}", secret=MARKED, rules=rules)
    _is_silent(webhook, failure(webhook), caplog)
    assert len(hook.calls) == (0 if mood == "drop" else 1)


@pytest.mark.parametrize(
    "url",
    [
        f"http://127.0.0.1:9/?token={MARK}",
        f"http://127.0.0.1:9/a b?token={MARK}",
        f"ftp://127.0.0.1/?token={MARK}",
        f"http:///?token={MARK}",
        f"http://user:{MARK}@127.0.0.1/",
        f"http://nowhere.invalid/?token={MARK}",
    ],
)
def test_an_address_that_cannot_be_used_is_not_quoted(url: str, caplog: pytest.LogCaptureFixture) -> None:
    """Other errors about addresses quote them; these may be secret."""
    caplog.set_level(logging.DEBUG)
    webhook = a_webhook(url, secret=MARKED)
    _is_silent(webhook, failure(webhook), caplog)


def _is_silent(webhook: Webhook, error: MonitorError, caplog: pytest.LogCaptureFixture) -> None:
    told = "".join(traceback.format_exception(error)) + str(error) + repr(error) + repr(webhook) + caplog.text
    each: BaseException | None = error
    while each is not None:
        told += str(each)
        each = each.__context__
    assert MARK not in told
    assert MARKED.removeprefix("whsec_") not in told


def test_the_body_is_as_documented() -> None:
    """Key by key, nothing left out; the schema and the page name the same keys."""
    message = a_message(
        address="tracker",
        key="stage:webhook:tracker:E-1:final",
        lang="en",
        item="I-1",
        news="proposed → final",
        lines=(Line(title="Another", url=None, note="press"),),
        record={"stage": Stage.FINAL, "at": NOW, "day": date(2026, 5, 1), "themes": {"export_control": 0.9}, "ids": ("a", "b")},
    )
    assert read(message) == {
        "type": "stage",
        "id": id_of(message),
        "timestamp": "2026-05-01T08:00:00Z",
        "data": {
            "channel": "webhook:tracker",
            "headline": "Export control · New list",
            "title": "New list",
            "url": "https://bis.example/1",
            "lang": "en",
            "extract": "Twelve entities were added.",
            "news": "proposed → final",
            "fields": [{"name": "Stage", "value": "final"}],
            "lines": [{"title": "Another", "url": None, "note": "press"}],
            "why": "rule now · export_control 0.93",
            "text": "Export control: New list",
            "event": "E-1",
            "item": "I-1",
            "record": {
                "stage": "final",
                "at": "2026-05-01T08:00:00Z",
                "day": "2026-05-01",
                "themes": {"export_control": 0.9},
                "ids": ["a", "b"],
            },
        },
    }
    page = PAGE.read_text(encoding="utf-8")
    [example] = re.findall(r"^```json\n(.*?)^```", page, re.M | re.S)
    assert slips(json.loads(example), SCHEMA) == []
    assert [name for name in SCHEMA["properties"]["data"]["properties"] if f"`data.{name}`" not in page] == []
    assert json.loads(example)["data"].keys() == read(message)["data"].keys()


@pytest.mark.parametrize(
    ("key", "expected"),
    [(f"{kind.value}:webhook:tracker:1", kind.value) for kind in OrderKind] + [("stage:x:E-1:final", "stage")],
)
def test_the_type_is_what_the_order_says(key: str, expected: str) -> None:
    """And every one is in the page."""
    assert read(a_message(key=key))["type"] == expected
    assert f"`{expected}`" in PAGE.read_text(encoding="utf-8")


@pytest.mark.parametrize("key", ["", "x", "Ünlaut:1", "no colon at all", "A:1"])
def test_an_unknown_kind_of_key_is_an_alert(key: str) -> None:
    """A type is a word, whatever a key is."""
    assert read(a_message(key=key))["type"] in ("alert", "x")


@given(st.text(max_size=200), st.text(max_size=200))
def test_any_text_becomes_json_that_any_parser_reads(title: str, value: str) -> None:
    """UTF-8 without controls and lone surrogates, of the documented shape, whatever a feed says."""
    body = body_of(a_message(title=title, extract=value, fields=((title, value),), record={title: value}), NOW)
    text = body.decode("utf-8")
    assert not re.search(r"\\u00|\\ud[89a-f]", text.lower().replace("\\\\", ""))
    assert slips(json.loads(text), SCHEMA) == []


@dataclass(frozen=True, slots=True)
class _Pair:
    name: str
    value: float


def test_a_record_of_our_own_nouns_can_be_said() -> None:
    """Moments in UTC, sets sorted, dataclasses by field; what is no number is null."""
    east = datetime(2026, 5, 1, 17, 0, tzinfo=UTC).astimezone(tz=None)
    record = {"at": east, "set": {"b", "a"}, "pair": _Pair("x", float("nan")), "stages": {Stage.FINAL: [1, True, None]}}
    assert read(a_message(record=record))["data"]["record"] == {
        "at": "2026-05-01T17:00:00Z",
        "set": ["a", "b"],
        "pair": {"name": "x", "value": None},
        "stages": {"final": [1, True, None]},
    }


@pytest.mark.parametrize("value", [b"bytes", object(), timedelta(1)])
def test_a_record_that_json_cannot_say_is_refused_with_a_name(hook: HookFake, value: object) -> None:
    """A slip of ours stops one message, visibly, and nothing is sent."""
    with pytest.raises(MessageRefused, match="record"):
        a_webhook(hook.base).send(a_message(record={"x": value}))
    assert hook.calls == []


def test_a_digest_goes_as_text() -> None:
    """What a mail is made of stays out of the JSON."""
    found = read(a_message(key="digest:morning:2026-05-01:webhook:tracker", extract="All", mail=MailParts(text="T", html="<p>")))
    assert found["data"]["extract"] == "All"
    assert "<p>" not in json.dumps(found)


def test_secrets_are_base64_after_their_mark_and_text_without_it() -> None:
    """Source: Standard Webhooks; the signature is that of the key."""
    assert key_of(SECRET) == KEY
    assert key_of("plain words") == b"plain words"
    assert signature(KEY, "msg_1", 1, b"{}") != signature(b"another", "msg_1", 1, b"{}")


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_?", "whsec_abc", "whsec_äöü"])
def test_a_secret_that_is_none_is_refused_without_being_told(secret: str) -> None:
    """An empty key would sign what anybody can sign."""
    with pytest.raises(ValueError) as caught:
        key_of(secret)
    assert secret.removeprefix("whsec_") == "" or secret not in str(caught.value)


def test_the_error_of_a_connection_that_broke_is_not_that_of_one_that_never_was() -> None:
    """The two kinds that leave it open, and no other."""

    def raising(kind: FetchKind) -> ChannelError:
        def post(*arguments: object) -> tuple[int, float | None]:
            raise FetchError("it broke", kind=kind, subject="webhook")

        with pytest.raises(ChannelError) as caught:
            Webhook(url="https://x.example/", secret=SECRET, post=post, clock=Clock()).send(MESSAGE)
        return caught.value

    open_ones = {kind for kind in FetchKind if raising(kind).is_ambiguous}
    assert open_ones == {FetchKind.TIMEOUT, FetchKind.PROTOCOL}


YAML = """
version: 1
network: {allow_private: [127.0.0.0/8]}
webhooks: [{id: risk-desk, url: "%s/hook"}]
"""


@pytest.fixture
def settings(hook: HookFake, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> config.Config:
    path = tmp_path / "feeds.yaml"
    path.write_text(YAML % hook.base, encoding="utf-8")
    monkeypatch.delenv("WEBHOOK_RISK_DESK_SECRET", raising=False)
    return config.load(path)


def test_the_house_opens_a_webhook_by_its_address(
    settings: config.Config, hook: HookFake, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the address of feeds.yaml, the secret of the environment and the guards of the network."""
    monkeypatch.setenv("WEBHOOK_RISK_DESK_SECRET", SECRET)
    house.open_channel("webhook:risk-desk", settings, clock).send(a_message(address="risk-desk"))
    [(path, headers, body)] = hook.calls
    assert path == "/hook"
    assert documented()(headers, body, SECRET, set(), NOW.timestamp())["data"]["channel"] == "webhook:risk-desk"


def test_a_secret_that_is_not_set_is_named(settings: config.Config, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the variable, and without the value of one that cannot be used."""
    with pytest.raises(SecretMissing, match="WEBHOOK_RISK_DESK_SECRET"):
        house.open_channel("webhook:risk-desk", settings, clock)
    monkeypatch.setenv("WEBHOOK_RISK_DESK_SECRET", "whsec_?m4rk3d")
    with pytest.raises(ConfigError, match="WEBHOOK_RISK_DESK_SECRET") as caught:
        house.open_channel("webhook:risk-desk", settings, clock)
    assert MARK not in "".join(traceback.format_exception(caught.value))


def test_a_webhook_that_left_the_file_is_named(settings: config.Config, clock: Clock) -> None:
    """An order may be older than feeds.yaml."""
    with pytest.raises(ConfigError, match="gone"):
        house.open_channel("webhook:gone", settings, clock)
