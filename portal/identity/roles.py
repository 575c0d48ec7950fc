"""Which role holds which permission (domain.md section 1). The role × act page is drawn from this table."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from functools import lru_cache

from portal.core.permissions import Permission as P


class Role(StrEnum):
    """A named set of permissions; a member may hold several of its side."""

    HQ_CLERK = "hq-clerk"
    HQ_MANAGER = "hq-manager"
    HQ_WAREHOUSE = "hq-warehouse"
    HQ_FINANCE = "hq-finance"
    HQ_FINANCE_MANAGER = "hq-finance-manager"
    HQ_ADMIN = "hq-admin"
    HQ_AUDITOR = "hq-auditor"
    DEALER_CLERK = "dealer-clerk"
    DEALER_TECHNICIAN = "dealer-technician"
    DEALER_MANAGER = "dealer-manager"

    @property
    def side(self) -> str:
        """Where the role is held: "hq" or "dealer"."""
        return self.value.partition("-")[0]


_HQ_READS = frozenset(
    {
        P.HOME_READ, P.ORDER_READ, P.OLD_PART_READ, P.CLAIM_READ, P.SETTLEMENT_READ, P.STATEMENT_READ, P.ACCOUNT_READ, P.FEE_READ,
        P.PART_READ, P.PRICE_READ, P.PRODUCT_READ, P.POLICY_READ, P.DEALER_READ, P.TERM_READ, P.MEMBER_READ, P.ROLE_READ, P.AUDIT_READ,
        P.TOKEN_MAKE,
    }
)  # fmt: skip
_DEALER_READS = frozenset(
    {
        P.HOME_READ, P.ORDER_READ, P.OLD_PART_READ, P.CLAIM_READ, P.STATEMENT_READ, P.ACCOUNT_READ, P.FEE_READ, P.PART_READ,
        P.PRODUCT_READ, P.POLICY_READ, P.MEMBER_READ, P.TOKEN_MAKE,
    }
)  # fmt: skip
_HQ_CLERK = _HQ_READS | {P.ORDER_QUOTE, P.ORDER_CANCEL, P.OLD_PART_REVIEW, P.CLAIM_REVIEW, P.CUSTOMER_OPEN}
_FINANCE = _HQ_READS | {
    P.TOPUP_ENTER,
    P.ORDER_DEBIT,
    P.SETTLEMENT_PREPARE,
    P.SETTLEMENT_CHECK,
    P.MONTH_CLOSE,
    P.STATEMENT_ANSWER,
}
_TECHNICIAN = _DEALER_READS | {P.OLD_PART_REGISTER, P.CUSTOMER_OPEN}
_DEALER_CLERK = _TECHNICIAN | {
    P.ORDER_DRAFT,
    P.ORDER_SUBMIT,
    P.ORDER_CANCEL,
    P.ORDER_RECEIVE,
    P.CLAIM_DRAFT,
    P.CLAIM_SUBMIT,
    P.FEE_DRAFT,
}

HOLDS: dict[Role, frozenset[P]] = {
    Role.HQ_CLERK: _HQ_CLERK,
    Role.HQ_MANAGER: _HQ_CLERK | {P.ORDER_REJECT, P.FEE_APPROVE, P.TERM_SET},
    Role.HQ_WAREHOUSE: _HQ_READS | {P.ORDER_SHIP},
    Role.HQ_FINANCE: _FINANCE,
    Role.HQ_FINANCE_MANAGER: _HQ_READS | {P.SETTLEMENT_POST, P.CREDIT_LIMIT_SET, P.LEDGER_PROVE},
    Role.HQ_ADMIN: _HQ_READS | {P.CATALOG_LOAD, P.MEMBER_MANAGE, P.TERM_SET, P.OUTBOX_READ, P.JOB_READ},
    Role.HQ_AUDITOR: _HQ_READS | {P.LEDGER_PROVE},
    Role.DEALER_CLERK: _DEALER_CLERK,
    Role.DEALER_TECHNICIAN: _TECHNICIAN,
    Role.DEALER_MANAGER: _DEALER_CLERK | {P.ORDER_AGREE, P.FEE_SUBMIT, P.MEMBER_MANAGE, P.STATEMENT_CONFIRM},
}


def permissions_of(roles: Iterable[str]) -> frozenset[P]:
    """All that these roles (by value) hold together; unknown names hold nothing."""
    return _held(frozenset(roles))


@lru_cache(maxsize=1024)
def _held(roles: frozenset[str]) -> frozenset[P]:
    """Asked twice on every request, of the same few sets of roles."""
    return frozenset().union(*(held for role, held in HOLDS.items() if role.value in roles))
