"""Real documents, recorded from the web, served over real HTTP and read by the real client. Figures against the manifest."""

from __future__ import annotations

import asyncio
import hashlib
import ipaddress
import json
import unicodedata
from pathlib import Path

import pytest
from fakes import Answer, Site

from monitor.clock import now
from monitor.errors import MonitorError
from monitor.items import Parsed, Source
from monitor.sources import TYPES, guess_type
from monitor.sources.web import NetworkRules, Web

COUNTS = 0.97
TITLES = 0.95


def titles_sha(parsed: Parsed) -> str:
    """As the manifest has it: NFC, stripped, joined by newline, first 12 hex digits of SHA-256."""
    text = "\n".join(unicodedata.normalize("NFC", entry.title).strip() for entry in parsed.entries)
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:12]


@pytest.mark.shared
def test_real_documents_give_the_entries_and_titles_of_the_manifest(
    shared: Path, site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    """At least 97 % of the documents agree in the number of entries, 95 % in their titles; the others are listed with the reason."""
    folder = shared / "data" / "feeds" / "visible"
    manifest = [json.loads(line) for line in (folder / "MANIFEST.jsonl").read_text(encoding="utf-8").splitlines()]
    for row in manifest:
        site.pages[f"/{row['file']}"] = Answer(
            (folder / row["file"]).read_bytes(), headers={"Content-Type": "application/octet-stream"}
        )

    async def read_all() -> dict[str, Parsed | MonitorError]:
        found: dict[str, Parsed | MonitorError] = {}
        rules = NetworkRules(allow_private=(ipaddress.ip_network("127.0.0.0/8"),), host_delay=0, host_concurrency=8)
        async with Web(rules, now) as web:
            for row in manifest:
                source = Source(id=row["file"], name=row["file"], type="feed", url=f"{site.base}/{row['file']}")
                try:
                    fetched = await web.fetch(source.url, subject=source.id)
                    found[row["file"]] = TYPES[guess_type(fetched)].parse(source, fetched)
                except MonitorError as error:
                    found[row["file"]] = error
        return found

    read = asyncio.run(read_all())
    other_counts, other_titles, titled = [], [], 0
    for row in manifest:
        parsed = read[row["file"]]
        if isinstance(parsed, MonitorError):
            other_counts.append(f"{row['file']}: {parsed}")
            continue
        if len(parsed.entries) != row["entries"]:
            other_counts.append(
                f"{row['file']}: {len(parsed.entries)} entries, the manifest has {row['entries']} ({row['notes']})"
            )
        if row["titles_sha"] is not None:
            titled += 1
            if titles_sha(parsed) not in (row["titles_sha"], row.get("titles_sha_alt")):
                other_titles.append(f"{row['file']}: other titles ({row['notes']})")
    agree_counts = 1 - len(other_counts) / len(manifest)
    agree_titles = 1 - len(other_titles) / titled
    with capsys.disabled():
        print(f"\n{len(manifest)} real documents: {agree_counts:.1%} agree in count, {agree_titles:.1%} of {titled} in titles")
        for line in (*other_counts, *other_titles):
            print(f"  {line}")
    assert agree_counts >= COUNTS
    assert agree_titles >= TITLES
