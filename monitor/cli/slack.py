"""Commands about Slack: whether everything is set up there, and the app's manifest."""

from __future__ import annotations

import click

from monitor.cli.options import GlobalOptions, Here, commands_of
from monitor.cli.output import json_line, json_option


@click.group(
    "slack",
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="\b\nExample:\n  monitor slack manifest > manifest.yaml\n  monitor slack check",
)
@GlobalOptions
def slack() -> None:
    """Slack: the app's manifest, and whether tokens and channels work."""


_command = commands_of(slack)


@_command("check", "monitor slack check", "monitor slack check --json")
@json_option()
@click.pass_obj
def check(here: Here, is_json: bool) -> None:
    """Tokens, scopes and channels of feeds.yaml: each line ok, warn or fail, and what to do. Posts nothing.

    SLACK_BOT_TOKEN and, for buttons and /monitor, SLACK_APP_TOKEN come from the environment. Exit 3: there is no bot token, 6:
    something fails.
    """
    from monitor import config
    from monitor.channels import split
    from monitor.channels.slack_check import Finding, Level
    from monitor.channels.slack_check import check as look
    from monitor.errors import SecretMissing
    from monitor.normalise import clean

    here.start_log()
    settings = here.config()
    bot_token = config.secret("SLACK_BOT_TOKEN")
    if bot_token is None:
        raise SecretMissing("SLACK_BOT_TOKEN is not set", subject="slack", hint="See docs/slack.md")
    every = [address for rule in settings.rules for address in rule.to]
    every += [address for subscription in settings.subscriptions for address in subscription.to]
    wanted = dict.fromkeys(target for kind, target in map(split, every) if kind == "slack")
    found: list[Finding] = []
    for each in look(
        bot_token=bot_token,
        app_token=config.secret("SLACK_APP_TOKEN"),
        addresses=tuple(wanted),
        api_url=settings.slack.api_url,
    ):
        found.append(each)
        if not is_json:
            click.echo(f"{each.level.value:<5} {clean(each.what):<20} {clean(each.text)}")
    is_well = all(each.level is not Level.FAIL for each in found)
    if is_json:
        checks = [{"level": each.level.value, "what": each.what, "text": each.text} for each in found]
        click.echo(json_line({"ok": is_well, "checks": checks}))
    if not is_well:
        here.exit_code = 6


@_command("manifest", "monitor slack manifest > manifest.yaml")
def manifest() -> None:
    """The app's manifest, to be pasted at https://api.slack.com/apps (From a manifest)."""
    from monitor.channels import slack_check

    click.echo(slack_check.manifest(), nl=False)
