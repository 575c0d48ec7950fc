"""Mails as people read them, and the way they leave: by SMTP, or nowhere on a developer's machine.

A template's first line is the subject. It gets the message's facts, ``brand`` (its name), ``secret`` (a one-time link),
``yuan(amount)`` and ``link(endpoint, …)``. The same message has the same Message-ID whenever it is sent: one that was sent
just before its worker was killed is the same mail a second time, and mail programs show it once.
"""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as WIRE
from email.utils import format_datetime, parseaddr
from types import TracebackType
from typing import Any, Protocol, Self
from urllib.parse import unquote, urlsplit

from flask import Flask, current_app
from flask_babel import force_locale

from portal.core import clock
from portal.core.outbox import OutboxMessage
from portal.core.settings import NO_MAIL, Settings, SettingsError
from portal.web.formats import money
from portal.web.i18n import LANGUAGES

SECONDS = 20  # for each word with the mail server; a transaction may idle for 60
_DOTS = "••••••"  # what stands in a secret's place
_PORTS = {"smtp": 25, "smtps": 465}


@dataclass(frozen=True, slots=True)
class MailSettings:
    """``keeps_secrets``: on a developer's machine a mail that nobody sends keeps its link, so that one can follow it."""

    url: str
    sender: str
    base_url: str
    keeps_secrets: bool


def init_mail(app: Flask, settings: Settings) -> None:
    """Let the application know how its mail leaves. Raises SettingsError for an address that is none."""
    if settings.mail_url not in {"", NO_MAIL}:
        _server(settings.mail_url)
    if "@" not in parseaddr(settings.mail_from)[1]:
        raise SettingsError(f"PORTAL_MAIL_FROM={settings.mail_from} is no mail address")
    keeps = settings.environment == "development" and settings.mail_url == NO_MAIL
    app.extensions["portal-mail"] = MailSettings(
        settings.mail_url, settings.mail_from, settings.base_url.rstrip("/"), keeps
    )


def mail_settings() -> MailSettings:
    """How the running application's mail leaves."""
    found: MailSettings = current_app.extensions["portal-mail"]
    return found


# ---------------------------------------------------------------- words


@dataclass(frozen=True, slots=True)
class Words:
    """A mail as it is read."""

    subject: str
    body: str


def words(message: OutboxMessage, *, brand: Mapping[str, str], shown: bool = False) -> Words:
    """A message in its reader's language. ``brand`` is {"zh_Hans_CN": name, "en": name}.

    ``shown`` is for a page: there a secret is a row of dots, but on a developer's machine. Raises what a template raises
    (a fact that is missing), so that nobody is sent half a sentence.
    """
    secret = message.secret
    if secret is None or (shown and not mail_settings().keeps_secrets):
        secret = _DOTS
    with force_locale(_language(message)):
        text = "".join(_parts(message, brand, secret))
    subject, _line, body = text.strip().partition("\n")
    return Words(" ".join(subject.split()), body.strip() + "\n")


def subject(message: OutboxMessage, *, brand: Mapping[str, str]) -> str:
    """The first line alone, for lists: the rest of the mail is not made."""
    line = ""
    with force_locale(_language(message)):
        for part in _parts(message, brand, _DOTS):
            line = (line + part).lstrip()
            if "\n" in line:
                break
    return " ".join(line.partition("\n")[0].split())


def _language(message: OutboxMessage) -> str:
    return message.locale if message.locale in LANGUAGES else LANGUAGES[0]


def _parts(message: OutboxMessage, brand: Mapping[str, str], secret: str) -> Iterator[str]:
    """The mail piece by piece, in the language that is in force."""
    template = current_app.jinja_env.get_template(f"mail/{message.template}.txt")
    return template.generate(
        {**message.facts, "brand": brand[_language(message)], "secret": secret, "yuan": _yuan, "link": _link}
    )


def _yuan(amount: str) -> str:
    return money(Decimal(amount))


def _link(endpoint: str, **values: Any) -> str:
    """A whole address of the portal, without a request to take it from."""
    adapter = current_app.url_map.bind("portal.invalid", url_scheme="https")
    return mail_settings().base_url + adapter.build(endpoint, values)


# ---------------------------------------------------------------- sending


class Away(Exception):
    """The mail server does not answer: later mails would fare no better."""


class Sender(Protocol):
    """What sends mails while it is open."""

    def send(self, message: OutboxMessage, said: Words) -> None:
        """Hand one mail over; Away, or whatever the server says against it."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


def sender() -> Sender:
    """The application's way out. Raises SettingsError where nobody has chosen one."""
    found = mail_settings()
    if not found.url:
        raise SettingsError(
            "PORTAL_MAIL_URL is not set: smtp://user:password@host:587 sends mail by that server, null: sends none"
        )
    return Null() if found.url == NO_MAIL else Smtp(found.url, found.sender)


class Null:
    """Sends nothing; the outbox page shows what would have been sent."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing was opened."""

    def send(self, message: OutboxMessage, said: Words) -> None:
        """Make the mail, so that one that could not be sent is found here too, and drop it."""
        composed(message, said, "portal@localhost").as_bytes()


@dataclass(frozen=True, slots=True)
class Server:
    """A mail server from its address."""

    host: str
    port: int
    user: str
    password: str
    tls_from_the_start: bool


def _server(url: str) -> Server:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise SettingsError("PORTAL_MAIL_URL is no address of a mail server") from error
    if parts.scheme not in _PORTS or not parts.hostname:  # without the text: it may hold a password
        raise SettingsError("PORTAL_MAIL_URL is no address of a mail server, for example smtp://user:password@host:587")
    return Server(
        parts.hostname, port or _PORTS[parts.scheme], unquote(parts.username or ""), unquote(parts.password or ""), parts.scheme == "smtps"
    )  # fmt: skip


class Smtp:
    """One connection for as long as it is open, made with the first mail; encrypted wherever the server can."""

    def __init__(self, url: str, address: str) -> None:
        self._server, self._address = _server(url), address
        self._open: smtplib.SMTP | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._open is not None:
            try:
                self._open.quit()
            except (smtplib.SMTPException, OSError):
                self._open.close()

    def send(self, message: OutboxMessage, said: Words) -> None:
        """Hand one mail over. Away when there is no server or it hangs up; SMTPResponseException when it says no."""
        mail = composed(message, said, self._address)
        try:
            server = self._connected()
        except OSError as error:  # smtplib's own errors among them: a wrong password is no fault of this mail
            raise Away(said_by(error)) from error
        try:
            server.send_message(mail)
        except smtplib.SMTPServerDisconnected as error:
            self._open = None
            raise Away(said_by(error)) from error
        except smtplib.SMTPException:
            raise
        except OSError as error:
            self._open = None
            raise Away(said_by(error)) from error

    def _connected(self) -> smtplib.SMTP:
        if self._open is None:
            at, secure = self._server, ssl.create_default_context()
            if at.tls_from_the_start:
                made: smtplib.SMTP = smtplib.SMTP_SSL(at.host, at.port, timeout=SECONDS, context=secure)
            else:
                made = smtplib.SMTP(at.host, at.port, timeout=SECONDS)
                made.ehlo()
                if made.has_extn("starttls"):
                    made.starttls(context=secure)
                    made.ehlo()
                elif at.user:
                    made.close()
                    raise Away("the mail server offers no encryption, and the password is not sent without")
            if at.user:
                made.login(at.user, at.password)
            self._open = made
        return self._open


def said_by(error: Exception) -> str:
    """An error's own words, without the class that smtplib wraps it in."""
    return str(error) or type(error).__name__


def composed(message: OutboxMessage, said: Words, address: str) -> EmailMessage:
    """The mail on the wire. Raises ValueError for an address that is none."""
    name, plain = parseaddr(address)
    mail = EmailMessage(policy=WIRE)
    mail["Subject"] = said.subject
    mail["From"] = Address(display_name=name, addr_spec=plain)
    mail["To"] = Address(addr_spec=message.recipient)
    mail["Date"] = format_datetime(clock.machine_now())
    mail["Message-ID"] = message_id(message, plain)
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(said.body)
    return mail


def message_id(message: OutboxMessage, address: str) -> str:
    """The mail's name on the net, the same each time it is sent."""
    created = int(message.created_at.timestamp())
    return f"<{message.brand_id}.{message.id}.{created}@{address.rpartition('@')[2]}>"
