"""Options that every command takes, before or after its name, and what they stand for."""

from __future__ import annotations

import difflib
import getpass
import logging
import os
import sys
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.shell_completion import CompletionItem

from monitor import bundled, clock

if TYPE_CHECKING:
    from monitor.archive import Archive
    from monitor.config import Config

F = TypeVar("F", bound=Callable[..., Any])
BUSY = "The archive is busy; waiting for it."
_DEFAULT_ARCHIVE = "sqlite:///data/monitor.db"


@dataclass(slots=True)
class Here:
    """Where a command works: configuration, archive, clock. Everything is opened only when asked for."""

    config_path: str | None = None
    archive_url: str | None = None
    verbosity: int = 0
    exit_code: int = 0
    is_paged: bool = True
    _config: Config | None = field(default=None, init=False)

    def config(self) -> Config:
        """The configuration.

        Raises:
            ConfigError: absent or wrong.
        """
        from monitor import config

        if self._config is None:
            self._config = config.load(self.path())
        return self._config

    def path(self) -> Path:
        """The configuration's file."""
        return Path(self.config_path or os.environ.get("MONITOR_CONFIG") or "feeds.yaml")

    def url(self) -> str:
        """The archive's URL."""
        return self.archive_url or os.environ.get("MONITOR_ARCHIVE") or _DEFAULT_ARCHIVE

    def archive(self, *, is_readonly: bool = False, wait: float | None = None, may_make: bool = False) -> Archive:
        """The archive, opened; a writer that has to wait says so.

        Args:
            wait: seconds that a reader waits for others before it gives up; None: as long as a writer.
            may_make: a writer makes it where it is missing. Only what fills it does: elsewhere a wrong path, or a disk that is
                not mounted, would be answered from an empty archive from then on.

        Raises:
            ArchiveError, ArchiveBusy: it cannot be used.
        """
        from monitor.archive import Archive
        from monitor.cli.output import note

        return Archive.open(self.url(), is_readonly=is_readonly, wait=wait, on_wait=lambda: note(BUSY), may_make=may_make)

    def now(self) -> datetime:
        """The product's clock."""
        return clock.now()

    def start_log(self, default: int = logging.WARNING) -> None:
        """Log to standard error, as much as -q and -v ask for."""
        level = {-1: logging.ERROR, 0: default, 1: logging.INFO}.get(max(-1, min(self.verbosity, 2)), logging.DEBUG)
        logging.basicConfig(stream=sys.stderr, level=level, format="%(asctime)s %(levelname)s %(name)s %(message)s", force=True)
        for noisy in ("apscheduler", "httpx", "httpcore", "slack_sdk"):
            logging.getLogger(noisy).setLevel(max(level, logging.WARNING))
        # a tick that finds the last one still at work is left out, and says so each second
        logging.getLogger("apscheduler.scheduler").setLevel(logging.ERROR)


def _keep(name: str) -> Callable[[click.Context, click.Parameter, Any], Any]:
    def keep(ctx: click.Context, parameter: click.Parameter, value: Any) -> Any:
        del parameter
        here: Here = ctx.ensure_object(Here)
        if name == "verbosity":
            here.verbosity += value
        elif name == "quiet":
            here.verbosity -= value
        elif value is not None:
            setattr(here, name, value)
        return value

    return keep


def _no_pager(ctx: click.Context, _parameter: click.Parameter, value: bool) -> None:
    if value:
        ctx.ensure_object(Here).is_paged = False


def GlobalOptions(command: F) -> F:  # noqa: N802 (reads as a decorator of commands)
    """Give a command the options that all have."""
    for option in (
        click.option(
            "-v", "--verbose", count=True, expose_value=False, callback=_keep("verbosity"), help="Say more; -vv for everything."
        ),
        click.option("-q", "--quiet", count=True, expose_value=False, callback=_keep("quiet"), help="Say only errors."),
        click.option(
            "--no-pager",
            is_flag=True,
            expose_value=False,
            callback=_no_pager,
            help="Never show a long table page by page [NO_PAGER, MONITOR_PAGER, PAGER].",
        ),
        click.option(
            "--archive",
            metavar="URL",
            expose_value=False,
            callback=_keep("archive_url"),
            help=f"Archive [MONITOR_ARCHIVE; default {_DEFAULT_ARCHIVE}].",
        ),
        click.option(
            "--config",
            metavar="PATH",
            expose_value=False,
            callback=_keep("config_path"),
            help="Configuration [MONITOR_CONFIG; default feeds.yaml].",
        ),
    ):
        command = option(command)
    return command


def user() -> str:
    """Who sits at this machine; "unknown" where it does not know."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user without a name
        return "unknown"


def moment_since(text: str, here: Here, option: str = "--since") -> datetime:
    """The moment that a --since, or another option of that kind, means.

    Raises:
        UsageError: neither a span nor a date.
    """
    from monitor import query
    from monitor.errors import UsageError

    try:
        return query.moment(text, here.now())
    except ValueError as error:
        raise UsageError(f"{option} {text!r} is neither a span nor a date", hint="Write 7d, 2026-05 or 2026-05-01") from error


def known_theme(theme: str | None, *, must_be_on: bool = False) -> None:
    """Refuse a theme that no classifier knows; say of one that is off that it is.

    Args:
        must_be_on: one that is off is refused, too.

    Raises:
        UsageError: with the nearest one.
    """
    from monitor import classifiers
    from monitor.cli.output import note
    from monitor.errors import UsageError

    if theme is None:
        return
    themes = {each.id: each.is_on for each in classifiers.load_themes(bundled.classifiers_in_use(), with_off=True)}
    refuse_unknown("theme", theme, [each for each, is_on in themes.items() if is_on or each == theme])
    if themes[theme]:
        return
    if must_be_on:
        raise UsageError(f"the theme {theme} is off", hint="How to turn it on: docs/themes.md")
    note(f"The theme {theme} is off: nothing new is given it.")


def refuse_unknown(what: str, name: str, names: Collection[str], where: str = "") -> None:
    """Refuse a name that there is not.

    Args:
        where: what the names are of, as it follows in the sentence; "" if that is clear.

    Raises:
        UsageError: with the nearest name, or all of them.
    """
    from monitor.errors import UsageError

    if name not in names:
        near = difflib.get_close_matches(name, names, 1)
        hint = f"Did you mean {near[0]}?" if near else f"{what.capitalize()}s there: {', '.join(names) or 'none'}"
        raise UsageError(f"there is no {what} {name!r}{where}", hint=hint)


def commands_of(group: click.Group) -> Callable[..., Callable[[Callable[..., Any]], click.Command]]:
    """What makes commands of a group, with the global options: called with a name, and examples for the end of its help."""

    def named(name: str, *examples: str) -> Callable[[Callable[..., Any]], click.Command]:
        def wrap(function: Callable[..., Any]) -> click.Command:
            epilog = "\b\nExample:\n" + "\n".join(f"  {line}" for line in examples)
            return group.command(name, epilog=epilog)(GlobalOptions(function))

        return wrap

    return named


def query_words(context: click.Context, _parameter: click.Parameter, words: tuple[str, ...]) -> tuple[str, ...]:
    """The words of a query; one with two dashes is an option mistyped. Raises click.NoSuchOption."""
    known = [name for each in context.command.params for name in each.opts if name.startswith("--")]
    words = tuple(f"-{word[1:]}" if word.startswith(_MINUS) else word for word in words)
    for word in words:
        name = word.partition("=")[0]
        if name.startswith("--"):
            raise click.NoSuchOption(name, possibilities=difflib.get_close_matches(name, known), ctx=context)
    return words


_MINUS = "\0"
"""Stands for the minus of a query's -word while options are read; no argument can hold it."""


class _Dashed(click.Command):
    """A command whose arguments are a query: -quota is a word of it, not -q with more after it, and -xq are two options."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        flags = {name[1] for each in self.get_params(ctx) for name in each.opts if len(name) == 2}

        def is_word(arg: str) -> bool:
            letters = set(arg[1:])
            return arg[:1] == "-" != arg[1:2] and not letters <= flags and not letters.isdisjoint(flags)

        return super().parse_args(ctx, [f"{_MINUS}{arg[1:]}" if is_word(arg) else arg for arg in args])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        found = super().shell_complete(ctx, incomplete)
        if incomplete[:1] == "-" != incomplete[1:2]:
            found += [
                item for each in self.params if isinstance(each, click.Argument) for item in each.shell_complete(ctx, incomplete)
            ]
        return found


def command(
    name: str, example: str, *, is_dashed: bool = False, **settings: Any
) -> Callable[[Callable[..., Any]], click.Command]:
    """A command with the global options and an example at the end of its help.

    Args:
        is_dashed: words that begin with one dash and are no option belong to the arguments (a query's -word).
    """

    def wrap(function: Callable[..., Any]) -> click.Command:
        epilog = "\b\nExample:\n" + "\n".join(f"  {line}" for line in example.strip().splitlines())
        context = {"help_option_names": ["-h", "--help"], "ignore_unknown_options": is_dashed}
        kind = _Dashed if is_dashed else click.Command
        make: Any = click.command(name, kind, epilog=epilog, context_settings=context, **settings)
        made: click.Command = make(GlobalOptions(function))
        return made

    return wrap
