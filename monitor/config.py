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
from datetime import timedelta
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

from monitor.channels import KINDS, split
from monitor.errors import ConfigError, SecretMissing
from monitor.items import Paths, Quiet, Rule, Selectors, Source, Subscription
from monitor.normalise import clean
from monitor.pace import Pace
from monitor.sections import AlertSection, File, SourceSection, is_loopback
from monitor.sources import federal_register
from monitor.sources.web import NetworkRules
from monitor.sources.websub import Callback
from monitor.sources.workers import Limits

MAX_BYTES = 5 << 20

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The same loader in C where PyYAML was built with it: 2,000 sources in 0.15 s instead of 1.6."""
_SECRET_HEADER = re.compile(r"auth|cookie|token|key|secret|password", re.I)
_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


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
    limits: Limits
    pace: Pace
    sources: tuple[Source, ...]
    websub: Callback | None  # None: hubs are not asked to push
    rules: tuple[Rule, ...]
    subscriptions: tuple[Subscription, ...]
    slack: SlackConfig
    mail: MailConfig | None
    webhooks: Mapping[str, str]  # address by id
    web: Callback | None  # where readers reach us; None: nowhere


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
    except OSError as error:
        raise ConfigError(f"cannot be read ({error.strerror})", subject=str(path), hint="Name a file: --config PATH") from error
    except UnicodeDecodeError as error:
        raise ConfigError("cannot be read (it is no UTF-8)", subject=str(path), hint="Save it as UTF-8") from error
    root, raw = _parsed(path, text)
    _refuse_written_secrets(path, root, raw)
    try:
        expanded = _expanded(raw, environment)
        file = File.model_validate(expanded)
    except ValidationError as error:
        raise ConfigError("\n".join(_slips(path, root, error))) from error
    except SecretMissing as error:
        cause = error.cause if error.subject is None else f"{error.subject}: {error.cause}"
        raise ConfigError(cause, subject=str(path), hint=error.hint) from error
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
        raise SecretMissing(
            f"{name}_FILE names a file that cannot be read ({type(error).__name__})",
            subject=name,
            hint="Check its path and its permissions",
        ) from error


def _parsed(path: Path, text: str) -> tuple[yaml.Node, Any]:
    """The YAML tree (for places) and its value."""
    try:
        root = yaml.compose(text, Loader=_Loader)
        if root is not None and _has_alias(root):
            raise ConfigError("uses YAML aliases (*name), which are not allowed", subject=str(path))
        raw = None if root is None else _Strict("").construct_document(root)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ConfigError(f"{error.problem or 'is no YAML'}", subject=f"{path}:{line}") from error
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise ConfigError(f"is no YAML ({type(error).__name__})", subject=str(path)) from error
    if not isinstance(raw, dict) or root is None:
        raise ConfigError("is no mapping of keys", subject=str(path), hint="Begin with: version: 1")
    return root, raw


def _has_alias(root: yaml.Node) -> bool:
    """True if a part of the tree stands in two places."""
    seen: set[int] = set()
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if id(node) in seen:
            return True
        seen.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            waiting += node.value
        elif isinstance(node, yaml.MappingNode):
            waiting += [part for pair in node.value for part in pair]
    return False


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


def _refuse_written_secrets(path: Path, root: yaml.Node, raw: dict[str, Any]) -> None:
    """A header that holds a secret has to take it from the environment."""
    sources = raw.get("sources")
    for number, source in enumerate(sources if isinstance(sources, list) else ()):
        headers = source.get("headers") if isinstance(source, dict) else None
        for name, value in (headers if isinstance(headers, dict) else {}).items():
            if _SECRET_HEADER.search(str(name)) and "${" not in str(value):
                line, shown = _line_of(root, ["sources", number, "headers", str(name)])
                raise ConfigError(
                    f"{path}:{line}: {shown}: a secret does not belong in this file; write ${{VARIABLE}} and set it"
                )


def _expanded(value: Any, environment: Mapping[str, str]) -> Any:
    """The value with ${VAR} replaced by the environment's."""
    if isinstance(value, dict):
        if value.get("enabled") is False:  # what is off needs no secret
            return value
        return {key: _expanded(each, environment) for key, each in value.items()}
    if isinstance(value, list):
        return [_expanded(each, environment) for each in value]
    if not isinstance(value, str) or "${" not in value:
        return value

    def of(match: re.Match[str]) -> str:
        found = secret(match[1], environment)
        if found is None:
            raise SecretMissing(f"${{{match[1]}}} is not set in the environment", hint="Set it where the monitor is started")
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

    for section in ("sources", "alerts", "digests", "webhooks"):
        seen: set[str] = set()
        for number, each in enumerate(getattr(file, section)):
            if each.id in seen:
                raise refused([section, number, "id"], f"{each.id!r} stands twice; ids are unique")
            seen.add(each.id)
    try:
        allowed = tuple(ipaddress.ip_network(each, strict=False) for each in file.network.allow_private)
    except ValueError as error:
        raise refused(["network", "allow_private"], f"{error}; write a network such as 10.0.0.0/8") from error
    if file.mail is not None and file.mail.security == "none" and not is_loopback(file.mail.host):
        raise refused(["mail", "security"], "none is allowed only for a server on this machine")
    rate = re.match(r"^(\d+(?:\.\d+)?)/(s|m)$", file.slack.rate)
    if rate is None or float(rate[1]) <= 0:
        raise refused(["slack", "rate"], f"{file.slack.rate!r} is no rate; write 1/s")
    known = {each.id for each in file.webhooks}
    for section in ("alerts", "digests"):
        for number, each in enumerate(getattr(file, section)):
            for place, address in enumerate(each.to):
                kind, target = split(address)
                if kind == "webhook" and target not in known:
                    raise refused([section, number, "to", place], f"there is no {target!r} under webhooks:")
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
        limits=Limits(
            workers=file.reading.workers,
            seconds=file.reading.timeout.total_seconds(),
            max_bytes=file.reading.max_memory,
        ),
        pace=Pace(
            usual=timedelta(minutes=15) if usual == "auto" else usual,
            shortest=min(file.defaults.min, usual) if isinstance(usual, timedelta) else file.defaults.min,
            longest=file.defaults.max,
        ),
        sources=tuple(_source(each) for each in file.sources if each.enabled),
        websub=None if file.websub is None else _place(file.websub.callback, file.websub.listen),
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
        webhooks={each.id: each.url for each in file.webhooks},
        web=None if file.web is None else _place(file.web.url, file.web.listen),
    )


def _source(each: SourceSection) -> Source:
    url = each.url or federal_register.address(
        agencies=each.agencies, term=each.term, types=each.types, is_inspection=each.inspection
    )
    select = each.select
    return Source(
        id=each.id,
        name=clean(each.name or "") or each.id,
        type=each.type,
        url=url,
        country=each.country,
        lang=each.lang,
        kind=each.kind,
        tier=each.tier,
        every=None if each.every == "auto" else each.every.total_seconds(),
        select=None if select is None else Selectors(**select.model_dump()),
        paths=None if each.paths is None else Paths(**each.paths.model_dump()),
        is_full_text=each.full_text,
        tz=each.tz,
        headers=tuple(each.headers.items()),
        is_tls_verified=not each.insecure_tls,
    )


def _place(url: str, listen: str) -> Callback:
    host, _, port = listen.rpartition(":")
    return Callback(url=url, host=host.strip("[]"), port=int(port))


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
        growth=tuple(sorted(set(each.escalate.sources))),
        stages=frozenset(each.escalate.stages),
        machines=frozenset(address for address in each.to if not KINDS[split(address)[0]].is_for_people),
        echo=None if each.echo == "off" else each.echo,
    )
