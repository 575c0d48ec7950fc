"""Which role holds what (domain.md section 1): the table that views, buttons and the role page read."""

from __future__ import annotations

import pytest

from portal.core.permissions import Permission as P
from portal.identity.roles import HOLDS, Role, permissions_of


def test_every_role_is_in_the_table_and_of_one_side() -> None:
    assert set(HOLDS) == set(Role)
    assert {role: role.side for role in (Role.HQ_AUDITOR, Role.DEALER_CLERK)} == {
        Role.HQ_AUDITOR: "hq",
        Role.DEALER_CLERK: "dealer",
    }


@pytest.mark.parametrize(
    ("permission", "roles"),
    [
        (P.ORDER_AGREE, {Role.DEALER_MANAGER}),
        (P.ORDER_QUOTE, {Role.HQ_CLERK, Role.HQ_MANAGER}),
        (P.ORDER_REJECT, {Role.HQ_MANAGER}),
        (P.ORDER_DEBIT, {Role.HQ_FINANCE}),
        (P.ORDER_SHIP, {Role.HQ_WAREHOUSE}),
        (P.OLD_PART_REGISTER, {Role.DEALER_TECHNICIAN, Role.DEALER_CLERK, Role.DEALER_MANAGER}),
        (P.CLAIM_SUBMIT, {Role.DEALER_CLERK, Role.DEALER_MANAGER}),
        (P.CLAIM_REVIEW, {Role.HQ_CLERK, Role.HQ_MANAGER}),
        (P.SETTLEMENT_PREPARE, {Role.HQ_FINANCE}),
        (P.SETTLEMENT_POST, {Role.HQ_FINANCE_MANAGER}),
        (P.CREDIT_LIMIT_SET, {Role.HQ_FINANCE_MANAGER}),
        (P.TOPUP_ENTER, {Role.HQ_FINANCE}),
        (P.MONTH_CLOSE, {Role.HQ_FINANCE}),
        (P.FEE_APPROVE, {Role.HQ_MANAGER}),
        (P.FEE_SUBMIT, {Role.DEALER_MANAGER}),
        (P.CATALOG_LOAD, {Role.HQ_ADMIN}),
        (P.MEMBER_MANAGE, {Role.HQ_ADMIN, Role.DEALER_MANAGER}),
        (P.LEDGER_PROVE, {Role.HQ_AUDITOR, Role.HQ_FINANCE_MANAGER}),
        (P.AUDIT_READ, {role for role in Role if role.side == "hq"}),
        (P.HOME_READ, set(Role)),
    ],
)
def test_section_1_who_may_what(permission: P, roles: set[Role]) -> None:
    assert {role for role, held in HOLDS.items() if permission in held} == roles


def test_R2_no_single_role_prepares_checks_and_posts_a_settlement() -> None:
    assert not any({P.SETTLEMENT_CHECK, P.SETTLEMENT_POST} <= held for held in HOLDS.values())


def test_several_roles_hold_together_and_unknown_ones_hold_nothing() -> None:
    assert permissions_of(["hq-warehouse", "hq-finance"]) == HOLDS[Role.HQ_WAREHOUSE] | HOLDS[Role.HQ_FINANCE]
    assert permissions_of([]) == permissions_of(["emperor", ""]) == frozenset()
