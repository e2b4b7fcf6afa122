"""One past, two memories: the archive and the memory of a batch say the same of what was decided."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

import pytest
from builders import an_item
from conftest import NOW as START
from deciding import EVENT, FOLDED, MAIL, OTHER, SLACK, STORY, SUPPRESSED, WAITING, an_alert, told
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor.archive import Archive
from monitor.decide import Past
from monitor.items import Alert, AlertKind, Stage, Standpoint
from monitor.verdicts import Verdicts

EVENTS = (EVENT, OTHER, "E-third", "E-fourth")
_alerts = st.lists(
    st.builds(
        lambda rule, item, event, channel, state, kind, stage, sources, importance, storyline, minutes: an_alert(
            rule=rule,
            item=item,
            event=event,
            channel=channel,
            state=state,
            kind=kind,
            news="" if kind is AlertKind.MATCH else f"{sources} sources",
            standpoint=Standpoint(stage=stage, sources=sources, importance=float(importance), storyline=storyline),
            decided_at=START + timedelta(minutes=minutes),
        ),
        st.sampled_from(("now", "other")),
        st.sampled_from(("I-1", "I-2", "I-3")),
        st.sampled_from(EVENTS),
        st.sampled_from((SLACK, MAIL)),
        st.sampled_from((WAITING, FOLDED, SUPPRESSED)),
        st.sampled_from(tuple(AlertKind)),
        st.sampled_from((Stage.REPORTED, Stage.FINAL)),
        st.integers(1, 9),
        st.integers(0, 3),
        st.sampled_from((None, STORY, "S-another")),
        st.integers(0, 300),
    ),
    max_size=14,
)


def unique(alerts: Iterable[Alert]) -> list[Alert]:
    """As judgement gives them: one verdict for a rule, item, channel and kind, in order of time."""
    found = {(each.rule, each.item, each.channel, each.kind): each for each in alerts}
    return sorted(found.values(), key=lambda each: each.decided_at)


def answers(past: Past, ids: tuple[str, ...] = EVENTS) -> list[object]:
    """What a past says to every question that a rule may ask."""
    found: list[object] = []
    for channel in (SLACK, MAIL):
        for rule in ("now", "other"):
            found += [past.has_verdict(rule, item, channel) for item in ("I-1", "I-2", "I-3")]
            found += [past.has_spoken(rule, channel, event) for event in ids]
        found += [past.is_told(item, channel) for item in ("I-1", "I-2", "I-3")]
        for minutes in (0, 60, 150):
            since = START + timedelta(minutes=minutes)
            found += [past.count(channel, since, event) for event in (None, *ids)]
            for importance in (0.0, 1.0):
                for storyline in (None, STORY):
                    at = Standpoint(importance=importance, storyline=storyline)
                    found += [past.bigger(channel, event, at, since) for event in ids]
        found += [past.told(channel, event) for event in ids]
    return found


LATER = START + timedelta(days=1)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(alerts=_alerts, cut=st.integers(0, 14), is_merged=st.booleans())
def test_the_archive_and_the_memory_say_the_same_of_the_past(
    tmp_path_factory: pytest.TempPathFactory, alerts: list[Alert], cut: int, is_merged: bool
) -> None:
    """Whatever was decided, and however much of it in this batch: two memories of one past, also of an event that went into another."""
    history = unique(alerts)
    merged = {EVENT: (OTHER,)} if is_merged else {}
    memory = told(*history, merged=merged)
    with Archive.open(f"sqlite:///{tmp_path_factory.mktemp('past') / 'monitor.db'}") as archive:
        connection = archive._connection
        connection.execute("pragma synchronous = off")
        put_items(archive)
        for each in history[:cut]:
            archive.alerts.write(each, 1)
        verdicts = Verdicts(archive, [], versions={}, now=LATER, storylines={})
        if is_merged:  # by the linker, in the batch that is under way
            verdicts._gone[EVENT] = {OTHER}
        past = verdicts._past
        past.take(history[cut:])
        ids = tuple(each for each in EVENTS if not (is_merged and each == OTHER))
        assert answers(past, ids) == answers(memory, ids)
        if is_merged:  # and afterwards, when the archive knows of it
            for each in history[cut:]:
                archive.alerts.write(each, 1)
            connection.execute("update events set into_event = ? where id = ?", [EVENT, OTHER])
            assert answers(Verdicts(archive, [], versions={}, now=LATER, storylines={})._past, ids) == answers(memory, ids)


def put_items(archive: Archive) -> None:
    """The items and events that the alerts speak of."""
    from monitor.archive.intake import Change
    from monitor.dedupe import sort_out
    from monitor.items import SourceState

    items = [an_item(id=f"I-{n}", key=str(n), url=f"http://meti.example/{n}", title=f"告示 第{n}号") for n in (1, 2, 3)]
    archive.intake.store(
        Change(found=sort_out(archive.intake.known("meti", items), items), state=SourceState(id="meti"), at=START)
    )
    archive._connection.executemany(
        "insert into events (id, opened_at, moved_at, stage) values (?, '2026', '2026', 'reported')", [(each,) for each in EVENTS]
    )
