"""Completion in the shell: the scripts that install it, and the values that it proposes. Quick, and silent whatever goes wrong."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem, get_completion_class

from monitor import bundled, query
from monitor.cli.options import Here, command
from monitor.items import Stage, Tier

_MOST = 50
"""Ids that are proposed at once; a terminal shows no more without asking."""
_WAIT = 0.2
"""Seconds that a busy archive is waited for: whoever presses TAB will not wait longer."""
_TERM = re.compile(r"(?P<before>(?:.*[\s(])?-?)(?P<term>[^\s(]*)", re.DOTALL)
"""What of a query is being typed, after what is done."""
_SPANS = ("1d", "7d", "30d", "1y")
_VALUES = {
    "tier": tuple(Tier),
    "stage": tuple(Stage),
    "since": _SPANS,
    "until": _SPANS,
    "deadline": _SPANS,
    "score": (">=0.5", ">=0.8", ">=0.9"),
}
"""Fields whose values need no looking up, or such as are often asked for."""
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
    def complete(context: click.Context, parameter: click.Parameter, word: str) -> list[CompletionItem]:
        try:
            from monitor.normalise import clean

            here = context.find_object(Here) or Here()
            before, word = _split_at_colons(context.params.get(parameter.name or "") or (), word)
            begun = before + word
            return [
                CompletionItem(word + clean(value.removeprefix(begun)), help=None if says is None else clean(says))
                for value, says in find(here, begun)
                if value.startswith(begun)
            ]
        except Exception:  # noqa: BLE001 (whatever it is, the command itself will say it)
            return []

    return complete


@_quietly
def themes(here: Here, _word: str) -> Found:
    """Themes that there are, those that are off among them."""
    return _values(here, "theme", "")


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
    return _values(here, "event", word)


@_quietly
def items(here: Here, word: str) -> Found:
    """Items, those that came last."""
    with here.archive(is_readonly=True, wait=_WAIT) as archive:
        return archive.reading.items_like(word, _MOST)


@_quietly
def queries(here: Here, word: str) -> Found:
    """How a query may go on: its fields and their values, and saved searches. A word of a text cannot be guessed."""
    return _terms(here, word)


@_quietly
def events_and_queries(here: Here, word: str) -> Found:
    """For commands that take an event or a query."""
    return _values(here, "event", word) if word.startswith("E") else _terms(here, word)


@_quietly
def columns(_here: Here, names: str) -> Found:
    """Columns of an export that are not named yet, behind those that are."""
    from monitor.cli.columns import BODY, COLUMNS

    given = names[: names.rfind(",") + 1]
    return [(given + name, None) for name in (*COLUMNS, BODY) if name not in given.split(",")]


@_quietly
def saved_searches(here: Here, _word: str) -> Found:
    """Names of saved searches."""
    return _saved(here)


def _saved(here: Here) -> Found:
    with here.archive(is_readonly=True, wait=_WAIT) as archive:
        return [*archive.searches.by_name().items()]


def _terms(here: Here, text: str) -> Found:
    found = _TERM.fullmatch(text)
    assert found is not None
    before, term = found["before"], found["term"]
    if term.startswith("@"):
        return [(f"{before}@{name}", says) for name, says in _saved(here)]
    field, colon, values = term.partition(":")
    if colon:
        given = values[: values.rfind(",") + 1]
        return [(f"{before}{field}:{given}{value}", says) for value, says in _values(here, field, values.removeprefix(given))]
    fields = [each for each in query.FIELDS if each.startswith(term)]
    if term and len(fields) == 1:  # its values at once: a shell would put a space behind a field
        return [(f"{before}{fields[0]}:{value}", says) for value, says in _values(here, fields[0], "")]
    return [(f"{before}{each}:", None) for each in fields]


def _values(here: Here, field: str, begun: str) -> Found:
    """What a field is often asked for, or what there is of it."""
    match field:
        case "theme":
            return [(path.parent.name, None) for path in sorted(bundled.classifiers_in_use().glob("*/theme.yaml"))]
        case "source":
            return _configured(here.path(), "sources")
        case "lang" | "country" | "kind":
            return [
                (value, None) for value in sorted({str(row[field]) for row in _rows(here.path(), "sources") if row.get(field)})
            ]
        case "event":
            with here.archive(is_readonly=True, wait=_WAIT) as archive:
                return archive.reading.events_like(begun, _MOST)
        case _:
            return [(value, None) for value in _VALUES.get(field, ())]


def _split_at_colons(words: tuple[str, ...] | str, word: str) -> tuple[str, str]:
    """What bash took for words of their own, because there is a colon in between, and what it takes the last one to be.

    A shell in which theme:exp is one word has nothing here.
    """
    if isinstance(words, str):
        return "", word
    if word == ":":
        return (f"{words[-1]}:", "") if words else ("", word)
    if len(words) > 1 and words[-1] == ":":
        return f"{words[-2]}:", word
    return "", word


def _configured(path: Path, section: str) -> Found:
    """Ids of a section of feeds.yaml, with what stands there of each."""
    return [(row["id"], row.get("name") or row.get("when")) for row in _rows(path, section)]


def _rows(path: Path, section: str) -> list[dict[str, Any]]:
    """What is on in a section of feeds.yaml. Unchecked: checking 234 sources takes half a second."""
    import yaml

    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    with path.open(encoding="utf-8") as stream:
        rows = yaml.load(stream, loader)[section]  # noqa: S506 (it is the safe one)
    return [row for row in rows if row.get("enabled") is not False]
