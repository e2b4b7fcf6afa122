"""Reads and checks feeds.yaml and the environment, once, at start; everything below gets values.

A slip is told with file, line, key and the nearest right word; all slips of a file at once. Secrets stand only in the
environment (or in a file that NAME_FILE names). Loading runs nobody's code: the safe YAML loader, no aliases, a size limit.
"""

from __future__ import annotations

import difflib
import ipaddress
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

import yaml
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from monitor import query
from monitor.channels import split
from monitor.errors import ConfigError, QueryError, SecretMissing, UsageError
from monitor.items import Limit, Quiet, Rule, Selectors, Source, Subscription, Tier
from monitor.pace import Pace
from monitor.sources import TYPES, federal_register
from monitor.sources.web import USER_AGENT, NetworkRules

MAX_BYTES = 5 << 20
DEFAULT_CONFIG = "feeds.yaml"
DEFAULT_ARCHIVE = "sqlite:///data/monitor.db"

_SPAN = re.compile(r"^(\d+(?:\.\d+)?)\s*(ms|s|m|h|d|w)$")
_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_SIZE = re.compile(r"^(\d+(?:\.\d+)?)\s*(B|kB|KB|KiB|MB|MiB|GB|GiB)?$")
_BYTES = {"B": 1, "kB": 10**3, "KB": 10**3, "KiB": 2**10, "MB": 10**6, "MiB": 2**20, "GB": 10**9, "GiB": 2**30}
_LIMIT = re.compile(r"^(\d+)/(\d+(?:\.\d+)?)?([smhd])$")
_CLOCK = re.compile(r"^([01]\d|2[0-3]):[0-5]\d$")
_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


def span(text: object) -> timedelta:
    """A span such as 30s, 15m, 2h, 1d.

    Raises:
        ValueError: no such.
    """
    match = _SPAN.match(str(text).strip())
    if match is None:
        raise ValueError(f"{text!r} is no span of time; write 30s, 15m, 6h or 1d")
    return timedelta(seconds=float(match[1]) * _SECONDS[match[2]])


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
        raise ValueError(f"{error}\n        {error.query}\n        {' ' * error.position}^") from None
    return value


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
        if self.type == "federal_register":
            if not (self.url or self.agencies or self.term or self.types):
                raise ValueError("federal_register needs agencies:, term:, types: or url:")
        elif not self.url:
            raise ValueError("url: is missing")
        if self.url and not self.url.startswith(("http://", "https://")):
            raise ValueError(f"url: only http and https are fetched, not {self.url[:60]!r}")
        return self


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
    per_channel: Annotated[Limit, BeforeValidator(_limit)] | None = None


class AlertSection(_Section):
    """One rule."""

    id: Name
    when: Query
    to: Annotated[list[Target], Field(min_length=1)]
    thread: Literal["per_event", "none"] = "per_event"
    limit: LimitSection = LimitSection()
    quiet: QuietSection | None = None
    window: Span = timedelta(hours=48)


class DigestSection(_Section):
    """One daily digest."""

    id: Name
    to: Annotated[list[Target], Field(min_length=1)]
    at: Clock
    tz: Zone = "UTC"
    when: Query = ""
    lang: Literal["en", "ja"] = "en"


class File(_Section):
    """feeds.yaml."""

    version: Literal[1]
    network: NetworkSection = NetworkSection()
    defaults: DefaultsSection = DefaultsSection()
    sources: list[SourceSection] = []
    slack: SlackSection = SlackSection()
    mail: MailSection | None = None
    alerts: list[AlertSection] = []
    digests: list[DigestSection] = []


@dataclass(frozen=True, slots=True, kw_only=True)
class SlackConfig:
    """Where Slack is and how fast it may be spoken to."""

    api_url: str
    min_gap: float  # seconds between two messages to one channel


@dataclass(frozen=True, slots=True, kw_only=True)
class MailConfig:
    """Where the mail server is."""

    host: str
    port: int
    security: str
    sender: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """Everything that feeds.yaml says."""

    path: Path
    network: NetworkRules
    pace: Pace
    sources: tuple[Source, ...]
    rules: tuple[Rule, ...]
    subscriptions: tuple[Subscription, ...]
    slack: SlackConfig
    mail: MailConfig | None


def load(path: Path, environment: Mapping[str, str] = os.environ) -> Config:
    """The configuration of a file.

    Raises:
        ConfigError: absent, unreadable or wrong; one line a slip.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ConfigError(f"is larger than {MAX_BYTES} bytes", subject=str(path))
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise ConfigError(
            "there is no such file", subject=str(path), hint="Write one to start from with: monitor init"
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot be read ({error})", subject=str(path)) from error
    root, raw = _parsed(path, text)
    try:
        expanded = _expanded(raw, environment)
        file = File.model_validate(expanded)
    except ValidationError as error:
        raise ConfigError("\n".join(_slips(path, root, error))) from error
    except SecretMissing as error:
        raise ConfigError(str(error), subject=str(path)) from error
    return _built(path, root, file)


def schema() -> dict[str, Any]:
    """The JSON Schema of feeds.yaml, for editors."""
    found: dict[str, Any] = File.model_json_schema(by_alias=True)
    return found


def secret(name: str, environment: Mapping[str, str] = os.environ) -> str | None:
    """A secret from NAME, or from the file that NAME_FILE names; None if neither is set.

    Raises:
        SecretMissing: NAME_FILE names a file that cannot be read.
    """
    value = environment.get(name)
    if value:
        return value.strip()
    file = environment.get(f"{name}_FILE")
    if not file:
        return None
    try:
        return Path(file).read_text(encoding="utf-8").strip() or None
    except (OSError, UnicodeDecodeError) as error:
        raise SecretMissing(f"{name}_FILE names a file that cannot be read ({type(error).__name__})", subject=name) from error


def clock_from(environment: Mapping[str, str] = os.environ) -> timedelta | datetime:
    """What MONITOR_NOW sets the clock to: a fixed moment, or an offset to the true time (zero if it is not set).

    Raises:
        UsageError: neither a time nor an offset.
    """
    text = environment.get("MONITOR_NOW", "").strip()
    if not text:
        return timedelta()
    try:
        if text[0] in "+-":
            return span(text[1:]) * (1 if text[0] == "+" else -1)
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError(
            f"MONITOR_NOW is {text!r}", hint="Set an ISO time such as 2026-05-01T08:00:00Z or an offset such as +3d"
        ) from error
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def now(environment: Mapping[str, str] = os.environ) -> datetime:
    """The product's clock: aware UTC, moved by MONITOR_NOW."""
    setting = clock_from(environment)
    return setting if isinstance(setting, datetime) else datetime.now(UTC) + setting


def _parsed(path: Path, text: str) -> tuple[yaml.Node, Any]:
    """The YAML tree (for places) and its value."""
    try:
        if any(isinstance(token, yaml.AliasToken) for token in yaml.scan(text, Loader=yaml.SafeLoader)):
            raise ConfigError("uses YAML aliases (*name), which are not allowed", subject=str(path))
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        raw = yaml.load(text, Loader=_Strict)  # noqa: S506 (a SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ConfigError(f"{error.problem or 'is no YAML'}", subject=f"{path}:{line}") from error
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise ConfigError(f"is no YAML ({type(error).__name__})", subject=str(path)) from error
    if not isinstance(raw, dict) or root is None:
        raise ConfigError("is no mapping of keys", subject=str(path), hint="Begin with: version: 1")
    return root, raw


class _Strict(yaml.SafeLoader):
    """The safe loader, which also refuses a key that stands twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                if key.value in seen:
                    raise yaml.MarkedYAMLError(problem=f"{key.value}: stands twice", problem_mark=key.start_mark)
                seen.add(key.value)
        return dict(super().construct_mapping(node, deep=deep))


def _expanded(value: Any, environment: Mapping[str, str]) -> Any:
    """The value with ${VAR} replaced by the environment's."""
    if isinstance(value, dict):
        return {key: _expanded(each, environment) for key, each in value.items()}
    if isinstance(value, list):
        return [_expanded(each, environment) for each in value]
    if not isinstance(value, str) or "${" not in value:
        return value

    def of(match: re.Match[str]) -> str:
        found = secret(match[1], environment)
        if found is None:
            raise SecretMissing(f"${{{match[1]}}} is not set in the environment")
        return found

    return _VARIABLE.sub(of, value)


def _slips(path: Path, root: yaml.Node, error: ValidationError) -> Iterator[str]:
    """One line a slip: file, line, key, cause."""
    for slip in error.errors():
        place = [
            part for part in slip["loc"] if not (isinstance(part, str) and ("[" in part or part in ("literal", "timedelta")))
        ]
        line, shown = _line_of(root, place)
        kind = slip["type"]
        if kind == "extra_forbidden":
            near = difflib.get_close_matches(str(place[-1]), _keys_at(place[:-1]), 1)
            cause = f"unknown key {place[-1]!r}" + (f"; did you mean {near[0]!r}?" if near else "")
        elif kind == "missing":
            cause = f"{place[-1]}: is missing"
        else:
            cause = slip["msg"].removeprefix("Value error, ")
        yield f"{path}:{line}: {shown + ': ' if shown else ''}{cause}"


def _line_of(root: yaml.Node, place: list[int | str]) -> tuple[int, str]:
    """Line of a place in the file, and how to call it: sources[3] (jp-meti) tier."""
    node: yaml.Node = root
    shown = ""
    line = root.start_mark.line + 1
    for part in place:
        if isinstance(node, yaml.MappingNode):
            pair = next((pair for pair in node.value if pair[0].value == str(part)), None)
            if pair is None:
                break
            line, node = pair[0].start_mark.line + 1, pair[1]
            shown += f"{'.' if shown else ''}{part}"
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = node.start_mark.line + 1
            named = (
                next((pair[1].value for pair in node.value if pair[0].value == "id"), None)
                if isinstance(node, yaml.MappingNode)
                else None
            )
            shown += f"[{named if named else part}]"
    return line, shown


def _keys_at(place: list[int | str]) -> list[str]:
    """Keys that are known at a place."""
    model: type[BaseModel] = File
    for part in place:
        if isinstance(part, int) or part not in model.model_fields:
            continue
        for candidate in _models_in(model.model_fields[part].annotation):
            model = candidate
    return [field.alias or name for name, field in model.model_fields.items()]


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in getattr(annotation, "__args__", ()):
        yield from _models_in(inner)


def _built(path: Path, root: yaml.Node, file: File) -> Config:
    """The file as values, with the checks that need more than one key."""

    def refused(place: list[int | str], cause: str) -> ConfigError:
        line, shown = _line_of(root, place)
        return ConfigError(f"{path}:{line}: {shown}: {cause}")

    for section in ("sources", "alerts", "digests"):
        seen: set[str] = set()
        for number, each in enumerate(getattr(file, section)):
            if each.id in seen:
                raise refused([section, number, "id"], f"{each.id!r} stands twice; ids are unique")
            seen.add(each.id)
    try:
        allowed = tuple(ipaddress.ip_network(each, strict=False) for each in file.network.allow_private)
    except ValueError as error:
        raise refused(["network", "allow_private"], f"{error}; write a network such as 10.0.0.0/8") from error
    if file.mail is not None and file.mail.security == "none" and not _is_loopback(file.mail.host):
        raise refused(["mail", "security"], "none is allowed only for a server on this machine")
    rate = re.match(r"^(\d+(?:\.\d+)?)/(s|m)$", file.slack.rate)
    if rate is None or float(rate[1]) <= 0:
        raise refused(["slack", "rate"], f"{file.slack.rate!r} is no rate; write 1/s")
    usual = file.defaults.every
    return Config(
        path=path,
        network=NetworkRules(
            user_agent=file.network.user_agent,
            timeout=file.network.timeout.total_seconds(),
            max_bytes=file.network.max_bytes,
            host_concurrency=file.network.per_host.concurrency,
            host_delay=file.network.per_host.delay.total_seconds(),
            allow_private=allowed,
        ),
        pace=Pace(
            usual=timedelta(minutes=15) if usual == "auto" else usual,
            shortest=min(file.defaults.min, usual) if isinstance(usual, timedelta) else file.defaults.min,
            longest=file.defaults.max,
        ),
        sources=tuple(_source(each) for each in file.sources if each.enabled),
        rules=tuple(_rule(each) for each in file.alerts),
        subscriptions=tuple(
            Subscription(id=each.id, to=tuple(each.to), at=each.at, tz=each.tz, when=each.when, lang=each.lang)
            for each in file.digests
        ),
        slack=SlackConfig(
            api_url=file.slack.api_url.rstrip("/") + "/", min_gap=(60.0 if rate[2] == "m" else 1.0) / float(rate[1])
        ),
        mail=None
        if file.mail is None
        else MailConfig(host=file.mail.host, port=file.mail.port, security=file.mail.security, sender=file.mail.sender),
    )


def _source(each: SourceSection) -> Source:
    url = each.url or federal_register.address(
        agencies=each.agencies, term=each.term, types=each.types, is_inspection=each.inspection
    )
    select = each.select
    return Source(
        id=each.id,
        name=each.name or each.id,
        type=each.type,
        url=url,
        country=each.country,
        lang=each.lang,
        kind=each.kind,
        tier=each.tier,
        every=None if each.every == "auto" else each.every.total_seconds(),
        select=None if select is None else Selectors(item=select.item, title=select.title, link=select.link, date=select.date),
    )


def _rule(each: AlertSection) -> Rule:
    return Rule(
        id=each.id,
        when=each.when,
        to=tuple(each.to),
        is_threaded=each.thread == "per_event",
        per_event=each.limit.per_event,
        per_channel=each.limit.per_channel,
        quiet=None if each.quiet is None else Quiet(tz=each.quiet.tz, start=each.quiet.start, end=each.quiet.end),
        window=each.window,
    )


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
