"""Every permission, and who acts. Which role holds which: ``portal/identity/roles.py``."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Literal, Protocol, TypeVar
from zoneinfo import ZoneInfo

from portal.core import clock
from portal.core.errors import NotFound
from portal.core.scope import Scope


class Permission(StrEnum):
    """What a member may do; a role is a set of these."""

    ORDER_READ = "orders.read"
    ORDER_DRAFT = "orders.draft"
    ORDER_SUBMIT = "orders.submit"
    ORDER_AGREE = "orders.agree"
    ORDER_CANCEL = "orders.cancel"
    ORDER_RECEIVE = "orders.receive"
    ORDER_QUOTE = "orders.quote"
    ORDER_REJECT = "orders.reject"
    ORDER_DEBIT = "orders.debit"
    ORDER_SHIP = "orders.ship"
    OLD_PART_READ = "old_parts.read"
    OLD_PART_REGISTER = "old_parts.register"
    OLD_PART_REVIEW = "old_parts.review"
    CLAIM_READ = "claims.read"
    CLAIM_DRAFT = "claims.draft"
    CLAIM_SUBMIT = "claims.submit"
    CLAIM_REVIEW = "claims.review"
    SETTLEMENT_READ = "settlement.read"
    SETTLEMENT_PREPARE = "settlement.prepare"
    SETTLEMENT_CHECK = "settlement.check"
    SETTLEMENT_POST = "settlement.post"
    STATEMENT_READ = "statements.read"
    ACCOUNT_READ = "ledger.read"
    TOPUP_ENTER = "ledger.topup"
    CREDIT_LIMIT_SET = "ledger.credit-limit"
    MONTH_CLOSE = "ledger.close-month"
    LEDGER_PROVE = "ledger.prove"
    FEE_READ = "fees.read"
    FEE_DRAFT = "fees.draft"
    FEE_SUBMIT = "fees.submit"
    FEE_APPROVE = "fees.approve"
    PART_READ = "catalog.read"
    PRICE_READ = "catalog.prices"
    CATALOG_LOAD = "catalog.load"
    PRODUCT_READ = "products.read"
    CUSTOMER_OPEN = "products.open-customer"
    POLICY_READ = "policies.read"
    DEALER_READ = "dealers.read"
    TERM_READ = "terms.read"
    TERM_SET = "terms.set"
    MEMBER_READ = "members.read"
    MEMBER_MANAGE = "members.manage"
    ROLE_READ = "roles.read"
    AUDIT_READ = "audit.read"
    HOME_READ = "home.read"
    TOKEN_MAKE = "tokens.make"  # noqa: S105 - a permission
    STATEMENT_CONFIRM = "statements.confirm"
    STATEMENT_ANSWER = "statements.answer"
    OUTBOX_READ = "outbox.read"
    JOB_READ = "jobs.read"


class Numbered(Protocol):
    """A document, which is given its number when its dealer sends it."""

    @property
    def number(self) -> str | None: ...


Sent = TypeVar("Sent", bound=Numbered)


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, in which place, with which permissions, and from where.

    ``login_id`` is None for the system. ``via`` says through what: a page, the API, a command, or the system itself.
    ``address`` is the network address (never shown to dealers). ``zone`` is the brand's time zone.
    """

    scope: Scope
    name: str
    zone: ZoneInfo
    permissions: frozenset[Permission]
    roles: tuple[str, ...] = ()
    login_id: int | None = None
    address: str | None = None
    via: Literal["page", "command", "system", "api"] = "page"
    brand_code: str = ""
    dealer_code: str | None = field(default=None)

    @property
    def side(self) -> Literal["hq", "dealer"]:
        """Headquarters or a dealer."""
        return self.scope.side

    @property
    def is_system(self) -> bool:
        """True for what runs by itself."""
        return self.login_id is None

    def sees(self, document: Sent) -> Sent:
        """The same ``document``; NotFound for headquarters while its dealer has not sent it (then it has no number yet)."""
        if self.side == "hq" and document.number is None:
            raise NotFound
        return document

    def may(self, permission: Permission) -> bool:
        """Whether this member holds ``permission``."""
        return permission in self.permissions

    def day(self, at: datetime) -> date:
        """The business day of the instant ``at`` in the brand's zone."""
        return clock.day(at, self.zone)
