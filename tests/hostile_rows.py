"""The rows of the hostile catalogue: how each is tried, and what makes its verdict true. test_hostile runs this file as a process
that can be stopped: one path a line on standard input, one Finding a line on standard output.

Most rows follow from their verdict and from the tables; `also` adds what they promise besides, `instead` is a way of their own.
It is longer than our files are, as the catalogue is.
"""

from __future__ import annotations

import csv
import io
import json
import os
import re
import sys
from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from pathlib import Path

from hostile_trial import INERT, TOKEN, Kit, Trial, judge

from monitor import bundled, encoders, memory, models
from monitor.pace import MAX_BACKOFF

KINDS = {
    "timeout": "/t/slow-headers /t/slow-body /t/stall-after-headers /t/stall-accept",
    "too_large": "/t/endless-plain /t/endless-chunked /t/gzip-bomb /t/gzip-endless /t/deflate-bomb",
    "too_large encoding": "/t/br-bomb /t/zstd-bomb",
    "too_large protocol": "/t/huge-header /t/many-headers",
    "too_large too_costly": "/x/100k-items",
    "encoding protocol": "/t/gzip-truncated",
    "protocol": "/t/length-twice /t/length-negative /t/chunked-garbage /t/chunked-truncated /t/http09 /t/status-garbage",
    "protocol connect": "/t/reset /t/empty-reply",
    "protocol status": "/t/status-999",
    "status": "/t/206-unasked /h/401 /h/500-with-feed",
    "status empty": "/t/204",
    "empty": "/h/200-empty",
    "not_modified_unasked": "/t/304-unasked",
    "redirect": "/r/chain50 /r/loop /r/to-file /r/to-schemes /r/backslash",
    "redirect protocol status": "/r/empty-location /r/no-location",
    "address": "/r/to-metadata",
    "address redirect dns": "/r/to-internal",
    "rate_limited": "/h/retry-after-huge",
    "gone": "/h/410",
    "bot_block": "/h/403-challenge",
    "not_a_feed": "/h/200-maintenance /x/not-a-feed",
    "not_a_feed too_costly": "/j/deep",
}
"""The right words for each row that must be refused or cut off."""

POLLS = {
    1: "/x/deep /x/deep-html /x/many-attributes /p/attribute-bomb",
    3: "/h/etag-nasty /h/wrong-type /h/200-maintenance /x/not-a-feed /x/missing /x/dup-guid /x/guid-types /p/list /p/nonce /d/edit "
    "/d/edit-into-theme /d/date-bump /d/republish",
    4: "/r/chain5 /r/302-temporary /h/etag-random /h/404-then-back /d/shuffle /d/flapping /d/window",
    5: "/h/etag-same /d/id-flip /d/link-flip /d/guid-scheme /d/etag-ack",
    6: "/r/301 /r/308 /r/to-schemes",
    14: "/r/to-internal",
}
"""How often a row is read; others twice, and once if they are only cut off."""

COUNTS = {
    1: "/ok/atom /x/deep-html /d/edit /d/edit-into-theme",
    3: "/ok/rss /r/chain5 /r/301 /r/308 /h/etag-random /h/etag-nasty /h/lastmod-garbage /h/max-age /h/404-then-back /h/wrong-type",
    5: "/p/list /p/nonce",
    7: "/h/etag-same",
    10: "/d/id-flip /d/link-flip /d/guid-scheme /d/date-bump /x/dup-guid",
    20: "/d/flapping /d/shuffle",
    22: "/x/dates",
    50: "/d/republish",
    300: "/d/backlog",
}
"""Items in the archive at the end; others as many as were served."""

TOLD = (
    "/x/xss /x/slack-injection /x/mail-injection /x/bad-links /x/template /x/10mb-item /x/1mb-title /d/id-flip /d/link-flip "
    "/d/guid-scheme /d/flapping /d/edit /d/edit-into-theme /d/date-bump /d/republish /d/backlog"
).split()
"""Rows whose items are told after each poll, to servers that check what they are sent."""

LISTINGS: dict[str, dict[str, str]] = {
    "/p/list": {"item": "ul.news li", "link": "a", "date": ".date"},
    "/p/nonce": {"item": "ul li", "link": "a"},
    "/p/attribute-bomb": {"item": "li", "link": "a"},
}
"""Rows that are pages, and where they keep their links."""

HEADERS = {"Authorization": "Bearer ${FEED_TOKEN}", "X-Api-Key": "${FEED_KEY}"}
SECRETS = {"FEED_TOKEN": "SECRET-TOKEN", "FEED_KEY": "SECRET-KEY"}
"""Headers as feeds.yaml may have them, and the environment that fills them in."""

Way = Callable[[Trial], None]
ALSO: dict[str, Way] = {}
INSTEAD: dict[str, Way] = {}


def kinds_of(path: str) -> tuple[str, ...]:
    """Kinds of error that a row may end with; () if it must not, or need not, fail."""
    return next((tuple(kinds.split()) for kinds, paths in KINDS.items() if path in paths.split()), ())


def also(*paths: str) -> Callable[[Way], Way]:
    """What rows promise besides their verdict, looked at after it."""

    def enter(way: Way) -> Way:
        ALSO.update(dict.fromkeys(paths, way))
        return way

    return enter


def instead(*paths: str) -> Callable[[Way], Way]:
    """A way of their own for rows whose verdict tells too little."""

    def enter(way: Way) -> Way:
        INSTEAD.update(dict.fromkeys(paths, way))
        return way

    return enter


def _looked_up(table: dict[int, str], path: str, other: int | None) -> int | None:
    return next((number for number, paths in table.items() if path in paths.split()), other)


def by_verdict(trial: Trial) -> None:
    """The way of most rows: read, told, held against the verdict, then against what else is promised."""
    path, verdict = trial.row.path, trial.row.verdict
    if path in LISTINGS:
        trial.extra |= {"type": "listing", "lang": "ja", "country": "JP", "select": LISTINGS[path]}
    if path in TOLD:
        trial.listen()
    trial.poll(_looked_up(POLLS, path, 1 if verdict == "LIMIT" else 2) or 0)
    count = _looked_up(COUNTS, path, None)
    if verdict == "ACCEPT" or count is not None:
        trial.accepted(count)
    elif verdict == "REJECT":
        trial.rejected(*kinds_of(path))
    elif verdict == "LIMIT":
        trial.limited(*kinds_of(path))
    else:
        trial.clean()
    if path in TOLD:
        trial.told_once()
    ALSO.get(path, lambda _: None)(trial)


# ---- controls, transport


@also("/ok/rss")
def _(trial: Trial) -> None:
    trial.want(trial.outcomes[-1].status == "unchanged", "the second poll is no 304")
    trial.want("If-None-Match" in trial.requests()[-1]["headers"], "asked without validators")


@also("/ok/atom")
def _(trial: Trial) -> None:
    trial.want([item["url"] for item in trial.items()] == ["http://news.example/a/1"], "another link")


@instead("/t/short-body")
def _(trial: Trial) -> None:
    trial.poll()
    trial.rejected("protocol")
    trial.want(trial.state.validators.etag is None, "the validator of a cut answer is kept")
    trial.poll()
    trial.accepted(20)


@also("/t/gzip-truncated", "/t/chunked-truncated")
def _(trial: Trial) -> None:
    trial.want(trial.state.validators.etag is None, "the validator of a cut answer is kept")


# ---- redirects, addresses, credentials


@also("/r/chain50", "/r/loop")
def _(trial: Trial) -> None:
    trial.want(len(trial.requests()) <= 11, f"{len(trial.requests())} requests in one poll")


@also("/r/chain5", "/r/302-temporary")
def _(trial: Trial) -> None:
    trial.want(len(trial.requests(trial.row.path)) == 4, "a temporary redirect was taken for good")


@also("/r/301", "/r/308")
def _(trial: Trial) -> None:
    trial.want(len(trial.requests(trial.row.path)) <= 3, "the new address is not remembered")


@also("/r/to-schemes", "/r/to-internal", "/x/not-a-feed")
def _(trial: Trial) -> None:
    trial.want({each.status for each in trial.outcomes} == {"failed"}, "a poll succeeded")


@instead("/r/credentials", "/r/other-port")
def _(trial: Trial) -> None:
    trial.extra["headers"] = HEADERS
    trial.poll(2)
    own = trial.requests()
    trial.want(own and all(each["headers"].get("X-Api-Key") == "SECRET-KEY" for each in own), "its own origin does not get them")
    trial.want(not any("Cookie" in each["headers"] for each in own), "a cookie outlives its exchange")
    leaked = [each for each in trial.kit.events("canary") if "SECRET" in json.dumps(each["headers"])]
    trial.want(not leaked, f"{len(leaked)} foreign requests with secrets")
    trial.want("SECRET" not in f"{trial.state.error_text} {trial.settings.sources}", "secrets are shown")


# ---- HTTP as it is spoken


@instead("/h/etag-stuck")
def _(trial: Trial) -> None:
    trial.extra["every"] = "2h"
    trial.poll()
    trial.live(hours=30)
    trial.accepted()
    trial.want(len(trial.items()) > 3, "never asked without validators in 30 hours")


@also("/h/etag-random", "/d/shuffle", "/p/list", "/p/nonce")
def _(trial: Trial) -> None:
    trial.want(sum(each.revised for each in trial.outcomes) == 0, "changes where there are none")
    if "date" in LISTINGS.get(trial.row.path, {}):
        trial.want(all(item["published"] for item in trial.items()), "the dates are not read")


@also("/h/etag-nasty", "/h/wrong-type")
def _(trial: Trial) -> None:
    trial.want("failed" not in {each.status for each in trial.outcomes}, "a poll failed")


@also("/h/lastmod-garbage")
def _(trial: Trial) -> None:
    wait = trial.wait
    trial.want(timedelta(minutes=10) <= wait <= timedelta(hours=24), f"the next poll is in {wait}")


@instead("/h/retry-after")
def _(trial: Trial) -> None:
    """The server counts true seconds."""
    trial.is_real_time, trial.extra["every"] = True, "2s"
    trial.poll()
    trial.want(trial.poll().status == "held", "a poll by hand does not keep Retry-After")
    trial.live(seconds=24)
    trial.want(not trial.impolite(), f"{trial.impolite()} requests too early")
    trial.accepted(3)


@instead("/h/retry-after-date")
def _(trial: Trial) -> None:
    trial.poll()
    trial.want(trial.state.error_kind == "rate_limited", f"error {trial.state.error_kind}")
    asked = (trial.state.not_before or trial.now) - trial.now
    trial.want(25 <= asked.total_seconds() <= 35, f"waits {asked}, not 30 s")
    trial.poll()
    trial.accepted(3)


@also("/h/retry-after-huge")
def _(trial: Trial) -> None:
    trial.want(trial.wait <= MAX_BACKOFF * 1.2, "not capped at a day")


@instead("/h/retry-after-nasty")
def _(trial: Trial) -> None:
    for _ in range(4):
        trial.poll()
        trial.rejected("rate_limited")
        trial.want(trial.wait >= timedelta(minutes=1), "asks again at once")


@instead("/h/strict-limiter")
def _(trial: Trial) -> None:
    """The server counts true seconds."""
    trial.is_real_time, trial.extra["every"] = True, "10s"
    trial.live(seconds=24)
    trial.accepted()
    trial.want(len(trial.requests()) >= 2, "polled less than twice")
    trial.want(not trial.impolite(), f"{trial.impolite()} requests too early")


@instead("/h/slow-host")
def _(trial: Trial) -> None:
    """With the manners that are usual towards one host."""
    base = f"http://{trial.kit.host}/h/slow-host?i="
    sources = [{"id": f"s{n}", "type": "feed", "url": f"{base}s{n}"} for n in range(20)]
    trial.sections |= {"sources": sources, "network": {"allow_private": ["127.0.0.1/32"]}}
    trial.poll()
    spans = [
        (each["t"] - each["secs"], each["t"] - 0.3) for each in trial.kit.events("request") if each["path"] == trial.row.path
    ]
    # the server's own count falls only some time after its answer is whole, hence the 0.3 s
    most = max(sum(1 for start, end in spans if start <= moment < end) for moment, _ in spans)
    trial.want(most <= 2, f"{most} requests at one time")
    trial.want({each.status for each in trial.outcomes} == {"fetched"}, "not all were read")
    trial.want(len(trial.items()) == 60, f"{len(trial.items())} items, not 60")


@instead("/h/max-age")
def _(trial: Trial) -> None:
    trial.poll()
    trial.live(minutes=59)
    trial.accepted(3)
    trial.want(all("If-None-Match" in each["headers"] for each in trial.requests()[1:]), "asked for the whole within the hour")


@instead("/h/410")
def _(trial: Trial) -> None:
    trial.poll()
    trial.live(days=60)
    trial.rejected("gone")
    trial.want(1 < len(trial.requests()) <= 10, f"{len(trial.requests())} requests in 60 days")


@also("/h/401")
def _(trial: Trial) -> None:
    trial.want(not any("Authorization" in each["headers"] for each in trial.requests()), "credentials were sent")


@instead("/h/200-maintenance")
def _(trial: Trial) -> None:
    trial.poll(3)
    trial.rejected("not_a_feed", is_empty=False)
    trial.want(len(trial.items()) == 3, "known items were touched")


# ---- documents


@instead("/x/billion-laughs", "/x/quadratic", "/x/xxe-file", "/x/xxe-http")
def _(trial: Trial) -> None:
    """Refused, or kept with what it names left out."""
    trial.poll(2)
    if trial.state.error_kind is not None:
        trial.rejected("not_a_feed", "too_costly")
    text = trial.texts()
    trial.want("root:" not in text and "SECRET" not in text, "something was read that the feed only named")
    trial.want(len(text) < 150_000 and "lollol" not in text, "entities were expanded")


@instead("/x/deep", "/x/many-attributes", "/p/attribute-bomb")
def _(trial: Trial) -> None:
    """Read, or given up in time: both are well if they are cheap."""
    if trial.row.path in LISTINGS:
        trial.extra |= {"type": "listing", "select": LISTINGS[trial.row.path]}
    trial.poll()
    trial.clean()
    if trial.state.error_kind is not None:
        trial.rejected("not_a_feed", "too_costly")


@also("/x/100k-items")
def _(trial: Trial) -> None:
    trial.clean()


@also("/x/10mb-item", "/x/1mb-title")
def _(trial: Trial) -> None:
    trial.digest()
    trial.told_once()
    longest = max(len(text) for text in trial.texts().split("\n"))
    trial.want(longest <= 200_000, f"a text of {longest} characters in the archive")


@also("/x/truncated")
def _(trial: Trial) -> None:
    trial.want(trial.state.error_kind is not None or trial.notes, "the damage is not told")


@also("/x/nul")
def _(trial: Trial) -> None:
    trial.want(not INERT.search(trial.texts().replace("\n", " ")), "control characters in the archive")


@also(*(f"/x/cs-{name}" for name in "sjis eucjp iso2022jp header-lies decl-lies no-decl utf16 unknown".split()))
def _(trial: Trial) -> None:
    trial.want(all("輸出管理" in item["title"] for item in trial.items()), "mojibake")


@also("/x/dates")
def _(trial: Trial) -> None:
    kept = {TOKEN.findall(item["title"])[0]: item for item in trial.items()}
    for token, served in trial.truth().items():
        if token not in kept:
            continue
        expected, found = served["expect"]["date"], kept[token]["published"]
        what = f"{served['title'].split()[-1]}: {found}"
        trial.want(kept[token]["first_seen"], f"{what}: never seen")
        trial.want(found is None or datetime.fromisoformat(found) <= trial.now + timedelta(days=1), f"{what}: of the future")
        if expected == "unknown":
            trial.want(found is None, f"{what}, not unknown")
        elif expected not in (None, "clamp"):
            # a Japanese day begins at 15:00 UTC of the day before
            days = {expected[:10], (datetime.fromisoformat(expected) - timedelta(hours=9)).date().isoformat()}
            trial.want(found is None or found[:10] in days, f"{what}, not {expected}")


@also("/x/xss", "/x/slack-injection", "/x/mail-injection", "/x/bad-links", "/x/template")
def _(trial: Trial) -> None:
    """Both servers know what may not be in a message."""
    trial.digest()
    trial.told_once()
    trial.want(trial.messages() and trial.mail.accepted, "nothing was told")
    links = [item["url"] for item in trial.items() if item["url"]]
    trial.want(all(link.startswith(("http://", "https://")) for link in links), "a link that is no web address")


@also("/x/csv-formula")
def _(trial: Trial) -> None:
    table = list(csv.reader(io.StringIO(trial.run("search", "export", "--limit", "100", "--format", "csv"), newline="")))
    trial.want(len(table) == len(trial.items()) + 1, f"{len(table)} lines")
    trial.want(
        not [cell for line in table for cell in line if re.match(r"[=+\-@\t\r\n＝＋－＠]", cell)], "a cell that calculates"
    )


@also("/x/terminal")
def _(trial: Trial) -> None:
    for form in ("table", "tsv", "md"):
        shown = trial.run("search", "export", "--limit", "100", "--format", form)
        trial.want(not INERT.search(shown), f"{form}: a terminal would obey it")


# ---- identity over time


@also("/d/edit")
def _(trial: Trial) -> None:
    trial.want(len(trial.messages()) <= 1, f"{len(trial.messages())} messages")
    trial.want("(UPDATED)" in trial.texts() and "Correction" in trial.texts(), "the newest text is not there")
    revisions = trial.archive.reading.revisions(trial.items()[0]["id"])
    trial.want(len(revisions) == 2, f"{len(revisions)} earlier states kept, not 2")


@also("/d/edit-into-theme")
def _(trial: Trial) -> None:
    trial.want(len(trial.messages()) == 1, f"{len(trial.messages())} alerts, not 1")


@also("/d/date-bump")
def _(trial: Trial) -> None:
    trial.digest()
    trial.now += timedelta(days=1)
    trial.poll()
    trial.digest()
    mails = [set(each["tokens"]) for each in trial.mail.accepted]
    trial.want(len(mails) == 2 and mails[0] and not mails[1], f"{[len(each) for each in mails]} items in two days' digests")


@also("/d/republish")
def _(trial: Trial) -> None:
    trial.want(len(trial.messages()) <= 1, f"{len(trial.messages())} messages")


@instead("/d/flood")
def _(trial: Trial) -> None:
    trial.listen()
    trial.poll()
    before = len(trial.messages())
    trial.poll()
    trial.accepted(2005)
    trial.told_once()
    told = len(trial.messages()) - before
    trial.want(0 < told <= 10, f"{told} messages for 2,000 items")


@also("/d/backlog")
def _(trial: Trial) -> None:
    trial.want(not trial.messages(), f"{len(trial.messages())} alerts of the past")


@also("/d/window")
def _(trial: Trial) -> None:
    trial.accepted()
    trial.want(trial.notes, "not told that the feed is faster than we are")


@instead("/d/same-story")
def _(trial: Trial) -> None:
    trial.listen()
    base = f"http://{trial.kit.host}/d/same-story?i="
    trial.sections["sources"] = [{"id": f"s{name}", "type": "feed", "url": base + name} for name in "abc"]
    trial.poll(2)
    trial.want(len(trial.items()) in (1, 3), f"{len(trial.items())} items")
    trial.want(len(trial.messages()) == 1, f"{len(trial.messages())} messages, not 1")


@also("/d/etag-ack")
def _(trial: Trial) -> None:
    trial.want(len(trial.items()) >= 9, "it never moved on")


@instead("/chaos/grow")
def _(trial: Trial) -> None:
    trial.listen()
    trial.asked = f"/chaos/grow?every=0.1&max=30&fail=0.3&i={trial.name}"
    for _ in range(60):
        trial.poll()
        if len(trial.items()) == 30 and trial.state.error_kind is None:
            break
    trial.poll(2)  # where most came at once, what is over nine an hour follows in a list
    trial.accepted(30)
    trial.told_once()
    themed = {token for token, each in trial.truth().items() if each["theme"]}
    told = set(TOKEN.findall(" ".join(each["text"] for each in trial.messages())))
    trial.want(themed <= told, f"{len(themed - told)} of {len(themed)} items on theme never told")


# ---- the process


def main(host: str, folder: str, more: str) -> None:
    """Judge rows as they are named, until there is no more."""
    memory.give_back()  # as the service does
    held = models.load(bundled.classifiers()), encoders.load(encoders.SHIPPED)
    held[1].encode(["warm"])  # what the classifier takes once is no row's
    sys.path.append(more)  # the fakes beside the server; last, for one of its folders is called site
    os.environ |= SECRETS | {"SLACK_BOT_TOKEN": "xoxb-of-a-test"}
    answers, sys.stdout = sys.stdout, sys.stderr
    kit = Kit(host)
    rows = {row.path: row for row in kit.rows()}
    for line in sys.stdin:
        row = rows[line.strip()]
        found = judge(row, kit, Path(folder) / row.name, INSTEAD.get(row.path, by_verdict))
        answers.write(json.dumps(asdict(replace(found, outcome=found.outcome.replace("\n", " ")[:160]))) + "\n")
        answers.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
