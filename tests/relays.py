"""A deliverer for tests: over an archive, to whatever channels a test opens; pauses cost no time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from builders import a_source
from conftest import Clock, Ticks

from monitor.announce import Announcer
from monitor.archive import Archive
from monitor.channels import Channel
from monitor.delivery import Deliverer
from monitor.digests import Digests
from monitor.items import Rule, Source, Subscription
from monitor.pace import Pace

NAMES = {"export_control": "Export control"}


def a_deliverer(
    archive: Archive,
    clock: Clock,
    open_channel: Callable[[str], Channel],
    *,
    rules: Sequence[Rule],
    sources: Sequence[Source] = (a_source(id="bis", name="BIS"), a_source()),
    subscriptions: Sequence[Subscription] = (),
    pace: Pace = Pace(),  # noqa: B008 (frozen)
    **changes: Any,
) -> Deliverer:
    """A deliverer; `changes` are fields of it."""
    ticks = Ticks()
    base: dict[str, Any] = {
        "archive": archive,
        "announcer": Announcer(archive=archive, sources=sources, rules=rules, theme_names=NAMES, clock=clock),
        "digests": Digests(
            archive=archive, sources=sources, subscriptions=subscriptions, theme_names=NAMES, pace=pace, clock=clock
        ),
        "open_channel": open_channel,
        "clock": clock,
        "pause": ticks.pause,
        "monotonic": ticks,
    }
    return Deliverer(**base | changes)
