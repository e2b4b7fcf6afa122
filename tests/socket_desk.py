"""A desk behind a socket of Slack that answers as a test says, and what it takes to press its buttons."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest
from socket_fake import SocketFake

from monitor.channels import actions
from monitor.channels.socket_mode import SocketMode
from monitor.messages import Answer, Request, Verb

RELEVANT = actions.action_id(Verb.RELEVANT)
VALUE = actions.value_of("I-1", "E-1")


class Desk:
    """Answers as a test says, and keeps what it was asked and in which thread."""

    def __init__(self) -> None:
        self.asked: list[Request] = []
        self.threads: set[str] = set()
        self.reply: Callable[[Request], Answer] = lambda _: Answer(text="Noted.")

    def __call__(self, request: Request) -> Answer:
        self.asked.append(request)
        self.threads.add(threading.current_thread().name)
        return self.reply(request)


@pytest.fixture(name="fake")
def fixture_fake() -> Iterator[SocketFake]:
    with closing(SocketFake()) as found:
        yield found


@pytest.fixture(name="desk")
def fixture_desk() -> Desk:
    return Desk()


@pytest.fixture(name="listen")
def fixture_listen(fake: SocketFake, desk: Desk) -> Iterator[Callable[..., SocketMode]]:
    """What starts a connection; all are stopped at the end."""
    started: list[SocketMode] = []

    def start(**changes: Any) -> SocketMode:
        base: dict[str, Any] = {"app_token": fake.app_token, "bot_token": fake.bot_token, "api_url": fake.api_url}
        base |= {"answer": desk, "timeout": 5, "first_pause": 0.05, "longest_pause": 0.2}
        found = SocketMode(**base | changes)
        started.append(found)
        found.start()
        return found

    yield start
    for each in started:
        each.stop()


def shown(said: dict[str, Any]) -> str:
    """All text of what was said."""
    return "\n".join(each["text"]["text"] for each in said["blocks"])


def wait_for(holds: Callable[[], bool], seconds: float = 10.0) -> bool:
    """True as soon as something holds that nobody announces."""
    end = time.monotonic() + seconds
    tick = threading.Event()
    while not holds():
        if time.monotonic() > end:
            return False
        tick.wait(0.02)
    return True
