"""What can be seen of registered products and policies, and the verdict on a product, a part, a cause and a day (R13)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

from sqlalchemy import ARRAY, CompoundSelect, Row, Text, any_, func, literal, or_, select, text, true, union
from sqlalchemy.orm import Session

from portal.catalog.models import Category, Part, ProductModel
from portal.core.db import begins
from portal.core.errors import NotFound, Refused
from portal.core.tables.cells import half_width
from portal.organizations.models import Dealer
from portal.warranty import rules
from portal.warranty.models import PolicyLine, Product, Use, WarrantyPolicy
from portal.warranty.rules import Days, Line, Verdict

AnyRow = Row[*tuple[Any, ...]]
MOST_FOUND = 500  # products that one way of searching may bring
PHONE_END = 4  # the digits of a phone that Product.phone_end holds
_BY_SERIAL = text("SELECT * FROM product_by_serial(:serial)")


@dataclass(frozen=True, slots=True)
class Sight:
    """What everybody of the brand may know of a product by its exact serial number (domain.md section 13); the name is masked."""

    serial: str
    model: str
    category: str | None
    made_on: date | None
    bought_on: date | None
    installed_on: date | None
    use: Use
    customer: str
    own: bool


@dataclass(frozen=True, slots=True)
class FoundProduct:
    """A row of a typeahead: one of the products that this side may see."""

    serial: str
    model: str
    customer_name: str
    bought_on: date | None
    installed_on: date | None
    use: Use


def product(session: Session, serial: str) -> Product:
    """The product of that serial number among those this side may see; NotFound for any other."""
    found = session.scalar(select(Product).where(Product.serial == _plain(serial)))
    if found is None:
        raise NotFound
    return found


def _plain(typed: str) -> str:
    """What was typed, trimmed; a NUL, which PostgreSQL cannot hold, belongs to no number."""
    return typed.replace("\0", "").strip()


def sight(session: Session, serial: str) -> Sight | None:
    """What may be known of a product whoever serves it, or None when the brand has none of that number."""
    row = session.execute(_BY_SERIAL, {"serial": _plain(serial)}).one_or_none()
    if row is None:
        return None
    number, model, category, made_on, bought_on, installed_on, use, customer, own = row
    return Sight(number, model, category, made_on, bought_on, installed_on, Use(use), customer, own)


def served_product(session: Session, serial: str, *, field: str = "serial") -> Product:
    """The product, if this side may serve it. Refuses "product-unknown", or "product-elsewhere" (非本店产品, term: territory)."""
    try:
        return product(session, serial)
    except NotFound:
        code = "product-unknown" if sight(session, serial) is None else "product-elsewhere"
        raise Refused(code, field=field, serial=serial.strip()) from None


def find_products(session: Session, typed: str, *, limit: int = 20) -> list[FoundProduct]:
    """Products whose serial number or model begins with what was typed, or whose customer or phone is exactly that."""
    wish = _plain(typed)
    statement = (
        select(
            Product.serial,
            ProductModel.name,
            Product.customer_name,
            Product.bought_on,
            Product.installed_on,
            Product.use,
        )
        .join(ProductModel, (ProductModel.brand_id == Product.brand_id) & (ProductModel.id == Product.model_id))
        .order_by(Product.serial)
        .limit(limit)
    )
    if wish:
        statement = statement.where(Product.id.in_(_found_by(wish, phone_end=False)))
    return [FoundProduct(*row) for row in session.execute(statement)]


def _found_by(typed: str, *, phone_end: bool = True) -> CompoundSelect[int]:
    """The ids of products that ``typed`` may mean: how a serial number or model begins, a customer's whole name or phone, its last four digits.

    Each is one look into an index, at most :data:`MOST_FOUND` of each: what the search costs does not grow with the brand.
    """
    ways = [
        select(Product.id).where(begins(Product.serial, spelling)).order_by(Product.serial).limit(MOST_FOUND)
        for spelling in sorted({typed, typed.upper()})
    ]
    exact = [Product.customer_name == typed, Product.customer_phone == typed]
    if phone_end and len(typed) == PHONE_END and typed.isdecimal():
        exact.append(Product.phone_end == typed)
    ways += [select(Product.id).where(each).order_by(Product.id.desc()).limit(MOST_FOUND) for each in exact]
    newest = (
        select(Product.id)
        .where(Product.brand_id == ProductModel.brand_id, Product.model_id == ProductModel.id)
        .order_by(Product.id.desc())
        .limit(MOST_FOUND)
        .lateral()
    )
    of_models = select(newest.c.id).join_from(ProductModel, newest, true())
    ways.append(of_models.where(ProductModel.name.op("^@")(typed.upper())).limit(MOST_FOUND))
    return union(*ways)


def policy_on(session: Session, day: date) -> WarrantyPolicy | None:
    """The policy version in force on ``day`` (a service day, R13)."""
    return session.scalar(
        select(WarrantyPolicy).where(
            WarrantyPolicy.from_day <= day,
            or_(WarrantyPolicy.to_day.is_(None), WarrantyPolicy.to_day > day),
            WarrantyPolicy.withdrawn_at.is_(None),
        )
    )


def policy_lines(session: Session, policy_id: int, category_id: int | None) -> list[Line]:
    """The lines of one category of a policy, as plain values."""
    rows = session.execute(
        select(
            PolicyLine.line_no,
            PolicyLine.part_group,
            PolicyLine.home_months,
            PolicyLine.commercial_months,
            PolicyLine.basis,
        )
        .where(PolicyLine.policy_id == policy_id, PolicyLine.category_id == category_id)
        .order_by(PolicyLine.line_no)
    )
    return [Line(*row) for row in rows]


class Judge:
    """R13 for any number of products and parts on one service day: the policy is read once, and each category's lines once."""

    def __init__(self, session: Session, on: date) -> None:
        self._session, self._on = session, on
        self._lines: dict[int | None, list[Line]] = {}

    @cached_property
    def _policy(self) -> WarrantyPolicy | None:
        return policy_on(self._session, self._on)

    def _lines_of(self, category_id: int | None) -> list[Line]:
        if category_id not in self._lines:
            policy = self._policy
            self._lines[category_id] = [] if policy is None else policy_lines(self._session, policy.id, category_id)
        return self._lines[category_id]

    def verdict(self, product: Product, part: Part, cause: str = rules.QUALITY) -> Verdict:
        """Whether ``part`` in ``product`` is covered when ``cause`` broke it."""
        return rules.verdict(
            policy_version=None if self._policy is None else self._policy.version,
            lines=self._lines_of(product.model.category_id),
            part_group=part.part_group,
            days=Days(product.made_on, product.bought_on, product.installed_on),
            use=product.use,
            cause=str(cause),
            on=self._on,
        )


def verdict(session: Session, product: Product, part: Part, cause: str = rules.QUALITY, *, on: date) -> Verdict:
    """R13: whether ``part`` in ``product`` is covered on the service day ``on`` when ``cause`` broke it."""
    return Judge(session, on).verdict(product, part, cause)


def category_name(session: Session, category_id: int | None) -> str | None:
    """A category's name, or None."""
    return session.scalar(select(Category.name).where(Category.id == category_id))


# ------------------------------------------------------------------------------------------------ pages and loads


def products_page(
    session: Session, *, text: str = "", model: str = "", before_id: int | None = None, limit: int = 51
) -> Sequence[AnyRow]:
    """Registered products, the newest first: serial, model, days, use, customer, phone, the dealer's code and name.

    ``text`` is how a serial number or model begins, the last four digits of a phone, or a customer's whole name or phone. What
    would find more than :data:`MOST_FOUND` finds so many, the first by serial number.
    """
    wanted = (
        select(
            Product.id, Product.serial, ProductModel.name.label("model"), Product.made_on, Product.bought_on,
            Product.installed_on, Product.use, Product.customer_name, Product.customer_phone,
            Dealer.code.label("dealer_code"), Dealer.name.label("dealer_name"),
        )
        .join(ProductModel, (ProductModel.brand_id == Product.brand_id) & (ProductModel.id == Product.model_id))
        .join(Dealer, (Dealer.brand_id == Product.brand_id) & (Dealer.id == Product.dealer_id))
        .order_by(Product.id.desc())
        .limit(limit)
    )  # fmt: skip
    if typed := half_width(text).strip():
        wanted = wanted.where(Product.id.in_(_found_by(typed)))
    if model:
        wanted = wanted.where(ProductModel.name == model)
    if before_id is not None:
        wanted = wanted.where(Product.id < before_id)
    return session.execute(wanted).all()


def product_rows(session: Session, serials: Collection[str]) -> dict[str, AnyRow]:
    """What is stored of these products, by serial number in capitals, in one statement however many they are."""
    spellings = sorted({*serials, *(serial.upper() for serial in serials)})
    rows = session.execute(
        select(
            Product.brand_id, Product.id, Product.serial, Product.model_id, Product.dealer_id, Product.made_on,
            Product.bought_on, Product.installed_on, Product.use, Product.customer_name, Product.customer_phone,
            Product.customer_address,
        ).where(Product.serial == any_(literal(spellings, ARRAY(Text))))
    )  # fmt: skip
    return {row.serial.upper(): row for row in rows}


def policies(session: Session) -> Sequence[AnyRow]:
    """Every version, the latest first day on top: (id, version, from_day, to_day, loaded_at, loaded_by, withdrawn_at, lines)."""
    lines = (
        select(func.count())
        .where(PolicyLine.policy_id == WarrantyPolicy.id)
        .correlate(WarrantyPolicy)
        .scalar_subquery()
    )
    return session.execute(
        select(
            WarrantyPolicy.id, WarrantyPolicy.version, WarrantyPolicy.from_day, WarrantyPolicy.to_day,
            WarrantyPolicy.loaded_at, WarrantyPolicy.loaded_by, WarrantyPolicy.withdrawn_at, lines.label("lines"),
        ).order_by(WarrantyPolicy.from_day.desc(), WarrantyPolicy.id.desc())
    ).all()  # fmt: skip


def policy(session: Session, version: str) -> WarrantyPolicy:
    """A version by its name, withdrawn ones too; NotFound."""
    found = session.scalar(select(WarrantyPolicy).where(WarrantyPolicy.version == version))
    if found is None:
        raise NotFound
    return found


def whole_policy(session: Session, policy_id: int) -> Sequence[AnyRow]:
    """All lines of a version in their order: (line_no, category, part_group, home_months, commercial_months, basis)."""
    return session.execute(
        select(
            PolicyLine.line_no, Category.name.label("category"), PolicyLine.part_group, PolicyLine.home_months,
            PolicyLine.commercial_months, PolicyLine.basis,
        )
        .join(Category, (Category.brand_id == PolicyLine.brand_id) & (Category.id == PolicyLine.category_id))
        .where(PolicyLine.policy_id == policy_id)
        .order_by(PolicyLine.line_no)
    ).all()  # fmt: skip
