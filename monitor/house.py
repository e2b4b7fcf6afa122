"""Puts the parts together: from a configuration and an archive to the three jobs, ready to run. The edge's only assembly."""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from monitor import classifiers, config, encoders, joinings, lexiconfile, models, thesaurus
from monitor.announce import Announcer
from monitor.archive import Archive
from monitor.channels import Channel, split
from monitor.config import Config
from monitor.delivery import Deliverer
from monitor.digests import Digests
from monitor.encoders import Encoder
from monitor.errors import ConfigError, ModelError, SecretMissing

if TYPE_CHECKING:
    from monitor.channels.socket_mode import SocketMode
    from monitor.channels.webhook import Posting
    from monitor.judgement import Judge
    from monitor.sources.web import NetworkRules
    from monitor.tag import Model

log = logging.getLogger(__name__)


def judge(archive: Archive, settings: Config, folder: Path, clock: Callable[[], datetime]) -> Judge:
    """Judgement over an archive; without a usable classifier it links and matches untagged items."""
    from monitor.judgement import Judge, with_fallback

    model = with_fallback(lambda: models.load(folder))
    vectors = None if model is None else encoder(model)
    return Judge(
        archive=archive,
        rules=settings.rules,
        lexicon=classifiers.load_lexicon(folder, lexiconfile.own_lexicon(settings.path)),
        model=model,
        encoder=vectors,
        joining=joinings.load_or_none(folder, vectors=None if vectors is None else vectors.id),
        storylines=joinings.load_or_none(folder, level="storyline", vectors=None if vectors is None else vectors.id),
        clock=clock,
    )


def encoder(model: Model) -> Encoder | None:
    """The encoder of the sentence vectors that a model was trained with; None, with a logged reason, if it cannot be had.

    Without it the model's plain head decides alone: somewhat worse, and never silent about it.
    """
    return _encoder(model.vectors, "tagging", "the model was trained")


def linking_encoder(folder: Path) -> Encoder | None:
    """The encoder that the linking decision was learned with; None, with a logged reason, if it cannot be had."""
    return _encoder(joinings.encoder_of(folder), "linking", "the decision was learned")


def _encoder(name: str | None, what: str, how: str) -> Encoder | None:
    if name is None:
        return None
    try:
        found = encoders.load(name)
    except ModelError as error:
        log.error("%s without sentence vectors: %s", what, error)
        return None
    if found.id != name:
        log.error("%s without sentence vectors: %s with %s, here is %s", what, how, name, found.id)
        return None
    return found


def deliverer(
    archive: Archive,
    settings: Config,
    folder: Path,
    clock: Callable[[], datetime],
    *,
    stream: TextIO | None = None,
    pause: Callable[[float], None] = time.sleep,
    is_stopped: Callable[[], bool] = lambda: False,
) -> Deliverer:
    """Delivery over an archive.

    Args:
        stream: where console messages go; None for standard output.
    """
    return Deliverer(
        archive=archive,
        announcer=Announcer(
            archive=archive,
            sources=settings.sources,
            rules=settings.rules,
            theme_names=theme_names(folder),
            clock=clock,
            can_answer=frozenset({"slack"} if config.secret("SLACK_APP_TOKEN") else ()),
        ),
        digests=digests(archive, settings, folder, clock),
        open_channel=lambda address: open_channel(address, settings, clock, stream),
        clock=clock,
        pause=pause,
        is_stopped=is_stopped,
    )


def digests(archive: Archive, settings: Config, folder: Path, clock: Callable[[], datetime]) -> Digests:
    """The digests over an archive."""
    return Digests(
        archive=archive,
        sources=settings.sources,
        subscriptions=settings.subscriptions,
        theme_names=theme_names(folder),
        pace=settings.pace,
        clock=clock,
        local_names={each.lang: theme_names(folder, each.lang) for each in settings.subscriptions},
        address=None if settings.web is None else settings.web.url,
    )


def slack_answers(url: str, settings: Config, folder: Path, clock: Callable[[], datetime]) -> SocketMode | None:
    """What analysts press and type in Slack; None without both tokens. Not started yet."""
    app_token, bot_token = config.secret("SLACK_APP_TOKEN"), config.secret("SLACK_BOT_TOKEN")
    if app_token is None or bot_token is None:
        return None
    from monitor.answers import Answering, Desk
    from monitor.channels.socket_mode import SocketMode

    names = theme_names(folder)
    terms = thesaurus.load(folder, lexiconfile.own_lexicon(settings.path))

    def desk() -> Desk:
        return Desk(
            archive=Archive.open(url),
            rules=settings.rules,
            subscriptions=settings.subscriptions,
            theme_names=names,
            clock=clock,
            trained_at=lambda: models.trained_at(folder),
            terms=terms,
        )

    answering = Answering(desk)
    return SocketMode(app_token, bot_token, api_url=settings.slack.api_url, answer=answering, on_end=answering.close)


def open_channel(address: str, settings: Config, clock: Callable[[], datetime], stream: TextIO | None = None) -> Channel:
    """The channel of an address, with its secrets from the environment.

    Raises:
        SecretMissing: a token is not set.
        ConfigError: feeds.yaml does not say where the server is, or a secret is none.
    """
    kind, target = split(address)
    if kind == "webhook":
        return _webhook(target, settings, clock)
    if kind == "atom":
        return _atom(target, settings, clock)
    if kind == "slack-webhook":
        return _slack_webhook(target, settings)
    if kind == "slack":
        from monitor.channels.slack import Slack

        token = config.secret("SLACK_BOT_TOKEN")
        if token is None:
            raise SecretMissing(
                "SLACK_BOT_TOKEN is not set",
                subject="slack",
                hint="Set it (docs/slack.md); alerts wait in the outbox until it is",
            )
        return Slack(token, api_url=settings.slack.api_url, min_gap=settings.slack.min_gap)
    if kind == "mail":
        from monitor.channels.mail import Mail

        if settings.mail is None:
            raise ConfigError(
                "mail: is not configured",
                subject=str(settings.path),
                hint="Add mail: to it (docs/configuration.md); mails wait in the outbox until it is",
            )
        return Mail(
            host=settings.mail.host,
            port=settings.mail.port,
            security=settings.mail.security,
            sender=settings.mail.sender,
            user=config.secret("SMTP_USER"),
            password=config.secret("SMTP_PASSWORD"),
            clock=clock,
        )
    from monitor.channels.console import Console

    return Console(stream)


def _webhook(name: str, settings: Config, clock: Callable[[], datetime]) -> Channel:
    from monitor.channels.webhook import Webhook

    if name not in settings.webhooks:
        raise ConfigError(
            f"there is no {name!r} under webhooks:",
            subject=str(settings.path),
            hint="Add it there (docs/webhooks.md); messages wait in the outbox until there is",
        )
    variable = _variable("WEBHOOK", name, "SECRET")
    secret = config.secret(variable)
    if secret is None:
        raise SecretMissing(
            f"{variable} is not set",
            subject=f"webhook:{name}",
            hint="Set it (docs/webhooks.md); messages wait in the outbox until it is",
        )
    try:
        return Webhook(url=settings.webhooks[name], secret=secret, post=posting(settings.network, clock), clock=clock)
    except ValueError as error:
        raise ConfigError(f"{variable} cannot be used: {error}", subject=f"webhook:{name}") from None


def _atom(target: str, settings: Config, clock: Callable[[], datetime]) -> Channel:
    from monitor.channels.atom import Atom

    return Atom(settings.path.parent / target, title=f"Monitor: {Path(target).stem}", clock=clock)


def _slack_webhook(name: str, settings: Config) -> Channel:
    from monitor.channels.slack_webhook import SlackWebhook

    variable = _variable("SLACK_WEBHOOK", name)
    url = config.secret(variable)
    if url is None:
        raise SecretMissing(
            f"{variable} is not set",
            subject=f"slack-webhook:{name}",
            hint="Set it (docs/webhooks.md); alerts wait in the outbox until it is",
        )
    return SlackWebhook(url, name=name, min_gap=settings.slack.min_gap)


def _variable(*parts: str) -> str:
    """The name of an environment variable: WEBHOOK_RISK_DESK_SECRET for risk-desk."""
    return re.sub(r"[^A-Z0-9]", "_", "_".join(parts).upper())


def posting(rules: NetworkRules, clock: Callable[[], datetime]) -> Posting:
    """What posts under the network's guards, from a thread without an event loop."""
    from monitor.sources.web import Answered, Web

    def post(url: str, headers: Mapping[str, str], body: bytes) -> tuple[int, float | None]:
        async def once() -> Answered:
            async with Web(rules, clock) as web:
                return await web.send(url, body, headers=headers, subject="webhook")

        found = asyncio.run(once())
        return found.status, found.retry_after

    return post


def theme_names(folder: Path, lang: str = "en") -> Mapping[str, str]:
    """Names of the themes by id."""
    return {theme.id: theme.name(lang) for theme in classifiers.load_themes(folder)}
