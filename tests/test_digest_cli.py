"""`monitor digest`: shown, written, sent; its readers listed and taken back."""

from __future__ import annotations

import email
import email.policy
from email.message import EmailMessage
from pathlib import Path

import lxml.html
import pytest
from builders import an_item
from conftest import NOW
from fakes import MailFake

from monitor.archive import Archive
from monitor.archive.intake import Change
from monitor.cli import main
from monitor.dedupe import sort_out
from monitor.items import Findings, Judged, Link, SourceState, Tag, event_id

FEEDS = """
version: 1
sources: [{{id: meti, name: METI, type: feed, url: "http://meti.example/feed", tier: official}}]
mail: {{host: 127.0.0.1, port: {port}, security: none, from: "Monitor <monitor@x.example>"}}
web: {{url: "https://monitor.example.org"}}
digests: [{{id: morning, to: [mori@x.example, "mail:sato@x.example"], at: "08:00", tz: Asia/Tokyo, when: "theme:export_control"}}]
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mail: MailFake) -> Path:
    """A folder with a configuration and an archive that holds one item of the last hour."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MONITOR_NOW", NOW.isoformat())
    monkeypatch.setenv("MONITOR_ARCHIVE", f"sqlite:///{tmp_path / 'monitor.db'}")
    (tmp_path / "feeds.yaml").write_text(FEEDS.format(port=mail.port), encoding="utf-8")
    with archive() as found:
        item = an_item(summary="省令を改正する。")
        found.intake.store(
            Change(found=sort_out(found.intake.known(item.source, [item]), [item]), state=SourceState(id="meti"), at=NOW)
        )
        tag = Tag(theme="export_control", score=0.93, is_given=True)
        link = Link(event=event_id(item.id), is_new=True)
        found.judging.write([Judged(item=item, findings=Findings(lang="ja"), tags=(tag,), link=link, model="m")], [], NOW)
    return tmp_path


def archive() -> Archive:
    return Archive.open(f"sqlite:///{Path.cwd() / 'monitor.db'}")


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(["digest", *arguments])
    out, err = capsys.readouterr()
    return code, out, err


def test_a_preview_is_the_text_with_its_subject(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """And orders nothing, and makes nobody a reader."""
    code, out, _ = run(capsys, "morning", "--preview")
    assert (code, out.split("\n\n")[0]) == (0, "Subject: [Monitor] 1 May: 1 new event (export control)")
    assert "* 輸出貿易管理令の一部を改正する政令\n" in out
    with archive() as found:
        assert (found.outbox.counts()["waiting"], found.readers.of_digest("morning")) == (0, [])


def test_a_preview_as_files_can_be_opened_by_themselves(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The HTML has its pictures within it, the mail beside it."""
    code, out, _ = run(capsys, "morning", "--preview", "--out", "previews")
    paths = {Path(line.split("\t")[1]).suffix: Path(line.split("\t")[1]) for line in out.splitlines()}
    assert (code, sorted(paths)) == (0, [".eml", ".html", ".txt"])
    [picture] = lxml.html.document_fromstring(paths[".html"].read_text(encoding="utf-8")).iter("img")
    assert picture.get("src").startswith("data:image/png;base64,")
    mail = email.message_from_bytes(paths[".eml"].read_bytes(), policy=email.policy.default)
    assert isinstance(mail, EmailMessage)
    assert [each.get_content_type() for each in mail.walk()].count("image/png") == 1
    assert "unsubscribe/" not in paths[".txt"].read_text(encoding="utf-8")


def test_readers_are_listed_with_their_last_digest(here: Path, capsys: pytest.CaptureFixture[str], mail: MailFake) -> None:
    """Before the first, after it, and when one has ended it."""
    assert run(capsys, "morning", "--readers")[1] == "mori@x.example\tnever\tgoes on\nmail:sato@x.example\tnever\tgoes on\n"
    assert "2 sent" in run(capsys, "morning", "--send")[2]
    with archive() as found:
        found.readers.stop(found.readers.known("morning", "mori@x.example").token, NOW)
    code, out, _ = run(capsys, "morning", "--readers")
    assert (code, out.splitlines()) == (
        0,
        ["mori@x.example\t2026-05-01\tended by its reader 2026-05-01 08:00Z", "mail:sato@x.example\t2026-05-01\tgoes on"],
    )


def test_who_ended_it_is_not_sent_to_until_he_comes_back(
    here: Path, capsys: pytest.CaptureFixture[str], mail: MailFake, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Said at each sending; either way to write the address will do."""
    with archive() as found:
        found.readers.stop(found.readers.known("morning", "mail:sato@x.example").token, NOW)
    _, _, err = run(capsys, "morning", "--send")
    assert ("Ended by its reader, not sent: mail:sato@x.example" in err, "1 sent" in err) == (True, True)
    assert "gets the digest morning again" in run(capsys, "morning", "--resubscribe", "sato@x.example")[2]
    assert "nothing to do" in run(capsys, "morning", "--resubscribe", "sato@x.example")[2]
    assert "1 sent" in run(capsys, "morning", "--send")[2]
    assert sorted(to for to, _ in mail.mails) == ["mori@x.example", "sato@x.example"]


def test_a_mail_has_the_address_that_ends_it(here: Path, capsys: pytest.CaptureFixture[str], mail: MailFake) -> None:
    """Each reader's own, in the header and in the text."""
    run(capsys, "morning", "--send")
    found = {to: email.message_from_bytes(raw, policy=email.policy.default) for to, raw in mail.mails}
    with archive() as opened:
        for channel, to in (("mori@x.example", "mori@x.example"), ("mail:sato@x.example", "sato@x.example")):
            address = f"https://monitor.example.org/unsubscribe/{opened.readers.known('morning', channel).token}"
            part = found[to]
            assert isinstance(part, EmailMessage)
            body = part.get_body(("plain",))
            assert body is not None
            assert (part["List-Unsubscribe"].startswith(f"<{address}>, <mailto:"), address in body.get_content()) == (True, True)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--resubscribe", "nobody@x.example"], "Its readers: mori@x.example, mail:sato@x.example"),
        (["--resubscribe", "no address"], "is no channel"),
        (["--readers", "--send"], "one of --readers and --resubscribe"),
        (["--preview", "--send"], "say --preview or --send"),
        ([], "say --preview or --send"),
    ],
)
def test_what_makes_no_sense_is_said(here: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str) -> None:
    """Exit 2 and one line."""
    code, _, err = run(capsys, "morning", *arguments)
    assert (code, said in err) == (2, True)
