"""What a round of chaos shows: from the servers' logs and the archive only, never from what the service says of itself. Pure.

A thing told twice is explained by a kill between the two, or by an answer that was lost; anything else is a fault.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import pairwise
from typing import Protocol, TypeVar

from bench.rough_feeds import Entry
from bench.rough_mail import Mail
from bench.rough_slack import Post

TOKEN = re.compile(r"ZQ[0-9A-F]{10}")
FORGOTTEN = 3.0
"""Seconds after a kill within which a post too early is put down to it: the killed one may have died before it could note the request."""
AT_ONCE = 0.1
ANEW = ("stage:", "growth:")
"""How keys begin of messages that tell of an event again because it went on."""
HELD_BACK = ("folded", "suppressed")
"""States of an alert that was decided and is not to be told by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Logs:
    """What a round left behind."""

    must: tuple[Entry, ...]  # what a careful reader of the feeds has
    posts: tuple[Post, ...]
    mails: tuple[Mail, ...]
    readers: tuple[tuple[str, str], ...]  # (digest, recipient) of each mail that was due once
    kills: tuple[float, ...]  # unix times
    items: tuple[str, ...]  # titles in the archive, one a row
    alerts: tuple[tuple[str, str], ...]  # (title, state) in the archive
    integrity: tuple[str, ...]  # complaints of the archive; empty if it is sound
    ended_by_itself: int  # starts that failed or died without a kill
    stop: int | None  # exit status after SIGTERM; None if it did not stop in time


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What is counted. All up to `unclean_stops` must be zero; the rest is told only."""

    lost_items: int  # served, or acknowledged, and not in the archive
    double_items: int  # in more than one row
    lost_alerts: int  # to be told, in no accepted message
    undecided: int  # wanted items of the archive on which no verdict was kept
    unexplained_doubles: int  # the same message twice without a kill or a lost answer between
    told_twice: int  # an item in messages of different keys, none of which tells what became of its event
    early_posts: int  # a post within Retry-After, without a kill shortly before
    refused: int  # messages that Slack does not take
    unwise: int  # mentions, masked links, unfurling
    missing_digests: int  # a reader's mail of the day that never came
    unexplained_mails: int  # the same mail twice without a kill or a lost answer between, or another of the same day
    unsound: int  # complaints of the archive
    ended_by_itself: int
    unclean_stops: int
    kills: int
    kills_at_a_post: int  # while the answer to an accepted message was on its way
    served: int  # items that had to arrive
    wanted: int  # alerts that had to arrive
    held_back: int  # wanted items that were folded or suppressed
    accepted: int  # messages
    answers_lost: int
    doubles: int
    doubles_after_lost_answer: int
    early_after_kill: int
    mails: int

    @property
    def holds(self) -> bool:
        """True if everything that must be zero is, and there was something to see."""
        names = [each.name for each in fields(self)]
        zero = names[: names.index("kills")]
        return self.served > 0 and self.wanted > 0 and not any(getattr(self, name) for name in zero)

    def __add__(self, other: Verdict) -> Verdict:
        return Verdict(**{each.name: getattr(self, each.name) + getattr(other, each.name) for each in fields(self)})


class _Sent(Protocol):
    @property
    def at(self) -> float: ...
    @property
    def is_answered(self) -> bool: ...


_Any = TypeVar("_Any")
_Some = TypeVar("_Some", bound=_Sent)


def judge(logs: Logs) -> Verdict:
    """The verdict on a round."""
    rows = [token for title in logs.items for token in dict.fromkeys(TOKEN.findall(title))]
    state = {token: state for title, state in logs.alerts for token in TOKEN.findall(title)}
    told = [post for post in logs.posts if post.kind == "accepted" and post.method == "chat.postMessage"]
    by_token: dict[str, set[str]] = {}
    for post in told:
        for token in TOKEN.findall(post.text):
            by_token.setdefault(token, set()).add(post.key)
    known = set(rows)
    wanted = {entry.token for entry in logs.must if entry.is_wanted}
    decided = {token for token, each in state.items() if each not in HELD_BACK}
    held_back = {token for token in wanted if state.get(token) in HELD_BACK}
    due = (wanted | decided) - held_back
    doubles = _repeated(_grouped(told, lambda post: post.key))
    early = [post for post in logs.posts if post.is_early]
    excused = [post for post in early if any(post.at - FORGOTTEN <= kill <= post.at for kill in logs.kills)]
    repeated = _repeated(_grouped(logs.mails, lambda mail: (mail.recipient, mail.message_id)))
    days = {
        reader: {mail.message_id for mail in logs.mails if mail.recipient == reader[1] and reader[0] in mail.list_id}
        for reader in logs.readers
    }
    return Verdict(
        lost_items=sum(1 for entry in logs.must if entry.token not in known),
        double_items=sum(1 for token in known if rows.count(token) > 1),
        lost_alerts=sum(1 for token in due if token not in by_token),
        undecided=sum(1 for token in wanted & known if token not in state),
        unexplained_doubles=sum(1 for each in doubles if not _is_explained(each, logs.kills)),
        told_twice=sum(1 for keys in by_token.values() if sum(not key.startswith(ANEW) for key in keys) > 1),
        early_posts=len(early) - len(excused),
        refused=sum(1 for post in logs.posts if post.kind == "refused"),
        unwise=sum(1 for post in logs.posts if post.kind == "accepted" and post.wrong),
        missing_digests=sum(1 for found in days.values() if not found),
        unexplained_mails=sum(1 for each in repeated if not _is_explained(each, logs.kills))
        + sum(max(len(found) - 1, 0) for found in days.values()),
        unsound=len(logs.integrity),
        ended_by_itself=logs.ended_by_itself,
        unclean_stops=int(logs.stop != 0),
        kills=len(logs.kills),
        kills_at_a_post=sum(1 for kill in logs.kills if any(0 <= kill - post.at < AT_ONCE for post in told)),
        served=len(logs.must),
        wanted=len(due),
        held_back=len(held_back),
        accepted=len(told),
        answers_lost=sum(1 for post in told if not post.is_answered),
        doubles=len(doubles),
        doubles_after_lost_answer=sum(1 for each in doubles if any(not post.is_answered for post in each[:-1])),
        early_after_kill=len(excused),
        mails=len(logs.mails),
    )


def _grouped(sent: Iterable[_Any], name: Callable[[_Any], object]) -> Mapping[object, list[_Any]]:
    found: dict[object, list[_Any]] = {}
    for each in sent:
        found.setdefault(name(each), []).append(each)
    return found


def _repeated(groups: Mapping[object, list[_Some]]) -> list[list[_Some]]:
    return [each for each in groups.values() if len(each) > 1]


def _is_explained(sent: Sequence[_Sent], kills: Iterable[float]) -> bool:
    """True if each repeat has a reason: a kill since the one before, or the answer to that was lost."""
    stops = tuple(kills)
    return all(not before.is_answered or any(before.at <= kill <= after.at for kill in stops) for before, after in pairwise(sent))
