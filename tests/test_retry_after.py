"""How long Slack asks to be left alone: one reading for all that speak to it."""

from __future__ import annotations

import pytest

from monitor.channels.retry_after import LONGEST, UNSAID, retry_after


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("7", 7.0), ("0", 0.0), (" 30 ", 30.0), ("99999999999", LONGEST), ("9" * 5000, LONGEST)],
)
def test_seconds_are_read_up_to_the_longest(value: str, seconds: float) -> None:
    """Whatever a server writes, what comes of it can be waited for."""
    assert retry_after({"Retry-After": value}) == seconds


@pytest.mark.parametrize("value", ["", "-1", "1.5", "²", "٣", "1e9", "inf", "Wed, 21 Oct 2026 07:28:00 GMT"])
def test_what_is_no_number_of_seconds_is_guessed(value: str) -> None:
    """Slack sends digits; anything else is of somebody on the way."""
    assert retry_after({"Retry-After": value}) == UNSAID


def test_the_header_is_found_however_it_is_written() -> None:
    """Proxies write names small; a header that is missing asks for the usual."""
    assert (retry_after({"retry-after": "3"}), retry_after({}), retry_after(None)) == (3.0, UNSAID, UNSAID)
