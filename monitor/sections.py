"""The sections of feeds.yaml: which keys there are and what each may be. Reads nothing; the messages are what an operator reads."""

from __future__ import annotations

import difflib
import ipaddress
import re
from datetime import timedelta
from typing import Annotated, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from monitor import query
from monitor.channels import split
from monitor.clock import span
from monitor.errors import QueryError, UsageError
from monitor.items import GROWTH, TELLING_STAGES, Limit, Stage, Tier
from monitor.sources import TYPES
from monitor.sources.web import USER_AGENT

_SIZE = re.compile(r"^(\d+(?:\.\d+)?)\s*(B|kB|KB|KiB|MB|MiB|GB|GiB)?$")
_BYTES = {"B": 1, "kB": 10**3, "KB": 10**3, "KiB": 2**10, "MB": 10**6, "MiB": 2**20, "GB": 10**9, "GiB": 2**30}
_LIMIT = re.compile(r"^(\d+)/(\d+(?:\.\d+)?)?([smhd])$")
_LISTEN = re.compile(r"^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]+):(\d{1,5})$")
_CLOCK = re.compile(r"^([01]\d|2[0-3]):[0-5]\d$")


def _size(value: object) -> int:
    match = _SIZE.match(str(value).strip())
    if match is None:
        raise ValueError(f"{value!r} is no size; write 15MiB or 500kB")
    return int(float(match[1]) * _BYTES[match[2] or "B"])


def _limit(value: object) -> Limit:
    match = _LIMIT.match(str(value).strip())
    if match is None:
        raise ValueError(f"{value!r} is no limit; write 4/6h: at most four in six hours")
    return Limit(count=int(match[1]), window=span(f"{match[2] or 1}{match[3]}"))


def _clock_time(value: str) -> str:
    if not _CLOCK.match(value):
        raise ValueError(f"{value!r} is no time of day; write 08:00, in quotation marks")
    return value


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError):
        raise ValueError(f"{value!r} is no time zone; write a name such as Asia/Tokyo") from None
    return value


def _address(value: str) -> str:
    try:
        split(value)
    except UsageError as error:
        raise ValueError(str(error)) from None
    return value


def _query(value: str) -> str:
    try:
        query.parse(value)
    except QueryError as error:
        shown, caret = error.pointed()
        raise ValueError(f"{error}\n        {shown}\n        {caret}") from None
    return value


def _callback(value: str) -> str:
    try:
        parts = urlsplit(value)
        host = parts.hostname if parts.port != 0 else None
    except ValueError:
        host = None
    if not host or re.search(r"[\s?#@\\]", value):
        raise ValueError(f"{value!r} is no address for hubs to call; write https://monitor.example.org/hub")
    if not (parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host))):
        raise ValueError("hubs call over https; http is allowed only for this machine")
    return value.rstrip("/")


def _web_address(value: str) -> str:
    try:
        parts = urlsplit(value)
        host = parts.hostname if parts.port != 0 else None
    except ValueError:
        host = None
    if not host or parts.scheme not in ("http", "https") or re.search(r"[\s\\]", value):
        raise ValueError(f"{value!r} is no address; write https://tracker.example.org/hook")
    if parts.username or parts.password:
        raise ValueError("a user name or password does not belong in an address")
    return value


def _listening(value: str) -> str:
    match = _LISTEN.match(value)
    if match is None or int(match[2]) > 65_535:
        raise ValueError(f"{value!r} is no place to listen; write 127.0.0.1:8765")
    return value


def is_loopback(host: str) -> bool:
    """True if a host is this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


Span = Annotated[timedelta, BeforeValidator(span)]
Clock = Annotated[str, AfterValidator(_clock_time)]
Zone = Annotated[str, AfterValidator(_zone)]
Target = Annotated[str, AfterValidator(_address)]
Query = Annotated[str, AfterValidator(_query)]
Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", arbitrary_types_allowed=True)


class PerHost(_Section):
    """Manners towards one host."""

    concurrency: Annotated[int, Field(ge=1, le=16)] = 2
    delay: Span = timedelta(seconds=1)


class NetworkSection(_Section):
    """How sources are fetched."""

    user_agent: str = USER_AGENT
    timeout: Span = timedelta(seconds=30)
    max_bytes: Annotated[int, BeforeValidator(_size)] = 15 << 20
    per_host: PerHost = PerHost()
    allow_private: list[str] = []


class ReadingSection(_Section):
    """What reading one document may cost."""

    workers: Annotated[int, Field(ge=1, le=16)] = 2
    timeout: Span = timedelta(seconds=10)
    max_memory: Annotated[int, BeforeValidator(_size)] = 768 << 20


class DefaultsSection(_Section):
    """How often sources are fetched that do not say so."""

    every: Literal["auto"] | Span = "auto"
    min: Span = timedelta(minutes=10)
    max: Span = timedelta(hours=24)


class SelectSection(_Section):
    """CSS selectors of a listing."""

    item: str
    title: str | None = None
    link: str = "a"
    date: str | None = None
    summary: str | None = None
    next: str | None = None


class PathsSection(_Section):
    """JSONPath of a json_api's fields."""

    items: str
    title: str
    url: str | None = None
    id: str | None = None
    summary: str | None = None
    published: str | None = None
    next: str | None = None

    @model_validator(mode="after")
    def _can_be_read(self) -> PathsSection:
        from monitor.sources import json_api

        for path in (self.items, self.title, self.id, self.summary, self.published, self.next):
            if path is not None:
                json_api.check(path)
        if self.url is not None:
            json_api.check_address(self.url)
        return self


class SourceSection(_Section):
    """One source."""

    id: Name
    name: str | None = None
    type: str
    url: str | None = None
    agencies: list[str] = []
    term: str | None = None
    types: list[str] = []
    inspection: bool = False
    select: SelectSection | None = None
    paths: PathsSection | None = None
    full_text: bool = False
    tz: Zone | None = None
    headers: dict[str, str] = {}
    insecure_tls: bool = False
    opml: dict[str, str] = {}
    country: Annotated[str, Field(pattern=r"^[A-Z]{2,3}$")] | None = None
    lang: Annotated[str, Field(pattern=r"^[a-z]{2,3}$")] | None = None
    kind: str | None = None
    tier: Tier = Tier.PRESS
    every: Literal["auto"] | Span = "auto"
    enabled: bool = True

    @model_validator(mode="after")
    def _is_whole(self) -> SourceSection:
        if self.type not in TYPES:
            near = difflib.get_close_matches(self.type, TYPES, 1)
            raise ValueError(
                f"type: {self.type!r} is unknown; one of {', '.join(TYPES)}" + (f" (did you mean {near[0]}?)" if near else "")
            )
        if self.type == "listing" and self.select is None:
            raise ValueError("a listing needs select: with at least item:")
        if self.type == "json_api" and self.paths is None:
            raise ValueError("a json_api needs paths: with at least items: and title:")
        if self.type == "federal_register":
            if not (self.url or self.agencies or self.term or self.types):
                raise ValueError("federal_register needs agencies:, term:, types: or url:")
        elif not self.url:
            raise ValueError("url: is missing")
        if self.url and not self.url.startswith(("http://", "https://")):
            raise ValueError(f"url: only http and https are fetched, not {self.url[:60]!r}")
        if self.url and "@" in self.url.split("//", 1)[1].split("/", 1)[0]:
            raise ValueError("url: a user name or password does not belong in an address")
        return self


class WebSubSection(_Section):
    """Where hubs call that push the news of sources."""

    callback: Annotated[str, AfterValidator(_callback)]
    listen: Annotated[str, AfterValidator(_listening)] = "127.0.0.1:8765"


class SlackSection(_Section):
    """Slack; the token is SLACK_BOT_TOKEN in the environment."""

    api_url: str = "https://slack.com/api/"
    rate: str = "1/s"


class MailSection(_Section):
    """The mail server; user and password are SMTP_USER and SMTP_PASSWORD in the environment."""

    host: str
    port: Annotated[int, Field(ge=1, le=65535)] = 587
    security: Literal["starttls", "tls", "none"] = "starttls"
    sender: Annotated[str, Field(alias="from")]


class QuietSection(_Section):
    """Hours in which nothing is sent."""

    tz: Zone = "UTC"
    start: Annotated[Clock, Field(alias="from")]
    end: Annotated[Clock, Field(alias="to")]


class LimitSection(_Section):
    """How many alerts at most."""

    per_event: Annotated[Limit, BeforeValidator(_limit)] | None = None
    per_channel: Annotated[Limit, BeforeValidator(_limit)] = Limit(count=9, window=timedelta(hours=1))


class EscalateSection(_Section):
    """What is told again of an event that was told."""

    sources: list[Annotated[int, Field(ge=2)]] = list(GROWTH)
    stages: list[Stage] = [each for each in Stage if each in TELLING_STAGES]


class AlertSection(_Section):
    """One rule."""

    id: Name
    when: Query
    to: Annotated[list[Target], Field(min_length=1)]
    thread: Literal["per_event", "none"] = "per_event"
    limit: LimitSection = LimitSection()
    quiet: QuietSection | None = None
    window: Span = timedelta(hours=48)
    escalate: EscalateSection = EscalateSection()
    echo: Literal["off"] | Span = timedelta(hours=6)


class DigestSection(_Section):
    """One daily digest."""

    id: Name
    to: Annotated[list[Target], Field(min_length=1)]
    at: Clock
    tz: Zone = "UTC"
    when: Query = ""
    lang: Literal["en", "ja"] = "en"


class WebhookSection(_Section):
    """A program that is told by signed JSON; the key of the signature is WEBHOOK_<ID>_SECRET in the environment."""

    id: Name
    url: Annotated[str, AfterValidator(_web_address)]


class WebSection(_Section):
    """Where readers reach what this program serves: one-click unsubscription."""

    url: Annotated[str, AfterValidator(_callback)]
    listen: Annotated[str, AfterValidator(_listening)] = "127.0.0.1:8766"


class File(_Section):
    """feeds.yaml."""

    version: Literal[1]
    network: NetworkSection = NetworkSection()
    reading: ReadingSection = ReadingSection()
    defaults: DefaultsSection = DefaultsSection()
    sources: list[SourceSection] = []
    websub: WebSubSection | None = None
    slack: SlackSection = SlackSection()
    mail: MailSection | None = None
    webhooks: list[WebhookSection] = []
    web: WebSection | None = None
    alerts: list[AlertSection] = []
    digests: list[DigestSection] = []
