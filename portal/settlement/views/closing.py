"""Closing the ledger's months (R64): asked here, because only a settled month may be closed."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from portal.core import clock
from portal.core.db import unit_of_work
from portal.core.errors import Refused
from portal.core.permissions import Actor
from portal.core.permissions import Permission as P
from portal.ledger import labels as ledger_labels
from portal.ledger import queries as ledger
from portal.settlement import actions, labels, queries
from portal.settlement.views.base import blueprint, month_of
from portal.web.acts import perform
from portal.web.auth import current_actor, requires
from portal.web.errors import sentence


@blueprint.get("/months")
@requires(P.ACCOUNT_READ, side="hq")
def months() -> ResponseReturnValue:
    """Every month of the ledger, open or closed, with its settlement; the next one to close says what it waits for."""
    actor = current_actor()
    with unit_of_work(actor.scope) as session:
        rows = ledger.months(session)
        oldest_open = min((row.month for row in rows if row.closed_at is None), default=None)
        return render_template(
            "settlement/months.html",
            rows=rows,
            settlements=queries.settlements_of(session, [row.month for row in rows]),
            states=labels.STATES,
            oldest_open=oldest_open,
            step=_step(session, actor, oldest_open) if oldest_open and actor.may(P.MONTH_CLOSE) else None,
            head=ledger.chain_head(session),
        )


@blueprint.post("/months/<string:month>/close")
@requires(P.MONTH_CLOSE, side="hq")
def close_month(month: str) -> ResponseReturnValue:
    """Close a month, for good."""
    first, page = month_of(month), url_for("settlement.months")
    return perform(
        lambda session, actor, at: actions.close_month(session, actor, first, at=at),
        done=_("%(month)s is closed.", month=month),
        to=page,
        back=page,
    )


def _step(session: Session, actor: Actor, month: date) -> dict[str, Any]:
    why: Refused | None = queries.close_refusal(session, month, today=actor.day(clock.now()))
    return {
        "name": "close_month",
        "label": str(ledger_labels.STEPS["close_month"]),
        "url": url_for("settlement.close_month", month=f"{month:%Y-%m}"),
        "allowed": why is None,
        "reason": sentence(why) if why else "",
        "tone": "primary",
        "picture": "lock",
        "confirm": _("Close %(month)s for good? Nobody can open it again.", month=f"{month:%Y-%m}"),
    }
