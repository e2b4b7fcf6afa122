"""Commands about the trained classifier: which one is in use, what to ask an analyst next, and whether the world has moved away from it."""

from __future__ import annotations

import click

from monitor import bundled
from monitor.cli import completion
from monitor.cli.options import GlobalOptions, Here, command, commands_of, known_theme, moment_since
from monitor.cli.output import emit, format_option, json_line, json_option, note, note_cut

_LOOKED_AT = 2_000
"""Scores among which the most telling are sought, and items whose vocabulary is looked at."""


@click.group(
    "model",
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="\b\nExample:\n  monitor model history\n  monitor model rollback\n  monitor model stats",
)
@GlobalOptions
def model() -> None:
    """The trained classifier: which one is in use, which were before, and whether the world has moved away from it."""


_command = commands_of(model)


@_command("history", "monitor model history", "monitor model history --json")
@json_option("JSON on standard output.")
@click.pass_obj
def history(here: Here, is_json: bool) -> None:
    """The present model and those before it, the latest first."""
    from monitor import models

    here.start_log()
    folder = bundled.classifiers_in_use()
    rows = [
        {
            "version": each["version"],
            "kept": each["kept"].partition("-")[0],
            "examples": each.get("examples"),
            "macro_f1": each["figures"]["macro_f1"],
            "near_miss_alarms": each["figures"]["near_miss_alarms"],
            "themes": list(each["themes"]),
        }
        for each in [{**models.manifest(folder), "kept": "in use"}, *models.history(folder)]
    ]
    if is_json:
        click.echo(json_line(rows))
        return
    for row in rows:
        click.echo(
            f"{row['version']}  {row['kept']:<17} macro F1 {row['macro_f1']:.3f}  near-misses {row['near_miss_alarms']:.1%}"
            f"  {row['examples']} items  {', '.join(row['themes'])}"
        )


@_command("rollback", "monitor model rollback", "monitor model rollback 2647f6")
@click.argument("version", required=False)
@click.pass_obj
def rollback(here: Here, version: str | None) -> None:
    """Put an earlier model in the place of the present one: the latest, or the VERSION named."""
    from monitor import models

    here.start_log()
    facts = models.rollback(bundled.classifiers_in_use(), version, here.now())
    click.echo(f"model {facts['version']} is in use again; items judged from now on are tagged by it")


@_command("stats", "monitor model stats", "monitor model stats --since 12w --format json")
@click.option(
    "--since", "--weeks", default="8w", show_default=True, metavar="SPAN|DATE", help="Scored since; a bare number: weeks."
)
@format_option()
@click.pass_obj
def stats(here: Here, since: str, form: str | None) -> None:
    """How the classifier scored, week by week, and how much of the vocabulary it does not know: has the world moved away from it?"""
    from monitor import models
    from monitor.train import unknown

    here.start_log()
    folder = bundled.classifiers_in_use()
    facts = models.manifest(folder)
    start = moment_since(f"{since}w" if since.isdecimal() else since, here)
    with here.archive(is_readonly=True) as archive, archive.errors():
        found = archive.labels.scores(start)
        recent = archive.labels.texts(start, here.now(), _LOOKED_AT)
    rows = [
        {
            "week": each.week,
            "theme": each.theme,
            "items": each.items,
            "given": f"{each.given / each.items:.1%}",
            "in doubt": f"{each.doubtful / each.items:.1%}",
            "mean score": f"{each.mean:.3f}",
            "given_share": round(each.given / each.items, 4),
            "doubtful_share": round(each.doubtful / each.items, 4),
            "mean_score": round(each.mean, 4),
        }
        for each in found
    ]
    columns = ("week", "theme", "items", "given", "in doubt", "mean score")
    emit(rows, columns, form, wide="theme", nothing=f"No item since {start:%Y-%m-%d} was scored.")
    share, usual = unknown(models.load(folder), recent), facts.get("unknown_vocabulary", 0.0)
    note(f"vocabulary that the model does not know: {share:.1%} of these items; {usual:.1%} of those it was measured on")


@command("queue", example="monitor queue\nmonitor queue --theme telecom_5g --limit 5")
@click.option("--theme", default=None, shell_complete=completion.themes, help="Ask about this theme alone.")
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 500), help="How many items.")
@click.option(
    "--since", "--days", default="30d", show_default=True, metavar="SPAN|DATE", help="Items since then; a bare number: days."
)
@format_option()
@click.pass_obj
def queue(here: Here, theme: str | None, limit: int, since: str, form: str | None) -> None:
    """The items whose label would teach the classifier most: those in doubt, of different events and words.

    Answer with: monitor label ITEM THEME yes|no
    """
    from monitor import models
    from monitor.choose import Candidate, most_informative

    here.start_log()
    known_theme(theme, must_be_on=True)
    facts = models.manifest(bundled.classifiers_in_use())
    thresholds = facts["thresholds"].get("full") or facts["thresholds"]["plain"]
    start = moment_since(f"{since}d" if since.isdecimal() else since, here)
    with here.archive(is_readonly=True) as archive, archive.errors():
        found = archive.labels.unlabelled(start, _LOOKED_AT, theme)
    candidates = [
        Candidate(
            item=each.item,
            event=each.event,
            title=each.title,
            theme=each.theme,
            score=each.score,
            threshold=thresholds.get(each.lang, thresholds[""])[facts["themes"].index(each.theme)],
        )
        for each in found
        if each.theme in facts["themes"]
    ]
    chosen = most_informative(candidates, limit + 1)
    emit(
        [{"id": each.item, "theme": each.theme, "score": round(each.score, 2), "title": each.title} for each in chosen[:limit]],
        ("id", "theme", "score", "title"),
        form,
        nothing="nothing to ask about: no scored item of these days is without a label",
    )
    note_cut(len(chosen), limit)
