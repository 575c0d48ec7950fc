"""What happens here: registered products and policies come in by files; a customer's full data is opened (R3, R90)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import insert, update
from sqlalchemy.orm import Session

from portal.catalog import actions as catalog
from portal.catalog import queries as catalog_queries
from portal.catalog import rules as catalog_rules
from portal.catalog.rules import Examined, Loaded, Place, Span
from portal.core import audit
from portal.core.errors import Refused
from portal.core.permissions import Actor, Permission
from portal.core.tables import Problem, Sheet
from portal.organizations import queries as organizations
from portal.warranty import queries
from portal.warranty.models import PolicyLine, Product, Use, WarrantyPolicy
from portal.warranty.rules import PolicyRow, ProductRow


def open_customer(session: Session, actor: Actor, serial: str, *, at: datetime) -> Product:
    """The product with its customer's name, phone and address unmasked; leaves an audit event (R3, R90).

    Refuses "permission-missing"; NotFound for a product of somebody else. Never commits.
    """
    if not actor.may(Permission.CUSTOMER_OPEN):
        raise Refused("permission-missing", step="open")
    product = queries.product(session, serial)
    audit.record(session, actor, "product:open", product, at=at, serial=product.serial)
    return product


# ------------------------------------------------------------------------------------------------ registered products


def examine_products(session: Session, actor: Actor, sheet: Sheet[ProductRow], *, at: datetime) -> Examined[ProductRow]:
    """What loading these products would do. Bad rows: a dealer nobody knows, a model nobody knows without its category,
    a serial number that another dealer serves (its documents hang on it). Changes nothing.
    """
    dealers = {code: row.id for code, row in organizations.dealer_rows(session).items()}
    models = {name.upper(): found for name, found in catalog_queries.model_rows(session).items()}
    categories = catalog_queries.category_ids(session)
    stored = queries.product_rows(session, [row.serial for row in sheet.rows])
    codes = {found: code for code, found in dealers.items()}
    told = {row.model.upper(): row.category for row in reversed(sheet.rows) if row.category}
    problems, warnings = [], []
    new = changed = 0
    for row in sheet.rows:
        product, model = stored.get(row.serial.upper()), models.get(row.model.upper())
        dealer_id = dealers.get(row.dealer_code.upper())
        if dealer_id is None:
            problems.append(_wrong(sheet, row, "dealer_code", "dealer-unknown-row", dealer=row.dealer_code))
        elif product is not None and product.dealer_id != dealer_id:
            facts = {"serial": row.serial, "dealer": codes.get(product.dealer_id, "")}
            problems.append(_wrong(sheet, row, "dealer_code", "product-of-another-dealer", **facts))
        if model is None and row.model.upper() not in told:
            problems.append(_wrong(sheet, row, "model", "model-unknown-row", model=row.model))
        elif model is not None and _other_category(model, row.category, categories):
            warnings.append(
                _wrong(sheet, row, "category", "model-of-other-category", model=row.model, category=row.category)
            )
        if product is None:
            new += 1
        elif _differs(product, row, model):
            changed += 1
    named = {row.model.upper() for row in sheet.rows}
    effect = Loaded(
        "products", len(sheet.rows), new=new, changed=changed, same=len(sheet.rows) - new - changed,
        nothing=not (new or changed), more={"models": len((named & told.keys()) - models.keys())},
    )  # fmt: skip
    return Examined(catalog_rules.with_problems(sheet, problems, warnings), effect)


def load_products(session: Session, actor: Actor, sheet: Sheet[ProductRow], *, at: datetime) -> Loaded:
    """Take the registered products whole or not at all (R11); a serial number that is known is brought up to date.

    A model that no price list named is made when a row gives its category. Refuses "load-bad-rows".
    """
    catalog.begin_load(session, actor)
    examined = examine_products(session, actor, sheet, at=at)
    catalog.refuse_bad(examined.sheet)
    if examined.effect.nothing:
        return examined.effect
    categories, _made = catalog.ensure_categories(session, [row.category for row in sheet.rows if row.category])
    wanted: dict[str, str | None] = {}
    for row in sheet.rows:
        wanted[row.model] = wanted.get(row.model) or row.category
    models, _made = catalog.ensure_models(session, wanted, categories)
    dealers = {code: row.id for code, row in organizations.dealer_rows(session).items()}
    stored = queries.product_rows(session, [row.serial for row in sheet.rows])
    fresh, moved = [], []
    for row in sheet.rows:
        values = {**_values(row), "model_id": models[row.model.upper()]}
        product = stored.get(row.serial.upper())
        if product is None:
            fresh.append({**values, "serial": row.serial, "dealer_id": dealers[row.dealer_code.upper()]})
        elif any(getattr(product, name) != value for name, value in values.items()):
            moved.append({**values, "brand_id": product.brand_id, "id": product.id})
    if fresh:
        # without render_nulls rows with other days missing would each be a statement of their own
        session.execute(insert(Product).returning(Product.id), fresh, execution_options={"render_nulls": True})
    if moved:
        session.execute(update(Product), moved)
    return catalog.finish_load(session, actor, "products:load", None, examined.effect, at=at)


def _values(row: ProductRow) -> dict[str, Any]:
    return {
        "made_on": row.made_on, "bought_on": row.bought_on, "installed_on": row.installed_on,
        "use": Use.COMMERCIAL if row.commercial else Use.HOME, "customer_name": row.customer_name,
        "customer_phone": row.phone, "customer_address": row.address,
    }  # fmt: skip


def _differs(product: Any, row: ProductRow, model: tuple[int, int | None] | None) -> bool:
    moved = model is None or model[0] != product.model_id
    return moved or any(getattr(product, name) != value for name, value in _values(row).items())


def _other_category(model: tuple[int, int | None], said: str | None, categories: Mapping[str, int]) -> bool:
    """The row names another category than the model has: worth a look; the model keeps its own."""
    return said is not None and model[1] is not None and categories.get(said) != model[1]


def _wrong(sheet: Sheet[ProductRow], row: ProductRow, name: str, code: str, **facts: object) -> Problem:
    return Problem(row.row_no, catalog_rules.heading(sheet, name), code, facts)


# ------------------------------------------------------------------------------------------------ warranty policies


def examine_policy(session: Session, actor: Actor, sheet: Sheet[PolicyRow], *, at: datetime) -> Examined[PolicyRow]:
    """What loading this policy would do, and whether its first day is free; changes nothing."""
    sheet, _place, effect = _policy_plan(session, actor, sheet, at=at)
    return Examined(sheet, effect)


def load_policy(session: Session, actor: Actor, sheet: Sheet[PolicyRow], *, at: datetime) -> Loaded:
    """Take a policy as a new version from its first day, whole or not at all (R11, R13).

    The version in force on that day ends there; categories it names are made. The same policy again changes nothing.
    Refuses "load-bad-rows", and "load-bad-file" when its first day belongs to a version that has begun or begins then.
    """
    catalog.begin_load(session, actor)
    sheet, place, effect = _policy_plan(session, actor, sheet, at=at)
    catalog.refuse_bad(sheet)
    if place is None or sheet.first_day is None:
        return effect  # it stands already
    if place.ends is not None:
        session.execute(
            update(WarrantyPolicy).where(WarrantyPolicy.id == place.ends.key).values(to_day=sheet.first_day)
        )
    policy = WarrantyPolicy(
        version=effect.version or "", from_day=sheet.first_day, to_day=place.to_day, loaded_at=at, loaded_by=actor.name
    )
    session.add(policy)
    session.flush()
    categories, _made = catalog.ensure_categories(session, [row.category for row in sheet.rows])
    session.execute(
        insert(PolicyLine).returning(PolicyLine.id),
        [
            {
                "policy_id": policy.id, "line_no": line_no, "category_id": categories[row.category], "part_group": row.group,
                "home_months": row.home_months, "commercial_months": row.commercial_months, "basis": row.basis,
            }
            for line_no, row in enumerate(sheet.rows, start=1)
        ],
    )  # fmt: skip
    return catalog.finish_load(session, actor, "policy:load", policy, effect, at=at)


def withdraw_policy(session: Session, actor: Actor, version: str, *, at: datetime) -> WarrantyPolicy:
    """Withdraw a version that has not begun (R13, as R10 says of price lists); the one before it stays in force for its days too.

    Refuses "permission-missing", "policy-withdrawn" and "policy-begun".
    """
    catalog.begin_load(session, actor)
    found = queries.policy(session, version)
    session.refresh(found, with_for_update=True)
    if found.withdrawn_at is not None:
        raise Refused("policy-withdrawn", version=version)
    if found.from_day <= actor.day(at):
        raise Refused("policy-begun", version=version, from_day=found.from_day)
    found.withdrawn_at = at
    session.flush()
    session.execute(
        update(WarrantyPolicy)
        .where(WarrantyPolicy.to_day == found.from_day, WarrantyPolicy.withdrawn_at.is_(None))
        .values(to_day=found.to_day)
    )
    audit.record(
        session, actor, "policy:withdraw", found, at=at, public=False, version=version, from_day=found.from_day
    )
    return found


def _policy_plan(
    session: Session, actor: Actor, sheet: Sheet[PolicyRow], *, at: datetime
) -> tuple[Sheet[PolicyRow], Place | None, Loaded]:
    """The sheet with what stands against it, where it fits (None: not at all, or it stands already), what it would do."""
    known = queries.policies(session)
    spans = [Span(row.id, row.version, row.from_day, row.to_day) for row in known if row.withdrawn_at is None]
    categories = {row.category for row in sheet.rows} - catalog_queries.category_ids(session).keys()
    problems: list[Problem] = []
    place: Place | None = None
    version, stands = None, False
    if sheet.first_day is not None:
        placed = catalog_rules.place(sheet.first_day, today=actor.day(at), spans=spans)
        taken = next((span for span in spans if span.from_day == sheet.first_day), None)
        if taken is not None and _lines(sheet) == _stored_lines(session, taken.key):
            stands, version = True, taken.version
        elif (covered := taken or (placed if isinstance(placed, Span) else None)) is not None:
            facts = {"day": sheet.first_day, "version": covered.version, "since": covered.from_day}
            problems.append(Problem(None, None, "first-day-covered", facts))
        elif isinstance(placed, Place):
            place = placed
            version = catalog_rules.version_name(sheet.version, sheet.first_day, [row.version for row in known])
    lines = len(sheet.rows)
    effect = Loaded(
        "policy", lines, new=0 if stands else lines, same=lines if stands else 0, version=version, first_day=sheet.first_day,
        nothing=stands,
        more={"categories": len(categories), **({"ends": place.ends.version} if place and place.ends else {})},
    )  # fmt: skip
    return catalog_rules.with_problems(sheet, problems), place, effect


def _lines(sheet: Sheet[PolicyRow]) -> list[tuple[Any, ...]]:
    return [(row.category, row.group, row.home_months, row.commercial_months, row.basis) for row in sheet.rows]


def _stored_lines(session: Session, policy_id: int) -> list[tuple[Any, ...]]:
    return [tuple(row)[1:] for row in queries.whole_policy(session, policy_id)]
