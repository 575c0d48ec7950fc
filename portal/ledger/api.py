"""Top-ups for other programs; accounts stand in ``portal/settlement/api``, as their pages do."""

from __future__ import annotations

from portal.core.permissions import Permission as P
from portal.ledger import actions, queries
from portal.ledger.schemas import TopUpIn, TopUpOut, TopUpQuery, TopUpReasonIn
from portal.organizations import queries as organizations
from portal.web.api import Answer, Api, Call, Page

api = Api("ledger", tag="top-ups", words="Money that dealers pay in.")


@api.reads("/top-ups", P.ACCOUNT_READ, gives=Page[TopUpOut])
def topups(call: Call, query: TopUpQuery) -> Page[TopUpOut]:
    """Top-ups, newest first; a dealer sees its own."""
    dealer_id = organizations.dealer(call.session, query.dealer).id if query.dealer else None
    rows = queries.topups(call.session, before_id=call.after_id(query), dealer_id=dealer_id, limit=query.limit + 1)
    return call.page(query, rows, TopUpOut.of)


@api.reads("/top-ups/<number>", P.ACCOUNT_READ, gives=TopUpOut)
def topup(call: Call, number: str) -> Answer:
    """One top-up. It has no version: it is never changed, only taken back, once."""
    return _shown(call, number)


@api.acts("/top-ups", P.TOPUP_ENTER, side="hq", gives=TopUpOut, makes=True)
def enter(call: Call, body: TopUpIn) -> Answer:
    """Enter a bank's advice and post it to the dealer's account; the same advice twice is refused."""
    made = actions.enter_topup(
        call.session, call.actor, dealer_code=body.dealer, amount=body.amount, received_on=body.received_on,
        bank_reference=body.bank_reference, note=body.note, at=call.at,
    )  # fmt: skip
    return _shown(call, made.number)


@api.acts("/top-ups/<number>/reverse", P.TOPUP_ENTER, side="hq", gives=TopUpOut)
def reverse(call: Call, number: str, body: TopUpReasonIn) -> Answer:
    """Take a mistaken top-up back, whole; it can be done once."""
    actions.reverse_topup(call.session, call.actor, number, reason=body.reason, at=call.at)
    return _shown(call, number)


def _shown(call: Call, number: str) -> Answer:
    found = queries.topup(call.session, number)
    dealer = queries.dealer_of(call.session, found)
    body = TopUpOut(
        number=found.number, state=found.state, dealer=dealer.code, dealer_name=dealer.name, amount=found.amount,
        received_on=found.received_on, bank_reference=found.bank_reference, note=found.note, entered_at=found.entered_at,
        entered_by=found.entered_by,
    )  # fmt: skip
    return Answer(body, at=f"/top-ups/{found.number}")
