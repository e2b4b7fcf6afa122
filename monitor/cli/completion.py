"""Completion in the shell: the scripts that install it, and the values that it proposes. Quick, and silent whatever goes wrong."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem, get_completion_class

from monitor import bundled
from monitor.cli.options import Here, command

_MOST = 50
"""Ids that are proposed at once; a terminal shows no more without asking."""
_WAIT = 0.2
"""Seconds that a busy archive is waited for: whoever presses TAB will not wait longer."""
Found = Iterable[tuple[str, str | None]]
"""Values and what each one is; None: it speaks for itself."""
Completer = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]


@command(
    "completion",
    example="""eval "$(monitor completion bash)"
monitor completion bash > ~/.local/share/bash-completion/completions/monitor
monitor completion zsh > ~/.zfunc/_monitor
monitor completion fish > ~/.config/fish/completions/monitor.fish""",
)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """The script by which a shell completes commands, options, themes, sources, rules, digests and ids of events and items."""
    found = get_completion_class(shell)
    assert found is not None
    script = found(context.find_root().command, {}, "monitor", "_MONITOR_COMPLETE")
    click.echo(script.source_template % script.source_vars())


def _quietly(find: Callable[[Here, str], Found]) -> Completer:
    """What shows the values that begin as the word does. A shell in the middle of a line is no place for an error: then there are none."""

    @functools.wraps(find)
    def complete(context: click.Context, _parameter: click.Parameter, word: str) -> list[CompletionItem]:
        try:
            from monitor.normalise import clean

            here = context.find_object(Here) or Here()
            found = [(clean(value), says) for value, says in find(here, word)]
            return [
                CompletionItem(value, help=None if says is None else clean(says))
                for value, says in found
                if value.startswith(word)
            ]
        except Exception:  # noqa: BLE001 (whatever it is, the command itself will say it)
            return []

    return complete


@_quietly
def themes(_here: Here, _word: str) -> Found:
    """Themes that there are, those that are off among them."""

    return [(path.parent.name, None) for path in sorted(bundled.classifiers_in_use().glob("*/theme.yaml"))]


@_quietly
def sources(here: Here, _word: str) -> Found:
    """Sources of feeds.yaml that are on."""
    return _configured(here.path(), "sources")


@_quietly
def rules(here: Here, _word: str) -> Found:
    """Rules of feeds.yaml."""
    return _configured(here.path(), "alerts")


@_quietly
def digests(here: Here, _word: str) -> Found:
    """Digests of feeds.yaml."""
    return _configured(here.path(), "digests")


@_quietly
def events(here: Here, word: str) -> Found:
    """Events, those that moved last."""
    with here.archive(is_readonly=True, wait=_WAIT) as archive:
        return archive.reading.events_like(word, _MOST)


@_quietly
def items(here: Here, word: str) -> Found:
    """Items, those that came last."""
    with here.archive(is_readonly=True, wait=_WAIT) as archive:
        return archive.reading.items_like(word, _MOST)


def _configured(path: Path, section: str) -> Found:
    """Ids of a section of feeds.yaml, with what stands there of each. Unchecked: checking 234 sources takes half a second."""
    import yaml

    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    with path.open(encoding="utf-8") as stream:
        rows = yaml.load(stream, loader)[section]  # noqa: S506 (it is the safe one)
    return [(row["id"], row.get("name") or row.get("when")) for row in rows if row.get("enabled") is not False]
