"""A month's lines one by one: what is left out and why, one dealer's share, leaving a line out by hand (R50, R51)."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from portal.core import clock
from portal.core.db import unit_of_work
from portal.core.errors import NotFound, Refused
from portal.core.permissions import Actor
from portal.core.permissions import Permission as P
from portal.organizations.models import Dealer
from portal.settlement import actions, labels, queries, rules
from portal.settlement.forms import ExcludeForm
from portal.settlement.models import SettlementState
from portal.settlement.views.base import blueprint, month_of
from portal.web.acts import perform
from portal.web.auth import current_actor, requires
from portal.web.pages import address, list_filters

LINES = 50


@blueprint.get("/settlement/<string:month>/left-out")
@requires(P.SETTLEMENT_READ, side="hq")
def left_out(month: str) -> ResponseReturnValue:
    """Line by line what a month leaves out, and why."""
    actor, first = current_actor(), month_of(month)
    wanted = list_filters("because", "after")
    because = rules.LeftOutBecause(wanted["because"]) if wanted["because"] in set(rules.LeftOutBecause) else None
    after = _whole(wanted["after"])
    with unit_of_work(actor.scope) as session:
        found = queries.settlement(session, first)
        seen_at = found.posted_at if found and found.posted_at else clock.now()
        lines = queries.left_out_lines(session, first, seen_at=seen_at, because=because, after=after, limit=LINES + 1)
        return render_template(
            "settlement/left_out.html",
            month=first,
            groups=queries.left_out_groups(session, first, seen_at=seen_at),
            lines=lines[:LINES],
            older=address(after=lines[LINES - 1].line_id) if len(lines) > LINES else "",
            first=address(after=None) if after is not None else "",
            because=because,
            labels=labels.LEFT_OUT,
            goes_to=labels.goes_to,
        )


@blueprint.get("/settlement/<string:month>/<string:dealer>")
@requires(P.SETTLEMENT_READ, side="hq")
def share(month: str, dealer: str) -> ResponseReturnValue:
    """One dealer's lines of a month; until it is posted, each can be left out with a reason."""
    actor, first = current_actor(), month_of(month)
    after = _whole(list_filters("after")["after"])
    with unit_of_work(actor.scope) as session:
        found = queries.settlement(session, first)
        who = queries.dealer(session, dealer)
        lines = queries.lines_of_share(session, who.id, first, after=after, limit=LINES + 1)
        count, claimed, approved = queries.share_totals(session, who.id, first)
        posted = found is not None and found.state == SettlementState.POSTED
        return render_template(
            "settlement/share.html",
            month=first,
            dealer=who,
            lines=lines[:LINES],
            count=count,
            claimed=claimed,
            approved=approved,
            older=address(after=lines[LINES - 1].id) if len(lines) > LINES else "",
            first=address(after=None) if after is not None else "",
            posted=posted,
            statement=rules.statement_number(first, who.code) if posted else "",
            may_exclude=actor.may(P.SETTLEMENT_PREPARE) and not posted,
            step=lambda line: _exclude_step(first, who, line),
        )


def _exclude_step(month: date, dealer: Dealer, line: Any) -> dict[str, Any]:
    return {
        "name": f"exclude-{line.claim}-{line.position}",
        "label": _("Leave out"),
        "url": url_for("settlement.exclude", month=f"{month:%Y-%m}"),
        "asks": _("Why is this line moved on to the next settlement? The dealer reads it."),
        "hidden": {"claim": line.claim, "position": line.position, "dealer": dealer.code},
    }


@blueprint.post("/settlement/<string:month>/exclude")
@requires(P.SETTLEMENT_PREPARE, side="hq")
def exclude(month: str) -> ResponseReturnValue:
    """Leave one line out, with a reason."""
    first, form = month_of(month), ExcludeForm()
    dealer = request.form.get("dealer", "")
    back = (
        url_for("settlement.share", month=month, dealer=dealer) if dealer else url_for("settlement.detail", month=month)
    )

    def act(session: Session, actor: Actor, at: datetime) -> object:
        if not form.validate():
            raise NotFound if form.claim.errors or form.position.errors else Refused("reason-needed", field="reason")
        typed = form.data
        return actions.exclude(
            session, actor, first, claim=typed["claim"], position=typed["position"], reason=typed["reason"], at=at
        )

    return perform(
        act,
        done=_("The line moves on to the next settlement. Prepare this one again if it was prepared."),
        to=back,
        back=back,
    )


def _whole(text: str) -> int | None:
    """A row's key out of an address; anything else is no key."""
    return int(text) if text.isdecimal() and text.isascii() and len(text) < 19 else None
