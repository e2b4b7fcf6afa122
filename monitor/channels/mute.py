"""The logger that slack-sdk gets from us. Its own would write whole answers and envelopes, addresses that hold a ticket, a traceback
every five seconds, and at DEBUG whole messages; what matters of it has one line of ours.
"""

from __future__ import annotations

import logging

mute = logging.Logger("slack-sdk")  # noqa: LOG001 (no configuration of logging can wake it)
mute.disabled = True
