"""Home is a work queue: what waits for me by role, the oldest and most urgent first, and below it what I wait for.

The numbers in the navigation stand on this page only (``g.nav_counts``): home has counted them anyway, and no other
page pays a statement for them; a list says its own numbers in its tabs.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from flask import g, render_template
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from portal.core.db import unit_of_work
from portal.core.permissions import Actor
from portal.core.permissions import Permission as P
from portal.reports import queries
from portal.reports.labels import greeting
from portal.reports.queries import TrailFilters, Waiting
from portal.reports.views import blueprint, shop
from portal.reports.views.desk import Desk
from portal.reports.views.links import to_subject
from portal.web.acts import at
from portal.web.auth import current_actor, requires
from portal.web.timeline import event

LATELY = 6
USUAL_DAYS = 92  # what was ordered often within three months


@blueprint.get("/")
@requires(P.HOME_READ)
def home() -> ResponseReturnValue:
    """The work queue of this place."""
    actor = current_actor()
    with unit_of_work(actor.scope) as session:
        return _headquarters(session, actor) if actor.side == "hq" else _dealer(session, actor)


def _headquarters(session: Session, actor: Actor) -> str:
    now, today = at(), actor.day(at())
    next_paid = queries.cycle(session, today)
    found = queries.waiting(session, today=today, next_paid=next_paid)
    desk = Desk(session, actor, found, next_paid, now)
    queue = desk.queue()
    g.nav_counts = _hq_counts(actor, found)
    return render_template(
        "reports/home_hq.html",
        greeting=greeting(now.astimezone(actor.zone).hour, actor.name),
        queue=queue,
        total=sum(row.count for row in queue),
        red=sum(row.tone == "red" for row in queue),
        amber=sum(row.tone == "amber" for row in queue),
        in_hand=desk.in_hand(),
        ahead=desk.ahead(),
        lately=_lately(session, actor) if actor.may(P.AUDIT_READ) else [],
    )


def _lately(session: Session, actor: Actor) -> list[dict[str, Any]]:
    """The newest events of documents, each with a way to it."""
    rows = queries.trail(session, TrailFilters(), zone=actor.zone, limit=LATELY)
    return [
        {
            **event(row),
            "number": row.subject_number,
            "url": to_subject(row.subject_kind, row.subject_number, "hq"),
            "dealer": row.dealer_name or "",
        }
        for row in rows
    ]


def _dealer(session: Session, actor: Actor) -> str:
    now, today = at(), actor.day(at())
    next_paid = queries.cycle(session, today)
    found = queries.waiting(session, today=today, next_paid=next_paid)
    account = shop.account(session, actor, found, next_paid, now)
    counter = shop.Counter(session, actor, next_paid, now)
    todo = counter.todo(account)
    g.nav_counts = counter.counts()
    orders = actor.may(P.ORDER_DRAFT)
    return render_template(
        "reports/home_dealer.html",
        todo=todo,
        total=counter.total,
        red=sum(row.tone == "red" for row in todo),
        runway=account.cells,
        recent=shop.recent(session),
        waits=shop.waits(found, next_paid, today),
        usual=queries.usual_parts(session, since=now - timedelta(days=USUAL_DAYS), today=today) if orders else [],
        may_order=orders,
        may_register=actor.may(P.OLD_PART_REGISTER),
        drafts=found.get("drafts") if orders else None,
    )


def _hq_counts(actor: Actor, found: Mapping[str, Waiting]) -> dict[str, int]:
    """What waits for this member, by the page that shows it."""
    places = {
        "orders.index": ("submitted-orders", P.ORDER_QUOTE), "orders.debits": ("debits", P.ORDER_DEBIT),
        "orders.shipping": ("shipping", P.ORDER_SHIP), "claims.index": ("claim-lines", P.CLAIM_REVIEW),
        "old_parts.index": ("old-parts", P.OLD_PART_REVIEW), "fees.index": ("fees", P.FEE_APPROVE),
    }  # fmt: skip
    return {page: found[kind].count for page, (kind, needs) in places.items() if kind in found and actor.may(needs)}
