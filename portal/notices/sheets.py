"""The outbox and the jobs as Excel: what the pages show, never a one-time link."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _l

from portal.core.outbox import OutboxMessage
from portal.notices import labels
from portal.notices.queries import JobRow
from portal.web.exports import Listing
from portal.web.sheets import Column


@dataclass(frozen=True, slots=True)
class MailRow:
    """A mail with its subject as its reader gets it, and whose people it is for."""

    mail: OutboxMessage
    subject: str
    dealer: str


def given(said: Mapping[str, Any]) -> str:
    """A job's plain arguments in one line."""
    return " ".join(str(value) for value in said.values())


MAILS: Listing[MailRow] = Listing(
    "outbox",
    _l("Outbox"),
    (
        Column(_l("Subject"), "subject", width=48),
        Column(_l("To"), "mail.recipient", width=30),
        Column(_l("Dealer"), "dealer", width=28),
        Column(_l("State"), lambda row: labels.STATES[row.mail.state][0], width=10),
        Column(_l("Tries"), "mail.tries", "whole"),
        Column(_l("Written"), "mail.created_at", "moment"),
        Column(_l("Sent at"), "mail.sent_at", "moment"),
        Column(_l("Why it was not sent"), lambda row: labels.why(row.mail.error), width=48),
    ),
)
JOBS: Listing[JobRow] = Listing(
    "jobs",
    _l("Jobs"),
    (
        Column(_l("Job"), lambda row: labels.TASKS.get(row.task, row.task), width=32),
        Column(_l("Of"), lambda row: given(row.given), width=24),
        Column(_l("State"), lambda row: labels.JOB_STATES[row.state][0], width=10),
        Column(_l("Tries"), "attempts", "whole"),
        Column(_l("Queued"), "queued_at", "moment"),
        Column(_l("Finished"), "ended_at", "moment"),
        Column(_l("Why it failed"), "error", width=48),
    ),
)
