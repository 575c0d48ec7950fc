"""When it may happen: every state is entered and left, every step has its act, its word and its permission."""

from __future__ import annotations

from datetime import date
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest

from portal.core.errors import Refused
from portal.core.permissions import Actor
from portal.core.permissions import Permission as P
from portal.core.scope import Scope
from portal.identity.roles import Role, permissions_of
from portal.orders import actions, labels, workflow
from portal.orders.models import OrderState, ShipmentState
from portal.orders.workflow import ORDER, SHIPMENT

S = OrderState


def actor(*roles: Role) -> Actor:
    dealer = 7 if roles[0].side == "dealer" else None
    names = tuple(role.value for role in roles)
    return Actor(Scope(1, dealer, 3), "somebody", ZoneInfo("Asia/Shanghai"), permissions_of(names), names, login_id=9)


def order(state: OrderState, *, lapses_on: date | None = None, in_transit: int = 0) -> SimpleNamespace:
    parcels = [SimpleNamespace(state=ShipmentState.IN_TRANSIT)] * in_transit + [
        SimpleNamespace(state=ShipmentState.RECEIVED)
    ]
    return SimpleNamespace(state=state, lapses_on=lapses_on, shipments=parcels, quote_no=1)


@pytest.mark.parametrize("flow", [ORDER, SHIPMENT], ids=lambda flow: flow.name)
def test_every_state_is_entered_and_left_and_the_ends_are_ends(flow) -> None:
    kind = type(flow.starts)
    entered = {step.reaches for step in flow.steps} | {flow.starts}
    left = {state for step in flow.steps for state in step.leaves}
    assert entered == set(kind)
    assert left == set(kind) - flow.ends


def test_every_step_has_its_act_and_its_word() -> None:
    for step in ORDER.steps:
        assert callable(getattr(actions, step.name)), step.name
        assert step.name in labels.STEPS
        assert f"order:{step.name}" in labels.ACTS
    assert set(labels.STATES) == set(S)
    assert set(labels.SHIPMENT_STATES) == set(ShipmentState)


TABLE = {
    # who may take which step from where (domain.md section 3)
    "amend": ({S.DRAFT}, {Role.DEALER_CLERK, Role.DEALER_MANAGER}),
    "submit": ({S.DRAFT}, {Role.DEALER_CLERK, Role.DEALER_MANAGER}),
    "send_back": ({S.SUBMITTED}, {Role.HQ_CLERK, Role.HQ_MANAGER}),
    "reject": ({S.SUBMITTED}, {Role.HQ_MANAGER}),
    "quote": ({S.SUBMITTED}, {Role.HQ_CLERK, Role.HQ_MANAGER}),
    "agree": ({S.QUOTED}, {Role.DEALER_MANAGER}),
    "dispute": ({S.QUOTED}, {Role.DEALER_CLERK, Role.DEALER_MANAGER}),
    "debit": ({S.AGREED}, {Role.HQ_FINANCE}),
    "ship_part": ({S.DEBITED, S.PART_SHIPPED}, {Role.HQ_WAREHOUSE}),
    "ship_rest": ({S.DEBITED, S.PART_SHIPPED}, {Role.HQ_WAREHOUSE}),
    "receive": ({S.SHIPPED}, {Role.DEALER_CLERK, Role.DEALER_MANAGER}),
}


@pytest.mark.parametrize("name", sorted(TABLE))
def test_a_step_is_taken_from_its_states_by_its_roles_only(name: str) -> None:
    states, roles = TABLE[name]
    for state in S:
        for role in Role:
            allowed = ORDER.refusal(name, order(state), actor(role)) is None
            assert allowed == (state in states and role in roles), (name, state, role)


@pytest.mark.parametrize("state", list(S))
def test_R24_a_dealer_cancels_until_agreed_and_headquarters_until_shipped(state: OrderState) -> None:
    dealer = {S.DRAFT, S.SUBMITTED, S.QUOTED}
    hq = {S.SUBMITTED, S.QUOTED, S.AGREED, S.DEBITED}
    assert (ORDER.refusal("cancel", order(state), actor(Role.DEALER_CLERK)) is None) == (state in dealer)
    assert (ORDER.refusal("cancel", order(state), actor(Role.HQ_CLERK)) is None) == (state in hq)
    for role in (Role.HQ_AUDITOR, Role.HQ_WAREHOUSE, Role.DEALER_TECHNICIAN):
        assert ORDER.refusal("cancel", order(state), actor(role)) == "permission-missing"


def test_cancelling_on_the_other_side_says_whose_it_is() -> None:
    assert ORDER.refusal("cancel", order(S.AGREED), actor(Role.DEALER_MANAGER)) == "cancel-by-hq-only"
    assert ORDER.refusal("cancel", order(S.DRAFT), actor(Role.HQ_MANAGER)) == "cancel-by-dealer-only"


def test_an_order_is_not_received_while_a_parcel_is_on_its_way() -> None:
    assert ORDER.refusal("receive", order(S.SHIPPED, in_transit=1), actor(Role.DEALER_CLERK)) == "still-in-transit"
    assert (
        SHIPMENT.refusal("receive", SimpleNamespace(state=ShipmentState.IN_TRANSIT), actor(Role.HQ_CLERK))
        == "permission-missing"
    )


def test_R22_the_button_of_a_lapsed_quote_is_refused_in_words_and_so_is_the_act() -> None:
    boss, quoted = actor(Role.DEALER_MANAGER), order(S.QUOTED, lapses_on=date(2026, 10, 12))
    last = {offer.name: offer.refusal for offer in workflow.offers(quoted, boss, on=date(2026, 10, 12))}
    over = {offer.name: offer.refusal for offer in workflow.offers(quoted, boss, on=date(2026, 10, 13))}
    assert last == {"agree": None, "dispute": None, "cancel": None}
    assert over == {"agree": "quote-lapsed", "dispute": None, "cancel": None}
    workflow.in_time(quoted, on=date(2026, 10, 12))
    with pytest.raises(Refused, match="quote-lapsed"):
        workflow.in_time(quoted, on=date(2026, 10, 13))


def test_an_auditor_is_offered_nothing() -> None:
    assert [workflow.offers(order(state), actor(Role.HQ_AUDITOR), on=date(2026, 10, 5)) for state in S] == [[]] * len(S)


def test_nothing_needs_a_permission_that_nobody_holds() -> None:
    held = permissions_of(role.value for role in Role)
    assert {step.needs for step in ORDER.steps} <= held
    assert P.ORDER_AGREE in held
