"""Why a rule fired, in words for a reader. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from monitor import query
from monitor.items import MEANING, Findings, Reason, Rule, Tag
from monitor.likeness import FEATURES
from monitor.match import Subject, compiled
from monitor.segment import HIRAGANA, STOP_WORDS


def wanted(rule: Rule, subject: Subject) -> list[Tag]:
    """Themes given to an item that a rule asks for, best score first; all that were given if it asks for none."""
    themes = set(query.themes(compiled(rule.when)))
    given = (tag for tag in subject.judged.tags if tag.is_given and (not themes or tag.theme in themes))
    return sorted(given, key=lambda each: -each.score)


def why(rule: Rule, subject: Subject, version: int | None = None) -> str:
    """Why a rule fired, in one line: its name and version, the scores it asks for and the evidence."""
    judged = subject.judged
    names = named(judged.findings)
    asked = query.least_score(compiled(rule.when))
    parts = [f"rule {rule.id}" + (f" v{version}" if version else "")]
    for tag in wanted(rule, subject)[:2]:
        terms = _told(tag, names)
        least = f" ≥ {asked:.2f}" if asked is not None and tag.score >= asked else ""
        parts.append(f"{tag.theme} {tag.score:.2f}{least}" + (f" ({terms})" if terms else ""))
    if judged.model is None:
        parts.append("not classified")
    return " · ".join(parts)


def is_telling(term: str) -> bool:
    """True if a reason tells a reader something: a word of function or a particle does not, whatever it weighs."""
    return not all(word in STOP_WORDS or HIRAGANA.match(word) or (word.isascii() and len(word) < 2) for word in term.split())


def _told(tag: Tag, names: Mapping[str, str]) -> str:
    """What carried a score, for a reader: words of the text first, then the concepts that they make, then what it is like.

    Args:
        names: how the text calls its entities, by the term of the reason.
    """
    terms = [reason.term for reason in tag.reasons if reason.weight > 0]
    words = [_word(term, names) for term in terms if not term.startswith(("{", MEANING)) and is_telling(term)]
    # {theme.query} says no more than its concepts do
    concepts = [told(term, names) for term in terms if term.startswith("{") and "." not in term.partition(":")[0]]
    like = [told(term, names) for term in terms if term.startswith(f"{MEANING} ")]
    return ", ".join(dict.fromkeys([*[*words[:4], *concepts][:4], *like[:1]]))


def told(term: str, names: Mapping[str, str]) -> str:
    """A reason's term for a reader: "出口", the name "黒鉛", chip (半導体) + licence (許可), like “Gallium now needs a licence”.

    Args:
        names: how the text calls its entities, by the term of the reason.
    """
    if term.startswith(MEANING):
        title = term.removeprefix(MEANING).strip()
        return f"like “{title}”" if title else "what it means"
    if term.startswith("{"):
        return " + ".join(_concept(each) for each in term.removeprefix("{").removesuffix("}").split("} + {"))
    if term.startswith("#"):
        type_, _, value = term[1:].partition(" ")
        return f"the identifier {_word(term, names)}" if value else f"an identifier of the type {type_}"
    # a name of the lexicon weighs beside the word by which the text calls it
    return f"the name {_word(term, names)}" if term.startswith("@") else _word(term, names)


def _word(term: str, names: Mapping[str, str]) -> str:
    """A word, a name or an identifier as the text has it."""
    if term.startswith("#"):
        return f'"{term.partition(" ")[2] or term[1:]}"'
    return f'"{names.get(term, term.lstrip("@"))}"'


def _concept(term: str) -> str:
    """A concept with its word, or a theme's query by its name."""
    name, _, word = term.partition(": ")
    theme, dot, wanted = name.replace("_", " ").partition(".")
    if dot:
        return f"the query “{wanted}” of {theme}"
    return name.replace("_", " ") + (f" ({word})" if word else "")


def named(findings: Findings) -> dict[str, str]:
    """How a text calls its entities, by the term of the reason."""
    return {f"@{entity.id}": entity.surface for entity in findings.entities}


def linked(reasons: Iterable[Reason], names: Mapping[str, str]) -> str:
    """Why an item lies in its event, for a reader: what speaks for it, the strongest first; "" if it opened the event.

    What only sets the scale for the rest (how long the text is, how rare its words are) is left out; it is in JSON.

    Args:
        names: how the text calls its entities, by the term of the reason.
    """
    given = list(reasons)
    found = [said for each in given if each.weight > 0 and (said := _link(each.term, names))]
    return ", ".join(found) or ("what they have in common" if given else "")


def _link(term: str, names: Mapping[str, str]) -> str:
    """A reason of a link in words; "" if it tells a reader nothing."""
    name, _, those = term.partition(": ")
    if term == "meaning":
        return "the same meaning"
    if name == "words":
        return ", ".join(f'"{word}"' for word in those.split(", ")) if those else ""
    if name == "names":
        return ", ".join(_name(each, names) for each in those.split(", ")) if those else ""
    return "" if name.replace(" ", "_") in FEATURES else term


def _name(mark: str, names: Mapping[str, str]) -> str:
    """A name that two texts share (monitor.mark): of the lexicon, an identifier, a day, a figure."""
    kind, rest = mark[:1], mark[1:]
    if kind == "@":
        entity = rest.partition(":")[2]
        return names.get(f"@{entity}", entity)
    if kind == "#":
        type_, _, value = rest.partition(":")
        return value if type_.upper() in value.upper() else f"{type_.upper()} {value}"
    return f"the figure {rest}" if kind == "=" else rest if kind == "%" else mark
