"""Politeness to hosts: few requests at once, spaced, and nobody waits for the host of another."""

from __future__ import annotations

import asyncio
import itertools
import threading
import time

from fakes import Answer, Site
from fetches import LOOPBACK, at_once

from monitor.clock import now
from monitor.sources.web import NetworkRules, Web


def test_no_more_than_two_requests_run_at_one_host(site: Site) -> None:
    """Politeness holds also when many sources share a host."""
    running, most, lock = [0], [0], threading.Lock()
    gate = threading.Barrier(2, timeout=5)

    def answer(headers: dict[str, str]) -> Answer:
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
        try:
            gate.wait()
        except threading.BrokenBarrierError:
            pass
        with lock:
            running[0] -= 1
        return Answer(b"x")

    site.pages["/feed"] = answer

    async def many() -> None:
        async with Web(NetworkRules(allow_private=LOOPBACK, host_delay=0, host_concurrency=2, timeout=20), now) as web:
            await asyncio.gather(*(web.fetch(f"{site.base}/feed", subject="x") for _ in range(8)))

    asyncio.run(many())
    assert most[0] == 2


def test_requests_to_one_host_are_spaced(site: Site) -> None:
    """However many places the host has; the first goes at once."""
    starts: list[float] = []

    def answer(headers: dict[str, str]) -> Answer:
        starts.append(time.monotonic())
        return Answer(b"x")

    site.pages["/feed"] = answer
    at_once(NetworkRules(allow_private=LOOPBACK, host_delay=0.2, timeout=5), *[f"{site.base}/feed"] * 4)
    assert all(later - earlier > 0.15 for earlier, later in itertools.pairwise(starts))


def test_waiting_for_a_host_takes_no_place_from_the_others(site: Site) -> None:
    """Ten sources of a slow host leave room for one of another, though there are but two places in all."""
    open_gate, order = threading.Event(), []

    def slow(headers: dict[str, str]) -> Answer:
        open_gate.wait(10)
        order.append("slow")
        return Answer(b"x")

    def quick(headers: dict[str, str]) -> Answer:
        order.append("quick")
        open_gate.set()
        return Answer(b"x")

    site.pages |= {"/slow": slow, "/quick": quick}
    elsewhere = site.base.replace("127.0.0.1", "localhost")
    rules = NetworkRules(allow_private=LOOPBACK, host_delay=0, host_concurrency=1, concurrency=2, timeout=20)
    at_once(rules, *[f"{site.base}/slow"] * 10, f"{elsewhere}/quick")
    assert order[0] == "quick"


def test_a_redirect_to_another_host_waits_for_its_turn_there(site: Site) -> None:
    """A host that many redirect to sees no more requests at once than any other."""
    running, most, lock = 0, 0, threading.Lock()

    def answer(headers: dict[str, str]) -> Answer:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        threading.Event().wait(0.05)
        with lock:
            running -= 1
        return Answer(b"x")

    there = site.base.replace("127.0.0.1", "localhost")
    site.pages |= {"/feed": Answer(status=302, headers={"Location": f"{there}/end"}), "/end": answer}
    rules = NetworkRules(allow_private=LOOPBACK, host_delay=0, host_concurrency=2, timeout=20)
    at_once(rules, *[f"{site.base}/feed", f"{there}/end"] * 4)
    assert most == 2
