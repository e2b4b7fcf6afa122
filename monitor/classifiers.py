"""The folder classifiers/: theme definitions and their queries, concepts, training items, lexicon. Reads them, and runs nobody's code."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import yaml

from monitor import lexiconfile, query
from monitor.cues import Cues
from monitor.dossiers import Dossier
from monitor.errors import ModelError, QueryError
from monitor.items import Item, Tier
from monitor.lexicon import Lexicon, Name
from monitor.weak import WeakRule


@dataclass(frozen=True, slots=True, kw_only=True)
class Theme:
    """A subject the classifier knows, as its folder defines it."""

    id: str
    names: tuple[tuple[str, str], ...]  # (language, name)
    definition: str
    queries: tuple[tuple[str, str], ...] = ()  # (name, query): evidence for or against it
    is_on: bool = True  # False: its folder ships, but no model is trained for it

    def name(self, lang: str = "en") -> str:
        """The theme's name in a language, else in English, else its id."""
        return dict(self.names).get(lang) or dict(self.names).get("en") or self.id


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A training item: a text with the themes that it has."""

    id: str
    lang: str
    title: str
    summary: str
    labels: tuple[str, ...]
    event: str  # items of one development stand on the same side of every split
    register: str
    near_miss: str | None
    weight: float = 1.0  # what it counts in training
    about: frozenset[str] | None = None  # themes of which it says yes or no; None: all

    def says(self, theme: str) -> bool:
        """True if it says whether it has the theme."""
        return self.about is None or theme in self.about


def load_themes(folder: Path, *, with_off: bool = False) -> tuple[Theme, ...]:
    """Themes in the order of their ids; those that are off only `with_off`.

    Raises:
        ModelError: the folder is absent, or a theme.yaml cannot be used.
    """
    found = []
    for path in sorted(folder.glob("*/theme.yaml")):
        try:
            raw = yaml.safe_load(path.read_text(encoding="utf-8"))
            theme = Theme(
                id=path.parent.name,
                names=tuple(raw["name"].items()),
                definition=str(raw["definition"]),
                queries=tuple((str(name), str(text)) for name, text in (raw.get("queries") or {}).items()),
                is_on=raw.get("enabled", True) is not False,
            )
        except (OSError, yaml.YAMLError, KeyError, TypeError, AttributeError) as error:
            raise ModelError(f"a theme needs name: and definition: ({error})", subject=str(path)) from error
        if theme.is_on or with_off:
            found.append(theme)
    if not found:
        raise ModelError("no theme found", subject=str(folder), hint="Each theme is a folder with a theme.yaml")
    return tuple(found)


def load_examples(folder: Path) -> tuple[Example, ...]:
    """All training items, by file name and line.

    A folder's also.txt names items of other folders that have its theme, too: nobody has to edit another theme's files to start one.

    Raises:
        ModelError: a line that is no training item, by file and line.
    """
    found = []
    also = {path.parent.name: set(path.read_text(encoding="utf-8").split()) for path in sorted(folder.glob("*/also.txt"))}
    for path in sorted(folder.glob("*/items.*.jsonl")):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            if not line.strip():
                continue
            try:
                raw = json.loads(line)
                found.append(
                    Example(
                        id=raw["id"],
                        lang=raw["lang"],
                        title=raw["title"],
                        summary=raw.get("summary", ""),
                        labels=(*raw["labels"], *(theme for theme, ids in also.items() if raw["id"] in ids)),
                        event=raw["event"],
                        register=raw["register"],
                        near_miss=raw.get("near_miss"),
                    )
                )
            except (ValueError, KeyError, TypeError) as error:
                raise ModelError(f"no training item ({error!r})", subject=f"{path}:{number}") from error
    return tuple(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """An item of a labelled stream: which event, and which storyline, it belongs to."""

    item: Item
    event: str
    storyline: str
    stream: str  # the file: items of one stream come in this order


def load_reports(folder: Path, *, level: str = "event") -> tuple[Report, ...]:
    """The labelled streams of a level, by file name and line: linking/events.*.jsonl, and of storylines linking/stories.*.jsonl, too.

    Those are few large matters each; as events, of which an item is hardly ever, they make that decision too shy (docs/decisions/0017).

    Raises:
        ModelError: a line that is no report, by file and line.
    """
    found = []
    names = ("events",) if level == "event" else ("events", "stories")
    for path in sorted(path for name in names for path in folder.glob(f"linking/{name}.*.jsonl")):
        before = datetime(2025, 1, 1, tzinfo=UTC)
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            if not line.strip():
                continue
            try:
                raw = json.loads(line)
                published = raw.get("published")
                moment = before if published is None else datetime.fromisoformat(published).astimezone(UTC)
                item = Item(
                    id=raw["id"],
                    source=raw["source"],
                    key=raw["id"],
                    url=None,
                    title=raw["title"],
                    summary=raw.get("summary", ""),
                    published=None if published is None else moment,
                    first_seen=moment,
                    lang=raw["lang"],
                    country=None,
                    tier=Tier.PRESS,
                    is_backlog=published is None,
                )
                found.append(Report(item=item, event=raw["event"], storyline=raw["storyline"], stream=path.stem))
                before = moment
            except (ValueError, KeyError, TypeError) as error:
                raise ModelError(f"no report ({error!r})", subject=f"{path}:{number}") from error
    return tuple(found)


def load_lexicon(folder: Path, own: Path | None = None) -> Lexicon:
    """The matcher over the lexicon of the folder and, if there is one, the user's own.

    Raises:
        ModelError: absent, or a line that is no entry.
    """
    return Lexicon(
        Name(
            id=raw["id"],
            type=raw["type"],
            surfaces=tuple((lang, surface) for lang, all_names in raw["names"].items() for surface in all_names),
        )
        for raw in lexiconfile.entries(folder, own)
    )


def load_dossiers(folder: Path, own: Path | None = None) -> tuple[Dossier, ...]:
    """The entries of the lexicon that are dossiers, in its order.

    Raises:
        ModelError: as load_lexicon.
    """
    return tuple(
        Dossier(
            id=raw["id"],
            key=kept.get("name") or raw["id"],
            names=tuple((lang, surface) for lang, all_names in raw["names"].items() for surface in all_names),
            note=kept.get("note") or "",
            sources=tuple(kept.get("sources") or ()),
            query=query.parse(kept["query"]) if kept.get("query") else None,
            asked=tuple(kept.get("asked") or ()),
        )
        for raw in lexiconfile.entries(folder, own)
        if (kept := raw.get("dossier")) is not None
    )


def load_cues(folder: Path) -> Cues:
    """The concepts of concepts.yaml and the queries of all themes, named THEME.NAME.

    Raises:
        ModelError: one cannot be read.
    """
    path = folder / "concepts.yaml"
    try:
        concepts = yaml.safe_load(path.read_text(encoding="utf-8"))
        if not isinstance(concepts, dict) or not all(isinstance(each, str) for pair in concepts.items() for each in pair):
            raise ModelError("is no list of names and queries", subject=str(path))
        queries = {f"{theme.id}.{name}": text for theme in load_themes(folder, with_off=True) for name, text in theme.queries}
        return Cues(concepts, queries)
    except (OSError, yaml.YAMLError) as error:
        raise ModelError(f"cannot be read ({error})", subject=str(path)) from error
    except QueryError as error:
        raise ModelError(f"a query cannot be read: {error}", subject=str(folder)) from error


def load_weak(folder: Path) -> tuple[WeakRule, ...]:
    """The rules of weak.yaml.

    Raises:
        ModelError: absent, or a rule that is none.
    """
    path = folder / "weak.yaml"
    try:
        return tuple(WeakRule(**each) for each in yaml.safe_load(path.read_text(encoding="utf-8")))
    except (OSError, yaml.YAMLError, TypeError, ValueError) as error:
        raise ModelError(f"cannot be used ({error})", subject=str(path)) from error
