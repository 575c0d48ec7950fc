"""The mail leaves: what waits in the outboxes is sent one by one, each in a transaction of its own."""

from __future__ import annotations

import smtplib
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

import structlog
from sqlalchemy import select, text

from portal.core import clock, queue, replies
from portal.core.db import db, unit_of_work
from portal.core.outbox import OutboxMessage, OutboxState
from portal.core.permissions import Actor
from portal.core.scope import Scope
from portal.identity import queries as identity
from portal.notices import actions, mail, queries
from portal.organizations.models import Brand

log = structlog.get_logger()

MOST = 200  # mails of one brand before the next one's turn
TRIES = 12  # the last some six hours after the first
LONGEST_WAIT = timedelta(hours=1)
_BRANDS = text("SELECT * FROM outbox_brands()")


def send_mail() -> int:
    """Send what waits, brand by brand; returns how many mails left. An unreachable server ends it until the next time."""
    with db.engine.begin() as connection:
        codes = list(connection.scalars(_BRANDS))
    if not codes:
        return 0
    sent = 0
    with mail.sender() as sender:
        for code in codes:
            scope = Scope(identity.brand_by_code(db.engine, code).id)
            with unit_of_work(scope) as session:
                actions.wipe_secrets(session)
            for _number in range(MOST):
                outcome = _send_one(scope, sender)
                if outcome is None:
                    break
                if outcome == "away":
                    return sent
                sent += outcome == "sent"
    return sent


def _send_one(scope: Scope, sender: mail.Sender) -> str | None:
    """Send the oldest mail that may go: "sent", "failed", "later", "away", or None when there is none.

    One whose one-time link opens nothing any more is not sent. Its row stays locked while it is handed over, so that two workers never send one mail. Killed between the server's
    yes and the commit, it is sent again under the same Message-ID.
    """
    with unit_of_work(scope) as session:
        message = queries.next_to_send(session, now=clock.machine_now())
        if message is None:
            return None
        if not queries.link_lives(session, message):
            actions.give_up(message, actions.LINK_OVER)
            return "failed"
        names = _names(session.scalars(select(Brand)).one())
        try:
            sender.send(message, mail.words(message, brand=names))
        except Exception as error:  # noqa: BLE001 - whatever is wrong with one mail is written on it and holds back no other
            return _not_sent(message, error)
        message.state, message.sent_at, message.error = OutboxState.SENT, clock.now(), None
        message.tries += 1
        if not mail.mail_settings().keeps_secrets:
            message.secret = None
    log.info("mail-sent", brand_id=scope.brand_id, message=message.id, template=message.template)
    return "sent"


def _names(brand: Brand) -> Mapping[str, str]:
    return {"zh_Hans_CN": brand.name, "en": brand.name_en}


def _not_sent(message: OutboxMessage, error: Exception) -> str:
    """Write down why, and when it is tried again; what the server refuses for good, or cannot be made, is failed at once."""
    message.tries += 1
    message.error = f"{type(error).__name__}: {error}".replace("\n", " ")[:500]
    log.warning("mail-not-sent", message=message.id, template=message.template, tries=message.tries, why=message.error)
    if not _passing(error) or message.tries >= TRIES:
        actions.give_up(message, message.error)
        return "failed"
    message.not_before = clock.machine_now() + min(timedelta(seconds=30) * 2**message.tries, LONGEST_WAIT)
    return "away" if isinstance(error, mail.Away) else "later"


def _passing(error: Exception) -> bool:
    """Whether another time may help: the server is away, or said "not now" (4xx)."""
    if isinstance(error, mail.Away):
        return True
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return all(code < 500 for code, _words in error.recipients.values())
    return isinstance(error, smtplib.SMTPResponseException) and error.smtp_code < 500


@queue.clockwork("notices.replies")
def forget_replies(actor: Actor, _at: datetime) -> Iterator[queue.Outcome]:
    """Replies kept for repeated requests go after seven days (the machine's)."""
    with unit_of_work(actor.scope) as session:
        gone = replies.forget_old(session)
    if gone:
        yield queue.Outcome("forgotten", {"replies": gone})
