"""Nothing is lost and nothing told twice, whatever dies; and the harness that says so can tell good from bad."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import ROOT

from bench import slack_rules
from bench.chaos import Plan, Round
from bench.rough_feeds import Entry
from bench.rough_mail import Mail
from bench.rough_slack import Post
from bench.verdict import Logs, Verdict, judge

TOY = Path(__file__).with_name("toy_monitor.py")
MODES = ("careful", "etag-first", "mark-first", "forgetful", "impatient")
ONE, TWO = "ZQ0000000001", "ZQ0000000002"


def a_post(at: float = 10.0, token: str = ONE, key: str = "k1", **changes: object) -> Post:
    base: dict[str, object] = {"kind": "accepted", "method": "chat.postMessage", "channel": "C0ALERTS", "text": f"News {token}"}
    return Post(at=at, key=key, **base | changes)  # type: ignore[arg-type]


def a_mail(at: float = 10.0, message_id: str = "<1@x.example>", *, is_answered: bool = True) -> Mail:
    return Mail(
        at=at, recipient="a@x.example", message_id=message_id, list_id="<morning.x>", subject="News", is_answered=is_answered
    )


GOOD = Logs(
    must=(
        Entry(token=ONE, is_wanted=True, text="", born=1.0),
        Entry(token=TWO, is_wanted=False, text="", born=1.0),
    ),
    posts=(a_post(),),
    mails=(a_mail(),),
    readers=(("morning", "a@x.example"),),
    kills=(5.0,),
    items=(f"News {ONE}", f"Weather {TWO}"),
    alerts=((f"News {ONE}", "sent"),),
    integrity=(),
    ended_by_itself=0,
    stop=0,
)


def test_what_is_as_it_should_be_holds() -> None:
    """Every item once, every alert once, every mail once."""
    assert judge(GOOD).holds


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("lost_items", {"items": (f"News {ONE}",)}),
        ("double_items", {"items": (*GOOD.items, f"News {ONE}")}),
        ("lost_alerts", {"posts": ()}),
        ("lost_alerts", {"posts": (a_post(kind="fault"),)}),
        ("lost_alerts", {"posts": (a_post(method="chat.update"),)}),
        ("undecided", {"alerts": ()}),
        ("unexplained_doubles", {"posts": (a_post(10), a_post(11))}),
        ("told_twice", {"posts": (a_post(10), a_post(11, key="k2"))}),
        ("early_posts", {"posts": (a_post(), a_post(12, kind="limited", is_early=True))}),
        ("refused", {"posts": (a_post(), a_post(kind="refused", wrong=("no_text",)))}),
        ("unwise", {"posts": (a_post(wrong=("mention",)),)}),
        ("missing_digests", {"mails": ()}),
        ("unexplained_mails", {"mails": (a_mail(10), a_mail(11))}),
        ("unexplained_mails", {"mails": (a_mail(10), a_mail(11, "<2@x.example>"))}),
        ("unsound", {"integrity": ("row 1 missing from index",)}),
        ("ended_by_itself", {"ended_by_itself": 1}),
        ("unclean_stops", {"stop": None}),
    ],
)
def test_each_fault_is_counted_under_its_name_and_nothing_holds(name: str, changes: dict[str, object]) -> None:
    """One of each thing that must be zero."""
    found = judge(replace(GOOD, **changes))  # type: ignore[arg-type]
    assert getattr(found, name) == 1
    assert not found.holds


def test_a_double_is_explained_by_a_kill_between_or_by_a_lost_answer() -> None:
    """It is told then, and counts as no fault."""
    killed = judge(replace(GOOD, posts=(a_post(10), a_post(12)), kills=(11.0,)))
    lost = judge(replace(GOOD, posts=(a_post(10, is_answered=False), a_post(90)), kills=(5.0,)))
    mail = judge(replace(GOOD, mails=(a_mail(10, is_answered=False), a_mail(11))))
    assert killed.holds
    assert lost.holds
    assert mail.holds
    assert (killed.doubles, killed.doubles_after_lost_answer, lost.doubles_after_lost_answer) == (1, 0, 1)


def test_an_event_that_went_on_may_be_told_again() -> None:
    """A new stage names the item that shows it: other news, under another key."""
    assert judge(replace(GOOD, posts=(a_post(10, key="alert:k"), a_post(11, key="stage:k")))).holds
    assert not judge(replace(GOOD, posts=(a_post(10, key="alert:k"), a_post(11, key="alert:l")))).holds


def test_what_was_held_back_by_a_rule_s_limit_need_not_be_told() -> None:
    """Folded is a verdict, not a loss."""
    found = judge(replace(GOOD, posts=(), alerts=((f"News {ONE}", "folded"),)))
    assert (found.lost_alerts, found.held_back) == (0, 1)


@pytest.mark.parametrize(
    ("payload", "word"),
    [
        ({"text": ""}, "no_text"),
        ({"text": "x", "blocks": [{"type": "divider"}] * 51}, "at most 50"),
        ({"text": "x", "blocks": [{"type": "header", "text": {"type": "mrkdwn", "text": "x"}}]}, "no text object"),
        ({"text": "x", "blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3001}}]}, "3000"),
        ({"text": "x", "blocks": [{"type": "section", "fields": [{"type": "mrkdwn", "text": "x"}] * 11}]}, "10 parts"),
        ({"text": "x", "blocks": [{"type": "image", "image_url": "https://x.example/a.png"}]}, "alt_text"),
        ({"text": "x", "blocks": [{"type": "poem"}]}, "no block"),
    ],
)
def test_the_slack_of_the_trials_refuses_what_slack_refuses(payload: dict[str, object], word: str) -> None:
    """Limits of Block Kit."""
    assert any(word in each for each in slack_rules.refused(payload))


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("<!channel> hear", "mention"),
        ("<@U0123ABCD> hear", "mention"),
        ("<https://bank.example/|safe.example>", "masked link"),
        ("<javascript:x|here>", "another kind"),
        ("x" * 4001, "longer"),
        ("plain", None),
    ],
)
def test_the_slack_of_the_trials_objects_to_what_nobody_should_send(text: str, word: str | None) -> None:
    """Mentions and masked links are no text of a source's."""
    found = slack_rules.unwise({"text": text, "unfurl_links": False, "unfurl_media": False})
    assert found == [] if word is None else any(word in each for each in found)


@pytest.fixture(scope="module")
def toys(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Verdict]:
    """The verdict on each toy, all at once."""
    place = tmp_path_factory.mktemp("toys")

    def one(mode: str) -> Verdict:
        is_good = mode == "careful"
        plan = Plan(
            seed=3,
            kills=4,
            longest=1.5,
            faults=0.3 if is_good else 0.5,
            rate=20.0 if is_good else 2.0,
            burst=20 if is_good else 2,
            calm=1.0 if is_good else 4.0,
            patience=60.0 if is_good else 2.0,
            every=0.2,
            most=20,
            command=(sys.executable, str(TOY), mode, "{base}", "{slack}", "{archive}"),
            readers=(),
        )
        return Round(plan, place / mode).run()

    with ThreadPoolExecutor(len(MODES)) as pool:
        return dict(zip(MODES, pool.map(one, MODES), strict=True))


@pytest.mark.parametrize(
    ("mode", "fault"),
    [
        ("careful", None),
        ("etag-first", "lost_items"),
        ("mark-first", "lost_alerts"),
        ("forgetful", "double_items"),
        ("impatient", "early_posts"),
    ],
)
def test_the_harness_tells_a_careful_monitor_from_a_careless_one(toys: dict[str, Verdict], mode: str, fault: str | None) -> None:
    """Each planted fault is found under its own name; without one all holds."""
    found = toys[mode]
    assert found.holds == (fault is None), found
    assert fault is None or getattr(found, fault) > 0, found


def test_kills_and_faults_lose_nothing_and_tell_nothing_twice(tmp_path: Path) -> None:
    """The service, killed ten times with -9, over servers that fail; the long form is `python -m bench.chaos`."""
    found = Round(Plan(seed=7, kills=10, longest=4.0, most=30), tmp_path).run()
    assert found.holds, f"{found}\n{(tmp_path / 'service.log').read_text(errors='replace')[-6000:]}"


DECIDED = """
select title from v_alerts where state in ('sent', 'dead') or (state = 'waiting' and
  decided_at < strftime('%Y-%m-%dT%H:%M:%SZ', (select max(decided_at) from v_alerts), '-5 seconds'))
"""
"""Alerts that have to be told by the end. One feed brings something at every look, so what was decided as the service was told to stop
waits in the outbox for the next start.
"""
KIT_CONFIG = """\
version: 1
network: {allow_private: ["127.0.0.0/8"], per_host: {delay: 0s, concurrency: 8}, timeout: 5s}
defaults: {every: 1s, min: 1s}
sources:
  - {id: a, type: feed, url: "{base}/chaos/grow?i=a&every=0.4&max={items}", tier: official, country: US, lang: en}
  - {id: b, type: feed, url: "{base}/chaos/grow?i=b&every=0.4&max={items}", tier: official, country: US, lang: en}
  - {id: c, type: feed, url: "{base}/chaos/grow?i=c&every=0.4&max={items}", tier: official, country: US, lang: en}
  - {id: k, type: feed, url: "{base}/d/etag-ack?i=k", tier: official, country: US, lang: en}
slack: {api_url: "{slack}", rate: 20/s}
mail: {host: 127.0.0.1, port: {smtp_port}, security: none, from: "Monitor <monitor@x.example>"}
alerts:
  - {id: now, when: 'theme:export_control', to: ["slack:#alerts"], limit: {per_event: "1000/1h", per_channel: "1000/1h"}}
"""


@pytest.mark.shared
def test_the_kit_s_own_protocol_passes_too(shared: Path, tmp_path: Path) -> None:
    """The same question, asked by a harness that knows nothing of ours."""
    (tmp_path / "template").write_text(KIT_CONFIG)
    run = subprocess.run(
        [
            sys.executable,
            str(shared / "hostile" / "chaos_run.py"),
            *(
                "--daemon",
                f"{shlex.quote(sys.executable)} -m monitor run --config {{config}} --archive sqlite:///{{work}}/archive.db",
            ),
            *("--config-template", str(tmp_path / "template"), "--db", "{work}/archive.db"),
            *("--sql", "select title from v_items"),
            *("--alert-sql", DECIDED),
            *("--kills", "5", "--max-up", "4", "--items", "20", "--settle", "36", "--slack-fail", "0.1", "--seed", "2"),
            *("--work", str(tmp_path / "work")),
        ],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), "SLACK_BOT_TOKEN": "xoxb-of-a-trial"},
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    found = json.loads(run.stdout)
    assert found["pass"], run.stdout
    assert found["clean_stop"] == 0
