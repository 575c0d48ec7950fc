"""The search across packages: documents by how their number begins, dealers by name. Products and parts: their own packages' business."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import DateTime, Text, and_, cast, func, literal, or_, select, union_all
from sqlalchemy.orm import Session

from portal.claims.models import Claim
from portal.core.db import begins
from portal.core.errors import NotFound
from portal.fees.models import FeeSchedule
from portal.ledger import queries as ledger
from portal.old_parts.models import OldPart
from portal.orders.models import Order, Shipment
from portal.organizations.models import Dealer
from portal.settlement.models import Settlement, Statement

EACH = 8
_KEPT: dict[str, Any] = {
    "PO": Order.number, "SH": Shipment.number, "OP": OldPart.number, "RC": Claim.number, "FS": FeeSchedule.number,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Hit:
    """A document whose number (or reference) begins with what was searched for; ``second`` is an old part's review."""

    kind: str
    number: str
    state: str
    second: str
    dealer_code: str
    dealer_name: str
    at: datetime | None


def exists(session: Session, number: str, *, hq: bool) -> bool:
    """Whether a document of that exact number is there for this place. Two statements at most.

    Journals and settlements are headquarters' own: a dealer may not even ask for them.
    """
    kind = number[:2]
    if kind in _KEPT:
        return session.scalar(select(func.count()).where(_KEPT[kind] == number)) == 1
    if kind == "ST" and "-" in number:
        return session.scalar(select(func.count()).where(Statement.number == number)) == 1
    if kind == "ST":
        return hq and session.scalar(select(func.count()).where(Settlement.number == number)) == 1
    try:
        if kind == "TU":
            ledger.topup(session, number)
        elif hq:
            ledger.journal(session, number)
        else:
            return False
    except NotFound:
        return False
    return True


def month_of(session: Session, number: str) -> str | None:
    """The month (2026-10) that the settlement of that number reimburses."""
    month = session.scalar(select(Settlement.month).where(Settlement.number == number))
    return None if month is None else f"{month:%Y-%m}"


def documents(session: Session, typed: str, *, money: bool) -> list[Hit]:
    """Documents whose number begins with ``typed``, the highest numbers of each kind, at most :data:`EACH` of each. One statement.

    Digits alone (2611-0007) may begin after the letters of every kind. ``money``: top-ups too, by how their number or bank's reference
    begins. Each look is one range of an index, read from its end: what it costs does not grow with the brand.
    """
    wish = typed.upper()
    kinds = [
        _hits("order", "PO", Order, Order.state, literal(""), Order.submitted_at, wish),
        _hits("claim", "RC", Claim, Claim.state, literal(""), Claim.submitted_at, wish),
        _hits("old-part", "OP", OldPart, OldPart.state, OldPart.review, OldPart.registered_at, wish),
        _hits("shipment", "SH", Shipment, Shipment.state, literal(""), Shipment.shipped_at, wish),
        _hits("fee", "FS", FeeSchedule, FeeSchedule.state, literal(""), FeeSchedule.submitted_at, wish),
        _hits("statement", "ST", Statement, literal(""), literal(""), Statement.posted_at, wish),
    ]
    found = [Hit(*row) for row in session.execute(union_all(*kinds))]
    if money:
        found += [
            Hit("topup", row.number, "", "", row.dealer_code, row.dealer_name, row.entered_at)
            for row in ledger.topups_beginning(session, _spelled("TU", wish), typed, limit=EACH)
        ]
    return found


def _spelled(letters: str, wish: str) -> str:
    return letters + wish if wish[0].isdigit() else wish


def _hits(kind: str, letters: str, table: Any, state: Any, second: Any, at: Any, wish: str) -> Any:
    return (
        select(
            cast(literal(kind), Text), cast(table.number, Text), cast(state, Text), cast(second, Text), Dealer.code, Dealer.name,
            cast(at, DateTime(timezone=True)),
        )
        .select_from(table)
        .join(Dealer, and_(Dealer.brand_id == table.brand_id, Dealer.id == table.dealer_id))
        .where(begins(table.number, _spelled(letters, wish)))
        .order_by(table.number.desc())
        .limit(EACH)
    )  # fmt: skip


def dealers(session: Session, typed: str) -> list[tuple[str, str, str]]:
    """Dealers (code, name, city) by code, or by a part of name, city or contact: a small table, read whole. One statement."""
    rows = session.execute(
        select(Dealer.code, Dealer.name, Dealer.city)
        .where(
            or_(
                Dealer.code == typed.upper(), Dealer.name.contains(typed, autoescape=True), Dealer.city.contains(typed, autoescape=True),
                Dealer.contact.contains(typed, autoescape=True),
            )
        )
        .order_by(Dealer.code)
        .limit(EACH)
    )  # fmt: skip
    return [(code, name, city) for code, name, city in rows]
