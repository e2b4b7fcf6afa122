"""Messages by mail over SMTP: text and HTML, one recipient a message, a Message-ID that a repeat shares."""

from __future__ import annotations

import contextlib
import email.policy
import hashlib
import re
import smtplib
import ssl
from collections.abc import Callable
from datetime import datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Any
from urllib.parse import quote

from monitor.errors import ChannelError, MessageRefused
from monitor.messages import MailParts, Message, Receipt
from monitor.normalise import clean

MAX_SUBJECT = 200
_ADDRESS = re.compile(r"^[^@\s<>,;:\"]+@[^@\s<>,;:\"]+$")
_ID = re.compile(r"<[!-;=?-~]{1,250}@[!-;=?-~]{1,250}>")
_VERBATIM = frozenset({"message-id", "in-reply-to", "references", "list-id", "list-unsubscribe", "list-unsubscribe-post"})


class _Policy(email.policy.EmailPolicy):
    """SMTP's, but for headers that programs read: the library would write an address that is longer than a line as an encoded word."""

    def fold(self, name: str, value: str) -> str:
        """The header as text; a line break only where there is a space."""
        if name.lower() not in _VERBATIM:
            return str(super().fold(name, value))
        return f"{name}: " + f"{self.linesep} ".join(str(value).split()) + self.linesep

    def fold_binary(self, name: str, value: str) -> bytes:
        """The same as bytes."""
        return self.fold(name, value).encode("ascii", "surrogateescape")


_POLICY = _Policy(linesep="\r\n", max_line_length=76)


class _Server(smtplib.SMTP):
    """One that gives its socket back where the library forgets it: a server that takes the connection and then says nothing."""

    def connect(self, *where: Any, **more: Any) -> tuple[int, bytes]:
        """See smtplib."""
        try:
            return super().connect(*where, **more)
        except BaseException:
            self.close()
            raise


class _TlsServer(_Server, smtplib.SMTP_SSL):
    """The same over TLS."""


class Mail:
    """Sends through one SMTP server.

    Args:
        security: starttls, tls or none (loopback only; checked in config).
        sender: the From address.
        user, password: login; None for none.
    """

    can_look = False
    can_edit = False
    min_gap = 0.0

    def __init__(
        self,
        *,
        host: str,
        port: int,
        security: str,
        sender: str,
        user: str | None = None,
        password: str | None = None,
        timeout: float = 30.0,
        clock: Callable[[], datetime],
    ) -> None:
        self._host, self._port, self._security = host, port, security
        self._sender, self._user, self._password = sender, user, password
        self._timeout = timeout
        self._clock = clock

    def send(self, message: Message) -> Receipt:
        """Send the message to its address (see Channel)."""
        mail = mail_of(message, sender=self._sender, now=self._clock())
        subject = f"mail:{message.address}"
        has_data_begun = False
        try:
            server = self._connected()
            try:
                server.ehlo_or_helo_if_needed()
                _refuse(*server.mail(self._sender_address()), subject)
                _refuse(*server.rcpt(message.address), subject)
                has_data_begun = True
                reply = server.data(mail.as_bytes())
                has_data_begun = False
                _refuse(*reply, subject)
            finally:
                _leave(server)
        except smtplib.SMTPAuthenticationError as error:
            raise ChannelError(
                f"{self._host} refuses the login", subject=subject, hint="Check SMTP_USER and SMTP_PASSWORD"
            ) from error
        except smtplib.SMTPResponseException as error:
            _refuse(error.smtp_code, error.smtp_error, subject)
            raise ChannelError(f"{self._host} broke off ({error.smtp_code})", subject=subject) from error
        except (smtplib.SMTPException, OSError) as error:
            raise ChannelError(
                f"{self._host}:{self._port} cannot be used ({type(error).__name__})",
                subject=subject,
                is_ambiguous=has_data_begun,
            ) from error
        return Receipt(remote_id=str(mail["Message-ID"]))

    def find(self, message: Message, since: float) -> Receipt | None:
        """None: a mailbox cannot be looked into; a repeat carries the same Message-ID, so that the reader's program joins them."""
        del message, since
        return None

    def edit(self, message: Message, remote_id: str) -> None:
        """Never asked for: a mail that went stays as it is."""
        raise NotImplementedError

    def _connected(self) -> smtplib.SMTP:
        if self._security == "tls":
            server: smtplib.SMTP = _TlsServer(self._host, self._port, timeout=self._timeout, context=ssl.create_default_context())
        else:
            server = _Server(self._host, self._port, timeout=self._timeout)
        try:
            if self._security == "starttls":
                server.starttls(context=ssl.create_default_context())
            if self._user and self._password:
                server.login(self._user, self._password)
        except BaseException:
            server.close()
            raise
        return server

    def _sender_address(self) -> str:
        return self._sender.rsplit("<", 1)[-1].rstrip("> ")


def mail_of(message: Message, *, sender: str, now: datetime) -> EmailMessage:
    """The message as a mail: headers once each, clean of line breaks; text, HTML with its pictures, and files.

    Raises:
        MessageRefused: the address is none.
    """
    if not _ADDRESS.match(message.address):
        raise MessageRefused("not a mail address", subject=f"mail:{message.address}")
    parts = message.mail or MailParts(text=plain_text(message))
    mail = EmailMessage(policy=_POLICY)
    try:
        mail["Subject"] = header(message.headline)[:MAX_SUBJECT]
        mail["From"] = header(sender)
        mail["To"] = Address(addr_spec=message.address)
        mail["Date"] = format_datetime(now)
        domain = sender.rsplit("@", 1)[-1].strip("<> ") or "localhost"
        mail["Message-ID"] = f"<{hashlib.sha256(message.key.encode()).hexdigest()[:32]}@{domain}>"
        if message.thread is not None and _ID.fullmatch(message.thread):
            mail["In-Reply-To"] = message.thread
            mail["References"] = message.thread
        mail["Auto-Submitted"] = "auto-generated"
        mail["List-Id"] = f"<{_list_name(message, parts)}.{domain}>"
        own = sender.rsplit("<", 1)[-1].rstrip("> ")
        subject = "unsubscribe" if parts.list_id is None else f"unsubscribe {parts.list_id}"
        by_mail = f"<mailto:{own}?subject={quote(subject)}>"
        if parts.unsubscribe is None:
            mail["List-Unsubscribe"] = by_mail
        else:  # RFC 8058: one POST to the https address ends it
            mail["List-Unsubscribe"] = f"<{parts.unsubscribe}>, {by_mail}"
            mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    except (MessageError, ValueError, IndexError) as error:
        raise MessageRefused(
            f"cannot be written as a mail ({type(error).__name__})", subject=f"mail:{message.address}"
        ) from error
    _fill(mail, parts)
    return mail


def _fill(mail: EmailMessage, parts: MailParts) -> None:
    """Text or HTML, whichever the reader's program shows; pictures within the HTML, files beside both."""
    mail.set_content(parts.text, cte="quoted-printable")
    if parts.html is not None:
        mail.add_alternative(parts.html, subtype="html", cte="quoted-printable")
        html = list(mail.iter_parts())[1]
        assert isinstance(html, EmailMessage)
        for each in parts.files:
            if each.cid is not None:
                html.add_related(
                    each.content,
                    *each.media_type.split("/"),
                    cid=f"<{each.cid}>",
                    filename=header(each.name),
                    disposition="inline",
                )
    for each in parts.files:
        if each.cid is not None:
            continue
        if each.media_type == "text/calendar":
            mail.add_attachment(
                each.content.decode("utf-8"),
                subtype="calendar",
                cte="base64",
                filename=header(each.name),
                params={"method": "PUBLISH"},
            )
        else:
            mail.add_attachment(each.content, *each.media_type.split("/"), filename=header(each.name))


def _list_name(message: Message, parts: MailParts) -> str:
    """The first label of the list's id: a digest's name, or what kind of message it is."""
    name = parts.list_id or (message.key.split(":")[1] if ":" in message.key else "monitor")
    return re.sub(r"[^a-z0-9-]+", "-", name.lower()).strip("-") or "monitor"


def header(text: str) -> str:
    """Text for a header: one line, no controls, and no encoded word that would become a second header once decoded."""
    return clean(text).replace("=?", "= ?")


def plain_text(message: Message) -> str:
    """An alert as plain text."""
    lines = [message.headline, "", message.news, message.title, message.extract, message.url or "", ""]
    lines += [f"- {each.title}{f' ({each.note})' if each.note else ''}\n  {each.url or ''}" for each in message.lines]
    lines += [f"{name}: {value}" for name, value in message.fields]
    lines += ["", f"Why: {message.why}", message.hint]
    return "\n".join(lines) + "\n"


def _leave(server: smtplib.SMTP) -> None:
    """Say goodbye; whatever the server answers to that, the mail's fate is known."""
    with contextlib.suppress(smtplib.SMTPException, OSError):
        server.quit()
    server.close()


def _refuse(code: int, answer: bytes | str, subject: str) -> None:
    """Turns a negative SMTP reply into an error: 4xx later, 5xx never. Source: RFC 5321 section 4.2.1."""
    if code < 400:
        return
    text = answer.decode("utf-8", "replace") if isinstance(answer, bytes) else str(answer)
    first = clean(text)[:120]
    if code >= 500:
        raise MessageRefused(f"the mail server refuses it ({code} {first})", subject=subject)
    raise ChannelError(f"the mail server says later ({code} {first})", subject=subject)
