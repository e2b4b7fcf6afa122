"""One look outside polling: what is found at an address, and by which clock."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from builders import rss
from conftest import NOW
from fakes import Answer, Site
from fetches import QUICK

from monitor.errors import FetchError
from monitor.sources import finding, looking
from monitor.sources.workers import Limits

PAGE = (
    '<html><head><title>Institute</title><link rel="alternate" type="application/rss+xml" href="/{}"></head><body></body></html>'
)


def found(url: str, wanted: str | None = None) -> tuple[finding.Readable, list[int]]:
    """What is found, and how many were to be tried, list by list."""
    lists: list[int] = []

    @contextmanager
    def progress(total: int) -> Iterator[Callable[[int], None]]:
        lists.append(total)
        yield lambda _done: None

    return finding.find(url, wanted, QUICK, Limits(), lambda: NOW, progress), lists


def test_the_feed_that_a_page_names_is_found(site: Site) -> None:
    """Read, titled by its page if it has no title; the usual places are not asked."""
    site.pages["/"] = Answer(PAGE.format("news.xml").encode(), headers={"Content-Type": "text/html"})
    site.pages["/news.xml"] = Answer(rss(("1", "Gallium", ""), title=""), headers={"Content-Type": "application/rss+xml"})
    best, lists = found(f"{site.base}/")
    assert (best.url, best.type, best.title, best.how) == (f"{site.base}/news.xml", "feed", "Institute", "link element")
    assert [entry.title for entry in best.parsed.entries] == ["Gallium"]
    assert lists == [1]


def test_a_search_that_finds_nothing_says_what_it_tried(site: Site) -> None:
    """No address, and a line for each that was asked; an address without an answer is an error instead."""
    site.pages["/"] = Answer(PAGE.format("gone.xml").encode(), headers={"Content-Type": "text/html"})
    best, _ = found(f"{site.base}/", "feed")
    assert best.url is None
    assert f"{site.base}/gone.xml: HTTP 404" in best.tried
    with pytest.raises(FetchError):
        found(f"{site.base}/nowhere")


def test_a_document_is_fetched_by_the_clock_that_is_handed_in(site: Site) -> None:
    """Its moment, and until when a server wants to be left alone, are told in the product's time."""
    site.pages["/feed"] = Answer(rss(("1", "Gallium", "")))
    assert looking.document(f"{site.base}/feed", lambda: NOW, QUICK).at == NOW
    site.pages["/feed"] = Answer(status=429, headers={"Retry-After": "60"})
    with pytest.raises(FetchError, match="not before 2026-05-01 08:01:00Z"):
        looking.document(f"{site.base}/feed", lambda: NOW, QUICK)
