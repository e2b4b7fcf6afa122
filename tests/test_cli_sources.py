"""`monitor sources`: what an operator meets who adds, checks and carries over sources."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from builders import rss
from fakes import Answer, Site

from monitor import config, feedsfile
from monitor.cli import main
from monitor.errors import FetchKind
from monitor.items import Selectors
from monitor.sources import TYPES
from monitor.sources.examining import NEXT_STEPS

ROOT = Path(__file__).resolve().parent.parent
CONFIG = """\
# Ours.
version: 1
network: {{allow_private: ["127.0.0.0/8"], per_host: {{delay: 0s, concurrency: 8}}, timeout: 5s}}
sources:
  - {{id: wire, name: Wire, type: feed, url: "{base}/wire", country: US, lang: en, tier: wire}}  # the first
  - {{id: jp-anpo, name: 安全保障貿易管理, type: listing, url: "{base}/anpo", country: JP, lang: ja,
     select: {{item: "table tr", date: "td + td"}}}}
# The end.
"""
TITLES = ("輸出貿易管理令の一部改正について", "キャッチオール規制の見直し案", "外国ユーザーリストの改訂")
ANPO = (
    "<!DOCTYPE html><html><head><title>安全保障貿易管理 新着情報</title></head><body><table class='whatsnew'>"
    + "".join(
        f"<tr><td>令和8年4月{n}日</td><td><a href='/r/{n}'>{title}</a></td></tr>" for n, title in enumerate(TITLES, start=1)
    )
    + "</table></body></html>"
)
PAGE = """<!DOCTYPE html><html><head><title>Institute</title>
<link rel="alternate" type="application/rss+xml" title="Comments" href="/comments/feed">
<link rel="alternate" type="application/rss+xml" title="News" href="/broken.xml">
<link rel="alternate" type="application/rss+xml" title="All news" href="/all.xml"></head><body></body></html>"""


@pytest.fixture
def here(tmp_path: Path, site: Site, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a configuration over two sources; commands run in it."""
    site.pages["/wire"] = Answer(rss(("1", "Gallium", "")), headers={"Content-Type": "application/rss+xml"})
    site.pages["/anpo"] = Answer(ANPO.encode("cp932"), headers={"Content-Type": "text/html; charset=Shift_JIS"})
    (tmp_path / "feeds.yaml").write_text(CONFIG.format(base=site.base), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MONITOR_NOW", "2026-05-01T08:00:00Z")
    return tmp_path


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    capsys.readouterr()
    code = main(("sources", *arguments))
    found = capsys.readouterr()
    return code, found.out, found.err


def added(here: Path) -> list[dict[str, object]]:
    """Sources beyond the first two; whatever else stood in the file still does."""
    text = (here / "feeds.yaml").read_text(encoding="utf-8")
    assert text.startswith("# Ours.\n")
    assert "# the first\n" in text
    assert text.endswith("# The end.\n")
    config.load(here / "feeds.yaml", {})
    return feedsfile.sources_in(text)[2:]


def test_a_feed_is_added_as_it_is(here: Path, capsys: pytest.CaptureFixture[str], site: Site) -> None:
    """Type, name, language and address; the line on standard output, the rest for the person; then what to do next."""
    site.pages["/経済"] = site.pages["/%E7%B5%8C"] = Answer(
        rss(("1", "輸出管理の改正について", ""), title="経済産業省", language="ja")
    )
    code, out, err = run(
        capsys,
        "add",
        f"{site.base}/%E7%B5%8C",
        "--id",
        "jp-meti",
        "--country",
        "JP",
        "--tier",
        "official",
        "--kind",
        "government",
    )
    entry = {
        "id": "jp-meti",
        "name": "経済産業省",
        "type": "feed",
        "url": f"{site.base}/%E7%B5%8C",
        "country": "JP",
        "lang": "ja",
        "kind": "government",
        "tier": "official",
    }
    assert code == 0
    assert yaml.safe_load(out) == [entry]
    assert added(here) == [entry]
    assert "1 entries, newest 2026-05-01\n  輸出管理の改正について\n" in err
    assert err.endswith("Next: monitor poll jp-meti\n")


def test_the_first_feed_of_a_page_that_reads_is_taken(here: Path, capsys: pytest.CaptureFixture[str], site: Site) -> None:
    """Feeds are tried in order, those of comments last; others are listed."""
    site.pages["/"] = Answer(PAGE.encode(), headers={"Content-Type": "text/html"})
    site.pages["/broken.xml"] = Answer(b"<html>Not found</html>")
    site.pages["/all.xml"] = Answer(rss(("1", "Entity list", ""), title="Institute: all news"))
    site.pages["/comments/feed"] = Answer(rss(("1", "I agree", "")))
    code, _, err = run(capsys, "add", f"{site.base}/")
    [entry] = added(here)
    assert (code, entry["url"], entry["id"]) == (0, f"{site.base}/all.xml", "institute-all-news")
    assert f"also there: {site.base}/comments/feed  Comments\n" in err
    assert "/comments/feed" not in [path for path, _ in site.requests]


def test_the_usual_places_are_tried_where_a_page_names_no_feed(
    here: Path, capsys: pytest.CaptureFixture[str], site: Site
) -> None:
    """Below the page's folder and at the top of the site."""
    site.pages["/blog/"] = Answer(b"<html><body>Welcome</body></html>")
    site.pages["/atom.xml"] = Answer(rss(("1", "Entity list", "")))
    assert run(capsys, "add", f"{site.base}/blog/", "--yes")[0] == 0
    assert [entry["url"] for entry in added(here)] == [f"{site.base}/atom.xml"]


def test_a_page_of_links_is_added_with_selectors(here: Path, capsys: pytest.CaptureFixture[str], site: Site) -> None:
    """Without any feed the page itself is read; what was added is what poll reads."""
    site.pages["/list/"] = Answer(ANPO.encode("cp932"), headers={"Content-Type": "text/html"})
    code, out, err = run(capsys, "add", f"{site.base}/list/", "--id", "jp-anpo-2")
    [entry] = added(here)
    assert (code, entry["type"], entry["select"], entry["lang"]) == (
        0,
        "listing",
        {"item": "table.whatsnew tr", "date": "td"},
        "ja",
    )
    assert '- {id: jp-anpo-2, name: "安全保障貿易管理 新着情報", type: listing, ' in out
    assert "3 entries, newest 2026-04-0" in err
    assert config.load(here / "feeds.yaml", {}).sources[2].select == Selectors(item="table.whatsnew tr", date="td")
    assert run(capsys, "check", "jp-anpo-2")[0] == 0


def test_type_listing_leaves_feeds_aside(here: Path, capsys: pytest.CaptureFixture[str], site: Site) -> None:
    """For a page whose feed has less than the page."""
    site.pages["/list/"] = Answer(
        ANPO.replace("<title>", "<link rel=alternate type=application/rss+xml href=/wire2><title>").encode()
    )
    site.pages["/wire2"] = Answer(rss(("1", "Gallium", "")))
    assert run(capsys, "add", f"{site.base}/list/", "--type", "listing", "--dry-run")[1].count("type: listing") == 1
    assert run(capsys, "add", f"{site.base}/list/", "--dry-run")[1].count("/wire2") == 1


INDEX = '<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"><sitemap><loc>{base}/2026.xml</loc></sitemap></sitemapindex>'
URLS = (
    '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"><url><loc>{base}/2026/new-entity-list.html</loc>'
    "<lastmod>2026-04-20</lastmod></url></urlset>"
)


def test_the_sitemap_of_a_site_is_the_last_resort(here: Path, capsys: pytest.CaptureFixture[str], site: Site) -> None:
    """An index of sitemaps is added as it is and shown by its newest; check reads it in the same way."""
    site.pages["/"] = Answer(b"<html><head><title>The Institute</title></head><body>Welcome</body></html>")
    site.pages["/sitemap.xml"] = Answer(INDEX.format(base=site.base).encode())
    site.pages["/2026.xml"] = Answer(URLS.format(base=site.base).encode())
    code, _, err = run(capsys, "add", f"{site.base}/")
    [entry] = added(here)
    assert (code, entry["type"], entry["url"], entry["name"]) == (0, "sitemap", f"{site.base}/sitemap.xml", "The Institute")
    assert "1 entries, newest 2026-04-20\n  New entity list\n" in err
    code, out, _ = run(capsys, "check", "the-institute", "--format", "json")
    [found] = json.loads(out)
    assert (code, found["verdict"], found["entries"]) == (0, "ok", 1)
    assert found["notes"] == ["an index of 1 sitemaps", f"the newest was read: {site.base}/2026.xml"]
    del site.pages["/2026.xml"]
    assert run(capsys, "check", "the-institute")[0] == 5


def test_a_dry_run_writes_nothing(here: Path, capsys: pytest.CaptureFixture[str], site: Site) -> None:
    """It shows the line that would be written."""
    site.pages["/new"] = Answer(rss(("1", "Gallium", "")))
    code, out, _ = run(capsys, "add", f"{site.base}/new", "--dry-run")
    assert (code, added(here)) == (0, [])
    assert out.startswith("  - {id: ")


@pytest.mark.parametrize("path", ["/nothing", "/absent"])
def test_where_nothing_can_be_read_nothing_is_added(
    here: Path, capsys: pytest.CaptureFixture[str], site: Site, path: str
) -> None:
    """Exit 5, and what was tried is said."""
    site.pages["/nothing"] = Answer(b"<html><body>Under construction</body></html>", headers={"Content-Type": "text/html"})
    code, out, err = run(capsys, "add", site.base + path)
    assert (code, out, added(here)) == (5, "", [])
    assert "HTTP 404" in err


def test_what_is_watched_already_is_not_added_twice(here: Path, capsys: pytest.CaptureFixture[str], site: Site) -> None:
    """Neither the address asked for nor the one found; scheme, www. and slash aside."""
    site.pages["/"] = Answer(
        b"<link rel=alternate type=application/rss+xml href=/wire><p>x", headers={"Content-Type": "text/html"}
    )
    assert run(capsys, "add", f"{site.base}/wire/")[0] == 2
    code, _, err = run(capsys, "add", f"{site.base}/")
    assert (code, "is watched already, as wire" in err) == (2, True)
    assert run(capsys, "add", f"{site.base}/x", "--id", "wire")[0] == 2


def test_a_feeds_own_words_name_no_variable(here: Path, capsys: pytest.CaptureFixture[str], site: Site) -> None:
    """A title such as ${SLACK_BOT_TOKEN} is no way to a secret."""
    site.pages["/evil"] = Answer(rss(("1", "Gallium", ""), title="${SLACK_BOT_TOKEN}"))
    assert run(capsys, "add", f"{site.base}/evil")[0] == 0
    assert [entry["name"] for entry in added(here)] == ["$ {SLACK_BOT_TOKEN}"]


def test_a_slip_in_an_option_is_told_and_nothing_written(here: Path, capsys: pytest.CaptureFixture[str], site: Site) -> None:
    """As feeds.yaml would tell it."""
    site.pages["/new"] = Answer(rss(("1", "Gallium", "")))
    code, out, err = run(capsys, "add", f"{site.base}/new", "--country", "japan")
    assert (code, out, added(here)) == (2, "", [])
    assert "country" in err


def test_a_listing_whose_dates_cannot_be_read_is_shown_and_mended(
    here: Path, capsys: pytest.CaptureFixture[str], site: Site
) -> None:
    """What each selector finds, what stands where a date should be, and selectors that would do."""
    code, out, _ = run(capsys, "check", "jp-anpo", "--propose")
    assert code == 0
    assert "jp-anpo   warn: no date can be read\n" in out
    assert "item      'table tr' finds 3\n" in out
    assert "date      'td + td' in 0; not readable: '輸出貿易管理令の一部改正について'" in out
    assert 'proposed  select: {item: "table.whatsnew tr", date: "td"}, 3 entries, 3 dated\n' in out
    assert f"no date {TITLES[0]}, {site.base}/r/1\n" in out


def test_a_rebuilt_page_fails_with_a_proposal(here: Path, capsys: pytest.CaptureFixture[str], site: Site) -> None:
    """The operator needs no second command."""
    site.pages["/anpo"] = Answer(ANPO.replace("table", "section").replace("<tr", "<article").replace("tr>", "article>").encode())
    code, out, _ = run(capsys, "check", "jp-anpo")
    assert code == 5
    assert "jp-anpo   fail: the selector 'table tr' finds no entry; the page may have been rebuilt\n" in out
    assert "proposed  select: " in out
    assert out.endswith("next      Take the proposed select\n")


def test_several_sources_are_checked_as_a_table_with_everything_in_json(
    here: Path, capsys: pytest.CaptureFixture[str], site: Site
) -> None:
    """Nothing is stored; exit 4 if some failed, and a warning is no failure."""
    guids = "".join(f"<item><guid>{n % 2}</guid><title>T{n}</title></item>" for n in range(4))
    site.pages["/wire"] = Answer(f"<rss version='2.0'><channel><title>W</title>{guids}</channel></rss>".encode())
    code, out, _ = run(capsys, "check", "--format", "json")
    wire, anpo = json.loads(out)
    assert code == 0
    assert {name: wire[name] for name in ("verdict", "entries", "newest", "undated", "duplicates", "type", "final_url")} == {
        "verdict": "warn",
        "entries": 4,
        "newest": None,
        "undated": 4,
        "duplicates": 2,
        "type": "feed",
        "final_url": f"{site.base}/wire",
    }
    assert anpo["content_type"] == "text/html; charset=Shift_JIS"
    assert anpo["selectors"] == {"items": 3, "with_title": 3, "with_link": 3, "with_date": 0, "unread_dates": list(TITLES)}
    assert [each["title"] for each in anpo["first"]] == list(TITLES)
    del site.pages["/wire"]
    code, out, _ = run(capsys, "check", "--format", "tsv")
    assert code == 4
    assert [line.split("\t")[:3] for line in out.splitlines()] == [["wire", "fail", "0"], ["jp-anpo", "warn", "3"]]
    assert not (here / "data").exists()


def test_a_feed_of_the_future_or_of_long_ago_is_a_warning(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Seen from the day of the check."""
    for now, why in (
        ("2026-04-01T00:00:00Z", "1 of 1 dates are in the future"),
        ("2026-09-01T00:00:00Z", "silent for more than 90 days"),
    ):
        monkeypatch.setenv("MONITOR_NOW", now)
        code, out, _ = run(capsys, "check", "wire", "--format", "json")
        assert (code, json.loads(out)[0]["verdict"], json.loads(out)[0]["why"]) == (0, "warn", why)


def test_a_day_that_has_begun_where_the_source_is_is_no_future(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """At eight in the morning in Tokyo; and it is shown as the day that the page states."""
    monkeypatch.setenv("MONITOR_NOW", "2026-04-02T23:00:00Z")
    text = (here / "feeds.yaml").read_text(encoding="utf-8")
    (here / "feeds.yaml").write_text(text.replace('date: "td + td"', "date: td"), encoding="utf-8")
    code, out, _ = run(capsys, "check", "jp-anpo")
    assert code == 0
    assert "0 in the future" in out
    assert f"2026-04-03 {TITLES[2]}" in out


def test_an_address_is_looked_at_without_being_a_source(here: Path, capsys: pytest.CaptureFixture[str], site: Site) -> None:
    """A feed is read; a page names its feeds and gets selectors proposed."""
    site.pages["/page"] = Answer(
        ANPO.replace("<title>", "<link rel=alternate type=application/rss+xml href=/wire><title>").encode()
    )
    code, out, _ = run(capsys, "check", "--url", f"{site.base}/wire")
    assert (code, out.splitlines()[0]) == (0, "address   ok")
    code, out, _ = run(capsys, "check", "--url", f"{site.base}/page", "--format", "json")
    [found] = json.loads(out)
    assert (code, found["verdict"], found["feeds"]) == (5, "fail", [f"{site.base}/wire"])
    assert found["proposals"][0] == {"select": {"item": "table.whatsnew tr", "date": "td"}, "entries": 3, "dated": 3}
    assert found["next"].endswith(f"monitor sources add {site.base}/page")


def test_a_move_for_good_is_told_with_the_new_address(here: Path, capsys: pytest.CaptureFixture[str], site: Site) -> None:
    """The source still reads; its address should be corrected before the redirect goes."""
    site.pages["/new-wire"] = site.pages["/wire"]
    site.pages["/wire"] = Answer(status=301, headers={"Location": "/new-wire"})
    code, out, _ = run(capsys, "check", "wire", "--format", "json")
    [found] = json.loads(out)
    assert (code, found["verdict"], found["moved_to"]) == (0, "warn", f"{site.base}/new-wire")


def test_add_and_parse_take_every_type_that_needs_no_settings(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """And add the listing, whose selectors it proposes; another type is refused with the list of those."""
    alone = {name for name, kind in TYPES.items() if kind.is_read_alone}
    _, _, err = run(capsys, "add", "https://x.example/", "--type", "no")
    assert set(re.findall(r"'(\w+)'", err)) == {"no", "listing", *alone}
    code = main(("parse", str(here / "feeds.yaml"), "--type", "listing"))
    assert (code, capsys.readouterr().err.strip().split("One of ")[1]) == (2, ", ".join(name for name in TYPES if name in alone))


def test_every_kind_of_failure_has_a_next_step() -> None:
    """In the program and, in a line of its own, in the page for operators."""
    assert set(NEXT_STEPS) == set(FetchKind)
    page = (Path(__file__).parent.parent / "docs" / "operate.md").read_text(encoding="utf-8")
    assert [kind.value for kind in FetchKind if f"| `{kind.value}` |" not in page] == []


OPML = """<opml version="2.0"><body><outline text="官庁">
<outline text="METI" title="経済産業省" type="rss" xmlUrl="{base}/meti" category="/gov"/></outline>
<outline text="Wire again" type="rss" xmlUrl="{base}/wire/"/>
<outline text="Run me" xmlUrl="exec:rm -rf /"/></body></opml>"""


def test_a_list_of_subscriptions_is_taken_over(here: Path, capsys: pytest.CaptureFixture[str], site: Site) -> None:
    """What is watched already and what is no address is skipped and said; nothing is fetched."""
    (here / "mine.opml").write_text(OPML.format(base=site.base), encoding="utf-8")
    code, out, err = run(capsys, "import", "mine.opml", "--dry-run")
    assert (code, added(here), "1 would be added" in err) == (0, [], True)
    assert run(capsys, "import", "mine.opml")[:2] == (0, out)
    [entry] = added(here)
    port = site.base.rpartition(":")[2]
    assert entry == {
        "id": "127-0-0-1-meti",
        "name": "経済産業省",
        "type": "feed",
        "url": f"http://127.0.0.1:{port}/meti",
        "opml": {"category": "/gov", "folder": "官庁"},
    }
    assert "'Wire again': is watched already, as wire" in err
    assert "'Run me': only http and https are fetched" in err
    assert site.requests == []
    assert "nothing to add" in run(capsys, "import", "mine.opml")[2]


def test_an_export_comes_in_as_it_went_out(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Selectors, flags, disabled sources and variables of the environment, by their names; no secret that is written out."""
    extra = '  - {id: key, type: feed, url: "https://k.example/", headers: {X-Key: "${KEY}"}, enabled: false}\n'
    leak = '  - {id: leak, type: feed, url: "https://l.example/", headers: {X-Key: hunter2, Accept: text/xml}}\n'
    path = here / "feeds.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("# The end.\n", extra + leak), encoding="utf-8")
    code, _, err = run(capsys, "export", "--out", "ours.opml")
    assert (code, "leak: a header" in err) == (0, True)
    document = (here / "ours.opml").read_text(encoding="utf-8")
    assert "hunter2" not in document
    before = feedsfile.sources_in(path.read_text(encoding="utf-8"))
    before[3]["headers"] = {"Accept": "text/xml"}
    path.write_text("version: 1\n", encoding="utf-8")
    assert run(capsys, "import", "ours.opml", "--trusted")[0] == 0
    assert feedsfile.sources_in(path.read_text(encoding="utf-8")) == before
    assert run(capsys, "export")[1] == document


def test_a_list_that_is_none_is_wrong_use(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One line, nothing written."""
    (here / "no.opml").write_bytes(b"<html></html>")
    code, out, err = run(capsys, "import", "no.opml")
    assert (code, out, err.count("\n")) == (2, "", 1)


def test_sources_that_fail_or_are_stale_are_listed_by_themselves(
    here: Path, capsys: pytest.CaptureFixture[str], site: Site
) -> None:
    """The failure with its kind and count; JSON has everything."""
    del site.pages["/wire"]
    main(["poll"])
    assert [line.split("\t")[0] for line in run(capsys, "list", "--failing")[1].splitlines()] == ["wire"]
    assert [line.split("\t")[0] for line in run(capsys, "list", "--stale")[1].splitlines()] == ["wire"]
    assert run(capsys, "list", "--silent")[1] == ""
    rows = json.loads(run(capsys, "list", "--format", "json")[1])
    assert [(row["id"], row["error"], row["stale"], row["type"]) for row in rows] == [
        ("wire", "status ×1", True, "feed"),
        ("jp-anpo", "", False, "listing"),
    ]
    assert rows[1]["last_success"] == "2026-05-01T08:00:00Z"
    assert run(capsys, "list")[1].splitlines()[1] == "jp-anpo\tJP\tja\tpress\t2026-05-01 08:00\t\t安全保障貿易管理"


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("check", "wire", "--url", "https://a.example/"), "--url"),
        (("check", "wire", "--type", "feed"), "--type"),
        (("check", "--url", "https://a.example/", "--type", "fed"), "feed"),
        (("check", "wyre"), "wire"),
        (("import", "absent.opml"), "absent.opml"),
        (("export", "--out", "no/such/folder.opml"), "folder.opml"),
    ],
)
def test_wrong_use_is_told_in_one_line(
    here: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], word: str
) -> None:
    """Exit 2 and the word that helps."""
    code, out, err = run(capsys, *arguments)
    assert (code, out) == (2, "")
    assert word in err


def test_a_process_of_its_own_proposes_as_well(here: Path, site: Site) -> None:
    """What a worker answers may be of a module that this process has not loaded yet."""
    command = [sys.executable, "-m", "monitor", "sources", "check", "--url", f"{site.base}/anpo", "--propose"]
    found = subprocess.run(
        command, cwd=here, capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    assert 'proposed  select: {item: "table.whatsnew tr", date: "td"}, 3 entries, 3 dated' in found.stdout, found.stderr
