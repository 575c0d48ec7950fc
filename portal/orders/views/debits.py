"""Finance's queue of agreed orders: oldest first, one short order not holding back the next (R23)."""

from __future__ import annotations

from decimal import Decimal
from functools import partial

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy.orm.exc import StaleDataError

from portal.core.db import act_whole, unit_of_work
from portal.core.errors import Refused
from portal.core.permissions import Permission as P
from portal.orders import actions, queries
from portal.orders.forms import PlainForm
from portal.orders.views import blueprint
from portal.web import formats
from portal.web.acts import at
from portal.web.auth import current_actor, requires


@blueprint.get("/debits")
@requires(P.ORDER_DEBIT, side="hq")
def debits() -> ResponseReturnValue:
    """The orders that wait for their debit, each with what is missing for it."""
    with unit_of_work(current_actor().scope) as session:
        queue = queries.debit_queue(session)
        ready = [order for order in queue if not order.missing]
        return render_template(
            "orders/debits.html", queue=queue, ready=len(ready), ready_total=sum((o.total for o in ready), Decimal("0.00")),
            total=sum((o.total for o in queue), Decimal("0.00")), missing=sum((o.missing for o in queue), Decimal("0.00")),
        )  # fmt: skip


@blueprint.post("/debits")
@requires(P.ORDER_DEBIT, side="hq")
def debit_all() -> ResponseReturnValue:
    """Debit all that can be debited: each order is a business act of its own."""
    if not PlainForm().validate_on_submit():
        return redirect(url_for("orders.debits"), 303)
    actor = current_actor()
    with unit_of_work(actor.scope) as session:
        numbers = [order.number for order in queries.debit_queue(session)]
    done, taken, short = 0, Decimal("0.00"), []
    for number in numbers:
        try:
            order = act_whole(actor.scope, partial(actions.debit, actor=actor, number=number, at=at()))
        except (Refused, StaleDataError) as why:
            if isinstance(why, Refused) and why.code == "short-of-funds":
                short.append(number)
            continue  # somebody else debited or cancelled it meanwhile: nothing to say about it
        done, taken = done + 1, taken + (order.total or Decimal("0.00"))
    if done:
        words = ngettext(
            "%(num)d order debited, %(total)s.", "%(num)d orders debited, %(total)s.", done, total=formats.money(taken)
        )
        flash(words, "good")
    if short:
        flash(_("Short of funds, they wait: %(numbers)s.", numbers=_(", ").join(short)), "warn")
    if not done and not short:
        flash(_("Nothing was waiting any more."), "info")
    return redirect(url_for("orders.debits"), 303)
