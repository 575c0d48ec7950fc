"""What a dealer's form is compared with, for all its rows at once; and its rows as they are kept."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ARRAY, Text, and_, any_, func, literal, or_, select
from sqlalchemy.orm import Session

from portal.catalog.models import FaultCode, Part, ProductModel
from portal.claims.matching import FormRow, Outcome, Register, Registered
from portal.claims.models import Claim, ClaimForm, ClaimFormRow, ClaimLine
from portal.claims.terms import LATE_DAYS
from portal.core import terms
from portal.old_parts.models import OldPart
from portal.organizations.models import Dealer
from portal.warranty import rules as warranty
from portal.warranty.models import PolicyLine, Product, WarrantyPolicy


@dataclass(frozen=True, slots=True)
class KeptRow:
    """A row of a form as its page shows it. ``line`` is where its registration stands on the claim now, None when it does not."""

    id: int
    row_no: int
    seen: dict[str, str]
    read: dict[str, Any]
    outcome: Outcome
    facts: dict[str, Any]
    remarks: list[dict[str, Any]]
    old_part: str | None
    line: int | None


@dataclass(frozen=True, slots=True)
class Earlier:
    """The draft (or by now claim) that a file was made into before."""

    ref: str
    number: str | None
    taken_at: datetime
    taken_by: str


def dealer_code(session: Session, dealer_id: int) -> str:
    """The dealer's own code."""
    return session.execute(select(Dealer.code).where(Dealer.id == dealer_id)).scalar_one()


def form_of_file(session: Session, dealer_id: int, sha256: str) -> Earlier | None:
    """What the dealer made of that very file before (IE4)."""
    row = session.execute(
        select(func.coalesce(Claim.number, Claim.public_id), Claim.number, ClaimForm.taken_at, ClaimForm.taken_by)
        .join(Claim, and_(Claim.brand_id == ClaimForm.brand_id, Claim.id == ClaimForm.claim_id))
        .where(ClaimForm.dealer_id == dealer_id, ClaimForm.sha256 == sha256)
    ).one_or_none()
    return None if row is None else Earlier(*row)


def form_of(session: Session, claim_id: int) -> ClaimForm | None:
    """The workbook that a claim was drafted from, if it was."""
    return session.scalar(select(ClaimForm).where(ClaimForm.claim_id == claim_id))


def form_rows(session: Session, form: ClaimForm) -> list[KeptRow]:
    """Its rows in the sheet's order, with the line of each, in one statement."""
    rows: Any = session.execute(
        select(
            ClaimFormRow.id, ClaimFormRow.row_no, ClaimFormRow.seen, ClaimFormRow.read, ClaimFormRow.outcome,
            ClaimFormRow.facts, ClaimFormRow.remarks, OldPart.number, ClaimLine.position,
        )
        .outerjoin(OldPart, and_(OldPart.brand_id == ClaimFormRow.brand_id, OldPart.id == ClaimFormRow.old_part_id))
        .outerjoin(
            ClaimLine,
            and_(
                ClaimLine.brand_id == OldPart.brand_id, ClaimLine.old_part_id == OldPart.id, ClaimLine.claim_id == form.claim_id
            ),
        )
        .where(ClaimFormRow.form_id == form.id)
        .order_by(ClaimFormRow.row_no)
    )  # fmt: skip
    return [KeptRow(one, no, seen, read, Outcome(outcome), *rest) for one, no, seen, read, outcome, *rest in rows]


def form_rows_for_update(session: Session, form: ClaimForm) -> list[ClaimFormRow]:
    """The rows of a form, locked and fresh; their claim is locked before."""
    return list(
        session.scalars(
            select(ClaimFormRow)
            .where(ClaimFormRow.form_id == form.id)
            .order_by(ClaimFormRow.row_no)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
    )


def register_for(session: Session, dealer_id: int, rows: Collection[FormRow], *, today: date) -> Register:
    """What the register knows of all that the rows name, in six statements however many they are."""
    serials, parts = {row.serial for row in rows if row.serial}, {row.part for row in rows if row.part}
    products = {
        row.serial.upper(): row
        for row in session.execute(
            select(
                Product.serial, ProductModel.name.label("model"), ProductModel.category_id, Product.made_on, Product.bought_on,
                Product.installed_on, Product.use,
            )
            .join(ProductModel, and_(ProductModel.brand_id == Product.brand_id, ProductModel.id == Product.model_id))
            .where(Product.dealer_id == dealer_id, _one_of(Product.serial, serials))
        )
    }  # fmt: skip
    groups = {
        number.upper(): group
        for number, group in session.execute(select(Part.number, Part.part_group).where(_one_of(Part.number, parts)))
    }
    faults = session.scalars(select(FaultCode.code).where(_one_of(FaultCode.code, {row.fault for row in rows})))
    policies = _policies(session, {row.day for row in rows if row.day is not None})

    def verdict(serial: str, part: str, day: date) -> warranty.Verdict:
        product = products[serial]
        version, lines = next(
            ((name, lines) for name, first, last, lines in policies if first <= day and (last is None or day < last)),
            (None, {}),
        )
        return warranty.verdict(
            policy_version=version, lines=lines.get(product.category_id, ()), part_group=groups[part],
            days=warranty.Days(product.made_on, product.bought_on, product.installed_on), use=product.use,
            cause=warranty.QUALITY, on=day,
        )  # fmt: skip

    return Register(
        registered=_registered(session, dealer_id, {row.old_part for row in rows if row.old_part}, serials),
        products={serial: row.model for serial, row in products.items()},
        parts=frozenset(groups),
        faults=frozenset(code.upper() for code in faults),
        verdict=verdict,
        late_days=terms.value(session, LATE_DAYS, on=today),
    )


def _registered(
    session: Session, dealer_id: int, numbers: Collection[str], serials: Collection[str]
) -> list[Registered]:
    rows: Any = session.execute(
        select(
            OldPart.id, OldPart.number, OldPart.state, Product.serial, Part.number, FaultCode.code, OldPart.replaced_on,
            OldPart.quantity, OldPart.amount,
        )
        .join(Product, and_(Product.brand_id == OldPart.brand_id, Product.id == OldPart.product_id))
        .join(Part, and_(Part.brand_id == OldPart.brand_id, Part.id == OldPart.part_id))
        .join(FaultCode, and_(FaultCode.brand_id == OldPart.brand_id, FaultCode.id == OldPart.fault_id))
        .where(
            OldPart.dealer_id == dealer_id, or_(_one_of(OldPart.number, numbers), _one_of(Product.serial, serials))
        )
        .order_by(OldPart.id)
    )  # fmt: skip
    return [Registered(*row) for row in rows]


def _policies(session: Session, days: Collection[date]) -> list[tuple[str, date, date | None, dict[int, list[Any]]]]:
    """The policy versions in force on any of the days: version, first day, first day after, lines by category."""
    if not days:
        return []
    found = session.execute(
        select(WarrantyPolicy.id, WarrantyPolicy.version, WarrantyPolicy.from_day, WarrantyPolicy.to_day).where(
            WarrantyPolicy.withdrawn_at.is_(None),
            WarrantyPolicy.from_day <= max(days),
            or_(WarrantyPolicy.to_day.is_(None), WarrantyPolicy.to_day > min(days)),
        )
    ).all()
    lines: dict[int, dict[int, list[Any]]] = {row.id: {} for row in found}
    stored: Any = session.execute(
        select(
            PolicyLine.policy_id, PolicyLine.category_id, PolicyLine.line_no, PolicyLine.part_group, PolicyLine.home_months,
            PolicyLine.commercial_months, PolicyLine.basis,
        )
        .where(PolicyLine.policy_id.in_(lines))
        .order_by(PolicyLine.line_no)
    )  # fmt: skip
    for policy, category, *line in stored:
        lines[policy].setdefault(category, []).append(warranty.Line(*line))
    return [(row.version, row.from_day, row.to_day, lines[row.id]) for row in found]


def _one_of(column: Any, wanted: Iterable[str]) -> Any:
    """The column is one of these, as typed or in capitals."""
    spellings = sorted({spelling for one in wanted for spelling in (one, one.upper())})
    return column == any_(literal(spellings, ARRAY(Text)))
