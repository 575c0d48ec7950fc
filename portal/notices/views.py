"""Headquarters' pages of what leaves the portal (the outbox) and of what runs by itself (jobs)."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from flask import Blueprint, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from jinja2 import TemplateError
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.core import clock
from portal.core.db import unit_of_work
from portal.core.outbox import OutboxMessage, OutboxState
from portal.core.permissions import Permission as P
from portal.core.settings import NO_MAIL
from portal.identity import queries as identity
from portal.notices import actions, labels, mail, queries, sheets
from portal.notices.labels import REFUSALS
from portal.organizations.models import Brand
from portal.web.acts import perform
from portal.web.auth import current_actor, requires
from portal.web.exports import BATCH, answer, by_key
from portal.web.pages import SIZE, before, key_page, list_filters

blueprint = Blueprint("notices", __name__)
_NOT_MADE = (
    TemplateError,
    ArithmeticError,
    LookupError,
    TypeError,
    ValueError,
)  # a fact that is missing or of another kind


@blueprint.get("/outbox")
@requires(P.OUTBOX_READ, side="hq")
def outbox() -> ResponseReturnValue:
    """Every mail, the newest first, with its subject."""
    state = _asked(set(OutboxState))
    with unit_of_work(current_actor().scope) as session:
        names = _names(session)
        page = key_page(queries.messages(session, state=state, before=before(), limit=SIZE + 1))
        return render_template(
            "notices/outbox.html",
            page=page,
            subjects={row.id: _subject(row, names) for row in page.rows},
            tabs=_tabs("notices.outbox", labels.STATES, queries.message_counts(session), state),
            states=labels.STATES,
            why=labels.why,
            wanted=state,
            sends=mail.mail_settings().url not in {"", NO_MAIL},
        )


@blueprint.get("/outbox.xlsx")
@requires(P.OUTBOX_READ, side="hq")
def outbox_sheet() -> ResponseReturnValue:
    """The mails as Excel."""
    state = _asked(set(OutboxState))

    def read(session: Session) -> Iterator[sheets.MailRow]:
        names, last = _names(session), None
        while rows := queries.messages(session, state=state, before=last, limit=BATCH):
            dealers = identity.dealer_names(session, [row.dealer_id for row in rows if row.dealer_id is not None])
            for row in rows:
                yield sheets.MailRow(row, _subject(row, names), dealers.get(row.dealer_id or 0, ""))
            last = rows[-1].id
            session.expunge_all()  # written already

    said = labels.STATES[OutboxState(state)][0] if state else ""
    return answer(sheets.MAILS, read, filters=[(_("State"), said)], back="notices.outbox")


@blueprint.get("/outbox/<int:message_id>")
@requires(P.OUTBOX_READ, side="hq")
def message(message_id: int) -> ResponseReturnValue:
    """One mail as its reader gets it; a one-time link is hidden, but on a developer's machine."""
    with unit_of_work(current_actor().scope) as session:
        found = queries.message(session, message_id)
        steps, instead = _onward(session, found)
        said = _said(found, _names(session))
        return render_template(
            "notices/message.html",
            message=found,
            said=said,
            paragraphs=[part.splitlines() for part in said.body.split("\n\n") if part.strip()],
            state=labels.STATES[found.state],
            steps=steps,
            instead=instead,
            why=labels.why(found.error),
        )


@blueprint.post("/outbox/<int:message_id>/again")
@requires(P.OUTBOX_READ, side="hq")
def send_again(message_id: int) -> ResponseReturnValue:
    """Try a failed mail again."""
    page = url_for("notices.message", message_id=message_id)
    return perform(
        lambda session, actor, at: actions.send_again(session, actor, message_id, at=at),
        done=_("The mail is to be sent again."),
        to=page,
        back=page,
    )


@blueprint.get("/jobs")
@requires(P.JOB_READ, side="hq")
def jobs() -> ResponseReturnValue:
    """What ran by itself, runs, or waits; failed jobs with their reason and a button."""
    state = _asked(labels.JOB_STATES)
    with unit_of_work(current_actor().scope) as session:
        counts = queries.job_counts(session)
        return render_template(
            "notices/jobs.html",
            page=key_page(queries.job_rows(session, state=state, before=before(), limit=SIZE + 1)),
            tabs=_tabs("notices.jobs", labels.JOB_STATES, counts.by_state, state),
            stands=clock.now() if clock.stands() else None,
            waiting_minutes=int(counts.waiting_seconds // 60),
            states=labels.JOB_STATES,
            task=_task,
            given=sheets.given,
            wanted=state,
        )


@blueprint.get("/jobs.xlsx")
@requires(P.JOB_READ, side="hq")
def jobs_sheet() -> ResponseReturnValue:
    """The jobs as Excel."""
    state = _asked(labels.JOB_STATES)
    return answer(
        sheets.JOBS,
        lambda session: by_key(lambda last, limit: queries.job_rows(session, state=state, before=last, limit=limit)),
        filters=[(_("State"), labels.JOB_STATES[state][0] if state else "")],
        back="notices.jobs",
    )


@blueprint.post("/jobs/<int:job_id>/again")
@requires(P.JOB_READ, side="hq")
def retry_job(job_id: int) -> ResponseReturnValue:
    """Try a failed job again."""
    return perform(
        lambda session, actor, at: actions.retry_job(session, actor, job_id, at=at),
        done=_("The job runs again in a moment."),
        to=url_for("notices.jobs"),
        back=url_for("notices.jobs"),
    )


def _asked(known: Collection[str]) -> str:
    """The state that the address filters by, "" for every state."""
    wanted = list_filters("state")["state"]
    return wanted if wanted in known else ""


def _tabs(
    endpoint: str, states: Mapping[Any, tuple[Any, str]], counts: Mapping[str, int], wanted: str
) -> list[dict[str, Any]]:
    """All, and each state that has rows or is being looked at."""
    shown = [("", _("All"), None, False)] + [
        (str(state), label, counts.get(str(state), 0), str(state) == "failed")
        for state, (label, _tone) in states.items()
        if counts.get(str(state)) or str(state) == wanted
    ]
    return [
        {"label": label, "url": url_for(endpoint, state=state or None), "number": number, "current": state == wanted, "hot": hot}
        for state, label, number, hot in shown
    ]  # fmt: skip


def _onward(session: Session, found: OutboxMessage) -> tuple[list[dict[str, Any]], str]:
    """The button of a failed mail; what to do instead of sending one that carried a one-time link (and the button for that)."""
    if found.state is not OutboxState.FAILED:
        return [], ""
    if found.secret_ends_at is None and found.secret is None:
        return [_again(found)], ""
    instead = str(labels.INSTEAD.get(found.template, REFUSALS["mail-link-over"]))
    if found.template != "invitation":
        return [], instead
    row = identity.invitation_of_link(session, found.link_hash) if current_actor().may(P.MEMBER_MANAGE) else None
    if row is None:
        return [], _(
            "The invitation was taken up, taken back or sent again since; the page “Members” says where it stands."
        )
    return [
        {
            "name": "invite-again",
            "label": _("Invite again"),
            "url": url_for("identity.send_again", invitation_id=row.id),
            "tone": "primary",
            "picture": "mail",
        }
    ], instead


def _again(found: OutboxMessage) -> dict[str, Any]:
    return {
        "name": "again",
        "label": _("Send again"),
        "url": url_for("notices.send_again", message_id=found.id),
        "tone": "primary",
        "picture": "send",
    }


def _names(session: Session) -> Mapping[str, str]:
    brand = session.scalars(select(Brand)).one()
    return {"zh_Hans_CN": brand.name, "en": brand.name_en}


def _subject(found: OutboxMessage, names: Mapping[str, str]) -> str:
    """The mail's first line; of one that cannot be made its template's name."""
    try:
        return mail.subject(found, brand=names)
    except _NOT_MADE:
        return found.template


def _said(found: OutboxMessage, names: Mapping[str, str]) -> mail.Words:
    """The mail's words; one that cannot be made (a fact is missing) is named by its template."""
    try:
        return mail.words(found, brand=names, shown=True)
    except _NOT_MADE:
        return mail.Words(found.template, "")


def _task(name: str) -> str:
    return str(labels.TASKS.get(name, name))
