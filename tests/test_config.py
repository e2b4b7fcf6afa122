"""feeds.yaml: every slip is told with file, line, key and the nearest right word; nothing in it is executed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor import bundled, config
from monitor.clock import now, span
from monitor.errors import ConfigError, SecretMissing, UsageError
from monitor.items import Limit, Tier

GOOD = """\
version: 1
network: {timeout: 20s, max_bytes: 2MiB, per_host: {concurrency: 1, delay: 500ms}, allow_private: ["10.0.0.0/8"]}
sources:
  - {id: us-fr-bis, type: federal_register, agencies: [industry-and-security-bureau], country: US, lang: en, tier: official}
  - {id: jp-meti, name: 経済産業省, type: feed, url: "https://meti.example/feed", country: JP, lang: ja, tier: official, every: 15m}
  - {id: jp-list, type: listing, url: "https://list.example/", select: {item: "li", date: time}}
alerts:
  - id: now
    when: 'theme:export_control score:>=0.8 tier:official,wire'
    to: ["slack:#econsec"]
    limit: {per_event: "4/6h", per_channel: "20/h"}
    quiet: {tz: Asia/Tokyo, from: "22:00", to: "07:00"}
digests:
  - {id: morning, to: ["team@example.org"], at: "08:00", tz: Asia/Tokyo, when: 'theme:export_control', lang: ja}
"""


def load(tmp_path: Path, text: str, **environment: str) -> config.Config:
    path = tmp_path / "feeds.yaml"
    path.write_text(text, encoding="utf-8")
    return config.load(path, environment)


def slip(tmp_path: Path, text: str, **environment: str) -> str:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, text, **environment)
    return str(caught.value)


def test_a_file_becomes_values(tmp_path: Path) -> None:
    """Spans, sizes, limits and addresses are what they say."""
    found = load(tmp_path, GOOD)
    assert found.network.timeout == 20
    assert found.network.max_bytes == 2 << 20
    assert found.network.host_delay == 0.5
    assert [source.id for source in found.sources] == ["us-fr-bis", "jp-meti", "jp-list"]
    assert found.sources[0].url.startswith("https://www.federalregister.gov/api/v1/documents.json?")
    assert (found.sources[1].every, found.sources[1].tier) == (900.0, Tier.OFFICIAL)
    assert found.rules[0].per_event == Limit(count=4, window=timedelta(hours=6))
    assert found.rules[0].per_channel == Limit(count=20, window=timedelta(hours=1))
    assert found.subscriptions[0].to == ("team@example.org",)


def test_the_file_that_ships_is_valid_and_watches_enough() -> None:
    """At least sixty real sources, each with country, language and tier; official ones of the US, Japan and the EU first."""
    found = config.load(bundled.feeds(), {})
    assert len(found.sources) >= 60
    assert all(source.country and source.lang and source.kind for source in found.sources)
    assert found.sources[0].tier is Tier.OFFICIAL
    assert {"US", "JP", "EU", "GB", "CN", "KR", "TW"} <= {source.country for source in found.sources}
    assert {channel for rule in found.rules for channel in rule.to} == {"console"}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (
            ("tier: official, every", "teir: official, every"),
            "feeds.yaml:5: sources[jp-meti].teir: unknown key 'teir'; did you mean 'tier'?",
        ),
        (("type: listing", "type: listng"), "feeds.yaml:6: sources[jp-list]: type: 'listng' is unknown"),
        (("every: 15m", "every: often"), "feeds.yaml:5: sources[jp-meti].every"),
        (("tier: official}", "tier: oficial}"), "feeds.yaml:4: sources[us-fr-bis].tier"),
        (('url: "https://meti.example/feed"', 'url: "file:///etc/passwd"'), "only http and https are fetched"),
        (("https://meti.example/feed", "https://user:geheim@meti.example/feed"), "does not belong in an address"),
        (('url: "https://meti.example/feed", ', ""), "feeds.yaml:5: sources[jp-meti]: url: is missing"),
        (("id: jp-list", "id: jp-meti"), "feeds.yaml:6: sources[jp-meti].id: 'jp-meti' stands twice"),
        (
            ("theme:export_control score:>=0.8", "them:export_control"),
            "alerts[now].when: unknown field 'them'. Did you mean theme:?",
        ),
        (('"slack:#econsec"', '"pager:1"'), "alerts[now].to[0]"),
        (('"4/6h"', '"often"'), "alerts[now].limit.per_event: 'often' is no limit; write 4/6h"),
        (('at: "08:00"', 'at: "8 am"'), "digests[morning].at: '8 am' is no time of day"),
        (("tz: Asia/Tokyo, when", "tz: Asia/Tokio, when"), "digests[morning].tz: 'Asia/Tokio' is no time zone"),
        (("version: 1", "version: 2"), "feeds.yaml:1: version"),
        (("digests:", "digest:"), "unknown key 'digest'; did you mean 'digests'?"),
        (('["10.0.0.0/8"]', '["ten"]'), "network.allow_private"),
        (("timeout: 20s", "timeout: 20s, timeout: 30s"), "feeds.yaml:2: timeout: stands twice"),
    ],
)
def test_a_slip_is_told_with_its_place(tmp_path: Path, change: tuple[str, str], expected: str) -> None:
    """File, line, key, cause."""
    assert change[0] in GOOD
    told = slip(tmp_path, GOOD.replace(*change, 1))
    assert expected in told
    assert "geheim" not in told


def test_all_slips_are_told_at_once(tmp_path: Path) -> None:
    """One line each."""
    text = GOOD.replace("country: US", "contry: US").replace("lang: ja}\n", "lnag: ja}\n")
    assert len(slip(tmp_path, text).splitlines()) == 2


@pytest.mark.parametrize(
    "text",
    [
        "",
        "version",
        "- a",
        "version: [",
        "a: &x [1]\nb: *x",
        "!!python/object/apply:os.system ['true']",
        "version: 1\nsources: 7",
        "\x00",
        "? {a: b} : c",
    ],
)
def test_what_is_no_configuration_is_refused_and_runs_nothing(tmp_path: Path, text: str) -> None:
    """Safe loader, no aliases, no tags."""
    assert "feeds.yaml" in slip(tmp_path, text)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=200))
def test_any_text_is_a_configuration_or_a_clear_error(tmp_path: Path, text: str) -> None:
    """Never a traceback."""
    try:
        load(tmp_path, text)
    except ConfigError as error:
        assert str(error)  # noqa: PT017


def test_a_missing_file_says_how_to_make_one(tmp_path: Path) -> None:
    """The next step is a command."""
    with pytest.raises(ConfigError, match="monitor init"):
        config.load(tmp_path / "absent.yaml", {})


def test_variables_come_from_the_environment_or_a_file(tmp_path: Path) -> None:
    """${VAR}, or VAR_FILE that names a file; an unset one is an error that names it."""
    text = GOOD.replace("https://meti.example/feed", "https://${HOST}/feed")
    assert load(tmp_path, text, HOST="a.example").sources[1].url == "https://a.example/feed"
    secret = tmp_path / "host"
    secret.write_text("b.example\n")
    assert load(tmp_path, text, HOST_FILE=str(secret)).sources[1].url == "https://b.example/feed"
    assert "${HOST} is not set" in slip(tmp_path, text)
    with pytest.raises(SecretMissing):
        config.secret("X", {"X_FILE": str(tmp_path / "absent")})


def test_mail_without_encryption_is_for_this_machine_only(tmp_path: Path) -> None:
    """A password must not cross a network in the clear."""
    mail = "mail: {host: HOST, port: 25, security: none, from: a@b.example}\n"
    assert load(tmp_path, GOOD + mail.replace("HOST", "127.0.0.1")).mail is not None
    assert "mail.security" in slip(tmp_path, GOOD + mail.replace("HOST", "smtp.example"))


@pytest.mark.parametrize(
    ("text", "seconds"), [("1s", 1), ("500ms", 0.5), ("15m", 900), ("6h", 21600), ("1d", 86400), ("2w", 1209600), ("1.5h", 5400)]
)
def test_spans_are_read(text: str, seconds: float) -> None:
    """From milliseconds to weeks."""
    assert span(text).total_seconds() == seconds


def test_the_clock_can_be_set_or_moved() -> None:
    """MONITOR_NOW is a moment or an offset; nonsense is wrong use."""
    assert now({"MONITOR_NOW": "2026-05-01T17:00:00+09:00"}) == datetime(2026, 5, 1, 8, 0, tzinfo=UTC)
    ahead = now({"MONITOR_NOW": "+3d"}) - datetime.now(UTC)
    assert timedelta(days=2, hours=23) < ahead <= timedelta(days=3)
    with pytest.raises(UsageError):
        now({"MONITOR_NOW": "tomorrow"})


@pytest.mark.parametrize("text", ["99999999999w", "99999999999999999999w", "9" * 400 + "d", "3651d", "522w"])
def test_a_span_that_no_calendar_has_is_none(text: str) -> None:
    """Ten years are the longest; beyond is a slip, and no error of ours."""
    with pytest.raises(ValueError, match="at most 10 years"):
        span(text)
    with pytest.raises(UsageError):
        now({"MONITOR_NOW": f"+{text}"})


@pytest.mark.parametrize("text", ["0001-01-01T00:00+09:00", "9999-12-31T23:59-09:00", "-3650d", "+3650d"])
def test_the_clock_stays_within_the_calendar(text: str) -> None:
    """At both its ends the zone of a moment may lead out of it: wrong use. Ten years from now do not."""
    if text[0] in "+-":
        assert now({"MONITOR_NOW": text}).tzinfo is UTC
    else:
        with pytest.raises(UsageError):
            now({"MONITOR_NOW": text})


def test_the_schema_names_every_section() -> None:
    """Editors complete and check with it."""
    properties = config.schema()["properties"]
    assert {
        "version",
        "network",
        "reading",
        "websub",
        "defaults",
        "sources",
        "slack",
        "mail",
        "webhooks",
        "web",
        "alerts",
        "digests",
    } == set(properties)


def test_a_secret_header_comes_from_the_environment(tmp_path: Path) -> None:
    """What stands in the file is refused with its line; what the environment holds is not shown by the configuration's repr."""
    path = tmp_path / "feeds.yaml"
    source = "{id: a, type: feed, url: 'https://a.example/', headers: {Authorization: %s}}"
    path.write_text("version: 1\nsources:\n  - " + source % "Bearer abc123", encoding="utf-8")
    with pytest.raises(ConfigError, match=r":3: sources\[a\].headers.Authorization: a secret does not belong"):
        config.load(path)
    path.write_text("version: 1\nsources:\n  - " + source % "'Bearer ${A_TOKEN}'", encoding="utf-8")
    loaded = config.load(path, {"A_TOKEN": "hush-hush"})
    assert loaded.sources[0].headers == (("Authorization", "Bearer hush-hush"),)
    assert "hush-hush" not in repr(loaded)
