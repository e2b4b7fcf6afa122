"""Messages to other programs: signed JSON over HTTP, as the Standard Webhooks scheme has it (docs/webhooks.md).

Speaks to no network itself: it is given the guarded client's post. Neither the secret nor the query of the address is ever told.
"""

from __future__ import annotations

import base64
import binascii
import dataclasses
import hashlib
import hmac
import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import date, datetime
from enum import Enum
from typing import Any
from urllib.parse import urlsplit

from monitor.dates import stamp
from monitor.errors import ChannelError, FetchError, FetchKind, MessageRefused
from monitor.messages import Message, Receipt
from monitor.normalise import inert

Posting = Callable[[str, Mapping[str, str], bytes], tuple[int, float | None]]
"""Posts (address, headers, body) without following redirects; the status, and the seconds to wait that the server asked for.

Raises FetchError: no status came."""

SECRET_PREFIX = "whsec_"  # noqa: S105 - what marks a secret as base64, no secret
_LATER = {408: "timed out reading it", 425: "says that it is too early", 429: "asks for patience"}
_HINTS = {
    401: "Check that both sides have the same secret",
    403: "Check that both sides have the same secret",
    404: "Check its url in feeds.yaml",
    410: "It wants no more of these; take it out of feeds.yaml",
}
_UNKNOWN = frozenset({FetchKind.TIMEOUT, FetchKind.PROTOCOL})
"""Failures after which the body may have arrived (see sources.web.Web.send)."""
_TYPE = re.compile(r"[a-z][a-z_]{0,30}")


class Webhook:
    """Posts to one address.

    Args:
        url: where to; its query may be a secret, too.
        secret: the key of the signature: base64 after whsec_, or any text.
        post: sends a body under the guards of the network.

    Raises:
        ValueError: the secret is empty, or not base64 after whsec_.
    """

    can_look = False
    can_edit = False
    min_gap = 0.0

    def __init__(self, *, url: str, secret: str, post: Posting, clock: Callable[[], datetime]) -> None:
        self._url = url
        self._key = key_of(secret)
        self._post = post
        self._clock = clock

    def send(self, message: Message) -> Receipt:
        """Post the message (see Channel); a repeat has the same webhook-id."""
        subject = f"webhook:{message.address}"
        now = self._clock()
        remote_id, body = id_of(message), body_of(message, now)
        timestamp = int(now.timestamp())
        headers = {
            "Content-Type": "application/json",
            "webhook-id": remote_id,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": signature(self._key, remote_id, timestamp, body),
        }
        problem: ChannelError | MessageRefused | None
        try:
            problem = self._problem(*self._post(self._url, headers, body), subject)
        except FetchError as error:
            # one about the address quotes it, and its query may be a secret: so it is neither repeated nor chained
            cause = "its address cannot be used" if error.kind is FetchKind.REDIRECT else error.cause
            problem = ChannelError(cause, subject=subject, hint=error.hint, is_ambiguous=error.kind in _UNKNOWN)
        if problem is not None:
            raise problem
        return Receipt(remote_id=remote_id)

    def find(self, message: Message, since: float) -> Receipt | None:
        """None: a receiver cannot be asked; it knows a repeat by its webhook-id."""
        del message, since
        return None

    def edit(self, message: Message, remote_id: str) -> None:
        """Never asked for: what was posted stays."""
        raise NotImplementedError

    def _problem(self, status: int, wait: float | None, subject: str) -> ChannelError | MessageRefused | None:
        """What an answer that is no success means."""
        host = urlsplit(self._url).hostname or "it"
        if 200 <= status < 300:
            return None
        if 300 <= status < 400:
            return ChannelError(
                f"{host} points elsewhere (HTTP {status}); redirects are not followed",
                subject=subject,
                hint="Write the final address in feeds.yaml",
            )
        if status in _LATER:
            return ChannelError(f"{host} {_LATER[status]} (HTTP {status})", subject=subject, retry_after=wait)
        if 400 <= status < 500:
            return MessageRefused(f"{host} refuses it (HTTP {status})", subject=subject, hint=_HINTS.get(status))
        if status == 503 and wait is not None:
            return ChannelError(f"{host} asks for patience (HTTP 503)", subject=subject, retry_after=wait)
        # a server, or one before it, that fails may have taken the message all the same
        return ChannelError(f"{host} failed (HTTP {status})", subject=subject, is_ambiguous=True, retry_after=wait)


def key_of(secret: str) -> bytes:
    """The key that a secret stands for.

    Raises:
        ValueError: empty, or not base64 after whsec_. Source: Standard Webhooks, signature scheme.
    """
    try:
        encoded = secret.removeprefix(SECRET_PREFIX)
        key = base64.b64decode(encoded, validate=True) if secret.startswith(SECRET_PREFIX) else secret.encode("utf-8")
    except (binascii.Error, UnicodeError, ValueError):
        raise ValueError(f"what stands after {SECRET_PREFIX} is not base64") from None
    if not key:
        raise ValueError("it is empty")
    return key


def id_of(message: Message) -> str:
    """The webhook-id of a message: the same for the same key, and nothing of the key can be read from it."""
    return "msg_" + hashlib.sha256(message.key.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def signature(key: bytes, remote_id: str, timestamp: int, body: bytes) -> str:
    """The value of webhook-signature. Source: Standard Webhooks, signature scheme (symmetric, v1)."""
    signed = f"{remote_id}.{timestamp}.".encode("ascii") + body
    return "v1," + base64.b64encode(hmac.digest(key, signed, "sha256")).decode("ascii")


def body_of(message: Message, now: datetime) -> bytes:
    """The message as JSON (docs/webhook.schema.json).

    Raises:
        MessageRefused: its record holds what JSON cannot say.
    """
    kind = message.key.partition(":")[0]
    whole = {
        "type": kind if _TYPE.fullmatch(kind) else "alert",
        "id": id_of(message),
        "timestamp": now,
        "data": {
            "channel": f"webhook:{message.address}",
            "headline": message.headline,
            "title": message.title,
            "url": message.url,
            "lang": message.lang,
            "extract": message.extract,
            "news": message.news,
            "fields": [{"name": name, "value": value} for name, value in message.fields],
            "lines": [{"title": each.title, "url": each.url, "note": each.note} for each in message.lines],
            "why": message.why,
            "text": message.text,
            "event": message.event,
            "item": message.item,
            "record": message.record,
        },
    }
    try:
        return json.dumps(_plain(whole), ensure_ascii=False, allow_nan=False).encode("utf-8")
    except (TypeError, ValueError, RecursionError) as error:
        raise MessageRefused(
            f"its record cannot be written as JSON ({type(error).__name__})", subject=f"webhook:{message.address}"
        ) from error


def _plain(value: object) -> Any:
    """A value as JSON knows it: moments in ISO 8601 (UTC), sets sorted, text without controls and lone surrogates.

    Raises:
        TypeError: there is no such.
    """
    if isinstance(value, Enum):
        return _plain(value.value)
    if isinstance(value, str):
        return inert(value)
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, datetime):
        return stamp(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {inert(str(name.value if isinstance(name, Enum) else name)): _plain(each) for name, each in value.items()}
    if isinstance(value, AbstractSet):
        return sorted((_plain(each) for each in value), key=json.dumps)
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray | memoryview):
        return [_plain(each) for each in value]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {each.name: _plain(getattr(value, each.name)) for each in dataclasses.fields(value)}
    raise TypeError(type(value).__name__)
