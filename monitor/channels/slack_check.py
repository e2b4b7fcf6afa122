"""Looks over what the monitor needs in Slack: tokens, scopes, channels. Changes nothing there, posts nothing, and says no secret."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from monitor.channels.mute import mute
from monitor.channels.socket_client import FAILURES, cause_of, is_token

SCOPES: Mapping[str, str] = {
    "chat:write": "alerts cannot be posted",
    "channels:read": "channels cannot be found by name",
    "groups:read": "private channels cannot be found by name",
    "channels:history": "an alert in doubt is sent twice rather than looked for",
    "groups:history": "an alert in doubt is sent twice to private channels rather than looked for",
    "files:write": "calendars cannot be put into a thread",
    "commands": "/monitor is unknown",
}
"""Scopes of the bot token, and what is not possible without each; as the manifest asks for them."""
_NEEDED = frozenset({"chat:write"})
_PAGES = 200
"""Pages of channels that are read; a workspace of 100,000 channels has no more."""
_HINTS = {
    "invalid_auth": "Take the token anew from the app's page",
    "not_authed": "Take the token anew from the app's page",
    "token_revoked": "Install the app again and take its new token",
    "token_expired": "Install the app again and take its new token",
    "account_inactive": "Install the app again and take its new token",
    "not_allowed_token_type": "Bot tokens begin with xoxb-, app tokens with xapp-",
    "missing_scope": "Add the scopes of: monitor slack manifest",
    "no_permission": "Give the app token the scope connections:write",
}
_ID = re.compile(r"[A-Z][A-Z0-9]+")
"""Slack's ids are in capitals; names never are."""
_MANIFEST = Path(__file__).with_name("slack-manifest.yaml")


class Level(StrEnum):
    """How a finding is to be taken."""

    OK = "ok"
    WARN = "warn"  # something is off, alerts go all the same
    FAIL = "fail"  # alerts do not go, or what was asked for does not work


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line of the check."""

    level: Level
    what: str  # bot token, scopes, app token, or a channel's address
    text: str  # what was found, and what to do


def manifest() -> str:
    """The app's manifest, YAML, to be pasted at Slack."""
    return _MANIFEST.read_text(encoding="utf-8")


def check(
    *, bot_token: str, app_token: str | None, addresses: Sequence[str], api_url: str, timeout: int = 15
) -> Iterator[Finding]:
    """Look it over, one finding after the other.

    Args:
        app_token: None: none is set.
        addresses: within Slack: #name, or a channel's id.
    """
    web = WebClient(token=bot_token, base_url=api_url, timeout=timeout, retry_handlers=[], logger=mute)
    bot = _bot(web, bot_token)
    yield from bot
    if all(each.level is not Level.FAIL for each in bot):
        yield from _channels(web, addresses)
    elif addresses:
        yield Finding(level=Level.WARN, what="channels", text="not looked at, because the bot token does not work")
    yield _app(web, app_token)


def _bot(web: WebClient, token: str) -> list[Finding]:
    """The bot token and its scopes."""
    what = "bot token"
    if not is_token(token):
        return [
            Finding(
                level=Level.FAIL, what=what, text="SLACK_BOT_TOKEN is no token: it holds a space, a line end or a strange letter"
            )
        ]
    try:
        answer = web.auth_test()
    except FAILURES as error:
        return [_failed(what, error)]
    found = [Finding(level=Level.OK, what=what, text=f"works as {answer.get('user')} in {answer.get('team')}")]
    said = {name.lower(): value for name, value in answer.headers.items()}.get("x-oauth-scopes")
    if said is None:
        return found  # this Slack does not tell
    given = {scope.strip() for scope in str(said).split(",")}
    missing = [scope for scope in SCOPES if scope not in given]
    if not missing:
        return [*found, Finding(level=Level.OK, what="scopes", text=f"all {len(SCOPES)} are given")]
    what_not = "; ".join(f"{scope} ({SCOPES[scope]})" for scope in missing)
    level = Level.FAIL if _NEEDED.intersection(missing) else Level.WARN
    text = f"missing: {what_not}. Add them as in `monitor slack manifest`, and install the app again"
    return [*found, Finding(level=level, what="scopes", text=text)]


def _channels(web: WebClient, addresses: Sequence[str]) -> Iterator[Finding]:
    names = {_name(address) for address in addresses if not _ID.fullmatch(address)}
    listed: dict[str, dict[str, Any]] = {}
    trouble = ""
    try:
        listed = _listed(web, names) if names else {}
    except FAILURES as error:
        trouble = f"channels cannot be listed: {_told(*cause_of(error))}"
    for address in addresses:
        if address.startswith(("U", "W", "D")) and _ID.fullmatch(address):
            yield _finding(Level.WARN, address, "is a person, no channel: not looked at")
        elif _ID.fullmatch(address):
            yield _by_id(web, address)
        else:
            yield _finding(Level.FAIL, address, trouble) if trouble else _channel(address, listed.get(_name(address)))


def _by_id(web: WebClient, address: str) -> Finding:
    try:
        return _channel(address, web.conversations_info(channel=address).get("channel"))
    except FAILURES as error:
        cause, asked = cause_of(error)
        if cause == "channel_not_found":
            return _channel(address, None)
        return _finding(Level.FAIL, address, f"cannot be looked up: {_told(cause, asked)}")


def _name(address: str) -> str:
    """The name of a channel without its sign."""
    return address.removeprefix("#")


def _listed(web: WebClient, names: set[str]) -> dict[str, dict[str, Any]]:
    """Channels of the names, as far as the bot sees them; reads no further than it must."""
    found: dict[str, dict[str, Any]] = {}
    cursor: str | None = None
    for _ in range(_PAGES):
        page = web.conversations_list(limit=500, cursor=cursor, exclude_archived=False, types="public_channel,private_channel")
        for each in page.get("channels") or ():
            name = str(each.get("name"))
            # a name of old may stand for an archived channel and for the one after it
            if name in names and (name not in found or found[name].get("is_archived")):
                found[name] = each
        after = (page.get("response_metadata") or {}).get("next_cursor") or None
        if (
            after is None
            or after == cursor
            or (names <= found.keys() and not any(each.get("is_archived") for each in found.values()))
        ):
            break
        cursor = after
    return found


def _channel(address: str, found: Mapping[str, Any] | None) -> Finding:
    if found is None:
        return _finding(
            Level.FAIL, address, "is not there, or it is private and the bot was not invited. Check the name; /invite @monitor"
        )
    if found.get("is_archived"):
        return _finding(Level.FAIL, address, "is archived. Choose another one in feeds.yaml")
    if not found.get("is_member"):
        return _finding(Level.FAIL, address, "the bot is not in it. Type there: /invite @monitor")
    return _finding(Level.OK, address, "is there, and the bot is in it")


def _app(web: WebClient, token: str | None) -> Finding:
    """The app token: whether it opens a connection, which is not then used."""
    what = "app token"
    if token is None:
        text = "SLACK_APP_TOKEN is not set: buttons and /monitor are off. Make one with the scope connections:write"
        return Finding(level=Level.WARN, what=what, text=text)
    if not is_token(token):
        return Finding(
            level=Level.FAIL, what=what, text="SLACK_APP_TOKEN is no token: it holds a space, a line end or a strange letter"
        )
    try:
        web.apps_connections_open(app_token=token)
    except FAILURES as error:
        return _failed(what, error)
    return Finding(level=Level.OK, what=what, text="opens a connection: buttons and /monitor work while `monitor run` does")


def _failed(what: str, error: Exception) -> Finding:
    cause, asked = cause_of(error)
    if isinstance(error, SlackApiError):
        return Finding(level=Level.FAIL, what=what, text=f"does not work: {_told(cause, asked)}")
    return Finding(level=Level.FAIL, what=what, text=f"Slack cannot be reached: {cause}. Check the network, and slack.api_url")


def _told(cause: str, asked: float | None) -> str:
    """What Slack said, and what to do."""
    if asked is not None:
        return f"Slack asks for patience. Try again in {asked:.0f} s"
    hint = _HINTS.get(cause)
    return f"Slack says {cause}. {hint}" if hint else f"Slack says {cause}"


def _finding(level: Level, address: str, text: str) -> Finding:
    return Finding(level=level, what=f"slack:{address}", text=text)
