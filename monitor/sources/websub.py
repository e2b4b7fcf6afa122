"""The words of WebSub: what a subscriber says to a hub, what a hub asks back, and whether what it sends is signed. Pure.

Source of every name and rule here: W3C Recommendation WebSub (23 January 2018), sections 5 to 8.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from urllib.parse import parse_qsl

LEASE = timedelta(days=10)
"""How long a subscription is asked for; the hub says how long it is."""
MAX_LEASE = timedelta(days=90)
"""A hub that grants more is not believed: what it forgot by then would never be asked for again."""
_ALGORITHMS = ("sha1", "sha256", "sha384", "sha512")
_SIGNATURE = re.compile(r"\s*([a-zA-Z0-9]{1,10})=([0-9a-fA-F]{1,256})\s*")
_MAX_FIELDS = 32
_MARK = 8  # letters at the end of a token that say which callback it belongs to


@dataclass(frozen=True, slots=True)
class Callback:
    """Where hubs reach us."""

    url: str  # as hubs are told it; no slash at its end
    host: str  # where this process listens; a proxy may stand between the two
    port: int  # 0: any that is free


class Mode(StrEnum):
    """What a request is about."""

    SUBSCRIBE = "subscribe"
    UNSUBSCRIBE = "unsubscribe"
    DENIED = "denied"  # hub to subscriber only


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a hub asks before it believes a request, or tells instead of believing it."""

    mode: Mode
    topic: str
    challenge: bytes = b""  # to be sent back as it is; empty if denied
    lease: timedelta = LEASE  # how long the hub will go on; what was asked for if it does not say


def new_token(callback: str) -> str:
    """A part of an address that nobody can guess (192 bits) and that shows which callback it was made for."""
    return secrets.token_urlsafe(24) + _mark(callback)


def is_made_for(callback: str, token: str) -> bool:
    """True if a token was made for this callback: under another address the hub would go on calling the old one."""
    return token[-_MARK:] == _mark(callback)


def new_secret() -> str:
    """A key for a hub's signatures (256 bits)."""
    return secrets.token_urlsafe(32)


def address(callback: str, token: str) -> str:
    """Where the hub is to call."""
    return f"{callback}/{token}"


def form(mode: Mode, *, topic: str, callback: str, secret: str | None = None) -> tuple[tuple[str, str], ...]:
    """The form of a request to a hub.

    Args:
        callback: whole, with its token.
        secret: for the signatures; None where there will be none.
    """
    said = (("hub.mode", mode.value), ("hub.topic", topic), ("hub.callback", callback))
    if mode is not Mode.SUBSCRIBE:
        return said
    wanted = (("hub.lease_seconds", str(int(LEASE.total_seconds()))),)
    return said + wanted + ((("hub.secret", secret),) if secret is not None else ())


def question(query: str) -> Question | None:
    """What a hub asks by the query of its GET; None if it asks nothing that we know, or not wholly."""
    try:
        fields = dict(parse_qsl(query, keep_blank_values=True, errors="surrogateescape", max_num_fields=_MAX_FIELDS))
        mode = Mode(fields.get("hub.mode", ""))
    except ValueError:
        return None
    topic, challenge = fields.get("hub.topic", ""), fields.get("hub.challenge", "")
    if not topic or not (challenge or mode is Mode.DENIED):
        return None
    # surrogateescape both ways: the challenge goes back byte for byte
    return Question(
        mode=mode,
        topic=topic,
        challenge=b"" if mode is Mode.DENIED else challenge.encode("utf-8", "surrogateescape"),
        lease=_lease(fields.get("hub.lease_seconds", "")),
    )


class Proof:
    """Tests a body, piece by piece and without keeping it, against the signature that came with it.

    Args:
        signature: X-Hub-Signature as sent, such as sha256=0a1b...; None if there was none.
        secret: what the hub was told to sign with.
    """

    def __init__(self, signature: str | None, secret: str) -> None:
        match = _SIGNATURE.fullmatch(signature or "")
        algorithm = match[1].lower() if match else ""
        self._told = match[2].lower() if match else ""
        self._digest = hmac.new(secret.encode("utf-8"), digestmod=algorithm) if algorithm in _ALGORITHMS else None

    def add(self, piece: bytes) -> None:
        """Take in the next piece of the body."""
        if self._digest is not None:
            self._digest.update(piece)

    def holds(self) -> bool:
        """True if what was taken in is what was signed."""
        return self._digest is not None and hmac.compare_digest(self._digest.hexdigest(), self._told)


def _lease(text: str) -> timedelta:
    if not (text.isascii() and text.isdigit()):
        return LEASE
    return min(timedelta(seconds=int(text[:9])), MAX_LEASE)


def _mark(callback: str) -> str:
    return hashlib.sha256(callback.encode("utf-8", "surrogatepass")).hexdigest()[:_MARK]
