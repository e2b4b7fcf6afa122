"""The command line. Data on standard output, everything else on standard error; exit codes as `monitor --help` lists them."""

from __future__ import annotations

import errno
import importlib
import os
import sys
from collections.abc import Sequence
from typing import Any

import click

from monitor import __version__
from monitor.cli.options import GlobalOptions, Here
from monitor.errors import MonitorError, QueryError, UsageError

_COMMANDS = {
    "demo": "monitor.cli.trying:demo",
    "init": "monitor.cli.trying:init",
    "run": "monitor.cli.working:run",
    "poll": "monitor.cli.working:poll",
    "deliver": "monitor.cli.working:deliver",
    "digest": "monitor.cli.working:digest",
    "search": "monitor.cli.reading:search",
    "searches": "monitor.cli.reading:searches",
    "tail": "monitor.cli.tail:tail",
    "show": "monitor.cli.showing:show",
    "events": "monitor.cli.events:events",
    "event": "monitor.cli.events:event",
    "deadlines": "monitor.cli.events:deadlines",
    "dossier": "monitor.cli.dossiers:dossier",
    "export": "monitor.cli.exporting:export",
    "why": "monitor.cli.alerts:why",
    "alerts": "monitor.cli.alerts:alerts",
    "rules": "monitor.cli.rules:rules",
    "silence": "monitor.cli.silences:silence",
    "parse": "monitor.cli.streams:parse",
    "tag": "monitor.cli.streams:tag",
    "link": "monitor.cli.streams:link",
    "identify": "monitor.cli.streams:identify",
    "label": "monitor.cli.teaching:label",
    "train": "monitor.cli.teaching:train",
    "evaluate": "monitor.cli.teaching:evaluate",
    "queue": "monitor.cli.model:queue",
    "model": "monitor.cli.model:model",
    "sources": "monitor.cli.sources:sources",
    "stats": "monitor.cli.stats:stats",
    "coverage": "monitor.cli.coverage:coverage",
    "slack": "monitor.cli.slack:slack",
    "status": "monitor.cli.house:status",
    "doctor": "monitor.cli.doctor:doctor",
    "backup": "monitor.cli.keeping:backup",
    "prune": "monitor.cli.keeping:prune",
    "import": "monitor.cli.bringing:import_",
    "completion": "monitor.cli.completion:completion",
}
"""Every command and where it is; imported when called, so that a search does not pay for scikit-learn."""

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
"""What a disk says that takes no more."""


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        del ctx
        place = _COMMANDS.get(name)
        if place is None:
            return None
        module, attribute = place.split(":")
        found: click.Command = getattr(importlib.import_module(module), attribute)
        return found

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            # the reader has seen enough, which is no failure; click would end with 1
            _drop_output()
            ctx.ensure_object(Here).exit_code = 0
            return None

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        import difflib

        if args and args[0] not in _COMMANDS and not args[0].startswith("-") and not ctx.resilient_parsing:
            near = difflib.get_close_matches(args[0], _COMMANDS, 1)
            hint = f" Did you mean {near[0]}?" if near else ""
            ctx.fail(f"there is no command {args[0]!r}.{hint}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        groups = {
            "Try": ("demo", "init"),
            "Watch and tell": ("run", "poll", "deliver", "digest"),
            "Tune": ("rules", "silence"),
            "Read": (
                "search",
                "searches",
                "tail",
                "show",
                "events",
                "event",
                "dossier",
                "deadlines",
                "export",
                "why",
                "alerts",
                "stats",
            ),
            "Ask the verbs": ("parse", "tag", "link", "identify"),
            "Teach": ("queue", "label", "train", "evaluate", "model"),
            "House": ("sources", "coverage", "slack", "status", "doctor", "backup", "prune", "import", "completion"),
        }
        for title, names in groups.items():
            rows = []
            for name in names:
                command = self.get_command(ctx, name)
                if command is not None:
                    rows.append((name, command.get_short_help_str(90)))
            with formatter.section(title):
                formatter.write_dl(rows)


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="""\b
Exit codes: 0 done · 1 nothing found (only with --exit-code) · 2 wrong use
· 3 configuration invalid · 4 some sources failed · 5 all sources failed
· 6 delivery failed · 7 archive locked or damaged · 130 interrupted.

\b
Example:
  monitor demo
  monitor init && monitor poll && monitor search 'theme:export_control since:7d'
""",
)
@click.version_option(__version__, prog_name="monitor")
@GlobalOptions
def commands() -> None:
    """Watches government and news sources for economic security: tags, groups into events, alerts, finds."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; the exit code. Errors become one line each on standard error, never a traceback."""
    here = Here()
    try:
        commands.main(args=None if arguments is None else list(arguments), prog_name="monitor", standalone_mode=False, obj=here)
        sys.stdout.flush()
        return here.exit_code
    except click.exceptions.Exit as error:
        return error.exit_code
    except click.ClickException as error:
        error.show()
        return 2
    except (KeyboardInterrupt, click.Abort):
        print("monitor: interrupted", file=sys.stderr)
        return 130
    except SystemExit as error:  # how click's completion ends
        return error.code if isinstance(error.code, int) else 1
    except MonitorError as error:
        _report(error)
        return error.exit_code
    except Exception as error:
        if isinstance(error, OSError) and error.errno in _FULL and error.filename is None:
            _report(UsageError(f"the output cannot be written ({error.strerror})", hint="Free space, or write it elsewhere"))
            _drop_output()
            return UsageError.exit_code
        if here.verbosity > 1:
            raise
        _report(MonitorError(f"internal error ({type(error).__name__}: {error})", hint="-vv shows where; please report it"))
        return 1


def _drop_output() -> None:
    """What is still to be written goes nowhere: Python would complain of it once more at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _report(error: MonitorError) -> None:
    from monitor.normalise import clean, inert

    if isinstance(error, QueryError):
        shown, caret = error.pointed()
        print(f"monitor: {clean(str(error))}\n  {shown}\n  {caret}", file=sys.stderr)
        return
    for line in str(error).splitlines():
        print(f"monitor: {inert(line)}", file=sys.stderr)


def entry() -> None:
    """The console script."""
    sys.exit(main())
