"""What mails and jobs are called: words and colours of states, kinds of mail, tasks, refusals, acts in the trail."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l

from portal.core.outbox import OutboxState

STATES = {
    OutboxState.WAITING: (_l("To be sent"), "move"),
    OutboxState.SENT: (_l("Sent"), "done"),
    OutboxState.FAILED: (_l("Not sent"), "stop"),
}
# By procrastinate's own names of states.
JOB_STATES: dict[str, tuple[Any, str]] = {
    "todo": (_l("Waiting"), "move"),
    "doing": (_l("Running"), "move"),
    "succeeded": (_l("Done"), "done"),
    "failed": (_l("Failed"), "stop"),
    "cancelled": (_l("Cancelled"), "draft"),
    "aborted": (_l("Broken off"), "stop"),
}
# By the name under which each package's jobs.py registers it; the packages stand above this one.
TASKS: dict[str, Any] = {
    "orders.debit_waiting": _l("Debit orders that wait for funds"),
    "settlement.statements": _l("Statements of a posted settlement"),
    "settlement.render_statement": _l("Print a dealer's statement"),
}
# A mail that carried a one-time link and was not sent: what leads on, by its template.
INSTEAD: dict[str, Any] = {
    "invitation": _l("Invite the person again: a new mail with a new link leaves at once."),
    "password-reset": _l("The person asks for a new link on the sign-in page, under “Forgot your password?”."),
    "email-confirm": _l("The person types the new address again on “My login”, which sends a new link."),
}
LINK_OVER = _l("Its one-time link ended, was used or was replaced before the mail could leave.")
REFUSALS: dict[str, Any] = {
    "mail-link-over": _l(
        "This mail carried a one-time link, which is gone: it is not sent again. Let the person have a new link."
    ),
    "mail-not-failed": _l("This mail did not fail: it is waiting or was sent already."),
}
ACTS: dict[str, Any] = {
    "outbox:send_again": _l("let a failed mail be sent again"),
    "job:retry": _l("let job %(job)s run again"),
}


def why(error: str | None) -> str:
    """Why a mail was not sent: our own sentence, the mail server's words as they are."""
    code, _space, rest = (error or "").partition(" ")
    return f"{LINK_OVER} {rest}".strip() if code == "link-over" else error or ""
