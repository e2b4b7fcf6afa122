"""Buttons and answers as they are written for Slack: read back as made, within Slack's limits, harmless whatever others wrote."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from desks import THEMES
from hypothesis import given, settings
from hypothesis import strategies as st
from socket_desk import shown

from monitor.channels import actions
from monitor.channels.payloads import asked
from monitor.channels.replies import ephemeral, short
from monitor.messages import Line, Message, Verb


def a_message(**changes: Any) -> Message:
    base: dict[str, Any] = {"key": "alert:slack:#econsec:I-1", "address": "#econsec", "headline": "h", "title": "t", "url": None}
    base |= {"extract": "", "fields": (), "why": "", "hint": "", "text": "t", "event": "E-1", "item": "I-1"}
    return Message(**base | {"themes": tuple(THEMES.items()), "has_dates": True} | changes)


# the buttons


def test_every_button_is_read_back_as_what_it_was_made_for() -> None:
    """Verb, item, event and theme survive the way through Slack."""
    block = actions.actions(a_message())
    assert block is not None
    read = []
    for each in block["elements"]:
        for value in [option["value"] for option in each.get("options", ())] or [each["value"]]:
            pressed = actions.parse(each["action_id"], value)
            assert pressed is not None
            assert (pressed.item, pressed.event) == ("I-1", "E-1")
            read.append((pressed.verb, pressed.value))
    menu = [(Verb.THEME, theme) for theme in (*THEMES, "")]
    assert read == [
        (Verb.RELEVANT, ""),
        (Verb.NOT_RELEVANT, ""),
        *menu,
        (Verb.MUTE, ""),
        (Verb.TIMELINE, ""),
        (Verb.CALENDAR, ""),
    ]


def test_a_message_has_the_buttons_that_have_a_use() -> None:
    """None without themes; no calendar without dates; none about an item or an event that it does not tell."""
    assert actions.actions(a_message(themes=())) is None
    assert actions.actions(a_message(item=None, event=None)) is None

    def verbs(**changes: Any) -> list[str]:
        block = actions.actions(a_message(**changes))
        assert block is not None
        return [each["action_id"].partition(":")[2] for each in block["elements"]]

    assert verbs(has_dates=False) == ["relevant", "not_relevant", "theme", "mute", "timeline"]
    assert verbs(event=None) == ["relevant", "not_relevant", "theme"]
    assert verbs(item=None) == ["mute", "timeline", "calendar"]


def test_buttons_keep_slacks_limits() -> None:
    """Whatever the themes are called and however many there are; each message has a block id of its own."""
    themes = tuple((f"theme_{number}", "名" * 200) for number in range(300))
    block = actions.actions(a_message(themes=themes, key="鍵" * 500))
    assert block is not None
    [menu] = [each for each in block["elements"] if each["type"] == "static_select"]
    assert len(menu["options"]) == 100
    assert menu["options"][-1]["value"] == "|I-1|E-1"
    assert max(len(each["value"]) for each in menu["options"]) <= 150
    assert max(len(each["text"]["text"]) for each in menu["options"]) <= 75
    assert len(block["block_id"]) <= 255
    other = actions.actions(a_message())
    assert other is not None
    assert other["block_id"] != block["block_id"]


@pytest.mark.parametrize(
    ("action", "value"),
    [
        ("monitor:relevant", "no json"),
        ("monitor:relevant", "[1]"),
        ("monitor:relevant", '{"i": 7}'),
        ("monitor:relevant", '{"i": "I-1 or 1=1", "e": null}'),
        ("monitor:relevant", '{"i": "E-1", "e": "I-1"}'),
        ("monitor:relevant", "[" * 1999),
        ("monitor:relevant", " " * 2001),
        ("monitor:command", "search x"),
        ("monitor:", "{}"),
        ("poll:vote", "{}"),
        ("monitor:theme", "a|b"),
        ("monitor:theme", "<!channel>|I-1|E-1"),
        (None, "{}"),
        ("monitor:mute", None),
    ],
)
def test_a_value_that_we_did_not_write_is_none(action: object, value: object) -> None:
    """Nothing of a stranger becomes a request."""
    assert actions.parse(action, value) is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["type", "user", "channel", "actions", "id", "action_id", "value", "selected_option", "user_id", "text"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@settings(max_examples=200, deadline=None)
@given(kind=st.sampled_from(["interactive", "slash_commands", "events_api", None]), payload=JSON)
def test_any_payload_is_read_without_a_fault(kind: object, payload: object) -> None:
    """Malformed ones ask nothing."""
    found = asked(kind, payload)
    assert found is None or (found.request.user and found.request.place)


def test_what_was_typed_is_what_slack_escaped() -> None:
    """score:>=0.8 survives the way."""
    payload = {"command": "/monitor", "user_id": "U1", "channel_id": "C1", "text": "search score:&gt;=0.8 &amp;lt;"}
    found = asked("slash_commands", payload)
    assert found is not None
    assert found.request.value == "search score:>=0.8 &lt;"


# what is said


def test_text_of_others_is_neither_a_mention_nor_a_link() -> None:
    """Not in a title, a note or a text; an address hides behind no words of a source."""
    evil = "<!channel> <https://evil.example|bank> https://evil.example"
    lines = [
        Line(title=evil, url="https://x.example/?a=1&b=<!here>", note=evil),
        Line(title="t", url="https://x.example/?a=1&b=2"),
    ]
    lines.append(Line(title="t", url="javascript:alert(1)"))
    text = shown(ephemeral(evil, lines))
    assert "<!" not in text
    assert text.count("<") == 1
    assert "<https://x.example/?a=1&amp;b=2|open>" in text
    assert all(each["text"]["verbatim"] for each in ephemeral(evil, lines)["blocks"])
    assert "<" not in short(evil)["text"]


@settings(max_examples=60, deadline=None)
@given(
    text=st.text(alphabet="a&<>文\n", max_size=20_000),
    lines=st.lists(
        st.builds(Line, title=st.text(alphabet="a&<文", max_size=900), url=st.just("https://x.example/" + "a" * 1900)),
        max_size=60,
    ),
)
def test_an_answer_keeps_slacks_limits(text: str, lines: list[Line]) -> None:
    """50 blocks, 3000 characters in each, 13,000 in all, and no escape is cut in two."""
    said = ephemeral(text, lines)
    texts = [each["text"]["text"] for each in said["blocks"]]
    assert 1 <= len(texts) <= 50
    assert all(1 <= len(each) <= 3000 for each in texts)
    assert sum(map(len, texts)) <= 13_000
    assert len(said["text"]) <= 4000
    for each in [*texts, said["text"], short(text)["text"]]:
        assert "&" not in each.replace("&amp;", "").replace("&lt;", "").replace("&gt;", "")


@pytest.mark.shared
def test_answers_and_buttons_pass_the_checks_of_a_strict_slack(shared: Path) -> None:
    """As Slack would take them: valid blocks, no mention, no masked link."""
    from fake_slack import check_blocks, warnings_of

    lines = [Line(title="<!here> go to bank.example", url=f"https://x.example/{n}", note="bis.gov · en") for n in range(40)]
    said = ephemeral("Found <@U1>:", lines)
    assert check_blocks([*said["blocks"], actions.actions(a_message())]) == []
    assert warnings_of({**said, "unfurl_links": False, "unfurl_media": False}) == []
