"""A rule, subjects of it, alerts that were told and silences that hold: what tests of deciding and of replaying the past give."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from builders import a_shown, an_item

from monitor.decide import Remembered
from monitor.items import Alert, AlertState, Findings, Judged, Link, Rule, Stage, Standpoint, Tag
from monitor.match import Subject
from monitor.messages import Silence

NOW = datetime(2026, 2, 10, 12, tzinfo=UTC)
EVENT, OTHER, STORY = "E-qwertyuiop", "E-asdfghjklz", "S-qwertyuiop"
SLACK, MAIL, HOOK = "slack:#econsec", "mail:desk@example", "webhook:tracker"
WAITING, FOLDED, SUPPRESSED = AlertState.WAITING, AlertState.FOLDED, AlertState.SUPPRESSED
RULE = Rule(id="now", when="theme:export_control", to=(SLACK,))
FINAL = a_shown("final rule")
ITEM = an_item(published=NOW - timedelta(hours=3), first_seen=NOW - timedelta(hours=1))
TAGS = (
    Tag(theme="critical_minerals", score=0.55, is_given=True),
    Tag(theme="export_control", score=0.91, is_given=True),
    Tag(theme="telecom_5g", score=0.3, is_given=False),
)


def a_subject(
    link: Link | None = None,
    at: Standpoint | None = None,
    former: tuple[str, ...] = (),
    tags: tuple[Tag, ...] = TAGS,
    **changes: Any,
) -> Subject:
    judged = Judged(
        item=replace(ITEM, **changes),
        findings=Findings(lang="ja"),
        tags=tags,
        link=link or Link(event=EVENT, is_new=True),
        model="m1",
    )
    return Subject(judged=judged, at=at or Standpoint(stage=Stage.FINAL), former=former)


def an_alert(**changes: Any) -> Alert:
    base: dict[str, Any] = {
        "rule": "now",
        "item": "I-first",
        "event": EVENT,
        "channel": SLACK,
        "state": WAITING,
        "reason": "rule now",
        "decided_at": NOW - timedelta(hours=1),
        "not_before": NOW,
        "standpoint": Standpoint(stage=Stage.PROPOSED, sources=1),
    }
    return Alert(**base | changes)


def a_silence(query: str, **changes: Any) -> Silence:
    base: dict[str, Any] = {
        "id": 3,
        "query": query,
        "channel": None,
        "begins_at": NOW - timedelta(days=1),
        "ends_at": NOW + timedelta(days=6),
        "who": "sato",
        "via": "cli",
        "reason": "",
    }
    return Silence(**base | changes)


def told(*alerts: Alert, silences: Iterable[Silence] = (), merged: dict[str, tuple[str, ...]] | None = None) -> Remembered:
    """A past in which these alerts were decided, in this order."""
    past = Remembered(tuple(silences), ids=lambda event: (event, *(merged or {}).get(event, ())))
    past.take(alerts)
    return past
